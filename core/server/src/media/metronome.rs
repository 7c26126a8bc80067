//! When the ports that make sound have their turn: every 20 ms, spread over four slots, so that a thousand of them do not
//! send in one burst. Times are counted from one beginning: nothing drifts. Where nobody has a turn, nothing ticks.

use std::time::{Duration, Instant};

use media::{FRAME, PortKey};
use switch::MixerId;

const SLOTS: u32 = 4;
/// A thread that is later than this leaves beats out rather than send them in one burst.
const LATEST: Duration = Duration::from_millis(200);

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    Port(PortKey),
    Room(MixerId),
}

/// The beats of one thread.
#[derive(Debug)]
pub(super) struct Metronome {
    start: Instant,
    /// The next step, counted from the beginning; each is a quarter of a frame.
    step: u32,
    slots: [Vec<Turn>; SLOTS as usize],
    /// The slot whose turn it is, and who left it meanwhile.
    out: Option<(usize, Vec<Turn>)>,
}

impl Metronome {
    pub(super) fn new(now: Instant) -> Self {
        Self { start: now, step: 0, slots: [const { Vec::new() }; SLOTS as usize], out: None }
    }

    /// Gives somebody a turn in every frame, in the slot with the fewest; says which.
    pub(super) fn join(&mut self, now: Instant, turn: Turn) -> usize {
        if self.is_idle() {
            (self.start, self.step) = (now, 0);
        }
        let slot = (0..self.slots.len()).min_by_key(|slot| self.slots.get(*slot).map_or(0, Vec::len)).unwrap_or(0);
        if let Some(ports) = self.slots.get_mut(slot) {
            ports.push(turn);
        }
        slot
    }

    /// Takes a turn away.
    pub(super) fn leave(&mut self, turn: Turn, slot: usize) {
        if let Some(ports) = self.slots.get_mut(slot) {
            ports.retain(|other| *other != turn);
        }
        if let Some((_, gone)) = self.out.as_mut().filter(|(out, _)| *out == slot) {
            gone.push(turn);
        }
    }

    /// Nobody has a turn.
    pub(super) fn is_idle(&self) -> bool {
        self.out.is_none() && self.slots.iter().all(Vec::is_empty)
    }

    /// When the next turn is.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let ahead =
            (0..SLOTS).find(|ahead| self.slot(self.step.wrapping_add(*ahead)).is_some_and(|s| !s.is_empty()))?;
        Some(self.time(self.step.wrapping_add(ahead)))
    }

    /// The slot whose turn it is; its ports are taken out and to be given back by [`Self::give_back`].
    pub(super) fn take(&mut self, now: Instant) -> Option<(usize, Vec<Turn>)> {
        if self.is_idle() {
            return None;
        }
        if now.saturating_duration_since(self.time(self.step)) > LATEST {
            (self.start, self.step) = (now, self.step % SLOTS);
            self.start = now.checked_sub(quarter() * self.step).unwrap_or(now);
        }
        while self.time(self.step) <= now {
            let slot = (self.step % SLOTS) as usize;
            self.advance();
            if let Some(ports) = self.slots.get_mut(slot).filter(|ports| !ports.is_empty()) {
                self.out = Some((slot, Vec::new()));
                return Some((slot, std::mem::take(ports)));
            }
        }
        None
    }

    /// The ports of a slot that go on. Who left it meanwhile does not, and who came to it stays.
    pub(super) fn give_back(&mut self, slot: usize, mut ports: Vec<Turn>) {
        let gone = self.out.take().map(|(_, gone)| gone).unwrap_or_default();
        if let Some(place) = self.slots.get_mut(slot) {
            ports.retain(|turn| !gone.contains(turn));
            ports.append(place);
            *place = ports;
        }
    }

    /// The beginning moves along, so that steps stay small numbers.
    fn advance(&mut self) {
        self.step += 1;
        if self.step == SLOTS * 1_000 {
            self.start += FRAME * 1_000;
            self.step = 0;
        }
    }

    fn slot(&self, step: u32) -> Option<&Vec<Turn>> {
        self.slots.get((step % SLOTS) as usize)
    }

    fn time(&self, step: u32) -> Instant {
        self.start + quarter() * step
    }
}

fn quarter() -> Duration {
    FRAME / SLOTS
}

#[cfg(test)]
mod tests {
    use media::Relay;

    use super::*;

    #[test]
    fn every_port_has_its_turn_once_in_a_frame_and_nothing_drifts() {
        let start = Instant::now();
        let (mut relay, mut metronome) = (Relay::default(), Metronome::new(start));
        assert_eq!(metronome.poll_timeout(), None, "nothing ticks where nobody has a turn");
        let ports: Vec<_> = (0..10).map(|_| Turn::Port(relay.open(start))).collect();
        let slots: Vec<_> = ports.iter().map(|port| metronome.join(start, *port)).collect();
        let mut turns = 0;
        let mut now = start;
        // Beyond the step at which the beginning moves along; each wake a little late.
        while now < start + Duration::from_secs(30) {
            while let Some((slot, ports)) = metronome.take(now) {
                turns += ports.len();
                metronome.give_back(slot, ports);
            }
            now = metronome.poll_timeout().expect("ports have turns") + Duration::from_micros(700);
        }
        assert_eq!(turns, 10 * 30 * 50);
        for (port, slot) in ports.iter().zip(slots) {
            metronome.leave(*port, slot);
        }
        assert_eq!(metronome.poll_timeout(), None);
    }

    #[test]
    fn who_leaves_or_comes_while_his_slot_has_its_turn_is_out_of_it_or_in_it_once() {
        let start = Instant::now();
        let (mut relay, mut metronome) = (Relay::default(), Metronome::new(start));
        let [one, other] = [(); 2].map(|()| Turn::Port(relay.open(start)));
        let slot = metronome.join(start, one);
        // The others are busier: whoever comes gets the slot that has its turn.
        for _ in 1..SLOTS {
            let full = metronome.join(start, Turn::Room(MixerId(1)));
            (0..5).for_each(|number| metronome.slots[full].push(Turn::Room(MixerId(2 + number))));
        }
        let (taken, ports) = metronome.take(start).expect("his turn");
        assert_eq!((taken, ports.as_slice()), (slot, &[one][..]));
        metronome.leave(one, slot);
        assert_eq!(metronome.join(start, other), slot);
        metronome.give_back(taken, ports);
        assert_eq!(metronome.slots[slot], [other]);
    }

    #[test]
    fn who_was_away_for_a_second_does_not_catch_up_in_a_burst() {
        let start = Instant::now();
        let (mut relay, mut metronome) = (Relay::default(), Metronome::new(start));
        metronome.join(start, Turn::Port(relay.open(start)));
        let late = start + Duration::from_secs(1);
        let mut turns = 0;
        while let Some((slot, ports)) = metronome.take(late) {
            turns += 1;
            metronome.give_back(slot, ports);
        }
        assert!(turns <= 1, "{turns}");
    }
}
