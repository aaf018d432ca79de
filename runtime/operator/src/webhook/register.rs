//! What the API server is told of the webhooks, and kept so.

mod admission;
mod conversion;
mod tenants;

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::ByteString;
use kube::Client;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::tls::Trust;
use crate::api::{self, ApiError};
use crate::backoff::{Backoff, seconds};
use crate::http::Readiness;
use crate::metrics::SelfMetrics;
use crate::rule::Rule;

pub(crate) use admission::{Admissions, Kind};
pub(crate) use conversion::Conversion;
pub(crate) use tenants::{Reached, TenantRegistrar};

/// Time for one request.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest pause while something is waited for that is not there.
const MISSING: Duration = Duration::from_secs(5);
/// First pause after a failure.
pub(super) const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// How the API server reaches an address.
#[derive(Debug, Clone)]
pub(crate) enum Way {
    /// By a service, at port 443.
    Service { namespace: String, name: String },
    /// By a URL without a path.
    Url(String),
}

impl Way {
    /// A `clientConfig` for this path.
    fn client_config(&self, path: &str, trust: &Trust) -> Value {
        let mut config = match self {
            Self::Service { namespace, name } => {
                json!({"service": {"namespace": namespace, "name": name, "path": path, "port": 443}})
            }
            Self::Url(base) => json!({"url": format!("{}{path}", base.trim_end_matches('/'))}),
        };
        if let (Trust::Bundle(bundle), Some(config)) = (trust, config.as_object_mut()) {
            let bundle = ByteString(bundle.as_bytes().to_vec());
            let bundle = serde_json::to_value(bundle).unwrap_or_default();
            config.insert("caBundle".to_owned(), bundle);
        }
        config
    }
}

/// Something that is to be registered.
pub(crate) enum Target {
    Admissions(Admissions),
    Conversion(Conversion),
}

/// Whether something had to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    Written,
    AsItWas,
    /// What is to be changed is not there yet.
    Missing,
}

impl Target {
    fn kind(&self) -> &'static str {
        match self {
            Self::Admissions(target) => target.kind.kind(),
            Self::Conversion(_) => "CustomResourceDefinition",
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Admissions(target) => &target.name,
            Self::Conversion(target) => &target.name,
        }
    }

    async fn ensure(&self, api: &Api, trust: &Trust) -> Result<Done, ApiError> {
        match self {
            Self::Admissions(target) => target.ensure(api, trust).await,
            Self::Conversion(target) => target.ensure(api, trust).await,
        }
    }

    async fn remove(&self, api: &Api) -> Result<Done, ApiError> {
        match self {
            Self::Admissions(target) => target.remove(api).await,
            Self::Conversion(target) => target.remove(api).await,
        }
    }

    fn rule(&self) -> Rule {
        let (verbs, group, resource): (&'static [&'static str], _, _) = match self {
            Self::Admissions(target) => (
                &["get", "create", "update", "delete"],
                "admissionregistration.k8s.io",
                target.kind.resource(),
            ),
            Self::Conversion(_) => (
                &["get", "update"],
                "apiextensions.k8s.io",
                "customresourcedefinitions",
            ),
        };
        Rule {
            verbs,
            group: group.to_owned(),
            resource: resource.to_owned(),
            namespace: None,
        }
    }
}

/// Plain requests for objects as values.
#[derive(Clone)]
pub(crate) struct Api(pub(crate) Client);

impl Api {
    pub(crate) async fn get(&self, path: &str) -> Result<Option<Value>, ApiError> {
        match self.send("GET", path, &Value::Null).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Result<Value, ApiError> {
        let body = match body {
            Value::Null => Vec::new(),
            body => serde_json::to_vec(body).map_err(ApiError::Answer)?,
        };
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(body)
            .map_err(ApiError::Request)?;
        api::request(&self.0, request, TIMEOUT).await
    }
}

/// After a pause; never without one.
async fn after(pause: Option<Duration>) {
    match pause {
        Some(pause) => tokio::time::sleep(pause).await,
        None => std::future::pending().await,
    }
}

/// Keeps one thing registered.
pub(crate) struct Registrar {
    pub(crate) target: Target,
    pub(crate) api: Api,
    pub(crate) trust: watch::Receiver<Option<Trust>>,
    pub(crate) metrics: Arc<SelfMetrics>,
    pub(crate) readiness: Readiness,
    pub(crate) interval: Duration,
    /// Whether this replica leads. Others' hooks may be of another version: only the leader's are registered.
    pub(crate) leads: watch::Receiver<bool>,
    /// Whether it is taken back at the end.
    pub(crate) unregister: bool,
}

impl Registrar {
    fn key(&self) -> String {
        format!("webhook {} {}", self.target.kind(), self.target.name())
    }

    /// Not ready before the first attempt is over.
    pub(crate) fn announce(&self) {
        let text = format!(
            "{} {} to be written",
            self.target.kind(),
            self.target.name()
        );
        self.readiness.wait_for(&self.key(), &text);
    }

    /// Writes it, again where somebody changed it and when the authority changes, until the operator stops.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut pauses = Backoff::new(FIRST_PAUSE.min(self.interval), self.interval);
        loop {
            if !*self.leads.borrow_and_update() {
                self.readiness.done(&self.key());
                tokio::select! {
                    biased;
                    () = stop.cancelled() => break,
                    changed = self.leads.changed() => if changed.is_err() { break },
                }
                continue;
            }
            let trust = self.trust.borrow_and_update().clone();
            let pause = match &trust {
                None => None,
                Some(trust) => {
                    let done = tokio::select! {
                        biased;
                        () = stop.cancelled() => break,
                        done = self.target.ensure(&self.api, trust) => done,
                    };
                    Some(self.tell(done, &mut pauses))
                }
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                changed = self.trust.changed() => if changed.is_err() { break },
                changed = self.leads.changed() => if changed.is_err() { break },
                () = after(pause) => {}
            }
        }
        if self.unregister {
            self.remove().await;
        }
    }

    /// What came of an attempt, and the pause until the next one.
    fn tell(&self, done: Result<Done, ApiError>, pauses: &mut Backoff) -> Duration {
        let (kind, name) = (self.target.kind(), self.target.name());
        self.readiness.done(&self.key());
        match done {
            Ok(Done::Missing) => {
                let text = format!("{kind} {name}: it is not there yet");
                self.readiness.without(&self.key(), &text);
                self.metrics.webhook_registered(kind, name, false, 0.0);
                if pauses.is_fresh() {
                    tracing::warn!(kind, name, "it is not there yet; it is waited for");
                }
                pauses.next_pause().min(MISSING)
            }
            Ok(done) => {
                self.readiness.without_no_more(&self.key());
                self.metrics.webhook_registered(kind, name, true, 0.0);
                if done == Done::Written {
                    tracing::info!(kind, name, "webhooks registered");
                }
                pauses.reset();
                self.interval
            }
            Err(error) => {
                let mut text = api::chain(&error);
                if error.is_denied() {
                    text = format!("{text}. {}", self.target.rule());
                }
                let pause = if error.is_conflict() {
                    // Somebody else wrote in between: look again at once, or nearly so.
                    Duration::from_millis(50)
                } else {
                    pauses.next_pause()
                };
                self.metrics.webhook_registered(kind, name, false, 1.0);
                self.readiness
                    .without(&self.key(), &format!("{kind} {name}: {text}"));
                tracing::error!(
                    kind,
                    name,
                    error = api::one_line(&text),
                    retry_in_seconds = seconds(pause),
                    "webhooks not registered; it is tried again"
                );
                pause
            }
        }
    }

    async fn remove(&self) {
        let (kind, name) = (self.target.kind(), self.target.name());
        match self.target.remove(&self.api).await {
            Ok(Done::Written) => tracing::info!(kind, name, "webhooks taken back"),
            Ok(_) => {}
            Err(error) => tracing::error!(
                kind,
                name,
                error = api::one_line(&api::chain(&error)),
                "webhooks could not be taken back"
            ),
        }
    }
}
