//! Bytes that nobody should send: no panic, nothing relayed that is not RTP or RTCP of the far end.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media::{Expectation, Kind, Relay};

#[test]
fn a_flood_of_bad_packets_is_counted_and_goes_nowhere() {
    let start = Instant::now();
    let mut relay = Relay::default();
    let (a, b) = (relay.open(start), relay.open(start));
    let (alice, bob): (SocketAddr, SocketAddr) =
        ("192.0.2.1:4000".parse().expect("address"), "192.0.2.2:5000".parse().expect("address"));
    for (port, remote) in [(a, alice), (b, bob)] {
        relay.expect(
            port,
            Expectation {
                remote,
                rtcp: None,
                mux: true,
                signalling: remote.ip(),
                clocks: vec![(0, 8000)],
                codecs: Vec::new(),
            },
        );
    }
    relay.connect(a, b);
    let mut state = 0x5eed_u64;
    let mut relayed = 0_u64;
    for packet in 0..20_000_u32 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let size = usize::try_from(state >> 58).expect("small");
        let mut bytes: Vec<u8> =
            (0..size).map(|at| u8::try_from((state >> (at % 8)) & 0xff).expect("a byte")).collect();
        if packet % 2 == 0 {
            // Half look like RTP at first sight: version 2, some padding, extensions and CSRCs that are not there.
            if let Some(first) = bytes.first_mut() {
                *first = 0x80 | (*first & 0x3f);
            }
        }
        let kind = if packet % 3 == 0 { Kind::Rtcp } else { Kind::Rtp };
        let from = if packet % 5 == 0 { SocketAddr::new(bob.ip(), 9) } else { alice };
        let now = start + Duration::from_millis(u64::from(packet));
        if relay.handle(now, a, kind, from, &bytes).is_some() {
            relayed += 1;
            assert_eq!(from, alice, "a third address was relayed");
            assert!(bytes.first().is_some_and(|first| first >> 6 == 2), "not version 2");
        }
    }
    let stats = relay.close(a).expect("counts");
    assert!(stats.dropped >= 4_000 && stats.packets_in + stats.dropped + relayed >= 20_000, "{stats:?}");
}
