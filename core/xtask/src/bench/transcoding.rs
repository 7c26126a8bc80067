//! Calls whose two ends share no codec: the caller speaks PCMU, the callee sends back what he hears in his.

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use super::exchange::{Exchange, Folder};
use super::machine::{Spent, Window};
use super::phones::Phones;
use super::relay::{Codec, FRAME, PAYLOAD, Side, set_up_all};
use crate::place::Place;
use crate::prompts;
use crate::tool::{self, Outcome, Told, fail};

/// Twenty-odd seconds of a voice.
pub(crate) const VOICE: &str = "en/demo-congrats.wav";
/// Each call is at another place of what is said.
const APART: usize = 4001;
const SETTLING: Duration = Duration::from_secs(3);

/// What came of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Transcoded {
    pub(crate) spent: Spent,
    /// Packets that callers got, of those that they should have.
    pub(crate) share: f64,
}

/// Speech as PCMU, 8,000 bytes a second.
pub(crate) fn speech(place: &Place, folder: &Folder) -> Outcome<Vec<u8>> {
    let (from, to) = (prompts::ensure(place).join(VOICE), folder.0.join("speech.ul"));
    let mut sox = Command::new("sox");
    tool::run(sox.arg(&from).args(["-t", "raw", "-r", "8000", "-c", "1", "-e", "mu-law"]).arg(&to))?;
    let speech = fs::read(&to).told(|| format!("cannot read {}", to.display()))?;
    if speech.is_empty() { fail(format!("{} is empty", from.display())) } else { Ok(speech) }
}

/// Sets calls up and lets them talk for a while.
pub(crate) fn transcode(
    stage: (&Exchange, &Phones),
    codec: Codec,
    calls: usize,
    speech: &[u8],
    time: Duration,
) -> Outcome<Transcoded> {
    let (exchange, phones) = stage;
    let [mut callers, mut callees] = set_up_all(exchange, phones, calls, codec)?;
    let ends = callees.ends.iter().map(|end| (end.to, end.socket)).collect();
    talk(&mut callers, &mut callees, &ends, speech, SETTLING);
    let window = Window::open(exchange.pid())?;
    let heard = talk(&mut callers, &mut callees, &ends, speech, time);
    let spent = window.close()?;
    #[allow(clippy::cast_precision_loss, reason = "packets of some seconds")]
    let share = heard as f64 * f64::from(FRAME) / 1000.0 / time.as_secs_f64() / calls.max(1) as f64;
    Ok(Transcoded { spent, share })
}

/// Every millisecond the callers whose turn it is speak, and each callee sends back what has come. How many packets callers got.
fn talk(
    callers: &mut Side,
    callees: &mut Side,
    ends: &HashMap<SocketAddr, usize>,
    speech: &[u8],
    time: Duration,
) -> u64 {
    let (begun, mut heard) = (Instant::now(), 0);
    for tick in 0..u32::try_from(time.as_millis()).unwrap_or(u32::MAX) {
        let due = begun + Duration::from_millis(tick.into());
        let early = due.saturating_duration_since(Instant::now());
        if !early.is_zero() {
            std::thread::sleep(early);
        }
        callers.send(tick, |number, sequence, payload| {
            let begin = number * APART + usize::from(sequence) * PAYLOAD;
            payload.extend((begin..begin + PAYLOAD).map(|at| speech[at % speech.len()]));
        });
        callees.send_back(ends);
        callers.read_each(|_, _| heard += 1);
    }
    heard
}
