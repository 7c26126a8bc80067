//! `strowger mailbox greeting`.

use std::io::Write;
use std::path::PathBuf;

use crate::cli::connection::{Line, Whose};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::mailbox::{kept, message};
use crate::cli::{fetch, words};
use crate::v1::{
    DeleteGreetingRequest, DownloadGreetingRequest, Greeting, ListGreetingsRequest, MailboxGreeting, RecordingFormat,
    UploadGreetingRequest,
};

/// A file is sent in pieces of so many bytes.
const PIECE: usize = 64 << 10;

/// What is to be done with greetings.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// List the greetings that a mailbox has
    #[command(visible_alias = "ls")]
    List {
        /// The mailbox's name
        mailbox: String,
        #[command(flatten)]
        whose: Whose,
    },
    /// Keep a file as a greeting, in the place of the one before
    #[command(visible_alias = "put")]
    Set {
        #[command(flatten)]
        which: Which,
        /// WAV or Ogg-Opus, at most 64 MiB
        file: PathBuf,
    },
    /// Fetch the audio of a greeting
    Get {
        #[command(flatten)]
        which: Which,
        /// Where to; `-` for the output. Not given: a file of the greeting's name in this folder
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Replace a file that is there already
        #[arg(long, short)]
        force: bool,
    },
    /// Delete a greeting; callers hear the usual one again
    #[command(visible_aliases = ["remove", "delete"])]
    Rm {
        #[command(flatten)]
        which: Which,
    },
}

/// A greeting of a mailbox.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// The mailbox's name
    mailbox: String,
    /// Which greeting
    #[arg(value_enum)]
    greeting: Says,
    #[command(flatten)]
    whose: Whose,
}

/// What an owner says to callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Says {
    /// He does not answer
    Unavailable,
    /// He talks already
    Busy,
    /// In place of both, while there is one
    Temporary,
    /// His name
    Name,
}

impl Says {
    fn spelt(self) -> Greeting {
        match self {
            Self::Unavailable => Greeting::Unavailable,
            Self::Busy => Greeting::Busy,
            Self::Temporary => Greeting::Temporary,
            Self::Name => Greeting::Name,
        }
    }
}

pub(super) async fn run(verb: Verb, line: &Line, console: &mut Console) -> Result<(), Failure> {
    match verb {
        Verb::List { mailbox, whose } => {
            let tenant = line.tenant(&whose).await?;
            let answer = line.voicemail().list_greetings(ListGreetingsRequest { tenant, mailbox }).await?.into_inner();
            let none = "no greetings of its own: callers hear the usual ones";
            console
                .table(&answer, none, &["GREETING", "SIZE", "FORMAT"], |_| answer.greetings.iter().map(row).collect())
        }
        Verb::Set { which, file } => {
            let bytes = std::fs::read(&file).map_err(|error| Failure::File { file, error })?;
            let tenant = line.tenant(&which.whose).await?;
            let kept = send(line, tenant, which.mailbox, which.greeting.spelt(), &bytes).await?;
            console.card(&kept, |_| {
                vec![
                    ("Mailbox", kept.mailbox.clone()),
                    ("Greeting", kept::greeting(kept.greeting()).to_owned()),
                    ("Size", words::size(kept.bytes)),
                    ("Format", format(&kept).to_owned()),
                ]
            })
        }
        Verb::Get { which, output, force } => get(line, console, which, output, force).await,
        Verb::Rm { which } => {
            let (tenant, greeting) = (line.tenant(&which.whose).await?, which.greeting.spelt());
            let mailbox = which.mailbox.clone();
            line.voicemail()
                .delete_greeting(DeleteGreetingRequest { tenant, mailbox, greeting: greeting.into() })
                .await?;
            let word = kept::greeting(greeting);
            let json = serde_json::json!({ "mailbox": which.mailbox, "deleted": word });
            console.say(&format!("mailbox {}: the greeting {word} is deleted", which.mailbox), &json)
        }
    }
}

/// Gives a mailbox a greeting.
pub(super) async fn send(
    line: &Line,
    tenant: String,
    mailbox: String,
    greeting: Greeting,
    audio: &[u8],
) -> Result<MailboxGreeting, Failure> {
    let head = UploadGreetingRequest { tenant, mailbox, greeting: greeting.into(), ..UploadGreetingRequest::default() };
    let piece = |data: &[u8]| UploadGreetingRequest { data: data.to_vec(), ..UploadGreetingRequest::default() };
    let mut pieces = vec![head];
    pieces.extend(audio.chunks(PIECE).map(piece));
    pieces.push(UploadGreetingRequest { last: true, ..UploadGreetingRequest::default() });
    Ok(line.voicemail().upload_greeting(tokio_stream::iter(pieces)).await?.into_inner())
}

async fn get(
    line: &Line,
    console: &mut Console,
    which: Which,
    output: Option<PathBuf>,
    force: bool,
) -> Result<(), Failure> {
    let (tenant, greeting) = (line.tenant(&which.whose).await?, which.greeting.spelt());
    let request = DownloadGreetingRequest { tenant, mailbox: which.mailbox.clone(), greeting: greeting.into() };
    let mut pieces = line.voicemail().download_greeting(request).await?.into_inner();
    let Some(first) = pieces.message().await? else { return Err(Failure::Short { came: 0, size: 0 }) };
    let word = kept::greeting(greeting);
    let path = output.unwrap_or_else(|| PathBuf::from(format!("{word}.{}", message::ending(&first))));
    if path.as_os_str() == "-" {
        fetch::write(first, &mut pieces, |bytes| Ok(console.out.write_all(bytes)?)).await?;
        return Ok(console.out.flush()?);
    }
    let size = fetch::save(&path, force, first, &mut pieces).await?;
    let shown = path.display().to_string();
    let json = serde_json::json!({ "mailbox": which.mailbox, "greeting": word, "file": shown, "bytes": size });
    console.say(&format!("{shown}: {}", words::size(size)), &json)
}

fn row(greeting: &MailboxGreeting) -> Vec<String> {
    let size = if greeting.bytes == 0 { "missing".to_owned() } else { words::size(greeting.bytes) };
    vec![kept::greeting(greeting.greeting()).to_owned(), size, format(greeting).to_owned()]
}

fn format(greeting: &MailboxGreeting) -> &'static str {
    match greeting.format() {
        RecordingFormat::Unspecified => "",
        RecordingFormat::Wav => "WAV",
        RecordingFormat::Opus => "Opus",
    }
}
