//! The open rooms of all tenants.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use switch::{
    Application, CallControl, Command, Failure, JoinError, Label, Left, MemberNumber, MixerId, Places, Reply, Role,
    RoomEvent, RoomOrder, RoomRefusal, RoomView, Running, Target, TenantId, Wish,
};
use tokio::sync::{Notify, broadcast};

use crate::guard::Guard;
use crate::guest;
use crate::plan::{Plan, Plans};
use crate::prompts;
use crate::room::{CallNumber, Newcomer, Room};
use crate::stay;

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
    pub(crate) places: Places,
    pub(crate) clock: Clock,
    pub(crate) config: Config,
    pub(crate) guard: Guard,
    /// The open rooms, by the tenant's name for them.
    open: Mutex<BTreeMap<(TenantId, String), Arc<Open>>>,
    /// Mixers so far.
    minted: AtomicU64,
    news: broadcast::Sender<Happened>,
}

/// A room that is open.
pub(crate) struct Open {
    pub(crate) tenant: TenantId,
    pub(crate) name: String,
    state: Mutex<State>,
}

/// Where somebody is, by which number, and what wakes his task.
pub(crate) type Seated = (Arc<Open>, MemberNumber, Arc<Notify>);

struct State {
    room: Room,
    /// The tasks of its members.
    bells: BTreeMap<MemberNumber, Arc<Notify>>,
    /// The tasks of those whom it calls: rung when it ends.
    guests: BTreeMap<CallNumber, Arc<Notify>>,
}

impl std::fmt::Debug for Conference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Conference").field("open", &lock(&self.inner.open).len()).finish_non_exhaustive()
    }
}

impl Conference {
    /// No room is open. Whom rooms call is called by `places`.
    #[must_use]
    pub fn new(plans: Arc<dyn Plans>, places: Places, clock: Clock, config: Config) -> Self {
        let label = Label { name: "conference".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
        let inner = Inner {
            plans,
            places,
            clock,
            guard: Guard::new(config.wrong_pins_a_minute),
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
        let open: Vec<_> = {
            let open = lock(&self.inner.open);
            let own = open.range((tenant, String::new())..).take_while(|((whose, _), _)| *whose == tenant);
            own.map(|(_, room)| room.clone()).collect()
        };
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
        match order {
            RoomOrder::Invite(target) => guest::call(&self.inner, &open, &self.label, target),
            order => self.inner.with(&open, |room| room.order(order)),
        }
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
            let outcome = self.join(&mut call, &room, Wish::default()).await;
            if matches!(outcome, Err(JoinError::HungUp) | Ok(Left::HungUp)) {
                return Err(Failure::HungUp);
            }
            if outcome == Err(JoinError::Refused(RoomRefusal::NoRoom)) {
                // Nobody has answered him, unless somebody had before he came here.
                if call.request(Command::Reject { status: 404, reason: None }).await? == Reply::Done {
                    return Ok(());
                }
                call.request(Command::Play(prompts::no_way())).await?;
            }
            call.tell(Command::Detach).await?;
            Ok(())
        })
    }
}

impl Inner {
    pub(crate) fn find(&self, tenant: TenantId, room: &str) -> Option<Arc<Open>> {
        lock(&self.open).get(&(tenant, room.to_owned())).cloned()
    }

    /// Puts somebody into the open room of this name, or into a new one of this plan, of which he is the moderator if who
    /// opens it rules it. Says where he is, and by which number.
    pub(crate) fn enter(
        &self,
        tenant: TenantId,
        name: &str,
        plan: Plan,
        opener_rules: bool,
        mut newcomer: Newcomer,
    ) -> Result<Seated, RoomRefusal> {
        let mut open = lock(&self.open);
        let key = (tenant, name.to_owned());
        if let Some(room) = open.get(&key) {
            let mut state = lock(&room.state);
            // One that ends takes nobody: who comes now opens the next one.
            if !state.room.is_over() {
                return self.seat(room, &mut state, newcomer);
            }
        } else if open.len() >= self.config.rooms {
            return Err(RoomRefusal::NoResources);
        }
        if opener_rules {
            newcomer.role = Role::Moderator;
        }
        let mixer = MixerId(self.minted.fetch_add(1, Ordering::Relaxed) + 1);
        let room = Room::new(tenant, name, plan, mixer, (self.clock)().1);
        let state = Mutex::new(State { room, bells: BTreeMap::new(), guests: BTreeMap::new() });
        let room = Arc::new(Open { tenant, name: name.to_owned(), state });
        let seated = self.seat(&room, &mut lock(&room.state), newcomer)?;
        open.insert(key, room);
        Ok(seated)
    }

    fn seat(&self, open: &Arc<Open>, state: &mut State, newcomer: Newcomer) -> Result<Seated, RoomRefusal> {
        let number = state.room.join(newcomer)?;
        Ok(self.seated(open, state, number))
    }

    fn seated(&self, open: &Arc<Open>, state: &mut State, number: MemberNumber) -> Seated {
        let bell = Arc::new(Notify::new());
        state.bells.insert(number, bell.clone());
        self.settle(open, state);
        (open.clone(), number, bell)
    }

    /// Somebody is called into an open room: by which number, and what is rung when the room ends first.
    pub(crate) fn call(&self, open: &Open, target: &Target) -> Result<(CallNumber, Arc<Notify>), RoomRefusal> {
        let mut state = lock(&open.state);
        let number = state.room.call(target)?;
        let bell = Arc::new(Notify::new());
        state.guests.insert(number, bell.clone());
        self.settle(open, &mut state);
        Ok((number, bell))
    }

    /// Puts whoever was called into the room that called him, and into no other of its name.
    pub(crate) fn seat_called(
        &self,
        open: &Arc<Open>,
        call: CallNumber,
        newcomer: Newcomer,
    ) -> Result<Seated, RoomRefusal> {
        let mut state = lock(&open.state);
        let number = state.room.join_called(call, newcomer)?;
        state.guests.remove(&call);
        Ok(self.seated(open, &mut state, number))
    }

    /// How an open room is kept.
    pub(crate) fn plan_of(&self, open: &Open) -> Plan {
        lock(&open.state).room.plan().clone()
    }

    /// Tells a room something, and whoever has to do with what comes of it.
    pub(crate) fn with<R>(&self, open: &Arc<Open>, tell: impl FnOnce(&mut Room) -> R) -> R {
        let mut state = lock(&open.state);
        let result = tell(&mut state.room);
        self.settle(open, &mut state);
        let over = state.room.is_over();
        drop(state);
        if over {
            let mut all = lock(&self.open);
            let key = (open.tenant, open.name.clone());
            // Another one of its name may be open by now.
            if all.get(&key).is_some_and(|room| Arc::ptr_eq(room, open)) {
                all.remove(&key);
            }
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
        if state.room.is_over() {
            while let Some((_, guest)) = state.guests.pop_first() {
                guest.notify_one();
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
        RoomEvent::Calling { .. } => "calling",
        RoomEvent::NotReached { .. } => "not-reached",
        RoomEvent::Ended => "ended",
    }
}

/// What a panicked writer left is whole: no state is half-changed where anything can panic.
pub(crate) fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::time::UNIX_EPOCH;

    use switch::CallUid;

    use super::*;
    use crate::plan::Wait;

    struct Nothing;

    impl Plans for Nothing {
        fn plan<'a>(&'a self, _: TenantId, _: &'a str) -> Wait<'a, Option<Plan>> {
            Box::pin(std::future::ready(None))
        }

        fn admit<'a>(&'a self, _: TenantId, _: &'a str, _: &'a str) -> Wait<'a, Option<Role>> {
            Box::pin(std::future::ready(None))
        }

        fn forget_name(&self, _: TenantId, _: &str) {}
    }

    fn enter(inner: &Inner) -> Result<Seated, RoomRefusal> {
        let (call, name, since) = (CallUid([1; 12]), "Bob".to_owned(), UNIX_EPOCH);
        let newcomer = Newcomer { call, name, user: None, role: Role::Participant, spoken: None, since };
        inner.enter(TenantId(1), "600", Plan::ad_hoc(), true, newcomer)
    }

    fn conference() -> Conference {
        let clock: Clock = Arc::new(|| (Instant::now(), UNIX_EPOCH));
        Conference::new(Arc::new(Nothing), Arc::new(|_, _| ()), clock, Config::default())
    }

    #[test]
    fn who_comes_while_the_room_ends_comes_into_the_next_one() {
        const TIMES: usize = 20_000;
        let conference = conference();
        let ender = conference.clone();
        let (done, seen) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (until, ended) = (done.clone(), seen.clone());
        let ends = std::thread::spawn(move || {
            while !until.load(Ordering::Relaxed) {
                let was_open = ender.order(TenantId(1), "600", RoomOrder::End).is_ok();
                ended.fetch_add(u64::from(was_open), Ordering::Relaxed);
            }
        });
        for _ in 0..TIMES {
            let two = [0, 1].map(|_| enter(&conference.inner).expect("there is always a room to come into"));
            for (open, number, _) in two {
                conference.inner.gone(&open, number);
            }
        }
        done.store(true, Ordering::Relaxed);
        ends.join().expect("no panic");
        assert!(conference.is_empty() && seen.load(Ordering::Relaxed) > 0);
    }

    #[test]
    fn of_two_who_come_at_once_one_opens_the_room_and_rules_it() {
        let conference = conference();
        let barrier = Arc::new(std::sync::Barrier::new(2));
        let two = [0, 1].map(|_| {
            let (conference, barrier) = (conference.clone(), barrier.clone());
            std::thread::spawn(move || {
                barrier.wait();
                enter(&conference.inner).expect("a place");
            })
        });
        for thread in two {
            thread.join().expect("no panic");
        }
        let view = conference.rooms(TenantId(1)).pop().expect("a room");
        let roles: Vec<_> = view.members.iter().map(|member| member.role).collect();
        assert_eq!(roles, [Role::Moderator, Role::Participant]);
    }
}
