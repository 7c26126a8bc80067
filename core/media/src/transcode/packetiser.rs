//! RTP headers of one stream that we send (RFC 3550 §5.1).

/// Numbers, times and marks the packets of one stream.
#[derive(Debug, Clone)]
pub struct Packetiser {
    payload_type: u8,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    marker: bool,
}

impl Packetiser {
    /// A stream. SSRC, first sequence number and first timestamp are to be random (RFC 3550 §5.1, §8.1).
    #[must_use]
    pub const fn new(payload_type: u8, ssrc: u32, sequence: u16, timestamp: u32) -> Self {
        Self { payload_type: payload_type & 0x7f, ssrc, sequence, timestamp, marker: true }
    }

    /// The payload type of sound.
    #[must_use]
    pub const fn payload_type(&self) -> u8 {
        self.payload_type
    }

    /// Whose stream it is.
    #[must_use]
    pub const fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// The sequence number of the next packet.
    #[must_use]
    pub const fn sequence(&self) -> u16 {
        self.sequence
    }

    /// The timestamp of the next sound.
    #[must_use]
    pub const fn timestamp(&self) -> u32 {
        self.timestamp
    }

    /// Writes a packet of sound into `packet`, replacing what is there; the next one is `ticks` later. The first after a
    /// silence is marked (RFC 3551 §4.1).
    pub fn write(&mut self, payload: &[u8], ticks: u32, packet: &mut Vec<u8>) {
        let marker = std::mem::take(&mut self.marker);
        self.write_as(self.payload_type, self.timestamp, marker, payload, packet);
        self.timestamp = self.timestamp.wrapping_add(ticks);
    }

    /// Writes a packet that is no sound: its own type, mark and timestamp, the next sequence number of the stream. For
    /// telephone events (RFC 4733 §2.5.1) and comfort noise (RFC 3389 §4).
    pub fn write_as(&mut self, payload_type: u8, timestamp: u32, marker: bool, payload: &[u8], packet: &mut Vec<u8>) {
        packet.clear();
        // Version 2, no padding, no extension, no contributing source.
        packet.extend_from_slice(&[0x80, (payload_type & 0x7f) | (u8::from(marker) << 7)]);
        packet.extend_from_slice(&self.sequence.to_be_bytes());
        packet.extend_from_slice(&timestamp.to_be_bytes());
        packet.extend_from_slice(&self.ssrc.to_be_bytes());
        packet.extend_from_slice(payload);
        self.sequence = self.sequence.wrapping_add(1);
    }

    /// Nothing is said for so many ticks; what comes then is marked.
    pub const fn skip(&mut self, ticks: u32) {
        self.timestamp = self.timestamp.wrapping_add(ticks);
        self.marker = true;
    }
}

#[cfg(test)]
mod tests {
    use rtp_types::RtpPacket;

    use super::*;

    #[test]
    fn packets_are_numbered_timed_and_marked_through_the_wraps() {
        let mut stream = Packetiser::new(9, 0xfeed, u16::MAX, u32::MAX - 159);
        let mut seen = Vec::new();
        let mut packet = Vec::new();
        for number in 0..4 {
            if number == 2 {
                stream.skip(800);
            }
            stream.write(&[number; 160], 160, &mut packet);
            let parsed = RtpPacket::parse(&packet).expect("RTP");
            assert_eq!((parsed.ssrc(), parsed.payload_type(), parsed.payload()), (0xfeed, 9, &[number; 160][..]));
            seen.push((parsed.sequence_number(), parsed.timestamp(), parsed.marker_bit()));
        }
        assert_eq!(seen, [(u16::MAX, u32::MAX - 159, true), (0, 0, false), (1, 960, true), (2, 1_120, false)]);
        stream.write_as(101, 960, true, &[5, 0, 0, 0], &mut packet);
        let event = RtpPacket::parse(&packet).expect("RTP");
        assert_eq!((event.sequence_number(), event.timestamp(), event.payload_type()), (3, 960, 101));
        assert_eq!((stream.sequence(), stream.timestamp()), (4, 1_280));
    }
}
