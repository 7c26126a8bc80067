//! Steps about numbers outside: `understand 112`, `outside +49301 5000 by:a,not:b,show:+49302,private,early:replaced`.

use strowger_dialplan::bindings::strowger::dialplan::call::Call;
use strowger_dialplan::{EarlyMedia, numbers};

pub(crate) fn verb(call: &Call, verb: &str, rest: &str) -> Option<String> {
    Some(match verb {
        "understand" => format!("{:?}", numbers::read(call, rest)),
        "outside" => {
            let mut words = rest.split(' ');
            let (number, time, how) = (words.next()?, words.next()?, words.next().unwrap_or_default());
            format!("{:?}", numbers::dial(call, &number.replace("\\n", "\n"), crate::number(time), &way(how)))
        }
        _ => return None,
    })
}

fn way(how: &str) -> numbers::Way {
    let all =
        |key: &str| how.split(',').filter_map(|word| word.strip_prefix(key)).map(str::to_owned).collect::<Vec<_>>();
    let early = match all("early:").pop().as_deref() {
        Some("passed") => Some(EarlyMedia::Passed),
        Some(_) => Some(EarlyMedia::Replaced),
        None => None,
    };
    numbers::Way {
        trunks: all("by:"),
        without: all("not:"),
        shown: all("show:").pop(),
        private: how.split(',').any(|word| word == "private"),
        early,
    }
}
