//! What one far end is told: frames of sound in, RTP packets out.

use std::time::Duration;

use thiserror::Error;

use super::Packetiser;
use crate::codec::{Codec, Encoder, OpusSettings};
use crate::pcm::Rate;
use crate::resample::Resampler;

/// Packets are whole multiples of this,
const STEP: Duration = Duration::from_millis(10);
/// and never longer than this.
const LONGEST: Duration = Duration::from_millis(60);
/// An Opus packet of so few bytes is silence in discontinuous transmission, and is not sent (RFC 7587 §3.1.3).
const OPUS_SILENCE: usize = 2;

/// Why nothing can be said in this way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unspeakable {
    /// The ptime is none that we can make.
    #[error("a packet of {0:?} is not 10, 20, 30, 40, 50 or 60 ms long")]
    Ptime(Duration),
}

/// The time of a packet of this codec where `ptime` is wanted: Opus has none of 30 and 50 ms.
///
/// # Errors
///
/// The ptime is no multiple of 10 ms from 10 to 60.
pub fn packet_time(codec: Codec, ptime: Duration) -> Result<Duration, Unspeakable> {
    let steps = ptime.as_micros() / STEP.as_micros();
    if ptime.is_zero() || ptime > LONGEST || ptime != STEP * u32::try_from(steps).unwrap_or(0) {
        return Err(Unspeakable::Ptime(ptime));
    }
    Ok(match (codec, steps) {
        (Codec::Opus, 3 | 5) => ptime - STEP,
        _ => ptime,
    })
}

/// An encoder and the RTP stream that it speaks in.
#[derive(Debug)]
pub struct Speaking {
    encoder: Encoder,
    resampler: Resampler,
    rtp: Packetiser,
    /// Samples of the encoder's rate in a packet.
    samples: usize,
    pending: Vec<i16>,
    /// Ticks of silence after what is pending.
    silence: u32,
    payload: Vec<u8>,
}

impl Speaking {
    /// A stream of packets of `ptime` out of sound at `rate`. Opus has no packets of 30 and 50 ms and makes them 20 and
    /// 40 (RFC 7587 §6.1 bids us send no longer ones).
    ///
    /// # Errors
    ///
    /// The ptime is no multiple of 10 ms from 10 to 60.
    pub fn new(codec: Codec, rate: Rate, ptime: Duration, rtp: Packetiser) -> Result<Self, Unspeakable> {
        let ptime = packet_time(codec, ptime)?;
        let encoder = Encoder::new(codec, rate);
        let samples = encoder.rate().samples(ptime);
        Ok(Self {
            resampler: Resampler::new(rate, encoder.rate()),
            pending: Vec::with_capacity(samples + encoder.rate().frame() * 2),
            silence: 0,
            payload: Vec::new(),
            encoder,
            rtp,
            samples,
        })
    }

    /// What it speaks.
    #[must_use]
    pub const fn codec(&self) -> Codec {
        self.encoder.codec()
    }

    /// The rate of the sound that it takes.
    #[must_use]
    pub const fn rate(&self) -> Rate {
        self.resampler.from()
    }

    /// How long its packets are.
    #[must_use]
    pub const fn ptime(&self) -> Duration {
        self.encoder.rate().time(self.samples)
    }

    /// Its stream, for packets that are no sound.
    pub const fn rtp(&mut self) -> &mut Packetiser {
        &mut self.rtp
    }

    /// Tells an encoder of Opus how to encode from now on; others do not care.
    pub fn set_opus(&mut self, settings: &OpusSettings) {
        self.encoder.set_opus(settings);
    }

    /// Takes sound: whole multiples of 10 ms.
    pub fn handle(&mut self, sound: &[i16]) {
        self.end_silence();
        self.pending.extend_from_slice(self.resampler.resample(sound));
    }

    /// Nothing is said for this long. What was begun is ended with silence; the next packet is marked.
    pub fn skip(&mut self, time: Duration) {
        let (rate, codec) = (self.encoder.rate(), self.encoder.codec());
        let mut silence = rate.samples(time);
        if !self.pending.is_empty() {
            let fill = self.pending.len().next_multiple_of(self.samples) - self.pending.len();
            self.pending.resize(self.pending.len() + fill, 0);
            silence = silence.saturating_sub(fill);
        }
        self.resampler.reset();
        self.silence = self.silence.wrapping_add(codec.ticks_for(silence, rate));
    }

    /// Silence counts once all that was said before it is written.
    fn end_silence(&mut self) {
        if self.silence > 0 && self.pending.is_empty() {
            self.rtp.skip(std::mem::take(&mut self.silence));
        }
    }

    /// Writes the next packet into `packet`, replacing what is there. `false`: there is none yet.
    pub fn poll(&mut self, packet: &mut Vec<u8>) -> bool {
        let (codec, rate) = (self.encoder.codec(), self.encoder.rate());
        let ticks = codec.ticks_for(self.samples, rate);
        loop {
            let Some(sound) = self.pending.get(..self.samples) else {
                self.end_silence();
                return false;
            };
            self.payload.clear();
            let coded = self.encoder.encode(sound, &mut self.payload).unwrap_or(0);
            self.pending.drain(..self.samples);
            if coded == 0 || (codec == Codec::Opus && coded <= OPUS_SILENCE) {
                self.rtp.skip(ticks);
                continue;
            }
            self.rtp.write(&self.payload, ticks, packet);
            return true;
        }
    }
}
