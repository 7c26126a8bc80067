//! One session description: read, asked, and written anew for the other leg.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::OnceLock;

use sdp_types::{Attribute, Media, Session};

use crate::codec::Codec;
use crate::crypto::{Crypto, Written};
use crate::error::Error;
use crate::line::{blank, codecs_of, is_end_to_end, is_live_audio, is_live_fax, refused_line, rtcp_address, time_of};
use crate::secrecy::Profile;

/// Larger descriptions are refused: the longest WebRTC ones stay well below.
const MAX_BYTES: usize = 16 * 1024;
const MAX_MEDIA_LINES: usize = 16;

/// What stands in our `o=` line (RFC 8866 §5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The session's number, below 2⁶³.
    pub id: u64,
    /// One more for every changed description (RFC 3264 §8).
    pub version: u64,
}

/// Which way media flows, seen from whoever wrote it (RFC 8866 §6.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Both ways.
    SendRecv,
    /// The writer sends.
    SendOnly,
    /// The writer receives.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "sendrecv" => Self::SendRecv,
            "sendonly" => Self::SendOnly,
            "recvonly" => Self::RecvOnly,
            "inactive" => Self::Inactive,
            _ => return None,
        })
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// The answer that grants all that was offered (RFC 3264 §6.1).
    #[must_use]
    pub fn mirrored(self) -> Self {
        match self {
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            other => other,
        }
    }

    /// Whoever wrote it sends.
    #[must_use]
    pub fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whoever wrote it receives.
    #[must_use]
    pub fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    /// What is left when both must agree to each way.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self.sends() && other.sends(), self.receives() && other.receives()) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }
}

/// The audio line that counts: the first that is not refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audio {
    /// Where RTP is wanted. Unspecified address or port 0: nowhere.
    pub address: SocketAddr,
    /// Where RTCP is wanted, when said (RFC 3605).
    pub rtcp: Option<SocketAddr>,
    /// RTCP on the same port (RFC 5761).
    pub mux: bool,
    /// Which way, seen from the writer.
    pub direction: Direction,
    /// In the writer's order of preference, telephone events and comfort noise among them.
    pub codecs: Vec<Codec>,
    /// How much sound the writer wants in a packet, in ms (RFC 8866 §6.4).
    pub ptime: Option<u16>,
    /// How much it can take, in ms.
    pub maxptime: Option<u16>,
    /// The transport.
    pub profile: Profile,
    /// The lines with keys that can be used here, in the writer's order (RFC 4568).
    pub crypto: Vec<Crypto>,
    /// There are lines with keys that cannot.
    pub unread_crypto: bool,
}

impl Audio {
    /// What carries a voice, in the writer's order.
    pub fn voices(&self) -> impl Iterator<Item = &Codec> {
        self.codecs.iter().filter(|codec| codec.is_voice())
    }

    /// Telephone events, one for each clock (RFC 4733 §2.1).
    pub fn events(&self) -> impl Iterator<Item = &Codec> {
        self.codecs.iter().filter(|codec| codec.is_event())
    }
}

/// A session description. `Debug` writes it as text, without keys.
#[derive(Clone)]
pub struct Description {
    pub(crate) session: Session,
    /// What its audio line says, once somebody asked.
    audio: OnceLock<Option<Box<Audio>>>,
}

impl PartialEq for Description {
    fn eq(&self, other: &Self) -> bool {
        self.session == other.session
    }
}

impl From<Session> for Description {
    fn from(session: Session) -> Self {
        Self { session, audio: OnceLock::new() }
    }
}

impl Description {
    /// Reads a body of type `application/sdp`.
    ///
    /// # Errors
    /// Not SDP, too large, without media lines, or with an address that media must not be sent to.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        if body.len() > MAX_BYTES {
            return Err(Error::TooLarge { max: MAX_BYTES });
        }
        let session = Session::parse(body).map_err(|_| Error::Malformed)?;
        if session.medias.is_empty() || session.medias.len() > MAX_MEDIA_LINES {
            return Err(Error::MediaLines(session.medias.len()));
        }
        let description = Self::from(session);
        for media in &description.session.medias {
            if media.port != 0 {
                description.address_of(media)?;
            }
        }
        Ok(description)
    }

    /// The body.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(512);
        // Writing to memory does not fail.
        let _ = self.session.write(&mut bytes);
        bytes
    }

    /// The audio line that counts; `None` when there is none or all are refused.
    #[must_use]
    pub fn audio(&self) -> Option<&Audio> {
        let read = || self.audio_of(self.session.medias.iter().find(|media| is_live_audio(media))?).map(Box::new);
        self.audio.get_or_init(read).as_deref()
    }

    /// Where UDPTL is wanted, when the line that counts is fax by T.38: there is one and no audio beside it. Unspecified
    /// address: nowhere.
    #[must_use]
    pub fn fax(&self) -> Option<SocketAddr> {
        let media = self.session.medias.get(self.live_line()?).filter(|media| is_live_fax(media))?;
        Some(SocketAddr::new(self.address_of(media).ok()?, media.port))
    }

    /// The one line that is relayed: of all that is offered at once, sound comes before fax.
    fn live_line(&self) -> Option<usize> {
        let medias = &self.session.medias;
        medias.iter().position(is_live_audio).or_else(|| medias.iter().position(is_live_fax))
    }

    /// What one audio line says.
    pub(crate) fn audio_of(&self, media: &Media) -> Option<Audio> {
        let ip = self.address_of(media).ok()?;
        let rtcp = media.get_first_attribute_value("rtcp").flatten().and_then(|value| rtcp_address(value, ip));
        let lines = media.get_attribute_values("crypto").count();
        let crypto: Vec<Crypto> = media.get_attribute_values("crypto").flatten().filter_map(Crypto::parse).collect();
        Some(Audio {
            address: SocketAddr::new(ip, media.port),
            rtcp,
            mux: media.has_attribute("rtcp-mux"),
            direction: self.direction_of(media),
            codecs: codecs_of(media),
            ptime: time_of(media, "ptime"),
            maxptime: time_of(media, "maxptime"),
            profile: Profile::parse(&media.proto),
            unread_crypto: crypto.len() != lines,
            crypto,
        })
    }

    /// The writer does not want to hear (RFC 3264 §8.4; `c=0.0.0.0` is the hold of RFC 2543).
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.audio().is_some_and(|audio| {
            audio.address.ip().is_unspecified() || matches!(audio.direction, Direction::SendOnly | Direction::Inactive)
        })
    }

    /// This description as the other leg is to see it: our origin, our address, no way around us. Lines that we do not
    /// relay are refused with port 0 and stay in their place (RFC 3264 §6).
    #[must_use]
    pub fn carried(&self, origin: &Origin, address: SocketAddr) -> Self {
        let mut session = blank(origin, address.ip());
        session.bandwidths.clone_from(&self.session.bandwidths);
        session.attributes =
            self.session.attributes.iter().filter(|attribute| is_end_to_end(attribute)).cloned().collect();
        let live = self.live_line();
        for (place, media) in self.session.medias.iter().enumerate() {
            let relayed = live == Some(place);
            session.medias.push(if relayed { self.relayed_line(media, address.port()) } else { refused_line(media) });
        }
        Self::from(session)
    }

    /// This description with these keys and this transport for its audio, in place of those that it has: encryption is
    /// an affair of one leg where the packets are decrypted between them.
    #[must_use]
    pub fn with_crypto(self, profile: Profile, crypto: &[Crypto]) -> Self {
        self.edit_audio(|media| {
            media.proto = profile.as_str().to_owned();
            media.attributes.retain(|attribute| !attribute.attribute.eq_ignore_ascii_case("crypto"));
            let lines = crypto.iter().map(|line| Attribute::with_value("crypto", Written(line)));
            media.attributes.extend(lines);
        })
    }

    /// This description with this direction for its audio.
    #[must_use]
    pub fn with_direction(self, direction: Direction) -> Self {
        self.edit_audio(|media| {
            media.attributes.retain(|attribute| Direction::parse(&attribute.attribute).is_none());
            media.attributes.push(Attribute::new(direction.as_str()));
        })
    }

    /// This description with its audio line changed, where it has one that counts.
    pub(crate) fn edit_audio(mut self, edit: impl FnOnce(&mut Media)) -> Self {
        if let Some(media) = self.session.medias.iter_mut().find(|media| is_live_audio(media)) {
            edit(media);
        }
        // What was read of the line is what it said before.
        self.audio.take();
        self
    }

    fn relayed_line(&self, media: &Media, port: u16) -> Media {
        let mut line = media.clone();
        line.port = port;
        line.num_ports = None;
        line.connections.clear();
        line.attributes.retain(is_end_to_end);
        let held = self.address_of(media).is_ok_and(|ip| ip.is_unspecified());
        if held && is_live_audio(media) {
            // RFC 3264 §8.4: the old hold said in the new way, for our address is a real one.
            line.attributes.retain(|attribute| Direction::parse(&attribute.attribute).is_none());
            let direction = match self.direction_of(media) {
                Direction::SendRecv | Direction::SendOnly => Direction::SendOnly,
                Direction::RecvOnly | Direction::Inactive => Direction::Inactive,
            };
            line.attributes.push(Attribute::new(direction.as_str()));
        }
        line
    }

    /// How many media lines there are.
    pub(crate) fn lines(&self) -> usize {
        self.session.medias.len()
    }

    /// Some phones leave out the lines that they refuse; the offerer must still see each (RFC 3264 §6).
    pub(crate) fn completed_from(mut self, offer: &Self) -> Self {
        for media in offer.session.medias.iter().skip(self.lines()) {
            self.session.medias.push(refused_line(media));
        }
        self
    }

    pub(crate) fn address_of(&self, media: &Media) -> Result<IpAddr, Error> {
        let connection = media.connections.first().or(self.session.connection.as_ref());
        let ip = connection.ok_or(Error::Malformed)?.try_address().map_err(|_| Error::Address)?.ip;
        let anybody = ip.is_multicast() || ip == IpAddr::V4(Ipv4Addr::BROADCAST);
        if anybody { Err(Error::Address) } else { Ok(ip) }
    }

    pub(crate) fn direction_of(&self, media: &Media) -> Direction {
        let named =
            |attributes: &[Attribute]| attributes.iter().find_map(|attribute| Direction::parse(&attribute.attribute));
        named(&media.attributes).or_else(|| named(&self.session.attributes)).unwrap_or(Direction::SendRecv)
    }
}

impl fmt::Debug for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.to_bytes();
        for line in String::from_utf8_lossy(&bytes).lines() {
            // RFC 4568 and the `k=` of old (RFC 8866 §5.12). A log is read by more people than a call.
            let secret = ["a=crypto:", "k="].iter().find(|start| starts_with(line, start));
            match secret {
                Some(start) => write!(f, "{start}(secret); ")?,
                None => write!(f, "{line}; ")?,
            }
        }
        Ok(())
    }
}

/// In any case.
fn starts_with(line: &str, start: &str) -> bool {
    line.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\no=alice 2890844526 2890844526 IN IP4 192.0.2.1\r\ns=call\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
        m=audio 49170 RTP/AVP 96 8 101\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\na=rtpmap:101 telephone-event/8000\r\n\
        a=candidate:1 1 UDP 2130706431 10.0.0.1 8998 typ host\r\na=rtcp:49199\r\na=sendrecv\r\n\
        m=video 51372 RTP/AVP 31\r\n";

    fn parsed(text: &str) -> Description {
        Description::parse(text.as_bytes()).expect("a description")
    }

    #[test]
    fn what_is_carried_keeps_codecs_and_hides_addresses() {
        let ours = parsed(OFFER).carried(&Origin { id: 7, version: 3 }, "198.51.100.9:30000".parse().expect("address"));
        let text = String::from_utf8(ours.to_bytes()).expect("text");
        assert!(text.contains("o=- 7 3 IN IP4 198.51.100.9\r\n"), "{text}");
        assert!(text.contains("m=audio 30000 RTP/AVP 96 8 101\r\n"), "{text}");
        assert!(text.contains("a=fmtp:96 useinbandfec=1\r\n"), "{text}");
        assert!(text.contains("m=video 0 RTP/AVP 31\r\n"), "{text}");
        assert!(!text.contains("192.0.2.1") && !text.contains("candidate") && !text.contains("rtcp"), "{text}");
    }

    const FAX: &str = "m=image 49172 UDPTL t38\r\na=T38FaxVersion:0\r\na=T38MaxBitRate:14400\r\na=T38FaxFillBitRemoval\r\n\
        a=T38FaxRateManagement:transferredTCF\r\na=T38FaxMaxDatagram:262\r\na=T38FaxUdpEC:t38UDPRedundancy\r\n";

    #[test]
    fn fax_is_carried_with_all_that_is_said_of_it() {
        let whole =
            |lines: &str| format!("v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n{lines}");
        let refused = "m=audio 0 RTP/AVP 8\r\n";
        for lines in [FAX.to_owned(), format!("{refused}{FAX}"), format!("{FAX}{refused}")] {
            let theirs = parsed(&whole(&lines));
            assert_eq!(theirs.fax(), "192.0.2.1:49172".parse().ok(), "{lines}");
            assert!(theirs.audio().is_none() && !theirs.is_held());
            let ours = theirs.carried(&Origin { id: 7, version: 3 }, "198.51.100.9:30000".parse().expect("address"));
            assert_eq!(ours.fax(), "198.51.100.9:30000".parse().ok());
            let text = String::from_utf8(ours.to_bytes()).expect("text");
            assert!(text.contains(&FAX.replace("49172", "30000")), "{text}");
            assert_eq!(text.contains(refused), lines.contains(refused), "{text}");
        }
    }

    #[test]
    fn fax_beside_sound_and_fax_by_other_means_are_refused() {
        let origin = Origin { id: 7, version: 3 };
        let carried = |text: &str| {
            let ours = parsed(text).carried(&origin, "198.51.100.9:30000".parse().expect("address"));
            String::from_utf8(ours.to_bytes()).expect("text")
        };
        let both = carried(&format!("{OFFER}{FAX}"));
        assert!(both.contains("m=audio 30000 ") && both.contains("m=image 0 "), "{both}");
        let silent = OFFER.replace("m=audio 49170", "m=audio 0");
        for other in ["m=image 49172 TCP t38\r\n", "m=image 49172 udptl other\r\n", "m=image 0 udptl t38\r\n"] {
            let text = format!("{silent}{other}");
            assert_eq!(parsed(&text).fax(), None, "{other}");
            assert!(carried(&text).contains("m=image 0 "), "{other}");
        }
    }

    #[test]
    fn the_old_hold_is_said_in_the_new_way() {
        let held = parsed(&OFFER.replace("c=IN IP4 192.0.2.1", "c=IN IP4 0.0.0.0"));
        assert!(held.is_held());
        let text =
            held.carried(&Origin { id: 7, version: 3 }, "198.51.100.9:30000".parse().expect("address")).to_bytes();
        let text = String::from_utf8(text).expect("text");
        assert!(text.contains("a=sendonly") && !text.contains("a=sendrecv"), "{text}");
    }

    #[test]
    fn keys_are_put_in_place_of_others_and_never_shown() {
        let key = "a=CRYPTO:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n";
        let theirs = parsed(&OFFER.replace("a=sendrecv\r\n", &format!("a=sendrecv\r\n{key}k=clear:hush\r\n")));
        assert!(!format!("{theirs:?} {theirs:#?}").contains("WVNf"), "{theirs:?}");
        assert!(!format!("{theirs:?}").contains("hush"), "{theirs:?}");
        let lines = Crypto::offered(crate::Suite::USUAL, &[[3; crate::KEYING]; 2]);
        let ours = theirs.with_crypto(Profile::Savp, &lines).audio().cloned().expect("audio");
        assert_eq!((ours.crypto, ours.profile), (lines, Profile::Savp));
    }

    #[test]
    fn a_direction_is_said_once_and_for_the_audio() {
        let held = parsed(&OFFER.replace("a=sendrecv", "a=inactive")).with_direction(Direction::SendOnly);
        let text = String::from_utf8(held.to_bytes()).expect("text");
        assert!(text.contains("a=sendonly") && !text.contains("a=inactive"), "{text}");
        assert_eq!(held.audio().map(|audio| audio.direction), Some(Direction::SendOnly));
    }

    #[test]
    fn addresses_of_many_are_refused() {
        for address in ["224.2.1.1/127", "255.255.255.255", "phone.example.com"] {
            let text = OFFER.replace("c=IN IP4 192.0.2.1", &format!("c=IN IP4 {address}"));
            assert_eq!(Description::parse(text.as_bytes()), Err(Error::Address), "{address}");
        }
    }

    #[test]
    fn what_is_not_sdp_says_so() {
        for (body, error) in [(&b"\x00\xff"[..], Error::Malformed), (b"", Error::Malformed)] {
            assert_eq!(Description::parse(body), Err(error));
        }
        assert!(matches!(Description::parse(&[b'v'; 20_000]), Err(Error::TooLarge { .. })));
    }
}
