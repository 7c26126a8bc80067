//! What it costs to find the rate of a number among a million prefixes, and to read them from a file and from bytes.

mod sheet;

use std::sync::LazyLock;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use gateway::RateTable;
use sheet::{Kind, Sheet, prefix};

fn main() {
    divan::main();
}

static MILLION: LazyLock<RateTable> = LazyLock::new(|| {
    RateTable::from_csv(Sheet::of(1_000_000, Kind::Usual)).unwrap_or_else(|faults| panic!("{faults}"))
});

/// Numbers all over the table, so that no cache knows where the next one is.
const NUMBERS: usize = 100_000;

fn numbers(behind: impl Fn(u64) -> String) -> Vec<String> {
    (0..NUMBERS as u64).map(|at| behind(at * 617_801 % 1_000_000)).collect()
}

fn look_all_up(bencher: Bencher<'_, '_>, numbers: &[String]) {
    LazyLock::force(&MILLION);
    bencher.counter(ItemsCount::new(NUMBERS)).bench_local(|| {
        for number in numbers {
            black_box(MILLION.find(black_box(number)));
        }
    });
}

#[divan::bench]
fn look_up(bencher: Bencher<'_, '_>) {
    look_all_up(bencher, &numbers(|row| format!("{}123", prefix(row))));
}

/// A prefix stands before the number, but does not begin it: those that might are climbed.
#[divan::bench]
fn look_up_in_vain(bencher: Bencher<'_, '_>) {
    look_all_up(bencher, &numbers(|row| format!("{}9{:09}", 1 + row % 9, row)));
}

#[divan::bench(sample_count = 5)]
fn load_a_million_from_csv() -> RateTable {
    RateTable::from_csv(Sheet::of(1_000_000, Kind::Usual)).unwrap_or_default()
}

#[divan::bench(sample_count = 5)]
fn load_a_million_from_bytes(bencher: Bencher<'_, '_>) {
    let bytes = MILLION.to_bytes();
    bencher.bench_local(|| RateTable::from_bytes(black_box(&bytes)));
}

#[divan::bench(sample_count = 5)]
fn write_a_million_to_bytes() -> Vec<u8> {
    MILLION.to_bytes()
}
