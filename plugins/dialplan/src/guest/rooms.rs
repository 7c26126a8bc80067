//! A guest lets its caller into conference rooms, and rules those of its tenant.

use switch::{JoinError, Left, RoomOrder, RoomRefusal, Wish};
use wasmtime::component::Resource;

use super::orders::{self, OrderError, Told};
use super::{Guest, Held};
use crate::bindings::strowger::dialplan::{audio, rooms, types};
use crate::rooms::is_name;
use crate::{sound, words};

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

    async fn members(&mut self, room: String) -> wasmtime::Result<Result<Vec<rooms::Member>, OrderError>> {
        self.list_members(room).await
    }

    async fn mute(&mut self, room: String, member: u32, on: bool) -> Told<()> {
        self.say(room, orders::member(member).map(|member| RoomOrder::Mute(member, on))).await
    }

    async fn mute_all(&mut self, room: String, on: bool) -> Told<()> {
        self.say(room, Some(RoomOrder::MuteAll(on))).await
    }

    async fn deafen(&mut self, room: String, member: u32, on: bool) -> Told<()> {
        self.say(room, orders::member(member).map(|member| RoomOrder::Deafen(member, on))).await
    }

    async fn volume(&mut self, room: String, member: u32, speaking: i8, hearing: i8) -> Told<()> {
        self.say(room, orders::volume(member, speaking, hearing)).await
    }

    async fn kick(&mut self, room: String, member: u32) -> Told<()> {
        self.say(room, orders::member(member).map(RoomOrder::Kick)).await
    }

    async fn lock(&mut self, room: String, on: bool) -> Told<()> {
        self.say(room, Some(RoomOrder::Lock(on))).await
    }

    async fn announce(&mut self, room: String, sounds: Vec<audio::Sound>) -> Told<()> {
        self.spend(sound::weight(&sounds))?;
        self.say(room, orders::announcement(sounds)).await
    }

    async fn record(&mut self, room: String, name: Option<String>, format: audio::RecordingFormat) -> Told<String> {
        self.spend(name.as_ref().map_or(0, String::len))?;
        let named = self.order(room, orders::record(name, format)).await?;
        // One that is over again has no name any more.
        Ok(named.map(Option::unwrap_or_default))
    }

    async fn pause_recording(&mut self, room: String, on: bool) -> Told<()> {
        self.say(room, Some(RoomOrder::PauseRecording(on))).await
    }

    async fn stop_recording(&mut self, room: String) -> Told<()> {
        self.say(room, Some(RoomOrder::StopRecording)).await
    }

    async fn invite(&mut self, room: String, target: types::Target) -> Told<()> {
        // Its text is bounded as that of any target; the rest is the room's to say.
        let target = words::target(target);
        self.spend(target.as_ref().map_or(0, |target| target.text().len()))?;
        self.say(room, target.map(RoomOrder::Invite)).await
    }

    async fn end(&mut self, room: String) -> Told<()> {
        self.say(room, Some(RoomOrder::End)).await
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
