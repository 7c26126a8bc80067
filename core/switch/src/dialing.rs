//! One dial: its steps, the contacts that ring in each, and the best answer so far.
//!
//! A step resolves its targets (one of them, or all at once), rings every contact found, and ends when one answers, all
//! have failed, or its time is over. Then the next step begins, or the dial has its outcome.

use std::collections::VecDeque;
use std::time::Duration;

use sip::Status;

use crate::ask::Unresolved;
use crate::command::{Dial, Order, Outside, Target};
use crate::event::{DialOutcome, Side};
use crate::ids::LegId;
use crate::spending::Limit;
use crate::spending::ledger::BillId;
use crate::tables;
use crate::timers::TimerKey;
use crate::way::Way;

/// A dial at work.
#[derive(Debug)]
pub(crate) struct Dialing {
    order: Order,
    ring_time: Duration,
    pub(crate) outside: Outside,
    waiting: VecDeque<Target>,
    /// How many targets of this step are not resolved yet.
    pub(crate) resolving: usize,
    /// Ways outside, of this step and those before.
    pub(crate) ways: Vec<Way>,
    /// The legs that ring in this step.
    pub(crate) ringing: Vec<LegId>,
    /// The end of this step's ring time.
    pub(crate) timer: Option<TimerKey>,
    best: Option<u16>,
    rang: bool,
    timed_out: bool,
    why_none: Option<DialOutcome>,
    /// Whose early media the caller hears (RFC 3960): the first to send some.
    pub(crate) early: Option<Early>,
}

/// Early media that the caller hears.
#[derive(Debug)]
pub(crate) struct Early {
    pub(crate) leg: LegId,
    /// The early answer as the callee gave it.
    pub(crate) answer: Vec<u8>,
}

impl Dialing {
    pub(crate) fn new(dial: Dial, limit: Duration) -> Self {
        Self {
            order: dial.order,
            ring_time: dial.ring_time.min(limit),
            outside: dial.outside,
            waiting: dial.targets.into(),
            resolving: 0,
            ways: Vec::new(),
            ringing: Vec::new(),
            timer: None,
            best: None,
            rang: false,
            timed_out: false,
            why_none: None,
            early: None,
        }
    }

    /// The targets of the next step; `None` when there is no further one.
    pub(crate) fn next_step(&mut self) -> Option<Vec<Target>> {
        let step: Vec<Target> = match self.order {
            Order::AtOnce => self.waiting.drain(..).collect(),
            Order::InTurn => self.waiting.pop_front().into_iter().collect(),
        };
        self.resolving = step.len();
        (!step.is_empty()).then_some(step)
    }

    /// What is reserved for its ways.
    pub(crate) fn bills(&mut self) -> impl Iterator<Item = BillId> + '_ {
        self.ways.iter_mut().filter_map(|way| way.bill.take())
    }

    pub(crate) fn ring_time(&self) -> Duration {
        self.ring_time
    }

    pub(crate) fn note_ringing(&mut self) {
        self.rang = true;
    }

    /// A phone has rung and others may still, and nothing is heard of the callee's side.
    pub(crate) fn rings_silently(&self) -> bool {
        self.rang && self.early.is_none() && !self.ringing.is_empty()
    }

    /// A leg rings no more, and is heard no more; says whether it did.
    pub(crate) fn lost(&mut self, leg: LegId) -> bool {
        let before = self.ringing.len();
        self.ringing.retain(|other| *other != leg);
        if self.early.as_ref().is_some_and(|early| early.leg == leg) {
            self.early = None;
        }
        self.ringing.len() < before
    }

    /// All that ring are given up, and nothing is heard of them any more.
    pub(crate) fn rings_no_more(&mut self) -> Vec<LegId> {
        self.early = None;
        std::mem::take(&mut self.ringing)
    }

    /// A leg failed with this final status.
    pub(crate) fn note_failed(&mut self, leg: LegId, status: u16) {
        self.lost(leg);
        self.best = Some(self.best.map_or(status, |best| tables::better(best, status)));
    }

    /// A target leads nowhere. The first reason given stands, but `Unregistered` tells more than `Unknown`.
    pub(crate) fn note_unresolved(&mut self, why: Unresolved) {
        let outcome = match why {
            Unresolved::Unknown => DialOutcome::Unknown,
            Unresolved::Forbidden => DialOutcome::Forbidden,
            Unresolved::Incomplete => DialOutcome::Failed { status: Status::ADDRESS_INCOMPLETE.0 },
            Unresolved::NoRoute => DialOutcome::Unknown,
        };
        self.why_none.get_or_insert(outcome);
    }

    /// What may be spent on a way outside is spent.
    pub(crate) fn note_spent(&mut self, limit: Limit) {
        self.why_none.get_or_insert(DialOutcome::Spent(limit));
    }

    /// A target is known, but no phone is registered for it.
    pub(crate) fn note_unregistered(&mut self) {
        self.why_none = Some(DialOutcome::Unregistered);
    }

    /// Nothing rings, and nothing will in this step.
    pub(crate) fn step_is_over(&self) -> bool {
        self.resolving == 0 && self.ringing.is_empty()
    }

    /// The ring time of the step is over while phones rang.
    pub(crate) fn note_timed_out(&mut self) {
        self.timed_out = true;
        let status = if self.rang { 480 } else { 408 };
        self.best = Some(self.best.map_or(status, |best| tables::better(best, status)));
    }

    /// Who ended it, when nobody answered: a callee that said so, or the exchange that knew none or waited no longer.
    pub(crate) fn ended_by(&self) -> Side {
        if self.best.is_some() && !self.timed_out { Side::Callee } else { Side::Exchange }
    }

    /// How it came out, when nobody answered.
    pub(crate) fn outcome(&self) -> DialOutcome {
        match (self.best, &self.why_none) {
            (Some(status), _) => tables::outcome_of_status(status, self.rang),
            (None, Some(why)) => why.clone(),
            (None, None) => DialOutcome::Unknown,
        }
    }
}
