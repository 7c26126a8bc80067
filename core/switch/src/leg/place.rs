//! Where a caller is, for who has to come there: a civic address by value (RFC 6442 §4.1, RFC 4119, RFC 5139), beside the
//! offer in one body (RFC 5621).

use std::fmt::Display;

use sip::{Name, Writer};

use super::SDP;
use crate::ask::Location;

/// Completes an INVITE with a location and an offer.
pub(super) fn finish(
    mut writer: Writer,
    place: &Location,
    call_id: &str,
    own: &dyn Display,
    offer: Option<&[u8]>,
) -> Vec<u8> {
    let id = format!("{call_id}@{own}");
    // RFC 6442 §4.1: by value in a body part; §4.2: it may be used to find who is responsible.
    writer.named("Geolocation", format_args!("<cid:{id}>"));
    writer.named("Geolocation-Routing", "yes");
    let pidf = pidf(place, call_id);
    // Random, so that no part can contain it.
    let boundary = format!("part-{call_id}");
    let mut body = Vec::with_capacity(pidf.len() + offer.map_or(0, <[u8]>::len) + 512);
    if let Some(offer) = offer {
        body.extend_from_slice(format!("--{boundary}\r\nContent-Type: {SDP}\r\n\r\n").as_bytes());
        body.extend_from_slice(offer);
        body.extend_from_slice(b"\r\n");
    }
    let head = format!(
        "--{boundary}\r\nContent-Type: application/pidf+xml\r\nContent-ID: <{id}>\r\nContent-Disposition: by-reference;handling=optional\r\n\r\n"
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(pidf.as_bytes());
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    writer.header(Name::ContentType, format_args!("multipart/mixed;boundary={boundary}"));
    writer.untyped_body(&body)
}

/// RFC 4119 §2.2.1, with the elements of RFC 5139 §3.1 in their order.
fn pidf(place: &Location, id: &str) -> String {
    let mut civic = String::new();
    for (element, value) in [
        ("country", &place.country),
        ("A1", &place.region),
        ("A3", &place.city),
        ("RD", &place.street),
        ("HNO", &place.house),
        ("NAM", &place.name),
        ("PC", &place.postcode),
        ("FLR", &place.floor),
        ("ROOM", &place.room),
    ] {
        if !value.is_empty() {
            civic.push_str(&format!("<ca:{element}>{}</ca:{element}>", escaped(value)));
        }
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n\
         <presence xmlns=\"urn:ietf:params:xml:ns:pidf\" xmlns:gp=\"urn:ietf:params:xml:ns:pidf:geopriv10\" \
         xmlns:ca=\"urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr\" entity=\"pres:anonymous@anonymous.invalid\">\
         <tuple id=\"t{id}\"><status><gp:geopriv><gp:location-info><ca:civicAddress>{civic}</ca:civicAddress></gp:location-info>\
         <gp:usage-rules/><gp:method>Manual</gp:method></gp:geopriv></status></tuple></presence>"
    )
}

fn escaped(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => clean.push_str("&lt;"),
            '>' => clean.push_str("&gt;"),
            '&' => clean.push_str("&amp;"),
            '"' => clean.push_str("&quot;"),
            c if c.is_control() => clean.push(' '),
            c => clean.push(c),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_stands_beside_the_offer_and_says_nothing_that_it_does_not_know() {
        let place = Location {
            country: "DE".into(),
            city: "Köln <&> \"x\"\r\n".into(),
            street: "Domkloster".into(),
            house: "4".into(),
            ..Location::default()
        };
        let writer = Writer::request(sip::Method::Invite, "sip:112@c");
        let bytes = finish(writer, &place, "abc", &"192.0.2.1:5060", Some(b"v=0\r\n"));
        let text = String::from_utf8(bytes).expect("UTF-8");
        let (head, body) = text.split_once("\r\n\r\n").expect("a body");
        assert!(head.contains("Geolocation: <cid:abc@192.0.2.1:5060>\r\nGeolocation-Routing: yes"), "{head}");
        assert!(head.contains(&format!("Content-Length: {}", body.len())), "{head}");
        assert!(
            body.starts_with("--part-abc\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n--part-abc\r\n"),
            "{body}"
        );
        assert!(body.contains("Content-ID: <abc@192.0.2.1:5060>") && body.ends_with("\r\n--part-abc--\r\n"), "{body}");
        let civic = "<ca:country>DE</ca:country><ca:A3>Köln &lt;&amp;&gt; &quot;x&quot;  </ca:A3><ca:RD>Domkloster</ca:RD><ca:HNO>4</ca:HNO></ca:civicAddress>";
        assert!(body.contains(civic) && !body.contains("<ca:FLR>"), "{body}");
    }
}
