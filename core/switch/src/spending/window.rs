//! How many calls began within the last second, or hour: counted in pieces of time, so that it takes the same few bytes
//! for one call and for a million.

use std::time::Duration;

/// Counts what falls into the last `N` pieces of time, the present one included. What it has seen is forgotten up to a
/// piece late and never early: no more than a limit fits into any stretch of `N - 1` pieces.
#[derive(Debug)]
pub(super) struct Window<const N: usize> {
    piece: Duration,
    /// The number of the present piece, from the ledger's beginning.
    present: u128,
    /// By the number of the piece, modulo `N`.
    counts: [u32; N],
}

/// A second, in eighths.
pub(super) type Second = Window<9>;
/// An hour, in minutes.
pub(super) type Hour = Window<61>;

impl Second {
    pub(super) fn new() -> Self {
        Self::of(Duration::from_millis(125))
    }
}

impl Hour {
    pub(super) fn new() -> Self {
        Self::of(Duration::from_secs(60))
    }
}

impl<const N: usize> Window<N> {
    fn of(piece: Duration) -> Self {
        Self { piece, present: 0, counts: [0; N] }
    }

    /// One more, so long after the ledger's beginning.
    pub(super) fn add(&mut self, at: Duration) {
        self.turn(at);
        let slot = Self::slot(self.present);
        if let Some(count) = self.counts.get_mut(slot) {
            *count = count.saturating_add(1);
        }
    }

    /// How many there were.
    pub(super) fn count(&mut self, at: Duration) -> u32 {
        self.turn(at);
        self.counts.iter().fold(0, |sum: u32, count| sum.saturating_add(*count))
    }

    fn turn(&mut self, at: Duration) {
        let piece = (at.as_nanos() / self.piece.as_nanos().max(1)).max(self.present);
        if piece - self.present >= N as u128 {
            self.counts = [0; N];
        } else {
            for passed in self.present + 1..=piece {
                if let Some(count) = self.counts.get_mut(Self::slot(passed)) {
                    *count = 0;
                }
            }
        }
        self.present = piece;
    }

    fn slot(piece: u128) -> usize {
        usize::try_from(piece % N as u128).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn what_began_is_counted_for_a_second_and_forgotten_an_eighth_later() {
        let mut second = Second::new();
        for at in [0, 124, 130] {
            second.add(millis(at));
        }
        for (at, count) in [(130, 3), (1000, 3), (1124, 3), (1125, 1), (1249, 1), (1250, 0), (90_000, 0)] {
            assert_eq!(second.count(millis(at)), count, "{at}");
        }
        second.add(millis(90_010));
        assert_eq!(second.count(millis(80_000)), 1, "time does not run backwards");
    }

    #[test]
    fn no_hour_holds_more_than_is_counted() {
        let mut hour = Hour::new();
        let begun: Vec<u64> = (0..400).map(|call| call * call % 7_919 * 1000 + call * 20_000).collect();
        let mut sorted = begun;
        sorted.sort_unstable();
        for (at, begun) in sorted.iter().enumerate() {
            hour.add(millis(*begun));
            let within = |time: u64| sorted.iter().take(at + 1).filter(|at| **at + time > *begun).count();
            let counted = usize::try_from(hour.count(millis(*begun))).expect("few");
            assert!((within(3_600_000)..=within(3_660_000)).contains(&counted), "{counted} at {begun}");
        }
    }
}
