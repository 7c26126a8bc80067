//! Callers are put through: to the operator, to whom they found by name, to who left them a message.

use std::sync::Arc;

use switch::{DialOutcome, Sound, Target};

use crate::caller::Caller;
use crate::prompts::{self, prompt};
use crate::voicemail::{Inner, VoicemailError};

/// Rings somebody for the caller. Says whether they are through; where they are not, the caller was told why.
pub(crate) async fn put_through(
    inner: &Arc<Inner>,
    caller: &mut Caller<'_>,
    target: Target,
    whom: Vec<Sound>,
) -> Result<bool, VoicemailError> {
    caller.is_told(vec![prompt(prompts::CONNECTING)]).await?;
    let outcome = caller.dials(target, inner.config.ring_time).await?;
    let tenant = caller.invitation().tenant.0;
    if matches!(outcome, Some(DialOutcome::Answered { .. })) {
        tracing::info!(tenant, "put through");
        return Ok(true);
    }
    tracing::debug!(tenant, "not put through");
    caller.is_told(prompts::not_reached(outcome.as_ref(), whom)).await?;
    Ok(false)
}
