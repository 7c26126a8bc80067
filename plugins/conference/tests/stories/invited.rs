//! A room calls somebody.

use conference::{Entry, Plan};
use switch::{Cause, Direction, Disposition, RoomOrder, RoomRefusal, Side, Sound, Target};
use testkit::{Outcome, millis, minutes, seconds};

use crate::house::{ALL, House, MODERATOR_PIN, SOON, plan, prompt};

fn calling() -> Plan {
    Plan { dial_out: true, ..plan() }
}

fn user(name: &str) -> RoomOrder {
    RoomOrder::Invite(Target::User(name.to_owned()))
}

#[test]
fn who_is_called_rings_answers_and_is_heard_like_all_others() {
    let house = House::with(660, Plan { pin: true, moderator_pin: true, ..calling() });
    let ((alice, a), (bob, b)) = (house.joins_by("alice", MODERATOR_PIN), house.joins_by("bob", "4711"));
    let carol = house.world.phone("carol").that_answers_after(seconds(3));
    carol.speaks();
    assert_eq!(house.order(user("carol")), Ok(()));
    house.world.run_for(seconds(1));
    assert_eq!((carol.rung(), house.view().members.len()), (1, 2));
    assert!(carol.last_invite().contains("<sip:600@") && carol.last_invite().contains("m=audio"), "the room calls");
    house.world.run_for(seconds(4));
    let members: Vec<_> = house.view().members.iter().map(|member| member.name.clone()).collect();
    assert_eq!(members, ["alice", "bob", "carol"], "without a PIN: {}", house.world.ladder());
    let all = [&alice, &bob, &carol];
    assert_eq!(house.heard(&all), ALL);
    for (listener, speaker) in [(&alice, &carol), (&carol, &alice), (&carol, &bob)] {
        let decibels = house.world.loudness(listener, speaker).expect("heard");
        assert!(decibels.abs() < 1.0, "{decibels} dB");
    }
    carol.press("*6");
    house.world.run_for(SOON);
    assert_eq!(house.heard(&[&alice, &carol]), "b<a", "his keys are a member's");
    carol.press("*6");
    carol.hold();
    house.world.run_for(seconds(1));
    carol.resume();
    house.world.run_for(millis(200));
    assert_eq!(house.heard(&all), ALL);
    carol.hang_up();
    house.world.run_for(seconds(2));
    assert_eq!(house.view().members.len(), 2);
    let news = house.news();
    for told in ["calls carol", "carol joined as 3 Participant", "3 left: hung-up"] {
        assert!(news.contains(&told.to_owned()), "{told}: {news:?}");
    }
    let cdr = house.world.cdrs().pop().expect("a record");
    assert_eq!((cdr.caller.as_str(), cdr.callee.as_str(), cdr.user), ("600", "carol", None));
    assert_eq!(
        (cdr.disposition, cdr.by, cdr.answered_by.as_deref()),
        (Disposition::Answered, Side::Callee, Some("carol"))
    );
    assert_eq!(cdr.legs.iter().map(|leg| leg.direction).collect::<Vec<_>>(), [Direction::Calling]);
    assert_eq!(cdr.application.map(|label| label.name), Some("conference".to_owned()));
    house.ends(&[&a, &b]);
}

#[test]
fn who_does_not_come_is_told_of_and_leaves_nothing_behind() {
    let house = House::with(661, calling());
    let (_alice, a) = house.joins("alice");
    let _busy = house.world.phone("busy").that_refuses(486);
    let _away = house.world.phone("away").that_refuses(603);
    let _mute = house.world.phone("mute").that_never_answers();
    let _gone = house.world.phone("gone").that_is_unplugged();
    let _offline = house.world.unregistered_phone("offline");
    let foreign = house.world.unregistered_phone_of("stranger", "other.example");
    foreign.register();
    house.news();
    for name in ["busy", "away", "mute", "gone", "offline", "stranger", "nobody"] {
        assert_eq!(house.order(user(name)), Ok(()));
    }
    let outside = Target::Uri("sip:x@198.51.100.7".to_owned());
    assert_eq!(house.order(RoomOrder::Invite(outside)), Ok(()));
    house.world.run_for(minutes(1));
    let mut news: Vec<_> = house.news().into_iter().filter(|told| told.contains("not reached")).collect();
    news.sort();
    assert_eq!(
        news,
        [
            "away not reached: declined",
            "busy not reached: busy",
            "gone not reached: failed",
            "mute not reached: no-answer",
            "nobody not reached: unknown",
            "offline not reached: unregistered",
            "sip:x@198.51.100.7 not reached: forbidden",
            "stranger not reached: unknown",
        ]
    );
    assert_eq!(foreign.rung(), 0, "another tenant's");
    let of = |callee: &str| house.world.cdrs().into_iter().find(|cdr| cdr.callee == callee).expect("a record");
    assert_eq!((of("busy").disposition, of("busy").cause), (Disposition::Busy, Cause::BUSY));
    assert_eq!((of("mute").disposition, of("mute").cause), (Disposition::NoAnswer, Cause::NO_ANSWER));
    assert_eq!(of("offline").cause, Cause::ABSENT);
    assert_eq!(of("away").disposition, Disposition::Rejected);
    assert_eq!((house.view().members.len(), a.is_up()), (1, true));
    house.ends(&[&a]);
}

#[test]
fn who_rings_while_the_room_ends_rings_no_more() {
    for (seed, by_order) in [(662, true), (663, false)] {
        let house = House::with(seed, calling());
        let (_alice, a) = house.joins("alice");
        let _bob = house.world.phone("bob").that_never_answers();
        house.order(user("bob")).expect("an open room");
        house.world.run_for(seconds(2));
        house.news();
        if by_order {
            house.order(RoomOrder::End).expect("an open room");
        } else {
            a.hang_up();
        }
        house.world.run_for(seconds(3));
        let news = house.news();
        assert!(news.contains(&"bob not reached: cancelled".to_owned()), "{news:?}");
        assert_eq!(news.last().map(String::as_str), Some("ended"));
        let cdr = house.world.cdrs().into_iter().find(|cdr| cdr.callee == "bob").expect("a record");
        assert_eq!((cdr.disposition, cdr.status), (Disposition::Cancelled, 487));
        assert!(house.world.ladder().contains("CANCEL sip:bob"), "{}", house.world.ladder());
        house.is_quiet();
    }
}

#[test]
fn who_answers_as_the_room_ends_is_let_go_whoever_is_first() {
    for delay in 0..12 {
        let house = House::with(670 + delay, calling());
        let (_alice, a) = house.joins("alice");
        let bob = house.world.phone("bob").that_never_answers();
        house.order(user("bob")).expect("an open room");
        house.world.run_for(seconds(1));
        bob.answer();
        house.world.run_for(millis(delay));
        a.hang_up();
        house.world.run_for(seconds(5));
        assert_eq!(bob.calls_up(), if house.conference.is_empty() { 0 } else { 1 }, "{}", house.world.ladder());
        bob.hangs_up_everything();
        house.is_quiet();
    }
}

#[test]
fn one_of_several_phones_answers_and_the_others_stop() {
    let house = House::with(664, calling());
    let (alice, a) = house.joins("alice");
    let desk = house.world.phone("bob").that_never_answers();
    let soft = house.world.phone("bob").that_answers_after(seconds(2)).that_speaks(&["96 opus/48000/2"]);
    soft.speaks();
    house.order(user("bob")).expect("an open room");
    house.world.run_for(seconds(5));
    assert_eq!((house.heard(&[&alice, &soft]).as_str(), desk.calls_up()), ("a<b b<a", 0));
    assert!(desk.last_reason().contains("cause=200"), "{}", desk.last_reason());
    a.hang_up();
    house.world.run_for(seconds(1));
    // He is alone there now, and a member like any.
    assert_eq!((house.view().members.len(), soft.calls_up()), (1, 1));
    soft.hang_up();
    house.is_quiet();
}

#[test]
fn a_room_calls_nobody_where_it_may_not_or_has_no_place() {
    let house = House::with(665, plan());
    let (_, a) = house.joins("alice");
    assert_eq!(house.order(user("bob")), Err(RoomRefusal::Forbidden), "its plan does not permit it");
    house.ends(&[&a]);
    let house = House::with(666, Plan { maximum: 2, ..calling() });
    let (_, a) = house.joins("alice");
    let bob = house.world.phone("bob").that_answers_after(seconds(5));
    assert_eq!(house.order(user("bob")), Ok(()));
    assert_eq!(house.order(user("bob")), Err(RoomRefusal::Full), "his place is kept");
    let (_, c) = house.calls("carol");
    house.world.run_for(seconds(3));
    assert_eq!(c.outcome(), Outcome::HungUp, "it is full");
    house.world.run_for(seconds(3));
    assert_eq!((house.view().members.len(), bob.calls_up()), (2, 1));
    house.order(RoomOrder::End).expect("an open room");
    house.world.run_for(seconds(3));
    assert_eq!((bob.calls_up(), a.is_up()), (0, false), "{}", house.world.ladder());
    house.is_quiet();
}

#[test]
fn an_exchange_that_takes_no_new_calls_places_none() {
    let house = House::with(667, calling());
    let (_, a) = house.joins("alice");
    let bob = house.world.phone("bob");
    house.world.drain();
    house.news();
    assert_eq!(house.order(user("bob")), Ok(()));
    assert_eq!((house.news(), bob.rung()), (vec!["calls bob".to_owned(), "bob not reached: failed".to_owned()], 0));
    house.ends(&[&a]);
}

#[test]
fn who_is_called_says_his_name_where_names_are_said_and_comes_into_a_locked_room() {
    let house = House::with(668, Plan { entry: Entry::Name, ..calling() });
    let (alice, a) = house.joins("alice");
    alice.press("#");
    house.world.run_for(seconds(1));
    alice.press("#");
    house.world.run_for(seconds(1));
    house.order(RoomOrder::Lock(true)).expect("an open room");
    let bob = house.world.phone("bob").that_answers_after(millis(500));
    house.order(user("bob")).expect("an open room");
    house.world.run_for(seconds(1));
    assert_eq!(house.world.heard(&bob), [prompt("vm-rec-name")]);
    house.world.run_for(seconds(2));
    bob.press("#");
    house.world.run_for(seconds(3));
    assert_eq!(house.view().members.len(), 2);
    let said = house.world.heard(&alice);
    assert!(
        matches!(&said[said.len() - 2..], [Sound::Recording(_), joined] if *joined == prompt("confbridge-has-joined")),
        "{said:?}"
    );
    a.hang_up();
    bob.hang_up();
    house.is_quiet();
}

#[test]
fn who_hangs_up_before_he_is_in_was_not_reached() {
    let house = House::with(669, Plan { entry: Entry::Name, ..calling() });
    let (alice, a) = house.joins("alice");
    house.world.run_for(seconds(2));
    alice.press("#");
    house.world.run_for(seconds(2));
    let bob = house.world.phone("bob").that_answers_after(millis(500));
    house.order(user("bob")).expect("an open room");
    house.world.run_for(millis(800));
    bob.hang_up();
    house.world.run_for(seconds(1));
    assert!(house.news().contains(&"bob not reached: hung-up".to_owned()));
    house.ends(&[&a]);
}
