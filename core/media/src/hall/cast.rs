//! What many hear alike, encoded once for all of them that have one form.

use std::collections::VecDeque;

use super::coder::{Coder, Form};
use crate::pcm::Rate;

/// What many may hear alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    /// All that is said in the room.
    Room,
    /// Nothing: who speaks alone, or is deaf.
    Quiet,
}

/// So many frames are remembered: after them G.722 and Opus know no more of what was before.
const MEMORY: usize = 10;
/// No sample of a quiet frame is larger: −50 dB below full scale.
const QUIET: u16 = 100;
/// A gap between two words: 100 ms.
const PAUSE: u8 = 5;
/// A filter between two rates needs no more.
const FILTER: usize = 1;

/// The last frames of a room, for coders that begin now and are to go on as if they had been there.
#[derive(Debug, Default)]
pub(super) struct Past {
    frames: VecDeque<Vec<i16>>,
    /// How many of the last ones were quiet.
    quiet: u8,
}

impl Past {
    pub(super) fn keep(&mut self, frame: &[i16]) {
        let mut oldest =
            if self.frames.len() < MEMORY { Vec::new() } else { self.frames.pop_front().unwrap_or_default() };
        oldest.clear();
        oldest.extend_from_slice(frame);
        self.frames.push_back(oldest);
        let quiet = frame.iter().all(|sample| sample.unsigned_abs() <= QUIET);
        self.quiet = if quiet { self.quiet.saturating_add(1) } else { 0 };
    }

    /// Nothing was said for long enough that encoders remember nothing.
    pub(super) const fn is_pause(&self) -> bool {
        self.quiet >= PAUSE
    }

    /// After another rate of the room.
    pub(super) fn resample(&mut self, from: Rate, to: Rate) {
        let mut resampler = crate::Resampler::new(from, to);
        for frame in &mut self.frames {
            *frame = resampler.resample(frame).to_vec();
        }
    }

    fn of(&self, stream: Stream, form: Form) -> impl ExactSizeIterator<Item = &[i16]> {
        let needed = match stream {
            Stream::Room if form.forgets() => FILTER,
            Stream::Room => MEMORY,
            // Silence leaves no trace in an encoder.
            Stream::Quiet => 0,
        };
        self.frames.iter().skip(self.frames.len().saturating_sub(needed)).map(Vec::as_slice)
    }
}

/// The streams of one form. One that nobody hears is not made.
#[derive(Debug)]
pub(super) struct Cast {
    pub(super) form: Form,
    room: Option<Coder>,
    quiet: Option<Coder>,
    wanted: (bool, bool),
}

impl Cast {
    pub(super) const fn new(form: Form) -> Self {
        Self { form, room: None, quiet: None, wanted: (false, false) }
    }

    /// A tick begins.
    pub(super) const fn open(&mut self) {
        self.wanted = (false, false);
    }

    /// Somebody hears this stream, or soon will.
    pub(super) const fn want(&mut self, stream: Stream) {
        match stream {
            Stream::Room => self.wanted.0 = true,
            Stream::Quiet => self.wanted.1 = true,
        }
    }

    /// Nobody wanted anything of it.
    pub(super) const fn is_over(&self) -> bool {
        !self.wanted.0 && !self.wanted.1
    }

    /// Encodes what is wanted. `tick` is this one; `past` is what was before.
    pub(super) fn encode(&mut self, rate: Rate, tick: u64, past: &Past, whole: &[i16], silence: &[i16]) {
        let form = self.form;
        for (coder, wanted, stream, frame) in [
            (&mut self.room, self.wanted.0, Stream::Room, whole),
            (&mut self.quiet, self.wanted.1, Stream::Quiet, silence),
        ] {
            if wanted {
                coder.get_or_insert_with(|| Coder::new(form, rate, tick, past.of(stream, form))).handle(frame);
            } else {
                *coder = None;
            }
        }
    }

    /// The room has another rate: its frames do not fit the coders any more.
    pub(super) fn begin_anew(&mut self) {
        (self.room, self.quiet) = (None, None);
    }

    /// A coder for one who heard this stream up to now and goes on by himself.
    pub(super) fn part(&self, stream: Stream, rate: Rate, tick: u64, past: &Past) -> Coder {
        Coder::new(self.form, rate, tick, past.of(stream, self.form))
    }

    /// What is to be sent of a stream in this tick.
    pub(super) fn coder(&self, stream: Stream) -> Option<&Coder> {
        match stream {
            Stream::Room => self.room.as_ref(),
            Stream::Quiet => self.quiet.as_ref(),
        }
    }
}
