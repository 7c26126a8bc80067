//! Peers that want provisional answers acknowledged (RFC 3262).

use crate::harness::{Exchange, Over, Plan};
use crate::sipp::{Sipp, register};

/// A text as the user part of a URI.
fn escaped(text: &str) -> String {
    let letter =
        |c: char| if c.is_ascii_alphanumeric() || c == '-' { c.to_string() } else { format!("%{:02X}", c as u32) };
    text.chars().map(letter).collect()
}

#[test]
fn a_peer_outside_has_its_progress_acknowledged_and_its_description_is_for_good() {
    let exchange = Exchange::with(Plan { dialplan: Some("parrot"), ..Plan::default() });
    exchange.operate(&["tenant", "update", "demo", "--host", "127.0.0.1"]);
    let port = exchange.lane.ports(1);
    let carrier = Sipp::plays(&exchange, "answer_reliably").by("4711").at(port).start();
    let script = escaped(&format!("dial uri:sip:4711@127.0.0.1:{port} in-turn 20000;end"));
    Sipp::plays(&exchange, "call_early").to(&script).succeeds();
    carrier.succeeds();
    let cdr = exchange.cdr();
    assert_eq!((cdr.disposition.as_str(), cdr.cause, cdr.status), ("answered", 16, 200));
}

#[test]
fn a_caller_that_insists_on_it_acknowledges_that_it_rings() {
    let exchange = Exchange::start();
    let port = register(&exchange, "1002", Over::Udp);
    let bob = Sipp::plays(&exchange, "answer").by("1002").at(port).start();
    Sipp::plays(&exchange, "call_reliably").to("1002").succeeds();
    bob.succeeds();
    let cdr = exchange.cdr();
    assert_eq!((cdr.disposition.as_str(), cdr.status), ("answered", 200));
}
