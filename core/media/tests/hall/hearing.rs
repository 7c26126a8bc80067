//! Who hears whom, and how loud.

use media::player::Item;
use media::tone::{Part, Sound as Wave, Tone};
use media::{FRAME, Sound};

use super::*;

const ALL: [Codec; 4] = [Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus];

/// For each who listens: how loud each is, in decibels against what they say.
fn table(house: &House) -> Vec<Vec<f64>> {
    let row = |phone: &Phone| (0..house.phones.len()).map(|at| decibels(phone.hears(note(at), 200), 4_000.0)).collect();
    house.phones.iter().map(row).collect()
}

#[test]
fn members_of_all_codecs_hear_all_others_as_loud_as_they_speak_and_nobody_himself() {
    for codecs in [
        vec![Codec::Pcmu; 3],
        ALL.to_vec(),
        vec![Codec::Opus, Codec::Opus, Codec::Pcmu],
        vec![Codec::G722, Codec::Pcmu, Codec::G722],
    ] {
        let mut house = House::of(&codecs);
        house.run(1_000);
        for (listener, row) in table(&house).iter().enumerate() {
            for (speaker, level) in row.iter().enumerate() {
                if listener == speaker {
                    assert!(*level < -35.0, "{listener} of {codecs:?} hears himself: {row:.1?}");
                } else {
                    assert!(level.abs() < 1.5, "{listener} of {codecs:?} hears {speaker}: {row:.1?}");
                }
            }
        }
    }
}

#[test]
fn wide_voices_are_heard_wide_by_those_who_can() {
    let mut house = House::of(&[Codec::Pcmu, Codec::G722]);
    assert_eq!(house.hall.rate(), Rate::Narrow);
    house.phones[1].note = Some((5_500.0, 4_000.0));
    house.run(400);
    let third = house.join(Codec::G722, FRAME, Some((500.0, 0.0)));
    assert_eq!(house.hall.rate(), Rate::Wide);
    house.run(600);
    assert!(decibels(house.phones[2].hears(5_500.0, 200), 4_000.0) > -3.0);
    assert!(decibels(house.phones[0].hears(2_500.0, 200), 4_000.0) < -40.0, "and folded into nobody's band");
    house.hall.leave(third);
    house.phones.pop();
    assert_eq!(house.hall.rate(), Rate::Narrow);
    house.run(200);
    assert!(decibels(house.phones[0].hears(2_500.0, 100), 4_000.0) < -40.0);
}

#[test]
fn the_muted_are_not_heard_the_deaf_do_not_hear_and_volumes_are_as_asked() {
    for codecs in [[Codec::Pcmu; 4], ALL] {
        let mut house = House::of(&codecs);
        house.run(300);
        house.bear(0, Bearing { muted: true, ..Bearing::default() });
        house.bear(1, Bearing { deaf: true, ..Bearing::default() });
        house.bear(2, Bearing { speaking: louder(-6.0), hearing: louder(6.0), ..Bearing::default() });
        house.run(1_000);
        let levels = table(&house);
        let near = |level: f64, wanted: f64| (level - wanted).abs() < 1.5;
        assert!([1, 2, 3].iter().all(|at| levels[*at][0] < -40.0), "muted: {levels:.1?}");
        assert!(levels[1].iter().all(|level| *level < -40.0), "deaf: {levels:.1?}");
        assert!(near(levels[0][2], -6.0) && near(levels[3][2], -6.0), "quieter: {levels:.1?}");
        assert!(near(levels[2][1], 6.0) && near(levels[2][3], 6.0), "hears louder: {levels:.1?}");
        for at in 0..4 {
            house.bear(at, Bearing::default());
        }
        house.run(1_200);
        let levels = table(&house);
        let back = (0..16).filter(|at| at / 4 != at % 4).all(|at| near(levels[at / 4][at % 4], 0.0));
        assert!(back, "all is as before: {levels:.1?}");
    }
}

#[test]
fn who_leaves_is_heard_no_more_and_who_comes_is_heard_soon() {
    let mut house = House::of(&[Codec::Pcmu, Codec::G722]);
    house.run(300);
    house.join(Codec::Opus, FRAME, Some((note(2), 4_000.0)));
    house.run(120);
    assert!((0..2).all(|at| decibels(house.phones[at].hears(note(2), 20), 4_000.0) > -3.0), "within 120 ms");
    let gone = house.phones.remove(1);
    house.hall.leave(gone.key);
    // What came already is heard no more; his last frame is faded out by nobody.
    house.run(60);
    let left: Vec<f64> = house.phones.iter().map(|phone| decibels(phone.hears(note(1), 20), 4_000.0)).collect();
    assert!(left.iter().all(|level| *level < -35.0), "{left:.1?}");
    assert_eq!(house.hall.payloads(gone.key).count(), 0);
    for phone in std::mem::take(&mut house.phones) {
        house.hall.leave(phone.key);
    }
    assert!(house.hall.is_empty());
    house.run(100);
}

fn tone(hz: u16, millis: u64) -> Item {
    let tone = Tone::of(&[Part { sound: Wave::One(hz), millis: 0 }]);
    Item::Tone(tone, Some(Duration::from_millis(millis)))
}

fn sample(rate: Rate, hz: f64, millis: u64) -> Item {
    let wave = |n: usize| ((n as f64 * hz * std::f64::consts::TAU / f64::from(rate.hz())).sin() * 4_000.0) as i16;
    Item::Sound(Sound::new(rate, (0..rate.samples(Duration::from_millis(millis))).map(wave).collect::<Vec<_>>()))
}

#[test]
fn a_whisper_is_heard_by_one_alone_and_an_announcement_by_all_and_by_the_tape() {
    let mut house = House::of(&[Codec::Pcmu, Codec::G722, Codec::Opus]);
    house.speak(&[0]);
    house.bear(1, Bearing { deaf: true, ..Bearing::default() });
    house.run(200);
    let whispered = house.key(1);
    house.hall.whisper(whispered, vec![sample(Rate::Wide, 1_200.0, 400)], false).expect("one rate");
    house.run(400);
    let levels: Vec<f64> = house.phones.iter().map(|phone| phone.hears(1_200.0, 200)).collect();
    assert!(levels[1] > 3_500.0 && levels[0] < 50.0 && levels[2] < 50.0, "{levels:?}");
    assert!(peak(&house.whole[house.whole.len() - 3_200..], house.hall.rate(), 1_200.0) < 50.0);
    house.run(60);
    assert!(house.events.contains(&Event::Whispered(whispered)), "{:?}", house.events);
    house.bear(1, Bearing::default());
    house.hall.announce(vec![sample(Rate::Narrow, 1_500.0, 400)]).expect("one rate");
    assert!(house.hall.is_announcing());
    house.run(400);
    let levels: Vec<f64> = house.phones.iter().map(|phone| phone.hears(1_500.0, 200)).collect();
    assert!(levels.iter().all(|level| *level > 3_000.0), "{levels:?}");
    let rate = house.hall.rate();
    assert!(peak(&house.whole[house.whole.len() - rate.frame() * 10..], rate, 1_500.0) > 3_500.0);
    house.run(60);
    assert!(house.events.contains(&Event::Announced) && !house.hall.is_announcing());
    // Who is alone hears his whispers too, until they are hushed.
    house.hall.whisper(whispered, vec![tone(900, 60_000)], true).expect("a tone has any rate");
    house.run(300);
    assert!(house.phones[1].hears(900.0, 100) > 500.0);
    house.hall.hush(whispered);
    house.run(100);
    assert!(house.phones[1].hears(900.0, 40) < 50.0);
}

#[test]
fn who_speaks_is_told_and_who_is_muted_while_he_speaks_has_ended() {
    let mut house = House::of(&[Codec::Pcmu, Codec::Opus]);
    house.speak(&[]);
    house.run(300);
    assert_eq!(house.events, []);
    house.speak(&[1]);
    house.run(300);
    let speech = |speaks| Event::Speech(media::mixer::Speech { member: house.key(1), speaks });
    assert_eq!(house.events, [speech(true)]);
    let ended = speech(false);
    house.events.clear();
    house.bear(1, Bearing { muted: true, ..Bearing::default() });
    house.run(100);
    assert_eq!(house.events, [ended]);
}
