//! Where sounds lie, and how what is wished for is put together from them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use admin::NotHeard;
use jiff::tz::TimeZone;
use media::player::Item;
use media::prompts::{self, Language, Name, Owner};
use media::say::{self, Clock, Date, SayError, Value};
use media::sound::{Damage, Limits};
use media::tone::{Kind, Plan, Tone};
use media::{Rate, Sound as Samples, Track};
use switch::{AudioError, Country, Music, Sound, TenantId};

use super::cache::{Cache, Stamp};
use super::kept::Kept;
use super::{Form, Wish, at_once};
use crate::media::mouth::rate_of;
use crate::media::recordings::file_of;

/// How many damaged files are remembered, so as not to tell of them again.
const DAMAGED: usize = 1_024;

/// The prompts that are music.
const MUSIC: &str = "moh/";

/// Where sounds are, and whose habits count where nobody says.
#[derive(Debug, Clone)]
pub(crate) struct Folders {
    /// What is kept: tenants' prompts and recordings.
    pub(crate) data: PathBuf,
    /// The system's prompts, a folder for each language.
    pub(crate) prompts: PathBuf,
    /// The language where none is asked for, and the tenant names none.
    pub(crate) language: Language,
    /// The country whose tones are heard where the tenant names none.
    pub(crate) country: Country,
    /// How many bytes of sounds are kept in memory.
    pub(crate) cache: usize,
}

/// The folder of a tenant's recordings. A number leads nowhere else.
pub(in crate::media) fn recordings_of(data: &Path, tenant: TenantId) -> PathBuf {
    data.join("tenants").join(tenant.0.to_string()).join("recordings")
}

/// What sounds otherwise from tenant to tenant.
#[derive(Debug, Clone)]
pub(crate) struct Habits {
    /// By its name in the IANA database.
    pub(crate) time_zone: String,
    /// Whose tones are heard; the exchange's when `None`.
    pub(crate) country: Option<Country>,
    /// In which language callers are spoken to; the exchange's when `None`.
    pub(crate) language: Option<Language>,
    /// What is played where the default music is asked for; that itself when `None`.
    pub(crate) music: Option<Music>,
}

impl Default for Habits {
    fn default() -> Self {
        Self { time_zone: "UTC".to_owned(), country: None, language: None, music: None }
    }
}

/// The habits of a tenant, as they are now.
pub(crate) type HabitsOf = Box<dyn Fn(TenantId) -> Habits + Send + Sync>;

/// How one wish is carried out.
struct Manner {
    language: Language,
    plan: &'static Plan,
    time_zone: String,
    music: Option<Music>,
}

pub(super) struct Shelf {
    pub(super) folders: Folders,
    habits: HabitsOf,
    cache: Mutex<Cache>,
    /// Files that somebody reads now: whoever wants the same waits for him, and finds it in memory.
    reading: Mutex<HashMap<PathBuf, Arc<Mutex<()>>>>,
    /// Files that are known to be damaged, as they were.
    damaged: Mutex<HashMap<PathBuf, Stamp>>,
    pub(super) kept: Kept,
}

impl Shelf {
    pub(super) fn new(folders: Folders, habits: HabitsOf) -> Self {
        let cache = Mutex::new(Cache::new(folders.cache));
        Self { folders, habits, cache, reading: Mutex::default(), damaged: Mutex::default(), kept: Kept::default() }
    }

    /// Whether all of these can be heard. Where there is no set of prompts, a prompt cannot.
    pub(super) fn audible(&self, tenant: TenantId, sounds: &[Sound], language: Option<&str>) -> Result<(), NotHeard> {
        let tag = language;
        let unplayable = |name: &str, why: String| NotHeard::Unplayable { name: name.to_owned(), why };
        let asked = tag.map(Language::parse).transpose();
        let asked = asked.map_err(|error| unplayable(tag.unwrap_or_default(), error.to_string()))?;
        let chain = self.manner(tenant, asked).language;
        let no_prompt = |name: &str| {
            let languages = chain.chain().map(str::to_owned).collect();
            NotHeard::NoPrompt { name: name.to_owned(), languages }
        };
        for sound in sounds {
            match sound {
                Sound::Prompt(name) => {
                    let known = Name::parse(name).ok().and_then(|name| self.find(tenant, &chain, &name, |_| true));
                    known.ok_or_else(|| no_prompt(name))?;
                }
                Sound::Recording(name) => {
                    let known = file_of(&self.folders.data, tenant, name).filter(|path| stamp(path).is_some());
                    known.ok_or_else(|| NotHeard::NoRecording(name.clone()))?;
                }
                _ => {}
            }
        }
        let form = Form::Linear(Rate::Narrow);
        let wish = Wish { tenant, sounds: sounds.to_vec(), language: language.map(str::to_owned), form };
        self.items(&wish).map(drop).map_err(|error| match error {
            AudioError::Missing(name) => no_prompt(&name),
            AudioError::Unplayable(name, why) => unplayable(&name, why),
            error => unplayable("a sound", error.to_string()),
        })
    }

    /// All that is wished for, in order.
    pub(super) fn items(&self, wish: &Wish) -> Result<Vec<Item>, AudioError> {
        let asked = wish
            .language
            .as_deref()
            .map(|tag| Language::parse(tag).map_err(|_| AudioError::Missing(format!("(the language {tag})"))));
        let manner = self.manner(wish.tenant, asked.transpose()?);
        let mut items = Vec::with_capacity(wish.sounds.len());
        for sound in &wish.sounds {
            self.add(wish, &manner, sound, &mut items)?;
        }
        Ok(items)
    }

    /// How a tenant's callers are spoken to: in what was asked for, else as the tenant has it, else as the exchange has.
    fn manner(&self, tenant: TenantId, asked: Option<Language>) -> Manner {
        let Habits { time_zone, country, language, music } = (self.habits)(tenant);
        let language = asked.or(language).unwrap_or_else(|| self.folders.language.clone());
        Manner { language, plan: self.plan(country), time_zone, music }
    }

    /// The tones of a country, else of the exchange's.
    fn plan(&self, country: Option<Country>) -> &'static Plan {
        country.unwrap_or(self.folders.country).tones()
    }

    /// The tones that a tenant's callers hear.
    pub(super) fn tones(&self, tenant: TenantId) -> &'static Plan {
        self.plan((self.habits)(tenant).country)
    }

    fn add(&self, wish: &Wish, manner: &Manner, sound: &Sound, items: &mut Vec<Item>) -> Result<(), AudioError> {
        match sound {
            Sound::Silence(_) | Sound::Tone(..) => items.extend(at_once(manner.plan, sound)),
            Sound::Recording(name) => {
                let missing = || AudioError::Missing(name.clone());
                let path = file_of(&self.folders.data, wish.tenant, name).ok_or_else(missing)?;
                let stamp = stamp(&path).ok_or_else(missing)?;
                items.push(self.item(wish, name, &path, stamp)?);
            }
            Sound::Prompt(name) => {
                let name = Name::parse(name).map_err(|_| AudioError::Missing(name.clone()))?;
                let music = manner.music.as_ref().filter(|_| name.as_str() == Music::DEFAULT).map(Music::prompt);
                // A tenant's music that is not there is no reason for silence.
                let music = music.filter(|own| self.find(wish.tenant, &manner.language, own, |_| true).is_some());
                self.prompt(wish, manner, music.unwrap_or(&name), |_| true, items)?;
            }
            Sound::Digits(text) => self.say(wish, manner, &Value::Digits(text), text, items)?,
            Sound::Spelled(text) => self.say(wish, manner, &Value::Letters(text), text, items)?,
            Sound::Number(number) => {
                self.say(wish, manner, &Value::Number(*number), &number.to_string(), items)?;
            }
            Sound::Passage(passage) => {
                let missing = || AudioError::Missing(passage.recording.clone());
                let path = file_of(&self.folders.data, wish.tenant, &passage.recording).ok_or_else(missing)?;
                let stamp = stamp(&path).ok_or_else(missing)?;
                // Cut and stretched as linear sound: it is encoded as it plays.
                let linear = Wish { form: Form::Linear(wish.form.rate()), ..wish.clone() };
                if let Item::Sound(whole) = self.item(&linear, &passage.recording, &path, stamp)? {
                    items.push(Item::Sound(whole.passage(passage.from, passage.pace)));
                }
            }
            Sound::Moment(moment) => {
                let shown = moment.second.to_string();
                let no_time = |_| unsayable(&shown, SayError::NoSuchTime);
                let zone = moment.zone.as_deref().unwrap_or(&manner.time_zone);
                let (date, clock) = calendar(zone, moment.second).map_err(no_time)?;
                let near = near_day(zone, date).and_then(|day| Name::parse(day).ok());
                match near.filter(|day| self.find(wish.tenant, &manner.language, day, |_| true).is_some()) {
                    Some(day) => {
                        self.prompt(wish, manner, &day, |_| true, items)?;
                        self.say(wish, manner, &Value::Time(clock), &shown, items)?;
                    }
                    None => self.say(wish, manner, &Value::Moment(date, clock), &shown, items)?,
                }
            }
            Sound::Length(length) => {
                self.say(wish, manner, &Value::Length(*length), &format!("{} s", length.as_secs()), items)?;
            }
            Sound::Date(seconds) | Sound::Time(seconds) => {
                let shown = seconds.to_string();
                let no_time = |_| unsayable(&shown, SayError::NoSuchTime);
                let (date, clock) = calendar(&manner.time_zone, *seconds).map_err(no_time)?;
                let value = if matches!(sound, Sound::Date(_)) { Value::Date(date) } else { Value::Time(clock) };
                self.say(wish, manner, &value, &shown, items)?;
            }
        }
        Ok(())
    }

    /// A value, piece by piece, in one language as a whole.
    fn say(
        &self,
        wish: &Wish,
        manner: &Manner,
        value: &Value<'_>,
        shown: &str,
        items: &mut Vec<Item>,
    ) -> Result<(), AudioError> {
        let of = |code: &str| {
            let code = code.to_owned();
            move |tag: &str| tag.split('-').next() == Some(code.as_str())
        };
        let there = |tongue: &'static dyn say::Tongue, piece: &str| {
            let tongue_is = of(tongue.code());
            Name::parse(piece).is_ok_and(|name| self.find(wish.tenant, &manner.language, &name, tongue_is).is_some())
        };
        let said =
            say::choose(value, &say::tongues(manner.language.as_str()), there).map_err(|e| unsayable(shown, e))?;
        let before = items.len();
        for piece in &said.pieces {
            let name = Name::parse(piece).map_err(|_| AudioError::Missing(piece.to_string()))?;
            if self.prompt(wish, manner, &name, of(said.tongue.code()), items)? {
                // One sign for all of it is enough.
                items.truncate(before);
                sign(manner.plan, items);
                return Ok(());
            }
        }
        Ok(())
    }

    /// A prompt; says whether a sign had to take its place.
    fn prompt(
        &self,
        wish: &Wish,
        manner: &Manner,
        name: &Name,
        tag_is: impl Fn(&str) -> bool,
        items: &mut Vec<Item>,
    ) -> Result<bool, AudioError> {
        if let Some((path, stamp)) = self.find(wish.tenant, &manner.language, name, tag_is) {
            items.push(self.item(wish, name.as_str(), &path, stamp)?);
            return Ok(false);
        }
        // Nobody is to hear signs over and over where there should be music: without it he hears nothing.
        if self.has_set() || name.as_str().starts_with(MUSIC) {
            return Err(AudioError::Missing(name.to_string()));
        }
        sign(manner.plan, items);
        Ok(true)
    }

    /// Where there is no set of prompts, says so with what callers will hear and with the cure: once, at the start.
    pub(super) fn tell_of_silence(&self) {
        if !self.has_set() {
            let folder = self.folders.prompts.display();
            tracing::warn!(
                %folder,
                "there are no prompts (media.prompts): callers hear three notes and a beep in place of words, and no music on hold; \
                 `sh deploy/prompts.sh {folder}` fetches an English set"
            );
        }
    }

    /// Whether there is any set of prompts for the system.
    fn has_set(&self) -> bool {
        let folders = std::fs::read_dir(&self.folders.prompts);
        folders.is_ok_and(|folders| folders.flatten().any(|entry| entry.path().is_dir()))
    }

    /// The folder of a tenant's own prompts. A number leads nowhere else.
    pub(super) fn own(&self, tenant: TenantId) -> PathBuf {
        self.folders.data.join("tenants").join(tenant.0.to_string()).join("prompts")
    }

    /// A file is another one now, or gone.
    pub(super) fn forget_file(&self, path: &Path) {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).forget_file(path);
    }

    /// The file of a prompt, in one of the languages that will do.
    pub(super) fn find(
        &self,
        tenant: TenantId,
        language: &Language,
        name: &Name,
        tag_is: impl Fn(&str) -> bool,
    ) -> Option<(PathBuf, Stamp)> {
        let owner = Owner::parse(&tenant.0.to_string()).ok();
        prompts::paths(owner.as_ref(), language, name).find_map(|path| {
            // Names and tags are checked: neither leads out of the folder it is joined to.
            let (folder, rest) = match path.strip_prefix("system/") {
                Some(rest) => (self.folders.prompts.clone(), rest),
                None => {
                    let (owner, rest) = path.strip_prefix("tenants/")?.split_once('/')?;
                    (self.folders.data.join("tenants").join(owner).join("prompts"), rest)
                }
            };
            let tag = rest.split('/').next()?;
            let path = tag_is(tag).then(|| folder.join(rest))?;
            stamp(&path).map(|stamp| (path, stamp))
        })
    }

    /// A file's sound, in the form that is wanted: from memory, or read, decoded and encoded by one for all who want it.
    fn item(&self, wish: &Wish, name: &str, path: &Path, stamp: Stamp) -> Result<Item, AudioError> {
        if let Some(item) = self.known(wish.form, path, stamp) {
            return Ok(item);
        }
        let turn = hold(&self.reading).entry(path.to_owned()).or_default().clone();
        let item = {
            let _turn = hold(&turn);
            self.known(wish.form, path, stamp).map_or_else(|| self.read(wish.form, name, path, stamp), Ok)
        };
        drop(turn);
        // Who waits has it too.
        hold(&self.reading).retain(|_, turn| Arc::strong_count(turn) > 1);
        item
    }

    #[cfg(test)]
    pub(super) fn is_idle(&self) -> bool {
        hold(&self.reading).is_empty()
    }

    fn known(&self, form: Form, path: &Path, stamp: Stamp) -> Option<Item> {
        let mut cache = hold(&self.cache);
        match form {
            Form::Encoded(codec, ptime) => cache.track(path, stamp, codec, ptime).map(Item::Track),
            Form::Linear(rate) => cache.sound(path, stamp, rate).map(Item::Sound),
        }
    }

    fn read(&self, form: Form, name: &str, path: &Path, stamp: Stamp) -> Result<Item, AudioError> {
        let rate = match form {
            Form::Encoded(codec, _) => rate_of(codec),
            Form::Linear(rate) => rate,
        };
        let broken = |why: String| AudioError::Unplayable(name.to_owned(), why);
        let known = hold(&self.cache).sound(path, stamp, rate);
        let sound = match known {
            Some(sound) => sound,
            None => {
                let limits = Limits::default();
                if stamp.1 > limits.bytes as u64 {
                    return Err(broken(format!("the file has {} bytes, {} are allowed", stamp.1, limits.bytes)));
                }
                let bytes = std::fs::read(path).map_err(|error| broken(error.to_string()))?;
                let sound = Samples::decode(&bytes, rate, &limits).map_err(|error| broken(error.to_string()))?;
                self.note_damage(path, stamp, &sound);
                sound
            }
        };
        let Form::Encoded(codec, ptime) = form else {
            hold(&self.cache).keep(path, stamp, sound.clone(), None);
            return Ok(Item::Sound(sound));
        };
        let track = Track::encode(&sound, codec, ptime).map_err(|error| broken(error.to_string()))?;
        let track = Arc::new(track);
        hold(&self.cache).keep(path, stamp, sound, Some(track.clone()));
        Ok(Item::Track(track))
    }

    /// What is missing of a sound is told once for each file.
    fn note_damage(&self, path: &Path, stamp: Stamp, sound: &Samples) {
        let damage = sound.damage();
        if damage == Damage::default() {
            return;
        }
        let mut damaged = hold(&self.damaged);
        if damaged.len() >= DAMAGED {
            damaged.clear();
        }
        if damaged.insert(path.to_owned(), stamp) == Some(stamp) {
            return;
        }
        tracing::warn!(
            file = %path.display(),
            lost = damage.lost,
            first_at = damage.first.map(|at| format!("{:.2} s", at.as_secs_f64())),
            cut_at = damage.cut.then(|| format!("{:.2} s", sound.length().as_secs_f64())),
            "a sound is damaged: what can be heard of it is played"
        );
    }
}

/// What stands for words that nobody has recorded: something would be said here.
fn sign(plan: &Plan, items: &mut Vec<Item>) {
    items.push(Item::Tone(plan.tone(Kind::Special), Some(Duration::from_secs(1))));
    items.push(Item::Tone(Tone::BEEP, None));
}

fn calendar(time_zone: &str, seconds: i64) -> Result<(Date, Clock), ()> {
    let zone = TimeZone::get(time_zone).unwrap_or(TimeZone::UTC);
    let there = jiff::Timestamp::from_second(seconds).map_err(drop)?.to_zoned(zone);
    let small = |number: i8| u8::try_from(number).map_err(drop);
    let year = u16::try_from(there.year()).map_err(drop)?;
    let date = Date::new(year, small(there.month())?, small(there.day())?).map_err(drop)?;
    let clock = Clock::new(small(there.hour())?, small(there.minute())?, None).map_err(drop)?;
    Ok((date, clock))
}

/// The prompt of a day that is called by its word.
fn near_day(time_zone: &str, day: Date) -> Option<&'static str> {
    let now = jiff::Timestamp::now().as_second();
    let same = |second| calendar(time_zone, second).is_ok_and(|(date, _)| date == day);
    match (same(now), same(now - 86_400)) {
        (true, _) => Some("digits/today"),
        (false, true) => Some("digits/yesterday"),
        (false, false) => None,
    }
}

/// What a thread that panicked held is still what it was.
fn hold<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unsayable(shown: &str, error: SayError) -> AudioError {
    AudioError::Unplayable(shown.to_owned(), error.to_string())
}

/// The state of a file; `None` when there is none.
pub(super) fn stamp(path: &Path) -> Option<Stamp> {
    let state = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    Some((state.modified().ok(), state.len()))
}
