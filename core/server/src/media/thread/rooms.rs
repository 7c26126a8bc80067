//! Mixers of a thread: who joins and leaves, what is played to them, and their turns.

use std::time::{Duration, Instant};

use media::hall::Event;
use media::player::Item;
use media::{PortKey, Rate};
use rand_chacha::rand_core::Rng;
use switch::{AudioError, Bearing, MediaEvent, MixerId, PortId, RecordingFormat, Sound, SoundId, TenantId};

use super::Thread;
use super::port::Membership;
use crate::exchange::Inward;
use crate::media::library::{Form, Wish};
use crate::media::metronome::Turn;
use crate::media::recordings::Taped;
use crate::media::room::Room;
use crate::media::tape::one_voice;
use crate::media::worker::Order;

/// Prompts have no sound that is wider, and are not kept in memory as if they had.
const WIDEST: Rate = Rate::Wide;

impl Thread {
    /// A port becomes a member, or bears itself in another way.
    pub(super) fn join(&mut self, now: Instant, port: PortId, mixer: MixerId, bearing: Bearing) {
        let Some(key) = self.key(port) else { return };
        let before = self.ports.get(key).and_then(|port| port.membership);
        if before.is_none_or(|before| before.mixer != mixer) {
            self.leave(now, key);
            self.disconnect(now, key);
            if let Some(studio) = self.ports.get_mut(key).and_then(|port| port.studio.as_mut()) {
                studio.hush();
                studio.set_echo(false);
            }
            self.settle(now, key);
            let metronome = &mut self.metronome;
            let room = self.rooms.entry(mixer).or_insert_with(|| Room::new(metronome.join(now, Turn::Room(mixer))));
            room.joined += 1;
        }
        if let Some(port) = self.ports.get_mut(key) {
            let member = before.filter(|before| before.mixer == mixer).and_then(|before| before.member);
            port.membership = Some(Membership { mixer, bearing, member });
            if let (Some(member), Some(room)) = (member, self.rooms.get_mut(&mixer)) {
                room.bear(member, bearing);
            }
        }
        self.seat(now, key);
    }

    /// Gives a member its place in the hall, once it has a voice; after another agreement, tells the hall.
    pub(super) fn seat(&mut self, now: Instant, key: PortKey) {
        let Some(Membership { mixer, bearing, member }) = self.ports.get(key).and_then(|port| port.membership) else {
            return;
        };
        let seed = self.rng.next_u64();
        let voice = self.ports.get(key).and_then(|port| port.voice.clone());
        let ptime = self.studio(now, key).map(|studio| studio.mouth.ptime());
        let Some(room) = self.rooms.get_mut(&mixer) else { return };
        let seated = match (member, voice.zip(ptime)) {
            (Some(member), Some((voice, ptime))) => {
                // The mouth's ptime is one that can be had.
                let _ = room.hall.follow(member, voice.codec, ptime, &voice.hearable(), seed);
                Some(member)
            }
            (None, Some((voice, ptime))) => {
                let member = room.hall.join(voice.codec, ptime, &voice.hearable(), seed).ok();
                if let Some(member) = member {
                    room.bear(member, bearing);
                    room.members.insert(member, key);
                }
                member
            }
            (Some(member), None) => {
                room.hall.leave(member);
                room.members.remove(member);
                None
            }
            (None, None) => None,
        };
        if let Some(port) = self.ports.get_mut(key) {
            port.membership = Some(Membership { mixer, bearing, member: seated });
            if let Some(studio) = port.studio.as_mut().filter(|_| member.is_none()) {
                studio.mouth.resume(now);
            }
        }
    }

    /// A port is no member any more.
    pub(super) fn leave(&mut self, now: Instant, key: PortKey) {
        let Some(port) = self.ports.get_mut(key) else { return };
        let Some(Membership { mixer, member, .. }) = port.membership.take() else { return };
        if let Some(studio) = &mut port.studio {
            studio.hush();
            studio.mouth.rest(now);
        }
        let Some(room) = self.rooms.get_mut(&mixer) else { return };
        if let Some(member) = member {
            room.hall.leave(member);
            room.members.remove(member);
        }
        room.joined -= 1;
        if room.joined == 0 {
            room.enough();
            self.metronome.leave(Turn::Room(mixer), room.slot);
            self.rooms.remove(&mixer);
        }
    }

    /// In which form sound for this port has to be had, if it is a member.
    pub(super) fn whispered(&self, key: PortKey) -> Option<Form> {
        let membership = self.ports.get(key)?.membership?;
        let room = self.rooms.get(&membership.mixer)?;
        Some(Form::Linear(room.hall.rate().min(WIDEST)))
    }

    /// Plays something to a member over its room; `None` when it is none, and the items come back.
    pub(super) fn whisper(
        &mut self,
        key: PortKey,
        items: Vec<Item>,
        forever: bool,
    ) -> Result<Result<(), AudioError>, Vec<Item>> {
        let membership = self.ports.get(key).and_then(|port| port.membership);
        let place = membership.and_then(|membership| {
            let room = self.rooms.get_mut(&membership.mixer)?;
            Some((room, membership.member?))
        });
        let Some((room, member)) = place else { return Err(items) };
        let begun = room.hall.whisper(member, items, forever);
        Ok(begun.map_err(|error| AudioError::Unplayable("a sound".to_owned(), error.to_string())))
    }

    /// Whispers nothing more.
    pub(super) fn hush(&mut self, key: PortKey) {
        let Some(Membership { mixer, member: Some(member), .. }) = self.ports.get(key).and_then(|port| port.membership)
        else {
            return;
        };
        if let Some(room) = self.rooms.get_mut(&mixer) {
            room.hall.hush(member);
        }
    }

    /// Fetches what is to be announced; its place in the order is taken already.
    pub(super) fn announce(
        &mut self,
        mixer: MixerId,
        id: SoundId,
        tenant: TenantId,
        sounds: Vec<Sound>,
        language: Option<String>,
    ) {
        let Some(room) = self.rooms.get_mut(&mixer) else { return };
        if !room.await_announcement(id) {
            tracing::debug!(mixer = mixer.0, "too many announcements wait");
            return;
        }
        let form = Form::Linear(room.hall.rate().min(WIDEST));
        let back = self.parts.back.clone();
        let wish = Wish { tenant, sounds, language, form };
        self.parts.library.fetch(wish, move |items| back.give(Order::Announced { mixer, id, items }));
    }

    /// What is to be announced is there, or is not.
    pub(super) fn announced(&mut self, mixer: MixerId, id: SoundId, items: Result<Vec<Item>, AudioError>) {
        let Some(room) = self.rooms.get_mut(&mixer) else { return };
        let items = items.inspect_err(|error| tracing::warn!(%error, "an announcement cannot be played")).ok();
        room.announce(id, items);
    }

    pub(super) fn record_room(
        &mut self,
        mixer: MixerId,
        id: SoundId,
        tenant: TenantId,
        name: String,
        limit: Duration,
        format: RecordingFormat,
    ) {
        let serial = self.rng.next_u32();
        let Some(room) = self.rooms.get_mut(&mixer) else {
            let fault = Some(AudioError::Unwritable("nobody is in the room".to_owned()));
            return self.tell(MediaEvent::RoomRecorded { mixer, id, name, length: Duration::ZERO, bytes: 0, fault });
        };
        // The one before has to have its name back before this one may take it.
        room.enough();
        let (of, back) = (Taped::Mixer(mixer), self.parts.back.clone());
        let writing = self.parts.recordings.begin(of, id, tenant, name, format, back);
        room.record(id, limit, one_voice(format, serial), writing);
    }

    /// The turn of a mixer: all hear, all are told. Says whether it wants another.
    pub(super) fn room_turn(&mut self, now: Instant, mixer: MixerId) -> bool {
        let Some(room) = self.rooms.get_mut(&mixer) else { return false };
        room.hall.tick(now);
        for (member, key) in &room.members {
            room.at = Some(*key);
            let Some(port) = self.ports.get_mut(*key) else { continue };
            #[cfg(test)]
            crate::media::tests::breaking::at_turn(*key);
            let Some(studio) = &mut port.studio else { continue };
            let reachable = self.relay.is_reachable(*key);
            for payload in room.hall.payloads(member) {
                if !reachable {
                    // The clock goes on; numbers do not, or a receiver of SRTP would lose count (RFC 3711 §3.3.1).
                    studio.mouth.pause(studio.mouth.ptime());
                    continue;
                }
                let packet = studio.mouth.payload(payload);
                self.counted.sent += u64::from(port.pair.send(now, &mut port.seal, &mut self.relay, *key, packet));
            }
        }
        room.at = None;
        room.keep();
        while let Some(event) = room.hall.poll_event() {
            let of = |member| room.members.get(member).copied();
            let told = match event {
                Event::Speech(speech) => of(speech.member)
                    .and_then(|key| self.ports.get(key))
                    .map(|port| MediaEvent::Speaking { port: port.id, speaks: speech.speaks }),
                Event::Whispered(member) => of(member).and_then(|key| self.ports.get_mut(key)).and_then(|port| {
                    let (id, ..) = port.studio.as_mut()?.wish.take()?;
                    Some(MediaEvent::Played { port: port.id, id, fault: None })
                }),
                Event::Announced => {
                    room.announce_next();
                    None
                }
            };
            if let Some(told) = told {
                self.parts.inbox.send(Inward::Media(told));
            }
        }
        true
    }
}
