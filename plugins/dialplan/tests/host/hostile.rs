//! Guests that mean harm: each costs its own call only.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dialplan::Program;
use switch::{Command, DialOutcome, Refusal, Reply};

use crate::exchange::{Line, alone, guest, keeper, on_one_worker};

/// What is dialled, and what the log says of it.
const HARMS: [(&str, &str); 12] = [
    ("loop", "computed for too long"),
    ("eat", "unreachable"),
    ("trap", "unreachable"),
    ("recurse", "out of bounds memory access"),
    ("dig", "call stack exhausted"),
    ("log", "asked for too much"),
    ("ask", "asked for too much"),
    ("hoard", "asked for too much"),
    ("error", "it ended with an error: a value was out of range"),
    ("nibble", "too "),
    ("long", "fuel"),
    ("alias", "fuel"),
];

/// Plays the exchange for a hostile call until it breaks.
async fn harm(hostile: &Program, dialled: &str) -> String {
    let mut line = Line::dials(hostile, dialled);
    if dialled != "nibble" {
        return line.breaks().await;
    }
    loop {
        match line.next().await {
            Some(Command::Ring) => line.reply(Reply::Refused(Refusal::WrongState)).await,
            Some(Command::Route { failed: Some(why) }) => {
                line.reply(Reply::Done).await;
                let _ = line.end().await;
                return why;
            }
            other => panic!("it asked for {other:?}"),
        }
    }
}

async fn ordinary(hello: &Program) {
    let mut line = Line::dials(hello, "101");
    assert!(matches!(line.next().await, Some(Command::Dial(_))));
    line.reply(Reply::Dialled(DialOutcome::Answered { target: "bob".to_owned() })).await;
    line.leaves().await;
}

#[test]
fn each_harm_costs_its_own_call_and_the_next_one_runs() {
    on_one_worker(async {
        let (hostile, hello) = (guest("hostile"), guest("hello"));
        for (dialled, expected) in HARMS {
            let began = Instant::now();
            let why = harm(&hostile, dialled).await;
            assert!(why.contains(expected), "{dialled}: {why}");
            assert!(began.elapsed() < Duration::from_secs(8), "{dialled} took {:?}", began.elapsed());
            ordinary(&hello).await;
        }
    });
}

#[test]
fn a_guest_that_hoards_is_stopped_by_its_budget_not_by_the_disk() {
    on_one_worker(async {
        let line = Line::dials(&guest("hostile"), "hoard");
        let tenant = line.invitation.tenant;
        line.breaks().await;
        let kept = keeper().all_of(tenant);
        assert!((10..50).contains(&kept), "{kept} values for 5,000 requests");
    });
}

#[test]
fn a_guest_that_never_decides_waits_as_long_as_the_exchange_lets_it() {
    on_one_worker(async {
        let mut line = Line::dials(&guest("hostile"), "wait");
        for _ in 0..3 {
            line.asks(Command::Wait(Duration::from_secs(1)), Reply::Done).await;
        }
        // The exchange took the call from it.
        assert_eq!(line.next().await, Some(Command::Wait(Duration::from_secs(1))));
        line.reply(Reply::Refused(Refusal::WrongState)).await;
        assert_eq!(line.breaks().await, "it ended with an error: the call is not in a state that permits it");
    });
}

#[test]
fn a_guest_that_computes_between_requests_is_stopped_by_what_it_may_compute_in_all() {
    on_one_worker(async {
        // 5 million rounds a step: no stretch is long enough to be stopped, all together are.
        let steps = format!("quiet{}", ";compute 3000;ring".repeat(2_000));
        let mut line = Line::dials(&guest("parrot"), &steps);
        let began = Instant::now();
        loop {
            match line.next().await {
                Some(Command::Ring) => line.reply(Reply::Done).await,
                Some(Command::Route { failed: Some(why) }) => {
                    assert_eq!(why, "it computed for too long in all");
                    break;
                }
                other => panic!("{other:?} after {:?}", began.elapsed()),
            }
        }
    });
}

#[test]
fn a_call_that_the_process_forgets_leaves_nothing_behind() {
    on_one_worker(async {
        let (parrot, hello) = (guest("parrot"), guest("hello"));
        for _ in 0..20 {
            let mut line = Line::dials(&parrot, "sleep 1000");
            assert!(matches!(line.next().await, Some(Command::Wait(_))));
            line.abort();
        }
        ordinary(&hello).await;
    });
}

/// The longest that a task which wants to run every millisecond had to wait.
async fn heartbeat(stop: Arc<AtomicBool>) -> Duration {
    let mut latest = Duration::ZERO;
    while !stop.load(Ordering::Relaxed) {
        let asleep = Instant::now();
        tokio::time::sleep(Duration::from_millis(1)).await;
        latest = latest.max(asleep.elapsed().saturating_sub(Duration::from_millis(1)));
    }
    latest
}

/// One ordinary call after the other; how many, and how long the slowest took.
async fn traffic(hello: Program, stop: Arc<AtomicBool>) -> (usize, Duration) {
    let (mut calls, mut slowest) = (0, Duration::ZERO);
    while !stop.load(Ordering::Relaxed) {
        let began = Instant::now();
        ordinary(&hello).await;
        slowest = slowest.max(began.elapsed());
        calls += 1;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    (calls, slowest)
}

/// All harms at once, one of each kind, on the worker that serves 20 held calls, traffic and a heartbeat.
async fn storm() -> (Duration, Duration) {
    let (hostile, hello) = (guest("hostile"), guest("hello"));
    let mut held = Vec::new();
    for _ in 0..20 {
        let mut line = Line::dials(&hello, "101");
        assert!(matches!(line.next().await, Some(Command::Dial(_))));
        held.push(line);
    }
    let stop = Arc::new(AtomicBool::new(false));
    let heart = tokio::spawn(heartbeat(stop.clone()));
    let traffic = tokio::spawn(traffic(hello.clone(), stop.clone()));
    let harms: Vec<_> = HARMS
        .iter()
        .map(|(dialled, _)| {
            let hostile = hostile.clone();
            tokio::spawn(async move { harm(&hostile, dialled).await })
        })
        .collect();
    for harm in harms {
        harm.await.expect("it broke as it should");
    }
    stop.store(true, Ordering::Relaxed);
    for line in held {
        line.reply(Reply::Dialled(DialOutcome::Answered { target: "bob".to_owned() })).await;
        line.leaves().await;
    }
    let (calls, slowest) = traffic.await.expect("every call went well");
    assert!(calls > 0);
    (heart.await.expect("it beats"), slowest)
}

/// A thread that has nothing to do with guests: what it is late by is the machine's.
struct Elsewhere(Arc<AtomicBool>, std::thread::JoinHandle<Duration>);

impl Elsewhere {
    fn begin() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let ended = stop.clone();
        let thread = std::thread::spawn(move || {
            let mut latest = Duration::ZERO;
            while !ended.load(Ordering::Relaxed) {
                let asleep = Instant::now();
                std::thread::sleep(Duration::from_millis(1));
                latest = latest.max(asleep.elapsed().saturating_sub(Duration::from_millis(1)));
            }
            latest
        });
        Self(stop, thread)
    }

    fn end(self) -> Duration {
        self.0.store(true, Ordering::Relaxed);
        self.1.join().expect("it only sleeps")
    }
}

#[test]
fn other_calls_on_the_same_worker_go_on_undisturbed() {
    alone(async {
        // A machine that is busy otherwise may hold a round up; one that is held up by guests is held up in all three.
        let mut seen = Vec::new();
        for _ in 0..3 {
            let elsewhere = Elsewhere::begin();
            let (late, slowest) = storm().await;
            let busy = elsewhere.end();
            eprintln!("late by {late:?} at worst, the slowest call {slowest:?}, a thread of its own late by {busy:?}");
            // A call takes a few rounds of the worker.
            if late < Duration::from_millis(100) + 4 * busy && slowest < Duration::from_secs(2) + 20 * busy {
                return;
            }
            seen.push((late, slowest, busy));
        }
        panic!("(late by, slowest call, what the machine was late by): {seen:?}");
    });
}

fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a resident size");
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse().ok()).expect("a number")
}

#[test]
fn memory_stays_flat_over_two_hundred_harms() {
    alone(async {
        let hostile = guest("hostile");
        let round = || async {
            for (dialled, _) in HARMS {
                if dialled != "nibble" {
                    harm(&hostile, dialled).await;
                }
            }
        };
        round().await;
        let before = resident();
        for _ in 0..20 {
            round().await;
        }
        let after = resident();
        eprintln!("{before} kB before, {after} kB after");
        assert!(after < before + 16 * 1024, "{before} kB before, {after} kB after 200 hostile calls");
    });
}
