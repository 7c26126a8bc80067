//! The world: one exchange, its phones, its network and its clock.

use std::cell::RefCell;
use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng;
use sip::{Flow, Transport};
use switch::{Cdr, Command, Config, Event, Fallback, Input, MediaEvent, Notice, Output, Record, Switch};

use crate::auditor::Auditor;
use crate::exchange::{DOMAIN, Surroundings, tenant_of};
use crate::line::LineState;
use crate::network::{Datagram, Network, Weather};
use crate::phone::{Habit, Outcome, PhoneState};

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

struct Inner {
    seed: u64,
    now: Instant,
    begin: Instant,
    rng: ChaCha12Rng,
    switch: Switch,
    network: Network,
    phones: Vec<PhoneState>,
    around: Surroundings,
    auditor: Auditor,
    /// Every message that the exchange has sent.
    said: HashSet<Vec<u8>>,
    ladder: Vec<String>,
    notices: Vec<Notice>,
    records: Vec<Record>,
}

/// A world. Cloning gives another hold on the same one.
#[derive(Clone)]
pub struct World(Rc<RefCell<Inner>>);

/// A phone in the world.
#[derive(Clone)]
pub struct Phone {
    world: World,
    at: usize,
}

/// A call that a phone placed.
#[derive(Clone)]
pub struct Placed {
    phone: Phone,
    line: usize,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("World")
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Phone({})", self.at)
    }
}

impl fmt::Debug for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Placed({:?}, {})", self.phone, self.line)
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
        let switch = Switch::new(config, bytes, now, SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
        Self(Rc::new(RefCell::new(Inner {
            seed,
            now,
            begin: now,
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

    /// From now on the link is like this.
    pub fn weather(&self, weather: Weather) {
        self.0.borrow_mut().network.weather = weather;
    }

    /// What the tenant's application says to every call from now on, one command after each reply.
    pub fn application(&self, script: Vec<Command>) {
        self.0.borrow_mut().around.script = script;
    }

    /// The tenant's application never says anything.
    pub fn application_that_never_decides(&self) {
        self.0.borrow_mut().around.never_decides = true;
    }

    /// What happens when the application fails.
    pub fn fallback(&self, fallback: Fallback) {
        self.0.borrow_mut().around.policy.fallback = fallback;
    }

    /// Requests from this address are a trusted peer's.
    pub fn trust(&self, ip: IpAddr) {
        self.0.borrow_mut().around.peers.insert(ip);
    }

    /// The tenant may dial URIs of this host.
    pub fn permit_host(&self, host: &str) {
        self.0.borrow_mut().around.hosts.insert(host.to_owned());
    }

    /// How many transactions the exchange keeps.
    #[must_use]
    pub fn transactions(&self) -> usize {
        self.0.borrow().switch.transactions()
    }

    /// The media engine has no port left.
    pub fn out_of_ports(&self) {
        self.0.borrow_mut().around.no_ports = true;
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

    /// No call, transaction, timer or port is left, every INVITE had one final response and one CDR, and the auditor
    /// found nothing.
    pub fn assert_quiet(&self) {
        self.run_for(minutes(3));
        let inner = self.0.borrow();
        assert!(
            inner.switch.is_idle(),
            "seed {}: not idle: {:?}\n{}",
            inner.seed,
            inner.switch,
            inner.ladder.join("\n")
        );
        assert!(inner.around.ports.is_empty(), "seed {}: ports left: {:?}", inner.seed, inner.around.ports);
        let arrived = inner.around.events.iter().filter(|(_, event)| matches!(event, Event::Arrived(_))).count();
        let ended = inner.around.events.iter().filter(|(_, event)| matches!(event, Event::Ended(_))).count();
        assert_eq!(arrived, ended, "seed {}: every call ends\n{}", inner.seed, inner.ladder.join("\n"));
        assert!(inner.around.cdrs.len() >= arrived, "seed {}: one CDR a call", inner.seed);
        let mut uids: Vec<_> = inner.around.cdrs.iter().map(|cdr| cdr.uid).collect();
        uids.dedup();
        assert_eq!(uids.len(), inner.around.cdrs.len(), "seed {}: no call has two CDRs", inner.seed);
        let found = inner.auditor.closing();
        assert!(
            found.is_empty(),
            "seed {}: the auditor found:\n{}\n{}",
            inner.seed,
            found.join("\n"),
            inner.ladder.join("\n")
        );
    }

    /// No call, transaction, timer or port is left. Weaker than [`assert_quiet`](Self::assert_quiet): where all was
    /// lost, nobody can be told.
    pub fn assert_idle(&self) {
        let inner = self.0.borrow();
        assert!(
            inner.switch.is_idle(),
            "seed {}: not idle: {:?}\n{}",
            inner.seed,
            inner.switch,
            inner.ladder.join("\n")
        );
        assert!(inner.around.ports.is_empty(), "seed {}: ports left: {:?}", inner.seed, inner.around.ports);
    }

    /// Every call that arrived has ended once and has one CDR, and no INVITE had two different final responses.
    pub fn assert_accounted(&self) {
        let inner = self.0.borrow();
        let arrived = inner.around.events.iter().filter(|(_, event)| matches!(event, Event::Arrived(_))).count();
        let ended = inner.around.events.iter().filter(|(_, event)| matches!(event, Event::Ended(_))).count();
        assert_eq!((arrived, inner.around.cdrs.len()), (ended, ended), "seed {}", inner.seed);
        assert!(
            inner.auditor.found.is_empty(),
            "seed {}: {}\n{}",
            inner.seed,
            inner.auditor.found.join("\n"),
            inner.ladder.join("\n")
        );
    }

    // ---- the wheels ----

    fn next(&self) -> Option<Instant> {
        let inner = self.0.borrow();
        let phones = inner.phones.iter().filter_map(PhoneState::next).min();
        [inner.network.next(), inner.switch.poll_timeout(), phones].into_iter().flatten().min()
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

    fn input(&self, input: Input<'_>) {
        let mut inner = self.0.borrow_mut();
        let now = inner.now;
        inner.switch.handle(now, input);
        drop(inner);
        self.settle();
    }

    /// Takes what the exchange and the phones have to say, until they have said it all.
    fn settle(&self) {
        let mut inner = self.0.borrow_mut();
        let inner = &mut *inner;
        let now = inner.now;
        let mut answers = VecDeque::new();
        loop {
            while let Some(output) = inner.switch.poll() {
                answers.extend(inner.take(output));
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

    fn with_phone<R>(&self, at: usize, act: impl FnOnce(&mut PhoneState, Instant) -> R) -> R {
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
            Output::Ask(ticket, ask) => return Some(Input::Answer(ticket, self.around.answer(ask, EXCHANGE.ip()))),
            Output::Event(call, event) => {
                return self.around.hear(call, event).map(|command| Input::Command(call, command));
            }
            Output::Media(command) => return self.around.media(&command).map(Input::Media),
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

impl Phone {
    fn habit(self, habit: Habit) -> Self {
        self.world.with_phone(self.at, |phone, _| phone.habit = habit);
        self
    }

    /// It rings and nobody comes.
    #[must_use]
    pub fn that_never_answers(self) -> Self {
        self.habit(Habit::NeverAnswers)
    }

    /// It refuses every call with this status.
    #[must_use]
    pub fn that_refuses(self, status: u16) -> Self {
        self.habit(Habit::Refuses(status))
    }

    /// It is not there any more, though it registered.
    #[must_use]
    pub fn that_is_unplugged(self) -> Self {
        self.habit(Habit::Unplugged)
    }

    /// It rings this long before it answers.
    #[must_use]
    pub fn that_answers_after(self, time: Duration) -> Self {
        self.habit(Habit::Answers(time))
    }

    /// It plays something before it answers.
    #[must_use]
    pub fn that_has_early_media(self) -> Self {
        self.habit(Habit::EarlyMedia(seconds(2)))
    }

    /// Its INVITEs carry one more row.
    #[must_use]
    pub fn that_sends(self, name: &'static str, value: &str) -> Self {
        self.world.with_phone(self.at, |phone, _| phone.invite_extra = vec![(name, value.to_owned())]);
        self
    }

    /// It never acknowledges an answer.
    #[must_use]
    pub fn that_never_acknowledges(self) -> Self {
        self.world.with_phone(self.at, |phone, _| phone.never_acknowledges = true);
        self
    }

    /// Its INVITEs carry no offer.
    #[must_use]
    pub fn that_delays_its_offer(self) -> Self {
        self.world.with_phone(self.at, |phone, _| phone.delays_offer = true);
        self
    }

    /// It answers challenges with this algorithm: `MD5` or `SHA-256`.
    #[must_use]
    pub fn with_algorithm(self, name: &'static str) -> Self {
        self.world.with_phone(self.at, |phone, _| phone.realm_algorithm = name);
        self
    }

    /// It reads the first challenge alone, as old phones do.
    #[must_use]
    pub fn that_reads_the_first_challenge(self) -> Self {
        self.world.with_phone(self.at, |phone, _| phone.reads_first_challenge = true);
        self
    }

    /// It has another password than the exchange knows.
    #[must_use]
    pub fn with_password(self, password: &str) -> Self {
        self.world.with_phone(self.at, |phone, _| password.clone_into(&mut phone.password));
        self
    }

    /// Registers its own contact for an hour.
    pub fn register(&self) {
        let contact = self.world.with_phone(self.at, |phone, _| format!("<{}>", phone.contact()));
        self.register_as(&contact, Some(3600));
    }

    /// Registers whatever stands in Contact and Expires; no Contact when empty.
    pub fn register_as(&self, contact: &str, expires: Option<u32>) {
        self.world.with_phone(self.at, |phone, now| phone.register(now, contact, expires));
        self.world.run_for(seconds(40));
    }

    /// The status of the last REGISTER.
    #[must_use]
    pub fn registered(&self) -> Option<u16> {
        self.world.with_phone(self.at, |phone, _| phone.registered)
    }

    /// The contacts that the last 200 to a REGISTER listed.
    #[must_use]
    pub fn contacts(&self) -> Vec<String> {
        self.world.with_phone(self.at, |phone, _| phone.contacts.clone())
    }

    /// Dials the other phone's user.
    pub fn dial(&self, other: &Phone) -> Placed {
        let user = self.world.with_phone(other.at, |phone, _| phone.user.clone());
        self.dial_number(&user)
    }

    /// Dials what a person typed.
    pub fn dial_number(&self, number: &str) -> Placed {
        let line = self.world.with_phone(self.at, |phone, now| phone.dial(now, number));
        Placed { phone: self.clone(), line }
    }

    /// Sends any request outside a dialog.
    pub fn ask(&self, method: rsip::Method, uri: &str, extra: Vec<(&'static str, String)>) {
        self.world.with_phone(self.at, |phone, now| phone.ask(now, method, uri, extra));
        self.world.run_for(seconds(2));
    }

    /// Sends these bytes.
    pub fn say(&self, bytes: &[u8]) {
        self.world.with_phone(self.at, |phone, _| phone.say(bytes));
        self.world.run_for(seconds(2));
    }

    /// The address that it sends from.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.world.with_phone(self.at, |phone, _| phone.address)
    }

    /// Every response that it heard: the method of the CSeq, and the status.
    #[must_use]
    pub fn heard(&self) -> Vec<(String, u16)> {
        self.world.with_phone(self.at, |phone, _| phone.heard.clone())
    }

    /// How many calls it has up.
    #[must_use]
    pub fn calls_up(&self) -> usize {
        self.world.with_phone(self.at, |phone, _| phone.lines.iter().filter(|line| line.state == LineState::Up).count())
    }

    /// It rang for every call that came so far, and so often.
    #[must_use]
    pub fn rung(&self) -> usize {
        self.world.with_phone(self.at, |phone, _| phone.lines.iter().filter(|line| line.invite.is_some()).count())
    }

    /// The Reason with which its last call was ended by the exchange.
    #[must_use]
    pub fn last_reason(&self) -> String {
        self.world
            .with_phone(self.at, |phone, _| phone.lines.last().map(|line| line.reason.clone()).unwrap_or_default())
    }

    /// Takes the tag of the 180 for the dialog, as a caller that ends an early dialog does.
    pub fn takes_tag_of_progress(&self) {
        self.world.with_phone(self.at, |phone, _| phone.take_progress());
    }

    /// Sends a re-INVITE without an offer in its last call.
    pub fn asks_for_an_offer(&self) {
        self.world.with_phone(self.at, |phone, now| {
            phone.in_line(now, phone.lines.len().saturating_sub(1), rsip::Method::Invite, Vec::new());
        });
    }

    /// Sends a request of somebody else's making, with its own credentials when it is challenged.
    pub fn sends_with_credentials(&self, request: &str) {
        self.world.with_phone(self.at, |phone, now| phone.forge(now, request));
        self.world.run_for(seconds(2));
    }

    /// Registers its contact with one more row.
    pub fn registers_with(&self, name: &'static str, value: &str) {
        self.world.with_phone(self.at, |phone, _| phone.extra = vec![(name, value.to_owned())]);
        self.register();
        self.world.with_phone(self.at, |phone, _| phone.extra.clear());
    }

    /// Sends bytes and waits for nothing.
    pub fn says_quietly(&self, bytes: &[u8]) {
        self.world.with_phone(self.at, |phone, _| phone.say(bytes));
    }

    /// Gives up or ends every call that it has.
    pub fn hangs_up_everything(&self) {
        self.world.with_phone(self.at, |phone, now| {
            for line in 0..phone.lines.len() {
                phone.hang_up(now, line);
            }
        });
    }

    /// Moves to another address, and sends from there.
    pub fn moves_to(&self, address: SocketAddr) {
        self.world.with_phone(self.at, |phone, _| phone.address = address);
    }

    /// Sends a request inside its last call.
    pub fn ask_in_call(&self, method: rsip::Method, body: &[u8]) {
        self.world.with_phone(self.at, |phone, now| {
            phone.in_line(now, phone.lines.len().saturating_sub(1), method, body.to_vec());
        });
        self.world.run_for(seconds(2));
    }

    /// Counts its requests inside its last call from so much lower on.
    pub fn forgets_its_count(&self) {
        self.world.with_phone(self.at, |phone, _| {
            if let Some(line) = phone.lines.last_mut() {
                line.cseq = 0;
            }
        });
    }

    /// The last request of this method that it sent, as bytes.
    #[must_use]
    pub fn last_sent(&self, method: &str) -> Vec<u8> {
        let starts = |bytes: &&Vec<u8>| bytes.starts_with(method.as_bytes());
        self.world.with_phone(self.at, |phone, _| phone.said.iter().rev().find(starts).cloned().unwrap_or_default())
    }

    /// The last request that reached it.
    #[must_use]
    pub fn last_request(&self) -> String {
        self.world.with_phone(self.at, |phone, _| phone.last_request.clone())
    }

    /// Answers its last call now.
    pub fn answer(&self) {
        self.world.with_phone(self.at, |phone, now| phone.answer(now, phone.lines.len().saturating_sub(1)));
    }

    /// Ends its last call, whatever its state.
    pub fn hang_up(&self) {
        self.world.with_phone(self.at, |phone, now| phone.hang_up(now, phone.lines.len().saturating_sub(1)));
    }

    /// Holds its last call.
    pub fn hold(&self) {
        self.world.with_phone(self.at, |phone, now| phone.hold(now, phone.lines.len().saturating_sub(1), true));
    }

    /// Comes back to its last call.
    pub fn resume(&self) {
        self.world.with_phone(self.at, |phone, now| phone.hold(now, phone.lines.len().saturating_sub(1), false));
    }

    /// How its last re-INVITE came out.
    #[must_use]
    pub fn reinvited(&self) -> Option<u16> {
        self.world.with_phone(self.at, |phone, _| phone.lines.last().and_then(|line| line.reinvited))
    }

    /// What the other says on its last call would be heard on this one's last call: the exchange relays it there, and
    /// both send where the exchange told them.
    #[must_use]
    pub fn hears(&self, other: &Phone) -> bool {
        let mine = self.world.with_phone(self.at, |phone, _| phone.lines.last().map(|line| line.local_media));
        let theirs = self
            .world
            .with_phone(other.at, |phone, _| phone.lines.last().map(|line| (line.local_media, line.remote_media)));
        let (Some(to), Some((from, Some(sent_to)))) = (mine, theirs) else { return false };
        self.world.0.borrow().around.carries(from, sent_to, to)
    }
}

impl Placed {
    /// How it came out.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let line = self.line;
        self.phone.world.with_phone(self.phone.at, |phone, _| {
            phone.lines.get(line).and_then(|line| line.outcome).unwrap_or(Outcome::Open)
        })
    }

    /// The caller has heard that it rings.
    #[must_use]
    pub fn rang(&self) -> bool {
        let line = self.line;
        self.phone.world.with_phone(self.phone.at, |phone, _| phone.lines.get(line).is_some_and(|line| line.rang))
    }

    /// It is answered and not over.
    #[must_use]
    pub fn is_up(&self) -> bool {
        let line = self.line;
        self.phone
            .world
            .with_phone(self.phone.at, |phone, _| phone.lines.get(line).is_some_and(|line| line.state == LineState::Up))
    }

    /// Gives it up or ends it.
    pub fn hang_up(&self) {
        let line = self.line;
        self.phone.world.with_phone(self.phone.at, |phone, now| phone.hang_up(now, line));
    }
}
