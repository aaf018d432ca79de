//! Conversion by a webhook, as a definition's `spec.conversion` says.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::error::ApiError;
use crate::server::Server;
use crate::tree::Tree;
use crate::{names, webhook};

/// How long a conversion may take.
const TIMEOUT: Duration = Duration::from_secs(30);
const GROUP: &str = "apiextensions.k8s.io";

/// A webhook that converts the objects of a definition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Converter {
    client: Value,
    /// Version of the reviews that it is sent.
    version: &'static str,
}

impl Converter {
    /// The one of a definition, if it has one.
    pub(crate) fn of(definition: &Value) -> Option<Self> {
        let conversion = definition.at("spec").at("conversion");
        if conversion.at("strategy") != "Webhook" {
            return None;
        }
        let webhook = conversion.at("webhook");
        let known = |version: &Value| match version.as_str() {
            Some("v1") => Some("v1"),
            Some("v1beta1") => Some("v1beta1"),
            _ => None,
        };
        let mut versions = webhook.at("conversionReviewVersions").as_array()?.iter();
        Some(Self {
            client: webhook.at("clientConfig").clone(),
            version: versions.find_map(known)?,
        })
    }

    /// The same objects in another version, in the same order.
    pub(super) async fn convert(
        &self,
        server: &Server,
        desired: &str,
        objects: Vec<Value>,
    ) -> Result<Vec<Value>, ApiError> {
        let first = objects.first().unwrap_or(&Value::Null);
        let text = |key: &str| first.at(key).as_str().unwrap_or_default();
        let what = format!(
            "conversion webhook for {}, Kind={}",
            text("apiVersion"),
            text("kind")
        );
        self.ask(server, desired, &objects)
            .await
            .and_then(|converted| checked(desired, &objects, converted))
            .map_err(|why| ApiError::internal(format!("{what} {why}")).by_webhook())
    }

    async fn ask(
        &self,
        server: &Server,
        desired: &str,
        objects: &[Value],
    ) -> Result<Vec<Value>, String> {
        let uid = names::uid();
        let version = format!("{GROUP}/{}", self.version);
        let review = json!({"kind": "ConversionReview", "apiVersion": version, "request": {"uid": uid, "desiredAPIVersion": desired, "objects": objects}});
        let failed = |why: String| format!("failed: {why}");
        let mut answer = webhook::post(&server.services, &self.client, &review, TIMEOUT)
            .await
            .map_err(failed)?;
        if answer.at("kind") != "ConversionReview" || answer.at("apiVersion") != version.as_str() {
            return Err(failed(format!(
                "the answer is no {version}, Kind=ConversionReview"
            )));
        }
        let mut response = answer.cut("response");
        if response.at("uid") != uid.as_str() {
            return Err(failed(format!(
                "expected response.uid={uid:?}, got {}",
                response.at("uid")
            )));
        }
        let result = response.at("result");
        if result.at("status") != "Success" {
            let message = result
                .at("message")
                .as_str()
                .filter(|text| !text.is_empty());
            return Err(failed(match message {
                Some(message) => message.to_owned(),
                None => format!(
                    "response.result.status was {}, expected 'Success'",
                    result.at("status")
                ),
            }));
        }
        match response.cut("convertedObjects") {
            Value::Array(objects) => Ok(objects),
            _ => Ok(Vec::new()),
        }
    }
}

/// What came out, each as a conversion may change it: all but labels and annotations of the metadata stays.
fn checked(desired: &str, before: &[Value], after: Vec<Value>) -> Result<Vec<Value>, String> {
    if after.len() != before.len() {
        return Err(format!(
            "returned {} objects, expected {}",
            after.len(),
            before.len()
        ));
    }
    let pairs = before.iter().zip(after).enumerate();
    pairs
        .map(|(index, (before, after))| {
            one(desired, before, after)
                .map_err(|why| format!("returned invalid converted object at index {index}: {why}"))
        })
        .collect()
}

fn one(desired: &str, before: &Value, mut after: Value) -> Result<Value, String> {
    if after.at("apiVersion") != desired {
        let found = after.at("apiVersion").as_str().unwrap_or_default();
        return Err(format!(
            "invalid groupVersion (expected {desired}, received {found})"
        ));
    }
    if after.at("kind") != before.at("kind") {
        return Err("must have the same kind".to_owned());
    }
    for key in ["name", "namespace", "uid"] {
        if after.at("metadata").at(key) != before.at("metadata").at(key) {
            return Err(format!("must have the same {key}"));
        }
    }
    let mut metadata = before.at("metadata").clone();
    let given = after.cut("metadata");
    let fields = metadata.as_object_mut().ok_or("it has no metadata")?;
    for key in ["labels", "annotations"] {
        match given.at(key) {
            Value::Object(texts) if !texts.is_empty() => {
                if texts.values().any(|text| !text.is_string()) {
                    return Err(format!("metadata.{key} has values that are no texts"));
                }
                fields.insert(key.to_owned(), Value::Object(texts.clone()));
            }
            _ => drop(fields.remove(key)),
        }
    }
    let whole = after.as_object_mut().map(std::mem::take);
    let mut whole: Map<String, Value> = whole.unwrap_or_default();
    whole.insert("metadata".to_owned(), metadata);
    Ok(Value::Object(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thing(version: &str) -> Value {
        json!({"apiVersion": format!("g.io/{version}"), "kind": "Thing", "metadata": {"name": "a", "uid": "u", "labels": {"l": "1"}, "finalizers": ["g.io/f"]}, "spec": {}})
    }

    #[test]
    fn labels_and_annotations_may_change_and_the_rest_stays() {
        let mut after = thing("v2");
        after["metadata"] = json!({"name": "a", "uid": "u", "labels": {"l": "2"}, "annotations": {"b": "c"}, "finalizers": []});
        after["spec"] = json!({"more": 1});
        let found = one("g.io/v2", &thing("v1"), after).unwrap();
        assert_eq!(
            found["metadata"],
            json!({"name": "a", "uid": "u", "labels": {"l": "2"}, "annotations": {"b": "c"}, "finalizers": ["g.io/f"]})
        );
        assert_eq!(found["spec"], json!({"more": 1}));
    }

    #[test]
    fn what_is_another_object_is_refused() {
        for (pointer, value, why) in [
            (
                "/apiVersion",
                json!("g.io/v3"),
                "invalid groupVersion (expected g.io/v2, received g.io/v3)",
            ),
            ("/kind", json!("Other"), "must have the same kind"),
            ("/metadata/name", json!("b"), "must have the same name"),
            ("/metadata/uid", json!(null), "must have the same uid"),
            ("/metadata", json!(null), "must have the same name"),
            (
                "/metadata/labels",
                json!({"l": 1}),
                "metadata.labels has values that are no texts",
            ),
        ] {
            let mut after = thing("v2");
            *after.pointer_mut(pointer).unwrap() = value;
            assert_eq!(one("g.io/v2", &thing("v1"), after).unwrap_err(), why);
        }
        let none = checked("g.io/v2", &[thing("v1")], Vec::new()).unwrap_err();
        assert_eq!(none, "returned 0 objects, expected 1");
    }

    #[test]
    fn a_definition_says_who_converts() {
        let of = |strategy: &str, versions: Value| {
            Converter::of(
                &json!({"spec": {"conversion": {"strategy": strategy, "webhook": {"clientConfig": {"url": "u"}, "conversionReviewVersions": versions}}}}),
            )
        };
        assert_eq!(of("None", json!(["v1"])), None);
        assert_eq!(of("Webhook", json!(["v9"])), None);
        let found = of("Webhook", json!(["v9", "v1beta1", "v1"])).unwrap();
        assert_eq!(found.version, "v1beta1");
    }
}
