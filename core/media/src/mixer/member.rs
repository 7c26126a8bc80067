//! What a room keeps of one member.

use super::level::Ear;
use super::limiter::Limiter;
use super::volume::{Fader, Volume};
use crate::pcm::Rate;

#[derive(Debug)]
pub(super) struct Member {
    pub(super) rate: Rate,
    pub(super) muted: bool,
    pub(super) deaf: bool,
    pub(super) hearing: Volume,
    pub(super) ear: Ear,
    pub(super) fader: Fader,
    /// There is a frame for this tick.
    pub(super) spoke: bool,
    /// The frame is in the sum of this tick.
    pub(super) added: bool,
    /// In this tick he hears `own`; `Some(false)` when that is silence.
    pub(super) own_sounds: Option<bool>,
    pub(super) whispered: bool,
    pub(super) limiter: Limiter,
    pub(super) frame: Vec<i16>,
    pub(super) own: Vec<i16>,
    pub(super) whisper: Vec<i16>,
}

impl Member {
    /// With buffers for frames of so many samples; they have room for the longest from the beginning.
    pub(super) fn new(rate: Rate, frame: usize) -> Self {
        let buffer = || {
            let mut buffer = Vec::with_capacity(Rate::Full.frame());
            buffer.resize(frame, 0);
            buffer
        };
        Self {
            rate,
            muted: false,
            deaf: false,
            hearing: Volume::UNCHANGED,
            ear: Ear::default(),
            fader: Fader::default(),
            spoke: false,
            added: false,
            own_sounds: None,
            whispered: false,
            limiter: Limiter::default(),
            frame: buffer(),
            own: buffer(),
            whisper: buffer(),
        }
    }

    /// Frames have so many samples from now on; what waited goes.
    pub(super) fn fit(&mut self, frame: usize) {
        for buffer in [&mut self.frame, &mut self.own, &mut self.whisper] {
            buffer.clear();
            buffer.resize(frame, 0);
        }
        (self.spoke, self.whispered, self.own_sounds) = (false, false, None);
    }
}
