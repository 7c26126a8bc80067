//! Stories of the relay: who is heard, who is not, what is counted.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media::{Expectation, Forward, Kind, PortKey, Relay};

fn at(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn rtp(sequence: u16, ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x80, 0x00];
    packet.extend(sequence.to_be_bytes());
    packet.extend((u32::from(sequence) * 160).to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    packet.extend([0xff; 160]);
    packet
}

/// An empty receiver report (RFC 3550 §6.4.2).
const REPORT: [u8; 8] = [0x80, 201, 0, 1, 0, 0, 0, 1];

struct Bench {
    relay: Relay,
    now: Instant,
    a: PortKey,
    b: PortKey,
}

const ALICE: &str = "192.0.2.1:4000";
const BOB: &str = "192.0.2.2:5000";

fn bench() -> Bench {
    let now = Instant::now();
    let mut relay = Relay::default();
    let (a, b) = (relay.open(now), relay.open(now));
    for (port, address) in [(a, ALICE), (b, BOB)] {
        let remote = at(address);
        relay.expect(
            port,
            Expectation {
                remote,
                rtcp: None,
                mux: false,
                signalling: remote.ip(),
                clocks: vec![(0, 8000)],
                fax: false,
                codecs: Vec::new(),
            },
        );
    }
    relay.connect(a, b);
    Bench { relay, now, a, b }
}

#[test]
fn what_one_says_the_other_hears() {
    let Bench { mut relay, now, a, b } = bench();
    assert_eq!(
        relay.handle(now, a, Kind::Rtp, at(ALICE), &rtp(1, 7)),
        Some(Forward { port: b, kind: Kind::Rtp, socket: Kind::Rtp, to: at(BOB) })
    );
    assert_eq!(
        relay.handle(now, b, Kind::Rtp, at(BOB), &rtp(1, 8)),
        Some(Forward { port: a, kind: Kind::Rtp, socket: Kind::Rtp, to: at(ALICE) })
    );
    assert_eq!(
        relay.handle(now, a, Kind::Rtcp, at("192.0.2.1:4001"), &REPORT),
        Some(Forward { port: b, kind: Kind::Rtcp, socket: Kind::Rtcp, to: at("192.0.2.2:5001") })
    );
    let stats = relay.close(a).expect("counts");
    assert_eq!((stats.packets_in, stats.packets_out, stats.dropped, stats.bytes_in), (1, 1, 0, 172));
}

#[test]
fn a_third_address_is_never_heard_and_never_spoken_to() {
    let Bench { mut relay, now, a, b } = bench();
    let mallory = at("203.0.113.66:4000");
    // Before anybody has spoken, after the far end has, and again and again.
    assert_eq!(relay.handle(now, a, Kind::Rtp, mallory, &rtp(1, 7)), None);
    assert!(relay.handle(now, a, Kind::Rtp, at(ALICE), &rtp(1, 7)).is_some());
    for sequence in 2..1000 {
        assert_eq!(relay.handle(now, a, Kind::Rtp, mallory, &rtp(sequence, 7)), None);
        assert_eq!(relay.handle(now, a, Kind::Rtcp, mallory, &REPORT), None);
    }
    assert_eq!(relay.handle(now, b, Kind::Rtp, at(BOB), &rtp(1, 8)).map(|forward| forward.to), Some(at(ALICE)));
    assert_eq!(relay.close(a).map(|stats| stats.dropped), Some(1 + 2 * 998));
}

#[test]
fn behind_a_nat_media_goes_back_where_it_came_from() {
    let Bench { mut relay, now, a, b } = bench();
    let private = at("10.0.0.5:4000");
    let public = at("198.51.100.1:61000");
    relay.expect(
        a,
        Expectation {
            remote: private,
            rtcp: None,
            mux: false,
            signalling: public.ip(),
            clocks: vec![(0, 8000)],
            fax: false,
            codecs: Vec::new(),
        },
    );
    assert!(relay.handle(now, a, Kind::Rtp, public, &rtp(1, 7)).is_some());
    assert_eq!(relay.handle(now, b, Kind::Rtp, at(BOB), &rtp(1, 8)).map(|forward| forward.to), Some(public));
    // A neighbour behind the same NAT came too late.
    assert_eq!(relay.handle(now, a, Kind::Rtp, at("198.51.100.1:62000"), &rtp(2, 7)), None);
}

#[test]
fn the_named_address_takes_its_place_from_a_provisional_one() {
    let Bench { mut relay, now, a, .. } = bench();
    assert!(relay.handle(now, a, Kind::Rtp, at("192.0.2.1:4444"), &rtp(1, 7)).is_some());
    assert!(relay.handle(now + Duration::from_secs(1), a, Kind::Rtp, at(ALICE), &rtp(2, 7)).is_some());
    assert_eq!(relay.handle(now + Duration::from_secs(1), a, Kind::Rtp, at("192.0.2.1:4444"), &rtp(3, 7)), None);
}

#[test]
fn a_second_voice_from_the_same_address_does_not_speak_between() {
    let Bench { mut relay, now, a, .. } = bench();
    assert!(relay.handle(now, a, Kind::Rtp, at(ALICE), &rtp(1, 7)).is_some());
    assert_eq!(relay.handle(now + Duration::from_millis(10), a, Kind::Rtp, at(ALICE), &rtp(1, 99)), None);
    // After a pause it is the phone that began anew.
    assert!(relay.handle(now + Duration::from_millis(500), a, Kind::Rtp, at(ALICE), &rtp(1, 99)).is_some());
}

#[test]
fn what_is_not_rtp_or_was_not_agreed_on_teaches_nothing() {
    let Bench { mut relay, now, a, .. } = bench();
    let mut video = rtp(1, 7);
    video[1] = 34;
    for packet in [&b""[..], b"x", &[0; 12], &video] {
        assert_eq!(relay.handle(now, a, Kind::Rtp, at("192.0.2.1:4444"), packet), None);
    }
    assert!(relay.handle(now, a, Kind::Rtp, at(ALICE), &rtp(1, 7)).is_some());
}

#[test]
fn a_phone_that_moves_is_learnt_anew() {
    let Bench { mut relay, now, a, .. } = bench();
    assert!(relay.handle(now, a, Kind::Rtp, at(ALICE), &rtp(1, 7)).is_some());
    let moved = at("192.0.2.77:4000");
    assert_eq!(relay.handle(now, a, Kind::Rtp, moved, &rtp(2, 7)), None);
    relay.expect(
        a,
        Expectation {
            remote: moved,
            rtcp: None,
            mux: false,
            signalling: moved.ip(),
            clocks: vec![(0, 8000)],
            fax: false,
            codecs: Vec::new(),
        },
    );
    assert!(relay.handle(now, a, Kind::Rtp, moved, &rtp(3, 7)).is_some());
}

#[test]
fn nothing_is_sent_to_nowhere() {
    let Bench { mut relay, now, a, b } = bench();
    let nowhere = at("0.0.0.0:0");
    relay.expect(
        b,
        Expectation {
            remote: nowhere,
            rtcp: None,
            mux: false,
            signalling: at(BOB).ip(),
            clocks: Vec::new(),
            fax: false,
            codecs: Vec::new(),
        },
    );
    assert_eq!(relay.handle(now, a, Kind::Rtp, at(ALICE), &rtp(1, 7)), None);
}

#[test]
fn silence_is_told_once_and_only_where_it_is_watched() {
    let Bench { mut relay, now, a, b } = bench();
    relay.watch(now, a, Some(Duration::from_secs(60)));
    assert_eq!(relay.poll_silent(now + Duration::from_secs(59)), None);
    assert_eq!(relay.poll_silent(now + Duration::from_secs(60)), Some(a));
    assert_eq!(relay.poll_silent(now + Duration::from_secs(61)), None);
    relay.watch(now, b, None);
    assert_eq!(relay.poll_silent(now + Duration::from_secs(1000)), None);
}

#[test]
fn a_closed_port_takes_nothing_and_its_peer_goes_on_alone() {
    let Bench { mut relay, now, a, b } = bench();
    assert!(relay.close(a).is_some());
    assert_eq!(relay.handle(now, a, Kind::Rtp, at(ALICE), &rtp(1, 7)), None);
    assert_eq!(relay.handle(now, b, Kind::Rtp, at(BOB), &rtp(1, 8)), None);
    assert!(relay.close(b).is_some() && relay.is_empty());
}

/// Fax in place of sound, at the same address or at another.
fn fax(address: &str) -> Expectation {
    let remote = at(address);
    Expectation {
        remote,
        rtcp: None,
        mux: false,
        signalling: remote.ip(),
        clocks: Vec::new(),
        fax: true,
        codecs: Vec::new(),
    }
}

/// UDPTL (ITU-T T.38 §9.1): a number, one primary packet, no repeated ones.
fn udptl(sequence: u16) -> Vec<u8> {
    let mut datagram = sequence.to_be_bytes().to_vec();
    datagram.extend([1, 6, 0, 0]);
    datagram
}

#[test]
fn fax_goes_through_as_it_is_and_is_counted() {
    let Bench { mut relay, now, a, b } = bench();
    assert!(relay.handle(now, a, Kind::Rtp, at(ALICE), &rtp(1, 7)).is_some());
    relay.expect(a, fax(ALICE));
    // What bob sends still is sound, and he does not know of fax yet.
    assert_eq!(relay.handle(now, a, Kind::Rtp, at(ALICE), &udptl(0)), None);
    assert_eq!(relay.handle(now, b, Kind::Rtp, at(BOB), &rtp(1, 8)), None);
    relay.expect(b, fax("192.0.2.2:5002"));
    // Numbers that would be payload types of RTCP are none here, and a datagram may be of any length.
    for datagram in [udptl(0), udptl(200), udptl(0x80c9), vec![0], Vec::new(), vec![9; 1_400]] {
        let to = relay.handle(now, a, Kind::Rtp, at(ALICE), &datagram);
        assert_eq!(to, Some(Forward { port: b, kind: Kind::Rtp, socket: Kind::Rtp, to: at("192.0.2.2:5002") }));
    }
    let back = relay.handle(now, b, Kind::Rtp, at("192.0.2.2:5002"), &udptl(0)).map(|forward| forward.to);
    assert_eq!(back, Some(at(ALICE)));
    // There is no RTCP beside it, and nothing of ours.
    assert_eq!(relay.handle(now, a, Kind::Rtcp, at("192.0.2.1:4001"), &REPORT), None);
    assert_eq!(relay.speak(now, a, &rtp(2, 9)), None);
    // Sound again.
    for (port, address) in [(a, ALICE), (b, BOB)] {
        relay.expect(port, Expectation { fax: false, clocks: vec![(0, 8000)], ..fax(address) });
    }
    assert_eq!(relay.handle(now, a, Kind::Rtp, at(ALICE), &udptl(1)), None);
    assert!(relay.handle(now, a, Kind::Rtp, at(ALICE), &rtp(2, 7)).is_some());
    let (one, other) = (relay.close(a).expect("counts"), relay.close(b).expect("counts"));
    // Six of fax and two of sound; the first of fax had nowhere to go, as the RTCP and the last of fax were not taken.
    assert_eq!((one.packets_in, one.packets_out, one.dropped), (9, 1, 2));
    assert_eq!((other.packets_in, other.packets_out), (2, 8));
}

#[test]
fn fax_is_taken_from_one_source_alone_and_the_last_of_the_sound_is_not_it() {
    let Bench { mut relay, now, a, b } = bench();
    assert!(relay.handle(now, a, Kind::Rtp, at(ALICE), &rtp(1, 7)).is_some());
    for (port, address) in [(a, "192.0.2.1:4002"), (b, BOB)] {
        relay.expect(port, fax(address));
    }
    assert_eq!(relay.handle(now, a, Kind::Rtp, at(ALICE), &rtp(2, 7)), None, "it is the old stream");
    assert_eq!(relay.handle(now, a, Kind::Rtp, at("203.0.113.66:4002"), &udptl(0)), None);
    assert!(relay.handle(now, a, Kind::Rtp, at("192.0.2.1:4002"), &udptl(0)).is_some());
    // The same order again changes nothing of that.
    relay.expect(a, fax("192.0.2.1:4002"));
    for other in ["192.0.2.1:4004", ALICE, "203.0.113.66:4002"] {
        assert_eq!(relay.handle(now, a, Kind::Rtp, at(other), &udptl(1)), None, "{other}");
    }
    assert!(relay.handle(now, a, Kind::Rtp, at("192.0.2.1:4002"), &udptl(1)).is_some());
    assert_eq!(relay.close(a).map(|stats| stats.dropped), Some(5));
}

#[test]
fn fax_breaks_the_silence() {
    let Bench { mut relay, now, a, .. } = bench();
    relay.expect(a, fax(ALICE));
    relay.watch(now, a, Some(Duration::from_secs(60)));
    let later = now + Duration::from_secs(50);
    assert_eq!(relay.handle(later, a, Kind::Rtp, at(ALICE), &udptl(0)), None, "bob takes no fax");
    assert_eq!(relay.poll_silent(now + Duration::from_secs(100)), None);
    assert_eq!(relay.poll_silent(now + Duration::from_secs(111)), Some(a));
}
