//! `PromptService`: what callers can hear by name.

use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use crate::desk::{self, Desk};
use crate::live::{NotKept, PromptBytes, PromptView, PromptsWanted};
use crate::v1::prompt_service_server::PromptService;
use crate::v1::{
    DeletePromptRequest, DeletePromptResponse, DownloadPromptRequest, DownloadPromptResponse, ListPromptsRequest,
    ListPromptsResponse, Prompt, PromptOwner, UploadPromptRequest,
};
use crate::violations::{Violations, violation};
use crate::words::{filled, timestamp};

/// Whether it is the system's.
const OWNERS: [(&str, PromptOwner, bool); 2] =
    [("tenant", PromptOwner::Tenant, false), ("system", PromptOwner::System, true)];
/// The largest file.
const LARGEST: usize = 64 << 20;
/// How many prompts a page has where the request does not say, and at most.
const PAGE: u32 = 100;
const LARGEST_PAGE: u32 = 1000;
/// How many pieces of a file wait for a slow reader.
const STREAM: usize = 4;
/// So many files are taken in at once, each in memory; who sends nothing for so long gives up his place.
const AT_ONCE: usize = 4;
const PATIENCE: Duration = Duration::from_secs(30);

static UPLOADS: Semaphore = Semaphore::const_new(AT_ONCE);

#[tonic::async_trait]
impl PromptService for Desk {
    async fn list(&self, request: Request<ListPromptsRequest>) -> Result<Response<ListPromptsResponse>, Status> {
        let request = request.into_inner();
        let tenant = self.tenant(&request.tenant).await?;
        let size = if request.page_size == 0 { PAGE } else { request.page_size };
        let mut wrong = Violations::default();
        wrong.expect(size <= LARGEST_PAGE, "page_size", "1 to 1000, or 0 for 100");
        wrong.expect(request.page_token.len() <= 512, "page_token", "was not given by an earlier page");
        wrong.expect(desk::is_text(&request.prefix), "prefix", "the beginning of a name, as digits/");
        wrong.expect(desk::is_text(&request.language), "language", "a language as en or de-AT");
        let system = wrong.word_if_said("owner", request.owner, &OWNERS);
        wrong.finish()?;
        let wanted = PromptsWanted {
            language: filled(request.language),
            system,
            prefix: request.prefix,
            after: filled(request.page_token),
            most: usize::try_from(size).unwrap_or(usize::MAX),
        };
        let page = self.live.prompts(tenant.id, wanted).await;
        let prompts = page.prompts.into_iter().map(|prompt| spelt(&tenant.name, prompt)).collect();
        Ok(Response::new(ListPromptsResponse { prompts, next_page_token: page.next.unwrap_or_default() }))
    }

    async fn upload(&self, request: Request<Streaming<UploadPromptRequest>>) -> Result<Response<Prompt>, Status> {
        let mut pieces = request.into_inner();
        let first = piece(&mut pieces).await?.unwrap_or_default();
        let UploadPromptRequest { tenant, name, language, data, mut last } = first;
        let tenant = self.tenant(&tenant).await?;
        let mut wrong = Violations::default();
        wrong.expect(!name.is_empty() && desk::is_text(&name), "name", NAME);
        wrong.expect(!language.is_empty() && desk::is_text(&language), "language", "a language as en or de-AT");
        wrong.finish()?;
        let _place = UPLOADS.try_acquire().map_err(|_| {
            Status::resource_exhausted(format!("{AT_ONCE} prompts are being uploaded already; try again in a while"))
        })?;
        let mut file = data;
        while !last {
            // A client that went away in the middle looks like one that is done.
            let torn = || violation("last", "the file ended without its last piece; nothing was kept");
            let piece = piece(&mut pieces).await?.ok_or_else(torn)?;
            last = piece.last;
            if file.len() + piece.data.len() > LARGEST {
                return Err(violation("data", format!("the file has more than {} MiB", LARGEST >> 20)));
            }
            file.extend(piece.data);
        }
        let kept = self.live.keep_prompt(tenant.id, &language, &name, file).await.map_err(|why| match why {
            NotKept::Name(why) => violation("name", format!("{why}: {NAME}")),
            NotKept::Language(why) => violation("language", why),
            NotKept::Unplayable(why) => violation("data", why),
            NotKept::Disk => Status::resource_exhausted("the file cannot be written; the log says why"),
        })?;
        tracing::info!(tenant = tenant.id.0, prompt = name, language, "an operator uploaded a prompt");
        Ok(Response::new(spelt(&tenant.name, kept)))
    }

    type DownloadStream = ReceiverStream<Result<DownloadPromptResponse, Status>>;

    async fn download(
        &self,
        request: Request<DownloadPromptRequest>,
    ) -> Result<Response<Self::DownloadStream>, Status> {
        let DownloadPromptRequest { tenant, name, language } = request.into_inner();
        let tenant = self.tenant(&tenant).await?;
        let file = self.live.read_prompt(tenant.id, language_of(&language)?, named(&name)?).await;
        let missing = || Status::not_found(format!("there is no prompt {name} in {language}"));
        let (sender, stream) = mpsc::channel(STREAM);
        tokio::spawn(send(file.ok_or_else(missing)?, sender));
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    async fn delete(&self, request: Request<DeletePromptRequest>) -> Result<Response<DeletePromptResponse>, Status> {
        let DeletePromptRequest { tenant, name, language } = request.into_inner();
        let tenant = self.tenant(&tenant).await?;
        match self.live.remove_prompt(tenant.id, language_of(&language)?, named(&name)?).await {
            Ok(true) => {}
            Ok(false) => {
                let none = format!("the tenant has no prompt {name} of its own in {language}");
                return Err(Status::not_found(none));
            }
            Err(error) => {
                tracing::error!(%error, tenant = tenant.id.0, "the file of a prompt cannot be removed");
                return Err(Status::internal("the file cannot be removed; the log says why"));
            }
        }
        tracing::info!(tenant = tenant.id.0, prompt = name, language, "an operator deleted a prompt");
        Ok(Response::new(DeletePromptResponse {}))
    }
}

const NAME: &str = "a prompt's name has 1 to 200 of a-z, 0-9, `-`, `_`, in parts divided by `/`";

fn named(name: &str) -> Result<&str, Status> {
    desk::named("name", name, "prompt")
}

fn language_of(language: &str) -> Result<&str, Status> {
    if language.is_empty() { Err(violation("language", "a language as en or de-AT")) } else { Ok(language) }
}

/// The next piece, from somebody who does not keep others waiting.
async fn piece(pieces: &mut Streaming<UploadPromptRequest>) -> Result<Option<UploadPromptRequest>, Status> {
    let late = |_| Status::deadline_exceeded("no further piece of the file came");
    tokio::time::timeout(PATIENCE, pieces.message()).await.map_err(late)?
}

/// Passes a file on, as fast as it is read.
async fn send(mut file: PromptBytes, stream: mpsc::Sender<Result<DownloadPromptResponse, Status>>) {
    let mut first = Some((file.bytes, file.ending));
    while let Some(piece) = file.pieces.recv().await {
        let (size, ending) = first.take().unwrap_or_default();
        let answer = piece.map(|data| DownloadPromptResponse { data, size, ending });
        let answer = answer.map_err(|error| {
            tracing::error!(%error, "a prompt cannot be read");
            Status::data_loss("the file cannot be read to its end")
        });
        let failed = answer.is_err();
        if stream.send(answer).await.is_err() || failed {
            return;
        }
    }
}

fn spelt(tenant: &str, prompt: PromptView) -> Prompt {
    let owner = if prompt.system { PromptOwner::System } else { PromptOwner::Tenant };
    Prompt {
        tenant: tenant.to_owned(),
        name: prompt.name,
        language: prompt.language,
        owner: owner.into(),
        length: prompt.length.and_then(|length| length.try_into().ok()),
        bytes: prompt.bytes,
        ending: prompt.ending,
        changed: prompt.changed.map(timestamp),
        fault: prompt.fault,
    }
}
