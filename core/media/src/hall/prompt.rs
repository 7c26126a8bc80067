//! Something that is played into a room, or into one ear.

use crate::pcm::{FRAME, Rate};
use crate::player::{Item, PlayError, Player, Repeat, Step};
use crate::resample::Resampler;

/// A sequence that plays, a frame at a time, whatever the room's rate becomes meanwhile.
#[derive(Debug)]
pub(super) struct Prompt {
    player: Player,
    resampler: Resampler,
}

/// A frame of it.
#[derive(Debug)]
pub(super) enum Played<'a> {
    Sound(&'a [i16]),
    Quiet,
    Over,
}

impl Prompt {
    pub(super) fn new(items: Vec<Item>, forever: bool, room: Rate) -> Result<Self, PlayError> {
        let sound = items.iter().find_map(|item| match item {
            Item::Sound(sound) => Some(sound.rate()),
            _ => None,
        });
        let rate = sound.unwrap_or(room);
        let mut player = Player::new(rate, FRAME);
        for item in items {
            player.push(item)?;
        }
        let player = if forever { player.repeating(Repeat::Forever) } else { player };
        Ok(Self { player, resampler: Resampler::new(rate, room) })
    }

    pub(super) fn step(&mut self, room: Rate) -> Played<'_> {
        if self.resampler.to() != room {
            self.resampler = Resampler::new(self.resampler.from(), room);
        }
        // Nobody waits for a single item.
        while self.player.poll().is_some() {}
        match self.player.step() {
            Step::Frame(frame) => Played::Sound(self.resampler.resample(frame)),
            // What is encoded for one leg is not for a room.
            Step::Quiet | Step::Payload(_) => Played::Quiet,
            Step::Over => Played::Over,
        }
    }
}
