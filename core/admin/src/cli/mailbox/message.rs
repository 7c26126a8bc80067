//! Messages: listed, fetched, moved, deleted, forwarded, brought in.

use std::io::Write;
use std::path::PathBuf;

use crate::cli::connection::{Line, Whose};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::page::{self, Page};
use crate::cli::{fetch, moment, words};
use crate::v1::{
    DeleteMessageRequest, DownloadAudioResponse, DownloadMessageRequest, Folder, ForwardMessageRequest,
    GetMessageRequest, ImportMessageRequest, ListMessagesRequest, ListMessagesResponse, MailboxMessage,
    MarkMessageRequest, MoveMessageRequest, RecordingFormat, VoicemailReason,
};

/// A file is sent in pieces of so many bytes.
const PIECE: usize = 64 << 10;

/// Where messages lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum In {
    /// Not heard yet
    New,
    /// Heard, and kept
    Saved,
    /// Thrown away; it can be taken back for some days
    Deleted,
}

impl In {
    pub(super) fn spelt(self) -> Folder {
        match self {
            Self::New => Folder::New,
            Self::Saved => Folder::Saved,
            Self::Deleted => Folder::Deleted,
        }
    }
}

/// Which messages are wanted.
#[derive(Debug, clap::Args)]
pub struct List {
    /// The mailbox's name
    mailbox: String,
    /// Of this folder alone
    #[arg(long, value_enum)]
    folder: Option<In>,
    #[command(flatten)]
    page: Page,
    #[command(flatten)]
    whose: Whose,
}

/// Messages of a mailbox.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// The mailbox's name: a number of a message that lies elsewhere is refused
    mailbox: String,
    /// The messages' numbers, as `mailbox messages` shows them
    #[arg(required = true, value_name = "MESSAGE")]
    messages: Vec<i64>,
    #[command(flatten)]
    whose: Whose,
}

/// The audio of a message, and where to.
#[derive(Debug, clap::Args)]
pub struct Get {
    /// The mailbox's name
    mailbox: String,
    /// The message's number
    message: i64,
    /// Where to; `-` for the output. Not given: a file of the mailbox's and the message's number in this folder
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace a file that is there already
    #[arg(long, short)]
    force: bool,
    #[command(flatten)]
    whose: Whose,
}

/// A message, and who is to have it too.
#[derive(Debug, clap::Args)]
pub struct Forward {
    /// The mailbox's name
    mailbox: String,
    /// The message's number
    message: i64,
    /// The mailboxes
    #[arg(required = true, value_name = "TO")]
    to: Vec<String>,
    #[command(flatten)]
    whose: Whose,
}

/// A message that was elsewhere.
#[derive(Debug, clap::Args)]
pub struct Import {
    /// The mailbox's name
    mailbox: String,
    /// WAV or Ogg-Opus, at most 64 MiB
    file: PathBuf,
    /// Who called
    #[arg(long, value_name = "NUMBER", default_value = "")]
    caller: String,
    /// What the caller is called
    #[arg(long, value_name = "TEXT")]
    caller_name: Option<String>,
    /// When it came: `2h` (ago), `2026-03-01 14:30`; now when not given
    #[arg(long, value_name = "TIME")]
    received: Option<String>,
    /// Where it lies
    #[arg(long, value_enum, default_value = "new")]
    folder: In,
    /// It is urgent
    #[arg(long)]
    urgent: bool,
    #[command(flatten)]
    whose: Whose,
}

impl Which {
    pub(super) async fn mark(self, line: &Line, console: &mut Console, urgent: bool) -> Result<(), Failure> {
        let tenant = self.checked(line).await?;
        for id in &self.messages {
            let request = MarkMessageRequest { tenant: tenant.clone(), id: *id, urgent };
            line.voicemail().mark_message(request).await?;
        }
        self.done(console, if urgent { "urgent" } else { "not urgent" })
    }

    pub(super) async fn shift(self, line: &Line, console: &mut Console, to: In) -> Result<(), Failure> {
        let tenant = self.checked(line).await?;
        for id in &self.messages {
            let request = MoveMessageRequest { tenant: tenant.clone(), id: *id, folder: to.spelt().into() };
            line.voicemail().move_message(request).await?;
        }
        self.done(console, folder(to.spelt()))
    }

    pub(super) async fn remove(self, line: &Line, console: &mut Console) -> Result<(), Failure> {
        let tenant = self.checked(line).await?;
        for id in &self.messages {
            line.voicemail().delete_message(DeleteMessageRequest { tenant: tenant.clone(), id: *id }).await?;
        }
        self.done(console, "gone for good")
    }

    /// All of them lie in the mailbox; nothing is done where one does not.
    async fn checked(&self, line: &Line) -> Result<String, Failure> {
        let tenant = line.tenant(&self.whose).await?;
        for id in &self.messages {
            expect(line, &tenant, &self.mailbox, *id).await?;
        }
        Ok(tenant)
    }

    fn done(self, console: &mut Console, how: &str) -> Result<(), Failure> {
        let ids: Vec<_> = self.messages.iter().map(ToString::to_string).collect();
        let sentence = format!("mailbox {}: {} {how}", self.mailbox, ids.join(", "));
        console.say(&sentence, &serde_json::json!({ "mailbox": self.mailbox, "messages": self.messages, "done": how }))
    }
}

/// The message, which lies in this mailbox.
async fn expect(line: &Line, tenant: &str, mailbox: &str, id: i64) -> Result<MailboxMessage, Failure> {
    let request = GetMessageRequest { tenant: tenant.to_owned(), id };
    let found = line.voicemail().get_message(request).await?.into_inner();
    if found.mailbox == mailbox {
        return Ok(found);
    }
    let why = format!("{id} lies in mailbox {}, not in {mailbox}", found.mailbox);
    Err(Failure::Argument { name: "message", why })
}

impl Get {
    pub(super) async fn run(self, line: &Line, console: &mut Console) -> Result<(), Failure> {
        let tenant = line.tenant(&self.whose).await?;
        let id = expect(line, &tenant, &self.mailbox, self.message).await?.id;
        let mut pieces = line.voicemail().download_message(DownloadMessageRequest { tenant, id }).await?.into_inner();
        let Some(first) = pieces.message().await? else { return Err(Failure::Short { came: 0, size: 0 }) };
        let name = || PathBuf::from(format!("{}-{id}.{}", self.mailbox, ending(&first)));
        let path = self.output.unwrap_or_else(name);
        if path.as_os_str() == "-" {
            fetch::write(first, &mut pieces, |bytes| Ok(console.out.write_all(bytes)?)).await?;
            return Ok(console.out.flush()?);
        }
        let size = fetch::save(&path, self.force, first, &mut pieces).await?;
        let shown = path.display().to_string();
        let json = serde_json::json!({ "message": id, "file": shown, "bytes": size });
        console.say(&format!("{shown}: {}", words::size(size)), &json)
    }
}

/// What the name of a file ends in.
pub(super) fn ending(first: &DownloadAudioResponse) -> &'static str {
    if first.format() == RecordingFormat::Opus { "opus" } else { "wav" }
}

impl Forward {
    pub(super) async fn run(self, line: &Line, console: &mut Console) -> Result<(), Failure> {
        let tenant = line.tenant(&self.whose).await?;
        let id = expect(line, &tenant, &self.mailbox, self.message).await?.id;
        let request = ForwardMessageRequest { tenant, id, to: self.to };
        let answer = line.voicemail().forward_message(request).await?.into_inner();
        if !answer.full.is_empty() {
            console.note(&format!("There is no room for it in {}.", answer.full.join(", ")))?;
        }
        let taken = if answer.taken.is_empty() { "nobody".to_owned() } else { answer.taken.join(", ") };
        let json = serde_json::json!({ "message": id, "taken": answer.taken, "full": answer.full });
        console.say(&format!("message {id} went to {taken}"), &json)
    }
}

impl Import {
    pub(super) async fn run(self, line: &Line, console: &mut Console) -> Result<(), Failure> {
        let bytes = std::fs::read(&self.file).map_err(|error| Failure::File { file: self.file.clone(), error })?;
        let received = moment::read(console, "received", self.received.as_deref())?;
        let head = ImportMessageRequest {
            tenant: line.tenant(&self.whose).await?,
            mailbox: self.mailbox,
            folder: self.folder.spelt().into(),
            urgent: self.urgent,
            caller: self.caller,
            caller_name: self.caller_name,
            received,
            ..ImportMessageRequest::default()
        };
        let kept = send(line, head, &bytes).await?;
        console.card(&kept, |console| card(console, &kept))
    }
}

/// Brings a message in.
pub(super) async fn send(line: &Line, head: ImportMessageRequest, audio: &[u8]) -> Result<MailboxMessage, Failure> {
    let mut pieces = vec![head];
    let piece = |data: &[u8]| ImportMessageRequest { data: data.to_vec(), ..ImportMessageRequest::default() };
    pieces.extend(audio.chunks(PIECE).map(piece));
    pieces.push(ImportMessageRequest { last: true, ..ImportMessageRequest::default() });
    Ok(line.voicemail().import_message(tokio_stream::iter(pieces)).await?.into_inner())
}

impl List {
    pub(super) async fn run(self, line: &Line, console: &mut Console) -> Result<(), Failure> {
        let request = ListMessagesRequest {
            tenant: line.tenant(&self.whose).await?,
            mailbox: self.mailbox,
            folder: self.folder.map(In::spelt).unwrap_or_default().into(),
            ..ListMessagesRequest::default()
        };
        let turn = async |page_size, page_token| {
            let request = ListMessagesRequest { page_size, page_token, ..request.clone() };
            let page = line.voicemail().list_messages(request).await?.into_inner();
            Ok((page.messages, page.next_page_token))
        };
        let (messages, next_page_token) = self.page.turn(turn).await?;
        let answer = ListMessagesResponse { messages, next_page_token };
        let header = ["MESSAGE", "FOLDER", "URGENT", "CALLER", "RECEIVED", "LENGTH", "SIZE", "BECAUSE", "FORWARDED BY"];
        console.table(&answer, "no messages", &header, |console| {
            answer.messages.iter().map(|message| row(console, message)).collect()
        })?;
        page::note(console, &answer.next_page_token)
    }
}

fn row(console: &Console, message: &MailboxMessage) -> Vec<String> {
    vec![
        message.id.to_string(),
        folder(message.folder()).to_owned(),
        if message.urgent { "yes" } else { "" }.to_owned(),
        caller(message),
        console.time(message.received),
        words::length(message.length),
        words::size(message.bytes),
        reason(message.reason()).to_owned(),
        message.forwarded_by.clone().unwrap_or_default(),
    ]
}

fn card(console: &Console, message: &MailboxMessage) -> Vec<(&'static str, String)> {
    vec![
        ("Message", message.id.to_string()),
        ("Tenant", message.tenant.clone()),
        ("Mailbox", message.mailbox.clone()),
        ("Folder", folder(message.folder()).to_owned()),
        ("Urgent", if message.urgent { "yes" } else { "no" }.to_owned()),
        ("Caller", caller(message)),
        ("Received", console.time(message.received)),
        ("Length", words::length(message.length)),
        ("Size", words::size(message.bytes)),
    ]
}

pub(super) fn caller(message: &MailboxMessage) -> String {
    match &message.caller_name {
        Some(name) if *name != message.caller => format!("{name} <{}>", message.caller),
        _ => message.caller.clone(),
    }
}

pub(super) fn folder(folder: Folder) -> &'static str {
    match folder {
        Folder::Unspecified => "",
        Folder::New => "new",
        Folder::Saved => "saved",
        Folder::Deleted => "deleted",
    }
}

fn reason(reason: VoicemailReason) -> &'static str {
    match reason {
        VoicemailReason::Unspecified => "",
        VoicemailReason::Busy => "busy",
        VoicemailReason::NoAnswer => "no answer",
        VoicemailReason::Offline => "offline",
        VoicemailReason::Chosen => "chosen",
    }
}
