//! What is known of all tenants' ways outside, as the store has it.

use std::collections::BTreeMap;
use std::sync::Arc;

use switch::{Did, Route, TenantId, TenantOutside, Trunk, TrunkId, UserId, UserOutside};

use crate::rates::RateTable;

/// All that a [`Router`](crate::Router) is made of.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// By the key that the store minted.
    pub tenants: BTreeMap<TenantId, TenantSetup>,
    /// All, of every tenant and of nobody.
    pub trunks: Vec<Trunk>,
    /// All numbers that tenants own.
    pub dids: Vec<Did>,
    /// All, of every tenant and of nobody.
    pub routes: Vec<Route>,
    /// What calls cost, by the trunk that they go over.
    pub tables: BTreeMap<TrunkId, Arc<RateTable>>,
}

/// One tenant.
#[derive(Debug, Clone, Default)]
pub struct TenantSetup {
    /// Its name, for complaints.
    pub name: String,
    /// Its way outside.
    pub outside: TenantOutside,
    /// Its time zone by its IANA name; one that is not known counts as UTC.
    pub zone: String,
    /// All of its users, by the key that the store minted. Who is missing here may call emergency numbers alone.
    pub users: BTreeMap<UserId, UserSetup>,
}

/// One user.
#[derive(Debug, Clone, Default)]
pub struct UserSetup {
    /// The name, for complaints.
    pub name: String,
    /// The way outside.
    pub outside: UserOutside,
}
