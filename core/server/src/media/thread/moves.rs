//! Ports that move from one thread to another, with all that they have. What is ordered of them meanwhile waits where they
//! come to, and is carried out in the order in which it was given.
//!
//! ```text
//! engine ─► new thread: Await(port)   orders for the port follow, and wait
//!        └► old thread: Move(port) ──► new thread: Arrive(port, all that it has)
//! ```

use std::time::Instant;

use media::Parted;
use rustix::event::epoll::{self, EventData, EventFlags};
use switch::{MediaCommand, MixerId, PortId};

use super::Thread;
use super::port::Port;
use crate::media::metronome::Turn;
use crate::media::worker::{Order, Orders, RTCP};

/// A port on its way.
pub(in crate::media) struct Moving {
    port: Port,
    relayed: Parted,
}

impl std::fmt::Debug for Moving {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Moving").field("port", &self.port.id).finish_non_exhaustive()
    }
}

/// Ports that are to come, and what waits for them.
#[derive(Debug, Default)]
pub(super) struct Moves {
    awaited: Vec<PortId>,
    /// Came before this thread had read that it would.
    early: Vec<PortId>,
    /// Names something awaited, or something that an order before it names.
    held: Vec<Order>,
}

/// What an order is about: two orders that name the same keep their order.
pub(super) fn names(order: &Order) -> ([Option<PortId>; 2], Option<MixerId>) {
    let Order::Command(command) = order else {
        return match order {
            Order::Await { port } | Order::Move { port, .. } | Order::Measure { port, .. } => {
                ([Some(*port), None], None)
            }
            _ => ([None, None], None),
        };
    };
    match command {
        MediaCommand::Connect { a, b } => ([Some(*a), Some(*b)], None),
        MediaCommand::Tap { port, far, .. } => ([Some(*port), *far], None),
        MediaCommand::Join { port, mixer, .. } => ([Some(*port), None], Some(*mixer)),
        MediaCommand::Expect { port, .. }
        | MediaCommand::Fax { port, .. }
        | MediaCommand::Disconnect { port }
        | MediaCommand::Watch { port, .. }
        | MediaCommand::Leave { port }
        | MediaCommand::Play { port, .. }
        | MediaCommand::Hush { port }
        | MediaCommand::Press { port, .. }
        | MediaCommand::Echo { port, .. }
        | MediaCommand::Record { port, .. }
        | MediaCommand::Enough { port }
        | MediaCommand::RecordCall { port, .. }
        | MediaCommand::PauseCall { port, .. }
        | MediaCommand::EnoughCall { port }
        | MediaCommand::Close { port } => ([Some(*port), None], None),
        MediaCommand::Announce { mixer, .. }
        | MediaCommand::RecordRoom { mixer, .. }
        | MediaCommand::PauseRoom { mixer, .. }
        | MediaCommand::EnoughRoom { mixer } => ([None, None], Some(*mixer)),
    }
}

/// Who does this may be the last member that a mixer has here.
const fn leaves(order: &Order) -> bool {
    use MediaCommand::{Close, Connect, Join, Leave};
    matches!(order, Order::Move { .. } | Order::Command(Close { .. } | Connect { .. } | Join { .. } | Leave { .. }))
}

impl Moves {
    /// Takes an order that has to wait; gives back one that has not.
    pub(super) fn hold(&mut self, order: Order) -> Option<Order> {
        if self.awaited.is_empty() {
            return Some(order);
        }
        let (ports, mixer) = names(&order);
        let any = |told: &dyn Fn(&PortId) -> bool| ports.iter().flatten().any(told);
        // A mixer goes with its last member: nobody leaves before those who joined while he was there.
        let joins = |held: &Order| matches!(held, Order::Command(MediaCommand::Join { .. }));
        let waits = any(&|port| self.awaited.contains(port))
            || (leaves(&order) && self.held.iter().any(joins))
            || self.held.iter().map(names).any(|(others, other)| {
                any(&|port| others.contains(&Some(*port))) || (mixer.is_some() && mixer == other)
            });
        if waits {
            self.held.push(order);
            return None;
        }
        Some(order)
    }
}

impl Thread {
    /// A port will come.
    pub(super) fn await_port(&mut self, port: PortId) {
        if let Some(at) = self.moves.early.iter().position(|early| *early == port) {
            self.moves.early.swap_remove(at);
        } else {
            self.moves.awaited.push(port);
        }
    }

    /// A port goes; one that is not here any more is told too, so that nobody waits for it.
    pub(super) fn depart(&mut self, now: Instant, port: PortId, to: &Orders) {
        let moving = self.keys.get(&port).copied().and_then(|key| {
            self.leave(now, key);
            self.disconnect(now, key);
            let key = self.keys.remove(&port)?;
            let mut port = self.ports.remove(key)?;
            self.users.remove(&port.pair.number);
            if let Some(studio) = &mut port.studio
                && let Some(slot) = studio.slot.take()
            {
                self.metronome.leave(Turn::Port(key), slot);
                studio.mouth.rest(now);
            }
            for socket in [&port.pair.rtp, &port.pair.rtcp] {
                let _ = epoll::delete(&*self.parts.poll, socket);
            }
            let relayed = self.relay.part(key)?;
            Some(Box::new(Moving { port, relayed }))
        });
        if let Some((_, rested)) = self.graves.remove(&port) {
            let _ = self.parts.returned.send(rested);
        }
        to.give(Order::Arrive { port, moving });
    }

    /// A port has come, or never will; what waited for it is done now.
    pub(super) fn arrive(&mut self, now: Instant, id: PortId, moving: Option<Box<Moving>>) {
        if let Some(moving) = moving {
            let Moving { port, relayed } = *moving;
            let number = port.pair.number;
            let (rtp, rtcp) = (EventData::new_u64(number), EventData::new_u64(number | RTCP));
            let watched = epoll::add(&*self.parts.poll, &port.pair.rtp, rtp, EventFlags::IN)
                .and_then(|()| epoll::add(&*self.parts.poll, &port.pair.rtcp, rtcp, EventFlags::IN));
            if let Err(error) = watched {
                tracing::error!(%error, "a media port that moved cannot be watched");
            }
            let key = self.relay.adopt(relayed);
            self.keys.insert(id, key);
            self.users.insert(number, key);
            self.ports.insert(key, port);
            if let Some(due) = self.relay.report_due(key) {
                self.dues.add(due, key);
            }
            self.settle(now, key);
        }
        let awaited = self.moves.awaited.iter().position(|awaited| *awaited == id);
        let Some(at) = awaited else { return self.moves.early.push(id) };
        self.moves.awaited.swap_remove(at);
        for order in std::mem::take(&mut self.moves.held) {
            self.order(now, order);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_a_port_that_is_to_come_waits_and_so_does_what_follows_it() {
        let mut moves = Moves { awaited: vec![PortId(1)], ..Moves::default() };
        let (a, b, c) = (PortId(1), PortId(2), PortId(3));
        let mut waits = |command: MediaCommand| moves.hold(Order::Command(command)).is_none();
        assert!(!waits(MediaCommand::Hush { port: b }));
        assert!(waits(MediaCommand::Connect { a: b, b: a }));
        assert!(waits(MediaCommand::Disconnect { port: b }), "it would come before the connection");
        assert!(!waits(MediaCommand::Hush { port: c }));
        let bearing = switch::Bearing::default();
        let join = |port| MediaCommand::Join { port, mixer: MixerId(9), tenant: switch::TenantId(1), bearing };
        assert!(waits(join(a)) && waits(MediaCommand::EnoughRoom { mixer: MixerId(9) }) && waits(join(c)));
        assert!(waits(MediaCommand::Close { port: c }));
        assert!(!waits(MediaCommand::EnoughRoom { mixer: MixerId(8) }));
        assert_eq!(moves.held.len(), 6);
    }

    #[test]
    fn nobody_leaves_a_mixer_before_those_who_joined_it_while_he_was_there() {
        let (coming, last, mixer) = (PortId(1), PortId(2), MixerId(9));
        let mut moves = Moves { awaited: vec![coming], ..Moves::default() };
        let join = MediaCommand::Join {
            port: coming,
            mixer,
            tenant: switch::TenantId(1),
            bearing: switch::Bearing::default(),
        };
        assert!(moves.hold(Order::Command(MediaCommand::Leave { port: last })).is_some(), "nobody joins yet");
        assert!(moves.hold(Order::Command(join)).is_none());
        for order in [MediaCommand::Leave { port: last }, MediaCommand::Close { port: last }] {
            assert!(moves.hold(Order::Command(order)).is_none(), "the mixer would end, and begin anew");
        }
        assert!(moves.hold(Order::Command(MediaCommand::Hush { port: last })).is_none(), "he leaves before that");
        assert!(moves.hold(Order::Command(MediaCommand::Hush { port: PortId(3) })).is_some());
    }

    #[test]
    fn a_port_that_goes_and_comes_again_before_it_was_here_is_awaited_in_that_order() {
        let port = PortId(1);
        let mut moves = Moves { awaited: vec![port], ..Moves::default() };
        assert!(moves.hold(Order::Command(MediaCommand::Hush { port })).is_none());
        // Else it would be awaited before it has gone, and what has it go would wait for it for ever.
        assert!(moves.hold(Order::Await { port }).is_none());
        assert!(moves.hold(Order::Await { port: PortId(2) }).is_some());
    }
}
