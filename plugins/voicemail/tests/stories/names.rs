//! Callers who find people by name.

use testkit::Outcome;
use voicemail::{Entry, Parted};

use crate::house::House;

const ASK: &str = "dir-pls-enter 3 dir-firstlast dir-usingkeypad";

fn entry(extension: &str, name: &str, spoken: Option<&str>) -> Entry {
    Entry {
        mailbox: extension.to_owned(),
        extension: extension.to_owned(),
        name: name.to_owned(),
        spoken: spoken.map(str::to_owned),
    }
}

fn house(seed: u64) -> House {
    let house = House::new(seed);
    let entries = [("bob", "Bob Baker", Some("bobs-name")), ("carol", "Carol Baker", None), ("777", "Ann Dee", None)];
    house.kept().entries = entries.map(|(extension, name, spoken)| entry(extension, name, spoken)).into();
    house
}

#[test]
fn a_caller_spells_a_name_chooses_and_is_put_through() {
    let house = house(870);
    let (alice, carol) = (&house.alice, &house.carol);
    let call = house.dials(alice, "411");
    assert_eq!(house.news(alice), format!("dir-welcome {ASK}"));
    assert_eq!(house.press(alice, "225#"), "<bobs-name> dir-multi3 (bob) dir-instr");
    assert_eq!(house.press(alice, "*"), "(Carol Baker) dir-multi3 (carol) dir-instr");
    assert_eq!(house.press(alice, "1"), "vm-dialout");
    house.wait(4_000);
    assert!(alice.hears(carol) && carol.hears(alice), "{}", house.world.ladder());
    assert_eq!(house.parted(), [Ok(Parted::Connected)]);
    house.wait(10_000);
    assert!(call.is_up());
    house.ends(&call);
}

#[test]
fn who_finds_nobody_is_told_and_asked_again_and_let_go_at_last() {
    let house = house(871);
    let alice = &house.alice;
    let call = house.dials(alice, "411");
    house.news(alice);
    assert_eq!(house.press(alice, "999#"), "dir-nomatch");
    assert_eq!(house.after(alice, 1_000), ASK);
    // The first letters of the last name do, without a word more.
    alice.press("33");
    assert_eq!(house.after(alice, 4_100), "(Ann Dee) dir-multi3 [777] dir-instr");
    assert_eq!(house.press(alice, "*"), "dir-nomore");
    assert_eq!(house.after(alice, 1_000), ASK);
    assert_eq!(house.press(alice, "#"), "vm-goodbye");
    house.wait(1_500);
    assert_eq!((call.outcome(), house.parted()), (Outcome::HungUp, vec![Ok(Parted::Done)]));
    house.is_quiet();
}

#[test]
fn who_is_not_there_is_told_of_and_another_can_be_found() {
    let house = house(872);
    let alice = &house.alice;
    let _bob = house.bob.clone().that_refuses(486);
    let call = house.dials(alice, "411");
    house.press(alice, "225#");
    house.press(alice, "1");
    assert_eq!(house.after(alice, 1_100), "<bobs-name> vm-isonphone");
    assert_eq!(house.after(alice, 2_000), format!("dir-welcome {ASK}"));
    house.ends(&call);
    assert_eq!(house.parted(), [Ok(Parted::HungUp)]);
}

#[test]
fn who_says_nothing_to_what_is_offered_is_asked_twice() {
    let house = house(873);
    let alice = &house.alice;
    let call = house.dials(alice, "411");
    house.news(alice);
    let offer = house.press(alice, "266#");
    assert_eq!(offer, "(Ann Dee) dir-multi3 [777] dir-instr");
    assert_eq!(house.after(alice, 12_100), offer);
    assert_eq!(house.after(alice, 12_100), "vm-goodbye");
    house.wait(2_000);
    assert!(!call.is_up());
    house.is_quiet();
}

#[test]
fn a_spoken_name_that_is_gone_is_not_said() {
    let house = house(874);
    house.world.lacks("bobs-name");
    let call = house.dials(&house.alice, "411");
    house.news(&house.alice);
    assert_eq!(house.press(&house.alice, "262#"), "dir-multi3 (bob) dir-instr");
    house.ends(&call);
}
