//! Webhooks that do what the object of the request says.

#![allow(clippy::indexing_slicing, reason = "the tests' objects are maps")]

use hookbox_sdk::prelude::*;
use hookbox_sdk::serde_json::Value;

fn wish(object: &Value) -> &str {
    object
        .pointer("/data/wish")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Decides as `data.wish` says.
#[validate(
    webhook = "guard.test.example.com",
    rule(resources = ["configmaps"], operations = [Create, Update]),
    labels = "webhook=guard",
    timeout_seconds = 2
)]
fn guard(review: Review) -> Result<Verdict> {
    let object: Value = review.object()?;
    match wish(&object) {
        "deny" => Ok(Verdict::deny("as asked")),
        "warn" => Ok(Verdict::allow().warn("careful")),
        "fail" => bail!("as asked"),
        "spin" => loop {
            std::hint::spin_loop();
        },
        _ => Ok(Verdict::allow()),
    }
}

/// Fails, and is to be ignored.
#[validate(
    webhook = "lenient.test.example.com",
    rule(resources = ["configmaps"], operations = [Create]),
    labels = "webhook=lenient",
    failure_policy = Ignore
)]
fn lenient(_: Review) -> Result<Verdict> {
    bail!("as asked")
}

/// Says in the object that it was here.
#[mutate(
    webhook = "stamp.test.example.com",
    rule(resources = ["configmaps"], operations = [Create]),
    labels = "webhook=guard"
)]
fn stamp(review: Review) -> Result<Mutation> {
    review.change(|object| {
        object["data"]["stamp"] = json!("yes");
        Ok(())
    })
}

/// Writes the way into `spec.way`.
fn step(mut object: Value, step: &str) -> Result<Value> {
    let way = object
        .pointer("/spec/way")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if way.contains("broken") {
        bail!("this one cannot be converted");
    }
    object["spec"]["way"] = json!(format!("{way}{step} "));
    Ok(object)
}

#[convert(crd = "widgets.test.example.com", from = "v1alpha1", to = "v1beta1")]
fn alpha_to_beta(object: Value) -> Result<Value> {
    step(object, "alpha>beta")
}

#[convert(crd = "widgets.test.example.com", from = "v1beta1", to = "v1")]
fn beta_to_stable(object: Value) -> Result<Value> {
    step(object, "beta>stable")
}

#[convert(crd = "widgets.test.example.com", from = "v1", to = "v1beta1")]
fn stable_to_beta(object: Value) -> Result<Value> {
    step(object, "stable>beta")
}

hookbox_sdk::export!(
    guard,
    lenient,
    stamp,
    alpha_to_beta,
    beta_to_stable,
    stable_to_beta
);
