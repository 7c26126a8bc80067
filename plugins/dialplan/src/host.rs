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
use crate::rooms::Rooms;
use crate::ticker::Ticker;
use crate::turns::Turns;
use crate::voicemail::Voicemail;
use crate::{module, words};

/// Memory mappings that one suspended call costs (measured), and those that the rest of the process wants.
const MAPPINGS_A_CALL: u32 = 6;
const MAPPINGS_ELSE: u32 = 5_000;

/// How many bytes a guest may pass in one request. Many texts of a list may be one and the same memory of the guest, but
/// each is copied: without this limit a small guest could fill the host.
const MAX_PASSED: usize = 1 << 20;

/// The engine and what all guests share.
pub struct Host {
    engine: Engine,
    linker: Linker<Guest>,
    artefacts: Artefacts,
    max_calls: u32,
    shared: Arc<Shared>,
}

/// What every guest knows of its host.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) keeper: Arc<dyn Keeper>,
    pub(crate) rooms: Arc<dyn Rooms>,
    pub(crate) voicemail: Arc<dyn Voicemail>,
    pub(crate) ticker: Ticker,
    pub(crate) turns: Turns,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("config", &self.shared.config).finish_non_exhaustive()
    }
}

/// A dialplan that is loaded: compiled, its imports joined. Cheap to clone; a running call keeps the one it began with.
#[derive(Clone)]
pub struct Program {
    pre: DialplanPre<Guest>,
    hash: Arc<str>,
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Program({})", self.hash)
    }
}

impl Host {
    /// Starts the engine and its clock.
    pub fn new(
        config: Config,
        keeper: Arc<dyn Keeper>,
        rooms: Arc<dyn Rooms>,
        voicemail: Arc<dyn Voicemail>,
    ) -> Result<Self, Error> {
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
        keep_warm(&mut pool);
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
        let ticker =
            Ticker::start(&engine, config.tick).map_err(|error| Error::Engine(format!("its clock: {error}")))?;
        tracing::info!(calls, "so many calls may be held by dialplans at once");
        let artefacts = Artefacts(config.artefacts.clone());
        let shared = Arc::new(Shared { config, keeper, rooms, voicemail, ticker, turns: Turns::default() });
        Ok(Self { engine, linker, artefacts, max_calls: calls, shared })
    }

    /// How many calls dialplans may hold at once: the setting, or what the system's memory mappings allow. The callers of
    /// further calls are served by the fallback.
    #[must_use]
    pub fn max_calls(&self) -> u32 {
        self.max_calls
    }

    /// Loads a component, or a core module that becomes one: from disk where it was compiled before. Compiling takes
    /// long: not for a thread that serves calls.
    pub fn load(&self, bytes: &[u8]) -> Result<Program, Error> {
        if bytes.len() > self.shared.config.max_component {
            return Err(Error::TooLarge { size: bytes.len(), limit: self.shared.config.max_component });
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
        let wrong_world = |error: wasmtime::Error| Error::WrongWorld(words::in_one_line(&format!("{error:#}")));
        let pre = self.linker.instantiate_pre(&component).map_err(wrong_world)?;
        let pre = DialplanPre::new(pre).map_err(wrong_world)?;
        Ok(Program { pre, hash: hash.into(), shared: self.shared.clone() })
    }

    fn compile(&self, bytes: &[u8]) -> Result<Component, Error> {
        let not_one = |error: wasmtime::Error| Error::NotADialplan(words::in_one_line(&format!("{error:#}")));
        // The eight bytes of a core module: magic and version 1 (WebAssembly core specification §5.5.16).
        if bytes.starts_with(b"\0asm\x01\0\0\0") {
            wasmtime::Module::validate(&self.engine, bytes).map_err(not_one)?;
            let encoded = module::component_of(bytes).map_err(Error::NotADialplan)?;
            return Component::from_binary(&self.engine, &encoded).map_err(not_one);
        }
        Component::from_binary(&self.engine, bytes).map_err(not_one)
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
        let _ticking = self.shared.ticker.hold();
        let guest = Guest::new(control, self.shared.clone());
        let mut store = Store::new(self.pre.engine(), guest);
        store.limiter(|guest| guest);
        store.set_hostcall_fuel(MAX_PASSED);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut store| store.data_mut().tick());
        let result = self.serve(&mut store).await;
        let mut guest = store.into_data();
        guest.pause();
        (guest, result)
    }

    async fn serve(&self, store: &mut Store<Guest>) -> Result<Result<(), String>, Error> {
        let broken = |error: wasmtime::Error| Error::Broken(why(&error));
        let world = self.pre.instantiate_async(&mut *store).await.map_err(broken)?;
        let call = wasmtime::component::Resource::<Held>::new_own(1);
        world.call_handle(&mut *store, call).await.map_err(broken)
    }
}

/// The root cause says most; the guest's stack is for its author, in the log.
fn why(error: &wasmtime::Error) -> String {
    tracing::debug!("the guest's trap: {error:?}");
    words::in_one_line(&error.root_cause().to_string())
}

/// The name of a version.
fn hash_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What a guest has written to is wiped and kept for the next one rather than given back to the kernel and faulted in
/// anew: 10 µs a call. It takes a kernel that tells which pages were written (Linux 6.7); without, wiping all of it costs
/// more than it saves.
fn keep_warm(pool: &mut PoolingAllocationConfig) {
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        pool.pagemap_scan(wasmtime::Enabled::Yes)
            .linear_memory_keep_resident(128 << 10)
            .async_stack_keep_resident(32 << 10)
            .table_keep_resident(16 << 10);
    }
}

/// The kernel limits how many mappings a process may have (`vm.max_map_count`): past it a call would fail.
fn calls_by_mappings() -> u32 {
    let limit = std::fs::read_to_string("/proc/sys/vm/max_map_count")
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(65_530_u32);
    (limit.saturating_sub(MAPPINGS_ELSE) / MAPPINGS_A_CALL).clamp(50, 20_000)
}
