//! The switch itself: who is told of an input, and in what order outputs leave.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use sip::transaction::ServerKey;
use sip::{ConnectionId, Flow};
use slotmap::SlotMap;

use crate::ask::{Answer, Ask, Unlocated};
use crate::call::Call;
use crate::config::Config;
use crate::floods::Floods;
use crate::gatekeeper::Gatekeeper;
use crate::ids::{Aor, CallId, LegId, PortId, TenantId, Ticket};
use crate::intake::Intake;
use crate::io::{Input, Output};
use crate::keys::Carried;
use crate::lamps::{Lamps, Lookup};
use crate::leg::Leg;
use crate::mint::Mint;
use crate::record::{LegRecord, Notice, Record, StoredBinding};
use crate::registrar::Registrar;
use crate::spending::ledger::{BillId, Ledger};
use crate::timers::{Timer, TimerKey};
use crate::trunk::{Sought, Trunks};
use crate::wire::Wire;

/// The exchange. See the [crate's documentation](crate) for the contract.
#[derive(Debug)]
pub struct Switch {
    pub(crate) wire: Wire,
    pub(crate) registrar: Registrar,
    pub(crate) gatekeeper: Gatekeeper,
    pub(crate) floods: Floods,
    pub(crate) trunks: Trunks,
    pub(crate) lamps: Lamps,
    pub(crate) ledger: Ledger,
    /// Calls by what their legs outside spend.
    pub(crate) bills: HashMap<BillId, CallId>,
    pub(crate) calls: SlotMap<CallId, Call>,
    pub(crate) legs: SlotMap<LegId, Leg>,
    pub(crate) questions: SlotMap<Ticket, Question>,
    /// Legs by the tag that we minted for them.
    pub(crate) tags: HashMap<String, LegId>,
    /// Arriving legs by their INVITE's transaction.
    pub(crate) invites: HashMap<ServerKey, LegId>,
    /// Calls and legs by the media port that was given to them, until its counts are back.
    pub(crate) ports: HashMap<PortId, (CallId, LegId)>,
    /// INFOs that were carried to the other leg, by the transaction that waits for the answer.
    pub(crate) carried: HashMap<ServerKey, Carried>,
    /// The domains that peers have proven to be, by open connection.
    pub(crate) vouched: HashMap<ConnectionId, Vec<String>>,
    /// How many calls each tenant has.
    pub(crate) tenants: BTreeMap<TenantId, u32>,
    pub(crate) draining: bool,
}

/// A question that waits for its answer.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) asked: Asked,
    pub(crate) timer: Option<TimerKey>,
}

/// What the answer is for.
#[derive(Debug)]
pub(crate) enum Asked {
    /// May this request pass?
    Admission(Box<Intake>),
    /// Where does a target of this call's dial lead?
    Resolve(CallId),
    /// A media port for this leg.
    Port(LegId),
    /// Where is a gateway?
    Locate(Sought),
    /// What does a lamp say?
    Lamp(Lookup),
}

impl Switch {
    /// A switch with nothing in it. `wall` is the time of day at `now`; all randomness grows from `seed`, which must be
    /// unguessable.
    #[must_use]
    pub fn new(config: Config, seed: [u8; 32], now: Instant, wall: SystemTime) -> Self {
        let config = Arc::new(config);
        let mut mint = Mint::new(seed);
        Self {
            floods: Floods::new(config.floods.clone()),
            registrar: Registrar::new(config.registrar.clone()),
            lamps: Lamps::new(config.lamps.clone()),
            gatekeeper: Gatekeeper::new(config.gatekeeper.clone(), mint.secret(), now),
            wire: Wire::new(config, mint, now, wall),
            trunks: Trunks::default(),
            ledger: Ledger::new(now, wall),
            bills: HashMap::new(),
            calls: SlotMap::with_key(),
            legs: SlotMap::with_key(),
            questions: SlotMap::with_key(),
            tags: HashMap::new(),
            invites: HashMap::new(),
            ports: HashMap::new(),
            carried: HashMap::new(),
            vouched: HashMap::new(),
            tenants: BTreeMap::new(),
            draining: false,
        }
    }

    /// Gives back a binding that was kept, before the first input. One that came to a socket that is no more is reached
    /// from another of its kind; where there is none, it is forgotten.
    pub fn restore(&mut self, now: Instant, mut binding: StoredBinding) {
        self.wire.now = now;
        let Some(transport) = sip::Transport::parse(&binding.transport) else { return };
        if !self.wire.config.locals.contains(&(transport, binding.local)) {
            let Some(local) = self.wire.local(transport, binding.remote.ip()) else { return };
            binding.local = local;
        }
        let wall = self.wire.wall();
        self.registrar.restore(now, wall, binding);
    }

    /// Tells the time of day anew.
    pub fn set_wall(&mut self, now: Instant, wall: SystemTime) {
        self.wire.set_wall(now, wall);
    }

    /// Takes one input. Drain [`poll`](Self::poll) before the next.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        self.wire.now = now;
        match input {
            Input::Datagram { flow, bytes } | Input::Frame { flow, bytes } => self.receive(flow, bytes),
            Input::Vouched(connection, names) => drop(self.vouched.insert(connection, names)),
            Input::Closed(connection) => {
                self.vouched.remove(&connection);
                self.wire.layer.handle_connection_closed(connection);
            }
            Input::Unsent(flow) => self.wire.layer.handle_flow_failed(&flow),
            Input::Answer(ticket, answer) => self.answer(ticket, answer),
            Input::Command(call, command) => self.command(call, command),
            Input::Media(event) => self.media_event(&event),
            Input::Lamp(lamp) => self.lamp_changed(&lamp),
            Input::Timeout => self.timeout(),
        }
        self.settle_transactions();
        self.tell_spending();
    }

    /// The next output; `None` when all are taken. Messages come last: the media engine must know whom to expect before
    /// a peer is told that it may speak.
    pub fn poll(&mut self) -> Option<Output> {
        match self.wire.outputs.pop_front() {
            Some(output) => Some(output),
            None => self.wire.layer.poll_transmit().map(Output::Transmit),
        }
    }

    /// When [`Input::Timeout`] is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let others = [self.registrar.poll_timeout(), self.trunks.poll_timeout(), self.ledger.poll_timeout()];
        let own = [self.wire.timers.next(), self.wire.layer.poll_timeout(), self.lamps.poll_timeout()];
        own.into_iter().chain(others).flatten().min()
    }

    /// How many calls there are, those that are ending too.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls.len()
    }

    /// How many transactions there are.
    #[must_use]
    pub fn transactions(&self) -> usize {
        self.wire.layer.len()
    }

    /// Nothing is under way: no call, leg, question, transaction or timer of theirs. Registrations may stand, of phones here
    /// and of ours at carriers, and subscriptions.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.calls.is_empty()
            && self.legs.is_empty()
            && self.questions.is_empty()
            && self.tags.is_empty()
            && self.invites.is_empty()
            && self.ports.is_empty()
            && self.carried.is_empty()
            && self.trunks.is_idle()
            && self.lamps.is_idle()
            && self.ledger.is_quiet()
            && self.bills.is_empty()
            && self.wire.reels.is_empty()
            && self.wire.layer.is_empty()
            && self.wire.timers.is_empty()
    }

    /// From now on new calls are shed with 503; those that are up go on. Carriers are told that we are not there any more;
    /// subscriptions stand, for they are given back to the next.
    pub fn drain(&mut self, now: Instant) {
        self.wire.now = now;
        self.draining = true;
        self.leave_carriers();
        self.settle_transactions();
    }

    /// All bindings of a tenant, or of all.
    pub fn registrations(&self, now: Instant, tenant: Option<TenantId>) -> impl Iterator<Item = StoredBinding> + '_ {
        self.registrar.stored(now, self.wire.wall_at(now), tenant)
    }

    /// The legs of a call that are there now, the caller's first, as a record would have them, and the port of each: what
    /// went through it only the media engine knows.
    #[must_use]
    pub fn legs(&self, call: CallId) -> Vec<(LegRecord, Option<PortId>)> {
        let Some(call) = self.calls.get(call) else { return Vec::new() };
        let legs = call.legs.iter().filter_map(|leg| self.legs.get(*leg));
        legs.map(|leg| (leg.record(), leg.port.map(|port| port.id))).collect()
    }

    /// How many bindings there are.
    #[must_use]
    pub fn bindings(&self) -> usize {
        self.registrar.len()
    }

    /// A user is gone: so are its bindings, and its subscriptions, whose phones are told.
    pub fn forget_bindings(&mut self, now: Instant, aor: &Aor) {
        self.wire.now = now;
        for change in self.registrar.forget(aor) {
            self.wire.outputs.push_back(Output::Record(Record::Binding(change)));
        }
        self.forget_subscriptions(aor);
    }

    /// Asks, with a deadline.
    pub(crate) fn ask(&mut self, asked: Asked, ask: Ask) {
        let ticket = self.questions.insert(Question { asked, timer: None });
        let timer = self.wire.arm(self.wire.config.ask_time, Timer::Ask(ticket));
        if let Some(question) = self.questions.get_mut(ticket) {
            question.timer = Some(timer);
        }
        self.wire.ask(ticket, ask);
    }

    /// An answer came; a late one, or one of another kind, finds nothing.
    fn answer(&mut self, ticket: Ticket, answer: Answer) {
        let Some(mut question) = self.questions.remove(ticket) else { return };
        self.wire.timers.cancel(&mut question.timer);
        match (question.asked, answer) {
            (Asked::Admission(intake), Answer::Admission(admission)) => {
                self.admitted(*intake, admission.map(|known| *known));
            }
            (Asked::Resolve(call), Answer::Resolve(found)) => self.resolved(call, found),
            (Asked::Port(leg), Answer::Port(port)) => self.port_given(leg, port.ok()),
            (Asked::Locate(sought), Answer::Located(found)) => self.located(sought, found),
            (Asked::Lamp(lookup), Answer::Lamp(found)) => self.lamp_found(lookup, found),
            (asked, _) => self.unanswered(asked),
        }
    }

    /// No answer came in time, or none that fits.
    fn unanswered(&mut self, asked: Asked) {
        match asked {
            Asked::Admission(intake) => self.refuse_intake(&intake, sip::Status::SERVICE_UNAVAILABLE),
            Asked::Resolve(call) => self.resolved(call, Ok(Vec::new())),
            Asked::Port(leg) => self.port_given(leg, None),
            Asked::Locate(sought) => self.located(sought, Err(Unlocated("the name servers do not answer".to_owned()))),
            Asked::Lamp(lookup) => self.lamp_unknown(lookup),
        }
    }

    fn timeout(&mut self) {
        let now = self.wire.now;
        self.wire.layer.handle_timeout(now);
        self.settle_transactions();
        while let Some(timer) = self.wire.timers.pop_due(now) {
            match timer {
                Timer::Decide(call) => self.decision_is_due(call),
                Timer::SetUp(call) => self.set_up_is_over(call),
                Timer::Ring(call) => self.ring_time_is_over(call),
                Timer::Wait(call) => self.waited(call),
                Timer::Sound(call) => self.sound_is_due(call),
                Timer::Count(call) => self.counts_are_due(call),
                Timer::Patience(leg) => self.patience_is_over(leg),
                Timer::Accepting(leg) => self.accept_again(leg),
                Timer::Assured(leg) => self.prack_is_due(leg),
                Timer::Refresh(leg) => self.refresh_is_due(leg),
                Timer::Expired(leg) => self.dialog_expired(leg),
                Timer::Update(leg) => self.update_is_overdue(leg),
                Timer::Progress(leg) => {
                    if let Some(leg) = self.legs.get_mut(leg) {
                        leg.repeat_progress(&mut self.wire);
                    }
                }
                Timer::Ask(ticket) => {
                    if let Some(question) = self.questions.remove(ticket) {
                        self.unanswered(question.asked);
                    }
                }
            }
        }
        self.trunks_are_due();
        self.lamps_are_due();
        self.spending_is_due();
        for change in self.registrar.handle_timeout(now) {
            self.wire.outputs.push_back(Output::Record(Record::Binding(change)));
        }
    }

    /// What the transaction layer has to say of itself.
    pub(crate) fn settle_transactions(&mut self) {
        use sip::transaction::Event;
        while let Some(event) = self.wire.layer.poll_event() {
            match event {
                Event::TimedOut(_, owner) => self.transaction_failed(owner, 408),
                Event::Failed(_, owner) => self.transaction_failed(owner, 503),
                _ => {}
            }
        }
    }

    pub(crate) fn notice(&mut self, notice: Notice) {
        self.wire.outputs.push_back(Output::Notice(notice));
    }

    /// A new leg gets its key, and is found by its tag from now on.
    pub(crate) fn add_leg(&mut self, leg: Leg) -> LegId {
        if let Some(on) = leg.trunk.as_deref() {
            self.trunks.took(on.trunk.id, on.gateway);
        }
        let tag = leg.local_tag.clone();
        let id = self.legs.insert(leg);
        if let Some(leg) = self.legs.get_mut(id) {
            leg.id = id;
        }
        self.tags.insert(tag, id);
        id
    }

    /// Asks for a media port for a leg.
    pub(crate) fn ask_port(&mut self, leg: LegId, flow: Flow) {
        let caller = self.legs.get(leg).and_then(|leg| self.calls.get(leg.call)).map(|call| call.caller);
        let beside = caller.and_then(|caller| self.legs.get(caller)).and_then(|caller| caller.port).map(|port| port.id);
        self.ask(Asked::Port(leg), Ask::Port { toward: flow.remote, beside });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_peer_has_proven_is_known_for_as_long_as_its_connection_is_open() {
        let now = Instant::now();
        let mut switch = Switch::new(Config::default(), [1; 32], now, SystemTime::UNIX_EPOCH);
        let (carrier, other) = (ConnectionId(1), ConnectionId(2));
        switch.handle(now, Input::Vouched(carrier, vec!["carrier.example".to_owned()]));
        switch.handle(now, Input::Vouched(other, vec!["other.example".to_owned()]));
        switch.handle(now, Input::Closed(other));
        assert_eq!(switch.vouched.get(&carrier).map(Vec::as_slice), Some(&["carrier.example".to_owned()][..]));
        assert_eq!(switch.vouched.len(), 1);
        switch.handle(now, Input::Closed(carrier));
        assert!(switch.vouched.is_empty() && switch.is_idle());
    }
}
