//! On which thread each port and each mixer is. A port begins on the thread that its name tells; all members of a mixer are
//! on one thread, that of its first, and a port that is to be heard by another one's moves to it.

use std::collections::HashMap;

use switch::{MixerId, PortId};

/// The number of a media thread, from 0.
pub(super) type Place = usize;

#[derive(Debug)]
pub(super) struct Places {
    threads: usize,
    /// Ports that are not where their names say. Names are minted by the engine.
    moved: HashMap<PortId, Place>,
    /// Ports that are members.
    joined: HashMap<PortId, MixerId>,
    /// Mixers, with how many members they have. Minted by who opens a room.
    mixers: HashMap<MixerId, (Place, usize)>,
}

impl Places {
    pub(super) fn new(threads: usize) -> Self {
        Self { threads: threads.max(1), moved: HashMap::new(), joined: HashMap::new(), mixers: HashMap::new() }
    }

    pub(super) fn of(&self, port: PortId) -> Place {
        let named = || usize::try_from(port.0 % self.threads as u64).unwrap_or(0);
        self.moved.get(&port).copied().unwrap_or_else(named)
    }

    /// `None` for a mixer without members.
    pub(super) fn of_mixer(&self, mixer: MixerId) -> Option<Place> {
        self.mixers.get(&mixer).map(|(place, _)| *place)
    }

    /// A port becomes a member; says where it has to be.
    pub(super) fn join(&mut self, port: PortId, mixer: MixerId) -> Place {
        if self.joined.get(&port) != Some(&mixer) {
            self.leave(port);
            self.joined.insert(port, mixer);
            let place = self.of(port);
            self.mixers.entry(mixer).or_insert((place, 0)).1 += 1;
        }
        self.of_mixer(mixer).unwrap_or_else(|| self.of(port))
    }

    /// A port is no member any more; it stays where it is.
    pub(super) fn leave(&mut self, port: PortId) {
        let Some(mixer) = self.joined.remove(&port) else { return };
        if let Some((_, members)) = self.mixers.get_mut(&mixer) {
            *members -= 1;
            if *members == 0 {
                self.mixers.remove(&mixer);
            }
        }
    }

    /// A port goes to another thread; says from which, if it is not there already.
    pub(super) fn go(&mut self, port: PortId, to: Place) -> Option<Place> {
        let from = self.of(port);
        self.moved.remove(&port);
        if self.of(port) != to {
            self.moved.insert(port, to);
        }
        (from != to).then_some(from)
    }

    /// A port is given back.
    pub(super) fn forget(&mut self, port: PortId) {
        self.leave(port);
        self.moved.remove(&port);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_members_of_a_mixer_are_where_its_first_is() {
        let mut places = Places::new(3);
        let (one, two, mixer) = (PortId(4), PortId(5), MixerId(1));
        assert_eq!((places.of(one), places.of(two)), (1, 2));
        assert_eq!(places.join(one, mixer), 1);
        assert_eq!(places.go(one, 1), None);
        assert_eq!(places.join(two, mixer), 1);
        assert_eq!(places.go(two, 1), Some(2));
        assert_eq!((places.of(two), places.join(two, mixer)), (1, 1), "said again");
        // The first leaves; the mixer stays where it is.
        places.forget(one);
        assert_eq!((places.of(one), places.of_mixer(mixer)), (1, Some(1)));
        places.leave(two);
        assert_eq!(places.of_mixer(mixer), None);
        assert_eq!(places.of(two), 1, "it does not go back for nothing");
        assert_eq!(places.join(two, MixerId(2)), 1);
        assert_eq!(places.join(two, MixerId(3)), 1);
        assert_eq!(places.of_mixer(MixerId(2)), None, "a port is in one mixer at a time");
        places.forget(two);
        assert!(places.moved.is_empty() && places.joined.is_empty() && places.mixers.is_empty());
    }
}
