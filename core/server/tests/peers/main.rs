//! Real peers on loopback: the binary as it is shipped, called by sipp and baresip.
//!
//! Each test starts an exchange of its own, with a data folder, ports and a database of its own, and kills it at the end.
//! The programs come with `cargo xtask test`; without them the tests fail and say so.

mod acknowledging;
mod attacks;
mod calling;
mod carriers;
mod dialplans;
mod habits;
mod harness;
mod holding;
mod lane;
mod listener;
mod mailing;
mod media;
mod meeting;
mod messages;
#[allow(dead_code, reason = "the locator has tests of its own, which use all of it")]
mod names;
mod on_postgresql;
#[allow(dead_code, reason = "TLS has tests of its own, which use all of it")]
mod papers;
mod phone;
mod policy;
mod pressing;
mod recording;
mod registering;
mod restarting;
mod sealing;
mod securing;
mod sipp;
mod sounding;
mod speaking;
mod starting;
mod talking;
mod tone;
mod transports;
