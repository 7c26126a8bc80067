//! Who has spent how much on calls to the public network, and whether there is enough for one more.
//!
//! Each call that is tried on a trunk has a [bill](BillId). Several [purses](Purse) pay it, each in full: the tenant's,
//! the user's, the trunk's. Looking whether all of them have enough and taking it from them is one step, so what is left
//! goes to one call and not to two. Time is granted in slices of a minute, in whole steps of the rate; less than half a
//! minute is not begun with. Where nobody has said what a call costs, it costs nothing and is charged by the second.
//!
//! | bill | what comes | what happens |
//! |---|---|---|
//! | none | [`open`](Ledger::open) | every purse is looked at; a first slice is reserved in all of them, or nothing is done |
//! | tried | `open` after it | the same for the next trunk of the same call: what this one holds counts as free, and goes when the next is open |
//! | tried | [`answered`](Ledger::answered) | the first slice is granted: **charged** |
//! | tried | [`close`](Ledger::close) | what was reserved is free again, and nothing is charged |
//! | charged | 16 s before the end of what is granted | the next slice is granted, or as many steps as are left; none is: [`News::SoonOver`], **ending** |
//! | ending | 1 s before that end | there is more meanwhile: **charged**; there is not: [`News::Over`], **over** |
//! | charged, ending, over | `close` | its length is charged, exactly; what was granted beyond is free again |
//!
//! A bill is of the days in which its slices were granted, the first of the day in which the call was answered; what comes
//! back of a slice of yesterday is not given to today. The clock on the wall may be set: see `day`.
//!
//! ```text
//! let bill = ledger.open(now, wall, &purses, rate, None)?;    // before the INVITE leaves
//! ledger.answered(bill, now, wall);
//! while let Some(news) = ledger.poll() { … }                   // after each of these
//! let wake_at = ledger.poll_timeout();                         // then handle_timeout
//! let (seconds, cost) = ledger.close(bill, now, wall)?;        // in the end, always
//! ```
//!
//! Emergency calls have no bill: no limit stands in their way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant, SystemTime};

use slotmap::SlotMap;

use super::bill::{Amount, Bill, Stage};
use super::day::Wall;
use super::page::Page;
use super::{Limit, Money, Payer, Purse, Rate, Spent, bill};

slotmap::new_key_type! {
    /// What one call to a number outside spends. Minted by the ledger; generation-checked, so that what comes late for a
    /// closed bill finds nothing.
    pub struct BillId;
}

/// So many pages are looked at in one turn for whether they can be forgotten: midnight comes for all at once.
const LOOKS: usize = 16;

/// A call may not be begun: this limit of this payer is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the limit {} of {payer:?} is reached", .limit.as_str())]
pub struct Over {
    /// Whose.
    pub payer: Payer,
    /// Which.
    pub limit: Limit,
}

/// What the ledger tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// The call ends within this time, unless more is granted meanwhile. Told again only after a whole slice more was.
    SoonOver {
        /// Which.
        bill: BillId,
        /// How long it may go on.
        left: Duration,
    },
    /// The call is to be ended now.
    Over {
        /// Which.
        bill: BillId,
        /// Who has no more.
        payer: Payer,
        /// Of what.
        limit: Limit,
    },
    /// Four fifths of what a payer may spend in a day are spent. Once a day, and perhaps again after a restart.
    Near {
        /// Whose.
        payer: Payer,
        /// Minutes or cost.
        limit: Limit,
    },
    /// A call was refused or ended, for this limit is reached. At most once a minute.
    Reached {
        /// Whose.
        payer: Payer,
        /// Which.
        limit: Limit,
    },
}

/// The ledger.
#[derive(Debug)]
pub struct Ledger {
    began: Instant,
    wall: Wall,
    /// By payer, whom the store minted. Nobody's who has no call and had none today.
    pages: BTreeMap<Payer, Box<Page>>,
    /// Every payer of a page, by when it is to be looked at whether the page can be forgotten.
    ends: BTreeSet<(SystemTime, Payer)>,
    /// Minted here.
    bills: SlotMap<BillId, Bill>,
    /// Bills by when something is to be done with them.
    due: BTreeSet<(Instant, BillId)>,
    news: VecDeque<News>,
}

impl Ledger {
    /// Nobody has spent anything. `wall` is the time of day at `now`.
    #[must_use]
    pub fn new(now: Instant, wall: SystemTime) -> Self {
        Self {
            began: now,
            wall: Wall::new(now, wall),
            pages: BTreeMap::new(),
            ends: BTreeSet::new(),
            bills: SlotMap::with_key(),
            due: BTreeSet::new(),
            news: VecDeque::new(),
        }
    }

    /// Takes back what a payer has spent of the day that ends then. More than once: it adds up.
    pub fn restore(&mut self, payer: Payer, seconds: u64, cost: Money, day_ends: SystemTime) {
        let time = self.wall.time();
        if day_ends > time {
            self.page(time, payer, day_ends).grant(Amount { seconds, cost: cost.0.into() });
        }
    }

    /// A payer's limits have changed. What calls under way are granted stays granted; the next slice is by the new ones.
    pub fn note(&mut self, now: Instant, wall: SystemTime, purse: &Purse) {
        let time = self.turn(now, wall);
        if let Some(page) = self.pages.get_mut(&purse.payer) {
            page.note(time, purse);
        }
    }

    /// A call is to be tried, and these pay. What the purses say of limits and days holds from now on for calls that are
    /// under way too.
    ///
    /// `after` is the bill of the try before, by another gateway or trunk, of the same call. It must be open still, and is
    /// closed by this if it succeeds, without a charge; else it stays. For whoever pays both, no new call begins.
    ///
    /// # Errors
    /// A limit is reached; nothing is reserved, and nothing counted.
    pub fn open(
        &mut self,
        now: Instant,
        wall: SystemTime,
        purses: &[Purse],
        rate: Option<&Rate>,
        after: Option<BillId>,
    ) -> Result<BillId, Over> {
        let time = self.turn(now, wall);
        let mut payers = Vec::with_capacity(purses.len());
        for purse in purses {
            self.page(time, purse.payer, purse.day_ends).note(time, purse);
            if !payers.contains(&purse.payer) {
                payers.push(purse.payer);
            }
        }
        let after = after.filter(|id| self.bills.get(*id).is_some_and(|bill| bill.stage == Stage::Tried));
        // As if it were closed: the next trunk gets what this one held.
        self.each_share(after, Page::leave);
        let rate = bill::terms(rate);
        let seconds = match self.first_slice(now, &payers, &rate, after) {
            Ok(seconds) => seconds,
            Err(over) => {
                self.each_share(after, Page::enter);
                self.reached(now, over);
                return Err(over);
            }
        };
        let begun = after.and_then(|id| self.bills.remove(id)).map(|bill| bill.shares).unwrap_or_default();
        let bill = Bill::new(rate, seconds, &payers);
        let (held, at) = (bill.granted(), self.at(now));
        for payer in payers {
            let Some(page) = self.pages.get_mut(&payer) else { continue };
            page.enter(held);
            if !begun.iter().any(|share| share.payer == payer) {
                page.begin(at);
            }
        }
        Ok(self.bills.insert(bill))
    }

    /// The call was answered: its charged time begins.
    pub fn answered(&mut self, id: BillId, now: Instant, wall: SystemTime) {
        let time = self.turn(now, wall);
        let Some(bill) = self.bills.get_mut(id).filter(|bill| bill.stage == Stage::Tried) else { return };
        bill.stage = Stage::Charged(now);
        let granted = bill.granted();
        for share in &mut bill.shares {
            let Some(page) = self.pages.get_mut(&share.payer) else { continue };
            page.turn(time);
            page.answer(granted);
            share.add(page.today(), granted);
            self.news.extend(page.nears().into_iter().flatten().map(|limit| News::Near { payer: share.payer, limit }));
        }
        self.arm(id);
    }

    /// The call is over, answered or not. What is charged: seconds, and what they cost; nothing for one that was not
    /// answered. `None` for a bill that is closed already: nothing is done.
    pub fn close(&mut self, id: BillId, now: Instant, wall: SystemTime) -> Option<(u64, Money)> {
        let time = self.turn(now, wall);
        let bill = self.bills.remove(id)?;
        if let Some(due) = bill.due {
            self.due.remove(&(due, id));
        }
        let (granted, charge) = (bill.granted(), bill.charge(now));
        for share in &bill.shares {
            let Some(page) = self.pages.get_mut(&share.payer) else { continue };
            page.turn(time);
            if bill.stage == Stage::Tried {
                page.leave(granted);
                continue;
            }
            page.leave(Amount::default());
            page.give_back(share.day, granted.minus(charge).least(share.granted));
            // It was ended late: that is to be paid, whatever the limits say.
            page.grant(charge.minus(granted));
            self.news.extend(page.nears().into_iter().flatten().map(|limit| News::Near { payer: share.payer, limit }));
        }
        Some((charge.seconds, Money(i64::try_from(charge.cost).unwrap_or(i64::MAX))))
    }

    /// Something is due.
    pub fn handle_timeout(&mut self, now: Instant, wall: SystemTime) {
        let time = self.turn(now, wall);
        while let Some((due, id)) = self.due.first().copied()
            && due <= now
        {
            self.due.pop_first();
            self.go_on(id, now, time);
            self.arm(id);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.due.first().map(|(due, _)| *due)
    }

    /// What is to be told, the oldest first.
    pub fn poll(&mut self) -> Option<News> {
        self.news.pop_front()
    }

    /// What a payer has spent today; `None` where nothing is known of it.
    pub fn spent(&mut self, now: Instant, wall: SystemTime, payer: Payer) -> Option<Spent> {
        let (time, at) = (self.turn(now, wall), self.at(now));
        let page = self.pages.get_mut(&payer)?;
        page.turn(time);
        Some(page.spent(at, payer))
    }

    /// What everybody has spent today of whom something is known, in their order.
    pub fn all(&mut self, now: Instant, wall: SystemTime) -> Vec<Spent> {
        let (time, at) = (self.turn(now, wall), self.at(now));
        let each = self.pages.iter_mut().map(|(payer, page)| {
            page.turn(time);
            page.spent(at, *payer)
        });
        each.collect()
    }

    /// No bill is open, and so nothing is due or reserved.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.bills.is_empty()
    }

    /// How much every payer has for a call to begin with.
    fn first_slice(&mut self, now: Instant, payers: &[Payer], rate: &Rate, after: Option<BillId>) -> Result<u64, Over> {
        let at = self.at(now);
        let begun = after.and_then(|id| self.bills.get(id)).map(|bill| bill.shares.as_slice()).unwrap_or_default();
        for payer in payers {
            let begun = begun.iter().any(|share| share.payer == *payer);
            if let Some(limit) = self.pages.get_mut(payer).and_then(|page| page.refuses(at, begun)) {
                return Err(Over { payer: *payer, limit });
            }
        }
        let needed = bill::needed(rate);
        if let Some(over) = self.in_the_way(payers.iter().copied(), needed) {
            return Err(over);
        }
        Ok(bill::first_slice(rate, self.free(payers.iter().copied())).unwrap_or(needed.seconds))
    }

    /// A bill is near its end: the next slice is granted, or it is told that there is none.
    fn go_on(&mut self, id: BillId, now: Instant, time: SystemTime) {
        let Some(bill) = self.bills.get(id) else { return };
        let (Stage::Charged(since) | Stage::Ending(since)) = bill.stage else { return };
        let (wanted, step, end) = (bill.wanted(now), bill.step(), bill.end());
        let payers: Vec<Payer> = bill.shares.iter().map(|share| share.payer).collect();
        for payer in &payers {
            if let Some(page) = self.pages.get_mut(payer) {
                page.turn(time);
            }
        }
        let over = self.in_the_way(payers.iter().copied(), step);
        let free = self.free(payers.into_iter());
        let Some(bill) = self.bills.get_mut(id) else { return };
        match (bill.stage, over) {
            (_, None) => {
                let more = bill.extend(wanted, free);
                bill.stage = Stage::Charged(since);
                bill.warned &= bill.granted().seconds < wanted;
                for share in &mut bill.shares {
                    let Some(page) = self.pages.get_mut(&share.payer) else { continue };
                    page.grant(more);
                    share.add(page.today(), more);
                    let nears = page.nears().into_iter().flatten();
                    self.news.extend(nears.map(|limit| News::Near { payer: share.payer, limit }));
                }
            }
            (Stage::Ending(_), Some(over)) => {
                bill.stage = Stage::Over(since);
                self.news.push_back(News::Over { bill: id, payer: over.payer, limit: over.limit });
                self.reached(now, over);
            }
            (_, Some(_)) => {
                bill.stage = Stage::Ending(since);
                let left = end.map(|end| end.saturating_duration_since(now)).filter(|left| !left.is_zero());
                if let Some(left) = left.filter(|_| !bill.warned) {
                    bill.warned = true;
                    self.news.push_back(News::SoonOver { bill: id, left });
                }
            }
        }
    }

    /// Who cannot afford this, the first of them.
    fn in_the_way(&self, mut payers: impl Iterator<Item = Payer>, amount: Amount) -> Option<Over> {
        payers.find_map(|payer| self.pages.get(&payer)?.lacks(amount).map(|limit| Over { payer, limit }))
    }

    /// What all of them can afford.
    fn free(&self, payers: impl Iterator<Item = Payer>) -> Amount {
        let each = payers.filter_map(|payer| self.pages.get(&payer)).map(|page| page.free());
        each.reduce(Amount::least).unwrap_or(Amount { seconds: u64::MAX, cost: i128::MAX })
    }

    /// Does this to the page of each who pays this bill, with what it holds.
    fn each_share(&mut self, bill: Option<BillId>, change: impl Fn(&mut Page, Amount)) {
        let Some(bill) = bill.and_then(|id| self.bills.get(id)) else { return };
        let held = bill.granted();
        for share in &bill.shares {
            if let Some(page) = self.pages.get_mut(&share.payer) {
                change(page, held);
            }
        }
    }

    /// What is due next for it.
    fn arm(&mut self, id: BillId) {
        let Some(bill) = self.bills.get_mut(id) else { return };
        bill.due = bill.next();
        if let Some(due) = bill.due {
            self.due.insert((due, id));
        }
    }

    /// Somebody was refused, or a call ended.
    fn reached(&mut self, now: Instant, Over { payer, limit }: Over) {
        let at = self.at(now);
        if self.pages.get_mut(&payer).is_some_and(|page| page.tells(at, limit)) {
            self.news.push_back(News::Reached { payer, limit });
        }
    }

    /// A payer's page; a new one where there is none.
    fn page(&mut self, time: SystemTime, payer: Payer, ends: SystemTime) -> &mut Page {
        self.pages.entry(payer).or_insert_with(|| {
            let page = Page::new(time, ends);
            self.ends.insert((page.ends(), payer));
            Box::new(page)
        })
    }

    /// What time it is. Some of the pages whose day is over are forgotten, or looked at again at the end of the next.
    fn turn(&mut self, now: Instant, wall: SystemTime) -> SystemTime {
        let (time, at) = (self.wall.turn(now, wall), self.at(now));
        for _ in 0..LOOKS {
            let Some((_, payer)) = self.ends.first().copied().filter(|(ends, _)| *ends <= time) else { break };
            self.ends.pop_first();
            let Some(page) = self.pages.get_mut(&payer) else { continue };
            // Its end may have moved since.
            if page.ends() <= time && page.is_idle(at) {
                self.pages.remove(&payer);
            } else {
                page.turn(time);
                self.ends.insert((page.ends(), payer));
            }
        }
        time
    }

    /// So long after the beginning.
    fn at(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.began)
    }
}

#[cfg(test)]
mod chance;
#[cfg(test)]
mod tests;
