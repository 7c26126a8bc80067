//! One member of a room: what he is to be, and what his call was told of it.

use std::collections::VecDeque;
use std::time::SystemTime;

use switch::{Bearing, CallUid, Left, MemberNumber, MemberView, Role, Sound, UserId};

use crate::keys::Pressed;

/// How many whispers wait for a member; older ones are dropped: they are stale by then.
const WHISPERS: usize = 3;

/// Somebody who wants to come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newcomer {
    /// His call's name for the outside.
    pub call: CallUid,
    /// His display name, else his number.
    pub name: String,
    /// The user that he proved to be.
    pub user: Option<UserId>,
    /// What he may do.
    pub role: Role,
    /// The recording of his name.
    pub spoken: Option<String>,
    /// The time of day.
    pub since: SystemTime,
}

#[derive(Debug)]
pub(super) struct Member {
    pub(super) newcomer: Newcomer,
    /// He muted himself.
    pub(super) muted: bool,
    /// A moderator or an operator muted him.
    pub(super) silenced: bool,
    pub(super) deaf: bool,
    pub(super) speaking: i8,
    pub(super) hearing: i8,
    pub(super) speaks: bool,
    pub(super) waiting: bool,
    pub(super) pressed: Pressed,
    /// What his call was told: he is in the mixer, in this way.
    pub(super) told: Option<Bearing>,
    /// While he waits: how far he was told so.
    pub(super) greeted: Greeted,
    pub(super) whispers: VecDeque<Vec<Sound>>,
    pub(super) away: Option<Away>,
}

/// What who waits has heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Greeted {
    Nothing,
    Told,
    Music,
}

/// He is to leave, for this, and this is said to him.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Away {
    pub(super) why: Left,
    pub(super) farewell: Option<&'static str>,
}

impl Member {
    pub(super) fn new(newcomer: Newcomer, waiting: bool, muted: bool, silenced: bool) -> Self {
        Self {
            newcomer,
            muted,
            silenced,
            deaf: false,
            speaking: 0,
            hearing: 0,
            speaks: false,
            waiting,
            pressed: Pressed::default(),
            told: None,
            greeted: Greeted::Nothing,
            whispers: VecDeque::new(),
            away: None,
        }
    }

    pub(super) fn is_moderator(&self) -> bool {
        self.newcomer.role == Role::Moderator
    }

    /// He is in the mixer, and not on his way out.
    pub(super) fn is_inside(&self) -> bool {
        self.told.is_some() && self.away.is_none()
    }

    /// How he is to be in the mixer.
    pub(super) fn bearing(&self) -> Bearing {
        Bearing { muted: self.muted || self.silenced, deaf: self.deaf, speaking: self.speaking, hearing: self.hearing }
    }

    pub(super) fn whisper(&mut self, sounds: Vec<Sound>) {
        if self.whispers.len() >= WHISPERS {
            self.whispers.pop_front();
        }
        self.whispers.push_back(sounds);
    }

    pub(super) fn view(&self, number: MemberNumber) -> MemberView {
        MemberView {
            number,
            call: self.newcomer.call,
            name: self.newcomer.name.clone(),
            user: self.newcomer.user,
            role: self.newcomer.role,
            bearing: self.bearing(),
            speaks: self.speaks,
            waiting: self.waiting,
            since: self.newcomer.since,
        }
    }
}
