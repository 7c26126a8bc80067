//! Who is reachable where: bindings of addresses of record (RFC 3261 §10.3), to the letter.
//!
//! | step of §10.3 | here |
//! |---|---|
//! | 1–5: domain, extensions, authentication, authority, canonical AOR | before: `intake`, `gatekeeper` |
//! | 6: `Contact: *` alone and with `Expires: 0`, else 400 | `Plan::read` |
//! | 7: per contact: expiry and its bounds, same Call-ID needs a higher CSeq; all or nothing | `Plan::read`, [`Registrar::register`] |
//! | 8: 200 lists every binding that stands | [`Registered::contacts`] |

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::time::{Duration, Instant, SystemTime};

use sip::{Contact, Flow, Message, Name, NameAddr, Scheme, Status, Transport, UriBuf};

use crate::ids::{Aor, TenantId};
use crate::record::{BindingChange, StoredBinding};

/// The registrar's settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// Shorter registrations are refused with 423 and `Min-Expires`.
    pub min_expires: Duration,
    /// Longer ones are shortened.
    pub max_expires: Duration,
    /// Where the phone asks for none.
    pub default_expires: Duration,
    /// How many contacts one address of record may have.
    pub max_contacts: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            min_expires: Duration::from_secs(60),
            max_expires: Duration::from_secs(7200),
            default_expires: Duration::from_secs(3600),
            max_contacts: 10,
        }
    }
}

/// One way to reach an address of record.
#[derive(Debug, Clone)]
pub struct Binding {
    id: u64,
    /// The contact URI as given.
    pub contact: UriBuf,
    /// The Path of RFC 3327, each as given, outermost first.
    pub path: Vec<String>,
    /// Where the REGISTER came from, and by which socket.
    pub flow: Flow,
    /// Preference in thousandths.
    pub q: u16,
    expires: Instant,
    call_id: String,
    cseq: u32,
    instance: Option<String>,
    reg_id: Option<u32>,
    user_agent: Option<String>,
}

/// What became of a REGISTER.
#[derive(Debug, Clone, PartialEq)]
pub struct Registered {
    /// The values of the Contact rows of the 200.
    pub contacts: Vec<String>,
    /// What is to be kept.
    pub changes: Vec<BindingChange>,
    /// The contacts that are new: not known, or of another registering process, as after a phone was switched on.
    pub added: Vec<String>,
}

/// Why a REGISTER changed nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The status to answer with.
    pub status: Status,
    /// Rows that belong to it.
    pub headers: Vec<(Name, String)>,
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        Self { status, headers: Vec::new() }
    }
}

/// All bindings.
#[derive(Debug)]
pub struct Registrar {
    config: Config,
    /// Bindings by address of record, in the order of their coming.
    aors: HashMap<Aor, Vec<Binding>>,
    /// Addresses of record by when a binding of theirs ends and by its number, which we minted.
    expiry: BTreeMap<(Instant, u64), Aor>,
    minted: u64,
}

/// What a REGISTER asks for, read whole before anything is changed.
enum Plan {
    List,
    RemoveAll,
    Change(Vec<Wanted>),
}

struct Wanted {
    contact: UriBuf,
    expires: Duration,
    q: u16,
    instance: Option<String>,
    reg_id: Option<u32>,
}

impl Registrar {
    /// Without bindings.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { config, aors: HashMap::new(), expiry: BTreeMap::new(), minted: 0 }
    }

    /// Takes back what was kept; one that has ended meanwhile is forgotten.
    pub fn restore(&mut self, now: Instant, wall: SystemTime, stored: StoredBinding) {
        let (Ok(left), Ok(contact)) = (stored.expires.duration_since(wall), UriBuf::parse(stored.contact)) else {
            return;
        };
        let Some(transport) = Transport::parse(&stored.transport) else { return };
        self.minted += 1;
        let binding = Binding {
            id: self.minted,
            contact,
            path: stored.path,
            flow: Flow { transport, local: stored.local, remote: stored.remote, connection: None },
            q: stored.q,
            expires: now + left,
            call_id: stored.call_id,
            cseq: stored.cseq,
            instance: stored.instance,
            reg_id: stored.reg_id,
            user_agent: stored.user_agent,
        };
        self.put(&stored.aor, binding);
    }

    /// A REGISTER of somebody who may change these bindings.
    ///
    /// # Errors
    /// Why nothing was changed; it is all or nothing (§10.3 step 7).
    pub fn register(
        &mut self,
        now: Instant,
        wall: SystemTime,
        aor: &Aor,
        request: &Message<'_>,
        flow: Flow,
    ) -> Result<Registered, Refusal> {
        let plan = Plan::read(request, &self.config)?;
        let call_id = request.call_id().map_err(|_| Status::BAD_REQUEST)?;
        let cseq = request.cseq().map_err(|_| Status::BAD_REQUEST)?.number;
        let current = self.aors.get(aor).map(Vec::as_slice).unwrap_or_default();
        // Step 6 and 7: an older request of the same registering process must not undo a newer one.
        let overtaken = |binding: &Binding| binding.call_id == call_id && cseq <= binding.cseq;
        let (mut changes, mut fresh) = (Vec::new(), Vec::new());
        match plan {
            Plan::List => {}
            Plan::RemoveAll => {
                if current.iter().any(overtaken) {
                    return Err(Status::SERVER_ERROR.into());
                }
                let gone: Vec<u64> = current.iter().map(|binding| binding.id).collect();
                for id in gone {
                    self.remove(aor, id, &mut changes);
                }
            }
            Plan::Change(wanted) => {
                let matches: Vec<Vec<u64>> = wanted.iter().map(|wanted| wanted.matches(current)).collect();
                if current
                    .iter()
                    .any(|binding| overtaken(binding) && matches.iter().flatten().any(|id| *id == binding.id))
                {
                    return Err(Status::SERVER_ERROR.into());
                }
                let added = wanted
                    .iter()
                    .zip(&matches)
                    .filter(|(wanted, known)| known.is_empty() && !wanted.expires.is_zero())
                    .count();
                if current.len() + added > self.config.max_contacts {
                    return Err(Status::FORBIDDEN.into());
                }
                let known = |wanted: &Wanted| {
                    let same = |binding: &&Binding| binding.contact.as_uri().same_as(&wanted.contact.as_uri());
                    current.iter().find(same).is_some_and(|binding| binding.call_id == call_id)
                };
                let new = wanted.iter().filter(|wanted| !wanted.expires.is_zero() && !known(wanted));
                fresh.extend(new.map(|wanted| wanted.contact.as_str().to_owned()));
                let path: Vec<String> =
                    request.addresses(Name::Path).flatten().map(|path| path.as_str().to_owned()).collect();
                let user_agent = request.value(Name::UserAgent).map(std::borrow::Cow::into_owned);
                for (wanted, known) in wanted.into_iter().zip(matches) {
                    self.change(
                        now,
                        wall,
                        aor,
                        wanted,
                        &known,
                        Source { call_id, cseq, path: &path, flow, user_agent: &user_agent },
                        &mut changes,
                    );
                }
            }
        }
        Ok(Registered { contacts: self.listed(now, aor), changes, added: fresh })
    }

    #[allow(clippy::too_many_arguments, reason = "one step of `register`, split off to be read")]
    fn change(
        &mut self,
        now: Instant,
        wall: SystemTime,
        aor: &Aor,
        wanted: Wanted,
        known: &[u64],
        source: Source<'_>,
        changes: &mut Vec<BindingChange>,
    ) {
        if wanted.expires.is_zero() {
            for id in known {
                self.remove(aor, *id, changes);
            }
            return;
        }
        // A binding that is only refreshed is not removed in the store first: the contact is its key there.
        for id in known {
            let same =
                self.binding(aor, *id).is_some_and(|binding| binding.contact.as_str() == wanted.contact.as_str());
            let mut gone = Vec::new();
            self.remove(aor, *id, if same { &mut gone } else { &mut *changes });
        }
        self.minted += 1;
        let binding = Binding {
            id: self.minted,
            contact: wanted.contact,
            path: source.path.to_vec(),
            flow: source.flow,
            q: wanted.q,
            expires: now + wanted.expires,
            call_id: source.call_id.to_owned(),
            cseq: source.cseq,
            instance: wanted.instance,
            reg_id: wanted.reg_id,
            user_agent: source.user_agent.clone(),
        };
        changes.push(BindingChange::Put(binding.stored(now, wall, aor)));
        self.put(aor, binding);
    }

    /// All that stand, the most wanted first.
    #[must_use]
    pub fn lookup(&self, now: Instant, aor: &Aor) -> Vec<&Binding> {
        let mut found: Vec<&Binding> =
            self.aors.get(aor).into_iter().flatten().filter(|binding| binding.expires > now).collect();
        found.sort_by_key(|binding| std::cmp::Reverse(binding.q));
        found
    }

    /// When the next binding ends.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.expiry.first_key_value().map(|((due, _), _)| *due)
    }

    /// Forgets what has ended.
    pub fn handle_timeout(&mut self, now: Instant) -> Vec<BindingChange> {
        let mut changes = Vec::new();
        while let Some(((due, id), aor)) = self.expiry.first_key_value() {
            if *due > now {
                break;
            }
            let (id, aor) = (*id, aor.clone());
            self.remove(&aor, id, &mut changes);
        }
        changes
    }

    /// All bindings of a tenant, or of all.
    pub fn stored(
        &self,
        now: Instant,
        wall: SystemTime,
        tenant: Option<TenantId>,
    ) -> impl Iterator<Item = StoredBinding> + '_ {
        self.expiry
            .iter()
            .filter(move |(_, aor)| tenant.is_none_or(|tenant| aor.tenant == tenant))
            .filter_map(move |((_, id), aor)| self.binding(aor, *id).map(|binding| binding.stored(now, wall, aor)))
    }

    /// Forgets all bindings of an address of record.
    pub fn forget(&mut self, aor: &Aor) -> Vec<BindingChange> {
        let mut changes = Vec::new();
        let gone: Vec<u64> = self.aors.get(aor).into_iter().flatten().map(|binding| binding.id).collect();
        for id in gone {
            self.remove(aor, id, &mut changes);
        }
        changes
    }

    /// How many bindings there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.expiry.len()
    }

    /// There is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.expiry.is_empty()
    }

    fn binding(&self, aor: &Aor, id: u64) -> Option<&Binding> {
        self.aors.get(aor)?.iter().find(|binding| binding.id == id)
    }

    fn put(&mut self, aor: &Aor, binding: Binding) {
        self.expiry.insert((binding.expires, binding.id), aor.clone());
        self.aors.entry(aor.clone()).or_default().push(binding);
    }

    fn remove(&mut self, aor: &Aor, id: u64, changes: &mut Vec<BindingChange>) {
        let Some(bindings) = self.aors.get_mut(aor) else { return };
        if let Some(at) = bindings.iter().position(|binding| binding.id == id) {
            let gone = bindings.remove(at);
            self.expiry.remove(&(gone.expires, gone.id));
            changes.push(BindingChange::Removed { aor: aor.clone(), contact: gone.contact.as_str().to_owned() });
        }
        if bindings.is_empty() {
            self.aors.remove(aor);
        }
    }

    fn listed(&self, now: Instant, aor: &Aor) -> Vec<String> {
        let bindings = self.aors.get(aor).into_iter().flatten().filter(|binding| binding.expires > now);
        bindings
            .map(|binding| {
                let left = binding.expires.saturating_duration_since(now).as_secs();
                let mut text = format!("<{}>;expires={left}", binding.contact);
                if binding.q != 1000 {
                    let _ = write!(text, ";q=0.{:03}", binding.q);
                }
                if let Some(instance) = &binding.instance {
                    let _ = write!(text, ";+sip.instance=\"{instance}\"");
                }
                text
            })
            .collect()
    }
}

/// Where a change comes from.
#[derive(Clone, Copy)]
struct Source<'a> {
    call_id: &'a str,
    cseq: u32,
    path: &'a [String],
    flow: Flow,
    user_agent: &'a Option<String>,
}

impl Binding {
    fn stored(&self, now: Instant, wall: SystemTime, aor: &Aor) -> StoredBinding {
        StoredBinding {
            aor: aor.clone(),
            contact: self.contact.as_str().to_owned(),
            q: self.q,
            call_id: self.call_id.clone(),
            cseq: self.cseq,
            expires: wall + self.expires.saturating_duration_since(now),
            transport: self.flow.transport.as_str().to_ascii_lowercase(),
            local: self.flow.local,
            remote: self.flow.remote,
            path: self.path.clone(),
            instance: self.instance.clone(),
            reg_id: self.reg_id,
            user_agent: self.user_agent.clone(),
        }
    }
}

impl Plan {
    fn read(request: &Message<'_>, config: &Config) -> Result<Self, Refusal> {
        let header = request.expires().map_err(|_| Status::BAD_REQUEST)?;
        let contacts: Vec<Contact<'_>> =
            request.contacts().collect::<Result<_, _>>().map_err(|_| Status::BAD_REQUEST)?;
        if contacts.is_empty() {
            return Ok(Self::List);
        }
        if contacts.iter().any(|contact| matches!(contact, Contact::Star)) {
            // Step 6: the star stands alone, and only to remove.
            let lawful = contacts.len() == 1 && header == Some(0);
            return if lawful { Ok(Self::RemoveAll) } else { Err(Status::BAD_REQUEST.into()) };
        }
        let mut wanted: Vec<Wanted> = Vec::with_capacity(contacts.len());
        for contact in contacts {
            if let Contact::Addr(address) = contact {
                let one = Wanted::read(&address, header, config)?;
                // The same contact twice: the last word counts.
                wanted.retain(|other| !other.contact.as_uri().same_as(&one.contact.as_uri()));
                wanted.push(one);
            }
        }
        Ok(Self::Change(wanted))
    }
}

impl Wanted {
    fn read(address: &NameAddr<'_>, header: Option<u32>, config: &Config) -> Result<Self, Refusal> {
        let uri = address.uri();
        if !matches!(uri.scheme(), Scheme::Sip | Scheme::Sips) {
            return Err(Status::UNSUPPORTED_URI_SCHEME.into());
        }
        // §20.10: the parameter before the header; one that is not a number counts as the default.
        let asked = match address.param("expires") {
            Some(Some(text)) => text.parse::<u64>().ok().map(|seconds| seconds.min(u64::from(u32::MAX))),
            Some(None) => None,
            None => header.map(u64::from),
        };
        let expires = match asked {
            Some(0) => Duration::ZERO,
            Some(seconds) if Duration::from_secs(seconds) < config.min_expires => {
                // §10.3 step 7, §21.4.17
                let headers = vec![(Name::MinExpires, config.min_expires.as_secs().to_string())];
                return Err(Refusal { status: Status::INTERVAL_TOO_BRIEF, headers });
            }
            Some(seconds) => Duration::from_secs(seconds).min(config.max_expires),
            None => config.default_expires,
        };
        let instance = address.param("+sip.instance").flatten().map(|text| text.trim_matches('"').to_owned());
        let reg_id = address.param("reg-id").flatten().and_then(|text| text.parse().ok());
        Ok(Self { contact: UriBuf::from(uri), expires, q: thousandths(address.param("q").flatten()), instance, reg_id })
    }

    /// The bindings that this one replaces: the same URI (§19.1.4), or the same flow of the same device (RFC 5626 §6).
    fn matches(&self, current: &[Binding]) -> Vec<u64> {
        let same_flow = |binding: &Binding| {
            self.instance.is_some()
                && self.reg_id.is_some()
                && binding.instance == self.instance
                && binding.reg_id == self.reg_id
        };
        let same = |binding: &&Binding| binding.contact.as_uri().same_as(&self.contact.as_uri()) || same_flow(binding);
        current.iter().filter(same).map(|binding| binding.id).collect()
    }
}

/// A q-value (§25.1): 0 to 1 with at most three places.
fn thousandths(text: Option<&str>) -> u16 {
    let Some(text) = text else { return 1000 };
    let (whole, places) = text.split_once('.').unwrap_or((text, ""));
    let digits = places
        .bytes()
        .chain(*b"000")
        .take(3)
        .try_fold(0_u16, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u16::from(byte - b'0')));
    match (whole, digits) {
        ("0" | "", Some(digits)) => digits,
        _ => 1000,
    }
}
