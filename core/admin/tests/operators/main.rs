//! Operators at a real server on loopback: over gRPC, and over the command line that speaks it.

mod carriers;
mod cli;
mod guard;
mod hostile;
mod house;
mod numbers;
mod odd;
mod prompts;
mod recordings;
mod rooms;
mod routes;
mod services;
mod sounds;
mod spending;
mod tenancy;
mod trunks;
mod voicemail;
mod watching;
mod words;
