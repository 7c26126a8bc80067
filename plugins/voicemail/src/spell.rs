//! Names on the keys of a telephone (ITU-T E.161): each letter has a key, and a name is found by how it begins.
//!
//! | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 |
//! |---|---|---|---|---|---|---|---|
//! | abc | def | ghi | jkl | mno | pqrs | tuv | wxyz |
//!
//! A letter with a mark is found as the letter without it, and in the ways that people write it where they lack it: `ü` as
//! `u` and as `ue`.

use crate::keeper::Entry;

/// Those whose first or last name begins with these keys, by name.
pub(crate) fn find(entries: Vec<Entry>, keys: &str) -> Vec<Entry> {
    let mut found: Vec<_> = entries.into_iter().filter(|entry| begins_with(&entry.name, keys)).collect();
    found.sort_by(|one, other| (&one.name, &one.mailbox).cmp(&(&other.name, &other.mailbox)));
    found
}

/// Whether one of the words of a name begins so, with those after it where it is short.
fn begins_with(name: &str, keys: &str) -> bool {
    if keys.is_empty() {
        return false;
    }
    let words: Vec<_> = name.split(|sign: char| !sign.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    (0..words.len()).any(|first| {
        let rest = words[first..].concat();
        [plain, written_out].iter().any(|form| keys_of(&rest, *form).starts_with(keys))
    })
}

fn keys_of(word: &str, form: fn(char) -> &'static str) -> String {
    let lower = word.chars().flat_map(char::to_lowercase);
    lower
        .flat_map(|letter| {
            let written = form(letter);
            let own = written.is_empty().then_some(letter);
            own.into_iter().chain(written.chars()).filter_map(key)
        })
        .collect()
}

fn key(letter: char) -> Option<char> {
    Some(match letter {
        'a'..='c' => '2',
        'd'..='f' => '3',
        'g'..='i' => '4',
        'j'..='l' => '5',
        'm'..='o' => '6',
        'p'..='s' => '7',
        't'..='v' => '8',
        'w'..='z' => '9',
        '0'..='9' => letter,
        _ => return None,
    })
}

/// A letter without its mark; nothing for one that has none.
fn plain(letter: char) -> &'static str {
    match letter {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' => "a",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
        'ĥ' | 'ħ' => "h",
        'ì' | 'í' | 'î' | 'ï' | 'ĩ' | 'ī' | 'į' | 'ı' => "i",
        'ĵ' => "j",
        'ķ' => "k",
        'ĺ' | 'ļ' | 'ľ' | 'ł' => "l",
        'ñ' | 'ń' | 'ņ' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ō' | 'ő' => "o",
        'ŕ' | 'ř' => "r",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => "s",
        'ţ' | 'ť' | 'ț' => "t",
        'ù' | 'ú' | 'û' | 'ü' | 'ũ' | 'ū' | 'ů' | 'ű' | 'ų' => "u",
        'ŵ' => "w",
        'ý' | 'ÿ' | 'ŷ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        _ => "",
    }
}

/// A letter as it is written where its mark is lacking.
fn written_out(letter: char) -> &'static str {
    match letter {
        'ä' => "ae",
        'ö' | 'ø' => "oe",
        'ü' => "ue",
        'å' => "aa",
        other => plain(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_has_its_key() {
        let alphabet: String = ('a'..='z').collect();
        assert_eq!(keys_of(&alphabet, plain), "22233344455566677778889999");
        assert_eq!(keys_of("AZ 7", plain), "297");
    }

    #[test]
    fn names_are_found_by_the_begin_of_each_word() {
        for (name, keys, found) in [
            ("Ada Lovelace", "232", true),
            ("Ada Lovelace", "568", true),
            ("Ada Lovelace", "2325683", true),
            ("Ada Lovelace", "683", false),
            ("Ludwig van der Berg", "82633", true),
            ("Jean-Luc", "582", true),
            ("Li Na", "5462", true),
            ("Jürgen Müller", "685", true),
            ("Jürgen Müller", "6835", true),
            ("Jürgen Müller", "5837", true),
            ("François", "372", true),
            ("Weiß", "93477", true),
            ("Łukasz Żak", "585", true),
            ("Łukasz Żak", "925", true),
            ("Иван", "4", false),
            ("Ada", "", false),
            ("", "2", false),
        ] {
            assert_eq!(begins_with(name, keys), found, "{name} {keys}");
        }
    }
}
