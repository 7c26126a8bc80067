//! What the exchange does for its trunks by itself: it registers at carriers, asks gateways whether they live, and looks
//! up where they are.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sip::{Flow, Message, Method, Name, Status, Transport, Writer};

use super::registering::{Registering, Wish, host_of};
use super::trunks::{Due, RegistrationKey};
use super::{GatewayRule, Registered, Trunk, TrunkView};
use crate::ask::{Ask, Unlocated};
use crate::ids::{CallId, GatewayId, TrunkId};
use crate::record::Notice;
use crate::switch::{Asked, Switch};
use crate::wire::{Errand, Owner};

/// How often a gateway is looked up that is not probed.
const LOOK_UP: Duration = Duration::from_secs(300);

/// What addresses are wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sought {
    /// For a registration.
    Registration(RegistrationKey),
    /// To know calls from there.
    Source(TrunkId, GatewayId),
    /// For a question to a gateway.
    Probe(TrunkId, GatewayId),
    /// For a call: one of its ways outside, by this gateway.
    Way(CallId, usize, GatewayId),
}

impl Switch {
    /// The trunks are these from now on: new ones register and are probed, those that are gone are taken back, calls that
    /// are up go on.
    pub fn set_trunks(&mut self, now: Instant, trunks: Vec<Trunk>) {
        self.wire.now = now;
        for id in self.trunks.ids() {
            if !trunks.iter().any(|trunk| trunk.id == id)
                && let Some(key) = self.trunks.remove(id)
            {
                self.leave_carrier(key);
            }
        }
        for trunk in trunks {
            self.set_trunk(trunk);
        }
        self.trunks.index();
        self.settle_transactions();
    }

    fn set_trunk(&mut self, trunk: Trunk) {
        let id = trunk.id;
        let before = self.trunks.get(id).map(|known| (known.trunk.clone(), known.registration));
        let same_place = |old: &Trunk| {
            let sites = |trunk: &Trunk| trunk.gateways.iter().map(|gateway| gateway.site.clone()).collect::<Vec<_>>();
            old.registration == trunk.registration && old.login == trunk.login && sites(old) == sites(&trunk)
        };
        let wanted = trunk.enabled && trunk.registration.is_some() && !self.draining;
        let enabled = trunk.enabled;
        let stays = before.as_ref().is_some_and(|(old, _)| same_place(old)) && wanted;
        let old = before.and_then(|(_, registration)| registration);
        self.trunks.put(trunk);
        if !stays {
            if let Some(key) = old {
                self.leave_carrier(key);
            }
            if let Some(known) = self.trunks.get_mut(id) {
                (known.registration, known.told) = (None, false);
            }
        }
        if wanted && !(stays && old.is_some()) {
            self.begin_registration(id);
        }
        // Each is asked soon, but not all in the same moment.
        let Some(known) = self.trunks.get(id) else { return };
        let gateways: Vec<_> = known.trunk.gateways.iter().map(|gateway| (gateway.id, gateway.rule)).collect();
        for (gateway, rule) in gateways {
            let asked = enabled && rule != GatewayRule::Inactive;
            let soon = Duration::from_millis(self.wire.mint.number() % 1_000);
            self.arm_probe(id, gateway, asked.then_some(soon));
            let site = self.trunks.get(id).and_then(|known| known.gateway(gateway)).map(|gateway| gateway.site.clone());
            if let Some(site) = site.filter(|_| enabled) {
                self.ask(Asked::Locate(Sought::Source(id, gateway)), Ask::Locate(site));
            }
        }
    }

    fn begin_registration(&mut self, id: TrunkId) {
        let Some(trunk) = self.trunks.get(id).map(|known| known.trunk.clone()) else { return };
        let Some(registration) = trunk.registration.clone() else { return };
        let registering = Registering::new(trunk, &registration, &mut self.wire);
        let key = self.trunks.registrations.insert((registering, None));
        if let Some(known) = self.trunks.get_mut(id) {
            known.registration = Some(key);
        }
        self.on_registration(key, Registering::due);
    }

    fn leave_carrier(&mut self, key: RegistrationKey) {
        self.on_registration(key, Registering::leave);
    }

    /// All registrations are taken back: the exchange is about to stop.
    pub(crate) fn leave_carriers(&mut self) {
        for id in self.trunks.ids() {
            if let Some(key) = self.trunks.get_mut(id).and_then(|known| known.registration.take()) {
                self.leave_carrier(key);
            }
        }
    }

    /// Something happens to a registration; what it wants then is done.
    fn on_registration(
        &mut self,
        key: RegistrationKey,
        happens: impl FnOnce(&mut Registering, &mut crate::wire::Wire) -> Wish,
    ) {
        let Some((registering, timer)) = self.trunks.registrations.get_mut(key) else { return };
        let mut wish = happens(registering, &mut self.wire);
        // What cannot be sent has failed at once; there are only so many addresses.
        while let Wish::Send(flow, bytes) = wish {
            if self.wire.errand(flow, bytes, Errand::Register(key)) {
                wish = Wish::Nothing;
            } else {
                wish = registering.failed(503, "the exchange has too much under way".to_owned(), &mut self.wire);
            }
        }
        self.trunks.timers.cancel(timer);
        *timer = registering.poll_timeout().map(|due| self.trunks.timers.arm(due, Due::Register(key)));
        match wish {
            Wish::Locate(site) => self.ask(Asked::Locate(Sought::Registration(key)), Ask::Locate(site)),
            Wish::Over => {
                if let Some((_, mut timer)) = self.trunks.registrations.remove(key) {
                    self.trunks.timers.cancel(&mut timer);
                }
            }
            Wish::Nothing | Wish::Send(..) => {}
        }
        self.tell_registration(key);
    }

    /// Operators hear when a registration begins to stand, and when it does no longer.
    fn tell_registration(&mut self, key: RegistrationKey) {
        let Some((registering, _)) = self.trunks.registrations.get(key) else { return };
        let (trunk, state) = (registering.trunk.id, registering.registered(&self.wire));
        let Some(known) = self.trunks.get_mut(trunk).filter(|known| known.registration == Some(key)) else { return };
        let stands = match state {
            Registered::Until(_) => true,
            Registered::Failed { .. } => false,
            Registered::Trying | Registered::Unwanted => return,
        };
        if stands && known.told {
            return;
        }
        known.told = stands;
        self.notice(Notice::Registration { trunk, state });
    }

    fn arm_probe(&mut self, trunk: TrunkId, gateway: GatewayId, after: Option<Duration>) {
        let now = self.wire.now;
        let armed = after.map(|after| self.trunks.timers.arm(now + after, Due::Probe(trunk, gateway)));
        let standing = self.trunks.get_mut(trunk).and_then(|known| known.gateways.get_mut(&gateway));
        let mut old = match standing {
            Some(standing) => std::mem::replace(&mut standing.probe, armed),
            None => armed,
        };
        self.trunks.timers.cancel(&mut old);
    }

    /// A gateway is to be asked, or at least to be looked up, for calls come from there too; the next time is an interval
    /// later, give or take a twentieth.
    fn probe_is_due(&mut self, trunk: TrunkId, gateway: GatewayId) {
        let Some(known) = self.trunks.get(trunk) else { return };
        let Some(site) = known.gateway(gateway).map(|gateway| gateway.site.clone()) else { return };
        let interval = known.trunk.probe.as_ref().map_or(LOOK_UP, |probe| probe.interval.max(Duration::from_secs(1)));
        let tenth = u64::try_from(interval.as_millis() / 10).unwrap_or(100).max(1);
        let next = interval * 19 / 20 + Duration::from_millis(self.wire.mint.number() % tenth);
        self.arm_probe(trunk, gateway, Some(next));
        let standing = self.trunks.get(trunk).and_then(|known| known.gateways.get(&gateway));
        if standing.is_some_and(|standing| standing.health.is_unanswered()) {
            self.gateway_silent(trunk, gateway);
        }
        self.ask(Asked::Locate(Sought::Probe(trunk, gateway)), Ask::Locate(site));
    }

    fn is_probed(&self, trunk: TrunkId) -> bool {
        self.trunks.get(trunk).is_some_and(|known| known.trunk.probe.is_some())
    }

    fn probe(&mut self, trunk: TrunkId, gateway: GatewayId, addresses: &[(Transport, SocketAddr)]) {
        let wire = &self.wire;
        let flow = addresses.iter().find_map(|(transport, remote)| {
            let local = wire.local(*transport, remote.ip())?;
            Some(Flow { transport: *transport, local, remote: *remote, connection: None })
        });
        let site = self.trunks.get(trunk).and_then(|known| known.gateway(gateway)).map(|gateway| gateway.site.clone());
        let (Some(flow), Some(site)) = (flow, site) else { return self.gateway_silent(trunk, gateway) };
        let bytes = self.options_to(&format!("sip:{}", host_of(&site)), flow);
        let now = self.wire.now;
        let standing = self.trunks.get_mut(trunk).and_then(|known| known.gateways.get_mut(&gateway));
        let Some(question) = standing.map(|standing| standing.health.ask(now)) else { return };
        // Where there is no room for a question of ours, that is no fault of the gateway's.
        let _ = self.wire.errand(flow, bytes, Errand::Probe(trunk, gateway, question));
    }

    /// OPTIONS outside of a dialog (§11.1).
    fn options_to(&mut self, uri: &str, flow: Flow) -> Vec<u8> {
        let wire = &mut self.wire;
        let (via, tag, call_id) = (wire.via(&flow), wire.mint.tag(), wire.mint.call_id());
        let own = wire.shown(&flow);
        let mut writer = Writer::request(Method::Options, uri);
        writer
            .header(Name::Via, via)
            .header(Name::MaxForwards, 70)
            .header(Name::From, format_args!("<sip:ping@{own}>;tag={tag}"))
            .header(Name::To, format_args!("<{uri}>"))
            .header(Name::CallId, call_id)
            .header(Name::CSeq, "1 OPTIONS")
            .header(Name::Contact, wire.contact(&flow, "ping", false))
            .header(Name::Accept, "application/sdp")
            .header(Name::UserAgent, &wire.config.agent);
        writer.finish()
    }

    /// What was looked up is there.
    pub(crate) fn located(&mut self, sought: Sought, found: Result<Vec<(Transport, SocketAddr)>, Unlocated>) {
        match sought {
            Sought::Registration(key) => {
                self.on_registration(key, |registering, wire| registering.located(found.map_err(|why| why.0), wire));
            }
            Sought::Source(trunk, gateway) => {
                self.trunks.found(trunk, gateway, &found.unwrap_or_default());
            }
            Sought::Probe(trunk, gateway) => match found {
                Ok(addresses) => {
                    self.trunks.found(trunk, gateway, &addresses);
                    if self.is_probed(trunk) {
                        self.probe(trunk, gateway, &addresses);
                    }
                }
                Err(_) if self.is_probed(trunk) => self.gateway_silent(trunk, gateway),
                Err(_) => {}
            },
            Sought::Way(call, way, gateway) => self.gateway_located(call, way, gateway, &found.unwrap_or_default()),
        }
    }

    /// An errand was answered.
    pub(crate) fn errand_answered(&mut self, errand: Errand, response: &Message<'_>, status: Status) {
        match errand {
            Errand::Register(key) => {
                self.on_registration(key, |registering, wire| registering.answered(response, status, wire));
                // Calls come from where we registered.
                let at = self.trunks.registrations.get(key).and_then(|(registering, _)| registering.registrar());
                if let Some((trunk, gateway, address)) = at {
                    self.trunks.found_too(trunk, gateway, address);
                }
            }
            Errand::Probe(trunk, gateway, question) => {
                if status.is_final() && self.awaits(trunk, gateway, question) {
                    self.gateway_answered(trunk, gateway, status);
                }
            }
            Errand::Notify(subscription) => self.notify_answered(subscription, response, status),
            Errand::Unasked(phone) => self.unasked_answered(phone, status),
        }
    }

    /// Nobody answered it (408), or it could not be sent (503).
    pub(crate) fn errand_failed(&mut self, errand: Errand, status: u16) {
        match errand {
            Errand::Register(key) => {
                let why = if status == 408 { "it does not answer" } else { "it cannot be reached" };
                self.on_registration(key, |registering, wire| registering.failed(status, why.to_owned(), wire));
            }
            Errand::Probe(trunk, gateway, question) => {
                if self.awaits(trunk, gateway, question) {
                    self.gateway_silent(trunk, gateway);
                }
            }
            Errand::Notify(subscription) => self.notify_failed(subscription, status),
            Errand::Unasked(phone) => self.unasked_answered(phone, Status(status)),
        }
    }

    fn awaits(&self, trunk: TrunkId, gateway: GatewayId, question: u32) -> bool {
        let standing = self.trunks.get(trunk).and_then(|known| known.gateways.get(&gateway));
        standing.is_some_and(|standing| standing.health.awaits(question))
    }

    fn gateway_answered(&mut self, trunk: TrunkId, gateway: GatewayId, status: Status) {
        let now = self.wire.now;
        let Some(known) = self.trunks.get_mut(trunk) else { return };
        let (Some(probe), Some(standing)) = (known.trunk.probe.clone(), known.gateways.get_mut(&gateway)) else {
            return;
        };
        let turned = standing.health.handle_answer(now, status.0, &probe);
        let state = standing.health.state();
        if turned {
            self.notice(Notice::Gateway { trunk, gateway, state });
        }
    }

    /// A gateway did not answer a question or a call.
    pub(crate) fn gateway_silent(&mut self, trunk: TrunkId, gateway: GatewayId) {
        let now = self.wire.now;
        let Some(known) = self.trunks.get_mut(trunk) else { return };
        let probe = known.trunk.probe.clone();
        let Some(standing) = known.gateways.get_mut(&gateway) else { return };
        let turned = standing.health.handle_silence(now, probe.as_ref());
        let state = standing.health.state();
        if turned {
            self.notice(Notice::Gateway { trunk, gateway, state });
        }
    }

    /// The time that the trunks wait for has come.
    pub(crate) fn trunks_are_due(&mut self) {
        while let Some(due) = self.trunks.timers.pop_due(self.wire.now) {
            match due {
                Due::Register(key) => self.on_registration(key, Registering::due),
                Due::Probe(trunk, gateway) => self.probe_is_due(trunk, gateway),
            }
        }
    }

    /// How all trunks stand.
    pub fn trunks(&mut self, now: Instant) -> Vec<TrunkView> {
        self.wire.now = now;
        self.trunks.views(&self.wire)
    }
}

impl crate::wire::Wire {
    /// Sends a request that no leg waits for.
    pub(crate) fn errand(&mut self, flow: Flow, bytes: Vec<u8>, errand: Errand) -> bool {
        self.layer.request(self.now, flow, bytes, Owner::Errand(errand)).is_ok()
    }
}
