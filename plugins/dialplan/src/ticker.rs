//! The engine's clock: it ticks while a dialplan holds a call, and sleeps while none does.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::Thread;
use std::time::Duration;

use wasmtime::Engine;

/// How often a sleeping clock looks whether its engine is still there.
const ASLEEP: Duration = Duration::from_secs(1);
/// So many ticks after the last call it goes to sleep: on a busy exchange the next one is there sooner, and waking costs
/// more than ticking.
const LINGER: u32 = 50;

/// The clock of one engine; it lives as long as that.
#[derive(Debug)]
pub(crate) struct Ticker {
    calls: Arc<AtomicUsize>,
    thread: Thread,
}

/// A call that a dialplan holds.
#[derive(Debug)]
pub(crate) struct Held(Arc<AtomicUsize>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

impl Ticker {
    /// Without it no guest that loops would be stopped: an engine that has none must not run.
    pub(crate) fn start(engine: &Engine, tick: Duration) -> std::io::Result<Self> {
        let calls = Arc::new(AtomicUsize::new(0));
        let (engine, held) = (engine.weak(), calls.clone());
        let clock = std::thread::Builder::new().name("dialplan-clock".to_owned()).spawn(move || {
            let mut idle = LINGER;
            while let Some(engine) = engine.upgrade() {
                idle = if held.load(Ordering::Acquire) == 0 { idle.saturating_add(1) } else { 0 };
                if idle > LINGER {
                    drop(engine);
                    std::thread::park_timeout(ASLEEP);
                } else {
                    engine.increment_epoch();
                    drop(engine);
                    std::thread::sleep(tick);
                }
            }
        })?;
        Ok(Self { calls, thread: clock.thread().clone() })
    }

    /// The clock ticks as long as what this returns lives.
    pub(crate) fn hold(&self) -> Held {
        if self.calls.fetch_add(1, Ordering::AcqRel) == 0 {
            self.thread.unpark();
        }
        Held(self.calls.clone())
    }
}
