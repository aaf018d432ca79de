//! The wasmtime engine: how guests are compiled, where their instances live, and the clock that interrupts them.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::parts::Parts;
use crate::sandbox::{SandboxError, Settings};
use crate::ticker::Ticker;

/// Between two ticks of the epoch: how long a guest can hold a worker before others get a turn, and how finely CPU
/// time is enforced. A little under the 10 ms promised, since a sleeping thread wakes late.
pub(crate) const TICK: Duration = Duration::from_millis(8);

/// Native stack of a guest, in bytes. Interpreters recurse deeply.
pub(crate) const STACK: usize = 1 << 20;

/// Native stack of a run: the guest's and, on top of it, the host functions that it calls.
const RUN_STACK: usize = STACK + (1 << 20);

/// Core instances, and tables, of one component; the largest interpreters need some forty.
const CORE_INSTANCES: u32 = 64;

/// Linear memories of one component.
const MEMORIES: u32 = 4;

/// Bytes of a table that stay with its slot, overwritten with zeros, for the next run.
const TABLE_KEPT: usize = 4 << 10;

/// Elements of one table.
pub(crate) const TABLE_ELEMENTS: u64 = 100_000;

/// Frames shown of a trap.
pub(crate) const FRAMES: NonZeroUsize = NonZeroUsize::new(20).unwrap();

/// Make the engine, and start the thread that ticks while guests run.
pub(crate) fn new(settings: &Settings) -> Result<(Engine, Ticker), SandboxError> {
    let failed = |error: wasmtime::Error| SandboxError::Engine(format!("{error:#}"));
    let mut config = config(settings);
    if settings.compiled_parts > 0 {
        let parts = Arc::new(Parts::new(settings.compiled_parts));
        config
            .enable_incremental_compilation(parts)
            .map_err(failed)?;
    }
    let engine = Engine::new(&config).map_err(failed)?;
    let weak = engine.weak();
    let tick = move || {
        if let Some(engine) = weak.upgrade() {
            engine.increment_epoch();
        }
    };
    let ticker = Ticker::start(TICK, tick).map_err(SandboxError::Thread)?;
    Ok((engine, ticker))
}

fn config(settings: &Settings) -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .wasm_backtrace_max_frames(Some(FRAMES))
        .memory_init_cow(true)
        .parallel_compilation(true)
        // Guests are synchronous; without this each call is 15 to 20 % cheaper.
        .concurrency_support(false)
        .max_wasm_stack(STACK)
        .async_stack_size(RUN_STACK)
        // Shared memories would escape the limiter, 64-bit ones its arithmetic; components have no use for either.
        .shared_memory(false)
        .wasm_memory64(false)
        // A replayed run gives the same answer on another machine.
        .relaxed_simd_deterministic(true)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(settings)));
    config
}

/// Room for every run that is allowed at once, for `spare_instances` and for those that are kept, so that an instance is never refused: runs
/// wait for their turn instead. What is reserved here is address space, not memory.
fn pool(settings: &Settings) -> PoolingAllocationConfig {
    let slots = settings
        .max_concurrent_runs
        .max(1)
        .saturating_add(settings.spare_instances)
        .saturating_add(settings.warm_instances);
    let memories = slots.saturating_mul(MEMORIES);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots)
        .total_stacks(slots)
        .total_core_instances(slots.saturating_mul(CORE_INSTANCES))
        .total_memories(memories)
        .total_tables(slots.saturating_mul(CORE_INSTANCES))
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(CORE_INSTANCES)
        .max_tables_per_module(8)
        .max_memories_per_module(MEMORIES)
        .max_memory_size(usize::try_from(settings.max_memory_per_run).unwrap_or(usize::MAX))
        .table_elements(usize::try_from(TABLE_ELEMENTS).unwrap_or(usize::MAX))
        .max_core_instance_size(4 << 20)
        .max_component_instance_size(4 << 20)
        // Keeping a memory's first pages helps tiny guests and slows ordinary ones. `pagemap_scan`, by which only pages
        // that were written to are made anew, is not for us: it looks at pages that are present, so what the kernel has
        // swapped out, or moves just then, would be left for the next run to read.
        .linear_memory_keep_resident(0)
        // A table is a page, as a rule: to overwrite it is cheaper than to give it back and have it faulted in again.
        .table_keep_resident(TABLE_KEPT)
        // So that a slot need not be mapped anew where many components run in turn. What it keeps is address space.
        .max_unused_warm_slots(memories);
    pool
}
