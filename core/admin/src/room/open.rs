//! Rooms that are open, as operators see them, and those who watch them.

use std::collections::BTreeSet;
use std::time::SystemTime;

use store::Tenant;
use switch::{MemberView, RoomView};
use tokio::sync::mpsc;
use tonic::Status;

use crate::desk::Desk;
use crate::live::{RoomHappening, RoomHeard, RoomNews};
use crate::v1::room_event::Event;
use crate::v1::{
    Left, Member, NotReached, OpenRoom, Role, RoomCalling, RoomEnded, RoomEvent, RoomLeft, RoomLocked, RoomNotReached,
    RoomOpened, RoomRecording, RoomSpeaking,
};
use crate::words::timestamp;

/// How many events wait in one stream; more wait in the exchange's backlog.
pub(super) const STREAM: usize = 64;

impl Desk {
    /// The open rooms of a tenant by name, or the one of this name.
    pub(super) async fn open_rooms(&self, tenant: &Tenant, name: &str) -> Vec<OpenRoom> {
        let rooms = self.live.rooms(tenant.id).await;
        let mine = |room: &RoomView| room.tenant == tenant.id && (name.is_empty() || room.name == name);
        let mut rooms: Vec<_> = rooms.into_iter().filter(mine).map(|room| open_room(&tenant.name, room)).collect();
        rooms.sort_by(|one, other| one.name.cmp(&other.name));
        rooms
    }
}

/// One who watches the rooms of a tenant.
pub(super) struct Watcher {
    desk: Desk,
    tenant: Tenant,
    /// Only this room; all when it is empty.
    only: String,
    missed: u64,
    /// The rooms that it takes for open.
    known: BTreeSet<String>,
    stream: mpsc::Sender<Result<RoomEvent, Status>>,
}

impl Watcher {
    pub(super) fn new(
        desk: Desk,
        tenant: Tenant,
        only: String,
        stream: mpsc::Sender<Result<RoomEvent, Status>>,
    ) -> Self {
        Self { desk, tenant, only, missed: 0, known: BTreeSet::new(), stream }
    }

    pub(super) async fn run(mut self, mut news: Box<dyn RoomNews>) {
        let mut closing = self.desk.closing.clone();
        if !self.tell_all().await {
            return;
        }
        loop {
            let heard = tokio::select! {
                () = self.stream.closed() => return,
                _ = closing.wait_for(|closing| *closing) => return,
                heard = news.next() => heard,
            };
            let stays = match heard {
                RoomHeard::Happened(happening) => self.tell(happening).await,
                RoomHeard::Missed(missed) => {
                    self.missed += missed;
                    self.tell_all().await
                }
                RoomHeard::Over => return,
            };
            if !stays {
                return;
            }
        }
    }

    /// How all the rooms are now, and which are closed meanwhile; false when the watcher left.
    async fn tell_all(&mut self) -> bool {
        let rooms = self.desk.open_rooms(&self.tenant, &self.only).await;
        let open = rooms.iter().map(|room| room.name.clone()).collect();
        let gone: Vec<_> = self.known.difference(&open).cloned().collect();
        self.known = open;
        for room in gone {
            let ended = Some(Event::Ended(RoomEnded {}));
            if !self.send(room, SystemTime::now(), None, ended).await {
                return false;
            }
        }
        for room in rooms {
            if !self.send(room.name.clone(), SystemTime::now(), Some(room), None).await {
                return false;
            }
        }
        true
    }

    /// Passes on what is for this watcher; false when it left.
    async fn tell(&mut self, happening: RoomHappening) -> bool {
        let RoomHappening { tenant, room, at, event: happened } = happening;
        if tenant != self.tenant.id || !(self.only.is_empty() || self.only == room) {
            return true;
        }
        if happened == switch::RoomEvent::Opened {
            self.known.insert(room.clone());
        }
        // Of a room that ends the last are still leaving, and the watcher has been told that it is closed.
        if !self.known.contains(&room) {
            return true;
        }
        if happened != switch::RoomEvent::Ended {
            return self.send(room, at, None, Some(event(happened))).await;
        }
        self.known.remove(&room);
        if !self.send(room.clone(), at, None, Some(event(happened))).await {
            return false;
        }
        // Who came while the last were leaving opened it anew, before this.
        let anew = self.desk.open_rooms(&self.tenant, &room).await.into_iter().next();
        let Some(now) = anew else { return true };
        self.known.insert(room.clone());
        self.send(room, SystemTime::now(), Some(now), None).await
    }

    async fn send(&mut self, room: String, at: SystemTime, now: Option<OpenRoom>, event: Option<Event>) -> bool {
        let (tenant, missed) = (self.tenant.name.clone(), std::mem::take(&mut self.missed));
        let event = RoomEvent { tenant, room, at: Some(timestamp(at)), missed, now, event };
        self.stream.send(Ok(event)).await.is_ok()
    }
}

fn open_room(tenant: &str, room: RoomView) -> OpenRoom {
    OpenRoom {
        tenant: tenant.to_owned(),
        name: room.name,
        opened: Some(timestamp(room.opened)),
        locked: room.locked,
        recording: room.recording,
        recording_paused: room.recording_paused,
        members: room.members.into_iter().map(member).collect(),
    }
}

fn member(member: MemberView) -> Member {
    let role = match member.role {
        switch::Role::Participant => Role::Participant,
        switch::Role::Moderator => Role::Moderator,
    };
    Member {
        number: member.number.0,
        call: member.call.to_string(),
        name: member.name,
        user: member.user.map(|user| user.0),
        role: role.into(),
        muted: member.bearing.muted,
        deaf: member.bearing.deaf,
        speaking: member.bearing.speaking.into(),
        hearing: member.bearing.hearing.into(),
        speaks: member.speaks,
        waiting: member.waiting,
        since: Some(timestamp(member.since)),
    }
}

fn event(event: switch::RoomEvent) -> Event {
    use switch::RoomEvent as Told;
    match event {
        Told::Opened => Event::Opened(RoomOpened {}),
        Told::Waiting(who) => Event::Waiting(member(who)),
        Told::Joined(who) => Event::Joined(member(who)),
        Told::Left { member, why } => {
            let why = match why {
                switch::Left::HungUp => Left::HungUp,
                switch::Left::Key => Left::Key,
                switch::Left::Kicked => Left::Kicked,
                switch::Left::Ended => Left::Ended,
            };
            Event::Left(RoomLeft { member: member.0, why: why.into() })
        }
        Told::Changed(who) => Event::Changed(member(who)),
        Told::Speaking { member, speaks } => Event::Speaking(RoomSpeaking { member: member.0, speaks }),
        Told::Locked(locked) => Event::Locked(RoomLocked { locked }),
        Told::Recording(name) => Event::Recording(RoomRecording { name }),
        Told::Calling { target } => Event::Calling(RoomCalling { target }),
        Told::NotReached { target, why } => Event::NotReached(RoomNotReached { target, why: not_reached(why).into() }),
        Told::Ended => Event::Ended(RoomEnded {}),
    }
}

fn not_reached(why: switch::NotReached) -> NotReached {
    use switch::NotReached as Told;
    match why {
        Told::Busy => NotReached::Busy,
        Told::NoAnswer => NotReached::NoAnswer,
        Told::Declined => NotReached::Declined,
        Told::Unregistered => NotReached::Unregistered,
        Told::Unknown => NotReached::Unknown,
        Told::Forbidden => NotReached::Forbidden,
        Told::HungUp => NotReached::HungUp,
        Told::Cancelled => NotReached::Cancelled,
        Told::Failed => NotReached::Failed,
    }
}
