//! From bytes to something that runs: on a thread of its own, with a limit of time.

use std::sync::Arc;
use std::thread;

use tokio::sync::oneshot;
use wasmtime::component::Component as Compiled;

use crate::cache::Found;
use crate::clock;
use crate::component::{Component, Exports, Inner, LoadReport, LoadSource};
use crate::load::{Digest, LoadError, work, world};
use crate::sandbox::{Shared, Slot};
use crate::turns::Lane;

/// Stack of a thread that loads: validating and compiling recurse over a component that may nest deeply.
const STACK: usize = 16 << 20;

/// Do something that takes long away from the workers. A plain thread, not one of the runtime's: a runtime waits for
/// its own threads when it ends, and a compilation cannot be stopped.
pub(crate) async fn on_thread<T: Send + 'static>(
    body: impl FnOnce() -> T + Send + 'static,
) -> Result<T, LoadError> {
    let (send, receive) = oneshot::channel();
    thread::Builder::new()
        .name("hookbox-load".to_owned())
        .stack_size(STACK)
        .spawn(move || {
            // Nobody waits any more when the load was given up.
            let _ = send.send(body());
        })
        .map_err(|error| LoadError::Host(format!("no thread can be started: {error}")))?;
    receive
        .await
        .map_err(|_| LoadError::Host("the thread that loads has died".to_owned()))
}

/// Check, compile (or find compiled) and prepare.
pub(crate) async fn prepare(
    shared: &Arc<Shared>,
    lane: &Lane,
    bytes: Arc<Vec<u8>>,
    digest: Digest,
    slot: Arc<Slot>,
) -> Result<Component, LoadError> {
    let turn = shared.compilations.take(lane).await;
    let allowed = shared.settings.compile_time;
    let work = {
        let shared = Arc::clone(shared);
        on_thread(move || {
            // Held until the work really ends, not until the load gives up.
            let _turn = turn;
            prepare_now(&shared, &bytes, digest, slot)
        })
    };
    match tokio::time::timeout(allowed, work).await {
        Ok(answer) => answer?,
        Err(_) => Err(LoadError::CompileTime { allowed }),
    }
}

fn prepare_now(
    shared: &Arc<Shared>,
    bytes: &[u8],
    digest: Digest,
    slot: Arc<Slot>,
) -> Result<Component, LoadError> {
    let started = clock::now();
    let world = world::check(bytes, &shared.settings)?;
    let mut warnings = Vec::new();
    let found = match &shared.cache {
        Some(cache) => cache.find(&shared.engine, &digest),
        None => Found::Nothing,
    };
    let (compiled, source) = match found {
        Found::Compiled(compiled) => (*compiled, LoadSource::Cache),
        Found::Nothing => (
            compile(shared, bytes, &digest, &mut warnings)?,
            LoadSource::Compiled,
        ),
        Found::Useless(why) => {
            warnings.push(why);
            (
                compile(shared, bytes, &digest, &mut warnings)?,
                LoadSource::Compiled,
            )
        }
    };
    let pre = shared
        .linker
        .instantiate_pre(&compiled)
        .map_err(|error| LoadError::MissingImport(chain(&error)))?;
    let exports =
        Exports::find(pre, &world).map_err(|error| LoadError::WrongWorld(chain(&error)))?;
    let report = LoadReport {
        source,
        time: started.elapsed(),
        warnings,
    };
    let inner = Inner::new(
        Arc::clone(shared),
        digest,
        bytes.len(),
        world,
        exports,
        slot,
    );
    Ok(Component::new(inner, report))
}

fn compile(
    shared: &Shared,
    bytes: &[u8],
    digest: &Digest,
    warnings: &mut Vec<String>,
) -> Result<Compiled, LoadError> {
    work::check(bytes, &shared.settings)?;
    let compiled =
        Compiled::new(&shared.engine, bytes).map_err(|error| LoadError::Invalid(chain(&error)))?;
    if let Some(cache) = &shared.cache {
        let stored = match compiled.serialize() {
            Ok(image) => cache
                .store(digest, &image)
                .map_err(|error| error.to_string()),
            Err(error) => Err(chain(&error)),
        };
        match stored {
            // What lies in a file takes no memory of ours but what is used of it. And what was written badly is seen
            // now and not at the next start.
            Ok(()) => match cache.find(&shared.engine, digest) {
                Found::Compiled(mapped) => return Ok(*mapped),
                Found::Nothing => {}
                Found::Useless(why) => warnings.push(why),
            },
            Err(error) => warnings.push(format!("the compiled component was not cached: {error}")),
        }
    }
    Ok(compiled)
}

fn chain(error: &wasmtime::Error) -> String {
    format!("{error:#}")
}
