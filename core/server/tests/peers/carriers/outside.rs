//! The way outside of the tenant under test: trunks, numbers, routes, what they cost, and all of it granted.

use switch::{DialRules, DidTarget, Gateway, GatewayId, GatewayRule, Grants, NumberClass, Route, Site, SpendingLimits};
use switch::{TenantId, Transport, Trunk, TrunkId};

use store::Store;

use crate::harness::{Exchange, Plan};
use crate::lane::Lane;
use crate::names::Names;

/// Somebody in the world.
pub(crate) const WORLD: &str = "+4930123456";
/// A number of the tenant's own: 1001's, and the one that is shown.
pub(crate) const OURS: &str = "+4930555001";
/// What calls to Germany cost: 0.01 to be answered, 0.06 a minute, by the second.
const RATES: &str = "prefix,per_minute,connect,first,step\n49,0.06,0.01,1,1\n";

/// Trunks, with whatever else the tenant needs to use them.
#[derive(Debug, Default)]
pub(crate) struct Outside {
    /// In the order in which they are tried.
    trunks: Vec<Trunk>,
}

impl Outside {
    /// By these trunks, the first before the second.
    pub(crate) fn by(trunks: impl Into<Vec<Trunk>>) -> Self {
        Self { trunks: trunks.into() }
    }

    /// Starts an exchange that has it. It asks this name server, where there is one.
    pub(crate) fn start(self, lane: Lane, plan: Plan, names: Option<&Names>) -> Exchange {
        let own = names.map(|names| ("STROWGER__DNS__SERVERS", names.address().to_string()));
        Exchange::prepared(lane, plan, own.into_iter().collect(), |runtime, store, tenant| {
            runtime.block_on(self.furnish(store, tenant));
        })
    }

    async fn furnish(self, store: &Store, tenant: TenantId) {
        let rates = gateway::RateTable::from_csv(RATES.as_bytes()).expect("rates");
        for (priority, trunk) in (0..).zip(self.trunks) {
            let made = store.trunks().create(&trunk).await.expect("a trunk");
            store.rates().put(made.id, "rates.csv", 1, rates.to_bytes()).await.expect("its rates");
            let route = Route {
                id: 0,
                name: made.name,
                tenant: None,
                prefix: String::new(),
                classes: [].into(),
                trunk: made.id,
                priority,
                hours: None,
                enabled: true,
            };
            store.routes(tenant).create(&route).await.expect("a route");
        }
        let (own, user) = (OURS.parse().expect("a number"), DidTarget::User("1001".to_owned()));
        store.numbers(tenant).create(&own, None, &user).await.expect("a number");
        let outside = store.outside(tenant);
        let mut all = outside.get().await.expect("a tenant");
        all.rules = DialRules { country: "DE".to_owned(), area: "30".to_owned(), line: String::new() };
        all.grants = Grants { classes: [NumberClass::Local, NumberClass::National].into(), ..Grants::default() };
        all.limits = SpendingLimits::default();
        all.shown = Some(OURS.parse().expect("a number"));
        outside.set(&all).await.expect("the way outside");
    }
}

/// A trunk over these gateways, in their order.
pub(crate) fn trunk(name: &str, gateways: impl IntoIterator<Item = Gateway>) -> Trunk {
    Trunk { gateways: gateways.into_iter().collect(), ..Trunk::named(TrunkId(0), name) }
}

/// A gateway on loopback.
pub(crate) fn gateway(name: &str, port: u16) -> Gateway {
    at(name, "127.0.0.1", Some(port))
}

/// The same over TCP.
pub(crate) fn gateway_over_tcp(name: &str, port: u16) -> Gateway {
    let udp = gateway(name, port);
    Gateway { site: Site { transport: Some(Transport::Tcp), ..udp.site.clone() }, ..udp }
}

/// A gateway that is to be looked up.
pub(crate) fn at(name: &str, host: &str, port: Option<u16>) -> Gateway {
    Gateway {
        id: GatewayId(0),
        name: name.to_owned(),
        site: Site { host: host.to_owned(), port, transport: None },
        priority: 0,
        weight: 1,
        rule: GatewayRule::Auto,
        max_calls: None,
    }
}
