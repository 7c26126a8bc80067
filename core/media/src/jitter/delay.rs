//! How late packets are, against the fastest of them.

/// How many packets are looked back upon: 5 s of 20 ms each.
const MEMORY: usize = 256;
/// One packet in fifty may be later than what is waited for.
const MAY_BE_LATER: usize = 50;
/// All is measured anew after so many packets.
const EVERY: u8 = 16;

/// The transit times of the last packets, in ticks of their clock. Only differences mean anything.
#[derive(Debug)]
pub(super) struct Delays {
    transits: Box<[i32; MEMORY]>,
    count: usize,
    next: usize,
    fastest: i32,
    spread: i32,
    age: u8,
    /// Later than this is too late to be waited for.
    most: i32,
}

impl Delays {
    pub(super) fn new() -> Self {
        Self { transits: Box::new([0; MEMORY]), count: 0, next: 0, fastest: 0, spread: 0, age: 0, most: i32::MAX }
    }

    pub(super) fn clear(&mut self) {
        self.count = 0;
        self.next = 0;
        self.age = 0;
        self.spread = 0;
    }

    /// The transit time of the fastest packet; `None` before the first.
    pub(super) fn fastest(&self) -> Option<i32> {
        (self.count > 0).then_some(self.fastest)
    }

    /// How much later than the fastest nearly all packets are at most.
    pub(super) fn spread(&self) -> i32 {
        self.spread
    }

    /// Takes one packet's transit time and says whether all was measured anew. What is later than `most` is no jitter
    /// but an outage, and waiting would not help.
    pub(super) fn add(&mut self, transit: i32, most: i32) -> bool {
        self.most = most;
        if self.count == 0 {
            self.fastest = transit;
        }
        if let Some(place) = self.transits.get_mut(self.next) {
            *place = transit;
        }
        self.next = (self.next + 1) % MEMORY;
        self.count = (self.count + 1).min(MEMORY);
        self.fastest = self.fastest.min(transit);
        self.age += 1;
        let due = self.age >= EVERY || transit.saturating_sub(self.fastest) > self.spread;
        if due {
            self.measure();
        }
        due
    }

    fn measure(&mut self) {
        self.age = 0;
        let mut sorted = *self.transits;
        let Some(sorted) = sorted.get_mut(..self.count) else { return };
        let Some(fastest) = sorted.iter().copied().min() else { return };
        self.fastest = fastest;
        let mut within = 0;
        for at in 0..sorted.len() {
            if sorted.get(at).is_some_and(|transit| transit.saturating_sub(fastest) <= self.most) {
                sorted.swap(at, within);
                within += 1;
            }
        }
        let Some(sorted) = sorted.get_mut(..within) else { return };
        let Some(rank) = sorted.len().checked_sub(1 + sorted.len() / MAY_BE_LATER) else { return };
        let (_, late, _) = sorted.select_nth_unstable(rank);
        self.spread = late.saturating_sub(fastest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_is_what_nearly_all_packets_need() {
        let mut delays = Delays::new();
        assert_eq!(delays.fastest(), None);
        for number in 0..256 {
            delays.add(1_000 + number % 40, 8_000);
        }
        assert_eq!((delays.fastest(), delays.spread()), (Some(1_000), 39));
        // A few stragglers are not waited for, many are.
        for _ in 0..4 {
            delays.add(5_000, 8_000);
        }
        assert_eq!(delays.spread(), 39);
        for _ in 0..4 {
            delays.add(5_000, 8_000);
        }
        assert_eq!(delays.spread(), 4_000);
    }

    #[test]
    fn a_way_that_became_longer_is_not_taken_for_jitter_forever() {
        let mut delays = Delays::new();
        (0..300).for_each(|_| {
            delays.add(100, 8_000);
        });
        (0..300).for_each(|_| {
            delays.add(900, 8_000);
        });
        assert_eq!((delays.fastest(), delays.spread()), (Some(900), 0));
    }

    #[test]
    fn an_outage_is_not_waited_for() {
        let mut delays = Delays::new();
        (0..200).for_each(|number| {
            delays.add(number % 3, 1_600);
        });
        (0..50).for_each(|number| {
            delays.add(7_000 - number * 100, 1_600);
        });
        assert_eq!((delays.fastest(), delays.spread()), (Some(0), 2));
    }
}
