//! Members of mixers over sockets: who hears whom, at which level, through all that can be ordered of them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use media::sound::Limits;
use media::{Codec, FRAME, Rate, Sound as Samples};
use switch::{
    AudioError, Bearing, MediaCommand, MediaEvent, MediaStats, MixerId, PortId, RecordingFormat, Sound, Tone,
};

use super::phone::Phone;
use super::{House, TENANT, assert_heard, level, sine, sound};

const MIXER: MixerId = MixerId(1);
/// The level of a note as a phone says it, in dB of full scale.
const SAID: f64 = -12.2;

fn note(at: usize) -> f64 {
    400.0 + 300.0 * at as f64
}

fn join(port: PortId, mixer: MixerId, bearing: Bearing) -> MediaCommand {
    MediaCommand::Join { port, mixer, tenant: TENANT, bearing }
}

fn bearing() -> Bearing {
    Bearing::default()
}

fn whisper(port: PortId, id: u32, sounds: Vec<Sound>) -> MediaCommand {
    MediaCommand::Play { port, id: sound(id), tenant: TENANT, sounds, language: None, forever: false }
}

/// Phones that are members of one mixer.
struct Table {
    house: House,
    phones: Vec<Phone>,
    ports: Vec<PortId>,
}

impl Table {
    fn of(threads: usize, phones: Vec<Phone>) -> Self {
        let mut table = Self { house: House::of(threads), phones, ports: Vec::new() };
        for phone in &mut table.phones {
            let port = table.house.open(phone);
            table.house.give(join(port, MIXER, bearing()));
            table.ports.push(port);
        }
        table
    }

    fn codecs(codecs: &[Codec]) -> Self {
        Self::of(1, codecs.iter().map(|codec| Phone::new(*codec)).collect())
    }

    /// These say their notes for so long, the others nothing; what all hear meanwhile is kept.
    fn talk(&mut self, who: &[usize], millis: u64) {
        std::thread::scope(|scope| {
            for (at, phone) in self.phones.iter_mut().enumerate() {
                phone.heard.clear();
                phone.packets.clear();
                let speaks = who.contains(&at);
                scope.spawn(move || {
                    if speaks { phone.say(&sine(phone.rate(), note(at), millis)) } else { phone.hear_for(millis) }
                });
            }
        });
    }

    /// How loud a phone heard a note in the second half of the last talk, against what was said, in dB.
    fn hears(&self, listener: usize, hz: f64) -> f64 {
        let phone = &self.phones[listener];
        level(&phone.heard[phone.heard.len() / 2..], phone.rate(), hz) - SAID
    }

    fn assert_hears(&self, listener: usize, speaker: usize, wanted: f64) {
        let level = self.hears(listener, note(speaker));
        assert!((level - wanted).abs() < 2.0, "{listener} hears {speaker} at {level:.1} dB, not at {wanted}");
    }

    fn assert_deaf(&self, listener: usize, speaker: usize) {
        let level = self.hears(listener, note(speaker));
        assert!(level < -30.0, "{listener} hears {speaker} at {level:.1} dB");
    }

    fn bear(&self, at: usize, bearing: Bearing) {
        self.house.give(join(self.ports[at], MIXER, bearing));
    }

    /// Gives a port back; what went through it.
    fn close(&self, port: PortId) -> MediaStats {
        self.house.give(MediaCommand::Close { port });
        loop {
            match self.house.event() {
                Some(MediaEvent::Closed { port: closed, stats }) if closed == port => return stats,
                Some(_) => {}
                None => panic!("{port:?} was not given back"),
            }
        }
    }

    /// All that the engine has said so far, but for who speaks.
    fn events(&self) -> Vec<MediaEvent> {
        let mut events = Vec::new();
        while let Ok(event) = self.house.outbox.received.recv_timeout(Duration::from_millis(200)) {
            match event {
                crate::exchange::Inward::Media(MediaEvent::Speaking { .. }) => {}
                crate::exchange::Inward::Media(event) => events.push(event),
                other => panic!("no news of media: {other:?}"),
            }
        }
        events
    }
}

#[test]
fn members_of_three_codecs_hear_the_others_and_never_themselves() {
    for codecs in [vec![Codec::Pcmu; 3], vec![Codec::Pcmu, Codec::G722, Codec::Opus], vec![Codec::Opus; 3]] {
        let begun = Instant::now();
        let mut table = Table::codecs(&codecs);
        table.talk(&[0, 1, 2], 1_200);
        let frames = usize::try_from(begun.elapsed().as_micros() / FRAME.as_micros()).expect("a short time");
        for (listener, codec) in codecs.iter().enumerate() {
            for speaker in (0..3).filter(|speaker| *speaker != listener) {
                table.assert_hears(listener, speaker, 0.0);
            }
            table.assert_deaf(listener, listener);
            let packets = &table.phones[listener].packets;
            assert!((57..=frames + 1).contains(&packets.len()), "{} packets in {frames} frames", packets.len());
            let one = packets.windows(2).all(|pair| {
                let ticks = codec.ticks(FRAME);
                pair[1].2 == pair[0].2.wrapping_add(1)
                    && pair[1].3 == pair[0].3.wrapping_add(ticks)
                    && pair[1].4 == pair[0].4
            });
            assert!(one, "one stream without a gap: {packets:?}");
        }
    }
}

#[test]
fn the_muted_the_deaf_and_the_quiet_are_as_they_bear_themselves_and_who_leaves_is_gone() {
    let mut table = Table::codecs(&[Codec::Pcmu, Codec::G722, Codec::Pcma, Codec::Opus]);
    table.bear(0, Bearing { muted: true, ..bearing() });
    table.bear(1, Bearing { deaf: true, ..bearing() });
    table.bear(2, Bearing { speaking: -6, hearing: -10, ..bearing() });
    table.talk(&[0, 1, 2, 3], 1_000);
    for other in [1, 2, 3] {
        table.assert_deaf(other, 0);
        table.assert_deaf(1, other);
    }
    table.assert_hears(0, 1, 0.0);
    table.assert_hears(0, 2, -6.0);
    table.assert_hears(3, 2, -6.0);
    table.assert_hears(2, 1, -10.0);
    table.assert_hears(2, 3, -10.0);
    (0..3).for_each(|at| table.bear(at, bearing()));
    table.house.give(MediaCommand::Leave { port: table.ports[3] });
    table.talk(&[0, 1, 2, 3], 1_200);
    for (listener, speaker) in [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)] {
        table.assert_hears(listener, speaker, 0.0);
        table.assert_deaf(listener, 3);
    }
    assert!(table.phones[3].packets.len() <= 2, "nobody speaks to who left");
    // He is an answered caller as before.
    table.house.give(MediaCommand::Echo { port: table.ports[3], on: true });
    table.talk(&[3], 600);
    table.assert_hears(3, 3, 0.0);
}

#[test]
fn a_whisper_is_for_one_and_an_announcement_for_all_one_after_the_other() {
    let mut table = Table::codecs(&[Codec::Pcmu, Codec::G722, Codec::Opus]);
    table.house.prompt("first", 600.0, 500);
    table.house.prompt("second", 900.0, 500);
    table.house.give(whisper(
        table.ports[1],
        1,
        vec![Sound::Prompt("first".to_owned()), Sound::Tone(Tone::Test(800), FRAME * 10)],
    ));
    table.talk(&[0], 1_000);
    let level = |at: usize, hz: f64| level(&table.phones[at].heard, table.phones[at].rate(), hz);
    assert!(level(1, 600.0) > -24.0 && level(0, 600.0) < -50.0 && level(2, 600.0) < -50.0);
    table.assert_hears(2, 0, 0.0);
    assert_eq!(table.events(), [MediaEvent::Played { port: table.ports[1], id: sound(1), fault: None }]);
    // One that is not there is left out, and the next is not kept waiting by it.
    for (id, name) in [(2, "first"), (3, "nowhere"), (4, "second")] {
        let sounds = vec![Sound::Prompt(name.to_owned())];
        table.house.give(MediaCommand::Announce {
            mixer: MIXER,
            id: sound(id),
            tenant: TENANT,
            sounds,
            language: None,
        });
    }
    table.talk(&[], 1_400);
    for phone in &table.phones {
        let loud = |hz: f64| {
            let quarter = phone.rate().samples(FRAME * 5);
            phone.heard.chunks(quarter).position(|chunk| super::level(chunk, phone.rate(), hz) > -20.0)
        };
        let (first, second) = (loud(600.0).expect("the first"), loud(900.0).expect("the second"));
        assert!(first + 4 <= second, "{first}, {second}");
    }
    assert_eq!(table.events(), []);
    // What is missing, hushed or stopped by leaving.
    table.house.give(whisper(table.ports[0], 5, vec![Sound::Prompt("nowhere".to_owned())]));
    let fault = Some(AudioError::Missing("nowhere".to_owned()));
    assert_eq!(table.events(), [MediaEvent::Played { port: table.ports[0], id: sound(5), fault }]);
    table.house.give(whisper(table.ports[0], 6, vec![Sound::Tone(Tone::Test(800), Duration::from_secs(60))]));
    table.talk(&[], 300);
    assert_heard(&table.phones[0].heard[1_200..], Rate::Narrow, 800.0, &[600.0]);
    table.house.give(MediaCommand::Hush { port: table.ports[0] });
    table.talk(&[], 400);
    assert!(table.hears(0, 800.0) < -50.0);
    assert_eq!(table.events(), []);
}

#[test]
fn who_speaks_is_told_when_he_begins_and_when_he_ends() {
    let mut table = Table::codecs(&[Codec::Pcmu, Codec::G722]);
    table.talk(&[1], 600);
    table.talk(&[], 1_000);
    let port = table.ports[1];
    assert_eq!(table.house.event(), Some(MediaEvent::Speaking { port, speaks: true }));
    assert_eq!(table.house.event(), Some(MediaEvent::Speaking { port, speaks: false }));
    assert_eq!(table.events(), []);
}

#[test]
fn keys_of_members_are_heard() {
    let mut table = Table::codecs(&[Codec::Pcmu, Codec::Opus]);
    table.phones[1].press('6');
    let digit = media::dtmf::Digit::from_char('6').expect("a key");
    assert_eq!(table.events(), [MediaEvent::Key { port: table.ports[1], digit }]);
}

fn recorded(house: &House, name: &str) -> Samples {
    let path = house.data.path().join("tenants/7/recordings").join(format!("{name}.wav"));
    Samples::decode(&std::fs::read(path).expect("the recording"), Rate::Wide, &Limits::default()).expect("sound")
}

fn record(mixer: MixerId, id: u32, name: &str) -> MediaCommand {
    let limit = Duration::from_secs(60);
    let format = RecordingFormat::Wav;
    MediaCommand::RecordRoom { mixer, id: sound(id), tenant: TENANT, name: name.to_owned(), limit, format }
}

#[test]
fn all_that_is_said_in_a_room_is_on_the_disk() {
    let mut table = Table::codecs(&[Codec::Pcmu, Codec::G722, Codec::Opus]);
    table.house.give(record(MIXER, 1, "meeting"));
    table.talk(&[0, 1, 2], 800);
    table.house.give(MediaCommand::PauseRoom { mixer: MIXER, on: true });
    for phone in &mut table.phones {
        let beep = sine(phone.rate(), 2_000.0, 500);
        phone.say(&beep);
        // Its end is in the buffer still.
        table.house.give(MediaCommand::PauseRoom { mixer: MIXER, on: false });
        phone.hear_for(100);
        table.house.give(MediaCommand::PauseRoom { mixer: MIXER, on: true });
    }
    table.house.give(MediaCommand::EnoughRoom { mixer: MIXER });
    let [MediaEvent::RoomRecorded { mixer: MIXER, id, name, length, fault: None, .. }] = &table.events()[..] else {
        panic!("recorded")
    };
    assert_eq!((*id, name.as_str()), (sound(1), "meeting"));
    assert!((1_000..1_300).contains(&length.as_millis()), "{length:?}: without what was said in pauses");
    let kept = recorded(&table.house, "meeting");
    let secret = level(&kept.samples()[12_800..], Rate::Wide, 2_000.0);
    assert!(secret < -60.0, "what was said in a pause: {secret:.1} dB");
    for at in 0..3 {
        let level = level(&kept.samples()[4_800..11_200], Rate::Wide, note(at)) - SAID;
        assert!(level.abs() < 2.0, "{at} is kept at {level:.1} dB");
    }
    // The next one ends with the mixer.
    table.house.give(record(MIXER, 2, "end"));
    table.talk(&[0], 400);
    for port in &table.ports {
        table.house.give(MediaCommand::Leave { port: *port });
    }
    let [MediaEvent::RoomRecorded { id, length, fault: None, .. }] = &table.events()[..] else { panic!("recorded") };
    assert!(*id == sound(2) && length.as_millis() >= 300, "{length:?}");
    assert_eq!(recorded(&table.house, "end").length(), *length);
    // Nobody is there: whoever asks is answered.
    table.house.give(record(MIXER, 3, "nobody"));
    let answer = table.events();
    assert!(
        matches!(&answer[..], [MediaEvent::RoomRecorded { fault: Some(AudioError::Unwritable(_)), .. }]),
        "{answer:?}"
    );
}

#[test]
fn a_room_is_recorded_as_opus_at_a_fraction_of_the_size() {
    let mut table = Table::codecs(&[Codec::Pcmu, Codec::G722]);
    let (name, limit) = ("small".to_owned(), Duration::from_secs(60));
    let format = RecordingFormat::Opus;
    table.house.give(MediaCommand::RecordRoom { mixer: MIXER, id: sound(1), tenant: TENANT, name, limit, format });
    table.talk(&[0, 1], 2_000);
    table.house.give(MediaCommand::EnoughRoom { mixer: MIXER });
    let [MediaEvent::RoomRecorded { length, bytes, fault: None, .. }] = &table.events()[..] else { panic!("recorded") };
    assert!(length.as_millis() >= 1_800 && *bytes < 12_000, "{length:?} in {bytes} bytes");
    let path = table.house.data.path().join("tenants/7/recordings/small.opus");
    let file = std::fs::read(path).expect("the recording");
    assert!(file.starts_with(b"OggS"));
    let kept = Samples::decode(&file, Rate::Wide, &Limits::default()).expect("sound");
    for at in 0..2 {
        let level = level(&kept.samples()[8_000..24_000], Rate::Wide, note(at)) - SAID;
        assert!(level.abs() < 3.0, "{at} is kept at {level:.1} dB");
    }
}

#[test]
fn a_member_with_srtp_is_mixed_and_nothing_of_it_is_in_clear() {
    let phones =
        vec![Phone::new(Codec::Pcmu).with_keys(1, 2), Phone::new(Codec::Pcmu), Phone::new(Codec::G722).with_keys(3, 4)];
    let mut table = Table::of(2, phones);
    table.talk(&[0, 1, 2], 1_000);
    for (listener, speaker) in [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)] {
        table.assert_hears(listener, speaker, 0.0);
    }
    assert!(table.phones[0].raw.iter().all(|packet| packet.len() == 12 + 160 + 10));
}

#[test]
fn twenty_members_hear_the_one_who_speaks() {
    let codecs = [Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Pcmu];
    let mut table = Table::of(2, (0..20).map(|at| Phone::new(codecs[at % 4])).collect());
    table.talk(&[3], 1_000);
    for listener in (0..20).filter(|at| *at != 3) {
        table.assert_hears(listener, 3, 0.0);
    }
    table.assert_deaf(3, 3);
}

#[test]
fn who_takes_no_packets_for_a_while_misses_no_number() {
    let mut table = Table::of(1, vec![Phone::new(Codec::Pcmu).with_keys(1, 2), Phone::new(Codec::Pcmu)]);
    table.talk(&[1], 300);
    let before = *table.phones[0].packets.last().expect("packets");
    let expected = table.phones[0].expect(table.ports[0]);
    let mut held = expected.clone();
    if let MediaCommand::Expect { remote, .. } = &mut held {
        *remote = (std::net::Ipv4Addr::UNSPECIFIED, 0).into();
    }
    table.house.give(held);
    table.talk(&[1], 400);
    assert!(table.phones[0].packets.len() <= 2);
    let before = table.phones[0].packets.last().copied().unwrap_or(before);
    table.house.give(expected);
    table.talk(&[1], 400);
    let after = table.phones[0].packets.first().expect("packets");
    assert_eq!((after.2, after.4, after.1), (before.2.wrapping_add(1), before.4, true), "marked, and the next number");
    assert!(after.3.wrapping_sub(before.3) > 1_600, "the clock went on");
    table.assert_hears(0, 1, 0.0);
}

#[test]
fn a_codec_that_changes_in_the_room_is_followed() {
    let mut table = Table::codecs(&[Codec::Pcmu, Codec::Pcmu]);
    table.talk(&[0, 1], 300);
    let far = table.phones[1].far;
    table.phones[1] = Phone::new(Codec::Opus);
    table.phones[1].far = far;
    table.house.give(table.phones[1].expect(table.ports[1]));
    table.talk(&[0, 1], 1_200);
    table.assert_hears(0, 1, 0.0);
    table.assert_hears(1, 0, 0.0);
}

#[test]
fn ports_of_many_threads_meet_on_one_and_lose_nothing_on_the_way() {
    let phones = vec![Phone::new(Codec::Pcmu), Phone::new(Codec::Opus).with_keys(5, 6), Phone::new(Codec::G722)];
    let mut table = Table { house: House::of(3), phones, ports: Vec::new() };
    for phone in &mut table.phones {
        table.ports.push(table.house.open(phone));
    }
    let threads: std::collections::BTreeSet<_> = table.ports.iter().map(|port| port.0 % 3).collect();
    assert_eq!(threads.len(), 3);
    // They are spoken with where they are, so that streams and keys are under way.
    for port in table.ports.clone() {
        table.house.give(whisper(port, 1, vec![Sound::Tone(Tone::Test(700), FRAME * 10)]));
    }
    table.talk(&[0, 1, 2], 400);
    assert_eq!(table.events().len(), 3);
    let before: Vec<_> = table.phones.iter().map(|phone| *phone.packets.last().expect("packets")).collect();
    // All at once, and each is told something on its way.
    for (at, port) in table.ports.iter().enumerate() {
        table.house.give(join(*port, MIXER, Bearing { muted: true, ..bearing() }));
        table.house.give(whisper(*port, 2, vec![Sound::Tone(Tone::Test(1_500), FRAME * 10)]));
        table.house.give(join(*port, MIXER, Bearing { muted: at == 2, ..bearing() }));
    }
    table.talk(&[0, 1, 2], 1_200);
    for (listener, speaker) in [(0, 1), (1, 0), (2, 0), (2, 1)] {
        table.assert_hears(listener, speaker, 0.0);
    }
    table.assert_deaf(0, 2);
    let played = table.events();
    assert_eq!(played.len(), 3, "each was whispered to: {played:?}");
    for (phone, before) in table.phones.iter().zip(before) {
        let first = phone.packets.first().expect("packets");
        assert_eq!(first.4, before.4, "the same stream");
        assert!(first.2.wrapping_sub(before.2) < 10, "its numbers go on: {before:?}, {first:?}");
    }
    // What was counted moved along.
    for port in table.ports.clone() {
        let stats = table.close(port);
        assert!(stats.packets_in >= 78 && stats.packets_out >= 65 && stats.dropped == 0, "{stats:?}");
    }
    let naps = table.house.naps();
    std::thread::sleep(Duration::from_secs(1));
    assert!(table.house.naps() <= naps + 3, "nothing ticks any more");
}

#[test]
fn two_ports_of_two_threads_are_connected_and_come_apart_again() {
    let mut table = Table { house: House::of(2), phones: Vec::new(), ports: Vec::new() };
    for codec in [Codec::Pcmu, Codec::G722] {
        let mut phone = Phone::new(codec);
        table.ports.push(table.house.open(&mut phone));
        table.phones.push(phone);
    }
    let (a, b) = (table.ports[0], table.ports[1]);
    assert_ne!(a.0 % 2, b.0 % 2);
    table.house.give(join(b, MIXER, bearing()));
    table.house.give(MediaCommand::Connect { a, b });
    table.talk(&[0, 1], 800);
    table.assert_hears(0, 1, 0.0);
    table.assert_hears(1, 0, 0.0);
    table.house.give(MediaCommand::Disconnect { port: b });
    table.talk(&[0, 1], 300);
    assert!(table.phones.iter().all(|phone| phone.packets.len() <= 2));
    assert!(table.close(b).packets_in >= 50);
    table.close(a);
}

/// Does something, and says by how much a thread that wants to run every millisecond was late meanwhile, at worst.
fn with_lateness<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let (done, tick) = (AtomicBool::new(false), Duration::from_millis(1));
    std::thread::scope(|scope| {
        let clock = scope.spawn(|| {
            let mut worst = Duration::ZERO;
            while !done.load(Ordering::Relaxed) {
                let begun = Instant::now();
                std::thread::sleep(tick);
                worst = worst.max(begun.elapsed().saturating_sub(tick));
            }
            worst
        });
        let result = work();
        done.store(true, Ordering::Relaxed);
        (result, clock.join().expect("a clock"))
    })
}

/// How long after the packet that holds the beginning of a note the packet leaves that gives it to the others.
#[test]
fn a_room_adds_at_most_40_ms() {
    let mut table = Table::codecs(&[Codec::Pcmu, Codec::Pcmu]);
    table.talk(&[0], 1_000);
    let mut delays = Vec::new();
    for _ in 0..8 {
        table.talk(&[], 600);
        let [one, other] = &mut table.phones[..] else { panic!("two") };
        one.packets.clear();
        other.heard.clear();
        let loud = sine(Rate::Narrow, 500.0, 300);
        let (heard, late) = with_lateness(|| {
            let begun = Instant::now();
            std::thread::scope(|scope| {
                scope.spawn(|| one.say(&loud));
                loop {
                    other.hear_until(Instant::now() + Duration::from_millis(1));
                    if other.heard.iter().any(|sample| sample.unsigned_abs() > 500) {
                        return begun.elapsed();
                    }
                }
            })
        });
        // Who speaks, the engine and who listens: each may have been kept waiting so long by the machine alone.
        delays.push(heard.saturating_sub(late * 3));
    }
    delays.sort();
    // The middle one says what the engine does.
    assert!(delays[delays.len() / 2] <= Duration::from_millis(42), "{delays:?}");
}
