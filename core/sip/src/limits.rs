//! How much of anything a peer may send.

/// Limits on one message. A message past one of them is refused whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes in a message.
    pub message: usize,
    /// Bytes in one header row, folds and all.
    pub header: usize,
    /// Header rows.
    pub headers: usize,
    /// Via values.
    pub vias: usize,
}

/// Parameters in one value; more make the value malformed.
pub(crate) const PARAMS: usize = 32;

impl Default for Limits {
    fn default() -> Self {
        Self { message: 64 * 1024, header: 8 * 1024, headers: 128, vias: 64 }
    }
}
