//! Conference rooms as dialplans reach them.

use std::sync::Arc;

use conference::Conference;
use dialplan::{FoundRoom, Rooms, Wait};
use switch::{CallControl, JoinError, Left, TenantId, Wish};

use crate::directory::Directory;

/// The way of dialplans into rooms.
#[derive(Debug)]
pub(crate) struct Hall {
    pub(crate) conference: Conference,
    pub(crate) directory: Arc<Directory>,
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
}
