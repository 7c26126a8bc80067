//! Phones with SRTP and without talk through the exchange: each is heard, and the wire of who encrypts does not tell.

use std::collections::HashSet;
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

/// What goes to these ports for a second: RTP with its headers. `None` where this user may not look at the wire, which
/// `cargo xtask test` says too; root may.
pub(crate) fn overheard(ports: &Range<u16>) -> Option<Vec<Vec<u8>>> {
    let mut wire = match Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::UDP)) {
        Ok(wire) => wire,
        Err(error) if error.kind() == ErrorKind::PermissionDenied && !rustix::process::geteuid().is_root() => {
            eprintln!("THE WIRE IS NOT LOOKED AT: {error}. Run the tests as root, or with CAP_NET_RAW.");
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
        if ports.contains(&to) && to % 2 == 0 && packet.len() >= 24 {
            packets.push(packet.to_vec());
        }
    }
    Some(packets)
}

/// Read as plain G.711.
pub(crate) fn as_plain(packets: &[Vec<u8>]) -> Vec<f64> {
    let mut decoder = Decoder::new(Codec::Pcmu, Rate::Narrow);
    let mut heard = Vec::new();
    for packet in packets {
        let mut pcm = [0; 160];
        decoder.decode(&packet[12..172], &mut pcm).expect("any byte is a sample");
        heard.extend(pcm.map(f64::from));
    }
    heard
}

/// Ten bytes of tag, and nothing of this tone in what stands between it and the header.
fn is_ciphertext(whose: &str, packets: &[Vec<u8>], tone: f64) {
    assert!(packets.len() >= 40, "{} packets go to {whose}", packets.len());
    assert!(packets.iter().all(|packet| packet.len() == 182), "with a tag of ten bytes");
    let payloads = as_plain(packets);
    let (tone, beside) = (level(&payloads, tone), level(&payloads, 1_234.0));
    assert!(tone < -25.0 && tone - beside < 20.0, "{tone:.1} dB on {whose} wire, {beside:.1} dB beside it");
    // Of 256 values each is about as frequent as every other.
    let mut counts = [0_u32; 256];
    for byte in packets.iter().flat_map(|packet| &packet[12..172]) {
        counts[usize::from(*byte)] += 1;
    }
    let bytes = u32::try_from(packets.len() * 160).expect("a second");
    let most = counts.into_iter().max().unwrap_or_default();
    assert!(most < bytes / 256 * 3, "one value {most} times in {bytes}");
}

#[test]
fn two_phones_that_encrypt_hear_each_other_and_both_wires_are_ciphertext() {
    let exchange = Exchange::start();
    for user in ["1001", "1002"] {
        exchange.operate(&["user", "set", user, "--srtp", "required"]);
    }
    let account = "audio_codecs=pcmu;mediaenc=srtp-mand";
    let bob = Phone::with_account(account, &exchange, "1002", BOB, Over::Udp, true);
    let mut alice = Phone::with_account(account, &exchange, "1001", ALICE, Over::Udp, false);
    exchange.bindings(2);
    alice.calls(&format!("sip:1002@{}", exchange.address(Over::Udp)));
    // To the phones, and from them: what goes to the exchange's ports.
    let wires = (overheard(&alice.media), overheard(&bob.media), overheard(&media_of(&exchange)));
    hears_only("alice", &alice.heard(6), BOB);
    hears_only("bob", &bob.heard(6), ALICE);
    if let (Some(to_alice), Some(to_bob), Some(to_exchange)) = wires {
        is_ciphertext("alice's", &to_alice, BOB);
        is_ciphertext("bob's", &to_bob, ALICE);
        assert!(to_exchange.len() >= 80, "both speak: {} packets", to_exchange.len());
        is_ciphertext("the exchange's", &to_exchange, ALICE);
        // Each leg has keys of its own: no payload of one is on the other.
        let payloads = |packets: &[Vec<u8>]| packets.iter().map(|packet| packet[12..].to_vec()).collect::<HashSet<_>>();
        assert!(payloads(&to_alice).is_disjoint(&payloads(&to_bob)));
    }
    alice.hangs_up();
    assert_eq!(exchange.cdr().disposition, "answered");
}

fn media_of(exchange: &Exchange) -> Range<u16> {
    let media = exchange.lane.media();
    *media.start()..*media.end() + 1
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
