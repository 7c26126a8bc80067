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
use crate::originate::Origination;

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

/// Begins a call of the exchange's own for an application; must not wait. An application that is let go without having run
/// was given none.
pub type Places = Arc<dyn Fn(Origination, Arc<dyn Application>) + Send + Sync>;

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

    /// Tells the application's end something, and never waits; what is not for applications is passed over. A key, or who
    /// speaks, is lost to an application that does not listen; a reply is not.
    pub fn hear(line: &mpsc::Sender<Event>, event: Event) {
        if !event.is_for_applications() {
            return;
        }
        let loose = matches!(event, Event::Key(_) | Event::Speaking(_));
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

    /// Forgets what [`next`](Self::next) would say by now: it was for something else.
    pub fn forget_events(&mut self) {
        let _ = self.is_over();
        self.loose.clear();
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

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Mutex;
    use std::task::{Context, Poll, Waker};
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::audio::Digit;
    use crate::event::{Cause, Party, Side};
    use crate::ids::{CallUid, TenantId};

    type Asked = Arc<Mutex<Vec<Command>>>;

    fn line() -> (CallControl, mpsc::Sender<Event>, Asked) {
        let party = Party { name: None, user: "alice".to_owned(), uri: "sip:alice@example.com".to_owned() };
        let invitation = Invitation {
            uid: CallUid([1; 12]),
            tenant: TenantId(1),
            caller: party.clone(),
            user: None,
            callee: party,
            headers: Vec::new(),
            source: SocketAddr::from(([192, 0, 2, 1], 5060)),
            arrived: SystemTime::UNIX_EPOCH,
            deadline: Duration::from_secs(5),
            inbound: None,
            leads_to: None,
        };
        let asked = Asked::default();
        let (events, heard) = mpsc::channel(CallControl::EVENTS);
        let commands: Commands = {
            let asked = asked.clone();
            Arc::new(move |_, command| asked.lock().expect("no panic").push(command))
        };
        (CallControl::new(CallId::default(), Arc::new(invitation), commands, heard), events, asked)
    }

    fn now<T>(future: impl Future<Output = T>) -> Option<T> {
        match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => Some(done),
            Poll::Pending => None,
        }
    }

    fn key(key: char) -> Event {
        Event::Key(Digit::from_char(key).expect("a key"))
    }

    #[test]
    fn events_beside_replies_are_kept_in_order_and_replies_find_their_request() {
        let (mut control, events, _) = line();
        for event in [key('1'), Event::Reply(Reply::Done), key('2')] {
            CallControl::hear(&events, event);
        }
        assert_eq!(now(control.request(Command::Ring)), Some(Ok(Reply::Done)));
        assert_eq!(now(control.next()), Some(Ok(key('1'))));
        assert_eq!(now(control.next()), Some(Ok(key('2'))));
        assert_eq!(now(control.next()), None);
        CallControl::hear(&events, key('3'));
        control.forget_events();
        assert_eq!(now(control.next()), None, "it was for something else");
    }

    #[test]
    fn a_reply_that_nobody_waited_for_is_not_taken_for_the_next_one() {
        let (mut control, events, asked) = line();
        assert_eq!(now(control.request(Command::Ring)), None, "given up before the reply");
        assert_eq!(now(control.tell(Command::Answer)), Some(Ok(())));
        for reply in [Reply::Refused(Refusal::WrongState), Reply::Done, Reply::Refused(Refusal::BadValue)] {
            CallControl::hear(&events, Event::Reply(reply));
        }
        let last = now(control.request(Command::Hush));
        assert_eq!(last, Some(Ok(Reply::Refused(Refusal::BadValue))));
        assert_eq!(*asked.lock().expect("no panic"), [Command::Ring, Command::Answer, Command::Hush]);
    }

    #[test]
    fn who_does_not_listen_loses_keys_and_no_reply_and_hears_of_the_end() {
        let (mut control, events, _) = line();
        for _ in 0..500 {
            CallControl::hear(&events, key('1'));
        }
        CallControl::hear(&events, Event::Reply(Reply::Done));
        let ending = Ending { cause: Cause::NORMAL, by: Side::Caller, status: 200 };
        CallControl::hear(&events, Event::Ended(ending.clone()));
        assert_eq!(now(control.request(Command::Ring)), Some(Ok(Reply::Done)));
        assert!(control.is_over());
        assert_eq!(now(control.request(Command::Ring)), Some(Err(HungUp(Some(ending)))));
    }
}
