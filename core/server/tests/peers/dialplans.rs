//! Dialplans at work: replaced while calls run, and hostile ones beside calls that must not notice.

use crate::harness::{Exchange, MANY_PORTS, Over, Plan, guest, sha256};
use crate::sipp::{Playing, Sipp, register};

fn with_dialplan(name: &'static str) -> Exchange {
    Exchange::with(Plan { dialplan: Some(name), ..Plan::default() })
}

/// This user's phone, registered, answers so many calls.
fn answers(exchange: &Exchange, user: &str, calls: u32) -> Playing {
    let port = register(exchange, user, Over::Udp);
    Sipp::plays(exchange, "answer").by(user).at(port).times(calls, 100).with("ring", &10).start()
}

#[test]
fn the_office_connects_extensions_and_the_record_names_its_version() {
    let exchange = with_dialplan("office");
    let bob = answers(&exchange, "1002", 1);
    Sipp::plays(&exchange, "call").to("1002").succeeds();
    bob.succeeds();
    let cdr = exchange.cdr();
    assert_eq!((cdr.disposition.as_str(), cdr.cause, cdr.status), ("answered", 16, 200));
    let hash = sha256(&std::fs::read(guest("office")).expect("the guest"));
    assert_eq!((cdr.application.as_deref(), cdr.application_version), (Some("office"), Some(hash)));
    assert_eq!(cdr.fallback, None);
}

#[test]
fn the_office_tells_unknown_unregistered_and_oneself_apart() {
    let exchange = with_dialplan("office");
    for (dialled, status) in [("9999", 404), ("1003", 480), ("1001", 486)] {
        Sipp::plays(&exchange, "call_in_vain").to(dialled).with("status", &status).succeeds();
    }
    let cdrs = exchange.cdrs(3);
    let ended: Vec<_> = cdrs.iter().map(|cdr| (cdr.disposition.as_str(), cdr.cause, cdr.status)).collect();
    assert_eq!(ended, [("failed", 1, 404), ("failed", 20, 480), ("busy", 17, 486)]);
    assert!(cdrs.iter().all(|cdr| cdr.application.as_deref() == Some("office") && cdr.ended_by == "exchange"));
}

#[test]
fn two_hundred_calls_in_a_burst_through_the_office_all_come_through() {
    const CALLS: u32 = 200;
    let exchange = Exchange::with(Plan { dialplan: Some("office"), settings: MANY_PORTS, ..Plan::default() });
    let bob = answers(&exchange, "1002", CALLS);
    Sipp::plays(&exchange, "call").to("1002").times(CALLS, 100).with("talk", &100).succeeds();
    bob.succeeds();
    let mut cdrs = exchange.cdrs(CALLS as usize);
    cdrs.retain(|cdr| (cdr.disposition.as_str(), cdr.status, &cdr.fallback) != ("answered", 200, &None));
    assert!(cdrs.is_empty(), "{cdrs:#?}");
}

#[test]
fn a_dialplan_that_traps_does_not_keep_two_people_from_talking() {
    let exchange = with_dialplan("hostile");
    let trapped = answers(&exchange, "trap", 1);
    Sipp::plays(&exchange, "call").to("trap").succeeds();
    trapped.succeeds();
    let cdr = exchange.cdr();
    assert_eq!((cdr.disposition.as_str(), cdr.status), ("answered", 200));
    assert_eq!(cdr.application.as_deref(), Some("hostile"));
    assert!(cdr.fallback.is_some(), "the built-in route served the caller");
}

#[test]
fn an_operator_sees_a_call_and_hangs_it_up() {
    let exchange = with_dialplan("office");
    let bob = answers(&exchange, "1002", 1);
    let alice = Sipp::plays(&exchange, "call_until_bye").to("1002").start();
    alice.media_port();
    let list = exchange.operate(&["call", "list"]);
    let call = list.split(|c: char| !c.is_ascii_hexdigit()).find(|word| word.len() == 24);
    let call = call.unwrap_or_else(|| panic!("a call in: {list}"));
    exchange.operate(&["call", "hangup", call]);
    alice.succeeds();
    bob.succeeds();
    let cdr = exchange.cdr();
    assert_eq!((cdr.uid.as_str(), cdr.disposition.as_str(), cdr.ended_by.as_str()), (call, "answered", "exchange"));
}

#[test]
fn a_dialplan_is_replaced_while_a_call_runs_on_the_old_one() {
    let exchange = Exchange::start();
    let port = register(&exchange, "1002", Over::Udp);
    exchange.operate(&["dialplan", "upload", &guest("hello"), "--activate"]);
    let bob = Sipp::plays(&exchange, "answer").by("1002").at(port).times(2, 10).start();
    let first = Sipp::plays(&exchange, "call").to("1002").with("talk", &3000).start();
    first.media_port();
    // The first call is up, and stays on what it began with.
    exchange.operate(&["dialplan", "upload", &guest("office"), "--activate"]);
    Sipp::plays(&exchange, "call").by("1003").to("1002").with("talk", &100).succeeds();
    first.succeeds();
    bob.succeeds();
    let cdrs = exchange.cdrs(2);
    let by =
        |name: &str| cdrs.iter().find(|cdr| cdr.application.as_deref() == Some(name)).expect("a call by that dialplan");
    assert_eq!((by("hello").caller.as_str(), by("office").caller.as_str()), ("1001", "1003"));
    let (old, new) = (&by("hello").application_version, &by("office").application_version);
    assert!(old.is_some() && new.is_some() && old != new);
    let listed = exchange.operate(&["--json", "dialplan", "list"]);
    assert!(listed.contains(new.as_deref().expect("a hash")), "{listed}");
}

#[test]
fn hostile_dialplans_cost_their_own_calls_alone() {
    let exchange = Exchange::start();
    let port = register(&exchange, "1002", Over::Udp);
    exchange.operate(&["dialplan", "upload", &guest("hostile"), "--activate"]);
    // A call that the guest leaves to the built-in route is refused as an unknown number: `loop` is nobody's extension.
    // Each of these is served by the fallback, one after the other, on the same exchange.
    for dialled in ["loop", "eat", "trap", "recurse", "error", "ask", "hoard"] {
        // There is a user of one of these names, who has no phone here.
        let status = if dialled == "trap" { 480 } else { 404 };
        Sipp::plays(&exchange, "call_in_vain").to(dialled).with("status", &status).succeeds();
    }
    let cdrs = exchange.cdrs(7);
    for cdr in &cdrs {
        assert!(cdr.fallback.is_some(), "{} was served by {:?}", cdr.callee, cdr.fallback);
    }
    // The next call runs, on the same exchange, with a dialplan that means well.
    exchange.operate(&["dialplan", "upload", &guest("hello"), "--activate"]);
    let bob = Sipp::plays(&exchange, "answer").by("1002").at(port).start();
    Sipp::plays(&exchange, "call").to("1002").succeeds();
    bob.succeeds();
    assert!(exchange.cdrs(8).iter().any(|cdr| cdr.disposition == "answered" && cdr.fallback.is_none()));
}
