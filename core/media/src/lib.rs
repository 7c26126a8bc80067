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
<<<<<<< HEAD
pub mod dtmf;
mod encoded;
pub mod mixer;
mod ogg;
mod pcm;
pub mod player;
=======
mod jitter;
mod pcm;
mod pitch;
>>>>>>> 9d1d1db (media: codecs, resampling, jitter buffer, concealment, and the two halves of a transcoder)
mod port;
pub mod prompts;
pub mod quality;
pub mod record;
mod relay;
<<<<<<< HEAD
pub mod rtcp;
pub mod say;
pub mod sound;
mod source;
pub mod tone;
=======
mod resample;
mod source;
mod stretch;
mod transcode;
>>>>>>> 9d1d1db (media: codecs, resampling, jitter buffer, concealment, and the two halves of a transcoder)

pub use codec::{Codec, CodecError, Decoder, Encoder, OpusSettings};
pub use conceal::Concealer;
pub use counts::Stats;
<<<<<<< HEAD
pub use encoded::{Encode, Track, TrackError};
=======
pub use jitter::{
    Arrival, Content, Due, Jitter, JitterConfig, JitterCounts, LONGEST_PAYLOAD, Playout, Slip, Taken, Urgency,
};
>>>>>>> 9d1d1db (media: codecs, resampling, jitter buffer, concealment, and the two halves of a transcoder)
pub use pcm::{FRAME, Rate};
pub use player::Player;
pub use port::Expectation;
pub use record::Recorder;
pub use relay::{Forward, Kind, PortKey, Relay};
<<<<<<< HEAD
pub use sound::Sound;
=======
pub use resample::Resampler;
pub use transcode::{Crossing, Format, Heard, Hearing, Packetiser, Speaking, Unheard, Unspeakable};
>>>>>>> 9d1d1db (media: codecs, resampling, jitter buffer, concealment, and the two halves of a transcoder)
