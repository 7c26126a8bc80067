//! How the switch serves subscriptions: SUBSCRIBE in, `Ask::Lamp`, 200 and NOTIFY out.

use std::time::Instant;

use sip::transaction::ServerKey;
use sip::{Flow, Message, Method, Name, Status, Transport, Writer};

use super::asked::{Refused, Wanted};
use super::subscription::{End, Subscription, Wish};
use super::{NoRoom, PACKAGE, SubscriptionKey};
use crate::ask::{Account, Admission, Ask};
use crate::ids::{Aor, TenantId};
use crate::intake::Inside;
use crate::io::Output;
use crate::mailbox::{Lamp, NoLamp};
use crate::outside::retry_after;
use crate::record::{Record, StoredSubscription, SubscriptionChange};
use crate::switch::{Asked, Switch};
use crate::wire::Errand;

/// What is known of a lamp is wanted for this.
#[derive(Debug)]
pub(crate) enum Lookup {
    /// A SUBSCRIBE: of a user, or in the dialog of a subscription.
    Subscribe(Box<Subscribe>, Of),
    /// A phone of this user that is new here, by its contact.
    NewPhone(Aor, String),
}

/// Whose SUBSCRIBE it is.
#[derive(Debug)]
pub(crate) enum Of {
    /// A user who asks.
    User(Aor),
    /// A subscription that is refreshed.
    Dialog(SubscriptionKey),
}

/// A SUBSCRIBE that waits for an answer about its lamp.
#[derive(Debug)]
pub(crate) struct Subscribe {
    key: ServerKey,
    bytes: Vec<u8>,
    flow: Flow,
    wanted: Wanted,
}

impl Switch {
    /// How many subscriptions there are, with those that are just ending.
    #[must_use]
    pub fn subscriptions(&self) -> usize {
        self.lamps.len()
    }

    /// Gives back a subscription that was kept, before the first input. Its phone is told with the first [`Lamp`] of its
    /// mailbox, one phone after the other. One that came to a socket that is no more is told from another of its kind; one
    /// that has ended meanwhile, or whose phone cannot be told, is gone.
    pub fn restore_subscription(&mut self, now: Instant, mut stored: StoredSubscription) {
        self.wire.now = now;
        let gone = SubscriptionChange::Removed {
            tenant: stored.tenant,
            call_id: stored.call_id.clone(),
            local_tag: stored.local_tag.clone(),
        };
        if self.lamps.has_tag(&stored.local_tag) {
            return;
        }
        let wall = self.wire.wall();
        let back = Transport::parse(&stored.transport).and_then(|transport| {
            if !self.wire.config.locals.contains(&(transport, stored.local)) {
                stored.local = self.wire.local(transport, stored.remote.ip())?;
            }
            let left = stored.expires.duration_since(wall).ok()?.min(self.lamps.config.max_expires);
            let flow = Flow { transport, local: stored.local, remote: stored.remote, connection: None };
            Subscription::restored(stored, flow, left, &self.wire)
        });
        match back {
            Some(subscription) => {
                let key = self.lamps.insert(subscription);
                self.on_subscription(key, |_, _| Wish::Nothing);
            }
            None => self.wire.outputs.push_back(Output::Record(Record::Subscription(gone))),
        }
    }

    /// A mailbox is gone: so are the subscriptions to it, and their phones are told.
    pub fn forget_lamp(&mut self, now: Instant, tenant: TenantId, mailbox: &str) {
        self.wire.now = now;
        for key in self.lamps.of_mailbox(&(tenant, mailbox.to_owned())) {
            self.on_subscription(key, |subscription, now| subscription.ended(now, End::NoResource));
        }
        self.settle_transactions();
    }

    /// A user is gone: so are his subscriptions.
    pub(crate) fn forget_subscriptions(&mut self, aor: &Aor) {
        for key in self.lamps.of_user(aor) {
            self.on_subscription(key, |subscription, now| subscription.ended(now, End::NoResource));
        }
        self.settle_transactions();
    }

    /// What waits in a mailbox has changed: who subscribed is told, and its user's phones that did not.
    pub(crate) fn lamp_changed(&mut self, lamp: &Lamp) {
        for key in self.lamps.of_mailbox(&(lamp.tenant, lamp.mailbox.clone())) {
            self.lamps.pace(key, self.wire.now);
            self.on_subscription(key, |subscription, now| subscription.changed(now, lamp.waiting));
        }
        if let Some(user) = &lamp.unasked {
            self.tell_unasked(lamp, user, None);
        }
    }

    /// A phone of a user is new here: if it is one that is told without asking, it is told how its lamp is.
    pub(crate) fn phone_is_new(&mut self, aor: &Aor, contact: String) {
        let ask = Ask::Lamp { tenant: aor.tenant, user: aor.user.clone(), wanted: aor.user.clone() };
        self.ask(Asked::Lamp(Lookup::NewPhone(aor.clone(), contact)), ask);
    }

    /// A SUBSCRIBE outside of a dialog, of somebody who has proven to be this account.
    pub(crate) fn subscribe(
        &mut self,
        key: ServerKey,
        message: &Message<'_>,
        flow: Flow,
        admission: &Admission,
        account: Option<&Account>,
    ) {
        // RFC 6665 §4.2.1.3: a peer that we know by its address alone has no mailbox.
        let Some(account) = account else { return self.refuse(key, message, flow, Status::FORBIDDEN) };
        let wanted = match Wanted::read(message, &self.lamps.config) {
            Ok(wanted) => wanted,
            Err(refused) => return self.refuse_subscribe(key, message, flow, &refused),
        };
        let aor = Aor { tenant: admission.tenant, user: account.user.clone() };
        if let Err(full) = self.lamps.room_for(&aor) {
            return self.refuse(key, message, flow, full.status());
        }
        let named = named_by(message).unwrap_or_else(|| account.user.clone());
        let ask = Ask::Lamp { tenant: aor.tenant, user: aor.user.clone(), wanted: named };
        let subscribe = Subscribe { key, bytes: message.bytes().to_vec(), flow, wanted };
        self.ask(Asked::Lamp(Lookup::Subscribe(Box::new(subscribe), Of::User(aor))), ask);
    }

    /// A request in a subscription's dialog.
    pub(crate) fn request_in_subscription(
        &mut self,
        id: SubscriptionKey,
        key: ServerKey,
        message: &Message<'_>,
        flow: Flow,
    ) {
        if message.method() != Some(Method::Subscribe) {
            // RFC 6665 §4.5.2: there is nothing else in this dialog.
            return self.refuse(key, message, flow, Status::NO_SUCH_CALL);
        }
        let known = self.lamps.get(id).is_some_and(|known| known.flow().remote.ip() == flow.remote.ip());
        if known {
            self.subscribe_again(id, key, message, flow);
        } else {
            // Tags are no password: from another address the sender must prove itself.
            self.ask_admission(key, message, flow, Some(Inside::Subscription(id)));
        }
    }

    /// The user who has this subscription.
    pub(crate) fn is_subscriber(&self, id: SubscriptionKey, tenant: TenantId, account: &Account) -> bool {
        self.lamps.get(id).is_some_and(|known| known.aor() == Aor { tenant, user: account.user.clone() })
    }

    /// A SUBSCRIBE in its dialog, from where the last came or from who proved to be its user (RFC 6665 §4.2.1.4).
    pub(crate) fn subscribe_again(&mut self, id: SubscriptionKey, key: ServerKey, message: &Message<'_>, flow: Flow) {
        let Some((subscription, _)) = self.lamps.all.get_mut(id) else {
            return self.refuse(key, message, flow, Status::NO_SUCH_CALL);
        };
        if let Err(status) = subscription.handle_request(message) {
            return self.refuse(key, message, flow, status);
        }
        let wanted = match Wanted::read(message, &self.lamps.config) {
            Ok(wanted) if subscription.is_wanted(&wanted) => wanted,
            Ok(_) => return self.refuse(key, message, flow, Status::NO_SUCH_CALL),
            Err(refused) => return self.refuse_subscribe(key, message, flow, &refused),
        };
        if wanted.expires.is_zero() {
            // §4.1.2.3: unsubscribing needs nobody's leave.
            subscription.refreshed(message, flow);
            self.grant(id, key, message, &wanted);
            return self.on_subscription(id, |subscription, now| subscription.ended(now, End::Timeout));
        }
        let (tenant, named) = subscription.mailbox();
        let ask = Ask::Lamp { tenant, user: subscription.aor().user, wanted: named };
        let subscribe = Subscribe { key, bytes: message.bytes().to_vec(), flow, wanted };
        self.ask(Asked::Lamp(Lookup::Subscribe(Box::new(subscribe), Of::Dialog(id))), ask);
    }

    /// What was asked about a lamp is known.
    pub(crate) fn lamp_found(&mut self, lookup: Lookup, found: Result<Box<Lamp>, NoLamp>) {
        match (lookup, found) {
            (Lookup::Subscribe(subscribe, of), found) => {
                self.subscribe_decided(*subscribe, of, found.map(|lamp| *lamp));
            }
            (Lookup::NewPhone(aor, contact), Ok(lamp)) => {
                if lamp.unasked.as_ref() == Some(&aor.user) {
                    self.tell_unasked(&lamp, &aor.user, Some(&contact));
                }
            }
            (Lookup::NewPhone(..), Err(_)) => {}
        }
    }

    /// Nobody knows in time.
    pub(crate) fn lamp_unknown(&mut self, lookup: Lookup) {
        let Lookup::Subscribe(subscribe, _) = lookup else { return };
        let config = self.wire.config.clone();
        if let Ok(message) = sip::parse(&subscribe.bytes, &config.limits) {
            self.refuse(subscribe.key, &message, subscribe.flow, Status::SERVICE_UNAVAILABLE);
        }
    }

    fn subscribe_decided(&mut self, subscribe: Subscribe, of: Of, found: Result<Lamp, NoLamp>) {
        let config = self.wire.config.clone();
        let Subscribe { key, bytes, flow, wanted } = subscribe;
        let Ok(message) = sip::parse(&bytes, &config.limits) else { return };
        let id = match (of, &found) {
            (Of::User(aor), Ok(lamp)) => match self.begin(aor, lamp, &wanted, &message, flow) {
                Ok(id) => id,
                Err(status) => return self.refuse(key, &message, flow, status),
            },
            (Of::Dialog(id), Ok(_)) => {
                let known = self.lamps.all.get_mut(id).filter(|(known, _)| known.is_wanted(&wanted));
                let Some((known, _)) = known else { return self.refuse(key, &message, flow, Status::NO_SUCH_CALL) };
                known.refreshed(&message, flow);
                id
            }
            (of, Err(why)) => {
                let (status, end) = match why {
                    NoLamp::Unknown => (Status::NOT_FOUND, End::NoResource),
                    NoLamp::Forbidden => (Status::FORBIDDEN, End::Rejected),
                };
                self.refuse(key, &message, flow, status);
                if let Of::Dialog(id) = of {
                    self.on_subscription(id, |subscription, now| subscription.ended(now, end));
                }
                return;
            }
        };
        let Ok(lamp) = found else { return };
        self.grant(id, key, &message, &wanted);
        self.on_subscription(id, |subscription, now| {
            if wanted.expires.is_zero() {
                // §4.4.3: it is told once.
                subscription.know(lamp.waiting);
                return subscription.ended(now, End::Timeout);
            }
            subscription.granted(now, lamp.waiting, wanted.expires)
        });
        self.keep(id);
    }

    fn begin(
        &mut self,
        aor: Aor,
        lamp: &Lamp,
        wanted: &Wanted,
        message: &Message<'_>,
        flow: Flow,
    ) -> Result<SubscriptionKey, Status> {
        self.lamps.room_for(&aor).map_err(NoRoom::status)?;
        let tag = self.wire.mint.tag();
        let subscription = Subscription::new(aor, lamp.mailbox.clone(), wanted, message, (tag, flow), &self.wire)?;
        Ok(self.lamps.insert(subscription))
    }

    /// 200, before the NOTIFY (RFC 6665 §4.2.1.1).
    fn grant(&mut self, id: SubscriptionKey, key: ServerKey, message: &Message<'_>, wanted: &Wanted) {
        let Some(subscription) = self.lamps.get(id) else { return };
        let tag = subscription.local_tag();
        let mut writer = Writer::reply(message, Status::OK, Some(tag), subscription.flow().remote);
        writer
            // RFC 3261 §12.1.1
            .copy(message, Name::RecordRoute)
            .header(Name::Contact, subscription.contact(&self.wire))
            .header(Name::Expires, wanted.expires.as_secs())
            .header(Name::AllowEvents, PACKAGE)
            .header(Name::Server, &self.wire.config.agent);
        self.wire.respond(key, Status::OK, writer.finish());
    }

    fn refuse_subscribe(&mut self, key: ServerKey, message: &Message<'_>, flow: Flow, refused: &Refused) {
        let mut writer = self.reply(message, flow, refused.status);
        if let Some((name, value)) = &refused.row {
            writer.header(*name, value);
        }
        self.wire.respond(key, refused.status, writer.finish());
    }

    /// A subscription that stands is kept as it is now.
    fn keep(&mut self, id: SubscriptionKey) {
        let (now, wall) = (self.wire.now, self.wire.wall());
        let Some((subscription, _)) = self.lamps.all.get_mut(id).filter(|(known, _)| !known.is_ended()) else { return };
        subscription.kept = true;
        let change = SubscriptionChange::Put(Box::new(subscription.stored(now, wall)));
        self.wire.outputs.push_back(Output::Record(Record::Subscription(change)));
    }

    /// Something happens to a subscription; what it wants then is done.
    fn on_subscription(&mut self, id: SubscriptionKey, happens: impl FnOnce(&mut Subscription, Instant) -> Wish) {
        let now = self.wire.now;
        let Some((subscription, timer)) = self.lamps.all.get_mut(id) else { return };
        let mut wish = happens(subscription, now);
        if wish == Wish::Tell {
            let (flow, bytes) = subscription.notify(&mut self.wire);
            if !self.wire.errand(flow, bytes, Errand::Notify(id)) {
                wish = subscription.unsent(now);
            }
        }
        self.lamps.timers.cancel(timer);
        *timer = subscription.poll_timeout().map(|due| self.lamps.timers.arm(due, id));
        let over = wish == Wish::Over;
        if (over || subscription.is_ended()) && std::mem::take(&mut subscription.kept) {
            let (tenant, _) = subscription.mailbox();
            let (call_id, local_tag) = (subscription.call_id().to_owned(), subscription.local_tag().to_owned());
            let change = SubscriptionChange::Removed { tenant, call_id, local_tag };
            self.wire.outputs.push_back(Output::Record(Record::Subscription(change)));
        }
        if over {
            self.lamps.remove(id);
        }
    }

    /// A NOTIFY is answered.
    pub(crate) fn notify_answered(&mut self, id: SubscriptionKey, response: &Message<'_>, status: Status) {
        let later = retry_after(response);
        self.on_subscription(id, |subscription, now| subscription.answered(now, status, later));
    }

    /// A NOTIFY was not answered, or could not be sent.
    pub(crate) fn notify_failed(&mut self, id: SubscriptionKey, status: u16) {
        let Some((subscription, _)) = self.lamps.all.get_mut(id) else { return };
        let wish = subscription.failed(status, &self.wire);
        self.on_subscription(id, |_, _| wish);
    }

    /// The time that subscriptions wait for has come.
    pub(crate) fn lamps_are_due(&mut self) {
        while let Some(id) = self.lamps.timers.pop_due(self.wire.now) {
            self.on_subscription(id, Subscription::handle_timeout);
        }
    }
}

/// The mailbox that a SUBSCRIBE names; a URI without a user names its sender's own.
fn named_by(message: &Message<'_>) -> Option<String> {
    let named = message.uri().ok()?.user_unescaped()?.into_owned();
    Some(named).filter(|named| !named.is_empty())
}

impl NoRoom {
    fn status(self) -> Status {
        match self {
            Self::User => Status::FORBIDDEN,
            Self::All => Status::SERVICE_UNAVAILABLE,
        }
    }
}
