//! What kind a file is, by its first bytes.

use super::SoundError;

/// The kinds that have a way of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Wav,
    /// Opus in Ogg.
    Opus,
    /// All that symphonia reads by itself.
    Stream,
}

/// Beginnings of files that are known and not decoded here.
const UNSUPPORTED: &[(&[u8], &str)] = &[
    (b"RIFX", "big-endian WAV"),
    (b"FORM", "AIFF"),
    (b".snd", "Sun audio"),
    (b"#!AMR", "AMR"),
    (b"MThd", "MIDI"),
    (b"\x1a\x45\xdf\xa3", "Matroska"),
    (b"\x30\x26\xb2\x75", "Windows Media"),
    (b"MAC ", "Monkey's Audio"),
    (b"wvpk", "WavPack"),
    (b"caff", "CAF"),
];

/// What may be the first packet of an Ogg stream.
const IN_OGG: &[(&[u8], Result<Kind, &str>)] = &[
    (b"OpusHead", Ok(Kind::Opus)),
    (b"\x01vorbis", Ok(Kind::Stream)),
    (b"\x7fFLAC", Ok(Kind::Stream)),
    (b"Speex   ", Err("Speex")),
    (b"\x80theora", Err("video in Ogg")),
    (b"fishead", Err("Ogg Skeleton")),
];

/// Which kind these bytes are of.
pub(crate) fn kind(bytes: &[u8]) -> Result<Kind, SoundError> {
    if let Some((_, name)) = UNSUPPORTED.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Err(SoundError::Unsupported((*name).into()));
    }
    if [b"RIFF", b"RF64", b"BW64"].iter().any(|magic| bytes.starts_with(*magic)) {
        return Ok(Kind::Wav);
    }
    if bytes.starts_with(b"OggS") {
        return in_ogg(bytes);
    }
    let is_mp4 = bytes.get(4..8) == Some(b"ftyp");
    let first = bytes.first_chunk().copied().map_or(0, u32::from_be_bytes);
    if is_mp4 && u32::try_from(bytes.len()).is_ok_and(|size| size <= first) {
        return Err(SoundError::Truncated);
    }
    if bytes.starts_with(b"fLaC") || bytes.starts_with(b"ID3") || is_mp4 || is_frame(bytes) {
        return Ok(Kind::Stream);
    }
    // The beginning of something that would have been known, had it gone on.
    let begins = |magic: &[u8]| bytes.len() < magic.len() && magic.starts_with(bytes);
    let cut = [&b"RIFF"[..], b"RF64", b"OggS", b"fLaC", b"ID3", b"\xff"].into_iter().any(begins) || bytes == b"\xff";
    Err(if cut { SoundError::Truncated } else { SoundError::Unknown })
}

/// What a file of these bytes ends in, among the endings of prompts; `None` for what is not known here.
#[must_use]
pub fn ending(bytes: &[u8]) -> Option<&'static str> {
    Some(match kind(bytes).ok()? {
        Kind::Wav => "wav",
        Kind::Opus => "opus",
        Kind::Stream if bytes.starts_with(b"OggS") => "ogg",
        Kind::Stream if bytes.starts_with(b"fLaC") => "flac",
        Kind::Stream if bytes.starts_with(b"ID3") => "mp3",
        // ADTS has no layer, MPEG audio has (ISO/IEC 13818-7 §6.2, 11172-3 §2.4.2.3).
        Kind::Stream => match bytes {
            [0xff, second, ..] if second & 0x06 != 0 => "mp3",
            _ => "m4a",
        },
    })
}

/// MPEG audio and ADTS begin with eleven set bits.
fn is_frame(bytes: &[u8]) -> bool {
    matches!(bytes, [0xff, second, ..] if second & 0xe0 == 0xe0)
}

/// The first page holds one packet alone, in Vorbis (§A.2) as in Opus (RFC 7845 §3).
fn in_ogg(bytes: &[u8]) -> Result<Kind, SoundError> {
    let count = bytes.get(26).ok_or(SoundError::Truncated)?;
    let packet =
        bytes.get(27 + usize::from(*count)..).filter(|packet| packet.len() >= 8).ok_or(SoundError::Truncated)?;
    let known = IN_OGG.iter().find(|(magic, _)| packet.starts_with(magic));
    match known {
        Some((_, Ok(kind))) => Ok(*kind),
        Some((_, Err(name))) => Err(SoundError::Unsupported((*name).into())),
        None => Err(SoundError::Unsupported("the codec in this Ogg file".into())),
    }
}
