//! Sounds in memory: decoded once for each rate, encoded once for each codec, the least used forgotten first.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use media::{Codec, Rate, Sound, Track};

/// What tells one state of a file from another: when it was written and how long it is.
pub(super) type Stamp = (Option<SystemTime>, u64);

#[derive(Debug, Default)]
struct Entry {
    stamp: Stamp,
    used: u64,
    sounds: Vec<Sound>,
    tracks: Vec<Arc<Track>>,
}

impl Entry {
    fn bytes(&self) -> usize {
        let sounds: usize = self.sounds.iter().map(|sound| size_of_val(sound.samples())).sum();
        sounds + self.tracks.iter().map(|track| track.bytes()).sum::<usize>()
    }
}

/// What is kept, by the file it came from.
#[derive(Debug)]
pub(super) struct Cache {
    entries: HashMap<PathBuf, Entry>,
    bytes: usize,
    most: usize,
    uses: u64,
}

impl Cache {
    pub(super) fn new(most: usize) -> Self {
        Self { entries: HashMap::new(), bytes: 0, most, uses: 0 }
    }

    pub(super) fn track(&mut self, path: &Path, stamp: Stamp, codec: Codec, ptime: Duration) -> Option<Arc<Track>> {
        let entry = self.entry(path, stamp)?;
        entry.tracks.iter().find(|track| (track.codec(), track.ptime()) == (codec, ptime)).cloned()
    }

    pub(super) fn sound(&mut self, path: &Path, stamp: Stamp, rate: Rate) -> Option<Sound> {
        self.entry(path, stamp)?.sounds.iter().find(|sound| sound.rate() == rate).cloned()
    }

    /// Keeps a sound, and what was made of it.
    pub(super) fn keep(&mut self, path: &Path, stamp: Stamp, sound: Sound, track: Option<Arc<Track>>) {
        let entry = self.entries.entry(path.to_owned()).or_default();
        let before = entry.bytes();
        if entry.stamp != stamp {
            *entry = Entry { stamp, ..Entry::default() };
        }
        if entry.sounds.iter().all(|known| known.rate() != sound.rate()) {
            entry.sounds.push(sound);
        }
        let form = |track: &Track| (track.codec(), track.ptime());
        entry.tracks.extend(track.filter(|track| entry.tracks.iter().all(|known| form(known) != form(track))));
        self.uses += 1;
        entry.used = self.uses;
        self.bytes = self.bytes + entry.bytes() - before;
        self.forget();
    }

    /// A file is another one now, or gone.
    pub(super) fn forget_file(&mut self, path: &Path) {
        self.bytes -= self.entries.remove(path).map_or(0, |entry| entry.bytes());
    }

    fn entry(&mut self, path: &Path, stamp: Stamp) -> Option<&mut Entry> {
        let entry = self.entries.get_mut(path).filter(|entry| entry.stamp == stamp)?;
        self.uses += 1;
        entry.used = self.uses;
        Some(entry)
    }

    fn forget(&mut self) {
        while self.bytes > self.most {
            // The smallest is the same in any order.
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used).map(|(path, _)| path.clone());
            let Some(entry) = oldest.and_then(|path| self.entries.remove(&path)) else { return };
            self.bytes -= entry.bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use media::FRAME;

    use super::*;

    const STAMP: Stamp = (None, 1);

    fn keep(cache: &mut Cache, name: &str, stamp: Stamp) {
        let sound = Sound::new(Rate::Narrow, vec![0_i16; 800]);
        let track = Arc::new(Track::encode(&sound, Codec::Pcmu, FRAME).expect("a track"));
        cache.keep(Path::new(name), stamp, sound, Some(track));
    }

    #[test]
    fn the_least_used_is_forgotten_first_and_a_changed_file_at_once() {
        // Two of 2,400 bytes each.
        let mut cache = Cache::new(5_000);
        let has =
            |cache: &mut Cache, name: &str, stamp| cache.track(Path::new(name), stamp, Codec::Pcmu, FRAME).is_some();
        keep(&mut cache, "one", STAMP);
        keep(&mut cache, "two", STAMP);
        assert!(has(&mut cache, "one", STAMP));
        keep(&mut cache, "three", STAMP);
        assert!(has(&mut cache, "one", STAMP) && !has(&mut cache, "two", STAMP) && has(&mut cache, "three", STAMP));
        assert!(!has(&mut cache, "one", (None, 2)));
        keep(&mut cache, "one", (None, 2));
        assert!(!has(&mut cache, "one", STAMP) && has(&mut cache, "one", (None, 2)));
        assert_eq!(cache.bytes, 4_800);
    }
}
