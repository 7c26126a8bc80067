//! How a phone takes the answers to its requests: it acknowledges, and tries again with credentials.

use std::time::Instant;

use rsip::Method;

use super::{Outcome, PhoneState, Waiting, sealed_for};
use crate::line::LineState;
use crate::text::{self, Heard};

impl PhoneState {
    pub(super) fn hear_response(&mut self, now: Instant, heard: &Heard) {
        let Some(status) = heard.status() else { return };
        let branch = heard.branch();
        let (number, method) = heard.cseq();
        self.heard.push((method.clone(), status));
        let found =
            self.waiting.iter().position(|waiting| waiting.branch == branch && waiting.method.to_string() == method);
        let Some(found) = found else {
            // A 2xx that comes again: so does its ACK.
            if method == "INVITE" && (200..300).contains(&status) {
                let call_id = heard.value("Call-ID");
                if let Some(line) = self.lines.iter().find(|line| line.call_id == call_id) {
                    let ack = line.ack.clone();
                    if !self.never_acknowledges {
                        self.outbox.push_back(ack);
                    }
                }
            } else if method == "INVITE" && status >= 300 {
                self.acknowledge_refusal(heard, None);
            }
            return;
        };
        if status < 200 {
            if let Some(waiting) = self.waiting.get_mut(found) {
                waiting.repeat = None;
            }
            self.hear_progress(heard, status);
            self.acknowledge_progress(now, heard);
            return;
        }
        let waiting = self.waiting.remove(found);
        if method == "INVITE" && status >= 300 {
            self.acknowledge_refusal(heard, Some(&waiting));
        }
        if status == 401 && !waiting.tried {
            return self.try_again(now, waiting, heard);
        }
        match waiting.method {
            Method::Register => {
                self.registered = Some(status);
                self.contacts = heard.values("Contact");
            }
            Method::Subscribe => self.subscribed(heard, status),
            Method::Invite => self.hear_final(now, heard, status, number),
            Method::Update => {
                let call_id = heard.value("Call-ID");
                if let Some(line) = self.lines.iter_mut().find(|line| line.call_id == call_id) {
                    line.updated = Some(status);
                }
            }
            _ => {}
        }
    }

    pub(super) fn hear_progress(&mut self, heard: &Heard, status: u16) {
        let call_id = heard.value("Call-ID");
        let Some(line) = self.lines.iter_mut().find(|line| line.call_id == call_id) else { return };
        line.rang |= status == 180 || status == 183;
        if let Some(tag) = heard.tag("To") {
            self.progress_tag = tag;
        }
        if let Some(media) = text::media_address(heard.body()) {
            line.remote_media = Some(media);
        }
    }

    pub(super) fn hear_final(&mut self, now: Instant, heard: &Heard, status: u16, number: u32) {
        let call_id = heard.value("Call-ID");
        let Some(at) = self.lines.iter().position(|line| line.call_id == call_id) else { return };
        let Some(line) = self.lines.get_mut(at) else { return };
        let first = line.state == LineState::Calling;
        if status >= 300 {
            if first {
                line.state = LineState::Ended;
                line.outcome = Some(Outcome::Refused(status));
            } else {
                line.reinvited = Some(status);
            }
            return;
        }
        line.remote = heard.tag("To").unwrap_or_default();
        line.target = heard.contact().unwrap_or_else(|| line.target.clone());
        let offered_late = line.answers_in_ack;
        if let Some(media) = text::media_address(heard.body()) {
            line.remote_media = Some(media);
        }
        if first {
            line.state = LineState::Up;
        } else {
            line.reinvited = Some(status);
        }
        let codecs = text::common(heard.body(), &self.codecs).unwrap_or_else(|| self.codecs.clone());
        let body = text::sdp(line.local_media, line.sdp_version, "sendrecv", &codecs, &self.times);
        let body = sealed_for(self.srtp, &self.key(), heard.body(), body);
        let body = if offered_late { body } else { Vec::new() };
        let ack = self.ack_of(at, number, &body);
        if let Some(line) = self.lines.get_mut(at) {
            line.ack.clone_from(&ack);
        }
        if !self.never_acknowledges {
            self.outbox.push_back(ack);
        }
        let _ = now;
    }

    pub(super) fn ack_of(&mut self, at: usize, number: u32, body: &[u8]) -> Vec<u8> {
        let branch = format!("z9hG4bK{}", self.token("br"));
        let Some(line) = self.lines.get(at) else { return Vec::new() };
        let (me, peer) = match &line.invite {
            Some(invite) => (
                format!("{};tag={}", invite.value("To").split(";tag=").next().unwrap_or_default(), line.local),
                invite.value("From"),
            ),
            None => (
                format!("<sip:{}@{}>;tag={}", self.user, self.domain, line.local),
                format!("<sip:{}@{}>;tag={}", line.user, self.domain, line.remote),
            ),
        };
        let rows = [
            ("Via", format!("SIP/2.0/UDP {};branch={branch};rport", self.address)),
            ("Max-Forwards", "70".to_owned()),
            ("From", me),
            ("To", peer),
            ("Call-ID", line.call_id.clone()),
            ("CSeq", format!("{number} ACK")),
        ];
        text::request(Method::Ack, &line.target, &rows, body)
    }

    /// §17.1.1.3: the ACK of a refusal belongs to the INVITE's transaction.
    pub(super) fn acknowledge_refusal(&mut self, heard: &Heard, waiting: Option<&Waiting>) {
        let call_id = heard.value("Call-ID");
        let uri = waiting
            .map(|waiting| waiting.uri.clone())
            .or_else(|| self.lines.iter().find(|line| line.call_id == call_id).map(|line| line.target.clone()));
        let Some(uri) = uri else { return };
        let rows = [
            (
                "Via",
                heard
                    .value("Via")
                    .split(";received")
                    .next()
                    .unwrap_or_default()
                    .replace(&format!(";rport={}", self.address.port()), ";rport"),
            ),
            ("Max-Forwards", "70".to_owned()),
            ("From", heard.value("From")),
            ("To", heard.value("To")),
            ("Call-ID", call_id),
            ("CSeq", format!("{} ACK", heard.cseq().0)),
        ];
        self.outbox.push_back(text::request(Method::Ack, &uri, &rows, b""));
    }

    /// The same request with credentials: new branch, next CSeq (RFC 3261 §22.2).
    pub(super) fn try_again(&mut self, now: Instant, waiting: Waiting, heard: &Heard) {
        let challenge = heard
            .values("WWW-Authenticate")
            .into_iter()
            .find(|row| text::field(row, "algorithm").as_deref() == Some(self.realm_algorithm));
        let first_alone = self.reads_first_challenge;
        let challenge =
            challenge.filter(|wanted| !first_alone || heard.values("WWW-Authenticate").first() == Some(wanted));
        let Some(challenge) = challenge else {
            assert!(first_alone, "no challenge with {}", self.realm_algorithm);
            if waiting.method == Method::Register {
                self.registered = Some(401);
            }
            return;
        };
        let (realm, nonce) = (
            text::field(&challenge, "realm").unwrap_or_default(),
            text::field(&challenge, "nonce").unwrap_or_default(),
        );
        let algorithm = match self.realm_algorithm {
            "MD5" => rsip::headers::auth::Algorithm::Md5,
            _ => rsip::headers::auth::Algorithm::Sha256,
        };
        let uri = rsip::Uri::try_from(waiting.uri.as_str()).expect("a plain URI");
        let qop = rsip::headers::auth::AuthQop::Auth { cnonce: "c".to_owned(), nc: 1 };
        let response = rsip::services::DigestGenerator {
            username: &self.user,
            password: &self.password,
            nonce: &nonce,
            uri: &uri,
            realm: &realm,
            method: &waiting.method,
            qop: Some(&qop),
            algorithm,
        }
        .compute();
        let credentials = format!(
            "Digest username=\"{}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", response=\"{response}\", algorithm={}, cnonce=\"c\", qop=auth, nc=00000001",
            self.user, self.realm_algorithm
        );
        let (number, method) = heard.cseq();
        let mut rows = waiting.rows;
        for (name, value) in &mut rows {
            if *name == "CSeq" {
                *value = format!("{} {method}", number + 1);
            }
        }
        rows.push(("Authorization", credentials));
        let call_id = heard.value("Call-ID");
        if let Some(line) = self.lines.iter_mut().find(|line| line.call_id == call_id) {
            line.cseq = number + 1;
            line.invite_cseq = number + 1;
        }
        self.subscribes_again(&call_id, number + 1);
        if method == "REGISTER" {
            self.register.1 = number + 1;
        }
        self.send(now, waiting.method, waiting.uri, rows, waiting.body, &waiting.call_id);
    }

    // ---- time ----
}
