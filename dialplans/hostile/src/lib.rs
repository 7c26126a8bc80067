//! A guest that means harm, for tests: what it does is chosen by what was dialled.

use strowger_dialplan::{Call, Error, clock, info, values};

fn handle(call: &Call) -> Result<(), Error> {
    match call.callee().user.as_str() {
        "loop" => loop {
            std::hint::black_box(0);
        },
        "eat" => {
            let mut eaten: Vec<Vec<u8>> = Vec::new();
            loop {
                eaten.push(vec![1; 1 << 20]);
                std::hint::black_box(&eaten);
            }
        }
        "trap" => panic!("on purpose"),
        "recurse" => {
            info(&recurse(1).to_string());
            Ok(())
        }
        "error" => Err(Error::BadValue),
        "log" => {
            for line in 0..1_000_000_u32 {
                info(&format!("line {line} {}", "x".repeat(10_000)));
            }
            Ok(())
        }
        "ask" => loop {
            std::hint::black_box(clock::now());
        },
        "hoard" => {
            for at in 0..1_000_000_u32 {
                let _ = values::set(&format!("hoard {at}"), &"x".repeat(10_000));
            }
            Ok(())
        }
        // Never answers: it waits for ever without deciding.
        "wait" => loop {
            call.sleep(1_000)?;
        },
        "wake" => call.route(),
        _ => call.reject(404, None),
    }
}

fn recurse(depth: u64) -> u64 {
    let below = std::hint::black_box([depth; 64]);
    if depth == u64::MAX { 0 } else { recurse(depth + 1) + below[3] }
}

strowger_dialplan::dialplan!(handle);
