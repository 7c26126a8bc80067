//! What an operator plays into a call: over music, to one of two who talk, to a member of a room; and never over what an
//! application plays itself.

use switch::{
    Bearing, Command, Dial, Event, Keys, MixerId, Order, Play, PlayEnd, PlayRefusal, Played, Reply, Side, Sound,
    SoundOrder, Target,
};
use testkit::{Phone, Placed, World, millis, seconds};

use crate::sounds::{play, prompt, reading, recording};

fn says(name: &str) -> SoundOrder {
    plays(name, "", false)
}

fn plays(name: &str, interrupt: &str, forever: bool) -> SoundOrder {
    let interrupt = Keys::parse(interrupt).expect("keys");
    SoundOrder::Play(Play { sounds: vec![prompt(name)], language: None, interrupt, forever })
}

fn music(name: &str) -> SoundOrder {
    SoundOrder::Music(vec![prompt(name)])
}

/// Alice has been answered, and this is what the application does next.
fn served(seed: u64, commands: Vec<Command>) -> (World, Phone, Placed) {
    let world = World::seeded(seed);
    let alice = world.phone("alice");
    let script = [Command::Answer].into_iter().chain(commands).chain([Command::AwaitEnd]);
    world.application(script.collect());
    let call = alice.dial_number("menu");
    world.run_for(millis(300));
    assert!(call.is_up(), "{}", world.ladder());
    (world, alice, call)
}

/// Alice talks with Bob.
fn talking(seed: u64) -> (World, Phone, Phone, Placed) {
    let world = World::seeded(seed);
    let (alice, bob) = (world.phone("alice"), world.phone("bob").that_answers_after(millis(200)));
    bob.register();
    let call = alice.dial(&bob);
    world.run_for(seconds(2));
    assert!(call.is_up() && alice.hears(&bob) && bob.hears(&alice), "{}", world.ladder());
    (world, alice, bob, call)
}

fn end(world: &World, call: &Placed) {
    assert!(call.is_up(), "{}", world.ladder());
    call.hang_up();
    world.assert_quiet();
}

fn listening() -> Command {
    Command::Music { sounds: vec![prompt("waiting")], listens: true }
}

#[test]
fn a_caller_who_waits_hears_what_an_operator_plays_and_then_the_music_again() {
    let tune = Command::Music { sounds: vec![prompt("waiting")], listens: false };
    let (world, alice, call) = served(400, vec![tune]);
    assert_eq!(world.operator_plays(None, says("soon")), Ok(()));
    assert_eq!(world.hears(&alice), [prompt("soon")]);
    world.run_for(seconds(1));
    assert_eq!(world.hears(&alice), [prompt("waiting")]);
    assert_eq!(world.operator_plays(Some(Side::Caller), plays("soon", "1", true)), Ok(()));
    world.run_for(seconds(5));
    alice.press("2");
    assert_eq!(world.hears(&alice), [prompt("soon")], "over and over, and this key ends nothing");
    alice.press("1");
    assert_eq!(world.hears(&alice), [prompt("waiting")]);
    assert_eq!(world.operator_plays(None, says("soon")), Ok(()));
    assert_eq!(world.operator_plays(None, SoundOrder::Stop), Ok(()));
    assert_eq!(world.hears(&alice), [prompt("waiting")]);
    assert_eq!(world.replies().len(), 2, "the application is told nothing of it: {:?}", world.replies());
    end(&world, &call);
}

#[test]
fn music_is_changed_and_taken_away_by_an_operator() {
    let (world, alice, call) = served(401, vec![]);
    assert_eq!(world.operator_plays(None, SoundOrder::Hush), Err(PlayRefusal::Quiet));
    assert_eq!(world.operator_plays(None, SoundOrder::Stop), Err(PlayRefusal::Quiet));
    assert_eq!(world.operator_plays(None, SoundOrder::Music(vec![])), Ok(()));
    assert_eq!(world.hears(&alice), [prompt("moh/default")]);
    assert_eq!(world.operator_plays(None, music("moh/jazz")), Ok(()));
    assert_eq!(world.operator_plays(None, says("soon")), Ok(()));
    assert_eq!(world.operator_plays(None, SoundOrder::Hush), Ok(()), "what plays meanwhile goes on");
    assert_eq!(world.hears(&alice), [prompt("soon")]);
    world.run_for(seconds(2));
    assert!(world.hears(&alice).is_empty());
    assert_eq!(world.operator_plays(None, music("moh/jazz")), Ok(()));
    assert_eq!(world.operator_plays(None, SoundOrder::Stop), Ok(()));
    assert!(world.hears(&alice).is_empty());
    end(&world, &call);
}

#[test]
fn who_listens_for_keys_while_music_plays_hears_of_them_while_an_operator_plays_and_after() {
    let (world, alice, call) = served(402, vec![listening()]);
    assert_eq!(world.operator_plays(None, plays("soon", "#", false)), Ok(()));
    alice.press("1");
    alice.press("#");
    assert_eq!(world.hears(&alice), [prompt("waiting")], "the key that ends it is not the application's");
    assert_eq!(world.operator_plays(None, SoundOrder::Stop), Ok(()));
    assert!(world.hears(&alice).is_empty());
    alice.press("2");
    assert_eq!(world.operator_plays(None, music("moh/jazz")), Ok(()));
    alice.press("3");
    let keys = world.events().into_iter().filter(|event| matches!(event, Event::Key(_))).count();
    assert_eq!(keys, 3);
    end(&world, &call);
}

#[test]
fn what_an_application_plays_asks_or_records_is_not_disturbed_but_can_be_stopped() {
    let commands = vec![play("welcome", ""), Command::Read(reading()), Command::Record(recording())];
    let (world, alice, call) = served(403, commands);
    world.sounds_last(seconds(20));
    let taken = Err(PlayRefusal::Taken);
    assert_eq!((world.operator_plays(None, says("soon")), world.hears(&alice)), (taken, vec![prompt("welcome")]));
    assert_eq!(world.operator_plays(None, SoundOrder::Stop), Ok(()));
    assert_eq!(world.replies()[1], Reply::Played(Played::Whole));
    world.run_for(millis(10));
    assert_eq!(world.hears(&alice), [prompt("enter-pin")]);
    assert_eq!(world.operator_plays(None, music("moh/jazz")), taken);
    assert_eq!(world.operator_plays(None, SoundOrder::Stop), Ok(()));
    assert_eq!((world.hears(&alice), world.operator_plays(None, says("soon"))), (vec![], taken), "he may dial");
    alice.press("12#");
    world.run_for(seconds(21));
    assert!(world.records(&alice));
    assert_eq!(world.operator_plays(None, says("soon")), taken);
    assert_eq!(world.operator_plays(None, SoundOrder::Stop), Err(PlayRefusal::Quiet), "it is not for the recording");
    end(&world, &call);
}

#[test]
fn what_an_application_does_next_takes_the_place_of_what_an_operator_plays() {
    let (wait, none) = (Command::Wait(seconds(1)), switch::Read { prompt: vec![], ..reading() });
    for (seed, next) in [
        (404, play("welcome", "")),
        (405, Command::Read(none)),
        (406, Command::Record(recording())),
        (407, crate::sounds::echo()),
    ] {
        let (world, alice, call) = served(seed, vec![wait.clone(), next]);
        assert_eq!(world.operator_plays(None, plays("soon", "", true)), Ok(()));
        world.run_for(seconds(2));
        assert_ne!(world.hears(&alice), [prompt("soon")], "seed {seed}");
        end(&world, &call);
    }
}

#[test]
fn one_of_two_who_talk_hears_an_announcement_and_then_the_other_again() {
    let (world, alice, bob, call) = talking(408);
    assert_eq!(world.operator_plays(Some(Side::Callee), says("last-minute")), Ok(()));
    assert_eq!((world.hears(&alice), world.hears(&bob)), (vec![], vec![prompt("last-minute")]));
    assert_eq!(world.operator_plays(Some(Side::Caller), music("moh/jazz")), Ok(()));
    world.run_for(seconds(3));
    assert_eq!((world.hears(&alice), world.hears(&bob)), (vec![prompt("moh/jazz")], vec![]));
    assert_eq!(world.operator_plays(Some(Side::Callee), SoundOrder::Hush), Err(PlayRefusal::Quiet));
    assert_eq!(world.operator_plays(Some(Side::Caller), SoundOrder::Hush), Ok(()));
    assert!(world.hears(&alice).is_empty() && alice.hears(&bob));
    assert_eq!(world.operator_plays(None, says("last-minute")), Ok(()));
    assert_eq!(world.operator_plays(None, SoundOrder::Hush), Err(PlayRefusal::Quiet), "it is no music");
    assert_eq!(world.operator_plays(None, SoundOrder::Stop), Ok(()));
    assert_eq!(world.operator_plays(None, plays("a", "1", false)), Err(PlayRefusal::KeysElsewhere));
    assert_eq!(world.operator_plays(Some(Side::Exchange), says("a")), Err(PlayRefusal::NotThere));
    let nothing = SoundOrder::Play(Play { sounds: vec![], language: None, interrupt: Keys::NONE, forever: false });
    assert_eq!(world.operator_plays(None, nothing), Err(PlayRefusal::BadValue));
    assert_eq!(world.operator_plays(None, music("../x")), Err(PlayRefusal::BadValue));
    assert_eq!(world.operator_plays(None, plays("last-minute", "", true)), Ok(()));
    end(&world, &call);
    assert_eq!(world.operator_plays(None, says("a")), Err(PlayRefusal::Over));
}

#[test]
fn who_is_held_hears_music_again_after_an_announcement_and_what_plays_outlives_a_hold() {
    let (world, alice, bob, call) = talking(409);
    bob.hold();
    world.run_for(seconds(1));
    assert_eq!(world.hears(&alice), [prompt("moh/default")]);
    assert_eq!(world.operator_plays(None, says("soon")), Ok(()));
    assert_eq!(world.hears(&alice), [prompt("soon")]);
    world.run_for(seconds(2));
    assert_eq!(world.hears(&alice), [prompt("moh/default")]);
    assert_eq!(world.operator_plays(None, plays("soon", "", true)), Ok(()));
    bob.resume();
    world.run_for(seconds(1));
    assert_eq!(world.hears(&alice), [prompt("soon")]);
    bob.hold();
    world.run_for(seconds(1));
    assert_eq!(world.hears(&alice), [prompt("soon")]);
    assert_eq!(world.operator_plays(None, SoundOrder::Stop), Ok(()));
    assert_eq!(world.hears(&alice), [prompt("moh/default")]);
    bob.resume();
    world.run_for(seconds(1));
    assert!(world.hears(&alice).is_empty() && alice.hears(&bob));
    end(&world, &call);
}

#[test]
fn a_member_of_a_room_hears_it_alone_over_the_room() {
    let (world, alice, call) = served(410, vec![Command::Join { mixer: MixerId(7), bearing: Bearing::default() }]);
    assert_eq!(world.operator_plays(None, plays("soon", "1", false)), Err(PlayRefusal::KeysElsewhere));
    for order in [music("moh/jazz"), SoundOrder::Hush] {
        assert_eq!(world.operator_plays(None, order), Err(PlayRefusal::InRoom));
    }
    assert_eq!(world.operator_plays(None, SoundOrder::Stop), Err(PlayRefusal::Quiet));
    assert_eq!(world.operator_plays(None, plays("soon", "", true)), Ok(()));
    world.run_for(millis(60));
    assert!(world.hears_whisper(&alice));
    assert_eq!(world.operator_plays(None, SoundOrder::Stop), Ok(()));
    world.run_for(millis(60));
    assert!(!world.hears_whisper(&alice));
    assert_eq!(world.operator_plays(None, says("soon")), Ok(()));
    end(&world, &call);
}

#[test]
fn a_caller_who_is_not_answered_or_speaks_no_codec_of_ours_cannot_be_played_to() {
    let world = World::seeded(411);
    let (alice, bob) = (world.phone("alice"), world.phone("bob").that_answers_after(seconds(3)));
    let (alice, bob) = (alice.that_speaks(&["97 iLBC/8000"]), bob.that_speaks(&["97 iLBC/8000"]));
    bob.register();
    let call = alice.dial(&bob);
    world.run_for(seconds(1));
    assert_eq!(world.operator_plays(None, says("soon")), Err(PlayRefusal::NotThere));
    world.run_for(seconds(4));
    assert!(call.is_up() && alice.hears(&bob));
    assert_eq!(world.operator_plays(None, says("soon")), Err(PlayRefusal::NoCodec));
    end(&world, &call);
}

#[test]
fn what_plays_while_it_rings_ends_with_the_answer_or_gives_way_to_early_media() {
    for (seed, early) in [(412, false), (413, true)] {
        let world = World::seeded(seed);
        let (alice, bob) = (world.phone("alice"), world.phone("bob").that_answers_after(seconds(3)));
        let bob = if early { bob.that_has_early_media() } else { bob };
        bob.register();
        let dial = Dial {
            targets: vec![Target::User("bob".to_owned())],
            order: Order::AtOnce,
            ring_time: seconds(20),
            outside: switch::Outside::default(),
        };
        world.application(vec![Command::Answer, Command::Wait(seconds(1)), Command::Dial(dial), Command::AwaitEnd]);
        let call = alice.dial(&bob);
        world.run_for(millis(500));
        assert_eq!(world.operator_plays(None, plays("soon", "", true)), Ok(()));
        world.run_for(millis(1_500));
        assert_eq!(world.hears(&alice), if early { vec![] } else { vec![prompt("soon")] });
        world.run_for(seconds(5));
        assert!(call.is_up() && alice.hears(&bob) && world.hears(&alice).is_empty(), "{}", world.ladder());
        end(&world, &call);
    }
}

#[test]
fn a_prompt_that_is_missing_leaves_the_music() {
    let (world, alice, call) = served(414, vec![listening()]);
    world.lacks("nope");
    assert_eq!(world.operator_plays(None, says("nope")), Ok(()), "it is found out later");
    assert_eq!(world.hears(&alice), [Sound::Prompt("waiting".to_owned())]);
    end(&world, &call);
}

#[test]
fn the_ring_back_tone_goes_on_after_what_an_operator_plays_and_is_no_music_of_his() {
    let targets = vec![Target::User("bob".to_owned())];
    let dial = Command::Dial(Dial {
        targets,
        order: Order::AtOnce,
        ring_time: seconds(20),
        outside: switch::Outside::default(),
    });
    let world = World::seeded(440);
    let (alice, bob) = (world.phone("alice"), world.phone("bob").that_answers_after(seconds(6)));
    world.application(vec![Command::Answer, dial, Command::AwaitEnd]);
    let call = alice.dial_number("menu");
    world.run_for(seconds(2));
    let ringing = [Sound::Tone(switch::Tone::Ringing, seconds(60))];
    assert_eq!(world.hears(&alice), ringing);
    assert_eq!(world.operator_plays(None, SoundOrder::Hush), Err(PlayRefusal::Quiet));
    assert_eq!(world.operator_plays(None, says("soon")), Ok(()));
    assert_eq!(world.hears(&alice), [prompt("soon")]);
    world.run_for(seconds(2));
    assert_eq!(world.hears(&alice), ringing);
    world.run_for(seconds(4));
    assert_eq!(world.hears(&alice), []);
    assert!(alice.hears(&bob) && bob.hears(&alice), "{}", world.ladder());
    end(&world, &call);
}

#[test]
fn operators_are_told_to_whom_something_plays_and_how_it_ended() {
    let (world, _alice, _bob, call) = talking(409);
    assert_eq!(world.operator_plays(Some(Side::Callee), plays("soon", "", true)), Ok(()));
    assert_eq!(world.operator_plays(Some(Side::Caller), says("hello")), Ok(()));
    world.run_for(seconds(2));
    assert_eq!(world.operator_plays(Some(Side::Callee), SoundOrder::Stop), Ok(()));
    end(&world, &call);
    let playing = |to, name, forever| Event::Playing { to, sounds: vec![prompt(name)], forever };
    let told = |event: &Event| matches!(event, Event::Playing { .. } | Event::Played { .. });
    let told: Vec<_> = world.events().into_iter().filter(told).collect();
    let expected = [
        playing(Side::Callee, "soon", true),
        playing(Side::Caller, "hello", false),
        Event::Played { to: Side::Caller, how: PlayEnd::Whole },
        Event::Played { to: Side::Callee, how: PlayEnd::Stopped },
    ];
    assert_eq!(told, expected);
}
