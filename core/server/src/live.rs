//! The running exchange, as operators see it.

use std::sync::Arc;

use admin::{
    Change, Explained, Happening, Live, LiveCall, MailboxHappening, NotForwarded, NotHeard, NotKept, NotRates,
    NotRemoved, NotTaken, Pending, PromptBytes, PromptPage, PromptView, PromptsWanted, ReadRates, RecordingBytes,
    RoomNews, TakenAudio, TrunkHappening, Unready,
};
use conference::Conference;
use store::Store;
use switch::{
    Aor, CallUid, Cause, Command, E164, LegRecord, MessageId, Payer, PlayRefusal, Rate, RecordingOrder, Refusal,
    RoomOrder, RoomRefusal, RoomView, Side, Sound, SoundOrder, Spent, StoredBinding, TenantId, TrunkId, TrunkView,
    UserId,
};
use tokio::sync::broadcast;
use voicemail::KeepFault;

use crate::applications::Applications;
use crate::archive::{self, Archive};
use crate::directory::Directory;
use crate::exchange::Exchange;
use crate::mailroom::{Mailroom, TakeFault};
use crate::media::Library;
use crate::network::{self, Network};
use crate::rooms;

pub(crate) struct Running {
    pub(crate) exchange: Exchange,
    pub(crate) applications: Arc<Applications>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) network: Arc<Network>,
    pub(crate) store: Store,
    pub(crate) conference: Conference,
    pub(crate) mailroom: Mailroom,
    pub(crate) archive: Archive,
    pub(crate) library: Library,
}

impl Running {
    async fn refresh(&self) {
        if let Err(error) = self.directory.reload(&self.store).await {
            tracing::error!(%error, "the directory could not be read anew: the change counts after the next one");
        }
        if let Err(error) = self.mailroom.boxes.reload(&self.store).await {
            tracing::error!(%error, "mailboxes could not be read anew: the change counts after the next one");
        }
        match self.network.reload(&self.store).await {
            Ok(trunks) => self.exchange.set_outside(trunks),
            Err(error) => {
                tracing::error!(%error, "trunks, numbers and routes could not be read anew: the change counts after the next one");
            }
        }
    }

    async fn load_dialplan(&self, tenant: TenantId) {
        if let Err(error) = self.applications.reload(&self.store, tenant).await {
            tracing::error!(
                error = format!("{error:#}"),
                tenant = tenant.0,
                "the dialplan could not be loaded: calls keep the one before"
            );
        }
    }
}

impl Live for Running {
    fn calls(&self, tenant: TenantId) -> Pending<'_, Vec<LiveCall>> {
        Box::pin(async move { self.exchange.board.calls(tenant) })
    }

    fn watch(&self) -> broadcast::Receiver<Happening> {
        self.exchange.board.watch()
    }

    fn legs(&self, tenant: TenantId, call: CallUid) -> Pending<'_, Vec<LegRecord>> {
        Box::pin(async move {
            let Some(id) = self.exchange.board.find(tenant, call) else { return Vec::new() };
            self.exchange.legs(id).await
        })
    }

    fn hang_up(&self, tenant: TenantId, call: CallUid, cause: Cause) -> Pending<'_, bool> {
        Box::pin(async move {
            let Some(id) = self.exchange.board.find(tenant, call) else { return false };
            self.exchange.command(id, Command::Hangup(cause));
            true
        })
    }

    fn record(
        &self,
        tenant: TenantId,
        call: CallUid,
        order: RecordingOrder,
    ) -> Pending<'_, Option<Result<String, Refusal>>> {
        Box::pin(async move {
            let id = self.exchange.board.find(tenant, call)?;
            Some(self.exchange.record(id, order).await)
        })
    }

    fn play(
        &self,
        tenant: TenantId,
        call: CallUid,
        whom: Option<Side>,
        order: SoundOrder,
    ) -> Pending<'_, Option<Result<(), PlayRefusal>>> {
        Box::pin(async move {
            let id = self.exchange.board.find(tenant, call)?;
            Some(self.exchange.play(id, whom, order).await)
        })
    }

    fn audible<'a>(
        &'a self,
        tenant: TenantId,
        sounds: &'a [Sound],
        language: Option<&'a str>,
    ) -> Pending<'a, Result<(), NotHeard>> {
        let (library, sounds, language) = (self.library.clone(), sounds.to_vec(), language.map(str::to_owned));
        Box::pin(async move {
            // Files are read and decoded.
            let asked = move || library.audible(tenant, &sounds, language.as_deref());
            let broken =
                |_| Err(NotHeard::Unplayable { name: "a sound".to_owned(), why: "it breaks its decoder".to_owned() });
            tokio::task::spawn_blocking(asked).await.unwrap_or_else(broken)
        })
    }

    fn read_recording<'a>(&'a self, tenant: TenantId, name: &'a str) -> Pending<'a, Option<RecordingBytes>> {
        Box::pin(self.archive.read(tenant, name))
    }

    fn remove_recording<'a>(&'a self, tenant: TenantId, name: &'a str) -> Pending<'a, Result<(), NotRemoved>> {
        Box::pin(self.archive.remove(tenant, name))
    }

    fn prompts(&self, tenant: TenantId, wanted: PromptsWanted) -> Pending<'_, PromptPage> {
        let library = self.library.clone();
        Box::pin(async move {
            let listed = tokio::task::spawn_blocking(move || library.prompts(tenant, &wanted));
            listed.await.unwrap_or_default()
        })
    }

    fn keep_prompt<'a>(
        &'a self,
        tenant: TenantId,
        language: &'a str,
        name: &'a str,
        file: Vec<u8>,
    ) -> Pending<'a, Result<PromptView, NotKept>> {
        let (library, language, name) = (self.library.clone(), language.to_owned(), name.to_owned());
        Box::pin(async move {
            let kept = tokio::task::spawn_blocking(move || library.keep(tenant, &language, &name, &file));
            kept.await.unwrap_or_else(|_| Err(NotKept::Unplayable("the file breaks its decoder".to_owned())))
        })
    }

    fn read_prompt<'a>(
        &'a self,
        tenant: TenantId,
        language: &'a str,
        name: &'a str,
    ) -> Pending<'a, Option<PromptBytes>> {
        let (library, language, name) = (self.library.clone(), language.to_owned(), name.to_owned());
        Box::pin(async move {
            let open = move || {
                let path = library.file(tenant, &language, &name)?;
                let ending = path.extension()?.to_str()?.to_owned();
                let file = std::fs::File::open(&path).ok()?;
                let bytes = file.metadata().ok()?.len();
                Some((file, bytes, ending))
            };
            let (file, bytes, ending) = tokio::task::spawn_blocking(open).await.ok().flatten()?;
            Some(PromptBytes { ending, bytes, pieces: archive::pieces(file) })
        })
    }

    fn remove_prompt<'a>(
        &'a self,
        tenant: TenantId,
        language: &'a str,
        name: &'a str,
    ) -> Pending<'a, std::io::Result<bool>> {
        let (library, language, name) = (self.library.clone(), language.to_owned(), name.to_owned());
        Box::pin(async move {
            let removed = tokio::task::spawn_blocking(move || library.remove(tenant, &language, &name));
            removed.await.unwrap_or_else(|error| Err(std::io::Error::other(error)))
        })
    }

    fn registrations(&self, tenant: TenantId) -> Pending<'_, Vec<StoredBinding>> {
        Box::pin(self.exchange.registrations(Some(tenant)))
    }

    fn rooms(&self, tenant: TenantId) -> Pending<'_, Vec<RoomView>> {
        Box::pin(async move { self.conference.rooms(tenant) })
    }

    fn order<'a>(&'a self, tenant: TenantId, room: &'a str, order: RoomOrder) -> Pending<'a, Result<(), RoomRefusal>> {
        Box::pin(async move { self.conference.order(tenant, room, order) })
    }

    fn watch_rooms(&self) -> Box<dyn RoomNews> {
        Box::new(rooms::News(self.conference.watch()))
    }

    fn room_actions(&self) -> Vec<&'static str> {
        rooms::actions()
    }

    fn watch_mailboxes(&self) -> broadcast::Receiver<MailboxHappening> {
        self.mailroom.watch()
    }

    fn mailbox_changed(&self, happening: MailboxHappening) -> Pending<'_, ()> {
        Box::pin(self.mailroom.changed(happening))
    }

    fn take_audio(&self, tenant: TenantId, file: Vec<u8>) -> Pending<'_, Result<TakenAudio, NotTaken>> {
        Box::pin(async move {
            let taken = self.mailroom.take(tenant, file).await;
            let (recording, measured) = taken.map_err(|fault| match fault {
                TakeFault::Unplayable(why) => NotTaken::Unplayable(why),
                fault => {
                    tracing::error!(%fault, tenant = tenant.0, "what an operator gave to a mailbox cannot be kept");
                    NotTaken::Disk
                }
            })?;
            Ok(TakenAudio { recording, length: measured.length, bytes: measured.bytes })
        })
    }

    fn forward_message<'a>(
        &'a self,
        tenant: TenantId,
        message: MessageId,
        to: &'a str,
    ) -> Pending<'a, Result<(), NotForwarded>> {
        Box::pin(async move {
            match self.mailroom.forward_to(tenant, message, vec![to.to_owned()]).await {
                Ok(0) => Err(NotForwarded::Full),
                Ok(_) => Ok(()),
                Err(KeepFault::Missing) => Err(NotForwarded::Missing),
                Err(_) => Err(NotForwarded::Failed),
            }
        })
    }

    fn trunks(&self) -> Pending<'_, Vec<TrunkView>> {
        Box::pin(self.exchange.trunks())
    }

    fn watch_trunks(&self) -> broadcast::Receiver<TrunkHappening> {
        self.exchange.trunk_news.subscribe()
    }

    fn spent(&self, payers: Vec<Payer>) -> Pending<'_, Vec<Spent>> {
        Box::pin(async move {
            let all = self.exchange.spent().await;
            all.into_iter().filter(|spent| payers.contains(&spent.payer)).collect()
        })
    }

    fn explain<'a>(
        &'a self,
        tenant: TenantId,
        dialled: &'a str,
        user: Option<UserId>,
    ) -> Pending<'a, Result<Explained, Unready>> {
        let explained = network::explain(&self.network.router(), tenant, dialled, user).ok_or(Unready);
        Box::pin(std::future::ready(explained))
    }

    fn read_rates(&self, csv: Vec<u8>) -> Pending<'_, Result<ReadRates, NotRates>> {
        Box::pin(async move {
            let read = tokio::task::spawn_blocking(move || network::read_rates(&csv)).await;
            read.unwrap_or(Err(NotRates::Unready))
        })
    }

    fn write_rates(&self, table: Vec<u8>) -> Pending<'_, Result<Option<Vec<u8>>, Unready>> {
        Box::pin(
            async move { tokio::task::spawn_blocking(move || network::write_rates(&table)).await.map_err(|_| Unready) },
        )
    }

    fn rate_of<'a>(&'a self, trunk: TrunkId, number: &'a E164) -> Pending<'a, Result<Option<Rate>, Unready>> {
        Box::pin(async move { Ok(self.network.rate_of(trunk, number).await) })
    }

    fn examine<'a>(&'a self, component: &'a [u8]) -> Pending<'a, Result<(), String>> {
        Box::pin(self.applications.examine(component.to_vec()))
    }

    fn changed(&self, change: Change) -> Pending<'_, ()> {
        Box::pin(async move {
            match change {
                Change::Dialplan(tenant) => self.load_dialplan(tenant).await,
                Change::UserGone { tenant, name, .. } => {
                    self.refresh().await;
                    self.exchange.forget(Aor { tenant, user: name });
                }
                Change::TenantGone(tenant) => {
                    let bindings = self.exchange.registrations(Some(tenant)).await;
                    self.refresh().await;
                    self.load_dialplan(tenant).await;
                    self.archive.recordings.remove_all(tenant);
                    let library = self.library.clone();
                    let _ = tokio::task::spawn_blocking(move || library.remove_all(tenant)).await;
                    for binding in bindings {
                        self.exchange.forget(binding.aor);
                    }
                }
                Change::UserPut(tenant, user) => {
                    self.refresh().await;
                    // Who is disabled is not reachable any more either.
                    if let Ok(user) = self.store.users(tenant).get(user).await
                        && !user.enabled
                    {
                        self.exchange.forget(Aor { tenant, user: user.name });
                    }
                }
                Change::Mailboxes(tenant) => {
                    if let Err(error) = self.mailroom.reread(tenant).await {
                        tracing::error!(%error, "mailboxes could not be read anew: the change counts after the next one");
                    }
                }
                Change::Mail(_) => self.mailroom.queued.notify_one(),
                Change::TenantPut(_) | Change::Rooms(_) | Change::Outside => self.refresh().await,
            }
        })
    }
}
