//! The live commands: looking into a running operator (BEHAVIOUR D3).
//!
//! They are plain HTTP on a unix socket that only its owner can open, with shell-operator's paths, so that both
//! `hookbox queue list` and `curl --unix-socket` find what they look for. What happened lately is kept in bounded memory
//! ([`Recent`]); everything else is looked up when somebody asks.
//!
//! Data of Secrets is replaced by digests as in the journal.

mod client;
mod dump;
mod format;
mod hooks;
mod parameters;
mod queues;
mod recent;
mod routes;
mod runs;
mod socket;
mod view;
mod why;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::engine::Engine;
use crate::http::{HttpLimits, accept};
use crate::journal::Redactor;
use crate::load::LoadProblem;
use crate::queue::HookIndex;
use crate::tenants::Mounts;

pub use client::{Answer, ClientError, LiveClient, path_part};
pub use parameters::{Parameter, ParameterView, Setting};
pub(crate) use recent::Recent;
pub use runs::Outcome;
pub(crate) use runs::reason;
pub use socket::{Place, SocketError};
pub use view::*;

use hooks::Refused;
use parameters::Parameters;
use socket::Socket;

/// What the live commands may use.
const LIMITS: (usize, Duration) = (16, Duration::from_secs(2));

/// How live commands are served.
#[derive(Debug, Clone, Default)]
pub struct LiveSettings {
    /// Where the socket may be: the first that can be had is taken.
    pub places: Vec<Place>,
    /// Whether the operator does not start when none can be had. Else it says so and goes on.
    pub required: bool,
    /// What can be changed while the operator runs.
    pub parameters: Vec<Parameter>,
}

/// Why there are no live commands.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LiveError {
    /// There is no socket.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// There are no random numbers for the key of digests.
    #[error("there are no random numbers, without which Secrets cannot be kept back")]
    Random(#[source] io::Error),
}

impl LiveError {
    /// A stable word for this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Socket(error) => error.code(),
            Self::Random(_) => "random",
        }
    }
}

/// What the routes show: of one engine, the operator's own or that of a tenant's Hook.
#[derive(Clone)]
pub(crate) struct Live {
    engine: Arc<Engine>,
    recent: Arc<Recent>,
    common: Arc<Common>,
}

/// What is the same for all engines.
struct Common {
    /// Those of tenants' Hooks.
    mounts: Mounts,
    refused: Vec<Refused>,
    /// Whether webhooks are served.
    webhooks: bool,
    parameters: Parameters,
    redactor: Redactor,
    /// Snapshots that may be rendered at the same time.
    dumps: Arc<tokio::sync::Semaphore>,
}

impl Live {
    /// The same of another engine; none where nothing is kept of it.
    fn of(&self, engine: Arc<Engine>) -> Option<Self> {
        Some(Self {
            recent: engine.recent.clone()?,
            engine,
            common: self.common.clone(),
        })
    }

    /// The operator's own, then those of tenants' Hooks in the order of their names.
    fn all(&self) -> Vec<Self> {
        let mounted = self.common.mounts.all().into_iter();
        let tenants = mounted.filter_map(|engine| self.of(engine));
        std::iter::once(self.clone()).chain(tenants).collect()
    }

    /// The one that has this hook, and where it has it.
    fn find(&self, name: &str) -> Option<(Self, HookIndex)> {
        if let Some(index) = hooks::position(&self.engine, name) {
            return Some((self.clone(), index));
        }
        let mounted = self.of(self.common.mounts.of_hook(name)?)?;
        let index = hooks::position(&mounted.engine, name)?;
        Some((mounted, index))
    }
}

/// The server of the live commands. Dropped, it stops without waiting for open requests, and its socket is removed.
#[derive(Debug)]
pub(crate) struct LiveServer {
    socket: Socket,
    stop: CancellationToken,
    connections: TaskTracker,
}

impl Drop for LiveServer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl LiveServer {
    /// Serves what `engine` does; `webhooks`: whether it serves any. None where no place can be had and none is required.
    pub(crate) fn start(
        engine: Arc<Engine>,
        recent: Arc<Recent>,
        problems: &[LoadProblem],
        mounts: Mounts,
        webhooks: bool,
        settings: &LiveSettings,
    ) -> Result<Option<Self>, LiveError> {
        let redactor = Redactor::new().map_err(LiveError::Random)?;
        let Some((socket, listener)) = open(settings)? else {
            return Ok(None);
        };
        let parameters = Parameters::new(settings.parameters.clone(), engine.clock);
        let live = Arc::new(Live {
            engine,
            recent,
            common: Arc::new(Common {
                mounts,
                refused: problems.iter().map(Refused::of).collect(),
                webhooks,
                parameters,
                redactor,
                dumps: Arc::new(tokio::sync::Semaphore::new(2)),
            }),
        });
        let server = Self {
            socket,
            stop: CancellationToken::new(),
            connections: TaskTracker::new(),
        };
        let mut limits = HttpLimits::default();
        (limits.connections, limits.stop_time) = LIMITS;
        let accept = accept(
            listener,
            routes::router(live),
            limits,
            server.stop.clone(),
            server.connections.clone(),
        );
        server.connections.spawn(accept);
        server.connections.close();
        Ok(Some(server))
    }

    /// Where the socket is.
    pub(crate) fn path(&self) -> &Path {
        self.socket.path()
    }

    /// Stops: no new connection, open requests may end within a short time; the socket is removed.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        // Whoever watches is cut off; there is nothing left to see.
        let _ = tokio::time::timeout(LIMITS.1, self.connections.wait()).await;
    }
}

/// The first place that can be had.
fn open(settings: &LiveSettings) -> Result<Option<(Socket, tokio::net::UnixListener)>, LiveError> {
    let mut why: Vec<(PathBuf, SocketError)> = Vec::new();
    for place in &settings.places {
        match Socket::bind(place) {
            Ok(bound) => return Ok(Some(bound)),
            Err(error) if settings.required => return Err(error.into()),
            // Where one hookbox runs by default, a second one would hide it from live commands.
            Err(error @ SocketError::InUse(_)) => {
                why.push((place.path.clone(), error));
                break;
            }
            Err(error) => why.push((place.path.clone(), error)),
        }
    }
    if !settings.places.is_empty() {
        let errors: Vec<String> = why.iter().map(|(_, e)| crate::api::chain(e)).collect();
        tracing::warn!(
            error = errors.join("; "),
            "no live commands: name a socket by --debug-unix-socket, in a folder that can be written to"
        );
    }
    Ok(None)
}
