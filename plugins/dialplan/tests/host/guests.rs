//! What the guests that we ship decide.

use std::time::Duration;

use switch::{Command, Dial, DialOutcome, Order, Reply, Target};

use crate::exchange::{Line, guest, on_one_worker};

fn dial(target: Target) -> Command {
    Command::Dial(Dial {
        targets: vec![target],
        order: Order::AtOnce,
        ring_time: Duration::from_secs(30),
        outside: switch::Outside::default(),
    })
}

fn bob() -> Target {
    Target::User("bob".to_owned())
}

fn answered() -> Reply {
    Reply::Dialled(DialOutcome::Answered { target: "bob".to_owned() })
}

#[test]
fn hello_dials_what_was_dialled_and_leaves_the_two_talking() {
    on_one_worker(async {
        let mut line = Line::dials(&guest("hello"), "4711");
        line.asks(dial(Target::Extension("4711".to_owned())), answered()).await;
        line.leaves().await;
    });
}

#[test]
fn the_office_rings_the_user_behind_an_extension_or_a_name() {
    on_one_worker(async {
        for dialled in ["101", "bob"] {
            let mut line = Line::dials(&guest("office"), dialled);
            line.asks(dial(bob()), answered()).await;
            line.leaves().await;
        }
    });
}

#[test]
fn the_office_refuses_a_number_that_nobody_has() {
    on_one_worker(async {
        let mut line = Line::dials(&guest("office"), "999");
        line.asks(Command::Reject { status: 404, reason: None }, Reply::Done).await;
        assert_eq!(line.end().await, Ok(()));
    });
}

#[test]
fn the_office_tells_a_caller_who_dials_himself() {
    on_one_worker(async {
        for dialled in ["100", "alice"] {
            let mut line = Line::dials(&guest("office"), dialled);
            let reason = Some("You are calling yourself".to_owned());
            line.asks(Command::Reject { status: 486, reason }, Reply::Done).await;
            assert_eq!(line.end().await, Ok(()));
        }
    });
}

#[test]
fn the_office_tells_the_caller_how_a_dial_came_out() {
    on_one_worker(async {
        let outcomes = [
            (DialOutcome::Busy, 486),
            (DialOutcome::Declined, 603),
            (DialOutcome::NoAnswer, 480),
            (DialOutcome::Unregistered, 480),
            (DialOutcome::Unknown, 404),
            (DialOutcome::Forbidden, 403),
            (DialOutcome::Failed { status: 502 }, 502),
        ];
        for (outcome, status) in outcomes {
            let mut line = Line::dials(&guest("office"), "101");
            line.asks(dial(bob()), Reply::Dialled(outcome)).await;
            line.asks(Command::Reject { status, reason: None }, Reply::Done).await;
            assert_eq!(line.end().await, Ok(()));
        }
    });
}
