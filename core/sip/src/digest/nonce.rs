//! Nonces of our own: signed, so that nothing need be kept of one that nobody uses; counted, so that nothing passes twice.
//!
//! A nonce is the second of its minting, a serial number, and a keyed hash of both. What is kept is only the highest
//! count seen of each nonce that proved itself, until it expires.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use md5::Digest;
use sha2::Sha256;

use super::Hex;

/// How far behind the highest count one may be: requests overtake each other.
const WINDOW: u32 = 32;

/// Mints nonces and knows its own.
#[derive(Debug)]
pub struct Nonces {
    /// The keyed hash as it is before anything is hashed: its inner and outer half.
    keyed: (Sha256, Sha256),
    epoch: Instant,
    lifetime: Duration,
    most: usize,
    serial: u64,
    /// Counts of nonces that proved themselves, by their serial number, which we minted.
    counts: HashMap<u64, Count>,
    /// Seconds and serial numbers of what is counted, the oldest first.
    expiry: BTreeSet<(u64, u64)>,
    /// Counts of nonces up to this serial number were forgotten to make room.
    floor: u64,
}

/// Which counts of a nonce have been used.
#[derive(Debug, Clone, Copy)]
struct Count {
    highest: u32,
    /// Bit n stands for `highest - n`.
    seen: u32,
}

/// What a nonce is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Ours, and not expired.
    Live,
    /// Ours once, too old now: `stale=true` (RFC 7616 §3.3).
    Stale,
    /// Ours, but this count was used before.
    Replayed,
    /// Never ours.
    Foreign,
}

impl Nonces {
    /// `now` is where its time begins; at most `most` nonces are counted at once.
    #[must_use]
    pub fn new(secret: [u8; 32], now: Instant, lifetime: Duration, most: usize) -> Self {
        // HMAC with a key of half a block (RFC 2104).
        let padded = |pad: u8| {
            let mut block = [pad; 64];
            block.iter_mut().zip(secret).for_each(|(to, from)| *to ^= from);
            Sha256::new_with_prefix(block)
        };
        Self {
            keyed: (padded(0x36), padded(0x5c)),
            epoch: now,
            lifetime,
            most: most.max(1),
            serial: 0,
            counts: HashMap::new(),
            expiry: BTreeSet::new(),
            floor: 0,
        }
    }

    fn seconds(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.epoch).as_secs()
    }

    fn signature(&self, seconds: u64, serial: u64) -> Hex {
        let (mut inner, mut outer) = self.keyed.clone();
        inner.update(seconds.to_be_bytes());
        inner.update(serial.to_be_bytes());
        outer.update(inner.finalize());
        // Half of it is enough (RFC 2104 §5).
        Hex::new(outer.finalize().get(..16).unwrap_or_default())
    }

    /// A new one.
    pub fn mint(&mut self, now: Instant) -> String {
        self.serial += 1;
        let seconds = self.seconds(now);
        format!("{seconds:08x}{:012x}{}", self.serial, self.signature(seconds, self.serial).as_str())
    }

    fn read(&self, nonce: &str) -> Option<(u64, u64)> {
        let seconds = u64::from_str_radix(nonce.get(..8)?, 16).ok()?;
        let serial = u64::from_str_radix(nonce.get(8..20)?, 16).ok()?;
        super::same(self.signature(seconds, serial).as_bytes(), nonce.get(20..)?.bytes()).then_some((seconds, serial))
    }

    /// What is this nonce to us, with this count? Nothing is counted yet.
    #[must_use]
    pub fn check(&self, nonce: &str, nc: u32, now: Instant) -> Verdict {
        let Some((seconds, serial)) = self.read(nonce) else { return Verdict::Foreign };
        if self.seconds(now) > seconds + self.lifetime.as_secs() {
            return Verdict::Stale;
        }
        match self.counts.get(&serial) {
            _ if nc == 0 => Verdict::Replayed,
            Some(count) if count.used(nc) => Verdict::Replayed,
            // Its count was forgotten to make room: it cannot be told from a replay.
            None if serial <= self.floor => Verdict::Stale,
            _ => Verdict::Live,
        }
    }

    /// The credentials with this nonce and count were right: the count is used up.
    pub fn used(&mut self, nonce: &str, nc: u32, now: Instant) {
        let Some((seconds, serial)) = self.read(nonce) else { return };
        self.forget(now);
        self.counts.entry(serial).and_modify(|count| count.mark(nc)).or_insert(Count { highest: nc, seen: 1 });
        self.expiry.insert((seconds, serial));
    }

    /// Forgets what has expired, and the oldest where there are too many.
    fn forget(&mut self, now: Instant) {
        let now = self.seconds(now);
        while let Some((seconds, serial)) = self.expiry.first().copied() {
            if seconds + self.lifetime.as_secs() >= now && self.counts.len() < self.most {
                return;
            }
            self.floor = self.floor.max(serial);
            self.counts.remove(&serial);
            self.expiry.pop_first();
        }
    }
}

impl Count {
    fn used(self, nc: u32) -> bool {
        match self.highest.checked_sub(nc) {
            None => false,
            Some(behind) if behind < WINDOW => self.seen & (1 << behind) != 0,
            Some(_) => true,
        }
    }

    fn mark(&mut self, nc: u32) {
        if let Some(behind) = self.highest.checked_sub(nc) {
            self.seen |= 1_u32.checked_shl(behind).unwrap_or(0);
        } else {
            let ahead = nc - self.highest;
            self.seen = self.seen.checked_shl(ahead).unwrap_or(0) | 1;
            self.highest = nc;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_lives_is_counted_and_expires() {
        let start = Instant::now();
        let mut nonces = Nonces::new([7; 32], start, Duration::from_secs(300), 10);
        let nonce = nonces.mint(start);
        assert_eq!(nonces.check(&nonce, 1, start), Verdict::Live);
        nonces.used(&nonce, 1, start);
        assert_eq!(nonces.check(&nonce, 1, start), Verdict::Replayed);
        assert_eq!(nonces.check(&nonce, 3, start), Verdict::Live);
        nonces.used(&nonce, 3, start);
        // The one that was overtaken still passes, once.
        assert_eq!(nonces.check(&nonce, 2, start), Verdict::Live);
        nonces.used(&nonce, 2, start);
        assert_eq!(nonces.check(&nonce, 2, start), Verdict::Replayed);
        assert_eq!(nonces.check(&nonce, 4, start + Duration::from_secs(302)), Verdict::Stale);
    }

    #[test]
    fn a_nonce_of_another_hand_is_foreign() {
        let start = Instant::now();
        let mut ours = Nonces::new([7; 32], start, Duration::from_secs(300), 10);
        let mut theirs = Nonces::new([8; 32], start, Duration::from_secs(300), 10);
        assert_eq!(ours.check(&theirs.mint(start), 1, start), Verdict::Foreign);
        let mut changed = ours.mint(start);
        changed.replace_range(7..8, "f");
        assert_eq!(ours.check(&changed, 1, start), Verdict::Foreign);
        for odd in ["", "00", "zzzzzzzz", "ééééééééééééééééééééé"] {
            assert_eq!(ours.check(odd, 1, start), Verdict::Foreign);
        }
    }

    #[test]
    fn memory_is_bounded_and_what_was_forgotten_cannot_be_replayed() {
        let start = Instant::now();
        let mut nonces = Nonces::new([7; 32], start, Duration::from_secs(300), 4);
        let first = nonces.mint(start);
        nonces.used(&first, 1, start);
        nonces.used(&first, 2, start);
        for _ in 0..100 {
            let nonce = nonces.mint(start);
            nonces.used(&nonce, 1, start);
        }
        assert!(nonces.counts.len() <= 4);
        for nc in 1..4 {
            assert_eq!(nonces.check(&first, nc, start), Verdict::Stale);
        }
    }
}
