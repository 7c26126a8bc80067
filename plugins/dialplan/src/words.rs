//! One vocabulary in two spellings: the exchange's words and the contract's.

use switch::{Cause, Dial, DialOutcome, Order, Outside, Party, Refusal, Side, Target};

use crate::bindings::strowger::dialplan::types as wit;

pub(crate) fn party(party: &Party) -> wit::Party {
    wit::Party { name: party.name.clone(), user: party.user.clone(), uri: party.uri.clone() }
}

/// The longest name of a target: more than a host name or a URI of ours needs.
const MAX_TARGET: usize = 255;

/// `None` when a target's name is empty, too long, or holds what no name holds.
pub(crate) fn dial(targets: Vec<wit::Target>, order: wit::Order, ring_milliseconds: u32) -> Option<Dial> {
    Some(Dial {
        targets: targets.into_iter().map(target).collect::<Option<_>>()?,
        order: match order {
            wit::Order::AtOnce => Order::AtOnce,
            wit::Order::InTurn => Order::InTurn,
        },
        ring_time: std::time::Duration::from_millis(ring_milliseconds.into()),
        outside: Outside::default(),
    })
}

pub(crate) fn target(target: wit::Target) -> Option<Target> {
    let (wit::Target::User(name)
    | wit::Target::Extension(name)
    | wit::Target::Number(name)
    | wit::Target::Group(name)
    | wit::Target::Mailbox(name)
    | wit::Target::Room(name)
    | wit::Target::Uri(name)) = &target;
    if name.is_empty() || name.len() > MAX_TARGET || name.chars().any(char::is_control) {
        return None;
    }
    Some(match target {
        wit::Target::User(name) => Target::User(name),
        wit::Target::Extension(number) => Target::Extension(number),
        wit::Target::Number(number) => Target::Number(number),
        wit::Target::Group(name) => Target::Group(name),
        wit::Target::Mailbox(name) => Target::Mailbox(name),
        wit::Target::Room(name) => Target::Room(name),
        wit::Target::Uri(uri) => Target::Uri(uri),
    })
}

pub(crate) fn outcome(outcome: DialOutcome) -> wit::DialOutcome {
    match outcome {
        DialOutcome::Answered { target } => wit::DialOutcome::Answered(target),
        DialOutcome::Busy => wit::DialOutcome::Busy,
        DialOutcome::NoAnswer => wit::DialOutcome::NoAnswer,
        DialOutcome::Declined => wit::DialOutcome::Declined,
        DialOutcome::Unregistered => wit::DialOutcome::Unregistered,
        DialOutcome::Unknown => wit::DialOutcome::Unknown,
        DialOutcome::Forbidden | DialOutcome::Spent(_) => wit::DialOutcome::Forbidden,
        DialOutcome::Failed { status } => wit::DialOutcome::Failed(status),
    }
}

pub(crate) fn ending(ending: &switch::Ending) -> wit::Ending {
    wit::Ending {
        cause: ending.cause.0,
        by: match ending.by {
            Side::Caller => wit::Side::Caller,
            Side::Callee => wit::Side::Callee,
            Side::Exchange => wit::Side::Exchange,
        },
        status: ending.status,
    }
}

pub(crate) fn hung_up(ending: Option<&switch::Ending>) -> wit::Error {
    wit::Error::HungUp(ending.map(self::ending))
}

pub(crate) fn refusal(refusal: Refusal) -> wit::Error {
    match refusal {
        Refusal::WrongState => wit::Error::WrongState,
        Refusal::BadValue => wit::Error::BadValue,
        Refusal::NoResources => wit::Error::NoResources,
    }
}

/// A cause that a guest may give: 1 to 127.
pub(crate) fn cause(cause: u8) -> Option<Cause> {
    (1..=127).contains(&cause).then_some(Cause(cause))
}

/// Text for logs and records: no control characters, no rows of blanks.
pub(crate) fn in_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for letter in text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }) {
        if letter != ' ' || !line.ends_with(' ') {
            line.push(letter);
        }
    }
    line
}
