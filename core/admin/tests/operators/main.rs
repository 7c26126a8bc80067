//! Operators at a real server on loopback: over gRPC, and over the command line that speaks it.

mod cli;
mod guard;
mod hostile;
mod house;
mod prompts;
mod recordings;
mod rooms;
mod services;
mod sounds;
mod tenancy;
mod watching;
mod words;
