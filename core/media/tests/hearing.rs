//! What is heard of a stream that a network has harmed: stories with a seed, and a bound on the damage.

mod measure;

use std::time::{Duration, Instant};

use measure::{Chance, Damage, Network, damage, hear, hear_from, packets, power, voice};
use media::codec::noise;
use media::{Codec, FRAME, Format, Heard, Hearing, JitterConfig, Packetiser, Rate, Taken, Unheard};

const fn ms(time: u64) -> Duration {
    Duration::from_millis(time)
}

const FORMATS: [(u8, Format); 6] = [
    (0, Format::Sound(Codec::Pcmu)),
    (8, Format::Sound(Codec::Pcma)),
    (9, Format::Sound(Codec::G722)),
    (111, Format::Sound(Codec::Opus)),
    (13, Format::Noise),
    (101, Format::Event),
];

fn number(codec: Codec) -> u8 {
    codec.payload_type().unwrap_or(111)
}

fn hearing(codec: Codec, rate: Rate) -> Hearing {
    let formats: Vec<_> = std::iter::once((number(codec), Format::Sound(codec))).chain(FORMATS).collect();
    Hearing::new(&formats, rate, JitterConfig::default(), 5)
}

fn stream(codec: Codec) -> Packetiser {
    // Both numbers wrap on the way.
    Packetiser::new(number(codec), 0x00c0_ffee, u16::MAX - 200, u32::MAX - 100_000)
}

/// A voice through a network, and the damage.
fn carried(codec: Codec, network: Network, ptime: Duration, time: Duration) -> (Hearing, Damage) {
    let rate = codec.rate_for(Rate::Wide);
    let said = voice(network.seed, rate, time);
    let sent = packets(codec, rate, ptime, &said, stream(codec));
    let mut hearing = hearing(codec, rate);
    let heard = hear(&mut hearing, &network.carry(ptime, sent), time);
    let damage = damage(&said, &heard, rate);
    eprintln!("{codec:?} {damage:?} {:?} target {:?}", hearing.counts(), hearing.jitter().target());
    (hearing, damage)
}

#[test]
fn a_good_network_does_no_harm_and_adds_little_delay() {
    for (codec, snr) in [(Codec::Pcmu, 30.0), (Codec::Pcma, 30.0), (Codec::G722, 15.0), (Codec::Opus, 5.0)] {
        let (hearing, damage) = carried(codec, Network::good(1), FRAME, ms(12_000));
        let counts = hearing.counts();
        assert_eq!((counts.lost, counts.late, counts.duplicates, counts.strays, counts.restarts), (0, 0, 0, 0, 0));
        assert_eq!(counts.concealed, Duration::ZERO);
        assert!(damage.snr > snr && damage.bad < 0.5, "{codec:?}: {damage:?}");
        // 33 ms of network, 40 ms of buffer at first, a frame until we look, what codec and packet take.
        assert!(damage.delay <= ms(140), "{codec:?}: {damage:?}");
    }
}

#[test]
fn five_per_cent_lost_are_concealed() {
    for (codec, likeness) in [(Codec::Pcmu, 0.96), (Codec::G722, 0.95), (Codec::Opus, 0.9)] {
        let network = Network { loss: 5.0, ..Network::good(2) };
        let (hearing, damage) = carried(codec, network, FRAME, ms(20_000));
        let counts = hearing.counts();
        assert!((30..=75).contains(&counts.lost), "{counts:?}");
        assert_eq!((counts.late, counts.restarts, counts.skipped), (0, 0, 0), "{counts:?}");
        let concealed = counts.concealed.as_millis() / 20;
        assert!(concealed.abs_diff(u128::from(counts.lost)) <= 3, "{counts:?}");
        assert!(damage.likeness > likeness && damage.bad < 8.0, "{codec:?}: {damage:?}");
    }
}

#[test]
fn forty_milliseconds_of_jitter_with_packets_overtaking_each_other_are_waited_for() {
    for codec in [Codec::Pcmu, Codec::Opus] {
        let network = Network { jitter: ms(40), twice: 2.0, ..Network::good(3) };
        let (hearing, damage) = carried(codec, network, FRAME, ms(30_000));
        let counts = hearing.counts();
        assert!(counts.late <= 15 && counts.lost <= 15, "at most one in a hundred: {counts:?}");
        assert!((15..=50).contains(&counts.duplicates), "{counts:?}");
        assert!(hearing.jitter().target() >= ms(35) && hearing.jitter().target() <= ms(70));
        assert!(damage.likeness > 0.93 && damage.bad < 4.0, "{codec:?}: {damage:?}");
    }
}

#[test]
fn all_of_it_at_once_is_still_speech() {
    let network = Network { seed: 4, loss: 5.0, jitter: ms(40), drift: 200.0, twice: 1.0 };
    let (_, damage) = carried(Codec::Pcmu, network, FRAME, ms(30_000));
    assert!(damage.likeness > 0.93 && damage.bad < 10.0, "{damage:?}");
    let (_, damage) = carried(Codec::G722, Network { drift: -200.0, ..network }, FRAME, ms(30_000));
    assert!(damage.likeness > 0.92 && damage.bad < 10.0, "{damage:?}");
}

#[test]
fn another_clock_is_followed_by_a_few_slips_and_nothing_is_lost() {
    for (drift, seconds) in [(200.0, 60), (-200.0, 60), (1_000.0, 60), (-1_000.0, 120)] {
        let network = Network { drift, jitter: ms(4), ..Network::good(5) };
        let (hearing, damage) = carried(Codec::Pcmu, network, FRAME, ms(seconds * 1_000));
        let counts = hearing.counts();
        let apart = Duration::from_secs_f64(seconds as f64 * drift.abs() * 1e-6);
        assert!(counts.lost + counts.late + counts.skipped + counts.restarts <= 2, "{drift}: {counts:?}");
        // The delay may begin too high and may end anywhere between the bounds of the target.
        assert!(counts.inserted + counts.dropped < apart + ms(50), "{drift}: {counts:?}");
        let followed = if drift > 0.0 { counts.dropped } else { counts.inserted + counts.concealed };
        assert!(followed + ms(45) > apart, "{drift}: {counts:?}");
        assert!(hearing.jitter().delay().is_some_and(|delay| delay < ms(60)), "{drift}: {:?}", hearing.jitter());
        assert!(damage.likeness > 0.97 && damage.bad < 3.0, "{drift}: {damage:?}");
    }
}

#[test]
fn a_stream_that_starts_over_with_another_ssrc_is_heard_after_one_packet() {
    let (rate, time) = (Rate::Narrow, ms(6_000));
    let said = voice(6, rate, time);
    let half = said.len() / 2;
    let mut sent = packets(Codec::Pcmu, rate, FRAME, &said[..half], Packetiser::new(0, 1, 77, 1_000_000));
    sent.extend(packets(Codec::Pcmu, rate, FRAME, &said[half..], Packetiser::new(0, 2, 60_000, 5)));
    let mut hearing = hearing(Codec::Pcmu, rate);
    let heard = hear(&mut hearing, &Network { jitter: ms(5), ..Network::good(6) }.carry(FRAME, sent), time);
    let counts = hearing.counts();
    assert_eq!((counts.restarts, counts.strays, counts.late), (1, 1, 0), "{counts:?}");
    let damage = damage(&said, &heard, rate);
    assert!(damage.likeness > 0.97 && damage.bad < 5.0, "{damage:?}");
}

#[test]
fn a_leap_of_the_timestamps_is_a_new_beginning_and_one_odd_packet_is_not() {
    let (rate, time) = (Rate::Narrow, ms(4_000));
    let said = voice(7, rate, time);
    let mut sent = packets(Codec::Pcmu, rate, FRAME, &said, Packetiser::new(0, 1, 100, 0));
    for packet in &mut sent[100..] {
        packet[4] ^= 0x40;
    }
    sent[50][5] ^= 0x80;
    let mut hearing = hearing(Codec::Pcmu, rate);
    let heard = hear(&mut hearing, &Network::good(7).carry(FRAME, sent), time);
    let counts = hearing.counts();
    assert_eq!((counts.restarts, counts.strays, counts.lost), (1, 2, 1), "{counts:?}");
    assert!(damage(&said, &heard, rate).bad < 6.0);
}

#[test]
fn a_lost_packet_is_concealed_and_a_late_one_dropped() {
    let rate = Rate::Narrow;
    let said = voice(8, rate, ms(3_000));
    let sent = packets(Codec::Pcmu, rate, FRAME, &said, stream(Codec::Pcmu));
    let mut carried = Network::good(8).carry(FRAME, sent);
    carried[60].0 += ms(100);
    carried.sort_by_key(|(at, _)| *at);
    let mut hearing = hearing(Codec::Pcmu, rate);
    hear(&mut hearing, &carried, ms(3_000));
    let counts = hearing.counts();
    assert_eq!((counts.lost, counts.late, counts.concealed), (1, 1, FRAME), "{counts:?}");
}

#[test]
fn a_silent_far_end_is_noise_or_nothing_and_no_loss() {
    let rate = Rate::Narrow;
    let said = voice(9, rate, ms(1_000));
    let mut speaking = media::Speaking::new(Codec::Pcmu, rate, FRAME, stream(Codec::Pcmu)).expect("a ptime");
    let mut sent = Vec::new();
    let mut clock = Duration::ZERO;
    for turn in 0..4 {
        for packet in measure::drain(&mut speaking, &said) {
            sent.push((clock, packet));
            clock += FRAME;
        }
        if turn % 2 == 0 {
            let mut packet = Vec::new();
            let timestamp = speaking.rtp().timestamp();
            speaking.rtp().write_as(noise::PAYLOAD_TYPE, timestamp, false, &[50, 100, 140], &mut packet);
            sent.push((clock, packet));
        }
        speaking.skip(ms(3_000));
        clock += ms(3_000);
    }
    let mut hearing = hearing(Codec::Pcmu, rate);
    let heard = hear(&mut hearing, &sent, clock);
    let counts = hearing.counts();
    assert_eq!((counts.lost, counts.late, counts.strays, counts.restarts), (0, 0, 0, 0), "{counts:?}");
    assert!(counts.concealed <= ms(300), "only until it is known to be silence: {counts:?}");
    let level = |from: u64| {
        let from = rate.samples(ms(from));
        10.0 * (power(&heard[from..from + rate.samples(ms(1_000))]) / (32_768.0 * 32_768.0)).log10()
    };
    assert!((level(2_500) + 50.0).abs() < 2.0, "comfort noise of −50 dBov: {}", level(2_500));
    assert!(level(6_500) < -90.0, "no noise was asked for: {}", level(6_500));
    assert!(level(4_200) > -35.0 && level(8_200) > -35.0, "speech in between");
}

#[test]
fn an_outage_and_the_flood_after_it_leave_no_delay_behind() {
    let rate = Rate::Narrow;
    let said = voice(10, rate, ms(20_000));
    let sent = packets(Codec::Pcmu, rate, FRAME, &said, stream(Codec::Pcmu));
    let mut carried = Network::good(10).carry(FRAME, sent);
    for (at, _) in &mut carried {
        if *at > ms(4_000) && *at < ms(4_800) {
            *at = ms(4_800);
        }
    }
    let mut hearing = hearing(Codec::Pcmu, rate);
    let heard = hear(&mut hearing, &carried, ms(20_000));
    let damage = damage(&said, &heard, rate);
    eprintln!("{damage:?} {:?}", hearing.counts());
    assert!(damage.late <= damage.early + ms(45), "{damage:?}");
    assert!(hearing.jitter().delay().is_some_and(|delay| delay < ms(90)), "{:?}", hearing.jitter().delay());
}

#[test]
fn every_ptime_is_heard_alike() {
    for codec in [Codec::Pcma, Codec::G722, Codec::Opus] {
        for ptime in [10, 20, 30, 40, 60] {
            let ptime = if codec == Codec::Opus && ptime == 30 { ms(20) } else { ms(ptime) };
            let network = Network { jitter: ms(8), loss: 1.0, ..Network::good(11) };
            let (hearing, damage) = carried(codec, network, ptime, ms(10_000));
            assert!(damage.likeness > 0.9 && damage.bad < 8.0, "{codec:?} {ptime:?}: {damage:?}");
            assert!(hearing.counts().late <= 5, "{codec:?} {ptime:?}: {:?}", hearing.counts());
        }
    }
}

#[test]
fn a_far_end_that_changes_its_codec_without_a_word_is_heard_on() {
    let (rate, time) = (Rate::Wide, ms(9_000));
    let said = voice(12, rate, time);
    let third = said.len() / 3;
    let mut sent = Vec::new();
    let mut rtp = Packetiser::new(0, 1, 9, 9);
    for (codec, part) in [Codec::Pcmu, Codec::G722, Codec::Opus].into_iter().zip(said.chunks(third)) {
        rtp = Packetiser::new(number(codec), 1, rtp.sequence(), rtp.timestamp());
        let mut speaking = media::Speaking::new(codec, rate, FRAME, rtp.clone()).expect("a ptime");
        sent.extend(measure::drain(&mut speaking, part));
        rtp = speaking.rtp().clone();
    }
    let mut hearing = hearing(Codec::Pcmu, rate);
    let heard = hear(&mut hearing, &Network::good(12).carry(FRAME, sent), time);
    let damage = damage(&said, &heard, rate);
    eprintln!("{damage:?} {:?}", hearing.counts());
    assert_eq!(hearing.codec(), Some(Codec::Opus));
    assert!(damage.likeness > 0.93 && damage.bad < 6.0, "{damage:?}");
}

#[test]
fn telephone_events_between_the_packets_of_sound_are_no_loss() {
    let rate = Rate::Narrow;
    let said = voice(13, rate, ms(4_000));
    let mut speaking = media::Speaking::new(Codec::Pcmu, rate, FRAME, stream(Codec::Pcmu)).expect("a ptime");
    let mut sent = Vec::new();
    let mut packet = Vec::new();
    for (number, frame) in said.chunks_exact(rate.frame()).enumerate() {
        let at = FRAME * u32::try_from(number).expect("few");
        if (100..110).contains(&number) {
            // A digit of 200 ms instead of sound: one timestamp for all of its packets.
            let timestamp = speaking.rtp().timestamp().wrapping_sub((u32::try_from(number).expect("few") - 100) * 160);
            speaking.rtp().write_as(101, timestamp, number == 100, &[5, 10, 0, 160], &mut packet);
            sent.push((at, packet.clone()));
            speaking.skip(FRAME);
            continue;
        }
        speaking.handle(frame);
        while speaking.poll(&mut packet) {
            sent.push((at, packet.clone()));
        }
    }
    let mut hearing = hearing(Codec::Pcmu, rate);
    hear(&mut hearing, &sent, ms(4_000));
    let counts = hearing.counts();
    assert_eq!((counts.lost, counts.late, counts.strays, counts.restarts), (0, 0, 0, 0), "{counts:?}");
    assert!(counts.concealed <= ms(40), "{counts:?}");
}

#[test]
fn before_anybody_spoke_there_is_silence() {
    let mut hearing = hearing(Codec::G722, Rate::Full);
    let mut frame = [7; 960];
    assert_eq!(hearing.poll(Instant::now(), &mut frame), Heard::Silence);
    assert!(frame.iter().all(|sample| *sample == 0));
}

#[test]
fn what_nobody_should_send_is_refused_and_never_ends_the_call() {
    let start = Instant::now();
    for seed in 0..40 {
        let mut chance = Chance(seed);
        let mut hearing = hearing(Codec::Pcmu, [Rate::Narrow, Rate::Wide, Rate::Full][seed as usize % 3]);
        let mut frame = vec![0; hearing.rate().frame()];
        for step in 0..400_u64 {
            let size = match chance.next() % 5 {
                0 => 0,
                1 => chance.next() % 4,
                2 => chance.next() % 1_600,
                3 if step % 50 == 0 => 65_535,
                _ => 160,
            };
            let mut packet: Vec<u8> = (0..size + 12).map(|_| (chance.next() >> 24) as u8).collect();
            // Mostly RTP, mostly of payload types that we know, of few streams, near in sequence, or wild.
            packet[0] = 0x80;
            packet[1] = [0, 8, 9, 111, 13, 101, 0x80 | 111, (chance.next() >> 9) as u8][chance.next() as usize % 8];
            if !chance.next().is_multiple_of(4) {
                packet[2..4].copy_from_slice(&((step + chance.next() % 3) as u16).to_be_bytes());
                packet[4..8].copy_from_slice(&((step * 160) as u32).to_be_bytes());
                packet[8..12].copy_from_slice(&[0, 0, 0, (chance.next() % 2) as u8]);
            }
            let now = start + Duration::from_millis(step * 7 + chance.next() % 40);
            let taken = hearing.handle(now, &packet);
            if size > 1_500 {
                assert!(!matches!(taken, Ok(Taken::Kept)), "{size} bytes were kept");
            }
            hearing.poll(now, &mut frame);
        }
        assert!(hearing.jitter().depth() < Duration::from_secs(20));
    }
    let mut hearing = hearing(Codec::Pcmu, Rate::Narrow);
    assert_eq!(hearing.handle(start, &[]), Err(Unheard::NotRtp));
    let mut packet = Vec::new();
    Packetiser::new(77, 1, 1, 1).write(&[0; 160], 160, &mut packet);
    assert_eq!(hearing.handle(start, &packet), Err(Unheard::PayloadType(77)));
    Packetiser::new(0, 1, 1, 1).write(&[], 160, &mut packet);
    assert_eq!(hearing.handle(start, &packet), Err(Unheard::Malformed(Codec::Pcmu)));
}

#[test]
fn one_seed_gives_one_sound() {
    let said = voice(14, Rate::Narrow, ms(3_000));
    let sent = packets(Codec::Pcmu, Rate::Narrow, FRAME, &said, stream(Codec::Pcmu));
    let carried = Network { loss: 10.0, jitter: ms(60), ..Network::good(14) }.carry(FRAME, sent);
    let start = Instant::now();
    let once = |later: u64| hear_from(start + ms(later), &mut hearing(Codec::Pcmu, Rate::Narrow), &carried, ms(3_000));
    assert_eq!(once(0), once(12_345));
}

#[test]
fn what_was_here_when_all_was_left_behind_is_told_apart_from_what_comes_after() {
    for (codec, rate) in [(Codec::Pcmu, Rate::Narrow), (Codec::Pcmu, Rate::Wide), (Codec::Opus, Rate::Wide)] {
        // On a network that holds packets up for long, they wait here for long.
        for jitter in [0, 60] {
            let network = Network { jitter: ms(jitter), ..Network::good(31) };
            let (before, time) = (ms(3_000), ms(6_000));
            let tone = |hz: f64, time: Duration| {
                let native = codec.rate_for(rate);
                let samples = 0..native.samples(time);
                samples.map(move |n| {
                    ((n as f64 * hz * std::f64::consts::TAU / f64::from(native.hz())).sin() * 8_000.0) as i16
                })
            };
            let said: Vec<i16> = tone(500.0, before).chain(tone(1_500.0, time - before)).collect();
            let carried = network.carry(FRAME, packets(codec, codec.rate_for(rate), FRAME, &said, stream(codec)));
            // When the last of them has come.
            let number = |packet: &[u8]| u16::from_be_bytes([packet[2], packet[3]]).wrapping_sub(u16::MAX - 200);
            let cut = 1 + carried.iter().rposition(|(_, packet)| number(packet) < 150).expect("the first tone");
            let (mut hearing, start) = (hearing(codec, rate), Instant::now());
            let (mut kept, mut old, mut packets) = (Vec::new(), 0, carried.iter().enumerate().peekable());
            for tick in 0..310 {
                let now = start + FRAME * tick;
                while let Some((number, (_, packet))) = packets.next_if(|(_, (at, _))| start + *at <= now) {
                    if number == cut {
                        hearing.leave_behind();
                        kept.clear();
                    }
                    let _ = hearing.handle(now, packet);
                }
                let mut frame = vec![0; rate.frame()];
                hearing.poll(now, &mut frame);
                old += u32::from(hearing.is_old());
                if !hearing.is_old() {
                    kept.extend(frame);
                }
            }
            let level = |sound: &[i16], hz: f64| {
                let step = std::f64::consts::TAU * hz / f64::from(rate.hz());
                let (sine, cosine) = sound.iter().zip(0..).fold((0.0, 0.0), |(sine, cosine), (sample, n)| {
                    let (s, c) = (f64::from(n) * step).sin_cos();
                    (sine + s * f64::from(*sample), cosine + c * f64::from(*sample))
                });
                f64::hypot(sine, cosine) / sound.len() as f64
            };
            assert!((2..=16).contains(&old), "{codec:?} {jitter}: {old} frames were old");
            assert!(kept.len() > rate.samples(ms(2_500)), "{codec:?}: the rest is heard");
            let first = &kept[..rate.samples(ms(200))];
            let (before, after) = (level(first, 500.0), level(first, 1_500.0));
            assert!(after > 1_000.0 && before < after / 30.0, "{codec:?} {jitter}: {before} and {after}");
        }
    }
}
