//! What the exchange orders of the ports.

use std::time::{Duration, Instant};

use media::player::Item;
use media::{Expectation, Format, PortKey, Stats};
use rand_chacha::rand_core::Rng;
use switch::{
    AudioError, Digit, MediaCommand, MediaEvent, MediaStats, PortId, RecordingFormat, Secured, Sound, SoundId,
    TenantId, Voice,
};

use super::Thread;
use super::port::{Port, just_now};
use crate::exchange::Inward;
use crate::media::keys::{Keys, events};
use crate::media::library::{Form, Wish};
use crate::media::metronome::Turn;
use crate::media::mouth::Mouth;
use crate::media::ports::Rested;
use crate::media::recordings::Taped;
use crate::media::seal::Seal;
use crate::media::studio::Studio;
use crate::media::way::Way;
use crate::media::worker::Order;

impl Thread {
    pub(super) fn command(&mut self, now: Instant, command: MediaCommand) {
        match command {
            MediaCommand::Expect { port, remote, rtcp, mux, signalling, clocks, voice, keys } => {
                if let Some(key) = self.key(port) {
                    if let Some(port) = self.ports.get_mut(key) {
                        port.fax = false;
                    }
                    if !self.seal(key, keys) {
                        return self.disconnect(now, key);
                    }
                    let codecs = voice.as_ref().map(codecs).unwrap_or_default();
                    let clocks = with_strays(clocks, voice.as_ref());
                    let expected = Expectation { remote, rtcp, mux, signalling, clocks, fax: false, codecs };
                    self.expect(now, key, expected, voice);
                }
            }
            MediaCommand::Fax { port, remote, signalling } => {
                if let Some(key) = self.key(port) {
                    self.take_fax(now, key, remote, signalling);
                }
            }
            MediaCommand::Connect { a, b } => {
                if let (Some(a), Some(b)) = (self.key(a), self.key(b)) {
                    self.connect(now, a, b);
                }
            }
            MediaCommand::Disconnect { port } => {
                if let Some(key) = self.key(port) {
                    self.disconnect(now, key);
                }
            }
            MediaCommand::Watch { port, silence } => {
                if let Some(key) = self.key(port) {
                    self.relay.watch(now, key, silence);
                }
            }
            MediaCommand::Play { port, id, tenant, sounds, language, forever } => {
                self.play(now, port, id, forever, tenant, sounds, language);
            }
            MediaCommand::Hush { port } => {
                if let Some(key) = self.key(port) {
                    self.hush(key);
                }
                self.with_studio(now, port, Studio::hush);
            }
            MediaCommand::Press { port, digit, time } => self.press(now, port, digit, time),
            MediaCommand::Echo { port, on } => {
                self.with_studio(now, port, |studio| studio.set_echo(on));
            }
            MediaCommand::Record { port, id, tenant, name, limit, silence } => {
                let Some((key, voice)) = self.voiced(port) else {
                    let fault = Some(AudioError::NoCodec);
                    let length = std::time::Duration::ZERO;
                    return self.tell(MediaEvent::Recorded { port, id, length, bytes: 0, fault });
                };
                let (of, back) = (Taped::Port(port), self.parts.back.clone());
                let writing = self.parts.recordings.begin(of, id, tenant, name, RecordingFormat::Wav, back);
                if let Some(studio) = self.studio(now, key) {
                    studio.enough();
                    studio.record(&voice, id, limit, silence, writing);
                }
                self.settle(now, key);
            }
            MediaCommand::Enough { port } => self.with_studio(now, port, Studio::enough),
            MediaCommand::RecordCall { .. }
            | MediaCommand::Tap { .. }
            | MediaCommand::PauseCall { .. }
            | MediaCommand::EnoughCall { .. } => self.tape(now, command),
            MediaCommand::Join { port, mixer, tenant: _, bearing } => self.join(now, port, mixer, bearing),
            MediaCommand::Leave { port } => {
                if let Some(key) = self.key(port) {
                    self.leave(now, key);
                }
            }
            MediaCommand::Announce { mixer, id, tenant, sounds, language } => {
                self.announce(mixer, id, tenant, sounds, language);
            }
            MediaCommand::RecordRoom { mixer, id, tenant, name, limit, format } => {
                self.record_room(mixer, id, tenant, name, limit, format);
            }
            MediaCommand::PauseRoom { mixer, on } => {
                if let Some(room) = self.rooms.get_mut(&mixer) {
                    room.pause(on);
                }
            }
            MediaCommand::EnoughRoom { mixer } => {
                if let Some(room) = self.rooms.get_mut(&mixer) {
                    room.enough();
                }
            }
            MediaCommand::Close { port } => self.close(now, port),
        }
    }

    /// What a port encrypts with from now on. Says whether it can: else nobody is to be heard there, least of all in the
    /// clear.
    fn seal(&mut self, key: PortKey, keys: Option<Box<Secured>>) -> bool {
        let Some(port) = self.ports.get_mut(key) else { return false };
        let wanted = keys.is_some();
        port.seal = match (keys, port.seal.take()) {
            (None, _) => None,
            (Some(keys), Some(mut seal)) => seal.follow(*keys).map(|()| seal),
            (Some(keys), None) => Seal::new(*keys).map(Box::new),
        };
        port.seal.is_some() == wanted
    }

    pub(super) fn key(&self, port: PortId) -> Option<PortKey> {
        self.keys.get(&port).copied()
    }

    pub(super) fn tell(&self, event: MediaEvent) {
        self.parts.inbox.send(Inward::Media(event));
    }

    pub(super) fn voiced(&self, port: PortId) -> Option<(PortKey, Voice)> {
        let key = self.key(port)?;
        Some((key, self.ports.get(key)?.voice.clone()?))
    }

    /// The studio of a port, made where there is none; `None` where the far end has no voice that we know.
    pub(super) fn studio(&mut self, now: Instant, key: PortKey) -> Option<&mut Studio> {
        let seed = self.seed();
        let port = self.ports.get_mut(key)?;
        if port.studio.is_none() {
            let mouth = Mouth::new(port.voice.as_ref()?, seed)?;
            port.studio = Some(Box::new(Studio::new(mouth)));
            self.take_part(now, key, seed.ssrc);
        }
        self.ports.get_mut(key)?.studio.as_deref_mut()
    }

    fn with_studio(&mut self, now: Instant, port: PortId, change: impl FnOnce(&mut Studio)) {
        let Some(key) = self.key(port) else { return };
        if let Some(studio) = self.studio(now, key) {
            change(studio);
        }
        self.settle(now, key);
    }

    /// Gives a port turns, or takes them away, as what it does needs them.
    pub(super) fn settle(&mut self, now: Instant, key: PortKey) {
        let seed = self.rng.next_u64();
        let Some(port) = self.ports.get_mut(key) else { return };
        let (Some(studio), Some(voice)) = (&mut port.studio, &port.voice) else { return };
        studio.settle(voice, seed);
        match (studio.is_needed(), studio.slot) {
            (true, None) => {
                studio.mouth.resume(now);
                studio.slot = Some(self.metronome.join(now, Turn::Port(key)));
            }
            (false, Some(slot)) => {
                self.metronome.leave(Turn::Port(key), slot);
                studio.slot = None;
                studio.mouth.rest(now);
            }
            (true, Some(_)) | (false, None) => {}
        }
    }

    pub(super) fn expect(&mut self, now: Instant, key: PortKey, expected: Expectation, voice: Option<Voice>) {
        let seed = self.seed();
        let (mut again, mut replaced) = (None, false);
        if let Some(port) = self.ports.get_mut(key) {
            let changed = port.voice != voice;
            replaced = changed;
            if changed {
                port.events = voice.as_ref().map(|voice| events(voice, &expected.clocks)).unwrap_or_default();
                port.keys = voice.as_ref().map(|voice| Box::new(Keys::new(voice, &expected.clocks)));
            }
            if let (Some(studio), Some(voice)) = (&mut port.studio, &voice) {
                let changed = studio.mouth.follow(voice, seed);
                // What is whispered to a member is not encoded for it.
                if studio.follow(voice, changed) && port.membership.is_none() {
                    again = studio.wish.clone().map(|wish| (port.id, wish));
                }
            }
            if changed {
                port.set_voice(voice);
            }
        }
        self.relay.expect(key, expected);
        if let Some(beside) = self.relay.peer(key) {
            if replaced {
                // Whoever listened for its keys begins anew.
                self.unheard_by(now, beside);
            }
            self.wire(now, key, beside);
        }
        self.seat(now, key);
        self.settle(now, key);
        if self.ports.get(key).is_some_and(|port| port.tapped) {
            // Only now it may be known how it is heard.
            self.tap(now, key, true);
        }
        if let Some((port, (id, wish, forever))) = again {
            // What is encoded for the old codec is of no use; it begins anew.
            self.play(now, port, id, forever, wish.tenant, wish.sounds, wish.language);
        }
    }

    #[allow(clippy::too_many_arguments, reason = "all that the order says")]
    fn play(
        &mut self,
        now: Instant,
        port: PortId,
        id: SoundId,
        forever: bool,
        tenant: TenantId,
        sounds: Vec<Sound>,
        language: Option<String>,
    ) {
        let whispered = self.key(port).and_then(|key| {
            self.hush(key);
            self.whispered(key)
        });
        let studio = self.voiced(port).and_then(|(key, voice)| Some((key, voice, self.studio(now, key)?)));
        let Some((key, voice, studio)) = studio else {
            return self.tell(MediaEvent::Played { port, id, fault: Some(AudioError::NoCodec) });
        };
        studio.hush();
        let form = whispered.unwrap_or(Form::Encoded(voice.codec, studio.mouth.ptime()));
        let wish = Wish { tenant, sounds, language, form };
        studio.wish = Some((id, wish.clone(), forever));
        self.settle(now, key);
        let back = self.parts.back.clone();
        self.parts.library.fetch(wish, move |items| back.give(Order::Ready { port, id, items }));
    }

    /// What was to be played is there, or is not; if it is still wanted.
    pub(super) fn ready(&mut self, now: Instant, port: PortId, id: SoundId, items: Result<Vec<Item>, AudioError>) {
        let Some((key, voice)) = self.voiced(port) else { return };
        let studio = self.ports.get(key).and_then(|port| port.studio.as_ref());
        let Some((_, _, forever)) = studio.and_then(|studio| studio.wish.clone()).filter(|(wanted, ..)| *wanted == id)
        else {
            return;
        };
        let begun = items.map(|items| self.whisper(key, items, forever));
        let Some(studio) = self.ports.get_mut(key).and_then(|port| port.studio.as_mut()) else { return };
        let begun = match begun {
            Ok(Ok(whispered)) => whispered,
            Ok(Err(items)) => studio.play(&voice, items),
            Err(fault) => Err(fault),
        };
        match begun {
            Ok(()) => {
                // Whoever is connected to it is not to speak into it.
                if let Some(beside) = self.relay.peer(key).and_then(|beside| self.ports.get_mut(beside)) {
                    beside.relayed = false;
                }
            }
            Err(fault) => {
                studio.hush();
                self.tell(MediaEvent::Played { port, id, fault: Some(fault) });
            }
        }
        self.settle(now, key);
    }

    fn connect(&mut self, now: Instant, a: PortKey, b: PortKey) {
        // Who is connected already goes on: what waits in a buffer is heard.
        let new = self.relay.peer(a) != Some(b);
        for key in [a, b] {
            self.leave(now, key);
            if new {
                self.disconnect(now, key);
            }
            if let Some(studio) = self.ports.get_mut(key).and_then(|port| port.studio.as_mut()) {
                studio.hush();
                studio.set_echo(false);
            }
        }
        self.relay.connect(a, b);
        self.wire(now, a, b);
    }

    /// Chooses the ways between two ports that are connected.
    pub(super) fn wire(&mut self, now: Instant, a: PortKey, b: PortKey) {
        for (from, to) in [(a, b), (b, a)] {
            let (Some(one), Some(other)) = (self.ports.get(from), self.ports.get(to)) else { continue };
            let way = match (&one.voice, &other.voice) {
                (Some(_), Some(_)) if one.apart == Some(to) => Some(Way::Across),
                (Some(voice), Some(there)) => Way::between(voice, &one.events, there),
                (None, _) | (_, None) => None,
            };
            let across = other.voice.as_ref().map(|there| there.codec).filter(|_| way == Some(Way::Across));
            let busy = other.is_busy();
            if across.is_some() {
                let _ = (self.studio(now, from).is_some(), self.studio(now, to).is_some());
            }
            if across.is_none() && self.ports.get(from).is_some_and(|port| port.way == Some(Way::Across)) {
                self.unheard_by(now, to);
            }
            if let Some(port) = self.ports.get_mut(from) {
                port.relayed = !busy;
                port.way = way;
                if let Some(studio) = &mut port.studio {
                    studio.set_across(port.voice.as_ref(), across);
                }
            }
        }
        self.settle(now, a);
        self.settle(now, b);
    }

    /// The far end of a port hears a key, in the stream that it hears already.
    fn press(&mut self, now: Instant, port: PortId, digit: Digit, time: Duration) {
        let Some(key) = self.key(port) else { return };
        let Some(beside) = self.relay.peer(key).filter(|_| !self.ports.get(key).is_some_and(Port::is_busy)) else {
            return;
        };
        let Some(speaker) = self.ports.get_mut(beside) else { return };
        if just_now(speaker.last_key, digit, now) {
            return;
        }
        speaker.pressed = Some((digit, now));
        let begins = speaker.way != Some(Way::Across);
        if begins {
            speaker.apart = Some(key);
            self.wire(now, beside, key);
        }
        if let Some(studio) = self.ports.get_mut(key).and_then(|port| port.studio.as_mut()) {
            if begins {
                studio.mouth.hold_keys_back();
            }
            studio.mouth.press(digit, time);
        }
    }

    /// The other port is not heard through sound any more at this one.
    fn unheard_by(&mut self, now: Instant, key: PortKey) {
        if let Some(studio) = self.ports.get_mut(key).and_then(|port| port.studio.as_mut()) {
            studio.mouth.forget_keys();
            if !studio.is_needed() {
                studio.mouth.rest(now);
            }
        }
    }

    pub(super) fn disconnect(&mut self, now: Instant, key: PortKey) {
        let beside = self.relay.peer(key);
        self.relay.disconnect(key);
        for (key, other) in [(Some(key), beside), (beside, Some(key))] {
            let Some(key) = key else { continue };
            let across = self.ports.get(key).is_some_and(|port| port.way == Some(Way::Across));
            if let (true, Some(other)) = (across, other) {
                self.unheard_by(now, other);
            }
            if let Some(port) = self.ports.get_mut(key) {
                (port.relayed, port.way) = (false, None);
                if let Some(studio) = &mut port.studio {
                    studio.set_across(port.voice.as_ref(), None);
                }
            }
            self.settle(now, key);
        }
    }

    pub(super) fn close(&mut self, now: Instant, port: PortId) {
        let buried = self.graves.remove(&port).map(|(stats, rested)| {
            let _ = self.parts.returned.send(rested);
            stats
        });
        let stats = self.key(port).and_then(|key| {
            self.leave(now, key);
            self.disconnect(now, key);
            self.end_tape(now, key);
            self.bye(now, key);
            self.keys.remove(&port);
            if let Some(port) = self.ports.remove(key) {
                if let Some(mut studio) = port.studio {
                    studio.enough();
                    if let Some(slot) = studio.slot {
                        self.metronome.leave(Turn::Port(key), slot);
                    }
                }
                let (number, address, thread) = (port.pair.number, port.pair.address, self.parts.number);
                self.users.remove(&number);
                self.resting.insert(number, port.pair);
                let _ = self.parts.returned.send(Rested { number, address, thread });
            }
            self.relay.close(key)
        });
        let stats = stats.or(buried).unwrap_or_default();
        self.counted.dropped += stats.dropped;
        self.tell(MediaEvent::Closed { port, stats: told(stats) });
    }
}

/// What may come, by how it bears loss.
fn codecs(voice: &Voice) -> Vec<(u8, media::quality::Codec)> {
    let sound = voice.formats.iter().filter_map(|(number, format)| match format {
        Format::Sound(codec) => Some((*number, (*codec).into())),
        Format::Noise | Format::Event => None,
    });
    sound.collect()
}

/// Who does as nobody agreed on is learnt by that too; its clock is known.
fn with_strays(mut clocks: Vec<(u8, u32)>, voice: Option<&Voice>) -> Vec<(u8, u32)> {
    if clocks.is_empty() {
        // Anything may come.
        return clocks;
    }
    for (number, format) in voice.iter().flat_map(|voice| &voice.strays) {
        if let Format::Sound(codec) = format
            && !clocks.iter().any(|(known, _)| known == number)
        {
            clocks.push((*number, codec.clock()));
        }
    }
    clocks
}

pub(super) fn told(stats: Stats) -> MediaStats {
    MediaStats {
        packets_in: stats.packets_in,
        bytes_in: stats.bytes_in,
        packets_out: stats.packets_out,
        bytes_out: stats.bytes_out,
        lost: stats.lost,
        jitter_us: stats.jitter_us,
        rtt_us: stats.rtt_us,
        far_lost: stats.far_lost,
        far_jitter_us: stats.far_jitter_us,
        r_factor: stats.r_factor,
        mos: stats.mos,
        dropped: stats.dropped,
    }
}
