//! Our certificate, its key, and whom we believe: as the files say, which may change at any time.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::NoClientAuth;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{RootCertStore, ServerConfig};

use super::Config;
use super::judge::{Asked, Judge};

/// What TLS is done with.
#[derive(Debug)]
pub(super) struct Papers {
    /// For those who connect to us.
    pub(super) server: Arc<ServerConfig>,
    /// Who we are.
    pub(super) own: Arc<CertifiedKey>,
    pub(super) judge: Judge,
}

/// What tells one state of a file from another.
type File = (u64, u64, u64, i64, i64, i64, i64);

/// The state of all files; `None` for one that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp(Vec<Option<File>>);

impl Stamp {
    pub(super) fn of(config: &Config) -> Self {
        let state = |file: &PathBuf| {
            let known = fs::metadata(file).ok()?;
            let changed = (known.mtime(), known.mtime_nsec(), known.ctime(), known.ctime_nsec());
            Some((known.dev(), known.ino(), known.size(), changed.0, changed.1, changed.2, changed.3))
        };
        let files = [Some(&config.certificate), Some(&config.key), config.authorities.as_ref()];
        Self(files.into_iter().flatten().map(state).collect())
    }
}

impl Papers {
    /// Reads all files anew.
    pub(super) fn read(config: &Config, provider: &Arc<CryptoProvider>) -> Result<Self> {
        let own = Arc::new(own(config, provider)?);
        let (authorities, hints) = match &config.authorities {
            Some(file) => {
                let store = authorities(file)?;
                let hints = store.subjects();
                (store, hints)
            }
            // The names of all the world's authorities would not even fit into some phones.
            None => (systems_authorities(), Vec::new()),
        };
        let algorithms = provider.signature_verification_algorithms;
        let judge = Judge { authorities: Arc::new(authorities), algorithms };
        let asked = Asked { judge: judge.clone(), hints };
        let server = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .context("TLS")?
            .with_client_cert_verifier(if config.ask_clients { Arc::new(asked) } else { Arc::new(NoClientAuth) })
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(own.clone())));
        Ok(Self { server: Arc::new(server), own, judge })
    }
}

fn own(config: &Config, provider: &CryptoProvider) -> Result<CertifiedKey> {
    let Config { certificate, key, .. } = config;
    let chain = certificates("tls.certificate", certificate)?;
    let key = PrivateKeyDer::from_pem_slice(&read("tls.key", key)?)
        .with_context(|| format!("tls.key: {} holds no private key in PEM that can be read", config.key.display()))?;
    CertifiedKey::from_der(chain, key, provider).with_context(|| {
        format!("tls.key: {} is not the key of tls.certificate, {}", config.key.display(), certificate.display())
    })
}

fn authorities(file: &Path) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    for certificate in certificates("tls.authorities", file)? {
        let told = || format!("tls.authorities: {} holds a certificate that cannot be read", file.display());
        store.add(certificate).with_context(told)?;
    }
    Ok(store)
}

/// Those that the system believes. Without any, no peer is believed: that is told, and hinders nobody else.
fn systems_authorities() -> RootCertStore {
    let mut store = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (added, _) = store.add_parsable_certificates(found.certs);
    if added == 0 {
        tracing::warn!(
            "the system has no certificates of authorities (Debian: ca-certificates), and tls.authorities is empty: no server's certificate will be believed"
        );
    }
    store
}

fn certificates(setting: &str, file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let text = read(setting, file)?;
    let all = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    let all = all.with_context(|| format!("{setting}: {} is no PEM", file.display()))?;
    if all.is_empty() {
        bail!("{setting}: {} holds no certificate in PEM", file.display());
    }
    Ok(all)
}

fn read(setting: &str, file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| {
        format!("{setting}: {} cannot be read; is it there, and may this user read it?", file.display())
    })
}
