//! How a phone takes requests: it rings, answers, and is cancelled.

use std::net::SocketAddr;
use std::time::Instant;

use rsip::Method;

use super::{Habit, Outcome, PhoneState, Plan, answer_key, sealed_for};
use crate::line::{Line, LineState, Repeated};
use crate::text::{self, Heard};

impl PhoneState {
    pub(super) fn hear_request(&mut self, now: Instant, method: Method, heard: &Heard) {
        if self.habit == Habit::Unplugged {
            return;
        }
        if self.habit == Habit::Deaf && matches!(method, Method::Invite | Method::Cancel) {
            return;
        }
        let key = answer_key(heard);
        if let Some((_, bytes)) = self.answered.iter().find(|(known, _)| *known == key) {
            let bytes = bytes.clone();
            if method != Method::Ack {
                self.outbox.push_back(bytes);
            }
            return;
        }
        if self.challenges(method, heard) || (method == Method::Invite && self.wants_longer(heard)) {
            return;
        }
        let call_id = heard.value("Call-ID");
        let at = self.lines.iter().position(|line| line.call_id == call_id);
        match (method, at) {
            (Method::Invite, None) => self.ring(now, heard),
            (Method::Invite, Some(at)) => self.hear_reinvite(now, at, heard),
            (Method::Ack, Some(at)) => {
                if let Some(line) = self.lines.get_mut(at) {
                    line.accepted = None;
                    if let Some(media) = text::media_address(heard.body()) {
                        line.remote_media = Some(media);
                    }
                }
            }
            (Method::PRack, Some(at)) => self.hear_prack(now, at, heard),
            (Method::Update, Some(at)) => self.hear_update(at, heard),
            (Method::Cancel, Some(at)) => self.hear_cancel(at, heard),
            (Method::Bye, Some(at)) => {
                if let Some(line) = self.lines.get_mut(at) {
                    line.state = LineState::Ended;
                    line.outcome.get_or_insert(Outcome::HungUp);
                    line.accepted = None;
                    line.reason = heard.value("Reason");
                }
                self.reply(heard, 200, "", b"");
            }
            (Method::Ack, None) => {}
            (Method::Register, _) => self.register_customer(heard),
            (Method::Options, _) => self.reply(heard, 200, "t", b""),
            (Method::Notify, _) => self.hear_notify(heard),
            (Method::Info, _) => {
                let told = (heard.value("CSeq"), String::from_utf8_lossy(heard.body()).into_owned());
                if !self.informed.contains(&told) {
                    self.informed.push(told);
                }
                self.reply(heard, self.answers_info, "t", b"");
            }
            _ => self.reply(heard, 481, "t", b""),
        }
    }

    pub(super) fn ring(&mut self, now: Instant, invite: &Heard) {
        let local = self.token("tag");
        let media = SocketAddr::new(self.address.ip(), 40_000 + 2 * u16::try_from(self.lines.len()).unwrap_or(0));
        let call_id = invite.value("Call-ID");
        self.lines.push(Line {
            call_id: call_id.clone(),
            local: local.clone(),
            remote: invite.tag("From").unwrap_or_default(),
            target: invite.contact().unwrap_or_default(),
            cseq: 0,
            invite: Some(invite.clone()),
            invite_cseq: 0,
            state: LineState::Ringing,
            outcome: None,
            rang: true,
            local_media: media,
            remote_media: text::media_address(invite.body()),
            sdp_version: 1,
            hold: false,
            reason: String::new(),
            accepted: None,
            ack: Vec::new(),
            user: String::new(),
            reinvited: None,
            answers_in_ack: false,
            assured: None,
            rseq: 0,
            described: false,
            answer_waits: false,
            two_lines: false,
            updated: None,
        });
        let fax = text::is_fax(invite.body()) && self.manners.fax == Some(200);
        if !invite.body().is_empty()
            && !fax
            && (text::common(invite.body(), &self.codecs).is_none() || !self.can_seal(invite.body()))
        {
            self.reply(invite, 488, &local, b"");
            if let Some(line) = self.lines.last_mut() {
                line.state = LineState::Ended;
            }
            return;
        }
        match self.habit {
            Habit::Answers(after) => {
                self.progress(now, invite, 180, &local, b"");
                self.plans.push((now + after, Plan::Answer(call_id)));
            }
            Habit::EarlyMedia(after) => {
                let body = self.described(invite);
                self.progress(now, invite, 183, &local, &body);
                self.plans.push((now + after, Plan::Answer(call_id)));
            }
            Habit::NeverAnswers => self.progress(now, invite, 180, &local, b""),
            Habit::RingsThenRefuses(after, status) => {
                self.reply(invite, 180, &local, b"");
                self.plans.push((now + after, Plan::Refuse(call_id, status)));
            }
            Habit::PlaysThenRefuses(after, status) => {
                let codecs = text::common(invite.body(), &self.codecs).unwrap_or_else(|| self.codecs.clone());
                let body = text::sdp(media, 1, "sendrecv", &codecs, &self.times);
                self.reply(invite, 183, &local, &body);
                self.plans.push((now + after, Plan::Refuse(call_id, status)));
            }
            Habit::AnswersLate(after) => self.plans.push((now + after, Plan::Answer(call_id))),
            Habit::Tries => self.reply(invite, 100, "", b""),
            Habit::Refuses(status) => {
                self.reply(invite, status, &local, b"");
                if let Some(line) = self.lines.last_mut() {
                    line.state = LineState::Ended;
                }
            }
            Habit::Unplugged | Habit::Deaf => {}
        }
    }

    /// As a carrier it wants to know who asks. Says whether that was not shown.
    fn challenges(&mut self, method: Method, heard: &Heard) -> bool {
        let Some((realm, user, password)) = self.carrier.login.clone() else { return false };
        let inside = heard.value("To").contains(";tag=");
        if matches!(method, Method::Ack | Method::Cancel | Method::Options) || (inside && !self.carrier.challenges_all)
        {
            return false;
        }
        let (name, status) =
            if method == Method::Register { ("Authorization", 401) } else { ("Proxy-Authorization", 407) };
        let shown = text::credentials(&heard.value(name), method, &user, &realm, &password);
        let stale = shown && self.carrier.stale > 0;
        if shown && !stale {
            return false;
        }
        self.carrier.stale -= u32::from(stale);
        let nonce = self.token("nonce");
        let more = if stale { ", stale=true" } else { "" };
        let row = if status == 401 { "WWW-Authenticate" } else { "Proxy-Authenticate" };
        let challenge = format!("Digest realm=\"{realm}\", nonce=\"{nonce}\", algorithm=MD5, qop=\"auth\"{more}");
        let tag = self.token("tag");
        let bytes = text::response_with(heard, status, &tag, None, &[(row, challenge)], b"");
        self.answered.push((answer_key(heard), bytes.clone()));
        self.outbox.push_back(bytes);
        true
    }

    /// Somebody registers at this carrier.
    fn register_customer(&mut self, heard: &Heard) {
        let asked: u32 = heard.value("Expires").parse().unwrap_or(0);
        let tag = self.token("tag");
        let (status, rows) = match self.carrier.grants {
            None => (403, Vec::new()),
            Some(_) if asked > 0 && asked < self.carrier.grants_at_least => {
                (423, vec![("Min-Expires", self.carrier.grants_at_least.to_string())])
            }
            Some(most) => {
                let granted = asked.min(most);
                let user = heard.value("To");
                if granted == 0 {
                    self.carrier.registered.remove(&user);
                } else {
                    self.carrier.registers += 1;
                    self.carrier.registered.insert(user, granted);
                }
                let contact = format!("{};expires={granted}", heard.value("Contact"));
                (200, if granted == 0 { Vec::new() } else { vec![("Contact", contact)] })
            }
        };
        let bytes = text::response_with(heard, status, &tag, None, &rows, b"");
        self.answered.push((answer_key(heard), bytes.clone()));
        self.outbox.push_back(bytes);
    }

    pub(super) fn hear_reinvite(&mut self, now: Instant, at: usize, heard: &Heard) {
        let (contact, key) = (self.contact(), self.key());
        let Some(line) = self.lines.get_mut(at) else { return };
        if line.state != LineState::Up {
            if line.invite.as_ref().is_some_and(|invite| invite.branch() != heard.branch()) {
                self.reply(heard, 481, "", b"");
            }
            return;
        }
        if self.answers_inside(heard) || self.hear_fax(now, at, heard) {
            return;
        }
        let Some(line) = self.lines.get_mut(at) else { return };
        let codecs = text::common(heard.body(), &self.codecs);
        let Some(codecs) = codecs.or_else(|| heard.body().is_empty().then(|| self.codecs.clone())) else {
            return self.reply(heard, 488, "", b"");
        };
        line.sdp_version += 1;
        let offered = String::from_utf8_lossy(heard.body()).into_owned();
        let direction = match (offered.contains("a=sendonly"), offered.contains("a=inactive"), line.hold) {
            (_, true, _) | (true, _, true) => "inactive",
            (true, _, false) => "recvonly",
            (false, _, true) => "sendonly",
            (false, _, false) => "sendrecv",
        };
        let body = text::sdp(line.local_media, line.sdp_version, direction, &codecs, &self.times);
        let body = sealed_for(self.srtp, &key, heard.body(), body);
        if let Some(media) = text::media_address(heard.body()) {
            line.remote_media = Some(media);
        }
        let bytes = text::response_with(heard, 200, "", Some(&contact), &self.manners.answers, &body);
        line.accepted = Some(Repeated::new(now, bytes.clone()));
        self.answered.push((answer_key(heard), bytes.clone()));
        self.outbox.push_back(bytes);
    }

    pub(super) fn hear_cancel(&mut self, at: usize, heard: &Heard) {
        self.reply(heard, 200, "", b"");
        let Some(line) = self.lines.get_mut(at).filter(|line| line.state == LineState::Ringing) else { return };
        line.state = LineState::Ended;
        line.reason = heard.value("Reason");
        let (invite, tag) = (line.invite.clone(), line.local.clone());
        if let Some(invite) = invite {
            self.reply(&invite, 487, &tag, b"");
        }
    }
}
