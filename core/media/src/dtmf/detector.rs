//! Keys out of sound (ITU-T Q.24).
//!
//! Eight Goertzel filters, one for each frequency of Q.23, run over blocks of 106 samples at 8 kHz, a block every 53.
//! A block is a key when
//!
//! - the strongest of the low and of the high group are loud enough and of like strength (twist),
//! - the two together are nearly all of the block's power: speech, music and noise have more beside them, and
//! - each has the frequency it should, as its phase tells: from one block to the next it advances by what the frequency
//!   makes of 53 samples. That is finer than the width of the filters, and so keeps speech out better than they do.
//!
//! Four such blocks on end are a key that goes down (tones of 20 ms are not taken, those of 40 ms are); five
//! without it and it is up (gaps of up to 10 ms are bridged, and every pause from 40 ms on is seen).
//!
//! The bounds below were tuned against recorded prompts and synthetic talk. They are a bargain: tighter ones hear fewer
//! keys in talk and miss more of the shortest keys in noise. What came of them on sound they were not tuned on stands
//! at the tests.

use std::collections::VecDeque;
use std::f32::consts::TAU;
use std::time::Duration;

use super::digit::{HIGH, LOW};
use super::{Digit, Heard, Pressed};
use crate::pcm::Rate;

/// Half a block: a new block is full every so many samples.
const HALF: usize = 53;
const HALF_LENGTH: f32 = 53.0;
const BLOCK_LENGTH: f32 = 106.0;
const HZ: f32 = 8_000.0;

/// Blocks on end that make a key.
const BEGIN: usize = 4;
/// Blocks on end without it that end it.
const END: u32 = 5;

/// The stronger tone is no weaker than −34 dBm0: the square of its peak, where 0 dBm0 peaks at 22 470.
const WEAKEST: f32 = 22_470.0 * 22_470.0 * 3.98e-4;

/// How much stronger the high tone may be, on average over the blocks that make a key: 4 dB by Q.24, and 2 for what is
/// measured amiss.
const TWIST: f32 = 3.98;
/// How much stronger the low tone may be: 8 dB by Q.24, and 2.
const REVERSE_TWIST: f32 = 10.0;
/// By how much more in one block: each tone leaks into the other's filter, now with it and now against it.
const TWIST_ONCE: f32 = 1.8;

/// How much of the power of one block the two tones have, and of the blocks that make a key on average. The first is
/// lower: a tone need not fill the first and the last block of the four.
const PURITY_ONCE: f32 = 0.66;
const PURITY: f32 = 0.82;

/// How far off a tone may be in one block, and on average over the blocks that make a key. Q.24 wants 1.5 % taken.
const OFF_ONCE: f32 = 0.035;
const OFF_MEAN: f32 = 0.020;

/// By how much a tone may move between the two blocks in the middle of a key, and how much its power may change.
const MOVED: f32 = 0.012;
const SWELL: f32 = 2.0;

/// A complex number: what a filter has at the end of a block.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Phasor {
    re: f32,
    im: f32,
}

impl Phasor {
    fn power(self) -> f32 {
        self.re * self.re + self.im * self.im
    }

    fn times(self, other: Self) -> Self {
        Self { re: self.re * other.re - self.im * other.im, im: self.re * other.im + self.im * other.re }
    }

    fn less(self, other: Self) -> Self {
        Self { re: self.re - other.re, im: self.im - other.im }
    }

    fn conjugate(self) -> Self {
        Self { re: self.re, im: -self.im }
    }
}

/// Hears keys in sound of 8 kHz.
#[derive(Debug)]
pub struct Detector {
    bank: Bank,
    /// The half block before, and its power.
    last: [Phasor; 8],
    last_power: f32,
    /// The block before this one.
    before: [Phasor; 8],
    run: Run,
    down: Option<Down>,
    told: VecDeque<Heard>,
}

/// The eight filters, over one half block.
#[derive(Debug)]
struct Bank {
    turn: [f32; 8],
    cosine: [f32; 8],
    sine: [f32; 8],
    /// By how much the phase of each nominal frequency advances in half a block.
    advance: [Phasor; 8],
    /// What a low tone, by its row, leaves in the filter of a high one, by its column: a share of it, turned.
    leak: [[Phasor; 4]; 4],
    one: [f32; 8],
    two: [f32; 8],
    power: f32,
    count: usize,
}

/// Blocks on end that are the same key: how many, and the last four.
#[derive(Debug, Clone, Copy, Default)]
struct Run {
    key: Option<Digit>,
    blocks: usize,
    last: [Hit; BEGIN],
}

/// The key that is down.
#[derive(Debug, Clone, Copy)]
struct Down {
    digit: Digit,
    blocks: u32,
    missing: u32,
}

/// One block that is a key: how far off its tones are, of their frequencies, the squares of their peaks, and how much
/// of its power they have.
#[derive(Debug, Clone, Copy, Default)]
struct Hit {
    low_off: f32,
    high_off: f32,
    low: f32,
    high: f32,
    purity: f32,
}

impl Default for Detector {
    fn default() -> Self {
        Self {
            bank: Bank::new(),
            last: [Phasor::default(); 8],
            last_power: 0.0,
            before: [Phasor::default(); 8],
            run: Run::default(),
            down: None,
            told: VecDeque::with_capacity(4),
        }
    }
}

impl Detector {
    /// Listens to sound of 8 kHz, of any length.
    pub fn handle(&mut self, sound: &[i16]) {
        let mut rest = sound;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(HALF - self.bank.count));
            self.bank.take(now);
            rest = later;
            if self.bank.count == HALF {
                self.block();
            }
        }
    }

    /// The next thing to tell.
    pub fn poll(&mut self) -> Option<Heard> {
        self.told.pop_front()
    }

    /// The key that is down now.
    #[must_use]
    pub fn sounding(&self) -> Option<Digit> {
        self.down.map(|down| down.digit)
    }

    /// The last block was a key: it may become one that is told, and who must not let it through holds his breath.
    #[must_use]
    pub fn suspects(&self) -> bool {
        self.run.key.is_some()
    }

    /// No more sound comes: a key that is down is up.
    pub fn finish(&mut self) {
        self.end();
        *self = Self { told: std::mem::take(&mut self.told), ..Self::default() };
    }

    /// Half a block is complete, and so is the block of it and the half before.
    fn block(&mut self) {
        let (half, power) = self.bank.finish();
        let mut block = [Phasor::default(); 8];
        for (((sum, last), half), advance) in block.iter_mut().zip(self.last).zip(half).zip(self.bank.advance) {
            let turned = last.times(advance);
            *sum = Phasor { re: turned.re + half.re, im: turned.im + half.im };
        }
        let hit = self.judge(&block, self.last_power + power);
        self.last = half;
        self.last_power = power;
        self.before = block;
        self.count(hit);
    }

    fn judge(&self, block: &[Phasor; 8], power: f32) -> Option<(Digit, Hit)> {
        let (lows, highs) = block.split_at(4);
        let (row, column) = (strongest(lows)?, strongest(highs)?);
        let tones = self.bank.apart(row, column, block)?;
        let (low_before, high_before) = self.bank.apart(row, column, &self.before)?;
        let low_off = self.bank.off(row, tones.0, low_before)?;
        let high_off = self.bank.off(column + 4, tones.1, high_before)?;
        // A tone that is off lies on the slope of its filter: by how much is known.
        let (low_slope, high_slope) = (slope(low_off), slope(high_off));
        // A filter ends at A·N/2 for a sine of peak A.
        let peak = |tone: Phasor, slope: f32| tone.power() / slope * 4.0 / (BLOCK_LENGTH * BLOCK_LENGTH);
        let (low, high) = (peak(tones.0, low_slope), peak(tones.1, high_slope));
        if low.max(high) < WEAKEST || !alike(low, high, TWIST_ONCE) {
            return None;
        }
        // The power that the block has in common with the two tones, their beat with each other counted.
        let common = |tone: Phasor, all: &Phasor| tone.re * all.re + tone.im * all.im;
        let (low_all, high_all) = (block.get(row)?, block.get(column + 4)?);
        let shared = common(tones.0, low_all) / low_slope + common(tones.1, high_all) / high_slope;
        let purity = shared * 2.0 / BLOCK_LENGTH / power;
        if purity < PURITY_ONCE {
            return None;
        }
        let low_off = low_off / f32::from(*LOW.get(row)?);
        let high_off = high_off / f32::from(*HIGH.get(column)?);
        if low_off.abs() > OFF_ONCE || high_off.abs() > OFF_ONCE {
            return None;
        }
        Some((Digit::at(row, column)?, Hit { low_off, high_off, low, high, purity: purity.min(1.0) }))
    }

    fn count(&mut self, hit: Option<(Digit, Hit)>) {
        let key = hit.map(|(digit, _)| digit);
        if self.run.key != key {
            self.run = Run { key, ..Run::default() };
        }
        if let Some((_, hit)) = hit {
            self.run.blocks = self.run.blocks.saturating_add(1);
            self.run.last.rotate_left(1);
            self.run.last[BEGIN - 1] = hit;
        }
        if let Some(down) = &mut self.down {
            if key == Some(down.digit) {
                // The blocks that were missing before it were a gap in it.
                down.blocks = down.blocks.saturating_add(1 + down.missing);
                down.missing = 0;
                return;
            }
            down.missing += 1;
            if down.missing >= END {
                self.end();
            }
        }
        self.begin();
    }

    fn begin(&mut self) {
        let Some(digit) = self.run.key.filter(|_| self.run.blocks == BEGIN && is_key(&self.run.last)) else { return };
        self.end();
        self.down = Some(Down { digit, blocks: 4, missing: 0 });
        self.told.push_back(Heard::Began(digit));
    }

    fn end(&mut self) {
        let Some(down) = self.down.take() else { return };
        // So many blocks overlap by halves, and tell of one half more than there are of them.
        let halves = u64::from(down.blocks) + 1;
        let duration = Rate::Narrow.time(1) * u32::try_from(halves * HALF as u64).unwrap_or(u32::MAX);
        self.told.push_back(Heard::Ended(Pressed { digit: down.digit, duration: rounded(duration) }));
    }
}

fn rounded(duration: Duration) -> Duration {
    Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

/// Four blocks on end are one key: its tones are right on average, and the two blocks in the middle, which they fill,
/// are alike. A voice passes by the frequencies of a key; it does not stay on both.
fn is_key(blocks: &[Hit; BEGIN]) -> bool {
    let mean = |of: fn(&Hit) -> f32| blocks.iter().map(of).sum::<f32>() / BEGIN as f32;
    let off = mean(|hit| hit.low_off).abs().max(mean(|hit| hit.high_off).abs());
    let [_, one, other, _] = blocks;
    let moved = (one.low_off - other.low_off).abs().max((one.high_off - other.high_off).abs());
    let like = |one: f32, other: f32| one.max(other) <= one.min(other) * SWELL;
    off <= OFF_MEAN
        && moved <= MOVED
        && mean(|hit| hit.purity) >= PURITY
        && alike(mean(|hit| hit.low), mean(|hit| hit.high), 1.0)
        && like(one.low, other.low)
        && like(one.high, other.high)
}

/// Two tones are of like strength.
fn alike(low: f32, high: f32, slack: f32) -> bool {
    high <= low * TWIST * slack && low <= high * REVERSE_TWIST * slack
}

/// The strongest of a group.
fn strongest(group: &[Phasor]) -> Option<usize> {
    let powers = group.iter().map(|tone| tone.power()).enumerate();
    powers.max_by(|one, other| one.1.total_cmp(&other.1)).map(|(index, _)| index)
}

/// How much of its power a tone has in a filter that is so many Hz off: sinc² of the block.
fn slope(off: f32) -> f32 {
    let angle = off * (TAU / 2.0) * BLOCK_LENGTH / HZ;
    if angle.abs() < 1e-3 {
        return 1.0;
    }
    let sinc = angle.sin() / angle;
    // Beyond the first fifth nothing is believed.
    (sinc * sinc).max(0.2)
}

impl Bank {
    fn new() -> Self {
        let mut bank = Self {
            turn: [0.0; 8],
            cosine: [0.0; 8],
            sine: [0.0; 8],
            advance: [Phasor::default(); 8],
            leak: [[Phasor::default(); 4]; 4],
            one: [0.0; 8],
            two: [0.0; 8],
            power: 0.0,
            count: 0,
        };
        for (index, hz) in LOW.into_iter().chain(HIGH).enumerate() {
            let angle = TAU * f32::from(hz) / HZ;
            bank.turn[index] = 2.0 * angle.cos();
            bank.cosine[index] = angle.cos();
            bank.sine[index] = angle.sin();
            let half = angle * HALF_LENGTH;
            bank.advance[index] = Phasor { re: half.cos(), im: half.sin() };
        }
        for (row, low) in LOW.into_iter().enumerate() {
            for (column, high) in HIGH.into_iter().enumerate() {
                let apart = TAU * f32::from(high - low) / HZ;
                let turns = (0..2 * HALF).map(|sample| apart * sample as f32);
                let (re, im) = turns.fold((0.0, 0.0), |(re, im), turn| (re + turn.cos(), im + turn.sin()));
                bank.leak[row][column] = Phasor { re: re / BLOCK_LENGTH, im: im / BLOCK_LENGTH };
            }
        }
        bank
    }

    /// A low and a high tone, each without what the other leaves in its filter.
    fn apart(&self, row: usize, column: usize, block: &[Phasor; 8]) -> Option<(Phasor, Phasor)> {
        let (low, high) = (*block.get(row)?, *block.get(column + 4)?);
        let leak = *self.leak.get(row)?.get(column)?;
        Some((low.less(leak.conjugate().times(high)), high.less(leak.times(low))))
    }

    /// How many Hz a tone is off, by its phase since the block before.
    fn off(&self, tone: usize, now: Phasor, before: Phasor) -> Option<f32> {
        let expected = self.advance.get(tone)?.times(before);
        let turned = now.times(expected.conjugate());
        Some(turned.im.atan2(turned.re) / TAU * HZ / HALF_LENGTH)
    }

    fn take(&mut self, samples: &[i16]) {
        let (mut one, mut two, mut power) = (self.one, self.two, self.power);
        for sample in samples {
            let sample = f32::from(*sample);
            power += sample * sample;
            for tone in 0..8 {
                let next = sample + self.turn[tone] * one[tone] - two[tone];
                two[tone] = one[tone];
                one[tone] = next;
            }
        }
        (self.one, self.two, self.power) = (one, two, power);
        self.count += samples.len();
    }

    /// What the filters have, with the phase of their last sample, and the power of all samples; then begins anew.
    fn finish(&mut self) -> ([Phasor; 8], f32) {
        let mut half = [Phasor::default(); 8];
        for (tone, phasor) in half.iter_mut().enumerate() {
            *phasor = Phasor {
                re: self.one[tone] - self.two[tone] * self.cosine[tone],
                im: self.two[tone] * self.sine[tone],
            };
        }
        let power = self.power;
        (self.one, self.two, self.power, self.count) = ([0.0; 8], [0.0; 8], 0.0, 0);
        (half, power)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stands_still_in_frequency_and_in_strength() {
        let steady = [Hit { low_off: 0.01, high_off: -0.01, low: 1e7, high: 1e7, purity: 0.95 }; BEGIN];
        assert!(is_key(&steady));
        let changed = |change: fn(&mut Hit)| {
            let mut blocks = steady;
            change(&mut blocks[2]);
            is_key(&blocks)
        };
        assert!(!changed(|hit| hit.low_off = -0.01), "the low one moved");
        assert!(!changed(|hit| hit.high_off = 0.01), "the high one moved");
        assert!(!changed(|hit| hit.low = 2.5e7), "the low one swelled");
        assert!(!changed(|hit| hit.high = 0.4e7), "the high one faded");
        assert!(!changed(|hit| hit.purity = 0.3), "there was more beside them");
        // The first and the last may be filled in part.
        let mut edges = steady;
        (edges[0].low, edges[0].high, edges[0].purity) = (0.5e7, 0.5e7, 0.7);
        (edges[3].low, edges[3].high, edges[3].purity) = (0.5e7, 0.5e7, 0.7);
        assert!(is_key(&edges));
    }
}
