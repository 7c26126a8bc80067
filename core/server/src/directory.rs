//! What must be known at once: tenants, their domains and their users, in memory.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use arc_swap::ArcSwap;
use ipnet::IpNet;
use store::{Room, Store, Tenant, User};
use switch::{Account, Admission, Aor, Destination, Inbound, Target, TenantId, TenantPolicy, Unresolved};

use crate::media::Habits;
use crate::settings::parse_net;

/// The directory. Read without a lock, replaced as a whole.
#[derive(Debug)]
pub(crate) struct Directory {
    known: ArcSwap<Known>,
    /// One reading at a time: an older one must not overwrite a newer.
    reading: tokio::sync::Mutex<()>,
    default_tenant: String,
    /// Our own addresses: requests for them are the default tenant's.
    own: Vec<IpAddr>,
}

#[derive(Debug, Default)]
struct Known {
    /// Tenants by id, minted by the store.
    tenants: HashMap<TenantId, Entry>,
    /// Tenants by SIP domain.
    domains: HashMap<String, TenantId>,
    default: Option<TenantId>,
}

#[derive(Debug)]
struct Entry {
    tenant: Tenant,
    peers: Vec<(IpNet, String)>,
    /// Users by name.
    users: HashMap<String, User>,
    /// Names of users by extension.
    extensions: HashMap<String, String>,
    /// Conference rooms by name.
    rooms: HashMap<String, Arc<Room>>,
}

impl Directory {
    pub(crate) fn new(default_tenant: String, own: Vec<IpAddr>) -> Self {
        Self { known: ArcSwap::default(), reading: tokio::sync::Mutex::default(), default_tenant, own }
    }

    /// Reads everything anew.
    pub(crate) async fn reload(&self, store: &Store) -> Result<(), store::Error> {
        let _reading = self.reading.lock().await;
        let mut known = Known::default();
        for (tenant, users) in store.snapshot().await? {
            known.domains.extend(tenant.domains.iter().map(|domain| (domain.clone(), tenant.id)));
            if tenant.name == self.default_tenant {
                known.default = Some(tenant.id);
            }
            let peers = tenant.peers.iter().filter_map(|peer| Some((parse_net(peer).ok()?, peer.clone()))).collect();
            let extensions =
                users.iter().filter_map(|user| Some((user.extension.clone()?, user.name.clone()))).collect();
            let rooms = store.rooms(tenant.id).list().await?;
            let rooms = rooms.into_iter().map(|room| (room.name.clone(), Arc::new(room))).collect();
            let users = users.into_iter().map(|user| (user.name.clone(), user)).collect();
            known.tenants.insert(tenant.id, Entry { tenant, peers, users, extensions, rooms });
        }
        self.known.store(Arc::new(known));
        Ok(())
    }

    /// What a tenant permits its calls; `None` where there is none.
    pub(crate) fn policy(&self, tenant: TenantId) -> Option<TenantPolicy> {
        self.known.load().tenants.get(&tenant).map(|entry| entry.tenant.policy.clone())
    }

    /// The tenants' ids and names.
    pub(crate) fn tenants(&self) -> Vec<(TenantId, String)> {
        let known = self.known.load();
        let mut all: Vec<_> =
            known.tenants.values().map(|entry| (entry.tenant.id, entry.tenant.name.clone())).collect();
        all.sort();
        all
    }

    /// Who owns a domain, and what is known of one user in it.
    pub(crate) fn admission(&self, domain: &str, user: &str, source: SocketAddr) -> Option<Box<Admission>> {
        let known = self.known.load();
        let named = known.domains.get(domain).copied();
        let own = || domain.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| self.own.contains(&ip));
        let entry = known.tenants.get(&named.or_else(|| known.default.filter(|_| own()))?)?;
        let account = entry.users.get(user).filter(|user| user.enabled).map(|user| Account {
            id: user.id,
            user: user.name.clone(),
            display_name: user.display_name.clone(),
            extension: user.extension.clone(),
            ha1: user.ha1.clone(),
            media: user.media.or(&entry.tenant.policy.media),
        });
        let peer = entry.peers.iter().find(|(net, _)| net.contains(&source.ip())).map(|(_, name)| name.clone());
        Some(Box::new(Admission {
            tenant: entry.tenant.id,
            realm: entry.tenant.realm.clone(),
            peer,
            account,
            policy: entry.tenant.policy.clone(),
            inbound: None,
            emergency: false,
        }))
    }

    /// What is known of a tenant that a carrier calls; nobody of it has proven anything.
    pub(crate) fn admission_over(&self, tenant: TenantId, inbound: Inbound) -> Option<Box<Admission>> {
        let known = self.known.load();
        let entry = known.tenants.get(&tenant)?;
        Some(Box::new(Admission {
            tenant,
            realm: entry.tenant.realm.clone(),
            peer: None,
            account: None,
            policy: entry.tenant.policy.clone(),
            inbound: Some(inbound),
            emergency: false,
        }))
    }

    /// Where a target leads inside.
    pub(crate) fn resolve(&self, tenant: TenantId, target: &Target) -> Result<Vec<Destination>, Unresolved> {
        let known = self.known.load();
        let entry = known.tenants.get(&tenant).ok_or(Unresolved::Unknown)?;
        match target {
            Target::User(name) => entry.aor(name),
            Target::Extension(number) | Target::Dialled(number) => {
                entry.aor(entry.extensions.get(number).unwrap_or(number))
            }
            Target::Uri(text) => {
                let uri = sip::Uri::parse(text).map_err(|_| Unresolved::Unknown)?;
                let permitted = entry.tenant.hosts.iter().any(|host| host.eq_ignore_ascii_case(uri.host_str()));
                if permitted { Ok(vec![Destination::Uri(text.clone())]) } else { Err(Unresolved::Forbidden) }
            }
            // No number is anybody's inside.
            Target::Number(_) => Err(Unresolved::Unknown),
            Target::Group(_) | Target::Mailbox(_) | Target::Room(_) => Err(Unresolved::Unknown),
        }
    }

    /// The user of this name or extension.
    pub(crate) fn find(&self, tenant: TenantId, name_or_extension: &str) -> Option<dialplan::Found> {
        let known = self.known.load();
        let entry = known.tenants.get(&tenant)?;
        let name = entry.extensions.get(name_or_extension).map_or(name_or_extension, String::as_str);
        let user = entry.users.get(name).filter(|user| user.enabled)?;
        Some(dialplan::Found {
            name: user.name.clone(),
            display_name: user.display_name.clone(),
            extension: user.extension.clone(),
        })
    }

    /// A conference room that is kept.
    pub(crate) fn room(&self, tenant: TenantId, name: &str) -> Option<Arc<Room>> {
        self.known.load().tenants.get(&tenant)?.rooms.get(name).cloned()
    }

    /// What sounds otherwise for this tenant than for others.
    pub(crate) fn habits(&self, tenant: TenantId) -> Habits {
        let known = self.known.load();
        known.tenants.get(&tenant).map_or_else(Habits::default, |entry| Habits {
            time_zone: entry.tenant.time_zone.clone(),
            country: entry.tenant.country,
            language: entry.tenant.policy.media.language.clone(),
            music: entry.tenant.music.clone(),
        })
    }

    pub(crate) fn time_zone(&self, tenant: TenantId) -> String {
        let known = self.known.load();
        known.tenants.get(&tenant).map_or_else(|| "UTC".to_owned(), |entry| entry.tenant.time_zone.clone())
    }
}

impl Entry {
    fn aor(&self, name: &str) -> Result<Vec<Destination>, Unresolved> {
        match self.users.get(name) {
            Some(user) if user.enabled => Ok(vec![Destination::Aor {
                aor: Aor { tenant: self.tenant.id, user: user.name.clone() },
                media: user.media.or(&self.tenant.policy.media),
            }]),
            _ => Err(Unresolved::Unknown),
        }
    }
}
