//! Calls that are recorded as a whole: who said what is on which side, told by frequency.

use std::time::{Duration, Instant};

use media::sound::Limits;
use media::{Codec, Rate, Sound};
use switch::{AudioError, MediaCommand, MediaEvent, PortId, RecordingFormat, RecordingLayout, TenantId};

use super::phone::Phone;
use super::{House, LONG, TENANT, assert_heard, level, sine, sound};

const ONE: f64 = 440.0;
const OTHER: f64 = 880.0;
/// Of the mark that a pause leaves, and of the tone that both hear.
const MARK: f64 = 1_400.0;

fn record(port: PortId, name: &str, format: RecordingFormat, layout: RecordingLayout, beep: bool) -> MediaCommand {
    MediaCommand::RecordCall { port, id: sound(1), tenant: TENANT, name: name.to_owned(), format, layout, beep }
}

fn stereo(port: PortId) -> MediaCommand {
    record(port, "call", RecordingFormat::Wav, RecordingLayout::Stereo, false)
}

/// Both speak at once, each at its frequency.
fn talk(one: &mut Phone, other: &mut Phone, millis: u64) {
    std::thread::scope(|scope| {
        scope.spawn(|| one.say(&sine(one.rate(), ONE, millis)));
        other.say(&sine(other.rate(), OTHER, millis));
    });
}

/// Two phones that are connected, and the ports behind which they are.
fn connected(house: &mut House, one: &mut Phone, other: &mut Phone) -> (PortId, PortId) {
    let (a, b) = (house.open(one), house.open(other));
    house.give(MediaCommand::Connect { a, b });
    (a, b)
}

/// The end of the recording: its length and its file.
fn ended(house: &House, name: &str) -> (Duration, Vec<u8>) {
    let Some(MediaEvent::Recorded { length, bytes, fault: None, .. }) = house.event() else { panic!("recorded") };
    let file = std::fs::read(house.data.path().join("tenants/7/recordings").join(name)).expect("the file");
    assert_eq!(bytes, file.len() as u64);
    (length, file)
}

/// The two sides of a WAV of ours, and its rate.
fn sides(file: &[u8]) -> (Rate, Vec<i16>, Vec<i16>) {
    assert_eq!((&file[..4], file[22], file[34]), (&b"RIFF"[..], 2, 16), "a WAV of two sides");
    let hz = u32::from_le_bytes(file[24..28].try_into().expect("four bytes"));
    let rate = [Rate::Narrow, Rate::Wide].into_iter().find(|rate| rate.hz() == hz).expect("a rate");
    let samples: Vec<i16> = file[44..].chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
    let side = |at: usize| samples.iter().skip(at).step_by(2).copied().collect();
    (rate, side(0), side(1))
}

fn middle(samples: &[i16]) -> &[i16] {
    &samples[samples.len() / 4..samples.len() * 3 / 4]
}

#[test]
fn each_has_a_side_whatever_the_two_speak() {
    for (first, second) in [(Codec::Pcmu, Codec::Pcmu), (Codec::Pcma, Codec::Pcmu), (Codec::Opus, Codec::Pcmu)] {
        let (mut house, mut one, mut other) = (House::new(), Phone::new(first), Phone::new(second));
        let (a, b) = connected(&mut house, &mut one, &mut other);
        house.give(stereo(a));
        house.give(MediaCommand::Tap { port: a, near: true, far: Some(b) });
        talk(&mut one, &mut other, 1_500);
        assert_heard(middle(&one.heard), one.rate(), OTHER, &[ONE]);
        assert_heard(middle(&other.heard), other.rate(), ONE, &[OTHER]);
        house.give(MediaCommand::EnoughCall { port: a });
        let (length, file) = ended(&house, "call.wav");
        assert!((1_400..1_800).contains(&length.as_millis()), "{length:?}");
        let (rate, left, right) = sides(&file);
        assert_heard(middle(&left), rate, ONE, &[OTHER]);
        assert_heard(middle(&right), rate, OTHER, &[ONE]);
        let naps = house.naps();
        std::thread::sleep(Duration::from_millis(500));
        let transcodes = first == Codec::Opus;
        assert!(transcodes || house.naps() <= naps + 3, "nothing ticks any more where packets are relayed");
    }
}

#[test]
fn mixed_in_opus_both_are_in_one_voice() {
    let (mut house, mut one, mut other) = (House::new(), Phone::new(Codec::G722), Phone::new(Codec::G722));
    let (a, b) = connected(&mut house, &mut one, &mut other);
    house.give(record(a, "call", RecordingFormat::Opus, RecordingLayout::Mixed, false));
    house.give(MediaCommand::Tap { port: a, near: true, far: Some(b) });
    talk(&mut one, &mut other, 1_500);
    house.give(MediaCommand::EnoughCall { port: a });
    let (length, file) = ended(&house, "call.opus");
    let mixed = Sound::decode(&file, Rate::Wide, &Limits::default()).expect("sound");
    assert!(mixed.length().abs_diff(length) <= Duration::from_millis(1), "{:?} {length:?}", mixed.length());
    assert_heard(middle(mixed.samples()), Rate::Wide, ONE, &[660.0, 1_320.0]);
    assert_heard(middle(mixed.samples()), Rate::Wide, OTHER, &[660.0, 1_320.0]);
}

#[test]
fn who_comes_later_is_heard_from_then_on_and_who_holds_is_not() {
    let (mut house, mut one, mut other) = (House::new(), Phone::new(Codec::Pcmu), Phone::new(Codec::Pcmu));
    let a = house.open(&mut one);
    house.give(stereo(a));
    one.say(&sine(one.rate(), ONE, 1_000));
    let b = house.open(&mut other);
    house.give(MediaCommand::Connect { a, b });
    house.give(MediaCommand::Tap { port: a, near: true, far: Some(b) });
    talk(&mut one, &mut other, 1_000);
    house.give(MediaCommand::Tap { port: a, near: false, far: Some(b) });
    talk(&mut one, &mut other, 1_000);
    house.give(MediaCommand::EnoughCall { port: a });
    let (_, file) = ended(&house, "call.wav");
    let (rate, left, right) = sides(&file);
    let second = |side: &[i16], number: usize| side[number * 8_000 + 2_000..number * 8_000 + 6_000].to_vec();
    assert_heard(&second(&left, 0), rate, ONE, &[OTHER]);
    assert!(level(&second(&right, 0), rate, OTHER) < -70.0, "he was not there");
    assert_heard(&second(&left, 1), rate, ONE, &[OTHER]);
    assert_heard(&second(&right, 1), rate, OTHER, &[ONE]);
    assert!(level(&second(&left, 2), rate, ONE) < -70.0, "he holds");
    assert_heard(&second(&right, 2), rate, OTHER, &[ONE]);
}

#[test]
fn a_pause_leaves_a_mark_and_nothing_of_what_was_said() {
    let (mut house, mut one, mut other) = (House::new(), Phone::new(Codec::Pcmu), Phone::new(Codec::Pcmu));
    let (a, b) = connected(&mut house, &mut one, &mut other);
    house.give(stereo(a));
    house.give(MediaCommand::Tap { port: a, near: true, far: Some(b) });
    talk(&mut one, &mut other, 600);
    house.give(MediaCommand::PauseCall { port: a, on: true });
    one.say(&sine(one.rate(), 2_000.0, 600));
    // Its end is in the buffer still.
    house.give(MediaCommand::PauseCall { port: a, on: false });
    talk(&mut one, &mut other, 600);
    house.give(MediaCommand::EnoughCall { port: a });
    let (length, file) = ended(&house, "call.wav");
    let (rate, left, _) = sides(&file);
    assert!((1_300..1_700).contains(&length.as_millis()), "1.2 s of talk and 0.2 s of mark: {length:?}");
    assert!(level(&left, rate, 2_000.0) < -60.0, "what was said in the pause: {}", level(&left, rate, 2_000.0));
    assert!(level(&left, rate, MARK) > -45.0, "a mark: {}", level(&left, rate, MARK));
}

#[test]
fn both_hear_that_they_are_recorded_and_then_each_other() {
    for codec in [Codec::Pcmu, Codec::Opus] {
        let (mut house, mut one, mut other) = (House::new(), Phone::new(Codec::Pcmu), Phone::new(codec));
        let (a, b) = connected(&mut house, &mut one, &mut other);
        house.give(record(a, "call", RecordingFormat::Wav, RecordingLayout::Stereo, true));
        house.give(MediaCommand::Tap { port: a, near: true, far: Some(b) });
        talk(&mut one, &mut other, 1_200);
        for (phone, hz) in [(&one, OTHER), (&other, ONE)] {
            assert_begins_with_the_tone(phone);
            assert_heard(&phone.heard[phone.heard.len() / 2..], phone.rate(), hz, &[MARK]);
        }
        house.give(MediaCommand::EnoughCall { port: a });
        let (rate, left, right) = sides(&ended(&house, "call.wav").1);
        assert_heard(middle(&left), rate, ONE, &[MARK]);
        assert_heard(middle(&right), rate, OTHER, &[MARK]);
    }
}

/// It is heard in the first half second, wherever the first packets were held up.
fn assert_begins_with_the_tone(phone: &Phone) {
    let first = &phone.heard[..phone.rate().samples(Duration::from_millis(500))];
    let tenths = first.chunks_exact(phone.rate().samples(Duration::from_millis(100)));
    let levels: Vec<f64> = tenths.map(|tenth| level(tenth, phone.rate(), MARK)).collect();
    assert!(levels.iter().any(|level| *level > -35.0), "{levels:.1?}");
}

#[test]
fn who_comes_to_a_recording_that_runs_hears_at_once_that_he_is_recorded() {
    let (mut house, mut one, mut other) = (House::new(), Phone::new(Codec::Pcmu), Phone::new(Codec::Pcmu));
    let (a, b) = connected(&mut house, &mut one, &mut other);
    house.give(record(a, "call", RecordingFormat::Wav, RecordingLayout::Stereo, true));
    // The first tone is over.
    talk(&mut one, &mut other, 400);
    other.heard.clear();
    house.give(MediaCommand::Tap { port: a, near: true, far: Some(b) });
    talk(&mut one, &mut other, 700);
    assert_begins_with_the_tone(&other);
}

#[test]
fn a_call_that_ends_leaves_a_whole_recording_whoever_goes_first() {
    for callee_first in [true, false] {
        let (mut house, mut one, mut other) = (House::new(), Phone::new(Codec::Pcmu), Phone::new(Codec::Pcmu));
        let (a, b) = connected(&mut house, &mut one, &mut other);
        house.give(stereo(a));
        house.give(MediaCommand::Tap { port: a, near: true, far: Some(b) });
        talk(&mut one, &mut other, 500);
        for port in if callee_first { [b, a] } else { [a, b] } {
            house.give(MediaCommand::Close { port });
        }
        let events = [house.event(), house.event(), house.event()];
        let recorded =
            |event: &MediaEvent| matches!(event, MediaEvent::Recorded { fault: None, bytes, .. } if *bytes > 44);
        assert_eq!(events.iter().flatten().filter(|event| recorded(event)).count(), 1, "{events:?}");
        let file = std::fs::read(house.data.path().join("tenants/7/recordings/call.wav")).expect("the file");
        assert_heard(middle(&sides(&file).1), Rate::Narrow, ONE, &[OTHER]);
    }
}

fn unwritable(house: &House) -> (Duration, u64, String) {
    let event = house.event();
    let Some(MediaEvent::Recorded { length, bytes, fault: Some(AudioError::Unwritable(why)), .. }) = event else {
        panic!("{event:?}")
    };
    (length, bytes, why)
}

#[test]
fn names_that_lead_elsewhere_or_are_taken_are_refused() {
    let (mut house, mut one, mut other) = (House::new(), Phone::new(Codec::Pcmu), Phone::new(Codec::Pcmu));
    let (a, b) = (house.open(&mut one), house.open(&mut other));
    for name in ["../call", "a/b", "call.wav", "", "Call"] {
        house.give(record(a, name, RecordingFormat::Wav, RecordingLayout::Mixed, false));
        assert_eq!(unwritable(&house).1, 0, "{name:?}");
    }
    // What is said of them has the id of the next.
    one.hear_for(50);
    house.give(stereo(a));
    one.say(&sine(one.rate(), ONE, 200));
    house.give(stereo(b));
    assert!(unwritable(&house).2.contains("under this name"));
    one.say(&sine(one.rate(), ONE, 200));
    house.give(MediaCommand::EnoughCall { port: a });
    assert!(ended(&house, "call.wav").0 >= Duration::from_millis(380), "the first is as it would have been");
}

#[test]
fn where_too_little_room_is_left_nothing_is_begun_and_the_call_lives() {
    let mut house = House::leaving_free(u64::MAX);
    let (mut one, mut other) = (Phone::new(Codec::Pcmu), Phone::new(Codec::Pcmu));
    let (a, b) = connected(&mut house, &mut one, &mut other);
    house.give(stereo(a));
    house.give(MediaCommand::Tap { port: a, near: true, far: Some(b) });
    let (length, bytes, why) = unwritable(&house);
    assert!(length.is_zero() && bytes == 0 && why.contains("MiB"), "{why}");
    talk(&mut one, &mut other, 600);
    assert_heard(middle(&one.heard), one.rate(), OTHER, &[ONE]);
    assert!(!house.data.path().join("tenants/7/recordings/call.part").exists());
}

#[test]
fn a_disk_that_fills_up_ends_the_recording_and_what_there_is_can_be_heard() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    // No file of this process may have more bytes: the nearest to a full disk that needs no rights.
    const MOST: u64 = 60_000;
    crate::survive_full_files().expect("a handler");
    let (mut house, mut one, mut other) = (House::new(), Phone::new(Codec::Pcmu), Phone::new(Codec::Pcmu));
    let (a, b) = connected(&mut house, &mut one, &mut other);
    let before = getrlimit(Resource::Fsize);
    setrlimit(Resource::Fsize, rustix::process::Rlimit { current: Some(MOST), ..before }).expect("a limit");
    house.give(stereo(a));
    house.give(MediaCommand::Tap { port: a, near: true, far: Some(b) });
    talk(&mut one, &mut other, 2_500);
    setrlimit(Resource::Fsize, before).expect("no limit");
    let (length, bytes, _) = unwritable(&house);
    assert_eq!((length.as_millis(), bytes), (1_873, MOST), "all that found room");
    assert_heard(&one.heard[one.heard.len() - 4_000..], one.rate(), OTHER, &[ONE]);
    let file = std::fs::read(house.data.path().join("tenants/7/recordings/call.wav")).expect("the file");
    let (rate, left, right) = sides(&file);
    assert_eq!(u32::from_le_bytes(file[40..44].try_into().expect("four bytes")), 60_000 - 44, "its header is right");
    assert_heard(middle(&left), rate, ONE, &[OTHER]);
    assert_heard(middle(&right), rate, OTHER, &[ONE]);
    house.give(MediaCommand::EnoughCall { port: a });
    assert!(house.outbox.received.recv_timeout(Duration::from_millis(300)).is_err(), "it is told once");
}

#[test]
fn a_folder_that_is_gone_ends_the_recordings_in_it_and_no_others() {
    let mut house = House::new();
    let (mut one, mut other) = (Phone::new(Codec::Pcmu), Phone::new(Codec::Pcmu));
    let ports = [house.open(&mut one), house.open(&mut other)];
    for (port, tenant) in ports.into_iter().zip([TENANT, TenantId(8)]) {
        let (id, name, format) = (sound(1), "call".to_owned(), RecordingFormat::Wav);
        let layout = RecordingLayout::Stereo;
        house.give(MediaCommand::RecordCall { port, id, tenant, name, format, layout, beep: false });
    }
    let folder = |tenant: u32| house.data.path().join(format!("tenants/{tenant}/recordings"));
    let end = Instant::now() + LONG;
    while [7, 8].iter().any(|tenant| !folder(*tenant).join("call.part").exists()) && Instant::now() < end {
        one.hear_for(20);
    }
    std::fs::remove_dir_all(folder(7)).expect("removed, as with its tenant");
    // What is written next to the disk looks after the folder.
    let gone = house.event();
    assert!(matches!(gone, Some(MediaEvent::Recorded { port, fault: Some(_), .. }) if port == ports[0]), "{gone:?}");
    house.give(MediaCommand::EnoughCall { port: ports[1] });
    let Some(MediaEvent::Recorded { length, fault: None, .. }) = house.event() else { panic!("recorded") };
    assert!(length >= Duration::from_secs(1) && folder(8).join("call.wav").exists(), "{length:?}");
}

#[test]
fn a_phone_without_a_codec_of_ours_is_told_as_such() {
    let (mut house, mut one) = (House::new(), Phone::new(Codec::Pcmu));
    let a = house.open(&mut one);
    let MediaCommand::Expect { port, remote, signalling, .. } = one.expect(a) else { panic!("expected") };
    let (clocks, keys) = (vec![(97, 8_000)], None);
    house.give(MediaCommand::Expect { port, remote, rtcp: None, mux: false, signalling, clocks, voice: None, keys });
    house.give(stereo(a));
    assert!(matches!(house.event(), Some(MediaEvent::Recorded { fault: Some(AudioError::NoCodec), bytes: 0, .. })));
}
