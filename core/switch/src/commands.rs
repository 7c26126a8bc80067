//! What an application asks of a call, done or refused. Each command has exactly one reply.

use std::time::Duration;

use sip::Status;

use crate::ask::Fallback;
use crate::call::{Call, CallState, Holder, Pending, Release};
use crate::command::{Command, Dial, Order, Target};
use crate::event::{Cause, DialOutcome, Event, Refusal, Reply, Side};
use crate::ids::{CallId, LegId};
use crate::leg::{Leg, LegState};
use crate::switch::Switch;
use crate::tables;
use crate::timers::Timer;

impl Switch {
    /// A request of an application or an operator.
    pub(crate) fn command(&mut self, id: CallId, command: Command) {
        let Some(call) = self.calls.get_mut(id) else { return };
        if let Command::Hangup(cause) = command {
            // Anybody who holds the key may end a call: an operator too.
            let mine = call.holder == Holder::Application && call.pending.is_none();
            if mine {
                call.reply(Reply::Done, &mut self.wire);
            }
            let release = if call.originated && call.draft.answered.is_none() {
                // Whoever had it begun has given it up.
                Release { cause, ..Release::with_status(Status::REQUEST_TERMINATED.0, Side::Exchange) }
            } else {
                Release::new(cause, Side::Exchange)
            };
            return self.release(id, release);
        }
        let parting = matches!(command, Command::Detach | Command::Route { .. });
        if call.holder != Holder::Application || call.is_releasing() || (call.pending.is_some() && !parting) {
            return call.refuse(Refusal::WrongState, &mut self.wire);
        }
        self.wire.timers.cancel(&mut call.decide);
        if self.needs_caller(id, &command) {
            if let Some(call) = self.calls.get(id) {
                call.refuse(Refusal::WrongState, &mut self.wire);
            }
        } else {
            self.obey(id, command);
        }
        self.await_decision(id);
    }

    fn obey(&mut self, id: CallId, command: Command) {
        let Some(call) = self.calls.get_mut(id) else { return };
        match command {
            Command::Attach(label) => {
                call.draft.application = Some(label.clone());
                // The reply first: it is for whoever gave the call, and not for the application.
                call.reply(Reply::Done, &mut self.wire);
                self.wire.event(id, Event::Attached(label));
            }
            Command::Ring => self.ring(id),
            Command::Answer => self.answer_caller(id),
            Command::Reject { status, reason } => self.reject(id, status, reason),
            Command::Dial(dial) => self.dial(id, dial),
            Command::LastDial => call.reply(Reply::LastDial(call.draft.facts.clone()), &mut self.wire),
            Command::Wait(time) => {
                call.pending = Some(Pending::Wait);
                // An hour is longer than any application has reason to wait.
                let time = time.min(Duration::from_secs(3600));
                call.timer = Some(self.wire.arm(time, Timer::Wait(id)));
            }
            Command::AwaitEnd => call.pending = Some(Pending::End),
            Command::Detach => self.detach(id),
            Command::Route { failed } => self.route(id, failed),
            Command::Play(_)
            | Command::Read(_)
            | Command::Record(_)
            | Command::Echo { .. }
            | Command::Music { .. }
            | Command::Hush => self.sound(id, command),
            Command::Join { .. }
            | Command::Bear(_)
            | Command::Whisper(_)
            | Command::Announce { .. }
            | Command::StartRoomRecording { .. }
            | Command::PauseRoomRecording
            | Command::ResumeRoomRecording
            | Command::StopRoomRecording
            | Command::Leave => self.mix(id, command),
            Command::StartRecording(_)
            | Command::PauseRecording
            | Command::ResumeRecording
            | Command::StopRecording => self.record_for_application(id, command),
            Command::Hangup(_) => {}
        }
    }

    /// Arms the deadline for the next decision, where one is awaited.
    fn await_decision(&mut self, id: CallId) {
        let answered = self.caller_is_answered(id);
        let Some(call) = self.calls.get_mut(id) else { return };
        let undecided =
            call.holder == Holder::Application && call.pending.is_none() && matches!(call.state, CallState::Deciding);
        if undecided && !answered && call.decide.is_none() {
            call.decide = Some(self.wire.arm(self.wire.config.decision_time, Timer::Decide(id)));
        }
    }

    pub(crate) fn caller_is_answered(&self, id: CallId) -> bool {
        self.calls.get(id).and_then(|call| self.legs.get(call.caller)).is_some_and(Leg::is_up)
    }

    fn caller_of(&mut self, id: CallId) -> Option<(&mut Call, &mut Leg)> {
        let call = self.calls.get_mut(id)?;
        let leg = self.legs.get_mut(call.caller)?;
        Some((call, leg))
    }

    fn ring(&mut self, id: CallId) {
        let wall = self.wire.wall();
        let Some(call) = self.calls.get_mut(id) else { return };
        let Some(leg) = self.legs.get_mut(call.caller) else { return };
        if !matches!(leg.state, LegState::Arriving(_)) {
            return call.refuse(Refusal::WrongState, &mut self.wire);
        }
        leg.progress(Status::RINGING, None, &mut self.wire);
        call.draft.ringing.get_or_insert(wall);
        call.reply(Reply::Done, &mut self.wire);
    }

    /// Answers the caller ourselves, with one codec of ours. Where the caller left the offer to us, the answer is not
    /// done before the ACK has told how it hears.
    fn answer_caller(&mut self, id: CallId) {
        let wall = self.wire.wall();
        let Some(call) = self.calls.get_mut(id) else { return };
        let Some(leg) = self.legs.get_mut(call.caller) else { return };
        let (LegState::Arriving(_), Some(_)) = (&leg.state, leg.port) else {
            return call.refuse(Refusal::WrongState, &mut self.wire);
        };
        if leg.is_described() {
            return self.answer_described(id);
        }
        let offer = leg.negotiation.remote_offer().cloned();
        let ours = match &offer {
            Some(offer) => leg.answer_of_ours(offer, &mut self.wire),
            None => leg.offer_of_ours(&[], &mut self.wire),
        };
        let Ok(ours) = ours else {
            call.reply(Reply::Refused(Refusal::BadValue), &mut self.wire);
            return self.release(id, Release::with_status(Status::NOT_ACCEPTABLE_HERE.0, Side::Exchange));
        };
        leg.origin.version += 1;
        let body = ours.to_bytes();
        let stored = match &offer {
            Some(_) => leg.answer(ours),
            None => leg.negotiation.local_offer(ours),
        };
        if stored.is_err() {
            return call.refuse(Refusal::WrongState, &mut self.wire);
        }
        leg.accept(Some(&body), offer.is_none(), &mut self.wire);
        if let Some(offer) = &offer {
            leg.expect_media(offer, &mut self.wire);
        }
        call.draft.answered.get_or_insert(wall);
        self.wire.timers.cancel(&mut call.set_up);
        match offer {
            Some(_) => call.reply(Reply::Done, &mut self.wire),
            None => call.pending = Some(Pending::Answer),
        }
        self.wind(id);
    }

    fn reject(&mut self, id: CallId, status: u16, reason: Option<String>) {
        let Some((call, leg)) = self.caller_of(id) else { return };
        let arriving = matches!(leg.state, LegState::Arriving(_));
        let refusal = match () {
            () if !(300..=699).contains(&status) => Some(Refusal::BadValue),
            () if !arriving => Some(Refusal::WrongState),
            () => None,
        };
        let reply = refusal.map_or(Reply::Done, Reply::Refused);
        let call = call.id;
        self.wire.event(call, Event::Reply(reply));
        if refusal.is_none() {
            // An application that passes on how its dial came out ends the call as the built-in route would.
            let passed_on = self.calls.get(id).and_then(|call| call.draft.dialled.as_ref());
            let passed_on = passed_on.filter(|(outcome, _)| tables::status_of_outcome(outcome).0 == status);
            let mut release = match passed_on {
                Some((outcome, by)) => Release::with_outcome(outcome, *by),
                None => Release::with_status(status, Side::Exchange),
            };
            release.reason_phrase = reason;
            self.release(id, release);
        }
    }

    fn dial(&mut self, id: CallId, dial: Dial) {
        let Some(call) = self.calls.get_mut(id) else { return };
        if !matches!(call.state, CallState::Deciding) || call.member.is_in() {
            return call.refuse(Refusal::WrongState, &mut self.wire);
        }
        if dial.targets.is_empty() || dial.targets.len() > self.wire.config.max_branches || dial.ring_time.is_zero() {
            return call.refuse(Refusal::BadValue, &mut self.wire);
        }
        call.pending = Some(Pending::Dial);
        call.sounds.forget_keys();
        self.begin_dial(id, dial);
    }

    /// The application is done.
    fn detach(&mut self, id: CallId) {
        let answered = self.caller_is_answered(id);
        let Some(call) = self.calls.get_mut(id) else { return };
        call.reply(Reply::Done, &mut self.wire);
        match call.state {
            CallState::Bridged { .. } => call.holder = Holder::Nobody,
            // It left the caller without a word: that is an end, not a silence.
            _ if answered => self.release(id, Release::new(Cause::NORMAL, Side::Exchange)),
            _ => self.release(id, Release::with_status(Status::TEMPORARILY_UNAVAILABLE.0, Side::Exchange)),
        }
    }

    /// An application leaves the call to the built-in route, or has failed.
    fn route(&mut self, id: CallId, failed: Option<String>) {
        if let Some(call) = self.calls.get(id) {
            call.reply(Reply::Done, &mut self.wire);
            self.fall_back(id, failed);
        }
    }

    /// The time for a decision is over: the fallback serves the caller, and the application is not obeyed any more.
    pub(crate) fn decision_is_due(&mut self, id: CallId) {
        let Some(call) = self.calls.get_mut(id) else { return };
        call.decide = None;
        if call.holder == Holder::Application && matches!(call.state, CallState::Deciding) {
            self.fall_back(id, Some("no decision in time".to_owned()));
        }
    }

    /// The caller is served without an application: by the built-in route, or as the tenant says where one has failed.
    fn fall_back(&mut self, id: CallId, failed: Option<String>) {
        let answered = self.caller_is_answered(id);
        let Some(call) = self.calls.get_mut(id) else { return };
        if let Some(why) = &failed {
            call.span.in_scope(|| tracing::warn!(why, "the application failed; the fallback serves the caller"));
        }
        let has_failed = failed.is_some();
        call.draft.fallback = failed;
        call.holder = Holder::BuiltIn;
        self.wire.timers.cancel(&mut call.decide);
        self.wire.timers.cancel(&mut call.timer);
        call.pending = None;
        let caller = call.caller;
        self.still(caller);
        if self.give_up_originated(id) {
            return;
        }
        let Some(call) = self.calls.get_mut(id) else { return };
        match (&call.state, call.policy.fallback) {
            // Whatever it was that broke, two people are talking.
            (CallState::Bridged { .. }, _) => call.holder = Holder::Nobody,
            (CallState::Dialing(_), _) => self.ring_back(id),
            (CallState::Deciding, Fallback::Reject(status)) if has_failed && !answered => {
                self.release(id, Release::with_status(status, Side::Exchange));
            }
            (CallState::Deciding, _) => {
                let dial = built_in_dial(call);
                self.begin_dial(id, dial);
            }
            (CallState::Releasing { .. }, _) => {}
        }
    }

    pub(crate) fn set_up_is_over(&mut self, id: CallId) {
        if let Some(call) = self.calls.get_mut(id) {
            call.set_up = None;
            self.release_unanswered(id, Release::with_status(Status::TEMPORARILY_UNAVAILABLE.0, Side::Exchange));
        }
    }

    pub(crate) fn waited(&mut self, id: CallId) {
        if let Some(call) = self.calls.get_mut(id) {
            call.timer = None;
            call.resolve(Pending::Wait, Reply::Done, &mut self.wire);
            self.await_decision(id);
        }
    }

    /// A dial came out: the application is told, or the caller where the built-in route dialled.
    pub(crate) fn dial_ended(&mut self, id: CallId, outcome: &DialOutcome, by: Side) {
        let answered = self.caller_is_answered(id);
        let Some(call) = self.calls.get_mut(id) else { return };
        if let Some(port) = self.legs.get(call.caller).and_then(|leg| leg.port) {
            call.sounds.end_ringing(port.id, &mut self.wire);
        }
        match call.holder {
            Holder::Application => {
                call.draft.dialled = Some((outcome.clone(), by));
                call.resolve(Pending::Dial, Reply::Dialled(outcome.clone()), &mut self.wire);
                self.await_decision(id);
                self.nobody_answered(id, outcome, by);
            }
            Holder::BuiltIn if matches!(outcome, DialOutcome::Answered { .. }) => call.holder = Holder::Nobody,
            Holder::BuiltIn | Holder::Nobody if answered => {
                self.release(id, Release::new(tables::cause_of_outcome(outcome), by));
            }
            Holder::BuiltIn | Holder::Nobody => self.release(id, Release::with_outcome(outcome, by)),
        }
    }

    /// The port that was asked for a leg.
    pub(crate) fn port_given(&mut self, id: LegId, port: Option<crate::media::MediaPort>) {
        let Some(leg) = self.legs.get_mut(id) else {
            // The leg is gone: the port goes back.
            if let Some(port) = port {
                self.wire.media(crate::media::MediaCommand::Close { port: port.id });
            }
            return;
        };
        leg.port = port;
        let call = leg.call;
        if let Some(port) = port {
            self.ports.insert(port.id, (call, id));
        }
        let arriving = matches!(leg.state, LegState::Arriving(_));
        match (arriving, port) {
            (true, Some(_)) => self.ready(id),
            (true, None) => self.release(call, Release::with_status(Status::SERVICE_UNAVAILABLE.0, Side::Exchange)),
            (false, Some(_)) => self.send_invite(id),
            (false, None) => self.branch_failed(id, Status::SERVICE_UNAVAILABLE.0),
        }
    }
}

/// What the built-in route dials: where the called number leads, else what the caller dialled.
fn built_in_dial(call: &Call) -> Dial {
    let target = match &call.invitation.leads_to {
        Some(target) => target.clone(),
        None => Target::Dialled(call.invitation.callee.user.clone()),
    };
    Dial {
        targets: vec![target],
        order: Order::AtOnce,
        ring_time: call.policy.ring_time,
        outside: crate::command::Outside::default(),
    }
}
