//! Media while two sipps talk, sent and heard by sockets of the test itself.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use crate::harness::{Exchange, Over};
use crate::sipp::{Sipp, register};

/// How many packets each side sends.
const PACKETS: u16 = 20;

/// One RTP packet of 20 ms A-law silence (RFC 3550 §5.1).
fn rtp(ssrc: u32, sequence: u16) -> Vec<u8> {
    let mut packet = vec![0x80, 8];
    packet.extend(sequence.to_be_bytes());
    packet.extend((u32::from(sequence) * 160).to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    packet.extend([0xd5; 160]);
    packet
}

/// Who sent the next packet, and its SSRC; `None` when nothing comes.
fn heard(socket: &UdpSocket) -> Option<(SocketAddr, u32)> {
    let mut bytes = [0; 2048];
    let (length, from) = socket.recv_from(&mut bytes).ok()?;
    let ssrc = bytes.get(8..12).filter(|_| length >= 12)?;
    Some((from, u32::from_be_bytes(ssrc.try_into().expect("four bytes"))))
}

fn socket(ip: &str, port: u16) -> UdpSocket {
    let socket = UdpSocket::bind((ip, port)).expect("a media port");
    socket.set_read_timeout(Some(Duration::from_millis(500))).expect("a timeout");
    socket
}

#[test]
fn rtp_from_a_third_address_is_dropped_and_counted() {
    let exchange = Exchange::start();
    let (alice_rtp, bob_rtp) = (exchange.lane.ports(2), exchange.lane.ports(2));
    let (alice, bob) = (socket("127.0.0.1", alice_rtp), socket("127.0.0.1", bob_rtp));
    let strangers = [socket("127.0.0.1", exchange.lane.ports(2)), socket("127.0.0.2", exchange.lane.ports(2))];

    let port = register(&exchange, "1002", Over::Udp);
    let callee = Sipp::plays(&exchange, "answer").by("1002").at(port).with("rtp", &bob_rtp).start();
    let caller = Sipp::plays(&exchange, "call").to("1002").with("rtp", &alice_rtp).with("talk", &2500).start();
    let relay: SocketAddr = (std::net::Ipv4Addr::LOCALHOST, caller.media_port()).into();

    let mut beside = None;
    for sequence in 0..PACKETS {
        alice.send_to(&rtp(0xa11ce, sequence), relay).expect("sent");
        let (from, ssrc) = heard(&bob).expect("what alice sends is heard by bob");
        assert_eq!(ssrc, 0xa11ce);
        bob.send_to(&rtp(0xb0b, sequence), from).expect("sent");
        assert_eq!(heard(&alice), Some((relay, 0xb0b)), "what bob sends is heard by alice, from where she sends to");
        beside = Some(from);
    }
    let beside = beside.expect("bob's port of the exchange");
    for stranger in &strangers {
        for sequence in 0..PACKETS {
            stranger.send_to(&rtp(0xa11ce, 100 + sequence), relay).expect("sent");
            stranger.send_to(&rtp(0xb0b, 100 + sequence), beside).expect("sent");
        }
    }
    assert_eq!(heard(&bob), None, "a stranger is not heard by bob");
    assert_eq!(heard(&alice), None, "nor by alice");
    for stranger in &strangers {
        stranger.set_read_timeout(Some(Duration::from_millis(20))).expect("a timeout");
        assert_eq!(heard(stranger), None, "and hears nothing");
    }
    caller.succeeds();
    callee.succeeds();

    let cdr = exchange.cdr();
    let strange = 2 * u64::from(PACKETS);
    for leg in &cdr.legs {
        let counts = leg.media.expect("every leg is counted");
        let expected = (u64::from(PACKETS), u64::from(PACKETS), 0, strange);
        assert_eq!((counts.packets_in, counts.packets_out, counts.lost, counts.dropped), expected, "{}", leg.direction);
    }
    assert_eq!(cdr.legs.len(), 2);
}
