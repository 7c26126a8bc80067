//! How what one port hears gets to another: as it is, packet for packet with another number or law, or through sound.
//!
//! | the two | the way |
//! |---|---|
//! | speak the same, or the two laws of G.711 | packet for packet |
//! | speak different codecs | through sound |
//! | have packets of different lengths (`ptime`) | through sound |
//! | tell keys in different forms: one as events (RFC 4733), one in its sound | through sound |
//!
//! Comfort noise goes to who did not agree on it as well: there it is nothing (RFC 3550 §5.1), and the packets that follow
//! it are the next in number.

use media::{Crossing, Format};
use rtp_types::RtpPacketMut;
use switch::Voice;

use super::mouth::packet_time;

/// From one port to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// Packet for packet; what these rules do not name stays as it is.
    Direct(Box<[Rule]>),
    /// Decoded and encoded.
    Across,
}

/// What is done to a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    Sound(Crossing),
    /// Telephone events.
    Event(Renumbering),
}

/// A telephone event under the number and the clock of another port (RFC 4733 §2.5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Renumbering {
    from: (u8, u32),
    to: (u8, u32),
}

impl Way {
    /// `None` where the packets of one are what the other takes: a plain relay. `events` are the payload types of keys that
    /// may come, with their clocks in Hz.
    pub(super) fn between(from: &Voice, events: &[(u8, u32)], to: &Voice) -> Option<Self> {
        let direct = Crossing::between((from.codec, from.send), (to.codec, to.send)).is_some();
        // What would come is told in the same way: a wish for packets that there are not is none.
        let alike = packet_time(from.codec, from.comes) == packet_time(to.codec, to.ptime);
        if !direct || !alike || events.is_empty() != to.events.is_none() {
            return Some(Self::Across);
        }
        let sound = from.formats.iter().filter_map(|(number, format)| sound(*number, *format, to));
        let keys = events.iter().filter_map(|event| keys(*event, to.events?));
        let rules: Box<[Rule]> = sound.chain(keys).collect();
        (!rules.is_empty()).then_some(Self::Direct(rules))
    }

    /// Does to a packet what is to be done on its way.
    pub(super) fn apply(rules: &[Rule], packet: &mut [u8]) {
        let Some(second) = packet.get(1).copied() else { return };
        for rule in rules {
            match rule {
                Rule::Sound(crossing) => {
                    if crossing.rewrite(packet) {
                        return;
                    }
                }
                Rule::Event(event) => {
                    if second & 0x7f == event.from.0 {
                        return event.rewrite(packet);
                    }
                }
            }
        }
    }
}

impl Renumbering {
    fn rewrite(&self, packet: &mut [u8]) {
        let Ok(mut packet) = RtpPacketMut::parse(packet) else { return };
        if packet.set_payload_type(self.to.0).is_err() || self.from.1 == self.to.1 {
            return;
        }
        if let Some([high, low]) = packet.payload_mut().get_mut(2..4) {
            let ticks = u64::from(u16::from_be_bytes([*high, *low])) * u64::from(self.to.1);
            let ticks = u16::try_from(ticks / u64::from(self.from.1.max(1))).unwrap_or(u16::MAX);
            [*high, *low] = ticks.to_be_bytes();
        }
    }
}

fn keys(from: (u8, u32), to: (u8, u32)) -> Option<Rule> {
    (from != to).then_some(Rule::Event(Renumbering { from, to }))
}

fn sound(number: u8, format: Format, to: &Voice) -> Option<Rule> {
    match format {
        Format::Event | Format::Noise => None,
        // What the other end may say under this number it also takes under it.
        Format::Sound(codec) if codec != to.codec && to.formats.contains(&(number, format)) => None,
        Format::Sound(codec) => {
            let same = (codec, number) == (to.codec, to.send);
            Crossing::between((codec, number), (to.codec, to.send)).filter(|_| !same).map(Rule::Sound)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use media::Codec;

    use super::*;

    fn voice(codec: Codec, send: u8, event: u8) -> Voice {
        Voice {
            codec,
            send,
            formats: vec![(send, Format::Sound(codec)), (event, Format::Event)],
            strays: Vec::new(),
            ptime: Duration::from_millis(20),
            comes: Duration::from_millis(20),
            events: Some((event, 8_000)),
            informed: false,
            noise: None,
        }
    }

    fn between(from: &Voice, to: &Voice) -> Option<Way> {
        Way::between(from, from.events.as_slice(), to)
    }

    #[test]
    fn like_ends_are_relayed_as_they_are() {
        let one = voice(Codec::Pcmu, 0, 101);
        assert_eq!(between(&one, &one), None);
        assert_eq!(between(&one, &voice(Codec::G722, 9, 101)), Some(Way::Across));
    }

    #[test]
    fn other_numbers_and_the_other_law_are_rewritten_packet_for_packet() {
        let (one, other) = (voice(Codec::Opus, 111, 101), voice(Codec::Opus, 96, 110));
        let Some(Way::Direct(rules)) = between(&one, &other) else { panic!("a direct way") };
        let mut packet = [0x80, 0x80 | 111, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 1, 2];
        Way::apply(&rules, &mut packet);
        assert_eq!(packet[1], 0x80 | 96);
        packet[1] = 101;
        Way::apply(&rules, &mut packet);
        assert_eq!(packet[1], 110);
        let Some(Way::Direct(rules)) = between(&voice(Codec::Pcmu, 0, 101), &voice(Codec::Pcma, 8, 101)) else {
            panic!("a direct way");
        };
        let mut packet = [0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0xff];
        Way::apply(&rules, &mut packet);
        assert_eq!((packet[1], packet[12]), (8, 0xd5), "silence of either law");
    }

    #[test]
    fn who_wants_other_packets_or_keys_in_another_form_is_reached_through_sound() {
        let one = voice(Codec::Pcmu, 0, 101);
        let longer = Voice { ptime: Duration::from_millis(40), ..one.clone() };
        assert_eq!((between(&one, &longer), between(&longer, &one)), (Some(Way::Across), None), "each way for itself");
        let without = Voice { events: None, ..one.clone() };
        assert_eq!((between(&one, &without), between(&without, &one)), (Some(Way::Across), Some(Way::Across)));
        assert_eq!(between(&without, &without), None);
    }

    #[test]
    fn an_event_of_another_clock_lasts_as_long() {
        let (one, mut other) = (voice(Codec::Opus, 111, 101), voice(Codec::Opus, 111, 101));
        other.events = Some((101, 48_000));
        let Some(Way::Direct(rules)) = between(&one, &other) else { panic!("a direct way") };
        let mut packet = [0x80, 101, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 5, 0x8a, 0x03, 0x20];
        Way::apply(&rules, &mut packet);
        assert_eq!((packet[1], &packet[12..]), (101, &[5, 0x8a, 0x12, 0xc0][..]), "800 ticks become 4,800");
        let mut short = [0x80, 101, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 5];
        Way::apply(&rules, &mut short);
        assert_eq!(short[12], 5);
    }
}
