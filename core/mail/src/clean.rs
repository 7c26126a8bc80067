//! What strangers wrote, made fit for a letter: callers choose their names themselves.

/// The longest name or number that is shown, in characters.
const LONGEST: usize = 128;

/// One line of text that means nothing to a mail reader: no line ends, no control characters, nothing that turns the
/// direction of what follows, and no beginning of an encoded word (RFC 2047 §2).
pub(crate) fn line(text: &str) -> String {
    let breaks = |sign: char| sign.is_control() || matches!(sign, '\u{2028}' | '\u{2029}');
    let turns =
        |sign: &char| matches!(sign, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
    let plain: String =
        text.chars().filter(|sign| !turns(sign)).map(|sign| if breaks(sign) { ' ' } else { sign }).collect();
    plain.replace("=?", "= ?").trim().to_owned()
}

/// The same, cut to the length of a name.
pub(crate) fn name(text: &str) -> String {
    let line = line(text);
    line.char_indices().nth(LONGEST).map_or(line.clone(), |(end, _)| line[..end].to_owned())
}

/// The name of a file: no folders and no quotes.
pub(crate) fn file(text: &str) -> String {
    let name = name(text).replace(['/', '\\', '"', ':', ';'], "-");
    if name.is_empty() { "attachment".to_owned() } else { name }
}

/// As text in HTML, between tags or in a quoted attribute.
pub(crate) fn html(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_line() {
        assert_eq!(line("Eve\r\nBcc: all@example.com\u{2028}x\u{85}y\0"), "Eve  Bcc: all@example.com x y");
        assert_eq!(line("abc\u{202e}fdp.exe"), "abcfdp.exe");
        assert_eq!(line("=?utf-8?q?=0d=0aBcc?="), "= ?utf-8?q?=0d=0aBcc?=");
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        assert_eq!(name(&"ü".repeat(200)), "ü".repeat(128));
    }

    #[test]
    fn nothing_is_a_tag() {
        assert_eq!(html("<b a=\"x\" c='y'>&"), "&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;");
    }
}
