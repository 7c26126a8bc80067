//! Two phones that are connected and do not do things in the same way: keys as events or as tones, packets of other lengths,
//! a codec that nobody agreed on, silence that is told or not.

use std::collections::BTreeSet;
use std::time::Duration;

use media::dtmf::{Detector, Digit, Generator, Heard};
use media::{Codec, Rate};
use switch::{MediaCommand, MediaEvent};

use super::phone::Phone;
use super::{House, assert_heard, sine};

fn connected(one: &mut Phone, other: &mut Phone) -> (House, switch::PortId, switch::PortId) {
    let mut house = House::new();
    let (a, b) = (house.open(one), house.open(other));
    house.give(MediaCommand::Connect { a, b });
    (house, a, b)
}

fn key(key: char) -> Digit {
    Digit::from_char(key).expect("a key")
}

/// A key as a tone, in silence.
fn tone(digit: char, rate: Rate) -> Vec<i16> {
    let mut generator = Generator::new(rate);
    generator.send(key(digit), Duration::from_millis(120)).expect("room");
    let mut sound = vec![0; rate.samples(Duration::from_millis(400))];
    for frame in sound.chunks_mut(rate.frame()) {
        generator.fill(frame);
    }
    sound
}

/// The keys in a sound of 8 kHz.
fn keys_in(sound: &[i16]) -> String {
    let mut detector = Detector::default();
    sound.chunks_exact(160).for_each(|frame| detector.handle(frame));
    let mut keys = String::new();
    while let Some(heard) = detector.poll() {
        if let Heard::Began(digit) = heard {
            keys.push_str(&digit.to_string());
        }
    }
    keys
}

/// Packets of this payload type that a phone got.
fn count(phone: &Phone, number: u8) -> usize {
    phone.packets.iter().filter(|packet| packet.0 == number).count()
}

/// The payloads of the events that a phone got: key, whether it ends, and for how long it was pressed.
fn events(phone: &Phone) -> Vec<(u8, bool, u16)> {
    let events = phone.raw.iter().filter(|packet| packet[1] & 0x7f == 101);
    events.map(|packet| (packet[12], packet[13] & 0x80 != 0, u16::from_be_bytes([packet[14], packet[15]]))).collect()
}

fn streams(phone: &Phone) -> usize {
    phone.packets.iter().map(|packet| packet.4).collect::<BTreeSet<_>>().len()
}

#[test]
fn keys_in_events_are_tones_to_who_takes_no_events() {
    for other in [Codec::Pcmu, Codec::Pcma] {
        let (mut one, mut other) = (Phone::new(Codec::Pcmu), Phone::new(other).without_events());
        let (_house, ..) = connected(&mut one, &mut other);
        one.say(&sine(Rate::Narrow, 440.0, 400));
        one.press('5');
        one.say(&vec![0; 3_200]);
        one.press('#');
        one.say(&sine(Rate::Narrow, 440.0, 400));
        other.hear_for(200);
        assert_eq!((keys_in(&other.heard).as_str(), count(&other, 101)), ("5#", 0));
        assert_heard(&other.heard[1_600..3_200], Rate::Narrow, 440.0, &[880.0]);
        assert_eq!(streams(&other), 1, "one stream");
    }
}

#[test]
fn keys_in_events_are_told_of_whose_far_end_is_informed_and_not_heard() {
    for other in [Codec::Pcmu, Codec::G722] {
        let (mut one, mut other) = (Phone::new(Codec::Pcmu), Phone::new(other).without_events());
        other.informed = true;
        let (house, _, b) = connected(&mut one, &mut other);
        one.say(&sine(Rate::Narrow, 440.0, 400));
        one.press('5');
        one.say(&vec![0; 3_200]);
        one.press('#');
        one.say(&sine(Rate::Narrow, 440.0, 400));
        other.hear_for(200);
        for expected in ['5', '#'] {
            let Some(MediaEvent::Tell { port, digit, time }) = house.event() else {
                panic!("nobody is told of {expected}")
            };
            assert_eq!((port, digit), (b, key(expected)));
            assert!((40..=400).contains(&time.as_millis()), "{time:?}");
        }
        if other.codec == Codec::Pcmu {
            assert_eq!((keys_in(&other.heard).as_str(), count(&other, 101)), ("", 0));
        }
        // Who refuses to be told hears it all the same.
        house.give(MediaCommand::Press { port: b, digit: key('7'), time: Duration::from_millis(100) });
        std::thread::scope(|scope| {
            scope.spawn(|| one.say(&sine(Rate::Narrow, 440.0, 600)));
            other.hear_for(800);
        });
        if other.codec == Codec::Pcmu {
            assert_eq!(keys_in(&other.heard), "7");
        }
    }
}

#[test]
fn keys_as_tones_are_events_to_who_takes_them() {
    for other in [Codec::Pcmu, Codec::G722, Codec::Opus] {
        let (mut one, mut other) =
            (Phone::new(Codec::Pcmu).without_events(), Phone::new(other).with_events(101, 8_000));
        let (house, ..) = connected(&mut one, &mut other);
        one.say(&sine(Rate::Narrow, 440.0, 300));
        one.say(&tone('7', Rate::Narrow));
        one.say(&sine(Rate::Narrow, 440.0, 300));
        other.hear_for(300);
        let events = events(&other);
        assert!(!events.is_empty() && events.iter().all(|event| event.0 == 7), "{events:?}");
        let ends: Vec<_> = events.iter().filter(|event| event.1).collect();
        assert_eq!(ends.len(), 3, "the end is said three times (RFC 4733 §2.5.1.4): {events:?}");
        // 8,000 ticks a second; 120 ms, by as much as the detector is early or late.
        assert!((480..=1_600).contains(&ends[0].2), "{events:?}");
        assert_eq!(other.packets.iter().filter(|packet| packet.0 == 101 && packet.1).count(), 1, "one mark");
        assert_eq!(streams(&other), 1, "one stream");
        let own = if other.codec == Codec::Pcmu { keys_in(&other.heard) } else { String::new() };
        assert_eq!(own, "", "the tone itself is not heard as a key again");
        assert!(house.outbox.received.try_recv().is_err(), "nobody else is told");
    }
}

#[test]
fn a_key_that_is_pressed_for_somebody_is_heard_in_the_stream_that_he_hears() {
    for takes_events in [true, false] {
        let (mut one, mut other) = (Phone::new(Codec::Pcmu), Phone::new(Codec::Pcmu));
        if !takes_events {
            (one, other) = (one.without_events(), other.without_events());
        }
        let (house, a, b) = connected(&mut one, &mut other);
        one.say(&sine(Rate::Narrow, 440.0, 200));
        other.hear_for(100);
        let before = other.packets.len();
        for digit in ['4', '2'] {
            house.give(MediaCommand::Press { port: b, digit: key(digit), time: Duration::from_millis(100) });
        }
        std::thread::scope(|scope| {
            scope.spawn(|| one.say(&sine(Rate::Narrow, 440.0, 1_000)));
            other.hear_for(1_200);
        });
        if takes_events {
            let mut keys: Vec<_> = events(&other).iter().map(|event| event.0).collect();
            keys.dedup();
            assert_eq!((keys, keys_in(&other.heard).as_str()), (vec![4, 2], ""));
        } else {
            assert_eq!((keys_in(&other.heard).as_str(), count(&other, 101)), ("42", 0));
        }
        let last = other.heard.len() - 1_600;
        assert_heard(&other.heard[last..], Rate::Narrow, 440.0, &[880.0]);
        let own: BTreeSet<_> = other.packets[before..].iter().map(|packet| packet.4).collect();
        assert_eq!(own.len(), 1, "keys and voice are one stream");
        // The way back is what it was, and who is connected to nobody hears nothing.
        other.say(&sine(Rate::Narrow, 880.0, 200));
        one.hear_for(100);
        assert!(one.packets.iter().all(|packet| packet.4 == 0xf0e));
        house.give(MediaCommand::Disconnect { port: a });
        house.give(MediaCommand::Press { port: b, digit: key('9'), time: Duration::from_millis(100) });
        house.give(MediaCommand::Connect { a, b });
        other.hear_for(100);
        (other.heard, other.raw) = (Vec::new(), Vec::new());
        let stream = other.packets.last().map(|packet| packet.4);
        other.packets.clear();
        std::thread::scope(|scope| {
            scope.spawn(|| one.say(&sine(Rate::Narrow, 440.0, 600)));
            other.hear_for(800);
        });
        assert_eq!((keys_in(&other.heard).as_str(), events(&other).len()), ("", 0));
        // What was encrypted may not go back to another stream after minutes, so that it never does.
        assert!(other.packets.iter().all(|packet| Some(packet.4) == stream), "one stream until the end");
    }
}

#[test]
fn a_phone_that_tells_each_key_in_two_forms_presses_one() {
    for info_first in [false, true] {
        let (mut one, mut other) = (Phone::new(Codec::Pcmu), Phone::new(Codec::Pcmu));
        let (house, _, b) = connected(&mut one, &mut other);
        one.say(&sine(Rate::Narrow, 440.0, 200));
        std::thread::scope(|scope| {
            scope.spawn(|| other.hear_for(8_500));
            for digit in ['7', '7', '4'] {
                let press = MediaCommand::Press { port: b, digit: key(digit), time: Duration::from_millis(100) };
                if info_first {
                    house.give(press.clone());
                }
                one.press(digit);
                if !info_first {
                    house.give(press);
                }
                // Keys of one kind are further apart than the two forms of one.
                one.say(&sine(Rate::Narrow, 440.0, 2_300));
            }
        });
        let ends: BTreeSet<_> = other
            .raw
            .iter()
            .filter(|packet| packet[1] & 0x7f == 101)
            .map(|packet| (u32::from_be_bytes([packet[4], packet[5], packet[6], packet[7]]), packet[12]))
            .collect();
        let keys: Vec<_> = ends.iter().map(|(_, key)| *key).collect();
        assert_eq!(keys.len(), 3, "{keys:?}, INFO first: {info_first}");
    }
}

#[test]
fn a_key_that_is_down_when_the_two_part_is_not_pressed_for_the_next() {
    let (mut one, mut other) = (Phone::new(Codec::Pcmu).without_events(), Phone::new(Codec::Opus));
    let (house, a, b) = connected(&mut one, &mut other);
    let tone = tone('7', Rate::Narrow);
    one.say(&sine(Rate::Narrow, 440.0, 200));
    // It never ends.
    one.say(&tone[..800]);
    house.give(MediaCommand::Disconnect { port: a });
    house.give(MediaCommand::Connect { a, b });
    other.hear_for(150);
    (other.heard, other.raw) = (Vec::new(), Vec::new());
    std::thread::scope(|scope| {
        scope.spawn(|| one.say(&sine(Rate::Narrow, 440.0, 800)));
        other.hear_for(1_000);
    });
    assert_eq!(events(&other), []);
    assert_heard(&other.heard[other.heard.len() / 2..other.heard.len() * 3 / 4], other.rate(), 440.0, &[880.0]);
}

#[test]
fn keys_as_tones_have_their_frequencies_after_a_change_of_codec() {
    let (mut one, mut other) =
        (Phone::new(Codec::Opus).with_events(101, 48_000), Phone::new(Codec::G722).without_events());
    let (house, _, b) = connected(&mut one, &mut other);
    one.say(&sine(one.rate(), 440.0, 300));
    let far = other.far;
    let mut other = Phone::new(Codec::Pcmu).without_events();
    other.far = far;
    house.give(other.expect(b));
    one.say(&sine(one.rate(), 440.0, 300));
    one.press('5');
    std::thread::scope(|scope| {
        scope.spawn(|| one.say(&sine(one.rate(), 440.0, 500)));
        other.hear_for(700);
    });
    assert_eq!(keys_in(&other.heard), "5");
}

#[test]
fn who_goes_to_another_codec_without_a_word_is_heard() {
    for (turned, number) in [(Codec::Pcma, 8), (Codec::G722, 9)] {
        let (mut one, mut other) = (Phone::new(Codec::Pcmu), Phone::new(Codec::Pcmu));
        let (_house, ..) = connected(&mut one, &mut other);
        one.say(&sine(Rate::Narrow, 440.0, 200));
        one.turn_to(turned, number);
        one.say(&sine(Rate::Narrow, 440.0, 600));
        other.hear_for(150);
        assert!(other.packets.iter().filter(|packet| packet.0 != 0).count() == 0, "{:?}", other.packets);
        let end = other.heard.len();
        assert_heard(&other.heard[end - 4_000..end - 1_200], Rate::Narrow, 440.0, &[880.0]);
    }
    // Where the exchange itself listens.
    let mut one = Phone::new(Codec::Pcmu);
    let mut house = House::new();
    let port = house.open(&mut one);
    house.give(MediaCommand::Echo { port, on: true });
    one.turn_to(Codec::Pcma, 8);
    one.say(&sine(Rate::Narrow, 440.0, 600));
    assert_heard(&one.heard[one.heard.len() - 2_400..], Rate::Narrow, 440.0, &[880.0]);
    // What nobody knows is not heard, and the call lives.
    one.turn_to(Codec::Pcma, 77);
    one.say(&sine(Rate::Narrow, 440.0, 200));
    one.turn_to(Codec::Pcmu, 0);
    one.say(&sine(Rate::Narrow, 880.0, 600));
    assert_heard(&one.heard[one.heard.len() - 2_400..], Rate::Narrow, 880.0, &[440.0]);
}

#[test]
fn packets_have_the_length_that_each_wants() {
    for codec in [Codec::Pcmu, Codec::G722] {
        let (mut one, mut other) = (Phone::new(codec), Phone::new(codec).with_ptime(Duration::from_millis(40)));
        let (_house, ..) = connected(&mut one, &mut other);
        one.say(&sine(one.rate(), 440.0, 800));
        other.say(&sine(other.rate(), 880.0, 400));
        one.hear_for(100);
        assert!(other.raw.iter().all(|packet| packet.len() == 12 + 320), "40 ms");
        assert!((18..=24).contains(&other.raw.len()), "{} packets of 20", other.raw.len());
        assert_heard(&other.heard[other.heard.len() / 2..other.heard.len() * 3 / 4], one.rate(), 440.0, &[880.0]);
        assert!(one.raw.iter().all(|packet| packet.len() == 12 + 160), "each way for itself");
    }
}

#[test]
fn silence_is_told_once_to_who_takes_comfort_noise() {
    let (mut one, mut other) = (Phone::new(Codec::Pcmu).with_noise(), Phone::new(Codec::G722).with_noise());
    let (_house, ..) = connected(&mut one, &mut other);
    one.say(&sine(Rate::Narrow, 440.0, 400));
    other.hear_for(100);
    let spoken = count(&other, 9);
    one.fall_silent(50, 900);
    other.hear_for(900);
    let told: Vec<_> = other.raw.iter().filter(|packet| packet[1] & 0x7f == 13).map(|packet| packet[12]).collect();
    // When it begins, when the noise that is heard here has its level, and a second later.
    assert!((1..=3).contains(&told.len()), "{told:?}");
    // 127: the last packet of the voice is over before the word of silence is there.
    assert!(told.iter().all(|level| (45..=80).contains(level) || *level == 127), "{told:?}");
    assert!(told.last().is_some_and(|level| (48..=53).contains(level)), "{told:?}");
    assert!(count(&other, 9) <= spoken + 8, "{} packets of sound in the silence", count(&other, 9) - spoken);
    // And the voice is heard again.
    one.say(&sine(Rate::Narrow, 440.0, 400));
    other.hear_for(100);
    let end = other.heard.len();
    assert_heard(&other.heard[end - 4_800..end - 2_400], Rate::Wide, 440.0, &[880.0]);
}
