//! A mailbox saved in a folder:
//!
//! ```text
//! mailbox.json          how it is; written last: a folder without it is no whole export
//! lists.json            its own lists
//! messages/0001.wav     the audio of a message, as it is kept (or .opus)
//! messages/0001.json    what is known of it
//! greetings/busy.wav    a greeting (or .opus)
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use prost::{Message, Name};

use crate::cli::connection::{Line, Whose};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::mailbox::{kept, message, progress};
use crate::cli::{fetch, json, words};
use crate::v1::{
    DownloadAudioResponse, DownloadGreetingRequest, DownloadMessageRequest, GetMailboxRequest, ListMailboxListsRequest,
    ListMailboxListsResponse, ListMessagesRequest, MailboxMessage,
};

/// What stands in the folder.
pub(super) const MAILBOX: &str = "mailbox.json";
pub(super) const LISTS: &str = "lists.json";
pub(super) const MESSAGES: &str = "messages";
pub(super) const GREETINGS: &str = "greetings";

pub(super) async fn export(
    line: &Line,
    console: &mut Console,
    name: String,
    dir: &Path,
    force: bool,
    whose: &Whose,
) -> Result<(), Failure> {
    let tenant = line.tenant(whose).await?;
    let mailbox = line.voicemail().get(GetMailboxRequest { tenant: tenant.clone(), name: name.clone() }).await?;
    let mailbox = mailbox.into_inner();
    prepare(dir, force)?;
    let mut bytes = 0;
    let messages = messages(line, &tenant, &name).await?;
    for (number, one) in messages.iter().enumerate() {
        let stem = dir.join(MESSAGES).join(format!("{:04}", number + 1));
        let request = DownloadMessageRequest { tenant: tenant.clone(), id: one.id };
        bytes += save(line.voicemail().download_message(request).await?.into_inner(), &stem).await?;
        write(&stem.with_extension("json"), one)?;
        progress(console, number + 1, messages.len(), "messages")?;
    }
    for greeting in mailbox.greetings() {
        let stem = dir.join(GREETINGS).join(kept::greeting(greeting));
        let request =
            DownloadGreetingRequest { tenant: tenant.clone(), mailbox: name.clone(), greeting: greeting.into() };
        bytes += save(line.voicemail().download_greeting(request).await?.into_inner(), &stem).await?;
    }
    let request = ListMailboxListsRequest { tenant: tenant.clone(), mailbox: Some(name.clone()) };
    let mut lists = line.voicemail().list_lists(request).await?.into_inner().lists;
    lists.retain(|list| list.mailbox.is_some());
    if !lists.is_empty() {
        write(&dir.join(LISTS), &ListMailboxListsResponse { lists })?;
    }
    write(&dir.join(MAILBOX), &mailbox)?;
    let (shown, count, greetings) = (dir.display().to_string(), messages.len(), mailbox.greetings.len());
    let size = words::size(bytes);
    let (some, said) = (super::count(count, "message"), super::count(greetings, "greeting"));
    let sentence = format!("{shown}: mailbox {name}, {some}, {said}, {size}; its PIN is not there");
    let json = serde_json::json!({
        "mailbox": name, "folder": shown, "messages": count, "greetings": greetings, "bytes": bytes,
    });
    console.say(&sentence, &json)
}

/// All messages of a mailbox.
pub(super) async fn messages(line: &Line, tenant: &str, mailbox: &str) -> Result<Vec<MailboxMessage>, Failure> {
    let (tenant, mailbox) = (tenant.to_owned(), mailbox.to_owned());
    let mut request = ListMessagesRequest { tenant, mailbox, page_size: 1000, ..ListMessagesRequest::default() };
    let mut all = Vec::new();
    loop {
        let page = line.voicemail().list_messages(request.clone()).await?.into_inner();
        all.extend(page.messages);
        if page.next_page_token.is_empty() {
            return Ok(all);
        }
        request.page_token = page.next_page_token;
    }
}

/// The folder, empty of any export before.
fn prepare(dir: &Path, force: bool) -> Result<(), Failure> {
    let told = |file: &Path, error| Failure::File { file: file.to_owned(), error };
    let known = [MAILBOX, LISTS, MESSAGES, GREETINGS].map(|name| dir.join(name));
    if let Some(there) = known.iter().find(|path| path.exists()).filter(|_| !force) {
        let why = format!("{} is there already; choose another folder, or add --force", there.display());
        return Err(Failure::Argument { name: "dir", why });
    }
    // First what says that it is whole.
    for file in [MAILBOX, LISTS].map(|name| dir.join(name)).iter().filter(|file| file.exists()) {
        fs::remove_file(file).map_err(|error| told(file, error))?;
    }
    for folder in [MESSAGES, GREETINGS].map(|name| dir.join(name)) {
        fs::create_dir_all(&folder).map_err(|error| told(&folder, error))?;
        for entry in fs::read_dir(&folder).map_err(|error| told(&folder, error))? {
            let file = entry.map_err(|error| told(&folder, error))?.path();
            // What is not of an export is not touched.
            if is_ours(&file) {
                fs::remove_file(&file).map_err(|error| told(&file, error))?;
            }
        }
    }
    Ok(())
}

/// Whether an export writes such a file into one of its folders.
fn is_ours(file: &Path) -> bool {
    let text = |part: Option<&std::ffi::OsStr>| part.and_then(std::ffi::OsStr::to_str).unwrap_or_default().to_owned();
    let (stem, ending) = (text(file.file_stem()), text(file.extension()));
    let number = stem.len() >= 4 && stem.bytes().all(|digit| digit.is_ascii_digit());
    let greeting = switch::Greeting::named(&stem).is_some();
    (number || greeting) && matches!(ending.as_str(), "wav" | "opus" | "json")
}

/// Saves audio under this name, and what it ends in.
async fn save(mut pieces: tonic::Streaming<DownloadAudioResponse>, stem: &Path) -> Result<u64, Failure> {
    let Some(first) = pieces.message().await? else { return Err(Failure::Short { came: 0, size: 0 }) };
    let path: PathBuf = stem.with_extension(message::ending(&first));
    fetch::save(&path, true, first, &mut pieces).await
}

fn write<M: Message + Name>(file: &Path, message: &M) -> Result<(), Failure> {
    let text = json::pretty(message)? + "\n";
    fs::write(file, text).map_err(|error| Failure::File { file: file.to_owned(), error })
}
