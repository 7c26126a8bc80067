//! `CallService`: the calls that are up.

use switch::{CallUid, Cause, TenantId};
use tokio::sync::{broadcast, mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::desk::Desk;
use crate::live::Happening;
use crate::v1::call_service_server::CallService;
use crate::v1::{
    Call, CallEvent, GetCallRequest, HangupRequest, HangupResponse, ListCallsRequest, ListCallsResponse,
    WatchCallsRequest,
};
use crate::violations::violation;
use crate::words;

/// How many events wait in one stream; more wait in the board's backlog.
const STREAM: usize = 64;

#[tonic::async_trait]
impl CallService for Desk {
    async fn list(&self, request: Request<ListCallsRequest>) -> Result<Response<ListCallsResponse>, Status> {
        let tenant = self.tenant(&request.get_ref().tenant).await?;
        let calls = self.live.calls(tenant.id).await;
        let calls = calls
            .into_iter()
            .filter(|call| call.tenant == tenant.id)
            .map(|call| words::call(&tenant.name, call))
            .collect();
        Ok(Response::new(ListCallsResponse { calls }))
    }

    async fn get(&self, request: Request<GetCallRequest>) -> Result<Response<Call>, Status> {
        let request = request.into_inner();
        let tenant = self.tenant(&request.tenant).await?;
        let uid = read_uid(&request.uid)?;
        let calls = self.live.calls(tenant.id).await;
        let found = calls.into_iter().find(|call| call.tenant == tenant.id && call.uid == uid).ok_or_else(no_call)?;
        Ok(Response::new(words::call(&tenant.name, found)))
    }

    type WatchStream = ReceiverStream<Result<CallEvent, Status>>;

    async fn watch(&self, request: Request<WatchCallsRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let request = request.into_inner();
        let tenant = self.tenant(&request.tenant).await?;
        let only = if request.uid.is_empty() { None } else { Some(read_uid(&request.uid)?) };
        let (sender, stream) = mpsc::channel(STREAM);
        let watcher = Watcher { tenant: tenant.id, name: tenant.name, only, missed: 0, stream: sender };
        tokio::spawn(watcher.run(self.live.watch(), self.closing.clone()));
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    async fn hangup(&self, request: Request<HangupRequest>) -> Result<Response<HangupResponse>, Status> {
        let request = request.into_inner();
        let tenant = self.tenant(&request.tenant).await?;
        let uid = read_uid(&request.uid)?;
        let cause = match u8::try_from(request.cause) {
            Ok(0) => Cause::NORMAL,
            Ok(value @ 1..=127) => Cause(value),
            _ => return Err(violation("cause", "a Q.850 cause from 1 to 127, or 0 for 16")),
        };
        if !self.live.hang_up(tenant.id, uid, cause).await {
            return Err(no_call());
        }
        tracing::info!(tenant = tenant.id.0, call = %uid, cause = cause.0, "an operator hung up");
        Ok(Response::new(HangupResponse {}))
    }
}

/// One who watches the calls of a tenant.
struct Watcher {
    tenant: TenantId,
    name: String,
    only: Option<CallUid>,
    missed: u64,
    stream: mpsc::Sender<Result<CallEvent, Status>>,
}

impl Watcher {
    async fn run(mut self, mut news: broadcast::Receiver<Happening>, mut closing: watch::Receiver<bool>) {
        loop {
            let heard = tokio::select! {
                () = self.stream.closed() => return,
                _ = closing.wait_for(|closing| *closing) => return,
                heard = news.recv() => heard,
            };
            match heard {
                Ok(happening) => {
                    if !self.tell(happening).await {
                        return;
                    }
                }
                Err(broadcast::error::RecvError::Lagged(missed)) => self.missed += missed,
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    }

    /// Passes on what is for this watcher; false when it left.
    async fn tell(&mut self, happening: Happening) -> bool {
        if happening.tenant != self.tenant || self.only.is_some_and(|only| only != happening.call) {
            return true;
        }
        let event = words::happening(&self.name, std::mem::take(&mut self.missed), happening);
        self.stream.send(Ok(event)).await.is_ok()
    }
}

/// A call's name, or which field is wrong.
pub(crate) fn read_uid(text: &str) -> Result<CallUid, Status> {
    CallUid::parse(text).ok_or_else(|| violation("uid", "a call's uid has 24 hex digits"))
}

fn no_call() -> Status {
    Status::not_found("there is no such call; perhaps it is over, then `cdr` has its record")
}
