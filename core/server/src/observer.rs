//! Somebody who looks on: the demonstration call prints what it sees.

use sip::Flow;
use switch::{Cdr, Event};

/// Looks on; must not wait.
pub(crate) trait Observer: Send + Sync {
    /// A message came.
    fn received(&self, flow: &Flow, bytes: &[u8]);
    /// A message left.
    fn sent(&self, flow: &Flow, bytes: &[u8]);
    /// Something happened to a call.
    fn event(&self, event: &Event);
    /// A call record was written.
    fn record(&self, cdr: &Cdr);
}
