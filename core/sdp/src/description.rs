//! One session description: read, asked, and written anew for the other leg.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use sdp_types::{Attribute, Connection, Media, Session, Time};

use crate::codec::Codec;
use crate::error::Error;

/// Larger descriptions are refused: the longest WebRTC ones stay well below.
const MAX_BYTES: usize = 16 * 1024;
const MAX_MEDIA_LINES: usize = 16;

/// Attributes that name addresses or means of reaching them: they are true for one leg only.
const PER_HOP: &[&str] = &[
    "candidate",
    "remote-candidates",
    "end-of-candidates",
    "ice-ufrag",
    "ice-pwd",
    "ice-lite",
    "ice-options",
    "ice-mismatch",
    "ice-pacing",
    "rtcp",
    "rtcp-mux",
    "rtcp-mux-only",
    "group",
    "mid",
    "bundle-only",
    "alt",
    "path",
    "connection",
];

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
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "sendrecv" => Self::SendRecv,
            "sendonly" => Self::SendOnly,
            "recvonly" => Self::RecvOnly,
            "inactive" => Self::Inactive,
            _ => return None,
        })
    }

    fn as_str(self) -> &'static str {
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
    /// In the writer's order of preference.
    pub codecs: Vec<Codec>,
}

/// A session description.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    session: Session,
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
        let description = Self { session };
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
    pub fn audio(&self) -> Option<Audio> {
        let media = self.session.medias.iter().find(|media| is_live_audio(media))?;
        let ip = self.address_of(media).ok()?;
        let rtcp = media.get_first_attribute_value("rtcp").flatten().and_then(|value| rtcp_address(value, ip));
        Some(Audio {
            address: SocketAddr::new(ip, media.port),
            rtcp,
            mux: media.has_attribute("rtcp-mux"),
            direction: self.direction_of(media),
            codecs: codecs_of(media),
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
        let mut given = false;
        for media in &self.session.medias {
            let relayed = !given && is_live_audio(media);
            given |= relayed;
            session.medias.push(if relayed { self.relayed_line(media, address.port()) } else { refused_line(media) });
        }
        Self { session }
    }

    fn relayed_line(&self, media: &Media, port: u16) -> Media {
        let mut line = media.clone();
        line.port = port;
        line.num_ports = None;
        line.connections.clear();
        line.attributes.retain(is_end_to_end);
        let held = self.address_of(media).is_ok_and(|ip| ip.is_unspecified());
        if held {
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

    /// Our own offer: the two codecs that every phone has, and telephone events.
    #[must_use]
    pub fn offer_of_ours(origin: &Origin, address: SocketAddr) -> Self {
        let mut session = blank(origin, address.ip());
        let mut line = audio_line(address.port(), "8 0 101");
        for map in ["8 PCMA/8000", "0 PCMU/8000", "101 telephone-event/8000"] {
            line.attributes.push(Attribute::with_value("rtpmap", map));
        }
        line.attributes.push(Attribute::with_value("fmtp", "101 0-15"));
        line.attributes.push(Attribute::new("sendrecv"));
        session.medias.push(line);
        Self { session }
    }

    /// Our own answer: the first of the offered codecs that we know, and telephone events where offered.
    ///
    /// # Errors
    /// [`Error::NoCodec`] when nothing offered is known to us.
    pub fn answer_of_ours(offer: &Self, origin: &Origin, address: SocketAddr) -> Result<Self, Error> {
        let mut session = blank(origin, address.ip());
        let mut given = false;
        for media in &offer.session.medias {
            let voice = codecs_of(media).into_iter().find(Codec::is_ours).filter(|_| !given && is_plain_audio(media));
            let Some(voice) = voice else {
                session.medias.push(refused_line(media));
                continue;
            };
            given = true;
            let event = codecs_of(media).into_iter().find(|codec| codec.is_event() && codec.clock == voice.clock);
            let mut line = audio_line(address.port(), &voice.payload.to_string());
            line.attributes.push(rtpmap(&voice));
            if let Some(event) = event {
                line.fmt = format!("{} {}", voice.payload, event.payload);
                line.attributes.push(Attribute::with_value(
                    "rtpmap",
                    format!("{} telephone-event/{}", event.payload, event.clock),
                ));
                line.attributes.push(Attribute::with_value("fmtp", format!("{} 0-15", event.payload)));
            }
            line.attributes.push(Attribute::new(offer.direction_of(media).mirrored().as_str()));
            session.medias.push(line);
        }
        if given { Ok(Self { session }) } else { Err(Error::NoCodec) }
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

    fn address_of(&self, media: &Media) -> Result<IpAddr, Error> {
        let connection = media.connections.first().or(self.session.connection.as_ref());
        let ip = connection.ok_or(Error::Malformed)?.try_address().map_err(|_| Error::Address)?.ip;
        let anybody = ip.is_multicast() || ip == IpAddr::V4(Ipv4Addr::BROADCAST);
        if anybody { Err(Error::Address) } else { Ok(ip) }
    }

    fn direction_of(&self, media: &Media) -> Direction {
        let named =
            |attributes: &[Attribute]| attributes.iter().find_map(|attribute| Direction::parse(&attribute.attribute));
        named(&media.attributes).or_else(|| named(&self.session.attributes)).unwrap_or(Direction::SendRecv)
    }
}

/// The lines that every description of ours begins with.
fn blank(origin: &Origin, ip: IpAddr) -> Session {
    let origin = sdp_types::Origin {
        username: Some("-".to_owned()),
        ..sdp_types::Origin::with_ip_addr(origin.id, origin.version, ip)
    };
    let mut session = Session::new(origin, "-");
    session.connection = Some(Connection::from_ip_addr(ip));
    session.times.push(Time::new(0, 0));
    session
}

fn audio_line(port: u16, formats: &str) -> Media {
    Media::new(sdp_types::MediaType::Audio, port, sdp_types::TransportProto::from("RTP/AVP"), formats)
}

fn rtpmap(codec: &Codec) -> Attribute {
    Attribute::with_value("rtpmap", format!("{} {}/{}", codec.payload, codec.name, codec.clock))
}

fn refused_line(media: &Media) -> Media {
    let mut line = media.clone();
    line.port = 0;
    line.num_ports = None;
    line.connections.clear();
    line.bandwidths.clear();
    line.attributes.clear();
    line
}

fn is_end_to_end(attribute: &Attribute) -> bool {
    !PER_HOP.iter().any(|name| name.eq_ignore_ascii_case(&attribute.attribute))
}

fn is_audio(media: &Media) -> bool {
    media.media.eq_ignore_ascii_case("audio") && media.proto.to_ascii_uppercase().contains("RTP/")
}

fn is_live_audio(media: &Media) -> bool {
    is_audio(media) && media.port != 0
}

/// Without encryption: the only kind that we can end ourselves.
fn is_plain_audio(media: &Media) -> bool {
    is_live_audio(media) && ["RTP/AVP", "RTP/AVPF"].iter().any(|plain| plain.eq_ignore_ascii_case(&media.proto))
}

fn codecs_of(media: &Media) -> Vec<Codec> {
    let maps: Vec<Codec> = media.get_attribute_values("rtpmap").flatten().filter_map(Codec::of_rtpmap).collect();
    let payloads = media.fmt.split_whitespace().filter_map(|payload| payload.parse::<u8>().ok());
    payloads
        .filter_map(|payload| {
            maps.iter().find(|codec| codec.payload == payload).cloned().or_else(|| Codec::of_static(payload))
        })
        .collect()
}

/// RFC 3605 §2.1: `53020 IN IP4 126.16.64.4`, the address only where it differs.
fn rtcp_address(value: &str, ip: IpAddr) -> Option<SocketAddr> {
    let mut parts = value.split_whitespace();
    let port = parts.next()?.parse().ok().filter(|port| *port != 0)?;
    let ip = match parts.nth(2) {
        Some(address) => address.parse().ok()?,
        None => ip,
    };
    Some(SocketAddr::new(ip, port))
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
    fn our_answer_takes_the_first_codec_that_we_know() {
        let address = "[2001:db8::1]:30000".parse().expect("address");
        let answer =
            Description::answer_of_ours(&parsed(OFFER), &Origin { id: 1, version: 1 }, address).expect("an answer");
        let audio = answer.audio().expect("audio");
        assert_eq!(
            audio.codecs.iter().map(|codec| codec.name.as_str()).collect::<Vec<_>>(),
            ["PCMA", "TELEPHONE-EVENT"]
        );
        assert_eq!(answer.lines(), 2);
        let only_opus = parsed(
            "v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4 RTP/AVP 96\r\na=rtpmap:96 opus/48000/2\r\n",
        );
        assert_eq!(
            Description::answer_of_ours(&only_opus, &Origin { id: 1, version: 1 }, address),
            Err(Error::NoCodec)
        );
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
