//! Carriers and their rates, as the exchange of the tests has them.

use std::time::Duration;

use admin::v1::{CreateTrunkRequest, GatewaySettings, Trunk, TrunkLogin, TrunkRegistering, TrunkSettings};
use admin::{NotRates, RateFault, ReadRates, Unready};
use switch::{E164, GatewayId, GatewayState, GatewayView, Money, Rate, Registered, Transport, TrunkId, TrunkView};

use crate::house::{House, at};

/// A table is the file itself. A line that does not begin with digits is wrong, and a file that begins with `later` finds
/// nobody who could read it.
pub(crate) fn read_rates(csv: &[u8]) -> Result<ReadRates, NotRates> {
    if csv.starts_with(b"later") {
        return Err(NotRates::Unready);
    }
    let lines = || (1..).zip(csv.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())).skip(1);
    let wrong = lines().filter(|(_, line)| !line.first().is_some_and(u8::is_ascii_digit));
    let fault = |(line, text): (u64, &[u8])| {
        let why = format!("`{}` begins with no digits", String::from_utf8_lossy(text));
        RateFault { line, column: "prefix".to_owned(), why }
    };
    let first: Vec<_> = wrong.map(fault).collect();
    if first.is_empty() {
        return Ok(ReadRates { table: csv.to_vec(), count: lines().count() as u64 });
    }
    let count = first.len() as u64;
    Err(NotRates::Faults { first, count })
}

pub(crate) fn write_rates(table: &[u8]) -> Result<Option<Vec<u8>>, Unready> {
    Ok((table != b"title\n0 is no table of this version\n").then(|| table.to_vec()))
}

/// It knows Germany.
pub(crate) fn rate_of(_: TrunkId, number: &E164) -> Result<Option<Rate>, Unready> {
    Ok(number.digits().starts_with("49").then(rate))
}

pub(crate) fn rate() -> Rate {
    Rate { prefix: "4930".to_owned(), connect: Money(50_000), per_minute: Money(12_500), first: 60, step: 1 }
}

/// We are registered there, and of two gateways one rests.
pub(crate) fn stands(trunk: TrunkId, gateways: [i64; 2]) -> TrunkView {
    let view = |id, state, round_trip, rests_until| GatewayView {
        id: GatewayId(id),
        state,
        calls: 3,
        addresses: vec![(Transport::Udp, "192.0.2.7:5060".parse().unwrap())],
        round_trip,
        rests_until,
    };
    TrunkView {
        id: trunk,
        registered: Registered::Until(at(3600)),
        calls: 6,
        gateways: vec![
            view(gateways[0], GatewayState::Active, Some(Duration::from_millis(41)), None),
            view(gateways[1], GatewayState::Inactive, None, Some(at(30))),
        ],
    }
}

impl House {
    /// A trunk of the exchange's, or of this tenant's, with two gateways and a login.
    pub(crate) async fn trunk(&self, name: &str, owner: &str) -> Trunk {
        let host = |name: &str| GatewaySettings {
            name: name.to_owned(),
            host: Some(format!("{name}.carrier.example")),
            ..Default::default()
        };
        let login = TrunkLogin {
            user: "4930123".to_owned(),
            realm: "carrier.example".to_owned(),
            password: Some("correct horse".to_owned()),
        };
        let registering = TrunkRegistering { user: "4930123".to_owned(), ..Default::default() };
        let settings = TrunkSettings { login: Some(login), registering: Some(registering), ..TrunkSettings::default() };
        let request = CreateTrunkRequest {
            name: name.to_owned(),
            tenant: owner.to_owned(),
            settings: Some(settings),
            gateways: vec![host("one"), host("two")],
        };
        self.trunks().await.create(request).await.unwrap().into_inner()
    }

    /// The exchange knows of a trunk.
    pub(crate) fn stands(&self, trunk: &Trunk) {
        let gateways = [0, 1].map(|at: usize| trunk.gateways[at].id);
        self.exchange.trunks.lock().unwrap().push(stands(TrunkId(trunk.id), gateways));
    }

    /// How often it was told that anything outside has changed.
    pub(crate) fn told(&self) -> usize {
        let changes = self.exchange.changes.lock().unwrap();
        changes.iter().filter(|change| **change == admin::Change::Outside).count()
    }
}
