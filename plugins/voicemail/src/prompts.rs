//! What voicemail says: names of prompts in the usual set, and sentences made of them.

use std::time::{Duration, UNIX_EPOCH};

use switch::{DialOutcome, Folder, Greeting, Keys, Moment, Play, Sound, Tone};

use crate::keeper::{Entry, Mailbox, Message};

pub(crate) const THE_PERSON: &str = "vm-theperson";
pub(crate) const IS_ON_PHONE: &str = "vm-isonphone";
pub(crate) const IS_UNAVAILABLE: &str = "vm-isunavail";
pub(crate) const INTRO: &str = "vm-intro";
pub(crate) const REACH_OPERATOR: &str = "vm-reachoper";
pub(crate) const MAILBOX_FULL: &str = "vm-mailboxfull";
pub(crate) const REVIEW: &str = "vm-review";
pub(crate) const REVIEW_URGENT: &str = "vm-review-urgent";
pub(crate) const REVIEW_NOT_URGENT: &str = "vm-review-nonurgent";
pub(crate) const MARKED_URGENT: &str = "vm-marked-urgent";
pub(crate) const MARKED_NOT_URGENT: &str = "vm-marked-nonurgent";
pub(crate) const STAR_CANCELS_MESSAGE: &str = "vm-tocancelmsg";
pub(crate) const MESSAGE_SAVED: &str = "vm-msgsaved";
pub(crate) const TOO_SHORT: &str = "vm-tooshort";
pub(crate) const GOODBYE: &str = "vm-goodbye";
pub(crate) const NOBODY_AVAILABLE: &str = "vm-nobodyavail";
pub(crate) const CONNECTING: &str = "vm-dialout";
pub(crate) const NOT_ANSWERING: &str = "number-not-answering";
pub(crate) const CANNOT_COMPLETE: &str = "cannot-complete-as-dialed";
pub(crate) const CIRCUITS_BUSY: &str = "all-circuits-busy-now";
pub(crate) const BROKEN: &str = "something-terribly-wrong";
pub(crate) const NOT_UNDERSTOOD: &str = "vm-sorry";
pub(crate) const CANCELLED: &str = "cancelled";

pub(crate) const LOGIN: &str = "vm-login";
pub(crate) const INCORRECT_MAILBOX: &str = "vm-incorrect-mailbox";
pub(crate) const INCORRECT: &str = "vm-incorrect";
pub(crate) const PIN: &str = "vm-password";
pub(crate) const NEW_PIN: &str = "vm-newpassword";
pub(crate) const AGAIN_PIN: &str = "vm-reenterpassword";
pub(crate) const PIN_MISMATCH: &str = "vm-mismatch";
pub(crate) const PIN_INVALID: &str = "vm-invalid-password";
pub(crate) const PIN_CHANGED: &str = "vm-passchanged";

pub(crate) const YOU_HAVE: &str = "vm-youhave";
pub(crate) const NO: &str = "vm-no";
pub(crate) const AND: &str = "vm-and";
pub(crate) const URGENT: &str = "vm-urgent";
pub(crate) const MESSAGE: &str = "vm-message";
pub(crate) const MESSAGES: &str = "vm-messages";
pub(crate) const ONE_FOR: &str = "vm-onefor";
pub(crate) const ONE_FOR_FULL: &str = "vm-onefor-full";
pub(crate) const OPTIONS_SHORT: &str = "vm-opts";
pub(crate) const OPTIONS_FULL: &str = "vm-opts-full";
pub(crate) const HELP_EXIT: &str = "vm-helpexit";
pub(crate) const CHANGE_TO: &str = "vm-changeto";
pub(crate) const PRESS: &str = "vm-press";
pub(crate) const FOR: &str = "vm-for";
pub(crate) const POUND_CANCELS: &str = "vm-tocancel";
pub(crate) const STAR_MAIN: &str = "vm-starmain";
pub(crate) const STAR_CANCELS: &str = "vm-star-cancel";
pub(crate) const TO_LEAVE: &str = "vm-leavemsg";

pub(crate) const PREVIOUS: &str = "vm-prev";
pub(crate) const ADVANCED: &str = "vm-advopts";
pub(crate) const REPEAT: &str = "vm-repeat";
pub(crate) const NEXT: &str = "vm-next";
pub(crate) const DELETE: &str = "vm-delete";
pub(crate) const UNDELETE: &str = "vm-undelete";
pub(crate) const DELETED: &str = "vm-deleted";
pub(crate) const UNDELETED: &str = "vm-undeleted";
pub(crate) const TO_FORWARD: &str = "vm-toforward";
pub(crate) const SAVE: &str = "vm-savemessage";
pub(crate) const NO_MORE: &str = "vm-nomore";
pub(crate) const TO_REPLY: &str = "vm-toreply";
pub(crate) const TO_CALL_BACK: &str = "vm-tocallback";
pub(crate) const TO_HEAR_ENVELOPE: &str = "vm-tohearenv";
pub(crate) const NO_REPLY: &str = "vm-nobox";
pub(crate) const NO_CALL_BACK: &str = "unidentified-no-callback";

pub(crate) const FORWARD_TO: &str = "vm-forward";
pub(crate) const EXTENSION: &str = "vm-extension";
pub(crate) const THEN_POUND: &str = "vm-then-pound";
pub(crate) const INVALID_EXTENSION: &str = "pbx-invalid";
pub(crate) const FORWARD_OPTIONS: &str = "vm-forwardoptions";
pub(crate) const RECORD_COMMENT: &str = "vm-record-prepend";
pub(crate) const FORWARDED: &str = "vm-msgforwarded";

pub(crate) const MAILBOX_OPTIONS: &str = "vm-options";
pub(crate) const TO_LISTEN: &str = "to-listen-to-it";
pub(crate) const TO_RERECORD: &str = "to-rerecord-it";
pub(crate) const TEMPORARY_KEPT: &str = "vm-tempgreeting2";
pub(crate) const TEMPORARY_REMOVED: &str = "vm-tempremoved";
pub(crate) const TEMPORARY_ACTIVE: &str = "vm-tempgreetactive";
pub(crate) const REMOVED: &str = "removed";

pub(crate) const FIND_WELCOME: &str = "dir-welcome";
pub(crate) const FIND_ENTER: &str = "dir-pls-enter";
pub(crate) const FIND_LETTERS: &str = "dir-firstlast";
pub(crate) const FIND_KEYPAD: &str = "dir-usingkeypad";
pub(crate) const FIND_EXTENSION: &str = "dir-multi3";
pub(crate) const FIND_CHOOSE: &str = "dir-instr";
pub(crate) const FIND_NOBODY: &str = "dir-nomatch";
pub(crate) const FIND_NO_MORE: &str = "dir-nomore";

pub(crate) fn prompt(name: &str) -> Sound {
    Sound::Prompt(name.to_owned())
}

/// One after the other.
pub(crate) fn prompts<const N: usize>(names: [&str; N]) -> Vec<Sound> {
    names.map(prompt).into()
}

/// There is no such mailbox, and no prompt says it.
pub(crate) fn no_way() -> Play {
    let sounds = vec![Sound::Tone(Tone::Congestion, Duration::from_secs(2))];
    Play { sounds, language: None, interrupt: Keys::NONE, forever: false }
}

/// A number by its digits, anything else by its letters.
pub(crate) fn spelled(text: &str) -> Vec<Sound> {
    let text: String = text.trim_start_matches('+').chars().filter(|sign| !sign.is_control()).take(64).collect();
    match text.as_str() {
        "" => Vec::new(),
        digits if is_number(digits) => vec![Sound::Digits(text)],
        _ => vec![Sound::Spelled(text)],
    }
}

/// Keys and nothing else.
pub(crate) fn is_number(text: &str) -> bool {
    let text = text.strip_prefix('+').unwrap_or(text);
    !text.is_empty() && text.bytes().all(|key| key.is_ascii_digit() || matches!(key, b'*' | b'#'))
}

/// What callers hear where the owner has said nothing himself. Whoever says his name is called by it.
pub(crate) fn usual_greeting(mailbox: &Mailbox, talks: bool) -> Vec<Sound> {
    let mut sounds = match mailbox.greetings.get(&Greeting::Name) {
        Some(name) => vec![Sound::Recording(name.clone())],
        None => [vec![prompt(THE_PERSON)], spelled(&mailbox.name)].concat(),
    };
    sounds.push(prompt(if talks { IS_ON_PHONE } else { IS_UNAVAILABLE }));
    sounds
}

/// How a folder's messages are called.
pub(crate) fn folder(folder: Folder) -> Sound {
    prompt(match folder {
        Folder::New => "vm-inbox",
        Folder::Saved => "vm-old",
        Folder::Deleted => REMOVED,
    })
}

/// How many messages there are of each kind: what there is none of is not said.
pub(crate) fn counts(kinds: &[(usize, Sound)]) -> Vec<Sound> {
    let mut sounds = vec![prompt(YOU_HAVE)];
    let mut last = 0;
    for (count, kind) in kinds.iter().filter(|(count, _)| *count > 0) {
        if last > 0 {
            sounds.push(prompt(AND));
        }
        sounds.extend([number(*count), kind.clone()]);
        last = *count;
    }
    match (last, kinds) {
        (0, [(_, only)]) => sounds.extend([prompt(NO), only.clone(), prompt(MESSAGES)]),
        (0, _) => sounds.extend(prompts([NO, MESSAGES])),
        (1, _) => sounds.push(prompt(MESSAGE)),
        _ => sounds.push(prompt(MESSAGES)),
    }
    sounds
}

pub(crate) fn number(count: usize) -> Sound {
    Sound::Number(i64::try_from(count).unwrap_or(i64::MAX))
}

/// Which message it is, when it came and from whom. `at` counts from 0.
pub(crate) fn envelope(message: &Message, (at, of): (usize, usize), zone: Option<&str>) -> Vec<Sound> {
    let mut sounds = Vec::new();
    match at {
        0 => sounds.push(prompt("vm-first")),
        _ if at + 1 == of => sounds.push(prompt("vm-last")),
        _ => {}
    }
    if message.urgent {
        sounds.push(prompt(URGENT));
    }
    sounds.push(prompt(MESSAGE));
    if at > 0 && at + 1 < of {
        sounds.push(number(at + 1));
    }
    let second = message.received.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let second = i64::try_from(second).unwrap_or(0);
    sounds.extend([prompt("vm-received"), Sound::Moment(Moment { second, zone: zone.map(str::to_owned) })]);
    sounds.extend(sender(message));
    sounds
}

fn sender(message: &Message) -> Vec<Sound> {
    match (&message.caller_spoken, &message.caller_mailbox) {
        (Some(name), _) => vec![prompt("vm-from"), Sound::Recording(name.clone())],
        (None, Some(mailbox)) => [vec![prompt("vm-from-extension")], spelled(mailbox)].concat(),
        (None, None) if is_number(&message.caller) => {
            [vec![prompt("vm-from-phonenumber")], spelled(&message.caller)].concat()
        }
        (None, None) => vec![prompt("vm-unknown-caller")],
    }
}

/// Somebody by his name, as he says it himself.
pub(crate) fn named(entry: &Entry) -> Vec<Sound> {
    match &entry.spoken {
        Some(name) => vec![Sound::Recording(name.clone())],
        None => spelled(&entry.name),
    }
}

/// Why somebody was not reached; `whom` is said where the sentence needs it.
pub(crate) fn not_reached(outcome: Option<&DialOutcome>, whom: Vec<Sound>) -> Vec<Sound> {
    match outcome {
        Some(DialOutcome::Busy) if whom.is_empty() => vec![prompt(NOBODY_AVAILABLE)],
        Some(DialOutcome::Busy) => [whom, vec![prompt(IS_ON_PHONE)]].concat(),
        Some(DialOutcome::NoAnswer) => vec![prompt(NOT_ANSWERING)],
        Some(DialOutcome::Declined | DialOutcome::Unregistered) => vec![prompt(NOBODY_AVAILABLE)],
        Some(DialOutcome::Unknown | DialOutcome::Forbidden | DialOutcome::Spent(_)) => vec![prompt(CANNOT_COMPLETE)],
        Some(DialOutcome::Failed { .. } | DialOutcome::Answered { .. }) | None => vec![prompt(CIRCUITS_BUSY)],
    }
}

/// What asks for a greeting.
pub(crate) fn asks_for(greeting: Greeting) -> Sound {
    prompt(match greeting {
        Greeting::Unavailable => "vm-rec-unv",
        Greeting::Busy => "vm-rec-busy",
        Greeting::Temporary => "vm-rec-temp",
        Greeting::Name => "vm-rec-name",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_sentences() {
        let kinds =
            |urgent, new, old| [(urgent, prompt(URGENT)), (new, folder(Folder::New)), (old, folder(Folder::Saved))];
        let said = |kinds: &[(usize, Sound)]| {
            let word = |sound: &Sound| match sound {
                Sound::Prompt(name) => name.trim_start_matches("vm-").to_owned(),
                Sound::Number(number) => number.to_string(),
                other => format!("{other:?}"),
            };
            counts(kinds).iter().map(word).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(said(&kinds(0, 0, 0)), "youhave no messages");
        assert_eq!(said(&kinds(0, 1, 0)), "youhave 1 inbox message");
        assert_eq!(said(&kinds(0, 0, 2)), "youhave 2 old messages");
        assert_eq!(said(&kinds(1, 2, 1)), "youhave 1 urgent and 2 inbox and 1 old message");
        assert_eq!(said(&[(0, folder(Folder::Deleted))]), "youhave no removed messages");
    }

    #[test]
    fn what_is_no_number_is_spelled_and_what_is_nothing_is_not_said() {
        assert_eq!(spelled("+4930"), [Sound::Digits("4930".to_owned())]);
        assert_eq!(spelled("sales"), [Sound::Spelled("sales".to_owned())]);
        assert_eq!(spelled("+"), []);
        let long = spelled(&"x\n".repeat(99));
        assert_eq!(long, [Sound::Spelled("x".repeat(64))]);
        assert!(switch::are_playable(&long));
    }
}
