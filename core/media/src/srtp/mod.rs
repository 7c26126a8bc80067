//! SRTP and SRTCP (RFC 3711) by AES in counter mode and HMAC-SHA1, for 128 and 256 bits (RFC 6188). Sans-IO.
//!
//! ```text
//! let mut ours = Protect::new(&MasterKey::new(Suite::Aes128Sha1_80, key, salt)?);
//! let length = ours.rtp(&mut buffer, length)?;        // in place; the buffer has room for RTP_OVERHEAD more
//! let mut theirs = Unprotect::new(&their_key);
//! let length = theirs.rtp(&mut packet)?;              // in place; authenticated before anything else is believed
//! ```
//!
//! One machine for each direction, RTP and RTCP alike, as long as its key lives: with the same key a second machine would
//! begin its counters anew and use the same key stream twice (§9.1). No master key identifiers, one derivation (§4.3.1
//! with a rate of zero). Whoever makes packets should begin with a sequence number below 2¹⁵, so that the loss of the
//! first ones does not hide a roll-over (§3.3.1).
//!
//! Nothing is allocated for a packet, but for the first of a new SSRC. An SSRC counts as one only when a packet of it was
//! authentic, and there are never more than [`MAX_STREAMS`]. Keys are wiped when dropped and never shown by `Debug`.

mod error;
mod keys;
mod packet;
mod protect;
mod replay;
mod streams;
mod unprotect;

pub use error::SrtpError;
pub use keys::{MasterKey, Suite};
pub use protect::Protect;
pub use streams::MAX_STREAMS;
pub use unprotect::Unprotect;

/// By how many bytes an RTP packet grows at most: the tag.
pub const RTP_OVERHEAD: usize = 10;

/// By how many bytes an RTCP packet grows: the index and the tag.
pub const RTCP_OVERHEAD: usize = 14;
