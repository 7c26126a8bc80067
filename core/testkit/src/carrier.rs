//! Carriers of a world: phones that stand for gateways, the trunks that lead to them, the numbers that are known.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use sip::Transport;
use switch::{
    Admission, Answer, Asker, Destination, E164, Gateway, GatewayId, GatewayRule, Ha1, Hop, Inbound, Login,
    NotAdmitted, Number, NumberClass, Outbound, Payer, Purse, Rate, Registration, Site, SpendingLimits, Target,
    TenantId, TenantPolicy, Trunk, TrunkId, TrunkView, Unlocated, Unresolved,
};

use crate::handles::Phone;
use crate::world::World;

/// What a phone does as a carrier.
#[derive(Debug, Clone, Default)]
pub(crate) struct Carrier {
    /// It challenges requests, and takes the credentials of this realm, user and password.
    pub(crate) login: Option<(String, String, String)>,
    /// For how long it grants registrations; it grants none when `None`.
    pub(crate) grants: Option<u32>,
    /// Registrations for less are refused with 423.
    pub(crate) grants_at_least: u32,
    /// What it says in Retry-After of a refusal.
    pub(crate) rests: Option<u32>,
    /// The next nonces are too old.
    pub(crate) stale: u32,
    /// It challenges requests inside dialogs too.
    pub(crate) challenges_all: bool,
    /// Who is registered there.
    pub(crate) registered: BTreeMap<String, u32>,
    /// How often it was registered at.
    pub(crate) registers: u32,
}

/// What is known of the public network.
#[derive(Debug, Default)]
pub(crate) struct Outworld {
    pub(crate) trunks: Vec<Trunk>,
    /// Ways to numbers, as they are dialled.
    pub(crate) ways: BTreeMap<String, Outbound>,
    /// Who owns numbers, and who is reached by them.
    pub(crate) dids: BTreeMap<String, (TenantId, Option<Target>)>,
    /// Where names lead; addresses that are one need none.
    pub(crate) names: BTreeMap<String, Vec<SocketAddr>>,
    /// For whom was asked.
    pub(crate) askers: Vec<Asker>,
    /// Emergency numbers.
    pub(crate) emergency: Vec<String>,
}

impl Outworld {
    pub(crate) fn resolve(&mut self, number: &str, asker: Asker) -> Result<Vec<Destination>, Unresolved> {
        self.askers.push(asker);
        let way = self.ways.get(number).cloned().ok_or(Unresolved::Forbidden)?;
        Ok(vec![Destination::Outside(Box::new(way))])
    }

    pub(crate) fn locate(&self, site: &Site) -> Answer {
        let port = site.port.unwrap_or(5060);
        let found = match (self.names.get(&site.host), site.host.parse()) {
            (Some(found), _) => found.clone(),
            (None, Ok(ip)) => vec![SocketAddr::new(ip, port)],
            (None, Err(_)) => Vec::new(),
        };
        let found: Vec<_> = found.into_iter().map(|at| (site.transport.unwrap_or(Transport::Udp), at)).collect();
        Answer::Located(if found.is_empty() { Err(Unlocated(format!("no address: {}", site.host))) } else { Ok(found) })
    }

    /// A call over a trunk.
    pub(crate) fn admission(
        &self,
        trunk: TrunkId,
        called: &[String],
        caller: &str,
        policy: &TenantPolicy,
    ) -> Result<Box<Admission>, NotAdmitted> {
        let unknown = self.trunks.iter().find(|known| known.id == trunk).map_or(404, |trunk| trunk.unknown_number);
        let found = called.iter().find_map(|number| Some((number, self.dids.get(number)?)));
        let (number, (tenant, leads_to)) = found.ok_or(NotAdmitted(unknown))?;
        Ok(Box::new(Admission {
            tenant: *tenant,
            realm: String::new(),
            peer: None,
            account: None,
            policy: policy.clone(),
            inbound: Some(Inbound {
                trunk,
                number: number.parse().map_or_else(|_| Number::Short(number.clone()), Number::World),
                caller: caller.to_owned(),
                leads_to: leads_to.clone(),
            }),
            emergency: false,
        }))
    }
}

impl Phone {
    fn carrier(self, change: impl FnOnce(&mut Carrier)) -> Self {
        self.world.with_phone(self.at, |phone, _| change(&mut phone.carrier));
        self
    }

    /// It challenges INVITE and REGISTER, and takes the credentials of this realm, user and password.
    #[must_use]
    pub fn that_challenges(self, realm: &str, user: &str, password: &str) -> Self {
        self.carrier(|carrier| carrier.login = Some((realm.to_owned(), user.to_owned(), password.to_owned())))
    }

    /// It challenges all requests, those of calls that are up too.
    #[must_use]
    pub fn that_challenges_all(self) -> Self {
        self.carrier(|carrier| carrier.challenges_all = true)
    }

    /// So many of its nonces are too old when they are used.
    #[must_use]
    pub fn whose_nonces_are_stale(self, times: u32) -> Self {
        self.carrier(|carrier| carrier.stale = times)
    }

    /// It grants registrations of so many seconds.
    #[must_use]
    pub fn that_registers_for(self, seconds: u32) -> Self {
        self.carrier(|carrier| carrier.grants = Some(seconds))
    }

    /// It refuses registrations for less with 423.
    #[must_use]
    pub fn that_registers_for_at_least(self, seconds: u32) -> Self {
        self.carrier(|carrier| (carrier.grants, carrier.grants_at_least) = (Some(seconds), seconds))
    }

    /// Its refusals ask for so many seconds of rest.
    #[must_use]
    pub fn that_wants_rest(self, seconds: u32) -> Self {
        self.carrier(|carrier| carrier.rests = Some(seconds))
    }

    /// Who is registered there, and for how many seconds at a time.
    #[must_use]
    pub fn customers(&self) -> BTreeMap<String, u32> {
        self.world.with_phone(self.at, |phone, _| phone.carrier.registered.clone())
    }

    /// How many REGISTERs it has granted.
    #[must_use]
    pub fn registers(&self) -> u32 {
        self.world.with_phone(self.at, |phone, _| phone.carrier.registers)
    }

    /// It does from now on as this phone was told to.
    pub fn becomes(&self, change: impl FnOnce(Phone) -> Phone) {
        let _ = change(self.clone());
    }
}

/// How a call outside goes in a story: by this trunk, at this rate.
#[must_use]
pub fn hop(trunk: &Trunk, callee: &str, rate: Option<Rate>) -> Hop {
    Hop {
        trunk: trunk.id,
        callee: callee.to_owned(),
        caller: Some("+4930100".to_owned()),
        diverted: None,
        rate,
        purse: Purse { payer: Payer::Trunk(trunk.id), limits: trunk.limits, day_ends: day_ends() },
    }
}

/// The end of the first day of a world.
#[must_use]
pub fn day_ends() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + 12 * 3600)
}

impl World {
    /// A phone that stands for a gateway of a carrier: it takes calls to any number.
    #[must_use]
    pub fn gateway(&self, name: &str) -> Phone {
        self.unregistered_phone(name)
    }

    /// A trunk over these gateways, in this order; not in use before [`trunks`](Self::trunks).
    #[must_use]
    pub fn trunk_of(&self, id: i64, name: &str, gateways: &[&Phone]) -> Trunk {
        let mut trunk = Trunk::named(TrunkId(id), name);
        trunk.gateways = (1..)
            .zip(gateways)
            .map(|(at, phone)| Gateway {
                id: GatewayId(100 * id + at),
                name: format!("gw{at}"),
                site: Site {
                    host: phone.address().ip().to_string(),
                    port: Some(phone.address().port()),
                    transport: None,
                },
                priority: 1,
                weight: 1,
                rule: GatewayRule::Auto,
                max_calls: None,
            })
            .collect();
        trunk
    }

    /// The exchange's trunks are these from now on.
    pub fn trunks(&self, trunks: Vec<Trunk>) {
        {
            let mut inner = self.0.borrow_mut();
            inner.around.out.trunks.clone_from(&trunks);
            let now = inner.now;
            inner.switch.set_trunks(now, trunks);
        }
        self.settle();
    }

    /// How they stand.
    #[must_use]
    pub fn trunk_views(&self) -> Vec<TrunkView> {
        let mut inner = self.0.borrow_mut();
        let now = inner.now;
        inner.switch.trunks(now)
    }

    /// A number, as it is dialled, is reached by these hops; national, and nobody's money but the trunk's.
    pub fn way_to(&self, number: &str, hops: Vec<Hop>) {
        self.way(number, NumberClass::National, hops, Vec::new());
    }

    /// The same, of this class, and paid for from these purses.
    pub fn way(&self, number: &str, class: NumberClass, hops: Vec<Hop>, purses: Vec<Purse>) {
        let parsed = number.parse::<E164>().map_or_else(|_| Number::Short(number.to_owned()), Number::World);
        let way = Outbound { number: parsed, class, hops, purses, location: None };
        self.0.borrow_mut().around.out.ways.insert(number.to_owned(), way);
    }

    /// What is known of the way to a number is changed.
    pub fn change_way(&self, number: &str, change: impl FnOnce(&mut Outbound)) {
        change(self.0.borrow_mut().around.out.ways.get_mut(number).expect("a way to that number"));
    }

    /// An emergency number.
    pub fn emergency(&self, number: &str) {
        self.0.borrow_mut().around.out.emergency.push(number.to_owned());
    }

    /// The first tenant owns a number, and this is reached by it; its application decides when `None`.
    pub fn owns(&self, number: &str, leads_to: Option<Target>) {
        self.0.borrow_mut().around.out.dids.insert(number.to_owned(), (TenantId(1), leads_to));
    }

    /// A name leads to these addresses.
    pub fn name(&self, host: &str, addresses: &[SocketAddr]) {
        self.0.borrow_mut().around.out.names.insert(host.to_owned(), addresses.to_vec());
    }

    /// For whom ways outside were asked for.
    #[must_use]
    pub fn askers(&self) -> Vec<Asker> {
        self.0.borrow().around.out.askers.clone()
    }
}

/// Who we are at a carrier.
#[must_use]
pub fn login(realm: &str, user: &str, password: &str) -> Login {
    Login { user: user.to_owned(), realm: realm.to_owned(), ha1: Ha1::of(user, realm, password) }
}

/// A registration of this user, for an hour at a time.
#[must_use]
pub fn registration(user: &str) -> Registration {
    Registration {
        user: user.to_owned(),
        domain: Some("carrier.example".to_owned()),
        expires: Duration::from_secs(3600),
    }
}

/// Limits with nothing limited but what is changed.
#[must_use]
pub fn limits(change: impl FnOnce(&mut SpendingLimits)) -> SpendingLimits {
    let mut limits = SpendingLimits::default();
    change(&mut limits);
    limits
}
