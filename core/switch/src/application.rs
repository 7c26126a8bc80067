//! What holds a call: an application talks with one call until it is done.
//!
//! The switch itself never awaits; this is the other end of the line, for tasks above it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::command::{Command, Dial, Label};
use crate::event::{DialOutcome, Ending, Event, Invitation, Refusal, Reply};
use crate::ids::CallId;

/// What a plugin is: something that talks with one call until it is done.
pub trait Application: Send + Sync {
    /// Its name and version. Whoever gives it a call says [`Command::Attach`] with it first.
    fn label(&self) -> &Label;

    /// Serves one call. When it returns `Ok`, a bridged call goes on and any other ends; when it fails, the caller gets
    /// the tenant's fallback.
    fn run(&self, call: CallControl) -> Running<'_>;
}

/// An application at work on one call.
pub type Running<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>>;

/// Why an application ended before its work was done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The call was over: an ordinary end.
    #[error("the call was over")]
    HungUp,
    /// It broke: a trap, a budget passed, an error returned.
    #[error("{0}")]
    Broken(String),
}

/// The call is over; every further request says the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the call is over")]
pub struct HungUp(pub Option<Ending>);

impl From<HungUp> for Failure {
    fn from(_: HungUp) -> Self {
        Self::HungUp
    }
}

/// Carries what an application wants to the exchange; must not wait. Few at a time: an application waits for the reply to
/// its request, and leaves at most [`CallControl::UNREAD`] unread.
pub type Commands = Arc<dyn Fn(CallId, Command) + Send + Sync>;

/// The application's end of a call: one request at a time, each with one reply.
pub struct CallControl {
    call: CallId,
    invitation: Arc<Invitation>,
    commands: Commands,
    events: mpsc::Receiver<Event>,
    ended: Option<Ending>,
    /// Replies to commands that were told and not waited for.
    unread: usize,
}

impl std::fmt::Debug for CallControl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallControl").field("call", &self.call).field("unread", &self.unread).finish_non_exhaustive()
    }
}

impl CallControl {
    /// How many commands may be told without reading the reply.
    pub const UNREAD: usize = 4;
    /// How many events wait for a slow application before the call is taken from it: replies are one at a time, so few.
    pub const EVENTS: usize = 8;

    /// Joins the two ends of a line.
    #[must_use]
    pub fn new(call: CallId, invitation: Arc<Invitation>, commands: Commands, events: mpsc::Receiver<Event>) -> Self {
        Self { call, invitation, commands, events, ended: None, unread: 0 }
    }

    /// The call's key.
    #[must_use]
    pub fn id(&self) -> CallId {
        self.call
    }

    /// What is known of the call.
    #[must_use]
    pub fn invitation(&self) -> &Arc<Invitation> {
        &self.invitation
    }

    /// Whether the call is known to be over: then there is nothing to begin.
    pub fn is_over(&mut self) -> bool {
        while let Ok(event) = self.events.try_recv() {
            match event {
                Event::Ended(ending) => self.ended = Some(ending),
                Event::Reply(_) => self.unread = self.unread.saturating_sub(1),
                _ => {}
            }
        }
        self.ended.is_some()
    }

    /// Sends one command and waits for its reply.
    ///
    /// # Errors
    /// [`HungUp`] when the call ended first.
    pub async fn request(&mut self, command: Command) -> Result<Reply, HungUp> {
        self.send(command)?;
        while self.unread > 0 {
            self.reply().await?;
            self.unread -= 1;
        }
        self.reply().await
    }

    /// Sends one command and leaves its reply unread.
    ///
    /// # Errors
    /// [`HungUp`] when the call is known to have ended.
    pub async fn tell(&mut self, command: Command) -> Result<(), HungUp> {
        while self.unread >= Self::UNREAD {
            self.reply().await?;
            self.unread -= 1;
        }
        self.send(command)?;
        self.unread += 1;
        Ok(())
    }

    fn send(&self, command: Command) -> Result<(), HungUp> {
        if let Some(ending) = &self.ended {
            return Err(HungUp(Some(ending.clone())));
        }
        (self.commands)(self.call, command);
        Ok(())
    }

    async fn reply(&mut self) -> Result<Reply, HungUp> {
        loop {
            match self.events.recv().await {
                Some(Event::Reply(reply)) => return Ok(reply),
                Some(Event::Ended(ending)) => {
                    self.ended = Some(ending.clone());
                    return Err(HungUp(Some(ending)));
                }
                Some(_) => {}
                None => return Err(HungUp(None)),
            }
        }
    }

    /// Rings targets; see [`Dial`].
    ///
    /// # Errors
    /// [`HungUp`] when the call ended first. The inner error says why the dial was not begun.
    pub async fn dial(&mut self, dial: Dial) -> Result<Result<DialOutcome, Refusal>, HungUp> {
        Ok(match self.request(Command::Dial(dial)).await? {
            Reply::Dialled(outcome) => Ok(outcome),
            Reply::Refused(refusal) => Err(refusal),
            Reply::Ended(ending) => return Err(HungUp(Some(ending))),
            Reply::Done => Err(Refusal::WrongState),
        })
    }
}
