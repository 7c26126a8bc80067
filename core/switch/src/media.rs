//! What the exchange says to the media engine, and hears from it. RTP itself never comes up here.

use std::net::SocketAddr;
use std::time::Duration;

use media::{Codec, Format};

use crate::audio::{AudioError, Digit, RecordingFormat, RecordingLayout, Sound};
use crate::ids::{PortId, TenantId};
use crate::room::{Bearing, MixerId};

/// A pair of ports that the media engine has set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaPort {
    /// Its name.
    pub id: PortId,
    /// The address for `c=` and `m=`; RTCP is on the next port.
    pub address: SocketAddr,
}

/// What is played or recorded on a port or in a mixer, so that an answer finds who waits for it. Minted by the exchange, for
/// one port, or for one mixer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SoundId(pub u32);

/// How the exchange hears and speaks on a port itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voice {
    /// What it speaks.
    pub codec: Codec,
    /// Under which payload type.
    pub send: u8,
    /// What may come, by payload type: the same codec and others, comfort noise, telephone events.
    pub formats: Vec<(u8, Format)>,
    /// What nobody agreed on and is understood all the same: a far end may go from one codec to another without a word.
    pub strays: Vec<(u8, Format)>,
    /// How much sound a packet to it holds.
    pub ptime: Duration,
    /// How much sound a packet from it holds, as it was asked.
    pub comes: Duration,
    /// The payload type and clock in Hz under which it takes keys (RFC 4733); `None` where it takes none.
    pub events: Option<(u8, u32)>,
    /// Keys are told to it by SIP INFO: none is put into what it hears. Instead [`MediaEvent::Tell`] says which was pressed.
    pub informed: bool,
    /// The payload type under which it takes comfort noise (RFC 3389); `None` where it takes none.
    pub noise: Option<u8>,
}

impl Voice {
    /// All that is understood, by payload type.
    #[must_use]
    pub fn hearable(&self) -> Vec<(u8, Format)> {
        self.formats.iter().chain(&self.strays).copied().collect()
    }
}

/// An order to the media engine. Orders for one port are carried out in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaCommand {
    /// What was negotiated for this port. Sent again when a new offer/answer changes it; the source is then learnt anew.
    Expect {
        /// Which port.
        port: PortId,
        /// Where the peer said it receives RTP. Unspecified address (`0.0.0.0`, `::`) or port 0: send nothing.
        remote: SocketAddr,
        /// Where the peer said it receives RTCP (RFC 3605); `None` for the next port.
        rtcp: Option<SocketAddr>,
        /// RTP and RTCP on one port (RFC 5761).
        mux: bool,
        /// The IP address that the peer's signalling came from: behind a NAT, media may come from there.
        signalling: std::net::IpAddr,
        /// The payload types that may come, each with its RTP clock in Hz. Empty: any, and jitter is not measured.
        clocks: Vec<(u8, u32)>,
        /// How the exchange itself can be heard there, and hear; `None` where the two have no codec in common: such a
        /// port can be relayed and no more.
        voice: Option<Voice>,
        /// What packets from and to it are encrypted with (RFC 3711); `None` for plain RTP. `Debug` does not show them.
        keys: Option<Box<sdp::Secured>>,
    },
    /// The same where fax was agreed on in place of sound: UDPTL (ITU-T T.38), which passes to a port that takes fax too, as
    /// it is. Nothing is decoded, played, kept or encrypted there, until the next [`Expect`](Self::Expect).
    Fax {
        /// Which port.
        port: PortId,
        /// Where the peer said it receives UDPTL. Unspecified address or port 0: send nothing.
        remote: SocketAddr,
        /// The IP address that the peer's signalling came from.
        signalling: std::net::IpAddr,
    },
    /// Let two ports hear each other, both ways: relayed packet by packet where both ends understand the same, else decoded
    /// and encoded. Ends whatever was played to either.
    Connect {
        /// One.
        a: PortId,
        /// The other.
        b: PortId,
    },
    /// Stop relaying from and to this port.
    Disconnect {
        /// Which port.
        port: PortId,
    },
    /// Say so when nothing was received for so long; `None` while the peer may rightly be silent (hold).
    Watch {
        /// Which port.
        port: PortId,
        /// The longest silence.
        silence: Option<Duration>,
    },
    /// This port is a member of a mixer from now on, and connected to nobody: the mixer is made for the first. Said again
    /// for the same mixer: how it bears itself there has changed.
    Join {
        /// Which port.
        port: PortId,
        /// Of which mixer.
        mixer: MixerId,
        /// Whose.
        tenant: TenantId,
        /// How it is there.
        bearing: Bearing,
    },
    /// It is a member no more. The mixer goes with its last member, and so do its announcements and its recording.
    Leave {
        /// Which port.
        port: PortId,
    },
    /// Play this to all of a mixer, after what is announced there already; where too much waits, it is left out. A mixer
    /// that is not there does nothing.
    Announce {
        /// Which.
        mixer: MixerId,
        /// Its name.
        id: SoundId,
        /// Whose prompts and recordings.
        tenant: TenantId,
        /// What, one after the other.
        sounds: Vec<Sound>,
        /// In which language; the tenant's when `None`.
        language: Option<String>,
    },
    /// Keep what is said in a mixer, in place of what is kept of it. Answered by [`MediaEvent::RoomRecorded`], once.
    RecordRoom {
        /// Which.
        mixer: MixerId,
        /// Its name in the answer.
        id: SoundId,
        /// Whose.
        tenant: TenantId,
        /// Under which name; in place of what had it.
        name: String,
        /// The longest time.
        limit: Duration,
        /// Which kind of file.
        format: RecordingFormat,
    },
    /// Nothing more is kept, until it goes on.
    PauseRoom {
        /// Of which mixer.
        mixer: MixerId,
        /// Pause, or go on.
        on: bool,
    },
    /// End the recording of a mixer.
    EnoughRoom {
        /// Which.
        mixer: MixerId,
    },
    /// Play this to the far end of a port, in place of what is played there. Answered by [`MediaEvent::Played`], but for
    /// what was replaced or stopped. To a member of a mixer it is whispered over what it hears there.
    Play {
        /// Which port.
        port: PortId,
        /// Its name in the answer.
        id: SoundId,
        /// Whose prompts and recordings.
        tenant: TenantId,
        /// What, one after the other.
        sounds: Vec<Sound>,
        /// In which language; the tenant's when `None`.
        language: Option<String>,
        /// Over and over.
        forever: bool,
    },
    /// Play nothing more there.
    Hush {
        /// Which port.
        port: PortId,
    },
    /// Give the far end of a port back what it says.
    Echo {
        /// Which port.
        port: PortId,
        /// Begin, or end.
        on: bool,
    },
    /// Let the far end of a port hear a key, in the form that it takes, as if whom it is connected to had pressed it. Where
    /// it is connected to nobody, or something is played to it, nothing is heard.
    Press {
        /// Which port.
        port: PortId,
        /// The key.
        digit: Digit,
        /// For how long it is pressed.
        time: Duration,
    },
    /// Keep what the far end of a port says. Answered by [`MediaEvent::Recorded`], once.
    Record {
        /// Which port.
        port: PortId,
        /// Its name in the answer.
        id: SoundId,
        /// Whose.
        tenant: TenantId,
        /// Under which name; in place of what had it.
        name: String,
        /// The longest time.
        limit: Duration,
        /// Silence of this time ends it.
        silence: Option<Duration>,
    },
    /// End the recording there.
    Enough {
        /// Which port.
        port: PortId,
    },
    /// Record a call as a whole: what the far end of this port says, and of the port that [`Tap`](Self::Tap) names. Beside
    /// whatever else happens there. Answered by [`MediaEvent::Recorded`], once.
    RecordCall {
        /// The caller's port; the recording lives and moves with it.
        port: PortId,
        /// Its name in the answer.
        id: SoundId,
        /// Whose.
        tenant: TenantId,
        /// Under which name; in place of what had it.
        name: String,
        /// Which kind of file.
        format: RecordingFormat,
        /// What becomes of the sides.
        layout: RecordingLayout,
        /// Both hear a short tone at the beginning and every 15 seconds.
        beep: bool,
    },
    /// Whom the recording of a call hears from now on.
    Tap {
        /// The caller's port.
        port: PortId,
        /// The caller.
        near: bool,
        /// Who talks with him.
        far: Option<PortId>,
    },
    /// Let the recording of a call stand still, or go on.
    PauseCall {
        /// The caller's port.
        port: PortId,
        /// Stand still.
        on: bool,
    },
    /// End the recording of a call.
    EnoughCall {
        /// The caller's port.
        port: PortId,
    },
    /// Give the port back. Answered by [`MediaEvent::Closed`].
    Close {
        /// Which port.
        port: PortId,
    },
}

/// News from the media engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaEvent {
    /// Nothing was received for the time that `Watch` gave. Said once.
    Silent {
        /// Which port.
        port: PortId,
    },
    /// The engine lost what it had there: nothing is heard at this port any more. It is to be closed as any other.
    Broken {
        /// Which port.
        port: PortId,
    },
    /// What was to be played is over, or could not be.
    Played {
        /// Which port.
        port: PortId,
        /// What.
        id: SoundId,
        /// Why it was not played whole.
        fault: Option<AudioError>,
    },
    /// What was to be recorded is on the disk, or could not be.
    Recorded {
        /// Which port.
        port: PortId,
        /// What.
        id: SoundId,
        /// How long it is.
        length: Duration,
        /// How many bytes its file has; 0: there is none.
        bytes: u64,
        /// Why it is not what it should be.
        fault: Option<AudioError>,
    },
    /// The far end pressed a key; said when it goes down. Only where a [`Voice`] is known.
    Key {
        /// Which port.
        port: PortId,
        /// Which key.
        digit: Digit,
    },
    /// The far end of this port is [`informed`](Voice::informed), and whom it is connected to has pressed a key: said when
    /// that is over.
    Tell {
        /// Which port is to be told.
        port: PortId,
        /// Of which key.
        digit: Digit,
        /// For how long it was pressed.
        time: Duration,
    },
    /// The far end of a member of a mixer speaks, or does no longer. Its end is not told when it leaves.
    Speaking {
        /// Which port.
        port: PortId,
        /// Whether it does.
        speaks: bool,
    },
    /// What was recorded of a mixer is on the disk, or could not be.
    RoomRecorded {
        /// Which.
        mixer: MixerId,
        /// What.
        id: SoundId,
        /// Its name in the tenant.
        name: String,
        /// How long it is.
        length: Duration,
        /// How many bytes its file has; 0: there is none.
        bytes: u64,
        /// Why it is not what it should be.
        fault: Option<AudioError>,
    },
    /// The port is given back, and this is what went through it.
    Closed {
        /// Which port.
        port: PortId,
        /// What was counted.
        stats: MediaStats,
    },
}

/// What went through one port, counted by ourselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MediaStats {
    /// RTP packets received and accepted, and datagrams of fax.
    pub packets_in: u64,
    /// Their bytes, with RTP headers.
    pub bytes_in: u64,
    /// RTP packets sent, and datagrams of fax.
    pub packets_out: u64,
    /// Their bytes, with RTP headers.
    pub bytes_out: u64,
    /// RTP packets that never came, by sequence numbers (RFC 3550 §A.3).
    pub lost: u64,
    /// Interarrival jitter in microseconds (RFC 3550 §A.8); `None` when nothing was measured.
    pub jitter_us: Option<u32>,
    /// The mean round trip between here and the far end in microseconds (RFC 3550 §6.4.1); `None` until RTCP told it.
    pub rtt_us: Option<u32>,
    /// Packets sent from here that never arrived, as the far end reports; `None` when it did not.
    pub far_lost: Option<u64>,
    /// Jitter in microseconds as the far end reports it, of the whole way from who speaks; `None` when it did not.
    pub far_jitter_us: Option<u32>,
    /// The rating R of the worse direction (ITU-T G.107) in tenths, 0 to 932; `None` where delay, loss or codec is unknown.
    pub r_factor: Option<u16>,
    /// The opinion score that it stands for, in hundredths, 100 to 441.
    pub mos: Option<u16>,
    /// Packets from an address that is not the peer's, or that are not RTP: dropped.
    pub dropped: u64,
}
