//! What a packet costs to protect and to unprotect: `cargo bench -p media --bench srtp`. The allocator counts: none.

use divan::{AllocProfiler, Bencher, black_box};
use media::srtp::{MasterKey, Protect, RTCP_OVERHEAD, RTP_OVERHEAD, Suite, Unprotect};

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

const SUITES: [Suite; 3] = [Suite::Aes128Sha1_80, Suite::Aes128Sha1_32, Suite::Aes256Sha1_80];
/// 20 ms of G.711 behind its header.
const LENGTH: usize = 172;

fn master(suite: Suite) -> MasterKey {
    MasterKey::new(suite, &[7; 32][..suite.key_length()], &[9; 14]).expect("a key")
}

fn packet(sequence: u16) -> [u8; LENGTH + RTP_OVERHEAD] {
    let mut packet = [0x55; LENGTH + RTP_OVERHEAD];
    packet[0] = 0x80;
    packet[2..4].copy_from_slice(&sequence.to_be_bytes());
    packet
}

#[divan::bench(args = SUITES)]
fn protect(bencher: Bencher<'_, '_>, suite: Suite) {
    let mut machine = Protect::new(&master(suite));
    let mut sequence = 0_u16;
    let mut buffer = packet(0);
    bencher.bench_local(|| {
        sequence = sequence.wrapping_add(1);
        buffer[2..4].copy_from_slice(&sequence.to_be_bytes());
        machine.rtp(black_box(&mut buffer), LENGTH).expect("protected")
    });
}

#[divan::bench(args = SUITES)]
fn unprotect(bencher: Bencher<'_, '_>, suite: Suite) {
    let mut ours = Protect::new(&master(suite));
    let mut theirs = Unprotect::new(&master(suite));
    let mut sequence = 0_u16;
    bencher
        .with_inputs(|| {
            sequence = sequence.wrapping_add(1);
            let mut buffer = packet(sequence);
            let length = ours.rtp(&mut buffer, LENGTH).expect("protected");
            (buffer, length)
        })
        .bench_local_refs(|(buffer, length)| theirs.rtp(black_box(&mut buffer[..*length])).expect("authentic"));
}

#[divan::bench]
fn protect_report(bencher: Bencher<'_, '_>) {
    let mut machine = Protect::new(&master(Suite::Aes128Sha1_80));
    let mut buffer = [0x80; 52 + RTCP_OVERHEAD];
    bencher.bench_local(|| machine.rtcp(black_box(&mut buffer), 52).expect("protected"));
}
