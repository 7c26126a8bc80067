//! Digest authentication (RFC 3261 §22, RFC 7616, RFC 8760): the arithmetic, and nonces of our own.

mod nonce;

pub use nonce::{Nonces, Verdict};

use std::fmt::Write;

use md5::{Digest, Md5};
use sha2::{Sha256, Sha512_256};

use crate::auth::{Challenge, Credentials};
use crate::method::Method;

/// A hash algorithm (RFC 8760 §2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// Only for old phones.
    Md5,
    /// SHA-256.
    Sha256,
    /// SHA-512/256.
    Sha512_256,
}

impl Algorithm {
    /// As it stands in a header.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
            Self::Sha512_256 => "SHA-512-256",
        }
    }

    /// Reads the `algorithm` field: the algorithm, and whether it is the `-sess` form. None stands for MD5.
    #[must_use]
    pub fn parse(field: Option<&str>) -> Option<(Self, bool)> {
        let Some(text) = field else { return Some((Self::Md5, false)) };
        let (name, sess) = match text.len().checked_sub(5).and_then(|at| text.split_at_checked(at)) {
            Some((name, tail)) if tail.eq_ignore_ascii_case("-sess") => (name, true),
            _ => (text, false),
        };
        [Self::Md5, Self::Sha256, Self::Sha512_256]
            .into_iter()
            .find(|known| known.as_str().eq_ignore_ascii_case(name))
            .map(|known| (known, sess))
    }

    /// H of the parts with colons between.
    fn hash(self, parts: &[&[u8]]) -> Hash {
        fn digest<D: Digest>(parts: &[&[u8]]) -> Hash {
            let mut hash = D::new();
            for (at, part) in parts.iter().enumerate() {
                if at > 0 {
                    hash.update(b":");
                }
                hash.update(part);
            }
            Hash::new(&hash.finalize())
        }
        match self {
            Self::Md5 => digest::<Md5>(parts),
            Self::Sha256 => digest::<Sha256>(parts),
            Self::Sha512_256 => digest::<Sha512_256>(parts),
        }
    }

    /// The same as lower-case hex.
    fn hex(self, parts: &[&[u8]]) -> Hex {
        Hex::new(self.hash(parts).as_bytes())
    }
}

/// The longest of our hashes, in bytes.
const LONGEST: usize = 32;

/// A hash.
struct Hash {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Hash {
    fn new(hash: &[u8]) -> Self {
        let mut bytes = [0; LONGEST];
        bytes.iter_mut().zip(hash).for_each(|(to, from)| *to = *from);
        Self { bytes, length: hash.len().min(LONGEST) }
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// A hash, or part of one, in lower-case hex.
struct Hex {
    digits: [u8; 2 * LONGEST],
    length: usize,
}

impl Hex {
    /// Of at most [`LONGEST`] bytes.
    fn new(bytes: &[u8]) -> Self {
        let digit = |half: u8| if half < 10 { b'0' + half } else { b'a' + half - 10 };
        let mut digits = [0; 2 * LONGEST];
        for (two, byte) in digits.chunks_exact_mut(2).zip(bytes) {
            if let [high, low] = two {
                (*high, *low) = (digit(byte >> 4), digit(byte & 15));
            }
        }
        Self { digits, length: 2 * bytes.len().min(LONGEST) }
    }

    fn as_bytes(&self) -> &[u8] {
        self.digits.get(..self.length).unwrap_or_default()
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

/// H(user ":" realm ":" password): 16 bytes for MD5, else 32. All that is to be kept of a password.
#[must_use]
pub fn ha1(algorithm: Algorithm, user: &str, realm: &str, password: &str) -> Vec<u8> {
    algorithm.hash(&[user.as_bytes(), realm.as_bytes(), password.as_bytes()]).as_bytes().to_vec()
}

/// The response that credentials must carry (RFC 7616 §3.4.1), as hex.
fn expected(
    algorithm: Algorithm,
    sess: bool,
    ha1: &[u8],
    method: Method<'_>,
    credentials: &Credentials<'_>,
    body: &[u8],
) -> Option<Hex> {
    let qop = credentials.qop.as_deref()?;
    let (nc, cnonce) = (credentials.nc_text?, credentials.cnonce.as_deref()?);
    let (nonce, method) = (credentials.nonce.as_bytes(), method.as_str().as_bytes());
    let mut secret = Hex::new(ha1);
    if sess {
        secret = algorithm.hex(&[secret.as_bytes(), nonce, cnonce.as_bytes()]);
    }
    let uri = credentials.uri.as_bytes();
    let request = if qop.eq_ignore_ascii_case("auth") {
        algorithm.hex(&[method, uri])
    } else if qop.eq_ignore_ascii_case("auth-int") {
        algorithm.hex(&[method, uri, algorithm.hex(&[body]).as_bytes()])
    } else {
        return None;
    };
    Some(algorithm.hex(&[
        secret.as_bytes(),
        nonce,
        nc.as_bytes(),
        cnonce.as_bytes(),
        qop.as_bytes(),
        request.as_bytes(),
    ]))
}

/// Do the credentials prove knowledge of the password behind `ha1`? Takes the same time whether they do or not. Without
/// a quality of protection (RFC 2069) they never do.
#[must_use]
pub fn verify(ha1: &[u8], method: Method<'_>, credentials: &Credentials<'_>, body: &[u8]) -> bool {
    let Some((algorithm, sess)) = Algorithm::parse(credentials.algorithm.as_deref()) else { return false };
    let Some(expected) = expected(algorithm, sess, ha1, method, credentials, body) else { return false };
    same(expected.as_bytes(), credentials.response.bytes().map(|digit| digit.to_ascii_lowercase()))
}

/// Compares without stopping at the first difference.
fn same(known: &[u8], claimed: impl ExactSizeIterator<Item = u8>) -> bool {
    known.len() == claimed.len() && known.iter().zip(claimed).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

/// The value of a challenge row (RFC 7616 §3.3).
#[must_use]
pub fn challenge(realm: &str, nonce: &str, algorithm: Algorithm, stale: bool) -> String {
    let stale = if stale { ", stale=true" } else { "" };
    format!(
        "Digest realm=\"{}\", nonce=\"{nonce}\", algorithm={}, qop=\"auth\"{stale}",
        escaped(realm),
        algorithm.as_str()
    )
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// The client's side: the value of `Authorization` that answers a challenge with quality of protection `auth`; `None`
/// for an algorithm that is not known or a challenge without `auth`.
#[must_use]
pub fn answer(
    challenge: &Challenge<'_>,
    user: &str,
    password: &str,
    method: Method<'_>,
    uri: &str,
    cnonce: &str,
    nc: u32,
) -> Option<String> {
    let (algorithm, _) = Algorithm::parse(challenge.algorithm.as_deref())?;
    challenge.qop.as_ref()?;
    let secret = ha1(algorithm, user, &challenge.realm, password);
    prove(challenge, user, &secret, &Proven { method, uri, body: b"" }, cnonce, nc)
}

/// What a client's response is for.
#[derive(Debug, Clone, Copy)]
pub struct Proven<'a> {
    /// The method of the request.
    pub method: Method<'a>,
    /// Its Request-URI.
    pub uri: &'a str,
    /// Its body.
    pub body: &'a [u8],
}

/// The same from what is kept of a password, and with what carriers still ask for: `auth`, else `auth-int`, else no
/// quality of protection at all (RFC 2069, which RFC 3261 §22.4 point 8 has clients take).
#[must_use]
pub fn prove(
    challenge: &Challenge<'_>,
    user: &str,
    ha1: &[u8],
    request: &Proven<'_>,
    cnonce: &str,
    nc: u32,
) -> Option<String> {
    let (algorithm, sess) = Algorithm::parse(challenge.algorithm.as_deref())?;
    let offers =
        |wanted| challenge.qop.as_deref()?.split(',').map(str::trim).find(|qop| qop.eq_ignore_ascii_case(wanted));
    let qop = match &challenge.qop {
        Some(_) => Some(if offers("auth").is_some() { "auth" } else { offers("auth-int").map(|_| "auth-int")? }),
        None => None,
    };
    let nc = format!("{nc:08x}");
    let credentials = Credentials {
        username: user.into(),
        realm: challenge.realm.clone(),
        nonce: challenge.nonce.clone(),
        uri: request.uri.into(),
        response: "".into(),
        algorithm: challenge.algorithm.clone(),
        cnonce: Some(cnonce.into()),
        opaque: challenge.opaque.clone(),
        qop: qop.map(Into::into),
        nc: None,
        nc_text: Some(&nc),
    };
    let response = match qop {
        Some(_) => expected(algorithm, sess, ha1, request.method, &credentials, request.body)?,
        // A session key is made with a client's nonce, which has no place here.
        None if sess => return None,
        None => {
            let asked = algorithm.hex(&[request.method.as_str().as_bytes(), request.uri.as_bytes()]);
            algorithm.hex(&[Hex::new(ha1).as_bytes(), challenge.nonce.as_bytes(), asked.as_bytes()])
        }
    };
    let mut text = format!(
        "Digest username=\"{}\", realm=\"{}\", nonce=\"{}\", uri=\"{}\", response=\"{}\"",
        escaped(user),
        escaped(&challenge.realm),
        escaped(&challenge.nonce),
        escaped(request.uri),
        response.as_str()
    );
    if let Some(qop) = qop {
        let _ = write!(text, ", cnonce=\"{cnonce}\", qop={qop}, nc={nc}");
    }
    if let Some(algorithm) = &challenge.algorithm {
        let _ = write!(text, ", algorithm={algorithm}");
    }
    if let Some(opaque) = &challenge.opaque {
        let _ = write!(text, ", opaque=\"{}\"", escaped(opaque));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7616 §3.9.1, both algorithms.
    #[test]
    fn the_examples_of_rfc_7616_come_out() {
        let row = |algorithm: &str, response: &str| {
            format!(
                "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", algorithm={algorithm}, \
                 nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", \
                 qop=auth, response=\"{response}\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
            )
        };
        let cases = [
            (Algorithm::Md5, row("MD5", "8ca523f5e9506fed4657c9700eebdbec")),
            (Algorithm::Sha256, row("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1")),
        ];
        for (algorithm, row) in cases {
            let credentials = Credentials::parse(&row).unwrap();
            let secret = ha1(algorithm, "Mufasa", "http-auth@example.org", "Circle of Life");
            assert!(verify(&secret, Method::Other("GET"), &credentials, b""), "{algorithm:?}");
            assert!(!verify(&secret, Method::Other("PUT"), &credentials, b""), "{algorithm:?}");
        }
    }

    #[test]
    fn what_the_client_answers_the_server_takes() {
        for algorithm in [Algorithm::Md5, Algorithm::Sha256, Algorithm::Sha512_256] {
            let row = challenge("a \"b\"", "n", algorithm, false);
            let parsed = Challenge::parse(&row).unwrap();
            let answer = answer(&parsed, "bob", "zanzibar", Method::Register, "sip:biloxi.com", "c", 10).unwrap();
            let credentials = Credentials::parse(&answer).unwrap();
            assert_eq!(credentials.nc, Some(10));
            assert!(verify(&ha1(algorithm, "bob", "a \"b\"", "zanzibar"), Method::Register, &credentials, b""));
            assert!(!verify(&ha1(algorithm, "bob", "a \"b\"", "Zanzibar"), Method::Register, &credentials, b""));
        }
    }

    /// RFC 2617 §3.5's user, by RFC 2069 §2.4 with its erratum; and with the body.
    #[test]
    fn what_old_and_strict_servers_ask_for_is_proven_too() {
        let proven = Proven { method: Method::Other("GET"), uri: "/dir/index.html", body: b"" };
        let row = "Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"";
        let secret = ha1(Algorithm::Md5, "Mufasa", "testrealm@host.com", "CircleOfLife");
        let text = prove(&Challenge::parse(row).unwrap(), "Mufasa", &secret, &proven, "c", 1).unwrap();
        assert!(text.contains("response=\"1949323746fe6a43ef61f9606e7febea\"") && !text.contains("qop"), "{text}");
        let row = "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\", algorithm=SHA-256-sess";
        let secret = ha1(Algorithm::Sha256, "u", "r", "p");
        let proven = Proven { method: Method::Invite, uri: "sip:h", body: b"v=0" };
        let text = prove(&Challenge::parse(row).unwrap(), "u", &secret, &proven, "c", 2).unwrap();
        let credentials = Credentials::parse(&text).unwrap();
        assert!(
            verify(&secret, Method::Invite, &credentials, b"v=0")
                && !verify(&secret, Method::Invite, &credentials, b"v=1")
        );
        for unknown in ["algorithm=SHA-1", "qop=\"token\"", "algorithm=MD5-sess"] {
            let row = format!("Digest realm=\"r\", nonce=\"n\", {unknown}");
            assert_eq!(prove(&Challenge::parse(&row).unwrap(), "u", &secret, &proven, "c", 1), None, "{unknown}");
        }
    }

    #[test]
    fn credentials_without_quality_of_protection_prove_nothing() {
        let row = "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"sip:r\", response=\"0\"";
        assert!(!verify(&[0; 16], Method::Register, &Credentials::parse(row).unwrap(), b""));
    }

    #[test]
    fn a_field_that_stands_twice_means_nothing() {
        assert!(
            Credentials::parse(
                "Digest username=\"a\", username=\"b\", realm=\"r\", nonce=\"n\", uri=\"u\", response=\"0\""
            )
            .is_none()
        );
    }
}
