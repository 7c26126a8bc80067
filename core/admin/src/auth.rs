//! Who may ask: whoever knows the token, of which only a hash is kept.

use std::fmt::{self, Write};
use std::hint::black_box;

use sha2::{Digest, Sha256};
use tonic::service::Interceptor;
use tonic::{Request, Status};

/// SHA-256 of the bearer token. The token has full entropy, so a plain hash is enough.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of a token.
    #[must_use]
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    /// Reads the 64 hex digits that [`Display`](fmt::Display) prints.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// Whether this is the token, in a time that does not depend on how much of it is right.
    #[must_use]
    pub fn matches(&self, token: &str) -> bool {
        let other = Self::of(token);
        let differing = self.0.iter().zip(other.0).fold(0, |all, (a, b)| black_box(all | (a ^ b)));
        differing == 0
    }
}

impl fmt::Display for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(")?;
        f.write_char('…')?;
        f.write_char(')')
    }
}

/// Lets requests with the token pass.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guard(pub(crate) TokenHash);

impl Interceptor for Guard {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        let refused = || Status::unauthenticated("the request needs `authorization: Bearer` with the admin token");
        let header = request.metadata().get("authorization").ok_or_else(refused)?;
        // RFC 9110 §11.1: the scheme's case does not count. RFC 6750 §2.1: one space, then the token.
        let (scheme, token) = header.to_str().ok().and_then(|header| header.split_once(' ')).ok_or_else(refused)?;
        if scheme.eq_ignore_ascii_case("bearer") && self.0.matches(token) { Ok(request) } else { Err(refused()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_itself_matches_its_hash() {
        let hash = TokenHash::of("right");
        assert!(hash.matches("right"));
        for wrong in ["", "righ", "right ", "Right", "wrong"] {
            assert!(!hash.matches(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn a_hash_is_read_as_it_is_printed_and_never_shown_in_debug() {
        let hash = TokenHash::of("token");
        assert_eq!(TokenHash::parse(&hash.to_string()), Some(hash));
        assert_eq!(TokenHash::parse("short"), None);
        assert_eq!(TokenHash::parse(&"é".repeat(32)), None);
        assert_eq!(format!("{hash:?}"), "TokenHash(…)");
    }
}
