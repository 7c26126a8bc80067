//! An SMTP server on loopback that does what a test says.

use std::io;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::NamedTempFile;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::PATIENCE;

/// A letter that the server took.
#[derive(Debug, Clone, Default)]
pub(crate) struct Taken {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) encrypted: bool,
    pub(crate) login: Option<String>,
}

/// How the server behaves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Manners {
    /// Offers STARTTLS.
    pub(crate) offers_tls: bool,
    /// TLS from the first byte.
    pub(crate) is_tls: bool,
    /// Says this behind the 220 to STARTTLS, in the same breath, before TLS.
    pub(crate) injects: &'static str,
    /// The login that it wants, and how it may be said, as `PLAIN LOGIN`.
    pub(crate) login: Option<(String, String)>,
    pub(crate) mechanisms: &'static str,
    /// Says this in place of the greeting.
    pub(crate) greeting: Option<&'static str>,
    /// Commands that begin so are answered so, so many times; `.` is the letter's end.
    pub(crate) answers: Vec<(&'static str, &'static str, usize)>,
    /// Hangs up in the middle of so many letters.
    pub(crate) dies: usize,
    /// Never answers.
    pub(crate) silent: bool,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) taken: Vec<Taken>,
    /// What came in the clear, by line.
    pub(crate) clear: Vec<String>,
    /// Letters that broke off.
    pub(crate) torn: usize,
    pub(crate) lines: usize,
    pub(crate) most_lines: usize,
}

pub(crate) struct Smtp {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) authorities: Option<NamedTempFile>,
    pub(crate) manners: Arc<Mutex<Manners>>,
    state: Arc<watch::Sender<State>>,
    task: JoinHandle<()>,
}

impl Drop for Smtp {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Smtp {
    pub(crate) async fn plain(manners: Manners) -> Self {
        Self::at("127.0.0.1", 0, manners, None).await
    }

    /// With a certificate for this name.
    pub(crate) async fn named(name: &str, manners: Manners) -> Self {
        let (tls, authority) = certificate(name);
        let mut smtp = Self::at("127.0.0.1", 0, manners, Some(tls)).await;
        let file = NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), authority).expect("a file");
        smtp.authorities = Some(file);
        smtp
    }

    pub(crate) async fn at(host: &str, port: u16, manners: Manners, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind((host, port)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (manners, state) = (Arc::new(Mutex::new(manners)), Arc::new(watch::Sender::new(State::default())));
        let desk = Desk { manners: manners.clone(), state: state.clone(), tls };
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let desk = desk.clone();
                tokio::spawn(async move {
                    desk.state.send_modify(|state| {
                        state.lines += 1;
                        state.most_lines = state.most_lines.max(state.lines);
                    });
                    // Who hangs up is part of many tests.
                    let _ = desk.serve(stream).await;
                    desk.state.send_modify(|state| state.lines -= 1);
                });
            }
        });
        Self { host: host.to_owned(), port, authorities: None, manners, state, task }
    }

    pub(crate) fn behave(&self, change: impl FnOnce(&mut Manners)) {
        change(&mut self.manners.lock().expect("manners"));
    }

    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.state.borrow().taken.clone()
    }

    pub(crate) fn clear(&self) -> Vec<String> {
        self.state.borrow().clear.clone()
    }

    pub(crate) fn most_lines(&self) -> usize {
        self.state.borrow().most_lines
    }

    pub(crate) async fn until(&self, so: impl Fn(&State) -> bool) {
        let mut state = self.state.subscribe();
        let found = timeout(PATIENCE, state.wait_for(so)).await;
        assert!(found.is_ok(), "still: {:?}", self.state.borrow());
    }
}

#[derive(Clone)]
struct Desk {
    manners: Arc<Mutex<Manners>>,
    state: Arc<watch::Sender<State>>,
    tls: Option<TlsAcceptor>,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// What ends a talk in the clear.
enum Then {
    Quit,
    StartTls,
}

impl Desk {
    async fn serve(&self, stream: TcpStream) -> io::Result<()> {
        let manners = self.manners();
        if manners.silent {
            return std::future::pending().await;
        }
        if manners.is_tls {
            let tls = self.tls.as_ref().expect("a certificate").accept(stream).await?;
            return self.talk(&mut BufReader::new(tls), true, true).await.map(drop);
        }
        let mut stream = BufReader::new(stream);
        if let Then::StartTls = self.talk(&mut stream, false, true).await? {
            let tls = self.tls.as_ref().expect("a certificate").accept(stream.into_inner()).await?;
            self.talk(&mut BufReader::new(tls), true, false).await?;
        }
        Ok(())
    }

    fn manners(&self) -> Manners {
        self.manners.lock().expect("manners").clone()
    }

    /// What is to be said to this, where it is not the usual.
    fn answer_to(&self, said: &str) -> Option<&'static str> {
        let mut manners = self.manners.lock().expect("manners");
        let found = manners.answers.iter_mut().find(|(start, _, times)| said.starts_with(start) && *times > 0)?;
        found.2 -= 1;
        Some(found.1)
    }

    async fn talk<S: Stream>(&self, stream: &mut BufReader<S>, encrypted: bool, greet: bool) -> io::Result<Then> {
        let mut now = Taken { encrypted, ..Taken::default() };
        if greet {
            say(stream, self.manners().greeting.unwrap_or("220 test ESMTP")).await?;
        }
        loop {
            let line = self.hear(stream, encrypted).await?;
            if let Some(answer) = self.answer_to(&line) {
                say(stream, answer).await?;
                if answer.starts_with("421") {
                    return Ok(Then::Quit);
                }
                continue;
            }
            let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            match word.as_str() {
                "EHLO" => say(stream, &self.offer(encrypted)).await?,
                "STARTTLS" => {
                    let manners = self.manners();
                    stream.write_all(format!("220 go ahead\r\n{}", manners.injects).as_bytes()).await?;
                    return Ok(Then::StartTls);
                }
                "AUTH" => self.admit(stream, &line, &mut now).await?,
                "MAIL" if self.manners().login.is_some() && now.login.is_none() => say(stream, "530 log in").await?,
                "MAIL" => {
                    now = Taken { from: address(&line), encrypted, login: now.login, ..Taken::default() };
                    say(stream, "250 ok").await?;
                }
                "RCPT" => {
                    now.to.push(address(&line));
                    say(stream, "250 ok").await?;
                }
                "DATA" => self.take(stream, &mut now).await?,
                "QUIT" => {
                    say(stream, "221 bye").await?;
                    return Ok(Then::Quit);
                }
                _ => say(stream, "500 what?").await?,
            }
        }
    }

    async fn hear<S: Stream>(&self, stream: &mut BufReader<S>, encrypted: bool) -> io::Result<String> {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        assert!(line.ends_with("\r\n"), "{line:?}");
        let line = line.trim_end().to_owned();
        if !encrypted {
            self.state.send_modify(|state| state.clear.push(line.clone()));
        }
        Ok(line)
    }

    fn offer(&self, encrypted: bool) -> String {
        let manners = self.manners();
        let mut offer = "250-test\r\n250-SIZE 1000000\r\n".to_owned();
        if manners.offers_tls && !encrypted {
            offer.push_str("250-STARTTLS\r\n");
        }
        if manners.login.is_some() {
            offer.push_str(&format!("250-AUTH {}\r\n", manners.mechanisms));
        }
        offer + "250 HELP"
    }

    /// AUTH PLAIN with an initial response, or AUTH LOGIN with two questions.
    async fn admit<S: Stream>(&self, stream: &mut BufReader<S>, line: &str, now: &mut Taken) -> io::Result<()> {
        let decode = |text: &str| String::from_utf8(STANDARD.decode(text).expect("base64")).expect("text");
        let said = match line.split(' ').collect::<Vec<_>>()[..] {
            ["AUTH", "PLAIN", said] => decode(said),
            ["AUTH", "LOGIN"] => {
                let mut parts = String::new();
                for question in ["Username:", "Password:"] {
                    say(stream, &format!("334 {}", STANDARD.encode(question))).await?;
                    parts += &format!("\0{}", decode(&self.hear(stream, now.encrypted).await?));
                }
                parts
            }
            _ => return say(stream, "504 what?").await,
        };
        let (user, password) = self.manners().login.expect("a login");
        if said == format!("\0{user}\0{password}") {
            now.login = Some(user);
            return say(stream, "235 welcome").await;
        }
        say(stream, "535 5.7.8 no").await
    }

    async fn take<S: Stream>(&self, stream: &mut BufReader<S>, now: &mut Taken) -> io::Result<()> {
        say(stream, "354 go on").await?;
        let mut line = Vec::new();
        loop {
            line.clear();
            if stream.read_until(b'\n', &mut line).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            assert!(line.ends_with(b"\r\n") && line.len() <= 1000, "RFC 5321 §4.5.3.1.6: {line:?}");
            if self.dies() {
                self.state.send_modify(|state| state.torn += 1);
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            if line == b".\r\n" {
                break;
            }
            now.bytes.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
        let answer = self.answer_to(".").unwrap_or("250 taken");
        if answer.starts_with('2') {
            self.state.send_modify(|state| state.taken.push(now.clone()));
        }
        say(stream, answer).await
    }

    fn dies(&self) -> bool {
        let mut manners = self.manners.lock().expect("manners");
        let dies = manners.dies > 0;
        manners.dies = manners.dies.saturating_sub(1);
        dies
    }
}

async fn say<S: Stream>(stream: &mut BufReader<S>, what: &str) -> io::Result<()> {
    stream.write_all(format!("{what}\r\n").as_bytes()).await?;
    stream.flush().await
}

fn address(line: &str) -> String {
    let from = line.find('<').expect("<") + 1;
    line[from..line.find('>').expect(">")].to_owned()
}

/// A certificate for a name, and that of the authority that signed it, in PEM.
pub(crate) fn certificate(name: &str) -> (TlsAcceptor, String) {
    let authority_key = KeyPair::generate().expect("a key");
    let mut authority = CertificateParams::new(Vec::new()).expect("a name");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = authority.self_signed(&authority_key).expect("a certificate").pem();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().expect("a key");
    let own = CertificateParams::new(vec![name.to_owned()]).expect("a name").signed_by(&key, &issuer);
    let chain = vec![own.expect("a certificate").der().clone()];
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain, key);
    (TlsAcceptor::from(Arc::new(config.expect("a certificate"))), pem)
}
