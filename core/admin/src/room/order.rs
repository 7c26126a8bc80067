//! What operators say to open rooms: read from requests, and what a refusal means.

use std::time::Duration;

use store::Tenant;
use switch::{Bearing, MemberNumber, RoomOrder, RoomRefusal, Target};
use tonic::{Response, Status};

use crate::desk::Desk;
use crate::sound::Most;
use crate::v1::RoomOrderResponse;
use crate::v1::room_invite_request::Target as Wanted;
use crate::violations::{Violations, violation};

/// How much one announcement may hold: all of a room have to hear it out.
pub(super) const ANNOUNCED: Most = Most { sounds: 32, time: Duration::from_secs(60) };

impl Desk {
    pub(super) async fn order(
        &self,
        tenant: &str,
        room: &str,
        order: RoomOrder,
    ) -> Result<Response<RoomOrderResponse>, Status> {
        let tenant = self.tenant(tenant).await?;
        let room = super::named(room)?;
        if let RoomOrder::Announce(sounds) = &order {
            self.expect_audible(&tenant, sounds, None).await?;
        }
        let (said, member, forbidden) = (word(&order), hit(&order), forbidden(&order));
        let records = matches!(order, RoomOrder::Record { .. });
        if let Err(refusal) = self.live.order(tenant.id, room, order).await {
            return Err(match refusal {
                RoomRefusal::Forbidden if records => self.not_recorded(&tenant, room).await,
                refusal => refused(refusal, forbidden),
            });
        }
        tracing::info!(tenant = tenant.id.0, room, order = said, member, "an operator ruled a room");
        // The room gives the recording its name; one that is over again has none.
        let recording = if records { self.recording_of(&tenant, room).await } else { None };
        Ok(Response::new(RoomOrderResponse { recording }))
    }

    /// Why a room could not be recorded: what is to be seen of it tells.
    async fn not_recorded(&self, tenant: &Tenant, room: &str) -> Status {
        let Some(room) = self.open_rooms(tenant, room).await.into_iter().next() else {
            return refused(RoomRefusal::NoRoom, "");
        };
        let waits = room.members.iter().all(|member| member.waiting);
        Status::failed_precondition(match room.recording {
            Some(name) => format!("the room is recorded already, as {name}"),
            None if waits => "all who are there wait for a moderator: there is nothing to record".to_owned(),
            None => "the recording that had this name is not closed yet; try again in a second".to_owned(),
        })
    }

    async fn recording_of(&self, tenant: &Tenant, room: &str) -> Option<String> {
        self.open_rooms(tenant, room).await.into_iter().find_map(|room| room.recording)
    }
}

/// An order's name in the log.
fn word(order: &RoomOrder) -> &'static str {
    match order {
        RoomOrder::Mute(_, true) => "mute",
        RoomOrder::Mute(_, false) => "unmute",
        RoomOrder::MuteAll(true) => "mute all",
        RoomOrder::MuteAll(false) => "unmute all",
        RoomOrder::Deafen(_, true) => "deafen",
        RoomOrder::Deafen(_, false) => "undeafen",
        RoomOrder::Volume { .. } => "volume",
        RoomOrder::Kick(_) => "kick",
        RoomOrder::Lock(true) => "lock",
        RoomOrder::Lock(false) => "unlock",
        RoomOrder::Announce(_) => "announce",
        RoomOrder::Record { .. } => "record",
        RoomOrder::PauseRecording(true) => "pause recording",
        RoomOrder::PauseRecording(false) => "resume recording",
        RoomOrder::StopRecording => "stop recording",
        RoomOrder::Invite(_) => "invite",
        RoomOrder::End => "end",
    }
}

/// The number of the member that it is about.
fn hit(order: &RoomOrder) -> Option<u32> {
    match order {
        RoomOrder::Mute(MemberNumber(number), _)
        | RoomOrder::Deafen(MemberNumber(number), _)
        | RoomOrder::Volume { member: MemberNumber(number), .. }
        | RoomOrder::Kick(MemberNumber(number)) => Some(*number),
        _ => None,
    }
}

/// What it means when a room does not permit this.
fn forbidden(order: &RoomOrder) -> &'static str {
    match order {
        RoomOrder::PauseRecording(_) | RoomOrder::StopRecording => "the room is not recorded",
        RoomOrder::Invite(_) => "the room may call nobody: its `dial-out` is off, or it is kept nowhere",
        _ => "the room does not permit it",
    }
}

fn refused(refusal: RoomRefusal, forbidden: &str) -> Status {
    let why = refusal.to_string();
    match refusal {
        RoomRefusal::NoRoom => Status::not_found("there is no such room, or nobody is in it"),
        RoomRefusal::NoMember => Status::not_found(why),
        RoomRefusal::BadValue => Status::invalid_argument(why),
        RoomRefusal::NoResources => Status::resource_exhausted(why),
        RoomRefusal::Forbidden => Status::failed_precondition(forbidden),
        RoomRefusal::Full | RoomRefusal::Locked | RoomRefusal::WrongPin => Status::failed_precondition(why),
    }
}

pub(super) fn member(number: u32) -> Result<MemberNumber, Status> {
    if number == 0 { Err(violation("member", "members are numbered from 1")) } else { Ok(MemberNumber(number)) }
}

pub(super) fn volume(number: u32, speaking: i32, hearing: i32) -> Result<RoomOrder, Status> {
    let mut wrong = Violations::default();
    let mut read = |field: &str, value: i32| {
        let fits = i8::try_from(value).ok().filter(|value| Bearing::VOLUMES.contains(value));
        wrong.read(field, fits.ok_or_else(|| "-20 to 20 dB".to_owned())).unwrap_or_default()
    };
    let (speaking, hearing) = (read("speaking", speaking), read("hearing", hearing));
    wrong.expect(number > 0, "member", "members are numbered from 1");
    wrong.finish()?;
    Ok(RoomOrder::Volume { member: MemberNumber(number), speaking, hearing })
}

/// The name of a recording; `None` for a new one.
pub(super) fn recording(name: String) -> Result<Option<String>, String> {
    match name.as_str() {
        "" => Ok(None),
        known if switch::is_recording_name(known) && !switch::is_a_mailboxes(known) => Ok(Some(name)),
        _ => Err("1 to 64 of a-z, 0-9 and `-`".to_owned()),
    }
}

pub(super) fn target(wanted: Option<Wanted>) -> Result<Target, Status> {
    let target = match wanted {
        Some(Wanted::User(name)) => Target::User(name),
        Some(Wanted::Extension(number)) => Target::Extension(number),
        Some(Wanted::Number(number)) => Target::Number(number),
        Some(Wanted::Uri(uri)) => Target::Uri(uri),
        None => return Err(violation("target", "whom to call: a user, an extension, a number or a URI")),
    };
    let (Target::User(text) | Target::Extension(text) | Target::Number(text) | Target::Uri(text)) = &target else {
        return Ok(target);
    };
    if text.is_empty() || text.len() > 256 || text.chars().any(char::is_control) {
        return Err(violation("target", "1 to 256 bytes, no control characters"));
    }
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_names_an_order_and_whom_it_hits_by_number_alone() {
        let target = Target::Number("+4930123456".to_owned());
        for (order, said) in [
            (RoomOrder::Mute(MemberNumber(3), false), ("unmute", Some(3))),
            (RoomOrder::Volume { member: MemberNumber(2), speaking: 1, hearing: 1 }, ("volume", Some(2))),
            (
                RoomOrder::Record { name: Some("board".to_owned()), format: switch::RecordingFormat::Wav },
                ("record", None),
            ),
            (RoomOrder::Invite(target), ("invite", None)),
        ] {
            assert_eq!((word(&order), hit(&order)), said);
        }
    }
}
