//! The HTTPS server: TLS, HTTP/1.1 and HTTP/2, bounded in connections, bytes and time.

mod connection;
mod request;
mod slots;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::slots::{Slot, Slots};
use super::handle::Handler;
use super::options::WebhookLimits;
use super::tls::Tls;
use crate::http::HttpError;

/// A TLS handshake that failed is logged at most this often.
const TOLD: Duration = Duration::from_secs(10);

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) handler: Handler,
    pub(crate) limits: WebhookLimits,
    /// In KiB, of bodies that are held.
    held: Arc<Semaphore>,
    in_flight: AtomicUsize,
    told: std::sync::Mutex<Option<tokio::time::Instant>>,
}

impl Shared {
    pub(crate) fn new(handler: Handler, limits: WebhookLimits) -> Self {
        let largest = limits.body_bytes.max(limits.conversion_bytes);
        let held = kib(limits.held_bytes.max(largest)) as usize;
        Self {
            handler,
            limits,
            held: Arc::new(Semaphore::new(held.min(Semaphore::MAX_PERMITS))),
            in_flight: AtomicUsize::new(0),
            told: std::sync::Mutex::default(),
        }
    }

    /// A connection failed before its first request, or had to go.
    fn not_connected(&self, code: &'static str, error: &dyn std::fmt::Display, peer: SocketAddr) {
        self.handler.metrics().webhook_handshake_failed(code);
        let now = tokio::time::Instant::now();
        let mut told = self
            .told
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if told.is_none_or(|at| now.duration_since(at) >= TOLD) {
            *told = Some(now);
            tracing::warn!(code, %peer, %error, "a connection to the webhook server failed");
        }
    }
}

fn kib(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1024))
        .unwrap_or(u32::MAX)
        .max(1)
}

/// A server that listens. Dropped, it stops without waiting.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    connections: TaskTracker,
    stop_time: Duration,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// An address that is taken, before anybody is served there.
pub(crate) async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), HttpError> {
    let wrong = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => HttpError::InUse(address),
        _ => HttpError::Listen { address, source },
    };
    let listener = TcpListener::bind(address).await.map_err(wrong)?;
    let bound = listener.local_addr().map_err(wrong)?;
    Ok((listener, bound))
}

impl Server {
    pub(crate) fn start(
        listener: TcpListener,
        address: SocketAddr,
        tls: Arc<Tls>,
        shared: Arc<Shared>,
    ) -> Self {
        let server = Self {
            address,
            stop: CancellationToken::new(),
            connections: TaskTracker::new(),
            stop_time: shared.limits.stop_time,
        };
        let (stop, connections) = (server.stop.clone(), server.connections.clone());
        server
            .connections
            .spawn(accept(listener, tls, shared, stop, connections));
        server.connections.close();
        server
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// No new connection; requests under way may end.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        if tokio::time::timeout(self.stop_time, self.connections.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                open = self.connections.len(),
                "connections of the webhook server did not end in time"
            );
        }
    }
}

async fn accept(
    listener: TcpListener,
    tls: Arc<Tls>,
    shared: Arc<Shared>,
    stop: CancellationToken,
    connections: TaskTracker,
) {
    let slots = Slots::new(shared.limits.connections, shared.limits.patience);
    loop {
        // Who waits for a place is there: nobody has to go for one who may come.
        let next = async {
            let accepted = listener.accept().await;
            let slot = match &accepted {
                Ok(_) => slots.enter().await,
                Err(_) => None,
            };
            (slot, accepted)
        };
        let (slot, accepted) = tokio::select! {
            () = stop.cancelled() => return,
            next = next => next,
        };
        match accepted {
            Ok((stream, peer)) => {
                let Some(slot) = slot else { return };
                let (tls, shared, stop) = (tls.clone(), shared.clone(), stop.clone());
                connections.spawn(async move {
                    tokio::select! {
                        () = serve(stream, peer, &tls, shared.clone(), &slot, stop) => {}
                        () = slot.gone.cancelled() => {
                            let why = "it gave nothing to do while others waited";
                            shared.not_connected("crowded-out", &why, peer);
                        }
                    }
                });
            }
            Err(error) => {
                // Out of file descriptors, as a rule: others must end first.
                tracing::warn!(%error, "a connection to the webhook server could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    tls: &Tls,
    shared: Arc<Shared>,
    slot: &Slot,
    stop: CancellationToken,
) {
    let Some(config) = tls.config() else {
        shared.not_connected("no-certificate", &"there is no certificate yet", peer);
        return;
    };
    // Answers are small and shall leave at once.
    let _ = stream.set_nodelay(true);
    let handshake = tokio_rustls::TlsAcceptor::from(config).accept(stream);
    let handshake = tokio::select! {
        () = stop.cancelled() => return,
        done = tokio::time::timeout(shared.limits.handshake_time, handshake) => done,
    };
    match handshake {
        Ok(Ok(stream)) => connection::serve(stream, shared, &slot.activity, stop).await,
        Ok(Err(error)) => shared.not_connected(handshake_code(&error), &error, peer),
        Err(_) => shared.not_connected("handshake-late", &"the handshake took too long", peer),
    }
}

/// A stable word for why a handshake failed.
fn handshake_code(error: &io::Error) -> &'static str {
    use rustls::Error;
    match error.get_ref().and_then(|e| e.downcast_ref::<Error>()) {
        Some(Error::NoCertificatesPresented) => "no-client-certificate",
        Some(Error::InvalidCertificate(_)) => "client-certificate",
        Some(Error::AlertReceived(_)) => "certificate-refused",
        Some(_) => "handshake",
        None => "connection",
    }
}
