//! What may go wrong with what is kept.

use sea_orm::{DbErr, SqlErr};

/// Why something could not be kept or found.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database could not be opened.
    #[error("the database cannot be opened: {0}")]
    Open(String),
    /// Its tables could not be brought up to date.
    #[error("the database's tables cannot be brought up to date: {0}")]
    Migrate(String),
    /// There is none.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// There is one already.
    #[error("there is such a {0} already")]
    Exists(&'static str),
    /// It is still needed.
    #[error("the {noun} is used by {by}")]
    Used {
        /// What.
        noun: &'static str,
        /// By what.
        by: String,
    },
    /// Of these numbers another tenant owns some.
    #[error("of {0} another tenant owns some already")]
    Taken(String),
    /// A value that cannot be kept.
    #[error("{field}: {why}")]
    Invalid {
        /// Which field.
        field: &'static str,
        /// Why not, and what would do.
        why: String,
    },
    /// What was kept cannot be read.
    #[error("the kept {0} cannot be read")]
    Corrupt(&'static str),
    /// The system gave no random bytes.
    #[error("the system gives no random numbers: {0}")]
    Random(getrandom::Error),
    /// The database said no.
    #[error("the database: {0}")]
    Database(#[from] DbErr),
}

impl Error {
    /// The database is well, but will not have this.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, Self::Database(error) if error.sql_err().is_some())
    }

    /// A unique row was there already: says which noun.
    pub(crate) fn exists(error: DbErr, noun: &'static str) -> Self {
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Self::Exists(noun),
            Some(SqlErr::ForeignKeyConstraintViolation(_)) => Self::NotFound("tenant"),
            _ => Self::Database(error),
        }
    }

    /// A value that cannot be kept, and what would do.
    pub(crate) fn invalid(field: &'static str, why: impl Into<String>) -> Self {
        Self::Invalid { field, why: why.into() }
    }
}
