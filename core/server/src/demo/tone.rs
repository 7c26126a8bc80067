//! A tone in µ-law (ITU-T G.711), and how much of a tone is in what was heard.

use std::f64::consts::TAU;

/// Samples per second.
const RATE: f64 = 8000.0;
/// Samples in a packet of 20 ms.
pub(crate) const FRAME: usize = 160;

/// One packet's samples of a sine at half of full scale, from the `number`th packet on.
pub(crate) fn frame(hertz: f64, number: usize) -> [u8; FRAME] {
    let mut samples = [0; FRAME];
    for (at, sample) in samples.iter_mut().enumerate() {
        #[allow(clippy::cast_precision_loss, reason = "a demonstration is short")]
        let time = (number * FRAME + at) as f64 / RATE;
        #[allow(clippy::cast_possible_truncation, reason = "half of full scale fits")]
        let linear = (16_000.0 * (TAU * hertz * time).sin()) as i16;
        *sample = encode(linear);
    }
    samples
}

/// G.711 §3.2, table 2a.
fn encode(linear: i16) -> u8 {
    const BIAS: i32 = 0x84;
    let sign = if linear < 0 { 0x80 } else { 0 };
    let magnitude = (i32::from(linear).abs() + BIAS).min(0x7fff);
    let exponent = (magnitude >> 7).max(1).ilog2().min(7);
    let mantissa = (magnitude >> (exponent + 3)) & 0x0f;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "eight bits by construction")]
    let code = (sign | ((exponent as i32) << 4) | mantissa) as u8;
    !code
}

pub(crate) fn decode(code: u8) -> f64 {
    let code = !code;
    let magnitude = ((i32::from(code & 0x0f) << 3) + 0x84) << ((code >> 4) & 7);
    let linear = magnitude - 0x84;
    f64::from(if code & 0x80 == 0 { linear } else { -linear })
}

/// The share of the energy at this frequency (Goertzel), from 0 to 1.
pub(crate) fn share(samples: &[f64], hertz: f64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a demonstration is short")]
    let count = samples.len() as f64;
    let factor = 2.0 * (TAU * hertz / RATE).cos();
    let (mut last, mut before) = (0.0, 0.0);
    for sample in samples {
        let next = sample + factor * last - before;
        before = last;
        last = next;
    }
    let power = last * last + before * before - factor * last * before;
    let energy: f64 = samples.iter().map(|sample| sample * sample).sum();
    if energy == 0.0 { 0.0 } else { 2.0 * power / (count * energy) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_heard_as_itself_and_not_as_another() {
        let heard: Vec<f64> = (0..50).flat_map(|number| frame(440.0, number)).map(decode).collect();
        assert!(share(&heard, 440.0) > 0.95, "{}", share(&heard, 440.0));
        assert!(share(&heard, 880.0) < 0.01, "{}", share(&heard, 880.0));
    }

    #[test]
    fn silence_is_no_tone() {
        assert!(share(&[0.0; 800], 440.0) < f64::EPSILON);
    }
}
