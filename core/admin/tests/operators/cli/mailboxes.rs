//! Mailboxes from the command line: kept, listened to, carried elsewhere.

use std::path::{Path, PathBuf};

use admin::MailboxEvent;
use admin::v1::ImportMessageRequest;
use switch::{Folder, TenantId, Waiting};

use super::{at_terminal, masked, typed};
use crate::house::{House, TOKEN, at};
use crate::voicemail::{SOUND, left};

/// A folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("strowger-mailbox-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// All files below, by name.
fn files(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(one) = folders.pop() {
        for entry in std::fs::read_dir(one).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                names.push(path.strip_prefix(folder).unwrap().display().to_string());
            }
        }
    }
    names.sort();
    names
}

/// Alice's mailbox, with messages in all folders, greetings and a list.
async fn furnished() -> (House, TenantId) {
    let (house, acme) = House::with_acme().await;
    house.user("acme", "alice", "1001").await;
    let create = "mailbox create 1001 --owner alice --title Alice --pin 4711 --email alice@example.com --mail wav \
                  --keep-days 30 --longest 600 --envelope no";
    typed(&house, create).await.fine();
    typed(&house, "mailbox create 1002").await.fine();
    for number in 1..=3 {
        house.message("acme", "1001", number).await;
    }
    let urgent = ImportMessageRequest {
        tenant: "acme".to_owned(),
        mailbox: "1001".to_owned(),
        urgent: true,
        caller: "1002".to_owned(),
        caller_name: Some("Bob".to_owned()),
        caller_user: Some("alice".to_owned()),
        received: Some(at(4).into()),
        moved: Some(at(5).into()),
        ..Default::default()
    };
    house.import(urgent, b"OggS of Bob").await.unwrap();
    let messages = house.store.messages(acme);
    messages.move_to(switch::MessageId(2), Folder::Saved, at(60)).await.unwrap();
    messages.move_to(switch::MessageId(3), Folder::Deleted, at(70)).await.unwrap();
    house.exchange.mailboxes_told.lock().unwrap().clear();
    (house, acme)
}

#[tokio::test]
async fn a_mailbox_is_made_shown_changed_and_deleted() {
    let (house, acme) = furnished().await;
    insta::assert_snapshot!("mailbox_list_table", typed(&house, "mailbox list").await.fine());
    insta::assert_snapshot!("mailbox_show", masked(&typed(&house, "mailbox show 1001").await.fine()));
    let json: serde_json::Value = serde_json::from_str(&typed(&house, "mailbox list --json").await.fine()).unwrap();
    let first = &json["mailboxes"][0];
    assert_eq!((&first["waiting"]["urgentNew"], &first["pin"]), (&1.into(), &"MAILBOX_PIN_GIVEN".into()));
    let set = "mailbox set 1001 --owner= --no-email --keep-days 0 --operator 1000 --unasked --listed no --language de";
    let printed = typed(&house, set).await.fine();
    for shown in ["Operator          1000", "Lamp unasked      yes", "Found by name     no", "Language          de"] {
        assert!(printed.contains(shown), "{shown}: {printed}");
    }
    assert!(!printed.contains("alice@") && !printed.contains("Keeps saved") && !printed.contains("Owner"), "{printed}");
    let kept = house.store.mailboxes(acme).get("1001").await.unwrap();
    assert_eq!((kept.settings.longest.as_secs(), kept.title.as_deref()), (600, Some("Alice")), "the rest stays");
    let (code, why) = typed(&house, "mailbox set 1001 --silence 1 --time-zone Atlantis").await.failure();
    assert!(code == 2 && why.contains("settings.silence: 2 to 60 seconds") && why.contains("Europe/Berlin"), "{why}");
    assert_eq!(typed(&house, "mailbox delete 1001 --json").await.fine(), "{\"deleted\":\"1001\"}\n");
    assert_eq!(typed(&house, "mailbox show 1001").await.failure().0, 3);
    typed(&house, "mailbox remove 1002").await.fine();
    assert!(typed(&house, "mailbox list").await.notes.contains("mailbox create"));
}

#[tokio::test]
async fn a_pin_is_given_from_the_input_and_taken_and_shown_nowhere() {
    let (house, acme) = furnished().await;
    let connection = ["--endpoint", &house.endpoint, "--token", TOKEN];
    let said = at_terminal(&connection, "mailbox pin 1001 --pin-stdin", "90210\n", false).await.fine();
    assert!(said.contains("must change it") && !said.contains("90210"), "{said}");
    assert!(house.store.mailboxes(acme).get("1001").await.unwrap().pin.is("90210"));
    let said = typed(&house, "mailbox pin 1001 --none --json").await.fine();
    assert_eq!(said, "{\"mailbox\":\"1001\",\"pin\":false}\n");
    let (code, why) = at_terminal(&connection, "mailbox pin 1001 --pin-stdin", "", false).await.failure();
    assert!(code == 2 && why.starts_with("pin:"), "{why}");
    let made = at_terminal(&connection, "mailbox add 1003 --pin-stdin", "4711\n", false).await.fine();
    assert!(made.contains("PIN               given"), "{made}");
}

#[tokio::test]
async fn messages_are_listed_fetched_marked_moved_and_removed() {
    let (house, acme) = furnished().await;
    insta::assert_snapshot!("mailbox_messages", typed(&house, "mailbox messages 1001").await.fine());
    let page = typed(&house, "mailbox messages 1001 -n 1 --json").await.fine();
    let json: serde_json::Value = serde_json::from_str(&page).unwrap();
    assert_eq!((&json["messages"][0]["id"], &json["messages"][0]["urgent"]), (&4.into(), &true.into()));
    assert!(json["nextPageToken"].as_str().is_some_and(|token| !token.is_empty()));
    assert_eq!(typed(&house, "mailbox messages 1001 --folder saved").await.fine().lines().count(), 2);
    assert_eq!(typed(&house, "mailbox get 1001 1 -o -").await.fine().as_bytes(), SOUND);
    let dir = folder("get");
    let file = dir.join("one.wav");
    let get = format!("mailbox get 1001 1 --output {}", file.display());
    typed(&house, &get).await.fine();
    assert_eq!(std::fs::read(&file).unwrap(), SOUND);
    let (code, why) = typed(&house, &get).await.failure();
    assert!(code == 2 && why.contains("--force"), "{why}");
    std::fs::remove_dir_all(dir).unwrap();
    assert_eq!(typed(&house, "mailbox mark 1001 1 2").await.fine(), "mailbox 1001: 1, 2 urgent\n");
    assert_eq!(typed(&house, "mailbox mark 1001 1 --not").await.fine(), "mailbox 1001: 1 not urgent\n");
    assert_eq!(typed(&house, "mailbox move 1001 1 4 --to saved").await.fine(), "mailbox 1001: 1, 4 saved\n");
    let waiting = house.store.messages(acme).waiting_in("1001").await.unwrap();
    assert_eq!(waiting, Waiting { new: 0, saved: 3, urgent_new: 0, urgent_saved: 2 });
    // The number of another mailbox's message is a mistake, and then nothing is done.
    let (code, why) = typed(&house, "mailbox rm 1002 1").await.failure();
    assert!(code == 2 && why.contains("1 lies in mailbox 1001, not in 1002"), "{why}");
    assert_eq!(typed(&house, "mailbox rm 1001 1 99").await.failure().0, 3);
    assert_eq!(house.store.messages(acme).usage(Some("1001")).await.unwrap().messages, 4);
    let gone = typed(&house, "mailbox rm 1001 1 2 --json").await.fine();
    assert_eq!(gone, "{\"done\":\"gone for good\",\"mailbox\":\"1001\",\"messages\":[1,2]}\n");
    assert_eq!(house.store.messages(acme).usage(Some("1001")).await.unwrap().messages, 2);
    typed(&house, "mailbox create full").await.fine();
    let sent = typed(&house, "mailbox forward 1001 4 1002 full").await;
    assert_eq!(sent.notes, "There is no room for it in full.\n");
    assert_eq!(sent.fine(), "message 4 went to 1002\n");
}

#[tokio::test]
async fn a_file_becomes_a_message() {
    let (house, _) = furnished().await;
    let dir = folder("import-message");
    let file = dir.join("one.wav");
    std::fs::write(&file, SOUND).unwrap();
    let words = format!("mailbox import-message 1002 {} --caller 1001 --urgent --received 2h", file.display());
    let printed = typed(&house, &words).await.fine();
    for shown in ["Caller    1001", "Received  2026-03-01 10:30:00", "Urgent    yes", "Length    0:30"] {
        assert!(printed.contains(shown), "{shown}: {printed}");
    }
    std::fs::write(&file, b"no sound").unwrap();
    let (code, why) = typed(&house, &words).await.failure();
    assert!(code == 2 && why.contains("of no known kind"), "{why}");
    std::fs::remove_dir_all(dir).unwrap();
    assert_eq!(typed(&house, &words).await.failure().0, 1);
}

#[tokio::test]
async fn greetings_groups_and_policy_are_kept_from_the_command_line() {
    let (house, _) = furnished().await;
    let dir = folder("greeting");
    let file = dir.join("hello.wav");
    std::fs::write(&file, SOUND).unwrap();
    let shown = file.display();
    assert!(typed(&house, "mailbox greeting list 1001").await.notes.contains("the usual ones"));
    let printed = typed(&house, &format!("mailbox greeting set 1001 busy {shown}")).await.fine();
    assert!(printed.contains("Greeting  busy") && printed.contains("Format    WAV"), "{printed}");
    assert!(typed(&house, "mailbox greetings ls 1001").await.fine().contains("busy"));
    assert_eq!(typed(&house, "mailbox greeting get 1001 busy -o -").await.fine().as_bytes(), SOUND);
    typed(&house, &format!("mailbox greeting get 1001 busy -f -o {shown}")).await.fine();
    let gone = typed(&house, "mailbox greeting rm 1001 busy").await.fine();
    assert_eq!(gone, "mailbox 1001: the greeting busy is deleted\n");
    assert_eq!(typed(&house, "mailbox greeting rm 1001 busy").await.failure().0, 3);
    std::fs::remove_dir_all(dir).unwrap();

    let printed = typed(&house, "mailbox group put 1 1001 1002 --title All").await.fine();
    assert!(printed.contains("Of       the tenant") && printed.contains("Members  1001 1002"), "{printed}");
    typed(&house, "mailbox group put 2 1002 --mailbox 1001").await.fine();
    assert_eq!(typed(&house, "mailbox lists ls --mailbox 1001").await.fine().lines().count(), 3);
    assert_eq!(typed(&house, "mailbox group ls").await.fine().lines().count(), 2);
    let (code, why) = typed(&house, "mailbox group put 1 1009").await.failure();
    assert!(code == 3 && why.contains("no mailbox 1009"), "{why}");
    assert_eq!(typed(&house, "mailbox group rm 1").await.fine(), "list 1 is deleted\n");

    let policy = typed(&house, "mailbox policy").await.fine();
    assert!(policy.contains("Messages          4 of no limit") && policy.contains("for ever"), "{policy}");
    let policy = typed(&house, "mailbox policy --max-messages 500 --mail-from pbx@example.com").await.fine();
    assert!(policy.contains("4 of 500") && policy.contains("pbx@example.com"), "{policy}");
    let policy = typed(&house, "mailbox policy --max-messages 0 --json").await.fine();
    assert!(policy.contains("\"mailFrom\": \"pbx@example.com\"") && !policy.contains("maxMessages"), "{policy}");
}

#[tokio::test]
async fn mail_is_looked_through_tried_again_and_written_otherwise() {
    let (house, acme) = furnished().await;
    assert!(typed(&house, "mailbox mail queue").await.notes.contains("no mail waits"));
    left(&house, acme, "1001", "left").await;
    let letter = house.store.letters().of(acme).await.unwrap().remove(0);
    house.store.letters().failed(letter.id, "550 no such address", None).await.unwrap();
    let printed = typed(&house, "mailbox mail queue").await.fine();
    assert!(printed.contains("given up") && printed.contains("550 no such address"), "{printed}");
    assert_eq!(typed(&house, "mailbox mail retry").await.fine(), "1 letter is tried now\n");
    assert_eq!(typed(&house, "mailbox mail retry --json").await.fine(), "{\"letters\":1}\n");
    let dir = folder("template");
    let (text, html) = (dir.join("text"), dir.join("html"));
    std::fs::write(&text, "Hallo {owner}\n").unwrap();
    std::fs::write(&html, "<p>Hallo</p>").unwrap();
    let put =
        format!("mailbox mail template put de --subject Neues --text {} --html {}", text.display(), html.display());
    let printed = typed(&house, &put).await.fine();
    assert!(printed.contains("Kind      message") && printed.contains("HTML      yes"), "{printed}");
    assert!(typed(&house, "mailbox mail template ls").await.fine().contains("Neues"));
    let gone = typed(&house, "mailbox mail template rm de").await.fine();
    assert_eq!(gone, "the template message in de is deleted\n");
    assert_eq!(typed(&house, "mailbox mail template rm de nearly-full").await.failure().0, 3);
    std::fs::remove_dir_all(dir).unwrap();
}

#[tokio::test]
async fn what_happens_in_mailboxes_is_watched_in_words_and_as_json_lines() {
    let (mut house, acme) = furnished().await;
    let endpoint = house.endpoint.clone();
    let connection = ["--endpoint", &endpoint, "--token", TOKEN];
    let exchange = house.exchange.clone();
    let message = Box::new(house.store.messages(acme).get(switch::MessageId(4)).await.unwrap());
    let waiting = Waiting { new: 3, saved: 2, urgent_new: 1, urgent_saved: 0 };
    let happens = async {
        while exchange.mailbox_news.receiver_count() < 2 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        for (seconds, event) in (30..).zip([
            MailboxEvent::Came(message.clone()),
            MailboxEvent::Changed(message),
            MailboxEvent::Waiting(waiting),
            MailboxEvent::NearlyFull,
            MailboxEvent::Full,
            MailboxEvent::LoggedIn,
            MailboxEvent::WrongPin,
            MailboxEvent::LockedOut,
            MailboxEvent::Gone(switch::MessageId(4)),
        ]) {
            exchange.happens(acme, "1001", seconds, event);
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        house.closes().await.unwrap();
    };
    let words = at_terminal(&connection, "mailbox watch 1001", "", false);
    let json = at_terminal(&connection, "mailbox watch --json", "", true);
    let (words, json, ()) = tokio::join!(words, json, happens);
    assert!(words.notes.contains("ended the watch"));
    let words = words.fine();
    let (first, rest) = words.split_once('\n').unwrap();
    assert!(first.ends_with("1001  waiting: 2 (1 urgent) new, 1 saved"), "{first}");
    insta::assert_snapshot!("mailbox_watch", rest);
    let lines: Vec<serde_json::Value> = json.fine().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2 + 9);
    assert_eq!((&lines[1]["mailbox"], &lines[2]["came"]["callerUser"]), (&"1002".into(), &"alice".into()));
}

/// What is kept of messages, but for what a database or a disk calls them.
async fn kept(house: &House, tenant: TenantId, mailbox: &str) -> Vec<(store::StoredMessage, Vec<u8>)> {
    let mut all = Vec::new();
    for folder in Folder::ALL {
        for message in house.store.messages(tenant).list(mailbox, folder).await.unwrap() {
            let audio = house.exchange.files.lock().unwrap()[&message.recording].clone();
            let (id, recording) = (switch::MessageId(0), String::new());
            all.push((
                store::StoredMessage { id, recording, tenant: TenantId(0), caller_user: None, ..message },
                audio,
            ));
        }
    }
    all
}

#[tokio::test]
async fn a_mailbox_is_carried_to_another_machine_and_is_there_as_it_was() {
    let (house, acme) = furnished().await;
    let dir = folder("carried");
    let sound = dir.join("busy.wav");
    std::fs::write(&sound, b"RIFF: busy").unwrap();
    typed(&house, &format!("mailbox greeting set 1001 busy {}", sound.display())).await.fine();
    typed(&house, "mailbox group put 7 1001 1002 --mailbox 1001 --title Team").await.fine();
    typed(&house, "mailbox group put 1 1002").await.fine();
    let out = dir.join("alice");
    let said = typed(&house, &format!("mailbox export 1001 {}", out.display())).await.fine();
    assert!(said.contains("4 messages, 1 greeting") && said.contains("its PIN is not there"), "{said}");
    let expected = [
        "greetings/busy.wav",
        "lists.json",
        "mailbox.json",
        "messages/0001.json",
        "messages/0001.opus",
        "messages/0002.json",
        "messages/0002.wav",
        "messages/0003.json",
        "messages/0003.wav",
        "messages/0004.json",
        "messages/0004.wav",
    ];
    assert_eq!(files(&out), expected);
    assert!(!std::fs::read_to_string(out.join("mailbox.json")).unwrap().contains("4711"));

    let elsewhere = House::built().await;
    let other = elsewhere.tenant("other").await;
    let from = out.display();
    let came = typed(&elsewhere, &format!("mailbox import {from}")).await;
    assert!(came.notes.contains("other has no user alice") && came.notes.contains("no PIN yet"), "{}", came.notes);
    assert!(came.notes.contains("List 7 is left out: there is no mailbox 1002"), "{}", came.notes);
    assert_eq!(came.fine(), "mailbox 1001, which is made: 4 messages, 1 greeting\n");
    let (before, after) = (
        house.store.mailboxes(acme).get("1001").await.unwrap(),
        elsewhere.store.mailboxes(other).get("1001").await.unwrap(),
    );
    assert_eq!((after.owner, &after.title, &after.settings), (None, &before.title, &before.settings));
    assert!(!after.pin.is_set());
    assert_eq!(kept(&elsewhere, other, "1001").await, kept(&house, acme, "1001").await);
    assert!(elsewhere.store.letters().of(other).await.unwrap().is_empty(), "nobody is written to again");
    let greeting = &after.greetings[&switch::Greeting::Busy];
    assert_eq!(elsewhere.exchange.files.lock().unwrap()[greeting], b"RIFF: busy");

    // Once more: what is there is not doubled, and its greeting stays.
    let again = typed(&elsewhere, &format!("mailbox import {from} --json")).await;
    assert!(again.notes.contains("The greeting busy that is there stays"), "{}", again.notes);
    let json: serde_json::Value = serde_json::from_str(&again.fine()).unwrap();
    assert_eq!((&json["messages"], &json["known"], &json["made"]), (&0.into(), &4.into(), &false.into()));
    // Beside the old one, in another tenant, whose alice and whose list are there.
    elsewhere.tenant("third").await;
    elsewhere.user("third", "alice", "1001").await;
    elsewhere.mailbox("third", "1002").await;
    elsewhere.mailbox("third", "1001").await;
    let came = typed(&elsewhere, &format!("mailbox import {from} -t third --name 2001")).await;
    assert_eq!(came.notes, "It has no PIN yet; `strowger mailbox pin` gives one.\n");
    assert_eq!(came.fine(), "mailbox 2001, which is made: 4 messages, 1 greeting\n");
    let third = elsewhere.store.tenants().by_name("third").await.unwrap().id;
    assert!(elsewhere.store.mailboxes(third).get("2001").await.unwrap().owner.is_some());
    assert_eq!(elsewhere.store.mailbox_lists(third).of(Some("2001")).await.unwrap().len(), 1);
    let callers = elsewhere.store.messages(third).list("2001", Folder::New).await.unwrap();
    assert!(callers[0].caller_user.is_some(), "the caller is a user here too");
    std::fs::remove_dir_all(dir).unwrap();
}

#[tokio::test]
async fn an_export_replaces_another_by_force_alone_and_touches_nothing_else() {
    let (house, _) = furnished().await;
    let dir = folder("forced");
    let export = format!("mailbox export 1001 {}", dir.display());
    typed(&house, &export).await.fine();
    let (code, why) = typed(&house, &export).await.failure();
    assert!(code == 2 && why.contains("mailbox.json is there already") && why.contains("--force"), "{why}");
    std::fs::write(dir.join("messages/notes.txt"), "mine").unwrap();
    typed(&house, "mailbox rm 1001 1 2 3").await.fine();
    typed(&house, &format!("{export} --force")).await.fine();
    let expected = ["mailbox.json", "messages/0001.json", "messages/0001.opus", "messages/notes.txt"];
    assert_eq!(files(&dir), expected, "nothing of the older export is left");
    assert_eq!(typed(&house, &format!("mailbox export 1009 {}", dir.join("no").display())).await.failure().0, 3);
    assert!(!dir.join("no").exists());
    std::fs::remove_dir_all(dir).unwrap();
}

#[tokio::test]
async fn what_is_no_export_is_not_brought_in() {
    let (house, acme) = furnished().await;
    let dir = folder("broken");
    let import = format!("mailbox import {} --name 3001", dir.display());
    let (code, why) = typed(&house, &import).await.failure();
    assert!(code == 1 && why.contains("mailbox.json"), "{why}");
    std::fs::write(dir.join("mailbox.json"), "{\"name\": \"1001\", \"later\": 1").unwrap();
    let (code, why) = typed(&house, &import).await.failure();
    assert!(code == 1 && why.contains("mailbox.json"), "{why}");
    assert!(house.store.mailboxes(acme).get("3001").await.is_err());
    // What a later version wrote beside is passed over; a message without its audio is not.
    std::fs::write(dir.join("mailbox.json"), "{\"name\": \"1001\", \"later\": 1}").unwrap();
    std::fs::create_dir(dir.join("messages")).unwrap();
    std::fs::write(dir.join("messages/0001.json"), "{\"caller\": \"1002\"}").unwrap();
    let (code, why) = typed(&house, &import).await.failure();
    assert!(code == 1 && why.contains("0001.wav"), "{why}");
    std::fs::write(dir.join("messages/0001.wav"), SOUND).unwrap();
    std::fs::create_dir(dir.join("greetings")).unwrap();
    std::fs::write(dir.join("greetings/odd.wav"), SOUND).unwrap();
    std::fs::write(dir.join("greetings/name.wav"), SOUND).unwrap();
    assert_eq!(typed(&house, &import).await.fine(), "mailbox 3001: 1 message, 1 greeting\n");
    let (code, why) = typed(&house, &format!("mailbox import {} -t nobody", dir.display())).await.failure();
    assert!(code == 3 && why.contains("no such tenant"), "{why}");
    std::fs::remove_dir_all(dir).unwrap();
}
