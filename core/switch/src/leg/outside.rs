//! What a leg sends over a trunk: the INVITE as the carrier wants it, and requests again that it wants proven.

use sdp::Description;
use sip::digest::Proven;
use sip::{Message, Method, Name, Writer};

use super::{Leg, LegState, Sent, Up};
use crate::call::ShownAs;
use crate::letter::Letter;
use crate::number::NumberClass;
use crate::trunk::Introduction;
use crate::wire::{Purpose, Wire};

impl Leg {
    /// Sends the INVITE to a carrier. `private`: no number is to be shown.
    pub(crate) fn invite_outside(
        &mut self,
        shown_as: &ShownAs,
        private: bool,
        offer: Option<&Description>,
        wire: &mut Wire,
    ) -> bool {
        let (Some(on), LegState::Calling(calling)) = (self.trunk.as_deref(), &self.state) else { return false };
        let Some(attempt) = &on.attempt else { return false };
        let own = wire.shown(&self.flow);
        let emergency = attempt.outbound.class == NumberClass::Emergency;
        // Who calls for help is to be found, whatever his phone was told.
        let open = ShownAs { privacy: None, ..shown_as.clone() };
        let shown_as = if emergency { &open } else { shown_as };
        let introduction = Introduction::of(&on.trunk, on.gateway, &attempt.hop, shown_as, private && !emergency, own);
        let to = format!("<{}>", calling.uri.as_str());
        let outbound = attempt.outbound.clone();
        let letter = Letter {
            from: &introduction.from,
            to: &to,
            max_forwards: shown_as.max_forwards,
            privacy: None,
            rows: &introduction.rows,
            location: outbound.location.as_ref(),
        };
        self.contact_user.clone_from(&introduction.contact);
        self.invite(&letter, offer, wire)
    }

    /// The request that was challenged goes out again (RFC 3261 §22.2, §8.1.3.5): same Call-ID and tags, the next CSeq, a
    /// new branch, and credentials. Says whether it did.
    pub(crate) fn ask_again(&mut self, purpose: Purpose, wire: &mut Wire) -> bool {
        let (bytes, flow) = match (&self.state, purpose) {
            (LegState::Calling(calling), Purpose::Invite) => match &calling.sent {
                Some(sent) if !calling.cancelled => (sent.invite.clone(), self.flow),
                _ => return false,
            },
            (LegState::Up(_) | LegState::Releasing, _) => {
                let asked = self.trunk.as_deref().and_then(|on| on.asked.clone());
                match asked.filter(|(known, _)| *known == purpose) {
                    Some((_, bytes)) => (bytes, self.hop(wire)),
                    None => return false,
                }
            }
            _ => return false,
        };
        let Ok(request) = sip::parse(&bytes, &wire.config.limits) else { return false };
        let (Some(method), Ok(cseq)) = (request.method(), request.cseq()) else { return false };
        let cseq = match &mut self.state {
            LegState::Up(up) => up.dialog.count(method),
            _ => cseq.number + 1,
        };
        let Some(bytes) = self.proven(&request, method, cseq, wire) else { return false };
        let Some(key) = wire.request(flow, bytes.clone(), self.id, purpose) else { return false };
        match &mut self.state {
            LegState::Calling(calling) => calling.sent = Some(Sent { key, invite: bytes }),
            _ => {
                if let Some(on) = self.trunk.as_deref_mut() {
                    on.asked = Some((purpose, bytes));
                }
            }
        }
        true
    }

    /// The same request with this CSeq, a new Via and credentials.
    fn proven(&mut self, request: &Message<'_>, method: Method<'_>, cseq: u32, wire: &mut Wire) -> Option<Vec<u8>> {
        let (via, cnonce) = (wire.via(&self.flow), wire.mint.tag());
        let uri = request.uri().ok()?;
        let on = self.trunk.as_deref_mut()?;
        let proven = Proven { method, uri: uri.as_str(), body: request.body() };
        let (name, value) = on.proof.row(on.trunk.login.as_ref(), &proven, &cnonce)?;
        let mut writer = Writer::request(method, uri.as_str());
        writer.header(Name::Via, via);
        for row in request.rows() {
            match row.name {
                Name::Via | Name::ContentLength | Name::Authorization | Name::ProxyAuthorization => {}
                Name::CSeq => {
                    writer.header(Name::CSeq, format_args!("{cseq} {}", method.as_str()));
                    writer.header(name, &value);
                }
                Name::Other => {
                    writer.named(row.name_text, row.value());
                }
                known => {
                    writer.header(known, row.value());
                }
            }
        }
        Some(match request.body() {
            [] => writer.finish(),
            body => writer.untyped_body(body),
        })
    }
}

impl Up {
    /// RFC 3261 §22.1: the ACK carries the credentials of its INVITE.
    pub(super) fn prove_ack(&self, ack: &mut Writer, limits: &sip::Limits) {
        if let Ok(invite) = sip::parse(&self.invite, limits) {
            ack.copy(&invite, Name::Authorization);
            ack.copy(&invite, Name::ProxyAuthorization);
        }
    }
}
