//! `cargo xtask run`: builds everything and becomes the server.

use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::guests;
use crate::place::Place;
use crate::prompts;
use crate::tool::{self, Fault, Outcome, say};

/// What was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wish<'a> {
    demo_call: bool,
    release: bool,
    /// For the server.
    rest: &'a [String],
}

fn wish(words: &[String]) -> Outcome<Wish<'_>> {
    let mut wish = Wish::default();
    for (at, word) in words.iter().enumerate() {
        match word.as_str() {
            "--demo-call" => wish.demo_call = true,
            "--release" => wish.release = true,
            "--" => {
                wish.rest = &words[at + 1..];
                break;
            }
            other => {
                return Err(Fault::Usage(format!("`run` does not know `{other}`; the server's own words follow `--`")));
            }
        }
    }
    Ok(wish)
}

/// The development profile unless told: it is there in half the time, shares what `cargo xtask test` builds, and the
/// parts that count (digests, the compiler for guests, media) are optimised in it too.
pub(crate) fn run(place: &Place, words: &[String]) -> Outcome {
    let wish = wish(words)?;
    let guests = guests::guests(place)?;
    let mut build = place.cargo();
    build.args(["build", "--locked", "--workspace", "--bin", "strowger"]);
    if wish.release {
        build.arg("--release");
    } else {
        // Where a test is built too, cargo chooses the features of all crates as the tests want them. So neither of
        // `run` and `test` builds anew what the other has built: minutes, for a test that is there in a second.
        build.args(["--test", "relay"]);
    }
    tool::run(&mut build)?;
    let prompts = prompts::ensure(place);
    let profile = if wish.release { "release" } else { "debug" };
    let mut server = Command::new(place.target.join(profile).join("strowger"));
    server.current_dir(&place.root).env("STROWGER_GUESTS", guests);
    // Whoever has prompts of his own, or names others, has them.
    if !place.root.join("data/prompts").is_dir() && std::env::var_os("STROWGER__MEDIA__PROMPTS").is_none() {
        server.env("STROWGER__MEDIA__PROMPTS", prompts);
    }
    if wish.demo_call {
        server.arg("demo-call");
    } else {
        server.args(["run", "--demo", "--data", "data"]);
    }
    server.args(wish.rest);
    say(if wish.demo_call { "strowger demo-call" } else { "strowger run --demo --data data (Ctrl-C ends it)" });
    // Never comes back when it succeeds: signals go to the server itself.
    let error = server.exec();
    Err(Fault::Failed(format!("cannot start {}: {error}", server.get_program().display())))
}

#[cfg(test)]
mod tests {
    use super::{Wish, wish};

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn what_follows_two_dashes_is_the_servers() {
        let words = words("--demo-call -- --demo-call --json");
        assert_eq!(wish(&words).unwrap(), Wish { demo_call: true, release: false, rest: &words[2..] });
    }

    #[test]
    fn an_unknown_word_is_refused() {
        assert!(wish(&words("--demo")).is_err());
    }
}
