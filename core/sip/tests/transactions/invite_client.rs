//! The INVITE client table (RFC 3261 §17.1.1, RFC 6026 §8.4).

use super::*;

#[test]
fn calling_timer_a_doubles_and_timer_b_gives_up() {
    let mut line = Line::new(Transport::Udp);
    let key = line.request("INVITE");
    assert_eq!(line.until(LONG), each("INVITE", [500, 1500, 3500, 7500, 15_500, 31_500]));
    assert_eq!(line.events(), [Event::TimedOut(key, USER)]);
    line.assert_quiet();
}

#[test]
fn calling_on_a_reliable_transport_sends_once() {
    let mut line = Line::new(Transport::Tcp);
    let key = line.request("INVITE");
    assert_eq!(line.until(LONG - 1), []);
    assert_eq!(line.events(), []);
    line.until(LONG);
    assert_eq!(line.events(), [Event::TimedOut(key, USER)]);
    line.assert_quiet();
}

#[test]
fn calling_1xx_goes_up_and_stops_a_and_b() {
    for transport in BOTH {
        let mut line = Line::new(transport);
        line.request("INVITE");
        line.until(700);
        assert!(line.response(180, "INVITE"));
        assert!(line.response(183, "INVITE"), "each of them");
        assert_eq!(line.until(3_600_000), [], "it may ring for an hour");
        assert_eq!((line.layer.len(), line.events()), (1, vec![]));
    }
}

#[test]
fn a_2xx_goes_up_each_time_until_timer_m() {
    for (transport, ringing) in [(BOTH[0], false), (BOTH[0], true), (BOTH[1], false), (BOTH[1], true)] {
        let mut line = Line::new(transport);
        line.request("INVITE");
        if ringing {
            assert!(line.response(180, "INVITE"));
        }
        assert!(line.response(200, "INVITE"));
        assert_eq!(line.sent(), [] as [&str; 0], "the ACK is the user's (§13.2.2.4)");
        assert!(line.response(200, "INVITE"), "RFC 6026: copies and forks go up");
        for other in [180, 302, 486, 603] {
            assert!(!line.response(other, "INVITE"), "{other} after a 2xx");
        }
        assert_eq!(line.until(LONG - 1), []);
        assert_eq!(line.layer.len(), 1);
        line.until(LONG);
        line.assert_quiet();
        assert!(!line.response(200, "INVITE"), "after Timer M it is a stray");
    }
}

#[test]
fn a_refusal_goes_up_once_and_is_acknowledged_each_time_until_timer_d() {
    for (status, ringing) in [(300, false), (404, true), (503, false), (699, true)] {
        let mut line = Line::new(Transport::Udp);
        line.request("INVITE");
        if ringing {
            assert!(line.response(100, "INVITE"));
        }
        assert!(line.response(status, "INVITE"));
        assert_eq!(line.sent(), ["ACK"]);
        assert!(!line.response(status, "INVITE"));
        assert_eq!(line.sent(), ["ACK"]);
        for other in [180, 200] {
            assert!(!line.response(other, "INVITE"), "{other} after a refusal");
            assert_eq!(line.sent(), [] as [&str; 0]);
        }
        assert_eq!(line.until(31_999), [], "and nothing is repeated");
        assert_eq!(line.layer.len(), 1);
        line.until(32_000);
        line.assert_quiet();
    }
}

#[test]
fn on_a_reliable_transport_timer_d_is_zero() {
    let mut line = Line::new(Transport::Tcp);
    line.request("INVITE");
    assert!(line.response(486, "INVITE"));
    assert_eq!(line.until(0), each("ACK", [0]));
    line.assert_quiet();
}

/// §17.1.1.3
#[test]
fn the_ack_is_made_of_the_invite_and_the_to_of_its_answer() {
    let mut line = Line::new(Transport::Udp);
    line.request("INVITE");
    line.response(486, "INVITE");
    let ack = String::from_utf8(line.bytes().remove(0)).unwrap();
    assert_eq!(
        ack,
        "ACK sip:bob@biloxi.com SIP/2.0\r\nVia: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bKours\r\n\
         Route: <sip:p1.example.com;lr>\r\nRoute: <sip:p2.example.com;lr>\r\nMax-Forwards: 70\r\n\
         From: <sip:alice@atlanta.com>;tag=1928301774\r\nTo: <sip:bob@biloxi.com>;tag=a6c85cf\r\n\
         Call-ID: a84b4c76e66710\r\nCSeq: 314159 ACK\r\nContent-Length: 0\r\n\r\n"
    );
}

#[test]
fn what_waits_on_a_flow_that_failed_fails_and_what_is_answered_does_not() {
    let mut line = Line::new(Transport::Tcp);
    let key = line.request("INVITE");
    line.layer.handle_connection_closed(ConnectionId(2));
    assert_eq!(line.events(), [], "another connection");
    line.layer.handle_connection_closed(ConnectionId(1));
    assert_eq!(line.events(), [Event::Failed(key, USER)]);
    line.assert_quiet();

    let mut line = Line::new(Transport::Udp);
    line.request("INVITE");
    line.response(200, "INVITE");
    let flow = line.flow;
    line.layer.handle_flow_failed(&flow);
    assert_eq!((line.events(), line.layer.len()), (vec![], 1), "a 2xx may still be repeated to us");
}

/// §17.1.3
#[test]
fn a_response_is_matched_by_branch_and_method() {
    let mut line = Line::new(Transport::Udp);
    line.request("INVITE");
    for stray in [response(200, "INVITE", "z9hG4bKother"), response(200, "BYE", "z9hG4bKours")] {
        assert!(line.layer.handle_response(line.now, &parse(&stray, &Limits::default()).unwrap()).is_none());
    }
    assert!(line.response(200, "INVITE"), "it still waits");
}
