//! What the API server asks.

use hookbox_sdk::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Allows what somebody of the team `admins` asks for, and otherwise only small replicas.
#[validate(
    webhook = "review.example.com",
    rule(groups = ["apps"], versions = ["v1"], resources = ["deployments"], operations = [Create, Update])
)]
pub(crate) fn review(review: Review) -> Result<Verdict> {
    let object: Value = review.object()?;
    if review.user().groups.iter().any(|group| group == "admins") {
        return Ok(Verdict::allow().warn("an admin may do all"));
    }
    let replicas = object["spec"]["replicas"].as_u64().unwrap_or(1);
    if replicas == 13 {
        return Err(Error::msg("13 cannot be judged"));
    }
    if replicas > 5 {
        let name = review.name();
        return Ok(Verdict::deny(format_args!("{name} has {replicas} replicas, and 5 are enough"))
            .warn("ask an admin")
            .warn("or use fewer")
            .audit("replicas", replicas));
    }
    Ok(Verdict::allow())
}

/// Labels with the namespace, and nothing when that is there.
#[mutate(
    webhook = "change.example.com",
    rule(groups = ["apps"], versions = ["v1"], resources = ["deployments"], operations = [Create])
)]
pub(crate) fn change(review: Review) -> Result<Mutation> {
    let namespace = review.namespace().unwrap_or_default().to_owned();
    review.change(|object| {
        let label = &mut object["metadata"]["labels"]["from/namespace"];
        if label.is_null() {
            *label = json!(namespace);
        }
        Ok(())
    })
}

#[derive(Deserialize)]
pub(crate) struct V1 {
    spec: Value,
}

#[derive(Serialize)]
pub(crate) struct V2 {
    spec: Value,
}

/// From `v1`, where the spec is one text, to `v2`, where it has parts.
#[convert(crd = "things.example.com", from = "v1", to = "v2")]
pub(crate) fn convert(object: V1) -> Result<V2> {
    let Some(text) = object.spec["text"].as_str() else {
        bail!("the spec has no text");
    };
    let parts: Vec<&str> = text.split(' ').collect();
    Ok(V2 {
        spec: json!({"parts": parts}),
    })
}
