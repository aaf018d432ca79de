//! The file with the cluster's state, while its cluster runs.

use std::path::PathBuf;

use hookbox_cluster::Cluster;
use hookbox_sandbox::effects::ObjectRef;
use serde_json::Value;

use crate::diff;
use crate::failure::Outcome;
use crate::input;
use crate::state::{self, Manifest, Removed, Submitted};
use crate::ui::{Tone, Ui};

/// Namespaces that every cluster has.
const KEPT: [&str; 4] = ["default", "kube-system", "kube-public", "kube-node-lease"];

/// The file, and what was applied of it.
pub(super) struct StateFile {
    pub(super) path: PathBuf,
    pub(super) manifests: Vec<Manifest>,
}

/// What tells two manifests apart: group, kind, namespace and name. The same object may come with another version.
type Key<'a> = (&'a str, &'a str, &'a str, &'a str);

fn key(object: &Value) -> Key<'_> {
    let text = |pointer| object.pointer(pointer).and_then(Value::as_str);
    let version = text("/apiVersion").unwrap_or_default();
    (
        version.split_once('/').map_or("", |(group, _)| group),
        text("/kind").unwrap_or_default(),
        // Cluster-scoped objects have none; that does no harm.
        text("/metadata/namespace").unwrap_or("default"),
        text("/metadata/name").unwrap_or_default(),
    )
}

/// What is to be done when a file has changed.
#[derive(Debug, Default)]
struct Difference {
    /// Manifests that are new or not what they were.
    apply: Vec<Manifest>,
    /// Objects whose manifests are gone, the last one first.
    delete: Vec<ObjectRef>,
}

fn difference(before: &[Manifest], after: &[Manifest]) -> Difference {
    let find = |all: &[Manifest], object: &Value| {
        let found = all.iter().rev().find(|m| key(&m.object) == key(object));
        found.map(|manifest| manifest.object.clone())
    };
    let apply = after
        .iter()
        .filter(|manifest| find(before, &manifest.object).as_ref() != Some(&manifest.object))
        .cloned()
        .collect();
    let lives = |namespace: &str| after.iter().any(|m| key(&m.object).2 == namespace);
    let mut delete: Vec<ObjectRef> = Vec::new();
    for manifest in before.iter().rev() {
        let (_, kind, _, name) = key(&manifest.object);
        let needed = kind == "Namespace" && (KEPT.contains(&name) || lives(name));
        let object = reference(&manifest.object);
        if !needed && find(after, &manifest.object).is_none() && !delete.contains(&object) {
            delete.push(object);
        }
    }
    Difference { apply, delete }
}

fn reference(object: &Value) -> ObjectRef {
    let text = |pointer| {
        let text = object.pointer(pointer).and_then(Value::as_str);
        text.map(ToOwned::to_owned)
    };
    ObjectRef {
        api_version: text("/apiVersion"),
        kind: text("/kind").unwrap_or_default(),
        namespace: text("/metadata/namespace"),
        name: text("/metadata/name").unwrap_or_default(),
    }
}

impl StateFile {
    /// Read the file again and bring the cluster to what it says, as a user would: the hooks' webhooks are asked. A mistake in it changes nothing; what the cluster
    /// does not take all the same, objects of kinds that are made by hand for one, is told.
    pub(super) async fn reread(&mut self, cluster: &Cluster, ui: &Ui) -> Outcome {
        let manifests = state::read(&self.path)?;
        // What an empty cluster does not take, the one with the hooks at work is not given.
        state::seed(&Cluster::new(), &manifests).await?;
        let Difference { apply, delete } = difference(&self.manifests, &manifests);
        if apply.is_empty() && delete.is_empty() {
            let same = format!("{} says the same as before", input::name(&self.path));
            ui.status(Tone::Dim, "Same", same);
        }
        // What is asked for once is not asked for again, whatever comes of it.
        self.manifests = manifests;
        for object in &delete {
            match state::remove(cluster, object).await {
                Ok(Removed::Gone) => ui.status(Tone::Note, "Delete", diff::display(object)),
                // Somebody else has deleted it already.
                Ok(Removed::Missing(_)) => {}
                Ok(Removed::Refused(why)) => {
                    ui.status(
                        Tone::Bad,
                        "Refused",
                        format!("{}: {why}", diff::display(object)),
                    );
                }
                Err(failure) => {
                    let _ = ui.fail(&failure);
                }
            }
        }
        for manifest in &apply {
            let title = diff::title(&manifest.object);
            ui.status(Tone::Note, "Apply", &title);
            let submitted = async {
                state::home(cluster, manifest).await?;
                state::submit(cluster, manifest).await
            };
            match submitted.await {
                Ok(Submitted::Taken(warnings)) => {
                    for warning in warnings {
                        ui.warn(format_args!("{title}: {warning}"));
                    }
                }
                Ok(Submitted::Refused(why)) => {
                    ui.status(Tone::Bad, "Refused", format!("{}: {why}", manifest.place));
                }
                Err(failure) => drop(ui.fail(&failure)),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn manifest(
        version: &str,
        kind: &str,
        namespace: Option<&str>,
        name: &str,
        data: u8,
    ) -> Manifest {
        let mut object =
            json!({"apiVersion": version, "kind": kind, "metadata": {"name": name}, "data": data});
        if let Some(namespace) = namespace {
            object["metadata"]["namespace"] = namespace.into();
        }
        Manifest {
            place: String::new(),
            object,
        }
    }

    #[test]
    fn only_what_the_file_changed_is_touched() {
        let before = [
            manifest("v1", "Namespace", None, "default", 0),
            manifest("v1", "Namespace", None, "shop", 0),
            manifest("v1", "Namespace", None, "gone", 0),
            manifest("v1", "ConfigMap", Some("shop"), "same", 0),
            manifest("v1", "ConfigMap", None, "spelt-out", 0),
            manifest("v1", "ConfigMap", Some("shop"), "changed", 0),
            manifest("v1", "ConfigMap", Some("gone"), "gone", 0),
            manifest("x/v1", "Thing", Some("shop"), "newer", 0),
        ];
        let after = [
            manifest("v1", "ConfigMap", Some("shop"), "same", 0),
            manifest("v1", "ConfigMap", Some("default"), "spelt-out", 0),
            manifest("v1", "ConfigMap", Some("shop"), "changed", 1),
            manifest("x/v2", "Thing", Some("shop"), "newer", 0),
            manifest("v1", "Secret", Some("shop"), "changed", 0),
        ];
        let difference = difference(&before, &after);
        let applied: Vec<_> = difference
            .apply
            .iter()
            .map(|m| diff::title(&m.object))
            .collect();
        assert_eq!(
            applied,
            [
                "ConfigMap default/spelt-out",
                "ConfigMap shop/changed",
                "Thing shop/newer",
                "Secret shop/changed"
            ]
        );
        let deleted: Vec<_> = difference.delete.iter().map(diff::display).collect();
        assert_eq!(deleted, ["ConfigMap gone/gone", "Namespace gone"]);
    }
}
