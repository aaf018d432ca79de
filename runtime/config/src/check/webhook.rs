//! `kubernetesValidating[]` and `kubernetesMutating[]`

use std::collections::HashMap;

use crate::config::{FailurePolicy, MatchCondition, SideEffects, Webhook};
use crate::yaml::Position;

use super::names::fully_qualified;
use super::object::{At, Object};
use super::report::{Report, Severity, found, shown};
use super::rules;
use super::selectors::label_selector;
use super::snapshots::Bindings;

const KEYS: &[&str] = &[
    "name",
    "group",
    "includeSnapshotsFrom",
    "failurePolicy",
    "sideEffects",
    "timeoutSeconds",
    "matchConditions",
    "labelSelector",
    "namespace",
    "rules",
];

const FAILURE_POLICIES: &[(&str, FailurePolicy)] = &[
    ("Ignore", FailurePolicy::Ignore),
    ("Fail", FailurePolicy::Fail),
];

const SIDE_EFFECTS: &[(&str, SideEffects)] = &[
    ("None", SideEffects::None),
    ("NoneOnDryRun", SideEffects::NoneOnDryRun),
];

const DEFAULT_TIMEOUT: i32 = 10;

pub(super) fn validating(
    object: &Object<'_>,
    bindings: &Bindings<'_>,
    report: &mut Report,
) -> Vec<Webhook> {
    webhooks(
        "kubernetesValidating",
        Severity::Offence,
        object,
        bindings,
        report,
    )
}

/// shell-operator checks names, time-outs and wildcards of validating webhooks only. Kubernetes refuses wrong ones of
/// either kind, so for mutating ones there is a warning.
pub(super) fn mutating(
    object: &Object<'_>,
    bindings: &Bindings<'_>,
    report: &mut Report,
) -> Vec<Webhook> {
    webhooks(
        "kubernetesMutating",
        Severity::Warning,
        object,
        bindings,
        report,
    )
}

fn webhooks(
    key: &str,
    severity: Severity,
    object: &Object<'_>,
    bindings: &Bindings<'_>,
    report: &mut Report,
) -> Vec<Webhook> {
    let mut names: HashMap<&str, Position> = HashMap::new();
    object.bindings(key, report, |at, report| {
        let object = Object::read(at, KEYS, report)?;
        let name_at = object.required("name", report);
        let name = name_at.as_ref().and_then(|at| at.name(report));
        if let Some((at, name)) = name_at.zip(name) {
            if let Some(offence) = fully_qualified(&at, name) {
                report.add(severity, offence);
            }
            if let Some(first) = names.get(name) {
                let message = format!(
                    "`{}` is the name of another webhook too, at {first}",
                    shown(name)
                );
                report.add(severity, found(&at, "duplicate-name", message, ""));
            } else {
                names.insert(name, at.position);
            }
        }
        Some(webhook(name, severity, &object, bindings, report))
    })
}

/// Where there is an offence, what is given does not matter.
fn webhook(
    name: Option<&str>,
    severity: Severity,
    object: &Object<'_>,
    bindings: &Bindings<'_>,
    report: &mut Report,
) -> Webhook {
    Webhook {
        name: name.unwrap_or_default().to_owned(),
        group: object.text_or_none("group", report),
        include_snapshots_from: bindings.included(object, report),
        failure_policy: object
            .field("failurePolicy")
            .and_then(|at| at.one_of(FAILURE_POLICIES, report))
            .unwrap_or_default(),
        side_effects: object
            .field("sideEffects")
            .and_then(|at| at.one_of(SIDE_EFFECTS, report))
            .unwrap_or_default(),
        timeout_seconds: timeout(severity, object, report),
        match_conditions: object
            .field("matchConditions")
            .and_then(|at| at.items(report))
            .unwrap_or_default()
            .into_iter()
            .filter_map(|at| match_condition(at, report))
            .collect(),
        label_selector: object
            .field("labelSelector")
            .and_then(|at| label_selector(at, report)),
        namespace_selector: object.field("namespace").and_then(|at| {
            let object = Object::read(at, &["labelSelector"], report)?;
            label_selector(object.required("labelSelector", report)?, report)
        }),
        rules: object.items("rules", report, |at, report| {
            rules::rule(at, severity, report)
        }),
    }
}

fn timeout(severity: Severity, object: &Object<'_>, report: &mut Report) -> i32 {
    let seconds = object.integer("timeoutSeconds", report);
    let (Some(seconds), Some(at)) = (seconds, object.field("timeoutSeconds")) else {
        return DEFAULT_TIMEOUT;
    };
    if !(1..=30).contains(&seconds) {
        let message = format!("must be from 1 to 30 seconds, found {seconds}");
        report.add(severity, found(&at, "out-of-range", message, ""));
    }
    i32::try_from(seconds).unwrap_or_else(|_| {
        let message = format!("must be a number of 32 bits, found {seconds}");
        report.offence(&at, "out-of-range", message, "");
        DEFAULT_TIMEOUT
    })
}

/// The only mapping of the document in which shell-operator lets any further key pass.
fn match_condition(at: At<'_>, report: &mut Report) -> Option<MatchCondition> {
    let object = Object::open(at, report)?;
    for entry in object.keys() {
        if !matches!(entry.key.as_str(), "name" | "expression") {
            let at = object.at().inner(&entry.key, &entry.value).placed(entry.at);
            report.warning(&at, "unknown-key", "is not a known key, and ignored");
        }
    }
    let name = object.required("name", report);
    let expression = object.required("expression", report);
    Some(MatchCondition {
        name: name?.text(report)?.to_owned(),
        expression: expression?.text(report)?.to_owned(),
    })
}
