//! RTP and RTCP relay: who may send to a port, where what came goes on to, and what is counted. Sans-IO.
//!
//! ```text
//! let port = relay.open(now);                     // a pair of sockets of ours, for one far end
//! relay.expect(port, Expectation { … });          // what signalling agreed on
//! relay.connect(a, b);
//! relay.handle(now, port, Kind::Rtp, from, bytes) → Some(Forward { port: b, to }) or nothing
//! relay.poll_silent(now)                          → ports whose far end has said nothing for too long
//! relay.close(port)                               → what was counted
//! ```
//!
//! No packet is copied, kept or changed here, and nothing is allocated for one. A packet from an address that is not
//! the far end's is counted and dropped, never relayed.

#![forbid(unsafe_code)]

pub mod codec;
mod conceal;
mod counts;
pub mod dtmf;
mod encoded;
pub mod hall;
mod jitter;
pub mod mixer;
mod ogg;
mod pace;
mod pcm;
mod pitch;
pub mod player;
mod port;
pub mod prompts;
pub mod quality;
mod rating;
pub mod record;
mod relay;
mod resample;
pub mod rtcp;
pub mod say;
pub mod sound;
mod source;
pub mod srtp;
mod stretch;
pub mod tone;
mod transcode;

pub use codec::{Codec, CodecError, Decoder, Encoder, OpusSettings, noise};
pub use conceal::Concealer;
pub use counts::Stats;
pub use encoded::{Track, TrackError};
pub use hall::Hall;
pub use jitter::{
    Arrival, Content, Due, Jitter, JitterConfig, JitterCounts, LONGEST_PAYLOAD, Playout, Slip, Taken, Urgency,
};
pub use pcm::{FRAME, Rate};
pub use player::Player;
pub use port::{Expectation, Identity};
pub use record::Recorder;
pub use relay::{Forward, Kind, Parted, PortKey, Relay};
pub use resample::Resampler;
pub use sound::Sound;
pub use transcode::{Crossing, Format, Heard, Hearing, Packetiser, Speaking, Unheard, Unspeakable, packet_time};
