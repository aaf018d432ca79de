//! One connection.

use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::slots::Activity;

/// Bytes of a request's head.
const HEAD: u32 = 16 << 10;
/// Requests at the same time over one HTTP/2 connection.
const STREAMS: u32 = 250;
/// Bytes that a peer may send ahead over one HTTP/2 connection, and for one request.
const AHEAD: (u32, u32) = (1 << 20, 256 << 10);
/// How often a silent peer is asked whether it is there, and how long it may take to say so.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(20));

/// Answers the requests of one connection.
#[derive(Clone)]
struct Service {
    shared: Arc<Shared>,
    activity: Arc<Activity>,
}

impl hyper::service::Service<http::Request<Incoming>> for Service {
    type Response = http::Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: http::Request<Incoming>) -> Self::Future {
        let (shared, activity) = (self.shared.clone(), self.activity.clone());
        let busy = activity.begin();
        Box::pin(async move {
            let answer = shared.answer(request, &activity).await;
            drop(busy);
            Ok(answer)
        })
    }
}

type Io = TokioIo<TlsStream<TcpStream>>;

/// Connections of both versions of HTTP.
trait Connection: Future<Output = hyper::Result<()>> {
    fn end(self: Pin<&mut Self>);
}

impl Connection for http1::Connection<Io, Service> {
    fn end(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl Connection for http2::Connection<Io, Service, TokioExecutor> {
    fn end(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

/// Serves a connection until it ends, is silent for too long, or the server stops.
pub(super) async fn serve(
    stream: TlsStream<TcpStream>,
    shared: Arc<Shared>,
    activity: &Arc<Activity>,
    stop: CancellationToken,
) {
    let limits = shared.limits.clone();
    let service = Service {
        shared,
        activity: activity.clone(),
    };
    let second = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let io = TokioIo::new(stream);
    let times = (limits.idle_time, limits.stop_time);
    let ended = if second {
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(HEAD)
            .initial_connection_window_size(AHEAD.0)
            .initial_stream_window_size(AHEAD.1)
            .keep_alive_interval(KEEPALIVE.0)
            .keep_alive_timeout(KEEPALIVE.1)
            .serve_connection(io, service);
        follow(connection, activity, times, &stop).await
    } else {
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head_time)
            .max_buf_size(HEAD as usize)
            .serve_connection(io, service);
        follow(connection, activity, times, &stop).await
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection to the webhook server broke");
    }
}

async fn follow(
    connection: impl Connection,
    activity: &Activity,
    (idle_time, stop_time): (Duration, Duration),
    stop: &CancellationToken,
) -> hyper::Result<()> {
    let mut connection = pin!(connection);
    loop {
        let idle_until = activity.idle_since().unwrap_or_else(Instant::now) + idle_time;
        tokio::select! {
            ended = connection.as_mut() => return ended,
            () = stop.cancelled() => break,
            () = tokio::time::sleep_until(idle_until) => {}
        }
        let idle = activity.idle_since();
        if idle.is_some_and(|since| since.elapsed() >= idle_time) {
            break;
        }
    }
    connection.as_mut().end();
    // A peer that does not read on is left in any case.
    tokio::time::timeout(stop_time, connection)
        .await
        .unwrap_or(Ok(()))
}
