//! An owner changes his mailbox.

use switch::Greeting;
use testkit::Placed;

use crate::house::{GREETING, House};

const REVIEW: &str = "vm-review vm-star-cancel";

fn in_options(house: &House) -> Placed {
    let call = house.dials(&house.alice, "*97");
    house.news(&house.alice);
    assert_eq!(house.press(&house.alice, "0"), "vm-options");
    call
}

/// Alice has recorded something for this key.
fn records(house: &House, key: &str, asked: &str) {
    assert_eq!(house.press(&house.alice, key), asked);
    assert_eq!(house.after(&house.alice, 1_000), "tone");
    house.wait(3_000);
    assert_eq!(house.press(&house.alice, "#"), REVIEW);
}

#[test]
fn each_greeting_can_be_recorded_heard_recorded_anew_and_kept() {
    let house = House::new(880);
    let alice = &house.alice;
    let call = in_options(&house);
    let rows = [
        ("1", "vm-rec-unv", Greeting::Unavailable),
        ("2", "vm-rec-busy", Greeting::Busy),
        ("3", "vm-rec-name", Greeting::Name),
        ("4", "vm-rec-temp", Greeting::Temporary),
    ];
    for (turn, (key, asked, greeting)) in rows.into_iter().enumerate() {
        let (first, second) = (format!("scratch-{}", 2 * turn + 1), format!("scratch-{}", 2 * turn + 2));
        records(&house, key, asked);
        assert_eq!(house.press(alice, "2"), format!("<{first}>"));
        assert_eq!(house.after(alice, 1_000), REVIEW);
        assert_eq!(house.press(alice, "3"), asked);
        assert_eq!(house.kept().forgotten.last(), Some(&first));
        house.wait(4_000);
        house.press(alice, "#");
        house.wait(10);
        house.news(alice);
        assert_eq!(house.press(alice, "1"), "vm-msgsaved");
        assert_eq!(house.kept().mailboxes["101"].greetings.get(&greeting), Some(&second));
        house.wait(1_000);
        house.news(alice);
    }
    house.ends(&call);
    assert_eq!(house.kept().forgotten.len(), 4, "what was kept is not forgotten");
}

#[test]
fn a_greeting_that_there_is_can_be_heard_and_removed() {
    let house = House::new(881);
    house.of_alice(|mailbox| {
        mailbox.greetings.insert(Greeting::Unavailable, "mine".to_owned());
        mailbox.greetings.insert(Greeting::Temporary, "away".to_owned());
    });
    let alice = &house.alice;
    let call = house.dials(alice, "*97");
    house.news(alice);
    assert_eq!(house.press(alice, "0"), "vm-tempgreetactive vm-options");
    let menu = "vm-press 1 to-rerecord-it vm-delete vm-press 3 to-listen-to-it vm-star-cancel";
    assert_eq!(house.press(alice, "1"), menu);
    assert_eq!(house.press(alice, "3"), "<mine>");
    assert_eq!(house.after(alice, 1_000), menu);
    assert_eq!(house.press(alice, "7"), "removed");
    assert_eq!(house.after(alice, 1_000), "vm-tempgreetactive vm-options");
    assert_eq!(house.press(alice, "4"), "vm-tempgreeting2 vm-press 3 to-listen-to-it vm-star-cancel");
    assert_eq!(house.press(alice, "2"), "vm-tempremoved");
    assert_eq!(house.after(alice, 1_000), "vm-options");
    assert!(house.press(alice, "*").starts_with("vm-onefor"));
    call.hang_up();
    house.wait(1_000);
    let call = house.dials(&house.carol, "101");
    assert_eq!(house.news(&house.carol), GREETING);
    house.ends(&call);
}

#[test]
fn a_greeting_that_is_not_accepted_changes_nothing() {
    let house = House::new(882);
    let alice = &house.alice;
    let call = in_options(&house);
    records(&house, "1", "vm-rec-unv");
    assert_eq!(house.press(alice, "*"), "cancelled");
    house.wait(1_000);
    house.news(alice);
    records(&house, "1", "vm-rec-unv");
    house.ends(&call);
    assert_eq!(house.kept().forgotten, ["scratch-1", "scratch-2"]);
    assert!(house.kept().mailboxes["101"].greetings.is_empty());
}

#[test]
fn an_owner_changes_his_pin() {
    let house = House::new(883);
    let alice = &house.alice;
    let call = in_options(&house);
    assert_eq!(house.press(alice, "5"), "vm-newpassword");
    assert_eq!(house.press(alice, "2468#"), "vm-reenterpassword");
    assert_eq!(house.press(alice, "2468#"), "vm-passchanged");
    assert_eq!(house.kept().pins["101"], "2468");
    assert_eq!(house.after(alice, 1_000), "vm-options");
    house.ends(&call);
}
