//! The functions of sound, spoken by the parrot: what goes out, what comes back, what is refused, and a caller who hangs up.

use std::time::Duration;

use switch::{
    AudioError, Command, Digit, Digits, Ended, Event, Failure, Keys, Play, Played, Read, Recorded, Recording, Refusal,
    Reply, Sound, Tone,
};

use crate::exchange::{Line, caller_hung_up, guest, on_one_worker};

async fn parrot(steps: &str) -> Line {
    Line::dials(&guest("parrot"), steps)
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn keys(text: &str) -> Keys {
    Keys::parse(text).expect("keys")
}

fn key(letter: char) -> Digit {
    Digit::from_char(letter).expect("a key")
}

fn prompt(name: &str) -> Sound {
    Sound::Prompt(name.to_owned())
}

/// A plain playing of these.
fn play(sounds: Vec<Sound>) -> Command {
    Command::Play(Play { sounds, language: None, interrupt: Keys::NONE, forever: false })
}

/// What the parrot is told when the exchange replies so to its one step.
async fn told(step: &str, reply: Reply) -> String {
    let mut line = parrot(step).await;
    assert!(line.next().await.is_some(), "{step}");
    line.reply(reply).await;
    line.asks(Command::Detach, Reply::Done).await;
    line.kept(0).expect("kept")
}

/// What the parrot is told of a step that never reaches the exchange.
async fn refused_here(step: &str) -> String {
    let mut line = parrot(step).await;
    line.asks(Command::Detach, Reply::Done).await;
    line.kept(0).expect("kept")
}

const PLAYS: &str = "play prompt:vm-goodbye - -";
const READS: &str = "read prompt:a 1 4 # 5000 3000 3 - -";
const RECORDS: &str = "record - 1000 - # beep";
const ECHOES: &str = "echo # 1000";
const EVERY: [&str; 6] = [PLAYS, READS, RECORDS, ECHOES, "music -", "hush"];

#[test]
fn every_kind_of_sound_is_played_as_it_is_meant() {
    on_one_worker(async {
        let steps =
            "play prompt:digits/7,silence:250,digits:12#,number:-5,date:0,time:-1,spelled:Bö,recording:note-1 - -";
        let mut line = parrot(steps).await;
        let text = str::to_owned;
        let sounds = vec![
            prompt("digits/7"),
            Sound::Silence(ms(250)),
            Sound::Digits(text("12#")),
            Sound::Number(-5),
            Sound::Date(0),
            Sound::Time(-1),
            Sound::Spelled(text("Bö")),
            Sound::Recording(text("note-1")),
        ];
        line.asks(play(sounds), Reply::Played(Played::Whole)).await;
        line.leaves().await;
    });
}

#[test]
fn every_tone_is_played_for_its_time() {
    on_one_worker(async {
        let steps = "play tone:dial:1,tone:ringing:2,tone:busy:3,tone:congestion:4,tone:information:5,tone:beep:6,tone:1004:3600000 - -";
        let mut line = parrot(steps).await;
        let tones = [Tone::Dial, Tone::Ringing, Tone::Busy, Tone::Congestion, Tone::Information, Tone::Beep];
        let mut sounds: Vec<Sound> =
            tones.into_iter().zip(1..).map(|(tone, time)| Sound::Tone(tone, ms(time))).collect();
        sounds.push(Sound::Tone(Tone::Test(1_004), Duration::from_secs(3_600)));
        line.asks(play(sounds), Reply::Played(Played::Whole)).await;
        line.leaves().await;
    });
}

#[test]
fn a_playing_has_its_language_its_keys_and_may_go_on_for_ever() {
    on_one_worker(async {
        let mut line = parrot("play prompt:a 0123456789*#ABCD de-AT forever;play prompt:a 12 -").await;
        let first =
            Play { sounds: vec![prompt("a")], language: Some("de-AT".to_owned()), interrupt: Keys::ALL, forever: true };
        line.asks(Command::Play(first), Reply::Played(Played::Key(key('*')))).await;
        let second = Play { sounds: vec![prompt("a")], language: None, interrupt: keys("12"), forever: false };
        line.asks(Command::Play(second), Reply::Played(Played::Whole)).await;
        line.asks(Command::Detach, Reply::Done).await;
        assert_eq!(line.kept(0).as_deref(), Some("Ok(Played::Key('*'))"));
        assert_eq!(line.kept(1).as_deref(), Some("Ok(Played::Whole)"));
    });
}

#[test]
fn keys_are_asked_for_with_all_their_times_and_told_with_their_end() {
    on_one_worker(async {
        let step = "read prompt:a,number:3 1 4 #* 5000 3000 2 prompt:b de";
        let asked = Read {
            prompt: vec![prompt("a"), Sound::Number(3)],
            language: Some("de".to_owned()),
            min: 1,
            max: 4,
            end: keys("#*"),
            first: ms(5_000),
            next: ms(3_000),
            tries: 2,
            again: vec![prompt("b")],
        };
        let read = |digits: &str, by| Reply::Read(Digits { digits: digits.to_owned(), by });
        for (reply, expected) in [
            (read("1234", Ended::Enough), r#"Ok(Digits { digits: "1234", by: Ended::Enough })"#),
            (read("12", Ended::Key(key('#'))), r##"Ok(Digits { digits: "12", by: Ended::Key('#') })"##),
            (read("", Ended::Time), r#"Ok(Digits { digits: "", by: Ended::Time })"#),
        ] {
            let mut line = parrot(step).await;
            line.asks(Command::Read(asked.clone()), reply).await;
            line.asks(Command::Detach, Reply::Done).await;
            assert_eq!(line.kept(0).as_deref(), Some(expected));
        }
    });
}

#[test]
fn a_recording_is_asked_for_and_told_with_its_name_and_length() {
    on_one_worker(async {
        let mut line = parrot("record note-1 3600000 2000 #1 beep;record - 1 - - quiet").await;
        let first = Recording {
            name: Some("note-1".to_owned()),
            limit: Duration::from_secs(3_600),
            silence: Some(ms(2_000)),
            end: keys("#1"),
            beep: true,
        };
        let recorded = |name: &str, length, key| Reply::Recorded(Recorded { name: name.to_owned(), length, key });
        line.asks(Command::Record(first), recorded("note-1", ms(1_500), Some(key('1')))).await;
        let second = Recording { name: None, limit: ms(1), silence: None, end: Keys::NONE, beep: false };
        line.asks(Command::Record(second), recorded("new", Duration::MAX, None)).await;
        line.asks(Command::Detach, Reply::Done).await;
        let first = r#"Ok(Recorded { name: "note-1", length-milliseconds: 1500, key: Some('1') })"#;
        let second = r#"Ok(Recorded { name: "new", length-milliseconds: 4294967295, key: None })"#;
        assert_eq!((line.kept(0).as_deref(), line.kept(1).as_deref()), (Some(first), Some(second)));
    });
}

#[test]
fn echo_music_and_hush_reach_the_exchange() {
    on_one_worker(async {
        let mut line = parrot("echo # 60000;music -;music prompt:a;hush").await;
        line.asks(Command::Echo { end: keys("#"), limit: ms(60_000) }, Reply::Played(Played::Key(key('#')))).await;
        line.asks(Command::Music { sounds: Vec::new(), listens: false }, Reply::Done).await;
        line.asks(Command::Music { sounds: vec![prompt("a")], listens: false }, Reply::Done).await;
        line.asks(Command::Hush, Reply::Done).await;
        line.asks(Command::Detach, Reply::Done).await;
        let told = [0, 1, 2, 3].map(|step| line.kept(step).expect("kept"));
        assert_eq!(told, ["Ok(Played::Key('#'))", "Ok(())", "Ok(())", "Ok(())"]);
    });
}

#[test]
fn every_fault_is_told_by_every_function() {
    on_one_worker(async {
        let text = str::to_owned;
        let faults = [
            (Reply::Refused(Refusal::WrongState), "WrongState"),
            (Reply::Refused(Refusal::BadValue), "BadValue"),
            (Reply::Refused(Refusal::NoResources), "NoResources"),
            (Reply::Inaudible(AudioError::Missing(text("a"))), r#"Missing("a")"#),
            (
                Reply::Inaudible(AudioError::Unplayable(text("a"), text("no\nWAV"))),
                r#"Unplayable(BadSound { name: "a", why: "no WAV" })"#,
            ),
            (Reply::Inaudible(AudioError::NoCodec), "NoCodec"),
            (Reply::Inaudible(AudioError::Unwritable(text("full"))), r#"Unwritable("full")"#),
        ];
        for step in EVERY {
            for (reply, expected) in &faults {
                let said = told(step, reply.clone()).await;
                assert!(said.starts_with(&format!("Err(AudioError::{expected}")), "{step}: {said}");
            }
        }
    });
}

#[test]
fn a_reply_to_something_else_is_no_reply() {
    on_one_worker(async {
        for (step, reply) in [
            (PLAYS, Reply::Done),
            (READS, Reply::Played(Played::Whole)),
            (RECORDS, Reply::Done),
            (ECHOES, Reply::Done),
            ("music -", Reply::Played(Played::Whole)),
            ("hush", Reply::Played(Played::Whole)),
        ] {
            assert!(told(step, reply).await.starts_with("Err(AudioError::WrongState"), "{step}");
        }
    });
}

#[test]
fn a_caller_who_hangs_up_during_any_of_them_ends_it_and_all_that_follow() {
    on_one_worker(async {
        for step in EVERY {
            for by_reply in [false, true] {
                let mut line = parrot(&format!("{step};{}", EVERY.join(";"))).await;
                assert!(line.next().await.is_some());
                if by_reply {
                    line.reply(Reply::Ended(caller_hung_up())).await;
                } else {
                    line.event(Event::Ended(caller_hung_up())).await;
                }
                assert_eq!(line.next().await, None, "{step}: nothing more is asked of a call that is over");
                let ended = "HungUp(Some(Ending { cause: 16, by: Side::Caller, status: 487 }))";
                for at in 0..=EVERY.len() {
                    let said = line.kept(at).expect("kept");
                    assert!(said.contains(ended), "{step}, then step {at}: {said}");
                }
                assert_eq!(line.end().await, Err(Failure::HungUp), "an ordinary end");
            }
        }
    });
}

#[test]
fn values_out_of_range_do_not_reach_the_exchange() {
    on_one_worker(async {
        let sounds = [
            "-",
            "many:65",
            "prompt:",
            "prompt:A",
            "prompt:../x",
            "prompt:/x",
            "prompt:a//b",
            "prompt:a\\0",
            "prompt:a\\nb",
            "prompt:x*201",
            "prompt:x*900000",
            "tone:busy:3600001",
            "tone:199:1",
            "tone:3401:1",
            "silence:3600001",
            "silence:0",
            "tone:busy:0",
            "digits:",
            "digits:1x",
            "digits:1\\0",
            "digits:1*65",
            "number:1000000000001",
            "number:-1000000000001",
            "number:-9223372036854775808",
            "date:-62135596801",
            "date:253402300800",
            "time:9223372036854775807",
            "time:-9223372036854775808",
            "spelled:",
            "spelled:a\\nb",
            "spelled:a\\0",
            "spelled:x*65",
            "recording:",
            "recording:a_b",
            "recording:../a",
            "recording:x*65",
            "recording:a\\0",
        ];
        let mut steps: Vec<String> = sounds.iter().map(|sounds| format!("play {sounds} - -")).collect();
        steps.extend(sounds.iter().skip(1).map(|sounds| format!("read {sounds} 1 1 - 1 1 1 - -")));
        steps.extend(sounds.iter().skip(1).map(|sounds| format!("read - 1 1 - 1 1 1 {sounds} -")));
        steps.extend(sounds.iter().skip(1).map(|sounds| format!("music {sounds}")));
        let others = [
            "play prompt:a ! -",
            "play prompt:a x -",
            "play prompt:a 1*17 -",
            "play prompt:a 1\\0 -",
            "play prompt:a - ../de",
            "play prompt:a - d\\0",
            "play prompt:a - x*36",
            "play prompt:a - x*900000",
            "read - 0 0 - 1 1 1 - -",
            "read - 0 65 - 1 1 1 - -",
            "read - 5 4 - 1 1 1 - -",
            "read - 1 4 ! 1 1 1 - -",
            "read - 1 4 - 3600001 1 1 - -",
            "read - 1 4 - 1 3600001 1 - -",
            "read - 1 4 - 1 1 0 - -",
            "read - 1 4 - 0 1 1 - -",
            "read - 1 4 - 1 0 1 - -",
            "read - 1 4 - 1 1 11 - -",
            "read - 1 4 - 1 1 1 - d/e",
            "record a_b 1 - - beep",
            "record ../a 1 - - beep",
            "record a\\0 1 - - beep",
            "record x*65 1 - - beep",
            "record x*900000 1 - - beep",
            "record - 0 - - beep",
            "record - 3600001 - - beep",
            "record - 1 0 - beep",
            "record - 1 3600001 - beep",
            "record - 1 - ! beep",
            "echo ! 1",
            "echo x*900000 1",
            "echo - 0",
            "echo - 3600001",
        ];
        steps.extend(others.map(str::to_owned));
        for step in &steps {
            let said = refused_here(step).await;
            assert!(said.starts_with("Err(AudioError::BadValue"), "{step}: {said}");
        }
    });
}

#[test]
fn a_million_sounds_and_a_text_of_a_megabyte_cost_the_guest_its_call_and_no_more() {
    on_one_worker(async {
        for step in
            ["play many:1000000 - -", "music many:1000000", "play prompt:x*1100000 - -", "record x*1100000 1 - - beep"]
        {
            let why = parrot(step).await.breaks().await;
            assert!(why.contains("fuel"), "{step}: {why}");
        }
    });
}

#[test]
fn long_texts_are_paid_by_their_length_though_they_are_refused() {
    on_one_worker(async {
        // 900,000 bytes are 3,516 requests of 5,000, and keeping what was said 101.
        let why = parrot("play prompt:x*900000 - -;play prompt:x*900000 - -").await.breaks().await;
        assert_eq!(why, "it asked for too much");
        // 20,000 sounds are some 2,500 requests, whatever is in them.
        let why = parrot("quiet;music many:20000;music many:20000;music many:20000").await.breaks().await;
        assert_eq!(why, "it asked for too much");
    });
}
