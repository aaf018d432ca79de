//! Snapshots, contexts, and changes of objects.

use std::collections::{BTreeMap, BTreeSet};

use hookbox_sdk::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Deserialize)]
struct Pod {
    metadata: Metadata,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
    namespace: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(default)]
    node_name: String,
}

#[derive(Deserialize, Default)]
struct Status {
    #[serde(default)]
    phase: String,
}

#[derive(Snapshots)]
pub(crate) struct Pods {
    #[watch(kind = "Pod", api_version = "v1", labels = "app=web")]
    pods: Vec<Pod>,
}

/// Which node has which Pods, in a ConfigMap; Pods that are done go, and others are marked once.
#[hook]
pub(crate) fn reconcile(input: Input<Pods>, out: &mut Effects) -> Result {
    let mut nodes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for pod in &input.pods {
        let Metadata { name, namespace, labels } = &pod.metadata;
        let object = ObjectRef::namespaced("v1", "Pod", namespace, name);
        if pod.status.phase == "Succeeded" {
            out.delete_in_background(object);
            continue;
        }
        nodes.entry(pod.spec.node_name.as_str()).or_default().push(name);
        if !labels.contains_key("seen") {
            out.merge_patch(object, &json!({"metadata": {"labels": {"seen": "yes"}}}));
        }
    }
    let mut data = BTreeMap::new();
    for (node, pods) in &nodes {
        out.metric("pods_of_node").label("node", *node).set(pods.len() as f64);
        data.insert(*node, pods.join(","));
    }
    out.create_or_update(&json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "pods", "namespace": "default"},
        "data": data,
    }));
    info!("reconciled"; pods = input.pods.len(), nodes = nodes.len());
    Ok(())
}

#[derive(Serialize, Deserialize)]
struct Images {
    name: String,
    images: BTreeSet<String>,
}

#[derive(Snapshots)]
pub(crate) struct Deployments {
    #[watch(kind = "Deployment", api_version = "apps/v1", filter = images)]
    deployments: Vec<Images>,
}

/// The name of a Deployment and its images, each once and in order.
fn images(object: Value) -> Result<Images> {
    if object["metadata"]["annotations"]["broken"] == "yes" {
        bail!("this one is broken");
    }
    let containers = object["spec"]["template"]["spec"]["containers"].as_array();
    let images = containers.into_iter().flatten().filter_map(|c| c["image"].as_str());
    Ok(Images {
        name: object["metadata"]["name"].as_str().unwrap_or_default().to_owned(),
        images: images.map(str::to_owned).collect(),
    })
}

/// Counts the images that the filter found.
#[hook]
pub(crate) fn filtered(input: Input<Deployments>, out: &mut Effects) -> Result {
    for Images { name, images } in &input.deployments {
        let list = images.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        info!("images"; name, list);
        out.metric("images").label("deployment", name).set(images.len() as f64);
    }
    Ok(())
}

/// Every kind of change, with every option.
#[hook(on_startup = 1)]
pub(crate) fn patches(_input: Input, out: &mut Effects) -> Result {
    let map = |name: &str| json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "default"}, "data": {"k": "v"},
    });
    let named = |name: &str| ObjectRef::namespaced("v1", "ConfigMap", "default", name);
    out.create(&map("created"));
    out.create_if_not_exists(&map("kept"));
    out.create_or_update(&map("replaced"));
    out.delete(named("foreground"));
    out.delete_in_background(named("background"));
    out.delete_non_cascading(named("orphan"));
    out.merge_patch(named("merged"), &json!({"data": {"a": "1", "b": null}}));
    out.json_patch(named("listed"), &json!([{"op": "add", "path": "/data/a", "value": "ü"}]));
    out.jq_patch(named("filtered"), ".data.n = \"1\"");
    out.patch(ObjectRef::cluster_scoped("v1", "Node", "n1"))
        .subresource("status")
        .ignore_missing()
        .ignore_hook_error()
        .merge(&json!({"status": {"phase": "Running"}}));
    Ok(())
}

#[derive(Snapshots)]
pub(crate) struct Watched {
    #[watch(kind = "ConfigMap", api_version = "v1", jq = ".data.level", keep_full_objects = true)]
    maps: Option<Lazy<Value>>,
    #[watch(kind = "Secret", api_version = "v1", jq = ".metadata.name", group = "both", keep_full_objects = false)]
    secrets: Option<Lazy<Value>>,
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Tells why it runs, and what it sees.
#[hook(on_startup = 5, schedule(name = "tick", crontab = "*/5 * * * *"))]
pub(crate) fn contexts(input: Input<Watched>, _out: &mut Effects) -> Result {
    for trigger in input.contexts() {
        match trigger {
            Trigger::OnStartup => info!("startup"),
            Trigger::Schedule { name } => info!("schedule"; name),
            Trigger::Synchronization(sync) => {
                let objects: Lazy<Value> = sync.objects()?;
                info!("synchronization"; binding = sync.binding(), objects = objects.len());
            }
            Trigger::Event(event) => {
                let result: Value = event.filter_result()?;
                let name: Option<String> = event.pointer("/metadata/name")?;
                info!("event"; binding = event.binding(), event = event.watch_event(), name = name.unwrap_or_default(), result = shown(&result));
            }
            Trigger::Group { name, .. } => info!("group"; name),
            other => info!("other"; binding = other.binding()),
        }
    }
    for (name, snapshot) in [("maps", &input.maps), ("secrets", &input.secrets)] {
        let Some(snapshot) = snapshot else {
            info!("no snapshot"; name);
            continue;
        };
        let mut results = Vec::new();
        for result in snapshot {
            results.push(shown(&result?));
        }
        info!("snapshot"; name, entries = snapshot.len(), results = results.join(" "));
    }
    if let Some(maps) = &input.maps {
        for index in 0..maps.len() {
            let name: Option<String> = maps.object_pointer(index, "/metadata/name")?;
            let nothing: Option<String> = maps.object_pointer(index, "/metadata/nothing")?;
            info!("part"; name = name.unwrap_or_default(), nothing = nothing.is_none());
        }
    }
    Ok(())
}
