//! What is remembered, for how long, and how much.

use hickory_resolver::proto::rr::RecordType;

use super::names::Mood;
use super::*;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// `pbx.example:5060` is here, for so many seconds.
fn known(ttl: u32) -> (Desk, Site) {
    let desk = Desk::with(&["udp 192.0.2.1"]);
    desk.server.a("pbx.example", ttl, "198.51.100.1");
    (desk, site("pbx.example:5060"))
}

fn asked(desk: &Desk) -> usize {
    desk.server.asked("pbx.example", RecordType::A)
}

#[test]
fn what_lasts_is_asked_for_once_and_what_is_over_is_given_while_it_is_asked_for_anew() {
    let (mut desk, pbx) = known(60);
    assert!(desk.asks(&pbx).1.is_none(), "nobody knows yet");
    desk.hears();
    desk.passes(59 * SECOND);
    assert!(desk.asks(&pbx).1.is_some_and(|found| found.is_ok()));
    assert_eq!(asked(&desk), 1);
    desk.server.forget("pbx.example").a("pbx.example", 60, "198.51.100.2");
    desk.passes(2 * SECOND);
    let before = desk.asks(&pbx).1.expect("nobody waits").expect("the old address");
    assert_eq!(before[0].1.to_string(), "198.51.100.1:5060");
    // Once for all who ask meanwhile.
    assert!(desk.asks(&pbx).1.is_some());
    assert!(desk.hears().is_empty());
    assert_eq!(asked(&desk), 2);
    assert_eq!(desk.finds_text(&pbx), ["UDP 198.51.100.2:5060"]);
    assert!(desk.is_quiet());
}

#[test]
fn a_record_lasts_at_least_five_seconds_and_at_most_an_hour() {
    let (mut desk, pbx) = known(0);
    desk.finds_text(&pbx);
    desk.passes(4 * SECOND);
    desk.finds_text(&pbx);
    assert_eq!(asked(&desk), 1);
    desk.passes(2 * SECOND);
    desk.finds_text(&pbx);
    desk.hears();
    assert_eq!(asked(&desk), 2);
    let (mut desk, pbx) = known(1_000_000);
    desk.finds_text(&pbx);
    desk.passes(HOUR + SECOND);
    desk.finds_text(&pbx);
    desk.hears();
    assert_eq!(asked(&desk), 2);
}

#[test]
fn the_shortest_record_on_the_way_counts() {
    let mut desk = Desk::with(&["udp 192.0.2.1"]);
    desk.server
        .srv("_sip._udp.carrier.example", 600, "10 0 5060 one.example")
        .cname("one.example", 10, "two.example")
        .a("two.example", 600, "198.51.100.1");
    let carrier = site("carrier.example;udp");
    desk.finds_text(&carrier);
    desk.passes(11 * SECOND);
    desk.finds_text(&carrier);
    desk.hears();
    assert_eq!(desk.server.asked("_sip._udp.carrier.example", RecordType::SRV), 2);
}

#[test]
fn while_the_dns_is_silent_what_was_known_is_given_for_an_hour_and_then_no_more() {
    for mood in [Mood::Silent, Mood::Failing, Mood::Raving] {
        let (mut desk, pbx) = known(60);
        desk.finds_text(&pbx);
        desk.server.is(mood);
        desk.passes(61 * SECOND);
        assert_eq!(desk.finds_text(&pbx), ["UDP 198.51.100.1:5060"], "{mood:?}");
        desk.hears();
        // Not at each call anew.
        let before = asked(&desk);
        desk.passes(4 * SECOND);
        assert_eq!(desk.finds_text(&pbx), ["UDP 198.51.100.1:5060"]);
        assert_eq!((asked(&desk), desk.is_quiet()), (before, true));
        desk.passes(HOUR - 10 * SECOND);
        assert_eq!(desk.finds_text(&pbx), ["UDP 198.51.100.1:5060"], "{mood:?}");
        desk.hears();
        desk.passes(10 * SECOND);
        assert!(desk.finds(&pbx).is_err(), "{mood:?}");
        // It answers again, and is asked again.
        desk.server.is(Mood::Well);
        desk.passes(6 * SECOND);
        assert_eq!(desk.finds_text(&pbx), ["UDP 198.51.100.1:5060"]);
    }
}

#[test]
fn a_name_that_is_no_more_is_forgotten_at_once_and_that_it_is_not_there_before_long() {
    let (mut desk, pbx) = known(60);
    desk.finds_text(&pbx);
    desk.server.forget("pbx.example");
    desk.passes(61 * SECOND);
    assert!(desk.finds(&pbx).is_ok(), "it is asked for meanwhile");
    desk.hears();
    assert!(desk.asks(&pbx).1.is_some_and(|found| found.is_err()));
    desk.server.a("pbx.example", 60, "198.51.100.2");
    desk.passes(29 * SECOND);
    assert!(desk.asks(&pbx).1.is_some_and(|found| found.is_err()), "at most 30 seconds, whatever the SOA says");
    desk.passes(2 * SECOND);
    assert_eq!(desk.finds_text(&pbx), ["UDP 198.51.100.2:5060"]);
}

#[test]
fn all_who_ask_for_one_peer_wait_for_one_answer() {
    let (mut desk, pbx) = known(60);
    let mut tickets: Vec<Ticket> = (0..100).map(|_| desk.asks(&pbx).0).collect();
    let mut told: Vec<Ticket> =
        desk.hears().into_iter().filter(|(_, found)| found.is_ok()).map(|(one, _)| one).collect();
    tickets.sort();
    told.sort();
    assert_eq!(told, tickets);
    assert_eq!(asked(&desk), 1);
}

#[test]
fn more_is_not_looked_for_at_once_than_there_is_room_for() {
    let mut desk = Desk::with(&["udp 192.0.2.1"]);
    desk.locator.memory = Memory::new(Bounds { sites: 100, searches: 10 });
    desk.server.all_others("198.51.100.1");
    let sites: Vec<Site> = (0..20).map(|number| site(&format!("peer{number}.example:5060"))).collect();
    let answers: Vec<Option<Located>> = sites.iter().map(|site| desk.asks(site).1).collect();
    assert!(answers[..10].iter().all(Option::is_none), "they are told later");
    assert!(answers[10..].iter().all(|answer| matches!(answer, Some(Err(_)))), "these are told at once");
    for _ in 0..10 {
        assert!(desk.hears()[0].1.is_ok());
    }
    assert!(sites.iter().all(|site| desk.finds(site).is_ok()), "there is room again");
}

#[test]
fn whoever_is_at_an_address_may_be_any_host_that_was_found_there() {
    let mut desk = Desk::with(&["udp 192.0.2.1", "tls 192.0.2.1"]);
    desk.server
        .srv("_sips._tcp.carrier.example", 60, "10 0 5061 edge.example")
        .a("edge.example", 60, "198.51.100.1")
        .a("other.example", 60, "198.51.100.1");
    let address = "198.51.100.1:5061".parse().expect("an address");
    assert_eq!(desk.locator.names_at(address), Vec::<String>::new());
    desk.finds_text(&site("carrier.example;tls"));
    desk.finds_text(&site("carrier.example"));
    desk.finds_text(&site("other.example;tls"));
    // The domain that was asked for, never the target of its records (RFC 5922 §7.2).
    assert_eq!(desk.locator.names_at(address), ["carrier.example", "other.example"]);
    desk.server.forget("edge.example").a("edge.example", 60, "198.51.100.2");
    desk.passes(61 * SECOND);
    for text in ["carrier.example;tls", "carrier.example"] {
        desk.finds_text(&site(text));
        desk.hears();
    }
    assert_eq!(desk.locator.names_at(address), ["other.example"]);
}
