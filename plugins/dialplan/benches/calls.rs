//! What a call costs: an instance, its waits, and the same conversation by an application without a guest beside it.
//!
//! `cargo bench -p dialplan`

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use dialplan::{Config, Dialplan, Found, FoundRoom, Host, Keeper, Program, Rooms, ValueFault, Wait};
use switch::{
    Application, CallControl, CallId, CallUid, Cause, Command, Commands, Dial, DialOutcome, Event, Invitation,
    JoinError, Label, Left, Order, Party, Reply, RoomRefusal, Running, Target, TenantId, Wish,
};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

fn main() {
    divan::main();
}

/// Knows one user, keeps nothing.
struct Nothing;

impl Keeper for Nothing {
    fn find(&self, _: TenantId, name: &str) -> Option<Found> {
        (name == "101").then(|| Found { name: "bob".to_owned(), display_name: None, extension: Some("101".to_owned()) })
    }
    fn number(&self, _: TenantId, _: Option<switch::UserId>, _: &str) -> Option<dialplan::FoundNumber> {
        None
    }
    fn time_zone(&self, _: TenantId) -> String {
        "Europe/Berlin".to_owned()
    }
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
    fn random(&self) -> u64 {
        4
    }
    fn value<'a>(&'a self, _: TenantId, _: &'a str) -> Wait<'a, Result<Option<String>, ValueFault>> {
        Box::pin(async { Ok(None) })
    }
    fn keep<'a>(&'a self, _: TenantId, _: &'a str, _: &'a str) -> Wait<'a, Result<(), ValueFault>> {
        Box::pin(async { Ok(()) })
    }
    fn forget<'a>(&'a self, _: TenantId, _: &'a str) -> Wait<'a, Result<bool, ValueFault>> {
        Box::pin(async { Ok(false) })
    }
}

impl Rooms for Nothing {
    fn find<'a>(&'a self, _: TenantId, _: &'a str) -> Wait<'a, Option<FoundRoom>> {
        Box::pin(async { None })
    }
    fn join<'a>(&'a self, _: &'a mut CallControl, _: &'a str, _: Wish) -> Wait<'a, Result<Left, JoinError>> {
        Box::pin(async { Err(RoomRefusal::NoRoom.into()) })
    }

    fn members<'a>(&'a self, _: TenantId, _: &'a str) -> Wait<'a, Option<Vec<switch::MemberView>>> {
        Box::pin(async { None })
    }

    fn order<'a>(
        &'a self,
        _: TenantId,
        _: &'a str,
        _: switch::RoomOrder,
    ) -> Wait<'a, Result<Option<String>, dialplan::OrderFault>> {
        Box::pin(async { Err(switch::RoomRefusal::NoRoom.into()) })
    }
}

impl dialplan::Voicemail for Nothing {
    fn find(&self, _: TenantId, _: &str) -> Option<String> {
        None
    }

    fn count(&self, _: TenantId, _: &str) -> Option<switch::Waiting> {
        None
    }

    fn leave<'a>(
        &'a self,
        _: &'a mut CallControl,
        _: &'a str,
        _: switch::Reason,
    ) -> Wait<'a, Result<switch::Parted, switch::MailboxError>> {
        Box::pin(async { Err(switch::MailboxError::NoMailbox) })
    }

    fn listen<'a>(
        &'a self,
        _: &'a mut CallControl,
        _: switch::Whose,
    ) -> Wait<'a, Result<switch::Parted, switch::MailboxError>> {
        Box::pin(async { Err(switch::MailboxError::NoMailbox) })
    }

    fn find_by_name<'a>(&'a self, _: &'a mut CallControl) -> Wait<'a, Result<switch::Parted, switch::MailboxError>> {
        Box::pin(async { Err(switch::MailboxError::NoMailbox) })
    }
}

fn guest(name: &str) -> Program {
    static HOST: OnceLock<Host> = OnceLock::new();
    let host = HOST.get_or_init(|| {
        let max_calls = std::env::var("CALLS").ok().and_then(|calls| calls.parse().ok()).unwrap_or(1_000);
        Host::new(Config { max_calls, ..Config::default() }, Arc::new(Nothing), Arc::new(Nothing), Arc::new(Nothing))
            .expect("the engine starts")
    });
    let folder = std::env::var_os("STROWGER_GUESTS")
        .map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")).with_file_name("guests"), PathBuf::from);
    let file = folder.join(name).with_extension("wasm");
    let bytes =
        std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}: run `cargo xtask guests`", file.display()));
    host.load(&bytes).expect("it loads")
}

/// The exchange's end, on the same thread.
async fn serve(application: &dyn Application, callee: &str) {
    let (wanted, mut asked) = mpsc::unbounded_channel();
    let commands: Commands = Arc::new(move |_, command| drop(wanted.send(command)));
    let (events, heard) = mpsc::channel(CallControl::EVENTS);
    let call = application.run(CallControl::new(CallId::default(), invitation(callee), commands, heard));
    let exchange = async {
        while let Some(command) = asked.recv().await {
            // Every reply costs a wait, as it does in the exchange.
            tokio::task::yield_now().await;
            let reply = match command {
                Command::Dial(_) => Reply::Dialled(DialOutcome::Answered { target: "bob".to_owned() }),
                _ => Reply::Done,
            };
            let _ = events.send(Event::Reply(reply)).await;
        }
    };
    let (result, ()) = tokio::join!(call, exchange);
    result.expect("an ordinary end");
}

fn invitation(callee: &str) -> Arc<Invitation> {
    let party = |user: &str| Party { name: None, user: user.to_owned(), uri: format!("sip:{user}@example.com") };
    Arc::new(Invitation {
        uid: CallUid([7; 12]),
        tenant: TenantId(1),
        caller: party("alice"),
        user: None,
        callee: party(callee),
        headers: vec![("User-Agent".to_owned(), "bench".to_owned())],
        source: ([127, 0, 0, 1], 5060).into(),
        arrived: SystemTime::UNIX_EPOCH,
        deadline: Duration::from_secs(5),
        inbound: None,
        leads_to: None,
    })
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime")
}

fn measure(bencher: divan::Bencher<'_, '_>, application: &dyn Application, callee: &str) {
    let runtime = runtime();
    bencher.bench_local(|| runtime.block_on(serve(application, callee)));
}

fn label() -> Label {
    Label { name: "native".to_owned(), version: "0".repeat(64) }
}

/// Takes the call and leaves it.
struct TakesAndLeaves(Label);

impl Application for TakesAndLeaves {
    fn label(&self) -> &Label {
        &self.0
    }

    fn run(&self, mut call: CallControl) -> Running<'_> {
        Box::pin(async move {
            call.request(Command::Detach).await?;
            Ok(())
        })
    }
}

/// Rings, answers, waits, dials.
struct Dials(Label);

impl Application for Dials {
    fn label(&self) -> &Label {
        &self.0
    }

    fn run(&self, mut call: CallControl) -> Running<'_> {
        Box::pin(async move {
            call.request(Command::Ring).await?;
            call.request(Command::Answer).await?;
            call.request(Command::Wait(Duration::from_millis(5))).await?;
            let targets = vec![Target::User("bob".to_owned())];
            let dial = Dial {
                targets,
                order: Order::AtOnce,
                ring_time: Duration::from_secs(30),
                outside: switch::Outside::default(),
            };
            let _ = call.dial(dial).await?;
            call.request(Command::Hangup(Cause::NORMAL)).await?;
            Ok(())
        })
    }
}

const CONVERSATION: &str = "quiet;ring;answer;sleep 5;dial user:bob at-once 30000;hangup 16";

#[divan::bench]
fn no_guest_takes_and_leaves(bencher: divan::Bencher<'_, '_>) {
    measure(bencher, &TakesAndLeaves(label()), "");
}

#[divan::bench]
fn guest_takes_and_leaves(bencher: divan::Bencher<'_, '_>) {
    measure(bencher, &Dialplan::new("parrot", guest("parrot")), "");
}

#[divan::bench]
fn no_guest_waits_five_times(bencher: divan::Bencher<'_, '_>) {
    measure(bencher, &Dials(label()), CONVERSATION);
}

#[divan::bench]
fn guest_waits_five_times(bencher: divan::Bencher<'_, '_>) {
    measure(bencher, &Dialplan::new("parrot", guest("parrot")), CONVERSATION);
}

#[divan::bench]
fn hello_dials(bencher: divan::Bencher<'_, '_>) {
    measure(bencher, &Dialplan::new("hello", guest("hello")), "101");
}

#[divan::bench]
fn office_dials(bencher: divan::Bencher<'_, '_>) {
    measure(bencher, &Dialplan::new("office", guest("office")), "101");
}
