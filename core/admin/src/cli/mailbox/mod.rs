//! `strowger mailbox`.

mod carry;
mod export;
mod greeting;
mod group;
mod kept;
mod mail;
mod message;
mod policy;
mod watch;

use std::path::PathBuf;

use crate::cli::connection::{Line, Whose};
use crate::cli::console::Console;
use crate::cli::failure::Failure;

pub(crate) const EXAMPLES: &str = "\
Examples:
  strowger mailbox create 1001 --owner alice --email alice@example.com --mail wav
  strowger mailbox set 1001 --operator 1000 --keep-days 30
  strowger mailbox pin 1001 --pin-stdin                    its owner must change it when he comes in next
  strowger mailbox messages 1001 --folder new
  strowger mailbox get 1001 42 --output - | ffplay -
  strowger mailbox move 1001 42 43 --to saved
  strowger mailbox forward 1001 42 1002 1003
  strowger mailbox greeting set 1001 busy busy.wav
  strowger mailbox group put 1 1001 1002 1003              a list of the whole tenant
  strowger mailbox mail queue; strowger mailbox mail retry
  strowger mailbox export 1001 ./alice
  strowger mailbox import ./alice --tenant other           into another tenant, or on another machine
  strowger mailbox watch --json | jq -c 'select(.came)'";

/// What is to be done with mailboxes.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// List the mailboxes of a tenant, with what waits in them
    List {
        #[command(flatten)]
        whose: Whose,
    },
    /// Show one mailbox with all that is said of it
    Show {
        /// The mailbox's name
        name: String,
        #[command(flatten)]
        whose: Whose,
    },
    /// Make a mailbox
    #[command(visible_alias = "add")]
    Create(Box<kept::Create>),
    /// Change a mailbox; what is not given stays as it is
    #[command(visible_aliases = ["update", "change"])]
    Set(Box<kept::Set>),
    /// Delete a mailbox with all that is in it
    #[command(visible_alias = "remove")]
    Delete {
        /// The mailbox's name
        name: String,
        #[command(flatten)]
        whose: Whose,
    },
    /// Give a mailbox a PIN that its owner must change when he comes in next, or take it
    Pin(kept::Pin),
    /// List the messages of a mailbox: folder by folder, urgent ones first, then as they came
    Messages(message::List),
    /// Fetch the audio of a message; it does not count as heard
    #[command(visible_aliases = ["download", "play"])]
    Get(message::Get),
    /// Say whether messages are urgent
    Mark {
        #[command(flatten)]
        which: message::Which,
        /// They are not
        #[arg(long)]
        not: bool,
    },
    /// Put messages into another folder; what is thrown away is in `deleted` for some days
    Move {
        #[command(flatten)]
        which: message::Which,
        /// Where to
        #[arg(long, value_enum, value_name = "FOLDER")]
        to: message::In,
    },
    /// Delete messages with their audio, for good
    Rm(message::Which),
    /// Send a copy of a message to other mailboxes
    Forward(message::Forward),
    /// Put an audio file into a mailbox as a message; nobody is written to
    ImportMessage(Box<message::Import>),
    /// What an owner says to callers
    #[command(subcommand, visible_alias = "greetings")]
    Greeting(greeting::Verb),
    /// Lists of mailboxes to which a message is sent at once
    #[command(subcommand, visible_aliases = ["groups", "lists", "distribution"])]
    Group(group::Verb),
    /// Show or change what all mailboxes of a tenant may hold together, and who their mail is from
    Policy(policy::Policy),
    /// The mail that tells of messages: what waits to be sent, and how a tenant writes
    #[command(subcommand)]
    Mail(mail::Verb),
    /// Print what happens in mailboxes from now on, a line each
    Watch {
        /// Only this mailbox
        mailbox: Option<String>,
        #[command(flatten)]
        whose: Whose,
    },
    /// Save a mailbox in a folder: how it is, its messages, greetings and lists; not its PIN
    Export {
        /// The mailbox's name
        name: String,
        /// The folder; it is made
        dir: PathBuf,
        /// Replace an export that is there already
        #[arg(long, short)]
        force: bool,
        #[command(flatten)]
        whose: Whose,
    },
    /// Bring a mailbox in from such a folder, with its times, callers and folders; it is made if it is not there
    Import(carry::Import),
}

pub(crate) async fn run(verb: Verb, line: &Line, console: &mut Console) -> Result<(), Failure> {
    match verb {
        Verb::List { whose } => kept::list(line, console, &whose).await,
        Verb::Show { name, whose } => kept::show(line, console, name, &whose).await,
        Verb::Create(create) => create.run(line, console).await,
        Verb::Set(set) => set.run(line, console).await,
        Verb::Delete { name, whose } => kept::delete(line, console, name, &whose).await,
        Verb::Pin(pin) => pin.run(line, console).await,
        Verb::Messages(wanted) => wanted.run(line, console).await,
        Verb::Get(get) => get.run(line, console).await,
        Verb::Mark { which, not } => which.mark(line, console, !not).await,
        Verb::Move { which, to } => which.shift(line, console, to).await,
        Verb::Rm(which) => which.remove(line, console).await,
        Verb::Forward(forward) => forward.run(line, console).await,
        Verb::ImportMessage(import) => import.run(line, console).await,
        Verb::Greeting(verb) => greeting::run(verb, line, console).await,
        Verb::Group(verb) => group::run(verb, line, console).await,
        Verb::Policy(policy) => policy.run(line, console).await,
        Verb::Mail(verb) => mail::run(verb, line, console).await,
        Verb::Watch { mailbox, whose } => watch::watch(line, console, mailbox, &whose).await,
        Verb::Export { name, dir, force, whose } => export::export(line, console, name, &dir, force, &whose).await,
        Verb::Import(import) => import.run(line, console).await,
    }
}

/// How often people are told how far long work is.
const OFTEN: usize = 25;

/// Tells people at a terminal how far long work is.
fn progress(console: &mut Console, done: usize, total: usize, what: &str) -> Result<(), Failure> {
    let due = done == total || done.is_multiple_of(OFTEN);
    if console.json || !console.fancy || !due || total < OFTEN {
        return Ok(());
    }
    console.note(&format!("{done} of {total} {what}"))
}

/// So many of something, as people say it.
fn count(number: usize, one: &str) -> String {
    format!("{number} {one}{}", if number == 1 { "" } else { "s" })
}
