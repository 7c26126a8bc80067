//! Calls to the exchange itself, each with a packet every 20 ms both ways: members of conference rooms, of whom a few speak,
//! callers to whom a prompt is played, callers who are recorded. What they cost, and the longest time for which one of them
//! got nothing.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::exchange::{CALLER, Exchange};
use super::machine::{Spent, Window};
use super::relay::{Codec, FRAME, PAYLOAD, Side, confirm, invite};
use crate::tool::{Outcome, fail};

/// The number of the first room; the next ones follow.
pub(crate) const ROOM: usize = 8000;
/// The room of Opus, behind them.
pub(crate) const LISTENERS: usize = 8100;
/// In each room.
const SPEAKERS: usize = 3;
/// 1 kHz in µ-law, 12 dB below the digital milliwatt of ITU-T G.711.
const TONE: [u8; 8] = [0x3e, 0x2b, 0x2b, 0x3e, 0xbe, 0xab, 0xab, 0xbe];
/// 20 ms of silence in Opus, as a phone that is muted sends them (RFC 6716 §3.1: CELT of the full band, one frame).
const OPUS_SILENCE: [u8; 3] = [0xf8, 0xff, 0xfe];
/// Each speaker is at another place of what is said, in packets.
const APART: usize = 97;
/// Greetings are over by then.
const SETTLING: Duration = Duration::from_secs(6);
/// For a set-up of so many calls there is no hurry.
const BETWEEN: Duration = Duration::from_millis(2);

/// What came of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Met {
    pub(crate) spent: Spent,
    /// Packets that members got, of those that they should have.
    pub(crate) share: f64,
    /// The longest time between two packets to one member.
    pub(crate) gap: Duration,
}

/// When each member got its last packet.
struct Clock {
    /// Numbers of members by where the exchange sends from.
    members: HashMap<SocketAddr, usize>,
    last: Vec<Instant>,
    gap: Duration,
    received: u64,
}

/// Lets so many rooms of so many members meet for a while.
pub(crate) fn rooms(exchange: &Exchange, rooms: usize, members: usize, time: Duration) -> Outcome<Met> {
    let number = |at: usize| (ROOM + at / members.max(1)).to_string();
    let sound = |at: usize, sequence: u16, payload: &mut Vec<u8>| {
        if at % members.max(1) < SPEAKERS {
            tone(at, sequence, payload);
        } else {
            // µ-law's smallest step: the noise of a line on which nobody speaks.
            payload.extend([0xff, 0xfe].repeat(PAYLOAD / 2));
        }
    };
    here(call(exchange, Codec::Pcmu, rooms * members, number, sound, time)?)
}

/// One room of Opus, of whom a few speak these packets, and the others are phones that are muted.
pub(crate) fn opus_room(exchange: &Exchange, members: usize, speech: &[Vec<u8>], time: Duration) -> Outcome<Met> {
    let sound = |at: usize, sequence: u16, payload: &mut Vec<u8>| {
        let spoken = speech.get((usize::from(sequence) + at * APART) % speech.len().max(1));
        payload.extend(spoken.filter(|_| at < SPEAKERS).map_or(&OPUS_SILENCE[..], Vec::as_slice));
    };
    here(call(exchange, Codec::Opus, members, |_| LISTENERS.to_string(), sound, time)?)
}

fn here(met: Met) -> Outcome<Met> {
    if met.share < 0.5 {
        return fail(format!("members got {:.0} % of what they should: is there a room?", 100.0 * met.share));
    }
    Ok(met)
}

/// So many callers dial one number, and all of them speak.
pub(crate) fn callers(exchange: &Exchange, dialled: &str, callers: usize, time: Duration) -> Outcome<Met> {
    call(exchange, Codec::Pcmu, callers, |_| dialled.to_owned(), tone, time)
}

/// What a caller of this codec hears for so long at a number, packet by packet.
pub(crate) fn overhear(exchange: &Exchange, dialled: &str, codec: Codec, time: Duration) -> Outcome<Vec<Vec<u8>>> {
    let mut side = Side::open(CALLER, 0, codec)?;
    invite(0, exchange.sip, dialled, &mut side)?;
    confirm(0, exchange.sip, dialled, &mut side)?;
    let (begun, mut heard) = (Instant::now(), Vec::new());
    while begun.elapsed() < time {
        std::thread::sleep(Duration::from_millis(1));
        side.read_each(|_, payload| heard.push(payload.to_vec()));
    }
    if heard.is_empty() { fail(format!("nothing is heard at {dialled}")) } else { Ok(heard) }
}

fn tone(_: usize, _: u16, payload: &mut Vec<u8>) {
    payload.extend(TONE.repeat(PAYLOAD / TONE.len()));
}

fn call(
    exchange: &Exchange,
    codec: Codec,
    members: usize,
    dials: impl Fn(usize) -> String,
    sound: impl Fn(usize, u16, &mut Vec<u8>),
    time: Duration,
) -> Outcome<Met> {
    let mut side = Side::open(CALLER, 0, codec)?;
    for number in 0..members {
        let dialled = dials(number);
        invite(number, exchange.sip, &dialled, &mut side)?;
        confirm(number, exchange.sip, &dialled, &mut side)?;
        std::thread::sleep(BETWEEN);
    }
    let places = side.ends.iter().enumerate().map(|(number, end)| (end.to, number)).collect();
    let now = Instant::now();
    let mut clock = Clock { members: places, last: vec![now; members], gap: Duration::ZERO, received: 0 };
    meet(&mut side, &mut clock, &sound, SETTLING);
    (clock.gap, clock.received) = (Duration::ZERO, 0);
    let window = Window::open(exchange.pid())?;
    meet(&mut side, &mut clock, &sound, time);
    let spent = window.close()?;
    let now = Instant::now();
    for last in &clock.last {
        clock.gap = clock.gap.max(now.saturating_duration_since(*last));
    }
    #[allow(clippy::cast_precision_loss, reason = "packets of some seconds")]
    let share = clock.received as f64 * f64::from(FRAME) / 1000.0 / time.as_secs_f64() / members.max(1) as f64;
    Ok(Met { spent, share, gap: clock.gap })
}

/// Every millisecond the members whose turn it is send, and all that came is read.
fn meet(side: &mut Side, clock: &mut Clock, sound: &impl Fn(usize, u16, &mut Vec<u8>), time: Duration) {
    let begun = Instant::now();
    let end = u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
    for tick in 0..end {
        let due = begun + Duration::from_millis(tick.into());
        let early = due.saturating_duration_since(Instant::now());
        if !early.is_zero() {
            std::thread::sleep(early);
        }
        side.send(tick, sound);
        let now = Instant::now();
        side.read_each(|from, _| clock.heard(now, from));
    }
}

impl Clock {
    fn heard(&mut self, now: Instant, from: SocketAddr) {
        self.received += 1;
        let Some(last) = self.members.get(&from).and_then(|member| self.last.get_mut(*member)) else { return };
        self.gap = self.gap.max(now.saturating_duration_since(*last));
        *last = now;
    }
}
