//! What dialplans may know and keep: the directory, the clock, and the tenant's values in the store.

use std::sync::Arc;
use std::time::SystemTime;

use dialplan::{Found, Keeper, ValueFault, Wait};
use store::{Error, Store};
use switch::TenantId;

use crate::directory::Directory;

#[derive(Debug)]
pub(crate) struct Shelf {
    pub(crate) directory: Arc<Directory>,
    pub(crate) store: Store,
}

impl Keeper for Shelf {
    fn find(&self, tenant: TenantId, name_or_extension: &str) -> Option<Found> {
        self.directory.find(tenant, name_or_extension)
    }

    fn time_zone(&self, tenant: TenantId) -> String {
        self.directory.time_zone(tenant)
    }

    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn random(&self) -> u64 {
        getrandom::u64().unwrap_or_default()
    }

    fn value<'a>(&'a self, tenant: TenantId, name: &'a str) -> Wait<'a, Result<Option<String>, ValueFault>> {
        Box::pin(async move { self.store.values(tenant).get(name).await.map_err(|error| fault(&error)) })
    }

    fn keep<'a>(&'a self, tenant: TenantId, name: &'a str, value: &'a str) -> Wait<'a, Result<(), ValueFault>> {
        Box::pin(async move { self.store.values(tenant).set(name, value).await.map_err(|error| fault(&error)) })
    }

    fn forget<'a>(&'a self, tenant: TenantId, name: &'a str) -> Wait<'a, Result<bool, ValueFault>> {
        Box::pin(async move { self.store.values(tenant).delete(name).await.map_err(|error| fault(&error)) })
    }
}

fn fault(error: &Error) -> ValueFault {
    match error {
        Error::Invalid { .. } => ValueFault::TooMuch,
        _ => ValueFault::Unavailable,
    }
}
