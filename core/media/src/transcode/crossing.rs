//! Packet for packet from one leg to the other, with neither delay nor linear sound between: for one codec under two
//! payload types, and for the two laws of G.711.

use rtp_types::RtpPacketMut;

use crate::codec::{Codec, g711};

/// The way from one leg's codec to the other's. Timestamps, numbers and marks stay: the clocks are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crossing {
    from: u8,
    to: u8,
    change: Change,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    None,
    ToAlaw,
    ToUlaw,
}

impl Crossing {
    /// A way between two codecs, each with its payload type, if there is a direct one. Both legs must use one ptime, or
    /// take what comes.
    #[must_use]
    pub fn between(from: (Codec, u8), to: (Codec, u8)) -> Option<Self> {
        let change = match (from.0, to.0) {
            (Codec::Pcmu, Codec::Pcma) => Change::ToAlaw,
            (Codec::Pcma, Codec::Pcmu) => Change::ToUlaw,
            (one, other) if one == other => Change::None,
            _ => return None,
        };
        (from.1 < 0x80 && to.1 < 0x80).then_some(Self { from: from.1, to: to.1, change })
    }

    /// Rewrites an RTP packet where it lies. One that is no RTP or of another payload type is left as it is: `false`.
    pub fn rewrite(&self, packet: &mut [u8]) -> bool {
        let Ok(mut packet) = RtpPacketMut::parse(packet) else { return false };
        if packet.payload_type() != self.from || packet.set_payload_type(self.to).is_err() {
            return false;
        }
        match self.change {
            Change::None => {}
            Change::ToAlaw => g711::ulaw_to_alaw(packet.payload_mut()),
            Change::ToUlaw => g711::alaw_to_ulaw(packet.payload_mut()),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcode::Packetiser;

    #[test]
    fn between_the_laws_the_payload_changes_and_the_rest_of_the_packet_stays() {
        let crossing = Crossing::between((Codec::Pcmu, 0), (Codec::Pcma, 8)).expect("a way");
        let mut packet = Vec::new();
        let codes: Vec<u8> = (0..160).collect();
        Packetiser::new(0, 7, 8, 9).write(&codes, 160, &mut packet);
        let before = packet.clone();
        assert!(crossing.rewrite(&mut packet));
        assert_eq!((packet[0], packet[1], &packet[2..12]), (before[0], 0x88, &before[2..12]));
        for (alaw, ulaw) in packet[12..].iter().zip(&codes) {
            assert_eq!(*alaw, g711::to_alaw(g711::of_ulaw(*ulaw)));
        }
    }

    #[test]
    fn what_is_not_of_the_codec_is_left_alone() {
        let crossing = Crossing::between((Codec::Opus, 111), (Codec::Opus, 96)).expect("a way");
        let mut packet = Vec::new();
        Packetiser::new(101, 7, 8, 9).write(&[1, 2, 3, 4], 160, &mut packet);
        let before = packet.clone();
        assert!(!crossing.rewrite(&mut packet) && packet == before, "a telephone event");
        assert!(!crossing.rewrite(&mut []) && !crossing.rewrite(&mut [0x80; 11]) && !crossing.rewrite(&mut [0xff; 40]));
        assert_eq!(Crossing::between((Codec::Pcmu, 0), (Codec::G722, 9)), None);
    }
}
