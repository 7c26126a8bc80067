//! What the host must be given: knowledge of a tenant, and a place for its values.

use std::future::Future;
use std::pin::Pin;
use std::time::SystemTime;

use switch::{Number, NumberClass, TenantId, UserId};

/// An answer that may take a moment.
pub type Wait<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A user that a guest may know of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its name.
    pub name: String,
    /// What phones show.
    pub display_name: Option<String>,
    /// Its short number.
    pub extension: Option<String>,
}

/// A number outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundNumber {
    /// Which.
    pub number: Number,
    /// What kind of number it is for the tenant.
    pub class: NumberClass,
    /// The caller may call it.
    pub permitted: bool,
}

/// Why a value was not kept or found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueFault {
    /// Too long, or too many.
    TooMuch,
    /// The store did not answer.
    Unavailable,
}

/// What the host must be given. Every question names its tenant.
pub trait Keeper: Send + Sync {
    /// The user of this name or extension, from memory.
    fn find(&self, tenant: TenantId, name_or_extension: &str) -> Option<Found>;
    /// A number outside, as people of the tenant dial it, for this user or for a caller that is none; from memory.
    fn number(&self, tenant: TenantId, user: Option<UserId>, dialled: &str) -> Option<FoundNumber>;
    /// The tenant's IANA time zone.
    fn time_zone(&self, tenant: TenantId) -> String;
    /// The time of day.
    fn now(&self) -> SystemTime;
    /// A random number.
    fn random(&self) -> u64;
    /// A kept value.
    fn value<'a>(&'a self, tenant: TenantId, name: &'a str) -> Wait<'a, Result<Option<String>, ValueFault>>;
    /// Keeps a value.
    fn keep<'a>(&'a self, tenant: TenantId, name: &'a str, value: &'a str) -> Wait<'a, Result<(), ValueFault>>;
    /// Forgets a value; says whether there was one.
    fn forget<'a>(&'a self, tenant: TenantId, name: &'a str) -> Wait<'a, Result<bool, ValueFault>>;
}
