//! What a call to a number outside costs in the ledger, beside many others.

use std::time::{Duration, Instant, SystemTime};

use divan::Bencher;
use switch::ledger::{BillId, Ledger};
use switch::{Money, Payer, Purse, Rate, SpendingLimits, TenantId, TrunkId, UserId};

fn main() {
    divan::main();
}

fn rate() -> Rate {
    Rate { prefix: "49".into(), connect: Money(10_000), per_minute: Money(12_500), first: 60, step: 1 }
}

/// Nobody reaches a limit, and each has all of them.
fn purses(user: i64, day_ends: SystemTime) -> [Purse; 3] {
    let limits = SpendingLimits {
        concurrent: Some(u32::MAX),
        per_second: Some(u32::MAX),
        per_hour: Some(u32::MAX),
        minutes_per_day: Some(u32::MAX),
        cost_per_day: Some(Money(i64::MAX)),
    };
    [Payer::Tenant(TenantId(user % 100)), Payer::User(UserId(user)), Payer::Trunk(TrunkId(user % 10))]
        .map(|payer| Purse { payer, limits, day_ends })
}

/// A ledger in which so many users have a call that was answered.
fn ledger(users: i64) -> (Ledger, Instant, SystemTime) {
    let (now, wall) = (Instant::now(), SystemTime::now());
    let mut ledger = Ledger::new(now, wall);
    for user in 0..users {
        // Within a minute, so that no two have the same end.
        let later = Duration::from_nanos(60_000_000_000 / users.unsigned_abs() * user.unsigned_abs());
        open(&mut ledger, user, now + later, wall + later);
    }
    (ledger, now, wall)
}

fn open(ledger: &mut Ledger, user: i64, now: Instant, wall: SystemTime) -> Option<BillId> {
    let bill = ledger.open(now, wall, &purses(user, wall + Duration::from_secs(40_000)), Some(&rate()), None).ok()?;
    ledger.answered(bill, now, wall);
    Some(bill)
}

#[divan::bench(args = [1, 1_000, 100_000])]
fn opened_answered_and_closed_beside(bencher: Bencher<'_, '_>, users: i64) {
    let (mut ledger, now, wall) = ledger(users);
    let (now, wall, mut user) = (now + Duration::from_secs(60), wall + Duration::from_secs(60), 0);
    bencher.bench_local(|| {
        user = (user + 7_919) % users;
        let bill = open(&mut ledger, user, now, wall)?;
        ledger.close(bill, now, wall)
    });
}

#[divan::bench(args = [1, 1_000, 100_000])]
fn a_slice_granted_beside(bencher: Bencher<'_, '_>, users: i64) {
    let (mut ledger, began, wall) = ledger(users);
    bencher.bench_local(|| {
        let due = ledger.poll_timeout()?;
        ledger.handle_timeout(due, wall + due.saturating_duration_since(began));
        ledger.poll_timeout()
    });
}
