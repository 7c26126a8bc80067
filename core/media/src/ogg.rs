//! Ogg pages (RFC 3533): read from what may be damaged, and written one by one.

/// A page's header without its segment table (§6).
const HEADER: usize = 27;
/// What every page begins with.
const CAPTURE: &[u8; 4] = b"OggS";
/// The first packet of the page began on an earlier one.
pub(crate) const CONTINUED: u8 = 1;
/// The first page of a stream.
pub(crate) const FIRST: u8 = 2;
/// The last page of a stream.
pub(crate) const LAST: u8 = 4;
/// What one page can hold in its segment table.
pub(crate) const MAX_SEGMENTS: usize = 255;

/// A page as it lies in the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page<'a> {
    pub(crate) flags: u8,
    /// Of the codec's clock; −1 when no packet ends on the page.
    pub(crate) granule: i64,
    pub(crate) serial: u32,
    pub(crate) sequence: u32,
    pub(crate) segments: &'a [u8],
    pub(crate) body: &'a [u8],
}

/// What lies next in a file.
#[derive(Debug)]
pub(crate) enum Found<'a> {
    /// A whole page with the right checksum.
    Page(Page<'a>),
    /// Bytes that are no page; all up to the next one are passed over.
    Junk,
    /// A page that the file ends in.
    Cut,
}

/// Walks over the pages of a file, past whatever lies between them.
#[derive(Debug, Clone)]
pub(crate) struct Pages<'a> {
    rest: &'a [u8],
}

impl<'a> Pages<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// How many bytes are left behind what was given.
    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    /// The page that the rest begins with and its size, if it is one.
    fn here(&self) -> Option<(Page<'a>, usize)> {
        let header = self.rest.get(..HEADER)?;
        // §6 field 2: there is only version 0.
        if !header.starts_with(CAPTURE) || header.get(4) != Some(&0) {
            return None;
        }
        let count = usize::from(*header.get(26)?);
        let segments = self.rest.get(HEADER..HEADER + count)?;
        let size = segments.iter().map(|segment| usize::from(*segment)).sum::<usize>();
        let begin = HEADER + count;
        let body = self.rest.get(begin..begin + size)?;
        let word = |at: usize| header.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
        let mut sum = Checksum::default();
        sum.add(header.get(..22)?);
        // §6 field 7: counted with the checksum's own field at zero.
        sum.add(&[0; 4]);
        sum.add(header.get(26..)?);
        sum.add(segments);
        sum.add(body);
        (word(22)? == sum.0).then_some(())?;
        let granule = header.get(6..14).and_then(|bytes| bytes.try_into().ok()).map(i64::from_le_bytes)?;
        let page = Page { flags: *header.get(5)?, granule, serial: word(14)?, sequence: word(18)?, segments, body };
        Some((page, begin + size))
    }
}

impl<'a> Iterator for Pages<'a> {
    type Item = Found<'a>;

    fn next(&mut self) -> Option<Found<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        if let Some((page, size)) = self.here() {
            self.rest = self.rest.get(size..).unwrap_or_default();
            return Some(Found::Page(page));
        }
        // §3: the capture pattern is what one finds the next page by. Each step goes on by a byte at least.
        let began = self.rest.starts_with(CAPTURE);
        let next = self.rest.windows(4).skip(1).position(|window| window == CAPTURE);
        self.rest = next.and_then(|at| self.rest.get(at + 1..)).unwrap_or_default();
        let found = if began && self.rest.is_empty() { Found::Cut } else { Found::Junk };
        Some(found)
    }
}

/// Puts the packets of one stream together again (§5).
#[derive(Debug, Default)]
pub(crate) struct Packets {
    part: Vec<u8>,
    /// Whether `part` holds the beginning of a packet that goes on.
    open: bool,
    sequence: Option<u32>,
    /// How often pages or parts of packets were missing.
    pub(crate) gaps: u32,
}

impl Packets {
    /// Hands each packet that ends on this page to `take`, with whether it is the last one there.
    pub(crate) fn read(&mut self, page: &Page<'_>, mut take: impl FnMut(&[u8], bool)) {
        let expected = self.sequence.map(|sequence| sequence.wrapping_add(1));
        let missing = expected.is_some_and(|expected| expected != page.sequence);
        let continued = page.flags & CONTINUED != 0;
        self.sequence = Some(page.sequence);
        // A beginning without its end, or an end without its beginning, cannot be decoded.
        if missing || self.open != continued {
            self.gaps = self.gaps.saturating_add(1);
        }
        let mut broken = continued && (missing || !self.open);
        if broken || !continued {
            self.part.clear();
        }
        let last = page.segments.iter().rposition(|segment| *segment < 255);
        let mut body = page.body;
        for (index, segment) in page.segments.iter().enumerate() {
            let (piece, rest) = body.split_at_checked(usize::from(*segment)).unwrap_or((body, &[]));
            body = rest;
            if !broken {
                self.part.extend_from_slice(piece);
            }
            if *segment < 255 {
                if !broken {
                    take(&self.part, Some(index) == last);
                }
                self.part.clear();
                broken = false;
            }
        }
        self.open = page.segments.last() == Some(&255) && !broken;
    }
}

/// Writes the segment table's entries for a packet of this size (§5): as many 255 as fit, and the rest, even when it
/// is 0.
pub(crate) fn lace(size: usize, segments: &mut Vec<u8>) {
    segments.extend(std::iter::repeat_n(255, size / 255));
    segments.push(u8::try_from(size % 255).unwrap_or(0));
}

/// Appends one page to `out`. At most [`MAX_SEGMENTS`] segments are written.
pub(crate) fn write(page: &Page<'_>, out: &mut Vec<u8>) {
    let begin = out.len();
    let segments = page.segments.get(..MAX_SEGMENTS).unwrap_or(page.segments);
    out.extend_from_slice(CAPTURE);
    out.extend_from_slice(&[0, page.flags]);
    out.extend_from_slice(&page.granule.to_le_bytes());
    out.extend_from_slice(&page.serial.to_le_bytes());
    out.extend_from_slice(&page.sequence.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.push(u8::try_from(segments.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(segments);
    out.extend_from_slice(page.body);
    let mut sum = Checksum::default();
    sum.add(out.get(begin..).unwrap_or_default());
    if let Some(field) = out.get_mut(begin + 22..begin + 26) {
        field.copy_from_slice(&sum.0.to_le_bytes());
    }
}

/// CRC-32 with polynomial 0x04c11db7, from 0, neither reflected nor inverted (§6 field 7).
#[derive(Debug, Default)]
struct Checksum(u32);

impl Checksum {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let [top, ..] = self.0.to_be_bytes();
            self.0 = (self.0 << 8) ^ TABLE[usize::from(top ^ byte)];
        }
    }
}

const TABLE: [u32; 256] = {
    let mut table = [0_u32; 256];
    let mut index = 0;
    while index < 256 {
        let mut value = (index as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 0x8000_0000 == 0 { value << 1 } else { (value << 1) ^ 0x04c1_1db7 };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    fn page(sequence: u32, flags: u8, packets: &[&[u8]]) -> Vec<u8> {
        let (mut segments, mut out) = (Vec::new(), Vec::new());
        packets.iter().for_each(|packet| lace(packet.len(), &mut segments));
        let body = packets.concat();
        let page = Page { flags, granule: 7, serial: 5, sequence, segments: &segments, body: &body };
        write(&page, &mut out);
        out
    }

    fn read(bytes: &[u8]) -> (Vec<Vec<u8>>, u32, u32) {
        let (mut packets, mut all, mut junk) = (Packets::default(), Vec::new(), 0);
        for found in Pages::new(bytes) {
            match found {
                Found::Page(page) => packets.read(&page, |packet, _| all.push(packet.to_vec())),
                Found::Junk | Found::Cut => junk += 1,
            }
        }
        (all, packets.gaps, junk)
    }

    #[test]
    fn what_is_written_is_read_again() {
        let long = vec![3_u8; 510];
        let file = [page(0, FIRST, &[b"one", b""]), page(1, 0, &[&long, b"two"])].concat();
        assert_eq!(read(&file), (vec![b"one".to_vec(), Vec::new(), long, b"two".to_vec()], 0, 0));
    }

    #[test]
    fn a_broken_page_is_passed_over_and_the_next_one_found() {
        let mut file = [page(0, 0, &[b"one"]), page(1, 0, &[b"two"]), page(2, 0, &[b"three"])].concat();
        let middle = page(0, 0, &[b"one"]).len() + 30;
        file[middle] ^= 1;
        assert_eq!(read(&file), (vec![b"one".to_vec(), b"three".to_vec()], 1, 1));
    }

    #[test]
    fn a_packet_over_two_pages_is_one_and_half_a_packet_is_none() {
        let mut first = Vec::new();
        let body = [9_u8; 255];
        write(&Page { flags: 0, granule: -1, serial: 5, sequence: 0, segments: &[255], body: &body }, &mut first);
        let second = page(1, CONTINUED, &[b"end", b"next"]);
        let whole = [first, second.clone()].concat();
        assert_eq!(read(&whole).0, [[&body[..], b"end"].concat(), b"next".to_vec()]);
        assert_eq!(read(&second).0, [b"next".to_vec()]);
    }
}
