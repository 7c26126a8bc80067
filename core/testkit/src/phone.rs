//! A scripted phone: registers, calls, answers by habit, holds, hangs up.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rsip::Method;

use crate::line::{Line, LineState, Repeated, T2};
use crate::text::{self, Heard};

/// What a phone does with a call that comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Habit {
    /// Rings, and answers after this time.
    Answers(Duration),
    /// Rings.
    NeverAnswers,
    /// Refuses at once with this status.
    Refuses(u16),
    /// Says nothing at all, as if unplugged.
    Unplugged,
    /// Plays something before it answers after this time.
    EarlyMedia(Duration),
}

/// How a call came out for the phone that placed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was refused with this status.
    Refused(u16),
    /// It was answered, and has ended.
    HungUp,
    /// Nobody ever answered the INVITE.
    Unheard,
    /// It is still going on.
    Open,
}

#[derive(Debug)]
pub(crate) struct PhoneState {
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) realm_algorithm: &'static str,
    pub(crate) address: SocketAddr,
    pub(crate) exchange: SocketAddr,
    pub(crate) domain: String,
    pub(crate) habit: Habit,
    pub(crate) lines: Vec<Line>,
    pub(crate) registered: Option<u16>,
    pub(crate) contacts: Vec<String>,
    /// Rows that its REGISTER carries besides.
    pub(crate) extra: Vec<(&'static str, String)>,
    /// Rows that its INVITEs carry besides.
    pub(crate) invite_extra: Vec<(&'static str, String)>,
    /// The To tag of the last 180.
    progress_tag: String,
    /// Leaves every 2xx without its ACK.
    pub(crate) never_acknowledges: bool,
    /// All that it said.
    pub(crate) said: Vec<Vec<u8>>,
    /// The last request that it heard.
    pub(crate) last_request: String,
    /// The last INVITE that it heard.
    pub(crate) last_invite: String,
    /// Gives up when the first challenge is not of its algorithm.
    pub(crate) reads_first_challenge: bool,
    /// Offers nothing in its INVITE.
    pub(crate) delays_offer: bool,
    /// What it speaks, as the values of `rtpmap`.
    pub(crate) codecs: Vec<String>,
    /// It speaks SRTP, and offers it with this transport; with `RTP/SAVP` it speaks nothing else.
    pub(crate) srtp: Option<&'static str>,
    /// How often it changed its key.
    pub(crate) rekeyed: u32,
    /// All that it heard.
    pub(crate) told: Vec<Vec<u8>>,
    outbox: VecDeque<Vec<u8>>,
    waiting: Vec<Waiting>,
    plans: Vec<(Instant, Plan)>,
    /// Final answers by branch and method, for requests that come again.
    answered: Vec<(String, Vec<u8>)>,
    serial: u32,
    register: (String, u32),
    /// Every status that came, for tests of the wire.
    pub(crate) heard: Vec<(String, u16)>,
}

/// A request that waits for its answer.
#[derive(Debug)]
struct Waiting {
    branch: String,
    method: Method,
    uri: String,
    rows: Vec<(&'static str, String)>,
    body: Vec<u8>,
    call_id: String,
    tried: bool,
    repeat: Option<Repeated>,
}

#[derive(Debug, Clone)]
enum Plan {
    Answer(String),
}

impl PhoneState {
    pub(crate) fn new(user: &str, address: SocketAddr, exchange: SocketAddr, domain: &str) -> Self {
        Self {
            user: user.to_owned(),
            password: format!("{user}-secret"),
            realm_algorithm: "MD5",
            address,
            exchange,
            domain: domain.to_owned(),
            habit: Habit::Answers(Duration::from_secs(2)),
            lines: Vec::new(),
            registered: None,
            contacts: Vec::new(),
            extra: Vec::new(),
            invite_extra: Vec::new(),
            progress_tag: String::new(),
            never_acknowledges: false,
            said: Vec::new(),
            last_request: String::new(),
            last_invite: String::new(),
            reads_first_challenge: false,
            delays_offer: false,
            codecs: text::CODECS.map(str::to_owned).to_vec(),
            srtp: None,
            rekeyed: 0,
            told: Vec::new(),
            outbox: VecDeque::new(),
            waiting: Vec::new(),
            plans: Vec::new(),
            answered: Vec::new(),
            serial: 0,
            register: (format!("register-{user}-{address}"), 0),
            heard: Vec::new(),
        }
    }

    // ---- what a person does ----

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
        });
        let at = self.lines.len() - 1;
        let body =
            if self.delays_offer { Vec::new() } else { self.offered(text::sdp(media, 1, "sendrecv", &self.codecs)) };
        self.in_line(now, at, Method::Invite, body);
        at
    }

    pub(crate) fn answer(&mut self, now: Instant, at: usize) {
        let (contact, key) = (self.contact(), self.key());
        let Some(line) = self.lines.get_mut(at).filter(|line| line.state == LineState::Ringing) else { return };
        let Some(invite) = &line.invite else { return };
        let codecs = text::common(invite.body(), &self.codecs).unwrap_or_else(|| self.codecs.clone());
        let body = text::sdp(line.local_media, line.sdp_version, "sendrecv", &codecs);
        let body = sealed_for(self.srtp, &key, invite.body(), body);
        let bytes = text::response(invite, 200, &line.local, Some(&contact), &body);
        line.state = LineState::Up;
        line.accepted = Some(Repeated::new(now, bytes.clone()));
        let key = answer_key(invite);
        self.answered.push((key, bytes.clone()));
        self.outbox.push_back(bytes);
    }

    /// The key that it encrypts with: 30 bytes in base 64.
    pub(crate) fn key(&self) -> String {
        format!("{:x<39}{}", self.user, self.rekeyed % 10)
    }

    fn offered(&self, body: Vec<u8>) -> Vec<u8> {
        match self.srtp {
            Some(transport) => {
                let line = format!("1 AES_CM_128_HMAC_SHA1_80 inline:{}", self.key());
                text::sealed(&body, transport, Some(&line))
            }
            None => body,
        }
    }

    fn can_seal(&self, offer: &[u8]) -> bool {
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
            LineState::Ringing => {
                let Some(invite) = line.invite.clone() else { return };
                line.state = LineState::Ended;
                let tag = line.local.clone();
                self.reply(&invite, 603, &tag, b"");
            }
            LineState::Ended => {}
        }
    }

    fn cancel(&mut self, now: Instant, at: usize) {
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
        let body = text::sdp(line.local_media, line.sdp_version, direction, &self.codecs);
        let body = self.offered(body);
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

    fn token(&mut self, kind: &str) -> String {
        self.serial += 1;
        format!("{kind}{}{}", self.user, self.serial)
    }

    /// A request of one of its calls.
    pub(crate) fn in_line(&mut self, now: Instant, at: usize, method: Method, body: Vec<u8>) {
        self.in_line_as(now, at, method, "", body);
    }

    /// The same with a body of this type.
    pub(crate) fn in_line_as(&mut self, now: Instant, at: usize, method: Method, kind: &str, body: Vec<u8>) {
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
        if !kind.is_empty() && !body.is_empty() {
            rows.push(("Content-Type", kind.to_owned()));
        }
        let (uri, call_id) = (line.target.clone(), line.call_id.clone());
        if method == Method::Invite {
            rows.extend(self.invite_extra.iter().cloned());
        }
        self.send(now, method, uri, rows, body, &call_id);
    }

    fn send(
        &mut self,
        now: Instant,
        method: Method,
        uri: String,
        mut rows: Vec<(&'static str, String)>,
        body: Vec<u8>,
        call_id: &str,
    ) {
        let branch = format!("z9hG4bK{}", self.token("br"));
        rows.retain(|(name, _)| !matches!(*name, "Via" | "Max-Forwards"));
        rows.insert(0, ("Via", format!("SIP/2.0/UDP {};branch={branch};rport", self.address)));
        rows.insert(1, ("Max-Forwards", "70".to_owned()));
        let bytes = text::request(method, &uri, &rows, &body);
        let tried = rows.iter().any(|(name, _)| *name == "Authorization");
        let repeat = Some(Repeated::new(now, bytes.clone()));
        self.waiting.push(Waiting { branch, method, uri, rows, body, call_id: call_id.to_owned(), tried, repeat });
        self.outbox.push_back(bytes);
    }

    fn reply(&mut self, to: &Heard, status: u16, tag: &str, body: &[u8]) {
        let contact = self.contact();
        let bytes = text::response(to, status, tag, (to.method() == Some(Method::Invite)).then_some(&contact), body);
        if status >= 200 {
            self.answered.push((answer_key(to), bytes.clone()));
        }
        self.outbox.push_back(bytes);
    }

    pub(crate) fn hear(&mut self, now: Instant, bytes: &[u8]) {
        self.told.push(bytes.to_vec());
        let Some(heard) = Heard::parse(bytes) else {
            panic!("rsip cannot read what the exchange sent:\n{}", String::from_utf8_lossy(bytes))
        };
        match heard.method() {
            Some(method) => {
                self.last_request = String::from_utf8_lossy(bytes).into_owned();
                if method == Method::Invite {
                    self.last_invite.clone_from(&self.last_request);
                }
                self.hear_request(now, method, &heard);
            }
            None => self.hear_response(now, &heard),
        }
    }

    fn hear_request(&mut self, now: Instant, method: Method, heard: &Heard) {
        if self.habit == Habit::Unplugged {
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
            (Method::Options | Method::Info, _) => self.reply(heard, 200, "t", b""),
            _ => self.reply(heard, 481, "t", b""),
        }
    }

    fn ring(&mut self, now: Instant, invite: &Heard) {
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
        });
        if !invite.body().is_empty()
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
                self.reply(invite, 180, &local, b"");
                self.plans.push((now + after, Plan::Answer(call_id)));
            }
            Habit::EarlyMedia(after) => {
                let codecs = text::common(invite.body(), &self.codecs).unwrap_or_else(|| self.codecs.clone());
                let body = text::sdp(media, 1, "sendrecv", &codecs);
                let body = sealed_for(self.srtp, &self.key(), invite.body(), body);
                self.reply(invite, 183, &local, &body);
                self.plans.push((now + after, Plan::Answer(call_id)));
            }
            Habit::NeverAnswers => self.reply(invite, 180, &local, b""),
            Habit::Refuses(status) => {
                self.reply(invite, status, &local, b"");
                if let Some(line) = self.lines.last_mut() {
                    line.state = LineState::Ended;
                }
            }
            Habit::Unplugged => {}
        }
    }

    fn hear_reinvite(&mut self, now: Instant, at: usize, heard: &Heard) {
        let (contact, key) = (self.contact(), self.key());
        let Some(line) = self.lines.get_mut(at) else { return };
        if line.state != LineState::Up {
            if line.invite.as_ref().is_some_and(|invite| invite.branch() != heard.branch()) {
                self.reply(heard, 481, "", b"");
            }
            return;
        }
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
        let body = text::sdp(line.local_media, line.sdp_version, direction, &codecs);
        let body = sealed_for(self.srtp, &key, heard.body(), body);
        if let Some(media) = text::media_address(heard.body()) {
            line.remote_media = Some(media);
        }
        let bytes = text::response(heard, 200, "", Some(&contact), &body);
        line.accepted = Some(Repeated::new(now, bytes.clone()));
        self.answered.push((answer_key(heard), bytes.clone()));
        self.outbox.push_back(bytes);
    }

    fn hear_cancel(&mut self, at: usize, heard: &Heard) {
        self.reply(heard, 200, "", b"");
        let Some(line) = self.lines.get_mut(at).filter(|line| line.state == LineState::Ringing) else { return };
        line.state = LineState::Ended;
        line.reason = heard.value("Reason");
        let (invite, tag) = (line.invite.clone(), line.local.clone());
        if let Some(invite) = invite {
            self.reply(&invite, 487, &tag, b"");
        }
    }

    fn hear_response(&mut self, now: Instant, heard: &Heard) {
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
            Method::Invite => self.hear_final(now, heard, status, number),
            _ => {}
        }
    }

    fn hear_progress(&mut self, heard: &Heard, status: u16) {
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

    fn hear_final(&mut self, now: Instant, heard: &Heard, status: u16, number: u32) {
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
        let body = text::sdp(line.local_media, line.sdp_version, "sendrecv", &codecs);
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

    fn ack_of(&mut self, at: usize, number: u32, body: &[u8]) -> Vec<u8> {
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
    fn acknowledge_refusal(&mut self, heard: &Heard, waiting: Option<&Waiting>) {
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
    fn try_again(&mut self, now: Instant, waiting: Waiting, heard: &Heard) {
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
        if method == "REGISTER" {
            self.register.1 = number + 1;
        }
        self.send(now, waiting.method, waiting.uri, rows, waiting.body, &waiting.call_id);
    }

    // ---- time ----

    pub(crate) fn poll(&mut self) -> Option<Vec<u8>> {
        let bytes = self.outbox.pop_front()?;
        self.said.push(bytes.clone());
        Some(bytes)
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        let waiting = self.waiting.iter().filter_map(|waiting| waiting.repeat.as_ref()).map(|repeat| repeat.due);
        let accepted = self.lines.iter().filter_map(|line| line.accepted.as_ref()).map(|repeat| repeat.due);
        let plans = self.plans.iter().map(|(due, _)| *due);
        waiting.chain(accepted).chain(plans).min()
    }

    pub(crate) fn timeout(&mut self, now: Instant) {
        let mut unheard = Vec::new();
        let outbox = &mut self.outbox;
        let mut repeat = |repeated: &mut Option<Repeated>, cap: Option<Duration>| {
            let Some(one) = repeated.as_mut().filter(|one| one.due <= now) else { return false };
            if now >= one.until {
                *repeated = None;
                return true;
            }
            outbox.push_back(one.bytes.clone());
            one.interval = cap.map_or(one.interval * 2, |cap| (one.interval * 2).min(cap));
            one.due = now + one.interval;
            false
        };
        for waiting in &mut self.waiting {
            let cap = (waiting.method != Method::Invite).then_some(T2);
            if repeat(&mut waiting.repeat, cap) {
                unheard.push(waiting.call_id.clone());
            }
        }
        for line in &mut self.lines {
            repeat(&mut line.accepted, Some(T2));
        }
        for call_id in unheard {
            if let Some(line) =
                self.lines.iter_mut().find(|line| line.call_id == call_id && line.state == LineState::Calling)
            {
                line.state = LineState::Ended;
                line.outcome = Some(Outcome::Unheard);
            }
        }
        let due: Vec<Plan> = self.plans.iter().filter(|(due, _)| *due <= now).map(|(_, plan)| plan.clone()).collect();
        self.plans.retain(|(due, _)| *due > now);
        for Plan::Answer(call_id) in due {
            if let Some(at) = self.lines.iter().position(|line| line.call_id == call_id) {
                self.answer(now, at);
            }
        }
    }
}

/// The answer to an offer, with our key where both can encrypt.
fn sealed_for(srtp: Option<&str>, key: &str, offer: &[u8], answer: Vec<u8>) -> Vec<u8> {
    match (srtp, text::crypto(offer), text::transport(offer)) {
        (Some(_), Some((tag, suite, _)), Some(transport)) => {
            text::sealed(&answer, &transport, Some(&format!("{tag} {suite} inline:{key}")))
        }
        (Some(transport), None, None) => {
            text::sealed(&answer, transport, Some(&format!("1 AES_CM_128_HMAC_SHA1_80 inline:{key}")))
        }
        _ => answer,
    }
}

fn answer_key(request: &Heard) -> String {
    format!("{}{}{}", request.branch(), request.cseq().1, request.cseq().0)
}
