//! Keys that a phone presses: told by SIP INFO or by the media engine, for the exchange itself or for the other leg.
//!
//! On their way to the other leg keys in RTP are the media engine's affair, but for a carrier that wants to be told by INFO:
//! the engine says which were pressed, and they are told one after the other. A key in an INFO goes on
//!
//! | the other leg | as |
//! |---|---|
//! | has agreed on telephone events | RTP (RFC 4733) |
//! | wants tones (`keys` of its trunk) | a tone in its sound |
//! | else | INFO |
//! | refuses that INFO | a tone in its sound |
//! | speaks a codec that is not ours | INFO, and its answer is the answer |

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use media::dtmf::{Pressed, info};
use sip::transaction::ServerKey;
use sip::{Flow, Message, Method, Name, Status};

use crate::audio::Digit;
use crate::ids::{LegId, PortId};
use crate::leg::Leg;
use crate::media::MediaCommand;
use crate::sound::KEPT;
use crate::switch::Switch;
use crate::trunk::KeyForm;
use crate::wire::{Purpose, Wire};

/// A phone that tells a key in two forms tells it in both within this time.
const TWIN: Duration = Duration::from_secs(2);

/// An INFO that was carried to the other leg and is not answered yet.
#[derive(Debug)]
pub(crate) struct Carried {
    flow: Flow,
    bytes: Vec<u8>,
    to: LegId,
    key: Option<Pressed>,
}

/// In which form a key was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// In RTP, or in the sound.
    Rtp,
    Info,
}

/// The last keys of a phone: some tell each in two forms, and mean one.
#[derive(Debug, Default)]
pub(crate) struct Keying {
    /// Those that came in one form alone so far, the oldest first.
    single: VecDeque<(Digit, Form, Instant)>,
    /// Those that it is to be told of by INFO, the one that it is told of now first: over UDP one could overtake another,
    /// which would be refused (RFC 3261 §12.2.2).
    telling: VecDeque<Pressed>,
}

impl Keying {
    /// Takes a key; says whether it is another than those before.
    fn handle(&mut self, digit: Digit, form: Form, now: Instant) -> bool {
        self.single.retain(|(.., at)| now.saturating_duration_since(*at) < TWIN);
        let twin = self.single.iter().position(|(known, other, _)| *known == digit && *other != form);
        if let Some(twin) = twin {
            self.single.remove(twin);
            return false;
        }
        if self.single.len() < KEPT {
            self.single.push_back((digit, form, now));
        }
        true
    }
}

impl Switch {
    /// An INFO (RFC 6086 §4.2.2, of the old usage: keys of phones): carried to the other leg, and its answer back; where
    /// there is no other leg, its key is for us.
    pub(crate) fn info_came(&mut self, id: LegId, key: ServerKey, message: &Message<'_>, flow: Flow) {
        let other = self.legs.get(id).and_then(|leg| self.calls.get(leg.call)).and_then(|call| call.other(id));
        let Some(to) = other.filter(|other| self.legs.get(*other).is_some_and(Leg::is_up)) else {
            return self.key_came(id, key, message, flow);
        };
        let kind = message.content_type().unwrap_or_default();
        let pressed = info::read(&kind, message.body()).ok();
        if let Some(pressed) = pressed
            && self.legs.get(to).is_some_and(takes_no_info)
            && self.press(to, pressed)
        {
            return self.answer_info(key, message, flow, Status::OK);
        }
        let Some(other) = self.legs.get_mut(to) else { return };
        let body = (!message.body().is_empty()).then(|| (&*kind, message.body()));
        if other.send(Method::Info, Purpose::Info(key), body, None, &mut self.wire) {
            self.carried.insert(key, Carried { flow, bytes: message.bytes().to_vec(), to, key: pressed });
        } else {
            self.refuse(key, message, flow, Status::SERVICE_UNAVAILABLE);
        }
    }

    /// The other leg has answered the INFO that was carried to it. A key that it does not take so it gets as a tone.
    pub(crate) fn info_answered(&mut self, key: ServerKey, status: Status) {
        if status.is_provisional() {
            return;
        }
        let config = self.wire.config.clone();
        let Some(carried) = self.carried.remove(&key) else { return };
        let Ok(message) = sip::parse(&carried.bytes, &config.limits) else { return };
        let pressed = carried.key.filter(|_| is_of_the_form(status));
        let status = match status.0 {
            _ if pressed.is_some_and(|pressed| self.press(carried.to, pressed)) => Status::OK,
            401 | 407 | 408 | 481 => Status::TEMPORARILY_UNAVAILABLE,
            _ => status,
        };
        self.answer_info(key, &message, carried.flow, status);
    }

    fn answer_info(&mut self, key: ServerKey, message: &Message<'_>, flow: Flow, status: Status) {
        let writer = self.reply(message, flow, status);
        self.wire.respond(key, status, writer.finish());
    }

    /// Whom the far end of this port talks with has pressed a key: it is to be told by INFO.
    pub(crate) fn tell_key(&mut self, port: PortId, pressed: Pressed) {
        let Some((_, id)) = self.ports.get(&port).copied() else { return };
        let Some(leg) = self.legs.get_mut(id).filter(|leg| leg.is_up()) else { return };
        if leg.keying.telling.len() < KEPT {
            leg.keying.telling.push_back(pressed);
            if leg.keying.telling.len() == 1 {
                leg.tell_next_key(&mut self.wire);
            }
        }
    }

    /// The far end has answered the INFO that told it of a key; one that it does not take so it gets as a tone.
    pub(crate) fn key_told(&mut self, id: LegId, status: Status) {
        if status.is_provisional() {
            return;
        }
        let Some(leg) = self.legs.get_mut(id) else { return };
        let told = leg.keying.telling.pop_front();
        leg.tell_next_key(&mut self.wire);
        if let Some(pressed) = told.filter(|_| is_of_the_form(status)) {
            self.press(id, pressed);
        }
    }

    /// Lets the far end of a leg hear a key; says whether it can.
    fn press(&mut self, id: LegId, pressed: Pressed) -> bool {
        let Some(leg) = self.legs.get(id).filter(|leg| leg.is_up()) else { return false };
        let (Some(port), Some(_)) = (leg.port, leg.voice()) else { return false };
        if self.calls.get(leg.call).is_some_and(|call| call.hold.music() == Some(port.id)) {
            // He hears music, and no key in it.
            return false;
        }
        let Pressed { digit, duration: time } = pressed;
        self.wire.media(MediaCommand::Press { port: port.id, digit, time });
        true
    }

    /// An INFO for the exchange itself: a key in one of the two forms that phones send, or nothing at all.
    fn key_came(&mut self, id: LegId, key: ServerKey, message: &Message<'_>, flow: Flow) {
        let (status, digit) = key_in(message);
        let mut writer = self.reply(message, flow, status);
        if status == Status::UNSUPPORTED_MEDIA_TYPE {
            // RFC 3261 §21.4.13
            let kinds = [info::Form::Relay, info::Form::Plain].map(info::Form::content_type);
            writer.header(Name::Accept, kinds.join(", "));
        }
        self.wire.respond(key, status, writer.finish());
        let now = self.wire.now;
        let Some(leg) = self.legs.get_mut(id) else { return };
        if let (Some(digit), Some(port)) = (digit, leg.port)
            && leg.keying.handle(digit, Form::Info, now)
        {
            self.pressed(port.id, digit);
        }
    }

    /// The media engine has heard a key.
    pub(crate) fn key_by_rtp(&mut self, port: PortId, digit: Digit) {
        let now = self.wire.now;
        let leg = self.ports.get(&port).and_then(|(_, leg)| self.legs.get_mut(*leg));
        if leg.is_some_and(|leg| leg.keying.handle(digit, Form::Rtp, now)) {
            self.pressed(port, digit);
        }
    }

    /// A key of the caller: for the mixer's service where he is in one.
    fn pressed(&mut self, port: PortId, digit: Digit) {
        let Some((id, leg)) = self.ports.get(&port).copied() else { return };
        match self.calls.get(id) {
            Some(call) if self.is_member(leg) => call.member.key(digit, &call.place(port), &mut self.wire),
            _ => self.told(port, |sounds, at, wire| sounds.key(digit, at, wire)),
        }
    }
}

impl Leg {
    /// Sends an INFO of the first key that waits.
    fn tell_next_key(&mut self, wire: &mut Wire) {
        while let Some(pressed) = self.keying.telling.front() {
            let body = info::write(info::Form::Relay, *pressed);
            let body = Some((info::Form::Relay.content_type(), body.as_bytes()));
            if self.send(Method::Info, Purpose::Key, body, None, wire) {
                return;
            }
            self.keying.telling.pop_front();
        }
    }
}

/// Keys go there as events, or in the sound.
fn takes_no_info(leg: &Leg) -> bool {
    leg.key_form() == KeyForm::Tones || leg.voice().is_some_and(|voice| voice.events.is_some())
}

/// Only who refuses the form gets another: where nobody answered it is too late for a key (§2.4 of RFC 6086 names 469).
const fn is_of_the_form(status: Status) -> bool {
    matches!(status.0, 405 | 406 | 415 | 420 | 469 | 489 | 501)
}

/// How an INFO is answered, and the key that it brings.
fn key_in(message: &Message<'_>) -> (Status, Option<Digit>) {
    if message.body().is_empty() {
        // RFC 6086 §4.2.2: of the old usage; some phones ask so whether we are there.
        return (Status::OK, None);
    }
    match info::read(&message.content_type().unwrap_or_default(), message.body()) {
        Ok(pressed) => (Status::OK, Some(pressed.digit)),
        Err(info::InfoError::ForeignType) => (Status::UNSUPPORTED_MEDIA_TYPE, None),
        Err(_) => (Status::BAD_REQUEST, None),
    }
}
