//! `cargo xtask test`: installs what the tests need, builds the guests, runs everything.

use std::path::Path;
use std::process::Command;

use crate::debian::{self, Need};
use crate::guests;
use crate::place::Place;
use crate::postgres::{self, Cluster};
use crate::prompts;
use crate::tool::{self, Outcome, fail, say};

/// Runs all tests, or with `fast` those that need nothing but Rust.
pub(crate) fn test(place: &Place, fast: bool) -> Outcome {
    if !fast {
        debian::ensure(&[
            Need::program("sipp", "sip-tester"),
            Need::program("baresip", "baresip"),
            Need::program("sox", "sox"),
            Need::program("opusdec", "opus-tools"),
            Need::program("psql", "postgresql-client"),
            // Debian keeps it where only root looks.
            Need {
                what: "kamailio",
                package: "kamailio",
                there: tool::find("kamailio").is_some() || Path::new("/usr/sbin/kamailio").is_file(),
            },
            Need { what: "initdb", package: "postgresql", there: postgres::programs().is_some() },
        ])?;
    }
    let guests = guests::guests(place)?;
    let prompts = if fast { place.prompts() } else { prompts::ensure(place) };
    // Lives until the last test has ended.
    let cluster = if fast { None } else { Some(Cluster::start()?) };
    let mut failed = Vec::new();
    let mut step = |name: &'static str, command: &mut Command| {
        command.env("STROWGER_GUESTS", &guests).env("STROWGER_PROMPTS", &prompts);
        match &cluster {
            Some(cluster) => {
                command.env("STROWGER_TEST_POSTGRES", &cluster.url).env("STROWGER_TEST_PEERS", "1");
            }
            None => {
                command.env_remove("STROWGER_TEST_POSTGRES").env_remove("STROWGER_TEST_PEERS");
            }
        }
        if tool::run(command).is_err() {
            failed.push(name);
        }
    };
    if !fast {
        step("doc tests", place.cargo().args(["test", "--locked", "--workspace", "--doc", "--no-fail-fast"]));
    }
    // What the documentation shows is a test of its own kind: nextest does not know it.
    let mut tests = place.cargo();
    // Counted as left out, not as passed.
    let no_asterisk = std::env::var_os("STROWGER_TEST_ASTERISK").is_none();
    if tool::works(place.cargo().args(["nextest", "--version"])) {
        tests.args(["nextest", "run", "--locked", "--workspace", "--no-fail-fast"]);
        if no_asterisk {
            tests.args(["-E", "not test(/^carriers::far_pbx::/)"]);
        }
    } else {
        tests.args(["test", "--locked", "--workspace", "--lib", "--bins", "--tests", "--examples", "--no-fail-fast"]);
        if no_asterisk {
            tests.args(["--", "--skip", "carriers::far_pbx::"]);
        }
    }
    step("tests", &mut tests);
    drop(cluster);
    if !failed.is_empty() {
        return fail(format!("failed: {}", failed.join(", ")));
    }
    if !fast && no_asterisk {
        say("left out: Asterisk as the far PBX. CONTRIBUTING.md says how to bring it up (STROWGER_TEST_ASTERISK)");
    }
    if !fast && !sees_the_wire() {
        say("left out: looks at the wire whether media is encrypted. They need root, or CAP_NET_RAW");
    }
    if fast {
        say("passed; left out: PostgreSQL, real phones, doc tests");
    }
    Ok(())
}

/// May this user open a raw socket? The thirteenth capability is CAP_NET_RAW.
fn sees_the_wire() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask >> 13 & 1 == 1)
}
