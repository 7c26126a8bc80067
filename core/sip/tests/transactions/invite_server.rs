//! The INVITE server table (RFC 3261 §17.2.1, RFC 6026 §8.5).

use super::*;

#[test]
fn proceeding_100_after_200_ms_unless_something_was_said() {
    for transport in BOTH {
        let mut line = Line::new(transport);
        let key = line.arrive("INVITE");
        assert_eq!(line.until(10_000), each("100", [200]));
        line.respond(key, 180, "INVITE");
        assert_eq!(line.sent(), ["180"]);

        let mut line = Line::new(transport);
        let key = line.arrive("INVITE");
        line.until(150);
        line.respond(key, 180, "INVITE");
        assert_eq!(line.until(10_000), each("180", [150]));
    }
}

/// §8.2.6.1, §18.2.1
#[test]
fn the_100_has_no_tag_and_tells_where_the_request_came_from() {
    let mut line = Line::new(Transport::Udp);
    line.arrive("INVITE");
    line.now += Duration::from_millis(200);
    line.layer.handle_timeout(line.now);
    let bytes = line.bytes().remove(0);
    let trying = parse(&bytes, &Limits::default()).unwrap();
    assert_eq!(trying.to().unwrap().tag(), None);
    assert_eq!(trying.via().unwrap().received(), Some("192.0.2.2".parse().unwrap()));
    assert_eq!(trying.vias().count(), 2);
}

#[test]
fn proceeding_a_copy_gets_the_last_1xx_again() {
    let mut line = Line::new(Transport::Udp);
    let key = line.arrive("INVITE");
    let copy = request("INVITE", "z9hG4bKtheirs");
    assert_eq!((line.come(&copy), line.sent()), (Incoming::Absorbed, vec![]), "nothing was said yet");
    line.until(200);
    assert_eq!((line.come(&copy), line.sent()), (Incoming::Absorbed, vec!["100".to_owned()]));
    line.respond(key, 180, "INVITE");
    line.respond(key, 183, "INVITE");
    line.sent();
    assert_eq!((line.come(&copy), line.sent()), (Incoming::Absorbed, vec!["183".to_owned()]));
}

#[test]
fn a_2xx_is_sent_once_and_copies_are_absorbed_until_timer_l() {
    for transport in BOTH {
        let mut line = Line::new(transport);
        let key = line.arrive("INVITE");
        line.respond(key, 200, "INVITE");
        assert_eq!(line.sent(), ["200"]);
        line.until(1000);
        let copy = request("INVITE", "z9hG4bKtheirs");
        assert_eq!((line.come(&copy), line.sent()), (Incoming::Absorbed, vec![]), "RFC 6026 §7.1");
        // An ACK has a branch of its own; one with the INVITE's is passed up all the same.
        for branch in ["z9hG4bKack", "z9hG4bKtheirs", "z9hG4bKtheirs"] {
            assert_eq!(line.come(&request("ACK", branch)), Incoming::Ack);
        }
        line.respond(key, 486, "INVITE");
        assert_eq!(line.sent(), [] as [&str; 0], "one final answer");
        // §13.3.1.4: the user says it again until it is acknowledged, past the transaction.
        let flow = line.flow;
        line.layer.send(flow, response(200, "INVITE", "z9hG4bKtheirs"));
        assert_eq!(line.sent(), ["200"]);
        assert_eq!(line.until(LONG - 1), []);
        assert_eq!(line.layer.len(), 1);
        line.until(LONG);
        line.assert_quiet();
    }
}

#[test]
fn a_refusal_is_repeated_by_timer_g_until_timer_h() {
    let mut line = Line::new(Transport::Udp);
    let key = line.arrive("INVITE");
    line.respond(key, 486, "INVITE");
    assert_eq!(line.sent(), ["486"]);
    let times = [500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];
    assert_eq!(line.until(LONG), each("486", times));
    assert_eq!(line.events(), [Event::AckMissing(key)]);
    line.assert_quiet();
}

#[test]
fn on_a_reliable_transport_a_refusal_is_sent_once_and_timer_h_still_runs() {
    let mut line = Line::new(Transport::Tcp);
    let key = line.arrive("INVITE");
    line.respond(key, 486, "INVITE");
    assert_eq!(line.until(LONG), each("486", [0]));
    assert_eq!(line.events(), [Event::AckMissing(key)]);
    line.assert_quiet();
}

#[test]
fn completed_a_copy_gets_the_refusal_again_and_the_user_cannot_change_it() {
    let mut line = Line::new(Transport::Udp);
    let key = line.arrive("INVITE");
    line.respond(key, 486, "INVITE");
    line.respond(key, 200, "INVITE");
    assert_eq!(line.sent(), ["486"]);
    assert_eq!(line.come(&request("INVITE", "z9hG4bKtheirs")), Incoming::Absorbed);
    assert_eq!(line.sent(), ["486"]);
}

#[test]
fn an_ack_ends_the_repeating_and_timer_i_absorbs() {
    for (transport, linger) in [(Transport::Udp, 5000), (Transport::Tcp, 0)] {
        let mut line = Line::new(transport);
        let key = line.arrive("INVITE");
        line.respond(key, 486, "INVITE");
        line.sent();
        assert_eq!(line.come(&request("ACK", "z9hG4bKtheirs")), Incoming::Absorbed);
        assert_eq!(line.events(), [Event::Acked(key)]);
        assert_eq!(line.come(&request("ACK", "z9hG4bKtheirs")), Incoming::Absorbed);
        assert_eq!(line.come(&request("INVITE", "z9hG4bKtheirs")), Incoming::Absorbed);
        assert_eq!(line.events(), [], "a second ACK is nothing new");
        if linger > 0 {
            assert_eq!(line.until(linger - 1), []);
            assert_eq!(line.layer.len(), 1);
        }
        assert_eq!(line.until(linger), []);
        line.assert_quiet();
    }
}

#[test]
fn an_ack_before_any_answer_means_nothing() {
    let mut line = Line::new(Transport::Udp);
    let key = line.arrive("INVITE");
    assert_eq!(line.come(&request("ACK", "z9hG4bKtheirs")), Incoming::Absorbed);
    line.respond(key, 486, "INVITE");
    assert_eq!((line.sent(), line.events()), (vec!["486".to_owned()], vec![]));
}
