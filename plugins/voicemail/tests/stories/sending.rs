//! An owner sends messages on, replies, and calls back.

use switch::{Folder, MessageId, Reason, UserId};
use testkit::Placed;
use voicemail::{Delivered, Entry, List, Message, Parted};

use crate::house::House;
use crate::kept::message;

const WHOM: &str = "vm-forward vm-star-cancel";
const HOW: &str = "vm-forwardoptions vm-star-cancel";

/// Alice has heard this message and can do something with it.
fn has_heard(house: &House, message: Message) -> Placed {
    house.has([message]);
    let call = house.dials(&house.alice, "*97");
    house.alice.press("1");
    house.wait(1_100);
    house.news(&house.alice);
    call
}

fn from_bob() -> Message {
    Message { caller: "bob".to_owned(), caller_mailbox: Some("102".to_owned()), ..message(1) }
}

#[test]
fn a_message_is_sent_on_to_a_mailbox() {
    let house = House::new(850);
    let alice = &house.alice;
    let call = has_heard(&house, message(1));
    assert_eq!(house.press(alice, "8"), WHOM);
    assert_eq!(house.press(alice, "1"), "vm-extension vm-then-pound");
    assert_eq!(house.press(alice, "999#"), "pbx-invalid");
    assert_eq!(house.after(alice, 1_000), WHOM);
    house.press(alice, "1");
    assert_eq!(house.press(alice, "102#"), HOW);
    assert_eq!(house.press(alice, "2"), "vm-msgforwarded");
    assert_eq!(house.kept().forwarded, [(MessageId(1_001), vec!["102".to_owned()], None)]);
    house.ends(&call);
}

#[test]
fn a_list_takes_it_at_once_with_a_comment_and_he_is_told_how_many_took_it() {
    let house = House::new(851);
    let alice = &house.alice;
    let members = ["102", "103", "104"].map(str::to_owned).to_vec();
    house.kept().lists = vec![List { number: "7".to_owned(), title: None, members: members.clone() }];
    house.kept().reaches = Some(2);
    let call = has_heard(&house, message(1));
    house.press(alice, "8");
    house.press(alice, "1");
    assert_eq!(house.press(alice, "*7#"), HOW);
    assert_eq!(house.press(alice, "1"), "vm-record-prepend");
    assert_eq!(house.after(alice, 1_000), "tone");
    house.wait(3_000);
    assert_eq!(house.press(alice, "#"), "vm-msgforwarded 2 vm-messages");
    assert_eq!(house.kept().forwarded, [(MessageId(1_001), members, Some("scratch-1".to_owned()))]);
    assert_eq!(house.kept().forgotten, ["scratch-1"]);
    house.ends(&call);
}

#[test]
fn a_message_that_nobody_has_room_for_goes_nowhere_and_he_is_told() {
    let house = House::new(852);
    house.kept().reaches = Some(0);
    let call = has_heard(&house, message(1));
    house.press(&house.alice, "8");
    house.press(&house.alice, "1");
    house.press(&house.alice, "102#");
    assert_eq!(house.press(&house.alice, "2"), "vm-mailboxfull");
    house.ends(&call);
}

#[test]
fn whom_it_is_for_can_be_found_by_name() {
    let house = House::new(853);
    let entry = |mailbox: &str, name: &str| Entry {
        mailbox: mailbox.to_owned(),
        extension: mailbox.to_owned(),
        name: name.to_owned(),
        spoken: None,
    };
    house.kept().entries = vec![entry("102", "Bob Builder")];
    let alice = &house.alice;
    let call = has_heard(&house, message(1));
    house.press(alice, "8");
    assert_eq!(house.press(alice, "2"), "dir-welcome dir-pls-enter 3 dir-firstlast dir-usingkeypad");
    assert_eq!(house.press(alice, "262#"), "(Bob Builder) dir-multi3 [102] dir-instr");
    assert_eq!(house.press(alice, "1"), HOW);
    assert_eq!(house.press(alice, "2"), "vm-msgforwarded");
    assert_eq!(house.kept().forwarded[0].1, ["102"]);
    house.ends(&call);
}

#[test]
fn who_thinks_better_of_it_sends_nothing() {
    let house = House::new(854);
    let alice = &house.alice;
    let call = has_heard(&house, message(1));
    for keys in [&["8", "*"][..], &["8", "1", "#"], &["8", "1", "102#", "*"]] {
        let heard: Vec<_> = keys.iter().map(|keys| house.press(alice, keys)).collect();
        assert_eq!(heard.last().map(String::as_str), Some("cancelled"), "{keys:?}");
        house.wait(1_100);
    }
    assert!(house.kept().forwarded.is_empty());
    house.ends(&call);
}

#[test]
fn a_comment_that_is_cut_off_is_forgotten() {
    let house = House::new(855);
    let call = has_heard(&house, message(1));
    house.press(&house.alice, "8");
    house.press(&house.alice, "1");
    house.press(&house.alice, "102#");
    house.press(&house.alice, "1");
    house.wait(3_000);
    assert!(house.world.records(&house.alice));
    house.ends(&call);
    assert_eq!(house.kept().forgotten, ["scratch-1"]);
    assert!(house.kept().forwarded.is_empty());
}

#[test]
fn a_reply_goes_into_the_callers_mailbox_and_is_from_this_one() {
    let house = House::new(856);
    let alice = &house.alice;
    let call = has_heard(&house, from_bob());
    assert_eq!(house.press(alice, "3"), "vm-toreply vm-tocallback vm-tohearenv vm-leavemsg vm-starmain");
    assert_eq!(house.press(alice, "1"), "vm-intro");
    assert_eq!(house.after(alice, 1_000), "tone");
    house.wait(3_000);
    assert_eq!(house.press(alice, "#"), "vm-review vm-review-urgent vm-tocancelmsg");
    assert_eq!(house.press(alice, "1"), "vm-msgsaved");
    let draft = house.kept().begun[0].1.clone();
    assert_eq!((draft.mailbox.as_str(), draft.caller.as_str(), draft.user), ("102", "101", Some(UserId(1))));
    assert_eq!(draft.reason, Reason::Chosen);
    house.ends(&call);
}

#[test]
fn a_reply_from_elsewhere_is_not_said_by_whose_phone_it_is_and_is_not_lost() {
    let house = House::new(857);
    house.has([from_bob()]);
    let carol = &house.carol;
    let call = house.dials(carol, "*99");
    carol.press("4711#1");
    house.wait(1_100);
    carol.press("31");
    house.wait(3_000);
    house.ends(&call);
    assert_eq!(house.kept().begun[0].1.user, None);
    assert_eq!(house.kept().delivered, [(MessageId(1), Delivered::Kept, false)]);
}

#[test]
fn where_no_reply_is_possible_he_is_told() {
    let house = House::new(858);
    let call = has_heard(&house, message(1));
    house.press(&house.alice, "3");
    assert_eq!(house.press(&house.alice, "1"), "vm-nobox");
    house.ends(&call);
    assert!(house.kept().begun.is_empty());
}

#[test]
fn a_message_can_be_said_for_another_mailbox() {
    let house = House::new(859);
    let alice = &house.alice;
    let call = house.dials(alice, "*97");
    house.news(alice);
    assert_eq!(house.press(alice, "3"), "vm-leavemsg vm-starmain");
    assert_eq!(house.press(alice, "5"), WHOM);
    house.press(alice, "1");
    assert_eq!(house.press(alice, "102#"), "vm-intro");
    house.wait(4_000);
    house.press(alice, "#");
    house.wait(100);
    assert!(house.press(alice, "1").ends_with("vm-msgsaved"));
    assert_eq!(house.kept().begun[0].1.mailbox, "102");
    house.ends(&call);
}

#[test]
fn who_left_a_message_is_called_back_and_the_call_goes_on() {
    let house = House::new(860);
    let (alice, bob) = (&house.alice, &house.bob);
    let call = has_heard(&house, from_bob());
    house.press(alice, "3");
    assert_eq!(house.press(alice, "2"), "vm-dialout");
    assert_eq!(house.folder_of(1), Folder::Saved, "before anybody rings");
    house.wait(4_000);
    assert!(alice.hears(bob) && bob.hears(alice), "{}", house.world.ladder());
    house.wait(10_000);
    assert!(call.is_up());
    assert_eq!(house.parted(), [Ok(Parted::Connected)]);
    house.ends(&call);
}

#[test]
fn who_cannot_be_called_back_is_told_of() {
    let house = House::new(861);
    let alice = &house.alice;
    let _bob = house.bob.clone().that_refuses(486);
    let call = has_heard(&house, from_bob());
    let calls_back = |told: &str| {
        house.press(alice, "3");
        house.press(alice, "2");
        house.wait(1_500);
        assert!(house.news(alice).starts_with(told), "{:?}", house.world.heard(alice));
        house.wait(2_000);
        house.news(alice);
    };
    calls_back("[102] vm-isonphone");
    let _bob = house.bob.clone().that_refuses(603);
    calls_back("vm-nobodyavail");
    let _bob = house.bob.clone().that_refuses(500);
    calls_back("all-circuits-busy-now");
    call.hang_up();
    house.wait(1_000);
    house.kept().messages.clear();
    // Nobody's number, as far as this tenant may call.
    let call = has_heard(&house, message(2));
    calls_back("cannot-complete-as-dialed");
    call.hang_up();
    house.wait(1_000);
    house.kept().messages.clear();
    let call = has_heard(&house, Message { caller: "anonymous".to_owned(), ..message(3) });
    house.press(alice, "3");
    assert_eq!(house.press(alice, "2"), "unidentified-no-callback");
    house.ends(&call);
}

#[test]
fn who_listens_from_outside_calls_nobody_outside() {
    let house = House::new(863);
    let world = &house.world;
    let gateway = world.gateway("gw");
    world.trunks(vec![world.trunk_of(1, "acme", &[&gateway])]);
    world.owns("+4930123", None);
    house.has([message(1), Message { id: MessageId(1_002), received: message(2).received, ..from_bob() }]);
    let call = house.dials(&gateway, "+4930123");
    gateway.press("101#4711#1");
    house.wait(2_500);
    house.news(&gateway);
    house.press(&gateway, "3");
    assert_eq!(house.press(&gateway, "2"), "unidentified-no-callback");
    assert!(world.askers().is_empty(), "nobody asked for a way");
    // A colleague's mailbox says who called, whatever a carrier says.
    house.wait(2_000);
    house.press(&gateway, "6");
    house.wait(2_500);
    house.press(&gateway, "3");
    house.press(&gateway, "2");
    house.wait(4_000);
    assert!(gateway.hears(&house.bob) && house.bob.hears(&gateway), "{}", world.ladder());
    house.ends(&call);
}

#[test]
fn who_is_called_back_and_does_not_answer_does_not_answer() {
    let house = House::new(862);
    let _bob = house.bob.clone().that_never_answers();
    let call = has_heard(&house, from_bob());
    house.press(&house.alice, "3");
    house.press(&house.alice, "2");
    house.wait(31_100);
    assert_eq!(house.news(&house.alice), "tone number-not-answering", "it rang");
    house.ends(&call);
}
