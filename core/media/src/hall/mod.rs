//! A room as its members meet it: RTP packets of each go in, payloads for each come out, and between them is a
//! [`Mixer`]. Sans-IO.
//!
//! ```text
//! let mut hall = Hall::new(HallConfig::default());
//! let anna = hall.join(codec, ptime, &formats, seed)?;
//! hall.bear(anna, Bearing { muted: true, ..Bearing::default() });
//! hall.handle(now, anna, packet);                     // as they come
//!                                                     // every 20 ms:
//! hall.tick(now);
//! hall.payloads(anna)     → what to send to her now: with one ptime of 20 ms always one
//! hall.whole()            → all that was said, for a recording
//! hall.poll_event()       → who speaks, what was played to its end
//! hall.announce(items)    hall.whisper(anna, items)
//! ```
//!
//! Each member has a jitter buffer and decoders of his own: who is late or silent is not waited for. What many hear alike
//! is encoded once for all who have one codec and one ptime; who hears what nobody else does has an encoder of his own,
//! and comes back to the others when his encoder and theirs remember the same, so that nothing clicks.
//!
//! Payloads come without a pause, silence too: no far end wonders whether the call still stands, no pinhole closes, and no
//! jitter buffer has to begin anew with each word. Silence is encoded once as well.
//!
//! A voice that comes without jitter waits 10 to 30 ms for its tick, and 5 ms more where rates differ.

mod cast;
mod coder;
mod ear;
mod prompt;
mod seat;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use slotmap::SecondaryMap;

use crate::codec::Codec;
use crate::jitter::{JitterConfig, Taken};
use crate::mixer::{Audience, MemberKey, Mixer, MixerConfig, Speech, Volume};
use crate::pcm::Rate;
use crate::player::{Item, PlayError};
use crate::transcode::{Format, Hearing, Unheard, Unspeakable, packet_time};
use cast::{Cast, Past};
use coder::Form;
use ear::Ear;
use prompt::{Played, Prompt};
use seat::{Air, Seat};

/// How a room hears and mixes.
#[derive(Debug, Clone, PartialEq)]
pub struct HallConfig {
    /// How it mixes.
    pub mixer: MixerConfig,
    /// How long packets of members are waited for. Shorter than on a leg of two: a mixer adds its own beat.
    pub jitter: JitterConfig,
}

impl Default for HallConfig {
    fn default() -> Self {
        let ms = Duration::from_millis;
        Self { mixer: MixerConfig::default(), jitter: JitterConfig { least: ms(10), first: ms(20), most: ms(200) } }
    }
}

/// How a member takes part.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bearing {
    /// Nobody hears him.
    pub muted: bool,
    /// He hears nobody; what is played to him alone he does hear.
    pub deaf: bool,
    /// How loud others hear him.
    pub speaking: Volume,
    /// How loud he hears them.
    pub hearing: Volume,
}

/// News of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Somebody began to speak, or ended.
    Speech(Speech),
    /// What was played to him alone is over.
    Whispered(MemberKey),
    /// What was announced to all is over; the next may come.
    Announced,
}

/// A room, its members' ears, and what they are told.
#[derive(Debug)]
pub struct Hall {
    config: HallConfig,
    mixer: Mixer,
    /// By the mixer's keys.
    seats: SecondaryMap<MemberKey, Seat>,
    /// One for each form that members have.
    casts: Vec<Cast>,
    past: Past,
    /// The rate for which all coders are.
    rate: Rate,
    tick: u64,
    /// Whose turn it is within a tick.
    at: Option<MemberKey>,
    silence: Vec<i16>,
    announcement: Option<Prompt>,
    events: VecDeque<Event>,
}

impl Hall {
    /// An empty room.
    #[must_use]
    pub fn new(config: HallConfig) -> Self {
        let mixer = Mixer::new(config.mixer.clone());
        Self {
            config,
            seats: SecondaryMap::new(),
            casts: Vec::new(),
            past: Past::default(),
            rate: mixer.rate(),
            tick: 0,
            at: None,
            silence: vec![0; mixer.rate().frame()],
            announcement: None,
            events: VecDeque::new(),
            mixer,
        }
    }

    /// A member comes, who is told in `codec` by packets of `ptime`, and may send what the formats name. The seed is for
    /// comfort noise.
    ///
    /// # Errors
    ///
    /// The ptime is no multiple of 10 ms from 10 to 60.
    pub fn join(
        &mut self,
        codec: Codec,
        ptime: Duration,
        formats: &[(u8, Format)],
        seed: u64,
    ) -> Result<MemberKey, Unspeakable> {
        let form = Form { codec, ptime: packet_time(codec, ptime)? };
        let rate = self.rate_of(codec);
        let member = self.mixer.join(rate);
        let ear = Ear::new(formats, rate, self.config.jitter, seed);
        self.seats.insert(member, Seat::new(form, ear, self.rate, self.tick));
        self.adapt();
        Ok(member)
    }

    /// A member goes. What he hears is not told any more, and what is played to him alone ends.
    pub fn leave(&mut self, member: MemberKey) {
        self.mixer.leave(member);
        self.seats.remove(member);
        self.at.take_if(|at| *at == member);
        self.adapt();
    }

    /// After another agreement with a member, as with [`join`](Self::join).
    ///
    /// # Errors
    ///
    /// The ptime is no multiple of 10 ms from 10 to 60; all is as it was.
    pub fn follow(
        &mut self,
        member: MemberKey,
        codec: Codec,
        ptime: Duration,
        formats: &[(u8, Format)],
        seed: u64,
    ) -> Result<(), Unspeakable> {
        let form = Form { codec, ptime: packet_time(codec, ptime)? };
        let rate = self.rate_of(codec);
        let Some(seat) = self.seats.get_mut(member) else { return Ok(()) };
        if seat.ear.hearing().rate() == rate {
            seat.ear.set_formats(formats);
        } else {
            seat.ear = Ear::new(formats, rate, self.config.jitter, seed);
        }
        seat.follow(form, self.rate, self.tick);
        self.mixer.set_rate(member, rate);
        self.adapt();
        Ok(())
    }

    /// How a member takes part from now on.
    pub fn bear(&mut self, member: MemberKey, bearing: Bearing) {
        self.mixer.set_muted(member, bearing.muted);
        self.mixer.set_deaf(member, bearing.deaf);
        self.mixer.set_speaking(member, bearing.speaking);
        self.mixer.set_hearing(member, bearing.hearing);
        if let Some(seat) = self.seats.get_mut(member) {
            seat.fading = bearing.muted && (seat.fading || !seat.muted);
            seat.muted = bearing.muted;
        }
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.mixer.len()
    }

    /// Nobody is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.mixer.is_empty()
    }

    /// The rate of the room's sound, and of [`whole`](Self::whole).
    #[must_use]
    pub fn rate(&self) -> Rate {
        self.mixer.rate()
    }

    /// How a member is heard: his buffer and its counts.
    #[must_use]
    pub fn hearing(&self, member: MemberKey) -> Option<&Hearing> {
        self.seats.get(member).map(|seat| seat.ear.hearing())
    }

    /// For how many members something is encoded that nobody else gets.
    #[must_use]
    pub fn apart(&self) -> usize {
        self.seats.values().filter(|seat| seat.is_apart()).count()
    }

    /// An RTP packet of a member, whole and in clear. What a muted one says is not decoded.
    ///
    /// # Errors
    ///
    /// The packet is none that can be heard; nothing changed.
    pub fn handle(&mut self, now: Instant, member: MemberKey, packet: &[u8]) -> Result<Option<Taken>, Unheard> {
        let seat = self.seats.get_mut(member).filter(|seat| !seat.muted);
        seat.map(|seat| seat.ear.handle(now, packet)).transpose()
    }

    /// Plays something to all; what was being played to them is over. Sounds are of one rate, whichever.
    ///
    /// # Errors
    ///
    /// [`PlayError`] when they are not.
    pub fn announce(&mut self, items: Vec<Item>) -> Result<(), PlayError> {
        self.announcement = Some(Prompt::new(items, false, self.mixer.rate())?);
        Ok(())
    }

    /// Something is being played to all.
    #[must_use]
    pub const fn is_announcing(&self) -> bool {
        self.announcement.is_some()
    }

    /// Plays something to one member over the room, in place of what was played to him.
    ///
    /// # Errors
    ///
    /// [`PlayError`] when the sounds are not of one rate.
    pub fn whisper(&mut self, member: MemberKey, items: Vec<Item>, forever: bool) -> Result<(), PlayError> {
        if let Some(seat) = self.seats.get_mut(member) {
            seat.whisper = Some(Prompt::new(items, forever, self.mixer.rate())?);
        }
        Ok(())
    }

    /// Plays nothing more to this member alone.
    pub fn hush(&mut self, member: MemberKey) {
        if let Some(seat) = self.seats.get_mut(member) {
            seat.whisper = None;
        }
    }

    /// Whom a tick was at work for that did not come to its end, as when it panicked; `None` when that was all of them.
    /// When that member leaves, the others can go on.
    #[must_use]
    pub const fn at(&self) -> Option<MemberKey> {
        self.at
    }

    /// What members said and nobody has heard yet is told apart from now on ([`is_old`](Self::is_old)).
    pub fn leave_behind(&mut self) {
        self.seats.values_mut().for_each(|seat| seat.ear.leave_behind());
    }

    /// In the last tick something was heard that was here, or older, when all was left behind.
    #[must_use]
    pub fn is_old(&self) -> bool {
        self.seats.values().any(|seat| !seat.muted && seat.ear.hearing().is_old())
    }

    /// Hears everybody, mixes, and encodes.
    pub fn tick(&mut self, now: Instant) {
        self.at = None;
        self.adapt();
        for (member, seat) in &mut self.seats {
            self.at = Some(member);
            // Who is muted is decoded no more once his voice is faded out.
            if seat.muted && !std::mem::take(&mut seat.fading) {
                continue;
            }
            if let Some(frame) = seat.ear.listen(now, self.rate) {
                self.mixer.push(member, frame);
            }
        }
        self.at = None;
        self.play();
        self.mixer.tick();
        while let Some(speech) = self.mixer.poll_event() {
            self.events.push_back(Event::Speech(speech));
        }
        self.encode();
        self.past.keep(self.mixer.whole());
        self.tick = self.tick.wrapping_add(1);
    }

    /// What is to be sent to a member after a tick: payloads of his codec and his ptime.
    pub fn payloads(&self, member: MemberKey) -> impl Iterator<Item = &[u8]> {
        let coder = self.seats.get(member).and_then(|seat| seat.coder(&self.casts));
        coder.into_iter().flat_map(coder::Coder::payloads)
    }

    /// All that was said in the last tick, with announcements to all, at [`rate`](Self::rate); `None` when it is silence.
    #[must_use]
    pub fn whole(&self) -> Option<&[i16]> {
        self.mixer.sounds().then(|| self.mixer.whole())
    }

    /// What happened; ask until `None` after each tick.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The rate at which a codec is heard here.
    fn rate_of(&self, codec: Codec) -> Rate {
        codec.rate().min(self.config.mixer.max_rate)
    }

    /// Follows the room's rate.
    fn adapt(&mut self) {
        let rate = self.mixer.rate();
        if rate == self.rate {
            return;
        }
        self.past.resample(self.rate, rate);
        self.rate = rate;
        self.silence.clear();
        self.silence.resize(rate.frame(), 0);
        let air = Air { rate, tick: self.tick, past: &self.past, sounds: self.mixer.sounds() };
        for seat in self.seats.values_mut() {
            seat.begin_anew(air);
        }
        self.casts.iter_mut().for_each(Cast::begin_anew);
    }

    /// What is played in this tick, to all and to each.
    fn play(&mut self) {
        let rate = self.rate;
        match self.announcement.as_mut().map(|prompt| prompt.step(rate)) {
            Some(Played::Sound(frame)) => {
                self.mixer.announce(Audience::All, frame);
            }
            Some(Played::Over) => {
                self.announcement = None;
                self.events.push_back(Event::Announced);
            }
            Some(Played::Quiet) | None => {}
        }
        for (member, seat) in &mut self.seats {
            self.at = Some(member);
            match seat.whisper.as_mut().map(|prompt| prompt.step(rate)) {
                Some(Played::Sound(frame)) => {
                    self.mixer.announce(Audience::One(member), frame);
                }
                Some(Played::Over) => {
                    seat.whisper = None;
                    self.events.push_back(Event::Whispered(member));
                }
                Some(Played::Quiet) | None => {}
            }
        }
        self.at = None;
    }

    /// Each hears a stream, or something of his own.
    fn encode(&mut self) {
        let air = Air { rate: self.rate, tick: self.tick, past: &self.past, sounds: self.mixer.sounds() };
        self.casts.iter_mut().for_each(Cast::open);
        for (member, seat) in &mut self.seats {
            self.at = Some(member);
            let at = self.casts.iter().position(|cast| cast.form == seat.form).unwrap_or_else(|| {
                self.casts.push(Cast::new(seat.form));
                self.casts.len() - 1
            });
            let output = self.mixer.output(member);
            if let Some(cast) = self.casts.get_mut(at) {
                seat.tune(output, cast, air);
            }
            seat.encode(output, &self.silence);
        }
        self.at = None;
        self.casts.retain(|cast| !cast.is_over());
        for cast in &mut self.casts {
            cast.encode(self.rate, self.tick, &self.past, self.mixer.whole(), &self.silence);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FRAME;
    use crate::transcode::{Packetiser, Speaking};

    #[test]
    fn a_tick_that_does_not_come_to_its_end_says_at_whom_and_without_him_the_others_hear_each_other() {
        let (mut hall, mut now) = (Hall::new(HallConfig::default()), Instant::now());
        let formats = [(0, Format::Sound(Codec::Pcmu))];
        let members = [(); 3].map(|()| hall.join(Codec::Pcmu, FRAME, &formats, 1).expect("20 ms"));
        let mut speaking = Speaking::new(Codec::Pcmu, Rate::Narrow, FRAME, Packetiser::new(0, 1, 1, 1)).expect("20 ms");
        let mut packet = Vec::new();
        let mut loudest = 0;
        for tick in 0..60 {
            speaking.handle(&[if tick % 2 == 0 { 9_000 } else { -9_000 }; 160]);
            while speaking.poll(&mut packet) {
                hall.handle(now, members[0], &packet).expect("sound");
            }
            now += FRAME;
            if tick == 20 {
                hall.seats[members[1]].ear.trapped = true;
                let broken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| hall.tick(now)));
                assert!(broken.is_err());
                assert_eq!(hall.at(), Some(members[1]));
                hall.leave(members[1]);
            } else {
                hall.tick(now);
                let heard =
                    hall.payloads(members[2]).flatten().map(|byte| crate::codec::g711::of_ulaw(*byte).unsigned_abs());
                loudest = if tick > 30 { heard.max().unwrap_or(0).max(loudest) } else { 0 };
            }
            assert!(hall.at().is_none());
        }
        assert!(loudest > 5_000, "{loudest}");
    }
}
