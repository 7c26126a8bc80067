//! Which application a tenant's calls are given to, and the tasks that run them.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Context;
use arc_swap::ArcSwap;
use dialplan::{Dialplan, Host};
use store::Store;
use switch::{Application, CallControl, CallId, Commands, Event, Failure, Invitation, TenantId};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tracing::Instrument;

use crate::exchange::{Inbox, Inward};

/// The tenants' applications.
pub(crate) struct Applications {
    host: Arc<Host>,
    /// The active dialplan of each tenant that has one.
    active: ArcSwap<HashMap<TenantId, Arc<Dialplan>>>,
    commands: Commands,
    /// Where they run; there until the end.
    runtime: Option<Runtime>,
}

/// What serves a call.
pub(crate) enum Served {
    /// The tenant's dialplan: the call came from outside.
    Dialplan(Arc<Dialplan>),
    /// An application of the exchange's own, for which the call was begun.
    Own(Arc<dyn Application>),
}

impl Served {
    pub(crate) fn application(&self) -> &dyn Application {
        match self {
            Self::Dialplan(dialplan) => dialplan.as_ref(),
            Self::Own(application) => application.as_ref(),
        }
    }
}

impl Drop for Applications {
    fn drop(&mut self) {
        // Whoever drops this may be a task, which must not wait for others.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl std::fmt::Debug for Applications {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Applications").field("host", &self.host).finish_non_exhaustive()
    }
}

impl Applications {
    /// `inbox` hears what applications want.
    pub(crate) fn new(host: Arc<Host>, inbox: Inbox) -> anyhow::Result<Arc<Self>> {
        let commands: Commands = Arc::new(move |call, command| inbox.send(Inward::Command(call, command)));
        Ok(Arc::new(Self { host, active: ArcSwap::default(), commands, runtime: Some(runtime()?) }))
    }

    /// The application that a tenant's new calls are given to.
    pub(crate) fn of(&self, tenant: TenantId) -> Option<Arc<Dialplan>> {
        self.active.load().get(&tenant).cloned()
    }

    /// Loads the active dialplan of a tenant anew; calls that run keep theirs.
    pub(crate) async fn reload(&self, store: &Store, tenant: TenantId) -> anyhow::Result<()> {
        let loaded = match store.dialplans(tenant).active().await? {
            None => None,
            Some(version) => {
                let component = store.dialplans(tenant).component(version.id).await?;
                let host = self.host.clone();
                // Compiling takes long: not on a thread that serves calls.
                let program = tokio::task::spawn_blocking(move || host.load(&component)).await??;
                Some(Arc::new(Dialplan::new(&version.name, program)))
            }
        };
        self.active.rcu(|active| {
            let mut changed = HashMap::clone(active);
            match &loaded {
                Some(dialplan) => changed.insert(tenant, dialplan.clone()),
                None => changed.remove(&tenant),
            };
            changed
        });
        Ok(())
    }

    /// Whether these bytes are a dialplan.
    pub(crate) async fn examine(&self, component: Vec<u8>) -> Result<(), String> {
        let host = self.host.clone();
        let loaded = tokio::task::spawn_blocking(move || host.load(&component).map(drop)).await;
        loaded.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
    }

    /// Gives a call to an application. What it is to hear goes into the line that is returned.
    pub(crate) fn run(&self, served: Served, call: CallId, invitation: Arc<Invitation>) -> mpsc::Sender<Event> {
        let (line, heard) = mpsc::channel(CallControl::EVENTS);
        let span = tracing::info_span!("call", id = %invitation.uid, tenant = invitation.tenant.0);
        let control = CallControl::new(call, invitation, self.commands.clone(), heard);
        let serve = async move {
            let outcome = match served.application().run(control).await {
                Ok(()) => "done",
                Err(Failure::HungUp) => "hung-up",
                Err(Failure::Broken(_)) => "broken",
            };
            if matches!(served, Served::Dialplan(_)) {
                metrics::counter!("strowger_dialplan_runs_total", "outcome" => outcome).increment(1);
            }
        };
        if let Some(runtime) = &self.runtime {
            runtime.spawn(serve.instrument(span));
        }
        line
    }
}

/// Threads of their own for applications: half as many as processors. More would wake one another for each request, and a
/// guest that computes yields its thread at every tick anyway.
fn runtime() -> anyhow::Result<Runtime> {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads((processors / 2).max(1))
        // No sockets: a thread that waits for a condition is woken for less than one that waits for an epoll.
        .enable_time()
        .thread_name("applications")
        .build()
        .context("starting the applications' threads")
}
