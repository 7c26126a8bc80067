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
        room.handle_done(number, &Reply::Done);
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
    Act::Do(Command::Announce { sounds: vec![prompt(name)], language: None })
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
    assert_eq!(
        done(&mut room, waits),
        [
            Act::Do(Command::Play(prompts::play(prompts::WAIT, None))),
            Act::Do(Command::Music { sounds: Vec::new(), listens: true })
        ]
    );
    assert_eq!(room.view().recording, None, "nobody is there to be recorded");
    room.order(RoomOrder::Announce(vec![prompt("hello")])).expect("an open room");
    assert_eq!(done(&mut room, waits), []);
    let moderator = joins(&mut room, Role::Moderator);
    let acts = done(&mut room, moderator);
    let name = room.view().recording.expect("a recording");
    let record = Act::Do(Command::StartRoomRecording {
        name: Some(name),
        limit: LONGEST_ROOM_RECORDING,
        format: RecordingFormat::Wav,
    });
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
    assert_eq!(
        done(&mut room, two),
        [Act::Away(Left::Kicked, Some(prompts::play(prompts::REMOVED, None)))],
        "the first reason counts"
    );
    assert_eq!((room.is_over(), room.join(newcomer(Role::Moderator))), (true, Err(RoomRefusal::NoRoom)));
    assert_eq!(room.order(RoomOrder::Lock(true)), Err(RoomRefusal::NoRoom));
    room.handle_gone(two);
    assert_eq!(done(&mut room, one), [Act::Away(Left::Ended, Some(prompts::play(prompts::ENDED, None)))]);
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
        room.order(RoomOrder::Record { name: None, format: RecordingFormat::Wav }).expect("it is not recorded");
        let name = room.view().recording.expect("a name");
        assert!(name.len() <= 64 && switch::is_recording_name(&name), "{name}");
        assert!(names.insert(name), "a new one");
        room.order(RoomOrder::StopRecording).expect("it is recorded");
    }
}

/// The recordings that the room's events told of.
fn recordings(room: &mut Room) -> Vec<Option<String>> {
    let told = |event| if let RoomEvent::Recording(name) = event { Some(name) } else { None };
    std::iter::from_fn(|| room.poll_event()).filter_map(told).collect()
}

fn over(name: &str, fault: Option<AudioError>) -> Event {
    Event::RoomRecorded { name: name.to_owned(), fault }
}

#[test]
fn a_room_whose_last_inside_leaves_is_recorded_no_more_and_anew_when_somebody_comes_in() {
    let mut room = room(Plan { record: true, wait_for_moderator: true, ..Plan::ad_hoc() });
    let moderator = joins(&mut room, Role::Moderator);
    done(&mut room, moderator);
    let first = room.view().recording.expect("a recording");
    room.order(RoomOrder::Kick(moderator)).expect("a member");
    // Who comes while there is no moderator waits.
    let waits = joins(&mut room, Role::Participant);
    done(&mut room, moderator);
    assert_eq!((room.view().recording, room.is_over()), (None, false), "the mixer is gone");
    assert_eq!(recordings(&mut room), [Some(first), None]);
    done(&mut room, waits);
    let next = joins(&mut room, Role::Moderator);
    let second = room.view().recording.expect("a new one");
    let acts = done(&mut room, next);
    let start =
        Command::StartRoomRecording { name: Some(second), limit: LONGEST_ROOM_RECORDING, format: RecordingFormat::Wav };
    // The mixer may not be gone yet: what it keeps ends first.
    assert_eq!(acts[..3], [join(Bearing::default()), Act::Do(Command::StopRoomRecording), Act::Do(start)]);
}

#[test]
fn a_recording_that_ends_by_itself_is_over_and_is_not_begun_anew() {
    for fault in [None, Some(AudioError::Unwritable("the disk is full".to_owned()))] {
        let mut room = room(Plan { record: true, ..Plan::ad_hoc() });
        let (one, two) = (joins(&mut room, Role::Moderator), joins(&mut room, Role::Participant));
        done(&mut room, one);
        done(&mut room, two);
        let name = room.view().recording.expect("a recording");
        let now = Instant::now();
        room.handle_event(now, one, &over("another", None));
        assert!(room.view().recording.is_some());
        for member in [one, two] {
            room.handle_event(now, member, &over(&name, fault.clone()));
        }
        assert_eq!(room.view().recording, None);
        joins(&mut room, Role::Participant);
        assert_eq!(recordings(&mut room), [Some(name), None], "told once, and it stays so");
        room.order(RoomOrder::Record { name: None, format: RecordingFormat::Wav })
            .expect("whoever wants it can begin another");
    }
}

#[test]
fn the_end_of_one_recording_is_not_taken_for_that_of_another_of_its_name() {
    let mut room = room(Plan::ad_hoc());
    let one = joins(&mut room, Role::Moderator);
    let record = |room: &mut Room| {
        room.order(RoomOrder::Record { name: Some("monday".to_owned()), format: RecordingFormat::Wav })
    };
    assert_eq!(record(&mut room), Ok(()));
    done(&mut room, one);
    room.order(RoomOrder::StopRecording).expect("it is recorded");
    assert_eq!(record(&mut room), Err(RoomRefusal::Forbidden), "its file is being closed");
    done(&mut room, one);
    room.handle_event(Instant::now(), one, &over("monday", None));
    assert_eq!(record(&mut room), Ok(()));
    assert_eq!(room.view().recording.as_deref(), Some("monday"));
}

#[test]
fn what_the_exchange_refuses_is_not_taken_for_done() {
    let mut room = room(Plan::ad_hoc());
    let (one, two) = (joins(&mut room, Role::Moderator), joins(&mut room, Role::Participant));
    done(&mut room, one);
    done(&mut room, two);
    room.order(RoomOrder::Record { name: None, format: RecordingFormat::Wav }).expect("an open room");
    let Some(Act::Do(start @ Command::StartRoomRecording { .. })) = room.poll(one) else { panic!("it is told") };
    room.handle_done(one, &Reply::Refused(Refusal::WrongState));
    // Whoever is not in the mixer comes in again; another one does what is to be done.
    assert_eq!(room.poll(two), Some(Act::Do(start)));
    assert_eq!(room.poll(one), Some(join(Bearing::default())));
    room.handle_done(two, &Reply::Refused(Refusal::BadValue));
    assert_eq!(room.view().recording, None);
    assert!(matches!(recordings(&mut room)[..], [Some(_), None]));
}

#[test]
fn what_waits_to_be_said_has_an_end_and_nonsense_is_refused() {
    let mut room = room(Plan { wait_for_moderator: true, ..Plan::ad_hoc() });
    joins(&mut room, Role::Participant);
    let announce = |room: &mut Room, sounds| room.order(RoomOrder::Announce(sounds));
    for bad in [vec![], vec![prompt("../x")], vec![Sound::Number(1); 65]] {
        assert_eq!(announce(&mut room, bad), Err(RoomRefusal::BadValue));
    }
    assert_eq!(
        room.order(RoomOrder::Record { name: None, format: RecordingFormat::Wav }),
        Err(RoomRefusal::Forbidden),
        "nobody is inside"
    );
    let taken = (0..100).filter(|_| announce(&mut room, vec![prompt("hello")]).is_ok()).count();
    assert_eq!((taken, room.whole.len()), (MOST, MOST));
    assert_eq!(announce(&mut room, vec![prompt("hello")]), Err(RoomRefusal::NoResources));
    for turn in 0..100 {
        room.order(RoomOrder::Lock(turn % 2 == 0)).expect("an open room");
        room.order(RoomOrder::MuteAll(turn % 2 == 0)).expect("an open room");
    }
    let moderator = joins(&mut room, Role::Moderator);
    for turn in 0..100 {
        room.order(RoomOrder::Record { name: None, format: RecordingFormat::Wav }).expect("it is not recorded");
        room.order(RoomOrder::PauseRecording(turn % 2 == 0)).expect("it is recorded");
        room.order(RoomOrder::PauseRecording(turn % 2 != 0)).expect("it is recorded");
        room.order(RoomOrder::StopRecording).expect("it is recorded");
    }
    assert!(room.whole.len() <= MOST + 1, "{}", room.whole.len());
    assert!(done(&mut room, moderator).contains(&Act::Do(Command::StopRoomRecording)));
}

#[test]
fn who_waits_can_leave_by_his_key_and_do_nothing_else() {
    let mut room = room(Plan { wait_for_moderator: true, ..Plan::ad_hoc() });
    let waits = joins(&mut room, Role::Participant);
    done(&mut room, waits);
    let press = |room: &mut Room, keys: &str| {
        for key in keys.chars() {
            let key = switch::Digit::from_char(key).expect("a key");
            room.handle_event(Instant::now(), waits, &Event::Key(key));
        }
    };
    press(&mut room, "*6*3##9*4");
    assert_eq!(room.poll(waits), None);
    assert_eq!(room.member(waits).map(|view| view.bearing), Some(Bearing::default()));
    press(&mut room, "*0");
    assert_eq!(done(&mut room, waits), [Act::Away(Left::Key, None)]);
    assert!(room.is_over());
}

#[test]
fn what_all_hear_is_in_the_language_of_the_room() {
    let mut room = room(Plan { language: Some("de".to_owned()), ..Plan::ad_hoc() });
    let one = joins(&mut room, Role::Moderator);
    done(&mut room, one);
    room.order(RoomOrder::Announce(vec![prompt("hello")])).expect("an open room");
    let announced = Command::Announce { sounds: vec![prompt("hello")], language: Some("de".to_owned()) };
    assert_eq!(done(&mut room, one), [Act::Do(announced)]);
}

#[test]
fn callers_who_are_not_inside_are_spoken_to_in_the_language_of_the_room() {
    let mut room = room(Plan { wait_for_moderator: true, language: Some("de".to_owned()), ..Plan::ad_hoc() });
    let waits = joins(&mut room, Role::Participant);
    assert_eq!(room.poll(waits), Some(Act::Do(Command::Play(prompts::play(prompts::WAIT, Some("de"))))));
    room.order(RoomOrder::Kick(waits)).expect("a member");
    let farewell = prompts::play(prompts::REMOVED, Some("de"));
    assert_eq!(room.poll(waits), Some(Act::Away(Left::Kicked, Some(farewell))));
}
