//! Calls that the exchange begins by itself, for an application.

use std::sync::{Arc, Mutex};

use switch::{
    Application, CallControl, CallDirection, Command, Config, Dial, DialOutcome, Direction, Disposition, Event, Label,
    Order, Origination, Party, Played, Refusal, Reply, Running, Side, Target, TenantId,
};
use testkit::{World, millis, seconds};

use crate::sounds::{play, prompt};

/// Says these one after the other, and writes down what it hears.
struct Script {
    label: Label,
    commands: Vec<Command>,
    replies: Arc<Mutex<Vec<Reply>>>,
}

impl Application for Script {
    fn label(&self) -> &Label {
        &self.label
    }

    fn run(&self, mut call: CallControl) -> Running<'_> {
        Box::pin(async move {
            for command in self.commands.clone() {
                let reply = call.request(command).await?;
                self.replies.lock().expect("no panic").push(reply);
            }
            Ok(())
        })
    }
}

fn party(user: &str) -> Party {
    Party { name: None, user: user.to_owned(), uri: format!("sip:{user}@example.com") }
}

/// The exchange begins a call; gives the replies to what is said to it, as they come.
fn begun(world: &World, commands: Vec<Command>) -> Arc<Mutex<Vec<Reply>>> {
    let replies = Arc::default();
    let label = Label { name: "caller".to_owned(), version: "1".to_owned() };
    let order = Origination { tenant: TenantId(1), caller: party("600"), callee: party("bob") };
    world.places()(order, Arc::new(Script { label, commands, replies: Arc::clone(&replies) }));
    world.let_applications_work();
    replies
}

fn dial(users: &[&str], order: Order) -> Command {
    let targets = users.iter().map(|user| Target::User((*user).to_owned())).collect();
    Command::Dial(Dial { targets, order, ring_time: seconds(10), outside: switch::Outside::default() })
}

#[test]
fn nothing_can_be_said_to_nobody_and_who_answers_is_talked_with_like_any_caller() {
    let world = World::seeded(900);
    let bob = world.phone("bob").that_answers_after(seconds(1));
    world.language_of("bob", "de");
    let nobody = [
        Command::Ring,
        Command::Answer,
        Command::Reject { status: 404, reason: None },
        play("one", ""),
        Command::Leave,
        Command::Hush,
    ];
    let mut commands = nobody.to_vec();
    commands.extend([dial(&["bob"], Order::AtOnce), play("one", ""), Command::Detach]);
    let replies = begun(&world, commands);
    world.run_for(millis(1_500));
    assert_eq!(world.hears(&bob), [prompt("one")], "{}", world.ladder());
    assert_eq!(world.spoken_to_in(&bob), [Some("de".to_owned())], "in his language");
    world.run_for(seconds(5));
    let mut expected = vec![Reply::Refused(Refusal::WrongState); nobody.len()];
    expected.push(Reply::Dialled(DialOutcome::Answered { target: "bob".to_owned() }));
    expected.extend([Reply::Played(Played::Whole), Reply::Done]);
    assert_eq!(*replies.lock().expect("no panic"), expected);
    world.assert_quiet();
    let cdr = world.cdrs().pop().expect("a record");
    assert_eq!(
        (cdr.disposition, cdr.by, cdr.legs[0].direction, cdr.direction),
        (Disposition::Answered, Side::Exchange, Direction::Calling, CallDirection::Originated)
    );
}

#[test]
fn one_after_the_other_is_tried_until_one_answers() {
    let world = World::seeded(901);
    let (_busy, bob) = (world.phone("alice").that_refuses(486), world.phone("bob"));
    let replies = begun(&world, vec![dial(&["alice", "nobody", "bob"], Order::InTurn), Command::AwaitEnd]);
    world.run_for(seconds(5));
    assert_eq!(replies.lock().expect("no panic").len(), 1, "{}", world.ladder());
    assert_eq!(bob.calls_up(), 1);
    bob.hang_up();
    world.assert_quiet();
    assert_eq!(world.cdrs().pop().map(|cdr| (cdr.by, cdr.answered_by)), Some((Side::Callee, Some("bob".to_owned()))));
}

#[test]
fn an_application_that_fails_or_says_nothing_leaves_no_call_behind() {
    for (seed, commands) in [
        (902, vec![]),
        (903, vec![Command::Route { failed: Some("it broke".to_owned()) }]),
        (904, vec![dial(&["bob"], Order::AtOnce), Command::Route { failed: Some("it broke".to_owned()) }]),
        (905, vec![Command::Detach]),
    ] {
        let world = World::seeded(seed);
        let bob = world.phone("bob").that_answers_after(seconds(1));
        begun(&world, commands);
        world.run_for(seconds(10));
        assert_eq!(bob.calls_up(), 0, "{}", world.ladder());
        world.assert_quiet();
        assert_eq!(world.cdrs().len(), 1);
    }
}

#[test]
fn a_full_exchange_begins_no_call() {
    let world = World::with(906, Config { max_calls: 0, ..Config::default() });
    let replies = begun(&world, vec![Command::AwaitEnd]);
    assert_eq!(Arc::strong_count(&replies), 1, "its application is let go");
    assert!(!world.events().iter().any(|event| matches!(event, Event::Arrived(_))));
    world.assert_quiet();
}
