//! SIP (RFC 3261): messages, URIs, transactions, dialogs and digest, sans-IO and zero-copy.
//!
//! ```text
//! bytes → parse(&bytes, &limits) → Message: start line + index of rows; typed views on demand
//!         validate(&message)     → the status to refuse it with
//! Writer::request / reply        → bytes
//! transaction::Layer             handle_request, handle_response, request, respond, poll_transmit, poll_event, poll_timeout
//! Dialog                         from_request, from_response, request, ack
//! digest                         Nonces, verify, challenge, answer
//! ```
//!
//! The feature `rsip` adds `compat`: conversions to and from the types of that crate.
//!
//! Nothing here reads a clock, draws a random number or waits. Nothing that a peer sends makes it panic.

#![forbid(unsafe_code)]

mod address;
mod auth;
#[cfg(feature = "rsip")]
pub mod compat;
pub mod dialog;
pub mod digest;
mod error;
mod expiry;
mod framer;
mod index;
mod lex;
mod limits;
mod message;
mod method;
mod name;
mod reliable;
mod status;
pub mod transaction;
mod transport;
mod uri;
mod validate;
mod via;
mod writer;

pub use address::{Contact, NameAddr};
pub use auth::{Challenge, Credentials};
pub use dialog::{Dialog, DialogState};
pub use error::Error;
pub use expiry::{Refresher, SessionExpires};
pub use framer::{Frame, Framer};
pub use lex::Params;
pub use limits::Limits;
pub use message::{CSeq, Message, Row, Start, parse};
pub use method::Method;
pub use name::Name;
pub use reliable::Rack;
pub use status::Status;
pub use transport::{ConnectionId, Flow, Transmit, Transport};
pub use uri::{Host, Scheme, Uri, UriBuf};
pub use validate::{Fault, validate};
pub use via::Via;
pub use writer::Writer;
