//! The configuration document, row by row as shell-operator has it (shell-operator's HOOKS.md, the schema of `v1`, and
//! what the operator was seen to do).
//!
//! Each module is one table of the behaviour catalogue's section "Config versioning and validation"; each test names
//! the row it shows.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests are tests, too"
)]

mod accepted;
mod crontab;
mod document;
mod group;
mod kubernetes;
mod schedule;
mod selectors;
mod settings;
mod v0;
mod webhooks;

use hookbox_config::{HookConfig, Offence, parse};

/// The rest of a document that says its version.
fn v1(rest: &str) -> String {
    format!("configVersion: v1\n{rest}")
}

fn good(rest: &str) -> HookConfig {
    let text = v1(rest);
    match parse(&text) {
        Ok(config) => config,
        Err(offences) => panic!("{text}\n{offences}"),
    }
}

/// A document with one `kubernetes` binding that has these fields, in flow style.
fn binding(fields: &str) -> String {
    format!("kubernetes: [{{kind: Pod, {fields}}}]")
}

fn good_binding(fields: &str) -> hookbox_config::Kubernetes {
    let binding = good(&binding(fields)).kubernetes.remove(0);
    std::sync::Arc::unwrap_or_clone(binding)
}

fn offences(text: &str) -> Vec<Offence> {
    match parse(text) {
        Ok(_) => panic!("there is nothing wrong with\n{text}"),
        Err(offences) => offences.0,
    }
}

/// All offences of a document, as `path code`.
#[track_caller]
fn bad(rest: &str, expected: &[(&str, &str)]) -> Vec<Offence> {
    let text = v1(rest);
    let offences = offences(&text);
    let found: Vec<_> = offences.iter().map(|o| (o.path.as_str(), o.code)).collect();
    let mut sorted = found.clone();
    sorted.sort_unstable();
    let mut wanted = expected.to_vec();
    wanted.sort_unstable();
    assert_eq!(sorted, wanted, "{text}");
    for offence in &offences {
        assert!(offence.position.is_some(), "{offence}");
    }
    offences
}

fn warnings(config: &HookConfig) -> Vec<(&str, &str)> {
    config
        .warnings
        .iter()
        .map(|o| (o.path.as_str(), o.code))
        .collect()
}
