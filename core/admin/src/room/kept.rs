//! Rooms as they are kept: read from requests, spelt in answers.

use store::{Pins, RoomSettings};
use tonic::Status;

use crate::v1::{CreateRoomRequest, EntrySound, Room, RoomKey, UpdateRoomRequest};
use crate::violations::{Violations, failed};
use crate::words::{filled, given, timestamp};

const ENTRIES: [(&str, EntrySound, store::EntrySound); 3] = [
    ("none", EntrySound::None, store::EntrySound::Nothing),
    ("tone", EntrySound::Tone, store::EntrySound::Tone),
    ("name", EntrySound::Name, store::EntrySound::Name),
];

/// What is asked for, but for the name.
pub(super) fn new_room(request: CreateRoomRequest, actions: &[&str]) -> Result<(Pins, RoomSettings), Status> {
    let mut wrong = Violations::default();
    check_name(&mut wrong, &request.name);
    let mut pins = Pins::default();
    set_pins(&mut wrong, &mut pins, given(request.pin).map(Some), given(request.moderator_pin).map(Some))?;
    let usual = RoomSettings::default();
    let maximum = if request.maximum == 0 { u32::from(usual.maximum) } else { request.maximum };
    let settings = RoomSettings {
        title: given(request.title),
        wait_for_moderator: request.wait_for_moderator,
        end_with_moderator: request.end_with_moderator,
        entry: wrong.word_if_said("entry", request.entry, &ENTRIES).unwrap_or(usual.entry),
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
    let mut wrong = Violations::default();
    // An empty PIN stands for none.
    set_pins(&mut wrong, &mut room.pins, request.pin.map(filled), request.moderator_pin.map(filled))?;
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
    if let Some(entry) = request.entry.and_then(|entry| wrong.word("entry", entry, &ENTRIES)) {
        settings.entry = entry;
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

/// Sets the PINs that are to change: to nothing where there is no text inside.
fn set_pins(
    wrong: &mut Violations,
    pins: &mut Pins,
    pin: Option<Option<String>>,
    moderator: Option<Option<String>>,
) -> Result<(), Status> {
    // First what goes, so that the two may change places.
    if moderator.is_some() {
        note(wrong, pins.set_moderator(None))?;
    }
    if let Some(pin) = pin {
        note(wrong, pins.set_participant(pin.as_deref()))?;
    }
    match moderator.flatten() {
        Some(pin) => note(wrong, pins.set_moderator(Some(&pin))),
        None => Ok(()),
    }
}

/// What is wrong with a field is noted with the others; anything else ends the request.
fn note(wrong: &mut Violations, set: Result<(), store::Error>) -> Result<(), Status> {
    match set {
        Err(store::Error::Invalid { field, why }) => wrong.add(field, why),
        set => set.map_err(failed)?,
    }
    Ok(())
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

fn keys_of(keys: Vec<RoomKey>) -> Vec<store::RoomKey> {
    keys.into_iter().map(|key| store::RoomKey { keys: key.keys, action: key.action }).collect()
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

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    #[test]
    fn a_system_without_random_numbers_is_no_fault_of_the_pin() {
        let mut wrong = Violations::default();
        let failure = note(&mut wrong, Err(store::Error::Random(getrandom::Error::UNSUPPORTED))).unwrap_err();
        assert_eq!(failure.code(), Code::Internal);
        assert!(wrong.finish().is_ok());
    }
}
