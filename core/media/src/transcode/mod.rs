//! From packets to sound and from sound to packets: two halves that make a transcoder when put together.
//!
//! ```text
//! RTP of A ─► Hearing (jitter buffer, decoder, concealment) ─► 20 ms of sound ─► Speaking (encoder, RTP) ─► RTP to B
//! RTP of A ─► Crossing (another payload type, the other law of G.711) ─► RTP to B, packet for packet
//! ```

mod crossing;
mod hearing;
mod packetiser;
mod speaking;

pub use crossing::Crossing;
pub use hearing::{Format, Heard, Hearing, Unheard};
pub use packetiser::Packetiser;
pub use speaking::packet_time;
pub use speaking::{Speaking, Unspeakable};
