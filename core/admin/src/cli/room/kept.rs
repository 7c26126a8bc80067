//! Rooms as they are kept: made, changed, shown.

use crate::cli::connection::{Line, Whose};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::v1::{
    CreateRoomRequest, EntrySound, GetRoomRequest, ListRoomsRequest, Room, RoomKey, RoomKeys, UpdateRoomRequest,
};

/// A room to be made.
#[derive(Debug, clap::Args)]
pub struct Add {
    /// The number or word that is dialled: digits, small letters, `-` or `*`
    pub name: String,
    #[command(flatten)]
    pins: Pins,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    whose: Whose,
}

/// A room to be changed.
#[derive(Debug, clap::Args)]
pub struct Change {
    /// The room's name
    pub name: String,
    #[command(flatten)]
    pins: Pins,
    #[command(flatten)]
    settings: Settings,
    /// From now on keys do what they usually do
    #[arg(long, conflicts_with = "keys")]
    usual_keys: bool,
    #[command(flatten)]
    whose: Whose,
}

#[derive(Debug, clap::Args)]
struct Pins {
    /// The PIN to come in, 4 to 16 digits; empty for none. Others on this machine can see it in the list of processes
    #[arg(long, value_name = "DIGITS")]
    pin: Option<String>,
    /// The PIN that makes a moderator; empty for none
    #[arg(long, value_name = "DIGITS")]
    moderator_pin: Option<String>,
    /// Read the PIN from the first line of the input and the moderators' from the second; an empty line for none
    #[arg(long, conflicts_with_all = ["pin", "moderator_pin"])]
    pins_stdin: bool,
}

#[derive(Debug, clap::Args)]
struct Settings {
    /// What people call it; empty for nothing
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Participants hear music until a moderator is there
    #[arg(long, value_name = "YES/NO", num_args = 0..=1, default_missing_value = "yes")]
    wait_for_moderator: Option<Choice>,
    /// It ends when its last moderator leaves
    #[arg(long, value_name = "YES/NO", num_args = 0..=1, default_missing_value = "yes")]
    end_with_moderator: Option<Choice>,
    /// What is heard when somebody comes or goes [default: tone]
    #[arg(long, value_name = "SOUND")]
    entry: Option<Entry>,
    /// How many may be in it, 2 to 1000 [default: 100]
    #[arg(long, value_name = "MEMBERS")]
    maximum: Option<u32>,
    /// It is recorded from its first member to its last
    #[arg(long, value_name = "YES/NO", num_args = 0..=1, default_missing_value = "yes")]
    record: Option<Choice>,
    /// Who comes in is not heard at first; moderators are
    #[arg(long, value_name = "YES/NO", num_args = 0..=1, default_missing_value = "yes")]
    mute_on_entry: Option<Choice>,
    /// Others may be called into it: see `room invite`
    #[arg(long, value_name = "YES/NO", num_args = 0..=1, default_missing_value = "yes")]
    dial_out: Option<Choice>,
    /// In which language it speaks, as en or de-AT; empty for the tenant's
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
    /// What keys do, in place of the usual table, as *6=mute; may be given several times
    #[arg(long = "key", value_name = "KEYS=ACTION")]
    keys: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Choice {
    Yes,
    No,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Entry {
    None,
    Tone,
    Name,
}

impl Add {
    pub(super) async fn run(self, line: &Line, console: &mut Console) -> Result<(), Failure> {
        let tenant = line.tenant(&self.whose).await?;
        let (pin, moderator_pin) = self.pins.read(console)?;
        let settings = self.settings;
        let request = CreateRoomRequest {
            tenant,
            name: self.name,
            title: settings.title,
            pin,
            moderator_pin,
            wait_for_moderator: yes(settings.wait_for_moderator).unwrap_or_default(),
            end_with_moderator: yes(settings.end_with_moderator).unwrap_or_default(),
            entry: settings.entry.map(entry).unwrap_or_default().into(),
            maximum: settings.maximum.unwrap_or_default(),
            record: yes(settings.record).unwrap_or_default(),
            mute_on_entry: yes(settings.mute_on_entry).unwrap_or_default(),
            dial_out: yes(settings.dial_out).unwrap_or_default(),
            language: settings.language,
            keys: settings.keys.iter().map(|text| key(text)).collect::<Result<_, _>>()?,
        };
        card(console, &line.rooms().create(request).await?.into_inner())
    }
}

impl Change {
    pub(super) async fn run(self, line: &Line, console: &mut Console) -> Result<(), Failure> {
        let tenant = line.tenant(&self.whose).await?;
        let (pin, moderator_pin) = self.pins.read(console)?;
        let settings = self.settings;
        let keys: Vec<_> = settings.keys.iter().map(|text| key(text)).collect::<Result<_, _>>()?;
        let request = UpdateRoomRequest {
            tenant,
            name: self.name,
            title: settings.title,
            pin,
            moderator_pin,
            wait_for_moderator: yes(settings.wait_for_moderator),
            end_with_moderator: yes(settings.end_with_moderator),
            entry: settings.entry.map(|wish| entry(wish).into()),
            maximum: settings.maximum,
            record: yes(settings.record),
            mute_on_entry: yes(settings.mute_on_entry),
            dial_out: yes(settings.dial_out),
            language: settings.language,
            keys: (self.usual_keys || !keys.is_empty()).then_some(RoomKeys { keys }),
        };
        card(console, &line.rooms().update(request).await?.into_inner())
    }
}

impl Pins {
    fn read(self, console: &mut Console) -> Result<(Option<String>, Option<String>), Failure> {
        if !self.pins_stdin {
            return Ok((self.pin, self.moderator_pin));
        }
        let mut line = || -> Result<String, Failure> {
            let mut line = String::new();
            console.input.read_line(&mut line)?;
            Ok(line.trim_end_matches(['\r', '\n']).to_owned())
        };
        Ok((Some(line()?), Some(line()?)))
    }
}

fn yes(choice: Option<Choice>) -> Option<bool> {
    choice.map(|choice| choice == Choice::Yes)
}

fn entry(entry: Entry) -> EntrySound {
    match entry {
        Entry::None => EntrySound::None,
        Entry::Tone => EntrySound::Tone,
        Entry::Name => EntrySound::Name,
    }
}

fn key(text: &str) -> Result<RoomKey, Failure> {
    let why = || format!("`{text}` has not the form KEYS=ACTION, as *6=mute");
    let (keys, action) = text.split_once('=').ok_or_else(|| Failure::Argument { name: "key", why: why() })?;
    Ok(RoomKey { keys: keys.to_owned(), action: action.to_owned() })
}

pub(super) async fn list(line: &Line, console: &mut Console, whose: &Whose) -> Result<(), Failure> {
    let tenant = line.tenant(whose).await?;
    let none = format!("tenant {tenant} has no rooms; `strowger room add` makes one");
    let answer = line.rooms().list(ListRoomsRequest { tenant }).await?.into_inner();
    let header = ["NAME", "TITLE", "PIN", "MODERATOR PIN", "WAITS", "MAXIMUM", "RECORDED", "DIAL OUT"];
    console.table(&answer, &none, &header, |_| {
        answer
            .rooms
            .iter()
            .map(|room| {
                vec![
                    room.name.clone(),
                    room.title.clone().unwrap_or_default(),
                    word(room.has_pin),
                    word(room.has_moderator_pin),
                    word(room.wait_for_moderator),
                    room.maximum.to_string(),
                    word(room.record),
                    word(room.dial_out),
                ]
            })
            .collect()
    })
}

pub(super) async fn show(line: &Line, console: &mut Console, name: String, whose: &Whose) -> Result<(), Failure> {
    let tenant = line.tenant(whose).await?;
    card(console, &line.rooms().get(GetRoomRequest { tenant, name }).await?.into_inner())
}

fn card(console: &mut Console, room: &Room) -> Result<(), Failure> {
    console.card(room, |console| {
        let keys: Vec<_> = room.keys.iter().map(|key| format!("{}={}", key.keys, key.action)).collect();
        let entry = match room.entry() {
            EntrySound::Unspecified => "",
            EntrySound::None => "none",
            EntrySound::Tone => "tone",
            EntrySound::Name => "name",
        };
        vec![
            ("Name", room.name.clone()),
            ("Tenant", room.tenant.clone()),
            ("Title", room.title.clone().unwrap_or_default()),
            ("PIN", word(room.has_pin)),
            ("Moderator PIN", word(room.has_moderator_pin)),
            ("Waits for moderator", word(room.wait_for_moderator)),
            ("Ends with moderator", word(room.end_with_moderator)),
            ("Entry", entry.to_owned()),
            ("Maximum", room.maximum.to_string()),
            ("Recorded", word(room.record)),
            ("Muted on entry", word(room.mute_on_entry)),
            ("Dial out", word(room.dial_out)),
            ("Language", room.language.clone().unwrap_or_default()),
            ("Keys", if keys.is_empty() { "usual".to_owned() } else { keys.join(" ") }),
            ("Created", console.time(room.created)),
        ]
    })
}

fn word(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}
