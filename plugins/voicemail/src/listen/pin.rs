//! The owner chooses a PIN: he says it twice.

use super::Owner;
use super::login::PIN;
use crate::keeper::KeepFault;
use crate::prompts::{self, prompt};
use crate::voicemail::VoicemailError;

impl Owner<'_, '_> {
    /// Says whether he did.
    pub(super) async fn chooses_pin(&mut self) -> Result<bool, VoicemailError> {
        let config = &self.inner.config;
        for _ in 0..config.tries.max(1) {
            let first = self.caller.types(vec![prompt(prompts::NEW_PIN)], PIN, config).await?;
            if first.is_empty() {
                continue;
            }
            let again = self.caller.types(vec![prompt(prompts::AGAIN_PIN)], PIN, config).await?;
            if first != again {
                self.says(&[prompts::PIN_MISMATCH]).await?;
                continue;
            }
            match self.inner.keeper.choose_pin(self.tenant, &self.mailbox.name, &first).await {
                Ok(()) => {
                    tracing::info!(tenant = self.tenant.0, "an owner chose a PIN");
                    self.looks_again();
                    self.says(&[prompts::PIN_CHANGED]).await?;
                    return Ok(true);
                }
                Err(KeepFault::BadPin) => self.says(&[prompts::PIN_INVALID]).await?,
                Err(fault) => {
                    self.fails(fault).await?;
                    return Ok(false);
                }
            }
        }
        Ok(false)
    }
}
