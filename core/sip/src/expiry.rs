//! Session timers (RFC 4028): how long a dialog stands without being refreshed, and who refreshes it.

use crate::error::Error;
use crate::lex::{self, Params};
use crate::message::Message;
use crate::name::Name;

/// Which side of a request refreshes (RFC 4028 §4): a role in that one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresher {
    /// Whoever sent the request.
    Uac,
    /// Whoever answers it.
    Uas,
}

impl Refresher {
    /// As it stands in the parameter.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Uac => "uac",
            Self::Uas => "uas",
        }
    }
}

/// Session-Expires (§4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionExpires {
    /// In seconds; what is above 2³² - 1 is taken for that.
    pub seconds: u32,
    /// Who refreshes; `None` where the sender leaves it to the other, or names nobody who exists.
    pub refresher: Option<Refresher>,
}

impl Message<'_> {
    /// Session-Expires.
    ///
    /// # Errors
    /// When it is no number of seconds.
    pub fn session_expires(&self) -> Result<Option<SessionExpires>, Error> {
        let Some(value) = self.value(Name::SessionExpires) else { return Ok(None) };
        let (seconds, params) = lex::split_at(&value, b';');
        let seconds = seconds_of(seconds, "Session-Expires")?;
        let refresher = match Params(params.unwrap_or_default()).get("refresher").flatten() {
            Some(name) if name.eq_ignore_ascii_case("uac") => Some(Refresher::Uac),
            Some(name) if name.eq_ignore_ascii_case("uas") => Some(Refresher::Uas),
            _ => None,
        };
        Ok(Some(SessionExpires { seconds, refresher }))
    }

    /// Min-SE (§5), in seconds.
    ///
    /// # Errors
    /// When it is no number of seconds.
    pub fn min_se(&self) -> Result<Option<u32>, Error> {
        let Some(value) = self.value(Name::MinSe) else { return Ok(None) };
        seconds_of(lex::split_at(&value, b';').0, "Min-SE").map(Some)
    }
}

fn seconds_of(text: &str, header: &'static str) -> Result<u32, Error> {
    match lex::number(lex::trim(text), header) {
        Err(Error::Range(_)) => Ok(u32::MAX),
        seconds => seconds,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, parse};

    fn expires(row: &str) -> Result<Option<(u32, Option<Refresher>)>, Error> {
        let text = format!("INVITE sip:a@h SIP/2.0\r\n{row}\r\n");
        let message = parse(text.as_bytes(), &Limits::default()).expect("a message");
        message.session_expires().map(|found| found.map(|found| (found.seconds, found.refresher)))
    }

    #[test]
    fn an_interval_is_read_with_whoever_refreshes() {
        assert_eq!(expires("Session-Expires: 1800\r\n"), Ok(Some((1800, None))));
        assert_eq!(expires("x: 90 ; refresher = UAC\r\n"), Ok(Some((90, Some(Refresher::Uac)))));
        assert_eq!(expires("Session-Expires: 90;a=b;refresher=uas\r\n"), Ok(Some((90, Some(Refresher::Uas)))));
        assert_eq!(expires("Session-Expires: 90;refresher=me\r\n"), Ok(Some((90, None))));
        assert_eq!(expires("Session-Expires: 99999999999\r\n"), Ok(Some((u32::MAX, None))));
        assert_eq!(expires(""), Ok(None));
        for value in ["", "soon", "-1", "1.5"] {
            let row = format!("Session-Expires: {value}\r\n");
            assert_eq!(expires(&row), Err(Error::Value("Session-Expires")), "{value:?}");
        }
    }

    #[test]
    fn the_least_interval_is_read() {
        let message = |row: &str| format!("INVITE sip:a@h SIP/2.0\r\n{row}\r\n");
        let read = |text: &str| parse(text.as_bytes(), &Limits::default()).expect("a message").min_se();
        assert_eq!(read(&message("Min-SE: 120;x=y\r\n")), Ok(Some(120)));
        assert_eq!(read(&message("")), Ok(None));
        assert_eq!(read(&message("Min-SE: x\r\n")), Err(Error::Value("Min-SE")));
    }
}
