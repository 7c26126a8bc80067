//! Nothing that was said is lost, whenever a call or its task ends.

use switch::{Failure, Folder};
use voicemail::{Delivered, KeepFault, Parted};

use crate::house::House;
use crate::kept::message;

/// What a caller presses and when, in ms from the tone.
const KEYS: [(u64, &str); 5] = [(2_000, "#"), (3_000, "4"), (4_500, "3"), (6_500, "#"), (8_000, "1")];
/// When all of it is over.
const OVER: u64 = 10_500;

/// Carol leaves a message and does all that she can until so many ms after the greeting.
fn leaves_until(house: &House, end: u64) -> testkit::Placed {
    let call = house.dials(&house.carol, "101");
    house.wait(400);
    house.carol.press("#");
    let mut now = 0;
    for (at, keys) in KEYS.into_iter().filter(|(at, _)| *at < end) {
        house.wait(at - now);
        house.carol.press(keys);
        now = at;
    }
    house.wait(end - now);
    call
}

#[test]
fn whenever_a_caller_hangs_up_each_message_is_delivered_or_discarded_once() {
    for end in (0..=OVER).step_by(100) {
        let house = House::new(740 + end);
        let call = leaves_until(&house, end);
        call.hang_up();
        house.is_quiet();
        let state = house.kept();
        assert!(!state.begun.is_empty() && state.abandoned.is_empty(), "at {end}");
        let kept = state.delivered.iter().filter(|(_, delivered, _)| *delivered == Delivered::Kept).count();
        assert_eq!(kept, 1, "at {end}: {:?}", state.delivered);
        assert_eq!(state.begun.len(), state.delivered.len() + state.discarded.len(), "at {end}");
        drop(state);
        // From the last word on the exchange ends it itself.
        let parted = if end >= 10_000 { Parted::Done } else { Parted::HungUp };
        assert_eq!(house.parted(), [Ok(parted)], "at {end}");
    }
}

#[test]
fn a_second_take_that_is_cut_off_at_its_begin_does_not_cost_the_first() {
    let house = House::new(741);
    let call = leaves_until(&house, 4_700);
    assert_eq!(house.kept().begun.len(), 2);
    house.kept().outcomes = [Ok(Delivered::Nothing)].into();
    house.ends(&call);
    let delivered: Vec<_> = house.kept().delivered.iter().map(|(id, how, urgent)| (id.0, *how, *urgent)).collect();
    assert_eq!(delivered, [(2, Delivered::Nothing, true), (1, Delivered::Kept, true)]);
}

#[test]
fn whenever_its_task_is_let_go_each_message_is_delivered_or_the_keepers() {
    for end in (0..OVER).step_by(250) {
        let house = House::new(742 + end);
        let call = leaves_until(&house, end);
        let over = !call.is_up();
        house.break_off.notify_waiters();
        house.world.let_applications_work();
        {
            let state = house.kept();
            assert_eq!(state.lost(), [], "at {end}");
        }
        call.hang_up();
        house.is_quiet();
        if !over {
            let ended = house.world.application_outcomes();
            assert!(matches!(ended[..], [Err(Failure::Broken(_)) | Ok(())]), "{ended:?}");
        }
    }
}

#[test]
fn a_task_that_is_let_go_while_it_delivers_leaves_that_to_the_keeper() {
    let house = House::new(743);
    let dock = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    house.kept().dock = Some(dock);
    let call = leaves_until(&house, 8_100);
    assert!(house.kept().delivered.is_empty());
    house.break_off.notify_waiters();
    house.world.let_applications_work();
    assert_eq!(house.kept().abandoned.len(), 2);
    house.ends(&call);
}

#[test]
fn a_caller_who_hangs_up_while_the_store_rests_leaves_his_message_to_the_keeper() {
    // At once, and while he waits for it to be tried again.
    for (seed, end) in [(744, 3_000), (745, 8_500)] {
        let house = House::new(seed);
        house.kept().outcomes = [Err(KeepFault::Unavailable); 9].into();
        let call = leaves_until(&house, end);
        house.ends(&call);
        let state = house.kept();
        assert_eq!((state.delivered.len(), state.abandoned.len()), (0, state.begun.len()));
    }
}

#[test]
fn an_owner_whose_task_is_let_go_has_all_his_messages_where_they_were() {
    let house = House::new(746);
    house.has([message(1)]);
    let call = house.dials(&house.alice, "*97");
    house.alice.press("1");
    house.wait(700);
    house.break_off.notify_waiters();
    house.world.let_applications_work();
    assert_eq!(house.folder_of(1), Folder::New);
    house.ends(&call);
}
