//! Rates of trunks: files of the operator's that go there and come back.

use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;

use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;

use crate::cli::connection::Line;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::{fetch, words};
use crate::v1::import_rates_response::Result as Came;
use crate::v1::{DeleteRatesRequest, DownloadRatesRequest, GetRatesRequest, ImportRatesRequest, RateFaults, RateSheet};

/// A file is sent in pieces of so many bytes; so many of them are read ahead.
const PIECE: usize = 256 << 10;
const AHEAD: usize = 2;
/// So many faults are shown to people.
const SHOWN: usize = 20;

pub(super) async fn import(line: &Line, console: &mut Console, file: PathBuf, trunk: String) -> Result<(), Failure> {
    let told = |error| Failure::File { file: file.clone(), error };
    let open = File::open(&file).map_err(told)?;
    let size = open.metadata().map_err(told)?.len();
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let head = ImportRatesRequest { trunk, file: name, ..ImportRatesRequest::default() };
    // Read as the server takes it: a file of any size takes no more memory here than two pieces.
    let (sender, pieces) = mpsc::channel(AHEAD);
    let (sent, mut news) = mpsc::unbounded_channel();
    let torn = sent.clone();
    tokio::task::spawn_blocking(move || {
        // Where it fails the last piece does not go, and the server replaces nothing.
        if let Err(error) = pour(open, &sender) {
            let _ = torn.send(Err(error));
        }
    });
    let mut came = 0;
    let counted = ReceiverStream::new(pieces).map(move |piece: ImportRatesRequest| {
        came += piece.data.len() as u64;
        let _ = sent.send(Ok(came));
        piece
    });
    let mut routes = line.routes();
    let importing = routes.import_rates(tokio_stream::once(head).chain(counted));
    tokio::pin!(importing);
    let mut shown = None;
    let answer = loop {
        tokio::select! {
            biased;
            Some(came) = news.recv() => progress(console, came.map_err(told)?, size, &mut shown)?,
            answer = &mut importing => break answer,
        }
    };
    if shown.is_some() {
        writeln!(console.notes)?;
    }
    match answer?.into_inner().result {
        Some(Came::Imported(sheet)) => card(console, &sheet),
        Some(Came::Faults(faults)) => Err(refused(console, &faults)?),
        None => Err(Failure::Description),
    }
}

/// The file, piece by piece, until it is over or nobody wants more of it.
fn pour(mut file: File, pieces: &mpsc::Sender<ImportRatesRequest>) -> std::io::Result<()> {
    loop {
        let mut data = Vec::with_capacity(PIECE);
        (&mut file).take(PIECE as u64).read_to_end(&mut data)?;
        let last = data.is_empty();
        let piece = ImportRatesRequest { data, last, ..ImportRatesRequest::default() };
        if pieces.blocking_send(piece).is_err() || last {
            return Ok(());
        }
    }
}

/// How much has gone, on one line of a terminal.
fn progress(console: &mut Console, came: u64, size: u64, shown: &mut Option<u64>) -> Result<(), Failure> {
    let percent = came.saturating_mul(100).checked_div(size).unwrap_or(100).min(100);
    if !console.fancy || *shown == Some(percent) {
        return Ok(());
    }
    *shown = Some(percent);
    let rest = if percent == 100 { ", being read" } else { "" };
    write!(console.notes, "\r{} of {} ({percent} %){rest}", words::size(came), words::size(size))?;
    Ok(console.notes.flush()?)
}

/// What is wrong, a line each; for scripts all that is known.
fn refused(console: &mut Console, faults: &RateFaults) -> Result<Failure, Failure> {
    if console.json {
        console.card(faults, |_| Vec::new())?;
    }
    let lines: Vec<_> = faults
        .faults
        .iter()
        .take(SHOWN)
        .map(|fault| {
            let column = if fault.column.is_empty() { String::new() } else { format!(", {}", fault.column) };
            format!("\n  line {}{column}: {}", fault.line, fault.why)
        })
        .collect();
    let more = match faults.count.saturating_sub(lines.len() as u64) {
        0 => String::new(),
        more => format!("\n  and {more} more"),
    };
    let why = format!("nothing was imported; {} lines are wrong:{}{more}", faults.count, lines.concat());
    Ok(Failure::Argument { name: "file", why })
}

pub(super) async fn show(
    line: &Line,
    console: &mut Console,
    trunk: String,
    number: Option<String>,
) -> Result<(), Failure> {
    let asked = number.clone().unwrap_or_default();
    let rates = line.routes().get_rates(GetRatesRequest { trunk, number: asked }).await?.into_inner();
    console.card(&rates, |console| {
        let sheet = rates.sheet.clone().unwrap_or_default();
        let mut card = fields(console, &sheet);
        if let Some(number) = number {
            card.push(("Number", number));
            card.push(("Prefix", rates.rate.as_ref().map(|rate| rate.prefix.clone()).unwrap_or_default()));
            card.push(("Price", words::price(rates.rate.as_ref())));
        }
        card
    })
}

fn card(console: &mut Console, sheet: &RateSheet) -> Result<(), Failure> {
    console.card(sheet, |console| fields(console, sheet))
}

fn fields(console: &Console, sheet: &RateSheet) -> Vec<(&'static str, String)> {
    vec![
        ("Trunk", sheet.trunk.clone()),
        ("Rates", sheet.count.to_string()),
        ("File", sheet.file.clone()),
        ("Imported", console.time(sheet.imported)),
    ]
}

pub(super) async fn export(
    line: &Line,
    console: &mut Console,
    trunk: String,
    output: Option<PathBuf>,
    force: bool,
) -> Result<(), Failure> {
    let request = DownloadRatesRequest { trunk: trunk.clone() };
    let mut pieces = line.routes().download_rates(request).await?.into_inner();
    let Some(first) = pieces.message().await? else { return Err(Failure::Short { came: 0, size: 0 }) };
    let path = output.unwrap_or_else(|| PathBuf::from(format!("{trunk}.csv")));
    if path.as_os_str() == "-" {
        fetch::write(first, &mut pieces, |bytes| Ok(console.out.write_all(bytes)?)).await?;
        return Ok(console.out.flush()?);
    }
    let size = fetch::save(&path, force, first, &mut pieces).await?;
    let shown = path.display().to_string();
    let json = serde_json::json!({ "trunk": trunk, "file": shown, "bytes": size });
    console.say(&format!("{shown}: {}", words::size(size)), &json)
}

pub(super) async fn remove(line: &Line, console: &mut Console, trunk: String) -> Result<(), Failure> {
    line.routes().delete_rates(DeleteRatesRequest { trunk: trunk.clone() }).await?;
    console.say(&format!("the rates of trunk {trunk} are deleted"), &serde_json::json!({ "deleted": trunk }))
}
