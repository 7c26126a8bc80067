//! What the fuzz target does, on stable and in a second: over descriptions of the field, and over inputs bred from them.

#[path = "../fuzz/fuzz_targets/feed.rs"]
mod feed;

const SEEDS: &[&str] = &[
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=sendonly\r\n",
    "v=0\r\no=jdoe 3724394400 3724394405 IN IP6 2001:db8::1\r\ns=Call\r\ni=x\r\nu=http://x.example\r\ne=a@b.example\r\nc=IN IP6 2001:db8::1\r\nb=AS:64\r\nt=0 0\r\n\
     a=group:BUNDLE 0 1\r\nm=audio 49170 UDP/TLS/RTP/SAVPF 111 0\r\nc=IN IP6 2001:db8::2\r\na=rtcp:53020 IN IP4 126.16.64.4\r\na=rtcp-mux\r\n\
     a=rtpmap:111 opus/48000/2\r\na=candidate:1 1 UDP 1 10.0.0.1 9 typ host\r\nm=video 0 RTP/AVP 31\r\n",
    "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns= \r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=audio 0 RTP/AVP 18\r\nm=image 5000 udptl t38\r\nm=audio 6000/2 RTP/AVP 9 13\r\n",
];

const WORDS: &[&str] = &[
    "\r\n",
    "\n",
    "\0",
    "c=IN IP4 224.0.0.1/127\r\n",
    "m=audio 1 RTP/AVP 0\r\n",
    "a=inactive\r\n",
    "a=rtpmap:",
    " ",
    "/",
    ":",
    "-1",
    "65536",
    "ж",
    "IN IP6 ::\r\n",
];

/// Random numbers that are the same in every run (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound.max(1)).expect("small")).expect("small")
    }
}

#[test]
fn descriptions_of_the_field_and_what_is_bred_from_them_do_no_harm() {
    let mut dice = Dice(0x5eed);
    for seed in SEEDS {
        feed::description(seed.as_bytes());
    }
    for _ in 0..5_000 {
        let mut bytes = SEEDS[dice.below(SEEDS.len())].as_bytes().to_vec();
        for _ in 0..=dice.below(5) {
            let at = dice.below(bytes.len() + 1);
            let end = (at + dice.below(30)).min(bytes.len());
            match dice.below(4) {
                0 => drop(bytes.drain(at..end)),
                1 => drop(bytes.splice(at..at, WORDS[dice.below(WORDS.len())].bytes())),
                2 => drop(bytes.splice(at..end, WORDS[dice.below(WORDS.len())].bytes())),
                _ => {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= 1 << dice.below(8);
                    }
                }
            }
        }
        feed::description(&bytes);
    }
}
