//! The verbs of the project: `cargo xtask VERB`.
//!
//! | verb | file |
//! |---|---|
//! | run | `run.rs` |
//! | test | `test.rs`, with `postgres.rs` |
//! | check | `check.rs`, with `arrows.rs`, `purity.rs` and `source.rs` |
//! | bench | `bench/` |
//! | guests | `guests.rs`, with `wasm.rs` |
//! | prompts | `prompts.rs` |
//! | rfcs | `rfcs.rs` |
//!
//! It depends on no crate, so that it is built within a second or two on a machine where nothing else is.

#![allow(clippy::print_stdout, reason = "it talks with the one who types")]

mod arrows;
mod bench;
mod check;
mod debian;
mod guests;
mod place;
mod postgres;
mod prompts;
mod purity;
mod rfcs;
mod run;
mod source;
mod test;
mod tool;
mod wasm;

use std::process::ExitCode;

use place::Place;
use tool::{Fault, Outcome};

const USAGE: &str = "\
The verbs of the project.

  cargo xtask run [--release] [-- ARGUMENTS]   build everything and start a PBX with a demo tenant under ./data;
                                               ARGUMENTS go to `strowger run`
  cargo xtask run --demo-call [-- ARGUMENTS]   build everything and let two built-in phones talk
  cargo xtask test [--fast]                    install what the tests need, build, run everything;
                                               --fast: without PostgreSQL, real phones and doc tests
  cargo xtask check                            format, lints, docs, dependency rules, licences, deploy/, docs/rfcs.md
  cargo xtask bench [--quick] [--json] [--program FILE] [SCENE…]
                                               measure the release build: calls, route, register, relay, transcoding,
                                               room, listeners, prompt, recording, memory, capacity, start, micro;
                                               --quick: small numbers; --program: that build instead of this one's
  cargo xtask guests                           build dialplans/* into <target>/guests
  cargo xtask prompts [FOLDER]                 fetch the English prompts that Debian packages (CC BY-SA 3.0) into
                                               FOLDER/en, else <target>/prompts/en
  cargo xtask rfcs [--strict]                  docs/rfcs.md against the sources
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match obey(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Fault::Usage(what)) => {
            eprintln!("{what}\n\n{USAGE}");
            ExitCode::from(2)
        }
        Err(Fault::Failed(what)) => {
            eprintln!("xtask: {what}");
            ExitCode::FAILURE
        }
    }
}

fn obey(words: &[String]) -> Outcome {
    let (verb, rest) = match words.split_first() {
        Some((verb, rest)) => (verb.as_str(), rest),
        None => ("help", words),
    };
    if matches!(verb, "help" | "--help" | "-h") || rest.iter().any(|word| word == "--help" || word == "-h") {
        println!("{USAGE}");
        return Ok(());
    }
    let place = Place::find()?;
    match verb {
        "run" => run::run(&place, rest),
        "test" => test::test(&place, flag(rest, "--fast")?),
        "check" => {
            nothing(rest)?;
            check::check(&place)
        }
        "bench" => bench::bench(&place, rest),
        "guests" => {
            nothing(rest)?;
            guests::guests(&place).map(drop)
        }
        "prompts" => prompts::prompts(&place, rest),
        "rfcs" => rfcs::rfcs(&place, flag(rest, "--strict")?),
        other => Err(Fault::Usage(format!("there is no verb `{other}`"))),
    }
}

/// Whether the one option that a verb has is there.
fn flag(words: &[String], name: &str) -> Outcome<bool> {
    match words {
        [] => Ok(false),
        [one] if one == name => Ok(true),
        _ => Err(Fault::Usage(format!("only {name} may follow, not `{}`", words.join(" ")))),
    }
}

fn nothing(words: &[String]) -> Outcome {
    if words.is_empty() { Ok(()) } else { Err(Fault::Usage(format!("nothing may follow, not `{}`", words.join(" ")))) }
}
