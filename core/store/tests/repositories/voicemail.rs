//! Mailboxes, their messages and lists, the letters that tell of them, and who wants to be told of a lamp.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use store::{
    Error, LetterKind, MailForm, MailTemplate, Mailbox, MailboxList, MailboxSettings, Measured, NewMailbox, NewMessage,
    NewTenant, Space, Store, Usage, VoicemailPolicy, Writer,
};
use switch::{Folder, Greeting, MessageId, Reason, Record, StoredSubscription, SubscriptionChange, TenantId, Waiting};

use crate::{new_user, stores};

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + seconds)
}

fn measured(seconds: u64) -> Measured {
    Measured { length: Duration::from_secs(seconds), bytes: seconds * 16_000 }
}

fn new_message(mailbox: &str, recording: &str, received: u64) -> NewMessage {
    NewMessage {
        mailbox: mailbox.to_owned(),
        recording: recording.to_owned(),
        urgent: false,
        caller: "+4930123456".to_owned(),
        caller_name: Some("Älice".to_owned()),
        caller_user: None,
        call: Some("0102030405060708090a0b0c".to_owned()),
        reason: Reason::NoAnswer,
        received: at(received),
        forwarded_by: None,
    }
}

async fn tenant(store: &Store, name: &str) -> TenantId {
    store.tenants().create(NewTenant::named(name, Vec::new())).await.expect("a tenant").id
}

async fn mailbox(store: &Store, tenant: TenantId, name: &str) -> Mailbox {
    let new = NewMailbox { name: name.to_owned(), ..NewMailbox::default() };
    store.mailboxes(tenant).create(new).await.expect("a mailbox")
}

async fn written_to(store: &Store, tenant: TenantId, name: &str) -> Mailbox {
    let emails = vec!["alice@example.com".to_owned()];
    let settings = MailboxSettings { emails, ..MailboxSettings::default() };
    let new = NewMailbox { name: name.to_owned(), settings, ..NewMailbox::default() };
    store.mailboxes(tenant).create(new).await.expect("a mailbox")
}

async fn message(store: &Store, tenant: TenantId, new: &NewMessage, folder: Folder) -> MessageId {
    store.messages(tenant).import(new, folder, new.received, measured(10)).await.expect("a message").id
}

/// Nothing in them is as usual.
fn odd_settings() -> MailboxSettings {
    MailboxSettings {
        language: Some("de-AT".to_owned()),
        zone: Some("Europe/Vienna".to_owned()),
        asks_at_own_phone: false,
        longest: Duration::from_secs(1_740),
        shortest: Duration::ZERO,
        silence: Duration::from_secs(60),
        operator: Some("1000".to_owned()),
        envelope: false,
        listed: false,
        unasked: true,
        emails: vec!["alice@example.com".to_owned(), "a.b+c@example.org".to_owned()],
        mail: MailForm::Opus,
        delete_after_mail: true,
        max_messages: 9_999,
        max_minutes: 1,
        keep_days: Some(30),
    }
}

#[tokio::test]
async fn a_mailbox_is_kept_changed_and_removed_with_all_that_is_in_it() {
    for store in stores().await {
        let acme = tenant(&store, "acme").await;
        let alice = store.users(acme).create(new_user("alice", None)).await.expect("a user").id;
        let mailboxes = store.mailboxes(acme);
        let new = NewMailbox {
            name: "1001".to_owned(),
            owner: Some(alice),
            title: Some("Älice".to_owned()),
            pin: Some("4711".to_owned()),
            settings: odd_settings(),
        };
        let made = mailboxes.create(new.clone()).await.expect("made");
        assert_eq!((made.owner, made.title.as_deref(), &made.settings), (Some(alice), Some("Älice"), &odd_settings()));
        assert!(made.greetings.is_empty() && !made.warned);
        assert!(matches!(mailboxes.create(new).await, Err(Error::Exists("mailbox"))));
        mailbox(&store, acme, "0999").await;
        let names: Vec<_> = mailboxes.list().await.expect("all").into_iter().map(|one| one.name).collect();
        assert_eq!(names, ["0999", "1001"]);

        let mut changed = made.clone();
        (changed.owner, changed.title, changed.settings) = (None, None, MailboxSettings::default());
        assert_eq!(mailboxes.update(&changed).await.expect("changed"), changed);
        mailboxes.set_warned("1001", true).await.expect("warned");
        assert!(mailboxes.get("1001").await.expect("found").warned);

        assert_eq!(mailboxes.greet("1001", Greeting::Busy, Some("busy-1")).await.expect("greeted"), None);
        let before = mailboxes.greet("1001", Greeting::Busy, Some("busy-2")).await.expect("greeted");
        assert_eq!(before.as_deref(), Some("busy-1"));
        mailboxes.greet("1001", Greeting::Name, Some("name-1")).await.expect("greeted");
        message(&store, acme, &new_message("1001", "one", 1), Folder::Deleted).await;
        store.messages(acme).draft(&new_message("1001", "two", 2)).await.expect("a draft");
        message(&store, acme, &new_message("0999", "other", 3), Folder::New).await;
        let all: BTreeSet<_> = ["one", "two", "other", "busy-2", "name-1"].map(str::to_owned).into();
        assert_eq!(store.messages(acme).recordings().await.expect("names"), all);

        let orphans: BTreeSet<_> = mailboxes.delete("1001").await.expect("removed").into_iter().collect();
        assert_eq!(orphans, ["one", "two", "busy-2", "name-1"].map(str::to_owned).into());
        assert_eq!(store.messages(acme).recordings().await.expect("names"), ["other".to_owned()].into());
        assert!(matches!(mailboxes.get("1001").await, Err(Error::NotFound("mailbox"))));
        assert!(matches!(mailboxes.delete("1001").await, Err(Error::NotFound("mailbox"))));
        assert!(matches!(mailboxes.greet("1001", Greeting::Busy, None).await, Err(Error::NotFound("mailbox"))));
    }
}

#[tokio::test]
async fn the_mailbox_of_a_user_who_is_deleted_is_nobodys_and_keeps_its_messages() {
    for store in stores().await {
        let acme = tenant(&store, "acme").await;
        let alice = store.users(acme).create(new_user("alice", None)).await.expect("a user").id;
        let new = NewMailbox { name: "1001".to_owned(), owner: Some(alice), ..NewMailbox::default() };
        store.mailboxes(acme).create(new).await.expect("made");
        message(&store, acme, &new_message("1001", "one", 1), Folder::New).await;
        store.users(acme).delete(alice).await.expect("deleted");
        assert_eq!(store.mailboxes(acme).get("1001").await.expect("found").owner, None);
        assert_eq!(store.messages(acme).waiting_in("1001").await.expect("counts").new, 1);
    }
}

#[tokio::test]
async fn what_cannot_be_kept_of_a_mailbox_is_refused_by_name() {
    for store in stores().await {
        let acme = tenant(&store, "acme").await;
        let mailboxes = store.mailboxes(acme);
        let settings = MailboxSettings::default;
        let new = |name: &str| NewMailbox { name: name.to_owned(), ..NewMailbox::default() };
        let with = |settings: MailboxSettings| NewMailbox { settings, ..new("1001") };
        for (field, wrong) in [
            ("name", new("")),
            ("name", new("Alice")),
            ("name", new(&"1".repeat(33))),
            ("title", NewMailbox { title: Some("a\0b".to_owned()), ..new("1001") }),
            ("pin", NewMailbox { pin: Some("123".to_owned()), ..new("1001") }),
            ("language", with(MailboxSettings { language: Some("d\0".to_owned()), ..settings() })),
            ("time_zone", with(MailboxSettings { zone: Some("\0".to_owned()), ..settings() })),
            ("longest", with(MailboxSettings { longest: Duration::from_secs(9), ..settings() })),
            ("shortest", with(MailboxSettings { shortest: Duration::from_secs(11), ..settings() })),
            ("silence", with(MailboxSettings { silence: Duration::from_secs(1), ..settings() })),
            ("operator", with(MailboxSettings { operator: Some(String::new()), ..settings() })),
            (
                "emails",
                with(MailboxSettings { emails: vec!["a@b.example\r\nBcc: c@d.example".to_owned()], ..settings() }),
            ),
            ("emails", with(MailboxSettings { emails: vec!["a@b.example".to_owned(); 9], ..settings() })),
            ("max_messages", with(MailboxSettings { max_messages: 0, ..settings() })),
            ("max_minutes", with(MailboxSettings { max_minutes: 10_000, ..settings() })),
            ("keep_days", with(MailboxSettings { keep_days: Some(0), ..settings() })),
        ] {
            let refused = mailboxes.create(wrong).await;
            assert!(matches!(&refused, Err(Error::Invalid { field: named, .. }) if *named == field), "{refused:?}");
        }
        let policy = VoicemailPolicy { mail_from: Some("nobody".to_owned()), ..VoicemailPolicy::default() };
        assert!(matches!(mailboxes.set_policy(&policy).await, Err(Error::Invalid { field: "mail_from", .. })));
        assert!(mailboxes.list().await.expect("all").is_empty());
        let nobodys = store.mailboxes(TenantId(4711));
        assert!(matches!(nobodys.create(new("1001")).await, Err(Error::NotFound("tenant"))));
        assert!(matches!(nobodys.policy().await, Err(Error::NotFound("tenant"))));
    }
}

#[tokio::test]
async fn a_pin_that_is_given_is_changed_for_one_that_is_not_guessed_and_not_the_same() {
    for store in stores().await {
        let acme = tenant(&store, "acme").await;
        mailbox(&store, acme, "90210").await;
        let mailboxes = store.mailboxes(acme);
        let pin = async || mailboxes.get("90210").await.expect("found").pin;
        assert!(!pin().await.is_set() && !pin().await.is("") && !pin().await.is("1234"), "there is none");
        mailboxes.give_pin("90210", Some("1234")).await.expect("an operator may");
        assert!(pin().await.is_given() && pin().await.is("1234") && !pin().await.is("4321"));
        assert!(!format!("{:?}", pin().await).contains("1234"));
        for weak in ["1234", "0000", "90210", "9876", "12", "12345678901234567", "47a1"] {
            let refused = mailboxes.choose_pin("90210", weak).await;
            assert!(matches!(refused, Err(Error::Invalid { field: "pin", .. })), "{weak}");
        }
        mailboxes.choose_pin("90210", "4711").await.expect("chosen");
        assert!(pin().await.is_set() && !pin().await.is_given() && pin().await.is("4711") && !pin().await.is("1234"));
        let same = mailboxes.choose_pin("90210", "4711").await;
        assert!(matches!(same, Err(Error::Invalid { field: "pin", .. })), "{same:?}");
        let kept = mailboxes.get("90210").await.expect("found");
        mailboxes.update(&kept).await.expect("changed");
        assert!(pin().await.is("4711"), "a change leaves it");
        mailboxes.give_pin("90210", None).await.expect("taken");
        assert!(!pin().await.is_set() && !pin().await.is_given());
    }
}

#[tokio::test]
async fn a_draft_is_seen_by_nobody_until_it_is_delivered_and_is_delivered_once() {
    for store in stores().await {
        let acme = tenant(&store, "acme").await;
        written_to(&store, acme, "1001").await;
        let messages = store.messages(acme);
        let id = messages.draft(&new_message("1001", "one", 5)).await.expect("a draft");
        for folder in Folder::ALL {
            assert!(messages.list("1001", folder).await.expect("a list").is_empty());
        }
        assert_eq!(messages.waiting_in("1001").await.expect("counts"), Waiting::default());
        assert_eq!(messages.usage(Some("1001")).await.expect("usage").messages, 1, "it takes a place already");
        assert!(store.letters().of(acme).await.expect("letters").is_empty());
        let drafts = messages.drafts().await.expect("drafts");
        assert_eq!(drafts.iter().map(|one| (one.id, one.folder)).collect::<Vec<_>>(), [(id, None)]);
        assert!(matches!(messages.move_to(id, Folder::Saved, at(6)).await, Err(Error::NotFound("message"))));

        let kept = messages.deliver(id, true, measured(12), at(20)).await.expect("delivered");
        assert_eq!((kept.folder, kept.urgent, kept.length), (Some(Folder::New), true, Duration::from_secs(12)));
        assert_eq!((kept.received, kept.moved, kept.bytes), (at(5), at(20), 192_000));
        assert_eq!((kept.caller_name.as_deref(), kept.reason.as_str()), (Some("Älice"), "no-answer"));
        assert_eq!(messages.get(id).await.expect("found"), kept);
        assert_eq!(messages.deliver(id, false, measured(1), at(30)).await.expect("as it is"), kept, "only once");
        let letters = store.letters().of(acme).await.expect("letters");
        assert_eq!(
            letters.iter().map(|one| (one.message, one.kind)).collect::<Vec<_>>(),
            [(Some(id), LetterKind::Message)]
        );
        assert!(messages.drafts().await.expect("drafts").is_empty());
        let twice = messages.draft(&new_message("1001", "one", 6)).await;
        assert!(matches!(twice, Err(Error::Exists("message"))), "a recording is of one message: {twice:?}");
        assert!(matches!(messages.draft(&new_message("9", "x", 6)).await, Err(Error::NotFound("mailbox"))));
        assert!(matches!(
            messages.deliver(MessageId(4711), false, measured(1), at(1)).await,
            Err(Error::NotFound("message"))
        ));
    }
}

#[tokio::test]
async fn messages_are_listed_urgent_first_moved_counted_and_purged() {
    for store in stores().await {
        let acme = tenant(&store, "acme").await;
        mailbox(&store, acme, "1001").await;
        mailbox(&store, acme, "1002").await;
        let messages = store.messages(acme);
        let one = message(&store, acme, &new_message("1001", "one", 30), Folder::New).await;
        let two = message(&store, acme, &new_message("1001", "two", 10), Folder::New).await;
        let urgent = NewMessage { urgent: true, ..new_message("1001", "three", 40) };
        let three = message(&store, acme, &urgent, Folder::New).await;
        message(&store, acme, &new_message("1002", "four", 1), Folder::Saved).await;
        let order = async |folder| {
            let all = messages.list("1001", folder).await.expect("a list");
            all.into_iter().map(|one| one.id).collect::<Vec<_>>()
        };
        assert_eq!(order(Folder::New).await, [three, two, one]);
        assert!(messages.set_urgent(one, true).await.expect("urgent").urgent);
        assert_eq!(order(Folder::New).await, [one, three, two]);
        messages.set_urgent(three, false).await.expect("calm");
        let waiting = |new, saved, urgent_new, urgent_saved| Waiting { new, saved, urgent_new, urgent_saved };
        assert_eq!(messages.waiting_in("1001").await.expect("counts"), waiting(3, 0, 1, 0));

        let moved = messages.move_to(one, Folder::Saved, at(50)).await.expect("moved");
        assert_eq!((moved.folder, moved.moved), (Some(Folder::Saved), at(50)));
        let again = messages.move_to(one, Folder::Saved, at(60)).await.expect("it is there");
        assert_eq!(again.moved, at(50), "it came into its folder when it did");
        messages.move_to(two, Folder::Deleted, at(50)).await.expect("moved");
        let all = messages.waiting().await.expect("counts");
        assert_eq!(all["1001"], waiting(1, 1, 0, 1));
        assert_eq!((all["1002"], all.len()), (waiting(0, 1, 0, 0), 2));
        assert_eq!(messages.waiting_in("none").await.expect("nothing"), Waiting::default());
        let seconds = |messages, seconds| Usage { messages, length: Duration::from_secs(seconds) };
        assert_eq!(messages.usage(Some("1001")).await.expect("usage"), seconds(3, 30), "what is thrown away too");
        assert_eq!(messages.usage(None).await.expect("usage"), seconds(4, 40));
        let usages = messages.usages().await.expect("usages");
        assert_eq!((usages["1001"], usages["1002"], usages.len()), (seconds(3, 30), seconds(1, 10), 2));
        assert!(matches!(messages.usage(Some("none")).await, Err(Error::NotFound("mailbox"))));

        assert_eq!(messages.purge(two).await.expect("purged"), "two");
        assert!(matches!(messages.purge(two).await, Err(Error::NotFound("message"))));
        assert!(matches!(messages.get(two).await, Err(Error::NotFound("message"))));
        assert!(matches!(messages.set_urgent(two, true).await, Err(Error::NotFound("message"))));
        assert!(matches!(messages.list("none", Folder::New).await, Err(Error::NotFound("mailbox"))));
        assert!(order(Folder::Deleted).await.is_empty());
    }
}

#[tokio::test]
async fn a_message_from_elsewhere_keeps_its_times_and_writes_to_nobody() {
    for store in stores().await {
        let acme = tenant(&store, "acme").await;
        written_to(&store, acme, "1001").await;
        let messages = store.messages(acme);
        let new = NewMessage { forwarded_by: Some("1002".to_owned()), ..new_message("1001", "one", 5) };
        let kept = messages.import(&new, Folder::New, at(9), measured(3)).await.expect("brought in");
        assert_eq!((kept.received, kept.moved, kept.forwarded_by.as_deref()), (at(5), at(9), Some("1002")));
        assert_eq!(kept.call.as_deref(), Some("0102030405060708090a0b0c"));
        assert!(store.letters().of(acme).await.expect("letters").is_empty());
        let new = new_message("1001", "two", 6);
        let kept = messages.insert(&new, Folder::New, measured(3), at(10)).await.expect("forwarded");
        assert_eq!((kept.received, kept.moved), (at(6), at(10)));
        messages.insert(&new_message("1001", "three", 7), Folder::Saved, measured(3), at(11)).await.expect("kept");
        let letters = store.letters().of(acme).await.expect("letters");
        assert_eq!(letters.iter().map(|one| one.message).collect::<Vec<_>>(), [Some(kept.id)]);
    }
}

#[tokio::test]
async fn there_is_room_as_far_as_the_mailbox_and_its_tenant_allow() {
    for store in stores().await {
        let acme = tenant(&store, "acme").await;
        let settings = MailboxSettings { max_messages: 5, max_minutes: 2, ..MailboxSettings::default() };
        let new = NewMailbox { name: "1001".to_owned(), settings, ..NewMailbox::default() };
        store.mailboxes(acme).create(new).await.expect("made");
        mailbox(&store, acme, "1002").await;
        let space = async || store.messages(acme).space("1001").await.expect("space");
        let left = |messages, seconds| Space { messages, length: Duration::from_secs(seconds) };
        assert_eq!(space().await, left(5, 120));
        message(&store, acme, &new_message("1001", "one", 1), Folder::New).await;
        assert_eq!(space().await, left(4, 110));
        let policy = VoicemailPolicy {
            max_messages: Some(3),
            max_minutes: Some(1),
            keep_days: Some(90),
            mail_from: Some("pbx@example.com".to_owned()),
        };
        store.mailboxes(acme).set_policy(&policy).await.expect("set");
        assert_eq!(store.mailboxes(acme).policy().await.expect("got"), policy);
        assert_eq!(space().await, left(2, 50));
        for number in 0..9_u64 {
            let new = new_message("1002", &format!("more-{number}"), number);
            message(&store, acme, &new, Folder::New).await;
        }
        assert_eq!(space().await, left(0, 0), "never less than nothing");
        let policy = VoicemailPolicy { max_messages: Some(12), ..VoicemailPolicy::default() };
        store.mailboxes(acme).set_policy(&policy).await.expect("set");
        assert_eq!(space().await, left(2, 110));
        assert!(matches!(store.messages(acme).space("none").await, Err(Error::NotFound("mailbox"))));
    }
}

#[tokio::test]
async fn a_message_of_which_a_letter_waits_is_not_old() {
    for store in stores().await {
        let acme = tenant(&store, "acme").await;
        written_to(&store, acme, "1001").await;
        let messages = store.messages(acme);
        let waits =
            messages.insert(&new_message("1001", "one", 1), Folder::New, measured(1), at(1)).await.expect("kept");
        let sent =
            messages.insert(&new_message("1001", "two", 2), Folder::New, measured(1), at(2)).await.expect("kept");
        let letters = store.letters().of(acme).await.expect("letters");
        let letter = letters.iter().find(|one| one.message == Some(sent.id)).expect("a letter");
        store.letters().sent(letter.id).await.expect("sent");
        for id in [waits.id, sent.id] {
            messages.move_to(id, Folder::Saved, at(10)).await.expect("moved");
        }
        let old = async |before| {
            let all = messages.older_than("1001", Folder::Saved, at(before)).await.expect("old ones");
            all.into_iter().map(|one| one.id).collect::<Vec<_>>()
        };
        assert!(old(10).await.is_empty(), "it counts from when it came into its folder");
        assert_eq!(old(11).await, [sent.id]);
        let all = store.letters().of(acme).await.expect("letters");
        store.letters().failed(all[0].id, "no such address", None).await.expect("given up");
        assert_eq!(old(11).await, [waits.id, sent.id], "nobody waits for what was given up");
        assert!(matches!(messages.older_than("none", Folder::New, at(1)).await, Err(Error::NotFound("mailbox"))));
    }
}

#[tokio::test]
async fn letters_are_due_tried_again_given_up_and_tried_anew() {
    for store in stores().await {
        let (acme, other) = (tenant(&store, "acme").await, tenant(&store, "other").await);
        written_to(&store, acme, "1001").await;
        written_to(&store, other, "1001").await;
        mailbox(&store, acme, "1002").await;
        let (messages, letters) = (store.messages(acme), store.letters());
        assert_eq!(letters.next().await.expect("none"), None);
        let one = messages.insert(&new_message("1001", "one", 1), Folder::New, measured(1), at(1)).await.expect("kept");
        messages.insert(&new_message("1002", "two", 1), Folder::New, measured(1), at(1)).await.expect("kept");
        letters.warn(acme, "1001", at(2)).await.expect("queued");
        letters.warn(acme, "1002", at(2)).await.expect("nobody to write to");
        letters.warn(other, "1001", at(3)).await.expect("queued");
        assert!(matches!(letters.warn(acme, "none", at(2)).await, Err(Error::NotFound("mailbox"))));
        assert_eq!(letters.waiting().await.expect("counted"), 3);
        let next = letters.next().await.expect("the next").expect("one");
        assert!(next > at(1) && next < at(2), "who hangs up has hung up by then");
        assert!(letters.due(at(1), 10).await.expect("due").is_empty());
        let due = letters.due(at(100), 2).await.expect("due");
        assert_eq!(
            due.iter().map(|one| (one.kind, one.message)).collect::<Vec<_>>(),
            [(LetterKind::Message, Some(one.id)), (LetterKind::NearlyFull, None)]
        );
        assert_eq!((due[0].mailbox.as_str(), due[0].tenant, due[0].tries), ("1001", acme, 0));

        letters.failed(due[0].id, &"ä".repeat(600), Some(at(200))).await.expect("later");
        letters.failed(due[1].id, "no such address", None).await.expect("given up");
        letters.failed(4711, "it is gone", None).await.expect("no matter");
        let all = letters.of(acme).await.expect("all");
        assert_eq!((all[0].tries, all[0].due, all[0].given_up), (1, at(200), false));
        assert_eq!(all[0].fault.as_ref().map(|fault| fault.chars().count()), Some(500));
        assert_eq!((all[1].given_up, all[1].fault.as_deref()), (true, Some("no such address")));
        assert_eq!(letters.waiting().await.expect("counted"), 2);
        assert_eq!(letters.due(at(100), 10).await.expect("due").len(), 1, "the other tenant's alone");
        assert_eq!(letters.retry(acme, at(50)).await.expect("tried again"), 2);
        let due: Vec<_> = letters.due(at(50), 10).await.expect("due").into_iter().map(|one| one.tenant).collect();
        assert_eq!(due, [other, acme, acme]);
        assert!(letters.of(acme).await.expect("all").iter().all(|one| one.tries == 0), "as for the first time");
        messages.purge(one.id).await.expect("purged");
        assert_eq!(letters.of(acme).await.expect("all").len(), 1, "nobody is told of what is gone");
        store.mailboxes(acme).delete("1001").await.expect("removed");
        assert!(letters.of(acme).await.expect("all").is_empty());
        assert_eq!(letters.of(other).await.expect("all").len(), 1);
    }
}

#[tokio::test]
async fn a_tenant_writes_in_its_own_words_or_as_the_exchange_does() {
    for store in stores().await {
        let (acme, other) = (tenant(&store, "acme").await, tenant(&store, "other").await);
        let letters = store.letters();
        let template = MailTemplate {
            language: "de-AT".to_owned(),
            kind: LetterKind::Message,
            subject: "Nachricht von {caller}".to_owned(),
            text: "Grüß Gott,\n{caller} rief an.\n".to_owned(),
            html: None,
        };
        letters.set_template(acme, &template).await.expect("kept");
        let changed = MailTemplate { html: Some("<p>{caller}</p>".to_owned()), ..template.clone() };
        letters.set_template(acme, &changed).await.expect("in its place");
        let full = MailTemplate { kind: LetterKind::NearlyFull, language: "de".to_owned(), ..template.clone() };
        letters.set_template(acme, &full).await.expect("kept");
        let found = letters.template(acme, "de-AT", LetterKind::Message).await.expect("looked up");
        assert_eq!(found.as_ref(), Some(&changed));
        assert_eq!(letters.templates(acme).await.expect("all"), [full, changed]);
        assert_eq!(letters.template(other, "de-AT", LetterKind::Message).await.expect("looked up"), None);
        assert!(letters.templates(other).await.expect("none").is_empty());
        let wrong = letters.delete_template(other, "de-AT", LetterKind::Message).await;
        assert!(matches!(wrong, Err(Error::NotFound("template"))));
        letters.delete_template(acme, "de-AT", LetterKind::Message).await.expect("deleted");
        assert_eq!(letters.templates(acme).await.expect("all").len(), 1);
        for (field, wrong) in [
            ("language", MailTemplate { language: "d\0".to_owned(), ..template.clone() }),
            ("subject", MailTemplate { subject: "a\r\nBcc: b".to_owned(), ..template.clone() }),
            ("text", MailTemplate { text: String::new(), ..template.clone() }),
            ("text", MailTemplate { text: "a\0b".to_owned(), ..template.clone() }),
            ("html", MailTemplate { html: Some("x".repeat(65_537)), ..template.clone() }),
        ] {
            let refused = letters.set_template(acme, &wrong).await;
            assert!(matches!(&refused, Err(Error::Invalid { field: named, .. }) if *named == field), "{refused:?}");
        }
        assert!(matches!(letters.set_template(TenantId(4711), &template).await, Err(Error::NotFound("tenant"))));
    }
}

fn list(mailbox: Option<&str>, number: &str, members: &[&str]) -> MailboxList {
    let members = members.iter().map(|name| (*name).to_owned()).collect();
    let (mailbox, title) = (mailbox.map(str::to_owned), Some(format!("list {number}")));
    MailboxList { mailbox, number: number.to_owned(), title, members }
}

#[tokio::test]
async fn a_mailbox_chooses_among_its_own_lists_before_the_tenants() {
    for store in stores().await {
        let (acme, other) = (tenant(&store, "acme").await, tenant(&store, "other").await);
        mailbox(&store, acme, "1001").await;
        mailbox(&store, acme, "1002").await;
        mailbox(&store, other, "1001").await;
        let lists = store.mailbox_lists(acme);
        let (tenants_1, tenants_2) = (list(None, "1", &["1001"]), list(None, "2", &["1001", "1002"]));
        let own = list(Some("1001"), "2", &["1002"]);
        for one in [&tenants_1, &own, &tenants_2] {
            lists.put(one).await.expect("kept");
        }
        assert_eq!(lists.of(Some("1001")).await.expect("lists"), [own, tenants_1.clone()]);
        assert_eq!(lists.of(Some("1002")).await.expect("lists"), [tenants_1.clone(), tenants_2.clone()]);
        assert_eq!(lists.of(None).await.expect("lists"), [tenants_1.clone(), tenants_2.clone()]);
        let changed = MailboxList { title: None, ..list(None, "2", &["1002"]) };
        lists.put(&changed).await.expect("in its place");
        assert_eq!(lists.of(None).await.expect("lists"), [tenants_1, changed]);
        assert!(store.mailbox_lists(other).of(Some("1001")).await.expect("lists").is_empty(), "another tenant's");
        assert!(matches!(store.mailbox_lists(other).delete(None, "1").await, Err(Error::NotFound("list"))));
        lists.delete(Some("1001"), "2").await.expect("deleted");
        assert!(matches!(lists.delete(Some("1001"), "2").await, Err(Error::NotFound("list"))));
        assert_eq!(lists.of(Some("1001")).await.expect("lists").len(), 2, "the tenant's is chosen again");
        lists.put(&list(Some("1001"), "3", &["1002"])).await.expect("kept");
        store.mailboxes(acme).delete("1001").await.expect("removed");
        mailbox(&store, acme, "1001").await;
        assert_eq!(lists.of(Some("1001")).await.expect("lists").len(), 2, "it went with its mailbox");

        for (field, wrong) in [
            ("number", list(None, "", &["1001"])),
            ("number", list(None, "123456789", &["1001"])),
            ("number", list(None, "1a", &["1001"])),
            ("members", list(None, "1", &["a b"])),
            ("members", list(None, "1", &["1001"; 501])),
            ("title", MailboxList { title: Some("x".repeat(129)), ..list(None, "1", &[]) }),
        ] {
            let refused = lists.put(&wrong).await;
            assert!(matches!(&refused, Err(Error::Invalid { field: named, .. }) if *named == field), "{refused:?}");
        }
        assert!(matches!(lists.put(&list(Some("none"), "1", &[])).await, Err(Error::NotFound("mailbox"))));
        for number in 1..=100 {
            lists.put(&list(Some("1001"), &number.to_string(), &[])).await.expect("kept");
        }
        let more = lists.put(&list(Some("1001"), "101", &[])).await;
        assert!(matches!(more, Err(Error::Invalid { field: "number", .. })), "{more:?}");
        lists.put(&list(Some("1001"), "100", &["1002"])).await.expect("one that is there can be changed");
    }
}

#[tokio::test]
async fn nothing_of_one_tenants_mailboxes_is_found_or_changed_through_another() {
    for store in stores().await {
        let (acme, other) = (tenant(&store, "acme").await, tenant(&store, "other").await);
        written_to(&store, acme, "1001").await;
        mailbox(&store, other, "1001").await;
        let alice = store.users(acme).create(new_user("alice", None)).await.expect("a user").id;
        let new = new_message("1001", "one", 1);
        let id = message(&store, acme, &new, Folder::New).await;
        let draft = store.messages(acme).draft(&new_message("1001", "two", 1)).await.expect("a draft");
        let before = store.messages(acme).get(id).await.expect("found");

        let theirs = NewMailbox { name: "9".to_owned(), owner: Some(alice), ..NewMailbox::default() };
        assert!(matches!(store.mailboxes(other).create(theirs).await, Err(Error::NotFound("user"))));
        let mut stolen = store.mailboxes(other).get("1001").await.expect("theirs");
        stolen.owner = Some(alice);
        assert!(matches!(store.mailboxes(other).update(&stolen).await, Err(Error::NotFound("user"))));
        let messages = store.messages(other);
        for folder in Folder::ALL {
            assert!(messages.list("1001", folder).await.expect("a list").is_empty());
        }
        for id in [id, draft] {
            assert!(matches!(messages.get(id).await, Err(Error::NotFound("message"))));
            assert!(matches!(messages.move_to(id, Folder::Deleted, at(2)).await, Err(Error::NotFound("message"))));
            assert!(matches!(messages.set_urgent(id, true).await, Err(Error::NotFound("message"))));
            assert!(matches!(messages.deliver(id, true, measured(9), at(2)).await, Err(Error::NotFound("message"))));
            assert!(matches!(messages.purge(id).await, Err(Error::NotFound("message"))));
        }
        assert!(messages.drafts().await.expect("drafts").is_empty());
        assert!(messages.waiting().await.expect("counts").is_empty());
        assert!(messages.usages().await.expect("usages").is_empty());
        assert_eq!(messages.usage(None).await.expect("usage"), Usage::default());
        assert!(messages.recordings().await.expect("names").is_empty());
        message(&store, other, &new, Folder::New).await;
        assert_eq!(store.mailboxes(other).delete("1001").await.expect("removed"), ["one"]);
        let policy = VoicemailPolicy { max_messages: Some(1), ..VoicemailPolicy::default() };
        store.mailboxes(other).set_policy(&policy).await.expect("set");

        assert_eq!(store.messages(acme).get(id).await.expect("found"), before);
        assert_eq!(store.messages(acme).drafts().await.expect("drafts").len(), 1);
        assert_eq!(store.mailboxes(acme).policy().await.expect("got"), VoicemailPolicy::default());
        store.tenants().delete(acme).await.expect("removed");
        assert!(store.messages(acme).recordings().await.expect("names").is_empty(), "it goes with its tenant");
    }
}

fn subscription(tenant: TenantId, tag: &str) -> StoredSubscription {
    StoredSubscription {
        tenant,
        user: "alice".to_owned(),
        mailbox: "1001".to_owned(),
        event_id: Some("7".to_owned()),
        call_id: "call@phone".to_owned(),
        local_tag: tag.to_owned(),
        remote_tag: "theirs".to_owned(),
        local_uri: "sip:1001@example.com".to_owned(),
        remote_uri: "sip:alice@example.com".to_owned(),
        target: "sip:alice@192.0.2.2:5062".to_owned(),
        route: vec!["<sip:a.example;lr>".to_owned(), "<sip:b.example;lr>".to_owned()],
        remote_cseq: u32::MAX,
        expires: at(3600),
        transport: "udp".to_owned(),
        local: "192.0.2.1:5060".parse().expect("an address"),
        remote: "[2001:db8::2]:5062".parse().expect("an address"),
    }
}

#[tokio::test]
async fn who_wants_to_be_told_of_a_lamp_outlives_a_restart() {
    for store in stores().await {
        let (acme, other) = (tenant(&store, "acme").await, tenant(&store, "other").await);
        let (writer, task) = Writer::new(store.clone());
        let put = |one: StoredSubscription| Record::Subscription(SubscriptionChange::Put(Box::new(one)));
        let removed = |tenant, tag: &str| {
            let (call_id, local_tag) = ("call@phone".to_owned(), tag.to_owned());
            Record::Subscription(SubscriptionChange::Removed { tenant, call_id, local_tag })
        };
        let bare = StoredSubscription { route: Vec::new(), event_id: None, ..subscription(acme, "two") };
        let refreshed =
            StoredSubscription { remote_cseq: 9, expires: at(7200), mailbox: "1002".to_owned(), ..bare.clone() };
        writer.write(put(subscription(acme, "one")));
        writer.write(put(bare));
        writer.write(put(refreshed.clone()));
        writer.write(put(subscription(acme, "three")));
        // One of a tenant that never was does not hold up the others.
        writer.write(put(subscription(TenantId(4711), "lost")));
        writer.write(removed(other, "one"));
        writer.write(removed(acme, "three"));
        drop(writer);
        task.run().await;
        let mut kept = store.subscriptions().list().await.expect("all");
        kept.sort_by(|one, two| one.local_tag.cmp(&two.local_tag));
        assert_eq!(kept, [subscription(acme, "one"), refreshed]);
        store.tenants().delete(acme).await.expect("removed");
        assert!(store.subscriptions().list().await.expect("all").is_empty());
    }
}
