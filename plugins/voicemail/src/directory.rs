//! Somebody is found by his name, spelled by keys. Those whose names begin so are offered one after the other.
//!
//! | key | when one is offered |
//! |---|---|
//! | `1` | this one |
//! | `*` | the next |
//! | `#` | none of them |

use std::sync::Arc;

use switch::{CallControl, Sound, Target};

use crate::caller::Caller;
use crate::dial;
use crate::keeper::Entry;
use crate::prompts::{self, prompt};
use crate::spell;
use crate::voicemail::{Inner, Parted, VoicemailError};

/// How many letters are worth spelling, and how many are asked for.
const LETTERS: (u8, i64) = (10, 3);

/// How many are offered at most: who has more spells more.
const OFFERED: usize = 20;

/// A caller finds somebody and is put through to him.
pub(crate) async fn directory(inner: &Arc<Inner>, call: &mut CallControl) -> Result<Parted, VoicemailError> {
    let mut caller = Caller::new(call);
    caller.is_answered().await?;
    match find_and_ring(inner, &mut caller).await {
        Err(VoicemailError::HungUp) => Ok(Parted::HungUp),
        other => other,
    }
}

async fn find_and_ring(inner: &Arc<Inner>, caller: &mut Caller<'_>) -> Result<Parted, VoicemailError> {
    for _ in 0..inner.config.tries.max(1) {
        let Some(entry) = find(inner, caller).await? else { break };
        let target = Target::Extension(entry.extension.clone());
        if dial::put_through(inner, caller, target, prompts::named(&entry)).await? {
            return Ok(Parted::Connected);
        }
    }
    caller.is_told(vec![prompt(prompts::GOODBYE)]).await?;
    Ok(Parted::Done)
}

/// Whom the caller means; `None` when he gives up.
pub(crate) async fn find(inner: &Arc<Inner>, caller: &mut Caller<'_>) -> Result<Option<Entry>, VoicemailError> {
    let tenant = caller.invitation().tenant;
    for turn in 0..inner.config.tries.max(1) {
        let mut ask = if turn == 0 { vec![prompt(prompts::FIND_WELCOME)] } else { Vec::new() };
        ask.extend([prompt(prompts::FIND_ENTER), Sound::Number(LETTERS.1)]);
        ask.extend(prompts::prompts([prompts::FIND_LETTERS, prompts::FIND_KEYPAD]));
        let keys = caller.types(ask, LETTERS.0, &inner.config).await?;
        if keys.is_empty() {
            return Ok(None);
        }
        let found = spell::find(inner.keeper.entries(tenant), &keys);
        if found.is_empty() {
            caller.is_told(vec![prompt(prompts::FIND_NOBODY)]).await?;
            continue;
        }
        match choose(inner, caller, found).await? {
            Choice::This(entry) => return Ok(Some(entry)),
            Choice::Nobody => return Ok(None),
            Choice::NoMore => caller.is_told(vec![prompt(prompts::FIND_NO_MORE)]).await?,
        }
    }
    Ok(None)
}

enum Choice {
    This(Entry),
    Nobody,
    NoMore,
}

async fn choose(inner: &Arc<Inner>, caller: &mut Caller<'_>, found: Vec<Entry>) -> Result<Choice, VoicemailError> {
    for entry in found.into_iter().take(OFFERED) {
        let mut offer = prompts::named(&entry);
        offer.push(prompt(prompts::FIND_EXTENSION));
        offer.extend(prompts::spelled(&entry.extension));
        offer.push(prompt(prompts::FIND_CHOOSE));
        let mut silent = 0;
        loop {
            match caller.chooses(offer.clone(), inner.config.patience).await? {
                Some('1') => return Ok(Choice::This(entry)),
                Some('*') => break,
                Some('#') => return Ok(Choice::Nobody),
                _ if silent > 0 => return Ok(Choice::Nobody),
                _ => silent += 1,
            }
        }
    }
    Ok(Choice::NoMore)
}
