//! Who hears what.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use switch::{Digit, Input, MediaEvent, PortId, Secured, Sound, Voice};

use super::{World, millis};
use crate::engine::Engine;
use crate::handles::Phone;
use crate::mixing::{ANNOUNCED, WHISPERED, loudness_in};
use crate::phone::PhoneState;

impl World {
    /// What is played to a phone's last call now.
    #[must_use]
    pub fn hears(&self, phone: &Phone) -> Vec<Sound> {
        self.at_port_of(phone, Engine::plays).unwrap_or_default()
    }

    /// All that was played to a phone's last call.
    #[must_use]
    pub fn heard(&self, phone: &Phone) -> Vec<Sound> {
        let media = self.media_of(phone);
        let inner = self.0.borrow();
        media.and_then(|media| inner.around.engine.heard.get(&media).cloned()).unwrap_or_default()
    }

    /// The keys that the exchange had a phone hear in its sound or as events, in place of another form.
    #[must_use]
    pub fn pressed_for(&self, phone: &Phone) -> String {
        let media = self.media_of(phone);
        let inner = self.0.borrow();
        let keys = media.and_then(|media| inner.around.engine.pressed.get(&media));
        keys.into_iter().flatten().map(ToString::to_string).collect()
    }

    /// In which language each playing to a phone's last call was, `None` where it was left to the media's own.
    #[must_use]
    pub fn spoken_to_in(&self, phone: &Phone) -> Vec<Option<String>> {
        let media = self.media_of(phone);
        let inner = self.0.borrow();
        media.and_then(|media| inner.around.engine.languages.get(&media).cloned()).unwrap_or_default()
    }

    /// A phone hears itself.
    #[must_use]
    pub fn echoes(&self, phone: &Phone) -> bool {
        self.at_port_of(phone, |engine, port| engine.echoing.contains(&port)).unwrap_or(false)
    }

    /// What a phone says is recorded.
    #[must_use]
    pub fn records(&self, phone: &Phone) -> bool {
        self.at_port_of(phone, Engine::records).unwrap_or(false)
    }

    /// How loud a phone that speaks is heard by another in the mixer that both are in, in dB beside how loud it speaks, in
    /// the last 20 ms; `None`: not at all.
    #[must_use]
    pub fn loudness(&self, listener: &Phone, speaker: &Phone) -> Option<f64> {
        let hz = self.0.borrow().phones.get(speaker.at).map(PhoneState::hz)?;
        self.at_port_of(listener, |engine, port| engine.mixing.loudness(port, hz)).flatten()
    }

    /// The tone that a phone says, in Hz.
    pub(crate) fn tone_of(&self, phone: &Phone) -> u16 {
        self.0.borrow().phones[phone.at].hz()
    }

    /// The moment that it is in the world.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.0.borrow().now
    }

    /// Something is announced in the mixer that a phone is in, and heard there.
    #[must_use]
    pub fn hears_announcement(&self, phone: &Phone) -> bool {
        self.at_port_of(phone, |engine, port| engine.mixing.loudness(port, ANNOUNCED)).flatten().is_some()
    }

    /// Something is whispered to a phone in a mixer.
    #[must_use]
    pub fn hears_whisper(&self, phone: &Phone) -> bool {
        self.at_port_of(phone, |engine, port| engine.mixing.loudness(port, WHISPERED)).flatten().is_some()
    }

    /// How long the recording of a mixer under this name is, and for how long this phone is heard in it.
    #[must_use]
    pub fn recorded_of(&self, name: &str, speaker: &Phone) -> Option<(Duration, Duration)> {
        let inner = self.0.borrow();
        let hz = inner.phones.get(speaker.at).map(PhoneState::hz)?;
        let tape = inner.around.engine.mixing.tapes.get(name)?;
        let heard = tape.iter().filter(|(rate, frame)| loudness_in(frame, *rate, hz).is_some()).count();
        let time = |frames: usize| media::FRAME * u32::try_from(frames).unwrap_or(u32::MAX);
        Some((time(tape.len()), time(heard)))
    }

    /// How the exchange can be heard at a phone's last call.
    #[must_use]
    pub fn voice_to(&self, phone: &Phone) -> Option<Voice> {
        self.at_port_of(phone, |engine, port| engine.voices.get(&port).cloned().flatten()).flatten()
    }

    /// What the packets between the exchange and this phone's last call are encrypted with.
    #[must_use]
    pub fn keys_to(&self, phone: &Phone) -> Option<Secured> {
        self.at_port_of(phone, |engine, port| engine.keys.get(&port).cloned().flatten()).flatten()
    }

    /// The exchange takes fax from a phone's last call, and no sound.
    #[must_use]
    pub fn takes_fax(&self, phone: &Phone) -> bool {
        self.at_port_of(phone, |engine, port| engine.faxes.contains(&port)).unwrap_or(false)
    }

    /// For how long a phone's last call may be silent.
    #[must_use]
    pub fn may_be_silent_for(&self, phone: &Phone) -> Option<Duration> {
        let port = self.at_port_of(phone, |_, port| port)?;
        self.0.borrow().around.watched.get(&port).copied().flatten()
    }

    fn media_of(&self, phone: &Phone) -> Option<SocketAddr> {
        self.0.borrow().phones.get(phone.at).and_then(|phone| phone.lines.last().map(|line| line.local_media))
    }

    pub(crate) fn at_port_of<R>(&self, phone: &Phone, look: impl FnOnce(&Engine, PortId) -> R) -> Option<R> {
        let media = self.media_of(phone)?;
        let around = &self.0.borrow().around;
        Some(look(&around.engine, around.port_toward(media)?))
    }

    /// A key of a phone goes down, and is told by RFC 4733.
    pub(crate) fn key(&self, phone: &Phone, digit: Digit) {
        if let Some(port) = self.at_port_of(phone, |_, port| port).and_then(|port| self.informed_beside(port)) {
            return self.input(Input::Media(MediaEvent::Tell { port, digit, time: millis(120) }));
        }
        let takes = |engine: &Engine, port| {
            let voice = engine.voices.get(&port).and_then(Option::as_ref);
            voice.is_some_and(|voice| voice.events.is_some()).then_some(port)
        };
        if let Some(port) = self.at_port_of(phone, takes).flatten() {
            self.input(Input::Media(MediaEvent::Key { port, digit }));
        }
    }

    /// The port that a port is connected to, where its far end is told of keys by INFO.
    fn informed_beside(&self, port: PortId) -> Option<PortId> {
        let around = &self.0.borrow().around;
        let mut pairs = around.connected.iter().flat_map(|(one, other)| [(*one, *other), (*other, *one)]);
        let (_, beside) = pairs.find(|(one, _)| *one == port)?;
        let voice = around.engine.voices.get(&beside).and_then(Option::as_ref);
        voice.is_some_and(|voice| voice.informed).then_some(beside)
    }
}
