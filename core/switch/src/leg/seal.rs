//! How the media of one leg is sealed: by SRTP with keys from the descriptions (SDES, RFC 4568), or not at all.
//!
//! | event | next |
//! |---|---|
//! | their offer | what our answer will say is decided and waits |
//! | our answer | that is agreed |
//! | our offer | our lines wait |
//! | their answer | what it took is agreed |
//! | a roll-back | what was agreed stands; what waits is replaced by the next offer |
//!
//! Every leg has keys of its own: packets are decrypted and encrypted between two legs, and the keys of one are never
//! written on another. A key of ours stays for as long as the far end keeps its own (RFC 4568 §7.1.4): then the streams and
//! their counters go on. With a key that is new there, ours is new too, for somebody else may be there now, and a key stream
//! must not be used twice.

use sdp::{Audio, Crypto, Description, Error, Profile, Protection, Secrecy, Secured, Suite};

use crate::mint::Mint;

/// How one leg is sealed.
#[derive(Debug, Default)]
pub(crate) struct Seal {
    /// What is asked of offers of theirs.
    taken: Secrecy,
    /// What we offer.
    offered: Secrecy,
    /// What our answer to their open offer says.
    pending: Option<Protection>,
    /// What our open offer says.
    said: Option<(Profile, Vec<Crypto>)>,
    agreed: Option<Protection>,
}

impl Seal {
    /// Of a user with a policy of its own, or of anybody: then only what is required everywhere is asked for, and what is
    /// optional is taken where it is offered.
    pub(crate) fn new(own: Option<Secrecy>, usual: Secrecy) -> Self {
        let offered = own.unwrap_or(if usual == Secrecy::Required { usual } else { Secrecy::Off });
        Self { taken: own.unwrap_or(usual), offered, ..Self::default() }
    }

    /// How our own answers choose among the lines of an offer.
    pub(crate) const fn secrecy(&self) -> Secrecy {
        self.taken
    }

    /// They offer: decides what will be answered.
    pub(crate) fn offer_came(&mut self, offer: Option<&Audio>, mint: &mut Mint) -> Result<(), Error> {
        let Some(offer) = offer else {
            // No sound is offered: there is nothing to seal.
            self.pending.clone_from(&self.agreed);
            return Ok(());
        };
        let random = if offer.crypto.is_empty() { [0; sdp::KEYING] } else { mint.keying() };
        let mut protection = self.taken.answer(offer, Suite::USUAL, &random)?;
        if let (Protection::Srtp(new), Some(Protection::Srtp(old))) = (&mut protection, &self.agreed)
            && (new.suite, &new.theirs) == (old.suite, &old.theirs)
        {
            new.ours = old.ours.clone();
        }
        self.pending = Some(protection);
        Ok(())
    }

    /// A description as our answer to their open offer.
    pub(crate) fn on_answer(&self, answer: Description, offer: Option<&Audio>) -> Description {
        let profile = offer.map_or(Profile::Avp, |offer| offer.profile);
        match &self.pending {
            Some(Protection::Srtp(secured)) => answer.with_crypto(profile, &[secured.line()]),
            _ => answer.with_crypto(profile, &[]),
        }
    }

    /// Our answer is given.
    pub(crate) fn answered(&mut self) {
        self.agreed = self.pending.take();
    }

    /// A description as our offer: once something is agreed, that again. `theirs` is what they said last.
    pub(crate) fn on_offer(&mut self, offer: Description, theirs: Option<&Audio>, mint: &mut Mint) -> Description {
        let spoken = theirs.map(|audio| audio.profile).filter(|profile| *profile != Profile::Other);
        let (profile, lines) = match &self.agreed {
            Some(Protection::Srtp(secured)) => (spoken.unwrap_or(Profile::Savp), vec![secured.line()]),
            Some(Protection::Plain) => (spoken.filter(|it| !it.is_secure()).unwrap_or(Profile::Avp), Vec::new()),
            None if self.offered == Secrecy::Off => (Profile::Avp, Vec::new()),
            None => {
                let random = [mint.keying(), mint.keying()];
                (self.offered.profile(), Crypto::offered(Suite::USUAL, &random))
            }
        };
        let offer = offer.with_crypto(profile, &lines);
        self.said = Some((profile, lines));
        offer
    }

    /// What was said last is offered again, unchanged.
    pub(crate) fn offers_again(&mut self, said: Option<&Audio>) {
        self.said = said.map(|audio| (audio.profile, audio.crypto.clone())).or_else(|| self.said.take());
    }

    /// They answer our offer.
    pub(crate) fn answer_came(&mut self, answer: Option<&Audio>) -> Result<(), Error> {
        let (Some(answer), Some((profile, lines))) = (answer, &self.said) else { return Ok(()) };
        // What was offered says what is asked of the answer.
        let secrecy = match (profile.is_secure(), lines.is_empty()) {
            (true, _) => Secrecy::Required,
            (false, false) => Secrecy::Optional,
            (false, true) => Secrecy::Off,
        };
        self.agreed = Some(secrecy.check(lines, answer)?);
        Ok(())
    }

    /// The keys that packets have: where their offer is open, those of the answer that is about to be given.
    pub(crate) fn keys(&self, answering: bool) -> Option<Secured> {
        let protection = if answering { self.pending.as_ref() } else { self.agreed.as_ref() };
        match protection {
            Some(Protection::Srtp(secured)) => Some(secured.clone()),
            Some(Protection::Plain) | None => None,
        }
    }
}
