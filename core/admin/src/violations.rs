//! What is wrong with a request, field by field, and what a failed store means to an operator.

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

/// What is wrong with the fields of one request: all of it, not the first alone.
#[derive(Debug, Default)]
pub(crate) struct Violations(Vec<FieldViolation>);

impl Violations {
    /// Notes that this field is wrong, and what would be right.
    pub(crate) fn add(&mut self, field: &str, why: impl Into<String>) {
        self.0.push(FieldViolation::new(field, why));
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

    /// Nothing wrong, or `INVALID_ARGUMENT` that names every field in its text and in its details.
    pub(crate) fn finish(self) -> Result<(), Status> {
        if self.0.is_empty() {
            return Ok(());
        }
        let lines: Vec<_> = self.0.iter().map(|wrong| format!("{}: {}", wrong.field, wrong.description)).collect();
        Err(Status::with_error_details(Code::InvalidArgument, lines.join("; "), ErrorDetails::with_bad_request(self.0)))
    }
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
    fn the_text_of_the_database_stays_inside() {
        let status = failed(store::Error::Open("password for /var/lib/secret".to_owned()));
        assert_eq!(status.code(), Code::Internal);
        assert!(!status.message().contains("secret"));
    }
}
