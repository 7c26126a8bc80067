//! Two parsers that were written without knowing of each other read the same messages: ours and `sipx-sip`. Where they
//! differ, the table says who is right and why.

use bytes::Bytes;
use sip::{Contact, Host, Limits, Scheme, validate};
use sipx_sip::headers::{CSeq, CallId, ContactValue, From, To, Via};

use crate::{corpus, everyday};

/// What one parser makes of a message.
#[derive(Debug, Default, PartialEq)]
struct Reading {
    valid: bool,
    fields: Vec<(&'static str, Option<String>)>,
}

/// Differences that are known: message, field, why.
const KNOWN: &[(&str, &str, &str)] = &[
    ("regbadct", "verdict", "RFC 4475 §3.1.2.13: 400 is right; they leave Contact to whoever reads it"),
    ("badvers", "branch", "we read no Via of SIP/7.0, they read it as one of SIP/2.0; both answer 505"),
    ("unkscm", "verdict", "RFC 3261 §8.2.2.1: 416 is right; they leave the scheme to the user"),
    ("novelsc", "verdict", "as unkscm"),
    ("unksm2", "verdict", "RFC 4475 §3.3.4: a registrar says 400; they leave it to the registrar"),
    ("bcast", "verdict", "RFC 3261 §8.1.3.3: an end point throws it away; theirs may be a proxy"),
];

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn ours(bytes: &[u8]) -> Option<Reading> {
    let message = sip::parse(bytes, &Limits::default()).ok()?;
    let uri = message.uri().ok().filter(|uri| matches!(uri.scheme(), Scheme::Sip | Scheme::Sips));
    let host = uri.map(|uri| match uri.host() {
        Host::Name(name) => name.to_owned(),
        Host::V4(ip) => ip.to_string(),
        Host::V6(ip) => ip.to_string(),
    });
    let contacts: Result<Vec<String>, _> = message
        .contacts()
        .map(|contact| {
            contact.map(|contact| match contact {
                Contact::Star => "*".to_owned(),
                Contact::Addr(address) => address.uri().as_str().to_owned(),
            })
        })
        .collect();
    let start = message.method().map(|method| method.as_str().to_owned());
    let status = message.status().map(|status| status.0.to_string());
    Some(Reading {
        valid: validate(&message).is_ok(),
        fields: vec![
            ("start", start.or(status)),
            ("user", uri.and_then(|uri| uri.user()).map(str::to_owned)),
            ("host", host),
            ("port", uri.and_then(|uri| uri.port()).map(|port| port.to_string())),
            ("from tag", message.from().ok().and_then(|from| from.tag()).map(str::to_owned)),
            ("to tag", message.to().ok().and_then(|to| to.tag()).map(str::to_owned)),
            ("call-id", message.call_id().ok().map(str::to_owned)),
            ("cseq", message.cseq().ok().map(|cseq| format!("{} {}", cseq.number, cseq.method.as_str()))),
            ("branch", message.via().ok().and_then(|via| via.branch()).map(str::to_owned)),
            ("contacts", contacts.ok().map(|contacts| contacts.join(" "))),
            ("body", Some(text(message.body()))),
        ],
    })
}

fn theirs(bytes: &[u8]) -> Option<Reading> {
    let message = sipx_sip::parse_datagram(Bytes::copy_from_slice(bytes), &sipx_sip::Limits::datagram()).ok()?;
    let headers = message.headers();
    let request = message.as_request();
    let uri = request.map(|request| &request.uri);
    let start = request.map(|request| text(request.method.as_bytes()));
    let status = message.as_response().map(|response| response.status.code().to_string());
    let contacts: Result<Vec<String>, _> = headers
        .typed_all::<ContactValue>()
        .map(|contact| {
            contact.map(|contact| match contact {
                ContactValue::Wildcard => "*".to_owned(),
                ContactValue::Address(address) => text(&address.uri.to_bytes()),
            })
        })
        .collect();
    let cseq = headers.typed::<CSeq>().and_then(Result::ok);
    Some(Reading {
        valid: sipx_sip::validate(&message).iter().all(sipx_sip::Finding::is_repairable),
        fields: vec![
            ("start", start.or(status)),
            ("user", uri.and_then(|uri| uri.user()).map(text)),
            ("host", uri.and_then(|uri| uri.host()).map(|host| text(&host.to_bytes()))),
            ("port", uri.and_then(sipx_sip::Uri::port).map(|port| port.to_string())),
            ("from tag", headers.typed::<From>().and_then(Result::ok).and_then(|from| from.tag().map(text))),
            ("to tag", headers.typed::<To>().and_then(Result::ok).and_then(|to| to.tag().map(text))),
            ("call-id", headers.typed::<CallId>().and_then(Result::ok).map(|id| text(&id.0))),
            ("cseq", cseq.map(|cseq| format!("{} {}", cseq.sequence, text(cseq.method.as_bytes())))),
            ("branch", headers.typed::<Via>().and_then(Result::ok).and_then(|via| via.branch().map(text))),
            ("contacts", contacts.ok().map(|contacts| contacts.join(" "))),
            ("body", Some(text(message.body()))),
        ],
    })
}

/// The differences between two readings of a message, by field.
fn differences(bytes: &[u8]) -> Vec<(&'static str, String)> {
    let (ours, theirs) = (ours(bytes), theirs(bytes));
    let verdict = |reading: &Option<Reading>| reading.as_ref().is_some_and(|reading| reading.valid);
    let mut found = Vec::new();
    if verdict(&ours) != verdict(&theirs) {
        found.push(("verdict", format!("we take it: {}, they: {}", verdict(&ours), verdict(&theirs))));
    }
    if let (Some(ours), Some(theirs)) = (ours, theirs) {
        for ((field, one), (_, two)) in ours.fields.into_iter().zip(theirs.fields).filter(|(one, two)| one != two) {
            found.push((field, format!("we read {one:?}, they {two:?}")));
        }
    }
    found
}

#[test]
fn both_parsers_read_the_same() {
    let mut known: Vec<(&str, &str)> = KNOWN.iter().map(|(name, field, _)| (*name, *field)).collect();
    let mut unknown = Vec::new();
    for (name, bytes) in corpus::messages().into_iter().chain(everyday::messages()) {
        for (field, what) in differences(&bytes) {
            match known.iter().position(|difference| *difference == (name, field)) {
                Some(at) => _ = known.swap_remove(at),
                None => unknown.push(format!("{name}, {field}: {what}")),
            }
        }
    }
    assert!(unknown.is_empty(), "differences that nobody has explained:\n{}", unknown.join("\n"));
    assert!(known.is_empty(), "differences that are no more: {known:?}");
}

#[test]
fn everyday_messages_are_valid() {
    for (name, bytes) in everyday::messages() {
        let message = sip::parse(&bytes, &Limits::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(validate(&message), Ok(()), "{name}");
    }
}
