//! What members do by keys.

use conference::{Action, Keymap, Plan};
use switch::Sound;
use testkit::{Outcome, millis, seconds};

use crate::house::{ALL, House, MODERATOR_PIN, SOON, plan, prompt};

fn moderated() -> Plan {
    Plan { moderator_pin: true, ..plan() }
}

#[test]
fn a_member_mutes_himself_and_speaks_again() {
    let house = House::with(640, plan());
    let ((alice, a), (bob, b), (carol, c)) = (house.joins("alice"), house.joins("bob"), house.joins("carol"));
    let all = [&alice, &bob, &carol];
    bob.press("*6");
    house.world.run_for(SOON);
    assert_eq!(house.heard(&all), "a<c b<a b<c c<a");
    assert_eq!(house.world.heard(&bob), [prompt("confbridge-muted")]);
    // The same keys in another form at once would be the same press.
    house.world.run_for(seconds(2));
    bob.press_by_info("*6", "application/dtmf-relay");
    house.world.run_for(SOON);
    assert_eq!(house.heard(&all), ALL);
    assert_eq!(house.world.heard(&bob).last(), Some(&prompt("confbridge-unmuted")));
    house.ends(&[&a, &b, &c]);
}

#[test]
fn volumes_go_up_and_down_by_steps_as_far_as_they_can() {
    let house = House::with(641, plan());
    let ((alice, a), (bob, b)) = (house.joins("alice"), house.joins("bob"));
    let loudness = || house.world.loudness(&alice, &bob).expect("heard");
    for (phone, keys, expected) in
        [(&alice, "*4", -4.0), (&alice, "*4", -8.0), (&bob, "*7", -12.0), (&bob, "*8", -8.0), (&alice, "*5", -4.0)]
    {
        phone.press(keys);
        house.world.run_for(SOON);
        assert!((loudness() - expected).abs() < 1.0, "{} dB after {keys}, not {expected}", loudness());
    }
    for _ in 0..12 {
        bob.press("*7");
    }
    house.world.run_for(SOON);
    let bearing = house.view().members[1].bearing;
    assert_eq!((bearing.speaking, bearing.hearing), (-20, 0));
    house.ends(&[&a, &b]);
}

#[test]
fn a_member_asks_how_many_are_there_and_leaves_by_a_key() {
    let house = House::with(642, plan());
    let ((alice, a), (_bob, b), (_carol, c)) = (house.joins("alice"), house.joins("bob"), house.joins("carol"));
    alice.press("*3");
    house.world.run_for(SOON);
    let there_are = [prompt("confbridge-there-are"), Sound::Number(2), prompt("confbridge-participants")];
    assert!(house.world.heard(&alice).ends_with(&there_are));
    alice.press("*0");
    house.world.run_for(seconds(1));
    // The call is the application's again, and that one had nothing more to do.
    assert_eq!(a.outcome(), Outcome::HungUp);
    assert_eq!(house.view().members.len(), 2);
    assert!(house.news().contains(&"1 left: key".to_owned()));
    house.ends(&[&b, &c]);
}

#[test]
fn keys_of_moderators_are_for_moderators() {
    let house = House::with(643, moderated());
    let ((alice, a), (_, b)) = (house.joins_by("alice", ""), house.joins_by("bob", MODERATOR_PIN));
    house.news();
    for keys in ["#6", "#5", "#9", "#7", "#0"] {
        alice.press(keys);
        house.world.run_for(SOON);
        assert_eq!(house.world.heard(&alice).last(), Some(&prompt("confbridge-invalid")), "{keys}");
    }
    assert_eq!(house.news().iter().filter(|told| !told.contains("speaks")).count(), 0);
    house.ends(&[&a, &b]);
}

#[test]
fn a_moderator_mutes_all_others_and_those_who_come_later_and_none_can_help_it() {
    let house = House::with(644, moderated());
    let ((alice, a), (bob, b)) = (house.joins_by("alice", MODERATOR_PIN), house.joins_by("bob", ""));
    alice.press("#6");
    house.world.run_for(SOON);
    let (carol, c) = house.joins_by("carol", "");
    let all = [&alice, &bob, &carol];
    assert_eq!(house.heard(&all), "b<a c<a");
    bob.press("*6");
    house.world.run_for(SOON);
    assert_eq!(house.heard(&all), "b<a c<a");
    alice.press("#6");
    house.world.run_for(SOON);
    assert_eq!(house.heard(&all), ALL);
    house.ends(&[&a, &b, &c]);
}

#[test]
fn a_moderator_locks_the_room_against_all_but_moderators() {
    let house = House::with(645, moderated());
    let (alice, a) = house.joins_by("alice", MODERATOR_PIN);
    alice.press("#5");
    let (bob, b) = house.joins_by("bob", "");
    assert_eq!(house.world.heard(&bob).last(), Some(&prompt("confbridge-lock-no-join")));
    house.world.run_for(seconds(2));
    assert!(!b.is_up());
    let (_, c) = house.joins_by("carol", MODERATOR_PIN);
    assert_eq!((house.view().members.len(), house.view().locked), (2, true));
    alice.press("#5");
    let (_, d) = house.joins_by("dave", "");
    assert_eq!((house.view().members.len(), house.view().locked), (3, false));
    house.ends(&[&a, &c, &d]);
}

#[test]
fn a_moderator_puts_out_who_came_last_and_ends_it_for_all() {
    let house = House::with(646, moderated());
    let ((alice, a), (_, b), (carol, c)) =
        (house.joins_by("alice", MODERATOR_PIN), house.joins_by("bob", ""), house.joins_by("carol", ""));
    alice.press("#7");
    house.world.run_for(millis(100));
    assert_eq!(house.world.hears(&carol), [prompt("confbridge-removed")]);
    house.world.run_for(seconds(2));
    assert_eq!((c.is_up(), b.is_up()), (false, true));
    alice.press("#0");
    house.world.run_for(seconds(3));
    assert!(!a.is_up() && !b.is_up());
    house.is_quiet();
    let news = house.news();
    for told in ["3 left: kicked", "2 left: ended", "1 left: ended"] {
        assert!(news.contains(&told.to_owned()), "{news:?}");
    }
}

#[test]
fn a_moderator_records_and_ends_the_recording() {
    let house = House::with(647, moderated());
    let ((alice, a), (bob, b)) = (house.joins_by("alice", MODERATOR_PIN), house.joins_by("bob", ""));
    alice.press("#9");
    house.world.run_for(seconds(5));
    let name = house.view().recording.expect("a recording");
    assert!(house.world.heard(&bob).contains(&prompt("conf-now-recording")));
    alice.press("#9");
    house.world.run_for(seconds(5));
    assert_eq!(house.view().recording, None);
    let (length, of_bob) = house.world.recorded_of(&name, &bob).expect("a recording");
    assert!(length.abs_diff(seconds(5)) < millis(100) && of_bob.abs_diff(seconds(5)) < millis(100));
    house.ends(&[&a, &b]);
}

#[test]
fn a_room_has_keys_of_its_own() {
    let keys = Keymap::of([("**".to_owned(), Action::Mute)]);
    let house = House::with(648, Plan { keys, ..plan() });
    let ((alice, a), (bob, b)) = (house.joins("alice"), house.joins("bob"));
    bob.press("*6");
    house.world.run_for(SOON);
    assert_eq!(house.heard(&[&alice, &bob]), "a<b b<a");
    bob.press("**");
    house.world.run_for(SOON);
    assert_eq!(house.heard(&[&alice, &bob]), "b<a");
    house.ends(&[&a, &b]);
}
