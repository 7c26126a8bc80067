//! The API's words as people read them.

use crate::v1::{
    AudioFault, CallDirection, CallState, DialOutcome, Disposition, Label, NumberClass, Party, PlayEnd, Rate, ReadEnd,
    RecordingKind, RecordingState, Refusal, Side, SoundKind, SpendingLimit,
};

pub(crate) fn party(party: Option<&Party>) -> String {
    let Some(party) = party else { return String::new() };
    match &party.name {
        Some(name) if !name.is_empty() && *name != party.user => format!("{name} <{}>", party.user),
        _ if party.user.is_empty() => party.uri.clone(),
        _ => party.user.clone(),
    }
}

/// The application and as much of its version as tells it from another.
pub(crate) fn label(label: Option<&Label>) -> String {
    label.map(|label| format!("{} {}", label.name, short(&label.version))).unwrap_or_default()
}

/// The beginning of a hash.
pub(crate) fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

pub(crate) fn side(side: Side) -> &'static str {
    match side {
        Side::Unspecified => "",
        Side::Caller => "caller",
        Side::Callee => "callee",
        Side::Exchange => "exchange",
    }
}

pub(crate) fn state(state: CallState) -> &'static str {
    match state {
        CallState::Unspecified => "",
        CallState::Deciding => "deciding",
        CallState::Ringing => "ringing",
        CallState::Bridged => "bridged",
        CallState::Held => "held",
    }
}

pub(crate) fn direction(direction: CallDirection) -> &'static str {
    match direction {
        CallDirection::Unspecified => "-",
        CallDirection::Internal => "internal",
        CallDirection::Inbound => "inbound",
        CallDirection::Outbound => "outbound",
        CallDirection::Originated => "originated",
    }
}

pub(crate) fn disposition(disposition: Disposition) -> &'static str {
    match disposition {
        Disposition::Unspecified => "",
        Disposition::Answered => "answered",
        Disposition::NoAnswer => "no answer",
        Disposition::Busy => "busy",
        Disposition::Rejected => "rejected",
        Disposition::Cancelled => "cancelled",
        Disposition::Failed => "failed",
    }
}

pub(crate) fn sound_kind(kind: SoundKind) -> &'static str {
    match kind {
        SoundKind::Unspecified => "something",
        SoundKind::Prompt => "prompt",
        SoundKind::Tone => "tone",
        SoundKind::Silence => "silence",
        SoundKind::Digits => "digits",
        SoundKind::Number => "a number",
        SoundKind::Date => "a date",
        SoundKind::Time => "a time",
        SoundKind::Spelled => "letters",
        SoundKind::Recording => "recording",
    }
}

pub(crate) fn play_end(end: PlayEnd) -> &'static str {
    match end {
        PlayEnd::Unspecified => "",
        PlayEnd::Whole => "to its end",
        PlayEnd::Key => "until a key",
        PlayEnd::Stopped => "stopped",
        PlayEnd::Failed => "not at all",
    }
}

pub(crate) fn outcome(outcome: DialOutcome) -> &'static str {
    match outcome {
        DialOutcome::Unspecified => "",
        DialOutcome::Answered => "answered",
        DialOutcome::Busy => "busy",
        DialOutcome::NoAnswer => "no answer",
        DialOutcome::Declined => "declined",
        DialOutcome::Unregistered => "no phone registered",
        DialOutcome::Unknown => "nobody of that name",
        DialOutcome::Forbidden => "not permitted",
        DialOutcome::Spent => "a limit is reached",
        DialOutcome::Failed => "failed",
    }
}

pub(crate) fn refusal(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Unspecified => "",
        Refusal::WrongState => "not in this state",
        Refusal::BadValue => "a value out of range",
        Refusal::NoResources => "nothing left to do it with",
    }
}

pub(crate) fn read_end(end: ReadEnd) -> &'static str {
    match end {
        ReadEnd::Unspecified => "",
        ReadEnd::Enough => "as many as could be",
        ReadEnd::Key => "ended by",
        ReadEnd::Time => "no further key came",
    }
}

pub(crate) fn recording_kind(kind: RecordingKind) -> &'static str {
    match kind {
        RecordingKind::Unspecified => "",
        RecordingKind::Message => "message",
        RecordingKind::Call => "call",
        RecordingKind::Room => "room",
    }
}

/// Bytes as people read them.
pub(crate) fn size(bytes: u64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "one decimal is shown")]
    let in_units = |unit: u64| bytes as f64 / unit as f64;
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", in_units(1_000)),
        1_000_000..1_000_000_000 => format!("{:.1} MB", in_units(1_000_000)),
        _ => format!("{:.1} GB", in_units(1_000_000_000)),
    }
}

pub(crate) fn recording_state(state: RecordingState) -> &'static str {
    match state {
        RecordingState::Unspecified => "",
        RecordingState::Running => "running",
        RecordingState::Paused => "paused",
        RecordingState::Ended => "ended",
        RecordingState::Failed => "failed",
    }
}

pub(crate) fn audio_fault(fault: AudioFault) -> &'static str {
    match fault {
        AudioFault::Unspecified => "",
        AudioFault::Missing => "there is no sound",
        AudioFault::Unplayable => "cannot be played:",
        AudioFault::NoCodec => "no codec in common",
        AudioFault::Unwritable => "nothing can be written",
    }
}

/// A Q.850 cause with its meaning, as far as the exchange uses it.
pub(crate) fn cause(cause: u32) -> String {
    let meaning = match cause {
        1 => "unallocated number",
        16 => "normal clearing",
        17 => "user busy",
        18 => "no user responding",
        19 => "no answer",
        20 => "subscriber absent",
        21 => "call rejected",
        31 => "normal, unspecified",
        38 => "network out of order",
        41 => "temporary failure",
        42 => "congestion",
        47 => "resource unavailable",
        57 => "not authorised",
        88 => "incompatible destination",
        102 => "timer expired",
        127 => "interworking",
        _ => return cause.to_string(),
    };
    format!("{cause} {meaning}")
}

/// Minutes and seconds, with hours where there are any.
pub(crate) fn length(time: Option<prost_types::Duration>) -> String {
    let Some(time) = time else { return String::new() };
    let (hours, minutes, seconds) = (time.seconds / 3600, time.seconds / 60 % 60, time.seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// Seconds, with their parts where there are any: `6 s`, `2.5 s`.
pub(crate) fn seconds(time: prost_types::Duration) -> String {
    let parts = format!("{:03}", time.nanos / 1_000_000);
    let parts = parts.trim_end_matches('0');
    if parts.is_empty() { format!("{} s", time.seconds) } else { format!("{}.{parts} s", time.seconds) }
}

/// Milliseconds, as of a round trip.
pub(crate) fn millis(time: prost_types::Duration) -> String {
    format!("{} ms", time.seconds.saturating_mul(1000).saturating_add(i64::from(time.nanos / 1_000_000)))
}

pub(crate) fn class(class: NumberClass) -> &'static str {
    match class {
        NumberClass::Unspecified => "",
        NumberClass::Emergency => "emergency",
        NumberClass::Internal => "internal",
        NumberClass::Local => "local",
        NumberClass::National => "national",
        NumberClass::Mobile => "mobile",
        NumberClass::TollFree => "toll-free",
        NumberClass::Service => "service",
        NumberClass::International => "international",
        NumberClass::Premium => "premium",
        NumberClass::Satellite => "satellite",
    }
}

pub(crate) fn limit(limit: SpendingLimit) -> &'static str {
    match limit {
        SpendingLimit::Unspecified => "",
        SpendingLimit::Concurrent => "calls at once",
        SpendingLimit::PerSecond => "calls a second",
        SpendingLimit::PerHour => "calls an hour",
        SpendingLimit::Minutes => "minutes a day",
        SpendingLimit::Cost => "cost a day",
    }
}

/// What a rate charges: `0.0125/min, 0.05 at the answer, 60/1 s`.
pub(crate) fn price(rate: Option<&Rate>) -> String {
    let Some(rate) = rate else { return "not known".to_owned() };
    let connect = match rate.connect.trim_matches(['0', '.']) {
        "" => String::new(),
        _ => format!(", {} at the answer", rate.connect),
    };
    format!("{}/min{connect}, {}/{} s", rate.per_minute, rate.first, rate.step)
}
