//! One media thread: epoll over the sockets of its ports, and turns for those that make sound. A packet that is relayed
//! costs no task, no lock and no allocation. What panics takes its own port along and no other (`breaking`).

mod breaking;
mod commands;
mod fax;
mod moves;
mod port;
mod reports;
mod rooms;
mod taping;

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use media::dtmf::Heard;
use media::{Kind, PortKey, Relay, Stats};
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rustix::event::Timespec;
use rustix::event::epoll;
use slotmap::SecondaryMap;
use switch::{MediaEvent, MixerId, PortId};

use super::keys::began;
use super::metronome::{Metronome, Turn};
use super::mouth::{Mouth, Seed};
use super::ports::{Pair, Rested};
use super::recordings::Taped;
use super::room::Room;
use super::seal::ROOM;
use super::studio::News;
use super::way::Way;
use super::worker::{BELL, Order, Parts, RTCP};
use crate::exchange::{Inbox, Inward};
use breaking::{Owed, caught};
use moves::Moves;
pub(super) use moves::Moving;
use port::{Membership, Port};
use reports::Dues;

const WATCH: Duration = Duration::from_secs(1);
/// No datagram is larger.
const LARGEST: usize = 65_536;
/// A socket holds no more datagrams of sound than these, with the usual size of its buffer.
const WAITING: usize = 512;

pub(super) struct Thread {
    parts: Parts,
    relay: Relay,
    metronome: Metronome,
    rng: ChaCha12Rng,
    /// Ports by the relay's key.
    ports: SecondaryMap<PortKey, Port>,
    /// The relay's keys by the exchange's.
    keys: HashMap<PortId, PortKey>,
    /// Mixers with members here, as who opened them named them.
    rooms: BTreeMap<MixerId, Room>,
    moves: Moves,
    dues: Dues,
    /// The relay's keys by the number of the pair that is used.
    users: HashMap<u64, PortKey>,
    /// Pairs that nobody uses, by their number.
    resting: HashMap<u64, Pair>,
    /// Ports that broke and are to be given back yet, as the exchange names them: what was counted there, and their pairs.
    graves: HashMap<PortId, (Stats, Rested)>,
    counted: Counted,
    shown: Busy,
}

/// Counted here, told to the metrics now and then.
#[derive(Default)]
struct Counted {
    received: u64,
    sent: u64,
    dropped: u64,
    /// Came from a far end and could not be decoded.
    unheard: u64,
}

/// How many ports make sound.
#[derive(Default, Clone, Copy)]
struct Busy {
    playing: u32,
    recording: u32,
    transcoding: u32,
    rooms: u32,
    members: u32,
}

impl Thread {
    pub(super) fn new(parts: Parts) -> Self {
        Self {
            relay: Relay::default(),
            metronome: Metronome::new(Instant::now()),
            rng: ChaCha12Rng::from_seed(parts.seed),
            ports: SecondaryMap::new(),
            keys: HashMap::new(),
            rooms: BTreeMap::new(),
            moves: Moves::default(),
            dues: Dues::default(),
            users: HashMap::new(),
            resting: HashMap::new(),
            graves: HashMap::new(),
            counted: Counted::default(),
            shown: Busy::default(),
            parts,
        }
    }

    /// Works until there is nobody left to work for.
    pub(super) fn run(mut self) {
        while caught(|| self.work()).is_none() {
            self.begin_anew();
        }
    }

    fn work(&mut self) {
        let mut events = Vec::with_capacity(256);
        let mut packet = vec![0; LARGEST + ROOM];
        let mut next_watch = Instant::now() + WATCH;
        loop {
            let first = self.metronome.poll_timeout().into_iter().chain(self.dues.poll_timeout()).min();
            let due = first.map_or(next_watch, |first| first.min(next_watch));
            let left = due.saturating_duration_since(Instant::now());
            let timeout =
                Timespec { tv_sec: left.as_secs().try_into().unwrap_or(1), tv_nsec: left.subsec_nanos().into() };
            events.clear();
            match epoll::wait(&*self.parts.poll, rustix::buffer::spare_capacity(&mut events), Some(&timeout)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => {
                    tracing::error!(%error, "the media thread cannot wait for packets");
                    std::thread::sleep(WATCH);
                }
            }
            let now = Instant::now();
            // The bell is silenced before orders are read: whatever is given from then on rings it anew.
            if events.iter().any(|event| event.data.u64() == BELL) {
                self.parts.bell.heard();
            }
            // Orders first, with or without the bell: a peer may speak as soon as it is told that it may, and its first
            // packets overtake the bell.
            if !self.obey(now) {
                return;
            }
            #[cfg(test)]
            super::tests::breaking::at_work();
            for event in events.iter().filter(|event| event.data.u64() != BELL) {
                self.receive(now, event.data.u64(), &mut packet);
            }
            while let Some((slot, ports)) = self.metronome.take(now) {
                self.turns(now, slot, ports);
            }
            self.reports(now);
            if now >= next_watch {
                next_watch = now + WATCH;
                let _ = caught(|| self.watch(now));
            }
        }
    }

    /// Takes one packet that waits on a socket; where more wait, the poll says so again, after the others had their turn.
    /// The highest bit tells RTP from RTCP.
    fn receive(&mut self, now: Instant, data: u64, packet: &mut [u8]) {
        let kind = if data & RTCP == 0 { Kind::Rtp } else { Kind::Rtcp };
        let number = data & !RTCP;
        let Some(key) = self.users.get(&number).copied() else { return self.overhear(number, kind) };
        if caught(|| self.receive_at(now, key, kind, packet)).is_none() {
            self.bury(now, key);
        }
    }

    fn receive_at(&mut self, now: Instant, key: PortKey, kind: Kind, packet: &mut [u8]) {
        let Some(port) = self.ports.get_mut(key) else { return };
        let socket = port.pair.socket(kind);
        let Ok((mut size, from)) = socket.recv_from(packet.get_mut(..LARGEST).unwrap_or_default()) else { return };
        self.counted.received += 1;
        if port.fax {
            return self.pass_fax(now, key, kind, from, packet.get(..size).unwrap_or_default());
        }
        if let Some(seal) = &mut port.seal {
            // RFC 3711 §3.3: authentic before anything else is believed, and where it came from learnt.
            match seal.open(kind, packet.get_mut(..size).unwrap_or_default()) {
                Ok(length) => size = length,
                Err(_) => return self.relay.reject(key),
            }
        }
        let bytes = packet.get_mut(..size).unwrap_or_default();
        let Some(kind) = self.relay.admit(now, key, kind, from, bytes) else { return };
        #[cfg(test)]
        super::tests::breaking::at_packet(key, bytes);
        let mut plain = port.is_plain();
        if kind == Kind::Rtp && port.is_notable(bytes) {
            if port.is_twin(now, bytes) {
                return;
            }
            if port.is_stray(bytes) {
                plain = false;
                self.strayed(now, key, bytes);
            }
        }
        if !plain && !self.attend(now, key, kind, bytes) {
            return;
        }
        let Some(forward) = self.relay.onward(key, kind, size) else { return };
        let Some(out) = self.ports.get_mut(forward.port) else { return };
        if let Some(seal) = &mut out.seal {
            // One that was sent before, or is too old, must not be encrypted again (RFC 3711 §9.1).
            let Ok(length) = seal.close(forward.kind, packet, size) else { return };
            size = length;
        }
        let bytes = packet.get(..size).unwrap_or_default();
        let socket = out.pair.socket(forward.socket);
        // A packet that cannot be sent now is late already.
        if socket.send_to(bytes, forward.to).is_ok() {
            self.counted.sent += 1;
        }
    }

    /// Hears a packet of a port that does more than relay; says whether the packet goes on as it is now.
    fn attend(&mut self, now: Instant, key: PortKey, kind: Kind, packet: &mut [u8]) -> bool {
        let beside = self.relay.peer(key);
        // What plays there is not to be spoken into.
        let busy = beside.and_then(|beside| self.ports.get(beside)).is_some_and(Port::is_busy);
        let Some(port) = self.ports.get_mut(key) else { return false };
        if kind == Kind::Rtcp {
            // Reports on streams that the other end does not have are nothing to it.
            return !busy && port.way != Some(Way::Across);
        }
        let mut heard = port.studio.as_mut().map_or(Ok(()), |studio| studio.hear(now, packet));
        if let Some(Membership { mixer, member: Some(member), .. }) = port.membership
            && let Some(room) = self.rooms.get_mut(&mixer)
        {
            heard = heard.and(room.hall.handle(now, member, packet).map(drop));
        }
        if let Err(unheard) = heard {
            self.counted.unheard += 1;
            if !std::mem::replace(&mut port.told_unheard, true) {
                tracing::warn!(port = ?port.id, %unheard, "packets come that nobody understands: they are not heard");
            }
        }
        if beside.is_none()
            && let Some(keys) = &mut port.keys
        {
            let (id, inbox) = (port.id, &self.parts.inbox);
            keys.handle(now, packet, |heard| {
                if let Some(digit) = began(heard) {
                    inbox.send(Inward::Media(MediaEvent::Key { port: id, digit }));
                }
            });
        }
        match &port.way {
            None => !busy,
            Some(Way::Direct(rules)) => {
                Way::apply(rules, packet);
                !busy
            }
            Some(Way::Across) => {
                if let Some(beside) = beside {
                    self.carry(now, key, beside, packet);
                }
                false
            }
        }
    }

    /// The far end speaks a codec that was not agreed on: from now on it is heard, where its packets were passed on.
    fn strayed(&mut self, now: Instant, key: PortKey, packet: &[u8]) {
        let beside = self.relay.peer(key);
        let Some(port) = self.ports.get_mut(key) else { return };
        if !std::mem::replace(&mut port.told_stray, true) {
            let payload_type = packet.get(1).map(|second| second & 0x7f);
            tracing::info!(port = ?port.id, payload_type, "the far end speaks a codec that was not agreed on: it is heard");
        }
        if let Some(beside) = beside.filter(|beside| port.apart != Some(*beside)) {
            port.apart = Some(beside);
            self.wire(now, key, beside);
        }
    }

    /// Carries a key from one port to another.
    fn carry(&mut self, now: Instant, key: PortKey, beside: PortKey, packet: &[u8]) {
        let Some([port, other]) = self.ports.get_disjoint_mut([key, beside]) else { return };
        let (Some(studio), Some(there)) = (&mut port.studio, &mut other.studio) else { return };
        let busy = there.mouth.busy;
        if port.events.is_empty() && there.mouth.takes_events() {
            // RFC 4733 §1: what was a tone in the sound is an event from here on.
            if let Some(keys) = &mut port.keys {
                keys.handle(now, packet, |heard| {
                    if !busy || matches!(heard, Heard::Ended(_)) {
                        there.mouth.follow_key(heard);
                    }
                });
            }
            return;
        }
        if busy {
            // Nobody presses keys into what plays there.
            return;
        }
        let (relay, sent, pair, seal) = (&mut self.relay, &mut self.counted.sent, &other.pair, &mut other.seal);
        studio.carry(now, packet, &port.events, &mut there.mouth, |packet| {
            *sent += u64::from(pair.send(now, seal, relay, beside, packet));
        });
        tell_keys(&self.parts.inbox, other.id, &mut there.mouth);
    }

    /// The turn of each port and each mixer of a slot.
    fn turns(&mut self, now: Instant, slot: usize, mut ports: Vec<Turn>) {
        ports.retain(|turn| match turn {
            Turn::Port(key) => caught(|| self.turn(now, *key)).unwrap_or_else(|| {
                self.bury(now, *key);
                false
            }),
            Turn::Room(mixer) => caught(|| self.room_turn(now, *mixer)).unwrap_or_else(|| self.room_broke(now, *mixer)),
        });
        self.metronome.give_back(slot, ports);
    }

    /// The turn of a port; says whether it wants another.
    fn turn(&mut self, now: Instant, key: PortKey) -> bool {
        if self.ports.get(key).is_some_and(|port| port.tape.is_some()) {
            self.wind(now, key);
        }
        let beside = self.relay.peer(key);
        let Some(mut studio) = self.ports.get_mut(key).and_then(|port| port.studio.take()) else { return false };
        let other =
            beside.filter(|_| studio.across.is_some()).and_then(|beside| self.ports.get_mut(beside)?.studio.take());
        #[cfg(test)]
        super::tests::breaking::at_turn(key);
        let line = std::cell::RefCell::new((&mut self.relay, &mut self.counted.sent, &mut self.ports));
        let send = |to: Option<PortKey>, packet: &[u8]| {
            let (relay, sent, ports) = &mut *line.borrow_mut();
            if let Some((to, port)) = to.and_then(|to| Some((to, ports.get_mut(to)?))) {
                **sent += u64::from(port.pair.send(now, &mut port.seal, relay, to, packet));
            }
        };
        let mut other = other;
        let news = studio.turn(
            now,
            other.as_mut().map(|other| &mut other.mouth),
            |packet| send(Some(key), packet),
            |packet| send(beside, packet),
        );
        if let (Some(beside), Some(mut other)) = (beside, other)
            && let Some(port) = self.ports.get_mut(beside)
        {
            tell_keys(&self.parts.inbox, port.id, &mut other.mouth);
            port.studio = Some(other);
        }
        let needed = studio.is_needed();
        if !needed {
            studio.slot = None;
            studio.mouth.rest(now);
        }
        let Some(port) = self.ports.get_mut(key) else { return false };
        port.studio = Some(studio);
        if let Some(News::Played(id)) = news {
            let event = MediaEvent::Played { port: port.id, id, fault: None };
            self.parts.inbox.send(Inward::Media(event));
        }
        needed
    }

    /// Does what it was told; says whether there is anybody left to tell it more.
    fn obey(&mut self, now: Instant) -> bool {
        use std::sync::mpsc::TryRecvError;
        loop {
            match self.parts.orders.try_recv() {
                Ok(order) => self.order(now, order),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
        while let Ok(order) = self.parts.results.try_recv() {
            self.order(now, order);
        }
        true
    }

    fn order(&mut self, now: Instant, order: Order) {
        let Some(order) = self.moves.hold(order) else { return };
        let owed = Owed::of(&order);
        if caught(|| self.obey_one(now, order)).is_none() {
            self.make_good(now, owed);
        }
    }

    fn obey_one(&mut self, now: Instant, order: Order) {
        match order {
            Order::Open { id, pair } => self.open(now, id, pair),
            Order::Reopen { id, number } => {
                if let Some(pair) = self.resting.remove(&number) {
                    empty(&pair);
                    self.open(now, id, pair);
                }
            }
            // Closing a socket takes it out of the epoll.
            Order::Forget { number } => drop(self.resting.remove(&number)),
            Order::Command(command) => self.command(now, command),
            Order::Ready { port, id, items } => self.ready(now, port, id, items),
            Order::Announced { mixer, id, items } => self.announced(mixer, id, items),
            Order::Await { port } => self.await_port(port),
            Order::Measure { port, answer } => {
                if let Some(stats) = self.key(port).and_then(|key| self.relay.stats(key)) {
                    let _ = answer.send(commands::told(stats));
                }
            }
            Order::Move { port, to } => self.depart(now, port, &to),
            Order::Arrive { port, moving } => self.arrive(now, port, moving),
            Order::Spoilt { of: Taped::Mixer(mixer), id } => {
                if let Some(room) = self.rooms.get_mut(&mixer) {
                    room.spoil(id);
                }
            }
            Order::Spoilt { of: Taped::Port(port), id } => {
                if let Some(studio) = self.keys.get(&port).and_then(|key| self.ports.get_mut(*key)?.studio.as_mut()) {
                    studio.spoil(id);
                }
                if let Some(key) = self.keys.get(&port).copied() {
                    self.spoil_tape(now, key, id);
                }
            }
        }
    }

    fn open(&mut self, now: Instant, id: PortId, pair: Pair) {
        let key = self.relay.open(now);
        self.keys.insert(id, key);
        self.users.insert(pair.number, key);
        self.ports.insert(key, Port::new(id, pair));
    }

    /// Throws away what came for somebody who is gone.
    fn overhear(&self, number: u64, kind: Kind) {
        if let Some(pair) = self.resting.get(&number) {
            let _ = pair.socket(kind).recv_from(&mut [0; 1]);
        }
    }

    fn seed(&mut self) -> Seed {
        let mixed = self.rng.next_u64();
        let [a, b, c, d, e, f, ..] = mixed.to_be_bytes();
        Seed {
            ssrc: u32::from_be_bytes([a, b, c, d]),
            sequence: u16::from_be_bytes([e, f]),
            timestamp: self.rng.next_u32(),
        }
    }

    fn watch(&mut self, now: Instant) {
        while let Some(key) = self.relay.poll_silent(now) {
            if let Some(port) = self.ports.get(key) {
                self.parts.inbox.send(Inward::Media(MediaEvent::Silent { port: port.id }));
            }
        }
        let counted = std::mem::take(&mut self.counted);
        metrics::counter!("strowger_media_packets_total", "direction" => "in").increment(counted.received);
        metrics::counter!("strowger_media_packets_total", "direction" => "out").increment(counted.sent);
        metrics::counter!("strowger_media_dropped_total").increment(counted.dropped);
        metrics::counter!("strowger_media_unheard_total").increment(counted.unheard);
        let mut busy = Busy::default();
        for studio in self.ports.values().filter_map(|port| port.studio.as_ref()) {
            busy.playing += u32::from(studio.is_playing());
            busy.recording += u32::from(studio.is_recording());
            busy.transcoding += u32::from(studio.across.is_some());
        }
        for room in self.rooms.values() {
            busy.rooms += 1;
            busy.members += u32::try_from(room.members.len()).unwrap_or(u32::MAX);
            busy.recording += u32::from(room.is_recorded());
        }
        let tapes = self.ports.values().filter(|port| port.tape.is_some()).count();
        busy.recording += u32::try_from(tapes).unwrap_or(0);
        // Other threads count into the same gauges.
        let before = std::mem::replace(&mut self.shown, busy);
        let tell = |gauge: metrics::Gauge, now: u32, before: u32| gauge.increment(f64::from(now) - f64::from(before));
        tell(metrics::gauge!("strowger_media_playing"), busy.playing, before.playing);
        tell(metrics::gauge!("strowger_media_recording"), busy.recording, before.recording);
        tell(metrics::gauge!("strowger_media_transcoding"), busy.transcoding, before.transcoding);
        tell(metrics::gauge!("strowger_media_rooms"), busy.rooms, before.rooms);
        tell(metrics::gauge!("strowger_media_members"), busy.members, before.members);
    }
}

/// What still waits on a pair came for somebody who is gone: the next one does not hear it.
fn empty(pair: &Pair) {
    for kind in [Kind::Rtp, Kind::Rtcp] {
        // Whoever floods it is not waited for.
        let _ = (0..WAITING).take_while(|_| pair.socket(kind).recv_from(&mut [0; 1]).is_ok()).count();
    }
}

/// Tells the exchange of the keys that the far end of this port is to be told of.
fn tell_keys(inbox: &Inbox, port: PortId, mouth: &mut Mouth) {
    for pressed in mouth.telling() {
        let (digit, time) = (pressed.digit, pressed.duration);
        inbox.send(Inward::Media(MediaEvent::Tell { port, digit, time }));
    }
}
