//! What happens inside a dialog: ACK, BYE and re-INVITE of one leg, carried to the other.
//!
//! A re-INVITE is an offer of one leg that the other must answer. Both legs' negotiations hold it meanwhile, so that a
//! second one from either side is glare (RFC 3261 §14):
//!
//! ```text
//! A: INVITE(offer)  → B: INVITE(offer')   B: 200(answer) → ACK to B, 200(answer') to A → A: ACK
//! A: INVITE         → B: INVITE           B: 200(offer)  → 200(offer') to A → A: ACK(answer) → ACK(answer') to B
//! ```

use sdp::Description;
use sip::transaction::ServerKey;
use sip::{Flow, Message, Method, Name, Status};

use crate::arrive::offer_in;
use crate::call::{Pending, Release};
use crate::event::{Cause, Reply, Side};
use crate::hold;
use crate::ids::{CallId, LegId};
use crate::leg::{Accepted, Leg, LegState, Reinvite};
use crate::switch::Switch;
use crate::wire::{Owner, Purpose};

impl Switch {
    /// A request inside a leg's dialog, from where that leg's signalling comes or from who proved to be its user.
    pub(crate) fn in_dialog(&mut self, id: LegId, key: ServerKey, message: &Message<'_>, flow: Flow) {
        let method = message.method().unwrap_or(Method::Other(""));
        let Some(leg) = self.legs.get_mut(id) else { return self.refuse(key, message, flow, Status::NO_SUCH_CALL) };
        match &mut leg.state {
            LegState::Up(up) => {
                if let Err(status) = up.dialog.handle_request(message) {
                    return self.refuse(key, message, flow, status);
                }
                leg.expiry.note(message);
            }
            // §15: the caller may end an early dialog with BYE. RFC 3262 §3, RFC 3311 §5.
            LegState::Arriving(_) if matches!(method, Method::Bye | Method::Prack | Method::Update) => {}
            LegState::Calling(_) if method == Method::Update => {}
            _ => return self.refuse(key, message, flow, Status::NO_SUCH_CALL),
        }
        match method {
            Method::Bye => self.bye_came(id, key, message, flow),
            Method::Invite => self.reinvite_came(id, key, message, flow),
            Method::Info => self.info_came(id, key, message, flow),
            Method::Prack => self.prack_came(id, key, message, flow),
            Method::Update => self.update_came(id, key, message, flow),
            Method::Options => {
                let writer = self.reply(message, flow, Status::OK);
                self.wire.respond(key, Status::OK, writer.finish());
            }
            // RFC 6665 §4.5.2: a subscription has a dialog of its own.
            Method::Subscribe => self.refuse(key, message, flow, Status::FORBIDDEN),
            _ => self.refuse(key, message, flow, Status::METHOD_NOT_ALLOWED),
        }
    }

    fn bye_came(&mut self, id: LegId, key: ServerKey, message: &Message<'_>, flow: Flow) {
        let writer = self.reply(message, flow, Status::OK);
        self.wire.respond(key, Status::OK, writer.finish());
        let Some(leg) = self.legs.get_mut(id) else { return };
        let call = leg.call;
        if matches!(leg.state, LegState::Arriving(_)) || leg.assured.is_holding() {
            return self.release_unanswered(call, Release::with_status(487, Side::Caller));
        }
        leg.settle_reinvite(&mut self.wire);
        let side = self.calls.get(call).map_or(Side::Exchange, |call| call.side(id));
        let party_of = self.calls.get(call).is_some_and(|call| call.caller == id || call.callee() == Some(id));
        self.close_port(id);
        self.leg_gone(id);
        if party_of {
            let cause = message.value(Name::Reason).and_then(|reason| q850_in(&reason)).unwrap_or(Cause::NORMAL);
            self.release(call, Release::new(cause, side));
        }
    }

    /// An ACK for a 2xx of ours (§13.3.1.4).
    pub(crate) fn ack_came(&mut self, message: &Message<'_>, flow: Flow) {
        let Some(tag) = message.to().ok().and_then(|to| to.tag()) else { return };
        let Some(id) = self.tags.get(tag).copied() else { return };
        let Some(leg) = self.legs.get_mut(id) else { return };
        if leg.sip_call_id != message.call_id().unwrap_or_default() || leg.flow.remote.ip() != flow.remote.ip() {
            return;
        }
        let Some(expects_answer) = leg.acknowledged(&mut self.wire) else { return };
        let bye = leg.up().and_then(|up| up.bye.take());
        if let Some(reason) = bye {
            if !leg.hang_up(reason, &mut self.wire) {
                self.leg_gone(id);
            }
            return;
        }
        if expects_answer {
            self.late_answer_came(id, offer_in(message).ok().flatten());
        }
    }

    /// The answer to an offer that our 2xx carried: it goes on to the leg that made the offer.
    pub(crate) fn late_answer_came(&mut self, id: LegId, answer: Option<Description>) {
        let Some(leg) = self.legs.get_mut(id) else { return };
        let call = leg.call;
        let taken = answer.is_some_and(|answer| leg.answer_came(answer).is_ok());
        if !taken {
            return self.release(call, Release::new(Cause::INCOMPATIBLE, Side::Exchange));
        }
        let other = self.calls.get(call).and_then(|call| call.other(id));
        let Some(other) = other else {
            // We made the offer ourselves.
            if let Some(remote) = self.legs.get(id).and_then(|leg| leg.negotiation.remote().cloned()) {
                self.expect(id, &remote);
            }
            self.agreed_alone(call);
            if let Some(call) = self.calls.get_mut(call) {
                call.resolve(Pending::Answer, Reply::Done, &mut self.wire);
            }
            return self.wind(call);
        };
        let Some([leg, other_leg]) = self.legs.get_disjoint_mut([id, other]) else { return };
        let Some(answer) = leg.negotiation.remote().cloned() else { return };
        let carried = other_leg.up().is_some_and(|up| matches!(up.reinvite, Some(Reinvite::AckDue)));
        if carried && let Some(ours) = other_leg.carry(&answer, &mut self.wire) {
            let body = ours.to_bytes();
            if other_leg.answer(ours).is_ok() {
                if let Some(up) = other_leg.up() {
                    up.reinvite = None;
                }
                other_leg.ack(Some(&body), &mut self.wire);
            }
        }
        // Whose wish it was: the other's whose offer was carried here, or that of the one that answers ours.
        self.renegotiated(call, if carried { other } else { id });
    }

    fn expect(&mut self, id: LegId, remote: &Description) {
        if let Some(leg) = self.legs.get(id) {
            leg.expect_media(remote, &mut self.wire);
        }
    }

    /// The timer of a 2xx of ours.
    pub(crate) fn accept_again(&mut self, id: LegId) {
        let Some(leg) = self.legs.get_mut(id) else { return };
        if leg.repeat_accept(&mut self.wire) == Accepted::Waiting {
            return;
        }
        let call = leg.call;
        match leg.up().and_then(|up| up.bye.take()) {
            Some(reason) => {
                if !leg.hang_up(reason, &mut self.wire) {
                    self.leg_gone(id);
                }
            }
            // §13.3.1.4: the dialog is confirmed, but should be ended.
            None => self.release(call, Release::new(Cause::TIMER, Side::Exchange)),
        }
    }

    fn reinvite_came(&mut self, id: LegId, key: ServerKey, message: &Message<'_>, flow: Flow) {
        let Some(leg) = self.legs.get_mut(id) else { return };
        if let Some(least) = leg.too_short(message) {
            return self.refuse_short(key, message, flow, least);
        }
        let busy = leg.up().and_then(|up| match (&up.reinvite, &up.accepting) {
            // §14.2: a second INVITE before the final answer to the first gets 500 with Retry-After.
            (Some(Reinvite::Theirs { .. }), _) => Some(Status::SERVER_ERROR),
            // §14.2: an INVITE of ours is under way.
            (Some(_), _) | (None, Some(_)) => Some(Status::REQUEST_PENDING),
            (None, None) => None,
        });
        let busy = busy.or(leg.assured.is_holding().then_some(Status::REQUEST_PENDING));
        if let Some(status) = busy {
            return self.refuse_reinvite(key, message, flow, status);
        }
        let offer = match offer_in(message) {
            Ok(offer) => offer,
            Err(status) => return self.refuse(key, message, flow, status),
        };
        self.offered_inside(id, key, message, flow, offer);
    }

    /// An INVITE inside the dialog, or an UPDATE, with what it offers: nothing else is under way on this leg.
    pub(crate) fn offered_inside(
        &mut self,
        id: LegId,
        key: ServerKey,
        message: &Message<'_>,
        flow: Flow,
        offer: Option<Description>,
    ) {
        let Some(leg) = self.legs.get_mut(id) else { return };
        // The sender may have moved (RFC 3261 §12.2.2 target refresh; or another port of its NAT).
        leg.flow = flow;
        let call = leg.call;
        if let Some(offer) = &offer
            && self.answer_again(id, key, message, offer)
        {
            return;
        }
        // Fax is nothing that we could speak in the other's place.
        let fax = offer.as_ref().is_some_and(|offer| offer.fax().is_some());
        match self.calls.get(call).and_then(|call| call.other(id)) {
            Some(other) if fax || !self.is_transcoded(id, other) => {
                self.carry_reinvite(id, other, key, message, flow, offer);
            }
            _ => self.answer_reinvite(id, key, message, flow, offer),
        }
    }

    /// The two speak different codecs: what one offers would not suit the other, who need not be asked.
    fn is_transcoded(&self, one: LegId, other: LegId) -> bool {
        let codec = |leg| self.legs.get(leg).and_then(Leg::voice).map(|voice| voice.codec);
        codec(one).zip(codec(other)).is_some_and(|(one, other)| one != other)
    }

    /// §14.2 wants Retry-After of 0 to 10 s with the 500.
    pub(crate) fn refuse_reinvite(&mut self, key: ServerKey, message: &Message<'_>, flow: Flow, status: Status) {
        let mut writer = self.reply(message, flow, status);
        if status == Status::SERVER_ERROR {
            writer.header(Name::RetryAfter, self.wire.mint.number() % 11);
        }
        self.wire.respond(key, status, writer.finish());
    }

    fn carry_reinvite(
        &mut self,
        id: LegId,
        other: LegId,
        key: ServerKey,
        message: &Message<'_>,
        flow: Flow,
        offer: Option<Description>,
    ) {
        let Some([leg, other_leg]) = self.legs.get_disjoint_mut([id, other]) else { return };
        if !other_leg.is_up() || other_leg.is_negotiating() {
            return self.refuse_reinvite(key, message, flow, Status::REQUEST_PENDING);
        }
        let had_offer = offer.is_some();
        let mut body = None;
        if let Some(offer) = offer {
            if let Err(error) = leg.offer_came(offer.clone(), &mut self.wire) {
                return self.refuse(key, message, flow, Status(error.status()));
            }
            let Some(ours) = other_leg.carry_offer(&offer, &leg.policy, &mut self.wire) else {
                leg.negotiation.rollback();
                return self.refuse(key, message, flow, Status::NOT_ACCEPTABLE_HERE);
            };
            let ours = hold::offered(ours, other_leg);
            body = Some(ours.to_bytes());
            if other_leg.negotiation.local_offer(ours).is_err() {
                leg.negotiation.rollback();
                return self.refuse_reinvite(key, message, flow, Status::REQUEST_PENDING);
            }
        }
        if let Some(up) = leg.up() {
            up.reinvite = Some(Reinvite::Theirs { key, invite: message.bytes().to_vec() });
        }
        if let Some(up) = other_leg.up() {
            up.reinvite = Some(Reinvite::Ours { had_offer });
        }
        let body = body.as_deref().map(|body| ("application/sdp", body));
        if !other_leg.send(Method::Invite, Purpose::Reinvite, body, None, &mut self.wire) {
            self.reinvite_failed(other, Status::SERVICE_UNAVAILABLE.0);
        }
    }

    /// No other leg, or one that speaks another codec: we answer ourselves.
    fn answer_reinvite(
        &mut self,
        id: LegId,
        key: ServerKey,
        message: &Message<'_>,
        flow: Flow,
        offer: Option<Description>,
    ) {
        let Some(leg) = self.legs.get_mut(id) else { return };
        if leg.port.is_none() {
            return self.refuse(key, message, flow, Status::NO_SUCH_CALL);
        }
        let expects_answer = offer.is_none();
        let ours = match &offer {
            Some(offer) => match leg.offer_came(offer.clone(), &mut self.wire) {
                Ok(()) => leg.answer_of_ours(offer, &mut self.wire),
                Err(error) => return self.refuse(key, message, flow, Status(error.status())),
            },
            None => leg.offer_of_ours(&leg.agreed(), &mut self.wire),
        };
        let ours = match ours {
            Ok(ours) => ours,
            Err(error) => {
                leg.negotiation.rollback();
                return self.refuse(key, message, flow, Status(error.status()));
            }
        };
        leg.origin.version += 1;
        let body = ours.to_bytes();
        let stored = if expects_answer { leg.negotiation.local_offer(ours) } else { leg.answer(ours) };
        if stored.is_err() {
            return self.refuse_reinvite(key, message, flow, Status::REQUEST_PENDING);
        }
        leg.accept_reinvite(key, message.bytes(), &body, expects_answer, &mut self.wire);
        let call = leg.call;
        let other = self.calls.get(call).and_then(|call| call.other(id));
        match (offer, other) {
            (Some(_), Some(_)) => self.renegotiated(call, id),
            (Some(offer), None) => {
                self.expect(id, &offer);
                self.agreed_alone(call);
            }
            (None, _) => {}
        }
    }

    /// An answer to an INVITE that was carried into a leg's dialog.
    fn reinvite_answered(&mut self, id: LegId, response: &Message<'_>, status: Status) {
        if status.is_provisional() {
            return;
        }
        if !status.is_success() {
            return self.reinvite_failed(id, status.0);
        }
        let Some(leg) = self.legs.get_mut(id) else { return };
        let Some(up) = leg.up() else { return };
        up.dialog.handle_response(response);
        let had_offer = match up.reinvite {
            Some(Reinvite::Ours { had_offer }) => had_offer,
            Some(_) => return,
            None => return leg.repeat_ack(&mut self.wire),
        };
        leg.terms_came(response, &mut self.wire);
        let body = offer_in(response).ok().flatten();
        let taken = match (body, had_offer) {
            (Some(answer), true) => leg.answer_came(answer).is_ok(),
            (Some(offer), false) => leg.offer_came(offer, &mut self.wire).is_ok(),
            (None, _) => false,
        };
        if let Some(up) = leg.up() {
            up.reinvite = (taken && !had_offer).then_some(Reinvite::AckDue);
        }
        if had_offer || !taken {
            leg.ack(None, &mut self.wire);
        }
        let call = leg.call;
        if !taken {
            // It was accepted, but says nothing that we understand: the two sides no longer agree.
            return self.release(call, Release::new(Cause::INCOMPATIBLE, Side::Exchange));
        }
        self.answer_carried(call, id, had_offer);
    }

    /// The leg that asked gets what the other leg said.
    fn answer_carried(&mut self, call: CallId, id: LegId, had_offer: bool) {
        let Some(asker) = self.calls.get(call).and_then(|call| call.other(id)) else { return };
        let Some([leg, asking]) = self.legs.get_disjoint_mut([id, asker]) else { return };
        let theirs = if had_offer { leg.negotiation.remote() } else { leg.negotiation.remote_offer() };
        let (Some(theirs), Some(Reinvite::Theirs { key, invite })) =
            (theirs.cloned(), asking.up().and_then(|up| up.reinvite.take()))
        else {
            // Whoever asked has got another answer meanwhile: it took too long.
            return self.offer_back(id, asker);
        };
        let Some(ours) = asking.carry(&theirs, &mut self.wire) else { return };
        let ours = if had_offer { hold::answered(ours, asking.negotiation.remote_offer()) } else { ours };
        let body = ours.to_bytes();
        let stored = if had_offer { asking.answer(ours) } else { asking.negotiation.local_offer(ours) };
        if stored.is_err() {
            return self.release(call, Release::new(Cause::INCOMPATIBLE, Side::Exchange));
        }
        asking.accept_reinvite(key, &invite, &body, !had_offer, &mut self.wire);
        if had_offer {
            self.renegotiated(call, asker);
        }
    }

    /// RFC 6141: nothing has changed.
    fn reinvite_failed(&mut self, id: LegId, status: u16) {
        let Some(leg) = self.legs.get_mut(id) else { return };
        let call = leg.call;
        let Some(up) = leg.up() else { return };
        if !matches!(up.reinvite, Some(Reinvite::Ours { .. })) {
            return;
        }
        up.reinvite = None;
        leg.negotiation.rollback();
        if let Some(asker) = self.calls.get(call).and_then(|call| call.other(id)) {
            self.refuse_asker(asker, status);
        }
        // §12.2.1.2: these end the dialog.
        if matches!(status, 408 | 481) {
            let side = self.calls.get(call).map_or(Side::Exchange, |call| call.side(id));
            self.release(call, Release::new(Cause::TEMPORARY, side));
        }
    }

    fn refuse_asker(&mut self, asker: LegId, status: u16) {
        let config = self.wire.config.clone();
        let Some(leg) = self.legs.get_mut(asker) else { return };
        let flow = leg.flow;
        let Some(Reinvite::Theirs { key, invite }) = leg.up().and_then(|up| up.reinvite.take()) else { return };
        leg.negotiation.rollback();
        self.wire.timers.cancel(&mut leg.deadline);
        // What is a matter between us and the other leg is not the asker's (§22.3).
        let status =
            if matches!(status, 401 | 407 | 408 | 422 | 481) { Status::NOT_ACCEPTABLE_HERE } else { Status(status) };
        if let Ok(message) = sip::parse(&invite, &config.limits) {
            self.refuse(key, &message, flow, status);
        }
    }

    /// A response: to whose request, and what for.
    pub(crate) fn response(&mut self, message: &Message<'_>) {
        let Some(status) = message.status() else { return };
        let Some((_, owner)) = self.wire.layer.handle_response(self.wire.now, message) else { return };
        let (leg, purpose) = match owner {
            Owner::Leg(leg, purpose) => (leg, purpose),
            Owner::Errand(errand) => return self.errand_answered(errand, message, status),
        };
        if matches!(status, Status::UNAUTHORIZED | Status::PROXY_AUTHENTICATION_REQUIRED)
            && self.proves(leg, purpose, message, status)
        {
            return;
        }
        match purpose {
            Purpose::Invite => self.invite_answered(leg, message, status),
            Purpose::Reinvite => self.reinvite_answered(leg, message, status),
            Purpose::Refresh | Purpose::Update => self.refreshed(leg, purpose, message, status),
            Purpose::Prack(at) => self.prack_answered(leg, at, status.0),
            Purpose::Info(key) => self.info_answered(key, status),
            Purpose::Key => self.key_told(leg, status),
            Purpose::Bye if status.is_final() => self.leg_gone(leg),
            Purpose::Bye | Purpose::Stray => {}
        }
    }

    /// A request of ours was not answered (408) or could not be sent (503).
    pub(crate) fn transaction_failed(&mut self, owner: Owner, status: u16) {
        let (leg, purpose) = match owner {
            Owner::Leg(leg, purpose) => (leg, purpose),
            Owner::Errand(errand) => return self.errand_failed(errand, status),
        };
        match purpose {
            Purpose::Invite => {
                let calling = self.legs.get(leg).is_some_and(|leg| !Leg::is_up(leg));
                if calling {
                    self.branch_failed(leg, status);
                }
            }
            Purpose::Reinvite => self.reinvite_failed(leg, status),
            Purpose::Refresh | Purpose::Update => self.refresh_failed(leg, purpose, status, None),
            Purpose::Prack(at) => self.prack_answered(leg, at, status),
            Purpose::Bye => self.leg_gone(leg),
            Purpose::Info(key) => self.info_answered(key, Status(status)),
            Purpose::Key => self.key_told(leg, Status(status)),
            Purpose::Stray => {}
        }
    }
}

/// The Q.850 cause in a Reason header (RFC 3326), where there is one.
pub(crate) fn q850_in(reason: &str) -> Option<Cause> {
    reason.split(',').find_map(|value| {
        let mut parts = value.split(';').map(str::trim);
        parts.next().filter(|protocol| protocol.eq_ignore_ascii_case("Q.850"))?;
        let cause = parts.find_map(|part| part.strip_prefix("cause="))?;
        cause.trim().parse().ok().filter(|cause| (1..=127).contains(cause)).map(Cause)
    })
}
