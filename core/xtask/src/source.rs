//! Rust sources as the checks see them: code alone, without comments, literals and tests.

/// The same text with comments, strings and characters blanked: every line keeps its number.
pub(crate) fn code(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let end = match c {
            '/' if chars.get(at + 1) == Some(&'/') => end_of_line(&chars, at),
            '/' if chars.get(at + 1) == Some(&'*') => end_of_comment(&chars, at),
            '"' => end_of_string(&chars, at),
            'r' if !follows_a_word(&chars, at) => end_of_raw_string(&chars, at).unwrap_or(at + 1),
            '\'' => end_of_character(&chars, at).unwrap_or(at + 1),
            _ => at + 1,
        };
        if end == at + 1 {
            out.push(c);
        } else {
            out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
        }
        at = end;
    }
    out
}

fn end_of_line(chars: &[char], from: usize) -> usize {
    chars[from..].iter().position(|c| *c == '\n').map_or(chars.len(), |length| from + length)
}

fn end_of_comment(chars: &[char], from: usize) -> usize {
    let (mut depth, mut at) = (0, from);
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 1),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 1),
            _ => {}
        }
        at += 1;
        if depth == 0 {
            break;
        }
    }
    at
}

fn end_of_string(chars: &[char], from: usize) -> usize {
    let mut at = from + 1;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

/// `r"…"`, `r#"…"#`; also behind `b` and `c`, which stay.
fn end_of_raw_string(chars: &[char], from: usize) -> Option<usize> {
    let hashes = chars[from + 1..].iter().take_while(|c| **c == '#').count();
    let open = from + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let closes = |at: usize| chars[at] == '"' && chars[at + 1..].iter().take_while(|c| **c == '#').count() >= hashes;
    (open + 1..chars.len()).find(|at| closes(*at)).map(|at| at + 1 + hashes)
}

/// `'x'` or `'\n'`; a lifetime is none.
fn end_of_character(chars: &[char], from: usize) -> Option<usize> {
    if chars.get(from + 1) == Some(&'\\') {
        return (from + 3..chars.len()).find(|at| chars[*at] == '\'').map(|at| at + 1);
    }
    (chars.get(from + 2) == Some(&'\'')).then_some(from + 3)
}

/// Whether the character before belongs to a longer word: then an `r` begins no raw string.
fn follows_a_word(chars: &[char], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).and_then(|at| chars.get(at)).copied();
    let in_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    match before(1) {
        Some('b' | 'c') => in_word(before(2)),
        other => in_word(other),
    }
}

/// Blanks what is compiled for tests alone. Gives the names of such modules that are files of their own, too.
pub(crate) fn without_tests(code: &str) -> (String, Vec<String>) {
    let mut out = String::with_capacity(code.len());
    let mut elsewhere = Vec::new();
    let mut rest = code;
    while let Some(start) = rest.find("#[cfg(test)]") {
        out.push_str(&rest[..start]);
        let item = &rest[start..];
        let end = end_of_item(item);
        let words: Vec<&str> = item[..end].split_whitespace().collect();
        if let [.., "mod", name] = words.as_slice() {
            elsewhere.extend(name.strip_suffix(';').map(str::to_owned));
        }
        out.extend(item[..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = &item[end..];
    }
    out.push_str(rest);
    (out, elsewhere)
}

/// The item ends with its block, or with a semicolon outside of brackets; that of `use a::{b};` follows a block.
fn end_of_item(item: &str) -> usize {
    let (mut braces, mut others) = (0_i32, 0_i32);
    for (at, c) in item.char_indices() {
        match c {
            '{' => braces += 1,
            '}' => {
                braces -= 1;
                if braces <= 0 && others <= 0 {
                    return at + 1 + usize::from(item[at + 1..].starts_with(';'));
                }
            }
            '(' | '[' => others += 1,
            ')' | ']' => others -= 1,
            ';' if braces == 0 && others == 0 => return at + 1,
            _ => {}
        }
    }
    item.len()
}

#[cfg(test)]
mod tests {
    use super::{code, without_tests};

    #[test]
    fn comments_and_literals_are_no_code() {
        let text = "a /* b /* c */ d */ e // f\n\"g \\\" h\" i r#\"j \" k\"# l 'm' '\\'' n br\"o\" for<'p> q";
        let words: Vec<String> = code(text).split_whitespace().map(str::to_owned).collect();
        assert_eq!(words.join(" "), "a e i l n b for<'p> q");
        assert_eq!(code(text).lines().count(), 2);
    }

    #[test]
    fn a_word_that_ends_with_r_begins_no_string() {
        assert_eq!(code("for\"a\" ptr\"b\" c").trim_end(), "for    ptr    c");
    }

    #[test]
    fn what_is_for_tests_alone_is_left_out() {
        let text = "a\n#[cfg(test)]\nmod tests { fn b() { c(); } }\nd\n#[cfg(test)]\nuse e::{f, g};\nh\n#[cfg(test)]\nmod apart;\ni";
        let (rest, elsewhere) = without_tests(text);
        assert_eq!(rest.split_whitespace().collect::<Vec<_>>(), ["a", "d", "h", "i"]);
        assert_eq!(elsewhere, ["apart"]);
        assert_eq!(rest.lines().count(), text.lines().count());
    }
}
