//! What the host must be given of conferences: which rooms there are, and a way into them.

use switch::{AudioError, CallControl, JoinError, Left, MemberView, RoomOrder, RoomRefusal, TenantId, Wish};

use crate::keeper::Wait;

/// A room that a guest may know of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundRoom {
    /// Its number or name.
    pub name: String,
    /// What people call it.
    pub title: Option<String>,
}

/// Why an open room did not do what it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderFault {
    /// The room refused.
    Refused(RoomRefusal),
    /// What was to be announced cannot be heard.
    Inaudible(AudioError),
}

impl From<RoomRefusal> for OrderFault {
    fn from(refusal: RoomRefusal) -> Self {
        Self::Refused(refusal)
    }
}

/// The conference rooms of all tenants.
pub trait Rooms: Send + Sync {
    /// The room of this name that a tenant keeps; `None` also when nobody can tell.
    fn find<'a>(&'a self, tenant: TenantId, name: &'a str) -> Wait<'a, Option<FoundRoom>>;

    /// Lets a caller into a room, until he leaves it.
    fn join<'a>(&'a self, call: &'a mut CallControl, room: &'a str, wish: Wish) -> Wait<'a, Result<Left, JoinError>>;

    /// Who is in an open room of this tenant; `None` when nobody is.
    fn members<'a>(&'a self, tenant: TenantId, room: &'a str) -> Wait<'a, Option<Vec<MemberView>>>;

    /// Says this to an open room of this tenant. Gives the recording's name where one was begun.
    fn order<'a>(
        &'a self,
        tenant: TenantId,
        room: &'a str,
        order: RoomOrder,
    ) -> Wait<'a, Result<Option<String>, OrderFault>>;
}

/// What a room may be called.
pub(crate) fn is_name(name: &str) -> bool {
    let plain = |sign: u8| sign.is_ascii_digit() || sign.is_ascii_lowercase() || matches!(sign, b'-' | b'*');
    (1..=32).contains(&name.len()) && name.bytes().all(plain)
}
