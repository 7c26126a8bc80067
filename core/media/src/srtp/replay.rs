//! Which packets were here before (§3.3.2), and which of the many with its number a packet is (§3.3.1).
//!
//! | highest `s` | sequence number `q` | roll-over counter |
//! |---|---|---|
//! | s < 2¹⁵ | q − s > 2¹⁵ | one less |
//! | s ≥ 2¹⁵ | s − 2¹⁵ > q | one more |
//! | any | any other | the same |

use super::SrtpError;

/// How many packets before the newest may still come: twice the least that the RFC allows.
const WINDOW: u64 = 128;

/// §3.3.1: an index is a roll-over counter of 32 bits and a sequence number of 16.
const LAST_INDEX: u64 = (1 << 48) - 1;

/// The newest index and a bit for each that came before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    newest: u64,
    /// Bit n: the n-th before the newest was here. Bit 0 is the newest.
    seen: u128,
}

impl Window {
    /// The first packet.
    pub(super) fn beginning(index: u64) -> Self {
        Self { newest: index, seen: 1 }
    }

    /// Which index a sequence number most likely means.
    pub(super) fn estimate(&self, sequence: u16) -> Result<u64, SrtpError> {
        let newest = (self.newest & 0xffff) as u16;
        let counter = self.newest >> 16;
        let counter = match sequence.checked_sub(newest) {
            Some(ahead) if newest < 0x8000 && ahead > 0x8000 => counter.checked_sub(1).ok_or(SrtpError::TooOld)?,
            None if newest >= 0x8000 && newest - 0x8000 > sequence => counter + 1,
            _ => counter,
        };
        let index = counter << 16 | u64::from(sequence);
        if index > LAST_INDEX { Err(SrtpError::Exhausted) } else { Ok(index) }
    }

    /// May it still come?
    pub(super) fn check(&self, index: u64) -> Result<(), SrtpError> {
        match self.newest.checked_sub(index) {
            None => Ok(()),
            Some(age) if age >= WINDOW => Err(SrtpError::TooOld),
            Some(age) if self.seen >> age & 1 == 1 => Err(SrtpError::Replayed),
            Some(_) => Ok(()),
        }
    }

    /// It came and was authentic.
    pub(super) fn note(&mut self, index: u64) {
        match self.newest.checked_sub(index) {
            Some(age) if age < WINDOW => self.seen |= 1 << age,
            Some(_) => (),
            None => {
                let ahead = index - self.newest;
                self.seen = if ahead < WINDOW { self.seen << ahead | 1 } else { 1 };
                self.newest = index;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_of_the_table() {
        for (newest, sequence, wanted) in [
            (5, 6, Ok(6)),
            (5, 4, Ok(4)),
            (0xfffe, 0xffff, Ok(0xffff)),
            (0xffff, 0, Ok(0x1_0000)),
            (0xffff, 0x7ffe, Ok(0x1_7ffe)),
            (0xffff, 0x7fff, Ok(0x7fff)),
            (0x1_0000, 0xffff, Ok(0xffff)),
            (0x1_0005, 0x8005, Ok(0x1_8005)),
            (0x1_0005, 0x8006, Ok(0x8006)),
            (0, 0xffff, Err(SrtpError::TooOld)),
            (LAST_INDEX, 0, Err(SrtpError::Exhausted)),
        ] {
            assert_eq!(Window::beginning(newest).estimate(sequence), wanted, "{newest:x} {sequence:x}");
        }
    }

    #[test]
    fn each_index_is_taken_once_in_any_order_within_the_window() {
        let mut window = Window::beginning(1_000);
        assert_eq!(window.check(1_000), Err(SrtpError::Replayed));
        for index in [1_001, 1_005, 1_003, 1_127, 1_100] {
            assert_eq!(window.check(index), Ok(()), "{index}");
            window.note(index);
            assert_eq!(window.check(index), Err(SrtpError::Replayed), "{index}");
        }
        assert_eq!(window.check(1_000), Err(SrtpError::Replayed), "the oldest that is remembered");
        assert_eq!(window.check(1_002), Ok(()));
        assert_eq!(window.check(999), Err(SrtpError::TooOld));
        window.note(5_000);
        assert_eq!((window.check(4_999), window.check(4_872)), (Ok(()), Err(SrtpError::TooOld)));
    }
}
