//! Long lists, a page at a time.

use crate::cli::console::Console;
use crate::cli::failure::Failure;

/// The largest page that the server gives.
const LARGEST: u32 = 1000;

/// How much of a list is wanted.
#[derive(Debug, clap::Args)]
pub(crate) struct Page {
    /// How many at most
    #[arg(long, short = 'n', default_value_t = 50, conflicts_with = "all", value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    /// All of them, however many
    #[arg(long)]
    all: bool,
    /// Go on where a page ended: its `nextPageToken`
    #[arg(long, value_name = "TOKEN")]
    page_token: Option<String>,
}

impl Page {
    /// Asks with size and token until there is as much as is wanted; gives it with the token of the page after it.
    pub(crate) async fn turn<T>(
        &self,
        mut ask: impl AsyncFnMut(u32, String) -> Result<(Vec<T>, String), Failure>,
    ) -> Result<(Vec<T>, String), Failure> {
        let size = if self.all { LARGEST } else { self.limit };
        let (mut all, mut next) = ask(size, self.page_token.clone().unwrap_or_default()).await?;
        while self.all && !next.is_empty() {
            let (more, after) = ask(size, next).await?;
            all.extend(more);
            next = after;
        }
        Ok((all, next))
    }
}

/// Says to people how to go on, where a page was not the last.
pub(crate) fn note(console: &mut Console, next: &str) -> Result<(), Failure> {
    if console.json || next.is_empty() {
        return Ok(());
    }
    console.note(&format!("There are more: --all, a greater --limit, or --page-token {next}"))
}
