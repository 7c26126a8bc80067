//! Somebody whom a room calls: he is rung, and once he answers he comes in without a PIN.
//!
//! The call is one of the exchange's own, and this application has it. However it ends, the room is told: he is a member,
//! or is not reached. Where it is never given a call (the exchange is full) that is told when it is let go.

use std::sync::Arc;
use std::time::Duration;

use switch::{
    Application, CallControl, Cause, Command, Dial, DialOutcome, Failure, Label, NotReached, Order, Origination, Party,
    Role, RoomRefusal, Running, Target,
};
use tokio::sync::Notify;

use crate::conference::{Inner, Open};
use crate::prompts;
use crate::room::{CallNumber, Newcomer};
use crate::stay::{self, Seat};

/// How long somebody is rung.
const RING: Duration = Duration::from_secs(30);

/// Calls somebody into an open room.
pub(crate) fn call(inner: &Arc<Inner>, open: &Arc<Open>, label: &Label, target: Target) -> Result<(), RoomRefusal> {
    let (number, cancelled) = inner.call(open, &target)?;
    let caller = Party { name: None, user: open.name.clone(), uri: open.name.clone() };
    let callee = Party { name: None, user: target.text().to_owned(), uri: target.text().to_owned() };
    let order = Origination { tenant: open.tenant, caller, callee };
    let guest = Guest { inner: inner.clone(), open: open.clone(), number, cancelled, target, label: label.clone() };
    (inner.places)(order, Arc::new(guest));
    Ok(())
}

struct Guest {
    inner: Arc<Inner>,
    open: Arc<Open>,
    number: CallNumber,
    /// The room has ended.
    cancelled: Arc<Notify>,
    target: Target,
    label: Label,
}

impl Drop for Guest {
    fn drop(&mut self) {
        // Whoever is in the room, or known not to come, is not meant any more.
        self.not_reached(NotReached::Failed);
    }
}

impl Guest {
    fn not_reached(&self, why: NotReached) {
        if self.inner.with(&self.open, |room| room.handle_not_reached(self.number, why)) {
            tracing::info!(tenant = self.open.tenant.0, why = why.as_str(), "whom a room called does not come");
        }
    }

    /// Rings him; says whether he answered and is wanted still.
    async fn rings(&self, call: &mut CallControl) -> Result<bool, Failure> {
        let dial = Dial {
            targets: vec![self.target.clone()],
            order: Order::AtOnce,
            ring_time: RING,
            outside: switch::Outside::default(),
        };
        let dialled = tokio::select! {
            biased;
            () = self.cancelled.notified() => None,
            dialled = call.dial(dial) => Some(dialled),
        };
        match dialled {
            None => {
                call.tell(Command::Hangup(Cause::NORMAL)).await?;
                Ok(false)
            }
            Some(Ok(Ok(DialOutcome::Answered { .. }))) => Ok(true),
            Some(Ok(Ok(outcome))) => {
                self.not_reached(why(&outcome));
                Ok(false)
            }
            Some(Ok(Err(_))) => {
                call.tell(Command::Detach).await?;
                Ok(false)
            }
            Some(Err(over)) => Err(over.into()),
        }
    }

    /// He has answered.
    async fn comes(&self, call: &mut CallControl) -> Result<(), Failure> {
        let plan = self.inner.plan_of(&self.open);
        let spoken = stay::spoken_name(&self.inner, call, &plan).await.map_err(|_| Failure::HungUp);
        let spoken = spoken.inspect_err(|_| self.not_reached(NotReached::HungUp))?;
        let newcomer = Newcomer {
            call: call.invitation().uid,
            name: self.target.text().to_owned(),
            user: None,
            role: Role::Participant,
            spoken: spoken.as_ref().map(|name| name.recording.clone()),
            since: (self.inner.clock)().1,
        };
        match self.inner.seat_called(&self.open, self.number, newcomer) {
            Ok((open, number, bell)) => {
                tracing::info!(tenant = self.open.tenant.0, "whom a room called is in it");
                let seat = Seat { inner: self.inner.clone(), open, number, spoken };
                stay::stay(&seat, &bell, call).await.map_err(|_| Failure::HungUp)?;
            }
            // It ended while he said his name.
            Err(_) => {
                let farewell = prompts::play(prompts::ENDED, plan.language.as_deref());
                call.request(Command::Play(farewell)).await?;
            }
        }
        call.tell(Command::Detach).await?;
        Ok(())
    }
}

impl Application for Guest {
    fn label(&self) -> &Label {
        &self.label
    }

    fn run(&self, mut call: CallControl) -> Running<'_> {
        Box::pin(async move {
            if self.rings(&mut call).await? {
                self.comes(&mut call).await?;
            }
            Ok(())
        })
    }
}

fn why(outcome: &DialOutcome) -> NotReached {
    match outcome {
        DialOutcome::Busy => NotReached::Busy,
        DialOutcome::NoAnswer => NotReached::NoAnswer,
        DialOutcome::Declined => NotReached::Declined,
        DialOutcome::Unregistered => NotReached::Unregistered,
        DialOutcome::Unknown => NotReached::Unknown,
        DialOutcome::Forbidden | DialOutcome::Spent(_) => NotReached::Forbidden,
        DialOutcome::Answered { .. } | DialOutcome::Failed { .. } => NotReached::Failed,
    }
}
