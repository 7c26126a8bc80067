//! Who insists on encryption, and what comes of it.
//!
//! | secrecy | what we offer | an offer of plain RTP (AVP) | AVP with keys (RFC 8643) | SAVP |
//! |---|---|---|---|---|
//! | Off | AVP | plain | plain | refused: 488 |
//! | Optional | AVP with keys (RFC 8643 §3.1) | plain | SRTP where a line suits us, else plain | SRTP, or refused: 488 |
//! | Required | SAVP | refused: 488 | SRTP, or refused: 488 | SRTP, or refused: 488 |
//!
//! | secrecy | an answer without keys | with keys of a line that we offered | with any others |
//! |---|---|---|---|
//! | Off | plain | - | the call fails |
//! | Optional | plain, unless it says SAVP | SRTP | the call fails |
//! | Required | the call fails | SRTP | the call fails |
//!
//! Encryption never ends in silence: keys that do not fit are a failure also where encryption is optional, for the peer
//! believes that it was agreed on. DTLS (`UDP/TLS/RTP/…`) is not spoken here.

use crate::crypto::{Crypto, KEYING, Keying, Suite};
use crate::description::Audio;
use crate::error::Error;

/// How much encryption is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Secrecy {
    /// Never.
    #[default]
    Off,
    /// Where the peer can.
    Optional,
    /// No call without it.
    Required,
}

/// What the third word of a media line says of the transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Profile {
    /// `RTP/AVP` (RFC 3551).
    Avp,
    /// `RTP/AVPF` (RFC 4585).
    Avpf,
    /// `RTP/SAVP` (RFC 3711).
    Savp,
    /// `RTP/SAVPF` (RFC 5124).
    Savpf,
    /// One that we do not end ourselves.
    Other,
}

impl Profile {
    /// Reads the word; it is the same in any case.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word.to_ascii_uppercase().as_str() {
            "RTP/AVP" => Self::Avp,
            "RTP/AVPF" => Self::Avpf,
            "RTP/SAVP" => Self::Savp,
            "RTP/SAVPF" => Self::Savpf,
            _ => Self::Other,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Avp | Self::Other => "RTP/AVP",
            Self::Avpf => "RTP/AVPF",
            Self::Savp => "RTP/SAVP",
            Self::Savpf => "RTP/SAVPF",
        }
    }

    /// Demands encryption.
    #[must_use]
    pub fn is_secure(self) -> bool {
        matches!(self, Self::Savp | Self::Savpf)
    }
}

/// How the packets of a leg are protected.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Protection {
    /// Not at all.
    #[default]
    Plain,
    /// By SRTP.
    Srtp(Secured),
}

/// What both sides encrypt with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secured {
    /// The line that was agreed on.
    pub tag: u32,
    /// How.
    pub suite: Suite,
    /// What we send with.
    pub ours: Keying,
    /// What the peer sends with.
    pub theirs: Keying,
    /// How many packets the peer sends with it at most, when it says so.
    pub lifetime: Option<u64>,
}

impl Secured {
    /// The line that tells the peer (RFC 4568 §5.1.2): the tag and the suite of the offer, our own key.
    #[must_use]
    pub fn line(&self) -> Crypto {
        Crypto { tag: self.tag, suite: self.suite, keying: self.ours.clone(), lifetime: None }
    }
}

impl Secrecy {
    /// What we offer with.
    #[must_use]
    pub fn profile(self) -> Profile {
        if self == Self::Required { Profile::Savp } else { Profile::Avp }
    }

    /// We answer: the first offered line with a suite of ours (RFC 4568 §5.1.2), and a key of our own made of the
    /// random bytes.
    ///
    /// # Errors
    /// [`Error::Secrecy`] when one side insists on what the other will not or cannot do.
    pub fn answer(self, offer: &Audio, suites: &[Suite], random: &[u8; KEYING]) -> Result<Protection, Error> {
        let insists = offer.profile.is_secure() || self == Self::Required;
        let unspoken = offer.profile == Profile::Other || (self == Self::Off && offer.profile.is_secure());
        if unspoken {
            return Err(Error::Secrecy);
        }
        let line = offer.crypto.iter().find(|line| suites.contains(&line.suite)).filter(|_| self != Self::Off);
        match line {
            Some(line) => Ok(Protection::Srtp(Secured {
                tag: line.tag,
                suite: line.suite,
                ours: Keying::of_random(line.suite, random),
                theirs: line.keying.clone(),
                lifetime: line.lifetime,
            })),
            None if insists => Err(Error::Secrecy),
            None => Ok(Protection::Plain),
        }
    }

    /// They answered our offer of these lines (RFC 4568 §5.1.3).
    ///
    /// # Errors
    /// [`Error::Secrecy`] for no keys where they are required; [`Error::Crypto`] for keys that belong to none of our
    /// lines, or more than one.
    pub fn check(self, offered: &[Crypto], answer: &Audio) -> Result<Protection, Error> {
        let theirs = match answer.crypto.as_slice() {
            [] if self == Self::Required || answer.profile.is_secure() => return Err(Error::Secrecy),
            // A line that could not be read is no licence to speak in the clear.
            [] if answer.unread_crypto => return Err(Error::Crypto),
            [] => return Ok(Protection::Plain),
            [theirs] if !answer.unread_crypto => theirs,
            _ => return Err(Error::Crypto),
        };
        let offered = if self == Self::Off { &[] } else { offered };
        let ours = offered.iter().find(|ours| ours.tag == theirs.tag && ours.suite == theirs.suite);
        let ours = ours.ok_or(Error::Crypto)?;
        Ok(Protection::Srtp(Secured {
            tag: ours.tag,
            suite: ours.suite,
            ours: ours.keying.clone(),
            theirs: theirs.keying.clone(),
            lifetime: theirs.lifetime,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::description::Description;

    const LINE: &str = "AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";
    const SHORT: &str = "AES_CM_128_HMAC_SHA1_32 inline:NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj";

    fn audio(profile: &str, lines: &[String]) -> Audio {
        let mut text = format!(
            "v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 {profile} 0\r\n"
        );
        for line in lines {
            text.push_str(&format!("a=crypto:{line}\r\n"));
        }
        Description::parse(text.as_bytes()).expect("a description").audio().cloned().expect("audio")
    }

    fn kind(result: &Result<Protection, Error>) -> &'static str {
        match result {
            Ok(Protection::Plain) => "plain",
            Ok(Protection::Srtp(_)) => "srtp",
            Err(Error::Secrecy) => "refused",
            Err(Error::Crypto) => "broken",
            Err(_) => "another error",
        }
    }

    #[test]
    fn the_rows_for_offers_of_theirs() {
        let (good, foreign) = (format!("7 {LINE}"), "1 AEAD_AES_128_GCM inline:AAAA".to_owned());
        let offers = [
            audio("RTP/AVP", &[]),
            audio("RTP/AVP", std::slice::from_ref(&good)),
            audio("RTP/AVP", std::slice::from_ref(&foreign)),
            audio("RTP/SAVP", &[foreign.clone(), good]),
            audio("RTP/SAVPF", &[foreign]),
            audio("UDP/TLS/RTP/SAVPF", &[]),
        ];
        let rows = [
            (Secrecy::Off, ["plain", "plain", "plain", "refused", "refused", "refused"]),
            (Secrecy::Optional, ["plain", "srtp", "plain", "srtp", "refused", "refused"]),
            (Secrecy::Required, ["refused", "srtp", "refused", "srtp", "refused", "refused"]),
        ];
        for (secrecy, row) in rows {
            let came = offers.each_ref().map(|offer| kind(&secrecy.answer(offer, Suite::USUAL, &[5; KEYING])));
            assert_eq!(came, row, "{secrecy:?}");
        }
    }

    #[test]
    fn the_rows_for_answers_to_ours() {
        let offered = Crypto::offered(Suite::USUAL, &[[1; KEYING], [2; KEYING]]);
        let answers = [
            audio("RTP/AVP", &[]),
            audio("RTP/SAVP", &[]),
            audio("RTP/SAVP", &[format!("2 {SHORT}")]),
            audio("RTP/SAVP", &[format!("1 {SHORT}")]),
            audio("RTP/SAVP", &[format!("3 {LINE}")]),
            audio("RTP/AVP", &[format!("1 {LINE}"), format!("2 {SHORT}")]),
            audio("RTP/AVP", &[format!("1 {LINE}|1:4")]),
            audio("RTP/AVP", &[format!("1 {LINE}"), "2 NEW inline:AAAA".to_owned()]),
        ];
        let rows = [
            (Secrecy::Off, ["plain", "refused", "broken", "broken", "broken", "broken", "broken", "broken"]),
            (Secrecy::Optional, ["plain", "refused", "srtp", "broken", "broken", "broken", "broken", "broken"]),
            (Secrecy::Required, ["refused", "refused", "srtp", "broken", "broken", "broken", "refused", "broken"]),
        ];
        for (secrecy, row) in rows {
            let came = answers.each_ref().map(|answer| kind(&secrecy.check(&offered, answer)));
            assert_eq!(came, row, "{secrecy:?}");
        }
    }

    #[test]
    fn both_sides_come_to_the_same_keys() {
        let offered = Crypto::offered(Suite::USUAL, &[[1; KEYING], [2; KEYING]]);
        let offer = Audio { crypto: offered.clone(), ..audio("RTP/SAVP", &[]) };
        // The answerer has the second suite alone.
        let theirs = Secrecy::Required.answer(&offer, &[Suite::AesCm128Sha1_32], &[9; KEYING]).expect("an answer");
        let Protection::Srtp(theirs) = theirs else { panic!("plain") };
        let answer = Audio { crypto: vec![theirs.line()], ..audio("RTP/SAVP", &[]) };
        let Ok(Protection::Srtp(ours)) = Secrecy::Required.check(&offered, &answer) else { panic!("plain") };
        assert_eq!((ours.tag, ours.suite), (2, Suite::AesCm128Sha1_32));
        assert_eq!((&ours.ours, &ours.theirs), (&theirs.theirs, &theirs.ours));
        assert_eq!(ours.ours.key(), [2; 16]);
        assert_eq!(ours.theirs.key(), [9; 16]);
    }
}
