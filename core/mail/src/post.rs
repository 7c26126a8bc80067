//! The post: empties a queue, letter by letter.
//!
//! ```text
//!              due                      taken                     queue.sent
//!  Queue ─────────────► on its way ───────────────────────────►
//!    ▲                       │  this letter fails: later, or never ► queue.failed
//!    │                       │  the server fails: the same, and
//!    └─── one at a time, ◄───┘  all others wait for the next try
//!         when its pause is over
//! ```

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;
use tokio::task::{Id, JoinError, JoinSet};

use crate::config::Config;
use crate::delivery::{Carrier, Fault, Means, Stage};
use crate::error::Error;
use crate::queue::{Clock, Due, Observer, Queue, SystemClock};
use crate::retry;

mod errand;

use errand::{End, Errand, Reached};

/// How long at most the queue is not looked at, though nobody rang.
const LOOK: Duration = Duration::from_secs(30);

/// How long letters on their way may take when the exchange stops.
const GRACE: Duration = Duration::from_secs(5);

/// So many letters that waited too long are given up at once.
const SWEPT: usize = 100;

/// Wakes the post when a letter was queued.
#[derive(Debug, Clone)]
pub struct Bell(Arc<Notify>);

impl Bell {
    /// A letter was queued, or letters are to be tried again. Never waits; ringing twice is ringing once.
    pub fn ring(&self) {
        self.0.notify_one();
    }
}

/// Empties a queue.
pub struct Post<Q, O = ()> {
    config: Arc<Config>,
    /// `None`: mail is off.
    carrier: Option<Arc<Carrier>>,
    queue: Arc<Q>,
    observer: O,
    clock: Arc<dyn Clock>,
    bell: Bell,
    /// The letters on their way, by the task that carries them; tokio mints the key.
    flying: HashMap<Id, Due>,
    tasks: JoinSet<(Due, End)>,
    /// Whom a letter has reached that is not done yet, by its number, which the queue minted: at the next try it goes to the
    /// others alone. Lost with the exchange: then it goes to all again, under the same Message-ID.
    reached: BTreeMap<i64, Reached>,
    /// The server takes no letters now.
    out: Option<Outage>,
}

struct Outage {
    tries: u32,
    until: SystemTime,
}

impl<Q, O> fmt::Debug for Post<Q, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Post").field("config", &self.config).finish_non_exhaustive()
    }
}

impl<Q: Queue, O: Observer> Post<Q, O> {
    /// A post by the system's clock.
    ///
    /// # Errors
    /// [`Error::Setting`]: a setting that cannot be used, or authorities that cannot be read.
    pub fn new(config: Config, queue: Q, observer: O) -> Result<Self, Error> {
        Self::with_clock(config, queue, observer, SystemClock)
    }

    /// The same, by another clock. It decides what is due and what is too old; how long a server may take is real time.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_clock(config: Config, queue: Q, observer: O, clock: impl Clock) -> Result<Self, Error> {
        config.check()?;
        let carrier = config.server.as_ref().map(|server| Carrier::new(&config, server)).transpose()?;
        Ok(Self {
            config: Arc::new(config),
            carrier: carrier.map(Arc::new),
            queue: Arc::new(queue),
            observer,
            clock: Arc::new(clock),
            bell: Bell(Arc::new(Notify::new())),
            flying: HashMap::new(),
            tasks: JoinSet::new(),
            reached: BTreeMap::new(),
            out: None,
        })
    }

    /// What wakes it.
    #[must_use]
    pub fn bell(&self) -> Bell {
        self.bell.clone()
    }

    /// Empties the queue until `stop` is there. Letters on their way then have 5 seconds; those that need longer are sent
    /// again at the next start. Does nothing where mail is off.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        let bell = self.bell.clone();
        loop {
            let pause = self.send_what_is_due().await;
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some(ended) = self.tasks.join_next_with_id(), if !self.tasks.is_empty() => self.ended(ended).await,
                () = bell.0.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        let rest = async {
            while let Some(ended) = self.tasks.join_next_with_id().await {
                self.ended(ended).await;
            }
        };
        if tokio::time::timeout(GRACE, rest).await.is_err() {
            tracing::info!("letters were on their way when the exchange stopped; they are sent at the next start");
        }
    }

    /// Sends off as many letters as may be on their way. Says how long there is nothing to do.
    async fn send_what_is_due(&mut self) -> Duration {
        let Some(carrier) = self.carrier.clone() else { return LOOK };
        let now = self.clock.now();
        let most = match &self.out {
            Some(out) if now < out.until => return until(out.until, now),
            Some(_) => 1,
            None => self.config.parallel,
        };
        let room = most.saturating_sub(self.flying.len());
        if room == 0 {
            return LOOK;
        }
        let due = match self.queue.due(now, most + self.flying.len()).await {
            Ok(due) => due,
            Err(fault) => return self.no_queue(&fault),
        };
        let flying: BTreeSet<i64> = self.flying.values().map(|due| due.id).collect();
        let waiting: Vec<Due<Q::About>> = due.into_iter().filter(|due| !flying.contains(&due.id)).take(room).collect();
        let full = waiting.len() == room;
        for due in waiting {
            self.send(due, carrier.clone());
        }
        if full {
            return LOOK;
        }
        match self.queue.next().await {
            Ok(next) => next.filter(|next| *next > now).map_or(LOOK, |next| until(next, now)),
            Err(fault) => self.no_queue(&fault),
        }
    }

    fn no_queue(&self, fault: &Q::Error) -> Duration {
        tracing::warn!(%fault, "the queue of letters does not answer");
        self.config.pauses.first.min(LOOK)
    }

    fn send(&mut self, due: Due<Q::About>, carrier: Arc<Carrier>) {
        let (slip, reached) = (due.slip(), self.reached.get(&due.id).cloned().unwrap_or_default());
        let errand = Errand {
            due,
            config: self.config.clone(),
            carrier,
            queue: self.queue.clone(),
            clock: self.clock.clone(),
            reached,
            left: 0,
        };
        let task = self.tasks.spawn(async move { (slip, errand.run().await) });
        self.flying.insert(task.id(), slip);
    }

    async fn ended(&mut self, ended: Result<(Id, (Due, End)), JoinError>) {
        match ended {
            Ok((task, (due, end))) => {
                self.flying.remove(&task);
                self.took_end(due, end).await;
            }
            Err(broke) => {
                let Some(due) = self.flying.remove(&broke.id()) else { return };
                let fault = Fault::new(Stage::Compose, Means::Again, "composing it broke");
                let again = retry::again(&self.config, due.queued, due.tries, self.clock.now());
                if let Err(fault) = self.queue.failed(due.id, &fault.to_string(), again).await {
                    self.no_queue(&fault);
                }
                self.count_failure(due, &fault, again.is_none());
            }
        }
    }

    async fn took_end(&mut self, due: Due, end: End) {
        match end {
            End::Sent { refused } => {
                self.reached.remove(&due.id);
                (0..refused).for_each(|_| self.observer.refused());
                self.observer.sent(self.clock.now().duration_since(due.queued).unwrap_or_default());
                self.server_takes();
                tracing::debug!(letter = due.id, refused, "sent");
            }
            End::Dropped => drop(self.reached.remove(&due.id)),
            End::Failed { fault, given_up, reached } => {
                if given_up {
                    self.reached.remove(&due.id);
                } else if !reached.is_empty() {
                    self.reached.insert(due.id, reached);
                }
                self.count_failure(due, &fault, given_up);
                match fault.means {
                    Means::Server => self.server_fails(&fault).await,
                    _ if fault.stage != Stage::Compose => self.server_takes(),
                    _ => {}
                }
            }
        }
    }

    fn count_failure(&self, due: Due, fault: &Fault, given_up: bool) {
        let stage = fault.stage.as_str();
        if given_up {
            tracing::warn!(letter = due.id, stage, code = fault.code, "a letter was given up");
            self.observer.given_up(fault.stage);
        } else {
            tracing::debug!(letter = due.id, stage, code = fault.code, "a letter was not sent; it is tried again");
            self.observer.failed(fault.stage);
        }
    }

    /// It listened to a letter, whatever it thought of it.
    fn server_takes(&mut self) {
        if self.out.take().is_some() {
            tracing::info!("the mail server takes letters again");
            self.observer.server(true);
        }
    }

    async fn server_fails(&mut self, fault: &Fault) {
        let now = self.clock.now();
        match &mut self.out {
            // Another letter that was on its way beside the first that failed.
            Some(out) if now < out.until => return,
            Some(out) => {
                out.tries = out.tries.saturating_add(1);
                out.until = now + retry::pause(self.config.pauses, out.tries);
            }
            None => {
                tracing::warn!(
                    stage = fault.stage.as_str(),
                    code = fault.code,
                    "the mail server takes no letters; they wait"
                );
                self.out = Some(Outage { tries: 0, until: now + self.config.pauses.first });
                self.observer.server(false);
            }
        }
        self.give_up_the_old(fault, now).await;
    }

    /// Letters that waited too long for a server that takes none are not tried one by one.
    async fn give_up_the_old(&mut self, fault: &Fault, now: SystemTime) {
        let flying: BTreeSet<i64> = self.flying.values().map(|due| due.id).collect();
        loop {
            let Ok(due) = self.queue.due(now, SWEPT).await else { return };
            let old = |due: &Due| retry::is_old(&self.config, due.queued, now) && !flying.contains(&due.id);
            let old: Vec<Due> = due.iter().map(Due::slip).filter(old).collect();
            for due in &old {
                if self.queue.failed(due.id, &fault.to_string(), None).await.is_err() {
                    return;
                }
                self.reached.remove(&due.id);
                self.count_failure(*due, fault, true);
            }
            if old.is_empty() {
                return;
            }
        }
    }
}

fn until(then: SystemTime, now: SystemTime) -> Duration {
    then.duration_since(now).unwrap_or_default().clamp(Duration::from_millis(1), LOOK)
}
