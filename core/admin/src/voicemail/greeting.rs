//! Greetings: what owners say to callers.

use store::Tenant;
use tonic::{Status, Streaming};

use crate::desk::Desk;
use crate::live::Change;
use crate::v1::{
    DeleteGreetingRequest, DeleteGreetingResponse, DownloadGreetingRequest, Greeting, ListGreetingsRequest,
    ListGreetingsResponse, MailboxGreeting, RecordingFormat, UploadGreetingRequest,
};
use crate::violations::{Violations, failed};
use crate::voicemail::{Audio, audio, named};

const GREETINGS: [(&str, Greeting, switch::Greeting); 4] = [
    ("unavailable", Greeting::Unavailable, switch::Greeting::Unavailable),
    ("busy", Greeting::Busy, switch::Greeting::Busy),
    ("temporary", Greeting::Temporary, switch::Greeting::Temporary),
    ("name", Greeting::Name, switch::Greeting::Name),
];

impl Desk {
    pub(super) async fn greetings(&self, request: ListGreetingsRequest) -> Result<ListGreetingsResponse, Status> {
        let tenant = self.tenant(&request.tenant).await?;
        let name = named("mailbox", &request.mailbox)?;
        let mailbox = self.store.mailboxes(tenant.id).get(name).await.map_err(failed)?;
        let mut greetings = Vec::new();
        for (greeting, recording) in mailbox.greetings {
            greetings.push(self.greeting_spelt(&tenant, name, greeting, recording).await);
        }
        Ok(ListGreetingsResponse { greetings })
    }

    pub(super) async fn keep_greeting(
        &self,
        mut pieces: Streaming<UploadGreetingRequest>,
    ) -> Result<MailboxGreeting, Status> {
        let first = audio::piece(&mut pieces).await?.unwrap_or_default();
        let tenant = self.tenant(&first.tenant).await?;
        let greeting = read(first.greeting)?;
        let mailbox = named("mailbox", &first.mailbox)?.to_owned();
        let mailboxes = self.store.mailboxes(tenant.id);
        mailboxes.get(&mailbox).await.map_err(failed)?;
        let _place = self.place()?;
        let taken = self.take_audio(&tenant, audio::gather(first, &mut pieces).await?).await?;
        let before = match mailboxes.greet(&mailbox, greeting, Some(&taken.recording)).await {
            Ok(before) => before,
            Err(error) => {
                self.forget_audio(&tenant, &taken.recording).await;
                return Err(failed(error));
            }
        };
        tracing::info!(tenant = tenant.id.0, greeting = greeting.as_str(), "an operator gave a mailbox a greeting");
        self.live.changed(Change::Mailboxes(tenant.id)).await;
        if let Some(before) = before {
            self.forget_audio(&tenant, &before).await;
        }
        Ok(self.greeting_spelt(&tenant, &mailbox, greeting, taken.recording).await)
    }

    pub(super) async fn read_greeting(&self, request: DownloadGreetingRequest) -> Result<Audio, Status> {
        let tenant = self.tenant(&request.tenant).await?;
        let greeting = read(request.greeting)?;
        let name = named("mailbox", &request.mailbox)?;
        let mut mailbox = self.store.mailboxes(tenant.id).get(name).await.map_err(failed)?;
        let recording = mailbox.greetings.remove(&greeting).ok_or_else(none)?;
        self.read_audio(&tenant, &recording).await
    }

    pub(super) async fn remove_greeting(
        &self,
        request: DeleteGreetingRequest,
    ) -> Result<DeleteGreetingResponse, Status> {
        let tenant = self.tenant(&request.tenant).await?;
        let greeting = read(request.greeting)?;
        let name = named("mailbox", &request.mailbox)?;
        let before = self.store.mailboxes(tenant.id).greet(name, greeting, None).await.map_err(failed)?;
        let recording = before.ok_or_else(none)?;
        tracing::info!(tenant = tenant.id.0, greeting = greeting.as_str(), "an operator deleted a greeting");
        self.live.changed(Change::Mailboxes(tenant.id)).await;
        self.forget_audio(&tenant, &recording).await;
        Ok(DeleteGreetingResponse {})
    }

    async fn greeting_spelt(
        &self,
        tenant: &Tenant,
        mailbox: &str,
        greeting: switch::Greeting,
        recording: String,
    ) -> MailboxGreeting {
        let file = self.live.read_recording(tenant.id, &recording).await;
        let (bytes, format) =
            file.map_or((0, RecordingFormat::Unspecified), |file| (file.bytes, audio::format(file.format)));
        MailboxGreeting {
            tenant: tenant.name.clone(),
            mailbox: mailbox.to_owned(),
            greeting: word(greeting).into(),
            bytes,
            format: format.into(),
            recording,
        }
    }
}

fn none() -> Status {
    Status::not_found("the mailbox has no such greeting of its own")
}

fn read(number: i32) -> Result<switch::Greeting, Status> {
    let mut wrong = Violations::default();
    let greeting = wrong.word("greeting", number, &GREETINGS);
    wrong.finish()?;
    greeting.ok_or_else(none)
}

pub(super) fn word(greeting: switch::Greeting) -> Greeting {
    match greeting {
        switch::Greeting::Unavailable => Greeting::Unavailable,
        switch::Greeting::Busy => Greeting::Busy,
        switch::Greeting::Temporary => Greeting::Temporary,
        switch::Greeting::Name => Greeting::Name,
    }
}
