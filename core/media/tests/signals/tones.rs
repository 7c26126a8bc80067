//! Tones of networks.

use std::time::Duration;

use media::tone::{Kind, Part, Plan, Player, Sound, Tone};
use media::{FRAME, Rate};

fn played(tone: Tone, rate: Rate, time: Duration) -> Vec<i16> {
    let mut player = Player::new(tone, rate);
    let mut sound = Vec::new();
    let mut frame = vec![1; rate.frame()];
    while sound.len() < rate.samples(time) {
        player.fill(&mut frame);
        sound.extend_from_slice(&frame);
    }
    sound.truncate(rate.samples(time));
    sound
}

/// When it sounds and when not, in ms, as (on, off).
fn cadence(sound: &[i16], rate: Rate) -> Vec<(u128, u128)> {
    let mut runs: Vec<(bool, usize)> = Vec::new();
    for piece in sound.chunks(rate.samples(Duration::from_millis(5))) {
        let on = piece.iter().any(|sample| sample.unsigned_abs() > 200);
        match runs.last_mut() {
            Some((last, count)) if *last == on => *count += piece.len(),
            _ => runs.push((on, piece.len())),
        }
    }
    runs.chunks(2)
        .map(|pair| {
            let millis = |index: usize| pair.get(index).map_or(0, |run| rate.time(run.1).as_millis());
            (millis(0), millis(1))
        })
        .collect()
}

/// The power at a frequency in dBm0.
fn level(sound: &[i16], rate: Rate, hz: f64) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (at, sample) in sound.iter().enumerate() {
        let turn = std::f64::consts::TAU * hz * at as f64 / f64::from(rate.hz());
        re += f64::from(*sample) * turn.cos();
        im += f64::from(*sample) * turn.sin();
    }
    let peak = 2.0 * (re * re + im * im).sqrt() / sound.len() as f64;
    20.0 * (peak / 22_470.0).log10()
}

#[test]
fn germany_is_busy_and_britain_rings_twice() {
    for rate in [Rate::Narrow, Rate::Wide, Rate::Full] {
        let busy = played(Plan::of("de").tone(Kind::Busy), rate, Duration::from_millis(1920));
        assert_eq!(cadence(&busy, rate), [(480, 480), (480, 480)], "{rate:?}");
        assert!((level(&busy[..rate.samples(FRAME) * 20], rate, 425.0) + 13.0).abs() < 1.0);
        let ring = played(Plan::of("GB").tone(Kind::RingBack), rate, Duration::from_millis(3000));
        assert_eq!(cadence(&ring, rate), [(400, 200), (400, 2000)], "{rate:?}");
    }
}

#[test]
fn two_frequencies_are_each_half_and_nothing_else_is_there() {
    let dial = played(Plan::of("US").tone(Kind::Dial), Rate::Narrow, Duration::from_secs(2));
    let steady = &dial[800..8800];
    for hz in [350.0, 440.0] {
        assert!((level(steady, Rate::Narrow, hz) + 16.0).abs() < 0.2, "{hz}: {}", level(steady, Rate::Narrow, hz));
    }
    for hz in [425.0, 480.0, 700.0, 880.0] {
        assert!(level(steady, Rate::Narrow, hz) < -60.0, "{hz}: {}", level(steady, Rate::Narrow, hz));
    }
}

#[test]
fn the_special_tone_rises_in_three_steps() {
    let special = played(Plan::of("CH").tone(Kind::Special), Rate::Narrow, Duration::from_millis(990));
    for (index, hz) in [950.0, 1400.0, 1800.0].into_iter().enumerate() {
        let third = &special[index * 2640 + 200..index * 2640 + 2400];
        assert!((level(third, Rate::Narrow, hz) + 13.0).abs() < 0.5, "{hz}");
    }
}

#[test]
fn nothing_clicks_where_a_tone_begins_pauses_or_is_stopped() {
    for country in Plan::countries() {
        for kind in Kind::ALL {
            let tone = Plan::of(country).tone(kind);
            let highest = tone.parts().iter().map(|part| match part.sound {
                Sound::Silence => 0,
                Sound::One(hz) | Sound::Beating(hz, _) => hz,
                Sound::Two(low, high) | Sound::Key { low, high, .. } => low.max(high),
            });
            let highest = f64::from(highest.max().unwrap_or(0) + 50);
            let mut player = Player::new(tone, Rate::Full);
            let mut sound = vec![0; 48_000 * 3];
            assert!(player.fill(&mut sound[..100_003]), "{country}: {kind:?}");
            player.stop();
            let (_, rest) = sound.split_at_mut(100_003);
            player.fill(rest);
            assert!(player.is_over() && rest[240..].iter().all(|sample| *sample == 0), "it faded out in 5 ms");
            // Between two samples a sine moves no further than its peak times its turn.
            let peak = f64::from(sound.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0));
            let bound = peak * std::f64::consts::TAU * highest / 48_000.0 * 1.1 + 2.0;
            let steepest = sound.windows(2).map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs()).max();
            assert!(f64::from(steepest.unwrap_or(0)) <= bound, "{country}: {kind:?}: {steepest:?} over {bound}");
        }
    }
}

#[test]
fn frames_of_any_size_are_the_same_sound() {
    let tone = Plan::of("IT").tone(Kind::Dial);
    let whole = played(tone, Rate::Wide, Duration::from_secs(3));
    let mut player = Player::new(tone, Rate::Wide);
    let mut sound = vec![0; whole.len()];
    let mut at = 0;
    for size in [1, 7, 320, 1000, 33].into_iter().cycle() {
        let end = (at + size).min(sound.len());
        player.fill(&mut sound[at..end]);
        at = end;
        if at == sound.len() {
            break;
        }
    }
    // Rounding is put right at the end of each piece, so the last bit may differ.
    let furthest = whole.iter().zip(&sound).map(|(one, other)| one.abs_diff(*other)).max();
    assert!(furthest <= Some(1), "{furthest:?}");
}

#[test]
fn a_tone_that_sounds_once_is_over_and_one_of_nothing_never_begins() {
    let mut player = Player::new(Tone::BEEP, Rate::Narrow);
    let mut frame = [0; 160];
    let frames = std::iter::repeat_with(|| player.fill(&mut frame)).take_while(|more| *more).count();
    assert_eq!((frames, player.is_over()), (10, true));
    assert_eq!(Tone::BEEP.duration(), Some(Duration::from_millis(200)));
    assert_eq!(Tone::BEEP.times(3).duration(), Some(Duration::from_millis(600)));
    assert_eq!(Tone::BEEP.times(0).duration(), None);
    let mut nothing = Player::new(Tone::of(&[]), Rate::Full);
    assert!(!nothing.fill(&mut [3; 960]));
    let long = [Part { sound: Sound::One(u16::MAX), millis: u32::MAX }; 20];
    assert_eq!(Tone::once(&long).parts().len(), 8);
    assert!(Player::new(Tone::once(&long), Rate::Narrow).fill(&mut frame));
}

#[test]
fn every_country_has_all_its_tones_and_the_others_have_the_recommendations() {
    let countries: Vec<&str> = Plan::countries().collect();
    assert!(countries.len() >= 30 && countries.is_sorted(), "{countries:?}");
    for country in &countries {
        assert_eq!(Plan::find(&country.to_lowercase()).map(|plan| plan.country), Some(*country));
        for kind in Kind::ALL {
            assert!(!Plan::of(country).tone(kind).parts().is_empty(), "{country}: {kind:?}");
            assert_eq!(Kind::named(kind.name()), Some(kind));
        }
    }
    assert!(Plan::find("xx").is_none());
    let unlisted = Plan::of("xx").tone(Kind::Busy);
    let parts = [Part { sound: Sound::One(425), millis: 500 }, Part::silent(500)];
    assert_eq!(unlisted.parts(), parts);
}
