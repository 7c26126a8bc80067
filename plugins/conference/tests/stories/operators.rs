//! What operators order and see.

use conference::{Config, Plan};
use switch::{RecordingFormat, RoomOrder, RoomRefusal, Target, TenantId};
use testkit::{millis, seconds};
use tokio::sync::broadcast::error::TryRecvError;

use crate::house::{ALL, House, TENANT, number, plan, prompt};

#[test]
fn an_operator_mutes_deafens_and_turns_each_member() {
    let house = House::with(660, plan());
    let ((alice, a), (bob, b), (carol, c)) = (house.joins("alice"), house.joins("bob"), house.joins("carol"));
    let all = [&alice, &bob, &carol];
    assert_eq!(house.order(RoomOrder::Mute(number(1), true)), Ok(()));
    assert_eq!(house.heard(&all), "a<b a<c b<c c<b");
    assert!(house.world.hears_whisper(&alice));
    assert_eq!(house.order(RoomOrder::Deafen(number(2), true)), Ok(()));
    assert_eq!(house.heard(&all), "a<b a<c c<b");
    assert_eq!(house.order(RoomOrder::Volume { member: number(3), speaking: 6, hearing: -6 }), Ok(()));
    let loudness = |listener, speaker| house.world.loudness(listener, speaker).expect("heard");
    assert!((loudness(&alice, &carol) - 6.0).abs() < 1.0 && (loudness(&carol, &bob) + 6.0).abs() < 1.0);
    assert_eq!(house.order(RoomOrder::Mute(number(1), false)), Ok(()));
    assert_eq!(house.order(RoomOrder::Deafen(number(2), false)), Ok(()));
    assert_eq!(house.heard(&all), ALL);
    let changes: Vec<_> = house.news().into_iter().filter(|told| told.contains("muted")).collect();
    assert_eq!(
        changes,
        [
            "1 muted true deaf false speaking 0 hearing 0",
            "2 muted false deaf true speaking 0 hearing 0",
            "3 muted false deaf false speaking 6 hearing -6",
            "1 muted false deaf false speaking 0 hearing 0",
            "2 muted false deaf false speaking 0 hearing 0",
        ]
    );
    house.ends(&[&a, &b, &c]);
}

#[test]
fn whom_an_operator_muted_no_key_lets_speak_and_an_order_lets_speak_who_muted_himself() {
    let house = House::with(661, plan());
    let ((alice, a), (bob, b)) = (house.joins("alice"), house.joins("bob"));
    assert_eq!(house.order(RoomOrder::MuteAll(true)), Ok(()));
    alice.press("*6");
    house.world.run_for(millis(100));
    assert_eq!(house.heard(&[&alice, &bob]), "");
    assert_eq!(house.order(RoomOrder::MuteAll(false)), Ok(()));
    assert_eq!(house.heard(&[&alice, &bob]), "a<b b<a");
    bob.press("*6");
    house.world.run_for(millis(100));
    assert_eq!(house.heard(&[&alice, &bob]), "b<a");
    assert_eq!(house.order(RoomOrder::Mute(number(2), false)), Ok(()));
    assert_eq!(house.heard(&[&alice, &bob]), "a<b b<a");
    house.ends(&[&a, &b]);
}

#[test]
fn what_cannot_be_is_refused_with_the_reason() {
    let house = House::with(662, plan());
    assert_eq!(house.conference.order(TENANT, "600", RoomOrder::End), Err(RoomRefusal::NoRoom));
    let (_, a) = house.joins("alice");
    let other = house.conference.order(TenantId(2), "600", RoomOrder::End);
    assert_eq!(other, Err(RoomRefusal::NoRoom), "another tenant's");
    let cases = [
        (RoomOrder::Mute(number(2), true), RoomRefusal::NoMember),
        (RoomOrder::Deafen(number(0), true), RoomRefusal::NoMember),
        (RoomOrder::Kick(number(9)), RoomRefusal::NoMember),
        (RoomOrder::Volume { member: number(1), speaking: 21, hearing: 0 }, RoomRefusal::BadValue),
        (RoomOrder::Volume { member: number(1), speaking: 0, hearing: -21 }, RoomRefusal::BadValue),
        (RoomOrder::Announce(Vec::new()), RoomRefusal::BadValue),
        (RoomOrder::Record { name: Some("../x".to_owned()), format: RecordingFormat::Wav }, RoomRefusal::BadValue),
        (RoomOrder::PauseRecording(true), RoomRefusal::Forbidden),
        (RoomOrder::StopRecording, RoomRefusal::Forbidden),
        (RoomOrder::Invite(Target::User("bob".to_owned())), RoomRefusal::Forbidden),
    ];
    for (order, refusal) in cases {
        assert_eq!(house.order(order.clone()), Err(refusal), "{order:?}");
    }
    assert!(house.conference.rooms(TenantId(2)).is_empty());
    house.ends(&[&a]);
}

#[test]
fn an_operator_kicks_announces_locks_and_ends() {
    let house = House::with(663, plan());
    let ((alice, a), (bob, b)) = (house.joins("alice"), house.joins("bob"));
    assert_eq!(house.order(RoomOrder::Announce(vec![prompt("hello")])), Ok(()));
    assert!(house.world.hears_announcement(&alice) && house.world.hears_announcement(&bob));
    assert_eq!(house.order(RoomOrder::Lock(true)), Ok(()));
    assert_eq!(house.order(RoomOrder::Kick(number(2))), Ok(()));
    assert_eq!(house.heard(&[&alice, &bob]), "");
    assert_eq!(house.world.hears(&bob), [prompt("confbridge-removed")]);
    house.world.run_for(seconds(2));
    assert!(!b.is_up() && a.is_up());
    assert_eq!(house.order(RoomOrder::End), Ok(()));
    // Who dials now opens it anew, and the lock is gone with the old one.
    let (_, c) = house.joins("carol");
    assert_eq!(house.view().members.iter().map(|member| member.name.as_str()).collect::<Vec<_>>(), ["carol"]);
    house.world.run_for(seconds(2));
    assert!(!a.is_up() && c.is_up());
    house.ends(&[&c]);
}

#[test]
fn an_operator_records_pauses_and_stops_under_a_name() {
    let house = House::with(664, plan());
    let ((alice, a), (_, b)) = (house.joins("alice"), house.joins("bob"));
    assert_eq!(
        house.order(RoomOrder::Record { name: Some("board-1".to_owned()), format: RecordingFormat::Wav }),
        Ok(())
    );
    assert_eq!(
        house.order(RoomOrder::Record { name: None, format: RecordingFormat::Wav }),
        Err(RoomRefusal::Forbidden),
        "it is recorded"
    );
    house.world.run_for(seconds(5));
    assert!(!house.view().recording_paused);
    assert_eq!(house.order(RoomOrder::PauseRecording(true)), Ok(()));
    assert!(house.view().recording_paused);
    house.world.run_for(seconds(5));
    assert_eq!(house.order(RoomOrder::PauseRecording(false)), Ok(()));
    assert!(!house.view().recording_paused);
    house.world.run_for(seconds(5));
    assert_eq!(house.order(RoomOrder::StopRecording), Ok(()));
    house.world.run_for(seconds(5));
    let (length, _) = house.world.recorded_of("board-1", &alice).expect("a recording");
    assert!(length.abs_diff(seconds(10)) < millis(300), "{length:?}");
    house.ends(&[&a, &b]);
}

#[test]
fn an_order_outlives_the_member_whose_call_was_to_carry_it() {
    let house = House::with(665, plan());
    let ((_, a), (bob, b)) = (house.joins("alice"), house.joins("bob"));
    // It is told by alice's call, which is over by then.
    a.hang_up();
    house.world.run_for(millis(1));
    assert_eq!(house.order(RoomOrder::Announce(vec![prompt("hello")])), Ok(()));
    house.world.run_for(millis(200));
    assert!(house.world.hears_announcement(&bob));
    house.ends(&[&b]);
}

#[test]
fn a_watcher_that_is_too_slow_is_told_how_much_it_missed_and_slows_nobody() {
    let house = House::configured(666, plan(), Config { backlog: 4, ..Config::default() });
    let mut slow = house.conference.watch();
    let ((alice, a), (bob, b)) = (house.joins("alice"), house.joins("bob"));
    for on in [true, false, true, false] {
        assert_eq!(house.order(RoomOrder::Mute(number(1), on)), Ok(()));
    }
    assert_eq!(house.heard(&[&alice, &bob]), "a<b b<a");
    assert!(matches!(slow.try_recv(), Err(TryRecvError::Lagged(missed)) if missed > 4));
    assert!(slow.try_recv().is_ok());
    house.ends(&[&a, &b]);
}

#[test]
fn what_a_room_is_like_is_that_of_its_opening() {
    let house = House::with(667, Plan { maximum: 5, ..plan() });
    let (_, a) = house.joins("alice");
    let view = house.view();
    assert_eq!((view.tenant, view.name.as_str(), view.locked, view.recording), (TENANT, "600", false, None));
    assert_eq!(view.members[0].since, view.opened);
    house.ends(&[&a]);
}
