//! A mailbox brought in from a folder: see [`export`](super::export).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use prost::{Message, Name};
use tonic::Code;

use crate::cli::connection::{Line, Whose};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::json;
use crate::cli::mailbox::export::{self, GREETINGS, LISTS, MAILBOX, MESSAGES};
use crate::cli::mailbox::{greeting, kept, message, progress};
use crate::v1::{
    CreateMailboxRequest, GetMailboxRequest, GetUserRequest, Greeting, ImportMessageRequest, ListMailboxListsResponse,
    Mailbox, MailboxMessage, PutMailboxListRequest,
};

/// A folder to be brought in.
#[derive(Debug, clap::Args)]
pub struct Import {
    /// The folder, as `mailbox export` made it
    dir: PathBuf,
    /// What the mailbox is to be called; not given: as it was called
    #[arg(long, visible_alias = "as", value_name = "NAME")]
    name: Option<String>,
    /// Greetings take the place of those that are there
    #[arg(long, short)]
    force: bool,
    #[command(flatten)]
    whose: Whose,
}

/// What came of it.
#[derive(Debug, Default)]
struct Came {
    made: bool,
    messages: usize,
    known: usize,
    greetings: usize,
}

impl Import {
    pub(super) async fn run(self, line: &Line, console: &mut Console) -> Result<(), Failure> {
        let tenant = line.tenant(&self.whose).await?;
        let described: Mailbox = read(&self.dir.join(MAILBOX))?;
        let name = self.name.clone().unwrap_or_else(|| described.name.clone());
        let mut came = Came::default();
        let has = match self.mailbox(line, &tenant, &name).await? {
            Some(there) => there.greetings().collect(),
            None => {
                came.made = true;
                create(line, console, &tenant, &name, described).await?;
                Vec::new()
            }
        };
        self.messages(line, console, &tenant, &name, &mut came).await?;
        self.greetings(line, console, &tenant, &name, &has, &mut came).await?;
        self.lists(line, console, &tenant, &name).await?;
        if came.made {
            console.note("It has no PIN yet; `strowger mailbox pin` gives one.")?;
        }
        let made = if came.made { ", which is made" } else { "" };
        let known = if came.known > 0 { format!(", {} were there already", came.known) } else { String::new() };
        let (some, said) = (super::count(came.messages, "message"), super::count(came.greetings, "greeting"));
        let sentence = format!("mailbox {name}{made}: {some}{known}, {said}");
        let json = serde_json::json!({
            "mailbox": name, "made": came.made, "messages": came.messages, "known": came.known,
            "greetings": came.greetings,
        });
        console.say(&sentence, &json)
    }

    /// The mailbox, where it is there.
    async fn mailbox(&self, line: &Line, tenant: &str, name: &str) -> Result<Option<Mailbox>, Failure> {
        let request = GetMailboxRequest { tenant: tenant.to_owned(), name: name.to_owned() };
        match line.voicemail().get(request).await {
            Ok(found) => Ok(Some(found.into_inner())),
            // A tenant that is not there is told when the mailbox is made.
            Err(status) if status.code() == Code::NotFound => Ok(None),
            Err(status) => Err(status.into()),
        }
    }

    async fn messages(
        &self,
        line: &Line,
        console: &mut Console,
        tenant: &str,
        name: &str,
        came: &mut Came,
    ) -> Result<(), Failure> {
        // What was brought in before it broke off is not brought in again.
        let there = export::messages(line, tenant, name).await?;
        let known: BTreeSet<_> = there.iter().map(mark).collect();
        let files = files(&self.dir.join(MESSAGES))?;
        let described: Vec<_> = files.iter().filter(|file| ends_in(file, "json")).collect();
        for (number, file) in described.iter().enumerate() {
            let one: MailboxMessage = read(file)?;
            if known.contains(&mark(&one)) {
                came.known += 1;
            } else {
                let audio = audio(&files, file).ok_or_else(|| missing(file))?;
                message::send(line, head(tenant, name, one), &bytes(audio)?).await?;
                came.messages += 1;
            }
            progress(console, number + 1, described.len(), "messages")?;
        }
        Ok(())
    }

    async fn greetings(
        &self,
        line: &Line,
        console: &mut Console,
        tenant: &str,
        name: &str,
        has: &[Greeting],
        came: &mut Came,
    ) -> Result<(), Failure> {
        let all = [Greeting::Unavailable, Greeting::Busy, Greeting::Temporary, Greeting::Name];
        for file in files(&self.dir.join(GREETINGS))?.iter().filter(|file| is_audio(file)) {
            let stem = file.file_stem().and_then(std::ffi::OsStr::to_str).unwrap_or_default();
            let Some(which) = all.into_iter().find(|one| kept::greeting(*one) == stem) else { continue };
            if has.contains(&which) && !self.force {
                console.note(&format!("The greeting {stem} that is there stays; --force replaces it."))?;
                continue;
            }
            greeting::send(line, tenant.to_owned(), name.to_owned(), which, &bytes(file)?).await?;
            came.greetings += 1;
        }
        Ok(())
    }

    async fn lists(&self, line: &Line, console: &mut Console, tenant: &str, name: &str) -> Result<(), Failure> {
        let file = self.dir.join(LISTS);
        if !file.exists() {
            return Ok(());
        }
        let described: ListMailboxListsResponse = read(&file)?;
        for list in described.lists {
            let (tenant, mailbox, number) = (tenant.to_owned(), Some(name.to_owned()), list.number.clone());
            let request = PutMailboxListRequest { tenant, mailbox, number, title: list.title, members: list.members };
            match line.voicemail().put_list(request).await {
                Ok(_) => {}
                Err(status) if status.code() == Code::NotFound => {
                    console.note(&format!("List {} is left out: {}.", list.number, status.message()))?;
                }
                Err(status) => return Err(status.into()),
            }
        }
        Ok(())
    }
}

/// Makes the mailbox as it was. An owner whom the tenant does not have is left out.
async fn create(
    line: &Line,
    console: &mut Console,
    tenant: &str,
    name: &str,
    described: Mailbox,
) -> Result<(), Failure> {
    let mut owner = described.owner;
    if let Some(user) = &owner {
        let request = GetUserRequest { tenant: tenant.to_owned(), name: user.clone() };
        match line.users().get(request).await {
            Ok(_) => {}
            Err(status) if status.code() == Code::NotFound => {
                console.note(&format!("It is nobody's: {tenant} has no user {user}."))?;
                owner = None;
            }
            Err(status) => return Err(status.into()),
        }
    }
    let request = CreateMailboxRequest {
        tenant: tenant.to_owned(),
        name: name.to_owned(),
        owner,
        title: described.title,
        pin: None,
        settings: described.settings,
    };
    line.voicemail().create(request).await?;
    Ok(())
}

/// By what a message is known again.
fn mark(message: &MailboxMessage) -> (i64, i32, String, u64) {
    let received = message.received.unwrap_or_default();
    (received.seconds, received.nanos, message.caller.clone(), message.bytes)
}

fn head(tenant: &str, mailbox: &str, one: MailboxMessage) -> ImportMessageRequest {
    ImportMessageRequest {
        tenant: tenant.to_owned(),
        mailbox: mailbox.to_owned(),
        folder: one.folder,
        urgent: one.urgent,
        caller: one.caller,
        caller_name: one.caller_name,
        caller_user: one.caller_user,
        call: one.call,
        reason: one.reason,
        received: one.received,
        moved: one.moved,
        forwarded_by: one.forwarded_by,
        ..ImportMessageRequest::default()
    }
}

/// The files of a folder, by name; none where there is no folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let told = |error| Failure::File { file: folder.to_owned(), error };
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(told)? {
        files.push(entry.map_err(told)?.path());
    }
    files.sort();
    Ok(files)
}

fn ends_in(file: &Path, ending: &str) -> bool {
    file.extension().is_some_and(|there| there == ending)
}

fn is_audio(file: &Path) -> bool {
    ends_in(file, "wav") || ends_in(file, "opus")
}

/// The audio of the message that is described there.
fn audio<'a>(files: &'a [PathBuf], described: &Path) -> Option<&'a PathBuf> {
    files.iter().find(|file| is_audio(file) && file.file_stem() == described.file_stem())
}

fn missing(described: &Path) -> Failure {
    Failure::File { file: described.with_extension("wav"), error: std::io::ErrorKind::NotFound.into() }
}

fn bytes(file: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(file).map_err(|error| Failure::File { file: file.to_owned(), error })
}

fn read<M: Message + Name + Default>(file: &Path) -> Result<M, Failure> {
    let text = fs::read_to_string(file).map_err(|error| Failure::File { file: file.to_owned(), error })?;
    json::read(&text).map_err(|failure| match failure {
        Failure::Json(error) => Failure::File { file: file.to_owned(), error: error.into() },
        failure => failure,
    })
}
