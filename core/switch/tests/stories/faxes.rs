//! Fax (ITU-T T.38): carried between two legs in place of the sound, as datagrams that nobody here understands.

use switch::{Command, Event, Reliable, Secrecy, Side, Target};
use testkit::{Outcome, Phone, Placed, World, seconds};

use crate::reliable::end;
use crate::trunks::{NUMBER, alice_by};

/// Alice talks with a gateway; of both it is said how they take fax.
fn talking(seed: u64, fax: [u16; 2]) -> (World, Phone, Phone, Placed) {
    let world = World::seeded(seed);
    let [hers, theirs] = fax;
    let gateway = world.gateway("gw").that_answers_fax(theirs);
    let alice = alice_by(&world, vec![world.trunk_of(1, "acme", &[&gateway])]).that_answers_fax(hers);
    let call = alice.dial_number(NUMBER);
    world.run_for(seconds(5));
    assert!(call.is_up() && alice.hears(&gateway));
    (world, alice, gateway, call)
}

const SAID: [&str; 6] = [
    "a=T38FaxVersion:0\r\n",
    "a=T38MaxBitRate:14400\r\n",
    "a=T38FaxRateManagement:transferredTCF\r\n",
    "a=T38FaxMaxBuffer:1800\r\n",
    "a=T38FaxMaxDatagram:262\r\n",
    "a=T38FaxUdpEC:t38UDPRedundancy\r\n",
];

#[test]
fn fax_takes_the_place_of_the_sound_and_the_sound_comes_back() {
    // In its place, or beside an audio line that is refused; of the caller, or of the callee.
    for (seed, silent, of_caller) in
        [(1300, false, true), (1301, true, true), (1302, false, false), (1303, true, false)]
    {
        let (world, alice, gateway, call) = talking(seed, [200, 200]);
        let (one, other) = if of_caller { (&alice, &gateway) } else { (&gateway, &alice) };
        assert!(!alice.is_faxed_by(&gateway));
        one.offers_fax(silent);
        world.run_for(seconds(1));
        assert_eq!(one.reinvited(), Some(200), "{}", world.ladder());
        assert!(alice.is_faxed_by(&gateway) && gateway.is_faxed_by(&alice), "{}", world.ladder());
        // All that is said of it stands as it was, with our address and port.
        let invite = other.last_invite();
        assert!(SAID.iter().all(|line| invite.contains(line)), "{invite}");
        assert!(invite.contains("c=IN IP4 10.0.0.1\r\n") && invite.contains("m=image 2000"), "{invite}");
        assert_eq!(invite.contains("m=audio 0 "), silent, "{invite}");
        // Nobody is heard by the exchange meanwhile.
        assert_eq!((world.voice_to(&alice), world.voice_to(&gateway)), (None, None));
        for phone in [one, other] {
            phone.resume();
            world.run_for(seconds(1));
            assert_eq!(phone.reinvited(), Some(200), "{}", world.ladder());
            assert!(alice.hears(&gateway) && gateway.hears(&alice) && !alice.is_faxed_by(&gateway));
            assert!(world.voice_to(&alice).is_some() && world.voice_to(&gateway).is_some());
        }
        end(&world, &call);
    }
}

#[test]
fn who_takes_no_fax_says_so_and_the_talk_goes_on() {
    for (seed, status) in [(1304, 488), (1305, 415), (1306, 606)] {
        let (world, alice, gateway, call) = talking(seed, [200, status]);
        alice.offers_fax(false);
        world.run_for(seconds(1));
        assert_eq!(alice.reinvited(), Some(status), "{}", world.ladder());
        assert!(call.is_up() && alice.hears(&gateway) && gateway.hears(&alice) && !alice.is_faxed_by(&gateway));
        end(&world, &call);
    }
}

#[test]
fn a_trunk_that_carries_no_fax_is_not_asked_for_it() {
    let world = World::seeded(1307);
    let gateway = world.gateway("gw").that_answers_fax(200);
    let mut trunk = world.trunk_of(1, "acme", &[&gateway]);
    trunk.fax = false;
    let alice = alice_by(&world, vec![trunk]).that_answers_fax(200);
    let call = alice.dial_number(NUMBER);
    world.run_for(seconds(5));
    for phone in [&alice, &gateway] {
        phone.offers_fax(true);
        world.run_for(seconds(1));
        assert_eq!(phone.reinvited(), Some(488), "{}", world.ladder());
    }
    let image = |phone: &Phone| phone.told_of("INVITE").iter().any(|text| text.contains("m=image"));
    assert!(!image(&alice) && !image(&gateway));
    assert!(call.is_up() && alice.hears(&gateway));
    end(&world, &call);
}

#[test]
fn what_must_be_encrypted_is_not_faxed() {
    let world = World::seeded(1308);
    let (alice, bob) = (world.unregistered_phone("alice"), world.unregistered_phone("bob"));
    let (alice, bob) = (alice.that_answers_fax(200), bob.that_answers_fax(200).that_insists_on_encryption());
    world.secrecy_of("bob", Secrecy::Required);
    for phone in [&alice, &bob] {
        phone.register();
    }
    let call = alice.dial(&bob);
    world.run_for(seconds(5));
    assert!(call.is_up(), "{}", world.ladder());
    for phone in [&alice, &bob] {
        phone.offers_fax(false);
        world.run_for(seconds(1));
        assert_eq!(phone.reinvited(), Some(488), "{}", world.ladder());
    }
    end(&world, &call);
}

#[test]
fn keys_come_back_with_the_sound() {
    let world = World::seeded(1309);
    let gateway = world.gateway("gw").that_answers_fax(200).that_can_encrypt();
    let mut trunk = world.trunk_of(1, "acme", &[&gateway]);
    trunk.media.secrecy = Some(Secrecy::Optional);
    let alice = alice_by(&world, vec![trunk]).that_answers_fax(200);
    let call = alice.dial_number(NUMBER);
    world.run_for(seconds(5));
    let keys = world.keys_to(&gateway);
    assert!(keys.is_some(), "{}", world.ladder());
    alice.offers_fax(false);
    world.run_for(seconds(1));
    assert!(alice.is_faxed_by(&gateway), "{}", world.ladder());
    alice.resume();
    world.run_for(seconds(1));
    assert_eq!((alice.reinvited(), world.keys_to(&gateway)), (Some(200), keys), "{}", world.ladder());
    assert!(alice.hears(&gateway) && gateway.hears(&alice));
    end(&world, &call);
}

#[test]
fn a_fax_machine_may_listen_for_as_long_as_it_likes() {
    let (world, alice, gateway, call) = talking(1310, [200, 200]);
    assert_eq!(world.may_be_silent_for(&alice), Some(seconds(60)));
    alice.offers_fax(false);
    world.run_for(seconds(1));
    assert_eq!((world.may_be_silent_for(&alice), world.may_be_silent_for(&gateway)), (None, None));
    world.silence();
    assert!(call.is_up());
    alice.resume();
    world.run_for(seconds(1));
    assert_eq!(world.may_be_silent_for(&alice), Some(seconds(60)));
    end(&world, &call);
}

#[test]
fn a_fax_ends_the_hold_that_it_meets() {
    let (world, alice, gateway, call) = talking(1315, [200, 200]);
    alice.hold();
    world.run_for(seconds(1));
    assert!(!world.hears(&gateway).is_empty());
    gateway.offers_fax(false);
    world.run_for(seconds(1));
    assert!(alice.is_faxed_by(&gateway) && gateway.is_faxed_by(&alice), "{}", world.ladder());
    assert!(world.hears(&gateway).is_empty() && world.events().contains(&Event::Resumed(Side::Caller)));
    end(&world, &call);
}

#[test]
fn a_call_may_begin_as_a_fax() {
    let (fax, other) = (Outcome::Open, Outcome::Refused(488));
    for (seed, takes, permitted, outcome) in
        [(1316, 200, true, fax), (1317, 488, true, other), (1318, 200, false, other)]
    {
        let world = World::seeded(seed);
        let (machine, gateway) = (world.phone("fax").that_answers_fax(takes), world.gateway("gw").that_calls_to_fax());
        let mut trunk = world.trunk_of(1, "acme", &[&gateway]);
        trunk.fax = permitted;
        world.trunks(vec![trunk]);
        world.owns("+493012345", Some(Target::User("fax".to_owned())));
        let call = gateway.dial_number("+493012345");
        world.run_for(seconds(5));
        assert_eq!((call.outcome(), machine.rung()), (outcome, usize::from(permitted)), "{}", world.ladder());
        if call.is_up() {
            assert!(machine.is_faxed_by(&gateway) && gateway.is_faxed_by(&machine));
            assert_eq!(world.may_be_silent_for(&machine), None);
        }
        end(&world, &call);
    }
}

#[test]
fn legs_of_two_codecs_can_fax_all_the_same() {
    let world = World::seeded(1311);
    let gateway = world.gateway("gw").that_answers_fax(200).that_speaks(&["8 PCMA/8000"]);
    let alice = alice_by(&world, vec![world.trunk_of(1, "acme", &[&gateway])]);
    let alice = alice.that_speaks(&["96 opus/48000/2"]).that_answers_fax(200);
    let call = alice.dial_number(NUMBER);
    world.run_for(seconds(5));
    assert!(alice.hears(&gateway), "{}", world.ladder());
    gateway.offers_fax(false);
    world.run_for(seconds(1));
    assert!(alice.is_faxed_by(&gateway) && gateway.is_faxed_by(&alice), "{}", world.ladder());
    end(&world, &call);
}

#[test]
fn an_application_takes_no_fax() {
    let world = World::seeded(1312);
    let alice = world.phone("alice");
    world.application(vec![Command::Answer, Command::Wait(seconds(60))]);
    let call = alice.dial_number("menu");
    world.run_for(seconds(1));
    alice.offers_fax(false);
    world.run_for(seconds(1));
    assert_eq!((alice.reinvited(), call.is_up()), (Some(488), true), "{}", world.ladder());
    end(&world, &call);
}

#[test]
fn a_recorded_call_that_becomes_a_fax_is_recorded_on_when_it_is_sound_again() {
    let world = World::seeded(1313);
    let gateway = world.gateway("gw").that_answers_fax(200);
    let alice = alice_by(&world, vec![world.trunk_of(1, "acme", &[&gateway])]).that_answers_fax(200);
    let mut script = vec![crate::tapes::start(None)];
    script.extend(crate::trunks::dials(NUMBER, switch::Outside::default()));
    world.application(script);
    let call = alice.dial_number(NUMBER);
    world.run_for(seconds(5));
    assert!(world.tapes(&alice) && world.tapes(&gateway), "{}", world.ladder());
    gateway.offers_fax(false);
    world.run_for(seconds(5));
    assert!(alice.is_faxed_by(&gateway), "{}", world.ladder());
    gateway.resume();
    world.run_for(seconds(5));
    assert!(world.tapes(&alice) && world.tapes(&gateway) && alice.hears(&gateway));
    end(&world, &call);
}

#[test]
fn a_fax_that_comes_over_a_trunk_goes_on_to_a_machine_of_ours() {
    let world = World::seeded(1314);
    let (machine, gateway) = (world.phone("fax").that_answers_fax(200), world.gateway("gw").that_answers_fax(200));
    let mut trunk = world.trunk_of(1, "acme", &[&gateway]);
    trunk.reliable = Reliable::Required;
    world.trunks(vec![trunk]);
    world.owns("+493012345", Some(Target::User("fax".to_owned())));
    let gateway = gateway.that_supports_100rel();
    let call = gateway.dial_number("+493012345");
    world.run_for(seconds(5));
    assert!(call.is_up(), "{}", world.ladder());
    // The machine that is called hears the other's tone, and turns to T.38.
    machine.offers_fax(false);
    world.run_for(seconds(1));
    assert_eq!(machine.reinvited(), Some(200), "{}", world.ladder());
    assert!(machine.is_faxed_by(&gateway) && gateway.is_faxed_by(&machine), "{}", world.ladder());
    // A refresh of the carrier's says its fax again, and the machine is not asked.
    let asked = machine.told_of("INVITE").len();
    gateway.offers_again();
    world.run_for(seconds(1));
    assert_eq!((gateway.reinvited(), machine.told_of("INVITE").len()), (Some(200), asked), "{}", world.ladder());
    assert!(machine.is_faxed_by(&gateway));
    end(&world, &call);
}
