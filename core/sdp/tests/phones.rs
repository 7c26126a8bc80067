//! What phones of the field offer and answer, and what we come to with each.

use std::net::SocketAddr;

use proptest::prelude::*;
use sdp::{
    Agreement, Answer, Audio, Codec, Crypto, Description, Direction, Error, KEYING, Offer, OpusFormat, Order, Origin,
    Profile, Protection, Secrecy, Suite,
};

const YEALINK: &str = "v=0\r\no=- 20034 20034 IN IP4 192.0.2.10\r\ns=SDP data\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n\
    m=audio 11796 RTP/AVP 9 0 8 18 101\r\na=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
    a=rtpmap:18 G729/8000\r\na=fmtp:18 annexb=no\r\na=ptime:20\r\na=sendrecv\r\na=rtpmap:101 telephone-event/8000\r\n\
    a=fmtp:101 0-15\r\n";

/// Keys beside plain RTP: "optional" of this maker, what RFC 8643 describes.
const GRANDSTREAM: &str = "v=0\r\no=1001 8000 8000 IN IP4 192.0.2.11\r\ns=SIP Call\r\nc=IN IP4 192.0.2.11\r\nt=0 0\r\n\
    m=audio 5004 RTP/AVP 0 8 9 123 101\r\na=sendrecv\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\na=rtpmap:8 PCMA/8000\r\n\
    a=rtpmap:9 G722/8000\r\na=rtpmap:123 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n\
    a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:Mzc4OGEyYjQ5MzQ1ZjFkMmE3YzY1ZTM0YmFkYzA4|2^32\r\n\
    a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:ZGVmYmMzMjE0NTY3ODkwYWJjZGVmMDEyMzQ1Njc4|2^32\r\n";

/// The secure line first, the plain one after it.
const TWO_LINES: &str = "v=0\r\no=root 1821 1821 IN IP4 192.0.2.12\r\ns=call\r\nc=IN IP4 192.0.2.12\r\nt=0 0\r\n\
    m=audio 51220 RTP/SAVP 9 0 8 99 3 18 101\r\n\
    a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:R4SrBFZ3ZcXJhFL3RgqTzI3h0vRq8ZJ0mYQn1xkE\r\na=rtpmap:99 G726-32/8000\r\n\
    a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=encryption:optional\r\na=sendrecv\r\n\
    m=audio 51222 RTP/AVP 9 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\na=sendrecv\r\n";

const LINPHONE: &str = "v=0\r\no=alice 2463 2217 IN IP6 2001:db8::20\r\ns=Talk\r\nc=IN IP6 2001:db8::20\r\nt=0 0\r\n\
    a=rtcp-xr:rcvr-rtt=all:10000 stat-summary=loss,dup,jitt,TTL voip-metrics\r\n\
    m=audio 7078 RTP/SAVP 96 97 98 0 8 101 99\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\n\
    a=rtpmap:97 speex/16000\r\na=fmtp:97 vbr=on\r\na=rtpmap:98 speex/8000\r\na=rtpmap:101 telephone-event/48000\r\n\
    a=rtpmap:99 telephone-event/8000\r\n\
    a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:cGFzc3dvcmRwYXNzd29yZHBhc3N3b3JkcGFzc3dv\r\n\
    a=crypto:2 AES_256_CM_HMAC_SHA1_80 inline:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLg\r\n\
    m=video 9078 RTP/SAVP 96\r\na=rtpmap:96 VP8/90000\r\n";

const BARESIP: &str = "v=0\r\no=- 3894461273 2076139459 IN IP4 192.0.2.13\r\ns=-\r\nc=IN IP4 192.0.2.13\r\nt=0 0\r\n\
    a=tool:baresip 1.1.0\r\nm=audio 17370 RTP/AVP 111 0 8 101\r\nb=AS:125\r\na=rtpmap:111 opus/48000/2\r\n\
    a=fmtp:111 stereo=0;sprop-stereo=0;maxaveragebitrate=28000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
    a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=rtcp:17371\r\na=sendrecv\r\na=label:1\r\na=ptime:20\r\n";

const BROWSER: &str = "v=0\r\no=- 4611 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:111 opus/48000/2\r\na=setup:actpass\r\n\
    a=fingerprint:sha-256 AA:BB\r\na=rtcp-mux\r\n";

fn read(text: &str) -> Description {
    Description::parse(text.as_bytes()).expect("a description")
}

fn address() -> SocketAddr {
    "198.51.100.9:30000".parse().expect("an address")
}

fn origin() -> Origin {
    Origin { id: 7, version: 1 }
}

fn opus() -> Codec {
    OpusFormat { fec: true, max_bit_rate: Some(32_000), ..OpusFormat::default() }.codec(111)
}

fn all() -> Vec<Codec> {
    let fixed = |payload| Codec::of_static(payload).expect("a codec");
    vec![opus(), fixed(9), fixed(8), fixed(0), fixed(13)]
}

fn answering(order: Order, secrecy: Secrecy) -> Answer {
    Answer {
        codecs: all(),
        order,
        only_one: false,
        telephone_event: true,
        ptime: Some(20),
        direction: Direction::SendRecv,
        secrecy,
        suites: Suite::USUAL.to_vec(),
    }
}

fn answered(answer: &Answer, offer: &str) -> Result<(String, Audio, Agreement), Error> {
    let (description, agreement) = answer.to(&read(offer), &origin(), address(), &[0x5a; KEYING])?;
    let text = String::from_utf8(description.to_bytes()).expect("text");
    Ok((text, description.audio().cloned().expect("audio"), agreement))
}

fn spoken(agreement: &Agreement) -> Vec<(u8, &str)> {
    agreement.codecs.iter().map(|common| (common.send.payload, common.send.name.as_str())).collect()
}

#[test]
fn a_desk_phone_is_answered_in_its_order_or_in_ours() {
    let (text, audio, theirs) = answered(&answering(Order::Theirs, Secrecy::Off), YEALINK).expect("an answer");
    assert_eq!(spoken(&theirs), [(9, "G722"), (0, "PCMU"), (8, "PCMA")]);
    assert!(text.contains("m=audio 30000 RTP/AVP 9 0 8 101\r\n"), "{text}");
    assert!(text.contains("a=rtpmap:9 G722/8000\r\n") && text.contains("a=fmtp:101 0-15\r\n"), "{text}");
    assert_eq!((audio.ptime, theirs.ptime), (Some(20), 20));
    assert_eq!(theirs.event(8_000).map(|event| event.send.payload), Some(101));
    let ours = Answer { only_one: true, ..answering(Order::Ours, Secrecy::Off) };
    let (text, _, ours) = answered(&Answer { codecs: all().split_off(2), ..ours }, YEALINK).expect("an answer");
    assert_eq!(spoken(&ours), [(8, "PCMA")]);
    assert!(text.contains("m=audio 30000 RTP/AVP 8 101\r\n"), "{text}");
}

#[test]
fn opus_keeps_the_offered_number_and_each_side_its_wishes() {
    let (text, _, agreement) = answered(&answering(Order::Ours, Secrecy::Off), BARESIP).expect("an answer");
    let voice = agreement.voice().expect("a voice");
    assert_eq!(OpusFormat::of(&voice.send).max_bit_rate, Some(28_000));
    assert_eq!(OpusFormat::of(&voice.receive).max_bit_rate, Some(32_000));
    assert!(text.contains("a=rtpmap:111 opus/48000/2\r\n"), "{text}");
    assert!(text.contains("a=fmtp:111 useinbandfec=1;stereo=0;maxaveragebitrate=32000\r\n"), "{text}");
    // It offers events of 8000 alone, beside Opus too: better those than none.
    assert_eq!(agreement.event(48_000).map(|event| event.send.clock), Some(8_000));
    let (text, _, agreement) = answered(&answering(Order::Ours, Secrecy::Off), GRANDSTREAM).expect("an answer");
    assert_eq!(agreement.voice().map(|voice| voice.receive.payload), Some(123));
    assert!(text.contains("a=rtpmap:123 opus/48000/2\r\n") && !text.contains("crypto"), "{text}");
}

#[test]
fn keys_beside_plain_rtp_are_used_where_encryption_is_optional() {
    let (text, audio, agreement) =
        answered(&answering(Order::Theirs, Secrecy::Optional), GRANDSTREAM).expect("an answer");
    assert!(text.contains("m=audio 30000 RTP/AVP "), "{text}");
    let Protection::Srtp(secured) = agreement.protection else { panic!("plain: {text}") };
    assert_eq!((secured.tag, secured.suite), (1, Suite::AesCm128Sha1_80));
    assert_eq!(secured.lifetime, Some(1 << 32));
    assert_eq!(secured.theirs.key(), b"3788a2b49345f1d2");
    assert_eq!(audio.crypto, [secured.line()]);
    let (text, _, agreement) = answered(&answering(Order::Theirs, Secrecy::Optional), YEALINK).expect("an answer");
    assert_eq!(agreement.protection, Protection::Plain, "{text}");
    assert_eq!(answered(&answering(Order::Theirs, Secrecy::Required), YEALINK).map(|_| ()), Err(Error::Secrecy));
    assert_eq!(Error::Secrecy.status(), 488);
}

#[test]
fn of_two_audio_lines_the_one_that_suits_is_taken_and_the_other_refused() {
    for (secrecy, lines) in [
        (Secrecy::Required, ["m=audio 30000 RTP/SAVP 9 0 8 101\r\n", "m=audio 0 RTP/AVP 9 0 8 101\r\n"]),
        (Secrecy::Optional, ["m=audio 30000 RTP/SAVP 9 0 8 101\r\n", "m=audio 0 RTP/AVP 9 0 8 101\r\n"]),
        (Secrecy::Off, ["m=audio 0 RTP/SAVP 9 0 8 99 3 18 101\r\n", "m=audio 30000 RTP/AVP 9 0 8 101\r\n"]),
    ] {
        let (text, _, agreement) = answered(&answering(Order::Theirs, secrecy), TWO_LINES).expect("an answer");
        assert!(lines.iter().all(|line| text.contains(line)), "{secrecy:?}: {text}");
        let port = if secrecy == Secrecy::Off { 51_222 } else { 51_220 };
        assert_eq!(agreement.address.port(), port);
        assert_eq!(agreement.protection == Protection::Plain, secrecy == Secrecy::Off);
    }
}

#[test]
fn a_secure_offer_over_ipv6_is_answered_with_events_of_each_clock() {
    let (text, _, agreement) = answered(&answering(Order::Theirs, Secrecy::Required), LINPHONE).expect("an answer");
    assert!(text.contains("m=audio 30000 RTP/SAVP 96 0 8 101 99\r\n"), "{text}");
    assert!(text.contains("m=video 0 RTP/SAVP 96\r\n"), "{text}");
    assert_eq!(agreement.address, "[2001:db8::20]:7078".parse().expect("an address"));
    assert_eq!(agreement.event(48_000).map(|event| event.send.payload), Some(101));
    assert_eq!(agreement.event(8_000).map(|event| event.send.payload), Some(99));
    // The long key comes without its padding.
    let long = Answer { suites: vec![Suite::AesCm256Sha1_80], ..answering(Order::Theirs, Secrecy::Required) };
    let (_, _, agreement) = answered(&long, LINPHONE).expect("an answer");
    let Protection::Srtp(secured) = agreement.protection else { panic!("plain") };
    assert_eq!((secured.tag, secured.theirs.key().len(), secured.ours.key().len()), (2, 32, 32));
    assert_eq!(secured.theirs.salt().last(), Some(&0x2e));
}

#[test]
fn what_we_cannot_end_is_refused() {
    for secrecy in [Secrecy::Off, Secrecy::Optional, Secrecy::Required] {
        assert_eq!(answered(&answering(Order::Theirs, secrecy), BROWSER).map(|_| ()), Err(Error::Secrecy));
    }
    let speex = "v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4 RTP/AVP 13 97 101\r\n\
        a=rtpmap:97 speex/8000\r\na=rtpmap:101 telephone-event/8000\r\n";
    assert_eq!(answered(&answering(Order::Theirs, Secrecy::Off), speex).map(|_| ()), Err(Error::NoCodec));
}

#[test]
fn comfort_noise_is_never_the_voice_and_goes_with_its_clock() {
    let offer = YEALINK.replace("9 0 8 18 101", "13 0 101");
    let (text, _, agreement) = answered(&answering(Order::Theirs, Secrecy::Off), &offer).expect("an answer");
    assert!(text.contains("RTP/AVP 0 13 101\r\n"), "{text}");
    assert_eq!(agreement.voice().map(|voice| voice.send.payload), Some(0));
    assert!(agreement.comfort_noise(8_000).is_some() && agreement.comfort_noise(48_000).is_none());
}

#[test]
fn a_format_that_both_must_have_alike_is_said_back() {
    let answer = Answer { codecs: vec![Codec::of_static(18).expect("G.729")], ..answering(Order::Ours, Secrecy::Off) };
    let (text, _, _) = answered(&answer, YEALINK).expect("an answer");
    assert!(text.contains("a=fmtp:18 annexb=no\r\n"), "{text}");
}

#[test]
fn a_holder_is_answered_by_what_is_left() {
    for (line, ours, wanted) in [
        ("a=sendonly", Direction::SendRecv, Direction::RecvOnly),
        ("a=sendonly", Direction::SendOnly, Direction::Inactive),
        ("a=recvonly", Direction::SendRecv, Direction::SendOnly),
        ("a=inactive", Direction::SendRecv, Direction::Inactive),
        ("a=sendrecv", Direction::SendOnly, Direction::SendOnly),
    ] {
        let answer = Answer { direction: ours, ..answering(Order::Theirs, Secrecy::Off) };
        let (_, audio, agreement) = answered(&answer, &YEALINK.replace("a=sendrecv", line)).expect("an answer");
        assert_eq!((audio.direction, agreement.direction), (wanted, wanted), "{line}");
    }
    let old = YEALINK.replace("c=IN IP4 192.0.2.10", "c=IN IP4 0.0.0.0");
    let (_, audio, _) = answered(&answering(Order::Theirs, Secrecy::Off), &old).expect("an answer");
    assert_eq!(audio.direction, Direction::RecvOnly);
}

#[test]
fn no_packet_is_longer_than_the_peer_can_take() {
    for (said, wanted) in
        [("a=ptime:30", 30), ("a=maxptime:10", 10), ("a=ptime:0", 20), ("a=ptime:22.5", 23), ("a=ptime:ж", 20)]
    {
        let offer = YEALINK.replace("a=ptime:20", said);
        let (_, _, agreement) = answered(&answering(Order::Theirs, Secrecy::Off), &offer).expect("an answer");
        assert_eq!(agreement.ptime, wanted, "{said}");
    }
}

fn offering(secrecy: Secrecy) -> Offer {
    Offer {
        codecs: all(),
        telephone_event: true,
        ptime: Some(20),
        direction: Direction::SendRecv,
        secrecy,
        crypto: Crypto::offered(Suite::USUAL, &[[1; KEYING], [2; KEYING]]),
    }
}

#[test]
fn our_offer_names_every_codec_and_events_of_each_clock() {
    let text = |secrecy| {
        let offer = offering(secrecy).description(&origin(), address(), None).expect("an offer");
        String::from_utf8(offer.to_bytes()).expect("text")
    };
    let plain = text(Secrecy::Off);
    assert!(plain.contains("m=audio 30000 RTP/AVP 111 9 8 0 13 102 101\r\n"), "{plain}");
    assert!(plain.contains("a=rtpmap:102 telephone-event/48000\r\n"), "{plain}");
    assert!(!plain.contains("a=crypto"), "{plain}");
    let optional = text(Secrecy::Optional);
    assert!(optional.contains("m=audio 30000 RTP/AVP ") && optional.contains("a=crypto:2 AES_CM_128_HMAC_SHA1_32 "));
    assert!(text(Secrecy::Required).contains("m=audio 30000 RTP/SAVP "));
    let keyless = Offer { crypto: Vec::new(), ..offering(Secrecy::Required) };
    assert_eq!(keyless.description(&origin(), address(), None), Err(Error::Secrecy));
}

#[test]
fn a_number_that_is_taken_is_changed() {
    let (one, two) = (Codec::new(101, "SPEEX", 8_000), Codec::new(101, "SPEEX", 16_000));
    let fixed = Codec::new(0, "ILBC", 8_000);
    let offer = Offer { codecs: vec![one, two, fixed, opus()], ..offering(Secrecy::Off) };
    let audio = offer.description(&origin(), address(), None).expect("an offer").audio().cloned().expect("audio");
    let mut numbers: Vec<u8> = audio.codecs.iter().map(|codec| codec.payload).collect();
    assert_eq!(numbers.first(), Some(&101));
    assert!(!numbers.contains(&0) && numbers.contains(&111), "{numbers:?}");
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 7, "speex twice, iLBC, Opus, three clocks of events");
    let many = Offer { codecs: (0..40).map(|n| Codec::new(96, &format!("X{n}"), 8_000)).collect(), ..offer };
    assert_eq!(many.description(&origin(), address(), None), Err(Error::NoCodec));
}

#[test]
fn the_answerer_may_give_other_numbers() {
    let answer = "v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 96 97\r\n\
        a=rtpmap:96 OPUS/48000/2\r\na=fmtp:96 maxaveragebitrate=16000\r\na=rtpmap:97 telephone-event/48000\r\na=recvonly\r\n";
    let agreement = offering(Secrecy::Off).agree(&read(answer)).expect("an agreement");
    let voice = agreement.voice().expect("a voice");
    assert_eq!((voice.send.payload, voice.receive.payload), (96, 111));
    assert_eq!(OpusFormat::of(&voice.send).max_bit_rate, Some(16_000));
    let event = agreement.event(48_000).expect("events");
    assert_eq!((event.send.payload, event.receive.payload), (97, 102));
    assert_eq!(agreement.direction, Direction::SendOnly);
}

#[test]
fn refusals_and_strange_answers_are_told_apart() {
    let offer = offering(Secrecy::Optional);
    let refused = YEALINK.replace("m=audio 11796", "m=audio 0");
    assert_eq!(offer.agree(&read(&refused)).map(|_| ()), Err(Error::Refused));
    let foreign = YEALINK.replace("RTP/AVP 9 0 8 18 101", "RTP/AVP 18 101");
    assert_eq!(offer.agree(&read(&foreign)).map(|_| ()), Err(Error::NoCodec));
    // Another's keys under our tag: they say the same suite, so they are taken.
    let Protection::Srtp(secured) =
        offer.agree(&read(&GRANDSTREAM.replace("a=crypto:2", "a=x:2"))).expect("fits").protection
    else {
        panic!("plain")
    };
    assert_eq!((secured.ours.key(), secured.theirs.key()), (&[1; 16][..], &b"3788a2b49345f1d2"[..]));
    assert_eq!(offer.agree(&read(GRANDSTREAM)).map(|_| ()), Err(Error::Crypto), "two lines in an answer");
}

#[test]
fn a_later_offer_keeps_the_lines_of_the_first() {
    let answer = answering(Order::Theirs, Secrecy::Off);
    let (before, _) = answer.to(&read(TWO_LINES), &origin(), address(), &[0; KEYING]).expect("an answer");
    let later = offering(Secrecy::Off).description(&origin(), address(), Some(&before)).expect("an offer");
    let text = String::from_utf8(later.to_bytes()).expect("text");
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("m=")).collect();
    assert_eq!(lines, ["m=audio 0 RTP/SAVP 9 0 8 99 3 18 101", "m=audio 30000 RTP/AVP 111 9 8 0 13 102 101"]);
}

#[test]
fn both_ends_of_ours_agree_with_each_other() {
    for (ours, theirs) in [
        (Secrecy::Off, Secrecy::Optional),
        (Secrecy::Optional, Secrecy::Required),
        (Secrecy::Required, Secrecy::Optional),
    ] {
        let offer = offering(ours);
        let description = offer.description(&origin(), address(), None).expect("an offer");
        let (answer, far) =
            answering(Order::Ours, theirs).to(&description, &origin(), address(), &[9; KEYING]).expect("an answer");
        let near = offer.agree(&read(&String::from_utf8(answer.to_bytes()).expect("text"))).expect("an agreement");
        match (near.protection, far.protection) {
            (Protection::Plain, Protection::Plain) => assert_eq!(ours, Secrecy::Off),
            (Protection::Srtp(near), Protection::Srtp(far)) => {
                assert_eq!((near.ours, near.theirs), (far.theirs, far.ours));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(near.codecs.len(), far.codecs.len());
    }
}

#[test]
fn nothing_shows_a_key() {
    let offer = offering(Secrecy::Required);
    let description = offer.description(&origin(), address(), None).expect("an offer");
    let (answer, agreement) = answering(Order::Theirs, Secrecy::Required)
        .to(&description, &origin(), address(), b"hush-hush-hush-hush-hush-hush-hush-hush-hush-h")
        .expect("an answer");
    let shown = format!("{offer:?} {description:?} {answer:?} {agreement:?} {:?}", answer.audio());
    assert!(!shown.contains("aHVzaC") && !shown.contains("AQEBAQ") && !shown.contains("104, 117"), "{shown}");
    assert!(String::from_utf8_lossy(&answer.to_bytes()).contains("inline:aHVzaC"));
}

fn codec() -> impl Strategy<Value = Codec> {
    let fixed = prop::sample::select(vec![0_u8, 3, 8, 9, 18]).prop_map(|n| Codec::of_static(n).expect("a codec"));
    let other = ("[A-Z][A-Z0-9-]{0,9}", 96_u8..128, prop::sample::select(vec![8_000_u32, 16_000, 48_000]), 1_u8..3)
        .prop_filter("no voice", |(name, ..)| {
            Codec::new(96, name, 8_000).is_voice() && name != "OPUS" && name != "G722"
        })
        .prop_map(|(name, payload, clock, channels)| Codec { channels, ..Codec::new(payload, &name, clock) });
    let opus = (96_u8..128, any::<bool>())
        .prop_map(|(payload, fec)| OpusFormat { fec, ..OpusFormat::default() }.codec(payload));
    prop_oneof![fixed, other, opus]
}

proptest! {
    #[test]
    fn an_offer_is_read_as_it_was_written(
        mut codecs in prop::collection::vec(codec(), 1..10),
        telephone_event: bool,
        ptime in prop::option::of(1_u16..=200),
        secrecy in prop::sample::select(vec![Secrecy::Off, Secrecy::Optional, Secrecy::Required]),
        direction in prop::sample::select(vec![Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive]),
    ) {
        let mut seen: Vec<Codec> = Vec::new();
        codecs.retain(|codec| {
            let new = seen.iter().all(|before| !before.is_same(codec));
            seen.push(codec.clone());
            new
        });
        let offer = Offer { codecs: codecs.clone(), telephone_event, ptime, direction, secrecy, ..offering(secrecy) };
        let bytes = offer.description(&origin(), address(), None).expect("an offer").to_bytes();
        let read = Description::parse(&bytes).expect("a description");
        prop_assert_eq!(read.to_bytes(), bytes);
        let audio = read.audio().expect("audio");
        prop_assert_eq!(audio.address, address());
        prop_assert_eq!(audio.direction, direction);
        prop_assert_eq!(audio.ptime, ptime);
        prop_assert_eq!(audio.profile, if secrecy == Secrecy::Required { Profile::Savp } else { Profile::Avp });
        prop_assert_eq!(audio.crypto.len(), if secrecy == Secrecy::Off { 0 } else { 2 });
        prop_assert!(!audio.unread_crypto);
        let voices: Vec<&Codec> = audio.voices().collect();
        prop_assert_eq!(voices.len(), codecs.len());
        for (read, ours) in voices.iter().zip(&codecs) {
            prop_assert!(read.is_same(ours) && read.fmtp == ours.fmtp, "{:?} {:?}", read, ours);
        }
        prop_assert_eq!(audio.events().next().is_some(), telephone_event);
        // Whoever has the same codecs comes to an agreement with it.
        let answer = Answer { codecs, secrecy, ..answering(Order::Ours, secrecy) };
        let (answer, far) = answer.to(&read, &origin(), address(), &[3; KEYING]).expect("an answer");
        let near = offer.agree(&answer).expect("an agreement");
        prop_assert_eq!(near.codecs.len(), far.codecs.len());
        prop_assert_eq!(near.direction.sends(), far.direction.receives());
    }
}
