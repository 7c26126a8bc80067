//! The call that is served.

use std::time::Duration;

use crate::bindings::strowger::dialplan::audio::{PlayOptions, Played};
use crate::bindings::strowger::dialplan::call::Call as Raw;
use crate::{
    CallRecording, Choice, DialOutcome, Digits, Ending, Error, Left, Menu, Number, Order, Outcome, Parted, Party,
    ReadDigits, Reason, Record, Recorded, Sound, Target, Way, Whose, Wish, numbers, rooms, voicemail,
};

/// The call that is served. What it is asked for waits until it is done; once the caller has hung up, everything says
/// [`Error::HungUp`].
///
/// What makes sound wants a caller who was answered and is not through to anybody; [`Error::WrongState`] else.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    raw: &'a Raw,
    language: Option<String>,
}

impl<'a> Call<'a> {
    #[doc(hidden)]
    #[must_use]
    pub fn of(raw: &'a Raw) -> Self {
        Self { raw, language: None }
    }

    /// The same call, spoken to in this language from here on, as `de` or `de-AT`. What a prompt set lacks is said in
    /// English.
    #[must_use]
    pub fn speaking(&self, language: &str) -> Self {
        Self { raw: self.raw, language: Some(language.to_owned()) }
    }

    /// The language that was chosen; the tenant's when none.
    #[must_use]
    pub fn language(&self) -> Option<&str> {
        self.language.as_deref()
    }

    /// The call's name, unique across restarts.
    #[must_use]
    pub fn id(&self) -> String {
        self.raw.id()
    }

    /// Who calls.
    #[must_use]
    pub fn caller(&self) -> Party {
        self.raw.caller()
    }

    /// Who is called, as dialled.
    #[must_use]
    pub fn callee(&self) -> Party {
        self.raw.callee()
    }

    /// The first header of this name, in whatever case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        self.raw.header(name)
    }

    /// All headers in the order of their coming.
    #[must_use]
    pub fn headers(&self) -> Vec<(String, String)> {
        self.raw.headers()
    }

    /// Tells the caller that the phone rings.
    pub fn ring(&self) -> Result<(), Error> {
        Ok(self.raw.ring()?)
    }

    /// Answers the caller.
    pub fn answer(&self) -> Result<(), Error> {
        Ok(self.raw.answer()?)
    }

    /// Refuses the caller with a SIP status of 300 to 699, and ends the call.
    pub fn reject(&self, status: u16, reason: Option<&str>) -> Result<(), Error> {
        Ok(self.raw.reject(status, reason)?)
    }

    /// Rings targets for so long each step, and bridges the first that answers.
    pub fn dial(&self, targets: &[Target], order: Order, ring_milliseconds: u32) -> Result<DialOutcome, Error> {
        Ok(self.raw.dial(targets, order, ring_milliseconds)?)
    }

    /// Understands a number as the tenant's people dial it, or as `+4930123456`, for this caller; `None` when it is none.
    #[must_use]
    pub fn number(&self, dialled: &str) -> Option<Number> {
        numbers::read(self.raw, dialled)
    }

    /// Calls a number over the tenant's trunks, for so long in all, and bridges it when it answers.
    pub fn dial_number(&self, number: &str, ring_milliseconds: u32) -> Result<Outcome, Error> {
        self.dial_number_by(number, ring_milliseconds, Way::default())
    }

    /// The same in just this way.
    pub fn dial_number_by(&self, number: &str, ring_milliseconds: u32, way: Way) -> Result<Outcome, Error> {
        Ok(numbers::dial(self.raw, number, ring_milliseconds, &way.into())?)
    }

    /// Refuses the caller as an outcome deserves that was not an answer.
    pub fn reject_as(&self, outcome: &DialOutcome) -> Result<(), Error> {
        self.reject(
            match outcome {
                DialOutcome::Answered(_) => return Ok(()),
                DialOutcome::Busy => 486,
                DialOutcome::Declined => 603,
                DialOutcome::NoAnswer | DialOutcome::Unregistered => 480,
                DialOutcome::Unknown => 404,
                DialOutcome::Forbidden => 403,
                DialOutcome::Failed(status) => *status,
            },
            None,
        )
    }

    /// Lets the caller into the conference room of this number or name, and says why he left it. He is answered if he was
    /// not, and asked for what the room wants of him.
    pub fn join(&self, room: &str) -> Result<Left, Error> {
        self.join_as(room, &Wish { ad_hoc: false, pin: None, moderator: false, name: None })
    }

    /// The same for a room that need not be there: it is opened for him, and he is its moderator.
    pub fn join_ad_hoc(&self, room: &str) -> Result<Left, Error> {
        self.join_as(room, &Wish { ad_hoc: true, pin: None, moderator: false, name: None })
    }

    /// The same in just this way.
    pub fn join_as(&self, room: &str, wish: &Wish) -> Result<Left, Error> {
        Ok(rooms::join(self.raw, room, wish)?)
    }

    /// The caller leaves a message in this mailbox. What he says is kept when this returns, and when he hangs up. He is
    /// answered if he was not.
    pub fn leave_message(&self, mailbox: &str, reason: Reason) -> Result<Parted, Error> {
        Ok(voicemail::leave(self.raw, mailbox, reason)?)
    }

    /// The caller hears messages: his own, or those of a mailbox whose PIN he knows.
    pub fn hear_messages(&self, whose: &Whose) -> Result<Parted, Error> {
        Ok(voicemail::listen(self.raw, whose)?)
    }

    /// The caller finds somebody by the letters of a name, and calls him.
    pub fn find_by_name(&self) -> Result<Parted, Error> {
        Ok(voicemail::find_by_name(self.raw)?)
    }

    /// Leaves the caller to the tenant's built-in route.
    pub fn route(&self) -> Result<(), Error> {
        Ok(self.raw.route()?)
    }

    /// Ends the call with a Q.850 cause; 16 is an ordinary end.
    pub fn hangup(&self, cause: u8) -> Result<(), Error> {
        Ok(self.raw.hangup(cause)?)
    }

    /// Waits, an hour at most.
    pub fn sleep(&self, milliseconds: u32) -> Result<(), Error> {
        Ok(self.raw.sleep(milliseconds)?)
    }

    /// Waits until the call is over.
    pub fn await_end(&self) -> Result<Ending, Error> {
        Ok(self.raw.await_end()?)
    }

    /// Plays sounds, one after the other, to their end. Keys that are pressed meanwhile are kept for what reads next.
    pub fn play(&self, sounds: &[Sound]) -> Result<(), Error> {
        self.playing(sounds, "", false).map(drop)
    }

    /// Plays sounds until one of these keys is pressed, and says which; `None`: all was played.
    pub fn play_until(&self, sounds: &[Sound], keys: &str) -> Result<Option<char>, Error> {
        self.playing(sounds, keys, false)
    }

    /// Plays sounds over and over until one of these keys is pressed.
    pub fn play_over(&self, sounds: &[Sound], keys: &str) -> Result<Option<char>, Error> {
        self.playing(sounds, keys, true)
    }

    /// Plays sounds; what is missing or cannot be played is told to the log, and the call goes on.
    pub fn play_or_log(&self, sounds: &[Sound]) -> Result<(), Error> {
        self.play(sounds).or_else(Error::unless_of_a_sound)
    }

    fn playing(&self, sounds: &[Sound], keys: &str, forever: bool) -> Result<Option<char>, Error> {
        let options = PlayOptions { language: self.language.clone(), interrupt: keys.to_owned(), forever };
        Ok(key(self.raw.play(sounds, &options)?))
    }

    /// Says a whole number in words.
    pub fn say_number(&self, number: i64) -> Result<(), Error> {
        self.play(&[Sound::Number(number)])
    }

    /// Says each of `0`–`9`, `*`, `#` for itself.
    pub fn say_digits(&self, digits: &str) -> Result<(), Error> {
        self.play(&[Sound::Digits(digits.to_owned())])
    }

    /// Says a date in the tenant's time zone: seconds since 1970 in UTC.
    pub fn say_date(&self, seconds: i64) -> Result<(), Error> {
        self.play(&[Sound::Date(seconds)])
    }

    /// Says a time of day in the tenant's time zone: seconds since 1970 in UTC.
    pub fn say_time(&self, seconds: i64) -> Result<(), Error> {
        self.play(&[Sound::Time(seconds)])
    }

    /// Spells letters and digits.
    pub fn spell(&self, text: &str) -> Result<(), Error> {
        self.play(&[Sound::Spelled(text.to_owned())])
    }

    /// Asks for keys.
    pub fn read(&self, keys: &ReadDigits) -> Result<Digits, Error> {
        Ok(self.raw.read_digits(&keys.prompt, &keys.options(self.language.clone()))?)
    }

    /// Offers a menu, and says what was chosen.
    pub fn choose<T: Clone>(&self, menu: &Menu<T>) -> Result<Choice<T>, Error> {
        menu.ask(self)
    }

    /// Records the caller.
    pub fn record(&self, recording: &Record) -> Result<Recorded, Error> {
        Ok(self.raw.record(&recording.options)?)
    }

    /// Lets the caller hear himself until one of these keys, or for so long; says which key it was.
    pub fn echo(&self, end: &str, limit: Duration) -> Result<Option<char>, Error> {
        Ok(key(self.raw.echo(end, milliseconds(limit))?))
    }

    /// Begins to play these sounds over and over, or the tenant's music on hold when there are none. Ended by whatever
    /// is played, read, recorded or echoed next, by [`hush`](Self::hush), or when a dial is answered.
    pub fn music(&self, sounds: &[Sound]) -> Result<(), Error> {
        Ok(self.raw.music(sounds)?)
    }

    /// Ends the music.
    pub fn hush(&self) -> Result<(), Error> {
        Ok(self.raw.hush()?)
    }

    /// Begins to record whoever talks in this call, from when the caller is answered to the end of the call; returns at
    /// once with the recording's name. May be said before a dial and after it.
    pub fn start_recording(&self, recording: &CallRecording) -> Result<String, Error> {
        Ok(self.raw.start_recording(&recording.options)?)
    }

    /// Lets the recording of the call stand still, as while a card's number is said.
    pub fn pause_recording(&self) -> Result<(), Error> {
        Ok(self.raw.pause_recording()?)
    }

    /// Lets it go on.
    pub fn resume_recording(&self) -> Result<(), Error> {
        Ok(self.raw.resume_recording()?)
    }

    /// Ends it.
    pub fn stop_recording(&self) -> Result<(), Error> {
        Ok(self.raw.stop_recording()?)
    }
}

fn key(played: Played) -> Option<char> {
    match played {
        Played::Whole => None,
        Played::Key(key) => Some(key),
    }
}

/// In the contract's unit; what is longer than it can say is refused by the exchange.
pub(crate) fn milliseconds(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}
