//! `strowger recording`.

use std::io::Write;
use std::path::PathBuf;

use crate::cli::connection::{Line, Whose};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::page::{self, Page};
use crate::cli::{fetch, moment, words};
use crate::v1::{
    DeleteRecordingRequest, DownloadRecordingRequest, GetRecordingRequest, ListRecordingsRequest,
    ListRecordingsResponse, Recording, RecordingFormat, RecordingKind, RecordingLayout,
};

pub(crate) const EXAMPLES: &str = "\
Examples:
  strowger recording list --since 2h
  strowger recording list --call 5f2c08d1a7e94b3360c4d9ab
  strowger recording get 5f2c08d1a7e94b3360c4d9ab-1            into a file of that name, here
  strowger recording get greeting --output - | ffplay -
  strowger recording remove 5f2c08d1a7e94b3360c4d9ab-1";

/// What is to be done with recordings.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// List the recordings of a tenant, newest first; those that go on too
    List(List),
    /// Show one recording
    Show {
        /// The recording's name
        name: String,
        #[command(flatten)]
        whose: Whose,
    },
    /// Fetch the file of a recording; of one that goes on, what is whole of it by now
    Get {
        /// The recording's name
        name: String,
        /// Where to; `-` for the output. Not given: a file of the recording's name in this folder
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Replace a file that is there already
        #[arg(long, short)]
        force: bool,
        #[command(flatten)]
        whose: Whose,
    },
    /// Delete a recording with its file
    #[command(visible_alias = "delete")]
    Remove {
        /// The recording's name
        name: String,
        #[command(flatten)]
        whose: Whose,
    },
}

/// Which recordings are wanted. All that is given must fit.
#[derive(Debug, clap::Args)]
pub struct List {
    /// Begun since: `2h`, `3d`, `2026-03-01`, `2026-03-01 14:30`
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Begun before
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Of the call of this uid
    #[arg(long, value_name = "UID")]
    pub call: Option<String>,
    /// Of this kind
    #[arg(long, value_enum)]
    pub kind: Option<Kind>,
    #[command(flatten)]
    page: Page,
    #[command(flatten)]
    whose: Whose,
}

/// What is recorded.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum Kind {
    /// What a caller said to an application
    Message,
    /// A call as a whole
    Call,
    /// A conference
    Room,
}

pub(crate) async fn run(verb: Verb, line: &Line, console: &mut Console) -> Result<(), Failure> {
    match verb {
        Verb::List(wanted) => list(line, console, wanted).await,
        Verb::Show { name, whose } => {
            let tenant = line.tenant(&whose).await?;
            let recording = line.recordings().get(GetRecordingRequest { tenant, name }).await?.into_inner();
            console.card(&recording, |console| card(console, &recording))
        }
        Verb::Get { name, output, force, whose } => {
            let tenant = line.tenant(&whose).await?;
            get(line, console, DownloadRecordingRequest { tenant, name }, output, force).await
        }
        Verb::Remove { name, whose } => {
            let tenant = line.tenant(&whose).await?;
            line.recordings().delete(DeleteRecordingRequest { tenant, name: name.clone() }).await?;
            console.say(&format!("recording {name} is deleted"), &serde_json::json!({ "deleted": name }))
        }
    }
}

async fn list(line: &Line, console: &mut Console, wanted: List) -> Result<(), Failure> {
    let kind = match wanted.kind {
        None => RecordingKind::Unspecified,
        Some(Kind::Message) => RecordingKind::Message,
        Some(Kind::Call) => RecordingKind::Call,
        Some(Kind::Room) => RecordingKind::Room,
    };
    let request = ListRecordingsRequest {
        tenant: line.tenant(&wanted.whose).await?,
        since: moment::read(console, "since", wanted.since.as_deref())?,
        until: moment::read(console, "until", wanted.until.as_deref())?,
        call: wanted.call.unwrap_or_default(),
        kind: kind.into(),
        ..ListRecordingsRequest::default()
    };
    let turn = async |page_size, page_token| {
        let request = ListRecordingsRequest { page_size, page_token, ..request.clone() };
        let page = line.recordings().list(request).await?.into_inner();
        Ok((page.recordings, page.next_page_token))
    };
    let (recordings, next_page_token) = wanted.page.turn(turn).await?;
    let answer = ListRecordingsResponse { recordings, next_page_token };
    let header = ["NAME", "KIND", "STARTED", "LENGTH", "SIZE", "FORMAT", "SIDES", "CALL"];
    console.table(&answer, "no recordings", &header, |console| {
        answer.recordings.iter().map(|recording| row(console, recording)).collect()
    })?;
    page::note(console, &answer.next_page_token)
}

async fn get(
    line: &Line,
    console: &mut Console,
    request: DownloadRecordingRequest,
    output: Option<PathBuf>,
    force: bool,
) -> Result<(), Failure> {
    let name = request.name.clone();
    let mut pieces = line.recordings().download(request).await?.into_inner();
    // A server that has nothing to send says why.
    let Some(first) = pieces.message().await? else { return Err(Failure::Short { came: 0, size: 0 }) };
    let extension = if first.format() == RecordingFormat::Opus { "opus" } else { "wav" };
    let path = output.unwrap_or_else(|| PathBuf::from(format!("{name}.{extension}")));
    if path.as_os_str() == "-" {
        fetch::write(first, &mut pieces, |bytes| Ok(console.out.write_all(bytes)?)).await?;
        return Ok(console.out.flush()?);
    }
    let size = fetch::save(&path, force, first, &mut pieces).await?;
    let shown = path.display().to_string();
    let json = serde_json::json!({ "recording": name, "file": shown, "bytes": size });
    console.say(&format!("{shown}: {}", words::size(size)), &json)
}

fn row(console: &Console, recording: &Recording) -> Vec<String> {
    let running = || "running".to_owned();
    vec![
        recording.name.clone(),
        words::recording_kind(recording.kind()).to_owned(),
        console.time(recording.started),
        recording.length.map_or_else(running, |length| words::length(Some(length))),
        recording.bytes.map(words::size).unwrap_or_default(),
        format(recording).to_owned(),
        layout(recording).to_owned(),
        recording.call.clone().unwrap_or_default(),
    ]
}

fn card(console: &Console, recording: &Recording) -> Vec<(&'static str, String)> {
    vec![
        ("Name", recording.name.clone()),
        ("Tenant", recording.tenant.clone()),
        ("Kind", words::recording_kind(recording.kind()).to_owned()),
        ("Call", recording.call.clone().unwrap_or_default()),
        ("Started", console.time(recording.started)),
        ("Length", recording.length.map_or_else(|| "running".to_owned(), |length| words::length(Some(length)))),
        ("Size", recording.bytes.map(words::size).unwrap_or_default()),
        ("Format", format(recording).to_owned()),
        ("Sides", layout(recording).to_owned()),
        ("Ended early", recording.fault.clone().unwrap_or_default()),
    ]
}

fn format(recording: &Recording) -> &'static str {
    match recording.format() {
        RecordingFormat::Unspecified => "",
        RecordingFormat::Wav => "WAV",
        RecordingFormat::Opus => "Opus",
    }
}

fn layout(recording: &Recording) -> &'static str {
    match recording.layout() {
        RecordingLayout::Unspecified => "",
        RecordingLayout::Mixed => "mixed",
        RecordingLayout::Stereo => "stereo",
    }
}
