//! What a story holds in its hands: phones of a world, and the calls that they placed.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use crate::line::LineState;
use crate::phone::{Habit, Outcome};
use crate::text;
use crate::world::{World, seconds};

/// A phone in the world.
#[derive(Clone)]
pub struct Phone {
    pub(crate) world: World,
    pub(crate) at: usize,
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Phone({})", self.at)
    }
}

/// A call that a phone placed.
#[derive(Clone)]
pub struct Placed {
    phone: Phone,
    line: usize,
}

impl fmt::Debug for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Placed({:?}, {})", self.phone, self.line)
    }
}

impl Phone {
    fn habit(self, habit: Habit) -> Self {
        self.world.with_phone(self.at, |phone, _| phone.habit = habit);
        self
    }

    /// It rings and nobody comes.
    #[must_use]
    pub fn that_never_answers(self) -> Self {
        self.habit(Habit::NeverAnswers)
    }

    /// It rings, and refuses after this time with this status.
    #[must_use]
    pub fn that_rings_then_refuses(self, after: Duration, status: u16) -> Self {
        self.habit(Habit::RingsThenRefuses(after, status))
    }

    /// It plays something, and refuses after this time with this status.
    #[must_use]
    pub fn that_plays_then_refuses(self, after: Duration, status: u16) -> Self {
        self.habit(Habit::PlaysThenRefuses(after, status))
    }

    /// It says nothing for this time, then answers.
    #[must_use]
    pub fn that_answers_late(self, after: Duration) -> Self {
        self.habit(Habit::AnswersLate(after))
    }

    /// It says nothing to calls, but answers questions.
    #[must_use]
    pub fn that_is_deaf_to_calls(self) -> Self {
        self.habit(Habit::Deaf)
    }

    /// It says that it tries, and nothing more.
    #[must_use]
    pub fn that_only_tries(self) -> Self {
        self.habit(Habit::Tries)
    }

    /// It refuses every call with this status.
    #[must_use]
    pub fn that_refuses(self, status: u16) -> Self {
        self.habit(Habit::Refuses(status))
    }

    /// It wants packets of so many ms, and can take so long ones (RFC 8866 §6.4); what is 0 is not said.
    #[must_use]
    pub fn that_wants_packets_of(self, ptime: u16, maxptime: u16) -> Self {
        let said = [("ptime", ptime), ("maxptime", maxptime)].into_iter().filter(|(_, time)| *time > 0);
        let times = said.map(|(name, time)| format!("a={name}:{time}\r\n")).collect();
        self.world.with_phone(self.at, |phone, _| phone.times = times);
        self
    }

    /// It answers an INFO inside a call with this status.
    #[must_use]
    pub fn that_answers_info(self, status: u16) -> Self {
        self.world.with_phone(self.at, |phone, _| phone.answers_info = status);
        self
    }

    /// It is not there any more, though it registered.
    #[must_use]
    pub fn that_is_unplugged(self) -> Self {
        self.habit(Habit::Unplugged)
    }

    /// It rings this long before it answers.
    #[must_use]
    pub fn that_answers_after(self, time: Duration) -> Self {
        self.habit(Habit::Answers(time))
    }

    /// It plays something before it answers.
    #[must_use]
    pub fn that_has_early_media(self) -> Self {
        self.habit(Habit::EarlyMedia(seconds(2)))
    }

    /// Its INVITEs carry one more row.
    #[must_use]
    pub fn that_sends(self, name: &'static str, value: &str) -> Self {
        self.world.with_phone(self.at, |phone, _| phone.invite_extra = vec![(name, value.to_owned())]);
        self
    }

    /// It never acknowledges an answer.
    #[must_use]
    pub fn that_never_acknowledges(self) -> Self {
        self.world.with_phone(self.at, |phone, _| phone.never_acknowledges = true);
        self
    }

    /// Its INVITEs carry no offer.
    #[must_use]
    pub fn that_delays_its_offer(self) -> Self {
        self.world.with_phone(self.at, |phone, _| phone.delays_offer = true);
        self
    }

    /// It speaks these and no others: values of `rtpmap`, the preferred first.
    #[must_use]
    pub fn that_speaks(self, codecs: &[&str]) -> Self {
        let codecs = codecs.iter().map(|codec| (*codec).to_owned()).collect();
        self.world.with_phone(self.at, |phone, _| phone.codecs = codecs);
        self
    }

    /// It speaks SRTP where the other can.
    #[must_use]
    pub fn that_can_encrypt(self) -> Self {
        self.world.with_phone(self.at, |phone, _| phone.srtp = Some("RTP/AVP"));
        self
    }

    /// It speaks SRTP and nothing else.
    #[must_use]
    pub fn that_insists_on_encryption(self) -> Self {
        self.world.with_phone(self.at, |phone, _| phone.srtp = Some("RTP/SAVP"));
        self
    }

    /// From its next offer on it encrypts with another key.
    pub fn changes_its_key(&self) {
        self.world.with_phone(self.at, |phone, _| phone.rekeyed += 1);
    }

    /// What it encrypts with, as descriptions write it.
    #[must_use]
    pub fn own_key(&self) -> String {
        self.world.with_phone(self.at, |phone, _| phone.key())
    }

    /// The transports and keys of all descriptions that it was sent, in their order.
    #[must_use]
    pub fn told_keys(&self) -> Vec<(String, Option<String>)> {
        self.world.with_phone(self.at, |phone, _| {
            let told = phone.told.iter();
            told.filter_map(|bytes| Some((text::transport(bytes)?, text::crypto(bytes).map(|(_, _, key)| key))))
                .collect()
        })
    }

    /// This text stood in anything that it was sent.
    #[must_use]
    pub fn was_told(&self, text: &str) -> bool {
        self.world.with_phone(self.at, |phone, _| {
            phone.told.iter().any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
        })
    }

    /// It answers challenges with this algorithm: `MD5` or `SHA-256`.
    #[must_use]
    pub fn with_algorithm(self, name: &'static str) -> Self {
        self.world.with_phone(self.at, |phone, _| phone.realm_algorithm = name);
        self
    }

    /// It reads the first challenge alone, as old phones do.
    #[must_use]
    pub fn that_reads_the_first_challenge(self) -> Self {
        self.world.with_phone(self.at, |phone, _| phone.reads_first_challenge = true);
        self
    }

    /// It has another password than the exchange knows.
    #[must_use]
    pub fn with_password(self, password: &str) -> Self {
        self.world.with_phone(self.at, |phone, _| password.clone_into(&mut phone.password));
        self
    }

    /// Registers its own contact for an hour.
    pub fn register(&self) {
        let contact = self.world.with_phone(self.at, |phone, _| format!("<{}>", phone.contact()));
        self.register_as(&contact, Some(3600));
    }

    /// Registers whatever stands in Contact and Expires; no Contact when empty.
    pub fn register_as(&self, contact: &str, expires: Option<u32>) {
        self.world.with_phone(self.at, |phone, now| phone.register(now, contact, expires));
        self.world.run_for(seconds(40));
    }

    /// The status of the last REGISTER.
    #[must_use]
    pub fn registered(&self) -> Option<u16> {
        self.world.with_phone(self.at, |phone, _| phone.registered)
    }

    /// The contacts that the last 200 to a REGISTER listed.
    #[must_use]
    pub fn contacts(&self) -> Vec<String> {
        self.world.with_phone(self.at, |phone, _| phone.contacts.clone())
    }

    /// Dials the other phone's user.
    pub fn dial(&self, other: &Phone) -> Placed {
        let user = self.world.with_phone(other.at, |phone, _| phone.user.clone());
        self.dial_number(&user)
    }

    /// Dials what a person typed.
    pub fn dial_number(&self, number: &str) -> Placed {
        let line = self.world.with_phone(self.at, |phone, now| phone.dial(now, number));
        Placed { phone: self.clone(), line }
    }

    /// Sends any request outside a dialog.
    pub fn ask(&self, method: rsip::Method, uri: &str, extra: Vec<(&'static str, String)>) {
        self.world.with_phone(self.at, |phone, now| phone.ask(now, method, uri, extra));
        self.world.run_for(seconds(2));
    }

    /// Sends these bytes.
    pub fn say(&self, bytes: &[u8]) {
        self.world.with_phone(self.at, |phone, _| phone.say(bytes));
        self.world.run_for(seconds(2));
    }

    /// The address that it sends from.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.world.with_phone(self.at, |phone, _| phone.address)
    }

    /// Every response that it heard: the method of the CSeq, and the status.
    #[must_use]
    pub fn heard(&self) -> Vec<(String, u16)> {
        self.world.with_phone(self.at, |phone, _| phone.heard.clone())
    }

    /// How many calls it has up.
    #[must_use]
    pub fn calls_up(&self) -> usize {
        self.world.with_phone(self.at, |phone, _| phone.lines.iter().filter(|line| line.state == LineState::Up).count())
    }

    /// It rang for every call that came so far, and so often.
    #[must_use]
    pub fn rung(&self) -> usize {
        self.world.with_phone(self.at, |phone, _| phone.lines.iter().filter(|line| line.invite.is_some()).count())
    }

    /// The Reason with which its last call was ended by the exchange.
    #[must_use]
    pub fn last_reason(&self) -> String {
        self.world
            .with_phone(self.at, |phone, _| phone.lines.last().map(|line| line.reason.clone()).unwrap_or_default())
    }

    /// Takes the tag of the 180 for the dialog, as a caller that ends an early dialog does.
    pub fn takes_tag_of_progress(&self) {
        self.world.with_phone(self.at, |phone, _| phone.take_progress());
    }

    /// Sends a re-INVITE without an offer in its last call.
    pub fn asks_for_an_offer(&self) {
        self.world.with_phone(self.at, |phone, now| {
            phone.in_line(now, phone.lines.len().saturating_sub(1), rsip::Method::Invite, Vec::new());
        });
    }

    /// Sends a request of somebody else's making, with its own credentials when it is challenged.
    pub fn sends_with_credentials(&self, request: &str) {
        self.world.with_phone(self.at, |phone, now| phone.forge(now, request));
        self.world.run_for(seconds(2));
    }

    /// Registers its contact with one more row.
    pub fn registers_with(&self, name: &'static str, value: &str) {
        self.world.with_phone(self.at, |phone, _| phone.extra = vec![(name, value.to_owned())]);
        self.register();
        self.world.with_phone(self.at, |phone, _| phone.extra.clear());
    }

    /// Sends bytes and waits for nothing.
    pub fn says_quietly(&self, bytes: &[u8]) {
        self.world.with_phone(self.at, |phone, _| phone.say(bytes));
    }

    /// Gives up or ends every call that it has.
    pub fn hangs_up_everything(&self) {
        self.world.with_phone(self.at, |phone, now| {
            for line in 0..phone.lines.len() {
                phone.hang_up(now, line);
            }
        });
    }

    /// Moves to another address, and sends from there.
    pub fn moves_to(&self, address: SocketAddr) {
        self.world.with_phone(self.at, |phone, _| phone.address = address);
    }

    /// Sends a request inside its last call.
    pub fn ask_in_call(&self, method: rsip::Method, body: &[u8]) {
        self.world.with_phone(self.at, |phone, now| {
            phone.in_line(now, phone.lines.len().saturating_sub(1), method, body.to_vec());
        });
        self.world.run_for(seconds(2));
    }

    /// From now on it says a tone of its own in every call that is up, on hold too: what is said then is its music.
    pub fn speaks(&self) {
        self.world.with_phone(self.at, |phone, _| phone.speaks = true);
    }

    /// It says nothing more.
    pub fn falls_silent(&self) {
        self.world.with_phone(self.at, |phone, _| phone.speaks = false);
    }

    /// Speaks these codecs from now on, and says so in its last call.
    pub fn changes_codecs(&self, codecs: &[&str]) {
        let codecs = codecs.iter().map(|codec| (*codec).to_owned()).collect();
        self.world.with_phone(self.at, |phone, _| phone.codecs = codecs);
        self.resume();
    }

    /// Presses keys, told by RFC 4733.
    pub fn press(&self, keys: &str) {
        for key in keys.chars() {
            self.world.key(self, switch::Digit::from_char(key).expect("a key"));
        }
    }

    /// Presses keys, told by SIP INFO of this content type: `application/dtmf-relay` or `application/dtmf`.
    pub fn press_by_info(&self, keys: &str, kind: &str) {
        for key in keys.chars() {
            let relay = kind.ends_with("relay");
            let body = if relay { format!("Signal={key}\r\nDuration=160\r\n") } else { key.to_string() };
            self.informs(kind, body.as_bytes());
        }
    }

    /// Sends an INFO inside its last call.
    pub fn informs(&self, kind: &str, body: &[u8]) {
        self.world.with_phone(self.at, |phone, now| {
            phone.in_line_as(now, phone.lines.len().saturating_sub(1), rsip::Method::Info, kind, body.to_vec());
        });
        self.world.run_for(crate::world::millis(100));
    }

    /// Counts its requests inside its last call from so much lower on.
    pub fn forgets_its_count(&self) {
        self.world.with_phone(self.at, |phone, _| {
            if let Some(line) = phone.lines.last_mut() {
                line.cseq = 0;
            }
        });
    }

    /// The last request of this method that it sent, as bytes.
    #[must_use]
    pub fn last_sent(&self, method: &str) -> Vec<u8> {
        let starts = |bytes: &&Vec<u8>| bytes.starts_with(method.as_bytes());
        self.world.with_phone(self.at, |phone, _| phone.said.iter().rev().find(starts).cloned().unwrap_or_default())
    }

    /// The last request that reached it.
    #[must_use]
    pub fn last_request(&self) -> String {
        self.world.with_phone(self.at, |phone, _| phone.last_request.clone())
    }

    /// The keys that it was told of by INFO, in the order in which it was.
    #[must_use]
    pub fn informed_of(&self) -> String {
        let key = |body: &str| body.lines().find_map(|line| line.strip_prefix("Signal=").map(str::to_owned));
        self.world.with_phone(self.at, |phone, _| phone.informed.iter().filter_map(|(_, body)| key(body)).collect())
    }

    /// The last INVITE that reached it.
    #[must_use]
    pub fn last_invite(&self) -> String {
        self.world.with_phone(self.at, |phone, _| phone.last_invite.clone())
    }

    /// Answers its last call now.
    pub fn answer(&self) {
        self.world.with_phone(self.at, |phone, now| phone.answer(now, phone.lines.len().saturating_sub(1)));
    }

    /// Refuses its last call, which rings, with this status.
    pub fn declines(&self, status: u16) {
        self.world.with_phone(self.at, |phone, _| phone.decline(phone.lines.len().saturating_sub(1), status));
    }

    /// Ends its last call, whatever its state.
    pub fn hang_up(&self) {
        self.world.with_phone(self.at, |phone, now| phone.hang_up(now, phone.lines.len().saturating_sub(1)));
    }

    /// Holds its last call.
    pub fn hold(&self) {
        self.hold_by("sendonly");
    }

    /// Holds its last call in this way: `sendonly`, `inactive`, or `0.0.0.0` as of old.
    pub fn hold_by(&self, direction: &str) {
        self.world.with_phone(self.at, |phone, now| phone.hold(now, phone.lines.len().saturating_sub(1), direction));
    }

    /// Comes back to its last call.
    pub fn resume(&self) {
        self.hold_by("sendrecv");
    }

    /// How its last re-INVITE came out.
    #[must_use]
    pub fn reinvited(&self) -> Option<u16> {
        self.world.with_phone(self.at, |phone, _| phone.lines.last().and_then(|line| line.reinvited))
    }

    /// What the other says on its last call would be heard on this one's last call: the exchange relays it there, and
    /// both send where the exchange told them.
    #[must_use]
    pub fn hears(&self, other: &Phone) -> bool {
        let mine = self.world.with_phone(self.at, |phone, _| phone.lines.last().map(|line| line.local_media));
        let theirs = self
            .world
            .with_phone(other.at, |phone, _| phone.lines.last().map(|line| (line.local_media, line.remote_media)));
        let (Some(to), Some((from, Some(sent_to)))) = (mine, theirs) else { return false };
        self.world.carries(from, sent_to, to)
    }
}

impl Placed {
    /// How it came out.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let line = self.line;
        self.phone.world.with_phone(self.phone.at, |phone, _| {
            phone.lines.get(line).and_then(|line| line.outcome).unwrap_or(Outcome::Open)
        })
    }

    /// The caller has heard that it rings.
    #[must_use]
    pub fn rang(&self) -> bool {
        let line = self.line;
        self.phone.world.with_phone(self.phone.at, |phone, _| phone.lines.get(line).is_some_and(|line| line.rang))
    }

    /// It is answered and not over.
    #[must_use]
    pub fn is_up(&self) -> bool {
        let line = self.line;
        self.phone
            .world
            .with_phone(self.phone.at, |phone, _| phone.lines.get(line).is_some_and(|line| line.state == LineState::Up))
    }

    /// Gives it up or ends it.
    pub fn hang_up(&self) {
        let line = self.line;
        self.phone.world.with_phone(self.phone.at, |phone, now| phone.hang_up(now, line));
    }
}
