//! Opus in Ogg (RFC 7845). Pages that are missing or broken are passed over.

use opus_pure::{MAX_PACKET_SAMPLES, OpusDecoder};

use super::mono::Mono;
use super::{Damage, SoundError};
use crate::ogg::{self, Found, Packets, Page, Pages};

/// Opus counts in 48 kHz whatever it decodes to (§4).
const CLOCK: u64 = 48_000;

/// One stream of a file; a file may have one after the other (§7.2, chained).
struct Stream {
    serial: u32,
    voices: usize,
    decoder: OpusDecoder,
    packets: Packets,
    /// The header's packets that are still to come: `OpusTags`.
    headers: u32,
    /// Samples at the output's rate that come before the sound (§4.2).
    skip: usize,
    pre_skip: u64,
    /// Where the stream's first sample is, counted in its granules; it need not begin at 0 (§4.5).
    base: Option<i64>,
    /// Samples that were decoded, at the output's rate.
    decoded: u64,
    begin: usize,
    lost: u32,
}

pub(crate) fn decode(bytes: &[u8], mono: &mut Mono<'_>) -> Result<Damage, SoundError> {
    let mut damage = Damage::default();
    let mut stream: Option<Stream> = None;
    let mut ended = false;
    let mut room = vec![0_i16; MAX_PACKET_SAMPLES * 2];
    for found in Pages::new(bytes) {
        let at = mono.time();
        match found {
            Found::Junk => damage.lost = damage.lost.saturating_add(1),
            Found::Cut => damage.cut = true,
            Found::Page(page) if page.flags & ogg::FIRST != 0 => {
                // A second stream beside the first is not for us; one after it is.
                if stream.is_none() || ended {
                    let next = Stream::begin(&page, mono)?;
                    if let Some(before) = stream.replace(next) {
                        damage.lost = damage.lost.saturating_add(before.lost + before.packets.gaps);
                    }
                    ended = false;
                }
            }
            Found::Page(page) => {
                if let Some(stream) = stream.as_mut().filter(|stream| stream.serial == page.serial) {
                    stream.page(&page, mono, &mut room)?;
                    ended |= page.flags & ogg::LAST != 0;
                }
            }
        }
        if damage.lost > 0 || stream.as_ref().is_some_and(|stream| stream.lost + stream.packets.gaps > 0) {
            damage.first.get_or_insert(at);
        }
    }
    let stream = stream.ok_or(SoundError::Truncated)?;
    damage.lost = damage.lost.saturating_add(stream.lost + stream.packets.gaps);
    damage.cut |= !ended;
    Ok(damage)
}

impl Stream {
    /// §5.1: the identification header.
    fn begin(page: &Page<'_>, mono: &Mono<'_>) -> Result<Self, SoundError> {
        let lying = |what: &'static str| SoundError::Lying(what.into());
        let head = page.body;
        if !head.starts_with(b"OpusHead") {
            return Err(SoundError::Unsupported("a codec other than Opus after Opus".into()));
        }
        let byte = |at: usize| head.get(at).copied().ok_or(SoundError::Truncated);
        // The upper four bits are the version that one must know.
        if byte(8)? & 0xf0 != 0 {
            return Err(SoundError::Unsupported("this version of Ogg Opus".into()));
        }
        let voices = usize::from(byte(9)?);
        mono.limits().allow_voices(voices)?;
        let pre_skip = u16::from_le_bytes([byte(10)?, byte(11)?]);
        let gain = i16::from_le_bytes([byte(16)?, byte(17)?]);
        // §5.1.1: family 0 is one stream of one or two voices.
        if byte(18)? != 0 {
            return Err(SoundError::Unsupported("surround sound in Opus".into()));
        }
        let hz = i32::try_from(mono.rate().hz()).unwrap_or(48_000);
        let mut decoder = OpusDecoder::new(hz, voices).map_err(|_| lying("Opus has one voice or two"))?;
        decoder.gain_q8 = i32::from(gain);
        let mut packets = Packets::default();
        packets.read(page, |_, _| ());
        let pre_skip = u64::from(pre_skip);
        let skip = usize::try_from(pre_skip * u64::from(mono.rate().hz()) / CLOCK).unwrap_or(0);
        let (serial, begin) = (page.serial, mono.len());
        let (headers, base, decoded, lost) = (1, None, 0, 0);
        Ok(Self { serial, voices, decoder, packets, headers, skip, pre_skip, base, decoded, begin, lost })
    }

    fn page(&mut self, page: &Page<'_>, mono: &mut Mono<'_>, room: &mut [i16]) -> Result<(), SoundError> {
        let before = self.decoded;
        let mut packets = std::mem::take(&mut self.packets);
        let mut result = Ok(());
        packets.read(page, |packet, _| {
            if result.is_ok() {
                result = self.packet(packet, mono, room);
            }
        });
        self.packets = packets;
        result?;
        let per = CLOCK / u64::from(mono.rate().hz());
        let here = i64::try_from((self.decoded - before) * per).unwrap_or(0);
        if page.granule >= 0 && here > 0 && self.base.is_none() {
            let is_last = page.flags & ogg::LAST != 0;
            // Where the only page is the last one, it may say less than it has, and begins at 0.
            self.base = Some(if is_last { 0 } else { page.granule.saturating_sub(here).max(0) });
        }
        // §4.4: the last page says where the sound ends, which may be within its last packet.
        if page.flags & ogg::LAST != 0 && page.granule >= 0 && self.lost + self.packets.gaps == 0 {
            let granules = page.granule.saturating_sub(self.base.unwrap_or(0));
            let sound = u64::try_from(granules).unwrap_or(0).saturating_sub(self.pre_skip) / per;
            mono.truncate(self.begin.saturating_add(usize::try_from(sound).unwrap_or(usize::MAX)));
        }
        Ok(())
    }

    fn packet(&mut self, packet: &[u8], mono: &mut Mono<'_>, room: &mut [i16]) -> Result<(), SoundError> {
        if self.headers > 0 {
            // §5.2: the comment header, of which nothing is wanted. Where it is lost, sound comes at once.
            self.headers = 0;
            if packet.starts_with(b"OpusTags") {
                return Ok(());
            }
        }
        let most = room.len() / self.voices;
        // An empty packet is none of Opus; the decoder would take it for a loss.
        let decoded = if packet.is_empty() { Ok(0) } else { self.decoder.decode_s16(packet, most, room) };
        let Ok(count) = decoded else {
            self.lost = self.lost.saturating_add(1);
            return Ok(());
        };
        self.decoded += count as u64;
        let skip = self.skip.min(count);
        self.skip -= skip;
        let frames = room.chunks_exact(self.voices).take(count).skip(skip);
        let voices = i32::try_from(self.voices).unwrap_or(1);
        let mean = |frame: &[i16]| i16::try_from(frame.iter().copied().map(i32::from).sum::<i32>() / voices);
        mono.append(frames.map(|frame| mean(frame).unwrap_or(0)))
    }
}
