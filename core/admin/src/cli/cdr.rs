//! `strowger cdr`.

use crate::cli::connection::{Line, Whose};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::page::{self, Page};
use crate::cli::{moment, words};
use crate::v1::{
    CallDirection, Cdr, Direction, Disposition, GetCdrRequest, Leg, QueryCdrsRequest, QueryCdrsResponse, Via,
};

pub(crate) const EXAMPLES: &str = "\
Examples:
  strowger cdr list --since 2h
  strowger cdr list --since 2026-03-01 --until 2026-04-01 --all --json
  strowger cdr list --callee 1002 --result no-answer
  strowger cdr list --since 1d --direction inbound
  strowger cdr list --since 7d --trunk berlin               in and out by it, with what each call cost
  strowger cdr show 5f2c08d1a7e94b3360c4d9ab";

/// What is to be done with call records.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// List the records of a tenant, newest first
    List(List),
    /// Show the record of one call with its legs
    Show {
        /// The call's uid
        uid: String,
        #[command(flatten)]
        whose: Whose,
    },
}

/// Which records are wanted. All that is given must fit.
#[derive(Debug, clap::Args)]
pub struct List {
    /// Calls that arrived since: `2h`, `3d`, `2026-03-01`, `2026-03-01 14:30`
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Calls that arrived before
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// The caller's number or name
    #[arg(long, value_name = "NUMBER")]
    pub caller: Option<String>,
    /// What was dialled
    #[arg(long, value_name = "NUMBER")]
    pub callee: Option<String>,
    /// What became of them
    #[arg(long, value_enum)]
    pub result: Option<Outcome>,
    /// Where they came from and went to
    #[arg(long, value_enum)]
    pub direction: Option<Way>,
    /// Over this trunk, in or out
    #[arg(long, value_name = "NAME")]
    pub trunk: Option<String>,
    #[command(flatten)]
    page: Page,
    #[command(flatten)]
    whose: Whose,
}

/// What became of a call.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum Outcome {
    /// It was answered
    Answered,
    /// It rang and nobody took it
    NoAnswer,
    /// The callee was busy
    Busy,
    /// The callee or the dialplan refused it
    Rejected,
    /// The caller gave up
    Cancelled,
    /// It could not be set up
    Failed,
}

/// Where a call came from and went to.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum Way {
    /// A user called, and nobody outside
    Internal,
    /// A peer outside called
    Inbound,
    /// A user called a peer outside
    Outbound,
    /// The exchange began it
    Originated,
}

pub(crate) async fn run(verb: Verb, line: &Line, console: &mut Console) -> Result<(), Failure> {
    match verb {
        Verb::List(wanted) => list(line, console, wanted).await,
        Verb::Show { uid, whose } => {
            let tenant = line.tenant(&whose).await?;
            let cdr = line.cdrs().get(GetCdrRequest { tenant, uid }).await?.into_inner();
            console.card(&cdr, |console| card(console, &cdr))?;
            legs(console, &cdr.legs)
        }
    }
}

async fn list(line: &Line, console: &mut Console, wanted: List) -> Result<(), Failure> {
    let tenant = line.tenant(&wanted.whose).await?;
    let request = QueryCdrsRequest {
        tenant,
        since: moment::read(console, "since", wanted.since.as_deref())?,
        until: moment::read(console, "until", wanted.until.as_deref())?,
        caller: wanted.caller.unwrap_or_default(),
        callee: wanted.callee.unwrap_or_default(),
        disposition: wanted.result.map_or(Disposition::Unspecified, disposition).into(),
        direction: wanted.direction.map_or(CallDirection::Unspecified, direction).into(),
        trunk: wanted.trunk.unwrap_or_default(),
        ..QueryCdrsRequest::default()
    };
    let turn = async |page_size, page_token| {
        let request = QueryCdrsRequest { page_size, page_token, ..request.clone() };
        let page = line.cdrs().query(request).await?.into_inner();
        Ok((page.cdrs, page.next_page_token))
    };
    let (cdrs, next_page_token) = wanted.page.turn(turn).await?;
    let answer = QueryCdrsResponse { cdrs, next_page_token };
    let header = [
        "ARRIVED",
        "DIRECTION",
        "CALLER",
        "CALLEE",
        "RESULT",
        "ANSWERED BY",
        "TALK",
        "MOS",
        "TRUNK",
        "COST",
        "CAUSE",
        "UID",
    ];
    console.table(&answer, "no call records fit", &header, |console| {
        answer.cdrs.iter().map(|cdr| row(console, cdr)).collect()
    })?;
    page::note(console, &answer.next_page_token)
}

fn disposition(outcome: Outcome) -> Disposition {
    match outcome {
        Outcome::Answered => Disposition::Answered,
        Outcome::NoAnswer => Disposition::NoAnswer,
        Outcome::Busy => Disposition::Busy,
        Outcome::Rejected => Disposition::Rejected,
        Outcome::Cancelled => Disposition::Cancelled,
        Outcome::Failed => Disposition::Failed,
    }
}

fn direction(way: Way) -> CallDirection {
    match way {
        Way::Internal => CallDirection::Internal,
        Way::Inbound => CallDirection::Inbound,
        Way::Outbound => CallDirection::Outbound,
        Way::Originated => CallDirection::Originated,
    }
}

fn row(console: &Console, cdr: &Cdr) -> Vec<String> {
    vec![
        console.time(cdr.arrived),
        words::direction(cdr.direction()).to_owned(),
        cdr.caller.clone(),
        cdr.callee.clone(),
        words::disposition(cdr.disposition()).to_owned(),
        cdr.answered_by.clone().unwrap_or_default(),
        words::length(cdr.talk),
        // A call is as good as its worst leg.
        opinion(cdr.legs.iter().filter_map(|leg| leg.media?.mos).reduce(f64::min)),
        // The one that it went out by; else the one that it came over.
        cdr.charge.as_ref().map(|charge| charge.trunk.clone()).or_else(|| cdr.came_over.clone()).unwrap_or_default(),
        cdr.charge.as_ref().map(|charge| charge.cost.clone()).unwrap_or_default(),
        words::cause(cdr.cause),
        cdr.uid.clone(),
    ]
}

fn card(console: &Console, cdr: &Cdr) -> Vec<(&'static str, String)> {
    let caller = match &cdr.caller_name {
        Some(name) => format!("{name} <{}>", cdr.caller),
        None => cdr.caller.clone(),
    };
    let mut card = vec![
        ("Uid", cdr.uid.clone()),
        ("Tenant", cdr.tenant.clone()),
        ("Direction", words::direction(cdr.direction()).to_owned()),
        ("Caller", caller),
        ("Callee", cdr.callee.clone()),
        ("Answered by", cdr.answered_by.clone().unwrap_or_default()),
        ("Arrived", console.time(cdr.arrived)),
        ("Ringing", console.time(cdr.ringing)),
        ("Answered", console.time(cdr.answered)),
        ("Ended", console.time(cdr.ended)),
        ("Talk", words::length(cdr.talk)),
        ("Result", words::disposition(cdr.disposition()).to_owned()),
        ("Cause", words::cause(cdr.cause)),
        ("Status", cdr.status.to_string()),
        ("Ended by", words::side(cdr.ended_by()).to_owned()),
        ("Dialplan", words::label(cdr.application.as_ref())),
        ("Fallback", cdr.fallback.clone().unwrap_or_default()),
        ("Came over", cdr.came_over.clone().unwrap_or_default()),
    ];
    if let Some(charge) = &cdr.charge {
        card.extend([
            ("Went by", charge.trunk.clone()),
            ("Number", format!("{} ({})", charge.number, words::class(charge.class()))),
            ("Rate", words::price(charge.rate.as_ref())),
            ("Charged", format!("{} s", charge.seconds)),
            ("Cost", charge.cost.clone()),
        ]);
    }
    card
}

/// A mean opinion score, or a dash where it is unknown.
fn opinion(mos: Option<f64>) -> String {
    mos.map_or_else(|| "-".to_owned(), |mos| format!("{mos:.2}"))
}

/// Microseconds as milliseconds, or a dash where they are unknown.
fn millis(micros: Option<u32>) -> String {
    micros.map_or_else(|| "-".to_owned(), |micros| format!("{:.1} ms", f64::from(micros) / 1000.0))
}

/// The legs of a call below its card, a row each.
pub(crate) fn legs(console: &mut Console, legs: &[Leg]) -> Result<(), Failure> {
    if console.json || legs.is_empty() {
        return Ok(());
    }
    console.say("", &serde_json::Value::Null)?;
    let header = [
        "LEG",
        "PARTY",
        "GATEWAY",
        "REMOTE",
        "STATUS",
        "IN",
        "OUT",
        "LOST",
        "FAR LOST",
        "JITTER",
        "RTT",
        "MOS",
        "DROPPED",
        "SIP CALL-ID",
    ];
    console.rows(&header, &legs.iter().map(leg).collect::<Vec<_>>())
}

fn leg(leg: &Leg) -> Vec<String> {
    let direction = match leg.direction() {
        Direction::Unspecified => "",
        Direction::Arriving => "arriving",
        Direction::Calling => "calling",
    };
    let counted = |pick: fn(&crate::v1::Media) -> u64| {
        leg.media.as_ref().map(|media| pick(media).to_string()).unwrap_or_default()
    };
    let measured = leg.media.as_ref();
    let far_lost = measured.and_then(|media| media.far_lost);
    vec![
        direction.to_owned(),
        leg.party.clone(),
        leg.via.as_ref().map(via).unwrap_or_default(),
        leg.remote.clone(),
        leg.status.map(|status| status.to_string()).unwrap_or_default(),
        counted(|media| media.packets_in),
        counted(|media| media.packets_out),
        counted(|media| media.lost),
        far_lost.map_or_else(|| "-".to_owned(), |lost| lost.to_string()),
        millis(measured.and_then(|media| media.jitter_us)),
        millis(measured.and_then(|media| media.rtt_us)),
        opinion(measured.and_then(|media| media.mos)),
        counted(|media| media.dropped),
        leg.sip_call_id.clone(),
    ]
}

/// The trunk, and the gateway where it is known.
fn via(via: &Via) -> String {
    match &via.gateway {
        Some(gateway) => format!("{}/{gateway}", via.trunk),
        None => via.trunk.clone(),
    }
}
