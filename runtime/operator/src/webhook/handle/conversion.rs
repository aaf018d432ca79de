//! Conversion reviews (BEHAVIOUR D2).
//!
//! Objects that have the desired version already are given back as they are. The others are converted in groups of the
//! same version, each along its own chain of rules, and stay in their places.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use hookbox_sandbox::{Answer, Ask, Context, JsonText};
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::{Failed, Handler, LONGEST, Reply, deadline};
use crate::engine::{Question, Unanswered};
use crate::event::OperatorEvent;
use crate::webhook::admission::ReviewError;
use crate::webhook::conversion::{Chains, Head, Review, Rule, checked, render};
use crate::webhook::routes::Converter;

/// Why objects were not converted.
struct NotConverted {
    outcome: &'static str,
    message: String,
}

impl NotConverted {
    fn malformed(error: impl ToString) -> Self {
        Self {
            outcome: "malformed",
            message: error.to_string(),
        }
    }
}

type Objects = Vec<Box<RawValue>>;

impl Handler {
    /// Answers the review in `body` for the definition `name`; none when no hook converts it.
    ///
    /// # Errors
    /// The body is no review.
    pub(crate) async fn conversion(
        &self,
        name: &str,
        body: &[u8],
        timeout: Option<Duration>,
        came: Instant,
    ) -> Option<Result<Reply, ReviewError>> {
        let chains = self.own.routes.conversion.get(name)?;
        let review = match Review::read(body) {
            Ok(review) => review,
            Err(error) => return Some(Err(error)),
        };
        let within = deadline(timeout.unwrap_or(Duration::MAX).min(LONGEST));
        let result = self.convert(name, chains, &review, came, within).await;
        let outcome = match &result {
            Ok(_) => "converted",
            Err(failed) => {
                tracing::error!(
                    crd = name,
                    to = &*review.desired,
                    objects = review.objects.len(),
                    error = crate::api::one_line(&failed.message),
                    "objects were not converted"
                );
                failed.outcome
            }
        };
        let result = result.map_err(|failed| failed.message);
        Some(Ok(Reply {
            body: render(review.version, &review.uid, &result),
            kind: "conversion",
            webhook: name.to_owned(),
            outcome,
        }))
    }

    async fn convert(
        &self,
        name: &str,
        chains: &Chains<Converter>,
        review: &Review<'_>,
        came: Instant,
        within: Duration,
    ) -> Result<Objects, NotConverted> {
        let desired = &*review.desired;
        let mut groups: BTreeMap<Cow<'_, str>, Vec<usize>> = BTreeMap::new();
        for (index, object) in review.objects.iter().enumerate() {
            let head = Head::read(object, index).map_err(NotConverted::malformed)?;
            groups.entry(head.api_version).or_default().push(index);
        }
        let mut done: BTreeMap<usize, Box<RawValue>> = BTreeMap::new();
        for (version, places) in groups {
            let chain = chains.find(&version, desired).ok_or_else(|| NotConverted {
                outcome: "no-chain",
                message: format!("{name}: no hook converts from {version} to {desired}"),
            })?;
            let mut objects = Vec::with_capacity(places.len());
            for place in &places {
                let text = review.objects.get(*place).copied().unwrap_or_default();
                let text = RawValue::from_string(text.to_owned());
                objects.push(text.map_err(NotConverted::malformed)?);
            }
            for rule in chain {
                let step = Step {
                    group: chains.group(),
                    rule,
                    places: &places,
                };
                let converted = self.step(&step, review, objects, came, within).await;
                self.tell_step(name, &step, &converted);
                objects = converted?;
            }
            done.extend(places.into_iter().zip(objects));
        }
        Ok(done.into_values().collect())
    }

    /// What came of one rule.
    fn tell_step(&self, name: &str, step: &Step<'_>, converted: &Result<Objects, NotConverted>) {
        let Rule { from, to, whose } = step.rule;
        self.own.engine.tell(|| OperatorEvent::ObjectsConverted {
            hook: whose.hook_name.to_string(),
            binding: whose.binding.clone(),
            crd: name.to_owned(),
            from_version: from.clone(),
            to_version: to.clone(),
            objects: step.places.len(),
            outcome: match converted {
                Ok(_) => "converted",
                Err(failed) => failed.outcome,
            }
            .to_owned(),
            message: match converted {
                Ok(_) => String::new(),
                Err(failed) => failed.message.clone(),
            },
        });
    }

    /// One rule for objects of one version.
    async fn step(
        &self,
        step: &Step<'_>,
        review: &Review<'_>,
        before: Objects,
        came: Instant,
        within: Duration,
    ) -> Result<Objects, NotConverted> {
        let Rule { from, to, whose } = step.rule;
        let until = came + within;
        let context_review = self.own.engine.wants_review(whose.hook).then(|| {
            let objects: Vec<&str> = before.iter().map(|o| o.get()).collect();
            let request = format!(
                r#"{{"request":{{"uid":{},"desiredAPIVersion":{},"objects":[{}]}}}}"#,
                serde_json::Value::from(&*review.uid),
                serde_json::Value::from(&*review.desired),
                objects.join(",")
            );
            JsonText::from(request)
        });
        let question = Question {
            ask: Ask::Convert {
                binding: whose.binding.clone(),
                from_version: from.clone(),
                to_version: to.clone(),
                objects: before.iter().map(|o| o.get().to_owned()).collect(),
            },
            context: Context {
                binding: whose.binding.clone(),
                kind: Some("Conversion".to_owned()),
                from_version: Some(from.clone()),
                to_version: Some(to.clone()),
                review: context_review,
                snapshot_names: (!whose.snapshots.is_empty()).then(|| whose.snapshots.clone()),
                ..Context::default()
            },
            until,
        };
        let after = match self
            .ask(&self.own.engine, whose.hook, question, until)
            .await
        {
            Ok(Answer::Objects(objects)) => objects,
            Ok(_) => {
                return Err(NotConverted {
                    outcome: "no-answer",
                    message: "handle ConversionReview: hook task prop error".to_owned(),
                });
            }
            Err(failed) => return Err(not_converted(whose, to, &failed, within)),
        };
        if after.len() != before.len() {
            return Err(NotConverted {
                outcome: "wrong-objects",
                message: format!(
                    "hook `{}` gave {} objects for {}",
                    whose.hook_name,
                    after.len(),
                    before.len()
                ),
            });
        }
        let mut objects = Vec::with_capacity(after.len());
        for ((before, after), place) in before.iter().zip(&after).zip(step.places) {
            let object = checked(before.get(), after, *place, to, step.group);
            objects.push(object.map_err(|error| NotConverted {
                outcome: "wrong-objects",
                message: format!(
                    "hook `{}` converted to {to} wrongly: {error}",
                    whose.hook_name
                ),
            })?);
        }
        Ok(objects)
    }
}

struct Step<'s> {
    group: &'s str,
    rule: &'s Rule<Converter>,
    places: &'s [usize],
}

fn not_converted(whose: &Converter, to: &str, failed: &Failed, within: Duration) -> NotConverted {
    let message = match failed {
        Failed::Unanswered(Unanswered::Failed { message, .. }) => {
            format!("Hook failed to convert to {to}: {message}")
        }
        other => other.told(&whose.hook_name, within).1,
    };
    NotConverted {
        outcome: failed.outcome(),
        message,
    }
}
