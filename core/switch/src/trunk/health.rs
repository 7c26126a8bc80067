//! Whether a gateway lives: what came of questions (OPTIONS) and of calls, and how often in a row.
//!
//! | state | event | next |
//! |---|---|---|
//! | Active | an answer that counts | Active |
//! | Active | silence, or an answer that does not count | Probing; Inactive when it is the `down`th in a row |
//! | Probing (going down) | silence … | Inactive when it is the `down`th in a row |
//! | Probing (going down) | an answer that counts | Active |
//! | Inactive | an answer that counts | Probing; Active when it is the `up`th in a row |
//! | Probing (coming up) | an answer that counts | Active when it is the `up`th in a row |
//! | Probing (coming up) | silence … | Inactive |
//!
//! Beside it a gateway may rest: it said that it takes no calls for a while (503 with Retry-After, RFC 3261 §21.5.4), or
//! failed a call where nobody asks whether it lives. Who rests is tried last, and never forgotten for good.

use std::time::{Duration, Instant};

use super::{GatewayState, Probe};

/// How long a gateway rests that failed a call and is not probed; and the longest that it may ask for itself.
const REST: Duration = Duration::from_secs(30);
const LONGEST_REST: Duration = Duration::from_secs(3600);

/// The health of one gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Health {
    alive: bool,
    /// Answers in a row that speak against what is believed.
    against: u32,
    rests_until: Option<Instant>,
    /// When the question was sent that is not answered yet.
    asked: Option<Instant>,
    /// The number of that question: answers to older ones do not count.
    question: u32,
    pub(crate) round_trip: Option<Duration>,
}

impl Default for Health {
    fn default() -> Self {
        Self { alive: true, against: 0, rests_until: None, asked: None, question: 0, round_trip: None }
    }
}

impl Health {
    pub(crate) fn state(&self) -> GatewayState {
        match (self.against, self.alive) {
            (0, true) => GatewayState::Active,
            (0, false) => GatewayState::Inactive,
            _ => GatewayState::Probing,
        }
    }

    /// A question goes out; its number.
    pub(crate) fn ask(&mut self, now: Instant) -> u32 {
        self.asked = Some(now);
        self.question = self.question.wrapping_add(1);
        self.question
    }

    /// This question waits for its answer.
    pub(crate) fn awaits(&self, question: u32) -> bool {
        self.asked.is_some() && self.question == question
    }

    /// The last question has waited until the next was due.
    pub(crate) fn is_unanswered(&self) -> bool {
        self.asked.is_some()
    }

    /// A question was answered. Says whether the gateway came alive or died by it.
    pub(crate) fn handle_answer(&mut self, now: Instant, status: u16, probe: &Probe) -> bool {
        let counts = probe.alive.is_empty() || probe.alive.contains(&status);
        if let Some(asked) = self.asked.take() {
            self.round_trip = Some(now.saturating_duration_since(asked));
        }
        self.note(counts, probe)
    }

    /// A question, or a call, was not answered. Says whether the gateway died by it.
    pub(crate) fn handle_silence(&mut self, now: Instant, probe: Option<&Probe>) -> bool {
        self.asked = None;
        match probe {
            Some(probe) => self.note(false, probe),
            None => {
                self.rests_until = Some(now + REST);
                false
            }
        }
    }

    fn note(&mut self, lives: bool, probe: &Probe) -> bool {
        if lives == self.alive {
            self.against = 0;
            return false;
        }
        self.against += 1;
        let enough = if lives { probe.up } else { probe.down };
        if self.against < enough.max(1) {
            return false;
        }
        (self.alive, self.against) = (lives, 0);
        true
    }

    /// It takes no calls for this time (RFC 3261 §21.5.4).
    pub(crate) fn rest(&mut self, now: Instant, time: Duration) {
        self.rests_until = Some(now + time.min(LONGEST_REST));
    }

    /// A call was answered there, in whatever way.
    pub(crate) fn handle_life(&mut self) {
        self.rests_until = None;
        if self.alive {
            self.against = 0;
        }
    }

    /// Until when it rests.
    pub(crate) fn rests_until(&self, now: Instant) -> Option<Instant> {
        self.rests_until.filter(|until| *until > now)
    }

    /// Calls may be tried there before others.
    pub(crate) fn is_fit(&self, now: Instant) -> bool {
        self.alive && self.rests_until(now).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROBE: Probe = Probe { interval: Duration::from_secs(30), down: 3, up: 2, alive: Vec::new() };

    /// The rows of the table, in their order.
    #[test]
    fn a_gateway_dies_and_lives_by_as_many_answers_in_a_row_as_are_wanted() {
        use GatewayState::{Active, Inactive, Probing};
        let now = Instant::now();
        let mut health = Health::default();
        let mut states = Vec::new();
        for lives in [true, false, false, true, false, false, false, false, true, false, true, true] {
            let turned =
                if lives { health.handle_answer(now, 200, &PROBE) } else { health.handle_silence(now, Some(&PROBE)) };
            states.push((health.state(), turned));
        }
        let expected = [
            (Active, false),
            (Probing, false),
            (Probing, false),
            (Active, false),
            (Probing, false),
            (Probing, false),
            (Inactive, true),
            (Inactive, false),
            (Probing, false),
            (Inactive, false),
            (Probing, false),
            (Active, true),
        ];
        assert_eq!(states, expected);
    }

    #[test]
    fn only_the_answers_that_the_operator_named_are_life() {
        let now = Instant::now();
        let probe = Probe { down: 1, up: 1, alive: vec![200, 405], ..PROBE };
        let mut health = Health::default();
        assert!(!health.handle_answer(now, 405, &probe));
        assert!(health.handle_answer(now, 503, &probe));
        assert!(!health.is_fit(now));
        assert!(health.handle_answer(now, 200, &probe));
        assert!(health.is_fit(now));
    }

    #[test]
    fn who_is_not_probed_rests_after_a_failure_and_who_says_so_as_long_as_it_says() {
        let now = Instant::now();
        let mut health = Health::default();
        health.handle_silence(now, None);
        assert!(!health.is_fit(now) && health.is_fit(now + REST));
        health.rest(now, Duration::from_secs(1 << 40));
        assert!(health.is_fit(now + LONGEST_REST));
        health.handle_life();
        assert!(health.is_fit(now));
    }

    #[test]
    fn the_round_trip_is_that_of_the_last_question() {
        let now = Instant::now();
        let mut health = Health::default();
        health.ask(now);
        health.handle_answer(now + Duration::from_millis(7), 200, &PROBE);
        assert_eq!(health.round_trip, Some(Duration::from_millis(7)));
    }
}
