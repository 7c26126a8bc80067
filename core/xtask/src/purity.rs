//! Below the line nothing waits, reads a clock, draws a random number, or touches a socket or a file. Tests may.

use std::path::PathBuf;

use crate::place::{self, Place};
use crate::source;
use crate::tool::{Outcome, fail};

/// The crates below the line.
const CRATES: &[&str] = &["core/sip", "core/sdp", "core/media", "core/switch"];

/// What betrays it. A word must not be part of a longer one.
const WORDS: &[(&str, &str)] = &[
    ("Instant::now", "reads a clock"),
    ("SystemTime::now", "reads a clock"),
    (".elapsed()", "reads a clock"),
    ("UdpSocket", "owns a socket"),
    ("UnixDatagram", "owns a socket"),
    ("TcpStream", "owns a socket"),
    ("TcpListener", "owns a socket"),
    ("std::fs", "touches files"),
    ("std::env", "reads the environment"),
    ("std::thread", "has threads"),
    ("thread::sleep", "waits"),
    ("tokio::", "needs a runtime"),
    (".await", "waits"),
    ("rand::", "draws a random number"),
    ("getrandom", "draws a random number"),
    ("OsRng", "draws a random number"),
    ("thread_rng", "draws a random number"),
    ("from_os_rng", "draws a random number"),
];

/// The application's end of a call is for tasks above the line: it waits, on something that needs no runtime.
const EXEMPT: &[(&str, &[&str])] = &[("core/switch/src/application.rs", &["tokio::sync", ".await"])];

/// Checks all sources of those crates.
pub(crate) fn purity(place: &Place) -> Outcome {
    let mut faults = Vec::new();
    for folder in CRATES {
        let mut texts = Vec::new();
        let mut for_tests: Vec<PathBuf> = Vec::new();
        for path in place::files(&place.root.join(folder).join("src"), "rs")? {
            let (code, elsewhere) = source::without_tests(&source::code(&place::text(&path)?));
            // A module of `a/mod.rs`, `lib.rs` or `main.rs` is beside it, one of `a.rs` is in `a/`.
            let stem = path.file_stem().unwrap_or_default();
            let home = match stem.to_str() {
                Some("mod" | "lib" | "main") => path.parent().map(PathBuf::from),
                _ => path.parent().map(|parent| parent.join(stem)),
            };
            let home = home.unwrap_or_default();
            for_tests.extend(elsewhere.iter().flat_map(|name| [home.join(name), home.join(format!("{name}.rs"))]));
            texts.push((path, code));
        }
        for (path, code) in texts {
            if !for_tests.iter().any(|tests| path.starts_with(tests)) {
                let shown = place.shown(&path);
                faults.extend(faults_in(&shown, &code));
            }
        }
    }
    if faults.is_empty() { Ok(()) } else { fail(faults.join("\nxtask: ")) }
}

fn faults_in(path: &str, code: &str) -> Vec<String> {
    let exempt = EXEMPT.iter().find(|(file, _)| *file == path).map_or(&[][..], |(_, words)| words);
    let mut faults = Vec::new();
    for (line, text) in code.lines().enumerate() {
        let text = exempt.iter().fold(text.to_owned(), |text, word| text.replace(word, " "));
        for (word, why) in WORDS.iter().filter(|(word, _)| has_word(&text, word)) {
            faults.push(format!("{path}:{}: `{word}` {why}: time, chance and bytes are arguments here", line + 1));
        }
    }
    faults
}

fn has_word(text: &str, word: &str) -> bool {
    let in_word = |c: char| c.is_alphanumeric() || c == '_';
    let goes_on = |at: usize| {
        (word.starts_with(in_word) && text[..at].ends_with(in_word))
            || (word.ends_with(in_word) && text[at + word.len()..].starts_with(in_word))
    };
    text.match_indices(word).any(|(at, _)| !goes_on(at))
}

#[cfg(test)]
mod tests {
    use super::faults_in;

    #[test]
    fn a_clock_is_found_with_its_line() {
        let faults = faults_in("core/sip/src/via.rs", "fn a() {\n    let now = std::time::Instant::now();\n}");
        assert_eq!(faults.len(), 1);
        assert!(faults[0].starts_with("core/sip/src/via.rs:2: `Instant::now` reads a clock"), "{faults:?}");
    }

    #[test]
    fn a_seeded_generator_and_a_longer_word_pass() {
        assert!(faults_in("core/sip/src/via.rs", "use rand_chacha::ChaCha8Rng; operand::of(a).await_end()").is_empty());
    }

    #[test]
    fn the_applications_end_may_wait_but_not_spawn() {
        let file = "core/switch/src/application.rs";
        assert!(faults_in(file, "use tokio::sync::mpsc; a.await").is_empty());
        assert_eq!(faults_in(file, "tokio::spawn(a)").len(), 1);
        assert_eq!(faults_in("core/switch/src/leg.rs", "use tokio::sync::mpsc;").len(), 1);
    }
}
