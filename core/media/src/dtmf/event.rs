//! The payload of a telephone event (RFC 4733 §2.3).

use super::Digit;

/// One report of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Which key.
    pub digit: Digit,
    /// It is up again: the duration is final (§2.3.2).
    pub end: bool,
    /// Its power in −dBm0, 0 to 63 (§2.3.4).
    pub volume: u8,
    /// How long it, or this segment of it, has sounded, in ticks of the RTP clock (§2.3.5).
    pub duration: u16,
}

/// Why a payload is no report of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Fewer than four octets.
    #[error("a telephone event has four octets, not {0}")]
    Short(usize),
    /// An event that is no key: a tone of a modem or fax, a state of a trunk.
    #[error("event {0} is no key")]
    NotAKey(u8),
}

impl Event {
    /// Reads the first report in a payload.
    ///
    /// What follows is not looked at: keys are parted by pauses and so never share a packet (§2.5.1.5), but there are
    /// senders that pad, and zeros behind would read as the key 0.
    ///
    /// # Errors
    /// [`EventError`] when there is none.
    pub fn read(payload: &[u8]) -> Result<Self, EventError> {
        let &[code, flags, high, low, ..] = payload else { return Err(EventError::Short(payload.len())) };
        let digit = Digit::from_event(code).ok_or(EventError::NotAKey(code))?;
        // Bit 6 is reserved and ignored (§2.3.3).
        Ok(Self { digit, end: flags & 0x80 != 0, volume: flags & 0x3f, duration: u16::from_be_bytes([high, low]) })
    }

    /// The four octets of the report.
    #[must_use]
    pub fn write(self) -> [u8; 4] {
        let [high, low] = self.duration.to_be_bytes();
        [self.digit.event(), (u8::from(self.end) << 7) | self.volume.min(63), high, low]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_what_is_no_key_is_refused() {
        for code in 0..=16 {
            for (end, volume, duration) in [(false, 0, 0), (true, 63, u16::MAX), (false, 10, 160)] {
                let digit = Digit::from_event(code).expect("a key");
                let event = Event { digit, end, volume, duration };
                assert_eq!(Event::read(&event.write()), Ok(event));
            }
        }
        assert_eq!(Event::read(&[5, 0, 0]), Err(EventError::Short(3)));
        assert_eq!(Event::read(&[]), Err(EventError::Short(0)));
        assert_eq!(Event::read(&[32, 0, 0, 0]), Err(EventError::NotAKey(32)));
        // Padded by zeros, the reserved bit set: still one key.
        let five = Event::read(&[5, 0xca, 0x01, 0x40, 0, 0, 0, 0]).expect("a key");
        assert_eq!((five.end, five.volume, five.duration), (true, 10, 320));
    }
}
