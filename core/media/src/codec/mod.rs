//! What turns RTP payloads into linear sound and back.
//!
//! | codec | rtpmap | type | RTP clock | sound | source |
//! |---|---|---|---|---|---|
//! | [`Codec::Pcmu`] | `PCMU/8000` | 0 | 8,000 | 8 kHz | ITU-T G.711, RFC 3551 §4.5.14 |
//! | [`Codec::Pcma`] | `PCMA/8000` | 8 | 8,000 | 8 kHz | ITU-T G.711, RFC 3551 §4.5.14 |
//! | [`Codec::G722`] | `G722/8000` | 9 | 8,000 | 16 kHz | ITU-T G.722, RFC 3551 §4.5.2 |
//! | [`Codec::Opus`] | `opus/48000/2` | dynamic | 48,000 | 8, 16 or 48 kHz | RFC 6716, RFC 7587 |

mod decoder;
mod encoder;
pub mod g711;
pub mod noise;

use std::time::Duration;

use thiserror::Error;

pub use decoder::Decoder;
pub use encoder::{Encoder, OpusSettings};

use crate::pcm::Rate;

/// The longest sound that one payload may hold (RFC 6716 §3.2.5, taken for all codecs).
pub const LONGEST: Duration = Duration::from_millis(120);

/// A codec whose sound we can hear and speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Codec {
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// G.722 at 64 kbit/s.
    G722,
    /// Opus.
    Opus,
}

/// Why a payload or a frame was not coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CodecError {
    /// Nothing in it.
    #[error("the payload is empty")]
    Empty,
    /// It is none of this codec.
    #[error("the payload is no packet of {}", .0.name())]
    Malformed(Codec),
    /// It holds more sound than there is room for.
    #[error("the payload holds {samples} samples and there is room for {room}")]
    TooLong {
        /// Samples in the payload.
        samples: usize,
        /// Samples that the buffer takes.
        room: usize,
    },
    /// The codec has no packet for so many samples.
    #[error("{} has no packet of {samples} samples", .codec.name())]
    Frame {
        /// Who was asked.
        codec: Codec,
        /// Samples in the frame.
        samples: usize,
    },
}

impl Codec {
    /// All of them, the plainest first.
    pub const ALL: [Self; 4] = [Self::Pcmu, Self::Pcma, Self::G722, Self::Opus];

    /// The rate of its own sound. Opus can be decoded and encoded at the lower ones too.
    #[must_use]
    pub const fn rate(self) -> Rate {
        match self {
            Self::Pcmu | Self::Pcma => Rate::Narrow,
            Self::G722 => Rate::Wide,
            Self::Opus => Rate::Full,
        }
    }

    /// The rate at which it takes sound when `wanted` is asked for: Opus takes all, the others their own alone.
    #[must_use]
    pub const fn rate_for(self, wanted: Rate) -> Rate {
        match self {
            Self::Opus => wanted,
            other => other.rate(),
        }
    }

    /// The rate at which it gives sound when `wanted` is asked for: Opus gives all, and G.722 its lower band alone where
    /// nobody can hear the upper one (ITU-T G.722 §1.3 codes the two apart).
    #[must_use]
    pub const fn decoded_at(self, wanted: Rate) -> Rate {
        match (self, wanted) {
            (Self::Opus, _) => wanted,
            (Self::G722, Rate::Narrow) => Rate::Narrow,
            (other, _) => other.rate(),
        }
    }

    /// Ticks a second of its RTP timestamps.
    #[must_use]
    pub const fn clock(self) -> u32 {
        match self {
            // RFC 3551 §4.5.2: G.722 samples at 16 kHz, and its clock says 8,000 for the sake of an old mistake.
            Self::Pcmu | Self::Pcma | Self::G722 => 8_000,
            // RFC 7587 §4.1: 48,000 whatever the sound inside.
            Self::Opus => 48_000,
        }
    }

    /// The payload type that needs no rtpmap (RFC 3551 §6), if it has one.
    #[must_use]
    pub const fn payload_type(self) -> Option<u8> {
        match self {
            Self::Pcmu => Some(0),
            Self::Pcma => Some(8),
            Self::G722 => Some(9),
            Self::Opus => None,
        }
    }

    /// The codec of a static payload type.
    #[must_use]
    pub const fn of_payload_type(payload_type: u8) -> Option<Self> {
        match payload_type {
            0 => Some(Self::Pcmu),
            8 => Some(Self::Pcma),
            9 => Some(Self::G722),
            _ => None,
        }
    }

    /// Its encoding name in an rtpmap.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::G722 => "G722",
            Self::Opus => "opus",
        }
    }

    /// Its rtpmap without the payload type. RFC 7587 §7: Opus says two channels, always.
    #[must_use]
    pub const fn rtpmap(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU/8000",
            Self::Pcma => "PCMA/8000",
            Self::G722 => "G722/8000",
            Self::Opus => "opus/48000/2",
        }
    }

    /// The codec of an encoding name, in any case (RFC 4855 §3).
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.name().eq_ignore_ascii_case(name))
    }

    /// How long a payload sounds, in ticks of the RTP clock; `None` when it is none of this codec or longer than
    /// [`LONGEST`].
    #[must_use]
    pub fn ticks_of(self, payload: &[u8]) -> Option<u32> {
        let ticks = match self {
            // A byte is a sample, or two of G.722, whose clock ticks once for both.
            Self::Pcmu | Self::Pcma | Self::G722 => u32::try_from(payload.len()).ok()?,
            Self::Opus => u32::try_from(opus_pure::packet::samples_48k(payload).ok()?).ok()?,
        };
        (ticks > 0 && ticks <= self.ticks(LONGEST)).then_some(ticks)
    }

    /// How many samples at `rate` a payload has.
    #[must_use]
    pub fn samples_of(self, payload: &[u8], rate: Rate) -> Option<usize> {
        self.ticks_of(payload).map(|ticks| self.samples(ticks, rate))
    }

    /// Ticks of the RTP clock in this time.
    #[must_use]
    pub const fn ticks(self, time: Duration) -> u32 {
        (time.as_micros() * self.clock() as u128 / 1_000_000) as u32
    }

    /// Samples at `rate` that sound for so many ticks.
    #[must_use]
    pub const fn samples(self, ticks: u32, rate: Rate) -> usize {
        (ticks as u64 * rate.hz() as u64 / self.clock() as u64) as usize
    }

    /// Ticks that so many samples at `rate` sound.
    #[must_use]
    pub const fn ticks_for(self, samples: usize, rate: Rate) -> u32 {
        (samples as u64 * self.clock() as u64 / rate.hz() as u64) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_types_and_names_are_those_of_the_rfcs() {
        let table = Codec::ALL.map(|codec| (codec.rtpmap(), codec.payload_type(), codec.clock(), codec.rate()));
        assert_eq!(
            table,
            [
                ("PCMU/8000", Some(0), 8_000, Rate::Narrow),
                ("PCMA/8000", Some(8), 8_000, Rate::Narrow),
                ("G722/8000", Some(9), 8_000, Rate::Wide),
                ("opus/48000/2", None, 48_000, Rate::Full),
            ]
        );
        for codec in Codec::ALL {
            assert_eq!(Codec::named(&codec.name().to_ascii_lowercase()), Some(codec));
            assert!(codec.rtpmap().starts_with(&format!("{}/{}", codec.name(), codec.clock())));
            assert!(codec.payload_type().is_none_or(|number| Codec::of_payload_type(number) == Some(codec)));
        }
    }

    #[test]
    fn a_payload_tells_how_long_it_sounds() {
        assert_eq!(Codec::Pcmu.ticks_of(&[0; 160]), Some(160));
        assert_eq!(Codec::G722.samples_of(&[0; 160], Rate::Wide), Some(320));
        // RFC 6716 §3.1: configuration 1 is SILK of 20 ms, code 0 is one frame.
        assert_eq!(Codec::Opus.ticks_of(&[1 << 3, 0]), Some(960));
        assert_eq!(Codec::Opus.samples_of(&[1 << 3, 0], Rate::Narrow), Some(160));
        assert_eq!([Codec::Pcma.ticks_of(&[]), Codec::Opus.ticks_of(&[])], [None, None]);
        assert_eq!(Codec::Pcmu.ticks_of(&[0; 961]), None, "longer than 120 ms");
    }
}
