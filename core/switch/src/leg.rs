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
//! A leg knows nothing of calls, applications or the other leg.

use std::fmt::Display;
use std::time::{Duration, Instant};

use sdp::{Description, Negotiation, Origin};
use sip::transaction::{ClientKey, ServerKey};
use sip::{Dialog, Flow, Message, Method, Name, Status, Uri, UriBuf, Writer};

use crate::ids::{CallId, LegId};
use crate::media::{MediaCommand, MediaPort, MediaStats};
use crate::record::{Direction, LegRecord};
use crate::timers::{Timer, TimerKey};
use crate::wire::{Purpose, Wire};

/// What we understand (RFC 3261 §20.5).
pub(crate) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, REGISTER";
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
    pub(crate) origin: Origin,
    pub(crate) port: Option<MediaPort>,
    pub(crate) stats: Option<MediaStats>,
    pub(crate) last_status: Option<u16>,
    /// The user part of our Contact towards it.
    pub(crate) contact_user: String,
    /// The transaction of the INVITE that it arrived with.
    pub(crate) arrived_by: Option<ServerKey>,
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
    /// The far end's: waits for our answer, which the other leg decides. Its body is kept for the answer.
    Theirs { key: ServerKey, invite: Vec<u8> },
    /// Ours, carried from the other leg.
    Ours { had_offer: bool },
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
            origin: Origin { id: wire.mint.number() >> 2, version: 1 },
            port: None,
            stats: None,
            last_status: None,
            contact_user: invite.uri().ok().and_then(|uri| uri.user()).unwrap_or("strowger").to_owned(),
            arrived_by: Some(key),
        }
    }

    /// A leg that will call. Nothing is sent yet.
    pub(crate) fn calling(
        call: CallId,
        party: String,
        uri: UriBuf,
        route: Vec<String>,
        flow: Flow,
        caller: &str,
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
            state: LegState::Calling(Calling { uri, route, sent: None, rang: false, cancelled: false }),
            negotiation: Negotiation::default(),
            origin: Origin { id: wire.mint.number() >> 2, version: 1 },
            port: None,
            stats: None,
            last_status: None,
            contact_user: caller.to_owned(),
            arrived_by: None,
        }
    }

    /// What the CDR says of it.
    pub(crate) fn record(&self) -> LegRecord {
        LegRecord {
            direction: self.direction,
            party: self.party.clone(),
            sip_call_id: self.sip_call_id.clone(),
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
            LegState::Up(up) => up.reinvite.is_some() || up.accepting.is_some(),
            _ => true,
        }
    }

    /// The description of the other leg as this leg is to see it: our address, our origin, the next version.
    pub(crate) fn carry(&mut self, other: &Description) -> Option<Description> {
        let media = self.port?.address;
        let description = other.carried(&self.origin, media);
        self.origin.version += 1;
        Some(description)
    }

    // ---- what an arriving leg sends ----

    /// A provisional response with our tag, and with an early answer where there is one.
    pub(crate) fn progress(&mut self, status: Status, early: Option<Vec<u8>>, wire: &mut Wire) {
        let timer = Timer::Progress(self.id);
        let LegState::Arriving(arriving) = &mut self.state else { return };
        if early.is_none() && arriving.progress == Some(status) {
            return;
        }
        arriving.progress = Some(status);
        if early.is_some() {
            arriving.early = early;
        }
        wire.timers.cancel(&mut arriving.repeat);
        // §13.3.1.1: a proxy may cancel at three minutes without a 1xx; say it every minute.
        arriving.repeat = Some(wire.arm(Duration::from_secs(60), timer));
        self.send_progress(wire);
    }

    /// Sends the last 1xx again.
    pub(crate) fn repeat_progress(&mut self, wire: &mut Wire) {
        let timer = Timer::Progress(self.id);
        if let LegState::Arriving(arriving) = &mut self.state {
            arriving.repeat = Some(wire.arm(Duration::from_secs(60), timer));
            self.send_progress(wire);
        }
    }

    fn send_progress(&mut self, wire: &mut Wire) {
        let LegState::Arriving(arriving) = &self.state else { return };
        let Some(status) = arriving.progress else { return };
        let Some(writer) = self.reply(&arriving.invite, status, wire) else { return };
        let bytes = finish(writer, arriving.early.as_deref());
        wire.respond(arriving.key, status, bytes);
    }

    /// The early answer that the far end has seen in a 1xx.
    pub(crate) fn early_answer(&self) -> Option<&[u8]> {
        match &self.state {
            LegState::Arriving(arriving) => arriving.early.as_deref(),
            _ => None,
        }
    }

    /// Takes a new tag: the far end sees another early dialog, as if a proxy had forked (§12.1, §13.2.2.4). So a final
    /// answer may differ from an early one.
    pub(crate) fn retag(&mut self, wire: &mut Wire) {
        self.local_tag = wire.mint.tag();
    }

    /// 200 with this description: the dialog stands, the 2xx is repeated until its ACK.
    pub(crate) fn accept(&mut self, body: &[u8], expects_answer: bool, wire: &mut Wire) {
        let LegState::Arriving(arriving) = &mut self.state else { return };
        wire.timers.cancel(&mut arriving.repeat);
        let (key, invite) = (arriving.key, std::mem::take(&mut arriving.invite));
        let Ok(request) = sip::parse(&invite, &wire.config.limits) else { return };
        let Ok(dialog) = Dialog::from_request(&request, self.local_tag.clone(), self.flow) else {
            return self.refuse_with(key, &invite, Status::BAD_REQUEST, None, wire);
        };
        let Some(mut writer) = self.reply(&invite, Status::OK, wire) else { return };
        writer.header(Name::Allow, ALLOW);
        let bytes = writer.body(SDP, body);
        self.state = LegState::Up(Box::new(Up {
            dialog,
            invite: Vec::new(),
            accepting: Some(Accepting::new(bytes.clone(), expects_answer, self.id, wire)),
            ack: None,
            reinvite: None,
            bye: None,
        }));
        self.last_status = Some(200);
        wire.respond(key, Status::OK, bytes);
    }

    /// A final refusal.
    pub(crate) fn refuse(&mut self, status: Status, reason: Option<&str>, wire: &mut Wire) {
        let LegState::Arriving(arriving) = &mut self.state else { return };
        wire.timers.cancel(&mut arriving.repeat);
        let (key, invite) = (arriving.key, std::mem::take(&mut arriving.invite));
        self.refuse_with(key, &invite, status, reason, wire);
    }

    fn refuse_with(&mut self, key: ServerKey, invite: &[u8], status: Status, reason: Option<&str>, wire: &mut Wire) {
        self.last_status = Some(status.0);
        self.state = LegState::Releasing;
        let Ok(request) = sip::parse(invite, &wire.config.limits) else { return };
        let mut writer = Writer::reply(&request, status, Some(&self.local_tag), self.flow.remote);
        if let Some(reason) = reason {
            writer.reason(reason);
        }
        if status.0 == 503 {
            writer.header(Name::RetryAfter, wire.config.retry_after.as_secs());
        }
        writer.header(Name::Server, &wire.config.agent);
        wire.respond(key, status, writer.finish());
    }

    /// A dialog-forming response (§12.1.1): with Record-Route and Contact.
    fn reply(&self, request: &[u8], status: Status, wire: &Wire) -> Option<Writer> {
        let request = sip::parse(request, &wire.config.limits).ok()?;
        let mut writer = Writer::reply(&request, status, Some(&self.local_tag), self.flow.remote);
        writer.copy(&request, Name::RecordRoute);
        writer.header(Name::Contact, wire.contact(&self.flow, &self.contact_user));
        writer.header(Name::Server, &wire.config.agent);
        Some(writer)
    }

    // ---- what a calling leg sends ----

    /// Sends the INVITE. `from` and `to` are whole name-addrs without tags.
    pub(crate) fn invite(&mut self, letter: &Letter<'_>, offer: Option<&Description>, wire: &mut Wire) -> bool {
        let via = wire.via(&self.flow);
        let LegState::Calling(calling) = &mut self.state else { return false };
        let mut writer = Writer::request(Method::Invite, calling.uri.as_str());
        writer.header(Name::Via, via);
        for route in &calling.route {
            writer.header(Name::Route, route);
        }
        writer
            .header(Name::MaxForwards, letter.max_forwards)
            .header(Name::From, format_args!("{};tag={}", letter.from, self.local_tag))
            .header(Name::To, letter.to)
            .header(Name::CallId, &self.sip_call_id)
            .header(Name::CSeq, "1 INVITE")
            .header(Name::Contact, wire.contact(&self.flow, &self.contact_user))
            .header(Name::Allow, ALLOW)
            .header(Name::UserAgent, &wire.config.agent);
        if let Some(privacy) = letter.privacy {
            writer.header(Name::Privacy, privacy);
        }
        let body = offer.map(Description::to_bytes);
        let bytes = finish(writer, body.as_deref());
        let Some(key) = wire.request(self.flow, bytes.clone(), self.id, Purpose::Invite) else { return false };
        calling.sent = Some(Sent { key, invite: bytes });
        true
    }

    /// The far end took the call: the dialog stands. The ACK is the caller's to send, with [`ack`](Self::ack).
    pub(crate) fn answered(&mut self, response: &Message<'_>, wire: &Wire) -> bool {
        let LegState::Calling(Calling { sent: Some(sent), .. }) = &mut self.state else { return false };
        let Ok(invite) = sip::parse(&sent.invite, &wire.config.limits) else { return false };
        let Ok(dialog) = Dialog::from_response(&invite, response, self.flow) else { return false };
        self.last_status = response.status().map(|status| status.0);
        let invite = std::mem::take(&mut sent.invite);
        self.state =
            LegState::Up(Box::new(Up { dialog, invite, accepting: None, ack: None, reinvite: None, bye: None }));
        true
    }

    /// A 2xx came although the leg is up: the same again, whose ACK was lost, or that of another fork, which is
    /// acknowledged and ended (§13.2.2.4).
    pub(crate) fn answered_again(&mut self, response: &Message<'_>, wire: &mut Wire) {
        let tag = response.to().ok().and_then(|to| to.tag());
        let LegState::Up(up) = &self.state else { return };
        if tag == Some(up.dialog.remote_tag()) {
            return self.repeat_ack(wire);
        }
        let Ok(invite) = sip::parse(&up.invite, &wire.config.limits) else { return };
        let Ok(mut stray) = Dialog::from_response(&invite, response, self.flow) else { return };
        let hop = Uri::parse(stray.next_hop()).map_or(self.flow, |uri| wire.toward(&uri, &self.flow));
        let ack = stray.ack(&wire.via(&self.flow)).finish();
        wire.layer.send(hop, ack);
        let bye = stray.request(Method::Bye, &wire.via(&self.flow)).finish();
        wire.request(hop, bye, self.id, Purpose::Stray);
    }

    /// The far end's tag, where there is one far end.
    pub(crate) fn remote_tag(&self, limits: &sip::Limits) -> Option<String> {
        match &self.state {
            LegState::Up(up) => Some(up.dialog.remote_tag().to_owned()),
            LegState::Arriving(arriving) => {
                let invite = sip::parse(&arriving.invite, limits).ok()?;
                Some(invite.from().ok()?.tag().unwrap_or_default().to_owned())
            }
            LegState::Calling(_) | LegState::Releasing => None,
        }
    }

    /// ACK for the last 2xx (§13.2.2.4), with our answer when the 2xx carried an offer.
    pub(crate) fn ack(&mut self, body: Option<&[u8]>, wire: &mut Wire) {
        let via = wire.via(&self.flow);
        let flow = self.hop(wire);
        let LegState::Up(up) = &mut self.state else { return };
        let bytes = finish(up.dialog.ack(&via), body);
        up.ack = Some(bytes.clone());
        wire.layer.send(flow, bytes);
    }

    /// A 2xx came again: so does its ACK.
    pub(crate) fn repeat_ack(&mut self, wire: &mut Wire) {
        let flow = self.hop(wire);
        if let Some(bytes) = self.up().and_then(|up| up.ack.clone()) {
            wire.layer.send(flow, bytes);
        }
    }

    /// Gives up calling (§9.1): the layer waits for a 1xx, and for the final answer that ends the leg.
    /// Says whether an answer is still to come.
    pub(crate) fn cancel(&mut self, reason: Option<&str>, wire: &mut Wire) -> bool {
        let LegState::Calling(calling) = &mut self.state else { return false };
        let Some(sent) = &calling.sent else {
            self.state = LegState::Releasing;
            return false;
        };
        if !calling.cancelled {
            calling.cancelled = true;
            wire.layer.cancel(wire.now, sent.key, reason);
        }
        true
    }

    // ---- inside the dialog ----

    /// Where requests inside the dialog go.
    pub(crate) fn hop(&self, wire: &Wire) -> Flow {
        match &self.state {
            LegState::Up(up) => match Uri::parse(up.dialog.next_hop()) {
                Ok(uri) => wire.toward(&uri, &self.flow),
                Err(_) => self.flow,
            },
            _ => self.flow,
        }
    }

    /// Sends a request inside the dialog.
    pub(crate) fn send(
        &mut self,
        method: Method<'_>,
        purpose: Purpose,
        body: Option<(&str, &[u8])>,
        reason: Option<&str>,
        wire: &mut Wire,
    ) -> bool {
        let via = wire.via(&self.flow);
        let flow = self.hop(wire);
        let contact = wire.contact(&self.flow, &self.contact_user);
        let LegState::Up(up) = &mut self.state else { return false };
        let mut writer = up.dialog.request(method, &via);
        if matches!(method, Method::Invite) {
            writer.header(Name::Contact, contact).header(Name::Allow, ALLOW);
        }
        if let Some(reason) = reason {
            writer.header(Name::Reason, reason);
        }
        writer.header(Name::UserAgent, &wire.config.agent);
        let bytes = match body {
            Some((kind, body)) => writer.body(kind, body),
            None => writer.finish(),
        };
        wire.request(flow, bytes, self.id, purpose).is_some()
    }

    /// Ends an established leg. Says whether something is still to come from it.
    pub(crate) fn hang_up(&mut self, reason: Option<String>, wire: &mut Wire) -> bool {
        let LegState::Up(up) = &mut self.state else { return false };
        if up.accepting.is_some() {
            // §15: not before the ACK, or until the 2xx is given up.
            up.bye.get_or_insert(reason);
            return true;
        }
        if matches!(up.reinvite, Some(Reinvite::AckDue)) {
            // The far end repeats its 2xx until an ACK comes: without an answer of the other leg it gets a bare one.
            up.reinvite = None;
            self.ack(None, wire);
        }
        let sent = self.send(Method::Bye, Purpose::Bye, None, reason.as_deref(), wire);
        self.settle_reinvite(wire);
        self.state = LegState::Releasing;
        sent
    }

    /// Answers an INVITE of the far end that is still open, so that after a 100 there is always a final response.
    pub(crate) fn settle_reinvite(&mut self, wire: &mut Wire) {
        let remote = self.flow.remote;
        let Some(Reinvite::Theirs { key, invite }) = self.up().and_then(|up| up.reinvite.take()) else { return };
        if let Ok(request) = sip::parse(&invite, &wire.config.limits) {
            // §15.1.2: pending requests of an ended dialog get 487.
            let writer = Writer::reply(&request, Status::REQUEST_TERMINATED, None, remote);
            wire.respond(key, Status::REQUEST_TERMINATED, writer.finish());
        }
    }

    /// 200 to the far end's re-INVITE; repeated until its ACK like the first.
    pub(crate) fn accept_reinvite(
        &mut self,
        key: ServerKey,
        invite: &[u8],
        body: &[u8],
        expects_answer: bool,
        wire: &mut Wire,
    ) {
        let Some(mut writer) = self.reply(invite, Status::OK, wire) else { return };
        writer.header(Name::Allow, ALLOW);
        let bytes = writer.body(SDP, body);
        let accepting = Accepting::new(bytes.clone(), expects_answer, self.id, wire);
        if let Some(up) = self.up() {
            up.accepting = Some(accepting);
            up.reinvite = None;
        }
        wire.respond(key, Status::OK, bytes);
    }

    /// The timer of the 2xx: sends it again, or says that nobody acknowledged it.
    pub(crate) fn repeat_accept(&mut self, wire: &mut Wire) -> Accepted {
        let (id, flow) = (self.id, self.flow);
        let Some(up) = self.up() else { return Accepted::Waiting };
        let Some(accepting) = &mut up.accepting else { return Accepted::Waiting };
        if wire.now >= accepting.give_up {
            up.accepting = None;
            return Accepted::Never;
        }
        let bytes = accepting.bytes.clone();
        accepting.interval = (accepting.interval * 2).min(T2);
        let due = (wire.now + accepting.interval).min(accepting.give_up);
        accepting.timer = Some(wire.timers.arm(due, Timer::Accepting(id)));
        wire.layer.send(flow, bytes);
        Accepted::Waiting
    }

    /// The ACK came. Says whether its body must bring an answer; `None` when none was awaited.
    pub(crate) fn acknowledged(&mut self, wire: &mut Wire) -> Option<bool> {
        let mut accepting = self.up()?.accepting.take()?;
        wire.timers.cancel(&mut accepting.timer);
        Some(accepting.expects_answer)
    }

    /// Tells the media engine what was negotiated.
    pub(crate) fn expect_media(&self, remote: &Description, wire: &mut Wire) {
        let (Some(port), Some(audio)) = (self.port, remote.audio()) else { return };
        wire.media(MediaCommand::Expect {
            port: port.id,
            remote: audio.address,
            rtcp: audio.rtcp,
            mux: audio.mux,
            signalling: self.flow.remote.ip(),
            // The far end sends what we take: what was offered to it, or answered by it, in common with us.
            clocks: self.negotiation.local().and_then(Description::audio).map(clocks).unwrap_or_default(),
        });
    }

    /// Disarms what the leg armed: it is about to be forgotten.
    pub(crate) fn forget(&mut self, wire: &mut Wire) {
        match &mut self.state {
            LegState::Arriving(arriving) => wire.timers.cancel(&mut arriving.repeat),
            LegState::Up(up) => {
                if let Some(accepting) = &mut up.accepting {
                    wire.timers.cancel(&mut accepting.timer);
                }
            }
            LegState::Calling(_) | LegState::Releasing => {}
        }
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

/// What a calling leg says of the caller and the callee.
pub(crate) struct Letter<'a> {
    /// From, without a tag.
    pub(crate) from: &'a dyn Display,
    /// To.
    pub(crate) to: &'a dyn Display,
    /// RFC 7332: copied from the other leg and decremented.
    pub(crate) max_forwards: u32,
    /// RFC 3323, passed on.
    pub(crate) privacy: Option<&'a str>,
}

fn clocks(audio: sdp::Audio) -> Vec<(u8, u32)> {
    audio.codecs.into_iter().map(|codec| (codec.payload, codec.clock)).collect()
}

/// With an SDP body or with none.
fn finish(writer: Writer, body: Option<&[u8]>) -> Vec<u8> {
    match body {
        Some(body) => writer.body(SDP, body),
        None => writer.finish(),
    }
}
