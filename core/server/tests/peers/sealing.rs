//! A baresip with SRTP and one without talk through the exchange: each is heard, and the wire of the one does not tell.

use std::io::{ErrorKind, Read};
use std::ops::Range;
use std::time::{Duration, Instant};

use media::{Codec, Decoder, Rate};
use socket2::{Domain, Protocol, Socket, Type};

use crate::harness::{Exchange, Over, Plan};
use crate::phone::Phone;
use crate::talking::{ALICE, BOB, hears_only};
use crate::tone::level;

/// The headers of IPv4 without options and of UDP.
const HEADERS: usize = 28;

/// What goes to these ports for a second: RTP with its headers. `None` where this user may not look at the wire.
fn overheard(ports: &Range<u16>) -> Option<Vec<Vec<u8>>> {
    let mut wire = match Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::UDP)) {
        Ok(wire) => wire,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            eprintln!("the wire is not looked at: {error}");
            return None;
        }
        Err(error) => panic!("a raw socket: {error}"),
    };
    wire.set_read_timeout(Some(Duration::from_millis(50))).expect("a timeout");
    let (end, mut bytes, mut packets) = (Instant::now() + Duration::from_secs(1), [0; 2_048], Vec::new());
    while Instant::now() < end {
        let Ok(length) = wire.read(&mut bytes) else { continue };
        let Some(packet) = bytes[..length].get(HEADERS..) else { continue };
        let to = u16::from_be_bytes([bytes[22], bytes[23]]);
        if ports.contains(&to) && to % 2 == 0 && packet.len() >= 172 {
            packets.push(packet.to_vec());
        }
    }
    Some(packets)
}

/// Read as plain G.711.
fn as_plain(packets: &[Vec<u8>]) -> Vec<f64> {
    let mut decoder = Decoder::new(Codec::Pcmu, Rate::Narrow);
    let mut heard = Vec::new();
    for packet in packets {
        let mut pcm = [0; 160];
        decoder.decode(&packet[12..172], &mut pcm).expect("any byte is a sample");
        heard.extend(pcm.map(|sample| f64::from(sample) / 32_768.0));
    }
    heard
}

fn a_secure_phone_talks_with_a_plain_one(account: &str) {
    let exchange = Exchange::with(Plan::default());
    let bob = Phone::start(&exchange, "1002", BOB, Over::Udp, true);
    let params = format!("audio_codecs=pcmu;mediaenc={account}");
    let mut alice = Phone::with_account(&params, &exchange, "1001", ALICE, Over::Udp, false);
    exchange.bindings(2);
    alice.calls(&format!("sip:1002@{}", exchange.address(Over::Udp)));
    let wires = (overheard(&alice.media), overheard(&bob.media));
    hears_only("alice", &alice.heard(4), BOB);
    hears_only("bob", &bob.heard(4), ALICE);
    if let (Some(secure), Some(plain)) = wires {
        assert!(secure.len() >= 40 && plain.len() >= 40, "{} and {} packets", secure.len(), plain.len());
        assert!(secure.iter().all(|packet| packet.len() == 182), "with a tag of ten bytes");
        assert!(plain.iter().all(|packet| packet.len() == 172));
        let tones = (level(&as_plain(&secure), BOB), level(&as_plain(&plain), ALICE));
        assert!(tones.1 - tones.0 > 20.0, "{:.1} dB on the secure wire, {:.1} dB on the plain one", tones.0, tones.1);
    }
    alice.hangs_up();
    for leg in &exchange.cdr().legs {
        let counts = leg.media.expect("every leg is counted");
        assert!(counts.packets_in >= 140 && counts.packets_out >= 140 && counts.lost == 0, "{counts:?}");
    }
}

#[test]
fn a_phone_that_can_encrypt_talks_with_one_that_cannot() {
    a_secure_phone_talks_with_a_plain_one("srtp");
}

#[test]
fn a_phone_that_must_encrypt_talks_with_one_that_cannot() {
    a_secure_phone_talks_with_a_plain_one("srtp-mand");
}
