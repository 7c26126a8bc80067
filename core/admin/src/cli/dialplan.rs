//! `strowger dialplan`.

use std::fs;
use std::path::PathBuf;

use crate::cli::connection::{Line, Whose};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::words::short;
use crate::v1::{
    ActivateDialplanRequest, DeactivateDialplanRequest, DialplanVersion, GetActiveDialplanRequest,
    ListDialplanVersionsRequest, UploadDialplanRequest,
};

pub(crate) const EXAMPLES: &str = "\
Examples:
  strowger dialplan upload office.wasm --activate       new calls take it; running calls end on the old one
  strowger dialplan list
  strowger dialplan activate 3f9a1c                     back to an older version, by the beginning of its hash
  strowger dialplan show";

/// What is to be done with dialplans.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// List all versions of a tenant, newest first
    List {
        #[command(flatten)]
        whose: Whose,
    },
    /// Show the active version
    Show {
        #[command(flatten)]
        whose: Whose,
    },
    /// Upload a component as a new version
    Upload(Upload),
    /// Let new calls take a version
    Activate {
        /// The version's hash, or as much of its beginning as names one alone
        hash: String,
        /// The dialplan's name, where two have the same component
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        #[command(flatten)]
        whose: Whose,
    },
    /// Leave the tenant without a dialplan: new calls take the built-in route
    Deactivate {
        #[command(flatten)]
        whose: Whose,
    },
}

/// A component to be uploaded.
#[derive(Debug, clap::Args)]
pub struct Upload {
    /// The WebAssembly component
    pub file: PathBuf,
    /// The dialplan's name; that of the file when not given
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Let new calls take it at once
    #[arg(long, short)]
    pub activate: bool,
    #[command(flatten)]
    whose: Whose,
}

pub(crate) async fn run(verb: Verb, line: &Line, console: &mut Console) -> Result<(), Failure> {
    match verb {
        Verb::List { whose } => list(line, console, &whose).await,
        Verb::Show { whose } => {
            let tenant = line.tenant(&whose).await?;
            let active = line.dialplans().get_active(GetActiveDialplanRequest { tenant }).await?.into_inner();
            show(console, &active)
        }
        Verb::Upload(upload) => give(line, console, upload).await,
        Verb::Activate { hash, name, whose } => {
            let tenant = line.tenant(&whose).await?;
            let name = name.unwrap_or_default();
            let hash = complete(line, &tenant, &hash, &name).await?;
            let request = ActivateDialplanRequest { tenant, hash, name };
            show(console, &line.dialplans().activate(request).await?.into_inner())
        }
        Verb::Deactivate { whose } => {
            let tenant = line.tenant(&whose).await?;
            line.dialplans().deactivate(DeactivateDialplanRequest { tenant: tenant.clone() }).await?;
            let sentence = format!("tenant {tenant} has no active dialplan: new calls take the built-in route");
            console.say(&sentence, &serde_json::json!({ "active": null }))
        }
    }
}

async fn list(line: &Line, console: &mut Console, whose: &Whose) -> Result<(), Failure> {
    let tenant = line.tenant(whose).await?;
    let none = format!("tenant {tenant} has no dialplan; `strowger dialplan upload` gives it one");
    let answer = line.dialplans().list_versions(ListDialplanVersionsRequest { tenant }).await?.into_inner();
    console.table(&answer, &none, &["NAME", "VERSION", "UPLOADED", "ACTIVE"], |console| {
        answer
            .versions
            .iter()
            .map(|version| {
                let active = if version.active { "yes" } else { "" };
                let hash = short(&version.hash).to_owned();
                vec![version.name.clone(), hash, console.time(version.uploaded), active.to_owned()]
            })
            .collect()
    })
}

async fn give(line: &Line, console: &mut Console, upload: Upload) -> Result<(), Failure> {
    let component = fs::read(&upload.file).map_err(|error| Failure::File { file: upload.file.clone(), error })?;
    let tenant = line.tenant(&upload.whose).await?;
    let file_name = upload.file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    // `office.component.wasm` is named office.
    let stem = file_name.split('.').next().unwrap_or_default();
    let name = upload.name.unwrap_or_else(|| stem.to_owned());
    let request = UploadDialplanRequest { tenant, name, component, activate: upload.activate };
    let version = line.dialplans().upload(request).await?.into_inner();
    show(console, &version)?;
    if version.active || console.json {
        return Ok(());
    }
    console.note(&format!("New calls take it after `strowger dialplan activate {}`.", short(&version.hash)))
}

/// The whole hash of the one version that begins so.
async fn complete(line: &Line, tenant: &str, begin: &str, name: &str) -> Result<String, Failure> {
    let begin = begin.to_ascii_lowercase();
    let answer = line.dialplans().list_versions(ListDialplanVersionsRequest { tenant: tenant.to_owned() }).await?;
    let mut hashes: Vec<String> = answer
        .into_inner()
        .versions
        .into_iter()
        .filter(|version| version.hash.starts_with(&begin) && (name.is_empty() || version.name == name))
        .map(|version| version.hash)
        .collect();
    hashes.sort();
    hashes.dedup();
    match hashes.as_slice() {
        [only] if !begin.is_empty() => Ok(only.clone()),
        // The server says it best.
        [] => Ok(begin),
        _ => {
            Err(Failure::Argument { name: "hash", why: format!("`{begin}` begins several versions; give more of it") })
        }
    }
}

fn show(console: &mut Console, version: &DialplanVersion) -> Result<(), Failure> {
    console.card(version, |console| {
        vec![
            ("Name", version.name.clone()),
            ("Tenant", version.tenant.clone()),
            ("Version", version.hash.clone()),
            ("Uploaded", console.time(version.uploaded)),
            ("Active", if version.active { "yes" } else { "no" }.to_owned()),
        ]
    })
}
