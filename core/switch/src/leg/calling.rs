//! What a calling leg sends: the INVITE, its ACK, its CANCEL.

use sdp::Description;
use sip::{Dialog, Message, Method, Name, Uri, Writer};

use super::{ALLOW, Calling, Leg, LegState, Sent, Up, finish, place};
use crate::letter::Letter;
use crate::wire::{Purpose, Wire};

impl Leg {
    /// Sends the INVITE. `from` and `to` are whole name-addrs without tags.
    pub(crate) fn invite(&mut self, letter: &Letter<'_>, offer: Option<&Description>, wire: &mut Wire) -> bool {
        let (via, wishes) = (wire.via(&self.flow), self.wishes());
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
        for (name, value) in &wishes {
            writer.header(*name, value);
        }
        for (name, value) in letter.rows {
            writer.named(name, value);
        }
        let body = offer.map(Description::to_bytes);
        let bytes = match letter.location {
            Some(location) => {
                place::finish(writer, location, &self.sip_call_id, &wire.shown(&self.flow), body.as_deref())
            }
            None => finish(writer, body.as_deref()),
        };
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
        let mut writer = up.dialog.ack(&via);
        if self.trunk.is_some() {
            up.prove_ack(&mut writer, &wire.config.limits);
        }
        let bytes = finish(writer, body);
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
}
