//! The host's settings.

use std::path::PathBuf;
use std::time::Duration;

/// The host's settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where precompiled dialplans are kept; only what this host wrote there is loaded. `None`: nowhere.
    pub artefacts: Option<PathBuf>,
    /// How many calls dialplans may hold at once; 0: as many as the system's memory mappings allow.
    pub max_calls: u32,
    /// The most memory one guest may have, in bytes.
    pub max_memory: usize,
    /// How often a running guest lets others run.
    pub tick: Duration,
    /// How many ticks a guest may compute without asking the exchange for anything.
    pub ticks_at_once: u32,
    /// How many ticks a guest may compute in all.
    pub ticks_in_all: u32,
    /// How many times a guest may call the host.
    pub max_requests: u32,
    /// How many lines a guest may log.
    pub max_log_lines: u32,
    /// How long a line may be, in bytes.
    pub max_log_line: usize,
    /// The largest component that is taken, in bytes.
    pub max_component: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            artefacts: None,
            max_calls: 0,
            max_memory: 64 << 20,
            tick: Duration::from_millis(2),
            ticks_at_once: 50,
            ticks_in_all: 1_000,
            max_requests: 100_000,
            max_log_lines: 100,
            max_log_line: 1_000,
            max_component: 64 << 20,
        }
    }
}
