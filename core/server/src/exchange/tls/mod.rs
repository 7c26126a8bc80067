//! TLS (RFC 3261 §26.2): who we are, whom we believe, and the hand-shake.
//!
//! | | what is shown | what is checked |
//! |---|---|---|
//! | a peer connects to us | our certificate | the peer's, where one is asked for and shown: what it names is vouched for |
//! | we connect to a peer | our certificate, where it is asked for | the peer's: without one for the host that we mean, there is no connection |
//!
//! Files are looked at whenever a connection begins: what has changed counts for it and all later ones. What cannot be used
//! is told once, and what was there before stays in use.

mod judge;
mod names;
mod papers;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::SingleCertAndKey;
use rustls::{CertificateError, ClientConfig};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

use self::judge::{Called, Part};
use self::papers::{Papers, Stamp};

/// A hand-shake takes no longer.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// The same server is told of in the log no more often.
const QUIET: Duration = Duration::from_secs(60);

/// The settings of TLS.
#[derive(Debug, Clone, Default)]
pub(crate) struct Config {
    /// Our certificate, and those between it and its authority, in PEM.
    pub(crate) certificate: PathBuf,
    /// Its key, in PEM.
    pub(crate) key: PathBuf,
    /// Whom we believe, in PEM; those that the system believes when `None`.
    pub(crate) authorities: Option<PathBuf>,
    /// Clients are asked for a certificate.
    pub(crate) ask_clients: bool,
    /// `*.carrier.example` is also `sip.carrier.example`, against RFC 5922 §7.2.
    pub(crate) wildcards: bool,
}

/// TLS for all connections.
#[derive(Debug)]
pub(crate) struct Tls {
    config: Config,
    provider: Arc<CryptoProvider>,
    held: Mutex<(Stamp, Arc<Papers>)>,
    /// Which server was last told of in the log, and when: a trunk that is called often is not told of each time.
    told: Mutex<Option<(SocketAddr, Instant)>>,
}

/// A connection whose hand-shake is done, and the domains that its peer has proven to be.
pub(super) type Secured = (TlsStream<TcpStream>, Vec<String>);

impl Tls {
    /// Reads the files, which must be usable at the start.
    pub(crate) fn open(config: Config) -> Result<Arc<Self>> {
        let provider = Arc::new(ring::default_provider());
        let held = (Stamp::of(&config), Arc::new(Papers::read(&config, &provider)?));
        Ok(Arc::new(Self { config, provider, held: Mutex::new(held), told: Mutex::default() }))
    }

    /// What counts now.
    fn papers(&self) -> Arc<Papers> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = Stamp::of(&self.config);
        if held.0 != stamp {
            // It is not tried again before something changes again: a certificate and its key do not change at once.
            held.0 = stamp;
            match Papers::read(&self.config, &self.provider) {
                Ok(papers) => {
                    held.1 = Arc::new(papers);
                    tracing::info!("the TLS certificate and its authorities are read anew: new connections use them");
                }
                Err(error) => {
                    metrics::counter!("strowger_tls_reload_failures_total").increment(1);
                    let error = format!("{error:#}");
                    tracing::error!(error, "changed TLS files cannot be used; those before stay in use");
                }
            }
        }
        held.1.clone()
    }

    /// Somebody has connected to us.
    pub(super) async fn accept(&self, stream: TcpStream) -> Option<Secured> {
        let papers = self.papers();
        let done = within(TlsAcceptor::from(papers.server.clone()).accept(stream)).await;
        count("in", &done);
        let stream = done.inspect_err(|error| tracing::debug!(why = words(error), "no TLS hand-shake")).ok()?;
        let shown = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let domains = proven(&papers, Part::Client, shown);
        Some((TlsStream::Server(stream), domains))
    }

    /// We have connected to somebody who is to be one of these hosts, or what it is signed to be at this address.
    pub(super) async fn connect(&self, stream: TcpStream, to: SocketAddr, hosts: Vec<String>) -> Option<Secured> {
        let papers = self.papers();
        // RFC 6066 §3, RFC 5922 §7.8: whom we mean, where one machine has many domains. An address is no such name.
        let named = hosts.iter().find_map(|host| ServerName::try_from(host.clone()).ok());
        let name = named.unwrap_or_else(|| ServerName::IpAddress(to.ip().into()));
        let judge = papers.judge.clone();
        let verifier = Called { judge, hosts, address: to.ip(), wildcards: self.config.wildcards };
        let builder = ClientConfig::builder_with_provider(self.provider.clone()).with_safe_default_protocol_versions();
        let mut config = builder
            .ok()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(papers.own.clone())));
        // What was verified once was verified for other hosts, and perhaps by other authorities.
        config.resumption = Resumption::disabled();
        let done = within(TlsConnector::from(Arc::new(config)).connect(name, stream)).await;
        count("out", &done);
        let stream = done.inspect_err(|error| self.tell(to, error)).ok()?;
        let shown = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let domains = proven(&papers, Part::Server, shown);
        Some((TlsStream::Client(stream), domains))
    }
}

impl Tls {
    fn tell(&self, remote: SocketAddr, error: &io::Error) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let why = words(error);
        if told.is_some_and(|(last, when)| last == remote && when.elapsed() < QUIET) {
            return tracing::debug!(%remote, why, "no TLS with a server");
        }
        *told = Some((remote, Instant::now()));
        tracing::warn!(%remote, why, "no TLS with a server");
    }
}

/// The domains of a certificate that an authority of ours stands for; none of one that it does not.
fn proven(papers: &Papers, part: Part, shown: &[CertificateDer<'static>]) -> Vec<String> {
    let [own, between @ ..] = shown else { return Vec::new() };
    if let Err(error) = papers.judge.chain(part, own, between, UnixTime::now()) {
        tracing::debug!(%error, "a certificate that proves nothing");
        return Vec::new();
    }
    let mut domains = names::domains(own);
    domains.retain(|domain| !domain.contains('*'));
    domains
}

async fn within<T>(shake: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(HANDSHAKE, shake).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

fn count<T>(direction: &'static str, done: &io::Result<T>) {
    let outcome = match done {
        Ok(_) => "done",
        Err(error) if error.kind() == io::ErrorKind::TimedOut => "late",
        Err(_) => "failed",
    };
    metrics::counter!("strowger_tls_handshakes_total", "direction" => direction, "outcome" => outcome).increment(1);
}

/// Why there is no TLS, without the names in a certificate.
fn words(error: &io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let Some(inner) = inner else { return error.to_string() };
    match inner {
        rustls::Error::InvalidCertificate(fault) => match fault {
            CertificateError::NotValidForName => "its certificate is for another host".to_owned(),
            CertificateError::UnknownIssuer => "nobody whom we believe has signed its certificate".to_owned(),
            CertificateError::Expired => "its certificate has expired".to_owned(),
            CertificateError::NotValidYet => "its certificate is not valid yet".to_owned(),
            CertificateError::InvalidPurpose => "its certificate is not for servers".to_owned(),
            other => format!("its certificate cannot be used: {other:?}"),
        },
        rustls::Error::AlertReceived(alert) => format!("it gave up: {alert:?}"),
        other => other.to_string(),
    }
}
