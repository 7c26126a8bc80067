//! What the exchange says on a port: one RTP stream, whatever is said in it.

use std::time::{Duration, Instant};

use media::dtmf::{Digit, Event, Generator};
use media::{Codec, FRAME, Packetiser, Rate, Speaking};
use rtp_types::RtpPacket;
use switch::Voice;

/// The rate of the sound that is made for a codec. Opus is spoken as wide as G.722: twice that costs twice.
pub(super) const fn rate_of(codec: Codec) -> Rate {
    match codec {
        Codec::Pcmu | Codec::Pcma => Rate::Narrow,
        Codec::G722 | Codec::Opus => Rate::Wide,
    }
}

/// The beginnings of a stream, random (RFC 3550 §5.1). The sequence number is below 2¹⁵, so that it does not wrap soon:
/// an SRTP receiver that misses the first packets would else guess the roll-over counter wrongly (RFC 3711 §3.3.1).
#[derive(Debug, Clone, Copy)]
pub(super) struct Seed {
    pub(super) ssrc: u32,
    pub(super) sequence: u16,
    pub(super) timestamp: u32,
}

/// One stream of ours.
#[derive(Debug)]
pub(super) struct Mouth {
    speaking: Speaking,
    codec: Codec,
    wanted: Duration,
    /// How the far end takes keys.
    events: Option<(u8, u32)>,
    /// The far end's key that is carried: where it began there and here.
    carried: Option<(u32, u32)>,
    /// Keys for a far end that takes no events.
    tones: Generator,
    packet: Vec<u8>,
    /// Up to when it has spoken.
    spoke: Option<Instant>,
    /// Something is played: nothing else is to be said.
    pub(super) busy: bool,
}

impl Mouth {
    /// `None` where the voice cannot be spoken.
    pub(super) fn new(voice: &Voice, seed: Seed) -> Option<Self> {
        let rtp = Packetiser::new(voice.send, seed.ssrc, seed.sequence & 0x7fff, seed.timestamp);
        let rate = rate_of(voice.codec);
        Some(Self {
            speaking: speaking(voice.codec, rate, voice.ptime, rtp)?,
            codec: voice.codec,
            wanted: voice.ptime,
            events: voice.events,
            carried: None,
            tones: Generator::new(rate),
            packet: Vec::new(),
            spoke: None,
            busy: false,
        })
    }

    /// After another agreement. Where the clock changes a new stream begins (RFC 3550 §5.2), else the old one goes on.
    /// Says whether what is encoded already cannot be used any more.
    pub(super) fn follow(&mut self, voice: &Voice, seed: Seed) -> bool {
        self.events = voice.events;
        let changed = (self.codec, self.wanted) != (voice.codec, voice.ptime);
        if !changed && self.speaking.rtp().payload_type() == voice.send {
            return false;
        }
        let old = self.speaking.rtp();
        let rtp = if self.codec.clock() == voice.codec.clock() {
            Packetiser::new(voice.send, old.ssrc(), old.sequence(), old.timestamp())
        } else {
            Packetiser::new(voice.send, seed.ssrc, seed.sequence & 0x7fff, seed.timestamp)
        };
        if let Some(speaking) = speaking(voice.codec, rate_of(voice.codec), voice.ptime, rtp) {
            (self.speaking, self.codec, self.wanted) = (speaking, voice.codec, voice.ptime);
        }
        changed
    }

    /// The rate of the sound that is made for it.
    pub(super) const fn native(&self) -> Rate {
        rate_of(self.codec)
    }

    /// How long its packets are.
    pub(super) fn ptime(&self) -> Duration {
        self.speaking.ptime()
    }

    /// It speaks again: the clock went on meanwhile.
    pub(super) fn resume(&mut self, now: Instant) {
        if let Some(spoke) = self.spoke.take() {
            let frames = now.saturating_duration_since(spoke).as_micros() / FRAME.as_micros();
            self.speaking.skip(FRAME.saturating_mul(u32::try_from(frames).unwrap_or(0)));
        }
    }

    /// It has nothing to say for now.
    pub(super) fn rest(&mut self, now: Instant) {
        self.spoke = Some(now);
    }

    /// Sound: whole multiples of 10 ms.
    pub(super) fn say(&mut self, rate: Rate, sound: &[i16]) {
        if rate != self.speaking.rate() {
            let (rtp, ptime) = (self.speaking.rtp().clone(), self.speaking.ptime());
            if let Some(speaking) = speaking(self.codec, rate, ptime, rtp) {
                self.speaking = speaking;
                self.tones = Generator::new(rate);
            }
        }
        self.speaking.handle(sound);
    }

    /// What the far end of another port said, or the keys that it pressed.
    pub(super) fn pass(&mut self, rate: Rate, sound: &mut [i16], silent: bool) {
        let keys = rate == self.speaking.rate() && self.tones.fill(sound);
        if silent && !keys { self.pause(FRAME) } else { self.say(rate, sound) }
    }

    /// Nothing is said for this long.
    pub(super) fn pause(&mut self, time: Duration) {
        self.speaking.skip(time);
    }

    /// A payload that is encoded already: gives the packet.
    pub(super) fn payload(&mut self, payload: &[u8]) -> &[u8] {
        // Silence that is still to be counted. No sound waits: payloads take the place of whole packets.
        while self.speaking.poll(&mut self.packet) {}
        let ticks = self.codec.ticks(self.speaking.ptime());
        self.speaking.rtp().write(payload, ticks, &mut self.packet);
        &self.packet
    }

    /// The next packet of what was said.
    pub(super) fn poll(&mut self) -> Option<&[u8]> {
        self.speaking.poll(&mut self.packet).then_some(&*self.packet)
    }

    /// Whether the far end takes keys as events.
    pub(super) const fn takes_events(&self) -> bool {
        self.events.is_some()
    }

    /// Sounds a key.
    pub(super) fn sound(&mut self, digit: Digit, time: Duration) {
        let _ = self.tones.send(digit, time);
    }

    /// A report of a key from another stream, for this one: with its numbers and its clock (RFC 4733 §2.5.1).
    pub(super) fn carry(&mut self, event: &RtpPacket<'_>, clock: u32) -> Option<&[u8]> {
        let (number, own) = self.events?;
        let mut report = Event::read(event.payload()).ok()?;
        let ticks = u64::from(report.duration) * u64::from(own) / u64::from(clock.max(1));
        report.duration = u16::try_from(ticks).unwrap_or(u16::MAX);
        let begin = match self.carried {
            Some((there, here)) if there == event.timestamp() => here,
            _ => self.speaking.rtp().timestamp(),
        };
        self.carried = Some((event.timestamp(), begin));
        self.speaking.rtp().write_as(number, begin, event.marker_bit(), &report.write(), &mut self.packet);
        Some(&self.packet)
    }
}

/// A far end may ask for a time that no packet of ours has: it gets the nearest that there is.
fn speaking(codec: Codec, rate: Rate, ptime: Duration, rtp: Packetiser) -> Option<Speaking> {
    let tens = u32::try_from(ptime.as_millis() / 10).unwrap_or(2).clamp(1, 6);
    Speaking::new(codec, rate, Duration::from_millis(10) * tens, rtp).ok()
}
