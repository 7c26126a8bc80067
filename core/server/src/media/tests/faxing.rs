//! Fax between two ports: datagrams pass as they are, and the sound comes back afterwards.

use std::time::Duration;

use media::Codec;
use switch::{MediaCommand, MediaEvent, PortId, RecordingFormat, RecordingLayout};

use super::phone::Phone;
use super::{House, TENANT, assert_heard, sine, sound};

/// UDPTL (ITU-T T.38 §9.1) as far as anybody here is concerned: a number, and something.
fn udptl(sequence: u16, length: usize) -> Vec<u8> {
    let mut datagram = sequence.to_be_bytes().to_vec();
    datagram.extend((0..length).map(|byte| byte as u8 ^ 0x5a));
    datagram
}

fn fax(house: &House, port: PortId, phone: &Phone) {
    let remote = phone.address();
    house.give(MediaCommand::Fax { port, remote, signalling: remote.ip() });
}

/// What was on its way still has come.
fn settle(phones: [&Phone; 2]) {
    for phone in phones {
        while phone.hear_datagram_within(Duration::from_millis(200)).is_some() {}
    }
}

/// Says a tone of its own for a while, and the other hears it.
fn heard_by(one: &mut Phone, other: &mut Phone) {
    other.heard.clear();
    std::thread::scope(|scope| {
        scope.spawn(|| one.say(&sine(one.rate(), 500.0, 600)));
        scope.spawn(|| other.say(&sine(other.rate(), 1_300.0, 600)));
    });
    other.hear_for(100);
    assert_heard(&other.heard[other.rate().samples(Duration::from_millis(200))..], other.rate(), 500.0, &[1_300.0]);
}

#[test]
fn fax_passes_as_it_is_and_the_sound_comes_back_with_its_keys() {
    // One encrypts, the other has another codec: both are decoded and encoded while they speak.
    let mut house = House::new();
    let (mut one, mut other) = (Phone::new(Codec::Pcma).with_keys(1, 2), Phone::new(Codec::G722));
    let (a, b) = (house.open(&mut one), house.open(&mut other));
    house.give(MediaCommand::Connect { a, b });
    heard_by(&mut one, &mut other);
    for (port, phone) in [(a, &one), (b, &other)] {
        fax(&house, port, phone);
    }
    house.give(MediaCommand::Connect { a, b });
    settle([&one, &other]);
    let sent: Vec<Vec<u8>> = (0..300).map(|number| udptl(number * 200, usize::from(number) * 4)).collect();
    for datagram in &sent {
        one.send_raw(datagram);
        assert_eq!(other.hear_datagram().as_ref(), Some(datagram));
        other.send_raw(datagram);
        assert_eq!(one.hear_datagram().as_ref(), Some(datagram));
    }
    // Somebody else, who knows the port.
    let mut stranger = Phone::new(Codec::Pcma);
    stranger.far = one.far;
    stranger.send_raw(&udptl(7, 7));
    other.hears_nothing_for(Duration::from_millis(200));
    // Sound again: the same streams under the same keys.
    for (port, phone) in [(a, &one), (b, &other)] {
        house.give(phone.expect(port));
    }
    house.give(MediaCommand::Connect { a, b });
    heard_by(&mut one, &mut other);
    heard_by(&mut other, &mut one);
    house.give(MediaCommand::Close { port: a });
    let stats = loop {
        match house.event() {
            Some(MediaEvent::Closed { port, stats }) if port == a => break stats,
            Some(_) => {}
            None => panic!("it was not closed"),
        }
    };
    // Three times 30 packets of sound, and the fax.
    assert_eq!((stats.packets_in, stats.dropped), (90 + 300, 1));
}

#[test]
fn nobody_plays_reports_or_records_while_it_is_fax() {
    let mut house = House::new();
    let (mut one, mut other) = (Phone::new(Codec::Pcma), Phone::new(Codec::Pcma));
    let (a, b) = (house.open(&mut one), house.open(&mut other));
    house.give(MediaCommand::Connect { a, b });
    let (name, format, layout) = ("talk".to_owned(), RecordingFormat::Wav, RecordingLayout::Stereo);
    house.give(MediaCommand::RecordCall { port: a, id: sound(1), tenant: TENANT, name, format, layout, beep: true });
    house.give(MediaCommand::Tap { port: a, near: true, far: Some(b) });
    heard_by(&mut one, &mut other);
    for (port, phone) in [(a, &one), (b, &other)] {
        fax(&house, port, phone);
    }
    house.give(MediaCommand::Connect { a, b });
    let what = vec![switch::Sound::Tone(switch::Tone::Busy, Duration::from_secs(1))];
    let (id, tenant, language, forever) = (sound(2), TENANT, None, false);
    house.give(MediaCommand::Play { port: b, id, tenant, sounds: what, language, forever });
    let played = house.event();
    let Some(MediaEvent::Played { port, id, fault: Some(_) }) = played else { panic!("{played:?}") };
    assert_eq!((port, id), (b, sound(2)));
    settle([&one, &other]);
    // Long enough for a report, and for the tone of the recording.
    let mut passed = 0;
    for number in 0..320 {
        one.send_raw(&udptl(number, 40));
        let datagram = other.hear_datagram();
        assert_eq!(datagram, Some(udptl(number, 40)), "something of ours came between");
        passed += 1;
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(passed, 320);
    one.hears_nothing_for(Duration::from_millis(50));
    house.give(MediaCommand::EnoughCall { port: a });
    let Some(MediaEvent::Recorded { fault: None, .. }) = house.event() else { panic!("not recorded") };
    let path = house.data.path().join("tenants/7/recordings/talk.wav");
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    // Two sides of 8 kHz: after the talk and what was on its way there is nothing but silence.
    let samples: Vec<i16> = bytes[44..].chunks_exact(4).map(|frame| i16::from_le_bytes([frame[0], frame[1]])).collect();
    let late = &samples[samples.len() / 4..];
    assert!(late.len() > 8_000 * 8, "{} samples", samples.len());
    let loudest = late.iter().map(|sample| sample.unsigned_abs()).max();
    assert!(loudest.is_some_and(|loudest| loudest < 200), "{loudest:?}");
}
