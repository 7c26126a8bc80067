//! Who may listen.
//!
//! | he comes | to | what he is asked |
//! |---|---|---|
//! | from his own phone | his own mailbox | nothing; its PIN, where the mailbox wants it and has one |
//! | from anywhere | one that is named | its PIN |
//! | from anywhere | any | its number and its PIN |
//!
//! A mailbox that there is not, and one without a PIN, is as a wrong PIN: the same is said, and as much is looked up.

use std::sync::Arc;

use switch::{TenantId, UserId};

use crate::caller::Caller;
use crate::guard::Source;
use crate::keeper::{Happening, Mailbox, PinState};
use crate::prompts::{self, prompt};
use crate::voicemail::{Inner, VoicemailError, Whose};

/// The longest PIN, and the longest number of a mailbox.
pub(super) const PIN: u8 = 16;
pub(super) const NUMBER: u8 = 32;

/// The mailbox that he may listen to.
pub(super) async fn login(
    inner: &Arc<Inner>,
    caller: &mut Caller<'_>,
    whose: Whose,
) -> Result<Arc<Mailbox>, VoicemailError> {
    let invitation = caller.invitation();
    let (tenant, user, source) = (invitation.tenant, invitation.user, Source::of(invitation));
    let named = match whose {
        Whose::Own => {
            let own = user.and_then(|user| inner.keeper.own(tenant, user)).ok_or(VoicemailError::NoMailbox)?;
            caller.language.clone_from(&own.language);
            if own.pin == PinState::None || !own.asks_at_own_phone {
                caller.is_answered().await?;
                inner.keeper.count(tenant, &own.name, Happening::LoggedIn);
                return Ok(own);
            }
            Some(own.name.clone())
        }
        Whose::Of(name) => Some(name),
        Whose::Any => None,
    };
    caller.is_answered().await?;
    let door = Door { inner, tenant, source, user };
    for turn in 0..inner.config.tries.max(1) {
        let name = match &named {
            Some(name) => name.clone(),
            None => {
                let ask = if turn == 0 { prompts::LOGIN } else { prompts::INCORRECT_MAILBOX };
                caller.types(vec![prompt(ask)], NUMBER, &inner.config).await?
            }
        };
        let mut ask = vec![prompt(prompts::PIN)];
        if turn > 0 && named.is_some() {
            ask.insert(0, prompt(prompts::INCORRECT));
        }
        let pin = caller.types(ask, PIN, &inner.config).await?;
        if let Some(mailbox) = door.opens(&name, &pin).await {
            inner.keeper.count(tenant, &mailbox.name, Happening::LoggedIn);
            return Ok(mailbox);
        }
    }
    caller.is_told(prompts::prompts([prompts::INCORRECT, prompts::GOODBYE])).await?;
    Err(VoicemailError::WrongPin)
}

struct Door<'a> {
    inner: &'a Arc<Inner>,
    tenant: TenantId,
    source: Source,
    user: Option<UserId>,
}

impl Door<'_> {
    /// The mailbox, where this is its PIN.
    async fn opens(&self, name: &str, pin: &str) -> Option<Arc<Mailbox>> {
        let Self { inner, tenant, source, user } = self;
        if name.is_empty() || pin.is_empty() {
            return None;
        }
        let mailbox = inner.keeper.mailbox(*tenant, name);
        // By whatever name somebody guesses, it is guessed at once.
        let name = &mailbox.as_ref().map_or(name, |mailbox| &mailbox.name).to_owned();
        let own = user.and_then(|user| inner.keeper.own(*tenant, user));
        let owner = own.is_some_and(|own| own.name == *name);
        let Some(tried) = inner.guards.admit(&inner.clock, *tenant, name, source.clone(), owner).await else {
            tracing::info!(tenant = tenant.0, "too many wrong PINs: none is taken for a while");
            inner.keeper.count(*tenant, name, Happening::LockedOut);
            return None;
        };
        // It is looked up in any case: how long that takes must not say whether there is a mailbox.
        let right = inner.keeper.is_pin(*tenant, name, pin).await;
        let mailbox = mailbox.filter(|mailbox| right && mailbox.pin != PinState::None);
        match mailbox {
            Some(_) => tried.right(),
            None => inner.keeper.count(*tenant, name, Happening::WrongPin),
        }
        mailbox
    }
}
