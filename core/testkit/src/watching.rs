//! Lamps in a world: mailboxes, and phones that watch them.

use std::collections::BTreeMap;

use switch::{
    Answer, BindingChange, Input, Lamp, NoLamp, Record, StoredBinding, StoredSubscription, SubscriptionChange, Switch,
    TenantId, Waiting,
};

use crate::exchange::{DOMAIN, tenant_of};
use crate::handles::Phone;
use crate::phone::Told;
use crate::world::{World, seconds};

/// A mailbox of a world.
#[derive(Debug, Clone)]
struct Mailbox {
    owner: String,
    waiting: Waiting,
    /// Its owner's phones are told without having asked.
    unasked: bool,
}

/// All mailboxes of a world.
#[derive(Debug, Default)]
pub(crate) struct Mailboxes {
    /// By tenant and name.
    all: BTreeMap<(TenantId, String), Mailbox>,
    /// Nobody answers what is asked about them.
    pub(crate) silent: bool,
}

impl Mailboxes {
    fn lamp(&self, tenant: TenantId, name: &str) -> Option<Lamp> {
        let mailbox = self.all.get(&(tenant, name.to_owned()))?;
        let unasked = mailbox.unasked.then(|| mailbox.owner.clone());
        Some(Lamp { tenant, mailbox: name.to_owned(), waiting: mailbox.waiting, unasked })
    }

    /// What a server would say: a user may see his own mailbox, under its name and under his own.
    pub(crate) fn answer(&self, tenant: TenantId, user: &str, wanted: &str) -> Answer {
        let named = |(key, mailbox): &(&(TenantId, String), &Mailbox)| {
            key.0 == tenant && (key.1 == wanted || (wanted == user && mailbox.owner == user))
        };
        Answer::Lamp(match self.all.iter().find(named) {
            None => Err(NoLamp::Unknown),
            Some((_, mailbox)) if mailbox.owner != user => Err(NoLamp::Forbidden),
            Some((key, _)) => self.lamp(tenant, &key.1).map(Box::new).ok_or(NoLamp::Unknown),
        })
    }
}

/// So many new messages, and so many that were heard.
#[must_use]
pub fn waiting(new: u32, saved: u32) -> Waiting {
    Waiting { new, saved, ..Waiting::default() }
}

impl World {
    /// There is a mailbox, empty, of this user's.
    pub fn mailbox(&self, name: &str, owner: &str) {
        self.mailbox_of(DOMAIN, name, owner, false);
    }

    /// There is one whose owner's phones are told without having asked.
    pub fn mailbox_that_tells_unasked(&self, name: &str, owner: &str) {
        self.mailbox_of(DOMAIN, name, owner, true);
    }

    /// There is one of another domain's.
    pub fn mailbox_of(&self, domain: &str, name: &str, owner: &str, unasked: bool) {
        let tenant = tenant_of(domain).expect("a tenant of this world");
        let mailbox = Mailbox { owner: owner.to_owned(), waiting: Waiting::default(), unasked };
        self.0.borrow_mut().around.mailboxes.all.insert((tenant, name.to_owned()), mailbox);
    }

    /// This waits in a mailbox from now on, and the exchange is told.
    pub fn lamp(&self, name: &str, waiting: Waiting) {
        let key = (tenant_of(DOMAIN).expect("a tenant"), name.to_owned());
        if let Some(mailbox) = self.0.borrow_mut().around.mailboxes.all.get_mut(&key) {
            mailbox.waiting = waiting;
        }
        let lamp = self.0.borrow().around.mailboxes.lamp(key.0, name).expect("a mailbox of this world");
        self.input(Input::Lamp(Box::new(lamp)));
    }

    /// The exchange is told of all lamps, as a server does when it begins.
    pub fn tell_all_lamps(&self) {
        let lamps: Vec<Lamp> = {
            let inner = self.0.borrow();
            let mailboxes = &inner.around.mailboxes;
            mailboxes.all.keys().filter_map(|(tenant, name)| mailboxes.lamp(*tenant, name)).collect()
        };
        for lamp in lamps {
            self.input(Input::Lamp(Box::new(lamp)));
        }
    }

    /// Somebody else owns a mailbox from now on.
    pub fn gives_mailbox(&self, name: &str, owner: &str) {
        self.mailbox(name, owner);
    }

    /// A mailbox is gone; the exchange is told where that is said.
    pub fn drops_mailbox(&self, name: &str, told: bool) {
        let tenant = tenant_of(DOMAIN).expect("a tenant");
        {
            let mut inner = self.0.borrow_mut();
            inner.around.mailboxes.all.remove(&(tenant, name.to_owned()));
            let now = inner.now;
            if told {
                inner.switch.forget_lamp(now, tenant, name);
            }
        }
        self.settle();
    }

    /// A user is gone.
    pub fn drops_user(&self, user: &str) {
        {
            let mut inner = self.0.borrow_mut();
            let now = inner.now;
            let tenant = tenant_of(DOMAIN).expect("a tenant");
            inner.switch.forget_bindings(now, &switch::Aor { tenant, user: user.to_owned() });
        }
        self.settle();
    }

    /// Whether what the exchange asks about lamps is answered.
    pub fn lamps_are_answered(&self, answered: bool) {
        self.0.borrow_mut().around.mailboxes.silent = !answered;
    }

    /// How many subscriptions the exchange has.
    #[must_use]
    pub fn subscriptions(&self) -> usize {
        self.0.borrow().switch.subscriptions()
    }

    /// The subscriptions that are kept now, by what the exchange wanted to be recorded.
    #[must_use]
    pub fn kept_subscriptions(&self) -> Vec<StoredSubscription> {
        let mut kept: BTreeMap<(String, String), StoredSubscription> = BTreeMap::new();
        for record in &self.0.borrow().records {
            match record {
                Record::Subscription(SubscriptionChange::Put(stored)) => {
                    kept.insert((stored.call_id.clone(), stored.local_tag.clone()), (**stored).clone());
                }
                Record::Subscription(SubscriptionChange::Removed { call_id, local_tag, .. }) => {
                    let gone = kept.remove(&(call_id.clone(), local_tag.clone()));
                    assert!(gone.is_some(), "a subscription is removed that was not kept");
                }
                _ => {}
            }
        }
        kept.into_values().collect()
    }

    fn kept_bindings(&self) -> Vec<StoredBinding> {
        let mut kept: BTreeMap<(switch::Aor, String), StoredBinding> = BTreeMap::new();
        for record in &self.0.borrow().records {
            match record {
                Record::Binding(BindingChange::Put(stored)) => {
                    kept.insert((stored.aor.clone(), stored.contact.clone()), stored.clone());
                }
                Record::Binding(BindingChange::Removed { aor, contact }) => {
                    kept.remove(&(aor.clone(), contact.clone()));
                }
                _ => {}
            }
        }
        kept.into_values().collect()
    }

    /// The exchange is killed and begins anew, with what was kept. Calls do not survive that.
    pub fn restart(&self) {
        let (bindings, subscriptions) = (self.kept_bindings(), self.kept_subscriptions());
        {
            let mut inner = self.0.borrow_mut();
            inner.restarts += 1;
            let mut seed = [inner.restarts; 32];
            seed.iter_mut().zip(inner.seed.to_be_bytes()).for_each(|(to, from)| *to = from);
            let (now, wall) = (inner.now, inner.wall + (inner.now - inner.begin));
            inner.switch = Switch::new(inner.config.clone(), seed, now, wall);
            for binding in bindings {
                inner.switch.restore(now, binding);
            }
            for subscription in subscriptions {
                inner.switch.restore_subscription(now, subscription);
            }
            inner.auditor.restarted();
        }
        self.settle();
    }
}

impl World {
    /// The exchange is given back these subscriptions.
    pub fn restore(&self, subscriptions: Vec<StoredSubscription>) {
        {
            let mut inner = self.0.borrow_mut();
            let now = inner.now;
            for subscription in subscriptions {
                inner.auditor.given_back(&subscription.call_id, &subscription.local_tag);
                inner.switch.restore_subscription(now, subscription);
            }
        }
        self.settle();
    }
}

/// A phone's subscription.
#[derive(Debug, Clone)]
pub struct Watching {
    phone: Phone,
    at: usize,
}

impl Phone {
    /// Subscribes to the lamp of a mailbox, or to its own where the name is empty.
    pub fn subscribes_to(&self, name: &str) -> Watching {
        self.subscribes_for(name, None)
    }

    /// Subscribes for so many seconds.
    pub fn subscribes_for(&self, name: &str, expires: Option<u32>) -> Watching {
        self.subscribes_with(name, expires, &[])
    }

    /// Subscribes with these rows in place of what it would say by itself; one without a value is left out.
    pub fn subscribes_with(&self, name: &str, expires: Option<u32>, rows: &[(&'static str, String)]) -> Watching {
        let at = self.world.with_phone(self.at, |phone, now| phone.subscribe(now, name, expires, rows));
        self.world.run_for(seconds(2));
        Watching { phone: self.clone(), at }
    }

    /// Answers NOTIFYs with this status and these rows from now on; not at all for 0.
    pub fn answers_notify(&self, status: u16, rows: &[(&'static str, String)]) {
        let rows = rows.to_vec();
        self.world.with_phone(self.at, |phone, _| phone.manners.notified = (status != 200).then_some((status, rows)));
    }

    /// What it was told without having asked.
    #[must_use]
    pub fn told_unasked(&self) -> Vec<Told> {
        self.world.with_phone(self.at, |phone, _| phone.unasked.clone())
    }
}

impl Watching {
    fn with<R>(&self, read: impl FnOnce(&mut crate::phone::Watch) -> R) -> R {
        let at = self.at;
        self.phone.world.with_phone(self.phone.at, |phone, _| read(phone.watches.get_mut(at).expect("a subscription")))
    }

    /// How its last SUBSCRIBE came out.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.with(|watch| watch.status)
    }

    /// For how many seconds it was granted at last.
    #[must_use]
    pub fn granted(&self) -> Option<u32> {
        self.with(|watch| watch.granted)
    }

    /// All that it was told.
    #[must_use]
    pub fn told(&self) -> Vec<Told> {
        self.with(|watch| watch.told.clone())
    }

    /// What waits, as far as the phone knows.
    #[must_use]
    pub fn waiting(&self) -> Option<Waiting> {
        self.with(|watch| watch.told.last().and_then(|told| told.waiting))
    }

    /// The last Subscription-State.
    #[must_use]
    pub fn state(&self) -> String {
        self.with(|watch| watch.told.last().map(|told| told.state.clone()).unwrap_or_default())
    }

    /// The phone is switched off and on, and knows nothing of it any more.
    pub fn forget(&self) {
        self.with(|watch| watch.forgotten = true);
    }

    /// Counts its requests from lower on.
    pub fn forgets_its_count(&self) {
        self.with(|watch| watch.cseq = 0);
    }

    /// Refreshes it for so many seconds.
    pub fn refresh(&self, expires: u32) {
        self.refresh_with(Some(expires), &[]);
    }

    /// Sends a SUBSCRIBE in its dialog.
    pub fn refresh_with(&self, expires: Option<u32>, rows: &[(&'static str, String)]) {
        let (world, at) = (&self.phone.world, self.at);
        world.with_phone(self.phone.at, |phone, now| phone.subscribe_in(now, at, expires, rows));
        world.run_for(seconds(2));
    }

    /// Gives it up.
    pub fn unsubscribe(&self) {
        self.refresh(0);
    }
}
