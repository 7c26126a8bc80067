//! The exchange's words in the spelling of the API. Every match is whole: a new word of the exchange does not compile here
//! until it has a spelling.

use std::time::{Duration, SystemTime};

use prost_types::Timestamp;
use switch::Event;

use crate::live::{CallState, Happening, LiveCall};
use crate::v1;

pub(crate) fn timestamp(time: SystemTime) -> Timestamp {
    Timestamp::from(time)
}

/// A length of time, as protocol buffers bound it; `None` for one that is negative too.
pub(crate) fn duration(time: prost_types::Duration) -> Option<Duration> {
    let nanos = u32::try_from(time.nanos).ok().filter(|nanos| *nanos < 1_000_000_000)?;
    Some(Duration::new(u64::try_from(time.seconds).ok()?, nanos))
}

/// An empty text stands for none.
pub(crate) fn filled(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

/// The same of a text that may be absent too.
pub(crate) fn given(text: Option<String>) -> Option<String> {
    text.and_then(filled)
}

pub(crate) fn party(party: switch::Party) -> v1::Party {
    v1::Party { name: party.name, user: party.user, uri: party.uri }
}

pub(crate) fn label(label: switch::Label) -> v1::Label {
    v1::Label { name: label.name, version: label.version }
}

pub(crate) fn side(side: switch::Side) -> v1::Side {
    match side {
        switch::Side::Caller => v1::Side::Caller,
        switch::Side::Callee => v1::Side::Callee,
        switch::Side::Exchange => v1::Side::Exchange,
    }
}

pub(crate) fn call(tenant: &str, call: LiveCall) -> v1::Call {
    let state = match call.state {
        CallState::Deciding => v1::CallState::Deciding,
        CallState::Ringing => v1::CallState::Ringing,
        CallState::Bridged => v1::CallState::Bridged,
        CallState::Held => v1::CallState::Held,
    };
    v1::Call {
        uid: call.uid.to_string(),
        tenant: tenant.to_owned(),
        caller: Some(party(call.caller)),
        callee: Some(party(call.callee)),
        state: state.into(),
        targets: call.targets,
        application: call.application.map(label),
        arrived: Some(timestamp(call.arrived)),
        bridged: call.bridged.map(timestamp),
        held_by: call.held_by.into_iter().map(|holder| side(holder).into()).collect(),
        recording: call.recording,
        recording_paused: call.recording_paused,
        legs: Vec::new(),
    }
}

pub(crate) fn happening(tenant: &str, missed: u64, happening: Happening) -> v1::CallEvent {
    v1::CallEvent {
        uid: happening.call.to_string(),
        tenant: tenant.to_owned(),
        at: Some(timestamp(happening.at)),
        missed,
        event: Some(event(happening.event)),
    }
}

fn event(event: Event) -> v1::call_event::Event {
    use v1::call_event::Event as Spelt;
    match event {
        Event::Arrived(invitation) => Spelt::Arrived(v1::Arrived {
            caller: Some(party(invitation.caller.clone())),
            callee: Some(party(invitation.callee.clone())),
            source: invitation.source.to_string(),
        }),
        Event::Attached(application) => Spelt::Attached(v1::Attached { application: Some(label(application)) }),
        Event::Reply(answer) => Spelt::Reply(v1::Reply { reply: Some(reply(answer)) }),
        Event::Ringing { target } => Spelt::Ringing(v1::Ringing { target }),
        Event::Bridged { target } => Spelt::Bridged(v1::Bridged { target }),
        Event::Held(by) => Spelt::Held(v1::Held { by: side(by).into() }),
        Event::Resumed(by) => Spelt::Resumed(v1::Resumed { by: side(by).into() }),
        // Who watches is told that a key was pressed, not which.
        Event::Key(_) => Spelt::Key(v1::Key {}),
        Event::Speaking(speaks) => Spelt::Speaking(v1::Speaking { speaks }),
        Event::Playing { to, sounds, forever } => {
            let sounds = sounds.into_iter().map(sound_played).collect();
            Spelt::Playing(v1::Playing { sounds, forever, to: side(to).into() })
        }
        Event::Played { to, how } => Spelt::Played(playing_end(to, how)),
        Event::MessageRecording { name, state } => Spelt::MessageRecording(recording(name, state)),
        Event::Recording { name, state } => Spelt::Recording(recording(name, state)),
        Event::SpendingSoonOver(left) => {
            Spelt::SpendingSoonOver(v1::SpendingSoonOver { left: prost_types::Duration::try_from(left).ok() })
        }
        Event::RoomRecorded { name, fault } => {
            let state = fault.map_or(switch::RecordingState::Ended, switch::RecordingState::Failed);
            Spelt::RoomRecorded(recording(name, state))
        }
        Event::Ended(ending) => Spelt::Ended(ended(&ending)),
    }
}

/// Which digits, letters and numbers he hears is not told: they may be a PIN of his.
fn sound_played(sound: switch::Sound) -> v1::SoundPlayed {
    use switch::Sound;
    use v1::SoundKind as Kind;
    let (kind, name) = match sound {
        Sound::Prompt(name) => (Kind::Prompt, Some(name)),
        Sound::Tone(tone, _) => (Kind::Tone, Some(tone_word(tone).to_owned())),
        Sound::Silence(_) => (Kind::Silence, None),
        Sound::Digits(_) => (Kind::Digits, None),
        Sound::Number(_) => (Kind::Number, None),
        Sound::Date(_) => (Kind::Date, None),
        Sound::Time(_) => (Kind::Time, None),
        Sound::Spelled(_) => (Kind::Spelled, None),
        Sound::Recording(name) => (Kind::Recording, Some(name)),
        Sound::Passage(passage) => (Kind::Recording, Some(passage.recording)),
        Sound::Moment(_) => (Kind::Time, None),
        Sound::Length(_) => (Kind::Number, None),
    };
    v1::SoundPlayed { kind: kind.into(), name }
}

const fn tone_word(tone: switch::Tone) -> &'static str {
    match tone {
        switch::Tone::Dial => "dial",
        switch::Tone::Ringing => "ringing",
        switch::Tone::Busy => "busy",
        switch::Tone::Congestion => "congestion",
        switch::Tone::Information => "information",
        switch::Tone::Beep => "beep",
        switch::Tone::Test(_) => "test",
    }
}

fn playing_end(to: switch::Side, how: switch::PlayEnd) -> v1::PlayingEnd {
    let (by, fault) = match how {
        switch::PlayEnd::Whole => (v1::PlayEnd::Whole, None),
        switch::PlayEnd::Key => (v1::PlayEnd::Key, None),
        switch::PlayEnd::Stopped => (v1::PlayEnd::Stopped, None),
        switch::PlayEnd::Failed(fault) => (v1::PlayEnd::Failed, Some(inaudible(fault))),
    };
    v1::PlayingEnd { by: by.into(), fault, to: side(to).into() }
}

fn recording(name: String, state: switch::RecordingState) -> v1::RecordingNews {
    use switch::RecordingState;
    use v1::RecordingState as Spelt;
    let (state, fault) = match state {
        RecordingState::Running => (Spelt::Running, None),
        RecordingState::Paused => (Spelt::Paused, None),
        RecordingState::Ended => (Spelt::Ended, None),
        RecordingState::Failed(fault) => (Spelt::Failed, Some(inaudible(fault))),
    };
    v1::RecordingNews { name, state: state.into(), fault }
}

fn reply(reply: switch::Reply) -> v1::reply::Reply {
    use v1::reply::Reply as Spelt;
    match reply {
        switch::Reply::Done => Spelt::Done(v1::Done {}),
        switch::Reply::Dialled(outcome) => Spelt::Dialled(dialled(outcome)),
        switch::Reply::LastDial(facts) => Spelt::LastDial(v1::DialFacts {
            status: facts.status.map(u32::from),
            cause: facts.cause.map(|cause| u32::from(cause.0)),
            trunk: facts.trunk,
            rang: facts.rang,
        }),
        switch::Reply::Ended(ending) => Spelt::Ended(ended(&ending)),
        switch::Reply::Refused(refusal) => {
            let refusal = match refusal {
                switch::Refusal::WrongState => v1::Refusal::WrongState,
                switch::Refusal::BadValue => v1::Refusal::BadValue,
                switch::Refusal::NoResources => v1::Refusal::NoResources,
            };
            Spelt::Refused(v1::Refused { refusal: refusal.into() })
        }
        switch::Reply::Played(played) => Spelt::Played(v1::Played {
            key: match played {
                switch::Played::Whole => None,
                switch::Played::Key(key) => Some(key.character().to_string()),
            },
        }),
        switch::Reply::Read(digits) => Spelt::Read(read(&digits)),
        switch::Reply::Recorded(recorded) => Spelt::Recorded(v1::Recorded {
            length: recorded.length.try_into().ok(),
            name: recorded.name,
            key: recorded.key.map(|key| key.character().to_string()),
        }),
        switch::Reply::Recording(name) => Spelt::Recording(v1::RecordingName { name }),
        switch::Reply::Inaudible(fault) => Spelt::Inaudible(inaudible(fault)),
    }
}

/// Who watches is told that keys were pressed, not which: they may be a PIN.
fn read(digits: &switch::Digits) -> v1::Read {
    let (by, key) = match digits.by {
        switch::Ended::Enough => (v1::ReadEnd::Enough, None),
        switch::Ended::Key(key) => (v1::ReadEnd::Key, Some(key.character().to_string())),
        switch::Ended::Time => (v1::ReadEnd::Time, None),
    };
    v1::Read { count: u32::try_from(digits.digits.len()).unwrap_or(u32::MAX), by: by.into(), key }
}

fn inaudible(fault: switch::AudioError) -> v1::Inaudible {
    use switch::AudioError;
    use v1::AudioFault as Spelt;
    let (fault, name, why) = match fault {
        AudioError::Missing(name) => (Spelt::Missing, Some(name), None),
        AudioError::Unplayable(name, why) => (Spelt::Unplayable, Some(name), Some(why)),
        AudioError::NoCodec => (Spelt::NoCodec, None, None),
        AudioError::Unwritable(why) => (Spelt::Unwritable, None, Some(why)),
    };
    v1::Inaudible { fault: fault.into(), name, why }
}

fn dialled(outcome: switch::DialOutcome) -> v1::Dialled {
    use switch::DialOutcome;
    use v1::DialOutcome as Spelt;
    let (outcome, target, status) = match outcome {
        DialOutcome::Answered { target } => (Spelt::Answered, Some(target), None),
        DialOutcome::Busy => (Spelt::Busy, None, None),
        DialOutcome::NoAnswer => (Spelt::NoAnswer, None, None),
        DialOutcome::Declined => (Spelt::Declined, None, None),
        DialOutcome::Unregistered => (Spelt::Unregistered, None, None),
        DialOutcome::Unknown => (Spelt::Unknown, None, None),
        DialOutcome::Forbidden => (Spelt::Forbidden, None, None),
        DialOutcome::Spent(_) => (Spelt::Spent, None, None),
        DialOutcome::Failed { status } => (Spelt::Failed, None, Some(u32::from(status))),
    };
    v1::Dialled { outcome: outcome.into(), target, status }
}

fn ended(ending: &switch::Ending) -> v1::Ended {
    v1::Ended { cause: u32::from(ending.cause.0), by: side(ending.by).into(), status: u32::from(ending.status) }
}
