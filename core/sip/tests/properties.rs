//! What holds for every input.

use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use sip::{Frame, Framer, Limits, Method, Name, Status, Uri, Writer, parse, validate};

use crate::feed;

fn config() -> ProptestConfig {
    ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() }
}

/// Text made of what SIP's grammar is made of.
fn syllables() -> impl Strategy<Value = String> {
    let parts = [
        "sip:",
        "sips:",
        "tel:",
        "a",
        "bob",
        "@",
        "h",
        ".",
        "example.com",
        "1",
        "0",
        ":",
        ";",
        ",",
        "=",
        "?",
        "&",
        "<",
        ">",
        "\"",
        "\\",
        " ",
        "\t",
        "\r\n ",
        "%41",
        "%",
        "[",
        "]",
        "::1",
        "tag",
        "branch",
        "z9hG4bK",
        "SIP/2.0/UDP",
        "lr",
        "*",
        "é",
        "\0",
    ];
    vec(select(parts.to_vec()), 0..14).prop_map(|parts| parts.concat())
}

fn uri() -> impl Strategy<Value = String> {
    let user =
        select(vec!["", "alice@", "ALICE@", "%61lice@", "a;x=y@", "a%3Bx=y@", "a%3bx=y@", "alice:pw@", "alice:PW@"]);
    let host = select(vec!["h", "H", "example.com", "192.0.2.1", "[2001:db8::1]", "[2001:DB8:0::1]"]);
    let port = select(vec!["", ":5060", ":5061"]);
    let params = vec(
        select(vec![
            ";lr",
            ";%6cr",
            ";transport=tcp",
            ";Transport=TCP",
            ";transport=udp",
            ";x=1",
            ";x=2",
            ";x",
            ";user=phone",
        ]),
        0..3,
    );
    let headers = select(vec!["", "?a=b", "?A=b", "?a=b&c=d", "?c=d&a=b", "?a=%62"]);
    (select(vec!["sip:", "SIP:", "sips:"]), user, host, port, params, headers).prop_map(
        |(scheme, user, host, port, params, headers)| format!("{scheme}{user}{host}{port}{}{headers}", params.concat()),
    )
}

fn token() -> impl Strategy<Value = String> {
    vec(select(b"abcXYZ019-.!%*_+`'~".to_vec()), 1..12).prop_map(|bytes| String::from_utf8(bytes).unwrap())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..3000)) {
        feed::datagram(&bytes);
        feed::stream(&bytes);
        feed::transactions(&bytes);
    }

    #[test]
    fn any_values_are_read_or_refused(
        [uri, via, from, to, contact, cseq, other] in [syllables(), syllables(), syllables(), syllables(), syllables(), syllables(), syllables()],
        [via_ok, from_ok, to_ok, cseq_ok] in any::<[bool; 4]>(),
    ) {
        let or = |ok: bool, good: &str, odd: &str| if ok { good.to_owned() } else { odd.to_owned() };
        let message = format!(
            "OPTIONS {uri} SIP/2.0\r\nVia: {}\r\nFrom: {}\r\nTo: {}\r\nCall-ID: c\r\nCSeq: {}\r\nContact: {contact}\r\nX: {other}\r\n\r\n",
            or(via_ok, "SIP/2.0/UDP h;branch=z9hG4bK1", &via),
            or(from_ok, "<sip:a@h>;tag=1", &from),
            or(to_ok, "<sip:b@h>", &to),
            or(cseq_ok, "1 OPTIONS", &cseq),
        );
        feed::datagram(message.as_bytes());
    }

    #[test]
    fn uri_equality_is_symmetric_and_reflexive(one in uri(), two in uri()) {
        let (one, two) = (Uri::parse(&one).unwrap(), Uri::parse(&two).unwrap());
        prop_assert!(one.same_as(&one) && two.same_as(&two));
        prop_assert_eq!(one.same_as(&two), two.same_as(&one));
    }

    #[test]
    fn what_is_no_uri_by_chance_is_refused_and_what_is_one_stays_it(text in syllables()) {
        if let Ok(uri) = Uri::parse(&text) {
            prop_assert_eq!(uri.as_str(), text.as_str());
            prop_assert!(uri.same_as(&uri));
        }
    }

    #[test]
    fn what_is_written_is_read_back(
        name in token(), value in any::<String>(), reason in any::<String>(), body in vec(any::<u8>(), 0..300), code in 100_u16..700,
    ) {
        prop_assume!(Name::parse(&name) == Name::Other);
        let mut writer = Writer::response(Status(code));
        writer.reason(&reason).header(Name::Via, "SIP/2.0/UDP h;branch=z9hG4bK1").header(Name::From, "<sip:a@h>;tag=1");
        writer.header(Name::To, "<sip:b@h>;tag=2").header(Name::CallId, "c").header(Name::CSeq, "1 INVITE").named(&name, &value);
        let bytes = writer.body("text/plain", &body);
        let message = parse(&bytes, &Limits::default()).unwrap();
        prop_assert_eq!(message.status(), Some(Status(code)));
        prop_assert_eq!(message.body(), &body);
        prop_assert_eq!(message.rows().count(), 8, "no row is smuggled in");
        let plain = value.replace(['\r', '\n', '\0'], " ");
        if !value.contains("\\\0") {
            prop_assert_eq!(validate(&message), Ok(()));
            prop_assert_eq!(message.other(&name).unwrap(), plain.trim_matches([' ', '\t']));
        }
    }

    #[test]
    fn nothing_is_written_under_a_name_that_is_none(name in any::<String>(), uri in any::<String>()) {
        let mut writer = Writer::request(Method::Options, &uri);
        writer.named(&name, "x");
        let bytes = writer.finish();
        let text = String::from_utf8(bytes).unwrap();
        prop_assert!(text.matches("\r\n").count() <= 4, "{:?}", text);
    }

    #[test]
    fn a_stream_is_the_same_in_whatever_parts_it_comes(
        bodies in vec(vec(any::<u8>(), 0..80), 1..6), cuts in vec(1_usize..60, 1..40), pings in any::<[bool; 6]>(),
    ) {
        let mut stream = Vec::new();
        let mut expected = Vec::new();
        for (body, ping) in bodies.iter().zip(pings) {
            let message = Writer::request(Method::Message, "sip:a@h").body("text/plain", body);
            stream.extend_from_slice(&message);
            expected.push(Frame::Message(message));
            if ping {
                stream.extend_from_slice(b"\r\n\r\n");
                expected.push(Frame::KeepAlive);
            }
        }
        let (mut framer, mut found, mut rest) = (Framer::new(Limits::default()), Vec::new(), stream.as_slice());
        for cut in cuts.iter().cycle() {
            let (part, behind) = rest.split_at((*cut).min(rest.len()));
            framer.push(part);
            while let Some(frame) = framer.next().unwrap() {
                found.push(frame);
            }
            rest = behind;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(found, expected);
        prop_assert!(!framer.is_partial());
    }
}

/// Inputs that are long in one way each. What looks at a byte once, or a fixed number of times, is done with 60 kB in a
/// moment even unoptimised; what starts anew for each byte takes half a minute.
#[test]
fn no_input_is_slow() {
    let head = "OPTIONS sip:a@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n";
    let many = |part: &str| part.repeat(60_000 / part.len());
    let row = |name: &str, part: &str| {
        format!("{head}{}\r\n", format!("{name}: {}\r\n", part.repeat(8000 / part.len())).repeat(7))
    };
    let inputs = [
        many("\r\n"),
        many("\r"),
        many("\r\n "),
        many("a"),
        many("a: b\r\n"),
        format!("{head}{}", many("\r\n ")),
        format!("{head}X:{}\r\n\r\n", many("\\\0")),
        format!("{head}\r\n{}", many("\r\n\r\n")),
        row("Via", ","),
        row("Via", "SIP/2.0/UDP h;branch=z9hG4bK1,"),
        row("Contact", ","),
        row("Contact", "<"),
        row("Contact", "\""),
        row("Contact", "\"<\\"),
        row("Contact", "<sip:a@h>;"),
        row("Contact", "<sip:a@h>,"),
        row("Contact", ";x=\"\""),
        row("Contact", "sip:a@h;lr%20"),
        row("Route", "<sip:a@h;lr;lr;lr;lr>,"),
        row("From", "\\\""),
        row("From", "\r\n "),
        row("Authorization", "Digest a=\"b\",\r\n "),
        row("Authorization", "Digest ,"),
        row("Require", "a,"),
        row("X", "\r\n\t"),
        format!("OPTIONS sip:{}@h SIP/2.0\r\n\r\n", many("%41")),
        format!("OPTIONS sip:a@h{} SIP/2.0\r\n\r\n", many(";a=b")),
        format!("OPTIONS sip:a@h?{} SIP/2.0\r\n\r\n", many("a=b&")),
        format!("OPTIONS sip:a@[{}] SIP/2.0\r\n\r\n", many(":")),
    ];
    for input in inputs {
        let begin = Instant::now();
        feed::datagram(input.as_bytes());
        let mut stream = vec![1];
        stream.extend_from_slice(input.as_bytes());
        feed::stream(&stream);
        let took = begin.elapsed();
        assert!(took < Duration::from_secs(3), "{took:?} for {:?}…", &input[..input.len().min(300)]);
    }
}

/// Many small messages in one push cost what they are long, not the square of it.
#[test]
fn a_stream_of_many_messages_is_not_slow() {
    let one = Writer::request(Method::Options, "sip:a@h").finish();
    let mut framer = Framer::new(Limits::default());
    framer.push(&one.repeat(40_000));
    let begin = Instant::now();
    let mut count = 0;
    while framer.next().unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, 40_000);
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
}
