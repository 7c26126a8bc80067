//! The recording of a call as a whole: what the far ends of two ports say, frame by frame, in one file.
//!
//! Each port that is recorded has a [`Tap`]: what it heard in its last turns. In the turn of the caller's port, where the
//! [`CallTape`] lives, a frame of either tap goes to the recorder. The two have their turns apart, and at one pace.

use std::collections::VecDeque;
use std::time::Duration;

use media::record::{Format, Gap, Layout, Settings};
use media::{Rate, Recorder, Resampler};
use switch::{PortId, RecordingFormat, RecordingLayout, SoundId};

use super::recordings::Writing;

/// How often both hear that they are recorded.
const BEEPS: Duration = Duration::from_secs(15);
/// Bits a second of speech in Opus, for one voice and for two: with fewer, one side is heard on the other.
const BITRATES: (u32, u32) = (24_000, 64_000);
/// What is recorded is handed to the disk this often, in frames: a second.
const HANDED_OVER: u32 = 50;
/// A tap holds no more frames than these; what is older is left out.
const FRAMES: usize = 3;

/// What a port has heard and the recorder has not.
#[derive(Debug, Default)]
pub(super) struct Tap {
    rate: Option<Rate>,
    heard: VecDeque<i16>,
}

impl Tap {
    /// A frame.
    pub(super) fn hear(&mut self, rate: Rate, frame: &[i16]) {
        if self.rate != Some(rate) {
            self.heard.clear();
            self.rate = Some(rate);
        }
        self.heard.extend(frame);
        let over = self.heard.len().saturating_sub(rate.frame() * FRAMES);
        self.heard.drain(..over);
    }

    /// What was heard until now is not for the recorder.
    pub(super) fn forget(&mut self) {
        self.heard.clear();
    }

    /// The oldest frame, into this room; its rate.
    fn take(&mut self, into: &mut Vec<i16>) -> Option<Rate> {
        let rate = self.rate.filter(|rate| self.heard.len() >= rate.frame())?;
        into.clear();
        into.extend(self.heard.drain(..rate.frame()));
        Some(rate)
    }
}

/// One side of the file.
#[derive(Debug)]
struct Side {
    frame: Vec<i16>,
    resampler: Resampler,
}

impl Side {
    fn new(rate: Rate) -> Self {
        Self { frame: Vec::with_capacity(rate.frame()), resampler: Resampler::new(rate, rate) }
    }

    /// A frame of the tap at the rate of the file.
    fn next(&mut self, tap: Option<&mut Tap>) -> Option<&[i16]> {
        let from = tap?.take(&mut self.frame)?;
        if self.resampler.from() != from {
            self.resampler = Resampler::new(from, self.resampler.to());
        }
        Some(self.resampler.resample(&self.frame))
    }
}

/// One recording under way.
#[derive(Debug)]
pub(super) struct CallTape {
    pub(super) id: SoundId,
    /// Whom it hears: the caller, and the port of who talks with him.
    pub(super) near: bool,
    pub(super) far: Option<PortId>,
    recorder: Recorder,
    writing: Writing,
    sides: [Side; 2],
    frames: u32,
    beeps: bool,
    paused: bool,
}

/// What came of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wound {
    /// Both are to hear that they are recorded.
    pub(super) beep: bool,
    /// That was the last.
    pub(super) over: bool,
}

/// How a call is recorded.
pub(super) struct Manner {
    pub(super) format: RecordingFormat,
    pub(super) layout: RecordingLayout,
    pub(super) beep: bool,
    /// For a stream of Ogg; any number will do.
    pub(super) serial: u32,
}

fn format_of(format: RecordingFormat, bitrate: u32, serial: u32) -> Format {
    match format {
        RecordingFormat::Wav => Format::Wav,
        RecordingFormat::Opus => Format::Opus { bitrate, serial },
    }
}

/// Of a recording in one voice.
pub(super) fn one_voice(format: RecordingFormat, serial: u32) -> Format {
    format_of(format, BITRATES.0, serial)
}

impl CallTape {
    /// A recording at this rate; `None` where none can be made of it, and then the file has no sound.
    pub(super) fn new(id: SoundId, rate: Rate, manner: &Manner, writing: Writing) -> Option<Self> {
        let (layout, bitrate) = match manner.layout {
            RecordingLayout::Mixed => (Layout::Mixed, BITRATES.0),
            RecordingLayout::Stereo => (Layout::Stereo, BITRATES.1),
        };
        let format = format_of(manner.format, bitrate, manner.serial);
        let beep = manner.beep.then_some(BEEPS);
        // Whoever listens is told where something was left out.
        let settings = Settings { layout, format, beep, gap: Gap::Mark, ..Settings::wav(rate) };
        let Ok(recorder) = Recorder::new(settings) else {
            writing.end(Duration::ZERO);
            return None;
        };
        let sides = [Side::new(rate), Side::new(rate)];
        Some(Self { id, near: true, far: None, recorder, writing, sides, frames: 0, beeps: manner.beep, paused: false })
    }

    /// Whoever is heard from now on has not heard that he is recorded: the others have.
    pub(super) const fn is_known(&self) -> bool {
        self.beeps && self.frames > 0
    }

    /// Records a frame of either side.
    pub(super) fn wind(&mut self, near: Option<&mut Tap>, far: Option<&mut Tap>) -> Wound {
        let [one, other] = &mut self.sides;
        let near = one.next(near).filter(|_| self.near);
        let heard = self.recorder.handle_frame(near, other.next(far));
        let kept_up = self.write();
        self.frames += 1;
        if self.frames.is_multiple_of(HANDED_OVER) {
            self.writing.hand_over();
        }
        Wound { beep: heard.beep, over: heard.ended.is_some() || !kept_up }
    }

    /// Stands still, or goes on; says whether it goes on that stood still. What was said meanwhile and is not heard yet is
    /// for whoever calls to leave out.
    pub(super) fn pause(&mut self, on: bool) -> bool {
        if on {
            self.recorder.pause();
        } else {
            self.recorder.resume();
            // Their filters know what was said.
            self.sides.iter_mut().for_each(|side| side.resampler.reset());
        }
        std::mem::replace(&mut self.paused, on) && !on
    }

    pub(super) fn end(mut self) {
        self.recorder.stop();
        self.write();
        let length = self.recorder.summary().length;
        self.writing.end(length);
    }

    fn write(&mut self) -> bool {
        let mut kept_up = true;
        while let Some(write) = self.recorder.poll() {
            kept_up &= self.writing.write(write.at, write.bytes);
        }
        kept_up
    }
}
