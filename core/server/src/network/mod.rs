//! The public network as the exchange knows it: who owns which number, what may be called, which trunks lead where. All from
//! memory; read anew, as a whole, when an operator changes something.

mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use gateway::{RateTable, Router, Setup, TenantSetup, UserSetup};
use store::{RateSheet, SpentSince, Store};
use switch::{
    Asker, E164, GatewayId, Inbound, Money, NotAdmitted, Number, NumberClass, Outbound, Payer, Purse, Rate, Target,
    TenantId, Trunk, TrunkId, Unresolved, UserId, UserOutside,
};

pub(crate) use told::{explain, read_rates, write_rates};

/// The network. Read without a lock, replaced as a whole.
#[derive(Debug, Default)]
pub(crate) struct Network {
    router: ArcSwap<Router>,
    names: ArcSwap<Names>,
    /// One reading at a time; and the rate tables that were read, so that only those are that have changed.
    tables: tokio::sync::Mutex<BTreeMap<TrunkId, (i64, Arc<RateTable>)>>,
}

/// What trunks and gateways are called, for logs and metrics.
#[derive(Debug, Default)]
pub(crate) struct Names {
    trunks: BTreeMap<TrunkId, String>,
    gateways: BTreeMap<GatewayId, String>,
}

impl Names {
    pub(crate) fn trunk(&self, id: TrunkId) -> &str {
        self.trunks.get(&id).map_or("?", String::as_str)
    }

    pub(crate) fn gateway(&self, id: GatewayId) -> &str {
        self.gateways.get(&id).map_or("?", String::as_str)
    }
}

impl Network {
    /// Reads everything anew. Gives the trunks, as the switch is to know them.
    pub(crate) async fn reload(&self, store: &Store) -> Result<Vec<Trunk>, store::Error> {
        let mut tables = self.tables.lock().await;
        let outside = store.outside_snapshot().await?;
        read_tables(store, &outside.rates, &mut tables).await?;
        let mut users: BTreeMap<TenantId, BTreeMap<UserId, UserSetup>> = BTreeMap::new();
        let mut tenants = BTreeMap::new();
        let mut own = outside.users;
        for (tenant, all) in store.snapshot().await? {
            let known = users.entry(tenant.id).or_default();
            for user in all.into_iter().filter(|user| user.enabled) {
                let outside = own.remove(&user.id).map_or_else(UserOutside::default, |(_, outside)| outside);
                known.insert(user.id, UserSetup { name: user.name, outside });
            }
            let setup = TenantSetup {
                name: tenant.name,
                outside: outside.tenants.get(&tenant.id).cloned().unwrap_or_default(),
                zone: tenant.time_zone,
                users: std::mem::take(known),
            };
            tenants.insert(tenant.id, setup);
        }
        let trunks = outside.trunks;
        let gateways = trunks.iter().flat_map(|trunk| &trunk.gateways);
        self.names.store(Arc::new(Names {
            trunks: trunks.iter().map(|trunk| (trunk.id, trunk.name.clone())).collect(),
            gateways: gateways.map(|gateway| (gateway.id, gateway.name.clone())).collect(),
        }));
        let tables = tables.iter().map(|(trunk, (_, table))| (*trunk, table.clone())).collect();
        let setup = Setup { tenants, trunks: trunks.clone(), dids: outside.dids, routes: outside.routes, tables };
        for complaint in gateway::check(&setup) {
            tracing::warn!(%complaint, "of the way outside");
        }
        self.router.store(Arc::new(Router::new(setup)));
        Ok(trunks)
    }

    pub(crate) fn router(&self) -> Arc<Router> {
        self.router.load_full()
    }

    pub(crate) fn names(&self) -> Arc<Names> {
        self.names.load_full()
    }

    /// Whom a call over a trunk is for.
    pub(crate) fn inbound(
        &self,
        trunk: TrunkId,
        called: &[String],
        caller: &str,
    ) -> Result<(TenantId, Inbound), NotAdmitted> {
        self.router.load().inbound(trunk, called, caller)
    }

    /// An emergency number that leads somewhere.
    pub(crate) fn is_emergency(&self, tenant: TenantId, dialled: &str) -> bool {
        let router = self.router.load();
        router.is_emergency(tenant, dialled)
            && router.outbound(tenant, dialled, &Asker::default(), SystemTime::now()).is_ok()
    }

    /// The way to a number.
    pub(crate) fn outbound(&self, tenant: TenantId, dialled: &str, asker: &Asker) -> Result<Outbound, Unresolved> {
        self.router.load().outbound(tenant, dialled, asker, SystemTime::now())
    }

    /// What is dialled, and what kind of number that is for the tenant.
    pub(crate) fn read(&self, tenant: TenantId, dialled: &str) -> Option<(Number, NumberClass)> {
        self.router.load().read(tenant, dialled)
    }

    /// Who of the tenant's own is reached by a number of its own.
    pub(crate) fn inside(&self, tenant: TenantId, dialled: &str) -> Option<Target> {
        self.router.load().inside(tenant, dialled)
    }

    /// What a call by this trunk to this number costs, by the rates that are in force.
    pub(crate) async fn rate_of(&self, trunk: TrunkId, number: &E164) -> Option<Rate> {
        self.tables.lock().await.get(&trunk)?.1.find(number.digits())
    }

    /// What a payer may spend now; `None` for one that is gone.
    pub(crate) fn purse(&self, payer: Payer) -> Option<Purse> {
        self.router.load().purse(payer, SystemTime::now())
    }

    /// What has been spent today, for the ledger at its start: of each tenant and user by the tenant's day, of each trunk by
    /// its own.
    pub(crate) async fn spent_today(
        &self,
        store: &Store,
    ) -> Result<Vec<(Payer, u64, Money, SystemTime)>, store::Error> {
        let router = self.router();
        let now = SystemTime::now();
        let mut by_day: BTreeMap<SystemTime, Vec<SpentSince>> = BTreeMap::new();
        let days = router.days(now);
        for begin in days.values().collect::<BTreeSet<_>>() {
            by_day.insert(*begin, store.spent_since(*begin).await?);
        }
        let mut sums: BTreeMap<Payer, (u64, Money)> = BTreeMap::new();
        for (payer, begin) in &days {
            for row in by_day.get(begin).map(Vec::as_slice).unwrap_or_default() {
                let mut add = |payer: Payer| {
                    let sum = sums.entry(payer).or_default();
                    sum.0 += row.seconds;
                    sum.1.0 = sum.1.0.saturating_add(row.cost.0);
                };
                match payer {
                    Payer::Tenant(tenant) if row.tenant == *tenant => {
                        add(*payer);
                        if let Some(user) = row.user {
                            add(Payer::User(user));
                        }
                    }
                    Payer::Trunk(trunk) if row.trunk == *trunk => add(*payer),
                    _ => {}
                }
            }
        }
        let known = |(payer, (seconds, cost))| Some((payer, seconds, cost, router.purse(payer, now)?.day_ends));
        Ok(sums.into_iter().filter_map(known).collect())
    }
}

/// Reads the rate tables that are others than before.
async fn read_tables(
    store: &Store,
    sheets: &[RateSheet],
    tables: &mut BTreeMap<TrunkId, (i64, Arc<RateTable>)>,
) -> Result<(), store::Error> {
    tables.retain(|trunk, _| sheets.iter().any(|sheet| sheet.trunk == *trunk));
    for sheet in sheets {
        if tables.get(&sheet.trunk).is_some_and(|(revision, _)| *revision == sheet.revision) {
            continue;
        }
        let (kept, bytes) = match store.rates().get(sheet.trunk).await {
            Ok(found) => found,
            // Removed in this moment.
            Err(store::Error::NotFound(_)) => continue,
            Err(error) => return Err(error),
        };
        // A million rates take some tens of milliseconds.
        let read = tokio::task::spawn_blocking(move || RateTable::from_bytes(&bytes)).await;
        match read {
            Ok(Ok(table)) => drop(tables.insert(sheet.trunk, (kept.revision, Arc::new(table)))),
            Ok(Err(error)) => {
                tracing::error!(trunk = sheet.trunk.0, %error, "its rates cannot be read: what its calls cost is unknown; import them again");
                tables.remove(&sheet.trunk);
            }
            Err(_) => tracing::error!(trunk = sheet.trunk.0, "its rates break their reader"),
        }
    }
    Ok(())
}
