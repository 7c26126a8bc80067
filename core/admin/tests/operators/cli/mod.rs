//! The command line at a real server: what people see, what scripts get, and what it says when it cannot.

use std::io::{self, Cursor, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use admin::cli::{Command, Connection, Console, Failure, run_on};
use admin::v1::{CreateRoomRequest, RoomKey, UploadDialplanRequest};
use clap::{CommandFactory, Parser};
use jiff::tz::TimeZone;
use switch::{
    AudioError, Bearing, Cause, Digit, Digits, Ended, Ending, Event, Ha1, Label, Left, MemberNumber, MemberView,
    Played, Recorded, Reply, Role, RoomEvent, RoomOrder, RoomRefusal, Secrecy, Side, Sound, Target, TenantId, Tone,
};

use crate::house::{House, TOKEN, at, call_uid, cdr, component, member};

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
    notes: String,
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
async fn a_room_is_made_changed_and_removed() {
    let (house, acme) = House::with_acme().await;
    let made = "room add 600 --title Weekly --pin 4711 --wait-for-moderator --entry name --key *6=mute --record";
    let printed = typed(&house, made).await.fine();
    for shown in ["PIN                  yes", "Waits for moderator  yes", "Entry                name", "*6=mute"] {
        assert!(printed.contains(shown), "{shown}: {printed}");
    }
    assert!(!printed.contains("4711"), "{printed}");
    let changed = "room change 600 --wait-for-moderator no --usual-keys --pins-stdin --maximum 12";
    let connection = ["--endpoint", &house.endpoint, "--token", TOKEN];
    let printed = at_terminal(&connection, changed, "\n815081\n", false).await.fine();
    for shown in [
        "\nPIN                  no",
        "Moderator PIN        yes",
        "Waits for moderator  no",
        "Keys                 usual",
    ] {
        assert!(printed.contains(shown), "{shown}: {printed}");
    }
    let kept = house.store.rooms(acme).get("600").await.unwrap();
    assert_eq!((kept.settings.maximum, kept.pins.admit("815081")), (12, Some(store::Admitted::Moderator)));
    assert!(kept.settings.record, "what was not given stays");
    let (code, why) = typed(&house, "room add 600").await.failure();
    assert!(code == 1 && why.contains("such a room already"), "{why}");
    // As of other nouns.
    for word in ["update", "set"] {
        assert!(typed(&house, &format!("room {word} 600 --title {word}")).await.fine().contains(word));
    }
    assert_eq!(typed(&house, "room remove 600 --json").await.fine(), "{\"deleted\":\"600\"}\n");
    assert_eq!(typed(&house, "room show 600").await.failure().0, 3);
}

#[tokio::test]
async fn an_open_room_is_ruled_from_the_command_line() {
    let (house, _) = furnished().await;
    let (one, mut said) = (MemberNumber(2), Vec::new());
    for words in [
        "mute 600 2",
        "unmute 600 --all",
        "deafen 600 2",
        "undeafen 600 2",
        "volume 600 2 --speaking -6",
        "kick 600 2",
        "lock 600",
        "unlock 600",
        "say 600 digits:600 beep",
        "record 600 weekly",
        "pause 600",
        "resume 600",
        "stop 600",
        "invite 600 1002",
        "invite 600 alice",
        "end 600",
    ] {
        said.push(typed(&house, &format!("room {words}")).await.fine());
    }
    assert_eq!((said[0].as_str(), said[15].as_str()), ("room 600: member 2 is muted\n", "room 600: it is closed\n"));
    let json = typed(&house, "room lock 600 --json").await.fine();
    assert_eq!(json, "{\"done\":\"it is locked\",\"room\":\"600\"}\n");
    let orders: Vec<_> = house.exchange.orders.lock().unwrap().iter().map(|(.., order)| order.clone()).collect();
    let beep = Sound::Tone(Tone::Beep, std::time::Duration::from_millis(200));
    assert_eq!(
        orders,
        [
            RoomOrder::Mute(one, true),
            RoomOrder::MuteAll(false),
            RoomOrder::Deafen(one, true),
            RoomOrder::Deafen(one, false),
            RoomOrder::Volume { member: one, speaking: -6, hearing: 0 },
            RoomOrder::Kick(one),
            RoomOrder::Lock(true),
            RoomOrder::Lock(false),
            RoomOrder::Announce(vec![Sound::Digits("600".to_owned()), beep]),
            RoomOrder::Record { name: Some("weekly".to_owned()) },
            RoomOrder::PauseRecording(true),
            RoomOrder::PauseRecording(false),
            RoomOrder::StopRecording,
            RoomOrder::Invite(Target::Extension("1002".to_owned())),
            RoomOrder::Invite(Target::User("alice".to_owned())),
            RoomOrder::End,
            RoomOrder::Lock(true),
        ]
    );
    let (code, why) = typed(&house, "room kick 601 1").await.failure();
    assert!(code == 3 && why.contains("nobody is in it"), "{why}");
    *house.exchange.refusal.lock().unwrap() = Some(RoomRefusal::Forbidden);
    let (code, why) = typed(&house, "room invite 600 1002").await.failure();
    assert!(code == 1 && why.contains("the room may call nobody"), "{why}");
}

#[tokio::test]
async fn a_room_is_watched_in_words_as_json_lines_and_live() {
    let (mut house, acme) = House::with_acme().await;
    house.exchange.opens(acme, "600");
    let endpoint = house.endpoint.clone();
    let connection = ["--endpoint", &endpoint, "--token", TOKEN];
    let exchange = house.exchange.clone();
    let happens = async {
        while exchange.room_news.receiver_count() < 3 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        // Each has been told how the room is before it changes.
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        for (seconds, event) in (30..).zip(room_events()) {
            exchange.tells(acme, "600", seconds, event);
        }
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        house.closes().await.unwrap();
    };
    let words = at_terminal(&connection, "room watch", "", false);
    let json = at_terminal(&connection, "room watch 600 --json", "", true);
    let live = at_terminal(&connection, "room watch 600", "", true);
    let (words, json, live, ()) = tokio::join!(words, json, live, happens);
    assert!(words.notes.contains("ended the watch"));
    let words = words.fine();
    let (first, rest) = words.split_once('\n').unwrap();
    assert!(first.ends_with("600  now: 1 Alice A., moderator, 2 bob, muted"), "{first}");
    insta::assert_snapshot!("room_watch", rest);
    let json = json.fine();
    let lines: Vec<serde_json::Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1 + room_events().len());
    assert_eq!((&lines[0]["now"]["members"][1]["muted"], &lines[2]["joined"]["number"]), (&true.into(), &3.into()));
    let live = live.fine();
    let screens: Vec<_> = live.split("\x1b[H\x1b[J").collect();
    assert!(screens[1].contains("Room 600 is not open"), "before anything is known");
    assert!(screens[5].contains("carol") && screens[5].contains("yes"), "she speaks: {}", screens[5]);
    insta::assert_snapshot!("room_watch_live", screens[screens.len() - 2]);
    assert!(screens[screens.len() - 1].contains("Room 600 is not open"), "it is closed");
}

fn room_events() -> Vec<RoomEvent> {
    let carol = || member(3, "carol", Role::Participant);
    vec![
        RoomEvent::Waiting(MemberView { waiting: true, ..carol() }),
        RoomEvent::Joined(carol()),
        RoomEvent::Speaking { member: MemberNumber(3), speaks: true },
        RoomEvent::Changed(MemberView { bearing: Bearing { deaf: true, hearing: 5, ..Bearing::default() }, ..carol() }),
        RoomEvent::Speaking { member: MemberNumber(3), speaks: false },
        RoomEvent::Locked(true),
        RoomEvent::Recording(Some("weekly".to_owned())),
        RoomEvent::Left { member: MemberNumber(1), why: Left::HungUp },
        RoomEvent::Ended,
    ]
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
async fn a_call_is_hung_up() {
    let (house, acme) = furnished().await;
    let uid = call_uid(1);
    assert_eq!(
        typed(&house, &format!("call hangup {uid} --cause 31")).await.fine(),
        format!("call {uid} is hung up\n")
    );
    assert_eq!(*house.exchange.hung_up.lock().unwrap(), [(acme, uid, Cause(31))]);
    let (code, _) = typed(&house, &format!("call hangup {uid}")).await.failure();
    assert_eq!(code, 3);
}

#[tokio::test]
async fn what_happens_is_printed_in_words_and_as_json_lines() {
    let (mut house, acme) = House::with_acme().await;
    let endpoint = house.endpoint.clone();
    let connection = ["--endpoint", &endpoint, "--token", TOKEN];
    let exchange = house.exchange.clone();
    let happens = async {
        // Both must be watching: what comes before is not theirs.
        while exchange.board.watchers() < 2 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let call = exchange.arrives(1, acme, "alice", "1002");
        exchange.board.hear(call, at(2), &Event::Ringing { target: "bob".to_owned() });
        for reply in sounds() {
            exchange.board.hear(call, at(5), &Event::Reply(reply));
        }
        let ending = Ending { cause: Cause::NO_ANSWER, by: Side::Exchange, status: 480 };
        exchange.board.hear(call, at(9), &Event::Ended(ending));
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        house.closes().await.unwrap();
    };
    let words = at_terminal(&connection, "call watch", "", false);
    let json = at_terminal(&connection, "call watch --json", "", false);
    let (words, json, ()) = tokio::join!(words, json, happens);
    assert!(words.notes.contains("ended the watch"));
    let words = words.fine();
    let json = json.fine();
    assert!(!json.contains("4711") && !words.contains("4711"), "which keys were read is told to nobody");
    insta::assert_snapshot!("call_watch", words);
    let lines: Vec<serde_json::Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 12);
    assert_eq!(lines[5]["reply"]["read"]["by"], "READ_END_KEY");
    assert_eq!(lines[11]["ended"]["cause"], 19);
}

/// What may come of a playing, a reading and a recording.
fn sounds() -> Vec<Reply> {
    let text = str::to_owned;
    vec![
        Reply::Played(Played::Whole),
        Reply::Played(Played::Key(Digit::POUND)),
        Reply::Read(Digits { digits: text("4711"), by: Ended::Enough }),
        Reply::Read(Digits { digits: text("1"), by: Ended::Key(Digit::STAR) }),
        Reply::Read(Digits { digits: String::new(), by: Ended::Time }),
        Reply::Recorded(Recorded { name: text("note"), length: std::time::Duration::from_secs(75), key: None }),
        Reply::Inaudible(AudioError::Missing(text("hello"))),
        Reply::Inaudible(AudioError::Unplayable(text("hello"), text("it is empty"))),
        Reply::Inaudible(AudioError::NoCodec),
    ]
}

#[tokio::test]
async fn call_records_are_filtered_and_paged() {
    let (house, acme) = House::with_acme().await;
    house.keeps((1..=5).map(|number| cdr(number, acme, "alice", "1002")).collect()).await;
    let printed = typed(&house, "cdr list -n 2").await;
    let token = printed.notes.split_whitespace().last().unwrap().to_owned();
    assert_eq!(printed.fine().lines().count(), 3, "a header and two");
    let next = typed(&house, &format!("cdr list -n 2 --page-token {token}")).await.fine();
    assert!(next.contains(&call_uid(3).to_string()) && next.contains(&call_uid(2).to_string()), "{next}");
    assert_eq!(typed(&house, "cdr list --all").await.fine().lines().count(), 6);
    let since = typed(&house, "cdr list --since 2026-03-01T12:06:00 --result answered").await.fine();
    assert_eq!(since.lines().count(), 3, "{since}");
    let (code, why) = typed(&house, "cdr list --since yesterday").await.failure();
    assert!(code == 2 && why.starts_with("since: `yesterday`"), "{why}");
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
fn whom_to_mute_must_be_said() {
    for wrong in [["room", "mute", "600", "--tenant", "acme"].as_slice(), &["room", "unmute", "600", "3", "--all"]] {
        let why = Cli::try_parse_from(["strowger"].iter().chain(wrong)).unwrap_err().to_string();
        assert!(why.contains("--all"), "{why}");
    }
}

#[test]
fn every_noun_helps_with_examples() {
    Cli::command().debug_assert();
    for noun in LISTS {
        let help = Cli::try_parse_from(["strowger", noun, "--help"]).unwrap_err().to_string();
        assert!(help.contains("Examples:\n  ") && help.contains(&format!("strowger {noun}")), "{help}");
    }
}
