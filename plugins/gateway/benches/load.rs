//! How much memory it takes to read a million rates: the most that this program ever had, less what it had before. One
//! list in each run of the program, for the most is never forgotten.

mod sheet;

use std::time::Instant;

use gateway::RateTable;
use sheet::{Kind, Sheet};

fn main() {
    let me = std::env::current_exe().unwrap_or_default();
    match std::env::var("SHEET").as_deref() {
        Ok("usual") => load("usual", Kind::Usual),
        Ok("distinct") => load("distinct", Kind::Distinct),
        _ => {
            for kind in ["usual", "distinct"] {
                let ran = std::process::Command::new(&me).env("SHEET", kind).status();
                assert!(ran.is_ok_and(|status| status.success()), "{kind}");
            }
        }
    }
}

#[allow(clippy::print_stdout, reason = "it is what this program is for")]
fn load(name: &str, kind: Kind) {
    let before = memory("VmRSS");
    let began = Instant::now();
    let table = RateTable::from_csv(Sheet::of(1_000_000, kind)).unwrap_or_else(|faults| panic!("{faults}"));
    let csv = began.elapsed();
    let (peak, kept) = (memory("VmHWM") - before, memory("VmRSS").saturating_sub(before));
    let bytes = table.to_bytes();
    let began = Instant::now();
    let again = RateTable::from_bytes(&bytes);
    let loaded = began.elapsed();
    assert_eq!(again.as_ref(), Ok(&table));
    println!(
        "{name}: {} rates from CSV in {csv:.2?}, peak {} MB, then {} MB; {} bytes, read again in {loaded:.2?}",
        table.len(),
        peak / 1000,
        kept / 1000,
        bytes.len(),
    );
}

/// In kB.
fn memory(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or_default()
}
