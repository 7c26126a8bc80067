//! What voicemail must be given: mailboxes, and a place where messages are kept. Every question names its tenant.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use switch::{CallUid, Folder, Greeting, MessageId, Reason, Target, TenantId, UserId};

/// An answer that may take a moment.
pub type Wait<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A mailbox, as those who call it meet it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// Its number or name, unique in the tenant; usually the extension of its owner.
    pub name: String,
    /// The user whose it is; nobody's when `None`, as that of a department.
    pub owner: Option<String>,
    /// Whose it is, as people say it.
    pub title: Option<String>,
    /// In which language it speaks; that of the caller, else the tenant's, when `None`.
    pub language: Option<String>,
    /// The IANA time zone in which it says when a message came; the tenant's when `None`.
    pub zone: Option<String>,
    /// Whether there is a PIN, and whether its owner chose it.
    pub pin: PinState,
    /// Its owner is asked for the PIN at his own phone too.
    pub asks_at_own_phone: bool,
    /// What its owner has said, as names of recordings.
    pub greetings: BTreeMap<Greeting, String>,
    /// The longest message.
    pub longest: Duration,
    /// A shorter message is none.
    pub shortest: Duration,
    /// Silence of this length ends a message.
    pub silence: Duration,
    /// Who is rung when a caller presses `0`; nobody when `None`.
    pub operator: Option<Target>,
    /// Says of each message when it came and from whom, before it.
    pub envelope: bool,
}

/// Whether a mailbox has a PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinState {
    /// None: it is open at its owner's own phones, and to nobody elsewhere.
    None,
    /// One that somebody else gave it: it must be changed before anything else.
    Given,
    /// One that its owner chose.
    Chosen,
}

/// Who leaves a message, where and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Into which mailbox.
    pub mailbox: String,
    /// In which call.
    pub call: CallUid,
    /// The user of the tenant that proved to be the caller, if one did.
    pub user: Option<UserId>,
    /// The caller's number or name.
    pub caller: String,
    /// What the caller's phone calls him.
    pub caller_name: Option<String>,
    /// Why he came to the mailbox.
    pub reason: Reason,
}

/// A message that may be recorded now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// The message, which nobody sees yet.
    pub message: MessageId,
    /// Under which name it is to be recorded.
    pub recording: String,
    /// How long it may be for there to be room in the mailbox and in the tenant.
    pub room: Duration,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// It is on the disk and in the database.
    Kept,
    /// It was dropped: too short.
    Short,
    /// It was dropped: nothing is said in it.
    Silent,
    /// It was dropped: nothing was recorded.
    Nothing,
}

/// A message, for who listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Which.
    pub id: MessageId,
    /// Its recording.
    pub recording: String,
    /// Where it lies.
    pub folder: Folder,
    /// Its caller says that it is urgent.
    pub urgent: bool,
    /// The caller's number or name.
    pub caller: String,
    /// The caller's own mailbox in this tenant, into which a reply goes.
    pub caller_mailbox: Option<String>,
    /// The caller's mailbox has a spoken name: this recording.
    pub caller_spoken: Option<String>,
    /// When it came.
    pub received: SystemTime,
    /// How long it is.
    pub length: Duration,
    /// The mailbox from which it was forwarded.
    pub forwarded_by: Option<String>,
}

/// Somebody to whom messages can be sent, or who can be found by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The mailbox.
    pub mailbox: String,
    /// Its owner's extension, else the mailbox's own number: whom to dial.
    pub extension: String,
    /// The name by which it is found, as people write it.
    pub name: String,
    /// The recording of its spoken name.
    pub spoken: Option<String>,
}

/// Mailboxes to which a message is sent at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// The number by which it is chosen, 1 to 8 digits.
    pub number: String,
    /// What people call it.
    pub title: Option<String>,
    /// The mailboxes.
    pub members: Vec<String>,
}

/// Why something was not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeepFault {
    /// There is no such mailbox or message.
    #[error("there is no such mailbox or message")]
    Missing,
    /// The mailbox or the tenant has no room.
    #[error("the mailbox is full")]
    Full,
    /// A PIN that cannot be taken: too short, too long, too easily guessed, or the one that was given.
    #[error("the PIN cannot be taken")]
    BadPin,
    /// The store or the disk did not answer.
    #[error("nothing can be kept now")]
    Unavailable,
}

/// What happened that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Happening {
    /// Somebody began to leave a message.
    Reached(Reason),
    /// A caller hung up, or chose otherwise, before the tone.
    LeftBefore,
    /// The mailbox was full.
    TurnedAway,
    /// An owner came in.
    LoggedIn,
    /// A PIN was wrong.
    WrongPin,
    /// PINs are not taken for a while: too many were wrong.
    LockedOut,
}

/// What voicemail must be given.
pub trait Keeper: Send + Sync {
    /// The mailbox of this number or name, or that of the user of this name or extension; from memory.
    fn mailbox(&self, tenant: TenantId, name: &str) -> Option<Arc<Mailbox>>;

    /// A user's own mailbox; from memory.
    fn own(&self, tenant: TenantId, user: UserId) -> Option<Arc<Mailbox>>;

    /// All who can be found by name; from memory.
    fn entries(&self, tenant: TenantId) -> Vec<Entry>;

    /// The lists of a mailbox, its own before those of the tenant.
    fn lists<'a>(&'a self, tenant: TenantId, mailbox: &'a str) -> Wait<'a, Result<Vec<List>, KeepFault>>;

    /// Writes down that a message begins; whatever is recorded of it from now on is not lost. Where whoever asked is let go
    /// before he hears of it, nothing is recorded.
    fn begin<'a>(&'a self, tenant: TenantId, draft: Draft) -> Wait<'a, Result<Begun, KeepFault>>;

    /// The recording of a message is over, or its call is: waits until what there is of it is on the disk, and delivers it.
    /// The lamp is right when this is over. Of one that is delivered already it says so again.
    fn deliver<'a>(
        &'a self,
        tenant: TenantId,
        message: MessageId,
        urgent: bool,
    ) -> Wait<'a, Result<Delivered, KeepFault>>;

    /// Nobody waits any more for what was begun and is not delivered: the task that held the call was let go, or nothing could
    /// be delivered while it was there. These are takes of one message, the first first: the keeper does by itself what
    /// [`settle`](crate::settle) does, when it can, at the next start at the latest. Must not wait.
    fn abandon(&self, tenant: TenantId, takes: Vec<MessageId>, urgent: bool);

    /// Its caller thought better of a message that is not delivered yet: it is gone.
    fn discard<'a>(&'a self, tenant: TenantId, message: MessageId) -> Wait<'a, Result<(), KeepFault>>;

    /// The messages of a folder: urgent ones first, then as they came.
    fn messages<'a>(
        &'a self,
        tenant: TenantId,
        mailbox: &'a str,
        folder: Folder,
    ) -> Wait<'a, Result<Vec<Message>, KeepFault>>;

    /// A message lies in this folder from now on. The lamp is right when this is over.
    fn move_to<'a>(&'a self, tenant: TenantId, message: MessageId, folder: Folder) -> Wait<'a, Result<(), KeepFault>>;

    /// Sends a copy of a message to these mailboxes, with what its sender says before it. Says to how many it went: a full
    /// one takes none.
    fn forward<'a>(
        &'a self,
        tenant: TenantId,
        message: MessageId,
        to: &'a [String],
        comment: Option<&'a str>,
    ) -> Wait<'a, Result<usize, KeepFault>>;

    /// A new name for something that is recorded and is no message: a comment, a greeting before it is kept. What nobody
    /// keeps is removed at the next start.
    fn scratch<'a>(&'a self, tenant: TenantId, call: CallUid) -> Wait<'a, Result<String, KeepFault>>;

    /// Removes such a recording.
    fn forget(&self, tenant: TenantId, recording: &str);

    /// A mailbox has this greeting from now on, or none of its own.
    fn greet<'a>(
        &'a self,
        tenant: TenantId,
        mailbox: &'a str,
        greeting: Greeting,
        recording: Option<&'a str>,
    ) -> Wait<'a, Result<(), KeepFault>>;

    /// Whether this is the mailbox's PIN. Slow on purpose, and as slow where there is no such mailbox, or it has none.
    fn is_pin<'a>(&'a self, tenant: TenantId, mailbox: &'a str, pin: &'a str) -> Wait<'a, bool>;

    /// The owner chooses a PIN.
    fn choose_pin<'a>(&'a self, tenant: TenantId, mailbox: &'a str, pin: &'a str) -> Wait<'a, Result<(), KeepFault>>;

    /// Something happened at a mailbox; whoever guesses may name one that is not there.
    fn count(&self, tenant: TenantId, mailbox: &str, happening: Happening);
}
