//! The audio of messages and greetings: taken in piece by piece, given out piece by piece, removed when it is nobody's.

use std::sync::Arc;
use std::time::Duration;

use store::Tenant;
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use crate::desk::Desk;
use crate::live::{NotTaken, RecordingBytes, TakenAudio};
use crate::v1::{DownloadAudioResponse, ImportMessageRequest, RecordingFormat, UploadGreetingRequest};
use crate::violations::violation;
use crate::voicemail::Audio;

/// The largest file.
const LARGEST: usize = 64 << 20;
/// How many pieces of a file wait for a slow reader.
const STREAM: usize = 4;
/// So many files are taken in at once, each in memory; who sends nothing for so long gives up his place.
const AT_ONCE: usize = 4;
const PATIENCE: Duration = Duration::from_secs(30);

/// The places of those who send files to one server.
pub(crate) fn places() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(AT_ONCE))
}

/// A piece of a file that is sent here.
pub(super) trait Piece: Send {
    /// Its bytes, and whether they are the last.
    fn take(&mut self) -> (Vec<u8>, bool);
}

impl Piece for ImportMessageRequest {
    fn take(&mut self) -> (Vec<u8>, bool) {
        (std::mem::take(&mut self.data), self.last)
    }
}

impl Piece for UploadGreetingRequest {
    fn take(&mut self) -> (Vec<u8>, bool) {
        (std::mem::take(&mut self.data), self.last)
    }
}

/// The next piece, from somebody who does not keep others waiting.
pub(super) async fn piece<P: Piece>(pieces: &mut Streaming<P>) -> Result<Option<P>, Status> {
    let late = |_| Status::deadline_exceeded("no further piece of the file came");
    tokio::time::timeout(PATIENCE, pieces.message()).await.map_err(late)?
}

/// The whole file, of which this is the first piece.
pub(super) async fn gather<P: Piece>(mut first: P, pieces: &mut Streaming<P>) -> Result<Vec<u8>, Status> {
    let (mut file, mut last) = first.take();
    while !last {
        // A client that went away in the middle looks like one that is done.
        let torn = || violation("last", "the file ended without its last piece; nothing was kept");
        let (data, end) = piece(pieces).await?.ok_or_else(torn)?.take();
        last = end;
        if file.len() + data.len() > LARGEST {
            return Err(violation("data", format!("the file has more than {} MiB", LARGEST >> 20)));
        }
        file.extend(data);
    }
    if file.is_empty() { Err(violation("data", "there is nothing in the file")) } else { Ok(file) }
}

impl Desk {
    /// The place of one who sends a file, while he does.
    pub(super) fn place(&self) -> Result<SemaphorePermit<'_>, Status> {
        self.uploads.try_acquire().map_err(|_| {
            Status::resource_exhausted(format!("{AT_ONCE} files are being uploaded already; try again in a while"))
        })
    }

    /// Keeps a file as audio of the tenant.
    pub(super) async fn take_audio(&self, tenant: &Tenant, file: Vec<u8>) -> Result<TakenAudio, Status> {
        self.live.take_audio(tenant.id, file).await.map_err(|why| match why {
            NotTaken::Unplayable(why) => violation("data", why),
            NotTaken::Disk => Status::resource_exhausted("the file cannot be written; the log says why"),
        })
    }

    pub(super) async fn read_audio(&self, tenant: &Tenant, recording: &str) -> Result<Audio, Status> {
        let file = self.live.read_recording(tenant.id, recording).await.filter(|file| file.bytes > 0);
        let file = file.ok_or_else(|| Status::not_found("its audio is not there any more"))?;
        let (sender, stream) = mpsc::channel(STREAM);
        tokio::spawn(send(file, sender));
        Ok(ReceiverStream::new(stream))
    }

    /// Removes audio that is nobody's. Whatever stays is removed when the exchange starts next.
    pub(super) async fn forget_audio(&self, tenant: &Tenant, recording: &str) {
        if let Err(why) = self.live.remove_recording(tenant.id, recording).await {
            tracing::warn!(?why, tenant = tenant.id.0, "the audio of a message or greeting stays until the next start");
            return;
        }
        match self.store.recordings(tenant.id).delete(recording).await {
            Ok(()) | Err(store::Error::NotFound(_)) => {}
            Err(error) => tracing::warn!(%error, tenant = tenant.id.0, "a recording without a file stays in the list"),
        }
    }
}

pub(super) fn format(format: switch::RecordingFormat) -> RecordingFormat {
    match format {
        switch::RecordingFormat::Wav => RecordingFormat::Wav,
        switch::RecordingFormat::Opus => RecordingFormat::Opus,
    }
}

/// Passes a file on, as fast as it is read.
async fn send(mut file: RecordingBytes, stream: mpsc::Sender<Result<DownloadAudioResponse, Status>>) {
    let mut first = Some((file.bytes, format(file.format).into()));
    while let Some(piece) = file.pieces.recv().await {
        let (size, format) = first.take().unwrap_or_default();
        let answer = piece.map(|data| DownloadAudioResponse { data, size, format });
        let answer = answer.map_err(|error| {
            tracing::error!(%error, "the audio of a message or greeting cannot be read");
            Status::data_loss("the file cannot be read to its end")
        });
        let failed = answer.is_err();
        if stream.send(answer).await.is_err() || failed {
            return;
        }
    }
}
