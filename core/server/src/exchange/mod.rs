//! The signalling thread: it alone owns the switch, and everything reaches it through its sockets and its inbox.
//!
//! ```text
//! sockets ─┐                              ┌─► sockets
//! inbox  ──┼─► switch.handle → poll ──────┼─► directory, media engine: answered at once, from memory
//! timers ──┘                              └─► applications, writer, board, metrics
//! ```

mod inbox;
mod locator;
mod news;
mod streams;
mod thread;
mod udp;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use admin::TrunkHappening;
use anyhow::{Context, Result};
use sip::Transport;
use switch::{
    Command, LegRecord, PlayRefusal, RecordingOrder, Refusal, Side, SoundOrder, Spent, StoredBinding, TenantId, Trunk,
    TrunkView,
};
use tokio::sync::{broadcast, oneshot};

#[cfg(test)]
pub(crate) use inbox::Outbox;
pub(crate) use inbox::{Begun, Inbox, Inward};
pub(crate) use streams::Limits as StreamLimits;
pub(crate) use thread::{Parts, start};

/// Everybody else's hold on the exchange.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    pub(crate) inbox: Inbox,
    pub(crate) board: Arc<admin::Board>,
    /// What happens to trunks and to what may be spent.
    pub(crate) trunk_news: broadcast::Sender<TrunkHappening>,
}

impl Exchange {
    pub(crate) fn command(&self, call: switch::CallId, command: Command) {
        self.inbox.send(Inward::Command(call, command));
    }

    /// The bindings of a tenant, or of all.
    pub(crate) async fn registrations(&self, tenant: Option<TenantId>) -> Vec<StoredBinding> {
        let (answer, answered) = oneshot::channel();
        self.inbox.send(Inward::Registrations(tenant, answer));
        answered.await.unwrap_or_default()
    }

    /// The legs of a call that are there now, the caller's first, with what was measured of each up to now.
    pub(crate) async fn legs(&self, call: switch::CallId) -> Vec<LegRecord> {
        let (answer, answered) = oneshot::channel();
        self.inbox.send(Inward::Legs(call, answer));
        let mut legs = Vec::new();
        for (leg, measured) in answered.await.unwrap_or_default() {
            // A port that is closed meanwhile answers nothing.
            let media = match measured {
                Some(measured) => measured.await.ok(),
                None => None,
            };
            legs.push(LegRecord { media: media.or(leg.media), ..leg });
        }
        legs
    }

    /// Says something of the recording of a call; gives the recording's name.
    pub(crate) async fn record(&self, call: switch::CallId, order: RecordingOrder) -> Result<String, Refusal> {
        let (answer, answered) = oneshot::channel();
        self.inbox.send(Inward::Record(call, order, answer));
        answered.await.unwrap_or(Err(Refusal::WrongState))
    }

    /// Says what is to be heard by one party of a call.
    pub(crate) async fn play(
        &self,
        call: switch::CallId,
        whom: Option<Side>,
        order: SoundOrder,
    ) -> Result<(), PlayRefusal> {
        let (answer, answered) = oneshot::channel();
        self.inbox.send(Inward::Play(call, whom, Box::new(order), answer));
        answered.await.unwrap_or(Err(PlayRefusal::Over))
    }

    /// The trunks are these from now on, and what may be spent is read anew.
    pub(crate) fn set_outside(&self, trunks: Vec<Trunk>) {
        self.inbox.send(Inward::Outside(trunks));
    }

    /// How all trunks stand.
    pub(crate) async fn trunks(&self) -> Vec<TrunkView> {
        let (answer, answered) = oneshot::channel();
        self.inbox.send(Inward::Trunks(answer));
        answered.await.unwrap_or_default()
    }

    /// What all have spent today.
    pub(crate) async fn spent(&self) -> Vec<Spent> {
        let (answer, answered) = oneshot::channel();
        self.inbox.send(Inward::Spent(answer));
        answered.await.unwrap_or_default()
    }

    /// New calls are refused from now on.
    pub(crate) fn drain(&self) {
        self.inbox.send(Inward::Drain);
    }

    /// The bindings of an address of record end.
    pub(crate) fn forget(&self, aor: switch::Aor) {
        self.inbox.send(Inward::Forget(aor));
    }
}

/// A socket that listens.
#[derive(Debug)]
pub(crate) enum Listener {
    Udp(std::net::UdpSocket),
    Tcp(std::net::TcpListener),
}

/// Binds every address; `0.0.0.0` and `::` stand for each address of this machine, so that an answer leaves from the
/// address that was asked.
pub(crate) fn listen(wanted: &[(Transport, SocketAddr)]) -> Result<Vec<Listener>> {
    let mut listeners = Vec::new();
    for (transport, address) in wanted {
        for address in each_address(*address)? {
            listeners.push(bind(*transport, address)?);
        }
    }
    Ok(listeners)
}

fn each_address(address: SocketAddr) -> Result<Vec<SocketAddr>> {
    if !address.ip().is_unspecified() {
        return Ok(vec![address]);
    }
    let interfaces = if_addrs::get_if_addrs().context("asking for this machine's addresses")?;
    let ips = interfaces.into_iter().map(|interface| interface.ip()).filter(|ip| ip.is_ipv4() == address.is_ipv4());
    // A link-local IPv6 address is none without its interface.
    let usable = ips.filter(|ip| !matches!(ip, IpAddr::V6(v6) if v6.is_unicast_link_local()));
    let mut usable: Vec<IpAddr> = usable.collect();
    let facing = facing_the_world(address.is_ipv4());
    usable.sort_by_key(|ip| (Some(*ip) != facing, ip.is_loopback()));
    Ok(usable.into_iter().map(|ip| SocketAddr::new(ip, address.port())).collect())
}

/// The address from which this machine reaches the world. Requests of our own leave from the first that fits.
fn facing_the_world(v4: bool) -> Option<IpAddr> {
    // Addresses of documentation, by the default route. Nothing is sent: the kernel says where it would leave from.
    let (from, to) = if v4 { ("0.0.0.0:0", "192.0.2.1:9") } else { ("[::]:0", "[2001:db8::1]:9") };
    let socket = std::net::UdpSocket::bind(from).ok()?;
    socket.connect(to).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

fn bind(transport: Transport, address: SocketAddr) -> Result<Listener> {
    let told = || {
        let name = transport.as_str().to_ascii_lowercase();
        format!(
            "sip.listen: {name}:{address} cannot be opened; is another server (or another strowger) there? `ss -lnp | grep {}` shows it; or choose another port in strowger.toml",
            address.port()
        )
    };
    use socket2::{Domain, Protocol, Socket, Type};
    let udp = transport == Transport::Udp;
    let (kind, protocol) = if udp { (Type::DGRAM, Protocol::UDP) } else { (Type::STREAM, Protocol::TCP) };
    let open = || -> std::io::Result<Socket> {
        let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        if udp {
            // A burst must not be lost while the thread is busy; the kernel may grant less.
            let _ = socket.set_recv_buffer_size(8 << 20);
            let _ = socket.set_send_buffer_size(8 << 20);
        } else {
            socket.set_reuse_address(true)?;
        }
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        if !udp {
            socket.listen(1024)?;
        }
        Ok(socket)
    };
    let socket = open().with_context(told)?;
    Ok(if udp { Listener::Udp(socket.into()) } else { Listener::Tcp(socket.into()) })
}
