//! SUBSCRIBE: made, refreshed, given up, forgotten.

use switch::Waiting;
use testkit::{Weather, World, minutes, seconds, waiting};

use super::{count, watched};

#[test]
fn who_subscribes_is_told_at_once_how_the_lamp_is() {
    let world = World::seeded(900);
    world.mailbox("1001", "alice");
    world.lamp("1001", Waiting { new: 2, saved: 8, urgent_new: 1, urgent_saved: 2 });
    let alice = world.phone("alice");
    let watching = alice.subscribes_to("1001");
    assert_eq!((watching.status(), watching.granted()), (Some(200), Some(3600)), "{}", world.ladder());
    let told = watching.told();
    let first = told.first().expect("a NOTIFY");
    assert_eq!(first.waiting, Some(Waiting { new: 2, saved: 8, urgent_new: 1, urgent_saved: 2 }));
    assert_eq!((first.account.as_str(), first.event.as_str()), ("sip:1001@example.com", "message-summary"));
    assert!(first.state.starts_with("active;expires=3"), "{}", first.state);
    assert_eq!((told.len(), world.subscriptions()), (1, 1));
    // The 200 goes out before the NOTIFY.
    let ladder: Vec<String> = world.ladder().lines().map(str::to_owned).collect();
    let at = ladder.iter().position(|row| row.contains("NOTIFY ")).expect("a NOTIFY");
    assert!(at.checked_sub(1).is_some_and(|before| ladder[before].ends_with("SIP/2.0 200 OK")), "{}", world.ladder());
    world.assert_quiet();
    assert_eq!(world.subscriptions(), 1, "it stands while all is quiet");
}

#[test]
fn who_names_nobody_or_himself_subscribes_to_his_own() {
    let world = World::seeded(901);
    world.mailbox("1001", "alice");
    let alice = world.phone("alice");
    for name in ["", "alice"] {
        let watching = alice.subscribes_to(name);
        assert_eq!(watching.status(), Some(200), "{name}");
        assert_eq!(watching.told().first().map(|told| told.account.clone()).as_deref(), Some("sip:1001@example.com"));
    }
    world.assert_quiet();
}

#[test]
fn a_subscription_is_refreshed_and_given_up() {
    let (world, _alice, watching) = watched(902);
    watching.refresh(600);
    assert_eq!((watching.status(), watching.granted(), watching.told().len()), (Some(200), Some(600), 2));
    assert!(watching.state().starts_with("active;expires=600"), "{}", watching.state());
    world.run_for(minutes(8));
    watching.refresh(600);
    world.run_for(minutes(8));
    assert_eq!(world.subscriptions(), 1, "the refresh counts, not the beginning");
    watching.unsubscribe();
    assert_eq!((watching.status(), watching.granted()), (Some(200), Some(0)));
    assert_eq!(watching.state(), "terminated;reason=timeout");
    assert_eq!((world.subscriptions(), world.kept_subscriptions().len()), (0, 0));
    watching.refresh(600);
    assert_eq!(watching.status(), Some(481), "what was given up is gone");
    world.assert_quiet();
}

#[test]
fn nobody_refreshes_and_it_ends_by_itself() {
    let world = World::seeded(903);
    world.mailbox("1001", "alice");
    let watching = world.phone("alice").subscribes_for("1001", Some(90));
    world.run_for(seconds(80));
    assert_eq!((world.subscriptions(), watching.told().len()), (1, 1));
    world.run_for(seconds(20));
    assert_eq!(watching.state(), "terminated;reason=timeout", "{}", world.ladder());
    assert_eq!((world.subscriptions(), world.kept_subscriptions().len()), (0, 0));
    world.assert_quiet();
}

#[test]
fn who_subscribes_for_no_time_is_told_once() {
    let world = World::seeded(904);
    world.mailbox("1001", "alice");
    world.lamp("1001", waiting(3, 0));
    let watching = world.phone("alice").subscribes_for("1001", Some(0));
    assert_eq!((watching.status(), watching.granted(), watching.waiting()), (Some(200), Some(0), Some(waiting(3, 0))));
    assert_eq!(watching.state(), "terminated;reason=timeout");
    world.lamp("1001", waiting(4, 0));
    world.run_for(seconds(5));
    assert_eq!((watching.told().len(), world.subscriptions()), (1, 0));
    assert!(world.kept_subscriptions().is_empty());
    world.assert_quiet();
}

#[test]
fn too_brief_is_refused_and_too_long_is_shortened() {
    let world = World::seeded(905);
    world.mailbox("1001", "alice");
    let alice = world.phone("alice");
    assert_eq!(alice.subscribes_for("1001", Some(10)).status(), Some(423));
    assert!(alice.was_told("Min-Expires: 60\r\n"));
    let long = alice.subscribes_for("1001", Some(1_000_000_000));
    assert_eq!((long.status(), long.granted()), (Some(200), Some(7200)));
    // Too brief a refresh leaves what stands as it is.
    long.refresh(10);
    assert_eq!((long.status(), world.subscriptions()), (Some(423), 1));
    world.assert_quiet();
}

#[test]
fn another_event_and_who_takes_no_summaries_are_refused() {
    let world = World::seeded(906);
    world.mailbox("1001", "alice");
    let alice = world.phone("alice");
    for event in ["presence", "", "dialog;sla"] {
        let refused = alice.subscribes_with("1001", None, &[("Event", event.to_owned())]);
        assert_eq!(refused.status(), Some(489), "{event}");
    }
    assert!(alice.was_told("Allow-Events: message-summary\r\n"));
    let refused = alice.subscribes_with("1001", None, &[("Accept", "application/pidf+xml".to_owned())]);
    assert_eq!(refused.status(), Some(406));
    let silent = alice.subscribes_with("1001", None, &[("Accept", String::new())]);
    assert_eq!(silent.status(), Some(200), "who names no type takes summaries");
    assert_eq!(world.subscriptions(), 1);
    world.assert_quiet();
}

#[test]
fn an_event_with_an_id_is_told_with_it_and_belongs_to_its_dialog() {
    let world = World::seeded(907);
    world.mailbox("1001", "alice");
    let watching = world.phone("alice").subscribes_with("1001", None, &[("Event", "message-summary;id=7".to_owned())]);
    assert_eq!(watching.told().last().map(|told| told.event.clone()).as_deref(), Some("message-summary;id=7"));
    watching.refresh_with(Some(600), &[("Event", "message-summary;id=8".to_owned())]);
    assert_eq!(watching.status(), Some(481));
    watching.refresh(600);
    assert_eq!(watching.status(), Some(200));
    world.assert_quiet();
}

#[test]
fn a_mailbox_that_is_not_there_is_404_and_another_s_is_403() {
    let world = World::seeded(908);
    world.mailbox("1001", "alice");
    world.mailbox("1002", "bob");
    let alice = world.phone("alice");
    assert_eq!(alice.subscribes_to("1003").status(), Some(404));
    assert_eq!(alice.subscribes_to("1002").status(), Some(403));
    assert_eq!(world.subscriptions(), 0);
    world.assert_quiet();
}

#[test]
fn what_nobody_knows_in_time_is_503_and_a_refresh_leaves_what_stands() {
    let (world, alice, watching) = watched(909);
    world.lamps_are_answered(false);
    let late = alice.subscribes_to("1001");
    watching.refresh(600);
    world.run_for(seconds(5));
    assert_eq!((late.status(), watching.status(), world.subscriptions()), (Some(503), Some(503), 1));
    world.lamps_are_answered(true);
    watching.refresh(600);
    assert_eq!(watching.status(), Some(200));
    world.assert_quiet();
}

#[test]
fn a_mailbox_that_is_given_to_another_ends_the_subscription_at_its_refresh() {
    let (world, _alice, watching) = watched(910);
    world.gives_mailbox("1001", "bob");
    watching.refresh(600);
    assert_eq!((watching.status(), watching.state().as_str()), (Some(403), "terminated;reason=rejected"));
    assert_eq!(watching.told().last().and_then(|told| told.waiting), None, "he is told nothing of it any more");
    assert_eq!((world.subscriptions(), world.kept_subscriptions().len()), (0, 0));
    world.assert_quiet();
}

#[test]
fn a_mailbox_or_a_user_that_is_gone_ends_its_subscriptions() {
    let (world, _alice, watching) = watched(911);
    world.drops_mailbox("1001", true);
    world.run_for(seconds(1));
    assert_eq!((watching.state().as_str(), world.subscriptions()), ("terminated;reason=noresource", 0));
    world.assert_quiet();
    let (world, _alice, watching) = watched(912);
    world.drops_user("alice");
    world.run_for(seconds(1));
    assert_eq!((watching.state().as_str(), world.subscriptions()), ("terminated;reason=noresource", 0));
    assert_eq!((world.bindings(), world.kept_subscriptions().len()), (0, 0));
    world.assert_quiet();
    // A server that says nothing: the next refresh finds out.
    let (world, _alice, watching) = watched(913);
    world.drops_mailbox("1001", false);
    watching.refresh(600);
    assert_eq!((watching.status(), watching.state().as_str()), (Some(404), "terminated;reason=noresource"));
    world.assert_quiet();
}

#[test]
fn a_phone_that_moved_proves_itself_again_and_is_told_where_it_is() {
    let (world, alice, watching) = watched(914);
    let before = count(&world, "401 Unauthorized");
    alice.moves_to("10.0.7.7:5070".parse().expect("an address"));
    watching.refresh(600);
    assert_eq!((watching.status(), watching.told().len()), (Some(200), 2), "{}", world.ladder());
    assert_eq!(count(&world, "401 Unauthorized"), before + 1);
    world.lamp("1001", waiting(1, 0));
    world.run_for(seconds(2));
    assert_eq!(watching.waiting(), Some(waiting(1, 0)));
    assert_eq!(count(&world, "NOTIFY sip:alice@10.0.7.7:5070"), 2, "{}", world.ladder());
    // From where it came last it needs no password.
    watching.refresh(600);
    assert_eq!(count(&world, "401 Unauthorized"), before + 1);
    assert_eq!(
        world.kept_subscriptions().first().map(|kept| kept.remote.to_string()).as_deref(),
        Some("10.0.7.7:5070")
    );
    world.assert_quiet();
}

#[test]
fn requests_out_of_order_and_in_unknown_dialogs_are_refused() {
    let (world, alice, watching) = watched(915);
    watching.refresh(600);
    watching.forgets_its_count();
    watching.refresh(600);
    assert_eq!((watching.status(), world.subscriptions()), (Some(500), 1));
    for method in ["SUBSCRIBE", "BYE", "INFO"] {
        alice.say(
            format!(
                "{method} sip:1001@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.1.1:5060;branch=z9hG4bKx{method}\r\nMax-Forwards: 70\r\n\
                 From: <sip:alice@example.com>;tag=nobody\r\nTo: <sip:1001@example.com>;tag=nothing\r\nCall-ID: none\r\n\
                 CSeq: 9 {method}\r\nContact: <sip:alice@10.0.1.1>\r\nEvent: message-summary\r\nContent-Length: 0\r\n\r\n"
            )
            .as_bytes(),
        );
        assert_eq!(alice.heard().last(), Some(&(method.to_owned(), 481)));
    }
    world.assert_quiet();
}

#[test]
fn a_call_is_no_place_for_a_subscription() {
    let world = World::seeded(918);
    world.mailbox("1001", "alice");
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    let call = alice.dial(&bob);
    world.run_for(seconds(5));
    alice.ask_in_call(rsip::Method::Subscribe, b"");
    assert_eq!(alice.heard().last(), Some(&("SUBSCRIBE".to_owned(), 403)));
    assert!(call.is_up() && world.subscriptions() == 0);
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn a_trusted_peer_without_an_account_may_not_subscribe_and_a_phone_behind_its_address_may() {
    let world = World::seeded(916);
    world.mailbox("1001", "alice");
    let alice = world.phone("alice");
    world.trust(alice.address().ip());
    assert_eq!(alice.subscribes_to("1001").status(), Some(200), "{}", world.ladder());
    let stranger = "SUBSCRIBE sip:1001@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.1.1:5060;branch=z9hG4bKpeer\r\nMax-Forwards: 70\r\n\
        From: <sip:carrier@elsewhere.example>;tag=c\r\nTo: <sip:1001@example.com>\r\nCall-ID: peer\r\nCSeq: 1 SUBSCRIBE\r\n\
        Contact: <sip:carrier@10.0.1.1>\r\nEvent: message-summary\r\nContent-Length: 0\r\n\r\n";
    alice.say(stranger.as_bytes());
    assert_eq!(alice.heard().last(), Some(&("SUBSCRIBE".to_owned(), 403)));
    assert_eq!(world.subscriptions(), 1);
    world.assert_quiet();
}

#[test]
fn options_and_registrations_say_what_can_be_subscribed_to() {
    let world = World::seeded(917);
    let alice = world.phone("alice");
    assert!(alice.was_told("Allow-Events: message-summary\r\n"), "at its registration");
    let bob = world.unregistered_phone("bob");
    bob.ask(rsip::Method::Options, "sip:example.com", Vec::new());
    assert!(bob.was_told("Allow-Events: message-summary\r\n") && bob.was_told("UPDATE, SUBSCRIBE\r\n"));
    world.assert_quiet();
}

#[test]
fn subscriptions_survive_a_foul_link() {
    for seed in 0..40 {
        let world = World::seeded(9_100 + seed);
        world.mailbox("1001", "alice");
        let alice = world.phone("alice");
        world.weather(Weather::FOUL);
        let watching = alice.subscribes_for("1001", Some(600));
        world.run_for(seconds(20));
        for new in 1..=10 {
            world.lamp("1001", waiting(new, 0));
            world.run_for(seconds(u64::from(new % 4)));
        }
        world.run_for(seconds(30));
        assert_eq!(watching.status(), Some(200), "seed {seed}\n{}", world.ladder());
        assert_eq!(watching.waiting(), Some(waiting(10, 0)), "seed {seed}: the newest state\n{}", world.ladder());
        watching.unsubscribe();
        world.run_for(seconds(40));
        assert_eq!(watching.state(), "terminated;reason=timeout", "seed {seed}\n{}", world.ladder());
        world.weather(Weather::FAIR);
        world.assert_quiet();
        assert_eq!((world.subscriptions(), world.kept_subscriptions().len()), (0, 0), "seed {seed}");
    }
}
