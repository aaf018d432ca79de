//! The operator's own HTTP server: metrics, health and readiness (BEHAVIOUR D3). Plain HTTP for the cluster's
//! monitoring; bounded in connections, header size and time.

mod readiness;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::metrics::{self, HookMetrics, SelfMetrics};
use crate::tenants::Mounts;

pub use readiness::Readiness;

/// How much a client may ask of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpLimits {
    /// Connections at the same time; more wait to be accepted. Default 256.
    pub connections: usize,
    /// Bytes of a request's head. Default 16 KiB.
    pub head_bytes: usize,
    /// Time to send a request's head, also on a connection that is kept open. Default 10 s.
    pub head_time: Duration,
    /// Time for one connection; it is ended after the request that it is at. Default 5 min.
    pub connection_time: Duration,
    /// Time for open requests to end when the server stops. Default 5 s.
    pub stop_time: Duration,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            connections: 256,
            head_bytes: 16 << 10,
            head_time: Duration::from_secs(10),
            connection_time: Duration::from_secs(300),
            stop_time: Duration::from_secs(5),
        }
    }
}

/// What the server shows. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Pages {
    /// `/metrics`.
    pub own: Arc<SelfMetrics>,
    /// `/metrics/hooks`.
    pub hooks: HookMetrics,
    /// Tenants' hooks, whose metrics are part of the same page.
    pub(crate) mounts: Mounts,
    /// `/readyz`.
    pub readiness: Readiness,
}

impl Pages {
    fn hooks_text(&self) -> String {
        let engines = self.mounts.all();
        let tenants = engines.iter().map(|engine| &engine.hook_metrics);
        HookMetrics::text_of(std::iter::once(&self.hooks).chain(tenants))
    }
}

/// Why the server is not there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// Another program, or another hookbox, listens there.
    #[error("address {0} is in use already; stop the other program or listen on another address")]
    InUse(SocketAddr),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl HttpError {
    /// A stable word for this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InUse(_) => "address-in-use",
            Self::Listen { .. } => "listen",
        }
    }
}

/// A server that listens. Dropped, it stops without waiting for open requests.
#[derive(Debug)]
pub struct HttpServer {
    address: SocketAddr,
    stop: CancellationToken,
    connections: TaskTracker,
    stop_time: Duration,
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl HttpServer {
    /// Listen on `address`; port 0 lets the system choose one. Must be called in a tokio runtime.
    ///
    /// # Errors
    /// The port is taken, or the address cannot be listened on.
    pub async fn start(
        address: SocketAddr,
        pages: Pages,
        limits: HttpLimits,
    ) -> Result<Self, HttpError> {
        let listen = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => HttpError::InUse(address),
            _ => HttpError::Listen { address, source },
        };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let server = Self {
            address: listener.local_addr().map_err(listen)?,
            stop: CancellationToken::new(),
            connections: TaskTracker::new(),
            stop_time: limits.stop_time,
        };
        let accept = accept(
            listener,
            router(pages),
            limits,
            server.stop.clone(),
            server.connections.clone(),
        );
        server.connections.spawn(accept);
        server.connections.close();
        Ok(server)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stop: no new connection, open requests may end within [`HttpLimits::stop_time`].
    pub async fn stop(self) {
        self.stop.cancel();
        if tokio::time::timeout(self.stop_time, self.connections.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                open = self.connections.len(),
                "HTTP connections did not end in time"
            );
        }
    }
}

/// Where connections come from.
pub(crate) trait Accept {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// The next one.
    fn next(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

impl Accept for TcpListener {
    type Stream = TcpStream;

    async fn next(&self) -> io::Result<TcpStream> {
        self.accept().await.map(|(stream, _)| stream)
    }
}

impl Accept for UnixListener {
    type Stream = UnixStream;

    async fn next(&self) -> io::Result<UnixStream> {
        self.accept().await.map(|(stream, _)| stream)
    }
}

/// Serves connections until it is told to stop; those that are open then may end the request that they are at.
pub(crate) async fn accept<A: Accept>(
    listener: A,
    router: Router,
    limits: HttpLimits,
    stop: CancellationToken,
    connections: TaskTracker,
) {
    let slots = Arc::new(Semaphore::new(limits.connections.max(1)));
    loop {
        let next = async {
            let slot = Arc::clone(&slots).acquire_owned().await.ok();
            (slot, listener.next().await)
        };
        let (slot, stream) = tokio::select! {
            () = stop.cancelled() => return,
            next = next => next,
        };
        match stream {
            Ok(stream) => {
                let connection = serve(stream, router.clone(), limits.clone(), stop.clone());
                connections.spawn(async move {
                    connection.await;
                    drop(slot);
                });
            }
            Err(error) => {
                // Out of file descriptors, as a rule: others must end first.
                tracing::warn!(%error, "an HTTP connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn serve<S>(stream: S, router: Router, limits: HttpLimits, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_buf_size(limits.head_bytes.max(8192))
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => end(connection, limits.stop_time).await,
        () = tokio::time::sleep(limits.connection_time) => end(connection, limits.stop_time).await,
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "an HTTP connection broke");
    }
}

type Connection<S> =
    hyper::server::conn::http1::Connection<TokioIo<S>, TowerToHyperService<Router>>;

/// Ends a connection after the request that it is at, and a reader that does not read on in any case.
async fn end<S>(
    mut connection: std::pin::Pin<&mut Connection<S>>,
    within: Duration,
) -> hyper::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    connection.as_mut().graceful_shutdown();
    tokio::time::timeout(within, connection)
        .await
        .unwrap_or(Ok(()))
}

fn router(pages: Pages) -> Router {
    Router::new()
        .route("/", get(index))
        .route(
            "/metrics",
            get(|State(pages): State<Pages>| async move { exposition(pages.own.text()) }),
        )
        .route(
            "/metrics/hooks",
            get(|State(pages): State<Pages>| async move { exposition(pages.hooks_text()) }),
        )
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/discovery", get(|| async { DISCOVERY }))
        .route("/debug/pprof", get(no_profiles))
        .route("/debug/pprof/{*profile}", get(no_profiles))
        .fallback(|| async {
            (
                StatusCode::NOT_FOUND,
                "not found; see / for what there is\n",
            )
        })
        .with_state(pages)
}

/// What there is, as shell-operator lists it.
const DISCOVERY: &str =
    "GET /\nGET /discovery\nGET /healthz\nGET /metrics\nGET /metrics/hooks\nGET /readyz\n";

async fn no_profiles() -> (StatusCode, &'static str) {
    let text = "hookbox is no Go program and has no such profiles; `perf` and /metrics tell what it does\n";
    (StatusCode::NOT_FOUND, text)
}

async fn index() -> Html<&'static str> {
    Html(
        "<!DOCTYPE html><html><head><title>hookbox</title></head><body><h1>hookbox</h1><ul>\
         <li><a href=\"/metrics\">/metrics</a>: about hookbox</li>\
         <li><a href=\"/metrics/hooks\">/metrics/hooks</a>: of the hooks</li>\
         <li><a href=\"/healthz\">/healthz</a>: it runs</li>\
         <li><a href=\"/readyz\">/readyz</a>: hooks are loaded and have seen the cluster</li>\
         <li><a href=\"/discovery\">/discovery</a>: this list as text</li>\
         </ul></body></html>\n",
    )
}

fn exposition(text: String) -> Response {
    ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response()
}

async fn ready(State(pages): State<Pages>) -> Response {
    let lines = |word: &str, texts: Vec<String>| -> String {
        let line = |text: &String| format!("{word} {text}\n");
        texts.iter().map(line).collect()
    };
    let waiting = lines("waiting for", pages.readiness.pending());
    let without = lines("without", pages.readiness.missing());
    let role = pages.readiness.role().map(|role| format!("{role}\n"));
    let role = role.unwrap_or_default();
    if pages.readiness.is_ready() {
        format!("ok\n{role}{waiting}{without}").into_response()
    } else {
        let text = format!("{waiting}{role}{without}");
        (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
    }
}

#[cfg(test)]
mod tests;
