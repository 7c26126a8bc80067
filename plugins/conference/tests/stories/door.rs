//! PINs, and who they let in.

use std::sync::Arc;

use conference::{Conference, Config, Plan};
use switch::{Application, CallControl, Command, Label, Role, Running, Sound, Tone, Wish};
use testkit::{Outcome, minutes, seconds};

use crate::house::{House, MODERATOR_PIN, PIN, plan, prompt};

/// A dialplan that joins callers to rooms, in this way.
struct Dialplan {
    conference: Conference,
    label: Label,
    wish: Wish,
    answers: bool,
}

impl Dialplan {
    fn house(seed: u64, plan: Plan, wish: Wish, answers: bool) -> House {
        House::serving(seed, plan, Config::default(), |conference| {
            let label = Label { name: "office".to_owned(), version: String::new() };
            Arc::new(Self { conference, label, wish, answers })
        })
    }
}

impl Application for Dialplan {
    fn label(&self) -> &Label {
        &self.label
    }

    fn run(&self, mut call: CallControl) -> Running<'_> {
        Box::pin(async move {
            if self.answers {
                call.request(Command::Answer).await?;
                return self.conference.run(call).await;
            }
            let room = call.invitation().callee.user.clone();
            let _ = self.conference.join(&mut call, &room, self.wish.clone()).await;
            call.tell(Command::Detach).await?;
            Ok(())
        })
    }
}

fn with_pin() -> Plan {
    Plan { pin: true, moderator_pin: true, ..plan() }
}

#[test]
fn nobody_comes_in_before_his_pin_and_whose_it_is_says_what_he_may() {
    let house = House::with(620, with_pin());
    let (alice, a) = house.calls("alice");
    assert_eq!(house.world.hears(&alice), [prompt("conf-getpin")]);
    assert!(house.conference.is_empty());
    alice.press("4711#");
    house.world.run_for(seconds(1));
    let (_, b) = house.joins_by("bob", MODERATOR_PIN);
    let roles: Vec<_> = house.view().members.iter().map(|member| member.role).collect();
    assert_eq!(roles, [Role::Participant, Role::Moderator]);
    house.ends(&[&a, &b]);
}

#[test]
fn who_is_wrong_is_asked_again_and_put_out_after_the_third() {
    let house = House::with(621, with_pin());
    let (alice, a) = house.calls("alice");
    alice.press("1111#");
    assert_eq!(house.world.hears(&alice), [prompt("conf-invalidpin"), prompt("conf-getpin")]);
    alice.press("2222#");
    // Nothing at all is wrong too, and is looked up nowhere.
    alice.press("#");
    assert_eq!(house.world.hears(&alice), [prompt("confbridge-pin-bad")]);
    house.world.run_for(seconds(2));
    assert_eq!((a.outcome(), house.tried()), (Outcome::HungUp, vec!["1111".to_owned(), "2222".to_owned()]));
    assert!(house.news().is_empty());
    house.is_quiet();
}

#[test]
fn the_right_one_at_the_third_try_is_right() {
    let house = House::with(622, with_pin());
    let (alice, a) = house.calls("alice");
    for pin in ["1", "2", PIN] {
        alice.press(pin);
        alice.press("#");
    }
    house.world.run_for(seconds(1));
    assert_eq!(house.view().members.len(), 1);
    house.ends(&[&a]);
}

#[test]
fn where_only_moderators_have_a_pin_others_come_in_without() {
    let house = House::with(623, Plan { moderator_pin: true, ..plan() });
    let (alice, a) = house.calls("alice");
    alice.press("#");
    house.world.run_for(seconds(1));
    let (_, b) = house.calls("bob");
    // Who says nothing is a participant after a while.
    house.world.run_for(seconds(12));
    let (_, c) = house.joins_by("carol", MODERATOR_PIN);
    let roles: Vec<_> = house.view().members.iter().map(|member| member.role).collect();
    assert_eq!(roles, [Role::Participant, Role::Participant, Role::Moderator]);
    house.ends(&[&a, &b, &c]);
}

#[test]
fn a_room_that_is_guessed_at_takes_no_pin_for_the_rest_of_the_minute() {
    let config = Config { wrong_pins_a_minute: 4, ..Config::default() };
    let house = House::configured(624, with_pin(), config);
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|user| house.world.phone(user));
    for phone in [alice, bob] {
        let call = phone.dial_number("600");
        house.world.run_for(seconds(1));
        phone.press("1#2#3#");
        house.world.run_for(seconds(2));
        assert!(!call.is_up());
    }
    assert_eq!(house.tried(), ["1", "2", "3", "1"], "over all calls together");
    let c = carol.dial_number("600");
    house.world.run_for(seconds(1));
    carol.press("4711#4711#4711#");
    house.world.run_for(seconds(2));
    assert!(!c.is_up(), "not even the right one");
    house.world.run_for(minutes(1));
    let c = carol.dial_number("600");
    house.world.run_for(seconds(1));
    carol.press("4711#");
    house.world.run_for(seconds(1));
    assert_eq!(house.view().members.len(), 1);
    house.ends(&[&c]);
}

#[test]
fn a_prompt_that_is_missing_keeps_nobody_out() {
    let house = House::with(625, with_pin());
    house.world.lacks("conf-getpin");
    let (_, a) = house.joins_by("alice", PIN);
    assert_eq!(house.view().members.len(), 1);
    house.ends(&[&a]);
}

#[test]
fn who_hangs_up_at_the_door_was_never_there() {
    let house = House::with(626, with_pin());
    let (alice, a) = house.calls("alice");
    alice.press("47");
    house.ends(&[&a]);
    assert!(house.news().is_empty() && house.tried().is_empty());
}

#[test]
fn who_opens_a_room_that_is_kept_nowhere_rules_it_and_who_opens_a_kept_one_does_not() {
    let house = Dialplan::house(627, plan(), Wish { ad_hoc: true, ..Wish::default() }, false);
    let (_, a) = house.joins("alice");
    assert_eq!(house.view().members[0].role, Role::Participant, "the room is kept");
    a.hang_up();
    house.world.run_for(seconds(1));
    let [bob, carol] = ["bob", "carol"].map(|user| house.world.phone(user));
    let (b, c) = (bob.dial_number("8600"), carol.dial_number("8600"));
    house.world.run_for(seconds(1));
    let roles: Vec<_> = house.view().members.iter().map(|member| member.role).collect();
    assert_eq!(roles, [Role::Moderator, Role::Participant]);
    for call in [&b, &c] {
        call.hang_up();
    }
    house.world.assert_quiet();
}

#[test]
fn who_was_answered_before_he_came_to_no_room_hears_that_there_is_no_way_and_is_let_go() {
    let house = Dialplan::house(628, plan(), Wish::default(), true);
    let alice = house.world.phone("alice");
    let call = alice.dial_number("601");
    house.world.run_for(seconds(1));
    assert!(call.is_up());
    assert!(matches!(house.world.hears(&alice)[..], [Sound::Tone(Tone::Congestion, _)]));
    house.world.run_for(seconds(4));
    assert_eq!(call.outcome(), Outcome::HungUp, "{}", house.world.ladder());
    house.is_quiet();
}

#[test]
fn thirty_who_guess_at_once_guess_no_more_than_one_after_the_other() {
    let house = House::configured(629, with_pin(), Config { tries: 1, ..Config::default() });
    let gate = house.looks_up_slowly();
    let phones: Vec<_> = (0..30).map(|at| house.world.phone(&format!("user{at}"))).collect();
    let calls: Vec<_> = phones.iter().map(|phone| phone.dial_number("600")).collect();
    house.world.run_for(seconds(1));
    for phone in &phones {
        phone.press("1234#");
    }
    house.world.run_for(seconds(1));
    assert_eq!(house.tried().len(), 20, "the others wait to know what these were");
    gate.add_permits(30);
    house.world.let_applications_work();
    house.world.run_for(seconds(3));
    assert_eq!(house.tried().len(), 20);
    assert!(calls.iter().all(|call| !call.is_up()));
    house.is_quiet();
}

#[test]
fn thirty_who_know_the_pin_come_in_at_once() {
    let house = House::configured(630, with_pin(), Config { tries: 1, ..Config::default() });
    let gate = house.looks_up_slowly();
    let phones: Vec<_> = (0..30).map(|at| house.world.phone(&format!("user{at}"))).collect();
    let calls: Vec<_> = phones.iter().map(|phone| phone.dial_number("600")).collect();
    house.world.run_for(seconds(1));
    for phone in &phones {
        phone.press("4711#");
    }
    house.world.run_for(seconds(1));
    gate.add_permits(30);
    house.world.let_applications_work();
    house.world.run_for(seconds(2));
    assert_eq!((house.view().members.len(), house.tried().len()), (30, 30));
    house.ends(&calls.iter().collect::<Vec<_>>());
}
