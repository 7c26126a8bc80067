//! Provisional answers of ours that the caller has to acknowledge (RFC 3262 §3): where it insists, or the leg's policy does
//! and it can.
//!
//! | state | event | next | what is sent |
//! |---|---|---|---|
//! | Free | a 1xx is to be said | Waiting | 1xx with RSeq |
//! | Waiting | T1, doubling | Waiting | the same again |
//! | Waiting | another 1xx is to be said | Waiting, and it waits too | - |
//! | Waiting | its PRACK | Free | 200 to PRACK; what waited |
//! | Waiting | 64·T1 | - | 504 |
//! | Waiting, with a description in it | 2xx is to be said | Waiting, and the 2xx is held | - |
//! | Waiting, with none | 2xx is to be said | it is not repeated any more | 2xx |
//! | any | another PRACK | the same | 481 |
//!
//! A description in such an answer is no preview (§5): it is the answer to the caller's offer, and what follows carries none.
//! Where the caller left the offer to us, the first of them carries it, and the PRACK its answer.

use std::time::{Duration, Instant};

use sip::transaction::ServerKey;
use sip::{Message, Method, Name, Rack, Status};

use super::{ALLOW, Accepted, Accepting, Leg, LegState, T1, finish};
use crate::timers::{Timer, TimerKey};
use crate::trunk::Reliable;
use crate::wire::Wire;

/// What is said reliably to one caller.
#[derive(Debug, Default)]
pub(crate) struct Assured {
    /// The caller insists.
    required: bool,
    /// The caller can.
    supported: bool,
    /// The RSeq of the last one; 0 before the first.
    last: u32,
    waiting: Option<Waiting>,
    /// What is to be said after that.
    next: Option<(Status, Option<Vec<u8>>)>,
    held: Option<Held>,
    /// The highest CSeq of its PRACKs.
    heard: u32,
}

/// A 1xx that waits for its PRACK.
#[derive(Debug)]
struct Waiting {
    status: Status,
    bytes: Vec<u8>,
    /// The CSeq of its INVITE.
    cseq: u32,
    /// There is a description in it.
    described: bool,
    interval: Duration,
    give_up: Instant,
    timer: Option<TimerKey>,
}

/// A 2xx that waits for the PRACK of a 1xx.
#[derive(Debug)]
struct Held {
    key: ServerKey,
    invite: Vec<u8>,
    bytes: Vec<u8>,
    expects_answer: bool,
}

impl Assured {
    /// For the caller of this INVITE.
    pub(crate) fn new(invite: &Message<'_>) -> Self {
        let (required, supported) = (invite.requires("100rel"), invite.supports("100rel"));
        Self { required, supported: required || supported, ..Self::default() }
    }

    /// A 2xx is held.
    pub(crate) fn is_holding(&self) -> bool {
        self.held.is_some()
    }

    /// Nothing is repeated any more, nor said of what waited. A PRACK for what was said last is still an ordinary one.
    pub(super) fn end(&mut self, wire: &mut Wire) {
        if let Some(waiting) = &mut self.waiting {
            wire.timers.cancel(&mut waiting.timer);
        }
        self.next = None;
    }

    /// The description that waits for its turn.
    pub(super) fn take_description(&mut self) -> Option<Vec<u8>> {
        self.next.as_mut().and_then(|(_, body)| body.take())
    }

    /// The highest CSeq of the requests that came before there was a dialog.
    pub(super) const fn heard(&self) -> u32 {
        self.heard
    }
}

impl Leg {
    /// Provisional answers to it are acknowledged.
    pub(crate) fn is_assured(&self) -> bool {
        self.assured.required || (self.reliable == Reliable::Required && self.assured.supported)
    }

    /// What the two hear was agreed on, or offered by us, before the call is taken.
    pub(crate) fn is_described(&self) -> bool {
        self.negotiation.local().is_some() && self.negotiation.remote_offer().is_none()
    }

    /// Says a 1xx, or has it wait for its turn (§3: the next only after the PRACK).
    pub(super) fn assure(&mut self, status: Status, body: Option<Vec<u8>>, wire: &mut Wire) {
        if self.assured.waiting.is_some() {
            let before = self.assured.next.take().and_then(|(_, body)| body);
            self.assured.next = Some((status, body.or(before)));
            return;
        }
        let body = body.or_else(|| self.offer_early(wire));
        let LegState::Arriving(arriving) = &self.state else { return };
        let Ok(cseq) =
            sip::parse(&arriving.invite, &wire.config.limits).and_then(|invite| invite.cseq().map(|it| it.number))
        else {
            return;
        };
        let Some(mut writer) = self.reply(&arriving.invite, status, wire) else { return };
        let rseq = match self.assured.last {
            // §3: between 1 and 2³¹ - 1, chosen at random.
            0 => 1 + u32::try_from(wire.mint.number() % 0x7fff_ffff).unwrap_or(0),
            last => last.saturating_add(1),
        };
        writer.header(Name::Require, "100rel").header(Name::Rseq, rseq).header(Name::Allow, ALLOW);
        let bytes = finish(writer, body.as_deref());
        wire.respond(arriving.key, status, bytes.clone());
        let timer = Some(wire.arm(T1, Timer::Assured(self.id)));
        let (interval, give_up, described) = (T1, wire.now + 64 * T1, body.is_some());
        self.assured.waiting = Some(Waiting { status, bytes, cseq, described, interval, give_up, timer });
        self.assured.last = rseq;
    }

    /// §5: who left the offer to us gets it in the first answer that is reliable.
    fn offer_early(&mut self, wire: &mut Wire) -> Option<Vec<u8>> {
        if self.negotiation.local().is_some() || self.negotiation.remote_offer().is_some() {
            return None;
        }
        let ours = self.offer_of_ours(&[], wire).ok()?;
        self.origin.version += 1;
        let body = ours.to_bytes();
        self.negotiation.local_offer(ours).is_ok().then_some(body)
    }

    /// The timer of what waits: says it again, or says that nobody acknowledged it.
    pub(crate) fn repeat_assured(&mut self, wire: &mut Wire) -> Accepted {
        let id = self.id;
        let key = match (&self.state, &self.assured.held) {
            (LegState::Arriving(arriving), _) => arriving.key,
            (_, Some(held)) => held.key,
            _ => return Accepted::Waiting,
        };
        let Some(waiting) = &mut self.assured.waiting else { return Accepted::Waiting };
        waiting.timer = None;
        if wire.now >= waiting.give_up {
            return Accepted::Never;
        }
        waiting.interval *= 2;
        let due = (wire.now + waiting.interval).min(waiting.give_up);
        let (status, bytes) = (waiting.status, waiting.bytes.clone());
        wire.respond(key, status, bytes);
        waiting.timer = Some(wire.timers.arm(due, Timer::Assured(id)));
        Accepted::Waiting
    }

    /// This PRACK is for what was said last.
    pub(crate) fn awaits_prack(&self, rack: &Rack<'_>) -> bool {
        let waiting = self.assured.waiting.as_ref();
        rack.rseq == self.assured.last
            && rack.cseq.method == Method::Invite
            && waiting.is_some_and(|waiting| waiting.cseq == rack.cseq.number)
    }

    /// Its PRACK with this CSeq was answered: what waited for it is said.
    pub(crate) fn pracked(&mut self, number: u32, wire: &mut Wire) {
        self.assured.heard = self.assured.heard.max(number);
        if let Some(mut waiting) = self.assured.waiting.take() {
            wire.timers.cancel(&mut waiting.timer);
        }
        if let Some(Held { key, bytes, expects_answer, .. }) = self.assured.held.take() {
            self.say_accept(key, bytes, expects_answer, wire);
        } else if let Some((status, body)) = self.assured.next.take() {
            self.assure(status, body, wire);
        }
    }

    /// Says the 2xx that makes the leg up, and again until its ACK; or holds it (§3), while the caller may not know yet what
    /// the 1xx before it describes.
    pub(super) fn accept_when_heard(
        &mut self,
        key: ServerKey,
        invite: Vec<u8>,
        bytes: Vec<u8>,
        expects_answer: bool,
        wire: &mut Wire,
    ) {
        if self.assured.waiting.as_ref().is_some_and(|waiting| waiting.described) {
            self.assured.held = Some(Held { key, invite, bytes, expects_answer });
            return;
        }
        self.assured.end(wire);
        self.say_accept(key, bytes, expects_answer, wire);
    }

    fn say_accept(&mut self, key: ServerKey, bytes: Vec<u8>, expects_answer: bool, wire: &mut Wire) {
        let accepting = Accepting::new(bytes.clone(), expects_answer, self.id, wire);
        if let Some(up) = self.up() {
            up.accepting = Some(accepting);
        }
        self.begin_expiry(wire);
        wire.respond(key, Status::OK, bytes);
    }

    /// Refuses an INVITE whose 2xx is held; says whether there was one.
    pub(crate) fn refuse_held(&mut self, status: Status, wire: &mut Wire) -> bool {
        let Some(Held { key, invite, .. }) = self.assured.held.take() else { return false };
        self.assured.end(wire);
        self.refuse_with(key, &invite, status, None, wire);
        true
    }
}
