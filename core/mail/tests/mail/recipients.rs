//! Letters to several, of whom some are refused.

use mail::{Letter, Post};

use crate::queue::{Shelf, letter};
use crate::smtp::{Manners, Smtp};
use crate::{AtWork, Notes, plain};

fn to_both(id: i64) -> Letter {
    Letter { to: ["alice", "bob"].map(|name| format!("{name}@example.com")).to_vec(), ..letter(id) }
}

fn refusing(answers: &[(&'static str, &'static str, usize)]) -> Manners {
    Manners { answers: answers.to_vec(), ..Manners::default() }
}

async fn at_work(smtp: &Smtp, shelf: &Shelf) -> (AtWork, Notes) {
    let notes = Notes::default();
    (AtWork::begin(Post::new(plain(smtp), shelf.clone(), notes.clone()).expect("settings")), notes)
}

#[tokio::test]
async fn one_that_is_refused_does_not_keep_the_letter_from_the_other() {
    let smtp = Smtp::plain(refusing(&[("RCPT TO:<bob", "550 5.1.1 no bob here", 9)])).await;
    let shelf = Shelf::with([to_both(1)]);
    let (post, notes) = at_work(&smtp, &shelf).await;
    shelf.until_sent(1).await;
    post.end().await;
    assert_eq!(smtp.taken().len(), 1);
    assert_eq!(smtp.taken()[0].to, ["alice@example.com"]);
    assert_eq!(notes.all(), ["refused", "sent"]);
}

#[tokio::test]
async fn a_letter_whose_recipients_are_all_refused_is_given_up_at_once() {
    let answers = [("RCPT TO:<alice", "550 5.1.1 nobody here", 9), ("RCPT TO:<bob", "550 5.1.1 nobody here", 9)];
    let smtp = Smtp::plain(refusing(&answers)).await;
    let shelf = Shelf::with([to_both(1), Letter { to: vec!["carol@example.com".to_owned()], ..letter(2) }]);
    let (post, notes) = at_work(&smtp, &shelf).await;
    let row = shelf.until_given_up(1).await;
    assert_eq!(row.tries, 1);
    assert!(row.fault.contains("alice@example.com: ") && row.fault.contains("bob@example.com: "), "{}", row.fault);
    assert!(row.fault.contains("550") && row.fault.contains("nobody here"), "{}", row.fault);
    shelf.until_sent(2).await;
    post.end().await;
    assert_eq!((notes.count("given up recipient"), notes.count("server false")), (1, 0));
}

#[tokio::test]
async fn one_that_is_put_off_gets_it_later_and_the_other_once() {
    let smtp = Smtp::plain(refusing(&[("RCPT TO:<bob", "451 come again", 2)])).await;
    let shelf = Shelf::with([to_both(1)]);
    let (post, notes) = at_work(&smtp, &shelf).await;
    assert_eq!(shelf.until_sent(1).await.tries, 2);
    post.end().await;
    let to: Vec<_> = smtp.taken().into_iter().map(|taken| taken.to).collect();
    assert_eq!(to, [["alice@example.com"], ["bob@example.com"]]);
    assert_eq!(notes.all(), ["failed recipient", "failed recipient", "sent"]);
    // Both see the same letter.
    let ids = smtp.taken().iter().map(|taken| id_of(&taken.bytes)).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(ids.len(), 1);
}

#[tokio::test]
async fn an_address_that_cannot_be_is_refused_here() {
    let smtp = Smtp::plain(Manners::default()).await;
    let to = vec!["bob@example.com\r\nRCPT TO:<eve@example.com>".to_owned(), "alice@example.com".to_owned()];
    let nobody = Letter { to: vec!["bob".to_owned()], ..letter(2) };
    let shelf = Shelf::with([Letter { to, ..letter(1) }, nobody, Letter { to: Vec::new(), ..letter(3) }]);
    let (post, notes) = at_work(&smtp, &shelf).await;
    shelf.until_sent(1).await;
    assert_eq!(
        shelf.until_given_up(2).await.fault,
        "recipient: bob: recipient: bob is no address as `alice@example.com`"
    );
    assert_eq!(shelf.until_given_up(3).await.fault, "recipient: the letter has no recipient");
    post.end().await;
    assert_eq!(smtp.taken()[0].to, ["alice@example.com"]);
    assert_eq!(smtp.clear().iter().filter(|line| line.starts_with("RCPT")).count(), 1);
    assert_eq!(notes.count("refused"), 1);
}

#[tokio::test]
async fn where_the_login_is_missing_no_recipient_is_given_up() {
    let smtp = Smtp::plain(refusing(&[("RCPT", "530 5.7.0 log in first", 2)])).await;
    let shelf = Shelf::with([letter(1)]);
    let (post, notes) = at_work(&smtp, &shelf).await;
    shelf.until_sent(1).await;
    post.end().await;
    assert_eq!(notes.count("failed recipient"), 2);
    assert_eq!(notes.count("server false"), 1);
}

fn id_of(bytes: &[u8]) -> String {
    mail_parser::MessageParser::default().parse(bytes).and_then(|it| it.message_id().map(str::to_owned)).expect("an id")
}
