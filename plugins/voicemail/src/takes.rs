//! What a caller has recorded for a mailbox and is not delivered yet: one message, or several where he recorded it anew.
//!
//! | what ends it | what becomes of the takes |
//! |---|---|
//! | the caller keeps it, hangs up, or something breaks | the last that is a message is delivered, all others are discarded |
//! | the caller thinks better of it | all are discarded |
//! | nothing can be delivered, or the task is let go | all are the keeper's, by [`Keeper::abandon`] |

use std::sync::Arc;

use switch::{MessageId, TenantId};

use crate::keeper::{Begun, Delivered, Draft, KeepFault, Keeper};

/// Delivers the last of these takes that is a message, and discards the others; takes out what is done. What comes out is
/// the last one's where none is a message.
///
/// # Errors
/// Nothing can be delivered now: what is left in `takes` can be tried again.
pub async fn settle(
    keeper: &dyn Keeper,
    tenant: TenantId,
    takes: &mut Vec<MessageId>,
    urgent: bool,
) -> Result<Delivered, KeepFault> {
    let mut outcome = None;
    while let Some(last) = takes.last().copied() {
        match keeper.deliver(tenant, last, urgent).await {
            Ok(Delivered::Kept) => {
                takes.pop();
                outcome = Some(Delivered::Kept);
                break;
            }
            Ok(dropped) => {
                outcome.get_or_insert(dropped);
            }
            // Its mailbox is gone.
            Err(KeepFault::Missing) => {
                outcome.get_or_insert(Delivered::Nothing);
            }
            Err(fault) => return Err(fault),
        }
        takes.pop();
    }
    discard(keeper, tenant, takes).await;
    Ok(outcome.unwrap_or(Delivered::Nothing))
}

/// What cannot be discarded is a message that nobody sees, until the keeper looks through them when it starts.
async fn discard(keeper: &dyn Keeper, tenant: TenantId, takes: &mut Vec<MessageId>) {
    while let Some(take) = takes.pop() {
        if let Err(fault) = keeper.discard(tenant, take).await {
            tracing::warn!(tenant = tenant.0, %fault, "a message that was recorded anew is not discarded");
        }
    }
}

/// The takes of one call. Given to the keeper where they are let go before they are settled.
pub(crate) struct Takes {
    keeper: Arc<dyn Keeper>,
    tenant: TenantId,
    /// The first to be recorded first.
    begun: Vec<MessageId>,
    /// The caller says that it is urgent.
    pub(crate) urgent: bool,
}

impl Takes {
    pub(crate) fn new(keeper: &Arc<dyn Keeper>, tenant: TenantId) -> Self {
        Self { keeper: keeper.clone(), tenant, begun: Vec::new(), urgent: false }
    }

    /// How many were begun.
    pub(crate) fn len(&self) -> usize {
        self.begun.len()
    }

    pub(crate) async fn begin(&mut self, draft: Draft) -> Result<Begun, KeepFault> {
        let begun = self.keeper.begin(self.tenant, draft).await?;
        self.begun.push(begun.message);
        Ok(begun)
    }

    /// One that is recorded nowhere is none.
    pub(crate) async fn forget(&mut self, take: MessageId) {
        self.begun.retain(|begun| *begun != take);
        discard(&*self.keeper, self.tenant, &mut vec![take]).await;
    }

    pub(crate) async fn settle(&mut self) -> Result<Delivered, KeepFault> {
        settle(&*self.keeper, self.tenant, &mut self.begun, self.urgent).await
    }

    pub(crate) async fn discard(&mut self) {
        discard(&*self.keeper, self.tenant, &mut self.begun).await;
    }
}

impl Drop for Takes {
    fn drop(&mut self) {
        if !self.begun.is_empty() {
            self.keeper.abandon(self.tenant, std::mem::take(&mut self.begun), self.urgent);
        }
    }
}
