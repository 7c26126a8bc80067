//! What a SUBSCRIBE wants (RFC 6665 §4.2.1.1, RFC 3842 §3).

use std::time::Duration;

use sip::{Contact, Message, Name, Scheme, Status};

use super::summary::KIND;
use super::{Config, PACKAGE};

/// The longest Contact and `id` that are kept.
const LONGEST_TARGET: usize = 1024;
const LONGEST_ID: usize = 128;

/// RFC 6665 §4.2.1.1: what is asked for an hour is not called too brief.
const HOUR: u32 = 3600;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The `id` of its Event (§8.2.1).
    pub(super) event_id: Option<String>,
    /// For how long; for no time at all: to know now, and no longer.
    pub(super) expires: Duration,
}

/// Why it is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) status: Status,
    /// A row that belongs to it.
    pub(super) row: Option<(Name, String)>,
}

impl From<Status> for Refused {
    fn from(status: Status) -> Self {
        Self { status, row: None }
    }
}

impl Wanted {
    /// Reads it whole before anything is changed.
    pub(super) fn read(message: &Message<'_>, config: &Config) -> Result<Self, Refused> {
        let event_id = event_id(message)?;
        if !takes_summaries(message) {
            // RFC 3261 §21.4.7
            return Err(Status::NOT_ACCEPTABLE.into());
        }
        has_lawful_contact(message)?;
        Ok(Self { event_id, expires: expires(message, config)? })
    }
}

/// RFC 6665 §8.2.1: the package is compared byte by byte. One that is not here is refused with those that are (§8.3.2).
fn event_id(message: &Message<'_>) -> Result<Option<String>, Refused> {
    let event = message.value(Name::Event).unwrap_or_default();
    let mut parts = event.split(';').map(str::trim);
    if parts.next() != Some(PACKAGE) {
        return Err(Refused { status: Status::BAD_EVENT, row: Some((Name::AllowEvents, PACKAGE.to_owned())) });
    }
    let id = parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("id"));
    let Some((_, id)) = id else { return Ok(None) };
    let id = id.trim();
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte);
    if id.is_empty() || id.len() > LONGEST_ID || !id.bytes().all(token) {
        return Err(Status::BAD_REQUEST.into());
    }
    Ok(Some(id.to_owned()))
}

/// RFC 3842 §3.5: who names no type takes summaries; who names some names them or their like.
fn takes_summaries(message: &Message<'_>) -> bool {
    if message.value(Name::Accept).is_none() {
        return true;
    }
    message.tokens(Name::Accept).any(|range| {
        let kind = range.split(';').next().unwrap_or_default().trim();
        [KIND, "application/*", "*/*"].iter().any(|known| known.eq_ignore_ascii_case(kind))
    })
}

/// RFC 3261 §12.1.1: NOTIFYs go to the Contact. Inside the dialog it may be left out; `Subscription::new` asks for one.
fn has_lawful_contact(message: &Message<'_>) -> Result<(), Refused> {
    match message.contacts().next() {
        None => Ok(()),
        Some(Ok(Contact::Addr(address))) if matches!(address.uri().scheme(), Scheme::Sip | Scheme::Sips) => {
            let long = address.uri().as_str().len() > LONGEST_TARGET;
            if long { Err(Status::MESSAGE_TOO_LARGE.into()) } else { Ok(()) }
        }
        Some(_) => Err(Status::BAD_REQUEST.into()),
    }
}

/// RFC 6665 §4.2.1.1: what is too brief is refused, what is too long is shortened.
fn expires(message: &Message<'_>, config: &Config) -> Result<Duration, Refused> {
    match message.expires().map_err(|_| Status::BAD_REQUEST)? {
        None => Ok(config.default_expires),
        Some(0) => Ok(Duration::ZERO),
        Some(seconds) if seconds < HOUR && Duration::from_secs(seconds.into()) < config.min_expires => {
            let least = config.min_expires.as_secs().min(HOUR.into());
            Err(Refused { status: Status::INTERVAL_TOO_BRIEF, row: Some((Name::MinExpires, least.to_string())) })
        }
        Some(seconds) => Ok(Duration::from_secs(seconds.into()).min(config.max_expires)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(rows: &str) -> Result<Wanted, Refused> {
        let text = format!(
            "SUBSCRIBE sip:1@x SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKa\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:1@x>\r\n\
             Call-ID: c\r\nCSeq: 1 SUBSCRIBE\r\n{rows}\r\n"
        );
        let message = sip::parse(text.as_bytes(), &sip::Limits::default()).expect("a message");
        Wanted::read(&message, &Config::default())
    }

    fn refused(rows: &str) -> Option<u16> {
        read(rows).err().map(|refused| refused.status.0)
    }

    #[test]
    fn the_event_is_read_with_its_id_and_nothing_else_is_taken_for_it() {
        let wanted = |id: Option<&str>| Wanted { event_id: id.map(str::to_owned), expires: Duration::from_secs(3600) };
        assert_eq!(read("Event: message-summary\r\n"), Ok(wanted(None)));
        assert_eq!(read("o: message-summary ; x=1; ID=a7\r\n"), Ok(wanted(Some("a7"))));
        for rows in
            ["", "Event:\r\n", "Event: presence\r\n", "Event: Message-Summary\r\n", "Event: message-summary.winfo\r\n"]
        {
            let refused = read(rows).expect_err("refused");
            assert_eq!(refused.status, Status::BAD_EVENT, "{rows}");
            assert_eq!(refused.row, Some((Name::AllowEvents, "message-summary".to_owned())));
        }
        let long = format!("Event: message-summary;id={}\r\n", "x".repeat(129));
        for rows in ["Event: message-summary;id=\r\n", "Event: message-summary;id=a b\r\n", &long] {
            assert_eq!(refused(rows), Some(400), "{rows}");
        }
    }

    #[test]
    fn who_takes_no_summaries_is_told_so() {
        let with = |accept: &str| refused(&format!("Event: message-summary\r\nAccept: {accept}\r\n"));
        for accept in ["application/simple-message-summary", "text/plain, application/*;q=0.5", "*/*"] {
            assert_eq!(with(accept), None, "{accept}");
        }
        for accept in ["application/sdp", "text/plain,text/html", ""] {
            assert_eq!(with(accept), Some(406), "{accept}");
        }
    }

    #[test]
    fn too_brief_is_refused_and_too_long_is_shortened() {
        let with = |expires: &str| read(&format!("Event: message-summary\r\nExpires: {expires}\r\n"));
        for (asked, given) in [("0", 0), ("60", 60), ("3600", 3600), ("1000000000", 7200), ("99999999999999", 7200)] {
            assert_eq!(with(asked).map(|wanted| wanted.expires.as_secs()), Ok(given), "{asked}");
        }
        let brief = with("59").expect_err("refused");
        assert_eq!((brief.status.0, brief.row), (423, Some((Name::MinExpires, "60".to_owned()))));
        assert_eq!(with("soon").expect_err("refused").status.0, 400);
    }

    #[test]
    fn a_contact_is_one_that_can_be_told() {
        let with = |contact: &str| refused(&format!("Event: message-summary\r\nContact: {contact}\r\n"));
        assert_eq!(with("<sip:a@10.0.0.1>"), None);
        assert_eq!(with("*"), Some(400));
        assert_eq!(with("<tel:+1>"), Some(400));
        assert_eq!(with(&format!("<sip:{}@x>", "a".repeat(2000))), Some(513));
    }
}
