//! Provisional answers that are acknowledged (RFC 3262), each leg for itself: what a callee says is acknowledged in the
//! dialog that it is in, and what is said to a caller waits for that caller's own PRACK.

use sdp::{Description, Phase};
use sip::transaction::ServerKey;
use sip::{Flow, Message, Name, Status};

use crate::arrive::offer_in;
use crate::call::{Pending, Release};
use crate::event::{Reply, Side};
use crate::ids::{CallId, LegId};
use crate::leg::{ALLOW, Accepted, LegState, Progress};
use crate::switch::Switch;

impl Switch {
    /// A 1xx to the INVITE of a calling leg. It is acknowledged where that is asked; says whether it counts.
    pub(crate) fn progress_counts(&mut self, id: LegId, response: &Message<'_>) -> bool {
        let Some(leg) = self.legs.get_mut(id) else { return false };
        let at = match leg.progress_came(response, &self.wire) {
            Progress::Plain => return true,
            Progress::Old => return false,
            Progress::New(at) => at,
        };
        leg.expiry.note(response);
        let mut ours = None;
        match (offer_in(response).ok().flatten(), leg.negotiation.phase()) {
            // §5: the answer, for good.
            (Some(_), Phase::HaveLocalOffer) => {
                if let Some(early) = leg.early(at) {
                    early.answer.get_or_insert_with(|| response.body().to_vec());
                }
            }
            (Some(offer), Phase::Stable) if !leg.is_settled() => {
                ours = self.answer_early(id, at, &offer);
                if ours.is_none() {
                    // Nothing that we speak: it is heard, and told that it is not wanted.
                    if let Some(leg) = self.legs.get_mut(id) {
                        leg.prack(at, None, &mut self.wire);
                    }
                    self.give_up_branch(id, Status::NOT_ACCEPTABLE_HERE.0);
                    return false;
                }
            }
            // Another fork offers too, and there is one port for both: it is not acknowledged, and gives up.
            (Some(_), _) if leg.early(at).is_some_and(|early| !early.settled) => return false,
            _ => {}
        }
        if let Some(leg) = self.legs.get_mut(id) {
            leg.prack(at, ours.as_deref(), &mut self.wire);
        }
        true
    }

    /// The callee's offer in a 1xx is answered by ourselves (§5), for the caller left it to the callee.
    fn answer_early(&mut self, id: LegId, at: usize, offer: &Description) -> Option<Vec<u8>> {
        let leg = self.legs.get_mut(id)?;
        leg.offer_came(offer.clone(), &mut self.wire).ok()?;
        let Ok(ours) = leg.answer_of_ours(offer, &mut self.wire) else {
            leg.negotiation.rollback();
            return None;
        };
        leg.origin.version += 1;
        let body = ours.to_bytes();
        leg.answer(ours).ok()?;
        leg.expect_media(offer, &mut self.wire);
        leg.early(at)?.settled = true;
        Some(body)
    }

    /// What came of a PRACK. Only these say that the dialog is gone (RFC 3261 §12.2.1.2): a callee that took offence at
    /// something else says its 1xx again, or ends it.
    pub(crate) fn prack_answered(&mut self, id: LegId, at: usize, status: u16) {
        let Some(leg) = self.legs.get_mut(id).filter(|_| matches!(status, 408 | 481)) else { return };
        let LegState::Calling(calling) = &mut leg.state else { return };
        if let Some(early) = calling.early.get_mut(at) {
            early.lost = true;
        }
        if !calling.cancelled && calling.early.iter().all(|early| early.lost) {
            // Who denies the dialog that it has just made is out of order, as far as the call is concerned.
            self.give_up_branch(id, if status == 408 { status } else { Status::SERVER_ERROR.0 });
        }
    }

    /// A caller acknowledges what was said to it (§3).
    pub(crate) fn prack_came(&mut self, id: LegId, key: ServerKey, message: &Message<'_>, flow: Flow) {
        let (rack, number) = match message.rack().and_then(|rack| Ok((rack, message.cseq()?.number))) {
            Ok(known) => known,
            Err(error) => return self.refuse(key, message, flow, error.status()),
        };
        let Some(leg) = self.legs.get(id).filter(|leg| leg.awaits_prack(&rack)) else {
            return self.refuse(key, message, flow, Status::NO_SUCH_CALL);
        };
        let answers = leg.negotiation.phase() == Phase::HaveLocalOffer;
        let body = match offer_in(message) {
            Ok(body) => body,
            Err(status) => return self.refuse(key, message, flow, status),
        };
        let ours = match &body {
            Some(offer) if !answers => match self.answer_before(id, offer) {
                Ok(ours) => Some(ours),
                Err(status) => return self.refuse(key, message, flow, status),
            },
            _ => None,
        };
        self.say_early(id, key, message, ours.as_deref());
        if answers {
            // §5: what answers the offer of a reliable answer comes with its PRACK.
            self.late_answer_came(id, body);
        }
        if let Some(leg) = self.legs.get_mut(id) {
            leg.pracked(number, &mut self.wire);
        }
    }

    /// 200 to a request in an early dialog.
    pub(crate) fn say_early(&mut self, id: LegId, key: ServerKey, message: &Message<'_>, body: Option<&[u8]>) {
        let Some(leg) = self.legs.get(id) else { return };
        let Some(mut writer) = leg.reply(message.bytes(), Status::OK, &self.wire) else { return };
        writer.header(Name::Allow, ALLOW);
        let bytes = match body {
            Some(body) => writer.body("application/sdp", body),
            None => writer.finish(),
        };
        self.wire.respond(key, Status::OK, bytes);
    }

    /// An offer that comes before the call is taken is answered by ourselves (§5; RFC 3311 §5.1): the other leg has agreed
    /// on nothing yet that could change.
    pub(crate) fn answer_before(&mut self, id: LegId, offer: &Description) -> Result<Vec<u8>, Status> {
        let leg = self.legs.get_mut(id).ok_or(Status::NO_SUCH_CALL)?;
        let spoken = leg.voice().map(|voice| voice.codec);
        let status = |error: sdp::Error| Status(error.status());
        leg.offer_came(offer.clone(), &mut self.wire).map_err(status)?;
        let ours = leg.answer_like(spoken, offer, &mut self.wire).inspect_err(|_| leg.negotiation.rollback());
        let ours = ours.map_err(status)?;
        let body = ours.to_bytes();
        leg.answer(ours).map_err(status)?;
        leg.expect_agreed(&mut self.wire);
        Ok(body)
    }

    /// The timer of a 1xx that waits for its PRACK.
    pub(crate) fn prack_is_due(&mut self, id: LegId) {
        let Some(leg) = self.legs.get_mut(id) else { return };
        if leg.repeat_assured(&mut self.wire) == Accepted::Waiting {
            return;
        }
        let call = leg.call;
        // §3: 64·T1 without a PRACK.
        self.release_unanswered(call, Release::with_status(Status::SERVER_TIMEOUT.0, Side::Exchange));
    }

    /// The application answers a caller who has our description already: nothing more is to be said of it.
    pub(crate) fn answer_described(&mut self, id: CallId) {
        let wall = self.wire.wall();
        let Some(call) = self.calls.get_mut(id) else { return };
        let Some(leg) = self.legs.get_mut(call.caller) else { return };
        leg.accept(None, false, &mut self.wire);
        call.draft.answered.get_or_insert(wall);
        self.wire.timers.cancel(&mut call.set_up);
        match leg.negotiation.phase() {
            Phase::Stable => call.reply(Reply::Done, &mut self.wire),
            // The PRACK tells how it hears.
            _ => call.pending = Some(Pending::Answer),
        }
        self.wind(id);
    }
}
