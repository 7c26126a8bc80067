//! Debian's packages: what is missing is installed, and said before.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};

use crate::tool::{self, Outcome, fail, say};

/// Something that a step needs.
pub(crate) struct Need {
    /// What it is called for.
    pub(crate) what: &'static str,
    /// The package that has it.
    pub(crate) package: &'static str,
    /// Whether it is there.
    pub(crate) there: bool,
}

impl Need {
    /// A program on the search path.
    pub(crate) fn program(name: &'static str, package: &'static str) -> Self {
        Self { what: name, package, there: tool::find(name).is_some() }
    }
}

/// Installs packages. A service that comes with one is not started: `policy-rc.d` forbids it meanwhile.
const INSTALL: &str = "\
set -eu
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    trap 'rm -f $policy' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\\nexit 101\\n' >$policy
    chmod 755 $policy
fi
apt-get -q -o Acquire::Retries=5 update
apt-get -q -y -o Acquire::Retries=5 -o DPkg::Lock::Timeout=300 --no-install-recommends install \"$@\"
";

/// Sees to it that everything needed is there.
pub(crate) fn ensure(needs: &[Need]) -> Outcome {
    let missing: Vec<&Need> = needs.iter().filter(|need| !need.there).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let whats = missing.iter().map(|need| need.what).collect::<Vec<_>>().join(", ");
    let packages = missing.iter().map(|need| need.package).collect::<Vec<_>>();
    if tool::find("apt-get").is_none() {
        return fail(format!("missing: {whats}. On Debian they are in the packages {}", packages.join(", ")));
    }
    say(format!("missing: {whats}. Installing {} with apt-get (no service is started)", packages.join(", ")));
    tool::run_quietly(as_root("sh")?.args(["-c", INSTALL, "sh"]).args(&packages).stdin(Stdio::null()))
}

/// Fetches the lists of packages.
pub(crate) fn update() -> Outcome {
    say("apt-get update");
    tool::run_quietly(as_root("apt-get")?.args(["-q", "-o", "Acquire::Retries=5", "update"]))
}

/// The version that would be installed; `None` where the lists do not know the package.
pub(crate) fn candidate(package: &str) -> Option<String> {
    let policy = tool::read(in_english("apt-cache").args(["policy", package])).ok()?;
    let version = policy.lines().find_map(|line| line.trim().strip_prefix("Candidate: "))?;
    (version != "(none)").then(|| version.to_owned())
}

/// What a package depends on, by name.
pub(crate) fn depends(package: &str) -> Outcome<Vec<String>> {
    let text = tool::read(in_english("apt-cache").args(["depends", package]))?;
    Ok(depends_in(&text))
}

/// Names in `<>` are no packages: something else provides them.
fn depends_in(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| line.trim_start_matches([' ', '|']).strip_prefix("Depends: "))
        .filter(|name| !name.starts_with('<'))
        .map(str::to_owned)
        .collect()
}

/// Whether a package is installed.
pub(crate) fn is_installed(package: &str) -> bool {
    let mut query = Command::new("dpkg-query");
    query.args(["-W", "-f", "${db:Status-Abbrev}", package]).stderr(Stdio::null());
    query.output().is_ok_and(|output| output.stdout.starts_with(b"ii"))
}

/// Whether this process is root's.
pub(crate) fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

fn as_root(program: &str) -> Outcome<Command> {
    if is_root() {
        return Ok(Command::new(program));
    }
    if tool::find("sudo").is_none() {
        return fail(format!("{program} must be run as root, and there is no sudo"));
    }
    say("as root, by sudo");
    let mut command = Command::new("sudo");
    command.arg(program);
    Ok(command)
}

fn in_english(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env("LC_ALL", "C");
    command
}

#[cfg(test)]
mod tests {
    use super::depends_in;

    #[test]
    fn dependencies_are_names_of_packages() {
        let text = "rustc-web\n  Depends: libc6\n |Depends: gcc\n  Depends: <libc-dev>\n    libc6-dev\n  PreDepends: dpkg\n  Recommends: cargo-web\n";
        assert_eq!(depends_in(text), ["libc6", "gcc"]);
    }
}
