//! Recordings as operators have them: listed by pages, fetched, removed; and those of calls, begun and ended.

use std::time::Duration;

use admin::v1::{DownloadRecordingRequest, ListRecordingsRequest, RecordingFormat as Spelt};
use switch::{
    CallRecording, KeptRecording, RecordingEnd, RecordingFormat, RecordingKind, RecordingLayout, RecordingOrder,
    TenantId,
};
use tonic::Code;
use tonic_types::StatusExt;

use crate::cli::typed;
use crate::house::{House, at, call_uid};

fn kept(number: u8, tenant: TenantId, name: &str, over: bool) -> KeptRecording {
    let end = RecordingEnd { length: Duration::from_millis(65_200), bytes: 2_086_444, fault: None };
    KeptRecording {
        tenant,
        name: name.to_owned(),
        call: Some(call_uid(number)),
        kind: if number == 3 { RecordingKind::Message } else { RecordingKind::Call },
        started: at(u64::from(number) * 100),
        format: RecordingFormat::Opus,
        layout: RecordingLayout::Stereo,
        end: over.then_some(end),
    }
}

async fn furnished() -> (House, TenantId) {
    let (house, acme) = House::with_acme().await;
    let names = [(1, "first", true), (2, "running", false), (3, "greeting", true), (4, "torn", true)];
    let all = names.iter().map(|(number, name, over)| kept(*number, acme, name, *over)).collect();
    house.keeps_recordings(all).await;
    for name in ["first", "greeting", "torn"] {
        house.exchange.files.lock().unwrap().insert(name.to_owned(), b"OggS and what follows it".to_vec());
    }
    (house, acme)
}

#[tokio::test]
async fn recordings_are_listed_by_pages_and_filters() {
    let (house, _) = furnished().await;
    let request = ListRecordingsRequest { tenant: "acme".to_owned(), page_size: 3, ..Default::default() };
    let page = house.recordings().await.list(request.clone()).await.unwrap().into_inner();
    let names: Vec<_> = page.recordings.iter().map(|recording| recording.name.as_str()).collect();
    assert_eq!(names, ["torn", "greeting", "running"]);
    assert_eq!((page.recordings[2].bytes, page.recordings[2].length), (None, None), "it goes on");
    let next = ListRecordingsRequest { page_token: page.next_page_token, ..request.clone() };
    let page = house.recordings().await.list(next).await.unwrap().into_inner();
    assert_eq!((page.recordings.len(), page.next_page_token.as_str()), (1, ""));
    assert_eq!(page.recordings[0].bytes, Some(2_086_444));
    let of_one = ListRecordingsRequest { call: call_uid(3).to_string(), ..request.clone() };
    assert_eq!(house.recordings().await.list(of_one).await.unwrap().into_inner().recordings[0].name, "greeting");
    for wrong in [
        ListRecordingsRequest { page_size: 1001, ..request.clone() },
        ListRecordingsRequest { kind: 9, ..request.clone() },
        ListRecordingsRequest { call: "x".to_owned(), ..request.clone() },
        ListRecordingsRequest { page_token: "x".to_owned(), ..request },
    ] {
        assert_eq!(house.recordings().await.list(wrong).await.unwrap_err().code(), Code::InvalidArgument);
    }
    let wrong = ListRecordingsRequest {
        tenant: "acme".to_owned(),
        page_size: 1001,
        kind: 9,
        call: "x".to_owned(),
        ..Default::default()
    };
    let refused = house.recordings().await.list(wrong).await.unwrap_err();
    let fields: Vec<_> =
        refused.get_details_bad_request().unwrap().field_violations.into_iter().map(|wrong| wrong.field).collect();
    assert_eq!(fields, ["page_size", "kind", "call"], "all that is wrong, by its name in the request");
}

#[tokio::test]
async fn a_file_comes_whole_or_with_an_error() {
    let (house, _) = furnished().await;
    house.tenant("other").await;
    let ask = |tenant: &str, name: &str| DownloadRecordingRequest { tenant: tenant.to_owned(), name: name.to_owned() };
    let mut stream = house.recordings().await.download(ask("acme", "first")).await.unwrap().into_inner();
    let mut pieces = Vec::new();
    while let Some(piece) = stream.message().await.unwrap() {
        pieces.push(piece);
    }
    assert_eq!((pieces[0].size, pieces[0].format(), pieces[1].size), (24, Spelt::Opus, 0));
    assert_eq!(pieces.into_iter().flat_map(|piece| piece.data).collect::<Vec<_>>(), b"OggS and what follows it");
    let mut stream = house.recordings().await.download(ask("acme", "torn")).await.unwrap().into_inner();
    let torn = loop {
        match stream.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("it looks whole"),
            Err(status) => break status,
        }
    };
    assert_eq!(torn.code(), Code::DataLoss);
    for (tenant, name) in [("acme", "none"), ("acme", "../first"), ("other", "first"), ("acme", "running")] {
        let refused = house.recordings().await.download(ask(tenant, name)).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound, "{tenant} {name}");
    }
}

#[tokio::test]
async fn an_operator_lists_shows_fetches_and_removes() {
    let (house, acme) = furnished().await;
    let list = typed(&house, "recording list").await.fine();
    let lines: Vec<_> = list.lines().collect();
    assert!(lines[0].starts_with("NAME") && lines[3].contains("running") && lines[4].contains("1:05"), "{list}");
    assert!(lines[4].contains("2.1 MB") && lines[2].contains("message"), "{list}");
    assert_eq!(typed(&house, "recording list --kind message").await.fine().lines().count(), 2);
    let json: serde_json::Value =
        serde_json::from_str(&typed(&house, "recording list --json -n 1").await.fine()).unwrap();
    assert_eq!(
        (json["recordings"][0]["name"].as_str(), json["recordings"][0]["bytes"].as_u64()),
        (Some("torn"), Some(2_086_444))
    );
    assert!(typed(&house, "recording show first").await.fine().contains("Opus"));
    assert_eq!(typed(&house, "recording get first --output -").await.fine(), "OggS and what follows it");
    let (code, why) = typed(&house, "recording remove running").await.failure();
    assert!(code == 1 && why.contains("being recorded"), "{why}");
    assert_eq!(typed(&house, "recording remove first").await.fine(), "recording first is deleted\n");
    assert_eq!(typed(&house, "recording show first").await.failure().0, 3);
    assert!(house.store.recordings(acme).get("running").await.is_ok());
}

/// A folder of this test's own.
fn folder(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("strowger-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn names(folder: &std::path::Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = files.map(|file| file.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_file_that_is_fetched_is_whole_or_not_there_and_replaces_none_unasked() {
    let (house, _) = furnished().await;
    let folder = folder("get");
    let file = folder.join("first.opus");
    let get = |name: &str| format!("recording get {name} --output {}", file.display());
    assert!(typed(&house, &get("first")).await.fine().ends_with("first.opus: 24 B\n"));
    assert_eq!(std::fs::read(&file).unwrap(), b"OggS and what follows it");
    std::fs::write(&file, b"mine").unwrap();
    let (code, why) = typed(&house, &get("greeting")).await.failure();
    assert!(code == 2 && why.contains("first.opus") && why.contains("--force"), "{why}");
    assert_eq!(std::fs::read(&file).unwrap(), b"mine");
    // What does not come to its end leaves what was there, and nothing of its own.
    let (code, _) = typed(&house, &format!("{} --force", get("torn"))).await.failure();
    assert_eq!((code, std::fs::read(&file).unwrap().as_slice()), (1, b"mine".as_slice()));
    assert_eq!(names(&folder), ["first.opus"]);
    typed(&house, &format!("{} --force", get("greeting"))).await.fine();
    assert_eq!(std::fs::read(&file).unwrap(), b"OggS and what follows it");
    assert_eq!(names(&folder), ["first.opus"]);
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_file_that_comes_short_or_not_at_all_is_an_error() {
    let (house, _) = furnished().await;
    let folder = folder("short");
    let file = folder.join("it.opus");
    // The house says of this one that it has a byte more than come.
    house.exchange.files.lock().unwrap().insert("running".to_owned(), b"OggS, a byte short".to_vec());
    let (code, why) = typed(&house, &format!("recording get running -o {}", file.display())).await.failure();
    assert!(code == 1 && why.contains("18 of 19 bytes"), "{why}");
    let (code, why) = typed(&house, "recording get running -o -").await.failure();
    assert!(code == 1 && why.contains("18 of 19 bytes"), "{why}");
    house.exchange.files.lock().unwrap().insert("first".to_owned(), Vec::new());
    let (code, why) = typed(&house, &format!("recording get first -o {}", file.display())).await.failure();
    assert!(code == 1 && why.contains("nothing of it can be heard yet"), "{why}");
    assert!(names(&folder).is_empty());
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn an_operator_records_a_call() {
    let (house, acme) = House::with_acme().await;
    house.exchange.arrives(1, acme, "alice", "1002");
    let uid = call_uid(1);
    let (code, why) = typed(&house, &format!("call record stop {uid}")).await.failure();
    assert!(code == 1 && why.contains("not recorded"), "{why}");
    let said = typed(&house, &format!("call record start {uid} --name tape --opus --mixed --beep")).await.fine();
    assert_eq!(said, format!("the recording tape of call {uid} is running\n"));
    for (verb, state) in [("pause", "paused"), ("resume", "running"), ("stop", "ended")] {
        let said = typed(&house, &format!("call record {verb} {uid} --json")).await.fine();
        assert!(said.contains(&format!("\"state\":\"{state}\"")), "{said}");
    }
    let (format, layout) = (RecordingFormat::Opus, RecordingLayout::Mixed);
    let how = CallRecording { name: Some("tape".to_owned()), format, layout, beep: true };
    let orders: Vec<_> =
        house.exchange.recording_orders.lock().unwrap().iter().map(|(_, order)| order.clone()).collect();
    let expected = [RecordingOrder::Start(how), RecordingOrder::Pause, RecordingOrder::Resume, RecordingOrder::Stop];
    assert_eq!(orders, expected);
    let (code, why) = typed(&house, &format!("call record start {uid} --name a/b")).await.failure();
    assert!(code == 2 && why.contains("name:"), "{why}");
    assert_eq!(typed(&house, &format!("call record start {}", call_uid(9))).await.failure().0, 3);
}

#[tokio::test]
async fn recordings_of_one_tenant_are_not_reached_through_another() {
    let (house, acme) = furnished().await;
    house.tenant("umbrella").await;
    house.exchange.arrives(1, acme, "alice", "1002");
    let (tenant, name, uid) = ("umbrella".to_owned(), "first".to_owned(), call_uid(1).to_string());
    let (mut recordings, mut calls) = (house.recordings().await, house.calls().await);
    let list = ListRecordingsRequest { tenant: tenant.clone(), ..Default::default() };
    assert!(recordings.list(list.clone()).await.unwrap().into_inner().recordings.is_empty());
    let first = ListRecordingsRequest { tenant: "acme".to_owned(), page_size: 1, ..Default::default() };
    let page_token = recordings.list(first).await.unwrap().into_inner().next_page_token;
    assert!(!page_token.is_empty());
    let list = ListRecordingsRequest { page_token, ..list };
    assert!(recordings.list(list).await.unwrap().into_inner().recordings.is_empty(), "a token opens nothing");
    let (get, download, delete) = (
        admin::v1::GetRecordingRequest { tenant: tenant.clone(), name: name.clone() },
        admin::v1::DownloadRecordingRequest { tenant: tenant.clone(), name: name.clone() },
        admin::v1::DeleteRecordingRequest { tenant: tenant.clone(), name },
    );
    let start = admin::v1::StartRecordingRequest { tenant: tenant.clone(), uid: uid.clone(), ..Default::default() };
    let pause = admin::v1::PauseRecordingRequest { tenant: tenant.clone(), uid: uid.clone() };
    let resume = admin::v1::ResumeRecordingRequest { tenant: tenant.clone(), uid: uid.clone() };
    let stop = admin::v1::StopRecordingRequest { tenant, uid };
    for (number, refused) in [
        recordings.get(get).await.map(drop),
        recordings.download(download).await.map(drop),
        recordings.delete(delete).await.map(drop),
        calls.start_recording(start).await.map(drop),
        calls.pause_recording(pause).await.map(drop),
        calls.resume_recording(resume).await.map(drop),
        calls.stop_recording(stop).await.map(drop),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(refused.unwrap_err().code(), Code::NotFound, "attempt {number}");
    }
    assert!(house.exchange.files.lock().unwrap().contains_key("first"));
}
