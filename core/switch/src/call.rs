//! The legs that belong together, and the one CDR of them.
//!
//! | state | what it knows | leaves by |
//! |---|---|---|
//! | Deciding | an application is asked, or is between two commands | a command, the deadline |
//! | Dialing | the steps of a dial | an answer, the last step's end |
//! | Bridged | the leg that answered | a BYE, silence, a command |
//! | Releasing | nothing but what is still to come: counts, last answers | the last of them |
//!
//! A call knows its legs by key only; what a leg does is in `leg`, what a dial does in `dialing`.

use std::sync::Arc;
use std::time::SystemTime;

use crate::ask::TenantPolicy;
use crate::command::Label;
use crate::dialing::Dialing;
use crate::event::{Cause, DialFacts, DialOutcome, Ending, Event, Invitation, Refusal, Reply, Side};
use crate::hold::Hold;
use crate::ids::{CallId, LegId, TenantId};
use crate::interlude::Interludes;
use crate::member::Member;
use crate::policy::Language;
use crate::record::{CallDirection, Cdr, Charge, Disposition, LegRecord};
use crate::sound::Sounds;
use crate::spending::ledger::BillId;
use crate::tables;
use crate::taping::Tape;
use crate::timers::TimerKey;
use crate::trunk::EarlyMedia;
use crate::wire::Wire;

/// One call.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) id: CallId,
    /// What is logged of the call carries its name.
    pub(crate) span: tracing::Span,
    pub(crate) invitation: Arc<Invitation>,
    pub(crate) policy: TenantPolicy,
    /// The caller's display name and number as the callee is to see them.
    pub(crate) shown_as: ShownAs,
    pub(crate) caller: LegId,
    /// Nobody called: the exchange began it.
    pub(crate) originated: bool,
    pub(crate) state: CallState,
    pub(crate) holder: Holder,
    /// The one command of the application that waits for its reply.
    pub(crate) pending: Option<Pending>,
    /// Every leg that ever belonged to the call and still lives.
    pub(crate) legs: Vec<LegId>,
    pub(crate) draft: Draft,
    /// What its legs outside spend: one, but for a call that the exchange began outside and connects outside.
    pub(crate) bills: Vec<BillId>,
    /// What sounds for the caller while the exchange itself talks with him.
    pub(crate) sounds: Sounds,
    /// In which language he is spoken to where nobody asks for one; the tenant's when `None`.
    pub(crate) language: Option<Language>,
    /// Where he is a member.
    pub(crate) member: Member,
    /// The recording of the call as a whole.
    pub(crate) tape: Tape,
    /// Which of two connected parties holds.
    pub(crate) hold: Hold,
    /// What an operator has played to the parties while they talk.
    pub(crate) interludes: Interludes,
    /// The deadline for the next decision.
    pub(crate) decide: Option<TimerKey>,
    /// The limit on being unanswered.
    pub(crate) set_up: Option<TimerKey>,
    /// The time of a wait, or for the media counts.
    pub(crate) timer: Option<TimerKey>,
    /// How many media ports were given back whose counts are still to come.
    pub(crate) counting: usize,
}

/// Where a call stands.
#[derive(Debug)]
pub(crate) enum CallState {
    Deciding,
    Dialing(Box<Dialing>),
    Bridged { callee: LegId },
    Releasing { cdr_written: bool },
}

/// Who decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    /// An application, or the one that will be attached.
    Application,
    /// The built-in route: a dial that fails is told to the caller at once.
    BuiltIn,
    /// Nobody: the call is bridged and goes on by itself.
    Nobody,
}

/// A command that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pending {
    Dial,
    /// The caller has got our offer, and its answer comes with the ACK.
    Answer,
    Wait,
    End,
    /// Something is played, read or recorded.
    Sound,
}

/// What the callee sees of the caller.
#[derive(Debug, Clone)]
pub(crate) struct ShownAs {
    pub(crate) name: Option<String>,
    pub(crate) number: String,
    /// RFC 3323: `Privacy` as the caller gave it.
    pub(crate) privacy: Option<String>,
    /// RFC 7332: the caller's Max-Forwards less one.
    pub(crate) max_forwards: u32,
}

/// The CDR in the making.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) ringing: Option<SystemTime>,
    pub(crate) answered: Option<SystemTime>,
    pub(crate) answered_by: Option<String>,
    pub(crate) application: Option<Label>,
    pub(crate) fallback: Option<String>,
    /// Somebody outside was called.
    pub(crate) outside: bool,
    pub(crate) ending: Option<(Ending, SystemTime)>,
    /// How the last dial came out, and by whom.
    pub(crate) dialled: Option<(DialOutcome, Side)>,
    /// What was charged for the leg outside that was answered.
    pub(crate) charge: Option<Charge>,
    /// The same in detail.
    pub(crate) facts: DialFacts,
    /// All legs that there ever were, in the order of their beginning: so the record has them, the caller's first.
    pub(crate) begun: Vec<LegId>,
    /// The legs that are gone, in the order of their going.
    pub(crate) legs: Vec<(LegId, LegRecord)>,
}

impl Call {
    pub(crate) fn tenant(&self) -> TenantId {
        self.invitation.tenant
    }

    pub(crate) fn is_releasing(&self) -> bool {
        matches!(self.state, CallState::Releasing { .. })
    }

    pub(crate) fn callee(&self) -> Option<LegId> {
        match self.state {
            CallState::Bridged { callee } => Some(callee),
            _ => None,
        }
    }

    /// The other party of a bridged call.
    pub(crate) fn other(&self, leg: LegId) -> Option<LegId> {
        let callee = self.callee()?;
        if leg == self.caller {
            Some(callee)
        } else if leg == callee {
            Some(self.caller)
        } else {
            None
        }
    }

    pub(crate) fn side(&self, leg: LegId) -> Side {
        // Who answered a call of ours was called, whatever his place in it.
        if leg == self.caller && !self.originated { Side::Caller } else { Side::Callee }
    }

    pub(crate) fn dialing(&mut self) -> Option<&mut Dialing> {
        match &mut self.state {
            CallState::Dialing(dialing) => Some(dialing),
            _ => None,
        }
    }

    /// What a dial wants its caller to hear before the answer, where it has said so.
    pub(crate) fn early_wanted(&self) -> Option<EarlyMedia> {
        match &self.state {
            CallState::Dialing(dialing) => dialing.outside.early,
            _ => None,
        }
    }

    /// Replies to the application's command.
    pub(crate) fn reply(&self, reply: Reply, wire: &mut Wire) {
        wire.event(self.id, Event::Reply(reply));
    }

    pub(crate) fn refuse(&self, refusal: Refusal, wire: &mut Wire) {
        self.reply(Reply::Refused(refusal), wire);
    }

    /// The reply to the command that waits, if it is of this kind.
    pub(crate) fn resolve(&mut self, kind: Pending, reply: Reply, wire: &mut Wire) {
        if self.pending == Some(kind) {
            self.pending = None;
            self.reply(reply, wire);
        }
    }

    /// Takes note of a final answer to one of the dial's INVITEs: the best of them counts.
    pub(crate) fn note_answer(&mut self, status: u16, cause: Option<Cause>, trunk: Option<String>) {
        let facts = &mut self.draft.facts;
        if facts.status.is_none_or(|known| status < 300 || tables::better(known, status) == status) {
            facts.status = Some(status);
            facts.cause = cause.or_else(|| Some(tables::cause_of_status(status)));
            facts.trunk = trunk;
        }
    }

    fn direction(&self) -> CallDirection {
        match self.invitation.user {
            _ if self.originated => CallDirection::Originated,
            None => CallDirection::Inbound,
            Some(_) if self.draft.outside => CallDirection::Outbound,
            Some(_) => CallDirection::Internal,
        }
    }

    /// The CDR, once; the call must have ended.
    pub(crate) fn cdr(&mut self) -> Option<Cdr> {
        let (ending, ended) = self.draft.ending.clone()?;
        let CallState::Releasing { cdr_written: written @ false } = &mut self.state else { return None };
        *written = true;
        let invitation = &self.invitation;
        let mut legs = std::mem::take(&mut self.draft.legs);
        let begun = &self.draft.begun;
        legs.sort_by_key(|(leg, _)| (*leg != self.caller, begun.iter().position(|known| known == leg)));
        let disposition = match self.draft.answered {
            Some(_) => Disposition::Answered,
            None => tables::disposition_of_status(ending.status, self.draft.ringing.is_some()),
        };
        Some(Cdr {
            uid: invitation.uid,
            tenant: invitation.tenant,
            direction: self.direction(),
            user: invitation.user,
            caller: invitation.caller.user.clone(),
            caller_name: invitation.caller.name.clone(),
            callee: invitation.callee.user.clone(),
            answered_by: self.draft.answered_by.take(),
            arrived: invitation.arrived,
            ringing: self.draft.ringing,
            answered: self.draft.answered,
            ended,
            disposition,
            cause: ending.cause,
            status: ending.status,
            by: ending.by,
            application: self.draft.application.take(),
            fallback: self.draft.fallback.take(),
            came_over: invitation.inbound.as_ref().map(|(trunk, _)| *trunk),
            charge: self.draft.charge.take(),
            legs: legs.into_iter().map(|(_, leg)| leg).collect(),
        })
    }
}

/// How a leg's end ends the call.
#[derive(Debug, Clone)]
pub(crate) struct Release {
    pub(crate) cause: Cause,
    pub(crate) by: Side,
    /// What an unanswered caller is told; by the cause when `None`.
    pub(crate) status: Option<u16>,
    pub(crate) reason_phrase: Option<String>,
}

impl Release {
    pub(crate) fn new(cause: Cause, by: Side) -> Self {
        Self { cause, by, status: None, reason_phrase: None }
    }

    pub(crate) fn with_status(status: u16, by: Side) -> Self {
        Self { cause: tables::cause_of_status(status), by, status: Some(status), reason_phrase: None }
    }

    /// The caller is told how the dial came out.
    pub(crate) fn with_outcome(outcome: &DialOutcome, by: Side) -> Self {
        let status = tables::status_of_outcome(outcome).0;
        Self { cause: tables::cause_of_outcome(outcome), by, status: Some(status), reason_phrase: None }
    }
}
