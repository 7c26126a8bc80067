//! Stories of a port that is itself an end of its streams: it reports, and knows the way to the far end from the answers.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media::rtcp::{Config, Inbound, Ntp, Outbound, Reporter};
use media::{Expectation, Forward, Identity, Kind, PortKey, Relay};

const OURS: u32 = 0xaaaa_0001;
const THEIRS: u32 = 0xbbbb_0002;
const RTP: &str = "192.0.2.1:4000";
const RTCP: &str = "192.0.2.1:4001";

fn at(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

/// Where a packet is going, and when it is there.
struct Flying {
    due: Duration,
    outward: bool,
    kind: Kind,
    bytes: Vec<u8>,
}

struct Talk {
    start: Instant,
    now: Duration,
    delay: Duration,
    relay: Relay,
    port: PortKey,
    far: Reporter,
    flying: Vec<Flying>,
    sequence: u16,
    /// Which packets of ours and of the far end's are lost.
    lost: [fn(u16) -> bool; 2],
    speaks: [bool; 2],
    reports: usize,
    last: Option<Forward>,
}

impl Talk {
    fn new(mux: bool) -> Self {
        let start = Instant::now();
        let mut relay = Relay::default();
        let port = relay.open(start);
        let (remote, clocks) = (at(RTP), vec![(0, 8000), (101, 8000)]);
        let signalling = remote.ip();
        relay.expect(port, Expectation { remote, rtcp: None, mux, signalling, clocks, fax: false, codecs: Vec::new() });
        let identity = Identity { ssrc: OURS, cname: "0123456789abcdef".to_owned(), seed: 5 };
        assert!(relay.take_part(start, port, &identity).is_some());
        assert_eq!(relay.take_part(start, port, &identity), None, "it takes part already");
        Self {
            start,
            now: Duration::ZERO,
            delay: Duration::from_millis(35),
            relay,
            port,
            far: Reporter::new(start, Config::default(), THEIRS, "the far end", 6),
            flying: Vec::new(),
            sequence: 65_500,
            lost: [|_| false; 2],
            speaks: [true; 2],
            reports: 0,
            last: None,
        }
    }

    fn fly(&mut self, outward: bool, kind: Kind, bytes: &[u8]) {
        let lost = self.lost[usize::from(!outward)];
        if kind == Kind::Rtp && lost(self.sequence) {
            return;
        }
        self.flying.push(Flying { due: self.now + self.delay, outward, kind, bytes: bytes.to_vec() });
    }

    fn packet(&self, ssrc: u32, payload: u8, timestamp: u32) -> Vec<u8> {
        let mut packet = vec![0x80, payload];
        packet.extend(self.sequence.to_be_bytes());
        packet.extend(timestamp.to_be_bytes());
        packet.extend(ssrc.to_be_bytes());
        packet.extend([0xff; 160]);
        packet
    }

    fn go_on(&mut self, seconds: u64) {
        let until = self.now + Duration::from_secs(seconds);
        while self.now < until {
            let now = self.start + self.now;
            // The clocks of the two differ.
            let ntp = Ntp::since_1970(Duration::from_secs(1_790_000_000) + self.now);
            let theirs = Ntp::since_1970(Duration::from_secs(1_790_123_456) + self.now);
            if self.now.as_millis().is_multiple_of(20) {
                self.sequence = self.sequence.wrapping_add(1);
                let (sequence, timestamp) = (self.sequence, u32::from(self.sequence) * 160);
                if self.speaks[0] {
                    let packet = self.packet(OURS, 0, timestamp);
                    assert_eq!(self.relay.speak(now, self.port, &packet), Some(at(RTP)));
                    self.fly(true, Kind::Rtp, &packet);
                }
                if self.speaks[1] {
                    self.far.sent(now, Outbound { sequence, timestamp, clock: 8000, octets: 160 });
                    let packet = self.packet(THEIRS, 0, timestamp);
                    self.fly(false, Kind::Rtp, &packet);
                }
            }
            let mut buffer = [0; 256];
            if let Some((length, forward)) = self.relay.report(now, ntp, self.port, &mut buffer) {
                self.reports += 1;
                self.last = Some(forward);
                self.fly(true, Kind::Rtcp, &buffer[..length]);
            }
            if let Some(length) = self.far.poll(now, theirs, &mut buffer).expect("room") {
                self.fly(false, Kind::Rtcp, &buffer[..length]);
            }
            self.deliver(now, theirs);
            self.now += Duration::from_millis(1);
        }
    }

    fn deliver(&mut self, now: Instant, theirs: Ntp) {
        let landed: Vec<_> = self.flying.extract_if(.., |flying| flying.due <= self.now).collect();
        for Flying { outward, kind, bytes, .. } in landed {
            if !outward {
                let from = at(if kind == Kind::Rtp { RTP } else { RTCP });
                assert!(self.relay.admit(now, self.port, kind, from, &bytes).is_some());
            } else if kind == Kind::Rtp {
                let sequence = u16::from_be_bytes([bytes[2], bytes[3]]);
                let timestamp = u32::from_be_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
                self.far.received(now, Inbound { ssrc: OURS, sequence, timestamp, clock: Some(8000) });
            } else {
                assert_eq!(self.far.handle(now, theirs, &bytes), Ok(()));
            }
        }
    }
}

#[test]
fn both_ends_know_the_round_trip_and_what_the_other_lost() {
    let mut talk = Talk::new(false);
    talk.lost = [|sequence| sequence % 25 == 0, |sequence| sequence % 10 == 0];
    talk.go_on(60);
    let stats = talk.relay.stats(talk.port).expect("open");
    let round_trip = stats.rtt_us.expect("answered");
    assert!((69_000..=72_000).contains(&round_trip), "{round_trip} µs");
    assert!((280..=300).contains(&stats.lost), "a tenth of 3,000: {}", stats.lost);
    // As of its last report, some seconds ago.
    assert!(stats.far_lost.is_some_and(|lost| (100..=120).contains(&lost)), "a 25th of 3,000: {:?}", stats.far_lost);
    assert!(stats.mos.is_some_and(|mos| mos < 400), "a tenth of it is lost: {:?}", stats.mos);
    let far = talk.far.far();
    let round_trip = far.mean_round_trip.expect("answered");
    assert!((69..=72).contains(&round_trip.as_millis()), "{round_trip:?}");
    assert!(far.lost.is_some_and(|lost| (250..=300).contains(&lost)), "{:?}", far.lost);
    assert!((8..=24).contains(&talk.reports), "about every 5 s: {}", talk.reports);
    assert_eq!(talk.last, Some(Forward { port: talk.port, kind: Kind::Rtcp, socket: Kind::Rtcp, to: at(RTCP) }));
}

#[test]
fn who_only_listens_reports_what_comes() {
    let mut talk = Talk::new(false);
    talk.speaks = [false, true];
    talk.go_on(30);
    let far = talk.far.far();
    assert!(far.reports > 2 && far.mean_round_trip.is_some(), "{far:?}");
    assert_eq!(talk.relay.stats(talk.port).and_then(|stats| stats.rtt_us), None, "we sent nothing to be answered");
}

#[test]
fn the_last_report_says_goodbye() {
    let mut talk = Talk::new(false);
    talk.go_on(1);
    let mut buffer = [0; 256];
    let now = talk.start + talk.now;
    let (length, forward) = talk.relay.bye(now, Ntp(1 << 40), talk.port, &mut buffer).expect("it spoke");
    assert_eq!(forward.to, at(RTCP));
    assert_eq!(talk.far.handle(now, Ntp(1 << 41), &buffer[..length]), Ok(()));
    assert!(talk.far.far().gone);
}

#[test]
fn who_never_said_anything_says_no_goodbye() {
    let mut talk = Talk::new(false);
    talk.speaks = [false, false];
    talk.go_on(1);
    let (now, mut buffer) = (talk.start + talk.now, [0; 256]);
    // RFC 3550 §6.3.7: whoever sent neither RTP nor RTCP must not.
    assert_eq!(talk.relay.bye(now, Ntp(1), talk.port, &mut buffer), None);
    talk.go_on(5);
    assert!(talk.reports > 0, "it has reported that nothing came");
    assert!(talk.relay.bye(talk.start + talk.now, Ntp(1), talk.port, &mut buffer).is_some());
}

#[test]
fn with_one_port_for_both_reports_leave_from_it() {
    let mut talk = Talk::new(true);
    talk.speaks = [true, false];
    talk.go_on(10);
    assert_eq!(talk.last, Some(Forward { port: talk.port, kind: Kind::Rtcp, socket: Kind::Rtp, to: at(RTP) }));
}

#[test]
fn who_is_passed_over_says_nothing_until_the_next_time() {
    let mut talk = Talk::new(false);
    talk.go_on(1);
    let mut due = talk.relay.report_due(talk.port).expect("it takes part");
    for _ in 0..5 {
        talk.relay.pass_over(due, talk.port);
        let next = talk.relay.report_due(talk.port).expect("it takes part");
        assert!((2_500..=7_500).contains(&(next - due).as_millis()), "{:?}", next - due);
        due = next;
        assert_eq!(talk.relay.report(due - Duration::from_millis(1), Ntp(1), talk.port, &mut [0; 256]), None);
    }
    assert!(talk.relay.report(due, Ntp(1), talk.port, &mut [0; 256]).is_some());
}

#[test]
fn a_port_that_takes_no_part_makes_no_reports() {
    let now = Instant::now();
    let mut relay = Relay::default();
    let port = relay.open(now);
    let later = now + Duration::from_secs(60);
    assert_eq!(relay.report_due(port), None);
    assert_eq!(relay.report(later, Ntp(1), port, &mut [0; 256]), None);
    assert_eq!(relay.bye(later, Ntp(1), port, &mut [0; 256]), None);
}
