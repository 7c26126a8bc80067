//! What callers hear, say and press to the exchange itself.

use std::time::Duration;

use switch::{
    AudioError, Command, Dial, Digit, Digits, Ended, Event, Keys, Order, Play, PlayEnd, Played, Read, Recording,
    RecordingState, Refusal, Reply, Side, Sound, Target, Tone,
};
use testkit::{Phone, Placed, World, millis, seconds};

const RELAY: &str = "application/dtmf-relay";
const PLAIN: &str = "application/dtmf";

pub(crate) fn prompt(name: &str) -> Sound {
    Sound::Prompt(name.to_owned())
}

pub(crate) fn play(name: &str, interrupt: &str) -> Command {
    let interrupt = Keys::parse(interrupt).expect("keys");
    Command::Play(Play { sounds: vec![prompt(name)], language: None, interrupt, forever: false })
}

/// Two to four keys, ended by `#`, asked for twice.
pub(crate) fn reading() -> Read {
    Read {
        prompt: vec![prompt("enter-pin")],
        language: None,
        min: 2,
        max: 4,
        end: Keys::parse("#").expect("keys"),
        first: seconds(5),
        next: seconds(2),
        tries: 2,
        again: vec![prompt("sorry")],
    }
}

pub(crate) fn recording() -> Recording {
    Recording {
        name: Some("greeting".to_owned()),
        limit: seconds(30),
        silence: Some(seconds(4)),
        end: Keys::parse("#").expect("keys"),
        beep: true,
    }
}

pub(crate) fn echo() -> Command {
    Command::Echo { end: Keys::parse("#").expect("keys"), limit: seconds(20) }
}

pub(crate) fn dial(name: &str) -> Command {
    let targets = vec![Target::User(name.to_owned())];
    Command::Dial(Dial { targets, order: Order::AtOnce, ring_time: seconds(20), outside: switch::Outside::default() })
}

/// Alice has been answered, and this is what the application does next, until it leaves.
pub(crate) fn talking_to(seed: u64, commands: Vec<Command>) -> (World, Phone, Placed) {
    let world = World::seeded(seed);
    let alice = world.phone("alice");
    let call = called(&world, &alice, commands);
    (world, alice, call)
}

pub(crate) fn called(world: &World, alice: &Phone, commands: Vec<Command>) -> Placed {
    let mut script = vec![Command::Answer];
    script.extend(commands);
    script.push(Command::AwaitEnd);
    world.application(script);
    let call = alice.dial_number("menu");
    world.run_for(millis(500));
    assert!(call.is_up(), "{}", world.ladder());
    call
}

/// The reply to what followed the answer.
pub(crate) fn reply(world: &World) -> Option<Reply> {
    world.replies().get(1).cloned()
}

pub(crate) fn read(digits: &str, by: Ended) -> Option<Reply> {
    Some(Reply::Read(Digits { digits: digits.to_owned(), by }))
}

pub(crate) fn played_by(key: char) -> Option<Reply> {
    Some(Reply::Played(Played::Key(digit(key))))
}

pub(crate) fn digit(key: char) -> Digit {
    Digit::from_char(key).expect("a key")
}

pub(crate) fn end(world: &World, call: &Placed) {
    assert!(call.is_up(), "{}", world.ladder());
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn a_caller_hears_a_prompt_to_its_end() {
    let (world, alice, call) = talking_to(70, vec![play("welcome", "")]);
    assert_eq!(world.hears(&alice), [prompt("welcome")]);
    alice.press("1");
    assert_eq!(reply(&world), None);
    world.run_for(seconds(1));
    assert_eq!((world.hears(&alice), reply(&world)), (vec![], Some(Reply::Played(Played::Whole))));
    end(&world, &call);
}

#[test]
fn a_key_that_ends_a_prompt_ends_it_and_others_do_not() {
    let (world, alice, call) = talking_to(71, vec![play("welcome", "12")]);
    alice.press("3");
    assert_eq!(world.hears(&alice), [prompt("welcome")]);
    alice.press("2");
    assert_eq!((world.hears(&alice), reply(&world)), (vec![], played_by('2')));
    end(&world, &call);
}

#[test]
fn a_prompt_that_is_missing_is_told_and_the_call_lives() {
    let world = World::seeded(72);
    world.lacks("welcome");
    let alice = world.phone("alice");
    let call = called(&world, &alice, vec![play("welcome", ""), Command::Read(reading()), play("bye", "")]);
    assert_eq!(reply(&world), Some(Reply::Inaudible(AudioError::Missing("welcome".to_owned()))));
    alice.press("12#");
    assert_eq!(world.hears(&alice), [prompt("bye")]);
    end(&world, &call);
}

/// What operators are told of playing and recording.
fn told(world: &World) -> Vec<Event> {
    let watched = |event: &Event| {
        matches!(event, Event::Playing { .. } | Event::Played { .. } | Event::MessageRecording { .. } | Event::Ended(_))
    };
    world.events().into_iter().filter(watched).collect()
}

fn playing(sounds: Vec<Sound>, forever: bool) -> Event {
    Event::Playing { to: Side::Caller, sounds, forever }
}

fn ended(how: PlayEnd) -> Event {
    Event::Played { to: Side::Caller, how }
}

#[test]
fn operators_are_told_when_a_playing_begins_and_how_it_ended() {
    let gone = Sound::Prompt("missing".to_owned());
    let missing =
        Command::Play(Play { sounds: vec![gone.clone()], language: None, interrupt: Keys::NONE, forever: false });
    let script = vec![
        play("one", ""),
        play("two", "#"),
        missing,
        Command::Read(reading()),
        Command::Music { sounds: vec![prompt("song")], listens: false },
        Command::Wait(seconds(30)),
    ];
    let (world, alice, call) = talking_to(97, script);
    world.lacks("missing");
    while world.hears(&alice) != [prompt("two")] {
        world.run_for(millis(100));
    }
    alice.press("#");
    assert_eq!(world.hears(&alice), [prompt("enter-pin")]);
    alice.press("1234");
    world.run_for(seconds(1));
    call.hang_up();
    world.assert_quiet();
    let mut expected = Vec::new();
    for (sound, end) in [
        (prompt("one"), PlayEnd::Whole),
        (prompt("two"), PlayEnd::Key),
        (gone, PlayEnd::Failed(AudioError::Missing("missing".to_owned()))),
        (prompt("enter-pin"), PlayEnd::Key),
    ] {
        expected.extend([playing(vec![sound], false), ended(end)]);
    }
    expected.extend([playing(vec![prompt("song")], true), ended(PlayEnd::Stopped)]);
    let told = told(&world);
    assert_eq!(told[..told.len() - 1], expected);
    assert!(matches!(told.last(), Some(Event::Ended(_))));
}

#[test]
fn operators_are_told_when_the_caller_is_recorded_and_when_no_more() {
    let record = || {
        let (name, end) = (Some("note".to_owned()), Keys::NONE.with(Digit::POUND));
        Command::Record(Recording { name, limit: seconds(60), silence: None, end, beep: false })
    };
    let (world, alice, call) = talking_to(98, vec![record(), record()]);
    world.run_for(seconds(2));
    alice.press("#");
    world.run_for(seconds(2));
    call.hang_up();
    world.assert_quiet();
    let states = |event| if let Event::MessageRecording { name, state } = event { Some((name, state)) } else { None };
    let told: Vec<_> = world.events().into_iter().filter_map(states).collect();
    let once = [RecordingState::Running, RecordingState::Ended].map(|state| ("note".to_owned(), state));
    assert_eq!(told, [once.clone(), once].concat());
}

#[test]
fn keys_come_by_info_in_both_forms() {
    for (seed, kind) in [(81, RELAY), (82, PLAIN)] {
        let (world, alice, call) = talking_to(seed, vec![Command::Read(reading())]);
        alice.press_by_info("4*#", kind);
        assert_eq!(reply(&world), read("4*", Ended::Key(Digit::POUND)), "{kind}\n{}", world.ladder());
        assert_eq!(alice.heard().last(), Some(&("INFO".to_owned(), 200)));
        end(&world, &call);
    }
}

#[test]
fn an_info_that_is_no_key_is_refused_and_an_empty_one_is_not() {
    let (world, alice, call) = talking_to(83, vec![Command::Read(reading())]);
    for (kind, body, status) in [
        ("application/sdp", &b"Signal=1"[..], 415),
        ("application/media_control+xml", b"<x/>", 415),
        (RELAY, b"", 200),
        (RELAY, b"Signal=x", 400),
        (PLAIN, b"5", 200),
    ] {
        alice.informs(kind, body);
        assert_eq!(alice.heard().last(), Some(&("INFO".to_owned(), status)), "{kind}");
    }
    alice.press("6#");
    assert_eq!(reply(&world), read("56", Ended::Key(Digit::POUND)));
    end(&world, &call);
}

#[test]
fn a_caller_is_recorded_after_the_beep_until_a_key() {
    let (world, alice, call) = talking_to(84, vec![Command::Record(recording())]);
    assert!(world.records(&alice), "the beep lasts 400 ms");
    assert!(matches!(world.heard(&alice)[..], [Sound::Tone(Tone::Beep, _)]));
    world.run_for(seconds(3));
    alice.press("5#");
    let Some(Reply::Recorded(made)) = reply(&world) else { panic!("{:?}", world.replies()) };
    assert_eq!((made.name.as_str(), made.key), ("greeting", Some(Digit::POUND)));
    assert!((seconds(3)..seconds(4)).contains(&made.length), "{made:?}");
    assert!(!world.records(&alice));
    end(&world, &call);
}

#[test]
fn a_recording_without_a_name_gets_one_and_ends_by_silence_or_at_its_limit() {
    let nameless = Recording { name: None, beep: false, limit: seconds(9), ..recording() };
    let world = World::seeded(85);
    let alice = world.phone("alice");
    let call = called(&world, &alice, vec![Command::Record(nameless.clone()), Command::Record(nameless)]);
    world.run_for(seconds(9));
    world.nobody_speaks();
    world.run_for(seconds(9));
    let made: Vec<_> = world
        .replies()
        .into_iter()
        .filter_map(|reply| if let Reply::Recorded(made) = reply { Some(made) } else { None })
        .collect();
    assert_eq!(made.len(), 2);
    assert!(made.iter().all(|made| made.key.is_none() && made.length == seconds(9)), "{made:?}");
    assert!(made[0].name.ends_with("-1") && made[1].name.ends_with("-2"), "{made:?}");
    end(&world, &call);
}

#[test]
fn a_disk_that_takes_nothing_is_told_and_the_call_lives() {
    let world = World::seeded(86);
    world.disk_is_full();
    let alice = world.phone("alice");
    let call = called(&world, &alice, vec![Command::Record(recording()), play("sorry", "")]);
    assert!(matches!(reply(&world), Some(Reply::Inaudible(AudioError::Unwritable(_)))), "{:?}", world.replies());
    assert_eq!(world.hears(&alice), [prompt("sorry")]);
    end(&world, &call);
}

#[test]
fn a_caller_hears_himself_until_a_key_or_the_time() {
    let (world, alice, call) = talking_to(87, vec![echo(), echo()]);
    assert!(world.echoes(&alice));
    alice.press("1#");
    assert_eq!(reply(&world), played_by('#'));
    assert!(world.echoes(&alice));
    world.run_for(seconds(20));
    assert!(!world.echoes(&alice));
    assert_eq!(world.replies().last(), Some(&Reply::Played(Played::Whole)));
    end(&world, &call);
}

#[test]
fn a_hang_up_in_the_middle_of_anything_ends_it() {
    let commands = [
        play("welcome", "1"),
        Command::Read(reading()),
        Command::Read(Read { prompt: Vec::new(), ..reading() }),
        Command::Record(recording()),
        Command::Record(Recording { beep: false, ..recording() }),
        echo(),
    ];
    for (seed, command) in (700..).zip(commands) {
        for wait in [0, 350, 1000] {
            let (world, _alice, call) = talking_to(seed, vec![command.clone()]);
            world.sounds_last(seconds(5));
            world.run_for(millis(wait));
            call.hang_up();
            world.run_for(seconds(1));
            assert!(matches!(world.replies().last(), Some(Reply::Ended(_))), "{command:?}: {:?}", world.replies());
            assert!(matches!(world.events().last(), Some(Event::Ended(_))));
            world.assert_quiet();
        }
    }
}

#[test]
fn an_application_that_fails_leaves_no_sound_behind() {
    // The route is asked for by whoever watches over the application, while its command is under way.
    let world = World::seeded(88);
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    let script = [
        Command::Answer,
        Command::Music { sounds: Vec::new(), listens: false },
        Command::Route { failed: Some("x".into()) },
    ];
    world.application(script.to_vec());
    let call = alice.dial(&bob);
    world.run_for(seconds(1));
    // The music is over; the route rings.
    assert_eq!(world.hears(&alice), [Sound::Tone(Tone::Ringing, seconds(60))]);
    world.run_for(seconds(4));
    assert_eq!(world.hears(&alice), []);
    assert!(call.is_up() && alice.hears(&bob) && bob.hears(&alice), "{}", world.ladder());
    end(&world, &call);
}

#[test]
fn sound_is_for_a_caller_who_is_answered_and_alone() {
    let commands = [
        play("x", ""),
        Command::Read(reading()),
        Command::Record(recording()),
        echo(),
        Command::Music { sounds: vec![], listens: false },
    ];
    let world = World::seeded(91);
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    let mut script = commands.to_vec();
    script.extend([dial("bob")]);
    script.extend(commands);
    script.push(Command::AwaitEnd);
    world.application(script);
    let call = alice.dial_number("menu");
    world.run_for(seconds(5));
    assert!(alice.hears(&bob), "{}", world.ladder());
    let refused = world.replies().iter().filter(|reply| **reply == Reply::Refused(Refusal::WrongState)).count();
    assert_eq!(refused, 10, "{:?}", world.replies());
    end(&world, &call);
}

#[test]
fn what_cannot_be_meant_is_refused_by_its_value() {
    let empty = Play { sounds: Vec::new(), language: None, interrupt: Keys::NONE, forever: true };
    let commands = vec![
        Command::Play(empty),
        play("../secret", ""),
        Command::Read(Read { max: 65, ..reading() }),
        Command::Read(Read { tries: 0, ..reading() }),
        Command::Record(Recording { name: Some("../x".to_owned()), ..recording() }),
        Command::Record(Recording { limit: Duration::from_secs(3601), ..recording() }),
        Command::Echo { end: Keys::NONE, limit: Duration::ZERO },
        Command::Music { sounds: vec![Sound::Tone(Tone::Test(9), seconds(1))], listens: false },
    ];
    let count = commands.len();
    let (world, alice, call) = talking_to(92, commands);
    let refused = world.replies().iter().filter(|reply| **reply == Reply::Refused(Refusal::BadValue)).count();
    assert_eq!((refused, world.heard(&alice)), (count, vec![]), "{:?}", world.replies());
    end(&world, &call);
}

#[test]
fn a_caller_is_spoken_to_in_what_the_dialplan_says_else_in_his_language_else_in_the_tenants() {
    let mut french = play("x", "");
    if let Command::Play(play) = &mut french {
        play.language = Some("fr".to_owned());
    }
    let spoken = |users: Option<&str>, tenants: Option<&str>| {
        let world = World::seeded(95);
        let alice = world.phone("alice");
        if let Some(language) = users {
            world.language_of("alice", language);
        }
        if let Some(language) = tenants {
            world.language(language);
        }
        let music = Command::Music { sounds: Vec::new(), listens: false };
        let call = called(&world, &alice, vec![play("x", ""), french.clone(), Command::Read(reading()), music]);
        world.run_for(seconds(60));
        let spoken = world.spoken_to_in(&alice);
        end(&world, &call);
        spoken
    };
    let in_what = |own: Option<&str>| {
        let own = own.map(str::to_owned);
        let french = Some("fr".to_owned());
        move |spoken: &[Option<String>]| {
            spoken.first() == Some(&own) && spoken.get(1) == Some(&french) && spoken[2..].iter().all(|one| *one == own)
        }
    };
    for (users, tenants, own) in [
        (None, None, None),
        (None, Some("de"), Some("de")),
        (Some("it-CH"), Some("de"), Some("it-ch")),
        (Some("es"), None, Some("es")),
    ] {
        let spoken = spoken(users, tenants);
        assert!(in_what(own)(&spoken), "{users:?}, {tenants:?}: {spoken:?}");
    }
}
