//! Where a peer is, by RFC 3263.

use std::collections::BTreeSet;

use hickory_resolver::proto::rr::RecordType;

use super::names::Mood;
use super::*;

#[test]
fn an_address_is_its_own_answer_and_nobody_is_asked() {
    let mut desk = Desk::new();
    let at_once = |desk: &mut Desk, text: &str| {
        let answer = desk.asks(&site(text)).1.expect("at once");
        answer.map(|found| found.iter().map(|(kind, at)| format!("{} {at}", kind.as_str())).collect::<String>())
    };
    assert_eq!(at_once(&mut desk, "198.51.100.7").expect("found"), "UDP 198.51.100.7:5060");
    assert_eq!(at_once(&mut desk, "198.51.100.7:5080;tcp").expect("found"), "TCP 198.51.100.7:5080");
    assert_eq!(at_once(&mut desk, "198.51.100.7;tls").expect("found"), "TLS 198.51.100.7:5061");
    assert_eq!(at_once(&mut desk, "2001:db8::7").expect("found"), "UDP [2001:db8::7]:5060");
    // No socket of ours goes there.
    assert!(at_once(&mut desk, "2001:db8::7;tls").is_err());
    assert!(at_once(&mut desk, "198.51.100.7;wss").is_err());
    assert_eq!(desk.server.asked_at_all(), 0);
}

#[test]
fn naptr_records_say_which_transports_in_which_order() {
    let mut desk = Desk::new();
    desk.server
        .naptr("carrier.example", 300, "20 10 s SIP+D2U _sip._udp.carrier.example")
        .naptr("carrier.example", 300, "10 20 s SIP+D2T _sip._tcp.far.example")
        .naptr("carrier.example", 300, "10 10 S SIPS+D2T _sips._tcp.carrier.example")
        .naptr("carrier.example", 300, "5 10 s SIP+D2S _sip._sctp.carrier.example")
        .naptr("carrier.example", 300, "5 10 u E2U+sip .")
        .naptr("carrier.example", 300, "30 10 a SIP+D2U plain.example")
        .srv("_sip._udp.carrier.example", 300, "10 0 5062 one.example")
        .srv("_sip._tcp.far.example", 300, "10 0 5063 one.example")
        .srv("_sips._tcp.carrier.example", 300, "10 0 5064 one.example")
        .a("one.example", 300, "198.51.100.1")
        .a("plain.example", 300, "198.51.100.2");
    let found = desk.finds_text(&site("carrier.example"));
    let wanted = ["TLS 198.51.100.1:5064", "TCP 198.51.100.1:5063", "UDP 198.51.100.1:5062", "UDP 198.51.100.2:5060"];
    assert_eq!(found, wanted);
}

#[test]
fn without_naptr_records_the_srv_records_of_our_transports_count() {
    let mut desk = Desk::with(&["udp 192.0.2.1", "tls 192.0.2.1"]);
    desk.server
        .srv("_sip._udp.carrier.example", 300, "20 0 5060 second.example")
        .srv("_sip._udp.carrier.example", 300, "10 0 5070 first.example")
        .srv("_sip._tcp.carrier.example", 300, "10 0 5060 first.example")
        .srv("_sips._tcp.carrier.example", 300, "10 0 5061 first.example")
        .a("first.example", 300, "198.51.100.1")
        .a("second.example", 300, "198.51.100.2");
    let found = desk.finds_text(&site("carrier.example"));
    assert_eq!(found, ["UDP 198.51.100.1:5070", "UDP 198.51.100.2:5060", "TLS 198.51.100.1:5061"]);
    assert_eq!(desk.server.asked("_sip._tcp.carrier.example", RecordType::SRV), 0, "we have no TCP");
    assert_eq!(desk.server.asked("first.example", RecordType::AAAA), 0, "we have no IPv6");
}

#[test]
fn a_named_transport_asks_for_no_naptr_and_a_named_port_for_no_srv() {
    let mut desk = Desk::new();
    desk.server
        .naptr("carrier.example", 300, "10 10 s SIP+D2U _sip._udp.carrier.example")
        .srv("_sip._udp.carrier.example", 300, "10 0 5070 udp.example")
        .srv("_sip._tcp.carrier.example", 300, "10 0 5071 tcp.example")
        .a("udp.example", 300, "198.51.100.1")
        .a("tcp.example", 300, "198.51.100.2")
        .a("carrier.example", 300, "198.51.100.3");
    assert_eq!(desk.finds_text(&site("carrier.example;tcp")), ["TCP 198.51.100.2:5071"]);
    assert_eq!(desk.finds_text(&site("carrier.example:5080")), ["UDP 198.51.100.3:5080"]);
    assert_eq!(desk.finds_text(&site("carrier.example:5081;tls")), ["TLS 198.51.100.3:5081"]);
    assert_eq!(desk.server.asked("carrier.example", RecordType::NAPTR), 0);
    assert_eq!(desk.finds_text(&site("carrier.example")), ["UDP 198.51.100.1:5070"]);
    assert_eq!(desk.server.asked("carrier.example", RecordType::NAPTR), 1);
}

#[test]
fn a_name_with_addresses_alone_is_reached_by_the_usual_port() {
    let mut desk = Desk::new();
    desk.server.a("pbx.example", 300, "198.51.100.1").aaaa("pbx.example", 300, "2001:db8::7");
    assert_eq!(desk.finds_text(&site("pbx.example")), ["UDP [2001:db8::7]:5060", "UDP 198.51.100.1:5060"]);
    assert_eq!(desk.finds_text(&site("pbx.example;tls")), ["TLS 198.51.100.1:5061"], "no socket for IPv6");
}

#[test]
fn a_socket_inside_this_machine_leads_nowhere_else() {
    let mut desk = Desk::with(&["udp 127.0.0.1", "tcp 192.0.2.1"]);
    desk.server
        .srv("_sip._udp.carrier.example", 300, "10 0 5060 here.example")
        .srv("_sip._tcp.carrier.example", 300, "10 0 5060 there.example")
        .a("here.example", 300, "127.0.0.9")
        .a("here.example", 300, "198.51.100.1")
        .a("there.example", 300, "198.51.100.2");
    assert_eq!(desk.finds_text(&site("carrier.example")), ["UDP 127.0.0.9:5060", "TCP 198.51.100.2:5060"]);
}

#[test]
fn a_domain_that_wants_encryption_alone_is_not_called_without() {
    let mut desk = Desk::with(&["udp 192.0.2.1", "tcp 192.0.2.1"]);
    desk.server
        .naptr("carrier.example", 300, "10 10 s SIPS+D2T _sips._tcp.carrier.example")
        .srv("_sips._tcp.carrier.example", 300, "10 0 5061 one.example")
        .srv("_sip._udp.carrier.example", 300, "10 0 5060 one.example")
        .a("one.example", 300, "198.51.100.1")
        .a("carrier.example", 300, "198.51.100.1");
    assert!(desk.finds(&site("carrier.example")).is_err());
}

#[test]
fn a_dot_for_a_target_says_that_there_is_nothing_here() {
    let mut desk = Desk::with(&["udp 192.0.2.1"]);
    desk.server.srv("_sip._udp.carrier.example", 300, "0 0 0 .").a("carrier.example", 300, "198.51.100.1");
    assert!(desk.finds(&site("carrier.example")).is_err());
}

#[test]
fn a_name_may_stand_for_another_everywhere() {
    let mut desk = Desk::with(&["udp 192.0.2.1"]);
    desk.server
        .cname("_sip._udp.carrier.example", 300, "_sip._udp.host.example")
        .srv("_sip._udp.host.example", 300, "10 0 5070 one.example")
        .cname("one.example", 300, "two.example")
        .cname("two.example", 300, "three.example")
        .a("three.example", 300, "198.51.100.3");
    assert_eq!(desk.finds_text(&site("carrier.example")), ["UDP 198.51.100.3:5070"]);
    // Round and round.
    desk.server.cname("_sip._udp.loop.example", 300, "_sip._udp.loop.example").cname(
        "loop.example",
        300,
        "loop.example",
    );
    assert!(desk.finds(&site("loop.example")).is_err());
}

#[test]
fn an_answer_that_is_too_long_for_a_datagram_comes_over_tcp() {
    let mut desk = Desk::with(&["udp 192.0.2.1"]);
    desk.server.is(Mood::Brief).a("pbx.example", 300, "198.51.100.1");
    assert_eq!(desk.finds_text(&site("pbx.example:5060")), ["UDP 198.51.100.1:5060"]);
    assert!(desk.server.asked_over_tcp() > 0);
}

#[test]
fn whatever_the_dns_says_ends_in_an_answer() {
    for mood in [Mood::Silent, Mood::Failing, Mood::Raving, Mood::Confused] {
        let mut desk = Desk::new();
        desk.server.is(mood).a("pbx.example", 300, "198.51.100.1");
        for text in ["pbx.example", "pbx.example;tls", "pbx.example:5060"] {
            assert_eq!(desk.finds(&site(text)), Err(Unlocated("pbx.example".to_owned())), "{mood:?}");
        }
        assert!(desk.is_quiet());
    }
}

#[test]
fn what_is_no_name_is_nowhere() {
    let mut desk = Desk::new();
    let long = format!("{}.example", "x".repeat(64));
    let endless = format!("{}example", "label.".repeat(60));
    for host in ["", ".", "a..b", "with space.example", &long, &endless, "1.2.3", "*", "\0", "carrier.invalid"] {
        assert!(desk.finds(&Site { host: host.to_owned(), port: None, transport: None }).is_err(), "{host}");
    }
}

#[test]
fn a_name_server_that_drops_naptr_questions_delays_and_does_not_prevent() {
    let mut desk = Desk::with(&["udp 192.0.2.1"]);
    desk.server.drops(RecordType::NAPTR).srv("_sip._udp.carrier.example", 3600, "10 0 5070 one.example").a(
        "one.example",
        3600,
        "198.51.100.1",
    );
    assert_eq!(desk.finds_text(&site("carrier.example")), ["UDP 198.51.100.1:5070"]);
    // It is asked again before long: there may have been NAPTR records after all.
    desk.passes(Duration::from_secs(31));
    assert!(desk.asks(&site("carrier.example")).1.is_some());
    desk.hears();
    assert_eq!(desk.server.asked("_sip._udp.carrier.example", RecordType::SRV), 2);
}

#[test]
fn equals_share_the_calls_by_weight_each_time_they_are_asked_for() {
    let mut desk = Desk::with(&["udp 192.0.2.1"]);
    desk.server
        .srv("_sip._udp.carrier.example", 300, "10 75 5060 big.example")
        .srv("_sip._udp.carrier.example", 300, "10 25 5060 small.example")
        .a("big.example", 300, "198.51.100.1")
        .a("small.example", 300, "198.51.100.2");
    let carrier = site("carrier.example");
    let mut big = 0;
    let mut orders = BTreeSet::new();
    for _ in 0..1000 {
        let found = desk.finds_text(&carrier);
        big += usize::from(found[0] == "UDP 198.51.100.1:5060");
        orders.insert(found);
    }
    assert!((700..800).contains(&big), "{big} of 1000");
    assert_eq!(orders.len(), 2, "both are always there: {orders:?}");
    assert_eq!(desk.server.asked("_sip._udp.carrier.example", RecordType::SRV), 1);
}
