//! What arrives.

use mail::{Address, Attachment, Facts, Kind, Letter, Post, Words};
use mail_parser::{Message, MessageParser, MimeHeaders};
use std::time::Duration;

use crate::queue::{Shelf, letter, then};
use crate::smtp::{Manners, Smtp, Taken};
use crate::{AtWork, plain};

async fn arrived(letter: Letter) -> Taken {
    let smtp = Smtp::plain(Manners::default()).await;
    let shelf = Shelf::with([letter]);
    let post = AtWork::begin(Post::new(plain(&smtp), shelf.clone(), ()).expect("settings"));
    shelf.until_sent(1).await;
    post.end().await;
    smtp.taken().remove(0)
}

fn read(taken: &Taken) -> Message<'_> {
    MessageParser::default().parse(&taken.bytes).expect("a letter")
}

/// Names of the headers before the first empty line.
fn headers(taken: &Taken) -> Vec<String> {
    let text = String::from_utf8(taken.bytes.clone()).expect("ASCII");
    let head = text.split("\r\n\r\n").next().expect("a head");
    let begins = |line: &&str| !line.starts_with([' ', '\t']);
    head.split("\r\n").filter(begins).map(|line| line.split(':').next().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn a_plain_letter_says_what_it_is() {
    let taken = arrived(Letter { queued: then(), ..letter(1) }).await;
    assert_eq!((taken.from.as_str(), taken.to.as_slice()), ("pbx@example.com", &["alice@example.com".to_owned()][..]));
    let message = read(&taken);
    assert_eq!(message.subject(), Some("Letter 1"));
    assert_eq!(message.body_text(0).as_deref(), Some("A message came.\r\n"));
    assert_eq!(message.header_raw("Auto-Submitted").map(str::trim), Some("auto-generated"));
    assert_eq!(message.date().map(mail_parser::DateTime::to_timestamp), Some(1_767_310_205));
    let from = message.from().and_then(|from| from.first()).expect("a sender");
    assert_eq!((from.name(), from.address()), (Some("Voicemail"), Some("pbx@example.com")));
    assert_eq!(message.message_id(), Some("strowger.1.6475bf8fa1940@example.com"));
    let once: Vec<String> = headers(&taken);
    for name in ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version"] {
        assert_eq!(once.iter().filter(|one| *one == name).count(), 1, "{once:?}");
    }
}

#[tokio::test]
async fn an_attachment_arrives_byte_for_byte_beside_text_and_html() {
    let bytes: Vec<u8> = (0..200_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let name = "Nachricht für \"Zoë\"\r\nX: y/../1.wav".to_owned();
    let attachment = Some(Attachment { name, mime: "audio/wav".to_owned(), bytes: bytes.clone() });
    let html = Some("<p>Grüße</p>".to_owned());
    let taken = arrived(Letter { text: "Grüße".to_owned(), html, attachment, ..letter(1) }).await;
    assert!(taken.bytes.is_ascii() && taken.bytes.split(|byte| *byte == b'\n').all(|line| line.len() <= 80));
    let message = read(&taken);
    assert!(message.is_content_type("multipart", "mixed"));
    assert!(message.part(1).is_some_and(|part| part.is_content_type("multipart", "alternative")));
    assert_eq!(message.body_text(0).as_deref(), Some("Grüße"));
    assert_eq!(message.body_html(0).as_deref(), Some("<p>Grüße</p>"));
    assert_eq!(message.attachment_count(), 1);
    let file = message.attachment(0).expect("a file");
    assert!(file.contents() == bytes.as_slice());
    assert!(file.is_content_type("audio", "wav"));
    assert_eq!(file.attachment_name(), Some("Nachricht für -Zoë-  X- y-..-1.wav"));
}

#[tokio::test]
async fn a_file_of_text_keeps_its_ends_of_lines() {
    let bytes = b"a\nb\r\nc\r.\n\n".to_vec();
    let attachment = Some(Attachment { name: "a.txt".to_owned(), mime: "text/plain".to_owned(), bytes: bytes.clone() });
    let taken = arrived(Letter { attachment, ..letter(1) }).await;
    assert_eq!(read(&taken).attachment(0).map(|file| file.contents().to_vec()), Some(bytes));
}

#[tokio::test]
async fn dots_at_the_beginning_of_lines_arrive() {
    let text = ".\r\n..\r\n.. a\r\nb.\r\n.\r\n".to_owned();
    let taken = arrived(Letter { text: text.clone(), ..letter(1) }).await;
    assert_eq!(read(&taken).body_text(0).as_deref(), Some(text.as_str()));
}

#[tokio::test]
async fn names_in_any_language_arrive() {
    let from = Address::parse("pbx@example.net").expect("an address").named("Žofie, \"日本\" <x@y.z>");
    let subject =
        "Voice message from Zoë 日本 with a name that is so long that the line must be folded somewhere".to_owned();
    let taken = arrived(Letter { subject: subject.clone(), from: Some(from), ..letter(1) }).await;
    assert_eq!(taken.from, "pbx@example.net");
    let message = read(&taken);
    assert_eq!(message.subject(), Some(subject.as_str()));
    let senders: Vec<_> = message.from().expect("senders").iter().map(|one| (one.name(), one.address())).collect();
    assert_eq!(senders, [(Some("Žofie, \"日本\" <x@y.z>"), Some("pbx@example.net"))]);
    assert!(message.message_id().is_some_and(|id| id.ends_with("@example.net")));
}

/// What callers may call themselves.
const HOSTILE: [&str; 8] = [
    "Eve\r\nBcc: all@example.com",
    "Eve\nX-Evil: 1\n\nbody",
    "Eve\r\n\r\n--boundary\r\nContent-Type: text/html\r\n\r\n<script>",
    "Eve\r\n.\r\nMAIL FROM:<evil@example.com>\r\n",
    "=?utf-8?q?Eve=0d=0aBcc:_all@example.com?=",
    "\u{202e}moc.elpmaxe\u{2028}X-Evil: 1",
    "Eve\0\u{85}\u{b}X-Evil: 1",
    "<img src=x onerror=alert(1)>",
];

#[tokio::test]
async fn a_hostile_caller_writes_no_header() {
    let usual = headers(&arrived(named("Alice")).await);
    for name in HOSTILE {
        let taken = arrived(named(name)).await;
        assert_eq!(headers(&taken), usual, "{name:?}");
        assert_eq!(taken.to, ["alice@example.com"], "{name:?}");
        let message = read(&taken);
        assert!(message.subject().is_some_and(|subject| !subject.contains(char::is_control)), "{name:?}");
        assert_eq!(message.parts.len(), 3, "{name:?}");
        let html = message.body_html(0).expect("HTML");
        assert!(!html.contains("<img") && !html.contains("<script"), "{html}");
    }
}

/// A letter about a message of a caller of this name, sent in his name too.
fn named(caller: &str) -> Letter {
    let facts = Facts {
        caller: Some(caller.to_owned()),
        number: Some(caller.to_owned()),
        mailbox: "1001".to_owned(),
        owner: Some(caller.to_owned()),
        when: then(),
        zone: "Europe/Vienna".to_owned(),
        length: Duration::from_secs(5),
        count: 1,
        link: None,
    };
    let written = Words::for_language(&[], "en", Kind::Message).write(&facts);
    let from = Address::parse("pbx@example.com").expect("an address").named(caller);
    let mail::Written { subject, text, html } = written;
    Letter { subject, text, html, from: Some(from), ..letter(1) }
}
