//! What comes to a port is decrypted, and what leaves it is encrypted (RFC 3711), in place.

use media::Kind;
use media::srtp::{MasterKey, Protect, RTCP_OVERHEAD, SrtpError, Suite, Unprotect};
use sdp::{Keying, Secured};

/// Sent with one packet, at most: larger ones are not of voice.
const LARGEST: usize = 4_096;

/// A port with keys.
#[derive(Debug)]
pub(super) struct Seal {
    keys: Secured,
    ours: Protect,
    theirs: Unprotect,
    /// A packet of our own making, while it is encrypted.
    packet: Box<[u8]>,
}

impl Seal {
    /// `None` where the keys are not as long as their suite wants.
    pub(super) fn new(keys: Secured) -> Option<Self> {
        let ours = Protect::new(&master(keys.suite, &keys.ours)?);
        let theirs = Unprotect::new(&master(keys.suite, &keys.theirs)?);
        Some(Self { keys, ours, theirs, packet: vec![0; LARGEST].into() })
    }

    /// After another agreement. Counters go on for as long as a key does: beginning anew would use a key stream twice
    /// (RFC 3711 §9.1).
    pub(super) fn follow(&mut self, keys: Secured) -> Option<()> {
        let other = keys.suite != self.keys.suite;
        if other || keys.ours != self.keys.ours {
            self.ours = Protect::new(&master(keys.suite, &keys.ours)?);
        }
        if other || keys.theirs != self.keys.theirs {
            self.theirs = Unprotect::new(&master(keys.suite, &keys.theirs)?);
        }
        self.keys = keys;
        Some(())
    }

    /// Decrypts what came; says how long it is now. What is not authentic stays as it came.
    pub(super) fn open(&mut self, kind: Kind, packet: &mut [u8]) -> Result<usize, SrtpError> {
        match Kind::of(kind, packet) {
            Kind::Rtp => self.theirs.rtp(packet),
            Kind::Rtcp => self.theirs.rtcp(packet),
        }
    }

    /// Encrypts the packet in the first `length` bytes; says how long it is now.
    pub(super) fn close(&mut self, kind: Kind, buffer: &mut [u8], length: usize) -> Result<usize, SrtpError> {
        match kind {
            Kind::Rtp => self.ours.rtp(buffer, length),
            Kind::Rtcp => self.ours.rtcp(buffer, length),
        }
    }

    /// A packet of our own making, encrypted.
    pub(super) fn say(&mut self, kind: Kind, packet: &[u8]) -> Option<&[u8]> {
        let length = packet.len();
        self.packet.get_mut(..length)?.copy_from_slice(packet);
        let length = match kind {
            Kind::Rtp => self.ours.rtp(&mut self.packet, length),
            Kind::Rtcp => self.ours.rtcp(&mut self.packet, length),
        };
        self.packet.get(..length.ok()?)
    }
}

/// The room that an encrypted packet may need beyond itself.
pub(super) const ROOM: usize = RTCP_OVERHEAD;

fn master(suite: sdp::Suite, keying: &Keying) -> Option<MasterKey> {
    let suite = match suite {
        sdp::Suite::AesCm128Sha1_80 => Suite::Aes128Sha1_80,
        sdp::Suite::AesCm128Sha1_32 => Suite::Aes128Sha1_32,
        sdp::Suite::AesCm256Sha1_80 => Suite::Aes256Sha1_80,
        sdp::Suite::AesCm256Sha1_32 => Suite::Aes256Sha1_32,
    };
    MasterKey::new(suite, keying.key(), keying.salt()).ok()
}
