//! Who hears whom, how loud, and how soon after it changed: every pair, by each one's own frequency, while all speak.

use std::time::{Duration, Instant};

use media::Codec;
use switch::{Bearing, MediaCommand, MixerId, PortId, Sound};

use super::phone::Phone;
use super::{House, TENANT, level, sine, sound};

/// Each speaks at his own.
const NOTES: [f64; 3] = [440.0, 880.0, 1_320.0];
const MUSIC: f64 = 1_760.0;
/// How loud all of them speak, in dB of full scale.
const SPOKEN: f64 = -12.2;
/// From the order to the sound: the way through a jitter buffer, a frame, and the window of the measurement.
const SOON: Duration = Duration::from_millis(250);
const WINDOW: Duration = Duration::from_millis(40);

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Everybody speaks for so long, while this happens.
fn meanwhile<T>(phones: &mut [Phone], millis: u64, happens: impl FnOnce(Instant) -> T) -> T {
    std::thread::scope(|scope| {
        let begun = Instant::now();
        for (phone, note) in phones.iter_mut().zip(NOTES) {
            scope.spawn(move || {
                phone.say(&sine(phone.rate(), note, millis));
                phone.hear_for(100);
            });
        }
        happens(begun)
    })
}

fn sleep_until(at: Instant) {
    std::thread::sleep(at.saturating_duration_since(Instant::now()));
}

/// How loud a frequency is for a phone, each time that something comes to it from here to there.
fn heard(phone: &Phone, hz: f64, from: Instant, to: Instant) -> Vec<(Instant, f64)> {
    let window = phone.rate().samples(WINDOW);
    let arrivals = phone.arrivals.iter().filter(|(at, end)| (from..to).contains(at) && *end >= window);
    arrivals.map(|(at, end)| (*at, level(&phone.heard[end - window..*end], phone.rate(), hz))).collect()
}

/// Fails unless a phone hears this soon after `from`, as loud as that, and until `to`.
fn assert_hears(phone: &Phone, hz: f64, loud: f64, from: Instant, to: Instant) {
    let levels = heard(phone, hz, from + SOON, to);
    assert!(levels.len() > 5, "{hz} Hz: {} packets", levels.len());
    for (at, level) in levels {
        let after = at - from;
        assert!((level - loud).abs() < 3.0, "{:?} hears {hz} Hz at {level:.1} dB after {after:?}", phone.codec);
    }
}

/// Fails unless a phone hears this no more soon after `from`, until `to`.
fn assert_deaf_to(phone: &Phone, hz: f64, from: Instant, to: Instant) {
    for (at, level) in heard(phone, hz, from + SOON, to) {
        assert!(level < -45.0, "{:?} hears {hz} Hz at {level:.1} dB after {:?}", phone.codec, at - from);
    }
}

#[test]
fn in_a_room_every_pair_hears_what_it_should_as_loud_as_it_should_and_soon() {
    let mut phones = [Codec::Pcmu, Codec::G722, Codec::Opus].map(Phone::new);
    let mut house = House::new();
    let ports = phones.each_mut().map(|phone| house.open(phone));
    let mixer = MixerId(3);
    let join = |port: PortId, bearing| MediaCommand::Join { port, mixer, tenant: TENANT, bearing };
    ports.iter().for_each(|port| house.give(join(*port, Bearing::default())));
    let times = meanwhile(&mut phones, 3_900, |begun| {
        let mut times = vec![begun];
        let mut then = |millis, order| {
            sleep_until(begun + ms(millis));
            house.give(order);
            times.push(Instant::now());
        };
        then(900, join(ports[1], Bearing { muted: true, ..Bearing::default() }));
        then(1_500, join(ports[1], Bearing::default()));
        then(2_100, join(ports[0], Bearing { speaking: -12, ..Bearing::default() }));
        then(2_700, join(ports[0], Bearing { deaf: true, ..Bearing::default() }));
        then(3_300, MediaCommand::Leave { port: ports[2] });
        times.push(begun + ms(3_900));
        times
    });
    let phase = |number: usize| (times[number], times[number + 1]);
    for (number, what) in
        ["all", "the second muted", "all again", "the first softer", "the first deaf", "the third gone"]
            .into_iter()
            .enumerate()
    {
        let (from, to) = phase(number);
        for (hearer, phone) in phones.iter().enumerate() {
            for (speaker, hz) in NOTES.into_iter().enumerate() {
                eprintln!("{what}: {hearer} hears {speaker}?");
                let silent = hearer == speaker
                    || (number == 1 && speaker == 1)
                    || (number >= 4 && hearer == 0)
                    || (number == 5 && (speaker == 2 || hearer == 2));
                if silent {
                    assert_deaf_to(phone, hz, from, to);
                } else {
                    let softer = if number == 3 && speaker == 0 { -12.0 } else { 0.0 };
                    assert_hears(phone, hz, SPOKEN + softer, from, to);
                }
            }
        }
    }
}

#[test]
fn two_of_different_codecs_hear_each_other_hold_and_come_back_soon() {
    for codecs in [[Codec::Pcmu, Codec::Opus], [Codec::G722, Codec::Pcma]] {
        let mut phones = codecs.map(Phone::new);
        let mut house = House::new();
        house.prompt("moh/default", MUSIC, 700);
        let [a, b] = phones.each_mut().map(|phone| house.open(phone));
        house.give(MediaCommand::Connect { a, b });
        let times = meanwhile(&mut phones, 2_400, |begun| {
            sleep_until(begun + ms(900));
            house.give(MediaCommand::Disconnect { port: a });
            let sounds = vec![Sound::Prompt("moh/default".to_owned())];
            house.give(MediaCommand::Play {
                port: b,
                id: sound(1),
                tenant: TENANT,
                sounds,
                language: None,
                forever: true,
            });
            let held = Instant::now();
            sleep_until(begun + ms(1_600));
            house.give(MediaCommand::Hush { port: b });
            house.give(MediaCommand::Connect { a, b });
            [begun, held, Instant::now(), begun + ms(2_400)]
        });
        let [alice, bob] = &phones;
        for [from, to] in [[times[0], times[1]], [times[2], times[3]]] {
            assert_hears(alice, NOTES[1], SPOKEN, from, to);
            assert_hears(bob, NOTES[0], SPOKEN, from, to);
            assert_deaf_to(alice, NOTES[0], from, to);
            assert_deaf_to(bob, NOTES[1], from, to);
            assert_deaf_to(bob, MUSIC, from, to);
        }
        assert_hears(bob, MUSIC, SPOKEN, times[1], times[2]);
        assert_deaf_to(bob, NOTES[0], times[1], times[2]);
        assert_deaf_to(alice, NOTES[1], times[1], times[2]);
    }
}
