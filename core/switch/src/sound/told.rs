//! What operators are told of a playing: that it begins, and once how it ended. An application has its replies.

use crate::audio::Sound;
use crate::event::{Event, PlayEnd, Side};
use crate::ids::CallId;
use crate::sound::Place;
use crate::wire::Wire;

/// In which call and for whom something plays that was told, and whose end was not.
#[derive(Debug, Default)]
pub(crate) struct Told(Option<(CallId, Side)>);

impl Told {
    /// This plays now, in place of what did.
    pub(crate) fn begin(&mut self, at: &Place, sounds: &[Sound], forever: bool, wire: &mut Wire) {
        self.end(PlayEnd::Stopped, wire);
        wire.event(at.call, Event::Playing { to: at.side, sounds: sounds.to_vec(), forever });
        self.0 = Some((at.call, at.side));
    }

    /// It is over, if it was not before.
    pub(crate) fn end(&mut self, how: PlayEnd, wire: &mut Wire) {
        if let Some((call, to)) = self.0.take() {
            wire.event(call, Event::Played { to, how });
        }
    }
}
