//! A port that makes or keeps sound: what it hears, what it plays, what it records. It has a turn every 20 ms while any of
//! it goes on.

use std::time::{Duration, Instant};

use media::dtmf::{Heard as Key, Pressed, Receiver};
use media::player::{Item, Played, Player, Repeat, Step};
use media::record::{Layout, Settings, Silence};
use media::tone::{Part, Sound as Wave, Tone};
use media::{Codec, FRAME, Heard, Hearing, JitterConfig, Rate, Recorder, Unheard};
use rtp_types::RtpPacket;
use switch::{AudioError, SoundId, Voice};

use super::keys::arrival;
use super::library::Wish;
use super::mouth::{Mouth, rate_of};
use super::recordings::Writing;
use super::tape::Tap;

/// Frames below this level are silent, in dBov: the noise of a quiet room lies below, a voice from afar above.
const QUIET: f32 = -48.0;
/// A frame in which nothing is said, of any rate.
static SILENCE: [i16; 960] = [0; 960];
/// So much of the silence at the end of a recording is kept.
const KEPT: Duration = Duration::from_millis(500);
/// What is recorded is handed to the disk this often, in frames: a fifth of a second is what a fall of the exchange may cost of
/// a message.
const HANDED_OVER: u32 = 10;
/// What says that a call is recorded: its frequency in Hz, and how long it is.
const BEEP: (u16, Duration) = (1_400, Duration::from_millis(200));
/// A key that is sounded for a far end that takes no events.
const LONGEST_KEY: Duration = Duration::from_secs(3);

/// What a turn brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum News {
    /// It was played whole.
    Played(SoundId),
}

#[derive(Debug)]
pub(super) struct Studio {
    pub(super) mouth: Mouth,
    ear: Option<Ear>,
    /// What is to be played, for as long as it is: asked for, then playing.
    pub(super) wish: Option<(SoundId, Wish, bool)>,
    player: Option<Player>,
    /// Time that was not played yet: packets need not be of 20 ms.
    owed: Duration,
    echo: bool,
    tape: Option<Tape>,
    /// What it hears goes into the recording of a call.
    pub(super) tap: Option<Tap>,
    /// The far end is heard by another port, which speaks this.
    pub(super) across: Option<Codec>,
    /// In which slot its turn is.
    pub(super) slot: Option<usize>,
}

/// The far end, heard.
#[derive(Debug)]
struct Ear {
    hearing: Hearing,
    frame: Vec<i16>,
    /// Its keys, for a port that takes no events.
    keys: Receiver,
}

/// A recording under way.
#[derive(Debug)]
pub(super) struct Tape {
    pub(super) id: SoundId,
    rate: Rate,
    recorder: Recorder,
    writing: Writing,
    frames: u32,
}

impl Studio {
    pub(super) fn new(mouth: Mouth) -> Self {
        Self {
            mouth,
            ear: None,
            wish: None,
            player: None,
            owed: Duration::ZERO,
            echo: false,
            tape: None,
            tap: None,
            across: None,
            slot: None,
        }
    }

    /// It needs a turn in every frame.
    pub(super) const fn is_needed(&self) -> bool {
        self.player.is_some() || self.listens()
    }

    pub(super) const fn is_playing(&self) -> bool {
        self.player.is_some()
    }

    pub(super) const fn is_recording(&self) -> bool {
        self.tape.is_some()
    }

    const fn listens(&self) -> bool {
        self.echo || self.tape.is_some() || self.tap.is_some() || self.across.is_some()
    }

    /// Opens or closes the ear, as it is needed. The seed is for comfort noise.
    pub(super) fn settle(&mut self, voice: &Voice, seed: u64) {
        if !self.listens() {
            self.ear = None;
        } else if self.ear.is_none() {
            let rate = self.rate(voice);
            let hearing = Hearing::new(&voice.hearable(), rate, JitterConfig::default(), seed);
            self.ear = Some(Ear { hearing, frame: vec![0; rate.frame()], keys: Receiver::default() });
        }
    }

    /// A recording goes on as it began. What is heard for another port alone need not be wider than that can say.
    fn rate(&self, voice: &Voice) -> Rate {
        let own = rate_of(voice.codec);
        match (&self.tape, self.across) {
            (Some(tape), _) => tape.rate,
            (None, Some(other)) if !self.echo && self.tap.is_none() => own.min(rate_of(other)),
            (None, _) => own,
        }
    }

    /// From now on the far end is heard by a port that speaks this, or by none.
    pub(super) fn set_across(&mut self, voice: Option<&Voice>, other: Option<Codec>) {
        if self.across == other {
            return;
        }
        self.across = other;
        if let (Some(ear), Some(voice)) = (&self.ear, voice)
            && ear.hearing.rate() != self.rate(voice)
        {
            self.ear = None;
        }
    }

    /// After another agreement: says whether what plays has to be fetched anew.
    pub(super) fn follow(&mut self, voice: &Voice, changed: bool) -> bool {
        let rate = self.rate(voice);
        if let Some(ear) = &mut self.ear {
            if ear.hearing.rate() == rate {
                ear.hearing.set_formats(&voice.hearable());
            } else {
                self.ear = None;
            }
        }
        changed && self.wish.is_some()
    }

    /// The items of what was asked for are there.
    pub(super) fn play(&mut self, voice: &Voice, items: Vec<Item>) -> Result<(), AudioError> {
        let Some((_, _, forever)) = self.wish else { return Ok(()) };
        let mut player = Player::new(rate_of(voice.codec), self.mouth.ptime());
        for item in items {
            let pushed = player.push(item);
            pushed.map_err(|error| AudioError::Unplayable("a sound".to_owned(), error.to_string()))?;
        }
        self.player = Some(if forever { player.repeating(Repeat::Forever) } else { player });
        (self.owed, self.mouth.busy) = (Duration::ZERO, true);
        Ok(())
    }

    /// A short tone, unless something is played.
    pub(super) fn beep(&mut self, voice: &Voice) {
        if self.player.is_some() || self.wish.is_some() {
            return;
        }
        let tone = Tone::of(&[Part { sound: Wave::One(BEEP.0), millis: 0 }]);
        let mut player = Player::new(rate_of(voice.codec), self.mouth.ptime());
        if player.push(Item::Tone(tone, Some(BEEP.1))).is_ok() {
            self.player = Some(player);
            (self.owed, self.mouth.busy) = (Duration::ZERO, true);
        }
    }

    /// Plays nothing more.
    pub(super) fn hush(&mut self) {
        (self.wish, self.player, self.mouth.busy) = (None, None, false);
    }

    pub(super) const fn set_echo(&mut self, on: bool) {
        self.echo = on;
    }

    /// Keeps what the far end says from now on.
    pub(super) fn record(
        &mut self,
        voice: &Voice,
        id: SoundId,
        limit: Duration,
        silence: Option<Duration>,
        writing: Writing,
    ) {
        let silence = silence.map(|after| Silence { below: QUIET, ends_after: Some(after), keep: KEPT.min(after) });
        let rate = self.ear.as_ref().map_or_else(|| rate_of(voice.codec), |ear| ear.hearing.rate());
        let settings = Settings { layout: Layout::Near, longest: Some(limit), silence, ..Settings::wav(rate) };
        match Recorder::new(settings) {
            Ok(recorder) => self.tape = Some(Tape::new(id, rate, recorder, writing)),
            Err(_) => writing.end(Duration::ZERO),
        }
    }

    /// Ends the recording.
    pub(super) fn enough(&mut self) {
        if let Some(tape) = self.tape.take() {
            tape.end();
        }
    }

    /// The recording cannot be written any more, and that is told.
    pub(super) fn spoil(&mut self, id: SoundId) {
        self.tape.take_if(|tape| tape.id == id);
    }

    /// What came until now is not for the recording of the call.
    pub(super) fn leave_behind(&mut self) {
        if let Some(ear) = &mut self.ear {
            ear.hearing.leave_behind();
        }
        if let Some(tap) = &mut self.tap {
            tap.forget();
        }
    }

    /// A packet of the far end; says why it is not heard, where that is so.
    pub(super) fn hear(&mut self, now: Instant, packet: &[u8]) -> Result<(), Unheard> {
        match &mut self.ear {
            Some(ear) => ear.hearing.handle(now, packet).map(drop),
            None => Ok(()),
        }
    }

    /// Carries a key of the far end on to another port: as events, or as sound where that takes none.
    pub(super) fn carry(
        &mut self,
        now: Instant,
        packet: &[u8],
        events: &[(u8, u32)],
        mouth: &mut Mouth,
        mut send: impl FnMut(&[u8]),
    ) {
        let Ok(packet) = RtpPacket::parse(packet) else { return };
        let Some((_, clock)) = events.iter().find(|(number, _)| *number == packet.payload_type()) else { return };
        if mouth.takes_events() {
            if let Some(packet) = mouth.carry(&packet, *clock) {
                send(packet);
            }
            return;
        }
        if let Some(ear) = &mut self.ear {
            let _ = ear.keys.handle(now, &arrival(&packet, *clock));
            ear.sound_keys(mouth);
        }
    }

    /// A key whose end was lost on the way has ended all the same (RFC 4733 §2.5.2.2).
    fn carry_lost(&mut self, now: Instant, mouth: &mut Mouth) {
        if let Some(ear) = self.ear.as_mut().filter(|ear| ear.keys.sounding().is_some()) {
            ear.keys.handle_timeout(now);
            ear.sound_keys(mouth);
        }
    }

    /// Its turn: hears a frame, gives it to whom it is for, and plays the next of what is played.
    pub(super) fn turn(
        &mut self,
        now: Instant,
        other: Option<&mut Mouth>,
        mut send: impl FnMut(&[u8]),
        mut send_on: impl FnMut(&[u8]),
    ) -> Option<News> {
        let mut other = other;
        if let Some(mouth) = other.as_deref_mut() {
            // It speaks in our turns, whether it has turns of its own or not.
            mouth.resume(now);
            self.carry_lost(now, mouth);
        }
        if let Some(ear) = &mut self.ear {
            let heard = ear.hearing.poll(now, &mut ear.frame);
            let rate = ear.hearing.rate();
            if self.tape.as_mut().is_some_and(|tape| tape.take(&ear.frame)) {
                self.enough();
            }
            let ear = self.ear.as_mut()?;
            if let Some(tap) = &mut self.tap {
                tap.hear(rate, if ear.hearing.is_old() { &SILENCE[..rate.frame()] } else { &ear.frame });
            }
            if self.echo && !self.mouth.busy {
                if heard == Heard::Silence {
                    self.mouth.pause(FRAME);
                } else {
                    self.mouth.say(rate, &ear.frame);
                }
                while let Some(packet) = self.mouth.poll() {
                    send(packet);
                }
            }
            if let Some(mouth) = other.filter(|mouth| !mouth.busy) {
                mouth.pass(rate, &mut ear.frame, heard);
                while let Some(packet) = mouth.poll() {
                    send_on(packet);
                }
            }
        }
        if !self.listens() {
            // What was recorded is over: what is in the buffer is not for who listens next.
            self.ear = None;
        }
        self.step(send)
    }

    fn step(&mut self, mut send: impl FnMut(&[u8])) -> Option<News> {
        let player = self.player.as_mut()?;
        let (ptime, mouth) = (self.mouth.ptime(), &mut self.mouth);
        self.owed += FRAME;
        while self.owed >= ptime {
            self.owed -= ptime;
            match player.step() {
                Step::Payload(payload) => send(mouth.payload(payload)),
                Step::Frame(frame) => {
                    let rate = mouth.native();
                    mouth.say(rate, frame);
                    while let Some(packet) = mouth.poll() {
                        send(packet);
                    }
                }
                Step::Quiet => {
                    mouth.pause(ptime);
                    while let Some(packet) = mouth.poll() {
                        send(packet);
                    }
                }
                Step::Over => {
                    let id = self.wish.take().map(|(id, _, _)| id);
                    self.hush();
                    return id.map(News::Played);
                }
            }
            // Nobody waits for a single item; what was told is not told again.
            while player.poll().is_some_and(|played| matches!(played, Played::Item(_))) {}
        }
        None
    }
}

impl Ear {
    /// Keys that are over are sounded for another far end.
    fn sound_keys(&mut self, mouth: &mut Mouth) {
        while let Some(heard) = self.keys.poll() {
            if let Key::Ended(pressed) = heard {
                mouth.pass_key(Pressed { duration: pressed.duration.min(LONGEST_KEY), ..pressed });
            }
        }
    }
}

impl Tape {
    pub(super) const fn new(id: SoundId, rate: Rate, recorder: Recorder, writing: Writing) -> Self {
        Self { id, rate, recorder, writing, frames: 0 }
    }

    /// Nothing is kept for now, or again.
    pub(super) fn pause(&mut self, on: bool) {
        if on { self.recorder.pause() } else { self.recorder.resume() }
    }

    /// Takes a frame; says whether that was the last.
    pub(super) fn take(&mut self, frame: &[i16]) -> bool {
        let ended = self.recorder.handle_frame(Some(frame), None).ended.is_some();
        let kept_up = self.write();
        self.frames = self.frames.wrapping_add(1);
        if self.frames.is_multiple_of(HANDED_OVER) {
            self.writing.hand_over();
        }
        ended || !kept_up
    }

    fn write(&mut self) -> bool {
        let mut kept_up = true;
        while let Some(write) = self.recorder.poll() {
            kept_up &= self.writing.write(write.at, write.bytes);
        }
        kept_up
    }

    pub(super) fn end(mut self) {
        self.recorder.stop();
        self.write();
        let length = self.recorder.summary().length;
        self.writing.end(length);
    }
}
