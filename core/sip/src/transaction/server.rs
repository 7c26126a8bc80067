//! The server machines.
//!
//! INVITE (§17.2.1, RFC 6026 §7.1):
//!
//! | state | event | next | does |
//! |---|---|---|---|
//! | Proceeding | 200 ms without an answer | Proceeding | 100 |
//! | Proceeding | INVITE | Proceeding | last 1xx again |
//! | Proceeding | 1xx from the user | Proceeding | send |
//! | Proceeding | 2xx from the user | Accepted | send; Timer L |
//! | Proceeding | 300–699 from the user | Completed | send; Timers G, H |
//! | Completed | INVITE, Timer G | Completed | send again |
//! | Completed | ACK | Confirmed | G and H off; Timer I |
//! | Completed | Timer H | - | no ACK |
//! | Accepted | INVITE | Accepted | - |
//! | Accepted | ACK | Accepted | up |
//! | Confirmed, Accepted | Timer I, L | - | - |
//!
//! non-INVITE (§17.2.2):
//!
//! | state | event | next | does |
//! |---|---|---|---|
//! | Trying | request | Trying | - |
//! | Trying | Timer E of the peer is at T2, without an answer | Proceeding | 100 (RFC 4320 §4.1) |
//! | Trying, Proceeding | 1xx from the user | - | RFC 4320 §4.1: not sent |
//! | Proceeding | request | Proceeding | 100 again |
//! | Trying, Proceeding | 200–699 from the user | Completed | send, but not 408 (RFC 4320 §4.2); Timer J |
//! | Completed | request | Completed | send again |
//! | Completed | Timer J | - | - |

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::queue::{Armed, Due, Queue};
use super::{Config, ServerKey};
use crate::limits::Limits;
use crate::status::Status;
use crate::transport::Flow;
use crate::writer::Writer;

/// Where a server transaction stands. Trying is Proceeding without bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Proceeding,
    Completed,
    Confirmed,
    Accepted,
}

/// One server transaction.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) invite: bool,
    pub(super) state: State,
    pub(super) flow: Flow,
    /// The last response; before the first one, the head of the request, from which the 100 is written that is seldom said.
    pub(super) bytes: Vec<u8>,
    answered: bool,
    pub(super) index: Arc<str>,
    pub(super) merge: Option<u64>,
    interval: Duration,
    answer: Option<Armed>,
    forget: Option<Armed>,
}

impl Server {
    pub(super) fn new(invite: bool, flow: Flow, head: Vec<u8>, index: Arc<str>, merge: Option<u64>) -> Self {
        Self {
            invite,
            state: State::Proceeding,
            flow,
            bytes: head,
            answered: false,
            index,
            merge,
            interval: Duration::ZERO,
            answer: None,
            forget: None,
        }
    }

    pub(super) fn begin(&mut self, key: ServerKey, now: Instant, config: &Config, queue: &mut Queue) {
        let patience = if self.invite { config.trying } else { config.late() };
        self.answer = Some(queue.arm(now + patience, Due::Answer(key)));
    }

    /// The same request again. Says whether the last response is to be sent again.
    pub(super) fn again(&self) -> bool {
        match self.state {
            State::Proceeding | State::Completed => self.answered,
            State::Confirmed | State::Accepted => false,
        }
    }

    /// A response of the user. Says whether it is to be sent.
    pub(super) fn respond(
        &mut self,
        key: ServerKey,
        status: Status,
        bytes: Vec<u8>,
        now: Instant,
        config: &Config,
        queue: &mut Queue,
    ) -> bool {
        // RFC 4320 §4.1: the user has nothing provisional to say to what is no INVITE.
        if self.state != State::Proceeding || (!self.invite && status.is_provisional()) {
            return false;
        }
        queue.cancel(&mut self.answer);
        // RFC 4320 §4.2: a 408 would come when the peer has long given up.
        self.answered = self.invite || status != Status::REQUEST_TIMEOUT;
        self.bytes = if self.answered { bytes } else { Vec::new() };
        if status.is_provisional() {
            return true;
        }
        let reliable = self.flow.transport.reliable();
        match (self.invite, status.is_success()) {
            (true, true) => {
                self.state = State::Accepted;
                self.forget = Some(queue.arm(now + config.long(), Due::Forget(key)));
            }
            (true, false) => {
                self.state = State::Completed;
                self.interval = config.t1;
                if !reliable {
                    self.answer = Some(queue.arm(now + config.t1, Due::Answer(key)));
                }
                self.forget = Some(queue.arm(now + config.long(), Due::Forget(key)));
            }
            (false, _) => {
                self.state = State::Completed;
                let linger = if reliable { Duration::ZERO } else { config.long() };
                self.forget = Some(queue.arm(now + linger, Due::Forget(key)));
            }
        }
        self.answered
    }

    /// The timers of the 100 and Timer G. Says whether the bytes are to be sent.
    pub(super) fn answer(&mut self, key: ServerKey, now: Instant, config: &Config, queue: &mut Queue) -> bool {
        self.answer = None;
        match self.state {
            State::Proceeding if !self.answered => {
                self.answered = true;
                self.bytes = trying(&self.bytes, &self.flow);
                true
            }
            State::Completed => {
                self.interval = (self.interval * 2).min(config.t2);
                self.answer = Some(queue.arm(now + self.interval, Due::Answer(key)));
                true
            }
            _ => false,
        }
    }

    /// An ACK. Says whether it ended the waiting for it.
    pub(super) fn ack(&mut self, key: ServerKey, now: Instant, config: &Config, queue: &mut Queue) -> bool {
        if self.state != State::Completed {
            return false;
        }
        self.state = State::Confirmed;
        self.bytes = Vec::new();
        queue.cancel(&mut self.answer);
        queue.cancel(&mut self.forget);
        let linger = if self.flow.transport.reliable() { Duration::ZERO } else { config.t4 };
        self.forget = Some(queue.arm(now + linger, Due::Forget(key)));
        true
    }

    pub(super) fn disarm(&mut self, queue: &mut Queue) {
        queue.cancel(&mut self.answer);
        queue.cancel(&mut self.forget);
    }
}

/// The 100 for a request of which the head alone is left (§8.2.6.1).
fn trying(head: &[u8], flow: &Flow) -> Vec<u8> {
    // It was within the limits of whoever read it first.
    let none = Limits { message: usize::MAX, header: usize::MAX, headers: usize::MAX, vias: usize::MAX };
    match crate::parse(head, &none) {
        Ok(request) => Writer::reply(&request, Status::TRYING, None, flow.remote).finish(),
        Err(_) => Vec::new(),
    }
}
