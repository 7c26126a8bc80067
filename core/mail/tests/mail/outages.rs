//! A dead server delays and never loses.

use std::time::Duration;

use mail::{Config, Letter, Pauses, Post};

use crate::queue::{Hands, Shelf, State, letter, then};
use crate::smtp::{Manners, Smtp};
use crate::{AtWork, Notes, config, plain};

const DAY: Duration = Duration::from_secs(24 * 3600);

#[tokio::test]
async fn a_server_that_was_down_gets_each_letter_once() {
    // An address of its own: nobody else listens on this port meanwhile.
    let smtp = Smtp::at("127.0.77.1", 0, Manners::default(), None).await;
    let (host, port, config) = (smtp.host.clone(), smtp.port, plain(&smtp));
    drop(smtp);
    let (shelf, notes) = (Shelf::with((1..=5).map(letter)), Notes::default());
    let post = AtWork::begin(Post::new(config, shelf.clone(), notes.clone()).expect("settings"));
    let row = shelf.until(1, |row| row.tries >= 2).await;
    assert!(row.fault.starts_with("connect: "), "{}", row.fault);
    let smtp = Smtp::at(&host, port, Manners::default(), None).await;
    for id in 1..=5 {
        shelf.until_sent(id).await;
    }
    post.end().await;
    assert_eq!(smtp.taken().len(), 5);
    assert_eq!((notes.count("server false"), notes.count("server true")), (1, 1));
    assert_eq!(notes.count("sent"), 5);
}

#[tokio::test]
async fn a_server_that_dies_in_a_letter_gets_it_later() {
    let smtp = Smtp::plain(Manners { dies: 2, ..Manners::default() }).await;
    let text = "A long line of a long letter.\n".repeat(5_000);
    let (shelf, notes) = (Shelf::with([Letter { text, ..letter(1) }]), Notes::default());
    let post = AtWork::begin(Post::new(plain(&smtp), shelf.clone(), notes.clone()).expect("settings"));
    assert_eq!(shelf.until_sent(1).await.tries, 2);
    smtp.until(|state| state.torn == 2).await;
    post.end().await;
    assert_eq!(smtp.taken().len(), 1);
    assert_eq!(notes.all(), ["failed content", "failed content", "sent"]);
}

#[tokio::test]
async fn a_server_that_closes_says_nothing_of_the_letter() {
    let answers = vec![("MAIL", "421 closing", 1), ("RCPT", "421 closing", 1), (".", "451 try later", 1)];
    let smtp = Smtp::plain(Manners { answers, ..Manners::default() }).await;
    let (shelf, notes) = (Shelf::with([letter(1)]), Notes::default());
    let post = AtWork::begin(Post::new(plain(&smtp), shelf.clone(), notes.clone()).expect("settings"));
    assert_eq!(shelf.until_sent(1).await.tries, 3);
    post.end().await;
    assert_eq!(smtp.taken().len(), 1);
    let expected = ["failed sender", "server false", "failed recipient", "failed content", "server true", "sent"];
    assert_eq!(notes.all(), expected);
}

#[tokio::test]
async fn a_server_that_greets_nobody_or_says_nothing_is_down() {
    let smtp = Smtp::plain(Manners { greeting: Some("554 go away"), ..Manners::default() }).await;
    let (shelf, notes) = (Shelf::with([letter(1)]), Notes::default());
    let config = Config { timeout: Duration::from_millis(100), ..plain(&smtp) };
    let post = AtWork::begin(Post::new(config, shelf.clone(), notes.clone()).expect("settings"));
    shelf.until(1, |row| row.fault.starts_with("connect: ") && row.fault.contains("554")).await;
    smtp.behave(|manners| manners.silent = true);
    shelf.until(1, |row| row.fault == "connect: no answer within 100ms").await;
    smtp.behave(|manners| *manners = Manners::default());
    shelf.until_sent(1).await;
    post.end().await;
    assert_eq!(notes.count("server false"), 1);
}

#[tokio::test]
async fn while_the_server_is_down_others_wait_untried() {
    let shelf = Shelf::with([letter(1), letter(2), letter(3)]);
    let pauses = Pauses { first: Duration::from_secs(3600), longest: Duration::from_secs(3600) };
    let notes = Notes::default();
    let (dead, _port) = dead().await;
    let config = Config { pauses, parallel: 1, ..dead };
    let post = AtWork::begin(Post::new(config, shelf.clone(), notes.clone()).expect("settings"));
    shelf.until(1, |row| row.tries == 1).await;
    post.bell.ring();
    post.end().await;
    assert_eq!((shelf.row(2).tries, shelf.row(3).tries), (0, 0));
    assert_eq!(notes.all(), ["failed connect", "server false"]);
}

#[tokio::test]
async fn after_five_days_letters_are_given_up_and_counted() {
    let (config, _port) = dead().await;
    let young = Letter { queued: then() + DAY, ..letter(9) };
    let old = (1..=3).map(|id| Letter { queued: then(), ..letter(id) });
    let (shelf, notes) = (Shelf::with(old.chain([young])), Notes::default());
    let hands = Hands::at(then() + 4 * DAY);
    let post = Post::with_clock(Config { parallel: 1, ..config }, shelf.clone(), notes.clone(), hands.clone());
    let post = AtWork::begin(post.expect("settings"));
    assert_eq!(shelf.until(1, |row| row.tries == 1).await.state, State::Waiting);
    hands.forward(DAY);
    post.bell.ring();
    for id in 1..=3 {
        assert!(shelf.until_given_up(id).await.fault.starts_with("connect: "));
    }
    post.end().await;
    assert_eq!(shelf.row(9).state, State::Waiting);
    assert_eq!(notes.count("given up connect"), 3);
}

#[tokio::test]
async fn a_letter_that_waited_for_long_is_still_tried() {
    let smtp = Smtp::plain(Manners::default()).await;
    let shelf = Shelf::with([Letter { queued: then(), ..letter(1) }]);
    let post = Post::with_clock(plain(&smtp), shelf.clone(), (), Hands::at(then() + 30 * DAY)).expect("settings");
    let post = AtWork::begin(post);
    shelf.until_sent(1).await;
    post.end().await;
}

/// Settings for a port that is taken, and on which nobody listens.
async fn dead() -> (Config, tokio::net::TcpSocket) {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
    let port = socket.local_addr().expect("an address").port();
    (config("127.0.0.1", port, mail::Security::None), socket)
}
