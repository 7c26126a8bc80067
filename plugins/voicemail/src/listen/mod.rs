//! An owner listens to his messages.
//!
//! | key | in the main menu |
//! |---|---|
//! | `1` | the messages of the folder: the new ones, the saved ones where none is new |
//! | `2` | another folder: `0` new, `1` saved, `2` deleted |
//! | `3` | `5` says a message for another mailbox |
//! | `0` | greetings and the PIN |
//! | `*` | help |
//! | `#` | the end |
//!
//! What keys do while a message plays and after it stands in `keys`.

mod folder;
mod greetings;
mod keys;
mod login;
mod message;
mod pin;
mod send;

use std::sync::Arc;

use switch::{CallControl, Folder, Keys, TenantId};

use crate::caller::{Caller, Heard};
use crate::keeper::{KeepFault, Mailbox, Message, PinState};
use crate::prompts::{self, prompt};
use crate::voicemail::{Inner, Parted, VoicemailError, Whose};

/// Lets somebody in and listen. `language` is that in which he is spoken to until it is known who he is.
pub(crate) async fn listen(
    inner: &Arc<Inner>,
    call: &mut CallControl,
    whose: Whose,
    language: Option<String>,
) -> Result<Parted, VoicemailError> {
    let mut caller = Caller::new(call);
    caller.language = language;
    let mailbox = login::login(inner, &mut caller, whose).await?;
    let tenant = caller.invitation().tenant;
    tracing::info!(tenant = tenant.0, "an owner listens");
    caller.language.clone_from(&mailbox.language);
    let mut owner = Owner { inner, caller, tenant, mailbox, folder: None, pace: keys::PACES[0] };
    match owner.run().await {
        Err(VoicemailError::HungUp) => Ok(Parted::HungUp),
        other => other,
    }
}

/// Somebody who is in his mailbox.
struct Owner<'a, 'c> {
    inner: &'a Arc<Inner>,
    caller: Caller<'c>,
    tenant: TenantId,
    mailbox: Arc<Mailbox>,
    /// The folder that he chose.
    folder: Option<Folder>,
    /// How fast messages play for him, in per cent.
    pace: u16,
}

impl Owner<'_, '_> {
    async fn run(&mut self) -> Result<Parted, VoicemailError> {
        if self.mailbox.pin == PinState::Given && !self.chooses_pin().await? {
            self.says(&[prompts::GOODBYE]).await?;
            return Err(VoicemailError::NoPin);
        }
        let mut pressed = self.hears_counts().await?;
        let mut silent = 0;
        while silent < self.inner.config.idle.max(1) {
            let folder = self.current_folder().await;
            let menu = vec![
                prompt(prompts::ONE_FOR),
                prompts::folder(folder),
                prompt(prompts::MESSAGES),
                prompt(prompts::OPTIONS_SHORT),
            ];
            let chosen = match pressed.take() {
                Some(key) => Some(key),
                None => self.caller.chooses(menu, self.inner.config.patience).await?,
            };
            let Some(key) = chosen else {
                silent += 1;
                continue;
            };
            silent = 0;
            match key {
                '1' => match self.goes_through(folder).await? {
                    folder::Left::Connected => return Ok(Parted::Connected),
                    folder::Left::Folders => self.changes_folder().await?,
                    folder::Left::Menu => {}
                },
                '2' => self.changes_folder().await?,
                '3' => self.says_for_another().await?,
                '0' => self.changes_mailbox().await?,
                '*' => self.hears_help(folder).await?,
                '#' => break,
                _ => self.says(&[prompts::NOT_UNDERSTOOD]).await?,
            }
        }
        self.says(&[prompts::GOODBYE]).await?;
        Ok(Parted::Done)
    }

    /// How many messages there are. Who knows that does not hear it out: his key is for the menu.
    async fn hears_counts(&mut self) -> Result<Option<char>, VoicemailError> {
        let new = self.messages(Folder::New).await?;
        let saved = self.messages(Folder::Saved).await?.len();
        let urgent = new.iter().filter(|message| message.urgent).count();
        let kinds = [
            (urgent, prompt(prompts::URGENT)),
            (new.len() - urgent, prompts::folder(Folder::New)),
            (saved, prompts::folder(Folder::Saved)),
        ];
        // Who knows already what he wants does not hear it out: his key is kept for the menu.
        Ok(match self.caller.hears(prompts::counts(&kinds), Keys::ALL).await? {
            Heard::Key(key) => Some(key),
            Heard::Whole | Heard::Nothing => None,
        })
    }

    /// The one that he chose; else the new messages, or the saved ones where none is new.
    async fn current_folder(&mut self) -> Folder {
        match self.folder {
            Some(folder) => folder,
            None => match self.inner.keeper.messages(self.tenant, &self.mailbox.name, Folder::New).await {
                Ok(new) if new.is_empty() => Folder::Saved,
                _ => Folder::New,
            },
        }
    }

    async fn changes_folder(&mut self) -> Result<(), VoicemailError> {
        let mut ask = vec![prompt(prompts::CHANGE_TO)];
        for (at, folder) in Folder::ALL.into_iter().enumerate() {
            ask.extend([prompt(prompts::PRESS), prompts::number(at), prompt(prompts::FOR)]);
            ask.extend([prompts::folder(folder), prompt(prompts::MESSAGES)]);
        }
        ask.push(prompt(prompts::POUND_CANCELS));
        let folder = match self.caller.chooses(ask, self.inner.config.patience).await? {
            Some('0') => Folder::New,
            Some('1') => Folder::Saved,
            Some('2') => Folder::Deleted,
            Some('#' | '*') | None => return Ok(()),
            Some(_) => return self.says(&[prompts::NOT_UNDERSTOOD]).await,
        };
        self.folder = Some(folder);
        let count = self.messages(folder).await?.len();
        self.caller.is_told(prompts::counts(&[(count, prompts::folder(folder))])).await
    }

    async fn hears_help(&mut self, folder: Folder) -> Result<(), VoicemailError> {
        let mut help = vec![prompt(prompts::ONE_FOR_FULL), prompts::folder(folder), prompt(prompts::MESSAGES)];
        help.extend(prompts::prompts([prompts::OPTIONS_FULL, prompts::HELP_EXIT]));
        self.caller.is_told(help).await
    }

    /// The messages of a folder; without the store he is told so.
    async fn messages(&mut self, folder: Folder) -> Result<Vec<Message>, VoicemailError> {
        match self.inner.keeper.messages(self.tenant, &self.mailbox.name, folder).await {
            Ok(messages) => Ok(messages),
            Err(fault) => {
                self.fails(fault).await?;
                Err(VoicemailError::NoResources)
            }
        }
    }

    /// Something could not be done.
    async fn fails(&mut self, fault: KeepFault) -> Result<(), VoicemailError> {
        tracing::debug!(tenant = self.tenant.0, %fault, "not done");
        self.says(&[if fault == KeepFault::Full { prompts::MAILBOX_FULL } else { prompts::BROKEN }]).await
    }

    async fn says(&mut self, names: &[&str]) -> Result<(), VoicemailError> {
        self.caller.is_told(names.iter().map(|name| prompt(name)).collect()).await
    }
}
