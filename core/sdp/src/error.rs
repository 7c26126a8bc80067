//! What may be wrong with a description or its moment.

/// Why a description was not taken. Each knows the SIP status that answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Larger than any description has reason to be.
    #[error("the description is larger than {max} bytes")]
    TooLarge {
        /// The limit, in bytes.
        max: usize,
    },
    /// Not SDP by RFC 8866.
    #[error("the body is not a session description")]
    Malformed,
    /// No media line, or more than are sensible.
    #[error("{0} media lines")]
    MediaLines(usize),
    /// An address that media must not be sent to: multicast, broadcast, a name.
    #[error("media cannot be sent to the address given")]
    Address,
    /// No codec that we could use ourselves.
    #[error("no common codec")]
    NoCodec,
    /// The audio line was refused (RFC 3264 §6).
    #[error("the audio was refused")]
    Refused,
    /// One side insists on encryption, the other will not or cannot.
    #[error("no agreement on encryption")]
    Secrecy,
    /// Keys that belong to no line of our offer (RFC 4568 §5.1.3).
    #[error("the answer has keys that do not fit the offer")]
    Crypto,
    /// An offer came while another is open (RFC 3264 §4, RFC 3261 §14.1).
    #[error("an offer is already open")]
    Glare,
    /// An answer without an offer.
    #[error("an answer to no offer")]
    NoOffer,
    /// An answer with more media lines than its offer (RFC 3264 §6).
    #[error("the answer does not fit its offer")]
    Mismatch,
}

impl Error {
    /// The SIP status that tells the peer.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::TooLarge { .. } => 413,
            Self::Malformed => 400,
            // RFC 3261 §21.4.26
            Self::MediaLines(_)
            | Self::Address
            | Self::NoCodec
            | Self::Refused
            | Self::Secrecy
            | Self::Crypto
            | Self::NoOffer
            | Self::Mismatch => 488,
            // §14.1
            Self::Glare => 491,
        }
    }
}
