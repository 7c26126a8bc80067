//! A caller says a message, and thinks about it.
//!
//! | key | while he speaks | afterwards |
//! |---|---|---|
//! | `1` | | it is kept; so it is with `#`, when he says nothing, or hangs up |
//! | `2` | | he hears it |
//! | `3` | | he says it anew |
//! | `4` | | it is urgent, or not any more |
//! | `0` | it is kept, and the operator rings, where there is one | likewise |
//! | `*` | | it is thrown away |
//! | `#` | it is over | |
//!
//! Other keys do nothing, and what is pressed while he speaks and ends nothing does nothing afterwards either.

use std::sync::Arc;
use std::time::Duration;

use switch::{Keys, Sound, TenantId};

use crate::caller::{Caller, Heard, Spoken, keys};
use crate::keeper::{Begun, Delivered, Draft, KeepFault, Mailbox};
use crate::prompts::{self, prompt};
use crate::takes::Takes;
use crate::voicemail::{Inner, VoicemailError};

/// Nothing is worth recording in less room.
const LEAST_ROOM: Duration = Duration::from_secs(1);

/// How often a caller may choose what to do with his message before it is kept.
const CHOICES: usize = 30;

/// What came of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dictated {
    /// It was delivered, or was none.
    Said(Delivered),
    /// The same, and the caller wants the operator.
    Operator(Delivered),
    /// The caller threw it away.
    ThrownAway,
    /// The mailbox had no room for it.
    Full,
    /// It could not be kept now: the keeper has what there is of it.
    Broken,
}

/// What the caller wants of what he has recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Keep,
    Operator,
    ThrowAway,
    /// It could not even be recorded.
    Broken,
}

/// Records a message for a mailbox. When this returns, or fails, nothing of it is left undone. There is an operator where
/// the mailbox has one and `operator` says so.
pub(crate) async fn dictate(
    inner: &Arc<Inner>,
    caller: &mut Caller<'_>,
    mailbox: &Mailbox,
    draft: &Draft,
    operator: bool,
) -> Result<Dictated, VoicemailError> {
    let tenant = caller.invitation().tenant;
    let takes = Takes::new(&inner.keeper, tenant);
    let operator = operator && mailbox.operator.is_some();
    let mut desk = Desk { inner, tenant, caller, mailbox, draft, operator, takes };
    let begun = match desk.begin().await {
        Ok(Some(begun)) => begun,
        Ok(None) => return Ok(Dictated::Full),
        Err(Fault::Broken) => return Ok(Dictated::Broken),
        Err(Fault::Left(error)) => return Err(error),
    };
    match desk.talk(begun).await {
        Ok(Wish::ThrowAway) => {
            desk.takes.discard().await;
            Ok(Dictated::ThrownAway)
        }
        Ok(wish) => match (desk.keep().await?, wish) {
            (None, _) | (_, Wish::Broken) => Ok(Dictated::Broken),
            (Some(delivered), Wish::Operator) => Ok(Dictated::Operator(delivered)),
            (Some(delivered), _) => Ok(Dictated::Said(delivered)),
        },
        Err(error) => {
            // His call is over. What he said until then counts; what cannot be delivered is the keeper's.
            if let Err(fault) = desk.takes.settle().await {
                tracing::warn!(tenant = tenant.0, %fault, "a message is not delivered yet");
            }
            Err(error)
        }
    }
}

enum Fault {
    Broken,
    Left(VoicemailError),
}

impl From<VoicemailError> for Fault {
    fn from(error: VoicemailError) -> Self {
        Self::Left(error)
    }
}

struct Desk<'a, 'c> {
    inner: &'a Arc<Inner>,
    tenant: TenantId,
    caller: &'a mut Caller<'c>,
    mailbox: &'a Mailbox,
    draft: &'a Draft,
    operator: bool,
    takes: Takes,
}

impl Desk<'_, '_> {
    /// A message that may be recorded; `None` where there is no room.
    async fn begin(&mut self) -> Result<Option<Begun>, Fault> {
        let (times, wait) = self.inner.config.again;
        for turn in 0..times.max(1) {
            if turn > 0 {
                self.caller.waits(wait).await?;
            }
            match self.takes.begin(self.draft.clone()).await {
                Ok(begun) if begun.room >= self.mailbox.shortest.max(LEAST_ROOM) => return Ok(Some(begun)),
                Ok(begun) => {
                    self.takes.forget(begun.message).await;
                    return Ok(None);
                }
                Err(KeepFault::Full) => return Ok(None),
                Err(KeepFault::Missing) => return Err(Fault::Left(VoicemailError::NoMailbox)),
                Err(KeepFault::BadPin | KeepFault::Unavailable) => {}
            }
        }
        tracing::warn!(tenant = self.tenant.0, "no message can be begun");
        Err(Fault::Broken)
    }

    /// From the first tone to the caller's last word on it.
    async fn talk(&mut self, mut begun: Begun) -> Result<Wish, VoicemailError> {
        loop {
            match self.record(&begun).await? {
                Spoken::Broken => return Ok(Wish::Broken),
                Spoken::Recorded(Some('0')) => return Ok(Wish::Operator),
                Spoken::Recorded(_) => {}
            }
            self.caller.forgets_keys().await?;
            match self.review(&begun).await? {
                Ok(wish) => return Ok(wish),
                Err(anew) => begun = anew,
            }
        }
    }

    async fn record(&mut self, begun: &Begun) -> Result<Spoken, VoicemailError> {
        let limit = self.mailbox.longest.max(LEAST_ROOM).min(begun.room);
        let end = keys(if self.operator { "#0" } else { "#" });
        self.caller.is_recorded(&begun.recording, limit, self.mailbox.silence, end).await
    }

    /// What is to become of it; the error is the take that takes its place.
    async fn review(&mut self, begun: &Begun) -> Result<Result<Wish, Begun>, VoicemailError> {
        let mut pressed = None;
        for _ in 0..CHOICES {
            let key = match pressed.take() {
                Some(key) => Some(key),
                None => self.caller.chooses(self.choices(), self.inner.config.review).await?,
            };
            match key {
                None | Some('1' | '#') => return Ok(Ok(Wish::Keep)),
                Some('2') => {
                    let own = vec![Sound::Recording(begun.recording.clone())];
                    if let Heard::Key(key) = self.caller.hears(own, Keys::ALL).await? {
                        pressed = Some(key);
                    }
                }
                Some('3') if self.takes.len() < self.inner.config.takes => match self.begin().await {
                    Ok(Some(begun)) => return Ok(Err(begun)),
                    Ok(None) => self.caller.is_told(vec![prompt(prompts::MAILBOX_FULL)]).await?,
                    Err(Fault::Broken) => self.caller.is_told(vec![prompt(prompts::BROKEN)]).await?,
                    Err(Fault::Left(error)) => return Err(error),
                },
                Some('4') => {
                    self.takes.urgent = !self.takes.urgent;
                    let marked = if self.takes.urgent { prompts::MARKED_URGENT } else { prompts::MARKED_NOT_URGENT };
                    self.caller.is_told(vec![prompt(marked)]).await?;
                }
                Some('0') if self.operator => return Ok(Ok(Wish::Operator)),
                Some('*') => return Ok(Ok(Wish::ThrowAway)),
                Some(_) => self.caller.is_told(vec![prompt(prompts::NOT_UNDERSTOOD)]).await?,
            }
        }
        Ok(Ok(Wish::Keep))
    }

    fn choices(&self) -> Vec<Sound> {
        let urgent = if self.takes.urgent { prompts::REVIEW_NOT_URGENT } else { prompts::REVIEW_URGENT };
        let mut sounds = prompts::prompts([prompts::REVIEW, urgent, prompts::STAR_CANCELS_MESSAGE]);
        if self.operator {
            sounds.push(prompt(prompts::REACH_OPERATOR));
        }
        sounds
    }

    /// Delivers it while the caller waits; `None`: that cannot be done now.
    async fn keep(&mut self) -> Result<Option<Delivered>, VoicemailError> {
        let (times, wait) = self.inner.config.again;
        for turn in 0..times.max(1) {
            if turn > 0 {
                self.caller.waits(wait).await?;
            }
            match self.takes.settle().await {
                Ok(delivered) => return Ok(Some(delivered)),
                Err(fault) => tracing::warn!(tenant = self.tenant.0, %fault, "a message is not delivered yet"),
            }
        }
        Ok(None)
    }
}
