//! Voicemail: callers who reach nobody leave a message, owners hear theirs, and whoever forgot a number finds it by name.

use std::time::Duration;

use strowger_dialplan::{
    Call, DialOutcome, Error, Parted, Reason, Tone, VoicemailError, Whose, debug, prompt, tone, voicemail,
};

/// One's own messages, those of any mailbox, somebody by name; and before a number: leave him a message, do not ring.
const OWN: &str = "*97";
const ANY: &str = "*98";
const BY_NAME: &str = "*96";
const LEAVE: &str = "*99";

/// What voicemail does for this number, if anything.
pub(crate) fn behind(call: &Call, dialled: &str) -> Option<Result<(), Error>> {
    Some(match dialled {
        OWN => after(call, call.hear_messages(&Whose::Own)),
        ANY => after(call, call.hear_messages(&Whose::Any)),
        BY_NAME => after(call, call.find_by_name()),
        _ => {
            let mailbox = voicemail::find(dialled.strip_prefix(LEAVE)?)?;
            after(call, call.leave_message(&mailbox, Reason::Chosen))
        }
    })
}

/// Nobody answered at this extension: its mailbox takes a message, where there is one.
pub(crate) fn unless_answered(call: &Call, dialled: &str, outcome: &DialOutcome) -> Result<(), Error> {
    let reason = match outcome {
        DialOutcome::Busy => Reason::Busy,
        DialOutcome::NoAnswer | DialOutcome::Declined => Reason::NoAnswer,
        DialOutcome::Unregistered | DialOutcome::Failed(_) => Reason::Offline,
        DialOutcome::Answered(_) | DialOutcome::Unknown | DialOutcome::Forbidden => return call.reject_as(outcome),
    };
    match voicemail::find(dialled) {
        Some(mailbox) => {
            debug(&format!("{dialled} is not reached: its mailbox is {mailbox}"));
            // What is recorded of calls is recorded of talks.
            let _ = call.stop_recording();
            after(call, call.leave_message(&mailbox, reason))
        }
        None => call.reject_as(outcome),
    }
}

fn after(call: &Call, parted: Result<Parted, Error>) -> Result<(), Error> {
    match parted {
        Ok(Parted::Connected | Parted::HungUp) => Ok(()),
        Ok(Parted::Done) => call.hangup(16),
        Err(Error::Voicemail(VoicemailError::NoMailbox)) => call.reject(404, None).or_else(|_| {
            // He was answered before.
            call.play_or_log(&[tone(Tone::Congestion, Duration::from_secs(2))])?;
            call.hangup(16)
        }),
        // He was told so.
        Err(Error::Voicemail(_)) => call.hangup(16),
        Err(Error::NoResources) => {
            call.play_or_log(&[prompt("something-terribly-wrong")])?;
            call.hangup(16)
        }
        Err(error) => Err(error),
    }
}
