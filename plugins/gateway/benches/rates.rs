//! What it costs to find the rate of a number among a million prefixes, and to read them from a file and from bytes.

mod sheet;

use std::sync::LazyLock;

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
fn numbers(found: bool) -> impl FnMut() -> String {
    let mut row = 0_u64;
    move || {
        row = (row + 617_801) % 1_000_000;
        let behind = if found { "123" } else { "" };
        let begin = if found { prefix(row) } else { format!("0{row}") };
        format!("{begin}{behind}")
    }
}

#[divan::bench]
fn look_up(bencher: Bencher<'_, '_>) {
    LazyLock::force(&MILLION);
    let next = numbers(true);
    bencher.with_inputs(next).bench_local_refs(|number| black_box(MILLION.find(number)));
}

#[divan::bench]
fn look_up_in_vain(bencher: Bencher<'_, '_>) {
    LazyLock::force(&MILLION);
    let next = numbers(false);
    bencher.with_inputs(next).bench_local_refs(|number| black_box(MILLION.find(number)));
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
