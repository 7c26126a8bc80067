//! The host for dialplans: WebAssembly components that decide about calls, an instance a call.
//!
//! ```text
//! let host = Host::new(config, keeper, rooms, voicemail)?;   // one engine for all
//! let program = host.load(&bytes)?;               // component or core module → precompiled, kept by hash
//! Dialplan::new(name, program)                    // a switch::Application
//! ```
//!
//! | a guest that … | costs its own call only, because |
//! |---|---|
//! | loops | an epoch ticks; each tick yields to others, those that loop take turns, too many ticks trap it |
//! | eats memory or tables | each instance has a limit |
//! | traps, panics, recurses | the trap ends the instance; the caller gets the tenant's fallback |
//! | never decides | the exchange's deadline takes the call from it |
//! | floods the log, the store or the host | budgets: lines are dropped, what is long costs more, further calls trap |
//!
//! The only crate that knows wasmtime. Guests get our interfaces and nothing else: no WASI, no clock or chance but ours.

#![allow(clippy::missing_errors_doc, reason = "the one error type says it")]

mod application;
mod artefacts;
mod bindings;
mod config;
mod error;
mod guest;
mod host;
mod keeper;
mod module;
mod rooms;
mod sound;
mod ticker;
mod turns;
mod voicemail;
mod words;

pub use application::Dialplan;
pub use config::Config;
pub use error::Error;
pub use host::{Host, Program};
pub use keeper::{Found, FoundNumber, Keeper, ValueFault, Wait};
pub use rooms::{FoundRoom, OrderFault, Rooms};
pub use voicemail::Voicemail;
