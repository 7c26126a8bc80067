//! The rows of the table, one after the other.

use std::time::{Instant, SystemTime};

use super::*;
use crate::audio::{Digits, Ended};
use crate::config::Config;
use crate::io::Output;
use crate::mint::Mint;

const PORT: PortId = PortId(7);
const SECOND: Duration = Duration::from_secs(1);

/// A machine in someone's hands.
struct Bench {
    sounds: Sounds,
    wire: Wire,
    at: Place,
}

impl Bench {
    fn new() -> Self {
        let (call, uid, side) = (CallId::default(), CallUid([10; 12]), Side::Caller);
        let at = Place { call, uid, tenant: TenantId(1), port: PORT, side, language: None };
        let wire = Wire::new(Config::default().into(), Mint::new([0; 32]), Instant::now(), SystemTime::UNIX_EPOCH);
        Self { sounds: Sounds::default(), wire, at }
    }

    fn play(&mut self, interrupt: &str) -> Outcome {
        let play = Play { sounds: vec![prompt("hello")], language: None, interrupt: keys(interrupt), forever: false };
        self.sounds.play(play, &self.at, &mut self.wire)
    }

    fn read(&mut self, read: Read) -> Outcome {
        self.sounds.read(read, &self.at, &mut self.wire)
    }

    fn record(&mut self, beep: bool) -> Outcome {
        let record = Record { name: None, limit: SECOND, silence: None, end: keys("#"), beep };
        self.sounds.record(record, &self.at, &mut self.wire)
    }

    fn echo(&mut self) -> Outcome {
        self.sounds.echo(keys("#"), SECOND, &self.at, &mut self.wire)
    }

    fn music(&mut self) -> Outcome {
        self.sounds.music(Vec::new(), false, &self.at, &mut self.wire)
    }

    /// The reply to the last key; earlier ones must have none.
    fn press(&mut self, text: &str) -> Outcome {
        text.chars().fold(None, |before, key| {
            assert_eq!(before, None, "a reply before {key}");
            self.sounds.key(Digit::from_char(key).expect("a key"), &self.at, &mut self.wire)
        })
    }

    /// What was begun last is over.
    fn played(&mut self, fault: Option<AudioError>) -> Outcome {
        self.sounds.played(SoundId(self.sounds.minted), fault, &self.at, &mut self.wire)
    }

    fn recorded(&mut self, fault: Option<AudioError>) -> Outcome {
        self.sounds.recorded(SoundId(self.sounds.minted), SECOND, fault, &mut self.wire)
    }

    fn late(&mut self) -> Outcome {
        assert!(self.sounds.timer.is_some(), "a timer was armed");
        self.wire.timers.cancel(&mut self.sounds.timer);
        self.sounds.time_is_over(&self.at, &mut self.wire)
    }

    /// What was sent since the last look, each by its name.
    fn sent(&mut self) -> Vec<&'static str> {
        let name = |output| match output {
            Output::Media(MediaCommand::Play { forever: true, .. }) => "Play forever",
            Output::Media(MediaCommand::Play { .. }) => "Play",
            Output::Media(MediaCommand::Hush { .. }) => "Hush",
            Output::Media(MediaCommand::Echo { on: true, .. }) => "Echo on",
            Output::Media(MediaCommand::Echo { on: false, .. }) => "Echo off",
            Output::Media(MediaCommand::Record { .. }) => "Record",
            Output::Media(MediaCommand::Enough { .. }) => "Enough",
            other => panic!("{other:?}"),
        };
        // What is kept of recordings is told in stories.
        let told = |output: &Output| matches!(output, Output::Record(_) | Output::Event(..));
        let outputs = self.wire.outputs.drain(..).filter(|output| !told(output));
        outputs.map(name).collect()
    }

    fn is_quiet(&self) -> bool {
        matches!(self.sounds.state, State::Quiet) && self.wire.timers.is_empty()
    }
}

fn prompt(name: &str) -> Sound {
    Sound::Prompt(name.to_owned())
}

fn keys(text: &str) -> Keys {
    Keys::parse(text).expect("keys")
}

fn asking() -> Read {
    Read {
        prompt: vec![prompt("say")],
        language: None,
        min: 2,
        max: 3,
        end: keys("#"),
        first: 5 * SECOND,
        next: 2 * SECOND,
        tries: 2,
        again: vec![prompt("wrong")],
    }
}

fn read(digits: &str, by: Ended) -> Outcome {
    Some(Reply::Read(Digits { digits: digits.to_owned(), by }))
}

fn pressed(key: char) -> Outcome {
    Some(Reply::Played(Played::Key(Digit::from_char(key).expect("a key"))))
}

fn missing() -> AudioError {
    AudioError::Missing("say".to_owned())
}

#[test]
fn what_is_played_is_over_by_itself_by_a_key_or_by_a_fault() {
    let mut bench = Bench::new();
    assert_eq!((bench.play(""), bench.sent()), (None, vec!["Play"]));
    assert_eq!(bench.press("1"), None);
    assert_eq!(bench.played(None), Some(Reply::Played(Played::Whole)));
    assert_eq!((bench.play("2"), bench.press("2")), (None, pressed('2')));
    assert_eq!(bench.sent(), ["Play", "Hush"]);
    assert_eq!((bench.play(""), bench.played(Some(missing()))), (None, Some(Reply::Inaudible(missing()))));
    assert!(bench.is_quiet());
    // What was pressed first is there still.
    bench.sent();
    assert_eq!((bench.play("1"), bench.sent()), (pressed('1'), vec![]));
}

#[test]
fn an_answer_for_what_was_replaced_says_nothing() {
    let mut bench = Bench::new();
    bench.music();
    bench.play("");
    assert_eq!(bench.sounds.played(SoundId(1), None, &bench.at, &mut bench.wire), None);
    assert_eq!(bench.played(None), Some(Reply::Played(Played::Whole)));
    assert_eq!(bench.played(None), None);
    assert_eq!(bench.recorded(None), None);
}

#[test]
fn keys_are_read_with_their_own_times() {
    let mut bench = Bench::new();
    assert_eq!((bench.read(asking()), bench.played(None)), (None, None));
    let due = |bench: &Bench| bench.wire.timers.next().map(|due| due - bench.wire.now);
    assert_eq!(due(&bench), Some(5 * SECOND));
    bench.press("1");
    assert_eq!(due(&bench), Some(2 * SECOND));
    bench.press("2");
    assert_eq!((bench.late(), bench.sent()), (read("12", Ended::Time), vec!["Play"]));
    assert!(bench.is_quiet());
}

#[test]
fn a_key_during_the_prompt_ends_it_and_counts() {
    let mut bench = Bench::new();
    bench.read(asking());
    assert_eq!((bench.press("1"), bench.sent()), (None, vec!["Play", "Hush"]));
    assert_eq!(bench.press("23"), read("123", Ended::Enough));
    assert!(bench.is_quiet());
}

#[test]
fn too_few_keys_are_asked_for_again_until_the_tries_are_used_up() {
    let mut bench = Bench::new();
    bench.read(asking());
    bench.press("1#");
    assert_eq!(bench.sent(), ["Play", "Hush", "Play"]);
    bench.played(None);
    assert_eq!(bench.press("4"), None);
    assert_eq!(bench.late(), read("4", Ended::Time));
    assert!(bench.is_quiet());
    bench.read(Read { tries: 1, ..asking() });
    assert_eq!(bench.press("1#"), read("1", Ended::Key(Digit::POUND)));
    bench.read(asking());
    assert_eq!(bench.press("12#"), read("12", Ended::Key(Digit::POUND)));
}

#[test]
fn who_types_ahead_hears_no_prompt() {
    let mut bench = Bench::new();
    bench.press("12");
    bench.music();
    bench.sent();
    assert_eq!((bench.read(asking()), bench.sent()), (None, vec!["Hush"]));
    assert_eq!(bench.press("3"), read("123", Ended::Enough));
    bench.press("1234");
    assert_eq!(bench.read(asking()), read("123", Ended::Enough));
    assert_eq!(bench.play("4"), pressed('4'));
    assert!(bench.is_quiet());
}

#[test]
fn sixty_four_keys_are_kept_and_no_more() {
    let mut bench = Bench::new();
    bench.press(&"1".repeat(63));
    bench.press("23!");
    let all = Read { min: 0, max: 64, prompt: Vec::new(), ..asking() };
    let expected = format!("{}2", "1".repeat(63));
    assert_eq!(bench.read(all), read(&expected, Ended::Enough));
    assert!(bench.sounds.kept.is_empty());
}

#[test]
fn a_flash_is_no_key() {
    let mut bench = Bench::new();
    bench.read(Read { prompt: Vec::new(), ..asking() });
    assert_eq!(bench.press("!1!2#"), read("12", Ended::Key(Digit::POUND)));
}

#[test]
fn a_prompt_that_is_missing_ends_a_reading() {
    let mut bench = Bench::new();
    bench.read(asking());
    assert_eq!(bench.played(Some(missing())), Some(Reply::Inaudible(missing())));
    bench.record(true);
    assert_eq!(bench.played(Some(missing())), Some(Reply::Inaudible(missing())));
    assert!(bench.is_quiet());
}

#[test]
fn a_recording_begins_after_its_beep_and_ends_by_a_key() {
    let mut bench = Bench::new();
    bench.record(true);
    bench.press("#");
    assert_eq!((bench.played(None), bench.sent()), (None, vec!["Play", "Record"]));
    assert_eq!((bench.press("1#"), bench.press("#"), bench.sent()), (None, None, vec!["Enough"]));
    let name = format!("{}-1", bench.at.uid);
    let made = Recorded { name, length: SECOND, key: Some(Digit::POUND) };
    assert_eq!(bench.recorded(None), Some(Reply::Recorded(made)));
    let full = AudioError::Unwritable("full".to_owned());
    bench.record(false);
    assert_eq!(bench.recorded(Some(full.clone())), Some(Reply::Inaudible(full)));
    assert_eq!(bench.sent(), ["Record"]);
    assert!(bench.is_quiet());
}

#[test]
fn an_echo_ends_by_its_key_or_by_time() {
    let mut bench = Bench::new();
    assert_eq!((bench.echo(), bench.press("1#")), (None, pressed('#')));
    assert_eq!((bench.echo(), bench.late()), (None, Some(Reply::Played(Played::Whole))));
    assert_eq!(bench.sent(), ["Echo on", "Echo off", "Echo on", "Echo off"]);
    assert!(bench.is_quiet());
}

#[test]
fn music_ends_when_something_else_begins() {
    for (begin, after) in [
        ((|bench| bench.echo()) as fn(&mut Bench) -> Outcome, vec!["Play forever", "Hush", "Echo on"]),
        (|bench| bench.record(false), vec!["Play forever", "Hush", "Record"]),
        (|bench| bench.read(Read { prompt: Vec::new(), ..asking() }), vec!["Play forever", "Hush"]),
        (|bench| bench.play(""), vec!["Play forever", "Play"]),
        (|bench| bench.record(true), vec!["Play forever", "Play"]),
    ] {
        let mut bench = Bench::new();
        assert_eq!(bench.music(), Some(Reply::Done));
        assert_eq!((begin(&mut bench), bench.sent()), (None, after));
        assert!(!bench.sounds.has_music());
    }
}

#[test]
fn whatever_sounds_is_stopped_and_leaves_no_timer() {
    for (begin, after) in [
        ((|bench| bench.music()) as fn(&mut Bench) -> Outcome, vec!["Hush"]),
        (|bench| bench.play(""), vec!["Hush"]),
        (|bench| bench.read(asking()), vec!["Hush"]),
        (|bench| bench.read(Read { prompt: Vec::new(), ..asking() }), vec![]),
        (|bench| bench.record(true), vec!["Hush"]),
        (|bench| bench.record(false), vec!["Enough"]),
        (|bench| bench.echo(), vec!["Echo off"]),
    ] {
        let mut bench = Bench::new();
        begin(&mut bench);
        bench.sent();
        bench.sounds.stop(Some(PORT), &mut bench.wire);
        assert_eq!(bench.sent(), after);
        assert!(bench.is_quiet());
        assert_eq!(bench.played(None), None);
    }
}
