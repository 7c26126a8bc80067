//! Digits and letters, which all languages spell alike.

use super::Piece;

/// Signs that have a name of their own.
const SIGNS: &[(char, &str)] = &[
    ('*', "letters/asterisk"),
    ('@', "letters/at"),
    ('-', "letters/dash"),
    ('$', "letters/dollar"),
    ('.', "letters/dot"),
    ('=', "letters/equals"),
    // So it is spelled in the set.
    ('!', "letters/exclaimation-point"),
    ('+', "letters/plus"),
    ('/', "letters/slash"),
    (' ', "letters/space"),
    ('#', "digits/pound"),
];

/// Signs that are named by their number.
const NUMBERED: &str = "\"%&'(),:;<>?[\\]^_`{|}~";

/// Letters of European languages by what they are spelled with where they have no piece.
const FOLDED: &[(&str, char)] = &[
    ("àáâãåā", 'a'),
    ("çćč", 'c'),
    ("ďđð", 'd'),
    ("èéêëēęě", 'e'),
    ("ğģ", 'g'),
    ("ìíîïīı", 'i'),
    ("łļ", 'l'),
    ("ñńňņ", 'n'),
    ("òóôõøō", 'o'),
    ("řŕ", 'r'),
    ("śšş", 's'),
    ("ťţ", 't'),
    ("ùúûūůű", 'u'),
    ("ýÿ", 'y'),
    ("źżž", 'z'),
];

/// Letters that have pieces where the language has them.
const OWN: &[(char, &str, &str)] = &[
    ('ä', "letters/ae", "letters/a"),
    ('æ', "letters/ae", "letters/a"),
    ('ö', "letters/oe", "letters/o"),
    ('œ', "letters/oe", "letters/o"),
    ('ü', "letters/ue", "letters/u"),
    ('ß', "letters/ss", "letters/s"),
];

/// What will do where a piece is missing.
pub(super) fn instead(piece: &str) -> Option<&'static str> {
    if piece == "phonetic/9_p" {
        return Some("digits/9");
    }
    OWN.iter().find(|(_, own, _)| *own == piece).map(|(_, _, plain)| *plain)
}

/// What is dialled; anything else is punctuation.
pub(super) fn digits(text: &str, out: &mut Vec<Piece>) {
    for sign in text.chars() {
        match sign {
            '0'..='9' => out.push(format!("digits/{sign}").into()),
            '*' => out.push("digits/star".into()),
            '#' => out.push("digits/pound".into()),
            '+' => out.push("letters/plus".into()),
            'a'..='d' | 'A'..='D' => out.push(format!("letters/{}", sign.to_ascii_lowercase()).into()),
            _ => {}
        }
    }
}

pub(super) fn letters(text: &str, out: &mut Vec<Piece>) {
    out.extend(text.chars().filter_map(letter));
}

/// The piece of one sign; none for what has no name.
fn letter(sign: char) -> Option<Piece> {
    let sign = sign.to_lowercase().next().unwrap_or(sign);
    if sign.is_ascii_digit() {
        return Some(format!("digits/{sign}").into());
    }
    if let Some(plain) = plain(sign) {
        return Some(format!("letters/{plain}").into());
    }
    if let Some((_, piece, _)) = OWN.iter().find(|(own, ..)| *own == sign) {
        return Some((*piece).into());
    }
    if NUMBERED.contains(sign) {
        return Some(format!("letters/ascii{}", u32::from(sign)).into());
    }
    SIGNS.iter().find(|(known, _)| *known == sign).map(|(_, piece)| (*piece).into())
}

fn plain(sign: char) -> Option<char> {
    if sign.is_ascii_lowercase() {
        return Some(sign);
    }
    FOLDED.iter().find(|(folded, _)| folded.contains(sign)).map(|(_, plain)| *plain)
}

pub(super) fn phonetic(text: &str, out: &mut Vec<Piece>) {
    for sign in text.chars() {
        let lower = sign.to_lowercase().next().unwrap_or(sign);
        let own = OWN.iter().find(|(own, ..)| *own == lower).and_then(|(.., base)| base.chars().last());
        match plain(lower).or(own) {
            Some(plain) => out.push(format!("phonetic/{plain}_p").into()),
            // Nine is said "niner", so that it is not taken for five.
            None if lower == '9' => out.push("phonetic/9_p".into()),
            None => out.extend(letter(lower)),
        }
    }
}
