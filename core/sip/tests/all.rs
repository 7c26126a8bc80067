//! All tests of the crate that need nothing but its public face, in one binary.

#[cfg(feature = "rsip")]
mod compat;
mod corpus;
#[allow(dead_code, reason = "the benches and the count of allocations use more of it")]
mod everyday;
#[path = "../fuzz/fuzz_targets/feed.rs"]
mod feed;
mod fuzz_replay;
mod oracle;
mod properties;
mod transactions;
