//! The audio of messages and greetings: read, joined and taken in.

use std::io;
use std::time::Duration;

use media::record::{Format, Layout, Settings};
use media::sound::Limits;
use media::{Rate, Recorder, Sound};
use store::Measured;
use switch::{RecordingFormat, TenantId};

use super::Mailroom;
use super::reels::mint;
use crate::media::Recordings;

/// So much silence lies between a comment and what it is about.
const PAUSE: Duration = Duration::from_millis(500);
/// A file is read in pieces of so many bytes.
const PIECE: usize = 1 << 20;

/// Why audio from outside was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TakeFault {
    /// It is no audio that can be played.
    #[error("it cannot be played: {0}")]
    Unplayable(String),
    /// It cannot be written.
    #[error("it cannot be written: {0}")]
    Unwritable(#[from] io::Error),
    /// The system gave no random numbers.
    #[error("the system gives no random numbers: {0}")]
    NoName(#[from] getrandom::Error),
}

/// All bytes of a recording; reads the disk.
pub(crate) fn bytes_of(recordings: &Recordings, tenant: TenantId, name: &str) -> Option<(RecordingFormat, Vec<u8>)> {
    let mut copy = recordings.copy(tenant, name).ok()?;
    let mut bytes = Vec::new();
    loop {
        let piece = copy.read(PIECE).ok()?;
        if piece.is_empty() {
            return Some((copy.format, bytes));
        }
        bytes.extend(piece);
    }
}

/// A recording, decoded; reads the disk.
pub(super) fn read(recordings: &Recordings, tenant: TenantId, name: &str, rate: Rate) -> Option<Sound> {
    let (_, bytes) = bytes_of(recordings, tenant, name)?;
    Sound::decode(&bytes, rate, &Limits::default()).ok()
}

/// What a recording is, and for how long something is said in it; reads the disk. One of which no sound can be made is told
/// as it lies there: what was said in it may be heard by other means.
pub(super) fn measure(
    recordings: &Recordings,
    tenant: TenantId,
    name: &str,
) -> io::Result<Option<(Measured, Option<Duration>)>> {
    if !recordings.finish(tenant, name)? {
        return Ok(None);
    }
    let Some(known) = recordings.measure(tenant, name) else { return Err(io::ErrorKind::InvalidData.into()) };
    let (_, bytes) = bytes_of(recordings, tenant, name).ok_or(io::ErrorKind::InvalidData)?;
    Ok(Some(match Sound::decode(&bytes, Rate::Narrow, &Limits::default()) {
        Ok(sound) => (Measured { length: sound.length(), bytes: known.bytes }, Some(sound.louder_than(super::QUIET))),
        Err(_) => (Measured { length: known.length, bytes: known.bytes }, None),
    }))
}

/// Sound as a file of this format.
pub(crate) fn written(samples: &[i16], rate: Rate, format: Format) -> Option<Vec<u8>> {
    let mut recorder = Recorder::new(Settings { layout: Layout::Mixed, format, ..Settings::wav(rate) }).ok()?;
    let mut file = Vec::new();
    let mut drain = |recorder: &mut Recorder| {
        while let Some(write) = recorder.poll() {
            let at = usize::try_from(write.at).unwrap_or(usize::MAX);
            let end = at.saturating_add(write.bytes.len());
            if file.len() < end {
                file.resize(end, 0);
            }
            file.iter_mut().skip(at).zip(write.bytes).for_each(|(to, byte)| *to = *byte);
        }
    };
    let mut frame = vec![0; rate.frame()];
    for piece in samples.chunks(rate.frame()) {
        frame.fill(0);
        frame.iter_mut().zip(piece).for_each(|(to, sample)| *to = *sample);
        recorder.handle_frame(Some(&frame), None);
        drain(&mut recorder);
    }
    recorder.stop();
    drain(&mut recorder);
    Some(file)
}

impl Mailroom {
    /// Takes audio from outside as a recording of a mailbox: on the disk when this returns. Its name, and what it comes to.
    pub(crate) async fn take(&self, tenant: TenantId, bytes: Vec<u8>) -> Result<(String, Measured), TakeFault> {
        let (recordings, name) = (self.recordings.clone(), mint()?);
        let kept = name.clone();
        let written = self.runtime.spawn_blocking(move || {
            let sound = Sound::decode(&bytes, Rate::Narrow, &Limits::default());
            let length = sound.map_err(|error| TakeFault::Unplayable(error.to_string()))?.length();
            // RFC 3533 §6: what begins an Ogg page. All else becomes, or is, WAV.
            let format = if bytes.starts_with(b"OggS") { RecordingFormat::Opus } else { RecordingFormat::Wav };
            let bytes = if format == RecordingFormat::Opus || bytes.starts_with(b"RIFF") {
                bytes
            } else {
                let wide = Sound::decode(&bytes, Rate::Wide, &Limits::default());
                let wide = wide.map_err(|error| TakeFault::Unplayable(error.to_string()))?;
                let why = || TakeFault::Unplayable("it cannot be written as WAV".to_owned());
                self::written(wide.samples(), Rate::Wide, Format::Wav).ok_or_else(why)?
            };
            recordings.put(tenant, &kept, format, &bytes)?;
            Ok::<_, TakeFault>(Measured { length, bytes: bytes.len() as u64 })
        });
        let measured = written.await.map_err(|_| TakeFault::Unplayable("it breaks its decoder".to_owned()))??;
        Ok((name, measured))
    }

    /// A copy of a recording, with a comment before it; its name, and what it comes to.
    pub(super) async fn copy(
        &self,
        tenant: TenantId,
        recording: &str,
        comment: Option<&str>,
    ) -> Option<(String, Measured)> {
        let (recordings, name) = (self.recordings.clone(), recording.to_owned());
        let comment = comment.map(str::to_owned);
        let bytes = self.runtime.spawn_blocking(move || {
            let Some(comment) = comment else { return bytes_of(&recordings, tenant, &name).map(|(_, bytes)| bytes) };
            let [before, own] = [&comment, &name].map(|name| read(&recordings, tenant, name, Rate::Wide));
            let mut samples = before.map(|sound| sound.samples().to_vec()).unwrap_or_default();
            samples.extend(std::iter::repeat_n(0, Rate::Wide.samples(PAUSE)));
            samples.extend_from_slice(own?.samples());
            written(&samples, Rate::Wide, Format::Wav)
        });
        let bytes = bytes.await.ok().flatten()?;
        match self.take(tenant, bytes).await {
            Ok(taken) => Some(taken),
            Err(error) => {
                tracing::error!(%error, tenant = tenant.0, "a message cannot be copied");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_that_is_written_is_read_again() {
        let samples: Vec<i16> = (0..16_000).map(|at: i32| ((at * 37) % 4_000 - 2_000) as i16).collect();
        let wav = written(&samples, Rate::Wide, Format::Wav).expect("WAV");
        let again = Sound::decode(&wav, Rate::Wide, &Limits::default()).expect("sound");
        assert_eq!(again.samples(), samples);
        let opus = written(&samples, Rate::Wide, Format::Opus { bitrate: 24_000, serial: 7 }).expect("Opus");
        let again = Sound::decode(&opus, Rate::Wide, &Limits::default()).expect("sound");
        assert!(again.length().abs_diff(Duration::from_secs(1)) < Duration::from_millis(40), "{:?}", again.length());
        assert!(opus.len() < wav.len() / 4);
    }
}
