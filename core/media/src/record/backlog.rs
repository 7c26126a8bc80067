//! Frames that wait: silence that may turn out to be the end, and what came after it when it was not.

use std::collections::VecDeque;

/// A queue of frames. Those at its front are wanted; the last ones are silence of which nobody knows yet.
#[derive(Debug)]
pub(super) struct Backlog {
    samples: VecDeque<i16>,
    /// Samples of a frame.
    size: usize,
    /// How many frames may be held back.
    most: usize,
    /// How many frames at the front are wanted.
    wanted: usize,
}

impl Backlog {
    pub(super) fn new(size: usize, most: usize) -> Self {
        // While what is wanted is written, by several frames a time, one more comes each time.
        let room = if most == 0 { 0 } else { (most + 16) * size };
        Self { samples: VecDeque::with_capacity(room), size: size.max(1), most, wanted: 0 }
    }

    /// How many frames wait.
    pub(super) fn len(&self) -> usize {
        self.samples.len() / self.size
    }

    pub(super) fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// Holds a silent frame back. More than may be held makes the oldest wanted.
    pub(super) fn hold(&mut self, frame: &[i16]) {
        self.samples.extend(frame);
        self.wanted = self.wanted.max(self.len().saturating_sub(self.most));
    }

    /// Adds a frame that is wanted, and with it all before it.
    pub(super) fn push(&mut self, frame: &[i16]) {
        self.samples.extend(frame);
        self.wanted = self.len();
    }

    /// Takes the first frame, if it is wanted.
    pub(super) fn pop(&mut self, frame: &mut [i16]) -> bool {
        let Some(left) = self.wanted.checked_sub(1) else {
            return false;
        };
        self.wanted = left;
        frame.iter_mut().zip(self.samples.drain(..self.size)).for_each(|(to, from)| *to = from);
        true
    }
}
