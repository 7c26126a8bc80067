//! Speech through the whole exchange: said by one real phone, heard by another.
//!
//! With `STROWGER_HEARD=FOLDER` what was said and heard is left there, for `pesq.py` beside this file.

use crate::harness::{Exchange, Over, Plan, prompts};
use crate::phone::Phone;
use crate::tone;
use std::path::{Path, PathBuf};
use std::time::Duration;

const SILENT: f64 = 60.0;
/// What is compared, in seconds from the beginning.
const SECONDS: u32 = 10;
/// Half a second.
const PIECE: usize = 4_000;

fn office() -> Exchange {
    Exchange::with(Plan { dialplan: Some("office"), ..Plan::default() })
}

/// Words, after two seconds in which tones and buffers settle.
fn speech(exchange: &Exchange) -> PathBuf {
    let words = prompts().join("en/demo-congrats.wav");
    assert!(words.is_file(), "{} is not there: run `cargo xtask prompts`", words.display());
    let path = exchange.path("speech.wav");
    tone::save(&path, &[vec![0.0; 2 * tone::RATE as usize], tone::read(&words)].concat());
    path
}

/// How like what was heard is to what was said: of half seconds with a voice in them, the worst but two. A phone or a mixer
/// that adapts to its network may shift one or two of them.
fn kept(case: &str, exchange: &Exchange, heard: &[f64]) -> f64 {
    let said = tone::read(&speech(exchange));
    keep(case, &said[..(SECONDS * tone::RATE) as usize], heard);
    let voiced = |start: &usize| power(&said[*start..start + PIECE]) > 300.0;
    let starts: Vec<usize> = (16_000..(SECONDS as usize - 2) * 8_000).step_by(PIECE).filter(voiced).collect();
    assert!(starts.len() > 5, "too little is said");
    // Where the first words are, the others are not far.
    let first = starts[0];
    let (_, place) = best(heard, first / 2..(first + 12 * PIECE).min(heard.len() - PIECE), &said[first..first + PIECE]);
    let like = |start: &usize| {
        let about = (place + start).saturating_sub(first);
        let last = heard.len() - PIECE;
        best(heard, about.saturating_sub(800)..(about + 800).min(last), &said[*start..start + PIECE]).0
    };
    let mut likeness: Vec<f64> = starts.iter().map(like).collect();
    likeness.sort_by(f64::total_cmp);
    likeness[2]
}

/// Leaves what was said and heard where it is asked for.
pub(crate) fn keep(case: &str, said: &[f64], heard: &[f64]) {
    if let Some(folder) = std::env::var_os("STROWGER_HEARD") {
        let folder = Path::new(&folder);
        std::fs::create_dir_all(folder).expect("a folder for what was heard");
        tone::save(&folder.join(format!("{case}-said.wav")), said);
        tone::save(&folder.join(format!("{case}-heard.wav")), heard);
    }
}

pub(crate) fn power(piece: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "half a second")]
    let length = piece.len() as f64;
    (dot(piece, piece) / length).sqrt()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The highest correlation of a piece with what was heard at one of these places, and where that is.
pub(crate) fn best(heard: &[f64], places: std::ops::Range<usize>, piece: &[f64]) -> (f64, usize) {
    let own = dot(piece, piece);
    let likeness = |place: usize| {
        let there = &heard[place..place + piece.len()];
        (dot(there, piece) / (own * dot(there, there)).sqrt().max(1.0), place)
    };
    places.map(likeness).fold((0.0, 0), |best, one| if one.0 > best.0 { one } else { best })
}

#[test]
fn speech_is_relayed_as_it_was_said() {
    let exchange = office();
    let bob = Phone::start(&exchange, "1002", SILENT, Over::Udp, true);
    let mut alice = Phone::start(&exchange, "1001", SILENT, Over::Udp, false);
    alice.says(&speech(&exchange));
    exchange.bindings(2);
    alice.calls(&format!("sip:1002@{}", exchange.address(Over::Udp)));
    let kept = kept("relayed", &exchange, &bob.heard(SECONDS + 1));
    assert!(kept > 0.99, "{kept:.3}");
}

#[test]
fn speech_is_understood_through_a_codec_of_another_kind() {
    let exchange = office();
    let bob = Phone::of_codec("opus/48000/2", &exchange, "1002", SILENT, Over::Udp, true);
    let mut alice = Phone::start(&exchange, "1001", SILENT, Over::Udp, false);
    alice.says(&speech(&exchange));
    exchange.bindings(2);
    alice.calls(&format!("sip:1002@{}", exchange.address(Over::Udp)));
    let kept = kept("transcoded", &exchange, &bob.heard_wide(SECONDS + 1));
    // Opus keeps how it sounds, not each wave.
    assert!(kept > 0.75, "{kept:.3}");
}

#[test]
fn one_who_speaks_in_a_room_is_heard_as_he_speaks() {
    let exchange = office();
    let room = format!("sip:*8701@{}", exchange.address(Over::Udp));
    let mut bob = Phone::start(&exchange, "1002", SILENT, Over::Udp, false);
    let mut alice = Phone::start(&exchange, "1001", SILENT, Over::Udp, false);
    for phone in [&mut alice, &mut bob] {
        phone.says(Path::new(""));
    }
    alice.says(&speech(&exchange));
    exchange.bindings(2);
    bob.calls(&room);
    // He is greeted, as the first.
    std::thread::sleep(Duration::from_secs(4));
    alice.calls(&room);
    let kept = kept("room", &exchange, &bob.heard(SECONDS + 5));
    assert!(kept > 0.97, "{kept:.3}");
}
