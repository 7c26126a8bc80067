//! `VoicemailService`: mailboxes, what lies in them, and the mail that tells of it. A file for each noun.

mod audio;
mod greeting;
mod list;
mod mail;
mod mailbox;
mod message;
mod policy;
mod settings;
mod template;
mod watch;

pub(crate) use audio::places;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use crate::desk::{self, Desk};
use crate::v1::voicemail_service_server::VoicemailService;
use crate::v1::{
    CreateMailboxRequest, DeleteGreetingRequest, DeleteGreetingResponse, DeleteMailTemplateRequest,
    DeleteMailTemplateResponse, DeleteMailboxListRequest, DeleteMailboxListResponse, DeleteMailboxRequest,
    DeleteMailboxResponse, DeleteMessageRequest, DeleteMessageResponse, DownloadAudioResponse, DownloadGreetingRequest,
    DownloadMessageRequest, ForwardMessageRequest, ForwardMessageResponse, GetMailboxRequest, GetMessageRequest,
    GetVoicemailPolicyRequest, ImportMessageRequest, ListGreetingsRequest, ListGreetingsResponse, ListMailRequest,
    ListMailResponse, ListMailTemplatesRequest, ListMailTemplatesResponse, ListMailboxListsRequest,
    ListMailboxListsResponse, ListMailboxesRequest, ListMailboxesResponse, ListMessagesRequest, ListMessagesResponse,
    MailTemplate, Mailbox, MailboxEvent, MailboxGreeting, MailboxList, MailboxMessage, MarkMessageRequest,
    MoveMessageRequest, PutMailTemplateRequest, PutMailboxListRequest, RetryMailRequest, RetryMailResponse,
    SetVoicemailPolicyRequest, UpdateMailboxRequest, UploadGreetingRequest, VoicemailPolicy, WatchMailboxesRequest,
};

type Answer<T> = Result<Response<T>, Status>;
type Audio = ReceiverStream<Result<DownloadAudioResponse, Status>>;

#[tonic::async_trait]
impl VoicemailService for Desk {
    async fn create(&self, request: Request<CreateMailboxRequest>) -> Answer<Mailbox> {
        self.create_mailbox(request.into_inner()).await.map(Response::new)
    }

    async fn get(&self, request: Request<GetMailboxRequest>) -> Answer<Mailbox> {
        self.get_mailbox(request.into_inner()).await.map(Response::new)
    }

    async fn list(&self, request: Request<ListMailboxesRequest>) -> Answer<ListMailboxesResponse> {
        self.list_mailboxes(request.into_inner()).await.map(Response::new)
    }

    async fn update(&self, request: Request<UpdateMailboxRequest>) -> Answer<Mailbox> {
        self.update_mailbox(request.into_inner()).await.map(Response::new)
    }

    async fn delete(&self, request: Request<DeleteMailboxRequest>) -> Answer<DeleteMailboxResponse> {
        self.delete_mailbox(request.into_inner()).await.map(Response::new)
    }

    async fn list_messages(&self, request: Request<ListMessagesRequest>) -> Answer<ListMessagesResponse> {
        self.page_of_messages(request.into_inner()).await.map(Response::new)
    }

    async fn get_message(&self, request: Request<GetMessageRequest>) -> Answer<MailboxMessage> {
        let GetMessageRequest { tenant, id } = request.into_inner();
        let tenant = self.tenant(&tenant).await?;
        let found = self.message(&tenant, id).await?;
        self.message_spelt(&tenant, found).await.map(Response::new)
    }

    async fn mark_message(&self, request: Request<MarkMessageRequest>) -> Answer<MailboxMessage> {
        self.mark(request.into_inner()).await.map(Response::new)
    }

    async fn move_message(&self, request: Request<MoveMessageRequest>) -> Answer<MailboxMessage> {
        self.shift(request.into_inner()).await.map(Response::new)
    }

    async fn delete_message(&self, request: Request<DeleteMessageRequest>) -> Answer<DeleteMessageResponse> {
        self.purge(request.into_inner()).await.map(Response::new)
    }

    type DownloadMessageStream = Audio;

    async fn download_message(&self, request: Request<DownloadMessageRequest>) -> Answer<Audio> {
        let DownloadMessageRequest { tenant, id } = request.into_inner();
        let tenant = self.tenant(&tenant).await?;
        let found = self.message(&tenant, id).await?;
        let audio = self.read_audio(&tenant, &found.recording).await?;
        tracing::info!(tenant = tenant.id.0, message = id, "an operator downloads a message");
        Ok(Response::new(audio))
    }

    async fn forward_message(&self, request: Request<ForwardMessageRequest>) -> Answer<ForwardMessageResponse> {
        self.forward_one(request.into_inner()).await.map(Response::new)
    }

    async fn import_message(&self, request: Request<Streaming<ImportMessageRequest>>) -> Answer<MailboxMessage> {
        self.import_one(request.into_inner()).await.map(Response::new)
    }

    async fn list_greetings(&self, request: Request<ListGreetingsRequest>) -> Answer<ListGreetingsResponse> {
        self.greetings(request.into_inner()).await.map(Response::new)
    }

    async fn upload_greeting(&self, request: Request<Streaming<UploadGreetingRequest>>) -> Answer<MailboxGreeting> {
        self.keep_greeting(request.into_inner()).await.map(Response::new)
    }

    type DownloadGreetingStream = Audio;

    async fn download_greeting(&self, request: Request<DownloadGreetingRequest>) -> Answer<Audio> {
        self.read_greeting(request.into_inner()).await.map(Response::new)
    }

    async fn delete_greeting(&self, request: Request<DeleteGreetingRequest>) -> Answer<DeleteGreetingResponse> {
        self.remove_greeting(request.into_inner()).await.map(Response::new)
    }

    async fn put_list(&self, request: Request<PutMailboxListRequest>) -> Answer<MailboxList> {
        self.keep_list(request.into_inner()).await.map(Response::new)
    }

    async fn list_lists(&self, request: Request<ListMailboxListsRequest>) -> Answer<ListMailboxListsResponse> {
        self.lists(request.into_inner()).await.map(Response::new)
    }

    async fn delete_list(&self, request: Request<DeleteMailboxListRequest>) -> Answer<DeleteMailboxListResponse> {
        self.remove_list(request.into_inner()).await.map(Response::new)
    }

    async fn get_policy(&self, request: Request<GetVoicemailPolicyRequest>) -> Answer<VoicemailPolicy> {
        let tenant = self.tenant(&request.get_ref().tenant).await?;
        self.policy(&tenant).await.map(Response::new)
    }

    async fn set_policy(&self, request: Request<SetVoicemailPolicyRequest>) -> Answer<VoicemailPolicy> {
        self.change_policy(request.into_inner()).await.map(Response::new)
    }

    async fn list_mail(&self, request: Request<ListMailRequest>) -> Answer<ListMailResponse> {
        self.page_of_mail(request.into_inner()).await.map(Response::new)
    }

    async fn retry_mail(&self, request: Request<RetryMailRequest>) -> Answer<RetryMailResponse> {
        self.retry(request.into_inner()).await.map(Response::new)
    }

    async fn put_template(&self, request: Request<PutMailTemplateRequest>) -> Answer<MailTemplate> {
        self.keep_template(request.into_inner()).await.map(Response::new)
    }

    async fn list_templates(&self, request: Request<ListMailTemplatesRequest>) -> Answer<ListMailTemplatesResponse> {
        self.templates(request.into_inner()).await.map(Response::new)
    }

    async fn delete_template(&self, request: Request<DeleteMailTemplateRequest>) -> Answer<DeleteMailTemplateResponse> {
        self.remove_template(request.into_inner()).await.map(Response::new)
    }

    type WatchStream = ReceiverStream<Result<MailboxEvent, Status>>;

    async fn watch(&self, request: Request<WatchMailboxesRequest>) -> Answer<Self::WatchStream> {
        let WatchMailboxesRequest { tenant, mailbox } = request.into_inner();
        let tenant = self.tenant(&tenant).await?;
        let (sender, stream) = mpsc::channel(watch::STREAM);
        // From before it is asked what waits, so that nothing falls between.
        let news = self.live.watch_mailboxes();
        tokio::spawn(watch::Watcher::new(self.clone(), tenant, mailbox, sender).run(news));
        Ok(Response::new(ReceiverStream::new(stream)))
    }
}

fn named<'a>(field: &str, name: &'a str) -> Result<&'a str, Status> {
    desk::named(field, name, "mailbox")
}
