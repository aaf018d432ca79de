//! A WASI 0.2 that is empty but for what was granted: no files, no network, no environment, no arguments, nothing on
//! standard input. The monotonic clock tells milliseconds and no less; the wall clock stands still at the second in which
//! the run began, unless it was granted; random numbers are real; standard output and standard error go to the run's log.

use std::io;
use std::pin::Pin;
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
        if self.wasi.is_none() {
            self.wasi = Some(self.wasi_builder().build());
        }
        let ctx = self.wasi.get_or_insert_with(|| builder(&self.log).build());
        WasiCtxView {
            ctx,
            table: &mut self.table,
        }
    }
}

impl State {
    /// Open the folders that were granted. The error names the one that cannot be.
    pub(crate) fn open_files(&mut self) -> Result<(), String> {
        let files = &self.input.grants.capabilities().files;
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
    fn wasi_builder(&self) -> WasiCtxBuilder {
        let capabilities = self.input.grants.capabilities();
        let mut builder = builder(&self.log);
        for entry in &capabilities.environment {
            builder.env(&entry.name, entry.value.as_deref().unwrap_or_default());
        }
        match capabilities.wall_clock {
            true => builder.wall_clock(WallClock),
            false => builder.wall_clock(StillClock(self.began)),
        };
        builder
    }
}

fn builder(log: &Arc<Mutex<Log>>) -> WasiCtxBuilder {
    let mut builder = WasiCtx::builder();
    builder
        .stdout(Output {
            log: Arc::clone(log),
            stream: Stream::Out,
        })
        .stderr(Output {
            log: Arc::clone(log),
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
struct StillClock(Duration);

impl HostWallClock for StillClock {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        Duration::from_secs(self.0.as_secs())
    }
}

/// Counts from the first WASI call of the run.
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
    log: Arc<Mutex<Log>>,
    stream: Stream,
}

impl Output {
    fn put(&self, bytes: &[u8]) {
        self.log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write(self.stream, bytes);
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
