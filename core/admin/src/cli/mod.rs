//! The command line for operators: speaks to a running server over gRPC, as any other client would.
//!
//! The binary flattens [`Command`] and [`Connection`] into its own command line and gives them to [`run`].

mod call;
mod cdr;
mod connection;
mod console;
mod dialplan;
mod failure;
mod fetch;
mod json;
mod limit;
mod mailbox;
mod media;
mod moment;
mod number;
mod outside;
mod page;
mod password;
mod prompt;
mod recording;
mod registration;
mod room;
mod route;
mod sound;
mod tenant;
mod trunk;
mod user;
mod words;

pub use connection::{Connection, Whose};
pub use console::Console;
pub use failure::Failure;

/// What an operator asks of a running server, a noun each.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Tenants: who owns SIP domains, users, dialplans and records
    #[command(subcommand, visible_alias = "tenants", after_help = tenant::EXAMPLES)]
    Tenant(tenant::Verb),
    /// Users: who may register a phone and call
    #[command(subcommand, visible_alias = "users", after_help = user::EXAMPLES)]
    User(user::Verb),
    /// Registrations: which phones can be reached now
    #[command(subcommand, visible_alias = "registrations", after_help = registration::EXAMPLES)]
    Registration(registration::Verb),
    /// Dialplans: the WebAssembly component that decides a tenant's calls
    #[command(subcommand, visible_alias = "dialplans", after_help = dialplan::EXAMPLES)]
    Dialplan(dialplan::Verb),
    /// Calls that are up now
    #[command(subcommand, visible_alias = "calls", after_help = call::EXAMPLES)]
    Call(call::Verb),
    /// Call records: one for every call that ended
    #[command(subcommand, visible_alias = "cdrs", after_help = cdr::EXAMPLES)]
    Cdr(cdr::Verb),
    /// Conference rooms: those that are kept, and those that are open now
    #[command(subcommand, visible_alias = "rooms", after_help = room::EXAMPLES)]
    Room(room::Verb),
    /// Mailboxes: what callers leave for whom, greetings, lists, and the mail that tells of it
    #[command(subcommand, visible_aliases = ["mailboxes", "voicemail"], after_help = mailbox::EXAMPLES)]
    Mailbox(Box<mailbox::Verb>),
    /// Recordings: messages of callers, calls as a whole, conferences
    #[command(subcommand, visible_alias = "recordings", after_help = recording::EXAMPLES)]
    Recording(recording::Verb),
    /// Prompts: what callers can hear by name, the tenant's own and the system's
    #[command(subcommand, visible_alias = "prompts", after_help = prompt::EXAMPLES)]
    Prompt(prompt::Verb),
    /// Trunks: agreements with carriers, and the gateways by which each is reached
    #[command(subcommand, visible_alias = "trunks", after_help = trunk::EXAMPLES)]
    Trunk(Box<trunk::Verb>),
    /// Numbers: which a tenant owns, and where each leads
    #[command(subcommand, visible_alias = "numbers", after_help = number::EXAMPLES)]
    Number(number::Verb),
    /// Routes: by which trunk calls go to which numbers, and at what price
    #[command(subcommand, visible_alias = "routes", after_help = route::EXAMPLES)]
    Route(route::Verb),
    /// The way outside of a tenant or a user: what it may call, how it dials, what is shown, where it is
    #[command(subcommand, visible_aliases = ["grant", "grants"], after_help = outside::EXAMPLES)]
    Outside(outside::Verb),
    /// Limits: what tenants, users and trunks may spend, and what they have spent
    #[command(subcommand, visible_alias = "limits", after_help = limit::EXAMPLES)]
    Limit(limit::Verb),
    /// Says whether the server serves; needs no token
    Status,
}

/// Carries a command out and prints what came of it to the terminal.
///
/// # Errors
/// Why it was not carried out; [`Failure::exit_code`] is what the process should end with.
pub async fn run(command: Command, connection: &Connection) -> Result<(), Failure> {
    run_on(command, connection, &mut Console::terminal(connection.json)).await
}

/// As [`run`], on a console of the caller's own.
///
/// # Errors
/// As [`run`].
pub async fn run_on(command: Command, connection: &Connection, console: &mut Console) -> Result<(), Failure> {
    let done = match command {
        Command::Status => connection.status(console).await,
        command => match connection.open().await {
            Ok(line) => match command {
                Command::Tenant(verb) => tenant::run(verb, &line, console).await,
                Command::User(verb) => user::run(verb, &line, console).await,
                Command::Registration(verb) => registration::run(verb, &line, console).await,
                Command::Dialplan(verb) => dialplan::run(verb, &line, console).await,
                Command::Call(verb) => call::run(verb, &line, console).await,
                Command::Cdr(verb) => cdr::run(verb, &line, console).await,
                Command::Room(verb) => room::run(verb, &line, console).await,
                Command::Mailbox(verb) => mailbox::run(*verb, &line, console).await,
                Command::Recording(verb) => recording::run(verb, &line, console).await,
                Command::Prompt(verb) => prompt::run(verb, &line, console).await,
                Command::Trunk(verb) => trunk::run(*verb, &line, console).await,
                Command::Number(verb) => number::run(verb, &line, console).await,
                Command::Route(verb) => route::run(verb, &line, console).await,
                Command::Outside(verb) => outside::run(verb, &line, console).await,
                Command::Limit(verb) => limit::run(verb, &line, console).await,
                Command::Status => Ok(()),
            },
            Err(failure) => Err(failure),
        },
    };
    match done {
        // The reader had enough, as `head` has: nothing failed.
        Err(Failure::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}
