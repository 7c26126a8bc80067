//! What a tick of a room costs with all its ears and encoders, by members: `cargo bench -p media --bench hall`. Sockets come
//! on top.

use std::time::{Duration, Instant};

use divan::{Bencher, black_box, counter::ItemsCount};
use media::hall::{Hall, HallConfig};
use media::mixer::MemberKey;
use media::{Codec, FRAME, Format, Packetiser, Speaking};

fn main() {
    divan::main();
}

struct Phone {
    key: MemberKey,
    speaking: Speaking,
    sound: Vec<i16>,
}

/// So many send; three of them speak, the others have the noise of a line.
fn tick(bencher: Bencher<'_, '_>, members: usize, senders: usize, codec: Codec) {
    let number = codec.payload_type().unwrap_or(111);
    let mut hall = Hall::new(HallConfig::default());
    let mut phones: Vec<Phone> = (0..members)
        .map(|at| {
            let loud = if at < 3 { 4_000.0 } else { 3.0 };
            let rtp = Packetiser::new(number, 1, 2, 3);
            Phone {
                key: hall.join(codec, FRAME, &[(number, Format::Sound(codec))], 1).expect("20 ms"),
                speaking: Speaking::new(codec, codec.rate(), FRAME, rtp).expect("20 ms"),
                sound: (0..codec.rate().frame()).map(|n| (loud * (n as f64 * 0.3).sin()) as i16).collect(),
            }
        })
        .collect();
    let mut now = Instant::now();
    // What phones say is encoded before: their cost is theirs.
    let mut packet = Vec::new();
    let mut said = |phone: &mut Phone| {
        phone.speaking.handle(&phone.sound);
        assert!(phone.speaking.poll(&mut packet), "a packet of 20 ms");
        packet.clone()
    };
    let mut packets: Vec<Vec<u8>> = Vec::new();
    // After five seconds of speech without a pause at the latest, all who hear the same share one encoding.
    for _ in 0..300 {
        packets = phones.iter_mut().take(senders).map(&mut said).collect();
        step(&mut hall, &phones, &packets, &mut now);
    }
    let mut count = 300_u32;
    bencher.counter(ItemsCount::new(members)).bench_local(|| {
        count += 1;
        for packet in &mut packets {
            renumber(packet, count, codec.ticks(FRAME));
        }
        step(&mut hall, &phones, &packets, &mut now);
    });
}

/// The same sound in a later packet.
fn renumber(packet: &mut [u8], count: u32, ticks: u32) {
    packet[2..4].copy_from_slice(&(1 + count as u16).to_be_bytes());
    packet[4..8].copy_from_slice(&(3 + (count - 1).wrapping_mul(ticks)).to_be_bytes());
}

fn step(hall: &mut Hall, phones: &[Phone], packets: &[Vec<u8>], now: &mut Instant) {
    for (phone, packet) in phones.iter().zip(packets) {
        let _ = black_box(hall.handle(*now, phone.key, packet));
    }
    *now += Duration::from_millis(10);
    hall.tick(*now);
    for phone in phones {
        for payload in hall.payloads(phone.key) {
            black_box(payload);
        }
    }
    *now += Duration::from_millis(10);
}

#[divan::bench(args = [10, 100, 1_000])]
fn g711(bencher: Bencher<'_, '_>, members: usize) {
    tick(bencher, members, members, Codec::Pcmu);
}

#[divan::bench(args = [10, 100])]
fn g722(bencher: Bencher<'_, '_>, members: usize) {
    tick(bencher, members, members, Codec::G722);
}

#[divan::bench(args = [10, 200])]
fn opus(bencher: Bencher<'_, '_>, members: usize) {
    tick(bencher, members, members, Codec::Opus);
}

/// All but three only listen: their phones are silent, as with discontinuous transmission.
#[divan::bench(args = [10, 200])]
fn opus_listeners(bencher: Bencher<'_, '_>, members: usize) {
    tick(bencher, members, 3, Codec::Opus);
}
