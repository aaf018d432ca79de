//! Cluster states in YAML files.

use std::path::Path;

use anyhow::{Context, anyhow};
use hookbox_cluster::Cluster;
use hookbox_config::yaml;
use hookbox_operator::kinds::Kinds;
use hookbox_sandbox::effects::ObjectRef;
use kube::Api;
use kube::api::{DeleteParams, DynamicObject};
use serde_json::Value;

use crate::diff;
use crate::failure::{Failure, OrFail, Outcome};
use crate::input;

/// One manifest and where it stands.
#[derive(Debug)]
pub(crate) struct Manifest {
    /// `FILE:LINE: document N`, for messages.
    pub(crate) place: String,
    pub(crate) object: Value,
}

/// All manifests of a file: several YAML documents, each an object or a `List`. Nothing is used of a file with a
/// mistake.
pub(crate) fn read(path: &Path) -> Outcome<Vec<Manifest>> {
    let text = input::text(path, input::MAX_TEXT)?;
    let name = input::name(path);
    let documents = yaml::parse_documents(&text).map_err(|error| {
        Failure::usage(anyhow!(
            "{name}:{}:{}: document {}: {}",
            error.line,
            error.column,
            error.document,
            error.message
        ))
    })?;
    let mut manifests = Vec::new();
    for (index, document) in documents.iter().enumerate() {
        let line = document.position("").map_or(1, |p| p.line);
        let place = format!("{name}:{line}: document {}", index + 1);
        let value = document.to_json();
        match value {
            Value::Null => {}
            Value::Object(mut list)
                if list
                    .get("kind")
                    .and_then(Value::as_str)
                    .is_some_and(|k| k.ends_with("List"))
                    && list.contains_key("items") =>
            {
                let Some(Value::Array(items)) = list.remove("items") else {
                    return Err(Failure::usage(anyhow!("{place}: `items` is not a list")));
                };
                for object in items {
                    manifests.push(manifest(&place, object)?);
                }
            }
            object => manifests.push(manifest(&place, object)?),
        }
    }
    Ok(manifests)
}

fn manifest(place: &str, object: Value) -> Outcome<Manifest> {
    for (pointer, what) in [
        ("/apiVersion", "apiVersion"),
        ("/kind", "kind"),
        ("/metadata/name", "metadata.name"),
    ] {
        let text = object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default();
        if text.is_empty() {
            return Err(Failure::usage(anyhow!(
                "{place} is not a manifest: it has no `{what}`"
            )));
        }
    }
    Ok(Manifest {
        place: place.to_owned(),
        object,
    })
}

/// Put manifests into an embedded cluster; namespaces that nobody declared are made.
pub(crate) async fn seed(cluster: &Cluster, manifests: &[Manifest]) -> Outcome {
    for manifest in manifests {
        if let Some(namespace) = manifest
            .object
            .pointer("/metadata/namespace")
            .and_then(Value::as_str)
        {
            let declared = cluster.objects().iter().any(|o| {
                o.get("kind").and_then(Value::as_str) == Some("Namespace")
                    && o.pointer("/metadata/name").and_then(Value::as_str) == Some(namespace)
            });
            if !declared {
                let object = serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
                cluster
                    .apply_manifest(object)
                    .await
                    .with_context(|| format!("{}: namespace {namespace}", manifest.place))
                    .or_usage()?;
            }
        }
        apply(cluster, &manifest.object, || manifest.place.clone()).await?;
    }
    Ok(())
}

/// Create or update an object. `place` says where the manifest stands.
pub(crate) async fn apply(
    cluster: &Cluster,
    manifest: &Value,
    place: impl Fn() -> String,
) -> Outcome {
    cluster
        .apply_manifest(manifest.clone())
        .await
        .map_err(|error| {
            let unknown = error.to_string().contains("no matches for kind");
            let failure = Failure::usage(
                anyhow::Error::new(error).context(format!("{}: the manifest is refused", place())),
            );
            if unknown {
                failure.help("check apiVersion and kind; a custom resource's CustomResourceDefinition comes before it")
            } else {
                failure
            }
        })
}

/// Delete an object; one that is not there is a mistake.
pub(crate) async fn delete(cluster: &Cluster, object: &ObjectRef) -> Outcome {
    let client = cluster.client();
    let kinds = Kinds::new(client.clone());
    let kind = kinds
        .resolve(object.api_version.as_deref(), &object.kind)
        .await
        .with_context(|| format!("{} cannot be deleted", object.kind))
        .or_usage()?;
    let api: Api<DynamicObject> = match &object.namespace {
        Some(namespace) => Api::namespaced_with(client, namespace, &kind.resource),
        None if kind.namespaced => Api::namespaced_with(client, "default", &kind.resource),
        None => Api::all_with(client, &kind.resource),
    };
    let parameters = DeleteParams::background();
    api.delete(&object.name, &parameters)
        .await
        .map_err(|error| {
            let why = match error {
                kube::Error::Api(status) => status.message,
                other => hookbox_operator::api::chain(&other),
            };
            Failure::usage(anyhow!(
                "{} cannot be deleted: {why}",
                diff::display(object)
            ))
        })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.yaml");
        std::fs::write(&path, text).unwrap();
        (dir, path)
    }

    #[test]
    fn a_list_and_documents_give_all_manifests() {
        let (_dir, path) = file(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n# nothing\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: b}}\n",
        );
        let names: Vec<_> = read(&path)
            .unwrap()
            .into_iter()
            .map(|m| m.object["metadata"]["name"].clone())
            .collect();
        assert_eq!(names, ["a", "b"]);
    }

    #[test]
    fn a_mistake_in_the_third_document_is_named() {
        let (_dir, path) = file(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n---\napiVersion: v1\nkind: [\n",
        );
        let failure = read(&path).unwrap_err();
        let text = failure.error.unwrap().to_string();
        assert!(text.contains("document 3"), "{text}");
        let (_dir, path) = file(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nkind: X\nmetadata: {name: b}\n---\napiVersion: v1\nmetadata: {name: c}\n",
        );
        let text = read(&path).unwrap_err().error.unwrap().to_string();
        assert!(
            text.contains("document 3") && text.contains("`kind`"),
            "{text}"
        );
    }
}
