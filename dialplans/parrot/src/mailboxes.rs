//! `find-mailbox 101;count 101;leave 101 busy;listen own;listen any;listen 101;find-by-name`

use strowger_dialplan::bindings::strowger::dialplan::call::Call;
use strowger_dialplan::{Reason, Whose, voicemail};

pub(crate) fn verb(call: &Call, verb: &str, rest: &str) -> Option<String> {
    Some(match verb {
        "find-mailbox" => format!("{:?}", voicemail::find(rest)),
        "count" => format!("{:?}", voicemail::count(rest)),
        "leave" => {
            let (mailbox, reason) = rest.split_once(' ').unwrap_or((rest, ""));
            format!("{:?}", voicemail::leave(call, mailbox, reason_of(reason)))
        }
        "listen" => {
            let whose = match rest {
                "own" => Whose::Own,
                "any" => Whose::Any,
                name => Whose::Mailbox(name.to_owned()),
            };
            format!("{:?}", voicemail::listen(call, &whose))
        }
        "find-by-name" => format!("{:?}", voicemail::find_by_name(call)),
        _ => return None,
    })
}

fn reason_of(word: &str) -> Reason {
    match word {
        "busy" => Reason::Busy,
        "no-answer" => Reason::NoAnswer,
        "offline" => Reason::Offline,
        _ => Reason::Chosen,
    }
}
