//! A guest that means harm, for tests: what it does is chosen by what was dialled.

use strowger_dialplan::{Call, Error, Order, Target, clock, directory, info, values};

fn handle(call: &Call) -> Result<(), Error> {
    match call.callee().user.as_str() {
        "loop" => loop {
            std::hint::black_box(0);
        },
        "eat" => {
            let mut eaten: Vec<Vec<u8>> = Vec::new();
            loop {
                // Taken and not written to: a machine whose pages come slowly would stop it for its time instead.
                eaten.push(Vec::with_capacity(1 << 20));
                std::hint::black_box(&eaten);
            }
        }
        "trap" => panic!("on purpose"),
        "recurse" => {
            info(&recurse(1).to_string());
            Ok(())
        }
        "dig" => {
            info(&dig(1, std::hint::black_box(u64::MAX)).to_string());
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
        // Computes a little between requests, so that no single stretch is long.
        "nibble" => loop {
            for at in 0..200_000_u32 {
                std::hint::black_box(at);
            }
            // Refused or over: it does not care.
            let _ = call.ring();
        },
        // A text as long as its memory allows.
        "long" => {
            let text = "x".repeat(40 << 20);
            loop {
                std::hint::black_box(directory::find(&text));
            }
        }
        "alias" => alias(call),
        // Never answers: it waits for ever without deciding.
        "wait" => loop {
            call.sleep(1_000)?;
        },
        "wake" => call.route(),
        _ => call.reject(404, None),
    }
}

/// Dials many targets whose names all are one and the same long text: 300 GB for a host that copies what it is shown.
fn alias(call: &Call) -> Result<(), Error> {
    let mut text = "x".repeat(30 << 20);
    let (start, length) = (text.as_mut_ptr(), text.len());
    // SAFETY: none of these is ever changed or dropped.
    let names = (0..10_000).map(|_| unsafe { String::from_raw_parts(start, length, length) });
    let targets = std::mem::ManuallyDrop::new(names.map(Target::User).collect::<Vec<_>>());
    std::mem::forget(text);
    call.dial(&targets, Order::AtOnce, 1_000).map(drop)
}

/// Needs no memory of the guest's own, only of the engine's stack.
fn dig(depth: u64, bottom: u64) -> u64 {
    if depth >= bottom { depth } else { dig(depth + 1, bottom) ^ dig(depth + 2, bottom) }
}

/// Needs more and more of the guest's own memory.
fn recurse(depth: u64) -> u64 {
    let below = std::hint::black_box([depth; 64]);
    if depth == u64::MAX { 0 } else { recurse(depth + 1) + below[3] }
}

strowger_dialplan::dialplan!(handle);
