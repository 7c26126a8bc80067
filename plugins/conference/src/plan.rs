//! How a room is, as it is kept.

use std::future::Future;
use std::pin::Pin;

use switch::{Role, TenantId};

use crate::keys::Keymap;

/// What is kept of a room. Changes count for rooms that open later; its PINs at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Nobody comes in without a PIN.
    pub pin: bool,
    /// A PIN makes a moderator.
    pub moderator_pin: bool,
    /// Participants hear music and wait until a moderator is there.
    pub wait_for_moderator: bool,
    /// It ends when its last moderator leaves.
    pub end_with_moderator: bool,
    /// What those in it hear when somebody comes or goes.
    pub entry: Entry,
    /// How many may be in it.
    pub maximum: usize,
    /// It is recorded from its first member to its last.
    pub record: bool,
    /// Who comes in is muted, but for moderators.
    pub mute_on_entry: bool,
    /// Others may be called into it.
    pub dial_out: bool,
    /// In which language callers are spoken to at its door, and all inside; the tenant's when `None`. What is told to one
    /// inside is in his own.
    pub language: Option<String>,
    /// What keys do.
    pub keys: Keymap,
}

impl Plan {
    /// Of a room that is kept nowhere: open to all whom the dialplan lets in.
    #[must_use]
    pub fn ad_hoc() -> Self {
        Self {
            pin: false,
            moderator_pin: false,
            wait_for_moderator: false,
            end_with_moderator: false,
            entry: Entry::Tone,
            maximum: 100,
            record: false,
            mute_on_entry: false,
            dial_out: false,
            language: None,
            keys: Keymap::default(),
        }
    }
}

/// What is heard when somebody comes or goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// Nothing.
    None,
    /// A tone.
    Tone,
    /// His name, as he said it himself.
    Name,
}

/// An answer that may take a moment.
pub type Wait<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Who knows the rooms of tenants.
pub trait Plans: Send + Sync {
    /// How a room is; `None` where the tenant has none of this name.
    fn plan<'a>(&'a self, tenant: TenantId, room: &'a str) -> Wait<'a, Option<Plan>>;

    /// Whose PIN this is; `None`: nobody's. Not asked for an empty one. May be slow on purpose.
    fn admit<'a>(&'a self, tenant: TenantId, room: &'a str, pin: &'a str) -> Wait<'a, Option<Role>>;

    /// Who said his name into this recording has left. It is said once more, that he has; then it is needed no longer.
    fn forget_name(&self, tenant: TenantId, recording: &str);
}
