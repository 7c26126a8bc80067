//! One subscription: its dialog, how long it stands, and what its phone is being told. The tables are in [`super`].

use std::time::{Duration, Instant, SystemTime};

use sip::{Dialog, DialogState, Flow, Message, Method, Name, NameAddr, Status, Uri, Writer};

use super::PACKAGE;
use super::asked::Wanted;
use super::summary::{KIND, summary};
use crate::ids::{Aor, TenantId};
use crate::letter::Escaped;
use crate::mailbox::Waiting;
use crate::record::StoredSubscription;
use crate::wire::Wire;

/// RFC 3842 §3.11: not more than one a second, but for those that a SUBSCRIBE wants.
const RATE: Duration = Duration::from_secs(1);
/// When a NOTIFY is tried again for which there was no room.
const NO_ROOM: Duration = Duration::from_secs(5);
/// How much text of a peer's making is kept of a dialog.
const MOST_TEXT: usize = 4096;
/// CSeqs count from here (RFC 3261 §8.1.1.5: below 2³¹).
const EPOCH: Duration = Duration::from_secs(1_577_836_800);

/// Why a subscription ends (RFC 6665 §4.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Its time is over, or it was given up.
    Timeout,
    /// The mailbox is gone, or the user.
    NoResource,
    /// The mailbox is another's now.
    Rejected,
}

/// What is to be done for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// Nothing.
    Nothing,
    /// The phone is to be told: [`Subscription::notify`].
    Tell,
    /// It is gone.
    Over,
}

/// Where telling the phone stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Telling {
    /// It knows all.
    Quiet,
    /// It is told as soon as it may be.
    Held,
    /// A NOTIFY is not answered yet.
    UnderWay {
        more: More,
        /// It says that the subscription is over.
        last: bool,
        /// It goes another way than the first.
        moved: bool,
    },
}

/// What came while a NOTIFY was under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum More {
    Nothing,
    /// The lamp changed.
    Change,
    /// A SUBSCRIBE, or the end: not to be put off.
    Now,
}

/// One subscription.
#[derive(Debug)]
pub(crate) struct Subscription {
    tenant: TenantId,
    user: String,
    mailbox: String,
    /// The `id` of its Event: every NOTIFY has it too (RFC 6665 §8.2.1).
    event_id: Option<String>,
    dialog: Dialog,
    /// Where its last SUBSCRIBE came from.
    flow: Flow,
    /// What waits; `None` after a restart, until it is known.
    waiting: Option<Waiting>,
    expires: Instant,
    end: Option<End>,
    telling: Telling,
    not_before: Instant,
    /// There is a record of it.
    pub(super) kept: bool,
    /// It was given back and was told nothing since.
    restored: bool,
}

impl Subscription {
    /// The subscription of a SUBSCRIBE that is granted, whose 200 has this tag.
    ///
    /// # Errors
    /// 400 for a request that makes no dialog, 513 for one that is too much to keep.
    pub(super) fn new(
        aor: Aor,
        mailbox: String,
        wanted: &Wanted,
        request: &Message<'_>,
        (tag, flow): (String, Flow),
        wire: &Wire,
    ) -> Result<Self, Status> {
        // RFC 3261 §12.1.1
        request.contacts().next().ok_or(Status::BAD_REQUEST)?.map_err(|_| Status::BAD_REQUEST)?;
        let mut dialog = Dialog::from_request(request, tag, flow).map_err(sip::Error::status)?;
        let state = dialog.state();
        let texts = [&state.call_id, &state.remote_tag, &state.local, &state.remote, &state.remote_target];
        let text: usize = texts.into_iter().chain(&state.route_set).map(String::len).sum();
        if text > MOST_TEXT {
            return Err(Status::MESSAGE_TOO_LARGE);
        }
        dialog.count_from(first_cseq(wire.wall()));
        Ok(Self {
            tenant: aor.tenant,
            user: aor.user,
            mailbox,
            event_id: wanted.event_id.clone(),
            dialog,
            flow,
            waiting: None,
            expires: wire.now + wanted.expires,
            end: None,
            telling: Telling::Quiet,
            not_before: wire.now,
            kept: false,
            restored: false,
        })
    }

    /// One that was kept, with so much time left. `None` where it is not to be understood.
    pub(super) fn restored(stored: StoredSubscription, flow: Flow, left: Duration, wire: &Wire) -> Option<Self> {
        let readable = Uri::parse(&stored.target).is_ok()
            && NameAddr::parse(&stored.local_uri, "To").is_ok()
            && NameAddr::parse(&stored.remote_uri, "From").is_ok();
        if !readable {
            return None;
        }
        let state = DialogState {
            call_id: stored.call_id,
            local_tag: stored.local_tag,
            remote_tag: stored.remote_tag,
            local: stored.local_uri,
            remote: stored.remote_uri,
            remote_target: stored.target,
            route_set: stored.route,
            remote_seq: Some(stored.remote_cseq),
        };
        Some(Self {
            tenant: stored.tenant,
            user: stored.user,
            mailbox: stored.mailbox,
            event_id: stored.event_id,
            dialog: Dialog::restored(state, first_cseq(wire.wall()), flow),
            flow,
            waiting: None,
            expires: wire.now + left,
            end: None,
            telling: Telling::Quiet,
            not_before: wire.now,
            kept: true,
            restored: true,
        })
    }

    /// As it is kept.
    pub(super) fn stored(&self, now: Instant, wall: SystemTime) -> StoredSubscription {
        let state = self.dialog.state();
        StoredSubscription {
            tenant: self.tenant,
            user: self.user.clone(),
            mailbox: self.mailbox.clone(),
            event_id: self.event_id.clone(),
            call_id: state.call_id,
            local_tag: state.local_tag,
            remote_tag: state.remote_tag,
            local_uri: state.local,
            remote_uri: state.remote,
            target: state.remote_target,
            route: state.route_set,
            remote_cseq: state.remote_seq.unwrap_or_default(),
            expires: wall + self.expires.saturating_duration_since(now),
            transport: self.flow.transport.as_str().to_ascii_lowercase(),
            local: self.flow.local,
            remote: self.flow.remote,
        }
    }

    pub(super) fn aor(&self) -> Aor {
        Aor { tenant: self.tenant, user: self.user.clone() }
    }

    pub(super) fn mailbox(&self) -> (TenantId, String) {
        (self.tenant, self.mailbox.clone())
    }

    pub(super) fn call_id(&self) -> &str {
        self.dialog.call_id()
    }

    pub(super) fn local_tag(&self) -> &str {
        self.dialog.local_tag()
    }

    pub(super) fn target(&self) -> &str {
        self.dialog.remote_target()
    }

    pub(super) fn flow(&self) -> Flow {
        self.flow
    }

    /// It stands, and is of this mailbox.
    pub(super) fn is_of(&self, mailbox: &str) -> bool {
        self.end.is_none() && self.mailbox == mailbox
    }

    pub(super) fn is_ended(&self) -> bool {
        self.end.is_some()
    }

    /// Nothing is to be told, and nothing is under way.
    pub(super) fn is_quiet(&self) -> bool {
        self.telling == Telling::Quiet && self.end.is_none()
    }

    /// RFC 3261 §12.2.2: by Call-ID and remote tag, beside ours.
    pub(super) fn is_dialog_of(&self, message: &Message<'_>) -> bool {
        let remote = message.from().ok().and_then(|from| from.tag()).unwrap_or_default();
        message.call_id().is_ok_and(|call_id| call_id == self.dialog.call_id()) && remote == self.dialog.remote_tag()
    }

    /// A request in its dialog.
    ///
    /// # Errors
    /// 500 for a CSeq that is too low (RFC 3261 §12.2.2).
    pub(super) fn handle_request(&mut self, request: &Message<'_>) -> Result<(), Status> {
        self.dialog.handle_request(request)
    }

    /// RFC 6665 §8.2.1: what has another `id` is another subscription.
    pub(super) fn is_wanted(&self, wanted: &Wanted) -> bool {
        self.end.is_none() && self.event_id == wanted.event_id
    }

    /// A SUBSCRIBE in its dialog is granted: the phone may have moved (RFC 6665 §4.4.1).
    pub(super) fn refreshed(&mut self, request: &Message<'_>, flow: Flow) {
        self.dialog.refresh(request);
        self.flow = flow;
    }

    /// From now on it stands so long, and its phone is to know how the lamp is (§4.2.1.2).
    pub(super) fn granted(&mut self, now: Instant, waiting: Waiting, expires: Duration) -> Wish {
        (self.waiting, self.expires, self.restored) = (Some(waiting), now + expires, false);
        self.want(now, More::Now)
    }

    /// The lamp changed.
    pub(super) fn changed(&mut self, now: Instant, waiting: Waiting) -> Wish {
        if self.end.is_some() {
            return Wish::Nothing;
        }
        self.waiting = Some(waiting);
        self.want(now, More::Change)
    }

    /// One that was given back, and was told nothing since, is told at this time. Says whether it is one.
    pub(super) fn waits_for_turn(&mut self, turn: Instant) -> bool {
        if !std::mem::take(&mut self.restored) {
            return false;
        }
        self.not_before = self.not_before.max(turn);
        true
    }

    /// What waits there is known without a change: for who asks once.
    pub(super) fn know(&mut self, waiting: Waiting) {
        self.waiting = Some(waiting);
    }

    /// It ends: the phone is told so (§4.2.2), once.
    pub(super) fn ended(&mut self, now: Instant, end: End) -> Wish {
        if self.end.is_some() {
            return Wish::Nothing;
        }
        self.end = Some(end);
        self.want(now, More::Now)
    }

    fn want(&mut self, now: Instant, what: More) -> Wish {
        match &mut self.telling {
            Telling::UnderWay { more, .. } => {
                *more = (*more).max(what);
                Wish::Nothing
            }
            Telling::Quiet | Telling::Held if what == More::Now || now >= self.not_before => self.tell(now),
            telling => {
                *telling = Telling::Held;
                Wish::Nothing
            }
        }
    }

    fn tell(&mut self, now: Instant) -> Wish {
        self.telling = Telling::UnderWay { more: More::Nothing, last: self.end.is_some(), moved: false };
        self.not_before = now + RATE;
        Wish::Tell
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let expiry = self.end.is_none().then_some(self.expires);
        let held = (self.telling == Telling::Held).then_some(self.not_before);
        expiry.into_iter().chain(held).min()
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) -> Wish {
        if self.end.is_none() && now >= self.expires {
            // §4.2.1.4: nobody refreshed it.
            return self.ended(now, End::Timeout);
        }
        if self.telling == Telling::Held && now >= self.not_before { self.tell(now) } else { Wish::Nothing }
    }

    /// The NOTIFY is answered.
    pub(super) fn answered(&mut self, now: Instant, status: Status, retry_after: Option<Duration>) -> Wish {
        let Telling::UnderWay { more, last, .. } = self.telling else { return Wish::Nothing };
        if status.is_provisional() {
            return Wish::Nothing;
        }
        self.telling = Telling::Quiet;
        if status.is_success() {
            return match more {
                _ if last => Wish::Over,
                More::Nothing => Wish::Nothing,
                more => self.want(now, more),
            };
        }
        // §4.2.2: what is refused for a while is no failure; the phone cannot be told now, and is told then.
        let later = retry_after.filter(|_| matches!(status.0, 480 | 486 | 500 | 503) && self.end.is_none());
        let Some(later) = later else { return Wish::Over };
        self.not_before = now + later.clamp(RATE, self.expires.saturating_duration_since(now).max(RATE));
        self.telling = Telling::Held;
        Wish::Nothing
    }

    /// The NOTIFY was not answered (408), or could not be sent (503): where its connection is gone, it goes to the Contact.
    pub(super) fn failed(&mut self, status: u16, wire: &Wire) -> Wish {
        let Telling::UnderWay { moved, .. } = &mut self.telling else { return Wish::Nothing };
        if status == Status::SERVICE_UNAVAILABLE.0 && self.flow.transport.reliable() && !*moved {
            *moved = true;
            let hop = Uri::parse(self.dialog.next_hop()).ok().and_then(|hop| wire.flow_to(&hop));
            if let Some(hop) = hop.filter(|hop| hop.transport == self.flow.transport && *hop != self.flow) {
                self.flow = hop;
                return Wish::Tell;
            }
        }
        // §4.2.2
        Wish::Over
    }

    /// There is no room for a NOTIFY.
    pub(super) fn unsent(&mut self, now: Instant) -> Wish {
        if self.end.is_some() {
            return Wish::Over;
        }
        (self.telling, self.not_before) = (Telling::Held, now + NO_ROOM);
        Wish::Nothing
    }

    /// The row that answers a SUBSCRIBE, and stands in each NOTIFY (RFC 3261 §8.1.1.8).
    pub(super) fn contact(&self, wire: &Wire) -> String {
        let sips = Uri::parse(self.dialog.next_hop()).is_ok_and(|uri| uri.is_sips());
        wire.contact(&self.flow, &Escaped(&self.mailbox).to_string(), sips)
    }

    /// The NOTIFY that says how things stand (§4.2.2), and the way it goes.
    pub(super) fn notify(&mut self, wire: &mut Wire) -> (Flow, Vec<u8>) {
        let hop = Uri::parse(self.dialog.next_hop()).map_or(self.flow, |uri| wire.toward(&uri, &self.flow));
        let (via, contact) = (wire.via(&self.flow), self.contact(wire));
        let mut writer = self.dialog.request(Method::Notify, &via);
        writer.header(Name::Contact, contact);
        match &self.event_id {
            // §8.2.1
            Some(id) => writer.header(Name::Event, format_args!("{PACKAGE};id={id}")),
            None => writer.header(Name::Event, PACKAGE),
        };
        let left = self.expires.saturating_duration_since(wire.now).as_secs();
        // §4.1.3, §8.2.3
        match self.end {
            None => writer.header(Name::SubscriptionState, format_args!("active;expires={left}")),
            Some(End::Timeout) => writer.header(Name::SubscriptionState, "terminated;reason=timeout"),
            Some(End::NoResource) => writer.header(Name::SubscriptionState, "terminated;reason=noresource"),
            Some(End::Rejected) => writer.header(Name::SubscriptionState, "terminated;reason=rejected"),
        };
        writer.header(Name::UserAgent, &wire.config.agent);
        // What is not his any more he is not told.
        let told = self.waiting.filter(|_| matches!(self.end, None | Some(End::Timeout)));
        (hop, self.finish(writer, told))
    }

    fn finish(&self, writer: Writer, told: Option<Waiting>) -> Vec<u8> {
        let Some(waiting) = told else { return writer.finish() };
        let domain = NameAddr::parse(self.dialog.local(), "To").map_or("", |address| address.uri().host_str());
        writer.body(KIND, summary(&self.mailbox, domain, waiting).as_bytes())
    }
}

/// Where our CSeqs begin: by the clock, in seconds. A subscription is told once a second at most, so that a number is never
/// ahead of the clock for long, and after a restart counting goes on behind the last without its being kept. Below 2³¹
/// until 2088.
fn first_cseq(wall: SystemTime) -> u32 {
    let seconds = wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().saturating_sub(EPOCH).as_secs();
    u32::try_from(seconds).unwrap_or(u32::MAX).min(0x7fff_0000)
}
