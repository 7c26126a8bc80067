//! How mailboxes are, and what a tenant says of all of them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The most addresses of one mailbox.
const ADDRESSES: usize = 8;

/// How the owner of a mailbox is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailForm {
    /// That a message came.
    #[default]
    Note,
    /// With the message as a WAV file.
    Wav,
    /// With the message as an Ogg-Opus file: an eighth of the size.
    Opus,
    /// With a link to it, where the exchange has an address for links.
    Link,
}

/// How a mailbox is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MailboxSettings {
    /// In which language it speaks and writes; the tenant's when `None`.
    pub language: Option<String>,
    /// The IANA time zone of what it says and writes; the tenant's when `None`.
    pub zone: Option<String>,
    /// Its owner is asked for the PIN at his own phone too.
    pub asks_at_own_phone: bool,
    /// The longest message: 10 s to 29 min, which is what a sound that is played may last.
    #[serde(with = "seconds")]
    pub longest: Duration,
    /// A shorter message is none: 0 to 10 s.
    #[serde(with = "seconds")]
    pub shortest: Duration,
    /// Silence of this length ends a message: 2 to 60 s.
    #[serde(with = "seconds")]
    pub silence: Duration,
    /// The extension that is rung when a caller presses `0`.
    pub operator: Option<String>,
    /// Says of each message when it came and from whom.
    pub envelope: bool,
    /// It can be found by the name of its owner.
    pub listed: bool,
    /// The phones of its owner are told without having asked.
    pub unasked: bool,
    /// Where its owner is written to; nowhere when empty.
    pub emails: Vec<String>,
    /// How.
    pub mail: MailForm,
    /// A message is thrown away once the mail of it is sent.
    pub delete_after_mail: bool,
    /// The most messages: 1 to 9,999.
    pub max_messages: u32,
    /// The most sound in all, in minutes: 1 to 9,999.
    pub max_minutes: u32,
    /// How many days a saved message is kept; for ever when `None`.
    pub keep_days: Option<u32>,
}

impl Default for MailboxSettings {
    fn default() -> Self {
        Self {
            language: None,
            zone: None,
            asks_at_own_phone: true,
            longest: Duration::from_secs(300),
            shortest: Duration::from_secs(2),
            silence: Duration::from_secs(8),
            operator: None,
            envelope: true,
            listed: true,
            unasked: false,
            emails: Vec::new(),
            mail: MailForm::Note,
            delete_after_mail: false,
            max_messages: 100,
            max_minutes: 120,
            keep_days: None,
        }
    }
}

impl MailboxSettings {
    /// All that cannot be kept of these, a field each.
    #[must_use]
    pub fn faults(&self) -> Vec<Error> {
        let mut faults = Vec::new();
        let mut expect = |right: bool, field, why: &str| {
            if !right {
                faults.push(Error::invalid(field, why));
            }
        };
        let tag = |text: &str| {
            (2..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        expect(self.language.as_deref().is_none_or(tag), "language", "a tag as `en` or `de-AT`");
        let zone = |text: &str| (1..=64).contains(&text.len()) && text.bytes().all(|sign| sign.is_ascii_graphic());
        expect(self.zone.as_deref().is_none_or(zone), "time_zone", "an IANA time zone as `Europe/Berlin`");
        let seconds = |time: Duration| time.as_secs();
        expect((10..=1_740).contains(&seconds(self.longest)), "longest", "10 seconds to 29 minutes");
        let mailed = !self.delete_after_mail || matches!(self.mail, MailForm::Wav | MailForm::Opus);
        expect(mailed, "delete_after_mail", "only where the message goes along: mail is wav or opus");
        expect(seconds(self.shortest) <= 10, "shortest", "0 to 10 seconds");
        expect((2..=60).contains(&seconds(self.silence)), "silence", "2 to 60 seconds");
        let dialled = |text: &str| {
            (1..=32).contains(&text.len()) && text.bytes().all(|sign| sign.is_ascii_graphic() && sign != b'@')
        };
        expect(self.operator.as_deref().is_none_or(dialled), "operator", "an extension or a user: 1 to 32 signs");
        expect(self.emails.len() <= ADDRESSES, "emails", "at most 8 addresses");
        expect(self.emails.iter().all(|address| is_address(address)), "emails", "addresses as `alice@example.com`");
        expect((1..=9_999).contains(&self.max_messages), "max_messages", "1 to 9999");
        expect((1..=9_999).contains(&self.max_minutes), "max_minutes", "1 to 9999");
        expect(self.keep_days.is_none_or(|days| (1..=3_650).contains(&days)), "keep_days", "1 to 3650");
        faults
    }
}

/// Whether it is plainly no address; whether mail arrives there its server knows.
fn is_address(address: &str) -> bool {
    let plain =
        address.len() <= 254 && address.bytes().all(|sign| sign.is_ascii_graphic() && !b"<>,;\"".contains(&sign));
    let parts = address.rsplit_once('@');
    plain && parts.is_some_and(|(user, host)| !user.is_empty() && host.contains('.') || host_is_local(parts))
}

fn host_is_local(parts: Option<(&str, &str)>) -> bool {
    parts.is_some_and(|(user, host)| !user.is_empty() && host == "localhost")
}

/// What all mailboxes of a tenant may hold together, and how its mail is sent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct VoicemailPolicy {
    /// The most messages; no limit of its own when `None`.
    pub max_messages: Option<u32>,
    /// The most sound, in minutes.
    pub max_minutes: Option<u32>,
    /// How many days a saved message is kept where its mailbox says nothing else.
    pub keep_days: Option<u32>,
    /// The sender of its mail; the exchange's when `None`.
    pub mail_from: Option<String>,
}

impl VoicemailPolicy {
    /// All that cannot be kept of it, a field each.
    #[must_use]
    pub fn faults(&self) -> Vec<Error> {
        const MOST: u32 = 100_000_000;
        let many = |limit: Option<u32>| limit.is_none_or(|most| (1..=MOST).contains(&most));
        let address = self.mail_from.as_deref().is_none_or(is_address);
        [
            (many(self.max_messages), "max_messages", "1 to 100000000"),
            (many(self.max_minutes), "max_minutes", "1 to 100000000"),
            (self.keep_days.is_none_or(|days| (1..=3_650).contains(&days)), "keep_days", "1 to 3650"),
            (address, "mail_from", "an address as `pbx@example.com`"),
        ]
        .into_iter()
        .filter(|(right, ..)| !right)
        .map(|(_, field, why)| Error::invalid(field, why))
        .collect()
    }
}

/// A time as whole seconds.
mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(time.as_secs())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_secs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_would_write_another_line_are_none() {
        for right in ["alice@example.com", "a.b+c@mail.example.org", "root@localhost"] {
            assert!(is_address(right), "{right}");
        }
        for wrong in
            ["", "alice", "@example.com", "alice@", "a b@example.com", "a@example.com\r\nBcc: x@y.z", "<a@b.c>"]
        {
            assert!(!is_address(wrong), "{wrong:?}");
        }
    }
}
