//! The message-waiting lamp: phones are told of what waits in a mailbox (RFC 3842), because they subscribed to it
//! (RFC 6665), or because it is their user's and nobody subscribed.
//!
//! | subscription | event | next | what is sent |
//! |---|---|---|---|
//! | - | SUBSCRIBE that is granted | standing | 200, NOTIFY (§4.2.1.2) |
//! | - | SUBSCRIBE for no time (§4.4.3) | ended | 200, NOTIFY: terminated |
//! | standing | SUBSCRIBE in its dialog | standing | 200, NOTIFY |
//! | standing | SUBSCRIBE for no time, its time is over, mailbox or user gone | ended | NOTIFY: terminated |
//! | ended | that NOTIFY is answered, or not | gone | - |
//!
//! Beside it stands what the phone is being told, one NOTIFY after the other:
//!
//! | telling | event | next | what is sent |
//! |---|---|---|---|
//! | Quiet, Held | SUBSCRIBE, the end | UnderWay | NOTIFY |
//! | Quiet | the lamp changed, the last NOTIFY is a second old (RFC 3842 §3.11) | UnderWay | NOTIFY |
//! | Quiet | the lamp changed, sooner | Held | - |
//! | Held | it is time | UnderWay | NOTIFY |
//! | UnderWay | the lamp changed, SUBSCRIBE, the end | UnderWay, with more to come | - |
//! | UnderWay | 2xx | Quiet; as above where more is to come | |
//! | UnderWay | refused for a while (Retry-After) | Held until then | - |
//! | UnderWay | its connection is gone, for the first time | UnderWay | NOTIFY to the Contact |
//! | UnderWay | refused, not answered | gone (§4.2.2) | - |
//!
//! Of what changed meanwhile only the newest is sent: each NOTIFY has the whole state.
//!
//! | file | is about |
//! |---|---|
//! | `subscription` | the two machines above |
//! | `asked` | what a SUBSCRIBE wants |
//! | `summary` | the body |
//! | `unasked` | NOTIFYs without a subscription |
//! | `wires` | the switch's end |

mod asked;
mod subscription;
mod summary;
mod unasked;
mod wires;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use sip::{Message, Uri};
use slotmap::SlotMap;

use crate::ids::{Aor, TenantId};
use crate::registrar::Binding;
use crate::timers::{TimerKey, Timers};
pub(crate) use subscription::Subscription;
pub(crate) use unasked::UnaskedKey;
pub(crate) use wires::Lookup;

use unasked::Unasked;

/// The one event package here (RFC 3842 §3.1).
pub(crate) const PACKAGE: &str = "message-summary";

/// After a restart one NOTIFY goes out in this time, however many phones want to know.
const PACE: Duration = Duration::from_millis(1);

/// Settings of subscriptions.
#[derive(Debug, Clone)]
pub struct Config {
    /// Shorter subscriptions are refused with 423 and `Min-Expires`; it counts up to an hour (RFC 6665 §4.2.1.1).
    pub min_expires: Duration,
    /// Longer ones are shortened.
    pub max_expires: Duration,
    /// Where the phone asks for none (RFC 3842 §3.4).
    pub default_expires: Duration,
    /// How many a user may have at once; more get 403.
    pub max_per_user: usize,
    /// How many there may be in all; more get 503.
    pub max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            min_expires: Duration::from_secs(60),
            max_expires: Duration::from_secs(7200),
            default_expires: Duration::from_secs(3600),
            max_per_user: 30,
            max: 50_000,
        }
    }
}

slotmap::new_key_type! {
    /// One subscription in this process. Minted by [`Lamps`].
    pub(crate) struct SubscriptionKey;
}

/// All subscriptions, and what is being told without one.
#[derive(Debug)]
pub(crate) struct Lamps {
    config: Config,
    /// Each with its timer.
    all: SlotMap<SubscriptionKey, (Subscription, Option<TimerKey>)>,
    /// Subscriptions by the tag that we minted for them.
    tags: HashMap<String, SubscriptionKey>,
    /// Subscriptions by mailbox.
    mailboxes: BTreeMap<(TenantId, String), BTreeSet<SubscriptionKey>>,
    /// Subscriptions by the user who has them.
    users: BTreeMap<Aor, BTreeSet<SubscriptionKey>>,
    timers: Timers<SubscriptionKey>,
    unasked: Unasked,
    /// When the last of those that were given back may be told.
    paced: Option<Instant>,
}

/// Why there is no room for another subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NoRoom {
    /// This user has enough.
    User,
    /// There are enough.
    All,
}

impl Lamps {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            config,
            all: SlotMap::with_key(),
            tags: HashMap::new(),
            mailboxes: BTreeMap::new(),
            users: BTreeMap::new(),
            timers: Timers::default(),
            unasked: Unasked::default(),
            paced: None,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Nothing is under way; subscriptions may stand.
    pub(crate) fn is_idle(&self) -> bool {
        self.unasked.is_empty() && self.all.values().all(|(subscription, _)| subscription.is_quiet())
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    pub(crate) fn get(&self, key: SubscriptionKey) -> Option<&Subscription> {
        self.all.get(key).map(|(subscription, _)| subscription)
    }

    /// A tag of one of our dialogs.
    pub(crate) fn has_tag(&self, tag: &str) -> bool {
        self.tags.contains_key(tag)
    }

    /// The subscription whose dialog a request with this To tag is in (RFC 3261 §12.2.2).
    pub(crate) fn dialog_of(&self, tag: &str, message: &Message<'_>) -> Option<SubscriptionKey> {
        let key = self.tags.get(tag).copied()?;
        self.get(key).filter(|subscription| subscription.is_dialog_of(message)).map(|_| key)
    }

    fn room_for(&self, aor: &Aor) -> Result<(), NoRoom> {
        if self.all.len() >= self.config.max {
            return Err(NoRoom::All);
        }
        let has = self.users.get(aor).map_or(0, BTreeSet::len);
        if has >= self.config.max_per_user { Err(NoRoom::User) } else { Ok(()) }
    }

    fn insert(&mut self, subscription: Subscription) -> SubscriptionKey {
        let (aor, mailbox, tag) = (subscription.aor(), subscription.mailbox(), subscription.local_tag().to_owned());
        let key = self.all.insert((subscription, None));
        self.tags.insert(tag, key);
        self.mailboxes.entry(mailbox).or_default().insert(key);
        self.users.entry(aor).or_default().insert(key);
        key
    }

    fn remove(&mut self, key: SubscriptionKey) {
        let Some((subscription, mut timer)) = self.all.remove(key) else { return };
        self.timers.cancel(&mut timer);
        self.tags.remove(subscription.local_tag());
        take_out(&mut self.mailboxes, &subscription.mailbox(), key);
        take_out(&mut self.users, &subscription.aor(), key);
    }

    fn of_mailbox(&self, mailbox: &(TenantId, String)) -> Vec<SubscriptionKey> {
        self.mailboxes.get(mailbox).into_iter().flatten().copied().collect()
    }

    fn of_user(&self, aor: &Aor) -> Vec<SubscriptionKey> {
        self.users.get(aor).into_iter().flatten().copied().collect()
    }

    /// This phone of this user hears of this mailbox because it subscribed.
    fn hears(&self, aor: &Aor, mailbox: &str, binding: &Binding) -> bool {
        let own = self.users.get(aor).into_iter().flatten().filter_map(|key| self.get(*key));
        let mut own = own.filter(|subscription| subscription.is_of(mailbox));
        own.any(|subscription| {
            let target = Uri::parse(subscription.target());
            target.is_ok_and(|target| target.same_as(&binding.contact.as_uri()))
                // Behind a proxy all phones come from one address.
                || (binding.path.is_empty() && subscription.flow().remote == binding.flow.remote)
        })
    }

    /// One that was given back after a restart is told in its turn.
    fn pace(&mut self, key: SubscriptionKey, now: Instant) {
        let Some((subscription, _)) = self.all.get_mut(key) else { return };
        let turn = self.paced.map_or(now, |last| now.max(last + PACE));
        if subscription.waits_for_turn(turn) {
            self.paced = Some(turn);
        }
    }
}

fn take_out<K: Ord>(index: &mut BTreeMap<K, BTreeSet<SubscriptionKey>>, at: &K, key: SubscriptionKey) {
    if let Some(keys) = index.get_mut(at) {
        keys.remove(&key);
        if keys.is_empty() {
            index.remove(at);
        }
    }
}
