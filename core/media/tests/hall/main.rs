//! Rooms in virtual time: members of all codecs, each with a note of his own; who hears whom, how loud, how soon, and
//! without a click.

mod hearing;
mod sharing;
mod timing;

use std::time::{Duration, Instant};

use media::hall::{Bearing, Event, Hall, HallConfig};
use media::mixer::{MemberKey, Volume};
use media::{Codec, Decoder, FRAME, Format, Packetiser, Rate, Speaking};

const MS: Duration = Duration::from_millis(1);

/// A far end: what it says is a note, what it hears is kept.
struct Phone {
    key: MemberKey,
    codec: Codec,
    rate: Rate,
    speaking: Speaking,
    decoder: Decoder,
    /// Hertz and peak of its note; `None` says nothing at all, not even silence.
    note: Option<(f64, f64)>,
    spoken: usize,
    /// When in a frame its packets leave, in ms.
    phase: u32,
    heard: Vec<i16>,
    /// How many samples of what it heard are of packets that came before this tick; for each tick.
    ticks: Vec<usize>,
}

/// A room, its phones, and the time.
struct House {
    hall: Hall,
    phones: Vec<Phone>,
    begun: Instant,
    /// Milliseconds since then.
    ms: u32,
    events: Vec<Event>,
    whole: Vec<i16>,
}

const PHASE: u32 = 7;

impl House {
    fn of(codecs: &[Codec]) -> Self {
        let mut house = Self {
            hall: Hall::new(HallConfig::default()),
            phones: Vec::new(),
            begun: Instant::now(),
            ms: 0,
            events: Vec::new(),
            whole: Vec::new(),
        };
        for (at, codec) in codecs.iter().enumerate() {
            house.join(*codec, FRAME, Some((note(at), 4_000.0)));
        }
        house
    }

    fn join(&mut self, codec: Codec, ptime: Duration, note: Option<(f64, f64)>) -> MemberKey {
        let number = codec.payload_type().unwrap_or(111);
        let formats = [(number, Format::Sound(codec)), (101, Format::Event)];
        let key = self.hall.join(codec, ptime, &formats, 7).expect("a whole ptime");
        let rate = codec.rate();
        let rtp = Packetiser::new(number, 1, 2, 3);
        self.phones.push(Phone {
            key,
            codec,
            rate,
            speaking: Speaking::new(codec, rate, FRAME, rtp).expect("20 ms"),
            decoder: Decoder::new(codec, rate),
            note,
            spoken: 0,
            phase: PHASE,
            heard: Vec::new(),
            ticks: Vec::new(),
        });
        key
    }

    fn key(&self, at: usize) -> MemberKey {
        self.phones[at].key
    }

    fn bear(&mut self, at: usize, bearing: Bearing) {
        self.hall.bear(self.key(at), bearing);
    }

    /// Only these say anything.
    fn speak(&mut self, who: &[usize]) {
        for (at, phone) in self.phones.iter_mut().enumerate() {
            phone.note = Some((note(at), if who.contains(&at) { 4_000.0 } else { 0.0 }));
        }
    }

    fn run(&mut self, millis: u32) {
        for _ in 0..millis {
            let now = self.begun + MS * self.ms;
            for phone in &mut self.phones {
                if self.ms % 20 == phone.phase {
                    let key = phone.key;
                    phone.say(|packet| {
                        self.hall.handle(now, key, packet).expect("heard");
                    });
                }
            }
            if self.ms.is_multiple_of(20) {
                self.hall.tick(now);
                for phone in &mut self.phones {
                    phone.ticks.push(phone.heard.len());
                    for payload in self.hall.payloads(phone.key) {
                        phone.hear(payload);
                    }
                }
                let silence = vec![0; self.hall.rate().frame()];
                self.whole.extend_from_slice(self.hall.whole().unwrap_or(&silence));
                self.events.extend(std::iter::from_fn(|| self.hall.poll_event()));
            }
            self.ms += 1;
        }
    }

    /// Forgets what was heard up to now.
    fn forget(&mut self) {
        for phone in &mut self.phones {
            phone.heard.clear();
            phone.ticks.clear();
        }
        self.whole.clear();
    }
}

impl Phone {
    fn say(&mut self, mut send: impl FnMut(&[u8])) {
        let (frame, hz) = (self.rate.frame(), f64::from(self.rate.hz()));
        let Some((note, peak)) = self.note else {
            self.spoken += frame;
            return self.speaking.skip(FRAME);
        };
        let wave = |n: usize| ((n as f64 * note * std::f64::consts::TAU / hz).sin() * peak) as i16;
        let sound: Vec<i16> = (self.spoken..self.spoken + frame).map(wave).collect();
        self.spoken += frame;
        self.speaking.handle(&sound);
        let mut packet = Vec::new();
        while self.speaking.poll(&mut packet) {
            send(&packet);
        }
    }

    fn hear(&mut self, payload: &[u8]) {
        let samples = self.codec.samples_of(payload, self.rate).expect("a payload of the codec");
        let start = self.heard.len();
        self.heard.resize(start + samples, 0);
        self.decoder.decode(payload, &mut self.heard[start..]).expect("decoded");
    }

    /// The peak of a note in the last so many milliseconds that it heard.
    fn hears(&self, hz: f64, millis: u64) -> f64 {
        let samples = self.rate.samples(MS * u32::try_from(millis).expect("short"));
        peak(&self.heard[self.heard.len().saturating_sub(samples)..], self.rate, hz)
    }
}

/// The note of a member: each a multiple of 50 Hz, so that 20 ms hold whole waves of all of them.
fn note(at: usize) -> f64 {
    400.0 + 150.0 * at as f64
}

/// How much of a note is in a sound: its peak (one bin of a Fourier transform).
fn peak(sound: &[i16], rate: Rate, hz: f64) -> f64 {
    let step = std::f64::consts::TAU * hz / f64::from(rate.hz());
    let (mut re, mut im) = (0.0, 0.0);
    for (n, sample) in sound.iter().enumerate() {
        re += f64::from(*sample) * (step * n as f64).cos();
        im += f64::from(*sample) * (step * n as f64).sin();
    }
    2.0 * re.hypot(im) / sound.len().max(1) as f64
}

fn decibels(a: f64, b: f64) -> f64 {
    20.0 * (a.max(1e-3) / b).log10()
}

fn louder(decibels: f32) -> Volume {
    Volume::of_decibels(decibels)
}
