//! Three phones do as they please over a bad link: whatever comes of it, every call ends once and leaves nothing.

use testkit::{Weather, World, millis, minutes};

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
