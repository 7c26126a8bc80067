//! Keys that an application reads: after a prompt, during it, typed ahead, too few or too late.

use switch::{Command, DialOutcome, Digit, Ended, Read, Reply};
use testkit::seconds;

use crate::sounds::{dial, end, prompt, read, reading, reply, talking_to};

#[test]
fn keys_are_read_after_the_prompt_until_one_ends_them() {
    let (world, alice, call) = talking_to(73, vec![Command::Read(reading())]);
    world.run_for(seconds(2));
    assert_eq!(world.hears(&alice), []);
    alice.press("123#");
    assert_eq!(reply(&world), read("123", Ended::Key(Digit::POUND)));
    end(&world, &call);
}

#[test]
fn as_many_keys_as_can_be_need_no_ending() {
    let (world, alice, call) = talking_to(74, vec![Command::Read(reading())]);
    alice.press("1234");
    assert_eq!((world.hears(&alice), reply(&world)), (vec![], read("1234", Ended::Enough)));
    end(&world, &call);
}

#[test]
fn a_key_during_the_prompt_silences_it_and_counts() {
    let (world, alice, call) = talking_to(75, vec![Command::Read(reading())]);
    assert_eq!(world.hears(&alice), [prompt("enter-pin")]);
    alice.press("7");
    assert_eq!(world.hears(&alice), []);
    alice.press("8");
    world.run_for(seconds(2));
    assert_eq!(reply(&world), read("78", Ended::Time));
    end(&world, &call);
}

#[test]
fn keys_that_were_typed_ahead_are_read_without_a_prompt() {
    let (world, alice, call) = talking_to(76, vec![Command::Wait(seconds(3)), Command::Read(reading())]);
    alice.press("12");
    world.run_for(seconds(3));
    assert_eq!((world.heard(&alice), world.replies().len()), (vec![], 2));
    alice.press("3#");
    assert_eq!(world.replies().last().cloned(), read("123", Ended::Key(Digit::POUND)));
    end(&world, &call);
}

#[test]
fn sixty_four_keys_typed_ahead_are_kept_and_the_rest_is_lost() {
    let all = Read { min: 0, max: 64, ..reading() };
    let (world, alice, call) = talking_to(77, vec![Command::Wait(seconds(3)), Command::Read(all)]);
    alice.press(&"5".repeat(64));
    alice.press("666#");
    world.run_for(seconds(3));
    assert_eq!(world.replies().last().cloned(), read(&"5".repeat(64), Ended::Enough));
    end(&world, &call);
}

#[test]
fn a_dial_forgets_what_was_typed_ahead() {
    let script = vec![Command::Wait(seconds(1)), dial("nobody"), Command::Read(reading())];
    let (world, alice, call) = talking_to(78, script);
    alice.press("99");
    world.run_for(seconds(1));
    assert_eq!(world.replies().get(2), Some(&Reply::Dialled(DialOutcome::Unknown)));
    assert_eq!(world.hears(&alice), [prompt("enter-pin")]);
    end(&world, &call);
}

#[test]
fn too_few_keys_are_asked_for_once_more() {
    let (world, alice, call) = talking_to(79, vec![Command::Read(reading())]);
    alice.press("1#");
    assert_eq!(world.hears(&alice), [prompt("sorry"), prompt("enter-pin")]);
    alice.press("12#");
    assert_eq!(reply(&world), read("12", Ended::Key(Digit::POUND)));
    end(&world, &call);
}

#[test]
fn who_presses_nothing_is_asked_as_often_as_was_wished() {
    let (world, alice, call) = talking_to(80, vec![Command::Read(reading())]);
    world.run_for(seconds(6));
    assert_eq!(world.hears(&alice), [prompt("sorry"), prompt("enter-pin")]);
    world.run_for(seconds(6));
    assert_eq!(reply(&world), None);
    world.run_for(seconds(2));
    assert_eq!(reply(&world), read("", Ended::Time));
    end(&world, &call);
}
