//! Gateways that fail before anybody was rung: the next one takes the call, and the record says which were tried.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use store::StoredCdr;
use switch::{Probe, Trunk};

use super::outside::{Outside, WORLD, gateway, gateway_over_tcp, trunk};
use crate::harness::{Exchange, Plan};
use crate::lane::Lane;
use crate::sipp::{Playing, Sipp};

const SOON: Duration = Duration::from_secs(15);

/// By which gateways a call was tried, and what each said.
pub(crate) fn tried(cdr: &StoredCdr) -> Vec<(&str, Option<u16>)> {
    let by = cdr.legs.iter().filter_map(|leg| Some((leg.gateway.as_ref()?.gateway.as_deref()?, leg.status)));
    by.collect()
}

/// A carrier of two gateways.
pub(crate) struct Pair {
    pub(crate) exchange: Exchange,
    pub(crate) first: u16,
    pub(crate) second: u16,
}

impl Pair {
    pub(crate) fn with(plan: Plan, change: impl FnOnce(&mut Trunk)) -> Self {
        let lane = Lane::take();
        let (first, second) = (lane.ports(2), lane.ports(2));
        let mut pair = trunk("acme", [gateway("first", first), gateway("second", second)]);
        pair.patience = Duration::from_secs(1);
        change(&mut pair);
        Self { exchange: Outside::by([pair]).start(lane, plan, None), first, second }
    }

    /// The first gateway plays this scenario.
    pub(crate) fn first(&self, scenario: &'static str) -> Sipp<'_> {
        Sipp::plays(&self.exchange, scenario).by("first").at(self.first)
    }

    /// The second takes so many calls.
    pub(crate) fn second(&self, calls: u32) -> Playing {
        Sipp::plays(&self.exchange, "answer").by("second").at(self.second).times(calls, 10).start()
    }

    /// 1001 calls somebody in the world, who answers.
    pub(crate) fn call(&self) -> Sipp<'_> {
        Sipp::plays(&self.exchange, "call").to(WORLD)
    }

    /// Two calls: the first gateway fails the first of them with this status, the second takes both. Whether the second call
    /// is tried at the first gateway again is for `rests` to say.
    fn moves_on(&self, first: Sipp<'_>, status: u16, rests: bool) {
        let first = first.times(if rests { 1 } else { 2 }, 10).start();
        let second = self.second(2);
        self.call().succeeds();
        self.call().succeeds();
        first.succeeds();
        second.succeeds();
        let cdrs = self.exchange.cdrs(2);
        assert_eq!(tried(&cdrs[0]), [("first", Some(status)), ("second", Some(200))]);
        let again = tried(&cdrs[1]);
        let both = [("first", Some(status)), ("second", Some(200))];
        assert_eq!(again, if rests { &both[1..] } else { &both[..] });
        for cdr in &cdrs {
            assert_eq!((cdr.disposition.as_str(), cdr.status), ("answered", 200));
            assert_eq!(cdr.charge.as_ref().map(|charge| charge.trunk), Some(switch::TrunkId(1)));
        }
    }
}

fn refusals_move_on(status: u16) {
    let pair = Pair::with(Plan::default(), |_| ());
    pair.moves_on(pair.first("gateway_refuses").with("status", &status).with("row", "Server: gateway"), status, false);
    let outcome = match status {
        503 => "unavailable",
        408 => "silent",
        _ => "carrier-failed",
    };
    let name = format!(r#"strowger_trunk_attempts_total{{trunk="acme",gateway="first",outcome="{outcome}"}}"#);
    pair.exchange.counts(&name, 2.0, SOON);
}

#[test]
fn a_gateway_that_is_unavailable_is_passed_over_in_this_call() {
    refusals_move_on(503);
}

#[test]
fn a_gateway_that_fails_within_is_passed_over_in_this_call() {
    refusals_move_on(500);
}

#[test]
fn a_gateway_that_had_no_answer_in_time_is_passed_over_in_this_call() {
    refusals_move_on(408);
}

#[test]
fn a_gateway_that_says_for_how_long_it_takes_no_calls_gets_none_for_so_long() {
    let pair = Pair::with(Plan::default(), |_| ());
    let first = pair.first("gateway_refuses").with("status", &503).with("row", "Retry-After: 120 (maintenance)");
    pair.moves_on(first, 503, true);
}

#[test]
fn where_nobody_listens_the_next_gateway_has_the_call_after_the_trunks_patience() {
    let pair = Pair::with(Plan::default(), |_| ());
    let second = pair.second(2);
    let began = Instant::now();
    pair.call().succeeds();
    assert!(began.elapsed() >= Duration::from_secs(1), "that long it was waited for");
    pair.call().succeeds();
    second.succeeds();
    let cdrs = pair.exchange.cdrs(2);
    assert_eq!(tried(&cdrs[0]), [("first", Some(408)), ("second", Some(200))]);
    assert_eq!(tried(&cdrs[1]), [("second", Some(200))], "it rests");
}

#[test]
fn a_gateway_that_hears_and_says_nothing_costs_the_trunks_patience() {
    let pair = Pair::with(Plan::default(), |_| ());
    let deaf = UdpSocket::bind(("127.0.0.1", pair.first)).expect("the first gateway's port");
    deaf.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
    let second = pair.second(1);
    pair.call().succeeds();
    second.succeeds();
    let mut bytes = [0; 4096];
    let length = deaf.recv(&mut bytes).expect("it was called");
    let invite = String::from_utf8_lossy(&bytes[..length]).into_owned();
    assert!(
        invite.starts_with(&format!("INVITE sip:{WORLD}@127.0.0.1:{};user=phone SIP/2.0\r\n", pair.first)),
        "{invite}"
    );
    assert_eq!(tried(&pair.exchange.cdr()), [("first", Some(408)), ("second", Some(200))]);
}

#[test]
fn who_answers_after_the_fail_over_is_acknowledged_and_hung_up_on() {
    let pair = Pair::with(Plan::default(), |_| ());
    let late = pair.first("gateway_answers_late").with("late", &2000).start();
    let second = pair.second(1);
    pair.call().with("talk", &2500).succeeds();
    // ACK, then BYE.
    late.succeeds();
    second.succeeds();
    let cdr = pair.exchange.cdr();
    // The record has the last that each said, also where it was too late.
    assert_eq!(tried(&cdr), [("first", Some(200)), ("second", Some(200))]);
    assert_eq!(cdr.answered_by.as_deref(), Some(WORLD));
    let charge = cdr.charge.expect("a charge");
    assert!((2..=4).contains(&charge.seconds), "for the one call that was held: {charge:?}");
}

#[test]
fn a_refused_connection_costs_no_time() {
    let lane = Lane::take();
    let (first, second) = (lane.ports(2), lane.ports(2));
    // Longer than the call has for its own set-up.
    let acme = Trunk {
        patience: Duration::from_secs(20),
        ..trunk("acme", [gateway_over_tcp("first", first), gateway("second", second)])
    };
    let exchange = Outside::by([acme]).start(lane, Plan::default(), None);
    let answering = Sipp::plays(&exchange, "answer").by("second").at(second).start();
    let began = Instant::now();
    Sipp::plays(&exchange, "call").to(WORLD).succeeds();
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    answering.succeeds();
    assert_eq!(tried(&exchange.cdr()), [("first", Some(503)), ("second", Some(200))]);
}

#[test]
fn a_second_trunk_has_the_call_when_no_gateway_of_the_first_takes_it() {
    let lane = Lane::take();
    let [one, two, three] = [lane.ports(2), lane.ports(2), lane.ports(2)];
    let dear = trunk("dear", [gateway("third", three)]);
    let exchange = Outside::by([trunk("cheap", [gateway("one", one), gateway("two", two)]), dear]).start(
        lane,
        Plan::default(),
        None,
    );
    let refuses = |port, status: u16| {
        Sipp::plays(&exchange, "gateway_refuses")
            .at(port)
            .with("status", &status)
            .with("row", "Server: gateway")
            .start()
    };
    let (first, second) = (refuses(one, 503), refuses(two, 500));
    let third = Sipp::plays(&exchange, "answer").by("third").at(three).start();
    Sipp::plays(&exchange, "call").to(WORLD).succeeds();
    [first, second, third].into_iter().for_each(Playing::succeeds);
    let cdr = exchange.cdr();
    assert_eq!(tried(&cdr), [("one", Some(503)), ("two", Some(500)), ("third", Some(200))]);
    assert_eq!(cdr.charge.map(|charge| charge.trunk), Some(switch::TrunkId(2)));
}

#[test]
fn when_all_gateways_fail_the_caller_is_told_once_and_pays_nothing() {
    let pair = Pair::with(Plan::default(), |_| ());
    let refuses = |gateway: Sipp<'_>| gateway.with("status", &503).with("row", "Server: gateway").start();
    let first = refuses(pair.first("gateway_refuses"));
    let second = refuses(Sipp::plays(&pair.exchange, "gateway_refuses").by("second").at(pair.second));
    Sipp::plays(&pair.exchange, "call_in_vain").to(WORLD).with("status", &503).succeeds();
    [first, second].into_iter().for_each(Playing::succeeds);
    let cdr = pair.exchange.cdr();
    assert_eq!(tried(&cdr), [("first", Some(503)), ("second", Some(503))]);
    assert_eq!((cdr.disposition.as_str(), cdr.status, cdr.charge), ("failed", 503, None));
}

#[test]
fn a_gateway_that_is_asked_in_vain_gets_no_calls_until_it_answers_again() {
    let up = r#"strowger_gateway_up{trunk="acme",gateway="first"}"#;
    let often = Probe { interval: Duration::from_secs(1), down: 2, up: 1, alive: Vec::new() };
    let pair = Pair::with(Plan::default(), |acme| acme.probe = Some(often));
    let lives = |name, port| Sipp::plays(&pair.exchange, "gateway_lives").by(name).at(port).times(1000, 10).start();
    let (first, _second) = (lives("first", pair.first), lives("second", pair.second));
    first.sees("OPTIONS sip:127.0.0.1");
    pair.call().succeeds();
    drop(first);
    pair.exchange.counts(up, 0.0, SOON);
    pair.call().succeeds();
    let _first = lives("first", pair.first);
    pair.exchange.counts(up, 1.0, SOON);
    pair.call().succeeds();
    let cdrs = pair.exchange.cdrs(3);
    let by: Vec<_> = cdrs.iter().map(tried).collect();
    assert_eq!(by, [[("first", Some(200))], [("second", Some(200))], [("first", Some(200))]]);
    assert!(pair.exchange.log_text().contains("it lives again"));
}

#[test]
fn an_answer_of_the_callee_is_passed_on_and_nobody_else_is_asked() {
    let pair = Pair::with(Plan::default(), |_| ());
    let second = pair.second(1);
    for (count, (status, disposition)) in (1..).zip([(486, "busy"), (404, "failed"), (603, "rejected")]) {
        let first = pair.first("gateway_refuses").with("status", &status).with("row", "Server: gateway").start();
        Sipp::plays(&pair.exchange, "call_in_vain").to(WORLD).with("status", &status).succeeds();
        first.succeeds();
        let cdrs = pair.exchange.cdrs(count);
        let cdr = cdrs.last().expect("a record");
        assert_eq!(tried(cdr), [("first", Some(status))]);
        assert_eq!((cdr.disposition.as_str(), cdr.status), (disposition, status));
    }
    assert_eq!(second.has_seen("INVITE sip:"), 0);
}
