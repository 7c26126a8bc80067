//! The non-INVITE server table (RFC 3261 §17.2.2).

use super::*;

#[test]
fn trying_a_copy_is_absorbed() {
    let mut line = Line::new(Transport::Udp);
    line.arrive("OPTIONS");
    assert_eq!((line.come(&request("OPTIONS", "z9hG4bKtheirs")), line.sent()), (Incoming::Absorbed, vec![]));
}

#[test]
fn a_final_answer_is_given_to_copies_until_timer_j() {
    for (transport, linger) in [(Transport::Udp, LONG), (Transport::Tcp, 0)] {
        for status in [200, 302, 404, 500, 603] {
            let mut line = Line::new(transport);
            let key = line.arrive("OPTIONS");
            line.respond(key, status, "OPTIONS");
            assert_eq!(line.sent(), [status.to_string()]);
            assert_eq!(line.come(&request("OPTIONS", "z9hG4bKtheirs")), Incoming::Absorbed);
            assert_eq!(line.sent(), [status.to_string()]);
            line.respond(key, 200, "OPTIONS");
            assert_eq!(line.sent(), [] as [&str; 0], "one final answer");
            if linger > 0 {
                assert_eq!(line.until(linger - 1), [], "nothing is repeated without being asked");
                assert_eq!(line.layer.len(), 1);
            }
            line.until(linger);
            line.assert_quiet();
        }
    }
}

/// RFC 4320 §4.1
#[test]
fn a_100_comes_when_timer_e_of_the_peer_is_at_t2_and_not_before() {
    for transport in BOTH {
        let mut line = Line::new(transport);
        let key = line.arrive("REGISTER");
        line.respond(key, 100, "REGISTER");
        line.respond(key, 183, "REGISTER");
        assert_eq!(line.until(20_000), each("100", [3500]), "and nothing else that is provisional");
        assert_eq!(line.come(&request("REGISTER", "z9hG4bKtheirs")), Incoming::Absorbed);
        assert_eq!(line.sent(), ["100"]);
        line.respond(key, 200, "REGISTER");
        assert_eq!(line.sent(), ["200"]);
    }
    let mut line = Line::new(Transport::Udp);
    let key = line.arrive("REGISTER");
    line.respond(key, 200, "REGISTER");
    assert_eq!(line.until(20_000), each("200", [0]), "who was answered needs none");
}

/// RFC 4320 §4.2
#[test]
fn nobody_but_an_invite_is_told_408() {
    let mut line = Line::new(Transport::Udp);
    let key = line.arrive("OPTIONS");
    line.respond(key, 408, "OPTIONS");
    assert_eq!(line.come(&request("OPTIONS", "z9hG4bKtheirs")), Incoming::Absorbed);
    assert_eq!(line.until(LONG), []);
    line.assert_quiet();
    let mut line = Line::new(Transport::Udp);
    let key = line.arrive("INVITE");
    line.respond(key, 408, "INVITE");
    assert_eq!(line.sent(), ["408"]);
}
