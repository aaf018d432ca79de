//! Whether a tenant may list and watch a collection, asked again and again.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use kube::Client;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use crate::api::{self, ApiError};
use crate::source::Tenant;
use crate::watch::WatchSpec;

const REVIEWS: &str = "/apis/authorization.k8s.io/v1/subjectaccessreviews";

/// Pause after a check that could not be made; it doubles, up to the period.
const AGAIN: Duration = Duration::from_secs(1);

/// How access is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessSettings {
    /// Time between two checks, at most. Each asks for one of `list` and `watch` in turn, so that who loses both loses the
    /// snapshot within this time, and who loses one of them within twice as long. Default 30 s.
    pub period: Duration,
    /// Time for one check. Default 10 s.
    pub timeout: Duration,
    /// Checks under way at a time, of all tenants together. Default 8.
    pub parallel: usize,
    /// Access that could not be checked for so long, because the API server does not answer, is taken for lost. Default
    /// 150 s.
    pub lapse: Duration,
}

impl Default for AccessSettings {
    fn default() -> Self {
        Self {
            period: Duration::from_secs(30),
            timeout: Duration::from_secs(10),
            parallel: 8,
            lapse: Duration::from_secs(150),
        }
    }
}

/// Whether a tenant may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nobody has asked yet.
    Unknown,
    /// It may.
    Allowed,
    /// It may not.
    Denied {
        /// What the API server says, if anything.
        reason: String,
    },
    /// It cannot be found out: so it may not.
    Unchecked {
        /// Why.
        reason: String,
    },
}

/// Checks whether tenants may list and watch. Clones are the same; the same question is asked once for all who want to
/// know.
#[derive(Debug, Clone)]
pub struct Access(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    client: Reviewer,
    settings: AccessSettings,
    turns: Semaphore,
    rights: Mutex<HashMap<Question, Weak<Entry>>>,
    checks: AtomicU64,
}

struct Reviewer(Client);

impl std::fmt::Debug for Reviewer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reviewer")
    }
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Question {
    tenant: Tenant,
    group: String,
    version: String,
    resource: String,
    namespace: Option<String>,
    name: Option<String>,
}

impl Question {
    fn of(tenant: &Tenant, spec: &WatchSpec) -> Self {
        Self {
            tenant: tenant.clone(),
            group: spec.resource.group.clone(),
            version: spec.resource.version.clone(),
            resource: spec.resource.plural.clone(),
            namespace: spec.namespace.clone(),
            name: spec.fields.as_deref().and_then(one_name).map(str::to_owned),
        }
    }
}

/// The one name that a field selector lets through: the API server asks for access to that object then.
fn one_name(fields: &str) -> Option<&str> {
    // With an escaped comma the terms are others than they seem. Asking for more than is needed does no harm.
    if fields.contains('\\') {
        return None;
    }
    let name = fields.split(',').find_map(|term| {
        let value = term.strip_prefix("metadata.name=")?;
        Some(value.strip_prefix('=').unwrap_or(value))
    })?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:".contains(&b);
    (!name.is_empty() && name.bytes().all(plain)).then_some(name)
}

#[derive(Debug)]
struct Entry {
    state: Arc<EntryState>,
    _task: AbortOnDropHandle<()>,
}

#[derive(Debug)]
struct EntryState {
    verdict: watch::Sender<Verdict>,
    /// Look again now.
    poke: Notify,
    /// What the API server refused although the check allowed it.
    refused: Mutex<Option<String>>,
}

/// Whether one tenant may list and watch one collection, as far as is known.
#[derive(Debug, Clone)]
pub struct Right {
    entry: Arc<Entry>,
    verdict: watch::Receiver<Verdict>,
}

impl Access {
    /// Asks by this client, which may create SubjectAccessReviews.
    #[must_use]
    pub fn new(client: Client, settings: AccessSettings) -> Self {
        Self(Arc::new(Shared {
            client: Reviewer(client),
            turns: Semaphore::new(settings.parallel.clamp(1, Semaphore::MAX_PERMITS)),
            settings,
            rights: Mutex::default(),
            checks: AtomicU64::new(0),
        }))
    }

    /// SubjectAccessReviews made so far.
    #[must_use]
    pub fn checks(&self) -> u64 {
        self.0.checks.load(Ordering::Relaxed)
    }

    /// Whether `tenant` may list and watch what `spec` says; checked for as long as somebody holds it.
    #[must_use]
    pub fn right(&self, tenant: &Tenant, spec: &WatchSpec) -> Right {
        let question = Question::of(tenant, spec);
        let mut rights = self.0.rights.lock().unwrap_or_else(PoisonError::into_inner);
        let known = rights.get(&question).and_then(Weak::upgrade);
        let entry = known.unwrap_or_else(|| {
            if rights.len() >= 64 && rights.len().is_power_of_two() {
                rights.retain(|_, entry| entry.strong_count() > 0);
            }
            let state = Arc::new(EntryState {
                verdict: watch::Sender::new(Verdict::Unknown),
                poke: Notify::new(),
                refused: Mutex::default(),
            });
            let task = keep(Arc::clone(&self.0), question.clone(), state.clone());
            let entry = Arc::new(Entry {
                state,
                _task: AbortOnDropHandle::new(tokio::spawn(task)),
            });
            rights.insert(question, Arc::downgrade(&entry));
            entry
        });
        drop(rights);
        let verdict = entry.state.verdict.subscribe();
        Right { entry, verdict }
    }
}

impl Right {
    /// As far as is known now.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict.borrow().clone()
    }

    /// Waits until the verdict is another one than when it was last looked at here.
    pub async fn changed(&mut self) -> Verdict {
        // The sender is the entry's, which this holds.
        let _ = self.verdict.changed().await;
        self.verdict.borrow_and_update().clone()
    }

    /// The API server refused what the check had allowed: that counts, until the next check at least.
    pub fn refused(&self, reason: &str) {
        let state = &self.entry.state;
        let mut refused = state.refused.lock().unwrap_or_else(PoisonError::into_inner);
        *refused = Some(reason.to_owned());
        drop(refused);
        state.poke.notify_one();
    }
}

/// Checks until nobody wants to know any more.
async fn keep(shared: Arc<Shared>, question: Question, state: Arc<EntryState>) {
    let settings = &shared.settings;
    let mut checked = Instant::now();
    let mut pause = AGAIN;
    let mut turn = 0_usize;
    loop {
        let allowed = *state.verdict.borrow() == Verdict::Allowed;
        let refused = {
            let mut refused = state.refused.lock().unwrap_or_else(PoisonError::into_inner);
            refused.take()
        };
        let verdict = match refused {
            Some(reason) => Ok(Verdict::Denied { reason }),
            // Nothing to ask of the whole of it again: one verb in turn.
            None if allowed => {
                turn = turn.wrapping_add(1);
                let verb = if turn.is_multiple_of(2) {
                    "list"
                } else {
                    "watch"
                };
                shared.check(&question, &[verb]).await
            }
            None => shared.check(&question, &["list", "watch"]).await,
        };
        let next = match verdict {
            Ok(verdict) => {
                checked = Instant::now();
                pause = AGAIN;
                tell(&state, verdict);
                settings.period.mul_f64(0.8 + 0.2 * fastrand::f64())
            }
            Err(error) => {
                let lapsed = checked.elapsed() >= settings.lapse;
                if !allowed || lapsed {
                    tell(
                        &state,
                        Verdict::Unchecked {
                            reason: api::one_line(&api::chain(&error)),
                        },
                    );
                }
                let next = pause.min(settings.period);
                pause = pause.saturating_mul(2);
                match allowed && !lapsed {
                    // Once more at the very end, and not first some time after it.
                    true => next.min(settings.lapse.saturating_sub(checked.elapsed())),
                    false => next,
                }
            }
        };
        tokio::select! {
            () = tokio::time::sleep(next) => {}
            () = state.poke.notified() => {}
        }
    }
}

fn tell(state: &EntryState, verdict: Verdict) {
    state.verdict.send_if_modified(|known| {
        let new = *known != verdict;
        *known = verdict;
        new
    });
}

#[derive(Debug, Deserialize)]
struct Review {
    #[serde(default)]
    status: ReviewStatus,
}

#[derive(Debug, Default, Deserialize)]
struct ReviewStatus {
    #[serde(default)]
    allowed: bool,
    #[serde(default)]
    denied: bool,
    #[serde(default)]
    reason: String,
}

impl Shared {
    /// Asks for each verb, until one is denied.
    async fn check(&self, question: &Question, verbs: &[&str]) -> Result<Verdict, ApiError> {
        for verb in verbs {
            let status = self.ask(question, verb).await?;
            if !status.allowed || status.denied {
                return Ok(Verdict::Denied {
                    reason: status.reason,
                });
            }
        }
        Ok(Verdict::Allowed)
    }

    async fn ask(&self, question: &Question, verb: &str) -> Result<ReviewStatus, ApiError> {
        let Ok(_turn) = self.turns.acquire().await else {
            return Err(ApiError::Timeout(Duration::ZERO));
        };
        self.checks.fetch_add(1, Ordering::Relaxed);
        let mut attributes = json!({
            "verb": verb,
            "group": question.group,
            "version": question.version,
            "resource": question.resource,
        });
        for (field, value) in [("namespace", &question.namespace), ("name", &question.name)] {
            if let (Some(value), Some(attributes)) = (value, attributes.as_object_mut()) {
                attributes.insert(field.to_owned(), value.as_str().into());
            }
        }
        // Here the groups have to be said; impersonation finds them by itself.
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": question.tenant.user(),
                "groups": question.tenant.groups(),
                "resourceAttributes": attributes,
            },
        });
        let request = http::Request::post(REVIEWS)
            .header(http::header::ACCEPT, "application/json")
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(review.to_string().into_bytes())
            .map_err(ApiError::Request)?;
        let review: Review = api::request(&self.client.0, request, self.settings.timeout).await?;
        Ok(review.status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_of_one_name_is_a_question_of_that_object() {
        for (fields, name) in [
            ("metadata.name=a", Some("a")),
            ("metadata.name==a", Some("a")),
            ("metadata.name=a.b,spec.x=y", Some("a.b")),
            ("spec.x=y,metadata.name=a", Some("a")),
            ("metadata.name!=a", None),
            ("metadata.namespace=a", None),
            ("metadata.name=", None),
            (r"metadata.name=a\,b", None),
            (r"spec.x=y\,metadata.name=a", None),
            ("", None),
        ] {
            assert_eq!(one_name(fields), name, "{fields}");
        }
    }
}
