//! What it costs to find the way to a number, and the owner of one.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use divan::{Bencher, black_box};
use gateway::{Dialling, RateTable, Router, Setup, TenantSetup, UserSetup};
use switch::{
    Asker, DialRules, Did, DidTarget, Grants, Number, NumberClass, Route, TenantId, TenantOutside, Trunk, TrunkId,
    UserId,
};

fn main() {
    // The first number takes longer: the numbering plans are unpacked.
    LazyLock::force(&ROUTER);
    divan::main();
}

const TENANT: TenantId = TenantId(1);
const USER: UserId = UserId(1);
const TRUNKS: i64 = 5;

/// A tenant with a user, five trunks with 20,000 prices each, 1000 routes, and 100,000 numbers.
static ROUTER: LazyLock<Router> = LazyLock::new(|| {
    let outside = TenantOutside {
        rules: rules(),
        grants: Grants { classes: NumberClass::ALL.into(), ..Grants::default() },
        ..TenantOutside::default()
    };
    let tenant = TenantSetup {
        name: "berlin".into(),
        outside,
        zone: "Europe/Berlin".into(),
        users: [(USER, UserSetup::default())].into(),
    };
    Router::new(Setup {
        tenants: [(TENANT, tenant)].into(),
        trunks: (0..TRUNKS).map(|id| Trunk::named(TrunkId(id), &format!("trunk{id}"))).collect(),
        dids: (0..100_000).map(did).collect(),
        routes: (0..1000).map(route).collect(),
        tables: (0..TRUNKS).map(|id| (TrunkId(id), Arc::new(prices(id)))).collect(),
    })
});

fn rules() -> DialRules {
    DialRules { country: "DE".into(), area: "30".into(), line: "0".into() }
}

fn did(id: i64) -> Did {
    let numbers = format!("+4930{:08}", id * 7).parse().expect("a number");
    Did { id, tenant: TENANT, numbers, trunk: None, leads_to: DidTarget::Dialplan }
}

fn route(id: i64) -> Route {
    let prefix = if id < TRUNKS { String::new() } else { id.to_string() };
    Route {
        id,
        name: format!("route{id}"),
        tenant: None,
        prefix,
        classes: [].into(),
        trunk: TrunkId(id % TRUNKS),
        priority: 10,
        hours: None,
        enabled: true,
    }
}

fn prices(trunk: i64) -> RateTable {
    let lines = (0..20_000).map(|at| format!("{},0.{:04}\n", 10_000 + at * 4, (at * 7 + trunk) % 900));
    let text: String = ["prefix,per_minute\n".to_owned()].into_iter().chain(lines).collect();
    RateTable::from_csv(text.as_bytes()).expect("prices")
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_772_449_200)
}

const DIALLED: [&str; 5] = ["0123456", "0089 123456", "001711234567", "00033142685300", "+12125551234"];

#[divan::bench(args = DIALLED)]
fn outbound(bencher: Bencher<'_, '_>, dialled: &str) {
    let asker = Asker { user: Some(USER), ..Asker::default() };
    bencher.bench_local(|| ROUTER.outbound(TENANT, black_box(dialled), &asker, now()));
}

#[divan::bench(args = DIALLED)]
fn read_and_class(bencher: Bencher<'_, '_>, dialled: &str) {
    let dialling = Dialling::of(&rules());
    bencher.bench_local(|| dialling.read(black_box(dialled)).map(|dialled| dialling.kind(&dialled)));
}

#[divan::bench]
fn is_emergency(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| ROUTER.is_emergency(TENANT, black_box("0112")));
}

#[divan::bench(args = ["+33142685300", "+493012345678", "anonymous"])]
fn inbound(bencher: Bencher<'_, '_>, caller: &str) {
    let called = ["+493000123452".to_owned()];
    bencher.bench_local(|| ROUTER.inbound(TrunkId(1), black_box(&called), caller));
}

#[divan::bench]
fn shown_on_a_phone(bencher: Bencher<'_, '_>) {
    let dialling = Dialling::of(&rules());
    let number = Number::World("+33142685300".parse().expect("a number"));
    bencher.bench_local(|| dialling.shown(black_box(&number)));
}
