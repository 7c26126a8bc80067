//! Who hears whom, how loud, and how soon: every phone says its own tone, in its own codec, in the world's time.

use std::time::{Duration, Instant};

use switch::{CallRecording, Command, RecordingFormat, RecordingLayout};
use testkit::{Phone, Voices, World, millis, seconds};

const PCMU: &str = "0 PCMU/8000";
const PCMA: &str = "8 PCMA/8000";
const G722: &str = "9 G722/8000";
const OPUS: &str = "96 opus/48000/2";

/// What changed is heard so soon: a jitter buffer, a frame, what a codec looks ahead, and for who has begun anew its fade.
const SOON: Duration = Duration::from_millis(160);

/// What a codec adds to a tone is softer than this beside it, in dB.
const CODED: f64 = -25.0;

/// From so soon after `from` until `to` each frame is as loud as it should be, or silent.
fn assert_levels(what: &str, levels: &[Option<f64>], audible: bool) {
    assert!(levels.len() > 20, "{what}: {} frames", levels.len());
    for (frame, level) in levels.iter().enumerate() {
        let right = if audible {
            level.is_some_and(|level| level.abs() < 3.0)
        } else {
            level.is_none_or(|level| level < CODED)
        };
        assert!(right, "{what}, frame {frame}: {level:?}");
    }
}

/// Both hear each other and neither himself, or one hears music and the other nothing.
fn assert_talk(
    what: &str,
    voices: &Voices,
    [alice, bob]: [&Phone; 2],
    from: Instant,
    to: Instant,
    held: Option<&Phone>,
) {
    let from = from + SOON;
    for (listener, other) in [(alice, bob), (bob, alice)] {
        assert_levels(&format!("{what}, the other"), &voices.heard(listener, other, from, to), held.is_none());
        assert_levels(&format!("{what}, himself"), &voices.heard(listener, listener, from, to), false);
        let music = held.is_some_and(|held| std::ptr::eq(held, listener));
        assert_levels(&format!("{what}, music"), &voices.heard_playing(listener, from, to), music);
    }
}

#[test]
fn two_of_any_codecs_hear_each_other_hold_come_back_and_are_recorded() {
    for [one, other] in [[PCMU, PCMU], [PCMU, PCMA], [PCMU, G722], [PCMA, OPUS], [G722, OPUS]] {
        for direction in ["sendonly", "inactive", "0.0.0.0"] {
            let what = format!("{one} and {other}, {direction}");
            let world = World::seeded(1_100);
            let alice = world.phone("alice").that_speaks(&[one]);
            let bob = world.phone("bob").that_speaks(&[other]).that_answers_after(millis(200));
            let (format, layout) = (RecordingFormat::Wav, RecordingLayout::Stereo);
            let recording = CallRecording { name: None, format, layout, beep: false };
            let record = Command::StartRecording(recording);
            world.application(vec![record, Command::Route { failed: None }]);
            let call = alice.dial(&bob);
            world.run_for(seconds(1));
            assert!(call.is_up(), "{one} {other}: {}", world.ladder());
            let mut voices = Voices::of(&world, &[&alice, &bob]);
            let pair = [&alice, &bob];

            let begun = voices.run(millis(800));
            assert_talk(&what, &voices, pair, begun, world.now(), None);
            alice.hold_by(direction);
            let held = voices.run(millis(800));
            assert_talk(&what, &voices, pair, held, world.now(), Some(&bob));
            alice.resume();
            let back = voices.run(millis(800));
            assert_talk(&what, &voices, pair, back, world.now(), None);

            // Each side of the recording has its own speaker, and nobody else.
            for (side, else_) in [(&alice, &bob), (&bob, &alice)] {
                let (own, others) = (voices.taped(side, side), voices.taped(side, else_));
                let steady = |level: &Option<f64>| level.is_some_and(|level| level.abs() < 0.5);
                // Where a voice begins or ends, or the buffer finds its depth, a frame of it has other frequencies too.
                let said: Vec<_> = own.iter().zip(&others).filter(|(own, _)| steady(own)).collect();
                assert!(said.len() > 50, "{one} {other}: {} frames of {} on the tape", said.len(), own.len());
                let loudest = said.iter().filter_map(|(_, other)| **other).fold(f64::NEG_INFINITY, f64::max);
                assert!(loudest < CODED, "{one} {other}: the other is on the side at {loudest} dB");
            }
            call.hang_up();
            world.run_for(seconds(1));
            world.assert_quiet();
        }
    }
}
