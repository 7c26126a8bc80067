//! Where peers are (RFC 3263), without ever keeping signalling waiting: what is asked is answered from memory, and what is
//! not in memory is looked for by a task, whose answer comes through the inbox.
//!
//! ```text
//! Ask::Locate ─► memory ── known ──► order ─► Answer::Located
//!                  │ not known, or stale
//!                  └─► search (a task) ─► Inward::Located ─► memory ─► order ─► Answer::Located to all who wait
//! ```

mod memory;
mod names;
mod order;
mod search;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng;
use sip::Transport;
use switch::{Answer, Site, Ticket, Unlocated};
use tokio::runtime::Handle;
use tokio::time::timeout;

use self::memory::{Bounds, Look, Memory};
use self::names::Names;
use self::search::{Found, Means, Missing};
use super::inbox::{Inbox, Inward};

/// One name server has so long for one answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The log has no more than one line in so long about a DNS that does not answer.
const QUIET: Duration = Duration::from_secs(300);

/// What came of a search.
#[derive(Debug)]
pub(crate) struct Outcome(Result<Found, Missing>);

/// Knows where peers are.
#[derive(Debug)]
pub(crate) struct Locator {
    memory: Memory,
    names: Arc<Names>,
    means: Arc<Means>,
    chance: ChaCha12Rng,
    /// For one search in all.
    limit: Duration,
    inbox: Inbox,
    runtime: Handle,
    /// When it was last told that nobody answers.
    told: Option<Instant>,
}

impl Locator {
    /// One that asks these name servers, or the system's when there are none, and gives addresses that these sockets reach.
    pub(crate) fn new(
        servers: Vec<SocketAddr>,
        locals: Vec<(Transport, SocketAddr)>,
        seed: [u8; 32],
        inbox: Inbox,
        runtime: Handle,
    ) -> Self {
        Self {
            memory: Memory::new(Bounds::default()),
            names: Names::new(servers, PATIENCE),
            means: Arc::new(Means(locals)),
            chance: ChaCha12Rng::from_seed(seed),
            limit: 4 * PATIENCE,
            inbox,
            runtime,
            told: None,
        }
    }

    /// Answers from memory; else the answer comes later.
    pub(crate) fn locate(&mut self, now: Instant, ticket: Ticket, site: Site) -> Option<Answer> {
        if let Some(known) = search::literal(&site, &self.means) {
            return Some(Answer::Located(known.map(|address| vec![address]).map_err(|_| Unlocated(site.host))));
        }
        let (look, seek) = self.memory.look(now, &site, ticket);
        let (outcome, located) = match look {
            Look::Known(Ok(found)) => ("memory", Some(Ok(order::order(found, &mut self.chance)))),
            Look::Known(Err(_)) => ("none", Some(Err(()))),
            Look::Stale(found) => ("stale", Some(Ok(order::order(found, &mut self.chance)))),
            Look::Waits => ("asked", None),
            Look::Busy => ("shed", Some(Err(()))),
        };
        metrics::counter!("strowger_dns_answers_total", "outcome" => outcome).increment(1);
        let answer = located.map(|located| Answer::Located(located.map_err(|()| Unlocated(site.host.clone()))));
        if seek {
            self.seek(site);
        }
        answer
    }

    /// A search is over. Gives what those are to be told who wait for it.
    pub(crate) fn learn(&mut self, now: Instant, site: &Site, outcome: Outcome) -> Vec<(Ticket, Answer)> {
        self.note(now, &outcome);
        let (waiting, told) = self.memory.learn(now, site, outcome.0);
        let mut answer = || match &told {
            Ok(found) => Ok(order::order(found, &mut self.chance)),
            Err(_) => Err(Unlocated(site.host.clone())),
        };
        waiting.into_iter().map(|ticket| (ticket, Answer::Located(answer()))).collect()
    }

    /// The hosts that were found at this address: whoever is there may prove to be any of them.
    #[allow(dead_code, reason = "TLS is what asks")]
    pub(crate) fn names_at(&self, address: SocketAddr) -> Vec<String> {
        self.memory.names_at(address)
    }

    /// How much is known, and how much is being asked.
    #[allow(clippy::cast_precision_loss, reason = "gauges are floats; no count is so large")]
    pub(crate) fn tell_gauges(&self) {
        metrics::gauge!("strowger_dns_sites").set(self.memory.len() as f64);
        metrics::gauge!("strowger_dns_searches").set(self.memory.searches() as f64);
    }

    fn seek(&self, site: Site) {
        let (names, means, inbox, limit) = (self.names.clone(), self.means.clone(), self.inbox.clone(), self.limit);
        self.runtime.spawn(async move {
            // A task of its own: should it panic, whoever waits hears of it all the same.
            let searching = tokio::spawn(timeout(limit, search::search(names, means, site.clone())));
            let outcome = match searching.await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(_)) | Err(_) => Err(Missing::Silent),
            };
            inbox.send(Inward::Located(site, Outcome(outcome)));
        });
    }

    /// Counts it. That nobody answers is told now and then, and for which host only to who looks closely.
    fn note(&mut self, now: Instant, outcome: &Outcome) {
        let outcome = match &outcome.0 {
            Ok(Found { sure: true, .. }) => "found",
            Ok(Found { sure: false, .. }) => "doubtful",
            Err(Missing::Nothing(_)) => "none",
            Err(Missing::Silent) => "silent",
        };
        metrics::counter!("strowger_dns_searches_total", "outcome" => outcome).increment(1);
        if outcome == "silent" && self.told.is_none_or(|told| now >= told + QUIET) {
            self.told = Some(now);
            tracing::warn!("the DNS does not answer for a peer; what is known of it is used for up to an hour more");
        }
    }
}
