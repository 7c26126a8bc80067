//! Sequences of tracks, sounds, tones and silence, step by step.

use std::sync::Arc;
use std::time::Duration;

use media::codec::g711;
use media::player::{Item, PlayError, Played, Player, Repeat, Step};
use media::tone::{self, Part, Tone};
use media::{Codec, FRAME, Rate, Sound, Track};

use crate::tools::share;

/// How loud a number is: far enough from the next to be told after G.711.
const LOUD: i16 = 512;

/// A sound each of whose frames holds its number.
fn counted(from: i16, frames: i16) -> Sound {
    let samples: Vec<i16> = (from..from + frames).flat_map(|number| [number * LOUD; 160]).collect();
    Sound::new(Rate::Narrow, samples)
}

fn track(from: i16, frames: i16) -> Item {
    Item::Track(Arc::new(Track::encode(&counted(from, frames), Codec::Pcma, FRAME).expect("a track")))
}

fn player() -> Player {
    Player::new(Rate::Narrow, FRAME)
}

/// What a step was, as a number: payloads and frames by what they hold, quiet is 100, the end 999.
fn step(player: &mut Player) -> i16 {
    match player.step() {
        Step::Payload(payload) => (g711::of_alaw(payload[0]) + LOUD / 2) / LOUD,
        Step::Frame(frame) => frame[0] / LOUD,
        Step::Quiet => 100,
        Step::Over => 999,
    }
}

fn steps(player: &mut Player, count: usize) -> Vec<i16> {
    (0..count).map(|_| step(player)).collect()
}

fn told(player: &mut Player) -> Vec<Played> {
    std::iter::from_fn(|| player.poll()).collect()
}

#[test]
fn a_sequence_is_played_in_order_and_each_end_is_told_once() {
    let mut player = player();
    player.push(track(1, 2)).expect("pushed");
    player.push(Item::Silence(Duration::from_millis(30))).expect("pushed");
    player.push(Item::Silence(FRAME * 2)).expect("pushed");
    assert_eq!(player.push(Item::Sound(counted(7, 1))), Ok(3));
    assert_eq!(steps(&mut player, 2), [1, 2]);
    assert_eq!(told(&mut player), []);
    assert_eq!(step(&mut player), 100);
    assert_eq!(told(&mut player), [Played::Item(0)]);
    assert_eq!(steps(&mut player, 3), [100, 100, 100]);
    assert_eq!(told(&mut player), [Played::Item(1)]);
    assert_eq!(steps(&mut player, 3), [7, 999, 999]);
    assert_eq!(told(&mut player), [Played::Item(2), Played::Item(3), Played::All]);
    assert_eq!((step(&mut player), told(&mut player)), (999, vec![]));
}

#[test]
fn a_tone_sounds_for_its_time_or_for_the_time_given() {
    let a_440 = [Part { sound: tone::Sound::One(440), millis: 60 }];
    let listen = |tone: Tone, length| {
        let mut player = player();
        player.push(Item::Tone(tone, length)).expect("pushed");
        player.push(track(5, 1)).expect("pushed");
        let mut heard = Vec::new();
        while let Step::Frame(frame) = player.step() {
            heard.extend_from_slice(frame);
            assert!(heard.len() < 160 * 100, "it ends");
        }
        heard
    };
    let once = listen(Tone::once(&a_440), None);
    assert_eq!(once.len(), 480);
    assert!(share(440.0, Rate::Narrow, &once) > 0.9);
    assert_eq!(listen(Tone::of(&a_440), Some(FRAME * 20)).len(), 160 * 20);
    assert_eq!(listen(Tone::once(&a_440), Some(FRAME)).len(), 160);
    assert_eq!(listen(Tone::once(&a_440), Some(FRAME * 20)).len(), 480);
}

#[test]
fn a_tone_in_music_begins_anew_each_round() {
    let mut player = player().repeating(Repeat::Forever);
    player.push(Item::Tone(Tone::BEEP, None)).expect("pushed");
    let mut round = || {
        let frame = |player: &mut Player| match player.step() {
            Step::Frame(frame) => frame.to_vec(),
            other => panic!("{other:?}"),
        };
        (0..10).flat_map(|_| frame(&mut player)).collect::<Vec<_>>()
    };
    let first = round();
    assert!(share(1_000.0, Rate::Narrow, &first) > 0.9);
    assert_eq!(round(), first);
}

#[test]
fn music_goes_round_and_may_begin_in_its_middle() {
    let mut player = player().repeating(Repeat::Forever);
    player.push(track(1, 3)).expect("pushed");
    player.push(track(11, 2)).expect("pushed");
    player.seek(FRAME * 4);
    assert_eq!(player.position(), (1, FRAME));
    assert_eq!(steps(&mut player, 7), [12, 1, 2, 3, 11, 12, 1]);
    // Longer than all of it: round it goes.
    player.seek(FRAME * 5 * 1000 + FRAME * 2);
    assert_eq!(steps(&mut player, 2), [3, 11]);
}

#[test]
fn what_is_played_twice_is_told_twice_but_ends_once() {
    let mut player = player().repeating(Repeat::Times(2));
    player.push(track(1, 1)).expect("pushed");
    let mut heard = Vec::new();
    let steps: Vec<i16> = (0..4)
        .map(|_| {
            let step = step(&mut player);
            heard.extend(told(&mut player));
            step
        })
        .collect();
    assert_eq!(steps, [1, 1, 999, 999]);
    assert_eq!(heard.last(), Some(&Played::All));
    assert_eq!(heard.iter().filter(|played| **played == Played::All).count(), 1);
}

#[test]
fn a_pause_holds_the_place_and_a_stop_names_it() {
    let mut player = player();
    player.push(track(1, 9)).expect("pushed");
    assert_eq!(steps(&mut player, 2), [1, 2]);
    player.pause();
    assert_eq!(steps(&mut player, 2), [100, 100]);
    player.resume();
    assert_eq!(step(&mut player), 3);
    player.stop();
    assert_eq!((step(&mut player), told(&mut player)), (999, vec![Played::Stopped(0)]));
    assert_eq!(player.position(), (0, FRAME * 3));
}

#[test]
fn nothing_is_over_at_once_however_often_it_is_repeated() {
    let mut empty = player().repeating(Repeat::Forever);
    assert_eq!(step(&mut empty), 999);
    let mut hollow = player().repeating(Repeat::Forever);
    hollow.push(track(1, 0)).expect("pushed");
    hollow.push(Item::Silence(Duration::ZERO)).expect("pushed");
    assert_eq!(step(&mut hollow), 999);
}

#[test]
fn the_end_of_a_sound_is_filled_with_silence() {
    let mut player = player();
    player.push(Item::Sound(Sound::new(Rate::Narrow, vec![4 * LOUD; 170]))).expect("pushed");
    assert_eq!(step(&mut player), 4);
    let Step::Frame(frame) = player.step() else { panic!("a frame") };
    assert_eq!((frame.len(), &frame[..10], &frame[10..]), (160, &[4 * LOUD; 10][..], &[0; 150][..]));
}

#[test]
fn what_does_not_fit_the_leg_is_refused() {
    let mut player = Player::new(Rate::Narrow, FRAME * 2);
    assert_eq!(player.push(track(1, 1)), Err(PlayError::Ptime { track: FRAME, step: FRAME * 2 }));
    let wide = Item::Sound(Sound::new(Rate::Wide, vec![0_i16; 320]));
    assert_eq!(player.push(wide), Err(PlayError::Rate { sound: Rate::Wide, player: Rate::Narrow }));
}
