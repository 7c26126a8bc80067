//! Pairs of UDP ports from a range: even for RTP, the next for RTCP (RFC 3550 §11), at random within it.
//!
//! Where calls come and go quickly, pairs are used again without closing them: sockets are a tenth of a call. A pair stays
//! with the media thread that watches it, at rest too: what comes too late is thrown away there.
//!
//! | pair | event | next |
//! |---|---|---|
//! | – | wanted, fewer than `CHOICE` have rested | bound anew |
//! | in use | its port is closed | resting |
//! | resting for `REST`, one of `CHOICE` or more | wanted | in use |
//! | resting | nobody wants it for `PATIENCE`, or there are `MOST` | closed |

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A pair that is bound.
#[derive(Debug)]
pub(crate) struct Pair {
    /// Its name among the sockets that a thread watches, whoever uses it. Below 2⁶³ and never all ones.
    pub(crate) number: u64,
    /// The address for `c=` and `m=`.
    pub(crate) address: SocketAddr,
    pub(crate) rtp: UdpSocket,
    pub(crate) rtcp: UdpSocket,
}

/// A pair that nobody uses, and the thread that has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rested {
    pub(crate) number: u64,
    pub(crate) address: SocketAddr,
    pub(crate) thread: usize,
}

/// What is given out.
#[derive(Debug)]
pub(crate) enum Seat {
    New(Pair),
    Old(Rested),
}

#[derive(Debug)]
pub(crate) struct Ports {
    first: u16,
    pairs: u16,
    rng: ChaCha12Rng,
    /// Our address towards an address, as the kernel routes; forgotten when there are many.
    routes: HashMap<IpAddr, IpAddr>,
    /// Pairs that nobody uses by our address and their thread, with the time since when: about in that order.
    resting: BTreeMap<(IpAddr, usize), VecDeque<(Instant, Rested)>>,
    /// Which pairs of the range are not ours, by our address, in no order.
    free: HashMap<IpAddr, Vec<u16>>,
    /// How many pairs were ever bound.
    minted: u64,
}

const ROUTES: usize = 10_000;
/// So many pairs that others may hold are tried for one port: signalling waits meanwhile.
const TRIES: usize = 64;
/// What a peer still sends after its call is gone by then.
const REST: Duration = Duration::from_millis(500);
/// Whoever was in a call must not know the ports of the next: it gets one of so many at least.
const CHOICE: usize = 64;
const PATIENCE: Duration = Duration::from_secs(10);
const MOST: usize = 4_096;

impl Ports {
    pub(crate) fn new((first, last): (u16, u16), seed: [u8; 32]) -> Self {
        let first = first + first % 2;
        Self {
            first,
            pairs: (last - first).div_ceil(2),
            rng: ChaCha12Rng::from_seed(seed),
            routes: HashMap::new(),
            resting: BTreeMap::new(),
            free: HashMap::new(),
            minted: 0,
        }
    }

    /// A pair for this thread to talk with this address.
    pub(crate) fn open(&mut self, now: Instant, toward: IpAddr, thread: usize) -> Option<Seat> {
        let ip = self.route(toward)?;
        if let Some(rested) = self.rested(now, (ip, thread), CHOICE) {
            return Some(Seat::Old(rested));
        }
        if let Some(pair) = self.bind(ip) {
            return Some(Seat::New(pair));
        }
        // Where the range is at its end, one that is ours already is better than none.
        self.rested(now + REST, (ip, thread), 1).map(Seat::Old)
    }

    /// Binds one of the pairs that are not ours: at random, and those behind it where others have it.
    fn bind(&mut self, ip: IpAddr) -> Option<Pair> {
        let free = self.free.entry(ip).or_insert_with(|| (0..self.pairs).collect());
        let start = usize::try_from(self.rng.next_u32()).unwrap_or(0);
        for step in 0..free.len().min(TRIES) {
            let at = start.wrapping_add(step) % free.len();
            let port = self.first + 2 * free.get(at)?;
            match bind_pair(self.minted + 1, ip, port) {
                Ok(pair) => {
                    free.swap_remove(at);
                    self.minted += 1;
                    return Some(pair);
                }
                Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {}
                // No more sockets, or no such address: it is not the port's fault.
                Err(error) => {
                    tracing::warn!(%error, "no media port can be opened");
                    return None;
                }
            }
        }
        None
    }

    /// A pair is closed, or will be soon.
    pub(crate) fn closed(&mut self, address: SocketAddr) {
        if let Some(free) = self.free.get_mut(&address.ip()) {
            free.push((address.port() - self.first) / 2);
        }
    }

    /// One of the pairs that have rested, at random, where there is a choice.
    fn rested(&mut self, now: Instant, of: (IpAddr, usize), choice: usize) -> Option<Rested> {
        let resting = self.resting.get_mut(&of)?;
        let rested = resting.partition_point(|(since, _)| now.saturating_duration_since(*since) >= REST);
        if rested < choice {
            return None;
        }
        let one = self.rng.next_u64() % u64::try_from(rested).unwrap_or(1);
        resting.swap_remove_front(usize::try_from(one).unwrap_or(0)).map(|(_, rested)| rested)
    }

    /// Takes back a pair that nobody uses any more; gives it back where there are enough: it is to be closed.
    pub(crate) fn rest(&mut self, now: Instant, rested: Rested) -> Option<Rested> {
        let resting = self.resting.entry((rested.address.ip(), rested.thread)).or_default();
        if resting.len() >= MOST {
            self.closed(rested.address);
            return Some(rested);
        }
        resting.push_back((now, rested));
        None
    }

    /// What nobody wanted for long: to be closed.
    pub(crate) fn stale(&mut self, now: Instant) -> Vec<Rested> {
        let mut stale = Vec::new();
        for resting in self.resting.values_mut() {
            let is_old = |(since, _): &(Instant, Rested)| now.saturating_duration_since(*since) >= PATIENCE;
            while resting.front().is_some_and(is_old) {
                stale.extend(resting.pop_front().map(|(_, rested)| rested));
            }
        }
        self.resting.retain(|_, resting| !resting.is_empty());
        stale.iter().for_each(|rested| self.closed(rested.address));
        stale
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

fn bind_pair(number: u64, ip: IpAddr, port: u16) -> std::io::Result<Pair> {
    let rtp = bind(SocketAddr::new(ip, port))?;
    let rtcp = bind(SocketAddr::new(ip, port + 1))?;
    Ok(Pair { number, address: SocketAddr::new(ip, port), rtp, rtcp })
}

/// As `UdpSocket::bind`, but never waiting from the beginning: two calls of the system instead of three.
fn bind(address: SocketAddr) -> std::io::Result<UdpSocket> {
    use socket2::{Domain, Protocol, Socket, Type};
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM.nonblocking(), Some(Protocol::UDP))?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    struct Range {
        ports: Ports,
        /// Sockets stay open while they rest.
        pairs: Vec<Pair>,
    }

    impl Range {
        fn new(first: u16, pairs: u16) -> Self {
            Self { ports: Ports::new((first, first + 2 * pairs - 1), [7; 32]), pairs: Vec::new() }
        }

        fn open(&mut self, now: Instant, thread: usize) -> Option<Rested> {
            Some(match self.ports.open(now, HERE, thread)? {
                Seat::Old(rested) => rested,
                Seat::New(pair) => {
                    let rested = Rested { number: pair.number, address: pair.address, thread };
                    self.pairs.push(pair);
                    rested
                }
            })
        }
    }

    #[test]
    fn a_pair_is_used_again_on_its_thread_where_nobody_can_know_which() {
        let (mut range, start) = (Range::new(42_000, 400), Instant::now());
        let used: Vec<Rested> = (0..=CHOICE).map(|_| range.open(start, 1).expect("a pair")).collect();
        let addresses: HashSet<SocketAddr> = used.iter().map(|rested| rested.address).collect();
        assert!(used.into_iter().all(|rested| range.ports.rest(start, rested).is_none()));
        let early = range.open(start + REST / 2, 1).expect("a pair");
        assert!(!addresses.contains(&early.address), "late packets may still come there");
        let later = start + REST;
        let other = range.open(later, 0).expect("a pair");
        assert!(!addresses.contains(&other.address), "another thread watches it");
        let again = [(); 2].map(|()| range.open(later, 1).expect("a pair").address);
        assert!(again.iter().all(|address| addresses.contains(address)), "{again:?}");
        let fresh = range.open(later, 1).expect("a pair");
        assert!(!addresses.contains(&fresh.address), "of fewer than {CHOICE} one could guess");
    }

    #[test]
    fn a_range_at_its_end_gives_what_rests_and_pairs_that_nobody_wants_are_closed() {
        let (mut range, start) = (Range::new(44_000, 3), Instant::now());
        let used: Vec<Rested> = (0..3).map(|_| range.open(start, 0).expect("a pair")).collect();
        assert!(range.open(start, 0).is_none());
        used.into_iter().for_each(|rested| assert!(range.ports.rest(start, rested).is_none()));
        assert!(range.open(start, 0).is_some(), "one of those that rest");
        assert!(range.ports.stale(start).is_empty());
        assert_eq!(range.ports.stale(start + PATIENCE).len(), 2);
        assert!(range.ports.resting.is_empty());
        assert!(range.open(start + PATIENCE, 0).is_none(), "they are not closed yet");
        range.pairs.clear();
        assert!(range.open(start + PATIENCE, 0).is_some(), "whoever closed them gave them back");
    }

    #[test]
    fn at_a_range_s_end_only_pairs_that_others_have_are_tried() {
        let (mut range, start) = (Range::new(45_000, 200), Instant::now());
        // Of others: it is found out which they are.
        let taken: Vec<_> = (0..20).filter_map(|at| bind(SocketAddr::new(HERE, 45_000 + 20 * at)).ok()).collect();
        let given = std::iter::from_fn(|| range.open(start, 0)).count();
        assert_eq!(given, 200 - taken.len());
        // Each is two calls of the system, on the signalling thread.
        let tried = |range: &Range| range.ports.free.get(&HERE).map(Vec::len);
        assert_eq!(tried(&range), Some(taken.len()), "not the whole range");
        assert_eq!((0..given).filter_map(|_| range.open(start, 0)).count(), 0);
        assert_eq!(tried(&range), Some(taken.len()));
    }
}
