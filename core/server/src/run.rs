//! Puts the exchange together, runs it, and takes it down in order.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use admin::TokenHash;
use anyhow::{Context, Result, bail};
use conference::Conference;
use dialplan::Host;
use store::{Store, Writer};
use tokio::runtime::{Handle, Runtime};
use tokio::sync::oneshot;

use crate::applications::Applications;
use crate::archive::{self, Archive};
use crate::directory::Directory;
use crate::exchange::{self, Exchange, Inbox, Inward, Listener, Parts, StreamLimits, Tls};
use crate::hall::Hall;
use crate::keeper::Shelf;
use crate::live::Running;
use crate::mailroom::{self, Mailroom};
use crate::media::{Engine, Library, Recordings};
use crate::network::Network;
use crate::observer::Observer;
use crate::postbox::{self, Postbox};
use crate::rooms;
use crate::settings::{Settings, parse_net};

/// Threads that read and decode sounds: a large file must not keep all the others waiting.
const SOUND_THREADS: usize = 2;
/// How much news of trunks waits for an operator who reads it slowly.
const TRUNK_NEWS: usize = 1024;

/// An exchange that runs.
pub(crate) struct Station {
    pub(crate) store: Store,
    pub(crate) exchange: Exchange,
    pub(crate) directory: Arc<Directory>,
    pub(crate) network: Arc<Network>,
    pub(crate) applications: Arc<Applications>,
    pub(crate) conference: Conference,
    pub(crate) mailroom: Mailroom,
    /// Where phones reach it.
    pub(crate) sip: Vec<String>,
    pub(crate) admin: Option<SocketAddr>,
    pub(crate) metrics: Option<SocketAddr>,
    archive: Archive,
    library: Library,
    tending: tokio::task::AbortHandle,
    signalling: JoinHandle<()>,
    writing: tokio::task::JoinHandle<()>,
    close_admin: Option<oneshot::Sender<()>>,
    close_post: oneshot::Sender<()>,
    posting: tokio::task::JoinHandle<()>,
}

/// The folder for what is kept, made where there is none.
pub(crate) fn data_folder(path: &Path) -> Result<PathBuf> {
    let told = || {
        format!(
            "the data folder {} cannot be written; give this user the right to it (`chown`/`chmod`), or name another with --data",
            path.display()
        )
    };
    // Hashes of passwords lie here: nobody else may look.
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).with_context(told)?;
    let probe = path.join(".probe");
    std::fs::write(&probe, b"").with_context(told)?;
    let _ = std::fs::remove_file(probe);
    Ok(path.to_owned())
}

/// Opens the database of the settings.
pub(crate) async fn open_store(settings: &Settings, data: &Path) -> Result<Store> {
    let file = data.join("strowger.db");
    let url = match settings.store.url.as_str() {
        "" => format!("sqlite://{}?mode=rwc", file.display()),
        url => url.to_owned(),
    };
    let told = || {
        let shown = crate::settings::without_password(&url);
        if url.starts_with("sqlite:") {
            format!(
                "the database {shown} cannot be used (store.url); if the file is damaged, move it away or restore a backup: a new one is made at the next start"
            )
        } else {
            format!(
                "the database {shown} cannot be used (store.url); is the server up, and are user, password and name right?"
            )
        }
    };
    Store::open(&url).await.with_context(told)
}

impl Station {
    /// Starts everything.
    pub(crate) async fn start(
        settings: &Settings,
        data: &Path,
        store: Store,
        observer: Option<Arc<dyn Observer>>,
    ) -> Result<Self> {
        let runtime = Handle::current();
        let metrics = start_metrics(settings)?;
        let tls = settings.tls()?.map(Tls::open).transpose()?;
        let listeners = exchange::listen(&settings.listeners()?)?;
        let (sip, own) = addresses(&listeners);
        let directory = Arc::new(Directory::new(settings.sip.default_tenant.clone(), own));
        directory.reload(&store).await.context("reading tenants and users")?;
        if !settings.sip.default_tenant.is_empty()
            && !directory.tenants().iter().any(|(_, name)| *name == settings.sip.default_tenant)
        {
            tracing::warn!(
                name = settings.sip.default_tenant,
                "sip.default_tenant names no tenant yet; make one with `strowger tenant create`"
            );
        }
        let network = Arc::new(Network::default());
        let trunks = network.reload(&store).await.context("reading trunks, numbers and routes")?;
        let spent = network.spent_today(&store).await.context("reading what was spent today")?;
        let shelf = Shelf {
            directory: directory.clone(),
            network: network.clone(),
            store: store.clone(),
            runtime: runtime.clone(),
        };
        let (inbox, outbox) = Inbox::new()?;
        let (conference, names) = rooms::conference(&directory, inbox.clone());
        let known = directory.clone();
        let habits = Box::new(move |tenant| known.habits(tenant));
        let library = Library::start(settings.folders(data)?, habits, SOUND_THREADS)?;
        let hall = Hall {
            conference: conference.clone(),
            directory: directory.clone(),
            library: library.clone(),
            runtime: runtime.clone(),
        };
        let free = settings.media.recordings_free_mib << 20;
        let (recordings, mended) = Recordings::start(data.to_owned(), free, inbox.clone())?;
        let opened = Mailroom::open(store.clone(), recordings.clone(), inbox.clone(), runtime.clone());
        let mailroom = opened.await.context("reading mailboxes")?;
        let postbox = Postbox { voicemail: postbox::voicemail(&mailroom), mailroom: mailroom.clone() };
        let knowledge = (Arc::new(shelf), Arc::new(hall), Arc::new(postbox));
        let host = Host::new(host_config(settings, data), knowledge.0, knowledge.1, knowledge.2)?;
        let host = Arc::new(host);
        let applications = Applications::new(host, inbox.clone())?;
        for (tenant, name) in directory.tenants() {
            // One tenant's broken dialplan is not the others' affair: its calls get the built-in route.
            if let Err(error) = applications.reload(&store, tenant).await {
                tracing::error!(
                    tenant = name,
                    error = format!("{error:#}"),
                    "the tenant's dialplan cannot be loaded; the built-in route serves its calls"
                );
            }
        }
        let bindings = store.bindings().list().await.context("reading the registrations")?;
        let subscriptions = store.subscriptions().list().await.context("reading the subscriptions")?;
        let told = subscriptions.iter().map(|one| (one.tenant, one.mailbox.clone())).collect();
        let (writer, task) = Writer::new(store.clone());
        let writing = tokio::spawn(task.run());
        let days = settings.media.recordings_days;
        let archive = Archive { recordings: recordings.clone(), store: store.clone(), days, echo: archive::ECHO };
        let left = archive.left().await.context("reading the recordings that were cut off")?;
        let messages = mailroom.left().await.context("reading the messages that were cut off")?;
        let left = (left, messages);
        let tending = tokio::spawn(archive.clone().tend(left, mended, names, mailroom.clone())).abort_handle();
        let (range, threads) = (settings.media_ports()?, settings.media.threads);
        let engine = Engine::start(range, threads, seed()?, &inbox, &library, &recordings)?;
        let exchange =
            Exchange { inbox, board: Arc::default(), trunk_news: tokio::sync::broadcast::Sender::new(TRUNK_NEWS) };
        let parts = Parts {
            config: switch_config(settings)?,
            seed: seed()?,
            chance: seed()?,
            listeners,
            bindings,
            directory: directory.clone(),
            network: network.clone(),
            conference: conference.clone(),
            mailroom: mailroom.clone(),
            subscriptions,
            trunks,
            spent,
            applications: applications.clone(),
            engine,
            writer,
            streams: stream_limits(settings),
            tls,
            name_servers: settings.name_servers()?,
            observer,
        };
        let signalling = exchange::start(parts, exchange.clone(), outbox, &runtime)?;
        tokio::spawn(mailroom.clone().light_all(told));
        let post = mailroom::post(&mailroom, &directory, settings.mail()?, &settings.media.language)?;
        let (close_post, stopped) = oneshot::channel::<()>();
        let (bell, queued) = (post.bell(), mailroom.queued.clone());
        let posting = tokio::spawn(async move {
            let ringing = async {
                loop {
                    queued.notified().await;
                    bell.ring();
                }
            };
            tokio::select! {
                () = post.run(async move { drop(stopped.await) }) => {}
                () = ringing => {}
            }
        });
        let mut station = Self {
            store,
            exchange,
            directory,
            network,
            applications,
            conference,
            mailroom,
            sip,
            admin: None,
            metrics,
            archive,
            library,
            tending,
            signalling,
            writing,
            close_admin: None,
            close_post,
            posting,
        };
        station.open_admin(settings, data).await?;
        Ok(station)
    }

    async fn open_admin(&mut self, settings: &Settings, data: &Path) -> Result<()> {
        if settings.admin.listen.is_empty() {
            return Ok(());
        }
        let token = admin_token(&self.store, data).await?;
        let address = &settings.admin.listen;
        let told = || {
            format!(
                "admin.listen: {address} cannot be opened; is another strowger running? Choose another port, or stop it"
            )
        };
        let listener = tokio::net::TcpListener::bind(address).await.with_context(told)?;
        self.admin = Some(listener.local_addr().context("the admin listener's own address")?);
        let live = Running {
            exchange: self.exchange.clone(),
            applications: self.applications.clone(),
            directory: self.directory.clone(),
            network: self.network.clone(),
            store: self.store.clone(),
            archive: self.archive.clone(),
            library: self.library.clone(),
            conference: self.conference.clone(),
            mailroom: self.mailroom.clone(),
        };
        let (close, closed) = oneshot::channel::<()>();
        self.close_admin = Some(close);
        let serving = admin::serve(listener, self.store.clone(), Arc::new(live), token, async move {
            let _ = closed.await;
        });
        tokio::spawn(async move {
            if let Err(error) = serving.await {
                tracing::error!(%error, "operators are not served any more");
            }
        });
        Ok(())
    }

    /// Takes it down: no new calls, those that are up may end within `drain`, then everything is written.
    pub(crate) async fn stop(mut self, drain: Duration, hurry: impl Future<Output = ()>) {
        self.exchange.drain();
        let end = Instant::now() + drain;
        tokio::pin!(hurry);
        let mut told = 0;
        loop {
            let calls = self.exchange.board.len();
            if calls == 0 || Instant::now() >= end {
                break;
            }
            if calls != told {
                told = calls;
                tracing::info!(
                    calls,
                    seconds = end.saturating_duration_since(Instant::now()).as_secs(),
                    "waiting for calls to end"
                );
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(100)) => {}
                () = &mut hurry => break,
            }
        }
        for call in self.exchange.board.all() {
            self.exchange.command(call, switch::Command::Hangup(switch::Cause::NORMAL));
        }
        // Time for the last BYEs and their records.
        let grace = Instant::now() + Duration::from_secs(2);
        while !self.exchange.board.is_empty() && Instant::now() < grace {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.exchange.inbox.send(Inward::Stop);
        let signalling = self.signalling;
        let _ = tokio::task::spawn_blocking(move || signalling.join()).await;
        if let Some(close) = self.close_admin.take() {
            let _ = close.send(());
        }
        // Letters that are on their way are told of first; a server that does not answer is not waited for.
        drop(self.close_post);
        if tokio::time::timeout(Duration::from_secs(3), self.posting).await.is_err() {
            tracing::warn!("letters on their way may be sent once more after the next start");
        }
        self.tending.abort();
        // The writer ends when the thread has dropped its end and the queue is empty.
        if tokio::time::timeout(Duration::from_secs(10), self.writing).await.is_err() {
            tracing::error!("the database does not answer: the last records are lost");
        }
        drop((self.exchange, self.applications, self.directory));
        let _ = self.store.close().await;
    }
}

/// A runtime for all that waits.
pub(crate) fn runtime() -> Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("tasks")
        .build()
        .context("starting the tasks' threads")
}

fn addresses(listeners: &[Listener]) -> (Vec<String>, Vec<IpAddr>) {
    let known: Vec<(&str, SocketAddr)> = listeners
        .iter()
        .filter_map(|listener| match listener {
            Listener::Udp(socket) => Some(("udp", socket.local_addr().ok()?)),
            Listener::Tcp(listener) => Some(("tcp", listener.local_addr().ok()?)),
            Listener::Tls(listener) => Some(("tls", listener.local_addr().ok()?)),
        })
        .collect();
    let shown = known.iter().map(|(name, address)| format!("{name}:{address}")).collect();
    let mut own: Vec<IpAddr> = known.iter().map(|(_, address)| address.ip()).collect();
    own.sort();
    own.dedup();
    (shown, own)
}

fn seed() -> Result<[u8; 32]> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| anyhow::anyhow!("the system gives no random numbers: {error}"))?;
    Ok(seed)
}

/// The token is made at the first start: the operator's copy in a file that only its user may read, ours as a hash.
async fn admin_token(store: &Store, data: &Path) -> Result<TokenHash> {
    const NAME: &str = "admin-token-hash";
    let file = data.join("admin.token");
    let kept = store
        .settings()
        .get(NAME)
        .await
        .context("reading the admin token's hash")?
        .and_then(|text| TokenHash::parse(&text));
    if let Some(hash) = kept {
        if !file.exists() {
            tracing::info!(file = %file.display(), "the admin token's file is not here; whoever has the token may go on using it");
        }
        return Ok(hash);
    }
    let token = seed()?.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    write_secret(&file, &token).with_context(|| format!("writing the admin token to {}", file.display()))?;
    let hash = TokenHash::of(&token);
    store.settings().set(NAME, &hash.to_string()).await.context("keeping the admin token's hash")?;
    Ok(hash)
}

fn write_secret(file: &Path, secret: &str) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let _ = std::fs::remove_file(file);
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    file.write_all(secret.as_bytes())?;
    file.write_all(b"\n")
}

fn start_metrics(settings: &Settings) -> Result<Option<SocketAddr>> {
    if settings.metrics.listen.is_empty() {
        return Ok(None);
    }
    let mut address: SocketAddr = settings.metrics.listen.parse().context("metrics.listen")?;
    let told = || {
        format!(
            "metrics.listen: {} cannot be opened; is another strowger running? Choose another port, or \"\" for none",
            settings.metrics.listen
        )
    };
    if address.port() == 0 {
        address = std::net::TcpListener::bind(address).and_then(|probe| probe.local_addr()).with_context(told)?;
    }
    const SETUP: &[f64] = &[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
    // A user notices below 4.0, and complains below 3.6 (ITU-T G.107 Annex B).
    const OPINION: &[f64] = &[1.5, 2.0, 2.6, 3.1, 3.6, 3.8, 4.0, 4.1, 4.2, 4.3, 4.4, 4.5];
    const LENGTH: &[f64] = &[1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0];
    let full = |name: &str| metrics_exporter_prometheus::Matcher::Full(name.to_owned());
    metrics_exporter_prometheus::PrometheusBuilder::new()
        .with_http_listener(address)
        .set_buckets_for_metric(full("strowger_call_setup_seconds"), SETUP)
        .context("the histogram's buckets")?
        .set_buckets_for_metric(full("strowger_call_mos"), OPINION)
        .context("the histogram's buckets")?
        .set_buckets_for_metric(full("strowger_trunk_post_dial_delay_seconds"), SETUP)
        .context("the histogram's buckets")?
        .set_buckets_for_metric(full("strowger_trunk_call_seconds"), LENGTH)
        .context("the histogram's buckets")?
        .install()
        .with_context(told)?;
    metrics::gauge!("strowger_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(Some(address))
}

fn host_config(settings: &Settings, data: &Path) -> dialplan::Config {
    let defaults = dialplan::Config::default();
    let ticks =
        Duration::from_millis(settings.dialplan.compute_milliseconds).as_millis() / defaults.tick.as_millis().max(1);
    dialplan::Config {
        artefacts: Some(data.join("artefacts")),
        max_calls: settings.dialplan.max_calls,
        max_memory: settings.dialplan.max_memory_mib << 20,
        ticks_at_once: u32::try_from(ticks).unwrap_or(10).max(1),
        max_requests: settings.dialplan.max_requests,
        max_log_lines: settings.dialplan.max_log_lines,
        ..defaults
    }
}

fn stream_limits(settings: &Settings) -> StreamLimits {
    StreamLimits {
        connections: settings.sip.tcp_connections,
        per_source: settings.sip.tcp_connections_per_source,
        idle: Duration::from_secs(settings.sip.tcp_idle_seconds),
        message: Duration::from_secs(settings.sip.tcp_message_seconds),
        sip: sip::Limits::default(),
    }
}

fn switch_config(settings: &Settings) -> Result<switch::Config> {
    let seconds = Duration::from_secs;
    let mut algorithms = Vec::new();
    for name in &settings.auth.algorithms {
        match sip::digest::Algorithm::parse(Some(name)) {
            Some((algorithm, false)) => algorithms.push(algorithm),
            _ => bail!("auth.algorithms: `{name}`"),
        }
    }
    Ok(switch::Config {
        advertised: settings.advertised()?,
        decision_time: seconds(settings.sip.decision_seconds),
        setup_limit: seconds(settings.sip.setup_seconds),
        media_silence: Some(seconds(settings.media.silence_seconds)).filter(|silence| !silence.is_zero()),
        secrecy: settings.secrecy()?,
        max_calls: settings.limits.max_calls,
        emergency: gateway::emergency_numbers().into_iter().map(str::to_owned).collect(),
        max_branches: settings.limits.max_branches,
        registrar: switch::registrar::Config {
            min_expires: seconds(settings.sip.min_expires),
            max_expires: seconds(settings.sip.max_expires),
            default_expires: seconds(settings.sip.default_expires),
            max_contacts: settings.sip.max_contacts,
        },
        lamps: switch::lamps::Config {
            max_per_user: settings.sip.max_subscriptions,
            ..switch::lamps::Config::default()
        },
        gatekeeper: switch::gatekeeper::Config {
            algorithms,
            nonce_lifetime: seconds(settings.auth.nonce_seconds),
            max_failures: settings.auth.max_failures,
            window: seconds(settings.auth.window_seconds),
            ban_time: seconds(settings.auth.ban_seconds),
            exempt: settings.auth.exempt.iter().map(|net| parse_net(net)).collect::<Result<_>>()?,
            ..switch::gatekeeper::Config::default()
        },
        floods: switch::floods::Config {
            burst: settings.auth.flood_burst,
            per_second: settings.auth.flood_per_second,
            ..switch::floods::Config::default()
        },
        ..switch::Config::default()
    })
}
