//! A scripted phone: registers, calls, answers by habit, holds, hangs up.

mod manners;
mod person;
mod requests;
mod responses;
mod watching;

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use rsip::Method;

use crate::carrier::Carrier;
use crate::line::{Line, LineState, Repeated, T2};
use crate::text::{self, Heard};
pub(crate) use manners::Manners;
pub use watching::Told;
pub(crate) use watching::Watch;

/// What a phone does with a call that comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Habit {
    /// Rings, and answers after this time.
    Answers(Duration),
    /// Rings.
    NeverAnswers,
    /// Refuses at once with this status.
    Refuses(u16),
    /// Says nothing at all, as if unplugged.
    Unplugged,
    /// Plays something before it answers after this time.
    EarlyMedia(Duration),
    /// Rings, and refuses after this time with this status.
    RingsThenRefuses(Duration, u16),
    /// Plays something, and refuses after this time with this status.
    PlaysThenRefuses(Duration, u16),
    /// Says nothing for this time, then answers.
    AnswersLate(Duration),
    /// Says nothing to calls, but answers questions.
    Deaf,
    /// Says that it tries, and nothing more.
    Tries,
}

/// How a call came out for the phone that placed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was refused with this status.
    Refused(u16),
    /// It was answered, and has ended.
    HungUp,
    /// Nobody ever answered the INVITE.
    Unheard,
    /// It is still going on.
    Open,
}

#[derive(Debug)]
pub(crate) struct PhoneState {
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) realm_algorithm: &'static str,
    pub(crate) address: SocketAddr,
    pub(crate) exchange: SocketAddr,
    pub(crate) domain: String,
    pub(crate) habit: Habit,
    pub(crate) lines: Vec<Line>,
    pub(crate) registered: Option<u16>,
    pub(crate) contacts: Vec<String>,
    /// Rows that its REGISTER carries besides.
    pub(crate) extra: Vec<(&'static str, String)>,
    /// Rows that its INVITEs carry besides.
    pub(crate) invite_extra: Vec<(&'static str, String)>,
    /// The To tag of the last 180.
    progress_tag: String,
    /// Leaves every 2xx without its ACK.
    pub(crate) never_acknowledges: bool,
    /// All that it said.
    pub(crate) said: Vec<Vec<u8>>,
    /// The last request that it heard.
    pub(crate) last_request: String,
    /// The INFOs that reached it, each once: their CSeq and their bodies.
    pub(crate) informed: Vec<(String, String)>,
    /// The last INVITE that it heard.
    pub(crate) last_invite: String,
    /// Gives up when the first challenge is not of its algorithm.
    pub(crate) reads_first_challenge: bool,
    /// Offers nothing in its INVITE.
    pub(crate) delays_offer: bool,
    /// It says a tone of its own, of so many Hz.
    pub(crate) speaks: bool,
    hz: u16,
    /// What it speaks, as the values of `rtpmap`.
    pub(crate) codecs: Vec<String>,
    /// What its descriptions say of the length of packets.
    pub(crate) times: String,
    /// How it answers an INFO.
    pub(crate) answers_info: u16,
    /// It speaks SRTP, and offers it with this transport; with `RTP/SAVP` it speaks nothing else.
    pub(crate) srtp: Option<&'static str>,
    /// How often it changed its key.
    pub(crate) rekeyed: u32,
    /// All that it heard.
    pub(crate) told: Vec<Vec<u8>>,
    outbox: VecDeque<Vec<u8>>,
    waiting: Vec<Waiting>,
    plans: Vec<(Instant, Plan)>,
    /// Final answers by branch and method, for requests that come again.
    answered: Vec<(String, Vec<u8>)>,
    serial: u32,
    register: (String, u32),
    /// What it does as a carrier.
    pub(crate) carrier: Carrier,
    /// How it bears itself.
    pub(crate) manners: Manners,
    /// Its subscriptions.
    pub(crate) watches: Vec<Watch>,
    /// What it was told without having asked.
    pub(crate) unasked: Vec<Told>,
    /// Every status that came, for tests of the wire.
    pub(crate) heard: Vec<(String, u16)>,
}

/// A request that waits for its answer.
#[derive(Debug)]
struct Waiting {
    branch: String,
    method: Method,
    uri: String,
    rows: Vec<(&'static str, String)>,
    body: Vec<u8>,
    call_id: String,
    tried: bool,
    repeat: Option<Repeated>,
}

#[derive(Debug, Clone)]
enum Plan {
    Answer(String),
    Refuse(String, u16),
}

/// Each phone has a tone of its own, of whole periods in 20 ms.
fn hz_of(address: SocketAddr) -> u16 {
    let number = match address.ip() {
        IpAddr::V4(ip) => ip.octets()[3],
        IpAddr::V6(_) => 0,
    };
    300 + 150 * u16::from(number % 19)
}

impl PhoneState {
    /// The tone that it says, in Hz.
    pub(crate) fn hz(&self) -> u16 {
        self.hz
    }

    /// What it says in each of its calls: from where, to where, what in Hz.
    pub(crate) fn says(&self) -> impl Iterator<Item = (SocketAddr, SocketAddr, u16)> {
        let up = self.lines.iter().filter(|line| self.speaks && line.state == LineState::Up);
        up.filter_map(|line| Some((line.local_media, line.remote_media?, self.hz)))
    }

    pub(crate) fn new(user: &str, address: SocketAddr, exchange: SocketAddr, domain: &str) -> Self {
        Self {
            user: user.to_owned(),
            password: format!("{user}-secret"),
            realm_algorithm: "MD5",
            address,
            exchange,
            domain: domain.to_owned(),
            habit: Habit::Answers(Duration::from_secs(2)),
            lines: Vec::new(),
            registered: None,
            contacts: Vec::new(),
            extra: Vec::new(),
            invite_extra: Vec::new(),
            progress_tag: String::new(),
            never_acknowledges: false,
            said: Vec::new(),
            last_request: String::new(),
            informed: Vec::new(),
            last_invite: String::new(),
            reads_first_challenge: false,
            delays_offer: false,
            speaks: false,
            hz: hz_of(address),
            codecs: text::CODECS.map(str::to_owned).to_vec(),
            times: String::new(),
            answers_info: 200,
            srtp: None,
            rekeyed: 0,
            told: Vec::new(),
            outbox: VecDeque::new(),
            waiting: Vec::new(),
            plans: Vec::new(),
            answered: Vec::new(),
            serial: 0,
            register: (format!("register-{user}-{address}"), 0),
            heard: Vec::new(),
            carrier: Carrier::default(),
            manners: Manners::default(),
            watches: Vec::new(),
            unasked: Vec::new(),
        }
    }

    // ---- what a person does ----

    fn send(
        &mut self,
        now: Instant,
        method: Method,
        uri: String,
        mut rows: Vec<(&'static str, String)>,
        body: Vec<u8>,
        call_id: &str,
    ) {
        let branch = format!("z9hG4bK{}", self.token("br"));
        rows.retain(|(name, _)| !matches!(*name, "Via" | "Max-Forwards"));
        rows.insert(0, ("Via", format!("SIP/2.0/UDP {};branch={branch};rport", self.address)));
        rows.insert(1, ("Max-Forwards", "70".to_owned()));
        let bytes = text::request(method, &uri, &rows, &body);
        let tried = rows.iter().any(|(name, _)| *name == "Authorization");
        let repeat = Some(Repeated::new(now, bytes.clone()));
        self.waiting.push(Waiting { branch, method, uri, rows, body, call_id: call_id.to_owned(), tried, repeat });
        self.outbox.push_back(bytes);
    }

    fn reply(&mut self, to: &Heard, status: u16, tag: &str, body: &[u8]) {
        let contact = self.contact();
        let contact = (to.method() == Some(Method::Invite)).then_some(contact.as_str());
        let rest = self.carrier.rests.filter(|_| status == 503).map(|seconds| ("Retry-After", seconds.to_string()));
        let bytes = text::response_with(to, status, tag, contact, rest.as_slice(), body);
        if status >= 200 {
            self.answered.push((answer_key(to), bytes.clone()));
        }
        self.outbox.push_back(bytes);
    }

    pub(crate) fn hear(&mut self, now: Instant, bytes: &[u8]) {
        self.told.push(bytes.to_vec());
        let Some(heard) = Heard::parse(bytes) else {
            panic!("rsip cannot read what the exchange sent:\n{}", String::from_utf8_lossy(bytes))
        };
        match heard.method() {
            Some(method) => {
                self.last_request = String::from_utf8_lossy(bytes).into_owned();
                if method == Method::Invite {
                    self.last_invite.clone_from(&self.last_request);
                }
                self.hear_request(now, method, &heard);
            }
            None => self.hear_response(now, &heard),
        }
    }

    pub(crate) fn poll(&mut self) -> Option<Vec<u8>> {
        let bytes = self.outbox.pop_front()?;
        self.said.push(bytes.clone());
        Some(bytes)
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        let waiting = self.waiting.iter().filter_map(|waiting| waiting.repeat.as_ref()).map(|repeat| repeat.due);
        let accepted = self.lines.iter().filter_map(|line| line.accepted.as_ref()).map(|repeat| repeat.due);
        let assured = self.lines.iter().filter_map(|line| line.assured.as_ref()).map(|repeat| repeat.due);
        let plans = self.plans.iter().map(|(due, _)| *due);
        waiting.chain(accepted).chain(assured).chain(plans).min()
    }

    pub(crate) fn timeout(&mut self, now: Instant) {
        let (mut unheard, mut given_up) = (Vec::new(), Vec::new());
        let outbox = &mut self.outbox;
        let mut repeat = |repeated: &mut Option<Repeated>, cap: Option<Duration>| {
            let Some(one) = repeated.as_mut().filter(|one| one.due <= now) else { return false };
            if now >= one.until {
                *repeated = None;
                return true;
            }
            outbox.push_back(one.bytes.clone());
            one.interval = cap.map_or(one.interval * 2, |cap| (one.interval * 2).min(cap));
            one.due = now + one.interval;
            false
        };
        for waiting in &mut self.waiting {
            let cap = (waiting.method != Method::Invite).then_some(T2);
            if repeat(&mut waiting.repeat, cap) {
                unheard.push(waiting.call_id.clone());
            }
        }
        for line in &mut self.lines {
            repeat(&mut line.accepted, Some(T2));
            if repeat(&mut line.assured, None) {
                given_up.push(line.call_id.clone());
            }
            if let Some(assured) = &mut line.assured {
                assured.due = assured.due.min(assured.until);
            }
        }
        for call_id in given_up {
            // RFC 3262 §3
            if let Some(at) = self.lines.iter().rposition(|line| line.call_id == call_id) {
                self.decline(at, 504);
            }
        }
        for call_id in unheard {
            if let Some(line) =
                self.lines.iter_mut().find(|line| line.call_id == call_id && line.state == LineState::Calling)
            {
                line.state = LineState::Ended;
                line.outcome = Some(Outcome::Unheard);
            }
        }
        let due: Vec<Plan> = self.plans.iter().filter(|(due, _)| *due <= now).map(|(_, plan)| plan.clone()).collect();
        self.plans.retain(|(due, _)| *due > now);
        for plan in due {
            let (Plan::Answer(call_id) | Plan::Refuse(call_id, _)) = &plan;
            // The newest: a request that was proven comes again with the same Call-ID.
            let Some(at) = self.lines.iter().rposition(|line| line.call_id == *call_id) else { continue };
            match plan {
                Plan::Answer(_) => self.answer(now, at),
                Plan::Refuse(_, status) => self.decline(at, status),
            }
        }
    }
}

/// The answer to an offer, with our key where both can encrypt.
fn sealed_for(srtp: Option<&str>, key: &str, offer: &[u8], answer: Vec<u8>) -> Vec<u8> {
    match (srtp, text::crypto(offer), text::transport(offer)) {
        (Some(_), Some((tag, suite, _)), Some(transport)) => {
            text::sealed(&answer, &transport, Some(&format!("{tag} {suite} inline:{key}")))
        }
        (Some(transport), None, None) => {
            text::sealed(&answer, transport, Some(&format!("1 AES_CM_128_HMAC_SHA1_80 inline:{key}")))
        }
        _ => answer,
    }
}

fn answer_key(request: &Heard) -> String {
    format!("{}{}{}", request.branch(), request.cseq().1, request.cseq().0)
}
