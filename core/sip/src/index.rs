//! The index of a message: where its header rows stand, and which names are among them.

use crate::error::Error;
use crate::lex;
use crate::limits::Limits;
use crate::name::Name;

/// The header rows, and which names are among them.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    rows: Vec<Place>,
    /// Where the first row of a name stands, or [`FAR`] when it is at that place or behind it.
    first: [u8; Name::COUNT],
    /// A bit for each name that has a row, and for each that has several.
    seen: u64,
    again: u64,
}

const FAR: u8 = u8::MAX;

fn bit(name: Name) -> u64 {
    1 << (name as u8)
}

impl Index {
    fn push(&mut self, row: Place) {
        let bit = bit(row.name);
        if self.seen & bit == 0 {
            self.seen |= bit;
            if let Some(first) = self.first.get_mut(row.name as usize) {
                *first = u8::try_from(self.rows.len()).unwrap_or(FAR);
            }
        } else {
            self.again |= bit;
        }
        self.rows.push(row);
    }

    /// The part of the list where all rows of a name stand: that row alone, where there is one.
    fn range(&self, name: Name) -> &[Place] {
        if self.seen & bit(name) == 0 {
            return &[];
        }
        let first = self.first.get(name as usize).copied().unwrap_or(FAR);
        let tail = self.rows.get(usize::from(first)..).unwrap_or_default();
        if self.again & bit(name) == 0 && first != FAR { tail.get(..1).unwrap_or_default() } else { tail }
    }

    /// All rows in order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Place> {
        self.rows.iter()
    }

    /// A row of that name is there.
    pub(crate) fn has(&self, name: Name) -> bool {
        self.seen & bit(name) != 0
    }

    /// The first of these names that stands in more than one row.
    pub(crate) fn repeated(&self, names: &[Name]) -> Option<Name> {
        match self.again {
            0 => None,
            again => names.iter().copied().find(|name| again & bit(*name) != 0),
        }
    }

    /// All rows of a name.
    pub(crate) fn of(&self, name: Name) -> impl Iterator<Item = &Place> + Clone {
        self.range(name).iter().filter(move |row| row.name == name)
    }
}

/// Where a header row stands in the head.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) name: Name,
    /// Not folded, and without any other CR, LF or NUL.
    pub(crate) plain: bool,
    pub(crate) start: u32,
    pub(crate) name_end: u32,
    pub(crate) value: u32,
    pub(crate) end: u32,
}

/// Finds the rows, and how many values of Via there are at most. A row that starts with white space goes on with the one
/// before (§7.3.1).
pub(crate) fn index(
    head: &str,
    from: usize,
    limits: &Limits,
    flaw: &mut Option<Error>,
) -> Result<(Index, usize), Error> {
    let mut index = Index { rows: Vec::with_capacity(24), first: [FAR; Name::COUNT], seen: 0, again: 0 };
    let (mut at, mut vias) = (from, 0);
    let bytes = head.as_bytes();
    while at < head.len() {
        // No line ends in a token.
        let name_end = at + lex::token_span(bytes.get(at..).unwrap_or_default());
        let (end, plain) = row_end(bytes, name_end, flaw).ok_or(Error::Truncated)?;
        if end - at > limits.header {
            return Err(Error::HeaderTooLong);
        }
        if index.rows.len() >= limits.headers {
            return Err(Error::TooManyHeaders);
        }
        let row = head.get(at..end).unwrap_or_default();
        if !plain && has_bare_nul(row) {
            flaw.get_or_insert(Error::NotText);
        }
        let colon =
            if bytes.get(name_end) == Some(&b':') { Some(name_end) } else { row.find(':').map(|colon| at + colon) };
        match colon {
            Some(colon) => {
                let mut name = head.get(at..name_end).unwrap_or_default();
                if colon != name_end || name.is_empty() {
                    name = head.get(at..colon).unwrap_or_default().trim_end_matches([' ', '\t']);
                    if name.len() != name_end - at || name.is_empty() {
                        flaw.get_or_insert(Error::Row);
                    }
                }
                let [start, name_end, value, row_end] =
                    [at, at + name.len(), colon + 1, end].map(|at| u32::try_from(at).unwrap_or(u32::MAX));
                let name = Name::parse(name);
                if name == Name::Via {
                    let value = bytes.get(colon + 1..end).unwrap_or_default();
                    vias += 1 + memchr::memchr_iter(b',', value).count();
                }
                index.push(Place { name, plain, start, name_end, value, end: row_end });
            }
            None => {
                flaw.get_or_insert(Error::Row);
            }
        }
        at = end + 2;
    }
    Ok((index, vias))
}

/// Where a row ends with its folds, and whether it has none and no other CR, LF or NUL.
fn row_end(bytes: &[u8], from: usize, flaw: &mut Option<Error>) -> Option<(usize, bool)> {
    let (mut at, mut plain) = (from, true);
    loop {
        at += memchr::memchr3(b'\r', b'\n', 0, bytes.get(at..)?)?;
        match bytes.get(at..)? {
            [b'\r', b'\n', b' ' | b'\t', ..] => at += 2,
            [b'\r', b'\n', ..] => return Some((at, plain)),
            [0, ..] => at += 1,
            _ => {
                // A bare CR or LF: what one parser takes for a line end, another does not.
                flaw.get_or_insert(Error::NotText);
                at += 1;
            }
        }
        plain = false;
    }
}

/// A NUL may stand only as `quoted-pair` in a quoted string (§25.1, RFC 4475 §3.1.1.2).
fn has_bare_nul(row: &str) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    for byte in row.bytes() {
        match byte {
            0 if !escaped => return true,
            b'\\' if quoted && !escaped => {
                escaped = true;
                continue;
            }
            b'"' if !escaped => quoted = !quoted,
            _ => {}
        }
        escaped = false;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_however_far_down_they_stand() {
        let limits = Limits { headers: 1000, ..Limits::default() };
        for above in [0, 1, 254, 255, 256, 600] {
            let mut head = "X-Row: x\r\n".repeat(above);
            head.push_str("Subject: one\r\nv: first, second\r\nX-Row: x\r\nVia: third\r\nTo : last\r\n");
            let mut flaw = None;
            let (index, vias) = index(&head, 0, &limits, &mut flaw).unwrap();
            let values = |name| {
                let of = index.of(name).map(|row| head.get(row.value as usize..row.end as usize).unwrap_or_default());
                of.collect::<Vec<_>>()
            };
            assert_eq!((vias, flaw), (3, None), "{above}");
            assert_eq!(values(Name::Subject), [" one"], "{above}");
            assert_eq!(values(Name::Via), [" first, second", " third"], "{above}");
            assert_eq!(values(Name::To), [" last"], "{above}");
            assert_eq!(values(Name::Other).len(), above + 1);
            assert!(values(Name::From).is_empty() && !index.has(Name::From));
            assert_eq!(index.repeated(&[Name::Subject, Name::To, Name::Via]), Some(Name::Via), "{above}");
            assert_eq!(index.repeated(&[Name::Subject, Name::To]), None, "{above}");
        }
    }
}
