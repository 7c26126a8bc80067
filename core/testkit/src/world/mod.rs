//! The world: one exchange, its phones, its network and its clock.

mod hearing;
mod quiet;
mod setting;

use std::cell::RefCell;
use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng;
use sip::{Flow, Transport};
use switch::{
    Ask, CallId, Cdr, Command, Config, Event, Failure, Input, MediaEvent, Notice, Output, Places, Record, Reply, Switch,
};

use crate::auditor::Auditor;
use crate::exchange::{DOMAIN, Surroundings, tenant_of};
use crate::handles::Phone;
use crate::network::{Datagram, Network};
use crate::phone::PhoneState;
use crate::tasks::{Clock, Tasks};

const EXCHANGE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), 5060);

/// So many minutes.
#[must_use]
pub const fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

/// So many seconds.
#[must_use]
pub const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// So many milliseconds.
#[must_use]
pub const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

pub(crate) struct Inner {
    pub(crate) seed: u64,
    pub(crate) config: Config,
    /// How often the exchange has begun anew.
    pub(crate) restarts: u8,
    pub(crate) now: Instant,
    pub(crate) begin: Instant,
    /// The time of day at the begin.
    pub(crate) wall: SystemTime,
    rng: ChaCha12Rng,
    pub(crate) switch: Switch,
    network: Network,
    phones: Vec<PhoneState>,
    pub(crate) around: Surroundings,
    pub(crate) auditor: Auditor,
    /// Every message that the exchange has sent.
    said: HashSet<Vec<u8>>,
    ladder: Vec<String>,
    notices: Vec<Notice>,
    pub(crate) records: Vec<Record>,
    tasks: Tasks,
}

/// A world. Cloning gives another hold on the same one.
#[derive(Clone)]
pub struct World(pub(crate) Rc<RefCell<Inner>>);

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("World")
    }
}

impl World {
    /// A world in which all chance grows from the seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self::with(seed, Config::default())
    }

    /// A world with an exchange of these settings.
    #[must_use]
    pub fn with(seed: u64, config: Config) -> Self {
        // Shown when the test fails.
        #[allow(clippy::print_stdout, reason = "for a test's output")]
        {
            println!("world of seed {seed}");
        }
        let now = Instant::now();
        let mut bytes = [0; 32];
        bytes.iter_mut().zip(seed.to_be_bytes()).for_each(|(to, from)| *to = from);
        let config = Config { locals: vec![(Transport::Udp, EXCHANGE)], ..config };
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let switch = Switch::new(config.clone(), bytes, now, wall);
        Self(Rc::new(RefCell::new(Inner {
            seed,
            config,
            restarts: 0,
            now,
            begin: now,
            wall,
            rng: ChaCha12Rng::from_seed(bytes),
            switch,
            network: Network::new(),
            phones: Vec::new(),
            around: Surroundings::new(),
            auditor: Auditor::default(),
            said: HashSet::new(),
            ladder: Vec::new(),
            notices: Vec::new(),
            records: Vec::new(),
            tasks: Tasks::new(now, wall),
        })))
    }

    /// A phone of this user, registered.
    #[must_use]
    pub fn phone(&self, user: &str) -> Phone {
        let phone = self.unregistered_phone(user);
        phone.register();
        assert_eq!(phone.registered(), Some(200), "{user} registers");
        phone
    }

    /// A phone of this user that has not registered yet. A user may have several phones.
    #[must_use]
    pub fn unregistered_phone(&self, user: &str) -> Phone {
        self.unregistered_phone_of(user, DOMAIN)
    }

    /// A phone of a user of another domain: `other.example` is another tenant's.
    #[must_use]
    pub fn unregistered_phone_of(&self, user: &str, domain: &str) -> Phone {
        let mut inner = self.0.borrow_mut();
        let at = inner.phones.len();
        let ip = Ipv4Addr::new(10, 0, 1, u8::try_from(at + 1).expect("fewer than 255 phones"));
        let phone = PhoneState::new(user, SocketAddr::new(ip.into(), 5060), EXCHANGE, domain);
        let password = phone.password.clone();
        let tenant = tenant_of(domain).expect("a tenant of this world");
        inner.around.users.insert((tenant, user.to_owned()), password);
        inner.phones.push(phone);
        Phone { world: self.clone(), at }
    }

    /// The world's time, for an application.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.0.borrow().tasks.clock()
    }

    /// What begins calls for applications.
    #[must_use]
    pub fn places(&self) -> Places {
        self.0.borrow().tasks.places()
    }

    /// How the applications ended, in the order of their ends.
    #[must_use]
    pub fn application_outcomes(&self) -> Vec<Result<(), Failure>> {
        self.0.borrow().tasks.outcomes.clone()
    }

    /// Applications do what they were woken for from elsewhere.
    pub fn let_applications_work(&self) {
        self.settle();
    }

    /// Says something to the call that this phone placed last, as its application.
    pub fn command(&self, phone: &Phone, command: Command) {
        let inner = self.0.borrow();
        let user = inner.phones.get(phone.at).map(|phone| phone.user.clone()).expect("a phone of this world");
        let placed = |(call, event): &(CallId, Event)| match event {
            Event::Arrived(invitation) if invitation.caller.user == user => Some(*call),
            _ => None,
        };
        let call = inner.around.events.iter().rev().find_map(placed).expect("a call of this phone");
        drop(inner);
        self.input(Input::Command(call, command));
    }

    /// How many transactions the exchange keeps.
    #[must_use]
    pub fn transactions(&self) -> usize {
        self.0.borrow().switch.transactions()
    }

    /// Every media port that is watched now falls silent.
    pub fn silence(&self) {
        let ports: Vec<_> = self
            .0
            .borrow()
            .around
            .watched
            .iter()
            .filter(|(_, silence)| silence.is_some())
            .map(|(port, _)| *port)
            .collect();
        for port in ports {
            self.input(Input::Media(MediaEvent::Silent { port }));
        }
    }

    /// The media engine loses what it has at each port that is watched now.
    pub fn break_media(&self) {
        let ports: Vec<_> = self.0.borrow().around.watched.keys().copied().collect();
        for port in ports {
            self.input(Input::Media(MediaEvent::Broken { port }));
        }
    }

    /// The replies that the applications had so far.
    #[must_use]
    pub fn replies(&self) -> Vec<Reply> {
        let reply = |event| if let Event::Reply(reply) = event { Some(reply) } else { None };
        self.events().into_iter().filter_map(reply).collect()
    }

    /// Lets time pass.
    pub fn run_for(&self, time: Duration) {
        let end = self.0.borrow().now + time;
        loop {
            self.settle();
            let Some(due) = self.next().filter(|due| *due <= end) else { break };
            self.0.borrow_mut().now = due;
            self.step();
        }
        self.0.borrow_mut().now = end;
    }

    /// The CDRs written so far.
    #[must_use]
    pub fn cdrs(&self) -> Vec<Cdr> {
        self.0.borrow().around.cdrs.clone()
    }

    /// What the calls told so far.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.0.borrow().around.events.iter().map(|(_, event)| event.clone()).collect()
    }

    /// What operators were told so far.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        self.0.borrow().notices.clone()
    }

    /// How many bindings the registrar holds.
    #[must_use]
    pub fn bindings(&self) -> usize {
        self.0.borrow().switch.bindings()
    }

    /// The messages so far, one a line.
    #[must_use]
    pub fn ladder(&self) -> String {
        self.0.borrow().ladder.join("\n")
    }

    /// New calls are shed from now on.
    pub fn drain(&self) {
        let mut inner = self.0.borrow_mut();
        let now = inner.now;
        inner.switch.drain(now);
    }

    // ---- the wheels ----

    fn next(&self) -> Option<Instant> {
        let inner = self.0.borrow();
        let phones = inner.phones.iter().filter_map(PhoneState::next).min();
        [inner.network.next(), inner.switch.poll_timeout(), inner.around.engine.next(inner.now), phones]
            .into_iter()
            .flatten()
            .min()
    }

    /// Everything that is due now.
    fn step(&self) {
        let now = self.0.borrow().now;
        loop {
            let Some(datagram) = self.0.borrow_mut().network.pop_due(now) else { break };
            self.deliver(&datagram);
        }
        if self.0.borrow().switch.poll_timeout().is_some_and(|due| due <= now) {
            self.input(Input::Timeout);
        }
        if self.0.borrow().around.engine.mixing.is_due(now) {
            let mut inner = self.0.borrow_mut();
            let people: Vec<_> = inner.phones.iter().flat_map(PhoneState::says).collect();
            inner.around.mix(&people);
        }
        loop {
            let Some(event) = self.0.borrow_mut().around.engine.pop_due(now) else { break };
            self.input(Input::Media(event));
        }
        for phone in &mut self.0.borrow_mut().phones {
            if phone.next().is_some_and(|due| due <= now) {
                phone.timeout(now);
            }
        }
    }

    fn deliver(&self, datagram: &Datagram) {
        if datagram.to == EXCHANGE {
            self.0.borrow_mut().auditor.came(&datagram.bytes);
            let flow = Flow { transport: Transport::Udp, local: EXCHANGE, remote: datagram.from, connection: None };
            return self.input(Input::Datagram { flow, bytes: &datagram.bytes });
        }
        let mut inner = self.0.borrow_mut();
        let now = inner.now;
        if let Some(phone) = inner.phones.iter_mut().find(|phone| phone.address == datagram.to) {
            phone.hear(now, &datagram.bytes);
        }
    }

    pub(crate) fn input(&self, input: Input<'_>) {
        let mut inner = self.0.borrow_mut();
        let now = inner.now;
        inner.switch.handle(now, input);
        drop(inner);
        self.settle();
    }

    /// Takes what the exchange and the phones have to say, until they have said it all.
    pub(crate) fn settle(&self) {
        let mut inner = self.0.borrow_mut();
        let inner = &mut *inner;
        let now = inner.now;
        let mut answers = VecDeque::new();
        loop {
            while let Some(output) = inner.switch.poll() {
                answers.extend(inner.take(output));
            }
            if answers.is_empty() {
                inner.tasks.set_time(now, inner.wall + (now - inner.begin));
                answers.extend(inner.tasks.work().into_iter().map(|(call, command)| Input::Command(call, command)));
                for (order, application) in inner.tasks.take_placed() {
                    // Whom it is refused to hears of it when he is let go.
                    if let Ok(call) = inner.switch.originate(now, order, &inner.around.policy) {
                        inner.tasks.begin(call, application);
                    }
                    answers.push_front(Input::Timeout);
                }
            }
            let Some(answer) = answers.pop_front() else { break };
            inner.switch.handle(now, answer);
        }
        for phone in &mut inner.phones {
            while let Some(bytes) = phone.poll() {
                let datagram = Datagram { from: phone.address, to: phone.exchange, bytes };
                note(&mut inner.ladder, inner.now - inner.begin, &datagram);
                inner.network.send(now, &datagram, &mut inner.rng);
            }
        }
    }

    /// Would what is sent from one address be heard at the other?
    pub(crate) fn carries(&self, from: SocketAddr, sent_to: SocketAddr, to: SocketAddr) -> bool {
        self.0.borrow().around.carries(from, sent_to, to)
    }

    pub(crate) fn with_phone<R>(&self, at: usize, act: impl FnOnce(&mut PhoneState, Instant) -> R) -> R {
        let result = {
            let mut inner = self.0.borrow_mut();
            let now = inner.now;
            act(inner.phones.get_mut(at).expect("a phone of this world"), now)
        };
        self.settle();
        result
    }
}

impl Inner {
    /// Does what the exchange wants done; says what is to be told it.
    fn take(&mut self, output: Output) -> Option<Input<'static>> {
        match output {
            Output::Transmit(transmit) => {
                self.auditor.sent(&transmit.bytes);
                // Said again after its call has ended (an answer that still waits for its ACK) it promises nothing new.
                let first = self.said.insert(transmit.bytes.clone());
                let answer = self.auditor.answer_in(&transmit.bytes).filter(|_| first);
                if answer.is_some_and(|at| !self.around.expects_somebody(at)) {
                    self.auditor.fault("answered before the media port knew whom to expect", &transmit.bytes);
                }
                let datagram = Datagram { from: EXCHANGE, to: transmit.flow.remote, bytes: transmit.bytes };
                note(&mut self.ladder, self.now - self.begin, &datagram);
                self.network.send(self.now, &datagram, &mut self.rng);
                return None;
            }
            Output::Ask(_, Ask::Lamp { .. }) if self.around.mailboxes.silent => {}
            Output::Ask(ticket, ask) => return Some(Input::Answer(ticket, self.around.answer(ask, EXCHANGE.ip()))),
            Output::Event(call, event) => {
                let said = self.tasks.hear(call, &event);
                if let Some(command) = said {
                    self.around.events.push((call, event));
                    return Some(Input::Command(call, command));
                }
                return self.around.hear(call, event).map(|command| Input::Command(call, command));
            }
            Output::Media(command) => return self.around.media(self.now, &command).map(Input::Media),
            Output::Record(Record::Cdr(cdr)) => self.around.cdrs.push(*cdr),
            Output::Record(record) => self.records.push(record),
            Output::Notice(notice) => self.notices.push(notice),
        }
        None
    }
}

fn note(ladder: &mut Vec<String>, time: Duration, datagram: &Datagram) {
    let text = String::from_utf8_lossy(&datagram.bytes);
    let line = text.lines().next().unwrap_or_default().to_owned();
    ladder.push(format!("{:>9.3} {} → {} {line}", time.as_secs_f64(), datagram.from, datagram.to));
}
