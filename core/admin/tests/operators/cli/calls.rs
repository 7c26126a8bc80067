//! Calls and their records from the command line.

use switch::{
    AudioError, Cause, Digit, Digits, Ended, Ending, Event, PlayEnd, Played, Recorded, RecordingState, Reply, Side,
    Sound,
};

use super::{at_terminal, furnished, typed};
use crate::house::{House, TOKEN, at, call_uid, cdr};

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
        for event in playing() {
            exchange.board.hear(call, at(6), &event);
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
    assert_eq!(lines.len(), 18);
    assert_eq!(lines[11]["playing"]["sounds"][1]["kind"], "SOUND_KIND_SPELLED");
    assert_eq!(lines[5]["reply"]["read"]["by"], "READ_END_KEY");
    assert_eq!(lines[17]["ended"]["cause"], 19);
}

/// What is told of playing and recording.
fn playing() -> Vec<Event> {
    let (prompt, spelled) = (Sound::Prompt("hello".to_owned()), Sound::Spelled("4711".to_owned()));
    let note = |state| Event::MessageRecording { name: "note".to_owned(), state };
    vec![
        Event::Playing { to: Side::Caller, sounds: vec![prompt.clone(), spelled], forever: false },
        Event::Played { to: Side::Caller, how: PlayEnd::Key },
        Event::Playing { to: Side::Caller, sounds: vec![prompt], forever: true },
        Event::Played { to: Side::Caller, how: PlayEnd::Failed(AudioError::Missing("hello".to_owned())) },
        note(RecordingState::Running),
        note(RecordingState::Ended),
    ]
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
