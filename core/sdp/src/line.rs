//! The lines that a description is made of: what is read from one, and those that we write.

use std::net::{IpAddr, SocketAddr};

use sdp_types::{Attribute, Connection, Media, Session, Time};

use crate::codec::Codec;
use crate::description::Origin;

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

/// The lines that every description of ours begins with.
pub(crate) fn blank(origin: &Origin, ip: IpAddr) -> Session {
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

/// An audio line with these codecs in this order, each with its `rtpmap` and `fmtp`.
pub(crate) fn line_of(port: u16, codecs: &[Codec]) -> Media {
    let formats: Vec<String> = codecs.iter().map(|codec| codec.payload.to_string()).collect();
    let mut line = audio_line(port, &formats.join(" "));
    for codec in codecs {
        line.attributes.push(rtpmap(codec));
        if let Some(fmtp) = &codec.fmtp {
            line.attributes.push(Attribute::with_value("fmtp", format!("{} {fmtp}", codec.payload)));
        }
    }
    line
}

fn rtpmap(codec: &Codec) -> Attribute {
    Attribute::with_value("rtpmap", codec)
}

pub(crate) fn refused_line(media: &Media) -> Media {
    let mut line = media.clone();
    line.port = 0;
    line.num_ports = None;
    line.connections.clear();
    line.bandwidths.clear();
    line.key = None;
    line.attributes.clear();
    line
}

pub(crate) fn is_end_to_end(attribute: &Attribute) -> bool {
    !PER_HOP.iter().any(|name| name.eq_ignore_ascii_case(&attribute.attribute))
}

pub(crate) fn is_audio(media: &Media) -> bool {
    media.media.eq_ignore_ascii_case("audio") && media.proto.to_ascii_uppercase().contains("RTP/")
}

pub(crate) fn is_live_audio(media: &Media) -> bool {
    is_audio(media) && media.port != 0
}

/// Fax as T.38 says it: UDPTL over UDP (ITU-T T.38 annex D; RFC 3362).
pub(crate) fn is_live_fax(media: &Media) -> bool {
    let t38 = media.fmt.split_whitespace().any(|format| format.eq_ignore_ascii_case("t38"));
    media.media.eq_ignore_ascii_case("image") && media.proto.eq_ignore_ascii_case("udptl") && t38 && media.port != 0
}

/// The codecs of a line in its order. A number without a meaning is passed over (RFC 3264 §6.1), and one that stands
/// twice counts once.
pub(crate) fn codecs_of(media: &Media) -> Vec<Codec> {
    let maps: Vec<Codec> = media.get_attribute_values("rtpmap").flatten().filter_map(Codec::of_rtpmap).collect();
    let mut codecs: Vec<Codec> = Vec::new();
    for payload in media.fmt.split_whitespace().filter_map(|payload| payload.parse::<u8>().ok()) {
        let codec = maps.iter().find(|codec| codec.payload == payload).cloned().or_else(|| Codec::of_static(payload));
        let Some(mut codec) = codec.filter(|_| codecs.iter().all(|before| before.payload != payload)) else { continue };
        codec.fmtp = fmtp_of(media, payload);
        codecs.push(codec);
    }
    codecs
}

/// RFC 8866 §6.15: `101 0-15`.
fn fmtp_of(media: &Media, payload: u8) -> Option<String> {
    media.get_attribute_values("fmtp").flatten().find_map(|value| {
        let (number, parameters) = value.trim().split_once(char::is_whitespace)?;
        let parameters = Some(parameters.trim()).filter(|parameters| !parameters.is_empty())?;
        (number.parse() == Ok(payload)).then(|| parameters.to_owned())
    })
}

/// RFC 8866 §6.4: milliseconds, whole or not; what no packet can hold counts as not said.
pub(crate) fn time_of(media: &Media, name: &str) -> Option<u16> {
    let value: f64 = media.get_first_attribute_value(name).flatten()?.trim().parse().ok()?;
    (1.0..=1000.0).contains(&value).then_some(value.round() as u16)
}

/// RFC 3605 §2.1: `53020 IN IP4 126.16.64.4`, the address only where it differs.
pub(crate) fn rtcp_address(value: &str, ip: IpAddr) -> Option<SocketAddr> {
    let mut parts = value.split_whitespace();
    let port = parts.next()?.parse().ok().filter(|port| *port != 0)?;
    let ip = match parts.nth(2) {
        Some(address) => address.parse().ok()?,
        None => ip,
    };
    Some(SocketAddr::new(ip, port))
}
