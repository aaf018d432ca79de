//! The rules of a `v1` document.

mod conversion;
mod idle;
mod kubernetes;
mod names;
mod object;
mod report;
mod rules;
mod schedule;
mod selectors;
mod settings;
mod snapshots;
mod webhook;

use crate::config::HookConfig;
use crate::offence::Offences;
use crate::yaml::{Node, Value};

use self::object::{At, Object};
use self::report::Report;
use self::snapshots::Bindings;

const KEYS: &[&str] = &[
    "configVersion",
    "settings",
    "onStartup",
    "schedule",
    "kubernetes",
    "kubernetesValidating",
    "kubernetesMutating",
    "kubernetesCustomResourceConversion",
];

const VERSION_HELP: &str = "write `configVersion: v1`";

pub(crate) fn check(root: &Node) -> Result<HookConfig, Offences> {
    let mut report = Report::default();
    let config = document(root, &mut report);
    report.finish()?;
    let mut config = config.unwrap_or_default();
    snapshots::complete(&mut config);
    idle::idle(&config, root, &mut report);
    config.warnings = report.into_warnings();
    Ok(config)
}

/// None only together with an offence.
fn document(root: &Node, report: &mut Report) -> Option<HookConfig> {
    let at = At::root(root);
    if let Value::Mapping(entries) = &root.value {
        // A document of another version has other rules: nothing more can be said of it.
        if !version(root, &at, report) {
            return None;
        }
        if entries.iter().all(|entry| entry.key == "configVersion") {
            report.offence(&at, "no-bindings", "has no bindings", {
                "add `onStartup`, `schedule` or `kubernetes`"
            });
        }
    }
    for duplicate in root.duplicate_keys() {
        report.duplicate(&duplicate);
    }
    let object = Object::read(at, KEYS, report)?;
    let bindings = Bindings::of(root);
    let config = HookConfig {
        settings: object
            .field("settings")
            .and_then(|at| settings::settings(at, report)),
        on_startup: object.integer("onStartup", report),
        schedule: object.bindings("schedule", report, |at, report| {
            schedule::schedule(at, &bindings, report)
        }),
        kubernetes: kubernetes::bindings(&object, &bindings, report),
        kubernetes_validating: webhook::validating(&object, &bindings, report),
        kubernetes_mutating: webhook::mutating(&object, &bindings, report),
        kubernetes_custom_resource_conversion: object.bindings(
            "kubernetesCustomResourceConversion",
            report,
            |at, report| conversion::conversion(at, &bindings, report),
        ),
        warnings: Vec::new(),
    };
    let only_settings = object.field("settings").is_some()
        && KEYS.iter().skip(2).all(|key| object.field(key).is_none());
    if only_settings {
        report.warning(
            object.at(),
            "no-bindings",
            "has settings but no bindings: the hook never runs",
        );
    }
    Some(config)
}

/// Whether the document is to be read as `v1`.
fn version(root: &Node, at: &At<'_>, report: &mut Report) -> bool {
    let at = at.inner("configVersion", root.get("configVersion").unwrap_or(root));
    let old = "is in the format v0, which is not supported";
    let Some(node) = root.get("configVersion") else {
        if root.get("onKubernetesEvent").is_some() {
            let message = format!("is missing, so that the document {old}");
            report.offence(&at, "config-version", message, {
                "write `configVersion: v1`, and `kubernetes` in place of `onKubernetesEvent`"
            });
            return false;
        }
        report.offence(&at, "config-version", "is missing", VERSION_HELP);
        return true;
    };
    let message = match &node.value {
        Value::String(version) if version == "v1" => return true,
        Value::String(version) if version == "v0" => {
            report.offence(&at, "config-version", format!("the document {old}"), {
                "write `configVersion: v1`, and `kubernetes` in place of `onKubernetesEvent`"
            });
            return false;
        }
        Value::String(version) => {
            let version = report::shown(version);
            let message = format!("'configVersion' value '{version}' is unsupported");
            report.offence(&at, "config-version", message, VERSION_HELP);
            return false;
        }
        Value::Null => "missing 'configVersion' value",
        _ => "string value is expected for key 'configVersion'",
    };
    report.offence(&at, "config-version", message, VERSION_HELP);
    true
}
