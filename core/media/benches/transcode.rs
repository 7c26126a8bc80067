//! What sound costs, a frame of 20 ms each: `cargo bench -p media --bench transcode`.

use std::time::{Duration, Instant};

use divan::{Bencher, black_box};
use media::{
    Arrival, Codec, Concealer, Content, Crossing, Decoder, Encoder, FRAME, Format, Hearing, Jitter, JitterConfig,
    Packetiser, Playout, Rate, Resampler, Speaking,
};

#[path = "../tests/measure/mod.rs"]
mod measure;

fn main() {
    divan::main();
}

const CODECS: [(Codec, Rate); 6] = [
    (Codec::Pcmu, Rate::Narrow),
    (Codec::Pcma, Rate::Narrow),
    (Codec::G722, Rate::Wide),
    (Codec::Opus, Rate::Narrow),
    (Codec::Opus, Rate::Wide),
    (Codec::Opus, Rate::Full),
];

#[divan::bench(args = CODECS)]
fn encode(bencher: Bencher<'_, '_>, (codec, rate): (Codec, Rate)) {
    let said = measure::voice(1, rate, Duration::from_secs(4));
    let mut encoder = Encoder::new(codec, rate);
    let mut frames = said.chunks_exact(rate.frame()).cycle();
    let mut payload = Vec::with_capacity(1_500);
    bencher.bench_local(|| {
        payload.clear();
        encoder.encode(frames.next().unwrap_or_default(), &mut payload)
    });
}

#[divan::bench(args = CODECS)]
fn decode(bencher: Bencher<'_, '_>, (codec, rate): (Codec, Rate)) {
    let said = measure::voice(1, rate, Duration::from_secs(4));
    let mut encoder = Encoder::new(codec, rate);
    let payloads: Vec<Vec<u8>> = said
        .chunks_exact(rate.frame())
        .map(|frame| {
            let mut payload = Vec::new();
            encoder.encode(frame, &mut payload).unwrap();
            payload
        })
        .collect();
    let mut decoder = Decoder::new(codec, rate);
    let mut payloads = payloads.iter().cycle();
    let mut room = vec![0; rate.frame()];
    bencher.bench_local(|| decoder.decode(payloads.next().unwrap(), &mut room));
}

#[divan::bench(args = [(Rate::Narrow, Rate::Wide), (Rate::Wide, Rate::Narrow), (Rate::Narrow, Rate::Full), (Rate::Full, Rate::Narrow), (Rate::Wide, Rate::Full), (Rate::Full, Rate::Wide)])]
fn resample(bencher: Bencher<'_, '_>, (from, to): (Rate, Rate)) {
    let said = measure::voice(1, from, FRAME);
    let mut resampler = Resampler::new(from, to);
    bencher.bench_local(|| resampler.resample(black_box(&said)).len());
}

#[divan::bench]
fn crossing_of_the_laws(bencher: Bencher<'_, '_>) {
    let crossing = [
        Crossing::between((Codec::Pcmu, 0), (Codec::Pcma, 8)).unwrap(),
        Crossing::between((Codec::Pcma, 8), (Codec::Pcmu, 0)).unwrap(),
    ];
    let mut packet = Vec::new();
    Packetiser::new(0, 1, 1, 1).write(&[0x55; 160], 160, &mut packet);
    // There and back: two packets.
    bencher.bench_local(|| crossing.iter().all(|crossing| crossing.rewrite(black_box(&mut packet))));
}

#[divan::bench]
fn jitter_a_packet_in_and_out(bencher: Bencher<'_, '_>) {
    let mut now = Instant::now();
    let mut jitter = Jitter::new(JitterConfig::default(), 8_000);
    let mut chance = measure::Chance(1);
    let (mut sequence, mut timestamp) = (0_u16, 0_u32);
    bencher.bench_local(|| {
        let arrival = Arrival {
            ssrc: 1,
            sequence,
            timestamp,
            marker: false,
            payload_type: 0,
            payload: &[0x55; 160],
            content: Content::Sound(160),
        };
        let taken = jitter.handle(now + Duration::from_micros(chance.next() % 15_000), &arrival);
        sequence = sequence.wrapping_add(1);
        timestamp = timestamp.wrapping_add(160);
        now += FRAME;
        let slip = jitter.slip(now, 0);
        black_box((taken, slip));
        match jitter.poll(now, 0) {
            Playout::Packet(due) => due.payload.len(),
            _ => 0,
        }
    });
}

#[divan::bench(args = [Rate::Narrow, Rate::Wide])]
fn conceal_a_frame(bencher: Bencher<'_, '_>, rate: Rate) {
    let said = measure::voice(1, rate, Duration::from_millis(200));
    let mut concealer = Concealer::new(rate);
    let mut frame = vec![0; rate.frame()];
    let mut sound = said;
    bencher.bench_local(|| {
        concealer.heard(&mut sound);
        concealer.conceal(&mut frame)
    });
}

/// One direction of a call: a packet in, a frame, a packet out.
fn one_way(bencher: Bencher<'_, '_>, from: Codec, to: Codec, rate: Rate) {
    let number = |codec: Codec| codec.payload_type().unwrap_or(111);
    let own = from.rate_for(rate);
    let said = measure::voice(1, own, Duration::from_secs(4));
    let sent = measure::packets(from, own, FRAME, &said, Packetiser::new(number(from), 1, 1, 1));
    let mut hearing = Hearing::new(&[(number(from), Format::Sound(from))], rate, JitterConfig::default(), 1);
    let mut speaking = Speaking::new(to, rate, FRAME, Packetiser::new(number(to), 1, 1, 1)).unwrap();
    let mut now = Instant::now();
    let mut frame = vec![0; rate.frame()];
    let (mut packet, mut coming) = (Vec::new(), Vec::new());
    let mut payloads = sent.iter().map(|packet| packet.get(12..).unwrap_or_default()).cycle();
    let mut rtp = Packetiser::new(number(from), 1, 1, 1);
    bencher.bench_local(|| {
        rtp.write(payloads.next().unwrap_or_default(), from.ticks(FRAME), &mut coming);
        now += FRAME;
        let taken = hearing.handle(now, &coming);
        let heard = hearing.poll(now, &mut frame);
        speaking.handle(&frame);
        while speaking.poll(&mut packet) {}
        black_box((taken, heard, packet.len()))
    });
}

#[divan::bench]
fn pcmu_to_g722(bencher: Bencher<'_, '_>) {
    one_way(bencher, Codec::Pcmu, Codec::G722, Rate::Wide);
}

#[divan::bench]
fn g722_to_pcmu(bencher: Bencher<'_, '_>) {
    one_way(bencher, Codec::G722, Codec::Pcmu, Rate::Narrow);
}

#[divan::bench]
fn pcmu_to_opus(bencher: Bencher<'_, '_>) {
    one_way(bencher, Codec::Pcmu, Codec::Opus, Rate::Narrow);
}

#[divan::bench]
fn opus_to_pcmu(bencher: Bencher<'_, '_>) {
    one_way(bencher, Codec::Opus, Codec::Pcmu, Rate::Narrow);
}

#[divan::bench]
fn pcmu_to_pcma_through_sound(bencher: Bencher<'_, '_>) {
    one_way(bencher, Codec::Pcmu, Codec::Pcma, Rate::Narrow);
}
