//! Sound from files and into files: decoding, playing, recording.

mod decoding;
mod playing;
mod recording;
mod saying;
mod tools;
