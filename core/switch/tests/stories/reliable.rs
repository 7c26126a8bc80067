//! Provisional answers that are acknowledged (RFC 3262): what callees say, and what is said to callers.

use switch::{Cause, Command, Dial, DialOutcome, Disposition, Order, Outside, Reliable, Reply, Side, Target};
use testkit::{Outcome, Phone, Placed, World, millis, seconds};

use crate::trunks::{NUMBER, alice_by};

/// The values of a row in messages.
pub(crate) fn rows(messages: &[String], name: &str) -> Vec<String> {
    let value = |line: &str| line.strip_prefix(&format!("{name}: ")).map(str::to_owned);
    messages.iter().flat_map(|text| text.lines().filter_map(value)).collect()
}

/// Alice calls a gateway over a trunk that wants this.
fn calling(seed: u64, reliable: Reliable, change: impl FnOnce(Phone) -> Phone) -> (World, Phone, Phone, Placed) {
    let world = World::seeded(seed);
    let gateway = change(world.gateway("gw"));
    let mut trunk = world.trunk_of(1, "acme", &[&gateway]);
    trunk.reliable = reliable;
    let alice = alice_by(&world, vec![trunk]);
    let call = alice.dial_number(NUMBER);
    world.run_for(millis(200));
    (world, alice, gateway, call)
}

/// How the dials of the application came out.
fn dialled(world: &World) -> Vec<DialOutcome> {
    let outcome = |reply| if let Reply::Dialled(outcome) = reply { Some(outcome) } else { None };
    world.replies().into_iter().filter_map(outcome).collect()
}

fn dial(target: Target) -> Command {
    let (targets, outside) = (vec![target], Outside::default());
    Command::Dial(Dial { targets, order: Order::AtOnce, ring_time: seconds(30), outside })
}

pub(crate) fn end(world: &World, call: &Placed) {
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn a_trunk_says_or_insists_that_it_can_and_phones_are_told_nothing_of_it() {
    for (seed, reliable, supported, required) in [
        (1000, Reliable::Off, "timer", None),
        (1001, Reliable::Supported, "timer, 100rel", None),
        (1002, Reliable::Required, "timer", Some("100rel")),
    ] {
        let (world, _, gateway, call) = calling(seed, reliable, |gateway| gateway);
        let invites = gateway.told_of("INVITE");
        let required: Vec<_> = required.into_iter().map(str::to_owned).collect();
        assert_eq!(
            (rows(&invites[..1], "Supported"), rows(&invites[..1], "Require")),
            (vec![supported.to_owned()], required)
        );
        end(&world, &call);
    }
    let world = World::seeded(1003);
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    let call = alice.dial(&bob);
    world.run_for(seconds(1));
    assert!(!bob.last_invite().contains("100rel"), "{}", bob.last_invite());
    end(&world, &call);
}

#[test]
fn a_peer_outside_of_any_trunk_may_have_it_too() {
    let world = World::seeded(1004);
    let (alice, gateway) = (world.phone("alice"), world.unregistered_phone("gw").that_answers_reliably());
    world.permit_host(&gateway.address().ip().to_string());
    world.application(vec![dial(Target::Uri(format!("sip:4711@{}", gateway.address()))), Command::Detach]);
    let call = alice.dial_number("out");
    world.run_for(seconds(5));
    assert!(call.is_up() && alice.hears(&gateway), "{}", world.ladder());
    assert!(gateway.told_of("INVITE")[0].contains("Supported: timer, 100rel"));
    assert_eq!(rows(&gateway.told_of("PRACK"), "RAck"), ["1 1 INVITE"]);
    end(&world, &call);
}

#[test]
fn ringing_is_acknowledged_in_its_dialog_and_the_dialog_counts_on() {
    let (world, alice, gateway, call) = calling(1005, Reliable::Required, Phone::that_answers_reliably);
    assert!(call.rang(), "{}", world.ladder());
    let pracks = gateway.told_of("PRACK");
    assert_eq!((pracks.len(), rows(&pracks, "RAck")), (1, vec!["1 1 INVITE".to_owned()]), "{pracks:?}");
    assert!(pracks[0].starts_with("PRACK sip:gw@10.0.1.1:5060 SIP/2.0"), "its Contact: {}", pracks[0]);
    assert_eq!(rows(&pracks, "CSeq"), ["2 PRACK"]);
    world.run_for(seconds(5));
    assert!(call.is_up() && alice.hears(&gateway) && gateway.hears(&alice));
    call.hang_up();
    world.assert_quiet();
    assert_eq!(rows(&gateway.told_of("BYE"), "CSeq"), ["3 BYE"]);
    assert!(alice.told_of("PRACK").is_empty(), "nothing of it reaches the caller");
}

#[test]
fn early_media_of_an_acknowledged_answer_is_heard_and_its_description_is_for_good() {
    let change = |gateway: Phone| gateway.that_answers_reliably().that_has_early_media();
    let (world, alice, gateway, call) = calling(1006, Reliable::Supported, change);
    assert!(!call.is_up() && alice.hears(&gateway), "{}", world.ladder());
    world.run_for(seconds(5));
    assert!(String::from_utf8(gateway.last_sent("SIP/2.0 200")).expect("text").contains("Content-Length: 0"));
    assert!(call.is_up() && alice.hears(&gateway) && gateway.hears(&alice), "{}", world.ladder());
    end(&world, &call);
}

#[test]
fn answers_count_in_their_order_and_once() {
    let (world, _, gateway, call) = calling(1007, Reliable::Supported, Phone::that_only_tries);
    let pracked = || rows(&gateway.told_of("PRACK"), "RAck");
    gateway.says_reliably(183, "one", 7, false);
    assert_eq!(pracked(), ["7 1 INVITE"]);
    // §4: one that is missing is waited for, and one that comes again is not acknowledged again.
    gateway.says_reliably(180, "one", 9, false);
    gateway.says_reliably(183, "one", 7, false);
    gateway.says_reliably(183, "one", 6, false);
    assert_eq!((pracked(), call.rang()), (vec!["7 1 INVITE".to_owned()], true), "{}", world.ladder());
    gateway.says_reliably(183, "one", 8, false);
    gateway.says_reliably(180, "one", 9, false);
    assert_eq!(pracked(), ["7 1 INVITE", "8 1 INVITE", "9 1 INVITE"]);
    assert_eq!(rows(&gateway.told_of("PRACK"), "CSeq"), ["2 PRACK", "3 PRACK", "4 PRACK"]);
    gateway.answers_as("one", true);
    assert!(call.is_up());
    end(&world, &call);
}

#[test]
fn each_fork_of_a_callee_has_numbers_and_a_description_of_its_own() {
    let (world, alice, gateway, call) = calling(1008, Reliable::Supported, Phone::that_only_tries);
    gateway.says_reliably(183, "one", 70, true);
    gateway.says_reliably(180, "two", 5, false);
    gateway.says_reliably(183, "two", 6, true);
    let pracks = gateway.told_of("PRACK");
    assert_eq!(rows(&pracks, "RAck"), ["70 1 INVITE", "5 1 INVITE", "6 1 INVITE"], "{}", world.ladder());
    let to: Vec<bool> = pracks.iter().map(|prack| prack.contains(";tag=two")).collect();
    assert_eq!(to, [false, true, true]);
    assert!(alice.hears(&gateway), "the first that is heard");
    // The other one takes the call, and has told what it describes.
    gateway.answers_as("two", false);
    assert!(call.is_up() && alice.hears(&gateway) && gateway.hears(&alice), "{}", world.ladder());
    call.hang_up();
    world.run_for(seconds(1));
    let byes = gateway.told_of("BYE");
    assert!(byes[0].contains(";tag=two") && byes[0].contains("CSeq: 4 BYE"), "{byes:?}");
    world.assert_quiet();
}

#[test]
fn a_prack_that_nobody_takes_ends_the_attempt() {
    // Nothing at all, from one that has said its 1xx but once; and an early dialog that the callee does not know of.
    for (seed, status, after) in [(1009, 0, seconds(33)), (1010, 481, millis(500))] {
        let change = |gateway: Phone| gateway.that_only_tries().that_answers_prack(status);
        let (world, _, gateway, call) = calling(seed, Reliable::Supported, change);
        gateway.says_reliably(180, "one", 1, false);
        world.run_for(after);
        let outcome = if status == 0 { DialOutcome::NoAnswer } else { DialOutcome::Failed { status: 500 } };
        assert_eq!(dialled(&world), [outcome], "{}", world.ladder());
        // It has heard that it need not ring any more.
        assert_eq!(gateway.told_of("CANCEL").len(), 1, "{}", world.ladder());
        end(&world, &call);
    }
}

#[test]
fn a_callee_that_takes_offence_at_a_prack_ends_the_call_itself() {
    let change = |gateway: Phone| gateway.that_answers_reliably().that_answers_prack(500).that_never_answers();
    let (world, _, gateway, call) = calling(1011, Reliable::Supported, change);
    world.run_for(seconds(20));
    assert_eq!((dialled(&world), gateway.told_of("PRACK").len()), (vec![], 1));
    world.run_for(seconds(20));
    assert_eq!(dialled(&world), [DialOutcome::Failed { status: 504 }], "{}", world.ladder());
    end(&world, &call);
}

#[test]
fn before_the_callee_was_heard_another_gateway_is_tried() {
    let world = World::seeded(1012);
    let bad = world.gateway("bad").that_answers_prack(481).that_only_tries();
    let good = world.gateway("good").that_answers_reliably();
    let alice = alice_by(&world, vec![world.trunk_of(1, "acme", &[&bad, &good])]);
    let call = alice.dial_number(NUMBER);
    world.run_for(millis(200));
    bad.says_reliably(183, "one", 1, false);
    world.run_for(seconds(4));
    assert!(call.is_up() && alice.hears(&good), "{}", world.ladder());
    end(&world, &call);
}

#[test]
fn an_offer_in_a_1xx_is_answered_in_its_prack() {
    let world = World::seeded(1013);
    let gateway = world.gateway("gw").that_answers_reliably().that_has_early_media();
    let alice = alice_by(&world, vec![world.trunk_of(1, "acme", &[&gateway])]).that_delays_its_offer();
    let call = alice.dial_number(NUMBER);
    world.run_for(millis(200));
    let pracks = gateway.told_of("PRACK");
    assert!(pracks.len() == 1 && pracks[0].contains("m=audio "), "{pracks:?}");
    world.run_for(seconds(5));
    // The caller, who left the offer to the callee, is offered what was agreed there, and answers in the ACK.
    assert!(call.is_up() && alice.hears(&gateway) && gateway.hears(&alice), "{}", world.ladder());
    let acks = gateway.told_of("ACK");
    assert!(acks.iter().all(|ack| !ack.contains("m=audio")), "{acks:?}");
    end(&world, &call);
}

#[test]
fn an_offer_in_a_1xx_of_nothing_that_we_speak_ends_the_attempt() {
    let world = World::seeded(1014);
    let gateway = world.gateway("gw").that_answers_reliably().that_has_early_media().that_speaks(&["97 iLBC/8000"]);
    let alice = alice_by(&world, vec![world.trunk_of(1, "acme", &[&gateway])]).that_delays_its_offer();
    let call = alice.dial_number(NUMBER);
    world.run_for(seconds(1));
    assert_eq!(dialled(&world), [DialOutcome::Failed { status: 488 }], "{}", world.ladder());
    assert_eq!((gateway.told_of("PRACK").len(), call.is_up()), (1, false));
    assert!(gateway.told_of("CANCEL")[0].starts_with("CANCEL "));
    end(&world, &call);
}

#[test]
fn a_carrier_that_challenges_a_prack_gets_it_proven() {
    let world = World::seeded(1015);
    let gateway =
        world.gateway("gw").that_challenges("carrier", "us", "secret").that_challenges_all().that_answers_reliably();
    let mut trunk = world.trunk_of(1, "acme", &[&gateway]);
    trunk.login = Some(testkit::login("carrier", "us", "secret"));
    let alice = alice_by(&world, vec![trunk]);
    let call = alice.dial_number(NUMBER);
    world.run_for(seconds(5));
    assert!(call.is_up() && alice.hears(&gateway), "{}", world.ladder());
    assert!(gateway.told_of("PRACK").iter().any(|prack| prack.contains("Proxy-Authorization: Digest")));
    end(&world, &call);
}

// ---- what is said to callers ----

#[test]
fn a_caller_that_insists_on_it_acknowledges_what_it_is_told() {
    let world = World::seeded(1020);
    let (alice, bob) = (world.phone("alice").that_requires_100rel(), world.phone("bob"));
    let call = alice.dial(&bob);
    world.run_for(seconds(1));
    assert!(call.rang());
    let rang = &alice.told_of("INVITE")[1..];
    let numbers = rows(rang, "RSeq");
    // §3: a number by chance, below 2³¹.
    assert!(matches!(numbers.as_slice(), [one] if one.parse::<u32>().is_ok_and(|rseq| rseq > 0 && rseq < 1 << 31)));
    assert_eq!(rows(rang, "Require"), ["100rel"], "{rang:?}");
    assert_eq!(alice.heard().iter().filter(|heard| **heard == ("PRACK".to_owned(), 200)).count(), 1);
    world.run_for(seconds(4));
    assert!(call.is_up() && alice.hears(&bob) && bob.hears(&alice), "{}", world.ladder());
    assert!(bob.told_of("PRACK").is_empty() && !bob.last_invite().contains("100rel"), "{}", bob.last_invite());
    end(&world, &call);
}

#[test]
fn a_caller_that_can_is_not_asked_unless_its_trunk_insists() {
    for (seed, reliable, asked) in [(1021, Reliable::Supported, false), (1022, Reliable::Required, true)] {
        let world = World::seeded(seed);
        let (bob, gateway) = (world.phone("bob"), world.gateway("gw").that_supports_100rel());
        let mut trunk = world.trunk_of(1, "acme", &[&gateway]);
        trunk.reliable = reliable;
        world.trunks(vec![trunk]);
        world.owns("+493012345", Some(Target::User("bob".to_owned())));
        let call = gateway.dial_number("+493012345");
        world.run_for(seconds(5));
        assert!(call.is_up() && gateway.hears(&bob), "{}", world.ladder());
        assert_eq!(!gateway.told_of("PRACK").is_empty(), asked, "{reliable:?}");
        end(&world, &call);
    }
    let world = World::seeded(1023);
    let (alice, bob) = (world.phone("alice").that_supports_100rel(), world.phone("bob"));
    let call = alice.dial(&bob);
    world.run_for(seconds(5));
    assert!(call.is_up() && alice.told_of("PRACK").is_empty());
    end(&world, &call);
}

#[test]
fn what_nobody_acknowledges_is_said_again_and_then_the_call_is_given_up() {
    let world = World::seeded(1024);
    let alice = world.phone("alice").that_requires_100rel().that_never_acknowledges_progress();
    let bob = world.phone("bob").that_never_answers();
    let call = alice.dial(&bob);
    let rung = || world.ladder().matches("→ 10.0.1.1:5060 SIP/2.0 180").count();
    // §3: T1, doubling without bound.
    for (after, count) in [(400, 1), (200, 2), (1_000, 3), (2_000, 4), (4_000, 5), (8_000, 6), (16_000, 7)] {
        world.run_for(millis(after));
        assert_eq!(rung(), count, "{}", world.ladder());
    }
    world.run_for(seconds(1));
    assert_eq!(call.outcome(), Outcome::Refused(504), "{}", world.ladder());
    assert_eq!(bob.told_of("CANCEL").len(), 1);
    world.assert_quiet();
    let ended = world.cdrs().first().map(|cdr| (cdr.disposition, cdr.cause, cdr.by));
    assert_eq!(ended, Some((Disposition::Failed, Cause(102), Side::Exchange)));
}

#[test]
fn a_200_waits_while_the_caller_may_not_know_what_was_described() {
    let world = World::seeded(1025);
    let alice = world.phone("alice").that_requires_100rel().that_never_acknowledges_progress();
    let bob = world.phone("bob").that_has_early_media();
    let call = alice.dial(&bob);
    world.run_for(seconds(6));
    assert!(!call.is_up() && bob.calls_up() == 1 && !alice.heard().contains(&("INVITE".to_owned(), 200)));
    let _ = alice.clone().that_acknowledges_progress();
    // The next repetition is acknowledged.
    world.run_for(seconds(3));
    assert!(call.is_up() && alice.hears(&bob) && bob.hears(&alice), "{}", world.ladder());
    // §5: what it was told then is not told again.
    let ok = alice.told_of("INVITE").pop().expect("a 200");
    assert!(ok.starts_with("SIP/2.0 200") && ok.contains("Content-Length: 0"), "{ok}");
    end(&world, &call);
    assert_eq!(world.cdrs()[0].disposition, Disposition::Answered);
}

#[test]
fn a_200_does_not_wait_for_ringing() {
    let world = World::seeded(1026);
    let alice = world.phone("alice").that_requires_100rel().that_never_acknowledges_progress();
    let call = alice.dial(&world.phone("bob"));
    world.run_for(seconds(3));
    assert!(call.is_up(), "{}", world.ladder());
    let rung = world.ladder().matches("SIP/2.0 180").count();
    world.run_for(seconds(30));
    // §3: nor is it said any more.
    assert_eq!(world.ladder().matches("SIP/2.0 180").count(), rung);
    end(&world, &call);
}

#[test]
fn a_call_whose_200_waits_ends_as_one_that_nobody_answered() {
    /// What happens meanwhile: nothing, the caller gives up, the callee hangs up, the caller ends the early dialog.
    type Meanwhile = fn(&Phone, &Phone, &Placed);
    let ways: [(Meanwhile, u16, Disposition); 4] = [
        (|_, _, _| {}, 504, Disposition::Failed),
        (|_, _, call| call.hang_up(), 487, Disposition::Cancelled),
        (|_, bob, _| bob.hang_up(), 480, Disposition::Failed),
        (
            |alice, _, _| {
                alice.takes_tag_of_progress();
                alice.ask_in_call(rsip::Method::Bye, b"");
            },
            487,
            Disposition::Cancelled,
        ),
    ];
    for (at, (meanwhile, status, disposition)) in ways.into_iter().enumerate() {
        let world = World::seeded(1030 + at as u64);
        let alice = world.phone("alice").that_requires_100rel().that_never_acknowledges_progress();
        let bob = world.phone("bob").that_has_early_media();
        let call = alice.dial(&bob);
        world.run_for(seconds(6));
        assert_eq!((call.is_up(), bob.calls_up()), (false, 1));
        meanwhile(&alice, &bob, &call);
        world.run_for(seconds(30));
        assert_eq!((call.outcome(), bob.calls_up()), (Outcome::Refused(status), 0), "way {at}\n{}", world.ladder());
        world.assert_quiet();
        assert_eq!(world.cdrs()[0].disposition, disposition, "way {at}");
    }
}

#[test]
fn what_is_said_next_waits_for_the_prack_and_nothing_of_it_is_lost() {
    let world = World::seeded(1034);
    let alice = world.phone("alice").that_requires_100rel().that_never_acknowledges_progress();
    let bob = world.phone("bob").that_only_tries();
    let call = alice.dial(&bob);
    world.run_for(millis(100));
    bob.says_reliably(180, "one", 1, false);
    bob.says_reliably(183, "one", 2, true);
    world.run_for(seconds(1));
    assert!(!world.ladder().contains("→ 10.0.1.1:5060 SIP/2.0 183"), "{}", world.ladder());
    let _ = alice.clone().that_acknowledges_progress();
    world.run_for(seconds(2));
    assert!(world.ladder().contains("→ 10.0.1.1:5060 SIP/2.0 183") && alice.hears(&bob), "{}", world.ladder());
    let numbers: Vec<u32> =
        rows(&alice.told_of("INVITE"), "RSeq").iter().filter_map(|rseq| rseq.parse().ok()).collect();
    assert!(matches!(numbers.as_slice(), [one, two] if one + 1 == *two), "{numbers:?}");
    bob.answers_as("one", false);
    world.run_for(seconds(1));
    assert!(call.is_up() && alice.hears(&bob) && bob.hears(&alice), "{}", world.ladder());
    end(&world, &call);
}

#[test]
fn a_description_that_still_waits_is_told_with_the_200() {
    let world = World::seeded(1035);
    let alice = world.phone("alice").that_requires_100rel().that_never_acknowledges_progress();
    let bob = world.phone("bob").that_only_tries();
    let call = alice.dial(&bob);
    world.run_for(millis(100));
    bob.says_reliably(180, "one", 1, false);
    bob.says_reliably(183, "one", 2, true);
    bob.answers_as("one", false);
    world.run_for(seconds(1));
    assert!(call.is_up() && alice.hears(&bob) && bob.hears(&alice), "{}", world.ladder());
    end(&world, &call);
}

/// A PRACK of alice's own making, for this response and with this body.
fn prack(alice: &Phone, rack: &str, tag: &str, cseq: u32, body: &str) -> String {
    let invite = String::from_utf8(alice.last_sent("INVITE")).expect("text");
    let row = |name: &str| rows(std::slice::from_ref(&invite), name).pop().expect("a row");
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!(
        "PRACK sip:bob@10.0.0.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP {};branch=z9hG4bKprack{cseq}\r\nMax-Forwards: 70\r\n\
         From: {}\r\nTo: {};tag={tag}\r\nCall-ID: {}\r\nCSeq: {cseq} PRACK\r\nRAck: {rack}\r\n{kind}Content-Length: {}\r\n\r\n{body}",
        alice.address(),
        row("From"),
        row("To"),
        row("Call-ID"),
        body.len()
    )
}

#[test]
fn a_prack_for_something_else_is_none() {
    let world = World::seeded(1036);
    let alice = world.phone("alice").that_requires_100rel().that_never_acknowledges_progress();
    let bob = world.phone("bob").that_never_answers();
    let call = alice.dial(&bob);
    world.run_for(seconds(1));
    let rang = alice.told_of("INVITE").pop().expect("a 180");
    let rseq: u32 = rows(std::slice::from_ref(&rang), "RSeq")[0].parse().expect("a number");
    let tag = rows(&[rang], "To")[0].split(";tag=").nth(1).expect("a tag").to_owned();
    for (at, (rack, status)) in [
        (format!("{} 2 INVITE", rseq + 1), 481),
        (format!("{rseq} 3 INVITE"), 481),
        (format!("{rseq} 2 UPDATE"), 481),
        (format!("{rseq} INVITE"), 400),
        (format!("{rseq} 2 INVITE"), 200),
        (format!("{rseq} 2 INVITE"), 481),
    ]
    .into_iter()
    .enumerate()
    {
        alice.say(prack(&alice, &rack, &tag, 10 + at as u32, "").as_bytes());
        let heard = alice.heard().into_iter().rev().find(|(method, _)| method == "PRACK");
        assert_eq!(heard.map(|(_, status)| status), Some(status), "{rack}\n{}", world.ladder());
    }
    end(&world, &call);
}

#[test]
fn an_offer_in_a_prack_is_answered_at_once() {
    let world = World::seeded(1037);
    let alice = world.phone("alice").that_requires_100rel().that_never_acknowledges_progress();
    let bob = world.phone("bob").that_has_early_media();
    let call = alice.dial(&bob);
    world.run_for(millis(300));
    let told = alice.told_of("INVITE").pop().expect("a 183");
    let rseq = rows(std::slice::from_ref(&told), "RSeq").pop().expect("a number");
    let tag = rows(&[told], "To")[0].split(";tag=").nth(1).expect("a tag").to_owned();
    // She moves to another port, and has another codec in front.
    let offer =
        "v=0\r\no=phone 1 2 IN IP4 10.0.1.1\r\ns=-\r\nc=IN IP4 10.0.1.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8 0\r\n";
    alice.say(prack(&alice, &format!("{rseq} 2 INVITE"), &tag, 3, offer).as_bytes());
    let answer = alice.told_of("PRACK").pop().expect("an answer");
    assert!(answer.starts_with("SIP/2.0 200") && answer.contains("m=audio "), "{answer}");
    world.run_for(seconds(4));
    assert!(call.is_up() && alice.hears(&bob) && bob.hears(&alice), "{}", world.ladder());
    end(&world, &call);
}

#[test]
fn a_caller_that_leaves_the_offer_to_us_answers_it_in_its_prack() {
    let world = World::seeded(1038);
    let alice = world.phone("alice").that_requires_100rel().that_delays_its_offer();
    let bob = world.phone("bob");
    let call = alice.dial(&bob);
    world.run_for(seconds(1));
    let rang = alice.told_of("INVITE").pop().expect("a 180");
    assert!(rang.starts_with("SIP/2.0 180") && rang.contains("m=audio "), "§5: {rang}");
    let prack = String::from_utf8(alice.last_sent("PRACK")).expect("text");
    assert!(prack.contains("m=audio "), "{prack}");
    world.run_for(seconds(4));
    assert!(call.is_up() && alice.hears(&bob) && bob.hears(&alice), "{}", world.ladder());
    assert!(!String::from_utf8(alice.last_sent("ACK")).expect("text").contains("m=audio"));
    end(&world, &call);
}

#[test]
fn an_application_answers_a_caller_that_was_told_before() {
    for (seed, delays) in [(1039, false), (1040, true)] {
        let world = World::seeded(seed);
        let alice = world.phone("alice").that_requires_100rel();
        let alice = if delays { alice.that_delays_its_offer() } else { alice };
        world.application(vec![Command::Ring, Command::Answer, crate::sounds::play("welcome", "")]);
        let call = alice.dial_number("menu");
        world.run_for(millis(500));
        assert!(call.is_up(), "{}", world.ladder());
        assert_eq!(
            world.hears(&alice),
            [crate::sounds::prompt("welcome")],
            "{:?}\n{}",
            world.replies(),
            world.ladder()
        );
        end(&world, &call);
    }
}

#[test]
fn a_second_callee_is_heard_through_what_was_agreed_before_it() {
    let world = World::seeded(1041);
    let alice = world.phone("alice").that_requires_100rel();
    let bob = world.phone("bob").that_plays_then_refuses(seconds(1), 486).that_speaks(&["0 PCMU/8000"]);
    let carol = world.phone("carol").that_speaks(&["8 PCMA/8000"]);
    world.application(vec![
        dial(Target::User("bob".to_owned())),
        dial(Target::User("carol".to_owned())),
        Command::AwaitEnd,
    ]);
    let call = alice.dial_number("two");
    world.run_for(millis(500));
    assert!(alice.hears(&bob), "{}", world.ladder());
    world.run_for(seconds(5));
    // She was told of one codec for good: the other callee's is made into it.
    assert!(call.is_up() && alice.hears(&carol) && carol.hears(&alice), "{}", world.ladder());
    let codecs = [&alice, &carol].map(|phone| world.voice_to(phone).map(|voice| voice.codec));
    assert_eq!(codecs, [Some(media::Codec::Pcmu), Some(media::Codec::Pcma)]);
    end(&world, &call);
}

#[test]
fn acknowledging_survives_foul_weather() {
    for seed in 1050..1070 {
        let world = World::seeded(seed);
        let gateway = world.gateway("gw").that_answers_reliably().that_has_early_media();
        let alice = alice_by(&world, vec![world.trunk_of(1, "acme", &[&gateway])]).that_requires_100rel();
        world.weather(testkit::Weather::FOUL);
        let call = alice.dial_number(NUMBER);
        world.run_for(seconds(40));
        world.weather(testkit::Weather::FAIR);
        assert!(call.is_up() && alice.hears(&gateway) && gateway.hears(&alice), "seed {seed}\n{}", world.ladder());
        end(&world, &call);
    }
}
