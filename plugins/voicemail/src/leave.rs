//! A caller comes to a mailbox, is greeted, and leaves a message.
//!
//! | there is | what he hears |
//! |---|---|
//! | a temporary greeting | that |
//! | one for this reason | that |
//! | neither | the owner's spoken name, else the mailbox's number, and that he is on the phone or unavailable |
//!
//! | key | during the greeting |
//! |---|---|
//! | `#` | to the tone at once |
//! | `0` | the operator rings, where there is one |
//! | `*` | the owner, who listens by his PIN |

use std::sync::Arc;

use switch::{CallControl, Greeting, Keys, Reason, Sound};

use crate::caller::{Caller, Heard, keys};
use crate::dial;
use crate::dictate::{Dictated, dictate};
use crate::keeper::{Delivered, Draft, Happening, Mailbox};
use crate::listen;
use crate::prompts::{self, prompt};
use crate::voicemail::{Inner, Parted, VoicemailError, Whose};

pub(crate) async fn leave(
    inner: &Arc<Inner>,
    call: &mut CallControl,
    name: &str,
    reason: Reason,
) -> Result<Parted, VoicemailError> {
    let tenant = call.invitation().tenant;
    let mailbox = inner.keeper.mailbox(tenant, name).ok_or(VoicemailError::NoMailbox)?;
    let mut caller = Caller::new(call);
    caller.is_answered().await?;
    caller.language.clone_from(&mailbox.language);
    inner.keeper.count(tenant, &mailbox.name, Happening::Reached(reason));
    let mut visit = Visit { inner, caller, mailbox: &mailbox, reason };
    match visit.run().await {
        Ok(Some(parted)) => Ok(parted),
        // He is its owner.
        Ok(None) => {
            let language = mailbox.language.clone();
            match listen::listen(inner, call, Whose::Of(mailbox.name.clone()), language).await {
                Err(VoicemailError::HungUp) => Ok(Parted::HungUp),
                other => other,
            }
        }
        Err(VoicemailError::HungUp) => Ok(Parted::HungUp),
        Err(error) => Err(error),
    }
}

struct Visit<'a, 'c> {
    inner: &'a Arc<Inner>,
    caller: Caller<'c>,
    mailbox: &'a Mailbox,
    reason: Reason,
}

impl Visit<'_, '_> {
    /// `None`: he is the owner and wants to listen.
    async fn run(&mut self) -> Result<Option<Parted>, VoicemailError> {
        match self.greet().await.inspect_err(|_| self.left())? {
            Heard::Key('*') => {
                self.left();
                return Ok(None);
            }
            Heard::Key('0') if self.operator_answers().await.inspect_err(|_| self.left())? => {
                self.left();
                return Ok(Some(Parted::Connected));
            }
            _ => {}
        }
        let draft = self.draft();
        match dictate(self.inner, &mut self.caller, self.mailbox, &draft, true).await? {
            Dictated::Said(delivered) => self.parts(delivered).await,
            Dictated::Operator(delivered) => {
                self.tells(delivered).await?;
                if self.operator_answers().await? {
                    return Ok(Some(Parted::Connected));
                }
                self.caller.is_told(vec![prompt(prompts::GOODBYE)]).await?;
                Ok(Some(Parted::Done))
            }
            Dictated::ThrownAway => {
                self.caller.is_told(prompts::prompts([prompts::DELETED, prompts::GOODBYE])).await?;
                Ok(Some(Parted::Done))
            }
            Dictated::Full => {
                self.counts(Happening::TurnedAway);
                self.caller.is_told(prompts::prompts([prompts::MAILBOX_FULL, prompts::GOODBYE])).await?;
                Err(VoicemailError::Full)
            }
            Dictated::Broken => {
                self.caller.is_told(vec![prompt(prompts::BROKEN)]).await?;
                Err(VoicemailError::NoResources)
            }
        }
    }

    /// What the caller hears until the tone, or a key.
    async fn greet(&mut self) -> Result<Heard, VoicemailError> {
        let interrupt = keys(if self.mailbox.operator.is_some() { "#*0" } else { "#*" });
        let mut after = Vec::new();
        if self.mailbox.operator.is_some() {
            after.push(prompt(prompts::REACH_OPERATOR));
        }
        if let Some(own) = self.own_greeting() {
            match self.caller.hears(vec![Sound::Recording(own)], interrupt).await? {
                Heard::Whole if after.is_empty() => return Ok(Heard::Whole),
                Heard::Whole => return self.caller.hears(after, interrupt).await,
                Heard::Key(key) => return Ok(Heard::Key(key)),
                // It is kept and is not there: as if there were none.
                Heard::Nothing => {}
            }
        }
        let mut sounds = prompts::usual_greeting(self.mailbox, self.reason == Reason::Busy);
        sounds.extend(after);
        sounds.push(prompt(prompts::INTRO));
        self.caller.hears(sounds, interrupt).await
    }

    fn own_greeting(&self) -> Option<String> {
        let for_reason = match self.reason {
            Reason::Busy => Greeting::Busy,
            Reason::NoAnswer | Reason::Offline | Reason::Chosen => Greeting::Unavailable,
        };
        let own = &self.mailbox.greetings;
        own.get(&Greeting::Temporary).or_else(|| own.get(&for_reason)).cloned()
    }

    fn draft(&self) -> Draft {
        let invitation = self.caller.invitation();
        Draft {
            mailbox: self.mailbox.name.clone(),
            call: invitation.uid,
            user: invitation.user,
            caller: invitation.caller.user.clone(),
            caller_name: invitation.caller.name.clone(),
            reason: self.reason,
        }
    }

    async fn operator_answers(&mut self) -> Result<bool, VoicemailError> {
        let Some(operator) = self.mailbox.operator.clone() else { return Ok(false) };
        dial::put_through(self.inner, &mut self.caller, operator, Vec::new()).await
    }

    async fn parts(&mut self, delivered: Delivered) -> Result<Option<Parted>, VoicemailError> {
        self.tells(delivered).await?;
        self.caller.is_told(vec![prompt(prompts::GOODBYE)]).await?;
        Ok(Some(Parted::Done))
    }

    /// What became of his message.
    async fn tells(&mut self, delivered: Delivered) -> Result<(), VoicemailError> {
        tracing::info!(tenant = self.caller.invitation().tenant.0, ?delivered, "a message was left");
        let sounds = match delivered {
            Delivered::Kept => prompts::MESSAGE_SAVED,
            Delivered::Short | Delivered::Silent | Delivered::Nothing => prompts::TOO_SHORT,
        };
        self.caller.hears(vec![prompt(sounds)], Keys::NONE).await.map(drop)
    }

    fn left(&self) {
        self.counts(Happening::LeftBefore);
    }

    fn counts(&self, happening: Happening) {
        self.inner.keeper.count(self.caller.invitation().tenant, &self.mailbox.name, happening);
    }
}
