//! Precompiled dialplans on disk, by the hash of the component and of the engine that compiled it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

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
    #[allow(unsafe_code, reason = "wasmtime runs what it is given: the folder is written by this host alone")]
    pub(crate) fn load(&self, engine: &Engine, hash: &str) -> Option<Component> {
        let path = self.path(engine, hash)?;
        if !is_ours(&path) {
            return None;
        }
        // SAFETY: the file lies in a folder of ours that nobody else may write, and was written by `keep` below from
        // `Component::serialize`; its name binds it to this engine and its settings.
        match unsafe { Component::deserialize_file(engine, &path) } {
            Ok(component) => Some(component),
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "a precompiled dialplan cannot be loaded; compiling it anew");
                None
            }
        }
    }

    /// Keeps what was compiled: written whole, then renamed.
    pub(crate) fn keep(&self, engine: &Engine, hash: &str, component: &Component) {
        let Some(path) = self.path(engine, hash) else { return };
        let written = || -> std::io::Result<()> {
            let folder = path.parent().unwrap_or(Path::new("."));
            std::fs::create_dir_all(folder)?;
            #[cfg(unix)]
            std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
            let bytes = component.serialize().map_err(std::io::Error::other)?;
            let part = path.with_extension(format!("{}.part", std::process::id()));
            std::fs::write(&part, bytes)?;
            std::fs::rename(&part, &path)
        };
        if let Err(error) = written() {
            tracing::warn!(%error, path = %path.display(), "a precompiled dialplan cannot be kept; it will be compiled at every start");
        }
    }
}

/// A plain file that nobody but its owner may write.
fn is_ours(path: &Path) -> bool {
    let Ok(meta) = std::fs::symlink_metadata(path) else { return false };
    #[cfg(unix)]
    let safe = std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o022 == 0;
    #[cfg(not(unix))]
    let safe = true;
    meta.is_file() && safe
}
