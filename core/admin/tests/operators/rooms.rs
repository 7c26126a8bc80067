//! Conference rooms: kept, changed, ruled from outside, and watched.

use std::time::Duration;

use admin::v1::room_event::Event as Spelt;
use admin::v1::room_invite_request::Target as Wanted;
use admin::v1::sound::Sound as Said;
use admin::v1::{
    CreateRoomRequest, DeleteRoomRequest, EntrySound, GetOpenRoomRequest, GetRoomRequest, Left, ListOpenRoomsRequest,
    ListRoomsRequest, Role, RoomAnnounceRequest, RoomDeafenRequest, RoomEndRequest, RoomInviteRequest, RoomKey,
    RoomKeys, RoomKickRequest, RoomLockRequest, RoomMuteAllRequest, RoomMuteRequest, RoomPauseRecordingRequest,
    RoomRecordRequest, RoomStopRecordingRequest, RoomVolumeRequest, Sound, UpdateRoomRequest, WatchRoomsRequest,
};
use admin::{Change, v1};
use store::Admitted;
use switch::{MemberNumber, RecordingFormat, RoomEvent, RoomOrder, RoomRefusal, Target, Tone};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::house::{House, at, member};

fn acme() -> String {
    "acme".to_owned()
}

fn name() -> String {
    "600".to_owned()
}

fn fields(status: &Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    let details = status.get_details_bad_request().expect("details");
    details.field_violations.into_iter().map(|wrong| wrong.field).collect()
}

fn key(keys: &str, action: &str) -> RoomKey {
    RoomKey { keys: keys.to_owned(), action: action.to_owned() }
}

#[tokio::test]
async fn a_room_is_made_found_changed_and_deleted_and_its_pins_are_never_shown() {
    let (house, tenant) = House::with_acme().await;
    house.exchange.changes.lock().unwrap().clear();
    let mut rooms = house.rooms().await;
    let create = CreateRoomRequest {
        tenant: acme(),
        name: name(),
        title: Some("Weekly".to_owned()),
        pin: Some("4711".to_owned()),
        moderator_pin: Some("815081".to_owned()),
        wait_for_moderator: true,
        entry: EntrySound::Name.into(),
        record: true,
        keys: vec![key("*6", "mute")],
        ..Default::default()
    };
    let made = rooms.create(create.clone()).await.unwrap().into_inner();
    assert_eq!((made.name.as_str(), made.has_pin, made.has_moderator_pin), ("600", true, true));
    assert_eq!((made.entry(), made.maximum, made.wait_for_moderator), (EntrySound::Name, 100, true));
    let answer = format!("{made:?}");
    assert!(!answer.contains("4711") && !answer.contains("815081"), "{answer}");
    assert_eq!(rooms.create(create).await.unwrap_err().code(), Code::AlreadyExists);
    let get = GetRoomRequest { tenant: acme(), name: name() };
    assert_eq!(rooms.get(get.clone()).await.unwrap().into_inner(), made);
    let all = rooms.list(ListRoomsRequest { tenant: acme() }).await.unwrap().into_inner().rooms;
    assert_eq!(all, std::slice::from_ref(&made));

    let change = UpdateRoomRequest {
        tenant: acme(),
        name: name(),
        pin: Some(String::new()),
        maximum: Some(12),
        wait_for_moderator: Some(false),
        entry: Some(EntrySound::None.into()),
        keys: Some(RoomKeys::default()),
        ..Default::default()
    };
    let changed = rooms.update(change).await.unwrap().into_inner();
    assert_eq!((changed.has_pin, changed.has_moderator_pin, changed.maximum), (false, true, 12));
    assert_eq!((changed.entry(), changed.wait_for_moderator, changed.keys.len()), (EntrySound::None, false, 0));
    assert_eq!((changed.title.as_deref(), changed.record), (Some("Weekly"), true), "what was absent stays");
    let kept = house.store.rooms(tenant).get("600").await.unwrap().pins;
    assert_eq!((kept.admit(""), kept.admit("815081")), (Some(Admitted::Participant), Some(Admitted::Moderator)));

    rooms.delete(DeleteRoomRequest { tenant: acme(), name: name() }).await.unwrap();
    let gone = rooms.get(get).await.unwrap_err();
    assert_eq!((gone.code(), gone.message()), (Code::NotFound, "there is no such room"));
    assert_eq!(*house.exchange.changes.lock().unwrap(), vec![Change::Rooms(tenant); 3]);
}

#[tokio::test]
async fn every_wrong_field_of_a_room_is_named_and_its_pin_is_not_repeated() {
    let (house, _) = House::with_acme().await;
    let mut rooms = house.rooms().await;
    let wrong = CreateRoomRequest {
        tenant: acme(),
        name: "Room 600".to_owned(),
        title: Some("a\nb".to_owned()),
        pin: Some("47x1".to_owned()),
        moderator_pin: Some("1".to_owned()),
        maximum: 1001,
        language: Some("../en".to_owned()),
        keys: vec![key("*6", "dance")],
        ..Default::default()
    };
    let refused = rooms.create(wrong).await.unwrap_err();
    assert_eq!(fields(&refused), ["name", "pin", "moderator_pin", "maximum", "title", "language", "keys"]);
    assert!(!format!("{refused:?}").contains("47x1") && refused.message().contains("mute, lock, end"), "{refused}");
    let room = CreateRoomRequest { tenant: acme(), name: name(), pin: Some("4711".to_owned()), ..Default::default() };
    rooms.create(room).await.unwrap();
    let change = UpdateRoomRequest { tenant: acme(), name: name(), ..Default::default() };
    for (named, wrong) in [
        ("moderator_pin", UpdateRoomRequest { moderator_pin: Some("4711".to_owned()), ..change.clone() }),
        ("title", UpdateRoomRequest { title: Some("x".repeat(129)), ..change.clone() }),
        ("maximum", UpdateRoomRequest { maximum: Some(1), ..change.clone() }),
        ("entry", UpdateRoomRequest { entry: Some(0), ..change.clone() }),
        ("language", UpdateRoomRequest { language: Some("x".to_owned()), ..change.clone() }),
        ("keys", UpdateRoomRequest { keys: Some(RoomKeys { keys: vec![key("6", "mute")] }), ..change.clone() }),
    ] {
        assert_eq!(fields(&rooms.update(wrong).await.unwrap_err()), [named]);
    }
    assert_eq!(fields(&rooms.get(GetRoomRequest { tenant: acme(), name: String::new() }).await.unwrap_err()), ["name"]);
}

#[tokio::test]
async fn the_pins_of_a_room_can_change_places() {
    let (house, tenant) = House::with_acme().await;
    let mut rooms = house.rooms().await;
    let (pin, moderator_pin) = (Some("4711".to_owned()), Some("815081".to_owned()));
    let room = CreateRoomRequest { tenant: acme(), name: name(), pin, moderator_pin, ..Default::default() };
    rooms.create(room).await.unwrap();
    let (pin, moderator_pin) = (Some("815081".to_owned()), Some("4711".to_owned()));
    let swap = UpdateRoomRequest { tenant: acme(), name: name(), pin, moderator_pin, ..Default::default() };
    rooms.update(swap).await.unwrap();
    let pins = house.store.rooms(tenant).get("600").await.unwrap().pins;
    assert_eq!((pins.admit("815081"), pins.admit("4711")), (Some(Admitted::Participant), Some(Admitted::Moderator)));
    let same = UpdateRoomRequest {
        tenant: acme(),
        name: name(),
        pin: Some("1234".to_owned()),
        moderator_pin: Some("1234".to_owned()),
        ..Default::default()
    };
    assert_eq!(fields(&rooms.update(same).await.unwrap_err()), ["moderator_pin"]);
}

#[tokio::test]
async fn the_pin_of_moderators_can_become_that_of_participants() {
    let (house, tenant) = House::with_acme().await;
    let mut rooms = house.rooms().await;
    let room = CreateRoomRequest {
        tenant: acme(),
        name: name(),
        moderator_pin: Some("4711".to_owned()),
        ..Default::default()
    };
    rooms.create(room).await.unwrap();
    let (pin, moderator_pin) = (Some("4711".to_owned()), Some(String::new()));
    rooms
        .update(UpdateRoomRequest { tenant: acme(), name: name(), pin, moderator_pin, ..Default::default() })
        .await
        .unwrap();
    assert_eq!(house.store.rooms(tenant).get("600").await.unwrap().pins.admit("4711"), Some(Admitted::Participant));
}

#[tokio::test]
async fn open_rooms_are_listed_with_who_is_in_them() {
    let (house, tenant) = House::with_acme().await;
    house.exchange.opens(tenant, "lab");
    house.exchange.opens(tenant, "600");
    let mut rooms = house.rooms().await;
    let open = rooms.list_open(ListOpenRoomsRequest { tenant: acme() }).await.unwrap().into_inner().rooms;
    assert_eq!(open.iter().map(|room| room.name.as_str()).collect::<Vec<_>>(), ["600", "lab"]);
    let one = rooms.get_open(GetOpenRoomRequest { tenant: acme(), name: name() }).await.unwrap().into_inner();
    assert_eq!(one, open[0]);
    assert_eq!(one.members.iter().map(|member| member.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((one.members[0].role(), one.members[0].muted), (Role::Moderator, false));
    assert_eq!((one.members[1].role(), one.members[1].muted, one.members[1].speaking), (Role::Participant, true, -3));
    let closed = GetOpenRoomRequest { tenant: acme(), name: "601".to_owned() };
    assert_eq!(rooms.get_open(closed).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn every_order_reaches_the_room_as_it_was_said() {
    let (house, tenant) = House::with_acme().await;
    house.exchange.opens(tenant, "600");
    let mut rooms = house.rooms().await;
    let (tenant_name, name, one) = (acme, name, MemberNumber(2));
    let said = |sound| Sound { sound: Some(sound) };
    let time = |seconds| prost_types::Duration { seconds, nanos: 0 };
    let sounds = vec![
        said(Said::Prompt("conf-now-recording".to_owned())),
        said(Said::Number(-7)),
        said(Said::Beep(time(1))),
        said(Said::Silence(time(2))),
    ];
    macro_rules! say {
        ($($rpc:ident: $request:ident { $($field:ident: $value:expr),* }),* $(,)?) => {
            $(rooms.$rpc($request { tenant: tenant_name(), name: name(), $($field: $value),* }).await.unwrap();)*
        };
    }
    say! {
        mute: RoomMuteRequest { member: 2, on: true },
        mute_all: RoomMuteAllRequest { on: false },
        deafen: RoomDeafenRequest { member: 2, on: true },
        volume: RoomVolumeRequest { member: 2, speaking: -20, hearing: 6 },
        kick: RoomKickRequest { member: 2 },
        lock: RoomLockRequest { on: true },
        announce: RoomAnnounceRequest { sounds: sounds },
        record: RoomRecordRequest { recording: "weekly".to_owned(), format: v1::RecordingFormat::Opus.into() },
        record: RoomRecordRequest { recording: String::new(), format: 0 },
        pause_recording: RoomPauseRecordingRequest { on: true },
        stop_recording: RoomStopRecordingRequest {},
        invite: RoomInviteRequest { target: Some(Wanted::Extension("1002".to_owned())) },
        end: RoomEndRequest {},
    }
    let heard: Vec<_> = house.exchange.orders.lock().unwrap().drain(..).collect();
    assert!(heard.iter().all(|(whose, room, _)| *whose == tenant && room == "600"));
    let orders: Vec<_> = heard.into_iter().map(|(.., order)| order).collect();
    let sounds = vec![
        switch::Sound::Prompt("conf-now-recording".to_owned()),
        switch::Sound::Number(-7),
        switch::Sound::Tone(Tone::Beep, Duration::from_secs(1)),
        switch::Sound::Silence(Duration::from_secs(2)),
    ];
    assert_eq!(
        orders,
        [
            RoomOrder::Mute(one, true),
            RoomOrder::MuteAll(false),
            RoomOrder::Deafen(one, true),
            RoomOrder::Volume { member: one, speaking: -20, hearing: 6 },
            RoomOrder::Kick(one),
            RoomOrder::Lock(true),
            RoomOrder::Announce(sounds),
            RoomOrder::Record { name: Some("weekly".to_owned()), format: RecordingFormat::Opus },
            RoomOrder::Record { name: None, format: RecordingFormat::Wav },
            RoomOrder::PauseRecording(true),
            RoomOrder::StopRecording,
            RoomOrder::Invite(Target::Extension("1002".to_owned())),
            RoomOrder::End,
        ]
    );
}

#[tokio::test]
async fn an_order_that_cannot_be_meant_or_is_refused_says_why() {
    let (house, tenant) = House::with_acme().await;
    house.exchange.opens(tenant, "600");
    let mut rooms = house.rooms().await;
    let volume = RoomVolumeRequest { tenant: acme(), name: name(), member: 0, speaking: 21, hearing: -200 };
    assert_eq!(fields(&rooms.volume(volume).await.unwrap_err()), ["speaking", "hearing", "member"]);
    let announce = |sounds| RoomAnnounceRequest { tenant: acme(), name: name(), sounds };
    assert_eq!(fields(&rooms.announce(announce(Vec::new())).await.unwrap_err()), ["sounds"]);
    let long = Said::Silence(prost_types::Duration { seconds: 61, nanos: 0 });
    let wrong = [Some(Said::Number(1)), None, Some(long), Some(Said::Prompt(String::new()))];
    let wrong = wrong.map(|sound| Sound { sound }).to_vec();
    assert_eq!(fields(&rooms.announce(announce(wrong)).await.unwrap_err()), ["sounds[1]", "sounds[2]", "sounds[3]"]);
    let record = RoomRecordRequest { tenant: acme(), name: name(), recording: "../passwd".to_owned(), format: 0 };
    assert_eq!(fields(&rooms.record(record).await.unwrap_err()), ["recording"]);
    let invite = RoomInviteRequest { tenant: acme(), name: name(), target: None };
    assert_eq!(fields(&rooms.invite(invite).await.unwrap_err()), ["target"]);
    *house.exchange.refusal.lock().unwrap() = Some(RoomRefusal::Forbidden);
    let record = RoomRecordRequest { tenant: acme(), name: name(), recording: String::new(), format: 0 };
    let why = rooms.record(record.clone()).await.unwrap_err();
    assert!(why.message().contains("not closed yet"), "{why}");
    house.exchange.rooms.lock().unwrap()[0].members.iter_mut().for_each(|member| member.waiting = true);
    let why = rooms.record(record.clone()).await.unwrap_err();
    assert!(why.message().contains("wait for a moderator"), "{why}");
    house.exchange.rooms.lock().unwrap()[0].recording = Some("weekly".to_owned());
    let why = rooms.record(record).await.unwrap_err();
    assert!(why.message().contains("is recorded already, as weekly"), "{why}");
    let pause = RoomPauseRecordingRequest { tenant: acme(), name: name(), on: true };
    let why = rooms.pause_recording(pause).await.unwrap_err();
    assert_eq!((why.code(), why.message()), (Code::FailedPrecondition, "the room is not recorded"));
    let why = rooms.stop_recording(RoomStopRecordingRequest { tenant: acme(), name: name() }).await.unwrap_err();
    assert_eq!(why.message(), "the room is not recorded");
    let target = Some(Wanted::User("bob".to_owned()));
    let why = rooms.invite(RoomInviteRequest { tenant: acme(), name: name(), target }).await.unwrap_err();
    assert!(why.message().contains("the room may call nobody"), "{why}");
    for (refusal, code) in [
        (RoomRefusal::NoRoom, Code::NotFound),
        (RoomRefusal::NoMember, Code::NotFound),
        (RoomRefusal::Forbidden, Code::FailedPrecondition),
        (RoomRefusal::NoResources, Code::ResourceExhausted),
        (RoomRefusal::BadValue, Code::InvalidArgument),
    ] {
        *house.exchange.refusal.lock().unwrap() = Some(refusal);
        let refused = rooms.end(RoomEndRequest { tenant: acme(), name: name() }).await.unwrap_err();
        assert_eq!(refused.code(), code, "{refusal:?}");
    }
}

#[tokio::test]
async fn a_watcher_is_told_how_a_room_is_and_then_what_happens_in_it() {
    let (house, tenant) = House::with_acme().await;
    house.exchange.opens(tenant, "600");
    let request = WatchRoomsRequest { tenant: acme(), name: name() };
    let mut events = house.rooms().await.watch(request).await.unwrap().into_inner();
    let now = events.message().await.unwrap().unwrap();
    assert_eq!((now.now.unwrap().members.len(), now.event), (2, None));
    let carol = member(3, "carol", switch::Role::Participant);
    house.exchange.tells(tenant, "lab", 30, RoomEvent::Opened);
    for event in [
        RoomEvent::Joined(carol),
        RoomEvent::Speaking { member: MemberNumber(3), speaks: true },
        RoomEvent::Left { member: MemberNumber(3), why: switch::Left::Kicked },
        RoomEvent::Recording(Some("weekly".to_owned())),
        RoomEvent::Ended,
    ] {
        house.exchange.tells(tenant, "600", 31, event);
    }
    let mut heard = Vec::new();
    for _ in 0..5 {
        let event = events.message().await.unwrap().unwrap();
        assert_eq!((event.room.as_str(), event.at), ("600", Some(at(31).into())), "nothing of another room");
        heard.push(event.event.unwrap());
    }
    assert!(matches!(&heard[0], Spelt::Joined(member) if member.name == "carol"));
    assert!(matches!(&heard[1], Spelt::Speaking(speaking) if speaking.member == 3 && speaking.speaks));
    assert!(matches!(&heard[2], Spelt::Left(left) if left.why() == Left::Kicked));
    assert!(matches!(&heard[3], Spelt::Recording(recording) if recording.name.as_deref() == Some("weekly")));
    assert!(matches!(&heard[4], Spelt::Ended(_)));
}

#[tokio::test]
async fn a_watcher_that_missed_the_end_of_a_room_is_told_that_it_is_closed() {
    let (house, tenant) = House::with_acme().await;
    house.exchange.opens(tenant, "600");
    house.exchange.opens(tenant, "lab");
    let request = WatchRoomsRequest { tenant: acme(), name: String::new() };
    let mut events = house.rooms().await.watch(request).await.unwrap().into_inner();
    for room in ["600", "lab"] {
        assert_eq!(events.message().await.unwrap().unwrap().room, room);
    }
    // 600 ends where the watcher misses it: more follows than the wire and the backlog hold.
    house.exchange.tells(tenant, "600", 1, RoomEvent::Ended);
    for number in 0..20_000 {
        house.exchange.tells(tenant, "lab", 1, RoomEvent::Locked(number % 2 == 0));
    }
    house.exchange.tells(tenant, "lab", 2, RoomEvent::Ended);
    let mut ended = Vec::new();
    while ended.len() < 2 {
        let event = tokio::time::timeout(Duration::from_secs(20), events.message()).await.expect("the end of both");
        let event = event.unwrap().unwrap();
        if matches!(event.event, Some(Spelt::Ended(_))) {
            ended.push(event.room);
        }
    }
    assert_eq!(ended, ["600", "lab"]);
}

#[tokio::test]
async fn a_room_that_is_opened_anew_while_the_old_one_ends_is_not_taken_for_closed() {
    let (house, tenant) = House::with_acme().await;
    house.exchange.opens(tenant, "600");
    let request = WatchRoomsRequest { tenant: acme(), name: name() };
    let mut events = house.rooms().await.watch(request).await.unwrap().into_inner();
    assert!(events.message().await.unwrap().unwrap().now.is_some());
    house.exchange.tells(tenant, "600", 1, RoomEvent::Ended);
    house.exchange.opens(tenant, "600");
    assert!(matches!(events.message().await.unwrap().unwrap().event, Some(Spelt::Ended(_))));
    let now = tokio::time::timeout(Duration::from_secs(20), events.message()).await.expect("how the new one is");
    assert_eq!(now.unwrap().unwrap().now.expect("it is open").members.len(), 2);
}

#[tokio::test]
async fn what_happens_in_a_room_that_has_ended_is_told_to_nobody() {
    let (house, tenant) = House::with_acme().await;
    house.exchange.opens(tenant, "600");
    let request = WatchRoomsRequest { tenant: acme(), name: String::new() };
    let mut events = house.rooms().await.watch(request).await.unwrap().into_inner();
    assert!(events.message().await.unwrap().unwrap().now.is_some());
    house.exchange.tells(tenant, "600", 1, RoomEvent::Ended);
    house.exchange.tells(tenant, "600", 1, RoomEvent::Locked(true));
    house.exchange.tells(tenant, "600", 1, RoomEvent::Ended);
    house.exchange.tells(tenant, "lab", 2, RoomEvent::Opened);
    assert!(matches!(events.message().await.unwrap().unwrap().event, Some(Spelt::Ended(_))));
    assert_eq!(events.message().await.unwrap().unwrap().room, "lab");
}

#[tokio::test]
async fn a_watcher_of_rooms_that_is_too_slow_is_told_what_it_missed_and_how_it_is_now() {
    let (house, tenant) = House::with_acme().await;
    house.exchange.opens(tenant, "600");
    let request = WatchRoomsRequest { tenant: acme(), name: name() };
    let mut events = house.rooms().await.watch(request).await.unwrap().into_inner();
    let all = 20_000;
    for number in 0..all {
        house.exchange.tells(tenant, "600", 1, RoomEvent::Locked(number % 2 == 0));
    }
    house.exchange.tells(tenant, "600", 2, RoomEvent::Left { member: MemberNumber(2), why: switch::Left::Key });
    let (mut heard, mut missed, mut again) = (0, 0, 0);
    loop {
        let event = events.message().await.unwrap().unwrap();
        missed += event.missed;
        again += u64::from(event.now.is_some());
        heard += u64::from(event.event.is_some());
        if matches!(event.event, Some(Spelt::Left(_))) {
            break;
        }
    }
    assert!(missed > 0 && again > 1, "{missed} missed, told {again} times how it is");
    assert_eq!(heard + missed, all + 1);
}
