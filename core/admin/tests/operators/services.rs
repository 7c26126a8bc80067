//! Every service does what its proto file says.

use admin::Change;
use admin::v1::{
    ActivateDialplanRequest, Call, CallDirection, CallState, CreateTenantRequest, CreateUserRequest,
    DeactivateDialplanRequest, DeleteTenantRequest, DeleteUserRequest, Disposition, GetActiveDialplanRequest,
    GetCallRequest, GetCdrRequest, GetTenantRequest, GetUserRequest, HangupRequest, ListCallsRequest,
    ListDialplanVersionsRequest, ListRegistrationsRequest, ListTenantsRequest, ListUsersRequest, Names, NumberClass,
    QueryCdrsRequest, Side, Srtp, UpdateTenantRequest, UpdateUserRequest, UploadDialplanRequest,
};
use prost_types::{Duration, Timestamp};
use switch::{Cause, Event, Ha1, Label, TenantId};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::house::{House, at, call_uid, cdr, component};

fn acme() -> String {
    "acme".to_owned()
}

fn fields(status: &Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    let details = status.get_details_bad_request().expect("details");
    let fields: Vec<_> = details.field_violations.iter().map(|wrong| wrong.field.clone()).collect();
    for field in &fields {
        assert!(status.message().contains(field.as_str()), "{field} in {:?}", status.message());
    }
    fields
}

#[tokio::test]
async fn a_tenant_is_made_found_changed_and_deleted() {
    let house = House::built().await;
    let mut tenants = house.tenants().await;
    let made = tenants
        .create(CreateTenantRequest {
            name: acme(),
            domains: vec!["SIP.acme.example".to_owned()],
            time_zone: "Europe/Berlin".to_owned(),
            max_calls: Some(7),
            ring_time: Some(Duration { seconds: 25, nanos: 0 }),
            fallback_status: Some(480),
            peers: vec!["192.0.2.0/24".to_owned()],
            country: "at".to_owned(),
            language: "de_AT".to_owned(),
            music: "jazz".to_owned(),
            ..Default::default()
        })
        .await
        .unwrap()
        .into_inner();
    let habits = (made.country.as_deref(), made.language.as_deref(), made.music.as_deref());
    assert_eq!(habits, (Some("AT"), Some("de-at"), Some("jazz")));
    assert_eq!((made.name.as_str(), made.realm.as_str()), ("acme", "sip.acme.example"));
    assert_eq!((made.max_calls, made.fallback_status), (Some(7), Some(480)));
    assert_eq!(made.ring_time.unwrap().seconds, 25);
    let id = TenantId(made.id);

    let found = tenants.get(GetTenantRequest { name: acme() }).await.unwrap().into_inner();
    assert_eq!(found, made);
    assert_eq!(tenants.list(ListTenantsRequest {}).await.unwrap().into_inner().tenants, std::slice::from_ref(&made));

    let changed = tenants
        .update(UpdateTenantRequest {
            name: acme(),
            max_calls: Some(0),
            fallback_status: Some(0),
            hosts: Some(Names { names: vec!["carrier.example".to_owned()] }),
            srtp: Some(Srtp::Optional.into()),
            codecs: Some(Names { names: vec!["g722".to_owned()] }),
            country: Some("de".to_owned()),
            music: Some(String::new()),
            peers: Some(Names::default()),
            ..Default::default()
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!((changed.max_calls, changed.fallback_status), (None, None));
    assert_eq!((changed.hosts.len(), changed.peers.len()), (1, 0));
    assert_eq!((changed.srtp(), changed.codecs.as_slice()), (Srtp::Optional, ["g722".to_owned()].as_slice()));
    assert_eq!((&changed.domains, &changed.time_zone), (&made.domains, &made.time_zone), "what was absent stays");
    let habits = (changed.country.as_deref(), changed.language.as_deref(), changed.music.as_deref());
    assert_eq!(habits, (Some("DE"), Some("de-at"), None), "and what is empty is everybody's");
    let wrong = UpdateTenantRequest {
        name: acme(),
        country: Some("atlantis".to_owned()),
        language: Some("../de".to_owned()),
        music: Some("../welcome".to_owned()),
        ..Default::default()
    };
    let refused = tenants.update(wrong).await.unwrap_err();
    assert_eq!(fields(&refused), ["language", "country", "music"]);
    assert!(refused.message().contains("country") && format!("{refused:?}").contains("DE, "), "{refused:?}");

    tenants.delete(DeleteTenantRequest { name: acme() }).await.unwrap();
    assert_eq!(tenants.get(GetTenantRequest { name: acme() }).await.unwrap_err().code(), Code::NotFound);
    let changes = house.exchange.changes.lock().unwrap().clone();
    assert_eq!(changes, [Change::TenantPut(id), Change::TenantPut(id), Change::TenantGone(id)]);
}

#[tokio::test]
async fn a_tenant_with_a_taken_name_or_domain_is_refused_as_existing() {
    let (house, _) = House::with_acme().await;
    let mut tenants = house.tenants().await;
    let same_name = CreateTenantRequest { name: acme(), ..Default::default() };
    assert_eq!(tenants.create(same_name).await.unwrap_err().code(), Code::AlreadyExists);
    let domains = vec!["acme.example".to_owned()];
    let same_domain = CreateTenantRequest { name: "other".to_owned(), domains, ..Default::default() };
    assert_eq!(tenants.create(same_domain).await.unwrap_err().code(), Code::AlreadyExists);
    assert_eq!(tenants.list(ListTenantsRequest {}).await.unwrap().into_inner().tenants.len(), 1, "nothing half-made");
}

#[tokio::test]
async fn every_wrong_field_of_a_tenant_is_named() {
    let house = House::built().await;
    let mut tenants = house.tenants().await;
    let refused = tenants
        .create(CreateTenantRequest {
            name: acme(),
            realm: "quo\"ted".to_owned(),
            time_zone: "Mars/Olympus".to_owned(),
            ring_time: Some(Duration { seconds: -1, nanos: 0 }),
            fallback_status: Some(200),
            max_calls: Some(u32::MAX),
            peers: vec!["192.0.2.1".to_owned(), "everyone".to_owned()],
            hosts: vec!["a b".to_owned()],
            ..Default::default()
        })
        .await
        .unwrap_err();
    let named = ["realm", "time_zone", "max_calls", "ring_time", "fallback_status", "peers[1]", "hosts[0]"];
    assert_eq!(fields(&refused), named);
    let refused = tenants.create(CreateTenantRequest { name: "a b".to_owned(), ..Default::default() }).await;
    assert_eq!(fields(&refused.unwrap_err()), ["name"]);
    let domains = vec!["no host".to_owned()];
    let refused = tenants.create(CreateTenantRequest { name: acme(), domains, ..Default::default() }).await;
    assert_eq!(fields(&refused.unwrap_err()), ["domains"]);
    assert_eq!(fields(&tenants.get(GetTenantRequest::default()).await.unwrap_err()), ["name"]);
    assert!(house.exchange.changes.lock().unwrap().is_empty(), "nothing was changed");
}

#[tokio::test]
async fn a_user_is_made_found_changed_and_deleted() {
    let (house, tenant) = House::with_acme().await;
    house.exchange.changes.lock().unwrap().clear();
    let mut users = house.users().await;
    let made = users
        .create(CreateUserRequest {
            tenant: acme(),
            name: "alice".to_owned(),
            password: "correct horse".to_owned(),
            display_name: Some("Alice A.".to_owned()),
            extension: Some("1001".to_owned()),
            srtp: Srtp::Required.into(),
            codecs: vec!["OPUS".to_owned(), "pcma".to_owned()],
            language: "fr".to_owned(),
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!((made.tenant.as_str(), made.name.as_str(), made.enabled), ("acme", "alice", true));
    assert_eq!((made.srtp(), made.codecs.join(" ")), (Srtp::Required, "opus pcma".to_owned()));
    let kept = house.store.users(tenant).by_name("alice").await.unwrap();
    assert!(kept.ha1 == Ha1::of("alice", "acme.example", "correct horse"), "only its digests are kept");

    let name = "alice".to_owned();
    let found = users.get(GetUserRequest { tenant: acme(), name: name.clone() }).await.unwrap().into_inner();
    assert_eq!(found, made);
    assert_eq!(
        users.list(ListUsersRequest { tenant: acme() }).await.unwrap().into_inner().users,
        std::slice::from_ref(&made)
    );

    let changed = users
        .update(UpdateUserRequest {
            tenant: acme(),
            name: name.clone(),
            password: Some("battery staple".to_owned()),
            display_name: Some(String::new()),
            enabled: Some(false),
            srtp: Some(Srtp::Inherit.into()),
            ..Default::default()
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!((changed.display_name.as_deref(), changed.enabled), (None, false));
    assert_eq!(changed.extension.as_deref(), Some("1001"), "what was absent stays");
    assert_eq!((changed.srtp(), changed.codecs.len(), changed.language.as_deref()), (Srtp::Inherit, 2, Some("fr")));
    let kept = house.store.users(tenant).by_name("alice").await.unwrap();
    assert!(kept.ha1 == Ha1::of("alice", "acme.example", "battery staple"));

    users.delete(DeleteUserRequest { tenant: acme(), name: name.clone() }).await.unwrap();
    let gone = users.get(GetUserRequest { tenant: acme(), name: name.clone() }).await.unwrap_err();
    assert_eq!((gone.code(), gone.message()), (Code::NotFound, "there is no such user"));
    let changes = house.exchange.changes.lock().unwrap().clone();
    let put = Change::UserPut(tenant, kept.id);
    assert_eq!(changes, [put.clone(), put, Change::UserGone { tenant, user: kept.id, name }]);
}

#[tokio::test]
async fn every_wrong_field_of_a_user_is_named_and_its_password_is_not_repeated() {
    let (house, _) = House::with_acme().await;
    let mut users = house.users().await;
    let bad = |name: &str, password: &str, extension: &str| CreateUserRequest {
        tenant: acme(),
        name: name.to_owned(),
        password: password.to_owned(),
        extension: Some(extension.to_owned()),
        ..Default::default()
    };
    let refused = users.create(bad("al ice", "secret7", "1001")).await.unwrap_err();
    assert_eq!(fields(&refused), ["name", "password"]);
    assert!(!format!("{refused:?}").contains("secret7"));
    assert_eq!(fields(&users.create(bad("alice", "correct horse", "x")).await.unwrap_err()), ["extension"]);
    assert_eq!(fields(&users.create(bad("alice", "correct\nhorse", "1")).await.unwrap_err()), ["password"]);
    users.create(bad("alice", "correct horse", "1001")).await.unwrap();
    assert_eq!(users.create(bad("bob", "correct horse", "1001")).await.unwrap_err().code(), Code::AlreadyExists);
    let short = UpdateUserRequest {
        tenant: acme(),
        name: "alice".to_owned(),
        password: Some("short".to_owned()),
        ..Default::default()
    };
    assert_eq!(fields(&users.update(short).await.unwrap_err()), ["password"]);
    let deaf = UpdateUserRequest {
        tenant: acme(),
        name: "alice".to_owned(),
        codecs: Some(Names { names: vec!["opus".to_owned(), "mp3".to_owned()] }),
        srtp: Some(Srtp::Unspecified.into()),
        ..Default::default()
    };
    assert_eq!(fields(&users.update(deaf).await.unwrap_err()), ["srtp", "codecs"]);
    assert_eq!(fields(&users.list(ListUsersRequest::default()).await.unwrap_err()), ["tenant"]);
}

#[tokio::test]
async fn registrations_are_listed_by_user() {
    let (house, tenant) = House::with_acme().await;
    house.registers(tenant, "bob");
    house.registers(tenant, "alice");
    let mut registrations = house.registrations().await;
    let list = |user: &str| ListRegistrationsRequest { tenant: acme(), user: user.to_owned() };
    let all = registrations.list(list("")).await.unwrap().into_inner().registrations;
    let users: Vec<_> = all.iter().map(|one| one.user.as_str()).collect();
    assert_eq!(users, ["alice", "bob"]);
    assert_eq!((all[0].contact.as_str(), all[0].q), ("sip:alice@10.0.0.7:5062", 0.5));
    assert_eq!(all[0].expires, Some(Timestamp::from(at(3600))));
    let bobs = registrations.list(list("bob")).await.unwrap().into_inner().registrations;
    assert_eq!(bobs, [all[1].clone()]);
}

#[tokio::test]
async fn a_dialplan_is_uploaded_activated_and_taken_back() {
    let (house, tenant) = House::with_acme().await;
    house.exchange.changes.lock().unwrap().clear();
    let mut dialplans = house.dialplans().await;
    let upload = |body: &[u8], activate| UploadDialplanRequest {
        tenant: acme(),
        name: "office".to_owned(),
        component: component(body),
        activate,
    };
    let none = dialplans.get_active(GetActiveDialplanRequest { tenant: acme() }).await.unwrap_err();
    assert_eq!(none.code(), Code::NotFound);
    let one = dialplans.upload(upload(b"one", false)).await.unwrap().into_inner();
    assert_eq!((one.name.as_str(), one.hash.len(), one.active), ("office", 64, false));
    assert!(house.exchange.changes.lock().unwrap().is_empty(), "an upload alone changes no call");
    let two = dialplans.upload(upload(b"two", true)).await.unwrap().into_inner();
    assert!(two.active);
    let again = dialplans.upload(upload(b"one", false)).await.unwrap().into_inner();
    assert_eq!(again, one, "the same bytes are the same version");

    let list = ListDialplanVersionsRequest { tenant: acme() };
    let versions = dialplans.list_versions(list).await.unwrap().into_inner().versions;
    assert_eq!(versions, [two.clone(), one.clone()], "newest first");

    let back = ActivateDialplanRequest { tenant: acme(), hash: one.hash.clone(), ..Default::default() };
    assert!(dialplans.activate(back).await.unwrap().into_inner().active);
    let active = dialplans.get_active(GetActiveDialplanRequest { tenant: acme() }).await.unwrap().into_inner();
    assert_eq!(active.hash, one.hash);
    dialplans.deactivate(DeactivateDialplanRequest { tenant: acme() }).await.unwrap();
    let none = dialplans.get_active(GetActiveDialplanRequest { tenant: acme() }).await.unwrap_err();
    assert_eq!(none.code(), Code::NotFound);
    assert_eq!(*house.exchange.changes.lock().unwrap(), vec![Change::Dialplan(tenant); 3]);
}

#[tokio::test]
async fn what_is_no_dialplan_is_refused_with_the_reason() {
    let (house, _) = House::with_acme().await;
    let mut dialplans = house.dialplans().await;
    for (bytes, why) in [
        (Vec::new(), "needed"),
        (b"#!/bin/sh".to_vec(), "no WebAssembly"),
        (component(b"broken"), "exports no `application`"),
    ] {
        let request =
            UploadDialplanRequest { tenant: acme(), name: "office".to_owned(), component: bytes, activate: true };
        let refused = dialplans.upload(request).await.unwrap_err();
        assert_eq!(fields(&refused), ["component"]);
        assert!(refused.message().contains(why), "{why:?} in {:?}", refused.message());
    }
    let unknown = ActivateDialplanRequest { tenant: acme(), hash: "0".repeat(64), ..Default::default() };
    assert_eq!(dialplans.activate(unknown).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn two_dialplans_of_the_same_bytes_are_told_apart_by_name() {
    let (house, _) = House::with_acme().await;
    let mut dialplans = house.dialplans().await;
    let mut hash = String::new();
    for name in ["day", "night"] {
        let request = UploadDialplanRequest {
            tenant: acme(),
            name: name.to_owned(),
            component: component(b"same"),
            activate: false,
        };
        hash = dialplans.upload(request).await.unwrap().into_inner().hash;
    }
    let mut request = ActivateDialplanRequest { tenant: acme(), hash, ..Default::default() };
    assert_eq!(fields(&dialplans.activate(request.clone()).await.unwrap_err()), ["name"]);
    request.name = "night".to_owned();
    assert_eq!(dialplans.activate(request).await.unwrap().into_inner().name, "night");
}

#[tokio::test]
async fn a_core_module_as_compilers_write_it_is_taken_too() {
    let (house, _) = House::with_acme().await;
    let component = b"\0asm\x01\0\0\0".to_vec();
    let request = UploadDialplanRequest { tenant: acme(), name: "office".to_owned(), component, activate: false };
    house.dialplans().await.upload(request).await.unwrap();
}

#[tokio::test]
async fn a_dialplan_of_many_megabytes_is_taken() {
    let (house, _) = House::with_acme().await;
    let component = component(&vec![0; 12 * 1024 * 1024]);
    let request = UploadDialplanRequest { tenant: acme(), name: "interpreter".to_owned(), component, activate: false };
    house.dialplans().await.upload(request).await.unwrap();
}

#[tokio::test]
async fn calls_are_listed_followed_and_hung_up() {
    let (house, tenant) = House::with_acme().await;
    let (board, mut calls) = (&house.exchange.board, house.calls().await);
    let first = house.exchange.arrives(1, tenant, "alice", "1002");
    house.exchange.arrives(2, tenant, "carol", "1003");
    let label = Label { name: "office".to_owned(), version: "abcdef".to_owned() };
    board.hear(first, at(1), &Event::Attached(label));
    board.hear(first, at(2), &Event::Ringing { target: "bob".to_owned() });
    board.hear(first, at(5), &Event::Bridged { target: "bob".to_owned() });
    board.hear(first, at(6), &Event::Held(switch::Side::Callee));

    let list = calls.list(ListCallsRequest { tenant: acme() }).await.unwrap().into_inner().calls;
    assert_eq!(list.len(), 2);
    assert_eq!((list[0].state(), list[1].state()), (CallState::Held, CallState::Deciding));
    assert_eq!(list[0].held_by().collect::<Vec<_>>(), [Side::Callee]);
    assert_eq!((list[0].targets.as_slice(), list[0].bridged), (["bob".to_owned()].as_slice(), Some(at(5).into())));

    let uid = call_uid(1).to_string();
    let get = GetCallRequest { tenant: acme(), uid: uid.clone() };
    let legs = cdr(1, tenant, "alice", "1002").legs;
    *house.exchange.legs.lock().unwrap() = legs.clone();
    let got = calls.get(get.clone()).await.unwrap().into_inner();
    assert_eq!(Call { legs: Vec::new(), ..got.clone() }, list[0]);
    assert_eq!(got.legs.len(), legs.len());
    let caller = got.legs[0].media.unwrap();
    assert_eq!((caller.rtt_us, caller.far_lost, caller.mos), (Some(41_300), Some(5), Some(4.38)));
    let hangup = |cause| HangupRequest { tenant: acme(), uid: uid.clone(), cause };
    assert_eq!(fields(&calls.hangup(hangup(128)).await.unwrap_err()), ["cause"]);
    let broken = HangupRequest { uid: "beef".to_owned(), ..hangup(0) };
    assert_eq!(fields(&calls.hangup(broken).await.unwrap_err()), ["uid"]);
    calls.hangup(hangup(0)).await.unwrap();
    assert_eq!(*house.exchange.hung_up.lock().unwrap(), [(tenant, call_uid(1), Cause::NORMAL)]);
    assert_eq!(calls.hangup(hangup(0)).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(calls.get(get).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn a_call_record_is_given_whole() {
    let (house, tenant) = House::with_acme().await;
    house.keeps(vec![cdr(1, tenant, "alice", "1002")]).await;
    let get = GetCdrRequest { tenant: acme(), uid: call_uid(1).to_string() };
    let found = house.cdrs().await.get(get).await.unwrap().into_inner();
    assert_eq!((found.caller.as_str(), found.callee.as_str()), ("alice", "1002"));
    assert_eq!((found.disposition(), found.cause, found.ended_by()), (Disposition::Answered, 16, Side::Callee));
    assert_eq!(found.direction(), CallDirection::Internal);
    assert_eq!(found.talk.unwrap().seconds, 65);
    assert_eq!(found.application.unwrap().version, "abcdef0123456789");
    assert_eq!(found.legs.len(), 2);
    let [caller, callee] = [0, 1].map(|leg: usize| found.legs[leg].media.unwrap());
    assert_eq!((caller.jitter_us, caller.rtt_us, caller.far_lost), (Some(1500), Some(41_300), Some(5)));
    assert_eq!((caller.far_jitter_us, caller.r_factor, caller.mos), (Some(2250), Some(91.3), Some(4.38)));
    assert_eq!((callee.jitter_us, callee.rtt_us, callee.far_lost), (Some(1500), None, None), "unknown is not nothing");
    assert_eq!((callee.r_factor, callee.mos), (None, None));
}

/// What a call by this trunk was charged, to a number in Berlin.
pub(crate) fn charged(trunk: i64) -> switch::Charge {
    switch::Charge {
        trunk: switch::TrunkId(trunk),
        number: switch::Number::World("+4930123456".parse().unwrap()),
        class: switch::NumberClass::National,
        rate: Some(crate::carriers::rate()),
        seconds: 65,
        cost: switch::Money(63_542),
        user: Some(switch::UserId(3)),
    }
}

#[tokio::test]
async fn a_call_record_tells_trunk_gateway_rate_and_cost() {
    let (house, tenant) = House::with_acme().await;
    let berlin = house.trunk("berlin", "").await;
    let mut out = cdr(1, tenant, "alice", "030123456");
    out.charge = Some(charged(berlin.id));
    out.legs[1].gateway = Some(switch::Via { trunk: "berlin".to_owned(), gateway: Some("one".to_owned()) });
    let came = switch::Cdr { came_over: Some(switch::TrunkId(berlin.id)), ..cdr(2, tenant, "+33123", "+4930123") };
    let gone = switch::Cdr { charge: Some(charged(4711)), ..cdr(3, tenant, "alice", "030123456") };
    house.keeps(vec![out, came, gone, cdr(4, tenant, "alice", "1002")]).await;
    let mut cdrs = house.cdrs().await;
    let mut get = async |number| {
        let get = GetCdrRequest { tenant: acme(), uid: call_uid(number).to_string() };
        cdrs.get(get).await.unwrap().into_inner()
    };
    let found = get(1).await;
    let charge = found.charge.unwrap();
    assert_eq!((charge.trunk.as_str(), charge.number.as_str(), charge.seconds), ("berlin", "+4930123456", 65));
    assert_eq!((charge.class(), charge.cost.as_str(), charge.user_id), (NumberClass::National, "0.063542", Some(3)));
    let rate = charge.rate.unwrap();
    assert_eq!((rate.connect.as_str(), rate.per_minute.as_str(), rate.first, rate.step), ("0.05", "0.0125", 60, 1));
    let via = found.legs[1].via.as_ref().unwrap();
    assert_eq!((via.trunk.as_str(), via.gateway.as_deref(), &found.legs[0].via), ("berlin", Some("one"), &None));
    assert_eq!((get(2).await.came_over.as_deref(), get(2).await.charge), (Some("berlin"), None));
    assert_eq!(get(3).await.charge.unwrap().trunk, "#4711", "it is gone, and nobody else has its id");
    assert_eq!((get(4).await.charge, get(4).await.came_over), (None, None));
    let by = QueryCdrsRequest { tenant: acme(), trunk: "berlin".to_owned(), ..Default::default() };
    let found = house.cdrs().await.query(by).await.unwrap().into_inner().cdrs;
    let uids: Vec<_> = found.into_iter().map(|cdr| cdr.uid).collect();
    assert_eq!(uids, [call_uid(2).to_string(), call_uid(1).to_string()], "in and out");
}

#[tokio::test]
async fn call_records_are_filtered() {
    let (house, tenant) = House::with_acme().await;
    let (disposition, direction) = (switch::Disposition::Busy, switch::CallDirection::Inbound);
    let busy = switch::Cdr { disposition, direction, ..cdr(3, tenant, "carol", "1002") };
    house.keeps(vec![cdr(1, tenant, "alice", "1002"), cdr(2, tenant, "alice", "1003"), busy]).await;
    let mut cdrs = house.cdrs().await;
    let any = QueryCdrsRequest { tenant: acme(), ..Default::default() };
    for (wanted, request) in [
        (vec![3, 2, 1], any.clone()),
        (vec![2, 1], QueryCdrsRequest { caller: "alice".to_owned(), ..any.clone() }),
        (vec![3, 1], QueryCdrsRequest { callee: "1002".to_owned(), ..any.clone() }),
        (vec![3], QueryCdrsRequest { disposition: Disposition::Busy.into(), ..any.clone() }),
        (vec![3], QueryCdrsRequest { direction: CallDirection::Inbound.into(), ..any.clone() }),
        (vec![], QueryCdrsRequest { direction: CallDirection::Originated.into(), ..any.clone() }),
        (vec![3, 2], QueryCdrsRequest { since: Some(at(200).into()), ..any.clone() }),
        (vec![1], QueryCdrsRequest { until: Some(at(200).into()), ..any.clone() }),
        (vec![], QueryCdrsRequest { caller: "nobody".to_owned(), ..any.clone() }),
    ] {
        let found = cdrs.query(request.clone()).await.unwrap().into_inner().cdrs;
        let uids: Vec<_> = found.into_iter().map(|cdr| cdr.uid).collect();
        let wanted: Vec<_> = wanted.into_iter().map(|number| call_uid(number).to_string()).collect();
        assert_eq!(uids, wanted, "{request:?}");
    }
    let wrong = QueryCdrsRequest {
        page_size: 1001,
        disposition: 99,
        direction: 5,
        since: Some(Timestamp { seconds: i64::MAX, nanos: -1 }),
        ..any
    };
    assert_eq!(fields(&cdrs.query(wrong).await.unwrap_err()), ["page_size", "disposition", "direction", "since"]);
}

#[tokio::test]
async fn call_records_come_page_by_page_none_twice_and_none_left_out() {
    let (house, tenant) = House::with_acme().await;
    // Two of them at the same instant, where a page may end.
    let twin = switch::Cdr { arrived: at(300), ..cdr(4, tenant, "alice", "1002") };
    let mut kept: Vec<_> = [1, 2, 3, 5].map(|number| cdr(number, tenant, "alice", "1002")).into();
    kept.push(twin);
    house.keeps(kept).await;
    let mut cdrs = house.cdrs().await;
    let mut request = QueryCdrsRequest { tenant: acme(), page_size: 2, ..Default::default() };
    let mut pages = Vec::new();
    loop {
        let page = cdrs.query(request.clone()).await.unwrap().into_inner();
        pages.push(page.cdrs.into_iter().map(|cdr| cdr.uid).collect::<Vec<_>>());
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
    let uids: Vec<_> = pages.concat();
    let wanted = [5, 4, 3, 2, 1].map(|number| call_uid(number).to_string());
    assert_eq!(uids, wanted);
    request.page_token = "nonsense".to_owned();
    assert_eq!(cdrs.query(request).await.unwrap_err().code(), Code::InvalidArgument);
}
