//! Reports on RTP.

use std::time::{Duration, Instant};

use media::rtcp::{Config, Inbound, Ntp, Outbound, Reporter, RtcpError};
use rtcp_types::prelude::{RtcpPacketParserExt, RtcpPacketWriterExt};
use rtcp_types::{Compound, Packet, ReceiverReport, ReportBlock, SenderReport};

use super::Chance;

const A: u32 = 0xaaaa_0001;
const B: u32 = 0xbbbb_0002;

/// Two ends, and a network of this delay each way between them.
struct Line {
    start: Instant,
    now: Duration,
    ends: [Reporter; 2],
    /// Their clocks differ.
    clocks: [Duration; 2],
    delay: Duration,
    /// When which end gets what.
    reports: Vec<(Duration, usize, Vec<u8>)>,
    rtp: Vec<(Duration, usize, u16)>,
    sequence: u16,
}

impl Line {
    fn new(delay: Duration, seed: u64) -> Self {
        eprintln!("seed {seed}");
        let start = Instant::now();
        let end = |ssrc, seed| Reporter::new(start, Config::default(), ssrc, "an end", seed);
        Self {
            start,
            now: Duration::ZERO,
            ends: [end(A, seed), end(B, seed + 1)],
            clocks: [Duration::from_secs(1_790_000_000), Duration::from_millis(1_790_000_123_456)],
            delay,
            reports: Vec::new(),
            rtp: Vec::new(),
            sequence: 65_000,
        }
    }

    /// Both ends talk for so long; `lost` says which packets do not come, and `late` how late others are.
    fn talk(&mut self, time: Duration, mut lost: impl FnMut(u16) -> bool, mut late: impl FnMut(u16) -> Duration) {
        let until = self.now + time;
        while self.now < until {
            let now = self.start + self.now;
            if self.now.as_millis().is_multiple_of(20) {
                self.sequence = self.sequence.wrapping_add(1);
                let sequence = self.sequence;
                for end in 0..2 {
                    let packet = Outbound { sequence, timestamp: u32::from(sequence) * 160, clock: 8000, octets: 160 };
                    self.ends[end].sent(now, packet);
                    if !lost(sequence) {
                        self.rtp.push((self.now + self.delay + late(sequence), 1 - end, sequence));
                    }
                }
            }
            for end in 0..2 {
                let ntp = Ntp::since_1970(self.clocks[end] + self.now);
                let mut buffer = [0; 256];
                if let Some(length) = self.ends[end].poll(now, ntp, &mut buffer).expect("room") {
                    self.reports.push((self.now + self.delay, 1 - end, buffer[..length].to_vec()));
                }
            }
            self.deliver(now);
            self.now += Duration::from_millis(1);
        }
    }

    fn deliver(&mut self, now: Instant) {
        for (_, end, sequence) in self.rtp.extract_if(.., |(at, _, _)| *at <= self.now) {
            let ssrc = [B, A][end];
            let packet = Inbound { ssrc, sequence, timestamp: u32::from(sequence) * 160, clock: Some(8000) };
            self.ends[end].received(now, packet);
        }
        for (_, end, bytes) in self.reports.extract_if(.., |(at, _, _)| *at <= self.now) {
            let ntp = Ntp::since_1970(self.clocks[end] + self.now);
            assert_eq!(self.ends[end].handle(now, ntp, &bytes), Ok(()));
        }
    }
}

fn never(_: u16) -> bool {
    false
}

fn at_once(_: u16) -> Duration {
    Duration::ZERO
}

#[test]
fn two_ends_agree_on_the_round_trip_whatever_their_clocks_say() {
    for (millis, seed) in [(0, 1), (35, 2), (150, 3), (900, 4)] {
        let mut line = Line::new(Duration::from_millis(millis), seed);
        line.talk(Duration::from_secs(40), never, at_once);
        for end in &line.ends {
            let far = end.far();
            let trip = far.round_trip.expect("measured").as_millis();
            assert!(trip.abs_diff(2 * u128::from(millis)) <= 2, "{trip} ms for {millis} each way");
            assert!(far.mean_round_trip.expect("measured").as_millis().abs_diff(2 * u128::from(millis)) <= 2);
            assert_eq!((far.loss, far.lost, far.doubted), (Some(0.0), Some(0), 0));
            assert_eq!(far.jitter, Some(Duration::ZERO));
            assert!(far.reports >= 5, "{far:?}");
            assert_eq!((end.near().lost, end.near().loss, end.near().burst), (0, Some(0.0), None));
        }
    }
}

#[test]
fn what_one_end_lost_the_other_is_told() {
    let mut line = Line::new(Duration::from_millis(20), 5);
    line.talk(
        Duration::from_secs(60),
        |sequence| sequence % 20 == 3,
        |sequence| Duration::from_millis(if sequence % 2 == 0 { 0 } else { 10 }),
    );
    for end in &line.ends {
        let (near, far) = (end.near(), end.far());
        assert!((near.loss.expect("measured") - 0.05).abs() < 0.004, "{near:?}");
        assert!((far.loss.expect("told") - 0.05).abs() < 0.02, "{far:?}");
        assert!(far.lost.is_some_and(|lost| (100..=150).contains(&lost)), "{far:?}");
        assert!(near.burst.is_some_and(|burst| (1.0..1.1).contains(&burst)), "{near:?}");
        let jitter = near.jitter.expect("measured").as_millis();
        assert!((8..=11).contains(&jitter), "{jitter}");
        assert!(far.jitter.is_some_and(|told| told.as_millis().abs_diff(jitter) <= 1), "{far:?}");
    }
    // The loss is over: the next report says so, and the sum stays.
    let before = line.ends[0].far().lost;
    line.talk(Duration::from_secs(20), never, at_once);
    assert_eq!(line.ends[0].far().loss, Some(0.0));
    assert!(line.ends[0].far().lost >= before);
}

#[test]
fn reports_come_about_every_five_seconds_and_never_together() {
    let start = Instant::now();
    let mut first = Vec::new();
    for seed in 0..200 {
        let mut reporter = Reporter::new(start, Config::default(), A, "a", seed);
        let again = Reporter::new(start, Config::default(), A, "a", seed);
        assert_eq!(reporter.poll_timeout(), again.poll_timeout(), "the same seed, the same times");
        let mut last = start;
        let mut spans = Vec::new();
        for _ in 0..40 {
            let due = reporter.poll_timeout();
            let mut buffer = [0; 256];
            assert_eq!(reporter.poll(due - Duration::from_millis(1), Ntp(0), &mut buffer), Ok(None));
            assert!(reporter.poll(due, Ntp(0), &mut buffer).is_ok_and(|length| length.is_some()));
            spans.push(due - last);
            last = due;
        }
        first.push(spans.remove(0));
        assert!(spans.iter().all(|span| (2500..=7500).contains(&span.as_millis())), "seed {seed}: {spans:?}");
    }
    assert!(first.iter().all(|span| (1250..=3750).contains(&span.as_millis())));
    first.sort_unstable();
    first.dedup();
    assert!(first.len() > 190);
}

#[test]
fn who_sends_makes_sender_reports_and_who_stopped_makes_receiver_reports() {
    let start = Instant::now();
    let mut reporter = Reporter::new(start, Config::default(), A, "0123456789abcdef", 9);
    let mut kinds = Vec::new();
    for tick in 0..3000_u32 {
        let now = start + Duration::from_millis(20) * tick;
        if (500..1500).contains(&tick) {
            let packet = Outbound { sequence: tick as u16, timestamp: tick * 160, clock: 8000, octets: 160 };
            reporter.sent(now, packet);
        }
        let mut buffer = [0; 256];
        let ntp = Ntp::since_1970(Duration::from_secs(1000) + Duration::from_millis(20) * tick);
        if let Some(length) = reporter.poll(now, ntp, &mut buffer).expect("room") {
            let mut compound = Compound::parse(&buffer[..length]).expect("a compound");
            kinds.push((
                tick,
                match compound.next() {
                    Some(Ok(Packet::Sr(report))) => {
                        // The report's two times are the same moment.
                        assert_eq!(report.rtp_timestamp(), tick * 160);
                        assert_eq!(report.ntp_timestamp(), ntp.0);
                        assert_eq!(report.octet_count(), report.packet_count() * 160);
                        's'
                    }
                    Some(Ok(Packet::Rr(_))) => 'r',
                    other => panic!("{other:?}"),
                },
            ));
            let Some(Ok(Packet::Sdes(name))) = compound.next() else { panic!("no name") };
            let names: Vec<_> =
                name.chunks().flat_map(|chunk| chunk.items().map(|item| item.value().to_vec())).collect();
            assert_eq!(names, [b"0123456789abcdef".to_vec()]);
            assert!(compound.next().is_none());
        }
    }
    assert!(kinds.iter().all(|(tick, kind)| (*kind == 's') == (500..2000).contains(tick)), "{kinds:?}");
    // A goodbye is a report, a name and the word.
    let mut buffer = [0; 256];
    let length = reporter.bye(start, Ntp(1), &mut buffer).expect("room");
    let parts: Vec<u8> =
        Compound::parse(&buffer[..length]).expect("a compound").map(|part| part.expect("a part").type_()).collect();
    assert_eq!(parts, [200, 202, 203]);
    assert!(matches!(reporter.bye(start, Ntp(1), &mut [0; 20]), Err(RtcpError::Unwritable(_))));
}

#[test]
fn a_goodbye_is_heard_from_whom_it_is_for_himself() {
    let mut line = Line::new(Duration::from_millis(5), 6);
    line.talk(Duration::from_secs(1), never, at_once);
    let now = line.start + line.now;
    let mut buffer = [0; 256];
    let stranger = Reporter::new(now, Config::default(), 77, "x", 1).bye(now, Ntp(0), &mut buffer).expect("room");
    assert_eq!(line.ends[0].handle(now, Ntp(0), &buffer[..stranger]), Err(RtcpError::Foreign(77)));
    assert!(!line.ends[0].far().gone);
    let length = line.ends[1].bye(now, Ntp(0), &mut buffer).expect("room");
    assert_eq!(line.ends[0].handle(now, Ntp(0), &buffer[..length]), Ok(()));
    assert!(line.ends[0].far().gone);
}

#[test]
fn lies_of_the_far_end_are_not_believed() {
    let mut line = Line::new(Duration::from_millis(50), 7);
    line.talk(Duration::from_secs(20), never, at_once);
    let now = line.start + line.now;
    let ntp = Ntp::since_1970(line.clocks[0] + line.now);
    let truth = line.ends[0].far();
    let sequence = u32::from(line.sequence);
    let honest = || ReportBlock::builder(A).extended_sequence_number(sequence).fraction_lost(255);
    let lies = [
        ("of another stream of ours", ReportBlock::builder(3).fraction_lost(255)),
        ("more lost than was sent", honest().cumulative_lost(5000)),
        ("more copies than was sent", honest().cumulative_lost(0x80_0000)),
        ("packets that were not sent", honest().extended_sequence_number(sequence + 100)),
    ];
    for (lie, block) in lies {
        let mut buffer = [0; 256];
        let report = ReceiverReport::builder(B).add_report_block(block);
        let length = report.write_into(&mut buffer).expect("room");
        assert_eq!(line.ends[0].handle(now, ntp, &buffer[..length]), Ok(()));
        let far = line.ends[0].far();
        assert_eq!((far.loss, far.lost, far.round_trip), (truth.loss, truth.lost, truth.round_trip), "{lie}");
    }
    // A report that answers none of ours, one of a round trip of an hour, a jitter of a day: the rest may be true.
    let mut buffer = [0; 256];
    let report = ReceiverReport::builder(B).add_report_block(
        honest().last_sender_report_timestamp(ntp.middle().wrapping_sub(0x1234_5678)).interarrival_jitter(u32::MAX),
    );
    let length = report.write_into(&mut buffer).expect("room");
    assert_eq!(line.ends[0].handle(now, ntp, &buffer[..length]), Ok(()));
    let far = line.ends[0].far();
    assert_eq!((far.round_trip, far.jitter), (truth.round_trip, truth.jitter));
    assert!(far.loss > Some(0.99) && far.doubted == 4, "{far:?}");
    // And of somebody else nothing at all.
    let report = SenderReport::builder(5).add_report_block(honest().fraction_lost(3));
    let length = report.write_into(&mut buffer).expect("room");
    assert_eq!(line.ends[0].handle(now, ntp, &buffer[..length]), Err(RtcpError::Foreign(5)));
    assert_eq!(line.ends[0].far(), far);
}

#[test]
fn a_round_trip_is_that_of_a_report_of_ours_and_no_longer_than_can_be() {
    let mut line = Line::new(Duration::from_millis(50), 10);
    line.talk(Duration::from_secs(20), never, at_once);
    let end = &mut line.ends[0];
    let truth = end.far();
    // A report of ours leaves, and is answered.
    let due = end.poll_timeout();
    let left = line.clocks[0] + (due - line.start);
    let mut buffer = [0; 256];
    assert!(end.poll(due, Ntp::since_1970(left), &mut buffer).is_ok_and(|length| length.is_some()));
    let ours = Ntp::since_1970(left).middle();
    let second = 0x1_0000;
    for (after, answered, held, round_trip) in [
        (1200, ours, second, Some(Duration::from_millis(200))),
        // One that we never made, though its time would fit.
        (1200, ours.wrapping_add(7), second, None),
        (11_000, ours, 0, None),
        // Held for longer than it was away: a little may be the clocks, much is not.
        (990, ours, second, Some(Duration::ZERO)),
        (500, ours, second, None),
    ] {
        let block = ReportBlock::builder(A)
            .extended_sequence_number(u32::from(line.sequence))
            .last_sender_report_timestamp(answered)
            .delay_since_last_sender_report_timestamp(held);
        let report = ReceiverReport::builder(B).add_report_block(block);
        let length = report.write_into(&mut buffer).expect("room");
        let before = end.far();
        let now = Ntp::since_1970(left + Duration::from_millis(after));
        assert_eq!(end.handle(due, now, &buffer[..length]), Ok(()));
        let far = end.far();
        match round_trip {
            Some(expected) => {
                let measured = far.round_trip.expect("measured");
                assert!(measured.abs_diff(expected) < Duration::from_millis(1), "{measured:?}");
            }
            None => assert_eq!((far.round_trip, far.doubted), (before.round_trip, before.doubted + 1), "{after}"),
        }
    }
    assert!(end.far().reports > truth.reports);
}

#[test]
fn what_is_no_report_does_no_harm() {
    let mut line = Line::new(Duration::from_millis(5), 8);
    line.talk(Duration::from_secs(10), never, at_once);
    let now = line.start + line.now;
    let [end, other] = &mut line.ends;
    assert_eq!(end.handle(now, Ntp(0), &[]), Err(RtcpError::NotCompound));
    // A name before the report.
    assert_eq!(end.handle(now, Ntp(0), &[0x80, 202, 0, 0]), Err(RtcpError::NotCompound));
    // A length that lies.
    assert_eq!(end.handle(now, Ntp(0), &[0x80, 201, 0, 9, 0, 0, 0, 0]), Err(RtcpError::NotCompound));
    let mut good = [0; 256];
    let length = other.bye(now, Ntp(0), &mut good).expect("room");
    let mut chance = Chance::seeded(3550);
    for _ in 0..200_000 {
        let mut bytes = good[..length].to_vec();
        for _ in 0..=chance.below(4) {
            let at = chance.below(length as u64) as usize;
            // Heads are where the damage is done.
            let at = if chance.below(2) == 0 { at % 8 } else { at };
            bytes[at] = chance.next() as u8;
        }
        bytes.truncate(length - chance.below(8) as usize * chance.below(2) as usize);
        let _ = end.handle(now, Ntp(chance.next()), &bytes);
        let noise: Vec<u8> = (0..chance.below(64)).map(|_| chance.next() as u8).collect();
        let _ = end.handle(now, Ntp(chance.next()), &noise);
    }
    let mut buffer = [0; 256];
    assert!(end.bye(now, Ntp(0), &mut buffer).is_ok());
}

#[test]
fn a_far_end_that_begins_anew_is_counted_anew() {
    let start = Instant::now();
    let mut reporter = Reporter::new(start, Config::default(), A, "a", 1);
    let packet = |ssrc, sequence: u16| Inbound { ssrc, sequence, timestamp: 0, clock: None };
    for sequence in 0..100 {
        reporter.received(start, packet(B, sequence));
    }
    let block = |reporter: &mut Reporter| {
        let mut buffer = [0; 256];
        let due = reporter.poll_timeout();
        let length = reporter.poll(due, Ntp(0), &mut buffer).expect("room").expect("due");
        let mut compound = Compound::parse(&buffer[..length]).expect("a compound");
        let Some(Ok(Packet::Rr(report))) = compound.next() else { panic!("no report") };
        report.report_blocks().next().map(|block| {
            (block.ssrc(), block.fraction_lost(), block.cumulative_lost(), block.extended_sequence_number())
        })
    };
    assert_eq!(block(&mut reporter), Some((B, 0, 0, 99)));
    assert_eq!(block(&mut reporter), None, "nothing came since");
    // A leap in the same stream, and then half of it lost.
    for sequence in (40_000..40_020).step_by(2) {
        reporter.received(start, packet(B, sequence));
    }
    assert_eq!(block(&mut reporter), Some((B, 121, 9, 40_018)));
    // Copies of what came: fewer lost than none.
    for _ in 0..20 {
        reporter.received(start, packet(B, 40_018));
    }
    assert_eq!(block(&mut reporter), Some((B, 0, 0x100_0000 - 11, 40_018)));
    reporter.received(start, packet(7, 65_535));
    reporter.received(start, packet(7, 0));
    assert_eq!(block(&mut reporter), Some((7, 0, 0, 65_536)));
}
