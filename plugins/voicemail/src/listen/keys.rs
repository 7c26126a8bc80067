//! What keys do to a message. As far as they mean something elsewhere, they mean it here.
//!
//! | key | while it plays or pauses | after it |
//! |---|---|---|
//! | `1` | from its beginning | likewise |
//! | `2` | faster: 100, 125, 150, 100 per cent | another folder |
//! | `3` | more: `1` reply, `2` call back, `3` the envelope, `5` a message for another, `*` back | likewise |
//! | `4` | the one before | likewise |
//! | `5` | once more, with its envelope | likewise |
//! | `6` | the next one | likewise |
//! | `7` | delete it, or take it back | likewise |
//! | `8` | send it on | likewise |
//! | `9` | save it | likewise |
//! | `*` | back 5 s | help |
//! | `0` | pause, and go on | greetings and the PIN |
//! | `#` | ahead 5 s, past its end to what is after it | the main menu |

/// How fast messages play, in per cent, one after the other.
pub(super) const PACES: [u16; 3] = [100, 125, 150];

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Beginning,
    Faster,
    More,
    Previous,
    Repeat,
    Next,
    Delete,
    Send,
    Save,
    Back,
    Ahead,
    Pause,
    Folders,
    Help,
    Options,
    Out,
    Nothing,
}

/// The keys that mean the same always.
fn always(key: char) -> Act {
    match key {
        '1' => Act::Beginning,
        '3' => Act::More,
        '4' => Act::Previous,
        '5' => Act::Repeat,
        '6' => Act::Next,
        '7' => Act::Delete,
        '8' => Act::Send,
        '9' => Act::Save,
        _ => Act::Nothing,
    }
}

pub(super) fn while_it_plays(key: char) -> Act {
    match key {
        '2' => Act::Faster,
        '*' => Act::Back,
        '0' => Act::Pause,
        '#' => Act::Ahead,
        key => always(key),
    }
}

pub(super) fn after_it(key: char) -> Act {
    match key {
        '2' => Act::Folders,
        '*' => Act::Help,
        '0' => Act::Options,
        '#' => Act::Out,
        key => always(key),
    }
}

pub(super) fn faster(pace: u16) -> u16 {
    let next = PACES.iter().position(|known| *known == pace).map_or(0, |at| at + 1);
    PACES[next % PACES.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_does_what_the_table_says() {
        use Act::{
            Ahead, Back, Beginning, Delete, Faster, Folders, Help, More, Next, Nothing, Options, Out, Pause, Previous,
            Repeat, Save, Send,
        };
        let all = "123456789*0#A";
        let playing: Vec<_> = all.chars().map(while_it_plays).collect();
        let after: Vec<_> = all.chars().map(after_it).collect();
        let both = [Previous, Repeat, Next, Delete, Send, Save];
        assert_eq!(playing[..3], [Beginning, Faster, More]);
        assert_eq!(after[..3], [Beginning, Folders, More]);
        assert_eq!((&playing[3..9], &after[3..9]), (&both[..], &both[..]));
        assert_eq!(playing[9..], [Back, Pause, Ahead, Nothing]);
        assert_eq!(after[9..], [Help, Options, Out, Nothing]);
    }

    #[test]
    fn it_goes_faster_and_at_last_as_it_was() {
        assert_eq!([100, 125, 150].map(faster), [125, 150, 100]);
        assert_eq!(faster(7), 100);
    }
}
