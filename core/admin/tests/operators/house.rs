//! A server on loopback with a store in memory, and an exchange that does as it is told.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use admin::v1::call_service_client::CallServiceClient;
use admin::v1::cdr_service_client::CdrServiceClient;
use admin::v1::dialplan_service_client::DialplanServiceClient;
use admin::v1::gateway_service_client::GatewayServiceClient;
use admin::v1::limit_service_client::LimitServiceClient;
use admin::v1::number_service_client::NumberServiceClient;
use admin::v1::outside_service_client::OutsideServiceClient;
use admin::v1::prompt_service_client::PromptServiceClient;
use admin::v1::recording_service_client::RecordingServiceClient;
use admin::v1::registration_service_client::RegistrationServiceClient;
use admin::v1::room_service_client::RoomServiceClient;
use admin::v1::route_service_client::RouteServiceClient;
use admin::v1::tenant_service_client::TenantServiceClient;
use admin::v1::trunk_service_client::TrunkServiceClient;
use admin::v1::user_service_client::UserServiceClient;
use admin::v1::voicemail_service_client::VoicemailServiceClient;
use admin::v1::{CreateTenantRequest, CreateUserRequest};
use admin::{
    Board, Change, Explained, Happening, Live, LiveCall, MailboxEvent, MailboxHappening, NotForwarded, NotHeard,
    NotKept, NotRates, NotRemoved, NotTaken, Pending, PromptBytes, PromptPage, PromptView, PromptsWanted, ReadRates,
    RecordingBytes, RoomHappening, RoomNews, TakenAudio, TokenHash, TrunkHappening, Unready,
};
use slotmap::SlotMap;
use store::{Store, Writer};
use switch::{
    Aor, Bearing, CallDirection, CallId, CallUid, Cause, Cdr, Direction, Disposition, E164, Ending, Event, Invitation,
    KeptRecording, Label, LegRecord, MediaStats, MemberNumber, MemberView, MessageId, Party, Payer, PlayRefusal, Rate,
    Record, RecordingFormat, RecordingOrder, Refusal, Role, RoomEvent, RoomOrder, RoomRefusal, RoomView, Side, Sound,
    SoundOrder, Spent, StoredBinding, TenantId, TrunkId, TrunkView, UserId,
};
use tokio::net::TcpListener;
use tokio::sync::{broadcast, oneshot};
use tokio::task::JoinHandle;
use tonic::metadata::MetadataValue;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::carriers;

pub(crate) const TOKEN: &str = "the-right-token";

pub(crate) struct House {
    pub(crate) endpoint: String,
    pub(crate) store: Store,
    pub(crate) exchange: Arc<Exchange>,
    end: Option<oneshot::Sender<()>>,
    serving: JoinHandle<Result<(), admin::Error>>,
}

/// The running exchange, as the tests want it.
pub(crate) struct Exchange {
    pub(crate) board: Board,
    ids: Mutex<SlotMap<CallId, ()>>,
    pub(crate) bindings: Mutex<Vec<StoredBinding>>,
    pub(crate) hung_up: Mutex<Vec<(TenantId, CallUid, Cause)>>,
    pub(crate) changes: Mutex<Vec<Change>>,
    pub(crate) rooms: Mutex<Vec<RoomView>>,
    pub(crate) orders: Mutex<Vec<(TenantId, String, RoomOrder)>>,
    /// Files of recordings by their names.
    pub(crate) files: Mutex<BTreeMap<String, Vec<u8>>>,
    pub(crate) recording_orders: Mutex<Vec<(CallUid, RecordingOrder)>>,
    pub(crate) sound_orders: Mutex<Vec<(CallUid, Option<Side>, SoundOrder)>>,
    /// What it answers them with.
    pub(crate) play_refusal: Mutex<Option<PlayRefusal>>,
    /// Files of tenants' own prompts, by tenant, language and name.
    pub(crate) prompts: Mutex<BTreeMap<(TenantId, String, String), Vec<u8>>>,
    /// The legs of every call.
    pub(crate) legs: Mutex<Vec<LegRecord>>,
    /// What it answers orders with.
    pub(crate) refusal: Mutex<Option<RoomRefusal>>,
    pub(crate) room_news: broadcast::Sender<RoomHappening>,
    /// How trunks stand.
    pub(crate) trunks: Mutex<Vec<TrunkView>>,
    pub(crate) trunk_news: broadcast::Sender<TrunkHappening>,
    pub(crate) spent: Mutex<Vec<Spent>>,
    /// What it says of every number; nothing while it is not ready.
    pub(crate) explained: Mutex<Option<Explained>>,
    pub(crate) asked: Mutex<Vec<(TenantId, String, Option<UserId>)>>,
    pub(crate) mailbox_news: broadcast::Sender<MailboxHappening>,
    /// What operators did in mailboxes.
    pub(crate) mailboxes_told: Mutex<Vec<MailboxHappening>>,
    pub(crate) forwarded: Mutex<Vec<(TenantId, MessageId, String)>>,
}

impl Default for Exchange {
    fn default() -> Self {
        Self {
            board: Board::default(),
            ids: Mutex::default(),
            bindings: Mutex::default(),
            hung_up: Mutex::default(),
            changes: Mutex::default(),
            rooms: Mutex::default(),
            orders: Mutex::default(),
            files: Mutex::default(),
            recording_orders: Mutex::default(),
            sound_orders: Mutex::default(),
            play_refusal: Mutex::default(),
            prompts: Mutex::default(),
            legs: Mutex::default(),
            refusal: Mutex::default(),
            room_news: broadcast::Sender::new(64),
            trunks: Mutex::default(),
            trunk_news: broadcast::Sender::new(64),
            spent: Mutex::default(),
            explained: Mutex::default(),
            asked: Mutex::default(),
            mailbox_news: broadcast::Sender::new(64),
            mailboxes_told: Mutex::default(),
            forwarded: Mutex::default(),
        }
    }
}

impl Live for Exchange {
    fn calls(&self, tenant: TenantId) -> Pending<'_, Vec<LiveCall>> {
        Box::pin(async move { self.board.calls(tenant) })
    }

    fn watch(&self) -> broadcast::Receiver<Happening> {
        self.board.watch()
    }

    fn legs(&self, tenant: TenantId, call: CallUid) -> Pending<'_, Vec<LegRecord>> {
        Box::pin(async move {
            let found = self.board.find(tenant, call).is_some();
            if found { self.legs.lock().unwrap().clone() } else { Vec::new() }
        })
    }

    fn hang_up(&self, tenant: TenantId, call: CallUid, cause: Cause) -> Pending<'_, bool> {
        Box::pin(async move {
            let Some(id) = self.board.find(tenant, call) else { return false };
            self.hung_up.lock().unwrap().push((tenant, call, cause));
            self.board.hear(id, at(60), &Event::Ended(Ending { cause, by: Side::Exchange, status: 200 }));
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
            self.board.find(tenant, call)?;
            let mut orders = self.recording_orders.lock().unwrap();
            let name = match &order {
                RecordingOrder::Start(how) => how.name.clone().unwrap_or_else(|| "made-up".to_owned()),
                _ if orders.is_empty() => return Some(Err(Refusal::WrongState)),
                _ => "made-up".to_owned(),
            };
            orders.push((call, order));
            Some(if name.contains('/') { Err(Refusal::BadValue) } else { Ok(name) })
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
            self.board.find(tenant, call)?;
            if let Some(refusal) = *self.play_refusal.lock().unwrap() {
                return Some(Err(refusal));
            }
            self.sound_orders.lock().unwrap().push((call, whom, order));
            Some(Ok(()))
        })
    }

    /// There is nothing called `nope`, and `noise` cannot be decoded.
    fn audible<'a>(
        &'a self,
        _: TenantId,
        sounds: &'a [Sound],
        language: Option<&'a str>,
    ) -> Pending<'a, Result<(), NotHeard>> {
        let wrong = sounds.iter().find_map(|sound| match sound {
            Sound::Prompt(name) if name == "nope" => {
                let languages = [language.unwrap_or("de"), "en"].map(str::to_owned).to_vec();
                Some(NotHeard::NoPrompt { name: name.clone(), languages })
            }
            Sound::Recording(name) if name == "nope" => Some(NotHeard::NoRecording(name.clone())),
            Sound::Prompt(name) if name == "noise" => {
                Some(NotHeard::Unplayable { name: name.clone(), why: "the file is empty".to_owned() })
            }
            _ => None,
        });
        Box::pin(async move { wrong.map_or(Ok(()), Err) })
    }

    fn read_recording<'a>(&'a self, _: TenantId, name: &'a str) -> Pending<'a, Option<RecordingBytes>> {
        Box::pin(async move {
            let file = self.files.lock().unwrap().get(name).cloned()?;
            let (sender, pieces) = tokio::sync::mpsc::channel(64);
            // As many pieces as wait.
            for piece in file.chunks(10.max(file.len() / 32)) {
                sender.send(Ok(piece.to_vec())).await.unwrap();
            }
            if name == "torn" {
                sender.send(Err(std::io::Error::other("torn"))).await.unwrap();
            }
            // One that is written while it is read may come short.
            let bytes = file.len() as u64 + u64::from(name == "running");
            let format = if file.starts_with(b"RIFF") { RecordingFormat::Wav } else { RecordingFormat::Opus };
            Some(RecordingBytes { format, bytes, pieces })
        })
    }

    fn remove_recording<'a>(&'a self, _: TenantId, name: &'a str) -> Pending<'a, Result<(), NotRemoved>> {
        Box::pin(async move {
            if name == "running" {
                return Err(NotRemoved::Busy);
            }
            self.files.lock().unwrap().remove(name);
            Ok(())
        })
    }

    fn prompts(&self, tenant: TenantId, wanted: PromptsWanted) -> Pending<'_, PromptPage> {
        let prompts = self.prompts.lock().unwrap();
        let own = prompts.iter().filter(|((whose, ..), _)| *whose == tenant);
        let mut prompts: Vec<_> = own.map(|((_, language, name), file)| view(language, name, file)).collect();
        prompts.retain(|prompt| prompt.name.starts_with(&wanted.prefix) && Some(&prompt.name) > wanted.after.as_ref());
        let next = prompts.get(wanted.most.wrapping_sub(1)).map(|last| last.name.clone());
        let next = next.filter(|_| prompts.len() > wanted.most);
        prompts.truncate(wanted.most);
        Box::pin(async move { PromptPage { prompts, next } })
    }

    /// A file that begins with `RIFF` can be played.
    fn keep_prompt<'a>(
        &'a self,
        tenant: TenantId,
        language: &'a str,
        name: &'a str,
        file: Vec<u8>,
    ) -> Pending<'a, Result<PromptView, NotKept>> {
        Box::pin(async move {
            match () {
                () if name.contains("..") => return Err(NotKept::Name("'.' may not be in a name".to_owned())),
                () if language.contains('.') => return Err(NotKept::Language("'.' may not be there".to_owned())),
                () if name == "full" => return Err(NotKept::Disk),
                () if !file.starts_with(b"RIFF") => {
                    return Err(NotKept::Unplayable("the file is of no known kind".to_owned()));
                }
                () => {}
            }
            let kept = view(language, name, &file);
            self.prompts.lock().unwrap().insert((tenant, language.to_owned(), name.to_owned()), file);
            Ok(kept)
        })
    }

    fn read_prompt<'a>(
        &'a self,
        tenant: TenantId,
        language: &'a str,
        name: &'a str,
    ) -> Pending<'a, Option<PromptBytes>> {
        Box::pin(async move {
            let key = (tenant, language.to_owned(), name.to_owned());
            let file = self.prompts.lock().unwrap().get(&key).cloned()?;
            let (sender, pieces) = tokio::sync::mpsc::channel(64);
            for piece in file.chunks(10) {
                sender.send(Ok(piece.to_vec())).await.unwrap();
            }
            Some(PromptBytes { ending: "wav".to_owned(), bytes: file.len() as u64, pieces })
        })
    }

    fn remove_prompt<'a>(
        &'a self,
        tenant: TenantId,
        language: &'a str,
        name: &'a str,
    ) -> Pending<'a, std::io::Result<bool>> {
        let key = (tenant, language.to_owned(), name.to_owned());
        let removed = self.prompts.lock().unwrap().remove(&key).is_some();
        Box::pin(async move { Ok(removed) })
    }

    fn registrations(&self, tenant: TenantId) -> Pending<'_, Vec<StoredBinding>> {
        let bindings = self.bindings.lock().unwrap();
        let found = bindings.iter().filter(|binding| binding.aor.tenant == tenant).cloned().collect();
        Box::pin(async move { found })
    }

    fn rooms(&self, tenant: TenantId) -> Pending<'_, Vec<RoomView>> {
        let rooms = self.rooms.lock().unwrap().iter().filter(|room| room.tenant == tenant).cloned().collect();
        Box::pin(async move { rooms })
    }

    fn order<'a>(&'a self, tenant: TenantId, room: &'a str, order: RoomOrder) -> Pending<'a, Result<(), RoomRefusal>> {
        Box::pin(async move {
            if let Some(refusal) = *self.refusal.lock().unwrap() {
                return Err(refusal);
            }
            if !self.rooms.lock().unwrap().iter().any(|open| open.tenant == tenant && open.name == room) {
                return Err(RoomRefusal::NoRoom);
            }
            self.orders.lock().unwrap().push((tenant, room.to_owned(), order));
            Ok(())
        })
    }

    fn watch_rooms(&self) -> Box<dyn RoomNews> {
        Box::new(self.room_news.subscribe())
    }

    fn room_actions(&self) -> Vec<&'static str> {
        vec!["mute", "lock", "end"]
    }

    fn watch_mailboxes(&self) -> broadcast::Receiver<MailboxHappening> {
        self.mailbox_news.subscribe()
    }

    fn mailbox_changed(&self, happening: MailboxHappening) -> Pending<'_, ()> {
        Box::pin(async move {
            let _ = self.mailbox_news.send(happening.clone());
            self.mailboxes_told.lock().unwrap().push(happening);
        })
    }

    /// A file that begins with `RIFF` or `OggS` can be played, a second of it for each byte; the disk takes none that ends in
    /// `full`.
    fn take_audio(&self, _: TenantId, file: Vec<u8>) -> Pending<'_, Result<TakenAudio, NotTaken>> {
        Box::pin(async move {
            if !file.starts_with(b"RIFF") && !file.starts_with(b"OggS") {
                return Err(NotTaken::Unplayable("the file is of no known kind".to_owned()));
            }
            if file.ends_with(b"full") {
                return Err(NotTaken::Disk);
            }
            let mut files = self.files.lock().unwrap();
            let recording =
                (1..).map(|number| format!("taken-{number}")).find(|name| !files.contains_key(name)).unwrap();
            let (bytes, length) = (file.len() as u64, Duration::from_secs(file.len() as u64));
            files.insert(recording.clone(), file);
            Ok(TakenAudio { recording, length, bytes })
        })
    }

    /// The mailbox `full` is.
    fn forward_message<'a>(
        &'a self,
        tenant: TenantId,
        message: MessageId,
        to: &'a str,
    ) -> Pending<'a, Result<(), NotForwarded>> {
        Box::pin(async move {
            match to {
                "full" => return Err(NotForwarded::Full),
                "gone" => return Err(NotForwarded::Missing),
                "broken" => return Err(NotForwarded::Failed),
                _ => {}
            }
            self.forwarded.lock().unwrap().push((tenant, message, to.to_owned()));
            Ok(())
        })
    }

    fn trunks(&self) -> Pending<'_, Vec<TrunkView>> {
        let views = self.trunks.lock().unwrap().clone();
        Box::pin(async move { views })
    }

    fn watch_trunks(&self) -> broadcast::Receiver<TrunkHappening> {
        self.trunk_news.subscribe()
    }

    fn spent(&self, payers: Vec<Payer>) -> Pending<'_, Vec<Spent>> {
        let spent = self.spent.lock().unwrap();
        let found = spent.iter().filter(|spent| payers.contains(&spent.payer)).copied().collect();
        Box::pin(async move { found })
    }

    fn explain<'a>(
        &'a self,
        tenant: TenantId,
        dialled: &'a str,
        user: Option<UserId>,
    ) -> Pending<'a, Result<Explained, Unready>> {
        self.asked.lock().unwrap().push((tenant, dialled.to_owned(), user));
        let said = self.explained.lock().unwrap().clone();
        Box::pin(async move { said.ok_or(Unready) })
    }

    fn read_rates(&self, csv: Vec<u8>) -> Pending<'_, Result<ReadRates, NotRates>> {
        Box::pin(async move { carriers::read_rates(&csv) })
    }

    fn write_rates(&self, table: Vec<u8>) -> Pending<'_, Result<Option<Vec<u8>>, Unready>> {
        Box::pin(async move { carriers::write_rates(&table) })
    }

    fn rate_of<'a>(&'a self, trunk: TrunkId, number: &'a E164) -> Pending<'a, Result<Option<Rate>, Unready>> {
        Box::pin(async move { carriers::rate_of(trunk, number) })
    }

    fn examine<'a>(&'a self, component: &'a [u8]) -> Pending<'a, Result<(), String>> {
        let broken = component.ends_with(b"broken");
        Box::pin(async move { if broken { Err("it exports no `application`".to_owned()) } else { Ok(()) } })
    }

    fn changed(&self, change: Change) -> Pending<'_, ()> {
        Box::pin(async move { self.changes.lock().unwrap().push(change) })
    }
}

fn view(language: &str, name: &str, file: &[u8]) -> PromptView {
    PromptView {
        name: name.to_owned(),
        language: language.to_owned(),
        system: false,
        length: Some(Duration::from_secs(65)),
        bytes: file.len() as u64,
        ending: "wav".to_owned(),
        changed: Some(at(100)),
        fault: name.contains("torn").then(|| "2 pieces are lost".to_owned()),
    }
}

impl Exchange {
    /// Alice rules a room, and Bob is muted there.
    pub(crate) fn opens(&self, tenant: TenantId, name: &str) {
        let alice = member(1, "Alice A.", Role::Moderator);
        let bob = member(2, "bob", Role::Participant);
        let bob = MemberView { bearing: Bearing { muted: true, speaking: -3, ..Bearing::default() }, ..bob };
        let (opened, name) = (at(10), name.to_owned());
        let (locked, recording, recording_paused) = (false, None, false);
        let members = vec![alice, bob];
        let view = RoomView { tenant, name, opened, locked, recording, recording_paused, members };
        self.rooms.lock().unwrap().push(view);
    }

    /// Nobody is in it any more, and nobody is told.
    pub(crate) fn closes(&self, tenant: TenantId, name: &str) {
        self.rooms.lock().unwrap().retain(|room| room.tenant != tenant || room.name != name);
    }

    pub(crate) fn tells(&self, tenant: TenantId, room: &str, seconds: u64, event: RoomEvent) {
        if event == RoomEvent::Ended {
            self.closes(tenant, room);
        }
        let _ = self.room_news.send(RoomHappening { tenant, room: room.to_owned(), at: at(seconds), event });
    }

    pub(crate) fn happens(&self, tenant: TenantId, mailbox: &str, seconds: u64, event: MailboxEvent) {
        let mailbox = mailbox.to_owned();
        let _ = self.mailbox_news.send(MailboxHappening { tenant, mailbox, at: at(seconds), event });
    }

    pub(crate) fn arrives(&self, uid: u8, tenant: TenantId, caller: &str, callee: &str) -> CallId {
        let id = self.ids.lock().unwrap().insert(());
        let party = |user: &str| Party { name: None, user: user.to_owned(), uri: format!("sip:{user}@acme.example") };
        let invitation = Invitation {
            uid: call_uid(uid),
            tenant,
            caller: Party { name: Some("Alice A.".to_owned()), ..party(caller) },
            user: None,
            callee: party(callee),
            headers: Vec::new(),
            source: "192.0.2.7:5060".parse().unwrap(),
            arrived: at(uid.into()),
            deadline: Duration::from_secs(10),
            inbound: None,
            leads_to: None,
        };
        self.board.hear(id, at(uid.into()), &Event::Arrived(Arc::new(invitation)));
        id
    }
}

impl House {
    pub(crate) async fn built() -> Self {
        Self::built_on("sqlite::memory:").await
    }

    /// With this database. One in memory is lost with its connection: where a client goes away in the middle of a query.
    pub(crate) async fn built_on(database: &str) -> Self {
        let store = Store::open(database).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let exchange = Arc::new(Exchange::default());
        let (end, ended) = oneshot::channel();
        let shutdown = async {
            let _ = ended.await;
        };
        let live: Arc<dyn Live> = exchange.clone();
        let serving = tokio::spawn(admin::serve(listener, store.clone(), live, TokenHash::of(TOKEN), shutdown));
        Self { endpoint, store, exchange, end: Some(end), serving }
    }

    /// With one tenant, acme.
    pub(crate) async fn with_acme() -> (Self, TenantId) {
        let house = Self::built().await;
        let acme = house.tenant("acme").await;
        (house, acme)
    }

    pub(crate) async fn tenant(&self, name: &str) -> TenantId {
        let domains = vec![format!("{name}.example")];
        let request = CreateTenantRequest { name: name.to_owned(), domains, ..Default::default() };
        TenantId(self.tenants().await.create(request).await.unwrap().into_inner().id)
    }

    pub(crate) async fn user(&self, tenant: &str, name: &str, extension: &str) -> UserId {
        let request = CreateUserRequest {
            tenant: tenant.to_owned(),
            name: name.to_owned(),
            password: "correct horse".to_owned(),
            display_name: None,
            extension: Some(extension.to_owned()),
            ..Default::default()
        };
        UserId(self.users().await.create(request).await.unwrap().into_inner().id)
    }

    pub(crate) fn registers(&self, tenant: TenantId, user: &str) {
        self.exchange.bindings.lock().unwrap().push(binding(tenant, user));
    }

    pub(crate) async fn keeps(&self, cdrs: Vec<Cdr>) {
        let (writer, task) = Writer::new(self.store.clone());
        cdrs.into_iter().for_each(|cdr| writer.write(Record::Cdr(Box::new(cdr))));
        drop(writer);
        task.run().await;
    }

    pub(crate) async fn keeps_recordings(&self, all: Vec<KeptRecording>) {
        let (writer, task) = Writer::new(self.store.clone());
        all.into_iter().for_each(|kept| writer.write(Record::Recording(Box::new(kept))));
        drop(writer);
        task.run().await;
    }

    /// Tells the server to end, and gives how it ended.
    pub(crate) async fn closes(&mut self) -> Result<(), admin::Error> {
        drop(self.end.take());
        (&mut self.serving).await.unwrap()
    }

    pub(crate) async fn wire(&self) -> Channel {
        Endpoint::from_shared(self.endpoint.clone()).unwrap().connect().await.unwrap()
    }

    pub(crate) async fn tenants(&self) -> TenantServiceClient<Wire> {
        TenantServiceClient::new(self.trusted().await)
    }

    pub(crate) async fn users(&self) -> UserServiceClient<Wire> {
        UserServiceClient::new(self.trusted().await)
    }

    pub(crate) async fn registrations(&self) -> RegistrationServiceClient<Wire> {
        RegistrationServiceClient::new(self.trusted().await)
    }

    pub(crate) async fn dialplans(&self) -> DialplanServiceClient<Wire> {
        DialplanServiceClient::new(self.trusted().await)
    }

    pub(crate) async fn calls(&self) -> CallServiceClient<Wire> {
        CallServiceClient::new(self.trusted().await)
    }

    pub(crate) async fn rooms(&self) -> RoomServiceClient<Wire> {
        RoomServiceClient::new(self.trusted().await)
    }

    pub(crate) async fn recordings(&self) -> RecordingServiceClient<Wire> {
        RecordingServiceClient::new(self.trusted().await)
    }

    pub(crate) async fn prompts(&self) -> PromptServiceClient<Wire> {
        PromptServiceClient::new(self.trusted().await)
    }

    pub(crate) async fn cdrs(&self) -> CdrServiceClient<Wire> {
        CdrServiceClient::new(self.trusted().await)
    }

    pub(crate) async fn trunks(&self) -> TrunkServiceClient<Wire> {
        TrunkServiceClient::new(self.trusted().await)
    }

    pub(crate) async fn gateways(&self) -> GatewayServiceClient<Wire> {
        GatewayServiceClient::new(self.trusted().await)
    }

    pub(crate) async fn numbers(&self) -> NumberServiceClient<Wire> {
        NumberServiceClient::new(self.trusted().await)
    }

    pub(crate) async fn routes(&self) -> RouteServiceClient<Wire> {
        RouteServiceClient::new(self.trusted().await)
    }

    pub(crate) async fn limits(&self) -> LimitServiceClient<Wire> {
        LimitServiceClient::new(self.trusted().await)
    }

    pub(crate) async fn outside(&self) -> OutsideServiceClient<Wire> {
        OutsideServiceClient::new(self.trusted().await)
    }

    pub(crate) async fn voicemail(&self) -> VoicemailServiceClient<Wire> {
        VoicemailServiceClient::new(self.trusted().await)
    }

    pub(crate) async fn trusted(&self) -> Wire {
        InterceptedService::new(self.wire().await, Bearer(TOKEN))
    }
}

pub(crate) type Wire = InterceptedService<Channel, Bearer>;

/// Shows a token with every request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bearer(pub(crate) &'static str);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let value = MetadataValue::try_from(format!("Bearer {}", self.0)).unwrap();
        request.metadata_mut().insert("authorization", value);
        Ok(request)
    }
}

/// The day of the tests, and seconds of it.
pub(crate) fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_772_366_400 + seconds)
}

pub(crate) fn call_uid(number: u8) -> CallUid {
    CallUid([number; 12])
}

/// A member of a room, who has been there since the twentieth second.
pub(crate) fn member(number: u32, name: &str, role: Role) -> MemberView {
    MemberView {
        number: MemberNumber(number),
        call: call_uid(u8::try_from(number).unwrap()),
        name: name.to_owned(),
        user: None,
        role,
        bearing: Bearing::default(),
        speaks: false,
        waiting: false,
        since: at(20),
    }
}

pub(crate) fn binding(tenant: TenantId, user: &str) -> StoredBinding {
    StoredBinding {
        aor: Aor { tenant, user: user.to_owned() },
        contact: format!("sip:{user}@10.0.0.7:5062"),
        q: 500,
        call_id: "reg-1".to_owned(),
        cseq: 4,
        expires: at(3600),
        transport: "udp".to_owned(),
        local: "192.0.2.1:5060".parse().unwrap(),
        remote: "192.0.2.7:61000".parse().unwrap(),
        path: vec!["<sip:edge.example;lr>".to_owned()],
        instance: Some("urn:uuid:00000000-0000-1000-8000-000A95A0E128".to_owned()),
        reg_id: Some(1),
        user_agent: Some("Phone/1.0".to_owned()),
    }
}

/// The record of an answered call of 65 seconds.
pub(crate) fn cdr(number: u8, tenant: TenantId, caller: &str, callee: &str) -> Cdr {
    let begun = u64::from(number) * 100;
    Cdr {
        uid: call_uid(number),
        tenant,
        direction: CallDirection::Internal,
        user: None,
        caller: caller.to_owned(),
        caller_name: Some("Alice A.".to_owned()),
        callee: callee.to_owned(),
        answered_by: Some("bob".to_owned()),
        arrived: at(begun),
        ringing: Some(at(begun + 1)),
        answered: Some(at(begun + 5)),
        ended: at(begun + 70),
        disposition: Disposition::Answered,
        cause: Cause::NORMAL,
        status: 200,
        by: Side::Callee,
        application: Some(Label { name: "office".to_owned(), version: "abcdef0123456789".to_owned() }),
        fallback: None,
        came_over: None,
        charge: None,
        legs: vec![leg(Direction::Arriving, caller), leg(Direction::Calling, "bob")],
    }
}

fn leg(direction: Direction, party: &str) -> LegRecord {
    let remote: SocketAddr = "192.0.2.7:5060".parse().unwrap();
    let counted =
        MediaStats { packets_in: 3250, packets_out: 3248, lost: 2, jitter_us: Some(1500), ..Default::default() };
    // The callee's phone makes no reports.
    let media = match direction {
        Direction::Arriving => MediaStats {
            rtt_us: Some(41_300),
            far_lost: Some(5),
            far_jitter_us: Some(2250),
            r_factor: Some(913),
            mos: Some(438),
            ..counted
        },
        Direction::Calling => counted,
    };
    LegRecord {
        direction,
        party: party.to_owned(),
        sip_call_id: format!("{party}-call"),
        gateway: None,
        remote,
        status: Some(200),
        media: Some(media),
    }
}

/// A component, as far as an exchange that does not compile can tell.
pub(crate) fn component(body: &[u8]) -> Vec<u8> {
    [b"\0asm\x0d\0\x01\0", body].concat()
}
