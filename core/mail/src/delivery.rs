//! One letter on its way over SMTP (RFC 5321), and what its failure means.
//!
//! | stage | a refusal or a broken line means |
//! |---|---|
//! | connect, TLS, login | the server's fault, or ours: no letter gets through, each is tried again |
//! | sender | this letter is tried again: its tenant's sender may be mended; 421: the server's fault |
//! | recipient | 5xx: never for him; 4xx: again for him; not logged in, or 421: the server's fault |
//! | content | 5xx: never; else again |

use std::fmt;
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Quit, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::config::{Config, Login, Security, Server};
use crate::error::Error;
use crate::letter::Address;
use crate::line::{Line, connector};

/// How far a letter came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// It could not be composed.
    Compose,
    /// The server does not answer.
    Connect,
    /// The line is not encrypted, or not by the right server.
    Tls,
    /// The exchange is not let in.
    Login,
    /// The sender is refused.
    Sender,
    /// A recipient is refused.
    Recipient,
    /// The letter itself is refused.
    Content,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Compose, Self::Connect, Self::Tls, Self::Login, Self::Sender, Self::Recipient, Self::Content];

    /// Its name in records and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Compose => "compose",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Login => "login",
            Self::Sender => "sender",
            Self::Recipient => "recipient",
            Self::Content => "content",
        }
    }
}

/// What a failure means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Means {
    /// No letter gets through now.
    Server,
    /// This one does not now.
    Again,
    /// This one never will.
    Never,
}

/// Why a letter was not taken.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) stage: Stage,
    pub(crate) means: Means,
    /// The server's code, where it gave one: all that may be logged of its answer, which often holds the address.
    pub(crate) code: Option<u16>,
    text: String,
}

impl Fault {
    pub(crate) fn new(stage: Stage, means: Means, text: impl fmt::Display) -> Self {
        Self { stage, means, code: None, text: text.to_string() }
    }

    fn is(stage: Stage, fault: &lettre::transport::smtp::Error) -> Self {
        let code = fault.status().map(u16::from);
        Self { stage, means: means(stage, code), code, text: crate::clean::line(&fault.to_string()) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.stage.as_str(), self.text)
    }
}

/// The table above, in its order.
fn means(stage: Stage, code: Option<u16>) -> Means {
    let never = code.is_some_and(|code| code >= 500);
    match (stage, code) {
        (Stage::Connect | Stage::Tls | Stage::Login, _) | (_, Some(421)) => Means::Server,
        // RFC 4954 §6: what is missing is the login.
        (Stage::Recipient, Some(530 | 534 | 535 | 538)) => Means::Server,
        (Stage::Recipient | Stage::Content, _) if never => Means::Never,
        _ => Means::Again,
    }
}

/// What became of a letter's recipients.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    /// The server has the letter for them.
    pub(crate) taken: Vec<Address>,
    /// It will never take it for them.
    pub(crate) refused: Vec<(Address, Fault)>,
    /// It does not take it for them now.
    pub(crate) later: Vec<(Address, Fault)>,
}

/// Who carries letters to the server.
pub(crate) struct Carrier {
    server: Server,
    hello: Option<String>,
    patience: Duration,
    tls: TlsConnector,
}

/// The answer to a whole letter may take so many times as long.
const WHOLE: u32 = 10;

/// How long a server may take to say goodbye; the letter is delivered already.
const GOODBYE: Duration = Duration::from_secs(2);

impl Carrier {
    pub(crate) fn new(config: &Config, server: &Server) -> Result<Self, Error> {
        let (hello, patience) = (config.hello.clone(), config.timeout);
        Ok(Self { server: server.clone(), hello, patience, tls: connector(config)? })
    }

    /// Carries one letter. An error is about all recipients, and then none of them got it; or all of them may, where the line
    /// broke before the server's last answer.
    pub(crate) async fn carry(&self, from: &Address, to: &[Address], letter: &[u8]) -> Result<Carried, Fault> {
        let mut line = self.open().await?;
        let mail = Mail::new(Some(from.smtp()), Vec::new());
        self.ask(Stage::Sender, line.command(mail)).await?;
        let mut carried = Carried::default();
        for one in to {
            match self.ask(Stage::Recipient, line.command(Rcpt::new(one.smtp(), Vec::new()))).await {
                Ok(_) => carried.taken.push(one.clone()),
                Err(fault) if fault.means == Means::Server || fault.code.is_none() => return Err(fault),
                Err(fault) if fault.means == Means::Never => carried.refused.push((one.clone(), fault)),
                Err(fault) => carried.later.push((one.clone(), fault)),
            }
        }
        if !carried.taken.is_empty() {
            self.ask(Stage::Content, line.command(Data)).await?;
            let taken = timeout(self.patience * WHOLE, line.message(letter)).await;
            taken.map_err(|_| self.silent(Stage::Content))?.map_err(|fault| Fault::is(Stage::Content, &fault))?;
        }
        let _ = timeout(GOODBYE, line.command(Quit)).await;
        Ok(carried)
    }

    /// A line on which the exchange was let in.
    async fn open(&self) -> Result<AsyncSmtpConnection, Fault> {
        let Server { host, port, security, login } = &self.server;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let connected = timeout(self.patience, TcpStream::connect((host, *port))).await;
        let stream = connected.map_err(|_| self.silent(Stage::Connect))?.map_err(|fault| no_line(&fault))?;
        // A letter's end is a small packet behind a large one: it must not wait for the first's acknowledgement.
        stream.set_nodelay(true).map_err(|fault| no_line(&fault))?;
        let hello = self.hello(&stream);
        if login.is_some()
            && *security == Security::None
            && !stream.peer_addr().is_ok_and(|peer| peer.ip().is_loopback())
        {
            let text = "mail.host is not this machine after all, so the password was not sent in the clear";
            return Err(Fault::new(Stage::Login, Means::Server, text));
        }
        let line = match security {
            Security::None => Ok(Ok(Line::clear(stream))),
            Security::StartTls => {
                let said = hello.to_string();
                timeout(self.patience, Line::starttls(stream, &said, &self.server, &self.tls)).await
            }
            Security::Tls => timeout(self.patience, Line::tls(stream, &self.server, &self.tls)).await,
        };
        let line = line.map_err(|_| self.silent(Stage::Tls))?;
        let line = line.map_err(|fault| Fault::new(Stage::Tls, Means::Server, fault))?;
        let greeted = AsyncSmtpConnection::connect_with_transport(Box::new(line), &hello);
        let greeted = timeout(self.patience, greeted).await.map_err(|_| self.silent(Stage::Connect))?;
        let mut line = greeted.map_err(|fault| Fault::is(Stage::Connect, &fault))?;
        if let Some(Login { user, password }) = login {
            let login = Credentials::new(user.clone(), password.clone());
            self.ask(Stage::Login, line.auth(DEFAULT_MECHANISMS, &login)).await?;
        }
        Ok(line)
    }

    /// RFC 5321 §4.1.3: who has no name says his address.
    fn hello(&self, stream: &TcpStream) -> ClientId {
        let own = || stream.local_addr().map(|own| own.ip());
        match (&self.hello, own()) {
            (Some(name), _) => ClientId::Domain(name.clone()),
            (None, Ok(std::net::IpAddr::V4(own))) => ClientId::Ipv4(own),
            (None, Ok(std::net::IpAddr::V6(own))) => ClientId::Ipv6(own),
            (None, Err(_)) => ClientId::Domain("localhost".to_owned()),
        }
    }

    async fn ask(
        &self,
        stage: Stage,
        answer: impl Future<Output = Result<Response, lettre::transport::smtp::Error>>,
    ) -> Result<Response, Fault> {
        let answer = timeout(self.patience, answer).await.map_err(|_| self.silent(stage))?;
        answer.map_err(|fault| Fault::is(stage, &fault))
    }

    fn silent(&self, stage: Stage) -> Fault {
        Fault::new(stage, means(stage, None), format_args!("no answer within {:?}", self.patience))
    }
}

fn no_line(fault: &std::io::Error) -> Fault {
    Fault::new(Stage::Connect, Means::Server, fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_recipients_and_content_are_given_up_at_once() {
        for stage in Stage::ALL {
            let never = matches!(stage, Stage::Recipient | Stage::Content);
            assert_eq!(means(stage, Some(550)) == Means::Never, never, "{stage:?}");
            assert_ne!(means(stage, Some(451)), Means::Never, "{stage:?}");
            assert_ne!(means(stage, None), Means::Never, "{stage:?}");
            assert_eq!(means(stage, Some(421)), Means::Server, "{stage:?}");
        }
        assert_eq!(means(Stage::Login, Some(535)), Means::Server);
        assert_eq!(means(Stage::Recipient, Some(530)), Means::Server);
        assert_eq!(means(Stage::Sender, Some(553)), Means::Again);
    }
}
