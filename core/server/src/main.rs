//! The binary `strowger`: sockets, threads, settings, wiring, and the command line.

mod applications;
mod archive;
mod cli;
mod demo;
mod directory;
mod door;
mod exchange;
mod hall;
mod keeper;
mod live;
mod mailroom;
mod media;
mod network;
mod observer;
mod postbox;
mod rooms;
mod run;
mod settings;

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use cli::{Cli, Verb};
use run::Station;
use settings::Settings;

/// What one thread allocates another often frees here: commands, events, records. The system's allocator grows and trims a
/// thread's memory with a system call for many a message.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Memory that is free goes back to the system after about a second, not after 10 ms: between two bursts of calls it would
/// be cleared and mapped anew, for a thirtieth of a call.
fn keep_memory_warm() {
    // `mi_option_purge_delay` of mimalloc.h, in milliseconds; the crate has no name for it.
    const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
    #[allow(unsafe_code, reason = "the allocator's own settings are C")]
    // SAFETY: a number is set; every value is permitted at any time.
    unsafe {
        libmimalloc_sys::mi_option_set(PURGE_DELAY, 500);
    }
}

fn main() -> ExitCode {
    keep_memory_warm();
    let Cli { connection, command } = Cli::parse();
    let done = match command {
        Verb::Run { config, data, demo, ready_file } => {
            run_exchange(config.as_deref(), &data, demo, ready_file.as_deref())
        }
        Verb::DemoCall => {
            start_log("warn", "text");
            demo::demo_call()
        }
        Verb::Config(verb) => cli::config(verb, connection.json),
        Verb::Completions { shell } => cli::completions(shell),
        Verb::Admin(command) => return operate(command, &connection),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has seen enough (`strowger config show | head`).
        Err(error)
            if error
                .downcast_ref::<std::io::Error>()
                .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe) =>
        {
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "strowger: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Speaks to an exchange that runs, as an operator.
fn operate(command: admin::cli::Command, connection: &admin::cli::Connection) -> ExitCode {
    let done = match run::runtime() {
        Ok(runtime) => runtime
            .block_on(admin::cli::run(command, connection))
            .map_err(|failure| (failure.to_string(), failure.exit_code())),
        Err(error) => Err((format!("{error:#}"), 1)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err((said, code)) => {
            let _ = writeln!(std::io::stderr(), "strowger: {said}");
            ExitCode::from(code)
        }
    }
}

fn run_exchange(config: Option<&Path>, data: &Path, demo: bool, ready_file: Option<&Path>) -> Result<()> {
    let settings = Settings::load(config)?;
    start_log(&settings.log.filter, &settings.log.format);
    if let Err(error) = survive_full_files() {
        tracing::warn!(%error, "a limit on the size of files would end the exchange");
    }
    raise_file_limit();
    let data = run::data_folder(data)?;
    run::runtime()?.block_on(async {
        let store = run::open_store(&settings, &data).await?;
        let made = if demo { demo::make(&store).await? } else { None };
        let mut settings = settings;
        if demo && settings.sip.default_tenant.is_empty() {
            settings.sip.default_tenant = "demo".to_owned();
        }
        let station = Station::start(&settings, &data, store, None).await?;
        tracing::info!(sip = station.sip.join(" "), admin = ?station.admin, metrics = ?station.metrics, "ready");
        if let Some(file) = ready_file {
            write_ready(file, &station).with_context(|| format!("writing {}", file.display()))?;
        }
        if demo {
            welcome(&station, &data, made)?;
        }
        let (mut stop, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        tokio::select! {
            _ = stop.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: no new calls; once more to stop at once");
        let again = async {
            tokio::select! {
                _ = stop.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        station.stop(Duration::from_secs(settings.shutdown.drain_seconds), again).await;
        tracing::info!("stopped");
        Ok(())
    })
}

/// Every call holds four media sockets: as many files as the system allows, instead of the 1024 of a login shell.
fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit on open files could not be raised; there may be fewer calls at once");
    }
}

/// A file that may not grow any more (`ulimit -f`) is an error like a full disk, and not the end of the exchange.
fn survive_full_files() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let _guard = runtime.enter();
    // The handler stays when nobody listens any more.
    signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())).map(drop)
}

fn write_ready(file: &Path, station: &Station) -> Result<()> {
    let ready = serde_json::json!({
        "sip": station.sip,
        "admin": station.admin,
        "metrics": station.metrics,
        "pid": std::process::id(),
    });
    let part = file.with_extension("part");
    std::fs::write(&part, serde_json::to_vec(&ready)?)?;
    std::fs::rename(part, file)?;
    Ok(())
}

/// What to type into a phone.
fn welcome(station: &Station, data: &Path, made: Option<(store::Tenant, Vec<demo::Login>)>) -> Result<()> {
    let address = station.sip.first().and_then(|sip| sip.split_once(':')).map_or("", |(_, address)| address);
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nStrowger listens on {}. Data is kept in {}.\n", station.sip.join(", "), data.display())?;
    match made {
        Some((_, logins)) => {
            writeln!(
                out,
                "Type this into two phones (softphones on this machine). The passwords are shown this once:\n"
            )?;
            for login in logins {
                writeln!(out, "  server   {address}    user {}    password {}", login.user, login.password)?;
            }
            writeln!(out, "\nThen dial 1002 from 1001, or {} from both: a conference room.", demo::ROOM)?;
            writeln!(out, "Let 1002 ring: its mailbox takes a message. Dial *97 from 1002 to hear it.")?;
        }
        None => writeln!(
            out,
            "The tenants are those of the last start. A forgotten password is set anew with `strowger user password`."
        )?,
    }
    writeln!(out, "Phones elsewhere in your network: set sip.listen in strowger.toml (`strowger config sample`).")?;
    writeln!(
        out,
        "Operate it with `strowger user list`, `strowger call list`, `strowger cdr list`. Stop it with Ctrl-C.\n"
    )?;
    Ok(())
}

fn start_log(filter: &str, format: &str) {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_default_env()
        .or_else(|_| EnvFilter::try_new(filter))
        .unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let started = if format == "json" { builder.json().try_init() } else { builder.try_init() };
    if let Err(error) = started {
        let _ = writeln!(std::io::stderr(), "strowger: no log: {error}");
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}
