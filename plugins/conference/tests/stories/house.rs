//! A world with a conference in it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use conference::{Conference, Config, Happened, Plan, Plans, Wait};
use switch::{Application, MemberNumber, Role, RoomEvent, RoomOrder, RoomRefusal, RoomView, Sound, TenantId};
use testkit::{Phone, Placed, World, seconds};
use tokio::sync::{Semaphore, broadcast};

pub(crate) const TENANT: TenantId = TenantId(1);
pub(crate) const PIN: &str = "4711";
pub(crate) const MODERATOR_PIN: &str = "9999";

/// A change is heard in this time: three frames.
pub(crate) const SOON: Duration = Duration::from_millis(60);

/// The rooms that are kept.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    plans: Mutex<BTreeMap<String, Plan>>,
    tried: Mutex<Vec<String>>,
    /// PINs are looked up as far as this lets them; at once where there is none.
    gate: Mutex<Option<Arc<Semaphore>>>,
    forgotten: Mutex<Vec<String>>,
}

impl Plans for Kept {
    fn plan<'a>(&'a self, tenant: TenantId, room: &'a str) -> Wait<'a, Option<Plan>> {
        let plan = self.plans.lock().expect("no panic").get(room).filter(|_| tenant == TENANT).cloned();
        Box::pin(async move { plan })
    }

    fn admit<'a>(&'a self, _: TenantId, _: &'a str, pin: &'a str) -> Wait<'a, Option<Role>> {
        self.tried.lock().expect("no panic").push(pin.to_owned());
        let role = match pin {
            PIN => Some(Role::Participant),
            MODERATOR_PIN => Some(Role::Moderator),
            _ => None,
        };
        let gate = self.gate.lock().expect("no panic").clone();
        Box::pin(async move {
            if let Some(gate) = gate {
                gate.acquire().await.expect("open").forget();
            }
            role
        })
    }

    fn forget_name(&self, tenant: TenantId, recording: &str) {
        assert_eq!(tenant, TENANT);
        self.forgotten.lock().expect("no panic").push(recording.to_owned());
    }
}

pub(crate) struct House {
    pub(crate) world: World,
    pub(crate) conference: Conference,
    kept: Arc<Kept>,
    news: Mutex<broadcast::Receiver<Happened>>,
}

impl House {
    /// With one room, `600`, of this plan.
    pub(crate) fn with(seed: u64, plan: Plan) -> Self {
        Self::configured(seed, plan, Config::default())
    }

    pub(crate) fn configured(seed: u64, plan: Plan, config: Config) -> Self {
        Self::serving(seed, plan, config, |conference| Arc::new(conference))
    }

    /// Callers are given to this application, which has the conference.
    pub(crate) fn serving(
        seed: u64,
        plan: Plan,
        config: Config,
        application: impl FnOnce(Conference) -> Arc<dyn Application>,
    ) -> Self {
        let world = World::seeded(seed);
        let kept = Arc::new(Kept::default());
        kept.plans.lock().expect("no panic").insert("600".to_owned(), plan);
        let conference = Conference::new(kept.clone(), world.places(), world.clock(), config);
        world.serve(application(conference.clone()));
        let news = Mutex::new(conference.watch());
        Self { world, conference, kept, news }
    }

    /// A phone that speaks calls the room.
    pub(crate) fn calls(&self, user: &str) -> (Phone, Placed) {
        let phone = self.world.phone(user);
        phone.speaks();
        let call = phone.dial_number("600");
        self.world.run_for(seconds(1));
        (phone, call)
    }

    /// The same, and is in it: nothing is asked of it there.
    pub(crate) fn joins(&self, user: &str) -> (Phone, Placed) {
        let (phone, call) = self.calls(user);
        assert!(call.is_up(), "{}", self.world.ladder());
        (phone, call)
    }

    /// The same by a PIN.
    pub(crate) fn joins_by(&self, user: &str, pin: &str) -> (Phone, Placed) {
        let (phone, call) = self.joins(user);
        phone.press(pin);
        phone.press("#");
        self.world.run_for(seconds(1));
        (phone, call)
    }

    /// Who hears whom: `a<b` says that the first of these hears the second.
    pub(crate) fn heard(&self, phones: &[&Phone]) -> String {
        let letter = |at: usize| char::from(b'a' + u8::try_from(at).expect("few phones"));
        let mut pairs = Vec::new();
        for (to, listener) in phones.iter().enumerate() {
            for (from, speaker) in phones.iter().enumerate() {
                if self.world.loudness(listener, speaker).is_some() {
                    pairs.push(format!("{}<{}", letter(to), letter(from)));
                }
            }
        }
        pairs.join(" ")
    }

    pub(crate) fn order(&self, order: RoomOrder) -> Result<(), RoomRefusal> {
        let result = self.conference.order(TENANT, "600", order);
        self.world.let_applications_work();
        self.world.run_for(SOON);
        result
    }

    pub(crate) fn view(&self) -> RoomView {
        let rooms = self.conference.rooms(TENANT);
        assert_eq!(rooms.len(), 1, "{rooms:?}");
        rooms.into_iter().next().expect("a room")
    }

    /// What happened since the last look, in short.
    pub(crate) fn news(&self) -> Vec<String> {
        let mut news = self.news.lock().expect("no panic");
        let mut told = Vec::new();
        while let Ok(happened) = news.try_recv() {
            assert_eq!((happened.tenant, happened.room.as_str()), (TENANT, "600"));
            told.push(short(&happened.event));
        }
        told
    }

    /// From now on PINs are looked up slowly: as many as this has permits for.
    pub(crate) fn looks_up_slowly(&self) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        *self.kept.gate.lock().expect("no panic") = Some(gate.clone());
        gate
    }

    /// The recordings of names that are needed no longer.
    pub(crate) fn forgotten(&self) -> Vec<String> {
        self.kept.forgotten.lock().expect("no panic").clone()
    }

    /// The PINs that were looked up.
    pub(crate) fn tried(&self) -> Vec<String> {
        self.kept.tried.lock().expect("no panic").clone()
    }

    /// All hang up, and nothing is left.
    pub(crate) fn ends(&self, calls: &[&Placed]) {
        for call in calls {
            call.hang_up();
        }
        self.is_quiet();
    }

    pub(crate) fn is_quiet(&self) {
        self.world.assert_quiet();
        assert!(self.conference.is_empty(), "{:?}", self.conference.rooms(TENANT));
    }
}

fn short(event: &RoomEvent) -> String {
    match event {
        RoomEvent::Opened => "opened".to_owned(),
        RoomEvent::Waiting(view) => format!("{} waits", view.name),
        RoomEvent::Joined(view) => format!("{} joined as {} {:?}", view.name, view.number.0, view.role),
        RoomEvent::Left { member, why } => format!("{} left: {}", member.0, why.as_str()),
        RoomEvent::Changed(view) => {
            let bearing = view.bearing;
            format!(
                "{} muted {} deaf {} speaking {} hearing {}",
                view.number.0, bearing.muted, bearing.deaf, bearing.speaking, bearing.hearing
            )
        }
        RoomEvent::Speaking { member, speaks } => format!("{} speaks {speaks}", member.0),
        RoomEvent::Locked(on) => format!("locked {on}"),
        RoomEvent::Recording(name) => format!("recording {}", name.is_some()),
        RoomEvent::Calling { target } => format!("calls {target}"),
        RoomEvent::NotReached { target, why } => format!("{target} not reached: {}", why.as_str()),
        RoomEvent::Ended => "ended".to_owned(),
    }
}

pub(crate) fn prompt(name: &str) -> Sound {
    Sound::Prompt(name.to_owned())
}

pub(crate) fn plan() -> Plan {
    Plan { entry: conference::Entry::None, ..Plan::ad_hoc() }
}

pub(crate) fn number(number: u32) -> MemberNumber {
    MemberNumber(number)
}

pub(crate) const ALL: &str = "a<b a<c b<a b<c c<a c<b";
