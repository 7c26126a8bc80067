//! What stands around the exchange in a world: who knows its users, its media engine, its applications.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use switch::{
    Account, Admission, Answer, Aor, Ask, CallId, Cdr, Command, Destination, Event, Fallback, Ha1, MediaCommand,
    MediaEvent, MediaPolicy, MediaPort, MediaStats, NotAdmitted, PortId, Target, TenantId, TenantPolicy, Unresolved,
    UserId,
};

use crate::carrier::Outworld;
use crate::engine::Engine;
use crate::mixing::Mouth;
use crate::watching::Mailboxes;

pub(crate) const DOMAIN: &str = "example.com";
/// Two tenants, a domain each; the realm is the domain.
const TENANTS: [(&str, TenantId); 2] = [(DOMAIN, TenantId(1)), ("other.example", TenantId(2))];

/// The tenant that owns a domain.
pub(crate) fn tenant_of(domain: &str) -> Option<TenantId> {
    TENANTS.iter().find(|(known, _)| *known == domain).map(|(_, tenant)| *tenant)
}

/// What an application will say, one command after each reply.
pub(crate) type Script = Vec<Command>;

#[derive(Debug)]
pub(crate) struct Surroundings {
    /// Passwords by tenant and user.
    pub(crate) users: BTreeMap<(TenantId, String), String>,
    /// Sources that are not challenged.
    pub(crate) peers: BTreeSet<IpAddr>,
    /// Hosts that may be dialled by URI.
    pub(crate) hosts: BTreeSet<String>,
    pub(crate) policy: TenantPolicy,
    pub(crate) script: Script,
    pub(crate) never_decides: bool,
    pub(crate) running: HashMap<CallId, VecDeque<Command>>,
    pub(crate) events: Vec<(CallId, Event)>,
    pub(crate) cdrs: Vec<Cdr>,
    /// Ports that are given out, by what the exchange expects behind them.
    pub(crate) ports: BTreeMap<PortId, Option<SocketAddr>>,
    pub(crate) addresses: BTreeMap<PortId, SocketAddr>,
    pub(crate) connected: BTreeSet<(PortId, PortId)>,
    pub(crate) watched: BTreeMap<PortId, Option<Duration>>,
    /// How much the media of a user is encrypted, where it is not as everybody's.
    pub(crate) media: BTreeMap<String, MediaPolicy>,
    pub(crate) no_ports: bool,
    /// The public network.
    pub(crate) out: Outworld,
    pub(crate) engine: Engine,
    pub(crate) mailboxes: Mailboxes,
    minted: u64,
}

impl Surroundings {
    pub(crate) fn new() -> Self {
        Self {
            users: BTreeMap::new(),
            peers: BTreeSet::new(),
            hosts: BTreeSet::new(),
            policy: TenantPolicy {
                fallback: Fallback::Extension,
                max_calls: None,
                ring_time: Duration::from_secs(60),
                media: MediaPolicy::default(),
            },
            script: vec![Command::Route { failed: None }],
            never_decides: false,
            running: HashMap::new(),
            events: Vec::new(),
            cdrs: Vec::new(),
            ports: BTreeMap::new(),
            addresses: BTreeMap::new(),
            connected: BTreeSet::new(),
            watched: BTreeMap::new(),
            media: BTreeMap::new(),
            no_ports: false,
            out: Outworld::default(),
            engine: Engine::new(),
            mailboxes: Mailboxes::default(),
            minted: 0,
        }
    }

    pub(crate) fn answer(&mut self, ask: Ask, ip: IpAddr) -> Answer {
        match ask {
            Ask::Admission { trunk: Some(trunk), user, called, .. } => {
                Answer::Admission(self.out.admission(trunk, &called, &user, &self.policy))
            }
            Ask::Admission { domain, user, source, called, .. } => {
                let tenant = tenant_of(&domain);
                let admission = tenant.map(|tenant| Box::new(self.admission(tenant, &domain, &user, source.ip())));
                let emergency = called.first().is_some_and(|number| self.out.emergency.contains(number));
                let admission = admission.map(|mut admission| {
                    admission.emergency = emergency;
                    admission
                });
                Answer::Admission(admission.ok_or(NotAdmitted(403)))
            }
            Ask::Locate(site) => self.out.locate(&site),
            Ask::Lamp { tenant, user, wanted } => self.mailboxes.answer(tenant, &user, &wanted),
            Ask::Resolve { tenant, target, asker } => Answer::Resolve(match target {
                Target::User(name) | Target::Extension(name) | Target::Dialled(name)
                    if self.users.contains_key(&(tenant, name.clone())) =>
                {
                    let media = self.media.get(&name).cloned().unwrap_or_default().or(&self.policy.media);
                    Ok(vec![Destination::Aor { aor: Aor { tenant, user: name }, media }])
                }
                Target::Number(number) => self.out.resolve(&number, *asker),
                Target::Dialled(number) if self.out.ways.contains_key(&number) => self.out.resolve(&number, *asker),
                Target::User(_) | Target::Extension(_) | Target::Dialled(_) => Err(Unresolved::Unknown),
                Target::Uri(uri) if self.hosts.iter().any(|host| uri.contains(host.as_str())) => {
                    Ok(vec![Destination::Uri(uri)])
                }
                _ => Err(Unresolved::Forbidden),
            }),
            Ask::Port { .. } if self.no_ports => Answer::Port(Err(switch::NoPort)),
            Ask::Port { .. } => {
                self.minted += 1;
                let id = PortId(self.minted);
                let address = SocketAddr::new(ip, 20_000 + 2 * u16::try_from(self.minted % 20_000).unwrap_or(0));
                self.ports.insert(id, None);
                self.addresses.insert(id, address);
                Answer::Port(Ok(MediaPort { id, address }))
            }
        }
    }

    fn admission(&self, tenant: TenantId, domain: &str, user: &str, source: IpAddr) -> Admission {
        let known = self.users.iter().zip(1..).find(|(((of, name), _), _)| *of == tenant && *name == user);
        let account = known.map(|(((_, name), password), id)| Account {
            id: UserId(id),
            user: name.clone(),
            display_name: None,
            extension: None,
            ha1: Ha1::of(name, domain, password),
            media: self.media.get(name).cloned().unwrap_or_default().or(&self.policy.media),
        });
        let peer = self.peers.contains(&source).then(|| "peer".to_owned());
        Admission {
            tenant,
            realm: domain.to_owned(),
            peer,
            account,
            policy: self.policy.clone(),
            inbound: None,
            emergency: false,
        }
    }

    /// Carries out an order; says what the engine answers.
    pub(crate) fn media(&mut self, now: Instant, command: &MediaCommand) -> Option<MediaEvent> {
        let port = port_of(command);
        if let Some(port) = port {
            assert!(self.ports.contains_key(&port), "{command:?} for a port that was given back");
        }
        let toward = port.and_then(|port| self.ports.get(&port).copied().flatten());
        if let (MediaCommand::Play { language, .. }, Some(toward)) = (command, toward) {
            self.engine.languages.entry(toward).or_default().push(language.clone());
        }
        if let MediaCommand::Join { port, .. } = command {
            let connected = self.connected.iter().any(|(one, other)| one == port || other == port);
            assert!(!connected, "{port:?} joins a mixer while it is connected");
        }
        if let MediaCommand::Announce { mixer, sounds, .. } = command {
            let audience = self.engine.mixing.audience(*mixer);
            for media in audience.iter().filter_map(|port| self.ports.get(port).copied().flatten()) {
                self.engine.heard.entry(media).or_default().extend(sounds.iter().cloned());
            }
        }
        let answer = self.engine.carry_out(now, command, toward);
        match *command {
            MediaCommand::Expect { port, remote, .. } | MediaCommand::Fax { port, remote, .. } => {
                self.ports.insert(port, Some(remote));
                None
            }
            MediaCommand::Connect { a, b } => {
                self.connected.retain(|(one, other)| ![*one, *other].contains(&a) && ![*one, *other].contains(&b));
                self.connected.insert((a, b));
                None
            }
            MediaCommand::Disconnect { port } => {
                self.connected.retain(|(one, other)| *one != port && *other != port);
                None
            }
            MediaCommand::Watch { port, silence } => {
                self.watched.insert(port, silence);
                None
            }
            MediaCommand::Play { .. }
            | MediaCommand::Hush { .. }
            | MediaCommand::Press { .. }
            | MediaCommand::Echo { .. }
            | MediaCommand::Record { .. }
            | MediaCommand::Enough { .. }
            | MediaCommand::Join { .. }
            | MediaCommand::Leave { .. }
            | MediaCommand::Announce { .. }
            | MediaCommand::RecordRoom { .. }
            | MediaCommand::PauseRoom { .. }
            | MediaCommand::EnoughRoom { .. }
            | MediaCommand::RecordCall { .. }
            | MediaCommand::Tap { .. }
            | MediaCommand::PauseCall { .. }
            | MediaCommand::EnoughCall { .. } => answer,
            MediaCommand::Close { port } => {
                assert!(self.ports.remove(&port).is_some(), "{port:?} was given back twice");
                self.addresses.remove(&port);
                self.watched.remove(&port);
                self.connected.retain(|(one, other)| *one != port && *other != port);
                Some(MediaEvent::Closed { port, stats: MediaStats { packets_in: 1, ..MediaStats::default() } })
            }
        }
    }

    /// The port whose far end is here, the newest where there are several.
    pub(crate) fn port_toward(&self, media: SocketAddr) -> Option<PortId> {
        self.ports.iter().rev().find(|(_, remote)| **remote == Some(media)).map(|(port, _)| *port)
    }

    /// A frame of sound in every mixer. `people` say what stands beside them, in Hz, from where and to where.
    pub(crate) fn mix(&mut self, people: &[(SocketAddr, SocketAddr, u16)]) {
        let mouth = |(port, remote): (&PortId, &Option<SocketAddr>)| {
            let at = self.addresses.get(port);
            let says = people.iter().find(|(from, to, _)| Some(*from) == *remote && Some(to) == at);
            (*port, Mouth { says: says.map(|(_, _, hz)| *hz), whispered: self.engine.is_playing(*port) })
        };
        let mouths = self.ports.iter().map(mouth).collect();
        self.engine.mixing.tick(&mouths);
    }

    /// Does the port at this address know whom to expect?
    pub(crate) fn expects_somebody(&self, at: SocketAddr) -> bool {
        let port = self.addresses.iter().find(|(_, address)| **address == at).map(|(port, _)| *port);
        port.and_then(|port| self.ports.get(&port)).is_some_and(Option::is_some)
    }

    /// What the application does next; it hears replies only.
    pub(crate) fn hear(&mut self, call: CallId, event: Event) -> Option<Command> {
        let next = match &event {
            // Nobody is asked.
            Event::Arrived(invitation) if invitation.leads_to.is_some() => Some(Command::Route { failed: None }),
            Event::Arrived(_) if !self.never_decides => {
                self.running.insert(call, self.script.clone().into());
                self.running.get_mut(&call)?.pop_front()
            }
            Event::Reply(_) => self.running.get_mut(&call).and_then(VecDeque::pop_front),
            Event::Ended(_) => {
                self.running.remove(&call);
                None
            }
            _ => None,
        };
        self.events.push((call, event));
        next
    }

    /// Would what is sent from one address be heard at the other?
    pub(crate) fn carries(&self, from: SocketAddr, sent_to: SocketAddr, to: SocketAddr) -> bool {
        let port_of =
            |media: SocketAddr| self.ports.iter().find(|(_, remote)| **remote == Some(media)).map(|(port, _)| *port);
        let (Some(here), Some(there)) = (port_of(from), port_of(to)) else { return false };
        self.addresses.get(&here) == Some(&sent_to)
            && (self.connected.contains(&(here, there)) || self.connected.contains(&(there, here)))
    }
}

/// The port that an order is for; `None` where it is for a mixer.
fn port_of(command: &MediaCommand) -> Option<PortId> {
    match *command {
        MediaCommand::Connect { a, .. } => Some(a),
        MediaCommand::Expect { port, .. }
        | MediaCommand::Fax { port, .. }
        | MediaCommand::Disconnect { port }
        | MediaCommand::Watch { port, .. }
        | MediaCommand::Play { port, .. }
        | MediaCommand::Hush { port }
        | MediaCommand::Press { port, .. }
        | MediaCommand::Echo { port, .. }
        | MediaCommand::Record { port, .. }
        | MediaCommand::Enough { port }
        | MediaCommand::Join { port, .. }
        | MediaCommand::Leave { port }
        | MediaCommand::RecordCall { port, .. }
        | MediaCommand::Tap { port, .. }
        | MediaCommand::PauseCall { port, .. }
        | MediaCommand::EnoughCall { port }
        | MediaCommand::Close { port } => Some(port),
        MediaCommand::Announce { .. }
        | MediaCommand::RecordRoom { .. }
        | MediaCommand::PauseRoom { .. }
        | MediaCommand::EnoughRoom { .. } => None,
    }
}
