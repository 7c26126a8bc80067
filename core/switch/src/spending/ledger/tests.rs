//! The rows of the ledger's table, and what a wall clock does to it.

use super::*;
use crate::ids::{TenantId, TrunkId, UserId};
use crate::spending::SpendingLimits;

const TENANT: Payer = Payer::Tenant(TenantId(1));
const USER: Payer = Payer::User(UserId(1));
const TRUNK: Payer = Payer::Trunk(TrunkId(1));
const OTHER_TRUNK: Payer = Payer::Trunk(TrunkId(2));

const NONE: SpendingLimits =
    SpendingLimits { concurrent: None, per_second: None, per_hour: None, minutes_per_day: None, cost_per_day: None };
const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

/// A ledger, and the time that passes.
struct Story {
    ledger: Ledger,
    now: Instant,
    wall: SystemTime,
}

impl Story {
    /// Begins at noon.
    fn begins() -> Self {
        let (now, wall) = (Instant::now(), SystemTime::UNIX_EPOCH + Duration::from_secs(20_000 * DAY + DAY / 2));
        Self { ledger: Ledger::new(now, wall), now, wall }
    }

    /// Midnight by the wall clock.
    fn midnight(&self) -> SystemTime {
        let since = self.wall.duration_since(SystemTime::UNIX_EPOCH).expect("later").as_secs();
        SystemTime::UNIX_EPOCH + Duration::from_secs((since / DAY + 1) * DAY)
    }

    fn purse(&self, payer: Payer, limits: SpendingLimits) -> Purse {
        Purse { payer, limits, day_ends: self.midnight() }
    }

    fn open(&mut self, purses: &[(Payer, SpendingLimits)], rate: Option<&Rate>) -> Result<BillId, Over> {
        self.open_after(purses, rate, None)
    }

    fn open_after(
        &mut self,
        purses: &[(Payer, SpendingLimits)],
        rate: Option<&Rate>,
        after: Option<BillId>,
    ) -> Result<BillId, Over> {
        let purses: Vec<Purse> = purses.iter().map(|(payer, limits)| self.purse(*payer, *limits)).collect();
        self.ledger.open(self.now, self.wall, &purses, rate, after)
    }

    fn answered(&mut self, bill: BillId) {
        self.ledger.answered(bill, self.now, self.wall);
    }

    fn close(&mut self, bill: BillId) -> Option<(u64, Money)> {
        self.ledger.close(bill, self.now, self.wall)
    }

    /// What is due is done in time.
    fn pass(&mut self, millis: u64) {
        let until = self.now + Duration::from_millis(millis);
        while let Some(due) = self.ledger.poll_timeout().filter(|due| *due <= until) {
            let passed = due.saturating_duration_since(self.now);
            (self.now, self.wall) = (self.now + passed, self.wall + passed);
            self.ledger.handle_timeout(self.now, self.wall);
        }
        (self.now, self.wall) = (until, self.wall + (until - self.now));
    }

    fn pass_seconds(&mut self, seconds: u64) {
        self.pass(seconds * 1000);
    }

    fn news(&mut self) -> Vec<News> {
        std::iter::from_fn(|| self.ledger.poll()).collect()
    }

    /// Calls, calls within the hour, seconds, millionths.
    fn spent(&mut self, payer: Payer) -> (u32, u32, u64, i64) {
        let spent = self.ledger.spent(self.now, self.wall, payer).expect("known");
        (spent.concurrent, spent.hour, spent.seconds, spent.cost.0)
    }

    fn assert_quiet(&mut self) {
        assert!(self.ledger.is_quiet() && self.ledger.poll_timeout().is_none());
        for (payer, page) in &mut self.ledger.pages {
            let spent = page.spent(Duration::ZERO, *payer);
            assert!(spent.concurrent == 0 && page.holds_nothing(), "{payer:?}");
        }
    }
}

fn minutes(minutes: u32) -> SpendingLimits {
    SpendingLimits { minutes_per_day: Some(minutes), ..NONE }
}

fn cost(millionths: i64) -> SpendingLimits {
    SpendingLimits { cost_per_day: Some(Money(millionths)), ..NONE }
}

/// Six cents a minute, a tenth of a cent a second.
fn rate(first: u32, step: u32) -> Rate {
    Rate { prefix: "49".into(), connect: Money::ZERO, per_minute: Money(60_000), first, step }
}

#[test]
fn two_calls_race_for_the_last_minute_and_one_gets_it() {
    for rate in [None, Some(rate(60, 60)), Some(rate(1, 1))] {
        let mut story = Story::begins();
        let purses = [(TENANT, minutes(1)), (USER, NONE)];
        let one = story.open(&purses, rate.as_ref()).expect("a minute");
        assert_eq!(story.open(&purses, rate.as_ref()), Err(Over { payer: TENANT, limit: Limit::Minutes }));
        assert_eq!(story.spent(USER), (1, 1, 0, 0), "who was refused is not counted");
        assert_eq!(story.close(one), Some((0, Money::ZERO)), "nobody answered");
        let two = story.open(&purses, rate.as_ref()).expect("the minute is free again");
        story.answered(two);
        assert!(story.open(&purses, rate.as_ref()).is_err());
        story.pass_seconds(59);
        assert!(story.news().contains(&News::Over { bill: two, payer: TENANT, limit: Limit::Minutes }));
        let charged = rate.as_ref().map_or(59, |rate| 59_u64.next_multiple_of(rate.step.into()));
        assert_eq!(story.close(two).map(|(seconds, _)| seconds), Some(charged));
        story.assert_quiet();
    }
}

#[test]
fn two_calls_race_for_the_last_cent_of_a_trunk() {
    let mut story = Story::begins();
    let (one_purse, other) = ([(USER, NONE), (TRUNK, cost(60_000))], [(TENANT, NONE), (TRUNK, cost(60_000))]);
    let one = story.open(&one_purse, Some(&rate(1, 1))).expect("enough");
    let refused = Over { payer: TRUNK, limit: Limit::Cost };
    assert_eq!(story.open(&other, Some(&rate(1, 1))), Err(refused));
    assert_eq!(refused.to_string(), "the limit cost-per-day of Trunk(TrunkId(1)) is reached");
    story.answered(one);
    story.pass(30_500);
    assert_eq!(story.close(one), Some((31, Money(31_000))));
    assert!(story.open(&other, Some(&rate(30, 1))).is_err(), "for 29 seconds no call is begun");
    story.assert_quiet();
}

#[test]
fn a_call_is_charged_exactly_however_it_was_granted() {
    let none: (Option<Rate>, u64, (u64, i64)) = (None, 61_200, (62, 0));
    let dear = Rate { connect: Money(100_000), per_minute: Money(1), ..rate(0, 1) };
    let table = [
        none,
        (Some(rate(60, 60)), 0, (60, 60_000)),
        (Some(rate(60, 60)), 60_000, (60, 60_000)),
        (Some(rate(60, 60)), 60_001, (120, 120_000)),
        (Some(rate(30, 6)), 200_000, (204, 204_000)),
        (Some(rate(1, 1)), 3_599_500, (3600, 3_600_000)),
        (Some(rate(3600, 60)), 1_000, (3600, 3_600_000)),
        (Some(rate(0, 0)), 1_500, (2, 2_000)),
        (Some(dear.clone()), 0, (0, 100_000)),
        (Some(dear), 61_000, (61, 100_002)),
    ];
    for (rate, length, (seconds, cost)) in table {
        let mut story = Story::begins();
        let bill = story.open(&[(TENANT, NONE), (TRUNK, NONE)], rate.as_ref()).expect("no limit");
        story.pass_seconds(20);
        story.answered(bill);
        story.pass(length);
        assert_eq!(story.close(bill), Some((seconds, Money(cost))), "{rate:?} {length}");
        for payer in [TENANT, TRUNK] {
            assert_eq!(story.spent(payer), (0, 1, seconds, cost), "{rate:?} {length}");
        }
        assert_eq!(story.news(), []);
        story.assert_quiet();
    }
}

#[test]
fn sums_are_exact_to_the_millionth() {
    let mut story = Story::begins();
    let odd = Rate { connect: Money(7), per_minute: Money(12_345), ..rate(1, 1) };
    let (mut seconds, mut cost_of_all) = (0, 0);
    for call in 0..500 {
        let bill = story.open(&[(USER, cost(100_000_000))], Some(&odd)).expect("enough");
        story.answered(bill);
        story.pass(call * 250);
        let charged = (call * 250).div_ceil(1000).max(1);
        assert_eq!(story.close(bill).map(|(seconds, _)| seconds), Some(charged));
        seconds += charged;
        cost_of_all += 7 + (i64::try_from(charged).expect("short") * 12_345 + 59) / 60;
    }
    let spent = story.spent(USER);
    assert_eq!((spent.2, spent.3), (seconds, cost_of_all));
}

#[test]
fn a_call_that_reaches_its_limit_is_warned_and_ended() {
    let mut story = Story::begins();
    let bill = story.open(&[(TENANT, minutes(100)), (USER, minutes(2))], Some(&rate(60, 60))).expect("two minutes");
    story.answered(bill);
    story.pass_seconds(43);
    assert_eq!((story.spent(USER).2, story.news()), (60, vec![]));
    story.pass_seconds(1);
    assert_eq!(story.spent(USER).2, 120, "the second minute is granted before the first is over");
    assert_eq!(story.news(), [News::Near { payer: USER, limit: Limit::Minutes }]);
    story.pass_seconds(59);
    assert_eq!(story.news(), []);
    story.pass_seconds(1);
    assert_eq!(story.news(), [News::SoonOver { bill, left: Duration::from_secs(15) }]);
    story.pass(14_999);
    assert_eq!(story.news(), []);
    story.pass(1);
    let over = News::Over { bill, payer: USER, limit: Limit::Minutes };
    assert_eq!(story.news(), [over, News::Reached { payer: USER, limit: Limit::Minutes }]);
    assert_eq!(story.ledger.poll_timeout(), None);
    story.pass(900);
    assert_eq!(
        story.close(bill),
        Some((120, Money(120_000))),
        "the end that was late by less than a second costs nothing"
    );
    story.assert_quiet();
}

#[test]
fn the_last_slice_has_as_many_whole_steps_as_are_left() {
    // 100,000 millionths: a minute, and of the next six steps of six seconds.
    let mut story = Story::begins();
    let bill = story.open(&[(TENANT, cost(100_000))], Some(&rate(60, 6))).expect("enough");
    story.answered(bill);
    story.pass_seconds(44);
    assert_eq!(story.spent(TENANT), (1, 1, 96, 96_000));
    story.pass_seconds(36);
    assert_eq!(
        story.news(),
        [News::Near { payer: TENANT, limit: Limit::Cost }, News::SoonOver { bill, left: Duration::from_secs(15) },]
    );
    story.pass_seconds(15);
    assert_eq!(story.close(bill), Some((96, Money(96_000))));

    let mut story = Story::begins();
    let bill = story.open(&[(TENANT, cost(50_000))], Some(&rate(1, 1))).expect("fifty seconds are enough to begin");
    story.answered(bill);
    story.pass_seconds(34);
    assert!(story.news().contains(&News::SoonOver { bill, left: Duration::from_secs(15) }));
}

#[test]
fn what_others_give_back_goes_to_a_call_that_was_warned() {
    let mut story = Story::begins();
    let purses = [(TENANT, minutes(3))];
    let one = story.open(&purses, Some(&rate(60, 60))).expect("a minute");
    let two = story.open(&purses, Some(&rate(60, 60))).expect("a minute");
    let third = story.open(&purses, Some(&rate(60, 60))).expect("a minute");
    story.answered(one);
    story.answered(two);
    story.pass_seconds(50);
    assert_eq!(story.news().len(), 2, "both were warned");
    assert_eq!(story.close(third), Some((0, Money::ZERO)));
    story.pass_seconds(9);
    let over = News::Over { bill: two, payer: TENANT, limit: Limit::Minutes };
    let reached = News::Reached { payer: TENANT, limit: Limit::Minutes };
    assert_eq!(story.news(), [News::Near { payer: TENANT, limit: Limit::Minutes }, over, reached]);
    assert_eq!(story.close(two), Some((60, Money(60_000))));
    story.pass_seconds(45);
    assert_eq!(story.news(), [News::SoonOver { bill: one, left: Duration::from_secs(15) }], "its end is another one");
}

#[test]
fn a_trickle_of_seconds_is_no_reason_to_warn_again() {
    let mut story = Story::begins();
    let mut most = 60_000;
    let bill = story.open(&[(TENANT, cost(most))], Some(&rate(1, 1))).expect("a minute");
    story.answered(bill);
    story.pass_seconds(58);
    assert_eq!(story.news().len(), 2);
    for _ in 0..100 {
        most += 1_000;
        let purse = story.purse(TENANT, cost(most));
        story.ledger.note(story.now, story.wall, &purse);
        story.pass_seconds(1);
    }
    assert_eq!(story.news(), []);
    story.pass_seconds(1);
    assert_eq!(story.news().len(), 2, "over, and that it is");
    assert_eq!(story.close(bill), Some((159, Money(159_000))));
}

#[test]
fn the_next_trunk_of_a_call_is_no_new_call_for_whoever_pays_both() {
    let mut story = Story::begins();
    let first = SpendingLimits { concurrent: Some(1), per_second: Some(1), per_hour: Some(1), ..minutes(1) };
    let purses = |trunk| [(TENANT, first), (USER, first), (trunk, first)];
    let one = story.open(&purses(TRUNK), Some(&rate(60, 60))).expect("the first trunk");
    let two = story.open_after(&purses(OTHER_TRUNK), Some(&rate(30, 30)), Some(one)).expect("the second");
    assert_eq!((story.spent(TENANT), story.spent(USER)), ((1, 1, 0, 0), (1, 1, 0, 0)));
    assert_eq!((story.spent(TRUNK), story.spent(OTHER_TRUNK)), ((0, 1, 0, 0), (1, 1, 0, 0)));
    assert_eq!(story.close(one), None, "the first is closed");
    let refused = Over { payer: TRUNK, limit: Limit::PerSecond };
    assert_eq!(story.open_after(&purses(TRUNK), None, Some(two)), Err(refused), "for the trunk it is a new call");
    assert_eq!(story.spent(TENANT), (1, 1, 0, 0), "and the second stays as it was");
    story.answered(two);
    assert!(story.open_after(&purses(TRUNK), None, Some(two)).is_err(), "who is answered is not tried elsewhere");
    story.pass_seconds(10);
    assert_eq!(story.close(two), Some((30, Money(30_000))));
    let refused = Over { payer: TENANT, limit: Limit::PerHour };
    assert_eq!(story.open_after(&purses(TRUNK), None, Some(two)), Err(refused), "what is closed is no try before");
    story.assert_quiet();
}

#[test]
fn calls_at_once_in_a_second_and_in_an_hour_are_counted() {
    let purses = |limits| [(TENANT, NONE), (USER, limits), (TRUNK, NONE)];
    let refused = |limit| Err(Over { payer: USER, limit });

    let mut story = Story::begins();
    let at_once = purses(SpendingLimits { concurrent: Some(2), ..NONE });
    let bills = [story.open(&at_once, None).expect("one"), story.open(&at_once, None).expect("two")];
    assert_eq!(story.open(&at_once, None), refused(Limit::Concurrent));
    story.answered(bills[0]);
    story.close(bills[0]);
    assert!(story.open(&at_once, None).is_ok());

    let mut story = Story::begins();
    let second = purses(SpendingLimits { per_second: Some(2), ..NONE });
    for (after, opened) in [(0, true), (600, true), (0, false), (399, false), (126, true), (0, false), (600, true)] {
        story.pass(after);
        let bill = story.open(&second, None);
        assert_eq!(bill.is_ok(), opened, "{after} {bill:?}");
        bill.ok().and_then(|bill| story.close(bill));
    }
    assert_eq!(story.open(&second, None), refused(Limit::PerSecond));

    let mut story = Story::begins();
    let hour = purses(SpendingLimits { per_hour: Some(2), ..NONE });
    for (after, opened) in [(0, true), (1800, true), (1799, false), (61, true), (0, false), (1800, true)] {
        story.pass_seconds(after);
        let bill = story.open(&hour, None);
        assert_eq!(bill.is_ok(), opened, "{after} {bill:?}");
        bill.ok().and_then(|bill| story.close(bill));
    }
    assert_eq!(story.open(&hour, None), refused(Limit::PerHour));
    assert_eq!((story.spent(TENANT).1, story.spent(USER).1), (2, 2));
}

#[test]
fn a_limit_of_nothing_permits_nothing_and_free_calls_are_free() {
    let zero = |limits| Story::begins().open(&[(TENANT, limits)], Some(&rate(1, 1)));
    let refused = |limit| Err(Over { payer: TENANT, limit });
    assert_eq!(zero(SpendingLimits { concurrent: Some(0), ..NONE }), refused(Limit::Concurrent));
    assert_eq!(zero(SpendingLimits { per_second: Some(0), ..NONE }), refused(Limit::PerSecond));
    assert_eq!(zero(SpendingLimits { per_hour: Some(0), ..NONE }), refused(Limit::PerHour));
    assert_eq!(zero(minutes(0)), refused(Limit::Minutes));
    assert_eq!(zero(cost(0)), refused(Limit::Cost));
    let mut story = Story::begins();
    let bill = story.open(&[(TENANT, cost(0))], None).expect("it costs nothing");
    story.answered(bill);
    story.pass_seconds(600);
    assert_eq!(story.close(bill), Some((600, Money::ZERO)));
    assert_eq!(story.news(), []);
}

#[test]
fn one_who_pays_twice_pays_once() {
    let mut story = Story::begins();
    let bill = story.open(&[(TRUNK, minutes(1)), (TRUNK, minutes(1))], None).expect("a minute");
    assert_eq!(story.spent(TRUNK), (1, 1, 0, 0));
    story.answered(bill);
    story.answered(bill);
    assert_eq!(story.spent(TRUNK), (1, 1, 60, 0));
    story.pass_seconds(5);
    assert_eq!((story.close(bill), story.close(bill)), (Some((5, Money::ZERO)), None));
    story.answered(bill);
    assert_eq!(story.spent(TRUNK), (0, 1, 5, 0));
    story.assert_quiet();
}

#[test]
fn limits_that_are_changed_meet_running_calls_at_their_next_slice() {
    let mut story = Story::begins();
    let bill = story.open(&[(TENANT, minutes(1))], Some(&rate(60, 60))).expect("a minute");
    story.answered(bill);
    story.pass_seconds(50);
    assert!(story.news().contains(&News::SoonOver { bill, left: Duration::from_secs(15) }));
    let raised = story.purse(TENANT, minutes(10));
    story.ledger.note(story.now, story.wall, &raised);
    story.pass_seconds(100);
    assert_eq!(story.news(), [], "it goes on");
    let lowered = story.purse(TENANT, minutes(2));
    story.ledger.note(story.now, story.wall, &lowered);
    story.pass_seconds(14);
    assert_eq!(story.news(), [News::SoonOver { bill, left: Duration::from_secs(15) }], "what is granted stays granted");
    story.pass_seconds(15);
    assert_eq!(
        story.news(),
        [
            News::Over { bill, payer: TENANT, limit: Limit::Minutes },
            News::Reached { payer: TENANT, limit: Limit::Minutes }
        ]
    );
    assert_eq!(story.close(bill), Some((180, Money(180_000))));
    // A purse that comes with another call counts as well.
    let bill = story.open(&[(TENANT, minutes(4))], Some(&rate(60, 60))).expect("a minute more");
    assert!(story.open(&[(TENANT, minutes(3))], None).is_err());
    story.close(bill);
    let stranger = story.purse(USER, minutes(1));
    story.ledger.note(story.now, story.wall, &stranger);
    assert_eq!(story.ledger.spent(story.now, story.wall, USER), None, "of one without calls nothing is kept");
}

#[test]
fn one_who_is_woken_late_says_what_it_really_cost() {
    let mut story = Story::begins();
    let purses = [(TENANT, NONE), (USER, minutes(2))];
    let (free, bound) = (
        story.open(&purses[..1], Some(&rate(60, 60))).expect("no limit"),
        story.open(&purses, Some(&rate(60, 60))).expect("a minute"),
    );
    story.answered(free);
    story.answered(bound);
    let late = Duration::from_secs(1000);
    (story.now, story.wall) = (story.now + late, story.wall + late);
    story.ledger.handle_timeout(story.now, story.wall);
    assert_eq!(
        story.news(),
        [
            News::Near { payer: USER, limit: Limit::Minutes },
            News::Over { bill: bound, payer: USER, limit: Limit::Minutes },
            News::Reached { payer: USER, limit: Limit::Minutes },
        ]
    );
    assert_eq!(story.spent(TENANT).2, 1080 + 120);
    assert_eq!(story.close(bound), Some((1020, Money(1_020_000))));
    assert_eq!(story.spent(USER), (0, 1, 1020, 1_020_000), "what the carrier will charge is spent");
    assert_eq!(story.close(free), Some((1020, Money(1_020_000))));
    assert_eq!(story.spent(TENANT), (0, 2, 2040, 2_040_000));
    story.assert_quiet();
}

#[test]
fn a_refusal_is_told_once_a_minute_and_a_near_end_once_a_day() {
    let mut story = Story::begins();
    let purses = [(TENANT, SpendingLimits { concurrent: Some(1), ..minutes(10) })];
    let bill = story.open(&purses, None).expect("one");
    let reached = News::Reached { payer: TENANT, limit: Limit::Concurrent };
    for (after, news) in [(0, vec![reached]), (59, vec![]), (1, vec![reached])] {
        story.pass_seconds(after);
        assert!(story.open(&purses, None).is_err());
        assert_eq!(story.news(), news);
    }
    story.answered(bill);
    story.pass_seconds(7 * 60 - 20);
    assert_eq!(story.news(), []);
    story.pass_seconds(60);
    assert_eq!(story.news(), [News::Near { payer: TENANT, limit: Limit::Minutes }]);
    story.close(bill);
    let bill = story.open(&purses, None).expect("one");
    story.answered(bill);
    assert_eq!(story.news(), [], "once a day");
    story.close(bill);
    story.pass_seconds(DAY);
    let bill = story.open(&purses, None).expect("one");
    story.answered(bill);
    story.pass_seconds(8 * 60);
    assert_eq!(story.news(), [News::Near { payer: TENANT, limit: Limit::Minutes }], "the day after again");
}

#[test]
fn at_midnight_the_day_begins_anew_and_running_calls_with_it() {
    let mut story = Story::begins();
    story.pass_seconds(12 * HOUR - 60);
    let purses = [(TENANT, minutes(4))];
    let (one, two, tried) = (
        story.open(&purses, Some(&rate(60, 60))).expect("a minute"),
        story.open(&purses, Some(&rate(60, 60))).expect("a minute"),
        story.open(&purses, Some(&rate(60, 60))).expect("a minute"),
    );
    story.answered(one);
    story.answered(two);
    story.pass_seconds(50);
    assert_eq!(story.close(two), Some((60, Money(60_000))));
    assert!(story.open(&purses, None).is_err(), "today is spent");
    story.pass_seconds(10);
    assert_eq!(story.spent(TENANT), (2, 3, 0, 0), "what runs was granted yesterday");
    story.answered(tried);
    assert_eq!(story.spent(TENANT).2, 60, "one that is answered today is of today");
    assert_eq!(story.close(tried), Some((60, Money(60_000))));
    story.pass_seconds(70);
    assert_eq!(story.close(one), Some((180, Money(180_000))));
    assert_eq!(story.spent(TENANT), (0, 3, 120, 120_000), "its third minute was granted today");
    story.assert_quiet();
}

#[test]
fn of_a_slice_of_yesterday_nothing_comes_back_today() {
    let mut story = Story::begins();
    story.pass_seconds(12 * HOUR - 10);
    let purses = [(TENANT, NONE)];
    let (one, two) = (story.open(&purses, None).expect("no limit"), story.open(&purses, None).expect("no limit"));
    story.answered(one);
    story.pass_seconds(11);
    story.answered(two);
    assert_eq!(story.close(one), Some((11, Money::ZERO)));
    assert_eq!(story.spent(TENANT).2, 60);
    story.pass_seconds(20);
    assert_eq!(story.close(two), Some((20, Money::ZERO)));
    assert_eq!(story.spent(TENANT).2, 20);
    // One second into its second slice, 15 of the first are left.
    story.pass_seconds(DAY - 61);
    let one = story.open(&purses, None).expect("no limit");
    story.answered(one);
    story.pass_seconds(41);
    let two = story.open(&purses, None).expect("no limit");
    story.answered(two);
    story.pass_seconds(4);
    assert_eq!(story.spent(TENANT).2, 120);
    assert_eq!(story.close(one), Some((45, Money::ZERO)));
    assert_eq!(story.spent(TENANT).2, 60, "what the other was granted stays");
    assert_eq!(story.close(two), Some((4, Money::ZERO)));
}

#[test]
fn a_clock_that_is_set_back_gives_no_second_day_and_locks_nobody_out() {
    for back in [600, HOUR, 5 * HOUR, DAY, 3 * DAY, 1000 * DAY] {
        let mut story = Story::begins();
        story.pass_seconds(12 * HOUR + 300);
        let spend = |story: &mut Story| {
            let bill = story.open(&[(TENANT, minutes(1))], Some(&rate(60, 60)))?;
            story.answered(bill);
            Ok::<_, Over>(story.close(bill))
        };
        spend(&mut story).expect("a new day");
        story.wall -= Duration::from_secs(back);
        // Round the clock every five minutes.
        let mut given = Vec::new();
        for at in 0..10 * 24 * 12 {
            story.pass_seconds(300);
            if spend(&mut story).is_ok() {
                given.push(at * 300);
            }
        }
        assert!((8..=10).contains(&given.len()), "{back}: {} in ten days", given.len());
        let mut last = 0;
        for at in given {
            assert!(at - last >= 20 * HOUR && at - last <= 28 * HOUR, "{back}: {last} {at}");
            last = at;
        }
    }
}

#[test]
fn a_clock_that_was_wrong_for_an_hour_ends_days_at_midnight_again() {
    for wrong in [14 * HOUR, DAY, 400 * DAY + 7 * HOUR] {
        let mut story = Story::begins();
        let purses = [(TENANT, minutes(1))];
        let bill = story.open(&purses, None).expect("a minute");
        story.answered(bill);
        story.close(bill);
        story.wall += Duration::from_secs(wrong);
        story.pass_seconds(HOUR);
        let bill = story.open(&purses, None).expect("a minute of what seems to be another day");
        story.wall -= Duration::from_secs(wrong);
        story.close(bill);
        for _ in 0..8 * 24 {
            story.pass_seconds(HOUR);
            story.open(&purses, None).ok().and_then(|bill| story.close(bill));
        }
        let spent = story.ledger.spent(story.now, story.wall, TENANT).expect("known");
        assert_eq!(spent.day_ends, story.midnight(), "{wrong}");
    }
}

#[test]
fn a_day_may_have_23_or_25_hours_and_a_moved_tenant_has_one_long_one() {
    let mut story = Story::begins();
    let held = story.open(&[(TENANT, NONE)], None).expect("no limit");
    let open = |story: &mut Story, day_ends| {
        let purse = Purse { payer: TENANT, limits: NONE, day_ends };
        let bill = story.ledger.open(story.now, story.wall, &[purse], None, None).expect("no limit");
        story.answered(bill);
        story.close(bill);
        let spent = story.ledger.spent(story.now, story.wall, TENANT).expect("known");
        assert!(spent.day_ends > story.wall);
        spent.day_ends
    };
    let midnight = story.midnight();
    let hours = |hours: u64| midnight + Duration::from_secs(hours * HOUR);
    assert_eq!(open(&mut story, hours(0)), hours(0));
    story.pass_seconds(12 * HOUR);
    assert_eq!(open(&mut story, hours(0)), hours(24), "a purse of yesterday");
    assert_eq!(open(&mut story, hours(23)), hours(23));
    assert_eq!(open(&mut story, hours(25)), hours(25));
    story.pass_seconds(24 * HOUR);
    assert_eq!(open(&mut story, hours(25)), hours(25), "still the same day");
    assert_eq!(open(&mut story, hours(30)), hours(30), "it has moved to the west");
    assert_eq!(open(&mut story, hours(26)), hours(26));
    story.pass_seconds(3 * HOUR);
    assert_eq!(open(&mut story, hours(30)), hours(54), "and to the east: four hours are no day");
    story.close(held);
}

#[test]
fn no_purse_makes_a_day_of_more_than_a_day() {
    let mut story = Story::begins();
    for days in [0, 1, 2, 1000] {
        let day_ends = story.midnight() + Duration::from_secs(days * DAY);
        let purse = Purse { payer: TENANT, limits: NONE, day_ends };
        let bill = story.ledger.open(story.now, story.wall, &[purse], None, None).expect("no limit");
        story.close(bill);
        let spent = story.ledger.spent(story.now, story.wall, TENANT).expect("known");
        assert_eq!(spent.day_ends, story.midnight(), "{days}");
    }
}

#[test]
fn after_a_restart_the_day_goes_on() {
    let mut story = Story::begins();
    let (today, yesterday) = (story.midnight(), story.wall - Duration::from_secs(1));
    story.ledger.restore(TENANT, 100, Money(5), today);
    story.ledger.restore(TENANT, 7200, Money(2), today);
    story.ledger.restore(USER, 60, Money(1), yesterday);
    assert_eq!(story.spent(TENANT), (0, 0, 7300, 7));
    assert_eq!(story.ledger.spent(story.now, story.wall, USER), None);
    assert!(story.open(&[(TENANT, minutes(121))], None).is_err());
    assert!(story.open(&[(TENANT, minutes(123))], None).is_ok());
    let all: Vec<Payer> = story.ledger.all(story.now, story.wall).iter().map(|spent| spent.payer).collect();
    assert_eq!(all, [TENANT]);
}

#[test]
fn payers_whose_day_is_over_are_forgotten() {
    let mut story = Story::begins();
    let held = story.open(&[(TENANT, NONE)], None).expect("no limit");
    for user in 0..1000 {
        let bill = story.open(&[(Payer::User(UserId(user)), NONE)], None).expect("no limit");
        story.close(bill);
        assert!(story.open(&[(Payer::User(UserId(user)), minutes(0))], None).is_err());
    }
    assert_eq!(story.ledger.pages.len(), 1001);
    for _ in 0..210 {
        story.pass_seconds(HOUR / 3);
        story.ledger.handle_timeout(story.now, story.wall);
    }
    assert_eq!((story.ledger.pages.len(), story.ledger.ends.len()), (1, 1), "one has a call");
    story.close(held);
    story.pass_seconds(2 * DAY);
    story.ledger.handle_timeout(story.now, story.wall);
    assert_eq!((story.ledger.pages.len(), story.ledger.ends.len()), (0, 0));
}
