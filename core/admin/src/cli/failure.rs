//! Why a command was not carried out, in words that say what to do.

use std::fmt;
use std::io;
use std::path::PathBuf;

use tonic::{Code, Status};
use tonic_types::StatusExt;

/// Why a command was not carried out.
#[derive(Debug)]
pub enum Failure {
    /// Nobody listens there.
    Unreachable {
        /// Where.
        endpoint: String,
        /// What the network said.
        why: String,
    },
    /// The endpoint is no URL of a server.
    Endpoint(String),
    /// There is no token to show.
    Token {
        /// Where it was looked for.
        file: PathBuf,
        /// What the file system said.
        error: io::Error,
    },
    /// The token cannot be sent: it has characters that no token has.
    BrokenToken,
    /// The server refused the request.
    Refused(Box<Status>),
    /// The server is up and does not serve.
    NotServing,
    /// An argument is not right.
    Argument {
        /// Which.
        name: &'static str,
        /// Why not, and what would do.
        why: String,
    },
    /// A file could not be read.
    File {
        /// Which.
        file: PathBuf,
        /// What the file system said.
        error: io::Error,
    },
    /// A file did not come to its end.
    Short {
        /// How many bytes came.
        came: u64,
        /// How many there are.
        size: u64,
    },
    /// The system gave no random bytes for a password.
    Random(getrandom::Error),
    /// The output could not be written, or the input not read.
    Output(io::Error),
    /// The answer could not be spelt as JSON.
    Json(serde_json::Error),
    /// The description of the messages is broken: the build is.
    Description,
}

impl Failure {
    /// What the process should end with: 2 a wrong argument, 3 no such thing, 4 no server, 5 not permitted, 1 all else.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Argument { .. } | Self::Endpoint(_) => 2,
            Self::Unreachable { .. } | Self::NotServing => 4,
            Self::Token { .. } | Self::BrokenToken => 5,
            Self::Refused(status) => match status.code() {
                Code::InvalidArgument => 2,
                Code::NotFound => 3,
                Code::Unavailable => 4,
                Code::Unauthenticated | Code::PermissionDenied => 5,
                _ => 1,
            },
            _ => 1,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { endpoint, why } => write!(
                f,
                "no server answers at {endpoint} ({why})\n\
                 `strowger run` starts one; where it listens elsewhere, give --endpoint or STROWGER_ENDPOINT"
            ),
            Self::Endpoint(endpoint) => {
                write!(f, "`{endpoint}` is no endpoint: it has the form http://127.0.0.1:50051")
            }
            Self::Token { file, error } => write!(
                f,
                "the admin token cannot be read from {}: {error}\n\
                 The server writes it to `admin.token` in its data folder when it first starts. Run this there, \
                 or give --token-file, STROWGER_TOKEN_FILE or STROWGER_TOKEN",
                file.display()
            ),
            Self::BrokenToken => f.write_str("the admin token is empty or has characters that no token has"),
            Self::Refused(status) => refused(f, status),
            Self::NotServing => f.write_str("the server is up and does not serve yet, or no longer"),
            Self::Argument { name, why } => write!(f, "{name}: {why}"),
            Self::File { file, error } => write!(f, "{}: {error}", file.display()),
            Self::Short { came, size } => write!(f, "only {came} of {size} bytes came; try again"),
            Self::Random(error) => write!(f, "no random bytes for a password: {error}"),
            Self::Output(error) => write!(f, "input or output: {error}"),
            Self::Json(error) => write!(f, "the answer cannot be spelt as JSON: {error}"),
            Self::Description => f.write_str("the description of the messages is broken; this build cannot be used"),
        }
    }
}

fn refused(f: &mut fmt::Formatter<'_>, status: &Status) -> fmt::Result {
    match status.code() {
        Code::Unauthenticated => f.write_str(
            "the server did not take the admin token\n\
             The right one is in `admin.token` in its data folder; give it by --token-file or STROWGER_TOKEN",
        ),
        Code::InvalidArgument => {
            let fields = status.get_details_bad_request().map(|details| details.field_violations).unwrap_or_default();
            if fields.is_empty() {
                return f.write_str(status.message());
            }
            f.write_str("the server refused it:")?;
            fields.iter().try_for_each(|wrong| write!(f, "\n  {}: {}", wrong.field, wrong.description))
        }
        Code::NotFound | Code::AlreadyExists => f.write_str(status.message()),
        Code::Unavailable => write!(f, "the server went away: {}", status.message()),
        Code::Unimplemented => f.write_str("the server does not know this command: it is of another version"),
        code => write!(f, "the server refused it: {} ({code:?})", status.message()),
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Token { error, .. } | Self::File { error, .. } | Self::Output(error) => Some(error),
            Self::Refused(status) => Some(status.as_ref()),
            Self::Random(error) => Some(error),
            Self::Json(error) => Some(error),
            _ => None,
        }
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self::Refused(Box::new(status))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
