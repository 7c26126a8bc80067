//! What comes from callees before they answer: that they ring, and what they say meanwhile (RFC 3960).

use sdp::Description;
use sip::{Message, Status};

use crate::arrive::offer_in;
use crate::dialing::Early;
use crate::event::Event;
use crate::ids::{CallId, LegId};
use crate::leg::LegState;
use crate::media::MediaCommand;
use crate::switch::Switch;
use crate::trunk::EarlyMedia;

impl Switch {
    /// A provisional answer to the INVITE of a calling leg.
    pub(crate) fn branch_progress(&mut self, id: LegId, response: &Message<'_>, status: Status) {
        let wall = self.wire.wall();
        let replaced = self.early_of(id) == EarlyMedia::Replaced;
        // Then it rings, whatever it does.
        let status = if replaced && status == Status::SESSION_PROGRESS { Status::RINGING } else { status };
        let Some(leg) = self.legs.get_mut(id) else { return };
        let LegState::Calling(calling) = &mut leg.state else { return };
        if calling.cancelled {
            return;
        }
        let rings = status == Status::RINGING;
        let first = rings && !calling.rang;
        calling.rang |= rings;
        let early = match leg.negotiation.local() {
            // What a carrier sends before the answer is not for this caller.
            Some(_) if replaced => None,
            // That was its offer, and it is answered.
            Some(_) if leg.is_settled() => None,
            Some(_) => offer_in(response).ok().flatten(),
            // The callee's offer in an unreliable 1xx cannot be answered (RFC 3262 §5).
            None => None,
        };
        let (call, party) = (leg.call, leg.party.clone());
        let Some(call) = self.calls.get_mut(call) else { return };
        let Some(dialing) = call.dialing() else { return };
        if rings {
            dialing.note_ringing();
            call.draft.ringing.get_or_insert(wall);
        }
        if first {
            self.wire.event(call.id, Event::Ringing { target: party });
        }
        let call = call.id;
        match early {
            Some(answer) => self.early_media(call, id, &answer, response.body(), status),
            None if rings || status == Status::SESSION_PROGRESS => {
                self.tell_caller(call, status, None);
                self.ring_back(call);
            }
            None => {}
        }
    }

    /// Who is answered already cannot be told by a provisional answer that it rings: he hears the tone, where he hears
    /// neither music nor the callee's side.
    pub(crate) fn ring_back(&mut self, id: CallId) {
        let answered = self.caller_is_answered(id);
        let Some(call) = self.calls.get_mut(id).filter(|_| answered) else { return };
        // Where there is no voice of ours nothing can be played.
        let port = self.legs.get(call.caller).filter(|leg| leg.voice().is_some()).and_then(|leg| leg.port);
        if let Some(port) = port
            && call.dialing().is_some_and(|dialing| dialing.rings_silently())
        {
            let at = call.place(port.id);
            call.sounds.ring(&at, &mut self.wire);
        }
    }

    fn tell_caller(&mut self, call: CallId, status: Status, early: Option<Vec<u8>>) {
        if let Some(leg) = self.calls.get(call).and_then(|call| self.legs.get_mut(call.caller)) {
            leg.progress(status, early, &mut self.wire);
        }
    }

    /// The first callee with early media is heard (RFC 3960 §3.1); others ring silently.
    fn early_media(&mut self, call: CallId, id: LegId, answer: &Description, body: &[u8], status: Status) {
        let Some(state) = self.calls.get_mut(call) else { return };
        let caller = state.caller;
        let Some(dialing) = state.dialing() else { return };
        if dialing.early.is_none() && self.legs.get_mut(id).is_none_or(|leg| leg.early_answer_came(answer).is_err()) {
            // Keys that do not fit: nothing would be heard. The final answer may be another.
            return self.tell_caller(call, Status::RINGING, None);
        }
        match &dialing.early {
            Some(early) if early.leg != id => return self.tell_caller(call, Status::RINGING, None),
            Some(early) if early.answer == body => return self.tell_caller(call, status, None),
            // One dialog, one answer (RFC 3261 §13.2.1): a changed one is not passed on.
            Some(_) => return,
            None => dialing.early = Some(Early { leg: id, answer: body.to_vec() }),
        }
        let Some([caller, leg]) = self.legs.get_disjoint_mut([caller, id]) else { return };
        // Who is answered already has his answer, and hears through it.
        let mut early = None;
        if let Some(offer) = caller.negotiation.remote_offer().cloned() {
            let spoken = leg.wide.then(|| leg.voice_with(answer).map(|voice| voice.codec));
            let said = match spoken {
                Some(spoken) => caller.answer_like(spoken, &offer, &mut self.wire).ok(),
                None => caller.carry(answer, &mut self.wire),
            };
            match &said {
                // RFC 3262 §5: in an answer that is acknowledged it is for good.
                Some(said) if caller.is_assured() && caller.answer(said.clone()).is_ok() => {
                    caller.expect_agreed(&mut self.wire);
                }
                Some(said) if leg.wide => caller.expect_early(&offer, said, &mut self.wire),
                _ => caller.expect_media(&offer, &mut self.wire),
            }
            early = said.map(|said| said.to_bytes());
        }
        let (a, caller) = (caller.port, caller.id);
        if early.is_some() {
            self.fork_caller(caller);
        }
        self.tell_caller(call, status, early);
        if self.calls.get(call).is_some_and(|call| call.sounds.has_music()) {
            // A caller that hears music keeps it until the call is answered.
            return;
        }
        if let (Some(a), Some(call)) = (a, self.calls.get_mut(call)) {
            call.sounds.end_ringing(a.id, &mut self.wire);
        }
        let Some(leg) = self.legs.get(id) else { return };
        leg.expect_media(answer, &mut self.wire);
        if let (Some(a), Some(b)) = (a, leg.port) {
            if let Some(call) = self.calls.get_mut(call) {
                // What an operator plays to him meanwhile gives way.
                call.sounds.stop(Some(a.id), &mut self.wire);
            }
            self.wire.media(MediaCommand::Connect { a: a.id, b: b.id });
        }
    }

    /// The answer of an unreliable 1xx, where the final one repeats none.
    pub(crate) fn take_early_answer(&mut self, call: CallId, id: LegId) -> bool {
        let Some(early) =
            self.calls.get_mut(call).and_then(|call| call.dialing()).and_then(|dialing| dialing.early.as_ref())
        else {
            return false;
        };
        if early.leg != id {
            return false;
        }
        let answer = Description::parse(&early.answer).ok();
        match (answer, self.legs.get_mut(id)) {
            (Some(answer), Some(leg)) => leg.answer_came(answer).is_ok(),
            _ => false,
        }
    }

    /// Another answer than the early one that the caller has seen is to be told him: another dialog, as if a proxy had
    /// forked (RFC 3261 §13.2.1: one dialog, one answer).
    pub(crate) fn fork_caller(&mut self, id: LegId) {
        let Some(caller) = self.legs.get_mut(id) else { return };
        if caller.early_answer().is_some() {
            self.tags.remove(&caller.local_tag);
            caller.retag(&mut self.wire);
            self.tags.insert(caller.local_tag.clone(), id);
        }
    }
}
