//! SRTP at the ports: what one end says encrypted the other hears plain, or encrypted with other keys.

use std::time::Duration;

use media::dtmf::Digit;
use media::{Codec, FRAME, Rate};
use switch::{MediaCommand, MediaEvent, PortId, Sound, Tone};

use super::phone::Phone;
use super::{House, TENANT, assert_heard, sine, sound};

const CODEC: Codec = Codec::Pcmu;

/// Both say their tone at once, and hear the other's.
fn talk(one: &mut Phone, other: &mut Phone) {
    std::thread::scope(|scope| {
        scope.spawn(|| one.say(&sine(one.rate(), 500.0, 600)));
        scope.spawn(|| other.say(&sine(other.rate(), 1_300.0, 600)));
    });
    one.hear_for(60);
    other.hear_for(60);
    assert_heard(&one.heard[1_600..], one.rate(), 1_300.0, &[500.0]);
    assert_heard(&other.heard[1_600..], other.rate(), 500.0, &[1_300.0]);
}

/// The payloads as they came are not what was said.
fn assert_hidden(phone: &Phone) {
    assert_hidden_with(phone, 10);
}

/// The same with a tag of so many bytes.
fn assert_hidden_with(phone: &Phone, tag: usize) {
    let mut decoder = media::Decoder::new(CODEC, Rate::Narrow);
    let mut pcm = Vec::new();
    for packet in &phone.raw {
        assert_eq!(packet.len(), 12 + 160 + tag, "a header, 20 ms and a tag");
        let start = pcm.len();
        pcm.resize(start + 160, 0);
        decoder.decode(&packet[12..172], &mut pcm[start..]).expect("any byte is a sample");
    }
    let tone = [500.0, 1_300.0].map(|hz| super::level(&pcm, Rate::Narrow, hz));
    assert!(tone.iter().all(|level| *level < -25.0), "{tone:?} dB of {} samples", pcm.len());
}

fn connected(house: &mut House, one: &mut Phone, other: &mut Phone) -> (PortId, PortId) {
    let (a, b) = (house.open(one), house.open(other));
    house.give(MediaCommand::Connect { a, b });
    (a, b)
}

fn dropped(house: &House, port: PortId) -> (u64, u64) {
    house.give(MediaCommand::Close { port });
    loop {
        match house.event() {
            Some(MediaEvent::Closed { port: closed, stats }) if closed == port => {
                return (stats.packets_in, stats.dropped);
            }
            Some(_) => {}
            None => panic!("it was not closed"),
        }
    }
}

#[test]
fn a_secure_phone_and_a_plain_one_hear_each_other() {
    let (mut house, mut one, mut other) = (House::new(), Phone::new(CODEC).with_keys(1, 2), Phone::new(CODEC));
    let (a, _) = connected(&mut house, &mut one, &mut other);
    talk(&mut one, &mut other);
    assert_hidden(&one);
    assert!(other.raw.iter().all(|packet| packet.len() == 172), "plain packets");
    assert_eq!(dropped(&house, a), (30, 0));
}

#[test]
fn two_secure_phones_with_other_keys_hear_each_other() {
    let (mut one, mut other) = (Phone::new(CODEC).with_keys(1, 2), Phone::new(CODEC).with_keys(3, 4));
    let mut house = House::new();
    connected(&mut house, &mut one, &mut other);
    talk(&mut one, &mut other);
    assert_hidden(&one);
    assert_hidden(&other);
}

#[test]
fn a_phone_with_the_short_tag_talks_with_one_that_has_the_long_one() {
    let (mut one, mut other) = (Phone::new(CODEC).with_short_keys(1, 2), Phone::new(CODEC).with_keys(3, 4));
    let mut house = House::new();
    let (a, _) = connected(&mut house, &mut one, &mut other);
    talk(&mut one, &mut other);
    assert_hidden_with(&one, 4);
    assert_hidden(&other);
    // A packet that somebody changed on the way.
    let mut forged = one.raw[0].clone();
    forged[20] ^= 1;
    one.send_raw(&forged);
    one.hear_for(100);
    assert_eq!(dropped(&house, a), (30, 1));
}

#[test]
fn what_is_transcoded_is_decrypted_and_encrypted() {
    let (mut one, mut other) = (Phone::new(CODEC).with_keys(1, 2), Phone::new(Codec::G722).with_keys(3, 4));
    let mut house = House::new();
    connected(&mut house, &mut one, &mut other);
    std::thread::scope(|scope| {
        scope.spawn(|| one.say(&sine(Rate::Narrow, 500.0, 800)));
        scope.spawn(|| other.hear_for(900));
    });
    assert_heard(&other.heard[6_400..], other.rate(), 500.0, &[1_300.0]);
}

#[test]
fn what_is_played_is_encrypted_and_keys_are_understood() {
    let (mut house, mut phone) = (House::new(), Phone::new(CODEC).with_keys(1, 2));
    let port = house.open(&mut phone);
    let sounds = vec![Sound::Tone(Tone::Test(500), FRAME * 20)];
    house.give(MediaCommand::Play { port, id: sound(1), tenant: TENANT, sounds, language: None, forever: false });
    assert!(matches!(house.event_heard_by(&mut phone), Some(MediaEvent::Played { fault: None, .. })));
    assert_heard(&phone.heard, phone.rate(), 500.0, &[1_300.0]);
    assert_hidden(&phone);
    phone.press('7');
    let digit = Digit::from_char('7').expect("a key");
    assert_eq!(house.event(), Some(MediaEvent::Key { port, digit }));
}

#[test]
fn plain_and_forged_packets_are_dropped_and_learn_no_address() {
    let (mut house, mut one, mut other) = (House::new(), Phone::new(CODEC).with_keys(1, 2), Phone::new(CODEC));
    let (a, _) = connected(&mut house, &mut one, &mut other);
    // From another socket, as an attacker would who guesses the port.
    let mut stranger = Phone::new(CODEC);
    stranger.far = one.far;
    stranger.say(&sine(Rate::Narrow, 900.0, 200));
    let mut forger = Phone::new(CODEC).with_keys(9, 9);
    forger.far = one.far;
    forger.say(&sine(Rate::Narrow, 900.0, 200));
    other.hear_for(50);
    assert!(other.raw.is_empty() && stranger.raw.is_empty(), "nothing came through");
    talk(&mut one, &mut other);
    assert!(stranger.raw.is_empty() && forger.raw.is_empty(), "and nothing went astray");
    assert_eq!(dropped(&house, a), (30, 20));
}

#[test]
fn a_packet_that_comes_again_is_not_let_through_twice() {
    let (mut house, mut one, mut other) = (House::new(), Phone::new(CODEC), Phone::new(CODEC).with_keys(3, 4));
    connected(&mut house, &mut one, &mut other);
    one.say(&sine(Rate::Narrow, 500.0, 100));
    other.hear_for(100);
    let first = other.raw.len();
    assert_eq!(first, 5);
    // What the plain end repeats would be encrypted with the same key stream again.
    let packet = [[0x80, 0, 0, 17, 0, 0, 15, 160, 0, 0, 15, 14].as_slice(), &[0x55; 160]].concat();
    one.send_raw(&packet);
    other.hear_for(100);
    assert_eq!(other.raw.len(), first);
}

#[test]
fn keys_live_on_when_the_same_is_agreed_again() {
    let (mut house, mut one, mut other) = (House::new(), Phone::new(CODEC).with_keys(1, 2), Phone::new(CODEC));
    let (a, _) = connected(&mut house, &mut one, &mut other);
    talk(&mut one, &mut other);
    let replay = one.raw.len();
    house.give(one.expect(a));
    one.heard.clear();
    other.heard.clear();
    // The phone's own window would refuse a stream whose counters began anew.
    talk(&mut one, &mut other);
    assert!(one.raw.len() > replay);
    // Another key of the exchange's: the phone, which was not told, would take nothing.
    one.set_keys(5, 2);
    house.give(one.expect(a));
    let before = one.raw.len();
    other.say(&sine(Rate::Narrow, 1_300.0, 100));
    std::thread::sleep(Duration::from_millis(50));
    let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| one.hear_for(100)));
    assert!(refused.is_err() && one.raw.len() > before, "it is not authentic any more");
}
