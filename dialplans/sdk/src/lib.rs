//! What a dialplan in Rust needs: the words of the contract, and one macro.
//!
//! ```ignore
//! use strowger_dialplan::{Call, Error, Order, Target};
//!
//! fn handle(call: &Call) -> Result<(), Error> {
//!     call.dial(&[Target::User("alice".into())], Order::AtOnce, 30_000)?;
//!     Ok(())
//! }
//!
//! strowger_dialplan::dialplan!(handle);
//! ```

#[allow(missing_docs)]
#[doc(hidden)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "dialplan",
        pub_export_macro: true,
        default_bindings_module: "strowger_dialplan::bindings",
        export_macro_name: "export",
    });
}

mod call;
mod error;
#[cfg(target_arch = "wasm32")]
mod memory;
mod menu;
mod number;
mod read;
mod record;
mod room;
mod sound;

pub use bindings::strowger::dialplan::audio::{Digits, Ended, Recorded, RecordingFormat, RecordingLayout, Sound, Tone};
pub use bindings::strowger::dialplan::numbers::{Class, EarlyMedia, Number, Outcome};
pub use bindings::strowger::dialplan::rooms::{Left, Member, Role, RoomError, Wish};
pub use bindings::strowger::dialplan::types::{DialOutcome, Ending, Order, Party, Side, Target};
pub use bindings::strowger::dialplan::voicemail::{Parted, Reason, VoicemailError, Waiting, Whose};
pub use bindings::strowger::dialplan::{clock, directory, log, numbers, rooms, values, voicemail};
#[doc(hidden)]
pub use bindings::{Guest, export};
pub use call::Call;
pub use error::Error;
pub use menu::{Choice, Menu};
pub use number::Way;
pub use read::ReadDigits;
pub use record::{CallRecording, Record};
pub use room::Room;
pub use sound::{prompt, silence, tone};

#[doc(hidden)]
pub mod __private {
    pub use crate::bindings;
    pub use crate::bindings::strowger::dialplan::call::Call as RawCall;

    /// A panic's text is lost where nothing can be printed: it goes to the log.
    pub fn tell_panics() {
        std::panic::set_hook(Box::new(|panic| {
            crate::log::write(crate::log::Level::Error, &format!("panic: {panic}"));
        }));
    }

    /// A guest that ends because its caller hung up has ended normally.
    pub fn settle(result: Result<(), crate::Error>) -> Result<(), String> {
        match result {
            Ok(()) | Err(crate::Error::HungUp(_)) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Makes a dialplan of a function `fn(&Call) -> Result<(), Error>`.
#[macro_export]
macro_rules! dialplan {
    ($handle:path) => {
        struct Dialplan;

        impl $crate::Guest for Dialplan {
            fn handle(call: &$crate::__private::RawCall) -> Result<(), String> {
                $crate::__private::tell_panics();
                $crate::__private::settle($handle(&$crate::Call::of(call)))
            }
        }

        $crate::export!(Dialplan with_types_in $crate::__private::bindings);
    };
}

/// Writes a line of level debug: the place for names and numbers, which an operator's log should not hold.
pub fn debug(line: &str) {
    log::write(log::Level::Debug, line);
}

/// Writes a line of level warn.
pub fn warn(line: &str) {
    log::write(log::Level::Warn, line);
}

/// Writes a line of level info.
pub fn info(line: &str) {
    log::write(log::Level::Info, line);
}
