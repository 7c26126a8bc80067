//! How many calls there may be at once, and what each takes of the system.

use switch::{Command, DialOutcome, Reply};

use crate::exchange::{Line, alone, bytes_of, config, guest, host_with, on_one_worker};

fn mappings() -> usize {
    std::fs::read_to_string("/proc/self/maps").expect("Linux").lines().count()
}

fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    text.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).expect("a number") * 4
}

#[test]
fn the_pool_is_no_larger_than_the_systems_mappings_allow() {
    alone(async {
        let parrot = guest("parrot");
        let calls = 300;
        let mut lines = Vec::new();
        let (mappings_before, resident_before) = (mappings(), resident());
        for _ in 0..calls {
            let mut line = Line::dials(&parrot, "ring;dial user:bob at-once 1000");
            line.asks(Command::Ring, Reply::Done).await;
            assert!(matches!(line.next().await, Some(Command::Dial(_))));
            lines.push(line);
        }
        let a_call = (mappings() - mappings_before).div_ceil(calls);
        let kilobytes = (resident() - resident_before) / calls;
        let limit = std::fs::read_to_string("/proc/sys/vm/max_map_count").expect("Linux");
        let limit: usize = limit.trim().parse().expect("a number");
        let sized = host_with(dialplan::Config { max_calls: 0, ..config() }).max_calls() as usize;
        eprintln!("{a_call} mappings and {kilobytes} kB a suspended call; {sized} calls of {limit} mappings");
        assert!(sized * a_call < limit || sized == 20_000, "{sized} calls of {a_call} mappings: more than {limit}");
        for line in lines {
            line.reply(Reply::Dialled(DialOutcome::Busy)).await;
            line.leaves().await;
        }
    });
}

#[test]
fn a_call_too_many_is_left_to_the_fallback_and_the_next_one_after_an_end_is_served() {
    on_one_worker(async {
        let host = host_with(dialplan::Config { max_calls: 2, ..config() });
        let hello = host.load(&bytes_of("hello")).expect("it loads");
        let dialled = || async {
            let mut line = Line::dials(&hello, "101");
            assert!(matches!(line.next().await, Some(Command::Dial(_))));
            line
        };
        let (first, second) = (dialled().await, dialled().await);
        let why = Line::dials(&hello, "101").breaks().await;
        assert!(why.contains("limit"), "{why}");
        first.reply(Reply::Dialled(DialOutcome::Busy)).await;
        first.leaves().await;
        let third = dialled().await;
        for line in [second, third] {
            line.reply(Reply::Dialled(DialOutcome::Busy)).await;
            line.leaves().await;
        }
    });
}
