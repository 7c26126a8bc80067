//! An answer of our own to an offer of theirs (RFC 3264 §6).

use std::net::SocketAddr;

use sdp_types::{Attribute, Media};

use crate::agreement::{Agreement, Common, direction, ptime};
use crate::codec::Codec;
use crate::crypto::{KEYING, Suite, Written};
use crate::description::{Audio, Description, Direction, Origin};
use crate::error::Error;
use crate::line::{blank, is_live_audio, line_of, refused_line};
use crate::offer::EVENTS;
use crate::secrecy::{Protection, Secrecy};

/// Whose preference among common codecs counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Order {
    /// The offerer's, as RFC 3264 §6.1 recommends.
    #[default]
    Theirs,
    /// Ours, as it allows.
    Ours,
}

/// What we can answer with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What we have; the numbers are the offerer's in the answer.
    pub codecs: Vec<Codec>,
    /// Whose order.
    pub order: Order,
    /// Answer with one voice alone, so that the peer cannot change it under way.
    pub only_one: bool,
    /// Take telephone events.
    pub telephone_event: bool,
    /// How much sound we want in a packet, in ms.
    pub ptime: Option<u16>,
    /// Which way.
    pub direction: Direction,
    /// How much encryption.
    pub secrecy: Secrecy,
    /// The suites that we have.
    pub suites: Vec<Suite>,
}

impl Answer {
    /// The answer, and what it comes to. The first audio line that suits is taken, all other lines are refused in their
    /// place (§6). The random bytes become a key where one is needed.
    ///
    /// # Errors
    /// Why the first audio line does not suit: [`Error::NoCodec`] or [`Error::Secrecy`]; [`Error::NoCodec`] when there
    /// is none.
    pub fn to(
        &self,
        offer: &Description,
        origin: &Origin,
        address: SocketAddr,
        random: &[u8; KEYING],
    ) -> Result<(Description, Agreement), Error> {
        let mut session = blank(origin, address.ip());
        let mut agreed = None;
        let mut fault = None;
        for media in &offer.session.medias {
            let audio = offer.audio_of(media).filter(|_| agreed.is_none() && is_live_audio(media));
            match audio.map(|audio| self.agree(&audio, random)) {
                Some(Ok(agreement)) => {
                    session.medias.push(self.line(media, address.port(), &agreement));
                    agreed = Some(agreement);
                    continue;
                }
                Some(Err(error)) => fault = fault.or(Some(error)),
                None => (),
            }
            session.medias.push(refused_line(media));
        }
        match agreed {
            Some(agreement) => Ok((Description::from(session), agreement)),
            None => Err(fault.unwrap_or(Error::NoCodec)),
        }
    }

    fn agree(&self, theirs: &Audio, random: &[u8; KEYING]) -> Result<Agreement, Error> {
        let codecs = self.common(theirs)?;
        Ok(Agreement {
            address: theirs.address,
            rtcp: theirs.rtcp,
            events: self.events(theirs, &codecs),
            codecs,
            ptime: ptime(theirs, self.ptime),
            direction: direction(theirs, self.direction),
            protection: self.secrecy.answer(theirs, &self.suites, random)?,
        })
    }

    /// §6.1: what both have, under the offerer's numbers.
    fn common(&self, theirs: &Audio) -> Result<Vec<Common>, Error> {
        let pair = |ours: &Codec, theirs: &Codec| Common { send: theirs.clone(), receive: receiving(ours, theirs) };
        let mut common: Vec<Common> = match self.order {
            Order::Theirs => theirs
                .codecs
                .iter()
                .filter_map(|codec| self.codecs.iter().find(|ours| ours.is_same(codec)).map(|ours| pair(ours, codec)))
                .collect(),
            Order::Ours => self
                .codecs
                .iter()
                .filter_map(|ours| {
                    theirs.codecs.iter().find(|codec| ours.is_same(codec)).map(|codec| pair(ours, codec))
                })
                .collect(),
        };
        common.retain(|common| common.send.is_voice() || common.send.is_comfort_noise());
        common.sort_by_key(|common| !common.send.is_voice());
        let voice = common.first().map(|common| common.send.clone()).filter(Codec::is_voice).ok_or(Error::NoCodec)?;
        if self.only_one {
            common.retain(|common| {
                let noise = common.send.is_comfort_noise() && common.send.clock == voice.clock;
                common.send.payload == voice.payload || noise
            });
        }
        Ok(common)
    }

    /// RFC 4733 §2.1: events have the clock of the voice beside them. Where the offer has none of that clock, the first.
    fn events(&self, theirs: &Audio, codecs: &[Common]) -> Vec<Common> {
        let mut events: Vec<Common> = Vec::new();
        for voice in codecs.iter().filter(|common| common.send.is_voice() && self.telephone_event) {
            let fits = theirs.events().find(|event| event.clock == voice.send.clock);
            let Some(event) = fits.or_else(|| theirs.events().next()) else { continue };
            if events.iter().all(|before| before.send.payload != event.payload) {
                let receive = Codec { fmtp: Some(EVENTS.to_owned()), ..event.clone() };
                events.push(Common { send: event.clone(), receive });
            }
        }
        events
    }

    fn line(&self, offered: &Media, port: u16, agreement: &Agreement) -> Media {
        let said: Vec<Codec> =
            agreement.codecs.iter().chain(&agreement.events).map(|common| common.receive.clone()).collect();
        let mut line = line_of(port, &said);
        // §6: the transport is that of the offer.
        line.proto.clone_from(&offered.proto);
        if let Some(ptime) = self.ptime {
            line.attributes.push(Attribute::with_value("ptime", ptime));
        }
        if let Protection::Srtp(secured) = &agreement.protection {
            line.attributes.push(Attribute::with_value("crypto", Written(&secured.line())));
        }
        line.attributes.push(Attribute::new(agreement.direction.as_str()));
        line
    }
}

/// Our side of a common codec. What we say in `fmtp` is ours; where we say nothing, a format that both sides must have
/// alike is said back as it came (G.729's `annexb`, iLBC's `mode`), but not what speaks of its writer's ears alone.
fn receiving(ours: &Codec, theirs: &Codec) -> Codec {
    let alike = theirs.fmtp.as_ref().filter(|_| !theirs.is_opus());
    Codec { payload: theirs.payload, fmtp: ours.fmtp.as_ref().or(alike).cloned(), ..ours.clone() }
}
