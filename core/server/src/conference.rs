//! Conference rooms of the running exchange: what is kept of them in the store, and what dialplans may do with them.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use conference::{Action, Clock, Conference, Config, Entry, Keymap, Plan, Plans, Wait};
use dialplan::FoundRoom;
use store::{Admitted, EntrySound, Error, Room, RoomSettings, Store};
use switch::{CallControl, JoinError, Left, Role, TenantId, Wish};

/// The rooms that are kept.
#[derive(Debug)]
struct Kept(Store);

/// All rooms, as dialplans reach them.
#[derive(Debug)]
pub(crate) struct Rooms {
    pub(crate) conference: Conference,
    store: Store,
}

impl Rooms {
    pub(crate) fn new(store: Store) -> Self {
        let clock: Clock = Arc::new(|| (Instant::now(), SystemTime::now()));
        let conference = Conference::new(Arc::new(Kept(store.clone())), clock, Config::default());
        Self { conference, store }
    }
}

/// One room; `None` where there is none, or the store does not say.
async fn room(store: &Store, tenant: TenantId, name: &str) -> Option<Room> {
    match store.rooms(tenant).get(name).await {
        Ok(room) => Some(room),
        Err(Error::NotFound(_)) => None,
        Err(error) => {
            tracing::error!(%error, tenant = tenant.0, "a room cannot be looked up");
            None
        }
    }
}

impl Plans for Kept {
    fn plan<'a>(&'a self, tenant: TenantId, name: &'a str) -> Wait<'a, Option<Plan>> {
        Box::pin(async move { room(&self.0, tenant, name).await.map(|room| plan(&room)) })
    }

    fn admit<'a>(&'a self, tenant: TenantId, name: &'a str, pin: &'a str) -> Wait<'a, Option<Role>> {
        Box::pin(async move {
            let pins = room(&self.0, tenant, name).await?.pins;
            let pin = pin.to_owned();
            // Slow on purpose: not on a thread that serves calls.
            let admitted = tokio::task::spawn_blocking(move || pins.admit(&pin)).await.ok()??;
            Some(match admitted {
                Admitted::Participant => Role::Participant,
                Admitted::Moderator => Role::Moderator,
            })
        })
    }
}

fn plan(room: &Room) -> Plan {
    let RoomSettings {
        wait_for_moderator,
        end_with_moderator,
        entry,
        maximum,
        record,
        mute_on_entry,
        dial_out,
        ref language,
        ref keys,
        ..
    } = room.settings;
    Plan {
        pin: room.pins.has_participant(),
        moderator_pin: room.pins.has_moderator(),
        wait_for_moderator,
        end_with_moderator,
        entry: match entry {
            EntrySound::Nothing => Entry::None,
            EntrySound::Tone => Entry::Tone,
            EntrySound::Name => Entry::Name,
        },
        maximum: usize::from(maximum),
        record,
        mute_on_entry,
        dial_out,
        language: language.clone(),
        keys: if keys.is_empty() {
            Keymap::default()
        } else {
            Keymap::of(keys.iter().filter_map(|key| Some((key.keys.clone(), Action::named(&key.action)?))))
        },
    }
}

impl dialplan::Rooms for Rooms {
    fn find<'a>(&'a self, tenant: TenantId, name: &'a str) -> dialplan::Wait<'a, Option<FoundRoom>> {
        Box::pin(async move {
            let room = room(&self.store, tenant, name).await?;
            Some(FoundRoom { name: room.name, title: room.settings.title })
        })
    }

    fn join<'a>(
        &'a self,
        call: &'a mut CallControl,
        room: &'a str,
        wish: Wish,
    ) -> dialplan::Wait<'a, Result<Left, JoinError>> {
        Box::pin(self.conference.join(call, room, wish))
    }
}
