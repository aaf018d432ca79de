//! The sandbox: one engine, one linker, one cache, for all components of a process.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker};

use crate::bindings::Hook;
use crate::cache::Cache;
use crate::component::{Component, Inner};
use crate::load::{self, Digest, LoadError};
use crate::state::State;
use crate::ticker::{Ticker, Ticking};
use crate::turns::{Lane, Turns};
use crate::warm::Keeper;
use crate::{compile, engine};

/// What a sandbox may use, for all its runs together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where compiled components are kept; none compiles them anew in every process. The folder is made when it is
    /// missing. What cannot be read or written there never fails a load: it is a warning in the load's report.
    pub cache_dir: Option<PathBuf>,
    /// Bytes that the cache may take; the oldest entries go first. 2 GiB.
    pub cache_size: u64,
    /// Bytes of a component file. 64 MiB.
    pub max_component_size: u64,
    /// Functions of a component. 250,000.
    pub max_functions: u64,
    /// Bytes of one function of a component; compilers need more than linear time for long ones. 2 MiB.
    pub max_function_size: u64,
    /// Locals of one function of a component, times its blocks; compilers may need time and memory for each such pair,
    /// so that a file of some kilobytes could take gigabytes. 16,000,000.
    pub max_function_work: u64,
    /// Time to compile a component. 300 s. A compilation cannot be stopped: when its time is over the load fails, and
    /// the thread runs out by itself. At most as many compile at once as there are processors.
    pub compile_time: Duration,
    /// Runs at once; others wait for their turn, which comes to one lane after the other ([`Lane`]). 64.
    pub max_concurrent_runs: u32,
    /// Bytes of memory of a run, above every budget. 512 MiB.
    pub max_memory_per_run: u64,
    /// Instances for which the engine has room besides those of runs, for whoever uses [`Sandbox::engine`] for guests
    /// of its own. 16.
    pub spare_instances: u32,
    /// Instances that are kept at once between runs ([`crate::Warm`]), for all hooks together, shared by their
    /// [groups](crate::Warm::of). Each has at most [`crate::WARM_MEMORY`]. None: every run is in a fresh one. 8.
    pub warm_instances: u32,
    /// Bytes of memory for compiled functions, so that a component that was changed is compiled faster in the same process:
    /// only its functions that changed are. 0: none are held.
    pub compiled_parts: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cache_dir: None,
            cache_size: 2 << 30,
            max_component_size: 64 << 20,
            max_functions: 250_000,
            max_function_size: 2 << 20,
            max_function_work: 16_000_000,
            compile_time: Duration::from_secs(300),
            max_concurrent_runs: 64,
            max_memory_per_run: 512 << 20,
            spare_instances: 16,
            warm_instances: 8,
            compiled_parts: 0,
        }
    }
}

/// Why there is no sandbox.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The engine refused its configuration: mostly not enough address space.
    #[error("the WebAssembly engine cannot start: {0}")]
    Engine(String),
    /// The thread that limits CPU time cannot be started.
    #[error("the thread that limits CPU time cannot start")]
    Thread(#[source] io::Error),
}

impl SandboxError {
    /// A stable word for the kind of error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Engine(_) => "engine",
            Self::Thread(_) => "thread",
        }
    }
}

/// Where components are loaded and run. Cheap to clone; clones are the same sandbox.
#[derive(Clone)]
pub struct Sandbox {
    pub(crate) shared: Arc<Shared>,
}

/// What all components of a sandbox share.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) engine: Engine,
    pub(crate) ticker: Ticker,
    pub(crate) linker: Linker<State>,
    pub(crate) cache: Option<Cache>,
    /// Turns of runs.
    pub(crate) runs: Turns,
    /// Turns on the processors, for runs of tenants: one that computes for long yields to those of other tenants.
    pub(crate) workers: Turns,
    /// Turns of compilations.
    pub(crate) compilations: Turns,
    /// Instances between runs.
    pub(crate) keeper: Keeper,
    /// Components that are loaded or being loaded, so that each is compiled and held once.
    loaded: Mutex<HashMap<Digest, Weak<Slot>>>,
}

/// The place of one component. Whoever holds the lock loads it; the others find it loaded.
pub(crate) type Slot = tokio::sync::Mutex<Weak<Inner>>;

impl Sandbox {
    /// Make a sandbox. It reserves address space for its runs, and starts the thread that limits their CPU time;
    /// while nothing runs, that rests.
    ///
    /// # Errors
    /// When the engine cannot start.
    pub fn new(settings: Settings) -> Result<Self, SandboxError> {
        let (engine, ticker) = engine::new(&settings)?;
        let linker = linker(&engine).map_err(|error| SandboxError::Engine(format!("{error:#}")))?;
        let cache = settings
            .cache_dir
            .clone()
            .map(|dir| Cache::new(dir, settings.cache_size, &engine));
        let workers = std::thread::available_parallelism().map_or(2, |count| count.get().max(2));
        let runs = usize::try_from(settings.max_concurrent_runs.max(1)).unwrap_or(usize::MAX);
        Ok(Self {
            shared: Arc::new(Shared {
                engine,
                ticker,
                linker,
                cache,
                runs: Turns::new(runs, runs - runs / 4),
                workers: Turns::new(workers, workers),
                compilations: Turns::new(workers, workers / 2),
                keeper: Keeper::new(settings.warm_instances),
                loaded: Mutex::default(),
                settings,
            }),
        })
    }

    /// The engine, for guests that are not hooks. There is room for [`Settings::spare_instances`] instances.
    ///
    /// Its epoch advances only while a run is under way or somebody holds a [`Sandbox::ticking`]: without, a guest that
    /// does not end is never interrupted. A store without a deadline is interrupted at once, so set one.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.shared.engine
    }

    /// Let the engine's epoch advance, at least every 10 ms, until what comes back is dropped. Hold it from before the
    /// first call into a guest of your own until after the last. Components of this sandbox do so by themselves.
    pub fn ticking(&self) -> Ticking {
        self.shared.ticker.ticking()
    }

    /// What it was made with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// Load a component: check it, compile it or find it compiled, and prepare it for runs. A component that is loaded
    /// already is shared.
    ///
    /// # Errors
    /// See [`LoadError`]; every one of them is the component's fault but [`LoadError::Host`].
    pub async fn load(&self, bytes: Vec<u8>) -> Result<Component, LoadError> {
        self.load_in(&Lane::default(), bytes).await
    }

    /// As [`Sandbox::load`], for a tenant, in whose lane the component is compiled and runs: lanes have their turns one
    /// after the other, and one that is not the operator's own has at most half of all compilations and three quarters of
    /// all runs at a time.
    ///
    /// # Errors
    /// As [`Sandbox::load`].
    pub async fn load_in(&self, lane: &Lane, bytes: Vec<u8>) -> Result<Component, LoadError> {
        let shared = Arc::clone(&self.shared);
        load::first_look(&bytes, &shared.settings)?;
        let bytes = Arc::new(bytes);
        let digest = {
            let bytes = Arc::clone(&bytes);
            compile::on_thread(move || load::digest(&bytes)).await?
        };
        let slot = shared.slot(digest);
        let mut loaded = slot.lock().await;
        if let Some(inner) = loaded.upgrade() {
            return Ok(Component::again(inner).in_lane(lane));
        }
        let component = compile::prepare(&shared, lane, bytes, digest, Arc::clone(&slot)).await?;
        *loaded = component.downgrade();
        Ok(component.in_lane(lane))
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox")
            .field("settings", &self.shared.settings)
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn slot(&self, digest: Digest) -> Arc<Slot> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = loaded.get(&digest).and_then(Weak::upgrade) {
            return slot;
        }
        loaded.retain(|_, slot| slot.strong_count() > 0);
        let slot = Arc::new(Slot::default());
        loaded.insert(digest, Arc::downgrade(&slot));
        slot
    }
}

fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    Hook::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    Ok(linker)
}
