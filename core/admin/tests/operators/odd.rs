//! Requests about trunks, numbers, routes, limits and grants as nobody means them.

use std::collections::BTreeSet;

use admin::v1::{
    AddGatewayRequest, CreateNumberRequest, CreateRouteRequest, CreateTrunkRequest, DeleteNumberRequest,
    DeleteRatesRequest, DeleteRouteRequest, DeleteTrunkRequest, DownloadRatesRequest, ExplainRequest, GatewayChoice,
    GatewayChoosing, GatewaySettings, GetLimitsRequest, GetOutsideRequest, GetRatesRequest, GetTrunkRequest, Grants,
    HashOver, ImportRatesRequest, ListNumbersRequest, ListRoutesRequest, ListTrunksRequest, Location, Names,
    NumberClass, NumberClasses, NumberStyle, QueryCdrsRequest, RemoveGatewayRequest, SetGatewayRuleRequest,
    SetOutsideRequest, TrunkIdentity, TrunkLogin, TrunkNumberForm, TrunkProbing, TrunkRegistering, TrunkSettings,
    TrunkSource, TrunkSources, TrunkTimer, UpdateGatewayRequest, UpdateNumberRequest, UpdateRouteRequest,
    UpdateTrunkRequest, WatchTrunksRequest, create_number_request,
};
use prost_reflect::{Kind, MessageDescriptor};
use prost_types::Duration;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::guard::methods;
use crate::hostile::odd_names;
use crate::house::House;

/// The services that are tried here.
pub(crate) const SERVICES: [&str; 6] =
    ["GatewayService", "LimitService", "NumberService", "OutsideService", "RouteService", "TrunkService"];

/// Every enum in a request of theirs, however deep; one that is not tried below makes the first test fail.
const ENUMS: [&str; 15] = [
    "CreateRouteRequest.classes",
    "GatewayChoosing.by",
    "GatewayChoosing.over",
    "GatewaySettings.rule",
    "Grants.classes",
    "NumberClasses.classes",
    "SetGatewayRuleRequest.rule",
    "TrunkIdentity.assertion",
    "TrunkIdentity.from",
    "TrunkIdentity.privacy",
    "TrunkNumberForm.style",
    "TrunkSettings.early",
    "TrunkSettings.keys",
    "TrunkSettings.reliable",
    "TrunkSettings.srtp",
];

pub(crate) fn enums(message: &MessageDescriptor, found: &mut BTreeSet<String>) {
    for field in message.fields() {
        match field.kind() {
            Kind::Enum(_) => drop(found.insert(format!("{}.{}", message.name(), field.name()))),
            Kind::Message(inside) => enums(&inside, found),
            _ => {}
        }
    }
}

#[test]
fn every_enum_of_a_request_is_tried() {
    let mut found = BTreeSet::new();
    for method in methods().iter().filter(|method| SERVICES.contains(&method.parent_service().name())) {
        enums(&method.input(), &mut found);
    }
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ENUMS);
}

/// All fields that are wrong; the answer names them in its text too, and is small.
fn fields(refused: &Status) -> Vec<String> {
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    assert!(refused.message().len() < 4_000, "{}", refused.message().len());
    let wrong = refused.get_details_bad_request().expect("details").field_violations;
    wrong.into_iter().map(|wrong| wrong.field).collect()
}

fn update(settings: TrunkSettings) -> UpdateTrunkRequest {
    UpdateTrunkRequest { name: "berlin".to_owned(), settings: Some(settings) }
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn long() -> String {
    "x".repeat(1 << 20)
}

/// Acme with a trunk, a number and a route.
async fn furnished() -> House {
    let (house, _) = House::with_acme().await;
    house.trunk("berlin", "").await;
    let number = CreateNumberRequest { tenant: text("acme"), numbers: text("+4930123"), ..Default::default() };
    house.numbers().await.create(number).await.unwrap();
    let route =
        CreateRouteRequest { tenant: text("acme"), name: text("home"), trunk: text("berlin"), ..Default::default() };
    house.routes().await.create(route).await.unwrap();
    house
}

#[tokio::test]
async fn a_number_that_no_enum_has_is_refused_with_what_may_be_said() {
    let house = furnished().await;
    let before = house.told();
    let usual = TrunkSettings::default;
    let identity = |identity| TrunkSettings { identity: Some(identity), ..usual() };
    let choosing = |by: i32, over| TrunkSettings {
        choosing: Some(GatewayChoosing { by, over, header: String::new() }),
        ..usual()
    };
    let style = TrunkNumberForm { style: 9, ..TrunkNumberForm::default() };
    let of_trunk = [
        ("settings.choosing.by", choosing(9, 0), "listed (1), weight (2), round-robin (3)"),
        ("settings.choosing.by", choosing(0, 0), "listed (1)"),
        ("settings.choosing.over", choosing(GatewayChoice::Hash.into(), 9), "call-id (1), caller (2), callee (3)"),
        (
            "settings.identity.assertion",
            identity(TrunkIdentity { assertion: Some(9), ..Default::default() }),
            "none (1)",
        ),
        ("settings.identity.from", identity(TrunkIdentity { from: Some(-1), ..Default::default() }), "number (1)"),
        ("settings.identity.privacy", identity(TrunkIdentity { privacy: Some(9), ..Default::default() }), "header (1)"),
        ("settings.numbers.style", TrunkSettings { numbers: Some(style), ..usual() }, "plus (1), digits (2)"),
        ("settings.early", TrunkSettings { early: Some(9), ..usual() }, "passed (1), replaced (2)"),
        ("settings.keys", TrunkSettings { keys: Some(9), ..usual() }, "auto (1), info (2), tones (3)"),
        ("settings.reliable", TrunkSettings { reliable: Some(i32::MIN), ..usual() }, "off (1), supported (2)"),
        ("settings.srtp", TrunkSettings { srtp: Some(9), ..usual() }, "inherit (1), off (2)"),
    ];
    for (field, settings, known) in of_trunk {
        let refused = house.trunks().await.update(update(settings.clone())).await.unwrap_err();
        assert!(fields(&refused) == [field] && refused.message().contains(known), "{field}: {refused}");
        let new = CreateTrunkRequest { name: text("new"), settings: Some(settings), ..Default::default() };
        assert_eq!(fields(&house.trunks().await.create(new).await.unwrap_err()), [field]);
    }
    let rule = GatewaySettings { name: text("one"), rule: Some(9), ..Default::default() };
    let change = UpdateGatewayRequest { trunk: text("berlin"), gateway: Some(rule) };
    let set = SetGatewayRuleRequest { trunk: text("berlin"), name: text("one"), rule: 0 };
    let grants = Grants { classes: vec![1, 99], ..Grants::default() };
    let outside = SetOutsideRequest { tenant: text("acme"), grants: Some(grants), ..Default::default() };
    let route = CreateRouteRequest {
        tenant: text("acme"),
        name: text("new"),
        trunk: text("berlin"),
        classes: vec![0],
        ..Default::default()
    };
    let classes = Some(NumberClasses { classes: vec![2, -1] });
    let changed =
        UpdateRouteRequest { tenant: text("acme"), name: text("home"), classes, ..UpdateRouteRequest::default() };
    for (field, refused) in [
        ("gateway.rule", house.gateways().await.update(change).await.map(drop)),
        ("rule", house.gateways().await.set_rule(set).await.map(drop)),
        ("grants.classes[1]", house.outside().await.set(outside).await.map(drop)),
        ("classes[0]", house.routes().await.create(route).await.map(drop)),
        ("classes[1]", house.routes().await.update(changed).await.map(drop)),
    ] {
        assert_eq!(fields(&refused.unwrap_err()), [field]);
    }
    assert_eq!(house.told(), before, "nothing was made or changed");
}

#[tokio::test]
async fn what_nothing_is_called_is_not_found_and_cannot_be_made() {
    let house = furnished().await;
    let before = house.told();
    for odd in odd_names() {
        let (name, acme) = (|| odd.clone(), || text("acme"));
        let shown: String = odd.chars().take(20).collect();
        let gateway = GatewaySettings { name: name(), host: Some(text("sip.example")), ..Default::default() };
        let route = CreateRouteRequest { name: name(), trunk: text("berlin"), ..Default::default() };
        let add = AddGatewayRequest { trunk: text("berlin"), gateway: Some(gateway.clone()) };
        let with = CreateTrunkRequest { name: text("new"), gateways: vec![gateway], ..Default::default() };
        let number = CreateNumberRequest { tenant: acme(), numbers: name(), ..Default::default() };
        for (what, refused) in [
            (
                "trunk",
                house.trunks().await.create(CreateTrunkRequest { name: name(), ..Default::default() }).await.map(drop),
            ),
            ("gateway of a trunk", house.trunks().await.create(with).await.map(drop)),
            ("gateway", house.gateways().await.add(add).await.map(drop)),
            ("number", house.numbers().await.create(number).await.map(drop)),
            ("route", house.routes().await.create(route).await.map(drop)),
        ] {
            let refused = refused.expect_err(what);
            assert_eq!(refused.code(), Code::InvalidArgument, "{what} {shown:?}: {refused}");
            fields(&refused);
        }
        let to = create_number_request::LeadsTo::User(name());
        let lead =
            CreateNumberRequest { tenant: acme(), numbers: text("+493099"), leads_to: Some(to), ..Default::default() };
        let over =
            CreateNumberRequest { tenant: acme(), numbers: text("+493099"), trunk: name(), ..Default::default() };
        let set = SetOutsideRequest { tenant: acme(), emergency_trunk: Some(name()), ..Default::default() };
        let rule = SetGatewayRuleRequest { trunk: text("berlin"), name: name(), rule: 1 };
        let by = CreateRouteRequest { name: text("new"), trunk: name(), ..Default::default() };
        let limits = GetLimitsRequest { tenant: acme(), user: name(), trunk: String::new() };
        let import = ImportRatesRequest { trunk: name(), ..Default::default() };
        let cdrs = QueryCdrsRequest { tenant: acme(), trunk: name(), ..Default::default() };
        let explain = ExplainRequest { tenant: acme(), number: text("030"), user: name() };
        let watch = WatchTrunksRequest { trunk: name() };
        let rates = GetRatesRequest { trunk: name(), number: String::new() };
        for (what, refused) in [
            ("trunk", house.trunks().await.get(GetTrunkRequest { name: name() }).await.map(drop)),
            ("deletion", house.trunks().await.delete(DeleteTrunkRequest { name: name() }).await.map(drop)),
            ("trunks of a tenant", house.trunks().await.list(ListTrunksRequest { tenant: name() }).await.map(drop)),
            ("watch", house.trunks().await.watch(watch).await.map(drop)),
            ("rule", house.gateways().await.set_rule(rule).await.map(drop)),
            (
                "removal",
                house.gateways().await.remove(RemoveGatewayRequest { trunk: name(), name: name() }).await.map(drop),
            ),
            ("target", house.numbers().await.create(lead).await.map(drop)),
            ("trunk of a number", house.numbers().await.create(over).await.map(drop)),
            ("emergency trunk", house.outside().await.set(set).await.map(drop)),
            ("trunk of a route", house.routes().await.create(by).await.map(drop)),
            ("route", house.routes().await.delete(DeleteRouteRequest { tenant: acme(), name: name() }).await.map(drop)),
            ("routes", house.routes().await.list(ListRoutesRequest { tenant: name(), shared: true }).await.map(drop)),
            ("limits", house.limits().await.get(limits).await.map(drop)),
            ("outside", house.outside().await.get(GetOutsideRequest { tenant: acme(), user: name() }).await.map(drop)),
            ("import", house.routes().await.import_rates(tokio_stream::once(import)).await.map(drop)),
            ("rates", house.routes().await.get_rates(rates).await.map(drop)),
            ("download", house.routes().await.download_rates(DownloadRatesRequest { trunk: name() }).await.map(drop)),
            ("rates gone", house.routes().await.delete_rates(DeleteRatesRequest { trunk: name() }).await.map(drop)),
            ("explanation", house.routes().await.explain(explain).await.map(drop)),
            ("records of a trunk", house.cdrs().await.query(cdrs).await.map(drop)),
        ] {
            let refused = refused.expect_err(what);
            assert_eq!(refused.code(), Code::NotFound, "{what} {shown:?}: {refused}");
        }
        let page = ListNumbersRequest { tenant: acme(), page_token: name(), ..Default::default() };
        assert_eq!(fields(&house.numbers().await.list(page).await.unwrap_err()), ["page_token"], "{shown:?}");
        let gone = DeleteNumberRequest { tenant: acme(), numbers: name() };
        assert_eq!(fields(&house.numbers().await.delete(gone).await.unwrap_err()), ["numbers"], "{shown:?}");
        let moved = UpdateNumberRequest { tenant: acme(), numbers: name(), ..Default::default() };
        assert_eq!(fields(&house.numbers().await.update(moved).await.unwrap_err()), ["numbers"], "{shown:?}");
    }
    assert_eq!(house.told(), before, "nothing was made or changed");
}

/// Times that nobody has: negative, more than there is, and with parts that are none.
fn no_times() -> [Duration; 5] {
    [
        Duration { seconds: i64::MIN, nanos: i32::MIN },
        Duration { seconds: i64::MAX, nanos: i32::MAX },
        Duration { seconds: -1, nanos: 0 },
        Duration { seconds: 100, nanos: -1 },
        Duration { seconds: 100, nanos: 1 },
    ]
}

#[tokio::test]
async fn every_time_of_a_trunk_has_bounds() {
    let house = furnished().await;
    let before = house.told();
    let mut trunks = house.trunks().await;
    let user = || text("4930123");
    let usual = TrunkSettings::default;
    for time in no_times() {
        let time = Some(time);
        let all = TrunkSettings {
            registering: Some(TrunkRegistering { user: user(), expires: time, ..Default::default() }),
            probing: Some(TrunkProbing { interval: time, ..Default::default() }),
            timer: Some(TrunkTimer { expires: time, least: time }),
            patience: time,
            ..usual()
        };
        let wanted = [
            "settings.registering.expires",
            "settings.probing.interval",
            "settings.timer.expires",
            "settings.timer.least",
            "settings.patience",
        ];
        assert_eq!(fields(&trunks.update(update(all)).await.unwrap_err()), wanted, "{time:?}");
    }
    let seconds = |seconds| Some(Duration { seconds, nanos: 0 });
    for (least, most) in [(29, 86_401), (0, i64::from(u32::MAX))] {
        for wrong in [least, most] {
            let registering = Some(TrunkRegistering { user: user(), expires: seconds(wrong), ..Default::default() });
            let refused = trunks.update(update(TrunkSettings { registering, ..usual() })).await.unwrap_err();
            assert_eq!(fields(&refused), ["settings.registering.expires"], "{wrong}");
        }
    }
    let timer = Some(TrunkTimer { expires: seconds(90), least: seconds(91) });
    let refused = trunks.update(update(TrunkSettings { timer, ..usual() })).await.unwrap_err();
    assert_eq!(fields(&refused), ["settings.timer.expires"]);
    assert_eq!(house.told(), before);
}

#[tokio::test]
async fn every_text_and_number_of_a_trunk_has_bounds_and_all_that_is_wrong_is_named() {
    let house = furnished().await;
    let before = house.told();
    let mut trunks = house.trunks().await;
    let usual = TrunkSettings::default;
    let login = |user: String, realm: String, password: &str| TrunkSettings {
        login: Some(TrunkLogin { user, realm, password: Some(text(password)) }),
        ..usual()
    };
    let registering = |user: String, domain: String| TrunkSettings {
        registering: Some(TrunkRegistering { user, domain, expires: None }),
        ..usual()
    };
    let source = |net: &str, port, transport: Option<&str>, certificate: Option<String>| {
        let transport = transport.map(str::to_owned);
        TrunkSettings {
            sources: Some(TrunkSources { sources: vec![TrunkSource { net: text(net), port, transport, certificate }] }),
            ..usual()
        }
    };
    let numbers = |style: NumberStyle, country: &str, international: String, prefix: String| TrunkSettings {
        numbers: Some(TrunkNumberForm { style: style.into(), country: text(country), international, prefix }),
        ..usual()
    };
    let header = |header: String| TrunkSettings {
        choosing: Some(GatewayChoosing { by: GatewayChoice::Hash.into(), over: HashOver::Header.into(), header }),
        ..usual()
    };
    let probing = |down, up, alive| TrunkSettings {
        probing: Some(TrunkProbing { interval: Some(Duration { seconds: 5, nanos: 0 }), down, up, alive }),
        ..usual()
    };
    let many = TrunkSource { net: text("192.0.2.1"), ..Default::default() };
    let many = TrunkSettings { sources: Some(TrunkSources { sources: vec![many; 65] }), ..usual() };
    for (wanted, settings) in [
        (vec!["login.user", "login.realm", "login.password"], login(long(), String::new(), "")),
        (vec!["login.user", "login.realm", "login.password"], login(text("a\"b"), text("a\\b"), "nul\0")),
        (vec!["login.realm", "login.password"], login(text("a"), text("line\r\n"), &long())),
        (vec!["registering.user", "registering.domain"], registering(text("a@b"), text("a b"))),
        (vec!["registering.user", "registering.domain"], registering(text("<sip:x>"), long())),
        (vec!["registering.user"], registering(text("ä"), text("2001:db8::1"))),
        (vec!["registering.domain"], registering(text("a"), text("no:address"))),
        (
            vec!["sources[0].net", "sources[0].port", "sources[0].transport"],
            source("everyone", Some(65_536), Some("wss"), None),
        ),
        (vec!["sources[0].net", "sources[0].certificate"], source("192.0.2.0/33", None, None, Some(text("*\0")))),
        (
            vec!["sources[0].transport"],
            source("192.0.2.1", Some(u32::from(u16::MAX)), Some("udp"), Some(text("sbc.example"))),
        ),
        (vec!["sources"], many),
        (vec!["numbers.country"], numbers(NumberStyle::National, "", String::new(), String::new())),
        (vec!["numbers.prefix", "numbers.country"], numbers(NumberStyle::National, "D1", String::new(), text("+1"))),
        (
            vec!["numbers.prefix", "numbers.international"],
            numbers(NumberStyle::International, "", long(), "1".repeat(17)),
        ),
        (vec!["choosing.header"], header(String::new())),
        (vec!["choosing.header"], header(text("X-A\r\nB"))),
        (vec!["choosing.header"], header(long())),
        (vec!["probing.down", "probing.up", "probing.alive[1]"], probing(101, u32::MAX, vec![200, 199])),
        (vec!["probing.alive"], probing(0, 0, vec![200; 65])),
        (vec!["unknown_number"], TrunkSettings { unknown_number: Some(200), ..usual() }),
        (vec!["unknown_number"], TrunkSettings { unknown_number: Some(u32::MAX), ..usual() }),
        (vec!["codecs"], TrunkSettings { codecs: Some(Names { names: vec![long()] }), ..usual() }),
        (vec!["language"], TrunkSettings { language: Some(text("../de")), ..usual() }),
    ] {
        let wanted: Vec<_> = wanted.into_iter().map(|field| format!("settings.{field}")).collect();
        let refused = trunks.update(update(settings.clone())).await.expect_err(&wanted.concat());
        assert_eq!(fields(&refused), wanted);
        assert!(!format!("{refused:?}").contains("nul\\0"), "no password is repeated");
        let mut new = CreateTrunkRequest { name: text("new"), settings: Some(settings), ..Default::default() };
        new.gateways =
            vec![GatewaySettings { name: text("one"), host: Some(text("sip.example")), ..Default::default() }];
        assert_eq!(fields(&trunks.create(new).await.unwrap_err()), wanted);
    }
    let alone = CreateTrunkRequest {
        name: text("new"),
        settings: Some(registering(text("4930"), String::new())),
        ..Default::default()
    };
    assert_eq!(fields(&trunks.create(alone).await.unwrap_err()), ["settings.registering"], "with whom?");
    assert_eq!(house.told(), before);
}

#[tokio::test]
async fn every_text_and_number_of_a_gateway_has_bounds() {
    let house = furnished().await;
    let before = house.told();
    let usual = || GatewaySettings { name: text("new"), host: Some(text("sip.example")), ..Default::default() };
    let mut gateways = house.gateways().await;
    for (field, gateway) in [
        ("host", GatewaySettings { host: None, ..usual() }),
        ("host", GatewaySettings { host: Some(text("a b")), ..usual() }),
        ("host", GatewaySettings { host: Some(text("[2001:db8::1]")), ..usual() }),
        ("host", GatewaySettings { host: Some(text("sip.example:5060")), ..usual() }),
        ("host", GatewaySettings { host: Some(long()), ..usual() }),
        ("port", GatewaySettings { port: Some(65_536), ..usual() }),
        ("transport", GatewaySettings { transport: Some(text("pigeon")), ..usual() }),
        ("priority", GatewaySettings { priority: Some(u32::MAX), ..usual() }),
        ("weight", GatewaySettings { weight: Some(0), ..usual() }),
        ("weight", GatewaySettings { weight: Some(65_536), ..usual() }),
        ("max_calls", GatewaySettings { max_calls: Some(u32::MAX), ..usual() }),
    ] {
        let add = AddGatewayRequest { trunk: text("berlin"), gateway: Some(gateway.clone()) };
        assert_eq!(fields(&gateways.add(add).await.unwrap_err()), [format!("gateway.{field}")]);
        if gateway.host.is_some() {
            let known = GatewaySettings { name: text("one"), ..gateway.clone() };
            let change = UpdateGatewayRequest { trunk: text("berlin"), gateway: Some(known) };
            assert_eq!(fields(&gateways.update(change).await.unwrap_err()), [format!("gateway.{field}")]);
        }
        let gateways = vec![usual(), gateway];
        let new = CreateTrunkRequest { name: text("rome"), gateways, ..Default::default() };
        let refused = house.trunks().await.create(new).await.unwrap_err();
        assert_eq!(fields(&refused), [format!("gateways[1].{field}")]);
    }
    let numbered = |number: usize| GatewaySettings { name: format!("gw{number}"), ..usual() };
    let many =
        CreateTrunkRequest { name: text("rome"), gateways: (0..100_000).map(numbered).collect(), ..Default::default() };
    assert_eq!(fields(&house.trunks().await.create(many).await.unwrap_err()), ["gateways"]);
    let twice = CreateTrunkRequest { name: text("rome"), gateways: vec![usual(), usual()], ..Default::default() };
    assert_eq!(fields(&house.trunks().await.create(twice).await.unwrap_err()), ["gateways"]);
    let nothing = AddGatewayRequest { trunk: text("berlin"), gateway: None };
    assert_eq!(fields(&gateways.add(nothing).await.unwrap_err()), ["gateway.name", "gateway.host"]);
    assert_eq!(house.told(), before);
}

#[tokio::test]
async fn every_text_and_number_of_routes_numbers_and_grants_has_bounds() {
    let house = furnished().await;
    let before = house.told();
    let acme = || text("acme");
    let route = || CreateRouteRequest {
        tenant: acme(),
        name: text("new"),
        trunk: text("berlin"),
        ..CreateRouteRequest::default()
    };
    let mut routes = house.routes().await;
    for (field, request) in [
        ("prefix", CreateRouteRequest { prefix: text("030"), ..route() }),
        ("prefix", CreateRouteRequest { prefix: text("++49"), ..route() }),
        ("prefix", CreateRouteRequest { prefix: long(), ..route() }),
        ("prefix", CreateRouteRequest { prefix: text("４９"), ..route() }),
        ("priority", CreateRouteRequest { priority: 65_536, ..route() }),
        ("hours", CreateRouteRequest { hours: text("at night"), ..route() }),
        ("hours", CreateRouteRequest { hours: long(), ..route() }),
        ("hours", CreateRouteRequest { hours: text("mo 24:01-25:00"), ..route() }),
        ("classes", CreateRouteRequest { classes: vec![1; 100_000], ..route() }),
        ("trunk", CreateRouteRequest { trunk: String::new(), ..route() }),
    ] {
        assert_eq!(fields(&routes.create(request).await.unwrap_err()), [field]);
    }
    let change = || UpdateRouteRequest { tenant: acme(), name: text("home"), ..UpdateRouteRequest::default() };
    for (field, request) in [
        ("prefix", UpdateRouteRequest { prefix: Some(text("0")), ..change() }),
        ("priority", UpdateRouteRequest { priority: Some(u32::MAX), ..change() }),
        ("hours", UpdateRouteRequest { hours: Some(text("mo\0")), ..change() }),
        ("trunk", UpdateRouteRequest { trunk: Some(String::new()), ..change() }),
        ("name", UpdateRouteRequest { name: String::new(), ..change() }),
    ] {
        assert_eq!(fields(&routes.update(request).await.unwrap_err()), [field]);
    }
    for number in ["", "nul\0", "line\nline", &"1".repeat(65), &long()] {
        let explain = ExplainRequest { tenant: acme(), number: text(number), user: String::new() };
        assert_eq!(fields(&routes.explain(explain).await.unwrap_err()), ["number"]);
    }
    let import = ImportRatesRequest { trunk: text("berlin"), file: long(), ..Default::default() };
    let refused = routes.import_rates(tokio_stream::once(import)).await.unwrap_err();
    assert_eq!(fields(&refused), ["file"]);
    for page_size in [1001, u32::MAX] {
        let list = ListNumbersRequest { tenant: acme(), page_size, page_token: String::new() };
        assert_eq!(fields(&house.numbers().await.list(list).await.unwrap_err()), ["page_size"]);
    }
    for page_token in ["9223372036854775807-9223372036854775808", "-9223372036854775808--1", "1-", "x-1"] {
        let list = ListNumbersRequest { tenant: acme(), page_size: 1, page_token: text(page_token) };
        assert_eq!(fields(&house.numbers().await.list(list).await.unwrap_err()), ["page_token"], "{page_token}");
    }
    let last = text("9223372036854775807-9223372036854775807");
    let list = ListNumbersRequest { tenant: acme(), page_size: 1, page_token: last };
    assert!(house.numbers().await.list(list).await.unwrap().into_inner().numbers.is_empty());
    assert_eq!(house.told(), before);
    assert!(house.exchange.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn every_text_and_list_of_the_way_outside_has_bounds() {
    let house = furnished().await;
    let before = house.told();
    let acme = || SetOutsideRequest { tenant: text("acme"), ..SetOutsideRequest::default() };
    let grants = |countries: Vec<String>, never: Vec<String>| SetOutsideRequest {
        grants: Some(Grants { classes: vec![NumberClass::International.into()], countries, never }),
        ..acme()
    };
    let at = |location| SetOutsideRequest { location: Some(location), ..acme() };
    let everywhere = Location {
        country: text("Germany"),
        region: long(),
        city: text("nul\0"),
        postcode: text("line\n"),
        street: long(),
        house: text("\u{1b}[2J"),
        floor: "x".repeat(129),
        room: long(),
        name: text("\r\n"),
    };
    let parts = ["country", "region", "city", "postcode", "street", "house", "floor", "room", "name"];
    let parts: Vec<_> = parts.map(|part| format!("location.{part}")).into();
    let lost = Grants { countries: vec![text("AT")], ..Grants::default() };
    for (wanted, request) in [
        (vec![text("country")], SetOutsideRequest { country: Some(text("DEU")), ..acme() }),
        (vec![text("country")], SetOutsideRequest { country: Some(text("ä")), ..acme() }),
        (vec![text("area")], SetOutsideRequest { area: Some(text("+30")), ..acme() }),
        (vec![text("area")], SetOutsideRequest { area: Some(long()), ..acme() }),
        (vec![text("line")], SetOutsideRequest { line: Some(text("00000")), ..acme() }),
        (vec![text("shown")], SetOutsideRequest { shown: Some(text("030123")), ..acme() }),
        (vec![text("shown")], SetOutsideRequest { shown: Some(long()), ..acme() }),
        (vec![text("grants.countries[1]")], grants(vec![text("AT"), text("A\0")], Vec::new())),
        (vec![text("grants.countries")], grants(vec![text("AT"); 100_000], Vec::new())),
        (vec![text("grants.never[0]")], grants(Vec::new(), vec![text("0900")])),
        (vec![text("grants.never[0]")], grants(Vec::new(), vec![long()])),
        (vec![text("grants.never")], grants(Vec::new(), vec![text("49900"); 100_000])),
        (vec![text("grants.countries")], SetOutsideRequest { grants: Some(lost), ..acme() }),
        (parts, at(everywhere)),
    ] {
        let refused = house.outside().await.set(request).await.expect_err(&wanted.concat());
        assert_eq!(fields(&refused), wanted);
    }
    assert_eq!(house.told(), before);
    // Where nothing is said there is nothing to be refused, and a prefix of nothing forbids nothing.
    let set = grants(Vec::new(), vec![text("+"), String::new()]);
    let outside = house.outside().await.set(set).await.unwrap().into_inner();
    assert!(outside.grants.unwrap().never.is_empty());
}
