//! Tenant A × tenant B × every RPC of mailboxes: nothing is seen or changed across.

use admin::MailboxEvent;
use admin::v1::mailbox_event::Event;
use admin::v1::{
    CreateMailboxRequest, DeleteGreetingRequest, DeleteMailTemplateRequest, DeleteMailboxListRequest,
    DeleteMailboxRequest, DeleteMessageRequest, DownloadGreetingRequest, DownloadMessageRequest, Folder,
    ForwardMessageRequest, GetMailboxRequest, GetMessageRequest, GetVoicemailPolicyRequest, Greeting,
    ImportMessageRequest, LetterKind, ListGreetingsRequest, ListMailRequest, ListMailTemplatesRequest,
    ListMailboxListsRequest, ListMailboxesRequest, ListMessagesRequest, MarkMessageRequest, MoveMessageRequest,
    PutMailTemplateRequest, PutMailboxListRequest, RetryMailRequest, SetVoicemailPolicyRequest, UpdateMailboxRequest,
    UploadGreetingRequest, WatchMailboxesRequest,
};
use switch::{MessageId, TenantId};
use tonic::Code;

use super::{SOUND, acme, left};
use crate::house::House;

fn umbrella() -> String {
    "umbrella".to_owned()
}

fn mailbox() -> String {
    "1001".to_owned()
}

/// Acme has one of everything, umbrella has nothing.
async fn two_tenants() -> (House, TenantId, MessageId) {
    let (house, tenant) = House::with_acme().await;
    house.tenant("umbrella").await;
    house.user("acme", "alice", "1001").await;
    house.mailbox("acme", "1001").await;
    house.writes_to("1001", "alice@example.com").await;
    let id = left(&house, tenant, "1001", "left").await;
    house.exchange.files.lock().unwrap().insert("busy".to_owned(), SOUND.to_vec());
    house.store.mailboxes(tenant).greet("1001", switch::Greeting::Busy, Some("busy")).await.unwrap();
    let mut voicemail = house.voicemail().await;
    let members = vec![mailbox()];
    let list = PutMailboxListRequest { tenant: acme(), number: "1".to_owned(), members, ..Default::default() };
    voicemail.put_list(list).await.unwrap();
    let template = PutMailTemplateRequest {
        tenant: acme(),
        language: "de".to_owned(),
        kind: LetterKind::Message.into(),
        subject: "a".to_owned(),
        text: "b".to_owned(),
        html: None,
    };
    voicemail.put_template(template).await.unwrap();
    house.exchange.changes.lock().unwrap().clear();
    (house, tenant, id)
}

#[tokio::test]
async fn lists_of_one_tenant_show_nothing_of_another() {
    let (house, ..) = two_tenants().await;
    let mut voicemail = house.voicemail().await;
    let tenant = umbrella;
    assert!(voicemail.list(ListMailboxesRequest { tenant: tenant() }).await.unwrap().into_inner().mailboxes.is_empty());
    let lists = ListMailboxListsRequest { tenant: tenant(), mailbox: None };
    assert!(voicemail.list_lists(lists).await.unwrap().into_inner().lists.is_empty());
    let mail = ListMailRequest { tenant: tenant(), ..Default::default() };
    assert!(voicemail.list_mail(mail).await.unwrap().into_inner().letters.is_empty());
    let templates = ListMailTemplatesRequest { tenant: tenant() };
    assert!(voicemail.list_templates(templates).await.unwrap().into_inner().templates.is_empty());
    let policy = voicemail.get_policy(GetVoicemailPolicyRequest { tenant: tenant() }).await.unwrap().into_inner();
    assert_eq!(policy.usage.unwrap().messages, 0);
}

#[tokio::test]
async fn nothing_of_one_tenants_mailboxes_is_found_or_changed_through_another() {
    let (house, tenant, id) = two_tenants().await;
    let before = (
        house.store.mailboxes(tenant).list().await.unwrap(),
        house.store.messages(tenant).get(id).await.unwrap(),
        house.store.mailbox_lists(tenant).of(None).await.unwrap(),
        house.store.letters().of(tenant).await.unwrap(),
        house.store.letters().templates(tenant).await.unwrap(),
    );
    let (mut voicemail, files) = (house.voicemail().await, house.exchange.files.lock().unwrap().clone());
    let (id, busy) = (id.0, Greeting::Busy.into());
    let import = ImportMessageRequest { tenant: umbrella(), mailbox: mailbox(), last: true, ..Default::default() };
    let import = ImportMessageRequest { data: SOUND.to_vec(), ..import };
    let upload = UploadGreetingRequest {
        tenant: umbrella(),
        mailbox: mailbox(),
        greeting: busy,
        data: SOUND.to_vec(),
        last: true,
    };
    let members = vec![mailbox()];
    let their_list =
        PutMailboxListRequest { tenant: umbrella(), number: "1".to_owned(), members, ..Default::default() };
    let own_list = PutMailboxListRequest { mailbox: Some(mailbox()), members: Vec::new(), ..their_list.clone() };
    let create = CreateMailboxRequest {
        tenant: umbrella(),
        name: "9".to_owned(),
        owner: Some("alice".to_owned()),
        ..Default::default()
    };
    let template =
        DeleteMailTemplateRequest { tenant: umbrella(), language: "de".to_owned(), kind: LetterKind::Message.into() };
    let (tenant_name, folder) = (umbrella, Folder::Deleted.into());
    macro_rules! asked {
        ($($rpc:ident($request:expr)),* $(,)?) => { [$((stringify!($rpc), voicemail.$rpc($request).await.map(drop))),*] };
    }
    let refusals = asked! {
        create(create),
        get(GetMailboxRequest { tenant: tenant_name(), name: mailbox() }),
        update(UpdateMailboxRequest { tenant: tenant_name(), name: mailbox(), clear_pin: true, ..Default::default() }),
        delete(DeleteMailboxRequest { tenant: tenant_name(), name: mailbox() }),
        list_messages(ListMessagesRequest { tenant: tenant_name(), mailbox: mailbox(), ..Default::default() }),
        get_message(GetMessageRequest { tenant: tenant_name(), id }),
        mark_message(MarkMessageRequest { tenant: tenant_name(), id, urgent: true }),
        move_message(MoveMessageRequest { tenant: tenant_name(), id, folder }),
        delete_message(DeleteMessageRequest { tenant: tenant_name(), id }),
        download_message(DownloadMessageRequest { tenant: tenant_name(), id }),
        forward_message(ForwardMessageRequest { tenant: tenant_name(), id, to: vec![mailbox()] }),
        import_message(tokio_stream::once(import)),
        list_greetings(ListGreetingsRequest { tenant: tenant_name(), mailbox: mailbox() }),
        upload_greeting(tokio_stream::once(upload)),
        download_greeting(DownloadGreetingRequest { tenant: tenant_name(), mailbox: mailbox(), greeting: busy }),
        delete_greeting(DeleteGreetingRequest { tenant: tenant_name(), mailbox: mailbox(), greeting: busy }),
        put_list(their_list),
        put_list(own_list),
        list_lists(ListMailboxListsRequest { tenant: tenant_name(), mailbox: Some(mailbox()) }),
        delete_list(DeleteMailboxListRequest { tenant: tenant_name(), mailbox: None, number: "1".to_owned() }),
        delete_template(template),
    };
    for (rpc, refused) in refusals {
        assert_eq!(refused.unwrap_err().code(), Code::NotFound, "{rpc}");
    }
    let changes = house.exchange.changes.lock().unwrap().clone();
    assert!(changes.is_empty(), "the exchange was told of nothing: {changes:?}");
    assert!(house.exchange.mailboxes_told.lock().unwrap().is_empty());
    assert!(house.exchange.forwarded.lock().unwrap().is_empty());
    // What umbrella does with its own is not acme's affair.
    assert_eq!(voicemail.retry_mail(RetryMailRequest { tenant: umbrella() }).await.unwrap().into_inner().letters, 0);
    let policy = SetVoicemailPolicyRequest { tenant: umbrella(), max_messages: Some(1), ..Default::default() };
    voicemail.set_policy(policy).await.unwrap();
    house.mailbox("umbrella", "1001").await;
    voicemail.delete(DeleteMailboxRequest { tenant: umbrella(), name: mailbox() }).await.unwrap();
    let after = (
        house.store.mailboxes(tenant).list().await.unwrap(),
        house.store.messages(tenant).get(MessageId(id)).await.unwrap(),
        house.store.mailbox_lists(tenant).of(None).await.unwrap(),
        house.store.letters().of(tenant).await.unwrap(),
        house.store.letters().templates(tenant).await.unwrap(),
    );
    assert_eq!(after, before);
    assert_eq!(house.store.mailboxes(tenant).policy().await.unwrap(), store::VoicemailPolicy::default());
    assert_eq!(*house.exchange.files.lock().unwrap(), files);
}

#[tokio::test]
async fn a_message_is_not_forwarded_into_another_tenant() {
    let (house, _, id) = two_tenants().await;
    house.mailbox("umbrella", "2001").await;
    let forward = ForwardMessageRequest { tenant: acme(), id: id.0, to: vec!["2001".to_owned()] };
    assert_eq!(house.voicemail().await.forward_message(forward).await.unwrap_err().code(), Code::NotFound);
    assert!(house.exchange.forwarded.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_page_token_of_one_tenant_opens_nothing_of_another() {
    let (house, tenant, _) = two_tenants().await;
    left(&house, tenant, "1001", "more").await;
    house.mailbox("umbrella", "1001").await;
    let mut voicemail = house.voicemail().await;
    let mut messages = ListMessagesRequest { tenant: acme(), mailbox: mailbox(), page_size: 1, ..Default::default() };
    messages.page_token = voicemail.list_messages(messages.clone()).await.unwrap().into_inner().next_page_token;
    let mut mail = ListMailRequest { tenant: acme(), page_size: 1, ..Default::default() };
    mail.page_token = voicemail.list_mail(mail.clone()).await.unwrap().into_inner().next_page_token;
    assert!(!messages.page_token.is_empty() && !mail.page_token.is_empty());
    (messages.tenant, mail.tenant) = (umbrella(), umbrella());
    assert!(voicemail.list_messages(messages).await.unwrap().into_inner().messages.is_empty());
    assert!(voicemail.list_mail(mail).await.unwrap().into_inner().letters.is_empty());
}

#[tokio::test]
async fn a_watcher_of_one_tenants_mailboxes_hears_nothing_of_anothers() {
    let (house, tenant, _) = two_tenants().await;
    let umbrella_id = house.store.tenants().by_name("umbrella").await.unwrap().id;
    for name in [String::new(), mailbox()] {
        let request = WatchMailboxesRequest { tenant: umbrella(), mailbox: name };
        let mut events = house.voicemail().await.watch(request).await.unwrap().into_inner();
        house.exchange.happens(tenant, "1001", 1, MailboxEvent::LoggedIn);
        house.exchange.happens(umbrella_id, "1001", 2, MailboxEvent::WrongPin);
        let heard = events.message().await.unwrap().unwrap();
        assert_eq!(heard.tenant, "umbrella");
        assert!(matches!(heard.event, Some(Event::WrongPin(_))), "{:?}", heard.event);
    }
}
