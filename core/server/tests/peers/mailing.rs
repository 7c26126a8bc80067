//! Letters of messages, by a real mail server on loopback that dies and comes back.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use base64::Engine as _;
use store::{MailForm, MailboxSettings};
use switch::Folder;

use crate::harness::{Exchange, Over, program, until};
use crate::messages::{leaves, office};
use crate::phone::Phone;
use crate::tone;

/// A mail server that takes everything (RFC 5321), until it is dropped.
struct MailServer {
    address: SocketAddr,
    letters: Arc<Mutex<Vec<String>>>,
    over: Arc<AtomicBool>,
    listening: Option<JoinHandle<()>>,
}

impl MailServer {
    fn start(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("a port for mail");
        let address = listener.local_addr().expect("an address");
        let (letters, over) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<AtomicBool>::default());
        let (kept, ends) = (letters.clone(), over.clone());
        let listening = std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if ends.load(Ordering::Relaxed) {
                    return;
                }
                serve(stream, &kept);
            }
        });
        Self { address, letters, over, listening: Some(listening) }
    }

    fn letters(&self, count: usize) -> Vec<String> {
        until(&format!("{count} letters come"), Duration::from_secs(20), || {
            let letters = self.letters.lock().expect("nobody broke it").clone();
            (letters.len() >= count).then_some(letters)
        })
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
        if let Some(listening) = self.listening.take() {
            let _ = listening.join();
        }
    }
}

fn serve(stream: TcpStream, letters: &Mutex<Vec<String>>) {
    let mut out = stream.try_clone().expect("the line twice");
    let mut say = |words: &str| write!(out, "{words}\r\n").is_ok();
    let mut lines = BufReader::new(stream).lines();
    say("220 test ready");
    while let Some(Ok(line)) = lines.next() {
        let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match word.as_str() {
            "DATA" => {
                say("354 go on");
                let mut letter = String::new();
                for line in lines.by_ref().map_while(Result::ok).take_while(|line| line != ".") {
                    letter.push_str(line.strip_prefix('.').unwrap_or(&line));
                    letter.push('\n');
                }
                letters.lock().expect("nobody broke it").push(letter);
                say("250 taken");
            }
            "QUIT" => {
                say("221 bye");
                return;
            }
            _ => drop(say("250 ok")),
        }
    }
}

/// The file that goes with a letter.
fn attached(letter: &str) -> Vec<u8> {
    let (_, rest) = letter.split_once("Content-Type: audio/").expect("a file");
    let (_, body) = rest.split_once("\n\n").expect("what it holds");
    let text: String = body.lines().take_while(|line| !line.starts_with("--")).collect();
    base64::engine::general_purpose::STANDARD.decode(text.trim()).expect("base64")
}

fn posting(port: u16, form: MailForm) -> Exchange {
    let own = vec![
        ("STROWGER__MAIL__HOST", "127.0.0.1".to_owned()),
        ("STROWGER__MAIL__PORT", port.to_string()),
        ("STROWGER__MAIL__SECURITY", "none".to_owned()),
        ("STROWGER__MAIL__FROM", "pbx@example.com".to_owned()),
        ("STROWGER__MAIL__RETRY_FIRST_SECONDS", "1".to_owned()),
    ];
    let settings = MailboxSettings {
        emails: vec!["bob@example.com".to_owned()],
        mail: form,
        delete_after_mail: form == MailForm::Opus,
        ..MailboxSettings::default()
    };
    office(settings, own)
}

#[test]
fn a_message_comes_by_mail_as_it_lies_on_the_disk_and_a_dead_server_delays_it_and_loses_none() {
    let server = MailServer::start(0);
    let port = server.address.port();
    let mut exchange = posting(port, MailForm::Wav);
    let mut alice = Phone::start(&exchange, "1001", 880.0, Over::Udp, false);
    exchange.bindings(1);
    leaves(&exchange, &mut alice, "1002", 5);
    let left = exchange.messages("1002", Folder::New, 1).remove(0);
    let letter = server.letters(1).remove(0);
    assert!(letter.contains("To: bob@example.com") && letter.contains("multipart/mixed"), "{letter}");
    let file = exchange.path(&format!("data/tenants/1/recordings/{}.wav", left.recording));
    assert_eq!(attached(&letter), std::fs::read(&file).expect("the message"), "byte for byte");
    // The server is down, the exchange falls too, and both come back.
    drop(server);
    leaves(&exchange, &mut alice, "1002", 5);
    exchange.messages("1002", Folder::New, 2);
    until("the letter is tried in vain", Duration::from_secs(20), || {
        exchange.metric("strowger_mail_letters_total{outcome=\"failed\"}").filter(|failed| *failed > 0.0)
    });
    exchange.kill();
    exchange.start_again();
    let server = MailServer::start(port);
    let letter = server.letters(1).remove(0);
    std::fs::write(exchange.path("mailed.wav"), attached(&letter)).expect("written");
    let heard = tone::read(&exchange.path("mailed.wav"));
    let steady = &heard[heard.len() / 4..heard.len() * 3 / 4];
    assert!(tone::level(steady, 880.0) > -12.0, "what was said is heard");
    until("no letter waits", Duration::from_secs(10), || {
        exchange.metric("strowger_mail_waiting").filter(|waiting| *waiting == 0.0)
    });
    assert_eq!(server.letters(1).len(), 1, "it came once");
}

#[test]
fn a_message_comes_by_mail_in_opus_and_is_thrown_away_then() {
    let server = MailServer::start(0);
    let exchange = posting(server.address.port(), MailForm::Opus);
    let mut alice = Phone::start(&exchange, "1001", 880.0, Over::Udp, false);
    exchange.bindings(1);
    leaves(&exchange, &mut alice, "1002", 5);
    let letter = server.letters(1).remove(0);
    let (opus, wav) = (exchange.path("mailed.opus"), exchange.path("mailed.wav"));
    std::fs::write(&opus, attached(&letter)).expect("written");
    let mut read = Command::new(program("opusdec"));
    let read = read.args(["--quiet", "--rate", "8000"]).arg(&opus).arg(&wav).status().expect("opusdec runs");
    assert!(read.success(), "another reader plays it");
    let heard = tone::read(&wav);
    let steady = &heard[heard.len() / 4..heard.len() * 3 / 4];
    assert!(tone::level(steady, 880.0) > -12.0, "what was said is heard");
    exchange.messages("1002", Folder::Deleted, 1);
}
