//! UPDATE (RFC 3311): a dialog is refreshed, or offered something, without an INVITE. It has to be answered at once, so one
//! with an offer that the other leg must answer waits only so long (§5.2).
//!
//! | dialog | UPDATE | answer |
//! |---|---|---|
//! | any | without an offer | 200; the target is refreshed |
//! | confirmed | with one | as an INVITE inside the dialog; 504 where the other leg takes too long |
//! | any | with one, while one of theirs is open | 500, Retry-After |
//! | any | with one, while one of ours is open | 491 |
//! | the caller's early one | with one, after ours was answered | 200: we answer ourselves |
//! | a callee's early one | with one | 488 |

use std::time::Duration;

use sdp::{Description, Phase};
use sip::transaction::ServerKey;
use sip::{Flow, Message, Name, Status};

use crate::arrive::offer_in;
use crate::ids::LegId;
use crate::leg::{Leg, LegState, Reinvite};
use crate::switch::Switch;
use crate::timers::Timer;

/// So long the other leg may take for its answer. Whoever sent the UPDATE has no patience beyond 64·T1 (RFC 3261 §17.1.2.2).
const PATIENCE: Duration = Duration::from_secs(10);

impl Switch {
    pub(crate) fn update_came(&mut self, id: LegId, key: ServerKey, message: &Message<'_>, flow: Flow) {
        let Some(leg) = self.legs.get_mut(id) else { return self.refuse(key, message, flow, Status::NO_SUCH_CALL) };
        if let Some(least) = leg.too_short(message) {
            return self.refuse_short(key, message, flow, least);
        }
        let offer = match offer_in(message) {
            Ok(offer) => offer,
            Err(status) => return self.refuse(key, message, flow, status),
        };
        match &mut leg.state {
            LegState::Up(_) if !leg.assured.is_holding() => self.update_inside(id, key, message, flow, offer),
            LegState::Calling(calling) => {
                let tag = message.from().ok().and_then(|from| from.tag()).unwrap_or_default();
                let early = calling.early.iter_mut().find(|early| early.dialog.remote_tag() == tag);
                let known = early.map(|early| early.dialog.handle_request(message));
                match known {
                    None => self.refuse(key, message, flow, Status::NO_SUCH_CALL),
                    Some(Err(status)) => self.refuse(key, message, flow, status),
                    // What two early dialogs of one leg agree on cannot both be carried to the caller.
                    Some(Ok(())) if offer.is_some() => self.refuse(key, message, flow, Status::NOT_ACCEPTABLE_HERE),
                    Some(Ok(())) => self.say_early(id, key, message, None),
                }
            }
            _ => self.update_early(id, key, message, flow, offer.as_ref()),
        }
    }

    /// In the early dialog with a caller.
    fn update_early(
        &mut self,
        id: LegId,
        key: ServerKey,
        message: &Message<'_>,
        flow: Flow,
        offer: Option<&Description>,
    ) {
        let Some(offer) = offer else { return self.say_early(id, key, message, None) };
        if let Some(status) = self.legs.get(id).and_then(Leg::may_not_be_updated) {
            return self.refuse_reinvite(key, message, flow, status);
        }
        match self.answer_before(id, offer) {
            Ok(ours) => self.say_early(id, key, message, Some(&ours)),
            Err(status) => self.refuse(key, message, flow, status),
        }
    }

    fn update_inside(
        &mut self,
        id: LegId,
        key: ServerKey,
        message: &Message<'_>,
        flow: Flow,
        offer: Option<Description>,
    ) {
        let Some(leg) = self.legs.get_mut(id) else { return };
        let Some(offer) = offer else {
            leg.flow = flow;
            return leg.accept_update(key, message, None, &mut self.wire);
        };
        if let Some(status) = leg.may_not_be_updated() {
            return self.refuse_reinvite(key, message, flow, status);
        }
        self.offered_inside(id, key, message, flow, Some(offer));
        let Some(leg) = self.legs.get_mut(id) else { return };
        if leg.up().is_some_and(|up| matches!(up.reinvite, Some(Reinvite::Theirs { .. }))) {
            self.wire.timers.cancel(&mut leg.deadline);
            leg.deadline = Some(self.wire.arm(PATIENCE, Timer::Update(id)));
        }
    }

    /// The other leg did not answer in time what an UPDATE offered.
    pub(crate) fn update_is_overdue(&mut self, id: LegId) {
        let config = self.wire.config.clone();
        let Some(leg) = self.legs.get_mut(id) else { return };
        leg.deadline = None;
        let (call, flow) = (leg.call, leg.flow);
        let Some(Reinvite::Theirs { key, invite }) = leg.up().and_then(|up| up.reinvite.take()) else { return };
        leg.negotiation.rollback();
        if let Ok(message) = sip::parse(&invite, &config.limits) {
            // §5.2
            self.refuse(key, &message, flow, Status::SERVER_TIMEOUT);
        }
        let other = self.calls.get(call).and_then(|call| call.other(id)).and_then(|other| self.legs.get(other));
        if let Some(asked) = other.and_then(|other| other.asked) {
            // RFC 3261 §9.1: should it be taken all the same, what was agreed before is offered once more.
            self.wire.layer.cancel(self.wire.now, asked, None);
        }
    }

    /// RFC 4028 §9: the interval that is asked for is too short.
    pub(crate) fn refuse_short(&mut self, key: ServerKey, message: &Message<'_>, flow: Flow, least: u32) {
        let mut writer = self.reply(message, flow, Status::SESSION_INTERVAL_TOO_SMALL);
        writer.header(Name::MinSe, least);
        self.wire.respond(key, Status::SESSION_INTERVAL_TOO_SMALL, writer.finish());
    }
}

impl Leg {
    /// By what status an UPDATE with an offer is refused now (§5.2).
    fn may_not_be_updated(&self) -> Option<Status> {
        let under_way = match &self.state {
            LegState::Up(up) => up.reinvite.as_ref(),
            _ => None,
        };
        match (under_way, self.negotiation.phase()) {
            (Some(Reinvite::Theirs { .. }), _) | (None, Phase::HaveRemoteOffer) => Some(Status::SERVER_ERROR),
            (Some(_), _) | (None, Phase::HaveLocalOffer) => Some(Status::REQUEST_PENDING),
            (None, Phase::Stable) => None,
        }
    }
}
