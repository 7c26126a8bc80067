//! Those who watch mailboxes.

use std::time::Duration;

use admin::MailboxEvent as Told;
use admin::v1::mailbox_event::Event;
use admin::v1::{Folder, MoveMessageRequest, WatchMailboxesRequest};
use switch::{MessageId, Waiting};

use super::{acme, left};
use crate::house::{House, at};

#[tokio::test]
async fn a_watcher_is_told_what_waits_and_then_what_happens() {
    let (house, tenant) = House::with_acme().await;
    house.user("acme", "alice", "1001").await;
    for name in ["1001", "1002"] {
        house.mailbox("acme", name).await;
    }
    let id = left(&house, tenant, "1002", "left").await;
    let request = WatchMailboxesRequest { tenant: acme(), mailbox: String::new() };
    let mut events = house.voicemail().await.watch(request).await.unwrap().into_inner();
    for (name, new) in [("1001", 0), ("1002", 1)] {
        let now = events.message().await.unwrap().unwrap();
        let Some(Event::Waiting(waiting)) = now.event else { panic!("{now:?}") };
        assert_eq!((now.mailbox.as_str(), waiting.new), (name, new));
    }
    let shift = MoveMessageRequest { tenant: acme(), id: id.0, folder: Folder::Saved.into() };
    house.voicemail().await.move_message(shift).await.unwrap();
    let mut message = house.store.messages(tenant).get(id).await.unwrap();
    message.caller_user = Some(house.store.users(tenant).by_name("alice").await.unwrap().id);
    let waiting = Waiting { new: 3, saved: 2, urgent_new: 1, urgent_saved: 0 };
    for event in [
        Told::Came(Box::new(message)),
        Told::Waiting(waiting),
        Told::NearlyFull,
        Told::Full,
        Told::LoggedIn,
        Told::WrongPin,
        Told::LockedOut,
        Told::Gone(MessageId(7)),
    ] {
        house.exchange.happens(tenant, "1001", 31, event);
    }
    let moved = events.message().await.unwrap().unwrap();
    assert!(matches!(&moved.event, Some(Event::Changed(one)) if one.id == id.0 && one.folder() == Folder::Saved));
    let mut heard = Vec::new();
    for _ in 0..8 {
        let event = events.message().await.unwrap().unwrap();
        assert_eq!((event.tenant.as_str(), event.mailbox.as_str(), event.at), ("acme", "1001", Some(at(31).into())));
        heard.push(event.event.unwrap());
    }
    assert!(matches!(&heard[0], Event::Came(one) if one.caller_user.as_deref() == Some("alice")));
    assert!(matches!(&heard[1], Event::Waiting(now) if (now.new, now.saved, now.urgent_new) == (3, 2, 1)));
    assert!(matches!(
        heard[2..],
        [
            Event::NearlyFull(_),
            Event::Full(_),
            Event::LoggedIn(_),
            Event::WrongPin(_),
            Event::LockedOut(_),
            Event::Gone(_)
        ]
    ));
}

#[tokio::test]
async fn one_mailbox_can_be_watched_alone_also_before_it_is_made() {
    let (house, tenant) = House::with_acme().await;
    house.mailbox("acme", "1001").await;
    let request = WatchMailboxesRequest { tenant: acme(), mailbox: "1002".to_owned() };
    let mut events = house.voicemail().await.watch(request).await.unwrap().into_inner();
    house.exchange.happens(tenant, "1001", 1, Told::LoggedIn);
    house.exchange.happens(tenant, "1002", 2, Told::WrongPin);
    let heard = events.message().await.unwrap().unwrap();
    assert_eq!((heard.mailbox.as_str(), heard.event), ("1002", Some(Event::WrongPin(Default::default()))));
}

#[tokio::test]
async fn a_watcher_that_is_too_slow_is_told_what_it_missed_and_what_waits_now() {
    let (house, tenant) = House::with_acme().await;
    house.mailbox("acme", "1001").await;
    let request = WatchMailboxesRequest { tenant: acme(), mailbox: String::new() };
    let mut events = house.voicemail().await.watch(request).await.unwrap().into_inner();
    assert!(matches!(events.message().await.unwrap().unwrap().event, Some(Event::Waiting(_))));
    let all = 20_000;
    for _ in 0..all {
        house.exchange.happens(tenant, "1001", 1, Told::LoggedIn);
    }
    house.exchange.happens(tenant, "1001", 2, Told::WrongPin);
    let (mut heard, mut missed, mut again) = (0, 0, 0);
    loop {
        let event = tokio::time::timeout(Duration::from_secs(20), events.message()).await.expect("the last of them");
        let event = event.unwrap().unwrap();
        missed += event.missed;
        match event.event.unwrap() {
            Event::Waiting(_) => again += 1,
            Event::WrongPin(_) => break,
            _ => heard += 1,
        }
    }
    assert!(missed > 0 && again > 0, "{missed} missed, told {again} times what waits");
    assert_eq!(heard + missed, all);
}

#[tokio::test]
async fn a_server_that_ends_does_not_wait_for_those_who_watch_mailboxes() {
    let (mut house, _) = House::with_acme().await;
    let request = WatchMailboxesRequest { tenant: acme(), mailbox: String::new() };
    let mut events = house.voicemail().await.watch(request).await.unwrap().into_inner();
    let closed = tokio::time::timeout(Duration::from_secs(4), house.closes()).await;
    closed.expect("sooner than what is cut off").unwrap();
    assert!(events.message().await.unwrap().is_none(), "the stream ended in order");
}
