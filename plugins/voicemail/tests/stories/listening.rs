//! An owner hears his messages.

use switch::{Folder, MessageId, Sound};
use testkit::{Outcome, Placed, millis};
use voicemail::{Message, Parted};

use crate::house::House;
use crate::kept::message;

const MENU: &str = "vm-onefor vm-inbox vm-messages vm-opts";
/// What can be done with the first of several messages.
const FIRST: &str = "vm-advopts vm-repeat vm-next vm-delete vm-toforward vm-savemessage vm-helpexit";
const ONLY: &str = "vm-advopts vm-repeat vm-delete vm-toforward vm-savemessage vm-helpexit";

/// Alice hears the first of these messages.
fn hears(house: &House, messages: impl IntoIterator<Item = Message>) -> Placed {
    house.has(messages);
    let call = house.dials(&house.alice, "*97");
    house.alice.press("1");
    house.wait(10);
    house.news(&house.alice);
    call
}

#[test]
fn an_owner_is_told_what_there_is_and_what_he_can_do() {
    let house = House::new(830);
    let urgent = Message { urgent: true, ..message(3) };
    let old = Message { folder: Folder::Saved, ..message(4) };
    house.has([message(1), message(2), urgent, old]);
    let alice = &house.alice;
    let call = house.dials(alice, "*97");
    assert_eq!(house.news(alice), "vm-youhave 1 vm-urgent vm-and 2 vm-inbox vm-and 1 vm-old vm-message");
    assert_eq!(house.after(alice, 10_000), MENU);
    assert_eq!(house.press(alice, "*"), "vm-onefor-full vm-inbox vm-messages vm-opts-full vm-helpexit");
    assert_eq!(house.after(alice, 5_000), MENU);
    assert_eq!(house.press(alice, "8"), "vm-sorry");
    assert_eq!(house.after(alice, 1_000), MENU);
    assert_eq!(house.press(alice, "#"), "vm-goodbye");
    house.wait(1_500);
    assert_eq!((call.outcome(), house.parted()), (Outcome::HungUp, vec![Ok(Parted::Done)]));
    house.is_quiet();
    assert_eq!(house.folder_of(1), Folder::New);
}

#[test]
fn who_says_nothing_is_let_go_after_a_while() {
    let house = House::new(831);
    let call = house.dials(&house.alice, "*97");
    house.wait(60_000);
    assert!(!call.is_up());
    assert!(house.news(&house.alice).ends_with("vm-goodbye"));
    house.is_quiet();
}

#[test]
fn messages_are_heard_the_urgent_first_and_what_was_heard_is_saved() {
    let house = House::new(832);
    let alice = &house.alice;
    house.has([message(1), Message { urgent: true, ..message(2) }]);
    let call = house.dials(alice, "*97");
    house.news(alice);
    assert_eq!(house.press(alice, "1"), "<m2 0 100>");
    assert_eq!(house.after(alice, 1_000), FIRST);
    assert_eq!(house.folder_of(2), Folder::New, "as long as he is there");
    assert_eq!(house.press(alice, "6"), "<m1 0 100>");
    assert_eq!(house.folder_of(2), Folder::Saved);
    assert_eq!(house.after(alice, 1_000), format!("vm-prev {ONLY}"));
    assert_eq!(house.press(alice, "6"), "vm-nomore");
    assert_eq!(house.after(alice, 1_000), "vm-onefor vm-old vm-messages vm-opts", "none is new any more");
    assert_eq!(house.press(alice, "1"), "<m2 0 100>");
    house.ends(&call);
    assert_eq!(house.kept().moved, [(MessageId(1_002), Folder::Saved), (MessageId(1_001), Folder::Saved)]);
}

#[test]
fn the_envelope_says_which_message_it_is_when_it_came_and_from_whom() {
    let house = House::new(833);
    house.of_alice(|mailbox| {
        mailbox.envelope = true;
        mailbox.zone = Some("Europe/Vienna".to_owned());
    });
    let inside = Message { caller: "bob".to_owned(), caller_mailbox: Some("102".to_owned()), ..message(2) };
    let named = Message { caller_spoken: Some("bobs-name".to_owned()), urgent: true, ..inside.clone() };
    let unknown = Message { caller: "anonymous".to_owned(), ..message(4) };
    let messages = [named, message(1), Message { id: MessageId(1_003), ..inside }, unknown];
    house.has(messages);
    let alice = &house.alice;
    let call = house.dials(alice, "*97");
    house.news(alice);
    let at = "vm-received @Europe/Vienna";
    assert_eq!(house.press(alice, "1"), format!("vm-first vm-urgent vm-message {at} vm-from <bobs-name>"));
    assert_eq!(house.after(alice, 7_000), "<m2 0 100>");
    assert_eq!(house.press(alice, "6"), format!("vm-message 2 {at} vm-from-phonenumber [493012341]"));
    // A key ends it and does what it does in the message.
    assert_eq!(house.press(alice, "#"), "<m1 0 100>");
    assert_eq!(house.press(alice, "6"), format!("vm-message 3 {at} vm-from-extension [102]"));
    assert_eq!(house.press(alice, "6"), format!("vm-last vm-message {at} vm-unknown-caller"));
    assert_eq!(house.press(alice, "5"), format!("vm-last vm-message {at} vm-unknown-caller"));
    house.wait(5_000);
    assert_eq!(house.news(alice), "<m4 0 100>");
    house.wait(1_000);
    house.news(alice);
    let more = "vm-toreply vm-tocallback vm-tohearenv vm-leavemsg vm-starmain";
    assert_eq!(house.press(alice, "3"), more);
    assert_eq!(house.press(alice, "3"), format!("vm-last vm-message {at} vm-unknown-caller vm-duration 10s"));
    house.ends(&call);
}

#[test]
fn keys_go_back_and_ahead_pause_and_go_faster() {
    let house = House::new(834);
    house.world.sounds_last(millis(10_000));
    let alice = &house.alice;
    let call = hears(&house, [message(1)]);
    house.wait(7_990);
    assert_eq!(house.press(alice, "*"), "<m1 3000 100>");
    house.wait(490);
    assert_eq!(house.press(alice, "*"), "<m1 0 100>", "before the begin there is the begin");
    house.wait(990);
    assert_eq!(house.press(alice, "#"), "<m1 6000 100>");
    assert_eq!(house.press(alice, "2"), "<m1 6010 125>");
    house.wait(790);
    assert_eq!(house.press(alice, "2"), "<m1 7010 150>");
    house.wait(390);
    assert_eq!(house.press(alice, "0"), "");
    house.wait(60_000);
    assert!(house.world.hears(alice).is_empty() && call.is_up());
    assert_eq!(house.press(alice, "0"), "<m1 7610 150>");
    assert_eq!(house.press(alice, "2"), "<m1 7625 100>");
    assert_eq!(house.press(alice, "1"), "<m1 0 100>");
    assert_eq!(house.press(alice, "A"), "vm-sorry");
    house.wait(10_000);
    assert_eq!(house.news(alice), "<m1 10 100>");
    house.wait(4_990);
    assert_eq!(house.press(alice, "#"), ONLY, "past its end");
    house.ends(&call);
    assert_eq!(house.folder_of(1), Folder::Saved);
}

#[test]
fn a_pause_is_no_hold_for_ever() {
    let house = House::new(835);
    let call = hears(&house, [message(1)]);
    house.press(&house.alice, "0");
    assert_eq!(house.after(&house.alice, 119_900), "");
    assert_eq!(house.after(&house.alice, 200), ONLY);
    house.world.run_for(testkit::minutes(5));
    assert!(!call.is_up());
    house.is_quiet();
}

#[test]
fn seven_deletes_and_takes_back() {
    let house = House::new(836);
    let alice = &house.alice;
    let call = hears(&house, [message(1), message(2)]);
    house.wait(1_010);
    house.news(alice);
    assert_eq!(house.press(alice, "7"), "vm-deleted");
    assert_eq!(house.folder_of(1), Folder::Deleted, "at once");
    assert_eq!(house.after(alice, 1_000), FIRST.replace("vm-delete", "vm-undelete"));
    assert_eq!(house.press(alice, "7"), "vm-undeleted");
    assert_eq!(house.folder_of(1), Folder::New, "where it was");
    assert_eq!(house.after(alice, 1_000), FIRST);
    house.press(alice, "7");
    house.wait(1_000);
    house.news(alice);
    assert_eq!(house.press(alice, "6"), "<m2 0 100>");
    assert_eq!(house.press(alice, "4"), "<m1 0 100>", "it is there still, until he leaves the folder");
    house.press(alice, "#");
    house.wait(1_000);
    house.press(alice, "#");
    house.wait(10);
    house.news(alice);
    assert_eq!(house.folder_of(2), Folder::New, "nobody heard it");
    let ask = "vm-changeto vm-press 0 vm-for vm-inbox vm-messages vm-press 1 vm-for vm-old vm-messages \
               vm-press 2 vm-for removed vm-messages vm-tocancel";
    assert_eq!(house.press(alice, "2"), ask);
    assert_eq!(house.press(alice, "2"), "vm-youhave 1 removed vm-message");
    house.wait(4_000);
    house.news(alice);
    assert_eq!(house.press(alice, "1"), "<m1 0 100>");
    house.wait(1_000);
    house.news(alice);
    assert_eq!(house.press(alice, "7"), "vm-undeleted");
    house.ends(&call);
    assert_eq!(house.folder_of(1), Folder::Saved);
}

#[test]
fn nine_saves_and_the_folder_can_be_changed_from_a_message() {
    let house = House::new(837);
    let alice = &house.alice;
    let call = hears(&house, [message(1)]);
    assert_eq!(house.press(alice, "9"), "vm-msgsaved");
    assert_eq!(house.folder_of(1), Folder::Saved);
    assert_eq!(house.after(alice, 1_000), ONLY);
    assert!(house.press(alice, "2").starts_with("vm-changeto"));
    assert_eq!(house.press(alice, "0"), "vm-youhave vm-no vm-inbox vm-messages");
    assert_eq!(house.after(alice, 4_000), MENU);
    assert_eq!(house.press(alice, "1"), "vm-youhave vm-no vm-inbox vm-messages");
    assert_eq!(house.after(alice, 4_000), MENU);
    house.press(alice, "2");
    assert_eq!(house.press(alice, "#"), MENU, "he stays where he was");
    house.press(alice, "2");
    assert_eq!(house.press(alice, "1"), "vm-youhave 1 vm-old vm-message");
    house.ends(&call);
}

#[test]
fn whenever_an_owner_hangs_up_what_he_heard_is_saved_and_what_he_did_not_is_new() {
    for at in (0..=6_000).step_by(100) {
        let house = House::new(900 + at);
        let call = hears(&house, [message(1), message(2)]);
        if at < 3_000 {
            house.wait(at);
        } else {
            house.wait(3_000);
            house.alice.press("6");
            house.wait(at - 3_000);
        }
        call.hang_up();
        house.is_quiet();
        let heard = |begun: u64, id: i64| {
            let folder = if at >= begun + 1_000 { Folder::Saved } else { Folder::New };
            // In the last moment either is right.
            let last = at.abs_diff(begun + 1_000) <= 20;
            assert!(last || house.folder_of(id) == folder, "{id} at {at}");
        };
        heard(0, 1);
        heard(3_000, 2);
        assert_eq!(house.parted(), [Ok(Parted::HungUp)]);
    }
}

#[test]
fn a_message_that_cannot_be_heard_now_stays_new() {
    let house = House::new(838);
    house.world.lacks("m1");
    let call = hears(&house, [message(1)]);
    assert_eq!(house.world.hears(&house.alice), [Sound::Prompt("something-terribly-wrong".to_owned())]);
    assert_eq!(house.after(&house.alice, 1_000), ONLY);
    house.ends(&call);
    assert_eq!(house.folder_of(1), Folder::New);
}

#[test]
fn a_message_that_is_gone_meanwhile_is_passed_over() {
    let house = House::new(839);
    let call = hears(&house, [message(1), message(2)]);
    house.kept().messages.remove(0);
    assert_eq!(house.press(&house.alice, "7"), "<m2 0 100>");
    house.ends(&call);
}

#[test]
fn a_mailbox_speaks_its_language_to_its_owner() {
    let house = House::new(840);
    house.of_alice(|mailbox| mailbox.language = Some("de".to_owned()));
    let call = hears(&house, [message(1)]);
    house.wait(2_000);
    let spoken = house.world.spoken_to_in(&house.alice);
    assert!(spoken.len() >= 3 && spoken.iter().all(|one| one.as_deref() == Some("de")), "{spoken:?}");
    house.ends(&call);
}
