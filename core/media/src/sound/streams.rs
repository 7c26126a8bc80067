//! What symphonia reads: PCM, ADPCM, MP3, FLAC, Vorbis, AAC.

use std::io::{Cursor, ErrorKind, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream, ReadOnlySource};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;
use symphonia::default::{get_codecs, get_probe};

use super::mono::Mono;
use super::{Damage, SoundError};

/// After so many packets in a row that give nothing, nothing more is expected.
const BARREN: u32 = 2_000;

/// Decodes a whole file.
pub(crate) fn decode(bytes: &[u8], mono: &mut Mono<'_>) -> Result<Damage, SoundError> {
    Decoding::open(Box::new(Cursor::new(bytes)), bytes.len())?.run(mono)
}

/// Decodes a WAV by a header of our own and the data of the file's.
pub(crate) fn decode_wav(header: &[u8], data: &[u8], mono: &mut Mono<'_>) -> Result<Damage, SoundError> {
    let source = Box::new(ReadOnlySource::new(header.chain(data)));
    Decoding::open(source, data.len())?.run(mono)
}

struct Decoding<'a> {
    reader: Box<dyn FormatReader + 'a>,
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    /// How many packets may come, and how many bytes they may have: a table of places in a file can name the same
    /// bytes over and over.
    packets_left: usize,
    bytes_left: usize,
    barren: u32,
    damage: Damage,
    /// Where the next packet begins, by the clock of the file.
    next: Option<i64>,
    /// How many frames the file says that it has, and how many were decoded.
    promised: Option<u64>,
    decoded: u64,
    interleaved: Vec<f32>,
}

impl<'a> Decoding<'a> {
    fn open(source: Box<dyn MediaSource + 'a>, size: usize) -> Result<Self, SoundError> {
        let stream = MediaSourceStream::new(source, Default::default());
        let (format, meta) = (FormatOptions::default(), MetadataOptions::default());
        let reader = get_probe().probe(&Hint::new(), stream, format, meta).map_err(|error| refused(&error))?;
        let (track, decoder) = find(reader.as_ref())?;
        let promised = reader.tracks().iter().find(|one| one.id == track).and_then(|track| track.num_frames);
        Ok(Self {
            reader,
            next: None,
            promised,
            decoded: 0,
            decoder,
            track,
            packets_left: size.saturating_add(10_000),
            bytes_left: size.saturating_mul(4).saturating_add(1 << 20),
            barren: 0,
            damage: Damage::default(),
            interleaved: Vec::new(),
        })
    }

    fn run(mut self, mono: &mut Mono<'_>) -> Result<Damage, SoundError> {
        while self.barren < BARREN {
            match self.reader.next_packet() {
                Ok(Some(packet)) => self.packet(&packet, mono)?,
                Ok(None) => {
                    // Where lengths are guessed from bytes they may be a little off.
                    let promised = self.promised.unwrap_or(0);
                    self.damage.cut |= self.decoded < promised - promised / 10;
                    return Ok(self.damage);
                }
                // A stream that follows another in the same file.
                Err(Error::ResetRequired) => {
                    (self.track, self.decoder) = find(self.reader.as_ref())?;
                    (self.next, self.promised) = (None, None);
                    self.barren += 1;
                }
                Err(Error::IoError(error)) if error.kind() == ErrorKind::UnexpectedEof => break,
                Err(_) => self.lose(mono),
            }
        }
        self.damage.cut = true;
        Ok(self.damage)
    }

    fn lose(&mut self, mono: &Mono<'_>) {
        self.damage.lose(mono.time());
        self.barren += 1;
    }

    fn packet(&mut self, packet: &Packet, mono: &mut Mono<'_>) -> Result<(), SoundError> {
        let spent = || SoundError::Lying("it plays the same bytes over and over".into());
        self.packets_left = self.packets_left.checked_sub(1).ok_or_else(spent)?;
        self.bytes_left = self.bytes_left.checked_sub(packet.data.len()).ok_or_else(spent)?;
        if packet.track_id != self.track {
            self.barren += 1;
            return Ok(());
        }
        // Readers pass over what is damaged without a word, but their clock shows it. Before 0 is what a codec needs to
        // get going.
        let begin = packet.pts.get();
        if self.next.is_some_and(|next| (0..begin).contains(&next)) {
            self.damage.lose(mono.time());
        }
        self.next = i64::try_from(packet.dur.get()).ok().and_then(|length| begin.checked_add(length));
        let decoder = &mut self.decoder;
        // Some decoders panic on what they did not expect. Such a packet is lost, and the decoder with it.
        let Ok(decoded) = catch_unwind(AssertUnwindSafe(|| decoder.decode(packet).map(|_| ()))) else {
            self.lose(mono);
            (self.track, self.decoder) = find(self.reader.as_ref())?;
            return Ok(());
        };
        match decoded {
            Ok(()) => {}
            // Symphonia: a decoder goes on with the next packet after these, and after no other.
            Err(Error::DecodeError(_) | Error::IoError(_)) => {
                self.lose(mono);
                return Ok(());
            }
            Err(error) => return Err(refused(&error)),
        }
        let buffer = self.decoder.last_decoded();
        if buffer.frames() == 0 {
            self.barren += 1;
            return Ok(());
        }
        self.barren = 0;
        self.decoded += buffer.frames() as u64;
        let (hz, voices) = (buffer.spec().rate(), buffer.spec().channels().count());
        mono.limits().allow(hz, voices)?;
        buffer.copy_to_vec_interleaved(&mut self.interleaved);
        mono.take(hz, voices, &self.interleaved)
    }
}

/// The decoder of the track that is to be heard.
fn find(reader: &dyn FormatReader) -> Result<(u32, Box<dyn AudioDecoder>), SoundError> {
    let no_sound = || SoundError::Lying("it has no sound".into());
    let track = reader.default_track(TrackType::Audio).ok_or_else(no_sound)?;
    let Some(CodecParameters::Audio(parameters)) = &track.codec_params else {
        return Err(no_sound());
    };
    let decoder = get_codecs()
        .make_audio_decoder(parameters, &AudioDecoderOptions::default())
        .map_err(|error| refused(&error))?;
    Ok((track.id, decoder))
}

/// What a refusal to read or decode a file at all means.
fn refused(error: &Error) -> SoundError {
    match error {
        Error::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => SoundError::Truncated,
        Error::Unsupported(what) if what.contains("core (probe)") => SoundError::Unknown,
        Error::Unsupported(what) if what.contains("missing") => SoundError::Lying((*what).into()),
        Error::Unsupported(what) | Error::LimitError(what) => SoundError::Unsupported((*what).into()),
        Error::DecodeError(what) => SoundError::Lying((*what).into()),
        Error::IoError(_) | Error::SeekError(_) | Error::ResetRequired | _ => {
            SoundError::Lying("it points to where nothing is".into())
        }
    }
}
