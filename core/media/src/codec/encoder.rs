//! From linear sound to a payload.

use audio_codec::Encoder as _;
use audio_codec::g722::G722Encoder;
use opus_pure::{Application, OpusEncoder};

use super::{Codec, CodecError, g711};
use crate::pcm::Rate;

/// No packet of Opus is longer: the bound of one frame (RFC 6716 §3.2.1), which fits a datagram of any network.
const LONGEST_OPUS: usize = 1_275;

/// What an encoder of Opus is told. All of it may change while it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpusSettings {
    /// Bits a second, 6,000 to 510,000 (RFC 7587 §6.1: `maxaveragebitrate`).
    pub bitrate: u32,
    /// 0 to 10; what it may cost.
    pub complexity: u8,
    /// Carry a copy of the frame before (RFC 7587 §6.1: `useinbandfec`); it needs `loss` above 0.
    pub fec: bool,
    /// Per cent of packets that the far end loses, as its reports say.
    pub loss: u8,
    /// Say nothing in silence (RFC 7587 §6.1: `usedtx`).
    pub dtx: bool,
}

impl Default for OpusSettings {
    fn default() -> Self {
        // RFC 7587 §3.1.1: 16 to 20 kbit/s for wideband speech, 28 to 40 for fullband.
        Self { bitrate: 24_000, complexity: 5, fec: false, loss: 0, dtx: false }
    }
}

/// One stream of one codec, being spoken.
pub struct Encoder {
    codec: Codec,
    rate: Rate,
    state: State,
}

/// What is remembered between two frames. G.711 remembers nothing.
enum State {
    None,
    G722(Box<G722Encoder>),
    Opus(Box<OpusEncoder>),
}

impl Encoder {
    /// An encoder that takes sound at the rate that is wanted if the codec can, else at its own: see
    /// [`Encoder::rate`].
    #[must_use]
    pub fn new(codec: Codec, wanted: Rate) -> Self {
        let rate = codec.rate_for(wanted);
        let state = match codec {
            Codec::Pcmu | Codec::Pcma => State::None,
            Codec::G722 => State::G722(Box::new(G722Encoder::new())),
            Codec::Opus => {
                let encoder = OpusEncoder::new(rate.hz().cast_signed(), 1, Application::Voip);
                State::Opus(Box::new(encoder.expect("8, 16 and 48 kHz are rates of Opus")))
            }
        };
        let mut encoder = Self { codec, rate, state };
        encoder.set_opus(&OpusSettings::default());
        encoder
    }

    /// What it encodes.
    #[must_use]
    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// The rate of the sound that it takes.
    #[must_use]
    pub const fn rate(&self) -> Rate {
        self.rate
    }

    /// Tells an encoder of Opus how to encode from now on; others do not care.
    pub fn set_opus(&mut self, settings: &OpusSettings) {
        let State::Opus(encoder) = &mut self.state else { return };
        encoder.bitrate_bps = settings.bitrate.clamp(6_000, 510_000).cast_signed();
        encoder.complexity = i32::from(settings.complexity.min(10));
        encoder.use_inband_fec = settings.fec;
        encoder.packet_loss_perc = i32::from(settings.loss.min(100));
        encoder.use_dtx = settings.dtx;
    }

    /// Encodes one frame, appends it to `out` and says how many bytes it took. G.711 and G.722 take any number of
    /// samples (G.722 an even one), Opus 2.5, 5, 10, 20, 40, 60, 80, 100 or 120 ms.
    ///
    /// # Errors
    ///
    /// The codec has no packet for so many samples; `out` is as it was.
    pub fn encode(&mut self, pcm: &[i16], out: &mut Vec<u8>) -> Result<usize, CodecError> {
        let wrong = CodecError::Frame { codec: self.codec, samples: pcm.len() };
        if pcm.is_empty() {
            return Err(wrong);
        }
        let start = out.len();
        let written = match &mut self.state {
            State::None => {
                match self.codec {
                    Codec::Pcma => out.extend(pcm.iter().map(|sample| g711::to_alaw(*sample))),
                    _ => out.extend(pcm.iter().map(|sample| g711::to_ulaw(*sample))),
                }
                Some(pcm.len())
            }
            State::G722(_) if !pcm.len().is_multiple_of(2) => None,
            State::G722(encoder) => {
                out.resize(start + pcm.len() / 2, 0);
                out.get_mut(start..).and_then(|room| encoder.encode_into(pcm, room).ok())
            }
            State::Opus(encoder) => {
                out.resize(start + LONGEST_OPUS, 0);
                out.get_mut(start..).and_then(|room| encoder.encode_s16(pcm, pcm.len(), room).ok())
            }
        };
        out.truncate(start + written.unwrap_or(0));
        written.ok_or(wrong)
    }
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("codec", &self.codec).field("rate", &self.rate).finish_non_exhaustive()
    }
}
