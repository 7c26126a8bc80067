//! Voicemail: a caller is greeted and recorded, and the owner of the mailbox listens.
//!
//! ```text
//! let voicemail = Voicemail::new(keeper, clock, Config::default());
//! voicemail.leave(&mut call, "101", Reason::Busy).await       // a caller, until his message is kept or he is put through
//! voicemail.listen(&mut call, Whose::Own).await               // an owner, until he has enough: Ok(how they parted)
//! voicemail.directory(&mut call).await                        // a caller finds whom he wants by name, and is put through
//! ```
//!
//! What is said is not lost. From [`Keeper::begin`] on, which comes before the tone, every message is delivered or discarded
//! before its caller's call is ended here: also when he hangs up, at any moment. Where the task itself is let go, or nothing
//! can be delivered, the message is given to [`Keeper::abandon`].
//!
//! Who guesses PINs is no faster by many calls, and does not learn which mailboxes there are: what there is not, and what
//! has no PIN, is as a wrong PIN (see `guard`).
//!
//! Nothing here sleeps, reads a clock or draws a number: waiting is the call's, time comes through the [`Clock`]. What is
//! kept, and where, is the [`Keeper`]'s affair.

mod caller;
mod dial;
mod dictate;
mod directory;
mod guard;
mod keeper;
mod leave;
mod listen;
mod prompts;
mod spell;
mod takes;
mod voicemail;

pub use keeper::{
    Begun, Delivered, Draft, Entry, Happening, KeepFault, Keeper, List, Mailbox, Message, PinState, Wait,
};
pub use takes::settle;
pub use voicemail::{Clock, Config, Parted, Voicemail, VoicemailError, Whose};
