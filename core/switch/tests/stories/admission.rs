//! Who may pass: every method without credentials, wrong passwords, bans.

use std::time::Duration;

use rsip::Method;
use switch::gatekeeper::Config as Gatekeeper;
use switch::{Config, Notice};
use testkit::{Outcome, Phone, World, millis, minutes, seconds};

#[test]
fn a_wrong_password_and_an_unknown_user_are_told_alike() {
    let world = World::seeded(40);
    let wrong = world.unregistered_phone("alice").with_password("not it");
    wrong.register();
    assert_eq!(wrong.registered(), Some(401));
    let told: Vec<_> = wrong.heard();
    let unknown = world.unregistered_phone("zed").with_password("guess");
    unknown.register();
    assert_eq!(unknown.heard(), told);
    assert_eq!(world.bindings(), 0);
}

#[test]
fn no_method_passes_without_credentials() {
    let world = World::seeded(41);
    let bob = world.phone("bob");
    let mallory = world.unregistered_phone("mallory").with_password("wrong");
    for (method, status) in [
        (Method::Register, 401),
        (Method::Invite, 401),
        (Method::Options, 401),
        (Method::Bye, 481),
        (Method::Info, 481),
        (Method::Subscribe, 401),
        (Method::Notify, 405),
        (Method::Message, 405),
        (Method::Publish, 405),
        (Method::Refer, 405),
        (Method::Update, 481),
        (Method::PRack, 481),
    ] {
        mallory.ask(method, "sip:bob@example.com", vec![("Contact", "<sip:mallory@10.0.1.2>".to_owned())]);
        world.run_for(seconds(1));
        assert_eq!(mallory.heard().last().map(|(_, status)| *status), Some(status), "{method}");
    }
    assert_eq!(bob.rung(), 0);
}

#[test]
fn a_domain_that_is_not_ours_is_not_served() {
    let world = World::seeded(42);
    let alice = world.phone("alice");
    alice.ask(Method::Options, "sip:bob@elsewhere.example", Vec::new());
    assert_eq!(alice.heard().last(), Some(&("OPTIONS".to_owned(), 403)));
}

#[test]
fn who_guesses_passwords_is_ignored_for_a_while_and_then_forgiven() {
    let gatekeeper = Gatekeeper { max_failures: 3, ban_time: Duration::from_secs(300), ..Gatekeeper::default() };
    let world = World::with(43, Config { gatekeeper, ..Config::default() });
    let bob = world.phone("bob");
    let mallory = world.unregistered_phone("alice").with_password("guess");
    for _ in 0..4 {
        mallory.register();
    }
    assert!(world.notices().iter().any(|notice| matches!(notice, Notice::Banned { .. })));
    let heard = mallory.heard().len();
    mallory.register();
    assert_eq!(mallory.heard().len(), heard, "a banned source gets no answer");
    bob.register();
    assert_eq!(bob.registered(), Some(200), "others are served");
    world.run_for(minutes(6));
    mallory.register();
    assert!(mallory.heard().len() > heard);
}

#[test]
fn an_invite_needs_the_password_too() {
    let world = World::seeded(44);
    let bob = world.phone("bob");
    let mallory = world.unregistered_phone("alice").with_password("wrong");
    let call = mallory.dial(&bob);
    world.run_for(seconds(2));
    assert_eq!(call.outcome(), Outcome::Refused(401));
    assert_eq!(bob.rung(), 0);
    world.assert_quiet();
    assert!(world.cdrs().is_empty(), "what never passed is no call");
}

#[test]
fn odd_requests_are_answered_by_the_book() {
    let world = World::seeded(45);
    let alice = world.phone("alice");
    alice.ask(
        Method::Invite,
        "sip:bob@example.com",
        vec![("Require", "100rel, foo".to_owned()), ("Contact", "<sip:alice@10.0.1.1>".to_owned())],
    );
    assert_eq!(alice.heard().last().map(|(_, status)| *status), Some(420));
    let raw = |start: &str, rows: &str| {
        format!(
            "{start} SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.1.1:5060;branch=z9hG4bKodd{}\r\nFrom: <sip:alice@example.com>;tag=f\r\nTo: <sip:bob@example.com>\r\n\
             Call-ID: {}\r\nContact: <sip:alice@10.0.1.1>\r\n{rows}Content-Length: 0\r\n\r\n",
            start.len() * 100 + rows.len(),
            rows.len()
        )
    };
    for (start, rows, status) in [
        ("INVITE sip:bob@example.com", "CSeq: 1 INVITE\r\nMax-Forwards: 0\r\n", 483),
        ("DANCE sip:bob@example.com", "CSeq: 1 DANCE\r\nMax-Forwards: 70\r\n", 501),
        ("OPTIONS sip:bob@example.com?a=b", "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n", 400),
        ("OPTIONS sip:bob@example.com", "CSeq: 1 INVITE\r\nMax-Forwards: 70\r\n", 400),
        ("CANCEL sip:bob@example.com", "CSeq: 77 CANCEL\r\nMax-Forwards: 70\r\n", 481),
    ] {
        // The status line is read as bytes: rsip does not know every method.
        alice.say(raw(start, rows).as_bytes());
        let ladder = world.ladder();
        assert!(ladder.lines().any(|line| line.contains(&format!("SIP/2.0 {status} "))), "{start} {status}\n{ladder}");
    }
}

#[test]
fn an_old_phone_that_reads_the_first_challenge_alone_comes_in_at_the_third_attempt() {
    let world = World::seeded(46);
    let bob = world.phone("bob");
    let old = world.unregistered_phone("alice").that_reads_the_first_challenge();
    for status in [401, 401, 200] {
        old.register();
        assert_eq!(old.registered(), Some(status), "{}", world.ladder());
    }
    // It is remembered as what it is: its calls go through at once.
    let call = old.dial(&bob);
    world.run_for(seconds(5));
    assert!(call.is_up() && old.hears(&bob), "{}", world.ladder());
    call.hang_up();
    // Nobody else is offered less for it.
    let new = world.unregistered_phone("carol").with_algorithm("SHA-256");
    new.register();
    assert_eq!(new.registered(), Some(200));
    world.assert_quiet();
}

#[test]
fn an_exempt_source_may_err_as_often_as_it_likes() {
    let exempt = vec!["10.0.1.0/24".parse().expect("a network")];
    let gatekeeper = Gatekeeper { max_failures: 3, exempt, ..Gatekeeper::default() };
    let world = World::with(47, Config { gatekeeper, ..Config::default() });
    let clumsy = world.unregistered_phone("alice").with_password("guess");
    for _ in 0..10 {
        clumsy.register();
        assert_eq!(clumsy.registered(), Some(401));
    }
    assert!(!world.notices().iter().any(|notice| matches!(notice, Notice::Banned { .. })));
}

/// INVITEs of nobody in particular, more than a stranger may send.
fn pours_out_invites(world: &World, phone: &Phone) -> usize {
    for at in 0..1_000 {
        phone.says_quietly(
            format!(
                "INVITE sip:{at}@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.1.1:5060;branch=z9hG4bK{at}\r\n\
                 Max-Forwards: 70\r\nFrom: <sip:x@example.com>;tag={at}\r\nTo: <sip:{at}@example.com>\r\nCall-ID: f{at}\r\n\
                 CSeq: 1 INVITE\r\nContact: <sip:x@10.0.1.1>\r\nContent-Length: 0\r\n\r\n"
            )
            .as_bytes(),
        );
    }
    world.run_for(millis(100));
    phone.heard().len()
}

#[test]
fn a_trusted_peer_and_an_exempt_source_ask_as_often_as_they_like() {
    let world = World::seeded(48);
    let carrier = world.unregistered_phone("carrier").with_password("none");
    world.trust(carrier.address().ip());
    assert!(pours_out_invites(&world, &carrier) >= 1_000);
    assert!(!world.notices().iter().any(|notice| matches!(notice, Notice::Flooded { .. })));
    let exempt = vec!["10.0.1.0/24".parse().expect("a network")];
    let gatekeeper = Gatekeeper { exempt, ..Gatekeeper::default() };
    let world = World::with(49, Config { gatekeeper, ..Config::default() });
    let stranger = world.unregistered_phone("stranger").with_password("no");
    assert!(pours_out_invites(&world, &stranger) >= 1_000);
}

#[test]
fn a_source_that_floods_is_not_answered_and_the_office_behind_one_address_is() {
    let world = World::seeded(45);
    let stranger = world.unregistered_phone("stranger").with_password("no");
    let answers = pours_out_invites(&world, &stranger);
    assert!((200..=210).contains(&answers), "{answers}");
    let told = world.notices().iter().filter(|notice| matches!(notice, Notice::Flooded { .. })).count();
    assert_eq!(told, 1);
    // Another source is served, and once somebody has proven itself, as often as it likes.
    let alice = world.phone("alice");
    for _ in 0..400 {
        alice.register();
    }
    assert_eq!(alice.registered(), Some(200));
    world.assert_quiet();
}
