//! Messages of phones, built and read with `rsip`.

use std::net::SocketAddr;

use rsip::headers::ToTypedHeader;
use rsip::message::HasHeaders;
use rsip::{Header, Headers, Method, SipMessage, StatusCode, Uri, Version};

/// A message as a phone understands it.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) message: SipMessage,
}

impl Heard {
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        SipMessage::try_from(bytes).ok().map(|message| Self { message })
    }

    pub(crate) fn method(&self) -> Option<Method> {
        match &self.message {
            SipMessage::Request(request) => Some(*request.method()),
            SipMessage::Response(_) => None,
        }
    }

    pub(crate) fn status(&self) -> Option<u16> {
        match &self.message {
            SipMessage::Request(_) => None,
            SipMessage::Response(response) => Some(response.status_code().code()),
        }
    }

    /// All values of a header, as they stand.
    pub(crate) fn values(&self, name: &str) -> Vec<String> {
        let rows = self.message.headers().iter().map(ToString::to_string);
        rows.filter_map(|row| {
            row.split_once(':')
                .filter(|(known, _)| known.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.trim().to_owned())
        })
        .collect()
    }

    pub(crate) fn value(&self, name: &str) -> String {
        self.values(name).into_iter().next().unwrap_or_default()
    }

    pub(crate) fn tag(&self, name: &str) -> Option<String> {
        self.value(name).split_once(";tag=").map(|(_, tag)| tag.split(';').next().unwrap_or_default().to_owned())
    }

    pub(crate) fn branch(&self) -> String {
        let via = self.message.headers().iter().find_map(|header| match header {
            Header::Via(via) => via.clone().typed().ok(),
            _ => None,
        });
        via.and_then(|via| {
            via.params.iter().find_map(|param| match param {
                rsip::Param::Branch(branch) => Some(branch.value().to_owned()),
                _ => None,
            })
        })
        .unwrap_or_default()
    }

    /// Number and method of the CSeq.
    pub(crate) fn cseq(&self) -> (u32, String) {
        let value = self.value("CSeq");
        let (number, method) = value.split_once(' ').unwrap_or_default();
        (number.parse().unwrap_or(0), method.trim().to_owned())
    }

    /// The URI of the first Contact.
    pub(crate) fn contact(&self) -> Option<String> {
        let value = self.value("Contact");
        let start = value.find('<')? + 1;
        let end = start + value.get(start..)?.find('>')?;
        value.get(start..end).map(str::to_owned)
    }

    pub(crate) fn body(&self) -> &[u8] {
        match &self.message {
            SipMessage::Request(request) => request.body(),
            SipMessage::Response(response) => response.body(),
        }
    }
}

/// A header that is not given a type: what a phone says is the phone's affair.
fn header(name: &str, value: &str) -> Header {
    Header::Other(name.to_owned(), value.to_owned())
}

fn headers(rows: &[(&str, String)], body: &[u8]) -> Headers {
    let mut headers = Headers::default();
    for (name, value) in rows {
        headers.push(header(name, value));
    }
    if !body.is_empty() && rows.iter().all(|(name, _)| *name != "Content-Type") {
        headers.push(header("Content-Type", "application/sdp"));
    }
    headers.push(header("Content-Length", &body.len().to_string()));
    headers
}

pub(crate) fn request(method: Method, uri: &str, rows: &[(&str, String)], body: &[u8]) -> Vec<u8> {
    let uri = Uri::try_from(uri).expect("a plain URI");
    let request =
        rsip::Request { method, uri, version: Version::V2, headers: headers(rows, body), body: body.to_vec() };
    SipMessage::Request(request).to_string().into_bytes()
}

/// A response with the rows that RFC 3261 §8.2.6.2 has copied, and these.
pub(crate) fn response_with(
    to: &Heard,
    status: u16,
    tag: &str,
    contact: Option<&str>,
    extra: &[(&'static str, String)],
    body: &[u8],
) -> Vec<u8> {
    let mut rows: Vec<(&str, String)> = to.values("Via").into_iter().map(|via| ("Via", via)).collect();
    rows.extend(to.values("Record-Route").into_iter().map(|route| ("Record-Route", route)));
    rows.push(("From", to.value("From")));
    let peer = to.value("To");
    rows.push(("To", if status == 100 || peer.contains(";tag=") { peer } else { format!("{peer};tag={tag}") }));
    rows.push(("Call-ID", to.value("Call-ID")));
    rows.push(("CSeq", to.value("CSeq")));
    if let Some(contact) = contact {
        rows.push(("Contact", format!("<{contact}>")));
    }
    rows.extend(extra.iter().cloned());
    let status_code = StatusCode::from(status);
    let response =
        rsip::Response { status_code, version: Version::V2, headers: headers(&rows, body), body: body.to_vec() };
    SipMessage::Response(response).to_string().into_bytes()
}

/// What phones speak unless told otherwise.
pub(crate) const CODECS: [&str; 3] = ["0 PCMU/8000", "8 PCMA/8000", "101 telephone-event/8000"];

/// What a phone says of its media. The direction `0.0.0.0` is the hold of RFC 2543.
pub(crate) fn sdp(address: SocketAddr, version: u32, direction: &str, codecs: &[String], times: &str) -> Vec<u8> {
    let family = if address.is_ipv4() { "IP4" } else { "IP6" };
    let ip = address.ip().to_string();
    let (ip, direction) = if direction == "0.0.0.0" { (direction, "sendrecv") } else { (ip.as_str(), direction) };
    let number = |codec: &String| codec.split(' ').next().unwrap_or_default().to_owned();
    let formats: Vec<String> = codecs.iter().map(number).collect();
    let maps: String = codecs.iter().map(|codec| format!("a=rtpmap:{codec}\r\n")).collect();
    format!(
        "v=0\r\no=phone 1 {version} IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\nm=audio {} RTP/AVP {}\r\n\
         {maps}{times}a={direction}\r\n",
        address.port(),
        formats.join(" ")
    )
    .into_bytes()
}

/// Fax in place of the sound (ITU-T T.38 annex D); that keeps its line, with port 0, where it is `silent`.
pub(crate) fn fax(address: SocketAddr, version: u32, silent: bool) -> Vec<u8> {
    let family = if address.is_ipv4() { "IP4" } else { "IP6" };
    let (ip, port) = (address.ip(), address.port());
    let sound = if silent { "m=audio 0 RTP/AVP 0\r\n" } else { "" };
    format!(
        "v=0\r\no=phone 1 {version} IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\n{sound}\
         m=image {port} udptl t38\r\na=T38FaxVersion:0\r\na=T38MaxBitRate:14400\r\n\
         a=T38FaxRateManagement:transferredTCF\r\na=T38FaxMaxBuffer:1800\r\na=T38FaxMaxDatagram:262\r\n\
         a=T38FaxUdpEC:t38UDPRedundancy\r\n"
    )
    .into_bytes()
}

/// It offers fax, and no sound.
pub(crate) fn is_fax(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    let live = |kind: &str| text.lines().any(|line| line.starts_with(kind) && !line.starts_with(&format!("{kind}0 ")));
    live("m=image ") && !live("m=audio ")
}

/// The transport of the first audio line.
pub(crate) fn transport(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let line = text.lines().find_map(|line| line.strip_prefix("m=audio "))?;
    line.split(' ').nth(1).map(str::to_owned)
}

/// The tag, the suite and the key of the first line with keys.
pub(crate) fn crypto(body: &[u8]) -> Option<(String, String, String)> {
    let text = String::from_utf8_lossy(body);
    let mut words = text.lines().find_map(|line| line.strip_prefix("a=crypto:"))?.split(' ').map(str::to_owned);
    Some((words.next()?, words.next()?, words.next()?.strip_prefix("inline:")?.to_owned()))
}

/// A description with this transport and these keys.
pub(crate) fn sealed(body: &[u8], transport: &str, crypto: Option<&str>) -> Vec<u8> {
    let mut text = String::from_utf8_lossy(body).replace("RTP/AVP", transport);
    if let Some(crypto) = crypto {
        text.push_str(&format!("a=crypto:{crypto}\r\n"));
    }
    text.into_bytes()
}

/// What of an offer a phone that speaks these can take, under the numbers of the offer; `None` without a voice.
pub(crate) fn common(offer: &[u8], codecs: &[String]) -> Option<Vec<String>> {
    let text = String::from_utf8_lossy(offer);
    let name = |codec: &str| codec.split_once(' ').map(|(_, name)| name.to_ascii_uppercase());
    let line = text.lines().find_map(|line| line.strip_prefix("m=audio "))?;
    let offered = line.split(' ').skip(2).filter_map(|number| {
        let map = text.lines().filter_map(|line| line.strip_prefix("a=rtpmap:"));
        let mut map = map.filter(|map| map.split(' ').next() == Some(number));
        let fixed = match number {
            "0" => Some("0 PCMU/8000"),
            "8" => Some("8 PCMA/8000"),
            "9" => Some("9 G722/8000"),
            _ => None,
        };
        map.next().or(fixed).map(str::to_owned)
    });
    let taken: Vec<String> = offered.filter(|codec| codecs.iter().any(|mine| name(mine) == name(codec))).collect();
    taken.iter().any(|codec| !codec.contains("telephone-event")).then_some(taken)
}

/// Where media is wanted, read as simply as a phone may.
pub(crate) fn media_address(body: &[u8]) -> Option<SocketAddr> {
    let text = std::str::from_utf8(body).ok()?;
    let ip = text.lines().find_map(|line| line.strip_prefix("c=IN IP4 ").or(line.strip_prefix("c=IN IP6 ")))?;
    let line = text.lines().find_map(|line| line.strip_prefix("m=audio ").filter(|line| !line.starts_with("0 ")));
    let line = line.or_else(|| text.lines().find_map(|line| line.strip_prefix("m=image ")));
    let line = line.or_else(|| text.lines().find_map(|line| line.strip_prefix("m=audio ")))?;
    Some(SocketAddr::new(ip.trim().parse().ok()?, line.split(' ').next()?.parse().ok()?))
}

/// The value of a quoted or plain field of a challenge.
pub(crate) fn field(row: &str, name: &str) -> Option<String> {
    let rest = row.trim_start_matches("Digest ").split(',').find_map(|part| {
        let (known, value) = part.trim().split_once('=')?;
        known.eq_ignore_ascii_case(name).then_some(value)
    })?;
    Some(rest.trim_matches('"').to_owned())
}

/// Do these credentials prove that a request comes from this user?
pub(crate) fn credentials(row: &str, method: Method, user: &str, realm: &str, password: &str) -> bool {
    let field = |name: &str| {
        let (_, rest) = row.split_once(&format!("{name}="))?;
        Some(match rest.strip_prefix('"') {
            Some(rest) => rest.split('"').next().unwrap_or_default().to_owned(),
            None => rest.split([',', ' ']).next().unwrap_or_default().to_owned(),
        })
    };
    let (Some(nonce), Some(uri), Some(nc), Some(cnonce)) = (field("nonce"), field("uri"), field("nc"), field("cnonce"))
    else {
        return false;
    };
    let uri = rsip::Uri::try_from(uri.as_str()).expect("a plain URI");
    let qop = rsip::headers::auth::AuthQop::Auth { cnonce, nc: u8::from_str_radix(&nc, 16).expect("few") };
    let expected = rsip::services::DigestGenerator {
        username: user,
        password,
        nonce: &nonce,
        uri: &uri,
        realm,
        method: &method,
        qop: Some(&qop),
        algorithm: rsip::headers::auth::Algorithm::Md5,
    };
    field("username").as_deref() == Some(user)
        && field("realm").as_deref() == Some(realm)
        && field("response") == Some(expected.compute())
}
