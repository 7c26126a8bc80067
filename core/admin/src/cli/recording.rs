//! `strowger recording`.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::cli::connection::{Line, Whose};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::{moment, words};
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

/// The largest page that the server gives.
const PAGE: u32 = 1000;

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
    /// How many at most
    #[arg(long, short = 'n', default_value_t = 50, conflicts_with = "all", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// All of them, however many
    #[arg(long)]
    pub all: bool,
    /// Go on where a page ended: its `nextPageToken`
    #[arg(long, value_name = "TOKEN")]
    pub page_token: Option<String>,
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
        Verb::Get { name, output, whose } => {
            let tenant = line.tenant(&whose).await?;
            get(line, console, DownloadRecordingRequest { tenant, name }, output).await
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
    let mut request = ListRecordingsRequest {
        tenant: line.tenant(&wanted.whose).await?,
        since: moment::read(console, "since", wanted.since.as_deref())?,
        until: moment::read(console, "until", wanted.until.as_deref())?,
        call: wanted.call.unwrap_or_default(),
        kind: kind.into(),
        page_size: if wanted.all { PAGE } else { wanted.limit },
        page_token: wanted.page_token.unwrap_or_default(),
    };
    let mut answer = ListRecordingsResponse::default();
    loop {
        let page = line.recordings().list(request.clone()).await?.into_inner();
        answer.recordings.extend(page.recordings);
        answer.next_page_token = page.next_page_token;
        if !wanted.all || answer.next_page_token.is_empty() {
            break;
        }
        request.page_token.clone_from(&answer.next_page_token);
    }
    let header = ["NAME", "KIND", "STARTED", "LENGTH", "SIZE", "FORMAT", "SIDES", "CALL"];
    console.table(&answer, "no recordings", &header, |console| {
        answer.recordings.iter().map(|recording| row(console, recording)).collect()
    })?;
    if !console.json && !answer.next_page_token.is_empty() {
        console.note("there are more: --all shows them, --limit more of them")?;
    }
    Ok(())
}

async fn get(
    line: &Line,
    console: &mut Console,
    request: DownloadRecordingRequest,
    output: Option<PathBuf>,
) -> Result<(), Failure> {
    let name = request.name.clone();
    let mut pieces = line.recordings().download(request).await?.into_inner();
    let Some(first) = pieces.message().await? else { return Ok(()) };
    let extension = if first.format() == RecordingFormat::Opus { "opus" } else { "wav" };
    let path = output.unwrap_or_else(|| PathBuf::from(format!("{name}.{extension}")));
    let told = |error| Failure::File { file: path.clone(), error };
    if path == Path::new("-") {
        console.out.write_all(&first.data)?;
        while let Some(piece) = pieces.message().await? {
            console.out.write_all(&piece.data)?;
        }
        return Ok(console.out.flush()?);
    }
    let mut file = std::fs::File::create(&path).map_err(told)?;
    let mut size = first.data.len();
    file.write_all(&first.data).map_err(told)?;
    while let Some(piece) = pieces.message().await? {
        size += piece.data.len();
        file.write_all(&piece.data).map_err(told)?;
    }
    let shown = path.display().to_string();
    let json = serde_json::json!({ "recording": name, "file": shown, "bytes": size });
    console.say(&format!("{shown}: {}", words::size(size as u64)), &json)
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
