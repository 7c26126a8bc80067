//! The audio of messages and greetings: it comes whole, is checked, and goes with what it belongs to.

use std::time::Duration;

use admin::Change;
use admin::v1::{
    DeleteGreetingRequest, DownloadGreetingRequest, DownloadMessageRequest, Greeting, ImportMessageRequest,
    ListGreetingsRequest, MailboxGreeting, MailboxSettings, RecordingFormat, UpdateMailboxRequest,
    UploadGreetingRequest,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Response, Status};

use super::{SOUND, acme, fields, left};
use crate::house::House;

async fn upload(house: &House, mailbox: &str, greeting: i32, file: &[u8]) -> Result<MailboxGreeting, Status> {
    let head = UploadGreetingRequest { tenant: acme(), mailbox: mailbox.to_owned(), greeting, ..Default::default() };
    let piece = |data: &[u8]| UploadGreetingRequest { data: data.to_vec(), ..Default::default() };
    let last = UploadGreetingRequest { last: true, ..Default::default() };
    let all: Vec<_> = [head].into_iter().chain(file.chunks(7).map(piece)).chain([last]).collect();
    house.voicemail().await.upload_greeting(tokio_stream::iter(all)).await.map(Response::into_inner)
}

#[tokio::test]
async fn a_message_is_fetched_whole_or_with_an_error() {
    let (house, tenant) = House::with_acme().await;
    house.mailbox("acme", "1001").await;
    let id = house.message("acme", "1001", 1).await.id;
    let mut voicemail = house.voicemail().await;
    let ask = |id| DownloadMessageRequest { tenant: acme(), id };
    let mut stream = voicemail.download_message(ask(id)).await.unwrap().into_inner();
    let mut pieces = Vec::new();
    while let Some(piece) = stream.message().await.unwrap() {
        pieces.push(piece);
    }
    assert_eq!((pieces[0].size, pieces[0].format(), pieces[1].size), (30, RecordingFormat::Wav, 0));
    assert_eq!(pieces.into_iter().flat_map(|piece| piece.data).collect::<Vec<_>>(), SOUND);
    assert_eq!(voicemail.download_message(ask(4711)).await.unwrap_err().code(), Code::NotFound);
    let torn = left(&house, tenant, "1001", "torn").await.0;
    let mut stream = voicemail.download_message(ask(torn)).await.unwrap().into_inner();
    let failure = loop {
        match stream.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("it looks whole"),
            Err(status) => break status,
        }
    };
    assert_eq!(failure.code(), Code::DataLoss);
    house.exchange.files.lock().unwrap().clear();
    let gone = voicemail.download_message(ask(id)).await.unwrap_err();
    assert_eq!((gone.code(), gone.message()), (Code::NotFound, "its audio is not there any more"));
}

#[tokio::test]
async fn a_greeting_is_kept_replaced_fetched_and_deleted() {
    let (house, tenant) = House::with_acme().await;
    house.mailbox("acme", "1001").await;
    house.exchange.changes.lock().unwrap().clear();
    let busy = Greeting::Busy.into();
    let kept = upload(&house, "1001", busy, SOUND).await.unwrap();
    assert_eq!((kept.greeting(), kept.bytes, kept.format()), (Greeting::Busy, 30, RecordingFormat::Wav));
    let anew = upload(&house, "1001", busy, b"OggS anew").await.unwrap();
    assert_eq!((anew.bytes, anew.format()), (9, RecordingFormat::Opus));
    let files: Vec<_> = house.exchange.files.lock().unwrap().values().cloned().collect();
    assert_eq!(files, [b"OggS anew"], "the one before is gone");
    let mut voicemail = house.voicemail().await;
    let list = ListGreetingsRequest { tenant: acme(), mailbox: "1001".to_owned() };
    assert_eq!(voicemail.list_greetings(list.clone()).await.unwrap().into_inner().greetings, [anew]);
    let get = DownloadGreetingRequest { tenant: acme(), mailbox: "1001".to_owned(), greeting: busy };
    let mut stream = voicemail.download_greeting(get.clone()).await.unwrap().into_inner();
    assert_eq!(stream.message().await.unwrap().unwrap().data, b"OggS anew");
    let other = DownloadGreetingRequest { greeting: Greeting::Name.into(), ..get.clone() };
    assert_eq!(voicemail.download_greeting(other).await.unwrap_err().code(), Code::NotFound);
    let delete = DeleteGreetingRequest { tenant: acme(), mailbox: "1001".to_owned(), greeting: busy };
    voicemail.delete_greeting(delete.clone()).await.unwrap();
    let gone = voicemail.delete_greeting(delete).await.unwrap_err();
    assert_eq!((gone.code(), gone.message()), (Code::NotFound, "the mailbox has no such greeting of its own"));
    assert_eq!(voicemail.download_greeting(get).await.unwrap_err().code(), Code::NotFound);
    assert!(voicemail.list_greetings(list).await.unwrap().into_inner().greetings.is_empty());
    assert!(house.exchange.files.lock().unwrap().is_empty());
    assert_eq!(*house.exchange.changes.lock().unwrap(), vec![Change::Mailboxes(tenant); 3]);
}

#[tokio::test]
async fn what_is_no_sound_or_not_whole_is_kept_nowhere() {
    let (house, tenant) = House::with_acme().await;
    house.mailbox("acme", "1001").await;
    let head = ImportMessageRequest { tenant: acme(), mailbox: "1001".to_owned(), ..Default::default() };
    let busy = Greeting::Busy.into();
    for (field, file) in [("data", b"no sound".as_slice()), ("data", b"")] {
        assert_eq!(fields(&house.import(head.clone(), file).await.unwrap_err()), [field]);
        assert_eq!(fields(&upload(&house, "1001", busy, file).await.unwrap_err()), [field]);
    }
    assert_eq!(house.import(head.clone(), b"RIFF full").await.unwrap_err().code(), Code::ResourceExhausted);
    assert_eq!(upload(&house, "1001", busy, b"RIFF full").await.unwrap_err().code(), Code::ResourceExhausted);
    assert_eq!(fields(&upload(&house, "1001", 0, SOUND).await.unwrap_err()), ["greeting"]);
    assert_eq!(upload(&house, "1009", busy, SOUND).await.unwrap_err().code(), Code::NotFound);
    let missing = ImportMessageRequest { mailbox: "1009".to_owned(), ..head.clone() };
    assert_eq!(house.import(missing, SOUND).await.unwrap_err().code(), Code::NotFound);
    let torn = vec![ImportMessageRequest { data: SOUND.to_vec(), ..head.clone() }];
    let mut voicemail = house.voicemail().await;
    let refused = voicemail.import_message(tokio_stream::iter(torn)).await.unwrap_err();
    assert_eq!(fields(&refused), ["last"]);
    let nothing: Vec<ImportMessageRequest> = Vec::new();
    assert_eq!(fields(&voicemail.import_message(tokio_stream::iter(nothing)).await.unwrap_err()), ["tenant"]);
    let piece = ImportMessageRequest { data: vec![0; 1 << 20], ..Default::default() };
    let endless: Vec<_> = [head.clone()].into_iter().chain(vec![piece; 65]).collect();
    assert_eq!(fields(&voicemail.import_message(tokio_stream::iter(endless)).await.unwrap_err()), ["data"]);
    assert!(house.exchange.files.lock().unwrap().is_empty());

    let settings = Some(MailboxSettings { max_minutes: Some(1), max_messages: Some(2), ..Default::default() });
    let change = UpdateMailboxRequest { tenant: acme(), name: "1001".to_owned(), settings, ..Default::default() };
    voicemail.update(change).await.unwrap();
    house.import(head.clone(), SOUND).await.unwrap();
    let longer = [SOUND, b"!"].concat();
    assert_eq!(house.import(head.clone(), &longer).await.unwrap_err().code(), Code::ResourceExhausted);
    house.import(head.clone(), SOUND).await.unwrap();
    assert_eq!(house.import(head, b"RIFF").await.unwrap_err().code(), Code::ResourceExhausted);
    assert_eq!(house.store.messages(tenant).usage(None).await.unwrap().messages, 2);
    assert_eq!(house.exchange.files.lock().unwrap().len(), 2, "what had no room left no file");
}

#[tokio::test]
async fn so_many_send_files_at_once_and_who_breaks_off_makes_room() {
    let (house, _) = House::with_acme().await;
    house.mailbox("acme", "1001").await;
    let head =
        ImportMessageRequest { tenant: acme(), mailbox: "1001".to_owned(), data: SOUND.to_vec(), ..Default::default() };
    let (mut senders, mut imports) = (Vec::new(), tokio::task::JoinSet::new());
    for _ in 0..5 {
        let (sender, pieces) = tokio::sync::mpsc::channel(1);
        sender.send(head.clone()).await.unwrap();
        senders.push(sender);
        let mut voicemail = house.voicemail().await;
        imports.spawn(async move { voicemail.import_message(ReceiverStream::new(pieces)).await.unwrap_err() });
    }
    // Four wait for their next piece; whoever came last is sent away.
    let refused = tokio::time::timeout(Duration::from_secs(20), imports.join_next()).await.expect("a refusal");
    let refused = refused.unwrap().unwrap();
    assert_eq!(
        (refused.code(), refused.message()),
        (Code::ResourceExhausted, "4 files are being uploaded already; try again in a while")
    );
    drop(senders);
    let torn = imports.join_all().await;
    assert_eq!(torn.iter().map(fields).collect::<Vec<_>>(), vec![["last"]; 4]);
    upload(&house, "1001", Greeting::Busy.into(), SOUND).await.unwrap();
    assert_eq!(house.exchange.files.lock().unwrap().len(), 1, "what broke off is kept nowhere");
}
