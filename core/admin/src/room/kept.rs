//! Rooms as they are kept: read from requests, spelt in answers.

use store::{Pins, RoomSettings};
use tonic::Status;

use crate::v1::{CreateRoomRequest, EntrySound, Room, RoomKey, UpdateRoomRequest};
use crate::violations::Violations;
use crate::words::timestamp;

/// What is asked for, but for the name.
pub(super) fn new_room(request: CreateRoomRequest, actions: &[&str]) -> Result<(Pins, RoomSettings), Status> {
    let entry = request.entry();
    let mut wrong = Violations::default();
    check_name(&mut wrong, &request.name);
    let mut pins = Pins::default();
    set_pins(&mut wrong, &mut pins, given(request.pin).map(Some), given(request.moderator_pin).map(Some));
    let usual = RoomSettings::default();
    let maximum = if request.maximum == 0 { u32::from(usual.maximum) } else { request.maximum };
    let settings = RoomSettings {
        title: given(request.title),
        wait_for_moderator: request.wait_for_moderator,
        end_with_moderator: request.end_with_moderator,
        entry: entry_of(entry).unwrap_or(usual.entry),
        maximum: read_maximum(&mut wrong, maximum).unwrap_or(usual.maximum),
        record: request.record,
        mute_on_entry: request.mute_on_entry,
        dial_out: request.dial_out,
        language: given(request.language),
        keys: keys_of(request.keys),
    };
    check(&mut wrong, &settings, actions);
    wrong.finish()?;
    Ok((pins, settings))
}

/// What is asked to be otherwise.
pub(super) fn change(room: &mut store::Room, request: UpdateRoomRequest, actions: &[&str]) -> Result<(), Status> {
    let entry = request.entry.is_some().then(|| request.entry());
    let mut wrong = Violations::default();
    // An empty PIN stands for none.
    set_pins(&mut wrong, &mut room.pins, request.pin.map(some), request.moderator_pin.map(some));
    let settings = &mut room.settings;
    if request.title.is_some() {
        settings.title = given(request.title);
    }
    if request.language.is_some() {
        settings.language = given(request.language);
    }
    for (setting, wish) in [
        (&mut settings.wait_for_moderator, request.wait_for_moderator),
        (&mut settings.end_with_moderator, request.end_with_moderator),
        (&mut settings.record, request.record),
        (&mut settings.mute_on_entry, request.mute_on_entry),
        (&mut settings.dial_out, request.dial_out),
    ] {
        *setting = wish.unwrap_or(*setting);
    }
    if let Some(entry) = entry {
        let entry = entry_of(entry).ok_or_else(|| "one of none, tone, name".to_owned());
        settings.entry = wrong.read("entry", entry).unwrap_or(settings.entry);
    }
    if let Some(maximum) = request.maximum.and_then(|maximum| read_maximum(&mut wrong, maximum)) {
        settings.maximum = maximum;
    }
    if let Some(keys) = request.keys {
        settings.keys = keys_of(keys.keys);
    }
    check(&mut wrong, settings, actions);
    wrong.finish()
}

fn set_pins(wrong: &mut Violations, pins: &mut Pins, pin: Option<Option<String>>, moderator: Option<Option<String>>) {
    let mut note = |set: Result<(), store::Error>| match set {
        Err(store::Error::Invalid { field, why }) => wrong.add(field, why),
        Err(error) => wrong.add("pin", error.to_string()),
        Ok(()) => {}
    };
    // First what goes, so that the two may change places.
    if let Some(None) = moderator {
        note(pins.set_moderator(None));
    }
    if let Some(pin) = pin {
        note(pins.set_participant(pin.as_deref()));
    }
    if let Some(Some(pin)) = moderator {
        note(pins.set_moderator(Some(&pin)));
    }
}

/// The store says the same, but one field at a time; here all that is wrong is named.
fn check_name(wrong: &mut Violations, name: &str) {
    if let Err(store::Error::Invalid { field, why }) = store::check_room_name(name) {
        wrong.add(field, why);
    }
}

fn check(wrong: &mut Violations, settings: &RoomSettings, actions: &[&str]) {
    let mut keys_are_known = true;
    for fault in settings.faults() {
        if let store::Error::Invalid { field, why } = fault {
            keys_are_known &= field != "keys";
            wrong.add(field, why);
        }
    }
    let unknown = settings.keys.iter().find(|key| !actions.contains(&key.action.as_str()));
    if let Some(key) = unknown.filter(|_| keys_are_known) {
        wrong.add("keys", format!("`{}` is none of {}", key.action, actions.join(", ")));
    }
}

fn read_maximum(wrong: &mut Violations, maximum: u32) -> Option<u16> {
    let read = u16::try_from(maximum).ok().filter(|maximum| store::MAXIMUM.contains(maximum));
    wrong.read("maximum", read.ok_or_else(|| "2 to 1000".to_owned()))
}

fn entry_of(entry: EntrySound) -> Option<store::EntrySound> {
    match entry {
        EntrySound::Unspecified => None,
        EntrySound::None => Some(store::EntrySound::Nothing),
        EntrySound::Tone => Some(store::EntrySound::Tone),
        EntrySound::Name => Some(store::EntrySound::Name),
    }
}

fn keys_of(keys: Vec<RoomKey>) -> Vec<store::RoomKey> {
    keys.into_iter().map(|key| store::RoomKey { keys: key.keys, action: key.action }).collect()
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn given(text: Option<String>) -> Option<String> {
    text.and_then(some)
}

pub(super) fn spelt(tenant: &str, room: store::Room) -> Room {
    let settings = room.settings;
    let entry = match settings.entry {
        store::EntrySound::Nothing => EntrySound::None,
        store::EntrySound::Tone => EntrySound::Tone,
        store::EntrySound::Name => EntrySound::Name,
    };
    Room {
        id: room.id,
        tenant: tenant.to_owned(),
        name: room.name,
        title: settings.title,
        has_pin: room.pins.has_participant(),
        has_moderator_pin: room.pins.has_moderator(),
        wait_for_moderator: settings.wait_for_moderator,
        end_with_moderator: settings.end_with_moderator,
        entry: entry.into(),
        maximum: settings.maximum.into(),
        record: settings.record,
        mute_on_entry: settings.mute_on_entry,
        dial_out: settings.dial_out,
        language: settings.language,
        keys: settings.keys.into_iter().map(|key| RoomKey { keys: key.keys, action: key.action }).collect(),
        created: Some(timestamp(room.created)),
    }
}
