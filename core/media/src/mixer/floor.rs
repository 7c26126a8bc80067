//! Who has the floor: the loudest few of those whose voice is heard.

use super::MemberKey;

/// Who has it keeps it until another is twice as strong (3 dB): two equal voices do not take turns by the frame.
const KEEPS: u32 = 2;

/// The loudest few of a tick. Few means few: they are searched one by one.
#[derive(Debug)]
pub(super) struct Floor {
    /// With their loudness; never more than `seats`.
    taken: Vec<(MemberKey, u32)>,
    seats: usize,
}

impl Floor {
    pub(super) fn new(most: usize) -> Self {
        Self { taken: Vec::with_capacity(most), seats: most }
    }

    /// A tick begins.
    pub(super) fn open(&mut self, seats: usize) {
        self.taken.clear();
        self.seats = seats.min(self.taken.capacity());
    }

    /// One whose voice is heard: he takes a free seat, or that of the quietest if he is louder.
    pub(super) fn consider(&mut self, key: MemberKey, loudness: u32, had_it: bool) {
        let loudness = if had_it { loudness.saturating_mul(KEEPS) } else { loudness };
        if self.taken.len() < self.seats {
            self.taken.push((key, loudness));
            return;
        }
        let quietest = self.taken.iter_mut().min_by_key(|(_, loudness)| *loudness);
        if let Some(quietest) = quietest.filter(|(_, other)| *other < loudness) {
            *quietest = (key, loudness);
        }
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = MemberKey> {
        self.taken.iter().map(|(key, _)| *key)
    }

    pub(super) fn has(&self, key: MemberKey) -> bool {
        self.keys().any(|other| other == key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use slotmap::SlotMap;

    #[test]
    fn the_loudest_take_the_seats_and_keep_them_by_3_db() {
        let mut keys: SlotMap<MemberKey, ()> = SlotMap::with_key();
        let all: Vec<MemberKey> = (0..4).map(|_| keys.insert(())).collect();
        let mut floor = Floor::new(2);
        let mut hold = |loud: [u32; 4], had: [bool; 4]| -> Vec<usize> {
            floor.open(2);
            for ((key, loud), had) in all.iter().zip(loud).zip(had) {
                floor.consider(*key, loud, had);
            }
            all.iter().enumerate().filter(|(_, key)| floor.has(**key)).map(|(at, _)| at).collect()
        };
        assert_eq!(hold([1, 9, 5, 7], [false; 4]), [1, 3]);
        let had = [false, true, false, true];
        assert_eq!(hold([10, 9, 13, 7], had), [1, 3], "not loud enough to take it");
        assert_eq!(hold([10, 9, 15, 7], had), [1, 2], "more than twice the last one's");
    }
}
