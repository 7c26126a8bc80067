//! The client machines.
//!
//! INVITE (§17.1.1, RFC 6026 §8.4):
//!
//! | state | event | next | does |
//! |---|---|---|---|
//! | Calling | Timer A | Calling | send again, A doubled |
//! | Calling | 1xx | Proceeding | up; A and B off |
//! | Calling, Proceeding | 2xx | Accepted | up; Timer M |
//! | Calling, Proceeding | 300–699 | Completed | up; ACK; Timer D |
//! | Completed | 300–699 | Completed | ACK |
//! | Accepted | 2xx | Accepted | up |
//! | Calling | Timer B | - | timed out |
//! | Completed, Accepted | Timer D, M | - | - |
//!
//! non-INVITE (§17.1.2):
//!
//! | state | event | next | does |
//! |---|---|---|---|
//! | Trying | Timer E | Trying | send again, E doubled to T2 |
//! | Trying | 1xx | Proceeding | up |
//! | Proceeding | Timer E | Proceeding | send again after T2 |
//! | Trying, Proceeding | 200–699 | Completed | up; Timer K |
//! | Trying, Proceeding | Timer F | - | timed out |
//! | Completed | Timer K | - | - |

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::queue::{Armed, Due, Queue};
use super::{ClientKey, Config};
use crate::message::Message;
use crate::method::Method;
use crate::name::Name;
use crate::status::Status;
use crate::transport::Flow;
use crate::writer::Writer;

/// Where a client transaction stands. Trying is called Calling here too: the two differ by `invite` alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Calling,
    Proceeding,
    Completed,
    Accepted,
}

/// One client transaction.
#[derive(Debug)]
pub(super) struct Client<U> {
    pub(super) invite: bool,
    pub(super) state: State,
    pub(super) flow: Flow,
    /// The request; after a refusal of an INVITE the ACK; after any other end nothing.
    pub(super) bytes: Vec<u8>,
    /// `None` for the layer's own CANCEL.
    pub(super) user: Option<U>,
    pub(super) index: Arc<str>,
    interval: Duration,
    repeat: Option<Armed>,
    end: Option<Armed>,
    pub(super) cancel: Cancel,
}

/// How far the giving up of an INVITE has come (§9.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cancel {
    Unwanted,
    /// It waits for a 1xx, with this Reason.
    Wanted(Option<String>),
    /// Once is enough, whatever 1xx comes later.
    Sent,
}

/// What a client transaction wants done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// The user is told.
    Up,
    /// Nobody is.
    Absorbed,
}

impl<U> Client<U> {
    pub(super) fn new(
        flow: Flow,
        bytes: Vec<u8>,
        invite: bool,
        user: Option<U>,
        index: Arc<str>,
        config: &Config,
    ) -> Self {
        let interval = config.t1;
        Self {
            invite,
            state: State::Calling,
            flow,
            bytes,
            user,
            index,
            interval,
            repeat: None,
            end: None,
            cancel: Cancel::Unwanted,
        }
    }

    /// Arms the first timers; the request has just been sent.
    pub(super) fn begin(&mut self, key: ClientKey, now: Instant, config: &Config, queue: &mut Queue) {
        if !self.flow.transport.reliable() {
            self.repeat = Some(queue.arm(now + self.interval, Due::Repeat(key)));
        }
        self.end = Some(queue.arm(now + config.long(), Due::End(key)));
    }

    /// Timers A and E. Says whether the request is to be sent again.
    pub(super) fn repeat(&mut self, key: ClientKey, now: Instant, config: &Config, queue: &mut Queue) -> bool {
        self.repeat = None;
        self.interval = match (self.invite, self.state) {
            // §17.1.1.2: Timer A doubles without bound; B ends it.
            (true, State::Calling) => self.interval * 2,
            // §17.1.2.2
            (false, State::Calling) => (self.interval * 2).min(config.t2),
            (false, State::Proceeding) => config.t2,
            _ => return false,
        };
        self.repeat = Some(queue.arm(now + self.interval, Due::Repeat(key)));
        true
    }

    /// A response.
    pub(super) fn handle(
        &mut self,
        key: ClientKey,
        response: &Message<'_>,
        status: Status,
        now: Instant,
        config: &Config,
        queue: &mut Queue,
    ) -> Heard {
        match (self.invite, self.state, status.0) {
            (_, State::Calling | State::Proceeding, 100..=199) => {
                self.state = State::Proceeding;
                if self.invite {
                    queue.cancel(&mut self.repeat);
                    if self.cancel != Cancel::Sent {
                        queue.cancel(&mut self.end);
                    }
                }
                Heard::Up
            }
            (true, State::Calling | State::Proceeding, 200..=299) => {
                self.state = State::Accepted;
                self.bytes = Vec::new();
                self.rest(key, now + config.long(), queue);
                Heard::Up
            }
            (true, State::Accepted, 200..=299) => Heard::Up,
            (true, State::Calling | State::Proceeding, 300..) => {
                self.state = State::Completed;
                self.bytes = ack(&self.bytes, response);
                // Timer D: at least 32 s on an unreliable transport.
                self.rest(key, now + self.linger(Duration::from_secs(32)), queue);
                Heard::Up
            }
            (false, State::Calling | State::Proceeding, 200..) => {
                self.state = State::Completed;
                self.bytes = Vec::new();
                self.rest(key, now + self.linger(config.t4), queue);
                Heard::Up
            }
            _ => Heard::Absorbed,
        }
    }

    /// Nothing more is repeated; the end comes then.
    fn rest(&mut self, key: ClientKey, end: Instant, queue: &mut Queue) {
        queue.cancel(&mut self.repeat);
        queue.cancel(&mut self.end);
        self.end = Some(queue.arm(end, Due::End(key)));
    }

    /// How long copies are absorbed: not at all on a reliable transport.
    fn linger(&self, time: Duration) -> Duration {
        if self.flow.transport.reliable() { Duration::ZERO } else { time }
    }

    /// §9.1: after a CANCEL the INVITE is given up in 64·T1 at the latest.
    pub(super) fn limit(&mut self, key: ClientKey, end: Instant, queue: &mut Queue) {
        queue.cancel(&mut self.end);
        self.end = Some(queue.arm(end, Due::End(key)));
    }

    pub(super) fn disarm(&mut self, queue: &mut Queue) {
        queue.cancel(&mut self.repeat);
        queue.cancel(&mut self.end);
    }

    /// No final response has come.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, State::Calling | State::Proceeding)
    }
}

/// The ACK to a refusal (§17.1.1.3): the INVITE's own top Via, Route, From, Call-ID; the response's To.
fn ack(invite: &[u8], response: &Message<'_>) -> Vec<u8> {
    derived(invite, Method::Ack, |writer| {
        writer.copy(response, Name::To);
    })
}

/// The CANCEL of an INVITE (§9.1).
pub(super) fn cancel(invite: &[u8], reason: Option<&str>) -> Vec<u8> {
    let Ok(request) = crate::parse(invite, &crate::Limits::default()) else { return Vec::new() };
    derived(invite, Method::Cancel, |writer| {
        writer.copy(&request, Name::To);
        if let Some(reason) = reason {
            writer.header(Name::Reason, reason);
        }
    })
}

/// A request that belongs to an INVITE of ours: same Request-URI, top Via, Route, From, Call-ID and CSeq number.
fn derived(invite: &[u8], method: Method<'_>, rest: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let Ok(request) = crate::parse(invite, &crate::Limits::default()) else { return Vec::new() };
    let (Ok(uri), Ok(via), Ok(cseq)) = (request.uri(), request.via(), request.cseq()) else { return Vec::new() };
    let mut writer = Writer::request(method, uri.as_str());
    writer.header(Name::Via, via.as_str());
    writer.copy(&request, Name::Route);
    writer.header(Name::MaxForwards, 70);
    writer.copy(&request, Name::From);
    rest(&mut writer);
    writer.copy(&request, Name::CallId);
    writer.header(Name::CSeq, format_args!("{} {}", cseq.number, method.as_str()));
    writer.finish()
}
