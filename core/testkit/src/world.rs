//! The world: one exchange, its phones, its network and its clock.

use std::cell::RefCell;
use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng;
use sip::{Flow, Transport};
use switch::{
    Application, CallId, Cdr, CodecOrder, Command, Config, Digit, Event, Failure, Fallback, Input, MediaEvent, Notice,
    Output, PortId, Record, Reply, Secrecy, Secured, Sound, Switch, Voice,
};

use crate::auditor::Auditor;
use crate::engine::Engine;
use crate::exchange::{DOMAIN, Surroundings, tenant_of};
use crate::handles::Phone;
use crate::mixing::{ANNOUNCED, WHISPERED, loudness_in};
use crate::network::{Datagram, Network, Weather};
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
    seed: u64,
    pub(crate) now: Instant,
    begin: Instant,
    /// The time of day at the begin.
    wall: SystemTime,
    rng: ChaCha12Rng,
    pub(crate) switch: Switch,
    network: Network,
    phones: Vec<PhoneState>,
    pub(crate) around: Surroundings,
    auditor: Auditor,
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
        let switch = Switch::new(config, bytes, now, wall);
        Self(Rc::new(RefCell::new(Inner {
            seed,
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

    /// From now on the link is like this.
    pub fn weather(&self, weather: Weather) {
        self.0.borrow_mut().network.weather = weather;
    }

    /// What the tenant's application says to every call from now on, one command after each reply.
    pub fn application(&self, script: Vec<Command>) {
        self.0.borrow_mut().around.script = script;
    }

    /// Every call is given to this application from now on.
    pub fn serve(&self, application: Arc<dyn Application>) {
        self.0.borrow_mut().tasks.serve(application);
    }

    /// The world's time, for an application.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.0.borrow().tasks.clock()
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

    /// From now on a prompt, a number or a recording lasts so long.
    pub fn sounds_last(&self, length: Duration) {
        self.0.borrow_mut().around.engine.length = length;
    }

    /// There is no such prompt or recording.
    pub fn lacks(&self, name: &str) {
        self.0.borrow_mut().around.engine.missing.insert(name.to_owned());
    }

    /// Nothing can be recorded from now on.
    pub fn disk_is_full(&self) {
        self.0.borrow_mut().around.engine.disk_full = true;
    }

    /// All phones are silent from now on.
    pub fn nobody_speaks(&self) {
        self.0.borrow_mut().around.engine.nobody_speaks = true;
    }

    /// What is played to a phone's last call now.
    #[must_use]
    pub fn hears(&self, phone: &Phone) -> Vec<Sound> {
        self.at_port_of(phone, Engine::plays).unwrap_or_default()
    }

    /// All that was played to a phone's last call.
    #[must_use]
    pub fn heard(&self, phone: &Phone) -> Vec<Sound> {
        let media = self.media_of(phone);
        let inner = self.0.borrow();
        media.and_then(|media| inner.around.engine.heard.get(&media).cloned()).unwrap_or_default()
    }

    /// A phone hears itself.
    #[must_use]
    pub fn echoes(&self, phone: &Phone) -> bool {
        self.at_port_of(phone, |engine, port| engine.echoing.contains(&port)).unwrap_or(false)
    }

    /// What a phone says is recorded.
    #[must_use]
    pub fn records(&self, phone: &Phone) -> bool {
        self.at_port_of(phone, Engine::records).unwrap_or(false)
    }

    /// How loud a phone that speaks is heard by another in the mixer that both are in, in dB beside how loud it speaks, in
    /// the last 20 ms; `None`: not at all.
    #[must_use]
    pub fn loudness(&self, listener: &Phone, speaker: &Phone) -> Option<f64> {
        let hz = self.0.borrow().phones.get(speaker.at).map(PhoneState::hz)?;
        self.at_port_of(listener, |engine, port| engine.mixing.loudness(port, hz)).flatten()
    }

    /// Something is announced in the mixer that a phone is in, and heard there.
    #[must_use]
    pub fn hears_announcement(&self, phone: &Phone) -> bool {
        self.at_port_of(phone, |engine, port| engine.mixing.loudness(port, ANNOUNCED)).flatten().is_some()
    }

    /// Something is whispered to a phone in a mixer.
    #[must_use]
    pub fn hears_whisper(&self, phone: &Phone) -> bool {
        self.at_port_of(phone, |engine, port| engine.mixing.loudness(port, WHISPERED)).flatten().is_some()
    }

    /// How long the recording of a mixer under this name is, and for how long this phone is heard in it.
    #[must_use]
    pub fn recorded_of(&self, name: &str, speaker: &Phone) -> Option<(Duration, Duration)> {
        let inner = self.0.borrow();
        let hz = inner.phones.get(speaker.at).map(PhoneState::hz)?;
        let tape = inner.around.engine.mixing.tapes.get(name)?;
        let heard = tape.iter().filter(|(rate, frame)| loudness_in(frame, *rate, hz).is_some()).count();
        let time = |frames: usize| media::FRAME * u32::try_from(frames).unwrap_or(u32::MAX);
        Some((time(tape.len()), time(heard)))
    }

    /// How the exchange can be heard at a phone's last call.
    #[must_use]
    pub fn voice_to(&self, phone: &Phone) -> Option<Voice> {
        self.at_port_of(phone, |engine, port| engine.voices.get(&port).cloned().flatten()).flatten()
    }

    /// What the packets between the exchange and this phone's last call are encrypted with.
    #[must_use]
    pub fn keys_to(&self, phone: &Phone) -> Option<Secured> {
        self.at_port_of(phone, |engine, port| engine.keys.get(&port).cloned().flatten()).flatten()
    }

    /// The exchange encrypts the media of this user so much, and not as everybody's.
    pub fn secrecy_of(&self, user: &str, secrecy: Secrecy) {
        self.0.borrow_mut().around.media.entry(user.to_owned()).or_default().secrecy = Some(secrecy);
    }

    /// These are the codecs that this user may use.
    pub fn codecs_of(&self, user: &str, codecs: CodecOrder) {
        self.0.borrow_mut().around.media.entry(user.to_owned()).or_default().codecs = Some(codecs);
    }

    fn media_of(&self, phone: &Phone) -> Option<SocketAddr> {
        self.0.borrow().phones.get(phone.at).and_then(|phone| phone.lines.last().map(|line| line.local_media))
    }

    pub(crate) fn at_port_of<R>(&self, phone: &Phone, look: impl FnOnce(&Engine, PortId) -> R) -> Option<R> {
        let media = self.media_of(phone)?;
        let around = &self.0.borrow().around;
        Some(look(&around.engine, around.port_toward(media)?))
    }

    /// A key of a phone goes down, and is told by RFC 4733.
    pub(crate) fn key(&self, phone: &Phone, digit: Digit) {
        let takes = |engine: &Engine, port| {
            let voice = engine.voices.get(&port).and_then(Option::as_ref);
            voice.is_some_and(|voice| voice.events.is_some()).then_some(port)
        };
        if let Some(port) = self.at_port_of(phone, takes).flatten() {
            self.input(Input::Media(MediaEvent::Key { port, digit }));
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
        assert!(inner.tasks.is_idle(), "seed {}: applications that do not end: {:?}", inner.seed, inner.tasks);
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
