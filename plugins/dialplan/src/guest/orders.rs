//! What a guest says to open rooms of its tenant: checked here, whole, before a room hears it.

use std::time::Duration;

use switch::{Bearing, MemberNumber, MemberView, Role, RoomOrder, RoomRefusal, Sound};

use super::{Guest, STORE_WAIT};
use crate::bindings::strowger::dialplan::{audio as wit, rooms};
use crate::rooms::{OrderFault, is_name};
use crate::{sound, words};

pub(super) use rooms::OrderError;

/// What came of an order.
pub(super) type Told<T> = wasmtime::Result<Result<T, OrderError>>;

/// A room is many callers': what is said to it costs as much as so many other requests.
const COST: u32 = 20;
/// How much one announcement may hold: all of a room have to hear it out.
const SOUNDS: usize = 32;
const LONGEST: Duration = Duration::from_secs(60);

impl Guest {
    /// Says this to a room; `None` is a value out of range.
    pub(super) async fn say(&mut self, room: String, order: Option<RoomOrder>) -> Told<()> {
        Ok(self.order(room, order).await?.map(drop))
    }

    /// The same, and gives the name of the recording that was begun.
    pub(super) async fn order(&mut self, room: String, order: Option<RoomOrder>) -> Told<Option<String>> {
        if let Some(over) = self.charge(&room)? {
            return Ok(Err(over));
        }
        let Some(order) = order.filter(|_| is_name(&room)) else { return Ok(Err(OrderError::BadValue)) };
        let (shared, tenant) = (self.shared.clone(), self.tenant());
        let told = self.unhurried(shared.rooms.order(tenant, &room, order)).await?;
        Ok(match told {
            Some(told) => told.map_err(error),
            None => Err(OrderError::NoResources),
        })
    }

    pub(super) async fn list_members(&mut self, room: String) -> Told<Vec<rooms::Member>> {
        if let Some(over) = self.charge(&room)? {
            return Ok(Err(over));
        }
        if !is_name(&room) {
            return Ok(Err(OrderError::BadValue));
        }
        let (shared, tenant) = (self.shared.clone(), self.tenant());
        let found = self.unhurried(shared.rooms.members(tenant, &room)).await?;
        Ok(match found {
            Some(Some(members)) => Ok(members.iter().map(view).collect()),
            Some(None) => Err(OrderError::NoRoom),
            None => Err(OrderError::NoResources),
        })
    }

    /// What it costs; an error where the guest's own call is over.
    fn charge(&mut self, room: &str) -> wasmtime::Result<Option<OrderError>> {
        self.requests = self.requests.saturating_add(COST);
        self.spend(room.len())?;
        let over = self.hung_up.as_ref();
        Ok(over.map(|ending| OrderError::HungUp(ending.as_ref().map(words::ending))))
    }

    /// Waits for an answer, which may need the disk; not for ever.
    async fn unhurried<T>(&mut self, answer: impl Future<Output = T>) -> wasmtime::Result<Option<T>> {
        self.pause();
        self.within_all()?;
        let answer = tokio::time::timeout(STORE_WAIT, answer).await;
        self.resume();
        Ok(answer.ok())
    }
}

pub(super) fn member(number: u32) -> Option<MemberNumber> {
    (number > 0).then_some(MemberNumber(number))
}

pub(super) fn volume(number: u32, speaking: i8, hearing: i8) -> Option<RoomOrder> {
    let possible = Bearing::VOLUMES.contains(&speaking) && Bearing::VOLUMES.contains(&hearing);
    let member = member(number).filter(|_| possible)?;
    Some(RoomOrder::Volume { member, speaking, hearing })
}

pub(super) fn announcement(sounds: Vec<wit::Sound>) -> Option<RoomOrder> {
    let sounds = sound::sounds(sounds).filter(|sounds| (1..=SOUNDS).contains(&sounds.len()))?;
    let long = |sound: &Sound| matches!(sound, Sound::Tone(_, time) | Sound::Silence(time) if *time > LONGEST);
    (!sounds.iter().any(long)).then_some(RoomOrder::Announce(sounds))
}

pub(super) fn record(name: Option<String>, format: wit::RecordingFormat) -> Option<RoomOrder> {
    let right = name.as_deref().is_none_or(crate::sound::is_own);
    right.then_some(RoomOrder::Record { name, format: sound::recording_format(format) })
}

fn view(member: &MemberView) -> rooms::Member {
    rooms::Member {
        number: member.number.0,
        call: member.call.to_string(),
        name: words::in_one_line(&member.name),
        role: match member.role {
            Role::Participant => rooms::Role::Participant,
            Role::Moderator => rooms::Role::Moderator,
        },
        muted: member.bearing.muted,
        deaf: member.bearing.deaf,
        speaking: member.bearing.speaking,
        hearing: member.bearing.hearing,
        speaks: member.speaks,
        waiting: member.waiting,
    }
}

fn error(fault: OrderFault) -> OrderError {
    match fault {
        OrderFault::Inaudible(fault) => match sound::fault(fault) {
            wit::AudioError::Missing(name) => OrderError::Missing(name),
            wit::AudioError::Unplayable(sound) => OrderError::Unplayable(sound),
            _ => OrderError::NoResources,
        },
        OrderFault::Refused(refusal) => match refusal {
            RoomRefusal::NoRoom => OrderError::NoRoom,
            RoomRefusal::NoMember => OrderError::NoMember,
            RoomRefusal::BadValue => OrderError::BadValue,
            RoomRefusal::NoResources | RoomRefusal::Full => OrderError::NoResources,
            RoomRefusal::Forbidden | RoomRefusal::Locked | RoomRefusal::WrongPin => OrderError::Forbidden,
        },
    }
}
