//! What only the running exchange knows: the server implements it.

use std::future::Future;
use std::pin::Pin;
use std::time::SystemTime;

use store::StoredMessage;
use switch::{
    CallUid, Cause, E164, Event, Label, LegRecord, MessageId, Money, Notice, Number, NumberClass, Party, Payer,
    PlayRefusal, Rate, RecordingFormat, RecordingOrder, Refusal, RoomEvent, RoomOrder, RoomRefusal, RoomView, Side,
    Sound, SoundOrder, Spent, StoredBinding, TenantId, TrunkId, TrunkView, UserId, Waiting,
};
use tokio::sync::broadcast;

/// An answer to come.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The running exchange, as operators see it.
pub trait Live: Send + Sync + 'static {
    /// The calls of a tenant that are up, the oldest first.
    fn calls(&self, tenant: TenantId) -> Pending<'_, Vec<LiveCall>>;

    /// What happens to calls of all tenants from now on; each watcher is given its own tenant's alone.
    fn watch(&self) -> broadcast::Receiver<Happening>;

    /// The legs of a call of this tenant that are there now, the caller's first, with what was measured of each up to now.
    fn legs(&self, tenant: TenantId, call: CallUid) -> Pending<'_, Vec<LegRecord>>;

    /// Ends a call of this tenant; says whether there was one.
    fn hang_up(&self, tenant: TenantId, call: CallUid, cause: Cause) -> Pending<'_, bool>;

    /// Says something of the recording of a call of this tenant; gives the recording's name. `None`: there is no such call.
    fn record(
        &self,
        tenant: TenantId,
        call: CallUid,
        order: RecordingOrder,
    ) -> Pending<'_, Option<Result<String, Refusal>>>;

    /// Says what is to be heard by one party of a call of this tenant. `None`: there is no such call.
    fn play(
        &self,
        tenant: TenantId,
        call: CallUid,
        whom: Option<Side>,
        order: SoundOrder,
    ) -> Pending<'_, Option<Result<(), PlayRefusal>>>;

    /// Whether all of these can be heard in this tenant, as far as is known before they are played.
    fn audible<'a>(
        &'a self,
        tenant: TenantId,
        sounds: &'a [Sound],
        language: Option<&'a str>,
    ) -> Pending<'a, Result<(), NotHeard>>;

    /// Reads a recording of this tenant; of one that goes on, what is whole of it by now. `None` when there is no file.
    fn read_recording<'a>(&'a self, tenant: TenantId, name: &'a str) -> Pending<'a, Option<RecordingBytes>>;

    /// Removes the file of a recording of this tenant; that there is none is no error.
    fn remove_recording<'a>(&'a self, tenant: TenantId, name: &'a str) -> Pending<'a, Result<(), NotRemoved>>;

    /// The prompts that callers of a tenant can hear.
    fn prompts(&self, tenant: TenantId, wanted: PromptsWanted) -> Pending<'_, PromptPage>;

    /// Keeps a file as a prompt of the tenant's own. The operator is answered after this returns: it is heard from now on.
    fn keep_prompt<'a>(
        &'a self,
        tenant: TenantId,
        language: &'a str,
        name: &'a str,
        file: Vec<u8>,
    ) -> Pending<'a, Result<PromptView, NotKept>>;

    /// Reads the file that is heard for this name in this very language. `None` when there is none.
    fn read_prompt<'a>(
        &'a self,
        tenant: TenantId,
        language: &'a str,
        name: &'a str,
    ) -> Pending<'a, Option<PromptBytes>>;

    /// Removes a prompt of the tenant's own; says whether there was one. The error is the disk's.
    fn remove_prompt<'a>(
        &'a self,
        tenant: TenantId,
        language: &'a str,
        name: &'a str,
    ) -> Pending<'a, std::io::Result<bool>>;

    /// The bindings of a tenant that are in force.
    fn registrations(&self, tenant: TenantId) -> Pending<'_, Vec<StoredBinding>>;

    /// The conference rooms of a tenant that are open.
    fn rooms(&self, tenant: TenantId) -> Pending<'_, Vec<RoomView>>;

    /// Says this to an open room of the tenant.
    fn order<'a>(&'a self, tenant: TenantId, room: &'a str, order: RoomOrder) -> Pending<'a, Result<(), RoomRefusal>>;

    /// What happens in rooms of all tenants from now on; each watcher is given its own tenant's alone.
    fn watch_rooms(&self) -> Box<dyn RoomNews>;

    /// The names of what the keys of a room's members can do.
    fn room_actions(&self) -> Vec<&'static str>;

    /// What happens in mailboxes of all tenants from now on; each watcher is given its own tenant's alone.
    fn watch_mailboxes(&self) -> broadcast::Receiver<MailboxHappening>;

    /// An operator did this in a mailbox, and it is in the store: a message [came](MailboxEvent::Came),
    /// [changed](MailboxEvent::Changed) or is [gone](MailboxEvent::Gone). The operator is answered after this returns: the lamp
    /// is right by then, and who watches was told of it and of what waits now.
    fn mailbox_changed(&self, happening: MailboxHappening) -> Pending<'_, ()>;

    /// Keeps a WAV or Ogg-Opus file, as it is, as a recording of the tenant under a new name, once it is known that it can be
    /// played. What a mailbox keeps is read and removed as any recording: see [`read_recording`](Self::read_recording) and
    /// [`remove_recording`](Self::remove_recording).
    fn take_audio(&self, tenant: TenantId, file: Vec<u8>) -> Pending<'_, Result<TakenAudio, NotTaken>>;

    /// Sends a copy of a message, with its audio, to another mailbox of the tenant, as its owner can; the lamp is right when
    /// this is over, and who watches was told.
    fn forward_message<'a>(
        &'a self,
        tenant: TenantId,
        message: MessageId,
        to: &'a str,
    ) -> Pending<'a, Result<(), NotForwarded>>;

    /// How all trunks stand now.
    fn trunks(&self) -> Pending<'_, Vec<TrunkView>>;

    /// What happens to trunks and to what may be spent from now on. Other news are not told here.
    fn watch_trunks(&self) -> broadcast::Receiver<TrunkHappening>;

    /// What these have spent; of one that never spent anything nothing need be said.
    fn spent(&self, payers: Vec<Payer>) -> Pending<'_, Vec<Spent>>;

    /// Which way a call of this tenant to what is dialled would go, and at what price. Nothing is called.
    fn explain<'a>(
        &'a self,
        tenant: TenantId,
        dialled: &'a str,
        user: Option<UserId>,
    ) -> Pending<'a, Result<Explained, Unready>>;

    /// Reads a CSV file of rates. It is for the store to keep what comes of it.
    fn read_rates(&self, csv: Vec<u8>) -> Pending<'_, Result<ReadRates, NotRates>>;

    /// Writes a table, as the store keeps it, as a CSV file. `None`: it cannot be read.
    fn write_rates(&self, table: Vec<u8>) -> Pending<'_, Result<Option<Vec<u8>>, Unready>>;

    /// What a call by this trunk to this number costs, by the rates that are in force; `None` where nobody has said.
    fn rate_of<'a>(&'a self, trunk: TrunkId, number: &'a E164) -> Pending<'a, Result<Option<Rate>, Unready>>;

    /// Whether these bytes are a dialplan that can be run: compiled and fit for the contract. If not, why, in words for
    /// its author.
    fn examine<'a>(&'a self, component: &'a [u8]) -> Pending<'a, Result<(), String>>;

    /// Something was changed in the store. The operator is answered after this returns: what the exchange keeps in
    /// memory should be up to date by then.
    fn changed(&self, change: Change) -> Pending<'_, ()>;
}

/// Why a sound would not be heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotHeard {
    /// There is no prompt of this name in any of these languages.
    NoPrompt {
        /// Its name.
        name: String,
        /// Those that were looked through, the best first.
        languages: Vec<String>,
    },
    /// There is no recording of this name.
    NoRecording(String),
    /// It is there and cannot be played.
    Unplayable {
        /// Its name, or what was to be said.
        name: String,
        /// Why.
        why: String,
    },
}

/// Which prompts are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PromptsWanted {
    /// In this language alone.
    pub language: Option<String>,
    /// The tenant's own alone, or the system's alone.
    pub system: Option<bool>,
    /// With names that begin so.
    pub prefix: String,
    /// After this place, which an earlier page gave.
    pub after: Option<String>,
    /// So many at most.
    pub most: usize,
}

/// Some of the prompts, by name and language.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PromptPage {
    /// The prompts.
    pub prompts: Vec<PromptView>,
    /// The place after which the next page begins; `None` after the last.
    pub next: Option<String>,
}

/// A prompt as operators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptView {
    /// Its name.
    pub name: String,
    /// In which language.
    pub language: String,
    /// It is the system's, and not the tenant's own.
    pub system: bool,
    /// How long it is; `None` where it cannot be played.
    pub length: Option<std::time::Duration>,
    /// How many bytes its file has.
    pub bytes: u64,
    /// What its file ends in.
    pub ending: String,
    /// When its file was written.
    pub changed: Option<SystemTime>,
    /// Why it cannot be played, or what is missing of it.
    pub fault: Option<String>,
}

/// The file of a prompt that is read.
#[derive(Debug)]
pub struct PromptBytes {
    /// What it ends in.
    pub ending: String,
    /// How many bytes come.
    pub bytes: u64,
    /// The bytes in their order. An error is the last that comes.
    pub pieces: tokio::sync::mpsc::Receiver<std::io::Result<Vec<u8>>>,
}

/// Why a file does not become a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotKept {
    /// This is no name.
    Name(String),
    /// This is no language.
    Language(String),
    /// It cannot be played, because.
    Unplayable(String),
    /// The disk would not.
    Disk,
}

/// A recording that is read.
#[derive(Debug)]
pub struct RecordingBytes {
    /// Which kind of file.
    pub format: RecordingFormat,
    /// How many bytes come.
    pub bytes: u64,
    /// The bytes in their order. An error is the last that comes.
    pub pieces: tokio::sync::mpsc::Receiver<std::io::Result<Vec<u8>>>,
}

/// Why a recording was not removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotRemoved {
    /// It is being recorded.
    Busy,
    /// The disk would not.
    Failed,
}

/// A call that is up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveCall {
    /// Its name for the outside.
    pub uid: CallUid,
    /// Whose call.
    pub tenant: TenantId,
    /// Who calls.
    pub caller: Party,
    /// Who is called, as dialled.
    pub callee: Party,
    /// How far it is.
    pub state: CallState,
    /// The addresses that ring, or the one that answered.
    pub targets: Vec<String>,
    /// The application that holds it.
    pub application: Option<Label>,
    /// When it arrived.
    pub arrived: SystemTime,
    /// When the parties came through.
    pub bridged: Option<SystemTime>,
    /// Who has put the other on hold.
    pub held_by: Vec<Side>,
    /// The recording of the call as a whole.
    pub recording: Option<String>,
    /// It stands still.
    pub recording_paused: bool,
}

/// How far a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallState {
    /// It arrived and waits for a decision.
    Deciding,
    /// Phones ring.
    Ringing,
    /// The parties are through.
    Bridged,
    /// The parties are through, and one holds.
    Held,
}

/// Something that happened to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// Which call.
    pub call: CallUid,
    /// Whose call.
    pub tenant: TenantId,
    /// When.
    pub at: SystemTime,
    /// What.
    pub event: Event,
}

/// Something that happened in a conference room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomHappening {
    /// Whose room.
    pub tenant: TenantId,
    /// Its number or name.
    pub room: String,
    /// When.
    pub at: SystemTime,
    /// What.
    pub event: RoomEvent,
}

/// What happens in conference rooms, one after the other.
pub trait RoomNews: Send {
    /// The next.
    fn next(&mut self) -> Pending<'_, RoomHeard>;
}

/// What one who watches rooms hears next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoomHeard {
    /// Something happened.
    Happened(RoomHappening),
    /// He was too slow, and missed so many.
    Missed(u64),
    /// Nothing will happen any more.
    Over,
}

impl RoomNews for broadcast::Receiver<RoomHappening> {
    fn next(&mut self) -> Pending<'_, RoomHeard> {
        Box::pin(async move {
            match self.recv().await {
                Ok(happening) => RoomHeard::Happened(happening),
                Err(broadcast::error::RecvError::Lagged(missed)) => RoomHeard::Missed(missed),
                Err(broadcast::error::RecvError::Closed) => RoomHeard::Over,
            }
        })
    }
}

/// Something that happened in a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxHappening {
    /// Whose mailbox.
    pub tenant: TenantId,
    /// Its number or name.
    pub mailbox: String,
    /// When.
    pub at: SystemTime,
    /// What.
    pub event: MailboxEvent,
}

/// What happens in a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailboxEvent {
    /// A message came.
    Came(Box<StoredMessage>),
    /// A message lies in another folder, or is urgent now, or is not any more.
    Changed(Box<StoredMessage>),
    /// A message is gone for good.
    Gone(MessageId),
    /// What waits in it now.
    Waiting(Waiting),
    /// It is nearly full.
    NearlyFull,
    /// A caller was turned away: it is full.
    Full,
    /// Its owner came in.
    LoggedIn,
    /// A PIN was wrong.
    WrongPin,
    /// PINs are not taken for a while: too many were wrong.
    LockedOut,
}

/// Audio that was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenAudio {
    /// The name of the recording that it is now.
    pub recording: String,
    /// How long it is.
    pub length: std::time::Duration,
    /// How many bytes its file has.
    pub bytes: u64,
}

/// Why a file was not taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotTaken {
    /// It cannot be played, because.
    Unplayable(String),
    /// The disk would not.
    Disk,
}

/// Why a message was not forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotForwarded {
    /// There is no such message or mailbox any more.
    Missing,
    /// The mailbox or the tenant has no room for it.
    Full,
    /// The store or the disk would not.
    Failed,
}

/// A change that an operator made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A tenant was made or changed.
    TenantPut(TenantId),
    /// A tenant was deleted with all that was its own.
    TenantGone(TenantId),
    /// A user was made or changed; perhaps it is disabled now.
    UserPut(TenantId, UserId),
    /// A user was deleted: its bindings are to end.
    UserGone {
        /// Whose user it was.
        tenant: TenantId,
        /// Its id.
        user: UserId,
        /// Its name, the user part of its address of record.
        name: String,
    },
    /// Another version of the tenant's dialplan is active now, or none.
    Dialplan(TenantId),
    /// A conference room was made, changed or deleted.
    Rooms(TenantId),
    /// Mailboxes of a tenant: one was made, changed or deleted, has another PIN, greeting or list, or the policy is another.
    Mailboxes(TenantId),
    /// Letters of a tenant are due now.
    Mail(TenantId),
    /// Anything of the way outside: a trunk, a gateway, a number, a route, rates, what may be called or spent. What must be in
    /// memory comes with [`Store::outside_snapshot`](store::Store::outside_snapshot).
    Outside,
}

/// Something that happened to a trunk, or to what may be spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrunkHappening {
    /// When.
    pub at: SystemTime,
    /// What: a registration, a gateway, an attempt or spending.
    pub notice: Notice,
}

/// The exchange cannot answer this yet, or no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unready;

/// Which way a call would go, and why.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Explained {
    /// The number that was dialled; `None` where it is none outside.
    pub number: Option<Number>,
    /// What kind of number that is for the caller.
    pub class: Option<NumberClass>,
    /// In which country it is, ISO 3166-1; empty where that is not known.
    pub country: String,
    /// Why it may not be called, for people; `None` where it may.
    pub refused: Option<String>,
    /// The ways that it would be tried by, the first first, then those that were not taken.
    pub ways: Vec<ExplainedWay>,
}

/// One way, and why it is taken or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedWay {
    /// The route's name; `None` where it is the tenant's trunk for emergency calls.
    pub route: Option<String>,
    /// The trunk.
    pub trunk: TrunkId,
    /// Whether it would be tried.
    pub taken: bool,
    /// Why, or why not, for people.
    pub why: String,
    /// What it costs.
    pub rate: Option<Rate>,
    /// How the carrier calls the destination; empty where it does not say.
    pub destination: String,
    /// What a call of one minute costs.
    pub minute: Option<Money>,
}

/// Rates that were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadRates {
    /// As the store keeps them.
    pub table: Vec<u8>,
    /// How many.
    pub count: u64,
}

/// Why a file holds no rates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotRates {
    /// These lines of it are wrong.
    Faults {
        /// The first of them.
        first: Vec<RateFault>,
        /// How many there are in all.
        count: u64,
    },
    /// Nobody can read it now.
    Unready,
}

/// What is wrong with a line of a file of rates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateFault {
    /// Its number; the first is 1.
    pub line: u64,
    /// The title of the column; empty where it is the line as a whole.
    pub column: String,
    /// What is wrong, and what would do.
    pub why: String,
}
