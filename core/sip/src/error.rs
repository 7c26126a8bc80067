//! What can be wrong with bytes that claim to be SIP.

/// Why bytes are not a SIP message, or a value not what its header wants. Each is a fact and knows the status that a
/// request with it is to be refused with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Longer than the limit on messages.
    #[error("the message is longer than the limit")]
    MessageTooLong,
    /// The bytes end before the blank line that ends the headers (RFC 3261 §7).
    #[error("the message ends before its headers do")]
    Truncated,
    /// The first line is neither a Request-Line nor a Status-Line (§7.1, §7.2).
    #[error("the start line is malformed")]
    StartLine,
    /// Not SIP/2.0 (§7.1).
    #[error("the SIP version is not 2.0")]
    Version,
    /// A header row without a colon or with a name that is no token (§7.3.1).
    #[error("a header row is malformed")]
    Row,
    /// A header row longer than the limit.
    #[error("a header is longer than the limit")]
    HeaderTooLong,
    /// More header rows than the limit.
    #[error("there are more headers than the limit")]
    TooManyHeaders,
    /// More Via values than the limit.
    #[error("there are more Vias than the limit")]
    TooManyVias,
    /// A NUL byte, or bytes that are not UTF-8, where text must stand (§7.3.1, §25.1).
    #[error("a header has bytes that are no text")]
    NotText,
    /// Content-Length is no number, stands twice with two values, or promises more than came (§18.3).
    #[error("Content-Length is wrong")]
    ContentLength,
    /// A header that must stand is not there (§8.1.1).
    #[error("the header {0} is missing")]
    Missing(&'static str),
    /// A header that may stand once stands more often (§7.3.1).
    #[error("the header {0} stands more than once")]
    Repeated(&'static str),
    /// A value that its header's grammar does not allow (§25.1).
    #[error("the value of {0} is malformed")]
    Value(&'static str),
    /// A URI that its grammar does not allow (§19.1.1).
    #[error("a URI is malformed")]
    Uri,
    /// A URI of a scheme that is not understood.
    #[error("the scheme of a URI is not understood")]
    Scheme,
    /// A number out of its range, as a CSeq of 2³¹ (§8.1.1.5).
    #[error("a number in {0} is out of range")]
    Range(&'static str),
    /// More parameters than the limit.
    #[error("there are more parameters than the limit")]
    TooManyParams,
}

impl Error {
    /// The status that a request with this fault gets (RFC 3261 §21.4, §21.5).
    #[must_use]
    pub fn status(self) -> crate::Status {
        match self {
            Self::MessageTooLong | Self::HeaderTooLong | Self::TooManyHeaders | Self::TooManyVias => {
                crate::Status::MESSAGE_TOO_LARGE
            }
            Self::Version => crate::Status::VERSION_NOT_SUPPORTED,
            Self::Scheme => crate::Status::UNSUPPORTED_URI_SCHEME,
            _ => crate::Status::BAD_REQUEST,
        }
    }
}
