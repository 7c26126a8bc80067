//! Our registration at a carrier (RFC 3261 §10.2): asked for, proven, refreshed, and taken back when the trunk goes.
//!
//! | state | event | next | what is sent |
//! |---|---|---|---|
//! | Locating | addresses | Asking | REGISTER to the first |
//! | Locating | none | Locating the next server; Waiting after the last | - |
//! | Asking | 401, 407 | Asking | REGISTER, proven |
//! | Asking | 423 | Asking | REGISTER for longer (§10.2.8) |
//! | Asking | 2xx | Standing | - |
//! | Asking | silence, 408, 5xx, not to be reached | Asking the next address (RFC 3263 §4.3); Locating the next server; Waiting after the last | REGISTER |
//! | Asking | 3xx, 4xx, 6xx, credentials refused | Waiting | - |
//! | Standing | most of its time is over | Asking, at the server that it stands at | REGISTER |
//! | Waiting | back-off is over | Locating the first server | - |
//! | any | the trunk goes | Leaving | REGISTER for 0 s, where it may stand |
//! | Leaving | the answer, or none | gone | - |
//!
//! The back-off is that of RFC 5626 §4.5: twice as long each time, by chance between half and all of it, so that a carrier
//! that comes back is not met by all of its customers at once.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sip::digest::Proven;
use sip::{Contact, Flow, Message, Method, Name, Status, Transport, Uri, Writer};

use super::proof::Proof;
use super::{Registered, Registration, Site, Trunk};
use crate::ids::{GatewayId, TrunkId};
use crate::letter::Escaped;
use crate::wire::Wire;

/// RFC 5626 §4.5: base time and bound of the back-off.
const BASE: Duration = Duration::from_secs(30);
const LONGEST_WAIT: Duration = Duration::from_secs(1800);
/// What a carrier may make us ask for by 423.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// A registration.
#[derive(Debug)]
pub(crate) struct Registering {
    pub(crate) trunk: Arc<Trunk>,
    step: Step,
    call_id: String,
    tag: String,
    cseq: u32,
    /// Until when it stands, as far as we know.
    until: Option<Instant>,
    /// Which of the trunk's gateways is asked.
    server: usize,
    /// Further addresses of it.
    addresses: VecDeque<(Transport, SocketAddr)>,
    flow: Option<Flow>,
    expires: Duration,
    lengthened: bool,
    proof: Proof,
    failures: u32,
    failure: Option<(u16, String)>,
    /// When something is to be done by itself.
    due: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Locating,
    Asking,
    Standing,
    Waiting,
    Leaving,
}

/// What a registration wants of its surroundings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Nothing.
    Nothing,
    /// The addresses of this server.
    Locate(Site),
    /// This request is to be sent.
    Send(Flow, Vec<u8>),
    /// To be forgotten.
    Over,
}

impl Registering {
    /// One that begins; the first wish of it comes from [`due`](Self::due).
    pub(crate) fn new(trunk: Arc<Trunk>, registration: &Registration, wire: &mut Wire) -> Self {
        Self {
            step: Step::Waiting,
            call_id: wire.mint.call_id(),
            tag: wire.mint.tag(),
            cseq: 0,
            until: None,
            server: 0,
            addresses: VecDeque::new(),
            flow: None,
            expires: registration.expires,
            lengthened: false,
            proof: Proof::default(),
            failures: 0,
            failure: None,
            due: None,
            trunk,
        }
    }

    /// When [`due`](Self::due) is to be said.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.due
    }

    /// Its time has come: it begins, is refreshed, or is tried again.
    pub(crate) fn due(&mut self, wire: &mut Wire) -> Wish {
        self.due = None;
        match (self.step, self.flow) {
            (Step::Standing, Some(flow)) => self.ask(flow, wire),
            (Step::Standing | Step::Waiting, _) => self.begin(wire),
            (Step::Locating | Step::Asking, _) => Wish::Nothing,
            (Step::Leaving, _) => Wish::Over,
        }
    }

    fn begin(&mut self, wire: &mut Wire) -> Wish {
        (self.server, self.lengthened) = (0, false);
        self.proof.passed();
        self.locate(wire)
    }

    /// The server in hand, or the failure of all.
    fn locate(&mut self, wire: &mut Wire) -> Wish {
        self.addresses.clear();
        match self.trunk.gateways.get(self.server) {
            Some(gateway) => {
                self.step = Step::Locating;
                Wish::Locate(gateway.site.clone())
            }
            None => {
                if self.failure.is_none() {
                    self.failure = Some((503, "the trunk has no gateway to register at".to_owned()));
                }
                self.wait(wire)
            }
        }
    }

    /// The server's addresses.
    pub(crate) fn located(&mut self, found: Result<Vec<(Transport, SocketAddr)>, String>, wire: &mut Wire) -> Wish {
        if self.step != Step::Locating {
            return Wish::Nothing;
        }
        match found {
            Ok(addresses) => {
                self.addresses = addresses.into();
                self.next_address(wire)
            }
            Err(why) => {
                self.failure = Some((503, why));
                self.server += 1;
                self.locate(wire)
            }
        }
    }

    fn next_address(&mut self, wire: &mut Wire) -> Wish {
        while let Some((transport, remote)) = self.addresses.pop_front() {
            if let Some(local) = wire.local(transport, remote.ip()) {
                self.proof.passed();
                return self.ask(Flow { transport, local, remote, connection: None }, wire);
            }
            let transport = transport.as_str();
            self.failure = Some((503, format!("{transport} to {remote}: no socket of ours fits (sip.listen)")));
        }
        self.server += 1;
        self.locate(wire)
    }

    fn ask(&mut self, flow: Flow, wire: &mut Wire) -> Wish {
        self.step = Step::Asking;
        self.flow = Some(flow);
        match self.request(flow, self.expires, wire) {
            Some(bytes) => Wish::Send(flow, bytes),
            None => Wish::Nothing,
        }
    }

    /// REGISTER (§10.2): all of one registration with one Call-ID and rising CSeq.
    fn request(&mut self, flow: Flow, expires: Duration, wire: &mut Wire) -> Option<Vec<u8>> {
        let registration = self.trunk.registration.as_ref()?;
        let domain = domain_of(&self.trunk, self.server)?;
        let uri = format!("sip:{domain}");
        let aor = format!("<sip:{}@{domain}>", Escaped(&registration.user));
        self.cseq += 1;
        let mut writer = Writer::request(Method::Register, &uri);
        writer
            .header(Name::Via, wire.via(&flow))
            .header(Name::MaxForwards, 70)
            .header(Name::From, format_args!("{aor};tag={}", self.tag))
            .header(Name::To, &aor)
            .header(Name::CallId, &self.call_id)
            .header(Name::CSeq, format_args!("{} REGISTER", self.cseq))
            .header(Name::Contact, wire.contact(&flow, &Escaped(&registration.user).to_string()))
            .header(Name::Expires, expires.as_secs())
            .header(Name::Supported, "path")
            .header(Name::UserAgent, &wire.config.agent);
        let cnonce = wire.mint.tag();
        let proven = Proven { method: Method::Register, uri: &uri, body: b"" };
        if let Some((name, value)) = self.proof.row(self.trunk.login.as_ref(), &proven, &cnonce) {
            writer.header(name, value);
        }
        Some(writer.finish())
    }

    /// An answer to the REGISTER.
    pub(crate) fn answered(&mut self, response: &Message<'_>, status: Status, wire: &mut Wire) -> Wish {
        let (Step::Asking | Step::Leaving, Some(flow)) = (self.step, self.flow) else { return Wish::Nothing };
        if response.cseq().map(|cseq| cseq.number) != Ok(self.cseq) {
            // To one that was given up for another.
            return Wish::Nothing;
        }
        let leaving = self.step == Step::Leaving;
        match status.0 {
            100..=199 => Wish::Nothing,
            200..=299 if leaving => Wish::Over,
            200..=299 => self.granted(response, flow, wire),
            401 | 407 => match self.proof.challenged(self.trunk.login.as_ref(), response, status) {
                Ok(()) if leaving => self.part(wire),
                Ok(()) => self.ask(flow, wire),
                Err(why) => self.refused(status.0, why.to_string(), wire),
            },
            // §10.2.8
            423 if !leaving && !self.lengthened => {
                let least = response.min_expires().ok().flatten().unwrap_or_default();
                self.lengthened = true;
                self.expires = self.expires.max(Duration::from_secs(least.into())).min(LONGEST);
                self.proof.passed();
                self.ask(flow, wire)
            }
            408 | 500..=599 => self.failed(status.0, status.reason().to_owned(), wire),
            _ => self.refused(status.0, status.reason().to_owned(), wire),
        }
    }

    fn granted(&mut self, response: &Message<'_>, flow: Flow, wire: &mut Wire) -> Wish {
        let user = self.trunk.registration.as_ref().map(|registration| registration.user.clone()).unwrap_or_default();
        let time = granted_time(response, &user, wire.shown(&flow)).unwrap_or(self.expires).min(LONGEST);
        self.proof.passed();
        (self.step, self.failures, self.failure) = (Step::Standing, 0, None);
        self.until = Some(wire.now + time);
        // Refreshed when a tenth to a quarter of it is left: not at the last moment, and not with all others.
        let share = 75 + u32::try_from(wire.mint.number() % 15).unwrap_or(0);
        self.due = Some(wire.now + (time * share / 100).max(Duration::from_secs(1)));
        Wish::Nothing
    }

    /// It did not answer, could not be reached, or cannot serve: the next address may.
    pub(crate) fn failed(&mut self, status: u16, why: String, wire: &mut Wire) -> Wish {
        match self.step {
            Step::Leaving => Wish::Over,
            Step::Asking => {
                self.failure = Some((status, why));
                self.next_address(wire)
            }
            _ => Wish::Nothing,
        }
    }

    /// It said no: another address of the same carrier would too.
    fn refused(&mut self, status: u16, why: String, wire: &mut Wire) -> Wish {
        if self.step == Step::Leaving {
            return Wish::Over;
        }
        self.failure = Some((status, why));
        self.until = None;
        self.wait(wire)
    }

    fn wait(&mut self, wire: &mut Wire) -> Wish {
        (self.step, self.flow) = (Step::Waiting, None);
        self.proof.forget();
        let longest = BASE.saturating_mul(1 << self.failures.min(10)).min(LONGEST_WAIT);
        self.failures += 1;
        let half = u64::try_from(longest.as_millis() / 2).unwrap_or(0);
        let wait = Duration::from_millis(half + wire.mint.number() % half.max(1));
        self.due = Some(wire.now + wait);
        Wish::Nothing
    }

    /// The trunk goes: the carrier is told, where it may believe that we are there (§10.2.2).
    pub(crate) fn leave(&mut self, wire: &mut Wire) -> Wish {
        let stands = self.until.is_some_and(|until| until > wire.now) || self.step == Step::Asking;
        self.until = None;
        if !stands || self.flow.is_none() {
            return Wish::Over;
        }
        self.step = Step::Leaving;
        // No answer is waited for longer than a transaction lasts; this is for one that never comes about.
        self.due = Some(wire.now + Duration::from_secs(40));
        self.part(wire)
    }

    fn part(&mut self, wire: &mut Wire) -> Wish {
        let Some(flow) = self.flow else { return Wish::Over };
        self.request(flow, Duration::ZERO, wire).map_or(Wish::Over, |bytes| Wish::Send(flow, bytes))
    }

    /// How it stands, for operators.
    pub(crate) fn registered(&self, wire: &Wire) -> Registered {
        let wall = |at: Instant| wire.wall_at(at);
        if let Some(until) = self.until.filter(|until| *until > wire.now) {
            return Registered::Until(wall(until));
        }
        match (&self.failure, self.due, self.step) {
            (Some((status, why)), Some(again), Step::Waiting) => {
                Registered::Failed { status: *status, why: why.clone(), again: wall(again) }
            }
            _ => Registered::Trying,
        }
    }

    /// The gateway where it stands, and its address.
    pub(crate) fn registrar(&self) -> Option<(TrunkId, GatewayId, (Transport, SocketAddr))> {
        let (flow, gateway) = (self.flow?, self.trunk.gateways.get(self.server)?);
        (self.step == Step::Standing).then_some((self.trunk.id, gateway.id, (flow.transport, flow.remote)))
    }
}

/// The domain of our address of record: as it is set, else the host of the server.
pub(crate) fn domain_of(trunk: &Trunk, server: usize) -> Option<String> {
    let set = trunk.registration.as_ref().and_then(|registration| registration.domain.clone());
    set.or_else(|| trunk.gateways.get(server).map(|gateway| host_of(&gateway.site)))
}

/// The host as a URI writes it.
pub(crate) fn host_of(site: &Site) -> String {
    if site.host.contains(':') { format!("[{}]", site.host) } else { site.host.clone() }
}

/// For how long the binding is granted (§10.2.4): by the parameter of our Contact, else by Expires.
fn granted_time(response: &Message<'_>, user: &str, shown: SocketAddr) -> Option<Duration> {
    let expires_of = |contact: &sip::NameAddr<'_>| contact.param("expires").flatten()?.parse::<u32>().ok();
    let is_ours = |uri: &Uri<'_>| {
        let host = uri.host_str().trim_matches(['[', ']']).parse::<std::net::IpAddr>();
        uri.user_unescaped().as_deref() == Some(user) && host == Ok(shown.ip())
    };
    let contacts: Vec<_> = response
        .contacts()
        .filter_map(|contact| match contact {
            Ok(Contact::Addr(address)) => Some(address),
            _ => None,
        })
        .collect();
    let ours = contacts.iter().find(|contact| is_ours(&contact.uri())).or(match &contacts[..] {
        // A carrier behind an application gateway may have written it anew.
        [only] => Some(only),
        _ => None,
    });
    let seconds = ours.and_then(expires_of).or(response.expires().ok().flatten())?;
    Some(Duration::from_secs(seconds.max(1).into()))
}
