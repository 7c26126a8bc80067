//! What goes over which line, and to whom.

use mail::{Config, Post, Security, Stage};

use crate::queue::{Shelf, letter};
use crate::smtp::{Manners, Smtp, certificate};
use crate::{AtWork, Notes, config, encrypted, plain, with_login};

fn starttls() -> Manners {
    Manners { offers_tls: true, ..Manners::default() }
}

fn asking(manners: Manners, mechanisms: &'static str) -> Manners {
    Manners { login: Some(("pbx".to_owned(), "hunter2".to_owned())), mechanisms, ..manners }
}

/// Sends one letter, and expects that it arrives.
async fn arrives(smtp: &Smtp, config: Config) {
    let shelf = Shelf::with([letter(1)]);
    let post = AtWork::begin(Post::new(config, shelf.clone(), ()).expect("settings"));
    shelf.until_sent(1).await;
    post.end().await;
    assert_eq!(smtp.taken().len(), 1);
}

/// Tries one letter, and expects that it fails there and waits. Gives the fault.
async fn fails_at(stage: Stage, config: Config) -> String {
    let (shelf, notes) = (Shelf::with([letter(1)]), Notes::default());
    let post = AtWork::begin(Post::new(config, shelf.clone(), notes.clone()).expect("settings"));
    let row = shelf.until(1, |row| row.tries > 0).await;
    post.end().await;
    assert!(row.fault.starts_with(stage.as_str()), "{}", row.fault);
    assert_eq!(notes.all()[..2], [format!("failed {}", stage.as_str()), "server false".to_owned()]);
    row.fault
}

#[tokio::test]
async fn starttls_hides_all_but_the_hello() {
    let smtp = Smtp::named("localhost", asking(starttls(), "PLAIN LOGIN")).await;
    arrives(&smtp, with_login(encrypted(&smtp, Security::StartTls), "pbx", "hunter2")).await;
    assert_eq!(smtp.clear(), ["EHLO [127.0.0.1]", "STARTTLS"]);
    assert!(smtp.taken()[0].encrypted);
    assert_eq!(smtp.taken()[0].login.as_deref(), Some("pbx"));
}

#[tokio::test]
async fn tls_hides_all() {
    let smtp = Smtp::named("localhost", asking(Manners { is_tls: true, ..Manners::default() }, "LOGIN")).await;
    arrives(&smtp, with_login(encrypted(&smtp, Security::Tls), "pbx", "hunter2")).await;
    assert!(smtp.clear().is_empty() && smtp.taken()[0].encrypted);
    assert_eq!(smtp.taken()[0].login.as_deref(), Some("pbx"));
}

#[tokio::test]
async fn on_this_machine_a_login_may_go_in_the_clear() {
    let smtp = Smtp::plain(asking(Manners::default(), "PLAIN")).await;
    arrives(&smtp, with_login(plain(&smtp), "pbx", "hunter2")).await;
    assert_eq!(smtp.taken()[0].login.as_deref(), Some("pbx"));
}

#[tokio::test]
async fn where_starttls_is_stripped_nothing_is_sent() {
    let smtp = Smtp::named("localhost", asking(Manners::default(), "PLAIN")).await;
    let fault = fails_at(Stage::Tls, with_login(encrypted(&smtp, Security::StartTls), "pbx", "hunter2")).await;
    assert!(fault.contains("does not offer STARTTLS"), "{fault}");
    assert!(smtp.clear().iter().all(|line| line.starts_with("EHLO ")), "{:?}", smtp.clear());
}

#[tokio::test]
async fn what_is_said_between_starttls_and_tls_ends_the_line() {
    let smtp = Smtp::named("localhost", Manners { injects: "250 AUTH PLAIN\r\n250 ok\r\n", ..starttls() }).await;
    let fault = fails_at(Stage::Tls, encrypted(&smtp, Security::StartTls)).await;
    assert!(fault.contains("somebody may be on the line"), "{fault}");
    assert!(smtp.taken().is_empty());
}

#[tokio::test]
async fn a_certificate_of_another_name_is_refused() {
    for security in [Security::StartTls, Security::Tls] {
        let manners = Manners { offers_tls: true, is_tls: security == Security::Tls, ..Manners::default() };
        let smtp = Smtp::named("mail.example.org", manners).await;
        let fault = fails_at(Stage::Tls, encrypted(&smtp, security)).await;
        assert!(fault.contains("certificate"), "{fault}");
        assert!(smtp.taken().is_empty());
    }
}

#[tokio::test]
async fn a_certificate_that_a_stranger_signed_is_refused() {
    let smtp = Smtp::named("localhost", starttls()).await;
    let (_, stranger) = certificate("localhost");
    std::fs::write(smtp.authorities.as_ref().expect("a file").path(), stranger).expect("a file");
    let fault = fails_at(Stage::Tls, encrypted(&smtp, Security::StartTls)).await;
    assert!(fault.contains("UnknownIssuer") || fault.contains("certificate"), "{fault}");
    let systems = Config { authorities: None, ..encrypted(&smtp, Security::StartTls) };
    fails_at(Stage::Tls, systems).await;
}

#[tokio::test]
async fn a_wrong_password_is_the_servers_fault_and_no_letter_is_lost() {
    let smtp = Smtp::plain(asking(Manners::default(), "PLAIN LOGIN")).await;
    let (shelf, notes) = (Shelf::with([letter(1), letter(2)]), Notes::default());
    let config = with_login(plain(&smtp), "pbx", "other");
    let post = AtWork::begin(Post::new(config, shelf.clone(), notes.clone()).expect("settings"));
    let row = shelf.until(1, |row| row.tries > 2).await;
    assert!(row.fault.starts_with("login: ") && row.fault.contains("535"), "{}", row.fault);
    smtp.behave(|manners| manners.login = Some(("pbx".to_owned(), "other".to_owned())));
    shelf.until_sent(1).await;
    shelf.until_sent(2).await;
    post.end().await;
    assert_eq!(smtp.taken().len(), 2);
    assert_eq!((notes.count("server false"), notes.count("server true")), (1, 1), "{:?}", notes.all());
}

#[tokio::test]
async fn a_server_that_takes_no_login_gets_none() {
    let smtp = Smtp::plain(Manners::default()).await;
    fails_at(Stage::Login, with_login(plain(&smtp), "pbx", "hunter2")).await;
    assert!(smtp.clear().iter().all(|line| !line.starts_with("MAIL") && !line.starts_with("AUTH")));
}

#[tokio::test]
async fn what_cannot_be_is_told_before_anything_is_sent() {
    let told = |config| Post::new(config, Shelf::new(), ()).expect_err("a fault").to_string();
    let far = with_login(config("mail.example.com", 25, Security::None), "pbx", "hunter2");
    let fault = told(far);
    assert!(fault.starts_with("mail.security = none: ") && !fault.contains("hunter2"), "{fault}");
    let missing = Config { authorities: Some("/nowhere.pem".into()), ..config("localhost", 465, Security::Tls) };
    assert!(told(missing).starts_with("mail.authorities = /nowhere.pem: cannot be read"));
    let empty = tempfile::NamedTempFile::new().expect("a file");
    let empty = Config { authorities: Some(empty.path().to_owned()), ..config("localhost", 465, Security::Tls) };
    assert!(told(empty).contains("holds no certificate"));
}
