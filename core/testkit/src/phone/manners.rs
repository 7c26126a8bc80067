//! What a phone can beside calling and being called: provisional answers that are acknowledged (RFC 3262), UPDATE (RFC 3311),
//! session timers (RFC 4028), fax (T.38).

use std::time::Instant;

use rsip::Method;

use super::{PhoneState, answer_key, sealed_for};
use crate::line::{LineState, Repeated};
use crate::text::{self, Heard};

/// How a phone bears itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Manners {
    /// Its provisional answers are to be acknowledged.
    pub(crate) reliable: bool,
    /// It takes no PRACK: it answers with this status; not at all when 0.
    pub(crate) pracked: Option<u16>,
    /// It acknowledges provisional answers, when it is asked to.
    pub(crate) pracks: bool,
    /// Rows that its 2xx carry besides.
    pub(crate) answers: Vec<(&'static str, String)>,
    /// It takes no shorter session than this.
    pub(crate) least: Option<u32>,
    /// How it answers INVITE and UPDATE inside its calls; not at all when 0.
    pub(crate) inside: Option<u16>,
    /// How it answers NOTIFY, and with which rows; not at all when 0.
    pub(crate) notified: Option<(u16, Vec<(&'static str, String)>)>,
    /// It takes fax; what it says to it else.
    pub(crate) fax: Option<u16>,
    /// It calls to send a fax.
    pub(crate) faxes: bool,
}

impl PhoneState {
    /// A provisional answer, acknowledged where this phone has them so.
    pub(super) fn progress(&mut self, now: Instant, invite: &Heard, status: u16, tag: &str, body: &[u8]) {
        if !self.manners.reliable {
            return self.reply(invite, status, tag, body);
        }
        let call_id = invite.value("Call-ID");
        let Some(line) = self.lines.iter_mut().rfind(|line| line.call_id == call_id) else { return };
        line.rseq += 1;
        line.described |= !body.is_empty();
        let rseq = line.rseq;
        let bytes = self.reliably(invite, status, tag, rseq, body);
        if let Some(line) = self.lines.iter_mut().rfind(|line| line.call_id == call_id) {
            line.assured = Some(Repeated::new(now, bytes.clone()));
        }
        self.outbox.push_back(bytes);
    }

    fn reliably(&self, invite: &Heard, status: u16, tag: &str, rseq: u32, body: &[u8]) -> Vec<u8> {
        let rows = [("Require", "100rel".to_owned()), ("RSeq", rseq.to_string())];
        text::response_with(invite, status, tag, Some(&self.contact()), &rows, body)
    }

    /// Says a provisional answer once, under a tag and a number of its own.
    pub(crate) fn say_reliably(&mut self, status: u16, tag: &str, rseq: u32, described: bool) {
        let Some(line) = self.lines.last() else { return };
        let Some(invite) = line.invite.clone() else { return };
        let body = if described { self.described(&invite) } else { Vec::new() };
        let bytes = self.reliably(&invite, status, tag, rseq, &body);
        self.outbox.push_back(bytes);
    }

    /// Answers its last call under a tag, and without a description where that was told before.
    pub(crate) fn answer_as(&mut self, now: Instant, tag: &str, described: bool) {
        let at = self.lines.len().saturating_sub(1);
        if let Some(line) = self.lines.get_mut(at) {
            tag.clone_into(&mut line.local);
            line.described = !described;
        }
        self.answer(now, at);
    }

    /// What it says of its media to this offer, or in place of one.
    pub(super) fn described(&self, invite: &Heard) -> Vec<u8> {
        let call_id = invite.value("Call-ID");
        let Some(line) = self.lines.iter().rfind(|line| line.call_id == call_id) else { return Vec::new() };
        if text::is_fax(invite.body()) {
            return text::fax(line.local_media, line.sdp_version, false);
        }
        let codecs = text::common(invite.body(), &self.codecs).unwrap_or_else(|| self.codecs.clone());
        let body = text::sdp(line.local_media, line.sdp_version, "sendrecv", &codecs, &self.times);
        sealed_for(self.srtp, &self.key(), invite.body(), body)
    }

    pub(super) fn hear_prack(&mut self, now: Instant, at: usize, heard: &Heard) {
        if let Some(status) = self.manners.pracked {
            if status > 0 {
                self.reply(heard, status, "", b"");
            }
            return;
        }
        let Some(line) = self.lines.get_mut(at) else { return };
        line.assured = None;
        if let Some(media) = text::media_address(heard.body()) {
            line.remote_media = Some(media);
        }
        let waits = std::mem::take(&mut line.answer_waits);
        self.reply(heard, 200, "", b"");
        if waits {
            self.answer(now, at);
        }
    }

    /// A caller hears a provisional answer that it is to acknowledge.
    pub(super) fn acknowledge_progress(&mut self, now: Instant, heard: &Heard) {
        let asked = self.manners.pracks && heard.value("Require").contains("100rel");
        let call_id = heard.value("Call-ID");
        let Some(at) = self.lines.iter().position(|line| asked && line.call_id == call_id) else { return };
        let rseq: u32 = heard.value("RSeq").parse().expect("a number");
        let answers = !heard.body().is_empty() && self.lines[at].answers_in_ack;
        let line = &mut self.lines[at];
        if line.rseq == rseq {
            return;
        }
        line.rseq = rseq;
        line.remote = heard.tag("To").unwrap_or_default();
        line.target = heard.contact().unwrap_or_else(|| line.target.clone());
        line.answers_in_ack &= !answers;
        let rack = format!("{rseq} {}", heard.value("CSeq"));
        let body = if answers {
            let line = &self.lines[at];
            let codecs = text::common(heard.body(), &self.codecs).unwrap_or_else(|| self.codecs.clone());
            text::sdp(line.local_media, line.sdp_version, "sendrecv", &codecs, &self.times)
        } else {
            Vec::new()
        };
        self.in_line_with(now, at, Method::PRack, &[("RAck", rack)], body);
    }

    /// It takes no session as short as this INVITE asks for. Says whether it told so.
    pub(super) fn wants_longer(&mut self, heard: &Heard) -> bool {
        let Some(least) = self.manners.least else { return false };
        let asked = heard.value("Session-Expires");
        let asked: Option<u32> = asked.split(';').next().and_then(|seconds| seconds.parse().ok());
        if asked.is_none_or(|asked| asked >= least) {
            return false;
        }
        let tag = self.token("tag");
        let bytes = text::response_with(heard, 422, &tag, None, &[("Min-SE", least.to_string())], b"");
        self.answered.push((answer_key(heard), bytes.clone()));
        self.outbox.push_back(bytes);
        true
    }

    pub(super) fn hear_update(&mut self, at: usize, heard: &Heard) {
        if self.answers_inside(heard) {
            return;
        }
        let offered = text::media_address(heard.body());
        let body = if offered.is_some() {
            let codecs = text::common(heard.body(), &self.codecs).unwrap_or_else(|| self.codecs.clone());
            self.lines
                .get(at)
                .map(|line| text::sdp(line.local_media, line.sdp_version, "sendrecv", &codecs, &self.times))
                .unwrap_or_default()
        } else {
            Vec::new()
        };
        if let (Some(media), Some(line)) = (offered, self.lines.get_mut(at)) {
            line.remote_media = Some(media);
        }
        let contact = self.contact();
        let bytes = text::response_with(heard, 200, "", Some(&contact), &self.manners.answers, &body);
        self.answered.push((answer_key(heard), bytes.clone()));
        self.outbox.push_back(bytes);
    }

    /// It says to requests inside its calls what it was told to. Says whether it did.
    pub(super) fn answers_inside(&mut self, heard: &Heard) -> bool {
        match self.manners.inside {
            None => false,
            Some(0) => true,
            Some(status) => {
                self.reply(heard, status, "", b"");
                true
            }
        }
    }

    /// Somebody wants to send a fax. Says whether that was it.
    pub(super) fn hear_fax(&mut self, now: Instant, at: usize, heard: &Heard) -> bool {
        if !text::is_fax(heard.body()) {
            return false;
        }
        let status = self.manners.fax.unwrap_or(488);
        if status != 200 {
            self.reply(heard, status, "", b"");
            return true;
        }
        let contact = self.contact();
        let Some(line) = self.lines.get_mut(at) else { return true };
        line.sdp_version += 1;
        line.remote_media = text::media_address(heard.body());
        let silent = String::from_utf8_lossy(heard.body()).contains("m=audio 0");
        line.two_lines |= silent;
        let body = text::fax(line.local_media, line.sdp_version, silent);
        let bytes = text::response_with(heard, 200, "", Some(&contact), &self.manners.answers, &body);
        line.accepted = Some(Repeated::new(now, bytes.clone()));
        self.answered.push((answer_key(heard), bytes.clone()));
        self.outbox.push_back(bytes);
        true
    }

    /// Offers fax in place of the sound, which keeps its line with port 0 where it is said so.
    pub(crate) fn offer_fax(&mut self, now: Instant, at: usize, silent: bool) {
        let Some(line) = self.lines.get_mut(at).filter(|line| line.state == LineState::Up) else { return };
        line.sdp_version += 1;
        line.reinvited = None;
        line.two_lines |= silent;
        let body = text::fax(line.local_media, line.sdp_version, silent);
        self.in_line(now, at, Method::Invite, body);
    }

    /// Says inside its call what it said last, as it was.
    pub(crate) fn offer_again(&mut self, now: Instant, at: usize) {
        let Some(line) = self.lines.get_mut(at).filter(|line| line.state == LineState::Up) else { return };
        line.reinvited = None;
        let call_id = line.call_id.clone();
        let said = self.said.iter().rev().filter_map(|bytes| Heard::parse(bytes)).find(|said| {
            said.value("Call-ID") == call_id && !said.body().is_empty() && text::media_address(said.body()).is_some()
        });
        let body = said.map(|said| said.body().to_vec()).unwrap_or_default();
        self.in_line(now, at, Method::Invite, body);
    }

    /// An UPDATE inside its last call: with an offer where a direction is given.
    pub(crate) fn update(&mut self, now: Instant, at: usize, direction: Option<&str>) {
        let Some(line) = self.lines.get_mut(at) else { return };
        let body = match direction {
            Some(direction) => {
                line.sdp_version += 1;
                text::sdp(line.local_media, line.sdp_version, direction, &self.codecs, &self.times)
            }
            None => Vec::new(),
        };
        let rows = self.invite_extra.clone();
        self.in_line_with(now, at, Method::Update, &rows, body);
    }
}
