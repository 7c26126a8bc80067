//! Calls that are recorded as a whole: who is heard on the tape, and what is kept of it.

use std::time::Duration;

use switch::{
    AudioError, CallRecording, Command, Dial, Event, KeptRecording, Order, RecordingFormat, RecordingKind,
    RecordingLayout, RecordingOrder, RecordingState, Refusal, Reply, Target,
};
use testkit::{Phone, World, millis, seconds};

use crate::sounds::{play, recording};

fn how(name: Option<&str>) -> CallRecording {
    let (format, layout) = (RecordingFormat::Opus, RecordingLayout::Stereo);
    CallRecording { name: name.map(str::to_owned), format, layout, beep: false }
}

pub(crate) fn start(name: Option<&str>) -> Command {
    Command::StartRecording(how(name))
}

fn dial_bob() -> Command {
    let targets = vec![Target::User("bob".to_owned())];
    Command::Dial(Dial { targets, order: Order::AtOnce, ring_time: seconds(20), outside: switch::Outside::default() })
}

/// Alice and Bob, registered; what the application says to a call, until it leaves.
fn pair(seed: u64, commands: Vec<Command>) -> (World, Phone, Phone) {
    let world = World::seeded(seed);
    let (alice, bob) = (world.phone("alice"), world.phone("bob").that_answers_after(millis(200)));
    bob.register();
    if !commands.is_empty() {
        let mut script = commands;
        script.push(Command::AwaitEnd);
        world.application(script);
    }
    (world, alice, bob)
}

fn states(world: &World) -> Vec<RecordingState> {
    let state = |event| if let Event::Recording { state, .. } = event { Some(state) } else { None };
    world.events().into_iter().filter_map(state).collect()
}

/// What was told at the end, of the only recording.
fn kept(world: &World) -> KeptRecording {
    let told = world.recordings();
    let [begun, over] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((begun.end.is_none(), KeptRecording { end: None, ..over.clone() }), (true, begun.clone()));
    over.clone()
}

#[test]
fn a_recording_that_was_wanted_before_the_dial_has_both_from_the_answer_on() {
    let (world, alice, bob) = pair(300, vec![start(Some("sale-7")), dial_bob()]);
    let bob = bob.that_answers_after(seconds(3));
    let call = alice.dial(&bob);
    world.run_for(seconds(2));
    assert_eq!(world.replies(), [Reply::Recording("sale-7".to_owned())], "at once");
    assert!(world.recordings().is_empty() && !world.tapes(&alice), "nobody was answered");
    world.run_for(seconds(2));
    assert!(call.is_up() && world.tapes(&alice) && world.tapes(&bob), "{}", world.ladder());
    world.run_for(seconds(10));
    call.hang_up();
    world.assert_quiet();
    let kept = kept(&world);
    assert_eq!((kept.name.as_str(), kept.kind, kept.call), ("sale-7", RecordingKind::Call, Some(world.cdrs()[0].uid)));
    assert_eq!((kept.format, kept.layout), (RecordingFormat::Opus, RecordingLayout::Stereo));
    let end = kept.end.expect("it is over");
    assert!(end.length > seconds(9) && end.length < seconds(12) && end.bytes > 0 && end.fault.is_none(), "{end:?}");
    assert_eq!(Some(kept.started), world.cdrs()[0].answered);
    assert_eq!(states(&world), [RecordingState::Running], "what comes after the end of a call is not told of it");
}

#[test]
fn a_recording_that_is_wanted_after_the_dial_has_both_and_a_name_of_its_own() {
    let (world, alice, bob) = pair(301, vec![dial_bob(), start(None)]);
    let call = alice.dial(&bob);
    world.run_for(seconds(2));
    assert!(world.tapes(&alice) && world.tapes(&bob));
    call.hang_up();
    world.assert_quiet();
    let kept = kept(&world);
    assert_eq!(kept.name, format!("{}-1", world.cdrs()[0].uid));
    assert!(matches!(&world.replies()[1], Reply::Recording(name) if *name == kept.name), "{:?}", world.replies());
}

#[test]
fn a_caller_who_talks_with_the_exchange_is_recorded_and_then_whoever_he_is_put_through_to() {
    let (world, alice, bob) = pair(302, vec![Command::Answer, start(None), play("welcome", ""), dial_bob()]);
    let call = alice.dial_number("menu");
    world.run_for(millis(500));
    assert!(world.tapes(&alice) && !world.tapes(&bob));
    world.run_for(seconds(3));
    assert!(call.is_up() && world.tapes(&alice) && world.tapes(&bob), "{}", world.ladder());
    call.hang_up();
    world.assert_quiet();
    assert!(kept(&world).end.is_some_and(|end| end.length > seconds(2)));
}

#[test]
fn who_holds_is_not_on_the_tape_until_he_comes_back() {
    let (world, alice, bob) = pair(303, vec![start(None), dial_bob()]);
    let call = alice.dial(&bob);
    world.run_for(seconds(2));
    bob.hold();
    world.run_for(seconds(1));
    assert_eq!((world.tapes(&alice), world.tapes(&bob)), (true, false), "what his phone plays is no talk");
    alice.hold();
    world.run_for(seconds(1));
    assert_eq!((world.tapes(&alice), world.tapes(&bob)), (false, false));
    bob.resume();
    world.run_for(seconds(1));
    assert_eq!((world.tapes(&alice), world.tapes(&bob)), (false, true));
    alice.resume();
    world.run_for(seconds(1));
    assert_eq!((world.tapes(&alice), world.tapes(&bob)), (true, true));
    call.hang_up();
    world.assert_quiet();
    assert_eq!(kept(&world).end.and_then(|end| end.fault), None, "one file for all of it");
}

#[test]
fn phones_of_two_codecs_are_both_on_the_tape() {
    let (world, alice, bob) = pair(304, vec![Command::Answer, start(None), dial_bob()]);
    let (alice, bob) = (alice.that_speaks(&["0 PCMU/8000"]), bob.that_speaks(&["96 opus/48000/2"]));
    let call = alice.dial(&bob);
    world.run_for(seconds(2));
    assert!(world.tapes(&alice) && world.tapes(&bob), "{}", world.ladder());
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn an_operator_starts_pauses_resumes_and_stops() {
    let (world, alice, bob) = pair(305, vec![]);
    let call = alice.dial(&bob);
    world.run_for(seconds(2));
    let wrong = Err(Refusal::WrongState);
    for order in [RecordingOrder::Pause, RecordingOrder::Resume, RecordingOrder::Stop] {
        assert_eq!(world.operator_records(order.clone()), wrong, "{order:?} of none");
    }
    for name in ["", "../x", "a.b", "A", "ä"] {
        assert_eq!(world.operator_records(RecordingOrder::Start(how(Some(name)))), Err(Refusal::BadValue), "{name:?}");
    }
    let name = Ok("tape".to_owned());
    assert_eq!(world.operator_records(RecordingOrder::Start(how(Some("tape")))), name);
    assert_eq!(world.operator_records(RecordingOrder::Start(how(Some("tape-2")))), wrong, "one at a time");
    assert!(world.tapes(&alice) && world.tapes(&bob));
    assert_eq!(world.operator_records(RecordingOrder::Pause), name);
    assert_eq!(world.operator_records(RecordingOrder::Pause), wrong);
    assert!(!world.tapes(&alice) && !world.tapes(&bob));
    assert_eq!(world.operator_records(RecordingOrder::Resume), name);
    assert!(world.tapes(&alice) && world.tapes(&bob));
    assert_eq!(world.operator_records(RecordingOrder::Stop), name);
    assert!(!world.tapes(&alice) && call.is_up());
    assert_eq!(world.operator_records(RecordingOrder::Start(how(None))), Ok(format!("{}-1", uid(&world))));
    call.hang_up();
    world.assert_quiet();
    use RecordingState::{Ended, Paused, Running};
    assert_eq!(states(&world), [Running, Paused, Running, Ended, Running]);
    assert_eq!(world.recordings().iter().filter(|kept| kept.end.is_some()).count(), 2);
    assert_eq!(world.operator_records(RecordingOrder::Stop), wrong, "the call is over");
}

fn uid(world: &World) -> switch::CallUid {
    let arrived = |event| if let Event::Arrived(invitation) = event { Some(invitation.uid) } else { None };
    world.events().into_iter().find_map(arrived).expect("a call")
}

#[test]
fn a_recording_that_was_paused_before_it_began_begins_paused() {
    let commands =
        vec![start(None), Command::PauseRecording, dial_bob(), Command::Wait(seconds(2)), Command::ResumeRecording];
    let (world, alice, bob) = pair(306, commands);
    let call = alice.dial(&bob);
    world.run_for(seconds(1));
    assert!(call.is_up() && !world.tapes(&alice));
    world.run_for(seconds(3));
    assert!(world.tapes(&alice));
    call.hang_up();
    world.assert_quiet();
    assert_eq!(states(&world), [RecordingState::Paused, RecordingState::Running]);
}

#[test]
fn a_call_that_nobody_answers_leaves_no_recording() {
    let (world, alice, bob) = pair(307, vec![start(None), dial_bob()]);
    let bob = bob.that_never_answers();
    let call = alice.dial(&bob);
    world.run_for(seconds(5));
    call.hang_up();
    world.assert_quiet();
    assert_eq!((world.recordings(), states(&world)), (vec![], vec![]));
}

#[test]
fn a_disk_that_is_full_from_the_beginning_leaves_a_call_that_lives() {
    let (world, alice, bob) = pair(308, vec![start(None), dial_bob()]);
    world.disk_is_full();
    let call = alice.dial(&bob);
    world.run_for(seconds(2));
    assert!(call.is_up() && alice.hears(&bob) && bob.hears(&alice));
    let fault = AudioError::Unwritable("the disk is full".to_owned());
    assert_eq!(states(&world), [RecordingState::Running, RecordingState::Failed(fault.clone())]);
    let end = kept(&world).end.expect("it is over");
    assert_eq!((end.length, end.bytes, end.fault), (Duration::ZERO, 0, Some(fault.to_string())));
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn a_disk_that_fills_up_ends_the_recording_and_not_the_call() {
    let (world, alice, bob) = pair(309, vec![start(None), dial_bob()]);
    let call = alice.dial(&bob);
    world.run_for(seconds(5));
    world.disk_fills_up();
    assert!(call.is_up() && alice.hears(&bob) && bob.hears(&alice) && !world.tapes(&alice));
    let end = kept(&world).end.expect("it is over");
    assert!(end.length > seconds(4) && end.bytes > 0 && end.fault.is_some(), "what there was is kept: {end:?}");
    bob.hold();
    world.run_for(seconds(1));
    bob.resume();
    world.run_for(seconds(1));
    assert!(alice.hears(&bob));
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn a_codec_that_the_exchange_does_not_speak_is_relayed_and_not_recorded() {
    let (world, alice, bob) = pair(310, vec![start(None), dial_bob()]);
    let (alice, bob) = (alice.that_speaks(&["97 iLBC/8000"]), bob.that_speaks(&["97 iLBC/8000"]));
    let call = alice.dial(&bob);
    world.run_for(seconds(2));
    assert!(call.is_up() && alice.hears(&bob), "{}", world.ladder());
    assert_eq!(states(&world), [RecordingState::Running, RecordingState::Failed(AudioError::NoCodec)]);
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn a_recording_outlives_the_application_that_began_it() {
    let world = World::seeded(311);
    let (alice, bob) = (world.phone("alice"), world.phone("bob").that_answers_after(millis(200)));
    bob.register();
    world.application(vec![dial_bob(), start(None), Command::Detach]);
    let call = alice.dial(&bob);
    world.run_for(seconds(4));
    assert!(call.is_up() && world.tapes(&alice) && world.tapes(&bob));
    bob.hangs_up_everything();
    world.assert_quiet();
    assert!(kept(&world).end.is_some_and(|end| end.length > seconds(3)));
}

#[test]
fn what_a_caller_says_to_an_application_is_listed_as_a_message() {
    let world = World::seeded(312);
    let alice = world.phone("alice");
    world.application(vec![Command::Answer, Command::Record(recording()), Command::AwaitEnd]);
    let call = alice.dial_number("menu");
    world.run_for(seconds(5));
    alice.press("#");
    let kept = kept(&world);
    assert_eq!(
        (kept.name.as_str(), kept.kind, kept.format),
        ("greeting", RecordingKind::Message, RecordingFormat::Wav)
    );
    assert!(kept.end.is_some_and(|end| end.length > seconds(3) && end.bytes > 0));
    call.hang_up();
    world.assert_quiet();
}
