//! Session descriptions and the one offer/answer machine, sans-IO.
//!
//! A [`Description`] is read once, at the edge, and asked for what the exchange needs: where audio is wanted, in which
//! direction, by which codecs. It is never sent on as it came: [`Description::carried`] writes it anew for the other leg
//! with our own origin and address. A [`Negotiation`] holds what was offered and answered on one leg (RFC 3264) and
//! refuses what does not fit, so that glare is seen in one place.
//!
//! The syntax of RFC 8866 is the `sdp-types` crate's.

mod codec;
mod description;
mod error;
mod negotiation;

pub use codec::Codec;
pub use description::{Audio, Description, Direction, Origin};
pub use error::Error;
pub use negotiation::{Negotiation, Phase};
