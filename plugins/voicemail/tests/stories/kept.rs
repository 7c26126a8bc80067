//! What the house keeps: mailboxes, messages and PINs, and all that was done with them.

use std::collections::{BTreeMap, VecDeque};
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use switch::{CallUid, Folder, Greeting, MessageId, TenantId, UserId};
use tokio::sync::Semaphore;
use voicemail::{Begun, Delivered, Draft, Entry, Happening, KeepFault, Keeper, List, Mailbox, Message, PinState, Wait};

pub(crate) const TENANT: TenantId = TenantId(1);

/// The double of the keeper.
#[derive(Default)]
pub(crate) struct Kept(Mutex<State>);

#[derive(Default)]
pub(crate) struct State {
    pub(crate) mailboxes: BTreeMap<String, Mailbox>,
    /// The mailboxes of users.
    pub(crate) owners: BTreeMap<UserId, String>,
    pub(crate) pins: BTreeMap<String, String>,
    pub(crate) messages: Vec<(String, Message)>,
    pub(crate) lists: Vec<List>,
    pub(crate) entries: Vec<Entry>,
    /// The room that there is.
    pub(crate) room: Option<Duration>,
    /// How the next deliveries come out; each is kept when there is nothing.
    pub(crate) outcomes: VecDeque<Result<Delivered, KeepFault>>,
    /// How the next begins fail.
    pub(crate) faults: VecDeque<KeepFault>,
    /// How many the next message is sent to, where not to all.
    pub(crate) reaches: Option<usize>,
    /// PINs are looked up, and messages delivered, as far as these let them; at once where there is none.
    pub(crate) gate: Option<Arc<Semaphore>>,
    pub(crate) dock: Option<Arc<Semaphore>>,

    pub(crate) begun: Vec<(Begun, Draft)>,
    pub(crate) delivered: Vec<(MessageId, Delivered, bool)>,
    pub(crate) discarded: Vec<MessageId>,
    pub(crate) abandoned: Vec<MessageId>,
    pub(crate) tried: Vec<(String, String)>,
    pub(crate) happened: Vec<Happening>,
    pub(crate) forwarded: Vec<(MessageId, Vec<String>, Option<String>)>,
    pub(crate) scratched: usize,
    pub(crate) forgotten: Vec<String>,
    pub(crate) moved: Vec<(MessageId, Folder)>,
}

impl Kept {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // Who fails here fails once.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn pass(gate: Option<Arc<Semaphore>>) {
    if let Some(gate) = gate {
        gate.acquire().await.expect("open").forget();
    }
}

impl State {
    /// What was begun and nobody has an account of.
    pub(crate) fn lost(&self) -> Vec<MessageId> {
        let accounts = |id: &MessageId| {
            self.delivered.iter().filter(|(delivered, ..)| delivered == id).count()
                + self.discarded.iter().filter(|discarded| *discarded == id).count()
                + self.abandoned.iter().filter(|abandoned| *abandoned == id).count()
        };
        self.begun.iter().map(|(begun, _)| begun.message).filter(|id| accounts(id) != 1).collect()
    }
}

impl Keeper for Kept {
    fn mailbox(&self, tenant: TenantId, name: &str) -> Option<Arc<Mailbox>> {
        assert_eq!(tenant, TENANT);
        let state = self.state();
        let by = |mailbox: &&Mailbox| mailbox.name == name || mailbox.owner.as_deref() == Some(name);
        state.mailboxes.values().find(by).cloned().map(Arc::new)
    }

    fn own(&self, tenant: TenantId, user: UserId) -> Option<Arc<Mailbox>> {
        let name = self.state().owners.get(&user).cloned()?;
        self.mailbox(tenant, &name)
    }

    fn entries(&self, _: TenantId) -> Vec<Entry> {
        self.state().entries.clone()
    }

    fn lists<'a>(&'a self, _: TenantId, _: &'a str) -> Wait<'a, Result<Vec<List>, KeepFault>> {
        Box::pin(ready(Ok(self.state().lists.clone())))
    }

    fn begin<'a>(&'a self, _: TenantId, draft: Draft) -> Wait<'a, Result<Begun, KeepFault>> {
        let mut state = self.state();
        if let Some(fault) = state.faults.pop_front() {
            return Box::pin(ready(Err(fault)));
        }
        let number = state.begun.len() + 1;
        let message = MessageId(i64::try_from(number).expect("few"));
        let room = state.room.unwrap_or(Duration::from_mins(10));
        let begun = Begun { message, recording: format!("vm-take-{number}"), room };
        state.begun.push((begun.clone(), draft));
        Box::pin(ready(Ok(begun)))
    }

    fn deliver<'a>(&'a self, _: TenantId, message: MessageId, urgent: bool) -> Wait<'a, Result<Delivered, KeepFault>> {
        let dock = self.state().dock.clone();
        Box::pin(async move {
            pass(dock).await;
            let mut state = self.state();
            let delivered = state.outcomes.pop_front().unwrap_or(Ok(Delivered::Kept))?;
            state.delivered.push((message, delivered, urgent));
            Ok(delivered)
        })
    }

    fn abandon(&self, _: TenantId, takes: Vec<MessageId>, _: bool) {
        self.state().abandoned.extend(takes);
    }

    fn discard<'a>(&'a self, _: TenantId, message: MessageId) -> Wait<'a, Result<(), KeepFault>> {
        self.state().discarded.push(message);
        Box::pin(ready(Ok(())))
    }

    fn messages<'a>(
        &'a self,
        _: TenantId,
        mailbox: &'a str,
        folder: Folder,
    ) -> Wait<'a, Result<Vec<Message>, KeepFault>> {
        let state = self.state();
        let here = state.messages.iter().filter(|(of, message)| of == mailbox && message.folder == folder);
        let mut found: Vec<_> = here.map(|(_, message)| message.clone()).collect();
        found.sort_by_key(|message| (!message.urgent, message.received));
        Box::pin(ready(Ok(found)))
    }

    fn move_to<'a>(&'a self, _: TenantId, message: MessageId, folder: Folder) -> Wait<'a, Result<(), KeepFault>> {
        let mut state = self.state();
        let moved = state.messages.iter_mut().find(|(_, known)| known.id == message);
        let done = moved.map(|(_, known)| known.folder = folder).ok_or(KeepFault::Missing);
        state.moved.push((message, folder));
        Box::pin(ready(done))
    }

    fn forward<'a>(
        &'a self,
        _: TenantId,
        message: MessageId,
        to: &'a [String],
        comment: Option<&'a str>,
    ) -> Wait<'a, Result<usize, KeepFault>> {
        let mut state = self.state();
        state.forwarded.push((message, to.to_vec(), comment.map(str::to_owned)));
        let count = state.reaches.unwrap_or(to.len());
        Box::pin(ready(Ok(count)))
    }

    fn scratch<'a>(&'a self, _: TenantId, _: CallUid) -> Wait<'a, Result<String, KeepFault>> {
        let mut state = self.state();
        state.scratched += 1;
        let name = format!("scratch-{}", state.scratched);
        Box::pin(ready(Ok(name)))
    }

    fn forget(&self, _: TenantId, recording: &str) {
        self.state().forgotten.push(recording.to_owned());
    }

    fn greet<'a>(
        &'a self,
        _: TenantId,
        mailbox: &'a str,
        greeting: Greeting,
        recording: Option<&'a str>,
    ) -> Wait<'a, Result<(), KeepFault>> {
        let mut state = self.state();
        let greetings = &mut state.mailboxes.get_mut(mailbox).expect("a mailbox").greetings;
        match recording {
            Some(recording) => drop(greetings.insert(greeting, recording.to_owned())),
            None => drop(greetings.remove(&greeting)),
        }
        Box::pin(ready(Ok(())))
    }

    fn is_pin<'a>(&'a self, _: TenantId, mailbox: &'a str, pin: &'a str) -> Wait<'a, bool> {
        let mut state = self.state();
        state.tried.push((mailbox.to_owned(), pin.to_owned()));
        let right = state.pins.get(mailbox).is_some_and(|known| known == pin);
        let gate = state.gate.clone();
        Box::pin(async move {
            pass(gate).await;
            right
        })
    }

    fn choose_pin<'a>(&'a self, _: TenantId, mailbox: &'a str, pin: &'a str) -> Wait<'a, Result<(), KeepFault>> {
        let mut state = self.state();
        if pin.len() < 4 || state.pins.get(mailbox).is_some_and(|known| known == pin) {
            return Box::pin(ready(Err(KeepFault::BadPin)));
        }
        state.pins.insert(mailbox.to_owned(), pin.to_owned());
        state.mailboxes.get_mut(mailbox).expect("a mailbox").pin = PinState::Chosen;
        Box::pin(ready(Ok(())))
    }

    fn count(&self, tenant: TenantId, _: &str, happening: Happening) {
        assert_eq!(tenant, TENANT);
        self.state().happened.push(happening);
    }
}

/// A mailbox as most are.
pub(crate) fn mailbox(name: &str, owner: Option<&str>) -> Mailbox {
    Mailbox {
        name: name.to_owned(),
        owner: owner.map(str::to_owned),
        title: None,
        language: None,
        zone: None,
        pin: PinState::Chosen,
        asks_at_own_phone: false,
        greetings: BTreeMap::new(),
        longest: Duration::from_mins(3),
        shortest: Duration::from_secs(2),
        silence: Duration::from_secs(5),
        operator: None,
        envelope: false,
    }
}

/// A message of ten seconds that nobody has heard.
pub(crate) fn message(id: i64) -> Message {
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_799_990_000 + u64::try_from(id).expect("positive"));
    Message {
        id: MessageId(1_000 + id),
        recording: format!("m{id}"),
        folder: Folder::New,
        urgent: false,
        caller: format!("+49301234{id}"),
        caller_mailbox: None,
        caller_spoken: None,
        received: at,
        length: Duration::from_secs(10),
        forwarded_by: None,
    }
}
