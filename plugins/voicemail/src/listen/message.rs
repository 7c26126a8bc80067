//! One message: its envelope, the playing of it, and what is done with it. Which key does what stands in [`keys`](super::keys).
//!
//! | step | event | next |
//! |---|---|---|
//! | Envelope | it is over; ahead | Playing from the beginning |
//! | Playing | it is over; ahead past its end | After |
//! | Playing | back, ahead, faster | Playing from there |
//! | Playing | pause | Paused |
//! | Paused | pause | Playing from there |
//! | Paused | nobody presses anything for long | After |
//! | any | something is done with it | After |
//! | After | nobody presses anything, a few times | the main menu |
//!
//! Where it plays is counted: from when it began, by how fast it goes.

use std::time::Duration;

use switch::{Folder, Keys, Passage, Sound};

use super::Owner;
use super::folder::Item;
use super::keys::{self, Act};
use crate::caller::Heard;
use crate::keeper::KeepFault;
use crate::prompts::{self, prompt};
use crate::voicemail::VoicemailError;

/// Who heard so much of a message has heard it.
const HEARD: Duration = Duration::from_secs(1);

/// Where the owner goes from a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Go {
    Next,
    Previous,
    Menu,
    Folders,
    Connected,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Envelope,
    Playing(Duration),
    Paused(Duration),
    After,
}

/// What a key came to.
enum Turn {
    On(Step),
    Go(Go),
}

impl Owner<'_, '_> {
    /// From a message's envelope until he leaves it.
    pub(super) async fn hears_message(&mut self, item: &mut Item, place: (usize, usize)) -> Result<Go, VoicemailError> {
        let mut step = if self.mailbox.envelope { Step::Envelope } else { Step::Playing(Duration::ZERO) };
        let mut silent = 0;
        loop {
            let (at, key) = match step {
                Step::Envelope => {
                    let envelope = prompts::envelope(&item.message, place, self.mailbox.zone.as_deref());
                    match self.caller.hears(envelope, Keys::ALL).await? {
                        Heard::Key(key) => (Step::Envelope, Some(key)),
                        Heard::Whole | Heard::Nothing => (Step::Playing(Duration::ZERO), None),
                    }
                }
                Step::Playing(from) => self.plays(item, from).await?,
                Step::Paused(at) => match self.caller.chooses(Vec::new(), self.inner.config.pause).await? {
                    Some(key) => (Step::Paused(at), Some(key)),
                    None => (Step::After, None),
                },
                Step::After => {
                    if silent >= self.inner.config.idle.max(1) {
                        return Ok(Go::Menu);
                    }
                    let menu = after_menu(item, place);
                    let key = self.caller.chooses(menu, self.inner.config.patience).await?;
                    silent = if key.is_none() { silent + 1 } else { 0 };
                    (Step::After, key)
                }
            };
            let Some(key) = key else {
                step = at;
                continue;
            };
            let act = match at {
                Step::After => keys::after_it(key),
                _ => keys::while_it_plays(key),
            };
            match self.does(act, at, item, place).await? {
                Turn::On(next) => step = next,
                Turn::Go(go) => return Ok(go),
            }
        }
    }

    /// Plays it from there; says how far it came, and the key that ended it.
    async fn plays(&mut self, item: &mut Item, from: Duration) -> Result<(Step, Option<char>), VoicemailError> {
        let recording = item.message.recording.clone();
        let sounds = vec![Sound::Passage(Passage { recording, from, pace: self.pace })];
        let begin = (self.inner.clock)().0;
        let heard = self.caller.hears(sounds, Keys::ALL).await;
        let played = (self.inner.clock)().0.saturating_duration_since(begin) * u32::from(self.pace) / 100;
        match heard {
            Ok(Heard::Nothing) => {
                // It is not lost because it cannot be heard now.
                self.says(&[prompts::BROKEN]).await?;
                Ok((Step::After, None))
            }
            Ok(Heard::Whole) => {
                item.heard = true;
                Ok((Step::After, None))
            }
            Ok(Heard::Key(key)) => {
                item.heard |= played >= HEARD;
                Ok((Step::Playing((from + played).min(item.message.length)), Some(key)))
            }
            Err(error) => {
                item.heard |= played >= HEARD;
                Err(error)
            }
        }
    }

    async fn does(
        &mut self,
        act: Act,
        at: Step,
        item: &mut Item,
        place: (usize, usize),
    ) -> Result<Turn, VoicemailError> {
        Ok(match act {
            Act::Beginning => Turn::On(Step::Playing(Duration::ZERO)),
            Act::Repeat if self.mailbox.envelope => Turn::On(Step::Envelope),
            Act::Repeat => Turn::On(Step::Playing(Duration::ZERO)),
            Act::Faster => {
                self.pace = keys::faster(self.pace);
                Turn::On(if matches!(at, Step::Envelope) { Step::Playing(Duration::ZERO) } else { at })
            }
            Act::Back | Act::Ahead | Act::Pause => Turn::On(self.skips(act, at, item)),
            Act::Previous => Turn::Go(Go::Previous),
            Act::Next => Turn::Go(Go::Next),
            Act::Out => Turn::Go(Go::Menu),
            Act::Folders => Turn::Go(Go::Folders),
            Act::More => return self.does_more(item, place).await,
            Act::Delete => return self.deletes(item).await,
            Act::Save => return self.saves(item).await,
            Act::Send => {
                self.sends_on(item).await?;
                Turn::On(Step::After)
            }
            Act::Options => {
                self.changes_mailbox().await?;
                Turn::On(Step::After)
            }
            Act::Help => {
                self.says(&[prompts::OPTIONS_SHORT]).await?;
                Turn::On(Step::After)
            }
            Act::Nothing => {
                self.says(&[prompts::NOT_UNDERSTOOD]).await?;
                Turn::On(at)
            }
        })
    }

    fn skips(&self, act: Act, at: Step, item: &mut Item) -> Step {
        let skip = self.inner.config.skip;
        match (act, at) {
            (Act::Ahead, Step::Envelope) => Step::Playing(Duration::ZERO),
            (Act::Pause, Step::Envelope) => Step::Paused(Duration::ZERO),
            (Act::Back, Step::Playing(from) | Step::Paused(from)) => Step::Playing(from.saturating_sub(skip)),
            (Act::Ahead, Step::Playing(from) | Step::Paused(from)) if from + skip < item.message.length => {
                Step::Playing(from + skip)
            }
            (Act::Ahead, Step::Playing(_) | Step::Paused(_)) => {
                item.heard = true;
                Step::After
            }
            (Act::Pause, Step::Playing(from)) => Step::Paused(from),
            (Act::Pause, Step::Paused(from)) => Step::Playing(from),
            (_, at) => at,
        }
    }

    /// Deletes it, or takes it back.
    async fn deletes(&mut self, item: &mut Item) -> Result<Turn, VoicemailError> {
        let (to, told) = match item.message.folder {
            Folder::Deleted => (item.before, prompts::UNDELETED),
            folder => {
                item.before = folder;
                (Folder::Deleted, prompts::DELETED)
            }
        };
        let moved = self.moves(item, to).await;
        self.tells_moved(moved, told).await
    }

    async fn saves(&mut self, item: &mut Item) -> Result<Turn, VoicemailError> {
        let moved = self.moves(item, Folder::Saved).await;
        self.tells_moved(moved, prompts::MESSAGE_SAVED).await
    }

    async fn tells_moved(&mut self, moved: Result<(), KeepFault>, told: &str) -> Result<Turn, VoicemailError> {
        match moved {
            Ok(()) => self.says(&[told]).await?,
            // Somebody else removed it for good meanwhile.
            Err(KeepFault::Missing) => return Ok(Turn::Go(Go::Next)),
            Err(fault) => self.fails(fault).await?,
        }
        Ok(Turn::On(Step::After))
    }

    /// What is done less often.
    async fn does_more(&mut self, item: &mut Item, place: (usize, usize)) -> Result<Turn, VoicemailError> {
        let menu = prompts::prompts([
            prompts::TO_REPLY,
            prompts::TO_CALL_BACK,
            prompts::TO_HEAR_ENVELOPE,
            prompts::TO_LEAVE,
            prompts::STAR_MAIN,
        ]);
        match self.caller.chooses(menu, self.inner.config.patience).await? {
            Some('1') => self.replies(item).await?,
            Some('2') => {
                if self.calls_back(item).await? {
                    return Ok(Turn::Go(Go::Connected));
                }
            }
            Some('3') => {
                let mut envelope = prompts::envelope(&item.message, place, self.mailbox.zone.as_deref());
                envelope.extend([prompt("vm-duration"), Sound::Length(item.message.length)]);
                self.caller.is_told(envelope).await?;
            }
            Some('5') => self.dictates_for_another().await?,
            Some('*' | '#') | None => {}
            Some(_) => self.says(&[prompts::NOT_UNDERSTOOD]).await?,
        }
        Ok(Turn::On(Step::After))
    }
}

/// What can be done with it now.
fn after_menu(item: &Item, (at, of): (usize, usize)) -> Vec<Sound> {
    let deleted = item.message.folder == Folder::Deleted;
    let lines = [
        (at > 0, prompts::PREVIOUS),
        (true, prompts::ADVANCED),
        (true, prompts::REPEAT),
        (at + 1 < of, prompts::NEXT),
        (!deleted, prompts::DELETE),
        (deleted, prompts::UNDELETE),
        (true, prompts::TO_FORWARD),
        (true, prompts::SAVE),
        (true, prompts::HELP_EXIT),
    ];
    lines.into_iter().filter(|(said, _)| *said).map(|(_, name)| prompt(name)).collect()
}
