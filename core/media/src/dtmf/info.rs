//! Keys as bodies of SIP INFO (RFC 6086 carries them; the two body types were never standardised).
//!
//! ```text
//! Content-Type: application/dtmf-relay        Content-Type: application/dtmf
//! Signal=5                                    5
//! Duration=160
//! ```

use std::time::Duration;

use super::{Digit, Pressed, SHORTEST};

/// Of which no length is said.
pub const USUAL: Duration = Duration::from_millis(160);

/// None is longer, whatever a body says.
const LONGEST: Duration = Duration::from_secs(10);

/// No body of a key is larger.
const LARGEST: usize = 512;

/// The type of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `application/dtmf-relay`: lines of names and values.
    Relay,
    /// `application/dtmf`: the key alone.
    Plain,
}

/// Why a body is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InfoError {
    /// Neither of the two types.
    #[error("the body is of another type than application/dtmf-relay and application/dtmf")]
    ForeignType,
    /// Not text, or more of it than a key takes.
    #[error("the body is not a short text")]
    NotText,
    /// No `Signal=` line.
    #[error("the body names no signal")]
    NoSignal,
    /// The signal is no key.
    #[error("the signal is no key")]
    NotAKey,
}

impl Form {
    /// The form of a Content-Type, parameters left aside.
    #[must_use]
    pub fn of(content_type: &str) -> Option<Self> {
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        [Self::Relay, Self::Plain].into_iter().find(|form| form.content_type().eq_ignore_ascii_case(kind))
    }

    /// Its Content-Type.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Relay => "application/dtmf-relay",
            Self::Plain => "application/dtmf",
        }
    }
}

/// Reads a body.
///
/// # Errors
/// [`InfoError`] when it tells of no key.
pub fn read(content_type: &str, body: &[u8]) -> Result<Pressed, InfoError> {
    let form = Form::of(content_type).ok_or(InfoError::ForeignType)?;
    let text = std::str::from_utf8(body).ok().filter(|text| text.len() <= LARGEST).ok_or(InfoError::NotText)?;
    // Phones mix the two: lines under the plain type, and a bare key under the other.
    let named = text.lines().flat_map(|line| line.split('\r')).filter_map(|line| line.split_once('='));
    let (mut signal, mut duration) = (None, None);
    for (name, value) in named {
        let (name, value) = (name.trim(), value.trim());
        if name.eq_ignore_ascii_case("signal") {
            signal.get_or_insert(value);
        } else if name.eq_ignore_ascii_case("duration") {
            duration = duration.or_else(|| value.parse().ok());
        }
    }
    let bare = || (form == Form::Plain || !text.contains('=')).then(|| text.trim()).filter(|text| !text.is_empty());
    let signal = signal.or_else(bare).ok_or(InfoError::NoSignal)?;
    let duration = duration.map_or(USUAL, |millis| Duration::from_millis(millis).clamp(SHORTEST, LONGEST));
    Ok(Pressed { digit: key(signal).ok_or(InfoError::NotAKey)?, duration })
}

/// A key by its character, or by its event code as some phones write `*`, `#` and A to D.
fn key(signal: &str) -> Option<Digit> {
    let mut characters = signal.chars();
    match (characters.next(), characters.next()) {
        (Some(one), None) => Digit::from_char(one),
        (Some('1'), Some(_)) => signal.parse().ok().and_then(Digit::from_event),
        _ => None,
    }
}

/// Writes a body of this form.
#[must_use]
pub fn write(form: Form, pressed: Pressed) -> String {
    let (digit, millis) = (pressed.digit, pressed.duration.as_millis());
    match form {
        Form::Relay => format!("Signal={digit}\r\nDuration={millis}\r\n"),
        Form::Plain => digit.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(key: char, millis: u64) -> Pressed {
        Pressed { digit: Digit::from_char(key).expect("a key"), duration: Duration::from_millis(millis) }
    }

    #[test]
    fn bodies_of_the_field_are_read() {
        for (kind, body, key, millis) in [
            ("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", '5', 160),
            ("application/dtmf-relay", "Signal= 5\nDuration= 250\n", '5', 250),
            ("Application/DTMF-Relay; charset=utf-8", "signal = *\r\nduration = 100", '*', 100),
            ("application/dtmf-relay", "Duration=90\r\nSignal=d\r\n", 'D', 90),
            ("application/dtmf-relay", "Signal=11\r\nDuration=100\r\n", '#', 100),
            ("application/dtmf-relay", "Signal=#\r\n", '#', 160),
            ("application/dtmf-relay", "Signal=!\rDuration=1\r", '!', 40),
            ("application/dtmf-relay", "Signal=1\r\nDuration=99999999999\r\n", '1', 10_000),
            ("application/dtmf-relay", "Signal=1\r\nDuration=-4\r\n", '1', 160),
            ("application/dtmf-relay", "7", '7', 160),
            ("application/dtmf", "7\r\n", '7', 160),
            ("application/dtmf", "Signal=7\r\nDuration=80", '7', 80),
            ("application/dtmf", "16", '!', 160),
        ] {
            assert_eq!(read(kind, body.as_bytes()), Ok(pressed(key, millis)), "{kind}: {body:?}");
        }
    }

    #[test]
    fn bodies_that_are_no_keys_are_refused() {
        for (kind, body, error) in [
            ("application/sdp", &b"Signal=5"[..], InfoError::ForeignType),
            ("application/dtmf-relay", b"", InfoError::NoSignal),
            ("application/dtmf-relay", b"Duration=5", InfoError::NoSignal),
            ("application/dtmf-relay", b"Signal=", InfoError::NotAKey),
            ("application/dtmf-relay", b"Signal=55", InfoError::NotAKey),
            ("application/dtmf-relay", b"Signal=17", InfoError::NotAKey),
            ("application/dtmf", b"x", InfoError::NotAKey),
            ("application/dtmf", b"\xff\xfe", InfoError::NotText),
            ("application/dtmf", &[b'5'; 600], InfoError::NotText),
        ] {
            assert_eq!(read(kind, body), Err(error), "{kind}: {body:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for code in 0..=16 {
            let digit = Digit::from_event(code).expect("a key");
            let key = Pressed { digit, duration: USUAL };
            for form in [Form::Relay, Form::Plain] {
                assert_eq!(read(form.content_type(), write(form, key).as_bytes()), Ok(key));
            }
        }
    }
}
