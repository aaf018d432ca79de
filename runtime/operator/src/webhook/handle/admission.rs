//! Admission reviews (BEHAVIOUR D1).

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use hookbox_sandbox::{AdmissionResponse, Answer, Ask, Context, JsonText};
use serde::de::IgnoredAny;
use tokio::time::Instant;

use super::{Failed, Handler, LONGEST, Reply, deadline};
use crate::engine::{Engine, Question};
use crate::event::OperatorEvent;
use crate::webhook::admission::{self, Review, ReviewError, as_go, render};
use crate::webhook::routes::Admission;
use crate::webhook::sites::{Key, Site};

impl Handler {
    /// Answers the review in `body` for the webhook `id` of the operator's own hooks. `timeout` is what the API server says
    /// that it waits.
    ///
    /// # Errors
    /// The body is no review.
    pub(crate) async fn admission(
        &self,
        id: &str,
        body: &[u8],
        timeout: Option<Duration>,
        came: Instant,
    ) -> Result<Reply, ReviewError> {
        let review = Review::read(body)?;
        let Some(webhook) = self.own.routes.admission_at(id) else {
            let message = format!("handle AdmissionReview: no hook found for 'hooks' '{id}'");
            tracing::warn!(id, "a review came for a webhook that is not there");
            let answer = admission::Answer::refused(500, message);
            return Ok(Reply {
                body: render(review.version, &review.head.uid, &answer),
                kind: "unknown",
                webhook: String::new(),
                outcome: "unknown",
            });
        };
        self.answer(&self.own, webhook, &review, timeout, came)
            .await
    }

    /// Waits until somebody answers for a Hook; none where that takes too long.
    pub(crate) async fn site_of(
        &self,
        hook: &Key,
        timeout: Option<Duration>,
        came: Instant,
    ) -> Option<Arc<Site>> {
        let within = deadline(timeout.unwrap_or(Duration::MAX).min(LONGEST));
        self.tenants.site_by(hook, came + within).await
    }

    /// Answers the review in `body` for the webhook `id` of a Hook. None where there is no such webhook (any more): what
    /// happens then is what the `failurePolicy` of the webhook says that the API server knows.
    pub(crate) async fn admission_of(
        &self,
        hook: &Key,
        mut site: Arc<Site>,
        id: &str,
        body: &[u8],
        timeout: Option<Duration>,
        came: Instant,
    ) -> Option<Result<Reply, ReviewError>> {
        let review = match Review::read(body) {
            Ok(review) => review,
            Err(error) => return Some(Err(error)),
        };
        loop {
            let webhook = site.routes.admission_at(id)?;
            let reply = self.answer(&site, webhook, &review, timeout, came).await;
            // Who was asked while it left did nothing: the one in its place is asked.
            match self.tenants.site(hook) {
                Some(now)
                    if !Arc::ptr_eq(&now, &site)
                        && reply.as_ref().is_ok_and(|r| r.outcome == Failed::NOT_READY) =>
                {
                    site = now;
                }
                _ => return Some(reply),
            }
        }
    }

    async fn answer(
        &self,
        site: &Site,
        webhook: &Admission,
        review: &Review<'_>,
        timeout: Option<Duration>,
        came: Instant,
    ) -> Result<Reply, ReviewError> {
        let (engine, config) = (&site.engine, &webhook.config);
        let (answer, outcome) = self.decide(engine, webhook, review, timeout, came).await?;
        let (hook, name) = (&*webhook.hook_name, &*config.name);
        let message = match answer.allowed {
            true => Cow::Owned(answer.warnings.join("; ")),
            false => Cow::Borrowed(&*answer.message),
        };
        if let Some(recent) = &engine.recent {
            recent.reviewed(hook, name, outcome, answer.allowed, &message);
        }
        engine.tell_others(|| OperatorEvent::ReviewAnswered {
            hook: hook.to_owned(),
            webhook: name.to_owned(),
            kind: webhook.kind().to_owned(),
            outcome: outcome.to_owned(),
            allowed: answer.allowed,
            message: message.into_owned(),
        });
        Ok(Reply {
            body: render(review.version, &review.head.uid, &answer),
            kind: webhook.kind(),
            webhook: engine.scoped(name),
            outcome,
        })
    }

    async fn decide(
        &self,
        engine: &Arc<Engine>,
        webhook: &Admission,
        review: &Review<'_>,
        timeout: Option<Duration>,
        came: Instant,
    ) -> Result<(admission::Answer, &'static str), ReviewError> {
        let name = &webhook.config.name;
        if let Some(namespace) = &webhook.namespace
            && *namespace != review.head.namespace
        {
            let message = format!("webhook `{name}` answers for namespace `{namespace}` only");
            tracing::warn!(
                webhook = name,
                namespace = &*review.head.namespace,
                "a review of another namespace than the tenant's was refused"
            );
            return Ok((admission::Answer::refused(403, message), "other-namespace"));
        }
        let within = deadline(timeout.unwrap_or(Duration::MAX).min(webhook.timeout()));
        let until = came + within;
        let question = question(engine, webhook, review, until)?;
        Ok(
            match self.ask(engine, webhook.hook, question, until).await {
                Ok(Answer::Admission(response)) => answered(webhook, response),
                Ok(_) => {
                    tracing::error!(
                        webhook = name,
                        hook = &*webhook.hook_name,
                        ignored = webhook.ignores_failures(),
                        "the hook wrote no answer to a review"
                    );
                    let message = "handle AdmissionReview: hook task prop error".to_owned();
                    (policy(webhook, 500, message), "no-answer")
                }
                Err(failed) => unanswered(webhook, &failed, within),
            },
        )
    }
}

fn question(
    engine: &Engine,
    webhook: &Admission,
    review: &Review<'_>,
    until: Instant,
) -> Result<Question, ReviewError> {
    let config = &webhook.config;
    let context_review = match engine.wants_review(webhook.hook) {
        false => None,
        true => {
            let request = as_go(review.request).map_err(|source| ReviewError::Json {
                kind: "AdmissionReview",
                source,
            })?;
            Some(JsonText::from(format!(r#"{{"request":{request}}}"#)))
        }
    };
    let (binding, request) = (config.name.clone(), review.request.to_owned());
    let (kind, ask) = if webhook.mutates {
        ("Mutating", Ask::Mutate { binding, request })
    } else {
        ("Validating", Ask::Validate { binding, request })
    };
    let snapshots = &config.include_snapshots_from;
    Ok(Question {
        ask,
        context: Context {
            binding: config.name.clone(),
            kind: Some(kind.to_owned()),
            review: context_review,
            snapshot_names: (!snapshots.is_empty()).then(|| snapshots.clone()),
            ..Context::default()
        },
        until,
    })
}

fn answered(webhook: &Admission, response: AdmissionResponse) -> (admission::Answer, &'static str) {
    let outcome = if response.allowed {
        "allowed"
    } else {
        "denied"
    };
    let message = response.message.unwrap_or_default();
    if !response.allowed {
        tracing::info!(
            webhook = webhook.config.name,
            hook = &*webhook.hook_name,
            said = crate::api::one_line(&message),
            "a request was denied"
        );
    }
    if response.patch.is_some() && !webhook.mutates {
        tracing::warn!(
            webhook = webhook.config.name,
            hook = &*webhook.hook_name,
            "the patch of a validating hook is left out: the API server takes none"
        );
    }
    // One that changes nothing is none.
    let patch = response.patch.filter(|patch| {
        let operations = serde_json::from_str::<Vec<IgnoredAny>>(patch);
        webhook.mutates && operations.map_or(true, |all| !all.is_empty())
    });
    let answer = admission::Answer {
        allowed: response.allowed,
        code: 403,
        message,
        warnings: response.warnings,
        audit_annotations: response.audit_annotations,
        patch: patch.map(|patch| patch.to_string()),
    };
    (answer, outcome)
}

/// What is answered where the hook gave no answer: as `failurePolicy` says.
fn unanswered(
    webhook: &Admission,
    failed: &Failed,
    within: Duration,
) -> (admission::Answer, &'static str) {
    let ignored = webhook.ignores_failures();
    tracing::error!(
        webhook = webhook.config.name,
        hook = &*webhook.hook_name,
        code = failed.code(),
        error = failed.why(),
        ignored,
        "a review got no answer of its hook"
    );
    let (code, message) = failed.told(&webhook.hook_name, within);
    (policy(webhook, code, message), failed.outcome())
}

/// Refused or ignored, as the webhook's `failurePolicy` says.
fn policy(webhook: &Admission, code: u16, message: String) -> admission::Answer {
    if webhook.ignores_failures() {
        let name = &webhook.config.name;
        admission::Answer::ignored(format!("webhook {name} was ignored: {message}"))
    } else {
        admission::Answer::refused(code, message)
    }
}
