//! What is left of recordings: mended when their writer was cut off, copied while they grow.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use media::record::{mend, mend_opus};
use switch::{RecordingFormat, TenantId, is_recording_name};

use super::{file_name, file_of, recordings_of};

/// A WAV's header; the sound begins behind it.
const HEAD: usize = 512;
/// What we write before the sound.
const HEADER: u64 = 44;

/// What is there of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mended {
    /// Whose.
    pub(crate) tenant: TenantId,
    /// Its name in the tenant.
    pub(crate) name: String,
    /// Of the file.
    pub(crate) format: RecordingFormat,
    /// How long it sounds.
    pub(crate) length: Duration,
    /// How many bytes the file has.
    pub(crate) bytes: u64,
}

/// Bytes for a file, and where they go.
type Patch = (u64, Vec<u8>);

/// What was mended of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Saved {
    pub(super) format: RecordingFormat,
    pub(super) length: Duration,
    pub(super) bytes: u64,
}

/// A recording as far as it is, to be read from its beginning.
#[derive(Debug)]
pub(crate) struct Copy {
    /// Of the file.
    pub(crate) format: RecordingFormat,
    /// How many bytes it has.
    pub(crate) bytes: u64,
    /// Bytes that stand in the place of those of the file, and where.
    mended: Patch,
    file: File,
    at: u64,
}

impl Copy {
    /// The next bytes, `most` of them; empty at the end.
    pub(crate) fn read(&mut self, most: usize) -> io::Result<Vec<u8>> {
        let left = usize::try_from(self.bytes.saturating_sub(self.at)).unwrap_or(usize::MAX).min(most);
        let mut piece = vec![0; left];
        // Of a file that is not there any more by so much, the rest is missing: the reader must not take it for whole.
        self.file.read_exact_at(&mut piece, self.at)?;
        let (begin, mended) = &self.mended;
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        let (skipped, from) = (begin.saturating_sub(self.at), self.at.saturating_sub(*begin));
        let bytes = mended.iter().skip(place(from));
        piece.iter_mut().skip(place(skipped)).zip(bytes).for_each(|(to, byte)| *to = *byte);
        self.at += left as u64;
        Ok(piece)
    }
}

/// A recording that is over, or that grows: what is whole of it by now, with right lengths.
pub(super) fn copy(data: &Path, tenant: TenantId, name: &str) -> io::Result<Copy> {
    if !is_recording_name(name) {
        return Err(io::ErrorKind::NotFound.into());
    }
    let part = recordings_of(data, tenant).join(format!("{name}.part"));
    match File::open(&part) {
        Ok(file) => growing(file),
        Err(_) => {
            let path = file_of(data, tenant, name).ok_or(io::ErrorKind::NotFound)?;
            let opus = path.extension().is_some_and(|extension| extension == "opus");
            let format = if opus { RecordingFormat::Opus } else { RecordingFormat::Wav };
            let file = File::open(path)?;
            Ok(Copy { format, bytes: file.metadata()?.len(), mended: (0, Vec::new()), file, at: 0 })
        }
    }
}

fn growing(file: File) -> io::Result<Copy> {
    let size = file.metadata()?.len();
    let mut head = head_of(&file, size)?;
    if is_opus(&head) {
        let (bytes, mended) = opus(&file)?.map_or((0, (0, Vec::new())), |(saved, last)| (saved.bytes, last));
        return Ok(Copy { format: RecordingFormat::Opus, bytes, mended, file, at: 0 });
    }
    for (at, bytes) in mend(&head, size).ok().flatten().into_iter().flatten() {
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        head.iter_mut().skip(at).zip(bytes).for_each(|(to, byte)| *to = byte);
    }
    Ok(Copy { format: RecordingFormat::Wav, bytes: size, mended: (0, head), file, at: 0 })
}

/// What is there of a recording that is over.
pub(super) fn measure(data: &Path, tenant: TenantId, name: &str) -> Option<Mended> {
    let file = File::open(file_of(data, tenant, name)?).ok()?;
    let size = file.metadata().ok()?.len();
    let head = head_of(&file, size).ok()?;
    let (format, length) = if is_opus(&head) {
        (RecordingFormat::Opus, opus(&file).ok()??.0.length)
    } else {
        (RecordingFormat::Wav, wav_length(&head, size))
    };
    Some(Mended { tenant, name: name.to_owned(), format, length, bytes: size })
}

/// Recordings that were cut off when the exchange last ended.
pub(super) fn recover(data: &Path) -> Vec<Mended> {
    let mut all = Vec::new();
    let Ok(tenants) = fs::read_dir(data.join("tenants")) else { return all };
    for folder in tenants.flatten() {
        let Some(tenant) = folder.file_name().to_str().and_then(|name| name.parse().ok()).map(TenantId) else {
            continue;
        };
        let Ok(files) = fs::read_dir(folder.path().join("recordings")) else { continue };
        for part in files.flatten().map(|file| file.path()).filter(|path| path.extension().is_some_and(|e| e == "part"))
        {
            let Some(name) = part.file_stem().and_then(|name| name.to_str()).map(str::to_owned) else { continue };
            match mend_file(&part, |format| part.with_file_name(file_name(&name, format))) {
                Ok(Some(Saved { format, length, bytes })) => {
                    tracing::info!(file = %part.display(), ?length, "a recording that was cut off is mended");
                    all.push(Mended { tenant, name, format, length, bytes });
                }
                Ok(None) => tracing::info!(file = %part.display(), "a recording without sound is gone"),
                Err(error) => tracing::warn!(file = %part.display(), %error, "a recording that was cut off stays so"),
            }
        }
    }
    all
}

/// Mends a file that was cut off and gives it its name. One without sound is removed, and what had the name stays.
pub(super) fn mend_file(part: &Path, whole: impl Fn(RecordingFormat) -> PathBuf) -> io::Result<Option<Saved>> {
    let file = OpenOptions::new().read(true).write(true).open(part)?;
    let size = file.metadata()?.len();
    let head = head_of(&file, size)?;
    let saved = if is_opus(&head) { mend_ogg(&file)? } else { mend_wav(&file, &head, size)? };
    let Some(saved) = saved.filter(|saved| !saved.length.is_zero()) else {
        return fs::remove_file(part).map(|()| None);
    };
    file.sync_all()?;
    name(part, &whole(saved.format))?;
    Ok(Some(saved))
}

/// Gives a whole file its name, in one step, in the place of what had it in either format.
pub(super) fn name(part: &Path, whole: &Path) -> io::Result<()> {
    fs::rename(part, whole)?;
    for format in [RecordingFormat::Wav, RecordingFormat::Opus] {
        let other = whole.with_extension(format.as_str());
        if other != whole && other.exists() {
            fs::remove_file(other)?;
        }
    }
    whole.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn head_of(file: &File, size: u64) -> io::Result<Vec<u8>> {
    let mut head = vec![0; HEAD.min(usize::try_from(size).unwrap_or(HEAD))];
    file.read_exact_at(&mut head, 0)?;
    Ok(head)
}

fn is_opus(head: &[u8]) -> bool {
    head.starts_with(b"OggS")
}

fn mend_wav(file: &File, head: &[u8], size: u64) -> io::Result<Option<Saved>> {
    let Ok(patches) = mend(head, size) else { return Ok(None) };
    for (at, bytes) in patches.into_iter().flatten() {
        file.write_all_at(&bytes, at)?;
    }
    Ok(Some(Saved { format: RecordingFormat::Wav, length: wav_length(head, size), bytes: size }))
}

fn wav_length(head: &[u8], size: u64) -> Duration {
    // Bytes a second, as every WAV's header of ours says at this place.
    let pace = head.get(28..32).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes);
    let sound = size.saturating_sub(HEADER).saturating_mul(1_000).checked_div(u64::from(pace)).unwrap_or(0);
    Duration::from_millis(sound)
}

fn mend_ogg(file: &File) -> io::Result<Option<Saved>> {
    let Some((saved, (at, page))) = opus(file)? else { return Ok(None) };
    file.write_all_at(&page, at)?;
    file.set_len(saved.bytes)?;
    Ok(Some(saved))
}

/// The whole pages of a file, and its last one, marked as such, with its place.
fn opus(file: &File) -> io::Result<Option<(Saved, Patch)>> {
    let (mut bytes, mut file) = (Vec::new(), file);
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut bytes)?;
    Ok(mend_opus(&bytes).map(|mended| {
        let saved = Saved { format: RecordingFormat::Opus, length: mended.length, bytes: mended.size };
        (saved, mended.last)
    }))
}

#[cfg(test)]
mod tests {
    use media::record::{Format, Layout, Settings};
    use media::{Rate, Recorder, Sound};

    use super::*;
    use crate::media::recordings::disk::{create, make_folder};

    const TENANT: TenantId = TenantId(7);

    /// A recording of 2.5 s that nobody ended; `cut` bytes of what was written are lost.
    fn cut_off(data: &Path, name: &str, settings: Settings, cut: u64) -> PathBuf {
        let folder = recordings_of(data, TENANT);
        make_folder(&folder).expect("a folder");
        let part = folder.join(format!("{name}.part"));
        let file = create(&part).expect("a file");
        let mut recorder = Recorder::new(settings).expect("a recorder");
        for n in 0..125_i16 {
            recorder.handle_frame(Some(&[1_000 + n; 160]), Some(&[2_000 + n; 160]));
            while let Some(write) = recorder.poll() {
                file.write_all_at(write.bytes, write.at).expect("written");
            }
        }
        let size = file.metadata().expect("its size").len();
        file.set_len(size - cut).expect("shorter");
        part
    }

    fn opus_settings() -> Settings {
        let format = Format::Opus { bitrate: 40_000, serial: 5 };
        Settings { format, layout: Layout::Stereo, ..Settings::wav(Rate::Narrow) }
    }

    fn decoded(bytes: &[u8]) -> Sound {
        Sound::decode(bytes, Rate::Narrow, &media::sound::Limits::default()).expect("sound")
    }

    #[test]
    fn a_recording_that_was_cut_off_is_mended_at_the_next_start() {
        let data = tempfile::TempDir::new().expect("a folder");
        let part = cut_off(data.path(), "memo", Settings { layout: Layout::Near, ..Settings::wav(Rate::Narrow) }, 0);
        let mended = recover(data.path());
        let bytes = fs::read(part.with_extension("wav")).expect("the recording");
        let sound = decoded(&bytes);
        assert!(!part.exists() && !sound.damage().cut);
        assert_eq!(sound.length(), Duration::from_secs(2), "all but what had not been written");
        let (length, size) = (sound.length(), bytes.len() as u64);
        let format = RecordingFormat::Wav;
        let expected = Mended { tenant: TENANT, name: "memo".to_owned(), format, length, bytes: size };
        assert_eq!(mended.first(), Some(&expected));
        assert_eq!(measure(data.path(), TENANT, "memo"), Some(expected));
    }

    #[test]
    fn one_of_opus_that_was_cut_in_a_page_ends_with_the_page_before() {
        let data = tempfile::TempDir::new().expect("a folder");
        let part = cut_off(data.path(), "call", opus_settings(), 100);
        let mended = recover(data.path());
        let bytes = fs::read(part.with_extension("opus")).expect("the recording");
        let sound = decoded(&bytes);
        assert!(!sound.damage().cut, "{:?}", sound.damage());
        // Two pages of a second had been written, and the second was cut.
        let expected = Duration::from_millis(990)..Duration::from_millis(1_010);
        assert!(expected.contains(&mended[0].length), "{mended:?}");
        assert!(mended[0].length.abs_diff(sound.length()) <= Duration::from_millis(1), "{:?}", sound.length());
        assert_eq!(measure(data.path(), TENANT, "call").as_ref(), mended.first());
    }

    #[test]
    fn one_without_sound_is_gone_and_what_had_its_name_stays() {
        let data = tempfile::TempDir::new().expect("a folder");
        let part = cut_off(data.path(), "memo", Settings::wav(Rate::Narrow), 0);
        fs::write(part.with_extension("opus"), b"an older one").expect("written");
        for size in [0, 20, 44] {
            OpenOptions::new().write(true).open(&part).expect("a file").set_len(size).expect("shorter");
            assert_eq!(recover(data.path()), [], "{size} bytes");
            assert!(!part.exists() && part.with_extension("opus").exists() && !part.with_extension("wav").exists());
            create(&part).expect("a file");
        }
    }

    #[test]
    fn a_copy_of_one_that_grows_is_whole_by_now() {
        let data = tempfile::TempDir::new().expect("a folder");
        let settings = Settings { layout: Layout::Near, ..Settings::wav(Rate::Narrow) };
        for (name, settings) in [("memo", settings), ("call", opus_settings())] {
            let part = cut_off(data.path(), name, settings, 10);
            let mut copied = copy(data.path(), TENANT, name).expect("a copy");
            let mut bytes = Vec::new();
            loop {
                let piece = copied.read(700).expect("a piece");
                if piece.is_empty() {
                    break;
                }
                bytes.extend(piece);
            }
            assert_eq!(bytes.len() as u64, copied.bytes);
            let sound = decoded(&bytes);
            assert!(
                !sound.damage().cut && sound.length() >= Duration::from_millis(990),
                "{name}: {:?}",
                sound.length()
            );
            assert!(part.exists(), "it goes on");
        }
        for name in ["../memo", "memo.part", "", "none"] {
            assert_eq!(
                copy(data.path(), TENANT, name).err().map(|e| e.kind()),
                Some(io::ErrorKind::NotFound),
                "{name}"
            );
        }
    }
}
