//! Keys that the far end of a port presses, out of its packets as they come: no beat is needed for them.

use std::time::Instant;

use media::dtmf::{Arrival, Detector, Digit, Heard, Receiver};
use media::{Codec, Decoder, Format, Rate, Resampler};
use rtp_types::RtpPacket;
use switch::Voice;

/// Hears keys in RTP events (RFC 4733), or in the sound where no events were agreed on.
#[derive(Debug)]
pub(super) struct Keys {
    /// Payload types of events with their clocks in Hz.
    events: Vec<(u8, u32)>,
    receiver: Receiver,
    sound: Option<Box<Sound>>,
}

/// The sound, decoded as it comes: a key is heard through a lost packet, or pressed again.
#[derive(Debug)]
struct Sound {
    formats: Vec<(u8, Codec)>,
    decoder: Option<(Decoder, Resampler)>,
    last: Option<(u32, u16)>,
    detector: Detector,
    pcm: Vec<i16>,
}

impl Keys {
    pub(super) fn new(voice: &Voice, clocks: &[(u8, u32)]) -> Self {
        let events = events(voice, clocks);
        let formats = voice.formats.iter().chain(&voice.strays).filter_map(|(number, format)| match format {
            Format::Sound(codec) => Some((*number, *codec)),
            _ => None,
        });
        let sound = events.is_empty().then(|| {
            Box::new(Sound {
                formats: formats.collect(),
                decoder: None,
                last: None,
                detector: Detector::default(),
                pcm: Vec::new(),
            })
        });
        Self { events, receiver: Receiver::default(), sound }
    }

    /// Takes a packet, and tells of each key that goes down or up.
    pub(super) fn handle(&mut self, now: Instant, packet: &[u8], mut tell: impl FnMut(Heard)) {
        let Ok(packet) = RtpPacket::parse(packet) else { return };
        if let Some((_, clock)) = self.events.iter().find(|(number, _)| *number == packet.payload_type()) {
            let _ = self.receiver.handle(now, &arrival(&packet, *clock));
            while let Some(heard) = self.receiver.poll() {
                tell(heard);
            }
        } else if let Some(sound) = &mut self.sound {
            sound.handle(&packet);
            while let Some(heard) = sound.detector.poll() {
                tell(heard);
            }
        }
    }
}

/// The key that goes down, if it is one: the hook is none.
pub(super) fn began(heard: Heard) -> Option<Digit> {
    match heard {
        Heard::Began(digit) => Some(digit).filter(|digit| *digit != Digit::FLASH),
        Heard::Ended(_) => None,
    }
}

/// The payload types of events with their clocks: 8,000 Hz where signalling named none (RFC 4733 §7.1.1).
pub(super) fn events(voice: &Voice, clocks: &[(u8, u32)]) -> Vec<(u8, u32)> {
    let numbers = voice.formats.iter().filter(|(_, format)| *format == Format::Event).map(|(number, _)| *number);
    let clock = |number: u8| clocks.iter().find(|(known, _)| *known == number).map_or(8_000, |(_, clock)| *clock);
    numbers.map(|number| (number, clock(number))).collect()
}

pub(super) fn arrival<'a>(packet: &'a RtpPacket<'_>, clock: u32) -> Arrival<'a> {
    Arrival {
        ssrc: packet.ssrc(),
        sequence: packet.sequence_number(),
        timestamp: packet.timestamp(),
        marker: packet.marker_bit(),
        clock,
        payload: packet.payload(),
    }
}

impl Sound {
    fn handle(&mut self, packet: &RtpPacket<'_>) {
        let Some((_, codec)) = self.formats.iter().find(|(number, _)| *number == packet.payload_type()) else { return };
        let (ssrc, sequence) = (packet.ssrc(), packet.sequence_number());
        // What was overtaken comes too late.
        if self.last.is_some_and(|(last, at)| last == ssrc && sequence.wrapping_sub(at).wrapping_sub(1) >= 0x8000) {
            return;
        }
        self.last = Some((ssrc, sequence));
        if self.decoder.as_ref().is_none_or(|(decoder, _)| decoder.codec() != *codec) {
            let decoder = Decoder::new(*codec, Rate::Narrow);
            let resampler = Resampler::new(decoder.rate(), Rate::Narrow);
            self.decoder = Some((decoder, resampler));
        }
        let Some((decoder, resampler)) = &mut self.decoder else { return };
        let rate = decoder.rate();
        let Some(samples) = codec.samples_of(packet.payload(), rate) else { return };
        self.pcm.resize(samples, 0);
        let Ok(given) = decoder.decode(packet.payload(), &mut self.pcm) else { return };
        self.pcm.truncate(given);
        if rate == Rate::Narrow {
            self.detector.handle(&self.pcm);
        } else if given.is_multiple_of(rate.frame() / 2) {
            self.detector.handle(resampler.resample(&self.pcm));
        }
    }
}
