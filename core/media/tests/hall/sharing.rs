//! What is alike is encoded once, and nobody hears when he changes from the common encoder to his own and back.

use super::*;

/// The largest difference of what was heard from a steady note, frame by frame, against the note's peak.
fn worst(phone: &Phone, hz: f64, from: usize) -> f64 {
    let frame = phone.rate.frame();
    let window = |at: usize| phone.heard.get(at..at + frame);
    let mut worst = 0.0_f64;
    let step = std::f64::consts::TAU * hz / f64::from(phone.rate.hz());
    let mut at = from;
    // A fit over 60 ms, of which the middle is looked at: a click stands out of it.
    while let (Some(sound), Some(_)) = (phone.heard.get(at..at + 3 * frame), window(at + 3 * frame)) {
        let (mut re, mut im) = (0.0, 0.0);
        for (n, sample) in sound.iter().enumerate() {
            re += f64::from(*sample) * (step * n as f64).cos();
            im += f64::from(*sample) * (step * n as f64).sin();
        }
        let (re, im) = (2.0 * re / sound.len() as f64, 2.0 * im / sound.len() as f64);
        let ideal = |n: usize| re * (step * n as f64).cos() + im * (step * n as f64).sin();
        let rest = (frame..2 * frame).map(|n| (f64::from(sound[n]) - ideal(n)).powi(2)).sum::<f64>() / frame as f64;
        worst = worst.max(rest.sqrt() / re.hypot(im).max(1.0));
        at += frame;
    }
    worst
}

#[test]
fn listeners_of_one_codec_get_one_encoding_and_only_speakers_have_their_own() {
    for codec in Codec::ALL {
        let mut house = House::of(&[codec; 20]);
        house.speak(&[]);
        house.run(1_000);
        house.speak(&[0, 1]);
        house.run(1_500);
        let place = |at: usize| house.hall.payloads(house.key(at)).next().map(<[u8]>::as_ptr);
        assert!(place(2).is_some() && (3..20).all(|at| place(at) == place(2)), "{codec:?}: one and the same");
        assert!(place(0) != place(2) && place(1) != place(2) && place(0) != place(1), "{codec:?}");
        assert_eq!(house.hall.apart(), 2, "{codec:?}");
        house.speak(&[]);
        house.run(1_000);
        house.speak(&[0]);
        house.run(1_000);
        house.speak(&[]);
        house.run(1_000);
        assert_eq!(house.hall.apart(), 0, "{codec:?}: who speaks alone hears silence, which is encoded once too");
    }
}

#[test]
fn nobody_hears_that_he_changed_to_his_own_encoder_and_back() {
    // What is left beside the note by a change, against the note. No two coders that remember follow a pure note quite
    // alike; what they were before they heard the last frames again would be heard ten times as loud. Back they change in
    // a pause.
    for (codec, bound) in [(Codec::Pcmu, 0.01), (Codec::G722, 0.12), (Codec::Opus, 0.15)] {
        let mut house = House::of(&[codec; 3]);
        house.speak(&[]);
        house.run(1_000);
        house.speak(&[0]);
        house.run(1_000);
        for round in 0..6 {
            // Nothing that is louder or quieter: only an encoder of his own.
            house.forget();
            house.run(200);
            house.bear(1, Bearing { hearing: louder(0.01), ..Bearing::default() });
            house.run(400 + 20 * round);
            assert_eq!(house.hall.apart(), 1);
            house.bear(1, Bearing::default());
            house.run(1_000);
            let (changed, other) = (worst(&house.phones[1], note(0), 0), worst(&house.phones[2], note(0), 0));
            assert!(changed < other + bound, "{codec:?}: {changed:.3}, and {other:.3} who did not change");
            house.speak(&[]);
            house.run(800);
            assert_eq!(house.hall.apart(), 0, "{codec:?}");
            house.forget();
            house.speak(&[0]);
            house.run(400);
            house.forget();
            house.run(400);
            let (back, other) = (worst(&house.phones[1], note(0), 0), worst(&house.phones[2], note(0), 0));
            assert!((back - other).abs() < 1e-9, "{codec:?}: {back:.3}, {other:.3}: the same again");
        }
    }
}

#[test]
fn packets_of_any_length_come_without_a_gap_however_who_hears_changes() {
    for codec in Codec::ALL {
        for tens in [1, 2, 3, 4, 6] {
            let ptime = MS * 10 * tens;
            let mut house = House::of(&[codec; 2]);
            house.run(60);
            let member = house.join(codec, ptime, Some((900.0, 4_000.0)));
            house.run(500);
            for _ in 0..5 {
                house.bear(2, Bearing { hearing: louder(0.01), ..Bearing::default() });
                house.run(160);
                house.bear(2, Bearing::default());
                house.run(820);
            }
            let heard = house.phones[2].rate.time(house.phones[2].heard.len());
            let expected = FRAME * u32::try_from(house.phones[2].ticks.len()).expect("few");
            let off = heard.abs_diff(expected);
            assert!(off < ptime.max(FRAME), "{codec:?} of {ptime:?}: {heard:?} in {expected:?}");
            let level = decibels(house.phones[2].hears(note(0), 500), 4_000.0);
            assert!(level.abs() < 1.5, "{codec:?} of {ptime:?}: {level}");
            assert!(house.hall.payloads(member).count() <= 2);
        }
    }
}

#[test]
fn a_ptime_that_no_packet_has_is_refused() {
    let mut hall = Hall::new(HallConfig::default());
    for wrong in [0, 5, 25, 70, 1_000] {
        assert!(hall.join(Codec::Pcmu, MS * wrong, &[], 1).is_err(), "{wrong}");
    }
    assert!(hall.is_empty());
}
