//! `RecordingService`: what was recorded, and is being recorded.

use store::{RecordingFilter, StoredRecording};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::call::parse_uid;
use crate::cdr::read_time;
use crate::desk::{self, Desk};
use crate::live::{NotRemoved, RecordingBytes};
use crate::v1::recording_service_server::RecordingService;
use crate::v1::{
    DeleteRecordingRequest, DeleteRecordingResponse, DownloadRecordingRequest, DownloadRecordingResponse,
    GetRecordingRequest, ListRecordingsRequest, ListRecordingsResponse, Recording, RecordingFormat, RecordingKind,
    RecordingLayout,
};
use crate::violations::{Violations, failed};
use crate::words::{filled, timestamp};

const KINDS: [(&str, RecordingKind, switch::RecordingKind); 3] = [
    ("message", RecordingKind::Message, switch::RecordingKind::Message),
    ("call", RecordingKind::Call, switch::RecordingKind::Call),
    ("room", RecordingKind::Room, switch::RecordingKind::Room),
];
/// How many recordings a page has where the request does not say.
const PAGE: u32 = 100;
/// How many it has at most.
const LARGEST_PAGE: u32 = 1000;
/// How many pieces of a file wait for a slow reader.
const STREAM: usize = 4;

#[tonic::async_trait]
impl RecordingService for Desk {
    async fn list(&self, request: Request<ListRecordingsRequest>) -> Result<Response<ListRecordingsResponse>, Status> {
        let request = request.into_inner();
        let tenant = self.tenant(&request.tenant).await?;
        let size = if request.page_size == 0 { PAGE } else { request.page_size };
        let mut wrong = Violations::default();
        wrong.expect(size <= LARGEST_PAGE, "page_size", "1 to 1000, or 0 for 100");
        wrong.expect(desk::is_text(&request.page_token), "page_token", "was not given by an earlier page");
        let kind = wrong.word_if_said("kind", request.kind, &KINDS);
        let from = read_time(&mut wrong, "since", request.since);
        let until = read_time(&mut wrong, "until", request.until);
        let call = filled(request.call).and_then(|call| wrong.read("call", parse_uid(&call)));
        let call = call.map(|uid| uid.to_string());
        wrong.finish()?;
        let filter = RecordingFilter { from, until, call, kind };
        let token = filled(request.page_token);
        let page =
            self.store.recordings(tenant.id).query(&filter, u64::from(size), token.as_deref()).await.map_err(failed)?;
        let recordings = page.recordings.into_iter().map(|recording| spelt(&tenant.name, recording)).collect();
        let next_page_token = page.next.unwrap_or_default();
        Ok(Response::new(ListRecordingsResponse { recordings, next_page_token }))
    }

    async fn get(&self, request: Request<GetRecordingRequest>) -> Result<Response<Recording>, Status> {
        let GetRecordingRequest { tenant, name } = request.into_inner();
        let tenant = self.tenant(&tenant).await?;
        let found = self.store.recordings(tenant.id).get(named(&name)?).await.map_err(failed)?;
        Ok(Response::new(spelt(&tenant.name, found)))
    }

    type DownloadStream = ReceiverStream<Result<DownloadRecordingResponse, Status>>;

    async fn download(
        &self,
        request: Request<DownloadRecordingRequest>,
    ) -> Result<Response<Self::DownloadStream>, Status> {
        let DownloadRecordingRequest { tenant, name } = request.into_inner();
        let tenant = self.tenant(&tenant).await?;
        // Whose it is and whether there is one is known here; what the file is, there.
        self.store.recordings(tenant.id).get(named(&name)?).await.map_err(failed)?;
        let file = self.live.read_recording(tenant.id, &name).await.ok_or_else(gone)?;
        if file.bytes == 0 {
            return Err(Status::failed_precondition("nothing of it can be heard yet; try again in a second"));
        }
        let (sender, stream) = mpsc::channel(STREAM);
        tokio::spawn(send(file, sender));
        tracing::info!(tenant = tenant.id.0, "an operator downloads a recording");
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    async fn delete(
        &self,
        request: Request<DeleteRecordingRequest>,
    ) -> Result<Response<DeleteRecordingResponse>, Status> {
        let DeleteRecordingRequest { tenant, name } = request.into_inner();
        let tenant = self.tenant(&tenant).await?;
        self.store.recordings(tenant.id).get(named(&name)?).await.map_err(failed)?;
        if self.store.messages(tenant.id).recordings().await.map_err(failed)?.contains(&name) {
            let why = "a mailbox keeps it as a message or a greeting; delete that, as with `mailbox rm`";
            return Err(Status::failed_precondition(why));
        }
        match self.live.remove_recording(tenant.id, &name).await {
            Ok(()) => {}
            Err(NotRemoved::Busy) => {
                let why = "it is being recorded; end that first, as with `call record stop`";
                return Err(Status::failed_precondition(why));
            }
            Err(NotRemoved::Failed) => return Err(Status::internal("the file cannot be removed; the log says why")),
        }
        self.store.recordings(tenant.id).delete(&name).await.map_err(failed)?;
        tracing::info!(tenant = tenant.id.0, "an operator deleted a recording");
        Ok(Response::new(DeleteRecordingResponse {}))
    }
}

fn named(name: &str) -> Result<&str, Status> {
    desk::named("name", name, "recording")
}

fn gone() -> Status {
    Status::not_found("the file of this recording is not there")
}

/// Passes a file on, as fast as it is read.
async fn send(mut file: RecordingBytes, stream: mpsc::Sender<Result<DownloadRecordingResponse, Status>>) {
    let format = match file.format {
        switch::RecordingFormat::Wav => RecordingFormat::Wav,
        switch::RecordingFormat::Opus => RecordingFormat::Opus,
    };
    let mut first = Some((file.bytes, format.into()));
    while let Some(piece) = file.pieces.recv().await {
        let (size, format) = first.take().unwrap_or_default();
        let answer = piece.map(|data| DownloadRecordingResponse { data, size, format });
        let answer = answer.map_err(|error| {
            tracing::error!(%error, "a recording cannot be read");
            Status::data_loss("the file cannot be read to its end")
        });
        let failed = answer.is_err();
        if stream.send(answer).await.is_err() || failed {
            return;
        }
    }
}

fn spelt(tenant: &str, recording: StoredRecording) -> Recording {
    let kind = match recording.kind.as_str() {
        "message" => RecordingKind::Message,
        "call" => RecordingKind::Call,
        "room" => RecordingKind::Room,
        _ => RecordingKind::Unspecified,
    };
    let format = match recording.format.as_str() {
        "wav" => RecordingFormat::Wav,
        "opus" => RecordingFormat::Opus,
        _ => RecordingFormat::Unspecified,
    };
    let layout = match recording.layout.as_str() {
        "mixed" => RecordingLayout::Mixed,
        "stereo" => RecordingLayout::Stereo,
        _ => RecordingLayout::Unspecified,
    };
    Recording {
        name: recording.name,
        tenant: tenant.to_owned(),
        call: recording.call,
        kind: kind.into(),
        started: Some(timestamp(recording.started)),
        length: recording.length.and_then(|length| prost_types::Duration::try_from(length).ok()),
        bytes: recording.bytes,
        format: format.into(),
        layout: layout.into(),
        fault: recording.fault,
    }
}
