//! One port of a media thread.

use std::net::UdpSocket;
use std::time::Instant;

use media::mixer::MemberKey;
use media::{Kind, PortKey, Relay};
use switch::{Bearing, MixerId, PortId, Voice};

use crate::media::keys::Keys;
use crate::media::ports::Pair;
use crate::media::seal::Seal;
use crate::media::studio::Studio;
use crate::media::tape::CallTape;
use crate::media::way::Way;

/// What a port is to a mixer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Membership {
    pub(super) mixer: MixerId,
    pub(super) bearing: Bearing,
    /// Its place there; `None` while it has no voice.
    pub(super) member: Option<MemberKey>,
}

pub(super) struct Port {
    pub(super) id: PortId,
    pub(super) pair: Pair,
    /// Its keys; `None`: plain RTP.
    pub(super) seal: Option<Box<Seal>>,
    /// How it can be heard and spoken to.
    pub(super) voice: Option<Voice>,
    /// Payload types of keys that may come, with their clocks in Hz.
    pub(super) events: Vec<(u8, u32)>,
    pub(super) keys: Option<Box<Keys>>,
    pub(super) studio: Option<Box<Studio>>,
    /// The recording of the call, at the caller's port.
    pub(super) tape: Option<Box<CallTape>>,
    /// What its far end says goes into the recording of a call.
    pub(super) tapped: bool,
    /// How its packets get to the port it is connected to; `None`: as they are.
    pub(super) way: Option<Way>,
    /// It is connected, to a port that plays nothing.
    pub(super) relayed: bool,
    /// Its packets go through sound, whatever was agreed on: it speaks another codec than it said, or the other port hears
    /// keys in its place.
    pub(super) apart: bool,
    /// The payload types that nobody agreed on and that are understood, a bit for each.
    strays: u128,
    /// It was told that packets come which nobody understands.
    pub(super) told_unheard: bool,
    pub(super) membership: Option<Membership>,
}

impl Port {
    pub(super) fn new(id: PortId, pair: Pair) -> Self {
        Self {
            id,
            pair,
            seal: None,
            voice: None,
            events: Vec::new(),
            keys: None,
            studio: None,
            tape: None,
            tapped: false,
            way: None,
            relayed: false,
            apart: false,
            strays: 0,
            told_unheard: false,
            membership: None,
        }
    }

    /// Its packets are relayed as they are, and nobody else hears them.
    pub(super) fn is_plain(&self) -> bool {
        self.relayed && self.studio.is_none() && self.way.is_none()
    }

    /// From now on its far end is heard so.
    pub(super) fn set_voice(&mut self, voice: Option<Voice>) {
        let strays = voice.iter().flat_map(|voice| &voice.strays);
        self.strays = strays.fold(0, |all, (number, _)| all | 1 << (number & 0x7f));
        (self.apart, self.told_unheard, self.voice) = (false, false, voice);
    }

    /// An RTP packet of a codec that was not agreed on.
    pub(super) fn is_stray(&self, packet: &[u8]) -> bool {
        packet.get(1).is_some_and(|second| self.strays & 1 << (second & 0x7f) != 0)
    }

    /// Something is played to its far end.
    pub(super) fn is_busy(&self) -> bool {
        self.studio.as_ref().is_some_and(|studio| studio.mouth.busy)
    }
}

impl Pair {
    pub(super) const fn socket(&self, kind: Kind) -> &UdpSocket {
        match kind {
            Kind::Rtp => &self.rtp,
            Kind::Rtcp => &self.rtcp,
        }
    }

    /// Sends an RTP packet of ours to the far end, where it takes one.
    pub(super) fn send(
        &self,
        now: Instant,
        seal: &mut Option<Box<Seal>>,
        relay: &mut Relay,
        port: PortKey,
        packet: &[u8],
    ) -> bool {
        let Some(to) = relay.speak(now, port, packet) else { return false };
        let packet = match seal {
            None => Some(packet),
            Some(seal) => seal.say(Kind::Rtp, packet),
        };
        packet.is_some_and(|packet| self.rtp.send_to(packet, to).is_ok())
    }
}
