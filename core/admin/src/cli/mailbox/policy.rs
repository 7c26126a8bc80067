//! `strowger mailbox policy`.

use crate::cli::connection::{Line, Whose};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::words;
use crate::v1::{GetVoicemailPolicyRequest, SetVoicemailPolicyRequest};

/// What all mailboxes of a tenant may hold together. Without an option it is shown.
#[derive(Debug, clap::Args)]
pub struct Policy {
    /// The most messages; 0 for no limit
    #[arg(long, value_name = "NUMBER")]
    max_messages: Option<u32>,
    /// The most sound; 0 for no limit
    #[arg(long, value_name = "MINUTES")]
    max_minutes: Option<u32>,
    /// How long a saved message is kept where its mailbox says nothing else; 0 for ever
    #[arg(long, value_name = "DAYS")]
    keep_days: Option<u32>,
    /// The sender of its mail; empty for the exchange's
    #[arg(long, value_name = "ADDRESS")]
    mail_from: Option<String>,
    #[command(flatten)]
    whose: Whose,
}

impl Policy {
    pub(super) async fn run(self, line: &Line, console: &mut Console) -> Result<(), Failure> {
        let Self { max_messages, max_minutes, keep_days, mail_from, whose } = self;
        let tenant = line.tenant(&whose).await?;
        let changes = max_messages.is_some() || max_minutes.is_some() || keep_days.is_some() || mail_from.is_some();
        let policy = if changes {
            let request = SetVoicemailPolicyRequest { tenant, max_messages, max_minutes, keep_days, mail_from };
            line.voicemail().set_policy(request).await?
        } else {
            line.voicemail().get_policy(GetVoicemailPolicyRequest { tenant }).await?
        };
        let policy = policy.into_inner();
        console.card(&policy, |_| {
            let usage = policy.usage.unwrap_or_default();
            let limit = |most: Option<u32>| most.map_or_else(|| "no limit".to_owned(), |most| most.to_string());
            let days = policy.keep_days.map_or_else(|| "for ever".to_owned(), |days| format!("{days} days"));
            vec![
                ("Tenant", policy.tenant.clone()),
                ("Messages", format!("{} of {}", usage.messages, limit(policy.max_messages))),
                ("Minutes", format!("{} of {}", words::length(usage.length), limit(policy.max_minutes))),
                ("Keeps saved ones", days),
                ("Mail from", policy.mail_from.clone().unwrap_or_else(|| "the exchange's".to_owned())),
            ]
        })
    }
}
