//! Messages: listed by pages, moved, marked, forwarded, deleted.

use admin::MailboxEvent;
use admin::v1::{
    DeleteMessageRequest, DeleteRecordingRequest, Folder, ForwardMessageRequest, GetMessageRequest,
    ImportMessageRequest, ListMessagesRequest, MarkMessageRequest, MoveMessageRequest, VoicemailReason,
};
use switch::MessageId;
use tonic::Code;

use super::{SOUND, acme, fields, left};
use crate::house::{House, at};

async fn furnished() -> (House, switch::TenantId) {
    let (house, tenant) = House::with_acme().await;
    for name in ["1001", "1002"] {
        house.mailbox("acme", name).await;
    }
    (house, tenant)
}

#[tokio::test]
async fn messages_are_listed_by_pages_folder_by_folder_and_urgent_ones_first() {
    let (house, tenant) = furnished().await;
    let mut ids = Vec::new();
    for number in 1..=5 {
        ids.push(house.message("acme", "1001", number).await.id);
    }
    house.message("acme", "1002", 9).await;
    let messages = house.store.messages(tenant);
    messages.set_urgent(MessageId(ids[2]), true).await.unwrap();
    messages.move_to(MessageId(ids[0]), switch::Folder::Deleted, at(10)).await.unwrap();
    messages.move_to(MessageId(ids[1]), switch::Folder::Saved, at(10)).await.unwrap();
    let expected = [ids[2], ids[3], ids[4], ids[1], ids[0]];
    let mut voicemail = house.voicemail().await;
    let request =
        ListMessagesRequest { tenant: acme(), mailbox: "1001".to_owned(), page_size: 2, ..Default::default() };
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let request = ListMessagesRequest { page_token: token, ..request.clone() };
        let page = voicemail.list_messages(request).await.unwrap().into_inner();
        assert!(page.messages.len() <= 2);
        seen.extend(page.messages.iter().map(|one| one.id));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, expected);
    let saved = ListMessagesRequest { folder: Folder::Saved.into(), ..request.clone() };
    let page = voicemail.list_messages(saved).await.unwrap().into_inner();
    assert_eq!(page.messages.iter().map(|one| one.id).collect::<Vec<_>>(), [ids[1]]);
    let wrong = ListMessagesRequest { page_size: 1001, folder: 9, page_token: "x".to_owned(), ..request.clone() };
    assert_eq!(fields(&voicemail.list_messages(wrong).await.unwrap_err()), ["page_size", "folder", "page_token"]);
    let missing = ListMessagesRequest { mailbox: "1009".to_owned(), ..request };
    assert_eq!(voicemail.list_messages(missing).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn a_message_is_moved_marked_and_deleted_and_the_exchange_is_told() {
    let (house, tenant) = furnished().await;
    let id = left(&house, tenant, "1001", "left-1").await.0;
    let mut voicemail = house.voicemail().await;
    let get = GetMessageRequest { tenant: acme(), id };
    let found = voicemail.get_message(get.clone()).await.unwrap().into_inner();
    assert_eq!((found.mailbox.as_str(), found.folder(), found.reason()), ("1001", Folder::New, VoicemailReason::Busy));
    assert_eq!((found.caller_name.as_deref(), found.recording.as_str()), (Some("Bob"), "left-1"));
    let urgent = voicemail.mark_message(MarkMessageRequest { tenant: acme(), id, urgent: true }).await.unwrap();
    assert!(urgent.into_inner().urgent);
    let shift = MoveMessageRequest { tenant: acme(), id, folder: Folder::Saved.into() };
    for _ in 0..2 {
        assert_eq!(voicemail.move_message(shift.clone()).await.unwrap().into_inner().folder(), Folder::Saved);
    }
    let wrong = MoveMessageRequest { folder: 0, ..shift };
    assert_eq!(fields(&voicemail.move_message(wrong).await.unwrap_err()), ["folder"]);
    let recording = DeleteRecordingRequest { tenant: acme(), name: "left-1".to_owned() };
    house.keeps_recordings(vec![recorded(tenant, "left-1")]).await;
    let refused = house.recordings().await.delete(recording).await.unwrap_err();
    assert!(refused.code() == Code::FailedPrecondition && refused.message().contains("mailbox rm"), "{refused}");
    voicemail.delete_message(DeleteMessageRequest { tenant: acme(), id }).await.unwrap();
    assert_eq!(voicemail.get_message(get).await.unwrap_err().code(), Code::NotFound);
    assert!(house.exchange.files.lock().unwrap().is_empty());
    assert!(house.store.recordings(tenant).get("left-1").await.is_err(), "nor is it listed any more");
    let told = house.exchange.mailboxes_told.lock().unwrap();
    assert!(told.iter().all(|one| one.tenant == tenant && one.mailbox == "1001"));
    let told: Vec<_> = told
        .iter()
        .map(|one| match &one.event {
            MailboxEvent::Changed(message) => (message.id.0, message.urgent, message.folder),
            MailboxEvent::Gone(message) => (message.0, false, None),
            other => panic!("{other:?}"),
        })
        .collect();
    let (new, saved) = (Some(switch::Folder::New), Some(switch::Folder::Saved));
    assert_eq!(told, [(id, true, new), (id, true, saved), (id, false, None)], "one who moves nothing tells nothing");
}

fn recorded(tenant: switch::TenantId, name: &str) -> switch::KeptRecording {
    let end = switch::RecordingEnd { length: std::time::Duration::from_secs(12), bytes: 30, fault: None };
    switch::KeptRecording {
        tenant,
        name: name.to_owned(),
        call: None,
        kind: switch::RecordingKind::Message,
        started: at(1),
        format: switch::RecordingFormat::Wav,
        layout: switch::RecordingLayout::Mixed,
        end: Some(end),
    }
}

#[tokio::test]
async fn a_message_that_is_being_recorded_is_none_yet() {
    let (house, tenant) = furnished().await;
    let new = store::NewMessage {
        mailbox: "1001".to_owned(),
        recording: "draft".to_owned(),
        urgent: false,
        caller: "1002".to_owned(),
        caller_name: None,
        caller_user: None,
        call: None,
        reason: switch::Reason::Chosen,
        received: at(1),
        forwarded_by: None,
    };
    let id = house.store.messages(tenant).draft(&new).await.unwrap().0;
    house.exchange.files.lock().unwrap().insert("draft".to_owned(), SOUND.to_vec());
    let (mut voicemail, folder) = (house.voicemail().await, Folder::Saved.into());
    let download = admin::v1::DownloadMessageRequest { tenant: acme(), id };
    let forward = ForwardMessageRequest { tenant: acme(), id, to: vec!["1002".to_owned()] };
    for refused in [
        voicemail.get_message(GetMessageRequest { tenant: acme(), id }).await.map(drop),
        voicemail.mark_message(MarkMessageRequest { tenant: acme(), id, urgent: true }).await.map(drop),
        voicemail.move_message(MoveMessageRequest { tenant: acme(), id, folder }).await.map(drop),
        voicemail.delete_message(DeleteMessageRequest { tenant: acme(), id }).await.map(drop),
        voicemail.download_message(download).await.map(drop),
        voicemail.forward_message(forward).await.map(drop),
    ] {
        let refused = refused.unwrap_err();
        assert_eq!((refused.code(), refused.message()), (Code::NotFound, "there is no such message"));
    }
    assert_eq!(house.store.messages(tenant).drafts().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_message_is_forwarded_to_each_once_and_not_to_who_has_no_room() {
    let (house, tenant) = furnished().await;
    for name in ["full", "gone", "broken"] {
        house.mailbox("acme", name).await;
    }
    let id = house.message("acme", "1001", 1).await.id;
    let mut voicemail = house.voicemail().await;
    let forward = |to: &[&str]| ForwardMessageRequest {
        tenant: acme(),
        id,
        to: to.iter().map(|name| (*name).to_owned()).collect(),
    };
    let done = voicemail.forward_message(forward(&["full", "1002", "1002"])).await.unwrap().into_inner();
    assert_eq!((done.taken, done.full), (vec!["1002".to_owned()], vec!["full".to_owned()]));
    assert_eq!(*house.exchange.forwarded.lock().unwrap(), [(tenant, MessageId(id), "1002".to_owned())]);
    let missing = voicemail.forward_message(forward(&["1002", "1009"])).await.unwrap_err();
    assert_eq!((missing.code(), missing.message()), (Code::NotFound, "there is no mailbox 1009"));
    assert_eq!(house.exchange.forwarded.lock().unwrap().len(), 1, "nothing was sent");
    assert_eq!(voicemail.forward_message(forward(&["gone"])).await.unwrap_err().code(), Code::NotFound);
    let failed = voicemail.forward_message(forward(&["1002", "broken"])).await.unwrap_err();
    assert!(failed.code() == Code::Internal && failed.message().contains("1002 had one before"), "{failed}");
    assert_eq!(fields(&voicemail.forward_message(forward(&[])).await.unwrap_err()), ["to"]);
    assert_eq!(fields(&voicemail.forward_message(forward(&["1002"; 501])).await.unwrap_err()), ["to"]);
    assert_eq!(fields(&voicemail.forward_message(forward(&["a b"])).await.unwrap_err()), ["to"]);
}

#[tokio::test]
async fn a_message_from_elsewhere_is_kept_as_it_was() {
    let (house, tenant) = furnished().await;
    house.user("acme", "alice", "1001").await;
    house.writes_to("1001", "alice@example.com").await;
    let head = ImportMessageRequest {
        tenant: acme(),
        mailbox: "1001".to_owned(),
        folder: Folder::Saved.into(),
        urgent: true,
        caller: "1002".to_owned(),
        caller_name: Some("Bob".to_owned()),
        caller_user: Some("alice".to_owned()),
        call: Some("0102030405060708090a0b0c".to_owned()),
        reason: VoicemailReason::Offline.into(),
        received: Some(at(5).into()),
        moved: Some(at(7).into()),
        forwarded_by: Some("1003".to_owned()),
        ..Default::default()
    };
    let kept = house.import(head.clone(), SOUND).await.unwrap();
    assert_eq!((kept.folder(), kept.urgent, kept.reason()), (Folder::Saved, true, VoicemailReason::Offline));
    assert_eq!((kept.received, kept.moved), (Some(at(5).into()), Some(at(7).into())));
    assert_eq!((kept.caller_user.as_deref(), kept.forwarded_by.as_deref()), (Some("alice"), Some("1003")));
    assert_eq!((kept.bytes, kept.length.unwrap().seconds), (SOUND.len() as u64, 30));
    assert_eq!(house.exchange.files.lock().unwrap()[&kept.recording], SOUND);
    let unknown = ImportMessageRequest { caller_user: Some("carol".to_owned()), ..head.clone() };
    assert_eq!(house.import(unknown, SOUND).await.unwrap().caller_user, None, "a user of another exchange");
    let bare = ImportMessageRequest { tenant: acme(), mailbox: "1001".to_owned(), ..Default::default() };
    let kept = house.import(bare, b"OggS, 17 s of it.").await.unwrap();
    assert_eq!((kept.folder(), kept.reason(), kept.bytes), (Folder::New, VoicemailReason::Chosen, 17));
    assert!(house.store.letters().of(tenant).await.unwrap().is_empty(), "nobody is written to");
    let told = house.exchange.mailboxes_told.lock().unwrap();
    assert!(told.len() == 3 && told.iter().all(|one| matches!(one.event, MailboxEvent::Came(_))), "{told:?}");
}
