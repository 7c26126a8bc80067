//! Our reports to far ends whose streams end here (RFC 3550 §6): who is played to, recorded, transcoded or in a room. On a
//! plain relay the two far ends report to each other.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use media::rtcp::Ntp;
use media::{Forward, Identity, Kind, PortKey};
use rand_chacha::rand_core::Rng;

use super::Thread;
use super::breaking::caught;
use super::port::Port;
use crate::media::way::Way;

/// No report of ours is longer.
const LONGEST: usize = 256;

/// When the next report of each port is due. Ports that are gone stay until then.
#[derive(Debug, Default)]
pub(super) struct Dues(BinaryHeap<Reverse<(Instant, PortKey)>>);

impl Dues {
    pub(super) fn add(&mut self, due: Instant, port: PortKey) {
        self.0.push(Reverse((due, port)));
    }

    /// When the first of all is due.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.0.peek().map(|Reverse((due, _))| *due)
    }

    fn take(&mut self, now: Instant) -> Option<PortKey> {
        self.poll_timeout().filter(|due| *due <= now)?;
        self.0.pop().map(|Reverse((_, port))| port)
    }
}

impl Thread {
    /// From now on a port is an end of its streams.
    pub(super) fn take_part(&mut self, now: Instant, key: PortKey, ssrc: u32) {
        // RFC 7022 §4.2: 96 random bits, for as long as the port lives.
        let cname = format!("{:08x}{:016x}", self.rng.next_u32(), self.rng.next_u64());
        let identity = Identity { ssrc, cname, seed: self.rng.next_u64() };
        if let Some(due) = self.relay.take_part(now, key, &identity) {
            self.dues.add(due, key);
        }
    }

    /// Makes the reports that are due.
    pub(super) fn reports(&mut self, now: Instant) {
        while let Some(key) = self.dues.take(now) {
            if caught(|| self.report(now, key)).is_none() {
                self.bury(now, key);
            }
        }
    }

    fn report(&mut self, now: Instant, key: PortKey) {
        let mut packet = [0; LONGEST];
        if self.others_report(key) {
            self.relay.pass_over(now, key);
        } else if let Some((length, forward)) = self.relay.report(now, wall_clock(), key, &mut packet) {
            self.send_report(packet.get(..length).unwrap_or_default(), forward);
        }
        if let Some(due) = self.relay.report_due(key) {
            self.dues.add(due, key);
        }
    }

    /// Says goodbye at a port that is about to be closed (§6.6).
    pub(super) fn bye(&mut self, now: Instant, key: PortKey) {
        let mut packet = [0; LONGEST];
        if let Some((length, forward)) = self.relay.bye(now, wall_clock(), key, &mut packet) {
            self.send_report(packet.get(..length).unwrap_or_default(), forward);
        }
    }

    /// The reports of another far end pass to this one.
    fn others_report(&self, key: PortKey) -> bool {
        let beside = self.relay.peer(key).and_then(|beside| self.ports.get(beside));
        let busy = self.ports.get(key).is_some_and(Port::is_busy);
        // What the other says of a stream of ours is nothing to who sent another one there.
        let own = self.ports.get(key).is_some_and(|port| port.way == Some(Way::Across));
        beside.is_some_and(|beside| !busy && !own && beside.way != Some(Way::Across))
    }

    fn send_report(&mut self, packet: &[u8], forward: Forward) {
        let Some(port) = self.ports.get_mut(forward.port) else { return };
        let packet = match &mut port.seal {
            None => Some(packet),
            Some(seal) => seal.say(Kind::Rtcp, packet),
        };
        let socket = port.pair.socket(forward.socket);
        // One that cannot be sent is followed by another.
        let _ = packet.map(|packet| socket.send_to(packet, forward.to));
    }
}

/// The time of the day: others may hold reports of several hosts together (§4).
fn wall_clock() -> Ntp {
    Ntp::since_1970(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}
