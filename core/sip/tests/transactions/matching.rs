//! Which transaction a message belongs to (RFC 3261 §17.1.3, §17.2.3, §8.2.2.2).

use super::*;

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// §17.2.3
#[test]
fn branch_sent_by_and_method_make_a_transaction() {
    let mut line = Line::new(Transport::Udp);
    line.arrive("OPTIONS");
    let first = text(request("OPTIONS", "z9hG4bKtheirs")).replace("314159", "314160");
    for other in [
        first.replace("pc33", "pc34"),
        first.replace("pc33.atlanta.com", "pc33.atlanta.com:5062"),
        first.replace("OPTIONS", "MESSAGE"),
        first.replace("bKtheirs", "bKnext").replace("314160", "314161"),
    ] {
        assert!(matches!(line.come(other.as_bytes()), Incoming::New(_) | Incoming::Merged(_)), "{other}");
    }
}

/// §17.2.3, for senders of RFC 2543.
#[test]
fn without_a_branch_the_rest_of_the_request_is_compared() {
    for via in [
        "SIP/2.0/UDP pc33.atlanta.com",
        "SIP/2.0/UDP pc33.atlanta.com;branch=1",
        "SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK",
    ] {
        let old = |method: &str| text(request(method, "X")).replace("SIP/2.0/UDP pc33.atlanta.com;branch=X", via);
        let mut line = Line::new(Transport::Udp);
        let Incoming::New(key) = line.come(old("INVITE").as_bytes()) else { panic!() };
        assert_eq!(line.come(old("INVITE").as_bytes()), Incoming::Absorbed);
        line.respond(key, 486, "INVITE");
        let ack = old("ACK").replace("To: <sip:bob@biloxi.com>", "To: <sip:bob@biloxi.com>;tag=a6c85cf");
        assert_eq!(line.come(ack.as_bytes()), Incoming::Absorbed);
        assert_eq!(line.events(), [Event::Acked(key)], "{via}");
        // RFC 4475 §3.2.1: the bare cookie must not make one transaction out of two.
        let next = old("INVITE").replace("a84b4c76e66710", "another");
        assert!(matches!(line.come(next.as_bytes()), Incoming::New(_)), "{via}");
    }
}

/// §8.2.2.2
#[test]
fn a_request_that_came_by_two_ways_is_merged() {
    let mut line = Line::new(Transport::Udp);
    line.arrive("INVITE");
    let Incoming::Merged(key) = line.come(&request("INVITE", "z9hG4bKelsewhere")) else { panic!() };
    line.respond(key, 482, "INVITE");
    assert_eq!(line.sent(), ["482"]);
    let again = text(request("INVITE", "z9hG4bKretry"));
    assert!(matches!(line.come(again.replace("314159", "314160").as_bytes()), Incoming::New(_)), "a higher CSeq");
    let inside =
        again.replace("bKretry", "bKinside").replace("To: <sip:bob@biloxi.com>", "To: <sip:bob@biloxi.com>;tag=ours");
    assert!(matches!(line.come(inside.as_bytes()), Incoming::New(_)), "inside a dialog nothing merges");
}

#[test]
fn when_the_first_is_over_the_same_request_is_new() {
    let mut line = Line::new(Transport::Udp);
    let key = line.arrive("OPTIONS");
    line.respond(key, 200, "OPTIONS");
    line.until(LONG);
    assert!(matches!(line.come(&request("OPTIONS", "z9hG4bKelsewhere")), Incoming::New(_)));
}

#[test]
fn a_response_is_no_request_and_a_request_of_ours_needs_a_branch_that_is_new() {
    let mut line = Line::new(Transport::Udp);
    line.request("OPTIONS");
    let flow = line.flow;
    for bytes in [
        request("OPTIONS", "z9hG4bKours"),
        response(200, "OPTIONS", "z9hG4bKx"),
        Writer::request(sip::Method::Options, "sip:a@b").finish(),
        b"nonsense".to_vec(),
    ] {
        assert_eq!(line.layer.request(line.now, flow, bytes, USER), Err(Full));
    }
    let mut answer = Writer::response(Status::OK);
    answer.header(Name::Via, "SIP/2.0/UDP pc33;branch=z9hG4bKours");
    let answer = answer.finish();
    assert!(line.layer.handle_response(line.now, &parse(&answer, &Limits::default()).unwrap()).is_none());
    assert_eq!(line.layer.len(), 1);
}
