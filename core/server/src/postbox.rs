//! Voicemail as dialplans reach it.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use dialplan::Wait;
use switch::{CallControl, MailboxError, Parted, Reason, TenantId, Waiting, Whose};
use voicemail::{Config, Voicemail};

use crate::mailroom::Mailroom;

/// The application over the mailboxes that are kept.
pub(crate) fn voicemail(mailroom: &Mailroom) -> Voicemail {
    let clock = Arc::new(|| (Instant::now(), SystemTime::now()));
    Voicemail::new(Arc::new(mailroom.clone()), clock, Config::default())
}

/// The way of dialplans to mailboxes.
#[derive(Debug)]
pub(crate) struct Postbox {
    pub(crate) voicemail: Voicemail,
    pub(crate) mailroom: Mailroom,
}

impl dialplan::Voicemail for Postbox {
    fn find(&self, tenant: TenantId, name: &str) -> Option<String> {
        self.mailroom.boxes.find(tenant, name).map(|known| known.shown.name.clone())
    }

    fn count(&self, tenant: TenantId, mailbox: &str) -> Option<Waiting> {
        let known = self.mailroom.boxes.find(tenant, mailbox)?;
        Some(self.mailroom.waiting(tenant, &known.shown.name))
    }

    fn leave<'a>(
        &'a self,
        call: &'a mut CallControl,
        mailbox: &'a str,
        reason: Reason,
    ) -> Wait<'a, Result<Parted, MailboxError>> {
        Box::pin(self.voicemail.leave(call, mailbox, reason))
    }

    fn listen<'a>(&'a self, call: &'a mut CallControl, whose: Whose) -> Wait<'a, Result<Parted, MailboxError>> {
        Box::pin(self.voicemail.listen(call, whose))
    }

    fn find_by_name<'a>(&'a self, call: &'a mut CallControl) -> Wait<'a, Result<Parted, MailboxError>> {
        Box::pin(self.voicemail.directory(call))
    }
}
