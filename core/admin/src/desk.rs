//! The operator's desk: what all services have at hand.

use std::sync::Arc;

use store::{Store, Tenant};
use tokio::sync::{Semaphore, watch};
use tonic::Status;

use crate::live::Live;
use crate::violations::{failed, violation};

/// What every service has at hand. Implements all of them, a file each.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) store: Store,
    pub(crate) live: Arc<dyn Live>,
    /// Turns true when the server ends: what streams must end by itself.
    pub(crate) closing: watch::Receiver<bool>,
    /// The places of those who send audio for mailboxes.
    pub(crate) uploads: Arc<Semaphore>,
}

impl Desk {
    /// The tenant that a request names in its field `tenant`.
    pub(crate) async fn tenant(&self, name: &str) -> Result<Tenant, Status> {
        self.tenant_in("tenant", name).await
    }

    /// The tenant that a request names in this field.
    pub(crate) async fn tenant_in(&self, field: &str, name: &str) -> Result<Tenant, Status> {
        let name = named(field, name, "tenant")?;
        self.store.tenants().by_name(name).await.map_err(failed)
    }
}

/// The longest name of anything.
const LONGEST: usize = 256;

/// The name of something that is kept. What nothing is called does not reach the database: PostgreSQL fails at a null byte.
pub(crate) fn named<'a>(field: &str, name: &'a str, noun: &str) -> Result<&'a str, Status> {
    if name.is_empty() {
        return Err(violation(field, format!("the name of a {noun} is needed")));
    }
    if is_text(name) { Ok(name) } else { Err(Status::not_found(format!("there is no such {noun}"))) }
}

/// Whether this may be the name of anything, or a number.
pub(crate) fn is_text(text: &str) -> bool {
    text.len() <= LONGEST && !text.chars().any(char::is_control)
}
