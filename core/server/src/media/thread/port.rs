//! One port of a media thread.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use media::dtmf::{Digit, Event};
use media::mixer::MemberKey;
use media::{Kind, PortKey, Relay};
use rtp_types::RtpPacket;
use switch::{Bearing, MixerId, PortId, Voice};

use crate::media::keys::Keys;
use crate::media::ports::Pair;
use crate::media::seal::Seal;
use crate::media::studio::Studio;
use crate::media::tape::CallTape;
use crate::media::way::Way;

/// A phone that tells a key in two forms tells it in both within this time.
const TWIN: Duration = Duration::from_secs(2);

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
    /// It takes fax, and no sound.
    pub(super) fax: bool,
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
    /// Its packets go to this port through sound, whatever was agreed on: it speaks another codec than it said, or the
    /// other hears keys in its place. For as long as the two are parties of one call: a stream that came back after
    /// minutes, encrypted, would be taken for an old one (RFC 3711 §3.3.1).
    pub(super) apart: Option<PortKey>,
    /// The payload types that nobody agreed on and that are understood, a bit for each,
    strays: u128,
    /// and those of telephone events.
    event_types: u128,
    /// The last key that came as an event.
    pub(super) last_key: Option<(Digit, Instant)>,
    /// The last key that was pressed in its place.
    pub(super) pressed: Option<(Digit, Instant)>,
    /// It was told that a codec comes which nobody agreed on.
    pub(super) told_stray: bool,
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
            fax: false,
            voice: None,
            events: Vec::new(),
            keys: None,
            studio: None,
            tape: None,
            tapped: false,
            way: None,
            relayed: false,
            apart: None,
            strays: 0,
            event_types: 0,
            last_key: None,
            pressed: None,
            told_stray: false,
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
        let bit = |all, number: u8| all | 1 << (number & 0x7f);
        self.strays = voice.iter().flat_map(|voice| &voice.strays).fold(0, |all, (number, _)| bit(all, *number));
        self.event_types = self.events.iter().fold(0, |all, (number, _)| bit(all, *number));
        (self.apart, self.told_stray, self.told_unheard, self.voice) = (None, false, false, voice);
    }

    /// An RTP packet that is to be looked at though packets are passed on as they are: of a codec that was not agreed on,
    /// or a key.
    pub(super) fn is_notable(&self, packet: &[u8]) -> bool {
        packet.get(1).is_some_and(|second| (self.strays | self.event_types) & 1 << (second & 0x7f) != 0)
    }

    /// An RTP packet of a codec that was not agreed on.
    pub(super) fn is_stray(&self, packet: &[u8]) -> bool {
        packet.get(1).is_some_and(|second| self.strays & 1 << (second & 0x7f) != 0)
    }

    /// The key in an RTP packet of events is one that was pressed in its place just now: some phones tell each key in two
    /// forms, and mean one. Notes it else.
    pub(super) fn is_twin(&mut self, now: Instant, packet: &[u8]) -> bool {
        if packet.get(1).is_none_or(|second| self.event_types & 1 << (second & 0x7f) == 0) {
            return false;
        }
        let key = RtpPacket::parse(packet).ok().and_then(|packet| Event::read(packet.payload()).ok());
        let Some(digit) = key.map(|event| event.digit) else { return false };
        if just_now(self.pressed, digit, now) {
            return true;
        }
        self.last_key = Some((digit, now));
        false
    }

    /// Something is played to its far end.
    pub(super) fn is_busy(&self) -> bool {
        self.studio.as_ref().is_some_and(|studio| studio.mouth.busy)
    }
}

/// This key was noted not long ago.
pub(super) fn just_now(noted: Option<(Digit, Instant)>, digit: Digit, now: Instant) -> bool {
    noted.is_some_and(|(known, at)| known == digit && now.saturating_duration_since(at) < TWIN)
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
