//! One party of a call seen from us: a dialog, a negotiation and a media port. Arriving and calling legs are one type.
//!
//! | state | event | next | what is sent |
//! |---|---|---|---|
//! | Arriving | progress | Arriving | 1xx, and again every minute (§13.3.1.1) |
//! | Arriving | accept | Up (accepting) | 200, repeated until its ACK (§13.3.1.4) |
//! | Arriving | refuse | Releasing | 300–699 |
//! | Calling | 1xx | Ringing | - |
//! | Calling, Ringing | 2xx | Up | ACK |
//! | Calling, Ringing | cancel | Releasing | CANCEL (§9.1) |
//! | Up | hang up | Releasing | BYE; an accepting leg waits for its ACK first (§15) |
//!
//! Beside these stand smaller machines: what is said reliably before the 200 (`reliable`), early dialogs and their PRACKs
//! (`prack`), and how long the dialog stands (`expiry`).
//!
//! Offers and answers go through the leg, which sets its own keys in the place of the other leg's (`seal`).
//!
//! A leg knows nothing of calls, applications or the other leg.

mod arriving;
mod calling;
mod established;
mod expiry;
mod outside;
mod place;
mod prack;
mod reliable;
mod seal;

use std::time::{Duration, Instant};

use sdp::{Description, Negotiation, Origin};
use sip::transaction::{ClientKey, ServerKey};
use sip::{Dialog, Flow, Message, Status, UriBuf, Writer};

use crate::ids::{CallId, LegId};
use crate::keys::Keying;
use crate::media::{MediaPort, MediaStats};
use crate::policy::MediaPolicy;
use crate::record::{Direction, LegRecord, Via};
use crate::timers::{Timer, TimerKey};
use crate::trunk::KeyForm;
use crate::trunk::{Reliable, SessionTimer};
use crate::way::OnTrunk;
use crate::wire::Wire;
pub(crate) use expiry::too_short;
pub(crate) use prack::{EarlyDialog, Progress};
pub(crate) use seal::Seal;

use expiry::Expiry;
use reliable::Assured;

/// What we understand (RFC 3261 §20.5).
pub(crate) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, REGISTER, PRACK, UPDATE, SUBSCRIBE";
const SDP: &str = "application/sdp";

/// RFC 3261 §13.3.1.4: a 2xx is repeated at T1, doubling up to T2, for 64·T1.
const T1: Duration = Duration::from_millis(500);
const T2: Duration = Duration::from_secs(4);

/// One party of a call.
#[derive(Debug)]
pub(crate) struct Leg {
    pub(crate) id: LegId,
    pub(crate) call: CallId,
    pub(crate) direction: Direction,
    /// The user part or URI at the far end, for people.
    pub(crate) party: String,
    /// Where its signalling comes from and goes to.
    pub(crate) flow: Flow,
    pub(crate) sip_call_id: String,
    pub(crate) local_tag: String,
    pub(crate) state: LegState,
    pub(crate) negotiation: Negotiation,
    /// How its media is encrypted.
    pub(crate) seal: Seal,
    /// What its media may be.
    pub(crate) policy: MediaPolicy,
    /// It is offered also what its caller does not speak, who is to be answered by ourselves then.
    pub(crate) wide: bool,
    pub(crate) origin: Origin,
    pub(crate) port: Option<MediaPort>,
    pub(crate) stats: Option<MediaStats>,
    pub(crate) last_status: Option<u16>,
    /// How it tells its keys.
    pub(crate) keying: Keying,
    /// The user part of our Contact towards it.
    pub(crate) contact_user: String,
    /// The transaction of the INVITE that it arrived with.
    pub(crate) arrived_by: Option<ServerKey>,
    /// The trunk that it goes over.
    pub(crate) trunk: Option<Box<OnTrunk>>,
    /// Whether provisional answers are acknowledged (RFC 3262).
    pub(crate) reliable: Reliable,
    /// What is asked for and accepted of session timers (RFC 4028).
    pub(crate) session: SessionTimer,
    /// Fax (T.38) is carried to and from it.
    pub(crate) fax: bool,
    /// How long its dialog stands.
    pub(crate) expiry: Expiry,
    /// What is said reliably to it before its call is taken.
    pub(crate) assured: Assured,
    /// An UPDATE of the far end is not left without an answer for longer.
    pub(crate) deadline: Option<TimerKey>,
    /// The last INVITE of ours inside the dialog.
    pub(crate) asked: Option<ClientKey>,
}

/// Where a leg stands.
#[derive(Debug)]
pub(crate) enum LegState {
    Arriving(Arriving),
    Calling(Calling),
    Up(Box<Up>),
    Releasing,
}

/// An INVITE of the far end waits for our answer.
#[derive(Debug)]
pub(crate) struct Arriving {
    pub(crate) key: ServerKey,
    /// The INVITE as it came.
    pub(crate) invite: Vec<u8>,
    /// The last 1xx that was sent with a tag.
    progress: Option<Status>,
    /// The early answer that goes with it.
    early: Option<Vec<u8>>,
    repeat: Option<TimerKey>,
}

/// An INVITE of ours waits for an answer.
#[derive(Debug)]
pub(crate) struct Calling {
    /// What is called.
    pub(crate) uri: UriBuf,
    /// The Path of the binding (RFC 3327 §5.2): becomes the Route.
    pub(crate) route: Vec<String>,
    /// `None` until a media port is there and the INVITE is sent.
    pub(crate) sent: Option<Sent>,
    pub(crate) rang: bool,
    pub(crate) cancelled: bool,
    /// Those whose provisional answers are acknowledged, in the order of their first.
    pub(crate) early: Vec<EarlyDialog>,
}

#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) key: ClientKey,
    /// The INVITE as it was sent.
    pub(crate) invite: Vec<u8>,
}

/// Through.
#[derive(Debug)]
pub(crate) struct Up {
    pub(crate) dialog: Dialog,
    /// Our INVITE: a second 2xx of another fork is answered from it (§13.2.2.4).
    invite: Vec<u8>,
    /// A 2xx of ours waits for its ACK.
    pub(crate) accepting: Option<Accepting>,
    /// The ACK to the last 2xx, while a repeated 2xx may ask for it again.
    pub(crate) ack: Option<Vec<u8>>,
    /// An INVITE inside the dialog is under way.
    pub(crate) reinvite: Option<Reinvite>,
    /// A BYE waits for the ACK (§15: the callee's UA must not send BYE before it), with its Reason.
    pub(crate) bye: Option<Option<String>>,
}

/// A 2xx of ours that is repeated until its ACK.
#[derive(Debug)]
pub(crate) struct Accepting {
    bytes: Vec<u8>,
    interval: Duration,
    give_up: Instant,
    timer: Option<TimerKey>,
    /// The ACK must bring an answer: the 2xx carried our offer.
    pub(crate) expects_answer: bool,
}

/// An INVITE inside the dialog.
#[derive(Debug)]
pub(crate) enum Reinvite {
    /// The far end's, or an UPDATE with an offer: waits for our answer, which the other leg decides. Kept for the answer.
    Theirs { key: ServerKey, invite: Vec<u8> },
    /// Ours, carried from the other leg.
    Ours { had_offer: bool },
    /// Ours, for nobody else: the dialog is refreshed, with what was agreed.
    Refresh,
    /// Ours was answered with an offer: the ACK waits for the other leg's answer.
    AckDue,
}

impl Leg {
    /// The leg of an INVITE that came.
    pub(crate) fn arriving(
        call: CallId,
        key: ServerKey,
        invite: &Message<'_>,
        flow: Flow,
        party: String,
        seal: Seal,
        wire: &mut Wire,
    ) -> Self {
        Self {
            id: LegId::default(),
            call,
            direction: Direction::Arriving,
            party,
            flow,
            sip_call_id: invite.call_id().unwrap_or_default().to_owned(),
            local_tag: wire.mint.tag(),
            state: LegState::Arriving(Arriving {
                key,
                invite: invite.bytes().to_vec(),
                progress: None,
                early: None,
                repeat: None,
            }),
            negotiation: Negotiation::default(),
            seal,
            policy: MediaPolicy::default(),
            wide: false,
            origin: Origin { id: wire.mint.number() >> 2, version: 1 },
            port: None,
            stats: None,
            last_status: None,
            keying: Keying::default(),
            contact_user: invite.uri().ok().and_then(|uri| uri.user()).unwrap_or("strowger").to_owned(),
            arrived_by: Some(key),
            trunk: None,
            reliable: Reliable::Off,
            session: SessionTimer::passive(),
            fax: true,
            expiry: Expiry::default(),
            assured: Assured::new(invite),
            deadline: None,
            asked: None,
        }
    }

    /// A leg that will call this URI, by this route and flow. Nothing is sent yet.
    pub(crate) fn calling(
        call: CallId,
        party: String,
        (uri, route, flow): (UriBuf, Vec<String>, Flow),
        caller: &str,
        seal: Seal,
        wire: &mut Wire,
    ) -> Self {
        Self {
            id: LegId::default(),
            call,
            direction: Direction::Calling,
            party,
            flow,
            sip_call_id: wire.mint.call_id(),
            local_tag: wire.mint.tag(),
            state: LegState::Calling(Calling {
                uri,
                route,
                sent: None,
                rang: false,
                cancelled: false,
                early: Vec::new(),
            }),
            negotiation: Negotiation::default(),
            seal,
            policy: MediaPolicy::default(),
            wide: false,
            origin: Origin { id: wire.mint.number() >> 2, version: 1 },
            port: None,
            stats: None,
            last_status: None,
            keying: Keying::default(),
            contact_user: caller.to_owned(),
            arrived_by: None,
            trunk: None,
            reliable: Reliable::Off,
            session: SessionTimer::passive(),
            fax: true,
            expiry: Expiry::default(),
            assured: Assured::default(),
            deadline: None,
            asked: None,
        }
    }

    /// What the CDR says of it.
    pub(crate) fn record(&self) -> LegRecord {
        LegRecord {
            direction: self.direction,
            party: self.party.clone(),
            sip_call_id: self.sip_call_id.clone(),
            gateway: self.trunk.as_deref().map(|on| Via { trunk: on.trunk.name.clone(), gateway: on.gateway_name() }),
            remote: self.flow.remote,
            status: self.last_status,
            media: self.stats,
        }
    }

    pub(crate) fn up(&mut self) -> Option<&mut Up> {
        match &mut self.state {
            LegState::Up(up) => Some(up),
            _ => None,
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        matches!(self.state, LegState::Up(_))
    }

    /// An INVITE is under way in either direction, or its 2xx has no ACK yet: another would be glare (RFC 3261 §14.1).
    pub(crate) fn is_negotiating(&self) -> bool {
        match &self.state {
            LegState::Up(up) => up.reinvite.is_some() || up.accepting.is_some() || self.assured.is_holding(),
            _ => true,
        }
    }

    /// Our own offer, for a caller with whom these are agreed.
    pub(crate) fn propose(&mut self, agreed: &[sdp::Codec], wire: &mut Wire) -> Option<Description> {
        let offer = self.offer_of_ours(agreed, wire).ok()?;
        self.origin.version += 1;
        Some(offer)
    }

    /// The description of the other leg as this leg is to see it: our address, our origin, the next version, the keys of
    /// this leg. An answer where an offer of the far end is open, else an offer.
    pub(crate) fn carry(&mut self, other: &Description, wire: &mut Wire) -> Option<Description> {
        let media = self.port?.address;
        let description = self.sealed(other.carried(&self.origin, media), wire);
        self.origin.version += 1;
        Some(description)
    }

    /// An offer of the other leg as this leg is to see it: what both may use, in the order of this leg's policy, else of the
    /// other's, else as it came. `None` where no voice is left.
    pub(crate) fn carry_offer(
        &mut self,
        offer: &Description,
        of: &MediaPolicy,
        wire: &mut Wire,
    ) -> Option<Description> {
        if offer.fax().is_some() && !self.carries_fax() {
            return None;
        }
        let mut chosen = offer.clone();
        for order in [&of.codecs, &self.policy.codecs].into_iter().flatten() {
            chosen = chosen.chosen(|codec| order.place(codec))?;
        }
        self.carry(&chosen, wire)
    }

    /// A description of ours with the transport and the keys of this leg.
    fn sealed(&mut self, description: Description, wire: &mut Wire) -> Description {
        // Keys are to be told in another form there.
        let description = if self.key_form() != KeyForm::Auto { description.without_events() } else { description };
        match self.negotiation.remote_offer().map(Description::audio) {
            Some(offer) => self.seal.on_answer(description, offer),
            None => {
                let theirs = self.negotiation.remote().and_then(Description::audio);
                self.seal.on_offer(description, theirs, &mut wire.mint)
            }
        }
    }

    /// Fax may go to it and come from it. It cannot be encrypted.
    pub(crate) fn carries_fax(&self) -> bool {
        self.fax && self.seal.secrecy() != sdp::Secrecy::Required
    }

    /// Fax was agreed on in place of the sound.
    pub(crate) fn is_faxing(&self) -> bool {
        self.negotiation.remote().is_some_and(|remote| remote.fax().is_some())
    }

    /// They offer. What cannot be answered with the encryption that is wanted is refused, and nothing has changed.
    pub(crate) fn offer_came(&mut self, offer: Description, wire: &mut Wire) -> Result<(), sdp::Error> {
        if offer.fax().is_some() && !self.carries_fax() {
            return Err(sdp::Error::NoCodec);
        }
        if self.negotiation.phase() == sdp::Phase::Stable {
            self.seal.offer_came(offer.audio(), &mut wire.mint)?;
        }
        self.negotiation.handle_remote_offer(offer)
    }

    /// They answer.
    pub(crate) fn answer_came(&mut self, answer: Description) -> Result<(), sdp::Error> {
        if self.negotiation.phase() == sdp::Phase::HaveLocalOffer {
            self.seal.answer_came(answer.audio())?;
        }
        self.negotiation.handle_remote_answer(answer)
    }

    /// They answer before they take the call: the negotiation waits for the final answer.
    pub(crate) fn early_answer_came(&mut self, answer: &Description) -> Result<(), sdp::Error> {
        self.seal.answer_came(answer.audio())
    }

    /// We answer.
    pub(crate) fn answer(&mut self, answer: Description) -> Result<(), sdp::Error> {
        self.negotiation.local_answer(answer)?;
        self.seal.answered();
        Ok(())
    }
}

/// What became of a repeated 2xx.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepted {
    /// It was sent again, or is no longer of interest.
    Waiting,
    /// 64·T1 passed without an ACK: the dialog stands, but must be ended (§13.3.1.4).
    Never,
}

impl Accepting {
    fn new(bytes: Vec<u8>, expects_answer: bool, leg: LegId, wire: &mut Wire) -> Self {
        let timer = Some(wire.arm(T1, Timer::Accepting(leg)));
        Self { bytes, interval: T1, give_up: wire.now + 64 * T1, timer, expects_answer }
    }
}

fn clocks(audio: &sdp::Audio) -> Vec<(u8, u32)> {
    audio.codecs.iter().map(|codec| (codec.payload, codec.clock)).collect()
}

/// With an SDP body or with none.
fn finish(writer: Writer, body: Option<&[u8]>) -> Vec<u8> {
    match body {
        Some(body) => writer.body(SDP, body),
        None => writer.finish(),
    }
}
