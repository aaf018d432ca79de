//! The API server's discovery documents, aggregated or one for each group and version.

use futures::StreamExt;
use kube::Client;
use kube::core::ApiResource;
use serde::Deserialize;
use serde_json::Value;

use crate::api::{self, ApiError};

/// Time for one discovery document. The aggregator waits up to 5 s for an extension server that is down.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(15);
/// Documents asked for at the same time.
const PARALLEL: usize = 8;
const ACCEPT: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
    application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

/// One resource with its names.
#[derive(Debug, Clone)]
pub(super) struct Resource {
    pub(super) resource: ApiResource,
    pub(super) namespaced: bool,
    pub(super) verbs: Vec<String>,
    singular: String,
    short_names: Vec<String>,
}

/// All resources: groups in the server's order, the preferred version of each group first.
#[derive(Debug, Default)]
pub(super) struct Table {
    resources: Vec<Resource>,
    /// Groups and versions that could not be read.
    pub(super) failed: Vec<String>,
}

impl Table {
    /// The best match: by kind before plural and singular, and by these before short names, so that a CRD's short
    /// name never hides another kind.
    pub(super) fn find(&self, api_version: Option<&str>, name: &str) -> Option<&Resource> {
        let candidates = || {
            self.resources
                .iter()
                .filter(move |r| api_version.is_none_or(|v| r.resource.api_version == v))
        };
        candidates()
            .find(|r| r.resource.kind.eq_ignore_ascii_case(name))
            .or_else(|| {
                candidates().find(|r| {
                    r.resource.plural.eq_ignore_ascii_case(name)
                        || r.singular.eq_ignore_ascii_case(name)
                })
            })
            .or_else(|| {
                candidates().find(|r| r.short_names.iter().any(|s| s.eq_ignore_ascii_case(name)))
            })
    }

    fn keep(&mut self, before: Option<&Self>, api_version: String) {
        // A group whose server is down for a moment still has the kinds that it had.
        if let Some(before) = before {
            self.resources.extend(
                before
                    .resources
                    .iter()
                    .filter(|r| r.resource.api_version == api_version)
                    .cloned(),
            );
        }
        self.failed.push(api_version);
    }
}

/// Read all there is. A group that cannot be read is listed in [`Table::failed`].
pub(super) async fn read(client: &Client, before: Option<&Table>) -> Result<Table, ApiError> {
    let mut table = Table::default();
    for root in ["/api", "/apis"] {
        let document: Value = get(client, root, ACCEPT).await?;
        if document.get("kind").and_then(Value::as_str) == Some("APIGroupDiscoveryList") {
            let list: DiscoveryList = serde_json::from_value(document).map_err(ApiError::Answer)?;
            list.add_to(&mut table, before);
        } else {
            let versions = match root {
                "/api" => core_versions(document)?,
                _ => group_versions(document)?,
            };
            read_each(client, root, versions, &mut table, before).await;
        }
    }
    Ok(table)
}

async fn get<T: serde::de::DeserializeOwned>(
    client: &Client,
    path: &str,
    accept: &str,
) -> Result<T, ApiError> {
    let request = http::Request::get(path)
        .header(http::header::ACCEPT, accept)
        .body(Vec::new())
        .map_err(ApiError::Request)?;
    api::request(client, request, TIMEOUT).await
}

/// `v1` of the core group, or `group/version`.
fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    }
}

// ---- aggregated -------------------------------------------------------------------------------------------------

#[derive(Deserialize)]
struct DiscoveryList {
    #[serde(default)]
    items: Vec<DiscoveryGroup>,
}

#[derive(Deserialize)]
struct DiscoveryGroup {
    #[serde(default)]
    metadata: GroupMeta,
    #[serde(default)]
    versions: Vec<DiscoveryVersion>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GroupMeta {
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DiscoveryVersion {
    version: String,
    resources: Vec<DiscoveryResource>,
    freshness: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct DiscoveryResource {
    resource: String,
    response_kind: ResponseKind,
    scope: String,
    singular_resource: String,
    verbs: Vec<String>,
    short_names: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ResponseKind {
    kind: String,
}

impl DiscoveryList {
    fn add_to(self, table: &mut Table, before: Option<&Table>) {
        for group in self.items {
            let name = group.metadata.name;
            for version in group.versions {
                let api_version = api_version(&name, &version.version);
                if version.freshness == "Stale" && version.resources.is_empty() {
                    table.keep(before, api_version);
                    continue;
                }
                for r in version
                    .resources
                    .into_iter()
                    .filter(|r| !r.response_kind.kind.is_empty() && !r.resource.is_empty())
                {
                    table.resources.push(Resource {
                        resource: ApiResource {
                            group: name.clone(),
                            version: version.version.clone(),
                            api_version: api_version.clone(),
                            kind: r.response_kind.kind,
                            plural: r.resource,
                        },
                        namespaced: r.scope == "Namespaced",
                        verbs: r.verbs,
                        singular: r.singular_resource,
                        short_names: r.short_names,
                    });
                }
            }
        }
    }
}

// ---- one document for each group and version --------------------------------------------------------------------

#[derive(Deserialize)]
struct CoreVersions {
    #[serde(default)]
    versions: Vec<String>,
}

fn core_versions(document: Value) -> Result<Vec<(String, String)>, ApiError> {
    let core: CoreVersions = serde_json::from_value(document).map_err(ApiError::Answer)?;
    Ok(core
        .versions
        .into_iter()
        .map(|v| (String::new(), v))
        .collect())
}

#[derive(Deserialize)]
struct GroupList {
    #[serde(default)]
    groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    name: String,
    #[serde(default)]
    versions: Vec<GroupVersion>,
    preferred_version: Option<GroupVersion>,
}

#[derive(Deserialize)]
struct GroupVersion {
    version: String,
}

fn group_versions(document: Value) -> Result<Vec<(String, String)>, ApiError> {
    let list: GroupList = serde_json::from_value(document).map_err(ApiError::Answer)?;
    let mut all = Vec::new();
    for group in list.groups {
        let preferred = group
            .preferred_version
            .map(|v| v.version)
            .unwrap_or_default();
        if !preferred.is_empty() {
            all.push((group.name.clone(), preferred.clone()));
        }
        all.extend(
            group
                .versions
                .into_iter()
                .filter(|v| v.version != preferred)
                .map(|v| (group.name.clone(), v.version)),
        );
    }
    Ok(all)
}

#[derive(Deserialize)]
struct ResourceList {
    #[serde(default)]
    resources: Vec<ListedResource>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ListedResource {
    name: String,
    singular_name: String,
    namespaced: bool,
    kind: String,
    verbs: Vec<String>,
    short_names: Vec<String>,
}

async fn read_each(
    client: &Client,
    root: &str,
    versions: Vec<(String, String)>,
    table: &mut Table,
    before: Option<&Table>,
) {
    let answers = futures::stream::iter(versions)
        .map(|(group, version)| async move {
            let path = if group.is_empty() {
                format!("{root}/{version}")
            } else {
                format!("{root}/{group}/{version}")
            };
            let answer = get::<ResourceList>(client, &path, "application/json").await;
            (group, version, answer)
        })
        .buffered(PARALLEL)
        .collect::<Vec<_>>()
        .await;
    for (group, version, answer) in answers {
        let api_version = api_version(&group, &version);
        let list = match answer {
            Ok(list) => list,
            Err(error) => {
                tracing::warn!(
                    api_version,
                    error = api::chain(&error),
                    "kinds of a group could not be read"
                );
                table.keep(before, api_version);
                continue;
            }
        };
        // Names with a slash are subresources.
        for r in list
            .resources
            .into_iter()
            .filter(|r| !r.name.contains('/') && !r.kind.is_empty())
        {
            table.resources.push(Resource {
                resource: ApiResource {
                    group: group.clone(),
                    version: version.clone(),
                    api_version: api_version.clone(),
                    kind: r.kind,
                    plural: r.name,
                },
                namespaced: r.namespaced,
                verbs: r.verbs,
                singular: r.singular_name,
                short_names: r.short_names,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn table() -> Table {
        let list: DiscoveryList = serde_json::from_value(json!({"kind": "APIGroupDiscoveryList", "items": [
            {"metadata": {"name": ""}, "versions": [{"version": "v1", "freshness": "Current", "resources": [
                {"resource": "configmaps", "responseKind": {"kind": "ConfigMap"}, "scope": "Namespaced", "singularResource": "configmap", "shortNames": ["cm"], "verbs": ["get"]},
                {"resource": "events", "responseKind": {"kind": "Event"}, "scope": "Namespaced", "singularResource": "event", "shortNames": ["ev"]},
                {"resource": "namespaces", "responseKind": {"kind": "Namespace"}, "scope": "Cluster", "singularResource": "namespace", "shortNames": ["ns"]}]}]},
            {"metadata": {"name": "events.k8s.io"}, "versions": [{"version": "v1", "resources": [
                {"resource": "events", "responseKind": {"kind": "Event"}, "scope": "Namespaced", "singularResource": "event"}]}]},
            {"metadata": {"name": "a.example"}, "versions": [
                {"version": "v2", "resources": [{"resource": "machines", "responseKind": {"kind": "CM"}, "scope": "Cluster", "shortNames": ["ev"]}]},
                {"version": "v1", "resources": [{"resource": "machines", "responseKind": {"kind": "CM"}, "scope": "Cluster"}]}]},
            {"metadata": {"name": "down.example"}, "versions": [{"version": "v1", "freshness": "Stale", "resources": []}]}
        ]}))
        .unwrap();
        let mut table = Table::default();
        list.add_to(&mut table, None);
        table
    }

    #[test]
    fn any_name_in_any_case_finds_the_kind() {
        let table = table();
        for name in ["ConfigMap", "configmap", "CONFIGMAPS", "configmaps"] {
            assert_eq!(
                table.find(None, name).unwrap().resource.plural,
                "configmaps",
                "{name}"
            );
        }
        assert_eq!(table.find(None, "ns").unwrap().resource.kind, "Namespace");
        assert!(table.find(None, "nothing").is_none());
    }

    #[test]
    fn a_kind_goes_before_another_kinds_short_name() {
        let table = table();
        assert_eq!(table.find(None, "cm").unwrap().resource.group, "a.example");
        assert_eq!(
            table.find(Some("v1"), "cm").unwrap().resource.kind,
            "ConfigMap"
        );
    }

    #[test]
    fn the_core_group_and_the_preferred_version_go_first() {
        let table = table();
        assert_eq!(
            table.find(None, "Event").unwrap().resource.api_version,
            "v1"
        );
        assert_eq!(
            table.find(None, "machines").unwrap().resource.api_version,
            "a.example/v2"
        );
        assert_eq!(
            table
                .find(Some("a.example/v1"), "machines")
                .unwrap()
                .resource
                .version,
            "v1"
        );
        assert!(table.find(Some("a.example/v3"), "machines").is_none());
    }

    #[test]
    fn a_stale_group_keeps_the_kinds_it_had() {
        let mut before = table();
        before.resources.push(Resource {
            resource: ApiResource {
                group: "down.example".into(),
                version: "v1".into(),
                api_version: "down.example/v1".into(),
                kind: "Lift".into(),
                plural: "lifts".into(),
            },
            namespaced: true,
            verbs: Vec::new(),
            singular: String::new(),
            short_names: Vec::new(),
        });
        let mut after = Table::default();
        let list: DiscoveryList =
            serde_json::from_value(json!({"items": [{"metadata": {"name": "down.example"}, "versions": [{"version": "v1", "freshness": "Stale"}]}]})).unwrap();
        list.add_to(&mut after, Some(&before));
        assert_eq!(after.failed, ["down.example/v1"]);
        assert!(after.find(None, "lift").is_some());
    }

    #[test]
    fn the_preferred_version_of_a_plain_group_list_goes_first() {
        let versions = group_versions(json!({"groups": [{"name": "a", "versions": [{"version": "v1beta1"}, {"version": "v1"}], "preferredVersion": {"version": "v1"}}]})).unwrap();
        assert_eq!(
            versions,
            [
                ("a".to_owned(), "v1".to_owned()),
                ("a".to_owned(), "v1beta1".to_owned())
            ]
        );
    }
}
