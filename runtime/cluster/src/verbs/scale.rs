//! The scale subresource: the number of replicas of a workload, whatever its kind.

use std::sync::Arc;

use serde_json::{Value, json};

use super::input;
use super::update::next_object;
use crate::admission::Change;
use crate::error::{ApiError, Fault};
use crate::kinds::{Kind, ScalePaths};
use crate::managed;
use crate::patch;
use crate::request::{Call, Verb};
use crate::schema::builtin;
use crate::server::{Reply, Server};
use crate::store::Clash;
use crate::tree::Tree;

impl Server {
    pub(super) async fn scale(self: &Arc<Self>, call: &Call) -> Result<Reply, ApiError> {
        let kind = &call.kind;
        let paths = paths(kind);
        loop {
            let seen = self.find(call)?;
            let old = self.view(kind, &seen).await?.value();
            let shown = scale_of(&old, &paths);
            let wanted = match call.verb {
                Verb::Get => return Ok(Reply::value(200, &shown)),
                Verb::Update => input::parse(call, &call.body)?,
                Verb::Patch => patched(call, &shown)?,
                _ => return Err(ApiError::method_not_allowed()),
            };
            let given = wanted
                .at("metadata")
                .at("resourceVersion")
                .as_str()
                .unwrap_or_default();
            if !given.is_empty() && given != seen.rev.to_string() {
                return Err(ApiError::modified(kind, call.named()));
            }
            let mut warnings = Vec::new();
            let wanted = self
                .mutate(call, "UPDATE", wanted, Some(&shown), &mut warnings)
                .await?;
            let replicas = wanted.at("spec").at("replicas").as_i64().unwrap_or(0);
            if replicas < 0 {
                let fault = Fault::invalid(
                    "spec.replicas",
                    &replicas.into(),
                    "must be greater than or equal to 0",
                );
                return Err(ApiError::invalid(
                    "autoscaling",
                    "Scale",
                    call.named(),
                    &[fault],
                ));
            }
            let mut object = old.clone();
            set(&mut object, &paths.spec, replicas.into());
            let writer = managed::Writer::update(call);
            let scale = scale_of(&object, &paths);
            // Webhooks are asked about the Scale, not about what it scales.
            let change = Change::new(call, "UPDATE", Some(&scale), Some(&shown));
            self.validate(&change, &mut warnings).await?;
            let new = next_object(call, object, &old, &writer)?;
            let dry = call.query.dry_run()?;
            match self.replace(kind, &seen, &old, new.clone(), dry).await? {
                Ok(stored) => {
                    let mut answer = scale_of(&new, &paths);
                    answer.put_at(&["metadata", "resourceVersion"], stored.rev.to_string());
                    return Ok(Reply::value(200, &answer).warned(warnings));
                }
                Err(Clash::Exists | Clash::Changed) => {}
            }
        }
    }
}

fn patched(call: &Call, shown: &Value) -> Result<Value, ApiError> {
    let parse = || {
        serde_json::from_slice::<Value>(&call.body)
            .map_err(|error| ApiError::bad_request(format!("error decoding patch: {error}")))
    };
    match call.content_type() {
        "application/merge-patch+json" => {
            let mut scale = shown.clone();
            json_patch::merge(&mut scale, &parse()?);
            Ok(scale)
        }
        "application/json-patch+json" => patch::JsonPatch::parse(&call.body)?.apply(shown),
        "application/strategic-merge-patch+json" => {
            let schema = builtin::of_kind("autoscaling", "v1", "Scale")
                .ok_or_else(|| ApiError::internal("no type for Scale"))?;
            patch::strategic(schema.get(), shown, &parse()?)
        }
        _ => Err(ApiError::unsupported_media_type()),
    }
}

fn paths(kind: &Kind) -> ScalePaths {
    kind.custom
        .as_ref()
        .and_then(|custom| custom.scale.clone())
        .unwrap_or_else(|| ScalePaths {
            spec: "spec.replicas".into(),
            status: "status.replicas".into(),
            selector: None,
        })
}

fn at<'a>(object: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(object, |value, part| {
        value.get(part).unwrap_or(&Value::Null)
    })
}

fn set(object: &mut Value, path: &str, value: Value) {
    let mut slot = object;
    for part in path.split('.') {
        if !slot.is_object() {
            *slot = json!({});
        }
        let Some(map) = slot.as_object_mut() else {
            return;
        };
        slot = map.entry(part).or_insert(Value::Null);
    }
    *slot = value;
}

fn scale_of(object: &Value, paths: &ScalePaths) -> Value {
    let meta = object.at("metadata");
    let mut status = json!({"replicas": at(object, &paths.status).as_i64().unwrap_or(0)});
    let selector = match &paths.selector {
        Some(path) => at(object, path).as_str().map(str::to_owned),
        None => object
            .at("spec")
            .at("selector")
            .at("matchLabels")
            .as_object()
            .or_else(|| object.at("spec").at("selector").as_object())
            .map(|labels| {
                labels
                    .iter()
                    .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
                    .collect::<Vec<_>>()
                    .join(",")
            }),
    };
    if let Some(selector) = selector.filter(|selector| !selector.is_empty()) {
        status.put("selector", selector);
    }
    // Go leaves out a zero here.
    let spec = match at(object, &paths.spec).as_i64() {
        Some(replicas) if replicas != 0 => json!({"replicas": replicas}),
        _ => json!({}),
    };
    json!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {"name": meta.at("name"), "namespace": meta.at("namespace"), "uid": meta.at("uid"), "resourceVersion": meta.at("resourceVersion"), "creationTimestamp": meta.at("creationTimestamp")},
        "spec": spec,
        "status": status,
    })
}
