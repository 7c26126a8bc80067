//! The same stories on SQLite and, where `STROWGER_TEST_POSTGRES` names a server (`cargo xtask test` starts one), on
//! PostgreSQL.

mod outside;
mod voicemail;

use std::time::{Duration, SystemTime};

use store::{
    Admitted, CdrFilter, EntrySound, Error, MendedRecording, NewRoom, NewTenant, NewUser, Pins, RecordingFilter,
    RoomKey, RoomSettings, Store, Writer,
};
use switch::{
    Aor, BindingChange, CallDirection, CallUid, Cause, Cdr, Direction, Disposition, Fallback, Ha1, KeptRecording,
    Label, Language, LegRecord, MediaPolicy, MediaStats, Record, RecordingEnd, RecordingFormat, RecordingKind,
    RecordingLayout, Secrecy, Side, StoredBinding, TenantId,
};

/// A fresh database of each kind.
pub(crate) async fn stores() -> Vec<Store> {
    let mut all = vec![Store::open("sqlite::memory:").await.expect("SQLite")];
    if let Ok(url) = std::env::var("STROWGER_TEST_POSTGRES") {
        static MADE: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = MADE.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        // Each test has a schema of its own, so that they run side by side.
        let schema = format!("test_{}_{number}", std::process::id());
        let status = std::process::Command::new("psql")
            .args([&url, "-q", "-c", &format!("CREATE SCHEMA {schema}")])
            .status()
            .expect("psql");
        assert!(status.success(), "a schema on {url}");
        let joint = if url.contains('?') { '&' } else { '?' };
        let url = format!("{url}{joint}options=-c%20search_path%3D{schema}");
        all.push(Store::open(&url).await.expect("PostgreSQL"));
    }
    all
}

fn ha1(name: &str) -> Ha1 {
    Ha1::of(name, "example.com", "secret")
}

pub(crate) fn new_user(name: &str, extension: Option<&str>) -> NewUser {
    NewUser {
        name: name.to_owned(),
        display_name: Some(format!("{name} of the office")),
        extension: extension.map(str::to_owned),
        ha1: ha1(name),
        media: MediaPolicy::default(),
    }
}

pub(crate) fn cdr(tenant: TenantId, number: u8, arrived: u64) -> Cdr {
    let at = |seconds: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + seconds);
    Cdr {
        uid: CallUid([number; 12]),
        tenant,
        direction: CallDirection::Internal,
        user: None,
        caller: "alice".to_owned(),
        caller_name: Some("Älice".to_owned()),
        callee: format!("10{number}"),
        answered_by: Some("bob".to_owned()),
        arrived: at(arrived),
        ringing: Some(at(arrived + 1)),
        answered: Some(at(arrived + 3)),
        ended: at(arrived + 60),
        disposition: Disposition::Answered,
        cause: Cause::NORMAL,
        status: 200,
        by: Side::Caller,
        application: Some(Label { name: "office".to_owned(), version: "abc".to_owned() }),
        fallback: None,
        came_over: None,
        charge: None,
        legs: vec![LegRecord {
            direction: Direction::Arriving,
            party: "alice".to_owned(),
            sip_call_id: "x".to_owned(),
            gateway: None,
            remote: "[2001:db8::1]:5060".parse().expect("address"),
            status: Some(200),
            media: Some(MediaStats {
                packets_in: 50,
                jitter_us: Some(125),
                rtt_us: Some(40_500),
                far_lost: Some(3),
                far_jitter_us: Some(2_125),
                r_factor: Some(902),
                mos: Some(434),
                ..MediaStats::default()
            }),
        }],
    }
}

fn binding(tenant: TenantId, contact: &str) -> StoredBinding {
    StoredBinding {
        aor: Aor { tenant, user: "alice".to_owned() },
        contact: contact.to_owned(),
        q: 500,
        call_id: "call".to_owned(),
        cseq: 7,
        expires: SystemTime::UNIX_EPOCH + Duration::from_secs(1_900_000_000),
        transport: "udp".to_owned(),
        local: "192.0.2.1:5060".parse().expect("address"),
        remote: "192.0.2.2:5060".parse().expect("address"),
        path: vec!["<sip:edge.example.com;lr>".to_owned()],
        instance: Some("<urn:uuid:1>".to_owned()),
        reg_id: Some(1),
        user_agent: None,
    }
}

#[tokio::test]
async fn a_tenant_is_kept_changed_and_removed_with_all_that_is_its_own() {
    for store in stores().await {
        let made = store
            .tenants()
            .create(NewTenant::named("office", vec!["Example.com".to_owned(), "192.0.2.1".to_owned()]))
            .await
            .expect("made");
        assert_eq!(
            (made.realm.as_str(), made.domains.clone()),
            ("192.0.2.1", vec!["192.0.2.1".to_owned(), "example.com".to_owned()])
        );
        let mut changed = made.clone();
        changed.domains = vec!["example.org".to_owned()];
        changed.policy.fallback = Fallback::Reject(503);
        changed.policy.max_calls = Some(7);
        changed.hosts = vec!["a.example".to_owned(), "b.example".to_owned()];
        assert_eq!(store.tenants().update(&changed).await.expect("changed"), changed);
        assert_eq!(store.tenants().by_name("office").await.expect("found"), changed);
        store.users(made.id).create(new_user("alice", None)).await.expect("a user");
        store.tenants().delete(made.id).await.expect("removed");
        assert!(matches!(store.tenants().get(made.id).await, Err(Error::NotFound("tenant"))));
        assert!(store.users(made.id).list().await.expect("a list").is_empty());
        assert!(matches!(store.tenants().delete(made.id).await, Err(Error::NotFound(_))));
    }
}

#[tokio::test]
async fn a_name_or_a_domain_has_one_owner() {
    for store in stores().await {
        store.tenants().create(NewTenant::named("one", vec!["one.example".to_owned()])).await.expect("made");
        assert!(matches!(
            store.tenants().create(NewTenant::named("one", Vec::new())).await,
            Err(Error::Exists("tenant"))
        ));
        assert!(matches!(
            store.tenants().create(NewTenant::named("two", vec!["ONE.example".to_owned()])).await,
            Err(Error::Exists("domain"))
        ));
        assert_eq!(store.tenants().list().await.expect("a list").len(), 1, "nothing of the second is left");
        assert!(matches!(
            store.tenants().create(NewTenant::named("a b", Vec::new())).await,
            Err(Error::Invalid { field: "name", .. })
        ));
    }
}

#[tokio::test]
async fn one_tenant_never_sees_what_is_another_s() {
    for store in stores().await {
        let a = store.tenants().create(NewTenant::named("a", Vec::new())).await.expect("made").id;
        let b = store.tenants().create(NewTenant::named("b", Vec::new())).await.expect("made").id;
        let user = store.users(a).create(new_user("alice", Some("101"))).await.expect("a user");
        let version = store.dialplans(a).upload("office", "abc", vec![1, 2, 3]).await.expect("a version");
        store.values(a).set("greeting", "hello").await.expect("kept");
        let room = NewRoom { name: "600".to_owned(), pins: Pins::default(), settings: RoomSettings::default() };
        let room = store.rooms(a).create(room).await.expect("a room");
        assert!(matches!(store.users(b).get(user.id).await, Err(Error::NotFound("user"))));
        assert!(matches!(store.users(b).by_name("alice").await, Err(Error::NotFound("user"))));
        assert!(matches!(store.users(b).update(&user).await, Err(Error::NotFound("user"))));
        assert!(matches!(store.users(b).delete(user.id).await, Err(Error::NotFound("user"))));
        assert!(matches!(store.dialplans(b).component(version.id).await, Err(Error::NotFound("version"))));
        assert!(matches!(store.dialplans(b).activate(Some(version.id)).await, Err(Error::NotFound("version"))));
        assert!(matches!(store.rooms(b).get("600").await, Err(Error::NotFound("room"))));
        assert!(matches!(store.rooms(b).update(&room).await, Err(Error::NotFound("room"))));
        assert!(matches!(store.rooms(b).delete("600").await, Err(Error::NotFound("room"))));
        assert!(store.rooms(b).list().await.expect("a list").is_empty());
        assert_eq!(store.values(b).get("greeting").await.expect("an answer"), None);
        // The same names are free for the other.
        store.users(b).create(new_user("alice", Some("101"))).await.expect("a user");
        assert_eq!(store.users(a).list().await.expect("a list").len(), 1);
    }
}

#[tokio::test]
async fn a_user_is_kept_without_its_password() {
    for store in stores().await {
        let tenant = store.tenants().create(NewTenant::named("office", Vec::new())).await.expect("made").id;
        let mut user = store.users(tenant).create(new_user("alice", Some("101"))).await.expect("a user");
        assert_eq!(user.ha1, ha1("alice"));
        assert!(matches!(store.users(tenant).create(new_user("bob", Some("101"))).await, Err(Error::Exists(_))));
        assert!(matches!(
            store.users(tenant).create(new_user("bob", Some("+49"))).await,
            Err(Error::Invalid { field: "extension", .. })
        ));
        user.enabled = false;
        user.extension = None;
        assert_eq!(store.users(tenant).update(&user).await.expect("changed"), user);
        store.users(tenant).delete(user.id).await.expect("removed");
        assert!(matches!(store.users(tenant).get(user.id).await, Err(Error::NotFound("user"))));
    }
}

#[tokio::test]
async fn the_media_of_users_and_tenants_is_kept_and_what_nobody_said_stays_unsaid() {
    for store in stores().await {
        let made = store.tenants().create(NewTenant::named("office", Vec::new())).await.expect("made");
        assert_eq!(made.policy.media, MediaPolicy::default());
        let mut changed = made.clone();
        let (secrecy, codecs) = (Some(Secrecy::Required), "opus,g729".parse().ok());
        changed.policy.media = MediaPolicy { secrecy, codecs, language: Language::parse("de-AT").ok() };
        (changed.country, changed.music) = ("at".parse().ok(), "jazz".parse().ok());
        assert_eq!(store.tenants().update(&changed).await.expect("changed"), changed);
        assert_eq!(store.tenants().get(made.id).await.expect("found"), changed);
        let media = MediaPolicy { secrecy: Some(Secrecy::Off), codecs: None, language: Language::parse("fr").ok() };
        let new = NewUser { media: media.clone(), ..new_user("alice", None) };
        let mut user = store.users(made.id).create(new).await.expect("a user");
        assert_eq!(user.media, media);
        user.media = MediaPolicy { secrecy: None, codecs: "pcma".parse().ok(), language: None };
        assert_eq!(store.users(made.id).update(&user).await.expect("changed"), user);
        assert_eq!(store.users(made.id).by_name("alice").await.expect("found"), user);
        assert_eq!(store.tenants().update(&made).await.expect("taken back"), made);
    }
}

#[tokio::test]
async fn a_room_is_kept_with_all_its_settings_and_without_its_pins() {
    for store in stores().await {
        let tenant = store.tenants().create(NewTenant::named("office", Vec::new())).await.expect("made").id;
        let rooms = store.rooms(tenant);
        let settings = RoomSettings {
            title: Some("Weekly".to_owned()),
            wait_for_moderator: true,
            end_with_moderator: true,
            entry: EntrySound::Name,
            maximum: 12,
            record: true,
            mute_on_entry: true,
            dial_out: true,
            language: Some("de".to_owned()),
            keys: vec![
                RoomKey { keys: "*6".to_owned(), action: "mute".to_owned() },
                RoomKey { keys: "#99".to_owned(), action: "end".to_owned() },
            ],
        };
        let pins = Pins::of(Some("4711"), Some("8150")).expect("PINs");
        let new = NewRoom { name: "600".to_owned(), pins, settings: settings.clone() };
        let mut room = rooms.create(new.clone()).await.expect("a room");
        assert_eq!((room.name.as_str(), &room.settings), ("600", &settings));
        assert_eq!(rooms.get("600").await.expect("found"), room);
        assert_eq!(
            (room.pins.admit("4711"), room.pins.admit("8150")),
            (Some(Admitted::Participant), Some(Admitted::Moderator))
        );
        assert!(matches!(rooms.create(new).await, Err(Error::Exists("room"))));
        room.settings = RoomSettings::default();
        room.pins.set_participant(None).expect("none");
        assert_eq!(rooms.update(&room).await.expect("changed"), room);
        let kept = rooms.get("600").await.expect("found");
        assert_eq!((kept.pins.admit(""), kept.pins.admit("4711")), (Some(Admitted::Participant), None));
        let second = NewRoom { name: "*8-lab".to_owned(), pins: Pins::default(), settings: RoomSettings::default() };
        rooms.create(second).await.expect("a room");
        let names: Vec<_> = rooms.list().await.expect("a list").into_iter().map(|room| room.name).collect();
        assert_eq!(names, ["*8-lab", "600"]);
        rooms.delete("600").await.expect("removed");
        assert!(matches!(rooms.get("600").await, Err(Error::NotFound("room"))));
        assert!(matches!(rooms.delete("600").await, Err(Error::NotFound("room"))));
        assert!(matches!(rooms.update(&room).await, Err(Error::NotFound("room"))));
    }
}

#[tokio::test]
async fn a_room_that_nobody_could_use_is_refused_by_its_field() {
    for store in stores().await {
        let tenant = store.tenants().create(NewTenant::named("office", Vec::new())).await.expect("made").id;
        let key = |keys: &str| RoomKey { keys: keys.to_owned(), action: "mute".to_owned() };
        let usual = RoomSettings::default;
        for (field, name, settings) in [
            ("name", "", usual()),
            ("name", "Room", usual()),
            ("name", &*"6".repeat(33), usual()),
            ("title", "600", RoomSettings { title: Some("a\nb".to_owned()), ..usual() }),
            ("maximum", "600", RoomSettings { maximum: 1, ..usual() }),
            ("maximum", "600", RoomSettings { maximum: 1001, ..usual() }),
            ("language", "600", RoomSettings { language: Some("../en".to_owned()), ..usual() }),
            ("keys", "600", RoomSettings { keys: vec![key("6")], ..usual() }),
            ("keys", "600", RoomSettings { keys: vec![key("*6"), key("*61")], ..usual() }),
            ("keys", "600", RoomSettings { keys: vec![key("*6"), key("*6")], ..usual() }),
        ] {
            let new = NewRoom { name: name.to_owned(), pins: Pins::default(), settings };
            let refused = store.rooms(tenant).create(new).await.expect_err("a refusal");
            assert!(matches!(refused, Error::Invalid { field: wrong, .. } if wrong == field), "{field}: {refused}");
        }
        assert!(store.rooms(tenant).list().await.expect("a list").is_empty());
        let nobody = NewRoom { name: "600".to_owned(), pins: Pins::default(), settings: usual() };
        assert!(matches!(store.rooms(TenantId(4711)).create(nobody).await, Err(Error::NotFound("tenant"))));
    }
}

#[tokio::test]
async fn one_version_of_a_dialplan_is_active_at_a_time() {
    for store in stores().await {
        let tenant = store.tenants().create(NewTenant::named("office", Vec::new())).await.expect("made").id;
        let plans = store.dialplans(tenant);
        assert_eq!(plans.active().await.expect("an answer"), None);
        let one = plans.upload("office", "aaa", vec![1]).await.expect("kept");
        let two = plans.upload("office", "bbb", vec![2]).await.expect("kept");
        assert_eq!(plans.upload("office", "aaa", vec![1]).await.expect("known").id, one.id);
        for version in [&one, &two] {
            plans.activate(Some(version.id)).await.expect("active");
            assert_eq!(plans.active().await.expect("an answer").map(|active| active.id), Some(version.id));
        }
        assert!(matches!(plans.activate(Some(4711)).await, Err(Error::NotFound(_))));
        assert_eq!(
            plans.active().await.expect("an answer").map(|active| active.id),
            Some(two.id),
            "a failed change changes nothing"
        );
        assert_eq!(plans.component(one.id).await.expect("bytes"), vec![1]);
        plans.activate(None).await.expect("none");
        assert_eq!(plans.active().await.expect("an answer"), None);
    }
}

#[tokio::test]
async fn what_the_writer_took_is_there_within_a_second() {
    for store in stores().await {
        let tenant = store.tenants().create(NewTenant::named("office", Vec::new())).await.expect("made").id;
        let (writer, task) = Writer::new(store.clone());
        let task = tokio::spawn(task.run());
        writer.write(Record::Cdr(Box::new(cdr(tenant, 1, 10))));
        writer.write(Record::Binding(BindingChange::Put(binding(tenant, "sip:alice@192.0.2.2"))));
        writer.write(Record::Binding(BindingChange::Put(binding(tenant, "sip:alice@192.0.2.3"))));
        writer.write(Record::Binding(BindingChange::Put(binding(tenant, "sip:alice@192.0.2.3"))));
        let aor = Aor { tenant, user: "alice".to_owned() };
        writer.write(Record::Binding(BindingChange::Removed { aor, contact: "sip:alice@192.0.2.2".to_owned() }));
        // A record of a tenant that never was does not hold up the others.
        writer.write(Record::Binding(BindingChange::Put(binding(TenantId(4711), "sip:x@192.0.2.2"))));
        let direction = CallDirection::Originated;
        writer.write(Record::Cdr(Box::new(Cdr { direction, ..cdr(tenant, 2, 20) })));
        drop(writer);
        task.await.expect("the writer");
        assert_eq!(store.bindings().list().await.expect("a list"), vec![binding(tenant, "sip:alice@192.0.2.3")]);
        let page = store.cdrs(tenant).query(&CdrFilter::default(), 10, None).await.expect("a page");
        assert_eq!(page.cdrs.iter().map(|cdr| cdr.callee.as_str()).collect::<Vec<_>>(), ["102", "101"]);
        assert_eq!(page.cdrs[1].direction.as_deref(), Some("internal"));
        let filter = CdrFilter { direction: Some("originated".to_owned()), ..CdrFilter::default() };
        let page = store.cdrs(tenant).query(&filter, 10, None).await.expect("a page");
        assert_eq!(page.cdrs.iter().map(|cdr| cdr.callee.as_str()).collect::<Vec<_>>(), ["102"]);
        let one = store.cdrs(tenant).get(&CallUid([1; 12]).to_string()).await.expect("a record");
        assert_eq!(
            (one.disposition.as_str(), one.cause, one.application_version.as_deref()),
            ("answered", 16, Some("abc"))
        );
        let media = one.legs.first().and_then(|leg| leg.media).expect("counts");
        assert_eq!((media.packets_in, media.jitter_us, media.rtt_us), (50, Some(125), Some(40_500)));
        assert_eq!((media.far_lost, media.far_jitter_us), (Some(3), Some(2_125)));
        assert_eq!((media.r_factor, media.mos), (Some(902), Some(434)));
    }
}

#[tokio::test]
async fn records_come_in_pages_and_by_filter() {
    for store in stores().await {
        let tenant = store.tenants().create(NewTenant::named("office", Vec::new())).await.expect("made").id;
        let (writer, task) = Writer::new(store.clone());
        for number in 1..=25 {
            // Several in the same second: the page's end must not fall between them unseen.
            writer.write(Record::Cdr(Box::new(cdr(tenant, number, u64::from(number / 10)))));
        }
        drop(writer);
        task.run().await;
        let (mut seen, mut token) = (Vec::new(), None);
        loop {
            let page = store.cdrs(tenant).query(&CdrFilter::default(), 4, token.as_deref()).await.expect("a page");
            seen.extend(page.cdrs.into_iter().map(|cdr| cdr.uid));
            token = page.next;
            if token.is_none() {
                break;
            }
        }
        seen.dedup();
        assert_eq!(seen.len(), 25);
        let filter = CdrFilter { callee: Some("107".to_owned()), ..CdrFilter::default() };
        assert_eq!(store.cdrs(tenant).query(&filter, 10, None).await.expect("a page").cdrs.len(), 1);
        assert!(matches!(
            store.cdrs(tenant).query(&CdrFilter::default(), 4, Some("nonsense")).await,
            Err(Error::Invalid { field: "page_token", .. })
        ));
        let other = store.tenants().create(NewTenant::named("other", Vec::new())).await.expect("made").id;
        assert!(store.cdrs(other).query(&CdrFilter::default(), 10, None).await.expect("a page").cdrs.is_empty());
    }
}

#[tokio::test]
async fn guests_keep_little_texts() {
    for store in stores().await {
        let tenant = store.tenants().create(NewTenant::named("office", Vec::new())).await.expect("made").id;
        let values = store.values(tenant);
        values.set("night", "on").await.expect("kept");
        values.set("night", "off").await.expect("kept");
        assert_eq!(values.get("night").await.expect("an answer").as_deref(), Some("off"));
        assert!(values.delete("night").await.expect("an answer") && !values.delete("night").await.expect("an answer"));
        assert!(values.set("", "x").await.is_err() && values.set("x", &"x".repeat(17_000)).await.is_err());
    }
}

fn recording(tenant: TenantId, name: &str, kind: RecordingKind, at: u64, bytes: Option<u64>) -> KeptRecording {
    KeptRecording {
        tenant,
        name: name.to_owned(),
        call: Some(CallUid([7; 12])),
        kind,
        started: SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + at),
        format: RecordingFormat::Wav,
        layout: RecordingLayout::Stereo,
        end: bytes.map(|bytes| RecordingEnd { length: Duration::from_millis(1_500), bytes, fault: None }),
    }
}

async fn tell(store: &Store, told: impl IntoIterator<Item = KeptRecording>) {
    let (writer, task) = Writer::new(store.clone());
    told.into_iter().for_each(|kept| writer.write(Record::Recording(Box::new(kept))));
    drop(writer);
    task.run().await;
}

#[tokio::test]
async fn recordings_are_known_while_they_are_made_and_after() {
    use RecordingKind::{Call, Message};
    for store in stores().await {
        let tenant = store.tenants().create(NewTenant::named("tapes", vec![])).await.expect("made").id;
        let recordings = store.recordings(tenant);
        tell(&store, [recording(tenant, "one", Call, 1, None)]).await;
        assert_eq!(recordings.get("one").await.expect("it").bytes, None);
        assert_eq!(recordings.unfinished().await.expect("those").len(), 1);
        tell(&store, [recording(tenant, "one", Call, 1, Some(48_044))]).await;
        let one = recordings.get("one").await.expect("it");
        assert_eq!(
            (one.bytes, one.length, one.kind.as_str()),
            (Some(48_044), Some(Duration::from_millis(1_500)), "call")
        );
        // A new one of the name that comes to nothing leaves the old one; one that has sound takes its place.
        tell(&store, [recording(tenant, "one", Message, 5, None), recording(tenant, "one", Message, 5, Some(0))]).await;
        assert_eq!(recordings.get("one").await.expect("it"), one);
        tell(&store, [recording(tenant, "one", Message, 9, None), recording(tenant, "one", Message, 9, Some(50))])
            .await;
        assert_eq!(recordings.get("one").await.expect("it").kind, "message");
        // One that comes to nothing and has no elder is not listed any more.
        tell(&store, [recording(tenant, "none", Call, 1, None), recording(tenant, "none", Call, 1, Some(0))]).await;
        assert!(matches!(recordings.get("none").await, Err(Error::NotFound(_))));
    }
}

#[tokio::test]
async fn what_was_cut_off_takes_nothing_over_from_an_older_recording_of_its_name() {
    use RecordingKind::Call;
    for store in stores().await {
        let tenant = store.tenants().create(NewTenant::named("tapes", vec![])).await.expect("made").id;
        let recordings = store.recordings(tenant);
        // The old one is whole, and the new one was begun under its name when the exchange fell.
        tell(&store, [recording(tenant, "one", Call, 1, Some(44)), recording(tenant, "one", Call, 90, None)]).await;
        let (name, format) = ("one".to_owned(), "opus".to_owned());
        let mended = MendedRecording { name, length: Duration::from_secs(2), bytes: 64_044, format };
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_100);
        recordings.mended(&mended, now).await.expect("written down");
        let one = recordings.get("one").await.expect("it");
        assert_eq!(one.started, now - mended.length, "its age is its own");
        assert_eq!((one.kind.as_str(), one.call.as_deref(), one.layout.as_str()), ("message", None, "mixed"));
        assert_eq!((one.bytes, one.format.as_str(), one.fault.is_some()), (Some(64_044), "opus", true));
        assert!(
            recordings.older_than(now, None, 10).await.expect("those").is_empty(),
            "it is not swept as the old one"
        );
    }
}

#[tokio::test]
async fn old_recordings_of_calls_are_found_and_messages_are_let_be() {
    use RecordingKind::{Call, Message, Room};
    for store in stores().await {
        let tenant = store.tenants().create(NewTenant::named("tapes", vec![])).await.expect("made").id;
        let told = [
            recording(tenant, "old", Call, 1, Some(44)),
            recording(tenant, "old-room", Room, 2, Some(44)),
            recording(tenant, "greeting", Message, 1, Some(44)),
            recording(tenant, "running", Call, 1, None),
            recording(tenant, "new", Call, 100, Some(44)),
        ];
        let before = told[4].started;
        tell(&store, told).await;
        let recordings = store.recordings(tenant);
        let old = recordings.older_than(before, None, 10).await.expect("those");
        assert_eq!(old.iter().map(|(_, name)| name).collect::<Vec<_>>(), ["old", "old-room"]);
        assert_eq!(recordings.older_than(before, None, 1).await.expect("those"), old[..1]);
        assert_eq!(recordings.older_than(before, Some(&old[0]), 10).await.expect("those"), old[1..]);
        assert!(recordings.older_than(before, Some(&old[1]), 10).await.expect("those").is_empty());
        let filter = RecordingFilter { kind: Some(Call), ..RecordingFilter::default() };
        let page = recordings.query(&filter, 2, None).await.expect("a page");
        assert_eq!(page.recordings.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["new", "running"]);
        let page = recordings.query(&filter, 2, page.next.as_deref()).await.expect("a page");
        assert_eq!((page.recordings.len(), page.next), (1, None));
        let (name, format) = ("running".to_owned(), "wav".to_owned());
        let mended = MendedRecording { name, length: Duration::from_secs(2), bytes: 64_044, format };
        recordings.mended(&mended, SystemTime::now()).await.expect("written down");
        let running = recordings.get("running").await.expect("it");
        assert!(running.bytes == Some(64_044) && running.call.is_some() && running.fault.is_some(), "{running:?}");
        let unknown = MendedRecording { name: "unknown".to_owned(), ..mended };
        recordings.mended(&unknown, SystemTime::now()).await.expect("written down");
        assert_eq!(recordings.get("unknown").await.expect("it").kind, "message");
        recordings.delete("old").await.expect("gone");
        assert!(matches!(recordings.delete("old").await, Err(Error::NotFound(_))));
        store.tenants().delete(tenant).await.expect("gone with all that is its own");
        assert!(matches!(recordings.get("new").await, Err(Error::NotFound(_))));
    }
}
