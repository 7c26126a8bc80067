//! What a panic costs. Traps that a phone's packets set are sprung where the engine would break.

use std::cell::Cell;

use media::{Codec, PortKey};
use switch::{Bearing, MediaCommand, MediaEvent, MixerId, PortId, Sound, Tone};

use super::phone::Phone;
use super::{House, TENANT, assert_heard, sine, sound};

/// Payloads that set one: what they are set in.
const PACKET: &[u8] = b"a trap: this packet";
const TURN: &[u8] = b"a trap: the next turn";
const TAPE: &[u8] = b"a trap: the next of a tape";
const WORK: &[u8] = b"a trap: all else";

thread_local! {
    /// In the turn of which port, on this thread.
    static TURNS: Cell<Option<PortKey>> = const { Cell::new(None) };
    static TAPES: Cell<Option<PortKey>> = const { Cell::new(None) };
    static WORKS: Cell<bool> = const { Cell::new(false) };
}

/// A packet of a port has been admitted.
pub(in crate::media) fn at_packet(key: PortKey, packet: &[u8]) {
    if packet.ends_with(TURN) {
        TURNS.set(Some(key));
    }
    if packet.ends_with(TAPE) {
        TAPES.set(Some(key));
    }
    if packet.ends_with(WORK) {
        WORKS.set(true);
    }
    assert!(!packet.ends_with(PACKET), "a trap in a packet");
}

/// A port has its turn, or is sent to from its room.
pub(in crate::media) fn at_turn(key: PortKey) {
    if TURNS.get() == Some(key) {
        TURNS.set(None);
        panic!("a trap in a turn");
    }
}

/// The tape at a port is wound.
pub(in crate::media) fn at_tape(key: PortKey) {
    if TAPES.get() == Some(key) {
        TAPES.set(None);
        panic!("a trap in a tape");
    }
}

/// The thread has read its orders.
pub(in crate::media) fn at_work() {
    assert!(!WORKS.take(), "a trap in a thread");
}

/// An RTP packet of PCMU with this payload.
fn packet(payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80, 0, 0, 9, 0, 0, 0, 9, 0, 0, 0xf, 0x0e];
    packet.extend(payload);
    packet
}

/// All say their notes at once.
fn talk(phones: &mut [&mut Phone], millis: u64) {
    std::thread::scope(|scope| {
        for (at, phone) in phones.iter_mut().enumerate() {
            phone.heard.clear();
            scope.spawn(move || {
                phone.say(&sine(phone.rate(), note(at), millis));
                phone.hear_for(100);
            });
        }
    });
}

fn note(at: usize) -> f64 {
    500.0 + 400.0 * at as f64
}

fn middle(phone: &Phone) -> &[i16] {
    phone.heard.get(phone.heard.len() / 4..phone.heard.len() * 3 / 4).expect("sound")
}

fn broken(house: &House) -> PortId {
    loop {
        match house.event() {
            Some(MediaEvent::Broken { port }) => return port,
            Some(_) => {}
            None => panic!("nobody was told"),
        }
    }
}

/// The port can be given back, with what was counted, and its pair serves another call.
fn assert_given_back(house: &mut House, port: PortId) {
    house.give(MediaCommand::Close { port });
    let stats = loop {
        match house.event() {
            Some(MediaEvent::Closed { port: closed, stats }) if closed == port => break stats,
            Some(MediaEvent::Speaking { .. } | MediaEvent::Recorded { .. }) => {}
            other => panic!("{port:?} was not given back: {other:?}"),
        }
    };
    assert!(stats.packets_in > 0, "{stats:?}");
    let rested = house.engine.get_mut().returned.recv_timeout(super::LONG);
    assert!(rested.is_ok(), "its sockets are lost");
}

#[test]
fn a_packet_that_breaks_a_port_ends_it_alone_and_who_talks_beside_it_is_heard() {
    let mut house = House::new();
    let [mut one, mut other, mut third, mut fourth] = [(); 4].map(|()| Phone::new(Codec::Pcmu));
    let ports = [&mut one, &mut other, &mut third, &mut fourth].map(|phone| house.open(phone));
    house.give(MediaCommand::Connect { a: ports[0], b: ports[1] });
    house.give(MediaCommand::Connect { a: ports[2], b: ports[3] });
    talk(&mut [&mut one, &mut other, &mut third, &mut fourth], 200);
    one.send_raw(&packet(PACKET));
    assert_eq!(broken(&house), ports[0]);
    talk(&mut [&mut one, &mut other, &mut third, &mut fourth], 400);
    assert!(other.heard.is_empty(), "there is nobody to be heard");
    assert_heard(middle(&third), third.rate(), note(3), &[note(2)]);
    assert_heard(middle(&fourth), fourth.rate(), note(2), &[note(3)]);
    assert_given_back(&mut house, ports[0]);
    // What was with it is as it was.
    house.give(MediaCommand::Play {
        port: ports[1],
        id: sound(9),
        tenant: TENANT,
        sounds: vec![Sound::Tone(Tone::Test(700), std::time::Duration::from_millis(400))],
        language: None,
        forever: false,
    });
    assert!(matches!(house.event_heard_by(&mut other), Some(MediaEvent::Played { fault: None, .. })));
    assert_heard(middle(&other), other.rate(), 700.0, &[]);
}

#[test]
fn a_turn_that_breaks_takes_neither_its_recording_nor_the_turns_of_others_along() {
    break_a_turn(TURN);
    break_a_turn(TAPE);
}

fn break_a_turn(trap: &[u8]) {
    let mut house = House::new();
    let [mut one, mut other, mut third, mut fourth] =
        [Codec::Pcmu, Codec::G722, Codec::Pcmu, Codec::G722].map(Phone::new);
    let ports = [&mut one, &mut other, &mut third, &mut fourth].map(|phone| house.open(phone));
    house.give(MediaCommand::Connect { a: ports[0], b: ports[1] });
    house.give(MediaCommand::Connect { a: ports[2], b: ports[3] });
    house.give(MediaCommand::RecordCall {
        port: ports[0],
        id: sound(1),
        tenant: TENANT,
        name: "kept".to_owned(),
        format: switch::RecordingFormat::Wav,
        layout: switch::RecordingLayout::Mixed,
        beep: false,
    });
    // Longer than what waits for the disk.
    talk(&mut [&mut one, &mut other, &mut third, &mut fourth], 1_500);
    one.send_raw(&packet(trap));
    let mut events = Vec::new();
    while events.len() < 2 {
        events.push(house.event().expect("both are told"));
    }
    assert!(events.contains(&MediaEvent::Broken { port: ports[0] }), "{events:?}");
    let kept = events.iter().any(|event| matches!(event, MediaEvent::Recorded { bytes, .. } if *bytes > 1_000));
    assert!(kept, "what was recorded until then is there: {events:?}");
    talk(&mut [&mut third, &mut fourth], 600);
    assert_heard(middle(&third), third.rate(), note(1), &[note(0)]);
    assert_heard(middle(&fourth), fourth.rate(), note(0), &[note(1)]);
    assert_given_back(&mut house, ports[0]);
}

#[test]
fn a_member_who_breaks_is_gone_and_the_room_goes_on() {
    let mut house = House::new();
    let [mut one, mut other, mut third] = [(); 3].map(|()| Phone::new(Codec::Pcmu));
    let ports = [&mut one, &mut other, &mut third].map(|phone| house.open(phone));
    for port in ports {
        house.give(MediaCommand::Join { port, mixer: MixerId(1), tenant: TENANT, bearing: Bearing::default() });
    }
    talk(&mut [&mut one, &mut other, &mut third], 400);
    third.send_raw(&packet(TURN));
    assert_eq!(broken(&house), ports[2]);
    talk(&mut [&mut one, &mut other], 600);
    assert_heard(middle(&one), one.rate(), note(1), &[note(0), note(2)]);
    assert_heard(middle(&other), other.rate(), note(0), &[note(1), note(2)]);
    assert_given_back(&mut house, ports[2]);
}

#[test]
fn a_thread_that_breaks_tells_all_its_calls_and_serves_new_ones() {
    let mut house = House::new();
    let [mut one, mut other] = [(); 2].map(|()| Phone::new(Codec::Pcmu));
    let ports = [&mut one, &mut other].map(|phone| house.open(phone));
    house.give(MediaCommand::Connect { a: ports[0], b: ports[1] });
    talk(&mut [&mut one, &mut other], 200);
    one.send_raw(&packet(WORK));
    // The trap is sprung when the thread is woken next.
    one.send_raw(&packet(b"more"));
    let lost = [broken(&house), broken(&house)];
    assert!(ports.iter().all(|port| lost.contains(port)), "{lost:?}");
    ports.into_iter().for_each(|port| assert_given_back(&mut house, port));
    let ports = [&mut one, &mut other].map(|phone| house.open(phone));
    house.give(MediaCommand::Connect { a: ports[0], b: ports[1] });
    talk(&mut [&mut one, &mut other], 400);
    assert_heard(middle(&one), one.rate(), note(1), &[note(0)]);
    assert_heard(middle(&other), other.rate(), note(0), &[note(1)]);
}
