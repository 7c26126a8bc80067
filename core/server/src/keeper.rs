//! What dialplans may know and keep: the directory, the clock, and the tenant's values in the store.

use std::sync::Arc;
use std::time::SystemTime;

use dialplan::{Found, FoundNumber, Keeper, ValueFault, Wait};
use store::{Error, Store};
use switch::{Asker, TenantId, Unresolved, UserId};
use tokio::runtime::Handle;

use crate::directory::Directory;
use crate::network::Network;

#[derive(Debug)]
pub(crate) struct Shelf {
    pub(crate) directory: Arc<Directory>,
    pub(crate) network: Arc<Network>,
    pub(crate) store: Store,
    /// Where the store is asked: it may open a connection, which the applications' own runtime cannot.
    pub(crate) runtime: Handle,
}

impl Shelf {
    fn ask<T: Send + 'static>(
        &self,
        ask: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Wait<'static, Result<T, ValueFault>> {
        let asked = self.runtime.spawn(ask);
        Box::pin(async move { asked.await.map_err(|_| ValueFault::Unavailable)?.map_err(|error| fault(&error)) })
    }
}

impl Keeper for Shelf {
    fn find(&self, tenant: TenantId, name_or_extension: &str) -> Option<Found> {
        self.directory.find(tenant, name_or_extension)
    }

    fn number(&self, tenant: TenantId, user: Option<UserId>, dialled: &str) -> Option<FoundNumber> {
        let asker = Asker { user, ..Asker::default() };
        let (number, class) = self.network.read(tenant, dialled)?;
        let permitted = !matches!(self.network.outbound(tenant, dialled, &asker), Err(Unresolved::Forbidden));
        Some(FoundNumber { number, class, permitted })
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
        let (store, name) = (self.store.clone(), name.to_owned());
        self.ask(async move { store.values(tenant).get(&name).await })
    }

    fn keep<'a>(&'a self, tenant: TenantId, name: &'a str, value: &'a str) -> Wait<'a, Result<(), ValueFault>> {
        let (store, name, value) = (self.store.clone(), name.to_owned(), value.to_owned());
        self.ask(async move { store.values(tenant).set(&name, &value).await })
    }

    fn forget<'a>(&'a self, tenant: TenantId, name: &'a str) -> Wait<'a, Result<bool, ValueFault>> {
        let (store, name) = (self.store.clone(), name.to_owned());
        self.ask(async move { store.values(tenant).delete(&name).await })
    }
}

fn fault(error: &Error) -> ValueFault {
    match error {
        Error::Invalid { .. } => ValueFault::TooMuch,
        _ => ValueFault::Unavailable,
    }
}
