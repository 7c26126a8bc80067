//! What a B2BUA must get right and often does not (RFC 3261 §9, §12, §13, §14; RFC 3326, 3327, 5407).

use rsip::Method;
use switch::{CallDirection, Cause, Command, Dial, Order, Target};
use testkit::{Outcome, World, millis, minutes, seconds};

#[test]
fn an_answer_that_nobody_acknowledges_ends_the_call_on_both_sides() {
    let world = World::seeded(60);
    let (alice, bob) = (world.phone("alice").that_never_acknowledges(), world.phone("bob"));
    let call = alice.dial(&bob);
    world.run_for(seconds(20));
    assert!(call.is_up());
    // §13.3.1.4: 64·T1 without an ACK.
    world.run_for(seconds(20));
    assert_eq!((call.outcome(), bob.calls_up()), (Outcome::HungUp, 0), "{}", world.ladder());
    world.assert_quiet();
    assert_eq!(world.cdrs().first().map(|cdr| cdr.cause), Some(Cause::TIMER));
}

#[test]
fn an_answer_at_the_very_end_of_the_ring_time_leaves_nobody_alone() {
    for offset in 0..30 {
        let world = World::seeded(200 + offset);
        let (alice, bob) = (world.phone("alice"), world.phone("bob").that_answers_after(millis(59_985 + offset)));
        let call = alice.dial(&bob);
        world.run_for(minutes(2));
        let up = usize::from(call.is_up());
        assert_eq!(bob.calls_up(), up, "offset {offset}\n{}", world.ladder());
        call.hang_up();
        world.assert_quiet();
        assert_eq!(world.cdrs().len(), 1, "offset {offset}");
    }
}

#[test]
fn a_decline_of_one_phone_for_all_stops_the_others() {
    let world = World::seeded(61);
    let (alice, desk) = (world.phone("alice"), world.phone("bob").that_never_answers());
    let pocket = world.phone("bob").that_refuses(603);
    let call = alice.dial(&pocket);
    world.run_for(seconds(5));
    // §16.7 step 5: a 6xx speaks for every place.
    assert_eq!(call.outcome(), Outcome::Refused(603));
    assert_eq!(desk.rung(), 1);
    world.assert_quiet();
}

#[test]
fn a_caller_that_gives_up_before_any_phone_said_a_word_is_not_left_waiting() {
    let world = World::seeded(62);
    let (alice, bob) = (world.phone("alice"), world.phone("bob").that_is_unplugged());
    let call = alice.dial(&bob);
    world.run_for(millis(100));
    call.hang_up();
    world.run_for(seconds(1));
    assert_eq!(call.outcome(), Outcome::Refused(487));
    // §9.1: no CANCEL before a 1xx.
    assert!(!world.ladder().contains("→ 10.0.1.2:5060 CANCEL"), "{}", world.ladder());
    world.assert_quiet();
}

#[test]
fn a_bye_before_the_answer_ends_the_early_call() {
    let world = World::seeded(63);
    let (alice, bob) = (world.phone("alice"), world.phone("bob").that_never_answers());
    let call = alice.dial(&bob);
    world.run_for(seconds(3));
    let ringing = world.ladder();
    assert!(ringing.contains("180"), "{ringing}");
    // §15: the caller may send BYE in an early dialog. The tag is that of the 180.
    alice.takes_tag_of_progress();
    alice.ask_in_call(Method::Bye, b"");
    assert_eq!(call.outcome(), Outcome::Refused(487), "{}", world.ladder());
    world.assert_quiet();
}

#[test]
fn an_offer_that_is_asked_for_inside_the_call_is_carried_both_ways() {
    let world = World::seeded(64);
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    let call = alice.dial(&bob);
    world.run_for(seconds(5));
    // A re-INVITE without a body: bob makes the offer, alice answers in her ACK.
    alice.asks_for_an_offer();
    world.run_for(seconds(2));
    assert_eq!(alice.reinvited(), Some(200), "{}", world.ladder());
    assert!(call.is_up() && alice.hears(&bob) && bob.hears(&alice));
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn a_request_that_counts_backwards_is_refused() {
    let world = World::seeded(66);
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    let call = alice.dial(&bob);
    world.run_for(seconds(5));
    alice.hold();
    world.run_for(seconds(1));
    alice.forgets_its_count();
    alice.ask_in_call(Method::Info, b"x");
    // §12.2.2
    assert_eq!(alice.heard().last(), Some(&("INFO".to_owned(), 500)), "{}", world.ladder());
    assert!(call.is_up());
    alice.forgets_its_count();
    bob.hang_up();
    world.assert_quiet();
}

#[test]
fn the_same_request_by_two_ways_is_merged() {
    let world = World::seeded(67);
    let (alice, bob) = (world.phone("alice"), world.phone("bob").that_never_answers());
    let call = alice.dial(&bob);
    world.run_for(seconds(1));
    // §8.2.2.2: the same From tag, Call-ID and CSeq in another transaction.
    let invite = String::from_utf8(alice.last_sent("INVITE")).expect("text");
    let (before, rest) = invite.split_once("branch=").expect("a branch");
    let (_, after) = rest.split_once(';').expect("more");
    alice.say(format!("{before}branch=z9hG4bKanother;{after}").as_bytes());
    assert!(world.ladder().contains("SIP/2.0 482"), "{}", world.ladder());
    assert_eq!(bob.rung(), 1);
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn credentials_are_good_for_one_request_alone() {
    let world = World::seeded(68);
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    let call = alice.dial(&bob);
    world.run_for(seconds(5));
    call.hang_up();
    world.run_for(minutes(2));
    let invite = String::from_utf8(alice.last_sent("INVITE")).expect("text");
    assert!(invite.contains("Authorization"));
    // Overheard and sent again as a request of its own: the nonce's count is used up.
    let replay = invite.replace("branch=z9hG4bK", "branch=z9hG4bKreplay").replace("Call-ID: ", "Call-ID: replay");
    alice.say(replay.as_bytes());
    assert_eq!(bob.rung(), 1, "{}", world.ladder());
    // The same credentials for another method or another URI.
    let other = replay.replace("Call-ID: ", "Call-ID: other").replace("replay", "again").replace("INVITE", "OPTIONS");
    alice.say(other.as_bytes());
    let tail: Vec<String> = world.ladder().lines().rev().take(2).map(str::to_owned).collect();
    assert!(tail.iter().any(|line| line.contains("SIP/2.0 401")), "{tail:?}");
    world.assert_quiet();
}

#[test]
fn a_leg_may_be_touched_from_elsewhere_by_its_own_user_alone() {
    let world = World::seeded(69);
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    let mallory = world.phone("mallory");
    let call = alice.dial(&bob);
    world.run_for(seconds(5));
    // mallory knows everything: Call-ID, tags and a password of the tenant, her own.
    let bye =
        String::from_utf8(alice.last_sent("ACK")).expect("text").replace("ACK", "BYE").replace("CSeq: ", "CSeq: 9");
    mallory.sends_with_credentials(&bye);
    world.run_for(seconds(2));
    assert!(call.is_up(), "{}", world.ladder());
    assert!(world.ladder().contains("SIP/2.0 403"), "{}", world.ladder());
    // alice herself has moved to another network.
    alice.moves_to("10.0.9.9:5060".parse().expect("an address"));
    call.hang_up();
    world.run_for(seconds(2));
    assert_eq!(bob.calls_up(), 0, "{}", world.ladder());
    world.assert_quiet();
}

#[test]
fn a_phone_behind_a_proxy_is_called_through_it() {
    let world = World::seeded(70);
    let (alice, bob) = (world.phone("alice"), world.unregistered_phone("bob").that_never_answers());
    bob.registers_with("Path", "<sip:10.0.1.2:5060;lr>");
    assert_eq!(bob.registered(), Some(200));
    let call = alice.dial(&bob);
    world.run_for(seconds(1));
    // RFC 3327 §5.2: the Path becomes the Route.
    assert!(bob.last_request().contains("Route: <sip:10.0.1.2:5060;lr>"), "{}", bob.last_request());
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn a_trusted_peer_is_not_challenged_and_nobody_else_is_trusted_for_it() {
    let world = World::seeded(71);
    let (bob, carrier) = (world.phone("bob"), world.unregistered_phone("carrier").with_password("none"));
    world.trust(carrier.address().ip());
    let call = carrier.dial(&bob);
    world.run_for(seconds(5));
    assert!(call.is_up() && bob.hears(&carrier));
    // It may call, not register.
    carrier.register();
    assert_eq!(carrier.registered(), Some(401));
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn the_way_out_is_closed_until_it_is_granted() {
    let world = World::seeded(72);
    let (alice, gateway) = (world.phone("alice"), world.unregistered_phone("gateway"));
    let dial = |target| {
        Command::Dial(Dial {
            targets: vec![target],
            order: Order::AtOnce,
            ring_time: seconds(9),
            outside: switch::Outside::default(),
        })
    };
    let uri = format!("sip:+4912345@{}", gateway.address());
    world.application(vec![
        dial(Target::Number("+4912345".to_owned())),
        dial(Target::Uri(uri.clone())),
        Command::Detach,
    ]);
    let call = alice.dial_number("out");
    world.run_for(seconds(2));
    assert_eq!((call.outcome(), gateway.rung()), (Outcome::Refused(480), 0));
    world.permit_host(&gateway.address().ip().to_string());
    world.application(vec![dial(Target::Uri(uri)), Command::Detach]);
    let call = alice.dial_number("out");
    world.run_for(seconds(5));
    assert!(call.is_up() && alice.hears(&gateway), "{}", world.ladder());
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn a_record_says_where_its_call_came_from_and_went_to() {
    let world = World::seeded(74);
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    let carrier = world.unregistered_phone("carrier").with_password("none");
    world.trust(carrier.address().ip());
    world.permit_host(&carrier.address().ip().to_string());
    let talk = |call: testkit::Placed| {
        world.run_for(seconds(5));
        assert!(call.is_up(), "{}", world.ladder());
        call.hang_up();
        world.run_for(seconds(5));
        world.cdrs().pop().expect("a record").direction
    };
    assert_eq!(talk(alice.dial(&bob)), CallDirection::Internal);
    assert_eq!(talk(carrier.dial(&bob)), CallDirection::Inbound);
    let targets = vec![Target::Uri(format!("sip:+4912345@{}", carrier.address()))];
    let out = Command::Dial(Dial {
        targets,
        order: Order::AtOnce,
        ring_time: seconds(9),
        outside: switch::Outside::default(),
    });
    world.application(vec![out.clone(), Command::Detach]);
    assert_eq!(talk(alice.dial_number("out")), CallDirection::Outbound);
    world.application(vec![out, Command::Detach]);
    // Whoever calls from outside does so wherever his call goes on to.
    assert_eq!(talk(carrier.dial_number("out")), CallDirection::Inbound);
    world.assert_quiet();
}

#[test]
fn tenants_do_not_see_each_other() {
    let world = World::seeded(73);
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    let stranger = world.unregistered_phone_of("alice", "other.example");
    stranger.register();
    assert_eq!(stranger.registered(), Some(200));
    // The same name at another tenant is another user, with another phone.
    let call = bob.dial(&alice);
    world.run_for(seconds(5));
    assert_eq!((alice.rung(), stranger.rung()), (1, 0));
    call.hang_up();
    // And the other tenant has no bob.
    let call = stranger.dial_number("bob");
    world.run_for(seconds(2));
    assert_eq!((call.outcome(), bob.rung()), (Outcome::Refused(404), 0));
    // Credentials of one tenant do not open the other's domain.
    bob.ask(Method::Options, "sip:alice@other.example", Vec::new());
    assert_eq!(bob.heard().last(), Some(&("OPTIONS".to_owned(), 401)));
    world.assert_quiet();
}

#[test]
fn a_flood_of_strangers_costs_little_and_known_phones_are_served() {
    // As many as one source could send, were it not held to a measure.
    let floods = switch::floods::Config { burst: 0, ..switch::floods::Config::default() };
    let world = World::with(74, switch::Config { floods, ..switch::Config::default() });
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    let mallory = world.unregistered_phone("mallory");
    for number in 0..500 {
        mallory.says_quietly(
            format!(
                "INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.1.3:5060;branch=z9hG4bKflood{number}\r\nFrom: <sip:x@example.com>;tag=f{number}\r\n\
                 To: <sip:bob@example.com>\r\nCall-ID: flood{number}\r\nCSeq: 1 INVITE\r\nContact: <sip:x@10.0.1.3>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
            )
            .as_bytes(),
        );
    }
    world.run_for(seconds(1));
    assert!(world.transactions() < 20, "nothing of the flood is kept");
    let call = alice.dial(&bob);
    world.run_for(seconds(5));
    assert!(call.is_up() && bob.rung() == 1);
    call.hang_up();
    world.run_for(minutes(1));
    // Whoever's address mallory gave got one answer for each, not the eleven of timer G.
    assert_eq!(mallory.heard().len(), 500);
    world.assert_quiet();
}

#[test]
fn a_caller_that_hides_is_anonymous_to_the_callee() {
    let world = World::seeded(75);
    let (alice, bob) = (world.phone("alice").that_sends("Privacy", "id"), world.phone("bob").that_never_answers());
    let call = alice.dial(&bob);
    world.run_for(seconds(1));
    let invite = bob.last_request();
    assert!(invite.contains("anonymous@anonymous.invalid") && !invite.contains("alice"), "{invite}");
    // RFC 7332 §3: one less than alice's 70.
    assert!(invite.contains("Max-Forwards: 69"), "{invite}");
    call.hang_up();
    world.assert_quiet();
}
