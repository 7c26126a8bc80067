//! The owner sends a message on, replies, calls back, or says one for another mailbox.
//!
//! | key | for whom |
//! |---|---|
//! | `1` | he types a number, and `#`; `*` before it makes it the number of a list |
//! | `2` | he spells a name |
//! | any other | nobody |

use std::sync::Arc;
use std::time::Duration;

use switch::{Reason, Sound, Target, TenantId};

use super::Owner;
use super::folder::Item;
use super::login::NUMBER;
use crate::caller::{Spoken, keys};
use crate::dictate::{Dictated, dictate};
use crate::keeper::{Delivered, Draft, KeepFault, Keeper, Mailbox};
use crate::prompts::{self, prompt};
use crate::voicemail::VoicemailError;
use crate::{dial, directory};

impl Owner<'_, '_> {
    // ---- to others ----

    /// Sends a copy of it to one or several mailboxes, with a few words before it where he likes.
    pub(super) async fn sends_on(&mut self, item: &Item) -> Result<(), VoicemailError> {
        let Some(to) = self.recipients(true).await? else { return self.says(&[prompts::CANCELLED]).await };
        let ask = prompts::prompts([prompts::FORWARD_OPTIONS, prompts::STAR_CANCELS]);
        let scratch = match self.caller.chooses(ask, self.inner.config.patience).await? {
            Some('1') => match self.records_comment().await? {
                Some(comment) => Some(comment),
                None => return self.says(&[prompts::BROKEN]).await,
            },
            Some('2') => None,
            _ => return self.says(&[prompts::CANCELLED]).await,
        };
        let comment = scratch.as_ref().map(|scratch| scratch.name.as_str());
        let sent = self.inner.keeper.forward(self.tenant, item.message.id, &to, comment).await;
        // It is in the copies now.
        drop(scratch);
        match sent {
            Ok(0) => self.says(&[prompts::MAILBOX_FULL]).await,
            Ok(count) => {
                tracing::info!(tenant = self.tenant.0, count, "a message was sent on");
                let mut sounds = vec![prompt(prompts::FORWARDED)];
                if to.len() > 1 {
                    let messages = if count == 1 { prompts::MESSAGE } else { prompts::MESSAGES };
                    sounds.extend([prompts::number(count), prompt(messages)]);
                }
                self.caller.is_told(sounds).await
            }
            Err(fault) => self.fails(fault).await,
        }
    }

    async fn records_comment(&mut self) -> Result<Option<Scratch>, VoicemailError> {
        let longest = self.inner.config.longest_comment;
        self.records(vec![prompt(prompts::RECORD_COMMENT)], longest).await
    }

    /// Says a message for another mailbox, from the main menu.
    pub(super) async fn says_for_another(&mut self) -> Result<(), VoicemailError> {
        let menu = prompts::prompts([prompts::TO_LEAVE, prompts::STAR_MAIN]);
        match self.caller.chooses(menu, self.inner.config.patience).await? {
            Some('5') => self.dictates_for_another().await,
            Some('*' | '#') | None => Ok(()),
            Some(_) => self.says(&[prompts::NOT_UNDERSTOOD]).await,
        }
    }

    pub(super) async fn dictates_for_another(&mut self) -> Result<(), VoicemailError> {
        match self.recipients(false).await?.and_then(|to| to.into_iter().next()) {
            Some(to) => self.dictates(&to).await,
            None => self.says(&[prompts::CANCELLED]).await,
        }
    }

    // ---- to the caller ----

    pub(super) async fn replies(&mut self, item: &Item) -> Result<(), VoicemailError> {
        match item.message.caller_mailbox.clone() {
            Some(to) => self.dictates(&to).await,
            None => self.says(&[prompts::NO_REPLY]).await,
        }
    }

    /// Calls whoever left it, as this call's user may. Says whether they talk.
    pub(super) async fn calls_back(&mut self, item: &mut Item) -> Result<bool, VoicemailError> {
        let number = item.message.caller.clone();
        // Who came in from outside by a PIN calls nobody outside: a caller's number is easily made up, and nobody here would pay.
        let stranger = self.caller.invitation().user.is_none() && item.message.caller_mailbox.is_none();
        if stranger || !prompts::is_number(&number) && item.message.caller_mailbox.is_none() {
            self.says(&[prompts::NO_CALL_BACK]).await?;
            return Ok(false);
        }
        self.settle(item).await;
        let whom = match (&item.message.caller_spoken, &item.message.caller_mailbox) {
            (Some(name), _) => vec![Sound::Recording(name.clone())],
            (None, Some(mailbox)) => prompts::spelled(mailbox),
            (None, None) => prompts::spelled(&number),
        };
        dial::put_through(self.inner, &mut self.caller, Target::Dialled(number), whom).await
    }

    // ---- how ----

    async fn dictates(&mut self, to: &str) -> Result<(), VoicemailError> {
        let Some(mailbox) = self.inner.keeper.mailbox(self.tenant, to) else {
            return self.says(&[prompts::NO_REPLY]).await;
        };
        self.says(&[prompts::INTRO]).await?;
        let draft = self.draft(&mailbox);
        let said = match dictate(self.inner, &mut self.caller, &mailbox, &draft, false).await {
            Ok(Dictated::Said(Delivered::Kept) | Dictated::Operator(Delivered::Kept)) => prompts::MESSAGE_SAVED,
            Ok(Dictated::Said(_) | Dictated::Operator(_)) => prompts::TOO_SHORT,
            Ok(Dictated::ThrownAway) => prompts::DELETED,
            Ok(Dictated::Full) => prompts::MAILBOX_FULL,
            Ok(Dictated::Broken) => prompts::BROKEN,
            // It was removed just now.
            Err(VoicemailError::NoMailbox) => prompts::NO_REPLY,
            Err(error) => return Err(error),
        };
        self.says(&[said]).await
    }

    /// It is from this mailbox, whoever's phone it is said at.
    fn draft(&self, to: &Mailbox) -> Draft {
        let invitation = self.caller.invitation();
        let own = invitation.user.and_then(|user| self.inner.keeper.own(self.tenant, user));
        Draft {
            mailbox: to.name.clone(),
            call: invitation.uid,
            user: invitation.user.filter(|_| own.is_some_and(|own| own.name == self.mailbox.name)),
            caller: self.mailbox.name.clone(),
            caller_name: self.mailbox.title.clone(),
            reason: Reason::Chosen,
        }
    }

    /// To whom; `None` when he gives up.
    async fn recipients(&mut self, lists: bool) -> Result<Option<Vec<String>>, VoicemailError> {
        for _ in 0..self.inner.config.tries.max(1) {
            let ask = prompts::prompts([prompts::FORWARD_TO, prompts::STAR_CANCELS]);
            match self.caller.chooses(ask, self.inner.config.patience).await? {
                Some('1') => {}
                Some('2') => {
                    let found = directory::find(self.inner, &mut self.caller).await?;
                    return Ok(found.map(|entry| vec![entry.mailbox]));
                }
                _ => return Ok(None),
            }
            let ask = prompts::prompts([prompts::EXTENSION, prompts::THEN_POUND]);
            let typed = self.caller.types(ask, NUMBER, &self.inner.config).await?;
            if typed.is_empty() {
                return Ok(None);
            }
            match self.means(&typed, lists).await {
                Ok(Some(to)) => return Ok(Some(to)),
                Ok(None) => self.says(&[prompts::INVALID_EXTENSION]).await?,
                Err(fault) => self.fails(fault).await?,
            }
        }
        Ok(None)
    }

    /// The mailboxes that a number means.
    async fn means(&self, typed: &str, lists: bool) -> Result<Option<Vec<String>>, KeepFault> {
        if let (Some(number), true) = (typed.strip_prefix('*'), lists) {
            let known = self.inner.keeper.lists(self.tenant, &self.mailbox.name).await?;
            let list = known.into_iter().find(|list| list.number == number);
            if let Some(list) = list.filter(|list| !list.members.is_empty()) {
                return Ok(Some(list.members));
            }
        }
        Ok(self.inner.keeper.mailbox(self.tenant, typed).map(|mailbox| vec![mailbox.name.clone()]))
    }

    /// Records something that is no message; `None` where it could not be.
    pub(super) async fn records(
        &mut self,
        ask: Vec<Sound>,
        longest: Duration,
    ) -> Result<Option<Scratch>, VoicemailError> {
        let call = self.caller.invitation().uid;
        let Ok(name) = self.inner.keeper.scratch(self.tenant, call).await else { return Ok(None) };
        let scratch = Scratch { keeper: self.inner.keeper.clone(), tenant: self.tenant, name, kept: false };
        self.caller.is_told(ask).await?;
        let spoken = self.caller.is_recorded(&scratch.name, longest, self.mailbox.silence, keys("#")).await?;
        self.caller.forgets_keys().await?;
        Ok(matches!(spoken, Spoken::Recorded(_)).then_some(scratch))
    }
}

/// A recording that is no message, removed again unless it is kept.
pub(super) struct Scratch {
    keeper: Arc<dyn Keeper>,
    tenant: TenantId,
    pub(super) name: String,
    pub(super) kept: bool,
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.kept {
            self.keeper.forget(self.tenant, &self.name);
        }
    }
}
