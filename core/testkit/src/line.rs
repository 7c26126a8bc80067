//! One call as a phone sees it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::phone::Outcome;
use crate::text::Heard;

pub(crate) const T1: Duration = Duration::from_millis(500);
pub(crate) const T2: Duration = Duration::from_secs(4);

/// Where a phone's call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineState {
    /// Our INVITE waits.
    Calling,
    /// Theirs waits for us.
    Ringing,
    Up,
    Ended,
}

#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) call_id: String,
    pub(crate) local: String,
    pub(crate) remote: String,
    pub(crate) target: String,
    pub(crate) cseq: u32,
    /// The INVITE that came, or none when we call.
    pub(crate) invite: Option<Heard>,
    /// The CSeq number of the last INVITE of ours.
    pub(crate) invite_cseq: u32,
    pub(crate) state: LineState,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) rang: bool,
    pub(crate) local_media: SocketAddr,
    pub(crate) remote_media: Option<SocketAddr>,
    pub(crate) sdp_version: u32,
    pub(crate) hold: bool,
    /// The Reason of the CANCEL or BYE that ended it.
    pub(crate) reason: String,
    /// A 2xx of ours that waits for its ACK.
    pub(crate) accepted: Option<Repeated>,
    /// The ACK for the last 2xx of theirs.
    pub(crate) ack: Vec<u8>,
    pub(crate) user: String,
    /// The last INVITE of ours carried no offer: its ACK carries the answer.
    pub(crate) answers_in_ack: bool,
    /// A provisional answer of ours that waits for its PRACK.
    pub(crate) assured: Option<Repeated>,
    /// The number of the last one, of whichever side.
    pub(crate) rseq: u32,
    /// There was a description in one.
    pub(crate) described: bool,
    /// It is answered after the PRACK.
    pub(crate) answer_waits: bool,
    /// Its descriptions have a second line, for fax.
    pub(crate) two_lines: bool,
    /// How the last UPDATE came out.
    pub(crate) updated: Option<u16>,
    /// How the last re-INVITE came out.
    pub(crate) reinvited: Option<u16>,
}

/// Something that is sent until it is answered.
#[derive(Debug)]
pub(crate) struct Repeated {
    pub(crate) bytes: Vec<u8>,
    pub(crate) due: Instant,
    pub(crate) interval: Duration,
    pub(crate) until: Instant,
}

impl Repeated {
    pub(crate) fn new(now: Instant, bytes: Vec<u8>) -> Self {
        Self { bytes, due: now + T1, interval: T1, until: now + 64 * T1 }
    }
}
