//! The double of the media engine: what is played and recorded at each port, in the world's time.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media::Rate;
use switch::{AudioError, Digit, MediaCommand, MediaEvent, PortId, Secured, Sound, SoundId, Voice};

use crate::mixing::Mixing;

/// What sounds where.
#[derive(Debug)]
pub(crate) struct Engine {
    playing: BTreeMap<PortId, Playing>,
    recording: BTreeMap<PortId, Recording>,
    pub(crate) mixing: Mixing,
    /// Recordings of calls as a whole, by the caller's port.
    tapes: BTreeMap<PortId, Tape>,
    pub(crate) echoing: BTreeSet<PortId>,
    /// How the exchange can be heard at each port.
    pub(crate) voices: BTreeMap<PortId, Option<Voice>>,
    /// The ports that take fax, and no sound.
    pub(crate) faxes: BTreeSet<PortId>,
    /// What packets are encrypted with at each port.
    pub(crate) keys: BTreeMap<PortId, Option<Secured>>,
    /// All that was played, by where it was sent to.
    pub(crate) heard: BTreeMap<SocketAddr, Vec<Sound>>,
    /// Keys that were pressed for a phone, by where they were sent to.
    pub(crate) pressed: BTreeMap<SocketAddr, Vec<Digit>>,
    /// In which language each playing to a phone was asked for.
    pub(crate) languages: BTreeMap<SocketAddr, Vec<Option<String>>>,
    /// How long a prompt, a number or a recording lasts.
    pub(crate) length: Duration,
    /// Prompts that are not there.
    pub(crate) missing: BTreeSet<String>,
    pub(crate) disk_full: bool,
    pub(crate) nobody_speaks: bool,
}

#[derive(Debug)]
struct Playing {
    id: SoundId,
    sounds: Vec<Sound>,
    over: Option<Instant>,
}

#[derive(Debug)]
struct Recording {
    id: SoundId,
    begin: Instant,
    over: Instant,
}

/// The recording of a call as a whole.
#[derive(Debug)]
struct Tape {
    id: SoundId,
    begin: Instant,
    near: bool,
    far: Option<PortId>,
    paused: bool,
}

/// Bytes of sound a millisecond, with two sides of 8 kHz.
const PACE: u64 = 32;

impl Engine {
    pub(crate) fn new() -> Self {
        Self {
            playing: BTreeMap::new(),
            recording: BTreeMap::new(),
            mixing: Mixing::default(),
            tapes: BTreeMap::new(),
            echoing: BTreeSet::new(),
            voices: BTreeMap::new(),
            faxes: BTreeSet::new(),
            keys: BTreeMap::new(),
            heard: BTreeMap::new(),
            pressed: BTreeMap::new(),
            languages: BTreeMap::new(),
            length: Duration::from_secs(1),
            missing: BTreeSet::new(),
            disk_full: false,
            nobody_speaks: false,
        }
    }

    /// What is played at a port now.
    pub(crate) fn plays(&self, port: PortId) -> Vec<Sound> {
        self.playing.get(&port).map(|playing| playing.sounds.clone()).unwrap_or_default()
    }

    pub(crate) fn records(&self, port: PortId) -> bool {
        self.recording.contains_key(&port)
    }

    /// What is said at this port goes into the recording of a call.
    pub(crate) fn tapes(&self, port: PortId) -> bool {
        let heard = |(own, tape): (&PortId, &Tape)| (*own == port && tape.near) || tape.far == Some(port);
        self.tapes.iter().any(|(own, tape)| !tape.paused && heard((own, tape)))
    }

    /// Carries out an order about sound; says what is answered at once.
    pub(crate) fn carry_out(
        &mut self,
        now: Instant,
        command: &MediaCommand,
        toward: Option<SocketAddr>,
    ) -> Option<MediaEvent> {
        match command {
            MediaCommand::Play { port, id, sounds, forever, .. } => {
                return self.play(now, *port, *id, sounds, *forever, toward);
            }
            MediaCommand::Hush { port } => drop(self.playing.remove(port)),
            MediaCommand::Connect { a, b } => {
                for port in [a, b] {
                    self.playing.remove(port);
                    assert!(!self.recording.contains_key(port), "{port:?} is connected while it is recorded");
                    assert!(!self.echoing.contains(port), "{port:?} is connected while it hears itself");
                    assert!(!self.mixing.has(*port), "{port:?} is connected while it is in a mixer");
                }
            }
            MediaCommand::Press { digit, .. } => {
                if let Some(toward) = toward {
                    self.pressed.entry(toward).or_default().push(*digit);
                }
            }
            MediaCommand::Echo { port, on: true } => {
                assert!(!self.mixing.has(*port), "{port:?} hears itself while it is in a mixer");
                self.echoing.insert(*port);
            }
            MediaCommand::Echo { port, on: false } => drop(self.echoing.remove(port)),
            MediaCommand::Record { port, id, limit, silence, .. } => {
                if self.disk_full {
                    let fault = Some(AudioError::Unwritable("the disk is full".to_owned()));
                    return Some(MediaEvent::Recorded {
                        port: *port,
                        id: *id,
                        length: Duration::ZERO,
                        bytes: 0,
                        fault,
                    });
                }
                let time = silence.filter(|_| self.nobody_speaks).unwrap_or(*limit).min(*limit);
                let before = self.recording.insert(*port, Recording { id: *id, begin: now, over: now + time });
                assert!(before.is_none(), "{port:?} is recorded twice at once");
            }
            MediaCommand::Enough { port } => return self.end_recording(now, *port),
            MediaCommand::RecordCall { .. }
            | MediaCommand::Tap { .. }
            | MediaCommand::PauseCall { .. }
            | MediaCommand::EnoughCall { .. } => return self.tape(now, command),
            MediaCommand::Close { port } => {
                assert!(!self.tapes.contains_key(port), "{port:?} was given back while its call is recorded");
                // Who gives a port back has ended what sounds there.
                assert!(!self.playing.contains_key(port), "{port:?} was given back while it plays");
                assert!(!self.recording.contains_key(port), "{port:?} was given back while it is recorded");
                assert!(!self.echoing.contains(port), "{port:?} was given back while it hears itself");
                assert!(!self.mixing.has(*port), "{port:?} was given back while it is in a mixer");
                self.voices.remove(port);
                self.faxes.remove(port);
            }
            MediaCommand::Expect { port, voice, keys, .. } => {
                self.voices.insert(*port, voice.clone());
                self.faxes.remove(port);
                self.keys.insert(*port, keys.as_deref().cloned());
                self.mixing.changed(now, *port, self.rate_of(*port));
            }
            MediaCommand::Fax { port, .. } => {
                assert!(!self.mixing.has(*port), "{port:?} takes fax in a mixer");
                // Nobody can be heard there.
                self.voices.insert(*port, None);
                self.faxes.insert(*port);
            }
            MediaCommand::Join { port, mixer, bearing, .. } => {
                assert!(!self.recording.contains_key(port), "{port:?} joins a mixer while it is recorded");
                assert!(!self.echoing.contains(port), "{port:?} joins a mixer while it hears itself");
                let new = !self.mixing.has(*port);
                assert!(!(new && self.playing.contains_key(port)), "{port:?} joins a mixer while it plays");
                self.mixing.join(now, *port, *mixer, *bearing, self.rate_of(*port));
            }
            MediaCommand::Leave { port } => {
                assert!(!self.playing.contains_key(port), "{port:?} leaves a mixer while something is whispered");
                self.mixing.leave(*port);
            }
            MediaCommand::Announce { sounds, .. } => {
                let length = sounds.iter().map(|sound| self.length_of(sound)).sum();
                self.mixing.carry_out(command, length);
            }
            MediaCommand::RecordRoom { .. } | MediaCommand::PauseRoom { .. } | MediaCommand::EnoughRoom { .. } => {
                self.mixing.carry_out(command, Duration::ZERO);
            }
            MediaCommand::Disconnect { .. } | MediaCommand::Watch { .. } => {}
        }
        None
    }

    fn play(
        &mut self,
        now: Instant,
        port: PortId,
        id: SoundId,
        sounds: &[Sound],
        forever: bool,
        toward: Option<SocketAddr>,
    ) -> Option<MediaEvent> {
        self.playing.remove(&port);
        let missing = sounds.iter().find_map(|sound| match sound {
            Sound::Prompt(name) | Sound::Recording(name) => self.missing.get(name),
            Sound::Passage(passage) => self.missing.get(&passage.recording),
            _ => None,
        });
        if let Some(name) = missing {
            return Some(MediaEvent::Played { port, id, fault: Some(AudioError::Missing(name.clone())) });
        }
        if !self.voices.get(&port).is_some_and(Option::is_some) {
            return Some(MediaEvent::Played { port, id, fault: Some(AudioError::NoCodec) });
        }
        if let Some(toward) = toward {
            self.heard.entry(toward).or_default().extend(sounds.iter().cloned());
        }
        let length: Duration = sounds.iter().map(|sound| self.length_of(sound)).sum();
        let over = (!forever).then(|| now + length);
        self.playing.insert(port, Playing { id, sounds: sounds.to_vec(), over });
        None
    }

    /// What the far end of a port can speak and hear.
    fn rate_of(&self, port: PortId) -> Rate {
        self.voices.get(&port).and_then(Option::as_ref).map_or(Rate::Narrow, |voice| voice.codec.rate())
    }

    fn length_of(&self, sound: &Sound) -> Duration {
        match sound {
            Sound::Tone(_, length) | Sound::Silence(length) => *length,
            _ => self.length,
        }
    }

    fn end_recording(&mut self, now: Instant, port: PortId) -> Option<MediaEvent> {
        let Recording { id, begin, .. } = self.recording.remove(&port)?;
        Some(recorded(port, id, now - begin))
    }

    fn tape(&mut self, now: Instant, command: &MediaCommand) -> Option<MediaEvent> {
        match *command {
            MediaCommand::RecordCall { port, id, .. } => {
                let fault = match self.voices.get(&port) {
                    _ if self.disk_full => AudioError::Unwritable("the disk is full".to_owned()),
                    Some(Some(_)) => {
                        let tape = Tape { id, begin: now, near: true, far: None, paused: false };
                        assert!(self.tapes.insert(port, tape).is_none(), "{port:?} is recorded twice at once");
                        return None;
                    }
                    _ => AudioError::NoCodec,
                };
                let length = Duration::ZERO;
                return Some(MediaEvent::Recorded { port, id, length, bytes: 0, fault: Some(fault) });
            }
            MediaCommand::Tap { port, near, far } => {
                if let Some(tape) = self.tapes.get_mut(&port) {
                    assert!((tape.near, tape.far) != (near, far), "{port:?} is tapped as it is");
                    (tape.near, tape.far) = (near, far);
                }
            }
            MediaCommand::PauseCall { port, on } => {
                if let Some(tape) = self.tapes.get_mut(&port) {
                    tape.paused = on;
                }
            }
            MediaCommand::EnoughCall { port } => {
                let Tape { id, begin, .. } = self.tapes.remove(&port)?;
                return Some(recorded(port, id, now - begin));
            }
            _ => {}
        }
        None
    }

    /// The disk takes nothing more: recordings of calls and of rooms end as they are.
    pub(crate) fn spoil(&mut self, now: Instant) -> Vec<MediaEvent> {
        let fault = AudioError::Unwritable("the disk is full".to_owned());
        let rooms = self.mixing.spoil(&fault);
        let fault = Some(fault);
        let tapes = std::mem::take(&mut self.tapes);
        let over = |(port, Tape { id, begin, .. })| {
            let length = now - begin;
            MediaEvent::Recorded { port, id, length, bytes: bytes(length), fault: fault.clone() }
        };
        tapes.into_iter().map(over).chain(rooms).collect()
    }

    /// Whether anything plays at a port: to a member of a mixer it is whispered.
    pub(crate) fn is_playing(&self, port: PortId) -> bool {
        self.playing.contains_key(&port)
    }

    pub(crate) fn next(&self, now: Instant) -> Option<Instant> {
        let playing = self.playing.values().filter_map(|playing| playing.over);
        let recording = self.recording.values().map(|recording| recording.over);
        playing.chain(recording).chain(self.mixing.next(now)).min()
    }

    /// What is over by now, one at a time.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<MediaEvent> {
        if let Some(event) = self.mixing.pop_event() {
            return Some(event);
        }
        let due = |playing: &Playing| playing.over.is_some_and(|over| over <= now);
        if let Some(port) = self.playing.iter().find(|(_, playing)| due(playing)).map(|(port, _)| *port) {
            let Playing { id, .. } = self.playing.remove(&port)?;
            return Some(MediaEvent::Played { port, id, fault: None });
        }
        let port = self.recording.iter().find(|(_, recording)| recording.over <= now).map(|(port, _)| *port)?;
        self.end_recording(now, port)
    }
}

fn recorded(port: PortId, id: SoundId, length: Duration) -> MediaEvent {
    MediaEvent::Recorded { port, id, length, bytes: bytes(length), fault: None }
}

fn bytes(length: Duration) -> u64 {
    44 + u64::try_from(length.as_millis()).unwrap_or(0) * PACE
}
