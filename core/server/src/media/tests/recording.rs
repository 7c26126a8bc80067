//! What callers say comes back to them, and to the disk.

use std::time::Duration;

use media::sound::Limits;
use media::{Codec, Rate, Sound as Samples};
use switch::{AudioError, MediaCommand, MediaEvent, PortId, Sound};

use super::phone::Phone;
use super::{House, TENANT, assert_heard, sine, sound};

fn record(port: PortId, id: u32, name: &str, limit: Duration, silence: Option<Duration>) -> MediaCommand {
    MediaCommand::Record { port, id: sound(id), tenant: TENANT, name: name.to_owned(), limit, silence }
}

fn recorded(house: &House, name: &str) -> Samples {
    let path = house.data.path().join("tenants/7/recordings").join(format!("{name}.wav"));
    let bytes = std::fs::read(path).expect("the recording");
    Samples::decode(&bytes, Rate::Narrow, &Limits::default()).expect("sound")
}

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn an_echo_gives_back_what_was_said() {
    for codec in [Codec::Pcmu, Codec::G722, Codec::Opus] {
        let (mut house, mut phone) = (House::new(), Phone::new(codec));
        let port = house.open(&mut phone);
        house.give(MediaCommand::Echo { port, on: true });
        let said = sine(phone.rate(), 700.0, 800);
        phone.say(&said);
        phone.hear_for(200);
        let heard = phone.heard.get(phone.heard.len() / 4..phone.heard.len() * 3 / 4).expect("an echo");
        assert_heard(heard, phone.rate(), 700.0, &[440.0, 1_400.0]);
        house.give(MediaCommand::Echo { port, on: false });
        phone.hear_for(100);
        let packets = phone.packets.len();
        phone.say(&said[..said.len() / 4]);
        assert_eq!(phone.packets.len(), packets, "no echo any more");
    }
}

#[test]
fn what_was_said_is_on_the_disk_and_can_be_played() {
    for codec in [Codec::Pcmu, Codec::Opus] {
        let (mut house, mut phone) = (House::new(), Phone::new(codec));
        let port = house.open(&mut phone);
        house.give(record(port, 1, "memo", MINUTE, None));
        phone.say(&sine(phone.rate(), 500.0, 500));
        phone.say(&sine(phone.rate(), 900.0, 500));
        phone.hear_for(150);
        house.give(MediaCommand::Enough { port });
        let Some(MediaEvent::Recorded { id, length, fault: None, .. }) = house.event() else { panic!("recorded") };
        let sounding = recorded(&house, "memo");
        assert_eq!((id, sounding.length()), (sound(1), length));
        assert!((1_000..1_400).contains(&length.as_millis()), "{length:?}");
        let begin = sounding.samples().iter().position(|sample| sample.abs() > 1_000).expect("sound");
        let said = &sounding.samples()[begin..];
        assert_heard(&said[400..3_600], Rate::Narrow, 500.0, &[900.0]);
        assert_heard(&said[4_400..7_600], Rate::Narrow, 900.0, &[500.0]);
        let sounds = vec![Sound::Recording("memo".to_owned())];
        house.give(MediaCommand::Play { port, id: sound(2), tenant: TENANT, sounds, language: None, forever: false });
        assert_eq!(house.event_heard_by(&mut phone), Some(MediaEvent::Played { port, id: sound(2), fault: None }));
        assert!(phone.heard.len() > phone.rate().samples(Duration::from_secs(1)));
    }
}

#[test]
fn silence_and_the_limit_end_a_recording() {
    let (mut house, mut phone) = (House::new(), Phone::new(Codec::Pcmu));
    let port = house.open(&mut phone);
    house.give(record(port, 1, "short", Duration::from_millis(300), None));
    phone.say(&sine(Rate::Narrow, 500.0, 600));
    let Some(MediaEvent::Recorded { length, fault: None, .. }) = house.event() else { panic!("recorded") };
    assert_eq!(length, Duration::from_millis(300));
    house.give(record(port, 2, "quiet", MINUTE, Some(Duration::from_millis(400))));
    phone.say(&sine(Rate::Narrow, 500.0, 400));
    let Some(MediaEvent::Recorded { id, length, fault: None, .. }) = house.event() else { panic!("recorded") };
    assert_eq!(id, sound(2));
    assert!((400..1_000).contains(&length.as_millis()), "{length:?}");
    assert_eq!(recorded(&house, "quiet").length(), length);
}

#[test]
fn a_call_that_ends_leaves_a_whole_recording() {
    let (mut house, mut phone) = (House::new(), Phone::new(Codec::Pcmu));
    let port = house.open(&mut phone);
    house.give(record(port, 1, "last-words", MINUTE, None));
    phone.say(&sine(Rate::Narrow, 500.0, 400));
    house.give(MediaCommand::Close { port });
    let events = [house.event(), house.event()];
    let length = events.iter().flatten().find_map(|event| match event {
        MediaEvent::Recorded { length, fault: None, .. } => Some(*length),
        _ => None,
    });
    assert_eq!(recorded(&house, "last-words").length(), length.expect("recorded"));
}

#[test]
fn a_disk_that_takes_nothing_is_told_and_the_call_lives() {
    let (mut house, mut phone) = (House::new(), Phone::new(Codec::Pcmu));
    // Nobody can make a folder in a file.
    std::fs::write(house.data.path().join("tenants"), b"").expect("a file");
    let port = house.open(&mut phone);
    house.give(record(port, 1, "memo", MINUTE, None));
    let Some(MediaEvent::Recorded { length, fault: Some(AudioError::Unwritable(_)), .. }) = house.event() else {
        panic!("unwritable")
    };
    assert_eq!(length, Duration::ZERO);
    house.give(record(port, 2, "../memo", MINUTE, None));
    assert!(matches!(house.event(), Some(MediaEvent::Recorded { fault: Some(AudioError::Unwritable(_)), .. })));
    house.give(MediaCommand::Enough { port });
    house.give(MediaCommand::Echo { port, on: true });
    phone.say(&sine(Rate::Narrow, 500.0, 400));
    assert_heard(&phone.heard, Rate::Narrow, 500.0, &[900.0]);
    assert!(house.outbox.received.try_recv().is_err(), "it is told once");
}
