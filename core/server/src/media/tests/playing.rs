//! What callers hear, and the keys that they press.

use std::time::{Duration, Instant};

use media::dtmf::{Digit, Generator};
use media::{Codec, FRAME, Rate};
use switch::{AudioError, MediaCommand, MediaEvent, PortId, Sound, TenantId, Tone};

use super::phone::Phone;
use super::{House, LONG, SECOND, TENANT, assert_heard, sound};

fn play(port: PortId, id: u32, sounds: Vec<Sound>, forever: bool) -> MediaCommand {
    MediaCommand::Play { port, id: sound(id), tenant: TENANT, sounds, language: None, forever }
}

fn played(port: PortId, id: u32) -> Option<MediaEvent> {
    Some(MediaEvent::Played { port, id: sound(id), fault: None })
}

#[test]
fn a_tone_is_heard_at_its_frequency_in_every_codec_as_one_stream() {
    for codec in Codec::ALL {
        let (mut house, mut phone) = (House::new(), Phone::new(codec));
        let port = house.open(&mut phone);
        let tone = Sound::Tone(Tone::Test(1_000), Duration::from_millis(400));
        house.give(play(port, 1, vec![tone.clone(), Sound::Silence(FRAME * 5), tone], false));
        assert_eq!(house.event_heard_by(&mut phone), played(port, 1), "{codec:?}");
        assert_heard(&phone.heard, phone.rate(), 1_000.0, &[440.0, 880.0, 2_000.0]);
        assert_eq!(phone.packets.len(), 40, "{codec:?}");
        let first = phone.packets[0];
        assert!(first.2 < 0x8000, "the first number is below 2^15: {}", first.2);
        for (n, packet) in (0_u32..).zip(&phone.packets) {
            let ticks = codec.ticks(FRAME) * if n < 20 { n } else { n + 5 };
            let expected =
                (phone.voice().send, n == 0 || n == 20, first.2 + n as u16, first.3.wrapping_add(ticks), first.4);
            assert_eq!(*packet, expected, "packet {n} of {codec:?}");
        }
    }
}

#[test]
fn prompts_and_numbers_are_said_and_a_second_playing_goes_on_in_the_same_stream() {
    let (mut house, mut phone) = (House::new(), Phone::new(Codec::Pcmu));
    house.prompt("welcome", 600.0, 300);
    house.prompt("digits/4", 1_100.0, 300);
    let port = house.open(&mut phone);
    house.give(play(port, 1, vec![Sound::Prompt("welcome".to_owned()), Sound::Number(4)], false));
    assert_eq!(house.event_heard_by(&mut phone), played(port, 1));
    let (first, second) = phone.heard.split_at(2_400);
    assert_heard(first, phone.rate(), 600.0, &[1_100.0]);
    assert_heard(second, phone.rate(), 1_100.0, &[600.0]);
    // A pause that is longer than what is asserted of it below, however late the first playing began.
    phone.hear_for(300);
    let last = *phone.packets.last().expect("packets");
    phone.packets.clear();
    house.give(play(port, 2, vec![Sound::Digits("4".to_owned())], false));
    assert_eq!(house.event_heard_by(&mut phone), played(port, 2));
    let again = phone.packets[0];
    assert_eq!((again.1, again.2, again.4), (true, last.2 + 1, last.4), "marked, numbered on, the same source");
    assert!(again.3.wrapping_sub(last.3) > 1_600, "and its clock went on meanwhile");
}

#[test]
fn what_is_missing_or_broken_is_told_and_the_call_lives() {
    let (mut house, mut phone) = (House::new(), Phone::new(Codec::Pcmu));
    house.prompt("welcome", 600.0, 100);
    std::fs::write(house.data.path().join("prompts/en/broken.wav"), b"RIFF\xff\xff\xff\x7fWAVEfmt ").expect("written");
    let port = house.open(&mut phone);
    let missing = |name: &str| AudioError::Missing(name.to_owned());
    for (id, (wish, expected)) in (1..).zip([
        (Sound::Prompt("nothing".to_owned()), Some(missing("nothing"))),
        (Sound::Prompt("../../../etc/passwd".to_owned()), Some(missing("../../../etc/passwd"))),
        (Sound::Recording("../7/memo".to_owned()), Some(missing("../7/memo"))),
        (Sound::Recording("memo".to_owned()), Some(missing("memo"))),
        (Sound::Prompt("broken".to_owned()), None),
        (Sound::Number(i64::MIN), None),
    ]) {
        house.give(play(port, id, vec![wish.clone()], false));
        let Some(MediaEvent::Played { id: told, fault: Some(fault), .. }) = house.event() else { panic!("{wish:?}") };
        assert_eq!(told, sound(id));
        match expected {
            Some(expected) => assert_eq!(fault, expected),
            None => assert!(matches!(fault, AudioError::Unplayable(..)), "{fault:?}"),
        }
    }
    house.give(play(port, 99, vec![Sound::Prompt("welcome".to_owned())], false));
    assert_eq!(house.event(), played(port, 99));
}

#[test]
fn without_prompts_callers_hear_that_something_would_be_said() {
    let (mut house, mut phone) = (House::new(), Phone::new(Codec::Pcma));
    let port = house.open(&mut phone);
    house.give(play(port, 1, vec![Sound::Prompt("welcome".to_owned())], false));
    assert_eq!(house.event_heard_by(&mut phone), played(port, 1));
    let thirds: Vec<_> = phone.heard.chunks(2_640).collect();
    for (third, hz) in thirds.iter().zip([950.0, 1_400.0, 1_800.0]) {
        assert_heard(third, phone.rate(), hz, &[600.0]);
    }
}

#[test]
fn a_port_without_a_voice_tells_that_there_is_no_codec() {
    let (mut house, mut phone) = (House::new(), Phone::new(Codec::Pcmu));
    let port = house.open(&mut phone);
    let MediaCommand::Expect { remote, signalling, .. } = phone.expect(port) else { unreachable!() };
    let clocks = vec![(18, 8_000)];
    house.give(MediaCommand::Expect {
        port,
        remote,
        rtcp: None,
        mux: false,
        signalling,
        clocks,
        voice: None,
        keys: None,
    });
    house.give(play(port, 1, vec![Sound::Silence(FRAME)], false));
    assert_eq!(house.event(), Some(MediaEvent::Played { port, id: sound(1), fault: Some(AudioError::NoCodec) }));
}

#[test]
fn what_is_hushed_ends_at_once_and_the_thread_sleeps_again() {
    let (mut house, mut phone) = (House::new(), Phone::new(Codec::Pcmu));
    let port = house.open(&mut phone);
    house.give(play(port, 1, vec![Sound::Tone(Tone::Test(700), Duration::from_millis(100))], true));
    let end = Instant::now() + LONG;
    while phone.packets.len() < 20 {
        assert!(Instant::now() < end, "{} packets of a tone of 100 ms, over and over", phone.packets.len());
        phone.hear_for(20);
    }
    house.give(MediaCommand::Hush { port });
    // Whatever is told after it is done after it.
    house.give(MediaCommand::Close { port: PortId(port.0 + 1_000) });
    assert!(matches!(house.event_heard_by(&mut phone), Some(MediaEvent::Closed { .. })));
    let (packets, naps) = (phone.packets.len(), house.naps());
    phone.hear_for(1_000);
    assert_eq!(phone.packets.len(), packets);
    assert!(house.naps() <= naps + 3, "the thread woke {} times in a second", house.naps() - naps);
    assert!(house.outbox.received.try_recv().is_err(), "nobody is told of what was stopped");
}

#[test]
fn keys_come_up_once_each_when_they_go_down() {
    for codec in [Codec::Pcmu, Codec::Opus] {
        let (mut house, mut phone) = (House::new(), Phone::new(codec));
        let port = house.open(&mut phone);
        for key in "12#".chars() {
            phone.press(key);
            let digit = Digit::from_char(key).expect("a key");
            assert_eq!(house.event(), Some(MediaEvent::Key { port, digit }));
        }
        assert!(house.outbox.received.try_recv().is_err(), "and no other key");
    }
}

#[test]
fn a_phone_without_events_is_heard_pressing_keys() {
    for codec in Codec::ALL {
        let (mut house, mut phone) = (House::new(), Phone::new(codec).without_events());
        let port = house.open(&mut phone);
        let mut keys = Generator::new(phone.rate());
        for key in "59".chars() {
            keys.send(Digit::from_char(key).expect("a key"), Duration::from_millis(100)).expect("room");
        }
        let mut sound = vec![0; phone.rate().frame() * 20];
        keys.fill(&mut sound);
        phone.say(&sound);
        for key in "59".chars() {
            let digit = Digit::from_char(key).expect("a key");
            assert_eq!(house.event(), Some(MediaEvent::Key { port, digit }), "{codec:?}");
        }
        assert!(house.outbox.received.try_recv().is_err(), "and no other key");
    }
}

/// What a phone hears of this, played to it for a tenant, in this language.
fn heard_of(house: &mut House, tenant: TenantId, sound: &Sound, language: Option<&str>) -> Vec<i16> {
    let mut phone = Phone::new(Codec::Pcmu);
    let port = house.open(&mut phone);
    let (sounds, language) = (vec![sound.clone()], language.map(str::to_owned));
    house.give(MediaCommand::Play { port, id: super::sound(1), tenant, sounds, language, forever: false });
    assert_eq!(house.event_heard_by(&mut phone), played(port, 1));
    phone.heard
}

#[test]
fn each_tenant_hears_the_tones_of_its_country() {
    let mut house = House::new();
    let busy = Sound::Tone(Tone::Busy, Duration::from_millis(400));
    let (ours, theirs) = (heard_of(&mut house, TENANT, &busy, None), heard_of(&mut house, SECOND, &busy, None));
    // ITU-T E.180 supplement 2: 480 and 620 Hz in the United States, 425 in Germany.
    assert_heard(&ours, Rate::Narrow, 480.0, &[425.0]);
    assert_heard(&ours, Rate::Narrow, 620.0, &[425.0]);
    assert_heard(&theirs, Rate::Narrow, 425.0, &[480.0, 620.0]);
    // Also where a tone stands in place of words.
    let words = Sound::Prompt("welcome".to_owned());
    let (ours, theirs) = (heard_of(&mut house, TENANT, &words, None), heard_of(&mut house, SECOND, &words, None));
    assert!(!ours.is_empty() && !theirs.is_empty());
}

#[test]
fn each_tenant_is_spoken_to_in_its_language_unless_another_is_asked_for() {
    let mut house = House::new();
    for (language, hz) in [("en", 600.0), ("de", 800.0), ("fr", 1_000.0)] {
        house.prompt_in(language, "welcome", hz, 300);
    }
    house.prompt_in("en", "only-english", 1_200.0, 300);
    let welcome = Sound::Prompt("welcome".to_owned());
    for (tenant, asked, hz) in [
        (TENANT, None, 600.0),
        (SECOND, None, 800.0),
        (SECOND, Some("fr-CA"), 1_000.0),
        (SECOND, Some("en"), 600.0),
        (TENANT, Some("de"), 800.0),
    ] {
        let others: Vec<f64> = [600.0, 800.0, 1_000.0].into_iter().filter(|other| *other != hz).collect();
        assert_heard(&heard_of(&mut house, tenant, &welcome, asked), Rate::Narrow, hz, &others);
    }
    let only = Sound::Prompt("only-english".to_owned());
    assert_heard(&heard_of(&mut house, SECOND, &only, None), Rate::Narrow, 1_200.0, &[800.0]);
}

#[test]
fn a_tenant_has_its_own_music_and_everybodys_where_its_own_is_missing() {
    let mut house = House::new();
    house.prompt("moh/default", 600.0, 300);
    let music = Sound::Prompt("moh/default".to_owned());
    assert_heard(&heard_of(&mut house, SECOND, &music, None), Rate::Narrow, 600.0, &[900.0]);
    house.prompt("moh/jazz", 900.0, 300);
    assert_heard(&heard_of(&mut house, SECOND, &music, None), Rate::Narrow, 900.0, &[600.0]);
    assert_heard(&heard_of(&mut house, TENANT, &music, None), Rate::Narrow, 600.0, &[900.0]);
}
