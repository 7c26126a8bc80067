//! An offer of our own, and what an answer to it comes to (RFC 3264 §5, §7).

use std::net::SocketAddr;

use sdp_types::{Attribute, Media};

use crate::agreement::{Agreement, Common, direction, ptime};
use crate::codec::Codec;
use crate::crypto::{Crypto, Written};
use crate::description::{Description, Direction, Origin};
use crate::error::Error;
use crate::line::{blank, is_audio, is_live_audio, line_of, refused_line};
use crate::secrecy::Secrecy;

/// Dynamic payload types (RFC 3551 §6).
const DYNAMIC: std::ops::RangeInclusive<u8> = 96..=127;

/// The number that nearly everybody gives telephone events of 8000.
const USUAL_EVENT: u8 = 101;

/// The keys of a telephone: digits, star, pound, A to D (RFC 4733 §2.4.1, §3.2).
pub(crate) const EVENTS: &str = "0-15";

/// What we offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The preferred first. A dynamic number that is taken already is changed.
    pub codecs: Vec<Codec>,
    /// Telephone events for each clock of the codecs.
    pub telephone_event: bool,
    /// How much sound we want in a packet, in ms.
    pub ptime: Option<u16>,
    /// Which way.
    pub direction: Direction,
    /// How much encryption.
    pub secrecy: Secrecy,
    /// Lines with keys of ours, as [`Crypto::offered`] makes them; not written where secrecy is off.
    pub crypto: Vec<Crypto>,
}

impl Offer {
    /// The description. In a call that is up, `before` is what we last said: its other lines stay in their place,
    /// refused, for the number of lines never falls (RFC 3264 §8).
    ///
    /// # Errors
    /// [`Error::NoCodec`] without a voice, or with more than there are numbers; [`Error::Secrecy`] when encryption is
    /// required and there are no keys.
    pub fn description(
        &self,
        origin: &Origin,
        address: SocketAddr,
        before: Option<&Description>,
    ) -> Result<Description, Error> {
        if self.secrecy == Secrecy::Required && self.crypto.is_empty() {
            return Err(Error::Secrecy);
        }
        let mut session = blank(origin, address.ip());
        let line = self.line(address.port())?;
        let before = before.map(|before| before.session.medias.as_slice()).unwrap_or_default();
        // §8.1: the line that carries the audio goes on; else one that was refused may serve again.
        let place = before.iter().position(is_live_audio).or_else(|| before.iter().position(is_audio));
        session.medias.extend(before.iter().map(refused_line));
        match place.and_then(|place| session.medias.get_mut(place)) {
            Some(media) => *media = line,
            None => session.medias.push(line),
        }
        Ok(Description::from(session))
    }

    fn line(&self, port: u16) -> Result<Media, Error> {
        let mut line = line_of(port, &self.numbered()?);
        self.secrecy.profile().as_str().clone_into(&mut line.proto);
        if let Some(ptime) = self.ptime {
            line.attributes.push(Attribute::with_value("ptime", ptime));
        }
        for crypto in self.lines() {
            line.attributes.push(Attribute::with_value("crypto", Written(crypto)));
        }
        line.attributes.push(Attribute::new(self.direction.as_str()));
        Ok(line)
    }

    fn lines(&self) -> &[Crypto] {
        if self.secrecy == Secrecy::Off { &[] } else { &self.crypto }
    }

    /// What an answer to this offer comes to.
    ///
    /// # Errors
    /// [`Error::Refused`] when the audio line was; [`Error::NoCodec`] when the answer names no voice that we offered;
    /// those of [`Secrecy::check`].
    pub fn agree(&self, answer: &Description) -> Result<Agreement, Error> {
        let theirs = answer.audio().ok_or(Error::Refused)?;
        let ours = self.numbered()?;
        // §7: the answerer's order; numbers may differ by direction (§5.1).
        let common = theirs.codecs.iter().filter_map(|codec| {
            let receive = ours.iter().find(|ours| ours.is_same(codec))?;
            Some(Common { send: codec.clone(), receive: receive.clone() })
        });
        let (events, mut codecs): (Vec<_>, Vec<_>) = common.partition(|common| common.send.is_event());
        codecs.sort_by_key(|common| !common.send.is_voice());
        if !codecs.first().is_some_and(|common| common.send.is_voice()) {
            return Err(Error::NoCodec);
        }
        Ok(Agreement {
            address: theirs.address,
            rtcp: theirs.rtcp,
            codecs,
            events,
            ptime: ptime(theirs, self.ptime),
            direction: direction(theirs, self.direction),
            protection: self.secrecy.check(self.lines(), theirs)?,
        })
    }

    /// The codecs with telephone events, each under a number of its own.
    fn numbered(&self) -> Result<Vec<Codec>, Error> {
        let mut wanted = self.codecs.clone();
        if self.telephone_event {
            let mut clocks = Vec::new();
            for codec in self.codecs.iter().filter(|codec| codec.is_voice()) {
                if !clocks.contains(&codec.clock) {
                    clocks.push(codec.clock);
                }
            }
            wanted.extend(clocks.into_iter().map(event));
        }
        let mut numbered: Vec<Codec> = Vec::with_capacity(wanted.len());
        for (at, codec) in wanted.iter().enumerate() {
            // A number that another was given by its owner, or that means something else, is not for this one.
            let mine = |number: u8| {
                let taken = numbered.iter().any(|other| other.payload == number);
                let meant = Codec::of_static(number).is_some_and(|fixed| !fixed.is_same(codec));
                // RFC 5761 §4: 64 to 95 look like RTCP.
                !taken && !meant && number < 128 && !(64..96).contains(&number)
            };
            let rest = wanted.get(at + 1..).unwrap_or_default();
            let free = |number: &u8| mine(*number) && rest.iter().all(|later| later.payload != *number);
            let number = Some(codec.payload).filter(|number| mine(*number)).or_else(|| DYNAMIC.clone().find(free));
            numbered.push(codec.clone().numbered(number.ok_or(Error::NoCodec)?));
        }
        if numbered.iter().any(Codec::is_voice) { Ok(numbered) } else { Err(Error::NoCodec) }
    }
}

fn event(clock: u32) -> Codec {
    let payload = if clock == 8_000 { USUAL_EVENT } else { USUAL_EVENT + 1 };
    Codec { fmtp: Some(EVENTS.to_owned()), ..Codec::new(payload, "TELEPHONE-EVENT", clock) }
}
