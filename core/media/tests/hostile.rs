//! Bytes that nobody should send: no panic, nothing relayed that is not RTP or RTCP of the far end.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media::dtmf::{Arrival, Receiver};
use media::hall::HallConfig;
use media::{Codec, Expectation, FRAME, Format, Hall, Hearing, JitterConfig, Kind, Rate, Relay};

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
                fax: false,
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

/// Numbers by chance, the same at every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    /// A step from the number before: the next, none, a leap, or anywhere.
    fn step(&mut self, usual: u32) -> u32 {
        match self.below(8) {
            0 => 0,
            1 => usual.wrapping_mul(3_000),
            2 => 0x7fff_ffff,
            3 => 0x8000_0000,
            4 => self.below(1 << 31) as u32 * 2,
            5 => usual.wrapping_neg(),
            _ => usual,
        }
    }
}

/// A far end that keeps to the form of a packet, sometimes, and to nothing else.
struct Liar {
    dice: Dice,
    sequence: u32,
    timestamp: u32,
}

impl Liar {
    fn packet(&mut self) -> Vec<u8> {
        self.sequence = self.sequence.wrapping_add(self.dice.step(1));
        self.timestamp = self.timestamp.wrapping_add(self.dice.step(160));
        // Sound, comfort noise, keys, and a number that nobody agreed on.
        let number = [0, 0, 8, 9, 111, 13, 101, 77][self.dice.below(8) as usize];
        let flags = if self.dice.below(6) == 0 { self.dice.below(64) as u8 } else { 0 };
        let mut packet = vec![0x80 | flags, number | (self.dice.below(2) as u8) << 7];
        packet.extend((self.sequence as u16).to_be_bytes());
        packet.extend(self.timestamp.to_be_bytes());
        packet.extend((self.dice.below(3) as u32).to_be_bytes());
        let size = [0, 1, 2, 3, 4, 160, 161, 960, 1_500, 1_700][self.dice.below(10) as usize];
        packet.extend((0..size).map(|_| self.dice.below(256) as u8));
        packet.truncate(packet.len() - self.dice.below(40).saturating_sub(36) as usize);
        packet
    }
}

const AGREED: [(u8, Format); 6] = [
    (0, Format::Sound(Codec::Pcmu)),
    (8, Format::Sound(Codec::Pcma)),
    (9, Format::Sound(Codec::G722)),
    (111, Format::Sound(Codec::Opus)),
    (13, Format::Noise),
    (101, Format::Event),
];

#[test]
fn whatever_a_far_end_sends_its_hearer_and_its_room_go_on() {
    for seed in 0..6 {
        let start = Instant::now();
        let mut liar = Liar { dice: Dice(seed), sequence: 65_000, timestamp: u32::MAX - 5_000 };
        let mut hall = Hall::new(HallConfig::default());
        let honest = hall.join(Codec::Pcmu, FRAME, &AGREED, 1).expect("20 ms");
        let lying = hall.join(Codec::Opus, FRAME, &AGREED, 2).expect("20 ms");
        let mut hearing = Hearing::new(&AGREED, Rate::Wide, JitterConfig::default(), 3);
        let (mut frame, mut keys) = (vec![0; Rate::Wide.frame()], Receiver::default());
        for tick in 0..1_500 {
            let now = start + FRAME * tick;
            for _ in 0..liar.dice.below(12) {
                let packet = liar.packet();
                let _ = hall.handle(now, lying, &packet);
                let _ = hearing.handle(now, &packet);
                let clock = if liar.dice.below(2) == 0 { 0 } else { 8_000 };
                let (sequence, timestamp) = (liar.sequence as u16, liar.timestamp);
                let payload = packet.get(12..).unwrap_or_default();
                let arrival = Arrival { ssrc: 1, sequence, timestamp, marker: packet[1] > 127, clock, payload };
                let _ = keys.handle(now, &arrival);
                assert!(std::iter::from_fn(|| keys.poll()).count() <= 3);
            }
            hall.tick(now);
            hearing.poll(now, &mut frame);
            assert_eq!(hall.payloads(honest).map(<[u8]>::len).sum::<usize>(), 160, "tick {tick} of {seed}");
            assert!(std::iter::from_fn(|| hall.poll_event()).count() <= 4);
        }
        // What comes in its time then is heard again.
        for tick in 1_500..1_650_u32 {
            let now = start + FRAME * tick;
            let mut packet = vec![0x80, 0];
            packet.extend((tick as u16).to_be_bytes());
            packet.extend((tick * 160).to_be_bytes());
            packet.extend([9; 4]);
            packet.extend([0x10; 160]);
            let _ = hearing.handle(now, &packet);
            hearing.poll(now, &mut frame);
        }
        assert!(frame.iter().any(|sample| *sample != 0), "seed {seed}");
        assert_eq!(hearing.codec(), Some(Codec::Pcmu));
    }
}
