//! A guest lets its caller leave messages and hear them.

use switch::{MailboxError, Parted, Reason, Whose};
use wasmtime::component::Resource;

use super::{Guest, Held};
use crate::bindings::strowger::dialplan::voicemail as wit;
use crate::voicemail::NAME;

type Outcome = wasmtime::Result<Result<wit::Parted, wit::VoicemailError>>;

impl wit::Host for Guest {
    fn find(&mut self, mailbox: String) -> wasmtime::Result<Option<String>> {
        self.spend(mailbox.len())?;
        let known = (1..=NAME).contains(&mailbox.len());
        Ok(known.then(|| self.shared.voicemail.find(self.tenant(), &mailbox)).flatten())
    }

    fn count(&mut self, mailbox: String) -> wasmtime::Result<Option<wit::Waiting>> {
        self.spend(mailbox.len())?;
        let known = (1..=NAME).contains(&mailbox.len());
        let waiting = known.then(|| self.shared.voicemail.count(self.tenant(), &mailbox)).flatten();
        Ok(waiting.map(|waiting| wit::Waiting {
            new: waiting.new,
            saved: waiting.saved,
            urgent_new: waiting.urgent_new,
            urgent_saved: waiting.urgent_saved,
        }))
    }

    async fn leave(&mut self, _: Resource<Held>, mailbox: String, reason: wit::Reason) -> Outcome {
        self.spend(mailbox.len())?;
        if let Some(refused) = self.turned_away(mailbox.len()) {
            return Ok(Err(refused));
        }
        self.pause();
        self.within_all()?;
        let voicemail = self.shared.voicemail.clone();
        let parted = voicemail.leave(&mut self.control, &mailbox, reason_of(reason)).await;
        Ok(self.back(parted))
    }

    async fn listen(&mut self, _: Resource<Held>, whose: wit::Whose) -> Outcome {
        let whose = match whose {
            wit::Whose::Own => Whose::Own,
            wit::Whose::Any => Whose::Any,
            wit::Whose::Mailbox(name) => Whose::Of(name),
        };
        let named = if let Whose::Of(name) = &whose { name.len() } else { 1 };
        self.spend(named)?;
        if let Some(refused) = self.turned_away(named) {
            return Ok(Err(refused));
        }
        self.pause();
        self.within_all()?;
        let parted = self.shared.voicemail.clone().listen(&mut self.control, whose).await;
        Ok(self.back(parted))
    }

    async fn find_by_name(&mut self, _: Resource<Held>) -> Outcome {
        self.spend(0)?;
        if let Some(refused) = self.turned_away(1) {
            return Ok(Err(refused));
        }
        self.pause();
        self.within_all()?;
        let parted = self.shared.voicemail.clone().find_by_name(&mut self.control).await;
        Ok(self.back(parted))
    }
}

impl Guest {
    /// Why nothing is begun, where it is not: the call is over, or a name has no length that one may have.
    fn turned_away(&self, named: usize) -> Option<wit::VoicemailError> {
        if let Some(ending) = &self.hung_up {
            return Some(wit::VoicemailError::HungUp(ending.as_ref().map(crate::words::ending)));
        }
        (!(1..=NAME).contains(&named)).then_some(wit::VoicemailError::BadValue)
    }

    /// The caller is the guest's again.
    fn back(&mut self, parted: Result<Parted, MailboxError>) -> Result<wit::Parted, wit::VoicemailError> {
        self.resume();
        if matches!(parted, Ok(Parted::HungUp) | Err(MailboxError::HungUp)) {
            self.hung_up = Some(None);
        }
        parted.map(parted_of).map_err(error_of)
    }
}

const fn reason_of(reason: wit::Reason) -> Reason {
    match reason {
        wit::Reason::Busy => Reason::Busy,
        wit::Reason::NoAnswer => Reason::NoAnswer,
        wit::Reason::Offline => Reason::Offline,
        wit::Reason::Chosen => Reason::Chosen,
    }
}

const fn parted_of(parted: Parted) -> wit::Parted {
    match parted {
        Parted::HungUp => wit::Parted::HungUp,
        Parted::Done => wit::Parted::Done,
        Parted::Connected => wit::Parted::Connected,
    }
}

const fn error_of(error: MailboxError) -> wit::VoicemailError {
    match error {
        MailboxError::HungUp => wit::VoicemailError::HungUp(None),
        MailboxError::NoMailbox => wit::VoicemailError::NoMailbox,
        MailboxError::Full => wit::VoicemailError::Full,
        MailboxError::WrongPin => wit::VoicemailError::WrongPin,
        MailboxError::NoPin => wit::VoicemailError::NoPin,
        MailboxError::WrongState => wit::VoicemailError::WrongState,
        MailboxError::BadValue => wit::VoicemailError::BadValue,
        MailboxError::NoResources => wit::VoicemailError::NoResources,
    }
}
