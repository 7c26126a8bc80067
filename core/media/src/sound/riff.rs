//! The chunks of a WAV file, none of whose lengths is believed.

use super::{Limits, SoundError};

const PCM: u16 = 0x0001;
const MS_ADPCM: u16 = 0x0002;
const FLOAT: u16 = 0x0003;
const A_LAW: u16 = 0x0006;
const MU_LAW: u16 = 0x0007;
const IMA_ADPCM: u16 = 0x0011;
const MP3: u16 = 0x0055;
const EXTENSIBLE: u16 = 0xfffe;

/// Formats that have a name and no decoder here (`mmreg.h`).
const NAMES: &[(u16, &str)] = &[
    (0x0031, "GSM 06.10"),
    (0x0042, "G.723"),
    (0x0045, "G.726"),
    (0x0050, "MPEG layer 2"),
    (0x0064, "G.726"),
    (0x0065, "G.722"),
    (0x0083, "G.729"),
    (0x0161, "Windows Media"),
    (0x028f, "G.722"),
    (0x704f, "Opus"),
];

/// Written where a length is not known yet; less than this is a length.
const STREAMED: u32 = 0x7fff_f000;

/// What a WAV file says of its sound, and the sound.
#[derive(Debug)]
pub(crate) struct Wave<'a> {
    tag: u16,
    voices: u16,
    hz: u32,
    align: u16,
    bits: u16,
    /// What follows the 16 bytes that every format has: the size and the rest.
    extra: &'a [u8],
    pub(crate) data: &'a [u8],
    /// The file ends before its data does.
    pub(crate) cut: bool,
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes)
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

impl<'a> Wave<'a> {
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, SoundError> {
        match bytes.get(8..12) {
            None => return Err(SoundError::Truncated),
            Some(b"WAVE") => {}
            Some(_) => return Err(SoundError::Unsupported("a RIFF file that is no WAV".into())),
        }
        let mut rest = bytes.get(12..).unwrap_or_default();
        let mut format = None;
        let mut long_length = None;
        while let (Some(id), Some(length)) = (rest.get(..4), long(rest, 4)) {
            let body = rest.get(8..).unwrap_or_default();
            match id {
                b"fmt " => format = Some(body.get(..length as usize).ok_or(SoundError::Truncated)?),
                // RF64 (EBU Tech 3306 §3): the data's length of 64 bits.
                b"ds64" => long_length = body.get(8..16).and_then(|size| size.try_into().ok()).map(u64::from_le_bytes),
                b"data" => {
                    let format = format.ok_or(SoundError::Lying("it has data before its format".into()))?;
                    let (data, cut) = data(body, length, long_length);
                    return Self::of(format, data, cut);
                }
                _ => {}
            }
            // Chunks begin at even places.
            let step = (length as usize).saturating_add(length as usize % 2);
            rest = body.get(step..).ok_or(SoundError::Truncated)?;
        }
        Err(SoundError::Truncated)
    }

    fn of(format: &'a [u8], data: &'a [u8], cut: bool) -> Result<Self, SoundError> {
        let short = || SoundError::Lying("its format is too short".into());
        let mut tag = word(format, 0).ok_or_else(short)?;
        let extra = format.get(16..).ok_or_else(short)?;
        if tag == EXTENSIBLE {
            // The format proper is the first word of its GUID.
            tag = word(extra, 8).ok_or_else(short)?;
        }
        let wave = Self {
            tag,
            voices: word(format, 2).ok_or_else(short)?,
            hz: long(format, 4).ok_or_else(short)?,
            align: word(format, 12).ok_or_else(short)?,
            bits: word(format, 14).ok_or_else(short)?,
            extra,
            data,
            cut,
        };
        Ok(wave)
    }

    /// A header that says the same in the plainest way and can be believed; `None` for MP3, which needs none.
    pub(crate) fn header(&self, limits: &Limits) -> Result<Option<Vec<u8>>, SoundError> {
        if self.tag == MP3 {
            return Ok(None);
        }
        let extra = self.checked()?;
        limits.allow(self.hz, usize::from(self.voices))?;
        let data = u32::try_from(self.data.len()).unwrap_or(u32::MAX - 1);
        let format = 16 + u32::try_from(extra.len()).unwrap_or(0);
        let rate = self.hz.saturating_mul(u32::from(self.align));
        let mut header = Vec::with_capacity(64);
        header.extend_from_slice(b"RIFF");
        header.extend_from_slice(&data.saturating_add(format + 20).min(u32::MAX - 1).to_le_bytes());
        header.extend_from_slice(b"WAVEfmt ");
        header.extend_from_slice(&format.to_le_bytes());
        header.extend_from_slice(&self.tag.to_le_bytes());
        header.extend_from_slice(&self.voices.to_le_bytes());
        header.extend_from_slice(&self.hz.to_le_bytes());
        header.extend_from_slice(&rate.to_le_bytes());
        header.extend_from_slice(&self.align.to_le_bytes());
        header.extend_from_slice(&self.bits.to_le_bytes());
        header.extend_from_slice(&extra);
        header.extend_from_slice(b"data");
        header.extend_from_slice(&data.to_le_bytes());
        Ok(Some(header))
    }

    /// Whether the fields fit each other; gives what the format has behind its 16 bytes.
    fn checked(&self) -> Result<Vec<u8>, SoundError> {
        let frame = u32::from(self.voices) * u32::from(self.bits).div_ceil(8);
        let whole = u32::from(self.align) == frame;
        let extra = || {
            let size = usize::from(word(self.extra, 0).unwrap_or(0)) + 2;
            self.extra.get(..size.max(2)).map(<[u8]>::to_vec).unwrap_or_default()
        };
        let (right, extra) = match self.tag {
            PCM => (matches!(self.bits, 8 | 16 | 24 | 32) && whole, Vec::new()),
            FLOAT => (matches!(self.bits, 32 | 64) && whole, Vec::new()),
            A_LAW | MU_LAW => (self.bits == 8 && whole, vec![0, 0]),
            // A block begins with 7 (MS) or 4 (IMA) bytes a voice.
            MS_ADPCM => (self.is_adpcm(7), extra()),
            IMA_ADPCM => (self.is_adpcm(4), extra()),
            tag => {
                let name = NAMES.iter().find(|(known, _)| *known == tag);
                let name = name.map_or_else(|| format!("WAV format {tag:#06x}"), |(_, name)| format!("{name} in WAV"));
                return Err(SoundError::Unsupported(name.into()));
            }
        };
        if self.voices == 0 {
            return Err(SoundError::Voices { voices: 0 });
        }
        if right { Ok(extra) } else { Err(SoundError::Lying("its bits, voices and blocks do not fit".into())) }
    }

    fn is_adpcm(&self, head: u32) -> bool {
        self.bits == 4 && matches!(self.voices, 1 | 2) && u32::from(self.align) > head * u32::from(self.voices)
    }
}

/// What of the bytes behind its header is the data chunk, and whether the end of it is missing.
fn data(body: &[u8], length: u32, long_length: Option<u64>) -> (&[u8], bool) {
    if length == u32::MAX
        && let Some(length) = long_length.and_then(|length| usize::try_from(length).ok())
    {
        return body.get(..length).map_or((body, true), |data| (data, false));
    }
    // A writer that never came back to fill in the length left 0 or a very big one; then the file's end is the data's.
    if length >= STREAMED || (length == 0 && !is_chunk(body)) {
        return (body, false);
    }
    body.get(..length as usize).map_or((body, true), |data| (data, false))
}

/// Whether this could be another chunk: four letters and a length that fits.
fn is_chunk(bytes: &[u8]) -> bool {
    let named = bytes.get(..4).is_some_and(|id| id.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b' '));
    named && long(bytes, 4).is_some_and(|length| length as usize <= bytes.len() - 8)
}
