//! Counting what is asked of the API server: lists, watches, discovery and patches alike.

use std::sync::Arc;

use http::{Method, Request, Response};
use kube::Client;
use kube::client::Body;
use tokio::time::Instant;

use super::SelfMetrics;

/// The same client, with its requests counted. The time of a watch is that to the head of its answer.
pub(crate) fn counted(client: Client, metrics: Arc<SelfMetrics>) -> Client {
    let namespace = client.default_namespace().to_owned();
    let service = tower::service_fn(move |request: Request<Body>| {
        let count = Count {
            metrics: Arc::clone(&metrics),
            method: request.method().clone(),
            started: Instant::now(),
            status: None,
        };
        ask(client.clone(), request, count)
    });
    Client::new(service, namespace)
}

async fn ask(
    client: Client,
    request: Request<Body>,
    mut count: Count,
) -> kube::Result<Response<Body>> {
    let answer = client.send(request).await;
    count.status = answer.as_ref().ok().map(|a| a.status().as_u16());
    answer
}

/// One request. Counted when it is over: answered, failed, or given up.
struct Count {
    metrics: Arc<SelfMetrics>,
    method: Method,
    started: Instant,
    status: Option<u16>,
}

impl Drop for Count {
    fn drop(&mut self) {
        let (method, took) = (self.method.as_str(), self.started.elapsed());
        self.metrics.client_request(method, self.status, took);
    }
}
