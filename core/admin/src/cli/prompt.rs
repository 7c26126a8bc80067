//! `strowger prompt`.

use std::io::Write;
use std::path::PathBuf;

use crate::cli::connection::{Line, Whose};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::page::{self, Page};
use crate::cli::{fetch, words};
use crate::v1::{
    DeletePromptRequest, DownloadPromptRequest, ListPromptsRequest, ListPromptsResponse, Prompt, PromptOwner,
    UploadPromptRequest,
};

pub(crate) const EXAMPLES: &str = "\
Examples:
  strowger prompt add welcome hello.wav                     in English; heard from the next playing on
  strowger prompt add greetings/monday montag.mp3 --language de
  strowger prompt add moh/default jazz.flac                 what callers of this tenant hear on hold
  strowger prompt list --own
  strowger prompt list --prefix digits/ --language en --all
  strowger prompt get welcome --output - | ffplay -
  strowger prompt remove welcome";

/// A file is sent in pieces of so many bytes.
const PIECE: usize = 64 << 10;

/// What is to be done with prompts.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// List the prompts that a tenant's callers can hear, by name
    List(List),
    /// Keep a file as a prompt of the tenant, in the place of one of this name
    #[command(visible_aliases = ["create", "upload"])]
    Add {
        #[command(flatten)]
        which: Which,
        /// WAV, MP3, FLAC, Ogg with Opus or Vorbis, or MP4; at most 64 MiB and half an hour
        file: PathBuf,
    },
    /// Fetch the file that is heard for a name: the tenant's own, else the system's
    Get {
        #[command(flatten)]
        which: Which,
        /// Where to; `-` for the output. Not given: a file of the prompt's name in this folder
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Replace a file that is there already
        #[arg(long, short)]
        force: bool,
    },
    /// Delete a prompt of the tenant's own; the system's is heard again, if there is one
    #[command(visible_alias = "delete")]
    Remove {
        #[command(flatten)]
        which: Which,
    },
}

/// A prompt.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// The prompt's name, as welcome or digits/7
    name: String,
    /// In which language
    #[arg(long, default_value = "en")]
    language: String,
    #[command(flatten)]
    whose: Whose,
}

/// Which prompts are wanted. All that is given must fit.
#[derive(Debug, clap::Args)]
pub struct List {
    /// The tenant's own alone
    #[arg(long, conflicts_with = "system")]
    own: bool,
    /// The system's alone
    #[arg(long)]
    system: bool,
    /// In this language alone
    #[arg(long)]
    language: Option<String>,
    /// With names that begin so
    #[arg(long, value_name = "TEXT")]
    prefix: Option<String>,
    #[command(flatten)]
    page: Page,
    #[command(flatten)]
    whose: Whose,
}

pub(crate) async fn run(verb: Verb, line: &Line, console: &mut Console) -> Result<(), Failure> {
    match verb {
        Verb::List(wanted) => list(line, console, wanted).await,
        Verb::Add { which, file } => add(line, console, which, file).await,
        Verb::Get { which, output, force } => get(line, console, which, output, force).await,
        Verb::Remove { which } => {
            let Which { name, language, whose } = which;
            let tenant = line.tenant(&whose).await?;
            let request = DeletePromptRequest { tenant, name: name.clone(), language: language.clone() };
            line.prompts().delete(request).await?;
            let json = serde_json::json!({ "deleted": name, "language": language });
            console.say(&format!("prompt {name} ({language}) is deleted"), &json)
        }
    }
}

async fn list(line: &Line, console: &mut Console, wanted: List) -> Result<(), Failure> {
    let owner = match (wanted.own, wanted.system) {
        (true, _) => PromptOwner::Tenant,
        (_, true) => PromptOwner::System,
        _ => PromptOwner::Unspecified,
    };
    let request = ListPromptsRequest {
        tenant: line.tenant(&wanted.whose).await?,
        language: wanted.language.unwrap_or_default(),
        owner: owner.into(),
        prefix: wanted.prefix.unwrap_or_default(),
        ..ListPromptsRequest::default()
    };
    let turn = async |page_size, page_token| {
        let request = ListPromptsRequest { page_size, page_token, ..request.clone() };
        let page = line.prompts().list(request).await?.into_inner();
        Ok((page.prompts, page.next_page_token))
    };
    let (prompts, next_page_token) = wanted.page.turn(turn).await?;
    let answer = ListPromptsResponse { prompts, next_page_token };
    let header = ["NAME", "LANGUAGE", "WHOSE", "LENGTH", "SIZE", "FILE", "CHANGED", "FAULT"];
    console.table(&answer, "no prompts", &header, |console| {
        answer.prompts.iter().map(|prompt| row(console, prompt)).collect()
    })?;
    page::note(console, &answer.next_page_token)
}

async fn add(line: &Line, console: &mut Console, which: Which, file: PathBuf) -> Result<(), Failure> {
    let bytes = std::fs::read(&file).map_err(|error| Failure::File { file, error })?;
    let Which { name, language, whose } = which;
    let tenant = line.tenant(&whose).await?;
    let mut pieces = vec![UploadPromptRequest { tenant, name, language, ..UploadPromptRequest::default() }];
    pieces.extend(
        bytes.chunks(PIECE).map(|data| UploadPromptRequest { data: data.to_vec(), ..UploadPromptRequest::default() }),
    );
    pieces.push(UploadPromptRequest { last: true, ..UploadPromptRequest::default() });
    let kept = line.prompts().upload(tokio_stream::iter(pieces)).await?.into_inner();
    if let Some(fault) = &kept.fault {
        console.note(&format!("The file is damaged, and is played as far as it can be heard: {fault}."))?;
    }
    console.card(&kept, |console| card(console, &kept))
}

async fn get(
    line: &Line,
    console: &mut Console,
    which: Which,
    output: Option<PathBuf>,
    force: bool,
) -> Result<(), Failure> {
    let Which { name, language, whose } = which;
    let request = DownloadPromptRequest { tenant: line.tenant(&whose).await?, name: name.clone(), language };
    let mut pieces = line.prompts().download(request).await?.into_inner();
    let Some(first) = pieces.message().await? else { return Err(Failure::Short { came: 0, size: 0 }) };
    // Of greetings/monday the last part.
    let stem = name.rsplit('/').next().unwrap_or(&name);
    let path = output.unwrap_or_else(|| PathBuf::from(format!("{stem}.{}", first.ending)));
    if path.as_os_str() == "-" {
        fetch::write(first, &mut pieces, |bytes| Ok(console.out.write_all(bytes)?)).await?;
        return Ok(console.out.flush()?);
    }
    let size = fetch::save(&path, force, first, &mut pieces).await?;
    let shown = path.display().to_string();
    let json = serde_json::json!({ "prompt": name, "file": shown, "bytes": size });
    console.say(&format!("{shown}: {}", words::size(size)), &json)
}

fn row(console: &Console, prompt: &Prompt) -> Vec<String> {
    vec![
        prompt.name.clone(),
        prompt.language.clone(),
        whose(prompt).to_owned(),
        words::length(prompt.length),
        words::size(prompt.bytes),
        prompt.ending.clone(),
        console.time(prompt.changed),
        prompt.fault.clone().unwrap_or_default(),
    ]
}

fn card(console: &Console, prompt: &Prompt) -> Vec<(&'static str, String)> {
    vec![
        ("Name", prompt.name.clone()),
        ("Tenant", prompt.tenant.clone()),
        ("Language", prompt.language.clone()),
        ("Whose", whose(prompt).to_owned()),
        ("Length", words::length(prompt.length)),
        ("Size", words::size(prompt.bytes)),
        ("File", prompt.ending.clone()),
        ("Changed", console.time(prompt.changed)),
        ("Fault", prompt.fault.clone().unwrap_or_default()),
    ]
}

fn whose(prompt: &Prompt) -> &'static str {
    match prompt.owner() {
        PromptOwner::Unspecified => "",
        PromptOwner::Tenant => "tenant",
        PromptOwner::System => "system",
    }
}
