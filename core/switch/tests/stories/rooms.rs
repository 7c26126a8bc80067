//! Who hears whom in a mixer, how loud and how soon: each phone says a tone of its own.

use std::time::Duration;

use switch::{
    AudioError, Bearing, Cause, Command, Dial, Digit, Event, Keys, Label, MixerId, Order, Play, Recording,
    RecordingFormat, Refusal, Reply, Side, Sound, Target, Tone,
};
use testkit::{Phone, Placed, World, millis, minutes, seconds};

use crate::sounds::prompt;

const ROOM: MixerId = MixerId(7);
const OTHER: MixerId = MixerId(8);

/// A change is heard in this time: three frames.
const SOON: Duration = Duration::from_millis(60);

fn join(mixer: MixerId, bearing: Bearing) -> Command {
    Command::Join { mixer, bearing }
}

/// A phone of this user, which speaks and has joined the mixer.
fn member(world: &World, user: &str, mixer: MixerId) -> (Phone, Placed) {
    joined(world, world.phone(user), mixer, Bearing::default())
}

fn joined(world: &World, phone: Phone, mixer: MixerId, bearing: Bearing) -> (Phone, Placed) {
    world.application(vec![Command::Answer, join(mixer, bearing)]);
    phone.speaks();
    let call = phone.dial_number("room");
    world.run_for(seconds(1));
    assert!(call.is_up(), "{}", world.ladder());
    (phone, call)
}

/// Alice, Bob and Carol in one room.
fn three(seed: u64) -> (World, [Phone; 3], [Placed; 3]) {
    let world = World::seeded(seed);
    let ((alice, a), (bob, b), (carol, c)) =
        (member(&world, "alice", ROOM), member(&world, "bob", ROOM), member(&world, "carol", ROOM));
    (world, [alice, bob, carol], [a, b, c])
}

/// Who hears whom, as `listener<speaker` by place, one after the other: `a<b` says that the first hears the second.
fn heard(world: &World, phones: &[Phone]) -> String {
    let letter = |at: usize| char::from(b'a' + u8::try_from(at).expect("few phones"));
    let mut pairs = Vec::new();
    for (to, listener) in phones.iter().enumerate() {
        for (from, speaker) in phones.iter().enumerate() {
            if world.loudness(listener, speaker).is_some() {
                pairs.push(format!("{}<{}", letter(to), letter(from)));
            }
        }
    }
    pairs.join(" ")
}

const ALL: &str = "a<b a<c b<a b<c c<a c<b";

fn assert_loudness(world: &World, listener: &Phone, speaker: &Phone, decibels: f64) {
    let loudness = world.loudness(listener, speaker).expect("heard");
    assert!((loudness - decibels).abs() < 1.0, "{loudness} dB, not {decibels}");
}

fn bearing(world: &World, phone: &Phone, bearing: Bearing) {
    world.command(phone, Command::Bear(bearing));
    world.run_for(SOON);
}

fn end(world: &World, calls: &[Placed]) {
    for call in calls {
        call.hang_up();
    }
    world.assert_quiet();
}

#[test]
fn every_member_hears_all_others_as_loud_as_they_speak_and_never_himself() {
    let (world, phones, calls) = three(500);
    assert_eq!(heard(&world, &phones), ALL);
    let [alice, bob, carol] = &phones;
    for (listener, speaker) in [(alice, bob), (alice, carol), (bob, alice), (bob, carol), (carol, alice), (carol, bob)]
    {
        assert_loudness(&world, listener, speaker, 0.0);
    }
    assert!(world.replies().iter().all(|reply| *reply == Reply::Done), "{:?}", world.replies());
    end(&world, &calls);
}

#[test]
fn rooms_do_not_hear_one_another() {
    let world = World::seeded(501);
    let ((alice, a), (bob, b)) = (member(&world, "alice", ROOM), member(&world, "bob", ROOM));
    let ((carol, c), (dave, d)) = (member(&world, "carol", OTHER), member(&world, "dave", OTHER));
    assert_eq!(heard(&world, &[alice, bob, carol, dave]), "a<b b<a c<d d<c");
    end(&world, &[a, b, c, d]);
}

#[test]
fn who_comes_is_heard_at_once_and_who_leaves_is_not_any_more() {
    let (world, phones, calls) = three(502);
    let [alice, bob, _] = &phones;
    world.command(bob, Command::Leave);
    world.run_for(SOON);
    assert_eq!(heard(&world, &phones), "a<c c<a");
    assert!(calls[1].is_up(), "he is a caller still");
    world.command(bob, join(ROOM, Bearing::default()));
    world.run_for(SOON);
    assert_eq!(heard(&world, &phones), ALL);
    alice.hang_up();
    world.run_for(millis(150));
    assert_eq!(heard(&world, &phones), "b<c c<b");
    end(&world, &calls[1..]);
}

#[test]
fn who_is_muted_is_not_heard_and_who_is_deaf_hears_nobody() {
    let (world, phones, calls) = three(503);
    let [alice, bob, carol] = &phones;
    bearing(&world, alice, Bearing { muted: true, ..Bearing::default() });
    assert_eq!(heard(&world, &phones), "a<b a<c b<c c<b");
    bearing(&world, bob, Bearing { deaf: true, ..Bearing::default() });
    assert_eq!(heard(&world, &phones), "a<b a<c c<b");
    bearing(&world, carol, Bearing { muted: true, deaf: true, ..Bearing::default() });
    assert_eq!(heard(&world, &phones), "a<b");
    for phone in &phones {
        bearing(&world, phone, Bearing::default());
    }
    assert_eq!(heard(&world, &phones), ALL);
    end(&world, &calls);
}

#[test]
fn volumes_are_of_one_voice_for_all_or_of_all_voices_for_one() {
    let (world, phones, calls) = three(504);
    let [alice, bob, carol] = &phones;
    bearing(&world, alice, Bearing { speaking: -12, ..Bearing::default() });
    bearing(&world, bob, Bearing { hearing: 6, ..Bearing::default() });
    assert_loudness(&world, carol, alice, -12.0);
    assert_loudness(&world, carol, bob, 0.0);
    assert_loudness(&world, bob, alice, -6.0);
    assert_loudness(&world, bob, carol, 6.0);
    assert_loudness(&world, alice, carol, 0.0);
    end(&world, &calls);
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let (world, phones, calls) = three(505);
    let [alice, ..] = &phones;
    let before = world.replies().len();
    for command in [
        Command::Bear(Bearing { speaking: 21, ..Bearing::default() }),
        Command::Bear(Bearing { hearing: -21, ..Bearing::default() }),
        Command::Whisper(vec![prompt("../x")]),
        Command::Announce { sounds: Vec::new(), language: None },
        Command::StartRoomRecording { name: Some("../x".to_owned()), limit: minutes(1), format: RecordingFormat::Wav },
        Command::StartRoomRecording { name: None, limit: minutes(24 * 60 + 1), format: RecordingFormat::Wav },
        Command::StartRoomRecording { name: None, limit: Duration::ZERO, format: RecordingFormat::Wav },
    ] {
        world.command(alice, command);
    }
    assert_eq!(world.replies()[before..], vec![Reply::Refused(Refusal::BadValue); 7]);
    let play = Play { sounds: vec![prompt("hello")], language: None, interrupt: Keys::NONE, forever: false };
    let dial = Dial {
        targets: vec![Target::User("bob".to_owned())],
        order: Order::AtOnce,
        ring_time: seconds(5),
        outside: switch::Outside::default(),
    };
    for command in [
        join(ROOM, Bearing::default()),
        join(OTHER, Bearing::default()),
        Command::Play(play),
        Command::Read(crate::sounds::reading()),
        Command::Record(Recording { name: None, limit: seconds(5), silence: None, end: Keys::NONE, beep: false }),
        crate::sounds::echo(),
        Command::Music { sounds: Vec::new(), listens: false },
        Command::Dial(dial),
        Command::Answer,
    ] {
        world.command(alice, command);
    }
    assert_eq!(world.replies()[before + 7..], vec![Reply::Refused(Refusal::WrongState); 9]);
    world.run_for(SOON);
    assert_eq!(heard(&world, &phones), ALL);
    end(&world, &calls);
}

#[test]
fn a_caller_who_is_not_there_is_no_member() {
    let world = World::seeded(506);
    world.application(vec![
        join(ROOM, Bearing::default()),
        Command::Answer,
        Command::Bear(Bearing::default()),
        Command::Whisper(vec![prompt("hello")]),
        Command::Announce { sounds: vec![prompt("hello")], language: None },
        Command::StartRoomRecording { name: None, limit: seconds(5), format: RecordingFormat::Wav },
        Command::PauseRoomRecording,
        Command::StopRoomRecording,
        Command::Leave,
        join(ROOM, Bearing { speaking: -21, ..Bearing::default() }),
        Command::AwaitEnd,
    ]);
    let alice = world.phone("alice");
    let call = alice.dial_number("room");
    world.run_for(seconds(1));
    let wrong = Reply::Refused(Refusal::WrongState);
    let mut expected = vec![wrong.clone(), Reply::Done];
    expected.extend(vec![wrong; 7]);
    expected.push(Reply::Refused(Refusal::BadValue));
    assert_eq!(world.replies(), expected);
    end(&world, &[call]);
}

#[test]
fn an_offer_of_no_codec_of_ours_leaves_a_caller_what_he_was() {
    let world = World::seeded(507);
    let alice = world.phone("alice");
    world.application(vec![Command::Answer]);
    let call = alice.dial_number("room");
    world.run_for(seconds(1));
    alice.changes_codecs(&["18 G729/8000"]);
    world.run_for(seconds(1));
    // The offer is refused, and what was agreed before stands.
    assert_eq!(alice.reinvited(), Some(488));
    world.command(&alice, join(ROOM, Bearing::default()));
    assert_eq!(world.replies().last(), Some(&Reply::Done));
    end(&world, &[call]);
}

#[test]
fn the_music_of_a_member_who_holds_reaches_nobody_and_he_hears_nobody() {
    for (seed, way) in [(510, "sendonly"), (511, "inactive"), (512, "0.0.0.0")] {
        let (world, phones, calls) = three(seed);
        let [alice, ..] = &phones;
        alice.hold_by(way);
        world.run_for(millis(100));
        assert_eq!(heard(&world, &phones), "b<c c<b", "{way}");
        assert!(world.events().contains(&Event::Held(Side::Caller)));
        // What an operator changes meanwhile does not bring him back.
        bearing(&world, alice, Bearing { speaking: 6, ..Bearing::default() });
        assert_eq!(heard(&world, &phones), "b<c c<b", "{way}");
        alice.resume();
        world.run_for(millis(100));
        assert_eq!(heard(&world, &phones), ALL, "{way}");
        assert!(world.events().contains(&Event::Resumed(Side::Caller)));
        assert_loudness(&world, &phones[1], alice, 6.0);
        end(&world, &calls);
    }
}

#[test]
fn who_joins_while_his_phone_holds_is_apart_until_it_comes_back() {
    let world = World::seeded(513);
    let (bob, b) = member(&world, "bob", ROOM);
    let alice = world.phone("alice");
    world.application(vec![Command::Answer]);
    alice.speaks();
    let a = alice.dial_number("room");
    world.run_for(seconds(1));
    alice.hold();
    world.run_for(millis(200));
    world.command(&alice, join(ROOM, Bearing::default()));
    world.run_for(SOON);
    let phones = [alice, bob];
    assert_eq!(heard(&world, &phones), "");
    phones[0].resume();
    world.run_for(millis(100));
    assert_eq!(heard(&world, &phones), "a<b b<a");
    end(&world, &[a, b]);
}

#[test]
fn members_of_different_codecs_hear_one_another_and_may_change_them() {
    const EVENTS: &str = "101 telephone-event/8000";
    let world = World::seeded(514);
    let speaking = |user: &str, codec: &str| world.phone(user).that_speaks(&[codec, EVENTS]);
    let (alice, a) = joined(&world, speaking("alice", "0 PCMU/8000"), ROOM, Bearing::default());
    let (bob, b) = joined(&world, speaking("bob", "9 G722/8000"), ROOM, Bearing::default());
    let (carol, c) = joined(&world, speaking("carol", "96 opus/48000/2"), ROOM, Bearing::default());
    let phones = [alice, bob, carol];
    assert_eq!(heard(&world, &phones), ALL);
    // In the midst of it, one speaks another.
    phones[0].changes_codecs(&["9 G722/8000", EVENTS]);
    world.run_for(millis(100));
    assert_eq!(phones[0].reinvited(), Some(200));
    assert_eq!(world.voice_to(&phones[0]).map(|voice| voice.codec), Some(media::Codec::G722));
    assert_eq!(heard(&world, &phones), ALL);
    assert!(!world.events().iter().any(|event| matches!(event, Event::Held(_))));
    end(&world, &[a, b, c]);
}

#[test]
fn keys_and_speech_of_a_member_are_events_and_no_other_keys_are() {
    let world = World::seeded(515);
    let alice = world.phone("alice");
    world.application(vec![Command::Answer]);
    let call = alice.dial_number("room");
    world.run_for(seconds(1));
    alice.press("1");
    world.command(&alice, join(ROOM, Bearing::default()));
    alice.press("*6");
    alice.press_by_info("5", "application/dtmf-relay");
    alice.speaks();
    world.run_for(seconds(1));
    alice.falls_silent();
    world.run_for(seconds(1));
    world.command(&alice, Command::Leave);
    alice.press("7");
    let loose = |event: &Event| matches!(event, Event::Key(_) | Event::Speaking(_));
    let told: Vec<_> = world.events().into_iter().filter(loose).collect();
    let key = |key| Event::Key(Digit::from_char(key).expect("a key"));
    assert_eq!(told, [key('*'), key('6'), key('5'), Event::Speaking(true), Event::Speaking(false)]);
    // What was typed before he joined is forgotten, and what he pressed there was for the room.
    world.command(&alice, Command::Read(crate::sounds::reading()));
    alice.press("8#");
    let Some(Reply::Read(digits)) = world.replies().last().cloned() else { panic!("{:?}", world.replies()) };
    assert_eq!(digits.digits, "78");
    end(&world, &[call]);
}

#[test]
fn a_whisper_is_heard_by_one_and_an_announcement_by_all_who_hear() {
    let (world, phones, calls) = three(516);
    let [alice, bob, carol] = &phones;
    bearing(&world, carol, Bearing { deaf: true, ..Bearing::default() });
    world.command(alice, Command::Whisper(vec![prompt("muted")]));
    world.run_for(millis(100));
    assert_eq!([alice, bob, carol].map(|phone| world.hears_whisper(phone)), [true, false, false]);
    // It is over the room and does not silence it.
    assert_eq!(heard(&world, &phones), "a<b a<c b<a b<c");
    world.command(alice, Command::Whisper(Vec::new()));
    world.run_for(SOON);
    assert!(!world.hears_whisper(alice));
    // One after the other, a second each.
    world.command(bob, Command::Announce { sounds: vec![prompt("one")], language: None });
    world.command(alice, Command::Announce { sounds: vec![prompt("two")], language: None });
    world.run_for(millis(1_500));
    assert_eq!([alice, bob, carol].map(|phone| world.hears_announcement(phone)), [true, true, false]);
    assert_eq!(world.heard(alice), [prompt("muted"), prompt("one"), prompt("two")]);
    assert_eq!(world.heard(carol), []);
    world.run_for(seconds(1));
    assert!(!world.hears_announcement(alice));
    end(&world, &calls);
}

#[test]
fn a_whisper_that_nobody_stops_ends_with_the_stay_and_with_the_call() {
    let (world, phones, calls) = three(517);
    let [alice, bob, carol] = &phones;
    world.sounds_last(minutes(1));
    for phone in &phones {
        world.command(phone, Command::Whisper(vec![prompt("long")]));
    }
    world.command(alice, Command::Leave);
    bob.hang_up();
    world.run_for(seconds(1));
    // Whoever left is asked again as any caller is.
    world.command(alice, Command::Music { sounds: Vec::new(), listens: false });
    assert_eq!(world.hears(alice).len(), 1);
    world.command(carol, Command::Hangup(Cause::NORMAL));
    end(&world, &calls[..1]);
}

#[test]
fn a_recording_holds_all_who_spoke_but_not_the_pause() {
    let (world, phones, calls) = three(518);
    let [alice, bob, carol] = &phones;
    carol.falls_silent();
    world.command(
        alice,
        Command::StartRoomRecording {
            name: Some("monday".to_owned()),
            limit: minutes(10),
            format: RecordingFormat::Wav,
        },
    );
    world.run_for(seconds(5));
    world.command(alice, Command::PauseRoomRecording);
    carol.speaks();
    world.run_for(seconds(5));
    world.command(alice, Command::ResumeRoomRecording);
    bearing(&world, bob, Bearing { muted: true, ..Bearing::default() });
    carol.falls_silent();
    world.run_for(seconds(5));
    world.command(bob, Command::StopRoomRecording);
    let close = |time: Duration, expected: Duration| time.abs_diff(expected) <= millis(200);
    let (length, of_alice) = world.recorded_of("monday", alice).expect("a recording");
    let (_, of_bob) = world.recorded_of("monday", bob).expect("a recording");
    let (_, of_carol) = world.recorded_of("monday", carol).expect("a recording");
    assert!(close(length, seconds(10)) && close(of_alice, seconds(10)), "{length:?} {of_alice:?}");
    assert!(close(of_bob, seconds(5)) && close(of_carol, Duration::ZERO), "{of_bob:?} {of_carol:?}");
    end(&world, &calls);
}

#[test]
fn all_who_are_there_are_told_that_the_recording_is_over_however_it_ended() {
    let (world, phones, calls) = three(522);
    let [alice, bob, _] = &phones;
    let told = || {
        let over = |event| if let Event::RoomRecorded { name, fault } = event { Some((name, fault)) } else { None };
        world.events().into_iter().filter_map(over).collect::<Vec<_>>()
    };
    let start = |name: &str, limit| Command::StartRoomRecording {
        name: Some(name.to_owned()),
        limit,
        format: RecordingFormat::Wav,
    };
    world.command(alice, start("short", seconds(1)));
    world.run_for(seconds(2));
    assert_eq!(told(), vec![("short".to_owned(), None); 3]);
    world.command(bob, start("ended", minutes(1)));
    world.command(alice, Command::StopRoomRecording);
    world.run_for(seconds(1));
    assert_eq!(told()[3..], vec![("ended".to_owned(), None); 3]);
    world.command(bob, start("spoilt", minutes(1)));
    // Whoever began it may be gone.
    calls[1].hang_up();
    world.run_for(seconds(1));
    world.disk_fills_up();
    world.run_for(seconds(1));
    let fault = AudioError::Unwritable("the disk is full".to_owned());
    assert_eq!(told()[6..], vec![("spoilt".to_owned(), Some(fault)); 2]);
    end(&world, &[calls[0].clone(), calls[2].clone()]);
    assert_eq!(told().len(), 8, "nobody is told who is not there");
}

#[test]
fn who_hears_music_that_listens_is_heard_by_his_keys_which_are_nobody_elses_then() {
    let world = World::seeded(523);
    let alice = world.phone("alice");
    world.application(vec![Command::Answer]);
    world.lacks("moh/none");
    let call = alice.dial_number("room");
    world.run_for(seconds(1));
    alice.press("1");
    world.command(&alice, Command::Music { sounds: Vec::new(), listens: true });
    alice.press("*");
    // Music that is not there listens all the same.
    world.command(&alice, Command::Music { sounds: vec![prompt("moh/none")], listens: true });
    alice.press_by_info("0", "application/dtmf-relay");
    let pressed = |event| if let Event::Key(key) = event { Some(key.character()) } else { None };
    let told = || world.events().into_iter().filter_map(pressed).collect::<String>();
    assert_eq!(told(), "1*0", "what was typed ahead too");
    world.command(&alice, Command::Hush);
    alice.press("7");
    world.command(&alice, Command::Read(crate::sounds::reading()));
    alice.press("8#");
    let Some(Reply::Read(digits)) = world.replies().last().cloned() else { panic!("{:?}", world.replies()) };
    assert_eq!((digits.digits.as_str(), told().as_str()), ("78", "1*0"));
    end(&world, &[call]);
}

#[test]
fn an_application_that_fails_leaves_the_room_too() {
    let (world, phones, calls) = three(519);
    let [_, bob, _] = &phones;
    world.command(bob, Command::Attach(Label { name: "office".to_owned(), version: String::new() }));
    // The fallback dials what he dialled, which is nobody.
    world.command(bob, Command::Route { failed: Some("it broke".to_owned()) });
    world.run_for(SOON);
    assert_eq!(heard(&world, &phones), "a<c c<a");
    end(&world, &calls);
}

#[test]
fn a_member_whose_phone_dies_is_gone_after_the_silence_and_the_others_go_on() {
    let (world, phones, calls) = three(520);
    let [alice, ..] = &phones;
    alice.hold();
    world.run_for(millis(200));
    // Who holds may be silent; nobody else may.
    world.silence();
    world.run_for(seconds(1));
    assert_eq!(calls.clone().map(|call| call.is_up()), [true, false, false]);
    alice.resume();
    world.run_for(millis(200));
    world.command(alice, Command::Leave);
    // Who left listens to an application, which knows how long.
    world.silence();
    world.run_for(seconds(1));
    assert!(calls[0].is_up());
    end(&world, &calls[..1]);
}

#[test]
fn a_tone_is_announced_for_as_long_as_was_asked() {
    let (world, phones, calls) = three(521);
    let [alice, bob, _] = &phones;
    world.command(alice, Command::Announce { sounds: vec![Sound::Tone(Tone::Beep, millis(200))], language: None });
    world.run_for(millis(100));
    assert!(world.hears_announcement(bob));
    world.run_for(millis(300));
    assert!(!world.hears_announcement(bob));
    assert_eq!(heard(&world, &phones), ALL);
    end(&world, &calls);
}
