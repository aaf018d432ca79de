//! Connections to the API server.

use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kube::client::{Body, ClientBuilder, ConfigExt, retry::RetryPolicy};
use kube::{Client, Config};
use tower::ServiceBuilder;
use tower::retry::RetryLayer;

use crate::apply::limiter::Limiter;
use crate::leader::{Guarded, guarded};

/// How long a connection may be silent before it is asked whether it is still there, and between further questions.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(10));
/// Questions without an answer after which it is dead.
const UNANSWERED: u32 = 3;
/// How long what was sent may go without an acknowledgement.
const UNACKNOWLEDGED: Duration = Duration::from_secs(60);
/// How long a connection that nobody uses is kept, and how many: a start opens many at once.
const SPARE: (Duration, usize) = (Duration::from_secs(60), 16);

/// A client as an operator needs it: small requests are sent at once, a connection whose other end vanished is noticed
/// within a minute or so, and failures are told by those who asked and not also by the client.
///
/// # Errors
/// Credentials that cannot be had, certificates that cannot be read, a proxy (none is supported).
pub fn client(config: Config) -> Result<Client, kube::Error> {
    if config.proxy_url.is_some() {
        // It says what is the matter.
        return Ok(ClientBuilder::try_from(config)?.build());
    }
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_connect_timeout(config.connect_timeout);
    connector.set_keepalive(Some(KEEPALIVE.0));
    connector.set_keepalive_interval(Some(KEEPALIVE.1));
    connector.set_keepalive_retries(Some(UNANSWERED));
    #[cfg(target_os = "linux")]
    connector.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
    let connector = config.rustls_https_connector_with_connector(connector)?;
    let http = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(SPARE.0)
        .pool_max_idle_per_host(SPARE.1)
        .build::<_, Guarded>(connector);
    let retry = config
        .default_retry
        .then(|| RetryLayer::new(RetryPolicy::server_retry()));
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(retry)
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(tower::BoxError::from)
        .map_request(guarded)
        .service(http);
    Ok(Client::new(service, config.default_namespace))
}

/// The same client, with so many requests a second and so many at once, where there is a limit.
pub(crate) fn limited(client: Client, rate: Option<(f64, u32)>) -> Client {
    let Some((qps, burst)) = rate else {
        return client;
    };
    let namespace = client.default_namespace().to_owned();
    let limiter = Arc::new(Limiter::new(qps, burst));
    let service = tower::service_fn(move |request: Request<Body>| {
        let (client, limiter) = (client.clone(), limiter.clone());
        async move {
            limiter.take().await;
            client.send(request).await
        }
    });
    Client::new(service, namespace)
}
