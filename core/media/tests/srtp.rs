//! SRTP against another implementation, and against those who forge, replay and reorder.

use media::srtp::{MAX_STREAMS, MasterKey, Protect, RTCP_OVERHEAD, RTP_OVERHEAD, SrtpError, Suite, Unprotect};
use webrtc_srtp::context::Context;
use webrtc_srtp::option::{srtcp_replay_protection, srtp_replay_protection};
use webrtc_srtp::protection_profile::ProtectionProfile;

const SUITES: [(Suite, ProtectionProfile); 4] = [
    (Suite::Aes128Sha1_80, ProtectionProfile::Aes128CmHmacSha1_80),
    (Suite::Aes128Sha1_32, ProtectionProfile::Aes128CmHmacSha1_32),
    (Suite::Aes256Sha1_80, ProtectionProfile::Aes256CmHmacSha1_80),
    (Suite::Aes256Sha1_32, ProtectionProfile::Aes256CmHmacSha1_32),
];

/// Random numbers that are the same in every run (xorshift).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| (self.next() >> 24) as u8).collect()
    }
}

const KEY: [u8; 32] = *b"0123456789abcdefghijklmnopqrstuv";
const SALT: [u8; 14] = *b"salt-of-a-test";

fn master(suite: Suite) -> MasterKey {
    MasterKey::new(suite, &KEY[..suite.key_length()], &SALT).expect("a key")
}

fn pair(suite: Suite) -> (Protect, Unprotect) {
    (Protect::new(&master(suite)), Unprotect::new(&master(suite)))
}

fn oracle(suite: Suite, profile: ProtectionProfile) -> Context {
    let windows = (Some(srtp_replay_protection(64)), Some(srtcp_replay_protection(64)));
    Context::new(&KEY[..suite.key_length()], &SALT, profile, windows.0, windows.1).expect("a context")
}

/// With sources and an extension where asked for.
fn rtp(ssrc: u32, sequence: u16, payload: &[u8], rich: bool) -> Vec<u8> {
    let mut packet = vec![if rich { 0x92 } else { 0x80 }, 0x08];
    packet.extend(sequence.to_be_bytes());
    packet.extend([0, 0, 0x12, 0x34]);
    packet.extend(ssrc.to_be_bytes());
    if rich {
        packet.extend([1, 2, 3, 4, 5, 6, 7, 8, 0xbe, 0xde, 0, 2, 0x10, 9, 0, 0, 0x20, 7, 0, 0]);
    }
    packet.extend(payload);
    packet
}

fn protected(machine: &mut Protect, packet: &[u8]) -> Result<Vec<u8>, SrtpError> {
    let mut buffer = packet.to_vec();
    buffer.resize(packet.len() + RTP_OVERHEAD, 0);
    let length = machine.rtp(&mut buffer, packet.len())?;
    buffer.truncate(length);
    Ok(buffer)
}

fn unprotected(machine: &mut Unprotect, packet: &[u8]) -> Result<Vec<u8>, SrtpError> {
    let mut buffer = packet.to_vec();
    let length = machine.rtp(&mut buffer)?;
    buffer.truncate(length);
    Ok(buffer)
}

fn reported(machine: &mut Protect, packet: &[u8]) -> Vec<u8> {
    let mut buffer = packet.to_vec();
    buffer.resize(packet.len() + RTCP_OVERHEAD, 0);
    let length = machine.rtcp(&mut buffer, packet.len()).expect("a report");
    assert_eq!(length, buffer.len());
    buffer
}

fn read_report(machine: &mut Unprotect, packet: &[u8]) -> Result<Vec<u8>, SrtpError> {
    let mut buffer = packet.to_vec();
    let length = machine.rtcp(&mut buffer)?;
    buffer.truncate(length);
    Ok(buffer)
}

/// A receiver report of one block.
fn report(ssrc: u32, fill: u8) -> Vec<u8> {
    let mut packet = vec![0x81, 201, 0, 7];
    packet.extend(ssrc.to_be_bytes());
    packet.extend([fill; 24]);
    packet
}

#[test]
fn another_implementation_understands_us_and_we_it() {
    let mut dice = Dice(0x5eed);
    for (suite, profile) in SUITES {
        let (mut out, mut back) = pair(suite);
        let (mut theirs_in, mut theirs_out) = (oracle(suite, profile), oracle(suite, profile));
        for n in 0..300_u32 {
            // Over the end of the sequence numbers.
            let sequence = 65_400_u16.wrapping_add(n as u16);
            let length = dice.below(400);
            let packet = rtp(0xcafe_0001, sequence, &dice.bytes(length), n % 3 == 0);
            let ours = protected(&mut out, &packet).expect("protected");
            assert_eq!(ours.len(), packet.len() + suite.tag_length());
            assert_eq!(theirs_in.decrypt_rtp(&ours).expect("understood")[..], packet, "{suite:?} {sequence}");
            let theirs = theirs_out.encrypt_rtp(&packet).expect("protected");
            assert_eq!(ours, theirs, "{suite:?} {sequence}: the same bytes");
            assert_eq!(unprotected(&mut back, &theirs).as_ref(), Ok(&packet), "{suite:?} {sequence}");
        }
        for n in 0..10 {
            let packet = report(0xcafe_0001, n);
            let ours = reported(&mut out, &packet);
            assert_ne!(ours[8..32], packet[8..32]);
            assert_eq!(theirs_in.decrypt_rtcp(&ours).expect("understood")[..], packet, "{suite:?}");
            let theirs = theirs_out.encrypt_rtcp(&packet).expect("protected");
            assert_eq!(read_report(&mut back, &theirs).as_ref(), Ok(&packet), "{suite:?}");
        }
    }
}

#[test]
fn what_is_on_the_wire_does_not_show_the_payload_and_the_header_stays() {
    let (mut out, _) = pair(Suite::Aes128Sha1_80);
    let packet = rtp(7, 1, &[0xd5; 160], true);
    let wire = protected(&mut out, &packet).expect("protected");
    assert_eq!(wire[..40 - 8], packet[..40 - 8]);
    let same = wire[32..192].iter().filter(|byte| **byte == 0xd5).count();
    assert!(same < 10, "{same} bytes of the payload are as they were");
}

#[test]
fn packets_out_of_order_are_taken_once_each_over_many_roll_overs() {
    let (mut out, mut back) = pair(Suite::Aes128Sha1_80);
    let mut dice = Dice(42);
    let packets: Vec<Vec<u8>> = (0..70_000_u32)
        .map(|n| {
            // Every hundredth, so that there are a hundred roll-overs of this stream.
            let sequence = (n * 100) as u16;
            rtp(9, sequence, &n.to_be_bytes(), false)
        })
        .collect();
    let mut wire: Vec<Vec<u8>> = packets.iter().map(|packet| protected(&mut out, packet).expect("protected")).collect();
    // The first stays: §3.3.1 lets nothing come before it. Those a hundred apart may not swap far.
    let mut order: Vec<usize> = (0..wire.len()).collect();
    for at in 1..order.len() - 1 {
        if dice.below(4) == 0 {
            order.swap(at, at + 1);
        }
    }
    let mut late = 0;
    for at in order {
        match unprotected(&mut back, &wire[at]) {
            Ok(packet) => assert_eq!(packet, packets[at]),
            Err(SrtpError::TooOld) => late += 1,
            Err(error) => panic!("{at}: {error}"),
        }
        assert!(unprotected(&mut back, &wire[at]).is_err(), "twice");
    }
    assert!(late < 4_000, "only what was swapped more than once: {late}");
    // One bit, anywhere, and it is not taken.
    let last = wire.len() - 1;
    wire[last][20] ^= 1;
    assert!(unprotected(&mut back, &wire[last]).is_err());
}

#[test]
fn a_replay_is_refused_in_the_window_and_before_it() {
    for (suite, _) in SUITES {
        let (mut out, mut back) = pair(suite);
        let wire: Vec<Vec<u8>> =
            (0..300).map(|n| protected(&mut out, &rtp(5, n, b"hello", false)).expect("protected")).collect();
        for (n, packet) in wire.iter().enumerate() {
            if n % 2 == 0 {
                assert!(unprotected(&mut back, packet).is_ok());
            }
        }
        assert_eq!(unprotected(&mut back, &wire[298]), Err(SrtpError::Replayed));
        assert_eq!(unprotected(&mut back, &wire[200]), Err(SrtpError::Replayed));
        assert_eq!(unprotected(&mut back, &wire[100]), Err(SrtpError::TooOld));
        assert!(unprotected(&mut back, &wire[201]).is_ok(), "late, for the first time");
        assert_eq!(unprotected(&mut back, &wire[201]), Err(SrtpError::Replayed));
        let report = reported(&mut out, &report(5, 1));
        assert!(read_report(&mut back, &report).is_ok());
        assert_eq!(read_report(&mut back, &report), Err(SrtpError::Replayed));
        // Nor do we send two packets under one number.
        assert_eq!(protected(&mut out, &rtp(5, 299, b"other", false)), Err(SrtpError::Replayed));
    }
}

#[test]
fn a_forged_packet_changes_nothing() {
    let mut dice = Dice(77);
    for (suite, _) in SUITES {
        let (mut out, mut back) = pair(suite);
        for n in 0..50_u16 {
            let packet = rtp(0xabcd, n, &dice.bytes(60), n % 2 == 0);
            let wire = protected(&mut out, &packet).expect("protected");
            for _ in 0..20 {
                let mut forged = wire.clone();
                let at = dice.below(forged.len());
                forged[at] ^= 1 << dice.below(8);
                let before = forged.clone();
                assert!(back.rtp(&mut forged).is_err(), "byte {at} of {n}");
                assert_eq!(forged, before, "left as it came");
            }
            // A number from far ahead does not move the window either.
            let mut ahead = wire.clone();
            ahead[2] ^= 0x40;
            assert_eq!(back.rtp(&mut ahead), Err(SrtpError::Forged));
            assert_eq!(unprotected(&mut back, &wire), Ok(packet), "{suite:?} {n}");
        }
        let plain = report(0xabcd, 3);
        let wire = reported(&mut out, &plain);
        for at in 0..wire.len() {
            let mut forged = wire.clone();
            forged[at] ^= 0x80;
            assert!(read_report(&mut back, &forged).is_err(), "byte {at}");
        }
        assert_eq!(read_report(&mut back, &wire), Ok(plain));
    }
}

#[test]
fn another_key_or_suite_is_forged() {
    let (mut out, _) = pair(Suite::Aes128Sha1_80);
    let wire = protected(&mut out, &rtp(1, 1, &[1; 160], false)).expect("protected");
    let mut key = KEY;
    key[0] ^= 1;
    let other = MasterKey::new(Suite::Aes128Sha1_80, &key[..16], &SALT).expect("a key");
    assert_eq!(unprotected(&mut Unprotect::new(&other), &wire), Err(SrtpError::Forged));
    assert_eq!(unprotected(&mut Unprotect::new(&master(Suite::Aes128Sha1_32)), &wire), Err(SrtpError::Forged));
}

#[test]
fn strangers_do_not_fill_the_table_and_friends_only_to_its_bound() {
    let (mut out, mut back) = pair(Suite::Aes128Sha1_80);
    let mut forger = Protect::new(&MasterKey::new(Suite::Aes128Sha1_80, &[9; 16], &SALT).expect("a key"));
    for ssrc in 0..1_000 {
        // His own table is full one day: he takes a new machine.
        if ssrc % 50 == 0 {
            forger = Protect::new(&MasterKey::new(Suite::Aes128Sha1_80, &[9; 16], &SALT).expect("a key"));
        }
        let wire = protected(&mut forger, &rtp(ssrc, 1, b"x", false)).expect("protected");
        assert_eq!(unprotected(&mut back, &wire), Err(SrtpError::Forged));
    }
    for ssrc in 0..MAX_STREAMS as u32 {
        let wire = protected(&mut out, &rtp(ssrc, 1, b"x", false)).expect("protected");
        assert!(unprotected(&mut back, &wire).is_ok());
    }
    assert_eq!(protected(&mut out, &rtp(1_000, 1, b"x", false)), Err(SrtpError::TooManyStreams));
    // Those that are known go on.
    let wire = protected(&mut out, &rtp(3, 2, b"x", false)).expect("protected");
    assert!(unprotected(&mut back, &wire).is_ok());
}

#[test]
fn streams_under_one_key_do_not_disturb_each_other() {
    let (mut out, mut back) = pair(Suite::Aes256Sha1_80);
    for n in 0..200_u16 {
        for ssrc in [1, 2, 3] {
            let packet = rtp(ssrc, n.wrapping_mul(ssrc as u16).wrapping_add(65_500), b"hello", false);
            let wire = protected(&mut out, &packet).expect("protected");
            assert_eq!(unprotected(&mut back, &wire), Ok(packet));
        }
    }
}

#[test]
fn the_flag_of_a_report_cannot_be_taken_away() {
    // §3.4: the flag is part of what is authenticated.
    let (mut out, mut back) = pair(Suite::Aes128Sha1_80);
    let mut wire = reported(&mut out, &report(1, 1));
    let at = wire.len() - RTCP_OVERHEAD;
    assert_eq!(wire[at..at + 4], [0x80, 0, 0, 0], "encrypted, index 0");
    wire[at] = 0;
    assert_eq!(read_report(&mut back, &wire), Err(SrtpError::Forged));
}

#[test]
fn no_bytes_do_harm() {
    let mut dice = Dice(0xbad);
    let (mut out, mut back) = pair(Suite::Aes128Sha1_32);
    for _ in 0..50_000 {
        let length = dice.below(80);
        let mut bytes = dice.bytes(length);
        if let Some(first) = bytes.first_mut().filter(|_| dice.below(4) > 0) {
            *first = *first & 0x1f | 0x80;
        }
        assert!(back.rtp(&mut bytes.clone()).is_err() && back.rtcp(&mut bytes.clone()).is_err());
        let length = dice.below(100);
        let _ = out.rtp(&mut bytes.clone(), length);
        let _ = out.rtcp(&mut bytes, length);
    }
    assert_eq!(out.rtp(&mut [], usize::MAX), Err(SrtpError::NoRoom));
    assert_eq!(out.rtcp(&mut [0x80; 20], 20), Err(SrtpError::NoRoom));
}

#[test]
fn no_key_is_shown() {
    let (out, back) = pair(Suite::Aes128Sha1_80);
    let shown = format!("{out:?} {back:?} {:?}", master(Suite::Aes128Sha1_80));
    assert_eq!(
        shown,
        "Protect(Aes128Sha1_80, secret) Unprotect(Aes128Sha1_80, secret) MasterKey(Aes128Sha1_80, secret)"
    );
}
