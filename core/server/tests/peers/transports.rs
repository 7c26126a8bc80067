//! The same call over TCP and over IPv6, and from one transport to the other.

use crate::harness::{Exchange, Over};
use crate::sipp::{Sipp, register};

/// 1001 calls 1002, each over a transport of its own.
fn a_call_goes_through(caller: Over, callee: Over) {
    let exchange = Exchange::start();
    let port = register(&exchange, "1002", callee);
    let bob = Sipp::plays(&exchange, "answer").by("1002").over(callee).at(port).start();
    Sipp::plays(&exchange, "call").to("1002").over(caller).succeeds();
    bob.succeeds();
    let cdr = exchange.cdr();
    assert_eq!((cdr.disposition.as_str(), cdr.cause, cdr.status), ("answered", 16, 200));
    let families: Vec<bool> = cdr.legs.iter().map(|leg| leg.remote.starts_with('[')).collect();
    assert_eq!(families, [caller.is_v6(), callee.is_v6()], "who spoke which IP: {:?}", cdr.legs);
}

#[test]
fn a_call_over_tcp() {
    a_call_goes_through(Over::Tcp, Over::Tcp);
}

#[test]
fn a_call_over_ipv6() {
    a_call_goes_through(Over::Udp6, Over::Udp6);
}

#[test]
fn a_call_over_tcp_and_ipv6() {
    a_call_goes_through(Over::Tcp6, Over::Tcp6);
}

#[test]
fn a_call_from_ipv6_over_tcp_to_ipv4_over_udp() {
    a_call_goes_through(Over::Tcp6, Over::Udp);
}

#[test]
fn a_call_from_ipv4_over_udp_to_ipv4_over_tcp() {
    a_call_goes_through(Over::Udp, Over::Tcp);
}
