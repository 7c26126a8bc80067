//! A phone of one codec: what it says is in time, what it hears is kept.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use media::dtmf::{Digit, Sender};
use media::srtp::{MasterKey, Protect, RTP_OVERHEAD, Suite, Unprotect};
use media::{Codec, Decoder, FRAME, Format, Packetiser, Rate, Speaking};
use rtp_types::RtpPacket;
use sdp::{KEYING, Keying};
use switch::{MediaCommand, PortId, Secured, Voice};

use super::{anywhere, until};
use crate::media::mouth::rate_of;

fn master(suite: Suite, byte: u8) -> MasterKey {
    MasterKey::new(suite, &[byte; 16], &[byte; 14]).expect("a key")
}

pub(super) struct Phone {
    socket: UdpSocket,
    /// What both sides encrypt with, as the exchange sees it.
    pub(super) keys: Option<Secured>,
    seal: Option<(Protect, Unprotect)>,
    /// The packets as they came.
    pub(super) raw: Vec<Vec<u8>>,
    pub(super) codec: Codec,
    number: u8,
    event: Option<(u8, u32)>,
    /// How long the packets are that it wants.
    ptime: Duration,
    /// It is told of keys by signalling.
    pub(super) informed: bool,
    /// It takes comfort noise.
    noise: bool,
    speaking: Speaking,
    decoder: Decoder,
    pub(super) far: Option<SocketAddr>,
    /// Each packet's header: payload type, marker, number, time, SSRC.
    pub(super) packets: Vec<(u8, bool, u16, u32, u32)>,
    pub(super) heard: Vec<i16>,
    /// When each packet of sound came, and how much was heard by then.
    pub(super) arrivals: Vec<(Instant, usize)>,
}

/// A network that does harm, by a seed.
pub(super) struct Rough {
    pub(super) seed: u64,
    /// Per cent of packets that are lost, and that come twice.
    pub(super) loss: u64,
    pub(super) copies: u64,
    /// By how many ms a packet may be late: packets overtake each other.
    pub(super) jitter: u64,
}

impl Phone {
    pub(super) fn new(codec: Codec) -> Self {
        let number = codec.payload_type().unwrap_or(111);
        let rtp = Packetiser::new(number, 0xf0e, 17, 4_000);
        let socket = UdpSocket::bind(anywhere()).expect("a socket");
        Self {
            socket,
            keys: None,
            seal: None,
            raw: Vec::new(),
            codec,
            number,
            event: Some((101, codec.clock())),
            ptime: FRAME,
            informed: false,
            noise: false,
            speaking: Speaking::new(codec, rate_of(codec), FRAME, rtp).expect("20 ms"),
            decoder: Decoder::new(codec, rate_of(codec)),
            far: None,
            packets: Vec::new(),
            heard: Vec::new(),
            arrivals: Vec::new(),
        }
    }

    pub(super) fn without_events(mut self) -> Self {
        self.event = None;
        self
    }

    pub(super) fn with_events(mut self, number: u8, clock: u32) -> Self {
        self.event = Some((number, clock));
        self
    }

    pub(super) fn with_ptime(mut self, ptime: Duration) -> Self {
        self.ptime = ptime;
        self
    }

    pub(super) fn with_noise(mut self) -> Self {
        self.noise = true;
        self
    }

    /// From now on it speaks this, and has told nobody.
    pub(super) fn turn_to(&mut self, codec: Codec, number: u8) {
        let old = self.speaking.rtp();
        let rtp = Packetiser::new(number, old.ssrc(), old.sequence(), old.timestamp());
        self.speaking = Speaking::new(codec, rate_of(self.codec), FRAME, rtp).expect("20 ms");
    }

    /// Says that it is silent for so long, and how that sounds (RFC 3389).
    pub(super) fn fall_silent(&mut self, level: u8, millis: u64) {
        let mut packet = Vec::new();
        let begin = self.speaking.rtp().timestamp();
        self.speaking.rtp().write_as(13, begin, false, &[level], &mut packet);
        self.send(&packet);
        self.speaking.rtp().skip(self.codec.ticks(Duration::from_millis(millis)));
    }

    /// With keys of this making: the exchange has the first, the phone the second.
    pub(super) fn with_keys(mut self, ours: u8, theirs: u8) -> Self {
        self.set_keys(ours, theirs);
        let (one, other) = (master(Suite::Aes128Sha1_80, theirs), master(Suite::Aes128Sha1_80, ours));
        self.seal = Some((Protect::new(&one), Unprotect::new(&other)));
        self
    }

    /// The same with the short tag (RFC 4568 §6.2.2).
    pub(super) fn with_short_keys(mut self, ours: u8, theirs: u8) -> Self {
        let suite = sdp::Suite::AesCm128Sha1_32;
        let keying = |byte| Keying::of_random(suite, &[byte; KEYING]);
        self.keys = Some(Secured { tag: 1, suite, ours: keying(ours), theirs: keying(theirs), lifetime: None });
        let (one, other) = (master(Suite::Aes128Sha1_32, theirs), master(Suite::Aes128Sha1_32, ours));
        self.seal = Some((Protect::new(&one), Unprotect::new(&other)));
        self
    }

    /// The exchange is told of these; the phone goes on with those that it has.
    pub(super) fn set_keys(&mut self, ours: u8, theirs: u8) {
        let keying = |byte| Keying::of_random(sdp::Suite::AesCm128Sha1_80, &[byte; KEYING]);
        let suite = sdp::Suite::AesCm128Sha1_80;
        self.keys = Some(Secured { tag: 1, suite, ours: keying(ours), theirs: keying(theirs), lifetime: None });
    }

    /// Sends bytes as they are.
    pub(super) fn send_raw(&self, packet: &[u8]) {
        self.socket.send_to(packet, self.far.expect("a far end")).expect("sent");
    }

    /// The next datagram that comes, as it is.
    pub(super) fn hear_datagram(&self) -> Option<Vec<u8>> {
        self.hear_datagram_within(super::LONG)
    }

    pub(super) fn hear_datagram_within(&self, time: Duration) -> Option<Vec<u8>> {
        let mut bytes = [0; 2_048];
        self.socket.set_read_timeout(Some(time)).expect("a timeout");
        let (size, _) = self.socket.recv_from(&mut bytes).ok()?;
        Some(bytes[..size].to_vec())
    }

    /// Nothing comes for so long.
    pub(super) fn hears_nothing_for(&self, time: Duration) {
        assert_eq!(self.hear_datagram_within(time), None);
    }

    pub(super) fn rate(&self) -> Rate {
        rate_of(self.codec)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.socket.local_addr().expect("its address")
    }

    pub(super) fn voice(&self) -> Voice {
        let mut formats = vec![(self.number, Format::Sound(self.codec))];
        formats.extend(self.event.map(|(number, _)| (number, Format::Event)));
        formats.extend(self.noise.then_some((13, Format::Noise)));
        let (codec, send, events, ptime) = (self.codec, self.number, self.event, self.ptime);
        let fixed = Codec::ALL.into_iter().filter_map(|codec| Some((codec.payload_type()?, Format::Sound(codec))));
        let strays = fixed.filter(|(number, _)| *number != send).collect();
        let (informed, noise) = (self.informed, self.noise.then_some(13));
        Voice { codec, send, formats, strays, ptime, comes: FRAME, events, informed, noise }
    }

    /// What the exchange is told of it.
    pub(super) fn expect(&self, port: PortId) -> MediaCommand {
        let mut clocks = vec![(self.number, self.codec.clock())];
        clocks.extend(self.event);
        clocks.extend(self.noise.then_some((13, 8_000)));
        let remote = self.address();
        let voice = Some(self.voice());
        MediaCommand::Expect {
            port,
            remote,
            rtcp: None,
            mux: false,
            signalling: remote.ip(),
            clocks,
            voice,
            keys: self.keys.clone().map(Box::new),
        }
    }

    fn send(&mut self, packet: &[u8]) {
        let mut bytes = packet.to_vec();
        if let Some((protect, _)) = &mut self.seal {
            bytes.resize(packet.len() + RTP_OVERHEAD, 0);
            let length = protect.rtp(&mut bytes, packet.len()).expect("encrypted");
            bytes.truncate(length);
        }
        self.send_raw(&bytes);
    }

    /// Hears until then, or until nothing comes for so long.
    pub(super) fn hear_until(&mut self, end: Instant) {
        let mut bytes = [0; 2_048];
        while !until(end).is_zero() {
            self.socket.set_read_timeout(Some(until(end).max(Duration::from_micros(1)))).expect("a timeout");
            let Ok((mut size, _)) = self.socket.recv_from(&mut bytes) else { continue };
            self.raw.push(bytes[..size].to_vec());
            if let Some((_, unprotect)) = &mut self.seal {
                size = unprotect.rtp(&mut bytes[..size]).expect("authentic");
            }
            let packet = RtpPacket::parse(&bytes[..size]).expect("RTP");
            let header = (packet.payload_type(), packet.marker_bit(), packet.sequence_number());
            self.packets.push((header.0, header.1, header.2, packet.timestamp(), packet.ssrc()));
            if packet.payload_type() != self.number {
                continue;
            }
            let samples = self.codec.samples_of(packet.payload(), self.rate()).expect("a payload of the codec");
            let start = self.heard.len();
            self.heard.resize(start + samples, 0);
            self.decoder.decode(packet.payload(), &mut self.heard[start..]).expect("decoded");
            self.arrivals.push((Instant::now(), self.heard.len()));
        }
    }

    pub(super) fn hear_for(&mut self, millis: u64) {
        self.hear_until(Instant::now() + Duration::from_millis(millis));
    }

    /// Says this in its time, and hears meanwhile.
    pub(super) fn say(&mut self, sound: &[i16]) {
        let mut packet = Vec::new();
        let mut next = Instant::now();
        for frame in sound.chunks_exact(self.rate().frame()) {
            self.speaking.handle(frame);
            while self.speaking.poll(&mut packet) {
                self.send(&packet);
            }
            next += FRAME;
            self.hear_until(next);
        }
    }

    /// Says this in its time through a network that does harm, and hears meanwhile.
    pub(super) fn say_through(&mut self, sound: &[i16], network: &Rough) {
        let (mut chance, mut sent, mut packet) = (network.seed, Vec::new(), Vec::new());
        let mut roll = |sides: u64| {
            // splitmix64
            chance = chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (chance ^ (chance >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            ((mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 32) % sides
        };
        let mut due = Duration::ZERO;
        for frame in sound.chunks_exact(self.rate().frame()) {
            self.speaking.handle(frame);
            while self.speaking.poll(&mut packet) {
                let copies = if roll(100) < network.loss { 0 } else { 1 + u64::from(roll(100) < network.copies) };
                for _ in 0..copies {
                    sent.push((due + Duration::from_millis(roll(network.jitter)), packet.clone()));
                }
            }
            due += FRAME;
        }
        sent.sort_by_key(|(at, _)| *at);
        let begun = Instant::now();
        for (at, packet) in sent {
            self.hear_until(begun + at);
            self.send(&packet);
        }
        self.hear_until(begun + due);
    }

    /// Its stream begins anew, as after a restart.
    pub(super) fn starts_over(&mut self, ssrc: u32) {
        let rtp = Packetiser::new(self.number, ssrc, 9_000, 77);
        self.speaking = Speaking::new(self.codec, rate_of(self.codec), FRAME, rtp).expect("20 ms");
    }

    /// Presses a key for 100 ms.
    pub(super) fn press(&mut self, key: char) {
        let (number, clock) = self.event.expect("a phone with events");
        let mut sender = Sender::new(clock, 10);
        sender.send(Digit::from_char(key).expect("a key"), Duration::from_millis(100)).expect("room");
        let mut packet = Vec::new();
        let mut next = Instant::now();
        let begin = self.speaking.rtp().timestamp();
        let mut step = 0;
        while sender.is_busy() {
            if let Some(event) = sender.step(begin.wrapping_add(step * clock / 50)) {
                self.speaking.rtp().write_as(number, event.timestamp, event.marker, &event.payload, &mut packet);
                self.send(&packet);
            }
            step += 1;
            next += FRAME;
            self.hear_until(next);
        }
        self.speaking.rtp().skip(self.codec.ticks(FRAME * step));
    }
}
