//! Mailboxes: kept, changed and deleted, with their lists, the tenant's policy and the mail that tells of messages.

mod audio;
mod messages;
mod odd;
mod tenancy;
mod watching;

use std::time::Duration;

use admin::Change;
use admin::v1::{
    CreateMailboxRequest, DeleteMailTemplateRequest, DeleteMailboxListRequest, DeleteMailboxRequest, GetMailboxRequest,
    GetVoicemailPolicyRequest, ImportMessageRequest, LetterKind, ListMailRequest, ListMailTemplatesRequest,
    ListMailboxListsRequest, ListMailboxesRequest, MailForm, Mailbox, MailboxEmails, MailboxMessage, MailboxPin,
    MailboxSettings, PutMailTemplateRequest, PutMailboxListRequest, RetryMailRequest, SetVoicemailPolicyRequest,
    UpdateMailboxRequest,
};
use switch::{Folder, Reason, TenantId};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::house::{House, at};

/// Thirty seconds, as the house measures.
pub(crate) const SOUND: &[u8] = b"RIFF and what follows it: 30 s";

pub(crate) fn acme() -> String {
    "acme".to_owned()
}

/// All fields that are wrong.
pub(crate) fn fields(refused: &Status) -> Vec<String> {
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    let details = refused.get_details_bad_request().expect("details");
    details.field_violations.into_iter().map(|wrong| wrong.field).collect()
}

impl House {
    pub(crate) async fn mailbox(&self, tenant: &str, name: &str) -> Mailbox {
        let request = CreateMailboxRequest { tenant: tenant.to_owned(), name: name.to_owned(), ..Default::default() };
        self.voicemail().await.create(request).await.unwrap().into_inner()
    }

    /// A message of this second, in pieces.
    pub(crate) async fn message(&self, tenant: &str, mailbox: &str, seconds: u64) -> MailboxMessage {
        let head = ImportMessageRequest {
            tenant: tenant.to_owned(),
            mailbox: mailbox.to_owned(),
            caller: "+4930123456".to_owned(),
            received: Some(at(seconds).into()),
            moved: Some(at(seconds).into()),
            ..Default::default()
        };
        self.import(head, SOUND).await.unwrap()
    }

    pub(crate) async fn import(&self, head: ImportMessageRequest, file: &[u8]) -> Result<MailboxMessage, Status> {
        let piece = |data: &[u8]| ImportMessageRequest { data: data.to_vec(), ..Default::default() };
        let last = ImportMessageRequest { last: true, ..Default::default() };
        let all: Vec<_> = [head].into_iter().chain(file.chunks(7).map(piece)).chain([last]).collect();
        self.voicemail().await.import_message(tokio_stream::iter(all)).await.map(tonic::Response::into_inner)
    }

    /// Whom to write to of messages.
    pub(crate) async fn writes_to(&self, mailbox: &str, address: &str) {
        let emails = Some(MailboxEmails { addresses: vec![address.to_owned()] });
        let settings = Some(MailboxSettings { emails, ..Default::default() });
        let request = UpdateMailboxRequest { tenant: acme(), name: mailbox.to_owned(), settings, ..Default::default() };
        self.voicemail().await.update(request).await.unwrap();
    }
}

/// A message that a caller left: a letter of it waits where somebody is written to.
pub(crate) async fn left(house: &House, tenant: TenantId, mailbox: &str, recording: &str) -> switch::MessageId {
    let new = store::NewMessage {
        mailbox: mailbox.to_owned(),
        recording: recording.to_owned(),
        urgent: false,
        caller: "1002".to_owned(),
        caller_name: Some("Bob".to_owned()),
        caller_user: None,
        call: None,
        reason: Reason::Busy,
        received: at(1),
        forwarded_by: None,
    };
    house.exchange.files.lock().unwrap().insert(recording.to_owned(), SOUND.to_vec());
    let measured = store::Measured { length: Duration::from_secs(12), bytes: SOUND.len() as u64 };
    house.store.messages(tenant).insert(&new, Folder::New, measured, at(1)).await.unwrap().id
}

fn seconds(seconds: i64) -> Option<prost_types::Duration> {
    Some(prost_types::Duration { seconds, nanos: 0 })
}

#[tokio::test]
async fn a_mailbox_is_made_found_changed_and_deleted_and_its_pin_is_never_shown() {
    let (house, tenant) = House::with_acme().await;
    house.user("acme", "alice", "1001").await;
    house.exchange.changes.lock().unwrap().clear();
    let mut voicemail = house.voicemail().await;
    let emails = Some(MailboxEmails { addresses: vec!["alice@example.com".to_owned()] });
    let settings = MailboxSettings {
        language: Some("de-AT".to_owned()),
        time_zone: Some("Europe/Vienna".to_owned()),
        asks_at_own_phone: Some(false),
        longest: seconds(600),
        shortest: seconds(0),
        silence: seconds(5),
        operator: Some("1000".to_owned()),
        envelope: Some(false),
        listed: Some(false),
        unasked: Some(true),
        emails,
        mail: Some(MailForm::Opus.into()),
        delete_after_mail: Some(true),
        max_messages: Some(7),
        max_minutes: Some(9),
        keep_days: Some(30),
    };
    let create = CreateMailboxRequest {
        tenant: acme(),
        name: "1001".to_owned(),
        owner: Some("alice".to_owned()),
        title: Some("Alice A.".to_owned()),
        pin: Some("4711".to_owned()),
        settings: Some(settings.clone()),
    };
    let made = voicemail.create(create.clone()).await.unwrap().into_inner();
    assert_eq!(
        (made.owner.as_deref(), made.pin(), made.settings.as_ref()),
        (Some("alice"), MailboxPin::Given, Some(&settings))
    );
    assert!(!format!("{made:?}").contains("4711"));
    assert_eq!(voicemail.create(create).await.unwrap_err().code(), Code::AlreadyExists);
    let get = GetMailboxRequest { tenant: acme(), name: "1001".to_owned() };
    assert_eq!(voicemail.get(get.clone()).await.unwrap().into_inner(), made);

    house.store.mailboxes(tenant).choose_pin("1001", "90210").await.unwrap();
    let emails = Some(MailboxEmails::default());
    let change = UpdateMailboxRequest {
        tenant: acme(),
        name: "1001".to_owned(),
        owner: Some(String::new()),
        settings: Some(MailboxSettings {
            language: Some(String::new()),
            emails,
            keep_days: Some(0),
            max_messages: Some(50),
            ..Default::default()
        }),
        ..Default::default()
    };
    let changed = voicemail.update(change).await.unwrap().into_inner();
    let now = changed.settings.clone().unwrap();
    assert_eq!(
        (changed.owner.as_deref(), changed.pin(), changed.title.as_deref()),
        (None, MailboxPin::Chosen, Some("Alice A."))
    );
    assert_eq!((now.language, now.keep_days, now.max_messages), (None, None, Some(50)));
    assert_eq!((now.time_zone, now.max_minutes), (settings.time_zone, Some(9)), "what was absent stays");
    assert!(now.emails.unwrap().addresses.is_empty());

    let pin = UpdateMailboxRequest { tenant: acme(), name: "1001".to_owned(), ..Default::default() };
    let given = UpdateMailboxRequest { pin: Some("1234".to_owned()), ..pin.clone() };
    assert_eq!(voicemail.update(given).await.unwrap().into_inner().pin(), MailboxPin::Given);
    assert!(house.store.mailboxes(tenant).get("1001").await.unwrap().pin.is("1234"));
    let cleared = UpdateMailboxRequest { clear_pin: true, ..pin };
    assert_eq!(voicemail.update(cleared).await.unwrap().into_inner().pin(), MailboxPin::None);

    house.message("acme", "1001", 1).await;
    voicemail.delete(DeleteMailboxRequest { tenant: acme(), name: "1001".to_owned() }).await.unwrap();
    let gone = voicemail.get(get).await.unwrap_err();
    assert_eq!((gone.code(), gone.message()), (Code::NotFound, "there is no such mailbox"));
    assert!(house.exchange.files.lock().unwrap().is_empty(), "its audio is gone too");
    assert_eq!(*house.exchange.changes.lock().unwrap(), vec![Change::Mailboxes(tenant); 5]);
}

#[tokio::test]
async fn mailboxes_are_listed_with_what_waits_in_them() {
    let (house, tenant) = House::with_acme().await;
    house.user("acme", "alice", "1001").await;
    for name in ["1002", "1001"] {
        house.mailbox("acme", name).await;
    }
    let owner = UpdateMailboxRequest {
        tenant: acme(),
        name: "1001".to_owned(),
        owner: Some("alice".to_owned()),
        ..Default::default()
    };
    house.voicemail().await.update(owner).await.unwrap();
    house.message("acme", "1001", 1).await;
    let two = house.message("acme", "1001", 2).await;
    house.store.messages(tenant).move_to(switch::MessageId(two.id), Folder::Deleted, at(3)).await.unwrap();
    let request = ListMailboxesRequest { tenant: acme() };
    let all = house.voicemail().await.list(request).await.unwrap().into_inner().mailboxes;
    let told: Vec<_> = all
        .iter()
        .map(|one| (one.name.as_str(), one.owner.as_deref(), one.waiting.unwrap().new, one.usage.unwrap()))
        .map(|(name, owner, new, usage)| (name, owner, new, usage.messages, usage.length.unwrap().seconds))
        .collect();
    assert_eq!(told, [("1001", Some("alice"), 1, 2, 60), ("1002", None, 0, 0, 0)]);
    let get = GetMailboxRequest { tenant: acme(), name: "1001".to_owned() };
    assert_eq!(house.voicemail().await.get(get).await.unwrap().into_inner(), all[0]);
    let alice = house.store.users(tenant).by_name("alice").await.unwrap().id;
    house.store.users(tenant).delete(alice).await.unwrap();
    let request = ListMailboxesRequest { tenant: acme() };
    assert_eq!(house.voicemail().await.list(request).await.unwrap().into_inner().mailboxes[0].owner, None);
}

#[tokio::test]
async fn lists_are_kept_chosen_and_deleted_and_name_mailboxes_that_are_there() {
    let (house, tenant) = House::with_acme().await;
    for name in ["1001", "1002"] {
        house.mailbox("acme", name).await;
    }
    house.exchange.changes.lock().unwrap().clear();
    let mut voicemail = house.voicemail().await;
    let put = |mailbox: Option<&str>, number: &str, members: &[&str]| PutMailboxListRequest {
        tenant: acme(),
        mailbox: mailbox.map(str::to_owned),
        number: number.to_owned(),
        title: Some("All".to_owned()),
        members: members.iter().map(|name| (*name).to_owned()).collect(),
    };
    let kept = voicemail.put_list(put(None, "1", &["1001", "1002"])).await.unwrap().into_inner();
    assert_eq!((kept.mailbox.as_deref(), kept.members.len()), (None, 2));
    voicemail.put_list(put(Some("1001"), "2", &["1002"])).await.unwrap();
    let missing = voicemail.put_list(put(None, "3", &["1001", "1009"])).await.unwrap_err();
    assert_eq!((missing.code(), missing.message()), (Code::NotFound, "there is no mailbox 1009"));
    assert_eq!(voicemail.put_list(put(Some("1009"), "3", &[])).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(fields(&voicemail.put_list(put(None, "x", &[])).await.unwrap_err()), ["number"]);
    assert_eq!(fields(&voicemail.put_list(put(None, "3", &["no name"])).await.unwrap_err()), ["members"]);
    let of = |mailbox: &str| ListMailboxListsRequest { tenant: acme(), mailbox: Some(mailbox.to_owned()) };
    let own = voicemail.list_lists(of("1001")).await.unwrap().into_inner().lists;
    let told: Vec<_> = own.iter().map(|list| (list.number.as_str(), list.mailbox.as_deref())).collect();
    assert_eq!(told, [("2", Some("1001")), ("1", None)]);
    assert_eq!(voicemail.list_lists(of("")).await.unwrap().into_inner().lists, [kept]);
    assert_eq!(voicemail.list_lists(of("1009")).await.unwrap_err().code(), Code::NotFound);
    let delete = DeleteMailboxListRequest { tenant: acme(), mailbox: None, number: "1".to_owned() };
    voicemail.delete_list(delete.clone()).await.unwrap();
    let gone = voicemail.delete_list(delete).await.unwrap_err();
    assert_eq!((gone.code(), gone.message()), (Code::NotFound, "there is no such list"));
    assert_eq!(*house.exchange.changes.lock().unwrap(), vec![Change::Mailboxes(tenant); 3]);
}

#[tokio::test]
async fn what_a_tenants_mailboxes_hold_together_is_shown_and_limited() {
    let (house, tenant) = House::with_acme().await;
    house.mailbox("acme", "1001").await;
    house.message("acme", "1001", 1).await;
    house.exchange.changes.lock().unwrap().clear();
    let mut voicemail = house.voicemail().await;
    let get = GetVoicemailPolicyRequest { tenant: acme() };
    let policy = voicemail.get_policy(get.clone()).await.unwrap().into_inner();
    assert_eq!((policy.max_messages, policy.max_minutes, policy.keep_days, policy.mail_from), (None, None, None, None));
    assert_eq!(policy.usage.unwrap().messages, 1);
    let set = SetVoicemailPolicyRequest {
        tenant: acme(),
        max_messages: Some(1),
        keep_days: Some(90),
        mail_from: Some("pbx@example.com".to_owned()),
        ..Default::default()
    };
    let changed = voicemail.set_policy(set).await.unwrap().into_inner();
    assert_eq!((changed.max_messages, changed.keep_days), (Some(1), Some(90)));
    assert_eq!(voicemail.get_policy(get).await.unwrap().into_inner(), changed);
    let head = ImportMessageRequest { tenant: acme(), mailbox: "1001".to_owned(), ..Default::default() };
    assert_eq!(house.import(head.clone(), SOUND).await.unwrap_err().code(), Code::ResourceExhausted);
    let set = SetVoicemailPolicyRequest {
        tenant: acme(),
        max_messages: Some(0),
        mail_from: Some(String::new()),
        ..Default::default()
    };
    let changed = voicemail.set_policy(set).await.unwrap().into_inner();
    assert_eq!((changed.max_messages, changed.keep_days, changed.mail_from), (None, Some(90), None));
    house.import(head, SOUND).await.unwrap();
    let wrong = SetVoicemailPolicyRequest {
        tenant: acme(),
        max_messages: Some(u32::MAX),
        max_minutes: Some(u32::MAX),
        keep_days: Some(4000),
        mail_from: Some("nobody".to_owned()),
    };
    let refused = voicemail.set_policy(wrong).await.unwrap_err();
    assert_eq!(fields(&refused), ["max_messages", "max_minutes", "keep_days", "mail_from"]);
    assert_eq!(*house.exchange.changes.lock().unwrap(), vec![Change::Mailboxes(tenant); 2]);
}

#[tokio::test]
async fn mail_that_waits_is_listed_by_pages_and_tried_again() {
    let (house, tenant) = House::with_acme().await;
    house.mailbox("acme", "1001").await;
    house.writes_to("1001", "alice@example.com").await;
    for recording in ["one", "two", "three"] {
        left(&house, tenant, "1001", recording).await;
    }
    let letters = house.store.letters().of(tenant).await.unwrap();
    house.store.letters().failed(letters[0].id, "no such address", None).await.unwrap();
    let mut voicemail = house.voicemail().await;
    let first = ListMailRequest { tenant: acme(), page_size: 2, page_token: String::new() };
    let page = voicemail.list_mail(first.clone()).await.unwrap().into_inner();
    assert_eq!((page.letters.len(), page.letters[0].given_up, page.letters[0].tries), (2, true, 1));
    assert_eq!(
        (page.letters[0].kind(), page.letters[0].fault.as_deref()),
        (LetterKind::Message, Some("no such address"))
    );
    assert_eq!(
        (page.letters[1].mailbox.as_str(), page.letters[1].message),
        ("1001", letters[1].message.map(|one| one.0))
    );
    let next = ListMailRequest { page_token: page.next_page_token, ..first.clone() };
    let page = voicemail.list_mail(next).await.unwrap().into_inner();
    assert_eq!((page.letters.len(), page.next_page_token.as_str()), (1, ""));
    let wrong = ListMailRequest { page_size: 1001, page_token: "x".to_owned(), ..first.clone() };
    assert_eq!(fields(&voicemail.list_mail(wrong).await.unwrap_err()), ["page_size", "page_token"]);

    house.exchange.changes.lock().unwrap().clear();
    let tried = voicemail.retry_mail(RetryMailRequest { tenant: acme() }).await.unwrap().into_inner();
    assert_eq!(tried.letters, 3);
    assert_eq!(*house.exchange.changes.lock().unwrap(), [Change::Mail(tenant)]);
    let page = voicemail.list_mail(first).await.unwrap().into_inner();
    assert!(!page.letters[0].given_up);
}

#[tokio::test]
async fn a_tenant_has_templates_of_its_own_until_they_are_deleted() {
    let (house, _) = House::with_acme().await;
    let mut voicemail = house.voicemail().await;
    let put = PutMailTemplateRequest {
        tenant: acme(),
        language: "de".to_owned(),
        kind: LetterKind::Message.into(),
        subject: "Nachricht von {caller}".to_owned(),
        text: "Hallo\n".to_owned(),
        html: None,
    };
    let kept = voicemail.put_template(put.clone()).await.unwrap().into_inner();
    let list = ListMailTemplatesRequest { tenant: acme() };
    assert_eq!(voicemail.list_templates(list.clone()).await.unwrap().into_inner().templates, [kept]);
    for (field, wrong) in [
        ("kind", PutMailTemplateRequest { kind: 0, ..put.clone() }),
        ("language", PutMailTemplateRequest { language: "x".to_owned(), ..put.clone() }),
        ("subject", PutMailTemplateRequest { subject: "a\nb".to_owned(), ..put.clone() }),
        ("text", PutMailTemplateRequest { text: String::new(), ..put.clone() }),
        ("html", PutMailTemplateRequest { html: Some("\0".to_owned()), ..put }),
    ] {
        assert_eq!(fields(&voicemail.put_template(wrong).await.unwrap_err()), [field]);
    }
    assert_eq!(voicemail.list_templates(list.clone()).await.unwrap().into_inner().templates.len(), 1);
    let delete =
        DeleteMailTemplateRequest { tenant: acme(), language: "de".to_owned(), kind: LetterKind::Message.into() };
    voicemail.delete_template(delete.clone()).await.unwrap();
    let gone = voicemail.delete_template(delete).await.unwrap_err();
    assert_eq!((gone.code(), gone.message()), (Code::NotFound, "there is no such template"));
    assert!(voicemail.list_templates(list).await.unwrap().into_inner().templates.is_empty());
}

#[tokio::test]
async fn a_template_names_only_placeholders_that_there_are() {
    let (house, tenant) = House::with_acme().await;
    let mut voicemail = house.voicemail().await;
    let all = "{caller} {number} {mailbox} {owner} {date} {time} {length} {count} {link}";
    let put = PutMailTemplateRequest {
        tenant: acme(),
        language: "en".to_owned(),
        kind: LetterKind::NearlyFull.into(),
        subject: all.to_owned(),
        text: all.to_owned(),
        html: Some(format!("<style>p {{ color: red }}</style><p>{all}</p>")),
    };
    let kept = voicemail.put_template(put.clone()).await.unwrap().into_inner();
    assert_eq!((&kept.subject, &kept.text, &kept.html), (&put.subject, &put.text, &put.html), "as it was written");
    let unknown = PutMailTemplateRequest {
        subject: "{callee}".to_owned(),
        text: "{caller} {Caller}".to_owned(),
        html: Some("{caller_name}".to_owned()),
        ..put.clone()
    };
    let refused = voicemail.put_template(unknown).await.unwrap_err();
    assert_eq!(fields(&refused), ["subject", "text", "html"]);
    for named in ["{callee}", "{Caller}", "{caller_name}", "there are {caller}, {number}, {mailbox}"] {
        assert!(refused.message().contains(named), "{named}: {refused}");
    }
    // The answer arrives, whatever stands in the braces.
    let long = PutMailTemplateRequest { text: format!("{{{}}}", "x".repeat(60_000)), ..put };
    let refused = voicemail.put_template(long).await.unwrap_err();
    assert!(fields(&refused) == ["text"] && refused.message().len() < 4_000, "{}", refused.message().len());
    let all = house.store.letters().templates(tenant).await.unwrap();
    assert_eq!(all.iter().map(|one| one.text.as_str()).collect::<Vec<_>>(), [kept.text]);
}
