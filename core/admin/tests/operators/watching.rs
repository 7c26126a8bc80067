//! Those who watch hear everything, in order, or how much they missed.

use std::time::Duration;

use admin::v1::call_event::Event as Spelt;
use admin::v1::{CallEvent, WatchCallsRequest, reply};
use switch::{
    AudioError, Cause, DialFacts, DialOutcome, Digit, Digits, Ended, Ending, Event, Label, PlayEnd, Played, Recorded,
    RecordingState, Refusal, Reply, Side, Sound, Tone,
};
use tonic::Streaming;

use crate::house::{House, at, call_uid};

async fn watch(house: &House, uid: &str) -> Streaming<CallEvent> {
    let request = WatchCallsRequest { tenant: "acme".to_owned(), uid: uid.to_owned() };
    house.calls().await.watch(request).await.unwrap().into_inner()
}

fn recording(state: RecordingState) -> Event {
    Event::Recording { name: "tape".to_owned(), state }
}

#[tokio::test]
async fn a_watcher_hears_the_whole_life_of_a_call() {
    let (house, tenant) = House::with_acme().await;
    let mut events = watch(&house, "").await;
    let call = house.exchange.arrives(1, tenant, "alice", "1002");
    let target = || "bob".to_owned();
    let ending = Ending { cause: Cause::NORMAL, by: Side::Caller, status: 200 };
    for event in [
        Event::Attached(Label { name: "office".to_owned(), version: "abcdef".to_owned() }),
        Event::Reply(Reply::Done),
        Event::Reply(Reply::Refused(Refusal::BadValue)),
        Event::Reply(Reply::Played(Played::Whole)),
        Event::Reply(Reply::Played(Played::Key(Digit::POUND))),
        Event::Reply(Reply::Read(Digits { digits: "1234".to_owned(), by: Ended::Time })),
        Event::Reply(Reply::Read(Digits { digits: "1".to_owned(), by: Ended::Key(Digit::STAR) })),
        Event::Reply(Reply::Recorded(Recorded {
            name: "note".to_owned(),
            length: Duration::from_millis(1_500),
            key: None,
        })),
        Event::Reply(Reply::Inaudible(AudioError::Missing("hello".to_owned()))),
        Event::Reply(Reply::Inaudible(AudioError::Unwritable("full".to_owned()))),
        Event::Ringing { target: target() },
        Event::Bridged { target: target() },
        Event::Reply(Reply::Dialled(DialOutcome::Answered { target: target() })),
        Event::Reply(Reply::LastDial(DialFacts {
            status: Some(486),
            cause: Some(Cause(17)),
            trunk: Some("acme".to_owned()),
            rang: true,
        })),
        Event::Held(Side::Callee),
        Event::Resumed(Side::Callee),
        Event::Key(Digit::POUND),
        Event::Speaking(true),
        Event::Reply(Reply::Recording("tape".to_owned())),
        recording(RecordingState::Running),
        recording(RecordingState::Paused),
        recording(RecordingState::Failed(AudioError::Unwritable("full".to_owned()))),
        Event::Playing {
            to: Side::Callee,
            sounds: vec![
                Sound::Prompt("hello".to_owned()),
                Sound::Digits("4711".to_owned()),
                Sound::Tone(Tone::Beep, Duration::from_secs(1)),
            ],
            forever: true,
        },
        Event::Played { to: Side::Caller, how: PlayEnd::Stopped },
        Event::Played { to: Side::Caller, how: PlayEnd::Failed(AudioError::NoCodec) },
        Event::MessageRecording { name: "note".to_owned(), state: RecordingState::Running },
        Event::RoomRecorded { name: "board".to_owned(), fault: Some(AudioError::NoCodec) },
        Event::SpendingSoonOver(Duration::from_secs(30)),
        Event::Ended(ending),
    ] {
        house.exchange.board.hear(call, at(7), &event);
    }
    let mut heard = Vec::new();
    for _ in 0..30 {
        let event = events.message().await.unwrap().unwrap();
        assert_eq!((event.uid.as_str(), event.tenant.as_str()), (call_uid(1).to_string().as_str(), "acme"));
        assert_eq!(event.missed, 0);
        heard.push(match event.event.unwrap() {
            Spelt::Arrived(arrived) => format!("arrived from {}", arrived.source),
            Spelt::Attached(attached) => format!("attached {}", attached.application.unwrap().name),
            Spelt::Reply(answer) => match answer.reply.unwrap() {
                reply::Reply::Done(_) => "done".to_owned(),
                reply::Reply::LastDial(facts) => {
                    format!("last dial {:?} {:?} {:?}", facts.status, facts.cause, facts.trunk)
                }
                reply::Reply::Dialled(dialled) => format!("dialled {:?}", dialled.outcome()),
                reply::Reply::Ended(_) => "over".to_owned(),
                reply::Reply::Refused(refused) => format!("refused {:?}", refused.refusal()),
                reply::Reply::Played(played) => format!("played {:?}", played.key),
                reply::Reply::Read(read) => format!("read {} {:?} {:?}", read.count, read.by(), read.key),
                reply::Reply::Recorded(recorded) => {
                    let length = recorded.length.unwrap();
                    format!("recorded {} {} {} {:?}", recorded.name, length.seconds, length.nanos, recorded.key)
                }
                reply::Reply::Recording(recording) => format!("recording {}", recording.name),
                reply::Reply::Inaudible(fault) => {
                    format!("inaudible {:?} {:?} {:?}", fault.fault(), fault.name, fault.why)
                }
            },
            Spelt::Ringing(ringing) => format!("ringing {}", ringing.target),
            Spelt::Bridged(bridged) => format!("bridged {}", bridged.target),
            Spelt::Held(held) => format!("held {:?}", held.by()),
            Spelt::Resumed(resumed) => format!("resumed {:?}", resumed.by()),
            Spelt::Key(_) => "key".to_owned(),
            Spelt::Speaking(speaking) => format!("speaking {}", speaking.speaks),
            Spelt::Playing(playing) => {
                let sounds: Vec<_> = playing.sounds.iter().map(|sound| (sound.kind(), sound.name())).collect();
                format!("playing to {:?} {sounds:?} {}", playing.to(), playing.forever)
            }
            Spelt::Played(end) => format!("played {:?} {:?}", end.by(), end.fault.map(|fault| fault.fault())),
            Spelt::SpendingSoonOver(news) => format!("spent in {}", news.left.unwrap().seconds),
            Spelt::MessageRecording(news) | Spelt::Recording(news) | Spelt::RoomRecorded(news) => {
                format!("recording {} {:?} {:?}", news.name, news.state(), news.fault.map(|fault| fault.fault()))
            }
            Spelt::Ended(ended) => format!("ended {} {:?} {}", ended.cause, ended.by(), ended.status),
        });
    }
    assert_eq!(
        heard,
        [
            "arrived from 192.0.2.7:5060",
            "attached office",
            "done",
            "refused BadValue",
            "played None",
            "played Some(\"#\")",
            // Which keys they were is not told: they may be a PIN.
            "read 4 Time None",
            "read 1 Key Some(\"*\")",
            "recorded note 1 500000000 None",
            "inaudible Missing Some(\"hello\") None",
            "inaudible Unwritable None Some(\"full\")",
            "ringing bob",
            "bridged bob",
            "dialled Answered",
            "last dial Some(486) Some(17) Some(\"acme\")",
            "held Callee",
            "resumed Callee",
            "key",
            "speaking true",
            "recording tape",
            "recording tape Running None",
            "recording tape Paused None",
            "recording tape Failed Some(Unwritable)",
            // Nor what was said to him.
            "playing to Callee [(Prompt, \"hello\"), (Digits, \"\"), (Tone, \"beep\")] true",
            "played Stopped None",
            "played Failed Some(NoCodec)",
            "recording note Running None",
            "recording board Failed Some(NoCodec)",
            "spent in 30",
            "ended 16 Caller 200",
        ]
    );
    assert!(house.exchange.board.is_empty());
}

#[tokio::test]
async fn a_watcher_of_one_call_hears_that_call_alone() {
    let (house, tenant) = House::with_acme().await;
    let mut events = watch(&house, &call_uid(2).to_string()).await;
    house.exchange.arrives(1, tenant, "alice", "1002");
    house.exchange.arrives(2, tenant, "bob", "1001");
    assert_eq!(events.message().await.unwrap().unwrap().uid, call_uid(2).to_string());
}

#[tokio::test]
async fn a_watcher_that_is_too_slow_is_told_how_much_it_missed() {
    let (house, tenant) = House::with_acme().await;
    let mut events = watch(&house, "").await;
    let call = house.exchange.arrives(1, tenant, "alice", "1002");
    // More than the wire, the stream and the backlog hold together.
    let all = 20_000;
    for _ in 1..all - 1 {
        house.exchange.board.hear(call, at(1), &Event::Ringing { target: "bob".to_owned() });
    }
    let ending = Ending { cause: Cause::NORMAL, by: Side::Caller, status: 200 };
    house.exchange.board.hear(call, at(2), &Event::Ended(ending));
    let (mut heard, mut missed) = (0, 0);
    loop {
        let event = events.message().await.unwrap().unwrap();
        heard += 1;
        missed += event.missed;
        if matches!(event.event, Some(Spelt::Ended(_))) {
            break;
        }
    }
    assert!(missed > 0);
    assert_eq!(heard + missed, all);
}

#[tokio::test]
async fn a_server_that_ends_does_not_wait_for_its_watchers() {
    let (mut house, _) = House::with_acme().await;
    let mut events = watch(&house, "").await;
    let closed = tokio::time::timeout(Duration::from_secs(4), house.closes()).await;
    closed.expect("sooner than what is cut off").unwrap();
    assert!(events.message().await.unwrap().is_none(), "the stream ended in order");
}
