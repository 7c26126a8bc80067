//! A guest's caller in conference rooms.

use switch::{Command, Event, Failure, Label, MemberNumber, RecordingFormat, Reply, RoomOrder, Sound, Target};

use crate::exchange::{Line, caller_hung_up, guest, keeper, on_one_worker};

/// How the fake conference says that somebody came in.
fn enters(room: &str, how: &str) -> Command {
    Command::Attach(Label { name: room.to_owned(), version: how.to_owned() })
}

const PLAIN: &str = "false None false None";

#[test]
fn a_guest_joins_rooms_and_is_told_why_its_caller_left_or_was_refused() {
    on_one_worker(async {
        let rooms = [
            ("600", "Ok(Left::Key)"),
            ("kicked", "Ok(Left::Kicked)"),
            ("ended", "Ok(Left::Ended)"),
            ("full", "Err(RoomError::Full)"),
            ("locked", "Err(RoomError::Locked)"),
            ("wrong-pin", "Err(RoomError::WrongPin)"),
            ("no-member", "Err(RoomError::NoMember)"),
            ("forbidden", "Err(RoomError::Forbidden)"),
            ("bad-value", "Err(RoomError::BadValue)"),
            ("no-resources", "Err(RoomError::NoResources)"),
            ("601", "Err(RoomError::NoRoom)"),
        ];
        let steps: Vec<String> = rooms.iter().map(|(room, _)| format!("join {room}")).collect();
        let mut line = Line::dials(&guest("parrot"), &steps.join(";"));
        for (room, _) in rooms {
            line.asks(enters(room, PLAIN), Reply::Done).await;
        }
        line.asks(Command::Detach, Reply::Done).await;
        for (at, (_, said)) in rooms.iter().enumerate() {
            assert_eq!(line.kept(at).as_deref(), Some(*said));
        }
    });
}

#[test]
fn a_guest_says_how_its_caller_comes_in() {
    on_one_worker(async {
        let mut line = Line::dials(&guest("parrot"), "join 600 ad-hoc,pin:4711,moderator,name:Bob");
        line.asks(enters("600", r#"true Some("4711") true Some("Bob")"#), Reply::Done).await;
        line.leaves().await;
    });
}

#[test]
fn what_is_no_room_no_pin_and_no_name_never_reaches_the_conference() {
    on_one_worker(async {
        let long = "9".repeat(33);
        let steps = format!("join Room;join {long};join;join 600 pin:12x;join 600 pin:{long};join 600 name:");
        let mut line = Line::dials(&guest("parrot"), &steps);
        line.asks(Command::Detach, Reply::Done).await;
        for step in 0..6 {
            assert_eq!(line.kept(step).as_deref(), Some("Err(RoomError::BadValue)"), "step {step}");
        }
    });
}

#[test]
fn a_caller_who_hangs_up_in_a_room_ends_the_dialplan_ordinarily() {
    on_one_worker(async {
        // While the conference has him, and by what it says itself.
        let mut line = Line::dials(&guest("parrot"), "join 600;ring");
        assert_eq!(line.next().await, Some(enters("600", PLAIN)));
        line.event(Event::Ended(caller_hung_up())).await;
        assert_eq!(line.end().await, Err(Failure::HungUp));
        let mut line = Line::dials(&guest("parrot"), "join hung-up;ring;join 600");
        line.asks(enters("hung-up", PLAIN), Reply::Done).await;
        assert_eq!(line.end().await, Err(Failure::HungUp));
    });
}

#[test]
fn the_directory_finds_the_rooms_of_the_tenant() {
    on_one_worker(async {
        let mut line = Line::dials(&guest("parrot"), "find-room 600;find-room 601;find-room Room;find-room silent");
        line.asks(Command::Detach, Reply::Done).await;
        let board = r#"Some(Room { name: "600", title: Some("Board") })"#;
        assert_eq!([0, 1, 2, 3].map(|step| line.kept(step).expect("kept")), [board, "None", "None", "None"]);
    });
}

#[test]
fn the_office_lets_callers_into_rooms_and_opens_others_for_star_eight() {
    on_one_worker(async {
        for (dialled, room, how) in [("600", "600", PLAIN), ("*8900", "900", "true None false None")] {
            let mut line = Line::dials(&guest("office"), dialled);
            line.asks(enters(room, how), Reply::Done).await;
            let Some(Command::Play(_)) = line.next().await else { panic!("no goodbye after {dialled}") };
            line.event(Event::Ended(caller_hung_up())).await;
            assert_eq!(line.end().await, Err(Failure::HungUp));
        }
        for dialled in ["601", "*8"] {
            let mut line = Line::dials(&guest("office"), dialled);
            line.asks(Command::Reject { status: 404, reason: None }, Reply::Done).await;
            assert_eq!(line.end().await, Ok(()));
        }
    });
}

#[test]
fn a_guest_sees_who_is_in_a_room_of_its_tenant() {
    on_one_worker(async {
        let mut line =
            Line::dials(&guest("parrot"), "room members 600;room members 601;room members Room;room members silent");
        line.asks(Command::Detach, Reply::Done).await;
        let alice = r#"Member { number: 1, call: "010101010101010101010101", name: "Alice A.", role: Role::Moderator, muted: false, deaf: true, speaking: 0, hearing: 0, speaks: true, waiting: false }"#;
        let bob = r#"Member { number: 2, call: "020202020202020202020202", name: "bob", role: Role::Participant, muted: true, deaf: false, speaking: -4, hearing: 0, speaks: false, waiting: true }"#;
        assert_eq!(line.kept(0), Some(format!("Ok([{alice}, {bob}])")));
        let error = |name: &str| Some(format!("Err(OrderError::{name})"));
        assert_eq!([1, 2, 3].map(|step| line.kept(step)), [error("NoRoom"), error("BadValue"), error("NoResources")]);
    });
}

#[test]
fn a_guest_rules_the_rooms_of_its_own_tenant_by_the_words_of_operators() {
    on_one_worker(async {
        let steps = "mute 600 2 on;mute 600 2 off;mute-all 600 on;deafen 600 2 on;volume 600 2 -6 20;kick 600 2;lock 600 on;\
                     announce 600 prompt:conf-now-recording,number:7;record 600 board opus;record 600 - wav;\
                     pause-recording 600 on;stop-recording 600;invite 600 ext:1002;end 600";
        let steps: Vec<String> = steps.split(';').map(|step| format!("room {}", step.trim())).collect();
        let mut line = Line::dials(&guest("parrot"), &steps.join(";"));
        line.asks(Command::Detach, Reply::Done).await;
        let (bob, format) = (MemberNumber(2), RecordingFormat::Opus);
        let sounds = vec![Sound::Prompt("conf-now-recording".to_owned()), Sound::Number(7)];
        let orders = [
            RoomOrder::Mute(bob, true),
            RoomOrder::Mute(bob, false),
            RoomOrder::MuteAll(true),
            RoomOrder::Deafen(bob, true),
            RoomOrder::Volume { member: bob, speaking: -6, hearing: 20 },
            RoomOrder::Kick(bob),
            RoomOrder::Lock(true),
            RoomOrder::Announce(sounds),
            RoomOrder::Record { name: Some("board".to_owned()), format },
            RoomOrder::Record { name: None, format: RecordingFormat::Wav },
            RoomOrder::PauseRecording(true),
            RoomOrder::StopRecording,
            RoomOrder::Invite(Target::Extension("1002".to_owned())),
            RoomOrder::End,
        ];
        let expected: Vec<_> = orders.into_iter().map(|order| ("600".to_owned(), order)).collect();
        assert_eq!(
            keeper().orders(line.invitation.tenant),
            expected,
            "of the tenant whose call it is, and of no other"
        );
        assert_eq!([8, 9].map(|step| line.kept(step).expect("kept")), [r#"Ok("board")"#, r#"Ok("room-600-1")"#]);
        assert!((0..14).all(|step| line.kept(step).is_some_and(|said| said.starts_with("Ok("))));
    });
}

#[test]
fn what_a_room_does_not_do_is_told_and_what_no_room_can_be_told_never_reaches_it() {
    on_one_worker(async {
        let many = "many:33";
        let steps = [
            ("kick 601 1".to_owned(), "NoRoom"),
            ("kick no-member 9".to_owned(), "NoMember"),
            ("record forbidden - wav".to_owned(), "Forbidden"),
            ("announce no-resources number:1".to_owned(), "NoResources"),
            ("invite full user:bob".to_owned(), "NoResources"),
            ("announce 600 prompt:nope".to_owned(), r#"Missing("nope")"#),
            ("end silent".to_owned(), "NoResources"),
            ("end Room".to_owned(), "BadValue"),
            ("kick 600 0".to_owned(), "BadValue"),
            ("volume 600 2 21 0".to_owned(), "BadValue"),
            ("record 600 ../x wav".to_owned(), "BadValue"),
            ("announce 600 -".to_owned(), "BadValue"),
            (format!("announce 600 {many}"), "BadValue"),
            ("announce 600 silence:60001".to_owned(), "BadValue"),
            ("announce 600 prompt:../../etc/passwd".to_owned(), "BadValue"),
            ("invite 600 uri:sip:a\\nb".to_owned(), "BadValue"),
        ];
        let dialled: Vec<String> = steps.iter().map(|(step, _)| format!("room {step}")).collect();
        let mut line = Line::dials(&guest("parrot"), &dialled.join(";"));
        line.asks(Command::Detach, Reply::Done).await;
        for (at, (step, said)) in steps.iter().enumerate() {
            assert_eq!(line.kept(at), Some(format!("Err(OrderError::{said})")), "{step}");
        }
        assert!(keeper().orders(line.invitation.tenant).is_empty());
    });
}

#[test]
fn a_guest_whose_caller_has_hung_up_rules_nothing_any_more() {
    on_one_worker(async {
        let mut line = Line::dials(&guest("parrot"), "ring;room end 600;room members 600");
        assert_eq!(line.next().await, Some(Command::Ring));
        line.event(Event::Ended(caller_hung_up())).await;
        let (tenant, ended) = (line.invitation.tenant, line.end().await);
        assert_eq!((ended, keeper().orders(tenant)), (Err(Failure::HungUp), vec![]));
    });
}
