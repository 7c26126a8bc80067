//! Certificates of the tests, and an authority that signs them. The unit tests of TLS use it too.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType,
};

/// Somebody who signs certificates.
#[derive(Debug)]
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
#[derive(Debug, Clone)]
pub(crate) struct Papers {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// What a certificate says.
#[derive(Debug)]
pub(crate) struct Words(CertificateParams);

impl Words {
    /// It is for these: DNS names, addresses, and URIs as `sip:carrier.example`; for ten years around now, and for every use.
    pub(crate) fn of(names: &[&str]) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "somebody of a test");
        params.subject_alt_names = names.iter().map(|name| subject(name)).collect();
        (params.not_before, params.not_after) = (rcgen::date_time_ymd(2020, 1, 1), rcgen::date_time_ymd(2100, 1, 1));
        Self(params)
    }

    /// It was good until some years ago.
    pub(crate) fn expired(mut self) -> Self {
        self.0.not_after = rcgen::date_time_ymd(2021, 1, 1);
        self
    }

    /// It will be good in some years.
    pub(crate) fn of_the_future(mut self) -> Self {
        self.0.not_before = rcgen::date_time_ymd(2099, 1, 1);
        self
    }

    /// It may be used for this; each time that it is said, for one thing more.
    pub(crate) fn for_use(mut self, purpose: ExtendedKeyUsagePurpose) -> Self {
        self.0.extended_key_usages.push(purpose);
        self
    }

    /// Signed by nobody but itself.
    pub(crate) fn signed_by_itself(self) -> Papers {
        let key = KeyPair::generate().expect("a key");
        let certificate = self.0.self_signed(&key).expect("a certificate");
        Papers { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

impl Authority {
    /// A new one.
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "an authority of a test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    /// Signs a certificate for these names.
    pub(crate) fn signs(&self, names: &[&str]) -> Papers {
        self.signs_words(&Words::of(names))
    }

    /// Signs what stands in it.
    pub(crate) fn signs_words(&self, words: &Words) -> Papers {
        let key = KeyPair::generate().expect("a key");
        let certificate = words.0.signed_by(&key, &self.0).expect("a certificate");
        Papers { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    /// Its own certificate, for those who believe it.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }
}

impl Papers {
    /// Writes them where the exchange's settings name them: `NAME.pem` and `NAME.key`.
    pub(crate) fn write(&self, folder: &Path, name: &str) -> (PathBuf, PathBuf) {
        let files = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
        std::fs::write(&files.0, &self.certificate).expect("a certificate");
        std::fs::write(&files.1, &self.key).expect("a key");
        files
    }
}

fn subject(name: &str) -> SanType {
    if name.contains(':') && name.parse::<std::net::IpAddr>().is_err() {
        return SanType::URI(name.try_into().expect("a URI"));
    }
    match name.parse() {
        Ok(ip) => SanType::IpAddress(ip),
        Err(_) => SanType::DnsName(name.try_into().expect("a name")),
    }
}
