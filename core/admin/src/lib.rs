//! The contract for operators: the gRPC services of `strowger.admin.v1`, and the command line that speaks them.
//!
//! ```text
//! serve(listener, store, live, token_hash, shutdown).await      in the server
//! cli::run(command, &connection).await                          in the command line
//! ```
//!
//! It translates and decides nothing: what is kept is asked of [`store`], what only the running exchange knows of
//! [`Live`], which the server implements; [`Board`] does the greater part of it. Everything is bound to a tenant. The
//! only crate that knows tonic.

mod auth;
mod board;
mod call;
mod cdr;
pub mod cli;
mod desk;
mod dialplan;
mod gateway;
mod limit;
mod live;
mod media;
mod number;
mod outside;
mod prompt;
mod recording;
mod registration;
mod room;
mod route;
mod serve;
mod sound;
mod tenant;
mod trunk;
mod user;
mod violations;
mod voicemail;
mod words;

pub use auth::TokenHash;
pub use board::Board;
pub use live::{
    CallState, Change, Explained, ExplainedWay, Happening, Live, LiveCall, MailboxEvent, MailboxHappening,
    NotForwarded, NotHeard, NotKept, NotRates, NotRemoved, NotTaken, Pending, PromptBytes, PromptPage, PromptView,
    PromptsWanted, RateFault, ReadRates, RecordingBytes, RoomHappening, RoomHeard, RoomNews, TakenAudio,
    TrunkHappening, Unready,
};
pub use serve::{Error, serve};

/// The messages, services and clients made from `proto/strowger/admin/v1`.
#[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, rustdoc::all)]
pub mod v1 {
    tonic::include_proto!("strowger.admin.v1");

    /// The compiled proto files with their comments, for reflection.
    pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/strowger.admin.v1.bin"));
}
