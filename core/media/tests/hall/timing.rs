//! How soon a voice is heard, and that nobody waits for another.

use super::*;

/// How long after it was said the beginning of a note is heard, in ms: from the moment at which the packet left that holds
/// the beginning of it, to the tick whose payload does.
fn delay(codec: Codec, phase: u32, steady: u32) -> f64 {
    let mut house = House::of(&[codec; 2]);
    // He speaks already, and becomes louder: his voice is not faded in.
    house.phones[0].note = Some((note(0), 1_000.0));
    house.phones[0].phase = phase;
    house.run(steady);
    house.forget();
    let begun = house.ms;
    house.speak(&[0]);
    house.run(200);
    let phone = &house.phones[1];
    let onset = phone.heard.iter().position(|sample| sample.unsigned_abs() > 1_800).expect("a voice");
    // What is heard in a tick is played from then on; a frame that leaves at a moment was said in the 20 ms before it.
    let heard = f64::from(begun.next_multiple_of(20)) + onset as f64 * 1_000.0 / f64::from(phone.rate.hz());
    let said = f64::from((begun..begun + 20).find(|ms| ms % 20 == phase).expect("one of twenty"));
    heard - said
}

#[test]
fn a_voice_without_jitter_is_delayed_by_at_most_40_ms() {
    for codec in Codec::ALL {
        for steady in [400, 5_000] {
            let delays: Vec<f64> = (0..20).step_by(3).map(|phase| delay(codec, phase, steady)).collect();
            let most = delays.iter().copied().fold(0.0, f64::max);
            // What a codec takes for itself, there and back: Opus looks 6.5 ms ahead (RFC 6716 §2), the two bands of G.722
            // are parted and joined in 1.4 ms each (ITU-T G.722 §1.4).
            let own = match codec {
                Codec::Pcmu | Codec::Pcma => 0.0,
                Codec::G722 => 2.8,
                Codec::Opus => 13.0,
            };
            assert!(most <= 40.0 + own, "{codec:?} after {steady} ms: {delays:.1?}");
        }
    }
}

#[test]
fn who_is_late_or_silent_delays_nobody_else() {
    let mut house = House::of(&[Codec::Pcmu; 4]);
    house.speak(&[0]);
    house.phones[2].note = None;
    // Packets of the fourth come all at once, every 300 ms.
    let late = house.key(3);
    let mut held = Vec::new();
    for round in 0..20 {
        house.run(100);
        let now = house.begun + MS * house.ms;
        house.phones[3].say(|packet| held.push(packet.to_vec()));
        if round % 3 == 2 {
            for packet in held.drain(..) {
                house.hall.handle(now, late, &packet).expect("RTP");
            }
        }
    }
    assert!(decibels(house.phones[1].hears(note(0), 1_500), 4_000.0).abs() < 0.5);
    let delay = house.hall.hearing(house.key(0)).and_then(|hearing| hearing.jitter().delay()).expect("he speaks");
    assert!(delay <= MS * 40, "{delay:?}");
    let silences =
        house.phones[1].heard[1_600..].chunks(160).filter(|frame| peak(frame, Rate::Narrow, note(0)) < 3_500.0);
    assert_eq!(silences.count(), 0, "no gap in what the others hear");
}

#[test]
fn what_is_no_packet_of_a_member_does_no_harm() {
    let mut house = House::of(&Codec::ALL);
    house.run(200);
    for at in 0..4 {
        let (key, now) = (house.key(at), house.begun + MS * house.ms);
        for bytes in [&[][..], &[0x80; 11], &[0xff; 40], &[0x80; 1_400]] {
            let _ = house.hall.handle(now, key, bytes);
        }
    }
    house.run(400);
    assert!(decibels(house.phones[1].hears(note(0), 200), 4_000.0).abs() < 1.5);
}
