//! Trunks and their gateways: made, changed, ruled, watched, and never with their passwords.

use std::time::Duration;

use admin::TrunkHappening;
use admin::v1::trunk_event::Event;
use admin::v1::{
    self, AddGatewayRequest, CallerAssertion, CreateTrunkRequest, DeleteTrunkRequest, EarlyMedia, FromForm,
    GatewayChoice, GatewayChoosing, GatewayRule, GatewaySettings, GatewayState, GetTrunkRequest, HashOver, KeyForm,
    ListTrunksRequest, Names, NumberStyle, PrivacyForm, ReliableProvisional, RemoveGatewayRequest,
    SetGatewayRuleRequest, Srtp, Trunk, TrunkEvent, TrunkIdentity, TrunkLogin, TrunkNumberForm, TrunkProbing,
    TrunkRegistered, TrunkRegistering, TrunkSettings, TrunkSource, TrunkSources, TrunkTimer, UpdateGatewayRequest,
    UpdateTrunkRequest, WatchTrunksRequest,
};
use switch::{GatewayId, Ha1, Limit, Notice, Payer, Registered, TenantId, TrunkId, UserId};
use tonic::{Code, Streaming};

use crate::house::{House, at};

fn seconds(seconds: i64) -> Option<prost_types::Duration> {
    Some(prost_types::Duration { seconds, nanos: 0 })
}

/// In which nothing is as usual.
fn odd_settings() -> TrunkSettings {
    TrunkSettings {
        enabled: Some(false),
        choosing: Some(GatewayChoosing {
            by: GatewayChoice::Hash.into(),
            over: HashOver::Header.into(),
            header: "X-Account".to_owned(),
        }),
        login: Some(TrunkLogin {
            user: "4930123".to_owned(),
            realm: "carrier.example".to_owned(),
            password: Some("correct horse".to_owned()),
        }),
        registering: Some(TrunkRegistering {
            user: "4930123".to_owned(),
            domain: "carrier.example".to_owned(),
            expires: seconds(600),
        }),
        probing: Some(TrunkProbing { interval: seconds(15), down: 3, up: 4, alive: vec![200, 404] }),
        sources: Some(TrunkSources {
            sources: vec![TrunkSource {
                net: "192.0.2.0/28".to_owned(),
                port: Some(5061),
                transport: Some("tls".to_owned()),
                certificate: Some("sbc.carrier.example".to_owned()),
            }],
        }),
        srtp: Some(Srtp::Required.into()),
        codecs: Some(Names { names: vec!["pcma".to_owned(), "g729".to_owned()] }),
        language: Some("de".to_owned()),
        keys: Some(KeyForm::Info.into()),
        numbers: Some(TrunkNumberForm {
            style: NumberStyle::National.into(),
            country: "DE".to_owned(),
            prefix: "777".to_owned(),
            ..TrunkNumberForm::default()
        }),
        identity: Some(TrunkIdentity {
            from: Some(FromForm::Login.into()),
            assertion: Some(CallerAssertion::RemoteParty.into()),
            diversion: Some(false),
            privacy: Some(PrivacyForm::Withheld.into()),
            trusted: Some(true),
            foreign: Some(true),
        }),
        timer: Some(TrunkTimer { expires: None, least: seconds(120) }),
        early: Some(EarlyMedia::Replaced.into()),
        reliable: Some(ReliableProvisional::Required.into()),
        patience: Some(prost_types::Duration { seconds: 2, nanos: 500_000_000 }),
        unknown_number: Some(603),
        fax: Some(false),
    }
}

#[tokio::test]
async fn a_trunk_is_made_found_changed_and_deleted_and_its_password_never_comes_back() {
    let (house, acme) = House::with_acme().await;
    let mut trunks = house.trunks().await;
    let gateway = GatewaySettings {
        name: "one".to_owned(),
        host: Some("SIP.Carrier.example".to_owned()),
        port: Some(5061),
        transport: Some("TLS".to_owned()),
        priority: Some(2),
        weight: Some(10),
        rule: Some(GatewayRule::Active.into()),
        max_calls: Some(30),
    };
    let create = CreateTrunkRequest {
        name: "berlin".to_owned(),
        tenant: "acme".to_owned(),
        settings: Some(odd_settings()),
        gateways: vec![gateway],
    };
    let made = trunks.create(create.clone()).await.unwrap().into_inner();
    let mut expected = odd_settings();
    expected.login.as_mut().unwrap().password = None;
    assert_eq!(made.settings, Some(expected));
    assert!(!format!("{made:?}").contains("horse"));
    assert_eq!((made.name.as_str(), made.tenant.as_deref()), ("berlin", Some("acme")));
    assert_eq!((made.registration.clone(), made.calls), (None, 0), "the exchange does not know of it yet");
    let [one] = made.gateways.as_slice() else { panic!("{made:?}") };
    assert_eq!((one.trunk.as_str(), one.host.as_str(), one.port), ("berlin", "sip.carrier.example", Some(5061)));
    assert_eq!((one.transport.as_deref(), one.priority, one.weight), (Some("tls"), 2, 10));
    assert_eq!((one.rule(), one.max_calls, one.live.clone()), (GatewayRule::Active, Some(30), None));
    let kept = house.store.trunks().by_name("berlin").await.unwrap();
    let login = kept.login.unwrap();
    assert!(login.ha1 == Ha1::of("4930123", "carrier.example", "correct horse"), "only its digests are kept");
    assert_eq!(kept.tenant, Some(acme));
    assert_eq!(house.told(), 1);
    assert_eq!(trunks.create(create).await.unwrap_err().code(), Code::AlreadyExists);

    let found = trunks.get(GetTrunkRequest { name: "berlin".to_owned() }).await.unwrap().into_inner();
    assert_eq!(found, made);
    // What is absent stays; what is empty goes.
    let nothing = UpdateTrunkRequest { name: "berlin".to_owned(), settings: None };
    assert_eq!(trunks.update(nothing).await.unwrap().into_inner(), made);
    let settings = TrunkSettings {
        login: Some(TrunkLogin::default()),
        registering: Some(TrunkRegistering::default()),
        probing: Some(TrunkProbing::default()),
        sources: Some(TrunkSources::default()),
        identity: Some(TrunkIdentity { trusted: Some(false), ..TrunkIdentity::default() }),
        choosing: Some(GatewayChoosing { by: GatewayChoice::Weight.into(), ..GatewayChoosing::default() }),
        numbers: Some(TrunkNumberForm { style: NumberStyle::International.into(), ..TrunkNumberForm::default() }),
        timer: Some(TrunkTimer { expires: seconds(300), least: None }),
        ..TrunkSettings::default()
    };
    let update = UpdateTrunkRequest { name: "berlin".to_owned(), settings: Some(settings) };
    let settings = trunks.update(update).await.unwrap().into_inner().settings.unwrap();
    assert_eq!((&settings.login, &settings.registering, &settings.probing), (&None, &None, &None));
    assert!(settings.sources.unwrap().sources.is_empty());
    let identity = settings.identity.unwrap();
    assert_eq!((identity.trusted, identity.foreign, identity.from()), (Some(false), Some(true), FromForm::Login));
    assert_eq!(settings.choosing.unwrap().by(), GatewayChoice::Weight);
    assert_eq!(settings.numbers.unwrap().international, "00");
    assert_eq!(settings.timer, Some(TrunkTimer { expires: seconds(300), least: seconds(90) }));
    assert_eq!((settings.unknown_number, settings.fax), (Some(603), Some(false)), "what was absent stays");
    trunks.delete(DeleteTrunkRequest { name: "berlin".to_owned() }).await.unwrap();
    let gone = trunks.get(GetTrunkRequest { name: "berlin".to_owned() }).await.unwrap_err();
    assert_eq!((gone.code(), gone.message()), (Code::NotFound, "there is no such trunk"));
    assert_eq!(house.told(), 4);
}

#[tokio::test]
async fn a_new_trunk_is_as_most_carriers_want_it() {
    let house = House::built().await;
    let create = CreateTrunkRequest { name: "plain".to_owned(), ..Default::default() };
    let made = house.trunks().await.create(create).await.unwrap().into_inner();
    let kept = house.store.trunks().by_name("plain").await.unwrap();
    assert_eq!(kept, switch::Trunk::named(kept.id, "plain"));
    let settings = made.settings.unwrap();
    assert_eq!((settings.enabled, settings.early(), settings.keys()), (Some(true), EarlyMedia::Passed, KeyForm::Auto));
    assert_eq!((settings.reliable(), settings.srtp()), (ReliableProvisional::Supported, Srtp::Inherit));
    assert_eq!((settings.patience, settings.unknown_number), (seconds(6), Some(404)));
    assert_eq!(settings.timer, Some(TrunkTimer { expires: seconds(1800), least: seconds(90) }));
    assert_eq!((settings.identity.unwrap().trusted, made.limits.unwrap().concurrent), (Some(false), None));
}

#[tokio::test]
async fn a_password_stays_as_long_as_what_it_is_of() {
    let house = House::built().await;
    house.trunk("berlin", "").await;
    let mut trunks = house.trunks().await;
    let login = |user: &str, realm: &str, password: Option<&str>| UpdateTrunkRequest {
        name: "berlin".to_owned(),
        settings: Some(TrunkSettings {
            login: Some(TrunkLogin {
                user: user.to_owned(),
                realm: realm.to_owned(),
                password: password.map(str::to_owned),
            }),
            ..TrunkSettings::default()
        }),
    };
    trunks.update(login("4930123", "carrier.example", None)).await.unwrap();
    for (user, realm) in [("4930124", "carrier.example"), ("4930123", "other.example")] {
        let refused = trunks.update(login(user, realm, None)).await.unwrap_err();
        assert!(refused.message().contains("settings.login.password"), "{refused}");
    }
    let kept = async || house.store.trunks().by_name("berlin").await.unwrap().login.unwrap();
    assert!(kept().await.ha1 == Ha1::of("4930123", "carrier.example", "correct horse"));
    trunks.update(login("4930123", "other.example", Some("battery staple"))).await.unwrap();
    assert!(kept().await.ha1 == Ha1::of("4930123", "other.example", "battery staple"));
    let refused = trunks.update(login("4930123", "x.example", Some("line\nhorse"))).await.unwrap_err();
    assert!(refused.code() == Code::InvalidArgument && !format!("{refused:?}").contains("horse"), "{refused:?}");
}

#[tokio::test]
async fn trunks_are_listed_with_how_they_stand_and_for_a_tenant_those_that_it_may_use() {
    let (house, _) = House::with_acme().await;
    house.tenant("umbrella").await;
    let berlin = house.trunk("berlin", "").await;
    house.trunk("acme-own", "acme").await;
    house.trunk("umbrella-own", "umbrella").await;
    house.stands(&berlin);
    let list = async |tenant: &str| {
        let request = ListTrunksRequest { tenant: tenant.to_owned() };
        house.trunks().await.list(request).await.unwrap().into_inner().trunks
    };
    let names = |trunks: &[Trunk]| trunks.iter().map(|trunk| trunk.name.clone()).collect::<Vec<_>>();
    let all = list("").await;
    assert_eq!(names(&all), ["acme-own", "berlin", "umbrella-own"]);
    assert_eq!(names(&list("acme").await), ["acme-own", "berlin"]);
    let berlin = &all[1];
    let registration = berlin.registration.as_ref().unwrap();
    assert_eq!((registration.state(), registration.until), (TrunkRegistered::Until, Some(at(3600).into())));
    assert_eq!(berlin.calls, 6);
    let [one, two] = [0, 1].map(|at: usize| berlin.gateways[at].live.clone().unwrap());
    assert_eq!((one.state(), two.state()), (GatewayState::Active, GatewayState::Inactive));
    assert_eq!((one.addresses, one.round_trip.unwrap().nanos), (vec!["udp 192.0.2.7:5060".to_owned()], 41_000_000));
    assert_eq!(two.rests_until, Some(at(30).into()));
    assert_eq!(all[0].registration, None);
}

#[tokio::test]
async fn gateways_are_added_changed_ruled_and_removed_one_at_a_time() {
    let house = House::built().await;
    let berlin = house.trunk("berlin", "").await;
    house.stands(&berlin);
    let mut gateways = house.gateways().await;
    let (trunk, name) = (|| "berlin".to_owned(), |name: &str| name.to_owned());
    let three = GatewaySettings { name: name("three"), host: Some("2001:db8::1".to_owned()), ..Default::default() };
    let add = AddGatewayRequest { trunk: trunk(), gateway: Some(three.clone()) };
    let added = gateways.add(add.clone()).await.unwrap().into_inner();
    assert_eq!((added.name.as_str(), added.host.as_str(), added.weight), ("three", "2001:db8::1", 1));
    assert_eq!((added.port, added.transport.clone(), added.rule()), (None, None, GatewayRule::Auto));
    assert_eq!(gateways.add(add).await.unwrap_err().code(), Code::AlreadyExists);

    let change = GatewaySettings { name: name("one"), port: Some(5080), priority: Some(7), ..Default::default() };
    let update = UpdateGatewayRequest { trunk: trunk(), gateway: Some(change) };
    let changed = gateways.update(update).await.unwrap().into_inner();
    assert_eq!(changed.id, berlin.gateways[0].id);
    assert_eq!((changed.host.as_str(), changed.port, changed.priority), ("one.carrier.example", Some(5080), 7));
    assert_eq!(changed.live.unwrap().state(), GatewayState::Active, "and how it stands is told");
    let back = GatewaySettings { name: name("one"), port: Some(0), max_calls: Some(0), ..Default::default() };
    let update = UpdateGatewayRequest { trunk: trunk(), gateway: Some(back) };
    assert_eq!(gateways.update(update).await.unwrap().into_inner().port, None);

    let rule = SetGatewayRuleRequest { trunk: trunk(), name: name("two"), rule: GatewayRule::Inactive.into() };
    assert_eq!(gateways.set_rule(rule.clone()).await.unwrap().into_inner().rule(), GatewayRule::Inactive);
    assert_eq!(house.told(), 5);
    let remove = |gateway: &str| RemoveGatewayRequest { trunk: trunk(), name: gateway.to_owned() };
    gateways.remove(remove("one")).await.unwrap();
    gateways.remove(remove("three")).await.unwrap();
    // The trunk registers: somebody must be there to register with.
    let last = gateways.remove(remove("two")).await.unwrap_err();
    assert_eq!(last.code(), Code::FailedPrecondition);
    let get = GetTrunkRequest { name: trunk() };
    let left = house.trunks().await.get(get).await.unwrap().into_inner().gateways;
    assert_eq!(left.iter().map(|gateway| gateway.name.as_str()).collect::<Vec<_>>(), ["two"]);
    let before = house.told();
    for refused in [
        gateways.remove(remove("one")).await.map(drop),
        gateways.set_rule(SetGatewayRuleRequest { name: name("one"), ..rule.clone() }).await.map(drop),
        gateways.set_rule(SetGatewayRuleRequest { trunk: name("paris"), ..rule }).await.map(drop),
        gateways
            .update(UpdateGatewayRequest {
                trunk: trunk(),
                gateway: Some(GatewaySettings { name: name("one"), ..Default::default() }),
            })
            .await
            .map(drop),
        gateways.add(AddGatewayRequest { trunk: name("paris"), gateway: Some(three) }).await.map(drop),
    ] {
        assert_eq!(refused.unwrap_err().code(), Code::NotFound);
    }
    assert_eq!(house.told(), before);
}

#[tokio::test]
async fn a_trunk_that_is_used_is_not_deleted_and_it_is_said_by_what() {
    let (house, acme) = House::with_acme().await;
    let berlin = house.trunk("berlin", "").await;
    let route = switch::Route {
        id: 0,
        name: "home".to_owned(),
        tenant: None,
        prefix: String::new(),
        classes: [].into(),
        trunk: TrunkId(berlin.id),
        priority: 0,
        hours: None,
        enabled: true,
    };
    house.store.routes(acme).create(&route).await.unwrap();
    let before = house.told();
    let delete = DeleteTrunkRequest { name: "berlin".to_owned() };
    let refused = house.trunks().await.delete(delete).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert_eq!(refused.message(), "the trunk is used by route home of tenant acme");
    assert_eq!(house.told(), before);
}

async fn watch(house: &House, trunk: &str) -> Streaming<TrunkEvent> {
    let request = WatchTrunksRequest { trunk: trunk.to_owned() };
    house.trunks().await.watch(request).await.unwrap().into_inner()
}

async fn next(events: &mut Streaming<TrunkEvent>) -> TrunkEvent {
    tokio::time::timeout(Duration::from_secs(5), events.message()).await.expect("an event").unwrap().unwrap()
}

#[tokio::test]
async fn a_watcher_hears_how_trunks_stand_and_then_what_happens_to_them_and_to_limits() {
    let (house, acme) = House::with_acme().await;
    let alice = house.user("acme", "alice", "1001").await;
    let berlin = house.trunk("berlin", "").await;
    house.trunk("paris", "").await;
    house.stands(&berlin);
    let mut events = watch(&house, "").await;
    let first = next(&mut events).await;
    assert_eq!((first.trunk.as_str(), first.now.unwrap().calls), ("berlin", 6));
    assert_eq!(next(&mut events).await.now.unwrap().name, "paris");
    let (trunk, gateway) = (TrunkId(berlin.id), GatewayId(berlin.gateways[1].id));
    let failed = Registered::Failed { status: 403, why: "the password is wrong".to_owned(), again: at(90) };
    let late = house.trunk("late", "").await;
    for (second, notice) in (1..).zip([
        Notice::Registration { trunk, state: failed },
        Notice::Registration { trunk, state: Registered::Trying },
        Notice::Gateway { trunk, gateway, state: switch::GatewayState::Probing },
        // Nobody who watches trunks hears of others' passwords.
        Notice::Unauthorised { source: "192.0.2.66".parse().unwrap() },
        Notice::Attempt { trunk, gateway, status: Some(200), rang_after: Some(Duration::from_millis(1250)) },
        Notice::Attempt { trunk, gateway, status: None, rang_after: None },
        Notice::SpendingNear { payer: Payer::Tenant(acme), limit: Limit::Minutes },
        Notice::SpendingOver { payer: Payer::User(alice), limit: Limit::Concurrent },
        Notice::SpendingOver { payer: Payer::Trunk(trunk), limit: Limit::Cost },
        // Made since the watch began, and gone before it was told of.
        Notice::Registration { trunk: TrunkId(late.id), state: Registered::Unwanted },
        Notice::Registration { trunk: TrunkId(4711), state: Registered::Unwanted },
        Notice::SpendingOver { payer: Payer::Tenant(TenantId(4711)), limit: Limit::PerHour },
        Notice::SpendingOver { payer: Payer::User(UserId(4711)), limit: Limit::PerSecond },
    ]) {
        house.exchange.trunk_news.send(TrunkHappening { at: at(second), notice }).unwrap();
    }
    let mut heard = Vec::new();
    for _ in 0..12 {
        let event = next(&mut events).await;
        let told = match event.event.unwrap() {
            Event::Registration(now) => format!("registration {:?} {} {}", now.state(), now.status, now.why),
            Event::Gateway(gateway) => format!("gateway {} {:?}", gateway.gateway, gateway.state()),
            Event::Attempt(tried) => {
                format!("attempt {} {:?} {:?}", tried.gateway, tried.status, tried.rang_after.map(|time| time.nanos))
            }
            Event::SpendingNear(news) => {
                format!("near {} {} {} {:?}", news.tenant, news.user, news.trunk, news.limit())
            }
            Event::SpendingOver(news) => {
                format!("over {} {} {} {:?}", news.tenant, news.user, news.trunk, news.limit())
            }
        };
        heard.push(format!("{}: {told}", event.trunk));
    }
    assert_eq!(
        heard,
        [
            "berlin: registration Failed 403 the password is wrong",
            "berlin: registration Trying 0 ",
            "berlin: gateway two Probing",
            "berlin: attempt two Some(200) Some(250000000)",
            "berlin: attempt two None None",
            ": near acme   Minutes",
            ": over acme alice  Concurrent",
            "berlin: over   berlin Cost",
            "late: registration Unwanted 0 ",
            "#4711: registration Unwanted 0 ",
            ": over #4711   PerHour",
            ": over  #4711  PerSecond",
        ]
    );
}

#[tokio::test]
async fn a_watcher_of_one_trunk_hears_of_that_alone() {
    let (house, acme) = House::with_acme().await;
    let (berlin, paris) = (house.trunk("berlin", "").await, house.trunk("paris", "").await);
    let mut events = watch(&house, "paris").await;
    assert_eq!(next(&mut events).await.now.unwrap().name, "paris");
    for notice in [
        Notice::Registration { trunk: TrunkId(berlin.id), state: Registered::Trying },
        Notice::SpendingOver { payer: Payer::Tenant(acme), limit: Limit::Cost },
        Notice::SpendingOver { payer: Payer::Trunk(TrunkId(berlin.id)), limit: Limit::Cost },
        Notice::SpendingNear { payer: Payer::Trunk(TrunkId(paris.id)), limit: Limit::Cost },
    ] {
        house.exchange.trunk_news.send(TrunkHappening { at: at(1), notice }).unwrap();
    }
    let heard = next(&mut events).await;
    assert!(matches!(heard.event, Some(Event::SpendingNear(v1::SpendingNews { trunk, .. })) if trunk == "paris"));
    let nobody = WatchTrunksRequest { trunk: "rome".to_owned() };
    assert_eq!(house.trunks().await.watch(nobody).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn a_slow_watcher_is_told_what_it_missed_and_how_the_trunks_stand_then() {
    let house = House::built().await;
    let berlin = house.trunk("berlin", "").await;
    let mut events = watch(&house, "").await;
    assert!(next(&mut events).await.now.is_some());
    // More than the wire, the stream and the backlog hold together.
    let all = 20_000;
    for _ in 0..all {
        let notice = Notice::Registration { trunk: TrunkId(berlin.id), state: Registered::Trying };
        house.exchange.trunk_news.send(TrunkHappening { at: at(1), notice }).unwrap();
    }
    let (mut heard, mut missed, mut anew) = (0, 0, 0);
    while heard + missed < all {
        let event = next(&mut events).await;
        missed += event.missed;
        if event.now.is_some() { anew += 1 } else { heard += 1 }
    }
    assert!(missed > 0 && anew > 0, "{missed} {anew}");
    assert_eq!(heard + missed, all);
}

#[tokio::test]
async fn a_server_that_ends_does_not_wait_for_those_who_watch_trunks() {
    let mut house = House::built().await;
    house.trunk("berlin", "").await;
    let mut events = watch(&house, "").await;
    next(&mut events).await;
    let closed = tokio::time::timeout(Duration::from_secs(4), house.closes()).await;
    closed.expect("sooner than what is cut off").unwrap();
    assert!(events.message().await.unwrap().is_none(), "the stream ended in order");
}
