//! Conference rooms, the service on top of mixers: who comes in, who is heard, what keys do, when it ends.
//!
//! ```text
//! let conference = Conference::new(plans, places, clock, Config::default());
//! conference.join(&mut call, "600", Wish::default()).await   // a caller, until he leaves: Ok(why he left)
//! conference.order(tenant, "600", RoomOrder::MuteAll(true))  // an operator
//! conference.rooms(tenant)                                    // who is where
//! conference.watch()                                          // what happens: a slow watcher is told what it missed
//! ```
//!
//! A [`Room`] is a machine without time or waiting: it is told who comes, goes, speaks and presses keys, and says what each
//! member's call is to be told next. A [`Conference`] keeps the open rooms, each behind a lock that is never held while
//! anybody waits, and runs one caller's stay in the task that holds his call.
//!
//! Who may come in is kept elsewhere: [`Plans`] says it.

mod conference;
mod guard;
mod guest;
mod keys;
mod plan;
mod prompts;
mod room;
mod stay;

pub use conference::{Clock, Conference, Config, Happened};
pub use keys::{Action, Keymap};
pub use plan::{Entry, Plan, Plans, Wait};
pub use room::{Act, CallNumber, Newcomer, Room};
pub use stay::SPOKEN;
