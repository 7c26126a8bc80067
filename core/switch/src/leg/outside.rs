//! What a leg sends over a trunk: the INVITE as the carrier wants it, and requests again that it wants proven.

use sdp::Description;
use sip::digest::Proven;
use sip::{Message, Method, Name, Uri, Writer};

use super::{Leg, LegState, Sent, Up};
use crate::call::ShownAs;
use crate::letter::Letter;
use crate::number::NumberClass;
use crate::trunk::{Introduction, Reliable};
use crate::way::OnTrunk;
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

    /// Acknowledgements, session timers and fax are as the trunk wants them that it goes over; whoever else is called
    /// outside may have its provisional answers acknowledged.
    pub(crate) fn follow_trunk(&mut self) {
        if let Some(on) = self.trunk.as_deref() {
            (self.reliable, self.session, self.fax) = (on.trunk.reliable, on.trunk.timer, on.trunk.fax);
        } else if self.party.starts_with("sip:") || self.party.starts_with("sips:") {
            self.reliable = Reliable::Supported;
        }
    }

    /// The request that was challenged goes out again (RFC 3261 §22.2, §8.1.3.5): same Call-ID and tags, the next CSeq, a
    /// new branch, and credentials. Says whether it did.
    pub(crate) fn ask_again(&mut self, purpose: Purpose, wire: &mut Wire) -> bool {
        let (bytes, flow) = match (&self.state, purpose) {
            (LegState::Calling(calling), Purpose::Invite) => match &calling.sent {
                Some(sent) if !calling.cancelled => (sent.invite.clone(), self.flow),
                _ => return false,
            },
            (LegState::Calling(calling), Purpose::Prack(at)) => {
                let asked = self.trunk.as_deref().and_then(|on| on.asked.clone());
                let early = calling.early.get(at).and_then(|early| Uri::parse(early.dialog.next_hop()).ok());
                match asked.filter(|(known, _)| *known == purpose) {
                    Some((_, bytes)) => (bytes, early.map_or(self.flow, |hop| wire.toward(&hop, &self.flow))),
                    None => return false,
                }
            }
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
        let cseq = match (&mut self.state, purpose) {
            (LegState::Up(up), _) => up.dialog.count(method),
            (LegState::Calling(calling), Purpose::Prack(at)) => match calling.early.get_mut(at) {
                Some(early) => early.dialog.count(method),
                None => return false,
            },
            _ => cseq.number + 1,
        };
        let Some(bytes) = self.proven(&request, method, cseq, wire) else { return false };
        let Some(key) = wire.request(flow, bytes.clone(), self.id, purpose) else { return false };
        if matches!((method, purpose), (Method::Invite, Purpose::Reinvite | Purpose::Refresh)) {
            self.asked = Some(key);
        }
        match (&mut self.state, purpose) {
            (LegState::Calling(calling), Purpose::Invite) => calling.sent = Some(Sent { key, invite: bytes }),
            _ => {
                if let Some(on) = self.trunk.as_deref_mut() {
                    on.asked = Some((purpose, bytes));
                }
            }
        }
        true
    }

    /// The INVITE that calls goes out again with what is asked for now (RFC 4028 §7.3): same Call-ID and tags, the next CSeq,
    /// a new branch. Says whether it did.
    pub(crate) fn call_again(&mut self, wire: &mut Wire) -> bool {
        let LegState::Calling(calling) = &self.state else { return false };
        let Some(invite) = calling.sent.as_ref().filter(|_| !calling.cancelled).map(|sent| sent.invite.clone()) else {
            return false;
        };
        let Ok(request) = sip::parse(&invite, &wire.config.limits) else { return false };
        let (Ok(uri), Ok(cseq)) = (request.uri(), request.cseq()) else { return false };
        let on = self.trunk.as_deref_mut();
        let credentials = on.and_then(|on| on.credentials(Method::Invite, uri.as_str(), request.body(), wire));
        let rows: Vec<_> = self.wishes().into_iter().chain(credentials).collect();
        let Some(bytes) = self.written_again(&request, Method::Invite, cseq.number + 1, &rows, wire) else {
            return false;
        };
        let Some(key) = wire.request(self.flow, bytes.clone(), self.id, Purpose::Invite) else { return false };
        if let LegState::Calling(calling) = &mut self.state {
            calling.sent = Some(Sent { key, invite: bytes });
            calling.early.clear();
        }
        true
    }

    /// The same request with this CSeq, a new Via and credentials.
    fn proven(&mut self, request: &Message<'_>, method: Method<'_>, cseq: u32, wire: &mut Wire) -> Option<Vec<u8>> {
        let uri = request.uri().ok()?;
        let row = self.trunk.as_deref_mut()?.credentials(method, uri.as_str(), request.body(), wire)?;
        self.written_again(request, method, cseq, &[row], wire)
    }

    /// The same request with this CSeq, a new Via, and these rows in place of those of their names.
    fn written_again(
        &self,
        request: &Message<'_>,
        method: Method<'_>,
        cseq: u32,
        rows: &[(Name, String)],
        wire: &mut Wire,
    ) -> Option<Vec<u8>> {
        let mut writer = Writer::request(method, request.uri().ok()?.as_str());
        writer.header(Name::Via, wire.via(&self.flow));
        for row in request.rows() {
            match row.name {
                Name::Via | Name::ContentLength | Name::Authorization | Name::ProxyAuthorization => {}
                Name::CSeq => {
                    writer.header(Name::CSeq, format_args!("{cseq} {}", method.as_str()));
                    for (name, value) in rows {
                        writer.header(*name, value);
                    }
                }
                name if rows.iter().any(|(known, _)| *known == name) => {}
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

impl OnTrunk {
    /// What proves a request with this URI and body to the carrier, once it has asked for that.
    pub(super) fn credentials(
        &mut self,
        method: Method<'_>,
        uri: &str,
        body: &[u8],
        wire: &mut Wire,
    ) -> Option<(Name, String)> {
        let cnonce = wire.mint.tag();
        self.proof.row(self.trunk.login.as_ref(), &Proven { method, uri, body }, &cnonce)
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
