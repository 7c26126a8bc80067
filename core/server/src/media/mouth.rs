//! What the exchange says on a port: one RTP stream, whatever is said in it.

use std::time::{Duration, Instant};
use std::vec::Drain;

use media::dtmf::{Departure, Digit, Event, Generator, Heard as Key, Pressed, Sender};
use media::{Codec, FRAME, Heard, Packetiser, Rate, Speaking, noise};
use rtp_types::RtpPacket;
use switch::Voice;

/// How loud an event is said to be, in −dBm0 (RFC 4733 §2.3.3).
const VOLUME: u8 = 10;
/// A key in the sound of another is not down for longer, in frames: five seconds.
const LONGEST_DOWN: u16 = 250;
/// Keys wait for so many frames in a stream that takes the place of another: a far end may not believe in it for 200 ms.
const HELD_BACK: u8 = 13;
/// Comfort noise is described again after so many frames,
const NOISE_THERE: u32 = 8;
/// and then always after so many: a second.
const NOISE_AGAIN: u32 = 50;
/// With so many reflection coefficients.
const NOISE_ORDER: usize = 6;

/// The rate of the sound that is made for a codec. Opus is spoken as wide as G.722: twice that costs twice.
pub(super) const fn rate_of(codec: Codec) -> Rate {
    match codec {
        Codec::Pcmu | Codec::Pcma => Rate::Narrow,
        Codec::G722 | Codec::Opus => Rate::Wide,
    }
}

/// The beginnings of a stream, random (RFC 3550 §5.1). The sequence number is below 2¹⁵, so that it does not wrap soon:
/// an SRTP receiver that misses the first packets would else guess the roll-over counter wrongly (RFC 3711 §3.3.1).
#[derive(Debug, Clone, Copy)]
pub(super) struct Seed {
    pub(super) ssrc: u32,
    pub(super) sequence: u16,
    pub(super) timestamp: u32,
}

/// One stream of ours.
#[derive(Debug)]
pub(super) struct Mouth {
    speaking: Speaking,
    codec: Codec,
    wanted: Duration,
    /// How the far end takes keys.
    events: Option<(u8, u32)>,
    /// The far end is told of keys by signalling: none is heard in what it gets.
    informed: bool,
    /// Those that it is to be told of.
    telling: Vec<Pressed>,
    /// The far end's key that is carried: where it began there and here.
    carried: Option<(u32, u32)>,
    /// Keys for a far end that takes no events,
    tones: Generator,
    /// and for one that does.
    sender: Option<Sender>,
    departure: Option<Departure>,
    /// For how many frames a key has been down that another far end presses in its sound.
    down: u16,
    /// For so many frames keys wait.
    held_back: u8,
    /// How the far end takes comfort noise.
    noise: Option<u8>,
    /// The last frame that was passed on was noise.
    hisses: bool,
    /// How long it has been silent, in steps of [`FRAME`].
    silent: u32,
    /// What its silence sounds like is still to be told: since when, and how.
    comfort: Option<(u32, Vec<u8>)>,
    packet: Vec<u8>,
    /// Up to when it has spoken.
    spoke: Option<Instant>,
    /// Something is played: nothing else is to be said.
    pub(super) busy: bool,
}

impl Mouth {
    /// `None` where the voice cannot be spoken.
    pub(super) fn new(voice: &Voice, seed: Seed) -> Option<Self> {
        let rtp = Packetiser::new(voice.send, seed.ssrc, seed.sequence & 0x7fff, seed.timestamp);
        let rate = rate_of(voice.codec);
        Some(Self {
            speaking: speaking(voice.codec, rate, voice.ptime, rtp)?,
            codec: voice.codec,
            wanted: voice.ptime,
            events: voice.events,
            informed: voice.informed,
            telling: Vec::new(),
            carried: None,
            tones: Generator::new(rate),
            sender: voice.events.map(sender),
            departure: None,
            down: 0,
            held_back: 0,
            noise: voice.noise,
            hisses: false,
            // Before the first sound there is nothing to tell.
            silent: 1,
            comfort: None,
            packet: Vec::new(),
            spoke: None,
            busy: false,
        })
    }

    /// After another agreement. Where the clock changes a new stream begins (RFC 3550 §5.2), else the old one goes on.
    /// Says whether what is encoded already cannot be used any more.
    pub(super) fn follow(&mut self, voice: &Voice, seed: Seed) -> bool {
        if self.events != voice.events {
            (self.events, self.sender, self.departure) = (voice.events, voice.events.map(sender), None);
            self.down = 0;
        }
        (self.noise, self.informed) = (voice.noise, voice.informed);
        let changed = (self.codec, self.wanted) != (voice.codec, voice.ptime);
        if !changed && self.speaking.rtp().payload_type() == voice.send {
            return false;
        }
        let old = self.speaking.rtp();
        let rtp = if self.codec.clock() == voice.codec.clock() {
            Packetiser::new(voice.send, old.ssrc(), old.sequence(), old.timestamp())
        } else {
            Packetiser::new(voice.send, seed.ssrc, seed.sequence & 0x7fff, seed.timestamp)
        };
        if let Some(speaking) = speaking(voice.codec, rate_of(voice.codec), voice.ptime, rtp) {
            (self.speaking, self.codec, self.wanted) = (speaking, voice.codec, voice.ptime);
            self.tones.set_rate(rate_of(voice.codec));
        }
        changed
    }

    /// The rate of the sound that is made for it.
    pub(super) const fn native(&self) -> Rate {
        rate_of(self.codec)
    }

    /// How long its packets are.
    pub(super) fn ptime(&self) -> Duration {
        self.speaking.ptime()
    }

    /// It speaks again: the clock went on meanwhile.
    pub(super) fn resume(&mut self, now: Instant) {
        if let Some(spoke) = self.spoke.take() {
            let frames = now.saturating_duration_since(spoke).as_micros() / FRAME.as_micros();
            self.speaking.skip(FRAME.saturating_mul(u32::try_from(frames).unwrap_or(0)));
        }
    }

    /// It has nothing to say for now.
    pub(super) fn rest(&mut self, now: Instant) {
        self.spoke.get_or_insert(now);
    }

    /// Keys that another far end has pressed are of no interest any more: it is not heard.
    pub(super) fn forget_keys(&mut self) {
        self.sender = self.events.map(sender);
        self.tones = Generator::new(self.speaking.rate());
        (self.departure, self.carried, self.down, self.held_back) = (None, None, 0, 0);
        self.telling.clear();
    }

    /// A stream begins: a far end that has just heard another is to believe in this one before keys come in it.
    pub(super) const fn hold_keys_back(&mut self) {
        self.held_back = HELD_BACK;
    }

    /// Sound: whole multiples of 10 ms.
    pub(super) fn say(&mut self, rate: Rate, sound: &[i16]) {
        if rate != self.speaking.rate() {
            self.turn_to(rate);
        }
        self.speaking.handle(sound);
        (self.silent, self.comfort) = (0, None);
    }

    /// A frame of what the far end of another port said, or of the keys that it pressed.
    pub(super) fn pass(&mut self, rate: Rate, sound: &mut [i16], heard: Heard) {
        let keys = self.held_back == 0;
        self.held_back = self.held_back.saturating_sub(1);
        self.let_go_of_what_is_stuck();
        let timestamp = self.speaking.rtp().timestamp();
        // RFC 4733 §2.5.1.1: in place of the sound.
        if let Some(departure) = self.sender.as_mut().filter(|_| keys).and_then(|sender| sender.step(timestamp)) {
            self.departure = Some(departure);
            self.speaking.skip(FRAME);
            return;
        }
        if keys && self.tones.is_busy() {
            if rate != self.speaking.rate() {
                self.turn_to(rate);
            }
            if self.tones.fill(sound) {
                return self.say(rate, sound);
            }
        }
        // Some of the voice may be left in the first frame of noise.
        let noise = std::mem::replace(&mut self.hisses, heard == Heard::Noise) && self.hisses;
        match heard {
            Heard::Silence => self.pause(FRAME),
            Heard::Noise if noise && self.noise.is_some() => self.hiss(FRAME, rate, sound),
            Heard::Sound | Heard::Concealed | Heard::Noise => self.say(rate, sound),
        }
    }

    /// Nothing is said for this long.
    pub(super) fn pause(&mut self, time: Duration) {
        self.hiss(time, Rate::Narrow, &[]);
    }

    /// Nothing is said for this long, and its silence sounds like this: a far end that takes comfort noise is told so when
    /// it begins, and again now and then (RFC 3389 §4).
    fn hiss(&mut self, time: Duration, rate: Rate, sound: &[i16]) {
        // The noise that we hear glides to its level.
        let due = self.silent == NOISE_THERE || self.silent.is_multiple_of(NOISE_AGAIN);
        let again = due && (self.silent == 0 || !sound.is_empty());
        if self.noise.is_some() && again {
            // Colour is described for sound of the noise's own rate (§3.2).
            let order = if rate == Rate::Narrow { NOISE_ORDER } else { 0 };
            let mut payload = Vec::with_capacity(1 + NOISE_ORDER);
            noise::describe(sound, order, &mut payload);
            self.comfort = Some((self.speaking.rtp().timestamp(), payload));
        }
        self.silent = self.silent.saturating_add(1);
        self.speaking.skip(time);
    }

    fn turn_to(&mut self, rate: Rate) {
        let (rtp, ptime) = (self.speaking.rtp().clone(), self.speaking.ptime());
        if let Some(speaking) = speaking(self.codec, rate, ptime, rtp) {
            self.speaking = speaking;
            self.tones.set_rate(rate);
        }
    }

    /// A payload that is encoded already: gives the packet.
    pub(super) fn payload(&mut self, payload: &[u8]) -> &[u8] {
        // Silence that is still to be counted. No sound waits: payloads take the place of whole packets.
        while self.speaking.poll(&mut self.packet) {}
        (self.silent, self.comfort) = (0, None);
        let ticks = self.codec.ticks(self.speaking.ptime());
        self.speaking.rtp().write(payload, ticks, &mut self.packet);
        &self.packet
    }

    /// The next packet of what was said.
    pub(super) fn poll(&mut self) -> Option<&[u8]> {
        if !self.speaking.poll(&mut self.packet) {
            if let (Some(departure), Some((number, _))) = (self.departure.take(), self.events) {
                let Departure { payload, timestamp, marker } = departure;
                self.speaking.rtp().write_as(number, timestamp, marker, &payload, &mut self.packet);
            } else if let (Some((begin, payload)), Some(number)) = (self.comfort.take(), self.noise) {
                self.speaking.rtp().write_as(number, begin, false, &payload, &mut self.packet);
            } else {
                return None;
            }
        }
        Some(&self.packet)
    }

    /// Whether the far end takes keys as events.
    pub(super) const fn takes_events(&self) -> bool {
        self.events.is_some()
    }

    /// Lets the far end hear a key of this length, as an event or as a tone.
    pub(super) fn press(&mut self, digit: Digit, time: Duration) {
        // Who has so many keys waiting hears them in no useful time.
        let _ = match &mut self.sender {
            Some(sender) => sender.send(digit, time),
            None => self.tones.send(digit, time),
        };
    }

    /// Another far end has pressed a key, and this one takes no events: it hears a tone, or is told by signalling.
    pub(super) fn pass_key(&mut self, pressed: Pressed) {
        if self.informed {
            self.telling.push(pressed);
        } else {
            self.press(pressed.digit, pressed.duration);
        }
    }

    /// The keys that the far end is to be told of by signalling.
    pub(super) fn telling(&mut self) -> Drain<'_, Pressed> {
        self.telling.drain(..)
    }

    /// Another far end has pressed a key, or let it go: this one takes events, and hears one as long.
    pub(super) fn follow_key(&mut self, heard: Key) {
        let Some(sender) = &mut self.sender else { return };
        match heard {
            Key::Began(digit) => {
                let _ = sender.press(digit);
                self.down = 1;
            }
            Key::Ended(_) => {
                sender.release();
                self.down = 0;
            }
        }
    }

    /// Whose packets cease in the middle of a key does not press it for ever.
    fn let_go_of_what_is_stuck(&mut self) {
        if self.down > 0 {
            self.down += 1;
        }
        if self.down > LONGEST_DOWN {
            self.down = 0;
            self.sender.iter_mut().for_each(Sender::release);
        }
    }

    /// A report of a key from another stream, for this one: with its numbers and its clock (RFC 4733 §2.5.1).
    pub(super) fn carry(&mut self, event: &RtpPacket<'_>, clock: u32) -> Option<&[u8]> {
        let (number, own) = self.events?;
        let mut report = Event::read(event.payload()).ok()?;
        let ticks = u64::from(report.duration) * u64::from(own) / u64::from(clock.max(1));
        report.duration = u16::try_from(ticks).unwrap_or(u16::MAX);
        let begin = match self.carried {
            Some((there, here)) if there == event.timestamp() => here,
            _ => self.speaking.rtp().timestamp(),
        };
        self.carried = Some((event.timestamp(), begin));
        self.speaking.rtp().write_as(number, begin, event.marker_bit(), &report.write(), &mut self.packet);
        Some(&self.packet)
    }
}

fn sender((_, clock): (u8, u32)) -> Sender {
    Sender::new(clock, VOLUME)
}

/// A far end may ask for a time that no packet of ours has: it gets the nearest that there is.
pub(super) fn packet_time(codec: Codec, ptime: Duration) -> Duration {
    let tens = u32::try_from(ptime.as_millis() / 10).unwrap_or(2).clamp(1, 6);
    let ptime = Duration::from_millis(10) * tens;
    media::packet_time(codec, ptime).unwrap_or(ptime)
}

fn speaking(codec: Codec, rate: Rate, ptime: Duration, rtp: Packetiser) -> Option<Speaking> {
    Speaking::new(codec, rate, packet_time(codec, ptime), rtp).ok()
}
