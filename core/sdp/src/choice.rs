//! A description with some of its codecs, in another order: what a party may use, and prefers.

use crate::codec::Codec;
use crate::description::Description;
use crate::line::{codecs_of, is_live_audio};

impl Description {
    /// This description with those voices of its audio that have a place, in the order of their places; telephone events,
    /// comfort noise and the like stay, after them. `None` where no voice is left that was there; what has no audio stays as
    /// it is.
    #[must_use]
    pub fn chosen(self, place: impl Fn(&Codec) -> Option<usize>) -> Option<Self> {
        let Some(media) = self.session.medias.iter().find(|media| is_live_audio(media)) else { return Some(self) };
        let (voices, others): (Vec<_>, Vec<_>) = codecs_of(media).into_iter().partition(Codec::is_voice);
        let mut kept: Vec<(usize, Codec)> =
            voices.into_iter().filter_map(|codec| Some((place(&codec)?, codec))).collect();
        if kept.is_empty() {
            return None;
        }
        kept.sort_by_key(|(place, _)| *place);
        let numbers: Vec<String> =
            kept.iter().map(|(_, codec)| codec).chain(&others).map(|codec| codec.payload.to_string()).collect();
        Some(self.keeping(&numbers))
    }

    /// This description without telephone events (RFC 4733): keys are told in another form.
    #[must_use]
    pub fn without_events(self) -> Self {
        let Some(media) = self.session.medias.iter().find(|media| is_live_audio(media)) else { return self };
        let (events, others): (Vec<_>, Vec<_>) = codecs_of(media).into_iter().partition(Codec::is_event);
        if events.is_empty() || others.is_empty() {
            return self;
        }
        let numbers: Vec<String> = others.iter().map(|codec| codec.payload.to_string()).collect();
        self.keeping(&numbers)
    }

    /// With these payload types in its audio, in this order.
    fn keeping(self, numbers: &[String]) -> Self {
        self.edit_audio(|media| {
            media.fmt = numbers.join(" ");
            // RFC 8866 §6.6, §6.15, RFC 4585 §4.2: what is said of a number goes with it.
            media.attributes.retain(|attribute| {
                let of_a_number =
                    ["rtpmap", "fmtp", "rtcp-fb"].iter().any(|name| attribute.attribute.eq_ignore_ascii_case(name));
                let number = attribute.value.as_deref().and_then(|value| value.split_whitespace().next());
                !of_a_number || number.is_some_and(|number| number == "*" || numbers.iter().any(|kept| kept == number))
            });
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
        m=audio 4000 RTP/AVP 0 96 8 101 13\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\n\
        a=rtcp-fb:96 nack\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\n";

    fn text(description: &Description) -> String {
        String::from_utf8(description.to_bytes()).expect("text")
    }

    #[test]
    fn voices_are_chosen_and_ordered_and_keys_stay() {
        let offer = Description::parse(OFFER.as_bytes()).expect("a description");
        let order = ["PCMA", "PCMU"];
        let chosen = offer.clone().chosen(|codec| order.iter().position(|name| *name == codec.name)).expect("voices");
        let written = text(&chosen);
        assert!(written.contains("m=audio 4000 RTP/AVP 8 0 101 13\r\n"), "{written}");
        assert!(!written.contains(":96") && written.contains("a=fmtp:101 0-15") && written.contains("a=sendrecv"));
        assert_eq!(offer.clone().chosen(|_| None), None);
        let as_it_was = offer.clone().chosen(|_| Some(0)).expect("voices");
        assert!(text(&as_it_was).contains("m=audio 4000 RTP/AVP 0 96 8 101 13\r\n"));
        assert!(text(&as_it_was).contains("a=rtcp-fb:96 nack\r\n"));
    }

    #[test]
    fn what_was_chosen_is_read_and_not_what_was_there_before() {
        let offer = Description::parse(OFFER.as_bytes()).expect("a description");
        assert_eq!(offer.audio().map(|audio| audio.voices().count()), Some(3));
        let chosen = offer.chosen(|codec| (codec.name == "PCMA").then_some(0)).expect("a voice");
        let voices: Vec<_> = chosen.audio().expect("audio").voices().map(|codec| codec.name.clone()).collect();
        assert_eq!(voices, ["PCMA"]);
    }

    #[test]
    fn what_has_no_audio_stays_as_it_is() {
        let refused = OFFER.replace("m=audio 4000", "m=audio 0");
        let refused = Description::parse(refused.as_bytes()).expect("a description");
        assert_eq!(refused.clone().chosen(|_| None), Some(refused));
    }

    #[test]
    fn events_go_and_nothing_else() {
        let offer = Description::parse(OFFER.as_bytes()).expect("an offer");
        let text = String::from_utf8(offer.without_events().to_bytes()).expect("text");
        assert!(!text.contains("101") && !text.contains("telephone-event"), "{text}");
        assert!(text.contains("rtpmap:96"), "{text}");
    }
}
