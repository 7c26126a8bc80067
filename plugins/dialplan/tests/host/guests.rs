//! What the guests that we ship decide.

use std::time::Duration;

use switch::{Cause, Command, Dial, DialOutcome, Label, Order, Refusal, Reply, Target};

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
            let mut line = Line::dials(&guest("office"), "103");
            line.asks(dial(Target::User("dave".to_owned())), Reply::Dialled(outcome)).await;
            line.asks(Command::Reject { status, reason: None }, Reply::Done).await;
            assert_eq!(line.end().await, Ok(()));
        }
    });
}

/// How the fake voicemail says that a caller came.
fn comes(mailbox: &str, how: &str) -> Command {
    Command::Attach(Label { name: mailbox.to_owned(), version: how.to_owned() })
}

#[test]
fn at_the_office_who_is_not_reached_takes_a_message_and_the_reason_is_told() {
    on_one_worker(async {
        let outcomes = [
            (DialOutcome::Busy, "busy"),
            (DialOutcome::Declined, "no-answer"),
            (DialOutcome::NoAnswer, "no-answer"),
            (DialOutcome::Unregistered, "offline"),
            (DialOutcome::Failed { status: 502 }, "offline"),
        ];
        for (outcome, reason) in outcomes {
            let mut line = Line::dials(&guest("office"), "101");
            line.asks(dial(bob()), Reply::Dialled(outcome)).await;
            line.asks(Command::StopRecording, Reply::Refused(Refusal::WrongState)).await;
            line.asks(comes("101", reason), Reply::Done).await;
            line.asks(Command::Hangup(Cause::NORMAL), Reply::Done).await;
            assert_eq!(line.end().await, Ok(()));
        }
        for (outcome, status) in [(DialOutcome::Unknown, 404), (DialOutcome::Forbidden, 403)] {
            let mut line = Line::dials(&guest("office"), "101");
            line.asks(dial(bob()), Reply::Dialled(outcome)).await;
            line.asks(Command::Reject { status, reason: None }, Reply::Done).await;
            assert_eq!(line.end().await, Ok(()));
        }
    });
}

#[test]
fn at_the_office_owners_hear_their_messages_and_whoever_likes_leaves_one_without_ringing() {
    on_one_worker(async {
        for (dialled, mailbox, how) in [("*97", "101", "Own"), ("*98", "101", "Any"), ("*99bob", "101", "chosen")] {
            let mut line = Line::dials(&guest("office"), dialled);
            line.asks(comes(mailbox, how), Reply::Done).await;
            line.asks(Command::Hangup(Cause::NORMAL), Reply::Done).await;
            assert_eq!(line.end().await, Ok(()));
        }
        // Found by name and put through: the two go on talking.
        let mut line = Line::dials(&guest("office"), "*96");
        line.asks(comes("connected", "by name"), Reply::Done).await;
        line.leaves().await;
        let mut line = Line::dials(&guest("office"), "*99103");
        line.asks(Command::Reject { status: 404, reason: None }, Reply::Done).await;
        assert_eq!(line.end().await, Ok(()), "he has no mailbox");
    });
}
