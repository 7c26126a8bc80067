//! What operators play into calls and rooms: each word as it was said, and why it was not done.

use std::time::Duration;

use admin::v1::sound::Sound as Said;
use admin::v1::{
    HushRequest, MusicRequest, PlayRequest, RoomAnnounceRequest, Side as Spelt, Sound, StopRequest, TimedTone,
    Tone as Named,
};
use switch::{Keys, Play, PlayRefusal, RoomOrder, Side, SoundOrder, Tone};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::cli::typed;
use crate::house::{House, call_uid};

fn uid() -> String {
    call_uid(1).to_string()
}

fn acme() -> String {
    "acme".to_owned()
}

fn fields(status: &Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    let details = status.get_details_bad_request().expect("details");
    details.field_violations.into_iter().map(|wrong| wrong.field).collect()
}

fn said(all: Vec<Said>) -> Vec<Sound> {
    all.into_iter().map(|sound| Sound { sound: Some(sound) }).collect()
}

fn seconds(seconds: i64) -> prost_types::Duration {
    prost_types::Duration { seconds, nanos: 0 }
}

fn tone(tone: Named, hertz: u32) -> Said {
    Said::Tone(TimedTone { tone: tone.into(), time: Some(seconds(2)), hertz })
}

/// One of each kind, in the words of the exchange too.
fn each() -> (Vec<Sound>, Vec<switch::Sound>) {
    let (moment, two) = (prost_types::Timestamp { seconds: 60, nanos: 7 }, Duration::from_secs(2));
    let tones = [
        (tone(Named::Dial, 0), Tone::Dial),
        (tone(Named::Ringing, 0), Tone::Ringing),
        (tone(Named::Busy, 0), Tone::Busy),
        (tone(Named::Congestion, 0), Tone::Congestion),
        (tone(Named::Information, 0), Tone::Information),
        (tone(Named::Beep, 0), Tone::Beep),
        (tone(Named::Test, 425), Tone::Test(425)),
    ];
    let text = str::to_owned;
    let mut pairs = vec![
        (Said::Prompt(text("a/b")), switch::Sound::Prompt(text("a/b"))),
        (Said::Recording(text("note-1")), switch::Sound::Recording(text("note-1"))),
        (Said::Digits(text("12#")), switch::Sound::Digits(text("12#"))),
        (Said::Number(-7), switch::Sound::Number(-7)),
        (Said::Spelled(text("ab 1")), switch::Sound::Spelled(text("ab 1"))),
        (Said::Beep(seconds(2)), switch::Sound::Tone(Tone::Beep, two)),
        (Said::Silence(seconds(2)), switch::Sound::Silence(two)),
        (Said::Date(moment), switch::Sound::Date(60)),
        (Said::Time(moment), switch::Sound::Time(60)),
    ];
    pairs.extend(tones.map(|(said, meant)| (said, switch::Sound::Tone(meant, two))));
    let (spelt, meant) = pairs.into_iter().unzip();
    (said(spelt), meant)
}

#[tokio::test]
async fn every_sound_reaches_a_call_and_a_room_as_it_was_said() {
    let (house, tenant) = House::with_acme().await;
    house.exchange.arrives(1, tenant, "alice", "1002");
    house.exchange.opens(tenant, "600");
    let (spelt, meant) = each();
    let announce = RoomAnnounceRequest { tenant: acme(), name: "600".to_owned(), sounds: spelt.clone() };
    house.rooms().await.announce(announce).await.unwrap();
    let orders = house.exchange.orders.lock().unwrap().clone();
    assert_eq!(orders[0].2, RoomOrder::Announce(meant.clone()));
    let mut calls = house.calls().await;
    let play = PlayRequest {
        tenant: acme(),
        uid: uid(),
        side: Spelt::Callee.into(),
        sounds: spelt.clone(),
        language: "de-AT".to_owned(),
        interrupt: "1#".to_owned(),
        forever: true,
    };
    calls.play(play).await.unwrap();
    calls.music(MusicRequest { tenant: acme(), uid: uid(), side: 0, sounds: Vec::new() }).await.unwrap();
    calls.music(MusicRequest { tenant: acme(), uid: uid(), side: 1, sounds: spelt }).await.unwrap();
    calls.hush(HushRequest { tenant: acme(), uid: uid(), side: 0 }).await.unwrap();
    calls.stop(StopRequest { tenant: acme(), uid: uid(), side: 2 }).await.unwrap();
    let interrupt = Keys::parse("1#").unwrap();
    let play = Play { sounds: meant.clone(), language: Some("de-AT".to_owned()), interrupt, forever: true };
    let expected = [
        (Some(Side::Callee), SoundOrder::Play(play)),
        (None, SoundOrder::Music(vec![])),
        (Some(Side::Caller), SoundOrder::Music(meant)),
        (None, SoundOrder::Hush),
        (Some(Side::Callee), SoundOrder::Stop),
    ];
    let heard = house.exchange.sound_orders.lock().unwrap().clone();
    assert_eq!(heard, expected.map(|(whom, order)| (call_uid(1), whom, order)));
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_field_by_field() {
    let (house, tenant) = House::with_acme().await;
    house.exchange.arrives(1, tenant, "alice", "1002");
    let mut calls = house.calls().await;
    let wrong = said(vec![
        Said::Prompt("../../etc/passwd".to_owned()),
        Said::Prompt("A".to_owned()),
        Said::Recording("a/b".to_owned()),
        Said::Digits("12a".to_owned()),
        Said::Digits("1".repeat(65)),
        Said::Number(i64::MIN),
        Said::Spelled("a\nb".to_owned()),
        Said::Silence(seconds(3_601)),
        Said::Beep(prost_types::Duration { seconds: 0, nanos: -1 }),
        Said::Date(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 }),
        Said::Tone(TimedTone { tone: 0, time: Some(seconds(1)), hertz: 0 }),
        Said::Tone(TimedTone { tone: 99, time: Some(seconds(1)), hertz: 0 }),
        Said::Tone(TimedTone { tone: 1, time: None, hertz: 0 }),
        tone(Named::Test, 199),
        tone(Named::Test, 70_000),
        tone(Named::Busy, 425),
    ]);
    let number = wrong.len();
    let play = PlayRequest { tenant: acme(), uid: uid(), ..Default::default() };
    let refused = calls.play(PlayRequest { sounds: wrong, ..play.clone() }).await.unwrap_err();
    assert_eq!(fields(&refused), (0..number).map(|at| format!("sounds[{at}]")).collect::<Vec<_>>());
    let one = said(vec![Said::Number(1)]);
    for (field, request) in [
        ("sounds", play.clone()),
        ("sounds", PlayRequest { sounds: vec![one[0].clone(); 65], ..play.clone() }),
        ("language", PlayRequest { sounds: one.clone(), language: "../de".to_owned(), ..play.clone() }),
        ("interrupt", PlayRequest { sounds: one.clone(), interrupt: "1x".to_owned(), ..play.clone() }),
        ("interrupt", PlayRequest { sounds: one.clone(), interrupt: "!".to_owned(), ..play.clone() }),
        ("side", PlayRequest { sounds: one.clone(), side: Spelt::Exchange.into(), ..play.clone() }),
        ("uid", PlayRequest { sounds: one.clone(), uid: "x".to_owned(), ..play }),
    ] {
        assert_eq!(fields(&calls.play(request).await.unwrap_err()), [field]);
    }
    assert!(house.exchange.sound_orders.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_prompt_that_is_nowhere_is_named_with_the_languages_that_were_searched() {
    let (house, tenant) = House::with_acme().await;
    house.exchange.arrives(1, tenant, "alice", "1002");
    house.exchange.opens(tenant, "600");
    let (code, why) = typed(&house, "room say 600 beep prompt:nope").await.failure();
    assert!(code == 3 && why.contains("there is no prompt nope; it was looked for in de, en"), "{code}: {why}");
    let (code, why) = typed(&house, "room say 600 recording:nope").await.failure();
    assert!(code == 3 && why.contains("there is no recording nope"), "{code}: {why}");
    let (code, why) = typed(&house, &format!("call play {} prompt:nope --language fr", uid())).await.failure();
    assert!(code == 3 && why.contains("looked for in fr, en"), "{code}: {why}");
    let (code, why) = typed(&house, &format!("call music {} on nope", uid())).await.failure();
    assert!(code == 3 && why.contains("no prompt nope"), "{code}: {why}");
    let (code, why) = typed(&house, &format!("call play {} prompt:noise", uid())).await.failure();
    assert!(code == 1 && why.contains("noise cannot be played: the file is empty"), "{code}: {why}");
    assert!(house.exchange.orders.lock().unwrap().is_empty());
    assert!(house.exchange.sound_orders.lock().unwrap().is_empty());
}

#[tokio::test]
async fn why_nothing_is_played_is_told_in_words() {
    let (house, tenant) = House::with_acme().await;
    house.exchange.arrives(1, tenant, "alice", "1002");
    let play = format!("call play {} beep", uid());
    for (refusal, exit, word) in [
        (PlayRefusal::Over, 3, "no such call"),
        (PlayRefusal::NotThere, 1, "answered yet"),
        (
            PlayRefusal::Taken,
            1,
            "the dialplan plays to the caller, asks him for keys or records him just now; `call stop`",
        ),
        (PlayRefusal::KeysElsewhere, 1, "keys end nothing there"),
        (PlayRefusal::InRoom, 1, "conference room"),
        (PlayRefusal::Quiet, 1, "nothing plays there"),
        (PlayRefusal::NoCodec, 1, "no codec"),
        (PlayRefusal::BadValue, 2, "out of range"),
    ] {
        *house.exchange.play_refusal.lock().unwrap() = Some(refusal);
        let (code, why) = typed(&house, &play).await.failure();
        assert!(code == exit && why.contains(word), "{refusal:?}: {code}: {why}");
    }
    let (code, _) = typed(&house, &format!("call play {} beep", call_uid(9))).await.failure();
    assert_eq!(code, 3);
}

#[tokio::test]
async fn an_operator_plays_stops_and_turns_music_on_and_off() {
    let (house, tenant) = House::with_acme().await;
    house.exchange.arrives(1, tenant, "alice", "1002");
    let uid = uid();
    let words = format!("call play {uid} prompt:demo-echotest digits:1234 tone:busy --to callee --interrupt 1#");
    assert_eq!(typed(&house, &words).await.fine(), format!("call {uid}: it plays\n"));
    for words in ["stop UID", "music UID on", "music UID on moh/jazz --to caller", "music UID off", "stop UID --json"] {
        typed(&house, &format!("call {}", words.replace("UID", &uid))).await.fine();
    }
    let (code, why) = typed(&house, &format!("call music {uid} off moh/jazz")).await.failure();
    assert!(code == 2 && why.contains("takes no name"), "{why}");
    let (code, why) = typed(&house, &format!("call play {uid} tone:loud")).await.failure();
    assert!(code == 2 && why.contains("tone:NAME"), "{why}");
    let sounds = vec![
        switch::Sound::Prompt("demo-echotest".to_owned()),
        switch::Sound::Digits("1234".to_owned()),
        switch::Sound::Tone(Tone::Busy, Duration::from_secs(2)),
    ];
    let play = Play { sounds, language: None, interrupt: Keys::parse("1#").unwrap(), forever: false };
    let jazz = vec![switch::Sound::Prompt("moh/jazz".to_owned())];
    let expected = [
        (Some(Side::Callee), SoundOrder::Play(play)),
        (None, SoundOrder::Stop),
        (None, SoundOrder::Music(vec![])),
        (Some(Side::Caller), SoundOrder::Music(jazz)),
        (None, SoundOrder::Hush),
        (None, SoundOrder::Stop),
    ];
    let heard = house.exchange.sound_orders.lock().unwrap().clone();
    assert_eq!(heard, expected.map(|(whom, order)| (call_uid(1), whom, order)));
}
