//! The loop of the signalling thread.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::mpsc::TryRecvError;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};
use conference::Conference;
use rustix::event::Timespec;
use rustix::event::epoll::{self, EventData, EventFlags};
use sip::{Flow, Transmit, Transport};
use switch::{
    Answer, Application, Ask, Asker, CallControl, CallId, Command, Destination, Event, Input, Invitation, Money,
    NotAdmitted, Output, Payer, PortId, Purse, Record, RecordingEnd, StoredBinding, StoredSubscription, Switch, Target,
    TenantId, Ticket, Trunk, Unresolved,
};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::connections::{Connections, Sent};
use super::inbox::{Begun, Inward, Outbox};
use super::locator::Locator;
use super::streams::{Streams, name_of};
use super::tls::Tls;
use super::udp::{Batch, Udp};
use super::{Exchange, Listener, news};
use crate::applications::{Applications, Served};
use crate::directory::Directory;
use crate::door::Door;
use crate::mailroom::Mailroom;
use crate::media::Engine;
use crate::network::Network;
use crate::observer::Observer;

/// What the thread is given.
pub(crate) struct Parts {
    pub(crate) config: switch::Config,
    pub(crate) seed: [u8; 32],
    /// From this grows the chance by which addresses are tried.
    pub(crate) chance: [u8; 32],
    pub(crate) listeners: Vec<Listener>,
    pub(crate) bindings: Vec<StoredBinding>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) network: Arc<Network>,
    pub(crate) conference: Conference,
    pub(crate) mailroom: Mailroom,
    pub(crate) subscriptions: Vec<StoredSubscription>,
    /// The trunks, and what has been spent today.
    pub(crate) trunks: Vec<Trunk>,
    pub(crate) spent: Vec<(Payer, u64, Money, SystemTime)>,
    pub(crate) applications: Arc<Applications>,
    pub(crate) engine: Engine,
    pub(crate) writer: store::Writer,
    pub(crate) streams: super::StreamLimits,
    pub(crate) tls: Option<Arc<Tls>>,
    /// Whom to ask for addresses; the system's name servers when there are none.
    pub(crate) name_servers: Vec<SocketAddr>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
}

/// The inbox's place among the sockets.
const BELL: u64 = u64::MAX;
/// How many batches are taken from one socket before the others have their turn.
const TURNS: usize = 4;
/// How many things are taken from the inbox before the sockets have their turn.
const INWARD: usize = 256;
const GAUGES: Duration = Duration::from_secs(1);

/// Starts the thread. Gives the hold on it that all others have.
pub(crate) fn start(parts: Parts, exchange: Exchange, outbox: Outbox, runtime: &Handle) -> Result<JoinHandle<()>> {
    let now = Instant::now();
    let mut config = parts.config;
    let mut sockets = Vec::new();
    let streams = Streams::new(exchange.inbox.clone(), parts.streams, parts.tls);
    for listener in parts.listeners {
        match listener {
            Listener::Udp(socket) => {
                let udp = Udp::new(socket)?;
                config.locals.push((Transport::Udp, udp.local));
                sockets.push(udp);
            }
            Listener::Tcp(listener) => accept(&mut config, &streams, listener, Transport::Tcp, runtime)?,
            Listener::Tls(listener) => accept(&mut config, &streams, listener, Transport::Tls, runtime)?,
        }
    }
    let (servers, locals) = (parts.name_servers, config.locals.clone());
    let locator = Locator::new(servers, locals, parts.chance, exchange.inbox.clone(), runtime.clone());
    let mut switch = Switch::new(config, parts.seed, now, SystemTime::now());
    for binding in parts.bindings {
        switch.restore(now, binding);
    }
    for subscription in parts.subscriptions {
        switch.restore_subscription(now, subscription);
    }
    for (payer, seconds, cost, day_ends) in parts.spent {
        switch.restore_spending(payer, seconds, cost, day_ends);
    }
    switch.set_trunks(now, parts.trunks);
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC).context("an epoll for signalling")?;
    epoll::add(&poll, outbox.bell(), EventData::new_u64(BELL), EventFlags::IN).context("watching the inbox")?;
    for (at, udp) in sockets.iter().enumerate() {
        epoll::add(&poll, &udp.socket, EventData::new_u64(at as u64), EventFlags::IN)
            .context("watching a UDP socket")?;
    }
    let thread = Thread {
        switch,
        poll,
        outbox,
        sockets,
        streams,
        connections: Connections::default(),
        locator,
        directory: parts.directory,
        network: parts.network,
        conference: parts.conference,
        mailroom: parts.mailroom,
        applications: parts.applications,
        engine: parts.engine,
        writer: parts.writer,
        exchange,
        runtime: runtime.clone(),
        observer: parts.observer,
        inputs: VecDeque::new(),
        offered: HashMap::new(),
        begun: HashMap::new(),
        held: HashMap::new(),
        received: 0,
        sent: 0,
        next_gauges: now,
    };
    std::thread::Builder::new()
        .name("signalling".to_owned())
        .spawn(move || thread.run())
        .context("starting the signalling thread")
}

fn accept(
    config: &mut switch::Config,
    streams: &Arc<Streams>,
    listener: std::net::TcpListener,
    transport: Transport,
    runtime: &Handle,
) -> Result<()> {
    config.locals.push((transport, listener.local_addr().context("a listener's own address")?));
    let _inside = runtime.enter();
    let listener = tokio::net::TcpListener::from_std(listener).context("listening for streams")?;
    runtime.spawn(streams.clone().accept(listener, transport));
    Ok(())
}

struct Thread {
    switch: Switch,
    poll: OwnedFd,
    outbox: Outbox,
    sockets: Vec<Udp>,
    streams: Arc<Streams>,
    connections: Connections,
    locator: Locator,
    directory: Arc<Directory>,
    network: Arc<Network>,
    conference: Conference,
    mailroom: Mailroom,
    applications: Arc<Applications>,
    engine: Engine,
    writer: store::Writer,
    exchange: Exchange,
    runtime: Handle,
    observer: Option<Arc<dyn Observer>>,
    /// What the switch is to be told once it has said all.
    inputs: VecDeque<Input<'static>>,
    /// Calls that arrived and are not attached yet, with the applications that they are for.
    offered: HashMap<CallId, (Served, Arc<Invitation>)>,
    /// Calls that the exchange has begun, and for what; until they are offered to it.
    begun: HashMap<CallId, Arc<dyn Application>>,
    /// The lines to the applications that hold calls, by call.
    held: HashMap<CallId, mpsc::Sender<Event>>,
    received: u64,
    sent: u64,
    next_gauges: Instant,
}

impl Thread {
    fn run(mut self) {
        let mut events = Vec::with_capacity(64);
        let mut batch = Batch::default();
        let mut waiting = false;
        self.drain(Instant::now());
        self.flush();
        loop {
            events.clear();
            let timeout = if waiting || !self.outbox.may_wait() { Duration::ZERO } else { self.patience() };
            let timeout =
                Timespec { tv_sec: timeout.as_secs().try_into().unwrap_or(60), tv_nsec: timeout.subsec_nanos().into() };
            match epoll::wait(&self.poll, rustix::buffer::spare_capacity(&mut events), Some(&timeout)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => {
                    tracing::error!(%error, "the signalling thread cannot wait for messages");
                    std::thread::sleep(Duration::from_millis(100));
                }
            }
            self.outbox.works();
            for event in &events {
                match event.data.u64() {
                    BELL => self.outbox.heard(),
                    at => self.receive(usize::try_from(at).unwrap_or(0), &mut batch),
                }
            }
            match self.take_inward() {
                Some(more) => waiting = more,
                None => return self.flush(),
            }
            let now = Instant::now();
            if self.switch.poll_timeout().is_some_and(|due| due <= now) {
                self.handle(now, Input::Timeout);
            }
            self.flush();
            if now >= self.next_gauges {
                self.next_gauges = now + GAUGES;
                self.tell_gauges(now);
            }
        }
    }

    fn patience(&self) -> Duration {
        let now = Instant::now();
        let due = self.switch.poll_timeout().map_or(self.next_gauges, |due| due.min(self.next_gauges));
        due.saturating_duration_since(now)
    }

    fn receive(&mut self, at: usize, batch: &mut Batch) {
        let now = Instant::now();
        for _ in 0..TURNS {
            let Some(udp) = self.sockets.get(at) else { return };
            let local = udp.local;
            udp.receive(batch);
            for (remote, bytes) in batch.datagrams() {
                self.received += 1;
                let flow = Flow { transport: Transport::Udp, local, remote, connection: None };
                self.observe_in(&flow, bytes);
                self.handle(now, Input::Datagram { flow, bytes });
            }
            if !batch.is_full() {
                return;
            }
        }
    }

    /// Sends the datagrams that wait, and what comes of those that cannot be sent.
    fn flush(&mut self) {
        // The media engine first: an answer that leaves may bring voice at once.
        self.engine.flush();
        loop {
            for udp in &mut self.sockets {
                self.inputs.extend(udp.flush().into_iter().map(Input::Unsent));
            }
            if self.inputs.is_empty() {
                return;
            }
            self.drain(Instant::now());
            self.engine.flush();
        }
    }

    /// Takes what other threads gave; says whether there is more, and nothing when it is the end.
    fn take_inward(&mut self) -> Option<bool> {
        let now = Instant::now();
        for _ in 0..INWARD {
            match self.outbox.try_recv() {
                Ok(Inward::Stop) | Err(TryRecvError::Disconnected) => return None,
                Ok(inward) => self.inward(now, inward),
                Err(TryRecvError::Empty) => return Some(false),
            }
        }
        Some(true)
    }

    fn inward(&mut self, now: Instant, inward: Inward) {
        match inward {
            Inward::Frame { flow, bytes, room: _room } => {
                self.received += 1;
                self.observe_in(&flow, &bytes);
                self.connections.heard(&flow, &bytes);
                self.handle(now, Input::Frame { flow, bytes: &bytes });
            }
            Inward::Opened { connection, flow, out, names, made } => {
                if !names.is_empty() {
                    self.handle(now, Input::Vouched(connection, names.clone()));
                }
                let unsent = self.connections.opened(connection, flow, out, names, made);
                self.unsent(now, unsent);
            }
            Inward::Closed(connection) => {
                self.connections.closed(connection);
                self.handle(now, Input::Closed(connection));
            }
            Inward::Unmade(name) => {
                let unsent = self.connections.unmade(name);
                self.unsent(now, unsent);
            }
            Inward::Located(site, outcome) => {
                for (ticket, answer) in self.locator.learn(now, &site, outcome) {
                    self.handle(now, Input::Answer(ticket, answer));
                }
            }
            Inward::Command(call, command) => self.handle(now, Input::Command(call, command)),
            Inward::Media(event) => self.handle(now, Input::Media(event)),
            Inward::Lamp(lamp) => self.handle(now, Input::Lamp(lamp)),
            Inward::NoLamp(tenant, mailbox) => {
                self.switch.forget_lamp(now, tenant, &mailbox);
                self.drain(now);
            }
            Inward::Registrations(tenant, answer) => {
                let _ = answer.send(self.switch.registrations(now, tenant).collect());
            }
            Inward::Legs(call, answer) => {
                let legs = self.switch.legs(call).into_iter();
                let measured = |port: Option<PortId>| port.map(|port| self.engine.measure(port));
                let _ = answer.send(legs.map(|(leg, port)| (leg, measured(port))).collect());
            }
            Inward::Record(call, order, answer) => {
                let _ = answer.send(self.switch.record(now, call, order));
                self.drain(now);
            }
            Inward::Play(call, whom, order, answer) => {
                let _ = answer.send(self.switch.play(now, call, whom, *order));
                self.drain(now);
            }
            Inward::Originate(begun) => self.originate(now, *begun),
            Inward::Outside(trunks) => {
                self.switch.set_trunks(now, trunks);
                let payers = self.switch.spent(now).into_iter().map(|spent| spent.payer);
                let purses: Vec<Purse> = payers.filter_map(|payer| self.network.purse(payer)).collect();
                self.switch.note_purses(now, &purses);
                self.drain(now);
            }
            Inward::Trunks(answer) => {
                let _ = answer.send(self.switch.trunks(now));
            }
            Inward::Spent(answer) => {
                let _ = answer.send(self.switch.spent(now));
            }
            Inward::Forget(aor) => {
                self.switch.forget_bindings(now, &aor);
                self.drain(now);
            }
            Inward::Drain => {
                self.switch.drain(now);
                self.drain(now);
            }
            Inward::Stop => {}
        }
    }

    fn unsent(&mut self, now: Instant, flows: Vec<Flow>) {
        for flow in flows {
            self.handle(now, Input::Unsent(flow));
        }
    }

    /// Begins a call for an application; where that cannot be, the application is let go.
    fn originate(&mut self, now: Instant, begun: Begun) {
        let Begun { order, application } = begun;
        let policy = self.directory.policy(order.tenant);
        let call = policy.and_then(|policy| self.switch.originate(now, order, &policy).ok());
        match call {
            Some(call) => drop(self.begun.insert(call, application)),
            // Not here: it has something to say when it goes.
            None => drop(self.runtime.spawn(async move { drop(application) })),
        }
        self.drain(now);
    }

    fn handle(&mut self, now: Instant, input: Input<'_>) {
        self.switch.handle(now, input);
        self.drain(now);
    }

    /// Does all that the switch wants done, and tells it what comes of it.
    fn drain(&mut self, now: Instant) {
        loop {
            while let Some(output) = self.switch.poll() {
                self.output(now, output);
            }
            let Some(input) = self.inputs.pop_front() else { return };
            self.switch.handle(now, input);
        }
    }

    fn output(&mut self, now: Instant, output: Output) {
        match output {
            Output::Transmit(transmit) => self.transmit(transmit),
            Output::Ask(ticket, ask) => {
                if let Some(answer) = self.answer(now, ticket, ask) {
                    self.inputs.push_back(Input::Answer(ticket, answer));
                }
            }
            Output::Event(call, event) => self.event(call, event),
            Output::Media(command) => self.engine.command(command),
            Output::Record(record) => self.record(record),
            Output::Notice(notice) => news::tell(notice, &self.network.names(), &self.exchange.trunk_news),
        }
    }

    /// All is answered at once, from memory, but where a peer is: that may have to be looked for, and is told later.
    fn answer(&mut self, now: Instant, ticket: Ticket, ask: Ask) -> Option<Answer> {
        Some(match ask {
            Ask::Admission { trunk: Some(trunk), user, called, .. } => {
                let found = self.network.inbound(trunk, &called, &user);
                let admission = found.and_then(|(tenant, inbound)| {
                    self.directory.admission_over(tenant, inbound).ok_or(NotAdmitted(403))
                });
                Answer::Admission(admission)
            }
            Ask::Admission { domain, user, source, called, .. } => {
                let admission = self.directory.admission(&domain, &user, source);
                let admission = admission.map(|mut known| {
                    let tenant = known.tenant;
                    // Before an extension of this name, and before any dialplan.
                    known.emergency = called.first().is_some_and(|dialled| self.network.is_emergency(tenant, dialled));
                    known
                });
                Answer::Admission(admission.ok_or(NotAdmitted(403)))
            }
            Ask::Lamp { tenant, user, wanted } => {
                Answer::Lamp(self.mailroom.lamp(tenant, &user, &wanted).map(Box::new))
            }
            Ask::Locate(site) => return self.locator.locate(now, ticket, site),
            Ask::Resolve { tenant, target, asker } => Answer::Resolve(self.resolve(tenant, &target, &asker)),
            Ask::Port { toward, beside } => Answer::Port(self.engine.open(toward, beside)),
        })
    }

    /// Where a target leads: inside, or to a number outside.
    fn resolve(&self, tenant: TenantId, target: &Target, asker: &Asker) -> Result<Vec<Destination>, Unresolved> {
        let outside = |dialled: &str| match self.network.inside(tenant, dialled) {
            Some(own) => self.directory.resolve(tenant, &own),
            None => {
                let way = self.network.outbound(tenant, dialled, asker)?;
                Ok(vec![Destination::Outside(Box::new(way))])
            }
        };
        match target {
            Target::Number(dialled) => outside(dialled),
            Target::Dialled(dialled) => match self.directory.resolve(tenant, target) {
                Err(Unresolved::Unknown) => outside(dialled).map_err(|why| match why {
                    // What is no number is nobody.
                    Unresolved::Incomplete => Unresolved::Unknown,
                    other => other,
                }),
                found => found,
            },
            inside => self.directory.resolve(tenant, inside),
        }
    }

    fn transmit(&mut self, transmit: Transmit) {
        self.sent += 1;
        if let Some(observer) = &self.observer {
            observer.sent(&transmit.flow, &transmit.bytes);
        }
        let Transmit { flow, bytes } = transmit;
        if flow.transport == Transport::Udp {
            match self.sockets.iter_mut().find(|udp| udp.local == flow.local) {
                Some(udp) => udp.send(flow, bytes),
                None => self.inputs.push_back(Input::Unsent(flow)),
            }
            return;
        }
        match self.connections.send(flow, bytes, |address| self.locator.names_at(address)) {
            Sent::Taken => {}
            Sent::Make => {
                let hosts = self.locator.names_at(flow.remote);
                self.runtime.spawn(self.streams.clone().connect(name_of(&flow), hosts));
            }
            Sent::Lost => self.inputs.push_back(Input::Unsent(flow)),
        }
    }

    fn event(&mut self, call: CallId, event: Event) {
        self.exchange.board.hear(call, SystemTime::now(), &event);
        if let Some(observer) = &self.observer {
            observer.event(&event);
        }
        match &event {
            Event::Arrived(invitation) => {
                let begun = self.begun.remove(&call).map(Served::Own);
                // A number that leads to somebody, or an emergency: nobody is asked.
                let begun = match &invitation.leads_to {
                    Some(Target::Room(room)) => {
                        Some(Served::Own(Arc::new(Door::of(self.conference.clone(), room.clone()))))
                    }
                    Some(_) => return self.inputs.push_back(Input::Command(call, Command::Route { failed: None })),
                    None => begun,
                };
                match begun.or_else(|| self.applications.of(invitation.tenant).map(Served::Dialplan)) {
                    Some(served) => {
                        let label = served.application().label().clone();
                        self.offered.insert(call, (served, invitation.clone()));
                        self.inputs.push_back(Input::Command(call, Command::Attach(label)));
                    }
                    // A static route takes no hop at all.
                    None => self.inputs.push_back(Input::Command(call, Command::Route { failed: None })),
                }
            }
            Event::Attached(_) => {
                if let Some((application, invitation)) = self.offered.remove(&call) {
                    self.held.insert(call, self.applications.run(application, call, invitation));
                }
            }
            Event::Ended(_) => {
                self.offered.remove(&call);
                if let Some(line) = self.held.remove(&call) {
                    CallControl::hear(&line, event);
                }
            }
            _ => {
                if let Some(line) = self.held.get(&call) {
                    CallControl::hear(line, event);
                }
            }
        }
    }

    fn record(&mut self, record: Record) {
        if let Record::Cdr(cdr) = &record {
            metrics::counter!("strowger_calls_total", "disposition" => cdr.disposition.as_str()).increment(1);
            if cdr.fallback.is_some() {
                metrics::counter!("strowger_dialplan_fallbacks_total").increment(1);
            }
            if let Some(rang) = cdr.ringing.and_then(|rang| rang.duration_since(cdr.arrived).ok()) {
                metrics::histogram!("strowger_call_setup_seconds").record(rang.as_secs_f64());
            }
            for mos in cdr.legs.iter().filter_map(|leg| leg.media?.mos) {
                metrics::histogram!("strowger_call_mos").record(f64::from(mos) / 100.0);
            }
            news::charged(cdr, &self.network.names());
            metrics::counter!("strowger_store_writes_total", "kind" => "cdr").increment(1);
            if let Some(observer) = &self.observer {
                observer.record(cdr);
            }
        } else if let Record::Recording(kept) = &record {
            // What is a mailbox's is listed there.
            if self.mailroom.hear(kept) {
                return;
            }
            metrics::counter!("strowger_store_writes_total", "kind" => "recording").increment(1);
            if let Some(end) = &kept.end {
                let outcome = match end {
                    RecordingEnd { bytes: 0, .. } => "none",
                    RecordingEnd { fault: Some(_), .. } => "cut",
                    RecordingEnd { fault: None, .. } => "whole",
                };
                metrics::counter!("strowger_recordings_total", "kind" => kept.kind.as_str(), "outcome" => outcome)
                    .increment(1);
            }
        } else {
            let kind = if matches!(record, Record::Subscription(_)) { "subscription" } else { "binding" };
            metrics::counter!("strowger_store_writes_total", "kind" => kind).increment(1);
        }
        self.writer.write(record);
    }

    fn observe_in(&self, flow: &Flow, bytes: &[u8]) {
        if let Some(observer) = &self.observer {
            observer.received(flow, bytes);
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "gauges are floats; no count is so large")]
    fn tell_gauges(&mut self, now: Instant) {
        // The wall clock may have been set meanwhile.
        self.switch.set_wall(now, SystemTime::now());
        self.engine.tidy(now);
        news::loads(&self.switch.trunks(now), &self.network.names());
        self.locator.tell_gauges();
        metrics::gauge!("strowger_calls").set(self.switch.calls() as f64);
        metrics::gauge!("strowger_transactions").set(self.switch.transactions() as f64);
        metrics::gauge!("strowger_registrations").set(self.switch.bindings() as f64);
        metrics::gauge!("strowger_subscriptions").set(self.switch.subscriptions() as f64);
        metrics::gauge!("strowger_store_queue").set(self.writer.waiting() as f64);
        metrics::counter!("strowger_sip_messages_total", "direction" => "in", "kind" => "any")
            .increment(std::mem::take(&mut self.received));
        metrics::counter!("strowger_sip_messages_total", "direction" => "out", "kind" => "any")
            .increment(std::mem::take(&mut self.sent));
    }
}
