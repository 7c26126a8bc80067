//! The queue is emptied, whatever one letter does.

use std::time::Duration;

use mail::{Config, Letter, Post};

use crate::queue::{Composed, Shelf, State, letter};
use crate::smtp::{Manners, Smtp};
use crate::{AtWork, Notes, PATIENCE, plain};

#[tokio::test]
async fn a_bell_wakes_the_post() {
    let smtp = Smtp::plain(Manners::default()).await;
    let (shelf, notes) = (Shelf::new(), Notes::default());
    let post = AtWork::begin(Post::new(plain(&smtp), shelf.clone(), notes.clone()).expect("settings"));
    for id in 1..=3 {
        shelf.put(letter(id));
        post.bell.ring();
        shelf.until_sent(id).await;
    }
    post.end().await;
    assert_eq!(smtp.taken().len(), 3);
    assert_eq!(notes.all(), ["sent", "sent", "sent"]);
}

#[tokio::test]
async fn a_letter_that_is_due_in_a_moment_needs_no_second_bell() {
    let smtp = Smtp::plain(Manners::default()).await;
    let soon = letter(1);
    let shelf = Shelf::with([Letter { queued: soon.queued + Duration::from_millis(50), ..soon }]);
    let post = AtWork::begin(Post::new(plain(&smtp), shelf.clone(), ()).expect("settings"));
    shelf.until_sent(1).await;
    post.end().await;
}

#[tokio::test]
async fn many_letters_go_over_no_more_lines_than_allowed() {
    let smtp = Smtp::plain(Manners::default()).await;
    let shelf = Shelf::with((1..=20).map(letter));
    let post = AtWork::begin(Post::new(plain(&smtp), shelf.clone(), ()).expect("settings"));
    for id in 1..=20 {
        shelf.until_sent(id).await;
    }
    post.end().await;
    assert_eq!(smtp.taken().len(), 20);
    // A line may still be hanging up while the next is made.
    assert!((1..=4).contains(&smtp.most_lines()), "{}", smtp.most_lines());
}

#[tokio::test]
async fn a_broken_letter_does_not_block_the_others() {
    let smtp = Smtp::plain(Manners::default()).await;
    let (shelf, notes) = (Shelf::new(), Notes::default());
    shelf.put_as(letter(1), Composed::Fault);
    shelf.put_as(letter(2), Composed::Panic);
    shelf.put_as(letter(3), Composed::Nothing);
    let attachment = mail::Attachment { name: "a".to_owned(), mime: "no type".to_owned(), bytes: Vec::new() };
    shelf.put(Letter { attachment: Some(attachment), ..letter(4) });
    shelf.put(letter(5));
    let post = AtWork::begin(Post::new(plain(&smtp), shelf.clone(), notes.clone()).expect("settings"));
    shelf.until_sent(5).await;
    shelf.until(3, |row| row.state == State::Dropped).await;
    for id in [1, 2, 4] {
        shelf.until(id, |row| row.tries >= 2).await;
        assert!(shelf.row(id).fault.starts_with("compose: "), "{}", shelf.row(id).fault);
    }
    // Whoever mends it gets it.
    shelf.change(1, |row| row.composed = Composed::Letter);
    shelf.change(2, |row| row.composed = Composed::Letter);
    shelf.until_sent(1).await;
    shelf.until_sent(2).await;
    post.end().await;
    assert_eq!(smtp.taken().len(), 3);
    assert_eq!((notes.count("sent"), notes.count("server false")), (3, 0));
}

#[tokio::test]
async fn a_letter_that_is_refused_for_what_it_is_is_given_up_at_once() {
    for command in ["DATA", "."] {
        let answers = vec![(command, "554 5.7.1 looks like spam", 1)];
        let smtp = Smtp::plain(Manners { answers, ..Manners::default() }).await;
        let (shelf, notes) = (Shelf::with([letter(1)]), Notes::default());
        let post = AtWork::begin(Post::new(plain(&smtp), shelf.clone(), notes.clone()).expect("settings"));
        let row = shelf.until_given_up(1).await;
        assert!(row.fault.starts_with("content: ") && row.fault.contains("spam"), "{}", row.fault);
        shelf.put(letter(2));
        post.bell.ring();
        shelf.until_sent(2).await;
        post.end().await;
        assert_eq!(notes.all(), ["given up content", "sent"]);
    }
}

#[tokio::test]
async fn a_sender_that_is_refused_is_tried_again_and_stops_nobody() {
    let answers = vec![("MAIL FROM:<bad@", "553 5.7.1 not yours", 3), ("MAIL FROM:<bad@", "450 wait", 1)];
    let smtp = Smtp::plain(Manners { answers, ..Manners::default() }).await;
    let bad = mail::Address::parse("bad@example.net").expect("an address");
    let (shelf, notes) = (Shelf::with([Letter { from: Some(bad), ..letter(1) }, letter(2)]), Notes::default());
    let post = AtWork::begin(Post::new(plain(&smtp), shelf.clone(), notes.clone()).expect("settings"));
    shelf.until_sent(2).await;
    assert_eq!(shelf.until_sent(1).await.tries, 4);
    post.end().await;
    assert_eq!((notes.count("failed sender"), notes.count("server false")), (4, 0));
}

#[tokio::test]
async fn a_letter_is_not_sent_twice_because_the_queue_was_away() {
    let smtp = Smtp::plain(Manners::default()).await;
    let shelf = Shelf::with([letter(1)]);
    *shelf.deaf.lock().expect("deaf") = 3;
    let post = AtWork::begin(Post::new(plain(&smtp), shelf.clone(), ()).expect("settings"));
    smtp.until(|state| state.taken.len() == 1).await;
    shelf.until_sent(1).await;
    post.end().await;
    assert_eq!(smtp.taken().len(), 1);
}

#[tokio::test]
async fn without_a_server_nothing_is_done() {
    let shelf = Shelf::with([letter(1)]);
    let post = AtWork::begin(Post::new(Config::default(), shelf.clone(), ()).expect("settings"));
    post.bell.ring();
    post.end().await;
    let row = shelf.row(1);
    assert_eq!((row.state, row.tries), (State::Waiting, 0));
}

#[tokio::test]
async fn a_letter_on_its_way_arrives_before_the_post_stops() {
    let smtp = Smtp::plain(Manners::default()).await;
    let shelf = Shelf::with([letter(1)]);
    *shelf.deaf.lock().expect("deaf") = 1;
    let post = AtWork::begin(Post::new(plain(&smtp), shelf.clone(), ()).expect("settings"));
    smtp.until(|state| state.taken.len() == 1).await;
    tokio::time::timeout(PATIENCE, post.end()).await.expect("it stops");
    assert_eq!(shelf.row(1).state, State::Sent);
}
