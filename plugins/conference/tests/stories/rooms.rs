//! Coming, staying, leaving.

use std::time::Duration;

use conference::{Entry, Plan};
use switch::{Failure, Role, Sound};
use testkit::{Outcome, Placed, millis, minutes, seconds};

use crate::house::{ALL, House, MODERATOR_PIN, PIN, SOON, plan, prompt};

#[test]
fn three_who_dial_a_room_hear_one_another_and_it_closes_with_the_last() {
    let house = House::with(600, plan());
    let ((alice, a), (bob, b), (carol, c)) = (house.joins("alice"), house.joins("bob"), house.joins("carol"));
    assert_eq!(house.heard(&[&alice, &bob, &carol]), ALL);
    let view = house.view();
    assert_eq!(view.members.iter().map(|member| member.name.as_str()).collect::<Vec<_>>(), ["alice", "bob", "carol"]);
    assert!(view.members.iter().all(|member| member.speaks && !member.waiting && member.role == Role::Participant));
    assert_eq!(house.world.heard(&alice), [prompt("confbridge-only-participant")]);
    bob.hang_up();
    house.world.run_for(millis(150));
    assert_eq!(house.heard(&[&alice, &bob, &carol]), "a<c c<a");
    house.ends(&[&a, &b, &c]);
    let news = house.news();
    assert_eq!(news.first().map(String::as_str), Some("opened"));
    assert!(
        news.contains(&"2 left: hung-up".to_owned()) && news.last().is_some_and(|last| last == "ended"),
        "{news:?}"
    );
    assert_eq!(house.world.application_outcomes(), vec![Err(Failure::HungUp); 3]);
}

#[test]
fn who_comes_again_has_another_number_and_who_comes_later_another_room() {
    let house = House::with(601, plan());
    let (_alice, a) = house.joins("alice");
    let (bob, b) = house.joins("bob");
    b.hang_up();
    house.world.run_for(seconds(1));
    let again = bob.dial_number("600");
    house.world.run_for(seconds(1));
    let numbers: Vec<_> = house.view().members.iter().map(|member| member.number.0).collect();
    assert_eq!(numbers, [1, 3]);
    house.ends(&[&a, &again]);
    let (_carol, c) = house.joins("carol");
    assert_eq!(house.view().members[0].number.0, 1);
    house.ends(&[&c]);
}

#[test]
fn nobody_is_answered_for_a_room_that_does_not_exist() {
    let house = House::with(602, plan());
    let alice = house.world.phone("alice");
    let call = alice.dial_number("601");
    house.world.run_for(seconds(1));
    assert_eq!(call.outcome(), Outcome::Refused(404));
    house.is_quiet();
}

#[test]
fn participants_hear_music_until_a_moderator_comes_and_the_room_ends_with_him() {
    let rules = Plan { pin: true, moderator_pin: true, wait_for_moderator: true, end_with_moderator: true, ..plan() };
    let house = House::with(603, rules);
    let (alice, a) = house.joins_by("alice", PIN);
    assert_eq!(house.world.heard(&alice)[1..], [prompt("conf-waitforleader"), prompt("moh/default")]);
    assert_eq!(house.world.hears(&alice), [prompt("moh/default")]);
    let (bob, b) = house.joins_by("bob", PIN);
    house.world.run_for(seconds(2));
    assert_eq!(house.heard(&[&alice, &bob]), "", "nobody hears anybody yet");
    assert!(house.view().members.iter().all(|member| member.waiting));
    let (carol, c) = house.joins_by("carol", MODERATOR_PIN);
    house.world.run_for(SOON);
    assert_eq!(house.heard(&[&alice, &bob, &carol]), ALL);
    assert_eq!(house.world.hears(&alice), []);
    // Who comes now does not wait.
    let (dave, d) = house.joins_by("dave", PIN);
    assert_eq!(house.heard(&[&dave, &carol]), "a<b b<a");
    c.hang_up();
    house.world.run_for(millis(200));
    assert_eq!(house.world.hears(&alice), [prompt("conf-leaderhasleft")]);
    assert_eq!(house.heard(&[&alice, &bob]), "");
    house.world.run_for(seconds(3));
    assert_eq!([&a, &b, &d].map(Placed::outcome), [Outcome::HungUp; 3]);
    house.is_quiet();
    let news = house.news();
    let heard = |what: &str| news.iter().filter(|told| told.contains(what)).count();
    assert_eq!(
        (heard("waits"), heard("joined"), heard("left: ended"), heard("left: hung-up")),
        (2, 4, 3, 1),
        "{news:?}"
    );
}

#[test]
fn of_two_moderators_one_may_go() {
    let rules = Plan { moderator_pin: true, end_with_moderator: true, ..plan() };
    let house = House::with(604, rules);
    let (_, a) = house.joins_by("alice", MODERATOR_PIN);
    let (_, b) = house.joins_by("bob", MODERATOR_PIN);
    let (_, c) = house.joins_by("carol", "");
    a.hang_up();
    house.world.run_for(seconds(5));
    assert!(b.is_up() && c.is_up());
    b.hang_up();
    house.world.run_for(seconds(5));
    assert!(!c.is_up());
    house.is_quiet();
}

#[test]
fn a_tone_tells_who_is_there_that_somebody_comes_or_goes() {
    let house = House::with(605, Plan { entry: Entry::Tone, ..plan() });
    let (alice, a) = house.joins("alice");
    house.world.run_for(seconds(2));
    assert!(!house.world.hears_announcement(&alice), "nobody tells one that he came himself");
    let bob = house.world.phone("bob");
    let b = bob.dial_number("600");
    house.world.run_for(millis(150));
    assert!(house.world.hears_announcement(&alice));
    house.world.run_for(seconds(1));
    assert!(!house.world.hears_announcement(&alice));
    b.hang_up();
    house.world.run_for(millis(150));
    assert!(house.world.hears_announcement(&alice));
    house.ends(&[&a]);
}

#[test]
fn names_are_asked_for_and_said_when_somebody_comes_and_goes() {
    let house = House::with(606, Plan { entry: Entry::Name, ..plan() });
    let says_name = |user: &str| {
        let (phone, call) = house.joins(user);
        assert_eq!(house.world.heard(&phone)[..1], [prompt("vm-rec-name")]);
        house.world.run_for(seconds(1));
        assert!(house.world.records(&phone), "{:?}", house.world.heard(&phone));
        phone.press("#");
        house.world.run_for(millis(200));
        (phone, call)
    };
    let (alice, a) = says_name("alice");
    let (bob, b) = says_name("bob");
    let is_name = |sound: &Sound| matches!(sound, Sound::Recording(name) if name.starts_with("name-"));
    let said = house.world.heard(&alice);
    let [.., name, joined] = said.as_slice() else { panic!("{said:?}") };
    assert!(is_name(name) && *joined == prompt("confbridge-has-joined"), "{said:?}");
    assert_eq!(house.heard(&[&alice, &bob]), "a<b b<a");
    assert!(house.forgotten().is_empty(), "both are there");
    b.hang_up();
    house.world.run_for(seconds(4));
    let said = house.world.heard(&alice);
    assert_eq!(said.last(), Some(&prompt("confbridge-has-left")));
    assert_eq!(said.get(said.len() - 2), Some(name), "the same name");
    let forgotten: Vec<_> = house.forgotten().into_iter().map(Sound::Recording).collect();
    assert_eq!(forgotten, std::slice::from_ref(name), "his name is kept no longer than he is there");
    house.ends(&[&a]);
    assert_eq!(house.forgotten().len(), 2);
}

#[test]
fn who_hangs_up_while_he_says_his_name_was_never_there() {
    let house = House::with(607, Plan { entry: Entry::Name, ..plan() });
    let (_, a) = house.joins("alice");
    house.world.run_for(seconds(1));
    house.ends(&[&a]);
    assert_eq!(house.news(), Vec::<String>::new());
    assert_eq!(house.forgotten().len(), 1, "what he said until then");
}

#[test]
fn a_room_takes_as_many_as_it_may_and_tells_the_next() {
    let house = House::with(608, Plan { maximum: 2, ..plan() });
    let ((_, a), (_, b)) = (house.joins("alice"), house.joins("bob"));
    let (carol, c) = house.calls("carol");
    assert_eq!(house.world.heard(&carol), [prompt("conf-full")]);
    house.world.run_for(seconds(3));
    assert_eq!(c.outcome(), Outcome::HungUp);
    a.hang_up();
    house.world.run_for(seconds(1));
    let (dave, d) = house.joins("dave");
    assert!(house.world.heard(&dave).is_empty() && d.is_up());
    house.ends(&[&b, &d]);
}

#[test]
fn who_comes_in_muted_is_heard_when_he_presses_the_key_for_it() {
    let house = House::with(609, Plan { mute_on_entry: true, ..plan() });
    let ((alice, a), (bob, b)) = (house.joins("alice"), house.joins("bob"));
    assert_eq!(house.heard(&[&alice, &bob]), "");
    bob.press("*6");
    house.world.run_for(SOON);
    assert_eq!(house.heard(&[&alice, &bob]), "a<b");
    assert!(house.world.hears_whisper(&bob) && !house.world.hears_whisper(&alice));
    house.ends(&[&a, &b]);
}

#[test]
fn a_room_is_recorded_from_its_first_to_its_last_and_all_are_told() {
    let house = House::with(610, Plan { record: true, ..plan() });
    let ((alice, a), (bob, b)) = (house.joins("alice"), house.joins("bob"));
    let name = house.view().recording.expect("a recording");
    assert!(house.world.heard(&alice).contains(&prompt("conf-now-recording")));
    assert!(house.world.heard(&bob).contains(&prompt("conf-now-recording")));
    house.world.run_for(seconds(10));
    a.hang_up();
    house.world.run_for(seconds(10));
    b.hang_up();
    house.is_quiet();
    let (length, of_alice) = house.world.recorded_of(&name, &alice).expect("a recording");
    let (_, of_bob) = house.world.recorded_of(&name, &bob).expect("a recording");
    let close = |time: Duration, expected: Duration| time.abs_diff(expected) < millis(400);
    // A second after each came, and what a phone takes to register.
    let before = length.saturating_sub(seconds(21));
    assert!(before > seconds(1) && close(of_bob, seconds(21)), "{length:?} {of_bob:?}");
    assert!(close(of_alice, before + seconds(11)), "{of_alice:?}");
}

#[test]
fn a_member_who_holds_stays_and_a_silent_one_keeps_nobody_waiting() {
    let house = House::with(611, plan());
    let ((alice, a), (bob, b), (carol, c)) = (house.joins("alice"), house.joins("bob"), house.joins("carol"));
    alice.hold();
    carol.falls_silent();
    house.world.run_for(seconds(1));
    assert_eq!(house.heard(&[&alice, &bob, &carol]), "c<b");
    assert_eq!(house.view().members.iter().map(|member| member.speaks).collect::<Vec<_>>(), [false, true, false]);
    alice.resume();
    house.world.run_for(millis(100));
    assert_eq!(house.heard(&[&alice, &bob, &carol]), "a<b b<a c<a c<b");
    house.ends(&[&a, &b, &c]);
}

#[test]
fn twelve_who_come_and_go_as_they_like_leave_nothing_behind() {
    let house = House::with(612, Plan { entry: Entry::Tone, record: true, ..plan() });
    let names: Vec<String> = (0..12).map(|at| format!("user{at}")).collect();
    let all: Vec<_> = names.iter().map(|name| house.joins(name)).collect();
    for (phone, call) in &all[..6] {
        phone.press("*6");
        house.world.run_for(millis(70));
        call.hang_up();
    }
    house.world.run_for(minutes(1));
    assert_eq!(house.view().members.len(), 6);
    for (phone, _) in &all[6..] {
        phone.press("*0");
    }
    house.world.run_for(seconds(1));
    assert!(all.iter().all(|(_, call)| !call.is_up()));
    house.is_quiet();
}

#[test]
fn who_waits_for_a_moderator_can_leave_by_the_key_and_his_call_goes_on() {
    let rules = Plan { moderator_pin: true, wait_for_moderator: true, ..plan() };
    let house = House::with(613, rules);
    let (alice, a) = house.joins_by("alice", "");
    house.world.run_for(seconds(3));
    assert_eq!(house.world.hears(&alice), [prompt("moh/default")]);
    alice.press("*6*0");
    house.world.run_for(seconds(1));
    assert_eq!((a.outcome(), house.world.hears(&alice)), (Outcome::HungUp, vec![]));
    assert!(house.news().contains(&"1 left: key".to_owned()));
    house.is_quiet();
}

#[test]
fn a_room_says_that_it_is_recorded_only_as_long_as_it_is() {
    let house = House::with(614, Plan { record: true, moderator_pin: true, wait_for_moderator: true, ..plan() });
    let (_, a) = house.joins_by("alice", MODERATOR_PIN);
    let first = house.view().recording.expect("a recording");
    a.hang_up();
    house.is_quiet();
    let (_, b) = house.joins_by("bob", MODERATOR_PIN);
    let (_carol, c) = house.joins_by("carol", "");
    house.news();
    house.world.disk_fills_up();
    house.world.run_for(seconds(1));
    assert_eq!((house.view().recording, house.news()), (None, vec!["recording false".to_owned()]));
    let (_, d) = house.joins_by("dave", "");
    assert_eq!(house.view().recording, None, "nobody has begun another");
    assert!(house.world.recordings().iter().any(|kept| kept.name == first && kept.end.is_some()));
    house.ends(&[&b, &c, &d]);
}

#[test]
fn the_last_inside_takes_the_recording_with_him_and_the_next_begins_another() {
    let house = House::with(615, Plan { record: true, moderator_pin: true, wait_for_moderator: true, ..plan() });
    let (_, a) = house.joins_by("alice", MODERATOR_PIN);
    let (_, b) = house.joins_by("bob", "");
    let first = house.view().recording.expect("a recording");
    a.hang_up();
    // Who comes while there is no moderator waits, though others are inside.
    let (carol, c) = house.joins_by("carol", "");
    house.world.run_for(seconds(10));
    assert_eq!(house.world.hears(&carol), [prompt("moh/default")]);
    assert_eq!(house.view().recording.as_ref(), Some(&first));
    b.hang_up();
    house.world.run_for(seconds(1));
    assert_eq!((house.view().recording, house.view().members.len()), (None, 1));
    let (_, d) = house.joins_by("dave", MODERATOR_PIN);
    let second = house.view().recording.expect("another");
    assert_ne!(first, second);
    house.world.run_for(seconds(2));
    house.ends(&[&c, &d]);
    let recordings = house.world.recordings();
    let whole = |name: &str| {
        recordings.iter().any(|kept| kept.name == name && kept.end.as_ref().is_some_and(|end| end.fault.is_none()))
    };
    assert!(whole(&first) && whole(&second), "{recordings:?}");
}
