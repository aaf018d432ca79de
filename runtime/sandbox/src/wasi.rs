//! A WASI 0.2 that is empty but for what was granted: no files, no network, no environment, no arguments, nothing on
//! standard input. The monotonic clock tells milliseconds and no less; the wall clock stands still at the second in which
//! the run began, unless it was granted; random numbers are real; standard output and standard error go to the run's log.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};
use wasmtime_wasi::{
    FsPerms, HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView,
    async_trait,
};

use crate::clock;
use crate::log::{Log, Stream};
use crate::state::State;

/// What both clocks tell: fine enough for any hook, too coarse to measure the host with.
const RESOLUTION: Duration = Duration::from_millis(1);

/// Most random bytes of one call.
const RANDOM: u64 = 1 << 20;

/// Bytes that a guest may write to a stream at once.
const WRITE: usize = 64 << 10;

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        // Every function of WASI comes by here first.
        self.host_calls = self.host_calls.saturating_add(1);
        let wasi = match self.wasi.take() {
            Some(wasi) => wasi,
            None => self.wasi_builder().build(),
        };
        let ctx = self.wasi.insert(wasi);
        WasiCtxView {
            ctx,
            table: &mut self.table,
        }
    }
}

impl State {
    /// Open the folders that were granted. The error names the one that cannot be.
    pub(crate) fn open_files(&mut self) -> Result<(), String> {
        let grants = Arc::clone(&self.input.grants);
        let files = &grants.capabilities().files;
        if files.is_empty() {
            return Ok(());
        }
        let mut builder = self.wasi_builder();
        for folder in files {
            let (path, mount) = (&folder.path, folder.mount());
            builder
                .preopened_dir(path, mount, FsPerms::ReadOnly)
                .map_err(|error| {
                    format!("the folder {path} that was granted cannot be opened: {error:#}")
                })?;
        }
        self.wasi = Some(builder.build());
        Ok(())
    }

    /// WASI with what was granted, but for folders.
    fn wasi_builder(&mut self) -> WasiCtxBuilder {
        let present = self
            .present
            .insert(Arc::new(Present::new(&self.log, self.began)));
        let mut builder = builder(present);
        let capabilities = self.input.grants.capabilities();
        for entry in &capabilities.environment {
            builder.env(&entry.name, entry.value.as_deref().unwrap_or_default());
        }
        match capabilities.wall_clock {
            true => builder.wall_clock(WallClock),
            false => builder.wall_clock(StillClock(Arc::clone(present))),
        };
        builder
    }
}

/// What the WASI of an instance shows of the run that is going on: what a guest opened in an earlier run goes on working,
/// and what it writes belongs to this one.
pub(crate) struct Present {
    log: Mutex<Arc<Mutex<Log>>>,
    /// The second in which the run began.
    began: AtomicU64,
}

impl Present {
    fn new(log: &Arc<Mutex<Log>>, began: Duration) -> Self {
        Self {
            log: Mutex::new(Arc::clone(log)),
            began: AtomicU64::new(began.as_secs()),
        }
    }

    /// Another run goes on now, or none.
    pub(crate) fn set(&self, log: &Arc<Mutex<Log>>, began: Duration) {
        *self.log.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(log);
        self.began.store(began.as_secs(), Ordering::Relaxed);
    }

    fn write(&self, stream: Stream, bytes: &[u8]) {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write(stream, bytes);
    }
}

fn builder(present: &Arc<Present>) -> WasiCtxBuilder {
    let mut builder = WasiCtx::builder();
    builder
        .stdout(Output {
            present: Arc::clone(present),
            stream: Stream::Out,
        })
        .stderr(Output {
            present: Arc::clone(present),
            stream: Stream::Err,
        })
        .monotonic_clock(MonotonicClock {
            start: clock::now(),
        })
        .max_random_size(RANDOM)
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false);
    builder
}

struct WallClock;

impl HostWallClock for WallClock {
    fn resolution(&self) -> Duration {
        RESOLUTION
    }

    fn now(&self) -> Duration {
        Duration::from_millis(clock::millis(clock::wall()))
    }
}

/// Always the second in which the run began.
struct StillClock(Arc<Present>);

impl HostWallClock for StillClock {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        Duration::from_secs(self.0.began.load(Ordering::Relaxed))
    }
}

/// Counts from the first WASI call of the instance: it never goes back.
struct MonotonicClock {
    start: Instant,
}

impl HostMonotonicClock for MonotonicClock {
    fn resolution(&self) -> u64 {
        nanos(RESOLUTION)
    }

    fn now(&self) -> u64 {
        nanos(Duration::from_millis(clock::millis(self.start.elapsed())))
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A standard stream that ends in the log. Always ready, never closed, never fails.
#[derive(Clone)]
struct Output {
    present: Arc<Present>,
    stream: Stream,
}

impl Output {
    fn put(&self, bytes: &[u8]) {
        self.present.write(self.stream, bytes);
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}

impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.put(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE)
    }
}

impl tokio::io::AsyncWrite for Output {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.put(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
