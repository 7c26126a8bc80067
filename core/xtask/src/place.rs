//! Where things are: the repository, and what is built of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tool::{self, Outcome, Told, fail};

/// The folders that the verbs work with.
#[derive(Debug)]
pub(crate) struct Place {
    /// The root of the repository.
    pub(crate) root: PathBuf,
    /// Cargo's target folder.
    pub(crate) target: PathBuf,
}

impl Place {
    /// Asks cargo, which knows the environment and its own configuration.
    pub(crate) fn find() -> Outcome<Self> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut metadata = Command::new(cargo);
        metadata.args(["metadata", "--format-version=1", "--no-deps", "--offline"]);
        let metadata = tool::read(&mut metadata)?;
        let folder = |key: &str| text_of(&metadata, key).map(PathBuf::from);
        match (folder("workspace_root"), folder("target_directory")) {
            (Some(root), Some(target)) => Ok(Self { root, target }),
            _ => fail("`cargo metadata` names no folders"),
        }
    }

    /// A step of cargo in this repository and this target folder.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = tool::cargo(&self.root);
        command.env("CARGO_TARGET_DIR", &self.target);
        command
    }

    /// Where the built dialplans are, one `.wasm` each.
    pub(crate) fn guests(&self) -> PathBuf {
        self.target.join("guests")
    }

    /// The prompts that `run` and `test` use, a folder for each language.
    pub(crate) fn prompts(&self) -> PathBuf {
        self.target.join("prompts")
    }

    /// The workspace of the dialplans has a target folder of its own: another compiler may build it.
    pub(crate) fn guests_target(&self) -> PathBuf {
        self.target.join("dialplans")
    }

    /// A file's path as one reads it.
    pub(crate) fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }
}

/// The value of a text in JSON that is known to be there once: enough for paths, so that no parser is needed.
fn text_of(json: &str, key: &str) -> Option<String> {
    let rest = json.split_once(&format!("\"{key}\":\""))?.1;
    let mut text = String::new();
    let mut chars = rest.chars();
    loop {
        match chars.next()? {
            '"' => return Some(text),
            '\\' => text.push(chars.next()?),
            plain => text.push(plain),
        }
    }
}

/// All files with this ending under a folder, sorted; what is built is left out.
pub(crate) fn files(folder: &Path, ending: &str) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).told(|| format!("cannot read {}", folder.display()))? {
            let path = entry.told(|| format!("cannot read {}", folder.display()))?.path();
            if path.is_dir() {
                if path.file_name().is_some_and(|name| name != "target") {
                    waiting.push(path);
                }
            } else if path.extension().is_some_and(|end| end == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A file's text.
pub(crate) fn text(path: &Path) -> Outcome<String> {
    fs::read_to_string(path).told(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::text_of;

    #[test]
    fn a_path_is_found_in_metadata() {
        let json = r#"{"packages":[],"target_directory":"/tmp/a \"b\"/target","workspace_root":"/tmp/a"}"#;
        assert_eq!(text_of(json, "target_directory").as_deref(), Some("/tmp/a \"b\"/target"));
        assert_eq!(text_of(json, "workspace_root").as_deref(), Some("/tmp/a"));
        assert_eq!(text_of(json, "build_directory"), None);
    }
}
