//! Admission webhooks: asked before anything is written, as the ValidatingWebhookConfigurations and
//! MutatingWebhookConfigurations say. Webhooks are called by URL; behind a service there is nobody here, so that such a
//! call fails. `matchConditions` are not evaluated: a webhook that has some is asked without them. A rule's version must
//! be the request's own (`matchPolicy: Exact`). Scale subresources are not reviewed.

mod call;
mod matching;

use std::time::Duration;

use serde_json::{Value, json};

use crate::error::ApiError;
use crate::patch::JsonPatch;
use crate::request::{Call, FieldValidation};
use crate::server::Server;
use crate::store::prefix;
use crate::tree::Tree;
use crate::verbs::{conform, prepare};
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
        } = self;
        let kind = &call.kind;
        let (group, version) = (&kind.group, &kind.version);
        let names = json!({"group": group, "version": version, "kind": kind.kind});
        let resource = json!({"group": group, "version": version, "resource": kind.plural});
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
            "uid": uid, "kind": names, "resource": resource, "requestKind": names, "requestResource": resource,
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
            let change = Change {
                call,
                operation,
                object: Some(&object),
                old,
            };
            if !matching::matches(self, &webhook, &change) {
                continue;
            }
            let answer = ask(&webhook, &change).await?;
            warnings.extend(answer.warnings);
            if let Some(patch) = answer.patch {
                object = JsonPatch::parse(&patch)?.apply(&object)?;
                conform(&call.kind, &mut object, FieldValidation::Ignore)?;
            }
        }
        Ok(object)
    }

    /// Asks the mutating webhooks about what has no new object, and then the validating ones.
    pub(crate) async fn admit_delete(
        &self,
        call: &Call,
        old: &Value,
        warnings: &mut Vec<String>,
    ) -> Result<(), ApiError> {
        let change = Change {
            call,
            operation: "DELETE",
            object: None,
            old: Some(old),
        };
        for webhook in self.webhooks(call, MUTATING) {
            if matching::matches(self, &webhook, &change) {
                warnings.extend(ask(&webhook, &change).await?.warnings);
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
        let asked = webhooks
            .iter()
            .filter(|webhook| matching::matches(self, webhook, change))
            .map(|webhook| ask(webhook, change));
        for answer in futures::future::join_all(asked).await {
            warnings.extend(answer?.warnings);
        }
        Ok(())
    }

    /// All webhooks of all configurations, by their names. What configures webhooks is not itself reviewed.
    fn webhooks(&self, call: &Call, plural: &str) -> Vec<Value> {
        let own = [MUTATING, VALIDATING].contains(&call.kind.plural.as_str());
        if (own && call.kind.group == GROUP) || call.sub() == "scale" {
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
}

async fn ask(webhook: &Value, change: &Change<'_>) -> Result<Answer, ApiError> {
    let name = webhook.at("name").as_str().unwrap_or_default();
    match review(name, webhook, change).await {
        Ok(answer) => answer,
        Err(why) if webhook.at("failurePolicy") == "Ignore" => {
            tracing::warn!(webhook = name, error = why, "a webhook was ignored");
            Ok(Answer::default())
        }
        Err(why) => Err(ApiError::internal(format!(
            "failed calling webhook {name:?}: {why}"
        ))),
    }
}

/// What the webhook says, or why it says nothing.
async fn review(
    name: &str,
    webhook: &Value,
    change: &Change<'_>,
) -> Result<Result<Answer, ApiError>, String> {
    let uid = names::uid();
    let body = json!({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": change.request(&uid)});
    let seconds = webhook.at("timeoutSeconds").as_u64().unwrap_or(10);
    let timeout = Duration::from_secs(seconds.clamp(1, LONGEST));
    let review = call::post(webhook.at("clientConfig"), &body, timeout).await?;
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
            None => format!("admission webhook {name:?} denied the request without explanation"),
        };
        let code = status
            .at("code")
            .as_u64()
            .and_then(|c| u16::try_from(c).ok());
        let code = code.filter(|code| (400..600).contains(code)).unwrap_or(403);
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
        Some(text) => Some(base64::decode_standard(text).ok_or("response.patch is not base64")?),
    };
    Ok(Ok(Answer { patch, warnings }))
}
