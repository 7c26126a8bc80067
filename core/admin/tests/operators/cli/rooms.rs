//! Rooms from the command line: kept, ruled and watched.

use clap::Parser;
use switch::{
    Bearing, Left, MemberNumber, MemberView, RecordingFormat, Role, RoomEvent, RoomOrder, RoomRefusal, Sound, Target,
    Tone,
};

use super::{Cli, at_terminal, furnished, typed};
use crate::house::{House, TOKEN, member};

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
        "record 600 weekly --opus",
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
            RoomOrder::Record { name: Some("weekly".to_owned()), format: RecordingFormat::Opus },
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

#[test]
fn whom_to_mute_must_be_said() {
    for wrong in [["room", "mute", "600", "--tenant", "acme"].as_slice(), &["room", "unmute", "600", "3", "--all"]] {
        let why = Cli::try_parse_from(["strowger"].iter().chain(wrong)).unwrap_err().to_string();
        assert!(why.contains("--all"), "{why}");
    }
}
