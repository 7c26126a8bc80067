//! The auditor's eye on subscriptions (RFC 6665): what the exchange notifies, in which dialogs and how often.

use std::collections::{BTreeMap, BTreeSet};

use sip::{Message, Method, Name, Status};

/// A dialog by Call-ID and the exchange's tag.
type Key = (String, String);

/// What was seen of one dialog's NOTIFYs.
#[derive(Debug, Default)]
struct Seen {
    cseq: u32,
    branch: String,
    /// The last is not answered yet.
    open: bool,
    /// It said that the subscription is over, or was refused.
    over: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Notifying {
    seen: BTreeMap<Key, Seen>,
    /// SUBSCRIBEs that were granted, by Call-ID and branch.
    granted: BTreeSet<Key>,
    /// Dialogs that a granted SUBSCRIBE made.
    dialogs: BTreeSet<Key>,
    /// A SUBSCRIBE was granted, and no NOTIFY came after it yet.
    owed: BTreeSet<Key>,
}

impl Notifying {
    /// The exchange sent this. Says what is wrong with it.
    pub(crate) fn sent(&mut self, message: &Message<'_>) -> Vec<&'static str> {
        let (Ok(cseq), Ok(call_id), Ok(via)) = (message.cseq(), message.call_id(), message.via()) else {
            return Vec::new();
        };
        let branch = via.branch().unwrap_or_default().to_owned();
        match (message.method(), message.status(), cseq.method) {
            (Some(Method::Notify), ..) => self.notified(message, call_id, cseq.number, branch),
            (None, Some(status), Method::Subscribe) => self.answered(message, call_id, status, branch),
            _ => Vec::new(),
        }
    }

    fn notified(&mut self, message: &Message<'_>, call_id: &str, cseq: u32, branch: String) -> Vec<&'static str> {
        let mut found = Vec::new();
        let tag =
            |address: Result<sip::NameAddr<'_>, sip::Error>| address.ok().and_then(|it| it.tag().map(str::to_owned));
        let key = (call_id.to_owned(), tag(message.from()).unwrap_or_default());
        let state = message.value(Name::SubscriptionState).unwrap_or_default().into_owned();
        // RFC 6665 §8.2.1, §8.2.3
        if message.value(Name::Event).is_none() || state.is_empty() {
            found.push("a NOTIFY without Event or Subscription-State");
        }
        // RFC 3261 §8.1.1.8
        if message.contacts().count() != 1 {
            found.push("a NOTIFY without one Contact");
        }
        if tag(message.to()).is_some() && !self.dialogs.contains(&key) {
            found.push("a NOTIFY in a dialog that nobody has made");
        }
        let first = !self.seen.contains_key(&key);
        let seen = self.seen.entry(key.clone()).or_default();
        if seen.branch == branch {
            return found;
        }
        if !first && cseq <= seen.cseq {
            found.push("a NOTIFY whose CSeq does not grow");
        }
        if seen.open {
            found.push("a NOTIFY before the last was answered");
        }
        if seen.over {
            found.push("a NOTIFY of a subscription that is over");
        }
        *seen = Seen { cseq, branch, open: true, over: state.starts_with("terminated") };
        self.owed.remove(&key);
        found
    }

    fn answered(&mut self, message: &Message<'_>, call_id: &str, status: Status, branch: String) -> Vec<&'static str> {
        let has = |name| message.value(name).is_some();
        let tag = message.to().ok().and_then(|to| to.tag()).unwrap_or_default().to_owned();
        if status.is_success() {
            let dialog = (call_id.to_owned(), tag);
            if self.granted.insert((call_id.to_owned(), branch)) {
                self.owed.insert(dialog.clone());
            }
            self.dialogs.insert(dialog);
        }
        // RFC 6665 §4.2.1.1
        let lacking = [
            (status.is_success() && !(has(Name::Expires) && has(Name::Contact)), "a 200 without Expires or Contact"),
            (status == Status::INTERVAL_TOO_BRIEF && !has(Name::MinExpires), "a 423 without Min-Expires"),
            (status == Status::BAD_EVENT && !has(Name::AllowEvents), "a 489 without Allow-Events"),
        ];
        lacking.into_iter().filter_map(|(wrong, what)| wrong.then_some(what)).collect()
    }

    /// This came to the exchange.
    pub(crate) fn came(&mut self, message: &Message<'_>) {
        let (Some(status), Ok(cseq), Ok(call_id)) = (message.status(), message.cseq(), message.call_id()) else {
            return;
        };
        if cseq.method != Method::Notify || !status.is_final() {
            return;
        }
        let tag = message.from().ok().and_then(|from| from.tag()).unwrap_or_default();
        let key = (call_id.to_owned(), tag.to_owned());
        let Some(seen) = self.seen.get_mut(&key).filter(|seen| seen.cseq == cseq.number) else { return };
        seen.open = false;
        if !status.is_success() && message.value(Name::RetryAfter).is_none() {
            seen.over = true;
            self.owed.remove(&key);
        }
    }

    /// The exchange begins anew: it knows of nothing that was under way.
    pub(crate) fn restarted(&mut self) {
        self.owed.clear();
        self.seen.values_mut().for_each(|seen| seen.open = false);
    }

    /// The exchange is given back a subscription of this dialog.
    pub(crate) fn given_back(&mut self, call_id: &str, tag: &str) {
        self.dialogs.insert((call_id.to_owned(), tag.to_owned()));
    }

    /// What is still open when all is quiet.
    pub(crate) fn closing(&self) -> Vec<String> {
        let answered = |key: &&Key| self.seen.get(*key).is_none_or(|seen| !seen.open);
        self.owed.iter().filter(answered).map(|key| format!("a SUBSCRIBE without its NOTIFY: {key:?}")).collect()
    }
}
