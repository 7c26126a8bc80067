//! x
#![allow(dead_code)]
mod carrier;
mod numbers;
mod shown;
pub use carrier::Form;
pub use numbers::{Dialled, Dialling, Kind, Unread};
