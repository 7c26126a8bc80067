//! Templates: text with placeholders.

use crate::clean;
use crate::error::Error;
use crate::words::Written;

/// What stands for something in a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Placeholder {
    /// Who called, by name, or by number where he has none.
    Caller,
    /// Who called, by number.
    Number,
    /// The mailbox.
    Mailbox,
    /// Whose it is.
    Owner,
    /// The day on which the message came.
    Date,
    /// The time of the day.
    Time,
    /// How long the message is.
    Length,
    /// How many messages there are.
    Count,
    /// Where it can be heard; a line with it is left out where there is none.
    Link,
}

impl Placeholder {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Caller,
        Self::Number,
        Self::Mailbox,
        Self::Owner,
        Self::Date,
        Self::Time,
        Self::Length,
        Self::Count,
        Self::Link,
    ];

    /// What stands between the braces.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Number => "number",
            Self::Mailbox => "mailbox",
            Self::Owner => "owner",
            Self::Date => "date",
            Self::Time => "time",
            Self::Length => "length",
            Self::Count => "count",
            Self::Link => "link",
        }
    }

    /// That of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }

    /// All of them, for who wrote one that is none.
    pub(crate) fn all() -> String {
        Self::ALL.map(|one| format!("{{{}}}", one.as_str())).join(" ")
    }
}

/// What stands for each placeholder, in one language; `None` for a link that there is not.
pub(super) trait Values {
    fn value(&self, placeholder: Placeholder) -> Option<&str>;
}

/// How a letter is written. A word in braces is a placeholder; braces around anything else are braces, as in a style sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    subject: Lines,
    text: Lines,
    html: Option<Lines>,
}

type Lines = Vec<Vec<Piece>>;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Said(String),
    Put(Placeholder),
}

impl Template {
    /// A template; the text and the HTML may have many lines.
    ///
    /// # Errors
    /// [`Error::Placeholder`] for a word in braces that is none; [`Error::Empty`] for no subject or no text.
    pub fn new(subject: &str, text: &str, html: Option<&str>) -> Result<Self, Error> {
        for (field, said) in [("subject", subject), ("text", text)] {
            if said.trim().is_empty() {
                return Err(Error::Empty(field));
            }
        }
        let html = html.filter(|html| !html.trim().is_empty());
        Ok(Self {
            subject: lines("subject", &clean::line(subject))?,
            text: lines("text", text)?,
            html: html.map(|html| lines("html", html)).transpose()?,
        })
    }

    pub(super) fn fill(&self, values: &impl Values) -> Written {
        let plain = |value: &str| value.to_owned();
        Written {
            subject: clean::line(&fill(&self.subject, values, plain)),
            text: fill(&self.text, values, plain),
            html: self.html.as_ref().map(|html| fill(html, values, clean::html)),
        }
    }
}

fn lines(field: &'static str, text: &str) -> Result<Lines, Error> {
    text.lines().map(|line| pieces(line).map_err(|name| Error::Placeholder { field, name })).collect()
}

/// Cuts a line at its placeholders. An error is the word in braces that is none.
fn pieces(line: &str) -> Result<Vec<Piece>, String> {
    let is_word = |text: &str| {
        (1..=32).contains(&text.len())
            && text.bytes().all(|sign| sign.is_ascii_alphanumeric() || matches!(sign, b'-' | b'_'))
    };
    let mut pieces = Vec::new();
    let (mut said, mut rest) = (String::new(), line);
    while let Some((before, behind)) = rest.split_once('{') {
        said.push_str(before);
        let Some((word, after)) = behind.split_once('}').filter(|(word, _)| is_word(word)) else {
            said.push('{');
            rest = behind;
            continue;
        };
        let placeholder = Placeholder::named(word).ok_or_else(|| word.to_owned())?;
        pieces.extend([Piece::Said(std::mem::take(&mut said)), Piece::Put(placeholder)]);
        rest = after;
    }
    said.push_str(rest);
    pieces.push(Piece::Said(said));
    Ok(pieces)
}

fn fill(lines: &Lines, values: &impl Values, safe: impl Fn(&str) -> String) -> String {
    let fill = |line: &Vec<Piece>| {
        let filled = line.iter().map(|piece| match piece {
            Piece::Said(said) => Some(said.clone()),
            Piece::Put(placeholder) => values.value(*placeholder).map(&safe),
        });
        filled.collect::<Option<String>>()
    };
    let filled: Vec<String> = lines.iter().filter_map(fill).collect();
    filled.join("\n")
}
