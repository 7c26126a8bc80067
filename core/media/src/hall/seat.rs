//! One member's place in a room: how he is heard, and where what he hears is encoded.
//!
//! | he is tuned to | and is to hear | then |
//! |---|---|---|
//! | a stream | that stream | goes on; it is encoded once for all |
//! | a stream | anything else | `Own`, by a coder that knows what he heard |
//! | `Own` | something of his own | goes on |
//! | `Own` | a stream, for less than [`PATIENCE`] | goes on, so that his coder and the stream's come to remember the same |
//! | `Own` | a stream, for longer, and no payload is half full | that stream, in a pause or after [`LONGEST`] |
//!
//! G.711 remembers nothing, so that nothing has to be waited for but the end of a payload.

use super::cast::{Cast, Past, Stream};
use super::coder::{Coder, Form};
use super::ear::Ear;
use super::prompt::Prompt;
use crate::codec::Codec;
use crate::mixer::Output;
use crate::pcm::Rate;

/// Ticks for which a coder that remembers goes on beside a stream before the stream takes its place: half a second.
const PATIENCE: u8 = 25;
/// Two coders of one steady sound may differ for long, and where they do, a change is heard as a lost packet is. It is made
/// in a pause between two words, but no later than this: 5 s.
const LONGEST: u8 = 250;

#[derive(Debug)]
pub(super) struct Seat {
    pub(super) form: Form,
    pub(super) ear: Ear,
    pub(super) muted: bool,
    /// He was heard in the last tick: his voice has to be faded out.
    pub(super) fading: bool,
    /// What is played to him alone.
    pub(super) whisper: Option<Prompt>,
    tuned: Tuned,
}

#[derive(Debug)]
enum Tuned {
    To(Stream),
    Own { coder: Box<Coder>, toward: Option<Stream>, ticks: u8 },
}

/// What all members share when they are tuned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Air<'a> {
    pub(super) rate: Rate,
    pub(super) tick: u64,
    pub(super) past: &'a Past,
    /// Somebody or something is heard in the room.
    pub(super) sounds: bool,
}

impl Seat {
    pub(super) fn new(form: Form, ear: Ear, rate: Rate, tick: u64) -> Self {
        let tuned = begin(form, rate, tick);
        Self { form, ear, muted: false, fading: false, whisper: None, tuned }
    }

    /// After another agreement: the far end decodes anew.
    pub(super) fn follow(&mut self, form: Form, rate: Rate, tick: u64) {
        if self.form != form {
            self.tuned = begin(form, rate, tick);
        }
        self.form = form;
    }

    /// The room has another rate: frames of the old one do not fit.
    pub(super) fn begin_anew(&mut self, air: Air<'_>) {
        if let Tuned::Own { coder, .. } = &mut self.tuned {
            **coder = Cast::new(self.form).part(Stream::Room, air.rate, air.tick, air.past);
        }
    }

    /// Chooses the stream, or none, for what he is to hear in this tick; nothing of it is encoded yet.
    pub(super) fn tune(&mut self, output: Output<'_>, cast: &mut Cast, air: Air<'_>) {
        let even = self.form.begun(air.tick).is_zero();
        let wanted = match output {
            Output::Own(_) => None,
            Output::Shared(_) => Some(Stream::Room),
            Output::Silence if air.sounds => Some(Stream::Quiet),
            // All streams are silent: one is as good as the other.
            Output::Silence => match &self.tuned {
                Tuned::To(stream) => Some(*stream),
                Tuned::Own { toward, .. } => Some(toward.unwrap_or(Stream::Room)),
            },
        };
        if let Tuned::To(stream) = self.tuned
            && wanted != Some(stream)
        {
            let coder = Box::new(cast.part(stream, air.rate, air.tick, air.past));
            self.tuned = Tuned::Own { coder, toward: wanted, ticks: 0 };
        }
        if let Tuned::Own { toward, ticks, .. } = &mut self.tuned {
            *ticks = if *toward == wanted { ticks.saturating_add(1) } else { 0 };
            *toward = wanted;
            let ready = match self.form.codec {
                Codec::Pcmu | Codec::Pcma => true,
                Codec::G722 | Codec::Opus => {
                    let pause = wanted == Some(Stream::Quiet) || air.past.is_pause();
                    *ticks >= LONGEST || (*ticks >= PATIENCE && pause)
                }
            };
            if let Some(stream) = wanted.filter(|_| even && ready) {
                self.tuned = Tuned::To(stream);
            }
        }
        match self.tuned {
            Tuned::To(stream) | Tuned::Own { toward: Some(stream), .. } => cast.want(stream),
            Tuned::Own { .. } => {}
        }
    }

    /// Encodes what nobody else gets.
    pub(super) fn encode(&mut self, output: Output<'_>, silence: &[i16]) {
        if let Tuned::Own { coder, .. } = &mut self.tuned {
            coder.handle(match output {
                Output::Own(frame) | Output::Shared(frame) => frame,
                Output::Silence => silence,
            });
        }
    }

    /// What is to be sent to him in this tick.
    pub(super) fn coder<'a>(&'a self, casts: &'a [Cast]) -> Option<&'a Coder> {
        match &self.tuned {
            Tuned::Own { coder, .. } => Some(coder),
            Tuned::To(stream) => casts.iter().find(|cast| cast.form == self.form)?.coder(*stream),
        }
    }

    /// Encoded for him alone.
    pub(super) const fn is_apart(&self) -> bool {
        matches!(self.tuned, Tuned::Own { .. })
    }
}

fn begin(form: Form, rate: Rate, tick: u64) -> Tuned {
    // A far end that remembers begins from nothing, and no stream does.
    let coder = Box::new(Coder::new(form, rate, tick, [].into_iter()));
    Tuned::Own { coder, toward: Some(Stream::Room), ticks: 0 }
}
