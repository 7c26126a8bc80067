//! A caller is greeted and leaves a message.

use std::time::Duration;

use switch::{Event, Failure, Greeting, MessageId, Reason, RecordingState, Sound, Tone, UserId};
use testkit::{Outcome, Placed, millis, seconds};
use voicemail::{Delivered, Happening, KeepFault, Parted, VoicemailError};

use crate::house::{GREETING, House, PIN, REVIEW};

/// Carol is at the tone of alice's mailbox, which she came to as the greeting was skipped.
fn at_the_tone(house: &House) -> Placed {
    let call = house.dials(&house.carol, "101");
    house.wait(500);
    house.carol.press("#");
    house.wait(10);
    assert!(house.news(&house.carol).ends_with("tone"));
    call
}

/// The same, and she speaks for so many ms.
pub(crate) fn speaks(house: &House, time: u64) -> Placed {
    let call = at_the_tone(house);
    house.wait(400 + time);
    call
}

/// The same, and has ended it.
fn has_spoken(house: &House) -> Placed {
    let call = speaks(house, 4_000);
    assert_eq!(house.press(&house.carol, "#"), REVIEW);
    call
}

fn is_recorded_as(house: &House, name: &str) -> bool {
    let ended = |event: &Event| matches!(event, Event::MessageRecording { name: of, state: RecordingState::Ended } if of == name);
    house.world.events().iter().any(ended)
}

#[test]
fn a_caller_hears_who_does_not_answer_leaves_a_message_and_is_told_that_it_is_kept() {
    let house = House::new(700);
    let carol = &house.carol;
    let call = house.dials(carol, "101");
    assert!(call.is_up());
    assert_eq!(house.news(carol), GREETING);
    house.wait(3_800);
    assert!(house.kept().begun.is_empty(), "not before the greeting is over");
    assert_eq!(house.after(carol, 200), "tone");
    assert_eq!(house.kept().begun.len(), 1, "before the tone is over");
    assert!(!house.world.records(carol));
    house.wait(400);
    assert!(house.world.records(carol));
    house.wait(5_000);
    assert_eq!(house.press(carol, "#"), REVIEW);
    assert!(is_recorded_as(&house, "vm-take-1"));
    assert!(house.kept().delivered.is_empty());
    assert_eq!(house.press(carol, "1"), "vm-msgsaved");
    assert_eq!(house.kept().delivered, [(MessageId(1), Delivered::Kept, false)]);
    assert_eq!(house.after(carol, 1_000), "vm-goodbye");
    house.wait(1_500);
    assert_eq!(call.outcome(), Outcome::HungUp);
    let draft = house.kept().begun[0].1.clone();
    assert_eq!((draft.mailbox.as_str(), draft.caller.as_str(), draft.reason), ("101", "carol", Reason::NoAnswer));
    assert_eq!(draft.user, Some(UserId(3)));
    assert_eq!(house.kept().happened, [Happening::Reached(Reason::NoAnswer)]);
    assert_eq!(house.parted(), [Ok(Parted::Done)]);
    house.is_quiet();
}

#[test]
fn what_a_caller_hears_is_the_temporary_greeting_else_that_for_the_reason_else_the_usual() {
    use Greeting::{Busy, Name, Temporary, Unavailable};
    let rows: [(&[Greeting], &str, &str); 8] = [
        (&[], "101", GREETING),
        (&[], "b101", "vm-theperson [101] vm-isonphone vm-intro"),
        (&[Name], "101", "<name> vm-isunavail vm-intro"),
        (&[Name], "b101", "<name> vm-isonphone vm-intro"),
        (&[Busy], "101", GREETING),
        (&[Busy, Unavailable, Name], "b101", "<busy>"),
        (&[Busy, Unavailable, Name], "101", "<unavailable>"),
        (&[Busy, Unavailable, Temporary, Name], "b101", "<temporary>"),
    ];
    let house = House::new(701);
    for (greetings, dialled, heard) in rows {
        house.of_alice(|mailbox| {
            mailbox.greetings = greetings.iter().map(|one| (*one, one.as_str().to_owned())).collect();
        });
        let call = house.dials(&house.carol, dialled);
        assert_eq!(house.news(&house.carol), heard, "{greetings:?}");
        call.hang_up();
        house.wait(1_000);
    }
    house.is_quiet();
}

#[test]
fn a_greeting_whose_recording_is_gone_is_as_if_there_were_none() {
    let house = House::new(702);
    house.of_alice(|mailbox| drop(mailbox.greetings.insert(Greeting::Unavailable, "gone".to_owned())));
    house.world.lacks("gone");
    let call = house.dials(&house.carol, "101");
    assert_eq!(house.news(&house.carol), GREETING);
    house.ends(&call);
}

#[test]
fn prompts_that_are_missing_keep_nobody_from_leaving_a_message() {
    let house = House::new(703);
    for missing in ["vm-theperson", "vm-intro", "vm-review", "vm-msgsaved", "vm-goodbye"] {
        house.world.lacks(missing);
    }
    let call = house.dials(&house.carol, "101");
    assert_eq!(house.news(&house.carol), "[101] vm-isunavail");
    assert_eq!(house.after(&house.carol, 2_000), "tone");
    house.wait(3_000);
    assert_eq!(house.press(&house.carol, "#"), "vm-review-urgent vm-tocancelmsg");
    house.press(&house.carol, "1");
    house.wait(500);
    assert_eq!((call.outcome(), house.parted()), (Outcome::HungUp, vec![Ok(Parted::Done)]));
    assert_eq!(house.kept().delivered.len(), 1);
    house.is_quiet();
}

#[test]
fn who_says_nothing_afterwards_has_his_message_kept() {
    let house = House::new(704);
    let call = has_spoken(&house);
    // The question, and five seconds.
    house.wait(7_900);
    assert!(house.kept().delivered.is_empty());
    assert_eq!(house.after(&house.carol, 200), "vm-msgsaved");
    house.wait(3_000);
    assert!(!call.is_up());
    house.is_quiet();
}

#[test]
fn silence_ends_a_message_and_so_does_its_limit() {
    let house = House::new(705);
    house.of_alice(|mailbox| mailbox.longest = seconds(30));
    house.kept().room = Some(seconds(20));
    let call = at_the_tone(&house);
    house.wait(20_300);
    assert_eq!(house.news(&house.carol), "");
    assert_eq!(house.after(&house.carol, 200), REVIEW, "the room is less than the longest");
    call.hang_up();
    house.wait(1_000);
    house.kept().room = None;
    let call = at_the_tone(&house);
    house.wait(30_300);
    assert_eq!(house.news(&house.carol), "");
    assert_eq!(house.after(&house.carol, 200), REVIEW);
    call.hang_up();
    house.wait(1_000);
    house.world.nobody_speaks();
    let call = at_the_tone(&house);
    assert_eq!(house.after(&house.carol, 5_500), REVIEW, "five seconds of silence");
    house.ends(&call);
    assert_eq!(house.kept().delivered.len(), 3);
}

#[test]
fn a_full_mailbox_says_so_and_takes_none() {
    let house = House::new(706);
    house.kept().faults = [KeepFault::Full].into();
    let carol = &house.carol;
    let call = house.dials(carol, "101");
    house.wait(500);
    house.news(carol);
    assert_eq!(house.press(carol, "#"), "vm-mailboxfull vm-goodbye");
    house.wait(2_500);
    assert_eq!((call.outcome(), house.parted()), (Outcome::HungUp, vec![Err(VoicemailError::Full)]));
    assert_eq!(house.kept().happened, [Happening::Reached(Reason::NoAnswer), Happening::TurnedAway]);
    // Room for less than a message is none.
    house.kept().room = Some(millis(1_900));
    house.dials(carol, "101");
    house.wait(500);
    house.news(carol);
    assert_eq!(house.press(carol, "#"), "vm-mailboxfull vm-goodbye");
    house.is_quiet();
    assert_eq!(house.kept().discarded, [MessageId(1)]);
}

#[test]
fn a_caller_hears_his_message_marks_it_urgent_and_keeps_it() {
    let house = House::new(707);
    let carol = &house.carol;
    let _call = has_spoken(&house);
    assert_eq!(house.press(carol, "2"), "<vm-take-1>");
    assert_eq!(house.after(carol, 1_000), REVIEW);
    assert_eq!(house.press(carol, "4"), "vm-marked-urgent");
    assert_eq!(house.after(carol, 1_000), "vm-review vm-review-nonurgent vm-tocancelmsg");
    assert_eq!(house.press(carol, "4"), "vm-marked-nonurgent");
    assert_eq!(house.after(carol, 1_000), REVIEW);
    assert_eq!(house.press(carol, "4"), "vm-marked-urgent");
    assert_eq!(house.press(carol, "9"), "");
    assert_eq!(house.after(carol, 1_000), "vm-sorry");
    assert_eq!(house.after(carol, 1_000), "vm-review vm-review-nonurgent vm-tocancelmsg");
    // Whoever knows it does not hear it out.
    assert_eq!(house.press(carol, "2"), "<vm-take-1>");
    assert_eq!(house.press(carol, "1"), "vm-msgsaved");
    assert_eq!(house.kept().delivered, [(MessageId(1), Delivered::Kept, true)]);
    house.is_quiet();
}

#[test]
fn a_message_that_is_said_anew_takes_the_place_of_the_first() {
    let house = House::new(708);
    let carol = &house.carol;
    let _call = has_spoken(&house);
    assert_eq!(house.press(carol, "3"), "tone");
    house.wait(3_000);
    assert!(house.kept().discarded.is_empty(), "nothing is thrown away before there is something better");
    assert_eq!(house.press(carol, "#"), REVIEW);
    assert_eq!(house.press(carol, "2"), "<vm-take-2>");
    assert_eq!(house.press(carol, "1"), "vm-msgsaved");
    assert_eq!(house.kept().delivered, [(MessageId(2), Delivered::Kept, false)]);
    assert_eq!(house.kept().discarded, [MessageId(1)]);
    house.is_quiet();
}

#[test]
fn the_first_is_kept_where_the_second_comes_to_nothing() {
    for (seed, nothing) in [(709, Delivered::Short), (710, Delivered::Silent), (711, Delivered::Nothing)] {
        let house = House::new(seed);
        let _call = has_spoken(&house);
        house.press(&house.carol, "3");
        house.wait(600);
        house.press(&house.carol, "#");
        house.kept().outcomes = [Ok(nothing)].into();
        assert_eq!(house.press(&house.carol, "1"), "vm-msgsaved");
        let delivered = house.kept().delivered.clone();
        assert_eq!(delivered, [(MessageId(2), nothing, false), (MessageId(1), Delivered::Kept, false)]);
        house.is_quiet();
    }
}

#[test]
fn who_says_it_anew_for_ever_is_not_heard_for_ever() {
    let house = House::new(712);
    let carol = &house.carol;
    let _call = has_spoken(&house);
    for _ in 0..4 {
        assert_eq!(house.press(carol, "3"), "tone");
        house.wait(3_000);
        house.press(carol, "#");
    }
    assert_eq!(house.press(carol, "3"), "vm-sorry");
    house.wait(2_000);
    house.press(carol, "1");
    house.is_quiet();
    assert_eq!(house.accounts(), (1, 4));
}

#[test]
fn who_thinks_better_of_it_throws_it_away() {
    let house = House::new(713);
    let call = has_spoken(&house);
    assert_eq!(house.press(&house.carol, "*"), "vm-deleted vm-goodbye");
    house.wait(2_500);
    assert_eq!((call.outcome(), house.parted()), (Outcome::HungUp, vec![Ok(Parted::Done)]));
    assert_eq!(house.accounts(), (0, 1));
    house.is_quiet();
}

#[test]
fn keys_that_are_pressed_in_a_message_do_nothing_after_it() {
    let house = House::new(714);
    let call = speaks(&house, 3_000);
    // No operator is there either.
    house.carol.press("*310");
    house.wait(1_000);
    assert!(house.world.records(&house.carol));
    assert_eq!(house.press(&house.carol, "#"), REVIEW);
    house.wait(2_000);
    assert!(call.is_up());
    assert_eq!(house.accounts(), (0, 0));
    house.ends(&call);
}

#[test]
fn a_message_that_is_none_is_told_to_be_too_short() {
    let house = House::new(715);
    let _call = has_spoken(&house);
    house.kept().outcomes = [Ok(Delivered::Short)].into();
    assert_eq!(house.press(&house.carol, "1"), "vm-tooshort");
    assert_eq!(house.after(&house.carol, 1_000), "vm-goodbye");
    house.is_quiet();
}

#[test]
fn star_in_the_greeting_is_the_owner_who_listens_by_his_pin() {
    let house = House::new(721);
    let call = house.dials(&house.carol, "101");
    house.news(&house.carol);
    assert_eq!(house.press(&house.carol, "*"), "vm-password");
    assert_eq!(house.press(&house.carol, &format!("{PIN}#")), "vm-youhave vm-no vm-messages");
    let happened = [Happening::Reached(Reason::NoAnswer), Happening::LeftBefore, Happening::LoggedIn];
    assert_eq!(house.kept().happened, happened);
    house.ends(&call);
    assert_eq!(house.parted(), [Ok(Parted::HungUp)]);
}

#[test]
fn a_mailbox_speaks_its_own_language() {
    let house = House::new(722);
    house.of_alice(|mailbox| mailbox.language = Some("de".to_owned()));
    let call = has_spoken(&house);
    let spoken: Vec<_> = house.world.spoken_to_in(&house.carol);
    // All but the tone, which has none.
    assert_eq!(spoken, [Some("de".to_owned()), None, Some("de".to_owned())]);
    house.ends(&call);
}

#[test]
fn a_store_that_rests_for_a_moment_is_asked_again() {
    let house = House::new(723);
    let _call = has_spoken(&house);
    house.kept().outcomes = [Err(KeepFault::Unavailable), Err(KeepFault::Unavailable)].into();
    assert_eq!(house.press(&house.carol, "1"), "");
    assert_eq!(house.after(&house.carol, 1_000), "");
    assert_eq!(house.after(&house.carol, 1_000), "vm-msgsaved");
    house.is_quiet();
}

#[test]
fn what_cannot_be_delivered_is_told_and_is_the_keepers() {
    let house = House::new(724);
    let call = has_spoken(&house);
    house.kept().outcomes = [Err(KeepFault::Unavailable); 3].into();
    house.press(&house.carol, "1");
    assert_eq!(house.after(&house.carol, 2_000), "something-terribly-wrong");
    assert_eq!(house.kept().abandoned, [MessageId(1)]);
    house.wait(2_000);
    assert_eq!((call.outcome(), house.parted()), (Outcome::HungUp, vec![Err(VoicemailError::NoResources)]));
    house.is_quiet();
}

#[test]
fn nobody_is_let_go_before_his_message_is_kept() {
    let house = House::new(725);
    let dock = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    house.kept().dock = Some(dock.clone());
    let call = has_spoken(&house);
    house.press(&house.carol, "1");
    house.wait(60_000);
    assert!(call.is_up());
    assert_eq!(house.news(&house.carol), "");
    dock.add_permits(1);
    house.world.let_applications_work();
    assert_eq!(house.after(&house.carol, 10), "vm-msgsaved");
    house.wait(3_000);
    assert!(!call.is_up());
    house.is_quiet();
}

#[test]
fn where_nothing_can_be_recorded_the_caller_is_told_and_what_there_is_is_delivered() {
    let house = House::new(726);
    house.world.disk_is_full();
    let _call = at_the_tone(&house);
    assert_eq!(house.after(&house.carol, 500), "something-terribly-wrong");
    assert_eq!(house.kept().delivered.len(), 1);
    house.is_quiet();
    assert_eq!(house.parted(), [Err(VoicemailError::NoResources)]);
}

#[test]
fn where_nothing_can_be_begun_the_caller_is_told() {
    let house = House::new(727);
    house.kept().faults = [KeepFault::Unavailable; 3].into();
    house.dials(&house.carol, "101");
    house.wait(500);
    house.press(&house.carol, "#");
    assert_eq!(house.after(&house.carol, 2_000), "something-terribly-wrong");
    house.is_quiet();
    house.kept().faults = [KeepFault::Unavailable; 2].into();
    house.dials(&house.carol, "101");
    house.wait(500);
    house.press(&house.carol, "#");
    assert_eq!(house.after(&house.carol, 2_000), "tone");
    house.carol.hang_up();
    house.is_quiet();
}

#[test]
fn a_caller_who_comes_to_a_mailbox_leaves_a_message_and_nobody_is_answered_for_none() {
    let house = House::bare(728);
    let call = house.dials(&house.carol, "101");
    assert_eq!(house.news(&house.carol), GREETING);
    house.wait(6_000);
    call.hang_up();
    house.wait(1_000);
    assert_eq!(house.kept().begun[0].1.reason, Reason::Chosen);
    let call = house.dials(&house.carol, "999");
    assert_eq!(call.outcome(), Outcome::Refused(404));
    house.is_quiet();
    assert_eq!(house.world.application_outcomes(), [Err(Failure::HungUp), Ok(())]);
    assert_eq!(house.kept().delivered.len(), 1);
}

#[test]
fn who_hangs_up_in_the_greeting_left_before() {
    let house = House::new(729);
    let call = house.dials(&house.carol, "101");
    house.world.run_for(Duration::from_secs(2));
    house.ends(&call);
    assert_eq!(house.kept().happened, [Happening::Reached(Reason::NoAnswer), Happening::LeftBefore]);
    assert_eq!(house.parted(), [Ok(Parted::HungUp)]);
    assert!(house.kept().begun.is_empty());
}

#[test]
fn who_was_answered_before_is_greeted_likewise() {
    let house = House::new(730);
    let call = house.dials(&house.carol, "a101");
    assert_eq!(house.news(&house.carol), GREETING);
    house.ends(&call);
    assert_eq!(house.parted(), [Ok(Parted::HungUp)]);
}

#[test]
fn a_name_that_is_none_is_refused_before_anybody_is_answered() {
    let house = House::new(731);
    let call = house.dials(&house.carol, &"1".repeat(65));
    assert_eq!(house.parted(), [Err(VoicemailError::BadValue)]);
    assert!(matches!(call.outcome(), Outcome::Refused(_)));
    house.is_quiet();
}

#[test]
fn who_was_answered_before_he_came_to_no_mailbox_hears_that_there_is_no_way_and_is_let_go() {
    let house = House::new(732);
    let call = house.dials(&house.carol, "r101");
    assert!(matches!(house.world.hears(&house.carol)[..], [Sound::Tone(Tone::Congestion, _)]));
    house.wait(4_000);
    assert_eq!(call.outcome(), Outcome::HungUp);
    house.is_quiet();
}
