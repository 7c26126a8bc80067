//! PINs, and who comes in by them.

use std::sync::Arc;

use switch::UserId;
use testkit::{Outcome, Phone, Placed, minutes};
use tokio::sync::Semaphore;
use voicemail::{Config, Happening, Parted, PinState, VoicemailError};

use crate::house::{House, PIN};

const EMPTY: &str = "vm-youhave vm-no vm-messages";

fn strangers(house: &House, many: usize) -> Vec<Phone> {
    (0..many).map(|at| house.world.phone(&format!("user{at:02}"))).collect()
}

#[test]
fn an_owner_at_his_own_phone_is_in_at_once_and_is_asked_where_he_wants_it() {
    let house = House::new(800);
    let call = house.dials(&house.alice, "*97");
    assert_eq!(house.news(&house.alice), EMPTY);
    call.hang_up();
    house.wait(1_000);
    house.of_alice(|mailbox| mailbox.asks_at_own_phone = true);
    let call = house.dials(&house.alice, "*97");
    assert_eq!(house.news(&house.alice), "vm-password");
    assert_eq!(house.press(&house.alice, "4711#"), EMPTY);
    call.hang_up();
    house.wait(1_000);
    // There is none that could be asked for.
    house.of_alice(|mailbox| mailbox.pin = PinState::None);
    let call = house.dials(&house.alice, "*97");
    assert_eq!(house.news(&house.alice), EMPTY);
    house.ends(&call);
    assert_eq!(house.kept().happened, [Happening::LoggedIn; 3]);
    assert_eq!(house.kept().tried, [("101".to_owned(), PIN.to_owned())]);
}

#[test]
fn who_has_no_mailbox_is_not_answered_for_his_own() {
    let house = House::new(801);
    let call = house.dials(&house.carol, "*97");
    assert_eq!(house.parted(), [Err(VoicemailError::NoMailbox)]);
    assert!(matches!(call.outcome(), Outcome::Refused(_)));
    house.is_quiet();
}

#[test]
fn anybody_comes_in_by_number_and_pin() {
    let house = House::new(802);
    let call = house.dials(&house.carol, "*98");
    assert_eq!(house.news(&house.carol), "vm-login");
    assert_eq!(house.press(&house.carol, "101#"), "vm-password");
    assert_eq!(house.press(&house.carol, "4711#"), EMPTY);
    house.ends(&call);
    assert_eq!(house.parted(), [Ok(Parted::HungUp)]);
}

#[test]
fn who_is_wrong_is_asked_again_and_let_go_after_the_third() {
    let house = House::new(803);
    let carol = &house.carol;
    let call = house.dials(carol, "*99");
    assert_eq!(house.news(carol), "vm-password");
    assert_eq!(house.press(carol, "1111#"), "vm-incorrect vm-password");
    assert_eq!(house.press(carol, "4712#"), "vm-incorrect vm-password", "that of another mailbox");
    // Nothing at all is wrong too, and is looked up nowhere.
    assert_eq!(house.press(carol, "#"), "vm-incorrect vm-goodbye");
    house.wait(2_500);
    assert_eq!((call.outcome(), house.parted()), (Outcome::HungUp, vec![Err(VoicemailError::WrongPin)]));
    assert_eq!(house.kept().happened, [Happening::WrongPin; 2]);
    house.is_quiet();
}

/// All that somebody hears who tries these, and when, in ms.
fn tries(house: &House, dialled: &str, keys: [&str; 6]) -> (Vec<String>, usize) {
    let call = house.dials(&house.carol, dialled);
    let mut heard = vec![house.news(&house.carol)];
    for keys in keys.into_iter().filter(|keys| !keys.is_empty()) {
        heard.push(house.press(&house.carol, keys));
    }
    let mut left = 0;
    while call.is_up() {
        house.wait(10);
        left += 1;
    }
    let tried = house.kept().tried.len();
    house.kept().tried.clear();
    heard.push(format!("{left}"));
    (heard, tried)
}

#[test]
fn a_mailbox_that_there_is_not_and_one_without_a_pin_are_as_a_wrong_pin() {
    let house = House::new(804);
    house.kept().mailboxes.insert("103".to_owned(), crate::kept::mailbox("103", None));
    house.kept().mailboxes.get_mut("103").expect("it is there").pin = PinState::None;
    // It may have had one before.
    house.kept().pins.insert("103".to_owned(), "1234".to_owned());
    let any = |number: &str| tries(&house, "*98", [number, "1234#", number, "1235#", number, "1236#"]);
    let known = any("101#");
    assert_eq!(known.1, 3);
    let pause = || house.world.run_for(minutes(11));
    for number in ["999#", "103#", "12345678#"] {
        pause();
        assert_eq!(any(number), known, "{number}");
    }
    pause();
    let named = tries(&house, "*99", ["1234#", "1235#", "1236#", "", "", ""]);
    pause();
    assert_eq!(tries(&house, "*96", ["1234#", "1235#", "1236#", "", "", ""]), named);
    house.is_quiet();
}

#[test]
fn a_mailbox_that_is_guessed_at_takes_no_pin_for_the_rest_of_the_minute_whether_it_is_there_or_not() {
    for (seed, dialled) in [(805, "*99"), (806, "*96")] {
        let config = Config { wrong_pins_a_minute: 4, ..Config::default() };
        let house = House::configured(seed, config);
        for phone in [&house.bob, &house.carol] {
            house.dials(phone, dialled);
            phone.press("1#2#3#");
            house.wait(3_000);
        }
        assert_eq!(house.kept().tried.len(), 4, "over all calls together");
        assert!(house.kept().happened.contains(&Happening::LockedOut));
        house.dials(&house.alice, dialled);
        house.alice.press("4711#4711#4711#");
        house.wait(3_000);
        assert_eq!(house.kept().tried.len(), 4, "not even the right one");
        house.world.run_for(minutes(1));
        let call = house.dials(&house.alice, dialled);
        house.news(&house.alice);
        let heard = house.press(&house.alice, "4711#");
        assert_eq!(heard, if dialled == "*99" { EMPTY } else { "vm-incorrect vm-password" });
        house.ends(&call);
    }
}

#[test]
fn who_guesses_at_many_mailboxes_is_stopped_for_longer_and_others_are_not() {
    let config = Config { wrong_pins_a_source: 4, ..Config::default() };
    let house = House::configured(807, config);
    let guess = |numbers: [&str; 3]| {
        house.dials(&house.carol, "*98");
        for number in numbers {
            house.carol.press(&format!("{number}#1111#"));
        }
        house.wait(3_000);
    };
    guess(["101", "102", "103"]);
    guess(["104", "105", "106"]);
    assert_eq!(house.kept().tried.len(), 4);
    house.world.run_for(minutes(9));
    guess(["107", "108", "109"]);
    assert_eq!(house.kept().tried.len(), 4, "by whatever number");
    let call = house.dials(&house.bob, "*99");
    house.news(&house.bob);
    assert_eq!(house.press(&house.bob, "4711#"), EMPTY);
    call.hang_up();
    house.world.run_for(minutes(1));
    let call = house.dials(&house.carol, "*99");
    house.news(&house.carol);
    assert_eq!(house.press(&house.carol, "4711#"), EMPTY);
    house.ends(&call);
}

fn dial_at_once(house: &House, pin: &str) -> (Vec<Placed>, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    house.kept().gate = Some(gate.clone());
    let phones = strangers(house, 30);
    let calls: Vec<_> = phones.iter().map(|phone| phone.dial_number("*99")).collect();
    house.wait(500);
    for phone in &phones {
        phone.press(pin);
    }
    house.wait(500);
    (calls, gate)
}

#[test]
fn thirty_who_guess_at_once_guess_no_more_than_one_after_the_other() {
    let house = House::configured(808, Config { tries: 1, ..Config::default() });
    let (calls, gate) = dial_at_once(&house, "1234#");
    assert_eq!(house.kept().tried.len(), 20, "the others wait to know what these were");
    gate.add_permits(30);
    house.world.let_applications_work();
    house.wait(3_000);
    assert_eq!(house.kept().tried.len(), 20);
    assert!(calls.iter().all(|call| !call.is_up()));
    house.is_quiet();
}

#[test]
fn thirty_who_know_the_pin_come_in_at_once() {
    let house = House::configured(809, Config { tries: 1, ..Config::default() });
    let (calls, gate) = dial_at_once(&house, "4711#");
    gate.add_permits(30);
    house.world.let_applications_work();
    house.wait(500);
    let in_it = house.kept().happened.iter().filter(|what| **what == Happening::LoggedIn).count();
    assert_eq!((in_it, calls.iter().filter(|call| call.is_up()).count()), (30, 30));
    for call in &calls {
        call.hang_up();
    }
    house.is_quiet();
}

#[test]
fn a_pin_that_somebody_else_gave_is_changed_before_anything_else() {
    let house = House::new(810);
    house.of_alice(|mailbox| mailbox.pin = PinState::Given);
    house.has([crate::kept::message(1)]);
    let bob = &house.bob;
    let call = house.dials(bob, "*99");
    house.news(bob);
    assert_eq!(house.press(bob, "4711#"), "vm-newpassword");
    assert_eq!(house.press(bob, "8642#"), "vm-reenterpassword");
    assert_eq!(house.press(bob, "8643#"), "vm-mismatch");
    assert_eq!(house.after(bob, 1_000), "vm-newpassword");
    house.press(bob, "4711#");
    assert_eq!(house.press(bob, "4711#"), "vm-invalid-password", "the one that was given");
    assert_eq!(house.after(bob, 1_000), "vm-newpassword");
    house.press(bob, "8642#");
    assert_eq!(house.press(bob, "8642#"), "vm-passchanged");
    assert_eq!(house.after(bob, 1_000), "vm-youhave 1 vm-inbox vm-message");
    house.ends(&call);
    assert_eq!(house.kept().pins["101"], "8642");
}

#[test]
fn who_does_not_change_it_does_not_come_in_not_even_at_his_own_phone() {
    let house = House::new(811);
    house.of_alice(|mailbox| mailbox.pin = PinState::Given);
    let alice = &house.alice;
    let call = house.dials(alice, "*97");
    assert_eq!(house.news(alice), "vm-newpassword");
    house.press(alice, "1#");
    assert_eq!(house.press(alice, "1#"), "vm-invalid-password");
    house.wait(1_000);
    house.press(alice, "#");
    // And nothing at all.
    assert!(house.after(alice, 10_000).ends_with("vm-goodbye"));
    house.wait(2_000);
    assert_eq!((call.outcome(), house.parted()), (Outcome::HungUp, vec![Err(VoicemailError::NoPin)]));
    house.is_quiet();
}

#[test]
fn prompts_that_are_missing_keep_nobody_out() {
    let house = House::new(812);
    house.world.lacks("vm-login");
    house.world.lacks("vm-password");
    let call = house.dials(&house.carol, "*98");
    assert_eq!(house.press(&house.carol, "101#4711#"), EMPTY);
    house.ends(&call);
}

#[test]
fn who_hangs_up_at_the_door_was_never_in() {
    let house = House::new(813);
    let call = house.dials(&house.carol, "*99");
    house.carol.press("47");
    house.ends(&call);
    assert_eq!(house.parted(), [Err(VoicemailError::HungUp)]);
    assert!(house.kept().tried.is_empty());
}

#[test]
fn a_user_whose_mailbox_is_gone_has_none() {
    let house = House::new(814);
    house.kept().owners.insert(UserId(1), "gone".to_owned());
    house.dials(&house.alice, "*97");
    assert_eq!(house.parted(), [Err(VoicemailError::NoMailbox)]);
    house.is_quiet();
}
