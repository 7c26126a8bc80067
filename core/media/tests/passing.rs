//! Stories of a relay between two far ends that report to each other: what it knows of each leg, and what it believes.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media::rtcp::{Config, Inbound, Ntp, Outbound, Reporter};
use media::{Expectation, Kind, PortKey, Relay, Stats};
use rtcp_types::prelude::RtcpPacketWriterExt;
use rtcp_types::{ReceiverReport, ReportBlock};

const SSRC: [u32; 2] = [0xaaaa_0001, 0xbbbb_0002];
const RTP: [&str; 2] = ["192.0.2.1:4000", "192.0.2.2:5000"];
const RTCP: [&str; 2] = ["192.0.2.1:4001", "192.0.2.2:5001"];

fn at(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

/// The way between one far end and the relay.
#[derive(Debug, Clone, Copy, Default)]
struct Way {
    /// In milliseconds, each way.
    delay: u32,
    /// Of a thousand RTP packets, how many never reach the relay, and how many never reach the far end.
    lost_in: u32,
    lost_out: u32,
    /// Packets are later by up to so many milliseconds.
    swing: u32,
}

struct Call {
    start: Instant,
    now: Duration,
    relay: Relay,
    ports: [PortKey; 2],
    ends: [Reporter; 2],
    ways: [Way; 2],
    chance: u64,
    sequence: u16,
    /// When, whether it goes to a far end, which one, what.
    flying: Vec<(Duration, bool, usize, Kind, Vec<u8>)>,
    /// RTP that the network lost on each way, to the relay and from it.
    lost: [[u64; 2]; 2],
    reports: bool,
    /// All sender reports bear this time.
    stuck: Option<Ntp>,
}

impl Call {
    fn new(ways: [Way; 2], seed: u64) -> Self {
        eprintln!("seed {seed}");
        let start = Instant::now();
        let mut relay = Relay::default();
        let ports = [relay.open(start), relay.open(start)];
        for (port, remote) in ports.into_iter().zip(RTP) {
            let remote = at(remote);
            let (signalling, clocks) = (remote.ip(), vec![(0, 8000)]);
            relay.expect(
                port,
                Expectation { remote, rtcp: None, mux: false, signalling, clocks, fax: false, codecs: Vec::new() },
            );
        }
        relay.connect(ports[0], ports[1]);
        let end = |number: usize| Reporter::new(start, Config::default(), SSRC[number], "an end", seed + number as u64);
        Self {
            start,
            now: Duration::ZERO,
            relay,
            ports,
            ends: [end(0), end(1)],
            ways,
            chance: seed,
            sequence: 65_000,
            flying: Vec::new(),
            lost: [[0; 2]; 2],
            reports: true,
            stuck: None,
        }
    }

    fn draw(&mut self, below: u32) -> u32 {
        self.chance = self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.chance >> 33).expect("31 bits") % below.max(1)
    }

    /// Puts a packet on the way of an end.
    fn fly(&mut self, outward: bool, end: usize, kind: Kind, bytes: Vec<u8>) {
        let way = self.ways[end];
        let lost = if outward { way.lost_out } else { way.lost_in };
        if kind == Kind::Rtp && self.draw(1000) < lost {
            self.lost[end][usize::from(outward)] += 1;
            return;
        }
        let late = if kind == Kind::Rtp { self.draw(way.swing + 1) } else { 0 };
        let due = self.now + Duration::from_millis(u64::from(way.delay + late));
        self.flying.push((due, outward, end, kind, bytes));
    }

    fn talk(&mut self, seconds: u64) {
        let until = self.now + Duration::from_secs(seconds);
        while self.now < until {
            if self.now.as_millis().is_multiple_of(20) {
                self.sequence = self.sequence.wrapping_add(1);
                for end in 0..2 {
                    self.speak(end);
                }
            }
            for end in 0..2 {
                // The clocks of the two differ.
                let ntp = Ntp::since_1970(Duration::from_secs(1_790_000_000 + 77_777 * end as u64) + self.now);
                let mut buffer = [0; 256];
                let now = self.start + self.now;
                let written = self.ends[end].poll(now, self.stuck.unwrap_or(ntp), &mut buffer).expect("room");
                if let Some(length) = written.filter(|_| self.reports) {
                    self.fly(false, end, Kind::Rtcp, buffer[..length].to_vec());
                }
            }
            self.deliver();
            self.now += Duration::from_millis(1);
        }
    }

    fn speak(&mut self, end: usize) {
        let (sequence, timestamp) = (self.sequence, u32::from(self.sequence) * 160);
        self.ends[end].sent(self.start + self.now, Outbound { sequence, timestamp, clock: 8000, octets: 160 });
        let mut packet = vec![0x80, 0x00];
        packet.extend(sequence.to_be_bytes());
        packet.extend(timestamp.to_be_bytes());
        packet.extend(SSRC[end].to_be_bytes());
        packet.extend([0xff; 160]);
        self.fly(false, end, Kind::Rtp, packet);
    }

    fn deliver(&mut self) {
        let now = self.start + self.now;
        let landed: Vec<_> = self.flying.extract_if(.., |(due, ..)| *due <= self.now).collect();
        for (_, outward, end, kind, bytes) in landed {
            if !outward {
                let from = at(if kind == Kind::Rtp { RTP[end] } else { RTCP[end] });
                if let Some(forward) = self.relay.handle(now, self.ports[end], kind, from, &bytes) {
                    let to = usize::from(forward.port == self.ports[1]);
                    assert_eq!(forward.to, at(if kind == Kind::Rtp { RTP[to] } else { RTCP[to] }));
                    self.fly(true, to, kind, bytes);
                }
            } else if kind == Kind::Rtp {
                let sequence = u16::from_be_bytes([bytes[2], bytes[3]]);
                let timestamp = u32::from_be_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
                self.ends[end].received(now, Inbound { ssrc: SSRC[1 - end], sequence, timestamp, clock: Some(8000) });
            } else {
                let ntp = Ntp::since_1970(Duration::from_secs(1_790_000_000) + self.now);
                assert_eq!(self.ends[end].handle(now, ntp, &bytes), Ok(()));
            }
        }
    }

    fn stats(&self, end: usize) -> Stats {
        self.relay.stats(self.ports[end]).expect("open")
    }

    /// RTCP comes to a port now.
    fn say(&mut self, end: usize, from: &str, bytes: &[u8]) -> bool {
        self.relay.handle(self.start + self.now, self.ports[end], Kind::Rtcp, at(from), bytes).is_some()
    }
}

fn near(measured: u64, truth: u64) -> bool {
    measured.abs_diff(truth) * 10 <= truth
}

#[test]
fn each_leg_has_its_own_round_trip_and_its_own_losses() {
    let ways = [
        Way { delay: 30, lost_in: 40, lost_out: 15, swing: 0 },
        Way { delay: 100, lost_in: 0, lost_out: 80, swing: 10 },
    ];
    let mut call = Call::new(ways, 11);
    call.talk(240);
    for (end, way) in ways.iter().enumerate() {
        let stats = call.stats(end);
        let [lost_in, lost_out] = call.lost[end];
        let round_trip = u64::from(stats.rtt_us.expect("measured"));
        assert!(near(round_trip, 2000 * u64::from(way.delay)), "{end}: {stats:?}");
        assert!(near(stats.lost, lost_in), "{end}: {lost_in} lost: {stats:?}");
        assert!(near(stats.far_lost.expect("told"), lost_out), "{end}: {lost_out} lost: {stats:?}");
        assert!(stats.mos.is_some() && stats.r_factor.is_some(), "{stats:?}");
    }
    // A swing of 10 ms is a mean difference of about a third of it, and it is seen at the end that has it, and through
    // the relay at the other.
    assert!(call.stats(1).jitter_us.is_some_and(|jitter| (2_000..5_000).contains(&jitter)), "{:?}", call.stats(1));
    assert!(call.stats(0).far_jitter_us.is_some_and(|jitter| (2_000..5_000).contains(&jitter)), "{:?}", call.stats(0));
}

#[test]
fn what_was_lost_before_it_came_here_is_not_the_other_leg_s_fault() {
    let bad = Way { delay: 20, lost_in: 100, ..Way::default() };
    let mut call = Call::new([bad, Way { delay: 20, ..Way::default() }], 12);
    call.talk(120);
    let (bad, good) = (call.stats(0), call.stats(1));
    assert!(near(bad.lost, call.lost[0][0]) && bad.lost > 500, "{bad:?}");
    assert!(good.lost == 0 && good.far_lost.is_some_and(|lost| lost <= 2), "{good:?}");
    assert!(good.mos >= Some(435) && bad.mos < Some(380), "{good:?} {bad:?}");
}

#[test]
fn the_score_falls_with_loss_either_way_and_with_delay() {
    let rated = |way: Way| {
        let mut call = Call::new([way, Way { delay: 5, ..Way::default() }], 13);
        call.talk(120);
        let stats = call.stats(0);
        let (r, mos) = (stats.r_factor.expect("rated"), stats.mos.expect("rated"));
        eprintln!("{way:?}: R {r}, MOS {mos}");
        (r, mos)
    };
    let quick = Way { delay: 10, ..Way::default() };
    for ways in [
        [0, 10, 30, 100, 300].map(|lost_in| Way { lost_in, ..quick }),
        [0, 10, 30, 100, 300].map(|lost_out| Way { lost_out, ..quick }),
        [10, 100, 200, 300, 400].map(|delay| Way { delay, ..quick }),
    ] {
        let scores = ways.map(rated);
        assert!(scores[0].1 >= 435, "a clean leg: {scores:?}");
        assert!(scores.windows(2).all(|pair| pair[1] < pair[0]), "{scores:?}");
    }
}

#[test]
fn without_reports_the_leg_is_not_rated() {
    let mut call = Call::new([Way { delay: 20, lost_in: 50, ..Way::default() }; 2], 14);
    call.reports = false;
    call.talk(60);
    let stats = call.stats(0);
    assert!(stats.lost > 0 && stats.jitter_us.is_some() && stats.burst.is_some(), "{stats:?}");
    assert_eq!((stats.rtt_us, stats.far_lost, stats.far_jitter_us), (None, None, None));
    assert_eq!((stats.r_factor, stats.mos), (None, None));
}

#[test]
fn sender_reports_of_one_name_are_told_apart_by_the_last() {
    let mut call = Call::new([Way { delay: 30, ..Way::default() }, Way { delay: 60, ..Way::default() }], 15);
    call.stuck = Some(Ntp(0x1234_5678_9abc_def0));
    call.talk(120);
    for (end, truth) in [(0, 60_000), (1, 120_000)] {
        let stats = call.stats(end);
        assert!(near(u64::from(stats.rtt_us.expect("measured")), truth), "{stats:?}");
    }
}

#[test]
fn lies_change_nothing_and_are_relayed_as_they_are() {
    let mut call = Call::new([Way { delay: 30, lost_in: 10, lost_out: 10, swing: 0 }; 2], 16);
    call.talk(60);
    let truth = call.stats(0);
    assert!(truth.mos.is_some());
    // What far end 0 hears is of far end 1.
    let sequence = u32::from(call.sequence.wrapping_sub(10));
    let honest = || ReportBlock::builder(SSRC[1]).extended_sequence_number(sequence);
    let mut buffer = [0; 256];
    let lies = [
        ("of a stream that is not sent there", SSRC[0], ReportBlock::builder(7).cumulative_lost(9)),
        ("of its own stream", SSRC[0], ReportBlock::builder(SSRC[0]).cumulative_lost(9)),
        ("by somebody else", 99, honest().cumulative_lost(9)),
        ("more lost than was sent", SSRC[0], honest().cumulative_lost(50_000)),
        ("more copies than was sent", SSRC[0], honest().cumulative_lost(0x80_0000)),
        ("packets that were not sent", SSRC[0], honest().extended_sequence_number(sequence + 500)),
    ];
    for (lie, who, block) in lies {
        let length = ReceiverReport::builder(who).add_report_block(block).write_into(&mut buffer).expect("room");
        assert!(call.say(0, RTCP[0], &buffer[..length]), "{lie}");
        assert_eq!(call.stats(0), truth, "{lie}");
    }
    // Times that cannot be: the answer to a report that never passed, and one held for longer than it was away.
    for (name, held) in [(0x1357_9bdf, 0), (0x1357_9bdf, u32::MAX)] {
        let block = honest()
            .last_sender_report_timestamp(name)
            .delay_since_last_sender_report_timestamp(held)
            .interarrival_jitter(u32::MAX);
        let length = ReceiverReport::builder(SSRC[0]).add_report_block(block).write_into(&mut buffer).expect("room");
        call.say(0, RTCP[0], &buffer[..length]);
        let told = call.stats(0);
        assert_eq!((told.rtt_us, told.far_jitter_us), (truth.rtt_us, truth.far_jitter_us));
    }
    // A stranger is not even heard.
    let before = call.stats(0);
    let length = ReceiverReport::builder(SSRC[0])
        .add_report_block(honest().cumulative_lost(900))
        .write_into(&mut buffer)
        .expect("room");
    assert!(!call.say(0, "203.0.113.66:4001", &buffer[..length]));
    assert_eq!(call.stats(0), Stats { dropped: before.dropped + 1, ..before });
}

#[test]
fn broken_reports_by_the_thousand_do_no_harm() {
    let mut call = Call::new([Way { delay: 30, ..Way::default() }; 2], 17);
    call.talk(30);
    let mut good = [0; 256];
    let now = call.start + call.now;
    let length = call.ends[0].bye(now, Ntp(5), &mut good).expect("room");
    for _ in 0..20_000 {
        let mut bytes = good[..length].to_vec();
        for _ in 0..=call.draw(4) {
            let place = call.draw(u32::try_from(length).expect("small")) as usize;
            bytes[place] = u8::try_from(call.draw(256)).expect("a byte");
        }
        bytes.truncate(call.draw(u32::try_from(length).expect("small") + 1) as usize);
        let end = call.draw(2) as usize;
        call.say(end, RTCP[end], &bytes);
    }
    for end in 0..2 {
        let stats = call.stats(end);
        assert!(stats.far_lost.is_none_or(|lost| lost <= stats.packets_out), "{stats:?}");
        assert!(stats.rtt_us.is_none_or(|trip| trip <= 10_000_000), "{stats:?}");
    }
}
