//! `cargo xtask prompts`: fetches the English prompts and the music on hold that Debian packages. They are not ours to hand on with the program
//! (CC BY-SA 3.0), so each machine fetches its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::debian;
use crate::place::Place;
use crate::tool::{self, Outcome, Told, fail, say};

/// A package of sounds.
struct Package {
    name: &'static str,
    /// Where it puts them.
    inside: &'static str,
    /// Where they go, in the folder of the language.
    into: &'static str,
    /// What has to be said with them.
    licence: &'static str,
}

const VOICE: Package = Package {
    name: "asterisk-core-sounds-en-wav",
    inside: "usr/share/asterisk/sounds/en_US_f_Allison",
    into: "",
    licence: "\
The voice prompts are \"asterisk-core-sounds\", © 2003–2010 Allison Smith (http://www.theivrvoice.com), recorded for
Asterisk with financial contributions by Digium, Inc. (http://www.digium.com), under CC BY-SA 3.0
(https://creativecommons.org/licenses/by-sa/3.0/). Names of files are in small letters here; nothing else was changed.
Whoever hands them on has to keep this text beside them.
",
};

const MUSIC: Package = Package {
    name: "asterisk-moh-opsound-wav",
    inside: "usr/share/asterisk/moh",
    into: "moh",
    licence: "\
The music on hold is \"macroform-cold_day\", \"macroform-robot_dity\" and \"macroform-the_simplicity\", © 2009 Paul Shuler
(Macroform, http://macroform.bandcamp.com/); \"manolo_camp-morning_coffee\", © 2009 Manolo Camp
(http://ccmixter.org/people/ManoloCamp); \"reno_project-system\", © 2008 Reno Project
(http://www.jamendo.com/en/album/23661); all under CC BY-SA 3.0 (https://creativecommons.org/licenses/by-sa/3.0/).
\"default\" is one of them under another name; nothing else was changed. Whoever hands them on has to keep this text beside
them.
",
};

/// What is heard on hold until a tenant has music of its own, as the switch names it.
const DEFAULT_MUSIC: (&str, &str) = ("macroform-the_simplicity.wav", "default.wav");

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
    folder.join("en/digits/1.wav").is_file() && folder.join("en/moh").join(DEFAULT_MUSIC.1).is_file()
}

fn fetch(folder: &Path) -> Outcome {
    let made = |folder: &Path| fs::create_dir_all(folder).told(|| format!("cannot make {}", folder.display()));
    let fetched = folder.join(".fetched");
    // What a run that was cut off has left.
    let _ = fs::remove_dir_all(&fetched);
    made(&fetched)?;
    let (new, en) = (fetched.join("en"), folder.join("en"));
    let done = [VOICE, MUSIC].iter().try_for_each(|package| add(package, &fetched, &new)).and_then(|()| {
        let (from, to) = DEFAULT_MUSIC;
        let music = new.join(MUSIC.into);
        fs::copy(music.join(from), music.join(to)).told(|| format!("cannot copy {from}"))?;
        let _ = fs::remove_dir_all(&en);
        fs::rename(&new, &en).told(|| format!("cannot rename {} to {}", new.display(), en.display()))
    });
    let _ = fs::remove_dir_all(&fetched);
    done
}

/// Puts the sounds of a package into the folder of a language, with its licence beside them.
fn add(package: &Package, fetched: &Path, language: &Path) -> Outcome {
    let from = unpack(package, fetched)?;
    let into = language.join(package.into);
    let count = copy(&from, &into)?;
    fs::write(into.join("LICENCE"), package.licence).told(|| "cannot write the licence".to_owned())?;
    say(format!("{count} files of {}:", package.name));
    package.licence.lines().for_each(|line| say(format!("  {line}")));
    Ok(())
}

/// The sounds of a package: as it is installed, else downloaded and unpacked without installing anything.
fn unpack(package: &Package, fetched: &Path) -> Outcome<PathBuf> {
    let Package { name, inside, .. } = package;
    let installed = Path::new("/").join(inside);
    if installed.is_dir() {
        return Ok(installed);
    }
    if ["apt-get", "dpkg-deb"].iter().any(|name| tool::find(name).is_none()) {
        return fail(format!("apt-get and dpkg-deb are needed to fetch {name}; docs/prompts.md tells how by hand"));
    }
    if debian::candidate(name).is_none() {
        debian::update()?;
    }
    let folder = fetched.join(name);
    fs::create_dir_all(&folder).told(|| format!("cannot make {}", folder.display()))?;
    tool::run(Command::new("apt-get").current_dir(&folder).args(["-q", "-o", "Acquire::Retries=5", "download", name]))?;
    let files = fs::read_dir(&folder).told(|| format!("cannot read {}", folder.display()))?;
    let file = files.flatten().map(|file| file.path()).find(|path| path.extension().is_some_and(|end| end == "deb"));
    let Some(file) = file else { return fail(format!("apt-get has left no file of {name}")) };
    tool::run_quietly(Command::new("dpkg-deb").arg("-x").arg(file).arg(&folder))?;
    Ok(folder.join(inside))
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
        std::fs::create_dir_all(from.join("moh")).unwrap();
        for name in ["vm-INBOX.wav", "digits/1.wav", "moh/default.wav", "core-sounds-en.txt"] {
            std::fs::write(from.join(name), b"RIFF").unwrap();
        }
        assert_eq!(copy(&from, &to.join("en")).unwrap(), 3);
        assert!(to.join("en/vm-inbox.wav").is_file() && is_there(&to));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
