//! Who is called into a room: each takes a place in it from then on, until he is in or does not come.

use switch::{MemberNumber, NotReached, RoomEvent, RoomRefusal, Target};

use super::{Newcomer, Room};

/// How many may be called at once.
const CALLS: usize = 32;

/// A call of a room, from 1, and not reused while the room is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallNumber(pub u32);

impl Room {
    /// Somebody is called from now on: what came of it is told by [`join_called`](Self::join_called) or
    /// [`handle_not_reached`](Self::handle_not_reached).
    ///
    /// # Errors
    /// The room is over, full or calls nobody, or too many are called at once.
    pub fn call(&mut self, target: &Target) -> Result<CallNumber, RoomRefusal> {
        match () {
            () if self.over => return Err(RoomRefusal::NoRoom),
            () if !self.plan.dial_out => return Err(RoomRefusal::Forbidden),
            () if self.is_full() => return Err(RoomRefusal::Full),
            () if self.called.len() >= CALLS => return Err(RoomRefusal::NoResources),
            () => {}
        }
        self.calls += 1;
        let (number, target) = (CallNumber(self.calls), target.text().to_owned());
        self.called.insert(number, target.clone());
        self.events.push_back(RoomEvent::Calling { target });
        Ok(number)
    }

    /// Whoever was called by this comes in, by the place that was kept for him; a lock does not keep him out.
    ///
    /// # Errors
    /// [`RoomRefusal::NoRoom`]: the room has ended meanwhile.
    pub fn join_called(&mut self, call: CallNumber, newcomer: Newcomer) -> Result<MemberNumber, RoomRefusal> {
        if self.over || self.called.remove(&call).is_none() {
            return Err(RoomRefusal::NoRoom);
        }
        Ok(self.seat(newcomer))
    }

    /// Whoever was called does not come. Says whether that was not known before.
    pub fn handle_not_reached(&mut self, call: CallNumber, why: NotReached) -> bool {
        let Some(target) = self.called.remove(&call) else { return false };
        self.events.push_back(RoomEvent::NotReached { target, why });
        true
    }

    /// The room ends: nobody is called any more.
    pub(super) fn cancel_calls(&mut self) {
        while let Some((_, target)) = self.called.pop_first() {
            self.events.push_back(RoomEvent::NotReached { target, why: NotReached::Cancelled });
        }
    }
}
