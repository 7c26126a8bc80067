//! Crossing to rsip and back: what crosses is the same on the other side, what would not be does not cross.

use rsip::prelude::*;
use sip::compat::{Refusal, from_rsip, to_rsip};
use sip::{Limits, Name, parse, validate};

use crate::{corpus, everyday};

fn crossed(bytes: &[u8]) -> Result<rsip::SipMessage, Refusal> {
    to_rsip(&parse(bytes, &Limits::default()).unwrap())
}

/// Everyday messages that rsip cannot carry, and where it fails.
const REFUSED: [(&str, Refusal); 6] = [
    // `+sip.instance` and its quoted value.
    ("invite", Refusal::Altered("Contact")),
    // A display name with a comma.
    ("moved", Refusal::Altered("Contact")),
    ("register", Refusal::Altered("Contact")),
    // IPv6.
    ("options", Refusal::Altered("Via")),
    // A dot in a user name.
    ("update", Refusal::Altered("the Request-URI")),
    // `tel:`
    ("message", Refusal::Unreadable),
];

#[test]
fn everyday_messages_cross_unless_rsip_would_read_them_as_something_else() {
    let mut refused = Vec::new();
    for (name, bytes) in everyday::messages() {
        let theirs = match crossed(&bytes) {
            Ok(theirs) => theirs,
            Err(refusal) => {
                refused.push((name, refusal));
                continue;
            }
        };
        let back = from_rsip(&theirs).unwrap();
        let (one, two) = (parse(&bytes, &Limits::default()).unwrap(), parse(&back, &Limits::default()).unwrap());
        assert_eq!(validate(&two), Ok(()), "{name}");
        assert_eq!((one.method(), one.status(), one.body()), (two.method(), two.status(), two.body()), "{name}");
        for header in Name::ALL {
            assert!(one.tokens(*header).eq(two.tokens(*header)), "{name}: {header:?}");
        }
    }
    assert_eq!(refused, REFUSED);
}

#[test]
fn what_crosses_of_the_corpus_is_the_same_on_the_other_side() {
    let mut count = 0;
    for (name, bytes) in corpus::messages() {
        let Ok(message) = parse(&bytes, &Limits::default()) else { continue };
        let Ok(theirs) = to_rsip(&message) else { continue };
        count += 1;
        assert_eq!(validate(&message), Ok(()), "{name}: what is not valid does not cross");
        let back = from_rsip(&theirs).unwrap();
        let back = parse(&back, &Limits::default()).unwrap();
        assert_eq!(theirs.from_header().unwrap().value(), message.value(Name::From).unwrap(), "{name}");
        assert_eq!(back.call_id(), message.call_id(), "{name}");
        assert_eq!(back.body(), message.body(), "{name}");
    }
    assert!(count >= 10, "{count}");
}

fn options(uri: &str, from: &str) -> Vec<u8> {
    format!(
        "OPTIONS {uri} SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: {from}\r\nTo: <sip:b@h>\r\nCall-ID: c\r\n\
         CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n\r\n"
    )
    .into_bytes()
}

#[test]
fn what_rsip_misreads_is_refused_by_name() {
    let plain = "<sip:a@h>;tag=1";
    assert!(crossed(&options("sip:b@h", plain)).is_ok());
    for uri in ["sip:john.doe@h", "sip:b@[2001:db8::1]", "sip:b@h?x=y", "tel:+12015550123", "sip:b@h;x=%41:"] {
        assert!(crossed(&options(uri, plain)).is_err(), "{uri}");
    }
    for from in [
        "\"Mallory <sip:boss@h>\" <sip:mallory@h>;tag=1",
        "<sip:j.d@h>;tag=1",
        "<tel:+12015550123>;tag=1",
        "<sip:a@h>;x=\"y\";tag=1",
    ] {
        assert_eq!(crossed(&options("sip:b@h", from)).err(), Some(Refusal::Altered("From")), "{from}");
    }
    let unknown = String::from_utf8(options("sip:b@h", plain)).unwrap().replace("OPTIONS", "NEWMETHOD");
    assert_eq!(crossed(unknown.as_bytes()).err(), Some(Refusal::Unreadable));
    let folded = String::from_utf8(options("sip:b@h", plain)).unwrap().replace("Max-Forwards: 70", "s: a\r\n b");
    let theirs = crossed(folded.as_bytes()).unwrap();
    assert!(
        theirs.headers().iter().any(|header| header.to_string() == "Subject: a b"),
        "folds and compact names are undone"
    );
}

#[test]
fn a_list_crosses_one_value_a_row() {
    let bytes = String::from_utf8(options("sip:b@h", "<sip:a@h>;tag=1"))
        .unwrap()
        .replace("z9hG4bK1\r\n", "z9hG4bK1, SIP/2.0/TCP g;branch=z9hG4bK2\r\nRoute: <sip:p1;lr>,<sip:p2;lr>\r\n");
    let theirs = crossed(bytes.as_bytes()).unwrap();
    let vias = theirs.headers().iter().filter(|header| matches!(header, rsip::Header::Via(_))).count();
    let routes = theirs.headers().iter().filter(|header| matches!(header, rsip::Header::Route(_))).count();
    assert_eq!((vias, routes), (2, 2));
}

#[test]
fn a_binary_body_crosses_both_ways() {
    let mut bytes = options("sip:b@h", "<sip:a@h>;tag=1");
    bytes.truncate(bytes.len() - 2);
    bytes.extend_from_slice(b"Content-Type: application/octet-stream\r\nContent-Length: 5\r\n\r\n\0\xff\r\n\x80");
    let theirs = crossed(&bytes).unwrap();
    let back = from_rsip(&theirs).unwrap();
    assert_eq!(parse(&back, &Limits::default()).unwrap().body(), b"\0\xff\r\n\x80");
}

#[test]
fn nothing_is_smuggled_in_from_the_other_side() {
    let theirs = crossed(&options("sip:b@h", "<sip:a@h>;tag=1")).unwrap();
    let rsip::SipMessage::Request(plain) = theirs else { panic!("a request") };
    let with = |change: fn(&mut rsip::Request)| {
        let mut request = plain.clone();
        change(&mut request);
        from_rsip(&request.into())
    };
    assert!(with(|_| ()).is_ok());
    for change in [
        (|r| r.headers.push(rsip::Header::Other("X".into(), "a\r\nVia: evil".into()))) as fn(&mut rsip::Request),
        |r| r.headers.push(rsip::Header::Other("X\r\nVia: evil".into(), "a".into())),
        |r| r.headers.push(rsip::Header::Other("X Y".into(), "a".into())),
        |r| r.headers.push(rsip::headers::Subject::new("a\0b").into()),
        |r| r.uri.auth = Some(("a b", None::<String>).into()),
        |r| r.uri.auth = Some(("a\r\nVia: evil", None::<String>).into()),
        |r| r.uri.scheme = None,
        |r| r.version = rsip::Version::V1,
    ] {
        assert!(with(change).is_err());
    }
    assert_eq!(with(|r| r.body = b"\xff".to_vec()).map(|bytes| bytes.ends_with(b"\r\n\r\n\xff")), Ok(true));
    let busy = rsip::SipMessage::Response(rsip::Response { status_code: 486.into(), ..Default::default() });
    assert!(from_rsip(&busy).unwrap().starts_with(b"SIP/2.0 486 Busy Here\r\n"), "our phrase, not rsip's");
    let odd = rsip::SipMessage::Response(rsip::Response { status_code: 799.into(), ..Default::default() });
    assert_eq!(from_rsip(&odd), Err(Refusal::Altered("the status")));
}
