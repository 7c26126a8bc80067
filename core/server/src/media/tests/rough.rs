//! Networks that do harm, on the way to who is decoded: the damage stays small, through every part of the engine.

use std::time::{Duration, Instant};

use media::{Codec, Rate};
use switch::{Bearing, MediaCommand, MixerId, TenantId};

use super::phone::{Phone, Rough};
use super::{House, level, sine};

const NETWORK: Rough = Rough { seed: 0x5eed, loss: 3, jitter: 40, copies: 5 };

/// How much of a sound is about as loud as it should be, in windows of 100 ms; the first and the last are left out.
fn share_heard(heard: &[i16], rate: Rate, hz: f64) -> f64 {
    let window = rate.samples(Duration::from_millis(100));
    let windows: Vec<_> = heard.chunks_exact(window).map(|piece| level(piece, rate, hz)).collect();
    let inner = windows.get(3..windows.len().saturating_sub(3)).unwrap_or_default();
    let mut sorted = inner.to_vec();
    sorted.sort_by(f64::total_cmp);
    let usual = sorted[sorted.len() / 2];
    assert!(usual > -16.0, "the tone is there: {usual} dB");
    inner.iter().filter(|level| **level > usual - 6.0).count() as f64 / inner.len() as f64
}

#[test]
fn a_voice_that_is_lost_late_and_copied_on_the_way_is_heard_in_another_codec() {
    for codec in [Codec::G722, Codec::Opus] {
        let (mut one, mut other) = (Phone::new(Codec::Pcmu), Phone::new(codec));
        let mut house = House::new();
        let (a, b) = (house.open(&mut one), house.open(&mut other));
        house.give(MediaCommand::Connect { a, b });
        std::thread::scope(|scope| {
            scope.spawn(|| one.say_through(&sine(Rate::Narrow, 440.0, 3_000), &NETWORK));
            other.hear_for(3_200);
        });
        let share = share_heard(&other.heard, other.rate(), 440.0);
        assert!(share > 0.9, "seed {:#x}: {share} of the voice is heard in {codec:?}", NETWORK.seed);
        let packets = other.packets.len();
        assert!((140..=168).contains(&packets), "{packets} packets in 3 s: neither gaps nor bursts go on");
    }
}

#[test]
fn who_is_given_back_what_he_says_hears_it_through_the_same() {
    let mut one = Phone::new(Codec::Pcmu);
    let mut house = House::new();
    let port = house.open(&mut one);
    house.give(MediaCommand::Echo { port, on: true });
    one.say_through(&sine(Rate::Narrow, 440.0, 3_000), &NETWORK);
    let share = share_heard(&one.heard, Rate::Narrow, 440.0);
    assert!(share > 0.85, "seed {:#x}: {share}", NETWORK.seed);
}

#[test]
fn a_room_hears_who_speaks_through_the_same() {
    let (mut one, mut other) = (Phone::new(Codec::Pcmu), Phone::new(Codec::Pcma));
    let mut house = House::new();
    for phone in [&mut one, &mut other] {
        let port = house.open(phone);
        let (mixer, tenant, bearing) = (MixerId(7), TenantId(1), Bearing::default());
        house.give(MediaCommand::Join { port, mixer, tenant, bearing });
    }
    std::thread::scope(|scope| {
        scope.spawn(|| one.say_through(&sine(Rate::Narrow, 440.0, 3_000), &NETWORK));
        other.hear_for(3_200);
    });
    let share = share_heard(&other.heard, Rate::Narrow, 440.0);
    assert!(share > 0.85, "seed {:#x}: {share}", NETWORK.seed);
}

#[test]
fn a_stream_that_starts_over_is_heard_again_at_once() {
    let (mut one, mut other) = (Phone::new(Codec::Pcmu), Phone::new(Codec::G722));
    let mut house = House::new();
    let (a, b) = (house.open(&mut one), house.open(&mut other));
    house.give(MediaCommand::Connect { a, b });
    std::thread::scope(|scope| {
        scope.spawn(|| {
            one.say(&sine(Rate::Narrow, 440.0, 600));
            one.starts_over(0xbeef);
            one.say(&sine(Rate::Narrow, 880.0, 1_000));
        });
        let end = Instant::now() + Duration::from_millis(1_700);
        other.hear_until(end);
    });
    // Of the other stream 200 ms are not believed yet (another might have sent them), and 60 are in the buffer.
    let rate = other.rate();
    let last = other.heard.len() - rate.samples(Duration::from_millis(600));
    let window = &other.heard[last..last + rate.samples(Duration::from_millis(400))];
    assert!(level(window, rate, 880.0) > level(window, rate, 440.0) + 20.0);
    let streams: std::collections::BTreeSet<_> = other.packets.iter().map(|packet| packet.4).collect();
    assert_eq!(streams.len(), 1, "the other end hears one stream");
}
