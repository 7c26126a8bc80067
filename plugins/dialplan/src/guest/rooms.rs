//! A guest lets its caller into conference rooms.

use switch::{JoinError, Left, RoomRefusal, Wish};
use wasmtime::component::Resource;

use super::{Guest, Held};
use crate::bindings::strowger::dialplan::rooms;
use crate::rooms::is_name;

/// The longest PIN, and the longest name that others see.
const PIN: usize = 16;
const NAME: usize = 128;

impl rooms::Host for Guest {
    async fn join(
        &mut self,
        _: Resource<Held>,
        room: String,
        wish: rooms::Wish,
    ) -> wasmtime::Result<Result<rooms::Left, rooms::RoomError>> {
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        self.spend(room.len() + length(&wish.pin) + length(&wish.name))?;
        if let Some(ending) = &self.hung_up {
            return Ok(Err(rooms::RoomError::HungUp(ending.as_ref().map(crate::words::ending))));
        }
        let Some(wish) = wish_of(wish).filter(|_| is_name(&room)) else { return Ok(Err(rooms::RoomError::BadValue)) };
        self.pause();
        self.within_all()?;
        let joined = self.shared.rooms.clone().join(&mut self.control, &room, wish).await;
        self.resume();
        if matches!(joined, Ok(Left::HungUp) | Err(JoinError::HungUp)) {
            self.hung_up = Some(None);
        }
        Ok(joined.map(left).map_err(|fault| error(&fault)))
    }
}

/// `None` where a value is out of range.
fn wish_of(wish: rooms::Wish) -> Option<Wish> {
    let rooms::Wish { ad_hoc, pin, moderator, name } = wish;
    let digits = |pin: &String| pin.len() <= PIN && pin.bytes().all(|key| key.is_ascii_digit());
    let shown = |name: &String| (1..=NAME).contains(&name.len()) && !name.chars().any(char::is_control);
    let right = pin.as_ref().is_none_or(digits) && name.as_ref().is_none_or(shown);
    right.then_some(Wish { ad_hoc, pin, moderator, name })
}

fn left(left: Left) -> rooms::Left {
    match left {
        Left::HungUp => rooms::Left::HungUp,
        Left::Key => rooms::Left::Key,
        Left::Kicked => rooms::Left::Kicked,
        Left::Ended => rooms::Left::Ended,
    }
}

fn error(error: &JoinError) -> rooms::RoomError {
    match error {
        JoinError::HungUp => rooms::RoomError::HungUp(None),
        JoinError::Refused(refusal) => match refusal {
            RoomRefusal::NoRoom => rooms::RoomError::NoRoom,
            RoomRefusal::NoMember => rooms::RoomError::NoMember,
            RoomRefusal::Full => rooms::RoomError::Full,
            RoomRefusal::Locked => rooms::RoomError::Locked,
            RoomRefusal::WrongPin => rooms::RoomError::WrongPin,
            RoomRefusal::Forbidden => rooms::RoomError::Forbidden,
            RoomRefusal::BadValue => rooms::RoomError::BadValue,
            RoomRefusal::NoResources => rooms::RoomError::NoResources,
        },
    }
}
