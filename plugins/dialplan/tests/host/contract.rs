//! Every function of the contract, spoken by the parrot: the right command goes out, and what comes back is told rightly.

use std::time::Duration;

use switch::{Cause, Command, Dial, DialOutcome, Ending, Event, Failure, Order, Refusal, Reply, Side, Target};

use crate::exchange::{Line, caller_hung_up, guest, keeper, on_one_worker};

async fn parrot(steps: &str) -> Line {
    Line::dials(&guest("parrot"), steps)
}

/// Runs steps that ask the exchange for nothing; what each kept.
async fn quietly(steps: &str) -> Vec<String> {
    let mut line = parrot(steps).await;
    line.asks(Command::Detach, Reply::Done).await;
    (0..steps.split(';').count()).map(|step| line.kept(step).expect("kept")).collect()
}

#[test]
fn a_guest_knows_the_call_and_both_parties() {
    on_one_worker(async {
        assert_eq!(
            quietly("id;caller;callee").await,
            [
                "abababababababababababab",
                r#"Party { name: Some("Alice A."), user: "alice", uri: "sip:alice@example.com" }"#,
                r#"Party { name: None, user: "id;caller;callee", uri: "sip:id;caller;callee@example.com" }"#,
            ]
        );
    });
}

#[test]
fn headers_are_found_in_whatever_case_and_listed_in_order() {
    on_one_worker(async {
        assert_eq!(
            quietly("header X-Foo;header x-fOO;header X-Bar;headers").await,
            [
                r#"Some("one")"#,
                r#"Some("one")"#,
                "None",
                r#"[("User-Agent", "phone/1"), ("X-Foo", "one"), ("X-Foo", "two")]"#,
            ]
        );
    });
}

#[test]
fn the_time_and_chance_are_the_keepers_and_the_zone_is_the_tenants() {
    on_one_worker(async {
        let local = "LocalTime { year: 2026, month: 11, day: 21, weekday: 6, hour: 8, minute: 30, second: 15, \
                     offset: 3600, zone: \"Europe/Berlin\" }";
        assert_eq!(quietly("now;local;random").await, ["1795246215000", local, "42"]);
    });
}

#[test]
fn the_directory_finds_names_and_extensions() {
    on_one_worker(async {
        let bob = r#"Some(User { name: "bob", display-name: Some("Bob B."), extension: Some("101") })"#;
        assert_eq!(quietly("directory 101;directory bob;directory 102").await, [bob, bob, "None"]);
    });
}

const TOO_MUCH: &str = "Err(ValueError { code: 0, name: \"too-much\", \
                        message: \"The name or the value is too long, or there are too many.\" })";
const UNAVAILABLE: &str = "Err(ValueError { code: 1, name: \"unavailable\", message: \"The store did not answer.\" })";

#[test]
fn values_are_kept_found_and_forgotten_and_faults_are_told() {
    on_one_worker(async {
        assert_eq!(
            quietly("get a;set a 1;get a;delete a;delete a;get a;set full x;get down").await,
            ["Ok(None)", "Ok(())", r#"Ok(Some("1"))"#, "Ok(true)", "Ok(false)", "Ok(None)", TOO_MUCH, UNAVAILABLE,]
        );
    });
}

#[test]
fn a_store_that_never_answers_holds_a_guest_for_a_moment_only() {
    on_one_worker(async {
        assert_eq!(quietly("get silent").await, [UNAVAILABLE]);
    });
}

#[test]
fn values_are_each_tenants_own() {
    on_one_worker(async {
        let mut line = parrot("set a 1").await;
        line.asks(Command::Detach, Reply::Done).await;
        assert_eq!(keeper().kept(line.invitation.tenant, "a").as_deref(), Some("1"));
        assert_eq!(quietly("get a").await, ["Ok(None)"]);
    });
}

#[test]
fn ring_answer_sleep_and_hangup_reach_the_exchange_and_their_replies_the_guest() {
    on_one_worker(async {
        let mut line = parrot("ring;answer;sleep 5;hangup 17").await;
        line.asks(Command::Ring, Reply::Done).await;
        line.asks(Command::Answer, Reply::Refused(Refusal::WrongState)).await;
        line.asks(Command::Wait(Duration::from_millis(5)), Reply::Refused(Refusal::NoResources)).await;
        line.asks(Command::Hangup(Cause::BUSY), Reply::Done).await;
        assert_eq!(line.next().await, None, "a call that was hung up is not left");
        assert_eq!(
            [0, 1, 2, 3].map(|step| line.kept(step).expect("kept")),
            ["Ok(())", "Err(Error::WrongState)", "Err(Error::NoResources)", "Ok(())"]
        );
    });
}

#[test]
fn a_rejected_call_is_not_left_with_a_further_word() {
    on_one_worker(async {
        let mut line = parrot("reject 200;reject 486 Not now").await;
        line.asks(Command::Reject { status: 200, reason: None }, Reply::Refused(Refusal::BadValue)).await;
        line.asks(Command::Reject { status: 486, reason: Some("Not now".to_owned()) }, Reply::Done).await;
        assert_eq!(line.kept(0).as_deref(), Some("Err(Error::BadValue)"));
        assert_eq!(line.end().await, Ok(()));
    });
}

#[test]
fn a_routed_call_is_the_exchanges() {
    on_one_worker(async {
        let mut line = parrot("route").await;
        line.asks(Command::Route { failed: None }, Reply::Done).await;
        assert_eq!(line.end().await, Ok(()));
    });
}

#[test]
fn values_out_of_range_do_not_reach_the_exchange() {
    on_one_worker(async {
        let long = "x".repeat(256);
        let steps = format!(
            "hangup 0;hangup 128;reject 486 a\rb;reject 486 {long};dial user: at-once 1;dial user:a\\nb at-once 1;dial uri:{long} at-once 1"
        );
        let told = quietly(&steps).await;
        assert_eq!(told, ["Err(Error::BadValue)"; 7]);
    });
}

#[test]
fn every_kind_of_target_is_dialled_as_it_is_meant() {
    on_one_worker(async {
        let mut line = parrot("dial user:a,ext:1,number:+49,group:g,mailbox:m,room:r,uri:sip:x@y in-turn 5000").await;
        let text = str::to_owned;
        let targets = vec![
            Target::User(text("a")),
            Target::Extension(text("1")),
            Target::Number(text("+49")),
            Target::Group(text("g")),
            Target::Mailbox(text("m")),
            Target::Room(text("r")),
            Target::Uri(text("sip:x@y")),
        ];
        let dial = Dial {
            targets,
            order: Order::InTurn,
            ring_time: Duration::from_secs(5),
            outside: switch::Outside::default(),
        };
        line.asks(Command::Dial(dial), Reply::Dialled(DialOutcome::Busy)).await;
        line.leaves().await;
    });
}

#[test]
fn every_outcome_of_a_dial_is_told() {
    on_one_worker(async {
        let replies = [
            (Reply::Dialled(DialOutcome::Answered { target: "b".to_owned() }), r#"Ok(DialOutcome::Answered("b"))"#),
            (Reply::Dialled(DialOutcome::Busy), "Ok(DialOutcome::Busy)"),
            (Reply::Dialled(DialOutcome::NoAnswer), "Ok(DialOutcome::NoAnswer)"),
            (Reply::Dialled(DialOutcome::Declined), "Ok(DialOutcome::Declined)"),
            (Reply::Dialled(DialOutcome::Unregistered), "Ok(DialOutcome::Unregistered)"),
            (Reply::Dialled(DialOutcome::Unknown), "Ok(DialOutcome::Unknown)"),
            (Reply::Dialled(DialOutcome::Forbidden), "Ok(DialOutcome::Forbidden)"),
            (Reply::Dialled(DialOutcome::Failed { status: 502 }), "Ok(DialOutcome::Failed(502))"),
            (Reply::Refused(Refusal::BadValue), "Err(Error::BadValue)"),
            (Reply::Refused(Refusal::WrongState), "Err(Error::WrongState)"),
            (Reply::Refused(Refusal::NoResources), "Err(Error::NoResources)"),
        ];
        for (reply, told) in replies {
            let mut line = parrot("dial user:b at-once 1000").await;
            let targets = vec![Target::User("b".to_owned())];
            let dial = Dial {
                targets,
                order: Order::AtOnce,
                ring_time: Duration::from_secs(1),
                outside: switch::Outside::default(),
            };
            line.asks(Command::Dial(dial), reply).await;
            line.asks(Command::Detach, Reply::Done).await;
            assert_eq!(line.kept(0).as_deref(), Some(told));
        }
    });
}

#[test]
fn a_guest_may_wait_for_the_end_and_hears_how_it_came() {
    on_one_worker(async {
        let mut line = parrot("end;end").await;
        let ending = Ending { cause: Cause::BUSY, by: Side::Callee, status: 486 };
        assert_eq!(line.next().await, Some(Command::AwaitEnd));
        // As the exchange does: the reply first, then what all hear.
        line.reply(Reply::Ended(ending.clone())).await;
        line.event(Event::Ended(ending)).await;
        assert_eq!(line.next().await, None);
        let told = Some("Ok(Ending { cause: 17, by: Side::Callee, status: 486 })".to_owned());
        assert_eq!((line.kept(0), line.kept(1)), (told.clone(), told));
        assert_eq!(line.end().await, Err(Failure::HungUp), "an ordinary end");
    });
}

#[test]
fn every_request_after_the_caller_hung_up_says_the_same() {
    on_one_worker(async {
        let mut line =
            parrot("sleep 5;ring;answer;reject 486;dial user:b at-once 1;route;hangup 16;sleep 1;id;end").await;
        assert_eq!(line.next().await, Some(Command::Wait(Duration::from_millis(5))));
        line.event(Event::Ended(caller_hung_up())).await;
        assert_eq!(line.next().await, None, "nothing more is asked of a call that is over");
        let told = "Err(Error::HungUp(Some(Ending { cause: 16, by: Side::Caller, status: 487 })))";
        for step in 0..8 {
            assert_eq!(line.kept(step).as_deref(), Some(told), "step {step}");
        }
        assert_eq!(line.kept(8).as_deref(), Some("abababababababababababab"), "what is known stays known");
        assert_eq!(line.kept(9).as_deref(), Some("Ok(Ending { cause: 16, by: Side::Caller, status: 487 })"));
        assert_eq!(line.end().await, Err(Failure::HungUp), "an ordinary end");
    });
}

#[test]
fn a_wait_that_the_end_interrupts_is_no_wait_that_was_done() {
    on_one_worker(async {
        let mut line = parrot("sleep 5").await;
        assert_eq!(line.next().await, Some(Command::Wait(Duration::from_millis(5))));
        line.reply(Reply::Ended(caller_hung_up())).await;
        assert_eq!(line.next().await, None);
        let told = "Err(Error::HungUp(Some(Ending { cause: 16, by: Side::Caller, status: 487 })))";
        assert_eq!(line.kept(0).as_deref(), Some(told));
    });
}

#[test]
fn a_guest_that_fails_after_its_caller_hung_up_has_ended_normally() {
    on_one_worker(async {
        let mut line = parrot("ring;fail whatever").await;
        assert_eq!(line.next().await, Some(Command::Ring));
        line.event(Event::Ended(caller_hung_up())).await;
        assert_eq!(line.end().await, Err(Failure::HungUp));
    });
}

#[test]
fn a_caller_who_hangs_up_at_once_ends_the_call_before_a_guest_runs() {
    on_one_worker(async {
        let line = Line::dials(&guest("parrot"), "ring");
        line.event(Event::Ended(caller_hung_up())).await;
        assert_eq!(line.end().await, Err(Failure::HungUp));
    });
}

#[test]
fn what_a_guest_says_of_its_failure_is_told_in_one_short_line() {
    on_one_worker(async {
        assert_eq!(parrot("fail no\r\nluck").await.breaks().await, "it ended with an error: no luck");
        let why = parrot("fail 100000").await.breaks().await;
        assert_eq!(why.len(), 200);
        let why = parrot("fail 5000000").await.breaks().await;
        assert!(why.contains("fuel"), "{why}");
    });
}
