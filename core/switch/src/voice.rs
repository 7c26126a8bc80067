//! How the exchange itself is heard on a leg, and hears: with which codecs it answers and offers, and what an offer and
//! its answer come to for the media engine.

use std::net::SocketAddr;
use std::time::Duration;

use media::{Codec, Format};
use sdp::{Answer, Audio, Description, Direction, Error, KEYING, Offer, OpusFormat, Order, Origin, Secrecy, Suite};

use crate::media::Voice;

/// The number that we would give Opus; others keep theirs.
const OPUS: u8 = 111;

/// Comfort noise of 8 kHz (RFC 3551 §6).
const NOISE: u8 = 13;

/// Beside 8000: the telephone events of Opus (RFC 4733 §2.1).
const EVENTS: [(u8, u32); 2] = [(101, 8_000), (102, 48_000)];

/// What a packet holds when nobody says otherwise, in ms (RFC 3551 §4.5).
const USUAL_PTIME: u16 = 20;

/// Our answer to an offer: one voice of ours, so that it cannot change under way: the first in this order.
pub(crate) fn answer(
    codecs: &[Codec],
    order: Order,
    offer: &Description,
    secrecy: Secrecy,
    origin: &Origin,
    address: SocketAddr,
) -> Result<Description, Error> {
    let mut ours = named(codecs);
    ours.extend(sdp::Codec::of_static(NOISE));
    let answer = Answer {
        codecs: ours,
        order,
        only_one: true,
        telephone_event: true,
        ptime: None,
        direction: Direction::SendRecv,
        secrecy,
        suites: Suite::USUAL.to_vec(),
    };
    // Whoever sends it sets the leg's own keys in the place of what is made of these.
    answer.to(offer, origin, address, &[0; KEYING]).map(|(description, _)| description)
}

/// Our offer. What is agreed with the other leg stands first and under the same numbers, so that its packets can go
/// through as they are; our other codecs after it. `before` is what we said last on this leg.
pub(crate) fn offer(
    codecs: &[Codec],
    agreed: &[sdp::Codec],
    origin: &Origin,
    address: SocketAddr,
    before: Option<&Description>,
) -> Result<Description, Error> {
    let (events, mut wanted): (Vec<_>, Vec<_>) = agreed.iter().cloned().partition(sdp::Codec::is_event);
    for codec in named(codecs) {
        if !wanted.iter().any(|known| known.is_same(&codec)) {
            wanted.push(codec);
        }
    }
    for (number, clock) in EVENTS {
        let event = events.iter().find(|event| event.clock == clock).cloned();
        let event = event.unwrap_or_else(|| sdp::Codec {
            fmtp: Some("0-15".to_owned()),
            ..sdp::Codec::new(number, "TELEPHONE-EVENT", clock)
        });
        if wanted.iter().any(|codec| codec.is_voice() && codec.clock == clock) {
            wanted.push(event);
        }
    }
    let offer = Offer {
        codecs: wanted,
        telephone_event: false,
        ptime: None,
        direction: Direction::SendRecv,
        secrecy: Secrecy::Off,
        crypto: Vec::new(),
    };
    offer.description(origin, address, before)
}

/// The codecs that both have under our numbers, the one that is spoken first.
pub(crate) fn agreed(ours: &Audio, theirs: &Audio, answer_is_ours: bool) -> Vec<sdp::Codec> {
    let answered = if answer_is_ours { ours } else { theirs };
    let common = answered.codecs.iter().filter(|codec| twin(codec, theirs).is_some());
    common.filter_map(|codec| twin(codec, ours).cloned()).collect()
}

/// What ours and theirs come to. The first voice of the answer is spoken (RFC 3264 §7); `None` where that is no codec of
/// ours, or there is none that both have.
pub(crate) fn between(ours: &Audio, theirs: &Audio, answer_is_ours: bool) -> Option<Voice> {
    let answered = if answer_is_ours { ours } else { theirs };
    let voice = answered.voices().find(|codec| twin(codec, ours).is_some() && twin(codec, theirs).is_some())?;
    let codec = of(voice)?;
    let send = twin(voice, theirs)?.payload;
    // RFC 3264 §6.1, §7: what they did not take of our offer will not come.
    let common = ours.codecs.iter().filter(|codec| twin(codec, theirs).is_some());
    let formats: Vec<_> = common.filter_map(|codec| Some((codec.payload, format_of(codec)?))).collect();
    let strays = strays(&formats, theirs);
    let mut events = theirs.events().filter(|event| twin(event, ours).is_some());
    let first = events.next();
    // RFC 4733 §2.1: of the clock of the voice; some phones know those of 8000 alone, beside any codec.
    let fitting = first.into_iter().chain(events).find(|event| event.clock == codec.clock());
    let events = fitting.or(first).map(|event| (event.payload, event.clock));
    let noise = theirs.codecs.iter().find(|other| other.is_comfort_noise() && twin(other, ours).is_some());
    // Of the clock of the voice, and not for codecs that have noise of their own (RFC 3389 §1).
    let noise = noise.filter(|noise| noise.clock == codec.clock()).map(|noise| noise.payload);
    Some(Voice {
        codec,
        send,
        formats,
        strays,
        ptime: ptime(theirs),
        comes: ptime(ours),
        events,
        informed: false,
        noise,
    })
}

/// How much sound a packet to whom this describes should hold.
fn ptime(audio: &Audio) -> Duration {
    let ptime = audio.ptime.unwrap_or(USUAL_PTIME).min(audio.maxptime.unwrap_or(u16::MAX));
    Duration::from_millis(u64::from(ptime))
}

/// Voices of our codecs that may come though they were not agreed on: under the numbers that the far end itself has for
/// them, and under those that need no name (RFC 3551 §6).
fn strays(agreed: &[(u8, Format)], theirs: &Audio) -> Vec<(u8, Format)> {
    let named = theirs.voices().filter_map(|codec| Some((codec.payload, of(codec)?)));
    let fixed = Codec::ALL.into_iter().filter_map(|codec| Some((codec.payload_type()?, codec)));
    let mut strays: Vec<(u8, Format)> = Vec::new();
    for (number, codec) in named.chain(fixed) {
        if !agreed.iter().chain(&strays).any(|(known, _)| *known == number) {
            strays.push((number, Format::Sound(codec)));
        }
    }
    strays
}

/// The same codec as the other has it, under its number.
fn twin<'a>(codec: &sdp::Codec, audio: &'a Audio) -> Option<&'a sdp::Codec> {
    audio.codecs.iter().find(|other| other.is_same(codec))
}

/// Our codecs as descriptions name them.
pub(crate) fn named(codecs: &[Codec]) -> Vec<sdp::Codec> {
    let name = |codec: &Codec| match codec.payload_type() {
        Some(number) => sdp::Codec::new(number, codec.name(), codec.clock()),
        None => OpusFormat { fec: true, ..OpusFormat::default() }.codec(OPUS),
    };
    codecs.iter().map(name).collect()
}

fn of(codec: &sdp::Codec) -> Option<Codec> {
    Codec::named(&codec.name).filter(|known| known.clock() == codec.clock)
}

fn format_of(codec: &sdp::Codec) -> Option<Format> {
    if codec.is_event() {
        Some(Format::Event)
    } else if codec.is_comfort_noise() {
        Some(Format::Noise)
    } else {
        of(codec).map(Format::Sound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_millis(20);
    const ORIGIN: Origin = Origin { id: 7, version: 1 };

    fn address() -> SocketAddr {
        "192.0.2.9:20000".parse().expect("an address")
    }

    fn theirs(formats: &str, maps: &[&str]) -> Description {
        let maps: String = maps.iter().map(|map| format!("a=rtpmap:{map}\r\n")).collect();
        let text = format!(
            "v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP {formats}\r\n{maps}"
        );
        Description::parse(text.as_bytes()).expect("a description")
    }

    fn audio(description: &Description) -> Audio {
        description.audio().cloned().expect("audio")
    }

    #[test]
    fn the_answer_has_one_voice_and_the_events_that_go_with_it() {
        let offer = theirs(
            "97 96 0 100 101 13",
            &["97 iLBC/8000", "96 opus/48000/2", "100 telephone-event/48000", "101 telephone-event/8000"],
        );
        let ours = answer(&Codec::ALL, Order::Theirs, &offer, Secrecy::Off, &ORIGIN, address()).expect("an answer");
        let voice = between(&audio(&ours), &audio(&offer), true).expect("a voice");
        assert_eq!((voice.codec, voice.send, voice.events), (Codec::Opus, 96, Some((100, 48_000))));
        assert_eq!(voice.formats, [(96, Format::Sound(Codec::Opus)), (100, Format::Event)]);
        // It may go to what it offered, or to what everybody knows.
        let others = [(0, Codec::Pcmu), (8, Codec::Pcma), (9, Codec::G722)];
        assert_eq!(voice.strays, others.map(|(number, codec)| (number, Format::Sound(codec))));
        assert_eq!((voice.ptime, voice.comes, voice.noise), (FRAME, FRAME, None), "Opus has noise of its own");
        let only_noise = theirs("97 13", &["97 iLBC/8000"]);
        assert_eq!(
            answer(&Codec::ALL, Order::Theirs, &only_noise, Secrecy::Off, &ORIGIN, address()),
            Err(Error::NoCodec)
        );
    }

    #[test]
    fn the_offer_to_a_callee_begins_with_what_the_caller_speaks_under_its_numbers() {
        let caller = theirs("8 13 97", &["97 telephone-event/8000"]);
        let said = answer(&Codec::ALL, Order::Theirs, &caller, Secrecy::Off, &ORIGIN, address()).expect("an answer");
        let known = agreed(&audio(&said), &audio(&caller), true);
        let ours = offer(&Codec::ALL, &known, &ORIGIN, address(), None).expect("an offer");
        let numbers: Vec<_> =
            audio(&ours).codecs.iter().map(|codec| (codec.payload, codec.name.clone(), codec.clock)).collect();
        let expected = [
            (8, "PCMA", 8_000),
            (13, "CN", 8_000),
            (0, "PCMU", 8_000),
            (9, "G722", 8_000),
            (111, "OPUS", 48_000),
            (97, "TELEPHONE-EVENT", 8_000),
            (102, "TELEPHONE-EVENT", 48_000),
        ];
        assert_eq!(numbers, expected.map(|(number, name, clock)| (number, name.to_owned(), clock)));
        // The callee takes another: that is spoken to it.
        let callee = theirs("9 97", &["97 telephone-event/8000"]);
        let voice = between(&audio(&ours), &audio(&callee), false).expect("a voice");
        assert_eq!((voice.codec, voice.send, voice.events), (Codec::G722, 9, Some((97, 8_000))));
        assert_eq!(
            voice.formats,
            [(9, Format::Sound(Codec::G722)), (97, Format::Event)],
            "what it did not take is not there"
        );
    }

    #[test]
    fn of_an_offer_of_ours_what_was_taken_is_offered_on() {
        let (ours, theirs) = (theirs("111 9 0 8", &["111 opus/48000/2"]), theirs("8 0 18", &[]));
        let numbers: Vec<_> = agreed(&audio(&ours), &audio(&theirs), false).iter().map(|codec| codec.payload).collect();
        assert_eq!(numbers, [8, 0]);
    }

    #[test]
    fn how_long_packets_are_is_asked_of_each_side_and_noise_is_for_who_agreed_on_it() {
        let said = |lines: &str| {
            let text = format!(
                "v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
                 m=audio 4000 RTP/AVP 0 13\r\n{lines}"
            );
            audio(&Description::parse(text.as_bytes()).expect("a description"))
        };
        let (ours, far) = (said("a=ptime:40\r\n"), said("a=ptime:60\r\na=maxptime:30\r\n"));
        let voice = between(&ours, &far, true).expect("a voice");
        let ms = Duration::from_millis;
        assert_eq!((voice.ptime, voice.comes, voice.noise), (ms(30), ms(40), Some(13)));
        assert_eq!(between(&audio(&theirs("0", &[])), &far, true).expect("a voice").noise, None, "we did not say it");
    }

    #[test]
    fn a_codec_that_is_not_ours_is_no_voice() {
        let (one, other) = (theirs("18 0", &[]), theirs("18", &[]));
        assert_eq!(between(&audio(&one), &audio(&other), false), None);
        assert_eq!(between(&audio(&other), &audio(&theirs("0", &[])), true), None);
    }

    #[test]
    fn the_answerer_says_what_is_spoken() {
        let (one, other) = (theirs("0 8", &[]), theirs("8 0", &[]));
        let voice = |answer_is_ours| between(&audio(&one), &audio(&other), answer_is_ours).map(|voice| voice.codec);
        assert_eq!((voice(true), voice(false)), (Some(Codec::Pcmu), Some(Codec::Pcma)));
    }
}
