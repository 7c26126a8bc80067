//! What of a packet stays in the clear: as much as is needed to protect it.

use super::SrtpError;

/// §3.4: the first header and the SSRC of its sender stay in the clear.
pub(super) const RTCP_HEADER: usize = 8;

/// The header of an RTP packet (RFC 3550 §5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) sequence: u16,
    pub(super) ssrc: u32,
    /// Where the payload begins: behind the CSRCs and the extension (§3.1).
    pub(super) length: usize,
}

impl Header {
    pub(super) fn of(packet: &[u8]) -> Result<Self, SrtpError> {
        let [first, _, s0, s1, _, _, _, _, a, b, c, d] = *packet.first_chunk().ok_or(SrtpError::Malformed)?;
        if first >> 6 != 2 {
            return Err(SrtpError::Malformed);
        }
        let mut length = 12 + 4 * usize::from(first & 0x0f);
        if first & 0x10 != 0 {
            // RFC 3550 §5.3.1: a profile's word, then the length in words.
            let extension = packet.get(length..length + 4).ok_or(SrtpError::Malformed)?;
            let [_, _, high, low] = *extension.first_chunk().ok_or(SrtpError::Malformed)?;
            length += 4 + 4 * usize::from(u16::from_be_bytes([high, low]));
        }
        if length > packet.len() {
            return Err(SrtpError::Malformed);
        }
        Ok(Self { sequence: u16::from_be_bytes([s0, s1]), ssrc: u32::from_be_bytes([a, b, c, d]), length })
    }
}

/// The SSRC of the sender of an RTCP packet.
pub(super) fn rtcp_ssrc(packet: &[u8]) -> Result<u32, SrtpError> {
    let [first, _, _, _, ssrc @ ..] = *packet.first_chunk::<RTCP_HEADER>().ok_or(SrtpError::Malformed)?;
    if first >> 6 == 2 { Ok(u32::from_be_bytes(ssrc)) } else { Err(SrtpError::Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payload_begins_behind_sources_and_extension() {
        let mut packet = vec![0x92, 0, 0x12, 0x34, 0, 0, 0, 0, 0xca, 0xfe, 0xba, 0xbe];
        packet.extend([0; 8]);
        packet.extend([0xbe, 0xde, 0, 1, 9, 9, 9, 9, 7]);
        let header = Header::of(&packet).expect("a header");
        assert_eq!(header, Header { sequence: 0x1234, ssrc: 0xcafe_babe, length: 28 });
        for cut in [0, 11, 12, 19, 22, 27] {
            assert_eq!(Header::of(&packet[..cut]), Err(SrtpError::Malformed), "{cut}");
        }
        packet[0] = 0x52;
        assert_eq!(Header::of(&packet), Err(SrtpError::Malformed));
    }
}
