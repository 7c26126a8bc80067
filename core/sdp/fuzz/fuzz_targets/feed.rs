//! What is done with every input, in the fuzzer and in the ordinary tests.

use std::net::SocketAddr;

use sdp::{Answer, Codec, Description, Direction, KEYING, Negotiation, Order, Origin, Secrecy, Suite};

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
    if let Some(fax) = again.fax() {
        assert_eq!(fax, address, "{}", String::from_utf8_lossy(&written));
    }
    assert_eq!(theirs.fax().is_some(), again.fax().is_some());
    if let Ok((said, agreed)) = ours().to(&theirs, &origin, address, &[0; KEYING]) {
        let audio = said.audio().expect("an answer of ours has audio");
        let spoken = audio.codecs.first().map(|codec| codec.payload);
        assert_eq!(spoken, agreed.codecs.first().map(|common| common.receive.payload));
        assert!(audio.voices().count() == 1 && audio.address == address, "{said:?}");
        let mut negotiation = Negotiation::default();
        negotiation.local_offer(theirs.clone()).expect("stable");
        negotiation.handle_remote_answer(said).expect("an answer fits its offer");
    }
    // What is chosen of it is there, and nothing else.
    if let Some(chosen) = theirs.clone().chosen(|codec| (codec.clock == 8_000).then_some(0)) {
        let mut voices = chosen.audio().into_iter().flat_map(sdp::Audio::voices);
        assert!(voices.all(|codec| codec.clock == 8_000), "{chosen:?}");
    }
    let _ = theirs.is_held();
}

/// What the exchange answers with, as far as that is known without a media engine.
fn ours() -> Answer {
    Answer {
        codecs: [0, 8, 9, 13].into_iter().filter_map(Codec::of_static).collect(),
        order: Order::Theirs,
        only_one: true,
        telephone_event: true,
        ptime: None,
        direction: Direction::SendRecv,
        secrecy: Secrecy::Optional,
        suites: Suite::USUAL.to_vec(),
    }
}
