//! What the numbers of a leg come to.

use std::time::Duration;

use crate::quality::{Codec, Measured, Score, mouth_to_ear, score};

/// Comfort noise (RFC 3551 §6): no codec of its own.
const NOISE: u8 = 13;

/// What the payload type of a packet says of the codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hint {
    Codec(Codec),
    Unknown,
    Nothing,
}

impl Hint {
    /// By what was negotiated, else by the static types (RFC 3551 §6).
    pub(crate) fn of(payload: u8, negotiated: &[(u8, Codec)]) -> Self {
        if let Some((_, codec)) = negotiated.iter().find(|(known, _)| *known == payload) {
            return Self::Codec(*codec);
        }
        match payload {
            0 | 8 => Self::Codec(Codec::G711),
            9 => Self::Codec(Codec::G722),
            18 => Self::Codec(Codec::G729),
            NOISE => Self::Nothing,
            _ => Self::Unknown,
        }
    }
}

/// Which codec most packets are of: one candidate and one count suffice (the majority vote of Boyer and Moore).
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ballot {
    leads: Option<Codec>,
    votes: u64,
}

impl Ballot {
    pub(crate) fn vote(&mut self, hint: Hint) {
        let vote = match hint {
            Hint::Codec(codec) => Some(codec),
            Hint::Unknown => None,
            Hint::Nothing => return,
        };
        if self.leads == vote {
            self.votes += 1;
        } else if self.votes == 0 {
            *self = Self { leads: vote, votes: 1 };
        } else {
            self.votes -= 1;
        }
    }

    pub(crate) fn winner(&self) -> Option<Codec> {
        self.leads
    }
}

/// What is known of one direction of a leg. The leg is rated as if it were the whole way from mouth to ear.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Way {
    pub(crate) codec: Option<Codec>,
    pub(crate) round_trip: Option<Duration>,
    /// How much sound a packet holds.
    pub(crate) packet: Option<Duration>,
    /// As the receiver sees it.
    pub(crate) jitter: Option<Duration>,
    pub(crate) loss: Option<f64>,
    pub(crate) burst: Option<f64>,
}

impl Way {
    /// `None` where anything but the burst ratio is unknown.
    pub(crate) fn score(&self) -> Option<Score> {
        // The receiver's buffer is not ours to measure. It must hold twice the jitter to lose little, and is taken to.
        let buffer = self.jitter? * 2;
        let delay = mouth_to_ear(self.round_trip?, self.packet?, buffer);
        score(self.codec?, &Measured { delay: Some(delay), loss: self.loss, burst: self.burst })
    }
}

/// The rating of a leg is that of its worse direction, of those that are known.
pub(crate) fn worse(one: Option<Score>, other: Option<Score>) -> Option<Score> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if one.r <= other.r { one } else { other }),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_packets_say_the_codec_and_noise_and_keys_do_not() {
        let mut ballot = Ballot::default();
        assert_eq!(ballot.winner(), None);
        // Sound with pauses, keys between, and a start in another codec.
        for payload in [8, 8, 0, 0, 13, 13, 13, 13, 0, 101, 0, 101, 0, 0] {
            ballot.vote(Hint::of(payload, &[]));
        }
        assert_eq!(ballot.winner(), Some(Codec::G711));
        for _ in 0..20 {
            ballot.vote(Hint::of(97, &[]));
        }
        assert_eq!(ballot.winner(), None, "a codec that is not known");
        for _ in 0..40 {
            ballot.vote(Hint::of(97, &[(97, Codec::Opus)]));
        }
        assert_eq!(ballot.winner(), Some(Codec::Opus));
    }

    #[test]
    fn a_way_of_which_something_is_unknown_has_no_score() {
        let way = Way {
            codec: Some(Codec::G711),
            round_trip: Some(Duration::from_millis(40)),
            packet: Some(Duration::from_millis(20)),
            jitter: Some(Duration::from_millis(5)),
            loss: Some(0.0),
            burst: None,
        };
        assert!(way.score().is_some_and(|score| score.mos > 4.3));
        for unknown in [
            Way { codec: None, ..way },
            Way { round_trip: None, ..way },
            Way { packet: None, ..way },
            Way { jitter: None, ..way },
            Way { loss: None, ..way },
        ] {
            assert_eq!(unknown.score(), None, "{unknown:?}");
        }
        let bad = Way { loss: Some(0.1), ..way };
        assert_eq!(worse(way.score(), bad.score()), bad.score());
        assert_eq!(worse(None, bad.score()), bad.score());
    }
}
