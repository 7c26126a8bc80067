//! What is kept of the PINs of a room: salted, slow hashes.
//!
//! They protect little: whoever has the database tries all PINs of four digits within minutes, however slow a hash is. They
//! keep a PIN from being read at a glance, in a backup or over a shoulder. Against callers who guess, attempts are counted.

use std::fmt;
use std::hint::black_box;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::error::Error;

/// About 10 ms on one core: a caller does not notice it.
const ROUNDS: u32 = 50_000;
const SALT: usize = 16;

/// Whose PIN it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admitted {
    /// A participant's.
    Participant,
    /// A moderator's.
    Moderator,
}

/// The PINs of a room, hashed by PBKDF2 with HMAC-SHA-256 (RFC 8018 §5.2). Both have one salt, so that one try costs one
/// hash. `Debug` does not show them.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Pins {
    pub(crate) salt: Vec<u8>,
    pub(crate) rounds: u32,
    pub(crate) participant: Option<[u8; 32]>,
    pub(crate) moderator: Option<[u8; 32]>,
}

impl Pins {
    /// Of these PINs, 4 to 16 digits each.
    ///
    /// # Errors
    /// A PIN that is too short, too long, no number, or both the same.
    pub fn of(participant: Option<&str>, moderator: Option<&str>) -> Result<Self, Error> {
        let mut pins = Self::default();
        pins.set_participant(participant)?;
        pins.set_moderator(moderator)?;
        Ok(pins)
    }

    /// Everybody needs this PIN from now on; `None`: nobody needs one.
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub fn set_participant(&mut self, pin: Option<&str>) -> Result<(), Error> {
        self.participant = self.hash("pin", pin, self.moderator)?;
        Ok(())
    }

    /// This PIN makes a moderator from now on; `None`: none does.
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub fn set_moderator(&mut self, pin: Option<&str>) -> Result<(), Error> {
        self.moderator = self.hash("moderator_pin", pin, self.participant)?;
        Ok(())
    }

    /// Whether a PIN is needed to come in.
    #[must_use]
    pub fn has_participant(&self) -> bool {
        self.participant.is_some()
    }

    /// Whether there is a PIN for moderators.
    #[must_use]
    pub fn has_moderator(&self) -> bool {
        self.moderator.is_some()
    }

    /// Whose PIN this is. An empty one is a participant's where none is needed. Takes some 10 ms: not for a thread that
    /// serves calls.
    #[must_use]
    pub fn admit(&self, pin: &str) -> Option<Admitted> {
        if pin.is_empty() {
            return self.participant.is_none().then_some(Admitted::Participant);
        }
        if self.participant.is_none() && self.moderator.is_none() {
            return None;
        }
        let hash = derive(pin.as_bytes(), &self.salt, self.rounds);
        let [moderator, participant] =
            [&self.moderator, &self.participant].map(|kept| kept.is_some_and(|kept| same(&kept, &hash)));
        match (moderator, participant) {
            (true, _) => Some(Admitted::Moderator),
            (false, true) => Some(Admitted::Participant),
            (false, false) => None,
        }
    }

    fn hash(
        &mut self,
        field: &'static str,
        pin: Option<&str>,
        other: Option<[u8; 32]>,
    ) -> Result<Option<[u8; 32]>, Error> {
        let Some(pin) = pin else { return Ok(None) };
        if !(4..=16).contains(&pin.len()) || !pin.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Error::Invalid { field, why: "4 to 16 digits".to_owned() });
        }
        if self.salt.is_empty() {
            self.salt = vec![0; SALT];
            getrandom::fill(&mut self.salt).map_err(Error::Random)?;
            self.rounds = ROUNDS;
        }
        let hash = derive(pin.as_bytes(), &self.salt, self.rounds);
        if other == Some(hash) {
            return Err(Error::Invalid { field, why: "participants and moderators need different PINs".to_owned() });
        }
        Ok(Some(hash))
    }
}

impl fmt::Debug for Pins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = (self.has_participant(), self.has_moderator());
        f.debug_struct("Pins").field("participant", &set.0).field("moderator", &set.1).finish_non_exhaustive()
    }
}

/// Takes as long as a look whether a PIN is right.
pub(crate) fn take_as_long(pin: &str) {
    black_box(derive(pin.as_bytes(), &[0; SALT], ROUNDS));
}

/// PBKDF2 (RFC 8018 §5.2), its first block: as long as the hash.
fn derive(pin: &[u8], salt: &[u8], rounds: u32) -> [u8; 32] {
    // HMAC takes keys of any length.
    let Ok(keyed) = Hmac::<Sha256>::new_from_slice(pin) else { return [0; 32] };
    let mut last: [u8; 32] =
        keyed.clone().chain_update(salt).chain_update(1_u32.to_be_bytes()).finalize().into_bytes().into();
    let mut all = last;
    for _ in 1..rounds {
        last = keyed.clone().chain_update(last).finalize().into_bytes().into();
        all.iter_mut().zip(last).for_each(|(sum, byte)| *sum ^= byte);
    }
    all
}

/// In a time that does not depend on how much of it is right.
fn same(one: &[u8; 32], other: &[u8; 32]) -> bool {
    one.iter().zip(other).fold(0, |all, (a, b)| black_box(all | (a ^ b))) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn hashes_are_those_of_rfc_7914_section_11() {
        let one = derive(b"passwd", b"salt", 1);
        assert_eq!(hex(&one), "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
        let many = derive(b"Password", b"NaCl", 80_000);
        assert_eq!(hex(&many), "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56");
    }

    #[test]
    fn a_pin_says_who_comes_and_is_shown_nowhere() {
        let pins = Pins::of(Some("1234"), Some("987654")).expect("PINs");
        assert_eq!(pins.admit("1234"), Some(Admitted::Participant));
        assert_eq!(pins.admit("987654"), Some(Admitted::Moderator));
        for wrong in ["", "123", "12345", "4321", "98765"] {
            assert_eq!(pins.admit(wrong), None, "{wrong:?}");
        }
        assert!(!format!("{pins:?}").contains("1234"));
        assert_ne!(Pins::of(Some("1234"), None).expect("PINs"), Pins::of(Some("1234"), None).expect("PINs"), "salted");
    }

    #[test]
    fn who_needs_no_pin_gives_none() {
        let open = Pins::default();
        assert_eq!((open.admit(""), open.admit("1234")), (Some(Admitted::Participant), None));
        let mut ruled = Pins::of(None, Some("2468")).expect("PINs");
        assert_eq!((ruled.admit(""), ruled.admit("2468")), (Some(Admitted::Participant), Some(Admitted::Moderator)));
        ruled.set_moderator(None).expect("none");
        assert_eq!(ruled.admit("2468"), None);
    }

    #[test]
    fn a_pin_that_cannot_be_typed_or_says_nothing_is_refused() {
        for wrong in ["", "123", "12345678901234567", "12a4", "12 4", "１２３４"] {
            assert!(matches!(Pins::of(Some(wrong), None), Err(Error::Invalid { field: "pin", .. })), "{wrong:?}");
        }
        assert!(matches!(Pins::of(Some("1234"), Some("1234")), Err(Error::Invalid { field: "moderator_pin", .. })));
    }
}
