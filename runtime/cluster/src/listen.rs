//! The cluster over HTTP, for kubectl and other programs on this machine.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderMap, Request, Response, Uri, header};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::body::ResponseBody;
use crate::cluster::ClusterService;
use crate::error::ApiError;
use crate::server::refuse;

/// Connections served at once; more wait in the listener's backlog.
const MAX_CONNECTIONS: usize = 512;
const HEADER_TIME: Duration = Duration::from_secs(30);
const MAX_HEADERS: usize = 100;
const MAX_HEADER_BYTES: usize = 64 << 10;

/// A listening cluster: [`crate::Cluster::listen`]. Dropping it stops it.
pub struct Server {
    addr: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Server {
    pub(crate) async fn bind(service: ClusterService, addr: SocketAddr) -> io::Result<Self> {
        if !addr.ip().is_loopback() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "{addr} is not a loopback address: the embedded cluster gives everybody all rights"
                ),
            ));
        }
        let listener = TcpListener::bind(addr).await?;
        let server = Self {
            addr: listener.local_addr()?,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        server.tasks.spawn(accept(
            listener,
            service,
            server.stop.clone(),
            server.tasks.clone(),
        ));
        Ok(server)
    }

    /// Where it listens, for instance `http://127.0.0.1:8001`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// A kubeconfig for kubectl, as YAML.
    #[must_use]
    pub fn kubeconfig(&self) -> String {
        format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: hookbox\n  cluster:\n    server: {}\nusers:\n- name: hookbox\n  user: {{}}\ncontexts:\n- name: hookbox\n  context:\n    cluster: hookbox\n    user: hookbox\n    namespace: default\ncurrent-context: hookbox\n",
            self.url()
        )
    }

    /// Stops listening and ends all connections.
    pub async fn shutdown(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
        self.tasks.close();
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("addr", &self.addr)
            .finish_non_exhaustive()
    }
}

async fn accept(
    listener: TcpListener,
    service: ClusterService,
    stop: CancellationToken,
    tasks: TaskTracker,
) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let place = tokio::select! {
            () = stop.cancelled() => return,
            place = places.clone().acquire_owned() => place,
        };
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (Ok(place), Ok((stream, _))) = (place, accepted) else {
            // Out of file descriptors, for instance: others may end meanwhile.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (service, stop) = (service.clone(), stop.clone());
        tasks.spawn(async move {
            // Events are small and must not wait for more.
            let _ = stream.set_nodelay(true);
            let mut builder = Builder::new(TokioExecutor::new());
            builder
                .http1()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_TIME)
                .max_headers(MAX_HEADERS)
                .max_buf_size(MAX_HEADER_BYTES);
            builder
                .http2()
                .timer(TokioTimer::new())
                .max_concurrent_streams(250)
                .max_header_list_size(u32::try_from(MAX_HEADER_BYTES).unwrap_or(u32::MAX));
            let connection = builder.serve_connection(
                TokioIo::new(stream),
                TowerToHyperService::new(Guard(service)),
            );
            tokio::select! {
                () = stop.cancelled() => {}
                // A client that breaks off is its own affair.
                _ = connection => {}
            }
            drop(place);
        });
    }
}

/// Lets in programs of this machine, and no web pages: whoever may connect has all rights, and a browser connects for any
/// page, either across origins or by a name that was made to point here.
#[derive(Clone)]
struct Guard(ClusterService);

impl tower::Service<Request<Incoming>> for Guard {
    type Response = Response<ResponseBody>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        if is_from_here(request.uri(), request.headers()) {
            return self.0.call(request);
        }
        let error = ApiError::new(
            403,
            "Forbidden",
            "the embedded cluster answers programs on this machine only",
        );
        Box::pin(std::future::ready(Ok(refuse(&error))))
    }
}

fn is_from_here(uri: &Uri, headers: &HeaderMap) -> bool {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let host = host
        .or_else(|| uri.authority().map(|authority| authority.as_str()))
        .unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let local = name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    local && !headers.contains_key(header::ORIGIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_browsers_are_kept_out() {
        let ask = |pairs: &[(&'static str, &'static str)]| {
            let headers = pairs
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect();
            is_from_here(&Uri::from_static("/api"), &headers)
        };
        assert!(ask(&[("host", "127.0.0.1:8001")]));
        assert!(ask(&[("host", "localhost:8001")]));
        assert!(ask(&[("host", "[::1]:8001")]));
        assert!(!ask(&[("host", "127.0.0.1.example.com:8001")]));
        assert!(!ask(&[("host", "example.com")]));
        assert!(!ask(&[
            ("host", "127.0.0.1:8001"),
            ("origin", "http://example.com")
        ]));
        assert!(!ask(&[]));
        assert!(is_from_here(
            &Uri::from_static("http://127.0.0.1:8001/api"),
            &HeaderMap::new()
        ));
    }
}
