//! How a message comes in: parsed, validated, matched to its transaction, admitted, and given to whom it is for.
//!
//! ```text
//! bytes → parse → validate → transaction → To tag? → that leg | subscription
//!                                        → none: admission asked for → gatekeeper → registrar | call | lamps | OPTIONS
//! ```

use std::sync::Arc;

use sip::transaction::{Incoming, ServerKey};
use sip::{Flow, Message, Method, Name, Status, Writer};

use crate::ask::{Account, Admission, Ask, NotAdmitted};
use crate::floods::Heard;
use crate::gatekeeper::Verdict;
use crate::ids::{Aor, GatewayId, LegId};
use crate::io::Output;
use crate::lamps::{PACKAGE, SubscriptionKey};
use crate::leg::{ALLOW, Leg};
use crate::record::{Notice, Record};
use crate::switch::{Asked, Switch};
use crate::trunk::{Trunk, called_by, caller_of};

/// Extensions that we understand (RFC 3261 §19.2).
const SUPPORTED: &[&str] = &["path", "100rel", "timer"];

/// What is dialled to get a line, nearly everywhere.
const LINES: [char; 3] = ['0', '8', '9'];

/// A request that waits to be admitted.
#[derive(Debug)]
pub(crate) struct Intake {
    pub(crate) key: ServerKey,
    pub(crate) bytes: Vec<u8>,
    pub(crate) flow: Flow,
    /// The dialog that it is in, when it came from where that dialog's signalling never came from.
    pub(crate) inside: Option<Inside>,
    /// The trunk that it comes from, and the gateway.
    pub(crate) source: Option<(Arc<Trunk>, Option<GatewayId>)>,
}

/// Whose dialog a request is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inside {
    /// A leg's.
    Leg(LegId),
    /// A subscription's.
    Subscription(SubscriptionKey),
}

impl Switch {
    /// One message, from a datagram or a stream.
    pub(crate) fn receive(&mut self, flow: Flow, bytes: &[u8]) {
        let config = self.wire.config.clone();
        let Ok(message) = sip::parse(bytes, &config.limits) else {
            return self.notice(Notice::Malformed { source: flow.remote.ip() });
        };
        if !message.is_request() {
            return self.response(&message);
        }
        if self.gatekeeper.is_banned(self.wire.now, flow.remote.ip()) || self.is_flood(&message, flow) {
            return;
        }
        if let Err(fault) = sip::validate(&message) {
            return self.refuse_stateless(&message, flow, fault.status);
        }
        match self.wire.layer.handle_request(self.wire.now, &message, flow) {
            Incoming::Absorbed => {}
            Incoming::New(key) => self.request(key, &message, flow),
            Incoming::Cancel { cancel, invite } => self.cancel_came(cancel, invite, &message, flow),
            Incoming::Ack => self.ack_came(&message, flow),
            // §8.2.2.2: the same request came by two ways.
            Incoming::Merged(key) => self.refuse(key, &message, flow, Status::LOOP_DETECTED),
            Incoming::Full => {
                self.notice(Notice::Overloaded);
                self.refuse_stateless(&message, flow, Status::SERVICE_UNAVAILABLE);
            }
        }
    }

    /// Whoever asks without being in a call, known as a carrier or having proven anything has only so many questions.
    fn is_flood(&mut self, message: &Message<'_>, flow: Flow) -> bool {
        let ours = |tag: &str| self.tags.contains_key(tag) || self.lamps.has_tag(tag);
        let inside = message.to().ok().and_then(|to| to.tag()).is_some_and(ours);
        if inside
            || matches!(message.method(), Some(Method::Ack | Method::Cancel))
            || self.gatekeeper.is_exempt(flow.remote.ip())
            || self.trunks.source(&flow, None, self.vouched_for(&flow)).is_some()
        {
            return false;
        }
        match self.floods.handle_request(self.wire.now, flow.remote.ip()) {
            Heard::Yes => return false,
            Heard::NoMore => self.notice(Notice::Flooded { source: flow.remote.ip() }),
            Heard::No => {}
        }
        true
    }

    fn request(&mut self, key: ServerKey, message: &Message<'_>, flow: Flow) {
        let method = message.method().unwrap_or(Method::Other(""));
        match method {
            Method::Invite | Method::Bye | Method::Info | Method::Options | Method::Register => {}
            Method::Prack | Method::Update | Method::Subscribe => {}
            // §21.5.2: not recognised; §8.2.1: recognised but not allowed.
            Method::Other(_) => return self.refuse(key, message, flow, Status::NOT_IMPLEMENTED),
            _ => return self.refuse(key, message, flow, Status::METHOD_NOT_ALLOWED),
        }
        // §8.2.2.3: extensions that we do not understand.
        if message.tokens(Name::Require).any(|token| !SUPPORTED.iter().any(|known| known.eq_ignore_ascii_case(token))) {
            return self.refuse(key, message, flow, Status::BAD_EXTENSION);
        }
        // §16.3 step 3, taken over for a B2BUA by RFC 7332 §3.
        if matches!(method, Method::Invite) && message.max_forwards().ok().flatten() == Some(0) {
            return self.refuse(key, message, flow, Status::TOO_MANY_HOPS);
        }
        if let Some(tag) = message.to().ok().and_then(|to| to.tag()) {
            return self.request_in_dialog(key, message, flow, tag);
        }
        match method {
            // A carrier asks whether we live.
            Method::Options if self.trunks.source(&flow, None, self.vouched_for(&flow)).is_some() => {
                self.options(key, message, flow);
            }
            // Only ever inside a dialog.
            Method::Bye | Method::Info | Method::Prack | Method::Update => {
                self.refuse(key, message, flow, Status::NO_SUCH_CALL);
            }
            Method::Invite if self.is_full() && !self.may_be_emergency(message) => self.turn_away(key, message, flow),
            _ => self.ask_admission(key, message, flow, None),
        }
    }

    /// No call more is taken, but for emergencies.
    fn is_full(&self) -> bool {
        self.draining || self.calls.len() >= self.wire.config.max_calls
    }

    /// What is called is an emergency number somewhere, with or without the digit for a line: whether it is one here turns on
    /// who calls.
    fn may_be_emergency(&self, message: &Message<'_>) -> bool {
        let Some(called) = message.uri().ok().and_then(|uri| uri.user_unescaped()) else { return false };
        let behind = called.strip_prefix(LINES);
        self.wire.config.emergency.iter().any(|number| called == *number || behind == Some(number))
    }

    fn turn_away(&mut self, key: ServerKey, message: &Message<'_>, flow: Flow) {
        self.notice(Notice::Overloaded);
        self.refuse(key, message, flow, Status::SERVICE_UNAVAILABLE);
    }

    fn request_in_dialog(&mut self, key: ServerKey, message: &Message<'_>, flow: Flow, tag: &str) {
        if let Some(id) = self.lamps.dialog_of(tag, message) {
            return self.request_in_subscription(id, key, message, flow);
        }
        // §12.2.2: by Call-ID, local tag and remote tag.
        let found = self.tags.get(tag).copied().filter(|id| self.is_dialog_of(*id, message));
        let Some(id) = found else { return self.refuse(key, message, flow, Status::NO_SUCH_CALL) };
        let known = self.legs.get(id).is_some_and(|leg| {
            // A carrier may go on from another of its addresses.
            leg.flow.remote.ip() == flow.remote.ip() || self.is_of_trunk(leg, &flow)
        });
        if known {
            self.in_dialog(id, key, message, flow);
        } else {
            // Tags are no password: from another address the sender must prove itself.
            self.ask_admission(key, message, flow, Some(Inside::Leg(id)));
        }
    }

    fn is_of_trunk(&self, leg: &Leg, flow: &Flow) -> bool {
        let Some(on) = leg.trunk.as_deref() else { return false };
        let source = self.trunks.source(flow, None, self.vouched_for(flow));
        source.is_some_and(|(trunk, _)| trunk.id == on.trunk.id)
    }

    /// The names that the peer at the other end of a connection has proven to have.
    fn vouched_for(&self, flow: &Flow) -> &[String] {
        flow.connection.and_then(|connection| self.vouched.get(&connection)).map(Vec::as_slice).unwrap_or_default()
    }

    fn is_dialog_of(&self, id: LegId, message: &Message<'_>) -> bool {
        let Some(leg) = self.legs.get(id) else { return false };
        let remote = message.from().ok().and_then(|from| from.tag()).unwrap_or_default();
        message.call_id().is_ok_and(|call_id| call_id == leg.sip_call_id)
            && leg.remote_tag(&self.wire.config.limits).is_none_or(|known| known == remote)
    }

    pub(crate) fn ask_admission(&mut self, key: ServerKey, message: &Message<'_>, flow: Flow, inside: Option<Inside>) {
        // A registration's domain is the Request-URI's (§10.2); so is that of any other request (§16.5).
        let domain = match inside {
            Some(_) => message.from().map(|from| from.uri()),
            None => message.uri(),
        };
        let from = message.from();
        let (Ok(domain), Ok(from)) = (domain, from) else {
            return self.refuse(key, message, flow, Status::BAD_REQUEST);
        };
        let user = crate::gatekeeper::claimed_user(message)
            .or_else(|| from.uri().user_unescaped())
            .unwrap_or_default()
            .into_owned();
        let called = message.uri().ok().and_then(|uri| uri.user_unescaped().map(std::borrow::Cow::into_owned));
        // Phones register and subscribe; carriers do not.
        let source = match message.method() {
            Some(Method::Register | Method::Subscribe) => None,
            _ => self.trunks.source(&flow, called.as_deref(), self.vouched_for(&flow)),
        };
        let (user, called) = match &source {
            Some((trunk, _)) => (caller_of(trunk, message), called_by(message)),
            None => (user, called.into_iter().collect()),
        };
        let trunk = source.as_ref().map(|(trunk, _)| trunk.id);
        let domain = domain.host_str().to_ascii_lowercase();
        let ask = Ask::Admission { domain, user, source: flow.remote, trunk, called };
        let intake = Intake { key, bytes: message.bytes().to_vec(), flow, inside, source };
        self.ask(Asked::Admission(Box::new(intake)), ask);
    }

    /// What is known of domain and user came: the gatekeeper decides, and the request goes where it is for.
    pub(crate) fn admitted(&mut self, intake: Intake, admission: Result<Admission, NotAdmitted>) {
        let config = self.wire.config.clone();
        let Intake { key, bytes, flow, inside, source } = intake;
        let Ok(message) = sip::parse(&bytes, &config.limits) else { return };
        // Not our domain: nothing is relayed for it, and nothing more is said.
        let admission = match admission {
            Ok(admission) => admission,
            Err(NotAdmitted(status)) => return self.refuse(key, &message, flow, Status(status)),
        };
        let account = match &admission.peer {
            // A number of the tenant's was called over a trunk: by a caller that is nobody here.
            _ if source.is_some() && admission.inbound.is_some() => None,
            Some(_) if !proves_itself(&message, &admission) => {
                // The tenant knows it by its address.
                self.floods.vouch(self.wire.now, flow.remote.ip());
                None
            }
            _ => match self.gatekeeper.check(self.wire.now, &admission, &message, flow.remote.ip()) {
                Verdict::Pass(account) => {
                    self.floods.vouch(self.wire.now, flow.remote.ip());
                    Some(account)
                }
                Verdict::Challenge { rows, refused } => {
                    if refused {
                        self.notice(Notice::Unauthorised { source: flow.remote.ip() });
                    }
                    return self.challenge(key, &message, flow, &rows);
                }
                Verdict::Refuse(status) => return self.refuse(key, &message, flow, status),
                Verdict::Ban(time) => {
                    self.notice(Notice::Banned { source: flow.remote.ip(), time });
                    return self.refuse(key, &message, flow, Status::FORBIDDEN);
                }
            },
        };
        if let Some(inside) = inside {
            // A dialog's user may come from elsewhere (it roams); anybody else may not touch it.
            let account = account.as_ref().filter(|account| self.is_own(inside, &admission, account));
            return match inside {
                _ if account.is_none() => self.refuse(key, &message, flow, Status::FORBIDDEN),
                Inside::Leg(leg) => self.in_dialog(leg, key, &message, flow),
                Inside::Subscription(id) => self.subscribe_again(id, key, &message, flow),
            };
        }
        match message.method() {
            Some(Method::Register) => self.register(key, &message, flow, &admission, account.as_ref()),
            // It was no emergency.
            Some(Method::Invite) if self.is_full() && !admission.emergency => self.turn_away(key, &message, flow),
            Some(Method::Invite) => self.arrive(key, &message, flow, &admission, account.as_ref(), source),
            Some(Method::Subscribe) => self.subscribe(key, &message, flow, &admission, account.as_ref()),
            _ => self.options(key, &message, flow),
        }
    }

    fn is_own(&self, inside: Inside, admission: &Admission, account: &Account) -> bool {
        match inside {
            Inside::Leg(leg) => self.legs.get(leg).is_some_and(|leg| {
                leg.party == account.user
                    && self.calls.get(leg.call).is_some_and(|call| call.tenant() == admission.tenant)
            }),
            Inside::Subscription(id) => self.is_subscriber(id, admission.tenant, account),
        }
    }

    fn register(
        &mut self,
        key: ServerKey,
        message: &Message<'_>,
        flow: Flow,
        admission: &Admission,
        account: Option<&Account>,
    ) {
        let to = message.to().ok().and_then(|to| to.uri().user_unescaped());
        // §10.3 steps 4 and 5: who may change whose bindings, then the canonical address of record.
        let aor = match (account, to) {
            (Some(account), Some(user)) if account.user == *user => {
                Aor { tenant: admission.tenant, user: account.user.clone() }
            }
            (Some(account), Some(user)) if account.extension.as_deref() == Some(&*user) => {
                Aor { tenant: admission.tenant, user: account.user.clone() }
            }
            _ => return self.refuse(key, message, flow, Status::FORBIDDEN),
        };
        let wall = self.wire.wall();
        match self.registrar.register(self.wire.now, wall, &aor, message, flow) {
            Ok(registered) => {
                for change in registered.changes {
                    self.wire.outputs.push_back(Output::Record(Record::Binding(change)));
                }
                let mut writer = self.reply(message, flow, Status::OK);
                for contact in registered.contacts {
                    writer.header(Name::Contact, contact);
                }
                // RFC 3327 §5.3: the Path is shown to the phone.
                writer.copy(message, Name::Path);
                // RFC 6665 §8.2.2
                writer.header(Name::AllowEvents, PACKAGE);
                self.wire.respond(key, Status::OK, writer.finish());
                for contact in registered.added {
                    self.phone_is_new(&aor, contact);
                }
            }
            Err(refusal) => {
                let mut writer = self.reply(message, flow, refusal.status);
                for (name, value) in &refusal.headers {
                    writer.header(*name, value);
                }
                self.wire.respond(key, refusal.status, writer.finish());
            }
        }
    }

    fn options(&mut self, key: ServerKey, message: &Message<'_>, flow: Flow) {
        // §11.2
        let mut writer = self.reply(message, flow, Status::OK);
        writer
            .header(Name::Allow, ALLOW)
            .header(Name::Accept, "application/sdp")
            // RFC 6665 §4.4.4
            .header(Name::AllowEvents, PACKAGE)
            .header(Name::Supported, SUPPORTED.join(", "));
        self.wire.respond(key, Status::OK, writer.finish());
    }

    /// Who shows no credentials is answered without a transaction (§8.2.7): a flood of strangers leaves nothing behind, and
    /// a forged source gets one answer, not eleven. Who shows wrong ones is counted once, however often they come.
    fn challenge(&mut self, key: ServerKey, message: &Message<'_>, flow: Flow, rows: &[String]) {
        let stranger = message.credentials(Name::Authorization).next().is_none();
        let tag = if stranger { stateless_tag(message) } else { self.wire.mint.tag() };
        let mut writer = Writer::reply(message, Status::UNAUTHORIZED, Some(&tag), flow.remote);
        writer.header(Name::Server, &self.wire.config.agent);
        for row in rows {
            writer.header(Name::WwwAuthenticate, row);
        }
        if stranger {
            self.wire.layer.respond_stateless(key, writer.finish());
        } else {
            self.wire.respond(key, Status::UNAUTHORIZED, writer.finish());
        }
    }

    /// A final refusal of a request that has a transaction.
    pub(crate) fn refuse(&mut self, key: ServerKey, message: &Message<'_>, flow: Flow, status: Status) {
        let writer = self.refusal(message, flow, status);
        self.wire.respond(key, status, writer.finish());
    }

    pub(crate) fn refuse_intake(&mut self, intake: &Intake, status: Status) {
        let config = self.wire.config.clone();
        if let Ok(message) = sip::parse(&intake.bytes, &config.limits) {
            self.refuse(intake.key, &message, intake.flow, status);
        }
    }

    /// A final refusal without a transaction (§8.2.7).
    fn refuse_stateless(&mut self, message: &Message<'_>, flow: Flow, status: Status) {
        if matches!(message.method(), Some(Method::Ack)) {
            return;
        }
        let bytes = self.refusal(message, flow, status).finish();
        self.wire.layer.send(flow, bytes);
    }

    fn refusal(&mut self, message: &Message<'_>, flow: Flow, status: Status) -> Writer {
        let mut writer = self.reply(message, flow, status);
        match status {
            // §21.4.6, §21.4.13, §8.2.2.3, §21.5.4
            Status::METHOD_NOT_ALLOWED | Status::NOT_IMPLEMENTED => {
                writer.header(Name::Allow, ALLOW);
            }
            Status::UNSUPPORTED_MEDIA_TYPE => {
                writer.header(Name::Accept, "application/sdp");
            }
            Status::BAD_EXTENSION => {
                let unknown = |token: &&str| !SUPPORTED.iter().any(|known| known.eq_ignore_ascii_case(token));
                let list: Vec<&str> = message.tokens(Name::Require).filter(unknown).collect();
                writer.header(Name::Unsupported, list.join(", "));
            }
            Status::SERVICE_UNAVAILABLE => {
                writer.header(Name::RetryAfter, self.wire.config.retry_after.as_secs());
            }
            _ => {}
        }
        writer
    }

    /// An answer of the exchange itself, with a To tag of its own (§8.2.6.2).
    pub(crate) fn reply(&mut self, message: &Message<'_>, flow: Flow, status: Status) -> Writer {
        let tag = self.wire.mint.tag();
        let mut writer = Writer::reply(message, status, Some(&tag), flow.remote);
        writer.header(Name::Server, &self.wire.config.agent);
        writer
    }
}

/// A peer that we know by its address has to say who it is all the same: to register, and to subscribe where it names a
/// user of ours; behind its address there may be phones.
fn proves_itself(message: &Message<'_>, admission: &Admission) -> bool {
    match message.method() {
        Some(Method::Register) => true,
        Some(Method::Subscribe) => admission.account.is_some(),
        _ => false,
    }
}

/// §8.2.7: the same request gets the same To tag, though nothing is kept of it.
fn stateless_tag(message: &Message<'_>) -> String {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    message.via().ok().and_then(|via| via.branch()).hash(&mut hasher);
    message.call_id().ok().hash(&mut hasher);
    message.from().ok().and_then(|from| from.tag()).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
