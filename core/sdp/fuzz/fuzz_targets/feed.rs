//! What is done with every input, in the fuzzer and in the ordinary tests.

use std::net::SocketAddr;

use sdp::{Description, Negotiation, Origin};

/// Reads a body, carries it to another leg, and negotiates it with itself: nothing panics, what we write is read again,
/// and no address of the peer's crosses.
pub(crate) fn description(bytes: &[u8]) {
    let Ok(theirs) = Description::parse(bytes) else { return };
    let address: SocketAddr = "198.51.100.9:30000".parse().expect("an address");
    let origin = Origin { id: 7, version: 3 };
    let carried = theirs.carried(&origin, address);
    let written = carried.to_bytes();
    let again =
        Description::parse(&written).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&written)));
    if let Some(audio) = again.audio() {
        assert_eq!(audio.address, address, "{}", String::from_utf8_lossy(&written));
    }
    assert_eq!(theirs.audio().is_some(), again.audio().is_some());
    if let Ok(answer) = Description::answer_of_ours(&theirs, &origin, address) {
        let audio = answer.audio().expect("an answer of ours has audio");
        assert!(audio.codecs.first().is_some_and(sdp::Codec::is_ours));
        let mut negotiation = Negotiation::default();
        negotiation.local_offer(theirs.clone()).expect("stable");
        negotiation.handle_remote_answer(answer).expect("an answer fits its offer");
    }
    let _ = theirs.is_held();
}
