//! Conference rooms: how they are kept, from memory, and what happens in them, for operators.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use admin::{Pending, RoomHappening, RoomHeard, RoomNews};
use conference::{Action, Conference, Config, Entry, Happened, Keymap, Plan, Plans, Wait};
use store::{Admitted, EntrySound, Pins, RoomSettings};
use switch::{Places, Role, TenantId};
use tokio::sync::{broadcast, mpsc};

use crate::directory::Directory;
use crate::exchange::{Begun, Inbox, Inward};

/// How many names may wait to be forgotten; one too many is, at the next start.
const NAMES: usize = 4_096;

/// A recording of a name that is needed no longer: whose, which, and since when.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) tenant: TenantId,
    pub(crate) recording: String,
    pub(crate) at: Instant,
}

/// The conference over the rooms that the directory knows, and the spoken names that it needs no longer. Whom rooms call,
/// the exchange calls.
pub(crate) fn conference(directory: &Arc<Directory>, inbox: Inbox) -> (Conference, mpsc::Receiver<Said>) {
    let places: Places =
        Arc::new(move |order, application| inbox.send(Inward::Originate(Box::new(Begun { order, application }))));
    let clock = Arc::new(|| (Instant::now(), SystemTime::now()));
    let (said, names) = mpsc::channel(NAMES);
    let kept = Kept { directory: directory.clone(), said };
    (Conference::new(Arc::new(kept), places, clock, Config::default()), names)
}

/// The rooms of the store, answered from memory.
struct Kept {
    directory: Arc<Directory>,
    said: mpsc::Sender<Said>,
}

impl Plans for Kept {
    fn plan<'a>(&'a self, tenant: TenantId, room: &'a str) -> Wait<'a, Option<Plan>> {
        let found = self.directory.room(tenant, room).map(|room| plan(&room.pins, &room.settings));
        Box::pin(std::future::ready(found))
    }

    fn admit<'a>(&'a self, tenant: TenantId, room: &'a str, pin: &'a str) -> Wait<'a, Option<Role>> {
        let found = self.directory.room(tenant, room);
        let pin = pin.to_owned();
        Box::pin(async move {
            let room = found?;
            // The hash is slow on purpose: not on a thread that serves calls.
            let admitted = tokio::task::spawn_blocking(move || room.pins.admit(&pin)).await.ok().flatten();
            admitted.map(|admitted| match admitted {
                Admitted::Participant => Role::Participant,
                Admitted::Moderator => Role::Moderator,
            })
        })
    }

    fn forget_name(&self, tenant: TenantId, recording: &str) {
        // A caller's way out waits for nothing.
        let _ = self.said.try_send(Said { tenant, recording: recording.to_owned(), at: Instant::now() });
    }
}

fn plan(pins: &Pins, settings: &RoomSettings) -> Plan {
    let table = settings.keys.iter().filter_map(|key| Some((key.keys.clone(), Action::named(&key.action)?)));
    Plan {
        pin: pins.has_participant(),
        moderator_pin: pins.has_moderator(),
        wait_for_moderator: settings.wait_for_moderator,
        end_with_moderator: settings.end_with_moderator,
        entry: match settings.entry {
            EntrySound::Nothing => Entry::None,
            EntrySound::Tone => Entry::Tone,
            EntrySound::Name => Entry::Name,
        },
        maximum: usize::from(settings.maximum),
        record: settings.record,
        mute_on_entry: settings.mute_on_entry,
        dial_out: settings.dial_out,
        language: settings.language.clone(),
        keys: if settings.keys.is_empty() { Keymap::default() } else { Keymap::of(table) },
    }
}

/// The names of what keys can do.
pub(crate) fn actions() -> Vec<&'static str> {
    Action::ALL.iter().map(|(_, name, _)| *name).collect()
}

/// What happens in rooms, in the words of operators.
pub(crate) struct News(pub(crate) broadcast::Receiver<Happened>);

impl RoomNews for News {
    fn next(&mut self) -> Pending<'_, RoomHeard> {
        Box::pin(async move {
            match self.0.recv().await {
                Ok(Happened { tenant, room, at, event }) => {
                    RoomHeard::Happened(RoomHappening { tenant, room, at, event })
                }
                Err(broadcast::error::RecvError::Lagged(missed)) => RoomHeard::Missed(missed),
                Err(broadcast::error::RecvError::Closed) => RoomHeard::Over,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use store::{NewRoom, NewTenant, RoomKey, Store};

    use super::*;

    #[tokio::test]
    async fn a_room_is_known_as_soon_as_the_directory_is_read_and_admits_by_its_pins() {
        let store = Store::open("sqlite::memory:").await.expect("SQLite");
        let tenant = store.tenants().create(NewTenant::named("office", Vec::new())).await.expect("a tenant").id;
        let other = store.tenants().create(NewTenant::named("other", Vec::new())).await.expect("a tenant").id;
        let keys = vec![RoomKey { keys: "#1".to_owned(), action: "mute".to_owned() }];
        let settings = RoomSettings { maximum: 7, entry: EntrySound::Name, keys, ..RoomSettings::default() };
        let pins = Pins::of(None, Some("815081")).expect("PINs");
        let new = NewRoom { name: "600".to_owned(), pins, settings };
        store.rooms(tenant).create(new).await.expect("a room");
        let directory = Arc::new(Directory::new(String::new(), Vec::new()));
        let kept = Kept { directory: directory.clone(), said: mpsc::channel(1).0 };
        assert_eq!(kept.plan(tenant, "600").await, None, "nothing is read yet");
        directory.reload(&store).await.expect("the directory");
        let plan = kept.plan(tenant, "600").await.expect("a plan");
        assert_eq!((plan.pin, plan.moderator_pin, plan.maximum, plan.entry), (false, true, 7, Entry::Name));
        assert_eq!(plan.keys, Keymap::of([("#1".to_owned(), Action::Mute)]));
        assert_eq!(kept.admit(tenant, "600", "815081").await, Some(Role::Moderator));
        assert_eq!(kept.admit(tenant, "600", "4711").await, None);
        assert_eq!((kept.plan(other, "600").await, kept.admit(other, "600", "815081").await), (None, None));
    }

    #[test]
    fn a_room_that_nobody_changed_is_as_one_that_is_kept_nowhere() {
        let usual = Plan { pin: false, ..plan(&Pins::default(), &RoomSettings::default()) };
        assert_eq!(usual, Plan::ad_hoc());
        assert!(actions().iter().all(|name| Action::named(name).is_some()));
    }
}
