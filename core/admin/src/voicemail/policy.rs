//! What all mailboxes of a tenant may hold together.

use store::Tenant;
use tonic::Status;

use crate::desk::Desk;
use crate::live::Change;
use crate::v1::{SetVoicemailPolicyRequest, VoicemailPolicy};
use crate::violations::{Violations, failed};
use crate::voicemail::mailbox::usage;
use crate::words::given;

impl Desk {
    pub(super) async fn policy(&self, tenant: &Tenant) -> Result<VoicemailPolicy, Status> {
        let policy = self.store.mailboxes(tenant.id).policy().await.map_err(failed)?;
        let taken = self.store.messages(tenant.id).usage(None).await.map_err(failed)?;
        Ok(VoicemailPolicy {
            tenant: tenant.name.clone(),
            max_messages: policy.max_messages,
            max_minutes: policy.max_minutes,
            keep_days: policy.keep_days,
            mail_from: policy.mail_from,
            usage: Some(usage(taken)),
        })
    }

    pub(super) async fn change_policy(&self, request: SetVoicemailPolicyRequest) -> Result<VoicemailPolicy, Status> {
        let tenant = self.tenant(&request.tenant).await?;
        let mut policy = self.store.mailboxes(tenant.id).policy().await.map_err(failed)?;
        for (limit, asked) in [
            (&mut policy.max_messages, request.max_messages),
            (&mut policy.max_minutes, request.max_minutes),
            (&mut policy.keep_days, request.keep_days),
        ] {
            if let Some(most) = asked {
                *limit = Some(most).filter(|most| *most > 0);
            }
        }
        if request.mail_from.is_some() {
            policy.mail_from = given(request.mail_from);
        }
        let mut wrong = Violations::default();
        for fault in policy.faults() {
            if let store::Error::Invalid { field, why } = fault {
                wrong.add(field, why);
            }
        }
        wrong.finish()?;
        self.store.mailboxes(tenant.id).set_policy(&policy).await.map_err(failed)?;
        tracing::info!(tenant = tenant.id.0, "an operator changed what mailboxes may hold");
        self.live.changed(Change::Mailboxes(tenant.id)).await;
        self.policy(&tenant).await
    }
}
