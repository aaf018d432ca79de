//! The rules of documents.

mod capabilities;
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
mod v0;
mod webhook;

use crate::config::{ConfigVersion, HookConfig};
use crate::offence::Offences;
use crate::yaml::{Node, Value};

use self::object::{At, Object};
use self::report::Report;
use self::snapshots::Bindings;

const KEYS: &[&str] = &[
    "configVersion",
    "settings",
    "capabilities",
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
    if config.version == ConfigVersion::V1 {
        snapshots::complete(&mut config);
        idle::idle(&config, root, &mut report);
    }
    config.warnings = report.into_warnings();
    Ok(config)
}

/// Capabilities that stand alone, not in a configuration.
pub(crate) fn check_capabilities(root: &Node) -> Result<(), Offences> {
    let mut report = Report::default();
    capabilities::capabilities(At::root(root), &mut report);
    report.finish()
}

/// The file of what hooks are granted.
pub(crate) fn check_grants(root: &Node) -> Result<(), Offences> {
    let mut report = Report::default();
    capabilities::grants(At::root(root), &mut report);
    report.finish()
}

/// None only together with an offence.
fn document(root: &Node, report: &mut Report) -> Option<HookConfig> {
    let at = At::root(root);
    let mut format = ConfigVersion::V1;
    if let Value::Mapping(entries) = &root.value {
        // A document of another version has other rules: nothing more can be said of it.
        format = version(root, &at, report)?;
        if entries.iter().all(|entry| entry.key == "configVersion") {
            report.offence(&at, "no-bindings", "has no bindings", {
                "add `configVersion: v1`, and `onStartup`, `schedule` or `kubernetes`"
            });
        }
    }
    for duplicate in root.duplicate_keys() {
        report.duplicate(&duplicate);
    }
    if format == ConfigVersion::V0 {
        let root = v0::with_texts(root);
        return v0::document(At::root(&root), report);
    }
    let object = Object::read(at, KEYS, report)?;
    let bindings = Bindings::of(root);
    let config = HookConfig {
        version: ConfigVersion::V1,
        settings: object
            .field("settings")
            .and_then(|at| settings::settings(at, report)),
        capabilities: object.field("capabilities").map(|at| {
            let written = at.node.to_json();
            capabilities::capabilities(at, report);
            written
        }),
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
    let without = |key: &&str| object.field(key).is_none();
    if let Some(other) = ["settings", "capabilities"]
        .iter()
        .find(|key| !without(key))
        && KEYS.iter().skip(3).all(without)
    {
        report.warning(
            object.at(),
            "no-bindings",
            format!("has {other} but no bindings: the hook never runs"),
        );
    }
    Some(config)
}

/// Which rules the document is to be read by. Without a version it is of the format `v0`, unless it has keys that only
/// `v1` has: then the version was forgotten.
fn version(root: &Node, at: &At<'_>, report: &mut Report) -> Option<ConfigVersion> {
    let at = at.inner("configVersion", root.get("configVersion").unwrap_or(root));
    let Some(node) = root.get("configVersion") else {
        let newer = KEYS
            .iter()
            .find(|key| root.get(key).is_some() && !v0::KEYS.contains(key));
        let Some(key) = newer else {
            return Some(ConfigVersion::V0);
        };
        let message = format!(
            "is missing: without it the document is of the format v0, which has no `{key}`"
        );
        report.offence(&at, "config-version", message, VERSION_HELP);
        return Some(ConfigVersion::V1);
    };
    let message = match &node.value {
        Value::String(version) if version == "v1" => return Some(ConfigVersion::V1),
        Value::String(version) if version == "v0" => return Some(ConfigVersion::V0),
        Value::String(version) => {
            let version = report::shown(version);
            let message = format!("'configVersion' value '{version}' is unsupported");
            report.offence(&at, "config-version", message, VERSION_HELP);
            return None;
        }
        Value::Null => "missing 'configVersion' value",
        _ => "string value is expected for key 'configVersion'",
    };
    report.offence(&at, "config-version", message, VERSION_HELP);
    Some(ConfigVersion::V1)
}
