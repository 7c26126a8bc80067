//! What real phones hear of the exchange itself: prompts, tones, their own echo, and phones of other codecs.

use std::path::Path;

use crate::harness::{Exchange, Over, Plan, prompts};
use crate::phone::Phone;
use crate::tone::{self, level};

const ALICE: f64 = 440.0;
const BOB: f64 = 880.0;

fn office() -> Exchange {
    Exchange::with(Plan { dialplan: Some("office"), ..Plan::default() })
}

/// The second half of what was heard has this tone, and the others by far less.
fn assert_hears(who: &str, heard: &[f64], hertz: f64, not: &[f64]) {
    let steady = &heard[heard.len() / 2..];
    let own = level(steady, hertz);
    assert!(own > -30.0, "{who} hears {hertz} Hz at {own:.1} dB only");
    for other in not {
        let beside = level(steady, *other);
        assert!(own - beside > 20.0, "{who} hears {other} Hz at {beside:.1} dB beside {hertz} Hz at {own:.1} dB");
    }
}

#[test]
fn a_phone_hears_the_test_tone() {
    let exchange = office();
    let mut alice = Phone::start(&exchange, "1001", ALICE, Over::Udp, false);
    exchange.bindings(1);
    alice.calls(&format!("sip:*44@{}", exchange.address(Over::Udp)));
    assert_hears("alice", &alice.heard(3), 1_004.0, &[ALICE, 700.0, 2_008.0]);
    alice.hangs_up();
    let cdr = exchange.cdr();
    assert_eq!((cdr.disposition.as_str(), cdr.fallback), ("answered", None));
    let counts = cdr.legs[0].media.expect("the caller is counted");
    assert!(counts.packets_out >= 140, "3 s at 50 packets a second: {counts:?}");
}

#[test]
fn a_phone_hears_its_own_echo() {
    // Without prompts the announcement before is short.
    let settings = &[("STROWGER__MEDIA__PROMPTS", "nowhere")];
    let exchange = Exchange::with(Plan { dialplan: Some("office"), settings, ..Plan::default() });
    let mut alice = Phone::start(&exchange, "1001", ALICE, Over::Udp, false);
    exchange.bindings(1);
    alice.calls(&format!("sip:*43@{}", exchange.address(Over::Udp)));
    assert_hears("alice", &alice.heard(6), ALICE, &[BOB, 1_400.0]);
    alice.hangs_up();
    let log = exchange.log_text();
    let told: Vec<&str> = log.lines().filter(|line| line.contains("there are no prompts")).collect();
    assert!(
        matches!(told[..], [line] if line.contains("sh deploy/prompts.sh nowhere") && line.contains("beep")),
        "{log}"
    );
    let at = |what: &str| log.find(what).expect("it is logged");
    assert!(at("there are no prompts") < at("arrived"), "at the start, before anybody calls");
}

#[test]
fn the_way_to_a_phone_is_known_while_it_talks_to_the_exchange() {
    let exchange = office();
    let mut alice = Phone::start(&exchange, "1001", ALICE, Over::Udp, false);
    exchange.bindings(1);
    alice.calls(&format!("sip:*43@{}", exchange.address(Over::Udp)));
    let shown = |words: &[&str]| -> serde_json::Value { serde_json::from_str(&exchange.operate(words)).expect("JSON") };
    let calls = shown(&["call", "list", "--json"]);
    let uid = calls["calls"][0]["uid"].as_str().expect("a call is up").to_owned();
    // A report of ours goes out within 4 s, and the phone's answer comes within 8 s after it (RFC 3550 §6.3.1).
    let measured = (1..=20).find_map(|second| {
        alice.heard(second);
        let media = shown(&["call", "show", &uid, "--json"])["legs"][0]["media"].clone();
        media["rttUs"].is_u64().then_some(media)
    });
    let measured = measured.expect("the phone answered a report of the exchange");
    assert!(measured["rttUs"].as_u64().is_some_and(|rtt| rtt < 500_000), "{measured}");
    assert!(measured["mos"].as_f64().is_some_and(|mos| mos > 4.0), "{measured}");
    alice.hangs_up();
    let kept = exchange.cdr().legs[0].media.expect("the caller is counted");
    assert!(kept.rtt_us.is_some() && kept.far_lost.is_some() && kept.mos.is_some(), "{kept:?}");
}

#[test]
fn a_phone_hears_a_prompt_as_it_was_recorded() {
    let exchange = office();
    let spoken = tone::read(&installed("en/demo-echotest.wav"));
    let mut alice = Phone::start(&exchange, "1001", ALICE, Over::Udp, false);
    exchange.bindings(1);
    alice.calls(&format!("sip:*43@{}", exchange.address(Over::Udp)));
    let heard = alice.heard(4);
    alice.hangs_up();
    // A quarter of a second of words, looked for in all that was heard.
    let words = &spoken[12_000..14_000];
    let alike = heard.windows(words.len()).map(|piece| likeness(piece, words)).fold(0.0, f64::max);
    assert!(alike > 0.95, "the prompt is found with {alike:.2} only");
}

#[test]
fn an_operator_plays_to_one_of_two_who_talk_and_then_they_hear_each_other_again() {
    let exchange = office();
    let bob = Phone::start(&exchange, "1002", BOB, Over::Udp, true);
    let mut alice = Phone::start(&exchange, "1001", ALICE, Over::Udp, false);
    exchange.bindings(2);
    alice.calls(&format!("sip:1002@{}", exchange.address(Over::Udp)));
    let tail = |heard: &[f64]| heard[heard.len() - 4_000..].to_vec();
    assert_hears("alice", &tail(&alice.heard(2)), BOB, &[1_004.0]);
    let calls: serde_json::Value = serde_json::from_str(&exchange.operate(&["call", "list", "--json"])).expect("JSON");
    let uid = calls["calls"][0]["uid"].as_str().expect("a call is up").to_owned();
    exchange.operate(&["call", "play", &uid, "tone:1004:30", "--to", "caller"]);
    assert_hears("alice", &tail(&alice.heard(5)), 1_004.0, &[BOB]);
    assert_hears("bob", &tail(&bob.heard(5)), ALICE, &[1_004.0]);
    exchange.operate(&["call", "stop", &uid]);
    assert_hears("alice", &tail(&alice.heard(8)), BOB, &[1_004.0]);
    // A file of the tenant's own, uploaded while they talk.
    let file = installed("en/demo-echotest.wav");
    exchange.operate(&["prompt", "add", "own/echo", file.to_str().expect("a path")]);
    exchange.operate(&["call", "play", &uid, "prompt:own/echo", "--to", "callee"]);
    let words = &tone::read(&file)[12_000..14_000];
    let heard = bob.heard(11);
    let alike = heard.windows(words.len()).map(|piece| likeness(piece, words)).fold(0.0, f64::max);
    assert!(alike > 0.95, "the prompt is found with {alike:.2} only");
    alice.hangs_up();
    assert_eq!(exchange.cdr().disposition.as_str(), "answered");
}

fn installed(name: &str) -> std::path::PathBuf {
    let path = prompts().join(name);
    assert!(Path::is_file(&path), "{} is not there: run `cargo xtask prompts`", path.display());
    path
}

/// The correlation of two pieces of one length.
fn likeness(one: &[f64], other: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    dot(one, other) / (dot(one, one) * dot(other, other)).sqrt().max(1.0)
}

fn phones_of_two_codecs_hear_each_other(codec: &str) {
    let exchange = office();
    let bob = Phone::of_codec(codec, &exchange, "1002", BOB, Over::Udp, true);
    let mut alice = Phone::start(&exchange, "1001", ALICE, Over::Udp, false);
    exchange.bindings(2);
    alice.calls(&format!("sip:1002@{}", exchange.address(Over::Udp)));
    assert_hears("alice", &alice.heard(3), BOB, &[ALICE, 1_760.0]);
    assert_hears("bob", &bob.heard_wide(3), ALICE, &[BOB]);
    alice.hangs_up();
    let cdr = exchange.cdr();
    assert_eq!(cdr.disposition, "answered");
    assert_eq!(cdr.legs.len(), 3, "bob took nothing of what alice speaks, and was asked once more");
}

#[test]
fn a_phone_of_pcmu_and_one_of_g722_hear_each_other() {
    phones_of_two_codecs_hear_each_other("g722/16000");
}

#[test]
fn a_phone_of_pcmu_and_one_of_opus_hear_each_other() {
    phones_of_two_codecs_hear_each_other("opus/48000/2");
}
