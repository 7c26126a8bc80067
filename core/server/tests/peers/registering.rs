//! Registering with sipp.

use crate::harness::{Exchange, Over, Plan};
use crate::sipp::{Sipp, register};

#[test]
fn a_phone_registers_with_digest_and_is_told_for_how_long() {
    let exchange = Exchange::start();
    let port = exchange.lane.ports(1);
    Sipp::plays(&exchange, "register_and_see").by("1002").at(port).with("expires", &300).succeeds();
    let binding = exchange.bindings(1).remove(0);
    assert_eq!(binding.aor.user, "1002");
    assert_eq!(binding.contact, format!("sip:1002@127.0.0.1:{port};transport=udp"));
    assert_eq!(binding.remote.port(), port, "where requests will go to");
}

#[test]
fn a_phone_unregisters_and_nothing_of_it_is_kept() {
    let exchange = Exchange::start();
    let port = register(&exchange, "1002", Over::Udp);
    exchange.bindings(1);
    Sipp::plays(&exchange, "register").by("1002").at(port).with("expires", &0).with("cseq", &2).succeeds();
    exchange.bindings(0);
}

#[test]
fn a_star_removes_all_phones_of_a_user() {
    let exchange = Exchange::start();
    register(&exchange, "1002", Over::Udp);
    register(&exchange, "1002", Over::Tcp);
    exchange.bindings(2);
    Sipp::plays(&exchange, "register").by("1002").with("contact", "*").with("expires", &0).succeeds();
    exchange.bindings(0);
}

#[test]
fn a_wrong_password_and_an_unknown_user_are_challenged_again() {
    let exchange = Exchange::start();
    Sipp::plays(&exchange, "register_in_vain").by("1002").with("password", "guessed").succeeds();
    Sipp::plays(&exchange, "register_in_vain").by("7777").succeeds();
    exchange.bindings(0);
}

#[test]
fn a_phone_that_knows_md5_alone_registers_where_sha256_is_preferred() {
    let exchange = Exchange::with(Plan { algorithms: Some("MD5,SHA-256,SHA-512-256"), ..Plan::default() });
    register(&exchange, "1002", Over::Udp);
    exchange.bindings(1);
}

#[test]
fn options_with_digest_is_answered_with_the_methods() {
    let exchange = Exchange::start();
    Sipp::plays(&exchange, "options").succeeds();
}
