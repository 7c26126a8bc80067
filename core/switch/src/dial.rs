//! Rings whom a dial names: resolves targets, writes leg B anew for every contact, takes the first that answers.

use sdp::Description;
use sip::{Flow, Message, Name, Status, UriBuf};

use crate::arrive::offer_in;
use crate::ask::{Ask, Asker, Destination, Unresolved};
use crate::bridge::q850_in;
use crate::call::{CallState, ShownAs};
use crate::command::Dial;
use crate::dialing::{Dialing, Early};
use crate::event::{DialFacts, DialOutcome, Event, Side};
use crate::ids::{CallId, LegId};
use crate::leg::{Leg, LegState, Reinvite, Seal};
use crate::letter::{Escaped, From, Letter, To};
use crate::media::MediaCommand;
use crate::policy::MediaPolicy;
use crate::spending::ledger::BillId;
use crate::switch::{Asked, Switch};
use crate::timers::Timer;
use crate::trunk::Sought;
use crate::voice;
use crate::way::OnTrunk;

/// RFC 3326 §2: tells a phone that another took the call, so that it does not list a missed one.
const ELSEWHERE: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";

/// Whom to ring.
#[derive(Debug)]
pub(crate) struct Branch {
    /// For people.
    pub(crate) party: String,
    /// The URI, the route there and the flow.
    pub(crate) to: (UriBuf, Vec<String>, Flow),
    /// What its media may be.
    pub(crate) media: MediaPolicy,
    /// See [`Leg::wide`](Leg).
    pub(crate) wide: bool,
    /// The trunk that it goes over.
    pub(crate) trunk: Option<Box<OnTrunk>>,
}

impl Switch {
    pub(crate) fn begin_dial(&mut self, id: CallId, dial: Dial) {
        let limit = self.wire.config.max_ring_time;
        if let Some(call) = self.calls.get_mut(id) {
            call.draft.facts = DialFacts::default();
            call.state = CallState::Dialing(Box::new(Dialing::new(dial, limit)));
            self.next_step(id);
        }
    }

    fn next_step(&mut self, id: CallId) {
        let Some(call) = self.calls.get_mut(id) else { return };
        let tenant = call.tenant();
        let (user, dialled) = (call.invitation.user, call.invitation.inbound.clone().map(|(_, number)| number));
        let caller = call.invitation.caller.user.clone();
        let Some(dialing) = call.dialing() else { return };
        self.wire.timers.cancel(&mut dialing.timer);
        let Some(targets) = dialing.next_step() else {
            let (outcome, by) = (dialing.outcome(), dialing.ended_by());
            let bills: Vec<BillId> = dialing.bills().collect();
            call.state = CallState::Deciding;
            self.give_back(bills);
            return self.dial_ended(id, &outcome, by);
        };
        let asker = Asker { user, caller, dialled, outside: dialing.outside.clone() };
        dialing.timer = Some(self.wire.arm(dialing.ring_time(), Timer::Ring(id)));
        for target in targets {
            self.ask(Asked::Resolve(id), Ask::Resolve { tenant, target, asker: Box::new(asker.clone()) });
        }
    }

    /// Where a target leads.
    pub(crate) fn resolved(&mut self, id: CallId, found: Result<Vec<Destination>, Unresolved>) {
        let Some(dialing) = self.calls.get_mut(id).and_then(|call| call.dialing()) else { return };
        dialing.resolving = dialing.resolving.saturating_sub(1);
        match found {
            Err(why) => dialing.note_unresolved(why),
            Ok(destinations) => {
                for destination in destinations {
                    self.branch_to(id, destination);
                }
            }
        }
        self.end_step_if_over(id);
    }

    /// One leg for each contact of a destination; all ring at once.
    fn branch_to(&mut self, id: CallId, destination: Destination) {
        match destination {
            Destination::Aor { aor, media } => {
                let contacts: Vec<_> = self
                    .registrar
                    .lookup(self.wire.now, &aor)
                    .into_iter()
                    .map(|binding| (binding.contact.clone(), binding.path.clone(), binding.flow))
                    .collect();
                if contacts.is_empty()
                    && let Some(dialing) = self.calls.get_mut(id).and_then(|call| call.dialing())
                {
                    dialing.note_unregistered();
                }
                for (uri, path, seen) in contacts {
                    let flow = self.wire.toward(&uri.as_uri(), &seen);
                    let (party, to) = (aor.user.clone(), (uri, path, flow));
                    self.add_branch(id, Branch { party, to, media: media.clone(), wide: false, trunk: None });
                }
            }
            Destination::Outside(outbound) => self.set_out(id, *outbound),
            Destination::Uri(text) => {
                let uri = UriBuf::parse(text.as_str()).ok();
                match uri.and_then(|uri| self.wire.flow_to(&uri.as_uri()).map(|flow| (uri, flow))) {
                    Some((uri, flow)) => {
                        if let Some(call) = self.calls.get_mut(id) {
                            call.draft.outside = true;
                        }
                        let (to, media) = ((uri, Vec::new(), flow), MediaPolicy::default());
                        self.add_branch(id, Branch { party: text, to, media, wide: false, trunk: None });
                    }
                    None => {
                        if let Some(dialing) = self.calls.get_mut(id).and_then(|call| call.dialing()) {
                            dialing.note_failed(LegId::default(), Status::BAD_GATEWAY.0);
                        }
                    }
                }
            }
        }
    }

    pub(crate) fn add_branch(&mut self, id: CallId, branch: Branch) {
        let Branch { party, to, media, wide, trunk } = branch;
        let flow = to.2;
        let limit = self.wire.config.max_branches;
        let Some(call) = self.calls.get_mut(id) else { return };
        let caller = match call.shown_as.privacy {
            // RFC 3323 §4.1: the Contact tells as much as From.
            Some(_) => "anonymous".to_owned(),
            None => Escaped(&call.shown_as.number).to_string(),
        };
        let Some(dialing) = call.dialing() else { return };
        if dialing.ringing.len() >= limit {
            return;
        }
        let seal = Seal::new(media.secrecy, self.wire.config.secrecy);
        let mut leg = Leg::calling(id, party, to, &caller, seal, &mut self.wire);
        (leg.policy, leg.wide, leg.trunk) = (media, wide, trunk);
        leg.follow_trunk();
        let leg = self.add_leg(leg);
        if let Some(call) = self.calls.get_mut(id) {
            call.legs.push(leg);
            call.draft.begun.push(leg);
            if let Some(dialing) = call.dialing() {
                dialing.ringing.push(leg);
            }
        }
        self.ask_port(leg, flow);
    }

    /// The leg has its port: its INVITE goes out.
    pub(crate) fn send_invite(&mut self, id: LegId) {
        let Some(call) = self.legs.get(id).and_then(|leg| self.calls.get(leg.call)) else { return };
        let shown_as = call.shown_as.clone();
        let originated = call.originated;
        let Some(caller) = self.legs.get(call.caller) else {
            if originated {
                let ours = Some(self.own_offer(id));
                self.send_offer(id, ours, &shown_as);
            }
            return;
        };
        // What the caller offered, as far as both may use it; or, once it was answered or there is nothing of that kind, what
        // it speaks and all that we can make of it; or nothing, when the caller leaves the offer to the callee.
        let up = caller.is_up() || caller.negotiation.remote().is_some();
        let agreed = if up { caller.agreed() } else { caller.would_agree(&self.wire) };
        let basis = caller.negotiation.remote_offer().cloned();
        let policy = caller.policy.clone();
        let Some(leg) = self.legs.get_mut(id) else { return };
        let ours = match basis {
            Some(basis) if !up => {
                let carried = if leg.wide { None } else { leg.carry_offer(&basis, &policy, &mut self.wire) };
                if carried.is_none() && agreed.is_empty() {
                    // Neither has both a codec, nor can one be made into another.
                    return self.branch_failed(id, Status::NOT_ACCEPTABLE_HERE.0);
                }
                leg.wide = carried.is_none();
                Some(carried.or_else(|| leg.propose(&agreed, &mut self.wire)))
            }
            _ => up.then(|| leg.propose(&agreed, &mut self.wire)),
        };
        self.send_offer(id, ours, &shown_as);
    }

    /// Sends the INVITE with this offer; with none, where it is left to the callee.
    fn send_offer(&mut self, id: LegId, ours: Option<Option<Description>>, shown_as: &ShownAs) {
        let Some(leg) = self.legs.get_mut(id) else { return };
        let offer = match ours {
            Some(Some(offer)) if leg.negotiation.local_offer(offer.clone()).is_ok() => Some(offer),
            // The policy of the callee permits nothing that we speak.
            Some(None) => return self.branch_failed(id, Status::NOT_ACCEPTABLE_HERE.0),
            Some(_) => return self.branch_failed(id, Status::SERVICE_UNAVAILABLE.0),
            None => None,
        };
        let sent = if leg.trunk.is_some() {
            let private =
                self.calls.get_mut(leg.call).and_then(|call| call.dialing()).is_some_and(|it| it.outside.private);
            leg.invite_outside(shown_as, private, offer.as_ref(), &mut self.wire)
        } else {
            let from = From { shown_as, host: self.wire.shown(&leg.flow) };
            let party = leg.party.clone();
            let to = To { party: &party, host: self.wire.shown(&leg.flow) };
            leg.invite(&Letter::plain(&from, &to, shown_as), offer.as_ref(), &mut self.wire)
        };
        if !sent {
            return self.branch_failed(id, Status::SERVICE_UNAVAILABLE.0);
        }
        self.begin_patience(id);
    }

    /// An answer to the INVITE of a calling leg.
    pub(crate) fn invite_answered(&mut self, id: LegId, response: &Message<'_>, status: Status) {
        self.gateway_spoke(id, response, status);
        self.note_facts(id, response, status);
        match status.0 {
            100 => {}
            101..=199 => {
                if self.progress_counts(id, response) {
                    self.branch_progress(id, response, status);
                }
            }
            200..=299 => self.branch_answered(id, response),
            // RFC 3261 §21.4.26: perhaps the codecs.
            488 if self.widen(id) => {}
            422 if self.calls_longer(id, response) => {}
            _ => self.branch_failed(id, status.0),
        }
    }

    /// What this answer says, for an application that wants to know more than how its dial came out.
    fn note_facts(&mut self, id: LegId, response: &Message<'_>, status: Status) {
        let Some(leg) = self.legs.get(id) else { return };
        let trunk = leg.trunk.as_deref().map(|on| on.trunk.name.clone());
        let Some(call) = self.calls.get_mut(leg.call).filter(|call| matches!(call.state, CallState::Dialing(_))) else {
            return;
        };
        call.draft.facts.rang |= status == Status::RINGING;
        if status.is_final() {
            let cause = response.value(Name::Reason).and_then(|reason| q850_in(&reason));
            call.note_answer(status.0, cause, trunk);
        }
    }

    /// A callee took nothing of what its caller speaks: it is called once more, and offered what can be made of that too.
    /// Says whether it is.
    fn widen(&mut self, id: LegId) -> bool {
        let Some(leg) = self.legs.get(id) else { return false };
        let Some(caller) = self.calls.get(leg.call).and_then(|call| self.legs.get(call.caller)) else { return false };
        let (LegState::Calling(calling), false) = (&leg.state, leg.wide || caller.is_up() || caller.is_described())
        else {
            return false;
        };
        let Some(offered) = leg.negotiation.local().and_then(Description::audio) else { return false };
        let more = voice::named(&leg.speakable(&self.wire));
        let more = more.iter().any(|codec| offered.voices().all(|known| !known.is_same(codec)));
        if calling.cancelled || !more || caller.would_agree(&self.wire).is_empty() {
            return false;
        }
        let to = (calling.uri.clone(), calling.route.clone(), leg.flow);
        let (call, party, policy) = (leg.call, leg.party.clone(), leg.policy.clone());
        let Some(dialing) = self.calls.get_mut(call).and_then(|call| call.dialing()) else { return false };
        if !dialing.lost(id) {
            return false;
        }
        let trunk = self.legs.get_mut(id).and_then(|leg| self.trunks.hand_over(leg));
        self.add_branch(call, Branch { party, to, media: policy, wide: true, trunk });
        if let Some(leg) = self.legs.get_mut(id) {
            leg.last_status.get_or_insert(Status::NOT_ACCEPTABLE_HERE.0);
        }
        self.leg_gone(id);
        true
    }

    fn branch_answered(&mut self, id: LegId, response: &Message<'_>) {
        let Some(leg) = self.legs.get_mut(id) else { return };
        if leg.is_up() {
            return leg.answered_again(response, &mut self.wire);
        }
        let offered = leg.negotiation.local().is_some();
        let early = leg.take_early(response);
        if !leg.answered(response, &self.wire) {
            return;
        }
        leg.terms_came(response, &mut self.wire);
        let (answer, settled) = early.map_or((None, false), |early| leg.go_on(early, response));
        let call = leg.call;
        let wins = self
            .calls
            .get_mut(call)
            .and_then(|call| call.dialing())
            .is_some_and(|dialing| dialing.ringing.contains(&id));
        // RFC 3262 §5: what a reliable 1xx has said counts, whatever the 2xx says.
        let body = answer.or_else(|| offer_in(response).ok().flatten());
        let taken = wins
            && match (body, offered) {
                _ if settled => true,
                (Some(answer), true) => leg.answer_came(answer).is_ok(),
                (Some(offer), false) => leg.offer_came(offer, &mut self.wire).is_ok(),
                // The early answer of an unreliable 1xx must be repeated, but some phones do not.
                (None, true) => self.take_early_answer(call, id),
                (None, false) => false,
            };
        if taken {
            self.attempt_over(id, Some(Status::OK.0));
            return self.bridge(call, id, offered);
        }
        // Too late, or not to be understood: it is acknowledged and ended (§13.2.2.4, §13.3.1.4).
        self.decline(id, offered);
        if wins {
            self.branch_lost(id, Status::NOT_ACCEPTABLE_HERE.0);
        }
    }

    /// Acknowledges a leg that nobody waits for, and hangs up.
    fn decline(&mut self, id: LegId, offered: bool) {
        let Some(leg) = self.legs.get_mut(id) else { return };
        let answer = match (offered, leg.negotiation.remote_offer().cloned()) {
            (false, Some(offer)) => leg.answer_of_ours(&offer, &mut self.wire).ok(),
            _ => None,
        };
        let body = answer.map(|answer| answer.to_bytes());
        leg.ack(body.as_deref(), &mut self.wire);
        let waits = leg.hang_up(Some(ELSEWHERE.to_owned()), &mut self.wire);
        if !waits {
            self.leg_gone(id);
        }
    }

    /// This leg answered first: the others are cancelled, the caller is answered, the two hear each other.
    fn bridge(&mut self, id: CallId, callee: LegId, offered: bool) {
        let wall = self.wire.wall();
        let Some(call) = self.calls.get_mut(id) else { return };
        let Some(dialing) = call.dialing() else { return };
        self.wire.timers.cancel(&mut dialing.timer);
        let others: Vec<LegId> = dialing.ringing.drain(..).filter(|leg| *leg != callee).collect();
        let early = dialing.early.take();
        let at =
            self.legs.get(callee).and_then(|leg| leg.trunk.as_deref()?.attempt.as_ref()).map(|attempt| attempt.way);
        let bill = at.and_then(|at| dialing.ways.get_mut(at)?.bill.take());
        let others_bills: Vec<BillId> = dialing.bills().collect();
        self.wire.timers.cancel(&mut call.set_up);
        let caller = call.caller;
        let alone = call.originated && !self.legs.contains_key(caller);
        call.state = if alone { CallState::Deciding } else { CallState::Bridged { callee } };
        self.still(caller);
        self.give_back(others_bills);
        self.begin_charge(id, callee, bill);
        for leg in others {
            self.cancel_leg(leg, Some(ELSEWHERE));
        }
        if alone {
            return self.take_in(id, callee);
        }
        if !self.answer_for(id, callee, offered, early.as_ref()) {
            // Nothing that both can use.
            return self.release(id, crate::call::Release::with_status(Status::NOT_ACCEPTABLE_HERE.0, Side::Exchange));
        }
        let Some(call) = self.calls.get_mut(id) else { return };
        let target = self.legs.get(callee).map(|leg| leg.party.clone()).unwrap_or_default();
        call.draft.answered.get_or_insert(wall);
        call.draft.answered_by = Some(target.clone());
        call.span.in_scope(|| tracing::debug!("bridged"));
        self.wire.event(id, Event::Bridged { target: target.clone() });
        self.wind(id);
        self.dial_ended(id, &DialOutcome::Answered { target }, Side::Callee);
    }

    /// Tells the caller what the callee answered, or offered.
    fn answer_for(&mut self, id: CallId, callee: LegId, offered: bool, early: Option<&Early>) -> bool {
        let Some(caller_id) = self.calls.get(id).map(|call| call.caller) else { return false };
        let Some([caller, leg]) = self.legs.get_disjoint_mut([caller_id, callee]) else { return false };
        if offered {
            leg.ack(None, &mut self.wire);
        } else if caller.is_described() {
            // It cannot be offered anything before its call is taken: the callee is answered by ourselves.
            let spoken = caller.voice().map(|voice| voice.codec);
            if !leg.ack_with_answer(spoken, &mut self.wire) {
                return false;
            }
        } else if let Some(up) = leg.up() {
            up.reinvite = Some(Reinvite::AckDue);
        }
        let Some(theirs) = leg.negotiation.remote().or(leg.negotiation.remote_offer()).cloned() else { return false };
        if !caller.is_up() && caller.is_described() {
            caller.accept(None, false, &mut self.wire);
        } else if !caller.is_up() && offered && caller.negotiation.remote_offer().is_none() {
            // What was agreed with the callee before it took the call is offered to the caller, who left that to it.
            let agreed = leg.agreed();
            let Some(ours) = caller.propose(&agreed, &mut self.wire) else { return false };
            let body = ours.to_bytes();
            if caller.negotiation.local_offer(ours).is_err() {
                return false;
            }
            caller.accept(Some(&body), true, &mut self.wire);
        } else if !caller.is_up() {
            let same = early.is_some_and(|early| early.leg == callee && early.answer == theirs.to_bytes());
            let heard = caller.early_answer().map(<[u8]>::to_vec);
            let ours = match heard {
                Some(heard) if same => Description::parse(&heard).ok(),
                // What the two speak may differ.
                _ if leg.wide => {
                    let offer = caller.negotiation.remote_offer().cloned();
                    let spoken = leg.voice().map(|voice| voice.codec);
                    offer.and_then(|offer| caller.answer_like(spoken, &offer, &mut self.wire).ok())
                }
                // The callee's offer; or its answer to what the caller may use.
                _ if !offered => caller.carry_offer(&theirs, &leg.policy, &mut self.wire),
                _ => caller.carry(&theirs, &mut self.wire),
            };
            let Some(ours) = ours else { return false };
            let body = ours.to_bytes();
            let stored = if offered { caller.answer(ours) } else { caller.negotiation.local_offer(ours) };
            if stored.is_err() {
                return false;
            }
            if !same {
                self.fork_caller(caller_id);
            }
            if let Some(caller) = self.legs.get_mut(caller_id) {
                caller.accept(Some(&body), !offered, &mut self.wire);
            }
        }
        self.connect(caller_id, callee);
        true
    }

    /// Lets two legs hear each other, as far as both have said where.
    fn connect(&mut self, a: LegId, b: LegId) {
        let (Some(one), Some(other)) = (self.legs.get(a), self.legs.get(b)) else { return };
        for leg in [one, other] {
            leg.expect_agreed(&mut self.wire);
        }
        let fax = one.is_faxing();
        let (Some(one), Some(other)) = (one.port, other.port) else { return };
        self.wire.media(MediaCommand::Connect { a: one.id, b: other.id });
        let silence = if fax { None } else { self.wire.config.media_silence };
        for port in [one.id, other.id] {
            self.wire.media(MediaCommand::Watch { port, silence });
        }
    }

    /// A calling leg failed with this status; the dial goes on without it.
    pub(crate) fn branch_failed(&mut self, id: LegId, status: u16) {
        if self.moves_on(id, status) {
            return;
        }
        self.attempt_over(id, Some(status));
        let Some(leg) = self.legs.get_mut(id) else { return };
        leg.last_status.get_or_insert(status);
        self.branch_lost(id, status);
        self.leg_gone(id);
    }

    pub(crate) fn branch_lost(&mut self, id: LegId, status: u16) {
        let Some(call) = self.legs.get(id).map(|leg| leg.call) else { return };
        let Some(dialing) = self.calls.get_mut(call).and_then(|call| call.dialing()) else { return };
        if !dialing.ringing.contains(&id) {
            return;
        }
        dialing.note_failed(id, status);
        if status >= 600 {
            // §16.7 step 5: a 6xx speaks for all places where the callee could be.
            for leg in dialing.rings_no_more() {
                self.cancel_leg(leg, None);
            }
        }
        self.end_step_if_over(call);
        // Perhaps it was heard, and others ring.
        self.ring_back(call);
    }

    pub(crate) fn end_step_if_over(&mut self, id: CallId) {
        if self.calls.get_mut(id).and_then(|call| call.dialing()).is_some_and(|dialing| dialing.step_is_over()) {
            self.next_step(id);
        }
    }

    /// The step has rung long enough.
    pub(crate) fn ring_time_is_over(&mut self, id: CallId) {
        let Some(dialing) = self.calls.get_mut(id).and_then(|call| call.dialing()) else { return };
        dialing.timer = None;
        dialing.note_timed_out();
        let ringing = dialing.rings_no_more();
        if std::mem::take(&mut dialing.resolving) > 0 {
            self.forget_resolving(id);
        }
        for leg in ringing {
            self.cancel_leg(leg, None);
        }
        self.next_step(id);
    }

    /// Answers to these questions would be for a step that is over.
    pub(crate) fn forget_resolving(&mut self, id: CallId) {
        let timers = &mut self.wire.timers;
        self.questions.retain(|_, question| {
            let stale =
                matches!(question.asked, Asked::Resolve(call) | Asked::Locate(Sought::Way(call, ..)) if call == id);
            if stale {
                timers.cancel(&mut question.timer);
            }
            !stale
        });
    }

    /// Gives up a calling leg: it lives until its final answer is in.
    pub(crate) fn cancel_leg(&mut self, id: LegId, reason: Option<&str>) {
        self.attempt_over(id, None);
        let waits = self.legs.get_mut(id).is_some_and(|leg| leg.cancel(reason, &mut self.wire));
        if waits {
            self.close_port(id);
        } else {
            self.leg_gone(id);
        }
    }
}
