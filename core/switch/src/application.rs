//! What holds a call: an application talks with one call until it is done.
//!
//! The switch itself never awaits; this is the other end of the line, for tasks above it.

use std::collections::VecDeque;
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
    /// What came that is no reply, and nobody has looked at.
    loose: VecDeque<Event>,
}

impl std::fmt::Debug for CallControl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallControl").field("call", &self.call).field("unread", &self.unread).finish_non_exhaustive()
    }
}

impl CallControl {
    /// How many commands may be told without reading the reply.
    pub const UNREAD: usize = 4;
    /// How many events wait for a slow application.
    pub const EVENTS: usize = Self::REPLIES + 56;
    /// As many of them are kept free for replies, which come one at a time, and for the end.
    const REPLIES: usize = 8;

    /// Tells the application's end something, and never waits. A key, or who speaks, is lost to an application that does
    /// not listen; a reply is not.
    pub fn hear(line: &mpsc::Sender<Event>, event: Event) {
        let loose = !matches!(event, Event::Reply(_) | Event::Ended(_));
        if !loose || line.capacity() > Self::REPLIES {
            // It fails only when the application is gone.
            let _ = line.try_send(event);
        }
    }

    /// Joins the two ends of a line.
    #[must_use]
    pub fn new(call: CallId, invitation: Arc<Invitation>, commands: Commands, events: mpsc::Receiver<Event>) -> Self {
        Self { call, invitation, commands, events, ended: None, unread: 0, loose: VecDeque::new() }
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
            self.take(event);
        }
        self.ended.is_some()
    }

    /// Sends one command and waits for its reply. Events that are none are kept for [`next`](Self::next). Whoever stops
    /// waiting leaves the reply unread.
    ///
    /// # Errors
    /// [`HungUp`] when the call ended first.
    pub async fn request(&mut self, command: Command) -> Result<Reply, HungUp> {
        self.send(command)?;
        self.unread += 1;
        loop {
            if let (Some(reply), 0) = (self.receive().await?, self.unread) {
                return Ok(reply);
            }
        }
    }

    /// Sends one command and leaves its reply unread.
    ///
    /// # Errors
    /// [`HungUp`] when the call is known to have ended.
    pub async fn tell(&mut self, command: Command) -> Result<(), HungUp> {
        while self.unread >= Self::UNREAD {
            self.receive().await?;
        }
        self.send(command)?;
        self.unread += 1;
        Ok(())
    }

    /// The next event that is no reply: what a member of a room presses, and when he speaks. Whoever stops waiting loses
    /// none.
    ///
    /// # Errors
    /// [`HungUp`] when the call is over.
    pub async fn next(&mut self) -> Result<Event, HungUp> {
        loop {
            if let Some(event) = self.loose.pop_front() {
                return Ok(event);
            }
            self.receive().await?;
        }
    }

    fn send(&self, command: Command) -> Result<(), HungUp> {
        if let Some(ending) = &self.ended {
            return Err(HungUp(Some(ending.clone())));
        }
        (self.commands)(self.call, command);
        Ok(())
    }

    /// Waits for one event; gives back a reply.
    async fn receive(&mut self) -> Result<Option<Reply>, HungUp> {
        if let Some(ending) = &self.ended {
            return Err(HungUp(Some(ending.clone())));
        }
        let event = self.events.recv().await.ok_or(HungUp(None))?;
        let reply = self.take(event);
        match &self.ended {
            Some(ending) => Err(HungUp(Some(ending.clone()))),
            None => Ok(reply),
        }
    }

    /// Writes one event down; gives back a reply.
    fn take(&mut self, event: Event) -> Option<Reply> {
        match event {
            Event::Reply(reply) => {
                self.unread = self.unread.saturating_sub(1);
                Some(reply)
            }
            Event::Ended(ending) => {
                self.ended = Some(ending);
                None
            }
            event => {
                // What nobody looks at is not kept for ever.
                if self.loose.len() >= Self::EVENTS {
                    self.loose.pop_front();
                }
                self.loose.push_back(event);
                None
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
            _ => Err(Refusal::WrongState),
        })
    }
}
