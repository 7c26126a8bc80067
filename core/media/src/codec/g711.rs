//! G.711 by tables: one look per sample in each direction, and from one law to the other without linear sound between.

/// What a µ-law code sounds like, 16 bits.
static OF_ULAW: [i16; 256] = expand_all(true);
/// What an A-law code sounds like, 16 bits.
static OF_ALAW: [i16; 256] = expand_all(false);
/// The µ-law code of every sample, indexed by its bits.
static TO_ULAW: [u8; 65_536] = compress_all(true);
/// The A-law code of every sample, indexed by its bits.
static TO_ALAW: [u8; 65_536] = compress_all(false);
/// The A-law code in whose interval the value of a µ-law code lies.
static ULAW_TO_ALAW: [u8; 256] = cross(true);
/// The µ-law code in whose interval the value of an A-law code lies.
static ALAW_TO_ULAW: [u8; 256] = cross(false);

/// The µ-law code of a sample.
#[must_use]
pub fn to_ulaw(sample: i16) -> u8 {
    TO_ULAW[usize::from(sample.cast_unsigned())]
}

/// The A-law code of a sample.
#[must_use]
pub fn to_alaw(sample: i16) -> u8 {
    TO_ALAW[usize::from(sample.cast_unsigned())]
}

/// The sample of a µ-law code.
#[must_use]
pub fn of_ulaw(code: u8) -> i16 {
    OF_ULAW[usize::from(code)]
}

/// The sample of an A-law code.
#[must_use]
pub fn of_alaw(code: u8) -> i16 {
    OF_ALAW[usize::from(code)]
}

/// Makes A-law of µ-law where it lies (G.711 §3.2 asks for this at a border between the laws).
pub fn ulaw_to_alaw(codes: &mut [u8]) {
    for code in codes {
        *code = ULAW_TO_ALAW[usize::from(*code)];
    }
}

/// Makes µ-law of A-law where it lies.
pub fn alaw_to_ulaw(codes: &mut [u8]) {
    for code in codes {
        *code = ALAW_TO_ULAW[usize::from(*code)];
    }
}

/// G.711 Tables 2a and 2b: 14 bits, a bias of 33, eight segments of sixteen steps, all bits inverted.
const fn compress_ulaw(sample: i16) -> u8 {
    let magnitude = if sample < 0 { !sample } else { sample }.cast_unsigned() >> 2;
    let biased = if magnitude > 0x1fff - 33 { 0x1fff } else { magnitude + 33 };
    // The highest bit is between 5 and 12, as 33 is the least.
    let segment = 10 - biased.leading_zeros();
    let step = (biased >> (segment + 1)) & 0xf;
    let sign = if sample < 0 { 0 } else { 0x80 };
    sign | (!((segment << 4) as u8 | step as u8) & 0x7f)
}

const fn expand_ulaw(code: u8) -> i16 {
    let bits = !code;
    let (segment, step) = ((bits >> 4) & 7, (bits & 0xf) as i16);
    let magnitude = (((2 * step + 33) << segment) - 33) * 4;
    if code & 0x80 == 0 { -magnitude } else { magnitude }
}

/// G.711 Tables 1a and 1b: 13 bits, the first two segments alike, every second bit inverted.
const fn compress_alaw(sample: i16) -> u8 {
    let magnitude = if sample < 0 { !sample } else { sample }.cast_unsigned() >> 4;
    let code = if magnitude < 16 {
        magnitude
    } else {
        let segment = 12 - magnitude.leading_zeros();
        ((segment as u16) << 4) | ((magnitude >> (segment - 1)) & 0xf)
    };
    let sign = if sample < 0 { 0 } else { 0x80 };
    (sign | code as u8) ^ 0x55
}

const fn expand_alaw(code: u8) -> i16 {
    let bits = code ^ 0x55;
    let (segment, step) = ((bits >> 4) & 7, (bits & 0xf) as i16);
    let magnitude = if segment == 0 { (2 * step + 1) << 3 } else { (2 * step + 33) << (segment + 2) };
    if bits & 0x80 == 0 { -magnitude } else { magnitude }
}

const fn compress_all(ulaw: bool) -> [u8; 65_536] {
    let mut table = [0; 65_536];
    let mut bits = 0;
    while bits < table.len() {
        let sample = (bits as u16).cast_signed();
        table[bits] = if ulaw { compress_ulaw(sample) } else { compress_alaw(sample) };
        bits += 1;
    }
    table
}

const fn expand_all(ulaw: bool) -> [i16; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < table.len() {
        table[code] = if ulaw { expand_ulaw(code as u8) } else { expand_alaw(code as u8) };
        code += 1;
    }
    table
}

const fn cross(from_ulaw: bool) -> [u8; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < table.len() {
        table[code] =
            if from_ulaw { compress_alaw(expand_ulaw(code as u8)) } else { compress_ulaw(expand_alaw(code as u8)) };
        code += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The decision values of G.711 Table 2a, positive half: where the interval of segment and step begins, 14 bits.
    fn ulaw_decision(segment: u32, step: i32) -> i32 {
        (((step + 16) << (segment + 1)) - 33).max(0)
    }

    /// Those of Table 1a, 13 bits: steps of 2 in the first two segments, then twice as wide each.
    fn alaw_decision(segment: u32, step: i32) -> i32 {
        if segment == 0 { 2 * step } else { (2 * step + 32) << (segment - 1) }
    }

    #[test]
    fn every_sample_gets_the_ulaw_code_whose_interval_holds_it() {
        for sample in i16::MIN..=i16::MAX {
            let magnitude = i32::from(if sample < 0 { !sample } else { sample }) >> 2;
            let found = (0..8)
                .flat_map(|segment| (0..16).map(move |step| (segment, step)))
                .rfind(|(segment, step)| ulaw_decision(*segment, *step) <= magnitude)
                .expect("the first interval begins at 0");
            let positive = 0xff - u8::try_from(found.0 * 16).expect("a code") - u8::try_from(found.1).expect("a code");
            let expected = if sample < 0 { positive & 0x7f } else { positive };
            assert_eq!(to_ulaw(sample), expected, "{sample}");
        }
    }

    #[test]
    fn every_sample_gets_the_alaw_code_whose_interval_holds_it() {
        for sample in i16::MIN..=i16::MAX {
            let magnitude = i32::from(if sample < 0 { !sample } else { sample }) >> 3;
            let found = (0..8)
                .flat_map(|segment| (0..16).map(move |step| (segment, step)))
                .rfind(|(segment, step)| alaw_decision(*segment, *step) <= magnitude)
                .expect("the first interval begins at 0");
            let even = u8::try_from(found.0 * 16).expect("a code") + u8::try_from(found.1).expect("a code");
            let expected = (even | if sample < 0 { 0 } else { 0x80 }) ^ 0x55;
            assert_eq!(to_alaw(sample), expected, "{sample}");
        }
    }

    #[test]
    fn codes_sound_as_the_tables_of_the_itu_say() {
        // Table 2a, column 8: 0, 2, 4 … 8031 of 8159; Table 1a: 1, 3, 5 … 4032 of 4096.
        assert_eq!([0xff, 0xfe, 0xef, 0x80, 0x00].map(of_ulaw), [0, 8, 132, 32_124, -32_124]);
        assert_eq!([0xd5, 0xd4, 0xc5, 0xaa, 0x2a].map(of_alaw), [8, 24, 264, 32_256, -32_256]);
    }

    #[test]
    fn a_code_is_its_own_after_linear_sound() {
        for code in 0..=u8::MAX {
            // µ-law has two zeros, and linear sound one.
            assert_eq!(to_ulaw(of_ulaw(code)), if code == 0x7f { 0xff } else { code });
            assert_eq!(to_alaw(of_alaw(code)), code);
        }
    }

    #[test]
    fn the_direct_way_between_the_laws_is_the_way_through_linear_sound() {
        let mut codes: Vec<u8> = (0..=u8::MAX).collect();
        ulaw_to_alaw(&mut codes);
        assert!(codes.iter().zip(0..=u8::MAX).all(|(alaw, ulaw)| *alaw == to_alaw(of_ulaw(ulaw))));
        let mut codes: Vec<u8> = (0..=u8::MAX).collect();
        alaw_to_ulaw(&mut codes);
        assert!(codes.iter().zip(0..=u8::MAX).all(|(ulaw, alaw)| *ulaw == to_ulaw(of_alaw(alaw))));
    }
}
