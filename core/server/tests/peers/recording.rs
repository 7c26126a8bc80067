//! Two baresip phones talk and the call is recorded: what an operator gets of it, read by sox.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::harness::{Exchange, Over, program, until};
use crate::phone::Phone;
use crate::talking::{ALICE, BOB};
use crate::tone::{self, level};

/// Alice and Bob, who talk; the uid of their call.
fn talking() -> (Exchange, Phone, Phone, String) {
    let exchange = Exchange::start();
    let bob = Phone::start(&exchange, "1002", BOB, Over::Udp, true);
    let mut alice = Phone::start(&exchange, "1001", ALICE, Over::Udp, false);
    exchange.bindings(2);
    alice.calls(&format!("sip:1002@{}", exchange.address(Over::Udp)));
    let calls: serde_json::Value = serde_json::from_str(&exchange.operate(&["call", "list", "--json"])).expect("JSON");
    let uid = calls["calls"][0]["uid"].as_str().expect("a call").to_owned();
    (exchange, alice, bob, uid)
}

fn recording(exchange: &Exchange, name: &str) -> serde_json::Value {
    serde_json::from_str(&exchange.operate(&["recording", "show", name, "--json"])).expect("JSON")
}

fn fetched(exchange: &Exchange, name: &str, extension: &str) -> PathBuf {
    let path = exchange.path(&format!("fetched.{extension}"));
    exchange.operate(&["recording", "get", name, "--force", "--output", &path.display().to_string()]);
    path
}

/// A file as sox can read it: of Opus it knows nothing.
fn for_sox(path: &Path) -> PathBuf {
    if path.extension().is_none_or(|extension| extension != "opus") {
        return path.to_owned();
    }
    let wav = path.with_extension("opus.wav");
    let read = Command::new(program("opusdec")).arg("--quiet").arg(path).arg(&wav).status().expect("opusdec runs");
    assert!(read.success(), "{} can be read", path.display());
    wav
}

/// One side of a file of two, as sox reads it.
fn side(path: &Path, number: u8) -> Vec<f64> {
    let path = for_sox(path);
    let out = path.with_extension(format!("{number}.wav"));
    let mut sox = Command::new(program("sox"));
    sox.arg(&path).args(["-b", "16", "-r", "8000"]).arg(&out).args(["remix", &number.to_string()]);
    let done = sox.output().expect("sox runs");
    // A file that is not whole makes sox say so.
    assert!(done.status.success() && done.stderr.is_empty(), "{}", String::from_utf8_lossy(&done.stderr));
    tone::read(&out)
}

/// Alice left, Bob right, and nobody on the other's side.
fn each_has_a_side(path: &Path, seconds: usize) {
    for (number, own, other) in [(1, ALICE, BOB), (2, BOB, ALICE)] {
        let heard = side(path, number);
        assert!(heard.len() >= seconds * 8_000, "{} samples", heard.len());
        let steady = &heard[heard.len() / 4..heard.len() * 3 / 4];
        let (own_level, beside) = (level(steady, own), level(steady, other));
        assert!(own_level > -12.0, "side {number}: {own} Hz at {own_level:.1} dB only");
        assert!(own_level - beside > 40.0, "side {number}: {other} Hz at {beside:.1} dB");
    }
}

fn recorded_and_read(kind: &[&str], extension: &str) {
    let (exchange, mut alice, bob, uid) = talking();
    exchange.operate(&[&["call", "record", "start", &uid, "--name", "tape"], kind].concat());
    let (before, _) = (alice.heard(1).len(), bob.heard(1));
    let seconds = u32::try_from(before / 8_000).expect("few") + 3;
    let heard = alice.heard(seconds);
    assert!(level(&heard[heard.len() - 8_000..], BOB) > -12.0, "they hear each other while it is recorded");
    // While it goes on it can be seen, fetched as far as it is, and not removed.
    assert!(exchange.operate(&["recording", "list"]).contains("running"));
    let growing = fetched(&exchange, "tape", extension);
    assert!(side(&growing, 1).len() >= 8_000);
    exchange.operate(&["call", "record", "stop", &uid]);
    let whole = until("the recording is over", Duration::from_secs(3), || {
        Some(recording(&exchange, "tape")).filter(|recording| recording["bytes"].is_u64())
    });
    assert_eq!((whole["call"].as_str(), whole["kind"].as_str()), (Some(uid.as_str()), Some("RECORDING_KIND_CALL")));
    assert!(whole["fault"].is_null(), "{whole}");
    each_has_a_side(&fetched(&exchange, "tape", extension), 2);
    exchange.operate(&["recording", "remove", "tape"]);
    assert!(!exchange.operate(&["recording", "list", "--json"]).contains("tape"));
    assert!(!exchange.path(&format!("data/tenants/1/recordings/tape.{extension}")).exists());
    alice.hangs_up();
    assert_eq!(exchange.cdr().disposition, "answered");
}

#[test]
fn a_call_is_recorded_in_wav_and_read_by_sox() {
    recorded_and_read(&[], "wav");
}

#[test]
fn a_call_is_recorded_in_opus_and_read_by_sox() {
    recorded_and_read(&["--opus", "--beep"], "opus");
}

#[test]
fn what_was_recorded_survives_kill_9_and_is_listed_at_the_next_start() {
    for (extension, kind) in [("wav", "--name=tape"), ("opus", "--opus")] {
        let (mut exchange, alice, _bob, uid) = talking();
        let name = if kind == "--opus" { format!("{uid}-1") } else { "tape".to_owned() };
        exchange.operate(&["call", "record", "start", &uid, kind]);
        let begun = u32::try_from(alice.heard(1).len() / 8_000).expect("few");
        alice.heard(begun + 4);
        exchange.kill();
        // As it lies there: the header speaks of less than there is, and what it speaks of can be heard.
        let part = exchange.path(&format!("data/tenants/1/recordings/{name}.part"));
        let copied = exchange.path(&format!("copy.{extension}"));
        std::fs::copy(&part, &copied).expect("a file that grew");
        let mut sox = Command::new(program("sox"));
        let read = sox
            .arg("--ignore-length")
            .arg(for_sox(&copied))
            .arg(exchange.path("copy.out.wav"))
            .status()
            .expect("sox runs");
        assert!(read.success(), "{extension} can be read as it lies there");
        exchange.start_again();
        let mended = until("the recording is listed", Duration::from_secs(5), || {
            Some(recording(&exchange, &name)).filter(|recording| recording["bytes"].is_u64())
        });
        assert_eq!(mended["call"].as_str(), Some(uid.as_str()), "what was known of it is known still");
        assert!(mended["fault"].as_str().is_some_and(|why| why.contains("ended while")), "{mended}");
        each_has_a_side(&fetched(&exchange, &name, extension), 2);
        assert!(!part.exists());
    }
}
