//! A world in virtual time: the exchange between scripted phones, over links that lose, repeat and reorder.
//!
//! ```
//! use testkit::{World, Outcome, minutes};
//!
//! let world = World::seeded(7);
//! let (alice, bob) = (world.phone("alice"), world.phone("bob").that_never_answers());
//! let call = alice.dial(&bob);
//! world.run_for(minutes(5));
//! assert_eq!(call.outcome(), Outcome::Refused(480));
//! world.assert_quiet();
//! ```
//!
//! The phones build and read their messages with `rsip`, so that every simulated call runs between two independent
//! implementations. The clock is the world's: nothing sleeps. The seed is printed when a test fails.

#![allow(clippy::missing_panics_doc, reason = "a test kit panics to tell")]

mod auditor;
mod carrier;
mod engine;
mod exchange;
mod handles;
mod inside;
mod line;
mod mixing;
mod network;
mod notifying;
mod phone;
mod tape;
mod tasks;
mod text;
mod voices;
mod watching;
mod world;

pub use carrier::{day_ends, hop, limits, login, registration};
pub use handles::{Phone, Placed};
pub use network::Weather;
pub use phone::{Habit, Outcome, Told};
pub use tasks::Clock;
pub use voices::Voices;
pub use watching::{Watching, waiting};
pub use world::{World, millis, minutes, seconds};
