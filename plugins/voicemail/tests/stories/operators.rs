//! Callers who would rather talk with somebody.

use switch::{Reason, Target};
use testkit::{Phone, Placed};
use voicemail::{Happening, Parted};

use crate::house::{House, REVIEW};
use crate::leaving::speaks;

fn with_operator(seed: u64) -> House {
    let house = House::new(seed);
    house.of_alice(|mailbox| mailbox.operator = Some(Target::User("bob".to_owned())));
    house
}

const WITH_OPERATOR: &str = "vm-theperson [101] vm-isunavail vm-reachoper vm-intro";

fn talks(house: &House, one: &Phone, other: &Phone, call: &Placed) {
    house.wait(3_000);
    assert!(one.hears(other) && other.hears(one), "{}", house.world.ladder());
    house.wait(10_000);
    assert!(call.is_up(), "nobody ends it");
}

#[test]
fn zero_in_the_greeting_reaches_the_operator_and_the_call_goes_on() {
    let house = with_operator(716);
    let call = house.dials(&house.carol, "101");
    assert_eq!(house.news(&house.carol), WITH_OPERATOR);
    assert_eq!(house.press(&house.carol, "0"), "vm-dialout");
    talks(&house, &house.carol, &house.bob, &call);
    assert_eq!(house.kept().happened, [Happening::Reached(Reason::NoAnswer), Happening::LeftBefore]);
    assert_eq!(house.parted(), [Ok(Parted::Connected)]);
    house.ends(&call);
    assert!(house.kept().begun.is_empty());
}

#[test]
fn zero_is_nothing_where_there_is_no_operator() {
    let house = House::new(717);
    let call = house.dials(&house.carol, "101");
    house.news(&house.carol);
    assert_eq!(house.press(&house.carol, "0"), "");
    assert_eq!(house.after(&house.carol, 4_000), "tone");
    house.wait(3_000);
    assert!(house.world.records(&house.carol));
    house.ends(&call);
}

#[test]
fn who_does_not_reach_the_operator_leaves_a_message() {
    let house = with_operator(718);
    let _bob = house.bob.clone().that_refuses(486);
    let call = house.dials(&house.carol, "101");
    house.press(&house.carol, "0");
    assert_eq!(house.after(&house.carol, 1_100), "vm-nobodyavail");
    assert_eq!(house.after(&house.carol, 1_000), "tone");
    house.wait(3_000);
    assert!(house.world.records(&house.carol));
    house.ends(&call);
    assert_eq!(house.kept().delivered.len(), 1);
    assert_eq!(house.kept().happened, [Happening::Reached(Reason::NoAnswer)]);
}

#[test]
fn zero_in_the_message_or_after_it_keeps_it_first() {
    for (seed, after_it) in [(719, false), (720, true)] {
        let house = with_operator(seed);
        let call = speaks(&house, 3_000);
        if after_it {
            assert_eq!(house.press(&house.carol, "#"), format!("{REVIEW} vm-reachoper"));
        }
        assert_eq!(house.press(&house.carol, "0"), "vm-msgsaved");
        assert_eq!(house.kept().delivered.len(), 1, "before anybody rings");
        assert_eq!(house.after(&house.carol, 1_000), "vm-dialout");
        talks(&house, &house.carol, &house.bob, &call);
        assert_eq!(house.parted(), [Ok(Parted::Connected)]);
        house.ends(&call);
    }
}
