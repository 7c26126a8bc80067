//! The open rooms of all tenants.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use switch::{
    Application, CallControl, Command, Failure, JoinError, Label, Left, MemberNumber, MixerId, RoomEvent, RoomOrder,
    RoomRefusal, RoomView, Running, TenantId, Wish,
};
use tokio::sync::{Notify, broadcast};

use crate::guard::Guard;
use crate::plan::{Plan, Plans};
use crate::room::{Newcomer, Room};
use crate::stay;

/// The longest recording of a room.
pub(crate) const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Settings of the conference.
#[derive(Debug, Clone)]
pub struct Config {
    /// How often a caller may try a PIN, 1 to 10.
    pub tries: u8,
    /// How many wrong PINs a room takes in a minute, over all calls; then no PIN is right for the rest of it.
    pub wrong_pins_a_minute: usize,
    /// How many rooms may be open at once.
    pub rooms: usize,
    /// How many events a watcher may lag behind before it misses some.
    pub backlog: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { tries: 3, wrong_pins_a_minute: 20, rooms: 10_000, backlog: 4_096 }
    }
}

/// The time, for those who may not read it themselves.
pub type Clock = Arc<dyn Fn() -> (Instant, SystemTime) + Send + Sync>;

/// Something that happened in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// Whose room.
    pub tenant: TenantId,
    /// Its number or name.
    pub room: String,
    /// When.
    pub at: SystemTime,
    /// What.
    pub event: RoomEvent,
}

/// The rooms of all tenants. Cloning gives another hold on the same.
#[derive(Clone)]
pub struct Conference {
    pub(crate) inner: Arc<Inner>,
    label: Label,
}

pub(crate) struct Inner {
    pub(crate) plans: Arc<dyn Plans>,
    pub(crate) clock: Clock,
    pub(crate) config: Config,
    pub(crate) guard: Mutex<Guard>,
    /// The open rooms, by the tenant's name for them.
    open: Mutex<BTreeMap<(TenantId, String), Arc<Open>>>,
    /// Mixers so far.
    minted: AtomicU64,
    news: broadcast::Sender<Happened>,
}

/// A room that is open.
pub(crate) struct Open {
    tenant: TenantId,
    name: String,
    state: Mutex<State>,
}

struct State {
    room: Room,
    /// The tasks of its members.
    bells: BTreeMap<MemberNumber, Arc<Notify>>,
}

impl std::fmt::Debug for Conference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Conference").field("open", &lock(&self.inner.open).len()).finish_non_exhaustive()
    }
}

impl Conference {
    /// No room is open.
    #[must_use]
    pub fn new(plans: Arc<dyn Plans>, clock: Clock, config: Config) -> Self {
        let label = Label { name: "conference".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
        let inner = Inner {
            plans,
            clock,
            guard: Mutex::new(Guard::new(config.wrong_pins_a_minute)),
            open: Mutex::default(),
            minted: AtomicU64::new(0),
            news: broadcast::Sender::new(config.backlog.max(1)),
            config,
        };
        Self { inner: Arc::new(inner), label }
    }

    /// A caller comes in and stays until he leaves. Whoever is not answered yet is answered, once the room is known.
    ///
    /// # Errors
    /// He did not come in: his call ended, or the room refused him.
    pub async fn join(&self, call: &mut CallControl, room: &str, wish: Wish) -> Result<Left, JoinError> {
        stay::join(&self.inner, call, room, wish).await
    }

    /// The open rooms of a tenant, by name.
    #[must_use]
    pub fn rooms(&self, tenant: TenantId) -> Vec<RoomView> {
        let open: Vec<_> = lock(&self.inner.open).values().filter(|room| room.tenant == tenant).cloned().collect();
        open.into_iter().map(|room| lock(&room.state).room.view()).filter(|view| !view.members.is_empty()).collect()
    }

    /// How many rooms are open.
    #[must_use]
    pub fn len(&self) -> usize {
        lock(&self.inner.open).len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An operator says something to an open room.
    ///
    /// # Errors
    /// It is not open, has no such member, or does not permit it.
    pub fn order(&self, tenant: TenantId, room: &str, order: RoomOrder) -> Result<(), RoomRefusal> {
        let open = self.inner.find(tenant, room).ok_or(RoomRefusal::NoRoom)?;
        self.inner.with(&open, |room| room.order(order))
    }

    /// What happens from now on in the rooms of all tenants. Who is too slow is told how much it missed.
    #[must_use]
    pub fn watch(&self) -> broadcast::Receiver<Happened> {
        self.inner.news.subscribe()
    }
}

impl Application for Conference {
    fn label(&self) -> &Label {
        &self.label
    }

    /// The caller joins the room that he dialled.
    fn run(&self, mut call: CallControl) -> Running<'_> {
        Box::pin(async move {
            let room = call.invitation().callee.user.clone();
            match self.join(&mut call, &room, Wish::default()).await {
                Err(JoinError::HungUp) | Ok(Left::HungUp) => return Err(Failure::HungUp),
                Err(JoinError::Refused(RoomRefusal::NoRoom)) => {
                    // Nobody has answered him.
                    call.tell(Command::Reject { status: 404, reason: None }).await?;
                }
                Err(JoinError::Refused(_)) | Ok(_) => call.tell(Command::Detach).await?,
            }
            Ok(())
        })
    }
}

impl Inner {
    pub(crate) fn find(&self, tenant: TenantId, room: &str) -> Option<Arc<Open>> {
        lock(&self.open).get(&(tenant, room.to_owned())).cloned()
    }

    /// Puts somebody into the open room of this name, or into a new one of this plan. Says where he is, and by which number.
    pub(crate) fn enter(
        &self,
        tenant: TenantId,
        name: &str,
        plan: Plan,
        newcomer: Newcomer,
    ) -> Result<(Arc<Open>, MemberNumber, Arc<Notify>), RoomRefusal> {
        let mut open = lock(&self.open);
        let full = open.len() >= self.config.rooms;
        let key = (tenant, name.to_owned());
        // One that ends takes nobody: who comes now opens the next one.
        if open.get(&key).is_some_and(|room| lock(&room.state).room.is_over()) {
            open.remove(&key);
        }
        let room = match open.get(&key) {
            Some(room) => room.clone(),
            None if full => return Err(RoomRefusal::NoResources),
            None => {
                let mixer = MixerId(self.minted.fetch_add(1, Ordering::Relaxed) + 1);
                let room = Room::new(tenant, name, plan, mixer, (self.clock)().1);
                let state = State { room, bells: BTreeMap::new() };
                Arc::new(Open { tenant, name: name.to_owned(), state: Mutex::new(state) })
            }
        };
        let bell = Arc::new(Notify::new());
        let mut state = lock(&room.state);
        let number = state.room.join(newcomer)?;
        state.bells.insert(number, bell.clone());
        self.settle(&room, &mut state);
        drop(state);
        open.insert(key, room.clone());
        Ok((room, number, bell))
    }

    /// Tells a room something, and whoever has to do with what comes of it.
    pub(crate) fn with<R>(&self, open: &Arc<Open>, tell: impl FnOnce(&mut Room) -> R) -> R {
        let mut state = lock(&open.state);
        let result = tell(&mut state.room);
        self.settle(open, &mut state);
        let over = state.room.is_over();
        drop(state);
        if over {
            lock(&self.open).retain(|_, room| !Arc::ptr_eq(room, open));
        }
        result
    }

    /// A member's task is no more.
    pub(crate) fn gone(&self, open: &Arc<Open>, number: MemberNumber) {
        lock(&open.state).bells.remove(&number);
        self.with(open, |room| room.handle_gone(number));
    }

    fn settle(&self, open: &Open, state: &mut State) {
        while let Some(number) = state.room.poll_stirred() {
            if let Some(bell) = state.bells.get(&number) {
                bell.notify_one();
            }
        }
        while let Some(event) = state.room.poll_event() {
            tracing::debug!(tenant = open.tenant.0, event = name_of(&event), "room");
            if self.news.receiver_count() > 0 {
                let Open { tenant, name, .. } = open;
                let at = (self.clock)().1;
                // Fails only when the last watcher left just now.
                let _ = self.news.send(Happened { tenant: *tenant, room: name.clone(), at, event });
            }
        }
    }
}

fn name_of(event: &RoomEvent) -> &'static str {
    match event {
        RoomEvent::Opened => "opened",
        RoomEvent::Waiting(_) => "waiting",
        RoomEvent::Joined(_) => "joined",
        RoomEvent::Left { .. } => "left",
        RoomEvent::Changed(_) => "changed",
        RoomEvent::Speaking { .. } => "speaking",
        RoomEvent::Locked(_) => "locked",
        RoomEvent::Recording(_) => "recording",
        RoomEvent::Ended => "ended",
    }
}

/// What a panicked writer left is whole: no state is half-changed where anything can panic.
pub(crate) fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
