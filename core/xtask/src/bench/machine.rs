//! The machine, and what `/proc` says of time and memory spent.

use std::fs;
use std::time::Instant;

use crate::tool::{Outcome, Told, fail};

/// Linux counts processor time in hundredths of a second for everybody who asks (`USER_HZ`).
const TICKS: f64 = 100.0;

/// What figures are worth nothing without.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) memory_gib: u64,
    pub(crate) kernel: String,
}

impl Machine {
    pub(crate) fn here() -> Self {
        let line = |file: &str, key: &str| {
            let text = fs::read_to_string(file).unwrap_or_default();
            let value = text.lines().find_map(|line| line.strip_prefix(key)?.split_once(':'));
            value.map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
        };
        let kib = line("/proc/meminfo", "MemTotal").split(' ').next().and_then(|kib| kib.parse::<u64>().ok());
        Self {
            processor: line("/proc/cpuinfo", "model name"),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            memory_gib: kib.unwrap_or(0).div_ceil(1 << 20),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
        }
    }
}

/// The load averages as the kernel writes them.
pub(crate) fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// The processor time of a running program so far, in seconds.
pub(crate) fn cpu_of(pid: u32) -> Outcome<f64> {
    Ok(ticks(&format!("/proc/{pid}/stat"), 2)? / TICKS)
}

/// Utime and stime, and with `fields` 4 also those of children that were waited for.
fn ticks(file: &str, fields: usize) -> Outcome<f64> {
    let text = fs::read_to_string(file).told(|| format!("cannot read {file}"))?;
    // The program's name may hold spaces; what follows its bracket may not.
    let Some((_, rest)) = text.rsplit_once(')') else { return fail(format!("{file} is not as expected")) };
    Ok(rest.split_whitespace().skip(11).take(fields).filter_map(|field| field.parse::<f64>().ok()).sum())
}

/// Resident memory of a running program, in KiB.
pub(crate) fn resident_kib(pid: u32) -> Outcome<f64> {
    let file = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&file).told(|| format!("cannot read {file}"))?;
    let kib = text.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse().ok());
    kib.map_or_else(|| fail(format!("{file} has no VmRSS")), Ok)
}

/// A window of time, and who used the processors in it.
#[derive(Debug)]
pub(crate) struct Window {
    pid: u32,
    begun: Instant,
    server: f64,
    ours: f64,
    all: f64,
}

/// What was used in a window, in seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spent {
    /// By the server.
    pub(crate) server: f64,
    /// By everybody but the server and the load.
    pub(crate) others: f64,
    pub(crate) wall: f64,
}

impl Window {
    pub(crate) fn open(pid: u32) -> Outcome<Self> {
        Ok(Self { pid, begun: Instant::now(), server: cpu_of(pid)?, ours: ours()?, all: all()? })
    }

    pub(crate) fn close(&self) -> Outcome<Spent> {
        let server = cpu_of(self.pid)? - self.server;
        let others = (all()? - self.all - server - (ours()? - self.ours)).max(0.0);
        Ok(Spent { server, others, wall: self.begun.elapsed().as_secs_f64() })
    }
}

/// Ours, and our children's that have ended: the load's.
fn ours() -> Outcome<f64> {
    Ok(ticks("/proc/self/stat", 4)? / TICKS)
}

/// All processors, without idling and waiting for disks.
fn all() -> Outcome<f64> {
    let text = fs::read_to_string("/proc/stat").told(|| "cannot read /proc/stat".to_owned())?;
    let first = text.lines().next().unwrap_or_default();
    let busy = first.split_whitespace().skip(1).take(8).enumerate().filter(|(at, _)| !matches!(at, 3 | 4));
    Ok(busy.filter_map(|(_, field)| field.parse::<f64>().ok()).sum::<f64>() / TICKS)
}
