//! Letters to owners: what is in the database, composed for the post.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use mail::{Address, Attachment, Config, Due, Facts, Kind, Observer, Post, Queue, Stage, Template, Words};
use media::record::Format;
use media::sound::Limits;
use media::{Rate, Sound};
use store::{Letter, LetterKind, MailForm, Mailbox, StoredMessage};
use switch::{Folder, RecordingFormat, TenantId};

use super::{Mailroom, audio};
use crate::directory::Directory;

/// Bits a second of a message that goes by mail.
const BITRATE: u32 = 24_000;

/// Where letters wait, and how they are worded.
#[derive(Debug)]
pub(crate) struct Desk {
    room: Mailroom,
    directory: Arc<Directory>,
    config: Config,
    /// The language of letters where neither the mailbox nor its tenant has one.
    language: String,
    /// Letters that went without the file that they should have had.
    bare: Mutex<BTreeSet<i64>>,
}

/// The post over the letters that are kept. Without a server, letters wait.
pub(crate) fn post(
    room: &Mailroom,
    directory: &Arc<Directory>,
    config: Config,
    language: &str,
) -> Result<Post<Desk, Counts>, mail::Error> {
    let language = language.to_owned();
    let desk = Desk {
        room: room.clone(),
        directory: directory.clone(),
        config: config.clone(),
        language,
        bare: Mutex::default(),
    };
    Post::new(config, desk, Counts)
}

impl Desk {
    async fn written(&self, letter: &Letter) -> Result<Option<mail::Letter>, store::Error> {
        let store = &self.room.store;
        let tenant = letter.tenant;
        let mailbox = store.mailboxes(tenant).get(&letter.mailbox).await?;
        let message = match letter.message {
            Some(id) => match store.messages(tenant).get(id).await {
                Ok(message) => Some(message),
                // It is gone: there is nothing to say.
                Err(store::Error::NotFound(_)) => return Ok(None),
                Err(error) => return Err(error),
            },
            None => None,
        };
        let facts = self.facts(tenant, &mailbox, message.as_ref(), letter.queued);
        let words = self.words(tenant, &mailbox, letter.kind).await?.write(&facts);
        let attachment = match &message {
            Some(message) => self.attachment(&mailbox, message).await,
            None => None,
        };
        let along = matches!(mailbox.settings.mail, MailForm::Wav | MailForm::Opus);
        self.set_bare(letter.id, along && attachment.is_none());
        let policy = self.room.boxes.policy(tenant);
        let from = policy.mail_from.and_then(|from| Address::parse(&from).ok());
        Ok(Some(mail::Letter {
            id: letter.id,
            queued: letter.queued,
            to: mailbox.settings.emails.clone(),
            from: from.map(|from| from.named(&self.config.from_name)),
            subject: words.subject,
            text: words.text,
            html: words.html,
            attachment,
        }))
    }

    fn facts(&self, tenant: TenantId, mailbox: &Mailbox, message: Option<&StoredMessage>, queued: SystemTime) -> Facts {
        let known = self.room.boxes.find(tenant, &mailbox.name);
        let link = message
            .filter(|_| mailbox.settings.mail == MailForm::Link)
            .and_then(|message| self.config.link_to(&format!("{}/{}/{}", tenant.0, mailbox.name, message.id.0)));
        Facts {
            caller: message.and_then(|message| message.caller_name.clone()),
            number: message.map(|message| message.caller.clone()).filter(|number| !number.is_empty()),
            mailbox: mailbox.name.clone(),
            owner: known.and_then(|known| known.shown.title.clone()),
            when: message.map_or(queued, |message| message.received),
            zone: mailbox.settings.zone.clone().unwrap_or_else(|| self.directory.time_zone(tenant)),
            length: message.map(|message| message.length).unwrap_or_default(),
            count: self.room.waiting(tenant, &mailbox.name).new,
            link,
        }
    }

    async fn words(&self, tenant: TenantId, mailbox: &Mailbox, kind: LetterKind) -> Result<Words, store::Error> {
        let own = self.room.store.letters().templates(tenant).await?;
        let habits = self.directory.habits(tenant).language;
        let language = mailbox.settings.language.clone().or_else(|| habits.map(|tag| tag.as_str().to_owned()));
        let language = language.unwrap_or_else(|| self.language.clone());
        let own = own.into_iter().filter(|one| one.kind == kind).filter_map(|one| {
            // What an older exchange took and this one does not is not worded so.
            let template = Template::new(&one.subject, &one.text, one.html.as_deref()).ok()?;
            Some((one.language, template))
        });
        let kind = match kind {
            LetterKind::Message => Kind::Message,
            LetterKind::NearlyFull => Kind::NearlyFull,
        };
        Ok(Words::for_language(&own.collect::<Vec<_>>(), &language, kind))
    }

    /// The message as a file. One that cannot be read is told without it: that it came is worth knowing.
    async fn attachment(&self, mailbox: &Mailbox, message: &StoredMessage) -> Option<Attachment> {
        let wanted = match mailbox.settings.mail {
            MailForm::Wav => RecordingFormat::Wav,
            MailForm::Opus => RecordingFormat::Opus,
            MailForm::Note | MailForm::Link => return None,
        };
        let (recordings, tenant, name) = (self.room.recordings.clone(), message.tenant, message.recording.clone());
        // Any number will do for a stream of Ogg.
        let serial = u32::try_from(message.id.0 & 0xffff_ffff).unwrap_or_default();
        let read = tokio::task::spawn_blocking(move || {
            let (format, bytes) = audio::bytes_of(&recordings, tenant, &name)?;
            if format == wanted { Some(bytes) } else { converted(&bytes, wanted, serial) }
        });
        let bytes = read.await.ok().flatten();
        if bytes.is_none() {
            tracing::warn!(tenant = tenant.0, "a message cannot be read for its letter, which goes without it");
        }
        let mime = match wanted {
            RecordingFormat::Wav => "audio/wav",
            RecordingFormat::Opus => "audio/ogg",
        };
        let name = format!("message-{}.{}", message.id.0, wanted.as_str());
        Some(Attachment { name, mime: mime.to_owned(), bytes: bytes? })
    }

    /// A letter goes without its file, or not any more; says whether it did before.
    fn set_bare(&self, id: i64, on: bool) -> bool {
        let mut bare = self.bare.lock().unwrap_or_else(PoisonError::into_inner);
        if on { !bare.insert(id) } else { bare.remove(&id) }
    }

    /// What was mailed may be thrown away, once it went along itself.
    async fn throw_away(&self, id: i64) -> Result<(), store::Error> {
        let store = &self.room.store;
        let Some(letter) = store.letters().get(id).await? else { return Ok(()) };
        let Some(message) = letter.message else { return Ok(()) };
        let settings = store.mailboxes(letter.tenant).get(&letter.mailbox).await?.settings;
        let went = matches!(settings.mail, MailForm::Wav | MailForm::Opus) && !self.set_bare(id, false);
        if settings.delete_after_mail && went {
            self.room.move_to(letter.tenant, message, Folder::Deleted).await?;
        }
        Ok(())
    }
}

fn converted(bytes: &[u8], to: RecordingFormat, serial: u32) -> Option<Vec<u8>> {
    let sound = Sound::decode(bytes, Rate::Wide, &Limits::default()).ok()?;
    let format = match to {
        RecordingFormat::Wav => Format::Wav,
        RecordingFormat::Opus => Format::Opus { bitrate: BITRATE, serial },
    };
    audio::written(sound.samples(), Rate::Wide, format)
}

impl Queue for Desk {
    type Error = store::Error;
    type About = Letter;

    async fn due(&self, now: SystemTime, most: usize) -> Result<Vec<Due<Letter>>, store::Error> {
        if !self.config.is_on() {
            return Ok(Vec::new());
        }
        let due = self.room.store.letters().due(now, most as u64).await?;
        self.tell_waiting().await?;
        let due = due.into_iter().map(|one| Due { id: one.id, queued: one.queued, tries: one.tries, about: one });
        Ok(due.collect())
    }

    async fn next(&self) -> Result<Option<SystemTime>, store::Error> {
        if self.config.is_on() { self.room.store.letters().next().await } else { Ok(None) }
    }

    async fn compose(&self, due: &Due<Letter>) -> Result<Option<mail::Letter>, store::Error> {
        match self.written(&due.about).await {
            // Its mailbox is gone, and the letter with it.
            Err(store::Error::NotFound(_)) => Ok(None),
            other => other,
        }
    }

    async fn sent(&self, id: i64) -> Result<(), store::Error> {
        // First: what is not written down as sent is sent again, and thrown away then.
        match self.throw_away(id).await {
            Ok(()) | Err(store::Error::NotFound(_)) => {}
            Err(error) => tracing::warn!(%error, "a message that was mailed is not thrown away"),
        }
        self.room.store.letters().sent(id).await?;
        self.tell_waiting().await
    }

    async fn failed(&self, id: i64, fault: &str, again: Option<SystemTime>) -> Result<(), store::Error> {
        self.room.store.letters().failed(id, fault, again).await
    }

    async fn dropped(&self, id: i64) -> Result<(), store::Error> {
        self.room.store.letters().sent(id).await
    }
}

impl Desk {
    #[allow(clippy::cast_precision_loss, reason = "gauges are floats; no count is so large")]
    async fn tell_waiting(&self) -> Result<(), store::Error> {
        metrics::gauge!("strowger_mail_waiting").set(self.room.store.letters().waiting().await? as f64);
        Ok(())
    }
}

/// Counts what becomes of letters.
#[derive(Debug)]
pub(crate) struct Counts;

fn count(outcome: &'static str) {
    metrics::counter!("strowger_mail_letters_total", "outcome" => outcome).increment(1);
}

impl Observer for Counts {
    fn sent(&self, _: Duration) {
        count("sent");
    }

    fn failed(&self, _: Stage) {
        count("failed");
    }

    fn given_up(&self, _: Stage) {
        count("given-up");
    }

    fn refused(&self) {
        count("refused");
    }
}
