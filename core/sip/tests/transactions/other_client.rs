//! The non-INVITE client table (RFC 3261 §17.1.2).

use super::*;

#[test]
fn trying_timer_e_doubles_to_t2_and_timer_f_gives_up() {
    let mut line = Line::new(Transport::Udp);
    let key = line.request("OPTIONS");
    let times = [500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];
    assert_eq!(line.until(LONG), each("OPTIONS", times));
    assert_eq!(line.events(), [Event::TimedOut(key, USER)]);
    line.assert_quiet();
}

#[test]
fn on_a_reliable_transport_it_is_sent_once_and_timer_f_gives_up() {
    let mut line = Line::new(Transport::Tcp);
    let key = line.request("OPTIONS");
    assert!(line.response(100, "OPTIONS"));
    assert_eq!(line.until(LONG), []);
    assert_eq!(line.events(), [Event::TimedOut(key, USER)]);
    line.assert_quiet();
}

#[test]
fn proceeding_timer_e_is_t2_and_timer_f_still_runs() {
    let mut line = Line::new(Transport::Udp);
    let key = line.request("OPTIONS");
    line.until(100);
    assert!(line.response(100, "OPTIONS"));
    let times = [500, 4500, 8500, 12_500, 16_500, 20_500, 24_500, 28_500];
    assert_eq!(line.until(LONG), each("OPTIONS", times));
    assert_eq!(line.events(), [Event::TimedOut(key, USER)]);
    line.assert_quiet();
}

#[test]
fn a_final_answer_goes_up_once_and_copies_are_absorbed_until_timer_k() {
    for (transport, linger) in [(Transport::Udp, 5000), (Transport::Tcp, 0)] {
        for (status, early) in [(200, false), (302, true), (404, false), (503, true), (600, false)] {
            let mut line = Line::new(transport);
            line.request("OPTIONS");
            if early {
                assert!(line.response(100, "OPTIONS"));
            }
            assert!(line.response(status, "OPTIONS"));
            assert!(!line.response(status, "OPTIONS"));
            assert!(!line.response(100, "OPTIONS"));
            assert_eq!(line.sent(), [] as [&str; 0], "no ACK to anything but INVITE");
            if linger > 0 {
                assert_eq!(line.until(linger - 1), []);
                assert_eq!(line.layer.len(), 1);
            }
            line.until(linger);
            line.assert_quiet();
        }
    }
}

#[test]
fn a_flow_that_failed_fails_it() {
    let mut line = Line::new(Transport::Udp);
    let key = line.request("REGISTER");
    let flow = line.flow;
    line.layer.handle_flow_failed(&flow);
    assert_eq!(line.events(), [Event::Failed(key, USER)]);
    line.assert_quiet();
}
