//! Offer and answer on one leg (RFC 3264): three phases, in which every call knows what may come next.
//!
//! | phase | event | next |
//! |---|---|---|
//! | Stable | our offer | HaveLocalOffer |
//! | Stable | their offer | HaveRemoteOffer |
//! | HaveLocalOffer | their answer | Stable |
//! | HaveRemoteOffer | our answer | Stable |
//! | either Have… | roll-back (RFC 6141) | Stable, nothing changed |

use crate::description::Description;
use crate::error::Error;

/// Where a negotiation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing is open.
    Stable,
    /// Our offer waits for an answer.
    HaveLocalOffer,
    /// Their offer waits for ours.
    HaveRemoteOffer,
}

#[derive(Debug, Clone, Default, PartialEq)]
enum Open {
    #[default]
    Nothing,
    Local(Description),
    Remote(Description),
}

/// What was offered and answered on one leg.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Negotiation {
    /// Ours and theirs, as last agreed.
    agreed: Option<(Description, Description)>,
    /// The answer of what was last agreed is ours.
    answered: bool,
    open: Open,
}

impl Negotiation {
    /// Where it stands.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self.open {
            Open::Nothing => Phase::Stable,
            Open::Local(_) => Phase::HaveLocalOffer,
            Open::Remote(_) => Phase::HaveRemoteOffer,
        }
    }

    /// We offer.
    ///
    /// # Errors
    /// [`Error::Glare`] while an offer is open.
    pub fn local_offer(&mut self, offer: Description) -> Result<(), Error> {
        match self.open {
            Open::Nothing => {
                self.open = Open::Local(offer);
                Ok(())
            }
            _ => Err(Error::Glare),
        }
    }

    /// They offer.
    ///
    /// # Errors
    /// [`Error::Glare`] while an offer is open; [`Error::MediaLines`] when lines are missing that were there (§8).
    pub fn handle_remote_offer(&mut self, offer: Description) -> Result<(), Error> {
        let before = self.agreed.as_ref().map_or(0, |(_, theirs)| theirs.lines());
        match self.open {
            Open::Nothing if offer.lines() < before => Err(Error::MediaLines(offer.lines())),
            Open::Nothing => {
                self.open = Open::Remote(offer);
                Ok(())
            }
            _ => Err(Error::Glare),
        }
    }

    /// We answer.
    ///
    /// # Errors
    /// [`Error::NoOffer`] when they offered nothing.
    pub fn local_answer(&mut self, answer: Description) -> Result<(), Error> {
        match std::mem::take(&mut self.open) {
            Open::Remote(offer) => {
                self.agreed = Some((answer, offer));
                self.answered = true;
                Ok(())
            }
            other => {
                self.open = other;
                Err(Error::NoOffer)
            }
        }
    }

    /// They answer.
    ///
    /// # Errors
    /// [`Error::NoOffer`] when we offered nothing; [`Error::Mismatch`] when the answer has more lines than the offer.
    pub fn handle_remote_answer(&mut self, answer: Description) -> Result<(), Error> {
        match std::mem::take(&mut self.open) {
            Open::Local(offer) if answer.lines() > offer.lines() => {
                self.open = Open::Local(offer);
                Err(Error::Mismatch)
            }
            Open::Local(offer) => {
                let answer = answer.completed_from(&offer);
                self.agreed = Some((offer, answer));
                self.answered = false;
                Ok(())
            }
            other => {
                self.open = other;
                Err(Error::NoOffer)
            }
        }
    }

    /// The answer is ours: of our two descriptions, that is [`local`](Self::local). It says which codec is spoken.
    #[must_use]
    pub fn answer_is_ours(&self) -> bool {
        self.answered && !matches!(self.open, Open::Local(_))
    }

    /// The open offer is off; what was agreed stands (RFC 6141 §3.1).
    pub fn rollback(&mut self) {
        self.open = Open::Nothing;
    }

    /// What we said last: our open offer, or what was agreed.
    #[must_use]
    pub fn local(&self) -> Option<&Description> {
        match &self.open {
            Open::Local(offer) => Some(offer),
            _ => self.agreed.as_ref().map(|(ours, _)| ours),
        }
    }

    /// What they said when it was last agreed.
    #[must_use]
    pub fn remote(&self) -> Option<&Description> {
        self.agreed.as_ref().map(|(_, theirs)| theirs)
    }

    /// Their offer that waits for our answer.
    #[must_use]
    pub fn remote_offer(&self) -> Option<&Description> {
        match &self.open {
            Open::Remote(offer) => Some(offer),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::description::Origin;

    fn description(lines: usize) -> Description {
        let mut text = String::from("v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n");
        for _ in 0..lines {
            text.push_str("m=audio 4000 RTP/AVP 0\r\n");
        }
        Description::parse(text.as_bytes()).expect("a description")
    }

    #[test]
    fn every_phase_takes_what_fits_and_nothing_else() {
        let mut negotiation = Negotiation::default();
        assert_eq!(negotiation.handle_remote_answer(description(1)), Err(Error::NoOffer));
        assert_eq!(negotiation.local_answer(description(1)), Err(Error::NoOffer));
        assert_eq!(negotiation.local_offer(description(1)), Ok(()));
        assert_eq!(negotiation.phase(), Phase::HaveLocalOffer);
        assert_eq!(negotiation.local_offer(description(1)), Err(Error::Glare));
        assert_eq!(negotiation.handle_remote_offer(description(1)), Err(Error::Glare));
        assert_eq!(negotiation.handle_remote_answer(description(2)), Err(Error::Mismatch));
        assert_eq!(negotiation.handle_remote_answer(description(1)), Ok(()));
        assert_eq!(negotiation.phase(), Phase::Stable);
    }

    #[test]
    fn a_short_answer_is_completed_and_a_short_offer_refused() {
        let mut negotiation = Negotiation::default();
        negotiation.local_offer(description(2)).expect("stable");
        negotiation.handle_remote_answer(description(1)).expect("an answer");
        assert_eq!(negotiation.remote().map(Description::lines), Some(2));
        assert_eq!(negotiation.handle_remote_offer(description(1)), Err(Error::MediaLines(1)));
    }

    #[test]
    fn a_failed_offer_changes_nothing() {
        let mut negotiation = Negotiation::default();
        negotiation.local_offer(description(1)).expect("stable");
        negotiation.handle_remote_answer(description(1)).expect("an answer");
        let before = negotiation.clone();
        let other = description(1).carried(&Origin { id: 3, version: 9 }, "192.0.2.7:9".parse().expect("address"));
        negotiation.local_offer(other).expect("stable");
        negotiation.rollback();
        assert_eq!(negotiation, before);
    }
}
