//! The sandbox: wasmtime with every source of non-determinism off and every resource bounded.
//!
//! Chosen: fuel rather than epochs, because "ran out" must be the same verdict on every machine; the pooling allocator
//! with copy-on-write memories, because an instance lives for one episode and thousands of them come and go; no WASI,
//! because whatever is not imported cannot leak time or entropy into a result.

mod bare;
mod cache;
mod copy;
mod host;
mod instance;
mod limits;
mod lower;
mod meter;
mod trusted;
mod unwrap;

use std::path::PathBuf;
use std::sync::Arc;

use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, Module, PoolingAllocationConfig};

pub(crate) use bare::{Bare, Image, Slots};
pub(crate) use host::HostState;
pub use host::{LogLevel, LogLine, Logs};
pub(crate) use instance::{Service, ToolReply, World, shorten};
pub use limits::SandboxLimits;
pub(crate) use unwrap::{Unwrapped, unwrap};

use crate::abi;

/// Address space reserved for each linear memory: with all 32-bit addresses inside it, loads and stores need no bounds
/// check of their own.
const RESERVATION: u64 = 4 << 30;

/// The engine that all environments of a process share. Cheap to clone.
#[derive(Clone)]
pub struct Sandbox(Arc<Shared>);

struct Shared {
    engine: Engine,
    linker: Linker<HostState>,
    /// In an engine for modules that count their fuel themselves.
    bare_linker: wasmtime::Linker<HostState>,
    limits: SandboxLimits,
    cache: Option<PathBuf>,
}

/// Why a sandbox could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    #[error("sandbox.{key}: {value} is {problem}\nhint: {fix}")]
    Limit { key: &'static str, value: u64, problem: &'static str, fix: String },
    #[error(
        "the sandbox could not reserve memory for {instances} live instances: {reason}\n\
         hint: lower sandbox.live_instances, or raise the limit on address space (ulimit -v)"
    )]
    Engine { instances: u32, reason: String },
}

impl Sandbox {
    /// A sandbox whose compiled code is cached in the user's cache folder (`COEVO_CACHE`, else the platform's).
    ///
    /// # Errors
    /// Limits that contradict each other, or an operating system that refuses the reservation.
    pub fn new(limits: SandboxLimits) -> Result<Self, SandboxError> {
        let set = std::env::var_os("COEVO_CACHE").filter(|value| !value.is_empty()).map(PathBuf::from);
        let folder = set.or_else(|| user_cache().map(|cache| cache.join("coevo")));
        Self::with_cache(limits, folder.map(|folder| folder.join("components")))
    }

    /// A sandbox that caches compiled code in `cache`, or nowhere.
    ///
    /// # Errors
    /// As [`Sandbox::new`].
    pub fn with_cache(limits: SandboxLimits, cache: Option<PathBuf>) -> Result<Self, SandboxError> {
        limits.check()?;
        let made =
            |fuel: bool| engine(&limits, fuel, RESERVATION).or_else(|_| engine(&limits, fuel, largest_memory(&limits)));
        let refused = |error: wasmtime::Error| SandboxError::Engine {
            instances: limits.live_instances,
            reason: format!("{error:#}"),
        };
        // Episodes' first: both may not find room for so many reservations.
        let bare_engine = made(false).map_err(refused)?;
        let engine = made(true).map_err(refused)?;
        let mut linker = Linker::new(&engine);
        abi::Environment::add_to_linker::<_, HasSelf<_>>(&mut linker, |state: &mut HostState| state)
            .map_err(refused)?;
        let bare_linker = bare::linker(&bare_engine).map_err(refused)?;
        Ok(Self(Arc::new(Shared { engine, linker, bare_linker, limits, cache })))
    }

    pub fn limits(&self) -> &SandboxLimits {
        &self.0.limits
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    pub(crate) fn linker(&self) -> &Linker<HostState> {
        &self.0.linker
    }

    /// Compiles a component, or takes its code from the cache.
    pub(crate) fn compile(&self, wasm: &[u8]) -> wasmtime::Result<Component> {
        cache::compile(&self.0.engine, self.0.cache.as_deref(), wasm)
    }

    /// Meters and compiles the module of a component: once, and loaded for every kind of slots.
    pub(crate) fn bare(&self, module: &Unwrapped) -> Option<[Arc<Bare>; Slots::KINDS]> {
        let Shared { bare_linker, cache, .. } = &*self.0;
        let engine = bare_linker.engine();
        let first: Module = cache::compile(engine, cache.as_deref(), &module.metered()?).ok()?;
        let [second, third] = cache::copies(engine, &first).ok()?;
        let bare = |compiled: &Module| Bare::new(bare_linker, compiled, module.globals()).map(Arc::new);
        Some([bare(&first)?, bare(&second)?, bare(&third)?])
    }
}

/// What a memory slot must be able to hold. Each instance has a limit of its own.
fn largest_memory(limits: &SandboxLimits) -> u64 {
    limits.memory_bytes.max(limits.most_memory_bytes)
}

fn engine(limits: &SandboxLimits, fuel: bool, reservation: u64) -> wasmtime::Result<Engine> {
    let instances = limits.live_instances;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(16).max(limits::CORE_INSTANCES))
        .max_core_instances_per_component(limits::CORE_INSTANCES)
        .total_memories(instances)
        .max_memories_per_component(limits::MEMORIES)
        .total_tables(instances.saturating_mul(limits::TABLES))
        .max_tables_per_component(limits::TABLES)
        .table_elements(limits.table_elements as usize)
        .max_memory_size(largest_memory(limits) as usize)
        .max_component_instance_size(1 << 20)
        .max_core_instance_size(1 << 20)
        .max_unused_warm_slots(limits.warm_instances)
        .linear_memory_keep_resident(limits.resident_bytes as usize)
        .table_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .memory_init_cow(true)
        .memory_reservation(reservation)
        .max_wasm_stack(limits.stack_bytes as usize)
        .consume_fuel(fuel)
        .cranelift_nan_canonicalization(true)
        .wasm_component_model(true)
        .concurrency_support(false)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        // What wasmtime puts between two components inside of one needs it: without, it panics on such a component.
        .wasm_multi_memory(true)
        .wasm_backtrace_max_frames(None);
    Engine::new(&config)
}

/// The user's cache folder: `XDG_CACHE_HOME`, else `~/.cache`.
pub(crate) fn user_cache() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("XDG_CACHE_HOME").or_else(|| Some(set("HOME").or_else(|| set("LOCALAPPDATA"))?.join(".cache")))
}
