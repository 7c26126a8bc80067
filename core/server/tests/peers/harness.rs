//! The exchange under test: the real binary with a data folder, ports and a database of its own.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant, SystemTime};

use rustix::process::{Pid, Signal, kill_process};
use store::{CdrFilter, NewTenant, NewUser, Store, StoredCdr, StoredMessage, Writer};
use switch::{Aor, BindingChange, Folder, Ha1, Record, StoredBinding, TenantId};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::lane::Lane;
use crate::papers::Authority;
use crate::tone;

/// How long the exchange may take to listen, on a machine that does other things besides.
const START: Duration = Duration::from_secs(20);
/// How long what was done may take to be in the database, on such a machine.
const KEPT: Duration = Duration::from_secs(10);
/// The users of the tenant, each with the password `secret` and its name. The last is called what makes the hostile guest
/// fail.
const USERS: [&str; 4] = ["1001", "1002", "1003", "trap"];

/// Asks until there is an answer; panics with `what` when there is none in time.
pub(crate) fn until<T>(what: &str, limit: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what}: not within {limit:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Where a peer program is.
pub(crate) fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("{name} is not installed: run `cargo xtask test`"))
}

/// A guest that `cargo xtask guests` built.
pub(crate) fn guest(name: &str) -> String {
    let named = std::env::var_os("STROWGER_GUESTS").map(PathBuf::from);
    let built = Path::new(env!("CARGO_BIN_EXE_strowger")).ancestors().nth(2).map(|target| target.join("guests"));
    let mut files = [named, built].into_iter().flatten().map(|folder| folder.join(format!("{name}.wasm")));
    let found = files.find(|file| file.is_file());
    let found = found.unwrap_or_else(|| panic!("the guest {name} is not built: run `cargo xtask guests`"));
    found.display().to_string()
}

/// How signalling reaches the exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// UDP and IPv4.
    Udp,
    /// TCP and IPv4.
    Tcp,
    /// UDP and IPv6.
    Udp6,
    /// TCP and IPv6.
    Tcp6,
    /// TLS and IPv4, where the plan has it.
    Tls,
}

impl Over {
    /// `udp`, `tcp` or `tls`.
    pub(crate) fn transport(self) -> &'static str {
        match self {
            Self::Udp | Self::Udp6 => "udp",
            Self::Tcp | Self::Tcp6 => "tcp",
            Self::Tls => "tls",
        }
    }

    /// Is it IPv6?
    pub(crate) fn is_v6(self) -> bool {
        matches!(self, Self::Udp6 | Self::Tcp6)
    }

    /// The host as it stands in a URI.
    pub(crate) fn host(self) -> &'static str {
        if self.is_v6() { "[::1]" } else { "127.0.0.1" }
    }
}

/// What an exchange is started with.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Plan {
    /// How long the built-in route rings; 30 s when `None`.
    pub(crate) ring_time: Option<Duration>,
    /// Digest algorithms on offer; MD5 alone when `None`: sipp 3.6 knows no other and reads the first challenge only,
    /// and baresip 1.0 gives up when any challenge names another.
    pub(crate) algorithms: Option<&'static str>,
    /// The guest that decides calls from the start; the built-in route when `None`.
    pub(crate) dialplan: Option<&'static str>,
    /// Further settings, as environment variables.
    pub(crate) settings: &'static [(&'static str, &'static str)],
    /// It listens for TLS too, with a certificate of an authority of its own, which it believes.
    pub(crate) tls: bool,
}

/// Media ports for hundreds of calls at once, which no lane has room for: however slow a machine is, and whoever else has
/// some of them, there are enough.
pub(crate) const MANY_PORTS: &[(&str, &str)] = &[("STROWGER__MEDIA__PORTS", "10000-14999")];

/// The files of an exchange with TLS, in the folder that it starts in.
const TLS: &[(&str, &str)] = &[
    ("STROWGER__TLS__CERTIFICATE", "pbx.pem"),
    ("STROWGER__TLS__KEY", "pbx.key"),
    ("STROWGER__TLS__AUTHORITIES", "authority.pem"),
];

/// A running exchange.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// Its ports, and its peers'.
    pub(crate) lane: Lane,
    folder: TempDir,
    runtime: Runtime,
    store: Store,
    tenant: TenantId,
    algorithms: &'static str,
    settings: &'static [(&'static str, &'static str)],
    authority: Option<Authority>,
    own: Vec<(&'static str, String)>,
    sip: Vec<String>,
    admin: String,
    metrics: String,
    child: Option<Child>,
    starts: u32,
}

impl Exchange {
    /// Starts one with a tenant and three users, and waits until it listens.
    pub(crate) fn start() -> Self {
        Self::with(Plan::default())
    }

    /// Starts one as planned.
    pub(crate) fn with(plan: Plan) -> Self {
        Self::prepared(Lane::take(), plan, Vec::new(), |_, _, _| ())
    }

    /// The same in a lane that was taken before, with settings of this test's own, and with what else is to be in the
    /// database.
    pub(crate) fn prepared(
        lane: Lane,
        plan: Plan,
        own: Vec<(&'static str, String)>,
        furnish: impl FnOnce(&Runtime, &Store, TenantId),
    ) -> Self {
        let folder = TempDir::with_prefix("strowger-peers-").expect("a folder for the test");
        std::fs::create_dir(folder.path().join("data")).expect("a data folder");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (store, tenant) = runtime.block_on(prepare(&folder.path().join("data"), &plan));
        furnish(&runtime, &store, tenant);
        let listen = ["127.0.0.1", "[::1]"].iter().flat_map(|ip| [format!("udp:{ip}:0"), format!("tcp:{ip}:0")]);
        let mut listen: Vec<String> = listen.collect();
        let authority = plan.tls.then(|| {
            listen.push("tls:127.0.0.1:0".to_owned());
            let authority = Authority::new();
            authority.signs(&["127.0.0.1", "localhost", "pbx.example"]).write(folder.path(), "pbx");
            std::fs::write(folder.path().join("authority.pem"), authority.pem()).expect("an authority");
            authority
        });
        let mut exchange = Self {
            lane,
            folder,
            runtime,
            store,
            tenant,
            algorithms: plan.algorithms.unwrap_or("MD5"),
            settings: plan.settings,
            authority,
            own,
            sip: listen,
            admin: String::new(),
            metrics: String::new(),
            child: None,
            starts: 0,
        };
        exchange.start_again();
        exchange
    }

    /// Starts it on the data and the addresses that it had.
    pub(crate) fn start_again(&mut self) {
        assert!(self.child.is_none(), "it runs already");
        let ready = self.path("ready.json");
        let _ = std::fs::remove_file(&ready);
        self.starts += 1;
        let log = File::create(self.log()).expect("a log file");
        let media = self.lane.media();
        let child = binary()
            .arg("run")
            .arg("--data")
            .arg(self.path("data"))
            .arg("--ready-file")
            .arg(&ready)
            .current_dir(self.folder.path())
            .env("STROWGER__SIP__LISTEN", self.sip.join(","))
            .env("STROWGER__AUTH__ALGORITHMS", self.algorithms)
            .env("STROWGER__MEDIA__PORTS", format!("{}-{}", media.start(), media.end()))
            .env("STROWGER__ADMIN__LISTEN", "127.0.0.1:0")
            .env("STROWGER__METRICS__LISTEN", "127.0.0.1:0")
            .env("STROWGER__MEDIA__PROMPTS", prompts())
            .envs(self.authority.iter().flat_map(|_| TLS.iter().copied()))
            .envs(self.settings.iter().copied())
            .envs(self.own.iter().map(|(name, value)| (name, value)))
            .stdout(log.try_clone().expect("the log file twice"))
            .stderr(log)
            .spawn()
            .expect("the binary starts");
        self.child = Some(child);
        let text = until("the exchange listens", START, || {
            let ended = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
            assert!(ended.is_none(), "the exchange did not start: {ended:?}");
            std::fs::read_to_string(&ready).ok()
        });
        let ready: serde_json::Value = serde_json::from_str(&text).expect("the ready file is JSON");
        let sip = ready["sip"].as_array().expect("the ready file names SIP addresses");
        self.sip = sip.iter().filter_map(|address| address.as_str().map(str::to_owned)).collect();
        ready["admin"].as_str().expect("the ready file names the admin address").clone_into(&mut self.admin);
        ready["metrics"].as_str().expect("the ready file names the metrics address").clone_into(&mut self.metrics);
    }

    /// Where it listens.
    pub(crate) fn address(&self, over: Over) -> SocketAddr {
        let prefix = format!("{}:", over.transport());
        let mut ours = self.sip.iter().filter_map(|text| text.strip_prefix(&prefix)?.parse::<SocketAddr>().ok());
        ours.find(|address| address.is_ipv6() == over.is_v6()).expect("the exchange listens there")
    }

    /// Does what an operator types, and gives what was printed.
    pub(crate) fn operate(&self, words: &[&str]) -> String {
        let mut command = binary();
        command
            .arg("--endpoint")
            .arg(format!("http://{}", self.admin))
            .arg("--token-file")
            .arg(self.path("data/admin.token"));
        let done = command.args(words).output().expect("the command line runs");
        assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).into_owned()
    }

    /// Who has signed its certificate, and whom it believes.
    pub(crate) fn authority(&self) -> &Authority {
        self.authority.as_ref().expect("it was planned with TLS")
    }

    /// A file of this test.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts a sound of its own in the place of one of the tenant's prompts.
    pub(crate) fn tenant_says(&self, name: &str, hertz: f64) {
        let path = self.path(&format!("data/tenants/{}/prompts/{name}.wav", self.tenant.0));
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder for prompts");
        tone::write(&path, hertz, 2);
    }

    /// Asks it to end in order.
    pub(crate) fn terminate(&self) {
        let child = self.child.as_ref().expect("it runs");
        kill_process(Pid::from_child(child), Signal::TERM).expect("SIGTERM");
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self, limit: Duration) -> ExitStatus {
        let mut child = self.child.take().expect("it runs");
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = child.try_wait().expect("a child of ours") {
                return status;
            }
            if Instant::now() > deadline {
                self.child = Some(child);
                panic!("the exchange did not end within {limit:?}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Is it still there?
    pub(crate) fn runs(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| child.try_wait().ok().flatten().is_none())
    }

    /// Ends it as the loss of power would: SIGKILL.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// All call records, the first call first, once there are so many.
    pub(crate) fn cdrs(&self, count: usize) -> Vec<StoredCdr> {
        let mut seen = 0;
        let deadline = Instant::now() + KEPT;
        loop {
            let page = self.runtime.block_on(self.store.cdrs(self.tenant).query(&CdrFilter::default(), 1000, None));
            let mut cdrs = page.expect("the call records").cdrs;
            if cdrs.len() == count {
                cdrs.reverse();
                return cdrs;
            }
            if cdrs.len() != seen {
                seen = cdrs.len();
            }
            assert!(seen < count, "{seen} call records instead of {count}");
            assert!(Instant::now() < deadline, "{seen} call records instead of {count} after {KEPT:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The record of the only call.
    pub(crate) fn cdr(&self) -> StoredCdr {
        self.cdrs(1).remove(0)
    }

    /// All registrations that are kept, once there are so many.
    pub(crate) fn bindings(&self, count: usize) -> Vec<StoredBinding> {
        until(&format!("{count} registrations are kept"), KEPT, || {
            let all = self.runtime.block_on(self.store.bindings().list()).expect("the registrations");
            (all.len() == count).then_some(all)
        })
    }

    /// While it is down, a phone of a user is written down as registered: with this contact, from this address.
    pub(crate) fn remembers(&self, user: &str, contact: &str, transport: &str, remote: SocketAddr) {
        assert!(self.child.is_none(), "it runs, and would not read it");
        let binding = StoredBinding {
            aor: Aor { tenant: self.tenant, user: user.to_owned() },
            contact: contact.to_owned(),
            q: 1000,
            call_id: "before".to_owned(),
            cseq: 1,
            expires: SystemTime::now() + Duration::from_secs(600),
            transport: transport.to_owned(),
            local: remote,
            remote,
            path: Vec::new(),
            instance: None,
            reg_id: None,
            user_agent: None,
        };
        let (writer, task) = Writer::new(self.store.clone());
        writer.write(Record::Binding(BindingChange::Put(binding)));
        drop(writer);
        self.runtime.block_on(task.run());
    }

    /// Something is changed in its database, which it reads when it starts again.
    pub(crate) fn furnish<T>(&self, furnish: impl AsyncFnOnce(&Store, TenantId) -> T) -> T {
        self.runtime.block_on(furnish(&self.store, self.tenant))
    }

    /// The messages of a mailbox in this folder, once there are so many.
    pub(crate) fn messages(&self, mailbox: &str, folder: Folder, count: usize) -> Vec<StoredMessage> {
        until(&format!("{count} messages are {} in {mailbox}", folder.as_str()), KEPT, || {
            let all = self.runtime.block_on(self.store.messages(self.tenant).list(mailbox, folder));
            let all = all.expect("the messages");
            (all.len() == count).then_some(all)
        })
    }

    /// What it has logged since it was last started.
    pub(crate) fn log_text(&self) -> String {
        std::fs::read_to_string(self.log()).expect("its log")
    }

    /// The value of a metric, named with its labels as they are shown; `None` while there is none.
    pub(crate) fn metric(&self, name: &str) -> Option<f64> {
        let mut asked = TcpStream::connect(&self.metrics).expect("the metrics listen");
        asked.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").expect("a question");
        let mut text = String::new();
        asked.read_to_string(&mut text).expect("the metrics");
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
    }

    /// Waits until a metric has this value.
    pub(crate) fn counts(&self, name: &str, wanted: f64, limit: Duration) {
        let mut last = None;
        let deadline = Instant::now() + limit;
        while last != Some(wanted) {
            assert!(Instant::now() < deadline, "{name} is {last:?}, not {wanted}, after {limit:?}");
            std::thread::sleep(Duration::from_millis(20));
            last = self.metric(name);
        }
    }

    fn log(&self) -> PathBuf {
        self.path(&format!("exchange-{}.log", self.starts))
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.kill();
        if !std::thread::panicking() {
            return;
        }
        let mut logs: Vec<PathBuf> = std::fs::read_dir(self.folder.path())
            .map(|entries| entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect())
            .unwrap_or_default();
        logs.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
        logs.sort();
        for log in logs {
            show(&log);
        }
    }
}

/// The prompts: as `cargo xtask` named them, else where it puts them.
pub(crate) fn prompts() -> PathBuf {
    let named = std::env::var_os("STROWGER_PROMPTS").map(PathBuf::from);
    let built = Path::new(env!("CARGO_BIN_EXE_strowger")).ancestors().nth(2).map(|target| target.join("prompts"));
    named.or(built).expect("a folder for prompts")
}

/// The end of a log, for who looks at a failed test.
fn show(log: &Path) {
    let text = std::fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.get(lines.len().saturating_sub(200)..).unwrap_or_default().join("\n");
    eprintln!("---- {} ----\n{last}\n", log.display());
}

/// The binary, in an environment without settings of whoever runs the tests.
pub(crate) fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_strowger"));
    command.stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("STROWGER_") {
            command.env_remove(name);
        }
    }
    command
}

async fn prepare(data: &Path, plan: &Plan) -> (Store, TenantId) {
    let url = format!("sqlite://{}?mode=rwc", data.join("strowger.db").display());
    let store = Store::open(&url).await.expect("a database");
    let domains = ["127.0.0.1", "localhost", "[::1]"].map(str::to_owned).to_vec();
    let mut new = NewTenant::named("demo", domains);
    new.realm = Some("demo.example".to_owned());
    if let Some(ring_time) = plan.ring_time {
        new.policy.ring_time = ring_time;
    }
    let tenant = store.tenants().create(new).await.expect("a tenant");
    for name in USERS {
        let user = NewUser {
            name: name.to_owned(),
            display_name: Some(format!("Phone {name}")),
            extension: name.starts_with('1').then(|| name.to_owned()),
            ha1: Ha1::of(name, &tenant.realm, &format!("secret{name}")),
            media: switch::MediaPolicy::default(),
        };
        store.users(tenant.id).create(user).await.expect("a user");
    }
    if let Some(name) = plan.dialplan {
        let component = std::fs::read(guest(name)).expect("the guest");
        let dialplans = store.dialplans(tenant.id);
        let version = dialplans.upload(name, &sha256(&component), component).await.expect("a dialplan");
        dialplans.activate(Some(version.id)).await.expect("an active dialplan");
    }
    (store, tenant.id)
}

/// What a version of a dialplan is called by.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
