//! Whether a peer is who we mean: its chain up to an authority of ours, and its names.

use std::net::IpAddr;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, RootCertStore, SignatureScheme,
};
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter, KeyUsage, RequiredEkuNotFoundContext};

use super::names;

/// RFC 5280 §4.2.1.12, RFC 5924 §3: what a certificate may be used for.
const SERVER: &[usize] = &[1, 3, 6, 1, 5, 5, 7, 3, 1];
const CLIENT: &[usize] = &[1, 3, 6, 1, 5, 5, 7, 3, 2];
const SIP_DOMAIN: &[usize] = &[1, 3, 6, 1, 5, 5, 7, 3, 20];
const ANYTHING: &[usize] = &[2, 5, 29, 37, 0];

/// What all verification needs.
#[derive(Debug, Clone)]
pub(super) struct Judge {
    pub(super) authorities: Arc<RootCertStore>,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

/// In which part a certificate is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// By a server. One for clients alone will not do.
    Server,
    /// By a client. A SIP domain is both in turns, and authorities have ceased to sign for clients: either will do.
    Client,
}

impl ExtendedKeyUsageValidator for Part {
    fn validate(&self, uses: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        let mut present = Vec::new();
        for id in uses {
            let id = id?.to_decoded_oid();
            let fits = [SERVER, SIP_DOMAIN, ANYTHING].contains(&id.as_slice());
            if fits || (*self == Self::Client && id == CLIENT) {
                return Ok(());
            }
            present.push(id);
        }
        // Without any it may be used for everything.
        if present.is_empty() {
            return Ok(());
        }
        let required = if *self == Self::Server { KeyUsage::server_auth() } else { KeyUsage::client_auth() };
        let missing = RequiredEkuNotFoundContext { required, present };
        Err(webpki::Error::RequiredEkuNotFoundContext(missing))
    }
}

impl Judge {
    /// One of our authorities stands for it, now, and for this use.
    pub(super) fn chain(
        &self,
        part: Part,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let algorithms = self.algorithms.all;
        let certificate = EndEntityCert::try_from(certificate).map_err(fault)?;
        certificate
            .verify_for_usage(algorithms, &self.authorities.roots, between, now, part, None, None)
            .map(drop)
            .map_err(fault)
    }
}

fn fault(error: webpki::Error) -> Error {
    Error::InvalidCertificate(match error {
        webpki::Error::BadDer | webpki::Error::BadDerTime | webpki::Error::TrailingData(_) => {
            CertificateError::BadEncoding
        }
        webpki::Error::CertExpired { .. } | webpki::Error::InvalidCertValidity => CertificateError::Expired,
        webpki::Error::CertNotValidYet { .. } => CertificateError::NotValidYet,
        webpki::Error::UnknownIssuer => CertificateError::UnknownIssuer,
        webpki::Error::RequiredEkuNotFoundContext(_) => CertificateError::InvalidPurpose,
        other => CertificateError::Other(OtherError(Arc::new(other))),
    })
}

/// Verifies a server that we have called (RFC 5922 §7.3): it is one of these hosts, or is signed for its address.
#[derive(Debug)]
pub(super) struct Called {
    pub(super) judge: Judge,
    pub(super) hosts: Vec<String>,
    pub(super) address: IpAddr,
    pub(super) wildcards: bool,
}

impl Called {
    fn is_meant(&self, certificate: &CertificateDer<'_>) -> bool {
        let domains = names::domains(certificate);
        let one = |host: &String| domains.iter().any(|domain| names::fits(domain, host, self.wildcards));
        let address = ServerName::IpAddress(self.address.into());
        let itself = |parsed: EndEntityCert<'_>| parsed.verify_is_valid_for_subject_name(&address).is_ok();
        self.hosts.iter().any(one) || EndEntityCert::try_from(certificate).is_ok_and(itself)
    }
}

impl ServerCertVerifier for Called {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.judge.chain(Part::Server, end_entity, intermediates, now)?;
        if !self.is_meant(end_entity) {
            return Err(Error::InvalidCertificate(CertificateError::NotValidForName));
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.judge.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.judge.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.algorithms.supported_schemes()
    }
}

/// Asks clients for certificates. Many phones show one of their maker, whom nobody here knows: they are served as those are
/// that show none (RFC 8446 §4.4.2.4). That a client has the key of what it shows is proven here; whom that names is judged
/// when the hand-shake is over.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) judge: Judge,
    /// Said to clients, so that they choose well; nothing where our authorities are the whole world's.
    pub(super) hints: Vec<DistinguishedName>,
}

impl ClientCertVerifier for Asked {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.judge.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.judge.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.algorithms.supported_schemes()
    }
}
