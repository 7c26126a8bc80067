//! Tones: written for baresip to play, and found again in what it recorded.

use std::f64::consts::TAU;
use std::path::Path;

/// Samples a second, of telephony.
pub(crate) const RATE: u32 = 8000;

/// Writes so many seconds of a tone as 16-bit mono WAV.
pub(crate) fn write(path: &Path, hertz: f64, seconds: u32) {
    // Half of full scale: far from clipping, far above the codec's noise.
    save(path, &(0..seconds * RATE).map(|n| sample(hertz, n).into()).collect::<Vec<f64>>());
}

/// One sample of a tone, half of full scale.
pub(crate) fn sample(hertz: f64, n: u32) -> i16 {
    #[expect(clippy::cast_possible_truncation, reason = "half of full scale")]
    let sample = ((TAU * hertz * f64::from(n) / f64::from(RATE)).sin() * 16_000.0) as i16;
    sample
}

/// Writes sound as 16-bit mono WAV.
pub(crate) fn save(path: &Path, samples: &[f64]) {
    #[expect(clippy::cast_possible_truncation, reason = "what is beyond 16 bits is cut off")]
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| (*sample as i16).to_le_bytes()).collect();
    let length = u32::try_from(bytes.len()).expect("a short tone");
    let mut file = Vec::with_capacity(bytes.len() + 44);
    file.extend(b"RIFF");
    file.extend((36 + length).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    file.extend([1_u16, 1].map(u16::to_le_bytes).concat());
    file.extend([RATE, RATE * 2].map(u32::to_le_bytes).concat());
    file.extend([2_u16, 16].map(u16::to_le_bytes).concat());
    file.extend(b"data");
    file.extend(length.to_le_bytes());
    file.extend(bytes);
    std::fs::write(path, file).expect("the tone is written");
}

/// The samples of a 16-bit mono WAV at the rate of telephony; of one that is still being written, those that are there.
pub(crate) fn read(path: &Path) -> Vec<f64> {
    let bytes = std::fs::read(path).expect("the recording");
    assert!(bytes.starts_with(b"RIFF"), "a WAV file");
    let mut rest = &bytes[12..];
    loop {
        let (name, length) = (&rest[..4], u32::from_le_bytes(rest[4..8].try_into().expect("four bytes")));
        let body = &rest[8..];
        if name == b"fmt " {
            assert_eq!(body[2..4], 1_u16.to_le_bytes(), "mono");
            assert_eq!(body[4..8], RATE.to_le_bytes(), "8 kHz");
            assert_eq!(body[14..16], 16_u16.to_le_bytes(), "16 bit");
        }
        if name == b"data" {
            return body.chunks_exact(2).map(|pair| f64::from(i16::from_le_bytes([pair[0], pair[1]]))).collect();
        }
        rest = &body[length.next_multiple_of(2) as usize..];
    }
}

/// The power of one frequency in a piece of sound, in dB of full scale (Goertzel's algorithm, Hann window).
pub(crate) fn level(samples: &[f64], hertz: f64) -> f64 {
    let turn = 2.0 * (TAU * hertz / f64::from(RATE)).cos();
    #[expect(clippy::cast_precision_loss, reason = "a few seconds of sound")]
    let length = samples.len() as f64;
    let (mut before, mut last, mut n) = (0.0, 0.0, 0.0);
    for sample in samples {
        let window = 0.5 - 0.5 * (TAU * n / length).cos();
        (before, last) = (last, sample * window + turn * last - before);
        n += 1.0;
    }
    let power = last * last + before * before - turn * last * before;
    // The window halves the amplitude, and half of it is at the negative frequency.
    let amplitude = power.max(1e-9).sqrt() * 4.0 / length;
    20.0 * (amplitude / 32_768.0).log10()
}

#[test]
fn a_tone_is_found_at_its_frequency_and_nowhere_else() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let path = folder.path().join("tone.wav");
    write(&path, 440.0, 2);
    let samples = read(&path);
    assert_eq!(samples.len(), 16_000);
    let own = level(&samples, 440.0);
    assert!((own - -6.2).abs() < 0.2, "half of full scale is -6.2 dB: {own}");
    assert!(level(&samples, 880.0) < own - 60.0);
}
