//! Two phones that are connected, and one of them holds: what each hears.

use std::time::Duration;

use media::Codec;
use switch::{MediaCommand, PortId, Sound};

use super::phone::Phone;
use super::{House, TENANT, assert_heard, sine, sound};

const ALICE: f64 = 440.0;
const BOB: f64 = 880.0;
const MUSIC: f64 = 1_500.0;

fn music(port: PortId) -> MediaCommand {
    let sounds = vec![Sound::Prompt("moh/default".to_owned())];
    MediaCommand::Play { port, id: sound(1), tenant: TENANT, sounds, language: None, forever: true }
}

/// Both speak at once for so long; gives what each heard of it.
fn talk(alice: &mut Phone, bob: &mut Phone, millis: u64) -> (Vec<i16>, Vec<i16>) {
    for phone in [&mut *alice, &mut *bob] {
        phone.heard.clear();
    }
    std::thread::scope(|scope| {
        scope.spawn(|| {
            alice.say(&sine(alice.rate(), ALICE, millis));
            alice.hear_for(150);
        });
        bob.say(&sine(bob.rate(), BOB, millis));
        bob.hear_for(150);
    });
    let middle =
        |phone: &Phone| phone.heard.get(phone.heard.len() / 4..phone.heard.len() * 3 / 4).unwrap_or_default().to_vec();
    (middle(alice), middle(bob))
}

#[test]
fn who_is_held_hears_music_and_who_holds_hears_nothing_until_he_is_back() {
    for codecs in [(Codec::Pcmu, Codec::Pcmu), (Codec::Opus, Codec::Opus), (Codec::Pcmu, Codec::Opus)] {
        let (mut alice, mut bob) = (Phone::new(codecs.0), Phone::new(codecs.1));
        let mut house = House::new();
        house.prompt("moh/default", MUSIC, 700);
        let (a, b) = (house.open(&mut alice), house.open(&mut bob));
        for _ in 0..2 {
            house.give(MediaCommand::Connect { a, b });
            let (by_alice, by_bob) = talk(&mut alice, &mut bob, 600);
            assert_heard(&by_alice, alice.rate(), BOB, &[ALICE, MUSIC]);
            assert_heard(&by_bob, bob.rate(), ALICE, &[BOB, MUSIC]);
            house.give(MediaCommand::Disconnect { port: a });
            house.give(music(b));
            let (by_alice, by_bob) = talk(&mut alice, &mut bob, 900);
            assert_heard(&by_bob, bob.rate(), MUSIC, &[ALICE, BOB]);
            // What was under way to who holds may still arrive, and no more.
            let late = alice.rate().samples(Duration::from_millis(100));
            assert!(by_alice.len() < late, "who holds hears {} samples", by_alice.len());
            house.give(MediaCommand::Hush { port: b });
        }
        house.give(MediaCommand::Connect { a, b });
        let (by_alice, by_bob) = talk(&mut alice, &mut bob, 600);
        assert_heard(&by_alice, alice.rate(), BOB, &[ALICE, MUSIC]);
        assert_heard(&by_bob, bob.rate(), ALICE, &[BOB, MUSIC]);
    }
}
