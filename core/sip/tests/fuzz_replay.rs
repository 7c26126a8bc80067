//! What the fuzz targets do, on stable and in seconds: over their seeds, and over inputs bred from them.

use std::path::Path;

use crate::{corpus, everyday, feed};

/// Random numbers that are the same in every run (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.roll() % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }
}

/// Bytes that mean something to somebody who reads SIP.
const WORDS: [&[u8]; 32] = [
    b"\r\n",
    b"\r\n ",
    b"\r\n\r\n",
    b"\r",
    b"\n",
    b"\0",
    b"\\\0",
    b"\\",
    b"\"",
    b"<",
    b">",
    b";",
    b",",
    b"=",
    b":",
    b"@",
    b"?",
    b"%",
    b"%00",
    b"%4",
    b"[",
    b"]",
    b":::",
    b"*",
    b"sip:",
    b"tel:+1",
    b";tag=1",
    b";branch=z9hG4bK",
    b"l: 3\r\n",
    b"Via: ",
    b"\xff",
    "ж".as_bytes(),
];

/// One input bred from another.
fn breed(dice: &mut Dice, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = seeds[dice.below(seeds.len())].clone();
    for _ in 0..=dice.below(6) {
        let at = dice.below(bytes.len() + 1);
        let end = (at + dice.below(40)).min(bytes.len());
        match dice.below(7) {
            0 => _ = bytes.splice(at..at, WORDS[dice.below(WORDS.len())].iter().copied()),
            1 => _ = bytes.splice(at..end, WORDS[dice.below(WORDS.len())].iter().copied()),
            2 => _ = bytes.drain(at..end),
            3 => {
                let part = bytes[at..end].to_vec();
                let to = dice.below(bytes.len() + 1);
                bytes.splice(to..to, part);
            }
            4 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << dice.below(8);
                }
            }
            5 => {
                let other = &seeds[dice.below(seeds.len())];
                let from = dice.below(other.len() + 1);
                let to = (from + dice.below(200)).min(other.len());
                bytes.splice(at..end, other[from..to].iter().copied());
            }
            _ => bytes.truncate(at.max(bytes.len() / 2)),
        }
    }
    bytes
}

fn messages() -> Vec<Vec<u8>> {
    let corpus = corpus::messages().into_iter().map(|(_, bytes)| bytes);
    corpus.chain(everyday::messages().into_iter().map(|(_, bytes)| bytes)).collect()
}

/// Says which input it was when a target fails on it.
fn run(what: &str, target: fn(&[u8]), bytes: &[u8]) {
    if let Err(cause) = std::panic::catch_unwind(|| target(bytes)) {
        eprintln!("{what} fails on {:?}", String::from_utf8_lossy(bytes));
        std::panic::resume_unwind(cause);
    }
}

#[test]
fn datagrams() {
    let seeds = messages();
    seeds.iter().for_each(|bytes| run("a seed", feed::datagram, bytes));
    let mut dice = Dice(1);
    for _ in 0..13_000 {
        run("a datagram", feed::datagram, &breed(&mut dice, &seeds));
    }
}

#[test]
fn streams() {
    let mut seeds = messages();
    // A byte for the size of the parts, and two messages behind each other.
    for at in 0..seeds.len() {
        let next = seeds[(at + 1) % seeds.len()].clone();
        seeds[at].extend_from_slice(b"\r\n\r\n\r\n");
        seeds[at].extend(next);
        seeds[at].insert(0, u8::try_from(at).unwrap());
    }
    seeds.iter().for_each(|bytes| run("a seed", feed::stream, bytes));
    let mut dice = Dice(2);
    for _ in 0..6000 {
        run("a stream", feed::stream, &breed(&mut dice, &seeds));
    }
}

#[test]
fn transaction_sequences() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/transactions");
    let mut seeds: Vec<Vec<u8>> =
        std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect();
    seeds.sort();
    assert!(!seeds.is_empty());
    let mut dice = Dice(3);
    for _ in 0..20 {
        seeds.push((0..200).map(|_| u8::try_from(dice.roll() & 0xff).unwrap()).collect());
    }
    seeds.iter().for_each(|bytes| run("a seed", feed::transactions, bytes));
    for _ in 0..1000 {
        run("a sequence", feed::transactions, &breed(&mut dice, &seeds));
    }
}
