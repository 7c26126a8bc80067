//! A sound encoded once and shared by all the calls that play it.

use std::sync::Arc;
use std::time::Duration;

use crate::pcm::Rate;
use crate::sound::Sound;

/// What makes payloads of frames; a codec's encoder.
pub trait Encode {
    /// At which rate it takes samples.
    fn rate(&self) -> Rate;

    /// Appends the payload of one frame of mono samples to `out`. Nothing is appended where it fails.
    fn encode(&mut self, pcm: &[i16], out: &mut Vec<u8>);
}

/// Payloads of one codec, each of the same time: what RTP carries, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
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
    /// [`TrackError`].
    pub fn encode(sound: &Sound, ptime: Duration, encoder: &mut impl Encode) -> Result<Self, TrackError> {
        let rate = sound.rate();
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
            encoder.encode(whole, &mut bytes);
            ends.push(u32::try_from(bytes.len()).map_err(|_| TrackError::Long)?);
        }
        let size = ends.first().map_or(0, |end| *end as usize);
        let even = ends.iter().enumerate().all(|(n, end)| *end as usize == (n + 1) * size);
        if even {
            ends.clear();
        }
        Ok(Self { ptime, bytes: bytes.into(), ends: ends.into(), size, count })
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

    /// One payload, counted from 0. It is empty where the encoder failed.
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

    /// As many bytes as the frame's first sample says, each its number.
    struct Odd(u8);

    impl Encode for Odd {
        fn rate(&self) -> Rate {
            Rate::Narrow
        }

        fn encode(&mut self, pcm: &[i16], out: &mut Vec<u8>) {
            assert_eq!(pcm.len(), 160);
            out.extend(std::iter::repeat_n(self.0, usize::try_from(pcm[0]).unwrap_or(0)));
            self.0 += 1;
        }
    }

    const PTIME: Duration = Duration::from_millis(20);

    fn frames(sizes: &[i16]) -> Sound {
        Sound::new(Rate::Narrow, sizes.iter().flat_map(|size| [*size; 160]).collect::<Vec<_>>())
    }

    #[test]
    fn payloads_of_any_size_come_back_as_they_went_in() {
        for sizes in [&[3, 3, 3][..], &[3, 1, 0, 4], &[0, 2], &[]] {
            let track = Track::encode(&frames(sizes), PTIME, &mut Odd(0)).expect("a track");
            assert_eq!(track.count(), sizes.len());
            for (number, size) in sizes.iter().enumerate() {
                let expected = vec![number as u8; usize::try_from(*size).expect("small")];
                assert_eq!(track.payload(number), Some(&expected[..]), "{sizes:?}");
            }
            assert_eq!(track.payload(sizes.len()), None);
            assert_eq!(track.length(), PTIME * sizes.len() as u32);
        }
    }

    #[test]
    fn the_last_payload_is_filled_with_silence() {
        let sound = Sound::new(Rate::Narrow, vec![2_i16; 161]);
        assert_eq!(Track::encode(&sound, PTIME, &mut Odd(0)).expect("a track").count(), 2);
    }

    #[test]
    fn a_sound_at_another_rate_is_refused() {
        let sound = Sound::new(Rate::Wide, vec![0_i16; 320]);
        let refused = Track::encode(&sound, PTIME, &mut Odd(0));
        assert_eq!(refused, Err(TrackError::Rate { sound: Rate::Wide, codec: Rate::Narrow }));
        let odd = Duration::from_millis(25);
        assert_eq!(Track::encode(&frames(&[1]), odd, &mut Odd(0)), Err(TrackError::Ptime(odd)));
    }
}
