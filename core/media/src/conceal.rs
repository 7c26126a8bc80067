//! What is said in place of a packet that never came, for codecs that cannot do it themselves (after ITU-T G.711
//! Appendix I, without its delay).
//!
//! | lost for | what sounds |
//! |---|---|
//! | 0–10 ms | the last period of the voice, again and again |
//! | 10–60 ms | the last two periods, then three, fading by a fifth each 10 ms |
//! | longer | silence |
//! | then sound comes | it fades in over what would have sounded, 4 ms longer for each 10 ms lost, at most 10 ms |

use std::time::Duration;

use crate::pcm::Rate;
use crate::pitch;

/// §I.2.2: pitch is sought between 66 and 200 Hz,
const SHORTEST: Duration = Duration::from_millis(5);
const LONGEST: Duration = Duration::from_millis(15);
/// by the last 20 ms.
const WINDOW: Duration = Duration::from_millis(20);
/// Three of the longest periods and a quarter to fade them: 48.75 ms, and a little.
const MEMORY: Duration = Duration::from_millis(50);
/// §I.2.4: one more period is used, and the sound made a fifth softer, each 10 ms,
const STEP: Duration = Duration::from_millis(10);
/// until nothing is left.
const SILENT: Duration = Duration::from_millis(60);

/// What one stream sounded like lately, and what it would go on like.
#[derive(Debug)]
pub struct Concealer {
    rate: Rate,
    /// The last [`MEMORY`] of sound, oldest first.
    heard: Vec<i16>,
    /// What was made up since.
    made: Vec<i16>,
    /// How many samples were made up; `None` while sound comes.
    lost: Option<usize>,
    /// Of the voice before the loss, in samples.
    period: usize,
    /// How many periods are repeated.
    periods: usize,
    /// Where in them the next sample is.
    at: usize,
    /// By how much the first sample made up would leap, which is spread over the first quarter of a period.
    leap: f32,
}

impl Concealer {
    /// A stream that was silent so far.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        let room = rate.samples(MEMORY);
        Self {
            rate,
            heard: Vec::with_capacity(room * 4),
            made: Vec::with_capacity(room * 2),
            lost: None,
            period: rate.samples(LONGEST),
            periods: 1,
            at: 0,
            leap: 0.0,
        }
    }

    /// Sound that came: remembered, and led into when something was lost before it.
    pub fn heard(&mut self, sound: &mut [i16]) {
        if let Some(lost) = self.lost {
            self.lead_in(lost, sound);
            let made = std::mem::take(&mut self.made);
            self.remember(&made);
            self.made = made;
            self.made.clear();
            self.lost = None;
        }
        self.remember(sound);
    }

    /// Fills `out` with what may have been lost, and says whether anything of it can be heard.
    pub fn conceal(&mut self, out: &mut [i16]) -> bool {
        let lost = self.begin();
        if lost >= self.rate.samples(SILENT) {
            out.fill(0);
            return false;
        }
        for (sample, since) in out.iter_mut().zip(lost..) {
            *sample = self.next(since);
        }
        self.lost = Some(lost + out.len());
        let room = self.rate.samples(SILENT).saturating_sub(self.made.len());
        self.made.extend(out.iter().take(room));
        true
    }

    /// What comes next does not follow what came before: it is led into as after a loss.
    pub fn cut(&mut self) {
        self.begin();
    }

    /// Forgets all: another stream begins.
    pub fn reset(&mut self) {
        self.heard.clear();
        self.made.clear();
        self.lost = None;
    }

    /// How many samples were made up so far; at the first, the voice is looked at.
    fn begin(&mut self) -> usize {
        if let Some(lost) = self.lost {
            return lost;
        }
        let (shortest, longest) = (self.rate.samples(SHORTEST), self.rate.samples(LONGEST));
        let pitch = pitch::before_the_end(&self.heard, self.rate, self.rate.samples(WINDOW), shortest, longest);
        // With no voice to be found the longest period is the least like a tone.
        self.period = pitch.map_or(longest, |pitch| pitch.period);
        self.periods = 1;
        self.at = 0;
        self.lost = Some(0);
        let before = self.heard.len().checked_sub(self.period + 1).and_then(|at| self.heard.get(at));
        self.leap = match (self.heard.last(), before) {
            (Some(last), Some(before)) => f32::from(*last) - f32::from(*before),
            _ => 0.0,
        };
        0
    }

    /// The next sample made up, `since` samples after the loss began.
    fn next(&mut self, since: usize) -> i16 {
        let step = self.rate.samples(STEP);
        let wanted = (since / step + 1).min(3);
        let quarter = self.period / 4;
        let mut value = self.repeated(self.periods, self.at);
        if wanted > self.periods {
            // One period more, taken up at the same point of the voice and faded into.
            let into = since % step;
            if into < quarter {
                let longer = self.repeated(wanted, self.at % self.period);
                let weight = into as f32 / quarter as f32;
                value = value * (1.0 - weight) + longer * weight;
            } else {
                self.periods = wanted;
                self.at %= self.period;
                value = self.repeated(wanted, self.at);
            }
        }
        if since < quarter {
            value += self.leap * (1.0 - (since + 1) as f32 / (quarter + 1) as f32);
        }
        self.at = (self.at + 1) % (self.period * self.periods);
        let fading = since.saturating_sub(step) as f32 / (step * 5) as f32;
        (value * (1.0 - fading).max(0.0)) as i16
    }

    /// One sample of the last so many periods, whose end fades into what was before their beginning, so that they
    /// follow themselves without a seam.
    fn repeated(&self, periods: usize, at: usize) -> f32 {
        let (length, quarter) = (self.period * periods, self.period / 4);
        let sample = |index: Option<usize>| index.and_then(|at| self.heard.get(at)).map_or(0.0, |s| f32::from(*s));
        let index = (self.heard.len() + at).checked_sub(length);
        let value = sample(index);
        let Some(into) = (at + quarter).checked_sub(length) else { return value };
        let weight = (into + 1) as f32 / (quarter + 1) as f32;
        value * (1.0 - weight) + sample(index.and_then(|at| at.checked_sub(length))) * weight
    }

    /// §I.2.7: sound begins over the end of what was made up.
    fn lead_in(&mut self, lost: usize, sound: &mut [i16]) {
        let step = self.rate.samples(STEP);
        let more = self.rate.samples(Duration::from_millis(4)) * lost.div_ceil(step);
        let length = (self.period / 4 + more).min(step).min(sound.len());
        for (into, sample) in sound.iter_mut().take(length).enumerate() {
            let weight = (into + 1) as f32 / (length + 1) as f32;
            let made = f32::from(self.next(lost + into));
            *sample = (made * (1.0 - weight) + f32::from(*sample) * weight) as i16;
        }
    }

    fn remember(&mut self, sound: &[i16]) {
        let room = self.rate.samples(MEMORY);
        if sound.len() >= room {
            self.heard.clear();
        } else {
            let over = (self.heard.len() + sound.len()).saturating_sub(room);
            self.heard.drain(..over);
        }
        self.heard.extend_from_slice(sound.get(sound.len().saturating_sub(room)..).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voice(rate: Rate, hertz: f64, samples: usize) -> Vec<i16> {
        let step = std::f64::consts::TAU * hertz / f64::from(rate.hz());
        let partials = [1.0, 0.8, 0.5, 0.3, 0.2];
        (0..samples)
            .map(|at| {
                let value: f64 = partials
                    .iter()
                    .zip(1..)
                    .map(|(gain, partial)| gain * (step * f64::from(partial) * at as f64).sin())
                    .sum();
                (4_000.0 * value) as i16
            })
            .collect()
    }

    fn power(sound: &[i16]) -> f64 {
        sound.iter().map(|s| f64::from(*s) * f64::from(*s)).sum::<f64>() / sound.len().max(1) as f64
    }

    #[test]
    fn a_lost_packet_of_a_voice_sounds_nearly_as_it_would_have() {
        for (rate, hertz) in [(Rate::Narrow, 110.0), (Rate::Narrow, 170.0), (Rate::Wide, 90.0)] {
            let clean = voice(rate, hertz, rate.frame() * 6);
            let mut sound = clean.clone();
            let mut concealer = Concealer::new(rate);
            for (number, frame) in sound.chunks_mut(rate.frame()).enumerate() {
                if number == 4 {
                    assert!(concealer.conceal(frame));
                } else {
                    concealer.heard(frame);
                }
            }
            let lost = rate.frame() * 4..rate.frame() * 4 + rate.frame() / 2;
            let error: Vec<i16> = clean[lost.clone()].iter().zip(&sound[lost.clone()]).map(|(a, b)| a - b).collect();
            let snr = 10.0 * (power(&clean[lost]) / power(&error)).log10();
            assert!(snr > 8.0, "{rate:?} {hertz} Hz: {snr} dB");
        }
    }

    #[test]
    fn there_is_no_leap_at_either_end_of_a_loss() {
        let rate = Rate::Narrow;
        let mut sound = voice(rate, 117.0, rate.frame() * 12);
        let ordinary = sound.windows(2).map(|pair| pair[0].abs_diff(pair[1])).max().unwrap_or(0);
        let mut concealer = Concealer::new(rate);
        for (number, frame) in sound.chunks_mut(rate.frame()).enumerate() {
            if number == 5 || number == 6 {
                concealer.conceal(frame);
            } else {
                concealer.heard(frame);
            }
        }
        let worst = sound.windows(2).map(|pair| pair[0].abs_diff(pair[1])).max().unwrap_or(0);
        assert!(worst <= ordinary + ordinary / 4, "{worst} where the voice itself has {ordinary}");
    }

    #[test]
    fn after_60_ms_nothing_is_made_up_any_more_and_sound_fades_in_again() {
        let rate = Rate::Narrow;
        let clean = voice(rate, 130.0, rate.frame() * 4);
        let mut concealer = Concealer::new(rate);
        concealer.heard(&mut clean.clone());
        let mut frames = [[0_i16; 160]; 5];
        let audible = frames.each_mut().map(|frame| concealer.conceal(frame));
        assert_eq!(audible, [true, true, true, false, false]);
        let powers = frames.map(|frame| power(&frame));
        assert!(powers[0] > powers[1] && powers[1] > powers[2] && powers[3] == 0.0, "{powers:?}");
        let mut sound = clean;
        concealer.heard(&mut sound);
        assert!(sound[..8].iter().all(|sample| sample.unsigned_abs() < 2_000), "{:?}", &sound[..8]);
    }

    #[test]
    fn a_loss_before_any_sound_is_silence() {
        for rate in [Rate::Narrow, Rate::Wide, Rate::Full] {
            let mut concealer = Concealer::new(rate);
            let mut frame = vec![1; rate.frame()];
            concealer.conceal(&mut frame);
            assert!(frame.iter().all(|sample| *sample == 0));
            concealer.cut();
            concealer.heard(&mut []);
            concealer.heard(&mut [3]);
            concealer.conceal(&mut frame);
            concealer.heard(&mut vec![5; rate.frame() * 9]);
            assert!(concealer.heard.len() <= rate.samples(MEMORY));
        }
    }
}
