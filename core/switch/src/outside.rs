//! Goes the ways outside of a dial: looks up gateways, calls them one after the other, and takes note of what came of it.

use std::net::SocketAddr;
use std::time::Duration;

use sip::{Flow, Message, Name, Status, Transport, UriBuf};

use crate::ask::{Ask, Outbound, Unresolved};
use crate::call::Call;
use crate::dial::Branch;
use crate::ids::{CallId, GatewayId, LegId};
use crate::leg::LegState;
use crate::letter::Escaped;
use crate::record::Notice;
use crate::switch::{Asked, Switch};
use crate::timers::Timer;
use crate::trunk::{Choice, EarlyMedia, HashOver, Proof, Site, Sought, Trunk, domain_of, host_of};
use crate::way::{Attempt, OnTrunk, Way, WayEnd, fails_over};
use crate::wire::Purpose;

impl Switch {
    /// A dial goes out by this way.
    pub(crate) fn set_out(&mut self, id: CallId, outbound: Outbound) {
        let Some(call) = self.calls.get_mut(id) else { return };
        call.draft.outside = true;
        let Some(dialing) = call.dialing() else { return };
        let way = dialing.ways.len();
        dialing.ways.push(Way::new(outbound));
        self.go_on(id, way);
    }

    /// The next address, gateway or trunk of a way; its end where there is none.
    fn go_on(&mut self, id: CallId, at: usize) {
        loop {
            let Some(way) = self.way(id, at) else { return };
            if let (Some(gateway), Some(address)) = (way.gateway, way.addresses.pop_front()) {
                if self.call_gateway(id, at, gateway, address) {
                    return;
                }
                continue;
            }
            if let Some(gateway) = way.gateways.pop_front() {
                way.gateway = Some(gateway);
                let trunk = way.hop.as_ref().map(|hop| hop.trunk);
                let known = trunk.and_then(|trunk| self.trunks.get(trunk));
                if let Some(site) = known.and_then(|known| known.gateway(gateway)).map(|gateway| gateway.site.clone()) {
                    if let Some(dialing) = self.calls.get_mut(id).and_then(Call::dialing) {
                        dialing.resolving += 1;
                    }
                    return self.ask(Asked::Locate(Sought::Way(id, at, gateway)), Ask::Locate(site));
                }
                continue;
            }
            if !self.next_trunk(id, at) {
                return;
            }
        }
    }

    fn way(&mut self, id: CallId, at: usize) -> Option<&mut Way> {
        self.calls.get_mut(id)?.dialing()?.ways.get_mut(at)
    }

    /// Takes the next trunk in hand; says whether there was one.
    fn next_trunk(&mut self, id: CallId, at: usize) -> bool {
        let Some(way) = self.way(id, at) else { return false };
        let Some(trunk) = way.next_hop().map(|hop| hop.trunk) else {
            let end = way.end();
            if let Some(dialing) = self.calls.get_mut(id).and_then(Call::dialing) {
                match end {
                    WayEnd::Failed(status) => dialing.note_failed(LegId::default(), status),
                    WayEnd::Spent(limit) => dialing.note_spent(limit),
                    WayEnd::NoRoute => dialing.note_unresolved(Unresolved::NoRoute),
                }
            }
            return false;
        };
        let Some(known) = self.trunks.get(trunk).filter(|known| known.trunk.enabled) else { return true };
        let choice = known.trunk.choice.clone();
        if !self.may_spend(id, at) {
            return true;
        }
        let value = match choice {
            Choice::Hash(over) => self.hashed_over(id, at, over),
            _ => String::new(),
        };
        let order = self.trunks.order(trunk, &value, &mut self.wire);
        if let Some(way) = self.way(id, at) {
            way.gateways = order.into();
        }
        true
    }

    fn hashed_over(&mut self, id: CallId, at: usize, over: HashOver) -> String {
        let Some(call) = self.calls.get(id) else { return String::new() };
        match over {
            HashOver::CallId => self.legs.get(call.caller).map(|leg| leg.sip_call_id.clone()).unwrap_or_default(),
            HashOver::Caller => call.invitation.caller.user.clone(),
            HashOver::Callee => self.way(id, at).map(|way| way.outbound.number.to_string()).unwrap_or_default(),
            HashOver::Header(name) => {
                let found = call.invitation.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name));
                found.map(|(_, value)| value.clone()).unwrap_or_default()
            }
        }
    }

    /// A gateway's addresses.
    pub(crate) fn gateway_located(
        &mut self,
        id: CallId,
        at: usize,
        gateway: GatewayId,
        addresses: &[(Transport, SocketAddr)],
    ) {
        let Some(dialing) = self.calls.get_mut(id).and_then(Call::dialing) else { return };
        dialing.resolving = dialing.resolving.saturating_sub(1);
        let Some(way) = dialing.ways.get_mut(at).filter(|way| way.gateway == Some(gateway)) else { return };
        let trunk = way.hop.as_ref().map(|hop| hop.trunk);
        if addresses.is_empty() {
            way.note_failed(Status::SERVICE_UNAVAILABLE.0);
        } else if let Some(trunk) = trunk {
            way.addresses = addresses.iter().copied().collect();
            self.trunks.found(trunk, gateway, addresses);
        }
        self.go_on(id, at);
        self.end_step_if_over(id);
    }

    /// Calls a number by one address; says whether that could be begun.
    fn call_gateway(
        &mut self,
        id: CallId,
        at: usize,
        gateway: GatewayId,
        (transport, remote): (Transport, SocketAddr),
    ) -> bool {
        let now = self.wire.now;
        let Some(way) = self.way(id, at) else { return false };
        let (outbound, Some(hop)) = (way.outbound.clone(), way.hop.clone()) else { return false };
        let Some(known) = self.trunks.get(hop.trunk) else { return false };
        let (trunk, Some(site)) = (known.trunk.clone(), known.gateway(gateway).map(|gateway| gateway.site.clone()))
        else {
            return false;
        };
        let uri = uri_of(&trunk, gateway, &site, &hop.callee);
        let (Some(local), Ok(uri)) = (self.wire.local(transport, remote.ip()), UriBuf::parse(uri)) else {
            if let Some(way) = self.way(id, at) {
                way.note_failed(Status::BAD_GATEWAY.0);
            }
            return false;
        };
        let party = outbound.number.to_string();
        let attempt =
            Attempt { way: at, outbound, hop, began: now, patience: None, reached: false, rang: None, told: false };
        let media = trunk.media.clone();
        let on =
            OnTrunk { trunk, gateway: Some(gateway), attempt: Some(attempt), proof: Proof::default(), asked: None };
        let flow = Flow { transport, local, remote, connection: None };
        let to = (uri, Vec::new(), flow);
        self.add_branch(id, Branch { party, to, media, wide: false, trunk: Some(Box::new(on)) });
        true
    }

    /// The INVITE of a leg outside went out: the trunk has so much patience with a gateway that says nothing at all.
    pub(crate) fn begin_patience(&mut self, id: LegId) {
        let Some(on) = self.legs.get_mut(id).and_then(|leg| leg.trunk.as_deref_mut()) else { return };
        let patience = on.trunk.patience;
        if let Some(attempt) = &mut on.attempt {
            self.wire.timers.cancel(&mut attempt.patience);
            attempt.patience = Some(self.wire.arm(patience, Timer::Patience(id)));
        }
    }

    /// A gateway has said nothing: the call is tried elsewhere. Should it take it later, it is told that it is too late.
    pub(crate) fn patience_is_over(&mut self, id: LegId) {
        let Some(on) = self.legs.get_mut(id).and_then(|leg| leg.trunk.as_deref_mut()) else { return };
        let Some(attempt) = &mut on.attempt else { return };
        attempt.patience = None;
        let (trunk, gateway) = (on.trunk.id, on.gateway);
        if let Some(gateway) = gateway {
            self.gateway_silent(trunk, gateway);
        }
        // RFC 3261 §16.7 step 6: a timeout is a 408, and nobody's answer.
        if self.is_to_move_on(id, Status::REQUEST_TIMEOUT.0) {
            let way = self.give_up_here(id, Status::REQUEST_TIMEOUT.0);
            // It lives until it says something after all.
            self.cancel_leg(id, None);
            self.move_on(way);
        }
    }

    /// A callee was heard, and cannot be talked with all the same: it is given up, and the call tried elsewhere or not.
    pub(crate) fn give_up_branch(&mut self, id: LegId, status: u16) {
        if self.is_to_move_on(id, status) {
            let way = self.give_up_here(id, status);
            self.cancel_leg(id, None);
            return self.move_on(way);
        }
        self.attempt_over(id, Some(status));
        if let Some(leg) = self.legs.get_mut(id) {
            leg.last_status.get_or_insert(status);
        }
        // It lives until it says something after all.
        self.cancel_leg(id, None);
        self.branch_lost(id, status);
    }

    /// An answer of any kind came from a gateway.
    pub(crate) fn gateway_spoke(&mut self, id: LegId, response: &Message<'_>, status: Status) {
        let now = self.wire.now;
        let Some(on) = self.legs.get_mut(id).and_then(|leg| leg.trunk.as_deref_mut()) else { return };
        let (trunk, gateway) = (on.trunk.id, on.gateway);
        let Some(attempt) = &mut on.attempt else { return };
        self.wire.timers.cancel(&mut attempt.patience);
        let heard = matches!(status.0, 180..=182) || (status.0 == 183 && !response.body().is_empty());
        if heard || status.is_success() {
            attempt.reached = true;
            attempt.rang.get_or_insert(now);
        }
        let standing = gateway.and_then(|gateway| self.trunks.get_mut(trunk)?.gateways.get_mut(&gateway));
        let Some(standing) = standing else { return };
        // §21.5.4: only where it says for how long; without that it is as any other failure.
        match (status, retry_after(response)) {
            (Status::SERVICE_UNAVAILABLE, Some(time)) => standing.health.rest(now, time),
            _ => standing.health.handle_life(),
        }
    }

    /// An attempt failed by this final status. Where another may be made it is, and the leg is forgotten; says whether.
    pub(crate) fn moves_on(&mut self, id: LegId, status: u16) -> bool {
        if !self.is_to_move_on(id, status) {
            return false;
        }
        let way = self.give_up_here(id, status);
        self.leg_gone(id);
        self.move_on(way);
        true
    }

    fn is_to_move_on(&mut self, id: LegId, status: u16) -> bool {
        let Some(leg) = self.legs.get(id) else { return false };
        let Some(attempt) = leg.trunk.as_deref().and_then(|on| on.attempt.as_ref()) else { return false };
        let cancelled = matches!(&leg.state, LegState::Calling(calling) if calling.cancelled);
        let (call, open) = (leg.call, !attempt.reached && !cancelled && fails_over(status));
        open && self.calls.get_mut(call).and_then(Call::dialing).is_some_and(|dialing| dialing.ringing.contains(&id))
    }

    /// Takes note that nothing came of an attempt; gives the way that it was on.
    fn give_up_here(&mut self, id: LegId, status: u16) -> Option<(CallId, usize)> {
        self.attempt_over(id, Some(status));
        let leg = self.legs.get_mut(id)?;
        leg.last_status.get_or_insert(status);
        let (call, at) = (leg.call, leg.trunk.as_deref()?.attempt.as_ref()?.way);
        let dialing = self.calls.get_mut(call)?.dialing()?;
        dialing.lost(id);
        // Whoever could not be asked or reached has not answered: not 408, and no challenge of theirs.
        dialing.ways.get_mut(at)?.note_failed(if status < 500 { Status::SERVICE_UNAVAILABLE.0 } else { status });
        Some((call, at))
    }

    fn move_on(&mut self, way: Option<(CallId, usize)>) {
        if let Some((call, at)) = way {
            self.go_on(call, at);
            self.end_step_if_over(call);
        }
    }

    /// Tells once what came of an attempt; `None` when it was given up.
    pub(crate) fn attempt_over(&mut self, id: LegId, status: Option<u16>) {
        let Some(on) = self.legs.get_mut(id).and_then(|leg| leg.trunk.as_deref_mut()) else { return };
        let (trunk, Some(gateway)) = (on.trunk.id, on.gateway) else { return };
        let Some(attempt) = on.attempt.as_mut() else { return };
        self.wire.timers.cancel(&mut attempt.patience);
        if std::mem::replace(&mut attempt.told, true) {
            return;
        }
        let rang_after = attempt.rang.map(|rang| rang.saturating_duration_since(attempt.began));
        self.notice(Notice::Attempt { trunk, gateway, status, rang_after });
    }

    /// A carrier wants to know who we are: the request is sent again, proven. Says whether it was.
    pub(crate) fn proves(&mut self, id: LegId, purpose: Purpose, response: &Message<'_>, status: Status) -> bool {
        let Some(leg) = self.legs.get_mut(id) else { return false };
        let Some(on) = leg.trunk.as_deref_mut() else { return false };
        let trunk = on.trunk.clone();
        match on.proof.challenged(trunk.login.as_ref(), response, status) {
            Ok(()) => leg.ask_again(purpose, &mut self.wire),
            Err(why) => {
                tracing::warn!(trunk = trunk.name, %why, "the carrier does not take a request of ours");
                false
            }
        }
    }

    /// What the caller of this leg hears before the answer.
    pub(crate) fn early_of(&self, id: LegId) -> EarlyMedia {
        let Some(leg) = self.legs.get(id) else { return EarlyMedia::Passed };
        let Some(on) = leg.trunk.as_deref() else { return EarlyMedia::Passed };
        let wanted = self.calls.get(leg.call).and_then(Call::early_wanted);
        wanted.unwrap_or(on.trunk.early)
    }
}

/// Whom an INVITE to this gateway names: the number at our domain there, else at the gateway's own name.
fn uri_of(trunk: &Trunk, gateway: GatewayId, site: &Site, callee: &str) -> String {
    let at = trunk.gateways.iter().position(|known| known.id == gateway).unwrap_or(0);
    let registered = trunk.registration.is_some().then(|| domain_of(trunk, at)).flatten();
    let host = registered.unwrap_or_else(|| match site.port {
        Some(port) => format!("{}:{port}", host_of(site)),
        None => host_of(site),
    });
    let transport = match site.transport {
        Some(transport) if transport != Transport::Udp => {
            format!(";transport={}", transport.as_str().to_ascii_lowercase())
        }
        _ => String::new(),
    };
    // RFC 3261 §19.1.1: the user part is a telephone number.
    format!("sip:{}@{host}{transport};user=phone", Escaped(callee))
}

/// §20.33: seconds, then perhaps a comment and parameters.
pub(crate) fn retry_after(response: &Message<'_>) -> Option<Duration> {
    let value = response.value(Name::RetryAfter)?;
    let digits = value.trim().split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok().map(Duration::from_secs)
}
