//! What a frame of 20 ms costs: keys heard and sent, tones, reports.

use std::time::{Duration, Instant};

use divan::Bencher;
use media::Rate;
use media::dtmf::{Arrival, Detector, Digit, Receiver, Sender};
use media::rtcp::{Config, Inbound, Ntp, Outbound, Reporter};
use media::tone::{Kind, Plan, Player};

fn main() {
    divan::main();
}

/// Noise that is never a key.
fn noise() -> [i16; 160] {
    let mut state = 7_u32;
    std::array::from_fn(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 18) as i16 - 8192
    })
}

#[divan::bench]
fn a_frame_listened_to(bencher: Bencher<'_, '_>) {
    let (mut detector, frame) = (Detector::default(), noise());
    bencher.bench_local(|| {
        detector.handle(divan::black_box(&frame));
        detector.poll()
    });
}

#[divan::bench(args = [Rate::Narrow, Rate::Wide, Rate::Full])]
fn a_frame_of_ring_back(bencher: Bencher<'_, '_>, rate: Rate) {
    let mut player = Player::new(Plan::of("US").tone(Kind::Dial), rate);
    let mut frame = vec![0; rate.frame()];
    bencher.bench_local(|| player.fill(divan::black_box(&mut frame)));
}

#[divan::bench]
fn a_report_of_a_key_received(bencher: Bencher<'_, '_>) {
    let mut receiver = Receiver::default();
    let (now, mut sequence) = (Instant::now(), 0_u16);
    bencher.bench_local(|| {
        sequence = sequence.wrapping_add(1);
        let arrival = Arrival {
            ssrc: 1,
            sequence,
            timestamp: u32::from(sequence / 10) * 4000,
            marker: false,
            clock: 8000,
            payload: &[5, 10, 0, 160],
        };
        let _ = divan::black_box(receiver.handle(now, &arrival));
        while divan::black_box(receiver.poll()).is_some() {}
    });
}

#[divan::bench]
fn a_step_of_a_sender(bencher: Bencher<'_, '_>) {
    let mut sender = Sender::new(8000, 10);
    let mut timestamp = 0_u32;
    bencher.bench_local(|| {
        timestamp = timestamp.wrapping_add(160);
        if !sender.is_busy() {
            let _ = sender.send(Digit::STAR, Duration::from_millis(100));
        }
        sender.step(timestamp)
    });
}

#[divan::bench]
fn a_packet_out_and_one_in_counted(bencher: Bencher<'_, '_>) {
    let now = Instant::now();
    let mut reporter = Reporter::new(now, Config::default(), 1, "a", 1);
    let mut sequence = 0_u16;
    bencher.bench_local(|| {
        sequence = sequence.wrapping_add(1);
        let timestamp = u32::from(sequence) * 160;
        reporter.sent(now, Outbound { sequence, timestamp, clock: 8000, octets: 160 });
        reporter.received(now, Inbound { ssrc: 2, sequence, timestamp, clock: Some(8000) });
    });
}

#[divan::bench]
fn a_report_made_and_read(bencher: Bencher<'_, '_>) {
    let now = Instant::now();
    let end = |ssrc| {
        let mut end = Reporter::new(now, Config::default(), ssrc, "0123456789abcdef", 1);
        end.sent(now, Outbound { sequence: 1, timestamp: 160, clock: 8000, octets: 160 });
        end.received(now, Inbound { ssrc: 3 - ssrc, sequence: 1, timestamp: 160, clock: Some(8000) });
        end
    };
    let (mut one, mut other) = (end(1), end(2));
    let mut buffer = [0; 256];
    bencher.bench_local(|| {
        let length = one.bye(now, Ntp(1 << 40), &mut buffer).unwrap_or(0);
        other.handle(now, Ntp(1 << 40), divan::black_box(buffer.get(..length).unwrap_or_default()))
    });
}
