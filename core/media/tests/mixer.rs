//! Who hears whom in a room, and how loud: each member says a note of his own.

use std::f64::consts::TAU;

use media::Rate;
use media::mixer::{Audience, MemberKey, Mixer, MixerConfig, Output, Speech, Volume};

/// A note that fits a frame without remainder, so that the notes do not leak into each other.
fn note(at: usize) -> f64 {
    300.0 + 50.0 * at as f64
}

struct Voice {
    frequency: f64,
    loud: f64,
    time: usize,
}

impl Voice {
    fn new(frequency: f64, loud: f64) -> Self {
        Self { frequency, loud, time: 0 }
    }

    fn frame(&mut self, rate: Rate) -> Vec<i16> {
        let hz = f64::from(rate.hz());
        let start = self.time;
        self.time += rate.frame();
        (start..self.time).map(|n| (self.loud * (TAU * self.frequency * n as f64 / hz).sin()) as i16).collect()
    }
}

/// How much of a note is in a frame (Goertzel's sum): its peak.
fn hears(frame: &[i16], rate: Rate, frequency: f64) -> f64 {
    let step = TAU * frequency / f64::from(rate.hz());
    let (mut re, mut im) = (0.0, 0.0);
    for (n, sample) in frame.iter().enumerate() {
        re += f64::from(*sample) * (step * n as f64).cos();
        im += f64::from(*sample) * (step * n as f64).sin();
    }
    2.0 * re.hypot(im) / frame.len() as f64
}

struct Room {
    mixer: Mixer,
    members: Vec<(MemberKey, Voice)>,
}

impl Room {
    fn of(rates: &[Rate], loud: f64) -> Self {
        let mut mixer = Mixer::new(MixerConfig { crowd: 16, ..MixerConfig::default() });
        let members =
            rates.iter().enumerate().map(|(at, rate)| (mixer.join(*rate), Voice::new(note(at), loud))).collect();
        Self { mixer, members }
    }

    fn key(&self, at: usize) -> MemberKey {
        self.members[at].0
    }

    fn run(&mut self, ticks: usize) {
        for _ in 0..ticks {
            let rate = self.mixer.rate();
            for (key, voice) in &mut self.members {
                assert!(self.mixer.push(*key, &voice.frame(rate)));
            }
            self.mixer.tick();
        }
    }

    fn heard(&self, at: usize) -> &[i16] {
        match self.mixer.output(self.key(at)) {
            Output::Shared(frame) | Output::Own(frame) => frame,
            Output::Silence => &[],
        }
    }

    /// How loud each hears each: rows are who hears.
    fn table(&self) -> Vec<Vec<f64>> {
        let of = |at| (0..self.members.len()).map(move |who| (at, who));
        let row = |at| of(at).map(|(at, who)| hears(self.heard(at), self.mixer.rate(), note(who))).collect();
        (0..self.members.len()).map(row).collect()
    }
}

fn decibels(a: f64, b: f64) -> f64 {
    20.0 * (a / b).log10()
}

#[test]
fn everybody_hears_all_others_as_loud_as_they_speak_and_nobody_himself() {
    for (rates, rate) in [
        (vec![Rate::Narrow; 10], Rate::Narrow),
        (vec![Rate::Wide; 6], Rate::Wide),
        (vec![Rate::Full, Rate::Full, Rate::Narrow], Rate::Full),
    ] {
        let mut room = Room::of(&rates, 2_000.0);
        assert_eq!(room.mixer.rate(), rate);
        room.run(5);
        for (at, row) in room.table().iter().enumerate() {
            for (who, level) in row.iter().enumerate() {
                if at == who {
                    assert!(*level < 2.0, "{at} hears himself: {level}");
                } else {
                    assert!(decibels(*level, 2_000.0).abs() < 0.2, "{at} hears {who} at {level}");
                }
            }
        }
    }
}

#[test]
fn who_is_muted_is_not_heard_and_who_is_deaf_does_not_hear() {
    let mut room = Room::of(&[Rate::Narrow; 4], 3_000.0);
    let (muted, deaf) = (room.key(1), room.key(2));
    room.run(5);
    room.mixer.set_muted(muted, true);
    room.mixer.set_deaf(deaf, true);
    room.run(2);
    let table = room.table();
    assert!([0, 3].iter().all(|at| table[*at][1] < 2.0), "the muted one is heard: {table:?}");
    assert_eq!(room.mixer.output(deaf), Output::Silence);
    assert!(table[0][2] > 2_900.0 && table[1][0] > 2_900.0, "the deaf one speaks, the muted one hears");
    // Who is muted is a listener like any other.
    assert!(matches!(room.mixer.output(muted), Output::Shared(_)));
    room.mixer.set_muted(muted, false);
    room.mixer.set_deaf(deaf, false);
    room.run(3);
    let table = room.table();
    assert!(table[0][1] > 2_900.0 && table[2][3] > 2_900.0);
}

#[test]
fn volumes_change_one_voice_for_all_or_all_voices_for_one() {
    let mut room = Room::of(&[Rate::Narrow; 4], 2_000.0);
    room.mixer.set_speaking(room.key(0), Volume::of_decibels(6.0));
    room.mixer.set_speaking(room.key(1), Volume::of_decibels(-12.0));
    room.mixer.set_hearing(room.key(2), Volume::of_decibels(-6.0));
    room.run(5);
    let table = room.table();
    for (at, who, wanted) in
        [(3, 0, 6.0), (3, 1, -12.0), (3, 2, 0.0), (2, 0, 0.0), (2, 1, -18.0), (2, 3, -6.0), (0, 3, 0.0)]
    {
        let came = decibels(table[at][who], 2_000.0);
        assert!((came - wanted).abs() < 0.3, "{at} hears {who} at {came} dB, not {wanted}");
    }
    assert!((0..4).all(|at| table[at][at] < 3.0), "{table:?}");
}

#[test]
fn loud_voices_together_are_made_smaller_and_never_wrap_around() {
    let mut room = Room::of(&[Rate::Narrow; 5], 30_000.0);
    room.run(30);
    for (at, row) in room.table().iter().enumerate() {
        let others: Vec<f64> = row.iter().enumerate().filter(|(who, _)| *who != at).map(|(_, level)| *level).collect();
        assert!(others.iter().all(|level| *level > 6_000.0), "{row:?}");
        assert!(others.iter().all(|level| decibels(*level, others[0]).abs() < 0.5), "all as much: {row:?}");
        assert!(row[at] < 300.0, "of himself there is nothing but what the gain's slope smears: {row:?}");
        // All of the power is in the four notes: what would be cut or wrapped around would be elsewhere.
        let power: f64 = room.heard(at).iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / 160.0;
        let notes: f64 = others.iter().map(|level| level.powi(2) / 2.0).sum();
        assert!(notes / power > 0.98, "{at}: {}", notes / power);
    }
}

#[test]
fn a_slow_or_silent_member_delays_nobody() {
    let mut room = Room::of(&[Rate::Narrow; 3], 2_000.0);
    let (_, mut slow) = room.members.pop().expect("three");
    let late = room.mixer.join(Rate::Narrow);
    for tick in 0..20 {
        for (key, voice) in &mut room.members {
            room.mixer.push(*key, &voice.frame(Rate::Narrow));
        }
        if tick % 3 == 0 {
            room.mixer.push(late, &slow.frame(Rate::Narrow));
        }
        room.mixer.tick();
        if tick > 0 {
            assert!(hears(room.heard(0), Rate::Narrow, note(1)) > 1_950.0, "tick {tick}");
            let there = hears(room.heard(0), Rate::Narrow, note(2)) > 500.0;
            assert_eq!(there, tick % 3 == 0, "a frame is heard in its tick alone");
        }
        assert_ne!(room.mixer.output(late), Output::Silence);
    }
}

#[test]
fn quiet_members_are_not_added_and_a_word_keeps_its_end() {
    let mut mixer = Mixer::new(MixerConfig::default());
    let (talker, listener) = (mixer.join(Rate::Narrow), mixer.join(Rate::Narrow));
    let mut hiss = Voice::new(1_000.0, 30.0);
    let mut word = Voice::new(400.0, 4_000.0);
    for _ in 0..10 {
        mixer.push(talker, &hiss.frame(Rate::Narrow));
        mixer.tick();
        assert_eq!(mixer.output(listener), Output::Silence);
    }
    mixer.push(talker, &word.frame(Rate::Narrow));
    mixer.tick();
    assert!(matches!(mixer.output(listener), Output::Shared(_)), "heard in the very first frame");
    assert_eq!(mixer.output(talker), Output::Silence);
    let mut heard = 0;
    for _ in 0..50 {
        mixer.push(talker, &hiss.frame(Rate::Narrow));
        mixer.tick();
        heard += usize::from(mixer.output(listener) != Output::Silence);
    }
    // The last frame of them fades out.
    assert_eq!(heard, usize::from(MixerConfig::default().hang_over));
}

#[test]
fn announcements_reach_all_or_one_ear() {
    let mut room = Room::of(&[Rate::Narrow; 3], 2_000.0);
    let (mut to_all, mut to_one) = (Voice::new(2_000.0, 1_500.0), Voice::new(2_500.0, 1_000.0));
    room.mixer.set_deaf(room.key(2), true);
    for _ in 0..4 {
        assert!(room.mixer.announce(Audience::All, &to_all.frame(Rate::Narrow)));
        assert!(room.mixer.announce(Audience::One(room.key(1)), &to_one.frame(Rate::Narrow)));
        room.run(1);
    }
    for (at, all, one) in [(0, 1_500.0, 0.0), (1, 1_500.0, 1_000.0), (2, 0.0, 0.0)] {
        let came = [2_000.0, 2_500.0].map(|frequency| {
            if room.heard(at).is_empty() { 0.0 } else { hears(room.heard(at), Rate::Narrow, frequency) }
        });
        assert!((came[0] - all).abs() < 20.0 && (came[1] - one).abs() < 20.0, "{at}: {came:?}");
    }
    let whole = [2_000.0, 2_500.0].map(|frequency| hears(room.mixer.whole(), Rate::Narrow, frequency));
    assert!(whole[0] > 1_450.0 && whole[1] < 20.0, "{whole:?}");
    // Who is deaf hears what is for him alone, and that is over with its frame.
    room.mixer.announce(Audience::One(room.key(2)), &to_one.frame(Rate::Narrow));
    room.run(1);
    assert!(hears(room.heard(2), Rate::Narrow, 2_500.0) > 950.0);
    assert!(hears(room.heard(2), Rate::Narrow, note(0)) < 20.0);
    room.run(1);
    assert_eq!(room.mixer.output(room.key(2)), Output::Silence);
    assert!(!room.mixer.announce(Audience::All, &[0; 7]));
}

#[test]
fn who_speaks_is_told_once() {
    let mut room = Room::of(&[Rate::Narrow; 3], 2_000.0);
    room.members[2].1.loud = 20.0;
    room.run(60);
    let mut told: Vec<Speech> = std::iter::from_fn(|| room.mixer.poll_event()).collect();
    told.sort_by_key(|speech| speech.member);
    let begins = |at| Speech { member: room.key(at), speaks: true };
    assert_eq!(told, [begins(0), begins(1)]);
    assert_eq!(room.mixer.speaking().count(), 2);
    room.members[0].1.loud = 10.0;
    room.mixer.set_muted(room.key(1), true);
    let (one, two) = (room.key(0), room.key(1));
    assert_eq!(room.mixer.poll_event(), Some(Speech { member: two, speaks: false }));
    room.run(60);
    assert_eq!(room.mixer.poll_event(), Some(Speech { member: one, speaks: false }));
    assert_eq!(room.mixer.poll_event(), None);
}

#[test]
fn a_member_that_leaves_is_heard_no_more_and_has_ended() {
    let mut room = Room::of(&[Rate::Narrow; 3], 2_000.0);
    room.run(5);
    while room.mixer.poll_event().is_some() {}
    let (gone, _) = room.members.remove(1);
    room.mixer.leave(gone);
    assert_eq!(room.mixer.poll_event(), Some(Speech { member: gone, speaks: false }));
    room.run(1);
    assert!(hears(room.heard(0), Rate::Narrow, note(1)) < 2.0);
    assert_eq!(room.mixer.output(gone), Output::Silence);
    assert!(!room.mixer.push(gone, &[0; 160]));
    room.mixer.leave(gone);
    assert_eq!(room.mixer.len(), 2);
}

#[test]
fn the_rate_is_the_highest_that_two_members_have() {
    let mut mixer = Mixer::new(MixerConfig::default());
    let one = mixer.join(Rate::Full);
    assert_eq!(mixer.rate(), Rate::Full, "alone he may hear music");
    let two = mixer.join(Rate::Narrow);
    assert_eq!(mixer.rate(), Rate::Narrow);
    let three = mixer.join(Rate::Wide);
    assert_eq!(mixer.rate(), Rate::Wide);
    assert!(!mixer.push(one, &[0; 960]), "made before the rate changed");
    assert!(mixer.push(one, &[5_000; 320]) && mixer.push(three, &[0; 320]));
    let four = mixer.join(Rate::Full);
    assert_eq!(mixer.rate(), Rate::Full);
    mixer.tick();
    assert_eq!(mixer.output(two), Output::Silence, "what waited was of the old rate");
    mixer.leave(four);
    assert_eq!(mixer.rate(), Rate::Wide);
    let capped = MixerConfig { max_rate: Rate::Wide, ..MixerConfig::default() };
    let mut capped = Mixer::new(capped);
    capped.join(Rate::Full);
    assert_eq!(capped.rate(), Rate::Wide);
}

#[test]
fn in_a_crowd_of_a_thousand_the_loudest_five_are_heard_and_all_others_share_one_frame() {
    let mut mixer = Mixer::new(MixerConfig::default());
    let mut members: Vec<(MemberKey, Voice)> = (0..1_000)
        .map(|at| (mixer.join(Rate::Narrow), Voice::new(note(at % 60), if at % 200 == 7 { 5_000.0 } else { 1_500.0 })))
        .collect();
    for _ in 0..10 {
        for (key, voice) in &mut members {
            mixer.push(*key, &voice.frame(Rate::Narrow));
        }
        mixer.tick();
    }
    let loud: Vec<usize> = (0..1_000).filter(|at| at % 200 == 7).collect();
    let mut shared: Vec<*const i16> = Vec::new();
    for (at, (key, _)) in members.iter().enumerate() {
        match mixer.output(*key) {
            Output::Own(frame) => {
                assert!(loud.contains(&at), "{at} has a frame of his own");
                let expected = |who: usize| {
                    loud.iter().filter(|other| **other != at && *other % 60 == who).count() as f64 * 5_000.0
                };
                for who in 0..60 {
                    let came = hears(frame, Rate::Narrow, note(who));
                    assert!((came - expected(who)).abs() < 60.0, "{at} hears note {who} at {came}");
                }
            }
            Output::Shared(frame) => {
                assert!(!loud.contains(&at));
                shared.push(frame.as_ptr());
            }
            Output::Silence => panic!("{at} hears nothing"),
        }
    }
    assert_eq!(shared.len(), 995);
    shared.dedup();
    assert_eq!(shared.len(), 1, "one frame for all");
}

#[test]
fn the_floor_changes_hands_without_a_click() {
    let mut mixer = Mixer::new(MixerConfig { crowd: 2, speakers: 2, ..MixerConfig::default() });
    let mut members: Vec<(MemberKey, Voice)> =
        [4_000.0, 5_000.0, 1_000.0].map(|loud| (mixer.join(Rate::Narrow), Voice::new(113.0, loud))).into();
    let mut sound: Vec<i16> = Vec::new();
    for tick in 0..60 {
        // The third gets louder than the first, and then the second is muted.
        if tick == 20 {
            members[2].1.loud = 9_000.0;
        }
        if tick == 40 {
            mixer.set_muted(members[1].0, true);
        }
        for (key, voice) in &mut members {
            mixer.push(*key, &voice.frame(Rate::Narrow));
        }
        mixer.tick();
        sound.extend_from_slice(mixer.whole());
        let own: Vec<bool> = members.iter().map(|(key, _)| matches!(mixer.output(*key), Output::Own(_))).collect();
        match tick {
            19 => assert_eq!(own, [true, true, false]),
            39 => assert_eq!(own, [false, true, true]),
            59 => assert_eq!(own, [true, false, true]),
            _ => (),
        }
    }
    // The steepest that two notes of 113 Hz can be, with some for the ramps.
    let steepest = TAU * 113.0 / 8_000.0 * 14_000.0 * 1.2;
    // Past the tick in which the third jumps by himself.
    for (at, pair) in sound.windows(2).enumerate().filter(|(at, _)| *at != 20 * 160 - 1) {
        let jump = f64::from(pair[1]) - f64::from(pair[0]);
        assert!(jump.abs() < steepest, "a click of {jump} in tick {}", at / 160);
    }
}
