//! What a leg that is up sends: requests inside the dialog, BYE, a 2xx until its ACK.

use media::Codec;
use sdp::{Description, Order};
use sip::transaction::ServerKey;
use sip::{Flow, Message, Method, Name, Status, Uri, Writer};

use super::{ALLOW, Accepted, Accepting, Leg, LegState, Reinvite, SDP, T2, clocks};
use crate::media::{MediaCommand, Voice};
use crate::timers::Timer;
use crate::trunk::KeyForm;
use crate::voice;
use crate::wire::{Purpose, Wire};

impl Leg {
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
        let terms = self.terms();
        let LegState::Up(up) = &mut self.state else { return false };
        let sips = Uri::parse(up.dialog.next_hop()).is_ok_and(|uri| uri.is_sips());
        let contact = wire.contact(&self.flow, &self.contact_user, sips);
        let mut writer = up.dialog.request(method, &via);
        if matches!(method, Method::Invite | Method::Update) {
            writer.header(Name::Contact, contact).header(Name::Allow, ALLOW);
            for (name, value) in terms {
                writer.header(name, value);
            }
        }
        if let Some(reason) = reason {
            writer.header(Name::Reason, reason);
        }
        writer.header(Name::UserAgent, &wire.config.agent);
        let content = body.map(|(_, body)| body).unwrap_or_default();
        if let Some(on) = self.trunk.as_deref_mut()
            && let Some((name, value)) = on.credentials(method, up.dialog.request_uri(), content, wire)
        {
            writer.header(name, value);
        }
        let bytes = match body {
            Some((kind, body)) => writer.body(kind, body),
            None => writer.finish(),
        };
        if let Some(on) = self.trunk.as_deref_mut() {
            on.asked = Some((purpose, bytes.clone()));
        }
        let key = wire.request(flow, bytes, self.id, purpose);
        if matches!(method, Method::Invite) {
            self.asked = key;
        }
        key.is_some()
    }

    /// Ends an established leg. Says whether something is still to come from it.
    pub(crate) fn hang_up(&mut self, reason: Option<String>, wire: &mut Wire) -> bool {
        if self.refuse_held(Status::TEMPORARILY_UNAVAILABLE, wire) {
            return false;
        }
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
        wire.timers.cancel(&mut self.deadline);
        // §15.1.2: pending requests of an ended dialog get 487.
        self.refuse_held(Status::REQUEST_TERMINATED, wire);
        let Some(Reinvite::Theirs { key, invite }) = self.up().and_then(|up| up.reinvite.take()) else { return };
        if let Ok(request) = sip::parse(&invite, &wire.config.limits) {
            let writer = Writer::reply(&request, Status::REQUEST_TERMINATED, None, remote);
            wire.respond(key, Status::REQUEST_TERMINATED, writer.finish());
        }
    }

    /// 200 to the far end's re-INVITE, repeated until its ACK like the first; or to its UPDATE.
    pub(crate) fn accept_reinvite(
        &mut self,
        key: ServerKey,
        invite: &[u8],
        body: &[u8],
        expects_answer: bool,
        wire: &mut Wire,
    ) {
        if let Ok(request) = sip::parse(invite, &wire.config.limits)
            && request.method() == Some(Method::Update)
        {
            return self.accept_update(key, &request, Some(body), wire);
        }
        let Some(mut writer) = self.reply(invite, Status::OK, wire) else { return };
        writer.header(Name::Allow, ALLOW);
        if let Ok(request) = sip::parse(invite, &wire.config.limits) {
            self.agree_terms(&request, &mut writer);
        }
        let bytes = writer.body(SDP, body);
        let accepting = Accepting::new(bytes.clone(), expects_answer, self.id, wire);
        if let Some(up) = self.up() {
            up.accepting = Some(accepting);
            up.reinvite = None;
        }
        self.begin_expiry(wire);
        wire.respond(key, Status::OK, bytes);
    }

    /// 200 to the far end's UPDATE (RFC 3311 §5.2), which nobody acknowledges.
    pub(crate) fn accept_update(&mut self, key: ServerKey, update: &Message<'_>, body: Option<&[u8]>, wire: &mut Wire) {
        let Some(mut writer) = self.reply(update.bytes(), Status::OK, wire) else { return };
        writer.header(Name::Allow, ALLOW);
        self.agree_terms(update, &mut writer);
        wire.timers.cancel(&mut self.deadline);
        if let (Some(_), Some(up)) = (body, self.up()) {
            up.reinvite = None;
        }
        self.begin_expiry(wire);
        wire.respond(key, Status::OK, super::finish(writer, body));
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
        self.expect(remote, self.negotiation.local(), self.voice_with(remote), wire);
    }

    /// The same for an offer of the far end and the early answer of ours to it, which the negotiation does not know.
    pub(crate) fn expect_early(&self, offer: &Description, said: &Description, wire: &mut Wire) {
        let voice = said.audio().zip(offer.audio()).and_then(|(ours, theirs)| voice::between(ours, theirs, true));
        self.expect(offer, Some(said), voice, wire);
    }

    fn expect(&self, remote: &Description, ours: Option<&Description>, voice: Option<Voice>, wire: &mut Wire) {
        let Some(port) = self.port else { return };
        if let Some(remote) = remote.fax() {
            return wire.media(MediaCommand::Fax { port: port.id, remote, signalling: self.flow.remote.ip() });
        }
        let Some(audio) = remote.audio() else { return };
        wire.media(MediaCommand::Expect {
            port: port.id,
            remote: audio.address,
            rtcp: audio.rtcp,
            // Only what both lines say is agreed on (RFC 5761 §5.1.1).
            mux: audio.mux && ours.and_then(Description::audio).is_some_and(|ours| ours.mux),
            signalling: self.flow.remote.ip(),
            // The far end sends what we take: what was offered to it, or answered by it, in common with us.
            clocks: ours.and_then(Description::audio).map(clocks).unwrap_or_default(),
            voice,
            keys: self.seal.keys(self.negotiation.remote_offer().is_some()).map(Box::new),
        });
    }

    /// The same for what was agreed last, or what the far end has offered.
    pub(crate) fn expect_agreed(&self, wire: &mut Wire) {
        if let Some(remote) = self.negotiation.remote().or(self.negotiation.remote_offer()) {
            self.expect_media(remote, wire);
        }
    }

    /// How the exchange itself is heard there, by what both have said.
    pub(crate) fn voice_with(&self, remote: &Description) -> Option<Voice> {
        let (ours, theirs) = (self.negotiation.local()?.audio()?, remote.audio()?);
        let voice = voice::between(ours, theirs, self.negotiation.answer_is_ours())?;
        Some(Voice { informed: self.key_form() == KeyForm::Info, ..voice })
    }

    /// In which form keys are told there.
    pub(crate) fn key_form(&self) -> KeyForm {
        self.trunk.as_deref().map_or(KeyForm::Auto, |on| on.trunk.keys)
    }

    /// How it is heard there by what was last agreed.
    pub(crate) fn voice(&self) -> Option<Voice> {
        self.voice_with(self.negotiation.remote()?)
    }

    /// The codecs that were agreed last, the one that is spoken first; none where nothing is agreed.
    pub(crate) fn agreed(&self) -> Vec<sdp::Codec> {
        let ours = self.negotiation.local().and_then(Description::audio);
        let both = ours.zip(self.negotiation.remote().and_then(Description::audio));
        both.map(|(ours, theirs)| voice::agreed(ours, theirs, self.negotiation.answer_is_ours())).unwrap_or_default()
    }

    /// Answers an offer as the exchange itself.
    pub(crate) fn answer_of_ours(&mut self, offer: &Description, wire: &mut Wire) -> Result<Description, sdp::Error> {
        let answer = self.chosen_answer(&self.speakable(wire), offer)?;
        Ok(self.sealed(answer, wire))
    }

    /// The same with this codec where that can be: the other leg speaks it.
    pub(crate) fn answer_like(
        &mut self,
        spoken: Option<Codec>,
        offer: &Description,
        wire: &mut Wire,
    ) -> Result<Description, sdp::Error> {
        let all = self.speakable(wire);
        let same: Vec<_> = all.iter().copied().filter(|codec| Some(*codec) == spoken).collect();
        let answer = self.chosen_answer(&same, offer).or_else(|_| self.chosen_answer(&all, offer))?;
        self.origin.version += 1;
        Ok(self.sealed(answer, wire))
    }

    /// What would be agreed with the far end, were its offer answered by the exchange itself; empty where it cannot be.
    pub(crate) fn would_agree(&self, wire: &Wire) -> Vec<sdp::Codec> {
        let Some(offer) = self.negotiation.remote_offer() else { return Vec::new() };
        let answer = self.chosen_answer(&self.speakable(wire), offer).ok();
        let both = answer.as_ref().and_then(Description::audio).zip(offer.audio());
        both.map(|(ours, theirs)| voice::agreed(ours, theirs, true)).unwrap_or_default()
    }

    /// What the exchange may speak itself here.
    pub(crate) fn speakable(&self, wire: &Wire) -> Vec<Codec> {
        let all = &wire.config.codecs;
        self.policy.codecs.as_ref().map_or_else(|| all.clone(), |order| order.of_ours(all))
    }

    fn chosen_answer(&self, codecs: &[Codec], offer: &Description) -> Result<Description, sdp::Error> {
        let address = self.port.ok_or(sdp::Error::Address)?.address;
        // RFC 3264 §6.1: the offerer's order should count, where nobody has said otherwise.
        let order = if self.policy.codecs.is_some() { Order::Ours } else { Order::Theirs };
        voice::answer(codecs, order, offer, self.seal.secrecy(), &self.origin, address)
    }

    /// Offers as the exchange itself: first what is agreed, on this leg or on another.
    pub(crate) fn offer_of_ours(&mut self, agreed: &[sdp::Codec], wire: &mut Wire) -> Result<Description, sdp::Error> {
        let address = self.port.ok_or(sdp::Error::Address)?.address;
        // What the other leg speaks stays first, so that nothing is transcoded in vain.
        let permitted = |codec: &&sdp::Codec| {
            !codec.is_voice() || self.policy.codecs.as_ref().is_none_or(|order| order.place(codec).is_some())
        };
        let agreed: Vec<_> = agreed.iter().filter(permitted).cloned().collect();
        let codecs = self.speakable(wire);
        let offer = voice::offer(&codecs, &agreed, &self.origin, address, self.negotiation.local())?;
        Ok(self.sealed(offer, wire))
    }

    /// Disarms what the leg armed: it is about to be forgotten.
    pub(crate) fn forget(&mut self, wire: &mut Wire) {
        self.assured.end(wire);
        self.expiry.forget(wire);
        wire.timers.cancel(&mut self.deadline);
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
