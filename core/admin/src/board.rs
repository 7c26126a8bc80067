//! The calls that are up, written down from what the exchange tells of them; and the way of the news to its watchers.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use switch::{CallId, CallUid, Event, RecordingState, Reply, TenantId};
use tokio::sync::broadcast;

use crate::live::{CallState, Happening, LiveCall};

/// How many events wait for the slowest watcher before it misses some.
const BACKLOG: usize = 4096;

/// All calls that are up. The signalling thread writes every event of the switch down; operators read.
#[derive(Debug)]
pub struct Board {
    /// By the switch's key, which it minted.
    calls: Mutex<BTreeMap<CallId, LiveCall>>,
    news: broadcast::Sender<Happening>,
}

impl Default for Board {
    fn default() -> Self {
        Self { calls: Mutex::default(), news: broadcast::Sender::new(BACKLOG) }
    }
}

impl Board {
    /// Writes an event of the switch down and tells it to the watchers. Never waits for one.
    pub fn hear(&self, call: CallId, at: SystemTime, event: &Event) {
        let mut calls = self.lock();
        let (uid, tenant) = match event {
            Event::Arrived(invitation) => {
                let uid = invitation.uid;
                calls.insert(call, arrived(invitation));
                (uid, invitation.tenant)
            }
            Event::Ended(_) => match calls.remove(&call) {
                Some(gone) => (gone.uid, gone.tenant),
                None => return,
            },
            _ => match calls.get_mut(&call) {
                Some(known) => {
                    follow(known, at, event);
                    (known.uid, known.tenant)
                }
                None => return,
            },
        };
        drop(calls);
        if self.news.receiver_count() > 0 {
            // Fails only when the last watcher left just now.
            let _ = self.news.send(Happening { call: uid, tenant, at, event: event.clone() });
        }
    }

    /// The calls of a tenant, the oldest first.
    #[must_use]
    pub fn calls(&self, tenant: TenantId) -> Vec<LiveCall> {
        let mut calls: Vec<_> = self.lock().values().filter(|call| call.tenant == tenant).cloned().collect();
        calls.sort_by_key(|call| (call.arrived, call.uid));
        calls
    }

    /// How many calls are up, of all tenants.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether no call is up.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// The switch's keys of all calls.
    #[must_use]
    pub fn all(&self) -> Vec<CallId> {
        self.lock().keys().copied().collect()
    }

    /// The switch's key of a call of this tenant.
    #[must_use]
    pub fn find(&self, tenant: TenantId, uid: CallUid) -> Option<CallId> {
        self.lock().iter().find(|(_, call)| call.tenant == tenant && call.uid == uid).map(|(&id, _)| id)
    }

    /// How many watch.
    #[must_use]
    pub fn watchers(&self) -> usize {
        self.news.receiver_count()
    }

    /// What happens from now on.
    #[must_use]
    pub fn watch(&self) -> broadcast::Receiver<Happening> {
        self.news.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<CallId, LiveCall>> {
        // No writer leaves it half-changed: what a panicked one left is whole.
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn arrived(invitation: &switch::Invitation) -> LiveCall {
    LiveCall {
        uid: invitation.uid,
        tenant: invitation.tenant,
        caller: invitation.caller.clone(),
        callee: invitation.callee.clone(),
        state: CallState::Deciding,
        targets: Vec::new(),
        application: None,
        arrived: invitation.arrived,
        bridged: None,
        held_by: Vec::new(),
        recording: None,
        recording_paused: false,
    }
}

fn follow(call: &mut LiveCall, at: SystemTime, event: &Event) {
    match event {
        Event::Attached(label) => call.application = Some(label.clone()),
        Event::Ringing { target } => {
            call.state = CallState::Ringing;
            if !call.targets.contains(target) {
                call.targets.push(target.clone());
            }
        }
        Event::Bridged { target } => {
            call.state = CallState::Bridged;
            call.targets = vec![target.clone()];
            call.bridged = Some(at);
        }
        Event::Held(side) => {
            if !call.held_by.contains(side) {
                call.held_by.push(*side);
            }
            call.state = CallState::Held;
        }
        Event::Resumed(side) => {
            call.held_by.retain(|holder| holder != side);
            if call.held_by.is_empty() {
                call.state = CallState::Bridged;
            }
        }
        Event::Recording { name, state } => match state {
            RecordingState::Running | RecordingState::Paused => {
                call.recording = Some(name.clone());
                call.recording_paused = *state == RecordingState::Paused;
            }
            // The next one may have begun before the file of this one was closed.
            RecordingState::Ended | RecordingState::Failed(_) => {
                if call.recording.as_ref() == Some(name) {
                    (call.recording, call.recording_paused) = (None, false);
                }
            }
        },
        // A dial that came out otherwise leaves the call to its application again.
        Event::Reply(Reply::Dialled(_)) if call.state == CallState::Ringing => {
            call.state = CallState::Deciding;
            call.targets.clear();
        }
        Event::Arrived(_)
        | Event::Reply(_)
        | Event::Key(_)
        | Event::Speaking(_)
        | Event::Playing { .. }
        | Event::Played { .. }
        | Event::MessageRecording { .. }
        | Event::SpendingSoonOver(_)
        | Event::RoomRecorded { .. }
        | Event::Ended(_) => {}
    }
}
