//! What a room says to the calls of its members, without any call.

use switch::{Bearing, CallUid, RoomOrder};

use super::*;

const MIXER: MixerId = MixerId(7);

fn newcomer(role: Role) -> Newcomer {
    let (call, since) = (CallUid([1; 12]), UNIX_EPOCH);
    Newcomer { call, name: "Bob".to_owned(), user: None, role, spoken: None, since }
}

fn room(plan: Plan) -> Room {
    Room::new(TenantId(1), "600", Plan { entry: Entry::None, ..plan }, MIXER, UNIX_EPOCH)
}

fn joins(room: &mut Room, role: Role) -> MemberNumber {
    room.join(newcomer(role)).expect("a place")
}

/// Does whatever this member's call is to be told, and says what that was.
fn done(room: &mut Room, number: MemberNumber) -> Vec<Act> {
    let mut acts = Vec::new();
    while let Some(act) = room.poll(number) {
        room.handle_done(number);
        acts.push(act);
    }
    acts
}

fn join(bearing: Bearing) -> Act {
    Act::Do(Command::Join { mixer: MIXER, bearing })
}

fn whisper(name: &str) -> Act {
    Act::Do(Command::Whisper(vec![prompt(name)]))
}

fn announce(name: &str) -> Act {
    Act::Do(Command::Announce(vec![prompt(name)]))
}

#[test]
fn many_changes_before_a_call_hears_of_them_are_one() {
    let mut room = room(Plan::ad_hoc());
    let (one, two) = (joins(&mut room, Role::Participant), joins(&mut room, Role::Participant));
    assert_eq!(done(&mut room, one), [join(Bearing::default()), whisper(prompts::ALONE)]);
    for speaking in -20..=20 {
        room.order(RoomOrder::Volume { member: one, speaking, hearing: 0 }).expect("a member");
        room.order(RoomOrder::Volume { member: two, speaking, hearing: 0 }).expect("a member");
    }
    let loud = Bearing { speaking: 20, ..Bearing::default() };
    assert_eq!(done(&mut room, one), [Act::Do(Command::Bear(loud))]);
    assert_eq!(done(&mut room, two), [join(loud)], "who is not in yet comes in so");
}

#[test]
fn what_one_was_telling_the_mixer_when_he_went_another_tells() {
    let mut room = room(Plan::ad_hoc());
    let (one, two) = (joins(&mut room, Role::Participant), joins(&mut room, Role::Participant));
    done(&mut room, one);
    done(&mut room, two);
    for name in ["first", "second"] {
        room.order(RoomOrder::Announce(vec![prompt(name)])).expect("an open room");
    }
    assert_eq!(room.poll(one), Some(announce("first")));
    while room.poll_stirred().is_some() {}
    room.handle_gone(one);
    assert_eq!(room.poll_stirred(), Some(two), "he is woken for it");
    assert_eq!(done(&mut room, two), [announce("first"), announce("second")]);
}

#[test]
fn what_is_for_the_mixer_waits_for_somebody_inside() {
    let mut room = room(Plan { record: true, wait_for_moderator: true, ..Plan::ad_hoc() });
    let waits = joins(&mut room, Role::Participant);
    assert_eq!(done(&mut room, waits), [Act::Do(play(prompts::WAIT)), Act::Do(Command::Music { sounds: Vec::new() })]);
    assert_eq!(room.view().recording, None, "nobody is there to be recorded");
    room.order(RoomOrder::Announce(vec![prompt("hello")])).expect("an open room");
    assert_eq!(done(&mut room, waits), []);
    let moderator = joins(&mut room, Role::Moderator);
    let acts = done(&mut room, moderator);
    let name = room.view().recording.expect("a recording");
    let record = Act::Do(Command::RecordRoom { name: Some(name), limit: crate::conference::LONGEST });
    assert_eq!(acts[..4], [join(Bearing::default()), announce("hello"), record, announce(prompts::RECORDED)]);
    assert_eq!(done(&mut room, waits)[0], join(Bearing::default()));
}

#[test]
fn a_member_who_does_not_listen_is_told_the_last_things_only() {
    let mut room = room(Plan::ad_hoc());
    let one = joins(&mut room, Role::Moderator);
    for _ in 0..50 {
        room.order(RoomOrder::Mute(one, true)).expect("a member");
        room.order(RoomOrder::Mute(one, false)).expect("a member");
    }
    let acts = done(&mut room, one);
    let (muted, unmuted) = (whisper(prompts::MUTED), whisper(prompts::UNMUTED));
    assert_eq!(acts, [join(Bearing::default()), unmuted.clone(), muted, unmuted]);
}

#[test]
fn who_is_to_go_is_told_nothing_else_and_is_gone() {
    let mut room = room(Plan::ad_hoc());
    let (one, two) = (joins(&mut room, Role::Participant), joins(&mut room, Role::Participant));
    room.order(RoomOrder::Kick(two)).expect("a member");
    room.order(RoomOrder::End).expect("an open room");
    assert_eq!(done(&mut room, two), [Act::Away(Left::Kicked, Some(prompts::REMOVED))], "the first reason counts");
    assert_eq!((room.is_over(), room.join(newcomer(Role::Moderator))), (true, Err(RoomRefusal::NoRoom)));
    assert_eq!(room.order(RoomOrder::Lock(true)), Err(RoomRefusal::NoRoom));
    room.handle_gone(two);
    assert_eq!(done(&mut room, one), [Act::Away(Left::Ended, Some(prompts::ENDED))]);
    let events: Vec<_> = std::iter::from_fn(|| room.poll_event()).collect();
    assert_eq!(events.iter().filter(|event| matches!(event, RoomEvent::Left { .. })).count(), 2);
    assert_eq!(events.last(), Some(&RoomEvent::Ended));
}

#[test]
fn a_thousand_come_and_the_next_one_does_not() {
    let mut room = room(Plan { maximum: 1_000, entry: Entry::Tone, ..Plan::ad_hoc() });
    room.plan.entry = Entry::Tone;
    let all: Vec<_> = (0..1_000).map(|_| joins(&mut room, Role::Participant)).collect();
    assert_eq!(room.join(newcomer(Role::Moderator)), Err(RoomRefusal::Full));
    assert!(room.whole.len() <= MUCH, "not a thousand tones");
    for number in &all {
        assert!(!done(&mut room, *number).is_empty());
    }
    for number in all {
        room.handle_gone(number);
    }
    assert!(room.is_over() && room.stirred.is_empty() && room.under_way.is_empty() && room.whole.is_empty());
}

#[test]
fn a_recording_has_a_name_that_the_exchange_takes_and_no_other_has() {
    let mut room = Room::new(
        TenantId(1),
        "*8-a-room-with-a-name-of-32-chars",
        Plan::ad_hoc(),
        MIXER,
        UNIX_EPOCH + std::time::Duration::from_millis(1_795_246_215_123),
    );
    joins(&mut room, Role::Moderator);
    let mut names = BTreeSet::new();
    for _ in 0..9 {
        room.order(RoomOrder::Record { name: None }).expect("it is not recorded");
        let name = room.view().recording.expect("a name");
        assert!(name.len() <= 64 && orders::is_recording(&name), "{name}");
        assert!(names.insert(name), "a new one");
        room.order(RoomOrder::StopRecording).expect("it is recorded");
    }
}
