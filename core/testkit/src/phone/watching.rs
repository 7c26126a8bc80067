//! How a phone watches the lamp of a mailbox (RFC 3842): it subscribes, refreshes, and hears NOTIFYs.

use std::time::Instant;

use rsip::Method;
use switch::Waiting;

use super::{PhoneState, answer_key};
use crate::text::{self, Heard};

/// What a NOTIFY said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What waits; `None` where it had no body.
    pub waiting: Option<Waiting>,
    /// Its Message-Account.
    pub account: String,
    /// Its Subscription-State.
    pub state: String,
    /// Its Event.
    pub event: String,
}

/// A subscription as its phone sees it.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) call_id: String,
    local: String,
    remote: String,
    target: String,
    uri: String,
    pub(crate) cseq: u32,
    /// How the last SUBSCRIBE came out.
    pub(crate) status: Option<u16>,
    /// For how many seconds it was granted.
    pub(crate) granted: Option<u32>,
    pub(crate) told: Vec<Told>,
    heard_cseq: u32,
    event: String,
    /// The phone knows nothing of it any more.
    pub(crate) forgotten: bool,
}

impl PhoneState {
    /// Subscribes to what has this name, with these rows in place of what it would say by itself.
    pub(crate) fn subscribe(
        &mut self,
        now: Instant,
        name: &str,
        expires: Option<u32>,
        rows: &[(&'static str, String)],
    ) -> usize {
        let (call_id, local) = (self.token("watch"), self.token("tag"));
        let at_domain = if name.is_empty() { self.domain.clone() } else { format!("{name}@{}", self.domain) };
        let uri = format!("sip:{at_domain}");
        let event = rows.iter().find(|(name, _)| *name == "Event").map(|(_, value)| value.clone());
        self.watches.push(Watch {
            call_id,
            local,
            remote: String::new(),
            target: uri.clone(),
            uri,
            cseq: 0,
            status: None,
            granted: None,
            told: Vec::new(),
            heard_cseq: 0,
            event: event.unwrap_or_else(|| "message-summary".to_owned()),
            forgotten: false,
        });
        let at = self.watches.len() - 1;
        self.subscribe_in(now, at, expires, rows);
        at
    }

    /// A SUBSCRIBE of one of its subscriptions. A row without a value is left out.
    pub(crate) fn subscribe_in(
        &mut self,
        now: Instant,
        at: usize,
        expires: Option<u32>,
        extra: &[(&'static str, String)],
    ) {
        let contact = format!("<{}>", self.contact());
        let Some(watch) = self.watches.get_mut(at) else { return };
        watch.cseq += 1;
        watch.status = None;
        let mut to = format!("<{}>", watch.uri);
        if !watch.remote.is_empty() {
            to = format!("{to};tag={}", watch.remote);
        }
        let mut rows = vec![
            ("From", format!("<sip:{}@{}>;tag={}", self.user, self.domain, watch.local)),
            ("To", to),
            ("Call-ID", watch.call_id.clone()),
            ("CSeq", format!("{} SUBSCRIBE", watch.cseq)),
            ("Contact", contact),
            ("Event", watch.event.clone()),
            ("Accept", "application/simple-message-summary".to_owned()),
        ];
        if let Some(expires) = expires {
            rows.push(("Expires", expires.to_string()));
        }
        rows.retain(|(name, _)| !extra.iter().any(|(other, _)| other == name));
        rows.extend(extra.iter().filter(|(_, value)| !value.is_empty()).cloned());
        let (target, call_id) = (watch.target.clone(), watch.call_id.clone());
        self.send(now, Method::Subscribe, target, rows, Vec::new(), &call_id);
    }

    /// Its SUBSCRIBE was answered.
    pub(super) fn subscribed(&mut self, heard: &Heard, status: u16) {
        let call_id = heard.value("Call-ID");
        let Some(watch) = self.watches.iter_mut().find(|watch| watch.call_id == call_id) else { return };
        watch.status = Some(status);
        if (200..300).contains(&status) {
            watch.remote = heard.tag("To").expect("a To tag");
            watch.target = heard.contact().expect("a Contact");
            watch.granted = Some(heard.value("Expires").parse().expect("Expires"));
        }
    }

    /// A SUBSCRIBE was sent again with credentials.
    pub(super) fn subscribes_again(&mut self, call_id: &str, number: u32) {
        if let Some(watch) = self.watches.iter_mut().find(|watch| watch.call_id == call_id) {
            watch.cseq = number;
        }
    }

    /// A NOTIFY came.
    pub(super) fn hear_notify(&mut self, heard: &Heard) {
        if let Some((status, rows)) = self.manners.notified.clone() {
            if status > 0 {
                let bytes = text::response_with(heard, status, "t", None, &rows, b"");
                self.answered.push((answer_key(heard), bytes.clone()));
                self.outbox.push_back(bytes);
            }
            return;
        }
        let told = Told {
            waiting: summary(heard.body()),
            account: field(heard.body(), "Message-Account").unwrap_or_default(),
            state: heard.value("Subscription-State"),
            event: heard.value("Event"),
        };
        if !heard.body().is_empty() {
            assert_eq!(heard.value("Content-Type"), "application/simple-message-summary");
            let waits = told.waiting.map(|waiting| if waiting.new > 0 { "yes" } else { "no" });
            assert_eq!(field(heard.body(), "Messages-Waiting").as_deref(), waits);
        }
        let Some(tag) = heard.tag("To") else {
            self.unasked.push(told);
            return self.reply(heard, 200, "t", b"");
        };
        let call_id = heard.value("Call-ID");
        let mine = |watch: &&mut Watch| watch.call_id == call_id && watch.local == tag && !watch.forgotten;
        let Some(watch) = self.watches.iter_mut().find(mine) else { return self.reply(heard, 481, "", b"") };
        let from = heard.tag("From").expect("a From tag");
        assert!(watch.remote.is_empty() || watch.remote == from, "a NOTIFY of another dialog");
        let number = heard.cseq().0;
        assert!(number > watch.heard_cseq, "CSeq {number} behind {}", watch.heard_cseq);
        assert_eq!(told.event, watch.event, "RFC 6665 §8.2.1: the Event as it was asked for");
        watch.heard_cseq = number;
        // RFC 6665 §4.4.1: the NOTIFY may come before the 200.
        watch.remote = from;
        watch.target = heard.contact().expect("a Contact");
        watch.told.push(told);
        self.reply(heard, 200, "", b"");
    }
}

fn field(body: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let rows = text.lines().filter_map(|line| line.split_once(": "));
    rows.filter(|(known, _)| *known == name).map(|(_, value)| value.to_owned()).next()
}

/// The counts of a message summary (RFC 3842 §5.2).
fn summary(body: &[u8]) -> Option<Waiting> {
    let line = field(body, "Voice-Message")?;
    let (all, urgent) = line.split_once(' ')?;
    let pair = |text: &str| {
        let (new, saved) = text.split_once('/')?;
        Some((new.parse().ok()?, saved.parse().ok()?))
    };
    let ((new, saved), (urgent_new, urgent_saved)) = (pair(all)?, pair(urgent.strip_prefix('(')?.strip_suffix(')')?)?);
    Some(Waiting { new, saved, urgent_new, urgent_saved })
}
