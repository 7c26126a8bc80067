//! Two phones that are connected: of one codec, of two.

use std::time::Duration;

use media::Codec;
use switch::MediaCommand;

use super::phone::Phone;
use super::{House, assert_heard, sine};

/// Both speak at once, one at 440 Hz and one at 880.
fn talk(one: &mut Phone, other: &mut Phone, millis: u64) {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            one.say(&sine(one.rate(), 440.0, millis));
            one.hear_for(150);
        });
        other.say(&sine(other.rate(), 880.0, millis));
        other.hear_for(150);
    });
}

/// The middle of what was heard, where both speak.
fn middle(phone: &Phone) -> &[i16] {
    phone.heard.get(phone.heard.len() / 4..phone.heard.len() * 3 / 4).expect("sound")
}

fn connected(one: &mut Phone, other: &mut Phone) -> House {
    let mut house = House::new();
    let (a, b) = (house.open(one), house.open(other));
    house.give(MediaCommand::Connect { a, b });
    house
}

#[test]
fn two_codecs_hear_each_other() {
    for (first, second) in
        [(Codec::Pcmu, Codec::Opus), (Codec::Pcmu, Codec::G722), (Codec::G722, Codec::Opus), (Codec::Pcma, Codec::Pcmu)]
    {
        let (mut one, mut other) = (Phone::new(first), Phone::new(second));
        let house = connected(&mut one, &mut other);
        talk(&mut one, &mut other, 1_000);
        assert_heard(middle(&other), other.rate(), 440.0, &[880.0]);
        assert_heard(middle(&one), one.rate(), 880.0, &[440.0]);
        for phone in [&one, &other] {
            let count = phone.packets.len();
            // The end of it is concealed for some frames: nobody knows yet that it is the end.
            assert!((45..=58).contains(&count), "{count} packets of 50 came to {:?}", phone.codec);
        }
        drop(house);
    }
}

#[test]
fn keys_go_along_with_the_other_ends_number_and_clock() {
    let mut one = Phone::new(Codec::Pcmu).with_events(101, 8_000);
    let mut other = Phone::new(Codec::Opus).with_events(110, 48_000);
    let house = connected(&mut one, &mut other);
    let rate = one.rate();
    one.say(&sine(rate, 440.0, 200));
    one.press('5');
    other.hear_for(300);
    let events: Vec<_> = other.packets.iter().filter(|packet| packet.0 == 110).collect();
    assert!((5..=9).contains(&events.len()), "{events:?}");
    assert!(events.windows(2).all(|pair| pair[0].3 == pair[1].3), "one beginning: {events:?}");
    assert_eq!(events.iter().filter(|event| event.1).count(), 1, "one mark: {events:?}");
    let ssrcs: std::collections::BTreeSet<_> = other.packets.iter().map(|packet| packet.4).collect();
    assert_eq!(ssrcs.len(), 1, "one stream");
    assert!(house.outbox.received.try_recv().is_err(), "nobody else is told of a key between two who are connected");
}

#[test]
fn like_phones_get_each_others_packets_as_they_are_but_for_the_numbers() {
    let mut one = Phone::new(Codec::Pcmu).with_events(101, 8_000);
    let mut other = Phone::new(Codec::Pcmu).with_events(96, 8_000);
    let house = connected(&mut one, &mut other);
    let rate = one.rate();
    one.say(&sine(rate, 440.0, 100));
    one.press('7');
    other.hear_for(100);
    assert!(other.packets.iter().all(|packet| packet.4 == 0xf0e), "the other's own stream");
    assert_eq!(other.packets.iter().filter(|packet| packet.0 == 0).count(), 5);
    assert!(other.packets.iter().filter(|packet| packet.0 == 96).count() >= 5, "{:?}", other.packets);
    assert!(other.packets.iter().all(|packet| packet.0 != 101));
    let naps = house.naps();
    std::thread::sleep(Duration::from_secs(1));
    assert!(house.naps() <= naps + 3, "nothing ticks where packets are relayed");
}

#[test]
fn who_is_parted_from_another_codec_is_not_heard_any_more() {
    let (mut one, mut other) = (Phone::new(Codec::Pcmu), Phone::new(Codec::G722));
    let mut house = House::new();
    let (a, b) = (house.open(&mut one), house.open(&mut other));
    house.give(MediaCommand::Connect { a, b });
    talk(&mut one, &mut other, 300);
    assert!(!other.packets.is_empty());
    house.give(MediaCommand::Disconnect { port: a });
    other.hear_for(150);
    let packets = other.packets.len();
    talk(&mut one, &mut other, 300);
    assert_eq!(other.packets.len(), packets);
    let naps = house.naps();
    std::thread::sleep(Duration::from_secs(1));
    assert!(house.naps() <= naps + 3, "nothing ticks any more");
}
