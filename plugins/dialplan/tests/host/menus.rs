//! What the guests that speak decide: the voice menu, key by key, and the office's demonstrations.

use std::collections::BTreeSet;
use std::time::Duration;

use switch::{
    AudioError, Cause, Command, Dial, DialOutcome, Digit, Digits, Ended, Failure, Keys, Order, Play, Played, Read,
    Recorded, Recording, Refusal, Reply, Sound, Target, Tone,
};

use crate::exchange::{Line, caller_hung_up, guest, invitation, on_one_worker};
use crate::keeper::NOW;

fn key(letter: char) -> Digit {
    Digit::from_char(letter).expect("a key")
}

fn prompt(name: &str) -> Sound {
    Sound::Prompt(name.to_owned())
}

fn pressed(digits: &str) -> Reply {
    Reply::Read(Digits { digits: digits.to_owned(), by: Ended::Time })
}

fn by_key(letter: char) -> Reply {
    Reply::Read(Digits { digits: String::new(), by: Ended::Key(key(letter)) })
}

const WHOLE: Reply = Reply::Played(Played::Whole);

impl Line {
    /// The next command asks for keys; they are these. What was asked.
    async fn reads(&mut self, reply: Reply) -> Read {
        let command = self.next().await;
        let Some(Command::Read(read)) = command else { panic!("it asked for {command:?}") };
        self.reply(reply).await;
        read
    }

    /// The next command plays this, to its end.
    async fn plays(&mut self, sounds: &[Sound]) -> Play {
        let command = self.next().await;
        let Some(Command::Play(play)) = command else { panic!("it asked for {command:?}") };
        assert_eq!(play.sounds, sounds);
        self.reply(WHOLE).await;
        play
    }

    /// The dialplan says goodbye and hangs up.
    async fn says_goodbye(mut self) {
        let last = self.next().await;
        let Some(Command::Play(play)) = last else { panic!("it asked for {last:?}") };
        assert_eq!(play.sounds, [prompt("vm-goodbye")]);
        self.reply(WHOLE).await;
        self.asks(Command::Hangup(Cause::NORMAL), Reply::Done).await;
        assert_eq!(self.end().await, Ok(()));
    }
}

/// A caller who has answered the question for his language so.
async fn in_main_menu(language: Reply) -> Line {
    let mut line = Line::dials(&guest("ivr"), "500");
    line.asks(Command::Answer, Reply::Done).await;
    let asked = line.reads(language).await;
    assert_eq!((asked.max, asked.tries, asked.first), (1, 1, Duration::from_secs(3)));
    line
}

fn ringing(user: &str) -> Command {
    let targets = vec![Target::User(user.to_owned())];
    Command::Dial(Dial {
        targets,
        order: Order::AtOnce,
        ring_time: Duration::from_secs(25),
        outside: switch::Outside::default(),
    })
}

async fn holds_on(line: &mut Line) {
    line.plays(&[prompt("pls-hold-while-try")]).await;
    line.asks(Command::Music { sounds: Vec::new(), listens: false }, Reply::Done).await;
}

#[test]
fn a_caller_who_dials_an_extension_hears_music_and_is_put_through() {
    on_one_worker(async {
        let mut line = in_main_menu(pressed("")).await;
        let asked = line.reads(pressed("101")).await;
        assert_eq!((asked.max, asked.tries, asked.language), (6, 1, None));
        assert!(asked.end.has(Digit::POUND) && !asked.end.has(Digit::STAR));
        holds_on(&mut line).await;
        line.asks(ringing("bob"), Reply::Dialled(DialOutcome::Answered { target: "bob".to_owned() })).await;
        line.leaves().await;
    });
}

#[test]
fn who_chooses_german_is_spoken_to_in_german() {
    on_one_worker(async {
        let mut line = in_main_menu(pressed("2")).await;
        let asked = line.reads(by_key('#')).await;
        assert_eq!(asked.language.as_deref(), Some("de"));
        let command = line.next().await;
        let Some(Command::Play(goodbye)) = command else { panic!("{command:?}") };
        assert_eq!(goodbye.language.as_deref(), Some("de"));
        line.reply(WHOLE).await;
        line.asks(Command::Hangup(Cause::NORMAL), Reply::Done).await;
    });
}

#[test]
fn a_wrong_key_is_told_and_the_menu_is_said_again() {
    on_one_worker(async {
        let mut line = in_main_menu(pressed("1")).await;
        let first = line.reads(pressed("7")).await;
        let again = line.reads(pressed("")).await;
        assert_eq!(again.prompt[0], prompt("pm-invalid-option"));
        assert_eq!(again.prompt[1..], first.prompt);
        let silent = line.reads(by_key('#')).await;
        assert_eq!(silent.prompt[0], prompt("please-try-again"), "no key is no wrong key");
        assert_eq!(silent.language.as_deref(), Some("en"));
        line.says_goodbye().await;
    });
}

#[test]
fn no_key_after_three_tries_leads_to_the_operator() {
    on_one_worker(async {
        let mut line = Line::dials(&guest("ivr"), "500");
        let (tenant, store) = (line.invitation.tenant, crate::exchange::keeper());
        dialplan::Keeper::keep(store.as_ref(), tenant, "operator", "101").await.expect("kept");
        line.asks(Command::Answer, Reply::Done).await;
        for _ in 0..4 {
            line.reads(pressed("")).await;
        }
        holds_on(&mut line).await;
        line.asks(ringing("bob"), Reply::Dialled(DialOutcome::NoAnswer)).await;
        line.plays(&[prompt("vm-theperson"), Sound::Digits("101".to_owned()), prompt("vm-isunavail")]).await;
        line.says_goodbye().await;
    });
}

#[test]
fn where_there_is_no_operator_the_menu_says_goodbye() {
    on_one_worker(async {
        let mut line = in_main_menu(pressed("")).await;
        for _ in 0..3 {
            line.reads(pressed("")).await;
        }
        line.plays(&[prompt("pbx-invalid")]).await;
        line.says_goodbye().await;
    });
}

#[test]
fn who_is_not_to_be_had_is_told_and_the_menu_said_again() {
    on_one_worker(async {
        let mut line = in_main_menu(pressed("")).await;
        line.reads(pressed("999")).await;
        line.plays(&[prompt("pbx-invalid")]).await;
        line.reads(pressed("101")).await;
        line.plays(&[prompt("pls-hold-while-try")]).await;
        // A tenant without music: it rings instead.
        let no_music = Reply::Inaudible(AudioError::Missing("music".to_owned()));
        line.asks(Command::Music { sounds: Vec::new(), listens: false }, no_music).await;
        line.asks(ringing("bob"), Reply::Dialled(DialOutcome::Busy)).await;
        line.plays(&[prompt("vm-theperson"), Sound::Digits("101".to_owned()), prompt("vm-isonphone")]).await;
        line.reads(by_key('#')).await;
        line.says_goodbye().await;
    });
}

#[test]
fn the_menu_of_date_and_time_says_both_and_leads_back() {
    on_one_worker(async {
        let now = i64::try_from(NOW.as_secs()).expect("a time");
        let mut line = in_main_menu(pressed("2")).await;
        line.reads(pressed("1")).await;
        let asked = line.reads(pressed("1")).await;
        assert_eq!((asked.max, asked.end), (1, Keys::NONE), "one key is enough");
        assert_eq!(line.plays(&[Sound::Date(now)]).await.language.as_deref(), Some("de"));
        line.reads(pressed("2")).await;
        line.plays(&[Sound::Time(now)]).await;
        line.reads(pressed("*")).await;
        assert_eq!(line.reads(by_key('#')).await.max, 6, "the main menu");
        line.says_goodbye().await;
    });
}

#[test]
fn a_caller_who_plays_with_the_menu_for_ever_is_let_go() {
    on_one_worker(async {
        let mut line = in_main_menu(pressed("")).await;
        for _ in 0..20 {
            line.reads(pressed("999")).await;
            line.plays(&[prompt("pbx-invalid")]).await;
        }
        line.says_goodbye().await;
    });
}

#[test]
fn a_menu_goes_on_without_the_words_for_a_wrong_key() {
    on_one_worker(async {
        let mut line = in_main_menu(pressed("")).await;
        let menu = line.reads(pressed("7")).await;
        let missing = Reply::Inaudible(AudioError::Missing("pm-invalid-option".to_owned()));
        line.reads(missing).await;
        assert_eq!(line.reads(by_key('#')).await.prompt, menu.prompt);
        line.says_goodbye().await;
    });
}

#[test]
fn a_caller_who_hangs_up_in_a_menu_has_ended_normally() {
    on_one_worker(async {
        let mut line = in_main_menu(pressed("")).await;
        assert!(matches!(line.next().await, Some(Command::Read(_))));
        line.reply(Reply::Ended(caller_hung_up())).await;
        assert_eq!(line.end().await, Err(Failure::HungUp));
    });
}

#[test]
fn without_a_codec_in_common_the_fallback_serves_the_caller() {
    on_one_worker(async {
        let mut line = Line::dials(&guest("ivr"), "500");
        line.asks(Command::Answer, Reply::Done).await;
        line.reads(Reply::Inaudible(AudioError::NoCodec)).await;
        let why = line.breaks().await;
        assert_eq!(why, "it ended with an error: the caller and the exchange have no codec in common");
    });
}

async fn office(dialled: &str) -> Line {
    let mut line = Line::dials(&guest("office"), dialled);
    line.asks(Command::Answer, Reply::Done).await;
    line
}

const BREATH: Sound = Sound::Silence(Duration::from_millis(500));

#[test]
fn star_43_echoes_until_the_pound_key() {
    on_one_worker(async {
        let mut line = office("*43").await;
        line.plays(&[BREATH, prompt("demo-echotest")]).await;
        let echo = Command::Echo { end: Keys::NONE.with(Digit::POUND), limit: Duration::from_secs(300) };
        line.asks(echo, Reply::Played(Played::Key(Digit::POUND))).await;
        line.plays(&[prompt("demo-echodone")]).await;
        line.says_goodbye().await;
    });
}

#[test]
fn an_echo_needs_no_prompts() {
    on_one_worker(async {
        let missing = || Reply::Inaudible(AudioError::Missing("x".to_owned()));
        let mut line = office("*43").await;
        for _ in 0..2 {
            assert!(matches!(line.next().await, Some(Command::Play(_))));
            line.reply(missing()).await;
            if matches!(line.next().await, Some(Command::Echo { .. })) {
                line.reply(WHOLE).await;
            } else {
                line.reply(missing()).await;
            }
        }
        line.asks(Command::Hangup(Cause::NORMAL), Reply::Done).await;
        assert_eq!(line.end().await, Ok(()));
    });
}

#[test]
fn star_44_is_a_test_tone_that_any_key_ends() {
    on_one_worker(async {
        let mut line = office("*44").await;
        let tone = Sound::Tone(Tone::Test(1_004), Duration::from_secs(60));
        let play = Play { sounds: vec![tone], language: None, interrupt: Keys::ALL, forever: false };
        line.asks(Command::Play(play), Reply::Played(Played::Key(key('5')))).await;
        line.says_goodbye().await;
    });
}

#[test]
fn star_60_tells_a_moment_to_come_and_marks_it() {
    on_one_worker(async {
        let mut line = office("*60").await;
        // 07:30:15 and twelve seconds to say it: the next full ten is 07:30:30.
        let at = i64::try_from(NOW.as_secs()).expect("a time") + 15;
        let told = [BREATH, prompt("at-tone-time-exactly"), Sound::Time(at), Sound::Number(30), prompt("seconds")];
        for _ in 0..2 {
            let play = line.plays(&told).await;
            assert_eq!(play.interrupt, Keys::ALL);
            line.asks(Command::Wait(Duration::from_secs(15)), Reply::Done).await;
            line.plays(&[Sound::Tone(Tone::Beep, Duration::from_millis(400))]).await;
        }
        let Some(Command::Play(play)) = line.next().await else { panic!("no playing") };
        assert_eq!(play.sounds, told);
        line.reply(Reply::Played(Played::Key(key('1')))).await;
        line.says_goodbye().await;
    });
}

#[test]
fn star_45_records_plays_back_and_records_anew() {
    on_one_worker(async {
        let mut line = office("*45").await;
        line.plays(&[BREATH, prompt("vm-rec-name")]).await;
        let record = Command::Record(Recording {
            name: Some("test-alice".to_owned()),
            limit: Duration::from_secs(60),
            silence: Some(Duration::from_secs(5)),
            end: Keys::NONE.with(Digit::POUND),
            beep: true,
        });
        let recorded = Reply::Recorded(Recorded {
            name: "test-alice".to_owned(),
            length: Duration::from_secs(3),
            key: Some(Digit::POUND),
        });
        line.asks(record.clone(), recorded.clone()).await;
        let back = Sound::Recording("test-alice".to_owned());
        line.plays(std::slice::from_ref(&back)).await;
        line.reads(pressed("3")).await;
        line.asks(record, recorded).await;
        line.reads(pressed("2")).await;
        line.plays(&[back]).await;
        line.reads(pressed("1")).await;
        line.plays(&[prompt("vm-msgsaved")]).await;
        line.says_goodbye().await;
    });
}

#[test]
fn star_45_keeps_a_recording_for_each_caller_however_alike_their_names_are() {
    on_one_worker(async {
        let long = "a-very-long-name-of-somebody-who-has-more-than-one-and-says-them-all";
        let callers = ["a.b", "a-b", "a--b", "a_b", "A-b", "a-2eb", long, &format!("{long}s")];
        let mut names = BTreeSet::new();
        for caller in callers {
            let mut invitation = invitation("*45");
            invitation.caller.user = caller.to_owned();
            let mut line = Line::opened(&guest("office"), invitation);
            line.asks(Command::Answer, Reply::Done).await;
            line.plays(&[BREATH, prompt("vm-rec-name")]).await;
            let Some(Command::Record(Recording { name: Some(name), .. })) = line.next().await else {
                panic!("nothing is recorded for {caller}")
            };
            assert!(switch::is_recording_name(&name), "{name}");
            assert!(names.insert(name.clone()), "{caller} shares {name} with somebody");
        }
    });
}

#[test]
fn star_45_tells_a_caller_when_the_disk_is_full() {
    on_one_worker(async {
        let mut line = office("*45").await;
        line.plays(&[BREATH, prompt("vm-rec-name")]).await;
        assert!(matches!(line.next().await, Some(Command::Record(_))));
        line.reply(Reply::Inaudible(AudioError::Unwritable("the disk is full".to_owned()))).await;
        line.plays(&[prompt("something-terribly-wrong")]).await;
        line.says_goodbye().await;
    });
}

#[test]
fn a_demonstration_that_the_exchange_cannot_carry_is_the_fallbacks() {
    on_one_worker(async {
        let mut line = Line::dials(&guest("office"), "*44");
        line.asks(Command::Answer, Reply::Refused(Refusal::NoResources)).await;
        assert!(line.breaks().await.contains("nothing left"));
    });
}
