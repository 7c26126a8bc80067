//! Recordings: what is heard of them, and of what a killed writer left.

use std::time::Duration;

use media::record::{End, Format, Gap, Layout, MendError, Settings, Silence, mend};
use media::sound::{Limits, SoundError};
use media::{FRAME, Rate, Recorder, Sound};

use crate::tools::{Dice, aligned, likeness, share, sine, wandering};

const OPUS: Format = Format::Opus { bitrate: 40_000, serial: 7 };

/// The file as it stands on the disk, written by what the recorder says.
#[derive(Debug, Default, Clone)]
struct Disk {
    bytes: Vec<u8>,
    /// What it was before each write, for those who want to see it killed.
    history: Vec<Vec<u8>>,
    keeps: bool,
}

impl Disk {
    fn drain(&mut self, recorder: &mut Recorder) {
        while let Some(write) = recorder.poll() {
            if self.keeps {
                self.history.push(self.bytes.clone());
            }
            let (at, end) = (write.at as usize, write.at as usize + write.bytes.len());
            assert!(at <= self.bytes.len(), "no holes");
            self.bytes.resize(end.max(self.bytes.len()), 0);
            self.bytes[at..end].copy_from_slice(write.bytes);
        }
    }
}

/// Records both sides from their beginning to their end.
fn record(settings: Settings, near: &[i16], far: &[i16]) -> (Disk, Recorder) {
    let mut recorder = Recorder::new(settings).expect("a recorder");
    let mut disk = Disk::default();
    let frame = settings.rate.frame();
    for (near, far) in near.chunks(frame).zip(far.chunks(frame)) {
        recorder.handle_frame(Some(near), Some(far));
        disk.drain(&mut recorder);
    }
    recorder.stop();
    disk.drain(&mut recorder);
    (disk, recorder)
}

fn hear(bytes: &[u8], rate: Rate) -> Sound {
    Sound::decode(bytes, rate, &Limits::default()).expect("sound")
}

/// One side of a stereo WAV of ours.
fn side(bytes: &[u8], which: usize) -> Vec<i16> {
    let mut reader = hound::WavReader::new(bytes).expect("a wav");
    assert_eq!(reader.spec().channels, 2);
    reader.samples::<i16>().map(|sample| sample.expect("a sample")).skip(which).step_by(2).collect()
}

#[test]
fn a_wav_gives_back_every_sample_of_each_side() {
    for rate in [Rate::Narrow, Rate::Wide, Rate::Full] {
        let length = rate.frame() * 217;
        let (near, far) = (wandering(200.0, 900.0, rate, length), wandering(1_500.0, 600.0, rate, length));
        let (disk, recorder) = record(Settings::wav(rate), &near, &far);
        assert_eq!((side(&disk.bytes, 0), side(&disk.bytes, 1)), (near, far));
        let summary = recorder.summary();
        assert_eq!((summary.length, summary.bytes), (FRAME * 217, disk.bytes.len() as u64));
        assert_eq!(mend(&disk.bytes, disk.bytes.len() as u64), Ok(None));
    }
}

#[test]
fn both_sides_in_one_voice_are_their_sum_and_never_wrap() {
    let settings = Settings { layout: Layout::Mixed, ..Settings::wav(Rate::Narrow) };
    let loud = vec![30_000_i16; 160 * 5];
    let (disk, _) = record(settings, &loud, &loud);
    assert_eq!(hear(&disk.bytes, Rate::Narrow).samples(), vec![i16::MAX; 800]);
    let (near, far) = (sine(440.0, Rate::Narrow, 8000), sine(1000.0, Rate::Narrow, 8000));
    let (disk, _) = record(settings, &near, &far);
    let sum: Vec<i16> = near.iter().zip(&far).map(|(a, b)| a.saturating_add(*b)).collect();
    assert_eq!(hear(&disk.bytes, Rate::Narrow).samples(), sum);
}

#[test]
fn an_opus_file_sounds_as_what_was_said_and_lasts_as_long() {
    for (rate, wanted) in [(Rate::Narrow, 0.97), (Rate::Wide, 0.97), (Rate::Full, 0.97)] {
        let length = rate.frame() * 333;
        let said = wandering(300.0, 1_200.0, rate, length);
        let settings = Settings { layout: Layout::Near, format: OPUS, ..Settings::wav(rate) };
        let (disk, _) = record(settings, &said, &said);
        let sound = hear(&disk.bytes, rate);
        assert_eq!(sound.samples().len(), length, "{rate:?}");
        assert_eq!(sound.damage(), Default::default());
        let (alike, shift) = aligned(&said, sound.samples(), rate.samples(Duration::from_millis(3)));
        // The header's pre-skip takes off what the encoder runs behind.
        assert!(alike > wanted, "{rate:?}: {alike} at {shift}");
        assert!(shift.unsigned_abs() <= rate.samples(Duration::from_millis(1)), "{rate:?}: {shift}");
    }
}

#[test]
fn the_sides_of_an_opus_file_stay_apart() {
    let length = 160 * 200;
    let (near, far) = (sine(440.0, Rate::Narrow, length), sine(1_100.0, Rate::Narrow, length));
    let (disk, _) = record(Settings { format: OPUS, ..Settings::wav(Rate::Narrow) }, &near, &far);
    let mut decoder = opus_pure::OpusDecoder::new(8000, 2).expect("a decoder");
    let mut reader = opus_pure::OggOpusReader::new(&disk.bytes[..]).expect("an Ogg Opus file");
    let (mut left, mut right, mut room) = (Vec::new(), Vec::new(), vec![0_i16; 5760 * 2]);
    while let Some(packet) = reader.read_packet().expect("a packet") {
        let count = decoder.decode_s16(&packet.data, 5760, &mut room).expect("samples");
        room[..count * 2].chunks_exact(2).for_each(|pair| (left.push(pair[0]), right.push(pair[1])).0);
    }
    let (left, right) = (&left[8000..24_000], &right[8000..24_000]);
    for (name, mine, other, wave) in [("left", 440.0, 1_100.0, left), ("right", 1_100.0, 440.0, right)] {
        let (own, leak) = (share(mine, Rate::Narrow, wave), share(other, Rate::Narrow, wave));
        assert!(own > 0.97 && leak < 0.01, "{name}: {own} of its own, {leak} of the other");
    }
}

#[test]
fn after_a_kill_at_any_write_the_file_can_be_heard() {
    let near = wandering(300.0, 900.0, Rate::Narrow, 160 * 250);
    // The far side is silent, so the mean of both is half of the near one.
    let half: Vec<i16> = near.iter().map(|sample| sample / 2).collect();
    for format in [Format::Wav, OPUS] {
        let mut recorder = Recorder::new(Settings { format, ..Settings::wav(Rate::Narrow) }).expect("a recorder");
        let mut disk = Disk { keeps: true, ..Disk::default() };
        for frame in near.chunks(160) {
            recorder.handle_frame(Some(frame), None);
            disk.drain(&mut recorder);
            let sounded = recorder.summary().length;
            if sounded.as_millis() < 2_000 || !sounded.as_millis().is_multiple_of(140) {
                continue;
            }
            // Never more than two seconds are missing, and nothing of the rest is wrong.
            let sound = hear(&disk.bytes, Rate::Narrow);
            assert!(sound.length() + Duration::from_secs(2) >= sounded, "{format:?} at {sounded:?}");
            let alike = aligned(&half[..sound.samples().len()], sound.samples(), 8).0;
            assert!(alike > 0.95, "{format:?} at {sounded:?}: {alike}");
        }
        for state in disk.history.iter().filter(|state| format == Format::Wav && state.len() >= 44) {
            // What the header says is there, and no more than two seconds are not in it; until then it says "unknown".
            let told = u32::from_le_bytes(state[40..44].try_into().expect("four bytes")) as usize;
            let there = state.len() - 44;
            let unknown = told == 0x7fff_f000 && there <= 2 * 32_000;
            assert!(unknown || (told <= there && there - told <= 2 * 32_000), "{told} told, {there} there");
        }
        for state in disk.history.iter().filter(|state| state.len() > 400) {
            assert!(hear(state, Rate::Narrow).length() >= Duration::from_millis(900), "{format:?}: {}", state.len());
        }
    }
}

#[test]
fn a_file_cut_at_any_byte_is_heard_up_to_there() {
    let length = 160 * 400;
    let said = wandering(300.0, 900.0, Rate::Narrow, length);
    for (format, rate_of_bytes) in [(Format::Wav, 16_000.0), (OPUS, 0.0)] {
        let settings = Settings { layout: Layout::Near, format, ..Settings::wav(Rate::Narrow) };
        let (disk, _) = record(settings, &said, &said);
        let per_second = if format == Format::Wav { rate_of_bytes } else { disk.bytes.len() as f64 / 8.0 };
        let mut dice = Dice::seeded(0xc07);
        for _ in 0..200 {
            let cut = 1 + dice.below(disk.bytes.len());
            let decoded = Sound::decode(&disk.bytes[..cut], Rate::Narrow, &Limits::default());
            let seconds = cut as f64 / per_second;
            match decoded {
                Ok(sound) => {
                    let missing = seconds - sound.length().as_secs_f64();
                    assert!(missing < 1.3, "{format:?} cut at {cut}: {missing} s missing");
                    assert!(aligned(&said[..sound.samples().len()], sound.samples(), 8).0 > 0.95 || seconds < 0.1);
                }
                Err(error) => {
                    assert_eq!(error, SoundError::Truncated, "{format:?} cut at {cut}");
                    assert!(seconds < 1.3, "{format:?} cut at {cut}: nothing heard");
                }
            }
        }
    }
}

#[test]
fn a_damaged_page_costs_a_second_and_no_more() {
    let said = wandering(300.0, 900.0, Rate::Narrow, 160 * 500);
    let settings = Settings { layout: Layout::Near, format: OPUS, ..Settings::wav(Rate::Narrow) };
    let (mut disk, _) = record(settings, &said, &said);
    let middle = disk.bytes.len() / 2;
    disk.bytes[middle..middle + 30].fill(0);
    let sound = hear(&disk.bytes, Rate::Narrow);
    assert!(sound.damage().lost >= 1 && !sound.damage().cut, "{:?}", sound.damage());
    assert!(sound.length() >= Duration::from_millis(8_950), "{:?}", sound.length());
}

#[test]
fn a_wav_that_was_cut_is_mended() {
    let said = wandering(300.0, 900.0, Rate::Narrow, 160 * 400);
    let mut recorder = Recorder::new(Settings::wav(Rate::Narrow)).expect("a recorder");
    let mut disk = Disk::default();
    for frame in said.chunks(160) {
        recorder.handle_frame(Some(frame), None);
        disk.drain(&mut recorder);
    }
    let mut dice = Dice::seeded(0x3e4d);
    for _ in 0..200 {
        let mut bytes = disk.bytes[..46 + dice.below(disk.bytes.len() - 46)].to_vec();
        let size = bytes.len() as u64;
        for (at, with) in mend(&bytes[..bytes.len().min(300)], size).expect("a wav").into_iter().flatten() {
            bytes[at as usize..at as usize + 4].copy_from_slice(&with);
        }
        assert_eq!(mend(&bytes, size), Ok(None), "mended once is mended");
        // Another's reader, which believes the lengths: all whole frames are there.
        let reader = hound::WavReader::new(&bytes[..]).expect("a wav");
        assert_eq!(u64::from(reader.duration()), (size - 44) / 4);
    }
    assert_eq!(mend(b"", 0), Err(MendError::NoWav));
    assert_eq!(mend(&disk.bytes[..20], 20), Err(MendError::NoSound));
}

#[test]
fn a_pause_leaves_what_it_was_told_to_leave() {
    let loud = [8_000_i16; 160];
    let length = |gap: Gap| {
        let settings = Settings { layout: Layout::Near, gap, ..Settings::wav(Rate::Narrow) };
        let mut recorder = Recorder::new(settings).expect("a recorder");
        let mut disk = Disk::default();
        for number in 0..30 {
            match number {
                10 => recorder.pause(),
                20 => recorder.resume(),
                _ => {}
            }
            recorder.handle_frame(Some(&loud), None);
        }
        recorder.stop();
        disk.drain(&mut recorder);
        assert_eq!(recorder.summary().paused, FRAME * 10);
        hear(&disk.bytes, Rate::Narrow).samples().to_vec()
    };
    assert_eq!(length(Gap::None), [8_000; 160 * 20]);
    let silent = length(Gap::Silence);
    assert_eq!((silent.len(), &silent[1600..3200]), (160 * 30, &[0; 1600][..]));
    let marked = length(Gap::Mark);
    assert_eq!(marked.len(), 160 * 30);
    assert!(share(1_400.0, Rate::Narrow, &marked[1600..3200]) > 0.99);
}

#[test]
fn silence_at_the_end_is_cut_off_and_ends_a_message() {
    let silence = Silence { below: -50.0, ends_after: Some(Duration::from_secs(3)), keep: Duration::from_millis(300) };
    let settings = Settings { layout: Layout::Near, silence: Some(silence), ..Settings::wav(Rate::Narrow) };
    let mut recorder = Recorder::new(settings).expect("a recorder");
    let (said, hiss) = (sine(440.0, Rate::Narrow, 160), [3_i16; 160]);
    let mut ended = None;
    for number in 0..400 {
        // A second of speech, two of silence, a second of speech, and then nothing more.
        let speaks = (0..50).contains(&number) || (150..200).contains(&number);
        let heard = recorder.handle_frame(Some(if speaks { &said } else { &hiss }), None);
        ended = ended.or(heard.ended.map(|end| (number, end)));
    }
    assert_eq!(ended, Some((349, End::Silent)));
    let summary = recorder.summary();
    assert_eq!(summary.length, Duration::from_millis(4_300));
    assert_eq!(summary.trimmed, Duration::from_millis(2_700));
    let mut disk = Disk::default();
    disk.drain(&mut recorder);
    let sound = hear(&disk.bytes, Rate::Narrow);
    assert_eq!(sound.length(), summary.length);
    assert_eq!(sound.samples()[160 * 100], 3, "what was silent in the middle is there");
}

#[test]
fn silence_within_a_recording_is_there_however_long_it_was() {
    let silence = Silence { below: -50.0, ends_after: None, keep: Duration::from_millis(100) };
    let said = sine(440.0, Rate::Narrow, 160);
    for pause in [3, 60, 499, 505, 520, 900] {
        for format in [Format::Wav, OPUS] {
            let settings =
                Settings { layout: Layout::Near, silence: Some(silence), format, ..Settings::wav(Rate::Narrow) };
            let mut recorder = Recorder::new(settings).expect("a recorder");
            let mut disk = Disk::default();
            for number in 0..20 + pause + 30 {
                let speaks = !(20..20 + pause).contains(&number);
                recorder.handle_frame(Some(if speaks { &said } else { &[0; 160] }), None);
                disk.drain(&mut recorder);
            }
            recorder.stop();
            disk.drain(&mut recorder);
            let sound = hear(&disk.bytes, Rate::Narrow);
            assert_eq!(sound.samples().len(), (50 + pause) * 160, "{pause} {format:?}");
            let loud = |frame: usize| sound.samples()[frame * 160..][..160].iter().any(|sample| *sample > 9_000);
            let heard = [5, 17, 20 + pause / 2, 20 + pause + 2, 48 + pause].map(loud);
            assert_eq!(heard, [true, true, false, true, true], "{pause} {format:?}");
        }
    }
}

#[test]
fn no_more_than_ten_seconds_are_held_back() {
    let silence = Silence { below: -50.0, ends_after: None, keep: Duration::ZERO };
    let settings = Settings { layout: Layout::Near, silence: Some(silence), ..Settings::wav(Rate::Narrow) };
    let mut recorder = Recorder::new(settings).expect("a recorder");
    recorder.handle_frame(Some(&sine(440.0, Rate::Narrow, 160)), None);
    (0..750).for_each(|_| assert_eq!(recorder.handle_frame(None, None).ended, None));
    recorder.stop();
    let summary = recorder.summary();
    assert_eq!((summary.length, summary.trimmed), (FRAME * 251, Duration::from_secs(10)));
}

#[test]
fn a_message_nobody_spoke_is_silent_in_its_summary() {
    let silence = Silence { below: -50.0, ends_after: Some(Duration::from_secs(2)), keep: Duration::ZERO };
    let settings = Settings { layout: Layout::Near, silence: Some(silence), ..Settings::wav(Rate::Narrow) };
    let mut recorder = Recorder::new(settings).expect("a recorder");
    let ended = (0..200).find_map(|_| recorder.handle_frame(None, None).ended);
    assert_eq!((ended, recorder.summary().length), (Some(End::Silent), Duration::ZERO));
    assert!(recorder.summary().loudest.rms < -50.0);
}

#[test]
fn it_ends_when_it_is_as_long_or_as_large_as_it_may_be() {
    let loud = [8_000_i16; 160];
    let settings = Settings { longest: Some(Duration::from_secs(1)), ..Settings::wav(Rate::Narrow) };
    let mut recorder = Recorder::new(settings).expect("a recorder");
    let ends: Vec<_> = (0..60).filter_map(|_| recorder.handle_frame(Some(&loud), None).ended).collect();
    assert_eq!((ends, recorder.summary().length), (vec![End::Long], Duration::from_secs(1)));
    for format in [Format::Wav, OPUS] {
        let settings = Settings { largest: Some(100_000), format, ..Settings::wav(Rate::Narrow) };
        let mut recorder = Recorder::new(settings).expect("a recorder");
        let mut disk = Disk::default();
        let noise = wandering(200.0, 3_000.0, Rate::Narrow, 160);
        let ended = (0..20_000).find_map(|_| {
            let ended = recorder.handle_frame(Some(&noise), Some(&noise)).ended;
            disk.drain(&mut recorder);
            ended
        });
        assert_eq!(ended, Some(End::Large), "{format:?}");
        assert!((80_000..=100_000).contains(&disk.bytes.len()), "{format:?}: {}", disk.bytes.len());
        hear(&disk.bytes, Rate::Narrow);
    }
}

#[test]
fn a_beep_is_due_at_once_and_then_by_its_time() {
    let settings = Settings { beep: Some(Duration::from_secs(1)), ..Settings::wav(Rate::Narrow) };
    let mut recorder = Recorder::new(settings).expect("a recorder");
    let due: Vec<usize> = (0..160).filter(|_| recorder.handle_frame(None, None).beep).collect();
    assert_eq!(due, [0, 50, 100, 150]);
}

#[test]
fn a_recording_of_nothing_is_a_file_all_the_same() {
    for format in [Format::Wav, OPUS] {
        let mut recorder = Recorder::new(Settings { format, ..Settings::wav(Rate::Narrow) }).expect("a recorder");
        let mut disk = Disk::default();
        recorder.stop();
        disk.drain(&mut recorder);
        let decoded = Sound::decode(&disk.bytes, Rate::Narrow, &Limits::default());
        assert_eq!(decoded, Err(SoundError::Silent { lost: 0 }), "{format:?}");
    }
}

#[test]
fn a_file_of_ours_decodes_alike_in_both_kinds() {
    let said = wandering(300.0, 1_000.0, Rate::Wide, 320 * 150);
    let settings = Settings { layout: Layout::Near, ..Settings::wav(Rate::Wide) };
    let wav = hear(&record(settings, &said, &said).0.bytes, Rate::Wide);
    let opus = hear(&record(Settings { format: OPUS, ..settings }, &said, &said).0.bytes, Rate::Wide);
    assert_eq!(wav.samples().len(), opus.samples().len());
    let alike = likeness(wav.samples(), opus.samples()).max(aligned(wav.samples(), opus.samples(), 16).0);
    assert!(alike > 0.97, "{alike}");
}
