//! `cargo xtask check`: everything that a change must keep true beside the tests. Every step is taken, then those that
//! failed are named.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::place::Place;
use crate::tool::{self, Fault, Outcome, fail, say};
use crate::{arrows, purity, rfcs};

/// The version of cargo-deny that `deny.toml` is written for.
const DENY: &str = "0.20.2";

type Step = fn(&Place) -> Outcome;

/// The quick ones first.
const STEPS: &[(&str, Step)] = &[
    ("format", format),
    ("dependency rules", arrows::arrows),
    ("nothing below the line waits, reads a clock or draws a number", purity::purity),
    ("docs/rfcs.md", |place| rfcs::rfcs(place, false)),
    ("deploy", deploy),
    ("licences, bans and sources", deny),
    ("lints", lints),
    ("documentation", documentation),
];

/// Takes every step.
pub(crate) fn check(place: &Place) -> Outcome {
    let mut failed = Vec::new();
    for (name, step) in STEPS {
        say(format!("check: {name}"));
        if let Err(Fault::Failed(why) | Fault::Usage(why)) = step(place) {
            eprintln!("xtask: {why}");
            failed.push(*name);
        }
    }
    if failed.is_empty() {
        say("all checks passed");
        return Ok(());
    }
    fail(format!("failed: {}", failed.join("; ")))
}

const DIALPLANS: [&str; 2] = ["--manifest-path", "dialplans/Cargo.toml"];

fn format(place: &Place) -> Outcome {
    tool::run(place.cargo().args(["fmt", "--all", "--check"]))?;
    tool::run(place.cargo().args(["fmt", "--all", "--check"]).args(DIALPLANS))
}

fn lints(place: &Place) -> Outcome {
    let clippy = ["clippy", "--locked", "--workspace", "--all-targets", "--keep-going"];
    let strict = ["--", "-D", "warnings"];
    tool::run(place.cargo().args(clippy).args(strict))?;
    // For the host: lints need no target of their own, and the compiler that has one for wasm may have no clippy.
    let mut guests = place.cargo();
    tool::run(guests.env("CARGO_TARGET_DIR", place.guests_target()).args(clippy).args(DIALPLANS).args(strict))
}

fn documentation(place: &Place) -> Outcome {
    tool::run(
        place
            .cargo()
            .args(["doc", "--locked", "--workspace", "--no-deps", "--keep-going"])
            .env("RUSTDOCFLAGS", "-Dwarnings"),
    )
}

fn deploy(place: &Place) -> Outcome {
    tool::run(Command::new("sh").arg("deploy/check.sh").current_dir(&place.root))
}

fn deny(place: &Place) -> Outcome {
    let mut deny = Command::new(deny_program(place)?);
    deny.current_dir(&place.root).args(["--locked", "--workspace", "check", "bans", "licenses", "sources"]);
    // Two versions of a crate are for `cargo tree -d`: here they would hide what counts.
    tool::run(deny.args(["--hide-inclusion-graph", "--allow", "duplicate"]))
}

/// Where cargo-deny is; it is installed into the target folder when there is none of this version.
fn deny_program(place: &Place) -> Outcome<PathBuf> {
    let tools = place.target.join("tools");
    let ours = tools.join("bin/cargo-deny");
    let is_right = |program: &PathBuf| {
        let mut version = Command::new(program);
        version.arg("--version").output().is_ok_and(|output| output.stdout.ends_with(format!(" {DENY}\n").as_bytes()))
    };
    if let Some(program) = [tool::find("cargo-deny"), Some(ours.clone())].into_iter().flatten().find(is_right) {
        return Ok(program);
    }
    let build = tools.join("build");
    let mut install = place.cargo();
    install.args(["install", "--locked", "--no-default-features", &format!("cargo-deny@{DENY}"), "--root"]).arg(&tools);
    // Its build needs no debugging and no last per cent: it runs for a second.
    install.env("CARGO_TARGET_DIR", &build).env("CARGO_PROFILE_RELEASE_LTO", "off");
    install.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    let installed = tool::run(&mut install);
    let _ = fs::remove_dir_all(build);
    if installed.is_err() {
        return fail(format!(
            "cargo-deny {DENY} could not be installed, so licences, bans and sources are unchecked. \
             Is the registry within reach? `cargo install --locked cargo-deny@{DENY}` does the same by hand"
        ));
    }
    Ok(ours)
}
