//! What is known of where peers are, and for how long that is good. The time is an argument.
//!
//! | state of what is known | what an asker gets | is the DNS asked? |
//! |---|---|---|
//! | nothing yet | its turn when the answer is there | once for all who ask |
//! | fresh | it | no |
//! | stale, and an address | it | once, beside |
//! | stale, and no address; or older than the bound | its turn when the answer is there | once for all who ask |
//!
//! | what comes from the DNS | what becomes of what was known |
//! |---|---|
//! | addresses, for sure | they take its place |
//! | addresses, but part of the way there did not answer | they take the place of nothing that may still be given |
//! | no address | it is forgotten |
//! | silence | it is given on, until it is older than the bound |

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use switch::{Site, Ticket};

use super::search::{Found, Missing};

/// A record that lasts for less would have the DNS asked for every call.
const SHORTEST: Duration = Duration::from_secs(5);
/// A record that lasts for more would be believed after its peer has moved.
const LONGEST: Duration = Duration::from_secs(3600);
/// So long it is believed at most that there is no address, and what is not sure.
const DOUBT: Duration = Duration::from_secs(30);
/// After a silence the DNS is asked again no sooner.
const PAUSE: Duration = Duration::from_secs(5);
/// So long after its time an address is still given while the DNS says nothing (RFC 8767 §5).
const STALE: Duration = Duration::from_secs(3600);

/// How many sites are known, and how many are looked for at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) sites: usize,
    pub(super) searches: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { sites: 4096, searches: 256 }
    }
}

/// What is known of sites.
#[derive(Debug)]
pub(super) struct Memory {
    bounds: Bounds,
    /// By what was asked for.
    entries: HashMap<Site, Entry>,
    /// The same sites, in the order in which they were first asked for: which is forgotten when there are too many.
    order: VecDeque<Site>,
    /// The hosts that were asked for, by each address that they have: once for each entry that says so.
    names: HashMap<SocketAddr, Vec<String>>,
    /// How many are being looked for.
    searches: usize,
}

#[derive(Debug)]
struct Entry {
    known: Option<Result<Found, Missing>>,
    fresh_until: Instant,
    stale_until: Instant,
    /// It is being looked for.
    sought: bool,
    /// Who waits for it.
    waiting: Vec<Ticket>,
    /// Somebody asked again, since it is there or was last passed over.
    used: bool,
}

/// What an asker gets.
#[derive(Debug)]
pub(super) enum Look<'a> {
    /// What is known.
    Known(Result<&'a Found, Missing>),
    /// What was known, and is asked for anew.
    Stale(&'a Found),
    /// It will be told.
    Waits,
    /// Too much is being looked for.
    Busy,
}

impl Memory {
    pub(super) fn new(bounds: Bounds) -> Self {
        let (entries, order, names) = (HashMap::new(), VecDeque::new(), HashMap::new());
        Self { bounds, entries, order, names, searches: 0 }
    }

    /// Somebody asks. Says besides whether the DNS is to be asked.
    pub(super) fn look(&mut self, now: Instant, site: &Site, ticket: Ticket) -> (Look<'_>, bool) {
        let may_seek = self.searches < self.bounds.searches;
        let new = !self.entries.contains_key(site);
        if new {
            if !may_seek {
                return (Look::Busy, false);
            }
            self.make_room();
            self.order.push_back(site.clone());
        }
        let entry = self.entries.entry(site.clone()).or_insert_with(|| Entry::new(now));
        entry.used |= !new;
        let fresh = now < entry.fresh_until;
        let seek = !fresh && !entry.sought && may_seek;
        if seek {
            entry.sought = true;
            self.searches += 1;
        }
        let look = match &entry.known {
            Some(known) if fresh => Look::Known(known.as_ref().map_err(|missing| *missing)),
            Some(Ok(found)) if now < entry.stale_until => Look::Stale(found),
            _ if entry.sought => {
                entry.waiting.push(ticket);
                Look::Waits
            }
            _ => Look::Busy,
        };
        (look, seek)
    }

    /// The DNS has answered, or has not. Gives those who wait, and what they are to be told.
    pub(super) fn learn(
        &mut self,
        now: Instant,
        site: &Site,
        came: Result<Found, Missing>,
    ) -> (Vec<Ticket>, Result<&Found, Missing>) {
        let Some(entry) = self.entries.get_mut(site) else { return (Vec::new(), Err(Missing::Silent)) };
        if std::mem::take(&mut entry.sought) {
            self.searches -= 1;
        }
        let waiting = std::mem::take(&mut entry.waiting);
        let usable = matches!(entry.known, Some(Ok(_))) && now < entry.stale_until;
        let doubtful = match &came {
            Ok(found) => !found.sure,
            Err(missing) => *missing == Missing::Silent,
        };
        if usable && doubtful {
            entry.fresh_until = now + PAUSE;
        } else {
            let lasts = match &came {
                Ok(found) if found.sure => found.lasts.clamp(SHORTEST, LONGEST),
                Ok(found) => found.lasts.clamp(SHORTEST, DOUBT),
                Err(Missing::Nothing(lasts)) => (*lasts).clamp(SHORTEST, DOUBT),
                Err(Missing::Silent) => PAUSE,
            };
            entry.fresh_until = now + lasts;
            entry.stale_until = entry.fresh_until + STALE;
            let before = entry.known.replace(came);
            forget_names(&mut self.names, &site.host, before.as_ref());
            for address in addresses(entry.known.as_ref()) {
                self.names.entry(address).or_default().push(site.host.clone());
            }
        }
        let told = match &entry.known {
            Some(known) => known.as_ref().map_err(|missing| *missing),
            None => Err(Missing::Silent),
        };
        (waiting, told)
    }

    /// The hosts that were found at this address.
    #[allow(dead_code, reason = "TLS is what asks")]
    pub(super) fn names_at(&self, address: SocketAddr) -> Vec<String> {
        let mut names = self.names.get(&address).cloned().unwrap_or_default();
        names.sort();
        names.dedup();
        names
    }

    /// How many sites are known or looked for.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many are being looked for.
    pub(super) fn searches(&self) -> usize {
        self.searches
    }

    /// One more is to come: where there are too many, one goes that was asked for once and not again.
    fn make_room(&mut self) {
        // Each is passed over twice at most, but those that are being looked for: they are fewer than there is room for.
        for _ in 0..=2 * self.order.len() {
            if self.entries.len() < self.bounds.sites {
                return;
            }
            let Some(site) = self.order.pop_front() else { return };
            match self.entries.get_mut(&site) {
                Some(entry) if entry.sought || entry.used => {
                    entry.used = false;
                    self.order.push_back(site);
                }
                Some(_) => {
                    let gone = self.entries.remove(&site).and_then(|entry| entry.known);
                    forget_names(&mut self.names, &site.host, gone.as_ref());
                }
                None => {}
            }
        }
    }
}

impl Entry {
    fn new(now: Instant) -> Self {
        Self { known: None, fresh_until: now, stale_until: now, sought: false, waiting: Vec::new(), used: false }
    }
}

fn addresses(known: Option<&Result<Found, Missing>>) -> Vec<SocketAddr> {
    let ways = known.and_then(|known| known.as_ref().ok()).map(|found| found.ways.as_slice()).unwrap_or_default();
    let places = ways.iter().flat_map(|way| &way.places);
    let mut all: Vec<SocketAddr> = places.flat_map(|place| place.addresses.iter().copied()).collect();
    all.sort();
    all.dedup();
    all
}

fn forget_names(names: &mut HashMap<SocketAddr, Vec<String>>, host: &str, known: Option<&Result<Found, Missing>>) {
    for address in addresses(known) {
        let Some(hosts) = names.get_mut(&address) else { continue };
        if let Some(at) = hosts.iter().position(|known| known == host) {
            hosts.swap_remove(at);
        }
        if hosts.is_empty() {
            names.remove(&address);
        }
    }
}

#[cfg(test)]
mod tests {
    use sip::Transport;
    use slotmap::SlotMap;

    use super::super::search::{Place, Way};
    use super::*;

    fn site(host: &str) -> Site {
        Site { host: host.to_owned(), port: None, transport: None }
    }

    #[test]
    fn a_million_names_take_no_more_memory_than_a_few_and_a_trunk_in_use_is_kept() {
        let (mut memory, mut tickets) = (Memory::new(Bounds::default()), SlotMap::<Ticket, ()>::with_key());
        let (now, ticket) = (Instant::now(), tickets.insert(()));
        let found = |number: u32| {
            let addresses = vec![SocketAddr::from((number.to_be_bytes(), 5060))];
            let places = vec![Place { priority: 0, weight: 0, addresses }];
            let ways = vec![Way { transport: Transport::Udp, places }];
            Ok(Found { ways, lasts: LONGEST, sure: true })
        };
        let trunk = site("carrier.example");
        assert!(matches!(memory.look(now, &trunk, ticket), (Look::Waits, true)));
        let _ = memory.learn(now, &trunk, found(0));
        for number in 1..=1_000_000 {
            let stranger = site(&format!("{number}.example"));
            assert!(matches!(memory.look(now, &stranger, ticket), (Look::Waits, true)), "{number}");
            let _ = memory.learn(now, &stranger, found(number));
            if number % 1000 == 0 {
                assert!(matches!(memory.look(now, &trunk, ticket), (Look::Known(Ok(_)), false)), "{number}");
            }
        }
        assert!(memory.len() <= Bounds::default().sites && memory.searches() == 0);
        assert_eq!(memory.names.len(), memory.len(), "names go with their sites");
    }
}
