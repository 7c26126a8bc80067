//! Keys of a telephone, in the four ways they travel: as RTP events (RFC 4733), as SIP INFO, and as sound (ITU-T Q.23),
//! heard and sent.
//!
//! ```text
//! RFC 4733   receiver.handle(now, packet)   receiver.poll() → Began(5) … Ended(5, 120 ms)
//!            sender.send(digit, time)       sender.step(timestamp) → payload, timestamp, marker; every 20 ms
//! SIP INFO   info::read(content type, body) info::write(form, pressed)
//! in band    detector.handle(frame)         detector.poll() → Began, Ended
//!            generator.send(digit, time)    generator.fill(frame)
//! ```
//!
//! Every way gives a key twice: [`Heard::Began`] at first sight, so that a prompt can be cut short at once, and
//! [`Heard::Ended`] with its length. For each `Began` there is one `Ended`, and it comes before the next `Began`.

mod detector;
mod digit;
mod event;
mod generator;
pub mod info;
mod receiver;
mod sender;

use std::time::Duration;

pub use detector::Detector;
pub use digit::Digit;
pub use event::{Event, EventError};
pub use generator::Generator;
pub use receiver::{Arrival, Receiver};
pub use sender::{Departure, QueueFull, Sender};

/// No key is shorter on its way out: what a receiver must take (ITU-T Q.24).
pub const SHORTEST: Duration = Duration::from_millis(40);

/// A key that was pressed and let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pressed {
    /// Which.
    pub digit: Digit,
    /// How long it was held, as far as is known.
    pub duration: Duration,
}

/// What a receiver or a detector has to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// A key went down.
    Began(Digit),
    /// The key that went down last is up again.
    Ended(Pressed),
}
