//! The exchange's end of a call, played by the test: it hears commands and says what came of them.

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock, RwLock};
use std::time::{Duration, SystemTime};

use dialplan::{Config, Dialplan, Host, Program};
use switch::{
    Application, CallControl, CallId, CallUid, Cause, Command, Commands, Ending, Event, Failure, Invitation, Party,
    Reply, Side, TenantId, UserId,
};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::keeper::FakeKeeper;

/// Longer than anything takes, even where others compile.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn keeper() -> Arc<FakeKeeper> {
    static KEEPER: OnceLock<Arc<FakeKeeper>> = OnceLock::new();
    KEEPER.get_or_init(Arc::default).clone()
}

/// The engine of this process.
pub(crate) fn host() -> &'static Host {
    static HOST: OnceLock<Host> = OnceLock::new();
    HOST.get_or_init(|| host_with(Config { artefacts: Some(tmp("artefacts")), ..config() }))
}

pub(crate) fn host_with(config: Config) -> Host {
    Host::new(config, keeper(), keeper(), keeper()).expect("the engine starts")
}

/// Fewer requests than usual: a test build takes long for them.
pub(crate) fn config() -> Config {
    Config { max_calls: 500, max_requests: 5_000, ..Config::default() }
}

pub(crate) fn tmp(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("dialplan").join(name)
}

pub(crate) fn bytes_of(guest: &str) -> Vec<u8> {
    let folder = std::env::var_os("STROWGER_GUESTS")
        .map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")).with_file_name("guests"), PathBuf::from);
    let file = folder.join(guest).with_extension("wasm");
    std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}: run `cargo xtask guests`", file.display()))
}

pub(crate) fn guest(name: &str) -> Program {
    host().load(&bytes_of(name)).expect("a guest of ours loads")
}

/// Runs a story on a runtime of one worker: whoever holds the worker holds all.
pub(crate) fn on_one_worker(story: impl Future<Output = ()> + Send + 'static) {
    let _others = STORIES.read();
    run(story);
}

/// The same, while no other story of this process runs: for measurements.
pub(crate) fn alone(story: impl Future<Output = ()> + Send + 'static) {
    let _nobody = STORIES.write();
    run(story);
}

static STORIES: RwLock<()> = RwLock::new(());

fn run(story: impl Future<Output = ()> + Send + 'static) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().expect("a runtime");
    if let Err(error) = runtime.block_on(runtime.spawn(story)) {
        std::panic::resume_unwind(error.into_panic());
    }
}

/// One call, held by a dialplan.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) invitation: Arc<Invitation>,
    commands: mpsc::UnboundedReceiver<Command>,
    events: mpsc::Sender<Event>,
    running: JoinHandle<Result<(), Failure>>,
}

impl Line {
    /// Alice dials. Each call has a tenant of its own, so that what it keeps is its own too.
    pub(crate) fn dials(program: &Program, callee: &str) -> Self {
        Self::opened(program, invitation(callee))
    }

    /// The same, and she is this user.
    pub(crate) fn of_user(program: &Program, callee: &str, user: UserId) -> Self {
        Self::opened(program, Invitation { user: Some(user), ..invitation(callee) })
    }

    pub(crate) fn opened(program: &Program, invitation: Invitation) -> Self {
        let invitation = Arc::new(invitation);
        let (to_exchange, commands) = mpsc::unbounded_channel();
        let to_exchange: Commands = Arc::new(move |_, command| drop(to_exchange.send(command)));
        let (events, heard) = mpsc::channel(CallControl::EVENTS);
        let control = CallControl::new(CallId::default(), invitation.clone(), to_exchange, heard);
        let dialplan = Dialplan::new("tested", program.clone());
        let running = tokio::spawn(async move { dialplan.run(control).await });
        Self { invitation, commands, events, running }
    }

    /// The next command; `None` when there comes no more.
    pub(crate) async fn next(&mut self) -> Option<Command> {
        tokio::time::timeout(PATIENCE, self.commands.recv()).await.expect("a command, or the end")
    }

    /// The next command is this, and gets this reply.
    pub(crate) async fn asks(&mut self, command: Command, reply: Reply) {
        assert_eq!(self.next().await, Some(command));
        self.reply(reply).await;
    }

    pub(crate) async fn reply(&self, reply: Reply) {
        self.event(Event::Reply(reply)).await;
    }

    pub(crate) async fn event(&self, event: Event) {
        // Who leaves does not wait for the reply, and may be gone.
        let _ = self.events.send(event).await;
    }

    /// The dialplan leaves the call with a word, and has ended well.
    pub(crate) async fn leaves(mut self) {
        self.asks(Command::Detach, Reply::Done).await;
        assert_eq!(self.end().await, Ok(()));
    }

    /// There comes no further command; this is how the dialplan ended.
    pub(crate) async fn end(mut self) -> Result<(), Failure> {
        assert_eq!(self.next().await, None);
        tokio::time::timeout(PATIENCE, self.running).await.expect("it ends").expect("no panic")
    }

    /// The dialplan breaks: the fallback is asked for, with a reason, which is returned.
    pub(crate) async fn breaks(mut self) -> String {
        let command = self.next().await;
        let Some(Command::Route { failed: Some(why) }) = command else {
            panic!("it did not break but asked for {command:?}");
        };
        self.reply(Reply::Done).await;
        assert_eq!(self.end().await, Err(Failure::Broken(why.clone())));
        why
    }

    /// The process forgets the call.
    pub(crate) fn abort(self) {
        self.running.abort();
    }

    /// What the parrot kept of this step.
    pub(crate) fn kept(&self, step: usize) -> Option<String> {
        keeper().kept(self.invitation.tenant, &step.to_string())
    }
}

pub(crate) fn invitation(callee: &str) -> Invitation {
    static TENANTS: AtomicI64 = AtomicI64::new(1);
    let party = |name: Option<&str>, user: &str| Party {
        name: name.map(str::to_owned),
        user: user.to_owned(),
        uri: format!("sip:{user}@example.com"),
    };
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Invitation {
        uid: CallUid([0xab; 12]),
        tenant: TenantId(TENANTS.fetch_add(1, Ordering::Relaxed)),
        caller: party(Some("Alice A."), "alice"),
        user: None,
        callee: party(None, callee),
        headers: vec![header("User-Agent", "phone/1"), header("X-Foo", "one"), header("X-Foo", "two")],
        source: ([127, 0, 0, 1], 5060).into(),
        arrived: SystemTime::UNIX_EPOCH,
        deadline: Duration::from_secs(5),
        inbound: None,
        leads_to: None,
    }
}

pub(crate) fn caller_hung_up() -> Ending {
    Ending { cause: Cause::NORMAL, by: Side::Caller, status: 487 }
}
