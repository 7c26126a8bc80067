//! `CallService`: the calls that are up.

use std::time::Duration;

use switch::{
    CallRecording, CallUid, Cause, Keys, Play, PlayRefusal, RecordingOrder, Refusal, Side, SoundOrder, TenantId,
};
use tokio::sync::{broadcast, mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::cdr;
use crate::desk::Desk;
use crate::live::Happening;
use crate::sound::{self, Most};
use crate::v1;
use crate::v1::call_service_server::CallService;
use crate::v1::{
    Call, CallEvent, GetCallRequest, HangupRequest, HangupResponse, HushRequest, HushResponse, ListCallsRequest,
    ListCallsResponse, MusicRequest, MusicResponse, PauseRecordingRequest, PauseRecordingResponse, PlayRequest,
    PlayResponse, RecordingFormat, RecordingLayout, ResumeRecordingRequest, ResumeRecordingResponse,
    StartRecordingRequest, StartRecordingResponse, StopRecordingRequest, StopRecordingResponse, StopRequest,
    StopResponse, WatchCallsRequest,
};
use crate::violations::{Violations, violation};
use crate::words;

pub(crate) const FORMATS: [(&str, RecordingFormat, switch::RecordingFormat); 2] = [
    ("wav", RecordingFormat::Wav, switch::RecordingFormat::Wav),
    ("opus", RecordingFormat::Opus, switch::RecordingFormat::Opus),
];
const LAYOUTS: [(&str, RecordingLayout, switch::RecordingLayout); 2] = [
    ("mixed", RecordingLayout::Mixed, switch::RecordingLayout::Mixed),
    ("stereo", RecordingLayout::Stereo, switch::RecordingLayout::Stereo),
];
const SIDES: [(&str, v1::Side, Side); 2] =
    [("caller", v1::Side::Caller, Side::Caller), ("callee", v1::Side::Callee, Side::Callee)];
/// How much may be played at once, as by a dialplan.
const PLAYED: Most = Most { sounds: 64, time: Duration::from_hours(1) };
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
        let legs = self.live.legs(tenant.id, uid).await;
        let legs = legs.into_iter().map(|leg| cdr::leg(leg.into())).collect();
        Ok(Response::new(Call { legs, ..words::call(&tenant.name, found) }))
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

    async fn start_recording(
        &self,
        request: Request<StartRecordingRequest>,
    ) -> Result<Response<StartRecordingResponse>, Status> {
        let StartRecordingRequest { tenant, uid, name, format, layout, beep } = request.into_inner();
        let mut wrong = Violations::default();
        let format = wrong.word_if_said("format", format, &FORMATS).unwrap_or(switch::RecordingFormat::Wav);
        let layout = wrong.word_if_said("layout", layout, &LAYOUTS).unwrap_or(switch::RecordingLayout::Stereo);
        wrong.finish()?;
        let order = RecordingOrder::Start(CallRecording { name: words::filled(name), format, layout, beep });
        let name = self.record(&tenant, &uid, order).await?;
        Ok(Response::new(StartRecordingResponse { name }))
    }

    async fn pause_recording(
        &self,
        request: Request<PauseRecordingRequest>,
    ) -> Result<Response<PauseRecordingResponse>, Status> {
        let PauseRecordingRequest { tenant, uid } = request.into_inner();
        let name = self.record(&tenant, &uid, RecordingOrder::Pause).await?;
        Ok(Response::new(PauseRecordingResponse { name }))
    }

    async fn resume_recording(
        &self,
        request: Request<ResumeRecordingRequest>,
    ) -> Result<Response<ResumeRecordingResponse>, Status> {
        let ResumeRecordingRequest { tenant, uid } = request.into_inner();
        let name = self.record(&tenant, &uid, RecordingOrder::Resume).await?;
        Ok(Response::new(ResumeRecordingResponse { name }))
    }

    async fn stop_recording(
        &self,
        request: Request<StopRecordingRequest>,
    ) -> Result<Response<StopRecordingResponse>, Status> {
        let StopRecordingRequest { tenant, uid } = request.into_inner();
        let name = self.record(&tenant, &uid, RecordingOrder::Stop).await?;
        Ok(Response::new(StopRecordingResponse { name }))
    }

    async fn play(&self, request: Request<PlayRequest>) -> Result<Response<PlayResponse>, Status> {
        let PlayRequest { tenant, uid, side, sounds, language, interrupt, forever } = request.into_inner();
        let (mut wrong, language) = (Violations::default(), words::filled(language));
        let whom = wrong.word_if_said("side", side, &SIDES);
        let sounds = sound::read(&mut wrong, sounds, 1, PLAYED);
        let known = language.as_deref().is_none_or(|language| language.len() <= 35 && is_language(language));
        wrong.expect(known, "language", "a language as en or de-AT");
        let keys = Keys::parse(&interrupt).filter(|_| interrupt.len() <= 16 && !interrupt.contains('!'));
        let keys = wrong.read("interrupt", keys.ok_or_else(|| "at most 16 of 0-9, *, # and A-D".to_owned()));
        wrong.finish()?;
        let play = Play { sounds, language, interrupt: keys.unwrap_or_default(), forever };
        self.sound(&tenant, &uid, whom, SoundOrder::Play(play)).await?;
        Ok(Response::new(PlayResponse {}))
    }

    async fn stop(&self, request: Request<StopRequest>) -> Result<Response<StopResponse>, Status> {
        let StopRequest { tenant, uid, side } = request.into_inner();
        self.sound(&tenant, &uid, read_side(side)?, SoundOrder::Stop).await?;
        Ok(Response::new(StopResponse {}))
    }

    async fn music(&self, request: Request<MusicRequest>) -> Result<Response<MusicResponse>, Status> {
        let MusicRequest { tenant, uid, side, sounds } = request.into_inner();
        let mut wrong = Violations::default();
        let whom = wrong.word_if_said("side", side, &SIDES);
        let sounds = sound::read(&mut wrong, sounds, 0, PLAYED);
        wrong.finish()?;
        self.sound(&tenant, &uid, whom, SoundOrder::Music(sounds)).await?;
        Ok(Response::new(MusicResponse {}))
    }

    async fn hush(&self, request: Request<HushRequest>) -> Result<Response<HushResponse>, Status> {
        let HushRequest { tenant, uid, side } = request.into_inner();
        self.sound(&tenant, &uid, read_side(side)?, SoundOrder::Hush).await?;
        Ok(Response::new(HushResponse {}))
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

impl Desk {
    /// Says something of the recording of a call; gives the recording's name.
    async fn record(&self, tenant: &str, uid: &str, order: RecordingOrder) -> Result<String, Status> {
        let tenant = self.tenant(tenant).await?;
        let uid = read_uid(uid)?;
        let already = match order {
            RecordingOrder::Start(_) => "the call is recorded already; `call show` names the recording",
            RecordingOrder::Pause => "the call is not recorded, or its recording is paused already",
            RecordingOrder::Resume => "the call is not recorded, or its recording goes on already",
            RecordingOrder::Stop => "the call is not recorded",
        };
        let done = self.live.record(tenant.id, uid, order).await.ok_or_else(no_call)?;
        let name = done.map_err(|refusal| match refusal {
            Refusal::BadValue => violation("name", "1 to 64 of a-z, 0-9 and -"),
            Refusal::WrongState => Status::failed_precondition(already),
            Refusal::NoResources => Status::resource_exhausted("the exchange has nothing left to record with"),
        })?;
        tracing::info!(tenant = tenant.id.0, call = %uid, "an operator changed what is recorded");
        Ok(name)
    }
}

impl Desk {
    /// Says what is to be heard by one party of a call.
    async fn sound(&self, tenant: &str, uid: &str, whom: Option<Side>, order: SoundOrder) -> Result<(), Status> {
        let tenant = self.tenant(tenant).await?;
        let uid = read_uid(uid)?;
        let said = match &order {
            SoundOrder::Play(play) => {
                self.expect_audible(&tenant, &play.sounds, play.language.as_deref()).await?;
                "play"
            }
            SoundOrder::Music(sounds) => {
                self.expect_audible(&tenant, sounds, None).await?;
                "music"
            }
            SoundOrder::Hush => "hush",
            SoundOrder::Stop => "stop",
        };
        let done = self.live.play(tenant.id, uid, whom, order).await.ok_or_else(no_call)?;
        done.map_err(|refusal| match refusal {
            PlayRefusal::Over => no_call(),
            PlayRefusal::Taken => Status::failed_precondition(format!("{refusal}; `call stop` ends what it plays")),
            PlayRefusal::BadValue => Status::invalid_argument(refusal.to_string()),
            PlayRefusal::NotThere
            | PlayRefusal::KeysElsewhere
            | PlayRefusal::InRoom
            | PlayRefusal::Quiet
            | PlayRefusal::NoCodec => Status::failed_precondition(refusal.to_string()),
        })?;
        tracing::info!(tenant = tenant.id.0, call = %uid, order = said, "an operator changed what is heard");
        Ok(())
    }
}

fn read_side(side: i32) -> Result<Option<Side>, Status> {
    let mut wrong = Violations::default();
    let whom = wrong.word_if_said("side", side, &SIDES);
    wrong.finish().map(|()| whom)
}

/// Letters and digits in parts, as `de-AT`.
fn is_language(tag: &str) -> bool {
    tag.split(['-', '_']).all(|part| !part.is_empty() && part.bytes().all(|sign| sign.is_ascii_alphanumeric()))
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

/// A call's name in the field `uid`.
pub(crate) fn read_uid(text: &str) -> Result<CallUid, Status> {
    parse_uid(text).map_err(|why| violation("uid", why))
}

/// A call's name, or what it should look like.
pub(crate) fn parse_uid(text: &str) -> Result<CallUid, String> {
    CallUid::parse(text).ok_or_else(|| "a call's uid has 24 hex digits".to_owned())
}

fn no_call() -> Status {
    Status::not_found("there is no such call; perhaps it is over, then `cdr` has its record")
}
