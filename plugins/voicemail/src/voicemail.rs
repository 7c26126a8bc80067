//! What voicemail does for a call, and how it is set.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use switch::{Application, CallControl, Command, Failure, Label, Reason, Reply, Running};
pub use switch::{MailboxError as VoicemailError, Parted, Whose};

use crate::guard::Guards;
use crate::keeper::Keeper;
use crate::{directory, leave, listen, prompts};

/// Settings of voicemail.
#[derive(Debug, Clone)]
pub struct Config {
    /// How often somebody may be wrong in one call, with a PIN, a number or a name.
    pub tries: u8,
    /// How many wrong PINs a mailbox takes in a minute, over all calls; then no PIN is right for the rest of it.
    pub wrong_pins_a_minute: usize,
    /// How many wrong PINs a mailbox takes in a day of others than its owner at his own phone.
    pub wrong_pins_a_day: usize,
    /// How many wrong PINs one source may try within [`source_window`](Self::source_window), whatever the mailbox. A source is a
    /// user of ours; else the caller's number, where he comes over a trunk; else his address.
    pub wrong_pins_a_source: usize,
    /// How long a wrong PIN counts against its source.
    pub source_window: Duration,
    /// How long somebody is rung: an operator, who left a message, who was found by name.
    pub ring_time: Duration,
    /// How long the first key of a choice or a number may take.
    pub patience: Duration,
    /// How long each further key of a number may take.
    pub between_keys: Duration,
    /// How long a caller may think about what he has recorded, before it is kept as it is.
    pub review: Duration,
    /// How long a message may pause.
    pub pause: Duration,
    /// How often in a row a choice may stay out before the owner is let go.
    pub idle: u8,
    /// How often a caller may record his message, the first time among them.
    pub takes: usize,
    /// How often what cannot be kept is tried again while the caller is there, and how long he waits before each.
    pub again: (u8, Duration),
    /// How far a message goes back and ahead by a key.
    pub skip: Duration,
    /// The longest greeting.
    pub longest_greeting: Duration,
    /// The longest spoken name.
    pub longest_name: Duration,
    /// The longest comment before a message that is sent on.
    pub longest_comment: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            tries: 3,
            wrong_pins_a_minute: 20,
            wrong_pins_a_day: 100,
            wrong_pins_a_source: 12,
            source_window: Duration::from_mins(10),
            ring_time: Duration::from_secs(30),
            patience: Duration::from_secs(8),
            between_keys: Duration::from_secs(4),
            review: Duration::from_secs(5),
            pause: Duration::from_mins(2),
            idle: 3,
            takes: 5,
            again: (3, Duration::from_secs(1)),
            skip: Duration::from_secs(5),
            longest_greeting: Duration::from_mins(3),
            longest_name: Duration::from_secs(10),
            longest_comment: Duration::from_mins(5),
        }
    }
}

/// The time, for those who may not read it themselves.
pub type Clock = Arc<dyn Fn() -> (Instant, SystemTime) + Send + Sync>;

/// Voicemail of all tenants. Cloning gives another hold on the same.
#[derive(Clone)]
pub struct Voicemail {
    inner: Arc<Inner>,
    label: Label,
}

pub(crate) struct Inner {
    pub(crate) keeper: Arc<dyn Keeper>,
    pub(crate) clock: Clock,
    pub(crate) config: Config,
    pub(crate) guards: Guards,
}

impl std::fmt::Debug for Voicemail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Voicemail").field("config", &self.inner.config).finish_non_exhaustive()
    }
}

impl Voicemail {
    /// Over what is kept there.
    #[must_use]
    pub fn new(keeper: Arc<dyn Keeper>, clock: Clock, config: Config) -> Self {
        let label = Label { name: "voicemail".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
        let guards = Guards::new(
            config.wrong_pins_a_minute,
            config.wrong_pins_a_source,
            config.source_window,
            config.wrong_pins_a_day,
        );
        Self { inner: Arc::new(Inner { keeper, clock, config, guards }), label }
    }

    /// A caller hears the greeting of this mailbox and leaves a message. Whoever is not answered yet is answered, once the
    /// mailbox is known. When this returns, what he said is kept.
    ///
    /// # Errors
    /// He could leave none.
    pub async fn leave(&self, call: &mut CallControl, mailbox: &str, reason: Reason) -> Result<Parted, VoicemailError> {
        valid(mailbox)?;
        leave::leave(&self.inner, call, mailbox, reason).await
    }

    /// An owner listens to his messages. Whoever is not answered yet is answered.
    ///
    /// # Errors
    /// He did not come in.
    pub async fn listen(&self, call: &mut CallControl, whose: Whose) -> Result<Parted, VoicemailError> {
        if let Whose::Of(mailbox) = &whose {
            valid(mailbox)?;
        }
        listen::listen(&self.inner, call, whose, None).await
    }

    /// A caller spells by keys whom he wants, and is put through to whom he chooses. Whoever is not answered yet is answered.
    ///
    /// # Errors
    /// He could not be asked.
    pub async fn directory(&self, call: &mut CallControl) -> Result<Parted, VoicemailError> {
        directory::directory(&self.inner, call).await
    }
}

impl Application for Voicemail {
    fn label(&self) -> &Label {
        &self.label
    }

    /// The caller leaves a message in the mailbox that he dialled.
    fn run(&self, mut call: CallControl) -> Running<'_> {
        Box::pin(async move {
            let mailbox = call.invitation().callee.user.clone();
            match self.leave(&mut call, &mailbox, Reason::Chosen).await {
                Ok(Parted::HungUp) | Err(VoicemailError::HungUp) => return Err(Failure::HungUp),
                Err(VoicemailError::NoMailbox | VoicemailError::BadValue) => {
                    // Nobody has answered him, unless somebody had before he came here.
                    if call.request(Command::Reject { status: 404, reason: None }).await? == Reply::Done {
                        return Ok(());
                    }
                    call.request(Command::Play(prompts::no_way())).await?;
                }
                Ok(Parted::Done | Parted::Connected) | Err(_) => {}
            }
            call.tell(Command::Detach).await?;
            Ok(())
        })
    }
}

/// Whether this may be the number or name of anything. Whether it is, the keeper knows.
fn valid(mailbox: &str) -> Result<(), VoicemailError> {
    let right = (1..=64).contains(&mailbox.len()) && !mailbox.chars().any(char::is_control);
    if right { Ok(()) } else { Err(VoicemailError::BadValue) }
}
