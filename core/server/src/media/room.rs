//! A mixer on its thread: the hall that its members meet in, what waits to be announced, and what is kept of it.

use std::collections::VecDeque;
use std::time::Duration;

use media::hall::{Hall, HallConfig};
use media::mixer::MemberKey;
use media::player::Item;
use media::record::{Format, Layout, Settings};
use media::{PortKey, Rate, Recorder, Resampler};
use slotmap::SecondaryMap;
use switch::{Bearing, SoundId};

use super::recordings::Writing;
use super::studio::Tape;

/// What is recorded of a room is as wide as most of its members can be, whoever comes first.
const TAPED: Rate = Rate::Wide;

/// More announcements than this do not wait: where a hundred come at once, nobody wants to hear so many tones later.
const WAITING: usize = 32;

pub(super) struct Room {
    pub(super) hall: Hall,
    /// Ports whose far ends are heard and hear, by the hall's keys.
    pub(super) members: SecondaryMap<MemberKey, PortKey>,
    /// How many ports joined, with those that have no voice.
    pub(super) joined: usize,
    /// In which slot its turn is.
    pub(super) slot: usize,
    /// Who is being sent to.
    pub(super) at: Option<PortKey>,
    /// What is to be announced, in the order in which it was asked for; the sound comes when it has been read.
    announcements: VecDeque<(SoundId, Option<Vec<Item>>)>,
    tape: Option<(Tape, Resampler)>,
}

impl Room {
    pub(super) fn new(slot: usize) -> Self {
        Self {
            hall: Hall::new(HallConfig::default()),
            members: SecondaryMap::new(),
            joined: 0,
            slot,
            at: None,
            announcements: VecDeque::new(),
            tape: None,
        }
    }

    pub(super) const fn is_recorded(&self) -> bool {
        self.tape.is_some()
    }

    /// How a member takes part from now on.
    pub(super) fn bear(&mut self, member: MemberKey, bearing: Bearing) {
        let volume = |decibels: i8| media::mixer::Volume::of_decibels(decibels.into());
        let Bearing { muted, deaf, speaking, hearing } = bearing;
        let (speaking, hearing) = (volume(speaking), volume(hearing));
        self.hall.bear(member, media::hall::Bearing { muted, deaf, speaking, hearing });
    }

    /// Something will be announced once it is there; says whether there is room for it.
    pub(super) fn await_announcement(&mut self, id: SoundId) -> bool {
        let room = self.announcements.len() < WAITING;
        if room {
            self.announcements.push_back((id, None));
        }
        room
    }

    /// It is there, or will never be.
    pub(super) fn announce(&mut self, id: SoundId, items: Option<Vec<Item>>) {
        match items {
            Some(items) => {
                if let Some((_, place)) = self.announcements.iter_mut().find(|(wanted, _)| *wanted == id) {
                    *place = Some(items);
                }
            }
            None => self.announcements.retain(|(wanted, _)| *wanted != id),
        }
        self.announce_next();
    }

    /// Begins the next announcement, if its turn has come.
    pub(super) fn announce_next(&mut self) {
        while !self.hall.is_announcing()
            && let Some((_, Some(items))) = self.announcements.front_mut()
        {
            let items = std::mem::take(items);
            self.announcements.pop_front();
            if let Err(error) = self.hall.announce(items) {
                tracing::warn!(%error, "an announcement cannot be played");
            }
        }
    }

    /// Keeps what is said from now on.
    pub(super) fn record(&mut self, id: SoundId, limit: Duration, format: Format, writing: Writing) {
        self.enough();
        let settings = Settings { layout: Layout::Near, format, longest: Some(limit), ..Settings::wav(TAPED) };
        match Recorder::new(settings) {
            Ok(recorder) => self.tape = Some((Tape::new(id, TAPED, recorder, writing), Resampler::new(TAPED, TAPED))),
            Err(_) => writing.end(Duration::ZERO),
        }
    }

    /// Nothing is kept for now, or again.
    pub(super) fn pause(&mut self, on: bool) {
        if let Some((tape, resampler)) = &mut self.tape {
            tape.pause(on);
            if !on {
                // What was said in the pause waits in the buffers still.
                self.hall.leave_behind();
                resampler.reset();
            }
        }
    }

    /// Whom it was at work for when something went wrong; `None` when that was all of them.
    pub(super) fn at(&self) -> Option<PortKey> {
        self.at.or_else(|| self.members.get(self.hall.at()?).copied())
    }

    /// Ends the recording.
    pub(super) fn enough(&mut self) {
        if let Some((tape, _)) = self.tape.take() {
            tape.end();
        }
    }

    /// The recording cannot be written any more, and that is told.
    pub(super) fn spoil(&mut self, id: SoundId) {
        self.tape.take_if(|(tape, _)| tape.id == id);
    }

    /// Keeps what was said in this tick.
    pub(super) fn keep(&mut self) {
        let Some((tape, resampler)) = &mut self.tape else { return };
        let rate = self.hall.rate();
        if resampler.from() != rate {
            *resampler = Resampler::new(rate, TAPED);
        }
        // What a frame lacks is silence.
        let whole = self.hall.whole().filter(|_| !self.hall.is_old());
        let frame = whole.map_or(&[][..], |frame| resampler.resample(frame));
        if tape.take(frame) {
            self.enough();
        }
    }
}
