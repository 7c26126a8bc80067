//! What sound costs: a minute of a file decoded and encoded, a frame played, a frame recorded. Allocations are counted.

use std::sync::Arc;
use std::time::Duration;

use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher};
use media::player::{Item, Player, Repeat};
use media::record::{Format, Layout, Settings, Silence};
use media::say::{self, Clock, Date, Value};
use media::sound::Limits;
use media::{Codec, FRAME, Rate, Recorder, Sound, Track};

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

/// Something like speech: tones that wander, under a little noise.
fn wave(rate: Rate, seconds: usize) -> Vec<i16> {
    let (mut phase, mut state) = (0.0_f64, 7_u32);
    (0..rate.hz() as usize * seconds)
        .map(|n| {
            let second = n as f64 / f64::from(rate.hz());
            phase += (300.0 + 200.0 * (second * 2.7).sin()) / f64::from(rate.hz());
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = f64::from(state >> 20) - 2_048.0;
            ((phase * std::f64::consts::TAU).sin() * 8_000.0 * (second * 9.0).sin().abs() + noise / 8.0) as i16
        })
        .collect()
}

/// A minute recorded, as a file.
fn minute(rate: Rate, format: Format) -> Vec<u8> {
    let settings = Settings { layout: Layout::Near, format, ..Settings::wav(rate) };
    let (mut recorder, mut file) = (Recorder::new(settings).expect("a recorder"), Vec::new());
    for frame in wave(rate, 60).chunks(rate.frame()) {
        recorder.handle_frame(Some(frame), None);
        drain(&mut recorder, &mut file);
    }
    recorder.stop();
    drain(&mut recorder, &mut file);
    file
}

fn drain(recorder: &mut Recorder, file: &mut Vec<u8>) {
    while let Some(write) = recorder.poll() {
        let at = write.at as usize;
        file.resize(file.len().max(at + write.bytes.len()), 0);
        file[at..at + write.bytes.len()].copy_from_slice(write.bytes);
    }
}

const OPUS: Format = Format::Opus { bitrate: 32_000, serial: 1 };

#[divan::bench(args = [(8, 8), (8, 48), (48, 8), (48, 48)], max_time = 2)]
fn a_minute_of_wav_decoded(bencher: Bencher<'_, '_>, (from, to): (u32, u32)) {
    let file = minute(rate(from), Format::Wav);
    bencher.bench(|| Sound::decode(&file, rate(to), &Limits::default()));
}

#[divan::bench(args = [8, 48], max_time = 2)]
fn a_minute_of_opus_decoded(bencher: Bencher<'_, '_>, to: u32) {
    let file = minute(Rate::Full, OPUS);
    bencher.bench(|| Sound::decode(&file, rate(to), &Limits::default()));
}

fn rate(khz: u32) -> Rate {
    match khz {
        8 => Rate::Narrow,
        16 => Rate::Wide,
        _ => Rate::Full,
    }
}

#[divan::bench(args = [Codec::Pcmu, Codec::G722, Codec::Opus], max_time = 2)]
fn a_minute_encoded(bencher: Bencher<'_, '_>, codec: Codec) {
    let sound = Sound::new(codec.rate(), wave(codec.rate(), 60));
    bencher.bench(|| Track::encode(&sound, codec, FRAME));
}

fn played(bencher: Bencher<'_, '_>, item: impl Fn() -> Item) {
    let mut player = Player::new(Rate::Narrow, FRAME).repeating(Repeat::Forever);
    for _ in 0..3 {
        player.push(item()).expect("pushed");
    }
    bencher.counter(ItemsCount::new(50_u32)).bench_local(|| {
        for _ in 0..50 {
            divan::black_box(player.step());
            divan::black_box(player.poll());
        }
    });
}

#[divan::bench]
fn fifty_frames_of_a_track_played(bencher: Bencher<'_, '_>) {
    let sound = Sound::new(Rate::Narrow, wave(Rate::Narrow, 2));
    let track = Arc::new(Track::encode(&sound, Codec::Pcmu, FRAME).expect("a track"));
    played(bencher, || Item::Track(Arc::clone(&track)));
}

#[divan::bench]
fn fifty_frames_of_a_sound_played(bencher: Bencher<'_, '_>) {
    let sound = Sound::new(Rate::Narrow, wave(Rate::Narrow, 2));
    played(bencher, || Item::Sound(sound.clone()));
}

/// Fifty frames are a second, so each has its share of the second's write.
fn recorded(bencher: Bencher<'_, '_>, settings: Settings) {
    let samples = wave(settings.rate, 4);
    let mut recorder = Recorder::new(settings).expect("a recorder");
    let mut frames = samples.chunks(settings.rate.frame()).cycle();
    bencher.counter(ItemsCount::new(50_u32)).bench_local(|| {
        for _ in 0..50 {
            let frame = frames.next();
            recorder.handle_frame(frame, frame);
            while let Some(write) = recorder.poll() {
                divan::black_box(write);
            }
        }
    });
}

#[divan::bench(args = [8, 16, 48])]
fn fifty_frames_recorded_as_wav(bencher: Bencher<'_, '_>, khz: u32) {
    recorded(bencher, Settings::wav(rate(khz)));
}

#[divan::bench]
fn fifty_frames_recorded_with_silence_watched(bencher: Bencher<'_, '_>) {
    let silence = Silence { below: -40.0, ends_after: None, keep: Duration::from_millis(300) };
    recorded(bencher, Settings { silence: Some(silence), ..Settings::wav(Rate::Narrow) });
}

#[divan::bench(args = [(8, false), (8, true), (48, false), (48, true)], max_time = 2)]
fn fifty_frames_recorded_as_opus(bencher: Bencher<'_, '_>, (khz, stereo): (u32, bool)) {
    let layout = if stereo { Layout::Stereo } else { Layout::Mixed };
    recorded(bencher, Settings { format: OPUS, layout, ..Settings::wav(rate(khz)) });
}

#[divan::bench(args = ["en", "de", "fr"])]
fn a_date_and_time_put_in_words(code: &str) -> usize {
    let moment = Date::new(2026, 11, 21).and_then(|date| Ok(Value::Moment(date, Clock::new(19, 5, None)?)));
    let tongue = say::tongue(code).expect("a language");
    moment.and_then(|moment| say::pieces(&moment, tongue)).map_or(0, |pieces| pieces.len())
}
