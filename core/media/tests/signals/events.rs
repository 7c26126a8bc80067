//! Keys in RTP.

use std::time::{Duration, Instant};

use media::dtmf::{Arrival, Departure, Digit, Event, EventError, Heard, Pressed, Receiver, Sender};

use super::Chance;

const TICK: Duration = Duration::from_millis(20);

/// A packet on its way: when it left, its number, and what it has.
type Sent = (Duration, u16, Departure);

/// A phone whose keys are pressed one after the other, and what it sends.
fn dialled(clock: u32, start: u32, keys: &[(char, u64)]) -> Vec<Sent> {
    let mut sender = Sender::new(clock, 10);
    for (key, millis) in keys {
        sender.send(digit(*key), Duration::from_millis(*millis)).expect("room");
    }
    run(&mut sender, clock, start, 65_500)
}

/// Steps a sender until it has nothing more, while sound goes between the keys.
fn run(sender: &mut Sender, clock: u32, start: u32, first: u16) -> Vec<Sent> {
    let mut sent = Vec::new();
    let (mut sequence, mut timestamp, mut at) = (first, start, Duration::ZERO);
    while sender.is_busy() {
        if let Some(departure) = sender.step(timestamp) {
            sent.push((at, sequence, departure));
        }
        sequence = sequence.wrapping_add(1);
        timestamp = timestamp.wrapping_add(clock / 50);
        at += TICK;
    }
    sent
}

fn digit(key: char) -> Digit {
    Digit::from_char(key).expect("a key")
}

/// The far end of it.
struct Ear {
    receiver: Receiver,
    start: Instant,
    clock: u32,
    heard: Vec<Heard>,
}

impl Ear {
    fn new(clock: u32) -> Self {
        Self { receiver: Receiver::default(), start: Instant::now(), clock, heard: Vec::new() }
    }

    fn hears(&mut self, (at, sequence, departure): &Sent) {
        self.hears_of(1, *at, *sequence, departure);
    }

    fn hears_of(&mut self, ssrc: u32, at: Duration, sequence: u16, departure: &Departure) {
        let Departure { payload, timestamp, marker } = departure;
        let arrival = Arrival { ssrc, sequence, timestamp: *timestamp, marker: *marker, clock: self.clock, payload };
        let _ = self.receiver.handle(self.start + at, &arrival);
        self.heard.extend(std::iter::from_fn(|| self.receiver.poll()));
    }

    fn waits(&mut self, until: Duration) {
        self.receiver.handle_timeout(self.start + until);
        self.heard.extend(std::iter::from_fn(|| self.receiver.poll()));
    }

    /// The keys, each with its length in ms, if each began and then ended.
    fn keys(&self) -> Vec<(char, u128)> {
        self.heard
            .chunks(2)
            .map(|pair| match pair {
                [Heard::Began(began), Heard::Ended(Pressed { digit, duration })] if began == digit => {
                    (digit.character(), duration.as_millis())
                }
                other => panic!("not a key: {other:?} in {:?}", self.heard),
            })
            .collect()
    }
}

fn lengths(keys: &[(char, u64)]) -> Vec<(char, u128)> {
    keys.iter().map(|(key, millis)| (*key, u128::from(*millis))).collect()
}

#[test]
fn a_key_is_sent_as_the_rfc_says() {
    let sent = dialled(8000, 1000, &[('5', 100), ('#', 40)]);
    let five: Vec<_> = sent.iter().filter(|(_, _, departure)| departure.timestamp == 1000).collect();
    let reports: Vec<Event> = five.iter().map(|(_, _, five)| Event::read(&five.payload).expect("a key")).collect();
    assert_eq!(reports.iter().map(|one| one.duration).collect::<Vec<_>>(), [160, 320, 480, 640, 800, 800, 800]);
    assert_eq!(reports.iter().map(|one| one.end).collect::<Vec<_>>(), [false, false, false, false, true, true, true]);
    assert!(reports.iter().all(|one| one.volume == 10 && one.digit == digit('5')));
    assert_eq!(five.iter().filter(|(_, _, departure)| departure.marker).count(), 1);
    assert!(five[0].2.marker);
    // 60 ms between the end of one and the beginning of the other: 160 ms after the first began.
    let pound = sent.iter().find(|(_, _, departure)| departure.payload[0] == 11).expect("the second");
    assert_eq!((pound.0, pound.2.timestamp, pound.2.marker), (Duration::from_millis(160), 1000 + 8 * 160, true));
}

#[test]
fn every_key_is_heard_once_at_every_clock() {
    let keys: Vec<(char, u64)> = "0123456789*#ABCD!".chars().zip((40..).step_by(20)).collect();
    for clock in [8000, 16_000, 32_000, 44_100, 48_000, 90_000] {
        // The timestamps wrap on the way.
        let mut ear = Ear::new(clock);
        for packet in dialled(clock, u32::MAX - 20_000, &keys) {
            ear.hears(&packet);
        }
        let heard = ear.keys();
        assert_eq!(heard.len(), keys.len());
        for ((key, millis), (sent, length)) in heard.iter().zip(lengths(&keys)) {
            assert!(*key == sent && millis.abs_diff(length) <= 1, "{key} {millis} for {sent} {length} at {clock}");
        }
    }
}

#[test]
fn a_key_is_told_at_first_sight_and_at_its_end() {
    let sent = dialled(8000, 0, &[('1', 200)]);
    let mut ear = Ear::new(8000);
    ear.hears(&sent[0]);
    assert_eq!(ear.heard, [Heard::Began(digit('1'))]);
    assert_eq!(ear.receiver.sounding(), Some(digit('1')));
    for packet in &sent[1..9] {
        ear.hears(packet);
    }
    assert_eq!(ear.heard.len(), 1);
    ear.hears(&sent[9]);
    assert_eq!(ear.keys(), [('1', 200)]);
    ear.hears(&sent[10]);
    ear.hears(&sent[11]);
    ear.waits(Duration::from_secs(9));
    assert_eq!(ear.keys(), [('1', 200)], "its repeats tell nothing new");
    assert_eq!(ear.receiver.poll_timeout(), None);
}

#[test]
fn a_key_of_which_one_packet_came_is_heard() {
    let sent = dialled(8000, 5000, &[('9', 200)]);
    for (index, packet) in sent.iter().enumerate() {
        let mut ear = Ear::new(8000);
        ear.hears(packet);
        ear.waits(Duration::from_secs(1));
        let expected = 20 * (index.min(9) + 1) as u128;
        assert_eq!(ear.keys(), [('9', expected)], "packet {index}");
    }
}

#[test]
fn a_report_that_was_overtaken_makes_no_key_shorter() {
    let sent = dialled(8000, 5000, &[('9', 200)]);
    let mut ear = Ear::new(8000);
    for index in [0, 1, 5, 4, 2] {
        ear.hears(&sent[index]);
    }
    ear.waits(Duration::from_secs(1));
    assert_eq!(ear.keys(), [('9', 120)]);
}

#[test]
fn a_key_whose_end_was_lost_ends_by_time_and_does_not_come_again() {
    let sent = dialled(8000, 5000, &[('9', 400)]);
    let mut ear = Ear::new(8000);
    for packet in &sent[..5] {
        ear.hears(packet);
    }
    let due = ear.receiver.poll_timeout().expect("it waits for more") - ear.start;
    ear.waits(due - Duration::from_millis(1));
    assert_eq!(ear.heard.len(), 1);
    ear.waits(due);
    assert_eq!(ear.keys(), [('9', 100)]);
    // The way was open again after 280 ms: it is the same key.
    for packet in &sent[18..] {
        ear.hears(packet);
    }
    assert_eq!(ear.keys(), [('9', 100)]);
}

#[test]
fn a_key_whose_end_was_lost_ends_where_the_next_begins() {
    let sent = dialled(8000, 5000, &[('9', 100), ('9', 60)]);
    let mut ear = Ear::new(8000);
    for packet in sent.iter().filter(|(_, _, departure)| departure.payload[1] & 0x80 == 0) {
        ear.hears(packet);
    }
    ear.waits(Duration::from_secs(1));
    assert_eq!(ear.keys(), [('9', 80), ('9', 40)]);
}

#[test]
fn a_key_held_for_long_is_one_key_of_several_segments() {
    for (clock, millis) in [(8000, 20_000), (48_000, 3000), (48_000, 1365), (48_000, 1366), (90_000, 2200)] {
        let sent = dialled(clock, u32::MAX - 70_000, &[('0', millis), ('0', 60)]);
        let segments = sent.windows(2).filter(|pair| pair[0].2.timestamp != pair[1].2.timestamp).count();
        assert_eq!(segments as u64, millis * u64::from(clock) / 1000 / 0xffff + 1, "{clock} {millis}");
        assert_eq!(sent.iter().filter(|(_, _, departure)| departure.marker).count(), 2);
        let mut ear = Ear::new(clock);
        for packet in &sent {
            ear.hears(packet);
        }
        let heard = ear.keys();
        assert_eq!(heard.len(), 2, "{heard:?}");
        assert!(heard[0].1.abs_diff(u128::from(millis)) <= 1, "{heard:?} for {millis} at {clock}");
        // Also when reports are lost around where the segments meet.
        let mut ear = Ear::new(clock);
        for (index, packet) in sent.iter().enumerate() {
            if index % 7 != 3 {
                ear.hears(packet);
            }
        }
        assert_eq!(ear.keys().len(), 2);
    }
}

#[test]
fn a_key_is_held_as_long_as_it_is_pressed() {
    let mut sender = Sender::new(8000, 10);
    sender.press(digit('4')).expect("room");
    for tick in 0..10 {
        let report = sender.step(tick * 160).expect("a report");
        assert!(!Event::read(&report.payload).expect("a key").end);
    }
    sender.release();
    let last = Event::read(&sender.step(1600).expect("the end").payload).expect("a key");
    assert!(last.end && last.duration == 1600, "{last:?}");
    // Released before it began to be sent: still long enough to be heard.
    let mut sender = Sender::new(8000, 10);
    sender.press(digit('4')).expect("room");
    sender.release();
    sender.press(digit('5')).expect("room");
    sender.press(digit('6')).expect("room");
    sender.release();
    let mut ear = Ear::new(8000);
    for packet in run(&mut sender, 8000, 0, 0) {
        ear.hears(&packet);
    }
    assert_eq!(ear.keys(), [('4', 40), ('5', 40), ('6', 40)]);
}

#[test]
fn only_so_many_keys_wait() {
    let mut sender = Sender::new(8000, 10);
    let taken = (0..1000).take_while(|_| sender.send(digit('1'), TICK).is_ok()).count();
    assert_eq!(taken, 64);
    assert_eq!(run(&mut sender, 8000, 0, 0).iter().filter(|(_, _, one)| one.marker).count(), 64);
    assert!(sender.send(digit('1'), TICK).is_ok());
}

#[test]
fn a_network_that_loses_swaps_and_copies_packets_loses_few_keys_and_adds_none() {
    let (mut missing, mut dialled_keys) = (0, 0);
    for seed in 0..200 {
        let mut chance = Chance::seeded(seed);
        let clock = [8000, 48_000][chance.below(2) as usize];
        let keys: Vec<(char, u64)> = (0..20)
            .map(|_| ("0123456789*#".chars().nth(chance.below(12) as usize).expect("a key"), 40 + chance.below(200)))
            .collect();
        let mut arriving: Vec<Sent> = Vec::new();
        for packet in dialled(clock, chance.next() as u32, &keys) {
            if chance.below(100) < 10 {
                continue;
            }
            let copies = 1 + chance.below(100) / 95;
            for _ in 0..copies {
                let late = Duration::from_millis(chance.below(60));
                arriving.push((packet.0 + late, packet.1, packet.2));
            }
        }
        arriving.sort_by_key(|(at, _, _)| *at);
        let mut ear = Ear::new(clock);
        for packet in &arriving {
            ear.hears(packet);
        }
        ear.waits(Duration::from_secs(60));
        let heard: Vec<char> = ear.keys().iter().map(|(key, _)| *key).collect();
        let wanted: Vec<char> = keys.iter().map(|(key, _)| *key).collect();
        // What was heard is what was dialled with perhaps a key left out: never one more, never in another order.
        let mut rest = wanted.iter();
        assert!(heard.iter().all(|key| rest.any(|one| one == key)), "seed {seed}: {heard:?} of {wanted:?}");
        missing += wanted.len() - heard.len();
        dialled_keys += wanted.len();
    }
    eprintln!("{missing} of {dialled_keys} keys were lost");
    assert!(missing * 1000 <= dialled_keys, "{missing} of {dialled_keys} keys were lost");
}

#[test]
fn odd_senders_are_understood() {
    // A marker on every packet, and a first report of no length.
    let mut ear = Ear::new(8000);
    for (index, duration) in [0_u16, 160, 320, 480].into_iter().enumerate() {
        let event = Event { digit: digit('2'), end: duration == 480, volume: 10, duration };
        let departure = Departure { payload: event.write(), timestamp: 800, marker: true };
        ear.hears(&(TICK * index as u32, index as u16, departure));
    }
    assert_eq!(ear.keys(), [('2', 60)]);
    // The timestamp moves with every report, as if each were sound.
    let mut ear = Ear::new(8000);
    for index in 0..6_u16 {
        let event = Event { digit: digit('3'), end: index == 5, volume: 10, duration: 160 * (index + 1) };
        let departure = Departure { payload: event.write(), timestamp: 160 * u32::from(index), marker: index == 0 };
        ear.hears(&(TICK * u32::from(index), index, departure));
    }
    assert_eq!(ear.keys().len(), 1);
    // Timestamps that stand still.
    let mut ear = Ear::new(8000);
    for (at, sequence, departure) in dialled(8000, 0, &[('4', 60), ('4', 80), ('5', 80)]) {
        ear.hears(&(at, sequence, Departure { timestamp: 77, ..departure }));
    }
    assert_eq!(ear.keys(), [('4', 60), ('4', 80), ('5', 80)]);
    // Another key with the same timestamp.
    let mut ear = Ear::new(8000);
    for (index, key) in ['1', '2'].into_iter().enumerate() {
        let event = Event { digit: digit(key), end: true, volume: 10, duration: 800 };
        let departure = Departure { payload: event.write(), timestamp: 0, marker: true };
        ear.hears(&(TICK * index as u32, index as u16, departure));
    }
    assert_eq!(ear.keys(), [('1', 100), ('2', 100)]);
}

#[test]
fn a_stream_that_begins_anew_ends_the_key_of_the_former() {
    let (one, two) = (dialled(8000, 5000, &[('1', 100)]), dialled(8000, 5000, &[('1', 100)]));
    let mut ear = Ear::new(8000);
    for (at, sequence, departure) in &one[..3] {
        ear.hears_of(1, *at, *sequence, departure);
    }
    for (at, sequence, departure) in &two {
        ear.hears_of(2, *at + TICK * 3, *sequence, departure);
    }
    assert_eq!(ear.keys(), [('1', 60), ('1', 100)]);
    // The same SSRC, numbers and timestamps of another beginning: long after, or far off.
    let mut ear = Ear::new(8000);
    for (start, first, at) in [(900_000, 5000, 0), (1000, 4990, 60), (500, 100, 61)] {
        let mut sender = Sender::new(8000, 10);
        sender.send(digit('1'), Duration::from_millis(100)).expect("room");
        for (after, sequence, departure) in run(&mut sender, 8000, start, first) {
            ear.hears_of(1, after + Duration::from_secs(at), sequence, &departure);
        }
    }
    assert_eq!(ear.keys(), [('1', 100); 3]);
}

#[test]
fn whatever_arrives_every_key_that_begins_ends_once() {
    for seed in 0..50 {
        let mut chance = Chance::seeded(seed);
        let mut receiver = Receiver::default();
        let start = Instant::now();
        let mut at = Duration::ZERO;
        let mut down: Option<Digit> = None;
        let mut told = 0;
        for _ in 0..5000 {
            at += Duration::from_millis(chance.below(300) * chance.below(2));
            let mut payload = chance.next().to_be_bytes();
            payload[0] %= 20;
            let length = chance.below(9) as usize;
            let arrival = Arrival {
                ssrc: chance.below(2) as u32,
                sequence: chance.below(200) as u16,
                timestamp: chance.below(4) as u32 * 0xffff,
                marker: chance.below(2) == 0,
                clock: [0, 1, 8000, u32::MAX][chance.below(4) as usize],
                payload: &payload[..length],
            };
            let taken = receiver.handle(start + at, &arrival);
            assert_eq!(taken.is_ok(), length >= 4 && payload[0] <= 16, "{taken:?}");
            if length < 4 {
                assert_eq!(taken, Err(EventError::Short(length)));
            }
            for heard in std::iter::from_fn(|| receiver.poll()) {
                told += 1;
                match heard {
                    Heard::Began(digit) => assert_eq!(down.replace(digit), None),
                    Heard::Ended(pressed) => assert_eq!(down.take(), Some(pressed.digit)),
                }
            }
            assert_eq!(receiver.sounding(), down);
        }
        assert!(told > 1000, "{told}");
    }
}
