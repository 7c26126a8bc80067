//! Sound that is like speech: a voice of harmonics that glide, formants that move, hisses, bursts and pauses.

use super::Chance;

const HZ: f64 = 8000.0;

/// A resonance of a mouth.
#[derive(Default, Clone, Copy)]
struct Formant {
    one: f64,
    two: f64,
}

impl Formant {
    fn step(&mut self, input: f64, hz: f64, width: f64) -> f64 {
        let radius = (-std::f64::consts::PI * width / HZ).exp();
        let turn = 2.0 * radius * (std::f64::consts::TAU * hz / HZ).cos();
        let out = (1.0 - radius) * input + turn * self.one - radius * radius * self.two;
        (self.two, self.one) = (self.one, out);
        out
    }
}

/// So many seconds of talk, at −40 to −6 dBm0 as people do.
pub(super) fn talk(chance: &mut Chance, seconds: usize) -> Vec<i16> {
    let mut sound = Vec::with_capacity(seconds * 8000);
    let mut mouth = [Formant::default(); 4];
    let (mut phase, mut pitch) = (0.0, chance.between(85.0, 300.0));
    let mut from = [500.0, 1500.0, 2500.0, 3300.0];
    while sound.len() < seconds * 8000 {
        let length = chance.between(400.0, 2800.0);
        let to = [
            chance.between(250.0, 1000.0),
            chance.between(800.0, 2500.0),
            chance.between(1800.0, 3100.0),
            chance.between(2900.0, 3700.0),
        ];
        let (kind, loud) = (chance.below(10), 10_f64.powf(chance.between(-1.6, 0.1)));
        let target = (pitch * chance.between(0.8, 1.25)).clamp(70.0, 420.0);
        // Narrow formants ring like whistles: the hardest for a detector of tones.
        let width = chance.between(30.0, 150.0);
        for at in 0..length as usize {
            let way = at as f64 / length;
            pitch += (target - pitch) * 0.0006;
            phase += pitch / HZ;
            let pulse = if phase >= 1.0 { 60.0 } else { 0.0 };
            phase -= phase.floor();
            let source = match kind {
                0 | 1 => 0.0,
                2 => chance.noise() * 2.0,
                3 => pulse + chance.noise(),
                _ => pulse + 0.05 * chance.noise(),
            };
            let mut voice = 0.0;
            for (index, formant) in mouth.iter_mut().enumerate() {
                let hz = from[index] + (to[index] - from[index]) * way;
                voice += formant.step(source, hz, width * (1.0 + index as f64 * 0.4)) / (1.0 + index as f64 * 0.5);
            }
            let fade = (way * 8.0).min((1.0 - way) * 8.0).min(1.0);
            sound.push((voice * loud * fade * 2600.0 + chance.noise() * 4.0).clamp(-32_768.0, 32_767.0) as i16);
        }
        from = to;
    }
    sound
}

/// Eleven seconds of three voices, in English, German and Italian: µ-law of 8 kHz. The sentences are our own and were
/// spoken by espeak-ng; both words and sound are free for any use.
pub(super) fn spoken() -> Vec<i16> {
    include_bytes!("talk.ul").iter().map(|octet| expanded(*octet)).collect()
}

/// ITU-T G.711, table 2a.
fn expanded(octet: u8) -> i16 {
    let bits = !octet;
    let magnitude = (((i16::from(bits & 0x0f) << 3) + 0x84) << ((bits >> 4) & 7)) - 0x84;
    if bits & 0x80 == 0 { magnitude } else { -magnitude }
}

#[test]
fn what_is_like_speech_is_about_as_loud_as_speech() {
    for sound in [talk(&mut Chance::seeded(1), 20), spoken()] {
        let power = sound.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / sound.len() as f64;
        let dbm0 = 10.0 * (power / (22_470.0_f64.powi(2) / 2.0)).log10();
        assert!((-30.0..-8.0).contains(&dbm0), "{dbm0} dBm0");
    }
}
