//! `RoomService`: conference rooms, those that are kept and those that are open.

mod kept;
mod open;
mod order;

use store::NewRoom;
use switch::RoomOrder;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::call::FORMATS;
use crate::desk::{self, Desk};
use crate::live::Change;
use crate::sound;
use crate::v1::room_service_server::RoomService;
use crate::v1::{
    CreateRoomRequest, DeleteRoomRequest, DeleteRoomResponse, GetOpenRoomRequest, GetRoomRequest, ListOpenRoomsRequest,
    ListOpenRoomsResponse, ListRoomsRequest, ListRoomsResponse, OpenRoom, Room, RoomAnnounceRequest, RoomDeafenRequest,
    RoomEndRequest, RoomEvent, RoomInviteRequest, RoomKickRequest, RoomLockRequest, RoomMuteAllRequest,
    RoomMuteRequest, RoomOrderResponse, RoomPauseRecordingRequest, RoomRecordRequest, RoomStopRecordingRequest,
    RoomVolumeRequest, UpdateRoomRequest, WatchRoomsRequest,
};
use crate::violations::{Violations, failed};

type Done = Result<Response<RoomOrderResponse>, Status>;

#[tonic::async_trait]
impl RoomService for Desk {
    async fn create(&self, request: Request<CreateRoomRequest>) -> Result<Response<Room>, Status> {
        let request = request.into_inner();
        let tenant = self.tenant(&request.tenant).await?;
        let name = request.name.clone();
        // Hashes of PINs are slow on purpose.
        let actions = self.live.room_actions();
        let (pins, settings) = apart(move || kept::new_room(request, &actions)).await?;
        let made = self.store.rooms(tenant.id).create(NewRoom { name, pins, settings }).await.map_err(failed)?;
        tracing::info!(tenant = tenant.id.0, room = made.id, "a room was made");
        self.live.changed(Change::Rooms(tenant.id)).await;
        Ok(Response::new(kept::spelt(&tenant.name, made)))
    }

    async fn get(&self, request: Request<GetRoomRequest>) -> Result<Response<Room>, Status> {
        let request = request.into_inner();
        let tenant = self.tenant(&request.tenant).await?;
        let found = self.store.rooms(tenant.id).get(named(&request.name)?).await.map_err(failed)?;
        Ok(Response::new(kept::spelt(&tenant.name, found)))
    }

    async fn list(&self, request: Request<ListRoomsRequest>) -> Result<Response<ListRoomsResponse>, Status> {
        let tenant = self.tenant(&request.get_ref().tenant).await?;
        let rooms = self.store.rooms(tenant.id).list().await.map_err(failed)?;
        let rooms = rooms.into_iter().map(|room| kept::spelt(&tenant.name, room)).collect();
        Ok(Response::new(ListRoomsResponse { rooms }))
    }

    async fn update(&self, request: Request<UpdateRoomRequest>) -> Result<Response<Room>, Status> {
        let request = request.into_inner();
        let tenant = self.tenant(&request.tenant).await?;
        let mut changed = self.store.rooms(tenant.id).get(named(&request.name)?).await.map_err(failed)?;
        let actions = self.live.room_actions();
        let changed = apart(move || kept::change(&mut changed, request, &actions).map(|()| changed)).await?;
        let changed = self.store.rooms(tenant.id).update(&changed).await.map_err(failed)?;
        tracing::info!(tenant = tenant.id.0, room = changed.id, "a room was changed");
        self.live.changed(Change::Rooms(tenant.id)).await;
        Ok(Response::new(kept::spelt(&tenant.name, changed)))
    }

    async fn delete(&self, request: Request<DeleteRoomRequest>) -> Result<Response<DeleteRoomResponse>, Status> {
        let request = request.into_inner();
        let tenant = self.tenant(&request.tenant).await?;
        self.store.rooms(tenant.id).delete(named(&request.name)?).await.map_err(failed)?;
        tracing::info!(tenant = tenant.id.0, "a room was deleted");
        self.live.changed(Change::Rooms(tenant.id)).await;
        Ok(Response::new(DeleteRoomResponse {}))
    }

    async fn list_open(
        &self,
        request: Request<ListOpenRoomsRequest>,
    ) -> Result<Response<ListOpenRoomsResponse>, Status> {
        let tenant = self.tenant(&request.get_ref().tenant).await?;
        let rooms = self.open_rooms(&tenant, "").await;
        Ok(Response::new(ListOpenRoomsResponse { rooms }))
    }

    async fn get_open(&self, request: Request<GetOpenRoomRequest>) -> Result<Response<OpenRoom>, Status> {
        let request = request.into_inner();
        let tenant = self.tenant(&request.tenant).await?;
        let found = self.open_rooms(&tenant, named(&request.name)?).await.pop();
        found.map(Response::new).ok_or_else(|| Status::not_found("there is no such room, or nobody is in it"))
    }

    type WatchStream = ReceiverStream<Result<RoomEvent, Status>>;

    async fn watch(&self, request: Request<WatchRoomsRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let request = request.into_inner();
        let tenant = self.tenant(&request.tenant).await?;
        let (sender, stream) = mpsc::channel(open::STREAM);
        // From before it is asked how the rooms are, so that nothing falls between.
        let news = self.live.watch_rooms();
        tokio::spawn(open::Watcher::new(self.clone(), tenant, request.name, sender).run(news));
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    async fn mute(&self, request: Request<RoomMuteRequest>) -> Done {
        let request = request.into_inner();
        let order = RoomOrder::Mute(order::member(request.member)?, request.on);
        self.order(&request.tenant, &request.name, order).await
    }

    async fn mute_all(&self, request: Request<RoomMuteAllRequest>) -> Done {
        let request = request.into_inner();
        self.order(&request.tenant, &request.name, RoomOrder::MuteAll(request.on)).await
    }

    async fn deafen(&self, request: Request<RoomDeafenRequest>) -> Done {
        let request = request.into_inner();
        let order = RoomOrder::Deafen(order::member(request.member)?, request.on);
        self.order(&request.tenant, &request.name, order).await
    }

    async fn volume(&self, request: Request<RoomVolumeRequest>) -> Done {
        let request = request.into_inner();
        let order = order::volume(request.member, request.speaking, request.hearing)?;
        self.order(&request.tenant, &request.name, order).await
    }

    async fn kick(&self, request: Request<RoomKickRequest>) -> Done {
        let request = request.into_inner();
        let order = RoomOrder::Kick(order::member(request.member)?);
        self.order(&request.tenant, &request.name, order).await
    }

    async fn lock(&self, request: Request<RoomLockRequest>) -> Done {
        let request = request.into_inner();
        self.order(&request.tenant, &request.name, RoomOrder::Lock(request.on)).await
    }

    async fn announce(&self, request: Request<RoomAnnounceRequest>) -> Done {
        let request = request.into_inner();
        let order = RoomOrder::Announce(sound::all(request.sounds, order::ANNOUNCED)?);
        self.order(&request.tenant, &request.name, order).await
    }

    async fn record(&self, request: Request<RoomRecordRequest>) -> Done {
        let request = request.into_inner();
        let mut wrong = Violations::default();
        let format = wrong.word_if_said("format", request.format, &FORMATS).unwrap_or(switch::RecordingFormat::Wav);
        let name = wrong.read("recording", order::recording(request.recording)).flatten();
        wrong.finish()?;
        self.order(&request.tenant, &request.name, RoomOrder::Record { name, format }).await
    }

    async fn pause_recording(&self, request: Request<RoomPauseRecordingRequest>) -> Done {
        let request = request.into_inner();
        self.order(&request.tenant, &request.name, RoomOrder::PauseRecording(request.on)).await
    }

    async fn stop_recording(&self, request: Request<RoomStopRecordingRequest>) -> Done {
        let request = request.into_inner();
        self.order(&request.tenant, &request.name, RoomOrder::StopRecording).await
    }

    async fn invite(&self, request: Request<RoomInviteRequest>) -> Done {
        let request = request.into_inner();
        let target = order::target(request.target)?;
        self.order(&request.tenant, &request.name, RoomOrder::Invite(target)).await
    }

    async fn end(&self, request: Request<RoomEndRequest>) -> Done {
        let request = request.into_inner();
        self.order(&request.tenant, &request.name, RoomOrder::End).await
    }
}

/// What takes long and waits for nothing, away from the threads that serve.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T, Status> + Send + 'static) -> Result<T, Status> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(Status::internal("the work was broken off")))
}

fn named(name: &str) -> Result<&str, Status> {
    desk::named("name", name, "room")
}
