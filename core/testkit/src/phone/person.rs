//! What a person does with a phone.

use std::net::SocketAddr;
use std::time::Instant;

use rsip::Method;

use super::{Outcome, PhoneState, Waiting, answer_key};
use crate::line::{Line, LineState, Repeated};
use crate::text::{self, Heard};

impl PhoneState {
    pub(crate) fn register(&mut self, now: Instant, contact: &str, expires: Option<u32>) {
        self.registered = None;
        self.register.1 += 1;
        let tag = self.token("reg");
        let mut rows = vec![
            ("From", format!("<sip:{}@{}>;tag={tag}", self.user, self.domain)),
            ("To", format!("<sip:{}@{}>", self.user, self.domain)),
            ("Call-ID", self.register.0.clone()),
            ("CSeq", format!("{} REGISTER", self.register.1)),
        ];
        if !contact.is_empty() {
            rows.push(("Contact", contact.to_owned()));
        }
        if let Some(expires) = expires {
            rows.push(("Expires", expires.to_string()));
        }
        rows.extend(self.extra.iter().cloned());
        let uri = format!("sip:{}", self.domain);
        self.send(now, Method::Register, uri, rows, Vec::new(), "");
    }

    /// The early dialog that the last 180 made.
    pub(crate) fn take_progress(&mut self) {
        let tag = self.progress_tag.clone();
        if let Some(line) = self.lines.last_mut() {
            line.remote = tag;
        }
    }

    /// Sends a request as somebody else wrote it, from here.
    pub(crate) fn forge(&mut self, now: Instant, request: &str) {
        let Some(heard) = Heard::parse(request.as_bytes()) else { return };
        let Some(method) = heard.method() else { return };
        let uri = request.split(' ').nth(1).unwrap_or_default().to_owned();
        let rows = ["From", "To", "Call-ID", "CSeq"].map(|name| (name, heard.value(name))).to_vec();
        self.send(now, method, uri, rows, Vec::new(), "");
    }

    pub(crate) fn contact(&self) -> String {
        format!("sip:{}@{}", self.user, self.address)
    }

    pub(crate) fn dial(&mut self, now: Instant, user: &str) -> usize {
        let (call_id, local) = (self.token("call"), self.token("tag"));
        let media = SocketAddr::new(self.address.ip(), 40_000 + 2 * u16::try_from(self.lines.len()).unwrap_or(0));
        let target = format!("sip:{user}@{}", self.domain);
        self.lines.push(Line {
            call_id: call_id.clone(),
            local,
            remote: String::new(),
            target: target.clone(),
            cseq: 0,
            invite: None,
            invite_cseq: 0,
            state: LineState::Calling,
            outcome: None,
            rang: false,
            local_media: media,
            remote_media: None,
            sdp_version: 1,
            hold: false,
            reason: String::new(),
            accepted: None,
            ack: Vec::new(),
            user: user.to_owned(),
            reinvited: None,
            answers_in_ack: false,
            assured: None,
            rseq: 0,
            described: false,
            answer_waits: false,
            two_lines: false,
            updated: None,
        });
        let at = self.lines.len() - 1;
        let body = if self.delays_offer {
            Vec::new()
        } else if self.manners.faxes {
            text::fax(media, 1, false)
        } else {
            self.offered(text::sdp(media, 1, "sendrecv", &self.codecs, &self.times))
        };
        self.in_line(now, at, Method::Invite, body);
        at
    }

    pub(crate) fn answer(&mut self, now: Instant, at: usize) {
        let contact = self.contact();
        let Some(line) = self.lines.get_mut(at).filter(|line| line.state == LineState::Ringing) else { return };
        if line.assured.is_some() {
            // RFC 3262 §3: not before the PRACK.
            line.answer_waits = true;
            return;
        }
        let (Some(invite), described) = (line.invite.clone(), line.described) else { return };
        // §5: what was told reliably is not told again.
        let body = if described { Vec::new() } else { self.described(&invite) };
        let Some(line) = self.lines.get_mut(at) else { return };
        let bytes = text::response_with(&invite, 200, &line.local, Some(&contact), &self.manners.answers, &body);
        line.state = LineState::Up;
        line.accepted = Some(Repeated::new(now, bytes.clone()));
        let key = answer_key(&invite);
        self.answered.push((key, bytes.clone()));
        self.outbox.push_back(bytes);
    }

    /// The key that it encrypts with: 30 bytes in base 64.
    pub(crate) fn key(&self) -> String {
        format!("{:x<39}{}", self.user, self.rekeyed % 10)
    }

    pub(super) fn offered(&self, body: Vec<u8>) -> Vec<u8> {
        match self.srtp {
            Some(transport) => {
                let line = format!("1 AES_CM_128_HMAC_SHA1_80 inline:{}", self.key());
                text::sealed(&body, transport, Some(&line))
            }
            None => body,
        }
    }

    pub(super) fn can_seal(&self, offer: &[u8]) -> bool {
        match self.srtp {
            None => text::transport(offer).as_deref() == Some("RTP/AVP"),
            Some("RTP/SAVP") => text::crypto(offer).is_some(),
            Some(_) => true,
        }
    }

    pub(crate) fn hang_up(&mut self, now: Instant, at: usize) {
        let Some(line) = self.lines.get_mut(at) else { return };
        match line.state {
            LineState::Up => {
                line.state = LineState::Ended;
                line.outcome = Some(Outcome::HungUp);
                line.accepted = None;
                self.in_line(now, at, Method::Bye, Vec::new());
            }
            LineState::Calling => self.cancel(now, at),
            LineState::Ringing => self.decline(at, 603),
            LineState::Ended => {}
        }
    }

    /// Refuses a call that rings.
    pub(crate) fn decline(&mut self, at: usize, status: u16) {
        let Some(line) = self.lines.get_mut(at).filter(|line| line.state == LineState::Ringing) else { return };
        let Some(invite) = line.invite.clone() else { return };
        line.state = LineState::Ended;
        let tag = line.local.clone();
        self.reply(&invite, status, &tag, b"");
    }

    pub(super) fn cancel(&mut self, now: Instant, at: usize) {
        let Some(line) = self.lines.get(at) else { return };
        let call_id = line.call_id.clone();
        let Some(invite) =
            self.waiting.iter_mut().find(|waiting| waiting.method == Method::Invite && waiting.call_id == call_id)
        else {
            return;
        };
        // §9.1: the INVITE's own rows, with the method of CANCEL.
        invite.repeat = None;
        let rows: Vec<_> = invite
            .rows
            .iter()
            .filter(|(name, _)| !matches!(*name, "Contact" | "Authorization"))
            .map(|(name, value)| {
                (*name, if *name == "CSeq" { value.replace("INVITE", "CANCEL") } else { value.clone() })
            })
            .collect();
        let (uri, branch) = (invite.uri.clone(), invite.branch.clone());
        let bytes = text::request(Method::Cancel, &uri, &rows, b"");
        self.waiting.push(Waiting {
            branch,
            method: Method::Cancel,
            uri,
            rows,
            body: Vec::new(),
            call_id,
            tried: true,
            repeat: Some(Repeated::new(now, bytes.clone())),
        });
        self.outbox.push_back(bytes);
    }

    /// Holds or comes back: a new offer inside the dialog.
    pub(crate) fn hold(&mut self, now: Instant, at: usize, direction: &str) {
        let Some(line) = self.lines.get_mut(at).filter(|line| line.state == LineState::Up) else { return };
        line.hold = direction != "sendrecv";
        line.sdp_version += 1;
        line.reinvited = None;
        let body = text::sdp(line.local_media, line.sdp_version, direction, &self.codecs, &self.times);
        // RFC 3264 §8: the number of lines never falls.
        let two_lines = line.two_lines;
        let mut body = self.offered(body);
        if two_lines {
            body.extend(b"m=image 0 udptl t38\r\n");
        }
        self.in_line(now, at, Method::Invite, body);
    }

    /// Any request outside a dialog.
    pub(crate) fn ask(&mut self, now: Instant, method: Method, uri: &str, extra: Vec<(&'static str, String)>) {
        let (call_id, tag) = (self.token("ask"), self.token("tag"));
        let mut rows = vec![
            ("From", format!("<sip:{}@{}>;tag={tag}", self.user, self.domain)),
            ("To", format!("<{uri}>")),
            ("Call-ID", call_id),
            ("CSeq", format!("1 {method}")),
        ];
        rows.extend(extra);
        self.send(now, method, uri.to_owned(), rows, Vec::new(), "");
    }

    /// Bytes as they stand.
    pub(crate) fn say(&mut self, bytes: &[u8]) {
        self.outbox.push_back(bytes.to_vec());
    }

    // ---- what the phone does ----

    pub(super) fn token(&mut self, kind: &str) -> String {
        self.serial += 1;
        format!("{kind}{}{}", self.user, self.serial)
    }

    /// A request of one of its calls.
    pub(crate) fn in_line(&mut self, now: Instant, at: usize, method: Method, body: Vec<u8>) {
        self.in_line_as(now, at, method, "", body);
    }

    /// The same with a body of this type.
    pub(crate) fn in_line_as(&mut self, now: Instant, at: usize, method: Method, kind: &str, body: Vec<u8>) {
        let kind = (!kind.is_empty() && !body.is_empty()).then(|| ("Content-Type", kind.to_owned()));
        self.in_line_with(now, at, method, kind.as_slice(), body);
    }

    /// The same with further rows.
    pub(crate) fn in_line_with(
        &mut self,
        now: Instant,
        at: usize,
        method: Method,
        more: &[(&'static str, String)],
        body: Vec<u8>,
    ) {
        let (user, domain, contact) = (self.user.clone(), self.domain.clone(), self.contact());
        let Some(line) = self.lines.get_mut(at) else { return };
        line.cseq += 1;
        if method == Method::Invite {
            line.invite_cseq = line.cseq;
            line.answers_in_ack = body.is_empty();
        }
        let me = match &line.invite {
            Some(invite) => {
                format!("{};tag={}", invite.value("To").split(";tag=").next().unwrap_or_default(), line.local)
            }
            None => format!("<sip:{user}@{domain}>;tag={}", line.local),
        };
        let mut peer = match &line.invite {
            Some(invite) => invite.value("From"),
            None => format!("<sip:{}@{domain}>", line.user),
        };
        if line.invite.is_none() && !line.remote.is_empty() {
            peer = format!("{peer};tag={}", line.remote);
        }
        let mut rows = vec![
            ("From", me),
            ("To", peer),
            ("Call-ID", line.call_id.clone()),
            ("CSeq", format!("{} {method}", line.cseq)),
            ("Contact", format!("<{contact}>")),
        ];
        rows.extend(more.iter().cloned());
        let (uri, call_id) = (line.target.clone(), line.call_id.clone());
        if method == Method::Invite {
            rows.extend(self.invite_extra.iter().cloned());
        }
        self.send(now, method, uri, rows, body, &call_id);
    }
}
