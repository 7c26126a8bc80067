//! What is wrong with a request, field by field, and what a failed store means to an operator.

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

/// So many bytes are said of one wrong field, and of all together, before those that follow are left out. What is said repeats
/// what was asked, and goes three times into an answer's trailers, which hold 16 kB with most peers.
const SAID: usize = 1_000;
const SAID_IN_ALL: usize = 2_000;

/// What is wrong with the fields of one request: all of it, not the first alone.
#[derive(Debug, Default)]
pub(crate) struct Violations(Vec<FieldViolation>);

impl Violations {
    /// Notes that this field is wrong, and what would be right.
    pub(crate) fn add(&mut self, field: &str, why: impl Into<String>) {
        let why = short(why.into());
        let said: usize = self.0.iter().map(|wrong| wrong.field.len() + wrong.description.len()).sum();
        if said + field.len() + why.len() <= SAID_IN_ALL {
            self.0.push(FieldViolation::new(field, why));
        }
    }

    /// Notes that this field is wrong unless it is right.
    pub(crate) fn expect(&mut self, right: bool, field: &str, why: &str) {
        if !right {
            self.add(field, why);
        }
    }

    /// The value, or a note that the field is wrong.
    pub(crate) fn read<T>(&mut self, field: &str, value: Result<T, String>) -> Option<T> {
        value.map_err(|why| self.add(field, why)).ok()
    }

    /// What the number of an enum means, or a note of those that mean something.
    pub(crate) fn word<E, T>(&mut self, field: &str, number: i32, words: &[(&str, E, T)]) -> Option<T>
    where
        E: Copy + Into<i32>,
        T: Copy,
    {
        let found = words.iter().find(|(_, known, _)| (*known).into() == number);
        if found.is_none() {
            let known: Vec<_> = words.iter().map(|(word, known, _)| format!("{word} ({})", (*known).into())).collect();
            self.add(field, format!("{number} is none of {}", known.join(", ")));
        }
        found.map(|(.., meant)| *meant)
    }

    /// The same where nothing need be said: 0 is unspecified in every enum.
    pub(crate) fn word_if_said<E, T>(&mut self, field: &str, number: i32, words: &[(&str, E, T)]) -> Option<T>
    where
        E: Copy + Into<i32>,
        T: Copy,
    {
        if number == 0 { None } else { self.word(field, number, words) }
    }

    /// Nothing wrong, or `INVALID_ARGUMENT` that names every field in its text and in its details.
    pub(crate) fn finish(self) -> Result<(), Status> {
        if self.0.is_empty() {
            return Ok(());
        }
        let lines: Vec<_> = self.0.iter().map(|wrong| format!("{}: {}", wrong.field, wrong.description)).collect();
        Err(Status::with_error_details(Code::InvalidArgument, lines.join("; "), ErrorDetails::with_bad_request(self.0)))
    }
}

/// As much of a text as an answer can carry.
fn short(mut text: String) -> String {
    if text.len() > SAID {
        // The end says what would be right.
        let (head, tail) = (text.floor_char_boundary(SAID / 2), text.ceil_char_boundary(text.len() - SAID / 2));
        text.replace_range(head..tail, " … ");
    }
    text
}

/// One field is wrong.
pub(crate) fn violation(field: &str, why: impl Into<String>) -> Status {
    let mut violations = Violations::default();
    violations.add(field, why);
    violations.finish().err().unwrap_or_else(|| Status::invalid_argument(field))
}

/// What a failed store means to an operator. What the database said goes to the log, not to the peer.
pub(crate) fn failed(error: store::Error) -> Status {
    match error {
        store::Error::NotFound(noun) => Status::not_found(format!("there is no such {noun}")),
        store::Error::Exists(noun) => Status::already_exists(format!("there is such a {noun} already")),
        store::Error::Invalid { field, why } => violation(field, why),
        error @ store::Error::Taken(_) => Status::already_exists(error.to_string()),
        error @ store::Error::Used { .. } => Status::failed_precondition(error.to_string()),
        error => {
            tracing::error!(%error, "the store failed an operator's request");
            Status::internal("the store failed; the server's log says why")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_field_is_named_in_text_and_details() {
        let mut violations = Violations::default();
        violations.expect(true, "fine", "never seen");
        violations.expect(false, "password", "8 to 128 characters");
        violations.add("extension", "digits");
        let status = violations.finish().unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(status.message(), "password: 8 to 128 characters; extension: digits");
        let details = status.get_details_bad_request().unwrap();
        let fields: Vec<_> = details.field_violations.iter().map(|wrong| wrong.field.as_str()).collect();
        assert_eq!(fields, ["password", "extension"]);
    }

    #[test]
    fn an_answer_stays_small_however_much_is_wrong_and_however_long_it_is() {
        let mut violations = Violations::default();
        let text = "ä".repeat(10_000);
        for number in 0..1_000 {
            violations.add(&format!("peers[{number}]"), format!("`{text}`: an address"));
        }
        let status = violations.finish().unwrap_err();
        assert!(3 * status.message().len() + status.details().len() * 4 / 3 < 14_000, "{}", status.details().len());
        assert!(status.message().contains("…") && status.message().contains(": an address"), "{}", status.message());
    }

    #[test]
    fn the_text_of_the_database_stays_inside() {
        let status = failed(store::Error::Open("password for /var/lib/secret".to_owned()));
        assert_eq!(status.code(), Code::Internal);
        assert!(!status.message().contains("secret"));
    }
}
