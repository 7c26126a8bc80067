//! The command line.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand};

use crate::exchange::Tls;
use crate::settings::Settings;

#[derive(Debug, Parser)]
#[command(name = "strowger", version, about, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) connection: admin::cli::Connection,
    #[command(subcommand)]
    pub(crate) command: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Run the exchange.
    #[command(
        after_help = "Examples:\n  strowger run\n  strowger run --demo\n  strowger run --config /etc/strowger/strowger.toml --data /var/lib/strowger"
    )]
    Run {
        /// The settings; `strowger.toml` in this folder when not given.
        #[arg(long, value_name = "FILE", env = "STROWGER_CONFIG")]
        config: Option<PathBuf>,
        /// Where the database, the admin token and compiled dialplans are kept.
        #[arg(long, value_name = "FOLDER", default_value = "data", env = "STROWGER_DATA")]
        data: PathBuf,
        /// At the first start, make a tenant with two users and the office dialplan, and print their passwords once.
        #[arg(long)]
        demo: bool,
        /// Write the addresses that it listens on to this file, as JSON, once it is ready.
        #[arg(long, value_name = "FILE")]
        ready_file: Option<PathBuf>,
    },
    /// Show a call between two built-in phones, in seconds, without touching anything.
    DemoCall,
    /// Check, show or print settings.
    #[command(subcommand)]
    Config(ConfigVerb),
    /// Print completions for a shell.
    #[command(after_help = "Example:\n  strowger completions bash > /etc/bash_completion.d/strowger")]
    Completions {
        /// bash, elvish, fish, powershell or zsh.
        shell: clap_complete::Shell,
    },
    #[command(flatten)]
    Admin(admin::cli::Command),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigVerb {
    /// Read the settings and say whether they can be used.
    Check(ConfigFile),
    /// Show the settings that are in force.
    Show(ConfigFile),
    /// Print a commented sample of strowger.toml.
    Sample,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ConfigFile {
    /// The settings; `strowger.toml` in this folder when not given.
    #[arg(long, value_name = "FILE", env = "STROWGER_CONFIG")]
    config: Option<PathBuf>,
}

pub(crate) fn config(verb: ConfigVerb, json: bool) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match verb {
        ConfigVerb::Check(file) => {
            let settings = Settings::load(file.config.as_deref())?;
            settings.tls()?.map(Tls::open).transpose()?;
            writeln!(
                out,
                "The settings can be used. Phones reach the exchange at {}.",
                settings.sip.listen.join(", ")
            )?;
        }
        ConfigVerb::Show(file) => {
            let shown = Settings::load(file.config.as_deref())?.shown();
            if json {
                writeln!(out, "{}", serde_json::to_string_pretty(&shown)?)?;
            } else {
                let width = shown.keys().map(String::len).max().unwrap_or(0);
                for (key, value) in shown {
                    writeln!(out, "{key:width$}  {value}")?;
                }
            }
        }
        ConfigVerb::Sample => write!(out, "{}", Settings::sample())?,
    }
    Ok(())
}

pub(crate) fn completions(shell: clap_complete::Shell) -> Result<()> {
    // Whoever makes them panics where their reader has gone.
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "strowger", &mut text);
    Ok(std::io::stdout().write_all(&text)?)
}
