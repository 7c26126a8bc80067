//! Opus in Ogg (RFC 7845), a page each second: cut anywhere, all whole pages can be heard.

use opus_pure::{Application, MAX_PACKET_BYTES, OpusEncoder, OpusHead};

use std::time::Duration;

use super::Write;
use crate::ogg::{self, Found, Page, Pages};
use crate::pcm::Rate;

/// Packets of 20 ms a page.
const PACKETS: u32 = 50;
/// Opus counts in 48 kHz whatever it encodes from (§4).
const TICKS: i64 = 960;

/// What is whole of a file whose writer was cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mended {
    /// How many bytes of it: all up to the last whole page.
    pub size: u64,
    /// How long it sounds.
    pub length: Duration,
    /// Where its last page is, and the page marked as the last.
    pub last: (u64, Vec<u8>),
}

/// Finds what is whole of a file of Opus in Ogg, as [`Recorder`](super::Recorder) makes it. `None` when it has no page of
/// sound.
#[must_use]
pub fn mend_opus(bytes: &[u8]) -> Option<Mended> {
    let mut pages = Pages::new(bytes);
    let (mut skip, mut last, mut begin) = (None, None, 0);
    while let Some(found) = pages.next() {
        let Found::Page(page) = found else { break };
        let end = bytes.len() - pages.left();
        match skip {
            // RFC 7845 §5.1: how many samples at the beginning are not to be heard.
            None => {
                let head = page.body.strip_prefix(b"OpusHead")?;
                skip = Some(i64::from(u16::from_le_bytes([*head.get(2)?, *head.get(3)?])));
            }
            // The page of comments has none of the sound.
            Some(_) if page.granule <= 0 => {}
            Some(_) => last = Some((begin, end, page)),
        }
        begin = end;
    }
    let (begin, end, page) = last?;
    let samples = u64::try_from(page.granule.saturating_sub(skip?)).unwrap_or(0);
    let length = Duration::from_micros(samples.saturating_mul(1_000) / 48);
    let mut marked = Vec::with_capacity(end - begin);
    ogg::write(&Page { flags: page.flags | ogg::LAST, ..page }, &mut marked);
    Some(Mended { size: end as u64, length, last: (begin as u64, marked) })
}

/// Writes one file.
pub(super) struct Writer {
    encoder: OpusEncoder,
    frame: usize,
    voices: usize,
    serial: u32,
    sequence: u32,
    pre_skip: u16,
    /// Samples at 48 kHz in all packets, and in those up to the last on the page.
    granule: i64,
    /// The newest packet waits: it may be the one that the file ends with (§4.4).
    last: Vec<u8>,
    segments: Vec<u8>,
    body: Vec<u8>,
    count: u32,
    room: Vec<u8>,
    /// Bytes that wait to be written.
    out: Vec<u8>,
    place: u64,
    lent: bool,
    frames: i64,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("sequence", &self.sequence).field("place", &self.place).finish_non_exhaustive()
    }
}

impl Writer {
    pub(super) fn new(rate: Rate, voices: u16, bitrate: u32, serial: u32) -> Result<Self, opus_pure::Error> {
        let hz = i32::try_from(rate.hz()).unwrap_or(48_000);
        let mut encoder = OpusEncoder::new(hz, usize::from(voices), Application::Voip)?;
        encoder.bitrate_bps = i32::try_from(bitrate.clamp(6_000, 510_000)).unwrap_or(24_000);
        encoder.complexity = 5;
        let head = OpusHead::for_encoder(&encoder, rate.hz());
        let mut writer = Self {
            encoder,
            frame: rate.frame() * usize::from(voices),
            voices: usize::from(voices),
            serial,
            sequence: 0,
            pre_skip: head.pre_skip,
            granule: 0,
            last: Vec::with_capacity(MAX_PACKET_BYTES),
            segments: Vec::with_capacity(ogg::MAX_SEGMENTS),
            body: Vec::with_capacity(ogg::MAX_SEGMENTS * 255),
            count: 0,
            room: vec![0; MAX_PACKET_BYTES],
            out: Vec::with_capacity(ogg::MAX_SEGMENTS * 256 + 100),
            place: 0,
            lent: false,
            frames: 0,
        };
        writer.headers(rate.hz(), voices);
        Ok(writer)
    }

    /// §5.1 and §5.2: who we are and what we say, each alone on its page.
    fn headers(&mut self, hz: u32, voices: u16) {
        self.body.extend_from_slice(b"OpusHead");
        self.body.extend_from_slice(&[1, u8::try_from(voices).unwrap_or(1)]);
        self.body.extend_from_slice(&self.pre_skip.to_le_bytes());
        self.body.extend_from_slice(&hz.to_le_bytes());
        // No gain, and mapping family 0.
        self.body.extend_from_slice(&[0, 0, 0]);
        ogg::lace(self.body.len(), &mut self.segments);
        self.page(ogg::FIRST, 0);
        let vendor = b"strowger";
        self.body.extend_from_slice(b"OpusTags");
        self.body.extend_from_slice(&u32::try_from(vendor.len()).unwrap_or(0).to_le_bytes());
        self.body.extend_from_slice(vendor);
        self.body.extend_from_slice(&[0; 4]);
        ogg::lace(self.body.len(), &mut self.segments);
        self.page(0, 0);
    }

    /// How many bytes the file has, those that wait for their page left out.
    pub(super) fn size(&self) -> u64 {
        self.place + if self.lent { 0 } else { self.out.len() as u64 }
    }

    /// Takes a frame of 20 ms, its voices interleaved.
    pub(super) fn append(&mut self, samples: &[i16]) {
        self.frames += 1;
        self.encode(samples);
    }

    fn encode(&mut self, samples: &[i16]) {
        self.settle();
        self.shelve();
        let frame = self.frame / self.voices;
        match self.encoder.encode_s16(samples, frame, &mut self.room) {
            Ok(size) => self.last.extend_from_slice(self.room.get(..size).unwrap_or_default()),
            // RFC 6716 §3.1, §3.4: 20 ms of wideband SILK with no bytes; a decoder fills them in.
            Err(_) => self.last.push(if self.voices == 2 { 0x4c } else { 0x48 }),
        }
    }

    /// Puts the packet that waited on its page, and a full page among what is to be written.
    fn shelve(&mut self) {
        if self.last.is_empty() {
            return;
        }
        if self.count >= PACKETS || self.segments.len() + self.last.len() / 255 + 1 > ogg::MAX_SEGMENTS {
            self.page(0, self.granule);
        }
        ogg::lace(self.last.len(), &mut self.segments);
        self.body.extend_from_slice(&self.last);
        self.last.clear();
        self.granule += TICKS;
        self.count += 1;
    }

    /// §4.4: the decoder runs behind, so silence follows to push the last samples out, and the last page says where
    /// they end.
    pub(super) fn finish(&mut self, silence: &[i16]) {
        let end = i64::from(self.pre_skip) + self.frames * TICKS;
        while self.granule + if self.last.is_empty() { 0 } else { TICKS } < end.max(1) {
            self.encode(silence);
        }
        self.shelve();
        self.page(ogg::LAST, end);
    }

    fn page(&mut self, flags: u8, granule: i64) {
        self.settle();
        let page = Page {
            flags,
            granule,
            serial: self.serial,
            sequence: self.sequence,
            segments: &self.segments,
            body: &self.body,
        };
        ogg::write(&page, &mut self.out);
        self.sequence = self.sequence.wrapping_add(1);
        self.segments.clear();
        self.body.clear();
        self.count = 0;
    }

    fn settle(&mut self) {
        if self.lent {
            self.out.clear();
            self.lent = false;
        }
    }

    pub(super) fn poll(&mut self) -> Option<Write<'_>> {
        self.settle();
        if self.out.is_empty() {
            return None;
        }
        let at = self.place;
        self.place += self.out.len() as u64;
        self.lent = true;
        Some(Write { at, bytes: &self.out })
    }
}
