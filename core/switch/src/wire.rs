//! What every part of the switch needs in hand: the transaction layer, the mint, the timers and the outputs.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use sip::transaction::{ClientKey, Layer, ServerKey};
use sip::{Flow, Host, Status, Transport, Uri};

use crate::ask::Ask;
use crate::config::Config;
use crate::event::Event;
use crate::ids::{CallId, GatewayId, LegId, PortId, Ticket, TrunkId};
use crate::io::Output;
use crate::lamps::{SubscriptionKey, UnaskedKey};
use crate::media::{MediaCommand, SoundId};
use crate::mint::Mint;
use crate::record::KeptRecording;
use crate::room::MixerId;
use crate::timers::{Timer, TimerKey, Timers};
use crate::trunk::RegistrationKey;

/// Whose client transaction it is, and what for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A leg's.
    Leg(LegId, Purpose),
    /// The exchange's own.
    Errand(Errand),
}

/// What the exchange itself asks of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Errand {
    /// To know where we are.
    Register(RegistrationKey),
    /// Whether it lives: the number of the question.
    Probe(TrunkId, GatewayId, u32),
    /// To tell a phone of a lamp that it subscribed to.
    Notify(SubscriptionKey),
    /// To tell one that did not.
    Unasked(UnaskedKey),
}

/// What a client transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The INVITE that calls.
    Invite,
    /// An INVITE inside the dialog.
    Reinvite,
    /// An INVITE inside the dialog that refreshes it, for nobody else.
    Refresh,
    /// An UPDATE that does.
    Update,
    /// A PRACK in the early dialog at this place.
    Prack(usize),
    /// A BYE.
    Bye,
    /// A BYE to a fork that answered too late: nobody waits for its answer.
    Stray,
    /// An INFO carried from the other leg, whose server transaction waits for the answer.
    Info(ServerKey),
    /// An INFO that tells of a key, which was pressed in RTP.
    Key,
}

/// What a recording is found by when the engine says what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Reel {
    /// At a port.
    Port(PortId, SoundId),
    /// Of a mixer. Members mint each for themselves: the name tells them apart.
    Mixer(MixerId, SoundId, String),
}

/// The switch's hands.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) config: Arc<Config>,
    pub(crate) layer: Layer<Owner>,
    pub(crate) mint: Mint,
    pub(crate) timers: Timers,
    pub(crate) outputs: VecDeque<Output>,
    /// Recordings under way, by what the engine will name when they are over. A call may end before.
    pub(crate) reels: HashMap<Reel, KeptRecording>,
    pub(crate) now: Instant,
    wall: (Instant, SystemTime),
}

impl Wire {
    pub(crate) fn new(config: Arc<Config>, mint: Mint, now: Instant, wall: SystemTime) -> Self {
        let layer = Layer::new(config.transaction.clone());
        let (timers, outputs, reels) = (Timers::default(), VecDeque::new(), HashMap::new());
        Self { config, layer, mint, timers, outputs, reels, now, wall: (now, wall) }
    }

    pub(crate) fn set_wall(&mut self, now: Instant, wall: SystemTime) {
        self.wall = (now, wall);
    }

    /// The wall clock at `now`.
    pub(crate) fn wall(&self) -> SystemTime {
        self.wall_at(self.now)
    }

    pub(crate) fn wall_at(&self, now: Instant) -> SystemTime {
        self.wall.1 + now.saturating_duration_since(self.wall.0)
    }

    pub(crate) fn arm(&mut self, after: Duration, timer: Timer) -> TimerKey {
        self.timers.arm(self.now + after, timer)
    }

    pub(crate) fn respond(&mut self, key: ServerKey, status: Status, bytes: Vec<u8>) {
        self.layer.respond(self.now, key, status, bytes);
    }

    pub(crate) fn request(&mut self, flow: Flow, bytes: Vec<u8>, leg: LegId, purpose: Purpose) -> Option<ClientKey> {
        self.layer.request(self.now, flow, bytes, Owner::Leg(leg, purpose)).ok()
    }

    pub(crate) fn event(&mut self, call: CallId, event: Event) {
        self.outputs.push_back(Output::Event(call, event));
    }

    pub(crate) fn media(&mut self, command: MediaCommand) {
        self.outputs.push_back(Output::Media(command));
    }

    pub(crate) fn ask(&mut self, ticket: Ticket, ask: Ask) {
        self.outputs.push_back(Output::Ask(ticket, ask));
    }

    /// The address that the far end of a flow should see.
    pub(crate) fn shown(&self, flow: &Flow) -> SocketAddr {
        match self.config.advertised {
            Some(ip) if ip.is_ipv4() == flow.local.is_ipv4() => SocketAddr::new(ip, flow.local.port()),
            _ => flow.local,
        }
    }

    /// A Via of ours with a new branch and `rport` (RFC 3581 §3). On a connection over TLS that we make, the peer may call
    /// us too, if it has our certificate (RFC 5923 §8.1).
    pub(crate) fn via(&mut self, flow: &Flow) -> String {
        let branch = self.mint.branch();
        let alias = if flow.transport == Transport::Tls && flow.connection.is_none() { ";alias" } else { "" };
        format!("SIP/2.0/{} {};branch={branch};rport{alias}", flow.transport.as_str(), self.shown(flow))
    }

    /// Our Contact on a flow. `lr` has no place here; the transport stands where it is not UDP (§19.1.1). Whoever was asked
    /// for by a SIPS URI is named by one (§8.1.1.8, §12.1.1).
    pub(crate) fn contact(&self, flow: &Flow, user: &str, sips: bool) -> String {
        let address = self.shown(flow);
        match flow.transport {
            Transport::Udp => format!("<sip:{user}@{address}>"),
            Transport::Tls if sips => format!("<sips:{user}@{address}>"),
            other => format!("<sip:{user}@{address};transport={}>", other.as_str().to_ascii_lowercase()),
        }
    }

    /// The flow of our own for a first request to a URI that names an address; `None` for a name (no DNS here), a
    /// transport or a family that we have no socket for.
    pub(crate) fn flow_to(&self, uri: &Uri<'_>) -> Option<Flow> {
        let ip = match uri.host() {
            Host::V4(ip) => IpAddr::V4(ip),
            Host::V6(ip) => IpAddr::V6(ip),
            Host::Name(_) => return None,
        };
        // RFC 3263 §4.1: the transport parameter, else TLS for sips, else UDP.
        let transport = match uri.param("transport") {
            Some(Some(name)) => Transport::parse(name)?,
            _ if uri.is_sips() => Transport::Tls,
            _ => Transport::Udp,
        };
        let port = uri.port().unwrap_or(if matches!(transport, Transport::Tls) { 5061 } else { 5060 });
        let local = self.local(transport, ip)?;
        Some(Flow { transport, local, remote: SocketAddr::new(ip, port), connection: None })
    }

    pub(crate) fn local(&self, transport: Transport, toward: IpAddr) -> Option<SocketAddr> {
        self.config
            .locals
            .iter()
            .filter(|(kind, address)| *kind == transport && address.is_ipv4() == toward.is_ipv4())
            // What leaves from loopback comes no further.
            .find(|(_, address)| toward.is_loopback() || !address.ip().is_loopback())
            .map(|(_, address)| *address)
    }

    /// Where a request inside a dialog goes: by the book to the next hop's URI when it names an address that signalling
    /// really came from; else back where it came from, which crosses a NAT.
    pub(crate) fn toward(&self, hop: &Uri<'_>, seen: &Flow) -> Flow {
        if seen.connection.is_some() || seen.transport.reliable() {
            return *seen;
        }
        match self.flow_to(hop) {
            Some(flow) if flow.remote.ip() == seen.remote.ip() && flow.transport == seen.transport => {
                Flow { local: seen.local, ..flow }
            }
            _ => *seen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(locals: &[(Transport, &str)]) -> Wire {
        let local = |(transport, text): &(Transport, &str)| (*transport, text.parse().expect("an address"));
        let config = Config { locals: locals.iter().map(local).collect(), ..Config::default() };
        let now = Instant::now();
        Wire::new(Arc::new(config), Mint::new([1; 32]), now, SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn requests_of_our_own_leave_from_a_socket_that_gets_there() {
        let inside = (Transport::Udp, "127.0.0.1:5060");
        let wire_of = wire(&[inside, (Transport::Udp, "192.0.2.1:5060"), (Transport::Tls, "[2001:db8::1]:5061")]);
        let from = |transport, toward: &str| wire_of.local(transport, toward.parse().expect("an address"));
        assert_eq!(
            from(Transport::Udp, "198.51.100.1").map(|local| local.to_string()).as_deref(),
            Some("192.0.2.1:5060")
        );
        assert_eq!(from(Transport::Udp, "127.0.0.2").map(|local| local.to_string()).as_deref(), Some("127.0.0.1:5060"));
        assert_eq!(from(Transport::Udp, "2001:db8::2"), None);
        assert_eq!(from(Transport::Tcp, "198.51.100.1"), None);
        assert!(wire(&[inside]).local(Transport::Udp, IpAddr::from([198, 51, 100, 1])).is_none());
    }

    #[test]
    fn over_tls_we_are_named_as_we_were_asked_for() {
        let mut wire = wire(&[(Transport::Tls, "192.0.2.1:5061")]);
        let to = |text: &str| wire.flow_to(&Uri::parse(text).expect("a URI")).expect("a way");
        let flow = to("sips:alice@198.51.100.1");
        assert_eq!((flow.transport, flow.remote.port()), (Transport::Tls, 5061));
        assert_eq!(to("sip:alice@198.51.100.1;transport=tls"), flow);
        assert_eq!(to("sips:alice@198.51.100.1:5071").remote.port(), 5071);
        assert_eq!(wire.contact(&flow, "a", false), "<sip:a@192.0.2.1:5061;transport=tls>");
        assert_eq!(wire.contact(&flow, "a", true), "<sips:a@192.0.2.1:5061>");
        // RFC 5923 §8.1: on a connection that is ours, and not on the peer's.
        assert!(wire.via(&flow).starts_with("SIP/2.0/TLS 192.0.2.1:5061;") && wire.via(&flow).ends_with(";alias"));
        let theirs = Flow { connection: Some(sip::ConnectionId(1)), ..flow };
        assert!(!wire.via(&theirs).contains("alias"));
    }
}
