//! What the keys of a member do: sequences of a sign and digits, each with its action.

use std::time::{Duration, Instant};

use switch::Digit;

/// A key that comes later than this after the one before begins anew.
const PATIENCE: Duration = Duration::from_secs(4);

/// What a member can do by keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// He is muted, or not any more.
    Mute,
    /// He hears the others quieter.
    HearQuieter,
    /// He hears the others louder.
    HearLouder,
    /// The others hear him quieter.
    SpeakQuieter,
    /// The others hear him louder.
    SpeakLouder,
    /// He is told how many others there are.
    Count,
    /// He leaves, and his call goes on with the dialplan.
    Leave,
    /// A moderator: all but moderators are muted, or not any more.
    MuteAll,
    /// A moderator: nobody else comes in, or all may.
    Lock,
    /// A moderator: it is recorded, or not any more.
    Record,
    /// A moderator: the participant who came last is put out.
    KickLast,
    /// A moderator: it ends for all.
    End,
}

impl Action {
    /// All, in the order of their documentation, with their names there and the keys that they usually have.
    pub const ALL: [(Self, &'static str, &'static str); 12] = [
        (Self::Mute, "mute", "*6"),
        (Self::HearQuieter, "hear-quieter", "*4"),
        (Self::HearLouder, "hear-louder", "*5"),
        (Self::SpeakQuieter, "speak-quieter", "*7"),
        (Self::SpeakLouder, "speak-louder", "*8"),
        (Self::Count, "count", "*3"),
        (Self::Leave, "leave", "*0"),
        (Self::MuteAll, "mute-all", "#6"),
        (Self::Lock, "lock", "#5"),
        (Self::Record, "record", "#9"),
        (Self::KickLast, "kick-last", "#7"),
        (Self::End, "end", "#0"),
    ];

    /// The action of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == name).map(|(action, ..)| *action)
    }

    /// Only a moderator may.
    #[must_use]
    pub fn is_moderators(self) -> bool {
        matches!(self, Self::MuteAll | Self::Lock | Self::Record | Self::KickLast | Self::End)
    }
}

/// Which keys do what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap(Vec<(String, Action)>);

impl Default for Keymap {
    fn default() -> Self {
        Self(Action::ALL.iter().map(|(action, _, keys)| ((*keys).to_owned(), *action)).collect())
    }
}

impl Keymap {
    /// Of these. What could never be pressed, because it begins as another one that is complete by then, is left out; so is
    /// what is no sequence of keys.
    #[must_use]
    pub fn of(table: impl IntoIterator<Item = (String, Action)>) -> Self {
        let mut table: Vec<_> = table.into_iter().collect();
        table.retain(|(keys, _)| !keys.is_empty() && keys.chars().all(|key| Digit::from_char(key).is_some()));
        table.sort_by(|(one, _), (other, _)| one.len().cmp(&other.len()).then_with(|| one.cmp(other)));
        let mut reachable: Vec<(String, Action)> = Vec::new();
        for (keys, action) in table {
            if !reachable.iter().any(|(known, _)| keys.starts_with(known.as_str())) {
                reachable.push((keys, action));
            }
        }
        Self(reachable)
    }

    fn find(&self, keys: &str) -> Option<Action> {
        self.0.iter().find(|(known, _)| known == keys).map(|(_, action)| *action)
    }

    fn may_come(&self, keys: &str) -> bool {
        self.0.iter().any(|(known, _)| known.starts_with(keys))
    }
}

/// What a member has pressed so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pressed {
    keys: String,
    last: Option<Instant>,
}

/// What a key comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// More may come.
    More,
    /// This is to be done.
    Do(Action),
    /// It is the begin of nothing.
    Unknown,
}

impl Pressed {
    pub(crate) fn key(&mut self, now: Instant, key: Digit, map: &Keymap) -> Turn {
        let late = self.last.is_some_and(|last| now.saturating_duration_since(last) > PATIENCE);
        if late {
            self.keys.clear();
        }
        self.last = Some(now);
        let began = !self.keys.is_empty();
        self.keys.push(key.character());
        if let Some(action) = map.find(&self.keys) {
            self.keys.clear();
            return Turn::Do(action);
        }
        if map.may_come(&self.keys) {
            return Turn::More;
        }
        self.keys.clear();
        // It may begin another one: who pressed `*` in vain presses `*6`.
        self.keys.push(key.character());
        if began && map.may_come(&self.keys) {
            return Turn::More;
        }
        self.keys.clear();
        Turn::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(map: &Keymap, text: &str) -> Vec<Turn> {
        let (mut pressed, now) = (Pressed::default(), Instant::now());
        text.chars().map(|key| pressed.key(now, Digit::from_char(key).expect("a key"), map)).collect()
    }

    #[test]
    fn every_action_has_a_name_and_keys_of_its_own() {
        let map = Keymap::default();
        assert_eq!(map, Keymap::of(map.0.clone()).sorted_as(&map), "no key hides another");
        for (action, name, keys) in Action::ALL {
            assert_eq!((Action::named(name), map.find(keys)), (Some(action), Some(action)));
            assert_eq!(keys.starts_with('#'), action.is_moderators(), "{name}");
        }
        assert_eq!(Action::named("dance"), None);
    }

    impl Keymap {
        fn sorted_as(mut self, other: &Self) -> Self {
            self.0.sort_by_key(|row| other.0.iter().position(|known| known == row));
            self
        }
    }

    #[test]
    fn keys_are_read_one_after_the_other() {
        use Turn::{Do, More, Unknown};
        let map = Keymap::default();
        assert_eq!(press(&map, "*6"), [More, Do(Action::Mute)]);
        assert_eq!(press(&map, "5"), [Unknown]);
        assert_eq!(press(&map, "*1*6"), [More, Unknown, More, Do(Action::Mute)]);
        assert_eq!(press(&map, "**6"), [More, More, Do(Action::Mute)]);
        assert_eq!(press(&map, "*#0"), [More, More, Do(Action::End)]);
    }

    #[test]
    fn who_thinks_for_long_begins_anew() {
        let (map, now) = (Keymap::default(), Instant::now());
        let mut pressed = Pressed::default();
        assert_eq!(pressed.key(now, Digit::STAR, &map), Turn::More);
        let six = Digit::from_char('6').expect("a key");
        assert_eq!(pressed.key(now + PATIENCE + Duration::from_millis(1), six, &map), Turn::Unknown);
    }

    #[test]
    fn what_can_never_be_pressed_is_left_out() {
        let table = [("*1", Action::Mute), ("*12", Action::End), ("", Action::Lock), ("x", Action::Lock)];
        let map = Keymap::of(table.map(|(keys, action)| (keys.to_owned(), action)));
        assert_eq!(map.0, [("*1".to_owned(), Action::Mute)]);
    }
}
