//! The command line at a real server: what people see, what scripts get, and what it says when it cannot.

mod calls;
mod documented;
mod mailboxes;
mod rooms;
mod trunks;

use std::io::{self, Cursor, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use admin::cli::{Command, Connection, Console, Failure, run_on};
use admin::v1::{CreateRoomRequest, RoomKey, UploadDialplanRequest};
use clap::{CommandFactory, Parser};
use jiff::tz::TimeZone;
use switch::{Cause, Event, Ha1, Label, Secrecy, TenantId};

use crate::house::{House, TOKEN, at, call_uid, cdr, component};

/// As the binary flattens it.
#[derive(Debug, Parser)]
#[command(name = "strowger")]
struct Cli {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    command: Command,
}

/// Bytes that are written in one place and read in another.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Paper {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// What a command printed, and how it ended.
pub(crate) struct Printed {
    out: String,
    pub(crate) notes: String,
    ended: Result<(), Failure>,
}

impl Printed {
    pub(crate) fn fine(self) -> String {
        if let Err(failure) = self.ended {
            panic!("{failure}\n{}", self.notes);
        }
        self.out
    }

    pub(crate) fn failure(self) -> (u8, String) {
        let failure = self.ended.expect_err("a failure");
        (failure.exit_code(), failure.to_string())
    }
}

pub(crate) async fn typed(house: &House, words: &str) -> Printed {
    at_terminal(&["--endpoint", &house.endpoint, "--token", TOKEN], words, "", false).await
}

async fn at_terminal(connection: &[&str], words: &str, input: &str, fancy: bool) -> Printed {
    let all = ["strowger"].into_iter().chain(connection.iter().copied()).chain(words.split_whitespace());
    let cli = Cli::try_parse_from(all).unwrap_or_else(|error| panic!("{error}"));
    let (out, notes) = (Paper::default(), Paper::default());
    let mut console = Console {
        out: Box::new(out.clone()),
        notes: Box::new(notes.clone()),
        input: Box::new(Cursor::new(input.to_owned())),
        fancy,
        width: None,
        json: cli.connection.json,
        zone: TimeZone::UTC,
        now: "2026-03-01T12:30:00Z".parse().unwrap(),
    };
    let ended = run_on(cli.command, &cli.connection, &mut console).await;
    Printed { out: out.text(), notes: notes.text(), ended }
}

/// The store dates what it makes by the clock: every date but the tests' own day is made alike.
fn masked(text: &str) -> String {
    let mut masked = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = date_length(rest);
        if length == 0 || rest.starts_with("2026-03-01") {
            masked.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        masked.push_str(if rest[..length].ends_with('Z') { "SOME-TIME" } else { "YYYY-MM-DD hh:mm:ss" });
        rest = &rest[length..];
    }
    masked
}

/// How long the date and time is that this begins with; 0 for none.
fn date_length(text: &str) -> usize {
    let shape =
        |(byte, like): (u8, u8)| if like == b'0' { byte.is_ascii_digit() } else { byte == like || like == b'T' };
    if text.len() < 19 || !text.bytes().zip(*b"0000-00-00T00:00:00").all(shape) {
        return 0;
    }
    let fraction = text[19..].bytes().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'Z')).count();
    19 + fraction
}

/// One of everything, and one thing more.
async fn furnished() -> (House, TenantId) {
    let (house, acme) = House::with_acme().await;
    house.user("acme", "alice", "1001").await;
    house.user("acme", "bob", "1002").await;
    house.registers(acme, "bob");
    house.registers(acme, "alice");
    let call = house.exchange.arrives(1, acme, "alice", "1002");
    let label = Label { name: "office".to_owned(), version: "abcdef0123456789".to_owned() };
    house.exchange.board.hear(call, at(1), &Event::Attached(label));
    house.exchange.board.hear(call, at(4), &Event::Bridged { target: "bob".to_owned() });
    *house.exchange.legs.lock().unwrap() = cdr(1, acme, "alice", "1002").legs;
    house.exchange.arrives(2, acme, "carol", "1003");
    let missed = switch::Cdr {
        answered_by: None,
        answered: None,
        disposition: switch::Disposition::NoAnswer,
        cause: Cause::NO_ANSWER,
        status: 480,
        caller_name: None,
        ..cdr(8, acme, "carol", "1003")
    };
    house.keeps(vec![cdr(7, acme, "alice", "1002"), missed]).await;
    let room = CreateRoomRequest {
        tenant: "acme".to_owned(),
        name: "600".to_owned(),
        title: Some("Weekly".to_owned()),
        pin: Some("4711".to_owned()),
        keys: vec![RoomKey { keys: "*6".to_owned(), action: "mute".to_owned() }],
        ..Default::default()
    };
    house.rooms().await.create(room).await.unwrap();
    house.exchange.opens(acme, "600");
    for (body, activate) in [(b"one", true), (b"two", false)] {
        let request = UploadDialplanRequest {
            tenant: "acme".to_owned(),
            name: "office".to_owned(),
            component: component(body),
            activate,
        };
        house.dialplans().await.upload(request).await.unwrap();
    }
    (house, acme)
}

const LISTS: [&str; 7] = ["tenant", "user", "registration", "dialplan", "call", "cdr", "room"];

#[tokio::test]
async fn lists_are_tables_for_people() {
    let (house, _) = furnished().await;
    for noun in LISTS {
        let printed = typed(&house, &format!("{noun} list")).await.fine();
        insta::assert_snapshot!(format!("{noun}_list_table"), masked(&printed));
    }
    let connection = ["--endpoint", &house.endpoint, "--token", TOKEN];
    let printed = at_terminal(&connection, "user list", "", true).await.fine();
    insta::assert_snapshot!("user_list_terminal", masked(&printed));
}

#[tokio::test]
async fn lists_are_json_for_scripts() {
    let (house, _) = furnished().await;
    for noun in LISTS {
        let printed = typed(&house, &format!("{noun} list --json")).await.fine();
        let read: serde_json::Value = serde_json::from_str(&printed).unwrap();
        assert!(read.is_object());
        insta::assert_snapshot!(format!("{noun}_list_json"), masked(&printed));
    }
}

#[tokio::test]
async fn one_thing_is_shown_with_all_that_is_known_of_it() {
    let (house, _) = furnished().await;
    for (name, words) in [
        ("tenant_show", "tenant show acme".to_owned()),
        ("user_show", "user show alice".to_owned()),
        ("registration_show", "registration show alice".to_owned()),
        ("dialplan_show", "dialplan show".to_owned()),
        ("call_show", format!("call show {}", call_uid(1))),
        ("cdr_show", format!("cdr show {}", call_uid(7))),
        ("room_show", "room show 600".to_owned()),
        ("room_open_list", "room open".to_owned()),
        ("room_open_one", "room open 600".to_owned()),
    ] {
        let printed = typed(&house, &words).await.fine();
        insta::assert_snapshot!(name, masked(&printed));
    }
}

#[tokio::test]
async fn a_list_of_nothing_says_so_beside_the_output() {
    let (house, _) = House::with_acme().await;
    for noun in ["user", "registration", "dialplan", "call", "cdr", "room"] {
        let printed = typed(&house, &format!("{noun} list")).await;
        assert!(printed.notes.contains("no "), "{noun}: {}", printed.notes);
        assert_eq!(printed.fine(), "");
    }
}

#[tokio::test]
async fn a_tenant_is_made_changed_and_deleted() {
    let house = House::built().await;
    let made = "tenant create acme -d sip.acme.example --time-zone Europe/Berlin --max-calls 5 --peer 192.0.2.7";
    let printed = typed(&house, made).await.fine();
    assert!(printed.contains("Europe/Berlin") && printed.contains("192.0.2.7"), "{printed}");
    let printed = typed(&house, "tenant update acme --ring-time 20 --no-peers --fallback-status 486").await.fine();
    assert!(printed.contains("20 s") && printed.contains("reject 486") && !printed.contains("192.0.2.7"), "{printed}");
    let (code, why) = typed(&house, "tenant delete acme").await.failure();
    assert!(code == 2 && why.contains("--yes") && why.contains("rooms and recordings with their files"), "{why}");
    assert_eq!(typed(&house, "tenant delete acme --yes").await.fine(), "tenant acme is deleted\n");
}

#[tokio::test]
async fn a_made_password_is_shown_once_and_fits_what_is_kept() {
    let (house, acme) = House::with_acme().await;
    let printed = typed(&house, "user create alice -e 1001 --json").await.fine();
    let user: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let password = user["password"].as_str().unwrap();
    let kept = house.store.users(acme).by_name("alice").await.unwrap();
    assert!(kept.ha1 == Ha1::of("alice", "acme.example", password));

    let printed = typed(&house, "user password alice").await;
    assert!(printed.notes.contains("kept nowhere"));
    let out = printed.fine();
    let again = out.lines().find_map(|line| line.strip_prefix("Password")).expect("a password").trim().to_owned();
    assert_ne!(again, password);
    let kept = house.store.users(acme).by_name("alice").await.unwrap();
    assert!(kept.ha1 == Ha1::of("alice", "acme.example", &again));
    assert!(!typed(&house, "user show alice").await.fine().contains(&again));
}

#[tokio::test]
async fn a_password_is_read_from_the_input_and_not_shown() {
    let (house, acme) = House::with_acme().await;
    let connection = ["--endpoint", &house.endpoint, "--token", TOKEN];
    let words = "user create alice --password-stdin";
    let printed = at_terminal(&connection, words, "correct horse battery\nnot this\n", false).await.fine();
    assert!(!printed.contains("horse"), "{printed}");
    let kept = house.store.users(acme).by_name("alice").await.unwrap();
    assert!(kept.ha1 == Ha1::of("alice", "acme.example", "correct horse battery"));
    let (code, why) = at_terminal(&connection, "user password alice --password-stdin", "", false).await.failure();
    assert!(code == 2 && why.contains("password"), "{why}");
}

#[tokio::test]
async fn a_user_is_changed_and_deleted() {
    let (house, _) = furnished().await;
    let printed = typed(&house, "user update alice --disable --display-name Alice").await.fine();
    assert!(printed.contains("Enabled       no") && printed.contains("1001"), "{printed}");
    assert!(typed(&house, "user update alice --enable").await.fine().contains("Enabled       yes"));
    assert_eq!(typed(&house, "user delete alice --json").await.fine(), "{\"deleted\":\"alice\"}\n");
    let (code, why) = typed(&house, "user show alice").await.failure();
    assert_eq!((code, why.as_str()), (3, "there is no such user"));
}

#[tokio::test]
async fn the_media_of_users_and_tenants_is_set_and_left_to_the_wider_circle_again() {
    let (house, acme) = furnished().await;
    let printed = typed(&house, "user set alice --srtp required --codecs opus,g722,pcmu").await.fine();
    assert!(printed.contains("SRTP          required") && printed.contains("opus,g722,pcmu"), "{printed}");
    assert!(typed(&house, "user update alice --extension 1009").await.fine().contains("required"));
    let printed = typed(&house, "user set alice --srtp inherit --codecs inherit").await.fine();
    assert!(!printed.contains("SRTP") && !printed.contains("Codecs"), "{printed}");
    typed(&house, "tenant set acme --srtp optional --codecs pcma").await.fine();
    let kept = house.store.tenants().get(acme).await.unwrap().policy.media;
    assert_eq!((kept.secrecy, kept.codecs.unwrap().to_string()), (Some(Secrecy::Optional), "pcma".to_owned()));
    let (code, why) = typed(&house, "user set alice --codecs opus,mp3").await.failure();
    assert!(code == 2 && why.contains("`mp3` is none of opus, g722"), "{why}");
}

#[tokio::test]
async fn country_language_and_music_are_set_and_inherited_again() {
    let (house, acme) = furnished().await;
    let printed = typed(&house, "tenant set acme --country de --language de-DE --music jazz").await.fine();
    for (label, value) in [("Country", "DE"), ("Language", "de-de"), ("Music", "jazz")] {
        let line = printed.lines().find(|line| line.starts_with(label)).unwrap_or_default();
        assert_eq!(line.split_whitespace().last(), Some(value), "{printed}");
    }
    assert!(typed(&house, "user set alice --language fr").await.fine().contains("Language      fr"));
    let kept = house.store.tenants().get(acme).await.unwrap();
    assert_eq!((kept.country.unwrap().code(), kept.music.unwrap().name()), ("DE", "jazz"));
    assert_eq!(kept.policy.media.language.unwrap().as_str(), "de-de");
    let inherit = "--country inherit --language inherit --music inherit";
    let printed = typed(&house, &format!("tenant set acme {inherit}")).await.fine();
    assert!(!printed.contains("Country") && !printed.contains("Language") && !printed.contains("Music"), "{printed}");
    assert!(!typed(&house, "user set alice --language inherit").await.fine().contains("Language"));
    let (code, why) = typed(&house, "tenant create other --country zz").await.failure();
    assert!(code == 2 && why.contains("`zz` are not known; those of ") && why.contains("US, "), "{why}");
    let (code, why) = typed(&house, "user set alice --language ../x").await.failure();
    assert!(code == 2 && why.contains("no tag of a language"), "{why}");
}

#[tokio::test]
async fn a_dialplan_is_uploaded_from_a_file_and_taken_back_by_a_short_hash() {
    let (house, acme) = House::with_acme().await;
    let folder = std::env::temp_dir().join(format!("strowger-cli-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = |name: &str, body: &[u8]| -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, component(body)).unwrap();
        path
    };
    let (one, two) = (file("office.component.wasm", b"one"), file("night.wasm", b"two"));
    let printed = typed(&house, &format!("dialplan upload {} --activate", one.display())).await.fine();
    assert!(printed.contains("office\n") && printed.contains("Active    yes"), "{printed}");
    let first = house.store.dialplans(acme).active().await.unwrap().unwrap().hash;
    let printed = typed(&house, &format!("dialplan upload {}", two.display())).await;
    let hint = printed.notes.split('`').nth(1).expect("a command").to_owned();
    printed.fine();
    // What it hints at works as it stands.
    typed(&house, hint.strip_prefix("strowger ").unwrap()).await.fine();
    assert_ne!(house.store.dialplans(acme).active().await.unwrap().unwrap().hash, first);
    typed(&house, &format!("dialplan activate {}", &first[..6])).await.fine();
    assert_eq!(house.store.dialplans(acme).active().await.unwrap().unwrap().hash, first);
    typed(&house, "dialplan deactivate").await.fine();
    assert_eq!(house.store.dialplans(acme).active().await.unwrap(), None);
    let (code, why) = typed(&house, "dialplan activate ffffff").await.failure();
    assert!(code == 3 && why.contains("no such version"), "{why}");
    let (_, why) = typed(&house, "dialplan upload /nowhere/office.wasm").await.failure();
    assert!(why.contains("/nowhere/office.wasm"), "{why}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn where_there_are_several_tenants_one_must_be_named() {
    let (house, _) = furnished().await;
    house.tenant("umbrella").await;
    let (code, why) = typed(&house, "user list").await.failure();
    assert!(code == 2 && why.contains("--tenant") && why.ends_with("acme, umbrella"), "{why}");
    assert!(typed(&house, "user list --tenant acme").await.fine().contains("alice"));
    assert_eq!(typed(&house, "user list -t umbrella").await.fine(), "");
    assert_eq!(
        typed(&house, "registration show nobody -t acme").await.failure().0,
        3,
        "no user, not a phone that is off"
    );
    let empty = House::built().await;
    let (_, why) = typed(&empty, "user list").await.failure();
    assert!(why.contains("strowger tenant create"), "{why}");
}

#[tokio::test]
async fn wrong_fields_are_listed_a_line_each() {
    let (house, _) = House::with_acme().await;
    let (code, why) = typed(&house, "user create al@ice --password short").await.failure();
    assert_eq!(code, 2);
    insta::assert_snapshot!("user_create_violations", why);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said_to_be_so_with_the_cure() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = format!("http://{free}");
    let (code, why) = at_terminal(&["--endpoint", &endpoint, "--token", TOKEN], "call list", "", false).await.failure();
    assert!(code == 4 && why.contains(&endpoint) && why.contains("`strowger run`"), "{why}");
    let (code, why) = at_terminal(&["--endpoint", "here", "--token", TOKEN], "status", "", false).await.failure();
    assert!(code == 2 && why.contains("http://127.0.0.1:50051"), "{why}");
}

#[tokio::test]
async fn a_token_that_is_wrong_or_missing_is_said_to_be_so_with_the_cure() {
    let house = House::built().await;
    let wrong = ["--endpoint", &house.endpoint, "--token", "wrong"];
    let (code, why) = at_terminal(&wrong, "tenant list", "", false).await.failure();
    assert!(code == 5 && why.contains("admin.token"), "{why}");
    let missing = ["--endpoint", &house.endpoint, "--token-file", "/nowhere/admin.token"];
    let (code, why) = at_terminal(&missing, "tenant list", "", false).await.failure();
    assert!(code == 5 && why.contains("/nowhere/admin.token") && why.contains("--token-file"), "{why}");
    let serves = at_terminal(&missing, "status", "", false).await.fine();
    assert!(serves.contains("serves"), "health needs no token: {serves}");
    let file = std::env::temp_dir().join(format!("strowger-token-{}", std::process::id()));
    std::fs::write(&file, format!("{TOKEN}\n")).unwrap();
    let right = ["--endpoint", &house.endpoint, "--token-file", file.to_str().unwrap()];
    at_terminal(&right, "tenant list", "", false).await.fine();
    std::fs::remove_file(file).unwrap();
}

#[test]
fn every_noun_helps_with_examples() {
    Cli::command().debug_assert();
    for noun in LISTS.into_iter().chain(["trunk", "number", "route", "outside", "grant", "limit", "mailbox"]) {
        let help = Cli::try_parse_from(["strowger", noun, "--help"]).unwrap_err().to_string();
        assert!(help.contains("Examples:\n  ") && help.contains(&format!("strowger {noun}")), "{help}");
    }
}
