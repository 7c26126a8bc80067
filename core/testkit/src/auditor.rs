//! Watches every message that the exchange sends and every one that it gets, and says what no RFC allows.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use sip::{Method, Name};

use crate::notifying::Notifying;

/// What was seen of one INVITE that a phone sent, by Call-ID and branch.
#[derive(Debug, Default)]
struct Asked {
    /// The final statuses that it got, without repetitions.
    finals: BTreeSet<u16>,
    hundred: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Auditor {
    /// INVITEs of phones by Call-ID and branch.
    asked: BTreeMap<(String, String), Asked>,
    /// 2xx of phones to our INVITEs that want an ACK, by Call-ID.
    unacknowledged: BTreeSet<String>,
    /// INVITEs of phones that came with an offer, by Call-ID and branch.
    offered: BTreeSet<(String, String)>,
    /// Provisional answers of ours that wait for their PRACK, by Call-ID and To tag: the number, and whether there is a
    /// description in it.
    assured: BTreeMap<(String, String), (u32, bool)>,
    notifying: Notifying,
    pub(crate) found: Vec<String>,
}

impl Auditor {
    /// A message that the exchange sent.
    pub(crate) fn sent(&mut self, bytes: &[u8]) {
        let limits = sip::Limits::default();
        let message = match sip::parse(bytes, &limits) {
            Ok(message) => message,
            Err(error) => return self.fault(&format!("unreadable: {error}"), bytes),
        };
        if sip::validate(&message).is_err() {
            self.fault("not valid", bytes);
        }
        let (Ok(via), Ok(call_id), Ok(cseq)) = (message.via(), message.call_id(), message.cseq()) else {
            return self.fault("without Via, Call-ID or CSeq", bytes);
        };
        for what in self.notifying.sent(&message) {
            self.fault(what, bytes);
        }
        if let Some(method) = message.method() {
            // RFC 3261 §8.1.1: what every request must carry.
            if message.max_forwards().ok().flatten().is_none() {
                self.fault("a request without Max-Forwards", bytes);
            }
            if !via.branch().is_some_and(|branch| branch.starts_with("z9hG4bK")) {
                self.fault("a request without the magic cookie", bytes);
            }
            // §8.1.1.8
            if method == Method::Invite && message.contacts().count() != 1 {
                self.fault("an INVITE without one Contact", bytes);
            }
            if method == Method::Ack {
                self.unacknowledged.remove(call_id);
            }
            return;
        }
        let Some(status) = message.status() else { return };
        if cseq.method == Method::Invite {
            let key = (call_id.to_owned(), via.branch().unwrap_or_default().to_owned());
            let asked = self.asked.entry(key).or_default();
            asked.hundred |= status.0 == 100;
            let late = status.0 < 200 && !asked.finals.is_empty();
            if status.0 >= 200 {
                asked.finals.insert(status.0);
            }
            let several = asked.finals.len() > 1;
            if late {
                // §17.2.1
                self.fault("a 1xx after the final response", bytes);
            }
            if several {
                self.fault("two different final responses", bytes);
            }
            // §12.1.1
            if (101..300).contains(&status.0) && message.value(Name::Contact).is_none() {
                self.fault("a dialog without a Contact", bytes);
            }
        }
        if cseq.method == Method::Invite {
            self.sent_reliably(&message, call_id, bytes);
        }
        // §8.2.6.2
        if status.0 > 100 && message.to().ok().and_then(|to| to.tag()).is_none() {
            self.fault("a response without a To tag", bytes);
        }
    }

    /// RFC 3262 §3: the next only after the PRACK, and no 2xx after a description that may not have come.
    fn sent_reliably(&mut self, message: &sip::Message<'_>, call_id: &str, bytes: &[u8]) {
        let Some(status) = message.status() else { return };
        let tag = message.to().ok().and_then(|to| to.tag()).unwrap_or_default();
        let key = (call_id.to_owned(), tag.to_owned());
        let waiting = self.assured.get(&key).copied();
        match (message.requires("100rel"), message.rseq()) {
            (true, Ok(Some(rseq))) if status.is_provisional() => {
                if waiting.is_some_and(|(known, _)| known != rseq) {
                    self.fault("a reliable answer before the PRACK of the last", bytes);
                }
                self.assured.insert(key, (rseq, !message.body().is_empty()));
            }
            (true, _) if status.is_provisional() => self.fault("a reliable answer without its number", bytes),
            _ if status.is_success() && waiting.is_some_and(|(_, described)| described) => {
                self.fault("a 2xx while a description may not have come", bytes);
            }
            _ => {}
        }
    }

    /// A message that came to the exchange.
    pub(crate) fn came(&mut self, bytes: &[u8]) {
        let limits = sip::Limits::default();
        let Ok(message) = sip::parse(bytes, &limits) else { return };
        self.notifying.came(&message);
        let (Ok(call_id), Ok(cseq)) = (message.call_id(), message.cseq()) else { return };
        if let (Some(Method::Prack), Ok(rack), Ok(to)) = (message.method(), message.rack(), message.to()) {
            let key = (call_id.to_owned(), to.tag().unwrap_or_default().to_owned());
            if self.assured.get(&key).is_some_and(|(rseq, _)| *rseq == rack.rseq) {
                self.assured.remove(&key);
            }
        }
        if message.status().is_some_and(|status| (200..300).contains(&status.0)) && cseq.method == Method::Invite {
            self.unacknowledged.insert(call_id.to_owned());
        }
        if let (Some(Method::Invite), Ok(via), false) = (message.method(), message.via(), message.body().is_empty()) {
            self.offered.insert((call_id.to_owned(), via.branch().unwrap_or_default().to_owned()));
        }
    }

    /// Where a phone may speak to from now on, when this message of the exchange answers its offer.
    pub(crate) fn answer_in(&self, bytes: &[u8]) -> Option<SocketAddr> {
        let message = sip::parse(bytes, &sip::Limits::default()).ok()?;
        message.status().filter(|status| (200..300).contains(&status.0))?;
        let branch = message.via().ok()?.branch().unwrap_or_default().to_owned();
        let offered = self.offered.contains(&(message.call_id().ok()?.to_owned(), branch));
        let answer = sdp::Description::parse(message.body()).ok().filter(|_| offered)?;
        answer.audio().map(|audio| audio.address)
    }

    /// What is still open when all is quiet.
    pub(crate) fn closing(&self) -> Vec<String> {
        let mut found = self.found.clone();
        found.extend(
            self.asked
                .iter()
                .filter(|(_, asked)| asked.hundred && asked.finals.is_empty())
                .map(|(key, _)| format!("a 100 without a final response: {key:?}")),
        );
        found.extend(self.notifying.closing());
        found.extend(self.unacknowledged.iter().map(|call_id| format!("a 2xx without its ACK: {call_id}")));
        found
    }

    /// The exchange begins anew.
    pub(crate) fn restarted(&mut self) {
        self.notifying.restarted();
    }

    /// The exchange is given back a subscription of this dialog.
    pub(crate) fn given_back(&mut self, call_id: &str, tag: &str) {
        self.notifying.given_back(call_id, tag);
    }

    pub(crate) fn fault(&mut self, what: &str, bytes: &[u8]) {
        self.found.push(format!("{what}:\n{}", String::from_utf8_lossy(bytes)));
    }
}
