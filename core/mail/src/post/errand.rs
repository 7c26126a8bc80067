//! One try of one letter: composed, written down, carried, and what came of it told to the queue.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::config::Config;
use crate::delivery::{Carrier, Fault, Means, Stage};
use crate::letter::{Address, Letter};
use crate::queue::{Clock, Due, Queue};
use crate::retry;

/// Whom a letter has reached, or never will, in tries before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reached {
    /// The server has the letter for them; by address.
    taken: BTreeSet<String>,
    /// It will never take it for them, and why; by address.
    refused: BTreeMap<String, String>,
}

impl Reached {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn has(&self, address: &str) -> bool {
        self.taken.contains(address) || self.refused.contains_key(address)
    }

    fn refuse(&mut self, address: &str, fault: &Fault) {
        self.refused.insert(address.to_owned(), format!("{address}: {fault}"));
    }
}

/// What came of a try; the queue knows it.
#[derive(Debug)]
pub(super) enum End {
    /// It has reached somebody, and nobody is left; so many will never get it.
    Sent { refused: usize },
    /// There was nothing to say.
    Dropped,
    /// It is tried again, or was given up.
    Failed { fault: Fault, given_up: bool, reached: Reached },
}

/// The longest pause between two tries to tell the queue.
const LONGEST: Duration = Duration::from_secs(30);

/// One try of one letter.
pub(super) struct Errand<Q: Queue> {
    pub(super) due: Due<Q::About>,
    pub(super) config: Arc<Config>,
    pub(super) carrier: Arc<Carrier>,
    pub(super) queue: Arc<Q>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) reached: Reached,
    /// So many have not got it, and may still.
    pub(super) left: usize,
}

impl<Q: Queue> Errand<Q> {
    pub(super) async fn run(mut self) -> End {
        let letter = match self.queue.compose(&self.due).await {
            Ok(Some(letter)) => letter,
            Ok(None) => {
                self.tell(News::Dropped).await;
                return End::Dropped;
            }
            Err(fault) => return self.failed(Fault::new(Stage::Compose, Means::Again, fault)).await,
        };
        match self.carry(&letter).await {
            Err(fault) => self.failed(fault).await,
            Ok(Some(later)) => self.failed(later).await,
            Ok(None) if self.reached.taken.is_empty() => {
                let all: Vec<&str> = self.reached.refused.values().map(String::as_str).collect();
                let fault = if all.is_empty() { crate::Error::Nobody.to_string() } else { all.join("; ") };
                self.failed(Fault::new(Stage::Recipient, Means::Never, fault)).await
            }
            Ok(None) => self.sent().await,
        }
    }

    /// Carries the letter to those whom it has not reached. `Some`: it is to be tried again for some of them.
    async fn carry(&mut self, letter: &Letter) -> Result<Option<Fault>, Fault> {
        let broken = |fault| Fault::new(Stage::Compose, Means::Again, fault);
        let from = match &letter.from {
            Some(from) => from.clone(),
            None => Address::parse(&self.config.from).map_err(broken)?.named(&self.config.from_name),
        };
        let mut to = Vec::new();
        for one in &letter.to {
            match Address::parse(one) {
                Ok(address) => to.push(address),
                Err(fault) => self.reached.refuse(one, &Fault::new(Stage::Recipient, Means::Never, fault)),
            }
        }
        let left: Vec<Address> = to.iter().filter(|one| !self.reached.has(one.email())).cloned().collect();
        self.left = left.len();
        if left.is_empty() {
            return Ok(None);
        }
        let written = letter.written(&from, &to).map_err(broken)?;
        let carried = self.carrier.carry(&from, &left, &written).await?;
        self.reached.taken.extend(carried.taken.iter().map(|one| one.email().to_owned()));
        for (one, fault) in &carried.refused {
            self.reached.refuse(one.email(), fault);
        }
        self.left = carried.later.len();
        Ok(carried.later.into_iter().next().map(|(_, fault)| fault))
    }

    async fn sent(self) -> End {
        self.tell(News::Sent).await;
        End::Sent { refused: self.reached.refused.len() }
    }

    async fn failed(self, fault: Fault) -> End {
        let now = self.clock.now();
        let again = match fault.means {
            Means::Never => None,
            Means::Server | Means::Again => retry::again(&self.config, self.due.queued, self.due.tries, now),
        };
        if again.is_none() && !self.reached.taken.is_empty() {
            // It has reached somebody: whoever is left counts as refused.
            self.tell(News::Sent).await;
            return End::Sent { refused: self.reached.refused.len() + self.left };
        }
        let text = fault.to_string();
        self.tell(News::Failed(&text, again)).await;
        End::Failed { fault, given_up: again.is_none(), reached: self.reached }
    }

    /// Tells the queue until it hears: a letter that was sent must not be sent again because the database was away.
    async fn tell(&self, news: News<'_>) {
        let id = self.due.id;
        for tries in 0.. {
            let heard = match news {
                News::Sent => self.queue.sent(id).await,
                News::Dropped => self.queue.dropped(id).await,
                News::Failed(fault, again) => self.queue.failed(id, fault, again).await,
            };
            let Err(fault) = heard else { return };
            tracing::warn!(letter = id, %fault, "what became of a letter could not be kept; trying again");
            tokio::time::sleep(retry::pause(self.config.pauses, tries).min(LONGEST)).await;
        }
    }
}

/// What the queue is told.
#[derive(Clone, Copy)]
enum News<'a> {
    Sent,
    Dropped,
    Failed(&'a str, Option<SystemTime>),
}
