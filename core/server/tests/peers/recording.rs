//! Two baresip phones talk and the call is recorded: what an operator gets of it, read by sox and, where it is installed, by ffmpeg.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::harness::{Exchange, Over, program, prompts, until};
use crate::phone::Phone;
use crate::speaking::best;
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

/// A second reader, where it is installed: it weighs too much to be asked for.
fn ffmpeg_side(path: &Path, number: u8) -> Option<Vec<f64>> {
    let path_of_all = std::env::var_os("PATH").unwrap_or_default();
    if !["ffmpeg", "ffprobe"].iter().all(|name| std::env::split_paths(&path_of_all).any(|at| at.join(name).is_file())) {
        eprintln!("RECORDINGS ARE NOT READ BY FFMPEG: it is not installed");
        return None;
    }
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-hide_banner", "-loglevel", "error", "-nostdin", "-i"]).arg(path);
    let done = ffmpeg.args(["-ac", "2", "-ar", "8000", "-f", "s16le", "-"]).output().expect("ffmpeg runs");
    assert!(done.status.success() && done.stderr.is_empty(), "{}", String::from_utf8_lossy(&done.stderr));
    let samples = done.stdout.chunks_exact(2).map(|pair| f64::from(i16::from_le_bytes([pair[0], pair[1]])));
    Some(samples.skip(usize::from(number) - 1).step_by(2).collect())
}

/// What ffmpeg says of a file is what it is, and what it reads is what sox and opusdec read.
fn ffmpeg_reads_it_alike(path: &Path, extension: &str) {
    let Some(left) = ffmpeg_side(path, 1) else { return };
    let right = ffmpeg_side(path, 2).expect("it was there before");
    let entries = "stream=codec_name,channels:format=duration";
    let mut probe = Command::new("ffprobe");
    probe.args(["-v", "error", "-of", "json", "-show_entries", entries]).arg(path);
    let said: serde_json::Value =
        serde_json::from_slice(&probe.output().expect("ffprobe runs").stdout).expect("what ffprobe says is JSON");
    let codec = if extension == "wav" { "pcm_s16le" } else { "opus" };
    assert_eq!(
        (said["streams"][0]["codec_name"].as_str(), said["streams"][0]["channels"].as_u64()),
        (Some(codec), Some(2))
    );
    let seconds: f64 = said["format"]["duration"].as_str().and_then(|text| text.parse().ok()).expect("a length");
    for (number, heard) in [(1, left), (2, right)] {
        let other = side(path, number);
        #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
        let (own, others) = (heard.len() as f64 / 8_000.0, other.len() as f64 / 8_000.0);
        assert!((own - seconds).abs() < 0.1 && (own - others).abs() < 0.1, "{own} s, {others} s, {seconds} s");
        let alike = correlation(&heard, &other);
        assert!(alike > 0.99, "side {number}: {alike:.3}");
    }
}

/// How alike two pieces are, at the best of some places beside each other: each reader has a resampler of its own.
fn correlation(one: &[f64], other: &[f64]) -> f64 {
    let length = one.len().min(other.len()) - 400;
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let middle = &one[200..200 + length];
    let at = |place: usize| {
        let there = &other[place..place + length];
        dot(middle, there) / (dot(middle, middle) * dot(there, there)).sqrt().max(1.0)
    };
    (0..400).map(at).fold(0.0, f64::max)
}

/// Alice, who says words, and Bob, who says nothing, recorded each on a side: the words are on hers, as they were said.
fn speech_is_recorded(kind: &[&str], extension: &str, least: f64) {
    let exchange = Exchange::start();
    let words = prompts().join("en/demo-congrats.wav");
    assert!(words.is_file(), "{} is not there: run `cargo xtask prompts`", words.display());
    let bob = Phone::start(&exchange, "1002", BOB, Over::Udp, true);
    let mut alice = Phone::start(&exchange, "1001", ALICE, Over::Udp, false);
    bob.says(Path::new(""));
    alice.says(&words);
    exchange.bindings(2);
    alice.calls(&format!("sip:1002@{}", exchange.address(Over::Udp)));
    let calls: serde_json::Value = serde_json::from_str(&exchange.operate(&["call", "list", "--json"])).expect("JSON");
    let uid = calls["calls"][0]["uid"].as_str().expect("a call").to_owned();
    exchange.operate(&[&["call", "record", "start", &uid, "--name", "tape"], kind].concat());
    bob.heard(9);
    alice.hangs_up();
    until("the recording is over", Duration::from_secs(5), || {
        Some(recording(&exchange, "tape")).filter(|recording| recording["bytes"].is_u64())
    });
    let path = fetched(&exchange, "tape", extension);
    let said = tone::read(&words);
    let hers = ffmpeg_side(&path, 1).unwrap_or_else(|| side(&path, 1));
    let his = side(&path, 2);
    let power = |piece: &[f64]| piece.iter().map(|sample| sample * sample).sum::<f64>();
    assert!(power(&his) * 1_000.0 < power(&hers), "he said nothing");
    // Half seconds with a voice in them.
    let voiced: Vec<usize> =
        (16_000..48_000).step_by(4_000).filter(|at| power(&said[*at..*at + 4_000]) > 4e8).collect();
    assert!(voiced.len() >= 4, "too little is said");
    // Where the first words are, the others are not far.
    let piece = |at: usize| &said[at..at + 4_000];
    let first = voiced[0];
    let (_, place) = best(&hers, 0..first + 4_000, piece(first));
    let like =
        |at: &usize| best(&hers, (place + at - first).saturating_sub(400)..place + at - first + 400, piece(*at)).0;
    let mut likeness: Vec<f64> = voiced.iter().map(like).collect();
    likeness.sort_by(f64::total_cmp);
    assert!(likeness[1] > least, "{likeness:.3?}");
}

#[test]
fn speech_is_recorded_in_wav_as_it_was_said() {
    speech_is_recorded(&[], "wav", 0.97);
}

#[test]
fn speech_is_recorded_in_opus_as_it_was_said() {
    speech_is_recorded(&["--opus"], "opus", 0.8);
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
    let whole = fetched(&exchange, "tape", extension);
    each_has_a_side(&whole, 2);
    ffmpeg_reads_it_alike(&whole, extension);
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
