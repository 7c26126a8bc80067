//! Names of our own making: tags, branches, Call-IDs. Unguessable (RFC 3261 §19.3 asks for 32 random bits; these have
//! at least 64) and reproducible from the seed.

use std::fmt::Write;

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::ids::CallUid;

/// The one source of randomness.
#[derive(Debug)]
pub(crate) struct Mint(ChaCha12Rng);

impl Mint {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self(ChaCha12Rng::from_seed(seed))
    }

    /// Thirty-two bytes for a part that keeps a secret or a generator of its own.
    pub(crate) fn secret(&mut self) -> [u8; 32] {
        let mut secret = [0; 32];
        self.0.fill_bytes(&mut secret);
        secret
    }

    /// Random bytes for a master key with its salt.
    pub(crate) fn keying(&mut self) -> [u8; sdp::KEYING] {
        let mut bytes = [0; sdp::KEYING];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A From or To tag.
    pub(crate) fn tag(&mut self) -> String {
        format!("{:016x}", self.0.next_u64())
    }

    /// A branch with the magic cookie of §8.1.1.7.
    pub(crate) fn branch(&mut self) -> Branch {
        Branch(self.0.next_u64())
    }

    /// A Call-ID: 128 random bits.
    pub(crate) fn call_id(&mut self) -> String {
        let mut text = String::with_capacity(32);
        let _ = write!(text, "{:016x}{:016x}", self.0.next_u64(), self.0.next_u64());
        text
    }

    pub(crate) fn uid(&mut self) -> CallUid {
        let mut bytes = [0; 12];
        self.0.fill_bytes(&mut bytes);
        CallUid(bytes)
    }
}

/// A branch, printed with its cookie.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Branch(u64);

impl std::fmt::Display for Branch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "z9hG4bK{:016x}", self.0)
    }
}
