//! `strowger room`.

mod kept;
mod watch;

use serde_json::json;

use crate::cli::connection::{Line, Whose};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::sound;
use crate::v1::room_invite_request::Target;
use crate::v1::{
    DeleteRoomRequest, RecordingFormat, RoomAnnounceRequest, RoomDeafenRequest, RoomEndRequest, RoomInviteRequest,
    RoomKickRequest, RoomLockRequest, RoomMuteAllRequest, RoomMuteRequest, RoomPauseRecordingRequest,
    RoomRecordRequest, RoomStopRecordingRequest, RoomVolumeRequest,
};

pub(crate) const EXAMPLES: &str = "\
Examples:
  strowger room add 600 --title 'Weekly' --pin 4711 --moderator-pin 815081 --wait-for-moderator
  strowger room change 600 --maximum 20 --pin ''           from now on without a PIN
  strowger room open                                       which rooms are open, and how many are in them
  strowger room open 600                                   who is in it
  strowger room watch 600                                  a live view, until Ctrl-C
  strowger room mute 600 3; strowger room mute 600 --all
  strowger room say 600 prompt:conf-now-recording
  strowger room watch --json | jq -c 'select(.joined)'";

/// What is to be done with conference rooms.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// List the rooms of a tenant that are kept
    List {
        #[command(flatten)]
        whose: Whose,
    },
    /// Show one room as it is kept
    Show {
        /// The room's name
        name: String,
        #[command(flatten)]
        whose: Whose,
    },
    /// Make a room
    #[command(visible_alias = "create")]
    Add(Box<kept::Add>),
    /// Change a room; what is not given stays as it is. PINs count at once, all else when it opens next
    #[command(visible_aliases = ["update", "set"])]
    Change(Box<kept::Change>),
    /// Delete a room; who is in it stays
    #[command(visible_alias = "delete")]
    Remove {
        /// The room's name
        name: String,
        #[command(flatten)]
        whose: Whose,
    },
    /// List the rooms that are open, or show who is in one
    Open {
        /// The room's name; all rooms when not given
        name: Option<String>,
        #[command(flatten)]
        whose: Whose,
    },
    /// Let nobody hear a member, or all but moderators
    Mute(Whom),
    /// Let a member be heard again, or all
    Unmute(Whom),
    /// Let a member hear nobody
    Deafen(One),
    /// Let a member hear again
    Undeafen(One),
    /// Set how loud a member is heard and hears
    Volume {
        #[command(flatten)]
        who: One,
        /// How much louder he is heard, in dB
        #[arg(long, default_value_t = 0, allow_negative_numbers = true, value_parser = clap::value_parser!(i32).range(-20..=20))]
        speaking: i32,
        /// How much louder he hears, in dB
        #[arg(long, default_value_t = 0, allow_negative_numbers = true, value_parser = clap::value_parser!(i32).range(-20..=20))]
        hearing: i32,
    },
    /// Put a member out
    Kick(One),
    /// Let nobody else in
    Lock(Which),
    /// Let others in again
    Unlock(Which),
    /// Play sounds to all who are in a room
    #[command(after_help = sound::SOUNDS)]
    Say {
        #[command(flatten)]
        which: Which,
        /// What, as prompt:NAME, recording:NAME, digits:600 or beep; one after the other
        #[arg(required = true, value_name = "SOUND")]
        sounds: Vec<String>,
    },
    /// Record a room
    Record {
        #[command(flatten)]
        which: Which,
        /// The name of the recording: a-z, 0-9 and `-`; a new one when not given
        recording: Option<String>,
        /// Opus in Ogg instead of WAV
        #[arg(long)]
        opus: bool,
    },
    /// Pause the recording of a room
    Pause(Which),
    /// Go on with the recording of a room
    Resume(Which),
    /// End the recording of a room
    Stop(Which),
    /// Call somebody, who joins when he answers; `watch` tells what came of it
    Invite {
        #[command(flatten)]
        which: Which,
        /// An extension, the name of a user, a number as +4930123456, or a SIP URI
        whom: String,
    },
    /// Put all members out and close the room
    End(Which),
    /// Show what happens in rooms from now on: of one room a live view in a terminal, else a line for each event
    Watch {
        /// Only this room, also before it is open
        name: Option<String>,
        /// A line for each event also in a terminal
        #[arg(long)]
        lines: bool,
        #[command(flatten)]
        whose: Whose,
    },
}

/// An open room.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// The room's name
    name: String,
    #[command(flatten)]
    whose: Whose,
}

/// A member of an open room.
#[derive(Debug, clap::Args)]
pub struct One {
    #[command(flatten)]
    which: Which,
    /// The member's number in the room
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    member: u32,
}

/// A member of an open room, or all.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("whom").required(true).args(["member", "all"])))]
pub struct Whom {
    #[command(flatten)]
    which: Which,
    /// The member's number in the room
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    member: Option<u32>,
    /// All but moderators
    #[arg(long)]
    all: bool,
}

pub(crate) async fn run(verb: Verb, line: &Line, console: &mut Console) -> Result<(), Failure> {
    match verb {
        Verb::List { whose } => kept::list(line, console, &whose).await,
        Verb::Show { name, whose } => kept::show(line, console, name, &whose).await,
        Verb::Add(add) => add.run(line, console).await,
        Verb::Change(change) => change.run(line, console).await,
        Verb::Remove { name, whose } => {
            let tenant = line.tenant(&whose).await?;
            line.rooms().delete(DeleteRoomRequest { tenant, name: name.clone() }).await?;
            console.say(&format!("room {name} is deleted"), &json!({ "deleted": name }))
        }
        Verb::Open { name: None, whose } => watch::list_open(line, console, &whose).await,
        Verb::Open { name: Some(name), whose } => watch::show_open(line, console, name, &whose).await,
        Verb::Watch { name, lines, whose } => watch::watch(line, console, name, lines, &whose).await,
        order => {
            let done = give(order, line, console).await?;
            say(console, &done)
        }
    }
}

fn say(console: &mut Console, (room, done): &(String, String)) -> Result<(), Failure> {
    console.say(&format!("room {room}: {done}"), &json!({ "room": room, "done": done }))
}

/// Says an order to an open room; gives the room and what was done.
async fn give(verb: Verb, line: &Line, console: &Console) -> Result<(String, String), Failure> {
    let mut rooms = line.rooms();
    Ok(match verb {
        Verb::Mute(whom) => mute(line, whom, true).await?,
        Verb::Unmute(whom) => mute(line, whom, false).await?,
        Verb::Deafen(who) => deafen(line, who, true).await?,
        Verb::Undeafen(who) => deafen(line, who, false).await?,
        Verb::Volume { who: One { which, member }, speaking, hearing } => {
            let (tenant, name) = which.find(line).await?;
            rooms.volume(RoomVolumeRequest { tenant, name: name.clone(), member, speaking, hearing }).await?;
            (name, format!("member {member} is heard {speaking:+} dB and hears {hearing:+} dB"))
        }
        Verb::Kick(One { which, member }) => {
            let (tenant, name) = which.find(line).await?;
            rooms.kick(RoomKickRequest { tenant, name: name.clone(), member }).await?;
            (name, format!("member {member} is put out"))
        }
        Verb::Lock(which) => lock(line, which, true).await?,
        Verb::Unlock(which) => lock(line, which, false).await?,
        Verb::Say { which, sounds } => {
            let sounds = sound::read(console, &sounds)?;
            let (tenant, name) = which.find(line).await?;
            rooms.announce(RoomAnnounceRequest { tenant, name: name.clone(), sounds }).await?;
            (name, "it is said".to_owned())
        }
        Verb::Record { which, recording, opus } => {
            let format = if opus { RecordingFormat::Opus } else { RecordingFormat::Wav }.into();
            let (tenant, name) = which.find(line).await?;
            let recording = recording.unwrap_or_default();
            let answer =
                rooms.record(RoomRecordRequest { tenant, name: name.clone(), recording, format }).await?.into_inner();
            let named = answer.recording.map(|name| format!(" as {name}")).unwrap_or_default();
            (name, format!("it is recorded{named}"))
        }
        Verb::Pause(which) => pause(line, which, true).await?,
        Verb::Resume(which) => pause(line, which, false).await?,
        Verb::Stop(which) => {
            let (tenant, name) = which.find(line).await?;
            rooms.stop_recording(RoomStopRecordingRequest { tenant, name: name.clone() }).await?;
            (name, "the recording is over".to_owned())
        }
        Verb::Invite { which, whom } => {
            let (tenant, name) = which.find(line).await?;
            let target = Some(target(&whom));
            rooms.invite(RoomInviteRequest { tenant, name: name.clone(), target }).await?;
            (name, format!("{whom} is called"))
        }
        Verb::End(which) => {
            let (tenant, name) = which.find(line).await?;
            rooms.end(RoomEndRequest { tenant, name: name.clone() }).await?;
            (name, "it is closed".to_owned())
        }
        Verb::List { .. }
        | Verb::Show { .. }
        | Verb::Add(_)
        | Verb::Change(_)
        | Verb::Remove { .. }
        | Verb::Open { .. }
        | Verb::Watch { .. } => (String::new(), String::new()),
    })
}

impl Which {
    /// The tenant and the room.
    async fn find(self, line: &Line) -> Result<(String, String), Failure> {
        Ok((line.tenant(&self.whose).await?, self.name))
    }
}

async fn mute(line: &Line, whom: Whom, on: bool) -> Result<(String, String), Failure> {
    let (tenant, name) = whom.which.find(line).await?;
    let how = if on { "muted" } else { "heard again" };
    match whom.member {
        Some(member) => {
            line.rooms().mute(RoomMuteRequest { tenant, name: name.clone(), member, on }).await?;
            Ok((name, format!("member {member} is {how}")))
        }
        None => {
            line.rooms().mute_all(RoomMuteAllRequest { tenant, name: name.clone(), on }).await?;
            Ok((name, format!("all but moderators are {how}")))
        }
    }
}

async fn deafen(line: &Line, who: One, on: bool) -> Result<(String, String), Failure> {
    let ((tenant, name), member) = (who.which.find(line).await?, who.member);
    line.rooms().deafen(RoomDeafenRequest { tenant, name: name.clone(), member, on }).await?;
    Ok((name, format!("member {member} hears {}", if on { "nobody" } else { "again" })))
}

async fn lock(line: &Line, which: Which, on: bool) -> Result<(String, String), Failure> {
    let (tenant, name) = which.find(line).await?;
    line.rooms().lock(RoomLockRequest { tenant, name: name.clone(), on }).await?;
    Ok((name, if on { "it is locked" } else { "it is open to others" }.to_owned()))
}

async fn pause(line: &Line, which: Which, on: bool) -> Result<(String, String), Failure> {
    let (tenant, name) = which.find(line).await?;
    line.rooms().pause_recording(RoomPauseRecordingRequest { tenant, name: name.clone(), on }).await?;
    Ok((name, if on { "the recording pauses" } else { "the recording goes on" }.to_owned()))
}

/// Whom a word of the command line names.
fn target(whom: &str) -> Target {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'*' | b'#'));
    let text = whom.to_owned();
    match whom {
        uri if uri.starts_with("sip:") || uri.starts_with("sips:") => Target::Uri(text),
        number if number.starts_with('+') => Target::Number(text),
        number if digits(number) => Target::Extension(text),
        _ => Target::User(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_names_whom_it_looks_like() {
        assert_eq!(target("1002"), Target::Extension("1002".to_owned()));
        assert_eq!(target("+4930123"), Target::Number("+4930123".to_owned()));
        assert_eq!(target("alice"), Target::User("alice".to_owned()));
        assert_eq!(target("sip:a@b.example"), Target::Uri("sip:a@b.example".to_owned()));
    }
}
