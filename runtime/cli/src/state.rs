//! Cluster states in YAML files.

use std::path::Path;

use anyhow::{Context, anyhow};
use hookbox_cluster::Cluster;
use hookbox_config::yaml::{self, Node};
use hookbox_operator::kinds::Kinds;
use hookbox_sandbox::effects::ObjectRef;
use kube::Api;
use kube::api::{DeleteParams, DynamicObject};
use serde_json::Value;

use crate::diff;
use crate::failure::{Failure, OrFail, Outcome};
use crate::input;

/// One manifest and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Manifest {
    /// `FILE:LINE: document N` and, in a `List`, `, item M`, for messages.
    pub(crate) place: String,
    pub(crate) object: Value,
}

/// All manifests of a file: several YAML documents, each an object or a `List`. Nothing is used of a file with a
/// mistake.
pub(crate) fn read(path: &Path) -> Outcome<Vec<Manifest>> {
    let text = input::text(path, input::MAX_TEXT)?;
    manifests(&input::name(path), &text).map_err(|mistakes| {
        let first = mistakes.into_iter().next().unwrap_or_default();
        Failure::usage(anyhow!(first))
    })
}

/// All manifests of a text that is called `name` in messages; else all mistakes, each with its place.
pub(crate) fn manifests(name: &str, text: &str) -> Result<Vec<Manifest>, Vec<String>> {
    let documents = yaml::parse_documents(text).map_err(|error| {
        vec![format!(
            "{name}:{}:{}: document {}: {}",
            error.line, error.column, error.document, error.message
        )]
    })?;
    let (mut manifests, mut mistakes) = (Vec::new(), Vec::new());
    for (index, document) in documents.iter().enumerate() {
        let number = index + 1;
        let place = |node: &Node, item: &str| {
            let line = node.at.line;
            format!("{name}:{line}: document {number}{item}")
        };
        let kind = document.get("kind").map(|kind| &kind.value);
        let is_list = matches!(kind, Some(yaml::Value::String(kind)) if kind.ends_with("List"));
        let mut take = |place: String, node: &Node| match manifest(place, node.to_json()) {
            Ok(manifest) => manifests.push(manifest),
            Err(mistake) => mistakes.push(mistake),
        };
        match (&document.value, document.get("items")) {
            (yaml::Value::Null, _) => {}
            (_, Some(items)) if is_list => match &items.value {
                yaml::Value::Sequence(list) => {
                    for (index, item) in list.iter().enumerate() {
                        take(place(item, &format!(", item {}", index + 1)), item);
                    }
                }
                _ => mistakes.push(format!("{}: `items` is not a list", place(items, ""))),
            },
            _ => take(place(document, ""), document),
        }
    }
    if mistakes.is_empty() {
        Ok(manifests)
    } else {
        Err(mistakes)
    }
}

fn manifest(place: String, object: Value) -> Result<Manifest, String> {
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
            return Err(format!("{place} is not a manifest: it has no `{what}`"));
        }
    }
    Ok(Manifest { place, object })
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
    remove(cluster, object).await?.map_err(|why| {
        Failure::usage(anyhow!(
            "{} cannot be deleted: {why}",
            diff::display(object)
        ))
    })
}

/// Delete an object. When it is not there, what the API server says of that.
pub(crate) async fn remove(cluster: &Cluster, object: &ObjectRef) -> Outcome<Result<(), String>> {
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
    match api.delete(&object.name, &DeleteParams::background()).await {
        Ok(_) => Ok(Ok(())),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(Err(status.message)),
        Err(error) => {
            let why = match error {
                kube::Error::Api(status) => status.message,
                other => hookbox_operator::api::chain(&other),
            };
            Err(Failure::usage(anyhow!(
                "{} cannot be deleted: {why}",
                diff::display(object)
            )))
        }
    }
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

    #[test]
    fn a_mistake_in_a_list_is_named_with_its_item() {
        let (_dir, path) = file(
            "# two\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: b}}\n- apiVersion: v1\n  kind: Secret\n",
        );
        let text = read(&path).unwrap_err().error.unwrap().to_string();
        assert!(
            text.contains("state.yaml:6: document 1, item 2 is not a manifest"),
            "{text}"
        );
        let (_dir, path) = file("apiVersion: v1\nkind: List\nitems: 1\n");
        let text = read(&path).unwrap_err().error.unwrap().to_string();
        assert!(text.contains("`items` is not a list"), "{text}");
    }
}
