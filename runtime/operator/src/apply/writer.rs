//! The writer: the only code that changes hooks' objects in a cluster.

use std::sync::Arc;
use std::time::Duration;

use hookbox_sandbox::ObjectPatch;
use kube::Client;

use super::error::{Cause, WriteError, WriteErrors};
use super::limiter::Limiter;
use super::secret;
use super::target::{Call, WriteQuery};
use super::{Applied, Checked, object_ref, operation};
use crate::api::{self, ApiError};
use crate::identity::impersonating;
use crate::kinds::Kinds;
use crate::leader::{self, Over, Term};
use crate::quota::Quota;
use crate::rule::Rule;
use crate::source::Tenant;

/// Patches in a row that the API server did not answer; the rest of the run is not tried then.
const SILENCES: u32 = 3;
/// How often a request is repeated that the API server was too busy for.
const BUSY_RETRIES: u32 = 5;
/// Longest pause that the API server may ask for.
const BUSY_PAUSE: Duration = Duration::from_secs(10);

/// Which objects are handed back with the result of a patch. They are held in memory until the run is recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Observe {
    /// None: what an operator needs.
    #[default]
    Nothing,
    /// Those that the API server sends anyway.
    Free,
    /// Both before and after; for a patch or a delete this costs one request more.
    Before,
}

/// How to write.
///
/// The names are those of shell-operator's `OBJECT_PATCHER_KUBE_CLIENT_*` settings. Its rates (5 a second, 10 at once)
/// make a hook that creates a hundred objects wait 18 s; the API server's own fairness protects it better, so ours
/// are ten times as high.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct WriterSettings {
    /// Requests a second; 0: no limit. Default 50.
    pub qps: f64,
    /// Requests that may go at once. Default 100.
    pub burst: u32,
    /// Time for one request. Default 10 s.
    pub timeout: Duration,
    /// How often a write is repeated that met somebody else's. Default 10.
    pub conflict_retries: u32,
    /// How long `Delete` waits until the object is gone. Default 20 s.
    pub delete_wait: Duration,
    /// Who owns the fields written. Default `hookbox`.
    pub field_manager: String,
    /// Ask the API server to do all but store the result (`dryRun=All`; every Kubernetes since 1.18 honours or
    /// refuses it). Patches of one run do not see each other's results then: a patch of an object that the same run
    /// creates fails as missing. `Delete` does not wait. Default false.
    pub dry_run: bool,
    /// Which objects to hand back.
    pub observe: Observe,
}

impl Default for WriterSettings {
    fn default() -> Self {
        Self {
            qps: 50.0,
            burst: 100,
            timeout: Duration::from_secs(10),
            conflict_retries: 10,
            delete_wait: Duration::from_secs(20),
            field_manager: "hookbox".to_owned(),
            dry_run: false,
            observe: Observe::Nothing,
        }
    }
}

/// Applies checked object patches through one client, and so as one identity. Clones share the rate limit.
#[derive(Clone)]
pub struct Writer {
    pub(super) client: Client,
    pub(super) kinds: Kinds,
    pub(super) settings: Arc<WriterSettings>,
    limiter: Arc<Limiter>,
    /// Nothing is written outside of it.
    term: Option<Term>,
    /// What the tenant may use as which is written.
    quota: Option<Arc<Quota>>,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// What became of a run's object patches.
#[derive(Debug, Default)]
pub struct Outcome {
    /// One result for each patch, in the order in which the hook asked for them.
    pub results: Vec<Result<Applied, WriteError>>,
}

impl Outcome {
    /// The patches that failed, joined; none when all were applied. One failed patch makes the run fail
    /// (BEHAVIOUR C1).
    #[must_use]
    pub fn errors(&self) -> Option<WriteErrors<'_>> {
        let failed: Vec<_> = self
            .results
            .iter()
            .filter_map(|r| r.as_ref().err())
            .collect();
        if failed.is_empty() {
            None
        } else {
            Some(WriteErrors(failed))
        }
    }
}

impl Writer {
    /// A writer with default settings.
    #[must_use]
    pub fn new(client: Client, kinds: Kinds) -> Self {
        Self::with_settings(client, kinds, WriterSettings::default())
    }

    /// A writer with these settings.
    #[must_use]
    pub fn with_settings(client: Client, kinds: Kinds, settings: WriterSettings) -> Self {
        let limiter = Arc::new(Limiter::new(settings.qps, settings.burst));
        Self {
            client,
            kinds,
            settings: Arc::new(settings),
            limiter,
            term: None,
            quota: None,
        }
    }

    /// A writer of the same kind that writes as a tenant, at a rate of its own and within the tenant's quota. What is
    /// hookbox's own it does not write, whatever RBAC says.
    #[must_use]
    pub fn for_tenant(&self, tenant: &Tenant, quota: &Arc<Quota>) -> Self {
        Self {
            client: impersonating(&self.client, tenant),
            limiter: Arc::new(Limiter::new(self.settings.qps, self.settings.burst)),
            quota: Some(quota.clone()),
            ..self.clone()
        }
    }

    /// Whether it writes as a tenant.
    pub(super) fn is_tenants(&self) -> bool {
        self.quota.is_some()
    }

    /// The same writer, for a leader's term: each request waits until the term holds, and none is sent once it is over.
    #[must_use]
    pub fn within(&self, term: &Term) -> Self {
        Self {
            term: Some(term.clone()),
            ..self.clone()
        }
    }

    /// Execute the patches one after the other. A failed one does not stop the following (BEHAVIOUR C1), except when
    /// the API server left several in a row without an answer: the rest would only wait.
    pub async fn apply(&self, checked: &Checked) -> Outcome {
        let mut results = Vec::with_capacity(checked.patches().len());
        let mut silences = 0;
        for (index, (patch, filter)) in checked.patches().enumerate() {
            let result = if silences < SILENCES {
                self.within_term(self.execute(patch, filter)).await
            } else {
                Err(Cause::Skipped(silences))
            };
            match &result {
                Err(cause) if cause.is_silence() => silences += 1,
                Err(Cause::Skipped(_)) => {}
                _ => silences = 0,
            }
            results.push(result.map_err(|cause| WriteError {
                index,
                operation: operation(patch),
                object: object_ref(patch),
                cause: secret::hide(cause, patch),
            }));
        }
        Outcome { results }
    }

    async fn execute(
        &self,
        patch: &ObjectPatch,
        filter: Option<&hookbox_jq::Filter>,
    ) -> Result<Applied, Cause> {
        match patch {
            ObjectPatch::Create { object } => self.create(patch, object).await,
            ObjectPatch::CreateIfNotExists { object } => {
                self.create_if_not_exists(patch, object).await
            }
            ObjectPatch::CreateOrUpdate { object } => self.create_or_update(patch, object).await,
            ObjectPatch::Delete(object) => self.delete(patch, object, "Foreground").await,
            ObjectPatch::DeleteInBackground(object) => {
                self.delete(patch, object, "Background").await
            }
            ObjectPatch::DeleteNonCascading(object) => self.delete(patch, object, "Orphan").await,
            ObjectPatch::MergePatch {
                object,
                patch: document,
                options,
            } => {
                self.patch(
                    patch,
                    object,
                    "application/merge-patch+json",
                    document,
                    options,
                )
                .await
            }
            ObjectPatch::JSONPatch {
                object,
                patch: document,
                options,
            } => {
                self.patch(
                    patch,
                    object,
                    "application/json-patch+json",
                    document,
                    options,
                )
                .await
            }
            ObjectPatch::JQPatch {
                object, options, ..
            } => {
                // The gate compiles the filter of every JQPatch.
                let filter =
                    filter.ok_or(Cause::FilterResult("nothing, as it was not compiled"))?;
                self.jq_patch(patch, object, filter, options).await
            }
        }
    }

    /// Cuts a patch short when the term is over: whether a request that is under way is executed is not known then.
    async fn within_term(
        &self,
        patch: impl Future<Output = Result<Applied, Cause>>,
    ) -> Result<Applied, Cause> {
        let Some(term) = &self.term else {
            return patch.await;
        };
        tokio::select! {
            biased;
            () = term.over() => Err(Cause::NotLeader),
            result = patch => result,
        }
    }

    pub(super) fn query(&self) -> WriteQuery {
        WriteQuery {
            field_manager: self.settings.field_manager.clone(),
            dry_run: self.settings.dry_run,
        }
    }

    /// One request within the rate limit. Repeated while the API server says that it is too busy for it: then it has
    /// not been executed.
    pub(super) async fn send(&self, call: Call) -> Result<bytes::Bytes, Cause> {
        let (head, body) = call.request.into_parts();
        let mut busy = 0;
        loop {
            self.limiter.take().await;
            if let Some(quota) = &self.quota {
                quota.api_call().await;
            }
            let mut request = http::Request::new(body.clone());
            *request.method_mut() = head.method.clone();
            *request.uri_mut() = head.uri.clone();
            *request.headers_mut() = head.headers.clone();
            if let Some(term) = &self.term {
                term.ready().await.map_err(|Over| Cause::NotLeader)?;
                leader::guard(&mut request, term);
            }
            match api::send(&self.client, request, self.settings.timeout).await {
                Ok(body) => return Ok(body),
                Err(error) => match pause(&error, busy) {
                    Some(pause) if busy < BUSY_RETRIES => {
                        busy += 1;
                        tokio::time::sleep(pause).await;
                    }
                    _ => return Err(cause(error, call.rule)),
                },
            }
        }
    }
}

/// How long to wait before the same request makes sense again; none where it does not.
fn pause(error: &ApiError, before: u32) -> Option<Duration> {
    let ApiError::Status {
        code, retry_after, ..
    } = error
    else {
        return None;
    };
    let wanted = match (code, retry_after) {
        (429, None) => Duration::from_secs(1).saturating_mul(1 << before.min(4)),
        // Without Retry-After a 503 may come from anything on the way, and the write may have happened.
        (429 | 503, Some(wanted)) => *wanted,
        _ => return None,
    };
    Some(wanted.min(BUSY_PAUSE))
}

fn cause(error: ApiError, rule: Rule) -> Cause {
    let denied = error.is_denied();
    match error {
        ApiError::Status { message, .. } if denied => Cause::Forbidden { message, rule },
        error => Cause::Api(error),
    }
}
