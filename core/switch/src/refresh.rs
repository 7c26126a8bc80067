//! Dialogs are refreshed in time, or ended (RFC 4028), each leg for itself: the other leg hears of it only when it is over.
//!
//! | our refresh | next |
//! |---|---|
//! | 2xx | as it says |
//! | 422 | again with the interval that it names (§7.3) |
//! | 491 | again after a while by chance (RFC 3261 §14.1) |
//! | 405 or 501 to UPDATE | again by INVITE |
//! | 408, 481 | the call is ended (§7.4) |
//! | any other | again later; at the end of the time the call is ended |
//!
//! A refresh by INVITE says again what we said last, as it was (§7.4; RFC 3264 §8): the far end sees that nothing has
//! changed. So does one of theirs that says again what it said: it is answered here, and the other leg is not asked.

use std::time::Duration;

use sdp::{Description, Phase};
use sip::transaction::ServerKey;
use sip::{Message, Method, Status};

use crate::arrive::offer_in;
use crate::call::Release;
use crate::event::{Cause, Side};
use crate::ids::{CallId, LegId};
use crate::leg::{Leg, LegState, Reinvite};
use crate::outside::retry_after;
use crate::record::Direction;
use crate::switch::Switch;
use crate::timers::Timer;
use crate::wire::{Purpose, Wire};

/// While something else is under way in the dialog, which may refresh it.
const PATIENCE: Duration = Duration::from_secs(2);

impl Switch {
    /// Half of the time is over, and it is for us to refresh.
    pub(crate) fn refresh_is_due(&mut self, id: LegId) {
        let Some(leg) = self.legs.get_mut(id).filter(|leg| leg.is_up() && leg.expiry.is_ours()) else { return };
        let busy = leg.is_negotiating() || leg.negotiation.phase() != Phase::Stable;
        if busy || !leg.refresh(&mut self.wire) {
            leg.expiry.try_again(PATIENCE, Timer::Refresh(id), &mut self.wire);
        }
    }

    /// Nobody refreshed a dialog in time (§10).
    pub(crate) fn dialog_expired(&mut self, id: LegId) {
        if let Some(call) = self.legs.get(id).filter(|leg| leg.is_up()).map(|leg| leg.call) {
            if let Some(call) = self.calls.get(call) {
                call.span.in_scope(|| tracing::info!(side = ?call.side(id), "not refreshed in time"));
            }
            self.release(call, Release::new(Cause::TIMER, Side::Exchange));
        }
    }

    /// An answer to a refresh of ours, by INVITE or UPDATE.
    pub(crate) fn refreshed(&mut self, id: LegId, purpose: Purpose, response: &Message<'_>, status: Status) {
        if status.is_provisional() {
            return;
        }
        if !status.is_success() {
            return self.refresh_failed(id, purpose, status.0, Some(response));
        }
        let Some(leg) = self.legs.get_mut(id) else { return };
        let Some(up) = leg.up() else { return };
        up.dialog.handle_response(response);
        if purpose == Purpose::Update {
            return leg.terms_came(response, &mut self.wire);
        }
        if !matches!(up.reinvite, Some(Reinvite::Refresh)) {
            // The same 2xx again.
            return leg.repeat_ack(&mut self.wire);
        }
        up.reinvite = None;
        let before = leg.negotiation.remote().cloned();
        let taken = offer_in(response).ok().flatten().is_some_and(|answer| leg.answer_came(answer).is_ok());
        leg.ack(None, &mut self.wire);
        leg.terms_came(response, &mut self.wire);
        let (call, now) = (leg.call, leg.negotiation.remote());
        if !taken {
            self.release(call, Release::new(Cause::INCOMPATIBLE, Side::Exchange));
        } else if !before.as_ref().zip(now).is_some_and(|(before, now)| is_alike(before, now)) {
            self.agreed_anew(id, call);
        }
    }

    /// The far end of a leg has used a refresh to say something else.
    fn agreed_anew(&mut self, id: LegId, call: CallId) {
        if self.calls.get(call).and_then(|call| call.other(id)).is_some() {
            return self.renegotiated(call, id);
        }
        if let Some(leg) = self.legs.get(id) {
            leg.expect_agreed(&mut self.wire);
        }
        self.agreed_alone(call);
    }

    /// A refresh of ours was refused, or not answered.
    pub(crate) fn refresh_failed(&mut self, id: LegId, purpose: Purpose, status: u16, response: Option<&Message<'_>>) {
        let Some(leg) = self.legs.get_mut(id).filter(|leg| leg.is_up()) else { return };
        if purpose == Purpose::Refresh
            && let Some(up) = leg.up()
            && matches!(up.reinvite, Some(Reinvite::Refresh))
        {
            up.reinvite = None;
            leg.negotiation.rollback();
        }
        let after = match status {
            408 | 481 => {
                let call = leg.call;
                let side = self.calls.get(call).map_or(Side::Exchange, |call| call.side(id));
                // Nothing was said; or what was said is that there is no such call.
                let release = if status == 408 {
                    Release::new(Cause::TIMER, Side::Exchange)
                } else {
                    Release::new(Cause::TEMPORARY, side)
                };
                return self.release(call, release);
            }
            422 if response.is_some_and(|response| leg.expiry.raise(response, &mut leg.session)) => {
                return self.refresh_is_due(id);
            }
            405 | 501 if purpose == Purpose::Update => {
                leg.expiry.takes_no_update();
                return self.refresh_is_due(id);
            }
            491 => glare(leg.direction, &mut self.wire),
            _ => response.and_then(retry_after).unwrap_or_else(|| leg.expiry.pause()),
        };
        leg.expiry.try_again(after, Timer::Refresh(id), &mut self.wire);
    }

    /// A callee takes no session as short as what was asked for: it is asked for a longer one. Says whether it is.
    pub(crate) fn calls_longer(&mut self, id: LegId, response: &Message<'_>) -> bool {
        let Some(leg) = self.legs.get_mut(id) else { return false };
        let asks = matches!(leg.state, LegState::Calling(_)) && leg.expiry.raise(response, &mut leg.session);
        let again = asks && leg.call_again(&mut self.wire);
        if again {
            self.begin_patience(id);
        }
        again
    }

    /// The far end says again what it said last: nothing has changed, and nobody else is asked.
    pub(crate) fn answer_again(
        &mut self,
        id: LegId,
        key: ServerKey,
        message: &Message<'_>,
        offer: &Description,
    ) -> bool {
        let Some(leg) = self.legs.get_mut(id).filter(|leg| leg.repeats(offer)) else { return false };
        let Some(ours) = leg.same_again(offer, &mut self.wire) else { return false };
        leg.accept_reinvite(key, message.bytes(), &ours.to_bytes(), false, &mut self.wire);
        true
    }

    /// A leg has taken what nobody wants any more: what the other one said last is offered to it once more.
    pub(crate) fn offer_back(&mut self, id: LegId, other: LegId) {
        let Some([leg, other]) = self.legs.get_disjoint_mut([id, other]) else { return };
        let Some(theirs) = other.negotiation.remote().cloned() else { return };
        if let Some(ours) = leg.carry_offer(&theirs, &other.policy, &mut self.wire) {
            leg.offer_alone(crate::hold::offered(ours, leg), &mut self.wire);
        }
    }
}

impl Leg {
    /// Refreshes its dialog. Says whether it could.
    fn refresh(&mut self, wire: &mut Wire) -> bool {
        if self.expiry.takes_update() {
            return self.send(Method::Update, Purpose::Update, None, None, wire);
        }
        let Some(ours) = self.negotiation.local().cloned() else { return false };
        self.seal.offers_again(ours.audio());
        self.offer_alone(ours, wire)
    }

    /// An offer of ours, for nobody else.
    fn offer_alone(&mut self, ours: Description, wire: &mut Wire) -> bool {
        let body = ours.to_bytes();
        if self.negotiation.local_offer(ours).is_err() {
            return false;
        }
        let sent = self.send(Method::Invite, Purpose::Refresh, Some(("application/sdp", &body)), None, wire);
        match self.up() {
            Some(up) if sent => up.reinvite = Some(Reinvite::Refresh),
            _ => self.negotiation.rollback(),
        }
        sent
    }

    /// This offer is what it said last, unchanged (RFC 3264 §8: with the same version).
    fn repeats(&self, offer: &Description) -> bool {
        self.negotiation.phase() == Phase::Stable && self.negotiation.remote() == Some(offer)
    }

    /// What we said last as the answer to that.
    fn same_again(&mut self, offer: &Description, wire: &mut Wire) -> Option<Description> {
        let (before, answered) = (self.negotiation.local().cloned()?, self.negotiation.answer_is_ours());
        self.offer_came(offer.clone(), wire).ok()?;
        let ours = if answered {
            Some(before)
        } else {
            // It was an offer: of that, what the far end took.
            let theirs = offer.audio().map(|audio| audio.codecs.as_slice()).unwrap_or_default();
            let taken = before.chosen(|codec| theirs.iter().position(|other| other.is_same(codec)));
            taken.and_then(|taken| self.carry(&taken, wire))
        };
        let ours = ours.filter(|ours| self.answer(ours.clone()).is_ok());
        if ours.is_none() {
            self.negotiation.rollback();
        }
        ours
    }
}

/// RFC 3261 §14.1: whoever minted the Call-ID waits for longer.
fn glare(direction: Direction, wire: &mut Wire) -> Duration {
    let chance = wire.mint.number();
    let tens = if direction == Direction::Calling { 210 + chance % 191 } else { chance % 201 };
    Duration::from_millis(10 * tens)
}

/// Two descriptions come to the same.
fn is_alike(one: &Description, other: &Description) -> bool {
    (one.audio(), one.fax()) == (other.audio(), other.fax())
}
