//! Giving up an INVITE (RFC 3261 §9.1).

use super::*;

#[test]
fn it_waits_for_a_1xx_and_is_sent_once() {
    let mut line = Line::new(Transport::Udp);
    let key = line.request("INVITE");
    line.layer.cancel(line.now, key, None);
    assert_eq!(line.sent(), [] as [&str; 0], "§9.1: not before a 1xx");
    assert!(line.response(100, "INVITE"));
    assert_eq!(line.sent(), ["CANCEL"]);
    line.layer.cancel(line.now, key, None);
    assert!(line.response(180, "INVITE"));
    assert!(!line.response(200, "CANCEL"), "its answer is nobody's business");
    // Long after the CANCEL's own transaction has gone, a 1xx brings no second one.
    assert_eq!(line.until(20_000), []);
    assert!(line.response(180, "INVITE"));
    assert_eq!(line.sent(), [] as [&str; 0]);
    assert!(line.response(487, "INVITE"));
    assert_eq!(line.sent(), ["ACK"]);
    line.until(60_000);
    line.assert_quiet();
}

/// §9.1
#[test]
fn it_is_made_of_the_invite() {
    let mut line = Line::new(Transport::Udp);
    let key = line.request("INVITE");
    line.response(180, "INVITE");
    line.layer.cancel(line.now, key, Some("SIP;cause=200;text=\"Call completed elsewhere\""));
    let cancel = String::from_utf8(line.bytes().remove(0)).unwrap();
    assert_eq!(
        cancel,
        "CANCEL sip:bob@biloxi.com SIP/2.0\r\nVia: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bKours\r\n\
         Route: <sip:p1.example.com;lr>\r\nRoute: <sip:p2.example.com;lr>\r\nMax-Forwards: 70\r\n\
         From: <sip:alice@atlanta.com>;tag=1928301774\r\nTo: <sip:bob@biloxi.com>\r\n\
         Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n\
         Call-ID: a84b4c76e66710\r\nCSeq: 314159 CANCEL\r\nContent-Length: 0\r\n\r\n"
    );
    assert_eq!(line.until(1500), each("CANCEL", [500, 1500]), "it is repeated like any other request");
}

#[test]
fn after_a_final_answer_and_of_anything_but_invite_there_is_none() {
    let mut line = Line::new(Transport::Udp);
    let key = line.request("INVITE");
    line.response(200, "INVITE");
    line.layer.cancel(line.now, key, None);
    assert_eq!(line.sent(), [] as [&str; 0]);
    let mut line = Line::new(Transport::Udp);
    let key = line.request("OPTIONS");
    line.response(100, "OPTIONS");
    line.layer.cancel(line.now, key, None);
    assert_eq!(line.sent(), [] as [&str; 0]);
}

#[test]
fn a_200_that_crosses_it_goes_up() {
    let mut line = Line::new(Transport::Udp);
    let key = line.request("INVITE");
    line.response(180, "INVITE");
    line.layer.cancel(line.now, key, None);
    assert!(line.response(200, "INVITE"), "the user must acknowledge it and hang up");
}

#[test]
fn an_invite_that_stays_silent_after_it_is_given_up_in_64_t1() {
    for transport in BOTH {
        let mut line = Line::new(transport);
        let key = line.request("INVITE");
        line.response(180, "INVITE");
        line.until(10_000);
        line.layer.cancel(line.now, key, None);
        line.until(10_000 + LONG - 1);
        assert_eq!(line.events(), []);
        line.until(10_000 + LONG);
        assert_eq!(line.events(), [Event::TimedOut(key, USER)]);
        line.assert_quiet();
    }
}

#[test]
fn one_that_comes_finds_its_invite_whatever_its_method() {
    // RFC 3261, and RFC 2543 without a branch.
    for branch in ["z9hG4bKtheirs", "1"] {
        let mut line = Line::new(Transport::Udp);
        let Incoming::New(invite) = line.come(&request("INVITE", branch)) else { panic!() };
        let Incoming::Cancel { cancel, invite: found } = line.come(&request("CANCEL", branch)) else { panic!() };
        assert_eq!(found, Some(invite), "{branch}");
        assert_ne!(cancel, invite, "it is a transaction of its own");
        assert_eq!(line.come(&request("CANCEL", branch)), Incoming::Absorbed);
    }
}

#[test]
fn one_that_belongs_to_nothing_is_still_to_be_answered() {
    let mut line = Line::new(Transport::Udp);
    line.arrive("INVITE");
    let Incoming::Cancel { cancel, invite: None } = line.come(&request("CANCEL", "z9hG4bKother")) else { panic!() };
    line.respond(cancel, 481, "CANCEL");
    assert_eq!(line.sent(), ["481"]);
    let mut other = request("CANCEL", "z9hG4bKtheirs");
    let from = b"pc33".to_vec();
    let at = other.windows(4).position(|four| four == from).unwrap();
    other[at + 3] = b'4';
    assert!(matches!(line.come(&other), Incoming::Cancel { invite: None, .. }), "another sent-by (§17.2.3)");
}
