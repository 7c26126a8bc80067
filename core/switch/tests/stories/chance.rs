//! Three phones do as they please over a bad link: whatever comes of it, every call ends once and leaves nothing.

use std::time::Duration;

use switch::{Cause, Command, Dial, Keys, Order, Play, Recording, Sound, Target};
use testkit::{Phone, Weather, World, millis, minutes, seconds};

use crate::sounds::{echo, play, reading, recording};

/// Random numbers that are the same in every run (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

#[test]
fn whatever_three_phones_do_every_call_ends_once_and_leaves_nothing() {
    for seed in 0..60 {
        let mut dice = Dice(seed);
        let world = World::seeded(5000 + seed);
        let phones = [
            world.phone("alice").that_answers_after(millis(700)),
            world.phone("bob").that_answers_after(millis(300)),
            world.phone("carol").that_has_early_media(),
        ];
        world.weather(Weather {
            loss: u32::try_from(dice.below(15)).expect("small"),
            twice: u32::try_from(dice.below(15)).expect("small"),
            late: millis(dice.below(300)),
        });
        for _ in 0..40 {
            let one = &phones[usize::try_from(dice.below(3)).expect("small")];
            let other = &phones[usize::try_from(dice.below(3)).expect("small")];
            match dice.below(6) {
                0 | 1 => drop(one.dial(other)),
                2 => one.hang_up(),
                3 => one.hold(),
                4 => one.resume(),
                _ => one.answer(),
            }
            world.run_for(millis(dice.below(1500)));
        }
        world.weather(Weather::FAIR);
        for phone in &phones {
            phone.hangs_up_everything();
        }
        world.run_for(minutes(2));
        world.silence();
        for phone in &phones {
            phone.hangs_up_everything();
        }
        world.run_for(minutes(5));
        world.assert_idle();
        world.assert_accounted();
    }
}

/// One command of an application that does as it pleases.
fn any_command(dice: &mut Dice) -> Command {
    let dial = |name: &str, order| {
        let targets = vec![Target::User(name.to_owned()), Target::User("carol".to_owned())];
        Command::Dial(Dial { targets, order, ring_time: seconds(6), outside: switch::Outside::default() })
    };
    match dice.below(16) {
        0 | 1 => play("welcome", "12#"),
        2 => play("not-there", ""),
        3 => Command::Play(Play {
            sounds: vec![Sound::Silence(seconds(1)), Sound::Number(7)],
            language: None,
            interrupt: Keys::ALL,
            forever: dice.below(2) == 0,
        }),
        4 | 5 => Command::Read(reading()),
        6 => Command::Read(switch::Read { prompt: Vec::new(), first: millis(700), ..reading() }),
        7 => Command::Record(recording()),
        8 => Command::Record(Recording { name: None, beep: false, limit: seconds(2), ..recording() }),
        9 => echo(),
        10 => Command::Music { sounds: Vec::new(), listens: false },
        11 => Command::Hush,
        12 => Command::Wait(millis(dice.below(2000))),
        13 => dial("bob", Order::InTurn),
        14 => dial("nobody", Order::AtOnce),
        _ if dice.below(4) == 0 => Command::Hangup(Cause::NORMAL),
        _ if dice.below(4) == 0 => Command::Detach,
        _ if dice.below(4) == 0 => Command::Route { failed: Some("it broke".to_owned()) },
        _ => Command::Ring,
    }
}

fn do_anything(one: &Phone, dice: &mut Dice) {
    match dice.below(10) {
        0 => drop(one.dial_number("menu")),
        1 => drop(one.dial_number("carol")),
        2 => one.hang_up(),
        3 => one.hold_by(if dice.below(2) == 0 { "inactive" } else { "0.0.0.0" }),
        4 => one.resume(),
        5 => one.asks_for_an_offer(),
        6 => one.press("#"),
        7 => one.informs("application/dtmf-relay", b"Signal=1\r\nDuration=100\r\n"),
        8 => one.informs("application/dtmf", b"#"),
        _ => one.press("12345"),
    }
}

#[test]
fn whatever_applications_and_callers_do_no_sound_outlives_its_call() {
    for seed in 0..60 {
        let mut dice = Dice(seed);
        let world = World::seeded(6000 + seed);
        let phones = [
            world.phone("alice").that_answers_after(millis(700)),
            world.phone("bob").that_answers_after(millis(1300)),
            world.phone("carol").that_has_early_media(),
            world.phone("dave").that_speaks(&["9 G722/8000", "96 opus/48000/2", "101 telephone-event/8000"]),
            world.phone("erin").that_delays_its_offer(),
        ];
        world.lacks("not-there");
        world.weather(Weather {
            loss: u32::try_from(dice.below(10)).expect("small"),
            twice: u32::try_from(dice.below(10)).expect("small"),
            late: millis(dice.below(200)),
        });
        for _ in 0..40 {
            let mut script = vec![Command::Answer];
            script.extend((0..dice.below(8)).map(|_| any_command(&mut dice)));
            script.push(if dice.below(2) == 0 { Command::AwaitEnd } else { Command::Detach });
            world.application(script);
            world.sounds_last(millis(200 + dice.below(3000)));
            do_anything(&phones[usize::try_from(dice.below(5)).expect("small")], &mut dice);
            world.run_for(millis(dice.below(1500)));
        }
        world.weather(Weather::FAIR);
        // Some wait for a key that never comes: everybody goes.
        for _ in 0..3 {
            for phone in &phones {
                phone.hangs_up_everything();
            }
            world.run_for(minutes(2));
            world.silence();
        }
        world.run_for(Duration::from_secs(7200));
        world.assert_idle();
        world.assert_accounted();
    }
}
