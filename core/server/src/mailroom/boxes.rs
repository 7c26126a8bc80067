//! The mailboxes of all tenants, in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arc_swap::ArcSwap;
use store::{Store, User, VoicemailPolicy};
use switch::{Target, TenantId, UserId};
use voicemail::{Entry, Mailbox, PinState};

/// The mailboxes. Read without a lock, replaced as a whole.
#[derive(Debug, Default)]
pub(crate) struct Boxes {
    known: ArcSwap<HashMap<TenantId, Arc<Of>>>,
    /// One reading at a time: an older one must not overwrite a newer.
    reading: tokio::sync::Mutex<()>,
}

/// The mailboxes of one tenant.
#[derive(Debug, Default)]
struct Of {
    /// By name.
    boxes: BTreeMap<String, Known>,
    /// Names of mailboxes by the name and by the extension of their owner.
    aliases: HashMap<String, String>,
    /// Names of mailboxes by their owner.
    owned: HashMap<UserId, String>,
    policy: VoicemailPolicy,
}

/// One mailbox.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// As callers meet it.
    pub(crate) shown: Arc<Mailbox>,
    /// As it is kept.
    pub(crate) kept: Arc<store::Mailbox>,
    /// Whom to dial for its owner.
    pub(crate) extension: String,
}

impl Boxes {
    /// Reads those of all tenants anew.
    pub(crate) async fn reload(&self, store: &Store) -> Result<(), store::Error> {
        let _reading = self.reading.lock().await;
        let mut known = HashMap::new();
        for (tenant, users) in store.snapshot().await? {
            known.insert(tenant.id, Arc::new(of(store, tenant.id, &users).await?));
        }
        self.known.store(Arc::new(known));
        Ok(())
    }

    /// Reads those of one tenant anew.
    pub(crate) async fn reload_of(&self, store: &Store, tenant: TenantId) -> Result<(), store::Error> {
        let _reading = self.reading.lock().await;
        let users = store.users(tenant).list().await?;
        let own = Arc::new(of(store, tenant, &users).await?);
        let mut known = HashMap::clone(&self.known.load());
        known.insert(tenant, own);
        self.known.store(Arc::new(known));
        Ok(())
    }

    /// The mailbox of this name, or of the user of this name or extension.
    pub(crate) fn find(&self, tenant: TenantId, name: &str) -> Option<Known> {
        let known = self.known.load();
        let own = known.get(&tenant)?;
        own.boxes.get(name).or_else(|| own.boxes.get(own.aliases.get(name)?)).cloned()
    }

    /// A user's own.
    pub(crate) fn owned(&self, tenant: TenantId, user: UserId) -> Option<Known> {
        let known = self.known.load();
        let own = known.get(&tenant)?;
        own.boxes.get(own.owned.get(&user)?).cloned()
    }

    /// All of a tenant.
    pub(crate) fn all(&self, tenant: TenantId) -> Vec<Known> {
        self.known.load().get(&tenant).map(|own| own.boxes.values().cloned().collect()).unwrap_or_default()
    }

    /// The tenants that have any.
    pub(crate) fn tenants(&self) -> Vec<TenantId> {
        let known = self.known.load();
        let mut all: Vec<_> = known.iter().filter(|(_, own)| !own.boxes.is_empty()).map(|(id, _)| *id).collect();
        all.sort();
        all
    }

    /// What all of a tenant may hold.
    pub(crate) fn policy(&self, tenant: TenantId) -> VoicemailPolicy {
        self.known.load().get(&tenant).map(|own| own.policy.clone()).unwrap_or_default()
    }
}

impl Known {
    /// For who looks for somebody by name; `None` where it is not to be found so.
    pub(super) fn entry(&self) -> Option<Entry> {
        let name = self.shown.title.clone().filter(|_| self.kept.settings.listed)?;
        let spoken = self.shown.greetings.get(&switch::Greeting::Name).cloned();
        Some(Entry { mailbox: self.shown.name.clone(), extension: self.extension.clone(), name, spoken })
    }
}

async fn of(store: &Store, tenant: TenantId, users: &[User]) -> Result<Of, store::Error> {
    let policy = match store.mailboxes(tenant).policy().await {
        Err(error @ store::Error::Corrupt(_)) => {
            tracing::error!(%error, tenant = tenant.0, "the usual policy holds for its mailboxes");
            VoicemailPolicy::default()
        }
        other => other?,
    };
    let mut own = Of { policy, ..Of::default() };
    for kept in store.mailboxes(tenant).readable().await? {
        let kept = match kept {
            Ok(kept) => kept,
            Err(error) => {
                tracing::error!(%error, tenant = tenant.0, "a mailbox is left out");
                continue;
            }
        };
        let owner = kept.owner.and_then(|id| users.iter().find(|user| user.id == id));
        if let Some(owner) = owner {
            own.owned.entry(owner.id).or_insert_with(|| kept.name.clone());
            for alias in [Some(&owner.name), owner.extension.as_ref()].into_iter().flatten() {
                own.aliases.entry(alias.clone()).or_insert_with(|| kept.name.clone());
            }
        }
        let extension = owner.and_then(|owner| owner.extension.clone()).unwrap_or_else(|| kept.name.clone());
        let shown = Arc::new(shown(&kept, owner));
        own.boxes.insert(kept.name.clone(), Known { shown, kept: Arc::new(kept), extension });
    }
    Ok(own)
}

fn shown(kept: &store::Mailbox, owner: Option<&User>) -> Mailbox {
    let settings = &kept.settings;
    let pin = match (kept.pin.is_set(), kept.pin.is_given()) {
        (false, _) => PinState::None,
        (true, true) => PinState::Given,
        (true, false) => PinState::Chosen,
    };
    Mailbox {
        name: kept.name.clone(),
        owner: owner.map(|owner| owner.name.clone()),
        title: kept.title.clone().or_else(|| owner?.display_name.clone()),
        language: settings.language.clone(),
        zone: settings.zone.clone(),
        pin,
        asks_at_own_phone: settings.asks_at_own_phone,
        greetings: kept.greetings.clone(),
        longest: settings.longest,
        shortest: settings.shortest,
        silence: settings.silence,
        operator: settings.operator.clone().map(Target::Extension),
        envelope: settings.envelope,
    }
}
