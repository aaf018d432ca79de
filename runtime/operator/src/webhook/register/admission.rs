//! ValidatingWebhookConfiguration and MutatingWebhookConfiguration (BEHAVIOUR D1).

use serde_json::{Value, json};

use super::{Api, Done, Way};
use crate::api::ApiError;
use crate::webhook::routes::Admission;
use crate::webhook::tls::Trust;

pub(super) const LABEL: &str = "app.kubernetes.io/managed-by";
pub(super) const OURS: &str = "hookbox";
/// Fields that the API server never fills in: where one is there and not wanted, it was wanted before.
const NEVER_FILLED_IN: [&str; 6] = [
    "service",
    "url",
    "caBundle",
    "matchLabels",
    "matchExpressions",
    "values",
];

/// The two kinds of configurations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Validating,
    Mutating,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Validating, Self::Mutating];

    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Mutating => "MutatingWebhookConfiguration",
            Self::Validating => "ValidatingWebhookConfiguration",
        }
    }

    pub(super) fn resource(self) -> &'static str {
        match self {
            Self::Mutating => "mutatingwebhookconfigurations",
            Self::Validating => "validatingwebhookconfigurations",
        }
    }

    /// A new one.
    pub(super) fn whole(self, name: &str, labels: Value, webhooks: Value) -> Value {
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": self.kind(),
            "metadata": {"name": name, "labels": labels}, "webhooks": webhooks,
        })
    }

    /// Its path; of all of them where `name` is empty.
    pub(super) fn path(self, name: &str) -> String {
        let (resource, slash) = (self.resource(), if name.is_empty() { "" } else { "/" });
        format!("/apis/admissionregistration.k8s.io/v1/{resource}{slash}{name}")
    }
}

/// All webhooks of one kind.
#[derive(Debug)]
pub(crate) struct Admissions {
    /// Name of the configuration.
    pub(crate) name: String,
    pub(super) kind: Kind,
    way: Way,
    /// Each with its path, without `clientConfig`.
    webhooks: Vec<(String, Value)>,
}

impl Admissions {
    /// The webhooks of one kind among `all`, each at `prefix` and its id.
    pub(crate) fn new(name: String, kind: Kind, way: Way, prefix: &str, all: &[Admission]) -> Self {
        let webhooks = all.iter().filter(|w| w.mutates == (kind == Kind::Mutating));
        Self {
            name,
            kind,
            way,
            webhooks: webhooks
                .map(|w| (format!("{prefix}{}", w.id), entry(w)))
                .collect(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.webhooks.is_empty()
    }

    fn path(&self) -> String {
        self.kind.path(&self.name)
    }

    pub(super) fn wanted(&self, trust: &Trust) -> Value {
        let webhooks = self.webhooks.iter().map(|(path, entry)| {
            let mut entry = entry.clone();
            if let Some(entry) = entry.as_object_mut() {
                let config = self.way.client_config(path, trust);
                entry.insert("clientConfig".to_owned(), config);
            }
            entry
        });
        webhooks.collect()
    }

    /// Writes the configuration where it is not as it should be. Without any webhook, one that hookbox made before is
    /// deleted: nobody would answer.
    pub(crate) async fn ensure(&self, api: &Api, trust: &Trust) -> Result<Done, ApiError> {
        if self.webhooks.is_empty() {
            return match self.remove(api).await {
                // Who has no such webhooks needs no rule for them.
                Err(error) if error.is_denied() => Ok(Done::AsItWas),
                done => done,
            };
        }
        let wanted = self.wanted(trust);
        let path = self.path();
        let Some(mut found) = api.get(&path).await? else {
            let whole = self.kind.whole(&self.name, json!({LABEL: OURS}), wanted);
            api.send("POST", &self.kind.path(""), &whole).await?;
            return Ok(Done::Written);
        };
        if found.get("webhooks").is_some_and(|now| same(&wanted, now)) {
            return Ok(Done::AsItWas);
        }
        if let Some(found) = found.as_object_mut() {
            found.insert("webhooks".to_owned(), wanted);
        }
        if let Some(metadata) = found.get_mut("metadata").and_then(Value::as_object_mut) {
            let labels = metadata.entry("labels").or_insert_with(|| json!({}));
            if let Some(labels) = labels.as_object_mut() {
                labels.insert(LABEL.to_owned(), json!(OURS));
            }
        }
        api.send("PUT", &path, &found).await?;
        Ok(Done::Written)
    }

    /// Deletes the configuration, if it is one that hookbox made.
    pub(crate) async fn remove(&self, api: &Api) -> Result<Done, ApiError> {
        let path = self.path();
        let Some(found) = api.get(&path).await? else {
            return Ok(Done::AsItWas);
        };
        let metadata = found.get("metadata");
        let label = metadata.and_then(|m| m.get("labels")?.get(LABEL)?.as_str());
        if label != Some(OURS) {
            return Ok(Done::AsItWas);
        }
        match api.send("DELETE", &path, &Value::Null).await {
            Ok(_) => Ok(Done::Written),
            Err(error) if error.is_not_found() => Ok(Done::AsItWas),
            Err(error) => Err(error),
        }
    }
}

/// Every field that may be left from before is said, so that a difference is seen.
fn entry(webhook: &Admission) -> Value {
    let config = &webhook.config;
    let mut rules = serde_json::to_value(&config.rules).unwrap_or_default();
    for rule in rules.as_array_mut().into_iter().flatten() {
        if let Some(rule) = rule.as_object_mut() {
            rule.entry("scope").or_insert_with(|| json!("*"));
        }
    }
    let selector = |selector: &Option<hookbox_config::LabelSelector>| match selector {
        Some(selector) => serde_json::to_value(selector).unwrap_or_default(),
        None => json!({}),
    };
    let mut entry = json!({
        "name": config.name,
        "rules": rules,
        "failurePolicy": config.failure_policy,
        "matchPolicy": "Equivalent",
        "namespaceSelector": selector(&config.namespace_selector),
        "objectSelector": selector(&config.label_selector),
        "sideEffects": config.side_effects,
        "timeoutSeconds": config.timeout_seconds,
        "admissionReviewVersions": ["v1", "v1beta1"],
        "matchConditions": config.match_conditions,
    });
    if let (true, Some(entry)) = (webhook.mutates, entry.as_object_mut()) {
        entry.insert("reinvocationPolicy".to_owned(), json!("Never"));
    }
    entry
}

/// Whether `now` is what was `wanted`, whatever the API server filled in and left out because it is empty.
pub(super) fn same(wanted: &Value, now: &Value) -> bool {
    let empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    };
    match (wanted, now) {
        (Value::Array(wanted), Value::Array(now)) => {
            wanted.len() == now.len() && wanted.iter().zip(now).all(|(w, n)| same(w, n))
        }
        (Value::Object(wanted), Value::Object(now)) => {
            let filled_in =
                |key: &String| wanted.contains_key(key) || !NEVER_FILLED_IN.contains(&key.as_str());
            now.keys().all(filled_in)
                && wanted.iter().all(|(key, wanted)| match now.get(key) {
                    Some(now) => same(wanted, now),
                    None => empty(wanted),
                })
        }
        (wanted, now) => wanted == now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_api_server_fills_in_or_leaves_out_is_no_difference() {
        let wanted = json!([{"name": "a", "matchConditions": [], "namespaceSelector": {}, "clientConfig": {"url": "u"}, "rules": [{"scope": "*"}]}]);
        let filled = json!([{"name": "a", "namespaceSelector": {}, "clientConfig": {"url": "u"}, "rules": [{"scope": "*"}], "more": 1}]);
        assert!(same(&wanted, &filled));
        for (key, value) in [
            ("name", json!("b")),
            ("matchConditions", json!([{"name": "c"}])),
            ("namespaceSelector", json!({"matchLabels": {"a": "b"}})),
            ("clientConfig", json!({"url": "u", "caBundle": "x"})),
            ("clientConfig", json!({"url": "v"})),
            ("rules", json!([])),
        ] {
            let mut other = filled.clone();
            other[0][key] = value;
            assert!(!same(&wanted, &other), "{other}");
        }
        assert!(!same(&json!([]), &filled));
    }
}
