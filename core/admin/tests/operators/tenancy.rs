//! Tenant A × tenant B × every RPC: nothing is seen or reached across.

use admin::v1::{
    ActivateDialplanRequest, CreateNumberRequest, CreateRoomRequest, CreateRouteRequest, CreateTrunkRequest,
    DeactivateDialplanRequest, DeleteNumberRequest, DeleteRoomRequest, DeleteRouteRequest, DeleteUserRequest,
    ExplainRequest, GetActiveDialplanRequest, GetCallRequest, GetCdrRequest, GetLimitsRequest, GetOpenRoomRequest,
    GetOutsideRequest, GetRoomRequest, GetSpentRequest, GetUserRequest, HangupRequest, HushRequest, ListCallsRequest,
    ListDialplanVersionsRequest, ListNumbersRequest, ListOpenRoomsRequest, ListRegistrationsRequest, ListRoomsRequest,
    ListRoutesRequest, ListTrunksRequest, ListUsersRequest, MusicRequest, PlayRequest, QueryCdrsRequest,
    RoomAnnounceRequest, RoomDeafenRequest, RoomEndRequest, RoomInviteRequest, RoomKickRequest, RoomLockRequest,
    RoomMuteAllRequest, RoomMuteRequest, RoomPauseRecordingRequest, RoomRecordRequest, RoomStopRecordingRequest,
    RoomVolumeRequest, SetLimitsRequest, SetOutsideRequest, Sound, StopRequest, UpdateNumberRequest, UpdateRoomRequest,
    UpdateRouteRequest, UpdateUserRequest, UploadDialplanRequest, WatchCallsRequest, WatchRoomsRequest,
    create_number_request, room_event, room_invite_request, sound,
};
use switch::TenantId;
use tonic::Code;

use crate::guard::methods;
use crate::house::{House, at, call_uid, cdr, component};

/// Every RPC that takes a tenant; one that is not tried makes the first test fail. Those of mailboxes are tried in
/// `voicemail::tenancy`.
const TRIED: [&str; 97] = [
    "CallService.Get",
    "CallService.Hangup",
    "CallService.Hush",
    "CallService.List",
    "CallService.Music",
    "CallService.PauseRecording",
    "CallService.Play",
    "CallService.ResumeRecording",
    "CallService.StartRecording",
    "CallService.Stop",
    "CallService.StopRecording",
    "CallService.Watch",
    "CdrService.Get",
    "CdrService.Query",
    "DialplanService.Activate",
    "DialplanService.Deactivate",
    "DialplanService.GetActive",
    "DialplanService.ListVersions",
    "DialplanService.Upload",
    "LimitService.Get",
    "LimitService.GetSpent",
    "LimitService.Set",
    "NumberService.Create",
    "NumberService.Delete",
    "NumberService.List",
    "NumberService.Update",
    "OutsideService.Get",
    "OutsideService.Set",
    "PromptService.Delete",
    "PromptService.Download",
    "PromptService.List",
    "PromptService.Upload",
    "RecordingService.Delete",
    "RecordingService.Download",
    "RecordingService.Get",
    "RecordingService.List",
    "RegistrationService.List",
    "RoomService.Announce",
    "RoomService.Create",
    "RoomService.Deafen",
    "RoomService.Delete",
    "RoomService.End",
    "RoomService.Get",
    "RoomService.GetOpen",
    "RoomService.Invite",
    "RoomService.Kick",
    "RoomService.List",
    "RoomService.ListOpen",
    "RoomService.Lock",
    "RoomService.Mute",
    "RoomService.MuteAll",
    "RoomService.PauseRecording",
    "RoomService.Record",
    "RoomService.StopRecording",
    "RoomService.Update",
    "RoomService.Volume",
    "RoomService.Watch",
    "RouteService.Create",
    "RouteService.Delete",
    "RouteService.Explain",
    "RouteService.List",
    "RouteService.Update",
    "TrunkService.Create",
    "TrunkService.List",
    "UserService.Create",
    "UserService.Delete",
    "UserService.Get",
    "UserService.List",
    "UserService.Update",
    "VoicemailService.Create",
    "VoicemailService.Delete",
    "VoicemailService.DeleteGreeting",
    "VoicemailService.DeleteList",
    "VoicemailService.DeleteMessage",
    "VoicemailService.DeleteTemplate",
    "VoicemailService.DownloadGreeting",
    "VoicemailService.DownloadMessage",
    "VoicemailService.ForwardMessage",
    "VoicemailService.Get",
    "VoicemailService.GetMessage",
    "VoicemailService.GetPolicy",
    "VoicemailService.ImportMessage",
    "VoicemailService.List",
    "VoicemailService.ListGreetings",
    "VoicemailService.ListLists",
    "VoicemailService.ListMail",
    "VoicemailService.ListMessages",
    "VoicemailService.ListTemplates",
    "VoicemailService.MarkMessage",
    "VoicemailService.MoveMessage",
    "VoicemailService.PutList",
    "VoicemailService.PutTemplate",
    "VoicemailService.RetryMail",
    "VoicemailService.SetPolicy",
    "VoicemailService.Update",
    "VoicemailService.UploadGreeting",
    "VoicemailService.Watch",
];

#[test]
fn every_rpc_that_takes_a_tenant_is_tried() {
    let mut all: Vec<_> = methods()
        .iter()
        .filter(|method| method.input().get_field_by_name("tenant").is_some())
        .map(|method| format!("{}.{}", method.parent_service().name(), method.name()))
        .collect();
    all.sort();
    assert_eq!(all, TRIED);
    let others = methods().into_iter().filter(|method| method.input().get_field_by_name("tenant").is_none());
    // Trunks, their gateways and their rates are the operator's, as tenants themselves are.
    let operators = |service: &str, method: &str| match service {
        "TenantService" | "TrunkService" | "GatewayService" => true,
        "RouteService" => method.ends_with("Rates"),
        _ => false,
    };
    assert!(others.into_iter().all(|method| operators(method.parent_service().name(), method.name())));
}

fn umbrella() -> String {
    "umbrella".to_owned()
}

/// Acme has one of everything, umbrella has nothing.
async fn two_tenants() -> (House, TenantId, String) {
    let (house, acme) = House::with_acme().await;
    house.tenant("umbrella").await;
    house.user("acme", "alice", "1001").await;
    house.registers(acme, "alice");
    house.exchange.arrives(1, acme, "alice", "1002");
    house.keeps(vec![cdr(9, acme, "alice", "1002")]).await;
    let upload = UploadDialplanRequest {
        tenant: "acme".to_owned(),
        name: "office".to_owned(),
        component: component(b"acme's"),
        activate: true,
    };
    let room = CreateRoomRequest { tenant: "acme".to_owned(), name: "600".to_owned(), ..Default::default() };
    house.rooms().await.create(room).await.unwrap();
    house.exchange.opens(acme, "600");
    let hash = house.dialplans().await.upload(upload).await.unwrap().into_inner().hash;
    (house, acme, hash)
}

#[tokio::test]
async fn lists_of_one_tenant_show_nothing_of_another() {
    let (house, ..) = two_tenants().await;
    let tenant = umbrella();
    let users = house.users().await.list(ListUsersRequest { tenant: umbrella() }).await.unwrap().into_inner();
    assert!(users.users.is_empty());
    let request = ListRegistrationsRequest { tenant: umbrella(), user: "alice".to_owned() };
    let registrations = house.registrations().await.list(request).await.unwrap().into_inner();
    assert!(registrations.registrations.is_empty());
    let request = ListDialplanVersionsRequest { tenant: umbrella() };
    let versions = house.dialplans().await.list_versions(request).await.unwrap().into_inner();
    assert!(versions.versions.is_empty());
    let calls = house.calls().await.list(ListCallsRequest { tenant: umbrella() }).await.unwrap().into_inner();
    assert!(calls.calls.is_empty());
    let rooms = house.rooms().await.list(ListRoomsRequest { tenant: umbrella() }).await.unwrap().into_inner();
    assert!(rooms.rooms.is_empty());
    let open = house.rooms().await.list_open(ListOpenRoomsRequest { tenant: umbrella() }).await.unwrap().into_inner();
    assert!(open.rooms.is_empty());
    let cdrs = house.cdrs().await.query(QueryCdrsRequest { tenant, ..Default::default() }).await.unwrap().into_inner();
    assert!(cdrs.cdrs.is_empty());
}

#[tokio::test]
async fn nothing_of_one_tenant_is_found_or_changed_through_another() {
    let (house, acme, hash) = two_tenants().await;
    let before = house.exchange.changes.lock().unwrap().len();
    let (name, uid) = ("alice".to_owned(), call_uid(1).to_string());
    let (mut users, mut calls) = (house.users().await, house.calls().await);
    let (mut dialplans, mut cdrs) = (house.dialplans().await, house.cdrs().await);
    let update = UpdateUserRequest {
        tenant: umbrella(),
        name: name.clone(),
        password: Some("stolen by umbrella".to_owned()),
        ..Default::default()
    };
    let activate = ActivateDialplanRequest { tenant: umbrella(), hash, ..Default::default() };
    let sounds = vec![Sound { sound: Some(sound::Sound::Number(1)) }];
    let play = PlayRequest { tenant: umbrella(), uid: uid.clone(), sounds, ..Default::default() };
    let refusals = [
        users.get(GetUserRequest { tenant: umbrella(), name: name.clone() }).await.map(drop),
        users.update(update).await.map(drop),
        users.delete(DeleteUserRequest { tenant: umbrella(), name: name.clone() }).await.map(drop),
        dialplans.activate(activate).await.map(drop),
        dialplans.get_active(GetActiveDialplanRequest { tenant: umbrella() }).await.map(drop),
        calls.get(GetCallRequest { tenant: umbrella(), uid: uid.clone() }).await.map(drop),
        calls.hangup(HangupRequest { tenant: umbrella(), uid: uid.clone(), cause: 16 }).await.map(drop),
        calls.play(play).await.map(drop),
        calls.stop(StopRequest { tenant: umbrella(), uid: uid.clone(), side: 0 }).await.map(drop),
        calls.music(MusicRequest { tenant: umbrella(), uid: uid.clone(), ..Default::default() }).await.map(drop),
        calls.hush(HushRequest { tenant: umbrella(), uid, side: 0 }).await.map(drop),
        cdrs.get(GetCdrRequest { tenant: umbrella(), uid: call_uid(9).to_string() }).await.map(drop),
    ];
    for (number, refused) in refusals.into_iter().enumerate() {
        assert_eq!(refused.unwrap_err().code(), Code::NotFound, "attempt {number}");
    }
    assert!(house.exchange.hung_up.lock().unwrap().is_empty());
    assert!(house.exchange.sound_orders.lock().unwrap().is_empty());
    assert_eq!(house.exchange.changes.lock().unwrap().len(), before, "the exchange was told of nothing");
    assert_eq!(house.exchange.board.calls(acme).len(), 1);
    assert!(house.store.users(acme).by_name("alice").await.unwrap().enabled);
}

#[allow(clippy::needless_update, reason = "some requests have no further fields")]
#[tokio::test]
async fn a_room_of_one_tenant_is_not_reached_through_another() {
    let (house, acme, _) = two_tenants().await;
    let before = house.exchange.changes.lock().unwrap().len();
    let (tenant, name, member, on) = (umbrella(), "600".to_owned(), 1, true);
    let mut rooms = house.rooms().await;
    macro_rules! asked {
        ($($rpc:ident: $request:ident { $($field:ident: $value:expr),* }),* $(,)?) => {
            [$(rooms.$rpc($request {
                tenant: tenant.clone(), name: name.clone(), $($field: $value,)* ..Default::default()
            }).await.map(drop).unwrap_err().code()),*]
        };
    }
    let codes = asked! {
        get: GetRoomRequest {},
        update: UpdateRoomRequest { maximum: Some(2) },
        delete: DeleteRoomRequest {},
        get_open: GetOpenRoomRequest {},
        mute: RoomMuteRequest { member: member, on: on },
        mute_all: RoomMuteAllRequest { on: on },
        deafen: RoomDeafenRequest { member: member, on: on },
        volume: RoomVolumeRequest { member: member },
        kick: RoomKickRequest { member: member },
        lock: RoomLockRequest { on: on },
        announce: RoomAnnounceRequest { sounds: vec![Sound { sound: Some(sound::Sound::Number(1)) }] },
        record: RoomRecordRequest {},
        pause_recording: RoomPauseRecordingRequest { on: on },
        stop_recording: RoomStopRecordingRequest {},
        invite: RoomInviteRequest { target: Some(room_invite_request::Target::User("bob".to_owned())) },
        end: RoomEndRequest {},
    };
    assert_eq!(codes, [Code::NotFound; 16]);
    assert!(house.exchange.orders.lock().unwrap().is_empty());
    assert_eq!(house.exchange.changes.lock().unwrap().len(), before, "the exchange was told of nothing");
    assert_eq!(house.store.rooms(acme).get("600").await.unwrap().settings.maximum, 100);
    // The same name is free for the other.
    let room = CreateRoomRequest { tenant: umbrella(), name: "600".to_owned(), ..Default::default() };
    rooms.create(room).await.unwrap();
}

#[tokio::test]
async fn a_watcher_of_one_tenants_rooms_hears_nothing_of_anothers() {
    let (house, acme, _) = two_tenants().await;
    let umbrella_id = house.store.tenants().by_name("umbrella").await.unwrap().id;
    let request = WatchRoomsRequest { tenant: umbrella(), name: String::new() };
    let mut events = house.rooms().await.watch(request).await.unwrap().into_inner();
    house.exchange.tells(acme, "600", 1, switch::RoomEvent::Locked(true));
    house.exchange.tells(umbrella_id, "600", 2, switch::RoomEvent::Opened);
    let heard = events.message().await.unwrap().unwrap();
    assert_eq!((heard.tenant.as_str(), heard.now), ("umbrella", None), "acme's room is open, but not theirs");
    assert!(matches!(heard.event, Some(room_event::Event::Opened(_))), "{:?}", heard.event);
}

#[tokio::test]
async fn what_one_tenant_makes_leaves_the_other_as_it_was() {
    let (house, acme, hash) = two_tenants().await;
    house.user("umbrella", "alice", "1001").await;
    let upload = UploadDialplanRequest {
        tenant: umbrella(),
        name: "office".to_owned(),
        component: component(b"umbrella's"),
        activate: true,
    };
    let mut dialplans = house.dialplans().await;
    dialplans.upload(upload).await.unwrap();
    dialplans.deactivate(DeactivateDialplanRequest { tenant: umbrella() }).await.unwrap();
    assert_eq!(house.store.dialplans(acme).active().await.unwrap().unwrap().hash, hash);
    assert_eq!(house.store.users(acme).list().await.unwrap().len(), 1);
    house.users().await.delete(DeleteUserRequest { tenant: umbrella(), name: "alice".to_owned() }).await.unwrap();
    assert_eq!(house.store.users(acme).list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_page_token_of_one_tenant_opens_nothing_of_another() {
    let (house, acme, _) = two_tenants().await;
    house.keeps(vec![cdr(10, acme, "alice", "1002")]).await;
    let mut cdrs = house.cdrs().await;
    let mut request = QueryCdrsRequest { tenant: "acme".to_owned(), page_size: 1, ..Default::default() };
    request.page_token = cdrs.query(request.clone()).await.unwrap().into_inner().next_page_token;
    assert!(!request.page_token.is_empty());
    request.tenant = umbrella();
    assert!(cdrs.query(request).await.unwrap().into_inner().cdrs.is_empty());
}

#[tokio::test]
async fn a_watcher_of_one_tenant_hears_nothing_of_another() {
    let (house, acme, _) = two_tenants().await;
    let umbrella_id = house.store.tenants().by_name("umbrella").await.unwrap().id;
    let request = WatchCallsRequest { tenant: umbrella(), uid: String::new() };
    let mut events = house.calls().await.watch(request).await.unwrap().into_inner();
    let theirs = house.exchange.arrives(2, acme, "alice", "1002");
    house.exchange.board.hear(theirs, at(1), &switch::Event::Ringing { target: "bob".to_owned() });
    house.exchange.arrives(3, umbrella_id, "wesker", "1003");
    let heard = events.message().await.unwrap().unwrap();
    assert_eq!((heard.uid, heard.tenant.as_str()), (call_uid(3).to_string(), "umbrella"));
}

#[tokio::test]
async fn a_tenant_that_is_not_there_is_not_found() {
    let (house, ..) = two_tenants().await;
    let tenant = "nobody".to_owned();
    let refused = house.users().await.list(ListUsersRequest { tenant: tenant.clone() }).await.unwrap_err();
    assert_eq!((refused.code(), refused.message()), (Code::NotFound, "there is no such tenant"));
    let refused = house.calls().await.list(ListCallsRequest { tenant }).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
}

/// Acme has a trunk of its own, numbers, a route, limits and grants; umbrella has nothing, and both have a trunk that is
/// nobody's.
async fn two_outside() -> (House, TenantId) {
    let (house, acme, _) = two_tenants().await;
    house.trunk("nobodys", "").await;
    house.trunk("own", "acme").await;
    let number = CreateNumberRequest {
        tenant: "acme".to_owned(),
        numbers: "+4930123*".to_owned(),
        trunk: "own".to_owned(),
        ..Default::default()
    };
    house.numbers().await.create(number).await.unwrap();
    let route = CreateRouteRequest {
        tenant: "acme".to_owned(),
        name: "home".to_owned(),
        trunk: "own".to_owned(),
        ..Default::default()
    };
    house.routes().await.create(route).await.unwrap();
    let outside = SetOutsideRequest {
        tenant: "acme".to_owned(),
        country: Some("DE".to_owned()),
        shown: Some("+4930123400".to_owned()),
        emergency_trunk: Some("own".to_owned()),
        ..Default::default()
    };
    house.outside().await.set(outside).await.unwrap();
    (house, acme)
}

#[tokio::test]
async fn numbers_routes_trunks_and_grants_of_one_tenant_do_not_show_in_another() {
    let (house, _) = two_outside().await;
    let numbers = ListNumbersRequest { tenant: umbrella(), ..Default::default() };
    assert!(house.numbers().await.list(numbers).await.unwrap().into_inner().numbers.is_empty());
    let routes = ListRoutesRequest { tenant: umbrella(), shared: true };
    assert!(house.routes().await.list(routes).await.unwrap().into_inner().routes.is_empty());
    let trunks = house.trunks().await.list(ListTrunksRequest { tenant: umbrella() }).await.unwrap().into_inner();
    assert_eq!(trunks.trunks.iter().map(|trunk| trunk.name.as_str()).collect::<Vec<_>>(), ["nobodys"]);
    let request = GetOutsideRequest { tenant: umbrella(), user: String::new() };
    let outside = house.outside().await.get(request).await.unwrap().into_inner();
    assert_eq!((outside.rules.unwrap().country.as_str(), outside.shown, outside.emergency_trunk), ("", None, None));
}

#[tokio::test]
async fn nothing_of_one_tenants_way_outside_is_found_or_changed_through_another() {
    let (house, acme) = two_outside().await;
    let before = house.store.outside_snapshot().await.unwrap();
    let told = house.told();
    let (mut numbers, mut routes) = (house.numbers().await, house.routes().await);
    let (mut limits, mut outside) = (house.limits().await, house.outside().await);
    let (alice, number) = (|| "alice".to_owned(), || "+4930123*".to_owned());
    let trunk = || "own".to_owned();
    let leads_to = Some(create_number_request::LeadsTo::User(alice()));
    let not_found = [
        numbers
            .create(CreateNumberRequest {
                tenant: umbrella(),
                numbers: "+331".to_owned(),
                leads_to,
                ..Default::default()
            })
            .await
            .map(drop),
        numbers
            .create(CreateNumberRequest {
                tenant: umbrella(),
                numbers: "+331".to_owned(),
                trunk: trunk(),
                ..Default::default()
            })
            .await
            .map(drop),
        numbers
            .update(UpdateNumberRequest { tenant: umbrella(), numbers: number(), ..Default::default() })
            .await
            .map(drop),
        numbers.delete(DeleteNumberRequest { tenant: umbrella(), numbers: number() }).await.map(drop),
        routes
            .create(CreateRouteRequest {
                tenant: umbrella(),
                name: "theirs".to_owned(),
                trunk: trunk(),
                ..Default::default()
            })
            .await
            .map(drop),
        routes
            .update(UpdateRouteRequest { tenant: umbrella(), name: "home".to_owned(), ..Default::default() })
            .await
            .map(drop),
        routes.delete(DeleteRouteRequest { tenant: umbrella(), name: "home".to_owned() }).await.map(drop),
        routes.delete(DeleteRouteRequest { tenant: String::new(), name: "home".to_owned() }).await.map(drop),
        routes.explain(ExplainRequest { tenant: umbrella(), number: "030".to_owned(), user: alice() }).await.map(drop),
        limits.get(GetLimitsRequest { tenant: umbrella(), user: alice(), trunk: String::new() }).await.map(drop),
        limits.get_spent(GetSpentRequest { tenant: umbrella(), user: alice(), trunk: String::new() }).await.map(drop),
        limits.set(SetLimitsRequest { tenant: umbrella(), user: alice(), ..Default::default() }).await.map(drop),
        outside.get(GetOutsideRequest { tenant: umbrella(), user: alice() }).await.map(drop),
        outside.set(SetOutsideRequest { tenant: umbrella(), user: alice(), ..Default::default() }).await.map(drop),
        outside
            .set(SetOutsideRequest { tenant: umbrella(), emergency_trunk: Some(trunk()), ..Default::default() })
            .await
            .map(drop),
    ];
    for (at, refused) in not_found.into_iter().enumerate() {
        assert_eq!(refused.unwrap_err().code(), Code::NotFound, "attempt {at}");
    }
    let theirs = CreateNumberRequest { tenant: umbrella(), numbers: "+4930123400".to_owned(), ..Default::default() };
    assert_eq!(numbers.create(theirs).await.unwrap_err().code(), Code::AlreadyExists);
    let shown = SetOutsideRequest { tenant: umbrella(), shown: Some("+4930123400".to_owned()), ..Default::default() };
    assert_eq!(outside.set(shown).await.unwrap_err().code(), Code::InvalidArgument);
    assert_eq!(house.store.outside_snapshot().await.unwrap(), before);
    assert_eq!(house.told(), told, "the exchange was told of nothing");
    assert!(house.exchange.asked.lock().unwrap().is_empty());
    // A trunk that is made for one is not the other's, and a name is free once in the exchange.
    let own = CreateTrunkRequest { name: "umbrella-own".to_owned(), tenant: umbrella(), ..Default::default() };
    house.trunks().await.create(own).await.unwrap();
    let usable = house.trunks().await.list(ListTrunksRequest { tenant: "acme".to_owned() }).await.unwrap().into_inner();
    assert!(usable.trunks.iter().all(|trunk| trunk.name != "umbrella-own"));
    let umbrella_id = house.store.tenants().by_name("umbrella").await.unwrap().id;
    house.store.tenants().delete(umbrella_id).await.unwrap();
    assert_eq!(house.store.outside_snapshot().await.unwrap().dids, before.dids);
    assert_eq!(house.store.outside(acme).get().await.unwrap(), before.tenants[&acme], "and goes with it alone");
}

#[tokio::test]
async fn records_by_a_trunk_are_those_of_ones_own_tenant() {
    let (house, acme) = two_outside().await;
    let umbrella_id = house.store.tenants().by_name("umbrella").await.unwrap().id;
    let nobodys = house.store.trunks().by_name("nobodys").await.unwrap().id;
    let over = |number, tenant| switch::Cdr { came_over: Some(nobodys), ..cdr(number, tenant, "alice", "1002") };
    house.keeps(vec![over(20, acme), over(21, umbrella_id)]).await;
    let request = QueryCdrsRequest { tenant: umbrella(), trunk: "nobodys".to_owned(), ..Default::default() };
    let found = house.cdrs().await.query(request).await.unwrap().into_inner().cdrs;
    let uids: Vec<_> = found.iter().map(|cdr| (cdr.uid.clone(), cdr.came_over.as_deref())).collect();
    assert_eq!(uids, [(call_uid(21).to_string(), Some("nobodys"))]);
}
