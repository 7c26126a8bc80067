//! Conference rooms as dialplans reach them.

use std::sync::Arc;

use admin::NotHeard;
use conference::Conference;
use dialplan::{FoundRoom, OrderFault, Rooms, Wait};
use switch::{AudioError, CallControl, JoinError, Left, MemberView, RoomOrder, Sound, TenantId, Wish};
use tokio::runtime::Handle;

use crate::directory::Directory;
use crate::media::Library;

/// The way of dialplans into rooms.
#[derive(Debug)]
pub(crate) struct Hall {
    pub(crate) conference: Conference,
    pub(crate) directory: Arc<Directory>,
    pub(crate) library: Library,
    /// Where files are read: not on a thread of applications.
    pub(crate) runtime: Handle,
}

impl Hall {
    /// An error where it is known already that not all of these would be heard.
    async fn expect_audible(&self, tenant: TenantId, sounds: &[Sound]) -> Result<(), OrderFault> {
        let (library, sounds) = (self.library.clone(), sounds.to_vec());
        let asked = self.runtime.spawn_blocking(move || library.audible(tenant, &sounds, None)).await;
        let broken = || AudioError::Unplayable("a sound".to_owned(), "it breaks its decoder".to_owned());
        let heard = asked.map_err(|_| OrderFault::Inaudible(broken()))?;
        heard.map_err(|why| {
            OrderFault::Inaudible(match why {
                NotHeard::NoPrompt { name, .. } | NotHeard::NoRecording(name) => AudioError::Missing(name),
                NotHeard::Unplayable { name, why } => AudioError::Unplayable(name, why),
            })
        })
    }
}

impl Rooms for Hall {
    fn find<'a>(&'a self, tenant: TenantId, name: &'a str) -> Wait<'a, Option<FoundRoom>> {
        let room = self.directory.room(tenant, name);
        let found = room.map(|room| FoundRoom { name: room.name.clone(), title: room.settings.title.clone() });
        Box::pin(async move { found })
    }

    fn join<'a>(&'a self, call: &'a mut CallControl, room: &'a str, wish: Wish) -> Wait<'a, Result<Left, JoinError>> {
        Box::pin(self.conference.join(call, room, wish))
    }

    fn members<'a>(&'a self, tenant: TenantId, room: &'a str) -> Wait<'a, Option<Vec<MemberView>>> {
        let found = self.conference.rooms(tenant).into_iter().find(|open| open.name == room);
        Box::pin(async move { found.map(|open| open.members) })
    }

    fn order<'a>(
        &'a self,
        tenant: TenantId,
        room: &'a str,
        order: RoomOrder,
    ) -> Wait<'a, Result<Option<String>, OrderFault>> {
        Box::pin(async move {
            if let RoomOrder::Announce(sounds) = &order {
                self.expect_audible(tenant, sounds).await?;
            }
            let records = matches!(order, RoomOrder::Record { .. });
            self.conference.order(tenant, room, order)?;
            let named = || self.conference.rooms(tenant).into_iter().find(|open| open.name == room)?.recording;
            Ok(if records { named() } else { None })
        })
    }
}
