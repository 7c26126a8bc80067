//! `cargo xtask prompts`: fetches the English prompts that Debian packages. They are not ours to hand on with the program
//! (CC BY-SA 3.0), so each machine fetches its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::debian;
use crate::place::Place;
use crate::tool::{self, Outcome, Told, fail, say};

const PACKAGE: &str = "asterisk-core-sounds-en-wav";
/// Where the package puts them.
const INSIDE: &str = "usr/share/asterisk/sounds/en_US_f_Allison";
const LICENCE: &str = "\
The voice prompts are \"asterisk-core-sounds\", © 2003–2010 Allison Smith (http://www.theivrvoice.com), recorded for
Asterisk with financial contributions by Digium, Inc. (http://www.digium.com), under CC BY-SA 3.0
(https://creativecommons.org/licenses/by-sa/3.0/). Names of files are in small letters here; nothing else was changed.
Whoever hands them on has to keep this text beside them.
";

/// The verb: to the folder that was named, or the one that `run` and `test` use.
pub(crate) fn prompts(place: &Place, words: &[String]) -> Outcome {
    let folder = match words {
        [] => place.prompts(),
        [folder] => PathBuf::from(folder),
        _ => return Err(tool::Fault::Usage("one FOLDER may follow".to_owned())),
    };
    if is_there(&folder) {
        say(format!("the English prompts are in {} already", folder.join("en").display()));
        return Ok(());
    }
    fetch(&folder)
}

/// The folder of prompts; fetched where they are not there. Without them callers hear tones, so that this is no fault.
pub(crate) fn ensure(place: &Place) -> PathBuf {
    let folder = place.prompts();
    if !is_there(&folder)
        && let Err(tool::Fault::Failed(why) | tool::Fault::Usage(why)) = fetch(&folder)
    {
        say(format!("no prompts ({why}): callers will hear tones instead. `cargo xtask prompts` tries again"));
    }
    folder
}

fn is_there(folder: &Path) -> bool {
    folder.join("en/digits/1.wav").is_file()
}

fn fetch(folder: &Path) -> Outcome {
    let made = |folder: &Path| fs::create_dir_all(folder).told(|| format!("cannot make {}", folder.display()));
    let fetched = folder.join(".fetched");
    // What a run that was cut off has left.
    let _ = fs::remove_dir_all(&fetched);
    made(&fetched)?;
    let done = unpack(&fetched).and_then(|from| {
        let (new, en) = (fetched.join("en"), folder.join("en"));
        let count = copy(&from, &new)?;
        fs::write(new.join("LICENCE"), LICENCE).told(|| "cannot write the licence".to_owned())?;
        let _ = fs::remove_dir_all(&en);
        fs::rename(&new, &en).told(|| format!("cannot rename {} to {}", new.display(), en.display()))?;
        say(format!("{count} English prompts are in {}:", en.display()));
        LICENCE.lines().for_each(|line| say(format!("  {line}")));
        Ok(())
    });
    let _ = fs::remove_dir_all(&fetched);
    done
}

/// The prompts of the package: as it is installed, else downloaded and unpacked without installing anything.
fn unpack(folder: &Path) -> Outcome<PathBuf> {
    let installed = Path::new("/").join(INSIDE);
    if installed.is_dir() {
        return Ok(installed);
    }
    if ["apt-get", "dpkg-deb"].iter().any(|name| tool::find(name).is_none()) {
        return fail(format!("apt-get and dpkg-deb are needed to fetch {PACKAGE}; docs/prompts.md tells how by hand"));
    }
    if debian::candidate(PACKAGE).is_none() {
        debian::update()?;
    }
    tool::run(Command::new("apt-get").current_dir(folder).args([
        "-q",
        "-o",
        "Acquire::Retries=5",
        "download",
        PACKAGE,
    ]))?;
    let files = fs::read_dir(folder).told(|| format!("cannot read {}", folder.display()))?;
    let package = files.flatten().map(|file| file.path()).find(|path| path.extension().is_some_and(|end| end == "deb"));
    let Some(package) = package else { return fail(format!("apt-get has left no file of {PACKAGE}")) };
    tool::run_quietly(Command::new("dpkg-deb").arg("-x").arg(package).arg(folder))?;
    Ok(folder.join(INSIDE))
}

/// Copies the sounds of a folder and those below, with names in small letters: prompts have no capitals.
fn copy(from: &Path, to: &Path) -> Outcome<usize> {
    fs::create_dir_all(to).told(|| format!("cannot make {}", to.display()))?;
    let mut count = 0;
    for entry in fs::read_dir(from).told(|| format!("cannot read {}", from.display()))? {
        let path = entry.told(|| format!("cannot read {}", from.display()))?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        if path.is_dir() {
            count += copy(&path, &to.join(name))?;
        } else if path.extension().is_some_and(|end| end == "wav") {
            fs::copy(&path, to.join(name)).told(|| format!("cannot copy {}", path.display()))?;
            count += 1;
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::{copy, is_there};

    #[test]
    fn sounds_are_copied_under_names_in_small_letters() {
        let folder = std::env::temp_dir().join(format!("strowger-prompts-{}", std::process::id()));
        let (from, to) = (folder.join("from"), folder.join("to"));
        std::fs::create_dir_all(from.join("digits")).unwrap();
        for name in ["vm-INBOX.wav", "digits/1.wav", "core-sounds-en.txt"] {
            std::fs::write(from.join(name), b"RIFF").unwrap();
        }
        assert_eq!(copy(&from, &to.join("en")).unwrap(), 2);
        assert!(to.join("en/vm-inbox.wav").is_file() && is_there(&to));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
