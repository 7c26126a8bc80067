//! The mixer: every member of a room hears all others and never himself. Sans-IO: a tick is [`FRAME`](crate::FRAME) of
//! sound, and whoever owns the mixer says when it is.
//!
//! ```text
//! let mut mixer = Mixer::new(MixerConfig::default());
//! let anna = mixer.join(Rate::Narrow);                // the room's rate may change by it: mixer.rate()
//! mixer.set_muted(anna, true);  mixer.set_hearing(anna, Volume::of_decibels(6.0));
//!                                                     // every 20 ms:
//! mixer.push(anna, &frame);                           // whoever has a frame; who is late is not waited for
//! mixer.announce(Audience::All, &prompt);             // prompts into the room, or into one ear
//! mixer.tick();
//! mixer.output(anna) → Silence | Shared(frame) | Own(frame)
//! mixer.whole()      → all of it, for a recording
//! mixer.poll_event() → who began to speak, who ended
//! ```
//!
//! All frames are in the room's rate: [`Mixer::rate`] is the highest that two of its members have, for a wider voice
//! would have nobody to hear it.
//!
//! What a tick costs is the few who speak. A member whose sound is quiet is not added; in a room of more than
//! [`MixerConfig::crowd`] members only the loudest [`MixerConfig::speakers`] are. Everybody else hears one and the same
//! frame, [`Output::Shared`], so that it is encoded once for each codec. Who speaks hears the sum less himself,
//! [`Output::Own`], and so does who has a volume or an announcement of his own. Nothing is allocated in a tick.
//!
//! Sums are of 32 bits and leave through a limiter, so that nothing wraps around or is cut square. Voices
//! come and go by a ramp of one frame, so that nothing clicks.

mod config;
mod floor;
mod level;
mod limiter;
mod member;
mod volume;

use std::collections::VecDeque;

use slotmap::{SlotMap, new_key_type};

use crate::pcm::Rate;
pub use config::MixerConfig;
use floor::Floor;
use level::Bounds;
pub use level::Speech;
use limiter::Limiter;
use member::Member;
pub use volume::Volume;

new_key_type! {
    /// A member of one room. The mixer mints it.
    pub struct MemberKey;
}

/// Whom an announcement is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Everybody who is not deaf, and the recording.
    All,
    /// One member, also when he is deaf.
    One(MemberKey),
}

/// What a member hears in this tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output<'a> {
    /// Nothing: a prepared frame of silence will do, or none at all.
    Silence,
    /// The same as all who get this: encode it once for each codec.
    Shared(&'a [i16]),
    /// What nobody else hears.
    Own(&'a [i16]),
}

/// A room.
#[derive(Debug)]
pub struct Mixer {
    config: MixerConfig,
    bounds: Bounds,
    rate: Rate,
    /// Who is in the room; keys are minted by `join`.
    members: SlotMap<MemberKey, Member>,
    floor: Floor,
    /// Whose frames are in the sum of this tick.
    added: Vec<MemberKey>,
    /// Who needs a frame of his own in this tick.
    apart: Vec<MemberKey>,
    sum: Vec<i32>,
    scratch: Vec<i32>,
    /// Announcements to all that wait for the tick.
    prompt: Vec<i32>,
    announced: bool,
    shared: Vec<i16>,
    shared_sounds: bool,
    limiter: Limiter,
    events: VecDeque<Speech>,
}

impl Mixer {
    /// An empty room.
    #[must_use]
    pub fn new(config: MixerConfig) -> Self {
        let rate = Rate::Narrow.min(config.max_rate);
        let speakers = config.speakers.max(config.crowd);
        let mut mixer = Self {
            bounds: Bounds::of(&config),
            config,
            rate,
            members: SlotMap::with_key(),
            floor: Floor::new(speakers),
            added: Vec::new(),
            apart: Vec::new(),
            sum: Vec::with_capacity(Rate::Full.frame()),
            scratch: Vec::with_capacity(Rate::Full.frame()),
            prompt: Vec::with_capacity(Rate::Full.frame()),
            announced: false,
            shared: Vec::with_capacity(Rate::Full.frame()),
            shared_sounds: false,
            limiter: Limiter::default(),
            events: VecDeque::new(),
        };
        mixer.fit();
        mixer
    }

    /// A member comes, who speaks and hears at this rate.
    pub fn join(&mut self, rate: Rate) -> MemberKey {
        let key = self.members.insert(Member::new(rate, self.rate.frame()));
        let size = self.members.len();
        self.added.reserve(size.saturating_sub(self.added.len()));
        self.apart.reserve(size.saturating_sub(self.apart.len()));
        // One begin and one end each, if nobody asks for a while.
        self.events.reserve((2 * size).saturating_sub(self.events.len()));
        self.choose_rate();
        key
    }

    /// A member goes. Whoever spoke has ended.
    pub fn leave(&mut self, member: MemberKey) {
        if let Some(mut gone) = self.members.remove(member) {
            if gone.ear.hush() {
                self.tell(Speech { member, speaks: false });
            }
            self.added.retain(|key| *key != member);
            self.choose_rate();
        }
    }

    /// A member speaks and hears at another rate from now on.
    pub fn set_rate(&mut self, member: MemberKey, rate: Rate) {
        if let Some(member) = self.members.get_mut(member) {
            member.rate = rate;
            self.choose_rate();
        }
    }

    /// The rate of all frames that come and go: the highest that two members have, or the only one's.
    #[must_use]
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Nobody is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Nobody hears him from the next tick on, or again.
    pub fn set_muted(&mut self, member: MemberKey, muted: bool) {
        let Some(found) = self.members.get_mut(member) else { return };
        found.muted = muted;
        if muted && found.ear.hush() {
            self.tell(Speech { member, speaks: false });
        }
    }

    /// He hears nobody, or again; announcements to him alone are still heard.
    pub fn set_deaf(&mut self, member: MemberKey, deaf: bool) {
        if let Some(member) = self.members.get_mut(member) {
            member.deaf = deaf;
        }
    }

    /// How loud others hear him.
    pub fn set_speaking(&mut self, member: MemberKey, volume: Volume) {
        if let Some(member) = self.members.get_mut(member) {
            member.fader.volume = volume;
        }
    }

    /// How loud he hears the room.
    pub fn set_hearing(&mut self, member: MemberKey, volume: Volume) {
        if let Some(member) = self.members.get_mut(member) {
            member.hearing = volume;
        }
    }

    /// What a member says in this tick; a second frame replaces the first. One that is not of the room's rate is not
    /// taken: it was made before the rate changed.
    pub fn push(&mut self, member: MemberKey, frame: &[i16]) -> bool {
        let Some(member) = self.members.get_mut(member) else { return false };
        if frame.len() != member.frame.len() {
            return false;
        }
        if !member.muted || member.fader.is_open() {
            member.ear.hear(frame);
            member.frame.copy_from_slice(frame);
            member.spoke = true;
        }
        true
    }

    /// Something that nobody of the room says, in this tick; several are added. As with [`push`](Self::push) the frame
    /// must be of the room's rate.
    pub fn announce(&mut self, audience: Audience, frame: &[i16]) -> bool {
        if frame.len() != self.rate.frame() {
            return false;
        }
        match audience {
            Audience::All => {
                for (sum, sample) in self.prompt.iter_mut().zip(frame) {
                    *sum = sum.saturating_add(i32::from(*sample));
                }
                self.announced = true;
                true
            }
            Audience::One(member) => {
                let Some(member) = self.members.get_mut(member) else { return false };
                if !member.whispered {
                    member.whisper.fill(0);
                }
                for (sum, sample) in member.whisper.iter_mut().zip(frame) {
                    *sum = sum.saturating_add(*sample);
                }
                member.whispered = true;
                true
            }
        }
    }

    /// Mixes what came since the last tick.
    pub fn tick(&mut self) {
        self.listen();
        self.add();
        for at in 0..self.apart.len() {
            if let Some(key) = self.apart.get(at) {
                self.mix_apart(*key);
            }
        }
        self.announced = false;
    }

    /// What this member hears, as the last tick left it; silence for one who is not there.
    #[must_use]
    pub fn output(&self, member: MemberKey) -> Output<'_> {
        let Some(member) = self.members.get(member) else { return Output::Silence };
        match member.own_sounds {
            Some(true) => Output::Own(&member.own),
            Some(false) => Output::Silence,
            None if self.shared_sounds && !member.deaf => Output::Shared(&self.shared),
            None => Output::Silence,
        }
    }

    /// All that was said in the last tick, with announcements to all: for a recording.
    #[must_use]
    pub fn whole(&self) -> &[i16] {
        &self.shared
    }

    /// Whether anything was heard in the last tick; [`whole`](Self::whole) is silence when not.
    #[must_use]
    pub fn sounds(&self) -> bool {
        self.shared_sounds
    }

    /// How loud a member was in his last frame, in dBov; −96 for silence.
    #[must_use]
    pub fn level(&self, member: MemberKey) -> Option<f32> {
        self.members.get(member).map(|member| member.ear.level())
    }

    /// Who speaks now. The order is that of the seats.
    pub fn speaking(&self) -> impl Iterator<Item = MemberKey> {
        self.members.iter().filter(|(_, member)| member.ear.speaks()).map(|(key, _)| key)
    }

    /// Who began or ended to speak, in that order. More than two a member are not kept: the oldest is forgotten.
    pub fn poll_event(&mut self) -> Option<Speech> {
        self.events.pop_front()
    }

    /// First pass, over all: levels, who gets the floor, who needs a frame of his own.
    fn listen(&mut self) {
        let crowded = self.members.len() > self.config.crowd;
        self.floor.open(if crowded { self.config.speakers } else { self.config.crowd });
        self.added.clear();
        self.apart.clear();
        let (bounds, floor, apart, added) = (&self.bounds, &mut self.floor, &mut self.apart, &mut self.added);
        let events = &mut self.events;
        for (key, member) in &mut self.members {
            let heard = member.spoke && !member.muted;
            if let Some(speaks) = member.ear.tick(bounds, heard) {
                note(events, Speech { member: key, speaks });
            }
            member.own_sounds = None;
            if heard && member.ear.is_voiced() {
                floor.consider(key, member.ear.loudness(), member.fader.is_open());
            }
            member.added = false;
            if member.fader.is_open() && member.spoke {
                // He may have lost the floor: then he is faded out.
                added.push(key);
            }
            if member.whispered || member.hearing != Volume::UNCHANGED {
                apart.push(key);
            }
        }
    }

    /// Second pass, over those who have or had the floor: the sum.
    fn add(&mut self) {
        for key in self.floor.keys() {
            if !self.added.contains(&key) {
                self.added.push(key);
            }
        }
        if self.announced {
            std::mem::swap(&mut self.sum, &mut self.prompt);
            self.prompt.fill(0);
        } else if !self.added.is_empty() {
            self.sum.fill(0);
        }
        for key in &self.added {
            let Some(member) = self.members.get_mut(*key) else { continue };
            member.fader.fade(self.floor.has(*key), &mut member.frame, &mut self.scratch);
            member.added = true;
            for (sum, sample) in self.sum.iter_mut().zip(&member.frame) {
                *sum += i32::from(*sample);
            }
            if !self.apart.contains(key) {
                self.apart.push(*key);
            }
        }
        let sounds = self.announced || !self.added.is_empty();
        if sounds {
            self.limiter.limit(&self.sum, &mut self.shared);
        } else if self.shared_sounds {
            self.shared.fill(0);
        }
        self.shared_sounds = sounds;
        self.settle();
    }

    /// A frame is for one tick alone, and who had none begins anew from nothing.
    fn settle(&mut self) {
        for member in self.members.values_mut() {
            if !member.added {
                member.fader.close();
            }
            member.spoke = false;
        }
    }

    /// Third pass, over those who hear what nobody else does: the sum less himself, by his volume, and what is whispered.
    fn mix_apart(&mut self, key: MemberKey) {
        let Some(member) = self.members.get_mut(key) else { return };
        let others = self.added.len() - usize::from(member.added);
        let room = !member.deaf && (others > 0 || self.announced);
        let sounds = room || member.whispered;
        member.own_sounds = Some(sounds);
        if !sounds {
            return;
        }
        match (room, member.added) {
            (true, true) => {
                for ((own, sum), frame) in self.scratch.iter_mut().zip(&self.sum).zip(&member.frame) {
                    *own = sum - i32::from(*frame);
                }
            }
            (true, false) => self.scratch.copy_from_slice(&self.sum),
            (false, _) => self.scratch.fill(0),
        }
        member.hearing.scale(&mut self.scratch);
        if std::mem::take(&mut member.whispered) {
            for (own, sample) in self.scratch.iter_mut().zip(&member.whisper) {
                *own = own.saturating_add(i32::from(*sample));
            }
        }
        member.limiter.limit(&self.scratch, &mut member.own);
    }

    /// The highest rate that somebody can speak and somebody else can hear.
    fn choose_rate(&mut self) {
        let (mut highest, mut second) = (None, None);
        for member in self.members.values() {
            if Some(member.rate) > highest {
                (highest, second) = (Some(member.rate), highest);
            } else if Some(member.rate) > second {
                second = Some(member.rate);
            }
        }
        let rate = second.or(highest).unwrap_or(self.rate).min(self.config.max_rate);
        if rate != self.rate {
            self.rate = rate;
            self.fit();
        }
    }

    /// All buffers take the room's rate; what waited in them is of the old one and goes.
    fn fit(&mut self) {
        let frame = self.rate.frame();
        for buffer in [&mut self.sum, &mut self.scratch, &mut self.prompt] {
            buffer.clear();
            buffer.resize(frame, 0);
        }
        self.shared.clear();
        self.shared.resize(frame, 0);
        (self.announced, self.shared_sounds) = (false, false);
        for member in self.members.values_mut() {
            member.fit(frame);
        }
    }

    fn tell(&mut self, speech: Speech) {
        note(&mut self.events, speech);
    }
}

/// Never grows beyond what `join` reserved.
fn note(events: &mut VecDeque<Speech>, speech: Speech) {
    if events.len() == events.capacity() {
        events.pop_front();
    }
    events.push_back(speech);
}
