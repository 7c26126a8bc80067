//! `strowger call`.

use std::io::Write;

use crate::cli::connection::{Line, Whose};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::{json, words};
use crate::v1::call_event::Event;
use crate::v1::reply::Reply;
use crate::v1::{Call, CallEvent, GetCallRequest, HangupRequest, ListCallsRequest, WatchCallsRequest};

pub(crate) const EXAMPLES: &str = "\
Examples:
  strowger call list
  strowger call watch                                   what happens from now on, until Ctrl-C
  strowger call watch --json | jq -c 'select(.ended)'
  strowger call hangup 5f2c08d1a7e94b3360c4d9ab --cause 16";

/// What is to be done with calls.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// List the calls of a tenant that are up, oldest first
    List {
        #[command(flatten)]
        whose: Whose,
    },
    /// Show one call
    Show {
        /// The call's uid
        uid: String,
        #[command(flatten)]
        whose: Whose,
    },
    /// Print what happens to calls from now on, a line each
    Watch {
        /// Only this call
        uid: Option<String>,
        #[command(flatten)]
        whose: Whose,
    },
    /// End a call
    Hangup {
        /// The call's uid
        uid: String,
        /// Why, by Q.850
        #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=127))]
        cause: u32,
        #[command(flatten)]
        whose: Whose,
    },
}

pub(crate) async fn run(verb: Verb, line: &Line, console: &mut Console) -> Result<(), Failure> {
    match verb {
        Verb::List { whose } => list(line, console, &whose).await,
        Verb::Show { uid, whose } => {
            let tenant = line.tenant(&whose).await?;
            let call = line.calls().get(GetCallRequest { tenant, uid }).await?.into_inner();
            console.card(&call, |console| card(console, &call))
        }
        Verb::Watch { uid, whose } => {
            let tenant = line.tenant(&whose).await?;
            watch(line, console, tenant, uid.unwrap_or_default()).await
        }
        Verb::Hangup { uid, cause, whose } => {
            let tenant = line.tenant(&whose).await?;
            line.calls().hangup(HangupRequest { tenant, uid: uid.clone(), cause }).await?;
            console.say(&format!("call {uid} is hung up"), &serde_json::json!({ "hungUp": uid }))
        }
    }
}

async fn list(line: &Line, console: &mut Console, whose: &Whose) -> Result<(), Failure> {
    let tenant = line.tenant(whose).await?;
    let answer = line.calls().list(ListCallsRequest { tenant }).await?.into_inner();
    let header = ["UID", "CALLER", "CALLEE", "STATE", "WITH", "DIALPLAN", "SINCE"];
    console.table(&answer, "no calls are up", &header, |console| {
        answer
            .calls
            .iter()
            .map(|call| {
                vec![
                    call.uid.clone(),
                    words::party(call.caller.as_ref()),
                    words::party(call.callee.as_ref()),
                    words::state(call.state()).to_owned(),
                    call.targets.join(" "),
                    words::label(call.application.as_ref()),
                    console.time(call.arrived),
                ]
            })
            .collect()
    })
}

fn card(console: &Console, call: &Call) -> Vec<(&'static str, String)> {
    vec![
        ("Uid", call.uid.clone()),
        ("Tenant", call.tenant.clone()),
        ("Caller", words::party(call.caller.as_ref())),
        ("Callee", words::party(call.callee.as_ref())),
        ("State", words::state(call.state()).to_owned()),
        ("With", call.targets.join(" ")),
        ("Held by", call.held_by().map(words::side).collect::<Vec<_>>().join(" ")),
        ("Dialplan", words::label(call.application.as_ref())),
        ("Arrived", console.time(call.arrived)),
        ("Through", console.time(call.bridged)),
    ]
}

async fn watch(line: &Line, console: &mut Console, tenant: String, uid: String) -> Result<(), Failure> {
    let mut events = line.calls().watch(WatchCallsRequest { tenant, uid }).await?.into_inner();
    while let Some(event) = events.message().await? {
        if console.json {
            writeln!(console.out, "{}", json::line(&event)?)?;
            continue;
        }
        if event.missed > 0 {
            console.note(&format!("{} events were missed: this reader was too slow", event.missed))?;
        }
        let sentence = format!("{}  {}  {}", console.clock(event.at), event.uid, describe(&event));
        console.say(&sentence, &serde_json::Value::Null)?;
        console.out.flush()?;
    }
    console.note("the server ended the watch")
}

fn describe(event: &CallEvent) -> String {
    match &event.event {
        Some(Event::Arrived(arrived)) => {
            let (caller, callee) = (words::party(arrived.caller.as_ref()), words::party(arrived.callee.as_ref()));
            format!("arrived: {caller} calls {callee}, from {}", arrived.source)
        }
        Some(Event::Attached(attached)) => format!("attached: {}", words::label(attached.application.as_ref())),
        Some(Event::Reply(reply)) => format!("reply: {}", reply.reply.as_ref().map(answer).unwrap_or_default()),
        Some(Event::Ringing(ringing)) => format!("ringing: {}", ringing.target),
        Some(Event::Bridged(bridged)) => format!("bridged: {}", bridged.target),
        Some(Event::Held(held)) => format!("held: by the {}", words::side(held.by())),
        Some(Event::Resumed(resumed)) => format!("resumed: by the {}", words::side(resumed.by())),
        Some(Event::Key(_)) => "key: pressed in a room".to_owned(),
        Some(Event::Speaking(speaking)) => {
            (if speaking.speaks { "speaking: in a room" } else { "silent: in a room" }).to_owned()
        }
        Some(Event::Ended(ended)) => {
            let (cause, by) = (words::cause(ended.cause), words::side(ended.by()));
            format!("ended: {cause}, by the {by}, status {}", ended.status)
        }
        None => "something that this version does not know".to_owned(),
    }
}

fn answer(reply: &Reply) -> String {
    match reply {
        Reply::Done(_) => "done".to_owned(),
        Reply::Dialled(dialled) => {
            let outcome = words::outcome(dialled.outcome());
            match (&dialled.target, dialled.status) {
                (Some(target), _) => format!("dialled, {outcome} by {target}"),
                (None, Some(status)) => format!("dialled, {outcome} with {status}"),
                (None, None) => format!("dialled, {outcome}"),
            }
        }
        Reply::Ended(ended) => format!("ended, {}", words::cause(ended.cause)),
        Reply::Refused(refused) => format!("refused, {}", words::refusal(refused.refusal())),
        Reply::Played(played) => match &played.key {
            Some(key) => format!("played, ended by {key}"),
            None => "played".to_owned(),
        },
        Reply::Read(read) => {
            let (count, by) = (read.count, words::read_end(read.by()));
            let keys = if count == 1 { "key" } else { "keys" };
            format!("read, {count} {keys}, {by} {}", read.key.as_deref().unwrap_or_default()).trim_end().to_owned()
        }
        Reply::Recorded(recorded) => format!("recorded, {}, {}", recorded.name, words::length(recorded.length)),
        Reply::Inaudible(inaudible) => {
            let parts = [inaudible.name.as_deref(), inaudible.why.as_deref()].into_iter().flatten();
            let fault = words::audio_fault(inaudible.fault());
            parts.fold(format!("inaudible, {fault}"), |text, part| format!("{text} {part}"))
        }
    }
}
