//! Recordings of calls in a world: who is on them, what an operator says of them, what is kept of them.

use switch::{Event, Input, KeptRecording, PlayRefusal, Record, RecordingOrder, Refusal, Side, SoundOrder};

use crate::engine::Engine;
use crate::handles::Phone;
use crate::world::World;

impl World {
    /// What this phone says in its last call goes into the recording of the call.
    #[must_use]
    pub fn tapes(&self, phone: &Phone) -> bool {
        self.at_port_of(phone, Engine::tapes).unwrap_or(false)
    }

    /// An operator wants something of the recording of the last call that arrived.
    ///
    /// # Errors
    /// As the exchange says.
    ///
    /// # Panics
    /// When no call has arrived.
    pub fn operator_records(&self, order: RecordingOrder) -> Result<String, Refusal> {
        let done = {
            let mut inner = self.0.borrow_mut();
            let arrived = |event: &Event| matches!(event, Event::Arrived(_));
            let call = inner.around.events.iter().rev().find(|(_, event)| arrived(event)).map(|(call, _)| *call);
            let now = inner.now;
            inner.switch.record(now, call.expect("a call has arrived"), order)
        };
        self.settle();
        done
    }

    /// An operator has something played to a party of the call that arrived last, or ended.
    ///
    /// # Errors
    /// What the exchange says against it.
    ///
    /// # Panics
    /// When no call has arrived.
    pub fn operator_plays(&self, whom: Option<Side>, order: SoundOrder) -> Result<(), PlayRefusal> {
        let done = {
            let mut inner = self.0.borrow_mut();
            let arrived = |event: &Event| matches!(event, Event::Arrived(_));
            let call = inner.around.events.iter().rev().find(|(_, event)| arrived(event)).map(|(call, _)| *call);
            let now = inner.now;
            inner.switch.play(now, call.expect("a call has arrived"), whom, order)
        };
        self.settle();
        done
    }

    /// The disk takes nothing more: what is recorded of calls ends.
    pub fn disk_fills_up(&self) {
        let over = {
            let mut inner = self.0.borrow_mut();
            let now = inner.now;
            inner.around.engine.disk_full = true;
            inner.around.engine.spoil(now)
        };
        for event in over {
            self.input(Input::Media(event));
        }
    }

    /// What was told of recordings so far: each when it began, and when it was over.
    #[must_use]
    pub fn recordings(&self) -> Vec<KeptRecording> {
        let kept = |record: &Record| {
            if let Record::Recording(kept) = record { Some(KeptRecording::clone(kept)) } else { None }
        };
        self.0.borrow().records.iter().filter_map(kept).collect()
    }
}
