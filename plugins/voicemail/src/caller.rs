//! Who is on the line: what he hears, what he is asked, what is recorded of him, whom he is put through to.
//!
//! A sound that is missing keeps nobody from anything: the others are played without it.

use std::time::Duration;

use switch::{
    AudioError, CallControl, Command, Dial, DialOutcome, Ended, Invitation, Keys, Order, Outside, Play, Played, Read,
    Recording, Refusal, Reply, Sound, Target,
};

use crate::voicemail::{Config, VoicemailError};

/// The longest that can be recorded at once.
const LONGEST: Duration = Duration::from_hours(1);

/// How long keys are awaited that were pressed before.
const AT_ONCE: Duration = Duration::from_millis(1);

/// Somebody whose call voicemail has.
pub(crate) struct Caller<'a> {
    call: &'a mut CallControl,
    /// In which language he is spoken to; his own, else the tenant's, when `None`.
    pub(crate) language: Option<String>,
}

/// How something was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// To its end.
    Whole,
    /// Until this key.
    Key(char),
    /// Nothing of it is there.
    Nothing,
}

/// How a recording came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spoken {
    /// It is there, and was ended by this key.
    Recorded(Option<char>),
    /// It could not be made, or not to its end.
    Broken,
}

/// These keys, or none where one is unknown.
pub(crate) fn keys(text: &str) -> Keys {
    Keys::parse(text).unwrap_or(Keys::NONE)
}

impl<'a> Caller<'a> {
    pub(crate) fn new(call: &'a mut CallControl) -> Self {
        Self { call, language: None }
    }

    pub(crate) fn invitation(&self) -> &Invitation {
        self.call.invitation()
    }

    /// Answers him, unless somebody has.
    pub(crate) async fn is_answered(&mut self) -> Result<(), VoicemailError> {
        match self.request(Command::Answer).await? {
            Reply::Refused(Refusal::WrongState) | Reply::Done => Ok(()),
            _ => Err(VoicemailError::NoResources),
        }
    }

    /// Plays this until one of these keys.
    pub(crate) async fn hears(&mut self, mut sounds: Vec<Sound>, interrupt: Keys) -> Result<Heard, VoicemailError> {
        while !sounds.is_empty() {
            let play = Play { sounds: sounds.clone(), language: self.language.clone(), interrupt, forever: false };
            match self.request(Command::Play(play)).await? {
                Reply::Played(Played::Key(key)) => return Ok(Heard::Key(key.character())),
                Reply::Played(Played::Whole) => return Ok(Heard::Whole),
                Reply::Inaudible(fault) => strike(&mut sounds, &fault)?,
                _ => return Err(VoicemailError::NoResources),
            }
        }
        Ok(Heard::Nothing)
    }

    /// Plays this to its end.
    pub(crate) async fn is_told(&mut self, sounds: Vec<Sound>) -> Result<(), VoicemailError> {
        self.hears(sounds, Keys::NONE).await.map(drop)
    }

    /// Asks for one key; `None` when there was none in this time.
    pub(crate) async fn chooses(
        &mut self,
        prompt: Vec<Sound>,
        within: Duration,
    ) -> Result<Option<char>, VoicemailError> {
        let (digits, _) = self.reads(prompt, 1, Keys::NONE, (within, within)).await?;
        Ok(digits.chars().next())
    }

    /// Asks for some keys and `#`; empty when he says nothing.
    pub(crate) async fn types(
        &mut self,
        prompt: Vec<Sound>,
        most: u8,
        config: &Config,
    ) -> Result<String, VoicemailError> {
        let (digits, _) = self.reads(prompt, most, keys("#"), (config.patience, config.between_keys)).await?;
        Ok(digits)
    }

    async fn reads(
        &mut self,
        mut prompt: Vec<Sound>,
        max: u8,
        end: Keys,
        (first, next): (Duration, Duration),
    ) -> Result<(String, Ended), VoicemailError> {
        loop {
            let language = self.language.clone();
            let read =
                Read { prompt: prompt.clone(), language, min: 0, max, end, first, next, tries: 1, again: Vec::new() };
            match self.request(Command::Read(read)).await? {
                Reply::Read(read) => return Ok((read.digits, read.by)),
                // Without its prompt he may know what is wanted.
                Reply::Inaudible(fault) if !prompt.is_empty() => strike(&mut prompt, &fault)?,
                _ => return Err(VoicemailError::NoResources),
            }
        }
    }

    /// Whatever he pressed until now was for something else.
    pub(crate) async fn forgets_keys(&mut self) -> Result<(), VoicemailError> {
        self.reads(Vec::new(), 64, Keys::NONE, (AT_ONCE, AT_ONCE)).await.map(drop)
    }

    /// Records him after a tone.
    pub(crate) async fn is_recorded(
        &mut self,
        name: &str,
        limit: Duration,
        silence: Duration,
        end: Keys,
    ) -> Result<Spoken, VoicemailError> {
        let (limit, silence) = (limit.min(LONGEST), silence.min(LONGEST));
        let silence = (!silence.is_zero()).then_some(silence);
        let recording = Recording { name: Some(name.to_owned()), limit, silence, end, beep: true };
        Ok(match self.request(Command::Record(recording)).await? {
            Reply::Recorded(recorded) => Spoken::Recorded(recorded.key.map(switch::Digit::character)),
            _ => Spoken::Broken,
        })
    }

    pub(crate) async fn waits(&mut self, time: Duration) -> Result<(), VoicemailError> {
        self.request(Command::Wait(time)).await.map(drop)
    }

    /// Rings somebody for him; once that one answers, he is put through. `None`: it was not even tried.
    pub(crate) async fn dials(
        &mut self,
        target: Target,
        ring_time: Duration,
    ) -> Result<Option<DialOutcome>, VoicemailError> {
        let dial = Dial { targets: vec![target], order: Order::AtOnce, ring_time, outside: Outside::default() };
        Ok(self.call.dial(dial).await?.ok())
    }

    async fn request(&mut self, command: Command) -> Result<Reply, VoicemailError> {
        match self.call.request(command).await? {
            Reply::Ended(_) => Err(VoicemailError::HungUp),
            reply => Ok(reply),
        }
    }
}

/// Takes out what could not be played: what is missing, else what it may be a part of, else all.
fn strike(sounds: &mut Vec<Sound>, fault: &AudioError) -> Result<(), VoicemailError> {
    let name = match fault {
        AudioError::NoCodec => return Err(VoicemailError::NoResources),
        AudioError::Missing(name) | AudioError::Unplayable(name, _) => Some(name),
        AudioError::Unwritable(_) => None,
    };
    let before = sounds.len();
    sounds.retain(|sound| name_of(sound).is_none() || name_of(sound) != name);
    if sounds.len() == before {
        sounds.retain(|sound| name_of(sound).is_some());
    }
    if sounds.len() == before {
        sounds.clear();
    }
    Ok(())
}

fn name_of(sound: &Sound) -> Option<&String> {
    match sound {
        Sound::Prompt(name) | Sound::Recording(name) => Some(name),
        Sound::Passage(passage) => Some(&passage.recording),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompts::prompt;

    #[test]
    fn what_is_missing_is_left_out_and_no_more() {
        let missing = |name: &str| AudioError::Missing(name.to_owned());
        let mut sounds = vec![prompt("vm-youhave"), Sound::Number(3), prompt("vm-messages")];
        strike(&mut sounds, &missing("vm-youhave")).expect("it can be heard");
        assert_eq!(sounds, [Sound::Number(3), prompt("vm-messages")]);
        strike(&mut sounds, &missing("digits/3")).expect("it can be heard");
        assert_eq!(sounds, [prompt("vm-messages")], "whatever is made of parts");
        strike(&mut sounds, &missing("elsewhere")).expect("it can be heard");
        assert!(sounds.is_empty(), "it does not go on for ever");
        assert_eq!(strike(&mut sounds, &AudioError::NoCodec), Err(VoicemailError::NoResources));
    }
}
