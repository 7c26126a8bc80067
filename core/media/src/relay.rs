//! All ports of one media thread.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use slotmap::SlotMap;

use crate::counts::Stats;
use crate::port::{Expectation, Identity, Port};
use crate::rtcp::Ntp;

slotmap::new_key_type! {
    /// One port of one relay. Minted by [`Relay::open`].
    pub struct PortKey;
}

/// Which of a port's two sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The even one.
    Rtp,
    /// The odd one.
    Rtcp,
}

impl Kind {
    /// What a packet is that came to a socket of this kind. RFC 5761 §4: on one socket, packet types 64 to 95 (192 to 223
    /// with the marker bit) are RTCP. Both headers stay in the clear where packets are encrypted (RFC 3711 §3.1, §3.4).
    #[must_use]
    pub fn of(socket: Self, packet: &[u8]) -> Self {
        let rtcp = socket == Self::Rtcp || packet.get(1).is_some_and(|second| (192..=223).contains(second));
        if rtcp { Self::Rtcp } else { Self::Rtp }
    }
}

/// Where a packet goes on to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forward {
    /// Out of which port.
    pub port: PortKey,
    /// What it is.
    pub kind: Kind,
    /// Out of which of its sockets.
    pub socket: Kind,
    /// To which address.
    pub to: SocketAddr,
}

/// The ports of one media thread.
#[derive(Debug, Default)]
pub struct Relay {
    ports: SlotMap<PortKey, Port>,
}

/// A port between two relays.
#[derive(Debug)]
pub struct Parted {
    port: Box<Port>,
}

impl Relay {
    /// A new port, silent until it is told whom to expect.
    pub fn open(&mut self, now: Instant) -> PortKey {
        self.ports.insert(Port::new(now))
    }

    /// What signalling agreed on for a port.
    pub fn expect(&mut self, port: PortKey, expected: Expectation) {
        if let Some(port) = self.ports.get_mut(port) {
            port.expect(expected);
        }
    }

    /// Relays between two ports, both ways; whomever they were connected to before hears no more.
    pub fn connect(&mut self, a: PortKey, b: PortKey) {
        if a == b || !self.ports.contains_key(a) || !self.ports.contains_key(b) {
            return;
        }
        self.disconnect(a);
        self.disconnect(b);
        for (one, other) in [(a, b), (b, a)] {
            if let Some(port) = self.ports.get_mut(one) {
                port.peer = Some(other);
            }
        }
    }

    /// Stops relaying from and to a port.
    pub fn disconnect(&mut self, port: PortKey) {
        let peer = self.ports.get_mut(port).and_then(|port| port.peer.take());
        if let Some(peer) = peer.and_then(|peer| self.ports.get_mut(peer)) {
            peer.peer = None;
        }
    }

    /// Watches for silence from now on; `None` to stop.
    pub fn watch(&mut self, now: Instant, port: PortKey, silence: Option<Duration>) {
        if let Some(port) = self.ports.get_mut(port) {
            port.watch = silence.map(|longest| (longest, now));
            port.told = false;
        }
    }

    /// Takes a port out, with all that is known and counted of it, for another relay; it is connected to nobody any more.
    pub fn part(&mut self, port: PortKey) -> Option<Parted> {
        self.disconnect(port);
        self.ports.remove(port).map(|port| Parted { port: Box::new(port) })
    }

    /// Takes a port of another relay in. It has another name here.
    pub fn adopt(&mut self, parted: Parted) -> PortKey {
        self.ports.insert(*parted.port)
    }

    /// Forgets a port, and says what was counted.
    pub fn close(&mut self, port: PortKey) -> Option<Stats> {
        self.disconnect(port);
        self.ports.remove(port).map(|port| port.stats())
    }

    /// What was counted at a port so far.
    #[must_use]
    pub fn stats(&self, port: PortKey) -> Option<Stats> {
        self.ports.get(port).map(Port::stats)
    }

    /// A packet came; `None` when it goes nowhere.
    pub fn handle(
        &mut self,
        now: Instant,
        port: PortKey,
        kind: Kind,
        from: SocketAddr,
        bytes: &[u8],
    ) -> Option<Forward> {
        let kind = self.admit(now, port, kind, from, bytes)?;
        self.onward(port, kind, bytes.len())
    }

    /// A packet came: which kind it is, or `None` when it is not the far end's and was dropped.
    pub fn admit(&mut self, now: Instant, port: PortKey, kind: Kind, from: SocketAddr, bytes: &[u8]) -> Option<Kind> {
        let here = self.ports.get_mut(port)?;
        if here.is_fax() {
            return here.take_fax(now, kind, from, bytes).then_some(kind);
        }
        let kind = Kind::of(kind, bytes);
        let taken = match kind {
            Kind::Rtcp => here.take_rtcp(now, from, bytes),
            Kind::Rtp => here.take_rtp(now, from, bytes),
        };
        taken.then_some(kind)
    }

    /// A packet came to a port that is not its far end's, as is known without looking at where it came from: it counts as
    /// dropped, and nothing else is learnt of it.
    pub fn reject(&mut self, port: PortKey) {
        if let Some(here) = self.ports.get_mut(port) {
            here.stats.dropped += 1;
        }
    }

    /// Where the packet of so many bytes goes on to that a port admitted last; `None` when that is nowhere.
    pub fn onward(&mut self, port: PortKey, kind: Kind, size: usize) -> Option<Forward> {
        let here = self.ports.get_mut(port)?;
        let (peer, passing, fax) = (here.peer?, here.passing.take(), here.is_fax());
        // Between two agreements one side may be further than the other: what it says is nothing to that yet.
        let there = self.ports.get_mut(peer).filter(|there| there.is_fax() == fax)?;
        let (socket, to) = match kind {
            Kind::Rtcp => (there.rtcp_out(), there.rtcp_to()?),
            Kind::Rtp => (Kind::Rtp, there.count_out(size)?),
        };
        if let Some(passing) = passing {
            there.pass(passing);
        }
        Some(Forward { port: peer, kind, socket, to })
    }

    /// Where an RTP packet of ours to the far end of a port goes, which is counted as sent; `None` when it takes none.
    pub fn speak(&mut self, now: Instant, port: PortKey, packet: &[u8]) -> Option<SocketAddr> {
        let there = self.ports.get_mut(port).filter(|there| !there.is_fax())?;
        let to = there.count_out(packet.len())?;
        there.speak(now, packet);
        Some(to)
    }

    /// From now on we are an end of a port's streams ourselves, and report on them (RFC 3550 §6). Says when the first
    /// report is due; `None` when we were before.
    pub fn take_part(&mut self, now: Instant, port: PortKey, as_whom: &Identity) -> Option<Instant> {
        let there = self.ports.get_mut(port)?;
        let before = there.report_due();
        there.take_part(now, as_whom);
        there.report_due().filter(|_| before.is_none())
    }

    /// When our next report at a port is due; `None` where we make none.
    #[must_use]
    pub fn report_due(&self, port: PortKey) -> Option<Instant> {
        self.ports.get(port)?.report_due()
    }

    /// Writes our report at a port when it is due, says how long it is and where it goes. 256 bytes always suffice.
    pub fn report(&mut self, now: Instant, ntp: Ntp, port: PortKey, into: &mut [u8]) -> Option<(usize, Forward)> {
        let there = self.ports.get_mut(port)?;
        if there.is_fax() {
            // There is nothing to report on, and nobody who would read it.
            there.pass_over(now);
            return None;
        }
        let length = there.report(now, ntp, into)?;
        let (kind, socket) = (Kind::Rtcp, there.rtcp_out());
        Some((length, Forward { port, kind, socket, to: there.rtcp_to()? }))
    }

    /// The same of our last one, which says goodbye (§6.6), where the far end ever heard of us (§6.3.7).
    pub fn bye(&mut self, now: Instant, ntp: Ntp, port: PortKey, into: &mut [u8]) -> Option<(usize, Forward)> {
        let there = self.ports.get_mut(port).filter(|there| !there.is_fax())?;
        let length = there.bye(now, ntp, into)?;
        let (kind, socket) = (Kind::Rtcp, there.rtcp_out());
        Some((length, Forward { port, kind, socket, to: there.rtcp_to()? }))
    }

    /// The reports of others pass to the far end of a port for now: ours is left out, and the next one due later.
    pub fn pass_over(&mut self, now: Instant, port: PortKey) {
        if let Some(there) = self.ports.get_mut(port) {
            there.pass_over(now);
        }
    }

    /// Whether the far end of a port takes RTP at all: one that holds may name no place for it.
    #[must_use]
    pub fn is_reachable(&self, port: PortKey) -> bool {
        self.ports.get(port).is_some_and(|port| port.rtp_to().is_some())
    }

    /// The port that one is connected to.
    #[must_use]
    pub fn peer(&self, port: PortKey) -> Option<PortKey> {
        self.ports.get(port)?.peer
    }

    /// The next port whose far end fell silent; each is told once.
    pub fn poll_silent(&mut self, now: Instant) -> Option<PortKey> {
        let (key, port) = self.ports.iter_mut().find(|(_, port)| port.fell_silent(now))?;
        port.told = true;
        Some(key)
    }

    /// How many ports there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ports.len()
    }

    /// None is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ports.is_empty()
    }
}
