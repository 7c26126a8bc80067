//! How what one port hears gets to another: as it is, packet for packet with another number or law, or through sound.

use media::{Crossing, Format};
use switch::Voice;

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
    /// Telephone events and comfort noise: another payload type.
    Number(u8, u8),
}

impl Way {
    /// `None` where the packets of one are what the other takes: a plain relay.
    pub(super) fn between(from: &Voice, to: &Voice) -> Option<Self> {
        if Crossing::between((from.codec, from.send), (to.codec, to.send)).is_none() {
            return Some(Self::Across);
        }
        let rules: Box<[Rule]> =
            from.formats.iter().filter_map(|(number, format)| rule(*number, *format, to)).collect();
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
                Rule::Number(from, to) => {
                    if second & 0x7f == *from
                        && let Some(byte) = packet.get_mut(1)
                    {
                        *byte = second & 0x80 | to;
                        return;
                    }
                }
            }
        }
    }
}

fn rule(number: u8, format: Format, to: &Voice) -> Option<Rule> {
    match format {
        Format::Event => {
            let (other, _) = to.events?;
            (other != number).then_some(Rule::Number(number, other))
        }
        Format::Noise => None,
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
            ptime: Duration::from_millis(20),
            events: Some((event, 8_000)),
        }
    }

    #[test]
    fn like_ends_are_relayed_as_they_are() {
        let one = voice(Codec::Pcmu, 0, 101);
        assert_eq!(Way::between(&one, &one), None);
        assert_eq!(Way::between(&one, &voice(Codec::G722, 9, 101)), Some(Way::Across));
    }

    #[test]
    fn other_numbers_and_the_other_law_are_rewritten_packet_for_packet() {
        let (one, other) = (voice(Codec::Opus, 111, 101), voice(Codec::Opus, 96, 110));
        let Some(Way::Direct(rules)) = Way::between(&one, &other) else { panic!("a direct way") };
        let mut packet = [0x80, 0x80 | 111, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 1, 2];
        Way::apply(&rules, &mut packet);
        assert_eq!(packet[1], 0x80 | 96);
        packet[1] = 101;
        Way::apply(&rules, &mut packet);
        assert_eq!(packet[1], 110);
        let Some(Way::Direct(rules)) = Way::between(&voice(Codec::Pcmu, 0, 101), &voice(Codec::Pcma, 8, 101)) else {
            panic!("a direct way");
        };
        let mut packet = [0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0xff];
        Way::apply(&rules, &mut packet);
        assert_eq!((packet[1], packet[12]), (8, 0xd5), "silence of either law");
    }
}
