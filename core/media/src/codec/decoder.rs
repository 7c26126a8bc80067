//! From a payload to linear sound, with what a codec must remember between two.

use audio_codec::g722::{Bitrate, G722Decoder};
use opus_pure::OpusDecoder;

use super::{Codec, CodecError, g711};
use crate::pcm::Rate;

/// One stream of one codec, being heard.
pub struct Decoder {
    codec: Codec,
    rate: Rate,
    state: State,
}

/// What is remembered between two payloads. G.711 remembers nothing.
enum State {
    None,
    G722(Box<G722Decoder>),
    Opus(Box<OpusDecoder>),
}

impl Decoder {
    /// A decoder at the rate that is wanted if the codec can, else at its own: see [`Decoder::rate`].
    #[must_use]
    pub fn new(codec: Codec, wanted: Rate) -> Self {
        let rate = codec.decoded_at(wanted);
        let state = match codec {
            Codec::Pcmu | Codec::Pcma => State::None,
            Codec::G722 => State::G722(Box::new(g722(rate))),
            Codec::Opus => State::Opus(Box::new(opus(rate))),
        };
        Self { codec, rate, state }
    }

    /// What it decodes.
    #[must_use]
    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// The rate of the sound that it gives.
    #[must_use]
    pub const fn rate(&self) -> Rate {
        self.rate
    }

    /// Decodes one payload into the beginning of `out` and says how many samples it gave. [`Codec::samples_of`] tells
    /// before how many they will be.
    ///
    /// # Errors
    ///
    /// The payload is empty, is none of this codec, or has no room in `out`; the state is as it was.
    pub fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> Result<usize, CodecError> {
        if payload.is_empty() {
            return Err(CodecError::Empty);
        }
        let samples = match self.codec {
            Codec::Pcmu | Codec::Pcma => payload.len(),
            Codec::G722 if self.rate == Rate::Narrow => payload.len(),
            Codec::G722 => payload.len().saturating_mul(2),
            Codec::Opus => self.codec.samples_of(payload, self.rate).ok_or(CodecError::Malformed(self.codec))?,
        };
        let room = out.len();
        let out = out.get_mut(..samples).ok_or(CodecError::TooLong { samples, room })?;
        match &mut self.state {
            State::None if self.codec == Codec::Pcma => expand(payload, out, g711::of_alaw),
            State::None => expand(payload, out, g711::of_ulaw),
            State::G722(decoder) => {
                return decoder.decode_frame_into(payload, out).map_err(|_| CodecError::Malformed(self.codec));
            }
            State::Opus(decoder) => {
                return decoder.decode_s16(payload, samples, out).map_err(|_| CodecError::Malformed(self.codec));
            }
        }
        Ok(samples)
    }

    /// Does the codec conceal what is lost by itself? If not, [`crate::Concealer`] does.
    #[must_use]
    pub const fn conceals(&self) -> bool {
        matches!(self.state, State::Opus(_))
    }

    /// Fills `out`, whole frames of 10 ms, with what the codec believes was lost (RFC 6716 §4.4). A codec that cannot
    /// gives silence.
    pub fn conceal(&mut self, out: &mut [i16]) {
        let State::Opus(decoder) = &mut self.state else { return out.fill(0) };
        for chunk in out.chunks_mut(self.rate.frame()) {
            // Between two frames SILK can only conceal 10 or 20 ms without a seam.
            let whole = chunk.len().is_multiple_of(self.rate.frame() / 2);
            if !whole || decoder.decode_s16(&[], chunk.len(), chunk).is_err() {
                chunk.fill(0);
            }
        }
    }

    /// Fills `out` with what was lost before `next`, from the copy that `next` may carry (RFC 6716 §2.1.7), and by
    /// concealment where it carries none.
    pub fn recover(&mut self, next: &[u8], out: &mut [i16]) {
        if let State::Opus(decoder) = &mut self.state
            && out.len().is_multiple_of(self.rate.frame() / 2)
            && self.codec.samples_of(next, self.rate).is_some()
            && decoder.decode_fec_s16(next, out.len(), out).is_ok()
        {
            return;
        }
        self.conceal(out);
    }

    /// Forgets all: another stream begins.
    pub fn reset(&mut self) {
        match &mut self.state {
            State::None => {}
            State::G722(decoder) => **decoder = g722(self.rate),
            State::Opus(decoder) => {
                if decoder.reset_state().is_err() {
                    **decoder = opus(self.rate);
                }
            }
        }
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").field("codec", &self.codec).field("rate", &self.rate).finish_non_exhaustive()
    }
}

/// At 8 kHz it leaves the upper band out.
fn g722(rate: Rate) -> G722Decoder {
    G722Decoder::with_options(Bitrate::Mode1_64000, false, rate == Rate::Narrow)
}

fn opus(rate: Rate) -> OpusDecoder {
    OpusDecoder::new(rate.hz().cast_signed(), 1).expect("8, 16 and 48 kHz are rates of Opus")
}

fn expand(payload: &[u8], out: &mut [i16], law: impl Fn(u8) -> i16) {
    for (sample, code) in out.iter_mut().zip(payload) {
        *sample = law(*code);
    }
}
