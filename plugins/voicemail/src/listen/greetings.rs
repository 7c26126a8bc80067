//! What the owner changes in his mailbox.
//!
//! | key | what |
//! |---|---|
//! | `1` `2` `3` `4` | his greeting when he is unavailable, when he talks, his name, the temporary greeting |
//! | `5` | his PIN |
//! | `*` `#` | back |
//!
//! A greeting that there is not is recorded at once. Of one that there is:
//!
//! | key | what |
//! |---|---|
//! | `1` | he records it anew |
//! | `2` `7` | it is removed |
//! | `3` | he hears it |
//! | `*` `#` | back |
//!
//! What he has recorded he accepts by `1`, hears by `2` and records anew by `3`; by `*`, and when he says nothing or hangs
//! up, all stays as it was.

use std::sync::Arc;

use switch::{Greeting, Keys, Sound};

use super::Owner;
use super::send::Scratch;
use crate::caller::Heard;
use crate::keeper::Mailbox;
use crate::prompts::{self, prompt};
use crate::voicemail::VoicemailError;

/// How often he may choose before he is back.
const CHOICES: usize = 30;

impl Owner<'_, '_> {
    pub(super) async fn changes_mailbox(&mut self) -> Result<(), VoicemailError> {
        for _ in 0..CHOICES {
            let mut menu = vec![prompt(prompts::MAILBOX_OPTIONS)];
            if self.mailbox.greetings.contains_key(&Greeting::Temporary) {
                menu.insert(0, prompt(prompts::TEMPORARY_ACTIVE));
            }
            match self.caller.chooses(menu, self.inner.config.patience).await? {
                Some('1') => self.changes_greeting(Greeting::Unavailable).await?,
                Some('2') => self.changes_greeting(Greeting::Busy).await?,
                Some('3') => self.changes_greeting(Greeting::Name).await?,
                Some('4') => self.changes_greeting(Greeting::Temporary).await?,
                Some('5') => drop(self.chooses_pin().await?),
                Some('*' | '#') | None => return Ok(()),
                Some(_) => self.says(&[prompts::NOT_UNDERSTOOD]).await?,
            }
        }
        Ok(())
    }

    async fn changes_greeting(&mut self, greeting: Greeting) -> Result<(), VoicemailError> {
        for _ in 0..CHOICES {
            let Some(own) = self.mailbox.greetings.get(&greeting).cloned() else {
                return self.records_greeting(greeting).await;
            };
            match self.caller.chooses(menu_of(greeting), self.inner.config.patience).await? {
                Some('1') => return self.records_greeting(greeting).await,
                Some('2' | '7') => return self.removes_greeting(greeting).await,
                Some('3') => self.caller.hears(vec![Sound::Recording(own)], Keys::ALL).await.map(drop)?,
                Some('*' | '#') | None => return Ok(()),
                Some(_) => self.says(&[prompts::NOT_UNDERSTOOD]).await?,
            }
        }
        Ok(())
    }

    async fn removes_greeting(&mut self, greeting: Greeting) -> Result<(), VoicemailError> {
        if let Err(fault) = self.inner.keeper.greet(self.tenant, &self.mailbox.name, greeting, None).await {
            return self.fails(fault).await;
        }
        self.looks_again();
        let removed = if greeting == Greeting::Temporary { prompts::TEMPORARY_REMOVED } else { prompts::REMOVED };
        self.says(&[removed]).await
    }

    async fn records_greeting(&mut self, greeting: Greeting) -> Result<(), VoicemailError> {
        let longest = match greeting {
            Greeting::Name => self.inner.config.longest_name,
            _ => self.inner.config.longest_greeting,
        };
        for _ in 0..CHOICES {
            let Some(mut scratch) = self.records(vec![prompts::asks_for(greeting)], longest).await? else {
                return self.says(&[prompts::BROKEN]).await;
            };
            match self.accepts(&scratch).await? {
                Some(true) => {
                    let kept =
                        self.inner.keeper.greet(self.tenant, &self.mailbox.name, greeting, Some(scratch.name.as_str()));
                    if let Err(fault) = kept.await {
                        return self.fails(fault).await;
                    }
                    scratch.kept = true;
                    tracing::info!(tenant = self.tenant.0, greeting = greeting.as_str(), "an owner greets anew");
                    self.looks_again();
                    return self.says(&[prompts::MESSAGE_SAVED]).await;
                }
                Some(false) => return self.says(&[prompts::CANCELLED]).await,
                None => {}
            }
        }
        Ok(())
    }

    /// Whether he wants it so; `None`: he records it anew.
    async fn accepts(&mut self, scratch: &Scratch) -> Result<Option<bool>, VoicemailError> {
        let mut pressed = None;
        for _ in 0..CHOICES {
            let key = match pressed.take() {
                Some(key) => Some(key),
                None => {
                    let ask = prompts::prompts([prompts::REVIEW, prompts::STAR_CANCELS]);
                    self.caller.chooses(ask, self.inner.config.patience).await?
                }
            };
            match key {
                Some('1') => return Ok(Some(true)),
                Some('2') => {
                    let own = vec![Sound::Recording(scratch.name.clone())];
                    if let Heard::Key(key) = self.caller.hears(own, Keys::ALL).await? {
                        pressed = Some(key);
                    }
                }
                Some('3') => return Ok(None),
                Some('*') | None => return Ok(Some(false)),
                Some(_) => self.says(&[prompts::NOT_UNDERSTOOD]).await?,
            }
        }
        Ok(Some(false))
    }

    /// The mailbox has changed.
    pub(super) fn looks_again(&mut self) {
        let now: Option<Arc<Mailbox>> = self.inner.keeper.mailbox(self.tenant, &self.mailbox.name);
        if let Some(now) = now {
            self.mailbox = now;
        }
    }
}

/// What can be done with a greeting that there is.
fn menu_of(greeting: Greeting) -> Vec<Sound> {
    let press = |key, what| vec![prompt(prompts::PRESS), prompts::number(key), prompt(what)];
    let first = match greeting {
        Greeting::Temporary => vec![prompt(prompts::TEMPORARY_KEPT)],
        _ => [press(1, prompts::TO_RERECORD), vec![prompt(prompts::DELETE)]].concat(),
    };
    [first, press(3, prompts::TO_LISTEN), vec![prompt(prompts::STAR_CANCELS)]].concat()
}
