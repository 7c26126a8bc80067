//! The engine, and the programs that it has loaded.

use std::fmt::Write;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use switch::CallControl;
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};

use crate::artefacts::Artefacts;
use crate::bindings::{Dialplan as World, DialplanPre};
use crate::config::Config;
use crate::error::Error;
use crate::guest::{Guest, Held};
use crate::keeper::Keeper;

/// Memory mappings that one suspended call costs (measured), and those that the rest of the process wants.
const MAPPINGS_A_CALL: u32 = 7;
const MAPPINGS_ELSE: u32 = 5_000;

/// The engine and what all guests share.
pub struct Host {
    engine: Engine,
    linker: Linker<Guest>,
    artefacts: Artefacts,
    config: Arc<Config>,
    keeper: Arc<dyn Keeper>,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("config", &self.config).finish_non_exhaustive()
    }
}

/// A dialplan that is loaded: compiled, its imports joined. Cheap to clone; a running call keeps the one it began with.
#[derive(Clone)]
pub struct Program {
    pre: DialplanPre<Guest>,
    hash: Arc<str>,
    config: Arc<Config>,
    keeper: Arc<dyn Keeper>,
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Program({})", self.hash)
    }
}

impl Host {
    /// Starts the engine and its clock.
    pub fn new(config: Config, keeper: Arc<dyn Keeper>) -> Result<Self, Error> {
        let engine_error = |error: wasmtime::Error| Error::Engine(format!("{error:#}"));
        let calls = if config.max_calls == 0 { calls_by_mappings() } else { config.max_calls };
        let mut pool = PoolingAllocationConfig::default();
        pool.total_component_instances(calls)
            .total_core_instances(calls.saturating_mul(4))
            .total_memories(calls)
            .total_tables(calls.saturating_mul(4))
            .total_stacks(calls)
            .max_core_instances_per_component(40)
            .max_memories_per_component(1)
            .max_tables_per_component(40)
            .max_memory_size(config.max_memory);
        let mut settings = wasmtime::Config::new();
        settings
            .wasm_component_model(true)
            .epoch_interruption(true)
            .concurrency_support(false)
            .max_wasm_stack(256 << 10)
            .async_stack_size(512 << 10)
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        let engine = Engine::new(&settings).map_err(engine_error)?;
        let mut linker = Linker::new(&engine);
        World::add_to_linker::<_, wasmtime::component::HasSelf<Guest>>(&mut linker, |guest| guest)
            .map_err(engine_error)?;
        tracing::debug!(calls, "the dialplan host is ready");
        start_clock(&engine, config.tick);
        Ok(Self { engine, linker, artefacts: Artefacts(config.artefacts.clone()), config: Arc::new(config), keeper })
    }

    /// Loads a component, or a core module that becomes one: from disk where it was compiled before. Compiling takes
    /// long: not for a thread that serves calls.
    pub fn load(&self, bytes: &[u8]) -> Result<Program, Error> {
        if bytes.len() > self.config.max_component {
            return Err(Error::TooLarge { size: bytes.len(), limit: self.config.max_component });
        }
        let hash = hash_of(bytes);
        let component = match self.artefacts.load(&self.engine, &hash) {
            Some(component) => component,
            None => {
                let component = self.compile(bytes)?;
                self.artefacts.keep(&self.engine, &hash, &component);
                component
            }
        };
        let wrong_world = |error: wasmtime::Error| Error::WrongWorld(format!("{error:#}"));
        let pre = self.linker.instantiate_pre(&component).map_err(wrong_world)?;
        let pre = DialplanPre::new(pre).map_err(wrong_world)?;
        Ok(Program { pre, hash: hash.into(), config: self.config.clone(), keeper: self.keeper.clone() })
    }

    fn compile(&self, bytes: &[u8]) -> Result<Component, Error> {
        let not_one = |error: String| Error::NotADialplan(error);
        // The eight bytes of a core module: magic and version 1 (WebAssembly core specification §5.5.16).
        if bytes.starts_with(b"\0asm\x01\0\0\0") {
            let encoded = wit_component::ComponentEncoder::default()
                .validate(true)
                .module(bytes)
                .and_then(wit_component::ComponentEncoder::encode)
                .map_err(|error| not_one(format!("{error:#}")))?;
            return Component::from_binary(&self.engine, &encoded).map_err(|error| not_one(format!("{error:#}")));
        }
        Component::from_binary(&self.engine, bytes).map_err(|error| not_one(format!("{error:#}")))
    }
}

impl Program {
    /// SHA-256 of what was loaded, lower-case hex: the name of this version.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Runs a fresh instance for one call. Gives the guest's state back, with how it ended.
    pub(crate) async fn run(&self, control: CallControl) -> (Guest, Result<Result<(), String>, Error>) {
        let guest = Guest::new(control, self.keeper.clone(), self.config.clone());
        let mut store = Store::new(self.pre.engine(), guest);
        store.limiter(|guest| guest);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut store| store.data_mut().tick());
        let result = self.serve(&mut store).await;
        (store.into_data(), result)
    }

    async fn serve(&self, store: &mut Store<Guest>) -> Result<Result<(), String>, Error> {
        let broken = |error: wasmtime::Error| Error::Broken(in_one_line(&error));
        let world = self.pre.instantiate_async(&mut *store).await.map_err(broken)?;
        let call = wasmtime::component::Resource::<Held>::new_own(1);
        world.call_handle(&mut *store, call).await.map_err(broken)
    }
}

/// The root cause says most; the guest's stack is for its author, in the log.
fn in_one_line(error: &wasmtime::Error) -> String {
    tracing::debug!("the guest's trap: {error:?}");
    error.root_cause().to_string().replace('\n', " ")
}

/// The name of a version.
fn hash_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The kernel limits how many mappings a process may have (`vm.max_map_count`): past it a call would fail.
fn calls_by_mappings() -> u32 {
    let limit = std::fs::read_to_string("/proc/sys/vm/max_map_count")
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(65_530_u32);
    (limit.saturating_sub(MAPPINGS_ELSE) / MAPPINGS_A_CALL).clamp(50, 20_000)
}

/// Ticks as long as the engine lives.
fn start_clock(engine: &Engine, tick: std::time::Duration) {
    let engine = engine.weak();
    let clock = std::thread::Builder::new().name("dialplan-clock".to_owned()).spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(tick);
        }
    });
    if let Err(error) = clock {
        tracing::error!(%error, "no clock for dialplans: a guest that loops will not be stopped");
    }
}
