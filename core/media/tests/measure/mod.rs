//! A voice, a network that does it harm, and how much harm was done.

#![allow(dead_code, unreachable_pub, reason = "each test takes what it needs")]

use std::time::{Duration, Instant};

use media::{Codec, Hearing, Packetiser, Rate, Speaking};

/// Chance, by a seed (splitmix64).
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to below 1.
    pub fn part(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Something like speech: a gliding pitch with partials up to 3.4 kHz, syllables, pauses, a little breath. The same
/// voice at every rate.
pub fn voice(seed: u64, rate: Rate, time: Duration) -> Vec<i16> {
    let mut chance = Chance(seed);
    let mut breath = Chance(seed ^ 0xb7ea);
    let (mut phase, mut pitch, mut goal, mut vowel) = (0.0_f64, 120.0, 120.0, 0.3);
    let (mut level, mut loud) = (0.0_f64, 1.0);
    let hz = f64::from(rate.hz());
    let syllable = rate.samples(Duration::from_millis(180));
    let mut sound = Vec::new();
    for at in 0..rate.samples(time) {
        if at % syllable == 0 {
            goal = 90.0 + 90.0 * chance.part();
            vowel = 0.15 + 0.6 * chance.part();
            loud = if chance.part() < 0.2 { 0.0 } else { 0.4 + 0.6 * chance.part() };
        }
        pitch += (goal - pitch) * 20.0 / hz;
        level += (loud - level) * 60.0 / hz;
        phase = (phase + pitch / hz).fract();
        let mut value = 0.0;
        for partial in 1..=30 {
            let hertz = pitch * f64::from(partial);
            if hertz > 3_400.0 {
                break;
            }
            let formant = (-((hertz - 500.0 - 2_000.0 * vowel) / 700.0).powi(2)).exp() + (-hertz / 600.0).exp();
            value += formant * (std::f64::consts::TAU * phase * f64::from(partial)).sin();
        }
        let hiss = (breath.part() - 0.5) * 40.0;
        sound.push((value * level * 3_500.0 + hiss) as i16);
    }
    sound
}

/// What the network does to packets.
#[derive(Debug, Clone, Copy)]
pub struct Network {
    pub seed: u64,
    /// Per cent that never come.
    pub loss: f64,
    /// Delays are spread evenly over this; packets overtake each other.
    pub jitter: Duration,
    /// How much faster the far end's clock is than ours, in millionths.
    pub drift: f64,
    /// Per cent that come twice.
    pub twice: f64,
}

impl Network {
    pub const fn good(seed: u64) -> Self {
        Self { seed, loss: 0.0, jitter: Duration::ZERO, drift: 0.0, twice: 0.0 }
    }

    /// Packets with the time after the start at which they come, in the order of that.
    pub fn carry(self, ptime: Duration, packets: Vec<Vec<u8>>) -> Vec<(Duration, Vec<u8>)> {
        eprintln!("{self:?}");
        let mut chance = Chance(self.seed);
        let mut carried = Vec::new();
        for (number, packet) in packets.into_iter().enumerate() {
            let sent = ptime.as_secs_f64() * number as f64 / (1.0 + self.drift * 1e-6);
            let come =
                |chance: &mut Chance| Duration::from_secs_f64(sent + 0.033 + self.jitter.as_secs_f64() * chance.part());
            let (first, second) = (come(&mut chance), come(&mut chance));
            let (lost, twice) = (chance.part() * 100.0 < self.loss, chance.part() * 100.0 < self.twice);
            if twice {
                carried.push((second, packet.clone()));
            }
            if !lost {
                carried.push((first, packet));
            }
        }
        carried.sort_by_key(|(at, _)| *at);
        carried
    }
}

/// `sound` in packets of a codec.
pub fn packets(codec: Codec, rate: Rate, ptime: Duration, sound: &[i16], rtp: Packetiser) -> Vec<Vec<u8>> {
    let mut speaking = Speaking::new(codec, rate, ptime, rtp).expect("a ptime");
    drain(&mut speaking, sound)
}

/// All packets that `sound` makes.
pub fn drain(speaking: &mut Speaking, sound: &[i16]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let mut packet = Vec::new();
    for frame in sound.chunks_exact(speaking.rate().frame()) {
        speaking.handle(frame);
        while speaking.poll(&mut packet) {
            all.push(packet.clone());
        }
    }
    all
}

/// What is heard of packets that come at these times, for so long.
pub fn hear(hearing: &mut Hearing, carried: &[(Duration, Vec<u8>)], time: Duration) -> Vec<i16> {
    hear_from(Instant::now(), hearing, carried, time)
}

/// The same, from a time of the caller's.
pub fn hear_from(start: Instant, hearing: &mut Hearing, carried: &[(Duration, Vec<u8>)], time: Duration) -> Vec<i16> {
    let mut heard = Vec::new();
    let mut frame = vec![0; hearing.rate().frame()];
    let mut coming = carried.iter().peekable();
    let mut now = Duration::ZERO;
    while now < time {
        while let Some((at, packet)) = coming.next_if(|(at, _)| *at <= now) {
            hearing.handle(start + *at, packet).expect("a packet that can be heard");
        }
        hearing.poll(start + now, &mut frame);
        heard.extend_from_slice(&frame);
        now += media::FRAME;
    }
    heard
}

/// How like what was said what was heard is, piece by piece of 60 ms, each with the delay that suits it best.
#[derive(Debug, Clone, Copy)]
pub struct Damage {
    /// The mean of the normalised correlation of all pieces, 0 to 1.
    pub likeness: f64,
    /// Per cent of pieces below 0.7.
    pub bad: f64,
    /// The mean signal to noise ratio of all pieces in dB, each between 0 and 35 (segmental SNR).
    pub snr: f64,
    /// The median delay.
    pub delay: Duration,
    /// The delays of the first and the last quarter's median.
    pub early: Duration,
    pub late: Duration,
}

/// Softer than this is silence, which can be compared with nothing: −41 dBov.
const SOFT: f64 = 300.0 * 300.0;

pub fn damage(said: &[i16], heard: &[i16], rate: Rate) -> Damage {
    let piece = rate.samples(Duration::from_millis(60));
    let longest = rate.samples(Duration::from_millis(400));
    // The highest partials are gone a quarter of a millisecond beside the right delay.
    let coarse = rate.samples(Duration::from_micros(125)).max(1);
    let starts = || (longest..heard.len().min(said.len()) - piece).step_by(piece);
    // The likeness and the delay at which it is greatest; that of the piece before, if it is right.
    let best = |start: usize, before: usize| {
        let now = &heard[start..start + piece];
        let at = |delay: usize| (correlation(&said[start - delay..start - delay + piece], now), delay);
        let better = |a: (f64, usize), b: (f64, usize)| if b.0 > a.0 { b } else { a };
        let same = at(before);
        if same.0 > 0.98 {
            return same;
        }
        let (_, near) = (0..=longest).step_by(coarse).map(at).reduce(better).unwrap_or((0.0, 0));
        let around = near.saturating_sub(coarse)..=(near + coarse).min(longest);
        around.map(at).reduce(better).unwrap_or((0.0, 0))
    };
    let pieces: Vec<(usize, f64, usize)> = starts()
        .filter(|start| power(&heard[*start..*start + piece]) > SOFT)
        .scan(0, |before, start| {
            let (like, delay) = best(start, *before);
            *before = delay;
            Some((start, like, delay))
        })
        .collect();
    let median = |part: &[(usize, f64, usize)]| {
        let mut sorted: Vec<usize> = part.iter().map(|piece| piece.2).collect();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied().unwrap_or(0)
    };
    let usual = median(&pieces);
    let (mut likeness, mut snr, mut bad, mut count) = (0.0, 0.0, 0.0, 0.0);
    for start in starts() {
        // What was said and not heard counts too.
        let expected = &said[start - usual..start - usual + piece];
        let Ok(found) = pieces.binary_search_by_key(&start, |piece| piece.0) else {
            if power(expected) > SOFT * 4.0 {
                bad += 1.0;
                count += 1.0;
            }
            continue;
        };
        let (_, like, delay) = pieces[found];
        let clean = &said[start - delay..start - delay + piece];
        let error: Vec<i16> =
            clean.iter().zip(&heard[start..start + piece]).map(|(a, b)| a.saturating_sub(*b)).collect();
        likeness += like;
        snr += (10.0 * ((power(clean) + 1e-9) / (power(&error) + 1e-9)).log10()).clamp(0.0, 35.0);
        bad += f64::from(u8::from(like < 0.7));
        count += 1.0;
    }
    let quarter = pieces.len() / 4;
    Damage {
        likeness: likeness / f64::max(count, 1.0),
        bad: bad * 100.0 / f64::max(count, 1.0),
        snr: snr / f64::max(count, 1.0),
        delay: rate.time(usual),
        early: rate.time(median(&pieces[..quarter])),
        late: rate.time(median(&pieces[pieces.len() - quarter..])),
    }
}

fn correlation(a: &[i16], b: &[i16]) -> f64 {
    // Eight sums beside each other, for speed.
    let (mut both, mut one, mut other) = ([0.0_f32; 8], [0.1_f32; 8], [0.1_f32; 8]);
    for (a, b) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        for lane in 0..8 {
            let (a, b) = (f32::from(a[lane]), f32::from(b[lane]));
            both[lane] += a * b;
            one[lane] += a * a;
            other[lane] += b * b;
        }
    }
    let [both, one, other] = [both, one, other].map(|sums| f64::from(sums.iter().sum::<f32>()));
    both / (one * other).sqrt()
}

pub fn power(sound: &[i16]) -> f64 {
    sound.iter().map(|s| f64::from(*s) * f64::from(*s)).sum::<f64>() / sound.len().max(1) as f64
}
