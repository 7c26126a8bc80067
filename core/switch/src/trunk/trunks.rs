//! All trunks, and how each stands: its registration, the health and the load of its gateways, where its calls come from.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use sip::{Flow, Transport};
use slotmap::{SlotMap, new_key_type};

use super::choosing::{self, Candidate, Dice};
use super::health::Health;
use super::registering::Registering;
use super::{Gateway, GatewayRule, GatewayView, Registered, Source, Trunk, TrunkView};
use crate::ids::{GatewayId, TrunkId};
use crate::leg::Leg;
use crate::timers::{TimerKey, Timers};
use crate::way::OnTrunk;
use crate::wire::Wire;

new_key_type! {
    /// One registration at a carrier. Minted by [`Trunks`].
    pub(crate) struct RegistrationKey;
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// A registration begins, is refreshed, or is tried again.
    Register(RegistrationKey),
    /// A gateway is asked whether it lives.
    Probe(TrunkId, GatewayId),
}

/// The trunks.
#[derive(Debug, Default)]
pub(crate) struct Trunks {
    /// By id, minted by the store.
    known: BTreeMap<TrunkId, Known>,
    /// Our registrations, those too that are being taken back.
    pub(crate) registrations: SlotMap<RegistrationKey, (Registering, Option<TimerKey>)>,
    pub(crate) timers: Timers<Due>,
    /// Trunks by the addresses of their gateways.
    by_gateway: HashMap<SocketAddr, Vec<TrunkId>>,
    /// Trunks by the sources that are one address.
    by_address: HashMap<IpAddr, Vec<TrunkId>>,
    /// Trunks with sources that are wider.
    by_net: Vec<TrunkId>,
}

/// One trunk as it stands.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) trunk: Arc<Trunk>,
    pub(crate) registration: Option<RegistrationKey>,
    /// How its gateways stand, by id.
    pub(crate) gateways: BTreeMap<GatewayId, Standing>,
    /// Calls over it now, of both directions.
    calls: u32,
    /// How many calls were given out, for who is next.
    turn: u64,
    /// Operators were told that it is registered.
    pub(crate) told: bool,
}

/// How one gateway stands.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    pub(crate) health: Health,
    calls: u32,
    /// Where it was found at last.
    pub(crate) addresses: Vec<(Transport, SocketAddr)>,
    pub(crate) probe: Option<TimerKey>,
}

impl Trunks {
    pub(crate) fn get(&self, id: TrunkId) -> Option<&Known> {
        self.known.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: TrunkId) -> Option<&mut Known> {
        self.known.get_mut(&id)
    }

    pub(crate) fn ids(&self) -> Vec<TrunkId> {
        self.known.keys().copied().collect()
    }

    /// A trunk is there, or is another than before: what is known of its gateways stays.
    pub(crate) fn put(&mut self, trunk: Trunk) {
        let id = trunk.id;
        let old = self.known.remove(&id);
        let (mut gateways, calls, registration, told) = match old {
            Some(old) => (old.gateways, old.calls, old.registration, old.told),
            None => (BTreeMap::new(), 0, None, false),
        };
        gateways.retain(|id, standing| {
            let stays = trunk.gateways.iter().any(|gateway| gateway.id == *id);
            if !stays {
                self.timers.cancel(&mut standing.probe);
            }
            stays
        });
        for gateway in &trunk.gateways {
            gateways.entry(gateway.id).or_default();
        }
        let known = Known { trunk: Arc::new(trunk), registration, gateways, calls, turn: 0, told };
        self.known.insert(id, known);
    }

    /// A trunk is gone. Its calls go on.
    pub(crate) fn remove(&mut self, id: TrunkId) -> Option<RegistrationKey> {
        let mut known = self.known.remove(&id)?;
        for standing in known.gateways.values_mut() {
            self.timers.cancel(&mut standing.probe);
        }
        known.registration
    }

    /// A gateway was found at these addresses.
    pub(crate) fn found(&mut self, trunk: TrunkId, gateway: GatewayId, addresses: &[(Transport, SocketAddr)]) {
        let standing = self.known.get_mut(&trunk).and_then(|known| known.gateways.get_mut(&gateway));
        // A name that cannot be looked up now is where it was.
        let Some(standing) = standing.filter(|known| known.addresses != addresses && !addresses.is_empty()) else {
            return;
        };
        standing.addresses = addresses.to_vec();
        self.index();
    }

    /// A gateway is at this address too.
    pub(crate) fn found_too(&mut self, trunk: TrunkId, gateway: GatewayId, address: (Transport, SocketAddr)) {
        let standing = self.known.get_mut(&trunk).and_then(|known| known.gateways.get_mut(&gateway));
        if let Some(standing) = standing.filter(|standing| !standing.addresses.contains(&address)) {
            standing.addresses.push(address);
            self.index();
        }
    }

    /// Whose addresses are whose.
    pub(crate) fn index(&mut self) {
        self.by_gateway.clear();
        self.by_address.clear();
        self.by_net.clear();
        for (id, known) in self.known.iter().filter(|(_, known)| known.trunk.enabled) {
            for address in known.gateways.values().flat_map(|standing| &standing.addresses) {
                note(self.by_gateway.entry(address.1).or_default(), *id);
            }
            for source in &known.trunk.sources {
                if source.net.prefix_len() == source.net.max_prefix_len() {
                    note(self.by_address.entry(source.net.addr()).or_default(), *id);
                } else {
                    note(&mut self.by_net, *id);
                }
            }
        }
    }

    /// The trunk from which a request comes that is for this user, and the gateway, where it is one of those: from its very
    /// address and port, or over a connection of ours to it. Two trunks may share an address: the one that is registered
    /// under the called name counts before others.
    pub(crate) fn source(
        &self,
        flow: &Flow,
        called: Option<&str>,
        vouched: &[String],
    ) -> Option<(Arc<Trunk>, Option<GatewayId>)> {
        let ip = flow.remote.ip().to_canonical();
        let remote = SocketAddr::new(ip, flow.remote.port());
        let gateways = self.by_gateway.get(&remote).into_iter().flatten();
        let single = self.by_address.get(&ip).into_iter().flatten();
        let mut fitting = gateways
            .chain(single)
            .chain(&self.by_net)
            .filter_map(|id| self.known.get(id))
            .filter_map(|known| known.accepts(flow, remote, vouched).map(|gateway| (known, gateway)))
            .peekable();
        let first = *fitting.peek()?;
        let named = |known: &Known| {
            known.trunk.registration.as_ref().is_some_and(|registration| called == Some(registration.user.as_str()))
        };
        let (known, gateway) = fitting.find(|(known, _)| named(known)).unwrap_or(first);
        Some((known.trunk.clone(), gateway))
    }

    /// In which order a trunk's gateways are tried for a call.
    pub(crate) fn order(&mut self, id: TrunkId, value: &str, wire: &mut Wire) -> Vec<GatewayId> {
        let Some(known) = self.known.get_mut(&id) else { return Vec::new() };
        let turn = known.turn;
        known.turn += 1;
        let candidates = known.trunk.gateways.iter().filter_map(|gateway| {
            let standing = known.gateways.get(&gateway.id)?;
            let full = gateway.max_calls.is_some_and(|most| standing.calls >= most);
            let fit = gateway.rule == GatewayRule::Active || standing.health.is_fit(wire.now);
            let used = gateway.rule != GatewayRule::Inactive && !full;
            used.then_some(Candidate { gateway, fit, calls: standing.calls })
        });
        let mut chance = || wire.mint.number();
        choosing::order(&known.trunk.choice, candidates.collect(), &mut Dice { chance: &mut chance, turn, value })
    }

    /// A leg goes by this gateway, or comes from it.
    pub(crate) fn took(&mut self, trunk: TrunkId, gateway: Option<GatewayId>) {
        self.load(trunk, gateway, |calls| calls.saturating_add(1));
    }

    /// It is gone.
    pub(crate) fn gave_back(&mut self, trunk: TrunkId, gateway: Option<GatewayId>) {
        self.load(trunk, gateway, |calls| calls.saturating_sub(1));
    }

    /// A leg is made anew: its trunk goes on with the new one.
    pub(crate) fn hand_over(&mut self, leg: &mut Leg) -> Option<Box<OnTrunk>> {
        let on = leg.trunk.take()?;
        self.gave_back(on.trunk.id, on.gateway);
        Some(on)
    }

    fn load(&mut self, trunk: TrunkId, gateway: Option<GatewayId>, change: impl Fn(u32) -> u32) {
        let Some(known) = self.known.get_mut(&trunk) else { return };
        known.calls = change(known.calls);
        if let Some(standing) = gateway.and_then(|gateway| known.gateways.get_mut(&gateway)) {
            standing.calls = change(standing.calls);
        }
    }

    /// No call is over any trunk.
    pub(crate) fn is_idle(&self) -> bool {
        self.known.values().all(|known| known.calls == 0 && known.gateways.values().all(|gateway| gateway.calls == 0))
    }

    /// How all stand, in the order of their ids.
    pub(crate) fn views(&self, wire: &Wire) -> Vec<TrunkView> {
        self.known.values().map(|known| self.view(known, wire)).collect()
    }

    fn view(&self, known: &Known, wire: &Wire) -> TrunkView {
        let registration = known.registration.and_then(|key| self.registrations.get(key));
        let registered = match registration {
            Some((registering, _)) => registering.registered(wire),
            None => Registered::Unwanted,
        };
        let view = |gateway: &Gateway| {
            let standing = known.gateways.get(&gateway.id)?;
            Some(GatewayView {
                id: gateway.id,
                state: standing.health.state(),
                calls: standing.calls,
                addresses: standing.addresses.clone(),
                round_trip: standing.health.round_trip,
                rests_until: standing.health.rests_until(wire.now).map(|until| wire.wall_at(until)),
            })
        };
        let gateways = known.trunk.gateways.iter().filter_map(view).collect();
        TrunkView { id: known.trunk.id, registered, calls: known.calls, gateways }
    }

    /// When the next thing is due.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }
}

impl Known {
    /// Whether this is a source of the trunk's calls; and by which gateway, where it is one.
    fn accepts(&self, flow: &Flow, remote: SocketAddr, vouched: &[String]) -> Option<Option<GatewayId>> {
        let is_at = |(_, standing): &(&GatewayId, &Standing)| standing.addresses.contains(&(flow.transport, remote));
        if let Some((gateway, _)) = self.gateways.iter().find(is_at) {
            return Some(Some(*gateway));
        }
        let fits = |source: &&Source| {
            source.net.contains(&remote.ip())
                && source.port.is_none_or(|port| port == remote.port())
                && source.transport.is_none_or(|transport| transport == flow.transport)
                // RFC 5922 §7.2: the peer has proven that it is this host.
                && source.certificate.as_ref().is_none_or(|name| {
                    flow.transport == Transport::Tls && vouched.iter().any(|known| known.eq_ignore_ascii_case(name))
                })
        };
        self.trunk.sources.iter().find(fits).map(|_| self.neighbour(remote.ip()))
    }

    /// The one of its gateways that has this address, on whatever port.
    fn neighbour(&self, ip: IpAddr) -> Option<GatewayId> {
        let is_at = |(_, standing): &(&GatewayId, &Standing)| standing.addresses.iter().any(|(_, at)| at.ip() == ip);
        self.gateways.iter().find(is_at).map(|(id, _)| *id)
    }

    /// Its gateway of this id.
    pub(crate) fn gateway(&self, id: GatewayId) -> Option<&Gateway> {
        self.trunk.gateways.iter().find(|gateway| gateway.id == id)
    }
}

fn note(trunks: &mut Vec<TrunkId>, id: TrunkId) {
    if !trunks.contains(&id) {
        trunks.push(id);
    }
}
