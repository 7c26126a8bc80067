//! How a room mixes.

use crate::pcm::Rate;

/// How a room mixes.
#[derive(Debug, Clone, PartialEq)]
pub struct MixerConfig {
    /// In a room of more members than this, only the loudest few are heard.
    pub crowd: usize,
    /// How many those are.
    pub speakers: usize,
    /// The room's rate is never higher.
    pub max_rate: Rate,
    /// What is not louder is not added, in decibels below full scale (dBov).
    pub quiet: f32,
    /// For how many ticks a voice is still added after it became quiet, so that no word loses its end.
    pub hang_over: u8,
    /// Who is louder than this begins to speak, in dBov.
    pub speech: f32,
    /// Who is quieter than this ends, in dBov; less than [`speech`](Self::speech).
    pub pause: f32,
    /// For how many ticks he must be louder.
    pub speech_ticks: u8,
    /// For how many ticks he must be quieter.
    pub pause_ticks: u8,
}

impl Default for MixerConfig {
    fn default() -> Self {
        Self {
            crowd: 8,
            speakers: 5,
            max_rate: Rate::Full,
            quiet: -58.0,
            hang_over: 15,
            speech: -42.0,
            pause: -50.0,
            speech_ticks: 3,
            pause_ticks: 25,
        }
    }
}
