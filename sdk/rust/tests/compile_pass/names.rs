//! A hook may be called as its own argument is.

use hookbox_sdk::prelude::*;

#[hook(on_startup = 1)]
fn input(_input: Input, _out: &mut Effects) -> Result {
    Ok(())
}

#[validate(webhook = "review.example.com", rule(resources = ["pods"], operations = [Create]))]
fn review(review: Review) -> Result<Verdict> {
    Ok(Verdict::deny(review.name()))
}

#[mutate(webhook = "out.example.com", rule(resources = ["pods"], operations = [Create]))]
fn out(review: Review, _out: &mut Effects) -> Result<Mutation> {
    review.change(|_| Ok(()))
}

#[convert(crd = "things.example.com", from = "v1", to = "v2")]
fn object(object: serde_json::Value) -> Result<serde_json::Value> {
    Ok(object)
}

hookbox_sdk::export!(input, review, out, object);

fn main() {}
