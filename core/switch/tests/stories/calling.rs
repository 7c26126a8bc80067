//! One user calls another: who rings, who hears whom, what the caller is told, what is written down.

use switch::{Cause, Disposition, Side};
use testkit::{Outcome, World, millis, minutes, seconds};

#[test]
fn two_people_hear_each_other_until_one_hangs_up() {
    let world = World::seeded(1);
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    let call = alice.dial(&bob);
    world.run_for(seconds(5));
    assert!(call.is_up());
    assert!(alice.hears(&bob) && bob.hears(&alice));
    call.hang_up();
    world.run_for(seconds(1));
    assert_eq!((alice.calls_up(), bob.calls_up()), (0, 0));
    world.assert_quiet();
    let cdrs = world.cdrs();
    let cdr = cdrs.first().expect("a CDR");
    assert_eq!(
        (cdr.disposition, cdr.cause, cdr.by, cdr.status),
        (Disposition::Answered, Cause::NORMAL, Side::Caller, 200)
    );
    assert_eq!((cdr.caller.as_str(), cdr.callee.as_str(), cdr.answered_by.as_deref()), ("alice", "bob", Some("bob")));
    assert_eq!(cdr.legs.len(), 2);
    assert!(cdr.legs.iter().all(|leg| leg.media.is_some_and(|media| media.packets_in == 1)));
}

#[test]
fn the_caller_sees_a_ring_in_one_round_trip_after_its_credentials() {
    let world = World::seeded(2);
    let (alice, bob) = (world.phone("alice"), world.phone("bob").that_never_answers());
    let call = alice.dial(&bob);
    // INVITE, 401, INVITE, on to bob, 180 back: six hops of five milliseconds.
    world.run_for(millis(31));
    assert!(call.rang());
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn the_callee_may_hang_up_too() {
    let world = World::seeded(3);
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    let call = alice.dial(&bob);
    world.run_for(seconds(5));
    bob.hang_up();
    world.run_for(seconds(1));
    assert_eq!(call.outcome(), Outcome::HungUp);
    world.assert_quiet();
    assert_eq!(world.cdrs().first().map(|cdr| cdr.by), Some(Side::Callee));
}

#[test]
fn both_hang_up_at_once_and_nothing_is_left() {
    let world = World::seeded(4);
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    let call = alice.dial(&bob);
    world.run_for(seconds(5));
    call.hang_up();
    bob.hang_up();
    world.assert_quiet();
    assert_eq!(world.cdrs().len(), 1);
}

#[test]
fn what_the_callee_says_is_what_the_caller_is_told() {
    for (said, told, disposition) in [
        (486, 486, Disposition::Busy),
        (600, 486, Disposition::Busy),
        (603, 603, Disposition::Rejected),
        (404, 404, Disposition::Failed),
        (480, 480, Disposition::Failed),
        (302, 480, Disposition::Failed),
        (407, 502, Disposition::Failed),
        (488, 488, Disposition::Failed),
        (500, 500, Disposition::Failed),
    ] {
        let world = World::seeded(u64::from(said));
        let (alice, bob) = (world.phone("alice"), world.phone("bob").that_refuses(said));
        let call = alice.dial(&bob);
        world.run_for(seconds(5));
        assert_eq!(call.outcome(), Outcome::Refused(told), "bob said {said}");
        world.assert_quiet();
        let ended = world.cdrs().first().map(|cdr| (cdr.disposition, cdr.by));
        assert_eq!(ended, Some((disposition, Side::Callee)), "bob said {said}");
    }
}

#[test]
fn nobody_answers_and_the_caller_is_told() {
    let world = World::seeded(7);
    let (alice, bob) = (world.phone("alice"), world.phone("bob").that_never_answers());
    let call = alice.dial(&bob);
    world.run_for(minutes(2));
    assert_eq!(call.outcome(), Outcome::Refused(480));
    let ended = world.cdrs().first().map(|cdr| (cdr.disposition, cdr.cause, cdr.by));
    assert_eq!(ended, Some((Disposition::NoAnswer, Cause::NO_ANSWER, Side::Exchange)));
    world.assert_quiet();
}

#[test]
fn a_phone_that_is_gone_does_not_leave_the_caller_waiting() {
    let world = World::seeded(8);
    let (alice, bob) = (world.phone("alice"), world.phone("bob").that_is_unplugged());
    let call = alice.dial(&bob);
    world.run_for(seconds(40));
    assert_eq!(call.outcome(), Outcome::Refused(480));
    world.assert_quiet();
}

#[test]
fn unknown_and_unregistered_are_different_things() {
    let world = World::seeded(9);
    let alice = world.phone("alice");
    let carol = world.unregistered_phone("carol");
    let nobody = alice.dial_number("4711");
    let absent = alice.dial(&carol);
    world.run_for(seconds(2));
    assert_eq!(nobody.outcome(), Outcome::Refused(404));
    assert_eq!(absent.outcome(), Outcome::Refused(480));
    world.assert_quiet();
    let ended: Vec<_> = world.cdrs().iter().map(|cdr| (cdr.disposition, cdr.cause, cdr.by)).collect();
    let failed = |cause| (Disposition::Failed, cause, Side::Exchange);
    assert_eq!(ended, [failed(Cause::UNALLOCATED), failed(Cause::ABSENT)]);
}

#[test]
fn a_caller_that_gives_up_stops_the_ringing() {
    let world = World::seeded(10);
    let (alice, bob) = (world.phone("alice"), world.phone("bob").that_never_answers());
    let call = alice.dial(&bob);
    world.run_for(seconds(5));
    call.hang_up();
    world.run_for(seconds(1));
    assert_eq!(call.outcome(), Outcome::Refused(487));
    assert_eq!(bob.rung(), 1);
    world.assert_quiet();
    assert_eq!(world.cdrs().first().map(|cdr| cdr.disposition), Some(Disposition::Cancelled));
}

#[test]
fn a_cancel_that_crosses_the_answer_leaves_nobody_talking_to_nobody() {
    // The answer leaves bob's phone one millisecond before the CANCEL reaches it, and thereabouts.
    for offset in 0..24 {
        let world = World::seeded(100 + offset);
        let (alice, bob) = (world.phone("alice"), world.phone("bob").that_answers_after(millis(1000)));
        let call = alice.dial(&bob);
        world.run_for(millis(1000 + offset));
        call.hang_up();
        world.run_for(seconds(1));
        if call.is_up() {
            call.hang_up();
        }
        world.assert_quiet();
        assert_eq!((alice.calls_up(), bob.calls_up()), (0, 0), "offset {offset}");
        assert_eq!(world.cdrs().len(), 1, "offset {offset}");
    }
}

#[test]
fn all_phones_of_a_user_ring_and_the_first_to_answer_wins() {
    let world = World::seeded(11);
    let alice = world.phone("alice");
    let desk = world.phone("bob").that_answers_after(seconds(3));
    let pocket = world.phone("bob").that_never_answers();
    let call = alice.dial(&desk);
    world.run_for(seconds(5));
    assert!(call.is_up() && alice.hears(&desk) && desk.hears(&alice));
    assert_eq!((desk.rung(), pocket.rung(), pocket.calls_up()), (1, 1, 0));
    // RFC 3326: so that the other phone lists no missed call.
    assert!(pocket.last_reason().contains("cause=200"), "{}", pocket.last_reason());
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn two_phones_that_answer_at_once_do_not_both_stay_up() {
    let world = World::seeded(12);
    let alice = world.phone("alice");
    let desk = world.phone("bob").that_answers_after(seconds(3));
    let pocket = world.phone("bob").that_answers_after(seconds(3));
    let call = alice.dial(&desk);
    world.run_for(seconds(10));
    assert!(call.is_up());
    assert_eq!(desk.calls_up() + pocket.calls_up(), 1, "the late 2xx gets ACK and BYE");
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn one_busy_phone_does_not_end_the_ringing_of_another() {
    let world = World::seeded(13);
    let alice = world.phone("alice");
    let _busy = world.phone("bob").that_refuses(486);
    let free = world.phone("bob").that_answers_after(seconds(3));
    let call = alice.dial(&free);
    world.run_for(seconds(5));
    assert!(call.is_up() && alice.hears(&free));
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn what_sounds_before_the_answer_is_heard() {
    let world = World::seeded(14);
    let (alice, bob) = (world.phone("alice"), world.phone("bob").that_has_early_media());
    let call = alice.dial(&bob);
    world.run_for(seconds(1));
    assert!(!call.is_up() && alice.hears(&bob), "{}", world.ladder());
    world.run_for(seconds(5));
    assert!(call.is_up() && alice.hears(&bob) && bob.hears(&alice));
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn an_offer_that_comes_with_the_ack_is_carried_through_both_legs() {
    let world = World::seeded(15);
    let (alice, bob) = (world.phone("alice").that_delays_its_offer(), world.phone("bob"));
    let call = alice.dial(&bob);
    world.run_for(seconds(5));
    assert!(call.is_up() && alice.hears(&bob) && bob.hears(&alice), "{}", world.ladder());
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn without_a_media_port_the_caller_is_told_to_come_again() {
    let world = World::seeded(16);
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    world.out_of_ports();
    let call = alice.dial(&bob);
    world.run_for(seconds(2));
    assert_eq!(call.outcome(), Outcome::Refused(503));
    world.run_for(minutes(2));
}

#[test]
fn a_call_in_which_nobody_says_anything_ends_with_that_cause() {
    let world = World::seeded(17);
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    let call = alice.dial(&bob);
    world.run_for(seconds(5));
    world.silence();
    world.run_for(seconds(1));
    assert_eq!((call.outcome(), bob.calls_up()), (Outcome::HungUp, 0));
    world.assert_quiet();
    assert_eq!(world.cdrs().first().map(|cdr| (cdr.cause, cdr.by)), Some((Cause::TIMER, Side::Exchange)));
}

#[test]
fn a_call_whose_sound_the_exchange_lost_ends_with_that_cause_whether_it_was_answered_or_not() {
    let world = World::seeded(17);
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    let call = alice.dial(&bob);
    world.run_for(seconds(5));
    world.break_media();
    world.run_for(seconds(1));
    assert_eq!((call.outcome(), bob.calls_up()), (Outcome::HungUp, 0));
    world.assert_quiet();
    let ended = world.cdrs().first().map(|cdr| (cdr.cause, cdr.by, cdr.disposition));
    assert_eq!(ended, Some((Cause::TEMPORARY, Side::Exchange, Disposition::Answered)));
}

#[test]
fn a_draining_exchange_takes_no_new_call_and_keeps_the_old() {
    let world = World::seeded(18);
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    let old = alice.dial(&bob);
    world.run_for(seconds(5));
    world.drain();
    let new = alice.dial(&bob);
    world.run_for(seconds(2));
    assert_eq!(new.outcome(), Outcome::Refused(503));
    assert!(old.is_up());
    old.hang_up();
    world.assert_quiet();
}
