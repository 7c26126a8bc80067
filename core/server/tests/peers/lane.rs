//! Ports for one test: tests run side by side, each in a lane of its own.

use std::net::TcpListener;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU16, Ordering};

/// The first port of the first lane; all lanes lie below the ports that the system hands out by itself.
const FIRST: u16 = 23_000;
/// How many ports a lane has.
const WIDTH: u16 = 400;
/// How many lanes there are.
const LANES: u16 = 24;
/// How many ports of a lane are the exchange's, for media.
const MEDIA: u16 = 320;

/// One test's ports; free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Lane {
    base: u16,
    next: AtomicU16,
    /// Bound for as long as the lane is taken, so that no other test takes it.
    _guard: TcpListener,
}

impl Lane {
    /// Takes a lane that nobody has.
    pub(crate) fn take() -> Self {
        let start = u16::try_from(std::process::id() % u32::from(LANES)).unwrap_or(0);
        for number in 0..LANES {
            let base = FIRST + (start + number) % LANES * WIDTH;
            if let Ok(guard) = TcpListener::bind(("127.0.0.1", base)) {
                return Self { base, next: AtomicU16::new(base + 2 + MEDIA), _guard: guard };
            }
        }
        panic!("all {LANES} lanes of ports from {FIRST} on are taken");
    }

    /// The exchange's media ports.
    pub(crate) fn media(&self) -> RangeInclusive<u16> {
        self.base + 2..=self.base + 1 + MEDIA
    }

    /// So many ports in a row for a peer, the first of them even.
    pub(crate) fn ports(&self, count: u16) -> u16 {
        let first = self.next.fetch_add(count.next_multiple_of(2), Ordering::Relaxed);
        assert!(first + count <= self.base + WIDTH, "the lane has no port left");
        first
    }

    /// All peers are gone: their ports may be taken again.
    pub(crate) fn free_ports(&self) {
        self.next.store(self.base + 2 + MEDIA, Ordering::Relaxed);
    }
}
