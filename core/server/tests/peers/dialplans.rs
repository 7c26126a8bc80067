//! Dialplans at work: replaced while calls run, and hostile ones beside calls that must not notice.

use crate::harness::{Exchange, Over, guest};
use crate::sipp::{Sipp, register};

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
fn an_office_tells_a_wrong_number_by_itself() {
    let exchange = Exchange::start();
    exchange.operate(&["dialplan", "upload", &guest("office"), "--activate"]);
    Sipp::plays(&exchange, "call_in_vain").to("9999").with("status", &404).succeeds();
    let cdr = exchange.cdr();
    assert_eq!((cdr.application.as_deref(), cdr.fallback.as_deref(), cdr.status), (Some("office"), None, 404));
}

#[test]
fn hostile_dialplans_cost_their_own_calls_alone() {
    let exchange = Exchange::start();
    let port = register(&exchange, "1002", Over::Udp);
    exchange.operate(&["dialplan", "upload", &guest("hostile"), "--activate"]);
    // A call that the guest leaves to the built-in route is refused as an unknown number: `loop` is nobody's extension.
    // Each of these is served by the fallback, one after the other, on the same exchange.
    for dialled in ["loop", "eat", "trap", "recurse", "error", "ask", "hoard"] {
        Sipp::plays(&exchange, "call_in_vain").to(dialled).with("status", &404).succeeds();
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
