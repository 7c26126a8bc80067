//! `strowger mailbox group`: lists of mailboxes to which a message is sent at once.

use crate::cli::connection::{Line, Whose};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::v1::{DeleteMailboxListRequest, ListMailboxListsRequest, MailboxList, PutMailboxListRequest};

/// What is to be done with lists.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// List the lists that a mailbox can choose, or the tenant's
    #[command(visible_alias = "list")]
    Ls {
        /// The mailbox that chooses; not given: the tenant's lists alone
        #[arg(long, value_name = "NAME")]
        mailbox: Option<String>,
        #[command(flatten)]
        whose: Whose,
    },
    /// Keep a list, in the place of the one of its number
    #[command(visible_aliases = ["set", "create"])]
    Put {
        /// The number by which it is chosen: 1 to 8 digits
        number: String,
        /// The mailboxes
        #[arg(required = true, value_name = "MEMBER")]
        members: Vec<String>,
        /// What people call it
        #[arg(long, value_name = "TEXT")]
        title: Option<String>,
        /// Of this mailbox alone; not given: of the whole tenant
        #[arg(long, value_name = "NAME")]
        mailbox: Option<String>,
        #[command(flatten)]
        whose: Whose,
    },
    /// Delete a list
    #[command(visible_aliases = ["remove", "delete"])]
    Rm {
        /// Its number
        number: String,
        /// Of this mailbox; not given: of the whole tenant
        #[arg(long, value_name = "NAME")]
        mailbox: Option<String>,
        #[command(flatten)]
        whose: Whose,
    },
}

pub(super) async fn run(verb: Verb, line: &Line, console: &mut Console) -> Result<(), Failure> {
    match verb {
        Verb::Ls { mailbox, whose } => {
            let tenant = line.tenant(&whose).await?;
            let answer = line.voicemail().list_lists(ListMailboxListsRequest { tenant, mailbox }).await?.into_inner();
            console.table(&answer, "no lists", &["NUMBER", "TITLE", "OF", "MEMBERS"], |_| {
                answer.lists.iter().map(row).collect()
            })
        }
        Verb::Put { number, members, title, mailbox, whose } => {
            let tenant = line.tenant(&whose).await?;
            let request = PutMailboxListRequest { tenant, mailbox, number, title, members };
            let kept = line.voicemail().put_list(request).await?.into_inner();
            console.card(&kept, |_| {
                vec![
                    ("Number", kept.number.clone()),
                    ("Title", kept.title.clone().unwrap_or_default()),
                    ("Of", of(&kept)),
                    ("Members", kept.members.join(" ")),
                ]
            })
        }
        Verb::Rm { number, mailbox, whose } => {
            let tenant = line.tenant(&whose).await?;
            let request = DeleteMailboxListRequest { tenant, mailbox, number: number.clone() };
            line.voicemail().delete_list(request).await?;
            console.say(&format!("list {number} is deleted"), &serde_json::json!({ "deleted": number }))
        }
    }
}

fn row(list: &MailboxList) -> Vec<String> {
    vec![list.number.clone(), list.title.clone().unwrap_or_default(), of(list), list.members.join(" ")]
}

fn of(list: &MailboxList) -> String {
    list.mailbox.clone().unwrap_or_else(|| "the tenant".to_owned())
}
