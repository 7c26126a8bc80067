//! What is counted of a stream (RFC 3550 §6.4.1, §A.1, §A.3, §A.8).

use std::time::Instant;

/// What went through one port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// RTP packets received and accepted, and datagrams of fax.
    pub packets_in: u64,
    /// Their bytes, with RTP headers.
    pub bytes_in: u64,
    /// RTP packets sent, and datagrams of fax.
    pub packets_out: u64,
    /// Their bytes, with RTP headers.
    pub bytes_out: u64,
    /// RTP packets that never came (§A.3), over all streams of the port.
    pub lost: u64,
    /// How much longer losses last than by chance (ITU-T G.107 §7.5), in hundredths: 100 is by chance. Of the last
    /// stream; `None` when it lost nothing.
    pub burst: Option<u32>,
    /// Interarrival jitter in microseconds (§A.8); `None` when nothing was measured.
    pub jitter_us: Option<u32>,
    /// The mean round trip between here and the far end in microseconds, without what it held (§6.4.1); `None` until it
    /// answered a sender report that left here.
    pub rtt_us: Option<u32>,
    /// Packets sent from here that never arrived, by the far end's last report that can be true, less what was lost on the
    /// way here; `None` without one.
    pub far_lost: Option<u64>,
    /// Jitter in microseconds as the far end reports it last: of the whole way from the speaker, where it is relayed.
    pub far_jitter_us: Option<u32>,
    /// The rating R of the leg's worse direction (G.107), in tenths: 0 to 932. `None` where delay, loss or codec is
    /// unknown.
    pub r_factor: Option<u16>,
    /// The opinion score that this stands for, in hundredths: 100 to 441.
    pub mos: Option<u16>,
    /// Packets that were not the far end's, or not RTP.
    pub dropped: u64,
}

/// How far a sequence number may leap before it is a new beginning (§A.1).
const MAX_DROPOUT: u16 = 3000;

/// One stream of one SSRC.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stream {
    first: u64,
    /// The highest sequence number, extended by its wraps.
    highest: u64,
    received: u64,
    lost_before: u64,
    transit: Option<(Instant, u32)>,
    /// In sixteenths of a clock tick, as §A.8 has it.
    jitter: u64,
    clock: Option<u32>,
    measured: bool,
    /// How often numbers were missing, and how many of them came late after all.
    gaps: u64,
    late: u64,
    /// The timestamp of the last packet, and the least by which one differs from that before, in ticks.
    stamp: u32,
    step: Option<u32>,
}

impl Stream {
    pub(crate) fn new(sequence: u16) -> Self {
        let first = u64::from(sequence);
        Self {
            first,
            highest: first,
            received: 0,
            lost_before: 0,
            transit: None,
            jitter: 0,
            clock: None,
            measured: false,
            gaps: 0,
            late: 0,
            stamp: 0,
            step: None,
        }
    }

    pub(crate) fn count(&mut self, now: Instant, sequence: u16, timestamp: u32, clock: Option<u32>) {
        let last = u16::try_from(self.highest & 0xffff).unwrap_or(0);
        let ahead = sequence.wrapping_sub(last);
        if ahead < MAX_DROPOUT {
            self.highest += u64::from(ahead);
            self.gaps += u64::from(ahead > 1);
            let step = timestamp.wrapping_sub(self.stamp);
            if ahead == 1 && step != 0 && self.received > 0 {
                self.step = Some(self.step.map_or(step, |least| least.min(step)));
            }
        } else if ahead <= u16::MAX - 100 {
            // A leap: the sender began anew (§A.1).
            self.lost_before += self.lost_of_run();
            self.first = u64::from(sequence);
            self.highest = self.first;
            self.received = 0;
            self.transit = None;
            (self.gaps, self.late) = (0, 0);
        } else {
            self.late += 1;
        }
        self.received += 1;
        self.stamp = timestamp;
        self.measure(now, timestamp, clock);
    }

    /// §A.8: J += (|D| − J) / 16.
    fn measure(&mut self, now: Instant, timestamp: u32, clock: Option<u32>) {
        let Some(clock) = clock.filter(|clock| *clock > 0) else {
            self.transit = None;
            return;
        };
        if self.clock != Some(clock) {
            self.clock = Some(clock);
            self.transit = None;
        }
        if let Some((before, stamp)) = self.transit {
            let ticks = now.saturating_duration_since(before).as_nanos() * u128::from(clock) / 1_000_000_000;
            let elapsed = i64::try_from(ticks).unwrap_or(i64::MAX);
            // The difference of two stamps is signed: packets overtake each other.
            let stamped = i64::from(i32::from_ne_bytes(timestamp.wrapping_sub(stamp).to_ne_bytes()));
            let difference = elapsed.saturating_sub(stamped).unsigned_abs();
            // A pause of the sender (silence suppression) is no jitter of the network.
            if difference < u64::from(clock) {
                self.jitter = (self.jitter + difference).saturating_sub((self.jitter + 8) >> 4);
                self.measured = true;
            }
        }
        self.transit = Some((now, timestamp));
    }

    /// How many are missing since the sender began, or began anew.
    pub(crate) fn lost_of_run(&self) -> u64 {
        self.expected().saturating_sub(self.received)
    }

    pub(crate) fn lost(&self) -> u64 {
        self.lost_before + if self.received == 0 { 0 } else { self.lost_of_run() }
    }

    /// How many packets should have come since the sender began (§A.3).
    pub(crate) fn expected(&self) -> u64 {
        self.highest - self.first + 1
    }

    /// How many of them did, copies counted too (§A.3).
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// The highest sequence number, its wraps above the low 16 bits (§6.4.1). That field wraps itself.
    pub(crate) fn highest(&self) -> u32 {
        (self.highest & u64::from(u32::MAX)) as u32
    }

    /// Interarrival jitter in ticks (§6.4.1); 0 when nothing was measured, as the field has no other word for it.
    pub(crate) fn jitter_ticks(&self) -> u32 {
        u32::try_from(self.jitter >> 4).unwrap_or(u32::MAX)
    }

    /// How much longer losses last than they would by chance (ITU-T G.107 §7.5): the mean length of a run of lost
    /// packets over 1/(1 − loss). 1 is by chance. `None` when none was lost.
    pub(crate) fn burst_ratio(&self) -> Option<f64> {
        let lost = self.lost_of_run();
        // A gap that was filled late was none. Which one it was is not kept: each late packet counts as one gap less.
        let gaps = self.gaps.saturating_sub(self.late).max(1);
        if lost == 0 || self.gaps == 0 {
            return None;
        }
        let share = lost as f64 / self.expected() as f64;
        Some((lost as f64 / gaps as f64 * (1.0 - share)).max(1.0))
    }

    /// How many ticks a packet holds: the least step from one to the next; `None` when no two followed each other.
    pub(crate) fn step(&self) -> Option<u32> {
        self.step
    }

    /// Ticks a second, of the packet that came last.
    pub(crate) fn clock(&self) -> Option<u32> {
        self.clock
    }

    pub(crate) fn jitter_us(&self) -> Option<u32> {
        let clock = u64::from(self.clock.filter(|_| self.measured)?);
        u32::try_from((self.jitter >> 4) * 1_000_000 / clock).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_never_came_is_lost_and_what_came_late_is_not() {
        let start = Instant::now();
        let mut stream = Stream::new(65_530);
        // Ten numbers across the wrap, one missing, two swapped.
        for sequence in [65_530_u16, 65_531, 65_533, 65_532, 65_534, 65_535, 0, 1, 3] {
            stream.count(start, sequence, 0, None);
        }
        assert_eq!(stream.lost(), 1);
        assert_eq!(stream.jitter_us(), None);
    }

    #[test]
    fn a_sender_that_begins_anew_has_lost_nothing_between() {
        let start = Instant::now();
        let mut stream = Stream::new(10);
        for sequence in [10_u16, 11, 12, 40_000, 40_001, 40_003] {
            stream.count(start, sequence, 0, None);
        }
        assert_eq!(stream.lost(), 1);
    }

    #[test]
    fn losses_in_runs_are_bursts_and_single_ones_are_chance() {
        let start = Instant::now();
        let (mut single, mut runs, mut swapped) = (Stream::new(0), Stream::new(0), Stream::new(0));
        for packet in 0..10_000_u16 {
            if packet % 50 != 7 {
                single.count(start, packet, 0, None);
            }
            if packet % 250 >= 5 {
                runs.count(start, packet, 0, None);
            }
            // Every other pair changes places; nothing is lost.
            swapped.count(start, packet ^ 1, 0, None);
        }
        let ratio = single.burst_ratio().expect("losses");
        assert!((ratio - 1.0).abs() < 0.05, "{ratio}");
        let ratio = runs.burst_ratio().expect("losses");
        assert!((4.5..=5.1).contains(&ratio), "{ratio}");
        assert_eq!(swapped.burst_ratio(), None);
    }

    #[test]
    fn a_steady_stream_has_no_jitter_and_an_unsteady_one_has() {
        let start = Instant::now();
        let (mut steady, mut unsteady) = (Stream::new(0), Stream::new(0));
        for packet in 0..500_u16 {
            let stamp = u32::from(packet) * 160;
            let time = start + Duration::from_millis(20) * u32::from(packet);
            let late = Duration::from_millis(if packet % 2 == 0 { 0 } else { 10 });
            steady.count(time, packet, stamp, Some(8000));
            unsteady.count(time + late, packet, stamp, Some(8000));
        }
        assert_eq!(steady.jitter_us(), Some(0));
        // Every packet differs from the last by 10 ms: so does the mean.
        assert!(
            unsteady.jitter_us().is_some_and(|jitter| (9_000..=10_000).contains(&jitter)),
            "{:?}",
            unsteady.jitter_us()
        );
    }
}
