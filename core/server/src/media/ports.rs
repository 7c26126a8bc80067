//! Pairs of UDP ports from a range: even for RTP, the next for RTCP (RFC 3550 §11), at random within it.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A pair that is bound.
#[derive(Debug)]
pub(crate) struct Pair {
    /// The address for `c=` and `m=`.
    pub(crate) address: SocketAddr,
    pub(crate) rtp: UdpSocket,
    pub(crate) rtcp: UdpSocket,
}

#[derive(Debug)]
pub(crate) struct Ports {
    first: u16,
    pairs: u16,
    rng: ChaCha12Rng,
    /// Our address towards an address, as the kernel routes; forgotten when there are many.
    routes: HashMap<IpAddr, IpAddr>,
}

const ROUTES: usize = 10_000;

impl Ports {
    pub(crate) fn new((first, last): (u16, u16), seed: [u8; 32]) -> Self {
        let first = first + first % 2;
        Self { first, pairs: (last - first).div_ceil(2), rng: ChaCha12Rng::from_seed(seed), routes: HashMap::new() }
    }

    pub(crate) fn open(&mut self, toward: IpAddr) -> Option<Pair> {
        let ip = self.route(toward)?;
        let pairs = u32::from(self.pairs);
        let start = self.rng.next_u32() % pairs;
        // At random first; where the range is nearly full, one after the other.
        (0..pairs).find_map(|step| {
            let pair = u16::try_from((start + step) % pairs).ok()?;
            bind_pair(ip, self.first + 2 * pair)
        })
    }

    fn route(&mut self, toward: IpAddr) -> Option<IpAddr> {
        match toward {
            IpAddr::V4(v4) if v4.is_loopback() => return Some(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(v6) if v6.is_loopback() => return Some(Ipv6Addr::LOCALHOST.into()),
            _ => {}
        }
        if let Some(ip) = self.routes.get(&toward) {
            return Some(*ip);
        }
        let any: IpAddr = if toward.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let socket = UdpSocket::bind((any, 0)).ok()?;
        // Nothing is sent: the kernel only says by which of our addresses it would go.
        socket.connect((toward, 9)).ok()?;
        let ip = socket.local_addr().ok()?.ip();
        if self.routes.len() >= ROUTES {
            self.routes.clear();
        }
        self.routes.insert(toward, ip);
        Some(ip)
    }
}

fn bind_pair(ip: IpAddr, port: u16) -> Option<Pair> {
    let rtp = bind(SocketAddr::new(ip, port)).ok()?;
    let rtcp = bind(SocketAddr::new(ip, port + 1)).ok()?;
    Some(Pair { address: SocketAddr::new(ip, port), rtp, rtcp })
}

/// As `UdpSocket::bind`, but never waiting from the beginning: two calls of the system instead of three.
fn bind(address: SocketAddr) -> std::io::Result<UdpSocket> {
    use socket2::{Domain, Protocol, Socket, Type};
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM.nonblocking(), Some(Protocol::UDP))?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}
