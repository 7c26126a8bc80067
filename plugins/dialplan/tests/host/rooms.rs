//! A guest's caller in conference rooms.

use switch::{Command, Event, Failure, Label, Reply};

use crate::exchange::{Line, caller_hung_up, guest, on_one_worker};

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
