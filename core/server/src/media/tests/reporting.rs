//! Reports of the exchange's own (RFC 3550 §6), as a phone gets them that is played to, and what its answer tells us.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use media::rtcp::{Config, Inbound, Ntp, Reporter};
use media::srtp::{MasterKey, Protect, RTCP_OVERHEAD, Suite, Unprotect};
use media::{Codec, Rate};
use switch::{MediaCommand, MediaEvent, MediaStats, PortId, Sound, Tone};

use super::phone::Phone;
use super::{House, TENANT, anywhere, sine, sound};

const CODEC: Codec = Codec::Pcmu;

/// A phone that is played to, with a socket of its own for RTCP.
struct Listener {
    phone: Phone,
    rtcp: UdpSocket,
    port: PortId,
    /// Where the exchange takes RTCP.
    far: SocketAddr,
}

impl Listener {
    fn new(house: &mut House, mut phone: Phone) -> Self {
        let rtcp = UdpSocket::bind(anywhere()).expect("a socket");
        rtcp.set_read_timeout(Some(Duration::from_millis(1))).expect("a timeout");
        let port = house.open(&mut phone);
        let mut expect = phone.expect(port);
        if let MediaCommand::Expect { rtcp: named, .. } = &mut expect {
            *named = Some(rtcp.local_addr().expect("its address"));
        }
        house.give(expect);
        let far = phone.far.expect("a far end");
        Self { phone, rtcp, port, far: SocketAddr::new(far.ip(), far.port() + 1) }
    }

    /// Listens until a report comes: the first takes 4 seconds at most.
    fn report(&mut self, within: Duration) -> Option<Vec<u8>> {
        let end = Instant::now() + within;
        let mut bytes = [0; 512];
        while Instant::now() < end {
            self.phone.hear_for(5);
            if let Ok(length) = self.rtcp.recv(&mut bytes) {
                return Some(bytes[..length].to_vec());
            }
        }
        None
    }
}

fn tone(house: &House, port: PortId) {
    let sounds = vec![Sound::Tone(Tone::Test(500), Duration::from_secs(60))];
    house.give(MediaCommand::Play { port, id: sound(1), tenant: TENANT, sounds, language: None, forever: false });
}

fn closed(house: &House, port: PortId) -> MediaStats {
    house.give(MediaCommand::Close { port });
    loop {
        match house.event().expect("it was not closed") {
            MediaEvent::Closed { port: closed, stats } if closed == port => return stats,
            _ => {}
        }
    }
}

/// The packet types of a compound packet.
fn kinds(mut packet: &[u8]) -> Vec<u8> {
    let mut kinds = Vec::new();
    while let [_, kind, high, low, ..] = packet {
        kinds.push(*kind);
        let length = 4 * (usize::from(u16::from_be_bytes([*high, *low])) + 1);
        packet = packet.get(length..).expect("its lengths fit it");
    }
    kinds
}

fn clock() -> Ntp {
    Ntp::since_1970(SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970"))
}

#[test]
fn who_is_played_to_gets_reports_and_the_answer_tells_the_way() {
    let mut house = House::new();
    let mut listener = Listener::new(&mut house, Phone::new(CODEC));
    tone(&house, listener.port);
    // The exchange must know whose reports to believe: the phone speaks.
    listener.phone.say(&sine(Rate::Narrow, 300.0, 100));
    let report = listener.report(Duration::from_secs(8)).expect("a report");
    assert_eq!(report[1], 200, "a sender report");
    let (_, _, _, _, ssrc) = listener.phone.packets[0];
    let mut far = Reporter::new(Instant::now(), Config::default(), 0xf0e, "the phone", 1);
    for (payload, _, sequence, timestamp, _) in &listener.phone.packets {
        assert_eq!(*payload, 0);
        let packet = Inbound { ssrc, sequence: *sequence, timestamp: *timestamp, clock: Some(8_000) };
        far.received(Instant::now(), packet);
    }
    assert_eq!(far.handle(Instant::now(), clock(), &report), Ok(()));
    std::thread::sleep(Duration::from_millis(20));
    // Its answer says how long it held the report: those 20 ms are not on the way.
    let mut answer = [0; 256];
    let length = far.bye(Instant::now(), clock(), &mut answer).expect("room");
    listener.rtcp.send_to(&answer[..length], listener.far).expect("sent");
    listener.phone.hear_for(100);
    let stats = closed(&house, listener.port);
    assert!(stats.rtt_us.is_some_and(|rtt| rtt < 15_000), "{stats:?}");
    assert_eq!(stats.far_lost, Some(0), "{stats:?}");
    assert!(stats.mos.is_some(), "{stats:?}");
    let goodbye = listener.report(Duration::from_secs(2)).expect("a last report");
    assert_eq!((kinds(&report), kinds(&goodbye)), (vec![200, 202], vec![200, 202, 203]));
}

#[test]
fn reports_are_encrypted_where_sound_is() {
    let mut house = House::new();
    let mut listener = Listener::new(&mut house, Phone::new(CODEC).with_keys(1, 2));
    tone(&house, listener.port);
    let mut report = listener.report(Duration::from_secs(8)).expect("a report");
    let key = |byte| MasterKey::new(Suite::Aes128Sha1_80, &[byte; 16], &[byte; 14]).expect("a key");
    let (_, _, _, _, ssrc) = listener.phone.packets[0];
    let length = Unprotect::new(&key(1)).rtcp(&mut report).expect("authentic");
    assert_eq!(length + RTCP_OVERHEAD, report.len());
    assert_eq!(report[4..8], ssrc.to_be_bytes(), "of the stream that plays");
    assert_eq!(kinds(&report[..length]), [200, 202]);
    // A forger's report changes nothing.
    let mut forged = vec![0x80, 201, 0, 1, 0, 0, 0, 1];
    forged.resize(8 + RTCP_OVERHEAD, 0);
    Protect::new(&key(9)).rtcp(&mut forged, 8).expect("encrypted");
    listener.rtcp.send_to(&forged, listener.far).expect("sent");
    listener.phone.hear_for(50);
    assert_eq!(closed(&house, listener.port).dropped, 1);
}

#[test]
fn between_two_that_are_relayed_the_exchange_says_nothing() {
    let mut house = House::new();
    let (mut one, mut other) =
        (Listener::new(&mut house, Phone::new(CODEC)), Listener::new(&mut house, Phone::new(CODEC)));
    // It was an end itself for a while.
    tone(&house, one.port);
    one.phone.hear_for(100);
    house.give(MediaCommand::Hush { port: one.port });
    house.give(MediaCommand::Connect { a: one.port, b: other.port });
    assert_eq!(one.report(Duration::from_secs(5)), None);
    assert_eq!(other.report(Duration::from_millis(50)), None);
    // What the one reports goes to the other as it is.
    let report = [0x80, 201, 0, 1, 0, 0, 0, 1];
    one.rtcp.send_to(&report, one.far).expect("sent");
    assert_eq!(other.report(Duration::from_secs(2)).as_deref(), Some(report.as_slice()));
}

#[test]
fn reports_of_two_ports_bear_two_random_names() {
    let mut house = House::new();
    let name = |house: &mut House| {
        let mut listener = Listener::new(house, Phone::new(CODEC));
        tone(house, listener.port);
        let report = listener.report(Duration::from_secs(8)).expect("a report");
        let chunk = report.windows(2).position(|item| item == [1, 24]).expect("a CNAME of 24 octets (§6.5.1)");
        let name = String::from_utf8(report[chunk + 2..chunk + 26].to_vec()).expect("text");
        assert!(name.chars().all(|digit| digit.is_ascii_hexdigit()), "{name}");
        name
    };
    assert_ne!(name(&mut house), name(&mut house));
}
