//! Messages: listed, moved, deleted, forwarded, and brought in from elsewhere.

use std::time::SystemTime;

use store::{Measured, NewMessage, StoredMessage, Tenant};
use switch::{MessageId, is_mailbox_name};
use tonic::{Status, Streaming};

use crate::call::parse_uid;
use crate::cdr::read_time;
use crate::desk::{self, Desk};
use crate::live::{MailboxEvent, MailboxHappening, NotForwarded};
use crate::v1::{
    DeleteMessageRequest, DeleteMessageResponse, Folder, ForwardMessageRequest, ForwardMessageResponse,
    ImportMessageRequest, ListMessagesRequest, ListMessagesResponse, MailboxMessage, MarkMessageRequest,
    MoveMessageRequest, VoicemailReason,
};
use crate::violations::{Violations, failed};
use crate::voicemail::{audio, named};
use crate::words::{filled, given, timestamp};

const FOLDERS: [(&str, Folder, switch::Folder); 3] = [
    ("new", Folder::New, switch::Folder::New),
    ("saved", Folder::Saved, switch::Folder::Saved),
    ("deleted", Folder::Deleted, switch::Folder::Deleted),
];
const REASONS: [(&str, VoicemailReason, switch::Reason); 4] = [
    ("busy", VoicemailReason::Busy, switch::Reason::Busy),
    ("no-answer", VoicemailReason::NoAnswer, switch::Reason::NoAnswer),
    ("offline", VoicemailReason::Offline, switch::Reason::Offline),
    ("chosen", VoicemailReason::Chosen, switch::Reason::Chosen),
];
/// How many messages a page has where the request does not say, and at most.
pub(super) const PAGE: u32 = 100;
pub(super) const LARGEST_PAGE: u32 = 1000;
/// To how many mailboxes a message is forwarded at once.
const FORWARDED: usize = 500;

impl Desk {
    pub(super) async fn page_of_messages(&self, request: ListMessagesRequest) -> Result<ListMessagesResponse, Status> {
        let tenant = self.tenant(&request.tenant).await?;
        let size = if request.page_size == 0 { PAGE } else { request.page_size };
        let mut wrong = Violations::default();
        wrong.expect(size <= LARGEST_PAGE, "page_size", "1 to 1000, or 0 for 100");
        let folder = wrong.word_if_said("folder", request.folder, &FOLDERS);
        let after = filled(request.page_token).and_then(|token| wrong.read("page_token", Place::read(&token)));
        wrong.finish()?;
        let mailbox = named("mailbox", &request.mailbox)?;
        // A mailbox holds 9,999 messages at most.
        let mut found = Vec::new();
        for one in switch::Folder::ALL.into_iter().filter(|one| folder.is_none_or(|folder| folder == *one)) {
            found.extend(self.store.messages(tenant.id).list(mailbox, one).await.map_err(failed)?);
        }
        found.retain(|message| after.is_none_or(|after| Place::of(message) > after));
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let more = found.len() > size;
        found.truncate(size);
        let next = found.last().filter(|_| more).map(|last| Place::of(last).written());
        let users = self.user_names(&tenant).await?;
        let messages = found.into_iter().map(|message| {
            let user = message.caller_user.and_then(|user| users.get(&user).cloned());
            spelt(&tenant.name, message, user)
        });
        Ok(ListMessagesResponse { messages: messages.collect(), next_page_token: next.unwrap_or_default() })
    }

    /// A message of the tenant. One that is being recorded is none yet.
    pub(super) async fn message(&self, tenant: &Tenant, id: i64) -> Result<StoredMessage, Status> {
        let found = self.store.messages(tenant.id).get(MessageId(id)).await.map_err(failed)?;
        if found.folder.is_some() { Ok(found) } else { Err(Status::not_found("there is no such message")) }
    }

    pub(super) async fn message_spelt(
        &self,
        tenant: &Tenant,
        message: StoredMessage,
    ) -> Result<MailboxMessage, Status> {
        let user = self.user_name(tenant, message.caller_user).await?;
        Ok(spelt(&tenant.name, message, user))
    }

    pub(super) async fn mark(&self, request: MarkMessageRequest) -> Result<MailboxMessage, Status> {
        let tenant = self.tenant(&request.tenant).await?;
        let id = self.message(&tenant, request.id).await?.id;
        let marked = self.store.messages(tenant.id).set_urgent(id, request.urgent).await.map_err(failed)?;
        tracing::info!(tenant = tenant.id.0, message = id.0, "an operator marked a message");
        self.tell(&tenant, &marked.mailbox, MailboxEvent::Changed(Box::new(marked.clone()))).await;
        self.message_spelt(&tenant, marked).await
    }

    pub(super) async fn shift(&self, request: MoveMessageRequest) -> Result<MailboxMessage, Status> {
        let tenant = self.tenant(&request.tenant).await?;
        let mut wrong = Violations::default();
        let folder = wrong.word("folder", request.folder, &FOLDERS);
        wrong.finish()?;
        let found = self.message(&tenant, request.id).await?;
        let Some(folder) = folder.filter(|folder| Some(*folder) != found.folder) else {
            return self.message_spelt(&tenant, found).await;
        };
        let now = SystemTime::now();
        let moved = self.store.messages(tenant.id).move_to(found.id, folder, now).await.map_err(failed)?;
        tracing::info!(tenant = tenant.id.0, message = moved.id.0, "an operator moved a message");
        self.tell(&tenant, &moved.mailbox, MailboxEvent::Changed(Box::new(moved.clone()))).await;
        self.message_spelt(&tenant, moved).await
    }

    pub(super) async fn purge(&self, request: DeleteMessageRequest) -> Result<DeleteMessageResponse, Status> {
        let tenant = self.tenant(&request.tenant).await?;
        let found = self.message(&tenant, request.id).await?;
        let recording = self.store.messages(tenant.id).purge(found.id).await.map_err(failed)?;
        tracing::info!(tenant = tenant.id.0, message = found.id.0, "an operator deleted a message");
        self.forget_audio(&tenant, &recording).await;
        self.tell(&tenant, &found.mailbox, MailboxEvent::Gone(found.id)).await;
        Ok(DeleteMessageResponse {})
    }

    pub(super) async fn forward_one(&self, request: ForwardMessageRequest) -> Result<ForwardMessageResponse, Status> {
        let ForwardMessageRequest { tenant, id, mut to } = request;
        let tenant = self.tenant(&tenant).await?;
        let mut wrong = Violations::default();
        wrong.expect((1..=FORWARDED).contains(&to.len()), "to", "1 to 500 mailboxes");
        wrong.finish()?;
        let message = self.message(&tenant, id).await?.id;
        // Nobody has it twice.
        to.sort();
        to.dedup();
        self.expect_mailboxes(&tenant, "to", &to).await?;
        let mut done = ForwardMessageResponse::default();
        for mailbox in to {
            match self.live.forward_message(tenant.id, message, &mailbox).await {
                Ok(()) => done.taken.push(mailbox),
                Err(NotForwarded::Full) => done.full.push(mailbox),
                Err(NotForwarded::Missing) => return Err(Status::not_found(format!("{mailbox} is gone meanwhile"))),
                Err(NotForwarded::Failed) => {
                    let had = if done.taken.is_empty() { "nobody".to_owned() } else { done.taken.join(", ") };
                    let why = format!("{mailbox} has no copy, the log says why; {had} had one before");
                    return Err(Status::internal(why));
                }
            }
        }
        tracing::info!(
            tenant = tenant.id.0,
            message = id,
            copies = done.taken.len(),
            "an operator forwarded a message"
        );
        Ok(done)
    }

    pub(super) async fn import_one(
        &self,
        mut pieces: Streaming<ImportMessageRequest>,
    ) -> Result<MailboxMessage, Status> {
        let first = audio::piece(&mut pieces).await?.unwrap_or_default();
        let tenant = self.tenant(&first.tenant).await?;
        let mut wrong = Violations::default();
        let (mut new, folder, moved) = read(&mut wrong, &first);
        wrong.finish()?;
        named("mailbox", &new.mailbox)?;
        let messages = self.store.messages(tenant.id);
        let no_room = || Status::resource_exhausted("the mailbox, or the tenant, has no room for it");
        if messages.space(&new.mailbox).await.map_err(failed)?.messages == 0 {
            return Err(no_room());
        }
        if let Some(user) = given(first.caller_user.clone()).filter(|user| desk::is_text(user)) {
            new.caller_user = self.store.users(tenant.id).by_name(&user).await.ok().map(|user| user.id);
        }
        let _place = self.place()?;
        let taken = self.take_audio(&tenant, audio::gather(first, &mut pieces).await?).await?;
        new.recording.clone_from(&taken.recording);
        let measured = Measured { length: taken.length, bytes: taken.bytes };
        let kept = match messages.space(&new.mailbox).await {
            Ok(space) if space.messages == 0 || space.length < taken.length => Err(no_room()),
            Ok(_) => messages.import(&new, folder, moved, measured).await.map_err(failed),
            Err(error) => Err(failed(error)),
        };
        if kept.is_err() {
            self.forget_audio(&tenant, &taken.recording).await;
        }
        let kept = kept?;
        tracing::info!(tenant = tenant.id.0, message = kept.id.0, "an operator brought a message in");
        self.tell(&tenant, &kept.mailbox, MailboxEvent::Came(Box::new(kept.clone()))).await;
        self.message_spelt(&tenant, kept).await
    }

    /// Tells the exchange what an operator did.
    async fn tell(&self, tenant: &Tenant, mailbox: &str, event: MailboxEvent) {
        let (tenant, mailbox, at) = (tenant.id, mailbox.to_owned(), SystemTime::now());
        self.live.mailbox_changed(MailboxHappening { tenant, mailbox, at, event }).await;
    }

    /// The tenant has all of these.
    pub(super) async fn expect_mailboxes(&self, tenant: &Tenant, field: &str, names: &[String]) -> Result<(), Status> {
        let mut wrong = Violations::default();
        wrong.expect(names.iter().all(|name| is_mailbox_name(name)), field, "names of mailboxes");
        wrong.finish()?;
        let all = self.store.mailboxes(tenant.id).list().await.map_err(failed)?;
        let known: std::collections::BTreeSet<_> = all.iter().map(|mailbox| mailbox.name.as_str()).collect();
        match names.iter().find(|name| !known.contains(name.as_str())) {
            Some(name) => Err(Status::not_found(format!("there is no mailbox {name}"))),
            None => Ok(()),
        }
    }
}

/// Where a message stands among those of its mailbox: folder by folder, urgent ones first, then as they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    folder: switch::Folder,
    calm: bool,
    received: SystemTime,
    id: i64,
}

impl Place {
    fn of(message: &StoredMessage) -> Self {
        let folder = message.folder.unwrap_or(switch::Folder::New);
        Self { folder, calm: !message.urgent, received: message.received, id: message.id.0 }
    }

    fn written(self) -> String {
        let since = self.received.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        format!("{}-{}-{}-{}", self.folder.as_str(), u8::from(self.calm), since.as_micros(), self.id)
    }

    fn read(token: &str) -> Result<Self, String> {
        Self::parse(token).ok_or_else(|| "was not given by an earlier page".to_owned())
    }

    fn parse(token: &str) -> Option<Self> {
        let (folder, rest) = token.split_once('-')?;
        let (calm, rest) = rest.split_once('-')?;
        let (micros, id) = rest.split_once('-')?;
        let since = std::time::Duration::from_micros(micros.parse().ok()?);
        Some(Self {
            folder: switch::Folder::named(folder)?,
            calm: calm.parse::<u8>().ok()? != 0,
            received: SystemTime::UNIX_EPOCH.checked_add(since)?,
            id: id.parse().ok()?,
        })
    }
}

/// What a message that is brought in is said to be; its audio comes after.
fn read(wrong: &mut Violations, asked: &ImportMessageRequest) -> (NewMessage, switch::Folder, SystemTime) {
    let now = SystemTime::now();
    let short = |text: &str| text.len() <= 128 && !text.chars().any(char::is_control);
    const SHORT: &str = "at most 128 bytes, no control characters";
    wrong.expect(short(&asked.caller), "caller", SHORT);
    wrong.expect(asked.caller_name.as_deref().is_none_or(short), "caller_name", SHORT);
    let from = asked.forwarded_by.as_deref().is_none_or(|name| name.is_empty() || is_mailbox_name(name));
    wrong.expect(from, "forwarded_by", "the name of a mailbox");
    let call = given(asked.call.clone()).and_then(|call| wrong.read("call", parse_uid(&call)));
    let folder = wrong.word_if_said("folder", asked.folder, &FOLDERS).unwrap_or(switch::Folder::New);
    let received = read_time(wrong, "received", asked.received).unwrap_or(now);
    let moved = read_time(wrong, "moved", asked.moved).unwrap_or(now);
    let new = NewMessage {
        mailbox: asked.mailbox.clone(),
        recording: String::new(),
        urgent: asked.urgent,
        caller: asked.caller.clone(),
        caller_name: given(asked.caller_name.clone()),
        caller_user: None,
        call: call.map(|uid| uid.to_string()),
        reason: wrong.word_if_said("reason", asked.reason, &REASONS).unwrap_or(switch::Reason::Chosen),
        received,
        forwarded_by: given(asked.forwarded_by.clone()),
    };
    (new, folder, moved)
}

pub(super) fn spelt(tenant: &str, message: StoredMessage, caller_user: Option<String>) -> MailboxMessage {
    let folder = match message.folder {
        None => Folder::Unspecified,
        Some(switch::Folder::New) => Folder::New,
        Some(switch::Folder::Saved) => Folder::Saved,
        Some(switch::Folder::Deleted) => Folder::Deleted,
    };
    let reason = REASONS.iter().find(|(.., reason)| reason.as_str() == message.reason);
    MailboxMessage {
        tenant: tenant.to_owned(),
        id: message.id.0,
        mailbox: message.mailbox,
        folder: folder.into(),
        urgent: message.urgent,
        caller: message.caller,
        caller_name: message.caller_name,
        caller_user,
        call: message.call,
        reason: reason.map_or(VoicemailReason::Unspecified, |(_, word, _)| *word).into(),
        received: Some(timestamp(message.received)),
        moved: Some(timestamp(message.moved)),
        length: message.length.try_into().ok(),
        bytes: message.bytes,
        forwarded_by: message.forwarded_by,
        recording: message.recording,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_is_written_and_nothing_else_is() {
        let received = SystemTime::UNIX_EPOCH + std::time::Duration::from_micros(1_772_366_400_000_007);
        let place = Place { folder: switch::Folder::Saved, calm: true, received, id: 42 };
        assert_eq!(Place::read(&place.written()), Ok(place));
        for wrong in ["", "saved", "saved-1-7", "drafts-1-7-42", "saved-x-7-42", "saved-1-7-99999999999999999999"] {
            assert!(Place::read(wrong).is_err(), "{wrong:?}");
        }
    }
}
