//! A sound encoded once and shared by all the calls that play it.

use std::sync::Arc;
use std::time::Duration;

use crate::codec::{Codec, CodecError, Encoder};
use crate::pcm::Rate;
use crate::sound::Sound;

/// Payloads of one codec, each of the same time: what RTP carries, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    codec: Codec,
    ptime: Duration,
    bytes: Arc<[u8]>,
    /// Where each payload ends; none where all are of one size.
    ends: Arc<[u32]>,
    size: usize,
    count: usize,
}

/// Why a sound was not encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TrackError {
    /// The codec takes samples at another rate than the sound's.
    #[error("the sound is at {} Hz and the codec takes {} Hz", sound.hz(), codec.hz())]
    Rate {
        /// Of the sound.
        sound: Rate,
        /// Of the codec.
        codec: Rate,
    },
    /// A payload has to last from 10 to 120 ms, by whole tens.
    #[error("a payload cannot last {0:?}")]
    Ptime(Duration),
    /// The codec has no payload of this time.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// More payload than 4 GiB.
    #[error("the sound is too long to be kept encoded")]
    Long,
}

impl Track {
    /// Encodes all of a sound; what is missing of its last payload is silence. It takes as long as the encoder does,
    /// and a sound of minutes is work for a thread that no call waits for.
    ///
    /// # Errors
    ///
    /// [`TrackError`] when the sound is not at a rate of the codec, or the codec has no payload of this time.
    pub fn encode(sound: &Sound, codec: Codec, ptime: Duration) -> Result<Self, TrackError> {
        Self::encode_with(sound, &mut Encoder::new(codec, sound.rate()), ptime)
    }

    /// The same with an encoder that was told how.
    ///
    /// # Errors
    ///
    /// [`TrackError`] as above.
    pub fn encode_with(sound: &Sound, encoder: &mut Encoder, ptime: Duration) -> Result<Self, TrackError> {
        let (codec, rate) = (encoder.codec(), sound.rate());
        if encoder.rate() != rate {
            return Err(TrackError::Rate { sound: rate, codec: encoder.rate() });
        }
        let tens = ptime.as_micros() / 10_000;
        if !ptime.as_micros().is_multiple_of(10_000) || !(1..=12).contains(&tens) {
            return Err(TrackError::Ptime(ptime));
        }
        let frame = rate.samples(ptime);
        let count = sound.samples().len().div_ceil(frame);
        let (mut bytes, mut ends) = (Vec::new(), Vec::with_capacity(count));
        let mut last = Vec::new();
        for piece in sound.samples().chunks(frame) {
            let whole = if piece.len() == frame {
                piece
            } else {
                last.extend_from_slice(piece);
                last.resize(frame, 0);
                &last
            };
            encoder.encode(whole, &mut bytes)?;
            ends.push(u32::try_from(bytes.len()).map_err(|_| TrackError::Long)?);
        }
        let size = ends.first().map_or(0, |end| *end as usize);
        let even = ends.iter().enumerate().all(|(n, end)| *end as usize == (n + 1) * size);
        if even {
            ends.clear();
        }
        Ok(Self { codec, ptime, bytes: bytes.into(), ends: ends.into(), size, count })
    }

    /// What its payloads are.
    #[must_use]
    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// How long each payload lasts.
    #[must_use]
    pub const fn ptime(&self) -> Duration {
        self.ptime
    }

    /// How many payloads there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// How long all of it lasts.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.ptime.saturating_mul(u32::try_from(self.count).unwrap_or(u32::MAX))
    }

    /// The bytes of all payloads.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// One payload, counted from 0.
    #[must_use]
    pub fn payload(&self, number: usize) -> Option<&[u8]> {
        if number >= self.count {
            return None;
        }
        if self.ends.is_empty() {
            return self.bytes.get(number * self.size..(number + 1) * self.size);
        }
        let begin = number.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.bytes.get(begin as usize..*self.ends.get(number)? as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FRAME;

    /// A tone that swells, so that Opus needs more bytes for some payloads than for others.
    fn swelling(rate: Rate, millis: u64) -> Sound {
        let samples = rate.samples(Duration::from_millis(millis));
        let wave = |n: usize| {
            let second = n as f64 / f64::from(rate.hz());
            ((second * 2_765.0).sin() * 12_000.0 * (second * 7.0).sin()) as i16
        };
        Sound::new(rate, (0..samples).map(wave).collect::<Vec<_>>())
    }

    #[test]
    fn payloads_are_those_that_the_encoder_makes_one_by_one() {
        for (codec, rate) in
            Codec::ALL.map(|codec| (codec, codec.rate())).into_iter().chain([(Codec::Opus, Rate::Wide)])
        {
            for ptime in [FRAME / 2, FRAME, FRAME * 2, FRAME * 3] {
                let sound = swelling(rate, 410);
                let track = Track::encode(&sound, codec, ptime).expect("a track");
                let mut encoder = Encoder::new(codec, rate);
                let frame = rate.samples(ptime);
                let count = sound.samples().len().div_ceil(frame);
                assert_eq!((track.count(), track.codec(), track.ptime()), (count, codec, ptime));
                for (number, piece) in sound.samples().chunks(frame).enumerate() {
                    let (mut whole, mut payload) = (piece.to_vec(), Vec::new());
                    // The last one is filled with silence.
                    whole.resize(frame, 0);
                    encoder.encode(&whole, &mut payload).expect("a payload");
                    assert_eq!(track.payload(number), Some(&payload[..]), "{codec:?}, {number} of {ptime:?}");
                }
                assert_eq!(track.payload(count), None);
                assert_eq!(track.length(), ptime * u32::try_from(count).expect("few"));
            }
        }
    }

    #[test]
    fn a_sound_of_nothing_is_a_track_of_nothing() {
        let track = Track::encode(&Sound::new(Rate::Narrow, []), Codec::Pcmu, FRAME).expect("a track");
        assert_eq!((track.count(), track.payload(0), track.bytes()), (0, None, 0));
    }

    #[test]
    fn what_a_codec_cannot_say_is_refused() {
        let refused = Track::encode(&swelling(Rate::Wide, 40), Codec::Pcmu, FRAME);
        assert_eq!(refused, Err(TrackError::Rate { sound: Rate::Wide, codec: Rate::Narrow }));
        let odd = Duration::from_millis(25);
        assert_eq!(Track::encode(&swelling(Rate::Narrow, 40), Codec::Pcmu, odd), Err(TrackError::Ptime(odd)));
        // Opus has no packet of 30 ms (RFC 6716 §3.2: whole frames of one length).
        let refused = Track::encode(&swelling(Rate::Narrow, 40), Codec::Opus, Duration::from_millis(30));
        assert!(matches!(refused, Err(TrackError::Codec(CodecError::Frame { .. }))), "{refused:?}");
    }
}
