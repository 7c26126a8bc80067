//! Whatever calls do, in whatever order: the ledger agrees with a book that keeps every fact and adds all of them up anew
//! for each question.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::ids::{TenantId, TrunkId, UserId};
use crate::spending::SpendingLimits;

const DAY: u64 = 24 * 3600;
const PAYERS: [Payer; 4] =
    [Payer::Tenant(TenantId(1)), Payer::User(UserId(1)), Payer::Trunk(TrunkId(1)), Payer::Trunk(TrunkId(2))];
/// By how much the midnight of each is earlier.
const ZONES: [u64; 4] = [0, 0, 100, 5 * 3600];

/// Something happens.
#[derive(Debug, Clone)]
enum Turn {
    /// A call is tried, perhaps after another that is open.
    Open { who: u8, rate: Option<Rate>, after: Option<u8> },
    /// One that is open is answered.
    Answer(u8),
    /// One is closed.
    Close(u8),
    /// Time passes, and what is due is done.
    Pass(u64),
    /// It passes, and the ledger is woken at its end alone.
    Sleep(u64),
    /// A payer gets other limits.
    Limit(u8, SpendingLimits),
    /// All calls end, and it is the same time of the next day.
    Tomorrow,
}

fn rate() -> impl Strategy<Value = Rate> {
    let cost = || prop_oneof![Just(0), Just(1), 1..200_000_i64];
    let seconds = || prop_oneof![Just(0), Just(1), Just(30), Just(60), 1..200_u32];
    (cost(), cost(), seconds(), seconds()).prop_map(|(connect, per_minute, first, step)| Rate {
        prefix: String::new(),
        connect: Money(connect),
        per_minute: Money(per_minute),
        first,
        step,
    })
}

fn limits() -> impl Strategy<Value = SpendingLimits> {
    let few = || proptest::option::weighted(0.3, 0..5_u32);
    let minutes = proptest::option::weighted(0.5, 0..12_u32);
    let cost = proptest::option::weighted(0.5, 0..1_000_000_i64);
    (few(), few(), few(), minutes, cost).prop_map(|(concurrent, per_second, per_hour, minutes_per_day, cost)| {
        SpendingLimits { concurrent, per_second, per_hour, minutes_per_day, cost_per_day: cost.map(Money) }
    })
}

fn turn() -> impl Strategy<Value = Turn> {
    let time = || prop_oneof![4 => 0..1_500_u64, 8 => 0..70_000_u64, 1 => 0..4_000_000_u64];
    let open = (1..16_u8, proptest::option::weighted(0.9, rate()), proptest::option::weighted(0.2, any::<u8>()));
    prop_oneof![
        6 => open.prop_map(|(who, rate, after)| Turn::Open { who, rate, after }),
        5 => any::<u8>().prop_map(Turn::Answer),
        3 => any::<u8>().prop_map(Turn::Close),
        8 => time().prop_map(Turn::Pass),
        1 => (0..100_000_u64).prop_map(Turn::Sleep),
        1 => (0..4_u8, limits()).prop_map(|(who, limits)| Turn::Limit(who, limits)),
        1 => Just(Turn::Tomorrow),
    ]
}

/// A call, as the book has it.
struct Call {
    id: BillId,
    /// Indices into [`PAYERS`].
    who: Vec<usize>,
    rate: Rate,
    granted: u64,
    answered: Option<u64>,
    /// The next slice could not be granted.
    ending: bool,
    warned: bool,
    over: bool,
    open: bool,
    /// What was granted: when, until how many seconds in all.
    slices: Vec<(u64, u64)>,
    /// What was charged when it was closed, and when.
    charged: Option<(u64, u64)>,
}

impl Call {
    fn cost(&self, seconds: u64) -> i128 {
        self.rate.cost(seconds).0.into()
    }

    /// When it is looked at next, in ms.
    fn due(&self) -> Option<u64> {
        let end = self.answered? + self.granted * 1000 - 1000;
        (self.open && !self.over).then_some(if self.ending { end } else { end - 15_000 })
    }

    /// What of a day it takes, seconds and cost: the slices granted then, but what was found too much in the end.
    fn takes(&self, day: impl Fn(u64) -> u64, of: u64) -> (u64, i128) {
        let (mut seconds, mut cost, mut from) = (0, 0, None);
        let worth = |seconds: Option<u64>| seconds.map_or(0, |seconds| self.cost(seconds));
        let most = self.charged.map_or(u64::MAX, |(seconds, _)| seconds);
        for (at, until) in &self.slices {
            // Only today's slices are cut: a closed call of yesterday cannot change what yesterday was.
            let cut = self.charged.is_some_and(|(_, closed)| day(closed) == day(*at));
            let until = if cut { (*until).min(most.max(from.unwrap_or(0))) } else { *until };
            if day(*at) == of {
                seconds += until - from.unwrap_or(0);
                cost += worth(Some(until)) - worth(from);
            }
            from = Some(until);
        }
        if let Some((charged, closed)) = self.charged.filter(|(charged, _)| *charged > from.unwrap_or(0))
            && day(closed) == of
        {
            seconds += charged - from.unwrap_or(0);
            cost += worth(Some(charged)) - worth(from);
        }
        (seconds, cost)
    }
}

/// The book and the ledger.
struct Book {
    ledger: Ledger,
    origin: (Instant, SystemTime),
    /// In ms since the beginning.
    now: u64,
    /// The beginning, in seconds of the wall clock.
    begins: u64,
    limits: [SpendingLimits; 4],
    calls: Vec<Call>,
    /// Who began a call when.
    begun: Vec<(usize, u64)>,
    near: BTreeSet<(usize, u64, bool)>,
    told: Vec<(usize, Limit, u64)>,
    news: Vec<News>,
    /// A limit was lowered, or the ledger was woken late: somebody may have more than is permitted.
    lax: bool,
}

impl Book {
    fn new(begins: u64, limits: [SpendingLimits; 4]) -> Self {
        let origin = (Instant::now(), SystemTime::UNIX_EPOCH + Duration::from_secs(begins));
        let ledger = Ledger::new(origin.0, origin.1);
        Self {
            ledger,
            origin,
            now: 0,
            begins,
            limits,
            calls: Vec::new(),
            begun: Vec::new(),
            near: BTreeSet::new(),
            told: Vec::new(),
            news: Vec::new(),
            lax: false,
        }
    }

    fn time(&self) -> (Instant, SystemTime) {
        let passed = Duration::from_millis(self.now);
        (self.origin.0 + passed, self.origin.1 + passed)
    }

    fn day(&self, who: usize) -> impl Fn(u64) -> u64 + use<> {
        let (begins, zone) = (self.begins, ZONES[who]);
        move |at| (begins * 1000 + at + zone * 1000) / (DAY * 1000)
    }

    fn purse(&self, who: usize) -> Purse {
        let ends = (self.day(who)(self.now) + 1) * DAY - ZONES[who];
        let day_ends = SystemTime::UNIX_EPOCH + Duration::from_secs(ends);
        Purse { payer: PAYERS[who], limits: self.limits[who], day_ends }
    }

    /// Spent of this day: seconds and cost.
    fn spent(&self, who: usize) -> (u64, i128) {
        let day = self.day(who);
        let takes =
            self.calls.iter().filter(|call| call.who.contains(&who)).map(|call| call.takes(&day, day(self.now)));
        takes.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    /// Whether so much more is free, beside what is held for calls but this one.
    fn lacks(&self, who: usize, more: (u64, i128), but: Option<usize>) -> Option<Limit> {
        let mut taken = self.spent(who);
        for (at, call) in self.calls.iter().enumerate() {
            if call.open && call.answered.is_none() && call.who.contains(&who) && but != Some(at) {
                taken = (taken.0 + call.granted, taken.1 + call.cost(call.granted));
            }
        }
        let limits = self.limits[who];
        let (minutes, cost) = (limits.minutes_per_day, limits.cost_per_day);
        if more.0 > 0 && minutes.is_some_and(|most| taken.0 + more.0 > u64::from(most) * 60) {
            Some(Limit::Minutes)
        } else if more.1 > 0 && cost.is_some_and(|most| taken.1 + more.1 > most.0.into()) {
            Some(Limit::Cost)
        } else {
            None
        }
    }

    fn first_lack(&self, who: &[usize], more: (u64, i128), but: Option<usize>) -> Option<Over> {
        who.iter().find_map(|who| self.lacks(*who, more, but).map(|limit| Over { payer: PAYERS[*who], limit }))
    }

    /// What is to come of a call that is tried: so many seconds.
    fn expect_opened(&self, who: &[usize], rate: &Rate, after: Option<usize>) -> Result<u64, Over> {
        for one in who {
            let over = |limit| Err(Over { payer: PAYERS[*one], limit });
            let reached = |limit: Option<u32>, count: usize| limit.is_some_and(|limit| count >= limit as usize);
            let open = |(at, call): (usize, &Call)| call.open && call.who.contains(one) && after != Some(at);
            if reached(self.limits[*one].concurrent, self.calls.iter().enumerate().filter(|call| open(*call)).count()) {
                return over(Limit::Concurrent);
            }
            if after.is_some_and(|after| self.calls[after].who.contains(one)) {
                continue;
            }
            if reached(self.limits[*one].per_second, self.begun_within(*one, 125, 8)) {
                return over(Limit::PerSecond);
            }
            if reached(self.limits[*one].per_hour, self.begun_within(*one, 60_000, 60)) {
                return over(Limit::PerHour);
            }
        }
        let steps = slices(rate);
        let cost = |seconds| i128::from(rate.cost(seconds).0);
        let needed = steps.clone().find(|seconds| *seconds >= 30).expect("endless");
        if let Some(over) = self.first_lack(who, (needed, cost(needed)), after) {
            return Err(over);
        }
        let mut granted = needed;
        for more in steps.skip_while(|seconds| *seconds <= needed) {
            if granted >= 60 || self.first_lack(who, (more, cost(more)), after).is_some() {
                break;
            }
            granted = more;
        }
        Ok(granted)
    }

    /// In this piece of time and so many before it.
    fn begun_within(&self, who: usize, piece: u64, pieces: u64) -> usize {
        self.begun.iter().filter(|(one, at)| *one == who && at / piece + pieces >= self.now / piece).count()
    }

    fn reached(&mut self, over: Over) {
        let who = PAYERS.iter().position(|payer| *payer == over.payer).expect("one of them");
        let now = self.now;
        if !self.told.iter().any(|(one, limit, at)| (*one, *limit) == (who, over.limit) && at + 60_000 > now) {
            self.told.push((who, over.limit, now));
            self.news.push(News::Reached { payer: over.payer, limit: over.limit });
        }
    }

    fn nears(&mut self, who: usize) {
        let (seconds, cost) = self.spent(who);
        let day = self.day(who)(self.now);
        let minutes =
            self.limits[who].minutes_per_day.is_some_and(|most| most > 0 && seconds * 5 >= u64::from(most) * 240);
        let cost = self.limits[who].cost_per_day.is_some_and(|most| most.0 > 0 && cost * 5 >= i128::from(most.0) * 4);
        for (is_near, limit) in [(minutes, Limit::Minutes), (cost, Limit::Cost)] {
            if is_near && self.near.insert((who, day, limit == Limit::Cost)) {
                self.news.push(News::Near { payer: PAYERS[who], limit });
            }
        }
    }

    fn open(&mut self, who: u8, rate: Option<&Rate>, after: Option<usize>) {
        let who: Vec<usize> = (0..4).filter(|bit| who >> bit & 1 == 1).collect();
        let terms = rate.cloned().unwrap_or(Rate {
            prefix: String::new(),
            connect: Money::ZERO,
            per_minute: Money::ZERO,
            first: 0,
            step: 1,
        });
        let earlier = after.filter(|at| self.calls[*at].open && self.calls[*at].answered.is_none());
        let expected = self.expect_opened(&who, &terms, earlier);
        let purses: Vec<Purse> = who.iter().map(|who| self.purse(*who)).collect();
        let (now, wall) = self.time();
        let after = after.map(|at| self.calls[at].id);
        match (self.ledger.open(now, wall, &purses, rate, after), expected) {
            (Ok(id), Ok(granted)) => {
                for one in &who {
                    if !earlier.is_some_and(|earlier| self.calls[earlier].who.contains(one)) {
                        self.begun.push((*one, self.now));
                    }
                }
                earlier.into_iter().for_each(|at| self.calls[at].open = false);
                assert_eq!(self.ledger.bills[id].granted().seconds, granted);
                self.calls.push(Call {
                    id,
                    who,
                    rate: terms,
                    granted,
                    answered: None,
                    ending: false,
                    warned: false,
                    over: false,
                    open: true,
                    slices: Vec::new(),
                    charged: None,
                });
            }
            (Err(over), Err(expected)) => {
                assert_eq!(over, expected);
                self.reached(over);
            }
            (opened, expected) => panic!("{opened:?} where {expected:?} was expected"),
        }
    }

    fn answer(&mut self, at: usize) {
        let (now, wall) = self.time();
        self.ledger.answered(self.calls[at].id, now, wall);
        let call = &mut self.calls[at];
        if !call.open || call.answered.is_some() {
            return;
        }
        call.answered = Some(self.now);
        call.slices.push((self.now, call.granted));
        // One after the other is told; that what comes later is granted does not matter for who is earlier.
        for who in call.who.clone() {
            self.nears(who);
        }
    }

    fn close(&mut self, at: usize) {
        let (now, wall) = self.time();
        let closed = self.ledger.close(self.calls[at].id, now, wall);
        let call = &mut self.calls[at];
        if !call.open {
            assert_eq!(closed, None);
            return;
        }
        call.open = false;
        let Some(answered) = call.answered else {
            assert_eq!(closed, Some((0, Money::ZERO)));
            return;
        };
        let lasted = (self.now - answered).div_ceil(1000);
        let seconds = slices(&call.rate).find(|seconds| *seconds >= lasted).expect("endless");
        call.charged = Some((seconds, self.now));
        assert_eq!(closed, Some((seconds, call.rate.cost(seconds))));
        self.lax |= seconds > call.granted;
        for who in call.who.clone() {
            self.nears(who);
        }
    }

    /// The earliest that is due until then is looked at: when, and which.
    fn due(&self, until: u64) -> Option<(u64, usize)> {
        let due = self.calls.iter().enumerate().filter_map(|(at, call)| Some((call.due()?, call.id, at)));
        due.min().filter(|(due, ..)| *due <= until).map(|(due, _, at)| (due, at))
    }

    fn go_on(&mut self, at: usize) {
        let call = &self.calls[at];
        let (who, granted) = (call.who.clone(), call.granted);
        let lasted = (self.now - call.answered.expect("answered")) / 1000;
        let end = call.answered.expect("answered") + granted * 1000 - 1000;
        let wanted = slices(&call.rate).find(|seconds| *seconds >= lasted.max(granted) + 60).expect("endless");
        let mut reached = granted;
        let mut over = None;
        for next in slices(&call.rate).skip_while(|seconds| *seconds <= granted).take_while(|next| *next <= wanted) {
            let more = (next - granted, call.cost(next) - call.cost(granted));
            over = self.first_lack(&who, more, None);
            if over.is_some() {
                break;
            }
            reached = next;
        }
        let (now, call) = (self.now, &mut self.calls[at]);
        if reached > granted {
            (call.granted, call.ending) = (reached, false);
            call.warned &= reached < wanted;
            call.slices.push((now, reached));
            who.into_iter().for_each(|who| self.nears(who));
        } else if call.ending {
            call.over = true;
            let (bill, over) = (call.id, over.expect("somebody is in the way"));
            self.news.push(News::Over { bill, payer: over.payer, limit: over.limit });
            self.reached(over);
        } else {
            call.ending = true;
            if end > now && !call.warned {
                call.warned = true;
                self.news.push(News::SoonOver { bill: call.id, left: Duration::from_millis(end - now) });
            }
        }
    }

    fn wake(&mut self) {
        let (now, wall) = self.time();
        while let Some((_, at)) = self.due(self.now) {
            self.go_on(at);
        }
        self.ledger.handle_timeout(now, wall);
    }

    fn pass(&mut self, millis: u64) {
        let until = self.now + millis;
        while let Some((due, _)) = self.due(until) {
            self.now = due;
            assert_eq!(self.ledger.poll_timeout(), Some(self.time().0));
            self.wake();
        }
        self.now = until;
    }

    fn limit(&mut self, who: usize, limits: SpendingLimits) {
        self.limits[who] = limits;
        self.lax = true;
        let (purse, (now, wall)) = (self.purse(who), self.time());
        self.ledger.note(now, wall, &purse);
    }

    fn turn(&mut self, turn: Turn) {
        let one = |index: u8, calls: &[Call]| usize::from(index).checked_rem(calls.len());
        match turn {
            Turn::Open { who, rate, after } => {
                let after = after.and_then(|after| one(after, &self.calls));
                self.open(who, rate.as_ref(), after);
            }
            Turn::Answer(index) => one(index, &self.calls).into_iter().for_each(|at| self.answer(at)),
            Turn::Close(index) => one(index, &self.calls).into_iter().for_each(|at| self.close(at)),
            Turn::Pass(millis) => self.pass(millis),
            Turn::Sleep(millis) => {
                self.now += millis;
                self.lax = true;
                self.wake();
            }
            Turn::Limit(who, limits) => self.limit(usize::from(who), limits),
            Turn::Tomorrow => {
                (0..self.calls.len()).for_each(|at| self.close(at));
                self.pass(DAY * 1000);
            }
        }
    }

    /// The ledger says what the book says.
    fn compare(&mut self) {
        let news: Vec<News> = std::iter::from_fn(|| self.ledger.poll()).collect();
        assert_eq!(news, std::mem::take(&mut self.news));
        let (now, wall) = self.time();
        assert_eq!(
            self.ledger.poll_timeout(),
            self.due(u64::MAX).map(|(due, _)| self.origin.0 + Duration::from_millis(due))
        );
        for (who, payer) in PAYERS.into_iter().enumerate() {
            let calls = self.calls.iter().filter(|call| call.open && call.who.contains(&who)).count();
            let (seconds, cost) = self.spent(who);
            let spent = self.ledger.spent(now, wall, payer);
            let told = spent.map(|spent| (spent.concurrent as usize, spent.seconds, i128::from(spent.cost.0)));
            assert_eq!(told.unwrap_or_default(), (calls, seconds, cost), "{payer:?}");
            let hour = spent.map_or(0, |spent| spent.hour as usize);
            assert_eq!(hour, self.begun_within(who, 60_000, 60), "{payer:?}");
            let limits = self.limits[who];
            if !self.lax {
                assert!(limits.concurrent.is_none_or(|most| calls <= most as usize), "{payer:?}");
                assert!(limits.minutes_per_day.is_none_or(|most| seconds <= u64::from(most) * 60), "{payer:?}");
                assert!(limits.cost_per_day.is_none_or(|most| cost <= most.0.into()), "{payer:?}");
            }
        }
    }

    /// All hang up: nothing is left, and what is spent is what was charged.
    fn end(&mut self) {
        (0..self.calls.len()).for_each(|at| self.close(at));
        self.compare();
        assert!(self.ledger.is_quiet() && self.ledger.poll_timeout().is_none());
        assert!(self.ledger.pages.values().all(|page| page.holds_nothing()));
        for who in 0..4 {
            let day = self.day(who);
            if day(0) == day(self.now) {
                let paid = self.calls.iter().filter(|call| call.who.contains(&who)).filter_map(|call| {
                    let (seconds, _) = call.charged?;
                    Some((seconds, call.cost(seconds)))
                });
                assert_eq!(self.spent(who), paid.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1)));
            }
        }
    }
}

/// All lengths that are charged as a whole, the shortest first.
fn slices(rate: &Rate) -> impl Iterator<Item = u64> + Clone + use<> {
    let (first, step) = (u64::from(rate.first), u64::from(rate.step.max(1)));
    (0..).map(move |steps| first + steps * step)
}

/// `PROPTEST_CASES` says how many.
fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn whatever_calls_do_the_ledger_agrees_with_a_book_of_all_facts(
        before_midnight in prop_oneof![3 => 0..400_u64, 1 => 0..DAY],
        limits in [limits(), limits(), limits(), limits()],
        turns in vec(turn(), 1..40),
    ) {
        let mut book = Book::new(20_000 * DAY - before_midnight, limits);
        for turn in turns {
            book.turn(turn);
            book.compare();
        }
        book.end();
    }

    #[test]
    fn a_clock_that_is_set_back_at_any_time_gives_nobody_more_days(
        begins in 0..DAY,
        minutes in 1..30_u32,
        turns in vec((0..3_u8, 0..9 * 3600_u64, 0..40 * 3600_u64), 1..60),
    ) {
        let (mut now, mut wall) = (Instant::now(), SystemTime::UNIX_EPOCH + Duration::from_secs(20_000 * DAY + begins));
        let (mut ledger, began, mut charged) = (Ledger::new(now, wall), now, 0);
        let limits = SpendingLimits { minutes_per_day: Some(minutes), ..SpendingLimits::default() };
        for (what, passes, back) in turns {
            (now, wall) = (now + Duration::from_secs(passes), wall + Duration::from_secs(passes));
            if what == 0 {
                wall -= Duration::from_secs(back);
            }
            let since = wall.duration_since(SystemTime::UNIX_EPOCH).expect("later").as_secs();
            let day_ends = SystemTime::UNIX_EPOCH + Duration::from_secs((since / DAY + 1) * DAY);
            // As many minutes as there are.
            while let Ok(bill) = ledger.open(now, wall, &[Purse { payer: PAYERS[0], limits, day_ends }], None, None) {
                ledger.answered(bill, now, wall);
                let length = Duration::from_secs(ledger.bills[bill].granted().seconds);
                (now, wall) = (now + length, wall + length);
                charged += ledger.close(bill, now, wall).expect("open").0;
            }
        }
        let days = (now - began).as_secs() / (20 * 3600) + 2;
        prop_assert!(charged <= days * u64::from(minutes) * 60, "{} in {} days", charged, days);
    }
}
