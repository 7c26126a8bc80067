//! The line to the server: TCP, and TLS where the settings say so.
//!
//! | security | what is said in the clear |
//! |---|---|
//! | `none` | everything |
//! | `starttls` | the server's greeting, EHLO, STARTTLS and their answers; nothing of it is believed (RFC 3207 §4.2) |
//! | `tls` | nothing |
//!
//! STARTTLS is ours and not lettre's, so that nothing counts that somebody on the way said between the server's `220` and the
//! first encrypted byte.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::config::{Config, Server, setting};
use crate::error::Error;

/// The most that a server may say before TLS.
const MOST: usize = 16 * 1024;

/// After STARTTLS a server does not greet again; lettre waits for a greeting on every line.
const GREETING: &[u8] = b"220 encrypted\r\n";

/// A line over which letters go.
#[derive(Debug)]
pub(crate) struct Line {
    /// What is read before anything of the server's.
    greeting: &'static [u8],
    wire: Wire,
}

#[derive(Debug)]
enum Wire {
    Clear(TcpStream),
    Encrypted(Box<TlsStream<TcpStream>>),
}

/// Why there is no encrypted line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoTls {
    #[error("the server does not offer STARTTLS, so nothing was sent; mail.security = tls may be what it wants")]
    NotOffered,
    #[error("before TLS the server said {0:?}")]
    Refused(String),
    #[error("more came than was asked for before TLS: somebody may be on the line")]
    TooMuch,
    #[error("{0}")]
    Line(#[from] io::Error),
}

impl Line {
    pub(crate) fn clear(stream: TcpStream) -> Self {
        Self { greeting: b"", wire: Wire::Clear(stream) }
    }

    /// TLS from the first byte.
    pub(crate) async fn tls(stream: TcpStream, server: &Server, tls: &TlsConnector) -> Result<Self, NoTls> {
        let stream = shake_hands(stream, server, tls).await?;
        Ok(Self { greeting: b"", wire: Wire::Encrypted(Box::new(stream)) })
    }

    /// TLS after STARTTLS. A server that does not offer it gets nothing.
    pub(crate) async fn starttls(
        mut stream: TcpStream,
        hello: &str,
        server: &Server,
        tls: &TlsConnector,
    ) -> Result<Self, NoTls> {
        expect(answer(&mut stream).await?, "220")?;
        stream.write_all(format!("EHLO {hello}\r\n").as_bytes()).await?;
        let offer = expect(answer(&mut stream).await?, "250")?;
        let offered =
            offer.lines().any(|line| line.get(4..).is_some_and(|word| word.trim().eq_ignore_ascii_case("STARTTLS")));
        if !offered {
            return Err(NoTls::NotOffered);
        }
        stream.write_all(b"STARTTLS\r\n").await?;
        expect(answer(&mut stream).await?, "220")?;
        let stream = shake_hands(stream, server, tls).await?;
        Ok(Self { greeting: GREETING, wire: Wire::Encrypted(Box::new(stream)) })
    }
}

async fn shake_hands(stream: TcpStream, server: &Server, tls: &TlsConnector) -> io::Result<TlsStream<TcpStream>> {
    let host = server.host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(host).map_err(io::Error::other)?;
    tls.connect(name, stream).await
}

fn expect(answer: String, code: &str) -> Result<String, NoTls> {
    if answer.starts_with(code) { Ok(answer) } else { Err(NoTls::Refused(crate::clean::line(&answer))) }
}

/// One answer of the server: lines with `-` behind the code, then one without. Nothing may come behind it, since nothing else
/// was asked.
async fn answer(stream: &mut TcpStream) -> Result<String, NoTls> {
    let mut said = Vec::new();
    loop {
        if stream.read_buf(&mut said).await? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        if said.len() > MOST {
            return Err(NoTls::TooMuch);
        }
        let text = String::from_utf8_lossy(&said);
        let mut lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        let last = |line: &str| line.as_bytes().get(3) != Some(&b'-');
        if lines.any(last) {
            let ends_with_it = lines.next().is_none() && text.ends_with('\n');
            return if ends_with_it { Ok(text.into_owned()) } else { Err(NoTls::TooMuch) };
        }
    }
}

/// What encrypts, with ring, and whose certificates are believed.
pub(crate) fn connector(config: &Config) -> Result<TlsConnector, Error> {
    let roots = match &config.authorities {
        Some(file) => authorities(file)?,
        None => systems_authorities(),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|fault| setting("mail.security", "tls", &fault.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(tls)))
}

fn authorities(file: &Path) -> Result<RootCertStore, Error> {
    let told = |cure: &str| setting("mail.authorities", &file.display().to_string(), cure);
    let text = std::fs::read(file).map_err(|_| told("cannot be read; is it there, and may this user read it?"))?;
    let all = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    let mut store = RootCertStore::empty();
    for certificate in all.map_err(|_| told("must be certificates in PEM"))? {
        store.add(certificate).map_err(|_| told("holds a certificate that cannot be read"))?;
    }
    if store.is_empty() { Err(told("holds no certificate in PEM")) } else { Ok(store) }
}

/// Those that the system believes. Without any, no server is believed, and no letter is lost by it.
fn systems_authorities() -> RootCertStore {
    let mut store = RootCertStore::empty();
    let (added, _) = store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if added == 0 {
        tracing::warn!(
            "the system has no certificates of authorities (Debian: ca-certificates), and mail.authorities is empty: no mail server's certificate will be believed"
        );
    }
    store
}

impl AsyncTokioStream for Line {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        match &self.wire {
            Wire::Clear(stream) => stream.peer_addr(),
            Wire::Encrypted(stream) => stream.get_ref().0.peer_addr(),
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let (now, later) = self.greeting.split_at(self.greeting.len().min(buf.remaining()));
        if !now.is_empty() {
            buf.put_slice(now);
            self.greeting = later;
            return Poll::Ready(Ok(()));
        }
        match &mut self.wire {
            Wire::Clear(stream) => Pin::new(stream).poll_read(cx, buf),
            Wire::Encrypted(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.wire {
            Wire::Clear(stream) => Pin::new(stream).poll_write(cx, buf),
            Wire::Encrypted(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.wire {
            Wire::Clear(stream) => Pin::new(stream).poll_flush(cx),
            Wire::Encrypted(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = match &mut self.wire {
            Wire::Clear(stream) => Pin::new(stream).poll_shutdown(cx),
            Wire::Encrypted(stream) => Pin::new(stream).poll_shutdown(cx),
        };
        // Who hung up before us is no fault.
        Poll::Ready(ready!(shut).or(Ok(())))
    }
}
