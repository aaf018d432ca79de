//! Admission webhooks: asked before anything is written, as the ValidatingWebhookConfigurations and
//! MutatingWebhookConfigurations say, by URL or behind a service that leads somewhere. Each is asked once
//! (`reinvocationPolicy: Never`). Only custom resources have versions that are equivalent to one another
//! (`matchPolicy: Equivalent`).

mod conditions;
mod matching;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

pub(crate) use conditions::check as check_conditions;

use self::conditions::Decision;
use crate::error::ApiError;
use crate::kinds::Kind;
use crate::patch::JsonPatch;
use crate::request::{Call, FieldValidation};
use crate::server::Server;
use crate::store::prefix;
use crate::tree::Tree;
use crate::verbs::{conform, prepare};
use crate::webhook;
use crate::{base64, names};

const GROUP: &str = "admissionregistration.k8s.io";
const MUTATING: &str = "mutatingwebhookconfigurations";
const VALIDATING: &str = "validatingwebhookconfigurations";
/// The longest time that a webhook may ask for, in seconds.
const LONGEST: u64 = 30;

/// What is to happen to an object.
#[derive(Clone, Copy)]
pub(crate) struct Change<'a> {
    pub(crate) call: &'a Call,
    /// `CREATE`, `UPDATE` or `DELETE`.
    pub(crate) operation: &'static str,
    /// As it is to be.
    pub(crate) object: Option<&'a Value>,
    /// As it is.
    pub(crate) old: Option<&'a Value>,
    /// In which version a webhook sees it.
    kind: &'a Arc<Kind>,
}

impl<'a> Change<'a> {
    pub(crate) fn new(
        call: &'a Call,
        operation: &'static str,
        object: Option<&'a Value>,
        old: Option<&'a Value>,
    ) -> Self {
        Self {
            call,
            operation,
            object,
            old,
            kind: &call.kind,
        }
    }
}

impl Change<'_> {
    /// Name of the object: none when one is to be made up.
    fn name(&self) -> &str {
        let given = self.object.or(self.old);
        match given.map_or("", |object| prepare::text(object, "name")) {
            "" => self.call.named(),
            name => name,
        }
    }

    fn request(&self, uid: &str) -> Value {
        let Self {
            call,
            operation,
            object,
            old,
            kind,
        } = self;
        let names = |kind: &Kind| match kind.subresource(call.sub()) {
            Some(sub) => json!({"group": sub.group, "version": sub.version, "kind": sub.kind}),
            None => json!({"group": kind.group, "version": kind.version, "kind": kind.kind}),
        };
        let resource = |kind: &Kind| json!({"group": kind.group, "version": kind.version, "resource": kind.plural});
        let options = match *operation {
            "CREATE" => "CreateOptions",
            "DELETE" => "DeleteOptions",
            _ => "UpdateOptions",
        };
        let user = &call.user;
        let mut info = json!({"username": user.name, "groups": user.groups});
        if !user.uid.is_empty() {
            info.put("uid", user.uid.clone());
        }
        if !user.extra.is_empty() {
            info.put("extra", json!(user.extra));
        }
        let mut request = json!({
            "uid": uid, "kind": names(kind), "resource": resource(kind),
            "requestKind": names(&call.kind), "requestResource": resource(&call.kind),
            "operation": operation, "userInfo": info, "object": object, "oldObject": old,
            "dryRun": call.query.dry_run().unwrap_or_default(),
            "options": {"kind": options, "apiVersion": "meta.k8s.io/v1"},
        });
        let texts = [
            ("name", self.name()),
            ("namespace", call.namespace.as_deref().unwrap_or_default()),
            ("subResource", call.sub()),
            ("requestSubResource", call.sub()),
        ];
        for (key, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
            request.put(key, text);
        }
        request
    }
}

/// Objects in the version that a webhook wants, where that is another one than the request's.
#[derive(Default)]
struct Seen {
    object: Option<Value>,
    old: Option<Value>,
}

impl Seen {
    fn change<'a>(&'a self, change: &Change<'a>, kind: &'a Arc<Kind>) -> Change<'a> {
        Change {
            object: self.object.as_ref().or(change.object),
            old: self.old.as_ref().or(change.old),
            kind,
            ..*change
        }
    }
}

/// What a webhook said.
#[derive(Default)]
struct Answer {
    patch: Option<Vec<u8>>,
    warnings: Vec<String>,
}

impl Server {
    /// Asks the mutating webhooks, one after the other: the object as they make it, and their warnings.
    pub(crate) async fn mutate(
        &self,
        call: &Call,
        operation: &'static str,
        mut object: Value,
        old: Option<&Value>,
        warnings: &mut Vec<String>,
    ) -> Result<Value, ApiError> {
        for webhook in self.webhooks(call, MUTATING) {
            let change = Change::new(call, operation, Some(&object), old);
            let Some(kind) = matching::matches(self, &webhook, &change) else {
                continue;
            };
            let seen = self.seen_as(&change, &kind).await?;
            let answer = self.ask(&webhook, &seen.change(&change, &kind)).await?;
            warnings.extend(answer.warnings);
            let Some(patch) = answer.patch else { continue };
            let patched =
                JsonPatch::parse(&patch)?.apply(seen.object.as_ref().unwrap_or(&object))?;
            object = match seen.object {
                Some(_) => {
                    let mut back = self.converted(&call.kind, vec![patched]).await?;
                    back.pop().unwrap_or_default()
                }
                None => patched,
            };
            if call.sub() != "scale" {
                conform(&call.kind, &mut object, FieldValidation::Ignore)?;
            }
        }
        Ok(object)
    }

    /// The objects of a change as another version of their kind shows them.
    async fn seen_as(&self, change: &Change<'_>, kind: &Kind) -> Result<Seen, ApiError> {
        let call = change.call;
        // A Scale is the same for all.
        if kind.version == call.kind.version || call.sub() == "scale" {
            return Ok(Seen::default());
        }
        let mut seen = Seen::default();
        for (from, to) in [
            (change.object, &mut seen.object),
            (change.old, &mut seen.old),
        ] {
            if let Some(from) = from {
                *to = self.converted(kind, vec![from.clone()]).await?.pop();
            }
        }
        Ok(seen)
    }

    /// Asks the mutating webhooks about what has no new object, and then the validating ones.
    pub(crate) async fn admit_delete(
        &self,
        call: &Call,
        old: &Value,
        warnings: &mut Vec<String>,
    ) -> Result<(), ApiError> {
        let change = Change::new(call, "DELETE", None, Some(old));
        for webhook in self.webhooks(call, MUTATING) {
            if let Some(kind) = matching::matches(self, &webhook, &change) {
                let seen = self.seen_as(&change, &kind).await?;
                let answer = self.ask(&webhook, &seen.change(&change, &kind)).await?;
                warnings.extend(answer.warnings);
            }
        }
        self.validate(&change, warnings).await
    }

    /// Asks the validating webhooks.
    pub(crate) async fn validate(
        &self,
        change: &Change<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<(), ApiError> {
        let webhooks = self.webhooks(change.call, VALIDATING);
        let asked = webhooks.iter().filter_map(|webhook| {
            let kind = matching::matches(self, webhook, change)?;
            Some(async move {
                let seen = self.seen_as(change, &kind).await?;
                self.ask(webhook, &seen.change(change, &kind)).await
            })
        });
        for answer in futures::future::join_all(asked).await {
            warnings.extend(answer?.warnings);
        }
        Ok(())
    }

    /// All webhooks of all configurations, by their names. What configures webhooks is not itself reviewed.
    fn webhooks(&self, call: &Call, plural: &str) -> Vec<Value> {
        let own = [MUTATING, VALIDATING].contains(&call.kind.plural.as_str());
        if own && call.kind.group == GROUP {
            return Vec::new();
        }
        let kinds = self.registry.kinds();
        let Some(kind) = kinds.resource(GROUP, "v1", plural) else {
            return Vec::new();
        };
        if self.store.count(kind.table) == 0 {
            return Vec::new();
        }
        let all = self
            .store
            .list(kind.table, &prefix(None), None, None, 0, &|_| true);
        let mut webhooks = Vec::new();
        for stored in all.map(|page| page.items).unwrap_or_default() {
            let config = stored.value();
            let list = config.at("webhooks").as_array().cloned();
            webhooks.extend(list.unwrap_or_default());
        }
        webhooks
    }

    async fn ask(&self, webhook: &Value, change: &Change<'_>) -> Result<Answer, ApiError> {
        let name = webhook.at("name").as_str().unwrap_or_default();
        let ignored = webhook.at("failurePolicy") == "Ignore";
        match conditions::decide(webhook, change) {
            Decision::Ask => {}
            Decision::Skip => return Ok(Answer::default()),
            Decision::Failed(why) if ignored => {
                tracing::warn!(webhook = name, error = why, "a webhook was ignored");
                return Ok(Answer::default());
            }
            Decision::Failed(why) => {
                let kind = &change.call.kind;
                let named = change.name();
                let error = ApiError::forbidden(&kind.group, &kind.plural, named, &why);
                return Err(error.by_webhook());
            }
        }
        match self.review(name, webhook, change).await {
            Ok(answer) => answer.map_err(ApiError::by_webhook),
            Err(why) if ignored => {
                tracing::warn!(webhook = name, error = why, "a webhook was ignored");
                Ok(Answer::default())
            }
            Err(why) => Err(
                ApiError::internal(format!("failed calling webhook {name:?}: {why}")).by_webhook(),
            ),
        }
    }

    /// What the webhook says, or why it says nothing.
    async fn review(
        &self,
        name: &str,
        webhook: &Value,
        change: &Change<'_>,
    ) -> Result<Result<Answer, ApiError>, String> {
        let uid = names::uid();
        let body = json!({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": change.request(&uid)});
        let seconds = webhook.at("timeoutSeconds").as_u64().unwrap_or(10);
        let timeout = Duration::from_secs(seconds.clamp(1, LONGEST));
        let client = webhook.at("clientConfig");
        let review = webhook::post(&self.services, client, &body, timeout).await;
        let review = review.map_err(|why| format!("failed to call webhook: {why}"))?;
        let given = (review.at("apiVersion"), review.at("kind"));
        if given.0 != "admission.k8s.io/v1" || given.1 != "AdmissionReview" {
            return Err(format!(
                "expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got {}, Kind={}",
                given.0.as_str().unwrap_or_default(),
                given.1.as_str().unwrap_or_default()
            ));
        }
        let response = review.at("response");
        if response.at("uid") != uid.as_str() {
            return Err(format!(
                "expected response.uid={uid:?}, got {}",
                response.at("uid")
            ));
        }
        let warnings = response.at("warnings").as_array().into_iter().flatten();
        let warnings = warnings
            .filter_map(|w| Some(w.as_str()?.to_owned()))
            .collect();
        if response.at("allowed") != true {
            let status = response.at("status");
            let told = |key: &str| status.at(key).as_str().filter(|text| !text.is_empty());
            let message = match told("message").or(told("reason")) {
                Some(why) => format!("admission webhook {name:?} denied the request: {why}"),
                None => {
                    format!("admission webhook {name:?} denied the request without explanation")
                }
            };
            let code = status
                .at("code")
                .as_u64()
                .and_then(|c| u16::try_from(c).ok());
            let code = code.filter(|code| (400..600).contains(code)).unwrap_or(400);
            return Ok(Err(ApiError::new(code, "", message)));
        }
        let patch = match response
            .at("patch")
            .as_str()
            .filter(|text| !text.is_empty())
        {
            None => None,
            Some(_) if response.at("patchType") != "JSONPatch" => {
                return Err("webhook returned response.patch but not response.patchType".to_owned());
            }
            Some(text) => {
                Some(base64::decode_standard(text).ok_or("response.patch is not base64")?)
            }
        };
        Ok(Ok(Answer { patch, warnings }))
    }
}
