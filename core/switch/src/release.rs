//! How calls end: every leg is let go by its state, the ports go back, the CDR is written when they are counted.

use std::time::Duration;

use crate::call::{Call, CallState, Pending, Release};
use crate::event::{Cause, Ending, Event, Reply, Side};
use crate::ids::{CallId, LegId};
use crate::io::Output;
use crate::leg::LegState;
use crate::media::{MediaCommand, MediaEvent};
use crate::record::Record;
use crate::switch::Switch;
use crate::tables;
use crate::timers::Timer;
use crate::wire::Reel;

/// How long the CDR waits for the media engine's counts.
const COUNTING: Duration = Duration::from_secs(1);

impl Switch {
    /// Ends a call whose caller has no final answer yet; any other is left as it is.
    pub(crate) fn release_unanswered(&mut self, id: CallId, release: Release) {
        if !self.caller_is_answered(id) || self.is_holding(id) {
            self.release(id, release);
        }
    }

    /// The caller was not told yet that somebody answered.
    fn is_holding(&self, id: CallId) -> bool {
        self.calls.get(id).and_then(|call| self.legs.get(call.caller)).is_some_and(|leg| leg.assured.is_holding())
    }

    /// Ends a call, once.
    #[allow(clippy::needless_pass_by_value, reason = "made for this alone")]
    pub(crate) fn release(&mut self, id: CallId, release: Release) {
        let wall = self.wire.wall();
        let holding = self.is_holding(id);
        let Some(call) = self.calls.get_mut(id) else { return };
        if call.is_releasing() {
            return;
        }
        if holding {
            (call.draft.answered, call.draft.answered_by) = (None, None);
        }
        let answered = call.draft.answered.is_some();
        let status = match (answered, release.status) {
            (true, _) => 200,
            (false, Some(status)) => status,
            (false, None) => tables::status_of_cause(release.cause).0,
        };
        let ending = Ending { cause: release.cause, by: release.by, status };
        let wire = &mut self.wire;
        let mut bills = Vec::new();
        if let CallState::Dialing(mut dialing) =
            std::mem::replace(&mut call.state, CallState::Releasing { cdr_written: false })
        {
            wire.timers.cancel(&mut dialing.timer);
            bills.extend(dialing.bills());
        }
        for timer in [&mut call.decide, &mut call.set_up, &mut call.timer] {
            wire.timers.cancel(timer);
        }
        call.draft.ending = Some((ending.clone(), wall));
        call.sounds.tell_end(wire);
        call.member.tell_end(wire);
        call.interludes.tell_end(wire);
        if matches!(call.pending.take(), Some(Pending::End | Pending::Sound)) {
            call.reply(Reply::Ended(ending.clone()), wire);
        }
        call.span.in_scope(|| tracing::info!(cause = ending.cause.0, status, by = ?ending.by, "ended"));
        wire.event(id, Event::Ended(ending));
        call.timer = Some(wire.arm(COUNTING, Timer::Count(id)));
        let (legs, tenant) = (call.legs.clone(), call.tenant());
        if let Some(count) = self.tenants.get_mut(&tenant) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.tenants.remove(&tenant);
            }
        }
        self.forget_resolving(id);
        self.give_back(bills);
        self.end_charge(id);
        for leg in legs {
            self.let_go(leg, status, &release);
        }
        self.finish(id);
    }

    /// One leg of a call that ends.
    fn let_go(&mut self, id: LegId, status: u16, release: &Release) {
        self.close_port(id);
        let Some(leg) = self.legs.get_mut(id) else { return };
        let reason = reason_header(release.cause);
        let waits = match &leg.state {
            LegState::Arriving(_) => {
                leg.refuse(sip::Status(status), release.reason_phrase.as_deref(), &mut self.wire);
                false
            }
            LegState::Calling(_) => {
                self.attempt_over(id, None);
                self.legs.get_mut(id).is_some_and(|leg| leg.cancel(Some(&reason), &mut self.wire))
            }
            LegState::Up(_) if leg.assured.is_holding() => {
                leg.refuse_held(sip::Status(status), &mut self.wire);
                false
            }
            LegState::Up(_) => leg.hang_up(Some(reason), &mut self.wire),
            // Its BYE is under way.
            LegState::Releasing => true,
        };
        if !waits {
            self.leg_gone(id);
        }
    }

    /// Nothing more comes from this leg.
    pub(crate) fn leg_gone(&mut self, id: LegId) {
        self.close_port(id);
        let Some(mut leg) = self.legs.remove(id) else { return };
        leg.forget(&mut self.wire);
        if let Some(on) = leg.trunk.as_deref_mut() {
            if let Some(attempt) = &mut on.attempt {
                self.wire.timers.cancel(&mut attempt.patience);
            }
            self.trunks.gave_back(on.trunk.id, on.gateway);
        }
        self.tags.remove(&leg.local_tag);
        if let Some(key) = leg.arrived_by {
            self.invites.remove(&key);
        }
        if let Some(call) = self.calls.get_mut(leg.call) {
            call.legs.retain(|other| *other != id);
            call.draft.legs.push((id, leg.record()));
            self.finish(leg.call);
        }
    }

    /// Gives a leg's media port back; its counts come by [`MediaEvent::Closed`].
    pub(crate) fn close_port(&mut self, id: LegId) {
        self.still(id);
        self.stop_tape(id);
        let Some(leg) = self.legs.get_mut(id) else { return };
        let Some(port) = leg.port.take() else { return };
        self.wire.media(MediaCommand::Close { port: port.id });
        if let Some(call) = self.calls.get_mut(leg.call) {
            call.counting += 1;
        }
    }

    /// News of the media engine.
    pub(crate) fn media_event(&mut self, event: &MediaEvent) {
        match *event {
            MediaEvent::Silent { port } => {
                if let Some((call, leg)) = self.ports.get(&port).copied() {
                    if let Some(call) = self.calls.get(call) {
                        call.span.in_scope(|| tracing::info!(side = ?call.side(leg), "no media"));
                    }
                    self.release(call, Release::new(Cause::TIMER, Side::Exchange));
                }
            }
            MediaEvent::Broken { port } => {
                if let Some((call, leg)) = self.ports.get(&port).copied() {
                    if let Some(call) = self.calls.get(call) {
                        call.span
                            .in_scope(|| tracing::error!(side = ?call.side(leg), "the media engine lost its sound"));
                    }
                    self.release(call, Release::new(Cause::TEMPORARY, Side::Exchange));
                }
            }
            MediaEvent::Closed { port, stats } => {
                let Some((id, leg)) = self.ports.remove(&port) else { return };
                let Some(call) = self.calls.get_mut(id) else { return };
                call.counting = call.counting.saturating_sub(1);
                if let Some(leg) = self.legs.get_mut(leg) {
                    leg.stats = Some(stats);
                } else if let Some((_, record)) = call.draft.legs.iter_mut().find(|(id, _)| *id == leg) {
                    record.media = Some(stats);
                }
                self.finish(id);
            }
            MediaEvent::Played { .. }
            | MediaEvent::Recorded { .. }
            | MediaEvent::Key { .. }
            | MediaEvent::Tell { .. } => self.sound_event(event),
            MediaEvent::Speaking { port, speaks } => self.speech_came(port, speaks),
            MediaEvent::RoomRecorded { mixer, id, ref name, length, bytes, ref fault } => {
                let reel = Reel::Mixer(mixer, id, name.clone());
                if self.wire.end_recording(&reel, length, bytes, fault.as_ref()).is_some() {
                    self.room_recorded(mixer, name, fault.as_ref());
                }
            }
        }
    }

    /// The media engine took too long: the CDR does not wait for it.
    pub(crate) fn counts_are_due(&mut self, id: CallId) {
        if let Some(call) = self.calls.get_mut(id) {
            call.timer = None;
            call.counting = 0;
            self.finish(id);
        }
    }

    /// Writes the CDR once all is counted, and forgets the call once all legs are gone.
    fn finish(&mut self, id: CallId) {
        let Some(call) = self.calls.get_mut(id) else { return };
        if !call.is_releasing() || call.counting > 0 {
            return;
        }
        let living: Vec<LegId> = call.legs.clone();
        for leg in living {
            if let Some(leg) = self.legs.get(leg) {
                call.draft.legs.push((leg.id, leg.record()));
            }
        }
        if let Some(cdr) = call.cdr() {
            self.wire.outputs.push_back(Output::Record(Record::Cdr(Box::new(cdr))));
        }
        self.wire.timers.cancel(&mut call.timer);
        if call.legs.is_empty() {
            self.forget(id);
        }
    }

    fn forget(&mut self, id: CallId) {
        if let Some(mut call) = self.calls.remove(id) {
            for timer in timers_of(&mut call) {
                self.wire.timers.cancel(timer);
            }
        }
    }
}

fn timers_of(call: &mut Call) -> [&mut Option<crate::timers::TimerKey>; 3] {
    [&mut call.decide, &mut call.set_up, &mut call.timer]
}

/// RFC 3326: why, in words that a peer can read.
fn reason_header(cause: Cause) -> String {
    format!("Q.850;cause={}", cause.0)
}
