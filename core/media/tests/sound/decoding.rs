//! Files of every kind, right and wrong ones. Each file holds a sine of 440 Hz at half of full scale.

use std::time::{Duration, Instant};

use media::sound::{Damage, Limits, SoundError};
use media::{Rate, Sound};

use crate::tools::{Dice, aligned, file, likeness, share, sine};

/// Name, milliseconds, and how much of its energy has to be at 440 Hz.
const FILES: &[(&str, u64, f64)] = &[
    ("pcm16.wav", 1000, 0.995),
    ("pcm8.wav", 1000, 0.995),
    ("pcm24-stereo.wav", 250, 0.995),
    ("float.wav", 250, 0.995),
    ("mulaw.wav", 1000, 0.995),
    ("alaw.wav", 1000, 0.995),
    ("ms-adpcm.wav", 1000, 0.99),
    ("ima-adpcm.wav", 1000, 0.99),
    ("mp3.wav", 1000, 0.98),
    ("cbr.mp3", 1000, 0.99),
    ("tone.flac", 500, 0.995),
    ("vorbis.ogg", 1000, 0.99),
    ("opus.ogg", 1000, 0.98),
    ("aac.m4a", 1000, 0.98),
    ("adts.aac", 1000, 0.98),
];

fn decode(bytes: &[u8], rate: Rate) -> Result<Sound, SoundError> {
    Sound::decode(bytes, rate, &Limits::default())
}

#[test]
fn every_kind_of_file_sounds_as_it_should_at_every_rate() {
    for (name, length, wanted) in FILES {
        for rate in [Rate::Narrow, Rate::Wide, Rate::Full] {
            let sound = decode(&file(name), rate).unwrap_or_else(|error| panic!("{name} at {rate:?}: {error}"));
            assert_eq!(sound.rate(), rate);
            assert_eq!(sound.damage(), Damage::default(), "{name}");
            // Codecs of frames and those who pack them may add at either end, but not much.
            let off = sound.length().as_millis().abs_diff(u128::from(*length));
            assert!(off <= 160, "{name} at {rate:?}: {:?}", sound.length());
            let middle = &sound.samples()[rate.samples(Duration::from_millis(60))..];
            let middle = &middle[..rate.samples(Duration::from_millis(length - 120))];
            let pure = share(440.0, rate, middle);
            assert!(pure > *wanted, "{name} at {rate:?}: {pure}");
            let loud = f64::from(middle.iter().copied().max().unwrap_or(0)) / 16_384.0;
            assert!((0.85..1.2).contains(&loud), "{name} at {rate:?}: {loud}");
        }
    }
}

#[test]
fn samples_that_need_no_change_are_not_changed() {
    let mut bytes = Vec::new();
    let samples: Vec<i16> = (0..i16::MAX).step_by(7).flat_map(|n| [n, -n, i16::MIN]).collect();
    let form =
        hound::WavSpec { channels: 1, sample_rate: 8000, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut writer = hound::WavWriter::new(std::io::Cursor::new(&mut bytes), form).expect("a writer");
    samples.iter().for_each(|sample| writer.write_sample(*sample).expect("written"));
    writer.finalize().expect("finished");
    assert_eq!(decode(&bytes, Rate::Narrow).expect("sound").samples(), samples);
}

#[test]
fn a_resampled_sound_is_neither_shifted_nor_longer() {
    let narrow = decode(&file("pcm16.wav"), Rate::Narrow).expect("sound");
    let full = decode(&file("pcm16.wav"), Rate::Full).expect("sound");
    assert_eq!(full.samples().len(), narrow.samples().len() * 6);
    let every_sixth: Vec<i16> = full.samples().iter().copied().step_by(6).collect();
    let alike = likeness(narrow.samples(), &every_sixth);
    assert!(alike > 0.9999, "{alike}");
}

#[test]
fn a_rate_that_fits_no_other_is_resampled_all_the_same() {
    for hz in [4_000_u32, 4_001, 11_025, 22_050, 44_100, 47_999, 96_000, 191_999] {
        let step = 440.0 * std::f64::consts::TAU / f64::from(hz);
        let sample = |n: u32| ((f64::from(n) * step).sin() * 16_384.0) as i16;
        let samples: Vec<u8> = (0..hz).flat_map(|n| sample(n).to_le_bytes()).collect();
        let mut bytes = file("pcm16.wav")[..44].to_vec();
        bytes[24..28].copy_from_slice(&hz.to_le_bytes());
        bytes[40..44].copy_from_slice(&(samples.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&samples);
        for rate in [Rate::Narrow, Rate::Full] {
            let sound = decode(&bytes, rate).expect("sound");
            assert_eq!(sound.samples().len(), rate.hz() as usize, "{hz} to {rate:?}");
            // An odd rate comes half of its sample too soon.
            let (same, shift) = aligned(&sine(440.0, rate, sound.samples().len()), sound.samples(), 12);
            assert!(same > 0.99, "{hz} to {rate:?}: {same}");
            assert!(shift.unsigned_abs() <= rate.frame() / 160, "{hz} to {rate:?}: {shift}");
        }
    }
}

#[test]
fn what_cannot_be_decoded_is_named() {
    let said = |bytes: &[u8]| decode(bytes, Rate::Narrow).expect_err("no sound").to_string();
    assert_eq!(said(&file("gsm.wav")), "GSM 06.10 in WAV is not supported");
    assert_eq!(said(&file("g722.wav")), "G.722 in WAV is not supported");
    assert_eq!(said(&file("speex.ogg")), "Speex is not supported");
    assert_eq!(said(b"#!AMR\n\x3c"), "AMR is not supported");
    assert_eq!(said(b"FORM\0\0\0\0AIFF"), "AIFF is not supported");
    assert_eq!(said(b""), "the file is empty");
    assert_eq!(said(b"<html>no prompt here</html>"), "the file is of no known kind of audio");
    assert_eq!(said(b"RIFF\x10\0\0\0AVI LIST"), "a RIFF file that is no WAV is not supported");
    let mut strange = file("pcm16.wav");
    strange[20..22].copy_from_slice(&0x1234_u16.to_le_bytes());
    assert_eq!(said(&strange), "WAV format 0x1234 is not supported");
}

#[test]
fn a_file_of_which_only_the_head_came_is_truncated() {
    for (name, ..) in FILES {
        let bytes = file(name);
        for size in [1, 3, 12, 30] {
            let error = decode(&bytes[..size], Rate::Narrow).expect_err("no sound");
            let fair = matches!(
                error,
                SoundError::Truncated | SoundError::Unknown | SoundError::Silent { .. } | SoundError::Lying(_)
            );
            assert!(fair, "{name} of {size}: {error:?}");
        }
    }
    assert_eq!(decode(&file("pcm16.wav")[..44], Rate::Narrow), Err(SoundError::Truncated));
    assert_eq!(decode(&file("opus.ogg")[..200], Rate::Narrow), Err(SoundError::Truncated));
}

#[test]
fn of_half_a_file_half_is_heard_and_the_cut_is_told() {
    // An MP4 has its table at the end, and these Oggs all their sound on one page: they are whole or nothing.
    let whole_or_nothing = ["aac.m4a", "vorbis.ogg", "opus.ogg"];
    for (name, length, _) in FILES.iter().filter(|(name, ..)| !whole_or_nothing.contains(name)) {
        let bytes = file(name);
        let sound = decode(&bytes[..bytes.len() / 2], Rate::Narrow).unwrap_or_else(|error| panic!("{name}: {error}"));
        let heard = sound.length().as_millis() as u64;
        // Headers and pages have their part; one Ogg page may be all of a short file.
        assert!((length / 8..length * 3 / 4).contains(&heard), "{name}: {heard} ms");
        let pure = share(440.0, Rate::Narrow, &sound.samples()[400..sound.samples().len() - 400]);
        assert!(pure > 0.75, "{name}: {pure}");
        // ADTS says nowhere how long it is.
        assert!(sound.damage().cut || *name == "adts.aac", "{name}");
    }
}

#[test]
fn a_wav_whose_writer_never_came_back_is_heard_to_its_end() {
    let whole = decode(&file("pcm16.wav"), Rate::Narrow).expect("sound");
    for length in [0_u32, u32::MAX, u32::MAX - 7, 0x7fff_ffff] {
        let mut bytes = file("pcm16.wav");
        bytes[4..8].copy_from_slice(&length.to_le_bytes());
        bytes[40..44].copy_from_slice(&length.to_le_bytes());
        let sound = decode(&bytes, Rate::Narrow).expect("sound");
        assert_eq!(sound.samples(), whole.samples(), "{length:#x}");
    }
}

#[test]
fn a_header_that_lies_is_not_believed() {
    let patched = |at: usize, with: &[u8]| {
        let mut bytes = file("pcm16.wav");
        bytes[at..at + with.len()].copy_from_slice(with);
        decode(&bytes, Rate::Narrow)
    };
    assert_eq!(patched(22, &[0, 0]), Err(SoundError::Voices { voices: 0 }));
    assert!(matches!(patched(22, &[255, 255]), Err(SoundError::Lying(_) | SoundError::Voices { .. })));
    assert_eq!(patched(24, &[0; 4]), Err(SoundError::Sampling { hz: 0 }));
    assert_eq!(patched(24, &[255; 4]), Err(SoundError::Sampling { hz: u32::MAX }));
    assert!(matches!(patched(34, &[13, 0]), Err(SoundError::Lying(_))));
    assert!(matches!(patched(16, &[255, 255, 255, 127]), Err(SoundError::Truncated)));
    // More data than there is: what is there is heard.
    let sound = patched(40, &[0, 0, 0, 1]).expect("sound");
    assert_eq!((sound.samples().len(), sound.damage()), (8000, Damage { cut: true, ..Damage::default() }));
}

#[test]
fn a_file_that_is_too_big_or_too_long_is_refused() {
    let bytes = file("pcm16.wav");
    let limits = Limits { bytes: 1000, ..Limits::default() };
    let refused = Sound::decode(&bytes, Rate::Narrow, &limits);
    assert_eq!(refused, Err(SoundError::TooBig { bytes: bytes.len(), limit: 1000 }));
    let limit = Duration::from_millis(400);
    let limits = Limits { length: limit, ..Limits::default() };
    for (name, ..) in FILES.iter().filter(|(_, length, _)| *length > 400) {
        assert_eq!(Sound::decode(&file(name), Rate::Full, &limits), Err(SoundError::TooLong { limit }), "{name}");
    }
    let limits = Limits { voices: 1, ..Limits::default() };
    let refused = Sound::decode(&file("pcm24-stereo.wav"), Rate::Full, &limits);
    assert_eq!(refused, Err(SoundError::Voices { voices: 2 }));
}

#[test]
fn damage_in_the_middle_is_counted_and_the_rest_is_heard() {
    for name in ["cbr.mp3", "adts.aac", "tone.flac", "ms-adpcm.wav"] {
        let mut bytes = file(name);
        let middle = bytes.len() / 2;
        bytes[middle..middle + 40].fill(0);
        let sound = decode(&bytes, Rate::Narrow).unwrap_or_else(|error| panic!("{name}: {error}"));
        // Only FLAC has a checksum over its sound: with the others it is heard, not seen.
        assert!(name != "tone.flac" || sound.damage().lost > 0, "{name}");
        assert!(sound.length() > Duration::from_millis(350), "{name}: {:?}", sound.length());
        let end = &sound.samples()[sound.samples().len() - 1_600..];
        let pure = share(440.0, Rate::Narrow, &end[..1_200]);
        assert!(pure > 0.9, "{name}: {pure} of {:?}, {:?}", sound.length(), sound.damage());
    }
}

#[test]
fn a_stream_of_two_voices_is_their_mean() {
    let (left, right) = (sine(440.0, Rate::Narrow, 800), sine(1000.0, Rate::Narrow, 800));
    let mut bytes = Vec::new();
    let form =
        hound::WavSpec { channels: 2, sample_rate: 8000, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut writer = hound::WavWriter::new(std::io::Cursor::new(&mut bytes), form).expect("a writer");
    for sample in left.iter().zip(&right).flat_map(|(l, r)| [*l, *r]) {
        writer.write_sample(sample).expect("written");
    }
    writer.finalize().expect("finished");
    let sound = decode(&bytes, Rate::Narrow).expect("sound");
    for (index, (l, r)) in left.iter().zip(&right).enumerate() {
        let mean = (i32::from(*l) + i32::from(*r)) / 2;
        assert!((i32::from(sound.samples()[index]) - mean).abs() <= 1);
    }
}

/// Changes a file as chance has it: bytes, runs, lengths, order, end.
fn mutate(bytes: &mut Vec<u8>, dice: &mut Dice) {
    for _ in 0..=dice.below(4) {
        // Headers are where it hurts.
        let reach = if dice.below(2) == 0 { bytes.len().min(200) } else { bytes.len() };
        let at = dice.below(reach);
        let run = (1 + dice.below(8)).min(bytes.len() - at);
        match dice.below(6) {
            0 => bytes[at] ^= 1 << dice.below(8),
            1 => bytes[at..at + run].fill([0, 0xff, 0x7f, 0x80][dice.below(4)]),
            2 => bytes[at..at + run].iter_mut().for_each(|byte| *byte = dice.next() as u8),
            3 => bytes.truncate(at.max(1)),
            4 => {
                let piece = bytes[at..(at + dice.below(400)).min(bytes.len())].to_vec();
                let to = dice.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            _ => {
                bytes.drain(at..at + run);
            }
        }
        if bytes.is_empty() {
            return;
        }
    }
}

#[test]
fn no_file_however_broken_panics_hangs_or_eats_memory() {
    // Decoders that panic are caught; what they say on the way is of no use here.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    let limits = Limits { length: Duration::from_secs(20), ..Limits::default() };
    let rounds = std::env::var("ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let (mut heard, mut refused, mut breaking, mut slowest) = (0, 0, Vec::new(), Duration::ZERO);
    for (number, (name, ..)) in FILES.iter().enumerate() {
        let seed = 0x5eed + number as u64;
        let mut dice = Dice::seeded(seed);
        let whole = file(name);
        for round in 0..rounds {
            let mut bytes = whole.clone();
            mutate(&mut bytes, &mut dice);
            let begin = Instant::now();
            match Sound::decode(&bytes, Rate::Wide, &limits) {
                Ok(sound) => {
                    assert!(sound.length() <= limits.length);
                    heard += 1;
                }
                Err(SoundError::Breaking) => breaking.push((name, seed, round)),
                Err(_) => refused += 1,
            }
            let took = begin.elapsed();
            slowest = slowest.max(took);
            assert!(took < Duration::from_secs(5), "{name}, round {round} of seed {seed}: {took:?}");
        }
    }
    std::panic::set_hook(hook);
    eprintln!("{heard} heard, {refused} refused, slowest {slowest:?}, breaking {breaking:?}");
    assert!(heard > 0 && refused > 0);
}
