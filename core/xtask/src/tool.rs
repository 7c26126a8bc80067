//! Other programs: how they are called, and what is said when they fail.

use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

/// Why a verb was not carried out.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It was called wrongly.
    Usage(String),
    /// It failed.
    Failed(String),
}

/// What a step gives.
pub(crate) type Outcome<T = ()> = Result<T, Fault>;

/// Fails with a reason.
pub(crate) fn fail<T>(why: impl Into<String>) -> Outcome<T> {
    Err(Fault::Failed(why.into()))
}

/// Says what could not be done, with what the system said.
pub(crate) trait Told<T> {
    fn told(self, what: impl FnOnce() -> String) -> Outcome<T>;
}

impl<T> Told<T> for io::Result<T> {
    fn told(self, what: impl FnOnce() -> String) -> Outcome<T> {
        self.map_err(|error| Fault::Failed(format!("{}: {error}", what())))
    }
}

/// Whether the output is kept free for a program that reads it.
static ASIDE: AtomicBool = AtomicBool::new(false);

/// From now on what is being done is said on the error output.
pub(crate) fn speak_aside() {
    ASIDE.store(true, Ordering::Relaxed);
}

/// Says what is being done.
pub(crate) fn say(what: impl AsRef<str>) {
    if ASIDE.load(Ordering::Relaxed) {
        eprintln!("▸ {}", what.as_ref());
        return;
    }
    println!("▸ {}", what.as_ref());
    let _ = io::stdout().flush();
}

/// A step of cargo, with the environment as it was before cargo ran this program: what cargo says to the programs that
/// it runs (`CARGO_PKG_NAME` and the like) is watched by build scripts, which would run again and again.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    for (name, _) in std::env::vars_os() {
        let Some(name) = name.to_str() else { continue };
        let ours = ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|start| name.starts_with(start))
            || matches!(name, "CARGO_CRATE_NAME" | "CARGO_BIN_NAME" | "CARGO_PRIMARY_PACKAGE" | "OUT_DIR");
        if ours {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a program whose output is for the one who typed.
pub(crate) fn run(command: &mut Command) -> Outcome {
    say(line(command));
    run_quietly(command)
}

/// The same without saying so.
pub(crate) fn run_quietly(command: &mut Command) -> Outcome {
    let status = command.status().told(|| format!("cannot start `{}`", line(command)))?;
    if status.success() { Ok(()) } else { fail(format!("`{}` failed ({status})", line(command))) }
}

/// What a program prints.
pub(crate) fn read(command: &mut Command) -> Outcome<String> {
    let output = command.stderr(Stdio::inherit()).output().told(|| format!("cannot start `{}`", line(command)))?;
    if !output.status.success() {
        return fail(format!("`{}` failed ({})", line(command), output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program runs and is content; what it prints is lost.
pub(crate) fn works(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Where a program is on the search path.
pub(crate) fn find(name: &str) -> Option<std::path::PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// A command as one would type it.
fn line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    std::iter::once(program)
        .chain(command.get_args())
        .map(|word| match word.to_string_lossy() {
            word if word.contains('\n') => "…".to_owned(),
            word if word.contains(' ') => format!("'{word}'"),
            word => word.into_owned(),
        })
        .collect::<Vec<_>>()
        .join(" ")
}
