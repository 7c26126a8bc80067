//! Voicemail: a caller is greeted and recorded, and the owner of the mailbox listens.
//!
//! What is kept, and where, is the [`Keeper`]'s affair.

mod keeper;

pub use keeper::{
    Begun, Delivered, Draft, Entry, Happening, KeepFault, Keeper, List, Mailbox, Message, PinState, Wait,
};
