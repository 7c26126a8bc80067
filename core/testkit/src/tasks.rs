//! Applications at work in a world: tasks that are woken by what their calls tell them, and by one another, and by nothing
//! else. They wait for no clock: the world's time is the exchange's.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Instant, SystemTime};

use switch::{Application, CallControl, CallId, Command, Commands, Event, Failure, Invitation, Origination, Places};
use tokio::sync::mpsc;

/// The time as an application reads it.
pub type Clock = Arc<dyn Fn() -> (Instant, SystemTime) + Send + Sync>;

type Task = Pin<Box<dyn Future<Output = Result<(), Failure>>>>;

/// Calls that applications want to be begun, and what is to have them.
type Placed = Arc<Mutex<VecDeque<(Origination, Arc<dyn Application>)>>>;

type Wanted = Arc<Mutex<VecDeque<(CallId, Command)>>>;

/// All tasks.
pub(crate) struct Tasks {
    application: Option<Arc<dyn Application>>,
    /// Calls that were offered to an application.
    offered: BTreeMap<CallId, (Arc<dyn Application>, Arc<Invitation>)>,
    /// Calls that the exchange began for an application, and are not offered to it yet.
    begun: BTreeMap<CallId, Arc<dyn Application>>,
    placed: Placed,
    lines: BTreeMap<CallId, mpsc::Sender<Event>>,
    running: Vec<Task>,
    wanted: Wanted,
    woken: Arc<Woken>,
    time: Arc<Mutex<(Instant, SystemTime)>>,
    pub(crate) outcomes: Vec<Result<(), Failure>>,
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks").field("running", &self.running.len()).finish_non_exhaustive()
    }
}

impl Tasks {
    pub(crate) fn new(now: Instant, wall: SystemTime) -> Self {
        Self {
            application: None,
            offered: BTreeMap::new(),
            begun: BTreeMap::new(),
            placed: Placed::default(),
            lines: BTreeMap::new(),
            running: Vec::new(),
            wanted: Arc::default(),
            woken: Arc::new(Woken(AtomicBool::new(false))),
            time: Arc::new(Mutex::new((now, wall))),
            outcomes: Vec::new(),
        }
    }

    pub(crate) fn serve(&mut self, application: Arc<dyn Application>) {
        self.application = Some(application);
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.running.is_empty() && self.lines.is_empty() && self.begun.is_empty()
    }

    pub(crate) fn places(&self) -> Places {
        let (placed, woken) = (self.placed.clone(), self.woken.clone());
        Arc::new(move |order, application| {
            placed.lock().unwrap_or_else(PoisonError::into_inner).push_back((order, application));
            woken.0.store(true, Ordering::Relaxed);
        })
    }

    /// Calls that are to be begun.
    pub(crate) fn take_placed(&mut self) -> VecDeque<(Origination, Arc<dyn Application>)> {
        std::mem::take(&mut *self.placed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A call was begun for this application.
    pub(crate) fn begin(&mut self, call: CallId, application: Arc<dyn Application>) {
        self.begun.insert(call, application);
    }

    pub(crate) fn clock(&self) -> Clock {
        let time = self.time.clone();
        Arc::new(move || *time.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set_time(&self, now: Instant, wall: SystemTime) {
        *self.time.lock().unwrap_or_else(PoisonError::into_inner) = (now, wall);
    }

    /// What happened to a call: whom it concerns is told. Gives back what is said for the application, where one serves.
    pub(crate) fn hear(&mut self, call: CallId, event: &Event) -> Option<Command> {
        match event {
            Event::Arrived(invitation) => {
                let application = self.begun.remove(&call).or_else(|| self.application.clone())?;
                let label = application.label().clone();
                self.offered.insert(call, (application, invitation.clone()));
                return Some(Command::Attach(label));
            }
            Event::Attached(_) => {
                if let Some((application, invitation)) = self.offered.remove(&call) {
                    self.run(application, call, invitation);
                }
            }
            Event::Ended(_) => {
                self.offered.remove(&call);
                if let Some(line) = self.lines.remove(&call) {
                    CallControl::hear(&line, event.clone());
                }
            }
            event => {
                if let Some(line) = self.lines.get(&call) {
                    CallControl::hear(line, event.clone());
                }
            }
        }
        None
    }

    fn run(&mut self, application: Arc<dyn Application>, call: CallId, invitation: Arc<Invitation>) {
        let (line, heard) = mpsc::channel(CallControl::EVENTS);
        let wanted = self.wanted.clone();
        let commands: Commands = Arc::new(move |call, command| {
            wanted.lock().unwrap_or_else(PoisonError::into_inner).push_back((call, command));
        });
        let control = CallControl::new(call, invitation, commands, heard);
        self.running.push(Box::pin(async move { application.run(control).await }));
        self.lines.insert(call, line);
        self.woken.0.store(true, Ordering::Relaxed);
    }

    /// Lets all tasks work until each waits; gives back what they want of their calls.
    pub(crate) fn work(&mut self) -> VecDeque<(CallId, Command)> {
        let waker = Waker::from(self.woken.clone());
        while self.woken.0.swap(false, Ordering::Relaxed) {
            let outcomes = &mut self.outcomes;
            self.running.retain_mut(|task| match task.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(outcome) => {
                    outcomes.push(outcome);
                    false
                }
                Poll::Pending => true,
            });
        }
        std::mem::take(&mut *self.wanted.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
