//! Calls that the exchange begins by itself, for an application: nobody called, so there is no caller's leg until somebody
//! answers. Then the leg that answered is the one that the application talks with, in the caller's place.
//!
//! | state | event | next | what is sent |
//! |---|---|---|---|
//! | Deciding, without a leg | dial | Dialing | an INVITE with an offer of ours to each contact |
//! | Dialing | one answers | Deciding, with its leg | ACK; CANCEL to the others |
//! | Dialing | nobody does | Releasing | - |
//! | Dialing | `Hangup` | Releasing | CANCEL to all |
//! | Deciding, with a leg | as any call whose caller was answered | | |

use std::net::{Ipv4Addr, SocketAddr};

use sdp::Description;
use sip::{Status, Uri};

use crate::ask::TenantPolicy;
use crate::call::{Release, ShownAs};
use crate::command::Command;
use crate::event::{DialOutcome, Event, Invitation, Party, Refusal, Side};
use crate::ids::{CallId, LegId, TenantId};
use crate::switch::Switch;

/// A call that the exchange is to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origination {
    /// Whose call: its limits count, and what its targets are.
    pub tenant: TenantId,
    /// Who calls, as callees and the record see it.
    pub caller: Party,
    /// Who is called, for the record. Whom to ring is said by the application's own [`Dial`](crate::Dial).
    pub callee: Party,
}

impl Switch {
    /// Begins a call for an application, which is offered it by [`Event::Arrived`] like any other. It has to dial first.
    ///
    /// # Errors
    /// [`Refusal::NoResources`] where the exchange is full or takes no new calls, or the tenant has as many as it may.
    pub fn originate(
        &mut self,
        now: std::time::Instant,
        order: Origination,
        policy: &TenantPolicy,
    ) -> Result<CallId, Refusal> {
        self.wire.now = now;
        let calls = self.tenants.get(&order.tenant).copied().unwrap_or(0);
        let full =
            self.calls.len() >= self.wire.config.max_calls || policy.max_calls.is_some_and(|limit| calls >= limit);
        if self.draining || full {
            return Err(Refusal::NoResources);
        }
        let Origination { tenant, caller, callee } = order;
        let own = self.wire.config.locals.first().map(|(_, address)| *address);
        let shown_as =
            ShownAs { name: caller.name.clone(), number: caller.user.clone(), privacy: None, max_forwards: 70 };
        let invitation = Invitation {
            uid: self.wire.mint.uid(),
            tenant,
            caller,
            user: None,
            callee,
            headers: Vec::new(),
            source: own.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))),
            arrived: self.wire.wall(),
            deadline: self.wire.config.decision_time,
            inbound: None,
            leads_to: None,
        };
        let id = self.open_call(invitation, policy, shown_as);
        if let Some(call) = self.calls.get_mut(id) {
            call.originated = true;
            call.span.in_scope(|| tracing::info!("originated"));
        }
        self.await_application(id);
        Ok(id)
    }

    /// Nobody is there yet whom this command could concern.
    pub(crate) fn needs_caller(&self, id: CallId, command: &Command) -> bool {
        let alone = self.calls.get(id).is_some_and(|call| call.originated && !self.legs.contains_key(call.caller));
        let without = matches!(
            command,
            Command::Attach(_)
                | Command::Dial(_)
                | Command::LastDial
                | Command::Wait(_)
                | Command::AwaitEnd
                | Command::Detach
                | Command::Route { .. }
                | Command::Hangup(_)
        );
        alone && !without
    }

    /// The offer of a call that nobody else made: all that we speak and the callee may (RFC 3264 §5).
    pub(crate) fn own_offer(&mut self, id: LegId) -> Option<Description> {
        self.legs.get_mut(id)?.propose(&[], &mut self.wire)
    }

    /// Somebody answered a call that had no caller: he is in the caller's place from now on. The others are let go by then.
    pub(crate) fn take_in(&mut self, id: CallId, leg: LegId) {
        let wall = self.wire.wall();
        let Some(call) = self.calls.get_mut(id) else { return };
        let Some(answered) = self.legs.get_mut(leg) else { return };
        answered.ack(None, &mut self.wire);
        answered.expect_agreed(&mut self.wire);
        let target = answered.party.clone();
        call.language = answered.policy.language.clone().or_else(|| call.policy.media.language.clone());
        call.caller = leg;
        call.draft.answered.get_or_insert(wall);
        call.draft.answered_by = Some(target.clone());
        self.wire.event(id, Event::Bridged { target: target.clone() });
        self.dial_ended(id, &DialOutcome::Answered { target }, Side::Callee);
    }

    /// Nobody answered: the application knows how it came out, and the call is over.
    pub(crate) fn nobody_answered(&mut self, id: CallId, outcome: &DialOutcome, by: Side) {
        let unanswered = self.calls.get(id).is_some_and(|call| call.originated && call.draft.answered.is_none());
        if unanswered {
            self.release(id, Release::with_outcome(outcome, by));
        }
    }

    /// A call without a caller is served by nobody but its application. Says whether it was one.
    pub(crate) fn give_up_originated(&mut self, id: CallId) -> bool {
        let originated = self.calls.get(id).is_some_and(|call| call.originated);
        if originated {
            self.release(id, Release::with_status(Status::SERVER_ERROR.0, Side::Exchange));
        }
        originated
    }
}

impl Party {
    /// Of a user part or a URI of ours, without a name.
    #[must_use]
    pub fn named(text: &str) -> Self {
        let user = Uri::parse(text).ok().and_then(|uri| uri.user_unescaped().map(std::borrow::Cow::into_owned));
        Self { name: None, user: user.unwrap_or_else(|| text.to_owned()), uri: text.to_owned() }
    }
}
