//! What the host must be given of voicemail: which mailboxes there are, and a way to them.

use switch::{CallControl, MailboxError, Parted, Reason, TenantId, Waiting, Whose};

use crate::keeper::Wait;

/// The mailboxes of all tenants.
pub trait Voicemail: Send + Sync {
    /// The mailbox of this number or name, or that of the user of this name or extension; its number or name. From memory.
    fn find(&self, tenant: TenantId, name: &str) -> Option<String>;

    /// What waits in a mailbox; from memory.
    fn count(&self, tenant: TenantId, mailbox: &str) -> Option<Waiting>;

    /// A caller leaves a message.
    fn leave<'a>(
        &'a self,
        call: &'a mut CallControl,
        mailbox: &'a str,
        reason: Reason,
    ) -> Wait<'a, Result<Parted, MailboxError>>;

    /// A caller hears messages.
    fn listen<'a>(&'a self, call: &'a mut CallControl, whose: Whose) -> Wait<'a, Result<Parted, MailboxError>>;

    /// A caller finds somebody by name, and calls him.
    fn find_by_name<'a>(&'a self, call: &'a mut CallControl) -> Wait<'a, Result<Parted, MailboxError>>;
}

/// The longest name of a mailbox, a user or an extension, in bytes.
pub(crate) const NAME: usize = 64;
