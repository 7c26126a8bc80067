//! Prompts as operators have them: listed, kept, read and removed. Only what the decoder takes is kept; a file is whole under
//! its name, or not there.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use admin::{NotKept, PromptPage, PromptView, PromptsWanted};
use media::prompts::{ENDINGS, Language, Name};
use media::sound::{self, Damage, Limits};
use media::{Rate, Sound as Samples};
use switch::TenantId;

use super::cache::Stamp;
use super::shelf::{Shelf, stamp};

/// Folders in folders are looked through to this depth, and so many files in all.
const DEPTH: usize = 16;
const FILES: usize = 100_000;
/// How many lengths are remembered.
const MEASURED: usize = 16_384;

/// What a file is as a sound: how long, and what is wrong with it.
type Measure = (Option<Duration>, Option<String>);

/// Files that were measured, as they were then; and one who writes at a time.
#[derive(Debug, Default)]
pub(super) struct Kept {
    measured: Mutex<HashMap<PathBuf, (Stamp, Measure)>>,
    writing: Mutex<()>,
}

/// A place in the list: by name, then by language, the tenant's own before the system's.
type Place = (String, String, bool);

impl Shelf {
    /// A page of the prompts that callers of a tenant can hear. What is not on the page is not read.
    pub(super) fn list(&self, tenant: TenantId, wanted: &PromptsWanted) -> PromptPage {
        // A language that is none has no prompts.
        let language = match wanted.language.as_deref().map(Language::parse) {
            Some(Err(_)) => return PromptPage::default(),
            Some(Ok(language)) => Some(language),
            None => None,
        };
        let mut found = BTreeMap::new();
        for (system, folder) in [(false, self.own(tenant)), (true, self.folders.prompts.clone())] {
            if wanted.system.is_none_or(|only| only == system) {
                for (tag, files) in languages(&folder) {
                    if language.as_ref().is_none_or(|language| language.as_str() == tag) {
                        walk(&files, "", 0, &mut |name, path| {
                            if name.starts_with(&wanted.prefix) && found.len() < FILES {
                                let better = found.entry((name, tag.clone(), system)).or_insert_with(|| path.clone());
                                if rank(&path) < rank(better) {
                                    *better = path;
                                }
                            }
                        });
                    }
                }
            }
        }
        let after = wanted.after.as_deref().and_then(place_of);
        let mut left =
            found.into_iter().filter(|(place, _)| after.as_ref().is_none_or(|after| place > after)).peekable();
        let mut page = PromptPage::default();
        while page.prompts.len() < wanted.most.max(1)
            && let Some((place, path)) = left.next()
        {
            if left.peek().is_some() && page.prompts.len() + 1 == wanted.most.max(1) {
                page.next = Some(token_of(&place));
            }
            page.prompts.extend(self.view(place, &path));
        }
        page
    }

    /// Keeps a file as a prompt of the tenant's own.
    pub(super) fn keep(
        &self,
        tenant: TenantId,
        language: &str,
        name: &str,
        file: &[u8],
    ) -> Result<PromptView, NotKept> {
        let name = Name::parse(name).map_err(|error| NotKept::Name(error.to_string()))?;
        let language = Language::parse(language).map_err(|error| NotKept::Language(error.to_string()))?;
        let decoded = Samples::decode(file, Rate::Narrow, &Limits::default());
        let decoded = decoded.map_err(|error| NotKept::Unplayable(error.to_string()))?;
        let ending =
            sound::ending(file).ok_or_else(|| NotKept::Unplayable("the file is of no known kind".to_owned()))?;
        let path = self.own(tenant).join(language.as_str()).join(format!("{name}.{ending}"));
        let _alone = self.kept.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let written = write(&path, file).and_then(|()| self.remove_files(tenant, &language, &name, Some(&path)));
        if let Err(error) = written {
            tracing::error!(%error, file = %path.display(), "a prompt cannot be written");
            return Err(NotKept::Disk);
        }
        self.forget_file(&path);
        let place = (name.to_string(), language.as_str().to_owned(), false);
        if let Some(stamp) = stamp(&path) {
            self.remember(&path, stamp, measure(&decoded));
        }
        self.view(place, &path).ok_or(NotKept::Disk)
    }

    /// The file that is heard for this name in this very language.
    pub(super) fn file(&self, tenant: TenantId, language: &str, name: &str) -> Option<PathBuf> {
        let (name, language) = (Name::parse(name).ok()?, Language::parse(language).ok()?);
        let only = language.as_str().to_owned();
        self.find(tenant, &language, &name, move |tag| tag == only).map(|(path, _)| path)
    }

    /// Removes a prompt of the tenant's own; says whether there was one.
    pub(super) fn remove(&self, tenant: TenantId, language: &str, name: &str) -> io::Result<bool> {
        let (Ok(name), Ok(language)) = (Name::parse(name), Language::parse(language)) else { return Ok(false) };
        let _alone = self.kept.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let there = || self.files(tenant, &language, &name).any(|path| path.is_file());
        let was_there = there();
        self.remove_files(tenant, &language, &name, None)?;
        if was_there {
            // Folders that are empty now; one that is not stays.
            let top = self.own(tenant);
            let folder = top.join(language.as_str()).join(name.as_str());
            let above = folder.ancestors().skip(1).take_while(|above| above.starts_with(&top));
            let _ = above.map(fs::remove_dir).take_while(Result::is_ok).count();
        }
        Ok(was_there)
    }

    /// A tenant is gone, and all its prompts with it.
    pub(super) fn remove_all(&self, tenant: TenantId) {
        let folder = self.own(tenant);
        if let Err(error) = fs::remove_dir_all(&folder)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::error!(folder = %folder.display(), %error, "the prompts of a tenant that is gone are still there");
        }
    }

    /// All files of this name but one.
    fn remove_files(&self, tenant: TenantId, language: &Language, name: &Name, but: Option<&Path>) -> io::Result<()> {
        for path in self.files(tenant, language, name).filter(|path| but != Some(path.as_path())) {
            match fs::remove_file(&path) {
                Ok(()) => self.forget_file(&path),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn files(&self, tenant: TenantId, language: &Language, name: &Name) -> impl Iterator<Item = PathBuf> {
        let folder = self.own(tenant).join(language.as_str());
        let name = name.to_string();
        ENDINGS.into_iter().map(move |ending| folder.join(format!("{name}.{ending}")))
    }

    fn view(&self, (name, language, system): Place, path: &Path) -> Option<PromptView> {
        let stamp = stamp(path)?;
        let (length, fault) = self.measure(path, stamp);
        let ending = path.extension()?.to_str()?.to_owned();
        Some(PromptView { name, language, system, length, bytes: stamp.1, ending, changed: stamp.0, fault })
    }

    /// How long a file sounds; decoded once.
    fn measure(&self, path: &Path, stamp: Stamp) -> Measure {
        let measured = || self.kept.measured.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = measured().get(path).filter(|(then, _)| *then == stamp) {
            return known.clone();
        }
        let found = match read(path, stamp) {
            Ok(sound) => measure(&sound),
            Err(why) => (None, Some(why)),
        };
        self.remember(path, stamp, found.clone());
        found
    }

    fn remember(&self, path: &Path, stamp: Stamp, found: Measure) {
        let mut measured = self.kept.measured.lock().unwrap_or_else(PoisonError::into_inner);
        if measured.len() >= MEASURED {
            measured.clear();
        }
        measured.insert(path.to_owned(), (stamp, found));
    }
}

fn read(path: &Path, stamp: Stamp) -> Result<Samples, String> {
    let limits = Limits::default();
    if stamp.1 > limits.bytes as u64 {
        return Err(format!("the file has {} bytes, {} are allowed", stamp.1, limits.bytes));
    }
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    Samples::decode(&bytes, Rate::Narrow, &limits).map_err(|error| error.to_string())
}

fn measure(sound: &Samples) -> Measure {
    (Some(sound.length()), fault(sound.damage()))
}

fn fault(damage: Damage) -> Option<String> {
    let cut = if damage.cut { "it ends before its sound does" } else { "" };
    let first = damage.first.map(|at| format!(", the first at {:.1} s", at.as_secs_f64())).unwrap_or_default();
    match damage.lost {
        0 if damage.cut => Some(cut.to_owned()),
        0 => None,
        lost if damage.cut => Some(format!("{lost} pieces are lost{first}, and {cut}")),
        lost => Some(format!("{lost} pieces are lost{first}")),
    }
}

/// A file under its name once it is whole.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // No prompt is called so: one that a crash left behind is nobody's, and written over.
    let part = folder.join(format!(".{name}"));
    let written = fs::File::create(&part).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let named = written.and_then(|()| fs::rename(&part, path)).and_then(|()| fs::File::open(folder)?.sync_all());
    if named.is_err() {
        let _ = fs::remove_file(&part);
    }
    named
}

/// The folders of languages in a set.
fn languages(folder: &Path) -> Vec<(String, PathBuf)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let tags = entries.flatten().filter_map(|entry| {
        let tag = entry.file_name().into_string().ok()?;
        // As it is looked for: in small letters.
        let right = Language::parse(&tag).is_ok_and(|language| language.as_str() == tag);
        (right && entry.path().is_dir()).then(|| (tag, entry.path()))
    });
    tags.collect()
}

/// Each file that has a prompt's name.
fn walk(folder: &Path, before: &str, depth: usize, found: &mut dyn FnMut(String, PathBuf)) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let (path, Ok(file)) = (entry.path(), entry.file_name().into_string()) else { continue };
        if path.is_dir() {
            if depth < DEPTH && Name::parse(&file).is_ok() {
                walk(&path, &format!("{before}{file}/"), depth + 1, found);
            }
        } else if let Some((stem, ending)) = file.rsplit_once('.')
            && ENDINGS.contains(&ending)
        {
            let name = format!("{before}{stem}");
            if Name::parse(&name).is_ok() {
                found(name, path);
            }
        }
    }
}

/// Of two files of one name the one that is heard.
fn rank(path: &Path) -> usize {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    ENDINGS.iter().position(|known| *known == ending).unwrap_or(ENDINGS.len())
}

/// Names and tags have no colon.
fn token_of((name, language, system): &Place) -> String {
    format!("{name}:{language}:{}", if *system { "system" } else { "tenant" })
}

fn place_of(token: &str) -> Option<Place> {
    let mut parts = token.split(':').map(str::to_owned);
    let (name, language, owner) = (parts.next()?, parts.next()?, parts.next()?);
    Some((name, language, owner == "system"))
}

#[cfg(test)]
mod tests {
    use switch::{AudioError, Sound};

    use super::super::shelf::Folders;
    use super::super::{Form, Wish};
    use super::*;

    const ACME: TenantId = TenantId(7);
    const OTHER: TenantId = TenantId(8);

    fn shelf(data: &Path) -> Shelf {
        let folders = Folders {
            data: data.to_owned(),
            prompts: data.join("prompts"),
            language: switch::Language::parse("en").expect("a language"),
            country: "us".parse().expect("a country"),
            cache: 1 << 20,
        };
        Shelf::new(folders, Box::new(|_| crate::media::Habits::default()))
    }

    /// So many samples of silence, 8 kHz.
    fn wav(samples: u32) -> Vec<u8> {
        let size = samples * 2;
        let mut file = [&b"RIFF"[..], &(size + 36).to_le_bytes(), b"WAVEfmt ", &16_u32.to_le_bytes()].concat();
        for field in [1_u16, 1, 8_000, 0, 16_000, 0, 2, 16] {
            file.extend(field.to_le_bytes());
        }
        file.extend([&b"data"[..], &size.to_le_bytes()].concat());
        file.resize(file.len() + size as usize, 0);
        file
    }

    fn names(page: &PromptPage) -> Vec<String> {
        let owner = |prompt: &PromptView| if prompt.system { "system" } else { "own" };
        page.prompts.iter().map(|prompt| format!("{} {} {}", prompt.name, prompt.language, owner(prompt))).collect()
    }

    fn all() -> PromptsWanted {
        PromptsWanted { most: 100, ..PromptsWanted::default() }
    }

    /// How long it is when it is played.
    fn heard(shelf: &Shelf, tenant: TenantId, name: &str) -> Result<usize, AudioError> {
        let sounds = vec![Sound::Prompt(name.to_owned())];
        let wish = Wish { tenant, sounds, language: None, form: Form::Linear(Rate::Narrow) };
        shelf.items(&wish).map(|items| match items.first() {
            Some(media::player::Item::Sound(sound)) => sound.samples().len(),
            _ => 0,
        })
    }

    #[test]
    fn a_prompt_that_is_kept_is_heard_at_once_by_its_tenant_alone_and_can_be_removed() {
        let data = tempfile::TempDir::new().expect("a folder");
        let shelf = shelf(data.path());
        write(&data.path().join("prompts/en/welcome.wav"), &wav(4_000)).expect("the system's");
        assert_eq!((heard(&shelf, ACME, "welcome"), heard(&shelf, OTHER, "welcome")), (Ok(4_000), Ok(4_000)));
        let kept = shelf.keep(ACME, "EN", "welcome", &wav(8_000)).expect("kept");
        assert_eq!((kept.language.as_str(), kept.length, kept.fault), ("en", Some(Duration::from_secs(1)), None));
        assert_eq!((heard(&shelf, ACME, "welcome"), heard(&shelf, OTHER, "welcome")), (Ok(8_000), Ok(4_000)));
        // Of the same size, and written within the same tick of the clock.
        let mut loud = wav(8_000);
        loud[60..64].fill(0x11);
        shelf.keep(ACME, "en", "welcome", &loud).expect("kept");
        assert_eq!(fs::read(shelf.file(ACME, "en", "welcome").expect("a file")).expect("read"), loud);
        shelf.keep(ACME, "en", "moh/default", &wav(800)).expect("kept");
        assert_eq!(heard(&shelf, ACME, "moh/default"), Ok(800));
        assert!(heard(&shelf, OTHER, "moh/default").is_err());
        assert!(!shelf.remove(OTHER, "en", "welcome").expect("no fault"), "it is another tenant's");
        assert!(!shelf.remove(ACME, "de", "welcome").expect("no fault"));
        assert!(shelf.remove(ACME, "en", "moh/default").expect("no fault"));
        assert!(shelf.remove(ACME, "en", "welcome").expect("no fault"));
        assert_eq!(heard(&shelf, ACME, "welcome"), Ok(4_000), "the system's again");
        assert!(!data.path().join("tenants/7/prompts").exists(), "no empty folder is left");
        assert!(!shelf.remove(ACME, "en", "welcome").expect("no fault"), "the system's is not theirs to remove");
    }

    #[test]
    fn another_kind_of_file_takes_the_place_of_the_one_before() {
        let data = tempfile::TempDir::new().expect("a folder");
        let shelf = shelf(data.path());
        let own = data.path().join("tenants/7/prompts/en");
        write(&own.join("welcome.mp3"), b"old").expect("a file");
        let kept = shelf.keep(ACME, "en", "welcome", &wav(800)).expect("kept");
        assert_eq!((kept.ending.as_str(), own.join("welcome.mp3").exists()), ("wav", false));
        let left: Vec<_> = fs::read_dir(own).expect("a folder").flatten().map(|file| file.file_name()).collect();
        assert_eq!(left, ["welcome.wav"]);
    }

    #[test]
    fn what_leads_elsewhere_or_cannot_be_played_is_refused_and_nothing_is_written() {
        let data = tempfile::TempDir::new().expect("a folder");
        let shelf = shelf(data.path());
        for name in ["", "../x", "a/../../b", "/etc/passwd", "a//b", "A", "a.wav", "a\0", "ä", &"a".repeat(201)] {
            assert!(matches!(shelf.keep(ACME, "en", name, &wav(80)), Err(NotKept::Name(_))), "{name:?}");
            assert_eq!(shelf.file(ACME, "en", name), None);
            assert!(!shelf.remove(ACME, "en", name).expect("no fault"));
        }
        for language in ["", "..", "../en", "en/..", "d e", "de-"] {
            assert!(matches!(shelf.keep(ACME, language, "a", &wav(80)), Err(NotKept::Language(_))), "{language:?}");
            assert_eq!(shelf.file(ACME, language, "a"), None);
        }
        let long = wav(8_000 * 1_801);
        let zeros = vec![0; 1_000];
        for (file, why) in [
            (&b""[..], "empty"),
            (b"no sound", "no known kind"),
            (&zeros, "no known kind"),
            (b"RIFF", "ends before its sound begins"),
            (&long, "longer than 1800 seconds"),
        ] {
            let refused = shelf.keep(ACME, "en", "a", file);
            assert!(matches!(&refused, Err(NotKept::Unplayable(told)) if told.contains(why)), "{refused:?}");
        }
        assert!(!data.path().join("tenants").exists());
    }

    #[test]
    fn prompts_are_listed_by_pages_with_length_and_whose_they_are() {
        let data = tempfile::TempDir::new().expect("a folder");
        let shelf = shelf(data.path());
        for name in ["en/digits/7.wav", "en/welcome.wav", "de/welcome.wav", "en/Capital.wav", "EN/x.wav", "en/a.txt"] {
            write(&data.path().join("prompts").join(name), &wav(800)).expect("a file");
        }
        write(&data.path().join("prompts/en/noise.wav"), b"no sound").expect("a file");
        shelf.keep(ACME, "en", "welcome", &wav(8_000)).expect("kept");
        shelf.keep(OTHER, "en", "secret", &wav(8_000)).expect("kept");
        let page = shelf.list(ACME, &all());
        let expected =
            ["digits/7 en system", "noise en system", "welcome de system", "welcome en own", "welcome en system"];
        assert_eq!((names(&page), page.next.as_deref()), (expected.map(str::to_owned).to_vec(), None));
        assert_eq!(page.prompts[3].length, Some(Duration::from_secs(1)));
        assert!(page.prompts[1].fault.as_deref().is_some_and(|fault| fault.contains("no known kind")));
        let (mut after, mut turned) = (None, Vec::new());
        loop {
            let page = shelf.list(ACME, &PromptsWanted { most: 2, after, ..all() });
            turned.extend(names(&page));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(turned, expected);
        let some = |wanted: PromptsWanted| names(&shelf.list(ACME, &wanted)).len();
        assert_eq!(some(PromptsWanted { system: Some(false), ..all() }), 1);
        assert_eq!(some(PromptsWanted { system: Some(true), ..all() }), 4);
        assert_eq!(some(PromptsWanted { language: Some("DE".to_owned()), ..all() }), 1);
        assert_eq!(some(PromptsWanted { language: Some("../en".to_owned()), ..all() }), 0);
        assert_eq!(some(PromptsWanted { prefix: "digits/".to_owned(), ..all() }), 1);
        assert_eq!(some(PromptsWanted { after: Some("nonsense".to_owned()), ..all() }), 5);
        shelf.remove_all(OTHER);
        assert!(!data.path().join("tenants/8/prompts").exists() && data.path().join("tenants/7/prompts").exists());
    }
}
