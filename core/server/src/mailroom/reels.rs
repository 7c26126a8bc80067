//! What is being recorded for mailboxes, by the name of the recording: whoever delivers a message waits here until its audio is
//! on the disk.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use switch::{KeptRecording, TenantId};
use tokio::sync::watch;

/// What begins the name of a recording that is a mailbox's; 32 hex digits of chance follow.
const PREFIX: &str = "vm-";
/// A disk may be slow; a recording whose end is not told by then is looked at when the exchange starts again.
const PATIENCE: Duration = Duration::from_secs(30);
/// What nobody has asked for by then was thrown away.
const FORGOTTEN: Duration = Duration::from_secs(3_600);

/// A new name, which reveals nothing.
pub(crate) fn mint() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().fold(PREFIX.to_owned(), |name, byte| name + &format!("{byte:02x}")))
}

/// How a recording came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reel {
    /// It was never begun.
    Never,
    /// It goes on still, or nobody can tell.
    Runs,
    /// It is over: so many bytes are on the disk.
    Over(u64),
}

/// By tenant and name: when it was last heard of, and how many bytes it has, once it is over.
type Known = HashMap<(TenantId, String), (Instant, Option<u64>)>;

/// The recordings that go on, and those whose end nobody has asked for.
#[derive(Debug)]
pub(crate) struct Reels {
    known: Mutex<Known>,
    /// Something ended.
    ticks: watch::Sender<()>,
}

impl Default for Reels {
    fn default() -> Self {
        Self { known: Mutex::default(), ticks: watch::Sender::new(()) }
    }
}

impl Reels {
    /// A recording has begun, or is over.
    pub(crate) fn hear(&self, now: Instant, kept: &KeptRecording) {
        let mut known = self.known();
        known.insert((kept.tenant, kept.name.clone()), (now, kept.end.as_ref().map(|end| end.bytes)));
        // Few are there at once: each is asked for when its call ends.
        known.retain(|_, (since, over)| over.is_none() || now.saturating_duration_since(*since) < FORGOTTEN);
        drop(known);
        if kept.end.is_some() {
            self.ticks.send_replace(());
        }
    }

    /// Waits until a recording is over.
    pub(crate) async fn end_of(&self, tenant: TenantId, name: &str) -> Reel {
        let mut ticks = self.ticks.subscribe();
        let wait = async {
            loop {
                match self.known().get(&(tenant, name.to_owned())) {
                    None => return Reel::Never,
                    Some((_, Some(bytes))) => return Reel::Over(*bytes),
                    Some((_, None)) => {}
                }
                if ticks.changed().await.is_err() {
                    return Reel::Runs;
                }
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap_or(Reel::Runs)
    }

    /// It goes on still.
    pub(crate) fn runs(&self, tenant: TenantId, name: &str) -> bool {
        matches!(self.known().get(&(tenant, name.to_owned())), Some((_, None)))
    }

    /// Nobody will ask for it any more.
    pub(crate) fn forget(&self, tenant: TenantId, name: &str) {
        self.known().remove(&(tenant, name.to_owned()));
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use switch::is_a_mailboxes;

    use super::*;

    #[test]
    fn names_reveal_nothing_and_are_known_again() {
        let (one, other) = (mint().expect("chance"), mint().expect("chance"));
        assert!(one != other && is_a_mailboxes(&one) && switch::is_recording_name(&one), "{one}");
        for wrong in
            ["vm-", "vm-1", "greeting", "vm-zz000000000000000000000000000000", "VM-00000000000000000000000000000000"]
        {
            assert!(!is_a_mailboxes(wrong), "{wrong}");
        }
    }
}
