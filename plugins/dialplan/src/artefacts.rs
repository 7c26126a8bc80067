//! Precompiled dialplans on disk, by the hash of the component and of the engine that compiled it.
//!
//! A file is 32 bytes of SHA-256 over its own name and what follows, then what wasmtime made. wasmtime runs what it is
//! given unchecked, so only what this host wrote is taken: in a folder and a file of ours that nobody else may write, whole,
//! and under the name that it was written for.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Error, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

/// Where precompiled dialplans are kept.
#[derive(Debug)]
pub(crate) struct Artefacts(pub(crate) Option<PathBuf>);

impl Artefacts {
    fn path(&self, engine: &Engine, hash: &str) -> Option<PathBuf> {
        let mut engine_hash = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut engine_hash);
        Some(self.0.as_ref()?.join(format!("{hash}-{:016x}.cwasm", engine_hash.finish())))
    }

    /// What was compiled before. One that cannot be loaded is made anew.
    #[allow(unsafe_code, reason = "wasmtime runs what it is given: only what this host wrote is given to it")]
    pub(crate) fn load(&self, engine: &Engine, hash: &str) -> Option<Component> {
        let path = self.path(engine, hash)?;
        let loaded = read_ours(&path).and_then(|bytes| {
            let artefact = checked(&path, &bytes).ok_or_else(|| Error::other("it is not what was written"))?;
            // SAFETY: these very bytes were written by `keep` below from `Component::serialize`, as their sum says, into a
            // folder and a file that nobody else may write; their name binds them to this engine and its settings.
            unsafe { Component::deserialize(engine, artefact) }.map_err(Error::other)
        });
        match loaded {
            Ok(component) => Some(component),
            Err(error) => {
                if error.kind() != ErrorKind::NotFound {
                    tracing::warn!(%error, path = %path.display(), "a precompiled dialplan is not taken; it is compiled anew");
                }
                None
            }
        }
    }

    /// Keeps what was compiled: written whole, then renamed.
    pub(crate) fn keep(&self, engine: &Engine, hash: &str, component: &Component) {
        /// Two loads at once must not write the same unfinished file.
        static PARTS: AtomicU64 = AtomicU64::new(0);
        let Some(path) = self.path(engine, hash) else { return };
        let part = path.with_extension(format!("{}-{}", std::process::id(), PARTS.fetch_add(1, Ordering::Relaxed)));
        let written = || -> std::io::Result<()> {
            let folder = path.parent().unwrap_or(Path::new("."));
            std::fs::create_dir_all(folder)?;
            #[cfg(unix)]
            std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
            let artefact = component.serialize().map_err(Error::other)?;
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create_new(true);
            // Whatever the umask says.
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(&part)?;
            file.write_all(&sum(&path, &artefact))?;
            file.write_all(&artefact)?;
            std::fs::rename(&part, &path)
        };
        if let Err(error) = written() {
            let _ = std::fs::remove_file(&part);
            tracing::warn!(%error, path = %path.display(), "a precompiled dialplan cannot be kept; it will be compiled at every start");
        }
    }
}

/// The bytes of a plain file that only we can have written.
fn read_ours(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut file = std::fs::File::open(path)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    // The open file is looked at, not its name: what was checked is what is read.
    let meta = file.metadata()?;
    if !meta.is_file() || !is_ours(&meta) || !is_ours(&std::fs::metadata(folder)?) {
        return Err(Error::new(ErrorKind::PermissionDenied, "others may have written it"));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Owned by us, and nobody else may write to it.
#[cfg(unix)]
fn is_ours(meta: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    meta.mode() & 0o022 == 0 && meta.uid() == rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
fn is_ours(_: &std::fs::Metadata) -> bool {
    true
}

fn checked<'a>(path: &Path, bytes: &'a [u8]) -> Option<&'a [u8]> {
    let (kept, artefact) = bytes.split_first_chunk::<32>()?;
    (*kept == sum(path, artefact)).then_some(artefact)
}

fn sum(path: &Path, artefact: &[u8]) -> [u8; 32] {
    let name = path.file_name().unwrap_or_default();
    Sha256::new().chain_update(name.as_encoded_bytes()).chain_update(artefact).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_engine_keeps_its_artefacts_under_other_names() {
        let artefacts = Artefacts(Some("artefacts".into()));
        let engine = |epochs| Engine::new(wasmtime::Config::new().epoch_interruption(epochs)).expect("it starts");
        let name = |epochs| artefacts.path(&engine(epochs), "ab").expect("a folder is set");
        assert_eq!(name(true), name(true));
        assert_ne!(name(true), name(false), "machine code without checks must not run where they are counted on");
    }
}
