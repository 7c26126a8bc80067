//! Phones that talk, heard: each says its own tone in the codec that it has agreed on, packet by packet, through the real
//! jitter buffers and codecs, while the world's time goes on. Who is connected to whom, who is held, what is played and
//! what is recorded is as the exchange has ordered it.

use std::time::{Duration, Instant};

use media::{Codec, FRAME, Hearing, JitterConfig, Packetiser, Rate, Speaking};
use switch::Voice;

use crate::handles::Phone;
use crate::mixing::{loudness_in, sine};
use crate::world::World;

/// Whatever is played, as a frequency.
pub(crate) const PLAYED: u16 = 3_100;

/// Phones of one world, and what each has heard.
#[derive(Debug)]
pub struct Voices {
    world: World,
    ends: Vec<End>,
    ticks: u64,
}

/// A phone, and the exchange's side of it.
#[derive(Debug)]
struct End {
    phone: Phone,
    hz: u16,
    line: Option<Line>,
    /// What it heard, frame by frame,
    heard: Vec<(Instant, Rate, Vec<i16>)>,
    /// and what a recording has of what it said.
    taped: Vec<(Instant, Rate, Vec<i16>)>,
}

/// What a phone and the exchange make of an agreement.
#[derive(Debug)]
struct Line {
    voice: Voice,
    /// The phone speaks,
    says: Speaking,
    /// the exchange hears it where its packets do not simply go on,
    port: Hearing,
    /// speaks itself,
    plays: Speaking,
    /// and the phone hears.
    ear: Hearing,
}

/// Frames are of this rate for a codec.
const fn rate_of(codec: Codec) -> Rate {
    match codec {
        Codec::Pcmu | Codec::Pcma => Rate::Narrow,
        Codec::G722 | Codec::Opus => Rate::Wide,
    }
}

impl Line {
    fn new(voice: Voice, number: u32) -> Self {
        let (codec, rate) = (voice.codec, rate_of(voice.codec));
        let hearing = |seed| Hearing::new(&voice.formats, rate, JitterConfig::default(), seed);
        let speaking = |ssrc| {
            let rtp = Packetiser::new(voice.send, ssrc, 100, 9_000);
            Speaking::new(codec, rate, FRAME, rtp).expect("20 ms")
        };
        Self {
            says: speaking(2 * number + 2),
            port: hearing(3),
            plays: speaking(2 * number + 3),
            ear: hearing(4),
            voice,
        }
    }
}

impl Voices {
    /// These phones of a world, which say nothing until it runs.
    #[must_use]
    pub fn of(world: &World, phones: &[&Phone]) -> Self {
        let end = |phone: &&Phone| End {
            phone: (*phone).clone(),
            hz: world.tone_of(phone),
            line: None,
            heard: Vec::new(),
            taped: Vec::new(),
        };
        Self { world: world.clone(), ends: phones.iter().map(end).collect(), ticks: 0 }
    }

    /// All of them speak for so long; gives when that began.
    pub fn run(&mut self, time: Duration) -> Instant {
        let begun = self.world.now();
        for _ in 0..time.as_millis() / FRAME.as_millis() {
            self.world.run_for(FRAME);
            self.tick(self.world.now());
        }
        begun
    }

    fn tick(&mut self, now: Instant) {
        self.follow();
        let mut packet = Vec::new();
        for from in 0..self.ends.len() {
            let hears = |to: &usize| *to != from && self.ends[*to].phone.hears(&self.ends[from].phone);
            let listeners: Vec<usize> = (0..self.ends.len()).filter(hears).collect();
            let taped = self.world.tapes(&self.ends[from].phone);
            let hz = self.ends[from].hz;
            let Some(line) = &mut self.ends[from].line else { continue };
            let (codec, rate) = (line.voice.codec, rate_of(line.voice.codec));
            line.says.handle(&sine(hz, rate, self.ticks));
            let mut said = Vec::new();
            while line.says.poll(&mut packet) {
                let _ = line.port.handle(now, &packet);
                said.push(packet.clone());
            }
            let mut frame = vec![0; rate.frame()];
            line.port.poll(now, &mut frame);
            if taped {
                self.ends[from].taped.push((now, rate, frame.clone()));
            }
            for to in listeners {
                let Some(there) = &mut self.ends[to].line else { continue };
                if there.voice.codec == codec {
                    for packet in &mut said {
                        packet[1] = packet[1] & 0x80 | there.voice.send;
                        let _ = there.ear.handle(now, packet);
                    }
                } else {
                    there.play(now, rate, &frame);
                }
            }
        }
        for end in &mut self.ends {
            let Some(line) = &mut end.line else {
                end.heard.push((now, Rate::Narrow, Vec::new()));
                continue;
            };
            if !self.world.hears(&end.phone).is_empty() {
                let rate = rate_of(line.voice.codec);
                line.play(now, rate, &sine(PLAYED, rate, self.ticks));
            }
            let rate = line.ear.rate();
            let mut frame = vec![0; rate.frame()];
            line.ear.poll(now, &mut frame);
            end.heard.push((now, rate, frame));
        }
        self.ticks += 1;
    }

    /// After another agreement a phone speaks and hears anew.
    fn follow(&mut self) {
        for (number, end) in self.ends.iter_mut().enumerate() {
            let agreed = self.world.voice_to(&end.phone);
            if end.line.as_ref().map(|line| &line.voice) != agreed.as_ref() {
                let number = u32::try_from(number).unwrap_or(0) + 16 * u32::try_from(self.ticks % 1_000).unwrap_or(0);
                end.line = agreed.map(|voice| Line::new(voice, number));
            }
        }
    }

    /// How loud a phone heard another in each frame between the two moments, in dB beside how loud that one spoke.
    #[must_use]
    pub fn heard(&self, listener: &Phone, speaker: &Phone, from: Instant, to: Instant) -> Vec<Option<f64>> {
        levels(&self.end(listener).heard, self.end(speaker).hz, from, to)
    }

    /// The same of what was played to it.
    #[must_use]
    pub fn heard_playing(&self, listener: &Phone, from: Instant, to: Instant) -> Vec<Option<f64>> {
        levels(&self.end(listener).heard, PLAYED, from, to)
    }

    /// How loud a speaker is on the side of the recording that is `side`'s, frame by frame.
    #[must_use]
    pub fn taped(&self, side: &Phone, speaker: &Phone) -> Vec<Option<f64>> {
        let end = self.end(side);
        end.taped.iter().map(|(_, rate, frame)| loudness_in(frame, *rate, self.end(speaker).hz)).collect()
    }

    fn end(&self, phone: &Phone) -> &End {
        self.ends.iter().find(|end| end.phone.at == phone.at).expect("one of these phones")
    }
}

impl Line {
    /// The exchange says this to the phone.
    fn play(&mut self, now: Instant, rate: Rate, frame: &[i16]) {
        if self.plays.rate() != rate {
            let rtp = self.plays.rtp().clone();
            self.plays = Speaking::new(self.voice.codec, rate, FRAME, rtp).expect("20 ms");
        }
        self.plays.handle(frame);
        let mut packet = Vec::new();
        while self.plays.poll(&mut packet) {
            let _ = self.ear.handle(now, &packet);
        }
    }
}

fn levels(frames: &[(Instant, Rate, Vec<i16>)], hz: u16, from: Instant, to: Instant) -> Vec<Option<f64>> {
    let between = frames.iter().filter(|(at, ..)| *at > from && *at <= to);
    between.map(|(_, rate, frame)| loudness_in(frame, *rate, hz)).collect()
}
