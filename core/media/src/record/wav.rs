//! WAV of 16 bits, written so that it can be read at any moment, and mended when its writer was cut off.

use super::Write;
use crate::pcm::Rate;

/// A header with a plain format and nothing else.
const HEADER: usize = 44;
/// Where the samples begin.
const BODY: u64 = 44;
/// What stands for a length that is not known yet; players read to the end of the file.
const STREAMED: u32 = 0x7fff_f000;
/// Seconds of sound between two writes.
const BLOCK: usize = 1;
/// Blocks between two headers.
const HEADER_EVERY: u32 = 2;

/// What is to be written next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lent {
    Nothing,
    Body,
}

/// Writes one file.
#[derive(Debug)]
pub(super) struct Writer {
    voices: u16,
    hz: u32,
    /// Bytes that wait to be written.
    body: Vec<u8>,
    block: usize,
    /// Bytes of sound that were written.
    place: u64,
    blocks: u32,
    header: [u8; HEADER],
    lent: Lent,
    begun: bool,
    finished: bool,
    closed: bool,
}

impl Writer {
    pub(super) fn new(rate: Rate, voices: u16) -> Self {
        let hz = rate.hz();
        let block = hz as usize * usize::from(voices) * 2 * BLOCK;
        Self {
            voices,
            hz,
            body: Vec::with_capacity(block + block / 10),
            block,
            place: 0,
            blocks: 0,
            header: header(hz, voices, STREAMED),
            lent: Lent::Nothing,
            begun: false,
            finished: false,
            closed: false,
        }
    }

    /// How many bytes the file will have.
    pub(super) fn size(&self) -> u64 {
        let waiting = if self.lent == Lent::Body { 0 } else { self.body.len() as u64 };
        BODY + self.place + waiting
    }

    pub(super) fn append(&mut self, samples: &[i16]) {
        self.settle();
        self.body.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    }

    pub(super) fn finish(&mut self) {
        self.finished = true;
    }

    fn settle(&mut self) {
        if self.lent == Lent::Body {
            self.body.clear();
            self.lent = Lent::Nothing;
        }
    }

    /// What is to be written: the samples first, and only then the header that speaks of them.
    pub(super) fn poll(&mut self) -> Option<Write<'_>> {
        self.settle();
        if !self.begun {
            self.begun = true;
            return Some(Write { at: 0, bytes: &self.header });
        }
        if self.body.len() >= self.block || (self.finished && !self.body.is_empty()) {
            let at = BODY + self.place;
            self.place += self.body.len() as u64;
            self.blocks += 1;
            self.lent = Lent::Body;
            return Some(Write { at, bytes: &self.body });
        }
        if self.blocks >= HEADER_EVERY || (self.finished && !self.closed) {
            (self.blocks, self.closed) = (0, self.finished);
            self.header = header(self.hz, self.voices, u32::try_from(self.place).unwrap_or(u32::MAX));
            return Some(Write { at: 0, bytes: &self.header });
        }
        None
    }
}

fn header(hz: u32, voices: u16, data: u32) -> [u8; HEADER] {
    let align = voices * 2;
    let mut header = [0; HEADER];
    let fields: [&[u8]; 13] = [
        b"RIFF",
        &data.saturating_add(36).to_le_bytes(),
        b"WAVE",
        b"fmt ",
        &16_u32.to_le_bytes(),
        &1_u16.to_le_bytes(),
        &voices.to_le_bytes(),
        &hz.to_le_bytes(),
        &hz.saturating_mul(u32::from(align)).to_le_bytes(),
        &align.to_le_bytes(),
        &16_u16.to_le_bytes(),
        b"data",
        &data.to_le_bytes(),
    ];
    let bytes = fields.into_iter().flatten();
    header.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    header
}

/// What mends a file: four bytes each, and where they go.
pub type Patch = (u64, [u8; 4]);

/// Why a file cannot be mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MendError {
    /// It does not begin as a WAV does.
    #[error("the file is no WAV")]
    NoWav,
    /// It ends before its sound begins, or the sound begins behind the bytes given.
    #[error("the file has no sound")]
    NoSound,
}

/// Finds what is wrong with the lengths of a WAV whose writer was cut off: `head` is its beginning, a few hundred
/// bytes, and `size` how many it has in all. `None` when nothing is.
///
/// # Errors
///
/// [`MendError`] when it is no WAV, or has no sound.
pub fn mend(head: &[u8], size: u64) -> Result<Option<[Patch; 2]>, MendError> {
    if !head.starts_with(b"RIFF") || head.get(8..12) != Some(b"WAVE") {
        return Err(MendError::NoWav);
    }
    let long = |at: usize| head.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
    let (mut at, mut align) = (12_usize, 1);
    loop {
        let id = head.get(at..at + 4).ok_or(MendError::NoSound)?;
        let length = long(at + 4).ok_or(MendError::NoSound)?;
        if id == b"data" {
            break;
        }
        if id == b"fmt " {
            let field = head.get(at + 20..at + 22).and_then(|bytes| bytes.try_into().ok());
            align = field.map_or(1, u16::from_le_bytes).max(1);
        }
        let step = 8 + u64::from(length) + u64::from(length % 2);
        at = usize::try_from(step).ok().and_then(|step| at.checked_add(step)).ok_or(MendError::NoSound)?;
    }
    let (outer, inner) = (long(4).unwrap_or(0), long(at + 4).unwrap_or(0));
    let begin = at as u64 + 8;
    let rest = size.checked_sub(begin).ok_or(MendError::NoSound)?;
    // Other chunks may follow; then both lengths are right as they stand.
    if u64::from(inner) <= rest && u64::from(outer) + 8 == size {
        return Ok(None);
    }
    let whole = rest - rest % u64::from(align);
    let data = u32::try_from(whole).unwrap_or(u32::MAX);
    let file = u32::try_from(begin - 8 + whole).unwrap_or(u32::MAX);
    if (outer, inner) == (file, data) {
        return Ok(None);
    }
    Ok(Some([(at as u64 + 4, data.to_le_bytes()), (4, file.to_le_bytes())]))
}
