//! Session descriptions and the one offer/answer machine, sans-IO.
//!
//! A [`Description`] is read once, at the edge, and asked for what the exchange needs: where audio is wanted, in which
//! direction, by which codecs. It is never sent on as it came: [`Description::carried`] writes it anew for the other leg
//! with our own origin and address. A [`Negotiation`] holds what was offered and answered on one leg (RFC 3264) and
//! refuses what does not fit, so that glare is seen in one place.
//!
//! Where the exchange makes the sound itself, an [`Offer`] or an [`Answer`] of our own says what we have, and both come to
//! an [`Agreement`]: codecs under the numbers of either side, telephone events, direction, and keys for SRTP by
//! `a=crypto` ([`Secrecy`] says who insists on what).
//!
//! The syntax of RFC 8866 is the `sdp-types` crate's.

mod agreement;
mod answer;
mod choice;
mod codec;
mod crypto;
mod description;
mod error;
mod line;
mod negotiation;
mod offer;
mod opus;
mod secrecy;

pub use agreement::{Agreement, Common};
pub use answer::{Answer, Order};
pub use codec::Codec;
pub use crypto::{Crypto, KEYING, Keying, Suite};
pub use description::{Audio, Description, Direction, Origin};
pub use error::Error;
pub use negotiation::{Negotiation, Phase};
pub use offer::Offer;
pub use opus::OpusFormat;
pub use secrecy::{Profile, Protection, Secrecy, Secured};
