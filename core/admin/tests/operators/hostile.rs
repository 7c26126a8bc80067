//! Requests as nobody means them: numbers that no enum has, texts that are no names, and very long ones.

use admin::v1::room_invite_request::Target;
use admin::v1::sound::Sound as Said;
use admin::v1::{
    CreateRoomRequest, CreateTenantRequest, CreateUserRequest, DeleteRecordingRequest, DownloadRecordingRequest,
    GetRecordingRequest, GetRoomRequest, GetTenantRequest, GetUserRequest, HushRequest, ListPromptsRequest,
    ListRecordingsRequest, MusicRequest, PlayRequest, QueryCdrsRequest, RoomAnnounceRequest, RoomInviteRequest,
    RoomKey, RoomKickRequest, RoomRecordRequest, Sound, StartRecordingRequest, StopRequest, UpdateRoomRequest,
    UpdateTenantRequest, UpdateUserRequest, UploadDialplanRequest,
};
use prost_reflect::Kind;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::guard::methods;
use crate::house::{House, call_uid, component};

/// The one field that is wrong, and what is said of it.
fn violation(refused: &Status) -> (String, String) {
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    let mut fields = refused.get_details_bad_request().expect("details").field_violations;
    assert_eq!(fields.len(), 1, "{refused}");
    let field = fields.remove(0);
    (field.field, field.description)
}

/// Every field of a request that is an enum; one that is not tried here makes the first test fail. Those of trunks, routes,
/// grants and mailboxes, most of them deeper inside, are tried beside.
const ENUMS: [&str; 16] = [
    "CreateRoomRequest.entry",
    "CreateTenantRequest.srtp",
    "CreateUserRequest.srtp",
    "HushRequest.side",
    "ListPromptsRequest.owner",
    "ListRecordingsRequest.kind",
    "MusicRequest.side",
    "PlayRequest.side",
    "QueryCdrsRequest.direction",
    "QueryCdrsRequest.disposition",
    "RoomRecordRequest.format",
    "StartRecordingRequest.format",
    "StartRecordingRequest.layout",
    "StopRequest.side",
    "UpdateRoomRequest.entry",
    "UpdateTenantRequest.srtp",
];

#[test]
fn every_enum_of_a_request_is_tried() {
    let beside = |service: &str| crate::odd::SERVICES.contains(&service) || service == "VoicemailService";
    let here = methods().into_iter().filter(|method| !beside(method.parent_service().name()));
    let fields = here.flat_map(|method| method.input().fields().collect::<Vec<_>>());
    let enums = fields.filter(|field| matches!(field.kind(), Kind::Enum(_)));
    let mut all: Vec<_> = enums.map(|field| format!("{}.{}", field.parent_message().name(), field.name())).collect();
    all.sort();
    let tried: Vec<_> = ENUMS.into_iter().chain(["UpdateUserRequest.srtp"]).collect();
    assert_eq!(all, tried);
}

#[tokio::test]
async fn a_number_that_no_enum_has_is_refused_with_what_may_be_said() {
    const SRTP: &str = "9 is none of inherit (1), off (2), optional (3), required (4)";
    const SIDE: &str = "9 is none of caller (1), callee (2)";
    const ENTRY: &str = "9 is none of none (1), tone (2), name (3)";
    let (house, acme) = House::with_acme().await;
    house.user("acme", "alice", "1001").await;
    house.exchange.arrives(1, acme, "alice", "1002");
    let (mut tenants, mut users, mut rooms) = (house.tenants().await, house.users().await, house.rooms().await);
    let (mut calls, mut cdrs, mut recordings) = (house.calls().await, house.cdrs().await, house.recordings().await);
    let (tenant, name) = (|| "acme".to_owned(), |name: &str| name.to_owned());
    let room = CreateRoomRequest { tenant: tenant(), name: name("600"), ..Default::default() };
    rooms.create(room.clone()).await.unwrap();
    let before = house.exchange.changes.lock().unwrap().len();
    let start = StartRecordingRequest { tenant: tenant(), uid: call_uid(1).to_string(), ..Default::default() };
    let user = CreateUserRequest {
        tenant: tenant(),
        name: name("bob"),
        password: name("correct horse"),
        ..Default::default()
    };
    let uid = || call_uid(1).to_string();
    let one = || vec![Sound { sound: Some(Said::Number(1)) }];
    let play = PlayRequest { tenant: tenant(), uid: uid(), ..Default::default() };
    let change = UpdateRoomRequest { tenant: tenant(), name: name("600"), ..Default::default() };
    let refusals = [
        ("entry", ENTRY, rooms.create(CreateRoomRequest { name: name("601"), entry: 9, ..room }).await.map(drop)),
        (
            "srtp",
            SRTP,
            tenants.create(CreateTenantRequest { name: name("new"), srtp: 9, ..Default::default() }).await.map(drop),
        ),
        ("srtp", SRTP, users.create(CreateUserRequest { srtp: 9, ..user }).await.map(drop)),
        (
            "kind",
            "9 is none of message (1), call (2), room (3)",
            recordings.list(ListRecordingsRequest { tenant: tenant(), kind: 9, ..Default::default() }).await.map(drop),
        ),
        (
            "disposition",
            "9 is none of answered (1), no-answer (2), busy (3), rejected (4), cancelled (5), failed (6)",
            cdrs.query(QueryCdrsRequest { tenant: tenant(), disposition: 9, ..Default::default() }).await.map(drop),
        ),
        (
            "direction",
            "9 is none of internal (1), inbound (2), outbound (3), originated (4)",
            cdrs.query(QueryCdrsRequest { tenant: tenant(), direction: 9, ..Default::default() }).await.map(drop),
        ),
        (
            "format",
            "9 is none of wav (1), opus (2)",
            calls.start_recording(StartRecordingRequest { format: 9, ..start.clone() }).await.map(drop),
        ),
        (
            "layout",
            "-1 is none of mixed (1), stereo (2)",
            calls.start_recording(StartRecordingRequest { layout: -1, ..start }).await.map(drop),
        ),
        (
            "owner",
            "9 is none of tenant (1), system (2)",
            house
                .prompts()
                .await
                .list(ListPromptsRequest { tenant: tenant(), owner: 9, ..Default::default() })
                .await
                .map(drop),
        ),
        (
            "format",
            "9 is none of wav (1), opus (2)",
            rooms
                .record(RoomRecordRequest { tenant: tenant(), name: name("600"), format: 9, ..Default::default() })
                .await
                .map(drop),
        ),
        ("side", SIDE, calls.play(PlayRequest { side: 9, sounds: one(), ..play }).await.map(drop)),
        ("side", SIDE, calls.stop(StopRequest { side: 9, tenant: tenant(), uid: uid() }).await.map(drop)),
        (
            "side",
            SIDE,
            calls.music(MusicRequest { side: 9, tenant: tenant(), uid: uid(), sounds: one() }).await.map(drop),
        ),
        ("side", SIDE, calls.hush(HushRequest { side: 9, tenant: tenant(), uid: uid() }).await.map(drop)),
        ("entry", ENTRY, rooms.update(UpdateRoomRequest { entry: Some(9), ..change }).await.map(drop)),
        (
            "srtp",
            SRTP,
            tenants.update(UpdateTenantRequest { name: tenant(), srtp: Some(9), ..Default::default() }).await.map(drop),
        ),
        (
            "srtp",
            SRTP,
            users
                .update(UpdateUserRequest {
                    tenant: tenant(),
                    name: name("alice"),
                    srtp: Some(9),
                    ..Default::default()
                })
                .await
                .map(drop),
        ),
    ];
    for (field, why, refused) in refusals {
        let (wrong, said) = violation(&refused.expect_err(field));
        assert_eq!((wrong.as_str(), said.as_str()), (field, why));
    }
    assert_eq!(house.exchange.changes.lock().unwrap().len(), before, "nothing was made or changed");
    assert!(house.exchange.recording_orders.lock().unwrap().is_empty());
    assert!(house.exchange.sound_orders.lock().unwrap().is_empty());
}

/// What nobody is called.
pub(crate) fn odd_names() -> Vec<String> {
    let mut names: Vec<_> =
        ["../600", "..\\..", "a/b", "a\\b", "nul\0", "line\nline", "\u{1b}[2J", "ä", " ", "%", "'; --"]
            .map(str::to_owned)
            .into();
    names.push("x".repeat(1 << 20));
    names
}

#[tokio::test]
async fn what_nothing_is_called_is_not_found_and_cannot_be_made() {
    let (house, acme) = House::with_acme().await;
    house.exchange.opens(acme, "600");
    house.exchange.arrives(1, acme, "alice", "1002");
    let (mut tenants, mut users, mut rooms) = (house.tenants().await, house.users().await, house.rooms().await);
    let (mut calls, mut recordings) = (house.calls().await, house.recordings().await);
    let before = house.exchange.changes.lock().unwrap().len();
    let tenant = || "acme".to_owned();
    for odd in odd_names() {
        let name = || odd.clone();
        let shown: String = odd.chars().take(20).collect();
        let user = CreateUserRequest {
            tenant: tenant(),
            name: name(),
            password: "correct horse".to_owned(),
            ..Default::default()
        };
        let record = RoomRecordRequest { tenant: tenant(), name: "600".to_owned(), recording: name(), format: 0 };
        let upload =
            UploadDialplanRequest { tenant: tenant(), name: name(), component: component(b"one"), activate: false };
        for (what, refused) in [
            ("tenant", tenants.create(CreateTenantRequest { name: name(), ..Default::default() }).await.map(drop)),
            ("user", users.create(user).await.map(drop)),
            (
                "room",
                rooms
                    .create(CreateRoomRequest { tenant: tenant(), name: name(), ..Default::default() })
                    .await
                    .map(drop),
            ),
            ("recording of a room", rooms.record(record).await.map(drop)),
            ("dialplan", house.dialplans().await.upload(upload).await.map(drop)),
        ] {
            let refused = refused.expect_err(what);
            assert_eq!(refused.code(), Code::InvalidArgument, "{what} {shown:?}: {refused}");
        }
        for (what, refused) in [
            ("tenant", tenants.get(GetTenantRequest { name: name() }).await.map(drop)),
            ("user", users.get(GetUserRequest { tenant: tenant(), name: name() }).await.map(drop)),
            ("user of a tenant", users.get(GetUserRequest { tenant: name(), name: name() }).await.map(drop)),
            ("room", rooms.get(GetRoomRequest { tenant: tenant(), name: name() }).await.map(drop)),
            ("order", rooms.kick(RoomKickRequest { tenant: tenant(), name: name(), member: 1 }).await.map(drop)),
            ("recording", recordings.get(GetRecordingRequest { tenant: tenant(), name: name() }).await.map(drop)),
            (
                "download",
                recordings.download(DownloadRecordingRequest { tenant: tenant(), name: name() }).await.map(drop),
            ),
            ("deletion", recordings.delete(DeleteRecordingRequest { tenant: tenant(), name: name() }).await.map(drop)),
        ] {
            let refused = refused.expect_err(what);
            assert_eq!(refused.code(), Code::NotFound, "{what} {shown:?}: {refused}");
        }
        let call = admin::v1::GetCallRequest { tenant: tenant(), uid: name() };
        assert_eq!(calls.get(call).await.unwrap_err().code(), Code::InvalidArgument, "{shown:?}");
        let page = ListRecordingsRequest { tenant: tenant(), page_token: name(), ..Default::default() };
        assert_eq!(recordings.list(page).await.unwrap_err().code(), Code::InvalidArgument, "{shown:?}");
        let page = QueryCdrsRequest { tenant: tenant(), page_token: name(), ..Default::default() };
        assert_eq!(house.cdrs().await.query(page).await.unwrap_err().code(), Code::InvalidArgument, "{shown:?}");
    }
    assert!(house.exchange.orders.lock().unwrap().is_empty());
    assert_eq!(house.exchange.changes.lock().unwrap().len(), before, "nothing was made or changed");
}

#[tokio::test]
async fn texts_and_lists_that_are_too_much_are_refused_in_an_answer_that_arrives() {
    let (house, acme) = House::with_acme().await;
    house.exchange.opens(acme, "600");
    let (tenant, long) = (|| "acme".to_owned(), || "x".repeat(1 << 20));
    let many = vec!["no host".to_owned(); 100_000];
    let mut rooms = house.rooms().await;
    let room = CreateRoomRequest { tenant: tenant(), name: "601".to_owned(), ..Default::default() };
    let keys = vec![RoomKey { keys: long(), action: long() }];
    let announce = |sound| RoomAnnounceRequest {
        tenant: tenant(),
        name: "600".to_owned(),
        sounds: vec![Sound { sound: Some(sound) }],
    };
    let invite = RoomInviteRequest { tenant: tenant(), name: "600".to_owned(), target: Some(Target::Uri(long())) };
    let user = CreateUserRequest {
        tenant: tenant(),
        name: "alice".to_owned(),
        password: "correct horse".to_owned(),
        ..Default::default()
    };
    let least = prost_types::Duration { seconds: i64::MIN, nanos: i32::MIN };
    let long_ago = prost_types::Timestamp { seconds: i64::MIN, nanos: i32::MIN };
    let change = UpdateTenantRequest { name: tenant(), ..Default::default() };
    let query = QueryCdrsRequest { tenant: tenant(), ..Default::default() };
    let wrong = [
        rooms.create(CreateRoomRequest { title: Some(long()), ..room.clone() }).await.map(drop),
        rooms.create(CreateRoomRequest { pin: Some(long()), ..room.clone() }).await.map(drop),
        rooms.create(CreateRoomRequest { language: Some("d\0".to_owned()), ..room.clone() }).await.map(drop),
        rooms.create(CreateRoomRequest { keys, ..room }).await.map(drop),
        rooms.announce(announce(Said::Prompt(long()))).await.map(drop),
        rooms.announce(announce(Said::Recording("nul\0".to_owned()))).await.map(drop),
        rooms.announce(announce(Said::Beep(least))).await.map(drop),
        house.tenants().await.update(UpdateTenantRequest { ring_time: Some(least), ..change }).await.map(drop),
        house.cdrs().await.query(QueryCdrsRequest { since: Some(long_ago), ..query.clone() }).await.map(drop),
        rooms
            .announce(announce(Said::Silence(prost_types::Duration { seconds: i64::MAX, nanos: i32::MAX })))
            .await
            .map(drop),
        rooms.invite(invite).await.map(drop),
        house.users().await.create(CreateUserRequest { password: long(), ..user.clone() }).await.map(drop),
        house.users().await.create(CreateUserRequest { display_name: Some(long()), ..user.clone() }).await.map(drop),
        house.users().await.create(CreateUserRequest { extension: Some(long()), ..user.clone() }).await.map(drop),
        house.users().await.create(CreateUserRequest { codecs: vec![long()], ..user }).await.map(drop),
        house
            .tenants()
            .await
            .create(CreateTenantRequest {
                name: "new".to_owned(),
                peers: many.clone(),
                hosts: many,
                ..Default::default()
            })
            .await
            .map(drop),
        house
            .tenants()
            .await
            .create(CreateTenantRequest { name: "new".to_owned(), domains: vec![long()], ..Default::default() })
            .await
            .map(drop),
        house
            .tenants()
            .await
            .create(CreateTenantRequest {
                name: "new".to_owned(),
                time_zone: format!("../{}", long()),
                ..Default::default()
            })
            .await
            .map(drop),
        house
            .tenants()
            .await
            .create(CreateTenantRequest { name: "new".to_owned(), realm: "a\r\nb".to_owned(), ..Default::default() })
            .await
            .map(drop),
        house
            .cdrs()
            .await
            .query(QueryCdrsRequest { tenant: tenant(), caller: "nul\0".to_owned(), ..Default::default() })
            .await
            .map(drop),
        house
            .cdrs()
            .await
            .query(QueryCdrsRequest { tenant: tenant(), page_size: u32::MAX, ..Default::default() })
            .await
            .map(drop),
        house
            .recordings()
            .await
            .list(ListRecordingsRequest { tenant: tenant(), page_size: u32::MAX, ..Default::default() })
            .await
            .map(drop),
    ];
    for (number, refused) in wrong.into_iter().enumerate() {
        let refused = refused.expect_err("wrong");
        assert_eq!(refused.code(), Code::InvalidArgument, "attempt {number}: {refused}");
        assert!(refused.get_details_bad_request().is_some(), "attempt {number}: the field is named");
    }
    assert!(house.exchange.orders.lock().unwrap().is_empty());
}
