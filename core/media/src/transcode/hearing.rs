//! What one far end says: RTP packets in, a frame of sound out every 20 ms.

use std::time::Instant;

use rtp_types::RtpPacket;
use thiserror::Error;

use crate::codec::noise::Noise;
use crate::codec::{Codec, Decoder};
use crate::conceal::Concealer;
use crate::jitter::{Arrival, Content, Due, Jitter, JitterConfig, JitterCounts, Playout, Slip, Taken};
use crate::pcm::{FRAME, Rate};
use crate::resample::Resampler;
use crate::stretch;

/// More packets than this are not needed for a frame: some hold no sound.
const STEPS: usize = 32;
/// An Opus packet of so few bytes is silence in discontinuous transmission (RFC 7587 §3.1.3).
const OPUS_SILENCE: usize = 2;
/// The tail of a resampler is over after so many frames of silence.
const TAIL: u8 = 2;

/// What the packets of a payload type hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Sound.
    Sound(Codec),
    /// Comfort noise (RFC 3389).
    Noise,
    /// Telephone events (RFC 4733): not heard here, and not missed.
    Event,
}

/// What a frame is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// What the far end said.
    Sound,
    /// What it may have said: packets are missing.
    Concealed,
    /// The noise that it wants to be heard while it is silent.
    Noise,
    /// Nothing: the frame is all zeros.
    Silence,
}

/// Why a packet is not heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unheard {
    /// No RTP.
    #[error("the packet is no RTP")]
    NotRtp,
    /// Nobody agreed on this payload type.
    #[error("payload type {0} was not agreed on")]
    PayloadType(u8),
    /// The payload is none of its codec.
    #[error("the payload is no packet of {}", .0.name())]
    Malformed(Codec),
}

/// A jitter buffer, the decoders of all codecs that may come, and concealment.
#[derive(Debug)]
pub struct Hearing {
    formats: Vec<(u8, Format)>,
    jitter: Jitter,
    ear: Ear,
    silent: u8,
    /// The last frame holds something that was left behind, or what a filter keeps of it.
    old: bool,
    trails: bool,
}

/// All behind the jitter buffer.
#[derive(Debug)]
struct Ear {
    rate: Rate,
    /// One for each codec that came; a far end may go from one to another without a word.
    voices: Vec<Voice>,
    current: usize,
    noise: Noise,
    comfort: Comfort,
    /// Decoded and not yet given, at the rate of the current voice.
    pending: Vec<i16>,
    last: Heard,
    undecodable: u64,
    /// How many of the pending samples were left behind: those up to here.
    old: usize,
    /// Nothing new has come since.
    left: bool,
}

#[derive(Debug)]
struct Voice {
    decoder: Decoder,
    concealer: Concealer,
    resampler: Resampler,
}

/// What sounds while the far end is silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comfort {
    Nothing,
    /// By RFC 3389.
    Noise,
    /// What the codec makes of it: Opus goes on with the noise of its last packets.
    Codec,
}

impl Hearing {
    /// Hears packets of these payload types and gives sound at `rate`. The seed is for comfort noise: any number, another
    /// one for each leg.
    #[must_use]
    pub fn new(formats: &[(u8, Format)], rate: Rate, config: JitterConfig, seed: u64) -> Self {
        let clock = formats.iter().find_map(|(_, format)| match format {
            Format::Sound(codec) => Some(codec.clock()),
            _ => None,
        });
        Self {
            formats: formats.to_vec(),
            jitter: Jitter::new(config, clock.unwrap_or(Codec::Pcmu.clock())),
            ear: Ear {
                rate,
                voices: Vec::new(),
                current: 0,
                noise: Noise::new(seed),
                comfort: Comfort::Nothing,
                pending: Vec::new(),
                last: Heard::Silence,
                undecodable: 0,
                old: 0,
                left: false,
            },
            silent: 0,
            old: false,
            trails: false,
        }
    }

    /// The rate of the sound that it gives.
    #[must_use]
    pub const fn rate(&self) -> Rate {
        self.ear.rate
    }

    /// The payload types after another agreement. What is buffered stays.
    pub fn set_formats(&mut self, formats: &[(u8, Format)]) {
        self.formats.clear();
        self.formats.extend_from_slice(formats);
    }

    /// From here on it is told apart what was here before, and waits to be heard ([`is_old`](Self::is_old)).
    pub fn leave_behind(&mut self) {
        self.jitter.leave_behind();
        self.ear.old = self.ear.pending.len();
        self.ear.left = self.ear.voice().is_some();
        self.trails = true;
    }

    /// The last frame holds something that was here, or older, when all was left behind: it is up to a frame too careful.
    #[must_use]
    pub const fn is_old(&self) -> bool {
        self.old
    }

    /// The codec that was heard last.
    #[must_use]
    pub fn codec(&self) -> Option<Codec> {
        self.ear.voice().map(|voice| voice.decoder.codec())
    }

    /// Its buffer: counts, target and depth.
    #[must_use]
    pub const fn jitter(&self) -> &Jitter {
        &self.jitter
    }

    /// What the buffer counted.
    #[must_use]
    pub const fn counts(&self) -> JitterCounts {
        self.jitter.counts()
    }

    /// Packets whose payload the decoder refused when it was their turn.
    #[must_use]
    pub const fn undecodable(&self) -> u64 {
        self.ear.undecodable
    }

    /// Takes an RTP packet, whole and in clear.
    ///
    /// # Errors
    ///
    /// The packet is none that can be heard; nothing changed.
    pub fn handle(&mut self, now: Instant, packet: &[u8]) -> Result<Taken, Unheard> {
        let packet = RtpPacket::parse(packet).map_err(|_| Unheard::NotRtp)?;
        let (payload_type, payload) = (packet.payload_type(), packet.payload());
        let content = match self.format(payload_type).ok_or(Unheard::PayloadType(payload_type))? {
            Format::Noise => Content::Quiet(0),
            Format::Event => Content::Event,
            Format::Sound(codec) => {
                let ticks = codec.ticks_of(payload).ok_or(Unheard::Malformed(codec))?;
                self.jitter.set_clock(codec.clock());
                if codec == Codec::Opus && payload.len() <= OPUS_SILENCE {
                    Content::Quiet(ticks)
                } else {
                    Content::Sound(ticks)
                }
            }
        };
        let arrival = Arrival {
            ssrc: packet.ssrc(),
            sequence: packet.sequence_number(),
            timestamp: packet.timestamp(),
            marker: packet.marker_bit(),
            payload_type,
            payload,
            content,
        };
        Ok(self.jitter.handle(now, &arrival))
    }

    /// Gives the next frame, to be asked for every 20 ms: `out` has [`Rate::frame`] samples.
    pub fn poll(&mut self, now: Instant, out: &mut [i16]) -> Heard {
        let slip = self.jitter.slip(now, self.ear.pending_ticks());
        self.fill(now, 1);
        if let Slip::Shrink(_) = slip
            && self.jitter.depth() >= FRAME
        {
            self.fill(now, 2);
        }
        self.apply(slip);
        let old = self.ear.old > 0;
        self.old = old || std::mem::replace(&mut self.trails, old);
        let Some(frame) = self.ear.frame() else {
            out.fill(0);
            return Heard::Silence;
        };
        let heard = self.ear.last;
        self.silent = if heard == Heard::Silence { self.silent.saturating_add(1) } else { 0 };
        let Ear { voices, current, pending, .. } = &mut self.ear;
        let whole = pending.len().min(frame);
        if let Some(voice) = voices.get_mut(*current) {
            if self.silent > TAIL {
                out.fill(0);
                voice.resampler.reset();
            } else {
                let sound = voice.resampler.resample(pending.get(..whole).unwrap_or_default());
                let mut rest = sound.iter().copied();
                out.fill_with(|| rest.next().unwrap_or(0));
            }
        }
        pending.drain(..whole);
        self.ear.old = self.ear.old.saturating_sub(whole);
        heard
    }

    fn format(&self, payload_type: u8) -> Option<Format> {
        self.formats.iter().find(|(known, _)| *known == payload_type).map(|(_, format)| *format)
    }

    /// Decodes or makes up sound until there are so many frames.
    fn fill(&mut self, now: Instant, frames: usize) {
        for _ in 0..STEPS {
            let wanted = self.ear.frame().map(|frame| frame * frames);
            if wanted.is_some_and(|wanted| self.ear.pending.len() >= wanted) {
                return;
            }
            let short = wanted.unwrap_or(0).saturating_sub(self.ear.pending.len());
            match self.jitter.poll(now, self.ear.pending_ticks()) {
                Playout::Packet(due) => {
                    let format = self.formats.iter().find(|(known, _)| *known == due.payload_type);
                    self.ear.hear(&due, format.map(|(_, format)| *format));
                }
                Playout::Lost { ticks, next } => {
                    let samples = self.ear.samples(ticks);
                    self.ear.conceal(samples, next);
                }
                Playout::Starved => {
                    let made = self.ear.conceal(short, None);
                    self.jitter.stood(self.ear.ticks(made));
                }
                Playout::Pause => {
                    self.ear.pause(short);
                    return;
                }
            }
        }
        // Packets without sound, one after another: the frame is not kept waiting for their end.
        let short = self.ear.frame().map_or(0, |frame| (frame * frames).saturating_sub(self.ear.pending.len()));
        self.ear.pause(short);
    }

    fn apply(&mut self, slip: Slip) {
        let Some(rate) = self.ear.voice().map(|voice| voice.decoder.rate()) else { return };
        let pending = &mut self.ear.pending;
        let samples = match slip {
            Slip::None => return,
            Slip::Shrink(urgency) if pending.len() >= rate.frame() * 2 => {
                -(stretch::shrink(pending, rate, urgency).cast_signed() as i64)
            }
            Slip::Shrink(_) => 0,
            Slip::Grow(urgency) => stretch::grow(pending, rate, urgency).cast_signed() as i64,
        };
        // What is put in may be older than what stands before it.
        self.ear.old = match self.ear.old {
            0 => 0,
            old => (old + usize::try_from(samples).unwrap_or(0)).min(self.ear.pending.len()),
        };
        self.jitter.slipped(samples * i64::from(self.jitter.clock()) / i64::from(rate.hz()));
    }
}

impl Ear {
    fn voice(&self) -> Option<&Voice> {
        self.voices.get(self.current)
    }

    /// Samples of a frame at the rate of the current voice.
    fn frame(&self) -> Option<usize> {
        self.voice().map(|voice| voice.decoder.rate().frame())
    }

    fn ticks(&self, samples: usize) -> u32 {
        self.voice().map_or(0, |voice| voice.decoder.codec().ticks_for(samples, voice.decoder.rate()))
    }

    fn samples(&self, ticks: u32) -> usize {
        self.voice().map_or(0, |voice| voice.decoder.codec().samples(ticks, voice.decoder.rate()))
    }

    fn pending_ticks(&self) -> u32 {
        self.ticks(self.pending.len())
    }

    fn hear(&mut self, due: &Due<'_>, format: Option<Format>) {
        match format {
            Some(Format::Sound(codec)) => self.decode(due, codec),
            Some(Format::Noise) => {
                self.left &= due.old;
                self.noise.update(due.payload);
                self.comfort = Comfort::Noise;
            }
            Some(Format::Event) | None => {}
        }
    }

    fn decode(&mut self, due: &Due<'_>, codec: Codec) {
        self.turn_to(codec);
        self.left &= due.old;
        let Some(voice) = self.voices.get_mut(self.current) else { return };
        if due.fresh {
            voice.decoder.reset();
        }
        if due.fresh || due.leapt {
            voice.concealer.cut();
        }
        let start = self.pending.len();
        let samples = codec.samples_of(due.payload, voice.decoder.rate()).unwrap_or(0);
        self.pending.resize(start + samples, 0);
        let room = self.pending.get_mut(start..).unwrap_or_default();
        let decoded = voice.decoder.decode(due.payload, room);
        match decoded {
            Ok(given) => {
                self.pending.truncate(start + given);
                if !voice.decoder.conceals() {
                    voice.concealer.heard(self.pending.get_mut(start..).unwrap_or_default());
                }
                self.last = Heard::Sound;
                let quiet = matches!(due.content, Content::Quiet(_));
                self.comfort = if quiet { Comfort::Codec } else { Comfort::Nothing };
                self.noise.reset();
            }
            Err(_) => {
                self.undecodable += 1;
                self.pending.truncate(start);
                self.conceal(samples, None);
            }
        }
        self.mark_old();
    }

    /// What was made up of what was left behind is left behind too.
    fn mark_old(&mut self) {
        if self.left {
            self.old = self.pending.len();
        }
    }

    /// The voice of this codec is the current one from now on.
    fn turn_to(&mut self, codec: Codec) {
        if self.voice().is_some_and(|voice| voice.decoder.codec() == codec) {
            return;
        }
        let before = self.frame();
        let known = self.voices.iter().position(|voice| voice.decoder.codec() == codec);
        self.current = known.unwrap_or_else(|| {
            self.voices.push(Voice::new(codec, self.rate));
            self.voices.len() - 1
        });
        if let Some(voice) = self.voices.get_mut(self.current) {
            voice.decoder.reset();
            voice.concealer.reset();
            voice.resampler.reset();
        }
        if before != self.frame() {
            // Less than a frame of another rate.
            self.pending.clear();
            self.old = 0;
        }
    }

    /// Makes up so many samples, or a few more, in place of what is missing, and says how many.
    fn conceal(&mut self, samples: usize, next: Option<&[u8]>) -> usize {
        let Some(voice) = self.voices.get_mut(self.current) else { return 0 };
        let start = self.pending.len();
        self.last = Heard::Concealed;
        if !voice.decoder.conceals() {
            self.pending.resize(start + samples, 0);
            voice.concealer.conceal(self.pending.get_mut(start..).unwrap_or_default());
            self.mark_old();
            return samples;
        }
        let samples = samples.next_multiple_of(voice.decoder.rate().frame() / 2);
        self.pending.resize(start + samples, 0);
        let room = self.pending.get_mut(start..).unwrap_or_default();
        match next {
            Some(next) => voice.decoder.recover(next, room),
            None => voice.decoder.conceal(room),
        }
        self.mark_old();
        samples
    }

    /// So many samples of what sounds while the far end is silent.
    fn pause(&mut self, samples: usize) {
        let Some(voice) = self.voices.get_mut(self.current) else { return };
        if self.comfort == Comfort::Codec && voice.decoder.conceals() {
            self.conceal(samples, None);
            self.last = Heard::Noise;
            return;
        }
        let start = self.pending.len();
        self.pending.resize(start + samples, 0);
        let room = self.pending.get_mut(start..).unwrap_or_default();
        self.last = match self.comfort {
            Comfort::Noise => {
                self.noise.fill(room);
                voice.concealer.cut();
                Heard::Noise
            }
            // What was said last fades away.
            _ if !voice.decoder.conceals() && voice.concealer.conceal(room) => Heard::Concealed,
            _ => Heard::Silence,
        };
        // Noise and silence say nothing.
        if self.last == Heard::Concealed {
            self.mark_old();
        }
    }
}

impl Voice {
    fn new(codec: Codec, rate: Rate) -> Self {
        let decoder = Decoder::new(codec, rate);
        let native = decoder.rate();
        Self { concealer: Concealer::new(native), resampler: Resampler::new(native, rate), decoder }
    }
}
