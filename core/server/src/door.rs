//! A number that leads to a conference room: whoever calls it stands at its door.

use conference::Conference;
use sip::Status;
use switch::{Application, CallControl, Cause, Command, JoinError, Label, RoomRefusal, Running, Wish};

pub(crate) struct Door {
    conference: Conference,
    room: String,
    label: Label,
}

impl Door {
    pub(crate) fn of(conference: Conference, room: String) -> Self {
        Self { conference, room, label: Label { name: "conference".to_owned(), version: String::new() } }
    }
}

impl Application for Door {
    fn label(&self) -> &Label {
        &self.label
    }

    fn run(&self, mut call: CallControl) -> Running<'_> {
        Box::pin(async move {
            match self.conference.join(&mut call, &self.room, Wish::default()).await {
                Err(JoinError::Refused(RoomRefusal::NoRoom)) => {
                    let gone = Command::Reject { status: Status::NOT_FOUND.0, reason: None };
                    drop(call.request(gone).await);
                }
                // He was told why, and is answered; or he has left.
                Ok(_) | Err(JoinError::Refused(_)) => drop(call.request(Command::Hangup(Cause::NORMAL)).await),
                Err(JoinError::HungUp) => {}
            }
            Ok(())
        })
    }
}
