//! `cargo xtask guests`: builds `dialplans/*` to core modules in `<target>/guests`. The server makes components of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::place::{self, Place};
use crate::tool::{self, Outcome, Told, fail, say};
use crate::wasm::{self, TARGET};

/// Builds all guests and says where they are. Cargo sees to it that nothing is built twice.
pub(crate) fn guests(place: &Place) -> Outcome<PathBuf> {
    let mut build = place.cargo();
    build
        .args(["build", "--release", "--locked", "--target", TARGET, "--manifest-path", "dialplans/Cargo.toml"])
        .env("CARGO_TARGET_DIR", place.guests_target())
        .envs(wasm::environment()?);
    // Flags for the host's compiler are not for wasm.
    for flags in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] {
        build.env_remove(flags);
    }
    tool::run(&mut build)?;
    let into = place.guests();
    fs::create_dir_all(&into).told(|| format!("cannot make {}", into.display()))?;
    let built = place.guests_target().join(TARGET).join("release");
    let names = names(&place.root.join("dialplans"))?;
    for name in &names {
        copy_if_new(&built.join(format!("{}.wasm", name.replace('-', "_"))), &into.join(format!("{name}.wasm")))?;
    }
    // A dialplan that was removed must not live on in the tests.
    for old in place::files(&into, "wasm")? {
        if old.file_stem().is_some_and(|name| !names.contains(name.to_string_lossy().as_ref())) {
            fs::remove_file(&old).told(|| format!("cannot remove {}", old.display()))?;
        }
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    say(format!("guests in {}: {}", into.display(), names.join(", ")));
    Ok(into)
}

/// The folders whose crate becomes a module.
fn names(dialplans: &Path) -> Outcome<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(dialplans).told(|| format!("cannot read {}", dialplans.display()))? {
        let folder = entry.told(|| format!("cannot read {}", dialplans.display()))?.path();
        let manifest = folder.join("Cargo.toml");
        let Some(name) = folder.file_name().map(|name| name.to_string_lossy().into_owned()) else { continue };
        if manifest.is_file() && place::text(&manifest)?.contains("\"cdylib\"") {
            names.insert(name);
        }
    }
    if names.is_empty() { fail(format!("no dialplan in {}", dialplans.display())) } else { Ok(names) }
}

/// A reader sees the old file or the new one, never half of one; the same bytes keep their time.
fn copy_if_new(from: &Path, to: &Path) -> Outcome {
    let bytes = fs::read(from).told(|| format!("cannot read {}", from.display()))?;
    if fs::read(to).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    let beside = to.with_extension("new");
    fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, to)).told(|| format!("cannot write {}", to.display()))
}
