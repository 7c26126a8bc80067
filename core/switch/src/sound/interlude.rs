//! What an operator has played to the caller while the exchange talks with him: over the application's music, which goes on
//! afterwards, and never in the place of what the application itself plays, asks or records. What the application does
//! next takes its place.

use super::{Place, Sounds, State, Tune};
use crate::audio::{Play, Played, Sound};
use crate::event::{PlayEnd, Reply};
use crate::interlude::PlayRefusal;
use crate::media::MediaCommand;
use crate::wire::Wire;

impl Sounds {
    /// Plays this now.
    pub(crate) fn interlude(&mut self, play: Play, at: &Place, wire: &mut Wire) -> Result<(), PlayRefusal> {
        let after = self.tune()?;
        let Play { sounds, language, interrupt, forever } = play;
        let id = self.begin(sounds, language, forever, at, wire);
        self.state = State::Interlude { id, interrupt, after };
        Ok(())
    }

    /// Plays this over and over, in the place of music that is there.
    pub(crate) fn change_music(&mut self, sounds: Vec<Sound>, at: &Place, wire: &mut Wire) -> Result<(), PlayRefusal> {
        let listens = self.tune()?.is_some_and(|tune| tune.listens);
        self.begin_music(Tune { sounds, listens, rings: false }, at, wire);
        Ok(())
    }

    /// Takes the music away that plays, or will again; keys are told as before.
    pub(crate) fn take_music(&mut self, at: &Place, wire: &mut Wire) -> Result<(), PlayRefusal> {
        let (tune, plays) = match &mut self.state {
            State::Music { tune, .. } => (tune, true),
            State::Interlude { after: Some(tune), .. } => (tune, false),
            _ => return Err(PlayRefusal::Quiet),
        };
        if tune.sounds.is_empty() || tune.rings {
            return Err(PlayRefusal::Quiet);
        }
        tune.sounds.clear();
        let listens = tune.listens;
        if plays {
            self.told.end(PlayEnd::Stopped, wire);
            wire.media(MediaCommand::Hush { port: at.port });
        }
        match &mut self.state {
            state @ State::Music { .. } if !listens => *state = State::Quiet,
            State::Interlude { after, .. } if !listens => *after = None,
            _ => {}
        }
        Ok(())
    }

    /// Ends what plays, whoever it is of. Gives the reply to the application's command where that is over by it.
    pub(crate) fn cut(&mut self, at: &Place, wire: &mut Wire) -> Result<Option<Reply>, PlayRefusal> {
        match std::mem::take(&mut self.state) {
            State::Playing { .. } => {
                self.told.end(PlayEnd::Stopped, wire);
                wire.media(MediaCommand::Hush { port: at.port });
                Ok(Some(Reply::Played(Played::Whole)))
            }
            State::Asking { reading, .. } => {
                self.told.end(PlayEnd::Stopped, wire);
                wire.media(MediaCommand::Hush { port: at.port });
                self.listen(reading, at, wire);
                Ok(None)
            }
            State::Interlude { after, .. } => {
                self.told.end(PlayEnd::Stopped, wire);
                wire.media(MediaCommand::Hush { port: at.port });
                self.go_on(after, at, wire);
                Ok(None)
            }
            music @ State::Music { .. } => {
                self.state = music;
                self.take_music(at, wire).map(|()| None)
            }
            other => {
                self.state = other;
                Err(PlayRefusal::Quiet)
            }
        }
    }

    /// The music that was there before, if any.
    pub(super) fn go_on(&mut self, after: Option<Tune>, at: &Place, wire: &mut Wire) {
        match after {
            Some(tune) if tune.sounds.is_empty() => self.state = State::Music { id: self.mint(), tune },
            Some(tune) => self.begin_music(tune, at, wire),
            None => self.state = State::Quiet,
        }
    }

    /// What there is of music; an error where the application does something of its own.
    fn tune(&mut self) -> Result<Option<Tune>, PlayRefusal> {
        match std::mem::take(&mut self.state) {
            State::Quiet => Ok(None),
            State::Music { tune, .. } => Ok(Some(tune)),
            State::Interlude { after, .. } => Ok(after),
            other => {
                self.state = other;
                Err(PlayRefusal::Taken)
            }
        }
    }
}
