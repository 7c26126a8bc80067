//! The double of the engine's mixers: the real [`Mixer`], fed by phones that speak a sine each, in the world's time.
//!
//! The frequencies are multiples of 50 Hz, so that each fits a frame of 20 ms whole times and none is taken for another.

use std::collections::{BTreeMap, VecDeque};
use std::f64::consts::TAU;
use std::time::{Duration, Instant};

use media::mixer::{Audience, MemberKey, Mixer, MixerConfig, Output, Volume};
use media::{FRAME, Rate};
use switch::{AudioError, Bearing, MediaCommand, MediaEvent, MixerId, PortId, SoundId};

/// How loud a phone speaks: the peak of its sine. Four of them are no more than the limiter lets pass.
const LOUD: f64 = 2_000.0;

/// What is announced and what is whispered, as frequencies.
pub(crate) const ANNOUNCED: u16 = 3_300;
pub(crate) const WHISPERED: u16 = 3_200;

/// What is quieter than this beside a phone that speaks is not heard, in dB.
const INAUDIBLE: f64 = -45.0;

/// All mixers.
#[derive(Debug, Default)]
pub(crate) struct Mixing {
    mixers: BTreeMap<MixerId, Room>,
    /// The next frame; `None` while there is no mixer.
    tick: Option<Instant>,
    events: VecDeque<MediaEvent>,
    /// What was recorded, by name.
    pub(crate) tapes: BTreeMap<String, Vec<(Rate, Vec<i16>)>>,
}

#[derive(Debug)]
struct Room {
    mixer: Mixer,
    /// Who is there, by his port.
    members: BTreeMap<PortId, Member>,
    announcements: VecDeque<(SoundId, usize)>,
    recording: Option<Recording>,
    ticks: u64,
}

#[derive(Debug)]
struct Member {
    key: MemberKey,
    bearing: Bearing,
    rate: Rate,
    /// What he heard in the last frame.
    heard: Vec<i16>,
}

#[derive(Debug)]
struct Recording {
    id: SoundId,
    name: String,
    paused: bool,
    length: Duration,
    limit: Duration,
}

/// What a port has to do with the world in a tick.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mouth {
    /// What its far end says, in Hz.
    pub(crate) says: Option<u16>,
    /// Something is whispered to it.
    pub(crate) whispered: bool,
}

impl Mixing {
    pub(crate) fn has(&self, port: PortId) -> bool {
        self.mixers.values().any(|room| room.members.contains_key(&port))
    }

    /// The ports that are in a mixer and not deaf.
    pub(crate) fn audience(&self, mixer: MixerId) -> Vec<PortId> {
        let members = self.mixers.get(&mixer).into_iter().flat_map(|room| &room.members);
        members.filter(|(_, member)| !member.bearing.deaf).map(|(port, _)| *port).collect()
    }

    /// A port becomes a member, or bears itself otherwise.
    pub(crate) fn join(&mut self, now: Instant, port: PortId, mixer: MixerId, bearing: Bearing, rate: Rate) {
        self.tick.get_or_insert(now + FRAME);
        let room = self.mixers.entry(mixer).or_insert_with(|| Room {
            mixer: Mixer::new(MixerConfig::default()),
            members: BTreeMap::new(),
            announcements: VecDeque::new(),
            recording: None,
            ticks: 0,
        });
        let key = match room.members.get(&port) {
            Some(member) => member.key,
            None => room.mixer.join(rate),
        };
        room.mixer.set_muted(key, bearing.muted);
        room.mixer.set_deaf(key, bearing.deaf);
        room.mixer.set_speaking(key, Volume::of_decibels(f32::from(bearing.speaking)));
        room.mixer.set_hearing(key, Volume::of_decibels(f32::from(bearing.hearing)));
        room.members.insert(port, Member { key, bearing, rate, heard: Vec::new() });
    }

    /// What a member speaks has changed: so has its rate.
    pub(crate) fn changed(&mut self, now: Instant, port: PortId, rate: Rate) {
        let found = self.mixers.iter().find_map(|(id, room)| Some((*id, room.members.get(&port)?)));
        if let Some((mixer, bearing)) = found.filter(|(_, member)| member.rate != rate).map(|(id, it)| (id, it.bearing))
        {
            self.events.push_back(MediaEvent::Speaking { port, speaks: false });
            if let Some(room) = self.mixers.get_mut(&mixer)
                && let Some(member) = room.members.remove(&port)
            {
                room.mixer.leave(member.key);
            }
            self.join(now, port, mixer, bearing, rate);
        }
    }

    pub(crate) fn leave(&mut self, port: PortId) {
        for (id, room) in &mut self.mixers {
            if let Some(member) = room.members.remove(&port) {
                room.mixer.leave(member.key);
                if room.members.is_empty() {
                    self.events.extend(room.recording.take().map(|recording| recording.over(*id)));
                }
            }
        }
        self.mixers.retain(|_, room| !room.members.is_empty());
        if self.mixers.is_empty() {
            self.tick = None;
        }
    }

    /// An order for a mixer; `length` is of what is announced.
    pub(crate) fn carry_out(&mut self, command: &MediaCommand, length: Duration) {
        match command {
            MediaCommand::Announce { mixer, id, .. } => {
                if let Some(room) = self.mixers.get_mut(mixer) {
                    let frames = usize::try_from(length.as_millis().div_ceil(FRAME.as_millis())).unwrap_or(1);
                    room.announcements.push_back((*id, frames.max(1)));
                }
            }
            MediaCommand::RecordRoom { mixer, id, name, limit, .. } => {
                let Some(room) = self.mixers.get_mut(mixer) else {
                    let (name, fault) = (name.clone(), AudioError::Unwritable("nobody is in the room".to_owned()));
                    let (length, bytes, fault) = (Duration::ZERO, 0, Some(fault));
                    let over = MediaEvent::RoomRecorded { mixer: *mixer, id: *id, name, length, bytes, fault };
                    return self.events.push_back(over);
                };
                let recording =
                    Recording { id: *id, name: name.clone(), paused: false, length: Duration::ZERO, limit: *limit };
                self.events.extend(room.recording.replace(recording).map(|before| before.over(*mixer)));
                self.tapes.insert(name.clone(), Vec::new());
            }
            MediaCommand::PauseRoom { mixer, on } => {
                let recording = self.mixers.get_mut(mixer).and_then(|room| room.recording.as_mut());
                if let Some(recording) = recording {
                    recording.paused = *on;
                }
            }
            MediaCommand::EnoughRoom { mixer } => {
                let recording = self.mixers.get_mut(mixer).and_then(|room| room.recording.take());
                self.events.extend(recording.map(|recording| recording.over(*mixer)));
            }
            _ => {}
        }
    }

    /// The disk takes nothing more: all recordings end as they are.
    pub(crate) fn spoil(&mut self, fault: &AudioError) -> Vec<MediaEvent> {
        let taken = |(id, room): (&MixerId, &mut Room)| room.recording.take().map(|recording| recording.over(*id));
        let mut over: Vec<_> = self.mixers.iter_mut().filter_map(taken).collect();
        for event in &mut over {
            if let MediaEvent::RoomRecorded { fault: why, .. } = event {
                *why = Some(fault.clone());
            }
        }
        over
    }

    pub(crate) fn next(&self, now: Instant) -> Option<Instant> {
        if self.events.is_empty() { self.tick } else { Some(now) }
    }

    pub(crate) fn pop_event(&mut self) -> Option<MediaEvent> {
        self.events.pop_front()
    }

    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.tick.is_some_and(|tick| tick <= now)
    }

    /// One frame in every mixer.
    pub(crate) fn tick(&mut self, mouths: &BTreeMap<PortId, Mouth>) {
        let Some(tick) = &mut self.tick else { return };
        *tick += FRAME;
        for (id, room) in &mut self.mixers {
            room.tick(mouths);
            while let Some(speech) = room.mixer.poll_event() {
                let port = room.members.iter().find(|(_, member)| member.key == speech.member).map(|(port, _)| *port);
                self.events.extend(port.map(|port| MediaEvent::Speaking { port, speaks: speech.speaks }));
            }
            room.keep(*id, &mut self.tapes, &mut self.events);
        }
    }

    /// How loud somebody who says this is heard at a port, in dB beside how loud he says it; `None` when not at all.
    pub(crate) fn loudness(&self, port: PortId, hz: u16) -> Option<f64> {
        let (room, member) =
            self.mixers.values().find_map(|room| room.members.get(&port).map(|member| (room, member)))?;
        loudness_in(&member.heard, room.mixer.rate(), hz)
    }
}

impl Room {
    fn tick(&mut self, mouths: &BTreeMap<PortId, Mouth>) {
        let rate = self.mixer.rate();
        for (port, member) in &self.members {
            let mouth = mouths.get(port).copied().unwrap_or_default();
            if let Some(hz) = mouth.says {
                assert!(self.mixer.push(member.key, &sine(hz, rate, self.ticks)), "a frame of the room's rate");
            }
            if mouth.whispered {
                self.mixer.announce(Audience::One(member.key), &sine(WHISPERED, rate, self.ticks));
            }
        }
        if let Some((_, left)) = self.announcements.front_mut() {
            *left -= 1;
            let over = *left == 0;
            self.mixer.announce(Audience::All, &sine(ANNOUNCED, rate, self.ticks));
            if over {
                self.announcements.pop_front();
            }
        }
        self.ticks += 1;
        self.mixer.tick();
        for member in self.members.values_mut() {
            member.heard = match self.mixer.output(member.key) {
                Output::Silence => Vec::new(),
                Output::Shared(frame) | Output::Own(frame) => frame.to_vec(),
            };
        }
    }

    fn keep(
        &mut self,
        id: MixerId,
        tapes: &mut BTreeMap<String, Vec<(Rate, Vec<i16>)>>,
        events: &mut VecDeque<MediaEvent>,
    ) {
        let Some(recording) = self.recording.as_mut().filter(|recording| !recording.paused) else { return };
        recording.length += FRAME;
        if let Some(tape) = tapes.get_mut(&recording.name) {
            tape.push((self.mixer.rate(), self.mixer.whole().to_vec()));
        }
        if recording.length >= recording.limit {
            events.extend(self.recording.take().map(|recording| recording.over(id)));
        }
    }
}

impl Recording {
    fn over(self, mixer: MixerId) -> MediaEvent {
        MediaEvent::RoomRecorded { mixer, id: self.id, name: self.name, length: self.length, bytes: 44, fault: None }
    }
}

/// A frame of what a phone says.
pub(crate) fn sine(hz: u16, rate: Rate, tick: u64) -> Vec<i16> {
    let step = TAU * f64::from(hz) / f64::from(rate.hz());
    let begin = tick * rate.frame() as u64;
    (0..rate.frame() as u64).map(|at| ((step * (begin + at) as f64).sin() * LOUD) as i16).collect()
}

/// The same from any frame, as [`Mixing::loudness`] says.
pub(crate) fn loudness_in(frame: &[i16], rate: Rate, hz: u16) -> Option<f64> {
    let step = TAU * f64::from(hz) / f64::from(rate.hz());
    let (mut sin, mut cos) = (0.0, 0.0);
    for (at, sample) in frame.iter().enumerate() {
        let angle = step * at as f64;
        sin += angle.sin() * f64::from(*sample);
        cos += angle.cos() * f64::from(*sample);
    }
    let peak = 2.0 * sin.hypot(cos) / frame.len().max(1) as f64;
    let decibels = 20.0 * (peak / LOUD).log10();
    (decibels > INAUDIBLE).then_some(decibels)
}
