//! Callers and owners of mailboxes, in virtual time: voicemail over the real exchange.

mod door;
mod house;
mod kept;
mod leaving;
mod listening;
mod losing;
mod names;
mod operators;
mod owning;
mod sending;
