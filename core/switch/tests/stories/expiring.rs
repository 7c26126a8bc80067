//! Session timers (RFC 4028): a call whose far end is gone is noticed, on each leg for itself.

use switch::{Cause, Command, Disposition, Event, Side, Sound, Target};
use testkit::{Outcome, Phone, Placed, World, millis, minutes, seconds};

use crate::reliable::{end, rows};
use crate::trunks::{NUMBER, alice_by};

const ALLOW: &str = "INVITE, ACK, BYE, CANCEL, UPDATE";

/// Alice talks with a gateway that answers with these rows.
fn talking(seed: u64, answers: &[(&'static str, &str)]) -> (World, Phone, Phone, Placed) {
    let world = World::seeded(seed);
    let gateway = world.gateway("gw");
    gateway.answers_from_now_on_with(answers);
    let alice = alice_by(&world, vec![world.trunk_of(1, "acme", &[&gateway])]);
    let call = alice.dial_number(NUMBER);
    world.run_for(seconds(3));
    assert!(call.is_up() && alice.hears(&gateway), "{}", world.ladder());
    (world, alice, gateway, call)
}

/// As one that has us refresh, and takes UPDATE or does not.
fn ours(seed: u64, takes_update: bool) -> (World, Phone, Phone, Placed) {
    let allow = ("Allow", if takes_update { ALLOW } else { "INVITE, ACK, BYE, CANCEL" });
    talking(seed, &[("Require", "timer"), ("Session-Expires", "120;refresher=uac"), allow])
}

/// What was said to a gateway inside its call, beside the first INVITE.
fn inside(gateway: &Phone, method: &str) -> Vec<String> {
    let told = gateway.told_of(method).into_iter().filter(|text| text.starts_with(method));
    told.filter(|text| rows(std::slice::from_ref(text), "To")[0].contains(";tag=")).collect()
}

fn cause(world: &World) -> Option<(Cause, Side, Disposition)> {
    world.cdrs().first().map(|cdr| (cdr.cause, cdr.by, cdr.disposition))
}

#[test]
fn a_trunk_asks_for_a_timer_and_phones_are_told_that_they_may() {
    let (world, _, gateway, call) = talking(1100, &[]);
    let invite = gateway.told_of("INVITE").remove(0);
    assert_eq!(rows(std::slice::from_ref(&invite), "Session-Expires"), ["1800"], "{invite}");
    assert!(invite.contains("Supported: timer") && !invite.contains("Min-SE"), "{invite}");
    end(&world, &call);
    let world = World::seeded(1101);
    let gateway = world.gateway("gw");
    let mut trunk = world.trunk_of(1, "acme", &[&gateway]);
    (trunk.timer.expires, trunk.timer.least) = (Some(seconds(600)), seconds(300));
    let alice = alice_by(&world, vec![trunk]);
    let call = alice.dial_number(NUMBER);
    world.run_for(seconds(1));
    let invite = gateway.last_invite();
    assert!(invite.contains("Session-Expires: 600\r\n") && invite.contains("Min-SE: 300\r\n"), "{invite}");
    call.hang_up();
    let bob = world.phone("bob");
    world.application(vec![Command::Route { failed: None }]);
    let call = alice.dial(&bob);
    world.run_for(seconds(1));
    let invite = bob.last_invite();
    assert!(invite.contains("Supported: timer\r\n") && !invite.contains("Session-Expires"), "{invite}");
    end(&world, &call);
}

#[test]
fn we_refresh_at_half_of_the_time_by_update_where_it_is_taken() {
    let (world, alice, gateway, call) = ours(1102, true);
    world.run_for(seconds(50));
    assert_eq!(inside(&gateway, "UPDATE").len(), 0);
    world.run_for(minutes(9));
    let updates = inside(&gateway, "UPDATE");
    // Every minute.
    assert_eq!((updates.len(), inside(&gateway, "INVITE").len()), (9, 0), "{}", world.ladder());
    let update = &updates[0];
    assert!(
        update.contains("Session-Expires: 120;refresher=uac\r\n") && update.contains("Content-Length: 0"),
        "{update}"
    );
    assert!(update.contains("Contact: <sip:") && update.contains("Supported: timer"), "{update}");
    assert!(call.is_up() && alice.hears(&gateway) && alice.told_of("UPDATE").is_empty());
    end(&world, &call);
}

#[test]
fn we_refresh_by_invite_else_and_say_what_we_said() {
    let (world, alice, gateway, call) = ours(1103, false);
    let first = gateway.told_of("INVITE").remove(0);
    world.run_for(seconds(180));
    let again = inside(&gateway, "INVITE");
    assert_eq!((again.len(), inside(&gateway, "UPDATE").len()), (3, 0), "{}", world.ladder());
    let body = |text: &String| text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    for again in &again {
        assert_eq!(body(again), body(&first), "RFC 3264 §8: nothing has changed, and the version neither");
    }
    assert!(call.is_up() && alice.hears(&gateway) && gateway.hears(&alice));
    assert!(!alice.told_of("INVITE").iter().any(|text| text.starts_with("INVITE")), "alice is not asked");
    end(&world, &call);
}

#[test]
fn a_far_end_that_should_refresh_and_does_not_is_gone() {
    for (seed, expires, after) in [(1104, 120, 88), (1105, 90, 60), (1106, 1800, 1768)] {
        let (world, alice, gateway, call) =
            talking(seed, &[("Session-Expires", &format!("{expires};refresher=uas")), ("Require", "timer")]);
        // §10: by a third of the time before its end, or by 32 s. It was answered at 2 s of the 3.
        world.run_for(seconds(after) - millis(1_100));
        assert!(call.is_up(), "{expires}: {}", world.ladder());
        world.run_for(millis(300));
        assert_eq!((call.outcome(), gateway.calls_up()), (Outcome::HungUp, 0), "{expires}: {}", world.ladder());
        assert!(alice.last_reason().contains("cause=102"), "{}", alice.last_reason());
        world.assert_quiet();
        assert_eq!(cause(&world), Some((Cause::TIMER, Side::Exchange, Disposition::Answered)));
    }
}

#[test]
fn a_far_end_that_refreshes_is_there() {
    // By what it said before, as it was; by an UPDATE without a word.
    for (seed, by) in [(1107, Phone::offers_again as fn(&Phone)), (1108, |phone: &Phone| phone.updates(None))] {
        let rows = [("Session-Expires", "120;refresher=uas"), ("Require", "timer")];
        let (world, alice, gateway, call) = talking(seed, &rows);
        let gateway = gateway.that_sends("Session-Expires", "120;refresher=uac").that_also_sends("Supported", "timer");
        for _ in 0..5 {
            world.run_for(seconds(60));
            by(&gateway);
            world.run_for(seconds(1));
        }
        assert!(call.is_up() && alice.hears(&gateway) && gateway.hears(&alice), "{}", world.ladder());
        assert!([gateway.reinvited(), gateway.updated()].contains(&Some(200)));
        assert!(!alice.told_of("INVITE").iter().any(|text| text.starts_with("INVITE")), "alice is not asked");
        // It goes.
        world.run_for(seconds(88));
        assert_eq!(call.outcome(), Outcome::HungUp, "{}", world.ladder());
        world.assert_quiet();
    }
}

#[test]
fn a_callee_that_wants_a_longer_time_is_asked_again() {
    let world = World::seeded(1109);
    let gateway = world.gateway("gw").that_takes_sessions_from(3600);
    let alice = alice_by(&world, vec![world.trunk_of(1, "acme", &[&gateway])]);
    let call = alice.dial_number(NUMBER);
    world.run_for(seconds(3));
    assert!(call.is_up() && alice.hears(&gateway), "{}", world.ladder());
    let told = gateway.told_of("INVITE");
    let invites: Vec<_> = told.into_iter().filter(|text| text.starts_with("INVITE")).collect();
    // §7.3: the same but for the interval, the number and the branch.
    assert_eq!(rows(&invites, "Session-Expires"), ["1800", "3600"]);
    assert_eq!(rows(&invites, "Min-SE"), ["3600"]);
    assert_eq!(rows(&invites, "CSeq"), ["1 INVITE", "2 INVITE"]);
    let [one, other] = ["Call-ID", "From"].map(|name| rows(&invites, name));
    assert!(one[0] == one[1] && other[0] == other[1] && rows(&invites, "Via")[0] != rows(&invites, "Via")[1]);
    call.hang_up();
    world.run_for(seconds(1));
    assert_eq!(rows(&gateway.told_of("BYE"), "CSeq"), ["3 BYE"]);
    world.assert_quiet();
}

#[test]
fn a_callee_that_is_never_content_is_not_asked_for_ever() {
    let world = World::seeded(1110);
    // It refuses, and does not say what it wants.
    let gateway = world.gateway("gw").that_refuses(422);
    let alice = alice_by(&world, vec![world.trunk_of(1, "acme", &[&gateway])]);
    let call = alice.dial_number(NUMBER);
    world.run_for(seconds(3));
    assert_eq!(gateway.rung(), 1, "{}", world.ladder());
    end(&world, &call);
}

#[test]
fn a_time_that_is_too_short_is_refused_to_whom_that_can_be_told() {
    let world = World::seeded(1111);
    let alice = world.phone("alice").that_sends("Session-Expires", "60").that_also_sends("Supported", "timer");
    let bob = world.phone("bob");
    let call = alice.dial(&bob);
    world.run_for(seconds(3));
    assert_eq!((call.outcome(), bob.rung()), (Outcome::Refused(422), 0), "{}", world.ladder());
    assert_eq!(rows(&alice.told_of("INVITE"), "Min-SE"), ["90"]);
    // A proxy asked for it, and she does not know of it.
    let alice = alice.that_sends("Session-Expires", "60");
    let call = alice.dial(&bob);
    world.run_for(seconds(3));
    assert!(call.is_up(), "{}", world.ladder());
    assert_eq!(rows(&alice.told_of("INVITE"), "Session-Expires"), ["90;refresher=uas"]);
    // Nor inside a call.
    let alice = alice.that_sends("Session-Expires", "89").that_also_sends("Supported", "timer");
    alice.offers_again();
    alice.updates(None);
    world.run_for(seconds(1));
    assert_eq!((alice.reinvited(), alice.updated()), (Some(422), Some(422)));
    assert!(call.is_up());
    end(&world, &call);
}

#[test]
fn who_refreshes_is_as_the_caller_wants_it_and_can() {
    // RFC 4028 §9, table 2: what the caller says, what it is told.
    let rows_of = [
        (Some("600"), true, Some("600;refresher=uac")),
        (Some("600;refresher=uac"), true, Some("600;refresher=uac")),
        (Some("600;refresher=uas"), true, Some("600;refresher=uas")),
        (Some("600"), false, Some("600;refresher=uas")),
        (None, true, None),
        (None, false, None),
    ];
    for (at, (asked, can, told)) in rows_of.into_iter().enumerate() {
        let world = World::seeded(1112 + at as u64);
        let mut alice = world.phone("alice");
        for (name, value) in [("Session-Expires", asked), ("Supported", can.then_some("timer"))] {
            if let Some(value) = value {
                alice = alice.that_also_sends(name, value);
            }
        }
        let call = alice.dial(&world.phone("bob"));
        world.run_for(seconds(3));
        let ok = alice.told_of("INVITE").pop().expect("a 200");
        assert_eq!(
            rows(std::slice::from_ref(&ok), "Session-Expires").first().map(String::as_str),
            told,
            "{asked:?} {can}\n{ok}"
        );
        // Who is to refresh must know that (§9).
        assert_eq!(ok.contains("Require: timer"), told.is_some_and(|told| told.ends_with("uac")), "{ok}");
        end(&world, &call);
    }
}

#[test]
fn a_trunk_asks_its_callers_too_and_never_for_longer_than_they_want() {
    let carrier = |seed, asked: Option<&str>, can: bool| {
        let world = World::seeded(seed);
        let (bob, mut gateway) = (world.phone("bob"), world.gateway("gw"));
        for (name, value) in [("Session-Expires", asked), ("Supported", can.then_some("timer"))] {
            if let Some(value) = value {
                gateway = gateway.that_also_sends(name, value);
            }
        }
        let mut trunk = world.trunk_of(1, "acme", &[&gateway]);
        trunk.timer.expires = Some(seconds(300));
        world.trunks(vec![trunk]);
        world.owns("+493012345", Some(Target::User("bob".to_owned())));
        let call = gateway.dial_number("+493012345");
        world.run_for(seconds(3));
        assert!(call.is_up(), "{}", world.ladder());
        (world, gateway, bob, call)
    };
    for (seed, asked, can, told) in [
        (1120, None, true, "300;refresher=uac"),
        (1121, None, false, "300;refresher=uas"),
        (1122, Some("200"), true, "200;refresher=uac"),
        (1123, Some("1800"), true, "300;refresher=uac"),
    ] {
        let (world, gateway, _, call) = carrier(seed, asked, can);
        assert_eq!(rows(&gateway.told_of("INVITE"), "Session-Expires"), [told], "{asked:?} {can}");
        end(&world, &call);
    }
    // One that knows nothing of it is refreshed by us.
    let (world, gateway, bob, call) = carrier(1124, None, false);
    world.run_for(seconds(500));
    let told = gateway.told_of("INVITE");
    assert_eq!(told.iter().filter(|text| text.starts_with("INVITE")).count(), 1, "it drops the timer with its answer");
    assert!(call.is_up() && gateway.hears(&bob), "{}", world.ladder());
    end(&world, &call);
}

#[test]
fn a_refresh_that_crosses_another_is_tried_again() {
    for (seed, takes_update) in [(1125, true), (1126, false)] {
        let (world, _, gateway, call) = ours(seed, takes_update);
        gateway.answers_inside_with(Some(491));
        world.run_for(seconds(60));
        gateway.answers_inside_with(None);
        let method = if takes_update { "UPDATE" } else { "INVITE" };
        assert_eq!(inside(&gateway, method).len(), 1, "{}", world.ladder());
        // RFC 3261 §14.1: whoever minted the Call-ID waits for 2.1 to 4 s.
        world.run_for(seconds(4));
        assert_eq!(inside(&gateway, method).len(), 2, "{}", world.ladder());
        world.run_for(minutes(5));
        assert!(call.is_up());
        end(&world, &call);
    }
}

#[test]
fn a_refresh_that_finds_nobody_ends_the_call_on_both_legs() {
    for (seed, takes_update, status, ended) in [
        (1127, true, 481, (Cause::TEMPORARY, Side::Callee)),
        (1128, false, 481, (Cause::TEMPORARY, Side::Callee)),
        (1129, true, 0, (Cause::TIMER, Side::Exchange)),
        (1130, false, 0, (Cause::TIMER, Side::Exchange)),
    ] {
        let (world, alice, gateway, call) = ours(seed, takes_update);
        gateway.answers_inside_with(Some(status));
        world.run_for(seconds(if status == 0 { 92 } else { 60 }));
        assert_eq!((call.outcome(), gateway.calls_up()), (Outcome::HungUp, 0), "{status}\n{}", world.ladder());
        let reason = format!("cause={}", ended.0.0);
        assert!(alice.last_reason().contains(&reason) && gateway.last_reason().contains(&reason));
        world.assert_quiet();
        assert_eq!(cause(&world), Some((ended.0, ended.1, Disposition::Answered)));
    }
}

#[test]
fn who_said_that_it_takes_update_and_does_not_is_refreshed_by_invite() {
    let (world, _, gateway, call) = ours(1131, true);
    gateway.answers_inside_with(Some(405));
    world.run_for(seconds(58));
    world.run_for(millis(1_032));
    gateway.answers_inside_with(None);
    world.run_for(minutes(3));
    assert_eq!(inside(&gateway, "UPDATE").len(), 1, "{}", world.ladder());
    assert!(inside(&gateway, "INVITE").len() >= 3 && call.is_up());
    end(&world, &call);
}

#[test]
fn a_refresh_that_is_refused_is_tried_again_until_the_time_is_over() {
    let (world, _, gateway, call) = ours(1132, true);
    gateway.answers_inside_with(Some(500));
    world.run_for(seconds(80));
    // After a tenth of the time each.
    assert_eq!((inside(&gateway, "UPDATE").len(), call.is_up()), (2, true), "{}", world.ladder());
    world.run_for(seconds(8));
    assert_eq!((call.outcome(), gateway.calls_up()), (Outcome::HungUp, 0), "{}", world.ladder());
    world.assert_quiet();
    assert_eq!(cause(&world).map(|(cause, ..)| cause), Some(Cause::TIMER));
    // It was only for a while.
    let (world, _, gateway, call) = ours(1133, false);
    gateway.answers_inside_with(Some(500));
    world.run_for(seconds(62));
    gateway.answers_inside_with(None);
    world.run_for(minutes(5));
    assert!(call.is_up(), "{}", world.ladder());
    end(&world, &call);
}

#[test]
fn a_hold_is_not_disturbed_by_a_refresh() {
    for (seed, takes_update) in [(1134, true), (1135, false)] {
        let (world, alice, gateway, call) = ours(seed, takes_update);
        alice.hold();
        world.run_for(seconds(1));
        let music = vec![Sound::Prompt("moh/default".to_owned())];
        assert_eq!(world.hears(&gateway), music, "{}", world.ladder());
        world.run_for(minutes(5));
        assert!(inside(&gateway, if takes_update { "UPDATE" } else { "INVITE" }).len() >= 5, "{}", world.ladder());
        assert_eq!((world.hears(&gateway), world.heard(&gateway)), (music.clone(), music), "nor begins it anew");
        assert!(!world.events().contains(&Event::Resumed(Side::Caller)) && !alice.hears(&gateway));
        alice.resume();
        world.run_for(seconds(1));
        assert!(alice.hears(&gateway) && gateway.hears(&alice), "{}", world.ladder());
        world.run_for(minutes(2));
        // The far end holds.
        gateway.hold();
        world.run_for(minutes(3));
        assert!(world.events().contains(&Event::Held(Side::Callee)) && call.is_up(), "{}", world.ladder());
        assert!(!world.events().contains(&Event::Resumed(Side::Callee)));
        end(&world, &call);
    }
}

#[test]
fn a_refresh_waits_for_what_is_under_way() {
    let (world, alice, gateway, call) = ours(1136, false);
    world.run_for(seconds(56));
    gateway.answers_inside_with(Some(0));
    alice.hold();
    world.run_for(seconds(4));
    gateway.answers_inside_with(None);
    // The INVITE of the hold is said again, answered, and refreshes too.
    world.run_for(seconds(10));
    assert_eq!((alice.reinvited(), inside(&gateway, "INVITE").len()), (Some(200), 1), "{}", world.ladder());
    world.run_for(seconds(50));
    assert_eq!(inside(&gateway, "INVITE").len(), 1);
    world.run_for(seconds(5));
    assert_eq!((inside(&gateway, "INVITE").len(), call.is_up()), (2, true), "{}", world.ladder());
    end(&world, &call);
}

#[test]
fn an_offer_that_meets_a_refresh_is_glare_and_neither_is_lost() {
    let (world, alice, gateway, call) = ours(1137, false);
    world.run_for(millis(58_900));
    // Ours leaves while theirs is under way.
    while !world.ladder().contains("INVITE sip:gw@10.0.1.1:5060") {
        world.run_for(millis(1));
    }
    gateway.hold();
    world.run_for(seconds(1));
    assert_eq!(gateway.reinvited(), Some(491), "{}", world.ladder());
    gateway.hold();
    world.run_for(seconds(2));
    assert_eq!((gateway.reinvited(), call.is_up()), (Some(200), true), "{}", world.ladder());
    assert!(!alice.hears(&gateway));
    end(&world, &call);
}

#[test]
fn a_carrier_that_challenges_a_refresh_gets_it_proven() {
    let world = World::seeded(1138);
    let gateway = world.gateway("gw").that_challenges("carrier", "us", "secret").that_challenges_all();
    gateway.answers_from_now_on_with(&[("Session-Expires", "120;refresher=uac"), ("Allow", ALLOW)]);
    let mut trunk = world.trunk_of(1, "acme", &[&gateway]);
    trunk.login = Some(testkit::login("carrier", "us", "secret"));
    let alice = alice_by(&world, vec![trunk]);
    let call = alice.dial_number(NUMBER);
    world.run_for(minutes(5));
    assert!(call.is_up() && inside(&gateway, "UPDATE").len() >= 4, "{}", world.ladder());
    end(&world, &call);
}

#[test]
fn keys_stay_when_a_secure_leg_is_refreshed() {
    let world = World::seeded(1139);
    let gateway = world.gateway("gw").that_insists_on_encryption();
    gateway.answers_from_now_on_with(&[("Session-Expires", "120;refresher=uac")]);
    let mut trunk = world.trunk_of(1, "acme", &[&gateway]);
    trunk.media.secrecy = Some(switch::Secrecy::Required);
    let alice = alice_by(&world, vec![trunk]);
    let call = alice.dial_number(NUMBER);
    world.run_for(seconds(3));
    let keys = world.keys_to(&gateway);
    assert!(call.is_up() && keys.is_some(), "{}", world.ladder());
    world.run_for(minutes(3));
    assert!(inside(&gateway, "INVITE").len() >= 2, "{}", world.ladder());
    assert_eq!((world.keys_to(&gateway), world.keys_to(&alice)), (keys.clone(), None));
    // Theirs, too.
    gateway.offers_again();
    world.run_for(seconds(1));
    assert_eq!((gateway.reinvited(), world.keys_to(&gateway)), (Some(200), keys), "{}", world.ladder());
    assert!(call.is_up() && alice.hears(&gateway));
    end(&world, &call);
}

#[test]
fn who_talks_with_an_application_is_refreshed_too() {
    let world = World::seeded(1140);
    let gateway = world.gateway("gw").that_sends("Session-Expires", "120;refresher=uas");
    let gateway = gateway.that_also_sends("Supported", "timer").that_also_sends("Allow", ALLOW);
    gateway.answers_from_now_on_with(&[("Session-Expires", "120;refresher=uac")]);
    world.trunks(vec![world.trunk_of(1, "acme", &[&gateway])]);
    world.owns("+493012345", None);
    world.application(vec![Command::Answer, Command::Wait(minutes(30))]);
    let call = gateway.dial_number("+493012345");
    world.run_for(minutes(5));
    assert!(call.is_up() && gateway.told_of("UPDATE").len() >= 4, "{}", world.ladder());
    gateway.answers_inside_with(Some(481));
    world.run_for(seconds(61));
    assert_eq!(call.outcome(), Outcome::HungUp);
    world.assert_quiet();
}
