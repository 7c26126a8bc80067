//! What may be wrong with what this crate is given.

use crate::words::Placeholder;

/// Why a setting, a template or a letter cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A setting that cannot be used: which, what it is, and what to do.
    #[error("{key} = {value}: {cure}")]
    Setting {
        /// The key in the settings file.
        key: &'static str,
        /// What it is now; never a password.
        value: String,
        /// What is wrong, and what to do.
        cure: String,
    },
    /// A template names a placeholder that does not exist.
    #[error("{field}: there is no placeholder {{{name}}}; there are {}", Placeholder::all())]
    Placeholder {
        /// `subject`, `text` or `html`.
        field: &'static str,
        /// What stands between the braces.
        name: String,
    },
    /// A part of a template is empty.
    #[error("{0}: must not be empty")]
    Empty(&'static str),
    /// It is no address of a mailbox that mail can be sent to.
    #[error("{0} is no address as `alice@example.com`")]
    Address(String),
    /// It is no type of a file.
    #[error("{0} is no type of a file as `audio/wav`")]
    FileType(String),
    /// A letter to nobody.
    #[error("the letter has no recipient")]
    Nobody,
}
