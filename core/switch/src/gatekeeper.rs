//! Who may pass: digest credentials asked for and checked (RFC 3261 §22, RFC 7616, RFC 8760), and sources that guess
//! passwords ignored for a while.
//!
//! | credentials | answer | scored |
//! |---|---|---|
//! | none, for another realm, or with a nonce that is not ours | challenge | no |
//! | our nonce, too old or used, right response | challenge with `stale=true` | no |
//! | our nonce, too old or used, wrong response | challenge | no |
//! | our live nonce, wrong response or unknown user | challenge | **yes** |
//! | our live nonce, right response, another URI | 400 (RFC 7616 §3.4.6) | no |
//! | our live nonce, right response | pass | - |
//!
//! A row for each algorithm, the preferred first (RFC 8760 §2.4). Some phones read the first row alone, or give up at
//! a name that they do not know: one that asks for the third time and never answered is offered MD5 alone, where MD5 is
//! on offer at all. That tells nobody anything: MD5 was on offer before.
//!
//! An unknown user is checked against a decoy, so that it takes the same bytes and time as a wrong password.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use ipnet::IpNet;
use sip::digest::{self, Algorithm, Nonces};
use sip::{Credentials, Message, Method, Name, Status, Uri};

use crate::ask::{Account, Admission, Ha1};

/// Settings of authentication and bans.
#[derive(Debug, Clone)]
pub struct Config {
    /// How long a nonce may be used.
    pub nonce_lifetime: Duration,
    /// How many nonces are counted at once.
    pub max_nonces: usize,
    /// Algorithms on offer, in order of preference.
    pub algorithms: Vec<Algorithm>,
    /// So many wrong responses to live nonces within `window` are forgiven; one more is a ban. 0: no bans.
    pub max_failures: u32,
    /// Within which time failures add up.
    pub window: Duration,
    /// How long a banned source is ignored.
    pub ban_time: Duration,
    /// Sources that are never banned, and whose requests are not counted.
    pub exempt: Vec<IpNet>,
    /// How many sources are remembered at once.
    pub max_sources: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            nonce_lifetime: Duration::from_secs(600),
            max_nonces: 100_000,
            algorithms: vec![Algorithm::Sha256, Algorithm::Sha512_256, Algorithm::Md5],
            max_failures: 10,
            window: Duration::from_secs(300),
            ban_time: Duration::from_secs(600),
            exempt: Vec::new(),
            max_sources: 10_000,
        }
    }
}

/// So many challenges in a row may stay without an answer before a phone counts as one that knows MD5 alone.
const PATIENCE: u32 = 2;
/// How many such phones are remembered; the oldest are forgotten.
const MAX_MUTE: usize = 10_000;

/// A source, and the user that it says it is.
type Who = (IpAddr, String);

/// What is to be done with a request.
#[derive(Debug)]
pub enum Verdict {
    /// It comes from this user.
    Pass(Account),
    /// It must prove itself: the values of the challenge rows.
    Challenge {
        /// A row for each algorithm.
        rows: Vec<String>,
        /// The credentials were wrong.
        refused: bool,
    },
    /// It is refused.
    Refuse(Status),
    /// The source has guessed too often and is ignored from now on.
    Ban(Duration),
}

/// The gatekeeper.
#[derive(Debug)]
pub struct Gatekeeper {
    config: Config,
    nonces: Nonces,
    decoy: Ha1,
    /// Failures by source.
    sources: BTreeMap<IpAddr, Failures>,
    /// Sources by when they are forgotten.
    forgotten: BTreeSet<(Instant, IpAddr)>,
    /// Challenges that were never answered, by source and by the user named in From.
    mute: BTreeMap<Who, (u64, u32)>,
    /// The same by age, numbered by us.
    oldest: BTreeMap<u64, Who>,
    muted: u64,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    until: Instant,
    banned: bool,
}

/// The user that the credentials of a request name, of whatever realm.
#[must_use]
pub fn claimed_user<'a>(message: &Message<'a>) -> Option<Cow<'a, str>> {
    message.credentials(Name::Authorization).next().map(|credentials| credentials.username)
}

impl Gatekeeper {
    /// Its nonces and its decoy grow from the secret.
    #[must_use]
    pub fn new(config: Config, secret: [u8; 32], now: Instant) -> Self {
        let mut md5 = [0; 16];
        md5.iter_mut().zip(secret).for_each(|(to, from)| *to = from);
        let decoy = Ha1 { md5, sha256: secret, sha512_256: secret };
        let nonces = Nonces::new(secret, now, config.nonce_lifetime, config.max_nonces);
        Self {
            config,
            nonces,
            decoy,
            sources: BTreeMap::new(),
            forgotten: BTreeSet::new(),
            mute: BTreeMap::new(),
            oldest: BTreeMap::new(),
            muted: 0,
        }
    }

    /// This source is ignored for now.
    #[must_use]
    pub fn is_banned(&self, now: Instant, source: IpAddr) -> bool {
        self.sources.get(&network(source)).is_some_and(|failures| failures.banned && failures.until > now)
    }

    /// May this request pass?
    pub fn check(&mut self, now: Instant, admission: &Admission, request: &Message<'_>, source: IpAddr) -> Verdict {
        let ours = request.credentials(Name::Authorization).find(|credentials| credentials.realm == admission.realm);
        let who = (network(source), claimed_sender(request));
        let Some(credentials) = ours else {
            self.note_unanswered(&who);
            return self.challenge(now, admission, &who, false, false);
        };
        self.note_answered(&who, &credentials);
        let known = admission.account.as_ref().filter(|account| account.user == *credentials.username);
        let right = self.is_right(known, &credentials, request) && known.is_some();
        let nonce =
            credentials.nc.map_or(digest::Verdict::Foreign, |nc| self.nonces.check(&credentials.nonce, nc, now));
        match (nonce, right, known) {
            (digest::Verdict::Foreign, ..) => self.challenge(now, admission, &who, false, false),
            (digest::Verdict::Stale | digest::Verdict::Replayed, right, _) => {
                self.challenge(now, admission, &who, right, false)
            }
            (digest::Verdict::Live, true, Some(account)) => {
                if !names_request_uri(&credentials, request) {
                    return Verdict::Refuse(Status::BAD_REQUEST);
                }
                self.nonces.used(&credentials.nonce, credentials.nc.unwrap_or_default(), now);
                Verdict::Pass(account.clone())
            }
            (digest::Verdict::Live, ..) => {
                if self.score(now, source) {
                    return Verdict::Ban(self.config.ban_time);
                }
                self.challenge(now, admission, &who, false, true)
            }
        }
    }

    fn is_right(&self, known: Option<&Account>, credentials: &Credentials<'_>, request: &Message<'_>) -> bool {
        let Some((algorithm, _)) = Algorithm::parse(credentials.algorithm.as_deref()) else { return false };
        if !self.config.algorithms.contains(&algorithm) {
            return false;
        }
        let ha1 = known.map_or(&self.decoy, |account| &account.ha1);
        let ha1 = match algorithm {
            Algorithm::Md5 => &ha1.md5[..],
            Algorithm::Sha256 => &ha1.sha256[..],
            Algorithm::Sha512_256 => &ha1.sha512_256[..],
        };
        digest::verify(ha1, request.method().unwrap_or(Method::Other("")), credentials, request.body())
    }

    /// RFC 8760 §2.4: a row for each algorithm, the preferred first.
    fn challenge(&mut self, now: Instant, admission: &Admission, who: &Who, stale: bool, refused: bool) -> Verdict {
        let nonce = self.nonces.mint(now);
        let old = self.mute.get(who).is_some_and(|(_, count)| *count > PATIENCE);
        let md5_alone = old && self.config.algorithms.contains(&Algorithm::Md5);
        let offered = self.config.algorithms.iter().filter(|algorithm| !md5_alone || **algorithm == Algorithm::Md5);
        let rows = offered.map(|algorithm| digest::challenge(&admission.realm, &nonce, *algorithm, stale)).collect();
        Verdict::Challenge { rows, refused }
    }

    /// It asked without credentials: to begin with, or because it does not understand the challenge.
    fn note_unanswered(&mut self, who: &Who) {
        if let Some((_, count)) = self.mute.get_mut(who) {
            *count = count.saturating_add(1);
            return;
        }
        if self.mute.len() >= MAX_MUTE
            && let Some((_, oldest)) = self.oldest.pop_first()
        {
            self.mute.remove(&oldest);
        }
        self.muted += 1;
        self.mute.insert(who.clone(), (self.muted, 1));
        self.oldest.insert(self.muted, who.clone());
    }

    /// It answered. One that knows MD5 alone is remembered as such; any other is no riddle any more.
    fn note_answered(&mut self, who: &Who, credentials: &Credentials<'_>) {
        let md5 = matches!(Algorithm::parse(credentials.algorithm.as_deref()), Some((Algorithm::Md5, _)));
        if let Some((number, count)) = self.mute.get(who).copied()
            && !(md5 && count > PATIENCE)
        {
            self.mute.remove(who);
            self.oldest.remove(&number);
        }
    }

    /// A source that may err and ask as often as it likes.
    pub(crate) fn is_exempt(&self, source: IpAddr) -> bool {
        self.config.exempt.iter().any(|net| net.contains(&source))
    }

    /// A wrong response to a live nonce. Says whether the source is banned by it.
    fn score(&mut self, now: Instant, source: IpAddr) -> bool {
        if self.config.max_failures == 0 || self.is_exempt(source) {
            return false;
        }
        let source = network(source);
        self.forget(now);
        let failures = self.sources.entry(source).or_insert(Failures { count: 0, until: now, banned: false });
        self.forgotten.remove(&(failures.until, source));
        failures.count += 1;
        failures.banned = failures.count > self.config.max_failures;
        failures.until = now + if failures.banned { self.config.ban_time } else { self.config.window };
        self.forgotten.insert((failures.until, source));
        failures.banned
    }

    /// Forgets sources whose time is over, and the nearest to it where there are too many.
    fn forget(&mut self, now: Instant) {
        while let Some((until, source)) = self.forgotten.first().copied() {
            if until > now && self.sources.len() < self.config.max_sources {
                return;
            }
            self.forgotten.pop_first();
            self.sources.remove(&source);
        }
    }
}

/// The user named in From: who a phone without credentials says it is.
fn claimed_sender(request: &Message<'_>) -> String {
    let from = request.from().ok().and_then(|from| from.uri().user()).unwrap_or_default();
    from.chars().take(64).collect()
}

/// One household of IPv6 has 2⁶⁴ addresses to guess from.
fn network(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

/// RFC 7616 §3.4.6: the URI that was hashed must be that of the request.
fn names_request_uri(credentials: &Credentials<'_>, request: &Message<'_>) -> bool {
    let (Ok(asked), Ok(hashed)) = (request.uri(), Uri::parse(&credentials.uri)) else { return false };
    asked.as_str() == hashed.as_str() || asked.same_as(&hashed)
}
