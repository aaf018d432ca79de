//! The cluster as its users hold it.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Limited};
use serde_json::Value;

use crate::body::ResponseBody;
use crate::control::Controllers;
use crate::error::ApiError;
use crate::faults::Faults;
use crate::journal::{Journal, RequestRecord};
use crate::kinds::Registry;
use crate::listen::Server as Listener;
use crate::rbac::{Policies, User};
use crate::seed::FIRST_NAMESPACES;
use crate::server::{Broken, MAX_BODY, Server};
use crate::store::{Store, Window};
use crate::webhook::Services;

/// Time for the body of a request to arrive.
const BODY_TIME: Duration = Duration::from_secs(60);

/// How a cluster behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Changes of each kind that are remembered for watches and paging.
    pub history: usize,
    /// Bytes of objects that the history of each kind may hold.
    pub history_bytes: usize,
    /// The resource version to count from. A client that outlives a cluster takes the next one at the same address for
    /// the same: its watches are told to list anew only if what they have seen is older than all there is now, so give
    /// each of them a greater one, such as the time.
    pub first_revision: u64,
    /// Time between bookmarks of a watch.
    pub bookmark_interval: Duration,
    /// Make the `default` ServiceAccount and the `kube-root-ca.crt` ConfigMap in every namespace, as the controllers of
    /// a real cluster do. Off by default, so that a test's namespace holds only what the test put there.
    pub namespace_defaults: bool,
    /// Run the garbage collector and the namespace controller. Without them owners and namespaces are deleted, and what
    /// belongs to them stays.
    pub controllers: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            history: 20_000,
            history_bytes: 64 << 20,
            first_revision: 1,
            bookmark_interval: Duration::from_secs(60),
            namespace_defaults: false,
            controllers: true,
        }
    }
}

/// An embedded Kubernetes API server with its state. Clones are handles of the same cluster.
#[derive(Clone)]
pub struct Cluster {
    server: Arc<Server>,
}

impl Default for Cluster {
    fn default() -> Self {
        Self::new()
    }
}

impl Cluster {
    /// A cluster with the built-in kinds, the four namespaces that every API server makes, and the default roles.
    #[must_use]
    pub fn new() -> Self {
        Self::with_options(Options::default())
    }

    /// A cluster that behaves as told.
    #[must_use]
    pub fn with_options(options: Options) -> Self {
        let window = Window {
            changes: options.history.max(1),
            bytes: options.history_bytes.max(1),
        };
        let store = Store::new(window, options.first_revision.max(1));
        let registry = Registry::new(&store);
        let server = Server {
            store,
            registry,
            options,
            faults: Faults::new(),
            journal: Journal::default(),
            controllers: Controllers::default(),
            policies: Policies::default(),
            services: Services::default(),
        };
        server.seed();
        let server = Arc::new(server);
        if server.options.namespace_defaults {
            for name in FIRST_NAMESPACES {
                server.namespace_defaults(name);
            }
        }
        Self { server }
    }

    /// A client of this cluster with all rights, without sockets. Its default namespace is `default`.
    ///
    /// # Panics
    /// Outside a tokio runtime, as [`kube::Client::new`] does.
    #[must_use]
    pub fn client(&self) -> kube::Client {
        kube::Client::new(self.service(), "default")
    }

    /// The API server as a tower service.
    #[must_use]
    pub fn service(&self) -> ClusterService {
        ClusterService {
            server: self.server.clone(),
        }
    }

    /// Creates an object, or replaces the one there is: for seeds. Unlike an update it needs no resource version, its status
    /// counts, no webhook is asked, and it stays in its version, whatever version its kind is kept in.
    ///
    /// # Errors
    /// What the API server would answer: an unknown kind, a missing namespace, an invalid object.
    pub async fn apply_manifest(&self, manifest: Value) -> Result<(), ApiError> {
        self.server.seed_object(manifest, None).await.map(drop)
    }

    /// As [`Cluster::apply_manifest`], but as the request of a user with all rights: admission webhooks are asked, may
    /// change it and may refuse it. What they warn of is given back.
    ///
    /// # Errors
    /// As for [`Cluster::apply_manifest`]; what a webhook refuses, and a webhook that gives no answer.
    pub async fn submit_manifest(&self, manifest: Value) -> Result<Vec<String>, ApiError> {
        let user = Some(User::admin());
        self.server.seed_object(manifest, user).await
    }

    /// All objects, by kind, namespace and name: a stable order.
    #[must_use]
    pub fn objects(&self) -> Vec<Value> {
        self.server
            .store
            .all()
            .iter()
            .map(|object| object.value())
            .collect()
    }

    /// The resource version of the last write.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.server.store.rev()
    }

    /// Leads a service to an address, or with none nowhere again: there is no network here that would, and webhooks may be
    /// behind services. Whatever port of it is asked for, it is this one. Its certificate is that of `NAME.NAMESPACE.svc`.
    pub fn lead_service(&self, namespace: &str, name: &str, address: Option<SocketAddr>) {
        self.server.services.lead(namespace, name, address);
    }

    /// Faults on demand.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.server.faults
    }

    /// Forgets the history: lists and watches from older resource versions, open watches that lag included, get 410.
    pub fn compact(&self) {
        self.server.store.compact();
    }

    /// The requests for resources that came, oldest first; the last ten thousand.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.server.journal.all()
    }

    /// Forgets the requests that came.
    pub fn clear_requests(&self) {
        self.server.journal.clear();
    }

    /// Waits until the controllers have nothing left to do.
    pub async fn settled(&self) {
        self.server.settled().await;
    }

    /// Serves the cluster over plain HTTP on a loopback address; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address is not loopback or cannot be bound.
    pub async fn listen(&self, addr: SocketAddr) -> std::io::Result<Listener> {
        Listener::bind(self.service(), addr).await
    }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster")
            .field("revision", &self.revision())
            .finish_non_exhaustive()
    }
}

/// The API server as a tower service: [`Cluster::service`].
#[derive(Clone)]
pub struct ClusterService {
    server: Arc<Server>,
}

impl<B> tower::Service<Request<B>> for ClusterService
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<ResponseBody>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let server = self.server.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = Limited::new(body, MAX_BODY).collect();
            let Ok(body) = tokio::time::timeout(BODY_TIME, body).await else {
                return Err(std::io::ErrorKind::TimedOut.into());
            };
            let body = match body {
                Ok(body) => Ok(body.to_bytes()),
                Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                    Err(ApiError::too_large(MAX_BODY))
                }
                Err(error) => return Err(std::io::Error::other(error)),
            };
            server
                .handle(parts.method, &parts.uri, parts.headers, body)
                .await
                .map_err(|broken: Broken| {
                    std::io::Error::new(std::io::ErrorKind::ConnectionReset, broken)
                })
        })
    }
}
