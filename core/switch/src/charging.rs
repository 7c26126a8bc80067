//! What calls spend on their way outside: looked at before a trunk is tried, charged from the answer on, and ended when
//! there is no more. The one place by which every road to a trunk passes.

use std::time::{Instant, SystemTime};

use crate::audio::{Keys, Play, Sound, Tone};
use crate::call::{Call, Release};
use crate::event::{Cause, Event, Side};
use crate::ids::{CallId, LegId};
use crate::interlude::SoundOrder;
use crate::number::NumberClass;
use crate::record::{Charge, Notice};
use crate::spending::ledger::{BillId, News, Over};
use crate::spending::{Money, Payer, Purse, Spent};
use crate::switch::Switch;

impl Switch {
    /// What a payer has spent of the day that ends then, before the first input.
    pub fn restore_spending(&mut self, payer: Payer, seconds: u64, cost: Money, day_ends: SystemTime) {
        self.ledger.restore(payer, seconds, cost, day_ends);
    }

    /// Limits have changed: they hold for calls that are under way too.
    pub fn note_purses(&mut self, now: Instant, purses: &[Purse]) {
        self.wire.now = now;
        let wall = self.wire.wall();
        for purse in purses {
            self.ledger.note(now, wall, purse);
        }
        self.tell_spending();
    }

    /// What all have spent today.
    pub fn spent(&mut self, now: Instant) -> Vec<Spent> {
        self.wire.now = now;
        let wall = self.wire.wall();
        self.ledger.all(now, wall)
    }

    /// Whether the trunk in hand may be tried: what it may cost is reserved in all purses at once.
    pub(crate) fn may_spend(&mut self, id: CallId, at: usize) -> bool {
        let (now, wall) = (self.wire.now, self.wire.wall());
        let Some(way) = self.calls.get_mut(id).and_then(Call::dialing).and_then(|dialing| dialing.ways.get_mut(at))
        else {
            return false;
        };
        if way.outbound.class == NumberClass::Emergency {
            return true;
        }
        let Some(hop) = &way.hop else { return false };
        let purses: Vec<Purse> = way.outbound.purses.iter().copied().chain([hop.purse]).collect();
        match self.ledger.open(now, wall, &purses, hop.rate.as_ref(), way.bill) {
            Ok(bill) => {
                way.bill = Some(bill);
                true
            }
            Err(Over { limit, .. }) => {
                way.note_limit(limit);
                false
            }
        }
    }

    /// A leg outside was answered: it is charged from now on.
    pub(crate) fn begin_charge(&mut self, id: CallId, callee: LegId, bill: Option<BillId>) {
        let (now, wall) = (self.wire.now, self.wire.wall());
        let on = self.legs.get(callee).and_then(|leg| leg.trunk.as_deref());
        let (Some(call), Some(attempt)) = (self.calls.get_mut(id), on.and_then(|on| on.attempt.as_ref())) else {
            return;
        };
        call.draft.charge = Some(Charge {
            trunk: attempt.hop.trunk,
            number: attempt.outbound.number.clone(),
            class: attempt.outbound.class,
            rate: attempt.hop.rate.clone(),
            seconds: 0,
            cost: Money::ZERO,
            user: call.invitation.user,
        });
        let Some(bill) = bill else { return };
        call.bills.push(bill);
        self.bills.insert(bill, id);
        self.ledger.answered(bill, now, wall);
    }

    /// The call is over, and so is what it spends.
    pub(crate) fn end_charge(&mut self, id: CallId) {
        let (now, wall) = (self.wire.now, self.wire.wall());
        let Some(call) = self.calls.get_mut(id) else { return };
        for bill in std::mem::take(&mut call.bills) {
            self.bills.remove(&bill);
            if let (Some((seconds, cost)), Some(charge)) = (self.ledger.close(bill, now, wall), &mut call.draft.charge)
            {
                charge.seconds += seconds;
                charge.cost.0 = charge.cost.0.saturating_add(cost.0);
            }
        }
    }

    /// What was reserved for ways that came to nothing is free again.
    pub(crate) fn give_back(&mut self, bills: Vec<BillId>) {
        let (now, wall) = (self.wire.now, self.wire.wall());
        for bill in bills {
            self.ledger.close(bill, now, wall);
        }
    }

    pub(crate) fn spending_is_due(&mut self) {
        let (now, wall) = (self.wire.now, self.wire.wall());
        if self.ledger.poll_timeout().is_some_and(|due| due <= now) {
            self.ledger.handle_timeout(now, wall);
        }
    }

    /// What the ledger has to tell: to callers, to calls that are to end, to operators.
    pub(crate) fn tell_spending(&mut self) {
        while let Some(news) = self.ledger.poll() {
            match news {
                News::SoonOver { bill, left } => {
                    if let Some(id) = self.bills.get(&bill).copied() {
                        self.wire.event(id, Event::SpendingSoonOver(left));
                        self.warn_of_end(id);
                    }
                }
                News::Over { bill, .. } => {
                    if let Some(id) = self.bills.get(&bill).copied() {
                        self.release(id, Release::new(Cause::FORBIDDEN, Side::Exchange));
                    }
                }
                News::Near { payer, limit } => self.notice(Notice::SpendingNear { payer, limit }),
                News::Reached { payer, limit } => self.notice(Notice::SpendingOver { payer, limit }),
            }
        }
    }

    /// Who pays hears that it will soon be over. Where nothing can be heard, there is still the event.
    fn warn_of_end(&mut self, id: CallId) {
        let beep = Sound::Tone(Tone::Beep, std::time::Duration::from_millis(300));
        let pause = Sound::Silence(std::time::Duration::from_millis(200));
        let sounds = vec![beep.clone(), pause.clone(), beep.clone(), pause, beep];
        let order = SoundOrder::Play(Play { sounds, interrupt: Keys::NONE, language: None, forever: false });
        let now = self.wire.now;
        let _ = self.play(now, id, Some(Side::Caller), order);
    }
}
