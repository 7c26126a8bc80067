//! Trunks, numbers, routes, rates, and what may be called and spent.

use std::time::{Duration, SystemTime};

use store::{CdrFilter, Error, NewTenant, SpentSince, Store, Writer};
use switch::{
    Assert, CallUid, Cdr, Charge, Choice, DialRules, Did, DidNumbers, DidTarget, E164, EarlyMedia, FromForm, Gateway,
    GatewayId, GatewayRule, Grants, Ha1, HashOver, Identity, KeyForm, Location, Login, MediaPolicy, Money, Number,
    NumberClass, NumberForm, NumberStyle, PrivacyForm, Probe, Rate, Record, Registration, Reliable, Route, Secrecy,
    SessionTimer, Site, Source, SpendingLimits, TenantId, TenantOutside, Transport, Trunk, TrunkId, UserId,
    UserOutside, Via,
};

use crate::{cdr, new_user, stores};

async fn tenant(store: &Store, name: &str) -> TenantId {
    store.tenants().create(NewTenant::named(name, Vec::new())).await.expect("a tenant").id
}

async fn trunk(store: &Store, name: &str, tenant: Option<TenantId>) -> TrunkId {
    let new = Trunk { tenant, ..Trunk::named(TrunkId(0), name) };
    store.trunks().create(&new).await.expect("a trunk").id
}

fn gateway(name: &str) -> Gateway {
    Gateway {
        id: GatewayId(0),
        name: name.to_owned(),
        site: Site { host: format!("{name}.carrier.example"), port: Some(5061), transport: Some(Transport::Tls) },
        priority: 2,
        weight: 10,
        rule: GatewayRule::Auto,
        max_calls: Some(30),
    }
}

/// One in which nothing is as usual.
fn odd_trunk() -> Trunk {
    let seconds = Duration::from_secs;
    Trunk {
        enabled: false,
        gateways: vec![gateway("one"), Gateway { rule: GatewayRule::Inactive, max_calls: None, ..gateway("two") }],
        choice: Choice::Hash(HashOver::Header("X-Account".to_owned())),
        login: Some(Login {
            user: "4930123".to_owned(),
            realm: "carrier.example".to_owned(),
            ha1: Ha1::of("4930123", "carrier.example", "secret"),
        }),
        registration: Some(Registration {
            user: "4930123".to_owned(),
            domain: Some("carrier.example".to_owned()),
            expires: seconds(600),
        }),
        probe: Some(Probe { interval: seconds(5), down: 3, up: 2, alive: vec![200, 404] }),
        sources: vec![Source {
            net: "2001:db8::/64".parse().expect("a network"),
            port: Some(5061),
            transport: Some(Transport::Tls),
            certificate: Some("sbc.carrier.example".to_owned()),
        }],
        media: MediaPolicy { secrecy: Some(Secrecy::Required), codecs: "pcma,g729".parse().ok(), language: None },
        keys: KeyForm::Info,
        numbers: NumberForm { style: NumberStyle::National { country: "DE".to_owned() }, prefix: "777".to_owned() },
        identity: Identity {
            from: FromForm::Login,
            assert: Assert::RemoteParty,
            diversion: false,
            privacy: PrivacyForm::Withheld,
            trusted: true,
            foreign: true,
        },
        timer: SessionTimer { expires: None, least: seconds(120) },
        early: EarlyMedia::Replaced,
        reliable: Reliable::Required,
        patience: Duration::from_millis(2_500),
        unknown_number: 603,
        fax: false,
        limits: SpendingLimits {
            concurrent: Some(u32::MAX),
            per_second: Some(0),
            per_hour: None,
            minutes_per_day: Some(7),
            cost_per_day: Some(Money(i64::MAX)),
        },
        ..Trunk::named(TrunkId(0), "odd")
    }
}

#[tokio::test]
async fn a_trunk_is_kept_with_all_that_is_said_of_it_and_without_its_password() {
    for store in stores().await {
        let new = odd_trunk();
        let made = store.trunks().create(&new).await.expect("a trunk");
        let ids = |trunk: &Trunk| trunk.gateways.iter().map(|gateway| gateway.id).collect::<Vec<_>>();
        let mut as_new = made.clone();
        as_new.id = new.id;
        as_new.gateways.iter_mut().for_each(|gateway| gateway.id = GatewayId(0));
        assert_eq!(as_new, new);
        assert!(!format!("{made:?}").contains("secret") && format!("{made:?}").contains("Ha1(…)"));
        assert_eq!(store.trunks().by_name("odd").await.expect("found"), made);
        assert_eq!(store.trunks().get(made.id).await.expect("found"), made);
        assert!(matches!(store.trunks().create(&new).await, Err(Error::Exists("trunk"))));
        assert_eq!(store.trunks().list().await.expect("a list").len(), 1, "nothing of the second is left");
        // What is usual again, with a new gateway before one that stays.
        let mut changed = Trunk { id: made.id, ..Trunk::named(made.id, "odd") };
        changed.gateways = vec![gateway("new"), Gateway { weight: 1, ..gateway("two") }];
        let kept = store.trunks().update(&changed).await.expect("changed");
        assert_eq!(ids(&kept)[1], ids(&made)[1], "who stays is who he was");
        assert!(!ids(&made).contains(&ids(&kept)[0]));
        (changed.gateways[0].id, changed.gateways[1].id) = (ids(&kept)[0], ids(&kept)[1]);
        assert_eq!(kept, changed);
        assert_eq!(store.trunks().get(made.id).await.expect("found"), changed);
        let ruled = store.trunks().rule(made.id, "new", GatewayRule::Active).await.expect("ruled");
        assert_eq!(ruled.gateways[0].rule, GatewayRule::Active);
        assert!(matches!(
            store.trunks().rule(made.id, "gone", GatewayRule::Auto).await,
            Err(Error::NotFound("gateway"))
        ));
        store.trunks().delete(made.id).await.expect("gone");
        assert!(matches!(store.trunks().get(made.id).await, Err(Error::NotFound("trunk"))));
        assert!(matches!(store.trunks().delete(made.id).await, Err(Error::NotFound("trunk"))));
    }
}

#[tokio::test]
async fn a_trunk_that_cannot_be_kept_is_refused_by_its_field() {
    for store in stores().await {
        let usual = || Trunk::named(TrunkId(0), "berlin");
        let with = |gateways: Vec<Gateway>| Trunk { gateways, ..usual() };
        let at = |host: &str| {
            let site = Site { host: host.to_owned(), port: None, transport: None };
            Gateway { site, ..gateway("one") }
        };
        for (field, wrong) in [
            ("name", Trunk::named(TrunkId(0), "")),
            ("name", Trunk::named(TrunkId(0), "a b")),
            ("gateways", with(vec![gateway("a b")])),
            ("gateways", with(vec![gateway("one"), gateway("one")])),
            ("gateways", with(vec![at("")])),
            ("gateways", with(vec![at("Carrier.example")])),
            ("gateways", with(vec![at("a\0b")])),
            ("gateways", with((0..65).map(|number| gateway(&format!("gw{number}"))).collect())),
        ] {
            let refused = store.trunks().create(&wrong).await.expect_err("a refusal");
            assert!(matches!(refused, Error::Invalid { field: named, .. } if named == field), "{field}: {refused}");
        }
        let nobodys = Trunk { tenant: Some(TenantId(4711)), ..usual() };
        assert!(matches!(store.trunks().create(&nobodys).await, Err(Error::NotFound("tenant"))));
        assert!(store.trunks().list().await.expect("a list").is_empty());
    }
}

fn route(name: &str, trunk: TrunkId) -> Route {
    Route {
        id: 0,
        name: name.to_owned(),
        tenant: None,
        prefix: "49".to_owned(),
        classes: [NumberClass::National, NumberClass::TollFree].into(),
        trunk,
        priority: 7,
        hours: "mo-fr 08:00-18:00".parse().ok(),
        enabled: true,
    }
}

#[tokio::test]
async fn a_trunk_that_something_names_cannot_be_deleted_and_the_error_says_what_it_is() {
    for store in stores().await {
        let office = tenant(&store, "office").await;
        let berlin = trunk(&store, "berlin", None).await;
        let used = async |by: &str| {
            let refused = store.trunks().delete(berlin).await.expect_err("it is used");
            assert!(matches!(&refused, Error::Used { noun: "trunk", by: named } if named == by), "{refused}");
        };
        store.routes(office).create(&route("home", berlin)).await.expect("a route");
        used("route home of tenant office").await;
        store.routes(office).delete("home").await.expect("gone");
        store.shared_routes().create(&route("all", berlin)).await.expect("a route");
        used("route all of all tenants").await;
        store.shared_routes().delete("all").await.expect("gone");
        let numbers: DidNumbers = "+4930123*".parse().expect("numbers");
        store.numbers(office).create(&numbers, Some(berlin), &DidTarget::Dialplan).await.expect("a number");
        used("number +4930123* of tenant office").await;
        store.numbers(office).delete(&numbers).await.expect("gone");
        let emergency = TenantOutside { emergency: Some(berlin), ..TenantOutside::default() };
        store.outside(office).set(&emergency).await.expect("set");
        used("the emergency calls of tenant office").await;
        store.outside(office).set(&TenantOutside::default()).await.expect("set");
        store.rates().put(berlin, "rates.csv", 1, vec![1]).await.expect("kept");
        store.trunks().delete(berlin).await.expect("gone with its rates");
        assert!(store.rates().sheets().await.expect("a list").is_empty());
    }
}

#[tokio::test]
async fn a_tenant_goes_with_its_trunks_numbers_and_routes() {
    for store in stores().await {
        let office = tenant(&store, "office").await;
        let own = trunk(&store, "own", Some(office)).await;
        let numbers: DidNumbers = "+4930123456".parse().expect("a number");
        store.numbers(office).create(&numbers, Some(own), &DidTarget::Dialplan).await.expect("a number");
        store.routes(office).create(&route("home", own)).await.expect("a route");
        let emergency = TenantOutside { emergency: Some(own), ..TenantOutside::default() };
        store.outside(office).set(&emergency).await.expect("set");
        store.tenants().delete(office).await.expect("gone");
        let all = store.outside_snapshot().await.expect("all");
        assert_eq!(all, store::OutsideSnapshot::default(), "nothing is left");
    }
}

#[tokio::test]
async fn routes_of_tenants_and_of_all_are_kept_apart_and_a_trunk_of_one_serves_no_other() {
    for store in stores().await {
        let (a, b) = (tenant(&store, "a").await, tenant(&store, "b").await);
        let (nobodys, own) = (trunk(&store, "nobodys", None).await, trunk(&store, "own", Some(a)).await);
        let of_a = store.routes(a).create(&route("home", own)).await.expect("a route");
        assert_eq!(of_a, Route { id: of_a.id, tenant: Some(a), ..route("home", own) });
        let of_b = store.routes(b).create(&route("home", nobodys)).await.expect("the name is free for the other");
        let of_all = store.shared_routes().create(&route("home", nobodys)).await.expect("and for all");
        assert!(matches!(store.routes(a).create(&route("home", own)).await, Err(Error::Exists("route"))));
        assert!(matches!(store.shared_routes().create(&route("home", nobodys)).await, Err(Error::Exists("route"))));
        assert!(matches!(store.routes(b).create(&route("theirs", own)).await, Err(Error::NotFound("trunk"))));
        assert!(matches!(
            store.routes(b).update(&Route { trunk: own, ..of_b.clone() }).await,
            Err(Error::NotFound("trunk"))
        ));
        assert!(matches!(
            store.shared_routes().create(&route("theirs", own)).await,
            Err(Error::Invalid { field: "trunk", .. })
        ));
        assert_eq!(store.routes(b).list().await.expect("a list"), std::slice::from_ref(&of_b));
        assert_eq!(store.shared_routes().list().await.expect("a list"), [of_all]);
        let mut changed = of_a.clone();
        (changed.prefix, changed.hours, changed.enabled) = (String::new(), None, false);
        (changed.classes, changed.trunk, changed.priority) = ([].into(), nobodys, u16::MAX);
        assert_eq!(store.routes(a).update(&changed).await.expect("changed"), changed);
        assert_eq!(store.routes(a).get("home").await.expect("found"), changed);
        for wrong in ["030", "+49", "1234567890123456", "4x"] {
            let refused = store.routes(a).update(&Route { prefix: wrong.to_owned(), ..changed.clone() }).await;
            assert!(matches!(refused, Err(Error::Invalid { field: "prefix", .. })), "{wrong}");
        }
        store.routes(b).delete("home").await.expect("gone");
        assert!(matches!(store.routes(b).get("home").await, Err(Error::NotFound("route"))));
        assert!(matches!(store.routes(b).delete("home").await, Err(Error::NotFound("route"))));
        assert_eq!(store.routes(a).list().await.expect("a list").len(), 1);
        assert_eq!(store.shared_routes().list().await.expect("a list").len(), 1);
    }
}

fn numbers(text: &str) -> DidNumbers {
    text.parse().expect(text)
}

#[tokio::test]
async fn a_number_has_one_owner_however_it_is_written() {
    for store in stores().await {
        let (a, b) = (tenant(&store, "a").await, tenant(&store, "b").await);
        for text in ["+4930123456", "+49302000-+49302999", "+493040*", "+4930501XX"] {
            store.numbers(a).create(&numbers(text), None, &DidTarget::Dialplan).await.expect(text);
        }
        for taken in [
            "+4930123456",
            "+493012345X",
            "+49*",
            "+4930123400-+4930123499",
            "+49302500",
            "+49302999-+49303999",
            "+493040",
            "+4930401",
            "+493040123456789",
            "+493039-+493041",
            "+493050112",
            "+49305011X",
        ] {
            let refused = store.numbers(b).create(&numbers(taken), None, &DidTarget::Dialplan).await;
            assert!(matches!(&refused, Err(Error::Taken(which)) if which == taken), "{taken}: {refused:?}");
        }
        // Near, and yet none of them.
        for free in
            ["+49302", "+4930123457", "+49301234567", "+49303000", "+493020001", "+493041", "+49305011", "+4930501111"]
        {
            store.numbers(b).create(&numbers(free), None, &DidTarget::Dialplan).await.expect(free);
        }
        // Of his own one may say more closely where it leads, but not twice the same.
        let user = DidTarget::User("alice".to_owned());
        store.numbers(a).create(&numbers("+49302500"), None, &user).await.expect("within his own");
        assert!(matches!(
            store.numbers(a).create(&numbers("+49302500"), None, &user).await,
            Err(Error::Exists("number"))
        ));
        assert!(store.numbers(a).owns(&"+49302777".parse().expect("one")).await.expect("an answer"));
        assert!(!store.numbers(b).owns(&"+49302777".parse().expect("one")).await.expect("an answer"));
        assert!(matches!(
            store.numbers(TenantId(4711)).create(&numbers("+1555"), None, &user).await,
            Err(Error::NotFound("tenant"))
        ));
        let lossy = DidNumbers::Prefix { digits: "777".to_owned(), least: 2, most: 3 };
        assert!(matches!(
            store.numbers(a).create(&lossy, None, &user).await,
            Err(Error::Invalid { field: "numbers", .. })
        ));
    }
}

#[tokio::test]
async fn two_who_claim_overlapping_numbers_at_once_do_not_both_get_them() {
    // In memory SQLite has one connection, and nothing happens at once.
    let file = std::env::temp_dir().join(format!("strowger-claims-{}.db", std::process::id()));
    let on_disk = Store::open(&format!("sqlite://{}?mode=rwc", file.display())).await.expect("SQLite");
    for store in stores().await.into_iter().chain([on_disk]) {
        let mut tenants = Vec::new();
        for number in 0..8 {
            tenants.push(tenant(&store, &format!("t{number}")).await);
        }
        let claims = tenants.into_iter().enumerate().map(|(place, tenant)| {
            let store = store.clone();
            tokio::spawn(async move {
                let text = if place % 2 == 0 { "+4930123*".to_owned() } else { format!("+493012{}", 30 + place % 10) };
                store.numbers(tenant).create(&numbers(&text), None, &DidTarget::Dialplan).await
            })
        });
        let (mut won, mut taken) = (0, 0);
        for claim in claims.collect::<Vec<_>>() {
            match claim.await.expect("a claim") {
                Ok(_) => won += 1,
                Err(Error::Taken(_)) => taken += 1,
                Err(other) => panic!("{other}"),
            }
        }
        let dids = store.outside_snapshot().await.expect("all").dids;
        let wide = dids.iter().filter(|did| did.numbers == numbers("+4930123*")).count();
        assert!((wide == 1 && won == 1) || (wide == 0 && won == 4), "{won} won, {wide} of them the wide one");
        assert_eq!((won + taken, dids.len()), (8, won));
    }
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{ending}", file.display()));
    }
}

#[tokio::test]
async fn numbers_are_kept_moved_and_listed_page_by_page() {
    for store in stores().await {
        let (a, b) = (tenant(&store, "a").await, tenant(&store, "b").await);
        let (nobodys, theirs) = (trunk(&store, "nobodys", None).await, trunk(&store, "theirs", Some(b)).await);
        let mine = store.numbers(a);
        for number in (0..7).rev() {
            let text = format!("+4930{number}");
            mine.create(&numbers(&text), None, &DidTarget::Dialplan).await.expect("a number");
        }
        // Two that begin at the same place, where a page may end.
        mine.create(&numbers("+49303*"), None, &DidTarget::Dialplan).await.expect("a number");
        let (mut seen, mut token) = (Vec::new(), None);
        loop {
            let page = mine.page(3, token.as_deref()).await.expect("a page");
            seen.extend(page.numbers.into_iter().map(|did| did.numbers.to_string()));
            token = page.next;
            if token.is_none() {
                break;
            }
        }
        let wanted = ["+49300", "+49301", "+49302", "+49303", "+49303*", "+49304", "+49305", "+49306"];
        assert_eq!(seen, wanted);
        for nonsense in ["", "x", "1", "1-x", "-1"] {
            assert!(matches!(mine.page(3, Some(nonsense)).await, Err(Error::Invalid { field: "page_token", .. })));
        }
        assert!(store.numbers(b).page(10, None).await.expect("a page").numbers.is_empty());
        let did = mine.get(&numbers("+49301")).await.expect("found");
        let moved = Did { trunk: Some(nobodys), leads_to: DidTarget::Room("600".to_owned()), ..did.clone() };
        assert_eq!(mine.update(&moved).await.expect("moved"), moved);
        assert_eq!(mine.get(&did.numbers).await.expect("found"), moved);
        assert!(matches!(
            mine.update(&Did { trunk: Some(theirs), ..did.clone() }).await,
            Err(Error::NotFound("trunk"))
        ));
        let nobody = Did { leads_to: DidTarget::User(String::new()), ..did.clone() };
        assert!(matches!(mine.update(&nobody).await, Err(Error::Invalid { field: "leads_to", .. })));
        assert!(matches!(store.numbers(b).get(&did.numbers).await, Err(Error::NotFound("number"))));
        assert!(matches!(store.numbers(b).update(&did).await, Err(Error::NotFound("number"))));
        assert!(matches!(store.numbers(b).delete(&did.numbers).await, Err(Error::NotFound("number"))));
        mine.delete(&did.numbers).await.expect("gone");
        assert!(matches!(mine.get(&did.numbers).await, Err(Error::NotFound("number"))));
    }
}

fn shown(text: &str) -> Option<E164> {
    Some(text.parse().expect(text))
}

#[tokio::test]
async fn a_new_tenant_may_call_nobody_and_is_held_to_cautious_limits() {
    for store in stores().await {
        let office = tenant(&store, "office").await;
        let outside = store.outside(office).get().await.expect("its way");
        assert_eq!(outside.grants, Grants::default(), "nothing is granted");
        let limits = SpendingLimits {
            concurrent: Some(10),
            per_second: Some(2),
            per_hour: Some(120),
            minutes_per_day: Some(600),
            cost_per_day: None,
        };
        assert_eq!((outside.limits, store::CAUTIOUS), (limits, limits));
        assert_eq!(outside, TenantOutside { limits, ..TenantOutside::default() });
        let alice = store.users(office).create(new_user("alice", None)).await.expect("a user").id;
        let of_alice = store.outside(office).of_user(alice).await.expect("her way");
        assert_eq!(of_alice, UserOutside::default(), "hers are the tenant's");
        assert!(store.outside_snapshot().await.expect("all").users.is_empty());
    }
}

#[tokio::test]
async fn what_tenants_and_users_may_do_outside_is_kept() {
    for store in stores().await {
        let (office, other) = (tenant(&store, "office").await, tenant(&store, "other").await);
        let alice = store.users(office).create(new_user("alice", None)).await.expect("a user").id;
        let berlin = trunk(&store, "berlin", None).await;
        store.numbers(office).create(&numbers("+4930123*"), None, &DidTarget::Dialplan).await.expect("a number");
        let location = Location { country: "DE".to_owned(), city: "Köln".to_owned(), ..Location::default() };
        let limits =
            SpendingLimits { concurrent: Some(0), cost_per_day: Some(Money(12_500_000)), ..SpendingLimits::default() };
        let grants = Grants {
            classes: [NumberClass::National, NumberClass::International].into(),
            countries: ["AT".to_owned(), "CH".to_owned()].into(),
            never: ["49900".to_owned()].into(),
        };
        let whole = TenantOutside {
            rules: DialRules { country: "DE".to_owned(), area: "30".to_owned(), line: "0".to_owned() },
            grants: grants.clone(),
            limits,
            shown: shown("+4930123400"),
            emergency: Some(berlin),
            location: Some(location.clone()),
        };
        assert_eq!(store.outside(office).set(&whole).await.expect("set"), whole);
        assert_eq!(store.outside(office).get().await.expect("found"), whole);
        let hers = UserOutside {
            grants: Some(Grants::default()),
            limits,
            shown: shown("+4930123401"),
            location: Some(location),
        };
        assert_eq!(store.outside(office).set_of_user(alice, &hers).await.expect("set"), hers);
        assert_eq!(store.outside(office).of_user(alice).await.expect("found"), hers, "nothing is not the tenant's");
        // Changing what else is kept of them leaves it.
        let mut tenant = store.tenants().get(office).await.expect("found");
        tenant.time_zone = "Europe/Berlin".to_owned();
        store.tenants().update(&tenant).await.expect("changed");
        let user = store.users(office).get(alice).await.expect("found");
        store.users(office).update(&user).await.expect("changed");
        assert_eq!(store.outside(office).get().await.expect("found"), whole);
        assert_eq!(store.outside(office).of_user(alice).await.expect("found"), hers);
        // Across tenants nothing is reached.
        assert!(matches!(store.outside(other).of_user(alice).await, Err(Error::NotFound("user"))));
        assert!(matches!(
            store.outside(other).set_of_user(alice, &UserOutside::default()).await,
            Err(Error::NotFound("user"))
        ));
        assert_eq!(store.user_named(alice).await.expect("her name"), (office, "alice".to_owned()));
        let back = store.outside(office).set_of_user(alice, &UserOutside::default()).await.expect("set");
        assert_eq!(back, UserOutside::default());
    }
}

#[tokio::test]
async fn only_a_number_of_ones_own_is_shown_and_it_stays_as_long_as_it_is() {
    for store in stores().await {
        let (a, b) = (tenant(&store, "a").await, tenant(&store, "b").await);
        let alice = store.users(a).create(new_user("alice", None)).await.expect("a user").id;
        let theirs = trunk(&store, "theirs", Some(b)).await;
        store.numbers(a).create(&numbers("+4930123*"), None, &DidTarget::Dialplan).await.expect("a number");
        store.numbers(a).create(&numbers("+4930123401"), None, &DidTarget::Dialplan).await.expect("a number");
        store.numbers(b).create(&numbers("+4930777"), None, &DidTarget::Dialplan).await.expect("a number");
        let show = |number| TenantOutside { shown: shown(number), ..TenantOutside::default() };
        let hers = |number| UserOutside { shown: shown(number), ..UserOutside::default() };
        for foreign in ["+4930777", "+4940"] {
            let refused = store.outside(a).set(&show(foreign)).await;
            assert!(matches!(refused, Err(Error::Invalid { field: "shown", .. })), "{refused:?}");
            let refused = store.outside(a).set_of_user(alice, &hers(foreign)).await;
            assert!(matches!(refused, Err(Error::Invalid { field: "shown", .. })), "{refused:?}");
        }
        let emergency = TenantOutside { emergency: Some(theirs), ..TenantOutside::default() };
        assert!(matches!(store.outside(a).set(&emergency).await, Err(Error::NotFound("trunk"))));
        store.outside(a).set_of_user(alice, &hers("+4930123401")).await.expect("set");
        store.numbers(a).delete(&numbers("+4930123401")).await.expect("it is one of the others still");
        let refused = store.numbers(a).delete(&numbers("+4930123*")).await.expect_err("she shows it");
        assert!(matches!(&refused, Error::Used { noun: "number", by } if by.contains("user alice")), "{refused}");
        assert!(store.numbers(a).get(&numbers("+4930123*")).await.is_ok(), "nothing was changed");
        store.outside(a).set_of_user(alice, &UserOutside::default()).await.expect("set");
        store.outside(a).set(&show("+4930123499")).await.expect("set");
        let refused = store.numbers(a).delete(&numbers("+4930123*")).await.expect_err("the tenant shows it");
        assert!(matches!(&refused, Error::Used { noun: "number", .. }), "{refused}");
        store.outside(a).set(&TenantOutside::default()).await.expect("set");
        store.numbers(a).delete(&numbers("+4930123*")).await.expect("gone");
    }
}

#[tokio::test]
async fn a_rate_table_takes_the_place_of_the_one_before_under_another_revision() {
    for store in stores().await {
        let (berlin, paris) = (trunk(&store, "berlin", None).await, trunk(&store, "paris", None).await);
        let rates = store.rates();
        assert!(matches!(rates.get(berlin).await, Err(Error::NotFound("rate table"))));
        let bytes: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
        let one = rates.put(berlin, "march.csv", 200_000, bytes.clone()).await.expect("kept");
        assert_eq!((one.trunk, one.file.as_str(), one.count), (berlin, "march.csv", 200_000));
        assert_eq!(rates.get(berlin).await.expect("found"), (one.clone(), bytes));
        let two = rates.put(berlin, "april.csv", 1, vec![7]).await.expect("kept");
        assert!(two.revision > one.revision);
        assert_eq!(rates.get(berlin).await.expect("found"), (two.clone(), vec![7]));
        rates.put(paris, "", 0, Vec::new()).await.expect("an empty one is one too");
        let sheets = rates.sheets().await.expect("a list");
        assert_eq!((sheets.len(), &sheets[0]), (2, &two));
        assert_eq!(store.outside_snapshot().await.expect("all").rates, sheets);
        assert!(matches!(rates.put(TrunkId(4711), "x", 1, vec![1]).await, Err(Error::NotFound("trunk"))));
        assert!(matches!(rates.put(berlin, "a\0b", 1, vec![1]).await, Err(Error::Invalid { field: "file", .. })));
        rates.delete(berlin).await.expect("gone");
        assert!(matches!(rates.sheet(berlin).await, Err(Error::NotFound("rate table"))));
        assert!(matches!(rates.delete(berlin).await, Err(Error::NotFound("rate table"))));
        let again = rates.put(berlin, "april.csv", 1, vec![7]).await.expect("kept");
        assert!(again.revision > two.revision, "what was read before is not it");
    }
}

#[tokio::test]
async fn all_that_must_be_in_memory_comes_in_one_look() {
    for store in stores().await {
        let (a, b) = (tenant(&store, "a").await, tenant(&store, "b").await);
        let bob = store.users(b).create(new_user("bob", None)).await.expect("a user").id;
        store.users(b).create(new_user("nobody-said-anything", None)).await.expect("a user");
        let odd = store.trunks().create(&odd_trunk()).await.expect("a trunk");
        let own =
            store.trunks().create(&Trunk { tenant: Some(b), ..Trunk::named(TrunkId(0), "own") }).await.expect("it");
        let did = store.numbers(a).create(&numbers("+4930*"), Some(odd.id), &DidTarget::Dialplan).await.expect("it");
        let of_a = store.routes(a).create(&route("home", odd.id)).await.expect("a route");
        let of_all = store.shared_routes().create(&route("all", odd.id)).await.expect("a route");
        let sheet = store.rates().put(own.id, "own.csv", 3, vec![1, 2, 3]).await.expect("kept");
        let limits = SpendingLimits { concurrent: Some(1), ..SpendingLimits::default() };
        let of_bob = UserOutside { limits, ..UserOutside::default() };
        store.outside(b).set_of_user(bob, &of_bob).await.expect("set");
        let all = store.outside_snapshot().await.expect("all");
        assert_eq!(all.trunks, [odd, own]);
        assert_eq!((all.dids, all.routes, all.rates), (vec![did], vec![of_a, of_all], vec![sheet]));
        assert_eq!(all.tenants.keys().copied().collect::<Vec<_>>(), [a, b]);
        assert_eq!(all.users.into_iter().collect::<Vec<_>>(), [(bob, (b, of_bob))]);
    }
}

fn charge(trunk: TrunkId, user: Option<UserId>, seconds: u64, cost: i64) -> Charge {
    let rate = Rate { prefix: "4930".to_owned(), connect: Money(1_000), per_minute: Money(12_500), first: 60, step: 1 };
    Charge {
        trunk,
        number: Number::World("+4930123456".parse().expect("a number")),
        class: NumberClass::National,
        rate: Some(rate),
        seconds,
        cost: Money(cost),
        user,
    }
}

async fn keep(store: &Store, cdrs: impl IntoIterator<Item = Cdr>) {
    let (writer, task) = Writer::new(store.clone());
    cdrs.into_iter().for_each(|cdr| writer.write(Record::Cdr(Box::new(cdr))));
    drop(writer);
    task.run().await;
}

#[tokio::test]
async fn a_record_tells_trunk_gateway_rate_and_cost() {
    for store in stores().await {
        let (a, b) = (tenant(&store, "a").await, tenant(&store, "b").await);
        let (berlin, paris) = (TrunkId(7), TrunkId(8));
        let mut dear = cdr(a, 1, 10);
        dear.charge = Some(charge(berlin, Some(UserId(3)), 61, 13_709));
        dear.legs[0].gateway = Some(Via { trunk: "berlin".to_owned(), gateway: Some("one".to_owned()) });
        let mut free = cdr(a, 2, 20);
        let short = Number::Short("112".to_owned());
        free.charge =
            Some(Charge { number: short, class: NumberClass::Emergency, rate: None, ..charge(paris, None, 0, 0) });
        let came = Cdr { came_over: Some(paris), ..cdr(a, 3, 30) };
        keep(&store, [dear.clone(), free.clone(), came, cdr(a, 4, 40)]).await;
        let get = async |number: u8| store.cdrs(a).get(&CallUid([number; 12]).to_string()).await.expect("a record");
        let kept = get(1).await;
        assert_eq!((kept.charge, kept.came_over), (dear.charge, None));
        let via = kept.legs[0].gateway.as_ref().expect("a gateway");
        assert_eq!((via.trunk.as_str(), via.gateway.as_deref()), ("berlin", Some("one")));
        assert_eq!(get(2).await.charge, free.charge);
        assert_eq!((get(3).await.came_over, get(3).await.charge), (Some(paris), None));
        assert_eq!((get(4).await.charge, get(4).await.legs[0].gateway.clone()), (None, None));
        let over = |trunk| CdrFilter { trunk: Some(trunk), ..CdrFilter::default() };
        let callees = async |tenant, trunk| {
            let page = store.cdrs(tenant).query(&over(trunk), 10, None).await.expect("a page");
            page.cdrs.into_iter().map(|cdr| cdr.callee).collect::<Vec<_>>()
        };
        assert_eq!(callees(a, paris).await, ["103", "102"], "in and out");
        assert_eq!(callees(a, berlin).await, ["101"]);
        assert!(callees(b, berlin).await.is_empty());
    }
}

#[tokio::test]
async fn what_was_spent_since_a_moment_is_summed_for_the_ledger() {
    for store in stores().await {
        let (a, b) = (tenant(&store, "a").await, tenant(&store, "b").await);
        let (berlin, paris, alice) = (TrunkId(7), TrunkId(8), UserId(3));
        let at = |seconds: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + seconds);
        let call = |tenant, number, arrived, charge| Cdr { charge, ..cdr(tenant, number, arrived) };
        keep(
            &store,
            [
                // They last a minute each.
                call(a, 1, 0, Some(charge(berlin, Some(alice), 60, 100))),
                call(a, 2, 100, Some(charge(berlin, Some(alice), 30, 7))),
                call(a, 3, 100, Some(charge(berlin, None, 5, 1))),
                call(a, 4, 100, Some(charge(paris, Some(alice), 2, 0))),
                call(b, 5, 100, Some(charge(berlin, None, 9, i64::from(i32::MAX) * 1_000))),
                call(b, 6, 100, None),
            ],
        )
        .await;
        let spent = |tenant, user, trunk, calls, seconds, cost| SpentSince {
            tenant,
            user,
            trunk,
            calls,
            seconds,
            cost: Money(cost),
        };
        let mut later = vec![
            spent(a, None, berlin, 1, 5, 1),
            spent(a, Some(alice), berlin, 1, 30, 7),
            spent(a, Some(alice), paris, 1, 2, 0),
            spent(b, None, berlin, 1, 9, i64::from(i32::MAX) * 1_000),
        ];
        let since = async |seconds| {
            let mut all = store.spent_since(at(seconds)).await.expect("sums");
            all.sort_by_key(|one| (one.tenant, one.user, one.trunk));
            all
        };
        assert_eq!(since(61).await, later);
        // What had begun before and ended since counts whole.
        later[1] = spent(a, Some(alice), berlin, 2, 90, 107);
        assert_eq!(since(60).await, later);
        assert!(since(161).await.is_empty());
    }
}
