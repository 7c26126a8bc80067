//! What an operator says of the media of users counts for their next call; two baresips that share no codec talk.

use crate::harness::{Exchange, Over, Plan};
use crate::phone::Phone;
use crate::talking::{ALICE, BOB, hears_only};

#[test]
fn a_caller_whom_nobody_answered_talks_with_one_of_another_codec() {
    // Without a dialplan: the callee's answer is the first.
    let exchange = Exchange::with(Plan::default());
    let bob = Phone::of_codec("pcma", &exchange, "1002", BOB, Over::Udp, true);
    let mut alice = Phone::of_codec("pcmu", &exchange, "1001", ALICE, Over::Udp, false);
    exchange.bindings(2);
    alice.calls(&format!("sip:1002@{}", exchange.address(Over::Udp)));
    hears_only("alice", &alice.heard(4), BOB);
    hears_only("bob", &bob.heard(4), ALICE);
    alice.hangs_up();
    let statuses: Vec<_> = exchange.cdr().legs.iter().map(|leg| leg.status).collect();
    assert_eq!(statuses, [Some(200), Some(488), Some(200)], "bob was asked for what alice speaks first");
}

#[test]
fn a_callee_is_offered_encryption_as_soon_as_an_operator_says_so() {
    let exchange = Exchange::with(Plan::default());
    let account = "audio_codecs=pcmu;mediaenc=srtp-mand";
    let bob = Phone::with_account(account, &exchange, "1002", BOB, Over::Udp, true);
    let mut alice = Phone::start(&exchange, "1001", ALICE, Over::Udp, false);
    exchange.bindings(2);
    let uri = format!("sip:1002@{}", exchange.address(Over::Udp));
    alice.calls_in_vain(&uri);
    exchange.operate(&["user", "set", "1002", "--srtp", "required"]);
    alice.calls(&uri);
    hears_only("alice", &alice.heard(4), BOB);
    hears_only("bob", &bob.heard(4), ALICE);
    alice.hangs_up();
}

#[test]
fn two_phones_talk_by_the_codec_that_their_tenant_permits() {
    let exchange = Exchange::with(Plan::default());
    exchange.operate(&["tenant", "set", "demo", "--codecs", "pcma"]);
    // Each would rather speak the other one.
    let account = "audio_codecs=pcmu,pcma";
    let bob = Phone::with_account(account, &exchange, "1002", BOB, Over::Udp, true);
    let mut alice = Phone::with_account(account, &exchange, "1001", ALICE, Over::Udp, false);
    exchange.bindings(2);
    let uri = format!("sip:1002@{}", exchange.address(Over::Udp));
    alice.calls(&uri);
    hears_only("alice", &alice.heard(4), BOB);
    hears_only("bob", &bob.heard(4), ALICE);
    alice.hangs_up();
    assert_eq!(exchange.cdr().legs.len(), 2);
    // And not by one that it does not.
    exchange.operate(&["tenant", "set", "demo", "--codecs", "g722"]);
    alice.calls_in_vain(&uri);
    assert_eq!(exchange.cdrs(2).iter().map(|cdr| cdr.status).max(), Some(488));
}
