//! The SIP domains that a certificate is for (RFC 5922 §7.1), and which of them is meant (§7.2).

use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

/// The domains: hosts of SIP URIs without a user; where there are none, DNS names. In lower case. A subject alone, without
/// alternative names, names nobody: it may, and no authority makes such certificates any more.
pub(super) fn domains(certificate: &CertificateDer<'_>) -> Vec<String> {
    let Ok(certificate) = EndEntityCert::try_from(certificate) else { return Vec::new() };
    let uris: Vec<String> = certificate.valid_uri_names().filter_map(domain_of).collect();
    if uris.is_empty() { certificate.valid_dns_names().map(plain).collect() } else { uris }
}

/// Only of the scheme `sip`, and a user there means a person, not a domain.
fn domain_of(uri: &str) -> Option<String> {
    let uri = sip::Uri::parse(uri).ok()?;
    let domain = uri.scheme() == sip::Scheme::Sip && uri.user().is_none();
    domain.then(|| plain(uri.host_str()))
}

/// §7.2: as DNS names, in whole. A wildcard stands for one label, and only where it is permitted to stand for anything.
pub(super) fn fits(domain: &str, host: &str, wildcards: bool) -> bool {
    let (domain, host) = (plain(domain), plain(host));
    let wild = || {
        let (label, rest) = host.split_once('.')?;
        Some(wildcards && !label.is_empty() && domain.strip_prefix("*.")? == rest)
    };
    !host.is_empty() && !host.contains('*') && (domain == host || wild().unwrap_or(false))
}

fn plain(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, SanType};

    use super::*;

    fn certificate(uris: &[&str], names: &[&str]) -> CertificateDer<'static> {
        let mut params =
            CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).expect("names");
        params.subject_alt_names.extend(uris.iter().map(|uri| SanType::URI((*uri).try_into().expect("a URI"))));
        let key = KeyPair::generate().expect("a key");
        params.self_signed(&key).expect("a certificate").der().clone()
    }

    #[test]
    fn sip_uris_without_a_user_count_and_dns_names_only_where_there_are_none() {
        let both = certificate(&["SIP:Carrier.example", "sip:alice@phones.example"], &["www.example"]);
        assert_eq!(domains(&both), ["carrier.example"]);
        let none = certificate(&["https://web.example", "sips:secure.example", "sip:bob@x.example"], &["Www.Example"]);
        assert_eq!(domains(&none), ["www.example"]);
        assert_eq!(domains(&certificate(&["sip:edge.example:5061;transport=tls"], &[])), ["edge.example"]);
        assert_eq!(domains(&certificate(&[], &[])), Vec::<String>::new());
        assert_eq!(domains(&CertificateDer::from(vec![0x30, 0x82, 0xff, 0xff, 0x02])), Vec::<String>::new());
    }

    #[test]
    fn a_domain_is_compared_as_a_whole_and_in_any_case() {
        assert!(fits("carrier.example", "Carrier.Example.", false));
        for other in ["", "example", "sip.carrier.example", "acarrier.example", "carrier.example.org", "*"] {
            assert!(!fits("carrier.example", other, true), "{other}");
        }
    }

    #[test]
    fn a_wildcard_is_nothing_unless_it_was_permitted_and_then_one_label() {
        assert!(!fits("*.carrier.example", "sip.carrier.example", false));
        assert!(fits("*.carrier.example", "sip.carrier.example", true));
        for other in ["carrier.example", "a.b.carrier.example", ".carrier.example.", "*.carrier.example"] {
            assert!(!fits("*.carrier.example", other, true), "{other}");
        }
        assert!(!fits("*", "carrier", true) && !fits("*.", "carrier.", true));
    }
}
