//! The kinds of a trial.

use std::collections::BTreeMap;

use hookbox_cluster::Cluster;
use hookbox_config::HookConfig;
use hookbox_operator::kinds::Kinds;
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Value, json};

use super::step::Step;
use crate::failure::{Exit, Failure, Outcome};
use crate::state::Manifest;
use crate::ui::{self, Tone, Ui};

/// Makes the kinds of all states and bindings known, and checks that they are.
pub(super) async fn kinds(
    steps: &[Step],
    config: &HookConfig,
    cluster: &Cluster,
    kinds: &Kinds,
    ui: &Ui,
) -> Outcome {
    // Definitions are known from the start, wherever they stand: a kind that comes later is no part of a trial.
    for manifest in steps.iter().flat_map(Step::manifests) {
        define(cluster, manifest, ui).await;
    }
    let mut implied: BTreeMap<Custom, bool> = BTreeMap::new();
    for manifest in steps.iter().flat_map(Step::manifests) {
        let text = |pointer: &str| manifest.object.pointer(pointer).and_then(Value::as_str);
        let Some(custom) = Custom::of(text("/apiVersion"), text("/kind")) else {
            continue;
        };
        if custom.is_unknown(kinds).await {
            let namespaced = text("/metadata/namespace").is_some_and(|name| !name.is_empty());
            *implied.entry(custom).or_default() |= namespaced;
        }
    }
    for binding in &config.kubernetes {
        let Some(custom) = Custom::of(binding.api_version.as_deref(), Some(&binding.kind)) else {
            continue;
        };
        let of_a_state = implied.keys().any(|kind| kind.is_called(&custom));
        if !of_a_state && custom.is_unknown(kinds).await {
            implied.insert(custom, !binding.namespace.is_all());
        }
    }
    for (custom, namespaced) in &implied {
        let scope = match namespaced {
            true => "Namespaced",
            false => "Cluster",
        };
        let definition = custom.definition(scope);
        match cluster.apply_manifest(definition).await {
            Ok(_) => ui.warn(format_args!(
                "no state has a CustomResourceDefinition of {}: it is taken as a kind of the scope {scope}",
                custom.kind
            )),
            Err(error) => ui.warn(format_args!("{}: {error}", custom.kind)),
        }
    }
    if !implied.is_empty() {
        kinds.forget();
    }
    check(steps, kinds, ui).await
}

/// A kind of a group that may be somebody's own: neither one of Kubernetes' nor a short one.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Custom {
    group: String,
    version: String,
    kind: String,
}

impl Custom {
    fn of(api_version: Option<&str>, kind: Option<&str>) -> Option<Self> {
        let (group, version) = api_version?.split_once('/')?;
        let kind = kind.filter(|kind| !kind.is_empty())?;
        let own = group.contains('.') && !group.ends_with(".k8s.io");
        own.then(|| Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
        })
    }

    fn api_version(&self) -> String {
        format!("{}/{}", self.group, self.version)
    }

    async fn is_unknown(&self, kinds: &Kinds) -> bool {
        let found = kinds.resolve(Some(&self.api_version()), &self.kind).await;
        found.is_err()
    }

    /// Whether a binding means this kind of a state, which it may call by another of its names.
    fn is_called(&self, binding: &Self) -> bool {
        let name = binding.kind.to_ascii_lowercase();
        (&self.group, &self.version) == (&binding.group, &binding.version)
            && (name == self.kind.to_ascii_lowercase() || name == self.plural())
    }

    fn plural(&self) -> String {
        let kind = GroupVersionKind::gvk(&self.group, &self.version, &self.kind);
        ApiResource::from_gvk(&kind).plural
    }

    fn definition(&self, scope: &str) -> Value {
        let plural = self.plural();
        let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("{plural}.{}", self.group)},
            "spec": {
                "group": self.group,
                "names": {"kind": self.kind, "plural": plural},
                "scope": scope,
                "versions": [{
                    "name": self.version,
                    "served": true,
                    "storage": true,
                    "schema": {"openAPIV3Schema": schema},
                }],
            },
        })
    }
}

/// Makes the kind of a CustomResourceDefinition known. Others are none of the cluster's business.
async fn define(cluster: &Cluster, manifest: &Manifest, ui: &Ui) {
    let kind = manifest.object.get("kind").and_then(|kind| kind.as_str());
    if kind != Some("CustomResourceDefinition") {
        return;
    }
    if let Err(error) = cluster.apply_manifest(manifest.object.clone()).await {
        ui.warn(format_args!(
            "{}: this definition defines nothing: {error}",
            manifest.place
        ));
    }
}

/// Whether the kinds of all manifests are known.
async fn check(steps: &[Step], kinds: &Kinds, ui: &Ui) -> Outcome {
    let mut unknown = 0;
    for manifest in steps.iter().flat_map(Step::manifests) {
        let text = |key: &str| manifest.object.get(key).and_then(|v| v.as_str());
        let kind = text("kind").unwrap_or_default();
        let found = kinds.resolve(text("apiVersion"), kind).await;
        let why = match found {
            // A manifest has no use for a kind's other names.
            Ok(found) if found.resource.kind == kind => continue,
            Ok(found) => format!("the kind is written `{}`", found.resource.kind),
            Err(error) => error.to_string(),
        };
        unknown += 1;
        ui.status(Tone::Bad, "Mistake", format!("{}: {why}", manifest.place));
    }
    if unknown == 0 {
        return Ok(());
    }
    ui.status(
        Tone::Bad,
        "Refused",
        format!(
            "{}; a CustomResourceDefinition in any of the states makes a kind known",
            ui::count(unknown, "mistake")
        ),
    );
    Err(Failure::told(Exit::Failed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_kinds_of_other_groups_may_be_somebodys_own() {
        let of = |version: &str| Custom::of(Some(version), Some("Thing")).is_some();
        assert!(of("example.com/v1"));
        for version in ["v1", "apps/v2", "networking.k8s.io/v1", "example.com", ""] {
            assert!(!of(version), "{version}");
        }
        assert!(Custom::of(None, Some("Thing")).is_none());
        assert!(Custom::of(Some("example.com/v1"), None).is_none());
    }

    #[test]
    fn plurals_are_the_usual_ones() {
        for (kind, plural) in [
            ("NodeGroup", "nodegroups"),
            ("Policy", "policies"),
            ("Gateway", "gateways"),
            ("Ingress", "ingresses"),
            ("Mesh", "meshes"),
        ] {
            let custom = Custom::of(Some("example.com/v1"), Some(kind)).unwrap();
            assert_eq!(custom.plural(), plural);
        }
    }
}
