//! Requests of mailboxes as nobody means them.

use std::collections::BTreeSet;

use admin::v1::{
    CreateMailboxRequest, DeleteGreetingRequest, DeleteMailTemplateRequest, DeleteMailboxListRequest,
    DeleteMailboxRequest, DownloadGreetingRequest, GetMailboxRequest, GetMessageRequest, Greeting,
    ImportMessageRequest, LetterKind, ListGreetingsRequest, ListMailboxListsRequest, ListMessagesRequest,
    MailboxEmails, MailboxSettings, MoveMessageRequest, PutMailTemplateRequest, PutMailboxListRequest,
    UpdateMailboxRequest, UploadGreetingRequest,
};
use tonic::Code;

use super::{SOUND, acme, fields};
use crate::guard::methods;
use crate::hostile::odd_names;
use crate::house::House;

/// Every enum in a request, however deep; one that is not tried below makes the first test fail.
const ENUMS: [&str; 10] = [
    "DeleteGreetingRequest.greeting",
    "DeleteMailTemplateRequest.kind",
    "DownloadGreetingRequest.greeting",
    "ImportMessageRequest.folder",
    "ImportMessageRequest.reason",
    "ListMessagesRequest.folder",
    "MailboxSettings.mail",
    "MoveMessageRequest.folder",
    "PutMailTemplateRequest.kind",
    "UploadGreetingRequest.greeting",
];

#[test]
fn every_enum_of_a_request_is_tried() {
    let mut found = BTreeSet::new();
    for method in methods().iter().filter(|method| method.parent_service().name() == "VoicemailService") {
        crate::odd::enums(&method.input(), &mut found);
    }
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ENUMS);
}

fn mailbox() -> String {
    "1001".to_owned()
}

#[tokio::test]
async fn a_number_that_no_enum_has_is_refused_by_its_field() {
    let (house, tenant) = House::with_acme().await;
    house.mailbox("acme", "1001").await;
    let id = house.message("acme", "1001", 1).await.id;
    let before = house.store.mailboxes(tenant).list().await.unwrap();
    let mut voicemail = house.voicemail().await;
    let import = ImportMessageRequest { tenant: acme(), mailbox: mailbox(), ..Default::default() };
    let upload = UploadGreetingRequest { tenant: acme(), mailbox: mailbox(), greeting: 9, ..Default::default() };
    let settings = Some(MailboxSettings { mail: Some(9), ..Default::default() });
    let template = PutMailTemplateRequest {
        tenant: acme(),
        language: "de".to_owned(),
        kind: 9,
        subject: "a".to_owned(),
        text: "b".to_owned(),
        html: None,
    };
    let messages = ListMessagesRequest { tenant: acme(), mailbox: mailbox(), folder: -1, ..Default::default() };
    let update = UpdateMailboxRequest { tenant: acme(), name: mailbox(), settings, ..Default::default() };
    let delete = DeleteMailTemplateRequest { tenant: acme(), language: "de".to_owned(), kind: 0 };
    for (field, refused) in [
        ("folder", house.import(ImportMessageRequest { folder: 9, ..import.clone() }, SOUND).await.map(drop)),
        ("reason", house.import(ImportMessageRequest { reason: 9, ..import }, SOUND).await.map(drop)),
        ("folder", voicemail.list_messages(messages).await.map(drop)),
        ("folder", voicemail.move_message(MoveMessageRequest { tenant: acme(), id, folder: 9 }).await.map(drop)),
        ("settings.mail", voicemail.update(update).await.map(drop)),
        ("kind", voicemail.put_template(template).await.map(drop)),
        ("kind", voicemail.delete_template(delete).await.map(drop)),
        ("greeting", voicemail.upload_greeting(tokio_stream::once(upload)).await.map(drop)),
        (
            "greeting",
            voicemail
                .download_greeting(DownloadGreetingRequest { tenant: acme(), mailbox: mailbox(), greeting: 9 })
                .await
                .map(drop),
        ),
        (
            "greeting",
            voicemail
                .delete_greeting(DeleteGreetingRequest { tenant: acme(), mailbox: mailbox(), greeting: 0 })
                .await
                .map(drop),
        ),
    ] {
        let refused = refused.expect_err(field);
        assert_eq!(fields(&refused), [field], "{refused}");
    }
    assert_eq!(house.store.mailboxes(tenant).list().await.unwrap(), before);
    assert_eq!(house.exchange.files.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn every_wrong_field_is_named_and_the_pin_is_not_repeated() {
    let (house, tenant) = House::with_acme().await;
    let negative = Some(prost_types::Duration { seconds: i64::MIN, nanos: i32::MIN });
    let wrong = CreateMailboxRequest {
        tenant: acme(),
        name: "Alice's box".to_owned(),
        owner: None,
        title: Some("a\nb".to_owned()),
        pin: Some("47x1".to_owned()),
        settings: Some(MailboxSettings {
            language: Some("../en".to_owned()),
            time_zone: Some("Europe/Atlantis".to_owned()),
            longest: Some(prost_types::Duration { seconds: 4000, nanos: 0 }),
            shortest: Some(prost_types::Duration { seconds: 1, nanos: 500_000_000 }),
            silence: negative,
            operator: Some("nul\0".to_owned()),
            emails: Some(MailboxEmails { addresses: vec!["a@b.example\r\nBcc: x@y.example".to_owned()] }),
            max_messages: Some(0),
            max_minutes: Some(u32::MAX),
            keep_days: Some(3651),
            ..Default::default()
        }),
    };
    let mut voicemail = house.voicemail().await;
    let refused = voicemail.create(wrong.clone()).await.unwrap_err();
    let expected = [
        "name",
        "title",
        "pin",
        "settings.shortest",
        "settings.silence",
        "settings.language",
        "settings.longest",
        "settings.operator",
        "settings.emails",
        "settings.max_messages",
        "settings.max_minutes",
        "settings.keep_days",
        "settings.time_zone",
    ];
    assert_eq!(fields(&refused), expected);
    assert!(!format!("{refused:?}").contains("47x1"), "{refused:?}");
    house.mailbox("acme", "1001").await;
    let update = UpdateMailboxRequest { tenant: acme(), name: mailbox(), ..Default::default() };
    let both = UpdateMailboxRequest { pin: Some("4711".to_owned()), clear_pin: true, ..update.clone() };
    assert_eq!(fields(&voicemail.update(both).await.unwrap_err()), ["clear_pin"]);
    let empty = UpdateMailboxRequest { pin: Some(String::new()), ..update.clone() };
    assert_eq!(fields(&voicemail.update(empty).await.unwrap_err()), ["pin"]);
    let settings = UpdateMailboxRequest { settings: wrong.settings, ..update.clone() };
    assert_eq!(fields(&voicemail.update(settings).await.unwrap_err()).len(), 10);
    let owner = UpdateMailboxRequest { owner: Some("nobody".to_owned()), ..update };
    assert_eq!(voicemail.update(owner).await.unwrap_err().code(), Code::NotFound);
    assert!(!house.store.mailboxes(tenant).get("1001").await.unwrap().pin.is_set());
    let long_ago = Some(prost_types::Timestamp { seconds: i64::MIN, nanos: i32::MIN });
    let import = ImportMessageRequest {
        tenant: acme(),
        mailbox: mailbox(),
        caller: "nul\0".to_owned(),
        caller_name: Some("x".repeat(129)),
        call: Some("x".to_owned()),
        received: long_ago,
        moved: long_ago,
        forwarded_by: Some("a b".to_owned()),
        ..Default::default()
    };
    let refused = house.import(import, SOUND).await.unwrap_err();
    assert_eq!(fields(&refused), ["caller", "caller_name", "forwarded_by", "call", "received", "moved"]);
    let head = ImportMessageRequest { tenant: acme(), mailbox: mailbox(), ..Default::default() };
    let odd_user = ImportMessageRequest { caller_user: Some("nul\0".to_owned()), ..head };
    assert_eq!(house.import(odd_user, SOUND).await.unwrap().caller_user, None);
}

#[tokio::test]
async fn what_nothing_is_called_is_not_found_and_cannot_be_made() {
    let (house, tenant) = House::with_acme().await;
    house.mailbox("acme", "1001").await;
    let mut voicemail = house.voicemail().await;
    let before = house.exchange.changes.lock().unwrap().len();
    let greeting = Greeting::Busy.into();
    for odd in odd_names() {
        let name = || odd.clone();
        let shown: String = odd.chars().take(20).collect();
        let create = CreateMailboxRequest { tenant: acme(), name: name(), ..Default::default() };
        let list = PutMailboxListRequest { tenant: acme(), number: name(), ..Default::default() };
        let members = PutMailboxListRequest { number: "1".to_owned(), members: vec![name()], ..list.clone() };
        let forward = admin::v1::ForwardMessageRequest { tenant: acme(), id: 1, to: vec![name()] };
        let page = ListMessagesRequest { tenant: acme(), mailbox: mailbox(), page_token: name(), ..Default::default() };
        for (what, refused) in [
            ("mailbox", voicemail.create(create).await.map(drop)),
            ("list", voicemail.put_list(list).await.map(drop)),
            ("member", voicemail.put_list(members).await.map(drop)),
            ("page", voicemail.list_messages(page).await.map(drop)),
        ] {
            assert_eq!(refused.expect_err(what).code(), Code::InvalidArgument, "{what} {shown:?}");
        }
        let messages = ListMessagesRequest { tenant: acme(), mailbox: name(), ..Default::default() };
        let owner = UpdateMailboxRequest { tenant: acme(), name: mailbox(), owner: Some(name()), ..Default::default() };
        let own = PutMailboxListRequest {
            tenant: acme(),
            mailbox: Some(name()),
            number: "1".to_owned(),
            ..Default::default()
        };
        let import = ImportMessageRequest { tenant: acme(), mailbox: name(), ..Default::default() };
        let upload = UploadGreetingRequest { tenant: acme(), mailbox: name(), greeting, ..Default::default() };
        let template = DeleteMailTemplateRequest { tenant: acme(), language: name(), kind: LetterKind::Message.into() };
        let number = DeleteMailboxListRequest { tenant: acme(), mailbox: None, number: name() };
        for (what, refused) in [
            ("tenant", voicemail.get(GetMailboxRequest { tenant: name(), name: mailbox() }).await.map(drop)),
            ("mailbox", voicemail.get(GetMailboxRequest { tenant: acme(), name: name() }).await.map(drop)),
            ("owner", voicemail.update(owner).await.map(drop)),
            ("deletion", voicemail.delete(DeleteMailboxRequest { tenant: acme(), name: name() }).await.map(drop)),
            ("messages", voicemail.list_messages(messages).await.map(drop)),
            ("forward", voicemail.forward_message(forward).await.map(drop)),
            ("import", voicemail.import_message(tokio_stream::once(import)).await.map(drop)),
            (
                "greetings",
                voicemail.list_greetings(ListGreetingsRequest { tenant: acme(), mailbox: name() }).await.map(drop),
            ),
            ("upload", voicemail.upload_greeting(tokio_stream::once(upload)).await.map(drop)),
            (
                "lists",
                voicemail.list_lists(ListMailboxListsRequest { tenant: acme(), mailbox: Some(name()) }).await.map(drop),
            ),
            ("list", voicemail.put_list(own).await.map(drop)),
            ("number", voicemail.delete_list(number).await.map(drop)),
            ("template", voicemail.delete_template(template).await.map(drop)),
        ] {
            assert_eq!(refused.expect_err(what).code(), Code::NotFound, "{what} {shown:?}");
        }
    }
    for id in [0, -1, i64::MIN, i64::MAX] {
        let refused = voicemail.get_message(GetMessageRequest { tenant: acme(), id }).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
    }
    let nameless = GetMailboxRequest { tenant: acme(), name: String::new() };
    assert_eq!(fields(&voicemail.get(nameless).await.unwrap_err()), ["name"]);
    assert_eq!(house.exchange.changes.lock().unwrap().len(), before, "nothing was made or changed");
    assert_eq!(house.store.mailboxes(tenant).list().await.unwrap().len(), 1);
}
