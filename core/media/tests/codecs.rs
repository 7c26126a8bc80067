//! Codecs there and back, and between each other.

mod measure;

use std::time::Duration;

use measure::{Chance, Network, damage, drain, hear, packets, voice};
use media::{
    Codec, CodecError, Crossing, Decoder, Encoder, FRAME, Format, Hearing, JitterConfig, OpusSettings, Packetiser,
    Rate, Speaking, Unspeakable,
};
use rtp_types::RtpPacket;

const fn ms(time: u64) -> Duration {
    Duration::from_millis(time)
}

/// Encodes and decodes frame by frame.
fn there_and_back(codec: Codec, rate: Rate, said: &[i16], settings: &OpusSettings) -> Vec<i16> {
    let (mut encoder, mut decoder) = (Encoder::new(codec, rate), Decoder::new(codec, rate));
    encoder.set_opus(settings);
    assert_eq!((encoder.rate(), decoder.rate()), (rate, rate));
    let mut heard = Vec::new();
    let mut payload = Vec::new();
    let mut room = vec![0; rate.frame()];
    for frame in said.chunks_exact(rate.frame()) {
        payload.clear();
        assert_eq!(encoder.encode(frame, &mut payload), Ok(payload.len()));
        assert_eq!(codec.samples_of(&payload, rate), Some(frame.len()));
        let given = decoder.decode(&payload, &mut room).expect("what was encoded");
        heard.extend_from_slice(&room[..given]);
    }
    heard
}

#[test]
fn a_voice_comes_back_as_near_as_the_codec_can() {
    for (codec, rate, snr) in [
        (Codec::Pcmu, Rate::Narrow, 30.0),
        (Codec::Pcma, Rate::Narrow, 30.0),
        (Codec::G722, Rate::Wide, 18.0),
        (Codec::Opus, Rate::Narrow, 8.0),
        (Codec::Opus, Rate::Wide, 8.0),
        (Codec::Opus, Rate::Full, 8.0),
    ] {
        let said = voice(1, rate, ms(8_000));
        let settings = OpusSettings { bitrate: 32_000, ..OpusSettings::default() };
        let damage = damage(&said, &there_and_back(codec, rate, &said, &settings), rate);
        eprintln!("{codec:?} {rate:?} {damage:?}");
        assert!(damage.snr > snr && damage.bad == 0.0, "{codec:?} at {rate:?}: {damage:?}");
    }
}

#[test]
fn the_lower_band_of_g722_alone_is_the_voice_as_a_telephone_has_it() {
    // Telephone speech in a wide codec, heard by who has no wide one.
    let said = voice(8, Rate::Narrow, ms(8_000));
    let payloads = packets(Codec::G722, Rate::Narrow, FRAME, &said, Packetiser::new(9, 1, 1, 1));
    let heard = |rate| {
        let mut decoder = Decoder::new(Codec::G722, rate);
        assert_eq!(decoder.rate(), rate);
        let (mut heard, mut room) = (Vec::new(), vec![0; rate.frame()]);
        for packet in &payloads {
            let packet = RtpPacket::parse(packet).expect("RTP");
            assert_eq!(decoder.decode(packet.payload(), &mut room), Ok(rate.frame()));
            heard.extend_from_slice(&room);
        }
        heard
    };
    let (whole, low) = (heard(Rate::Wide), heard(Rate::Narrow));
    let mut down = media::Resampler::new(Rate::Wide, Rate::Narrow);
    let whole: Vec<i16> =
        whole.chunks_exact(Rate::Wide.frame()).flat_map(|frame| down.resample(frame).to_vec()).collect();
    let loudness = |sound: &[i16]| sound.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>().sqrt();
    let louder = 20.0 * (loudness(&low) / loudness(&whole)).log10();
    let (whole, low) = (damage(&said, &whole, Rate::Narrow), damage(&said, &low, Rate::Narrow));
    eprintln!("{whole:?} {low:?} {louder}");
    assert!(louder.abs() < 0.5, "{louder} dB");
    // The lower band is half a sample of 8 kHz late, which no whole delay can match.
    assert!(low.likeness > 0.95 && low.bad == 0.0 && low.delay < whole.delay, "{whole:?} {low:?}");
}

#[test]
fn more_bits_sound_better_and_settings_may_change_while_it_speaks() {
    let said = voice(2, Rate::Wide, ms(6_000));
    let at = |bitrate| {
        let settings = OpusSettings { bitrate, complexity: 3, ..OpusSettings::default() };
        damage(&said, &there_and_back(Codec::Opus, Rate::Wide, &said, &settings), Rate::Wide).snr
    };
    let (few, many) = (at(10_000), at(64_000));
    assert!(many > few + 3.0, "{few} dB and {many} dB");
}

#[test]
fn a_copy_in_the_next_packet_is_better_than_concealment() {
    let said = voice(3, Rate::Wide, ms(10_000));
    let with = |fec: bool| {
        let rtp = Packetiser::new(111, 1, 1, 1);
        let mut speaking = Speaking::new(Codec::Opus, Rate::Wide, FRAME, rtp).expect("a ptime");
        let settings = OpusSettings { bitrate: 32_000, fec, loss: 20, ..OpusSettings::default() };
        speaking.set_opus(&settings);
        let carried = Network { loss: 15.0, ..Network::good(3) }.carry(FRAME, drain(&mut speaking, &said));
        let formats = [(111, Format::Sound(Codec::Opus))];
        let mut hearing = Hearing::new(&formats, Rate::Wide, JitterConfig::default(), 1);
        damage(&said, &hear(&mut hearing, &carried, ms(10_000)), Rate::Wide)
    };
    let (without, with) = (with(false), with(true));
    eprintln!("{without:?}\n{with:?}");
    assert!(with.likeness > without.likeness + 0.01, "{with:?} for {without:?}");
}

#[test]
fn nothing_is_sent_while_opus_is_silent_and_the_clock_goes_on() {
    let rtp = Packetiser::new(111, 1, 1, 0);
    let mut speaking = Speaking::new(Codec::Opus, Rate::Narrow, FRAME, rtp).expect("a ptime");
    speaking.set_opus(&OpusSettings { dtx: true, ..OpusSettings::default() });
    let mut said = voice(4, Rate::Narrow, ms(2_000));
    said.extend(vec![0; Rate::Narrow.samples(ms(3_000))]);
    said.extend(voice(5, Rate::Narrow, ms(2_000)));
    let sent = drain(&mut speaking, &said);
    assert!(sent.len() < 280, "{} of 350 packets", sent.len());
    let parsed: Vec<_> = sent
        .iter()
        .map(|packet| RtpPacket::parse(packet).expect("RTP"))
        .map(|packet| (packet.sequence_number(), packet.timestamp(), packet.marker_bit()))
        .collect();
    assert!(parsed.windows(2).all(|pair| pair[1].0 == pair[0].0.wrapping_add(1)), "no hole in the numbers");
    assert_eq!(parsed.last().map(|last| last.1), Some(349 * 960), "the clock does not stand still");
    assert!(parsed.windows(2).all(|pair| pair[1].2 == (pair[1].1 - pair[0].1 > 960)), "marked after a silence");
    // And the other side takes it for what it is.
    let carried: Vec<_> = sent
        .into_iter()
        .zip(&parsed)
        .map(|(packet, (_, timestamp, _))| (Duration::from_micros(u64::from(*timestamp) * 1_000 / 48), packet))
        .collect();
    let mut hearing = Hearing::new(&[(111, Format::Sound(Codec::Opus))], Rate::Narrow, JitterConfig::default(), 1);
    let heard = hear(&mut hearing, &carried, ms(7_000));
    assert_eq!((hearing.counts().lost, hearing.counts().restarts), (0, 0), "{:?}", hearing.counts());
    let damage = damage(&said, &heard, Rate::Narrow);
    assert!(damage.likeness > 0.85, "{damage:?}");
}

#[test]
fn one_codec_becomes_another_and_sounds_the_same() {
    for (from, to, rate, likeness) in [
        // The filters of G.722 delay by half a sample of 8 kHz, which no whole delay can match.
        (Codec::Pcmu, Codec::G722, Rate::Wide, 0.92),
        (Codec::G722, Codec::Pcmu, Rate::Narrow, 0.92),
        (Codec::Pcmu, Codec::Opus, Rate::Narrow, 0.93),
        (Codec::Opus, Codec::Pcma, Rate::Narrow, 0.93),
        (Codec::G722, Codec::Opus, Rate::Wide, 0.9),
        (Codec::Pcma, Codec::Pcmu, Rate::Narrow, 0.98),
    ] {
        let time = ms(8_000);
        // What is said is at 8 kHz, whichever way it goes.
        let said = voice(6, Rate::Narrow, time);
        let rtp = |codec: Codec| Packetiser::new(codec.payload_type().unwrap_or(111), 1, 1, 1);
        let sent = packets(from, Rate::Narrow, FRAME, &said, rtp(from));
        let formats = |codec: Codec| [(codec.payload_type().unwrap_or(111), Format::Sound(codec))];
        let mut hearing = Hearing::new(&formats(from), rate, JitterConfig::default(), 1);
        let between = hear(&mut hearing, &Network::good(6).carry(FRAME, sent), time);
        let again = packets(to, rate, FRAME, &between, rtp(to));
        let mut hearing = Hearing::new(&formats(to), Rate::Narrow, JitterConfig::default(), 1);
        let heard = hear(&mut hearing, &Network::good(7).carry(FRAME, again), time);
        let damage = damage(&said, &heard, Rate::Narrow);
        eprintln!("{from:?} {to:?} {damage:?}");
        assert!(damage.likeness > likeness && damage.bad < 3.0, "{from:?} to {to:?}: {damage:?}");
    }
}

#[test]
fn packets_have_the_ptime_that_was_asked_for() {
    let said = voice(7, Rate::Narrow, ms(1_200));
    for codec in Codec::ALL {
        for (asked, made) in [(10, 10), (20, 20), (30, 30), (40, 40), (50, 50), (60, 60)] {
            let made = if codec == Codec::Opus && made % 20 == 10 && made > 10 { made - 10 } else { made };
            let mut speaking =
                Speaking::new(codec, Rate::Narrow, ms(asked), Packetiser::new(96, 1, 1, 0)).expect("a ptime");
            assert_eq!(speaking.ptime(), ms(made));
            let sent = drain(&mut speaking, &said);
            assert_eq!(sent.len() as u64, 1_200 / made, "{codec:?} {asked} ms");
            for packet in &sent {
                let packet = RtpPacket::parse(packet).expect("RTP");
                assert_eq!(codec.ticks_of(packet.payload()), Some(codec.ticks(ms(made))));
            }
        }
        for odd in [0, 5, 15, 70] {
            let refused = Speaking::new(codec, Rate::Narrow, ms(odd), Packetiser::new(96, 1, 1, 0));
            assert_eq!(refused.err(), Some(Unspeakable::Ptime(ms(odd))));
        }
    }
}

#[test]
fn across_the_laws_a_call_sounds_as_it_did() {
    let said = voice(8, Rate::Narrow, ms(4_000));
    let crossing = Crossing::between((Codec::Pcmu, 0), (Codec::Pcma, 8)).expect("a way");
    let mut sent = packets(Codec::Pcmu, Rate::Narrow, FRAME, &said, Packetiser::new(0, 1, 1, 1));
    assert!(sent.iter_mut().all(|packet| crossing.rewrite(packet)));
    let mut hearing = Hearing::new(&[(8, Format::Sound(Codec::Pcma))], Rate::Narrow, JitterConfig::default(), 1);
    let heard = hear(&mut hearing, &Network::good(8).carry(FRAME, sent), ms(4_000));
    let damage = damage(&said, &heard, Rate::Narrow);
    assert!(damage.snr > 28.0, "{damage:?}");
}

#[test]
fn no_payload_makes_a_decoder_panic_or_write_beyond_its_room() {
    for seed in 0..30 {
        let mut chance = Chance(seed);
        for codec in Codec::ALL {
            for rate in [Rate::Narrow, Rate::Wide, Rate::Full] {
                let mut decoder = Decoder::new(codec, rate);
                let mut room = vec![0; decoder.rate().samples(media::codec::LONGEST)];
                for _ in 0..60 {
                    let size = [0, 1, 2, 33, 160, 1_275, 65_536][chance.next() as usize % 7];
                    let payload: Vec<u8> = (0..size).map(|_| (chance.next() >> 13) as u8).collect();
                    match decoder.decode(&payload, &mut room) {
                        Ok(given) => assert!(given <= room.len()),
                        Err(CodecError::Empty) => assert!(payload.is_empty()),
                        Err(CodecError::TooLong { samples, room }) => assert!(samples > room),
                        Err(error) => assert_eq!(error, CodecError::Malformed(codec)),
                    }
                    let frames = 1 + chance.next() as usize % 6;
                    let half = decoder.rate().frame() / 2;
                    decoder.recover(&payload, &mut room[..half * frames]);
                    decoder.conceal(&mut room[..half * frames]);
                    decoder.conceal(&mut room[..chance.next() as usize % half]);
                }
                decoder.reset();
            }
        }
    }
}

#[test]
fn a_frame_that_no_packet_can_hold_is_refused() {
    for (codec, samples) in [(Codec::Pcmu, 0), (Codec::G722, 321), (Codec::Opus, 0), (Codec::Opus, 777)] {
        let mut out = vec![9];
        let refused = Encoder::new(codec, Rate::Narrow).encode(&vec![0; samples], &mut out);
        assert_eq!(refused, Err(CodecError::Frame { codec, samples }));
        assert_eq!(out, [9]);
    }
}
