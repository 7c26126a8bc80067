//! Our credentials at a carrier (RFC 3261 §22.2, §22.3; RFC 7616 §3.4): given to its one realm, and to nobody else.

use sip::digest::{self, Algorithm, Proven};
use sip::{Challenge, Message, Name, Status};

use super::Login;

/// How often in a row a request is sent again for a challenge: once for the first, and for nonces that have become stale
/// meanwhile.
const TRIES: u8 = 3;

/// What is known of a carrier's challenge.
#[derive(Debug, Default)]
pub(crate) struct Proof {
    challenge: Option<Challenge<'static>>,
    /// 407: the answer goes into another header (§22.3).
    proxy: bool,
    /// How often its nonce was used.
    count: u32,
    /// Challenges since the last request that passed.
    tries: u8,
}

/// Why a challenge is not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unprovable {
    #[error("it asks who we are, and the trunk has no login; set one with --user, --realm and a password")]
    NoLogin,
    #[error("it asks for the realm `{theirs}`, and the login is for `{ours}`; if that is the carrier's, set --realm")]
    Realm { theirs: String, ours: String },
    #[error("it asks for a digest that is not known here")]
    Algorithm,
    #[error("it does not take our credentials; are the user and the password right?")]
    Refused,
}

impl Proof {
    /// A request was challenged (401, 407). `Ok`: sent again with [`row`](Self::row), it may pass.
    pub(crate) fn challenged(
        &mut self,
        login: Option<&Login>,
        response: &Message<'_>,
        status: Status,
    ) -> Result<(), Unprovable> {
        let login = login.ok_or(Unprovable::NoLogin)?;
        self.proxy = status == Status::PROXY_AUTHENTICATION_REQUIRED;
        let name = if self.proxy { Name::ProxyAuthenticate } else { Name::WwwAuthenticate };
        let known = |challenge: &Challenge<'_>| Algorithm::parse(challenge.algorithm.as_deref()).is_some();
        let ours: Vec<_> = response.challenges(name).filter(|challenge| *challenge.realm == *login.realm).collect();
        if ours.is_empty() {
            let theirs = response.challenges(name).next().map(|challenge| challenge.realm.chars().take(64).collect());
            return Err(match theirs {
                Some(theirs) => Unprovable::Realm { theirs, ours: login.realm.clone() },
                None => Unprovable::Algorithm,
            });
        }
        // RFC 8760 §2.4: the first row that is understood.
        let challenge = ours.into_iter().find(known).ok_or(Unprovable::Algorithm)?.into_owned();
        self.tries += 1;
        // The same again for credentials that it has seen: they are wrong, unless it says that the nonce was too old.
        if self.tries > TRIES || (self.tries > 1 && self.count > 0 && !challenge.stale) {
            self.forget();
            return Err(Unprovable::Refused);
        }
        (self.challenge, self.count) = (Some(challenge), 0);
        Ok(())
    }

    /// A request passed, or failed for another reason.
    pub(crate) fn passed(&mut self) {
        self.tries = 0;
    }

    /// The carrier is asked anew, without credentials.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    /// The row that proves a request; `None` while nobody has asked for it.
    pub(crate) fn row(&mut self, login: Option<&Login>, request: &Proven<'_>, cnonce: &str) -> Option<(Name, String)> {
        let (login, challenge) = (login?, self.challenge.as_ref()?);
        let (algorithm, _) = Algorithm::parse(challenge.algorithm.as_deref())?;
        let ha1 = match algorithm {
            Algorithm::Md5 => &login.ha1.md5[..],
            Algorithm::Sha256 => &login.ha1.sha256[..],
            Algorithm::Sha512_256 => &login.ha1.sha512_256[..],
        };
        self.count += 1;
        let value = digest::prove(challenge, &login.user, ha1, request, cnonce, self.count)?;
        Some((if self.proxy { Name::ProxyAuthorization } else { Name::Authorization }, value))
    }
}

#[cfg(test)]
mod tests {
    use sip::Method;

    use super::*;
    use crate::ask::Ha1;

    fn login() -> Login {
        Login { user: "u".into(), realm: "carrier".into(), ha1: Ha1::of("u", "carrier", "secret") }
    }

    fn challenged(proof: &mut Proof, login: Option<&Login>, rows: &str) -> Result<(), Unprovable> {
        let text = format!(
            "SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:a>;tag=2\r\n\
             Call-ID: c\r\nCSeq: 1 REGISTER\r\n{rows}Content-Length: 0\r\n\r\n"
        );
        let message = sip::parse(text.as_bytes(), &sip::Limits::default()).expect("a response");
        proof.challenged(login, &message, Status::UNAUTHORIZED)
    }

    fn row(realm: &str, algorithm: &str, more: &str) -> String {
        format!(
            "WWW-Authenticate: Digest realm=\"{realm}\", nonce=\"n\", algorithm={algorithm}, qop=\"auth\"{more}\r\n"
        )
    }

    #[test]
    fn credentials_are_for_the_one_realm_alone() {
        let login = login();
        let mut proof = Proof::default();
        let proven = Proven { method: Method::Register, uri: "sip:carrier", body: b"" };
        let theirs = row("evil", "MD5", "");
        let realm = Unprovable::Realm { theirs: "evil".into(), ours: "carrier".into() };
        assert_eq!(challenged(&mut proof, Some(&login), &theirs), Err(realm));
        assert!(proof.row(Some(&login), &proven, "c").is_none());
        assert_eq!(challenged(&mut proof, None, &row("carrier", "MD5", "")), Err(Unprovable::NoLogin));
        assert_eq!(challenged(&mut proof, Some(&login), &row("carrier", "SHA-1", "")), Err(Unprovable::Algorithm));
        // Beside a foreign one it is found.
        assert_eq!(challenged(&mut proof, Some(&login), &(theirs + &row("carrier", "MD5", ""))), Ok(()));
        let (_, value) = proof.row(Some(&login), &proven, "c").expect("a row");
        assert!(value.contains("realm=\"carrier\"") && !value.contains("evil") && !value.contains("secret"), "{value}");
    }

    #[test]
    fn the_first_algorithm_that_is_understood_is_taken_and_the_nonce_counted() {
        let login = login();
        let mut proof = Proof::default();
        let rows = row("carrier", "SHA-1", "") + &row("carrier", "SHA-256", "") + &row("carrier", "MD5", "");
        assert_eq!(challenged(&mut proof, Some(&login), &rows), Ok(()));
        let proven = Proven { method: Method::Register, uri: "sip:carrier", body: b"" };
        for nc in ["nc=00000001", "nc=00000002"] {
            let (name, value) = proof.row(Some(&login), &proven, "c").expect("a row");
            assert!(name == Name::Authorization && value.contains("SHA-256") && value.contains(nc), "{value}");
        }
    }

    #[test]
    fn wrong_credentials_are_not_tried_for_ever_and_a_stale_nonce_is_no_refusal() {
        let login = login();
        let mut proof = Proof::default();
        let proven = Proven { method: Method::Register, uri: "sip:carrier", body: b"" };
        assert_eq!(challenged(&mut proof, Some(&login), &row("carrier", "MD5", "")), Ok(()));
        proof.row(Some(&login), &proven, "c");
        assert_eq!(challenged(&mut proof, Some(&login), &row("carrier", "MD5", ", stale=true")), Ok(()));
        proof.row(Some(&login), &proven, "c");
        assert_eq!(challenged(&mut proof, Some(&login), &row("carrier", "MD5", "")), Err(Unprovable::Refused));
        // Nor may it play with us for ever.
        let mut proof = Proof::default();
        let stale = row("carrier", "MD5", ", stale=true");
        let taken: Vec<bool> = (0..5).map(|_| challenged(&mut proof, Some(&login), &stale).is_ok()).collect();
        assert_eq!(taken[..4], [true, true, true, false]);
        // After a request that passed, a new challenge is none of the old ones.
        let mut proof = Proof::default();
        for _ in 0..10 {
            assert_eq!(challenged(&mut proof, Some(&login), &row("carrier", "MD5", "")), Ok(()));
            proof.row(Some(&login), &proven, "c");
            proof.passed();
        }
    }
}
