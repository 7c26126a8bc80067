//! A guest for tests: it does what was dialled, step by step, and keeps what each step gave as a value named by its number.
//!
//! `ring;answer;dial user:bob,ext:101 in-turn 5000;sleep 5;header X-Foo`
//!
//! Of sounds `-` is an empty word: `play prompt:a,tone:busy:500 #* de forever;hush`; the module `sounds` has them all.

mod mailboxes;
mod outside;
mod rulings;
mod sounds;

use strowger_dialplan::bindings::strowger::dialplan::call::Call;
use strowger_dialplan::{Guest, Order, Target, Wish, clock, directory, log, rooms, values};

struct Parrot;

impl Guest for Parrot {
    fn handle(call: &Call) -> Result<(), String> {
        let dialled = call.callee().user;
        let mut kept = true;
        for (at, step) in dialled.split(';').enumerate() {
            let (verb, rest) = step.split_once(' ').unwrap_or((step, ""));
            let said = match verb {
                "" => continue,
                // For measurements: nothing is kept from here on.
                "quiet" => {
                    kept = false;
                    continue;
                }
                // A long text of this many letters, or this very text.
                "fail" => return Err(rest.parse().map_or(rest.to_owned(), |length| "x".repeat(length))),
                "end" => format!("{:?}", call.await_end()),
                "compute" => compute(rest),
                _ => call_verb(call, verb, rest)
                    .or_else(|| sounds::verb(call, verb, rest))
                    .or_else(|| outside::verb(call, verb, rest))
                    .or_else(|| mailboxes::verb(call, verb, rest))
                    .or_else(|| other_verb(verb, rest))
                    .unwrap_or_else(|| "?".to_owned()),
            };
            if kept {
                let _ = values::set(&at.to_string(), &said);
            }
        }
        Ok(())
    }
}

fn call_verb(call: &Call, verb: &str, rest: &str) -> Option<String> {
    Some(match verb {
        "id" => call.id(),
        "caller" => format!("{:?}", call.caller()),
        "callee" => format!("{:?}", call.callee()),
        "header" => format!("{:?}", call.header(rest)),
        "headers" => format!("{:?}", call.headers()),
        "ring" => format!("{:?}", call.ring()),
        "answer" => format!("{:?}", call.answer()),
        "reject" => {
            let (status, reason) = rest.split_once(' ').map_or((rest, None), |(status, reason)| (status, Some(reason)));
            format!("{:?}", call.reject(number(status), reason))
        }
        "dial" => {
            let mut words = rest.split(' ');
            let targets: Vec<Target> = words.next()?.split(',').filter_map(target).collect();
            let order = if words.next()? == "in-turn" { Order::InTurn } else { Order::AtOnce };
            format!("{:?}", call.dial(&targets, order, number(words.next()?)))
        }
        "route" => format!("{:?}", call.route()),
        "hangup" => format!("{:?}", call.hangup(number(rest))),
        "sleep" => format!("{:?}", call.sleep(number(rest))),
        "join" => {
            let (room, how) = rest.split_once(' ').unwrap_or((rest, ""));
            format!("{:?}", rooms::join(call, room, &wish(how)))
        }
        _ => return None,
    })
}

fn other_verb(verb: &str, rest: &str) -> Option<String> {
    Some(match verb {
        "get" => format!("{:?}", values::get(rest)),
        "set" => {
            let (name, value) = rest.split_once(' ')?;
            format!("{:?}", values::set(name, value))
        }
        "delete" => format!("{:?}", values::delete(rest)),
        "now" => clock::now().to_string(),
        "local" => format!("{:?}", clock::local()),
        "random" => clock::random().to_string(),
        "room" => rulings::verb(rest)?,
        "directory" => format!("{:?}", directory::find(rest)),
        "find-room" => format!("{:?}", directory::find_room(rest)),
        "log" => {
            for level in [log::Level::Debug, log::Level::Info, log::Level::Warn, log::Level::Error] {
                log::write(level, rest);
            }
            String::new()
        }
        _ => return None,
    })
}

pub(crate) fn target(word: &str) -> Option<Target> {
    let (kind, name) = word.split_once(':')?;
    let name = name.replace("\\n", "\n");
    Some(match kind {
        "user" => Target::User(name),
        "ext" => Target::Extension(name),
        "number" => Target::Number(name),
        "group" => Target::Group(name),
        "mailbox" => Target::Mailbox(name),
        "room" => Target::Room(name),
        "uri" => Target::Uri(name),
        _ => return None,
    })
}

/// `ad-hoc,moderator,pin:4711,name:Bob`
fn wish(how: &str) -> Wish {
    let text = |key: &str| how.split(',').find_map(|word| word.strip_prefix(key)).map(str::to_owned);
    let has = |wanted: &str| how.split(',').any(|word| word == wanted);
    Wish { ad_hoc: has("ad-hoc"), pin: text("pin:"), moderator: has("moderator"), name: text("name:") }
}

/// Computes for about so many milliseconds by the exchange's own clock of ticks: a loop of so many thousand rounds.
fn compute(rest: &str) -> String {
    let rounds: u64 = number(rest);
    (0..rounds * 1_000).fold(0_u64, |sum, at| std::hint::black_box(sum.wrapping_mul(31).wrapping_add(at))).to_string()
}

fn number<T: std::str::FromStr + Default>(word: &str) -> T {
    word.parse().unwrap_or_default()
}

strowger_dialplan::export!(Parrot with_types_in strowger_dialplan::bindings);
