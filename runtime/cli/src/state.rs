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

/// Put manifests into an embedded cluster, past all webhooks; namespaces that nobody declared are made.
pub(crate) async fn seed(cluster: &Cluster, manifests: &[Manifest]) -> Outcome {
    for manifest in manifests {
        home(cluster, manifest).await?;
        let seeded = cluster.apply_manifest(manifest.object.clone()).await;
        seeded.map_err(|error| refused(error, &manifest.place))?;
    }
    Ok(())
}

/// What became of an object that was sent to a cluster with webhooks.
#[derive(Debug)]
pub(crate) enum Submitted {
    /// It is there; what webhooks warn of.
    Taken(Vec<String>),
    /// A webhook refuses it, or gave no answer.
    Refused(String),
}

/// Create or update an object as a user with all rights would: webhooks are asked. Its status is taken all the same.
pub(crate) async fn submit(cluster: &Cluster, manifest: &Manifest) -> Outcome<Submitted> {
    match cluster.submit_manifest(manifest.object.clone()).await {
        Ok(warnings) => Ok(Submitted::Taken(warnings)),
        Err(error) if error.is_by_webhook() => Ok(Submitted::Refused(error.to_string())),
        Err(error) => Err(refused(error, &manifest.place)),
    }
}

/// Make the namespace of a manifest, unless it is there.
pub(crate) async fn home(cluster: &Cluster, manifest: &Manifest) -> Outcome {
    let namespace = manifest.object.pointer("/metadata/namespace");
    let Some(namespace) = namespace.and_then(Value::as_str) else {
        return Ok(());
    };
    let declared = cluster.objects().iter().any(|o| {
        o.get("kind").and_then(Value::as_str) == Some("Namespace")
            && o.pointer("/metadata/name").and_then(Value::as_str) == Some(namespace)
    });
    if declared {
        return Ok(());
    }
    let object = serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
    cluster
        .apply_manifest(object)
        .await
        .with_context(|| format!("{}: namespace {namespace}", manifest.place))
        .or_usage()
}

/// A manifest that the cluster does not take.
fn refused(error: hookbox_cluster::ApiError, place: &str) -> Failure {
    let unknown = error.to_string().contains("no matches for kind");
    let failure = Failure::usage(
        anyhow::Error::new(error).context(format!("{place}: the manifest is refused")),
    );
    if unknown {
        failure.help("check apiVersion and kind; a custom resource's CustomResourceDefinition comes before it")
    } else {
        failure
    }
}

/// Delete an object; one that is not there is a mistake. Why not, if a webhook refuses it.
pub(crate) async fn delete(cluster: &Cluster, object: &ObjectRef) -> Outcome<Option<String>> {
    match remove(cluster, object).await? {
        Removed::Gone => Ok(None),
        Removed::Refused(why) => Ok(Some(why)),
        Removed::Missing(why) => Err(Failure::usage(anyhow!(
            "{} cannot be deleted: {why}",
            diff::display(object)
        ))),
    }
}

/// What became of an object that was to be deleted.
#[derive(Debug)]
pub(crate) enum Removed {
    /// It is deleted.
    Gone,
    /// It is not there; what the API server says of that.
    Missing(String),
    /// A webhook refuses it, or gave no answer.
    Refused(String),
}

/// Delete an object as a user with all rights would.
pub(crate) async fn remove(cluster: &Cluster, object: &ObjectRef) -> Outcome<Removed> {
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
        Ok(_) => Ok(Removed::Gone),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(Removed::Missing(status.message)),
        // There is nothing else that tells it, for any client.
        Err(kube::Error::Api(status)) if status.message.contains("webhook \"") => {
            Ok(Removed::Refused(status.message))
        }
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
