//! The mail that tells of messages: what waits to be sent, and how a tenant writes.

use std::time::SystemTime;

use tonic::Status;

use crate::desk::Desk;
use crate::live::Change;
use crate::v1::{
    DeleteMailTemplateRequest, DeleteMailTemplateResponse, Letter, LetterKind, ListMailRequest, ListMailResponse,
    ListMailTemplatesRequest, ListMailTemplatesResponse, MailTemplate, PutMailTemplateRequest, RetryMailRequest,
    RetryMailResponse,
};
use crate::violations::{Violations, failed, violation};
use crate::voicemail::message::{LARGEST_PAGE, PAGE};
use crate::voicemail::template;
use crate::words::{filled, given, timestamp};

const KINDS: [(&str, LetterKind, store::LetterKind); 2] = [
    ("message", LetterKind::Message, store::LetterKind::Message),
    ("nearly-full", LetterKind::NearlyFull, store::LetterKind::NearlyFull),
];

impl Desk {
    pub(super) async fn page_of_mail(&self, request: ListMailRequest) -> Result<ListMailResponse, Status> {
        let tenant = self.tenant(&request.tenant).await?;
        let size = if request.page_size == 0 { PAGE } else { request.page_size };
        let mut wrong = Violations::default();
        wrong.expect(size <= LARGEST_PAGE, "page_size", "1 to 1000, or 0 for 100");
        let after = filled(request.page_token).and_then(|token| {
            let read = token.parse::<i64>().map_err(|_| "was not given by an earlier page".to_owned());
            wrong.read("page_token", read)
        });
        wrong.finish()?;
        let mut letters = self.store.letters().of(tenant.id).await.map_err(failed)?;
        letters.retain(|letter| after.is_none_or(|after| letter.id > after));
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let more = letters.len() > size;
        letters.truncate(size);
        let next = letters.last().filter(|_| more).map(|last| last.id.to_string());
        let letters = letters.into_iter().map(|letter| letter_spelt(&tenant.name, letter)).collect();
        Ok(ListMailResponse { letters, next_page_token: next.unwrap_or_default() })
    }

    pub(super) async fn retry(&self, request: RetryMailRequest) -> Result<RetryMailResponse, Status> {
        let tenant = self.tenant(&request.tenant).await?;
        let letters = self.store.letters().retry(tenant.id, SystemTime::now()).await.map_err(failed)?;
        tracing::info!(tenant = tenant.id.0, letters, "an operator has mail tried again");
        self.live.changed(Change::Mail(tenant.id)).await;
        Ok(RetryMailResponse { letters })
    }

    pub(super) async fn keep_template(&self, request: PutMailTemplateRequest) -> Result<MailTemplate, Status> {
        let tenant = self.tenant(&request.tenant).await?;
        let template = store::MailTemplate {
            kind: kind(request.kind)?,
            language: request.language,
            subject: request.subject,
            text: request.text,
            html: given(request.html),
        };
        let mut wrong = Violations::default();
        template::check(&mut wrong, &template);
        wrong.finish()?;
        self.store.letters().set_template(tenant.id, &template).await.map_err(failed)?;
        tracing::info!(tenant = tenant.id.0, kind = template.kind.as_str(), "a template of mail was kept");
        Ok(template_spelt(&tenant.name, template))
    }

    pub(super) async fn templates(
        &self,
        request: ListMailTemplatesRequest,
    ) -> Result<ListMailTemplatesResponse, Status> {
        let tenant = self.tenant(&request.tenant).await?;
        let templates = self.store.letters().templates(tenant.id).await.map_err(failed)?;
        let templates = templates.into_iter().map(|template| template_spelt(&tenant.name, template)).collect();
        Ok(ListMailTemplatesResponse { templates })
    }

    pub(super) async fn remove_template(
        &self,
        request: DeleteMailTemplateRequest,
    ) -> Result<DeleteMailTemplateResponse, Status> {
        let tenant = self.tenant(&request.tenant).await?;
        let kind = kind(request.kind)?;
        if request.language.is_empty() {
            return Err(violation("language", "a tag as `en` or `de-AT`"));
        }
        let language = crate::desk::named("language", &request.language, "template")?;
        self.store.letters().delete_template(tenant.id, language, kind).await.map_err(failed)?;
        tracing::info!(tenant = tenant.id.0, kind = kind.as_str(), "a template of mail was deleted");
        Ok(DeleteMailTemplateResponse {})
    }
}

fn kind(number: i32) -> Result<store::LetterKind, Status> {
    let mut wrong = Violations::default();
    let kind = wrong.word("kind", number, &KINDS);
    wrong.finish()?;
    kind.ok_or_else(|| violation("kind", "what it is for"))
}

fn word(kind: store::LetterKind) -> LetterKind {
    match kind {
        store::LetterKind::Message => LetterKind::Message,
        store::LetterKind::NearlyFull => LetterKind::NearlyFull,
    }
}

fn letter_spelt(tenant: &str, letter: store::Letter) -> Letter {
    Letter {
        tenant: tenant.to_owned(),
        id: letter.id,
        mailbox: letter.mailbox,
        message: letter.message.map(|message| message.0),
        kind: word(letter.kind).into(),
        queued: Some(timestamp(letter.queued)),
        due: Some(timestamp(letter.due)),
        tries: letter.tries,
        fault: letter.fault,
        given_up: letter.given_up,
    }
}

fn template_spelt(tenant: &str, template: store::MailTemplate) -> MailTemplate {
    MailTemplate {
        tenant: tenant.to_owned(),
        language: template.language,
        kind: word(template.kind).into(),
        subject: template.subject,
        text: template.text,
        html: template.html,
    }
}
