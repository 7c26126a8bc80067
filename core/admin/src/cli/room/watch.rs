//! Rooms that are open, and what happens in them: a line each, or a live view of one.

use std::collections::VecDeque;
use std::io::Write;

use crate::cli::connection::{Line, Whose};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::json;
use crate::v1::room_event::Event;
use crate::v1::{
    GetOpenRoomRequest, Left, ListOpenRoomsRequest, Member, NotReached, OpenRoom, Role, RoomEvent, WatchRoomsRequest,
};

/// How many of the last events stand below the live view.
const LAST: usize = 8;
/// The cursor to the upper left, and all below it gone (ECMA-48 §8.3.21, §8.3.39).
const CLEAR: &str = "\x1b[H\x1b[J";
const HEADER: [&str; 8] = ["NO.", "NAME", "ROLE", "SPEAKS", "HOW", "HEARD", "HEARS", "SINCE"];

pub(super) async fn list_open(line: &Line, console: &mut Console, whose: &Whose) -> Result<(), Failure> {
    let tenant = line.tenant(whose).await?;
    let answer = line.rooms().list_open(ListOpenRoomsRequest { tenant }).await?.into_inner();
    let header = ["NAME", "MEMBERS", "WAITING", "LOCKED", "RECORDING", "SINCE"];
    console.table(&answer, "no rooms are open", &header, |console| {
        answer
            .rooms
            .iter()
            .map(|room| {
                let waiting = room.members.iter().filter(|member| member.waiting).count();
                vec![
                    room.name.clone(),
                    (room.members.len() - waiting).to_string(),
                    waiting.to_string(),
                    if room.locked { "yes" } else { "no" }.to_owned(),
                    recording(room),
                    console.time(room.opened),
                ]
            })
            .collect()
    })
}

fn recording(room: &OpenRoom) -> String {
    let paused = if room.recording_paused { " (paused)" } else { "" };
    room.recording.as_ref().map(|name| format!("{name}{paused}")).unwrap_or_default()
}

pub(super) async fn show_open(line: &Line, console: &mut Console, name: String, whose: &Whose) -> Result<(), Failure> {
    let tenant = line.tenant(whose).await?;
    let room = line.rooms().get_open(GetOpenRoomRequest { tenant, name }).await?.into_inner();
    if console.json {
        return Ok(writeln!(console.out, "{}", json::pretty(&room)?)?);
    }
    view(console, &room)
}

fn view(console: &mut Console, room: &OpenRoom) -> Result<(), Failure> {
    let locked = if room.locked { ", locked" } else { "" };
    let recorded = room.recording.as_ref().map(|_| format!(", recorded as {}", recording(room))).unwrap_or_default();
    let opened = console.time(room.opened);
    console.say(&format!("Room {}, open since {opened}{locked}{recorded}", room.name), &serde_json::Value::Null)?;
    let rows: Vec<_> = room.members.iter().map(|member| row(console, member)).collect();
    console.rows(&HEADER, &rows)
}

fn row(console: &Console, member: &Member) -> Vec<String> {
    let how = [(member.waiting, "waits"), (member.muted, "muted"), (member.deaf, "deaf")];
    let how: Vec<_> = how.into_iter().filter_map(|(is, word)| is.then_some(word)).collect();
    let volume = |loud: i32| if loud == 0 { String::new() } else { format!("{loud:+} dB") };
    vec![
        member.number.to_string(),
        member.name.clone(),
        role(member.role()).to_owned(),
        if member.speaks { "yes" } else { "" }.to_owned(),
        how.join(" "),
        volume(member.speaking),
        volume(member.hearing),
        console.time(member.since),
    ]
}

pub(super) async fn watch(
    line: &Line,
    console: &mut Console,
    name: Option<String>,
    lines: bool,
    whose: &Whose,
) -> Result<(), Failure> {
    let tenant = line.tenant(whose).await?;
    let mut live = name.clone().filter(|_| console.fancy && !lines && !console.json).map(Stage::of);
    let name = name.unwrap_or_default();
    let mut events = line.rooms().watch(WatchRoomsRequest { tenant, name }).await?.into_inner();
    if let Some(stage) = &live {
        stage.draw(console)?;
    }
    while let Some(event) = events.message().await? {
        if console.json {
            writeln!(console.out, "{}", json::line(&event)?)?;
            console.out.flush()?;
            continue;
        }
        if let Some(stage) = &mut live {
            stage.hear(console, event);
            stage.draw(console)?;
            continue;
        }
        if event.missed > 0 {
            console.note(&missed(event.missed))?;
        }
        let sentence = format!("{}  {}  {}", console.clock(event.at), event.room, describe(&event));
        console.say(&sentence, &serde_json::Value::Null)?;
        console.out.flush()?;
    }
    console.note("the server ended the watch")
}

/// One room as it is on the screen.
struct Stage {
    name: String,
    /// `None` while it is not open.
    room: Option<OpenRoom>,
    last: VecDeque<String>,
}

impl Stage {
    fn of(name: String) -> Self {
        Self { name, room: None, last: VecDeque::new() }
    }

    fn hear(&mut self, console: &Console, event: RoomEvent) {
        if event.missed > 0 {
            self.note(format!("{}  {}", console.clock(event.at), missed(event.missed)));
        }
        // Who speaks is in the table, as is how the room is; there would be nothing else among the last events.
        if event.now.is_none() && !matches!(event.event, Some(Event::Speaking(_))) {
            self.note(format!("{}  {}", console.clock(event.at), describe(&event)));
        }
        follow(&mut self.room, event);
    }

    fn note(&mut self, line: String) {
        if self.last.len() == LAST {
            self.last.pop_front();
        }
        self.last.push_back(line);
    }

    fn draw(&self, console: &mut Console) -> Result<(), Failure> {
        write!(console.out, "{CLEAR}")?;
        match &self.room {
            Some(room) => view(console, room)?,
            None => console.say(&format!("Room {} is not open", self.name), &serde_json::Value::Null)?,
        }
        for line in &self.last {
            console.say(line, &serde_json::Value::Null)?;
        }
        Ok(console.out.flush()?)
    }
}

fn missed(events: u64) -> String {
    format!("{events} events were missed: this reader was too slow")
}

/// Keeps a room as its events say.
fn follow(known: &mut Option<OpenRoom>, event: RoomEvent) {
    if let Some(now) = event.now {
        *known = Some(now);
        return;
    }
    if matches!(event.event, Some(Event::Opened(_))) {
        *known = Some(OpenRoom { tenant: event.tenant, name: event.room, opened: event.at, ..OpenRoom::default() });
        return;
    }
    let Some(room) = known else { return };
    match event.event {
        Some(Event::Waiting(who) | Event::Joined(who) | Event::Changed(who)) => {
            match room.members.iter_mut().find(|member| member.number == who.number) {
                Some(member) => *member = who,
                None => room.members.push(who),
            }
        }
        Some(Event::Left(left)) => room.members.retain(|member| member.number != left.member),
        Some(Event::Speaking(speaking)) => {
            if let Some(member) = room.members.iter_mut().find(|member| member.number == speaking.member) {
                member.speaks = speaking.speaks;
            }
        }
        Some(Event::Locked(locked)) => room.locked = locked.locked,
        Some(Event::Recording(recording)) => (room.recording, room.recording_paused) = (recording.name, false),
        Some(Event::Ended(_)) => *known = None,
        Some(Event::Opened(_) | Event::Calling(_) | Event::NotReached(_)) | None => {}
    }
}

fn describe(event: &RoomEvent) -> String {
    if let Some(now) = &event.now {
        let names: Vec<_> = now.members.iter().map(who).collect();
        return format!("now: {}", if names.is_empty() { "nobody".to_owned() } else { names.join(", ") });
    }
    match &event.event {
        Some(Event::Opened(_)) => "opened".to_owned(),
        Some(Event::Waiting(member)) => format!("waiting: {}", who(member)),
        Some(Event::Joined(member)) => format!("joined: {}", who(member)),
        Some(Event::Left(left)) => format!("left: {}, {}", left.member, why(left.why())),
        Some(Event::Changed(member)) => format!("changed: {}", who(member)),
        Some(Event::Speaking(speaking)) => {
            format!("{}: {}", if speaking.speaks { "speaking" } else { "silent" }, speaking.member)
        }
        Some(Event::Locked(locked)) => (if locked.locked { "locked" } else { "unlocked" }).to_owned(),
        Some(Event::Recording(recording)) => match &recording.name {
            Some(name) => format!("recording: {name}"),
            None => "recording: over".to_owned(),
        },
        Some(Event::Calling(calling)) => format!("calling: {}", calling.target),
        Some(Event::NotReached(other)) => format!("not reached: {}, {}", other.target, why_not(other.why())),
        Some(Event::Ended(_)) => "ended".to_owned(),
        None => "something that this version does not know".to_owned(),
    }
}

/// A member in a few words.
fn who(member: &Member) -> String {
    let how = [
        (member.role() == Role::Moderator, "moderator"),
        (member.waiting, "waits"),
        (member.muted, "muted"),
        (member.deaf, "deaf"),
    ];
    let how: String = how.into_iter().filter(|(is, _)| *is).map(|(_, word)| format!(", {word}")).collect();
    format!("{} {}{how}", member.number, member.name)
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Unspecified => "",
        Role::Participant => "participant",
        Role::Moderator => "moderator",
    }
}

fn why_not(why: NotReached) -> &'static str {
    match why {
        NotReached::Unspecified => "",
        NotReached::Busy => "busy",
        NotReached::NoAnswer => "no answer",
        NotReached::Declined => "declined",
        NotReached::Unregistered => "no phone is registered",
        NotReached::Unknown => "unknown",
        NotReached::Forbidden => "not permitted",
        NotReached::HungUp => "hung up",
        NotReached::Cancelled => "the room was closed",
        NotReached::Failed => "it failed",
    }
}

fn why(why: Left) -> &'static str {
    match why {
        Left::Unspecified => "",
        Left::HungUp => "hung up",
        Left::Key => "by key",
        Left::Kicked => "put out",
        Left::Ended => "the room was closed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::{RoomLocked, RoomSpeaking};

    fn event(missed: u64, event: Event) -> RoomEvent {
        RoomEvent { missed, event: Some(event), ..RoomEvent::default() }
    }

    #[test]
    fn who_speaks_pushes_no_event_off_the_screen_and_what_was_missed_is_on_it() {
        let (console, mut stage) = (Console::terminal(false), Stage::of("600".to_owned()));
        for _ in 0..LAST {
            stage.hear(&console, event(0, Event::Locked(RoomLocked { locked: true })));
        }
        for _ in 0..3 {
            stage.hear(&console, event(0, Event::Speaking(RoomSpeaking { member: 1, speaks: true })));
        }
        assert_eq!(stage.last.len(), LAST);
        stage.hear(&console, event(7, Event::Speaking(RoomSpeaking { member: 1, speaks: false })));
        assert!(stage.last.back().is_some_and(|line| line.contains("7 events were missed")), "{:?}", stage.last);
        assert_eq!(stage.last.len(), LAST);
    }
}
