//! One open room: a machine without time or waiting.
//!
//! Of each member it knows what he is to be and what his call was told, and [`poll`](Room::poll) says the next thing that
//! is missing. So whatever changes while a call is slow comes to its last state at once, and nothing piles up.
//!
//! | a member is | event | next | what is done |
//! |---|---|---|---|
//! | not there | joins; a moderator is wanted | waiting | told so, music |
//! | not there | joins | inside | Join, sound of entry |
//! | waiting | a moderator joins | inside | Join, sound of entry |
//! | inside | `Mute`, `Volume` …, by himself, a moderator or an operator | inside | Bear, perhaps a whisper |
//! | inside | a key | inside | its action |
//! | any | the key for it, `Kick`, `End`, the last moderator leaves | leaving | Away |
//! | any | his call is over | not there | sound of leaving |
//!
//! What is for the whole mixer (announcements, the recording) is told to any one call that is inside; if that one ends
//! before it is done, to another.

mod actions;
mod calls;
mod member;
mod orders;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use switch::{
    AudioError, Command, Event, LONGEST_ROOM_RECORDING, Left, MemberNumber, MemberView, MixerId, Play, RecordingFormat,
    Refusal, Reply, Role, RoomEvent, RoomRefusal, RoomView, Sound, TenantId,
};

use crate::keys::{Action, Turn};
use crate::plan::{Entry, Plan};
use crate::prompts::{self, prompt};
pub use calls::CallNumber;
pub use member::Newcomer;
use member::{Away, Greeted, Member};

/// What the room says by itself is left out while so much waits to be said.
const MUCH: usize = 4;

/// So much may wait to be said; then operators are refused.
const MOST: usize = 16;

/// What a member's call is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// This, and its reply is awaited.
    Do(Command),
    /// He has left: this is why, and this prompt is played to him. He is no member any more.
    Away(Left, Option<Play>),
}

/// An open room.
#[derive(Debug)]
pub struct Room {
    tenant: TenantId,
    name: String,
    plan: Plan,
    mixer: MixerId,
    opened: SystemTime,
    locked: bool,
    /// All participants are muted, those who come later too.
    silenced: bool,
    /// Nobody comes in any more: it ends.
    over: bool,
    recording: Option<String>,
    paused: bool,
    /// How many recordings were begun.
    recordings: u32,
    /// The last one was ended, or ended by itself: it is not begun anew because somebody comes in.
    stopped: bool,
    /// Recordings that were ended, whose end is not told yet: their names are taken.
    closing: BTreeSet<String>,
    /// Who is there; the numbers are minted by [`join`](Self::join).
    members: BTreeMap<MemberNumber, Member>,
    minted: u32,
    /// Who is called; the numbers are minted by [`call`](Self::call).
    called: BTreeMap<CallNumber, String>,
    calls: u32,
    /// What the mixer is to be told, by anybody who is inside.
    whole: VecDeque<Command>,
    /// What somebody tells it now.
    under_way: BTreeMap<MemberNumber, Command>,
    /// Who has something to do.
    stirred: BTreeSet<MemberNumber>,
    events: VecDeque<RoomEvent>,
}

impl Room {
    /// A room that nobody is in yet.
    #[must_use]
    pub fn new(tenant: TenantId, name: &str, plan: Plan, mixer: MixerId, opened: SystemTime) -> Self {
        Self {
            tenant,
            name: name.to_owned(),
            plan,
            mixer,
            opened,
            locked: false,
            silenced: false,
            over: false,
            recording: None,
            paused: false,
            recordings: 0,
            stopped: false,
            closing: BTreeSet::new(),
            members: BTreeMap::new(),
            minted: 0,
            called: BTreeMap::new(),
            calls: 0,
            whole: VecDeque::new(),
            under_way: BTreeMap::new(),
            stirred: BTreeSet::new(),
            events: VecDeque::from([RoomEvent::Opened]),
        }
    }

    /// How it is kept.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Nobody comes in any more, or nobody is left.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// As others see it.
    #[must_use]
    pub fn view(&self) -> RoomView {
        RoomView {
            tenant: self.tenant,
            name: self.name.clone(),
            opened: self.opened,
            locked: self.locked,
            recording: self.recording.clone(),
            recording_paused: self.paused,
            members: self.members.iter().map(|(number, member)| member.view(*number)).collect(),
        }
    }

    // ---- what happens ----

    /// Whether somebody of this role may come in now.
    ///
    /// # Errors
    /// The room is over, locked or full.
    pub fn permits(&self, role: Role) -> Result<(), RoomRefusal> {
        match () {
            () if self.over => Err(RoomRefusal::NoRoom),
            () if self.locked && role != Role::Moderator => Err(RoomRefusal::Locked),
            () if self.is_full() => Err(RoomRefusal::Full),
            () => Ok(()),
        }
    }

    /// Somebody comes in.
    ///
    /// # Errors
    /// As [`permits`](Self::permits).
    pub fn join(&mut self, newcomer: Newcomer) -> Result<MemberNumber, RoomRefusal> {
        self.permits(newcomer.role)?;
        Ok(self.seat(newcomer))
    }

    /// Who is called has his place already.
    fn is_full(&self) -> bool {
        self.members.len() + self.called.len() >= self.plan.maximum
    }

    fn seat(&mut self, newcomer: Newcomer) -> MemberNumber {
        self.minted += 1;
        let number = MemberNumber(self.minted);
        let moderator = newcomer.role == Role::Moderator;
        let waiting = !moderator && self.plan.wait_for_moderator && !self.has_moderator();
        let muted = !moderator && self.plan.mute_on_entry;
        let member = Member::new(newcomer, waiting, muted, self.silenced && !moderator);
        let view = member.view(number);
        self.members.insert(number, member);
        self.stirred.insert(number);
        if waiting {
            self.events.push_back(RoomEvent::Waiting(view));
        } else {
            self.comes_in(number);
        }
        if moderator {
            self.admit_who_wait();
        }
        number
    }

    /// A member pressed a key, began to speak or ended; or his call tells what came of the recording.
    pub fn handle_event(&mut self, now: Instant, number: MemberNumber, event: &Event) {
        if let Event::RoomRecorded { name, fault } = event {
            return self.recorded(name, fault.as_ref());
        }
        let Some(member) = self.members.get_mut(&number).filter(|member| member.away.is_none()) else { return };
        match event {
            Event::Speaking(speaks) if member.speaks != *speaks => {
                member.speaks = *speaks;
                self.events.push_back(RoomEvent::Speaking { member: number, speaks: *speaks });
            }
            Event::Key(key) => match (member.pressed.key(now, *key, &self.plan.keys), member.waiting) {
                // Who waits can go, and has nothing else to do here yet.
                (Turn::Do(action), waiting) if !waiting || action == Action::Leave => self.act(number, action),
                (Turn::Unknown, false) => self.whisper(number, vec![prompt(prompts::INVALID)]),
                _ => {}
            },
            _ => {}
        }
    }

    /// What [`poll`](Self::poll) said was done, or could not be.
    pub fn handle_done(&mut self, number: MemberNumber, reply: &Reply) {
        if let (Some(command), Reply::Refused(refusal)) = (self.under_way.remove(&number), reply) {
            self.not_done(number, command, *refusal);
        }
        self.stir_for_whole();
    }

    /// What was for the whole mixer was refused.
    fn not_done(&mut self, number: MemberNumber, command: Command, refusal: Refusal) {
        tracing::debug!(tenant = self.tenant.0, ?refusal, "a room could not do something");
        match (command, refusal) {
            // His call is not in the mixer: somebody else does it, and he comes in again.
            (command, Refusal::WrongState) => {
                self.whole.push_front(command);
                if let Some(member) = self.members.get_mut(&number) {
                    member.told = None;
                    self.stirred.insert(number);
                }
            }
            (Command::StartRoomRecording { name: Some(name), .. }, _) => self.recorded(&name, None),
            _ => {}
        }
    }

    /// A member's call is over, or nobody tells it anything any more.
    pub fn handle_gone(&mut self, number: MemberNumber) {
        self.leave(number, Left::HungUp);
    }

    // ---- what is to be done ----

    /// What this member's call is to be told next; [`handle_done`](Self::handle_done) when it was. `None`: nothing for now.
    pub fn poll(&mut self, number: MemberNumber) -> Option<Act> {
        let member = self.members.get_mut(&number)?;
        if let Some(Away { why, farewell }) = member.away.clone() {
            self.leave(number, why);
            let farewell = farewell.map(|name| prompts::play(name, self.plan.language.as_deref()));
            return Some(Act::Away(why, farewell));
        }
        if member.waiting {
            let (next, command) = match member.greeted {
                Greeted::Nothing => {
                    (Greeted::Told, Command::Play(prompts::play(prompts::WAIT, self.plan.language.as_deref())))
                }
                Greeted::Told => (Greeted::Music, Command::Music { sounds: Vec::new(), listens: true }),
                Greeted::Music => return None,
            };
            member.greeted = next;
            return Some(Act::Do(command));
        }
        let bearing = member.bearing();
        if member.told != Some(bearing) {
            let joined = member.told.replace(bearing).is_some();
            let command = if joined { Command::Bear(bearing) } else { Command::Join { mixer: self.mixer, bearing } };
            return Some(Act::Do(command));
        }
        if let Some(command) = self.whole.pop_front() {
            self.under_way.insert(number, command.clone());
            return Some(Act::Do(command));
        }
        member.whispers.pop_front().map(|sounds| Act::Do(Command::Whisper(sounds)))
    }

    /// A member who has something to do: his task is to ask [`poll`](Self::poll).
    pub fn poll_stirred(&mut self) -> Option<MemberNumber> {
        self.stirred.pop_first()
    }

    /// What happened, in its order.
    pub fn poll_event(&mut self) -> Option<RoomEvent> {
        self.events.pop_front()
    }

    // ---- steps ----

    fn has_moderator(&self) -> bool {
        self.members.values().any(|member| member.is_moderator() && member.away.is_none())
    }

    /// Somebody is inside from now on.
    fn comes_in(&mut self, number: MemberNumber) {
        let Some(member) = self.members.get_mut(&number) else { return };
        member.waiting = false;
        self.stirred.insert(number);
        let (view, spoken) = (member.view(number), member.newcomer.spoken.clone());
        self.events.push_back(RoomEvent::Joined(view));
        let alone = self.members.values().filter(|member| !member.waiting).count() == 1;
        if alone && !self.plan.wait_for_moderator {
            self.whisper(number, vec![prompt(prompts::ALONE)]);
        }
        self.chime(prompts::chime(), spoken, prompts::HAS_JOINED, alone);
        if self.recording.is_some() {
            self.whisper(number, vec![prompt(prompts::RECORDED)]);
        } else if self.plan.record && !self.stopped {
            self.begin_recording(None, RecordingFormat::Wav);
        }
    }

    fn admit_who_wait(&mut self) {
        let waiting = |(number, member): (&MemberNumber, &Member)| member.waiting.then_some(*number);
        for number in self.members.iter().filter_map(waiting).collect::<Vec<_>>() {
            self.comes_in(number);
        }
    }

    /// Somebody is no member any more.
    fn leave(&mut self, number: MemberNumber, why: Left) {
        let Some(member) = self.members.remove(&number) else { return };
        self.stirred.remove(&number);
        self.events.push_back(RoomEvent::Left { member: number, why });
        // What he was to tell the mixer, somebody else does.
        if let Some(command) = self.under_way.remove(&number) {
            self.whole.push_front(command);
        }
        if self.members.is_empty() {
            self.over = true;
            self.whole.clear();
            self.paused = false;
            if self.recording.take().is_some() {
                self.events.push_back(RoomEvent::Recording(None));
            }
            self.cancel_calls();
            self.events.push_back(RoomEvent::Ended);
            return;
        }
        if self.over {
            return;
        }
        if !member.waiting {
            self.chime(prompts::double_chime(), member.newcomer.spoken.clone(), prompts::HAS_LEFT, false);
        }
        if member.is_moderator() && self.plan.end_with_moderator && !self.has_moderator() {
            self.end(Some(prompts::LEADER_LEFT));
        } else if member.told.is_some() && self.members.values().all(|member| member.told.is_none()) {
            self.mixer_is_gone();
        }
        self.stir_for_whole();
    }

    /// The last who was inside has left, and others are there still: the mixer goes with him, and so does its recording.
    fn mixer_is_gone(&mut self) {
        if self.recording.is_some() {
            self.end_recording();
            // Those who are on their way in were told of one that is over.
            if self.plan.record && self.members.values().any(|member| !member.waiting && member.away.is_none()) {
                self.begin_recording(None, RecordingFormat::Wav);
            }
        }
    }

    /// It ends for all; this is said to them.
    fn end(&mut self, farewell: Option<&'static str>) {
        self.over = true;
        self.whole.clear();
        self.cancel_calls();
        for (number, member) in &mut self.members {
            member.away.get_or_insert(Away { why: Left::Ended, farewell });
            self.stirred.insert(*number);
        }
    }

    /// The sound of coming or leaving; who is `alone` knows it.
    fn chime(&mut self, tone: Vec<Sound>, spoken: Option<String>, what: &'static str, alone: bool) {
        if alone || self.whole.len() >= MUCH {
            return;
        }
        match (self.plan.entry, spoken) {
            (Entry::None, _) => {}
            (Entry::Name, Some(name)) => self.say_to_all(vec![Sound::Recording(name), prompt(what)]),
            (Entry::Tone | Entry::Name, _) => self.say_to_all(tone),
        }
    }

    fn begin_recording(&mut self, name: Option<String>, format: RecordingFormat) {
        self.recordings += 1;
        self.stopped = false;
        let name = name.unwrap_or_else(|| self.recording_name());
        (self.recording, self.paused) = (Some(name.clone()), false);
        let limit = LONGEST_ROOM_RECORDING;
        self.tell_all(Command::StartRoomRecording { name: Some(name.clone()), limit, format });
        self.say_to_all(vec![prompt(prompts::RECORDED)]);
        self.events.push_back(RoomEvent::Recording(Some(name)));
    }

    /// Nothing is recorded from now on. What is still to be told of it is not told any more.
    fn end_recording(&mut self) {
        self.forget_recording();
        self.tell_all(Command::StopRoomRecording);
    }

    fn forget_recording(&mut self) {
        self.paused = false;
        self.whole.retain(|command| !is_of_recording(command));
        if let Some(name) = self.recording.take() {
            self.closing.insert(name);
            self.events.push_back(RoomEvent::Recording(None));
        }
    }

    /// What came of a recording: the engine has closed its file.
    fn recorded(&mut self, name: &str, fault: Option<&AudioError>) {
        if self.recording.as_deref() == Some(name) {
            if let Some(fault) = fault {
                tracing::warn!(tenant = self.tenant.0, %fault, "a room is not recorded any more");
            }
            self.stopped = true;
            self.forget_recording();
        }
        self.closing.remove(name);
    }

    /// Of the room's name, when it was opened in milliseconds, and how many there were: at most 64 letters, as all names
    /// of recordings.
    fn recording_name(&self) -> String {
        let room: String = self.name.chars().map(|sign| if sign == '*' { '-' } else { sign }).collect();
        let opened = self.opened.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        format!("room-{room}-{opened}-{}", self.recordings)
    }

    fn announce(&mut self, name: &'static str) {
        if self.whole.len() < MUCH {
            self.say_to_all(vec![prompt(name)]);
        }
    }

    /// All hear this, in the language of the room.
    fn say_to_all(&mut self, sounds: Vec<Sound>) {
        let language = self.plan.language.clone();
        self.tell_all(Command::Announce { sounds, language });
    }

    fn tell_all(&mut self, command: Command) {
        self.whole.push_back(command);
        self.stir_for_whole();
    }

    /// Somebody who is inside does what is to be told to the mixer.
    fn stir_for_whole(&mut self) {
        if self.whole.is_empty() {
            return;
        }
        // Whoever is about to come in asks by himself.
        let inside = self.members.iter().find(|(_, member)| member.is_inside()).map(|(number, _)| *number);
        self.stirred.extend(inside);
    }

    fn whisper(&mut self, number: MemberNumber, sounds: Vec<Sound>) {
        if let Some(member) = self.members.get_mut(&number) {
            member.whisper(sounds);
            self.stirred.insert(number);
        }
    }

    fn changed(&mut self, number: MemberNumber) {
        if let Some(member) = self.members.get(&number) {
            self.events.push_back(RoomEvent::Changed(member.view(number)));
            self.stirred.insert(number);
        }
    }

    /// Those who are there and stay.
    fn staying(&self, wanted: impl Fn(&Member) -> bool) -> Vec<MemberNumber> {
        let stays = |member: &Member| member.away.is_none() && wanted(member);
        self.members.iter().filter(|(_, member)| stays(member)).map(|(number, _)| *number).collect()
    }

    /// A member as others see him.
    #[must_use]
    pub fn member(&self, number: MemberNumber) -> Option<MemberView> {
        self.members.get(&number).map(|member| member.view(number))
    }
}

/// It begins, pauses or ends the recording, or says that there is one.
fn is_of_recording(command: &Command) -> bool {
    match command {
        Command::StartRoomRecording { .. }
        | Command::PauseRoomRecording
        | Command::ResumeRoomRecording
        | Command::StopRoomRecording => true,
        Command::Announce { sounds, .. } => *sounds == [prompt(prompts::RECORDED)],
        _ => false,
    }
}
